"""Damaged journals: each is told as what it is, and never gives a state that was not (J7, J8)."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import omega_portfolio as op
from journals import digests, fingerprint, lived
from omega_portfolio.oracle.journal_format import Frame, Frames, read_header
from omega_portfolio.oracle.journal_scan import frames_behind

DIGESTS = digests()

EVERY = 1 if os.environ.get("OMEGA_TEST_DAMAGE") == "all" else 7
"""Which of the bits in the middle of a journal are flipped; OMEGA_TEST_DAMAGE=all flips all."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@pytest.fixture
def whole(backend: str, path: Path) -> bytes:
    """Give the bytes of a journal that was not closed."""
    portfolio = lived(path, backend)
    del portfolio
    gc.collect()
    return path.read_bytes()


def frames_of(data: bytes) -> list[Frame]:
    header, length, _ = read_header(data)
    return list(frames_behind(Frames(header.salt), data, length).frames)


def found(path: Path, data: bytes, backend: str) -> op.Recovery:
    path.write_bytes(data)
    recovery = op.inspect_journal(path, backend=backend)
    assert recovery.length == recovery.good_length + recovery.dropped_bytes == len(data)
    if recovery.digest:
        assert recovery.digest == DIGESTS[recovery.events]
    return recovery


def test_every_cut(backend: str, path: Path, whole: bytes) -> None:
    begin = read_header(whole)[1]
    ends = [begin, *(frame.end for frame in frames_of(whole))]
    seen = set()
    for length in range(len(whole)):
        recovery = found(path, whole[:length], backend)
        if length < begin:
            assert (recovery.verdict, recovery.events, recovery.digest) == ("corrupt", 0, "")
        else:
            last = max(end for end in ends if end <= length)
            assert recovery.verdict == ("clean" if last == length else "torn")
            assert recovery.good_length == last
            assert recovery.frames == ends.index(last)
        seen.add(recovery.verdict)
    assert seen == {"corrupt", "torn", "clean"}


def flips(data: bytes) -> Iterator[tuple[int, bytes]]:
    for place in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        yield place // 8, bytes(flipped)


def test_every_flipped_bit(backend: str, path: Path, whole: bytes) -> None:
    begin, last = read_header(whole)[1], frames_of(whole)[-1].at
    tried = 0
    for number, (byte, data) in enumerate(flips(whole)):
        # A number that is odd comes to every bit of a byte.
        if begin <= byte < last and number % EVERY:
            continue
        recovery = found(path, data, backend)
        if byte in (8, 9):
            assert recovery.verdict in ("newer", "corrupt")
        else:
            assert recovery.verdict == ("torn" if byte >= last else "corrupt"), byte
        assert recovery.good_length <= byte
        assert recovery.lost_events is None
        tried += 1
    assert tried >= 8 * len(whole) / EVERY


def test_nothing_is_touched_when_it_is_refused(backend: str, path: Path, whole: bytes) -> None:
    place = frames_of(whole)[3].at + 20
    data = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    for broken, error in (
        (data, op.JournalCorrupt),
        (b"", op.JournalCorrupt),
        (whole[:20], op.JournalCorrupt),
        (b"GARBAGE!" + whole[8:], op.JournalCorrupt),
        (whole[:8] + b"\x02\x00" + whole[10:], op.JournalVersion),
    ):
        path.write_bytes(broken)
        before = fingerprint(path.parent)
        for read_only in (True, False):
            with pytest.raises(error) as caught:
                op.open_journal(path, read_only=read_only, backend=backend)
            assert (caught.value.argument, caught.value.value) == ("journal", told(path))
        assert fingerprint(path.parent) == before


def told(path: Path) -> str:
    """Give a path as an error tells it: its last 80 characters."""
    return op.JournalCorrupt("journal", str(path), "", "").value


