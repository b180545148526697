"""The old portfolio: each sentence of its description as a small story with the result by hand."""

from __future__ import annotations

import copy
import json
import math
from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest

import omega_portfolio as op
from interpreter import ABSENT, pickled, run_python
from legacy_samples import HOUR, T0, closed, ended, long
from omega_portfolio.legacy import BatchResult, Portfolio, PortfolioPosition, get_rust_status

# The position.


def test_a_position_has_these_fields_and_defaults():
    position = PortfolioPosition(T0, "long", "ACME", 100.0, 95.0, 110.0, 2.0)
    assert vars(position) == {
        "entry_time": T0, "direction": "long", "symbol": "ACME", "entry_price": 100.0,
        "stop_loss": 95.0, "take_profit": 110.0, "size": 2.0, "risk_per_trade": 100.0,
        "initial_stop_loss": None, "initial_take_profit": None, "exit_time": None,
        "exit_price": None, "result": None, "reason": None, "is_closed": False,
        "trigger_time": None, "order_type": "market", "status": "open", "last_update": None,
        "entry_fee": 0.0, "exit_fee": 0.0, "metadata": {},
    }  # fmt: skip
    assert position == long()
    assert position is not long()
    assert position.metadata is not long().metadata
    with pytest.raises(TypeError):
        hash(position)


@pytest.mark.parametrize(
    ("changes", "price", "result"),
    [
        ({}, 110.0, 200.0),
        ({}, 95.0, -100.0),
        ({"direction": "short", "stop_loss": 105.0}, 110.0, -200.0),
        ({"direction": "LONG"}, 110.0, -200.0),
        ({"direction": "anything"}, 90.0, 200.0),
        ({"size": 1.0}, 110.0, 200.0),
        ({"size": 50.0}, 110.0, 200.0),
        ({"size": -1.0}, 110.0, 200.0),
        ({"risk_per_trade": 50.0}, 110.0, 100.0),
        ({"stop_loss": 105.0}, 110.0, 200.0),  # on the wrong side: nobody sees it
        ({"initial_stop_loss": 90.0}, 110.0, 100.0),  # the first stop counts
        ({"initial_stop_loss": 0.0, "stop_loss": 95.0}, 110.0, 10.0),  # a stop at 0 is a stop
        ({"stop_loss": 100.0}, 110.0, 0.0),
        ({"initial_stop_loss": 100.0}, 110.0, 0.0),
    ],
)
def test_the_result_is_the_move_in_units_of_the_risk(changes, price, result):
    position = closed(price, **changes)
    assert position.result == result
    assert position.r_multiple == result / position.risk_per_trade
    assert position.is_closed is True
    assert position.status == "open"
    assert (position.exit_time, position.exit_price) == (T0 + HOUR, price)


def test_a_second_close_overwrites_the_first():
    position = closed(110.0)
    position.stop_loss = 90.0
    position.close(time=T0 + 2 * HOUR, price=105.0, reason="late")
    assert (position.result, position.reason) == (50.0, "late")
    assert position.exit_time == T0 + 2 * HOUR


def test_the_multiple_is_computed_anew_and_a_given_one_wins():
    position = long()
    assert position.r_multiple == 0.0
    position.exit_price = 110.0
    assert position.r_multiple == 2.0
    position.stop_loss = 90.0
    assert position.r_multiple == 1.0
    assert position.result is None
    position._precomputed_r_multiple = 7.5
    assert position.r_multiple == 7.5
    position._precomputed_r_multiple = None
    assert position.r_multiple == 1.0
    assert not hasattr(long(), "_precomputed_r_multiple")


def test_the_times_have_second_names():
    position = closed()
    assert (position.open_time, position.close_time) == (T0, T0 + HOUR)


