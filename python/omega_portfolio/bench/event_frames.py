"""Random frames of events, written from the operations of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omega_portfolio.bench.event_rows import Row, rows_of, spoil_cell
from omega_portfolio.bench.event_tables import event_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from omega_portfolio.bench.answers import Applied
    from omega_portfolio.bench.holdings import Change, Holdings
    from omega_portfolio.bench.refusals import Operation

EVENTS_MAX: Final = 24
"""A frame has up to so many events."""


class FrameWriter:
    """Writes frames, and takes note of what became of the last one.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    holdings : Holdings
        What is held. While a frame is written, its operations count as accepted, so that later
        rows close what earlier ones open; at its end they count as not made.
    """

    __slots__ = ("_changes", "_holdings", "_random")

    def __init__(self, random: Random, holdings: Holdings) -> None:
        self._random = random
        self._holdings = holdings
        self._changes: dict[int, Change] = {}

    def write(
        self, draw: Callable[[], tuple[Operation, Change | None]], *, records: bool
    ) -> Operation:
        """Write some operations as one frame, now and then with a cell that is refused.

        Parameters
        ----------
        draw : callable
            Gives an operation, with its times in microseconds, and what it does to a position.
        records : bool
            Whether refused rows are recorded; otherwise the first one takes the frame back.

        Returns
        -------
        tuple
            A call of ``apply``.
        """
        random, before = self._random, self._holdings.picture()
        rows: list[Row] = []
        self._changes = {}
        for number in range(1 + int(random.random() ** 2 * EVENTS_MAX)):
            operation, change = draw()
            written = rows_of(operation, number)
            if change is not None:
                self._changes[len(rows)] = change
                self._count(written[0], change, f"K{number}")
            rows += written
        self._holdings.restore(before)
        if random.getrandbits(2) == 0:
            spoil_cell(random, rows)
        keywords: dict[str, object] = {}
        if records or random.getrandbits(1):
            keywords["on_error"] = "record" if records else "raise"
        if random.getrandbits(1):
            keywords["exact"] = bool(random.getrandbits(1))
        return "apply", (event_table(random, rows),), keywords

    def answered(self, applied: Applied) -> None:
        """Take note of the rows that were accepted.

        Parameters
        ----------
        applied : Applied
            What the call gave.
        """
        for row, position_id, *_ in applied.receipts:
            change = self._changes.get(row)
            # A row that was spoiled may have become one that is about no position.
            if change is not None and position_id:
                self._holdings.take(change, position_id)

    def _count(self, row: Row, change: Change, key: str) -> None:
        """Name a position that is opened, and say the symbol of some that are closed."""
        choice = self._random.getrandbits(3)
        if change.opens:
            if choice or "position_id" not in row:
                row["key"] = key
            self._holdings.take(change, row.get("key") or row["position_id"])
            return
        if choice == 0:
            row["symbol"] = change.position.market.shape.symbol
        self._holdings.take(change)


__all__ = ["EVENTS_MAX", "FrameWriter"]
