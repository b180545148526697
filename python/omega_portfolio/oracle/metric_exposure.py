"""The group ``exposure``: time in the market, exposure, turnover and cost (SPEC section 8)."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from omega_portfolio.oracle.metric_curve import YEAR, Curve
from omega_portfolio.oracle.metric_numbers import Value, in_range, mean, money, ratio
from omega_portfolio.oracle.metric_record import Fill, Record


def exposure(record: Record, curve: Curve) -> dict[str, Value]:
    """Give the group ``exposure``."""
    gross = _over_equity(curve, [point.gross_exposure for point in curve.points])
    net = _over_equity(curve, [point.net_exposure for point in curve.points])
    traded = _turnover(record, curve)
    commission, slippage = record.commission, record.trades.slippage
    return {
        "exposure_time": _exposure_time(record, curve),
        "average_gross_exposure": mean(gross) if gross else None,
        "max_gross_exposure": max(gross) if gross else None,
        "average_net_exposure": mean(net) if net else None,
        "turnover": traded,
        "annualized_turnover": ratio(traded, curve.span / YEAR),
        "total_commission": None if commission is None else money(commission, record.digits),
        "total_swap": money(record.swap, record.digits),
        "total_slippage": None if slippage is None else money(sum(slippage), record.digits),
        "cost_ratio": _cost_ratio(record),
    }


def _over_equity(curve: Curve, exposures: Sequence[int | None]) -> list[float] | None:
    """Divide exposures by the equity of their points; None when not all of them are known."""
    if curve.ruined:
        return None
    known = [raw for raw in exposures if raw is not None]
    if len(known) < len(exposures):
        return None
    return [raw / point.equity for raw, point in zip(known, curve.points, strict=True)]


def _exposure_time(record: Record, curve: Curve) -> float | None:
    """Give the share of time with an open position."""
    if curve.span == 0:
        return None
    first, last = curve.points[0].time, curve.points[-1].time
    held = list(zip(record.trades.entry_time, record.trades.exit_time, strict=True))
    held += [(entry.time, last) for entry in record.open_entries]
    covered, until = 0, first
    # In the order of the entries: each adds what is not covered yet.
    for entry_time, exit_time in sorted(held):
        start, end = max(entry_time, until), min(exit_time, last)
        if end > start:
            covered += end - start
            until = end
    return covered / curve.span


def _turnover(record: Record, curve: Curve) -> float | None:
    """Sum up, over the fills, notional over the equity that ends the period of the fill."""
    fills = _fills(record)
    if fills is None or curve.ruined or not curve.points:
        return None
    last = curve.points[-1].time
    # A starting balance ends no period.
    rows = curve.points if record.start is None else curve.points[1:]
    times = [point.time for point in rows]
    return math.fsum(
        fill.notional / rows[bisect_left(times, fill.time)].equity
        for fill in fills
        if fill.time <= last
    )


def _fills(record: Record) -> list[Fill] | None:
    """Give all fills with their notional; None when they are not known."""
    closed = record.trades
    if closed.cost is None or closed.gross_pnl is None or closed.side is None:
        return None
    fills = list(record.open_entries)
    fills += [Fill(time, cost) for time, cost in zip(closed.entry_time, closed.cost, strict=True)]
    rows = zip(closed.exit_time, closed.side, closed.cost, closed.gross_pnl, strict=True)
    for time, side, cost, gross in rows:
        # A long sells for what it cost and what it gained, a short buys back for less.
        fills.append(Fill(time, cost + gross if side == "long" else cost - gross))
    return fills


def _cost_ratio(record: Record) -> float | None:
    """Give the costs over the gross gains."""
    if record.trades.gross_pnl is None or record.commission is None:
        return None
    gains = sum(gross for gross in record.trades.gross_pnl if gross > 0)
    return ratio(in_range(record.commission - record.swap), in_range(gains))
