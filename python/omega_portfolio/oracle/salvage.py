"""What is saved of a damaged journal (SPEC J9): the good frames, or a snapshot and what follows it.

The damaged file is kept beside as ``NAME.damaged``. A file has the name of the journal at every
moment of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from omega_portfolio.errors import InvalidImage
from omega_portfolio.oracle import codec, snapshots
from omega_portfolio.oracle.digest import digest_of
from omega_portfolio.oracle.image import read_image
from omega_portfolio.oracle.journal_disk import (
    JournalFile,
    rename,
    replaced,
    sync_folder,
    write_named,
)
from omega_portfolio.oracle.journal_format import (
    DIGEST,
    OS,
    Events,
    Frame,
    Frames,
    Header,
    Proof,
    SnapshotTaken,
    UnreadableError,
    read_body,
    read_header,
    salt_of,
)
from omega_portfolio.oracle.journal_recover import (
    OF_ANOTHER,
    Found,
    Marks,
    Place,
    Reading,
)
from omega_portfolio.oracle.journal_scan import frames_behind
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.recovery import Recovery

BATCH_EVENTS: Final = 4096
"""Most events of a frame of a journal that is made from a snapshot."""


class Saved(NamedTuple):
    """A new journal that has taken the place of a damaged one, and what is in it."""

    file: JournalFile
    ledger: Ledger
    salt: bytes
    mode: int
    place: Place
    marks: Marks
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
        None when there is nothing to begin with: no right header, and no good snapshot.

    Raises
    ------
    OSError
        The system refuses a step; the damaged journal has its name.
    """
    used, reading = _best(found)
    if reading is None:
        return None
    salt = salt_of(found.data)
    mode = OS if found.reading is None else found.reading.mode
    if used is None:
        data = found.data[: reading.place.length]
        place, marks = reading.place, reading.marks
    else:
        data, place = _written_anew(reading.ledger, mode, salt)
        marks = Marks(place.events, used.events)
    damaged = _free_name(found.path)
    write_named(damaged, found.data, found.path)
    file = replaced(found.path, data)
    try:
        for each in found.snapshots:
            misleads = each.why == OF_ANOTHER or (not each.why and each.events > place.events)
            if misleads:
                source = found.path.parent / each.name
                rename(source, snapshots.path_of(damaged, each.events))
        sync_folder(found.path.parent)
    except BaseException:
        file.close()
        raise
    report = replace(
        found.report(),
        events=place.events,
        digest=digest_of(reading.ledger),
        lost_events=found.lost(place.events),
        used_snapshot=None if used is None else used.name,
        damaged=damaged.name,
    )
    return Saved(file, reading.ledger, salt, mode, place, marks, report)


def _best(found: Found) -> tuple[snapshots.Snapshot | None, Reading | None]:
    """Take the good frames, or the newest snapshot that has more than they, and what follows it."""
    reading = found.reading
    events = -1 if reading is None else reading.place.events
    for each in reversed(found.snapshots):
        if each.why or each.events <= events:
            continue
        try:
            ledger, _, _ = read_image((found.path.parent / each.name).read_bytes())
        except InvalidImage:
            # What was in order when it was looked at has events that lead to something else.
            continue
        return each, _followed(ledger, each, found)
    return None, reading


def _followed(ledger: Ledger, used: snapshots.Snapshot, found: Found) -> Reading:
    """Take the frames behind the one that names a snapshot, up to the next damage."""
    at = 0 if found.reading is None else found.reading.place.length
    frames = Frames(salt_of(found.data))
    reading = Reading(ledger, Place(0, 0, 0, ledger.events), OS)
    for frame in frames_behind(frames, found.data, at):
        if _names(frame, used):
            reading.place = Place(frame.end, frame.crc, 0, ledger.events)
            # What is wrong further behind ends it as a damage does.
            with suppress(UnreadableError):
                reading.run(frames, found.data)
            break
    return reading


def _names(frame: Frame, used: snapshots.Snapshot) -> bool:
    try:
        body = read_body(frame.body)
    except UnreadableError:
        return False
    return isinstance(body, SnapshotTaken) and (body.crc, body.events) == (used.crc, used.events)


def _written_anew(ledger: Ledger, mode: int, salt: bytes) -> tuple[bytes, Place]:
    """Write the events of an account as a journal, with its digest at the end."""
    frames = Frames(salt)
    header = Header(mode, salt, ledger.configuration).to_bytes()
    out, number, (_, _, link) = bytearray(header), 0, read_header(header)
    proof = Proof(DIGEST, ledger.events, bytes.fromhex(digest_of(ledger)))
    for body in (*(each.to_bytes() for each in _batches(ledger)), proof.to_bytes()):
        sealed, link = frames.seal(body, link)
        out += sealed
        number += 1
    return bytes(out), Place(len(out), link, number, ledger.events)


def _batches(ledger: Ledger) -> Iterator[Events]:
    """Give the events of an account in frames that are not too long."""
    number, octets = 0, bytearray()
    for record in codec.Reader(ledger.journal.to_bytes()).records():
        codec.put_record(octets, record)
        number += 1
        if number == BATCH_EVENTS:
            yield Events(number, bytes(octets))
            number = 0
            octets.clear()
    if number:
        yield Events(number, bytes(octets))


def _free_name(path: Path) -> Path:
    """Give the name under which a damaged journal is kept."""
    number, name = 1, path.with_name(f"{path.name}.damaged")
    while os.path.lexists(name):
        number += 1
        name = path.with_name(f"{path.name}.damaged-{number}")
    return name
