"""The exact account beside the old portfolio: what each call books, and what is listed."""

from __future__ import annotations

from decimal import Decimal
from unittest.mock import Mock

import pytest

import omega_portfolio as op
from legacy_samples import HOUR, T0, closed, exact_on, explained, long, noted, trade
from omega_portfolio.legacy import CAUSES, compare


@pytest.fixture
def make(backend):
    return exact_on(backend)


def test_the_size_is_what_the_old_result_does_not_know(make):
    portfolio = make()
    trade(portfolio, size=3.0)
    assert (portfolio.cash, portfolio.engine.balance) == (1200.0, 1030)
    assert noted(portfolio) == [("size_ignored", "cash", 200.0, 30.0)]
    (row,) = portfolio.differences
    assert (row.number, row.call, row.symbol) == (2, "register_exit", "ACME")
    assert row.time == T0 + HOUR
    assert row.amount == 170
    assert row.text.startswith(CAUSES["size_ignored"])
    assert "long 3 from 100 to 110" in row.text
    explained(portfolio, size_ignored=170.0)
    (done,) = portfolio.engine.get_trades().to_polars().to_dicts()
    assert (done["reason"], done["side"], done["stop_loss"]) == ("take_profit", "long", 95.0)


def test_the_size_for_the_risk_gives_the_old_result(make):
    portfolio = make(size_rule="risk")
    trade(portfolio, size=3.0)
    trade(portfolio, 95.0, direction="short", stop_loss=104.0, risk_per_trade=90.0)
    assert (portfolio.cash, portfolio.engine.balance) == (1312.5, Decimal("1312.5"))
    explained(portfolio)
    # 100 / 0.03 is 3333.333333333 and a third of the last step.
    trade(portfolio, 100.06, stop_loss=99.97)
    row = portfolio.differences[-1]
    assert row.cause == "size_grid"
    assert row.exact == Decimal("3333.333333333") * Decimal("0.06")
    assert compare(portfolio).explained


def test_without_a_distance_there_is_no_size(make):
    portfolio = make(size_rule="risk")
    trade(portfolio, stop_loss=100.0)
    assert noted(portfolio) == [
        ("no_distance", "", 0.0, 0.0), ("no_distance", "cash", 0.0, 0.0)
    ]  # fmt: skip
    explained(portfolio)


def test_contract_and_steps_of_an_instrument_count(make):
    acme = op.Instrument("ACME", contract_size=10, size_decimals=0, price_decimals=2)
    portfolio = make(size_rule="risk", instruments=[acme])
    trade(portfolio)
    assert portfolio.engine.get_trades().to_polars()["size"].to_list() == [2.0]
    assert portfolio.cash == portfolio.engine.balance == 1200
    portfolio = make(instruments=[acme], off_grid="round")
    trade(portfolio, 110.004)
    assert noted(portfolio)[0][0] == "other_prices"
    assert compare(portfolio).explained


def test_a_second_exit(make):
    portfolio = make(size_rule="risk")
    position = trade(portfolio)
    portfolio.register_exit(position)
    assert noted(portfolio) == [("second_exit", "cash", 200.0, 0.0)]
    explained(portfolio, second_exit=200.0)
    portfolio.register_exit(closed())
    assert portfolio.differences[-1].cause == "not_entered"
    explained(portfolio, second_exit=200.0, not_entered=200.0)


def test_a_position_may_be_entered_again(make):
    portfolio = make(size_rule="risk")
    position = trade(portfolio)
    position.status = "open"
    portfolio.register_entry(position)
    portfolio.register_entry(position)
    portfolio.register_exit(position)
    # The entry time is that of the first time, an hour before the first exit.
    assert [row.cause for row in portfolio.differences] == ["time_order", "entered_twice"]
    explained(portfolio)
    portfolio.register_entry(position)
    portfolio.register_exit(position)
    assert [row.cause for row in portfolio.differences[2:]] == ["not_open", "not_open"]
    explained(portfolio, not_open=200.0)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"size": 0.0}, "bad_input"),
        ({"size": -1.0}, "bad_input"),
        ({"entry_price": -5.0}, "bad_input"),
        ({"entry_price": float("inf")}, "bad_input"),
        ({"size": None}, "bad_input"),
        ({"symbol": "A\n"}, "refused"),
        ({"symbol": 5}, "refused"),
    ],
)
def test_bad_input_is_listed(make, changes, cause):
    portfolio = make()
    position = long(**changes)
    portfolio.register_entry(position)
    assert noted(portfolio) == [(cause, "", 0.0, 0.0)]
    position.exit_price, position.result = 110.0, 50.0
    portfolio.register_exit(position)
    assert noted(portfolio)[1:] == [(cause, "cash", 50.0, 0.0)]
    explained(portfolio, **{cause: 50.0})
    assert len(portfolio.engine.get_trades()) == 0


