"""The columns of a frame of events, declared once (SPEC E1), and how they come in (E2, E3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from omega_portfolio.errors import InvalidText, describe
from omega_portfolio.oracle.account_reading import (
    read_cash_currency,
    read_swap_kind,
    read_whole,
)
from omega_portfolio.oracle.bar_reading import read_path
from omega_portfolio.oracle.frame_texts import read_targets_text, read_terms_text
from omega_portfolio.oracle.frames import Frame, Holds
from omega_portfolio.oracle.numbers import MONEY_SCALE, QUANTITY_SCALE, FloatPolicy, read_number
from omega_portfolio.oracle.order_reading import read_order_id, read_order_type
from omega_portfolio.oracle.terms import Terms
from omega_portfolio.oracle.texts import (
    read_position_id,
    read_side,
    read_str,
    read_symbol,
    read_text,
)
from omega_portfolio.oracle.times import read_nanoseconds

Read: TypeAlias = Callable[[str, Any, FloatPolicy], Any]
"""Converts one cell that is not null, or refuses it in the name of its column."""


class EventColumn(NamedTuple):
    """A row of the table of E1: the actions that need the cell, and those that may have it."""

    holds: Holds
    read: Read
    needed_by: str = ""
    taken_by: str = ""


def _text(name: str, cell: str, _: FloatPolicy) -> str:
    return read_str(name, cell)


def _symbol(name: str, cell: str, _: FloatPolicy) -> str:
    return read_symbol(name, cell)


def _side(name: str, cell: str, _: FloatPolicy) -> int:
    return read_side(name, cell)


def _free_text(name: str, cell: str, _: FloatPolicy) -> str:
    return read_text(name, cell)


def _time(name: str, cell: int, _: FloatPolicy) -> int:
    return read_nanoseconds(name, cell)


def _quantity(name: str, cell: object, policy: FloatPolicy) -> int:
    return read_number(name, cell, QUANTITY_SCALE, policy)


def _money(name: str, cell: object, policy: FloatPolicy) -> int:
    return read_number(name, cell, MONEY_SCALE, policy)


def _id(name: str, cell: int, _: FloatPolicy) -> int:
    return read_position_id(name, cell)


def _any_whole(name: str, cell: int, _: FloatPolicy) -> int:  # noqa: ARG001 - as the others.
    return cell


def _whole(name: str, cell: int, _: FloatPolicy) -> int:
    return read_whole(name, cell)


def _terms(name: str, cell: str, _: FloatPolicy) -> Terms:
    return read_terms_text(name, cell)


def _order_type(_name: str, cell: str, _: FloatPolicy) -> int:
    return read_order_type(cell)


def _order_id(_name: str, cell: int, _: FloatPolicy) -> int:
    return read_order_id(cell)


def _path(_name: str, cell: str, _: FloatPolicy) -> int | None:
    return read_path(cell)


def _cash_currency(_name: str, cell: str, _: FloatPolicy) -> str | None:
    return read_cash_currency(cell)


def _swap_kind(_name: str, cell: str, _: FloatPolicy) -> int:
    return read_swap_kind(cell)


def read_new_key(name: str, cell: str, _: FloatPolicy) -> str:
    """Take the key that an open gives to its position (E4).

    Raises
    ------
    InvalidText
        It is empty, too long, or holds NUL.
    """
    key = read_text(name, cell)
    if key:
        return key
    raise InvalidText(
        name, describe(key), "is empty and must have 1 to 255 bytes", "use null for no key"
    )


COLUMNS: Final[dict[str, EventColumn]] = {
    "action": EventColumn(Holds.TEXT, _text),
    "time": EventColumn(
        Holds.TIME,
        _time,
        "open close modify update fee deposit withdraw close_by order cancel bar quotes convert "
        "swap rollover dividend split",
        "mark",
    ),
    "symbol": EventColumn(
        Holds.TEXT,
        _symbol,
        "open register order swap rollover dividend split",
        "mark update quotes bar close modify fee",
    ),
    "side": EventColumn(Holds.TEXT, _side, "open order"),
    "size": EventColumn(Holds.NUMBER, _quantity, "open order", "close close_by"),
    "price": EventColumn(
        Holds.NUMBER, _quantity, "open close dividend", "mark update quotes order"
    ),
    "bid": EventColumn(Holds.NUMBER, _quantity, "", "mark update quotes"),
    "ask": EventColumn(Holds.NUMBER, _quantity, "", "mark update quotes"),
    "stop_loss": EventColumn(Holds.NUMBER, _quantity, "", "open order modify"),
    "take_profit": EventColumn(Holds.NUMBER, _quantity, "", "open order modify"),
    "position_id": EventColumn(Holds.WHOLE, _id, "close_by", "open close modify fee"),
    "key": EventColumn(Holds.TEXT, _text, "", "open close modify fee"),
    "fee": EventColumn(Holds.NUMBER, _money, "fee", "open close close_by"),
    "amount": EventColumn(Holds.NUMBER, _money, "deposit withdraw convert"),
    "tag": EventColumn(Holds.TEXT, _free_text, "", "open order"),
    "reason": EventColumn(Holds.TEXT, _free_text, "", "close"),
    "event": EventColumn(Holds.WHOLE, _any_whole, "", "mark update quotes bar"),
    "price_decimals": EventColumn(Holds.WHOLE, _any_whole, "", "register"),
    "size_decimals": EventColumn(Holds.WHOLE, _any_whole, "", "register"),
    "contract_size": EventColumn(Holds.NUMBER, _quantity, "", "register"),
    "leverage": EventColumn(Holds.NUMBER, _quantity, "", "register"),
    "quote_currency": EventColumn(Holds.TEXT, _text, "", "register"),
    "terms": EventColumn(Holds.TEXT, _terms, "", "register"),
    "trailing": EventColumn(Holds.NUMBER, _quantity, "", "open order modify"),
    "break_even": EventColumn(Holds.NUMBER, _quantity, "", "open order modify"),
    "break_even_offset": EventColumn(Holds.NUMBER, _quantity, "", "open order modify"),
    "targets": EventColumn(Holds.TEXT, read_targets_text, "", "open order modify"),
    "exit_time": EventColumn(Holds.TIME, _time, "", "open order modify"),
    "type": EventColumn(Holds.TEXT, _order_type, "", "order"),
    "expiry": EventColumn(Holds.TIME, _time, "", "order"),
    "oco": EventColumn(Holds.TEXT, _free_text, "", "order"),
    "order_id": EventColumn(Holds.WHOLE, _order_id, "cancel"),
    "other_id": EventColumn(Holds.WHOLE, _id, "close_by"),
    "open": EventColumn(Holds.NUMBER, _quantity, "", "bar"),
    "high": EventColumn(Holds.NUMBER, _quantity, "", "bar"),
    "low": EventColumn(Holds.NUMBER, _quantity, "", "bar"),
    "close": EventColumn(Holds.NUMBER, _quantity, "", "bar"),
    "spread": EventColumn(Holds.NUMBER, _quantity, "", "bar"),
    "path": EventColumn(Holds.TEXT, _path, "", "bar"),
    "currency": EventColumn(Holds.TEXT, _cash_currency, "", "deposit withdraw"),
    "from_currency": EventColumn(Holds.TEXT, _text, "convert"),
    "to_currency": EventColumn(Holds.TEXT, _text, "convert"),
    "rate": EventColumn(Holds.NUMBER, _money, "", "convert"),
    "kind": EventColumn(Holds.TEXT, _swap_kind, "", "swap"),
    "long": EventColumn(Holds.NUMBER, _quantity, "", "swap"),
    "short": EventColumn(Holds.NUMBER, _quantity, "", "swap"),
    "multiplier": EventColumn(Holds.WHOLE, _whole, "", "swap"),
    "pay_time": EventColumn(Holds.TIME, _time, "", "dividend"),
    "numerator": EventColumn(Holds.WHOLE, _whole, "split"),
    "denominator": EventColumn(Holds.WHOLE, _whole, "split"),
}
"""All columns, in the order in which the cells of a row are read."""

ACTIONS: Final = (
    *("open", "close", "modify", "mark", "update", "fee", "deposit", "withdraw", "register"),
    *("close_by", "order", "cancel", "bar", "quotes", "convert", "swap", "rollover"),
    *("dividend", "split"),
)


class CellRule(NamedTuple):
    """One cell of the rows of an action."""

    name: str
    needed: bool
    read: Read


def _rules_of(action: str) -> tuple[CellRule, ...]:
    rules = []
    for name, column in COLUMNS.items():
        needed = action in column.needed_by.split()
        if needed or action in column.taken_by.split():
            read = read_new_key if (action, name) == ("open", "key") else column.read
            rules.append(CellRule(name, needed, read))
    return tuple(rules)


CELLS: Final = {action: _rules_of(action) for action in ACTIONS}
"""The cells that the rows of each action have, without the action itself."""


def read_columns(events: object) -> dict[str, list[Any]]:
    """Read a frame of events to its end and give the cells of its columns (E2).

    Raises
    ------
    InvalidFrame
        It cannot be read, or its columns are not those of E1.
    """
    frame = Frame.read("events", events)
    frame = frame.without_null_columns()
    frame.require_known(COLUMNS, f"pass {', '.join(COLUMNS)}")
    present = frame.table.column_names
    if "action" not in present:
        raise frame.refused("column action", "is missing", "say in each row what happens")
    for name in present:
        frame.require_type(name, COLUMNS[name].holds)
    return {name: frame.cells(name, COLUMNS[name].holds) for name in present}
