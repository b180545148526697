"""Processes that fork while a batch runs: children keep no lock, wait for none and end nothing.

A pool of the caller that forks its workers is one such case, a `progress` that forks another one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batch_samples import sample_batch
from executor_samples import TESTS, assert_equal, hashes_of, many_params, started, until
from omega_portfolio.batch import slices

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="needs forks and /proc"
)

HEAD = """
import sys, warnings
sys.path.insert(0, {tests!r})
warnings.simplefilter("ignore", DeprecationWarning)  # Of forks beside threads.
import multiprocessing, os, signal, threading, time
from concurrent.futures import ProcessPoolExecutor
import omega_portfolio as op
from batch_samples import sample_batch
from executor_samples import children, many_params
from omega_portfolio.batch import slices, worker
slices.PART_RUNS = 5
forks = multiprocessing.get_context("fork")
signal.alarm(60)
"""


def lines_of(code: str, **places: str) -> list[str]:
    """Run a program in a session of its own, of which nothing stays."""
    text = HEAD.format(tests=str(TESTS)) + code.format(**places)
    process = subprocess.Popen(  # noqa: S603 - the code of this file.
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        told, errors = process.communicate(timeout=60)
    finally:
        end_group(process.pid)
    assert process.returncode == 0, errors
    return told.splitlines()


def end_group(leader: int) -> None:
    """End whatever a program has left, which has the session of that program."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        # There is nothing.
        return


KILLED = (
    HEAD
    + """
if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, mp_context=forks)
    sample_batch("python", params=many_params(5_000), executor=pool, sink={sink!r},
                 scratch={scratch!r}, progress=lambda *_: print("told", flush=True))
"""
)


def test_the_children_of_a_caller_that_was_killed_keep_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    sink, scratch = tmp_path / "sink", tmp_path / "scratch"
    scratch.mkdir()
    process = started(KILLED, sink=str(sink), scratch=str(scratch))
    try:
        until(lambda: len(list(sink.glob("*/*"))) >= 3 * 5)
        process.kill()
        process.wait()
        # The workers of the pool live on, and wait for work.
        os.killpg(process.pid, 0)
        for lock in scratch.glob("*/.lock"):
            os.utime(lock, (0, 0))
        options = {"params": many_params(12), "sink": sink, "resume": False}
        found = sample_batch("python", executor="processes", workers=1, scratch=scratch, **options)
        assert_equal(found, sample_batch("python", params=many_params(12)))
        assert list(scratch.iterdir()) == []
    finally:
        end_group(process.pid)
        process.communicate()


TWICE = """
with ProcessPoolExecutor(2, mp_context=forks) as pool:
    for name in ("one", "one", "two"):
        place = os.path.join({folder!r}, name)
        options = dict(executor=pool, sink=place, scratch={folder!r}, resume=name == "one")
        print(len(sample_batch("python", **options)))
    # Threads write where the pool has written.
    print(len(sample_batch("python", sink=place, resume=False)))
print(sorted(os.listdir({folder!r})))
"""


def test_two_batches_of_a_pool_that_forks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    assert lines_of(TWICE, folder=str(tmp_path)) == ["12"] * 4 + ["['one', 'two']"]
    sample_batch("python", sink=tmp_path / "here")
    assert hashes_of(tmp_path / "two") == hashes_of(tmp_path / "here")


HELD = """
began, done = threading.Event(), threading.Event()

def hold():
    with worker._lock:
        began.set()
        done.wait(50)

holder = threading.Thread(target=hold)
holder.start()
began.wait()
token = op.CancelToken()
clock = threading.Timer(10, token.cancel)
clock.start()
pool = ProcessPoolExecutor(1, mp_context=forks)
try:
    print(len(sample_batch("python", executor=pool, cancel=token,
                           progress=lambda *_: done.set())))
finally:
    clock.cancel()
    for one in list(pool._processes.values()):
        one.kill()
    done.set()
    holder.join()
"""


def test_a_child_does_not_wait_for_a_thread_of_its_parent() -> None:
    assert lines_of(HELD) == ["12"]


CHILD = """
made = []

def look(done, total):
    if not made:
        made.append(os.fork())
        if made == [0]:
            sys.exit(3)
        # The child has come to its end before this goes on.
        assert os.waitstatus_to_exitcode(os.waitpid(made[0], 0)[1]) == 3
        files.append(len(os.listdir({folder!r})))

files = []
result = sample_batch("python", params=many_params(60), executor="processes", workers=1,
                      shard_runs=2, scratch={folder!r}, progress=look)
print(len(result), result.complete, files, os.listdir({folder!r}))
"""


def test_a_child_that_ends_ends_nothing_of_its_parent(tmp_path: Path) -> None:
    assert lines_of(CHILD, folder=str(tmp_path)) == ["60 True [1] []"]
