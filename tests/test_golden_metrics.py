"""The golden values: real bars, 25 digits, each confirmed by libraries of other people.

The equity curves are read as histories. The trade lists are played on a portfolio, fill by fill,
and read as a history of trades as well, so that both ways give the same figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

import golden_data as data
import omega_portfolio as op
from golden_data import DATASETS, FILLS, GOLDEN, RATES, TRADED, Values
from metric_values import RELATIVE, is_close, rows

MICROSECOND = 1e-6

# Golden names that are called otherwise here.
RENAMED = {
    "autocorrelation_lag1_pearson": "autocorrelation",
    "max_drawdown_duration_s": "max_drawdown_duration",
    "average_drawdown_duration_s": "average_drawdown_duration",
    "max_drawdown_peak_index": "max_drawdown_peak_time",
    "max_drawdown_valley_index": "max_drawdown_valley_time",
    "max_drawdown_recovery_index": "max_drawdown_recovery_time",
    "sqn_r": "sqn",
    "sqn_r_100": "sqn_100",
    "average_trade_duration_s": "average_trade_duration",
    "max_trade_duration_s": "max_trade_duration",
    "min_trade_duration_s": "min_trade_duration",
    "average_win_duration_s": "average_win_duration",
    "average_loss_duration_s": "average_loss_duration",
}

OF_BARS = {name for name in RENAMED if name.endswith("_index")}

NOT_IN_THE_SET = {
    "skewness_population": "the set has the bias-corrected G1",
    "kurtosis_population": "the set has the bias-corrected G2",
    "alpha_per_period": "the set has alpha a year; test_alpha_per_period_is_checked_through_alpha",
    "traded_notional": "turnover is the figure; test_traded_notional_is_what_the_fills_say",
}

# Golden names of the trade lists that need more than closed trades and an equity curve.
NEEDS_FILLS = {
    "turnover": "a history has no open position",
    "annualized_turnover": "as turnover",
    "exposure_time": "as turnover",
}

# Without stops the golden "sqn" is ours; with stops it is the golden "sqn_r".
ONLY_WITHOUT_STOPS = {"sqn"}
ONLY_WITH_STOPS = {"sqn_r", "sqn_r_100", "expectancy_r"}

all_equity = pytest.mark.parametrize("rate", RATES)
all_data = pytest.mark.parametrize("dataset", DATASETS)
all_lists = pytest.mark.parametrize(
    ("dataset", "fill"), [(dataset, fill) for dataset in TRADED for fill in FILLS]
)


def as_ours(dataset: str, name: str, digits: str | None, value: object) -> tuple[object, object]:
    """Give our value and the golden one in one form."""
    if digits is None:
        return value, None
    if name in OF_BARS:
        return value, data.times(dataset)[int(digits)]
    if name.endswith("_s"):
        assert isinstance(value, timedelta)
        seconds = float(digits)
        close = abs(value.total_seconds() - seconds) <= MICROSECOND
        return (seconds, seconds) if close else (value.total_seconds(), seconds)
    if GOLDEN["units"][name] == "account currency":
        return float(value), float(digits)
    if isinstance(value, int):
        return value, int(digits)
    return value, float(digits)


def failures(
    golden: Values, measure: Callable[..., Any], left_out: set[str] | None = None, **options: Any
) -> dict[str, object]:
    """Give the golden values that the metrics miss; it has looked at thirty at least."""
    skipped = set(NOT_IN_THE_SET) | (left_out or set())
    checked = {name for name in golden.digits if name not in skipped}
    assert len(checked) >= 30
    options = {**golden.options(), **options}
    found = measure(**options)
    wrong: dict[str, object] = {}
    for name in checked:
        ours = found[RENAMED.get(name, name)]
        one, other = as_ours(golden.dataset, name, golden.digits[name], ours)
        if not is_close(one, other, RELATIVE):
            wrong[name] = (one, other)
    return wrong


@cache
def replayed(dataset: str, fill: str, backend: str, *, stops: bool = True) -> op.Portfolio:
    return data.Replay(dataset, fill, backend, stops=stops).run()


def trade_values(dataset: str, fill: str) -> Values:
    return Values(dataset, "0.0", data.trade_list(dataset, fill)["values"])


def lists_left_out(*, stops: bool) -> set[str]:
    return ONLY_WITHOUT_STOPS if stops else ONLY_WITH_STOPS


@all_data
def test_the_bars_are_those_of_the_golden_values(dataset: str) -> None:
    given = GOLDEN["datasets"][dataset]["input"]
    index = data.bars(dataset).index.as_unit("ns").asi8
    assert len(index) == given["n_equity_points"]
    for content, digest in (
        (data.closes(dataset).astype("<f8"), given["close_sha256_le_f64"]),
        (index.astype("<i8"), given["time_sha256_le_i64_ns"]),
    ):
        assert hashlib.sha256(content.tobytes()).hexdigest() == digest


@all_equity
@all_data
@pytest.mark.parametrize("read", ["History", "metrics"])
def test_an_equity_curve_gives_the_golden_values(
    read: str, dataset: str, rate: str, backend: str
) -> None:
    golden = data.equity_values(dataset, rate)
    frame = data.frame(dataset)
    measure = (
        op.History(frame, backend=backend).calculate_metrics
        if read == "History"
        else partial(op.metrics, frame, backend=backend)
    )
    assert len(golden.digits) == 50
    assert failures(golden, measure) == {}


@all_data
def test_one_metric_is_that_of_the_whole_set(dataset: str, backend: str) -> None:
    golden = data.equity_values(dataset, "0.02")
    history = op.History(data.frame(dataset), backend=backend)
    names = {RENAMED.get(name, name) for name in golden.digits if name not in NOT_IN_THE_SET}
    one_by_one = {name: history.metric(name, **golden.options()) for name in sorted(names)}
    whole = history.calculate_metrics(**golden.options())
    assert len(names) == 48
    assert one_by_one == {name: whole[name] for name in sorted(names)}


@all_data
def test_the_months_are_the_golden_months(dataset: str, backend: str) -> None:
    golden = GOLDEN["datasets"][dataset]["monthly_returns"]
    table = rows(op.History(data.frame(dataset), backend=backend).monthly_returns())
    found = {f"{row['year']}-{row['month']:02}": row["return"] for row in table}
    assert list(found) == list(golden)
    assert len(golden) >= 11
    assert found == pytest.approx(golden, rel=RELATIVE, abs=0)


@all_equity
def test_hours_resampled_to_days_give_the_golden_days(rate: str, backend: str) -> None:
    """The bar of a day keeps the time of its last hour, so only figures of the clock differ."""
    golden = data.equity_values("EURUSD_1D", rate)
    measure = partial(op.metrics, data.frame("EURUSD"), resample="1d", backend=backend)
    clock = {"cagr", "calmar_ratio", "martin_ratio"}
    clock |= {name for name in golden.digits if name in OF_BARS or name.endswith("_s")}
    assert len(clock) == 8
    assert failures(golden, measure, clock) == {}


@all_equity
@all_lists
def test_a_portfolio_that_trades_a_list_gives_the_golden_equity_metrics(
    dataset: str, fill: str, rate: str, backend: str
) -> None:
    golden = data.benchmark_values(dataset, fill, rate)
    portfolio = replayed(dataset, fill, backend)
    level = data.frame(dataset, "close")
    assert len(golden.digits) >= 60
    assert failures(golden, portfolio.calculate_metrics, benchmark=level) == {}


@all_equity
@all_lists
def test_the_equity_of_a_list_as_a_history_gives_the_golden_metrics(
    dataset: str, fill: str, rate: str, backend: str
) -> None:
    golden = data.benchmark_values(dataset, fill, rate)
    curve = data.exact_rows(dataset, fill)["equity"].astype("float64").to_numpy()
    assert curve[-1] == pytest.approx(data.trade_list(dataset, fill)["final_equity"], rel=1e-12)
    measure = partial(op.metrics, data.frame(dataset, values=curve), backend=backend)
    assert failures(golden, measure, benchmark=data.frame(dataset, "price")) == {}


@all_lists
@pytest.mark.parametrize("stops", [True, False], ids=["stops", "no stops"])
def test_a_portfolio_that_trades_a_list_gives_the_golden_trade_metrics(
    dataset: str, fill: str, stops: bool, backend: str
) -> None:
    golden = trade_values(dataset, fill)
    portfolio = replayed(dataset, fill, backend, stops=stops)
    found = dict(portfolio.calculate_metrics())
    # The position that is left open has paid its entry already.
    left = Decimal(repr(data.trade_list(dataset, fill)["open_trade"]["entry_commission"]))
    found["total_commission"] -= left
    assert len(golden.digits) == 43
    left_out = lists_left_out(stops=stops)
    assert failures(golden, lambda **_: found, left_out) == {}
    assert found["sqn_uses_risk"] is stops
    assert (found["expectancy_r"] is not None) == stops


@all_lists
@pytest.mark.parametrize("stops", [True, False], ids=["stops", "no stops"])
def test_a_list_as_a_history_gives_the_golden_trade_metrics(
    dataset: str, fill: str, stops: bool, backend: str
) -> None:
    golden = trade_values(dataset, fill)
    exact = data.exact_rows(dataset, fill)
    net = exact["net_exposure"].astype("float64").to_numpy()
    frame = data.frame(dataset, values=exact["equity"].astype("float64").to_numpy())
    for name, column in (("gross_exposure", np.abs(net)), ("net_exposure", net)):
        frame = frame.append_column(name, [column])
    trades = data.trades_frame(dataset, fill, stops=stops)
    found = op.metrics(frame, trades, backend=backend)
    left_out = lists_left_out(stops=stops) | set(NEEDS_FILLS)
    assert failures(golden, lambda **_: found, left_out) == {}
    span = data.times(dataset)[-1] - data.times(dataset)[0]
    held = data.held_seconds(dataset, fill, closed_only=True)
    assert found["exposure_time"] == pytest.approx(held / span, rel=RELATIVE)


@all_lists
def test_the_exposure_of_every_row_is_the_position_at_its_close(
    dataset: str, fill: str, backend: str
) -> None:
    exact = data.exact_rows(dataset, fill)
    table = rows(replayed(dataset, fill, backend).get_equity_curve(exact=True))
    assert len(table) == len(exact) - 1 > 2000
    found = [(row["equity"], row["gross_exposure"], row["net_exposure"]) for row in table]
    wanted = [(one, abs(net), net) for one, net in zip(*map(exact.get, exact), strict=True)]
    assert found == wanted[1:]


def fills(dataset: str, fill: str) -> list[tuple[int, Decimal]]:
    """Give bar and notional of each fill."""
    size = data.trade_list(dataset, fill)["rule"]["size"]
    plan = data.deals(dataset, fill)
    entries = [(deal.entry_bar, deal.entry_price * size) for deal in plan]
    return entries + [
        (deal.exit_bar, deal.exit_price * size) for deal in plan if deal.exit_bar is not None
    ]


@all_lists
def test_traded_notional_is_what_the_fills_say(dataset: str, fill: str, backend: str) -> None:
    golden = trade_values(dataset, fill).digits["traded_notional"]
    assert float(sum(notional for _, notional in fills(dataset, fill))) == pytest.approx(
        float(golden), rel=RELATIVE
    )
    portfolio = replayed(dataset, fill, backend)
    costs = sum(row["cost"] for row in rows(portfolio.get_trades(exact=True)))
    proceeds = sum(
        row["cost"] + (row["gross_pnl"] if row["side"] == "long" else -row["gross_pnl"])
        for row in rows(portfolio.get_trades(exact=True))
    )
    held = sum(row["cost"] for row in rows(portfolio.get_positions(exact=True)))
    assert float(costs + proceeds + held) == pytest.approx(float(golden), rel=RELATIVE)


@all_lists
@all_equity
def test_alpha_per_period_is_checked_through_alpha(dataset: str, fill: str, rate: str) -> None:
    golden = data.benchmark_values(dataset, fill, rate)
    periods = golden.options()["periods_per_year"]
    a_year = np.expm1(periods * np.log1p(float(golden.digits["alpha_per_period"])))
    assert a_year == pytest.approx(float(golden.digits["alpha"]), rel=RELATIVE)


def test_every_golden_name_is_checked_or_left_out_with_a_reason(backend: str) -> None:
    ours = set(op.Portfolio(1, backend=backend).calculate_metrics())
    names = set(GOLDEN["units"])
    assert len(names) == 106
    for name in names - set(NOT_IN_THE_SET):
        assert RENAMED.get(name, name) in ours, name
    for name, reason in NOT_IN_THE_SET.items():
        assert name in names
        assert name not in ours
        assert reason
    assert set(RENAMED) | set(NEEDS_FILLS) <= names
