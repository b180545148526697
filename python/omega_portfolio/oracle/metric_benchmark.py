"""The group ``benchmark``: the returns beside those of something else (SPEC section 8)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from omega_portfolio.oracle.metric_curve import Curve, returns_of
from omega_portfolio.oracle.metric_levels import levels_at
from omega_portfolio.oracle.metric_numbers import (
    Value,
    correlation,
    defined,
    deviation,
    growth,
    is_flat,
    mean,
    ratio,
)
from omega_portfolio.oracle.metric_parameters import Parameters, Rates
from omega_portfolio.oracle.metric_returns import annualized_return


def benchmark(curve: Curve, parameters: Parameters) -> dict[str, Value]:
    """Give the group ``benchmark``; nothing of it without a benchmark or without returns.

    Raises
    ------
    InvalidFrame
        The benchmark begins after the history.
    """
    if parameters.benchmark is None:
        return {}
    levels = levels_at(parameters.benchmark, curve.times)
    if not curve.returns:
        return {}
    own_year = annualized_return(curve, parameters.rates.periods)
    return {
        **_beside(curve.returns, returns_of(levels), own_year, parameters.rates),
        "active_return": _active_return(levels, own_year, parameters.rates),
    }


def _active_return(levels: Sequence[float], own_year: float | None, rates: Rates) -> float | None:
    if own_year is None:
        return None
    count = len(levels) - 1
    return defined(lambda: own_year - growth(levels[0], levels[-1], rates.periods / count))


def _beside(
    own: Sequence[float], other: Sequence[float], own_year: float | None, rates: Rates
) -> dict[str, Value]:
    """Compare two series of returns of the same periods."""
    active = [one - two for one, two in zip(own, other, strict=True)]
    slope = _beta(own, other)
    together = correlation(own, other)
    up = _capture(own, other, [one > 0 for one in other], rates)
    down = _capture(own, other, [one < 0 for one in other], rates)
    excess = None if own_year is None else own_year - rates.risk_free
    return {
        "beta": slope,
        "alpha": _alpha(own, other, slope, rates),
        "correlation": together,
        "r_squared": None if together is None else together**2,
        "tracking_error": (
            None
            if len(active) < 2
            else defined(lambda: deviation(active) * math.sqrt(rates.periods))
        ),
        "information_ratio": _information_ratio(active, rates),
        "treynor_ratio": ratio(excess, slope),
        "up_capture": up,
        "down_capture": down,
        "up_down_capture_ratio": ratio(up, down),
        "batting_average": len([one for one in active if one > 0]) / len(active),
    }


def _beta(own: Sequence[float], other: Sequence[float]) -> float | None:
    """Give covariance over the variance of the benchmark."""
    if is_flat(other):
        return None
    own_mean, other_mean = mean(own), mean(other)
    together = math.fsum(
        (one - own_mean) * (two - other_mean) for one, two in zip(own, other, strict=True)
    )
    return ratio(together, math.fsum((two - other_mean) ** 2 for two in other))


def _alpha(
    own: Sequence[float], other: Sequence[float], slope: float | None, rates: Rates
) -> float | None:
    """Give Jensen's alpha per period, compounded to a year."""
    free = rates.risk_free_period
    if slope is None or free is None:
        return None
    period = (mean(own) - free) - slope * (mean(other) - free)
    if period <= -1:
        # A loss of all leaves nothing, and one of more than all does not compound.
        return -1.0 if period == -1 else None
    return defined(lambda: math.expm1(rates.periods * math.log1p(period)))


def _information_ratio(active: Sequence[float], rates: Rates) -> float | None:
    if len(active) < 2 or is_flat(active):
        return None
    return defined(lambda: mean(active) / deviation(active) * math.sqrt(rates.periods))


def _capture(
    own: Sequence[float], other: Sequence[float], chosen: Sequence[bool], rates: Rates
) -> float | None:
    """Give annual growth over annual growth of the benchmark, in the chosen periods."""

    def annual(each: Sequence[float]) -> float | None:
        taken = [one for one, is_taken in zip(each, chosen, strict=True) if is_taken]
        if -1.0 in taken:
            # So little is left that the double of the return says nothing is.
            return -1.0
        logs = [math.log1p(one) for one in taken]
        return defined(lambda: math.expm1(math.fsum(logs) * rates.periods / len(logs)))

    return ratio(annual(own), annual(other))
