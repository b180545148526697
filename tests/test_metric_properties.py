"""What holds for the metrics of any history, drawn by Hypothesis."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import omega_portfolio as op
from conftest import _chosen_backends
from metric_strategies import (
    closed_trades,
    curves,
    equity_of,
    options,
    raw_curves,
    stamps_of,
    story,
)
from metric_values import differences, rows, table_differences

EXACT = 1e-12
"""How far the figures of one history may differ, however it is cut: of its value, or of 1."""
EXAMPLES = 60
ROLLING = (
    "mean_return",
    "total_return",
    "volatility",
    "downside_deviation",
    "sharpe_ratio",
    "sortino_ratio",
    "best_return",
    "worst_return",
)
KEYS = ("symbol", "side", "tag", "reason", "hour", "weekday", "month", "year")

# Doubles in the account's currency; all other doubles have no unit of money.
MONEY_DOUBLES = {"expectancy", "average_win", "average_loss", "average_mae", "average_mfe"}

both = pytest.mark.skipif(len(_chosen_backends()) < 2, reason="the run is narrowed to one backend")


def examples(count: int = EXAMPLES) -> Callable[[Any], Any]:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )


def chunked(table: pa.Table, cuts: list[int]) -> pa.Table:
    """Cut a table into batches at these rows; two equal cuts leave an empty batch."""
    places = [0, *sorted(min(cut, table.num_rows) for cut in cuts), table.num_rows]
    pairs = pairwise(places)
    return pa.concat_tables([table.slice(first, last - first) for first, last in pairs])


def scaled(value: object, factor: Decimal) -> object:
    return value * factor if isinstance(value, Decimal) else value


@examples()
@given(st.data(), st.integers(-6, 20), options())
def test_a_scale_of_a_power_of_two_leaves_every_fraction_bit_for_bit(
    backend: str, data: st.DataObject, power: int, arguments: dict[str, Any]
) -> None:
    raw = data.draw(raw_curves())
    stamps = stamps_of(data.draw, len(raw))
    count = data.draw(st.integers(0, 10))
    results = data.draw(st.lists(st.integers(-500, 500), min_size=count, max_size=count))
    factor = Decimal(2) ** power

    def measure(scale: int) -> op.History:
        amounts = equity_of(results, stamps_of(lambda _: [0] * count, count), scale)
        trades = pa.table(
            {
                "entry_time": amounts["time"],
                "exit_time": amounts["time"],
                "net_pnl": amounts["equity"],
            }
        )
        return op.History(equity_of(raw, stamps, scale), trades, backend=backend)

    plain, large = measure(0), measure(power)
    one, other = plain.calculate_metrics(**arguments), large.calculate_metrics(**arguments)
    for name, value in one.items():
        if isinstance(value, Decimal):
            assert other[name] == value * factor, name
        elif name in MONEY_DOUBLES and value is not None:
            assert other[name] == value * 2.0**power, name
        else:
            assert other[name] == value, name
    falls = [
        {name: scaled(value, factor) for name, value in row.items()}
        for row in rows(plain.drawdowns(exact=True))
    ]
    assert falls == rows(large.drawdowns(exact=True))
    assert rows(plain.rolling_metrics(2, ROLLING)) == rows(large.rolling_metrics(2, ROLLING))


@examples()
@given(curves(), closed_trades(), options(), st.lists(st.integers(0, 40), max_size=6))
def test_batches_cut_anywhere_give_the_same(
    backend: str,
    curve: pa.Table,
    trades: pa.Table,
    arguments: dict[str, Any],
    cuts: list[int],
) -> None:
    whole = op.History(curve, trades, backend=backend)
    parts = op.History(chunked(curve, cuts), chunked(trades, cuts), backend=backend)
    level = curve.rename_columns(["time", "price"])
    found = parts.calculate_metrics(benchmark=chunked(level, cuts), **arguments)
    wanted = whole.calculate_metrics(benchmark=level, **arguments)
    assert differences(found, wanted, EXACT, absolute=EXACT) == {}
    assert not table_differences(parts.drawdowns(None), whole.drawdowns(None), EXACT)
    for key in KEYS:
        assert not table_differences(parts.trade_analysis(key), whole.trade_analysis(key), EXACT)


@examples(12)
@given(st.integers(0, 10**6), options())
def test_figures_read_while_the_engine_runs_are_those_of_one_read_at_the_end(
    backend: str, seed: int, arguments: dict[str, Any]
) -> None:
    told = story(seed, 60)
    portfolio = told.begin(backend)
    names = sorted(portfolio.calculate_metrics())
    for number, event in enumerate(told.events):
        portfolio.apply(event)
        for name in names[number % 5 :: 5]:
            portfolio.metric(name, **arguments)
    fresh = told.told(backend)
    assert portfolio.digest == fresh.digest
    wanted = dict(fresh.calculate_metrics(**arguments))
    assert (
        differences(portfolio.calculate_metrics(**arguments), wanted, EXACT, absolute=EXACT) == {}
    )
    one_by_one = {name: portfolio.metric(name, **arguments) for name in wanted}
    assert differences(one_by_one, wanted, EXACT, absolute=EXACT) == {}


@examples(20)
@given(st.integers(0, 10**6))
def test_a_metric_asked_after_every_row_is_that_of_a_fresh_copy(backend: str, seed: int) -> None:
    told = story(seed, 30)
    portfolio = told.begin(backend)
    for count, event in enumerate(told.events, start=1):
        portfolio.apply(event)
        if count % 7 == 0:
            fresh = told.begin(backend)
            fresh.apply(pa.concat_tables(told.events[:count]))
            wanted = dict(fresh.calculate_metrics())
            found = {name: portfolio.metric(name) for name in wanted}
            assert differences(found, wanted, EXACT, absolute=EXACT) == {}


@examples()
@given(curves())
def test_omega_at_zero_less_one_is_the_gain_over_the_pain(backend: str, curve: pa.Table) -> None:
    found = op.metrics(curve, mar=0, backend=backend)
    assume(found.omega_ratio is not None)
    values = [float(value) for value in curve["equity"].to_pylist()]
    returns = [one / other - 1 for one, other in zip(values[1:], values, strict=False)]
    losses = math.fsum(value for value in returns if value < 0)
    assert found.omega_ratio - 1 == pytest.approx(
        math.fsum(returns) / -losses, rel=1e-9, abs=1e-11 * found.omega_ratio
    )


@examples()
@given(curves(least=5), options())
def test_ratios_can_be_worked_out_again_from_their_parts(
    backend: str, curve: pa.Table, arguments: dict[str, Any]
) -> None:
    found = op.metrics(curve, backend=backend, **arguments)
    rate = float(arguments["risk_free_rate"])

    def near(value: float) -> object:
        return pytest.approx(value, rel=1e-9, abs=0)

    if found.calmar_ratio is not None:
        assert found.calmar_ratio == near(found.cagr / -found.max_drawdown)
    if found.martin_ratio is not None:
        assert found.martin_ratio == near((found.cagr - rate) / found.ulcer_index)
    if found.recovery_factor is not None:
        assert found.recovery_factor == near(float(found.net_profit / found.max_drawdown_amount))
    if found.probabilistic_sharpe_ratio is not None and found.sharpe_ratio_std_error:
        score = found.sharpe_ratio / found.sharpe_ratio_std_error
        normal = NormalDist().cdf(score)
        assert found.probabilistic_sharpe_ratio == pytest.approx(normal, rel=1e-9, abs=1e-12)
    if found.minimum_track_record_length is not None:
        steps = found.period_count - 1
        variance = found.sharpe_ratio_std_error**2 * steps / found.sharpe_ratio**2
        quantile = NormalDist().inv_cdf(1 - float(arguments["confidence"]))
        assert found.minimum_track_record_length == near(1 + variance * quantile**2)


@examples()
@given(curves(least=4), st.data())
def test_r_squared_is_the_square_of_the_correlation(
    backend: str, curve: pa.Table, data: st.DataObject
) -> None:
    count = curve.num_rows
    levels = data.draw(st.lists(st.integers(100, 200), min_size=count, max_size=count))
    level = equity_of(levels, curve["time"].to_pylist())
    found = op.metrics(curve, benchmark=level, backend=backend)
    assert (found.r_squared is None) == (found.correlation is None)
    if found.correlation is not None:
        assert -1 <= found.correlation <= 1
        assert found.r_squared == pytest.approx(found.correlation**2, rel=1e-12, abs=1e-300)
    if found.up_down_capture_ratio is not None:
        parts = found.up_capture / found.down_capture
        assert found.up_down_capture_ratio == pytest.approx(parts, rel=1e-9)


@examples()
@given(curves(least=4))
def test_a_curve_against_itself_has_beta_one_and_captures_one(
    backend: str, curve: pa.Table
) -> None:
    found = op.metrics(curve, benchmark=curve, backend=backend)
    ones = ("beta", "correlation", "r_squared", "up_capture", "down_capture")
    for name in (*ones, "up_down_capture_ratio"):
        if found[name] is not None:
            assert found[name] == pytest.approx(1, rel=1e-12), name
    assert found.tracking_error == 0
    assert found.information_ratio is None
    assert found.batting_average == 0
    assert found.active_return in (0, None)


@examples()
@given(curves())
def test_the_deepest_fall_is_the_same_from_its_peak_on(backend: str, curve: pa.Table) -> None:
    whole = op.metrics(curve, backend=backend)
    assume(whole.max_drawdown_peak_time is not None)
    times = curve["time"].to_pylist()
    tail = op.metrics(curve.slice(times.index(whole.max_drawdown_peak_time)), backend=backend)
    for name in ("max_drawdown", "max_drawdown_peak_time", "max_drawdown_valley_time"):
        assert tail[name] == whole[name]
    deepest = rows(op.History(curve, backend=backend).drawdowns(1))[0]
    assert deepest["depth"] == whole.max_drawdown
    assert deepest["peak_time"] == whole.max_drawdown_peak_time
    assert deepest["recovery_time"] == whole.max_drawdown_recovery_time


@examples()
@given(curves(), st.sampled_from([None, "1d", "1w", "1mo"]))
def test_the_months_and_the_years_make_up_the_total(
    backend: str, curve: pa.Table, word: str | None
) -> None:
    history = op.History(curve, backend=backend)
    total = history.calculate_metrics(resample=word).total_return
    for table in (history.monthly_returns(resample=word), history.yearly_returns(resample=word)):
        found = [row["return"] for row in rows(table)]
        assert (found == []) == (total is None)
        if found:
            product = math.prod(1 + value for value in found)
            assert product == pytest.approx(1 + total, rel=1e-9)


@examples()
@given(closed_trades(), st.sampled_from(KEYS))
def test_the_groups_of_trades_make_up_all_trades(backend: str, trades: pa.Table, key: str) -> None:
    empty = equity_of([64], stamps_of(lambda _: [0], 1))
    history = op.History(empty, trades, backend=backend)
    found, groups = history.calculate_metrics(), rows(history.trade_analysis(key, exact=True))
    for name in ("trade_count", "winning_trade_count", "losing_trade_count"):
        assert sum(row[name] for row in groups) == found[name]
    for name, whole in (("net_pnl", "total_net_pnl"), ("gross_profit", "gross_profit")):
        assert sum(row[name] for row in groups) == found[whole]
    assert sum(row["fees"] for row in groups) == found.total_commission
    keys = [row[key] for row in groups]
    assert keys == sorted(set(keys))
    assert all(row["trade_count"] > 0 for row in groups)


def tables_of(source: Any, word: str | None) -> dict[str, Any]:
    """Give every table of the analysis."""
    return {
        "drawdowns": source.drawdowns(None, resample=word),
        "exact drawdowns": source.drawdowns(3, exact=True, resample=word),
        "months": source.monthly_returns(resample=word),
        "years": source.yearly_returns(resample=word),
        "rolling": source.rolling_metrics(3, ROLLING, resample=word, risk_free_rate=0.01),
        **{key: source.trade_analysis(key) for key in KEYS},
        **{f"exact {key}": source.trade_analysis(key, exact=True) for key in KEYS},
    }


def assert_same(rust: Any, python: Any, arguments: dict[str, Any]) -> None:
    found = dict(rust.calculate_metrics(**arguments))
    assert differences(found, dict(python.calculate_metrics(**arguments))) == {}
    assert differences({name: rust.metric(name, **arguments) for name in found}, found, 0) == {}
    tables = tables_of(python, arguments["resample"])
    assert len(tables) == 21
    for name, table in tables_of(rust, arguments["resample"]).items():
        assert not table_differences(table, tables[name]), name


@both
@examples(150)
@given(curves(least=0, lowest=-(10**6)), closed_trades(), options(), st.booleans(), st.booleans())
def test_the_backends_agree_on_any_history(
    curve: pa.Table,
    trades: pa.Table,
    arguments: dict[str, Any],
    own_start: bool,
    against: bool,
) -> None:
    start = 100 if own_start else None
    rust, python = (
        op.History(curve, trades, initial_balance=start, backend=name)
        for name in ("rust", "python")
    )
    if against and curve.num_rows:
        count = curve.num_rows
        level = equity_of([64 + number % 7 for number in range(count)], curve["time"].to_pylist())
        arguments = {**arguments, "benchmark": level}
    assert_same(rust, python, arguments)


@both
@examples(30)
@given(st.integers(0, 10**6), st.integers(5, 120), options())
def test_the_backends_agree_on_any_portfolio(
    seed: int, operations: int, arguments: dict[str, Any]
) -> None:
    told = story(seed, operations)
    rust, python = told.told("rust"), told.told("python")
    assert_same(rust, python, arguments)
    for exact in (False, True):
        assert not table_differences(rust.attribution(exact=exact), python.attribution(exact=exact))
