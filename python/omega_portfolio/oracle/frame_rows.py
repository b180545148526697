"""The rows of a frame of events, and what they ask for (SPEC E3, E4, E6).

A row becomes the event that the call of its action would make. A refusal made here is the final
one: its argument is ``events``, and its value names row and column (E7).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import (
    DuplicatePositionId,
    InvalidArgument,
    InvalidFrame,
    OmegaPortfolioError,
    PositionNotFound,
    describe,
)
from omega_portfolio.oracle.codec import PATHS
from omega_portfolio.oracle.events import Bar, Bars, Mark, Quote, Quotes, UpdateEquity
from omega_portfolio.oracle.frame_columns import ACTIONS, CELLS, read_columns
from omega_portfolio.oracle.frame_events import Cells, bar_of, null_cell, quote_of
from omega_portfolio.oracle.frames import placed
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, FloatPolicy, plain_text
from omega_portfolio.oracle.times import to_datetime

if TYPE_CHECKING:
    from omega_portfolio.oracle.ledger import Ledger

TOGETHER: Final = ("mark", "update", "quotes", "bar")
"""The actions whose rows may stand together for one event."""


class Keys:
    """The keys that opens of one call gave to their positions (E4)."""

    __slots__ = ("_ids", "_ledger")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ids: dict[str, int] = {}

    def find(self, key: str) -> int | None:
        """Give the id of the open position that has a key."""
        position_id = self._ids.get(key)
        return position_id if position_id in self._ledger.positions.by_id else None

    def give(self, key: str, position_id: int) -> None:
        """Give a key to a position that was opened."""
        self._ids[key] = position_id


class EventRows:
    """All rows of a frame of events, read from its producer (E2).

    Parameters
    ----------
    events : object
        The frame.
    policy : {"nearest", "strict"}
        What becomes of the digits of a float beyond the scale.
    """

    __slots__ = ("_columns", "_policy")

    def __init__(self, events: object, policy: FloatPolicy) -> None:
        self._columns = read_columns(events)
        self._policy = policy

    def groups(self) -> Iterator[range]:
        """Give the rows of each event (E6)."""
        actions = self._columns["action"]
        numbers = self._columns.get("event", [None] * len(actions))
        start = 0
        for row in range(1, len(actions) + 1):
            together = (
                row < len(actions)
                and actions[row] == actions[start]
                and actions[row] in TOGETHER
                and numbers[row] is not None
                and numbers[row] == numbers[start]
            )
            if not together:
                yield range(start, row)
                start = row

    def action(self, row: int) -> str:
        """Give the action of a row.

        Raises
        ------
        InvalidFrame, InvalidArgument
            It is null, or unknown.
        """
        action: str | None = self._columns["action"][row]
        if action is None:
            raise null_cell(row, "action", "each row needs an action")
        if action not in ACTIONS:
            error = InvalidArgument(
                "action", describe(action), "is not an action", f"use one of {', '.join(ACTIONS)}"
            )
            raise placed(error, row, "action")
        return action

    def cells(self, row: int, action: str, keys: Keys) -> Cells:
        """Convert the cells of a row, in the order of the columns; a key becomes an id.

        Raises
        ------
        OmegaPortfolioError
            The first cell that is refused.
        """
        cells: Cells = {}
        for name, cell in self._read(row, action):
            cells[name] = cell
            try:
                if name == "key":
                    _name_position(action, cells, keys)
                elif name == "break_even_offset":
                    _check_offset(cells)
            except OmegaPortfolioError as error:
                raise placed(error, row, error.argument) from None
        return cells

    def together(self, rows: range, action: str) -> Mark | UpdateEquity | Quotes | Bars:
        """Make one event of the quotes or bars in some rows (E6).

        Raises
        ------
        OmegaPortfolioError
            The first cell that is refused.
        """
        quotes: list[Quote] = []
        bars: list[Bar] = []
        first: Cells = {}
        for row in rows:
            cells: Cells = {}
            for name, cell in self._read(row, action):
                cells[name] = cell
                if name in _SHARED and cell != first.setdefault(name, cell):
                    raise placed(_other(name, cell), row, name)
            if cells["symbol"] is None:
                continue
            if action == "bar":
                bars.append(bar_of(row, cells))
            else:
                quotes.append(quote_of(row, cells))
        time = first["time"]
        if action == "bar":
            return Bars(time, tuple(bars), first["path"])
        if action == "mark":
            return Mark(tuple(quotes), time)
        return (Quotes if action == "quotes" else UpdateEquity)(time, tuple(quotes))

    def _read(self, row: int, action: str) -> Iterator[tuple[str, Any]]:
        """Convert the cells of a row one by one (E3)."""
        for name, needed, read in CELLS[action]:
            column = self._columns.get(name)
            cell = None if column is None else column[row]
            if cell is not None:
                try:
                    cell = read(name, cell, self._policy)
                except OmegaPortfolioError as error:
                    raise placed(error, row, name) from None
            elif needed:
                raise null_cell(row, name, f"is needed by {action}")
            yield name, cell


_SHARED: Final = ("time", "path")
"""The columns in which all rows of an event have the same."""


def _other(name: str, cell: int | None) -> InvalidFrame:
    """Make the refusal of a cell that differs from that of the event's first row."""
    value = "null"
    if cell is not None:
        value = to_datetime(cell).isoformat() if name == "time" else describe(PATHS[cell])
    return InvalidFrame(
        name,
        value,
        f"differs from the {name} of the event's first row",
        f"use one {name} for all rows of an event, or another number in event",
    )


def _check_offset(cells: Cells) -> None:
    """Refuse an offset that has no trigger to go with."""
    offset = cells["break_even_offset"]
    if offset and not cells["break_even"]:
        raise InvalidArgument(
            "break_even_offset",
            plain_text(offset, QUANTITY_SCALE),
            "stands without a break_even",
            "fill break_even with the trigger",
        )


def _name_position(action: str, cells: Cells, keys: Keys) -> None:
    """Find the position that a row names by its id or its key (E4)."""
    key, position_id = cells["key"], cells["position_id"]
    if action == "open":
        if key is not None and keys.find(key) is not None:
            raise DuplicatePositionId(
                "key",
                describe(key),
                "is the key of a position that is open",
                "use another key, or close that position first",
            )
        return
    if key is None:
        if position_id is None and action != "fee":
            raise InvalidFrame(
                "position_id", "null", f"{action} needs position_id or key", "fill one of the two"
            )
        return
    if position_id is not None:
        raise InvalidArgument(
            "key",
            describe(key),
            "stands beside a position_id",
            "name the position by one of the two",
        )
    cells["position_id"] = keys.find(key)
    if cells["position_id"] is None:
        raise PositionNotFound(
            "key",
            describe(key),
            "is not the key of an open position",
            "use the key of an open of the same call, or the id of the position",
        )
