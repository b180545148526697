"""The rows of a frame of events, and what they ask for (SPEC E3, E4, E6).

A row becomes the event that the call of its action would make. A refusal made here is the final
one: its argument is ``events``, and its value names row and column (E7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import (
    DuplicatePositionId,
    InvalidArgument,
    InvalidFrame,
    OmegaPortfolioError,
    PositionNotFound,
    describe,
)
from omega_portfolio.oracle.events import (
    Close,
    Deposit,
    Event,
    Fee,
    Mark,
    Modify,
    Open,
    Quote,
    QuoteNames,
    Register,
    UpdateEquity,
    Withdraw,
)
from omega_portfolio.oracle.frame_columns import ACTIONS, CELLS, read_columns
from omega_portfolio.oracle.instruments import DECIMALS_MAX, Definition
from omega_portfolio.oracle.numbers import QUANTITY_ONE, QUANTITY_SCALE, FloatPolicy, plain_text
from omega_portfolio.oracle.times import to_datetime
from omega_portfolio.sentinel import UNSET, Unset

if TYPE_CHECKING:
    from omega_portfolio.oracle.ledger import Ledger

QUOTING: Final = ("mark", "update")
"""The actions whose rows may stand together for one event."""


class Place(str):
    """Name of a column that knows the row of its cell."""

    __slots__ = ("row",)

    row: int

    @classmethod
    def at(cls, row: int, column: str) -> Place:
        """Name a cell."""
        place = cls(column)
        place.row = row
        return place


def placed(error: OmegaPortfolioError, row: int, column: str) -> OmegaPortfolioError:
    """Give a refusal the place of the cell that it is about (E7)."""
    value = f"row {row}, column {column}: {error.value}"
    return type(error)("events", value, error.rule, error.remedy)


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


Cells = dict[str, Any]
"""The converted cells of a row, None for those that are null."""


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
                and actions[row] in QUOTING
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
            raise _null(row, "action", "each row needs an action")
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
            if name == "key":
                try:
                    _name_position(action, cells, keys)
                except OmegaPortfolioError as error:
                    raise placed(error, row, error.argument) from None
        return cells

    def quotes(self, rows: range, action: str) -> Mark | UpdateEquity:
        """Make one event of the quotes in some rows (E6).

        Raises
        ------
        OmegaPortfolioError
            The first cell that is refused.
        """
        quotes: list[Quote] = []
        time: int | None = None
        for row in rows:
            cells: Cells = {}
            for name, cell in self._read(row, action):
                cells[name] = cell
                if name == "time" and row == rows.start:
                    time = cell
                elif name == "time" and cell != time:
                    raise placed(_other_time(cell), row, "time")
            if cells["symbol"] is not None:
                quotes.append(_quote(row, cells))
        if time is None:
            return Mark(tuple(quotes), None)
        return Mark(tuple(quotes), time) if action == "mark" else UpdateEquity(time, tuple(quotes))

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
                raise _null(row, name, f"is needed by {action}")
            yield name, cell


def _null(row: int, column: str, rule: str) -> OmegaPortfolioError:
    return placed(InvalidFrame(column, "null", rule, "fill the cell"), row, column)


def _other_time(time: int | None) -> InvalidFrame:
    return InvalidFrame(
        "time",
        "null" if time is None else to_datetime(time).isoformat(),
        "differs from the time of the event's first row",
        "use one time for all rows of an event, or another number in event",
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


def _quote(row: int, cells: Cells) -> Quote:
    """Make the quote of a row that has a symbol (E6)."""
    price, bid, ask = cells["price"], cells["bid"], cells["ask"]
    symbol = Place.at(row, "symbol")
    if price is not None:
        if bid is not None or ask is not None:
            error = InvalidArgument(
                "price",
                plain_text(price, QUANTITY_SCALE),
                "stands beside a bid or an ask",
                "fill price, or bid and ask",
            )
            raise placed(error, row, "price")
        name = Place.at(row, "price")
        return Quote(cells["symbol"], price, price, QuoteNames(symbol, name, name))
    if bid is None or ask is None:
        missing = "ask" if bid is not None else "price" if ask is None else "bid"
        raise _null(row, missing, "a quote needs price, or bid and ask")
    names = QuoteNames(symbol, Place.at(row, "bid"), Place.at(row, "ask"))
    return Quote(cells["symbol"], bid, ask, names)


def event_of(action: str, cells: Cells, currency: str) -> Event:
    """Make the event of a row that is not a quote; nulls become what they stand for (E1)."""
    return _EVENTS[action](cells, currency)


def _open(cells: Cells, _: str) -> Event:
    return Open(
        symbol=cells["symbol"],
        side=cells["side"],
        size=cells["size"],
        price=cells["price"],
        time=cells["time"],
        stop_loss=cells["stop_loss"] or None,
        take_profit=cells["take_profit"] or None,
        fee=cells["fee"],
        tag=cells["tag"] or "",
        position_id=cells["position_id"],
    )


def _close(cells: Cells, _: str) -> Event:
    return Close(
        position_id=cells["position_id"],
        price=cells["price"],
        time=cells["time"],
        size=cells["size"],
        fee=cells["fee"],
        reason=cells["reason"] or "",
    )


def _modify(cells: Cells, _: str) -> Event:
    def level(cell: int | None) -> int | Unset | None:
        return UNSET if cell is None else cell or None

    return Modify(
        position_id=cells["position_id"],
        time=cells["time"],
        stop_loss=level(cells["stop_loss"]),
        take_profit=level(cells["take_profit"]),
    )


def _fee(cells: Cells, _: str) -> Event:
    return Fee(cells["fee"], cells["time"], cells["position_id"])


def _deposit(cells: Cells, _: str) -> Event:
    return Deposit(cells["amount"], cells["time"])


def _withdraw(cells: Cells, _: str) -> Event:
    return Withdraw(cells["amount"], cells["time"])


def _register(cells: Cells, currency: str) -> Event:
    def or_default(name: str, default: Any) -> Any:  # noqa: ANN401 - any kind of cell.
        return default if cells[name] is None else cells[name]

    return Register(
        Definition(
            symbol=cells["symbol"],
            price_decimals=or_default("price_decimals", DECIMALS_MAX),
            size_decimals=or_default("size_decimals", DECIMALS_MAX),
            contract_size=or_default("contract_size", QUANTITY_ONE),
            quote_currency=or_default("quote_currency", currency),
            leverage=cells["leverage"] or None,
        )
    )


_EVENTS: Final[dict[str, Callable[[Cells, str], Event]]] = {
    "open": _open,
    "close": _close,
    "modify": _modify,
    "fee": _fee,
    "deposit": _deposit,
    "withdraw": _withdraw,
    "register": _register,
}
