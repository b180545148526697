"""The group ``trades``: closed trades by their net result (SPEC section 8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from omega_portfolio.oracle.metric_numbers import (
    Value,
    defined,
    deviation,
    duration,
    in_range,
    is_flat,
    mean,
    mean_duration,
    mean_money,
    money,
    ratio,
)
from omega_portfolio.oracle.metric_record import Record, Trades
from omega_portfolio.oracle.numbers import MONEY_SCALE, nearest_double

SQN_TRADES: Final = 100
"""The number of trades that sqn_100 counts at most."""


def trades(record: Record) -> dict[str, Value]:
    """Give the group ``trades``."""
    closed = record.trades
    return {
        **_counts(closed),
        **_sums(closed, record.digits),
        **_returns(closed),
        **_quality(closed),
        **_streaks(closed.net_pnl),
        **_durations(closed),
        **_excursions(closed, record.digits),
    }


def wins_of(profits: Sequence[int]) -> list[int]:
    """Give the profits above 0."""
    return [profit for profit in profits if profit > 0]


def losses_of(profits: Sequence[int]) -> list[int]:
    """Give the profits below 0."""
    return [profit for profit in profits if profit < 0]


def profit_factor(gains: int, losses: int) -> float | None:
    """Give the ratio of two sums of raw money, if both are in range."""
    return ratio(in_range(gains), in_range(-losses))


def _counts(closed: Trades) -> dict[str, Value]:
    profits, sides = closed.net_pnl, closed.side
    return {
        "trade_count": len(closed),
        "winning_trade_count": len(wins_of(profits)),
        "losing_trade_count": len(losses_of(profits)),
        "breakeven_trade_count": len([profit for profit in profits if profit == 0]),
        "long_trade_count": None if sides is None else list(sides).count("long"),
        "short_trade_count": None if sides is None else list(sides).count("short"),
        "win_rate": ratio(len(wins_of(profits)), len(profits)),
    }


def _sums(closed: Trades, digits: int) -> dict[str, Value]:
    profits = closed.net_pnl
    wins, losses = wins_of(profits), losses_of(profits)
    average_win, average_loss = mean_money(wins), mean_money(losses)
    payoff = None if average_loss is None else ratio(average_win, -average_loss)
    rate = ratio(len(wins), len(profits))
    return {
        "gross_profit": money(sum(wins), digits),
        "gross_loss": money(sum(losses), digits),
        "total_net_pnl": money(sum(profits), digits),
        "profit_factor": profit_factor(sum(wins), sum(losses)),
        "expectancy": mean_money(profits),
        "average_win": average_win,
        "average_loss": average_loss,
        "payoff_ratio": payoff,
        "largest_win": money(max(profits), digits) if profits else None,
        "largest_loss": money(min(profits), digits) if profits else None,
        "kelly_criterion": _kelly(rate, payoff),
    }


def _kelly(win_rate: float | None, payoff: float | None) -> float | None:
    """Give the share of Kelly; it needs a win and a loss."""
    if win_rate is None or payoff is None:
        return None
    return defined(lambda: win_rate - (1 - win_rate) / payoff)


def _returns(closed: Trades) -> dict[str, Value]:
    """Give the figures of net result over cost; None when one has no cost."""
    if closed.cost is None:
        return {}
    each = [ratio(*row) for row in zip(closed.net_pnl, closed.cost, strict=True)]
    known = [one for one in each if one is not None]
    if not known or len(known) < len(each):
        return {}
    return {
        "average_trade_return": mean(known),
        "best_trade_return": max(known),
        "worst_trade_return": min(known),
    }


def _quality(closed: Trades) -> dict[str, Value]:
    """Give Tharp's figures: on R where every trade has a stop, otherwise on money."""
    multiples = _multiples(closed)
    uses_risk = len(closed) > 0 and len(multiples) == len(closed)
    each: Sequence[float | None] = multiples
    if not uses_risk:
        each = [nearest_double(profit, MONEY_SCALE) for profit in closed.net_pnl]
    known = [one for one in multiples if one is not None]
    return {
        "sqn": _sqn(each, len(closed)),
        "sqn_100": _sqn(each, min(len(closed), SQN_TRADES)),
        "sqn_uses_risk": uses_risk,
        "expectancy_r": mean(known) if known and len(known) == len(multiples) else None,
    }


def _multiples(closed: Trades) -> list[float | None]:
    """Give R of the trades with a stop: net result over what the stop put at risk.

    A stop at the entry puts nothing at risk: the R of its trade is None.
    """
    if closed.stop_loss is None or closed.entry_price is None or closed.cost is None:
        return []
    rows = zip(closed.net_pnl, closed.cost, closed.entry_price, closed.stop_loss, strict=True)
    return [
        ratio(profit * entry, cost * abs(entry - stop))
        for profit, cost, entry, stop in rows
        if stop
    ]


def _sqn(each: Sequence[float | None], count: int) -> float | None:
    """Give sqrt(count) * mean / standard deviation."""
    known = [one for one in each if one is not None]
    if len(known) < len(each) or len(known) < 2 or is_flat(known):
        return None
    return defined(lambda: math.sqrt(count) * mean(known) / deviation(known))


def _streaks(profits: Sequence[int]) -> dict[str, Value]:
    return {
        "max_consecutive_wins": _longest([profit > 0 for profit in profits]),
        "max_consecutive_losses": _longest([profit < 0 for profit in profits]),
    }


def _longest(flags: Sequence[bool]) -> int:
    """Give the length of the longest unbroken run of true flags."""
    longest = current = 0
    for flag in flags:
        current = current + 1 if flag else 0
        longest = max(longest, current)
    return longest


def _durations(closed: Trades) -> dict[str, Value]:
    durations = closed.durations()
    pairs = list(zip(closed.net_pnl, durations, strict=True))
    return {
        "average_trade_duration": duration(mean_duration(durations)),
        "max_trade_duration": duration(max(durations, default=None)),
        "min_trade_duration": duration(min(durations, default=None)),
        "average_win_duration": duration(mean_duration([time for p, time in pairs if p > 0])),
        "average_loss_duration": duration(mean_duration([time for p, time in pairs if p < 0])),
    }


def _excursions(closed: Trades, digits: int) -> dict[str, Value]:
    average_mae = None if closed.mae is None else mean_money(closed.mae)
    average_mfe = None if closed.mfe is None else mean_money(closed.mfe)
    return {
        "average_mae": average_mae,
        "average_mfe": average_mfe,
        "worst_mae": money(min(closed.mae), digits) if closed.mae else None,
        "average_edge_ratio": None if average_mae is None else ratio(average_mfe, -average_mae),
    }
