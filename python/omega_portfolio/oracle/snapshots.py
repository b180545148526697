"""Snapshots beside a journal: their names, what is found of them, and how one is made (SPEC J10).

To look at one is to check its lengths and its checksum; only a salvage reads it to the end.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from omega_portfolio.errors import InvalidImage
from omega_portfolio.oracle.image import checksum_of, parts_of
from omega_portfolio.oracle.journal_disk import remove, write_named

KEPT: Final = 2
"""The newest good snapshots stay, so that one that is damaged later does not leave none."""

_MOST: Final = (1 << 64) - 1


class Snapshot(NamedTuple):
    """A snapshot that lies beside a journal; ``why`` says why it cannot be used.

    The last three are those of an image that is in order, and empty otherwise.
    """

    name: str
    events: int
    why: str
    salt: bytes = b""
    crc: int = 0
    digest: bytes = b""


def names_beside(path: Path) -> list[str]:
    """Give the names of the snapshots of a journal, oldest first; none without the folder."""
    pattern = re.compile(re.escape(path.name) + r"\.snapshot-(0|[1-9][0-9]*)")
    found = []
    if path.parent.is_dir():
        for entry in path.parent.iterdir():
            match = pattern.fullmatch(entry.name)
            if match is not None and int(match[1]) <= _MOST:
                found.append((int(match[1]), entry.name))
    return [name for _, name in sorted(found)]


def path_of(path: Path, events: int) -> Path:
    """Give the file of the snapshot of a journal with so many events."""
    return path.with_name(f"{path.name}.snapshot-{events}")


def look_at(path: Path, name: str) -> Snapshot:
    """Look at a snapshot of a journal, as far as it can be checked without a replay."""
    events = int(name.rpartition("-")[2])
    try:
        data = (path.parent / name).read_bytes()
        parts = parts_of(data)
    except OSError as error:
        return Snapshot(name, events, f"it cannot be read: {error.strerror}")
    except InvalidImage as error:
        return Snapshot(name, events, error.value)
    if parts.number != events:
        return Snapshot(name, events, f"it has {parts.number} events, and its name says {events}")
    return Snapshot(name, events, "", parts.salt, checksum_of(data), parts.digest)


def write(path: Path, events: int, image: bytes) -> str:
    """Write the snapshot of a journal, so that it has its name only when it is on the disk.

    Returns
    -------
    str
        Its name.

    Raises
    ------
    OSError
        The system refuses it; then there is none.
    """
    target = path_of(path, events)
    write_named(target, image, path)
    return target.name


def keep_newest(path: Path, good: tuple[str, ...]) -> tuple[str, ...]:
    """Remove what is older than the newest good snapshots, be it good or damaged.

    Parameters
    ----------
    path : Path
        The journal.
    good : tuple of str
        Names of the good snapshots, oldest first; one may come twice.

    Returns
    -------
    tuple of str
        Those that are kept, oldest first.

    Raises
    ------
    OSError
        One cannot be removed.
    """
    there = names_beside(path)
    kept = tuple(name for name in there if name in good)[-KEPT:]
    if len(kept) == KEPT:
        for name in there[: there.index(kept[0])]:
            with suppress(FileNotFoundError):  # Somebody else has tidied up.
                remove(path.parent / name)
    return kept
