"""The journal of a portfolio on plain Python integers: events are in the file before they count.

Every call that changes the account goes through :meth:`DurableAccount._change`. Validate, append,
commit is the order of SPEC J3; here an event is validated by applying it, so what cannot be written
is taken back before anybody else may look.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from omega_portfolio.errors import (
    DurabilityError,
    InvariantViolation,
    JournalNotFound,
    OmegaPortfolioError,
    PortfolioClosed,
)
from omega_portfolio.oracle.currency import CURRENCY_DIGITS
from omega_portfolio.oracle.journal_format import SYNC_MODES
from omega_portfolio.oracle.journal_open import Request, create, inspect, look, open_again
from omega_portfolio.oracle.journal_writer import JournalWriter, Options
from omega_portfolio.oracle.reading import PythonAccount
from omega_portfolio.oracle.replay import taken_back
from omega_portfolio.oracle.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omega_portfolio.oracle.configuring import Settings
    from omega_portfolio.oracle.ledger import Ledger
    from omega_portfolio.oracle.numbers import FloatPolicy
    from omega_portfolio.recovery import JournalStatus, Recovery, SnapshotFound

Own = TypeVar("Own", bound="DurableAccount")


class DurableAccount(PythonAccount):
    """The part of :class:`omega_portfolio.oracle.PortfolioPython` that has to do with files."""

    __slots__ = ()

    @property
    def journal(self) -> JournalStatus | None:
        """How the journal is."""
        with self._turn():
            return None if self._writer is None else self._writer.status()

    @property
    def recovery(self) -> Recovery | None:
        """What was found when the portfolio was opened."""
        return self._found

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def flush(self) -> None:
        """Write what is gathered and sync it."""
        with self._turn():
            if self._writer is not None and not self._closed:
                with self._settled():
                    self._writer.flush()

    def snapshot(self) -> str:
        """Write a snapshot beside the journal."""
        with self._turn():
            ledger = self._sound()
            self._require_open()
            if self._writer is None:
                raise JournalNotFound(
                    "journal",
                    "None",
                    "this portfolio has no journal",
                    "construct it with journal=, or keep to_bytes() in a file of your own",
                )
            with self._settled():
                return self._writer.snapshot(ledger)

    def close(self) -> None:
        """End the portfolio and its journal."""
        with self._turn():
            if self._closed:
                return
            self._closed = True
            if self._writer is not None:
                is_sound = self._ledger.violation is None
                self._writer.close(self._ledger if is_sound else None)

    @classmethod
    def _of_ledger(cls: type[Own], ledger: Ledger, policy: FloatPolicy) -> Own:
        """Give the portfolio of an account that nobody else goes on with; it has no journal."""
        self = object.__new__(cls)
        self._ledger = ledger
        self._lock = Turns()
        self._inside = False
        self._policy = policy
        self._digits = CURRENCY_DIGITS[ledger.configuration.currency]
        self._writer = None
        self._found = None
        self._closed = False
        return self

    @classmethod
    def _open_journal(  # noqa: PLR0917 - the public function has them as keywords.
        cls: type[Own],
        path: str,
        sync: str | None,
        sync_interval_ms: int,
        snapshot_every: int | None,
        floats: str,
        off_grid: str,
        capacity: int | None,  # noqa: ARG003 - a hint for lists that grow as they are.
        salvage: bool,  # noqa: FBT001
        read_only: bool,  # noqa: FBT001
        /,
    ) -> Own:
        """Open a journal; the arguments are checked."""
        policy: FloatPolicy = "strict" if floats == "strict" else "nearest"
        request = Request(sync, sync_interval_ms, snapshot_every, int(policy == "strict"), salvage)
        opened = look(Path(path)) if read_only else open_again(Path(path), request)
        opened.ledger.rounds_off_grid = off_grid == "round"
        self = cls._of_ledger(opened.ledger, policy)
        self._writer = opened.writer
        self._found = opened.report
        return self

    @staticmethod
    def _inspect_journal(path: str) -> dict[str, Any]:
        """Look at a journal; the fields of a :class:`omega_portfolio.Recovery`."""
        report = inspect(Path(path))
        fields = {name: getattr(report, name) for name in report.__slots__}
        return {**fields, "snapshots": [_fields(each) for each in report.snapshots]}

    @contextmanager
    def _change(self) -> Iterator[Ledger]:
        """Hold the account for a call that changes it, and write its events before they count.

        Raises
        ------
        PortfolioClosed
            It was closed.
        DurabilityError
            The events cannot be written: the call has not happened, and the account is read-only.
        """
        with self._turn():
            ledger = self._sound()
            self._require_open()
            writer = self._writer
            if writer is None:
                yield ledger
                return
            writer.require_writable()
            length, events = ledger.journal.length(), ledger.events
            with self._settled():
                yield ledger
                # A frame that was interrupted has put another ledger in its place.
                after = self._ledger
                octets = after.journal.since(length)
                if octets:
                    writer.append(after.events - events, octets)
                    writer.after_commit(after)

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """Leave account and journal with the same events, whatever happens in between."""
        writer, ledger = self._writer, self._ledger
        length, rounded = ledger.journal.length(), ledger.rounded_count
        try:
            yield
        except BaseException as error:
            refused = isinstance(error, OmegaPortfolioError)
            needed = not refused or isinstance(error, DurabilityError)
            if writer is not None and needed and self._ledger.violation is None:
                self._settle(writer, length, rounded, error)
            raise

    def _settle(
        self, writer: JournalWriter, length: int, rounded: int, error: BaseException
    ) -> None:
        """Take the events of a call back that are not in the journal."""
        ledger = self._ledger
        # Should the way back be interrupted, half of it must not be there to see.
        ledger.violation = InvariantViolation(
            "portfolio",
            type(error).__name__,
            "a call was interrupted while it was taken back",
            "open the journal again",
        )
        if not isinstance(error, DurabilityError):
            writer.settle()
        if ledger.events != writer.place.events and ledger.journal.length() != length:
            ledger = taken_back(ledger, length)
            ledger.rounded_count = rounded
            self._ledger = ledger
        ledger.violation = None

    def _require_open(self) -> None:
        if self._closed:
            raise PortfolioClosed(
                "portfolio",
                "closed",
                "takes no more events",
                "open its journal again with open_journal, or fork it",
            )


def created(settings: Settings) -> JournalWriter | None:
    """Begin the journal of a new portfolio, if it is to have one.

    Raises
    ------
    JournalExists, DurabilityError
        There is something with its name; the system refuses it.
    """
    path, sync, interval, every = settings.journal
    if path is None:
        return None
    floats = int(settings.policy == "strict")
    options = Options(SYNC_MODES.index(sync), interval, every, floats)
    return create(Path(path), settings.configuration, options)


def _fields(found: SnapshotFound) -> tuple[str, int, bool, str]:
    return found.name, found.events, found.good, found.why
