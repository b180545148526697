"""The public calls of an analysis: what they hand to a backend and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from interpreter import ABSENT, run_python

DAYS = [date(2024, 1, day) for day in (2, 3, 4, 5, 8)]
LEVELS = [1000.0, 1020.0, 1010.0, 1040.0, 1030.0]
CURVE = pl.DataFrame({"time": DAYS, "equity": LEVELS})
TRADES = pl.DataFrame(
    {
        "entry_time": DAYS[:3],
        "exit_time": DAYS[1:4],
        "net_pnl": [20.0, -10.0, 30.0],
        "side": ["long", "short", "long"],
    }
)

MakeHistory = Callable[..., op.History]


@pytest.fixture
def make_history(backend: str) -> MakeHistory:
    def make(equity: object = CURVE, trades: object = TRADES, **options: object) -> op.History:
        history = op.History(equity, trades, backend=backend, **options)
        assert history.backend == backend
        return history

    return make


def test_a_history_is_an_analysis_as_a_portfolio_is(make_history, make_portfolio, backend):
    for analysis in (make_history(), make_portfolio()):
        assert isinstance(analysis, op.Analysis)
        assert analysis.currency == "USD"
    assert isinstance(make_history(), op.History)
    assert not isinstance(make_history(), op.Portfolio)
    assert type(make_history()).__name__ == f"History{backend.capitalize()}"


def test_a_history_without_a_backend_cannot_be_made():
    class Incomplete(op.History):
        __slots__ = ()

    with pytest.raises(TypeError, match="abstract"):
        Incomplete(CURVE)


def test_the_backend_of_a_history_is_chosen_as_that_of_a_portfolio():
    code = """
import polars as pl
from datetime import date
import omega_portfolio as op
curve = pl.DataFrame({"time": [date(2024, 1, 2)], "equity": [1]})
print(op.History(curve).backend, op.metrics(curve).period_count)
try:
    op.History(curve, backend="rust")
except op.BackendUnavailable as error:
    print(error.code)