def test_to_dict_is_plain_and_rounded():
    position = closed(
        1.1234567,
        entry_price=1.1000004,
        stop_loss=1.0,
        initial_stop_loss=1.0500049,
        take_profit=1.2,
        size=0.123456,
    )
    row = position.to_dict()
    assert list(row.items()) == [
        ("entry_time", "2024-01-02T09:00:00"), ("exit_time", "2024-01-02T10:00:00"),
        ("direction", "long"), ("entry_price", 1.1), ("exit_price", 1.12346),
        ("initial_stop_loss", 1.05), ("stop_loss", 1.0), ("take_profit", 1.2),
        ("size", 0.123456), ("result", 46.92), ("reason", "take_profit"),
        ("order_type", "market"), ("status", "open"), ("r_multiple", 0.46917),
    ]  # fmt: skip
    assert len(row) == 14
    empty = long(initial_stop_loss=None).to_dict()
    assert (empty["exit_time"], empty["exit_price"], empty["result"]) == (None, None, None)
    assert empty["initial_stop_loss"] is None
    position.metadata = {
        "day": T0,
        1: {"a": np.int64(3), "b": (1, 2)},
        "z": {"x"},
        "d": Fraction(1, 2),
    }
    meta = {"day": "2024-01-02T09:00:00", "1": {"a": 3, "b": [1, 2]}, "z": ["x"], "d": "1/2"}
    assert position.to_dict()["meta"] == meta
    assert json.loads(json.dumps(position.to_dict()))["meta"] == meta


# The attributes and the fees.


def test_a_new_portfolio_has_these_attributes():
    assert vars(Portfolio()) == {
        "initial_balance": 10000.0, "cash": 10000.0, "equity": 10000.0, "start_timestamp": None,
        "open_positions": [], "closed_positions": [], "expired_orders": [],
        "partial_closed_positions": [], "closed_position_break_even": [], "max_equity": 10000.0,
        "max_drawdown": 0.0, "initial_max_drawdown": 0.0,
        "equity_curve": [(datetime(2000, 1, 1), 10000.0)], "total_fees": 0.0, "fees_log": [],
    }  # fmt: skip
    assert isinstance(Portfolio(1000).cash, int)
    assert Portfolio(initial_balance=5.0).cash == 5.0
    assert not hasattr(Portfolio(), "strategy_wrapper")


def test_a_fee_goes_from_the_cash_to_the_log():
    portfolio, position = Portfolio(100.0), long()
    portfolio.register_fee(1.5, T0, "entry", position)
    portfolio.register_fee(amount=0.5, time=T0, kind="exit", position=position)
    portfolio.register_fee(2, T0, "swap", position)
    portfolio.register_fee("0.25", None, "other")
    portfolio.register_fee(-1.0, T0, "entry", position)
    assert (portfolio.cash, portfolio.equity, portfolio.total_fees) == (96.75, 96.75, 3.25)
    assert (position.entry_fee, position.exit_fee) == (0.5, 0.5)
    assert portfolio.fees_log[0] == {
        "time": T0, "kind": "entry", "symbol": "ACME", "size": 2.0, "fee": 1.5
    }  # fmt: skip
    assert list(portfolio.fees_log[0]) == ["time", "kind", "symbol", "size", "fee"]
    assert portfolio.fees_log[3] == {
        "time": None, "kind": "other", "symbol": None, "size": None, "fee": 0.25
    }  # fmt: skip
    assert portfolio.open_positions == []


@pytest.mark.parametrize("nothing", [0, 0.0, -0.0, None, "", False])
def test_a_fee_of_nothing_leaves_no_trace(nothing):
    portfolio = Portfolio(100)
    portfolio.equity = 7.0
    portfolio.register_fee(nothing, T0, "entry", long())
    assert (portfolio.cash, portfolio.equity, portfolio.fees_log) == (100, 7.0, [])
    assert isinstance(portfolio.cash, int)


def test_a_fee_that_is_no_number_poisons_the_cash():
    portfolio = ended(Portfolio(100.0), closed())
    portfolio.register_fee(math.nan, T0, "entry")
    assert math.isnan(portfolio.cash)
    assert math.isnan(portfolio.equity)
    ended(portfolio, closed())
    portfolio.update(T0)
    assert math.isnan(portfolio.cash)
    assert (portfolio.max_equity, portfolio.max_drawdown) == (100.0, 0.0)
    assert math.isnan(portfolio.get_summary()["Final Balance"])


