"""A journal and several processes: locks, forks, and kills (SPEC J3 to J5)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import omega_portfolio as op
from interpreter import PACKAGE_ROOT
from journals import CALLS, begun, lived, others
from test_interruption import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


def test_a_second_writer_is_refused_in_the_same_process(backend: str, path: Path) -> None:
    portfolio = lived(path, backend)
    for name in (backend, others(backend)):
        with pytest.raises(op.JournalLocked) as caught:
            op.open_journal(path, backend=name)
        assert caught.value.argument == "journal"
        assert op.inspect_journal(path, backend=name).digest == portfolio.digest
        op.open_journal(path, read_only=True, backend=name).verify()
    portfolio.deposit(1, 10**15)
    portfolio.close()
    for name in (backend, others(backend)):
        op.open_journal(path, backend=name).close()


SECOND = """
path, other = arguments
for name in (backend, other):
    try:
        op.open_journal(path, backend=name)
    except op.JournalLocked:
        print("locked", op.inspect_journal(path, backend=name).verdict)
"""


def test_a_second_writer_is_refused_in_another_process(backend: str, path: Path) -> None:
    with lived(path, backend):
        assert run(SECOND, backend, str(path), others(backend)) == ["locked clean"] * 2
    assert run(SECOND, backend, str(path), others(backend)) == []


FORK = """
path, sync = arguments
portfolio = op.Portfolio(1000, journal=path, sync=sync, sync_interval_ms=5, backend=backend)
portfolio.deposit(1, 1)
digest = portfolio.digest
sys.stdout.flush()
child = os.fork()
if child == 0:
    try:
        size = os.path.getsize(path)
        for call in (
            lambda: portfolio.deposit(1, 2),
            lambda: portfolio.apply(table(paid(2))),
            portfolio.snapshot,
            portfolio.flush,
        ):
            try:
                call()
            except op.DurabilityError as error:
                assert error.argument == "journal"
            else:
                raise AssertionError("a child has written")
        assert portfolio.digest == digest
        portfolio.verify()
        assert portfolio.journal.read_only and portfolio.journal.reason
        portfolio.close()
        portfolio.close()
        del portfolio
        gc.collect()
        assert os.path.getsize(path) == size
        try:
            op.open_journal(path, backend=backend)
        except op.JournalLocked:
            print("child", flush=True)
    finally:
        os._exit(0)
os.waitpid(child, 0)
portfolio.deposit(1, 2)
try:
    op.open_journal(path, backend=backend)
except op.JournalLocked:
    portfolio.close()
    print("parent", op.open_journal(path, backend=backend).digest == portfolio.digest)
"""


# A process with a thread of its own is warned of a fork by newer interpreters.
@pytest.mark.parametrize("sync", ["off", "os", "always"])
def test_the_journal_stays_with_the_parent_of_a_fork(backend: str, path: Path, sync: str) -> None:
    assert run(FORK, backend, str(path), sync) == ["child", "parent True"]


def test_mode_interval_and_a_fork(backend: str, path: Path) -> None:
    code = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n" + FORK
    assert run(code, backend, str(path), "interval") == ["child", "parent True"]


ORPHAN = """
import os, signal, sys, time
import omega_portfolio as op
backend, path, what, sync = sys.argv[1:]
portfolio = op.Portfolio(1000, journal=path, sync=sync, backend=backend)
portfolio.deposit(1, 1)
ended, ready = os.pipe()
child = os.fork()
if child == 0:
    if what == "drops it":
        del portfolio
    elif what == "closes it":
        portfolio.close()
    os.write(ready, b".")
    if what == "runs another program":
        os.execvp(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"])
    time.sleep(60)  # Longer than the test takes, which ends it.
    os._exit(0)
os.read(ended, 1)
print(child, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("sync", ["os", "interval"])
@pytest.mark.parametrize("what", ["nothing", "closes it", "drops it", "runs another program"])
def test_the_lock_of_a_parent_that_was_killed(
    backend: str, path: Path, what: str, sync: str
) -> None:
    command = [sys.executable, "-c", ORPHAN, backend, str(path), what, sync]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as parent:  # noqa: S603
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.wait(60) == -signal.SIGKILL
        try:
            opened_soon(path, backend)
        finally:
            os.kill(child, signal.SIGKILL)


def opened_soon(path: Path, backend: str) -> None:
    """Open a journal whose lock is free, or is in a moment."""
    for _ in range(500):
        with suppress(op.JournalLocked):
            op.open_journal(path, backend=backend).close()
            return
        time.sleep(0.02)
    pytest.fail("the journal stays locked")


DROPPED = """
path, sync = arguments
portfolio = op.Portfolio(1000, journal=path, sync=sync, backend=backend)
for time in range(10):
    portfolio.deposit(1, time)
print(portfolio.digest)
"""


@pytest.mark.parametrize("sync", ["off", "os", "interval", "always"])
def test_the_end_of_the_interpreter_loses_nothing(backend: str, path: Path, sync: str) -> None:
    (digest,) = run(DROPPED, backend, str(path), sync)
    found = op.inspect_journal(path, backend=backend)
    assert (found.verdict, found.events, found.closed) == ("clean", 10, False)
    assert found.digest == digest


THREADS = """
(path,) = arguments
portfolio = op.Portfolio(1000, journal=path, snapshot_every=50, backend=backend)

def pay():
    for _ in range(100):
        portfolio.deposit(1, 1)
        portfolio.journal
threads = [threading.Thread(target=pay) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
portfolio.close()
found = op.inspect_journal(path, backend=backend)
print(found.verdict, found.events, found.digest == portfolio.digest)
"""


def test_eight_threads_write_one_journal(backend: str, path: Path) -> None:
    assert run(THREADS, backend, str(path)) == ["clean 800 True"]


def test_two_creators_of_one_journal(backend: str, path: Path) -> None:
    first = begun(path, backend)
    for name in (backend, others(backend)):
        with pytest.raises(op.JournalExists):
            begun(path, name)
    CALLS[0](first)
    first.close()


INTERRUPT = """
(path,) = arguments
portfolio = op.Portfolio(1000, journal=path, backend=backend)
rows = 1 << 16
frame = pl.DataFrame({"action": ["deposit"], "time": [1], "amount": [1]})
frame = pl.concat([frame] * rows, rechunk=True)

def interrupt():
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

for _ in range(5):
    sender = threading.Thread(target=interrupt)
    sender.start()
    try:
        portfolio.apply(frame)
        sender.join()
        time.sleep(0.01)
    except KeyboardInterrupt:
        sender.join()
    assert portfolio.events % rows == 0
    found = op.inspect_journal(path, backend="rust")
    assert (found.verdict, found.digest) == ("clean", portfolio.digest), found
portfolio.deposit(1, 2)
assert not portfolio.journal.read_only
assert op.inspect_journal(path, backend="rust").digest == portfolio.digest
print("interrupted")
"""


def test_a_frame_that_is_interrupted_is_in_neither(backend: str, path: Path) -> None:
    assert run(INTERRUPT, backend, str(path)) == ["interrupted"]
