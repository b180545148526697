"""The few formulas of statistics that the metrics share, on lists of doubles (SPEC section 8).

Sums are correctly rounded (``math.fsum``), and a spread is computed from the deviations from a
mean that is known. Nothing here is clever: each function is its formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import NormalDist
from typing import Final, NamedTuple, TypeAlias

from omega_portfolio.oracle.numbers import LIMIT, MONEY_SCALE, half_even, money_decimal

Value: TypeAlias = Decimal | float | int | bool | datetime | timedelta | None
"""A metric: money, a ratio, a count, a flag, a time, a duration; None where not defined."""

MONEY_ONE: Final = 10**MONEY_SCALE

_NORMAL: Final = NormalDist()


def defined(formula: Callable[[], float]) -> float | None:
    """Give what a formula says; None when it divides by 0 or leaves the range of a double."""
    try:
        value = formula()
    except (OverflowError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) else None


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Divide two metrics; None when one is None, or the lower one 0.

    Integers are divided exactly and rounded once.
    """
    if numerator is None or denominator is None:
        return None
    return defined(lambda: numerator / denominator)


def is_flat(values: Sequence[float]) -> bool:
    """Tell whether all values are the same; there must be one."""
    return max(values) == min(values)


def mean(values: Sequence[float]) -> float:
    """Give the arithmetic mean."""
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Give the sample standard deviation (ddof = 1) of two values or more."""
    if is_flat(values):
        # The mean of equal values may be rounded; their spread is 0 all the same.
        return 0.0
    centre = mean(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


class Moments(NamedTuple):
    """Skewness and kurtosis of a population: 0 and 3 for a normal distribution."""

    skewness: float
    kurtosis: float


def moments(values: Sequence[float]) -> Moments:
    """Give the population moments of values that are not flat."""
    centre = mean(values)
    second, third, fourth = (
        mean([(value - centre) ** power for value in values]) for power in (2, 3, 4)
    )
    return Moments(third / second**1.5, fourth / second**2)


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Give Pearson's correlation; None for fewer than two pairs, or when a side is flat."""
    if len(left) < 2 or is_flat(left) or is_flat(right):
        return None
    left_mean, right_mean = mean(left), mean(right)
    together = math.fsum(
        (one - left_mean) * (other - right_mean) for one, other in zip(left, right, strict=True)
    )
    left_square = math.fsum((one - left_mean) ** 2 for one in left)
    right_square = math.fsum((other - right_mean) ** 2 for other in right)
    found = defined(lambda: together / (math.sqrt(left_square) * math.sqrt(right_square)))
    # Rounding may lead beyond what a correlation can be.
    return None if found is None else max(-1.0, min(1.0, found))


def quantile(values: Sequence[float], share: float) -> float:
    """Give a quantile of type 7 of Hyndman and Fan: linear between order statistics."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * share
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def tail_mean(values: Sequence[float], share: float) -> float:
    """Give the mean of the lowest ``share * n`` values, the last of them in part."""
    ordered = sorted(values)
    weight = share * len(ordered)
    if weight <= 1:
        return ordered[0]
    whole = math.floor(weight)
    total = math.fsum(ordered[:whole])
    if whole < len(ordered):
        total += (weight - whole) * ordered[whole]
    return total / weight


def log_growth(first: float, last: float) -> float:
    """Give the logarithm of ``last / first``; both are positive."""
    if first / 2 < last < first * 2:
        # Near 1 the quotient loses digits that the difference has.
        return math.log1p((last - first) / first)
    return math.log(last / first)


def growth(first: float, last: float, exponent: float) -> float:
    """Give ``(last / first) ** exponent - 1``; both are positive."""
    return math.expm1(exponent * log_growth(first, last))


def per_period(annual: float, periods: float) -> float | None:
    """Give the rate per period that compounds to an annual rate."""
    return defined(lambda: math.expm1(math.log1p(annual) / periods))


def normal_cdf(value: float) -> float:
    """Give the standard normal distribution; exact in the far left tail too."""
    return math.erfc(-value / math.sqrt(2)) / 2


def normal_quantile(probability: float) -> float:
    """Give the inverse of the standard normal distribution; 0 < probability < 1."""
    return _NORMAL.inv_cdf(probability)


def money(raw: int, digits: int) -> Decimal | None:
    """Give money as a metric; None when it has more than 38 digits."""
    return money_decimal(raw, digits) if abs(raw) < LIMIT else None


def in_range(raw: int | None) -> int | None:
    """Give raw money for a ratio; None when it would be None as a metric."""
    return raw if raw is not None and abs(raw) < LIMIT else None


def mean_money(raws: Sequence[int]) -> float | None:
    """Give the mean of raw money in units of the currency, rounded once."""
    return ratio(sum(raws), len(raws) * MONEY_ONE)


def mean_duration(durations: Sequence[int]) -> int | None:
    """Give the mean of microseconds, rounded half-even to one."""
    return half_even(sum(durations), len(durations)) if durations else None


def duration(microseconds: int | None) -> timedelta | None:
    """Give microseconds as a duration."""
    return None if microseconds is None else timedelta(microseconds=microseconds)
