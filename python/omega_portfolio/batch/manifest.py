"""The list of what a sink holds: which batch it is of, and which parts are whole.

A part that is not in the list is not there, whatever lies in the folder; a part that is in the
list counts only while its files have the content that the list names.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "manifest.json"
LAYOUT: Final = 1
"""Number of the form of the folder; another one is refused."""

_BLOCK: Final = 1 << 20
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class PartFile:
    """One file of a part."""

    file: str
    rows: int
    bytes: int
    blake2b: str


@dataclass(frozen=True, slots=True)
class Part:
    """Whole runs, with a file for each table.

    Attributes
    ----------
    number, first, runs : int
        Number of the part, its first run and how many it has, in the order of the results.
    files : mapping of str to PartFile
        The file of each table, below the folder of the sink.
    """

    number: int
    first: int
    runs: int
    files: Mapping[str, PartFile]


@dataclass(slots=True)
class Manifest:
    """What a sink is of, and which parts it has.

    Attributes
    ----------
    identity : mapping of str to object
        Everything that decides what stands in the files: fingerprint, options, versions.
    runs, part_runs : int
        All runs, and how many of them each part but the last has.
    currency : str
        Of the accounts.
    complete : bool
        Whether all parts are there.
    parts : dict of int to Part
        By number.
    """

    identity: Mapping[str, object]
    runs: int
    part_runs: int
    currency: str
    complete: bool = False
    parts: dict[int, Part] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Put the list in place of the one before it, at once and for good."""
        document = {
            "layout": LAYOUT,
            "identity": dict(self.identity),
            "runs": self.runs,
            "part_runs": self.part_runs,
            "currency": self.currency,
            "complete": self.complete,
            "parts": [asdict(self.parts[number]) for number in sorted(self.parts)],
        }
        text = json.dumps(document, indent=1, ensure_ascii=False)
        replace_durably(folder / NAME, (text + "\n").encode())


def read_manifest(folder: Path) -> Manifest | None:
    """Read the list of a sink; None when there is none.

    Parameters
    ----------
    folder : Path
        The folder of the sink.

    Raises
    ------
    InvalidArgument
        The list is damaged, or is of another form.
    """
    path = folder / NAME
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    try:
        return _manifest_of(document)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__} {error}") from None


def _manifest_of(document: Any) -> Manifest:  # noqa: ANN401 - JSON of anybody.
    if document["layout"] != LAYOUT:
        raise ValueError(f"layout {document['layout']}")
    parts = {}
    for one in document["parts"]:
        files = {name: PartFile(**file) for name, file in one["files"].items()}
        part = Part(int(one["number"]), int(one["first"]), int(one["runs"]), files)
        parts[part.number] = part
    runs, part_runs = int(document["runs"]), int(document["part_runs"])
    if runs < 0 or part_runs < 1:
        raise ValueError("a number of runs that cannot be")
    facts = (dict(document["identity"]), runs, part_runs, str(document["currency"]))
    return Manifest(*facts, bool(document["complete"]), parts)


def _damaged(path: Path, reason: str) -> InvalidArgument:
    return InvalidArgument(
        "sink",
        str(path),
        f"is no list of parts that can be read ({reason})",
        "name another folder, or begin anew with resume=False",
    )


def part_is_there(folder: Path, part: Part) -> bool:
    """Whether every file of a part is there, as long as the list says."""
    return all(_has_length(folder, file) for file in part.files.values())


def part_is_whole(folder: Path, part: Part) -> bool:
    """Whether every file of a part is there with the content that the list names."""
    return part_is_there(folder, part) and all(
        hash_of(folder / file.file) == file.blake2b for file in part.files.values()
    )


def _has_length(folder: Path, file: PartFile) -> bool:
    path = (folder / file.file).resolve()
    try:
        # A name that leads out of the folder is none of ours.
        return path.is_relative_to(folder.resolve()) and path.stat().st_size == file.bytes
    except OSError:
        return False


def hash_of(path: Path) -> str:
    """Give the hash of the content of a file, read block by block."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def replace_durably(path: Path, data: bytes) -> None:
    """Write a small file so that after a crash there is the old one or the new one."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names of a folder durable, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = [
    "NAME",
    "Manifest",
    "Part",
    "PartFile",
    "hash_of",
    "part_is_there",
    "part_is_whole",
    "read_manifest",
    "replace_durably",
    "sync_folder",
]
