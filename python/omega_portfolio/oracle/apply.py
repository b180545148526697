"""A frame of events, applied row by row (SPEC E4, E5, E7-E9).

The rows go through the one door of the ledger, like the events of calls. What makes a frame one
step for everybody else is the lock of the portfolio, which is held until it is through or taken
back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import (
    InvalidArgument,
    InvariantViolation,
    OmegaPortfolioError,
    describe,
)
from omega_portfolio.oracle.events import (
    OF_PRICES,
    OF_QUOTES,
    Bars,
    CancelOrder,
    Close,
    CloseBy,
    Dividend,
    Event,
    Fee,
    Mark,
    Modify,
    Open,
    PlaceOrder,
    Quotes,
    UpdateEquity,
)
from omega_portfolio.oracle.frame_events import Cells, event_of
from omega_portfolio.oracle.frame_rows import TOGETHER, EventRows, Keys
from omega_portfolio.oracle.frames import Place, placed
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, plain_text
from omega_portfolio.oracle.orders import MARKET, ORDER_TYPES
from omega_portfolio.oracle.schema import RECEIPTS, REFUSED, Rows
from omega_portfolio.oracle.texts import read_str

if TYPE_CHECKING:
    from omega_portfolio.oracle.ledger import Ledger

RAISE: Final = "raise"
RECORD: Final = "record"


def check_call(events: object, on_error: object) -> str:
    """Refuse arguments of a wrong kind, before anything is read (E2).

    Raises
    ------
    InvalidArgument
        The events are no Arrow table, or there is no such way to treat errors.
    """
    if not (hasattr(events, "__arrow_c_stream__") or hasattr(events, "__arrow_c_array__")):
        raise InvalidArgument(
            "events",
            describe(events),
            "must be an Arrow table",
            "pass a frame of Polars, a table of pyarrow, or anything else that exports Arrow",
        )
    text = read_str("on_error", on_error)
    if text not in (RAISE, RECORD):
        raise InvalidArgument(
            "on_error", describe(text), "is not a way to treat errors", 'pass "raise" or "record"'
        )
    return text


def apply_rows(ledger: Ledger, rows: EventRows, on_error: str) -> tuple[Rows, Rows]:
    """Apply the events of a frame; give the receipts and the refused rows.

    Raises
    ------
    OmegaPortfolioError
        With ``on_error="raise"``, the first refusal; the events before it are applied.
    InvariantViolation
        An invariant is broken.
    """
    run = _Run(ledger, rows)
    take = run.take if on_error == RAISE else run.take_or_record
    for group in rows.groups():
        take(group)
    return run.receipts, run.refused


class _Run:
    """What one call knows: the keys, the receipts and the refused rows so far."""

    __slots__ = ("_keys", "_ledger", "_rows", "receipts", "refused")

    def __init__(self, ledger: Ledger, rows: EventRows) -> None:
        self._ledger = ledger
        self._rows = rows
        self._keys = Keys(ledger)
        self.receipts = Rows(RECEIPTS)
        self.refused = Rows(REFUSED)

    def take_or_record(self, group: range) -> None:
        """Apply the event of some rows, or list them with the refusal."""
        try:
            self.take(group)
        except InvariantViolation:
            raise
        except OmegaPortfolioError as error:
            for row in group:
                self.refused.append((row, error.code, str(error)))

    def take(self, group: range) -> None:
        """Apply the event of some rows and write its receipts, or refuse it as it is raised."""
        row = group.start
        action = self._rows.action(row)
        if action in TOGETHER:
            self._enter(self._rows.together(group, action), group, None)
            return
        cells = self._rows.cells(row, action, self._keys)
        event = event_of(action, cells, self._ledger.configuration.currency)
        try:
            self._check_beside(event, cells)
        except OmegaPortfolioError as error:
            raise placed(error, row, error.argument) from None
        self._enter(event, group, cells.get("key"))

    def _enter(self, event: Event, group: range, key: str | None) -> None:
        """Bring an event to the ledger and write a receipt for each of its rows."""
        realized, fees = self._ledger.scalars.realized_pnl, self._ledger.fees
        try:
            answer = self._ledger.apply(event)
        except InvariantViolation:
            raise
        except OmegaPortfolioError as error:
            raise placed(error, *_place(error.argument, event, group)) from None
        if isinstance(event, Open) and key is not None:
            self._keys.give(key, answer)
        now = self._ledger.scalars
        money = (now.realized_pnl - realized, self._ledger.fees - fees, now.balance)
        for row in group:
            self.receipts.append((row, *_ids(event, answer), *money))

    def _check_beside(self, event: Event, cells: Cells) -> None:
        """Refuse what no call can say: another symbol (E5), nothing at all (D1), a price (Q3)."""
        if isinstance(event, Close | Modify | Fee):
            symbol, position_id = cells["symbol"], event.position_id
            position = self._ledger.positions.by_id.get(position_id or 0)
            if symbol is not None and position is not None and position.symbol.name != symbol:
                raise InvalidArgument(
                    "symbol",
                    describe(symbol),
                    f"position {position_id} is in {describe(position.symbol.name)}",
                    "name another position, or use null for the symbol",
                )
        if isinstance(event, Modify) and event.is_empty():
            raise InvalidArgument(
                "stop_loss",
                "null",
                "no level and no protection is given",
                "fill a level, with 0 to remove one",
            )
        if isinstance(event, PlaceOrder):
            _check_order_price(event)


def _check_order_price(event: PlaceOrder) -> None:
    if event.kind == MARKET and event.price is not None:
        raise InvalidArgument(
            "price",
            plain_text(event.price, QUANTITY_SCALE),
            "a market order has no price",
            "use null for the price, or another type",
        )
    if event.kind != MARKET and event.price is None:
        raise InvalidArgument(
            "price", "null", f"a {ORDER_TYPES[event.kind]} order needs a price", "fill the cell"
        )


def _ids(event: Event, answer: int) -> tuple[int, int]:
    """Give the ids of position and order that an accepted event is about, 0 for none (E9)."""
    if isinstance(event, PlaceOrder):
        return 0, answer
    if isinstance(event, CancelOrder):
        return 0, event.order_id
    if isinstance(event, Modify | Fee):
        return event.position_id or 0, 0
    return (answer, 0) if isinstance(event, Open | Close | CloseBy) else (0, 0)


def _place(argument: str, event: Event, group: range) -> tuple[int, str]:
    """Give row and column of the cell that an argument of the event comes from (E7, E8).

    A position that was named by its key is none of them: it is open, or the key was refused.
    """
    if isinstance(argument, Place):
        return argument.row, argument
    if argument in (OF_PRICES.bid, OF_QUOTES.bid, "bars"):
        # Only all of them together are out of range.
        return group[-1], _column_of_all(argument, event)
    if isinstance(event, Fee) and argument == "amount":
        return group.start, "fee"
    if isinstance(event, Dividend) and argument == "amount":
        return group.start, "price"
    return group.start, argument


def _column_of_all(argument: str, event: Event) -> str:
    if isinstance(event, Mark | UpdateEquity | Quotes) and event.quotes:
        return event.quotes[-1].names.bid
    return argument if isinstance(event, Bars) else "price"
