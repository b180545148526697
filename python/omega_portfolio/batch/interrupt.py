"""Ctrl-C ends a batch behind its last whole run, and not in the middle of its tables."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from omega_portfolio.types import CancelToken


class Stop:
    """What a backend looks at to see whether it is to end: the caller's token, and Ctrl-C.

    Attributes
    ----------
    interrupted : bool
        Whether there was a Ctrl-C.
    """

    __slots__ = ("_token", "interrupted")

    def __init__(self, token: CancelToken | None) -> None:
        self._token = token
        self.interrupted = False

    @property
    def cancelled(self) -> bool:
        """Whether the batch is to end."""
        return self.interrupted or (self._token is not None and self._token.cancelled)

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take a Ctrl-C; the second one does not wait."""
        if self.interrupted:
            signal.default_int_handler(number, frame)
        self.interrupted = True


@contextmanager
def stoppable(token: CancelToken | None, *, patient: bool) -> Iterator[Stop]:
    """Give what ends a batch, and let Ctrl-C do so.

    Parameters
    ----------
    token : CancelToken or None
        The caller's.
    patient : bool
        The backend looks at it many times a second. Without that, and where somebody else
        handles the signal, Ctrl-C raises at once.

    Yields
    ------
    Stop
        To be given to a backend.
    """
    stop = Stop(token)
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not (patient and usual and threading.current_thread() is threading.main_thread()):
        yield stop
        return
    signal.signal(signal.SIGINT, stop.note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


__all__ = ["Stop", "stoppable"]
