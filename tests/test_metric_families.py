"""The four families of error that most bug reports on performance figures belong to.

Each test works its figures out by hand and shows the wrong number beside the right one.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from statistics import NormalDist, mean, stdev

import pytest

import omega_portfolio as op
from metric_values import equity, history

YEAR = timedelta(seconds=31_557_600)
NORMAL = NormalDist()


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-12, abs=0)


def yearly(backend: str, values: list[float], years: float) -> op.History:
    """Make a history whose points are some years of 365.25 days apart."""
    start = datetime(2000, 1, 1, tzinfo=timezone.utc)
    stamps = [start + YEAR * years * number for number in range(len(values))]
    return op.History(equity(values, stamps), backend=backend)


class TestCalendarYearsAndPeriods:
    """`cagr` counts time, `annualized_return` counts periods; neither stands for the other."""

    def test_growth_a_year_is_that_of_the_calendar(self, backend: str) -> None:
        # 10 % a year, twice; told that these are days, growth by periods is 1.21^126 - 1.
        found = yearly(backend, [100.0, 110.0, 121.0], 1).calculate_metrics(periods_per_year=252)
        wrong = 1.21**126 - 1
        assert found.cagr == near(0.1)
        assert found.annualized_return == near(wrong)
        assert wrong > 2e10

    def test_growth_by_periods_does_not_look_at_the_clock(self, backend: str) -> None:
        # Two half years of 10 % are 21 % a year; two whole years the same by periods.
        half = yearly(backend, [100.0, 110.0, 121.0], 0.5).calculate_metrics(periods_per_year=2)
        whole = yearly(backend, [100.0, 110.0, 121.0], 1).calculate_metrics(periods_per_year=2)
        assert half.annualized_return == near(0.21)
        assert whole.annualized_return == near(0.21)
        assert half.cagr == near(0.21)
        assert whole.cagr == near(0.1)

    def test_a_year_has_365_days_and_a_quarter(self, backend: str) -> None:
        stamps = [datetime(2023, 1, 1), datetime(2024, 1, 1)]
        found = op.metrics(equity([100.0, 200.0], stamps), backend=backend)
        wrong = 2.0 ** (365 / 365) - 1
        assert found.cagr == near(2.0 ** (365.25 / 365) - 1)
        assert found.cagr != near(wrong)

    def test_calmar_and_martin_stand_on_the_calendar(self, backend: str) -> None:
        # Peak 110, valley 99: -10 %; back at 121 after three years.
        found = yearly(backend, [100.0, 110.0, 99.0, 121.0], 1).calculate_metrics(
            periods_per_year=252, risk_free_rate=0
        )
        growth = 1.21 ** (1 / 3) - 1
        wrong = (1.21 ** (252 / 3) - 1) / 0.1
        assert found.calmar_ratio == near(growth / 0.1)
        assert found.martin_ratio == near(growth / math.sqrt(0.01 / 3))
        assert wrong / found.calmar_ratio > 1e7

    def test_a_sample_under_one_year_says_so(self, backend: str) -> None:
        # Two days of 10 % are an absurd growth a year; the flag is there for the reader.
        short = history(backend, [100.0, 110.0, 121.0]).calculate_metrics()
        assert short.cagr == near(1.21 ** (365.25 / 2) - 1)
        assert short.short_sample is True
        assert yearly(backend, [100.0, 121.0], 1).calculate_metrics().short_sample is False


class TestTheStartingBalance:
    """The first peak is the starting balance, before any fill."""

    def test_a_first_loss_is_a_drawdown(self, backend: str) -> None:
        # 100, 50, 75: half is lost. Without the start the peak is 50 and nothing is lost.
        found = history(backend, [100.0, 50.0, 75.0]).calculate_metrics()
        without_start = min(50 / 50 - 1, 75 / 75 - 1)
        assert found.max_drawdown == -0.5
        assert without_start == 0
        assert found.current_drawdown == -0.25
        assert found.max_drawdown_amount == 50
        assert found.drawdown_count == 1
        assert found.time_under_water == 1.0
        assert found.ulcer_index == near(math.sqrt((0.25 + 0.0625) / 2))

    def test_a_balance_given_beside_the_frame_is_the_first_peak(self, backend: str) -> None:
        rows = history(backend, [50.0, 75.0], initial_balance=100).calculate_metrics()
        alone = history(backend, [50.0, 75.0]).calculate_metrics()
        assert rows.max_drawdown == -0.5
        assert rows.total_return == -0.25
        assert alone.max_drawdown == 0.0
        assert alone.total_return == 0.5

    def test_the_loss_of_the_first_fill_is_a_drawdown(self, backend: str) -> None:
        # 1000 with a fee of 100 and a fall of 150 before the first row: 25 % are lost at once.
        portfolio = op.Portfolio(1000, backend=backend)
        portfolio.open_position("A", "long", 5, 100, 0, fee=100)
        portfolio.update_equity(1_000_000, {"A": 70})
        portfolio.update_equity(2_000_000, {"A": 90})
        found = portfolio.calculate_metrics()
        without_start = min(750 / 750, 850 / 850) - 1
        assert found.max_drawdown == -0.25
        assert without_start == 0
        assert found.max_drawdown_peak_time == datetime(1970, 1, 1, tzinfo=timezone.utc)
        assert found.worst_return == -0.25
        assert found.period_count == 2


class TestTheDownsideDenominator:
    """Downside deviation divides by all returns and not by the losing ones."""

    # +10 %, -10 %, +10 %, -20 %
    VALUES = (100.0, 110.0, 99.0, 108.9, 87.12)
    RETURNS = (0.1, -0.1, 0.1, -0.2)

    def test_all_returns_are_in_the_denominator(self, backend: str) -> None:
        found = history(backend, list(self.VALUES)).calculate_metrics(periods_per_year=1)
        losses_only = math.sqrt((0.01 + 0.04) / 2)
        deviation_of_losses = stdev([-0.1, -0.2])
        assert found.downside_deviation == pytest.approx(math.sqrt(0.05 / 4), rel=1e-12)
        assert losses_only == pytest.approx(found.downside_deviation * math.sqrt(2), rel=1e-12)
        assert deviation_of_losses == pytest.approx(0.0707, rel=1e-3)

    def test_the_sortino_ratio_stands_on_it(self, backend: str) -> None:
        found = history(backend, list(self.VALUES)).calculate_metrics(periods_per_year=1)
        right = mean(self.RETURNS) / math.sqrt(0.05 / 4)
        wrong = mean(self.RETURNS) / math.sqrt(0.05 / 2)
        assert found.sortino_ratio == pytest.approx(right, rel=1e-10)
        assert wrong / right == pytest.approx(1 / math.sqrt(2))

    def test_what_is_below_the_target_counts_and_not_what_is_below_zero(self, backend: str) -> None:
        # Target 10.5 % a period: the gains of 10 % fall short by 0.5 % each.
        found = history(backend, list(self.VALUES)).calculate_metrics(periods_per_year=1, mar=0.105)
        short = [value - 0.105 for value in self.RETURNS]
        right = math.sqrt(sum(value * value for value in short) / 4)
        wrong = math.sqrt(sum(value * value for value in short if value < -0.1) / 4)
        assert found.downside_deviation == pytest.approx(right, rel=1e-12)
        assert found.downside_deviation != pytest.approx(wrong, rel=1e-6)

    def test_the_target_is_the_risk_free_rate_unless_given(self, backend: str) -> None:
        source = history(backend, list(self.VALUES))
        rate = source.calculate_metrics(periods_per_year=4, risk_free_rate=0.05)
        target = source.calculate_metrics(periods_per_year=4, mar=0.05)
        both = source.calculate_metrics(periods_per_year=4, risk_free_rate=0.05, mar=0)
        plain = source.calculate_metrics(periods_per_year=4)
        for name in ("sortino_ratio", "omega_ratio"):
            assert rate[name] == target[name] != plain[name] == both[name]
        # The deviation itself is measured from 0 unless a target is asked for.
        name = "downside_deviation"
        assert rate[name] == plain[name] == both[name] != target[name]
        assert rate.sharpe_ratio == both.sharpe_ratio != target.sharpe_ratio == plain.sharpe_ratio


class TestUnitsOfAYearAndOfAPeriod:
    """Ratios come out annualised; the tests of a Sharpe ratio are made per period."""

    # +2 %, -1 %, +2 %, -1 %, +2 %, +4 %; four periods a year.
    RETURNS = (0.02, -0.01, 0.02, -0.01, 0.02, 0.04)
    PERIODS = 4

    def values(self) -> list[float]:
        found = [100.0]
        for value in self.RETURNS:
            found.append(found[-1] * (1 + value))
        return found

    def moments(self) -> tuple[float, float, float]:
        """Give Sharpe ratio per period and the population's skewness and kurtosis."""
        middle, count = mean(self.RETURNS), len(self.RETURNS)
        second, third, fourth = (
            sum((value - middle) ** power for value in self.RETURNS) / count for power in (2, 3, 4)
        )
        return middle / stdev(self.RETURNS), third / second**1.5, fourth / second**2

    def spread(self, ratio: float) -> float:
        _, skewness, kurtosis = self.moments()
        return 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2

    def test_the_mean_is_of_a_period_and_the_ratios_are_of_a_year(self, backend: str) -> None:
        found = history(backend, self.values()).calculate_metrics(periods_per_year=self.PERIODS)
        ratio, _, _ = self.moments()
        assert found.mean_return == pytest.approx(mean(self.RETURNS), rel=1e-12)
        assert found.volatility == pytest.approx(2 * stdev(self.RETURNS), rel=1e-12)
        assert found.sharpe_ratio == pytest.approx(2 * ratio, rel=1e-12)

    def test_the_risk_free_rate_is_of_a_year_and_compounds(self, backend: str) -> None:
        found = history(backend, self.values()).calculate_metrics(
            periods_per_year=self.PERIODS, risk_free_rate=0.04
        )
        a_period = 1.04 ** (1 / 4) - 1
        scale = 2 / stdev(self.RETURNS)
        not_divided = (mean(self.RETURNS) - 0.04) * scale
        not_compounded = (mean(self.RETURNS) - 0.04 / 4) * scale
        right = (mean(self.RETURNS) - a_period) * scale
        assert found.sharpe_ratio == pytest.approx(right, rel=1e-10)
        assert not_divided < 0 < right
        assert abs(not_compounded / right - 1) > 1e-3

    def test_the_probabilistic_ratio_takes_the_ratio_of_a_period(self, backend: str) -> None:
        found = history(backend, self.values()).calculate_metrics(periods_per_year=self.PERIODS)
        ratio, _, _ = self.moments()
        right = NORMAL.cdf(ratio * math.sqrt(5) / math.sqrt(self.spread(ratio)))
        a_year = 2 * ratio
        wrong = NORMAL.cdf(a_year * math.sqrt(5) / math.sqrt(self.spread(a_year)))
        assert found.probabilistic_sharpe_ratio == pytest.approx(right, rel=1e-10)
        assert wrong - right > 0.01

    def test_the_standard_error_is_of_the_ratio_of_a_year(self, backend: str) -> None:
        found = history(backend, self.values()).calculate_metrics(periods_per_year=self.PERIODS)
        ratio, _, _ = self.moments()
        a_period = math.sqrt(self.spread(ratio) / 5)
        assert found.sharpe_ratio_std_error == pytest.approx(2 * a_period, rel=1e-10)

    def test_the_track_record_is_counted_in_periods(self, backend: str) -> None:
        found = history(backend, self.values()).calculate_metrics(periods_per_year=self.PERIODS)
        ratio, _, _ = self.moments()
        quantile = NORMAL.inv_cdf(0.95)
        right = 1 + self.spread(ratio) * (quantile / ratio) ** 2
        wrong = 1 + self.spread(2 * ratio) * (quantile / (2 * ratio)) ** 2
        assert found.minimum_track_record_length == pytest.approx(right, rel=1e-10)
        assert abs(wrong / right - 1) > 0.1

    def test_the_ratios_of_trials_are_of_a_year(self, backend: str) -> None:
        trials = [0.5, 1.0, 1.5]
        found = history(backend, self.values()).calculate_metrics(
            periods_per_year=self.PERIODS, trials=trials
        )
        ratio, _, _ = self.moments()

        def deflated(deviation: float) -> float:
            euler = 0.5772156649015329
            expected = deviation * (
                (1 - euler) * NORMAL.inv_cdf(1 - 1 / 3)
                + euler * NORMAL.inv_cdf(1 - 1 / (3 * math.e))
            )
            return NORMAL.cdf((ratio - expected) * math.sqrt(5) / math.sqrt(self.spread(ratio)))

        assert found.deflated_sharpe_ratio == pytest.approx(deflated(stdev(trials) / 2), rel=1e-9)
        assert abs(deflated(stdev(trials)) - found.deflated_sharpe_ratio) > 0.1