def test_the_place_of_the_damage_is_named(backend: str, path: Path, whole: bytes) -> None:
    frame = frames_of(whole)[5]
    place = frame.at + 20
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(op.JournalCorrupt) as caught:
        op.open_journal(path, backend=backend)
    assert f"offset {frame.at}, after event 6" in caught.value.rule
    assert "salvage=True" in caught.value.remedy


def test_a_length_of_two_gigabytes(backend: str, path: Path, whole: bytes) -> None:
    for frame, verdict in ((frames_of(whole)[-1], "torn"), (frames_of(whole)[2], "corrupt")):
        data = whole[: frame.at + 4] + b"\xff\xff\xff\x7f" + whole[frame.at + 8 :]
        assert found(path, data, backend).verdict == verdict
    header = whole[:12] + b"\xff\xff\xff\x7f" + whole[16:]
    assert found(path, header, backend).verdict == "corrupt"


def test_frames_that_are_taken_out_or_moved(backend: str, path: Path, whole: bytes) -> None:
    frames = frames_of(whole)
    for taken in (frames[0], frames[4], frames[-2]):
        data = whole[: taken.at] + whole[taken.end :]
        assert found(path, data, backend).verdict == "corrupt"
    first, second = frames[3], frames[4]
    moved = whole[second.at : second.end] + whole[first.at : first.end]
    data = whole[: first.at] + moved + whole[second.end :]
    assert found(path, data, backend).verdict == "corrupt"
    assert found(path, whole + whole[frames[-1].at :], backend).verdict == "corrupt"


def test_two_journals_whose_ends_are_swapped(backend: str, path: Path, whole: bytes) -> None:
    other = path.with_name("other.journal")
    lived(other, backend).close()
    place = frames_of(whole)[6].at
    foreign = other.read_bytes()
    # Frames of another salt are no frames here.
    assert found(path, whole[:place] + foreign[place:], backend).verdict == "torn"


def test_zeros_and_garbage_behind_the_end(backend: str, path: Path, whole: bytes) -> None:
    for rest in (b"\0", bytes(4096), b"\xff" * 700, whole[:60]):
        recovery = found(path, whole + rest, backend)
        assert (recovery.verdict, recovery.dropped_bytes) == ("torn", len(rest))
        assert recovery.events == max(DIGESTS)


@pytest.mark.parametrize("kept", ["event", "digest"])
def test_mode_interval_may_lose_what_was_never_synced(backend: str, path: Path, kept: str) -> None:
    # An hour between two syncs: no frame says that the place was on the disk, but for the last
    # one of a journal that was closed.
    portfolio = lived(path, backend, sync="interval", sync_interval_ms=3_600_000)
    if kept == "digest":
        portfolio.close()
    data = path.read_bytes()
    frame = frames_of(data)[4]
    torn = data[: frame.at] + bytes(frame.end - frame.at) + data[frame.end :]
    recovery = found(path.with_name("copy.journal"), torn, backend)
    assert recovery.verdict == ("torn" if kept == "event" else "corrupt")
    assert recovery.good_length == frame.at
    total = max(DIGESTS)
    lost = None if kept == "event" else total - recovery.events
    assert recovery.lost_events == lost
    portfolio.close()


def test_both_backends_say_the_same_of_every_damage(path: Path) -> None:
    lived(path, "python", snapshot_every=12).close()
    whole = path.read_bytes()
    compared = 0
    for _, data in flips(whole):
        compared += 1
        if compared % 61:
            continue
        path.write_bytes(data)
        one, other = (op.inspect_journal(path, backend=name) for name in ("rust", "python"))
        assert told_by(one) == told_by(other)
    assert compared == 8 * len(whole)


def told_by(recovery: op.Recovery) -> dict[str, object]:
    names = [name for name in recovery.__slots__ if name not in ("reason", "snapshots")]
    told = {name: getattr(recovery, name) for name in names}
    return told | {"snapshots": [(each.name, each.good) for each in recovery.snapshots]}
