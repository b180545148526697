"""What is not defined is None, and nothing is ever NaN or infinite.

Each case of degenerate input says by name which metrics are None; all others have a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import omega_portfolio as op
from metric_catalogue import KINDS, NAMES, TYPES, names_of
from metric_values import DAY, STAMP, START, days, equity, history, level, money, rows, trades

EMPTY = equity([1]).slice(0, 0)
TRIALS = [0.5, 1.0, 1.5]
COUNTS = {name for name in names_of("trades") if KINDS[name] in "CB"}
SUMS = {"gross_profit", "gross_loss", "total_net_pnl"}

# What a curve without any fall has no value for.
NO_FALL = {
    "average_drawdown",
    "max_drawdown_duration",
    "average_drawdown_duration",
    "max_drawdown_peak_time",
    "max_drawdown_valley_time",
    "max_drawdown_recovery_time",
    "calmar_ratio",
    "martin_ratio",
    "recovery_factor",
}
NO_POINT = names_of("drawdown") - {"drawdown_count"}
ONE_POINT = NO_POINT - {"max_drawdown", "max_drawdown_amount", "current_drawdown"}
NO_LOSS = {"average_negative_return", "sortino_ratio", "omega_ratio", "gain_to_pain_ratio"}
FLAT = {
    "skewness",
    "excess_kurtosis",
    "sharpe_ratio",
    "sharpe_ratio_std_error",
    "probabilistic_sharpe_ratio",
    "deflated_sharpe_ratio",
    "minimum_track_record_length",
    "autocorrelation",
}
NEEDS_EACH_RETURN = names_of("risk") | {
    "mean_return",
    "best_return",
    "worst_return",
    "positive_period_ratio",
    "average_positive_return",
    "average_negative_return",
    "best_month",
    "worst_month",
    "positive_month_ratio",
    "stability",
}
GROWTH = {"cagr", "annualized_return", "geometric_mean_return"}
FROM_ZERO = NO_POINT - {"max_drawdown_amount", "recovery_factor"}

CURVES: dict[str, tuple[list[float], set[str]]] = {
    "one point": ([100.0], names_of("returns", "risk") | ONE_POINT),
    "two points": (
        [100.0, 110.0],
        NO_FALL | NO_LOSS | FLAT | {"volatility", "stability"},
    ),
    "no change": (
        [100.0] * 6,
        NO_FALL | NO_LOSS | FLAT | {"average_positive_return", "stability", "tail_ratio"},
    ),
    "equal growth": ([2.0**number for number in range(7)], NO_FALL | NO_LOSS | FLAT),
    "only gains": ([100.0, 110.0, 132.0, 145.2, 150.0, 151.0], NO_FALL | NO_LOSS),
    "first loss": (
        [100.0, 50.0, 60.0, 55.0, 70.0],
        {"max_drawdown_recovery_time", "minimum_track_record_length"},
    ),
    "only losses": (
        [100.0, 90.0, 70.0, 65.0, 64.0],
        {
            "average_positive_return",
            "max_drawdown_recovery_time",
            "minimum_track_record_length",
        },
    ),
    "recovered": ([100.0, 90.0, 120.0, 115.0, 130.0, 125.0], {"gain_to_pain_ratio"}),
    "ruin and back": ([100.0, 0.0, 50.0], NEEDS_EACH_RETURN | {"max_drawdown_recovery_time"}),
    "debt at the end": (
        [100.0, 50.0, -10.0],
        NEEDS_EACH_RETURN | GROWTH | {"max_drawdown_recovery_time", "calmar_ratio", "martin_ratio"},
    ),
    "from zero": (
        [0.0, 100.0, 50.0],
        NEEDS_EACH_RETURN | GROWTH | {"total_return"} | FROM_ZERO,
    ),
    "from zero upwards": (
        [0.0, 100.0, 150.0],
        NEEDS_EACH_RETURN | GROWTH | {"total_return", "recovery_factor"} | FROM_ZERO,
    ),
    "always zero": (
        [0.0, 0.0, 0.0],
        NEEDS_EACH_RETURN | GROWTH | {"total_return", "recovery_factor"} | FROM_ZERO,
    ),
    "from debt": (
        [-100.0, -50.0, 10.0],
        NEEDS_EACH_RETURN | GROWTH | {"total_return", "recovery_factor"} | FROM_ZERO,
    ),
}
RUINED = {"ruin and back", "debt at the end", "from zero", "from zero upwards", "always zero",
          "from debt"}  # fmt: skip


def nulls(found: Any, *groups: str) -> set[str]:
    return {name for name in names_of(*groups) if found[name] is None}


def assert_sound(found: Any) -> None:
    """All names are there, in their order and of their kinds; no value is NaN or infinite."""
    assert tuple(found) == NAMES
    assert len(found) == 113
    for name, value in found.items():
        assert value is None or type(value) is TYPES[KINDS[name]], name
        if isinstance(value, float):
            assert math.isfinite(value), name
        if isinstance(value, Decimal):
            assert value.is_finite(), name


@pytest.mark.parametrize("case", CURVES)
def test_a_curve_says_what_it_has_no_value_for(case: str, backend: str) -> None:
    values, undefined = CURVES[case]
    found = history(backend, values).calculate_metrics(trials=TRIALS)
    assert_sound(found)
    assert nulls(found, "returns", "risk", "drawdown") == undefined
    assert found.ruined is (case in RUINED)
    assert found.period_count == len(values) - 1
    assert found.short_sample is True
    assert found.initial_equity == values[0]
    assert found.final_equity == values[-1]
    assert found.start_time == START
    assert found.end_time == START + DAY * (len(values) - 1)


@pytest.mark.parametrize("case", CURVES)
def test_every_option_gives_sound_figures(case: str, backend: str) -> None:
    values, _ = CURVES[case]
    source = history(backend, values, trades=trades([1, 0, -1]))
    for word in (None, "1h", "1d", "1w", "1mo"):
        for rate, target in ((0, None), (-0.5, 0.5), ("0.99", -0.9)):
            found = source.calculate_metrics(
                resample=word,
                risk_free_rate=rate,
                mar=target,
                benchmark=level([100.0 + number for number in range(len(values))]),
                trials=[1, 1],
            )
            assert_sound(found)


@pytest.mark.parametrize("case", CURVES)
def test_the_tables_of_a_degenerate_curve_are_sound(case: str, backend: str) -> None:
    values, undefined = CURVES[case]
    source = history(backend, values)
    falls = rows(source.drawdowns(None))
    assert len(falls) == source.metric("drawdown_count")
    if "max_drawdown" in undefined:
        assert falls == []
    months, years = rows(source.monthly_returns()), rows(source.yearly_returns())
    assert (months == []) == (years == []) == (case in RUINED or len(values) == 1)
    table = rows(source.rolling_metrics(2))
    assert len(table) == len(values) - 1
    for row in table:
        assert all(value is None or math.isfinite(value) for value in list(row.values())[1:])
        assert case not in RUINED or list(row.values())[1:] == [None, None]


def sources_without_a_point(backend: str) -> dict[str, Any]:
    told = op.Portfolio(1000, backend=backend)
    told.deposit(10, START)
    return {
        "a new portfolio": op.Portfolio(1000, backend=backend),
        "a portfolio without an equity row": told,
        "an empty frame": op.History(EMPTY, backend=backend),
        "an empty frame with a balance": op.History(EMPTY, initial_balance=5, backend=backend),
        "no row and a trade": op.History(EMPTY, trades([1]), backend=backend),
    }


def test_without_a_point_there_is_nothing_to_measure(backend: str) -> None:
    for label, source in sources_without_a_point(backend).items():
        found = source.calculate_metrics(benchmark=level([1.0]), trials=TRIALS)
        assert_sound(found)
        assert nulls(found, "sample") == {"start_time", "end_time", "initial_equity",
                                          "final_equity"}, label  # fmt: skip
        assert (found.ruined, found.short_sample, found.period_count) == (False, False, 0)
        assert nulls(found, "returns", "risk", "benchmark") == names_of(
            "returns", "risk", "benchmark"
        )
        assert nulls(found, "drawdown") == NO_POINT
        assert found.drawdown_count == 0
        measured = {"total_commission", "total_swap", "total_slippage"}
        if label == "no row and a trade":
            measured -= {"total_commission", "total_slippage"}
        assert nulls(found, "exposure") == names_of("exposure") - measured, label
        assert rows(source.drawdowns()) == rows(source.monthly_returns()) == []
        assert rows(source.rolling_metrics(2)) == rows(source.yearly_returns()) == []


def test_two_points_at_one_time_have_no_growth_a_year(backend: str) -> None:
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.open_position("A", "long", 1, 100, START)
    portfolio.update_equity(START, {"A": 110})
    found = portfolio.calculate_metrics()
    assert_sound(found)
    assert found.total_return == 1010 / 1000 - 1
    assert found.annualized_return == pytest.approx(1.01**252 - 1)
    assert (found.start_time, found.end_time, found.period_count) == (START, START, 1)
    for name in ("cagr", "exposure_time", "annualized_turnover", "calmar_ratio"):
        assert found[name] is None, name
    assert found.turnover == pytest.approx(100 / 1010)


def test_the_flag_of_a_short_sample_falls_at_one_year(backend: str) -> None:
    year = timedelta(seconds=31_557_600)
    for span, short in ((year - timedelta(microseconds=1), True), (year, False)):
        frame = equity([100, 101], [START, START + span])
        assert op.metrics(frame, backend=backend).short_sample is short


NO_TRADE = names_of("trades") - COUNTS - SUMS
NO_COLUMN = {
    "long_trade_count",
    "short_trade_count",
    "average_trade_return",
    "best_trade_return",
    "worst_trade_return",
    "expectancy_r",
    "average_mae",
    "average_mfe",
    "worst_mae",
    "average_edge_ratio",
}
NO_WIN = {"average_win", "average_win_duration", "payoff_ratio", "kelly_criterion"}
NO_LOSING = {"average_loss", "average_loss_duration", "payoff_ratio", "kelly_criterion",
             "profit_factor"}  # fmt: skip
FLAT_RESULTS = {"sqn", "sqn_100"}

RESULTS: dict[str, tuple[list[object], set[str]]] = {
    "one win": ([5], NO_LOSING | FLAT_RESULTS),
    "only wins": ([5, 6, 7], NO_LOSING),
    "equal wins": ([5, 5, 5], NO_LOSING | FLAT_RESULTS),
    "one loss": ([-5], NO_WIN | FLAT_RESULTS),
    "only losses": ([-5, -6], NO_WIN),
    "break-even": ([0, 0], NO_WIN | NO_LOSING | FLAT_RESULTS),
    "a win and a break-even": ([3, 0], NO_LOSING),
    "a loss and a break-even": ([-3, 0], NO_WIN),
    "all three": ([3, 0, -4], set()),
    "the least money": (["1e-18", "-1e-18"], set()),
}


@pytest.mark.parametrize("case", RESULTS)
def test_a_list_of_trades_says_what_it_has_no_value_for(case: str, backend: str) -> None:
    results, undefined = RESULTS[case]
    found = history(backend, [100.0, 101.0], trades=trades(results)).calculate_metrics()
    assert_sound(found)
    assert nulls(found, "trades") == undefined | NO_COLUMN
    values = [Decimal(str(value)) for value in results]
    assert found.trade_count == len(values)
    assert found.winning_trade_count == sum(value > 0 for value in values)
    assert found.losing_trade_count == sum(value < 0 for value in values)
    assert found.breakeven_trade_count == sum(value == 0 for value in values)
    assert (found.largest_win, found.largest_loss) == (max(values), min(values))
    assert found.sqn_uses_risk is False
    if not any(value > 0 for value in values) and any(value < 0 for value in values):
        assert found.profit_factor == 0.0
        assert found.win_rate == 0.0


def test_without_trades_there_are_counts_and_sums_only(backend: str) -> None:
    for source in (
        op.Portfolio(1000, backend=backend),
        history(backend, [100.0, 110.0]),
        op.History(equity([100, 110]), None, backend=backend),
    ):
        found = source.calculate_metrics()
        assert_sound(found)
        assert nulls(found, "trades") == NO_TRADE
        assert {found[name] for name in COUNTS | SUMS} == {0}
        assert rows(source.trade_analysis()) == []


def test_a_break_even_trade_ends_both_streaks(backend: str) -> None:
    results = [1, 1, 0, 1, -1, -1, 0, -1, -1, 0, 1]
    found = history(backend, [1.0], trades=trades(results)).calculate_metrics()
    assert found.max_consecutive_wins == 2
    assert found.max_consecutive_losses == 2
    assert found.breakeven_trade_count == 3


def test_a_trade_without_cost_or_without_risk_gives_no_infinite_ratio(backend: str) -> None:
    for costs in ([0, 0], [0, 10], [10, 0]):
        table = trades(
            [1, -1],
            cost=money(costs),
            entry_price=pa.array([5, 5]),
            stop_loss=pa.array([5, 4]),
            mae=money([0, 0]),
            mfe=money([0, 1]),
        )
        found = history(backend, [100.0, 101.0], trades=table).calculate_metrics()
        assert_sound(found)
        assert found.average_edge_ratio is None
        assert found.average_mfe == 0.5
        assert found.average_trade_return is None


def against(backend: str, values: list[float], benchmark: list[float]) -> Any:
    found = history(backend, values).calculate_metrics(benchmark=level(benchmark))
    assert_sound(found)
    return found


def test_a_flat_benchmark_has_no_beta(backend: str) -> None:
    found = against(backend, [100.0, 110.0, 99.0, 120.0], [50.0, 50.0, 50.0, 50.0])
    assert nulls(found, "benchmark") == names_of("benchmark") - {
        "tracking_error", "information_ratio", "batting_average", "active_return"
    }  # fmt: skip
    assert found.active_return == found.annualized_return


BENCHMARKS: list[tuple[list[float], list[float], set[str]]] = [
    # The benchmark only rises, only falls; the curve is flat; both are the same; one period.
    ([100.0, 90.0, 99.0], [1.0, 2.0, 3.0], {"down_capture", "up_down_capture_ratio"}),
    ([100.0, 90.0, 99.0], [3.0, 2.0, 1.0], {"up_capture", "up_down_capture_ratio"}),
    ([64.0, 64.0, 64.0], [64.0, 96.0, 64.0],
     {"correlation", "r_squared", "treynor_ratio", "up_down_capture_ratio"}),
    ([100.0, 90.0, 99.0], [100.0, 90.0, 99.0], {"information_ratio"}),
    ([100.0, 90.0], [1.0, 0.5], names_of("benchmark") - {
        "down_capture", "batting_average", "active_return"}),
]  # fmt: skip


@pytest.mark.parametrize(("values", "levels", "undefined"), BENCHMARKS)
def test_a_benchmark_says_what_it_has_no_value_for(
    values: list[float], levels: list[float], undefined: set[str], backend: str
) -> None:
    assert nulls(against(backend, values, levels), "benchmark") == undefined


def test_an_alpha_below_a_total_loss_is_none(backend: str) -> None:
    """Beta is about 106 here: 1 + mean(r) - beta mean(b) is below 0 and has no power of 252."""
    found = against(backend, [64.0, 96.0, 96.0], [64.0, 66.0, 67.75])
    assert found.beta > 30
    assert found.alpha is None


@pytest.mark.parametrize("case", sorted(RUINED))
def test_a_ruined_account_is_not_held_against_a_benchmark(case: str, backend: str) -> None:
    values, _ = CURVES[case]
    found = against(backend, values, [1.0, 2.0, 3.0])
    assert nulls(found, "benchmark") == names_of("benchmark")
    shares = {"average_gross_exposure", "max_gross_exposure", "average_net_exposure", "turnover"}
    assert shares | {"annualized_turnover"} <= nulls(found, "exposure")


def test_exposure_needs_its_columns(backend: str) -> None:
    stamps = pa.array(days(3), STAMP)
    frame = pa.table({"time": stamps, "equity": money([100, 110, 120])})
    plain = op.metrics(frame, trades([1]), backend=backend)
    gross = op.metrics(frame.append_column("gross_exposure", money([0, 55, 0])), backend=backend)
    assert plain.average_gross_exposure is None
    assert gross.average_gross_exposure == pytest.approx(0.5 / 3)
    assert gross.max_gross_exposure == 0.5
    assert gross.average_net_exposure is None
    assert plain.exposure_time == 0.5
    for name in ("turnover", "annualized_turnover", "total_commission", "cost_ratio"):
        assert plain[name] is None, name


@pytest.mark.parametrize("read", [dict, Callable], ids=["whole set", "one by one"])
def test_a_new_portfolio_gives_all_names(read: Any, backend: str) -> None:
    portfolio = op.Portfolio(1000, backend=backend)
    found = portfolio.calculate_metrics()
    if read is not dict:
        found = {name: portfolio.metric(name) for name in found}
    assert_sound(found)
