"""The group ``risk``: spread of the returns, and what is earned for it (SPEC section 8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from omega_portfolio.oracle.metric_curve import Curve
from omega_portfolio.oracle.metric_numbers import (
    Value,
    correlation,
    defined,
    deviation,
    is_flat,
    mean,
    moments,
    normal_cdf,
    normal_quantile,
    quantile,
    ratio,
    tail_mean,
)
from omega_portfolio.oracle.metric_parameters import Parameters, Rates
from omega_portfolio.oracle.metric_returns import month_returns

EULER: Final = 0.57721566490153286061
"""The constant of Euler and Mascheroni."""


def risk(curve: Curve, parameters: Parameters) -> dict[str, Value]:
    """Give the group ``risk``; with a ruined curve nothing of it is defined."""
    rates, confidence = parameters.rates, parameters.confidence
    each = curve.returns or []
    significance = _significance(each, rates)
    months = [month.result for month in month_returns(curve)]
    return {
        "volatility": volatility(each, rates),
        "downside_deviation": downside_deviation(each, rates),
        "skewness": _skewness(each),
        "excess_kurtosis": _excess_kurtosis(each),
        "sharpe_ratio": sharpe_ratio(each, rates),
        "sharpe_ratio_std_error": _std_error(significance, rates),
        "probabilistic_sharpe_ratio": _probability_above(significance, 0.0),
        "deflated_sharpe_ratio": _deflated(significance, rates, parameters.trials),
        "minimum_track_record_length": _minimum_length(significance, confidence),
        "sortino_ratio": sortino_ratio(each, rates),
        "omega_ratio": _omega(each, rates),
        "gain_to_pain_ratio": ratio(
            math.fsum(months), -math.fsum(month for month in months if month < 0)
        ),
        "value_at_risk": quantile(each, confidence) if each else None,
        "expected_shortfall": defined(lambda: tail_mean(each, confidence)) if each else None,
        "tail_ratio": _tail_ratio(each, confidence) if each else None,
        "autocorrelation": correlation(each[:-1], each[1:]),
    }


def volatility(each: Sequence[float], rates: Rates) -> float | None:
    """Give the annualised standard deviation; 0 for a flat series."""
    if len(each) < 2:
        return None
    return defined(lambda: deviation(each) * math.sqrt(rates.periods))


def downside_deviation(each: Sequence[float], rates: Rates) -> float | None:
    """Give the annualised root of the mean square below mar (or 0), over all returns."""
    period = _downside_period(each, rates.downside_period)
    return None if period is None else defined(lambda: period * math.sqrt(rates.periods))


def _downside_period(each: Sequence[float], target: float | None) -> float | None:
    if not each or target is None:
        return None
    return defined(lambda: math.sqrt(mean([min(one - target, 0.0) ** 2 for one in each])))


def sharpe_ratio(each: Sequence[float], rates: Rates) -> float | None:
    """Give the annualised mean excess return over its standard deviation."""
    period = _sharpe_period(each, rates)
    return None if period is None else defined(lambda: period * math.sqrt(rates.periods))


def _sharpe_period(each: Sequence[float], rates: Rates) -> float | None:
    free = rates.risk_free_period
    if len(each) < 2 or is_flat(each) or free is None:
        return None
    return defined(lambda: (mean(each) - free) / deviation(each))


def sortino_ratio(each: Sequence[float], rates: Rates) -> float | None:
    """Give the annualised mean above the target over the downside deviation."""
    target = rates.target_period
    downside = _downside_period(each, target)
    if downside is None or target is None:
        return None
    return defined(lambda: (mean(each) - target) / downside * math.sqrt(rates.periods))


def _skewness(each: Sequence[float]) -> float | None:
    """Give G1 of Joanes and Gill."""
    n = len(each)
    if n < 3 or is_flat(each):
        return None
    return defined(lambda: moments(each).skewness * math.sqrt(n * (n - 1)) / (n - 2))


def _excess_kurtosis(each: Sequence[float]) -> float | None:
    """Give G2 of Joanes and Gill."""
    n = len(each)
    if n < 4 or is_flat(each):
        return None
    return defined(
        lambda: ((n + 1) * (moments(each).kurtosis - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
    )


class _Significance(NamedTuple):
    """Sharpe ratio per period, n, and the variance of the ratio times n - 1."""

    sharpe: float
    periods: int
    spread: float


def _significance(each: Sequence[float], rates: Rates) -> _Significance | None:
    """Give what the error of a Sharpe ratio is made from; None where there is none."""
    sharpe = _sharpe_period(each, rates)
    if sharpe is None or len(each) < 3:
        return None
    skewness, kurtosis = moments(each)
    spread = defined(lambda: 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2)
    return None if spread is None else _Significance(sharpe, len(each), spread)


def _std_error(significance: _Significance | None, rates: Rates) -> float | None:
    if significance is None or significance.spread < 0:
        return None
    _, periods, spread = significance
    return defined(lambda: math.sqrt(spread / (periods - 1)) * math.sqrt(rates.periods))


def _probability_above(significance: _Significance | None, benchmark: float) -> float | None:
    """Give the probability that the true Sharpe ratio per period is above a benchmark."""
    if significance is None or significance.spread <= 0:
        return None
    sharpe, periods, spread = significance
    return defined(
        lambda: normal_cdf((sharpe - benchmark) * math.sqrt(periods - 1) / math.sqrt(spread))
    )


def _deflated(
    significance: _Significance | None, rates: Rates, trials: Sequence[float] | None
) -> float | None:
    """Give the probability above the best Sharpe ratio that the trials give by chance."""
    if trials is None or len(trials) < 2:
        return None
    n = len(trials)
    expected = (1 - EULER) * normal_quantile(1 - 1 / n) + EULER * normal_quantile(
        1 - 1 / (n * math.e)
    )
    by_chance = defined(lambda: deviation(trials) / math.sqrt(rates.periods) * expected)
    return None if by_chance is None else _probability_above(significance, by_chance)


def _minimum_length(significance: _Significance | None, confidence: float) -> float | None:
    """Give the number of returns that make a Sharpe ratio above 0 significant."""
    if significance is None or significance.sharpe <= 0:
        return None
    sharpe, _, spread = significance
    # The quantile at 1 - c, without the digits that 1 - c loses.
    needed = -normal_quantile(confidence)
    return defined(lambda: 1 + spread * (needed / sharpe) ** 2)


def _omega(each: Sequence[float], rates: Rates) -> float | None:
    threshold = rates.target_period
    if threshold is None:
        return None
    above = [max(one - threshold, 0.0) for one in each]
    below = [max(threshold - one, 0.0) for one in each]
    return defined(lambda: math.fsum(above) / math.fsum(below))


def _tail_ratio(each: Sequence[float], confidence: float) -> float | None:
    return ratio(abs(quantile(each, 1 - confidence)), abs(quantile(each, confidence)))
