"""What is saved of a damaged journal (SPEC J9): the good frames, and what a snapshot has of more.

The good frames are kept byte for byte. A snapshot of the same journal that has more events brings
those, and the frames behind the damage that follow the frame that names it. The damaged file is
kept beside as ``NAME.damaged``, and the journal has its name at every moment.
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

BATCH_EVENTS: Final = 4096
"""Most events of a frame that is made from a snapshot."""

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
    report = replace(
        found.report(),
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

    ``told`` is how many events there were in all, as far as that is known.
    """

    def __init__(self, reading: Reading, salt: bytes, data: bytes, told: int | None) -> None:
        self.reading = reading
        self.salt = salt
        self.data = bytearray(data)
        self.told = told
        self.used: str | None = None
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
                told = events_told(Frames(each.salt), data, 0)
                return cls(begun, each.salt, header, told)
        return None

    def resume(self, found: Found) -> None:
        """Add what the newest good snapshot has of more, and the frames that follow it."""
        length, events = self.reading.place.length, self.reading.place.events
        for each in reversed(found.snapshots):
            if each.why or each.salt != self.salt or each.events <= events:
                continue
            image = (found.path.parent / each.name).read_bytes()
            known = self.reading.ledger.journal.to_bytes()
            recorded = parts_of(image).events
            if not recorded.startswith(known):
                continue  # It has another beginning.
            self._add(recorded[len(known) :])
            at = length if found.reading is not None else 0
            self.reading = Reading(read_image(image)[0], NOWHERE, self.reading.mode)
            self.used = each.name
            self._follow(found.data, at, each)
            return

    def _follow(self, data: bytes, at: int, used: Snapshot) -> None:
        """Take the frames behind the one that names a snapshot, up to the next damage."""
        for frame in frames_behind(self._frames, data, at):
            with suppress(UnreadableError):
                body = read_body(frame.body)
                if isinstance(body, SnapshotTaken) and body.crc == used.crc:
                    self._take_from(data, frame.at, frame.link)
                    return

    def _take_from(self, data: bytes, at: int, link: int) -> None:
        reading = self.reading
        reading.place = Place(at, link, 0, reading.ledger.events)
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
            self.told = reading.ledger.events

    def _add(self, octets: bytes) -> None:
        """Write events in frames that are not too long."""
        number, part = 0, bytearray()
        for record in codec.Reader(octets).records():
            codec.put_record(part, record)
            number += 1
            if number == BATCH_EVENTS:
                self._put(Events(number, bytes(part)).to_bytes())
                number = 0
                part.clear()
        if number:
            self._put(Events(number, bytes(part)).to_bytes())

    def _put(self, body: bytes) -> None:
        sealed, self._link = self._frames.seal(body, self._link)
        self.data += sealed


def _fits(each: Snapshot, salt: bytes, events: int) -> bool:
    return each.salt == salt and each.events <= events


def _free_name(path: Path) -> Path:
    """Give the name under which a damaged journal is kept."""
    number, name = 1, path.with_name(f"{path.name}.damaged")
    while os.path.lexists(name):
        number += 1
        name = path.with_name(f"{path.name}.damaged-{number}")
    return name
