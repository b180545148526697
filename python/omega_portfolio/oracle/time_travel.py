"""Bytes, forks and the past of a portfolio on plain Python integers (SPEC J11, J12).

All of it is a replay: of the events of an image, of all events, or of those up to a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeVar

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle import codec
from omega_portfolio.oracle.durable import DurableAccount
from omega_portfolio.oracle.event_frame import event_at
from omega_portfolio.oracle.image import NO_SALT, read_image, write_image
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.replay import Replayer, replay
from omega_portfolio.oracle.schema import MOMENTS, Row, Rows
from omega_portfolio.oracle.state import state_of
from omega_portfolio.oracle.tables import PythonTable
from omega_portfolio.oracle.texts import read_flag
from omega_portfolio.oracle.times import read_time

if TYPE_CHECKING:
    from omega_portfolio.types import State, Table, TimeLike

Own = TypeVar("Own", bound="PastAccount")

_POLICIES: Final = ("nearest", "strict")


class PastAccount(DurableAccount):
    """The part of :class:`omega_portfolio.oracle.PortfolioPython` that knows what was."""

    __slots__ = ()

    def to_bytes(self) -> bytes:
        """Give the portfolio as one block of bytes."""
        with self._turn():
            salt = NO_SALT if self._writer is None else self._writer.salt
            return write_image(self._sound(), salt, _POLICIES.index(self._policy))

    @classmethod
    def _from_bytes(cls: type[Own], data: bytes) -> Own:
        ledger, _, floats = read_image(data)
        return cls._of_ledger(ledger, "strict" if floats else "nearest")

    def fork(self: Own) -> Own:
        """Give an independent portfolio with the same history."""
        with self._turn():
            ledger = self._sound()
            twin = replay(ledger.configuration, ledger.journal.to_bytes())
            twin.invariants = ledger.invariants
            twin.rounds_off_grid = ledger.rounds_off_grid
            twin.rounded_count = ledger.rounded_count
        return type(self)._of_ledger(twin, self._policy)

    def state_at(self, time: TimeLike | None = None, *, seq: int | None = None) -> State:
        """Take the account and its open positions as they were after an earlier event."""
        if (time is None) == (seq is None):
            raise InvalidArgument(
                "time", describe(time), "needs either time or seq", "pass one of the two"
            )
        moment = None if time is None else read_time("time", time)
        with self._turn():
            ledger = self._sound()
            walk = _Walk(ledger)
            if moment is None:
                walk.to_number(_read_seq(seq, ledger.events))
            else:
                walk.to_time(moment)
            return state_of(walk.ledger)

    def asof_states(
        self,
        times: Iterable[TimeLike],
        exact: bool = False,  # noqa: FBT001, FBT002
    ) -> Table:
        """Return the account at many times."""
        moments = [read_time("times", time) for time in _each(times)]
        found: dict[int, Row] = {}
        with self._turn():
            walk = _Walk(self._sound())
            for moment in sorted(set(moments)):
                walk.to_time(moment)
                found[moment] = _row(moment, walk.ledger)
        rows = Rows(MOMENTS)
        for moment in moments:
            rows.append(found[moment])
        return PythonTable(rows.columns, rows.lists, len(rows), exact=read_flag("exact", exact))

    def _event_at(self, place: int) -> Table:
        with self._turn():
            ledger = self._sound()
            events, fills = ledger.journal.to_bytes(), ledger.fill_rows
            held = dict(zip(fills.numbers("position_id"), fills.texts("symbol"), strict=True))
        rows = event_at(events, held, place)
        return PythonTable(rows.columns, rows.lists, len(rows), exact=True)


class _Walk:
    """A fresh account that takes the events of another one, up to later and later moments."""

    def __init__(self, origin: Ledger) -> None:
        self.ledger = Ledger(origin.configuration)
        self._replayer = Replayer(self.ledger)
        self._records = codec.Reader(origin.journal.to_bytes()).records()
        self._next = next(self._records, None)

    def to_number(self, events: int) -> None:
        while self._next is not None and self.ledger.events < events:
            self._step(self._next)

    def to_time(self, time: int) -> None:
        """Take the events up to a time; one without a time comes with the one before it."""
        while self._next is not None:
            operation, *fields = self._next
            timed = operation != codec.REGISTER
            if timed and (self.ledger.time or 0) + fields[0] > time:
                return
            self._step(self._next)

    def _step(self, record: codec.Record) -> None:
        self._replayer.take(record)
        self._next = next(self._records, None)


def _row(time: int, ledger: Ledger) -> Row:
    now = ledger.scalars
    return (
        time,
        ledger.events,
        now.equity,
        now.balance,
        now.unrealized_pnl,
        now.margin_used,
        now.gross_exposure(),
        now.net_exposure(),
        len(ledger.positions.rows),
    )


def _read_seq(value: object, events: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= events:
        return int.__index__(value)
    raise InvalidArgument(
        "seq",
        describe(value),
        "must be a whole number from 0 to the number of events",
        "pass how many events had happened, at most portfolio.events",
    )


def _each(times: object) -> Iterator[object]:
    if isinstance(times, Iterable) and not isinstance(times, str | bytes | bytearray):
        return iter(times)
    raise InvalidArgument(
        "times",
        describe(times),
        "must be several times",
        "pass a list or a column of times",
    )
