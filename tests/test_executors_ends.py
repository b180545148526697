"""Batches on workers that do not come to their end by themselves: deaths, cancels, Ctrl-C, kills.

Wanted each time: whole runs in their order, no process and no file that is left, and a folder of a
sink that goes on with what it lacks.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from batch_samples import sample_bars, sample_batch, sample_orders
from executor_samples import (
    KINDS,
    assert_equal,
    children,
    executor_of,
    many_params,
    started,
)
from omega_portfolio.batch import processes, shards

linux_only = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
RUNS = 60


def serving(code: str) -> str:
    """Give the program of a worker with something done to its shards before it serves them."""
    return processes._PROGRAM.replace("; serve()", f"\n{code}\nserve()")


DIES = """
import os, omega_portfolio.batch.worker as worker
make = worker.run_shard
def run_shard(job, first, count):
    if first <= 8 < first + count:
        os._exit(9)
    return make(job, first, count)
worker.run_shard = run_shard
"""


@linux_only
def test_a_worker_that_is_killed_costs_nothing(backend: str, tmp_path: Path) -> None:
    params = many_params(RUNS)
    expected = sample_batch(backend, params=params)
    before = children()
    killed: list[int] = []

    def kill(*_: int) -> None:
        workers = sorted(children() - before - set(killed))
        if workers and len(killed) < 3:
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])

    found = sample_batch(
        backend,
        params=params,
        executor="processes",
        workers=2,
        shard_runs=2,
        scratch=tmp_path,
        progress=kill,
    )
    assert len(killed) == 3
    assert_equal(found, expected)
    assert children() == before
    assert list(tmp_path.iterdir()) == []


def test_runs_that_kill_three_workers_are_named(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PROGRAM", serving(DIES))
    options: dict[str, Any] = {"executor": "processes", "workers": 2, "shard_runs": 2}
    with pytest.raises(op.WorkerLost) as lost:
        sample_batch(backend, scratch=tmp_path, **options)
    assert lost.value.code == 4092
    assert lost.value.argument == "executor"
    assert lost.value.value == "processes, runs 8 to 9"
    assert "exit code 9" in lost.value.rule
    assert lost.value.result is not None
    assert lost.value.result.run_ids == list(range(8))
    assert not lost.value.result.complete
    expected = sample_batch(backend)
    assert lost.value.result.equity.equals(expected.equity.filter(pl.col("run_id") < 8))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(op.WorkerLost) as second:
        sample_batch(backend, path="both", scratch=tmp_path, **options)
    assert second.value.result is not None
    assert len(second.value.result) == 8


def test_workers_that_cannot_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "get_executable", lambda: str(tmp_path / "nothing"))
    # The error of this machine, and nothing of dead workers.
    with pytest.raises(FileNotFoundError, match="nothing"):
        sample_batch("python", executor="processes", scratch=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_thread_that_cannot_start_is_told_as_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        processes, "threading", SimpleNamespace(Lock=threading.Lock, Thread=Refusing)
    )
    with pytest.raises(RuntimeError, match="can't start new thread"):
        sample_batch("python", executor="processes", scratch=tmp_path)
    assert list(tmp_path.iterdir()) == []


class Refusing(threading.Thread):
    """A thread for which the system has no room."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_a_folder_that_is_gone_is_no_dead_worker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone, scratch = tmp_path / "gone", tmp_path / "scratch"
    gone.mkdir()
    scratch.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError):
        sample_batch("python", executor="processes", workers=1, scratch=scratch)
    assert list(scratch.iterdir()) == []


def test_a_frozen_program_has_no_interpreter_for_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(processes, "Worker", None)
    with pytest.raises(op.InvalidArgument, match="frozen") as refused:
        sample_batch("python", executor="processes")
    assert refused.value.argument == "executor"
    assert "ProcessPoolExecutor" in refused.value.remedy


