"""Failures that no call has told yet, and journals that cannot be made (SPEC J4, J6, J10)."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import omega_portfolio as op
from journals import begun
from omega_portfolio.oracle import journal_pace
from test_journal_faults import Disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@contextmanager
def no_longer_than(length: int) -> Iterator[None]:
    """Let no file of this process become longer, whoever writes it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def without_snapshot(path: Path, backend: str) -> op.Portfolio:
    """Begin a portfolio whose snapshot behind the second call fails: it is too long for a file."""
    portfolio = begun(path, backend, snapshot_every=2)
    portfolio.deposit(1, 1)
    with no_longer_than(path.stat().st_size + 60):
        portfolio.deposit(1, 2)
    assert portfolio.journal is not None
    assert "snapshot failed" in portfolio.journal.reason
    return portfolio


def test_a_close_tells_what_nobody_has_told(backend: str, path: Path) -> None:
    portfolio = without_snapshot(path, backend)
    before = path.read_bytes()
    with pytest.raises(op.DurabilityError, match="snapshot failed"):
        portfolio.close()
    assert portfolio.closed
    portfolio.close()
    assert path.read_bytes() == before
    with op.open_journal(path, backend=backend) as again:
        assert again.events == 2


@pytest.mark.parametrize("tell", [lambda pf: pf.deposit(1, 3), lambda pf: pf.flush()])
def test_what_was_told_is_not_told_again(
    backend: str, path: Path, tell: Callable[[op.Portfolio], object]
) -> None:
    portfolio = without_snapshot(path, backend)
    with pytest.raises(op.DurabilityError):
        tell(portfolio)
    portfolio.close()
    op.open_journal(path, backend=backend).close()


def test_the_end_of_a_with_tells_it(backend: str, path: Path) -> None:
    with pytest.raises(op.DurabilityError), without_snapshot(path, backend):
        pass


def test_a_drop_is_quiet(backend: str, path: Path) -> None:
    portfolio = without_snapshot(path, backend)
    del portfolio
    op.open_journal(path, backend=backend).close()


def test_a_close_tells_of_a_sync_that_failed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio = begun(path, "python", sync="interval", sync_interval_ms=1)
    with Disk(1).set_in(monkeypatch):
        portfolio.deposit(1, 1)
        begin = time.monotonic()
        while not portfolio.journal.read_only:
            assert time.monotonic() - begin < 60
            time.sleep(0.001)
        with pytest.raises(op.DurabilityError, match="sync failed"):
            portfolio.close()
    portfolio.close()
    assert op.open_journal(path, backend="python").events == 1


@pytest.mark.parametrize("sync", ["os", "interval"])
def test_a_journal_that_cannot_be_made_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, sync: str
) -> None:
    counting = Disk()
    with counting.set_in(monkeypatch):
        portfolio = begun(path, "python", sync=sync)
    portfolio.close()
    path.unlink()
    failed = []
    for failing in range(counting.count):
        disk = Disk(failing)
        with disk.set_in(monkeypatch):
            try:
                portfolio = begun(path, "python", sync=sync)
            except op.DurabilityError:
                failed.append(disk.failed)
                assert list(path.parent.iterdir()) == []
                continue
        # The file has its name, and only the other one could not be removed.
        assert disk.failed == "unlink"
        portfolio.close()
        op.open_journal(path, backend="python").close()
        assert list(path.parent.iterdir()) == [path]
        path.unlink()
    assert len(failed) >= 5


def test_a_system_without_threads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(journal_pace, "Thread", NoThread)
        with pytest.raises(op.DurabilityError, match="new thread"):
            begun(path, "python", sync="interval")
    assert list(path.parent.iterdir()) == []
    begun(path, "python", sync="interval").close()


def test_the_newest_two_good_snapshots_are_kept(backend: str, path: Path) -> None:
    portfolio = begun(path, backend)
    names: list[Any] = []
    for number in range(1, 4):
        portfolio.deposit(1, number)
        names.append(Path(portfolio.snapshot()))
    portfolio.close()
    assert not names[0].exists()
    names[0].write_bytes(b"damaged")
    image = names[2].read_bytes()
    names[2].write_bytes(image[:-1] + bytes([image[-1] ^ 1]))
    with op.open_journal(path, backend=backend) as again:
        assert again.journal.snapshots == (names[1].name,)
        again.deposit(1, 4)
        first = Path(again.snapshot())
        assert again.journal.snapshots == (names[1].name, first.name)
        assert [name.exists() for name in (*names, first)] == [False, True, True, True]
        again.deposit(1, 5)
        second = Path(again.snapshot())
        assert again.journal.snapshots == (first.name, second.name)
    assert sorted(path.parent.iterdir()) == [path, first, second]
