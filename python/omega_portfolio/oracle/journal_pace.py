"""The thread of sync mode interval: what was written is on the disk within the interval (J3).

It knows the file and two numbers, and nothing of the portfolio, so that a portfolio that is
dropped ends it.
"""

from __future__ import annotations

import errno
from threading import Event, Lock, Thread

from omega_portfolio.oracle.journal_disk import JournalFile


class Pacer:
    """Syncs a file some time after something was written.

    Parameters
    ----------
    file : JournalFile
        The file.
    length : int
        How long it is, all of which is on the disk.
    interval_ms : int
        Longest time that something may wait, in milliseconds.

    Raises
    ------
    OSError
        The system gives no thread.

    Attributes
    ----------
    synced : int
        Up to which place the file is on the disk.
    error : OSError or None
        Why the thread has ended.
    """

    def __init__(self, file: JournalFile, length: int, interval_ms: int) -> None:
        self.synced = length
        self.error: OSError | None = None
        self._file = file
        self._lock = Lock()
        self._written = length
        self._cuts = 0
        # Half of it is for the disk.
        self._pause = interval_ms / 2000
        self._has_work, self._ended = Event(), Event()
        self._thread = Thread(target=self._run, name="omega-portfolio-journal", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, str(error)) from error

    def note(self, length: int) -> None:
        """Take notice of how long the file is after a write."""
        with self._lock:
            self._written = length
        self._has_work.set()

    def note_synced(self, length: int) -> None:
        """Take notice of a sync by somebody else."""
        with self._lock:
            self.synced = max(self.synced, length)

    def note_cut(self, length: int) -> None:
        """Take notice that the end of the file was cut off: nothing behind it is on the disk."""
        with self._lock:
            self._written = min(self._written, length)
            self.synced = min(self.synced, length)
            self._cuts += 1

    def end(self) -> None:
        """End the thread and wait for it; the second time does nothing."""
        self._ended.set()
        self._has_work.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._has_work.wait()
            if self._ended.wait(self._pause):
                return
            self._has_work.clear()
            with self._lock:
                length, cuts = self._written, self._cuts
            if length <= self.synced:
                continue
            try:
                self._file.sync()
            except OSError as error:
                self.error = error
                return
            with self._lock:
                # What was cut off meanwhile may have been written anew.
                if cuts == self._cuts:
                    self.synced = max(self.synced, length)
