"""What is known of a journal: of one that is written, and of one that was found.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> import omega_portfolio as op
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "run.journal"
...     with op.Portfolio(1000, journal=path) as portfolio:
...         portfolio.deposit(5, "2024-01-02")
...     found = op.inspect_journal(path)
>>> found.verdict, found.events, found.closed
('clean', 1, True)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

SyncMode: TypeAlias = Literal["off", "os", "interval", "always"]
"""When a frame of a journal is on the disk (SPEC J3)."""

Verdict: TypeAlias = Literal["clean", "torn", "corrupt", "newer"]
"""What a journal is found to be (SPEC J7)."""


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """The journal of a portfolio at one moment.

    Attributes
    ----------
    path : str
        The file.
    sync : {"off", "os", "interval", "always"}
        When a frame is on the disk.
    events : int
        Events that are in the journal.
    frames, bytes : int
        Frames and bytes of the file, those included that are gathered in memory.
    snapshots : tuple of str
        Names of the snapshots beside it, oldest first.
    read_only : bool
        Whether the portfolio takes no more events though nobody has closed it.
    reason : str
        Why it is read-only; empty when it is not.
    closed : bool
        Whether ``close()`` has ended it.
    """

    path: str
    sync: SyncMode
    events: int
    frames: int
    bytes: int
    snapshots: tuple[str, ...]
    read_only: bool
    reason: str
    closed: bool


@dataclass(frozen=True, slots=True)
class SnapshotFound:
    """A snapshot that lies beside a journal.

    Attributes
    ----------
    name : str
        Name of the file.
    events : int
        Events in it, as its name says.
    good : bool
        Whether it could be used.
    why : str
        Why not; empty when it is good.
    """

    name: str
    events: int
    good: bool
    why: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found in a journal, and what is restored of it.

    Attributes
    ----------
    path : str
        The file.
    verdict : {"clean", "torn", "corrupt", "newer"}
        What it was found to be (SPEC J7).
    reason : str
        What is wrong, with its place in the file; empty when it is clean.
    version : int
        Version of the format; 0 when it cannot be read.
    sync : {"off", "os", "interval", "always"}
        Mode of the last opening.
    events : int
        Events that are restored.
    frames : int
        Good frames.
    length, good_length, dropped_bytes : int
        Bytes of the file, bytes up to the end of the last good frame and those that a salvage has
        taken up again behind it, and the difference.
    lost_events : int or None
        Events that are known to be lost; None when nobody can know.
    closed : bool
        Whether it ended with ``close()``.
    digest : str
        Digest of what is restored; empty when nothing is.
    snapshots : tuple of SnapshotFound
        Snapshots beside the journal, oldest first.
    used_snapshot : str or None
        Name of the snapshot that a salvage started from.
    damaged : str or None
        Name under which a salvage has kept the damaged file.
    """

    path: str
    verdict: Verdict
    reason: str
    version: int
    sync: SyncMode
    events: int
    frames: int
    length: int
    good_length: int
    dropped_bytes: int
    lost_events: int | None
    closed: bool
    digest: str
    snapshots: tuple[SnapshotFound, ...]
    used_snapshot: str | None
    damaged: str | None


__all__ = ["JournalStatus", "Recovery", "SnapshotFound", "SyncMode", "Verdict"]
