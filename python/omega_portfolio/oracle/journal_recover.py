"""What a journal holds: its frames replayed, and the verdict on it (SPEC J7, J8).

Nothing is written here. :mod:`omega_portfolio.oracle.journal_open` goes on with what was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, NamedTuple

from omega_portfolio.errors import InvalidImage, InvariantViolation, OmegaPortfolioError
from omega_portfolio.oracle import codec, snapshots
from omega_portfolio.oracle.digest import digest_of
from omega_portfolio.oracle.image import read_image
from omega_portfolio.oracle.journal_format import (
    ALWAYS,
    BEGINNING,
    CLOSE,
    DAMAGED_HEADER,
    OS,
    SYNC_MODES,
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
from omega_portfolio.oracle.journal_scan import events_told, frames_behind, is_torn
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.replay import Replayer, taken_back
from omega_portfolio.oracle.snapshots import Snapshot
from omega_portfolio.recovery import Recovery, SnapshotFound, Verdict

OF_ANOTHER: Final = "it belongs to another journal"
NO_FRAME: Final = "no frame is there"
OTHER_LINK: Final = "the next one is linked to another"


class Place(NamedTuple):
    """Where a journal ends: what the next frame has to know."""

    length: int
    link: int
    frames: int
    events: int


NOWHERE: Final = Place(0, 0, 0, 0)


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
                return NO_FRAME
            if frame.link != self.place.link:
                return OTHER_LINK
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
                self._note_digest()
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
    lost: int | None
    snapshots: tuple[Snapshot, ...]

    def report(self) -> Recovery:
        """Tell what was found, as it is told to users."""
        reading = self.reading
        place = NOWHERE if reading is None else reading.place
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
            lost_events=self.lost,
            closed=reading is not None and reading.closed and place.length == len(self.data),
            digest="" if reading is None else digest_of(reading.ledger),
            snapshots=tuple(
                SnapshotFound(each.name, each.events, not each.why, each.why)
                for each in self.snapshots
            ),
            used_snapshot=None,
            damaged=None,
        )


def mode_name(mode: int) -> Literal["off", "os", "interval", "always"]:
    """Give the word of a sync mode."""
    return SYNC_MODES[mode]


def look_through(path: Path, data: bytes) -> Found:
    """Read a journal and look at the snapshots beside it.

    Raises
    ------
    OSError
        The folder cannot be read.
    """
    names = snapshots.names_beside(path)
    return judge(path, data, tuple(snapshots.look_at(path, name) for name in names))


def judge(path: Path, data: bytes, beside: tuple[Snapshot, ...]) -> Found:
    """Read a journal that has these snapshots.

    Parameters
    ----------
    path : Path
        Its file.
    data : bytes
        All of its bytes.
    beside : tuple of Snapshot
        What was found beside it, oldest first.
    """
    try:
        header, length, crc = read_header(data)
    except LaterVersionError as error:
        own = tuple(_replayed(path, each) for each in beside)
        return Found(path, data, None, None, "newer", str(error), None, own)
    except UnreadableError as error:
        reason = str(error)
        lost = 0 if reason == BEGINNING else None
        if reason == DAMAGED_HEADER:
            lost = events_told(frames_behind(Frames(salt_of(data)), data, 0))
        own = tuple(_replayed(path, each) for each in beside)
        return Found(path, data, None, None, "corrupt", reason, lost, own)
    reading = Reading(Ledger(header.configuration), Place(length, crc, 0, 0), header.sync)
    reading.ask_for(each.events for each in beside)
    frames = Frames(header.salt)
    verdict, reason, lost = _verdict(reading, frames, data)
    own = tuple(_marked(path, each, header.salt, reading) for each in beside)
    swapped = _swapped(own, reading.place.events)
    if swapped:
        verdict, reason = "corrupt", "; ".join(filter(None, (reason, *swapped)))
    if any(not each.why and each.events > reading.place.events for each in own):
        lost = None
    return Found(path, data, reading, header, verdict, reason, lost, own)


def _verdict(reading: Reading, frames: Frames, data: bytes) -> tuple[Verdict, str, int | None]:
    """Read the frames and judge what stands behind the last good one; say what is lost."""
    refused = ""
    try:
        found = reading.run(frames, data)
    except UnreadableError as error:
        found = refused = str(error)
    if not found:
        return "clean", "", 0
    at, after = reading.place.length, reading.place.events
    behind = frames_behind(frames, data, at)
    told = events_told(behind)
    lost = None if told is None else max(0, told - after)
    place = f"at offset {at}, after event {after}"
    if refused:
        return "corrupt", f"the frame {place}, is damaged: {refused}", lost
    if is_torn(behind, at, reading.mode):
        # What a write in mode always has left was never acknowledged.
        lost = 0 if reading.mode == ALWAYS else lost
        left = len(data) - at
        return "torn", f"the last {left} bytes, {place}, are what a cut write leaves", lost
    if found == OTHER_LINK:
        return "corrupt", f"a frame is missing {place}: {OTHER_LINK}", lost
    number = f"at least {len(behind.frames)}" if behind.gave_up else str(len(behind.frames))
    return "corrupt", f"damaged {place}: {NO_FRAME}, and {number} are behind it", lost


def _marked(path: Path, found: Snapshot, salt: bytes, reading: Reading) -> Snapshot:
    """Compare a snapshot with the journal, and mark one that cannot be used as such."""
    if found.why:
        return found
    if found.salt != salt:
        return found._replace(why=OF_ANOTHER)
    if found.events > reading.place.events:
        return _replayed(path, found)
    digest = reading.digests[found.events]
    if not digest:
        return found._replace(why="no event of the journal ends at its number of events")
    if digest != found.digest:
        return found._replace(why="the journal's events lead to something else")
    return found


def _replayed(path: Path, found: Snapshot) -> Snapshot:
    """Read a snapshot to its end, as nothing of the journal can be compared with it."""
    if found.why:
        return found
    try:
        read_image((path.parent / found.name).read_bytes())
    except InvalidImage as error:
        return found._replace(why=error.value)
    return found


def _swapped(found: tuple[Snapshot, ...], events: int) -> list[str]:
    """Say which snapshots show that files were swapped, or the journal was cut."""
    said = []
    for each in found:
        if each.why == OF_ANOTHER:
            said.append(f"the snapshot {each.name} belongs to another journal: files were swapped")
        elif not each.why and each.events > events:
            said.append(f"the snapshot {each.name} has more events than the journal: it was cut")
    return said


def _in_words(error: Exception) -> str:
    if isinstance(error, InvariantViolation):
        return f"{error.argument}: {error.rule}"
    return str(error) if isinstance(error, OmegaPortfolioError) else type(error).__name__


__all__ = [
    "NOWHERE",
    "OF_ANOTHER",
    "Found",
    "Marks",
    "Place",
    "Reading",
    "judge",
    "look_through",
    "mode_name",
]
