"""The groups ``sample`` and ``returns`` (SPEC section 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from omega_portfolio.oracle.metric_curve import SECOND, SECONDS_PER_YEAR, YEAR, Curve, month_of
from omega_portfolio.oracle.metric_numbers import (
    Value,
    correlation,
    defined,
    growth,
    log_growth,
    mean,
    money,
)
from omega_portfolio.oracle.metric_record import Record
from omega_portfolio.oracle.times import to_datetime


def sample(record: Record, curve: Curve) -> dict[str, Value]:
    """Say what the metrics are made from."""
    points = curve.points
    return {
        "start_time": to_datetime(points[0].time) if points else None,
        "end_time": to_datetime(points[-1].time) if points else None,
        "period_count": curve.periods,
        "initial_equity": money(points[0].equity, record.digits) if points else None,
        "final_equity": money(points[-1].equity, record.digits) if points else None,
        "ruined": curve.ruined,
        "short_sample": bool(points) and curve.span < YEAR,
    }


def returns(record: Record, curve: Curve, periods: float) -> dict[str, Value]:
    """Give the group ``returns``."""
    profit = net_profit(record, curve)
    each = curve.returns or []
    gains = [one for one in each if one > 0]
    losses = [one for one in each if one < 0]
    months = [month.result for month in month_returns(curve)]
    return {
        "total_return": total_return(curve),
        "net_profit": None if profit is None else money(profit, record.digits),
        "cagr": cagr(curve),
        "annualized_return": annualized_return(curve, periods),
        "mean_return": mean(each) if each else None,
        "geometric_mean_return": geometric_mean_return(curve),
        "best_return": max(each, default=None),
        "worst_return": min(each, default=None),
        "positive_period_ratio": len(gains) / len(each) if each else None,
        "average_positive_return": mean(gains) if gains else None,
        "average_negative_return": mean(losses) if losses else None,
        "best_month": max(months, default=None),
        "worst_month": min(months, default=None),
        "positive_month_ratio": (
            len([one for one in months if one > 0]) / len(months) if months else None
        ),
        "stability": _stability(curve),
    }


def net_profit(record: Record, curve: Curve) -> int | None:
    """Give the raw change of equity without deposits and withdrawals."""
    if curve.periods < 1:
        return None
    return curve.points[-1].equity - curve.points[0].equity - record.net_deposits


def total_return(curve: Curve) -> float | None:
    """Give E_n / E_0 - 1."""
    if curve.periods < 1 or curve.values[0] <= 0:
        return None
    return curve.values[-1] / curve.values[0] - 1


def cagr(curve: Curve) -> float | None:
    """Give the growth per year of the calendar."""
    if not curve.grows:
        return None
    seconds = curve.span / SECOND
    return defined(lambda: growth(curve.values[0], curve.values[-1], SECONDS_PER_YEAR / seconds))


def annualized_return(curve: Curve, periods: float) -> float | None:
    """Give the growth per year of so many periods."""
    if not curve.grows:
        return None
    return defined(lambda: growth(curve.values[0], curve.values[-1], periods / curve.periods))


def geometric_mean_return(curve: Curve) -> float | None:
    """Give the growth per period."""
    if not curve.grows:
        return None
    return defined(lambda: growth(curve.values[0], curve.values[-1], 1 / curve.periods))


def _stability(curve: Curve) -> float | None:
    """Give R^2 of the logarithm of growth on the number of the period."""
    if curve.returns is None or curve.periods < 2:
        return None
    logarithms = [log_growth(curve.values[0], value) for value in curve.values[1:]]
    found = correlation(range(1, curve.periods + 1), logarithms)
    return None if found is None else found**2


class PeriodReturn(NamedTuple):
    """Return over a month or a year; the key is (year, month) or (year,)."""

    key: tuple[int, ...]
    result: float


def month_returns(curve: Curve) -> list[PeriodReturn]:
    """Give the return of each calendar month that holds a return."""
    return _period_returns(curve, month_of)


def year_returns(curve: Curve) -> list[PeriodReturn]:
    """Give the return of each calendar year that holds a return."""
    return _period_returns(curve, lambda time: month_of(time)[:1])


def _period_returns(
    curve: Curve, period_of: Callable[[int], tuple[int, ...]]
) -> list[PeriodReturn]:
    """Compound the returns of each period: from the last point before it to its last point."""
    if curve.returns is None or not curve.points:
        return []
    last_values: dict[tuple[int, ...], float] = {}
    for point, value in zip(curve.points[1:], curve.values[1:], strict=True):
        last_values[period_of(point.time)] = value
    before = [curve.values[0], *last_values.values()]
    return [
        PeriodReturn(key, value / before[index] - 1)
        for index, (key, value) in enumerate(last_values.items())
    ]
