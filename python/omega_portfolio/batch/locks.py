"""Files that are locked while a batch runs, so that other processes see that it does.

The lock is that of the system: it ends with the process, however that ends. A child that is forked
meanwhile has the open file as well, and would keep the lock when its parent is long gone; so it
closes what it was handed.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

FREE: Final = "free"
BUSY: Final = "busy"
UNKNOWN: Final = "unknown"

LOCK: Final = ".lock"
"""Name of the file in a folder that one process has."""

_PATIENCE: Final = 2.0
_PAUSE: Final = 0.02

_held: set[FileIO] = set()


def take(handle: int) -> str:
    """Lock an open file for as long as it is open.

    Returns
    -------
    {"free", "busy", "unknown"}
        It was free and is taken; another one has it; or there are no such locks here.
    """
    try:
        import fcntl
    except ImportError:
        return UNKNOWN
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return BUSY
    except OSError:
        # A file system without locks.
        return UNKNOWN
    return FREE


@contextmanager
def locked(path: Path) -> Iterator[str]:
    """Take the lock of a file, which is made, and let go of it at the end.

    Yields
    ------
    {"free", "busy", "unknown"}
        As :func:`take` gives it.
    """
    owner = os.getpid()
    with path.open("wb", buffering=0) as file:
        _held.add(file)
        found = take(file.fileno())
        try:
            yield found
        finally:
            _held.discard(file)
            if found == FREE and os.getpid() == owner:
                _let_go(file.fileno())


def _let_go(handle: int) -> None:
    """Unlock for all who have the file open; a child that no hook has reached may be one."""
    import fcntl

    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_UN)


def remove_left(folder: Path) -> None:
    """Remove the folder of a process that has ended; one whose lock is not let go of stays."""
    path = folder / LOCK
    until = monotonic() + _PATIENCE
    while True:
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:
            # It is gone, or a stranger's.
            return
        try:
            found = take(handle)
            if found == FREE:
                shutil.rmtree(folder, ignore_errors=True)
                return
        finally:
            os.close(handle)
        if found == UNKNOWN:
            shutil.rmtree(folder, ignore_errors=True)
        if found == UNKNOWN or monotonic() > until:
            return
        # A process that ends closes its files one after the other.
        sleep(_PAUSE)


def _after_fork() -> None:
    while _held:
        # The lock stays with the parent, whose file is the same one.
        _held.pop().close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

__all__ = ["BUSY", "FREE", "LOCK", "UNKNOWN", "locked", "remove_left", "take"]
