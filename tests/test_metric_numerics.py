"""How many digits are right: certified data of NIST, long sums, flat windows, extreme sizes.

The four series NumAcc1 to NumAcc4 are those of the Statistical Reference Datasets of the
National Institute of Standards and Technology (univariate summary statistics); mean, standard
deviation and lag-1 autocorrelation are certified to 15 digits. A public call takes no raw
series, so they go in as the net results of trades, whose mean is `expectancy` and whose standard
deviation is in `sqn`, and, as far as an account can hold their product, as returns.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from metric_values import START, days, equity, history, is_close, rows, trades

# Doubles of NumAcc4 hold its deviations to 8.3 digits, those of NumAcc3 to 9.5.
CERTIFIED = {
    "NumAcc1": (Decimal(10_000_002), Decimal(1), Fraction(-1, 2), 1e-14),
    "NumAcc2": (Decimal("1.2"), Decimal("0.1"), Fraction(-999, 1000), 1e-13),
    "NumAcc3": (Decimal("1000000.2"), Decimal("0.1"), Fraction(-999, 1000), 1e-9),
    "NumAcc4": (Decimal("10000000.2"), Decimal("0.1"), Fraction(-999, 1000), 1e-8),
}
ALL = tuple(CERTIFIED)
LONG = 50_000
HOUR = timedelta(hours=1)


def series(name: str) -> list[Decimal]:
    """Give a series of NIST: NumAcc2 to 4 are 1001 values around a growing offset."""
    if name == "NumAcc1":
        return [Decimal(10_000_001), Decimal(10_000_003), Decimal(10_000_002)]
    first = CERTIFIED[name][0]
    step = Decimal("0.1")
    return [first, *[first - step, first + step] * 500]


def exact_moments(values: list[Fraction]) -> tuple[Fraction, Fraction]:
    """Give mean and variance without any rounding."""
    mean = sum(values, Fraction()) / len(values)
    return mean, sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def root(value: Fraction) -> float:
    with localcontext() as context:
        context.prec = 50
        return float((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())


@pytest.mark.parametrize("name", ALL)
def test_the_series_are_the_certified_ones(name: str) -> None:
    values = [Fraction(value) for value in series(name)]
    mean, deviation, autocorrelation, _ = CERTIFIED[name]
    found, variance = exact_moments(values)
    assert len(values) == (3 if name == "NumAcc1" else 1001)
    assert found == Fraction(mean)
    assert variance == Fraction(deviation) ** 2
    pairs = zip(values[1:], values, strict=False)
    together = sum((one - found) * (other - found) for one, other in pairs)
    assert together / sum((value - found) ** 2 for value in values) == autocorrelation


@pytest.mark.parametrize("name", ALL)
def test_results_of_trades_have_the_certified_mean_and_deviation(name: str, backend: str) -> None:
    values = series(name)
    mean, deviation, _, tolerance = CERTIFIED[name]
    found = op.metrics(equity([1, 2]), trades(values), backend=backend)
    assert found.total_net_pnl == mean * len(values)
    assert found.expectancy == pytest.approx(float(mean), rel=1e-15, abs=0)
    spread = math.sqrt(len(values)) * float(mean) / found.sqn
    assert spread == pytest.approx(float(deviation), rel=tolerance, abs=0)
    capped = math.sqrt(min(len(values), 100)) * float(mean) / found.sqn_100
    assert capped == pytest.approx(float(deviation), rel=tolerance, abs=0)


@pytest.mark.parametrize("name", ALL)
def test_the_deviation_does_not_depend_on_the_order(name: str, backend: str) -> None:
    values = series(name)
    _, deviation, _, tolerance = CERTIFIED[name]
    for order in (sorted(values), sorted(values, reverse=True)):
        found = op.metrics(equity([1, 2]), trades(order), backend=backend)
        spread = math.sqrt(len(values)) * found.expectancy / found.sqn
        assert spread == pytest.approx(float(deviation), rel=tolerance, abs=0)


@pytest.mark.skipif(len(_chosen_backends()) < 2, reason="the run is narrowed to one backend")
@pytest.mark.parametrize("name", ALL)
def test_the_backends_agree_on_the_certified_series(name: str) -> None:
    rust, python = (
        op.metrics(equity([1, 2]), trades(series(name)), backend=backend)
        for backend in ("rust", "python")
    )
    for figure in ("expectancy", "sqn", "sqn_100", "profit_factor"):
        assert is_close(rust[figure], python[figure]), figure


def test_returns_of_ten_million_have_the_certified_deviation(backend: str) -> None:
    """NumAcc1 as three returns; three factors of ten million just fit into an account."""
    values = [Decimal("0.001")]
    for value in series("NumAcc1"):
        values.append(values[-1] * (1 + value))
    found = history(backend, values).calculate_metrics(periods_per_year=1)
    assert found.mean_return == pytest.approx(10_000_002, rel=1e-15)
    # A ratio of doubles near 10^7 has 9 digits behind the point.
    assert found.volatility == pytest.approx(1, rel=1e-8)
    assert found.autocorrelation == pytest.approx(-1, rel=1e-8)
    assert found.skewness == pytest.approx(0, abs=1e-8)


def returns_of(values: list[float]) -> list[float]:
    return [one / other - 1 for one, other in zip(values[1:], values, strict=False)]


@pytest.mark.parametrize(("offset", "step"), [(0.01, 1e-3), (0.01, 1e-6), (0.01, 1e-9)])
def test_returns_beside_a_large_offset_keep_their_deviation(
    offset: float, step: float, backend: str
) -> None:
    """The series of NIST as returns: an offset, and deviations down to a ten-millionth of it."""
    values = [1000.0]
    for number in range(1001):
        deviation = 0 if number == 0 else step if number % 2 == 0 else -step
        values.append(values[-1] * (1 + offset + deviation))
    read = [float(format(value, ".17g")) for value in values]
    exact = [Fraction(value) for value in returns_of(read)]
    mean, variance = exact_moments(exact)
    found = history(backend, values).calculate_metrics(periods_per_year=1)
    tolerance = max(1e-12, 1e-16 * offset / step * 100)
    assert found.mean_return == pytest.approx(float(mean), rel=1e-15)
    assert found.volatility == pytest.approx(root(variance), rel=tolerance)
    assert found.sharpe_ratio == pytest.approx(float(mean) / root(variance), rel=tolerance)
    left, right = np.array(exact[:-1]), np.array(exact[1:])
    left, right = left - left.mean(), right - right.mean()
    squares = root(Fraction((left**2).sum() * (right**2).sum()))
    pearson = float((left * right).sum()) / squares
    assert found.autocorrelation == pytest.approx(pearson, rel=max(1e-12, tolerance))


def test_small_results_between_large_ones_are_not_lost(backend: str) -> None:
    """Sums of money are exact: 10^19, ten million times less than a cent, and back."""
    tiny = Decimal("1e-18")
    values = [Decimal(10) ** 19, *[tiny] * 999, -(Decimal(10) ** 19)]
    found = op.metrics(equity([1, 2]), trades(values), backend=backend)
    assert found.total_net_pnl == 999 * tiny
    assert found.gross_profit == Decimal("10000000000000000000.000000000000000999")
    assert found.gross_loss == -(10**19)
    assert found.expectancy == pytest.approx(999e-18 / 1001, rel=1e-9)
    assert found.average_win == pytest.approx(1e16, rel=1e-12)


def long_curve() -> list[float]:
    generator = np.random.default_rng(20240601)
    steps = 1 + 0.01 * generator.standard_normal(LONG)
    return [100.0, *(float(value) for value in np.round(100 * np.cumprod(steps), 12))]


def test_long_sums_do_not_lose_digits(backend: str) -> None:
    values = long_curve()
    array = np.array(values)
    returns = array[1:] / array[:-1] - 1
    falls = (array / np.maximum.accumulate(array) - 1)[1:]
    stamps = days(len(values), START, HOUR)
    found = op.metrics(equity(values, stamps), backend=backend, periods_per_year=1)
    gains = [value for value in returns if value > 0]
    losses = [value for value in returns if value < 0]
    wanted = {
        "mean_return": math.fsum(returns) / LONG,
        "average_positive_return": math.fsum(gains) / len(gains),
        "average_negative_return": math.fsum(losses) / len(losses),
        "pain_index": -math.fsum(falls) / LONG,
        "ulcer_index": math.sqrt(math.fsum(falls**2) / LONG),
        "omega_ratio": math.fsum(gains) / -math.fsum(losses),
        "downside_deviation": math.sqrt(math.fsum(np.array(losses) ** 2) / LONG),
        "max_drawdown": float(falls.min()),
        "total_return": values[-1] / values[0] - 1,
        "value_at_risk": float(np.quantile(returns, 0.05)),
    }
    assert found.period_count == LONG
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-12, abs=0)


def test_growth_is_the_last_value_over_the_first_and_no_product(backend: str) -> None:
    """A product of a hundred thousand factors would be off in the twelfth digit."""
    values = [100.0, *[130.0, 70.0] * (LONG // 2), 100.0]
    stamps = days(len(values), START, HOUR)
    found = op.metrics(equity(values, stamps), backend=backend)
    assert found.total_return == 0.0
    assert found.cagr == 0.0
    assert found.geometric_mean_return == 0.0


@pytest.mark.parametrize("step", [Decimal("1e-5"), Decimal("0.3"), Decimal(-700), Decimal(10**9)])
def test_a_little_growth_keeps_its_digits(step: Decimal, backend: str) -> None:
    """The last value over the first is near 1, where a quotient keeps what is left of it only."""
    first = Decimal(10**10)
    found = history(backend, [first, first + step]).calculate_metrics(periods_per_year=1)
    growth = Fraction(float(first + step)) / Fraction(float(first)) - 1
    assert found.geometric_mean_return == pytest.approx(float(growth), rel=1e-9, abs=0)
    assert found.annualized_return == pytest.approx(float(growth), rel=1e-9, abs=0)
    log = math.log1p(float(growth)) * 365.25
    assert found.cagr == pytest.approx(math.expm1(log), rel=1e-9, abs=0)


def test_the_stability_of_a_nearly_flat_curve_keeps_its_digits(backend: str) -> None:
    """Logarithms of 1 and a billionth, whose spread is all that counts."""
    parts = [0, 3, -17, 21, 8, 40, 35]
    values = [Decimal(10**10) + part for part in parts]
    logs = [Decimal(part) / Decimal(10**10) - Decimal(part) ** 2 / 2 / Decimal(10**20)
            for part in parts[1:]]  # fmt: skip
    steps = [Fraction(number) for number in range(1, len(parts))]
    exact = [Fraction(value) for value in logs]
    left, right = (
        [value - sum(each, Fraction()) / len(each) for value in each] for each in (steps, exact)
    )
    together = sum((one * other for one, other in zip(left, right, strict=True)), Fraction())
    squares = sum(one**2 for one in left) * sum(other**2 for other in right)
    found = history(backend, values).metric("stability")
    assert found == pytest.approx(float(together**2 / squares), rel=1e-9, abs=0)


def test_a_first_return_that_dwarfs_the_others_leaves_their_digits(backend: str) -> None:
    """An account that began with next to nothing: the sum of all returns is that of the first."""
    values = [1e-18, 96276.19, 96275.92628964082, 96275.92628964082, 96275.51477676161]
    found = op.metrics(equity(values, days(len(values), START, HOUR)), backend=backend)
    pairs = itertools.pairwise(values)
    returns = [Fraction(after) / Fraction(before) - 1 for before, after in pairs]
    left, right = (
        [value - sum(each) / len(each) for value in each] for each in (returns[:-1], returns[1:])
    )
    together = sum(one * other for one, other in zip(left, right, strict=True))
    squares = sum(one**2 for one in left) * sum(other**2 for other in right)
    wanted = -math.sqrt(float(together**2 / squares))
    assert found.autocorrelation == pytest.approx(wanted, rel=1e-9, abs=0)


def flat_after_noise() -> Iterator[tuple[str, list[float]]]:
    # Every value is a power of two times the one before, so that returns are equal to the bit.
    yield "after a jump", [1.0, 2.0**60, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    yield "after noise", [100.0, 130.0, 70.0, 111.1, 64.0, 128.0, 256.0, 512.0, 1024.0]
    yield "no change", [100.0, 113.7, 99.9, 77.7, 77.7, 77.7, 77.7, 77.7, 77.7]


@pytest.mark.parametrize(("label", "values"), list(flat_after_noise()), ids=str)
def test_a_flat_window_is_flat_whatever_was_before(
    label: str, values: list[float], backend: str
) -> None:
    """A window that is updated by subtraction would keep a rest of the jump."""
    names = ("volatility", "sharpe_ratio", "sortino_ratio", "mean_return", "best_return")
    table = rows(history(backend, values).rolling_metrics(3, names, risk_free_rate=-0.5))
    assert len(table) == len(values) - 1
    returns = returns_of(values)
    flat = 0
    for number, row in enumerate(table):
        window = returns[max(0, number - 2) : number + 1]
        if number < 2:
            assert all(row[name] is None for name in names)
        elif max(window) == min(window):
            flat += 1
            assert row["volatility"] == 0.0
            assert row["sharpe_ratio"] is None
            assert row["mean_return"] == row["best_return"] == window[0]
        else:
            assert row["sharpe_ratio"] is not None
    assert flat >= 2, label


def test_a_flat_history_has_no_ratio(backend: str) -> None:
    values = [2.0**number for number in range(10)]
    found = history(backend, values).calculate_metrics(risk_free_rate=0.01)
    assert found.volatility == 0.0
    assert found.mean_return == 1.0
    for name in (
        "sharpe_ratio",
        "sharpe_ratio_std_error",
        "probabilistic_sharpe_ratio",
        "minimum_track_record_length",
        "skewness",
        "excess_kurtosis",
        "autocorrelation",
        "sortino_ratio",
        "omega_ratio",
    ):
        assert found[name] is None, name


def assert_finite(found: Any) -> None:
    for name, value in found.items():
        if isinstance(value, float):
            assert math.isfinite(value), name


def test_the_smallest_and_the_largest_equity_give_finite_figures(backend: str) -> None:
    least, most = Decimal("1e-18"), Decimal("99999999999999999999.999999999999999999")
    for values in ([least, most], [most, least], [least, most, least], [most, least, most]):
        for step in (timedelta(microseconds=1), timedelta(days=1), timedelta(days=3650)):
            frame = equity(values, days(len(values), START, step))
            found = op.metrics(frame, backend=backend)
            assert_finite(found)
            assert found.total_return == pytest.approx(float(values[-1] / values[0]) - 1)
    fast = op.metrics(
        equity([least, most], days(2, START, timedelta(microseconds=1))), backend=backend
    )
    # 10^38 in a microsecond is beyond the doubles, for a year and for 252 periods alike.
    assert fast.cagr is None
    assert fast.annualized_return is None
    assert fast.calmar_ratio is None


@pytest.mark.parametrize("value", [1e-300, 1e300, 5e-324, 1.7e308, -1e300])
def test_equity_that_money_cannot_hold_is_refused(value: float, backend: str) -> None:
    with pytest.raises(op.OmegaPortfolioError) as caught:
        op.History(equity([100.0, value]), backend=backend)
    assert caught.value.code in {4010, 4011, 4030}
    assert "row 1" in str(caught.value)


def test_extreme_arguments_give_finite_figures(backend: str) -> None:
    source = history(backend, [100.0, 150.0, 90.0, 120.0])
    for periods in (5e-324, 1e-300, 1e300, 1.7e308):
        for rate in (-0.999999999, 0, 1e300):
            for confidence in (5e-324, 1e-16, 0.9999999999999999):
                found = source.calculate_metrics(
                    periods_per_year=periods, risk_free_rate=rate, confidence=confidence
                )
                assert_finite(found)


def test_a_hundred_thousand_rows_of_one_moment_are_one_point(backend: str) -> None:
    count = 100_000
    stamps = pa.array([START] * count, pa.timestamp("us", "UTC"))
    frame = pa.table({"time": stamps, "equity": np.arange(1.0, count + 1)})
    found = op.metrics(frame, backend=backend)
    assert found.period_count == 0
    assert found.initial_equity == count
    assert found.max_drawdown == 0.0
    assert found.total_return is None