def test_an_account_cannot_carry_everything(make):
    portfolio = make(leverage=1)
    trade(portfolio, size=11.0)
    assert portfolio.differences[0].cause == "margin"
    explained(portfolio, margin=200.0)


def test_levels_on_the_wrong_side_are_left_out(make):
    portfolio = make()
    portfolio.register_entry(long(stop_loss=105.0, take_profit=float("nan")))
    assert [row.cause for row in portfolio.differences] == ["level_left_out"] * 2
    (held,) = portfolio.engine.positions.values()
    assert (held.stop_loss, held.take_profit) == (None, None)
    portfolio.register_entry(long(initial_stop_loss=90.0, take_profit=None))
    assert portfolio.engine.positions[2].stop_loss == 90
    assert len(portfolio.differences) == 2


def test_an_order_is_opened_when_its_status_says_so(make):
    portfolio = make(size_rule="risk")
    order, expiring, odd = (long(status="pending") for _ in range(3))
    for position in (order, expiring, odd):
        portfolio.register_entry(position)
    assert len(portfolio.engine.positions) == 0
    order.status, order.trigger_time = "open", T0 + HOUR
    portfolio.register_fee(1.0, T0 + HOUR, "entry", order)
    assert len(portfolio.engine.positions) == 1
    expiring.reason = "limit_expired"
    portfolio.register_exit(expiring)
    assert portfolio.differences == []
    odd.close(T0 + HOUR, 110.0, "signal")
    portfolio.register_exit(odd)
    assert noted(portfolio) == [("pending_paid", "cash", 200.0, 0.0)]
    order.close(T0 + 2 * HOUR, 110.0, "signal")
    portfolio.register_exit(order)
    explained(portfolio, pending_paid=200.0)
    done = portfolio.engine.get_trades().to_polars()
    assert done["entry_fee"].to_list() == [1.0]
    assert done["entry_time"].dt.replace_time_zone(None).to_list() == [T0 + HOUR]


def test_an_order_that_is_entered_twice_is_opened_once(make):
    portfolio, order = make(), long(status="pending")
    portfolio.register_entry(order)
    portfolio.register_entry(order)
    order.status = "open"
    portfolio.update(T0)
    assert len(portfolio.engine.positions) == 1
    assert [row.cause for row in portfolio.differences] == ["entered_twice"]


def test_what_is_less_than_the_unit_of_money_is_rounding(make):
    portfolio, position = make(0.0, size_rule="risk"), long()
    portfolio.register_fee(1e-19, T0, "data")
    portfolio.register_entry(position)
    portfolio.register_fee(1.5e-18, T0, "entry", position)
    portfolio.register_fee(2.5e-19, T0, "exit", position)
    position.close(T0, 100.0, "signal")
    portfolio.register_exit(position)
    portfolio.cash += 1e-19
    portfolio.cash = 3.3e-18
    assert [row.cause for row in portfolio.differences] == [
        "margin",
        "fee_late",
        "fee_late",
        "margin",
        "cash_set",
    ]
    found = compare(portfolio)
    assert found.explained
    assert set(found.lines["cash"].parts) == {"float_results"}


def test_fees_go_where_they_belong(make):
    portfolio = make(size_rule="risk")
    position = long()
    portfolio.register_entry(position)
    portfolio.register_fee(1.0, T0, "entry", position)
    portfolio.register_fee(0.1, T0, "swap", position)
    portfolio.register_fee(0.2, T0, "data")
    position.close(T0 + HOUR, 110.0, "signal")
    portfolio.register_fee(0.5, T0 + HOUR, "exit", position)
    portfolio.register_fee(-0.25, T0 + HOUR, "exit", position)
    portfolio.register_exit(position)
    portfolio.register_fee(0.4, T0 + HOUR, "exit", position)
    assert [row.cause for row in portfolio.differences] == ["fee_kind", "fee_late"]
    (done,) = portfolio.engine.get_trades().to_polars().to_dicts()
    assert (done["entry_fee"], done["exit_fee"]) == (1.1, 0.25)
    assert portfolio.engine.balance == Decimal("1198.05")
    lines = compare(portfolio).lines
    assert lines["total_fees"].exact == Decimal("1.95")
    # The late exit fee is on the old position, so only the other kinds are left out.
    assert lines["trade_curve_end"].parts["curve_fees"] == Decimal("0.3")


def test_an_exit_fee_without_its_exit_is_booked_by_the_next_call(make):
    portfolio = make()
    position = long()
    portfolio.register_entry(position)
    portfolio.register_fee(0.5, T0, "exit", position)
    portfolio.update(T0 + HOUR)
    assert portfolio.engine.balance == Decimal("999.5")
    portfolio.register_fee(0.5, T0, "exit", position)
    assert portfolio.engine.balance == 999