"""
    assert run_python(ABSENT + code) == ["python 0", "4023"]
    with pytest.raises(op.InvalidConfiguration):
        op.History(CURVE, backend="fortran")
    with pytest.raises(op.InvalidArgument):
        op.metrics(CURVE, backend=3)


def test_one_call_is_a_history_and_its_metrics(make_history, backend):
    options = {
        "periods_per_year": 365,
        "risk_free_rate": Decimal("0.02"),
        "mar": "0.03",
        "benchmark": CURVE.select("time", close=pl.col("equity") * 2),
        "confidence": 0.4,
        "resample": "1d",
        "trials": [0.5, 1.0, 1.5],
    }
    found = make_history().calculate_metrics(**options)
    assert op.metrics(CURVE, TRADES, backend=backend, **options) == found
    assert found.arguments() == {
        "periods_per_year": 365.0, "risk_free_rate": 0.02, "mar": 0.03, "confidence": 0.4,
        "resample": "1d", "has_benchmark": True, "trial_count": 3,
    }  # fmt: skip
    assert (found.beta, found.trade_count, found.long_trade_count) == (1.0, 3, 2)
    assert found.deflated_sharpe_ratio is not None
    assert found.net_profit == 30
    started = op.metrics(CURVE, initial_balance=900, currency="JPY", backend=backend)
    assert (started.period_count, str(started.net_profit)) == (5, "130")


def test_one_metric_is_that_of_all(make_history, make_portfolio):
    portfolio = make_portfolio(1000)
    portfolio.open_position("ACME", "long", 10, 100, "2024-01-02")
    for day, price in zip(DAYS, (100, 102, 101, 104, 103), strict=True):
        portfolio.update_equity(day, {"ACME": price})
    options = {"risk_free_rate": 0.02, "trials": np.array([0.5, 1.0]), "benchmark": CURVE}
    for analysis in (portfolio, make_history()):
        metrics = analysis.calculate_metrics(**options)
        for name, value in metrics.items():
            one = analysis.metric(name, **options)
            assert type(one) is type(value), name
            assert one == (pytest.approx(value) if isinstance(value, float) else value), name
        with pytest.raises(op.InvalidArgument) as caught:
            analysis.metric("luck")
        assert caught.value.argument == "name"


def test_windows_drawdowns_months_and_groups_are_tables(make_history):
    history = make_history()
    rolling = history.rolling_metrics(2, ["total_return", "volatility"])
    assert rolling.columns == ["time", "total_return", "volatility"]
    returns = rolling.to_polars()["total_return"].round(4).to_list()
    assert returns == [None, 0.01, 0.0196, 0.0198]
    assert history.rolling_metrics(3).columns == ["time", "sharpe_ratio", "volatility"]
    falls = history.drawdowns(1, exact=True).to_polars()
    assert falls["amount"].to_list() == [Decimal(10)]
    assert falls["duration"].to_list() == [timedelta(days=2)]
    assert falls["peak_time"].to_list() == [datetime(2024, 1, 3, tzinfo=timezone.utc)]
    assert len(history.drawdowns(None)) == 2
    assert history.monthly_returns().to_polars().select("year", "month").rows() == [(2024, 1)]
    assert history.yearly_returns(resample="1w").to_polars()["year"].to_list() == [2024]
    for table in (rolling, history.drawdowns(), history.monthly_returns()):
        assert isinstance(table, op.Table)


def test_trades_are_grouped(make_portfolio):
    portfolio = make_portfolio()
    for symbol, price in (("B", 101), ("A", 104), ("B", 99)):
        position_id = portfolio.open_position(symbol, "long", 1, 100, "2024-01-02T10:00", fee=1)
        portfolio.close_position(position_id, price, "2024-01-02T10:00", fee=1)
    groups = portfolio.trade_analysis(exact=True).to_polars()
    assert groups["symbol"].to_list() == ["A", "B"]
    assert groups["net_pnl"].to_list() == [Decimal(2), Decimal(-4)]
    assert groups["fees"].to_list() == [Decimal(2), Decimal(4)]
    assert portfolio.trade_analysis("hour").to_polars().row(0)[:2] == (10, 3)
    assert portfolio.trade_analysis("weekday").to_polars()["weekday"].to_list() == [2]


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (op.InvalidNumber, lambda one: one.calculate_metrics(periods_per_year=0)),
        (op.InvalidNumber, lambda one: one.calculate_metrics(risk_free_rate=-1)),
        (op.InvalidNumber, lambda one: one.metric("sharpe_ratio", mar=float("nan"))),
        (op.InvalidNumber, lambda one: one.calculate_metrics(confidence=1)),
        (op.InvalidArgument, lambda one: one.calculate_metrics(benchmark=[1, 2])),
        (op.InvalidArgument, lambda one: one.calculate_metrics(resample="1y")),
        (op.InvalidArgument, lambda one: one.calculate_metrics(trials=3)),
        (op.InvalidNumber, lambda one: one.calculate_metrics(trials=[float("inf")])),
        (op.InvalidArgument, lambda one: one.calculate_metrics(periods_per_year=True)),
        (op.InvalidFrame, lambda one: one.calculate_metrics(benchmark=TRADES)),
        (op.InvalidArgument, lambda one: one.rolling_metrics(1)),
        (op.InvalidArgument, lambda one: one.rolling_metrics(2, "sharpe_ratio")),
        (op.InvalidArgument, lambda one: one.rolling_metrics(2, [])),
        (op.InvalidArgument, lambda one: one.rolling_metrics(2, ["sharpe_ratio"] * 2)),
        (op.InvalidArgument, lambda one: one.drawdowns(0)),
        (op.InvalidArgument, lambda one: one.monthly_returns(resample=3)),
        (op.InvalidArgument, lambda one: one.trade_analysis("colour")),
    ],
)
def test_wrong_arguments_are_refused(make_history, make_portfolio, error, call):
    for analysis in (make_history(), make_portfolio()):
        with pytest.raises(error):
            call(analysis)


@pytest.mark.parametrize(
    ("frame", "place"),
    [
        (CURVE.drop("equity"), "column equity"),
        (CURVE.with_columns(equity=pl.Series([1, None, 2, 3, 4])), "column equity, row 1"),
        (CURVE.reverse(), "column time, row 1"),
        (CURVE.with_columns(equity=pl.lit("x")), "column equity"),
        (
            CURVE.with_columns(equity=pl.Series([1.0, 2.0, float("inf"), 3.0, 4.0])),
            "column equity, row 2",
        ),
    ],
)
def test_a_bad_curve_is_refused_with_its_place(make_history, frame, place):
    with pytest.raises(op.InvalidFrame, match=place):
        make_history(frame)


def test_a_history_gives_back_what_it_has_read(make_history):
    history = make_history(CURVE.with_columns(note=pl.lit("x")))
    assert history.get_equity_curve().columns == ["time", "equity"]
    assert history.get_equity_curve().to_polars()["equity"].to_list() == LEVELS
    exact = history.get_equity_curve(exact=True).schema.field("equity").type
    assert exact == pa.decimal128(38, 18)
    assert set(history.get_trades().columns) == set(TRADES.columns)
    assert len(make_history(trades=None).get_trades()) == 0


def test_a_history_shows_itself(make_history, backend):
    history = make_history(currency="EUR")
    name = f"History{backend.capitalize()}"
    assert repr(history) == (
        f"<{name}  currency=EUR  equity rows=5  trades=3  "
        f"time=2024-01-02T00:00:00+00:00 to 2024-01-08T00:00:00+00:00  backend={backend}>"
    )
    assert "2024-01-08" in history._repr_html_()
    empty = make_history(CURVE.clear(), None)
    assert "time=none" in repr(empty)
    assert empty.calculate_metrics().period_count == 0


def test_a_history_takes_every_arrow_table(make_history):
    expected = make_history().calculate_metrics()
    for frame in (CURVE.to_arrow(), CURVE.to_pandas(), make_history().get_equity_curve()):
        assert make_history(frame).calculate_metrics() == expected
