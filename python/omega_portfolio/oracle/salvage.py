"""What is saved of a damaged journal (SPEC J9): the good frames, and what a snapshot has of more.

The good frames are kept byte for byte. A snapshot of the same journal that has more events brings
those, and the frames behind the damage that follow the frame that names it: the newest one that is
named, or the newest of all where that alone has more events. The damaged file is kept beside as
``NAME.damaged``, and the journal has its name at every moment.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from omega_portfolio.oracle import codec, snapshots
from omega_portfolio.oracle.image import parts_of, read_image
from omega_portfolio.oracle.journal_disk import (
    JournalFile,
    rename,
    replaced,
    sync_folder,
    write_named,
)
from omega_portfolio.oracle.journal_format import (
    OS,
    SYNC_MODES,
    Events,
    Frame,
    Frames,
    Header,
    SnapshotTaken,
    Synced,
    UnreadableError,
    read_body,
    read_header,
    salt_of,
)
from omega_portfolio.oracle.journal_recover import NOWHERE, Found, Place, Reading, judge
from omega_portfolio.oracle.journal_scan import events_told, frames_behind
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.snapshots import Snapshot
from omega_portfolio.recovery import Recovery

BATCH_BYTES: Final = 1 << 20
"""Bytes of events that fill a frame that is made from a snapshot."""

_MODE_AT: Final = 10


class Saved(NamedTuple):
    """A new journal that has taken the place of a damaged one, and what is told of both."""

    file: JournalFile
    found: Found
    report: Recovery


def save(found: Found) -> Saved | None:
    """Make a new journal of what a damaged one and its snapshots have.

    Parameters
    ----------
    found : Found
        What was found; the caller has the lock of the file.

    Returns
    -------
    Saved or None
        None when there is nothing to begin with: no right header, and no snapshot instead.

    Raises
    ------
    OSError
        The system refuses a step.
    """
    draft = _Draft.begun(found)
    if draft is None:
        return None
    draft.resume(found)
    path, data, events = found.path, bytes(draft.data), draft.reading.ledger.events
    fit = tuple(
        each for each in found.snapshots if not each.salt or _fits(each, draft.salt, events)
    )
    anew = judge(path, data, fit)
    if anew.verdict != "clean":
        return None
    damaged = _free_name(path)
    write_named(damaged, found.data, path)
    file = replaced(path, data)
    try:
        # What would make the new journal corrupt again goes along with the damaged one.
        for each in found.snapshots:
            if each not in fit:
                source = path.parent / each.name
                rename(source, snapshots.path_of(damaged, each.events))
        sync_folder(path.parent)
    except BaseException:
        file.close()
        raise
    seen = found.report()
    kept = seen.good_length + draft.resumed
    report = replace(
        seen,
        good_length=kept,
        dropped_bytes=seen.length - kept,
        events=events,
        frames=anew.report().frames,
        digest=anew.report().digest,
        snapshots=anew.report().snapshots,
        lost_events=None if draft.told is None else max(0, draft.told - events),
        used_snapshot=draft.used,
        damaged=damaged.name,
    )
    return Saved(file, anew, report)


class _Draft:
    """A journal that is being put together.

    ``told`` is how many events there were in all, as far as that is known, and ``resumed`` how many
    bytes of the damaged file behind the damage were taken up again.
    """

    def __init__(self, reading: Reading, salt: bytes, data: bytes, told: int | None) -> None:
        self.reading = reading
        self.salt = salt
        self.data = bytearray(data)
        self.told = told
        self.used: str | None = None
        self.resumed = 0
        self._frames = Frames(salt)
        self._link = reading.place.link

    @classmethod
    def begun(cls, found: Found) -> _Draft | None:
        """Begin with the good frames, or with a header that a snapshot knows."""
        reading, data = found.reading, found.data
        if reading is not None:
            told = None if found.lost is None else found.lost + reading.place.events
            return cls(reading, salt_of(data), data[: reading.place.length], told)
        for each in reversed(found.snapshots):
            mine = each.salt == salt_of(data) or Frames(each.salt).any_in(data)
            if each.why or not mine:
                continue
            image = (found.path.parent / each.name).read_bytes()
            configuration = codec.Configuration.from_bytes(parts_of(image).configuration)
            if configuration is not None:
                byte = data[_MODE_AT] if len(data) > _MODE_AT else OS
                mode = byte if byte < len(SYNC_MODES) else OS
                header = Header(mode, each.salt, configuration).to_bytes()
                _, length, crc = read_header(header)
                begun = Reading(Ledger(configuration), Place(length, crc, 0, 0), mode)
                told = events_told(frames_behind(Frames(each.salt), data, 0))
                return cls(begun, each.salt, header, told)
        return None

    def resume(self, found: Found) -> None:
        """Add what a good snapshot has of more, and the frames that follow it."""
        more = [each for each in reversed(found.snapshots) if self._has_more(found, each)]
        if not more:
            return
        at = 0 if found.reading is None else self.reading.place.length
        behind = frames_behind(self._frames, found.data, at)
        for each in more:
            naming = _naming(behind.frames, each)
            if naming is not None:
                road = self._road(found, each)
                road.follow(found.data, naming)
                # Those before it in the list are newer, and lead no further than to themselves.
                if road.reading.ledger.events >= more[0].events:
                    self._take(road)
                    return
                break
        self._take(self._road(found, more[0]))

    def _has_more(self, found: Found, each: Snapshot) -> bool:
        """Tell whether a snapshot is good, and goes on from the events before the damage."""
        if each.why or each.salt != self.salt or each.events <= self.reading.ledger.events:
            return False
        return _recorded(found, each).startswith(self.reading.ledger.journal.to_bytes())

    def _road(self, found: Found, each: Snapshot) -> _Draft:
        """Give a draft that goes on with the events of a snapshot; it has only the new frames."""
        ledger, *_ = read_image((found.path.parent / each.name).read_bytes())
        road = _Draft(Reading(ledger, NOWHERE, self.reading.mode), self.salt, b"", self.told)
        road.used = each.name
        road._link = self._link
        known = len(self.reading.ledger.journal.to_bytes())
        road._add(_recorded(found, each)[known:])
        return road

    def _take(self, road: _Draft) -> None:
        self.reading, self.told, self.used = road.reading, road.told, road.used
        self.resumed = road.resumed
        self.data += road.data

    def follow(self, data: bytes, first: Frame) -> None:
        """Take the frames from one behind the damage on, up to the next damage."""
        reading = self.reading
        reading.place = Place(first.at, first.link, 0, reading.ledger.events)
        # What cannot be taken ends it, as a damage does.
        with suppress(UnreadableError):
            while reading.place.length < len(data):
                frame = self._frames.read(data, reading.place.length)
                if frame is None or frame.link != reading.place.link:
                    return
                reading.take(frame)
                # A place of the old file says nothing of the new one.
                if not isinstance(read_body(frame.body), Synced):
                    self._put(frame.body)
                self.resumed = frame.end - first.at
            self.told = reading.ledger.events

    def _add(self, octets: bytes) -> None:
        """Write events in frames that are not too long."""
        number, part = 0, bytearray()
        for record in codec.Reader(octets).records():
            codec.put_record(part, record)
            number += 1
            if len(part) >= BATCH_BYTES:
                self._put(Events(number, bytes(part)).to_batch())
                number = 0
                part.clear()
        if number:
            self._put(Events(number, bytes(part)).to_batch())

    def _put(self, body: bytes) -> None:
        sealed, self._link = self._frames.seal(body, self._link)
        self.data += sealed


def _naming(behind: tuple[Frame, ...], each: Snapshot) -> Frame | None:
    """Give the first frame that names a snapshot."""
    for frame in behind:
        with suppress(UnreadableError):
            body = read_body(frame.body)
            if isinstance(body, SnapshotTaken) and body.crc == each.crc:
                return frame
    return None


def _recorded(found: Found, each: Snapshot) -> bytes:
    return parts_of((found.path.parent / each.name).read_bytes()).events


def _fits(each: Snapshot, salt: bytes, events: int) -> bool:
    return each.salt == salt and each.events <= events


def _free_name(path: Path) -> Path:
    """Give the name under which a damaged journal is kept."""
    number, name = 1, path.with_name(f"{path.name}.damaged")
    while os.path.lexists(name):
        number += 1
        name = path.with_name(f"{path.name}.damaged-{number}")
    return name
