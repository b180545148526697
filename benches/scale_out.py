"""Figures of batches on workers: what a shard costs, what a run does, and the memory of the bars.

Run it from the root of the project with ``.venv/bin/python benches/scale_out.py``; ``--small``
takes few runs and small bars. Inputs are seeded, and the table ends with the hash of the results,
which is the same whoever made them.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import omega_portfolio as op
from omega_portfolio.batch.engine import Keep, open_engine
from omega_portfolio.batch.scratch import Call, Scratch, tables_of
from omega_portfolio.batch.worker import Job, run_shard

SEED = 7
MINUTE = 60_000_000
ROW_BYTES = 48
GRID = op.Instrument("ACME", price_decimals=2, size_decimals=2)
NONE: dict[str, Any] = {"record": "none", "trades": False, "instruments": [GRID]}


def random_bars(rows: int) -> pl.DataFrame:
    """Make a random walk in cents: time, four prices and the spread, 48 bytes a row."""
    steps = np.random.default_rng(SEED).integers(-20, 21, (rows, 3))
    close = 100_000 + np.abs(np.cumsum(steps[:, 0]))
    first = np.concatenate(([100_000], close[:-1]))
    high = np.maximum(first, close) + np.abs(steps[:, 1])
    low = np.minimum(first, close) - np.abs(steps[:, 2])
    prices = {"open": first, "high": high, "low": low, "close": close}
    columns = {name: cents / 100 for name, cents in prices.items()}
    times = np.arange(rows, dtype=np.int64) * MINUTE
    return pl.DataFrame({"time": times, **columns, "spread": np.full(rows, 0.02)})


def orders_of(moments: int) -> pl.DataFrame:
    """Make an entry each fortieth bar and an exit twenty bars later."""
    rows: list[tuple[int, str, str | None, float | None]] = []
    for moment in range(0, moments - 40, 40):
        rows.append((moment * MINUTE, "open", "long", 1.0))
        rows.append(((moment + 20) * MINUTE, "close", None, None))
    return pl.DataFrame(rows, ["time", "action", "side", "size"], orient="row")


def stops(runs: int) -> pl.DataFrame:
    """Make a stop for each run."""
    return pl.DataFrame({"stop_loss_rate": [0.001 + run % 977 / 100_000 for run in range(runs)]})


def timed(
    given: tuple[pl.DataFrame, ...],
    **options: Any,  # noqa: ANN401 - of run_batch.
) -> tuple[float, op.BatchResult]:
    """Make a batch, and measure it."""
    started = time.perf_counter()
    result = op.run_batch(*given, **NONE, **options)
    return time.perf_counter() - started, result


def hash_of(result: op.BatchResult) -> str:
    """Give the hash of the final states and the metrics."""
    digest = hashlib.blake2b(digest_size=8)
    for table in (result.final, result.metrics):
        frame = table.lazy().collect().rechunk()
        digest.update(frame.write_ipc(None, compat_level=pl.CompatLevel.oldest()).getvalue())
    return digest.hexdigest()


def anonymous() -> int:
    """Give the bytes of memory that this process shares with nobody."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not tell RssAnon")


def growth(first: Job, job: Job) -> tuple[int, float]:
    """Give how the memory of a worker grows by a batch, and the seconds to its first run."""
    run_shard(first, 0, 1)
    before, started = anonymous(), time.perf_counter()
    answer = run_shard(job, 0, 0)
    assert answer.error is None, answer.error
    return anonymous() - before, time.perf_counter() - started


def memory_rows(rows: int) -> list[tuple[str, str]]:
    """Measure how bars reach a worker, and what they take there."""
    clean = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as small,
        tempfile.TemporaryDirectory() as large,
        ProcessPoolExecutor(1, mp_context=clean) as pool,
    ):
        first, _ = written(Path(small), 1_000)
        job, seconds = written(Path(large), rows)
        size = sum(path.stat().st_size for path in Path(large).iterdir())
        grown, opened = pool.submit(growth, first, job).result()
    return [
        ("bars, as the caller has them", f"{rows * ROW_BYTES / 1e6:,.0f} MB"),
        ("files in scratch", f"{size / 1e6:,.0f} MB"),
        ("to write them", f"{seconds:.2f} s"),
        ("a worker opens them", f"{opened * 1e3:.1f} ms"),
        ("RssAnon of a worker grows by", f"{grown / 1e6:.1f} MB"),
    ]


