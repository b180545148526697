"""The life of a journal on both backends (SPEC J1 to J6, J10)."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path

import pytest

import omega_portfolio as op
from event_frames import opened, paid, table
from journals import CALLS, begun, digests, fingerprint, lived, others, refuse

MODES = ("off", "os", "interval", "always")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@pytest.mark.parametrize("sync", MODES)
def test_what_one_backend_writes_both_recover(backend: str, path: Path, sync: str) -> None:
    with lived(path, backend, sync=sync) as portfolio:
        events, digest = portfolio.events, portfolio.digest
        status = portfolio.journal
        assert (status.sync, status.events, status.read_only) == (sync, events, False)
        assert (status.path, status.snapshots, status.reason) == (str(path), (), "")
    assert portfolio.digest == digest
    for name in (backend, others(backend)):
        found = op.inspect_journal(path, backend=name)
        assert (found.verdict, found.reason, found.events) == ("clean", "", events)
        assert (found.digest, found.closed, found.sync) == (digest, True, sync)
        assert (found.lost_events, found.dropped_bytes) == (0, 0)
        with op.open_journal(path, backend=name) as again:
            assert (again.backend, again.digest) == (name, digest)
            assert again.recovery == found
            again.verify()


def test_both_backends_find_the_same(backend: str, path: Path) -> None:
    lived(path, backend, snapshot_every=7).close()
    first, second = (op.inspect_journal(path, backend=name) for name in ("rust", "python"))
    assert first == second
    assert [each.good for each in first.snapshots] == [True, True]


def test_both_backends_write_the_same_bytes(tmp_path: Path) -> None:
    # All but the salt, and what is made of it.
    written = []
    for name in ("rust", "python"):
        path = tmp_path / "one.journal"
        lived(path, name, snapshot_every=9).close()
        again = op.open_journal(path, backend=name)
        again.deposit(1, 10**15)
        again.close()
        data, at, bodies = path.read_bytes(), 0, []
        at = 32 + int.from_bytes(data[12:16], "little") + 4
        while at < len(data):
            end = at + 16 + int.from_bytes(data[at + 4 : at + 8], "little")
            body = data[at + 16 : end]
            # The checksum of an image has its salt in it.
            bodies.append(body[:41] + body[45:] if body[0] == 4 else body)
            at = end
        written.append((data[:16], bodies))
        for entry in tmp_path.iterdir():
            entry.unlink()
    assert written[0] == written[1]
    assert {body[0] for body in written[0][1]} == {1, 2, 4, 5, 6}


def test_a_call_is_a_frame(backend: str, path: Path) -> None:
    portfolio = begun(path, backend)
    seen = []
    for call in CALLS:
        before = portfolio.journal.frames
        events = portfolio.events
        call(portfolio)
        assert portfolio.journal.frames - before == (portfolio.events > events)
        seen.append(portfolio.events - events)
        assert op.inspect_journal(path, backend=backend).digest == portfolio.digest
    assert min(seen) == 0
    assert max(seen) >= 4
    assert portfolio.journal.bytes == path.stat().st_size


def test_what_is_refused_writes_nothing(backend: str, path: Path) -> None:
    portfolio = lived(path, backend)
    before, digest = path.read_bytes(), portfolio.digest
    refuse(portfolio)
    receipts = portfolio.apply(table(paid(1), paid(2)), on_error="record")
    assert len(receipts.refused) == 2
    portfolio.apply(table(paid(1)).slice(0, 0))
    assert path.read_bytes() == before
    assert portfolio.digest == digest


def test_rows_that_are_refused_on_the_way_are_not_written(backend: str, path: Path) -> None:
    portfolio = lived(path, backend)
    time = 10**15
    rows = table(paid(time), paid(1), opened(time, symbol="OTHER"))
    receipts = portfolio.apply(rows, on_error="record")
    assert len(receipts.refused) == 1
    assert op.inspect_journal(path, backend="python").digest == portfolio.digest


def test_reading_goes_on_after_close(backend: str, path: Path) -> None:
    portfolio = lived(path, backend)
    digest, rows = portfolio.digest, len(portfolio.get_ledger())
    assert not portfolio.closed
    portfolio.close()
    size = path.stat().st_size
    portfolio.close()
    portfolio.flush()
    assert path.stat().st_size == size
    assert portfolio.closed
    assert portfolio.journal.closed
    assert (portfolio.journal.read_only, portfolio.journal.reason) == (False, "")
    assert (portfolio.digest, len(portfolio.get_ledger())) == (digest, rows)
    portfolio.verify()
    with pytest.raises(op.PortfolioClosed):
        portfolio.snapshot()


@pytest.mark.parametrize("with_journal", [True, False])
def test_every_changing_call_is_refused_after_close(
    backend: str, path: Path, with_journal: bool
) -> None:
    portfolio = lived(path if with_journal else None, backend)
    portfolio.close()
    digest = portfolio.digest
    for call in CALLS:
        with pytest.raises(op.PortfolioClosed) as caught:
            call(portfolio)
        assert (caught.value.argument, caught.value.value) == ("portfolio", "closed")
    assert portfolio.digest == digest


def test_the_arguments_are_read_before_it_is_said_that_it_is_closed(backend: str) -> None:
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.close()
    with pytest.raises(op.InvalidNumber):
        portfolio.deposit("x", 1)
    with pytest.raises(op.PortfolioClosed):
        portfolio.deposit(-1, 1)


def test_without_a_journal(backend: str) -> None:
    portfolio = op.Portfolio(1000, backend=backend)
    assert (portfolio.journal, portfolio.recovery, portfolio.closed) == (None, None, False)
    portfolio.flush()
    with pytest.raises(op.JournalNotFound) as caught:
        portfolio.snapshot()
    assert (caught.value.argument, caught.value.value) == ("journal", "None")


def test_mode_off_gathers(backend: str, path: Path) -> None:
    portfolio = begun(path, backend, sync="off")
    size = path.stat().st_size
    portfolio.deposit(1, 1)
    assert path.stat().st_size == size
    assert portfolio.journal.bytes > size
    portfolio.flush()
    assert path.stat().st_size == portfolio.journal.bytes
    for time in range(2, 2500):
        portfolio.deposit(1, time)
    written = path.stat().st_size
    assert size + (1 << 16) <= written < portfolio.journal.bytes
    found = op.inspect_journal(path, backend=backend)
    assert found.verdict == "clean"
    assert 1 < found.events < portfolio.events
    portfolio.close()
    assert op.inspect_journal(path, backend=backend).digest == portfolio.digest


@pytest.mark.parametrize("sync", MODES)
def test_a_portfolio_that_is_dropped_leaves_a_clean_journal(
    backend: str, path: Path, sync: str
) -> None:
    portfolio = lived(path, backend, sync=sync)
    digest = portfolio.digest
    del portfolio
    gc.collect()
    found = op.inspect_journal(path, backend=backend)
    assert (found.verdict, found.digest, found.closed) == ("clean", digest, False)
    op.open_journal(path, backend=backend).close()


def test_an_opening_keeps_the_mode_or_takes_another(backend: str, path: Path) -> None:
    lived(path, backend, sync="always").close()
    for given, kept in ((None, "always"), ("interval", "interval"), (None, "interval")):
        with op.open_journal(path, sync=given, backend=backend) as portfolio:
            assert portfolio.journal.sync == kept
            assert op.inspect_journal(path, backend="python").sync == kept


def test_floats_and_off_grid_are_those_of_the_opening(backend: str, path: Path) -> None:
    lived(path, backend).close()
    with op.open_journal(path, floats="strict", off_grid="round", backend=backend) as portfolio:
        with pytest.raises(op.InvalidNumber):
            portfolio.deposit(1e-19, 10**15)
        portfolio.open_position("ACME", "long", 1, "50.004", 10**15)
        assert portfolio.rounded_count == 1
    with op.open_journal(path, backend=backend) as again:
        assert (again.digest, again.rounded_count) == (portfolio.digest, 0)


def test_a_digest_is_written_on_the_way(backend: str, path: Path) -> None:
    with begun(path, backend) as portfolio:
        for time in range(4095):
            portfolio.deposit(1, time)
        frames = portfolio.journal.frames
        portfolio.deposit(1, 4096)
        assert portfolio.journal.frames == frames + 2
        portfolio.deposit(1, 4097)
        assert portfolio.journal.frames == frames + 3
    for name in ("rust", "python"):
        assert op.inspect_journal(path, backend=name).digest == portfolio.digest


def test_snapshots_are_named_by_events_and_two_are_kept(backend: str, path: Path) -> None:
    with begun(path, backend, snapshot_every=3) as portfolio:
        for time in range(10):
            portfolio.deposit(1, time)
        assert portfolio.journal.snapshots == ("run.journal.snapshot-6", "run.journal.snapshot-9")
        made = portfolio.snapshot()
        assert made == str(path) + ".snapshot-10"
        assert portfolio.snapshot() == made
        assert portfolio.journal.snapshots == ("run.journal.snapshot-9", "run.journal.snapshot-10")
    names = sorted(entry.name for entry in path.parent.iterdir())
    assert names == ["run.journal", "run.journal.snapshot-10", "run.journal.snapshot-9"]
    for name in ("rust", "python"):
        found = op.inspect_journal(path, backend=name)
        assert [(each.events, each.good) for each in found.snapshots] == [(9, True), (10, True)]
    with op.open_journal(path, snapshot_every=3, backend=backend) as again:
        for time in range(20, 23):
            again.deposit(1, time)
        assert again.journal.snapshots[-1] == "run.journal.snapshot-13"


def test_read_only_touches_nothing_and_takes_no_lock(backend: str, path: Path) -> None:
    portfolio = lived(path, backend)
    path.write_bytes(path.read_bytes() + b"torn")
    before = fingerprint(path.parent)
    looked = op.open_journal(path, read_only=True, backend=backend)
    assert (looked.journal, looked.digest) == (None, portfolio.digest)
    assert (looked.recovery.verdict, looked.recovery.dropped_bytes) == ("torn", 4)
    looked.deposit(1, 10**15)
    assert fingerprint(path.parent) == before


def test_a_torn_end_is_cut_off(backend: str, path: Path) -> None:
    portfolio = lived(path, backend)
    del portfolio
    gc.collect()
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    known = digests()
    with op.open_journal(path, backend=backend) as again:
        assert again.recovery.verdict == "torn"
        assert again.digest == known[again.recovery.events]
        assert again.recovery.dropped_bytes == len(whole) - 3 - again.recovery.good_length
        again.deposit(1, 10**15)
    assert op.inspect_journal(path, backend="python").verdict == "clean"


def test_what_is_told_can_be_kept(backend: str, path: Path) -> None:
    with lived(path, backend, snapshot_every=9) as portfolio:
        status = portfolio.journal
    found = op.inspect_journal(path, backend=backend)
    assert pickle.loads(pickle.dumps((status, found))) == (status, found)  # noqa: S301
    assert hash(found) == hash(op.inspect_journal(path, backend=backend))
