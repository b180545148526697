"""The ways to stop compiled runs: a token, an exception, a signal; and what goes on meanwhile."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batch_frames import Token, long_batch, pictures, small
from interpreter import PACKAGE_ROOT

if TYPE_CHECKING:
    from omega_portfolio._core import BatchTables

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")
pytestmark = pytest.mark.skipif("rust" not in BACKENDS, reason="the run is narrowed to python")

TESTS = Path(__file__).parent


def test_progress_is_told() -> None:
    batch = long_batch()
    told: list[tuple[int, str]] = []
    here = threading.current_thread().name

    def progress(done: int) -> None:
        told.append((done, threading.current_thread().name))
        if len(told) == 3:
            token.cancel()

    token = Token()
    tables = batch.run(0, len(batch), record="none", progress=progress, cancel=token)
    assert not tables.complete
    assert {name for _, name in told} == {here}
    counts = [done for done, _ in told]
    assert counts == sorted(counts)
    assert counts[-1] >= tables.done
    told.clear()
    assert small().run(0, 1, progress=progress).complete
    assert told == [(1, here)]


class Upset(Exception):  # noqa: N818 - nothing of the library.
    """What a callback raises."""


def test_what_a_token_raises_is_raised() -> None:
    class Broken(Token):
        """Works when it is passed, and then no more."""

        looks = 0

        @property
        def cancelled(self) -> bool:  # type: ignore[override]
            """Whether it is cancelled."""
            self.looks += 1
            if self.looks > 3:
                raise Upset
            return False

    batch = long_batch()
    with pytest.raises(Upset):
        batch.run(0, len(batch), record="none", cancel=Broken())


def test_what_progress_raises_is_raised() -> None:
    batch = long_batch()

    def progress(done: int) -> None:
        raise Upset(done)

    before = sys.getrefcount(progress)
    with pytest.raises(Upset):
        batch.run(0, len(batch), record="none", progress=progress)
    with pytest.raises(Upset):
        batch.run(0, 1, record="none", progress=progress)
    gc.collect()
    assert sys.getrefcount(progress) == before
    assert batch.run(0, 2).complete


def test_progress_may_use_the_batch() -> None:
    batch = long_batch()
    token = Token()
    inner: list[BatchTables] = []

    def progress(_: int) -> None:
        inner.append(batch.run(0, 3, threads=2))
        assert batch.portfolio(0).digest
        token.cancel()

    tables = batch.run(0, len(batch), record="none", threads=2, progress=progress, cancel=token)
    assert not tables.complete
    assert inner[0].complete


def test_a_token_that_is_cancelled_leaves_whole_runs() -> None:
    batch = long_batch()
    token = Token()
    timer = threading.Timer(0.3, token.cancel)
    timer.start()
    tables = batch.run(0, len(batch), record="none", threads=2, cancel=token)
    timer.join()
    assert not tables.complete
    assert tables.done < len(batch)
    assert repr(tables).endswith("stopped early)")
    assert tables.final.to_polars()["run_id"].to_list() == list(range(tables.done))
    again = batch.run(0, tables.done, record="none", threads=1)
    assert pictures(again) == pictures(tables)
    nothing = batch.run(0, 5, cancel=token)
    assert (nothing.done, nothing.complete) == (0, False)


FORK = f"""
import faulthandler
faulthandler.dump_traceback_later(60, exit=True)
import os, sys
sys.path.insert(0, {str(TESTS)!r})
from batch_frames import Token, long_batch, pictures
batch, token, pids = long_batch(), Token(), []
before = pictures(batch.run(0, 2, threads=2))

def progress(done):
    pid = os.fork()
    if pid == 0:
        same = pictures(batch.run(0, 2, threads=2)) == before
        os._exit(0 if same else 1)
    pids.append(pid)
    token.cancel()

told = dict(progress=progress, cancel=token)
assert not batch.run(0, len(batch), record="none", threads=2, **told).complete
for pid in pids:
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert pictures(batch.run(0, 2, threads=2)) == before
print("forked", len(pids))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without forks")
def test_a_process_may_be_forked_while_runs_are_made() -> None:
    done = subprocess.run(  # noqa: S603 - the program is this interpreter.
        [sys.executable, "-c", FORK],
        env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("forked ")


SIGNAL = f"""
import faulthandler
faulthandler.dump_traceback_later(60, exit=True)
import sys
sys.path.insert(0, {str(TESTS)!r})
from batch_frames import long_batch
batch = long_batch()
print("ready", flush=True)
batch.run(0, len(batch), record="none", threads=2)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a system without POSIX signals")
def test_an_interrupt_ends_it() -> None:
    child = subprocess.Popen(  # noqa: S603 - the program is this interpreter.
        [sys.executable, "-c", SIGNAL],
        env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    try:
        child.wait(timeout=0.3)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert child.returncode == -signal.SIGINT
