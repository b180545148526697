"""The journal of a live portfolio: frames go to the file before their events count (SPEC J3, J4).

Whoever uses it holds the lock of the portfolio.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.errors import DurabilityError
from omega_portfolio.oracle import snapshots
from omega_portfolio.oracle.digest import digest_of
from omega_portfolio.oracle.image import checksum_of, write_image
from omega_portfolio.oracle.journal_disk import JournalFile
from omega_portfolio.oracle.journal_format import (
    ALWAYS,
    BODY_MAX,
    CLOSE,
    DIGEST,
    INTERVAL,
    OFF,
    Events,
    Frames,
    Opened,
    Proof,
    SnapshotTaken,
    Synced,
)
from omega_portfolio.oracle.journal_pace import Pacer
from omega_portfolio.oracle.journal_recover import Marks, Place, mode_name
from omega_portfolio.recovery import JournalStatus

if TYPE_CHECKING:
    from omega_portfolio.oracle.ledger import Ledger

DIGEST_EVERY: Final = 4096
GATHERED_BYTES: Final = 1 << 16

REMEDY: Final = "the portfolio is read-only now; mend the disk and open the journal again"


class Options(NamedTuple):
    """How a journal is written."""

    sync: int
    interval_ms: int
    snapshot_every: int | None
    floats: int


class Begun(NamedTuple):
    """A journal that is open for writing, locked, and all of it on the disk."""

    path: Path
    file: JournalFile
    salt: bytes
    place: Place
    marks: Marks
    snapshots: tuple[str, ...]


class JournalWriter:
    """Writes the frames of one portfolio.

    Parameters
    ----------
    begun : Begun
        The file; the writer closes it.
    options : Options
        How it is written.
    """

    def __init__(self, begun: Begun, options: Options) -> None:
        self.path = begun.path
        self.salt = begun.salt
        self.options = options
        # All frames, those included that are gathered; it changes at once or not at all.
        self.place = begun.place
        self.closed = False
        self._file = begun.file
        self._frames = Frames(begun.salt)
        self._marks = begun.marks
        self._snapshots = begun.snapshots
        # What is in the file, and what is gathered behind it in mode off.
        self._written = begun.place
        self._gathered = bytearray()
        self._failure = ""
        # Whether a call has raised what stops the writing.
        self._is_raised = False
        self._process = os.getpid()
        self._pacer: Pacer | None = None
        self._told = begun.place.length
        if options.sync == INTERVAL:
            self._pacer = Pacer(begun.file, begun.place.length, options.interval_ms)
        # A portfolio that is dropped, and the end of the interpreter, leave a journal whose last
        # frame is missing.
        self._release = weakref.finalize(
            self, _leave, self._file, self._pacer, self._gathered, self._process
        )
        _LIVE.add(self)

    def require_writable(self) -> None:
        """Refuse a call that would change the portfolio when it is read-only.

        Raises
        ------
        DurabilityError
            A write or a sync has failed, or this is a child of the process that writes.
        """
        reason = self.reason()
        if reason:
            self._is_raised = True
            raise DurabilityError(
                "journal",
                str(self.path),
                f"the portfolio is read-only: {reason}",
                "open the journal again with open_journal",
            )

    def reason(self) -> str:
        """Say why the portfolio is read-only; nothing when it is not."""
        if os.getpid() != self._process:
            return f"the journal is written by process {self._process}, which this one comes from"
        if not self._failure and self._pacer is not None and self._pacer.error is not None:
            self._fail("sync", self._pacer.error)
            self._is_raised = False
        return self._failure

    def append(self, number: int, octets: bytes) -> None:
        """Write the events of a call, before they count.

        Raises
        ------
        DurabilityError
            They cannot be written; what reached the file is cut off again.
        """
        body = Events(number, octets).to_bytes()
        if len(body) > BODY_MAX:
            raise DurabilityError(
                "journal",
                str(self.path),
                f"the events of a call take {len(body)} bytes, and a frame at most {BODY_MAX}",
                "apply the frame in parts",
            )
        self._put(body, number)

    def settle(self) -> None:
        """Cut off what a call has left that was interrupted between its bytes."""
        if self._failure or self.closed or os.getpid() != self._process:
            return
        if self._written.length >= self.place.length:
            # All that counts is in the file, and perhaps more.
            self._written = self.place
            self._gathered.clear()
        else:
            del self._gathered[self.place.length - self._written.length :]
        try:
            self._file.cut(self._written.length)
        except OSError as error:
            self._fail("cutting off an interrupted write", error)
            self._is_raised = False
        if self._pacer is not None:
            self._pacer.note_cut(self._written.length)

    def after_commit(self, ledger: Ledger) -> None:
        """Write a digest or a snapshot when it is time for one.

        The events of the call are in the journal, so an error refuses the next call.
        """
        every = self.options.snapshot_every
        events = self.place.events
        try:
            if every is not None and events - self._marks.snapshot >= every:
                self.snapshot(ledger)
            elif events - self._marks.digest >= max(DIGEST_EVERY, len(ledger.positions.rows)):
                self._put_behind_synced(Proof(DIGEST, events, _digest(ledger)).to_bytes())
                self._marks = self._marks._replace(digest=events)
        except DurabilityError:
            # It is kept, and told by the next call, be it a close.
            self._is_raised = False

    def flush(self) -> None:
        """Write what is gathered and wait until all is on the disk.

        Raises
        ------
        DurabilityError
            That fails, or the portfolio is read-only.
        """
        self.require_writable()
        self._sync_all()

    def snapshot(self, ledger: Ledger) -> str:
        """Make a snapshot beside the journal; give its path.

        Raises
        ------
        DurabilityError
            The system refuses it; the portfolio is read-only from then on.
        """
        self.require_writable()
        image = write_image(ledger, self.salt, self.options.floats)
        # A snapshot on the disk that is newer than the journal there would look like a swap.
        self._sync_all()
        events = self.place.events
        try:
            name = snapshots.write(self.path, events, image)
        except OSError as error:
            raise self._fail("writing a snapshot", error) from error
        crc = checksum_of(image)
        self._put_behind_synced(SnapshotTaken(events, _digest(ledger), crc, name).to_bytes())
        if self.options.sync == OFF:
            # A frame that names the snapshot leads over a damage.
            self._sync_all()
        self._marks = Marks(events, events)
        try:
            self._snapshots = snapshots.keep_newest(self.path, (*self._snapshots, name))
        except OSError as error:
            raise self._fail("removing an old snapshot", error) from error
        return str(self.path.parent / name)

    def begin_again(self) -> None:
        """Write that the journal was opened once more.

        Raises
        ------
        DurabilityError
            The system refuses it.
        """
        self._put_behind_synced(Opened(self.options.sync, self.place.events).to_bytes())
        self._sync_all()

    def close(self, ledger: Ledger | None) -> None:
        """Write the last frame, sync, and let the journal go; the second time does nothing.

        Parameters
        ----------
        ledger : Ledger or None
            The account that it is about; None writes no frame, because it cannot be trusted.

        Raises
        ------
        DurabilityError
            The last frame cannot be written, or what has failed before was not raised yet. The
            journal is let go all the same.
        """
        if self.closed:
            return
        self.closed = True
        try:
            if os.getpid() != self._process:
                return
            if self._pacer is not None:
                # Its sync under way may take an error with it that no other sync sees.
                self._pacer.end()
            if self.reason():
                if not self._is_raised:
                    self.require_writable()
            elif ledger is not None:
                proof = Proof(CLOSE, self.place.events, _digest(ledger))
                self._put_behind_synced(proof.to_bytes())
                self._sync_all()
        finally:
            self._gathered.clear()
            self._release()

    def status(self) -> JournalStatus:
        """Tell how the journal is."""
        reason = self.reason()
        return JournalStatus(
            path=str(self.path),
            sync=mode_name(self.options.sync),
            events=self.place.events,
            frames=self.place.frames,
            bytes=self.place.length,
            snapshots=self._snapshots,
            read_only=bool(reason),
            reason=reason,
            closed=self.closed,
        )

    def drop_in_child(self) -> None:
        """Close the descriptor in a child process, so that the lock ends with its parent."""
        self._file.close()

    def _put_behind_synced(self, body: bytes) -> None:
        """Write a frame that says that all before it is on the disk (SPEC J8)."""
        if self.options.sync == INTERVAL:
            self._sync_all()
        self._put(body, 0)

    def _put(self, body: bytes, events: int) -> None:
        """Append a frame, and the word of the last sync before it, by mode."""
        self.require_writable()
        bodies = [body]
        if self._pacer is not None and self._pacer.synced > self._told:
            self._told = self._pacer.synced
            bodies.insert(0, Synced(self._told).to_bytes())
        data, place = self._seal(bodies)
        place = place._replace(events=place.events + events)
        if self.options.sync == OFF:
            self._gather(data, place)
        else:
            self._write(data, place)
        self.place = place

    def _seal(self, bodies: Iterable[bytes]) -> tuple[bytes, Place]:
        out = bytearray()
        length, link, frames, events = self.place
        for body in bodies:
            sealed, link = self._frames.seal(body, link)
            out += sealed
            frames += 1
        return bytes(out), Place(length + len(out), link, frames, events)

    def _gather(self, data: bytes, place: Place) -> None:
        self._gathered += data
        if len(self._gathered) >= GATHERED_BYTES:
            self._write(bytes(self._gathered), place)
            self._gathered.clear()

    def _write(self, data: bytes, place: Place) -> None:
        doing = "write"
        try:
            self._file.write(data)
            if self.options.sync == ALWAYS:
                doing = "sync"
                self._file.sync()
        except OSError as error:
            self._cut_back()
            raise self._fail(doing, error) from error
        self._written = place
        if self._pacer is not None:
            self._pacer.note(place.length)

    def _sync_all(self) -> None:
        if self._gathered:
            self._write(bytes(self._gathered), self.place)
            self._gathered.clear()
        try:
            self._file.sync()
        except OSError as error:
            raise self._fail("sync", error) from error
        if self._pacer is not None:
            self._pacer.note_synced(self._written.length)

    def _cut_back(self) -> None:
        """Cut off what a write has left of its frames; a disk that refuses it leaves a torn end."""
        with suppress(OSError):
            self._file.cut(self._written.length)

    def _fail(self, doing: str, error: OSError) -> DurabilityError:
        """Make the portfolio read-only."""
        rule = f"{doing} failed: {error.strerror or error}"
        self._failure = self._failure or rule
        self._gathered.clear()
        self.place = self._written
        self._is_raised = True
        return DurabilityError("journal", str(self.path), rule, REMEDY)


_LIVE: Final[weakref.WeakSet[JournalWriter]] = weakref.WeakSet()


def _digest(ledger: Ledger) -> bytes:
    return bytes.fromhex(digest_of(ledger))


def _leave(file: JournalFile, pacer: Pacer | None, gathered: bytearray, process: int) -> None:
    """Let a journal go: write what is gathered, give the lock back, close the file."""
    if os.getpid() != process:
        file.close()
        return
    try:
        if pacer is not None:
            pacer.end()
        if gathered:
            file.write(gathered)
        # Closing gives the lock back as well, unless a child has the file too.
        with suppress(OSError):
            file.unlock()
    finally:
        file.close()


def _after_fork() -> None:
    for writer in list(_LIVE):
        writer.drop_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


__all__ = ["Begun", "JournalWriter", "Options"]