# Entries and exits.


@pytest.mark.parametrize("symbol", ["", None])
def test_a_position_needs_a_symbol(symbol):
    with pytest.raises(ValueError, match=r"^Position must have a 'symbol' assigned\.$"):
        Portfolio().register_entry(long(symbol=symbol))


def test_nothing_else_is_checked_at_an_entry():
    portfolio, position = Portfolio(), long(size=-1.0, entry_price=-5.0)
    portfolio.register_entry(position)
    portfolio.register_entry(position)
    assert portfolio.open_positions[0] is portfolio.open_positions[1] is position
    assert portfolio.cash == 10000.0


LISTS = [
    *("closed_positions", "partial_closed_positions", "closed_position_break_even"),
    "expired_orders",
]


@pytest.mark.parametrize(
    ("status", "reason", "lists", "cash"),
    [
        ("open", "take_profit", ["closed_positions"], 1200.0),
        ("open", None, ["closed_positions"], 1200.0),
        ("open", "partial_exit", ["partial_closed_positions"], 1200.0),
        (
            *("open", "break_even_stop_loss"),
            *(["closed_positions", "closed_position_break_even"], 1200.0),
        ),
        ("open", "limit_expired", ["closed_positions"], 1200.0),
        ("pending", "limit_expired", ["expired_orders"], 1000.0),
        ("pending", "take_profit", [], 1200.0),
        ("pending", "partial_exit", [], 1200.0),
        ("closed", "take_profit", [], 1200.0),
        ("closed", "limit_expired", [], 1200.0),
        ("OPEN", "take_profit", [], 1200.0),
    ],
)
def test_status_and_reason_decide_where_a_position_goes(status, reason, lists, cash):
    portfolio, position = Portfolio(1000.0), closed(reason=reason, status=status)
    portfolio.register_entry(position)
    portfolio.register_exit(position)
    assert [name for name in LISTS if getattr(portfolio, name)] == [
        name for name in LISTS if name in lists
    ]
    assert all(getattr(portfolio, name) == [position] for name in lists)
    assert position.status == "closed"
    assert (portfolio.cash, portfolio.equity) == (cash, cash)
    assert portfolio.open_positions == []


def test_an_exit_without_a_result_pays_nothing_and_keeps_the_type():
    portfolio = ended(Portfolio(1000), long())
    assert portfolio.cash == 1000
    assert isinstance(portfolio.cash, int)
    assert len(portfolio.closed_positions) == 1


def test_a_position_need_not_have_been_entered():
    portfolio = Portfolio(1000.0)
    portfolio.register_exit(closed())
    assert portfolio.cash == 1200.0
    assert len(portfolio.closed_positions) == 1


def test_a_second_exit_pays_again_and_adds_to_no_list():
    portfolio, position = Portfolio(1000.0), closed()
    ended(portfolio, position)
    portfolio.register_exit(position)
    assert portfolio.cash == 1400.0
    assert len(portfolio.closed_positions) == 1


def test_a_partial_exit_removes_all_of_it():
    portfolio = ended(Portfolio(1000.0), closed(reason="partial_exit"))
    assert portfolio.open_positions == []
    assert portfolio.partial_closed_positions[0].size == 2.0


def test_an_expired_order_moves_no_money_and_leaves_the_equity():
    portfolio, position = Portfolio(1000.0), closed(reason="limit_expired", status="pending")
    portfolio.equity = 3.0
    portfolio.strategy_wrapper = Wrapper()
    ended(portfolio, position)
    assert (portfolio.cash, portfolio.equity) == (1000.0, 3.0)
    assert portfolio.strategy_wrapper.last_exit_time is None


class Wrapper:
    last_exit_time = None
    entry_timestamp_mode = "open"
    timeframe = "M15"


