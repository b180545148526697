"""The account that the calls for orders, bars, cash and corporate actions are tried on."""

from __future__ import annotations

from typing import Any

import omega_portfolio as op
from bad_inputs import START, Entry, Hostile, Reentrant, entry, scene

BARS = {"A": (100, 103, 98, 101), "B": (50, 51, 49, 50, "0.5")}
ORDER = {"symbol": "B", "side": "long", "size": 1, "price": 100, "type": "limit"}
NIGHTLY = op.Swap("points", "-0.5", "0.25", rollover=("09:30", "17:00"))


def account(backend: str, floats: str = "nearest") -> op.Portfolio:
    """Make the account of `bad_inputs.scene` with more of everything.

    Order 1 buys 2 A at 95, order 2 was cancelled, order 3 sells 1 GRID at 20 in the group "g".
    1 EUR is 1.25 USD, and there are 1,000 EUR of cash. NIGHT is charged 0.5 a night for a long
    and has no position; GBPUSD has no mark, and POUND is quoted in GBP. BTCUSD is inverse.
    """
    portfolio = scene(backend, floats)
    for instrument in (
        op.Instrument("EURUSD", base_currency="EUR", quote_currency="USD"),
        op.Instrument("GBPUSD", base_currency="GBP", quote_currency="USD"),
        op.Instrument("POUND", quote_currency="GBP"),
        op.Instrument("NIGHT", swap=NIGHTLY),
        op.Instrument("BTCUSD", base_currency="BTC", quote_currency="USD", inverse=True),
        op.Instrument("LOTS", lot_step="0.5", tick_size="0.25", min_size=1, max_size=100),
    ):
        portfolio.register_instrument(instrument)
    portfolio.mark({"EURUSD": "1.25"}, time=START)
    portfolio.deposit(1000, START, currency="EUR")
    portfolio.place_order("A", "long", 2, START, price=95, tag="waits")
    portfolio.place_order("A", "long", 2, START, price=94)
    portfolio.cancel_order(2, START)
    portfolio.place_order("GRID", "short", 1, START, price=20, oco="g")
    return portfolio


def waiting(backend: str, floats: str = "nearest") -> op.Portfolio:
    """Make an account with a market order of POUND, whose currency has no rate."""
    portfolio = account(backend, floats)
    portfolio.place_order("POUND", "long", 1, START, type="market")
    return portfolio


def netted(backend: str, floats: str = "nearest") -> op.Portfolio:
    """Make an account in netting mode: 10 A long at 100 in position 1."""
    portfolio = op.Portfolio("100000", leverage=10, mode="netting", floats=floats, backend=backend)
    portfolio.open_position("A", "long", 10, 100, START)
    return portfolio


def charged(backend: str, floats: str = "nearest") -> op.Portfolio:
    """Make an account that holds 2 NIGHT over 2000-01-03, a Monday, and was charged at 17:00."""
    portfolio = op.Portfolio("100000", floats=floats, backend=backend)
    portfolio.register_instrument(op.Instrument("NIGHT", swap=NIGHTLY))
    portfolio.open_position("NIGHT", "long", 2, 100, "2000-01-03")
    portfolio.rollover("NIGHT", "2000-01-03T17:00")
    return portfolio


WHOLES: list[Entry] = [
    entry(5, "zero", 0),
    entry(6, "below", -1),
    entry(11, "huge", 2**63),
    entry(12, "above", 2**127),
    entry(14, "above", 10**5000, "10**5000"),
    entry(15, "type", True),
    entry(32, "type", 1.0),
    entry(32, "type", "1"),
    entry(33, "none", None),
    Entry(34, "hostile __index__", "type", lambda _portfolio: Hostile()),
    Entry(35, "re-entrant __index__", "type", Reentrant),
]
"""Whole numbers that are no ids."""

FLAGS: list[Entry] = [
    entry(5, "type", 0),
    entry(15, "type", 1),
    entry(32, "type", 1.0),
    entry(33, "type", None),
    entry(63, "type", "True"),
    Entry(34, "hostile __index__", "type", lambda _portfolio: Hostile()),
]

MODELS: list[Entry] = [
    entry(21, "type", ""),
    entry(32, "type", {"rate": 1}),
    entry(32, "type", 1),
    entry(32, "type", op.Instrument("A")),
    entry(33, "none", None),
    entry(63, "type", b"rate"),
    Entry(34, "hostile", "type", lambda _portfolio: Hostile()),
]
"""What is no object of terms."""

SEQUENCES: list[Entry] = [
    entry(21, "type", ""),
    entry(32, "type", 1),
    entry(32, "type", {"A": 1}),
    entry(32, "type", {1, 2}),
    entry(32, "type", [1, 2]),
    entry(33, "type", [None]),
    entry(63, "type", b"12"),
    Entry(34, "hostile", "type", lambda _portfolio: Hostile()),
    Entry(34, "of hostiles", "type", lambda _portfolio: [Hostile()]),
]
"""What is no sequence of tuples."""


def order_with(portfolio: op.Portfolio, **changes: object) -> object:
    arguments: dict[str, Any] = {**ORDER, "time": START}
    return portfolio.place_order(**{**arguments, **changes})
