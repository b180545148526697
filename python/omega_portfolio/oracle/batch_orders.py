"""The orders of a batch, row by row (SPEC R2).

A row is what somebody wants of an account; which events it becomes is in
:mod:`omega_portfolio.oracle.batch_driving`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from omega_portfolio.errors import (
    InvalidArgument,
    InvalidFrame,
    InvalidSymbol,
    OmegaPortfolioError,
    describe,
)
from omega_portfolio.oracle.frame_texts import read_targets_text
from omega_portfolio.oracle.frames import Frame, Holds
from omega_portfolio.oracle.metric_frames import read_frame
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, FloatPolicy, read_number
from omega_portfolio.oracle.order_reading import read_order_type
from omega_portfolio.oracle.orders import MARKET
from omega_portfolio.oracle.texts import read_side, read_symbol, read_text, read_word
from omega_portfolio.oracle.times import read_nanoseconds

ORDERS: Final = "orders"
ACTIONS: Final = ("open", "close", "modify", "cancel", "target")
SIZE_RULES: Final = ("units", "value", "equity", "risk")
UNITS, VALUE, EQUITY, RISK = SIZE_RULES
RUN_ID_MAX: Final = 2**32 - 2

GROUPS: Final = (
    ("stop_loss", "stop_loss_distance", "stop_loss_rate"),
    ("take_profit", "take_profit_distance", "take_profit_rate"),
    ("trailing", "trailing_rate"),
)
"""Columns of which a row has at most one."""


class OrderRow(NamedTuple):
    """One row; what is not given is None, and numbers are raw.

    ``tag`` is that of the order of an open or target, of the others the only one they look at.
    """

    row: int
    run_id: int | None
    time: int
    symbol: str
    action: str
    side: int | None = None
    size: int | None = None
    size_rule: str | None = None
    type: int | None = None
    price: int | None = None
    stop_loss: int | None = None
    take_profit: int | None = None
    stop_loss_distance: int | None = None
    take_profit_distance: int | None = None
    stop_loss_rate: int | None = None
    take_profit_rate: int | None = None
    trailing: int | None = None
    break_even: int | None = None
    break_even_offset: int | None = None
    trailing_rate: int | None = None
    targets: tuple[tuple[int, int], ...] | None = None
    exit_time: int | None = None
    expiry: int | None = None
    oco: str | None = None
    tag: str | None = None
    if_flat: bool | None = None

    def plain(self) -> OrderRow:
        """Give the row of an open without levels of 0, which are none (E1)."""
        if self.action != "open":
            return self
        none: dict[str, Any] = {name: None for name in _NONE_WHEN_ZERO if getattr(self, name) == 0}
        return self._replace(**none)

    def has_tag(self, tag: str) -> bool:
        """Tell whether something with a tag is meant."""
        return not self.tag or self.tag == tag

    def has_side(self, side: int) -> bool:
        """Tell whether something of a side is meant."""
        return self.side is None or self.side == side


Read: TypeAlias = Callable[[str, Any, FloatPolicy], Any]
"""Converts one cell that is not null, or refuses it in the name of its column."""


class OrderColumn(NamedTuple):
    """A row of the table of R2: the actions that need the cell, and those that may have it."""

    holds: Holds
    read: Read
    needed_by: str = ""
    taken_by: str = ""


def read_run_id(name: str, cell: int, _: FloatPolicy) -> int:
    """Take the number of a run.

    Raises
    ------
    InvalidArgument
        It is out of range.
    """
    if 0 <= cell <= RUN_ID_MAX:
        return cell
    raise InvalidArgument(
        name, describe(cell), f"must be 0 to {RUN_ID_MAX}", "number the runs in this range"
    )


def read_quantity(name: str, cell: object, policy: FloatPolicy) -> int:
    """Take a price, a size or a rate."""
    return read_number(name, cell, QUANTITY_SCALE, policy)


def read_size_rule(name: str, cell: str, _: FloatPolicy) -> str:
    """Take the word for what a size means.

    Raises
    ------
    InvalidArgument
        There is no such rule.
    """
    return read_word(name, cell, SIZE_RULES)


def _action(name: str, cell: str, _: FloatPolicy) -> str:
    return read_word(name, cell, ACTIONS)


def _time(name: str, cell: int, _: FloatPolicy) -> int:
    return read_nanoseconds(name, cell)


def _symbol(name: str, cell: str, _: FloatPolicy) -> str:
    return read_symbol(name, cell)


def read_side_cell(name: str, cell: str, _: FloatPolicy) -> int:
    """Take a side."""
    return read_side(name, cell)


def _type(_name: str, cell: str, _: FloatPolicy) -> int:
    return read_order_type(cell)


def _text(name: str, cell: str, _: FloatPolicy) -> str:
    return read_text(name, cell)


def _flag(_name: str, cell: bool, _: FloatPolicy) -> bool:  # noqa: FBT001 - as the others.
    return cell


_LEVEL: Final = OrderColumn(Holds.NUMBER, read_quantity, "", "open modify")

COLUMNS: Final[dict[str, OrderColumn]] = {
    "run_id": OrderColumn(Holds.WHOLE, read_run_id, " ".join(ACTIONS)),
    "time": OrderColumn(Holds.TIME, _time, " ".join(ACTIONS)),
    "symbol": OrderColumn(Holds.TEXT, _symbol, "", " ".join(ACTIONS)),
    "action": OrderColumn(Holds.TEXT, _action, " ".join(ACTIONS)),
    "side": OrderColumn(Holds.TEXT, read_side_cell, "open", "close modify cancel"),
    "size": OrderColumn(Holds.NUMBER, read_quantity, "open target", "close"),
    "size_rule": OrderColumn(Holds.TEXT, read_size_rule, "", "open target"),
    "type": OrderColumn(Holds.TEXT, _type, "", "open"),
    "price": OrderColumn(Holds.NUMBER, read_quantity, "", "open"),
    "stop_loss": _LEVEL,
    "take_profit": _LEVEL,
    "stop_loss_distance": _LEVEL,
    "take_profit_distance": _LEVEL,
    "stop_loss_rate": _LEVEL,
    "take_profit_rate": _LEVEL,
    "trailing": _LEVEL,
    "break_even": _LEVEL,
    "break_even_offset": _LEVEL,
    "trailing_rate": _LEVEL,
    "targets": OrderColumn(Holds.TEXT, read_targets_text, "", "open"),
    "exit_time": OrderColumn(Holds.TIME, _time, "", "open"),
    "expiry": OrderColumn(Holds.TIME, _time, "", "open"),
    "oco": OrderColumn(Holds.TEXT, _text, "", "open"),
    "tag": OrderColumn(Holds.TEXT, _text, "", " ".join(ACTIONS)),
    "if_flat": OrderColumn(Holds.FLAG, _flag, "", "open"),
}
"""All columns, in the order in which the cells of a row are read."""

_NONE_WHEN_ZERO: Final = ("stop_loss", "take_profit", "trailing", "break_even")
"""Levels of an open of which 0 says that there is none (E1)."""


class BatchOrders:
    """All rows by time and then row (R2).

    Parameters
    ----------
    rows : iterable of OrderRow
        In any order.
    by_run : bool
        They say which run they are of; otherwise every run has all of them.
    """

    __slots__ = ("_all", "_of", "by_run")

    def __init__(self, rows: Iterable[OrderRow], *, by_run: bool) -> None:
        self.by_run = by_run
        self._all = sorted(rows, key=lambda row: (row.time, row.row))
        self._of: dict[int, list[OrderRow]] = {}
        for row in self._all:
            if row.run_id is not None:
                self._of.setdefault(row.run_id, []).append(row)

    def run_ids(self) -> list[int]:
        """Give the runs that have rows, ascending."""
        return sorted(self._of)

    def of(self, run_id: int) -> list[OrderRow]:
        """Give the rows of a run."""
        return self._of.get(run_id, []) if self.by_run else self._all


def read_batch_orders(
    producer: object, symbols: Collection[str], policy: FloatPolicy
) -> BatchOrders:
    """Read the orders of a batch.

    Raises
    ------
    InvalidArgument
        It is no Arrow table.
    InvalidFrame
        A column is not known, missing or of a wrong type.
    OmegaPortfolioError
        The first cell that is refused.
    """
    frame = read_frame(ORDERS, producer)
    # Bars without rows have no symbol either, so none can be meant.
    needed = ("time", "action") if len(symbols) == 1 else ("time", "action", "symbol")
    columns = columns_of(frame, COLUMNS, needed)
    by_run = "run_id" in columns
    rows = _Rows(columns, symbols, policy)
    return BatchOrders(map(rows.row, range(frame.table.num_rows)), by_run=by_run)


def columns_of(
    frame: Frame, known: Mapping[str, OrderColumn], needed: Collection[str]
) -> dict[str, list[Any]]:
    """Give the cells of the columns of a frame by name.

    Raises
    ------
    InvalidFrame
        A column is not known, comes twice, is missing or of a wrong type.
    """
    frame.require_known(known, f"pass {', '.join(known)}")
    present = frame.table.column_names
    for name in needed:
        if name not in present:
            raise frame.refused(f"column {name}", "is missing", "add the column")
    for name in present:
        frame.require_type(name, known[name].holds)
    return {name: frame.cells(name, known[name].holds) for name in present}


class _Rows:
    """The columns of the frame, and the way from a row to what it says."""

    __slots__ = ("_columns", "_policy", "_symbols")

    def __init__(
        self, columns: dict[str, list[Any]], symbols: Collection[str], policy: FloatPolicy
    ) -> None:
        self._columns = columns
        self._symbols = symbols
        self._policy = policy

    def row(self, row: int) -> OrderRow:
        """Read one row; an error says where it is."""
        cells: dict[str, Any] = {"run_id": None, "action": ""}
        try:
            for name, column in COLUMNS.items():
                if name == "run_id" and name not in self._columns:
                    continue
                if self._is_taken(name, column, cells):
                    cells[name] = self._cell(row, name, cells["action"])
        except OmegaPortfolioError as error:
            run = "" if cells["run_id"] is None else f"run {cells['run_id']}, "
            value = f"{run}row {row}, column {error.argument}: {error.value}"
            raise type(error)(ORDERS, value, error.rule, error.remedy) from None
        return OrderRow(row=row, **cells).plain()

    def _is_taken(self, name: str, column: OrderColumn, cells: dict[str, Any]) -> bool:
        """Tell whether a row has a cell; others are not looked at."""
        if name == "price" and cells.get("type") in (None, MARKET):
            return False
        action = cells["action"]
        # The columns in front of the action are those that all actions have.
        return not action or action in (column.needed_by + " " + column.taken_by).split()

    def _cell(self, row: int, name: str, action: str) -> Any:  # noqa: ANN401 - any kind.
        column = self._columns.get(name)
        cell = None if column is None else column[row]
        if name == "symbol":
            is_only = cell is None and len(self._symbols) == 1
            return next(iter(self._symbols)) if is_only else self._symbol(cell)
        if cell is not None:
            value = COLUMNS[name].read(name, cell, self._policy)
            if action == "target" and value == RISK and name == "size_rule":
                raise InvalidArgument(
                    name, describe(value), "is not for a target", "use another rule"
                )
            return value
        if (action or ACTIONS[0]) not in COLUMNS[name].needed_by.split():
            return None
        raise InvalidFrame(name, "null", f"is needed by {action or 'every row'}", "fill the cell")

    def _symbol(self, cell: object) -> str:
        if cell is None:
            raise InvalidFrame("symbol", "null", "is needed by every row", "fill the cell")
        symbol = read_symbol("symbol", cell)
        if symbol not in self._symbols:
            raise InvalidSymbol(
                "symbol", describe(symbol), "has no bar", "pass bars of it, or drop the row"
            )
        return symbol


def second_of_group(
    cells: Mapping[str, object], groups: tuple[tuple[str, ...], ...] = GROUPS
) -> str | None:
    """Give the first column that stands beside another one of its group, if there is one."""
    for group in groups:
        given = [name for name in group if cells.get(name) is not None]
        if len(given) > 1:
            return given[1]
    return None