@pytest.mark.parametrize(
    ("mode", "timeframe", "time", "told"),
    [
        ("open", "M15", T0, T0),
        ("close", "M15", T0, T0 + timedelta(minutes=15)),
        ("close", "H4", T0, T0 + timedelta(hours=4)),
        ("close", "D1", T0, T0 + timedelta(days=1)),
        ("close", "W1", T0, None),
        ("close", "", T0, None),
        ("close", "M5", None, None),
        ("close", "M5", "a text", None),
        ("open", "W1", "a text", "a text"),
    ],
)
def test_the_strategy_is_told_when_its_trade_ended(mode, timeframe, time, told):
    portfolio = Portfolio()
    portfolio.strategy_wrapper = Wrapper()
    portfolio.strategy_wrapper.entry_timestamp_mode = mode
    portfolio.strategy_wrapper.timeframe = timeframe
    ended(portfolio, closed(time=time))
    assert portfolio.strategy_wrapper.last_exit_time == told


def test_a_wrapper_that_cannot_be_told_stops_nothing():
    class Deaf:
        __slots__ = ()

    portfolio = Portfolio(1000.0)
    portfolio.strategy_wrapper = Deaf()
    assert ended(portfolio, closed()).cash == 1200.0
    portfolio.strategy_wrapper = None
    assert ended(portfolio, closed()).cash == 1400.0


def test_open_positions_are_the_list_itself_or_a_new_one():
    portfolio, first, other = Portfolio(), long(), long(symbol="BOLT")
    portfolio.register_entry(first)
    portfolio.register_entry(other)
    assert portfolio.get_open_positions() is portfolio.open_positions
    assert portfolio.get_open_positions("") is portfolio.open_positions
    assert portfolio.get_open_positions("BOLT") == [other]
    portfolio.get_open_positions(symbol="BOLT").clear()
    assert len(portfolio.open_positions) == 2
    portfolio.get_open_positions().clear()
    assert portfolio.open_positions == []


# Copies, status, names.


@pytest.mark.parametrize("clone", [copy.deepcopy, pickled])
def test_a_portfolio_can_be_copied(clone):
    portfolio = ended(Portfolio(1000.0), closed())
    portfolio.register_entry(long())
    twin = clone(portfolio)
    assert vars(twin) == vars(portfolio)
    assert twin.open_positions is not portfolio.open_positions


def test_a_derived_portfolio_may_take_other_arguments():
    class Mine(Portfolio):
        def __init__(self, name, balance, *, extra=1):
            super().__init__(balance)
            self.name, self.extra = name, extra

    mine = Mine("a", 5.0, extra=3)
    assert (mine.name, mine.cash, mine.extra) == ("a", 5.0, 3)


def test_the_status_says_what_the_backend_says():
    status = get_rust_status()
    found = op.backend_status()
    assert list(status) == ["available", "enabled", "flag", "error"]
    assert status["available"] is ("rust" in found.available)
    assert status["enabled"] is (found.live == "rust")
    assert status["flag"] == found.requested
    assert (status["error"] is None) is status["available"]


def test_the_status_without_a_compiled_module():
    code = "from omega_portfolio.legacy import get_rust_status as s; print(s())"
    (line,) = run_python(code, "false")
    assert "'enabled': False, 'flag': 'false', 'error': None" in line
    (line,) = run_python(code, "nonsense")
    assert "'enabled': False, 'flag': 'nonsense', 'error': \"USE_RUST_PORTFOLIO" in line
    (line,) = run_python(ABSENT + code)
    assert "'available': False, 'enabled': False, 'flag': 'auto', 'error': " in line
    assert "is not installed" in line


def test_the_names_of_the_module():
    assert op.legacy.Portfolio is Portfolio
    assert set(op.legacy.__all__) <= set(dir(op.legacy))
    assert BatchResult().errors == []
    assert repr(BatchResult(9, 3, 2, 3, 1)) == (
        "BatchResult(ops=9, entries=3, exits=2, updates=3, fees=1, errors=0)"
    )
