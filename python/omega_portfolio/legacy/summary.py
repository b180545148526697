"""Figures and curve of the trades, computed from the lists as they are at the call."""

from __future__ import annotations

from itertools import accumulate
from operator import attrgetter, lt, mul
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.legacy.portfolio import PLACEHOLDER
from omega_portfolio.legacy.position import multiples_of

if TYPE_CHECKING:
    from omega_portfolio.legacy.portfolio import Portfolio

ROBUST: Final = {
    "Robustness 1": ("robustness_1", 0.0),
    "Robustness 1 Num Samples": ("robustness_1_num_samples", 0),
    "Cost Shock Score": ("cost_shock_score", 0.0),
    "Timing Jitter Score": ("timing_jitter_score", 0.0),
    "Trade Dropout Score": ("trade_dropout_score", 0.0),
    "Ulcer Index": ("ulcer_index", 0.0),
    "Ulcer Index Score": ("ulcer_index_score", 0.0),
    "Data Jitter Score": ("data_jitter_score", 0.0),
    "Data Jitter Num Samples": ("data_jitter_num_samples", 0),
    "p_mean_gt": ("p_mean_gt", 1.0),
    "Stability Score": ("stability_score", 1.0),
    "TP/SL Stress Score": ("tp_sl_stress_score", 1.0),
}
"""Printed name, key in ``backtest_robust_metrics``, and what stands for a missing one."""


def summary_of(portfolio: Portfolio) -> dict[str, Any]:
    """Compute the figures of :meth:`Portfolio.get_summary`.

    Parameters
    ----------
    portfolio : Portfolio
        Whose lists are read.

    Returns
    -------
    dict

    Examples
    --------
    >>> from omega_portfolio.legacy import Portfolio
    >>> from omega_portfolio.legacy.summary import summary_of
    >>> summary = summary_of(Portfolio(1000))
    >>> summary["Initial Balance"], summary["Total Trades"], summary["Winrate"]
    (1000, 0, 0.0)
    """
    closed = portfolio.closed_positions
    ended = [*closed, *portfolio.partial_closed_positions]
    results = [position.result for position in closed if position.result is not None]
    at_risk = [position for position in ended if position.risk_per_trade > 0]
    weights = [position.risk_per_trade for position in at_risk]
    wins = len([result for result in results if result > 0])
    summary = {
        "Initial Balance": portfolio.initial_balance,
        "Final Balance": round(portfolio.cash, 2),
        "Equity": round(portfolio.equity, 2),
        "Max Drawdown": round(portfolio.max_drawdown, 2),
        "Drawdown Initial Balance": round(portfolio.initial_max_drawdown, 2),
        "Total Fees": round(portfolio.total_fees, 2),
        "Total Lots": round(sum([position.size for position in ended]), 2),
        "Total Trades": len(closed),
        "Expired Orders": len(portfolio.expired_orders),
        "Partial Closed Orders": len(portfolio.partial_closed_positions),
        "Orders closed at Break Even": len(portfolio.closed_position_break_even),
        "Avg R-Multiple": _average(multiples_of(at_risk), weights),
        "Winrate": round(wins / len(closed) * 100, 2) if closed else 0.0,
        "Wins": wins,
        "Losses": len([result for result in results if result <= 0]),
    }
    if getattr(portfolio, "enable_backtest_robust_metrics", False):
        given = getattr(portfolio, "backtest_robust_metrics", None)
        known = given if isinstance(given, dict) else {}
        summary |= {name: known.get(key, default) for name, (key, default) in ROBUST.items()}
    return summary


def _average(multiples: list[float], weights: list[float]) -> float:
    """Average the multiples, weighted by the money at risk."""
    total = sum(weights)
    return round(sum(map(mul, multiples, weights)) / total, 3) if total > 0 else 0.0


def trade_curve_of(portfolio: Portfolio) -> list[tuple[Any, float]]:
    """Compute the points of :meth:`Portfolio.get_equity_curve`.

    Parameters
    ----------
    portfolio : Portfolio
        Whose lists are read.

    Returns
    -------
    list of (datetime, float)
    """
    ended: list[Any] = [
        position
        for positions in (portfolio.closed_positions, portfolio.partial_closed_positions)
        for position in positions
        if position.result is not None and position.exit_time is not None
    ]
    times = [position.exit_time for position in ended]
    # Most lists are in order already, and this is what a sort looks at first as well.
    if any(map(lt, times[1:], times)):
        ended.sort(key=attrgetter("exit_time"))
        times = [position.exit_time for position in ended]
    steps = [position.result - position.entry_fee - position.exit_fee for position in ended]
    balances = list(accumulate(steps, initial=portfolio.initial_balance))
    start = _start_times(portfolio)
    return list(zip([*start, *times], balances[1 - len(start) :], strict=True))


def _start_times(portfolio: Portfolio) -> list[Any]:
    """Give the time that the curve starts at, or none."""
    if portfolio.start_timestamp is not None:
        return [portfolio.start_timestamp]
    return [point[0] for point in portfolio.equity_curve[:1] if point[0] != PLACEHOLDER]


__all__ = ["ROBUST", "summary_of", "trade_curve_of"]