def call_of(rows: int) -> Call:
    """Make a batch over so many bars."""
    frames = (random_bars(rows), orders_of(1_000), stops(10))
    settings = {"initial_balance": 100_000, "instruments": (GRID,), "path": "pessimistic"}
    engine = open_engine("rust", frames, settings)
    return Call("rust", engine, frames, settings, Keep("none", trades=False))


def written(folder: Path, rows: int) -> tuple[Job, float]:
    """Write what a worker reads."""
    call = call_of(rows)
    started = time.perf_counter()
    job = Scratch(folder).job(call, 1)
    return job, time.perf_counter() - started


def cost_rows(
    executor: str, runs: int, shards: int, turns: int
) -> tuple[list[tuple[str, str]], set[str]]:
    """Measure what shards cost beside their runs, on one worker, with the shortest of runs."""
    given = (random_bars(50), orders_of(50), stops(runs))
    few = (*given[:2], given[2].head(shards))

    def best(
        frames: tuple[pl.DataFrame, ...],
        **options: Any,  # noqa: ANN401 - of run_batch.
    ) -> tuple[float, op.BatchResult]:
        return min((timed(frames, **options) for _ in range(turns)), key=lambda one: one[0])

    one: dict[str, Any] = {"executor": executor, "workers": 1}
    start, _ = best((*few[:2], few[2].head(1)), **one)
    each, _ = best(few, shard_runs=1, **one)
    here, expected = best(given, threads=1)
    there, found = best(given, shard_runs=1_000, **one)
    rows = [
        (f"{executor}: a batch of one run", f"{start:.2f} s"),
        (f"{executor}: a shard of one run", f"{(each - start) / (shards - 1) * 1e3:.2f} ms"),
        (f"{executor}: a run, in shards of 1,000", f"{(there - start) / runs * 1e6:.1f} us"),
        (f"{executor}: the same on one thread here", f"{here / runs * 1e6:.1f} us"),
        (f"{executor}: so the overhead of a run", f"{(there - start - here) / runs * 1e6:.1f} us"),
    ]
    return rows, {hash_of(expected), hash_of(found)}


def put_rows(rows: int) -> list[tuple[str, str]]:
    """Measure how bars get into the shared memory of a node."""
    import ray

    from omega_portfolio.batch.ray_tasks import stream_of

    tables, _ = tables_of(call_of(rows))
    started = time.perf_counter()
    references = [ray.put(stream_of(table)) for table in tables if table is not None]
    seconds = time.perf_counter() - started
    assert len(references) == 3
    return [(f"ray: to put bars of {rows * ROW_BYTES / 1e6:,.0f} MB", f"{seconds:.2f} s")]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few runs and small bars")
    small = parser.parse_args().small
    rows = 20_000 if small else 10_500_000
    runs, shards, turns = (3_000, 50, 1) if small else (100_000, 500, 3)
    table = memory_rows(rows)
    found, hashes = cost_rows("processes", runs, shards, turns)
    table += found
    if importlib.util.find_spec("ray") is None:
        table.append(("ray", "is not installed"))
    else:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        store = max(2 * rows * 100, 100_000_000)
        ray.init(
            address="local",
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            object_store_memory=store,
        )
        table += put_rows(rows)
        found, more = cost_rows("ray", runs, shards, turns)
        table += found
        hashes |= more
        ray.shutdown()
    if len(hashes) != 1:
        raise SystemExit(f"results differ: {sorted(hashes)}")
    table.append(("hash of all results", hashes.pop()))
    width = max(len(name) for name, _ in table)
    sys.stdout.write("".join(f"{name.ljust(width)}  {text}\n" for name, text in table))


if __name__ == "__main__":
    main()
