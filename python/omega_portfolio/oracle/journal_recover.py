"""What a journal holds: its frames replayed, and the verdict on it (SPEC J7, J8).

Nothing is written here. :mod:`omega_portfolio.oracle.journal_open` goes on with what was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, NamedTuple

from omega_portfolio.errors import InvariantViolation, OmegaPortfolioError
from omega_portfolio.oracle import codec, snapshots
from omega_portfolio.oracle.digest import digest_of
from omega_portfolio.oracle.journal_format import (
    ALWAYS,
    CLOSE,
    OS,
    SYNC_MODES,
    Body,
    Events,
    Frame,
    Frames,
    Header,
    LaterVersionError,
    Opened,
    Proof,
    SnapshotTaken,
    Synced,
    UnreadableError,
    read_body,
    read_header,
    salt_of,
    version_of,
)
from omega_portfolio.oracle.journal_scan import events_told, is_torn
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.replay import Replayer, taken_back
from omega_portfolio.oracle.snapshots import Snapshot
from omega_portfolio.recovery import Recovery, SnapshotFound, Verdict

OF_ANOTHER: Final = "it belongs to another journal"


class Place(NamedTuple):
    """Where a journal ends: what the next frame has to know."""

    length: int
    link: int
    frames: int
    events: int


class Marks(NamedTuple):
    """How many events there were at the last digest, and at the last snapshot."""

    digest: int
    snapshot: int


class Reading:
    """A journal under way: the account that its good frames make.

    Parameters
    ----------
    ledger : Ledger
        What goes before the frames: nothing, or what an image holds.
    place : Place
        Where the first frame stands.
    mode : int
        Sync mode of the opening before it.
    """

    __slots__ = ("_replayer", "closed", "digests", "ledger", "marks", "mode", "place")

    def __init__(self, ledger: Ledger, place: Place, mode: int) -> None:
        self.ledger = ledger
        self.place = place
        self.mode = mode
        self.marks = Marks(0, 0)
        self.closed = False
        self.digests: dict[int, bytes] = {}
        self._replayer = Replayer(ledger)

    def ask_for(self, numbers: Iterable[int]) -> None:
        """Have the digest noted where the account has one of these numbers of events."""
        self.digests = dict.fromkeys(numbers, b"")
        self._note_digest()

    def run(self, frames: Frames, data: bytes) -> str:
        """Take good frames up to the end of the bytes.

        Returns
        -------
        str
            What was found behind the last good frame: nothing at the end, or no such frame.

        Raises
        ------
        UnreadableError
            The next frame is written as it should be, and says what cannot be.
        """
        while self.place.length < len(data):
            frame = frames.read(data, self.place.length)
            if frame is None:
                return "no whole frame"
            if frame.link != self.place.link:
                return "a frame that does not follow the one before it"
            self.take(frame)
        return ""

    def take(self, frame: Frame) -> None:
        """Take a frame that follows the one before it.

        Raises
        ------
        UnreadableError
            It says what cannot be; then nothing of it is taken.
        """
        body = read_body(frame.body)
        if isinstance(body, Events):
            self._replay(body)
        else:
            self._believe(body, frame)
        self.closed = isinstance(body, Proof) and body.kind == CLOSE
        self.place = Place(frame.end, frame.crc, self.place.frames + 1, self.ledger.events)
        self._note_digest()

    def _note_digest(self) -> None:
        events = self.ledger.events
        if self.digests.get(events) == b"":
            self.digests[events] = bytes.fromhex(digest_of(self.ledger))

    def _replay(self, body: Events) -> None:
        ledger = self.ledger
        length, events = ledger.journal.length(), ledger.events
        try:
            for record in codec.Reader(body.octets).records():
                self._replayer.take(record)
            if ledger.events - events != body.number:
                raise UnreadableError(f"a frame of {body.number} events has another number of them")
            if ledger.journal.since(length) != body.octets:
                raise UnreadableError("an event is recorded otherwise than it is written")
        except Exception as error:
            # Bytes with a good checksum that no writer writes may be refused in any way.
            self.ledger = taken_back(ledger, length)
            self._replayer = Replayer(self.ledger)
            if isinstance(error, UnreadableError | MemoryError):
                raise
            raise UnreadableError(f"an event is refused: {_in_words(error)}") from error

    def _believe(self, body: Proof | SnapshotTaken | Opened | Synced, frame: Frame) -> None:
        """Compare what a frame says with what there is."""
        if isinstance(body, Synced):
            if body.offset > frame.at:
                raise UnreadableError("a frame names a place behind its own")
            return
        if body.events != self.ledger.events:
            raise UnreadableError(
                f"a frame says {body.events} events, and there are {self.ledger.events}"
            )
        if isinstance(body, Opened):
            self.mode = body.sync
            return
        if body.digest.hex() != digest_of(self.ledger):
            raise UnreadableError("a digest is not that of the events so far")
        snapshot = body.events if isinstance(body, SnapshotTaken) else self.marks.snapshot
        self.marks = Marks(body.events, snapshot)


class Found(NamedTuple):
    """What is known of a journal after it was read.

    ``reading`` is None when the header is not right, or of a later version.
    """

    path: Path
    data: bytes
    reading: Reading | None
    header: Header | None
    verdict: Verdict
    reason: str
    snapshots: tuple[Snapshot, ...]

    def report(self) -> Recovery:
        """Tell what was found, as it is told to users."""
        reading = self.reading
        place = Place(0, 0, 0, 0) if reading is None else reading.place
        return Recovery(
            path=str(self.path),
            verdict=self.verdict,
            reason=self.reason,
            version=version_of(self.data),
            sync=mode_name(OS if reading is None else reading.mode),
            events=place.events,
            frames=place.frames,
            length=len(self.data),
            good_length=place.length,
            dropped_bytes=len(self.data) - place.length,
            lost_events=self.lost(place.events),
            closed=reading is not None and reading.closed and place.length == len(self.data),
            digest="" if reading is None else digest_of(reading.ledger),
            snapshots=tuple(
                SnapshotFound(each.name, each.events, not each.why, each.why)
                for each in self.snapshots
            ),
            used_snapshot=None,
            damaged=None,
        )

    def lost(self, kept: int) -> int | None:
        """Say how many events are lost when so many are kept; None when nobody can know."""
        reading = self.reading
        if self.verdict == "clean":
            return 0
        # What a write in mode always has left was never acknowledged.
        if self.verdict == "torn" and reading is not None and reading.mode == ALWAYS:
            return 0
        if self.verdict == "newer":
            return None
        at = 0 if reading is None else reading.place.length
        told = events_told(Frames(salt_of(self.data)), self.data, at)
        return None if told is None else max(0, told - kept)


def mode_name(mode: int) -> Literal["off", "os", "interval", "always"]:
    """Give the word of a sync mode."""
    return SYNC_MODES[mode]


def look_through(path: Path, data: bytes) -> Found:
    """Read a journal and look at the snapshots beside it.

    Parameters
    ----------
    path : Path
        Its file, for the snapshots.
    data : bytes
        All of its bytes.
    """
    beside = tuple(snapshots.look_at(path, name) for name in snapshots.names_beside(path))
    salt = salt_of(data)
    try:
        header, length, crc = read_header(data)
    except LaterVersionError as error:
        return Found(path, data, None, None, "newer", str(error), beside)
    except UnreadableError as error:
        return Found(path, data, None, None, "corrupt", str(error), _without_others(beside, salt))
    reading = Reading(Ledger(header.configuration), Place(length, crc, 0, 0), header.sync)
    reading.ask_for(each.events for each in beside)
    verdict, reason = _verdict(reading, Frames(salt), data)
    own = _without_different(_without_others(beside, salt), reading)
    if verdict != "corrupt":
        swapped = _swapped(own, reading.place.events)
        verdict, reason = ("corrupt", swapped) if swapped else (verdict, reason)
    return Found(path, data, reading, header, verdict, reason, own)


def _verdict(reading: Reading, frames: Frames, data: bytes) -> tuple[Verdict, str]:
    """Read the frames and judge what stands behind the last good one."""
    try:
        found = reading.run(frames, data)
    except UnreadableError as error:
        return "corrupt", _placed(reading, str(error))
    if not found:
        return "clean", ""
    left = len(data) - reading.place.length
    if is_torn(frames, data, reading.place.length, reading.mode):
        return "torn", _placed(reading, f"{found} in the last {left} bytes")
    return "corrupt", _placed(reading, f"{found}, and frames behind it")


def _placed(reading: Reading, what: str) -> str:
    place = reading.place
    return f"at byte {place.length}, behind event {place.events}: {what}"


def _without_others(found: tuple[Snapshot, ...], salt: bytes) -> tuple[Snapshot, ...]:
    """Mark the snapshots of other journals as such."""
    return tuple(
        each if each.why or each.salt == salt else each._replace(why=OF_ANOTHER) for each in found
    )


def _without_different(found: tuple[Snapshot, ...], reading: Reading) -> tuple[Snapshot, ...]:
    """Mark the snapshots that are not what the journal had when they were made."""
    events = reading.place.events
    return tuple(
        each
        if each.why or each.events > events or reading.digests[each.events] == each.digest
        else each._replace(why="it is not what the journal has at its events")
        for each in found
    )


def _swapped(found: tuple[Snapshot, ...], events: int) -> str:
    """Say which snapshot shows that files were swapped, or the journal was cut."""
    for each in found:
        if each.why == OF_ANOTHER:
            return f"{each.name} belongs to another journal"
        if not each.why and each.events > events:
            return f"{each.name} has more events than the journal, which has {events}"
    return ""


def _in_words(error: Exception) -> str:
    if isinstance(error, InvariantViolation):
        return f"{error.argument}: {error.rule}"
    return str(error) if isinstance(error, OmegaPortfolioError) else type(error).__name__


__all__ = ["Body", "Found", "Marks", "Place", "Reading", "look_through", "mode_name"]
