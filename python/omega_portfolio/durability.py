"""What keeps a portfolio: its journal on the disk, snapshots, and the end of both.

:mod:`omega_portfolio.journals` opens a journal again; SPEC section 21 has the rules, and
``docs/guide/journal.md`` says what each mode promises.
"""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from omega_portfolio.analysis_tables import abstractmethod
from omega_portfolio.events import Events
from omega_portfolio.journal_arguments import journal_options
from omega_portfolio.recovery import JournalStatus, Recovery, SnapshotFound

if TYPE_CHECKING:
    from types import TracebackType

    from omega_portfolio.portfolio import Portfolio

Own = TypeVar("Own", bound="Durability")


class Durability(Events):
    """The part of :class:`omega_portfolio.Portfolio` that has to do with files."""

    __slots__ = ()

    @property
    @abstractmethod
    def journal(self) -> JournalStatus | None:
        """How the journal is; None for a portfolio without one.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import omega_portfolio as op
        >>> folder = tempfile.TemporaryDirectory()
        >>> portfolio = op.Portfolio(1000, journal=Path(folder.name) / "run.journal")
        >>> portfolio.deposit(5, "2024-01-02")
        >>> status = portfolio.journal
        >>> status.sync, status.events, status.frames, status.read_only
        ('os', 1, 1, False)
        >>> portfolio.close()
        >>> portfolio.journal.closed, op.Portfolio(1000).journal
        (True, None)
        >>> folder.cleanup()
        """

    @property
    @abstractmethod
    def recovery(self) -> Recovery | None:
        """What was found when the portfolio was opened from a journal; None for others."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether :meth:`close` was called; then nothing can be changed any more."""

    @abstractmethod
    def flush(self) -> None:
        """Write what is gathered and wait until the journal is on the disk, whatever its mode.

        A portfolio without a journal, or a closed one, has nothing to write.

        Raises
        ------
        DurabilityError
            The system refuses it, or the portfolio is read-only.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import omega_portfolio as op
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.journal"
        ...     with op.Portfolio(1000, journal=path, sync="off") as portfolio:
        ...         portfolio.deposit(5, "2024-01-02")
        ...         before = op.inspect_journal(path).events
        ...         portfolio.flush()
        ...         before, op.inspect_journal(path).events
        (0, 1)
        """

    @abstractmethod
    def snapshot(self) -> str:
        """Write a snapshot beside the journal; a salvage can go on from it.

        It is an image, named ``NAME.snapshot-E`` after the number of events. The newest two
        are kept. ``snapshot_every`` makes them on the way.

        Returns
        -------
        str
            Its path.

        Raises
        ------
        JournalNotFound
            The portfolio has no journal.
        PortfolioClosed
            It was closed.
        DurabilityError
            The system refuses it; the portfolio is read-only from then on, or was before.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import omega_portfolio as op
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.journal"
        ...     with op.Portfolio(1000, journal=path) as portfolio:
        ...         portfolio.deposit(5, "2024-01-02")
        ...         Path(portfolio.snapshot()).name
        'run.journal.snapshot-1'
        """

    @abstractmethod
    def close(self) -> None:
        """End the portfolio: write the last frame of its journal, sync it, give it free.

        From then on every call that would change the portfolio is refused; reading goes on. A
        second close does nothing, and a portfolio without a journal can be closed as well. In a
        ``with`` statement it is called at the end.

        Raises
        ------
        DurabilityError
            The last frame cannot be written, or a sync or snapshot has failed that no call has
            raised yet; the portfolio is closed all the same. Of a portfolio that is read-only
            already nothing is written, and what a call has raised is not raised again.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> with op.Portfolio(1000) as portfolio:
        ...     portfolio.deposit(5, "2024-01-02")
        >>> portfolio.closed, portfolio.balance
        (True, Decimal('1005.00'))
        >>> portfolio.deposit(5, "2024-01-02")
        Traceback (most recent call last):
        ...
        omega_portfolio.errors.PortfolioClosed: ...
        """

    @classmethod
    @abstractmethod
    def _open_journal(  # noqa: PLR0917 - the public function has them as keywords.
        cls,
        path: str,
        sync: str | None,
        sync_interval_ms: int,
        snapshot_every: int | None,
        floats: str,
        off_grid: str,
        capacity: int | None,
        salvage: bool,  # noqa: FBT001
        read_only: bool,  # noqa: FBT001
        /,
    ) -> Portfolio:
        """Open a journal as :func:`omega_portfolio.open_journal`, which has read the arguments."""

    @staticmethod
    @abstractmethod
    def _inspect_journal(path: str) -> dict[str, Any]:
        """Look at a journal: the fields of a Recovery, its snapshots being tuples of theirs."""

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def status_of(fields: dict[str, Any] | None) -> JournalStatus | None:
    """Make a status of its fields, as the compiled module gives them."""
    return None if fields is None else JournalStatus(**fields)


def recovery_of(fields: dict[str, Any] | None) -> Recovery | None:
    """Make a recovery of its fields, its snapshots being tuples of theirs."""
    if fields is None:
        return None
    snapshots = tuple(SnapshotFound(*each) for each in fields["snapshots"])
    return Recovery(**{**fields, "snapshots": snapshots})


__all__ = ["Durability", "journal_options", "recovery_of", "status_of"]