def test_a_partial_exit_is_listed(make):
    portfolio = make(size_rule="risk")
    trade(portfolio, reason="partial_exit")
    assert noted(portfolio) == [("partial_exit", "", 0.0, 0.0)]
    assert len(portfolio.engine.positions) == 0
    explained(portfolio)


def test_an_exit_without_a_price_leaves_the_position_open(make):
    portfolio = make()
    position = long(result=7.0)
    portfolio.register_entry(position)
    portfolio.register_exit(position)
    assert noted(portfolio) == [("no_exit_price", "cash", 7.0, 0.0)]
    assert len(portfolio.engine.positions) == 1
    explained(portfolio, no_exit_price=7.0)


def test_an_exit_at_no_price_leaves_the_position_open(make):
    portfolio = make()
    position = trade(portfolio, -1.0)
    assert noted(portfolio) == [("bad_input", "cash", position.result, 0.0)]
    assert len(portfolio.engine.positions) == 1
    assert compare(portfolio).explained


def test_a_result_that_was_set_by_hand(make):
    portfolio = make()
    position = long()
    portfolio.register_entry(position)
    position.close(T0, 110.0, "signal")
    position.result = 55.0
    portfolio.register_exit(position)
    assert noted(portfolio) == [("result_set", "cash", 55.0, 20.0)]
    explained(portfolio, result_set=35.0)


def test_prices_that_were_changed_after_the_entry(make):
    portfolio = make(size_rule="risk")
    position = long()
    portfolio.register_entry(position)
    position.entry_price = 99.0
    position.close(T0, 110.0, "signal")
    portfolio.register_exit(position)
    assert noted(portfolio) == [("other_prices", "cash", 275.0, 200.0)]
    explained(portfolio, other_prices=75.0)


def test_cash_that_is_set_is_paid_in_or_out(make):
    portfolio = make()
    portfolio.cash += 500.0
    assert portfolio.engine.balance == 1500
    portfolio.cash = 1400.25
    portfolio.update(T0)
    assert portfolio.engine.balance == Decimal("1400.25")
    assert [row.cause for row in portfolio.differences] == ["cash_set"] * 2
    assert portfolio.engine.get_ledger().to_polars()["kind"].to_list() == ["deposit", "withdrawal"]
    portfolio.cash = -5.0
    assert noted(portfolio)[-1] == ("cash_set", "cash", -1405.25, 0.0)
    explained(portfolio, cash_set=-1405.25)


def test_times_that_go_back_are_booked_at_the_last_one(make):
    portfolio = make()
    portfolio.update(T0 + HOUR)
    portfolio.update(None)
    trade(portfolio, size=20.0)
    assert [row.cause for row in portfolio.differences] == ["time_order"] * 2
    assert portfolio.engine.time.replace(tzinfo=None) == T0 + HOUR
    explained(portfolio)
    portfolio = make()
    portfolio.update("no time")
    assert portfolio.engine.time.timestamp() == 0


def test_numbers_that_the_engine_cannot_hold_are_listed(make):
    portfolio = make(1e18)
    portfolio.register_fee(1e20, T0, "data")
    assert noted(portfolio) == [("refused", "cash", -1e20, 0.0)]
    explained(portfolio, refused=-1e20)
    portfolio = make(1e18)
    portfolio.register_entry(long(size=1e10))
    portfolio.register_entry(long(entry_price=1e11, take_profit=2e11, size=1.0))
    assert noted(portfolio) == [("refused", "", 0.0, 0.0)]
    assert len(portfolio.engine.positions) == 2
    portfolio.engine.verify()


def test_what_is_no_number_stops_no_caller(make):
    portfolio = make(size_rule="risk")
    position = long(stop_loss=None, risk_per_trade="much", result=5.0, exit_price=101.0)
    position.exit_time = T0
    portfolio.register_entry(position)
    portfolio.register_exit(position)
    explained(portfolio, no_distance=5.0)
    portfolio = make()
    portfolio.register_entry(position)
    portfolio.register_exit(position)
    assert [row.cause for row in portfolio.differences] == ["not_open", "not_open"]
    position.status, position.take_profit = "open", "high"
    portfolio.register_entry(position)
    portfolio.register_exit(position)
    assert [row.cause for row in portfolio.differences[2:]] == ["level_left_out", "result_set"]
    assert compare(portfolio).explained


def test_a_broken_engine_is_not_listed_but_raised(make, monkeypatch):
    portfolio = make()

    broken = Mock(side_effect=op.InvariantViolation("balance", "1", "is broken", "stop"))
    monkeypatch.setattr(type(portfolio.engine), "charge_fee", broken, raising=False)
    with pytest.raises(op.InvariantViolation):
        portfolio.register_fee(1.0, T0, "data")
