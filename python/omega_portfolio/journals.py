"""Journals on the disk: opened to go on with them, or looked at.

SPEC section 21 has the rules, and ``docs/guide/journal.md`` the way through them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.backend import backend_class, select
from omega_portfolio.journal_arguments import INTERVAL_DEFAULT, open_arguments, read_path
from omega_portfolio.recovery import Recovery, SnapshotFound

if TYPE_CHECKING:
    import os

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.recovery import SyncMode
    from omega_portfolio.types import FloatPolicy, OffGrid


def open_journal(
    path: str | os.PathLike[str],
    *,
    sync: SyncMode | None = None,
    sync_interval_ms: int = INTERVAL_DEFAULT,
    snapshot_every: int | None = None,
    floats: FloatPolicy = "nearest",
    off_grid: OffGrid = "refuse",
    capacity: int | None = None,
    salvage: bool = False,
    read_only: bool = False,
    backend: str | None = None,
) -> Portfolio:
    """Open a journal again: its events are replayed, and the portfolio goes on writing it.

    A torn end, which is what a crash leaves of a write, is cut off. Either backend opens what
    the other has written. ``portfolio.recovery`` says what was found.

    Parameters
    ----------
    path : str or path
        The journal.
    sync : {"off", "os", "interval", "always"}, optional
        When a frame is on the disk; left out, the mode of the last opening.
    sync_interval_ms : int, default 100
        In mode ``interval``, the longest time that a frame waits for the disk.
    snapshot_every : int, optional
        Number of events after which a snapshot is made.
    floats : {"nearest", "strict"}, default "nearest"
        As in :class:`Portfolio`; a journal does not have it.
    off_grid : {"refuse", "round"}, default "refuse"
        As in :class:`Portfolio`; a journal does not have it.
    capacity : int, optional
        As in :class:`Portfolio`; a journal does not have it.
    salvage : bool, default False
        A corrupt journal is kept beside as ``NAME.damaged``, and a new one is made of its good
        frames and its snapshots.
    read_only : bool, default False
        Nothing is locked and nothing written: the portfolio has no journal.
    backend : {"auto", "rust", "python"}, optional
        The implementation, as in :class:`Portfolio`.

    Returns
    -------
    Portfolio
        In the state after the last whole call that the journal has.

    Raises
    ------
    JournalNotFound, JournalLocked
        There is no such file, or another portfolio writes it.
    JournalCorrupt, JournalVersion
        It is damaged, or of a later version; nothing was touched.
    DurabilityError
        The system refuses a step.
    InvalidArgument, InvalidConfiguration, BackendUnavailable
        An argument has a wrong type or value.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import omega_portfolio as op
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "run.journal"
    >>> with op.Portfolio(1000, journal=path) as portfolio:
    ...     portfolio.deposit(5, "2024-01-02")
    >>> with op.open_journal(path, backend="python") as again:
    ...     again.balance, again.recovery.verdict, again.digest == portfolio.digest
    (Decimal('1005.00'), 'clean', True)
    >>> folder.cleanup()
    """
    arguments = open_arguments(
        path=path,
        sync=sync,
        sync_interval_ms=sync_interval_ms,
        snapshot_every=snapshot_every,
        floats=floats,
        off_grid=off_grid,
        capacity=capacity,
        salvage=salvage,
        read_only=read_only,
    )
    return backend_class(select(backend))._open_journal(*arguments)


def inspect_journal(path: str | os.PathLike[str], *, backend: str | None = None) -> Recovery:
    """Say what a journal is, and change nothing; also while somebody writes it.

    Parameters
    ----------
    path : str or path
        The journal.
    backend : {"auto", "rust", "python"}, optional
        The implementation, as in :class:`Portfolio`.

    Returns
    -------
    Recovery
        The verdict, and what an opening would restore; damage is told and not raised.

    Raises
    ------
    JournalNotFound
        There is no such file.
    DurabilityError
        It cannot be read.
    InvalidArgument, InvalidConfiguration, BackendUnavailable
        An argument has a wrong type or value.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import omega_portfolio as op
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.journal"
    ...     with op.Portfolio(1000, journal=path) as portfolio:
    ...         portfolio.deposit(5, "2024-01-02")
    ...     _ = path.write_bytes(path.read_bytes()[:-1])
    ...     found = op.inspect_journal(path)
    >>> found.verdict, found.events, found.closed
    ('torn', 1, False)
    """
    given = read_path(path, "path")
    fields = backend_class(select(backend))._inspect_journal(given)
    snapshots = tuple(SnapshotFound(*each) for each in fields["snapshots"])
    return Recovery(**{**fields, "snapshots": snapshots})


__all__ = ["inspect_journal", "open_journal"]
