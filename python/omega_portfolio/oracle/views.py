"""Frozen rows as objects: a trade, an open position.

A view keeps the raw row; an attribute becomes a ``Decimal`` or ``datetime`` when it is read, so
that a close does not pay for twenty conversions that nobody asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar, overload

from omega_portfolio.oracle.numbers import QUANTITY_SCALE, money_decimal, plain_decimal
from omega_portfolio.oracle.schema import Row, Rows
from omega_portfolio.oracle.times import to_datetime

Value = TypeVar("Value")


class Attribute(Generic[Value]):
    """An attribute that is one cell of a row, converted when it is read (N7)."""

    __slots__ = ("_column", "_read")

    def __init__(self, column: int, read: Callable[[Any, int], Value]) -> None:
        self._column = column
        self._read = read

    @overload
    def __get__(self, view: None, owner: type) -> Attribute[Value]: ...

    @overload
    def __get__(self, view: RowView, owner: type) -> Value: ...

    def __get__(self, view: RowView | None, owner: type) -> Attribute[Value] | Value:
        """Read the cell of a view."""
        if view is None:
            return self
        return self._read(view._row[self._column], view._digits)


# Readers of cells; the second argument is the digits of the currency.


def _integer(cell: int, _: int) -> int:
    return cell


def _text(cell: str, _: int) -> str:
    return cell


def _moment(cell: int, _: int) -> datetime:
    return to_datetime(cell)


def _money(cell: int, digits: int) -> Decimal:
    return money_decimal(cell, digits)


def _quantity(cell: int, _: int) -> Decimal:
    return plain_decimal(cell, QUANTITY_SCALE)


def _level(cell: int, _: int) -> Decimal | None:
    # A level of 0 means that there is none.
    return plain_decimal(cell, QUANTITY_SCALE) if cell else None


class RowView:
    """A frozen row; the attributes of the subclasses are the columns of their table."""

    __slots__ = ("_digits", "_row")

    _row: Row
    _digits: int

    def __init__(self, row: Row, digits: int) -> None:
        object.__setattr__(self, "_row", row)
        object.__setattr__(self, "_digits", digits)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse every change."""
        raise AttributeError(f"cannot set {name!r}: a snapshot is frozen")

    def __delattr__(self, name: str) -> None:
        """Refuse every change."""
        raise AttributeError(f"cannot delete {name!r}: a snapshot is frozen")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowView) or type(other) is not type(self):
            return NotImplemented
        return self._row == other._row

    def __hash__(self) -> int:
        return hash(self._row)

    def __reduce__(self) -> tuple[type[RowView], tuple[Row, int]]:
        return type(self), (self._row, self._digits)

    def __repr__(self) -> str:
        names = [name for name, value in vars(type(self)).items() if isinstance(value, Attribute)]
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__name__}({values})"


class PythonTrade(RowView):
    """One row of the trades table; see :class:`omega_portfolio.types.Trade`."""

    __slots__ = ()

    trade_id = Attribute(0, _integer)
    position_id = Attribute(1, _integer)
    symbol = Attribute(2, _text)
    side = Attribute(3, _text)
    size = Attribute(4, _quantity)
    entry_time = Attribute(5, _moment)
    entry_price = Attribute(6, _quantity)
    exit_time = Attribute(7, _moment)
    exit_price = Attribute(8, _quantity)
    gross_pnl = Attribute(9, _money)
    entry_fee = Attribute(10, _money)
    exit_fee = Attribute(11, _money)
    swap = Attribute(12, _money)
    net_pnl = Attribute(13, _money)
    cost = Attribute(14, _money)
    mae = Attribute(15, _money)
    mfe = Attribute(16, _money)
    fx_pnl = Attribute(17, _money)
    slippage = Attribute(18, _money)
    stop_loss = Attribute(19, _level)
    take_profit = Attribute(20, _level)
    tag = Attribute(21, _text)
    reason = Attribute(22, _text)


class PythonPositionView(RowView):
    """One row of the positions table; see :class:`omega_portfolio.types.PositionView`."""

    __slots__ = ()

    position_id = Attribute(0, _integer)
    symbol = Attribute(1, _text)
    side = Attribute(2, _text)
    size = Attribute(3, _quantity)
    entry_time = Attribute(4, _moment)
    entry_price = Attribute(5, _quantity)
    stop_loss = Attribute(6, _level)
    take_profit = Attribute(7, _level)
    mark_price = Attribute(8, _quantity)
    cost = Attribute(9, _money)
    unrealized_pnl = Attribute(10, _money)
    margin = Attribute(11, _money)
    entry_fee = Attribute(12, _money)
    swap = Attribute(13, _money)
    tag = Attribute(14, _text)


class PositionsMapping(Mapping[int, PythonPositionView]):
    """The open positions by id, in row order: a read-only snapshot."""

    __slots__ = ("_digits", "_index", "_rows")

    def __init__(self, rows: Rows, digits: int) -> None:
        self._rows = rows
        self._digits = digits
        self._index = {key: row for row, key in enumerate(rows.numbers("position_id"))}

    def __getitem__(self, position_id: int) -> PythonPositionView:
        return PythonPositionView(self._rows.row(self._index[position_id]), self._digits)

    def __iter__(self) -> Iterator[int]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"
