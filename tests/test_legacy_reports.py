"""What the old portfolio samples and reports, by hand."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pandas as pd
import pytest

from interpreter import run_python
from legacy_model import FRAME
from legacy_samples import HOUR, T0, closed, ended, long
from omega_portfolio.legacy import Portfolio

# Samples of the equity.


def test_an_update_samples_cash_and_drawdown():
    portfolio = Portfolio(1000.0)
    steps = [(200.0, T0), (-300.0, T0 + HOUR), (-250.0, T0 + 2 * HOUR), (700.0, T0 + 3 * HOUR)]
    for amount, time in steps:
        portfolio.register_fee(-amount, time, "other")
        portfolio.update(time)
    assert portfolio.start_timestamp == T0
    assert portfolio.equity_curve == [
        (datetime(2000, 1, 1), 1000.0), (T0, 1200.0), (T0 + HOUR, 900.0),
        (T0 + 2 * HOUR, 650.0), (T0 + 3 * HOUR, 1350.0),
    ]  # fmt: skip
    assert portfolio.max_equity == 1350.0
    assert portfolio.max_drawdown == 550.0
    assert portfolio.initial_max_drawdown == 350.0


def test_moves_between_updates_are_not_seen():
    portfolio = Portfolio(1000.0)
    portfolio.register_fee(500.0, T0, "other")
    portfolio.register_fee(-500.0, T0, "other")
    portfolio.update(T0)
    assert portfolio.max_drawdown == 0.0


def test_open_positions_are_not_in_the_equity():
    portfolio = Portfolio(1000.0)
    portfolio.equity = 5.0
    portfolio.register_entry(long())
    portfolio.update(T0)
    assert portfolio.equity == 1000.0


def test_times_of_updates_are_not_checked():
    portfolio = Portfolio(1000.0)
    portfolio.update(None)
    assert portfolio.start_timestamp is None
    portfolio.update(current_time=T0)
    portfolio.update(T0 - HOUR)
    portfolio.register_fee(1.0, T0, "other")
    portfolio.update(T0 - HOUR)
    portfolio.update(T0)
    assert [time for time, _ in portfolio.equity_curve[1:]] == [None, T0, T0 - HOUR, T0]
    assert portfolio.equity_curve[3] == (T0 - HOUR, 999.0)
    portfolio = Portfolio(1000.0)
    portfolio.cash = 7.0
    portfolio.update(datetime(2000, 1, 1))
    assert portfolio.equity_curve == [(datetime(2000, 1, 1), 7.0)]
    portfolio.equity_curve = []
    portfolio.update(T0)
    assert portfolio.equity_curve == [(T0, 7.0)]


# What is reported.


def test_the_summary_by_hand():
    portfolio = Portfolio(1000)
    portfolio.register_fee(2.675, T0, "swap")
    ended(
        portfolio,
        closed(110.0),  # +200, 2 R
        closed(95.0, risk_per_trade=50.0),  # -50, -1 R
        closed(100.0, "break_even_stop_loss"),  # 0, 0 R
        long(),  # no result, 0 R
        closed(105.0, "partial_exit", size=0.126),  # +100, 1 R
        closed(105.0, risk_per_trade=0.0),  # 0 and no weight
        closed(reason="limit_expired", status="pending"),
    )
    portfolio.update(T0)
    assert list(portfolio.get_summary().items()) == [
        ("Initial Balance", 1000), ("Final Balance", 1247.33), ("Equity", 1247.33),
        ("Max Drawdown", 0.0), ("Drawdown Initial Balance", 0.0), ("Total Fees", 2.67),
        ("Total Lots", 10.13), ("Total Trades", 5), ("Expired Orders", 1),
        ("Partial Closed Orders", 1), ("Orders closed at Break Even", 1),
        ("Avg R-Multiple", 0.556), ("Winrate", 20.0), ("Wins", 1), ("Losses", 3),
    ]  # fmt: skip
    counts = [*list(portfolio.get_summary())[7:11], "Wins", "Losses"]
    assert {type(portfolio.get_summary()[name]) for name in counts} == {int}


def test_the_summary_of_nothing_and_its_rounding():
    summary = Portfolio(0.125).get_summary()
    assert (summary["Initial Balance"], summary["Final Balance"]) == (0.125, 0.12)
    assert (summary["Winrate"], summary["Avg R-Multiple"], summary["Total Lots"]) == (0.0, 0.0, 0)
    assert len(summary) == 15


ROBUST = {
    "robustness_1": 0.11, "robustness_1_num_samples": 5, "cost_shock_score": 0.22,
    "timing_jitter_score": 0.33, "trade_dropout_score": 0.44, "ulcer_index": 1.11,
    "ulcer_index_score": 0.77, "data_jitter_score": 0.88, "data_jitter_num_samples": 6,
    "p_mean_gt": 0.55, "stability_score": 0.66, "tp_sl_stress_score": 0.78,
}  # fmt: skip


def test_the_robust_figures_are_given_through():
    portfolio = Portfolio()
    portfolio.backtest_robust_metrics = ROBUST
    assert len(portfolio.get_summary()) == 15
    portfolio.enable_backtest_robust_metrics = True
    extra = dict(list(portfolio.get_summary().items())[15:])
    assert list(extra) == [
        "Robustness 1", "Robustness 1 Num Samples", "Cost Shock Score", "Timing Jitter Score",
        "Trade Dropout Score", "Ulcer Index", "Ulcer Index Score", "Data Jitter Score",
        "Data Jitter Num Samples", "p_mean_gt", "Stability Score", "TP/SL Stress Score",
    ]  # fmt: skip
    assert list(extra.values()) == list(ROBUST.values())
    for missing in (None, {}, "text"):
        portfolio.backtest_robust_metrics = missing
        values = list(portfolio.get_summary().values())[15:]
        assert values == [0.0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 1.0, 1.0, 1.0]
        assert [type(value) for value in values[:2]] == [float, int]
    del portfolio.backtest_robust_metrics
    assert portfolio.get_summary()["p_mean_gt"] == 1.0


def test_the_curve_of_the_trades():
    portfolio = Portfolio(1000.0)
    assert portfolio.get_equity_curve() == []
    late, early = closed(time=T0 + 3 * HOUR), closed(95.0)
    part = closed(105.0, "partial_exit")
    late.entry_fee, late.exit_fee = 1.0, 0.5
    ended(portfolio, part, late, early, long(), closed(time=None))
    portfolio.register_fee(9.0, T0, "swap", late)
    points = [(T0 + HOUR, 900.0), (T0 + HOUR, 1000.0), (T0 + 3 * HOUR, 1198.5)]
    assert portfolio.get_equity_curve() == points
    assert portfolio.cash == 1391.0
    portfolio.equity_curve = [(T0 - HOUR, 5.0)]
    assert portfolio.get_equity_curve() == [(T0 - HOUR, 1000.0), *points]
    portfolio.equity_curve = []
    assert portfolio.get_equity_curve() == points
    portfolio.update(T0 + 9 * HOUR)
    assert portfolio.get_equity_curve() == [(T0 + 9 * HOUR, 1000.0), *points]


def test_times_with_and_without_a_zone_cannot_be_ordered():
    aware = closed(time=datetime(2024, 1, 2, tzinfo=timezone.utc))
    portfolio = ended(Portfolio(), closed(), aware)
    with pytest.raises(TypeError):
        portfolio.get_equity_curve()
    aware.status = "open"
    assert len(ended(Portfolio(), aware).get_equity_curve()) == 1


def test_the_frame_of_the_trades():
    portfolio = Portfolio()
    assert list(portfolio.trades_to_dataframe().columns) == FRAME
    assert set(portfolio.trades_to_dataframe().dtypes) == {np.dtype(object)}
    part = closed(reason="partial_exit", metadata={"at": T0})
    part.entry_fee, part.exit_fee = 1.0, 0.123456789
    ended(portfolio, part, closed(initial_stop_loss=90.0, time=T0))
    frame = portfolio.trades_to_dataframe()
    assert list(frame.columns) == FRAME
    assert list(frame["initial_stop_loss"]) == [90.0, 95.0]
    assert list(frame["total_fee"]) == [0.0, 1.123456789]
    assert list(frame["meta"]) == [{}, {"at": "2024-01-02T09:00:00"}]
    assert list(frame["r_multiple"]) == [1.0, 2.0]
    assert list(frame["reason"]) == ["take_profit", "partial_exit"]
    assert isinstance(frame["exit_time"][0], pd.Timestamp)


def test_without_pandas_the_refusal_names_it():
    code = """
import omega_portfolio as op
from omega_portfolio.legacy import Portfolio
try:
    Portfolio().trades_to_dataframe()
except op.InvalidArgument as error:
    print(error)
"""
    (line,) = run_python("import sys; sys.modules['pandas'] = None\n" + code)
    assert "pip install pandas" in line
