"""Sinks that workers fill: kills of the caller, cancels, and parts that are not made again."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

import omega_portfolio as op
from batch_samples import files_of, sample_batch
from executor_samples import (
    assert_equal,
    hashes_of,
    is_running,
    many_params,
    started,
    until,
)
from omega_portfolio.batch import processes, slices
from omega_portfolio.batch.manifest import read_manifest

linux_only = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")

KILLED = """
import sys
sys.path.insert(0, {tests!r})
from batch_samples import sample_batch
from executor_samples import many_params
from omega_portfolio.batch import slices
slices.PART_RUNS = 5

def look(done, total):
    print("told", flush=True)

executor = "processes"
if {pool!r}:
    from concurrent.futures import ThreadPoolExecutor
    executor = ThreadPoolExecutor(2)
sample_batch("python", params=many_params(5_000), executor=executor, workers=2,
             sink={sink!r}, scratch={scratch!r}, progress=look)
"""


@linux_only
@pytest.mark.parametrize("pool", ["", "pool"])
def test_a_caller_that_is_killed_leaves_whole_parts(
    pool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    sink, scratch = tmp_path / "sink", tmp_path / "scratch"
    scratch.mkdir()
    process = started(KILLED, sink=str(sink), scratch=str(scratch), pool=pool)
    workers = {
        int(pid)
        for one in Path(f"/proc/{process.pid}/task").glob("*/children")
        for pid in one.read_text().split()
    }
    assert bool(workers) != bool(pool)
    # Files that are being written have no name that stays.
    until(lambda: len(list(sink.glob("*/*"))) >= 3 * 5)
    process.kill()
    process.communicate()
    until(lambda: not any(map(is_running, workers)))
    if pool:
        # The folder was made long ago.
        for lock in scratch.glob("*/.lock"):
            os.utime(lock, (0, 0))
    else:
        until(lambda: not list(scratch.iterdir()))
    before = files_of(sink)
    manifest = read_manifest(sink)
    assert manifest is not None
    assert 0 < len(manifest.parts) < 1_000
    whole = {file.file for part in manifest.parts.values() for file in part.files.values()}
    done = sum(part.runs for part in manifest.parts.values())
    # Another batch does not go on here.
    with pytest.raises(op.InvalidArgument, match="another batch") as refused:
        sample_batch(
            "python", params=many_params(4_999), sink=sink, executor="processes", scratch=scratch
        )
    assert refused.value.argument == "sink"
    assert files_of(sink) == before
    assert list(scratch.iterdir()) == []
    token = op.CancelToken()
    told: list[int] = []

    def look(now: int, _: int) -> None:
        told.append(now)
        if now > done + 20:
            token.cancel()

    again = partial(sample_batch, "python", params=many_params(5_000), sink=sink, scratch=scratch)
    with pytest.raises(op.RunCancelled):
        again(executor="processes", workers=2, cancel=token, progress=look)
    # It went on behind the parts that were whole, and touched none of them.
    assert told[0] > done
    assert {name: before[name] for name in whole}.items() <= files_of(sink).items()
    assert list(scratch.iterdir()) == []


def test_a_sink_goes_on_with_any_executor(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    sample_batch(backend, sink=tmp_path / "threads")
    wanted, folder = hashes_of(tmp_path / "threads"), tmp_path / "sink"
    token = op.CancelToken()

    def look(now: int, _: int) -> None:
        if now >= 5:
            token.cancel()

    with pytest.raises(op.RunCancelled) as cancelled:
        sample_batch(backend, sink=folder, cancel=token, progress=look)
    assert cancelled.value.result is not None
    before = files_of(folder)
    assert 0 < len(before) < 15
    assert wanted.items() >= hashes_of(folder).items()
    told: list[int] = []
    sample_batch(
        backend,
        sink=folder,
        executor="processes",
        workers=2,
        progress=lambda now, _: told.append(now),
    )
    assert hashes_of(folder) == wanted
    assert before.items() <= files_of(folder).items()
    assert told[0] > len(before)
    assert told[-1] == 12
    started_now: list[object] = []
    monkeypatch.setattr(processes, "Worker", lambda: started_now.append(1))
    # Nothing is missing, so nobody is asked.
    assert sample_batch(backend, sink=folder, executor="processes").complete
    assert started_now == []


def test_a_cancel_writes_no_more_parts(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    token = op.CancelToken()
    with pytest.raises(op.RunCancelled, match="after 0 runs") as cancelled:
        sample_batch(
            backend,
            sink=tmp_path,
            executor="processes",
            workers=1,
            cancel=token,
            progress=lambda *_: token.cancel(),
        )
    assert cancelled.value.result is not None
    assert len(cancelled.value.result) == 0
    assert files_of(tmp_path) == {}
    # The same call makes the rest.
    assert_equal(sample_batch(backend, sink=tmp_path), sample_batch(backend))
