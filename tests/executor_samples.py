"""What the tests of executors share: workers of each kind, and results compared byte for byte."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

import omega_portfolio as op
from batch_samples import files_of, in_memory, sample_params
from omega_portfolio.batch.manifest import hash_of

TESTS = Path(__file__).parent
KINDS = ("processes", "thread pool", "process pool")


@contextmanager
def executor_of(kind: str, workers: int) -> Iterator[Any]:
    """Give what `executor=` takes."""
    if kind in ("processes", "ray"):
        yield kind
    elif kind == "thread pool":
        with ThreadPoolExecutor(workers) as threads:
            yield threads
    else:
        clean = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=clean) as processes:
            yield processes


def assert_equal(left: op.BatchResult, right: op.BatchResult) -> None:
    """Compare all that two results hold, cell by cell and type by type."""
    ours, theirs = in_memory(left), in_memory(right)
    assert len(ours) == 5
    for name, frame in ours.items():
        assert frame.to_arrow().equals(theirs[name].to_arrow(), check_metadata=True), name
    assert left.run_ids == right.run_ids
    assert left.complete == right.complete
    assert (left.times is None) == (right.times is None)
    if left.times is not None and right.times is not None:
        assert left.times.equals(right.times)


def hashes_of(folder: Path) -> dict[str, str]:
    """Give the hash of each file of the parts; its name has the number of the part."""
    return {name: hash_of(folder / name) for name in files_of(folder)}


def many_params(runs: int) -> pl.DataFrame:
    """Make so many runs, of which twelve differ."""
    params = sample_params()
    return pl.concat([params] * (runs // 12 + 1)).head(runs)


def children() -> set[int]:
    """Give the processes that this one has started."""
    listed = Path("/proc/self/task").glob("*/children")
    return {int(pid) for one in listed for pid in one.read_text().split()}


def is_running(pid: int) -> bool:
    """Whether a process lives, and is more than an exit code that nobody has asked for."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(seen: Callable[[], Any]) -> Any:
    """Wait for something that comes soon."""
    for _ in range(3_000):
        found = seen()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come within a minute")


def started(code: str, **places: str) -> subprocess.Popen[str]:
    """Start a program that begins a batch, and wait until there are whole runs."""
    process = subprocess.Popen(  # noqa: S603 - the code of this file.
        [sys.executable, "-c", code.format(tests=str(TESTS), **places)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    # More shards than may wait for the first one, so that this is whole.
    assert [process.stdout.readline() for _ in range(5)] == ["told\n"] * 5
    return process
