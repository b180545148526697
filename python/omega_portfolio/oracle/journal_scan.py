"""Frames behind a damaged place, and whether they show that something was lost (SPEC J8)."""

from __future__ import annotations

from typing import NamedTuple

from omega_portfolio.oracle.journal_format import (
    DIGEST,
    INTERVAL,
    OPENED,
    SYNCED,
    Events,
    Frame,
    Frames,
    Opened,
    Proof,
    SearchGivenUpError,
    SnapshotTaken,
    Synced,
    UnreadableError,
    read_body,
)


class Behind(NamedTuple):
    """The frames behind a damaged place.

    Attributes
    ----------
    frames : tuple of Frame
        In the order of the file.
    gave_up : bool
        The search has ended before the end of the file; there may be more.
    """

    frames: tuple[Frame, ...]
    gave_up: bool


def frames_behind(frames: Frames, data: bytes, at: int) -> Behind:
    """Give the frames at or behind a damaged place, whatever their links.

    Parameters
    ----------
    frames : Frames
        The frames of this journal.
    data : bytes
        The whole file.
    at : int
        Where the damage begins. A frame that stands there has another link than it should.
    """
    found: list[Frame] = []
    try:
        found.extend(frames.search(data, at))
    except SearchGivenUpError:
        return Behind(tuple(found), gave_up=True)
    return Behind(tuple(found), gave_up=False)


def events_told(behind: Behind) -> int | None:
    """Say how many events there were, by the frames at or behind a damaged place.

    Returns
    -------
    int or None
        What the last frame says that names a number, and the events after it; None without one,
        and where there may be more.
    """
    told: int | None = None
    if behind.gave_up:
        return told
    for frame in behind.frames:
        try:
            body = read_body(frame.body)
        except UnreadableError:
            continue
        if isinstance(body, Proof | SnapshotTaken | Opened):
            told = body.events
        elif isinstance(body, Events) and told is not None:
            told += body.number
    return told


def is_torn(behind: Behind, at: int, mode: int) -> bool:
    """Tell whether a damaged place is what a write leaves that a crash has cut.

    Parameters
    ----------
    behind : Behind
        The frames behind it.
    at : int
        Where the damage begins.
    mode : int
        Sync mode of the last opening. In mode interval a power cut may lose a frame and keep a
        later one, as long as nothing says that the place was on the disk.
    """
    if behind.gave_up:
        return False
    if mode == INTERVAL:
        return not any(_says_it_was_on_disk(frame, at) for frame in behind.frames)
    return not behind.frames


def _says_it_was_on_disk(frame: Frame, at: int) -> bool:
    kind = frame.body[0]
    if kind != SYNCED:
        return DIGEST <= kind <= OPENED
    try:
        body = read_body(frame.body)
    except UnreadableError:
        return False
    return isinstance(body, Synced) and body.offset > at
