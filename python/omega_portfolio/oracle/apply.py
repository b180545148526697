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
    Close,
    Event,
    Fee,
    Mark,
    Modify,
    Open,
    UpdateEquity,
)
from omega_portfolio.oracle.frame_rows import (
    QUOTING,
    Cells,
    EventRows,
    Keys,
    Place,
    event_of,
    placed,
)
from omega_portfolio.oracle.schema import RECEIPTS, REFUSED, Rows
from omega_portfolio.oracle.texts import read_str
from omega_portfolio.sentinel import Unset

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
        if action in QUOTING:
            self._enter(self._rows.quotes(group, action), group, None)
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
            position_id = self._ledger.apply(event)
        except InvariantViolation:
            raise
        except OmegaPortfolioError as error:
            raise placed(error, *_place(error.argument, event, group)) from None
        if isinstance(event, Open) and key is not None:
            self._keys.give(key, position_id)
        if isinstance(event, Modify | Fee):
            position_id = event.position_id or 0
        now = self._ledger.scalars
        receipt = (position_id, now.realized_pnl - realized, self._ledger.fees - fees, now.balance)
        for row in group:
            self.receipts.append((row, *receipt))

    def _check_beside(self, event: Event, cells: Cells) -> None:
        """Refuse what no call can say: another symbol (E5), or no level at all (D1)."""
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
        if isinstance(event, Modify):
            levels = (event.stop_loss, event.take_profit)
            if all(isinstance(level, Unset) for level in levels):
                raise InvalidArgument(
                    "stop_loss",
                    "null",
                    "neither stop_loss nor take_profit is given",
                    "fill a level, with 0 to remove one",
                )


def _place(argument: str, event: Event, group: range) -> tuple[int, str]:
    """Give row and column of the cell that an argument of the event comes from (E7, E8).

    A position that was named by its key is none of them: it is open, or the key was refused.
    """
    if isinstance(argument, Place):
        return argument.row, argument
    if isinstance(event, Mark | UpdateEquity) and argument == OF_PRICES.bid:
        return group[-1], event.quotes[-1].names.bid
    if isinstance(event, Fee) and argument == "amount":
        return group.start, "fee"
    return group.start, argument
