"""The checks that a migration from another portfolio class begins with, on both backends.

Precision over many small trades, the balance identity, valid positions, and the calls whose
times a migration compares. The classes are named, as a user of the runbook names them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

import omega_portfolio as op

TRADES = 10_000
START = 1_704_067_200_000_000
CLASSES = {"rust": "PortfolioRust", "python": "PortfolioPython"}


@pytest.fixture
def portfolio(backend: str) -> op.Portfolio:
    made = getattr(op, CLASSES[backend])(initial_balance=100000.0)
    assert type(made).__name__ == CLASSES[backend]
    assert made.backend == backend
    return made


def small_trades() -> Iterator[tuple[str, int, int, int, int]]:
    """Give side, size, entry and exit price in cents, and the fee in cents of each trade."""
    for number in range(TRADES):
        entry = 10_000 + number * 37 % 1_999
        exit_ = entry + number * 13 % 41 - 20
        yield ("long", "short")[number % 2], 1 + number % 9, entry, exit_, number % 7


def text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def test_ten_thousand_trades_leave_the_exact_balance(portfolio):
    expected_cents = 100_000_00
    for number, (side, size, entry, exit_, fee) in enumerate(small_trades()):
        moment = START + number
        position_id = portfolio.open_position("ACME", side, size, text(entry), moment)
        assert portfolio.balance + portfolio.unrealized_pnl == portfolio.equity
        portfolio.close_position(position_id, text(exit_), moment, fee=text(fee))
        assert portfolio.balance + portfolio.unrealized_pnl == portfolio.equity
        direction = 1 if side == "long" else -1
        expected_cents += direction * size * (exit_ - entry) - fee
    assert expected_cents != 100_000_00
    state = portfolio.get_state()
    assert state.balance == Decimal(expected_cents).scaleb(-2)
    assert str(state.balance) == text(expected_cents)
    assert state.balance == state.equity
    assert state.margin_used == 0
    assert len(portfolio.get_trades()) == TRADES
    portfolio.verify()


def test_ten_thousand_trades_in_floats_leave_the_exact_balance(portfolio):
    """A price given as the float 100.01 is the price 100.01, not the binary number behind it."""
    expected_cents = 100_000_00
    for number in range(TRADES):
        position_id = portfolio.open_position("ACME", "long", 3, 100.01, START + number, fee=0.1)
        portfolio.close_position(position_id, 100.02, START + number)
        expected_cents += 3 - 10
    assert str(portfolio.get_state().balance) == text(expected_cents)


def test_the_identity_holds_while_positions_are_open(portfolio):
    open_ids: list[int] = []
    for number, (side, size, entry, exit_, fee) in enumerate(small_trades()):
        if number == 1_000:
            break
        moment = START + number
        open_ids.append(
            portfolio.open_position("ACME", side, size, text(entry), moment, fee=text(fee))
        )
        portfolio.update_equity(moment, {"ACME": (text(exit_), text(exit_ + 2))})
        assert portfolio.balance + portfolio.unrealized_pnl == portfolio.equity
        if len(open_ids) > 20:
            portfolio.close_position(open_ids.pop(0), text(exit_), moment)
            assert portfolio.balance + portfolio.unrealized_pnl == portfolio.equity
    assert len(portfolio.positions) == 20
    assert portfolio.unrealized_pnl != 0


def test_open_positions_are_valid(portfolio):
    for number, (side, size, entry, _, fee) in enumerate(small_trades()):
        if number == 40:
            break
        portfolio.open_position("ACME", side, size, text(entry), START + number, fee=text(fee))
    current_time = portfolio.time
    visited = 0
    for position in portfolio.positions.values():
        assert position.size > 0
        assert position.entry_price > 0
        assert position.entry_time <= current_time
        visited += 1
    assert visited == 40


def test_the_calls_of_the_performance_table_can_be_timed(portfolio, record_property):
    """Times are recorded with the test and printed; a machine's speed is no matter of a test."""
    seconds: dict[str, list[float]] = {}

    def timed(name, call, *arguments, **keywords):
        begin = time.perf_counter()
        result = call(*arguments, **keywords)
        seconds.setdefault(name, []).append(time.perf_counter() - begin)
        return result

    for number in range(200):
        moment = START + number
        opened = timed("open_position", portfolio.open_position, "ACME", "long", 1, 100, moment)
        portfolio.update_equity(moment, {"ACME": 100 + number % 3})
        timed("close_position", portfolio.close_position, opened, 101, moment)
        timed("get_state", portfolio.get_state)
    metrics = timed("calculate_metrics", portfolio.calculate_metrics)
    assert metrics.trade_count == 200
    assert set(seconds) == {"open_position", "close_position", "get_state", "calculate_metrics"}
    for name, values in seconds.items():
        microseconds = min(values) * 1e6
        record_property(f"{portfolio.backend} {name} us", round(microseconds, 2))
        print(f"{portfolio.backend:<7}{name:<18}{microseconds:>10.2f} us")  # noqa: T201
