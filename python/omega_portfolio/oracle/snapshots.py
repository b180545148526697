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
"""The newest snapshots stay, so that a damaged one does not leave none."""


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
    pattern = re.compile(re.escape(path.name) + r"\.snapshot-(\d+)", re.ASCII)
    found = []
    if path.parent.is_dir():
        for entry in path.parent.iterdir():
            match = pattern.fullmatch(entry.name)
            if match is not None:
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


def keep_newest(path: Path, events: int) -> list[str]:
    """Remove all but the newest snapshots of at most so many events; give these, oldest first.

    Raises
    ------
    OSError
        One cannot be removed.
    """
    # What has more is damaged: it was left of a journal that a salvage has made shorter.
    names = [name for name in names_beside(path) if int(name.rpartition("-")[2]) <= events]
    for name in names[:-KEPT]:
        with suppress(FileNotFoundError):  # Somebody else has tidied up.
            remove(path.parent / name)
    return names[-KEPT:]
