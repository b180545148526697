"""Corrupt journals written anew from their good frames and their snapshots (SPEC J9, J10)."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

import omega_portfolio as op
from journals import CALLS, begun, digests, fingerprint, lived, others
from omega_portfolio.oracle.journal_format import Frame, Frames, read_header
from omega_portfolio.oracle.journal_scan import frames_behind

DIGESTS = digests()
TOTAL = max(DIGESTS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


def frames_of(data: bytes) -> list[Frame]:
    header, length, _ = read_header(data)
    return list(frames_behind(Frames(header.salt), data, length).frames)


def broken(path: Path, number: int) -> Frame:
    """Flip a bit in a frame of a journal; give the frame."""
    data = bytearray(path.read_bytes())
    frame = frames_of(bytes(data))[number]
    data[frame.at + 18] ^= 4
    path.write_bytes(data)
    return frame


def salvaged(path: Path, backend: str) -> op.Recovery:
    """Salvage a journal, go on with it, and see that both backends take what came of it."""
    damaged = path.read_bytes()
    with op.open_journal(path, salvage=True, backend=backend) as portfolio:
        recovery = portfolio.recovery
        portfolio.verify()
        assert (portfolio.events, portfolio.digest) == (recovery.events, recovery.digest)
        assert (path.parent / recovery.damaged).read_bytes() == damaged
        portfolio.deposit(1, 10**15)
    for name in (backend, others(backend)):
        found = op.inspect_journal(path, backend=name)
        assert (found.verdict, found.digest) == ("clean", portfolio.digest)
    assert recovery.verdict == "corrupt"
    assert not [entry for entry in path.parent.iterdir() if ".tmp-" in entry.name]
    return recovery


def test_the_good_frames_are_kept(backend: str, path: Path) -> None:
    lived(path, backend).close()
    frame = broken(path, 7)
    before = path.read_bytes()
    found = op.inspect_journal(path, backend=backend)
    recovery = salvaged(path, backend)
    assert recovery.events == found.events
    assert recovery.digest == DIGESTS[recovery.events]
    assert path.read_bytes().startswith(before[: frame.at])
    assert (recovery.used_snapshot, recovery.damaged) == (None, "run.journal.damaged")
    # The last frame of a journal that was closed tells how many events there were.
    assert recovery.lost_events == TOTAL - recovery.events


def test_nobody_knows_how_many_are_lost_without_a_number_behind(backend: str, path: Path) -> None:
    portfolio = lived(path, backend)
    del portfolio
    gc.collect()
    broken(path, 7)
    assert salvaged(path, backend).lost_events is None


def test_nothing_is_lost_when_a_snapshot_stands_behind_the_damage(backend: str, path: Path) -> None:
    lived(path, backend, snapshot_every=11).close()
    broken(path, 3)
    recovery = salvaged(path, backend)
    assert recovery.used_snapshot == "run.journal.snapshot-22"
    assert (recovery.events, recovery.digest) == (TOTAL, DIGESTS[TOTAL])
    assert recovery.lost_events == 0


def test_the_other_snapshot_is_taken_when_the_newest_is_damaged(backend: str, path: Path) -> None:
    lived(path, backend, snapshot_every=11).close()
    broken(path, 3)
    newest = Path(f"{path}.snapshot-22")
    image = bytearray(newest.read_bytes())
    image[200] ^= 1
    newest.write_bytes(image)
    recovery = salvaged(path, backend)
    assert recovery.used_snapshot == "run.journal.snapshot-11"
    assert (recovery.digest, recovery.lost_events) == (DIGESTS[TOTAL], 0)
    assert newest.read_bytes() == image


def test_a_second_damage_ends_what_follows_a_snapshot(backend: str, path: Path) -> None:
    lived(path, backend, snapshot_every=11).close()
    kinds = [frame.body[0] for frame in frames_of(path.read_bytes())]
    first = kinds.index(4)
    broken(path, first + 3)
    broken(path, 3)
    Path(f"{path}.snapshot-22").unlink()
    recovery = salvaged(path, backend)
    assert recovery.used_snapshot == "run.journal.snapshot-11"
    assert 11 < recovery.events < 22
    assert recovery.digest == DIGESTS[recovery.events]
    # The snapshot had more events than the good frames, so no frame is believed to count all.
    assert recovery.lost_events is None


def test_a_header_is_known_by_a_snapshot(backend: str, path: Path) -> None:
    lived(path, backend, snapshot_every=11).close()
    whole = path.read_bytes()
    for place in (11, 13, 20, 40):
        data = bytearray(whole)
        data[place] ^= 1
        path.write_bytes(data)
        assert op.inspect_journal(path, backend=backend).verdict == "corrupt"
        recovery = salvaged(path, backend)
        assert (recovery.events, recovery.digest) == (TOTAL, DIGESTS[TOTAL])
        assert recovery.lost_events == 0


def test_without_a_header_and_a_snapshot_there_is_nothing_to_save(backend: str, path: Path) -> None:
    lived(path, backend).close()
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    for broken_one in (bytes(data), b"", bytes(data[:20]), b"GARBAGE!" * 9):
        path.write_bytes(broken_one)
        before = fingerprint(path.parent)
        with pytest.raises(op.JournalCorrupt):
            op.open_journal(path, salvage=True, backend=backend)
        assert fingerprint(path.parent) == before


def test_salvage_of_what_is_not_corrupt_does_nothing_more(backend: str, path: Path) -> None:
    lived(path, backend).close()
    with op.open_journal(path, salvage=True, backend=backend) as portfolio:
        assert portfolio.recovery.verdict == "clean"
        assert portfolio.recovery.damaged is None
    path.write_bytes(path.read_bytes()[:-1])
    with op.open_journal(path, salvage=True, backend=backend) as portfolio:
        assert portfolio.recovery.verdict == "torn"
    assert [entry.name for entry in path.parent.iterdir()] == ["run.journal"]


def test_damaged_ones_are_numbered(backend: str, path: Path) -> None:
    lived(path, backend).close()
    for name in ("run.journal.damaged", "run.journal.damaged-2", "run.journal.damaged-3"):
        broken(path, 5)
        assert salvaged(path, backend).damaged == name


def test_a_snapshot_of_another_journal(backend: str, path: Path) -> None:
    other = path.with_name("other.journal")
    lived(other, backend, snapshot_every=11).close()
    portfolio = lived(path, backend, snapshot_every=11)
    digest = portfolio.digest
    portfolio.close()
    shutil.copy(f"{other}.snapshot-22", f"{path}.snapshot-22")
    for name in (backend, others(backend)):
        found = op.inspect_journal(path, backend=name)
        assert (found.verdict, found.events) == ("corrupt", TOTAL)
        assert [each.good for each in found.snapshots] == [True, False]
        assert "another journal" in found.reason
        with pytest.raises(op.JournalCorrupt):
            op.open_journal(path, backend=name)
    recovery = salvaged(path, backend)
    assert (recovery.digest, recovery.used_snapshot) == (digest, None)
    names = {entry.name for entry in path.parent.iterdir()}
    assert "run.journal.damaged.snapshot-22" in names
    assert "run.journal.snapshot-22" not in names


def test_two_journals_that_were_swapped(backend: str, path: Path) -> None:
    other = path.with_name("other.journal")
    lived(other, backend, snapshot_every=11).close()
    lived(path, backend, snapshot_every=11).close()
    whole = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(whole)
    for journal in (path, other):
        for name in (backend, others(backend)):
            found = op.inspect_journal(journal, backend=name)
            assert found.verdict == "corrupt"
            assert [each.good for each in found.snapshots] == [False, False]


def test_a_snapshot_that_is_newer_than_its_journal(backend: str, path: Path) -> None:
    portfolio = begun(path, backend)
    sizes = []
    for call in CALLS:
        call(portfolio)
        sizes.append((path.stat().st_size, portfolio.events))
    portfolio.snapshot()
    portfolio.close()
    size, events = sizes[9]
    path.write_bytes(path.read_bytes()[:size])
    for name in (backend, others(backend)):
        found = op.inspect_journal(path, backend=name)
        assert (found.verdict, found.events) == ("corrupt", events)
        assert found.lost_events is None
        assert [each.good for each in found.snapshots] == [True]
        assert "more events than the journal" in found.reason
    recovery = salvaged(path, backend)
    assert recovery.used_snapshot == f"run.journal.snapshot-{TOTAL}"
    assert (recovery.events, recovery.digest) == (TOTAL, DIGESTS[TOTAL])


def test_a_damaged_snapshot_changes_no_verdict(backend: str, path: Path) -> None:
    lived(path, backend, snapshot_every=11).close()
    snapshot = Path(f"{path}.snapshot-22")
    image = snapshot.read_bytes()
    newer = bytearray(image)
    newer[8] = 2
    for bad in (b"", image[:-1], image[:100] + bytes([image[100] ^ 1]) + image[101:], bytes(newer)):
        snapshot.write_bytes(bad)
        for name in (backend, others(backend)):
            found = op.inspect_journal(path, backend=name)
            assert (found.verdict, found.digest) == ("clean", DIGESTS[TOTAL])
            assert [each.good for each in found.snapshots] == [True, False]
            assert found.snapshots[1].why
    op.open_journal(path, backend=backend).close()


@pytest.mark.parametrize("second", [False, True])
def test_a_snapshot_that_no_frame_names(
    backend: str, path: Path, tmp_path_factory: pytest.TempPathFactory, second: bool
) -> None:
    # A crash between a snapshot and its frame leaves one, and the journal goes on.
    copy = tmp_path_factory.mktemp("copy") / path.name
    portfolio = begun(path, backend)
    for number, call in enumerate(CALLS):
        call(portfolio)
        if number == 6:
            named = Path(portfolio.snapshot()).name
        if number == 12:
            shutil.copy(path, copy)
    portfolio.close()
    with op.open_journal(copy, backend=backend) as other:
        unnamed = Path(other.snapshot())
    shutil.copy(unnamed, path.parent)
    kinds = [frame.body[0] for frame in frames_of(path.read_bytes())]
    if second:
        broken(path, kinds.index(4) + 2)
    broken(path, 3)
    recovery = salvaged(path, backend)
    if second:
        assert recovery.used_snapshot == unnamed.name
        assert recovery.events == int(unnamed.name.rpartition("-")[2])
    else:
        assert recovery.used_snapshot == named
        assert (recovery.events, recovery.digest) == (TOTAL, DIGESTS[TOTAL])
        assert recovery.lost_events == 0
