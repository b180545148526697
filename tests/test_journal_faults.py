"""A disk that refuses: the first error is told, nothing half is left, reading goes on (SPEC J4)."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from event_frames import table
from journals import CALLS, begun, digests, lived
from omega_portfolio.oracle import journal_disk, journal_writer

DIGESTS = digests()
BACKENDS = _chosen_backends()
STEPS = ("write", "fsync", "ftruncate", "replace", "link", "unlink", "open", "flock")

Fault = Callable[..., Any]


class Disk:
    """Counts the steps of the file system, and lets one of them fail.

    Faults are set below the Python backend, in the functions of ``os`` that it calls.
    """

    def __init__(self, failing: int | None = None, kind: str = "eio", *, for_ever: bool = False):
        self.failing = failing
        self.kind = kind
        self.for_ever = for_ever
        self.count = 0
        self.failed = ""

    def step(self, name: str, real: Fault, *arguments: Any, **keywords: Any) -> Any:
        number, self.count = self.count, self.count + 1
        fails = self.failing is not None and (
            number == self.failing or (self.for_ever and number > self.failing)
        )
        if not fails:
            # Nobody cuts the power, so a sync that succeeds has nothing to do.
            return None if name == "fsync" else real(*arguments, **keywords)
        self.failed = self.failed or name
        if name == "write" and self.kind == "short" and len(arguments[1]) > 1:
            # Some of the bytes come to the file, and the disk is full after them.
            real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
        code = errno.EIO if self.kind == "eio" else errno.ENOSPC
        raise OSError(code, os.strerror(code))

    @contextmanager
    def set_in(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with monkeypatch.context() as patch:
            for name in STEPS:
                module = journal_disk.fcntl if name == "flock" else os
                real = getattr(module, name)
                patch.setattr(
                    module,
                    name,
                    lambda *arguments, _name=name, _real=real, **keywords: self.step(
                        _name, _real, *arguments, **keywords
                    ),
                )
            yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


def life(path: Path, sync: str) -> tuple[list[int], op.Portfolio | None]:
    """Live with a journal until something fails; give the acknowledged numbers of events."""
    acknowledged: list[int] = []
    portfolio = None
    try:
        portfolio = begun(path, "python", sync=sync, snapshot_every=9)
        for call in CALLS:
            call(portfolio)
            acknowledged.append(portfolio.events)
        portfolio.close()
    except op.DurabilityError:
        pass
    return acknowledged, portfolio


@pytest.mark.parametrize(
    ("sync", "kind", "for_ever"),
    [("os", "short", False), ("os", "eio", True), ("always", "eio", False)],
)
def test_a_failure_at_every_step(
    path: Path, monkeypatch: pytest.MonkeyPatch, sync: str, kind: str, for_ever: bool
) -> None:
    counting = Disk()
    with counting.set_in(monkeypatch):
        acknowledged, _ = life(path, sync)
    assert acknowledged[-1] == max(DIGESTS)
    steps = counting.count
    assert steps > 60
    seen = set()
    for failing in range(steps):
        for entry in path.parent.iterdir():
            entry.unlink()
        disk = Disk(failing, kind, for_ever=for_ever)
        with disk.set_in(monkeypatch):
            acknowledged, portfolio = life(path, sync)
            assert disk.failed
            if portfolio is not None:
                read_only_now(portfolio, acknowledged)
                if failing % 16 == 0:
                    portfolio.verify()
        seen.add(disk.failed)
        del portfolio
        if not path.exists():
            assert acknowledged == []
            continue
        reopened(path, acknowledged)
    assert seen >= {"write", "fsync", "replace", "link", "unlink", "open", "flock"}


def read_only_now(portfolio: op.Portfolio, acknowledged: list[int]) -> None:
    """See that a portfolio has what was acknowledged, and takes nothing more."""
    events = acknowledged[-1] if acknowledged else 0
    assert (portfolio.events, portfolio.digest) == (events, DIGESTS[events])
    if portfolio.closed:
        return
    for call in (lambda: portfolio.deposit(1, 10**15), portfolio.flush, portfolio.snapshot):
        with pytest.raises(op.DurabilityError) as caught:
            call()
        assert caught.value.argument == "journal"
    assert portfolio.events == events
    status = portfolio.journal
    assert status.read_only
    assert "failed" in status.reason
    portfolio.close()


def reopened(path: Path, acknowledged: list[int]) -> None:
    """See that all that was acknowledged is there, and nothing that never was."""
    with op.open_journal(path, backend=BACKENDS[0]) as again:
        assert again.recovery.verdict in ("clean", "torn")
        assert again.digest == DIGESTS[again.events]
        events = acknowledged[-1] if acknowledged else 0
        known = sorted(DIGESTS)
        following = known[min(known.index(events) + 1, len(known) - 1)]
        assert again.events in (events, following)
        again.deposit(1, 10**15)


def test_what_was_half_written_is_cut_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio = begun(path, "python")
    portfolio.deposit(1, 1)
    before, digest = path.read_bytes(), portfolio.digest
    disk = Disk(0, "short")
    with disk.set_in(monkeypatch), pytest.raises(op.DurabilityError) as caught:
        portfolio.deposit(1, 2)
    assert caught.value.rule == "write failed: No space left on device"
    assert path.read_bytes() == before
    assert portfolio.digest == digest


def test_nothing_of_a_frame_happens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio = lived(path, "python")
    digest, held = portfolio.digest, portfolio.get_ledger()
    rows = portfolio.get_events().to_polars().filter(action="deposit")
    disk = Disk(0)
    with disk.set_in(monkeypatch), pytest.raises(op.DurabilityError):
        portfolio.apply(rows.with_columns(time=10**15))
    assert portfolio.digest == digest
    assert len(portfolio.get_ledger()) == len(held)
    portfolio.verify()


def test_a_snapshot_that_fails_is_told_by_the_next_call(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = begun(path, "python", snapshot_every=2)
    portfolio.deposit(1, 1)
    disk = Disk(2, for_ever=True)  # The event is written, the journal synced.
    with disk.set_in(monkeypatch):
        portfolio.deposit(1, 2)
        with pytest.raises(op.DurabilityError, match="writing a snapshot failed"):
            portfolio.deposit(1, 3)
    assert portfolio.events == 2
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_sync_of_mode_interval_that_fails_is_told_by_the_next_call(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = begun(path, "python", sync="interval", sync_interval_ms=1)
    disk = Disk(1)
    with disk.set_in(monkeypatch):
        portfolio.deposit(1, 1)
        pacer = portfolio._writer._pacer
        pacer._thread.join(10)
        assert disk.failed == "fsync"
        with pytest.raises(op.DurabilityError, match="sync failed"):
            portfolio.deposit(1, 2)
    assert portfolio.events == 1
    assert portfolio.journal.read_only
    portfolio.close()
    assert op.inspect_journal(path, backend="python").events == 1


def test_a_close_that_fails_is_told_and_ends_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = begun(path, "python")
    disk = Disk(0)
    with disk.set_in(monkeypatch), pytest.raises(op.DurabilityError):
        portfolio.close()
    assert portfolio.closed
    portfolio.close()
    op.open_journal(path, backend="python").close()


def test_an_interrupt_in_a_write_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = begun(path, "python")
    portfolio.deposit(1, 1)
    before, digest = path.read_bytes(), portfolio.digest
    real = os.write

    def interrupted(descriptor: int, data: bytes) -> int:
        real(descriptor, bytes(data)[:5])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            portfolio.deposit(1, 2)
    assert path.read_bytes() == before
    assert (portfolio.digest, portfolio.journal.read_only) == (digest, False)
    portfolio.deposit(1, 2)
    assert op.inspect_journal(path, backend="python").digest == portfolio.digest


@pytest.mark.parametrize("sync", ["off", "os", "interval"])
def test_an_interrupt_at_every_line_of_a_write(path: Path, sync: str) -> None:
    # A tracer raises at the n-th line of the writer, for each n: account and file stay together.
    tried = 0
    for number in range(10_000):
        portfolio = begun(path, "python", sync=sync, sync_interval_ms=1)
        portfolio.deposit(1, 1)
        if not interrupted_at(number, portfolio):
            break
        tried += 1
        assert portfolio.events in (1, 2)
        portfolio.deposit(1, 3)
        portfolio.close()
        found = op.inspect_journal(path, backend="python")
        assert (found.verdict, found.digest) == ("clean", portfolio.digest), number
        path.unlink()
    assert tried > 10


def interrupted_at(number: int, portfolio: op.Portfolio) -> bool:
    """Make a deposit that is interrupted at a line of the writer; False when it has fewer."""
    left = number

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal left
        if "journal_writer" not in frame.f_code.co_filename:
            return trace
        if event == "line" and frame.f_code.co_name in ("_put", "_write", "_gather", "append"):
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        portfolio.deposit(1, 2)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(old)
    portfolio.close()
    return False


def test_a_call_that_is_too_large_for_a_frame(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio = lived(path, "python")
    before, digest = path.read_bytes(), portfolio.digest
    monkeypatch.setattr(journal_writer, "BODY_MAX", 100)
    rows = table(*({"action": "deposit", "time": 10**15, "amount": 1} for _ in range(60)))
    with pytest.raises(op.DurabilityError, match="at most 100"):
        portfolio.apply(rows)
    assert path.read_bytes() == before
    assert (portfolio.digest, portfolio.journal.read_only) == (digest, False)
    portfolio.deposit(1, 10**15)
    portfolio.verify()
