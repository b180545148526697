"""The arguments of the metrics, checked in the order of the signature (SPEC section 8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sized
from decimal import Decimal
from typing import Final, NamedTuple

from omega_portfolio.errors import InvalidArgument, InvalidNumber, describe
from omega_portfolio.oracle.metric_levels import Level, read_benchmark
from omega_portfolio.oracle.metric_numbers import per_period
from omega_portfolio.oracle.numbers import is_number_text

RESAMPLES: Final = ("1h", "1d", "1w", "1mo")


class Rates(NamedTuple):
    """What annualises: periods per year, and the annual rates with their share per period.

    A share per period that is beyond the doubles is None. The downside deviation measures from the
    minimum acceptable return where one is given, and from 0 otherwise.
    """

    periods: float
    risk_free: float
    risk_free_period: float | None
    target: float
    target_period: float | None
    downside_period: float | None


class Parameters(NamedTuple):
    """All arguments of the metrics."""

    rates: Rates
    benchmark: list[Level] | None
    confidence: float
    resample: str | None
    trials: list[float] | None


def read_parameters(
    rates: tuple[object, object, object],
    benchmark: object,
    confidence: object,
    resample: object,
    trials: object,
) -> Parameters:
    """Check all arguments.

    Raises
    ------
    InvalidArgument
        An argument is of a wrong type, or a word that does not exist.
    InvalidNumber
        A number is out of its range.
    InvalidFrame
        The benchmark is no table of levels.
    """
    return Parameters(
        rates=read_rates(*rates),
        benchmark=None if benchmark is None else read_benchmark(benchmark),
        confidence=_read_confidence(confidence),
        resample=read_resample(resample),
        trials=None if trials is None else _read_trials(trials),
    )


def read_rates(periods_per_year: object, risk_free_rate: object, mar: object) -> Rates:
    """Check periods per year, risk-free rate and minimum acceptable return.

    Raises
    ------
    InvalidArgument, InvalidNumber
        One is no number, or out of its range.
    """
    periods = _read_above("periods_per_year", periods_per_year, 0.0)
    risk_free = _read_above("risk_free_rate", risk_free_rate, -1.0)
    target = risk_free if mar is None else _read_above("mar", mar, -1.0)
    return Rates(
        periods,
        risk_free,
        per_period(risk_free, periods),
        target,
        per_period(target, periods),
        0.0 if mar is None else per_period(target, periods),
    )


def read_resample(resample: object) -> str | None:
    """Check the word for a resampling.

    Raises
    ------
    InvalidArgument
        It is not one of the words.
    """
    if resample is None or (isinstance(resample, str) and resample in RESAMPLES):
        return resample
    raise InvalidArgument(
        "resample",
        describe(resample),
        "is no resampling",
        f"pass one of {', '.join(RESAMPLES)}, or None",
    )


def _read_above(argument: str, value: object, above: float) -> float:
    """Read a finite number above a bound."""
    number = _read_number(argument, value)
    if math.isfinite(number) and number > above:
        return number
    raise InvalidNumber(
        argument,
        describe(value),
        f"must be a finite number greater than {above:g}",
        "pass a number in this range",
    )


def _read_confidence(value: object) -> float:
    number = _read_number("confidence", value)
    if 0 < number < 1:
        return number
    raise InvalidNumber(
        "confidence",
        describe(value),
        "must be greater than 0 and less than 1",
        "pass 0.05 for the worst 5 percent",
    )


def _read_trials(value: object) -> list[float]:
    """Read the Sharpe ratios of all trials from a sequence or an array of one dimension."""
    # Arrays of NumPy give plain numbers that way; so does a Series of pandas.
    items: object = value.tolist() if hasattr(value, "tolist") else value
    is_text_or_map = isinstance(items, str | bytes | Mapping)
    if is_text_or_map or not isinstance(items, Iterable) or not isinstance(items, Sized):
        raise InvalidArgument(
            "trials",
            describe(value),
            "must be a sequence of numbers",
            "pass the annualised Sharpe ratios of all trials",
        )
    numbers = []
    for item in items:
        number = _read_number("trials", item)
        if not math.isfinite(number):
            raise InvalidNumber(
                "trials", describe(item), "must be finite", "leave out trials without a ratio"
            )
        numbers.append(number)
    return numbers


def _read_number(argument: str, value: object) -> float:
    """Read a number as its nearest double; NaN for a text that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise InvalidArgument(
            argument, describe(value), "must be a number", "pass an int, float, Decimal or str"
        )
    if isinstance(value, str):
        return float(value) if is_number_text(value) else math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except ValueError:
        # A signalling NaN.
        return math.nan