def test_a_pool_of_the_caller_that_breaks(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1) as pool:
        broken = pool.submit(os._exit, 3)
        assert broken.exception() is not None
        with pytest.raises(op.WorkerLost) as lost:
            sample_batch("python", executor=pool, shard_runs=5, scratch=tmp_path)
    assert lost.value.value == "ProcessPoolExecutor, runs 0 to 4"
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_that_somebody_empties(tmp_path: Path) -> None:
    def empty(*_: int) -> None:
        for alive in tmp_path.glob("*/alive"):
            alive.unlink()

    with pytest.raises(op.WorkerLost, match="gone from scratch"):
        sample_batch(
            "python",
            executor="processes",
            workers=1,
            shard_runs=2,
            scratch=tmp_path,
            progress=empty,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancel_leaves_whole_runs(kind: str, backend: str, tmp_path: Path) -> None:
    token = op.CancelToken()
    before = children()

    def look(done: int, _: int) -> None:
        if done >= 5:
            token.cancel()

    with executor_of(kind, 2) as executor:
        with pytest.raises(op.RunCancelled) as cancelled:
            sample_batch(
                backend,
                params=many_params(RUNS),
                executor=executor,
                shard_runs=5,
                cancel=token,
                progress=look,
                scratch=tmp_path,
            )
        assert list(tmp_path.iterdir()) == []
        assert kind != "processes" or children() == before
    result = cancelled.value.result
    assert result is not None
    assert not result.complete
    assert len(result) < RUNS
    assert result.run_ids == list(range(len(result)))
    assert f"after {len(result)} runs" in cancelled.value.rule
    whole = sample_batch(backend, params=many_params(RUNS))
    assert result.equity.equals(whole.equity.filter(pl.col("run_id") < len(result)))


def test_a_cancel_does_not_wait_for_a_shard(tmp_path: Path) -> None:
    # A shard of the Python backend that would take minutes.
    token = op.CancelToken()
    asked: list[int] = []

    class Token:
        @property
        def cancelled(self) -> bool:
            asked.append(1)
            return len(asked) > 100 or token.cancelled

    with pytest.raises(op.RunCancelled) as cancelled:
        sample_batch(
            "python",
            bars=sample_bars(5_000),
            params=many_params(10_000),
            record="none",
            executor="processes",
            shard_runs=10_000,
            cancel=Token(),
            scratch=tmp_path,
        )
    assert cancelled.value.result is not None
    assert len(cancelled.value.result) == 0
    assert len(asked) > 100
    assert shards.TICK <= 0.05
    assert list(tmp_path.iterdir()) == []


INTERRUPTED = """
import sys
sys.path.insert(0, {tests!r})
from batch_samples import sample_batch
from executor_samples import children, many_params

def look(done, total):
    print("told", flush=True)

try:
    sample_batch("python", params=many_params(100_000), executor="processes", workers=2,
                 shard_runs=5, progress=look, scratch={scratch!r})
except KeyboardInterrupt as error:
    whole = error.result.run_ids == list(range(len(error.result)))
    print("ended", len(error.result) > 0, whole, error.result.complete, children(), flush=True)
    raise
"""


@linux_only
def test_ctrl_c_of_a_terminal_leaves_whole_runs_and_nothing_else(tmp_path: Path) -> None:
    process = started(INTERRUPTED, scratch=str(tmp_path))
    # A terminal sends it to the whole group.
    os.killpg(process.pid, signal.SIGINT)
    told, errors = process.communicate(timeout=60)
    assert told.splitlines()[-1] == "ended True True False set()"
    assert process.returncode in (-signal.SIGINT, 130)
    assert errors.count("Traceback") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_progress_that_fails_ends_the_workers(tmp_path: Path) -> None:
    before = children()

    def fail(*_: int) -> None:
        raise ValueError("no place for a bar")

    with pytest.raises(ValueError, match="no place"):
        op.run_batch(
            sample_bars(),
            sample_orders(),
            executor="processes",
            scratch=tmp_path,
            progress=fail,
            backend="python",
        )
    assert children() == before
    assert list(tmp_path.iterdir()) == []
