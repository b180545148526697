"""The lock of a portfolio, and what becomes of it in a child process.

A fork copies the memory, and of the threads only the one that forks. What another thread held at
that moment is held in the child for ever. So a child asks once for each lock, before anybody there
takes it: who finds it held then is told so, and nobody waits.
"""

from __future__ import annotations

import os
from threading import RLock, get_ident

_LEFT = (
    "this process was forked while another thread was in a call of this portfolio: use it in the"
    " parent, or fork it there before"
)


class Turns:
    """A lock that the same thread may take again."""

    __slots__ = ("_lock", "_process")

    def __init__(self) -> None:
        self._lock = RLock()
        self._process = _here.number

    def ready(self) -> RLock:
        """Give the lock, to be taken by ``with``, in which no interrupt comes between.

        Raises
        ------
        RuntimeError
            A thread holds it that only the parent of this process has.
        """
        if self._process != _here.number:
            self._ask()
        return self._lock

    def _ask(self) -> None:
        """Find out, before any thread of this process takes the lock, whether it can be had."""
        with _here.asking:
            if self._process == _here.number:
                return
            # A thread that began here may have the number of one that is not here.
            owned = self._lock._is_owned()  # type: ignore[attr-defined]
            mistaken = owned and get_ident() != _here.thread
            if mistaken or not self._lock.acquire(blocking=False):
                raise RuntimeError(_LEFT)
            self._lock.release()
            self._process = _here.number


class _Here:
    """A number that the parent of this process does not have, and a lock that nobody holds."""

    def __init__(self) -> None:
        self.number = 0
        self.thread = 0
        self.asking = RLock()

    def begin(self) -> None:
        """Begin as a child."""
        self.number += 1
        self.thread = get_ident()
        self.asking = RLock()


_here = _Here()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_here.begin)


__all__ = ["Turns"]
