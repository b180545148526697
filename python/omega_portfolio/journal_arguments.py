"""The arguments about journals, read once for both backends."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.errors import (
    InvalidArgument,
    InvalidConfiguration,
    OmegaPortfolioError,
    describe,
)

if TYPE_CHECKING:
    from omega_portfolio.recovery import SyncMode

SYNC_DEFAULT: Final = "os"
INTERVAL_DEFAULT: Final = 100
"""Milliseconds between two syncs in mode interval."""

NO_JOURNAL: Final = (None, None, INTERVAL_DEFAULT, None)
"""The arguments of a constructor, when nothing is said of a journal."""

INTERVAL_MAX: Final = 2**32 - 1
EVERY_MAX: Final = 2**63 - 1

_SYNC: Final[tuple[SyncMode, ...]] = ("off", "os", "interval", "always")
_FLOATS: Final = ("nearest", "strict")
_OFF_GRID: Final = ("refuse", "round")


class JournalOptions(NamedTuple):
    """The arguments of a constructor about its journal; ``path`` None is none."""

    path: str | None
    sync: str
    sync_interval_ms: int
    snapshot_every: int | None


class OpenArguments(NamedTuple):
    """The arguments of :func:`omega_portfolio.open_journal`, but for the backend."""

    path: str
    sync: str | None
    sync_interval_ms: int
    snapshot_every: int | None
    floats: str
    off_grid: str
    capacity: int | None
    salvage: bool
    read_only: bool


def journal_options(
    journal: object, sync: object, sync_interval_ms: object, snapshot_every: object
) -> JournalOptions:
    """Read what a constructor is told of its journal, in the order of its signature.

    Raises
    ------
    InvalidArgument
        One has a wrong type or value, or is given without a journal.
    """
    path = None if journal is None else read_path(journal)
    mode = None if sync is None else _word("sync", sync, _SYNC)
    # The compiled class says None for what it was not given.
    interval = INTERVAL_DEFAULT if sync_interval_ms is None else _interval(sync_interval_ms)
    every = _every(snapshot_every)
    if path is None:
        for name, value, default in (
            ("sync", mode, None),
            ("sync_interval_ms", interval, INTERVAL_DEFAULT),
            ("snapshot_every", every, None),
        ):
            if value != default:
                raise InvalidArgument(
                    name, describe(value), "is of a journal, and there is none", "pass journal="
                )
    return JournalOptions(path, mode or SYNC_DEFAULT, interval, every)


def open_arguments(
    *,
    path: object,
    sync: object,
    sync_interval_ms: object,
    snapshot_every: object,
    floats: object,
    off_grid: object,
    capacity: object,
    salvage: object,
    read_only: object,
) -> OpenArguments:
    """Read the arguments of ``open_journal``, in the order of its signature.

    Raises
    ------
    InvalidArgument, InvalidConfiguration
        One has a wrong type or value, or is of no use beside another.
    """
    read = OpenArguments(
        path=read_path(path, "path"),
        sync=None if sync is None else _word("sync", sync, _SYNC),
        sync_interval_ms=_interval(sync_interval_ms),
        snapshot_every=_every(snapshot_every),
        floats=_word("floats", floats, _FLOATS, InvalidConfiguration),
        off_grid=_word("off_grid", off_grid, _OFF_GRID, InvalidConfiguration),
        capacity=None if capacity is None else _whole("capacity", capacity, 0, EVERY_MAX),
        salvage=_flag("salvage", salvage),
        read_only=_flag("read_only", read_only),
    )
    writes = (read.sync, read.snapshot_every) != (None, None) or read.salvage
    if read.read_only and (writes or read.sync_interval_ms != INTERVAL_DEFAULT):
        raise InvalidArgument(
            "read_only",
            "True",
            "writes nothing, so salvage, sync, sync_interval_ms and snapshot_every say nothing",
            "leave them out, or read_only",
        )
    return read


def read_path(value: object, argument: str = "journal") -> str:
    """Take the path of a file, and give it from the root.

    Raises
    ------
    InvalidArgument
        It is no text and no path of text, or no file can have it.
    """
    text = _path_text(value)
    if text is None:
        raise InvalidArgument(
            argument, describe(value), "must be a str or a path", "pass the path of a file"
        )
    try:
        encoded = text.encode("utf-8")
    except UnicodeEncodeError:
        encoded = b""
    if not encoded or b"\0" in encoded or text.endswith((os.sep, "/")):
        raise InvalidArgument(
            argument, describe(text), "is no path of a file", "pass the path of a file"
        )
    return str(Path(text).absolute())


def _path_text(value: object) -> str | None:
    if not isinstance(value, str | os.PathLike):
        return None
    text = os.fspath(value)
    return str.__str__(text) if isinstance(text, str) else None


def _word(
    argument: str,
    value: object,
    words: Sequence[str],
    error: type[OmegaPortfolioError] = InvalidArgument,
) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(argument, describe(value), "must be a str", "pass a str")
    text = str.__str__(value)
    if text in words:
        return text
    raise error(
        argument, describe(text), "is not one of the words", f"pass one of {', '.join(words)}"
    )


def _interval(value: object) -> int:
    return _whole("sync_interval_ms", value, 1, INTERVAL_MAX)


def _every(value: object) -> int | None:
    return None if value is None else _whole("snapshot_every", value, 1, EVERY_MAX)


def _whole(argument: str, value: object, least: int, most: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return int.__index__(value)
    raise InvalidArgument(
        argument, describe(value), f"must be an int from {least} to {most}", "pass a whole number"
    )


def _flag(argument: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidArgument(argument, describe(value), "must be a bool", "pass True or False")


__all__ = [
    "INTERVAL_DEFAULT",
    "NO_JOURNAL",
    "JournalOptions",
    "OpenArguments",
    "journal_options",
    "open_arguments",
    "read_path",
]
