"""The group ``drawdown``, and the episodes that it is made from (SPEC section 8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from omega_portfolio.oracle.metric_curve import Curve
from omega_portfolio.oracle.metric_numbers import (
    Value,
    defined,
    duration,
    in_range,
    mean,
    mean_duration,
    money,
    ratio,
    tail_mean,
)
from omega_portfolio.oracle.metric_parameters import Parameters
from omega_portfolio.oracle.metric_record import Record
from omega_portfolio.oracle.metric_returns import cagr, net_profit
from omega_portfolio.oracle.times import to_datetime


class Episode(NamedTuple):
    """A time below a peak, by the numbers of its points.

    It begins at the peak and ends at the first point that is not below it, or else at the
    last point; ``recovery`` is None then.
    """

    peak: int
    valley: int
    recovery: int | None
    end: int
    depth: float


def drawdown(record: Record, curve: Curve, parameters: Parameters) -> dict[str, Value]:
    """Give the group ``drawdown``; with an E_0 of 0 or less there are no falls to measure."""
    amount = max_amount(curve)
    found: dict[str, Value] = {"drawdown_count": 0}
    if curve.points and curve.values[0] > 0:
        falls = drawdowns_of(curve.values)
        found |= _depths(falls) | _episodes(curve) | _under_water(falls, parameters)
        found |= _rewards(curve, falls, parameters)
    return found | {
        "max_drawdown_amount": None if amount is None else money(amount, record.digits),
        "recovery_factor": ratio(in_range(net_profit(record, curve)), in_range(amount)),
    }


def drawdowns_of(values: Sequence[float]) -> list[float]:
    """Give D_0..D_n, each value against the highest so far; the first one is above 0."""
    falls, peak = [], values[0]
    for value in values:
        peak = max(peak, value)
        falls.append(value / peak - 1)
    return falls


def max_amount(curve: Curve) -> int | None:
    """Give the largest fall in raw money; None without a point."""
    if not curve.points:
        return None
    largest, peak = 0, curve.points[0].equity
    for point in curve.points:
        peak = max(peak, point.equity)
        largest = max(largest, peak - point.equity)
    return largest


def episodes_of(values: Sequence[float]) -> list[Episode]:
    """Find the episodes: each unbroken run of points below a peak."""
    falls = drawdowns_of(values)
    episodes = []
    start: int | None = None
    for index, fall in enumerate(falls):
        if fall < 0 and start is None:
            start = index
        elif fall >= 0 and start is not None:
            episodes.append(_episode(values, falls, (start, index)))
            start = None
    if start is not None:
        episodes.append(_episode(values, falls, (start, None)))
    return episodes


def _episode(
    values: Sequence[float], falls: Sequence[float], run: tuple[int, int | None]
) -> Episode:
    """Describe the run of points from the first one below the peak."""
    start, recovery = run
    end = len(falls) - 1 if recovery is None else recovery
    below = values[start : end + 1]
    # Two equities may have the same fall, so the lowest equity tells.
    valley = start + below.index(min(below))
    return Episode(start - 1, valley, recovery, end, falls[valley])


def _depths(falls: Sequence[float]) -> dict[str, Value]:
    return {"max_drawdown": min(falls), "current_drawdown": falls[-1]}


def _episodes(curve: Curve) -> dict[str, Value]:
    episodes = episodes_of(curve.values)
    found: dict[str, Value] = {"drawdown_count": len(episodes)}
    if not episodes:
        return found
    times = curve.times
    durations = [times[one.end] - times[one.peak] for one in episodes]
    # The first one of equally deep ones.
    deepest = min(episodes, key=lambda one: one.depth)
    return found | {
        "average_drawdown": mean([one.depth for one in episodes]),
        "max_drawdown_duration": duration(max(durations)),
        "average_drawdown_duration": duration(mean_duration(durations)),
        "max_drawdown_peak_time": to_datetime(times[deepest.peak]),
        "max_drawdown_valley_time": to_datetime(times[deepest.valley]),
        "max_drawdown_recovery_time": (
            None if deepest.recovery is None else to_datetime(times[deepest.recovery])
        ),
    }


def _under_water(falls: Sequence[float], parameters: Parameters) -> dict[str, Value]:
    """Give the figures over D_1..D_n."""
    after_start = falls[1:]
    if not after_start:
        return {}
    return {
        "time_under_water": len([fall for fall in after_start if fall < 0]) / len(after_start),
        "pain_index": mean([abs(fall) for fall in after_start]),
        "ulcer_index": _ulcer_index(falls),
        "conditional_drawdown_at_risk": tail_mean(after_start, parameters.confidence),
    }


def _ulcer_index(falls: Sequence[float]) -> float | None:
    if len(falls) < 2:
        return None
    return defined(lambda: math.sqrt(mean([fall**2 for fall in falls[1:]])))


def _rewards(curve: Curve, falls: Sequence[float], parameters: Parameters) -> dict[str, Value]:
    """Set growth against drawdown."""
    yearly = cagr(curve)
    excess = None if yearly is None else yearly - parameters.rates.risk_free
    return {
        "calmar_ratio": ratio(yearly, abs(min(falls))),
        "martin_ratio": ratio(excess, _ulcer_index(falls)),
    }
