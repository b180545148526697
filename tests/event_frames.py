"""Frames of events for tests, and an account that had every kind of event.

A frame is written row by row, as dicts of the cells that a row has; all others are null.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa

import omega_portfolio as op
from account_picture import TABLES, picture

NUMBER = pa.decimal128(38, 9)
MONEY = pa.decimal128(38, 18)

KINDS: dict[str, pa.DataType] = {
    "action": pa.string(),
    "time": pa.int64(),
    "symbol": pa.string(),
    "side": pa.string(),
    "size": NUMBER,
    "price": NUMBER,
    "bid": NUMBER,
    "ask": NUMBER,
    "stop_loss": NUMBER,
    "take_profit": NUMBER,
    "position_id": pa.int64(),
    "key": pa.string(),
    "fee": MONEY,
    "amount": MONEY,
    "tag": pa.string(),
    "reason": pa.string(),
    "event": pa.int64(),
    "price_decimals": pa.int8(),
    "size_decimals": pa.int8(),
    "contract_size": NUMBER,
    "leverage": NUMBER,
    "quote_currency": pa.string(),
    "terms": pa.string(),
    "trailing": NUMBER,
    "break_even": NUMBER,
    "break_even_offset": NUMBER,
    "targets": pa.string(),
    "exit_time": pa.int64(),
    "type": pa.string(),
    "expiry": pa.int64(),
    "oco": pa.string(),
    "order_id": pa.int64(),
    "other_id": pa.int64(),
    "open": NUMBER,
    "high": NUMBER,
    "low": NUMBER,
    "close": NUMBER,
    "spread": NUMBER,
    "path": pa.string(),
    "currency": pa.string(),
    "from_currency": pa.string(),
    "to_currency": pa.string(),
    "rate": MONEY,
    "kind": pa.string(),
    "long": NUMBER,
    "short": NUMBER,
    "multiplier": pa.int64(),
    "pay_time": pa.int64(),
    "numerator": pa.int64(),
    "denominator": pa.int64(),
}
"""The columns of E1 in their order, each with a type that holds every value exactly."""

TIMES = ("time", "exit_time", "expiry", "pay_time")
"""The columns of times, here as microseconds."""


def table(*rows: dict[str, Any], **kinds: pa.DataType) -> pa.Table:
    """Make a frame of the columns that its rows have; `kinds` gives other types."""
    known = {**KINDS, **kinds}
    names = [name for name in known if any(name in row for row in rows)]
    return pa.table(
        {name: pa.array([_cell(row.get(name), known[name]) for row in rows], known[name])
         for name in names}
    )  # fmt: skip


def _cell(value: object, kind: pa.DataType) -> object:
    if value is not None and pa.types.is_decimal(kind):
        return Decimal(str(value))
    return value


def opened(time: int, **cells: object) -> dict[str, Any]:
    """Make a row that opens one ACME at 100, unless told otherwise."""
    row: dict[str, Any] = {"action": "open", "time": time, "symbol": "ACME", "side": "long"}
    return {**row, "size": 1, "price": 100, **cells}


def closed(time: int, **cells: object) -> dict[str, Any]:
    """Make a row that closes at 100."""
    return {"action": "close", "time": time, "price": 100, **cells}


def quoted(action: str, time: int | None, **cells: object) -> dict[str, Any]:
    return {"action": action, "time": time, **cells}


def paid(time: int, amount: object = 1) -> dict[str, Any]:
    """Make a row that pays money in."""
    return {"action": "deposit", "time": time, "amount": amount}


def terms_of(**terms: object) -> str:
    """Give the text of terms, as get_events writes it."""
    portfolio = op.PortfolioPython(1)
    portfolio.register_instrument(op.Instrument("A", **terms))
    (text,) = portfolio.get_events().to_polars()["terms"].to_list()
    return str(text)


def whole_picture(portfolio: op.Portfolio) -> dict[str, object]:
    """Give everything that an account shows, each row of each table included."""
    rows = {name: read(portfolio).to_polars().rows() for name, read in TABLES.items()}
    events = portfolio.get_events().to_polars().rows()
    return {**picture(portfolio), **rows, "events of the frame": events}


def live_through(portfolio: op.Portfolio) -> None:
    """Make every kind of call, in every form that its event can have."""
    portfolio.mark({})
    portfolio.register_instrument(
        op.Instrument("GRID", price_decimals=2, size_decimals=1, contract_size=5, leverage=4)
    )
    portfolio.register_instrument(op.Instrument("HALF", price_decimals=8, contract_size="0.5"))
    portfolio.open_position(
        "GRID", "long", 2, 10, 100, stop_loss="9.5", take_profit=12, fee="0.25", tag="first"
    )
    portfolio.open_position("GRID", "short", 1, 10, 100, position_id=7)
    portfolio.open_position("NEW", "buy", 1, 3, 105, fee="-0.5")
    portfolio.mark({"GRID": ("10.1", "10.2"), "SEEN": "0.000000001"}, time=110)
    portfolio.mark({"NEW": "3.5"})
    portfolio.modify_position(1, 110, stop_loss="9.9")
    portfolio.modify_position(1, 111, stop_loss=None, take_profit=13)
    portfolio.modify_position(7, 111, take_profit=None)
    portfolio.close_position(1, "10.1", 120, size="0.5", fee="0.1", reason="part")
    portfolio.close_position(2, 4, 120)
    portfolio.charge_fee("0.4", 120, position_id=7)
    portfolio.charge_fee("-0.000000000000000001", 120)
    portfolio.deposit(3, 120)
    portfolio.withdraw(50, 121)
    portfolio.update_equity(121, {"GRID": "10.05", "NEW": 3, "OTHER": (1, 2)})
    portfolio.update_equity(122)
    portfolio.open_position("HALF", "sell", 4, 3, 122, position_id=4)
    portfolio.open_position("HALF", "sell", 4, 3, 122, tag="a tag that is longer than a view")
