"""Workers of every kind make the same tables as threads, whatever the number and the shards."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from batch_samples import failing, in_memory, sample_bars, sample_batch, sample_orders
from executor_samples import (
    KINDS,
    TESTS,
    assert_equal,
    children,
    executor_of,
    hashes_of,
    many_params,
)
from interpreter import run_python
from omega_portfolio.batch import ray_tasks, slices, worker
from omega_portfolio.batch.engine import Keep, open_engine
from omega_portfolio.batch.shards import AHEAD, GROWTH, Pace
from omega_portfolio.batch.worker import Answer


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_tables_depend_on_neither_workers_nor_shards(
    kind: str, workers: int, backend: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"exact": True, "digest": True, "equity_columns": "all"}
    expected = sample_batch(backend, **options)
    with executor_of(kind, workers) as executor:
        before = children()
        for shard_runs in (1, 7, None):
            found = sample_batch(
                backend,
                executor=executor,
                workers=workers,
                shard_runs=shard_runs,
                scratch=tmp_path,
                **options,
            )
            assert_equal(found, expected)
            assert found.portfolio(7).digest == expected.final["digest"][7]
            assert list(tmp_path.iterdir()) == []
            assert kind != "processes" or children() == before


@pytest.mark.parametrize("sink_format", ["parquet", "ipc"])
@pytest.mark.parametrize("kind", KINDS)
def test_files_depend_on_neither_workers_nor_shards(
    kind: str, sink_format: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    labels = {"labels": ["name"], "params": many_params(12).with_columns(name=pl.lit("a label"))}
    options: dict[str, Any] = {"sink_format": sink_format, "exact": True, **labels}
    expected = sample_batch(backend, sink=tmp_path / "threads", **options)
    wanted = hashes_of(tmp_path / "threads")
    assert len(wanted) == 15
    with executor_of(kind, 2) as executor:
        for shard_runs in (1, 2, 7, None):
            folder = tmp_path / str(shard_runs)
            found = sample_batch(
                backend, sink=folder, executor=executor, shard_runs=shard_runs, **options
            )
            assert hashes_of(folder) == wanted
            assert_equal(found, expected)


@pytest.mark.parametrize("layout", ["rows", "list"])
def test_two_passes_share_what_the_workers_read(
    layout: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    options: dict[str, Any] = {"path": "both", "layout": layout}
    expected = sample_batch(backend, **options)
    told: list[tuple[int, int]] = []
    found = sample_batch(
        backend,
        executor="processes",
        workers=2,
        shard_runs=5,
        progress=lambda *one: told.append(one),
        **options,
    )
    for left, right in ((found, expected), (found.optimistic, expected.optimistic)):
        assert_equal(left, right)
    assert found.envelope.equals(expected.envelope)
    assert [total for _, total in told] == [24] * len(told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (24, 24)
    with ThreadPoolExecutor(2) as threads:
        sample_batch(backend, sink=tmp_path / "pool", executor=threads, **options)
    sample_batch(backend, sink=tmp_path / "threads", **options)
    for name in ("pessimistic", "optimistic"):
        assert hashes_of(tmp_path / "pool" / name) == hashes_of(tmp_path / "threads" / name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_fails_is_one_row(kind: str, backend: str) -> None:
    options = {"params": failing([1, 4], 7), "instruments": [op.Instrument("ACME")]}
    expected = sample_batch(backend, **options)
    assert expected.final["status"].to_list().count("failed") == 2
    with executor_of(kind, 2) as executor:
        for shard_runs in (1, 3):
            found = sample_batch(backend, executor=executor, shard_runs=shard_runs, **options)
            assert_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_refusal_is_raised_as_by_threads(kind: str, backend: str, tmp_path: Path) -> None:
    options = {"params": failing([3, 5], 7), "on_error": "raise"}
    with pytest.raises(op.OmegaPortfolioError) as expected:
        sample_batch(backend, **options)
    with executor_of(kind, 2) as executor:
        for shard_runs in (1, 3):
            with pytest.raises(op.OmegaPortfolioError) as found:
                sample_batch(
                    backend,
                    executor=executor,
                    shard_runs=shard_runs,
                    scratch=tmp_path,
                    **options,
                )
            assert type(found.value) is type(expected.value)
            assert found.value.args == expected.value.args
            assert "run 3" in found.value.value
            assert list(tmp_path.iterdir()) == []


def test_frames_of_every_kind_reach_the_workers(backend: str, tmp_path: Path) -> None:
    bars, orders = sample_bars(), sample_orders()
    kinds = pl.Series("kind", ["a", "b", None] * 4, dtype=pl.Categorical)
    params = many_params(12).with_columns(kinds, lists=pl.Series([[1], []] * 6))
    pieces = pl.concat([bars[:7], bars[7:30], bars[30:]], rechunk=False)
    bars.write_parquet(tmp_path / "bars.parquet")
    options: dict[str, Any] = {"params": params, "labels": ["kind", "lists"]}
    expected = sample_batch(backend, **options)
    with ThreadPoolExecutor(2) as threads:
        for given in (pieces, pieces.to_arrow(), bars.to_pandas(), tmp_path / "bars.parquet"):
            found = sample_batch(
                backend, bars=given, orders=orders.to_pandas(), executor=threads, **options
            )
            assert_equal(found, expected)


def test_a_batch_without_runs(backend: str) -> None:
    params = many_params(12).clear()
    found = sample_batch(backend, params=params, executor="processes")
    assert len(found) == 0
    assert_equal(found, sample_batch(backend, params=params))


def test_results_that_do_not_fit_are_refused_on_the_way(backend: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"record": "1d", "max_memory": 20_000}
    before = children()
    with pytest.raises(op.InvalidArgument) as refused:
        sample_batch(backend, executor="processes", workers=1, scratch=tmp_path, **options)
    assert refused.value.argument == "max_memory"
    assert list(tmp_path.iterdir()) == []
    assert children() == before


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from batch_samples import sample_batch
print("main")
result = sample_batch({backend!r}, executor="processes", workers=2, shard_runs=3)
print(len(result), result.complete)
"""


def test_a_script_without_a_guard_works(backend: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(tests=str(TESTS), backend=backend))
    # Names of the library beside the script must not reach the workers.
    (tmp_path / "struct.py").write_text("raise SystemExit(3)")
    done = subprocess.run(  # noqa: S603 - the script above.
        [sys.executable, "-P" if sys.version_info >= (3, 11) else "-s", str(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path if sys.version_info >= (3, 11) else None,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout == "main\n12 True\n"


def test_what_workers_print_does_not_come_between(
    backend: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from omega_portfolio.batch import processes

    noisy = processes._PROGRAM.replace(
        "; serve()", "; import omega_portfolio.batch.worker as w; make = w.run_shard; "
        "w.run_shard = lambda *task: (print('noise', flush=True), make(*task))[1]; serve()"
    )  # fmt: skip
    monkeypatch.setattr(processes, "_PROGRAM", noisy)
    assert_equal(sample_batch(backend, executor="processes", workers=1), sample_batch(backend))
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "noise" in printed.err


def test_ray_that_is_missing_is_told_with_the_remedy() -> None:
    code = """
import sys
sys.modules["ray"] = None
import polars as pl, omega_portfolio as op
try:
    op.run_batch(pl.DataFrame(), pl.DataFrame(), executor="ray")
except op.InvalidArgument as error:
    print(error)
"""
    told = "[4024] executor='ray': needs the package ray, which is not installed; "
    assert run_python(code) == [told + "pip install 'omega-portfolio[ray]'"]


def test_a_worker_of_another_version_refuses(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from omega_portfolio.batch import processes

    other = processes._PROGRAM.replace(
        "; serve()", "; import omega_portfolio; omega_portfolio.__version__ = '0.0.9'; serve()"
    )
    monkeypatch.setattr(processes, "_PROGRAM", other)
    with pytest.raises(op.InvalidArgument) as refused:
        sample_batch(backend, executor="processes", workers=2)
    assert refused.value.argument == "executor"
    assert refused.value.value == "omega-portfolio 0.0.9"
    assert op.__version__ in refused.value.rule


def test_what_a_worker_raises_can_always_be_told() -> None:
    class Own(Exception):  # noqa: N818 - a class that no pickle finds.
        pass

    for error, name, text in (
        (OSError(5, "no disk"), OSError, "no disk"),
        (SystemExit(3), RuntimeError, "SystemExit: 3"),
        (Own("words"), RuntimeError, "Own: words"),
    ):
        found = pickle.loads(worker._packed(error))  # noqa: S301 - packed here.
        assert type(found) is name
        assert text in str(found)


class Shut(Executor):
    """Takes no work."""

    def __init__(self, reason: str = "cannot schedule new futures after shutdown") -> None:
        self._reason = reason

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        raise RuntimeError(self._reason)


class Wrong(Executor):
    """Fails in a way of its own."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(ConnectionError("no way to the worker"))
        return future


def test_executors_that_do_not_work(tmp_path: Path) -> None:
    with pytest.raises(op.InvalidArgument) as refused:
        sample_batch("python", executor=Shut(), scratch=tmp_path)
    assert refused.value.argument == "executor"
    assert "shutdown" in refused.value.rule
    assert refused.value.remedy == "pass one that was not shut down"
    with pytest.raises(op.InvalidArgument) as refused:
        sample_batch("python", executor=Shut("no room for a thread"), scratch=tmp_path)
    assert refused.value.rule == "takes no work: no room for a thread"
    assert "shut down" not in refused.value.remedy
    with pytest.raises(ConnectionError, match="no way"):
        sample_batch("python", executor=Wrong(), scratch=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_pool_lets_go_of_the_batch() -> None:
    with ThreadPoolExecutor(2) as threads:
        sample_batch("python", executor=threads)
    assert not worker._opened


def test_a_worker_keeps_the_last_two_batches(tmp_path: Path) -> None:
    from omega_portfolio.batch.executors import Way, remote_of
    from omega_portfolio.batch.scratch import Call

    bars, orders = sample_bars().to_arrow(), sample_orders().to_arrow()
    engine = open_engine("python", (bars, orders, None), {"initial_balance": 10_000})
    call = Call("python", engine, (bars, orders, None), {"initial_balance": 10_000}, Keep())
    jobs = [call.job(1, prepared=False) for _ in range(3)]
    for job in (*jobs, jobs[1]):
        assert worker.run_shard(job, 0, 1, (bars, orders, None)).complete
    assert list(worker._opened) == [jobs[2].name, jobs[1].name]
    for job in jobs:
        worker.forget(job.name)
    with remote_of(Way()) as remote:
        assert remote is None
    assert list(tmp_path.iterdir()) == []


def test_shards_grow_to_what_takes_a_second() -> None:
    pace = Pace(None, "rust", 1000, Keep("none"))
    first = pace.runs(10**6, 4)
    assert first == 2000
    pace.measure(Answer({}, first, complete=True, seconds=0.01))
    assert pace.runs(10**6, 4) == first * GROWTH
    pace.measure(Answer({}, 16_000, complete=True, seconds=4.0))
    assert pace.runs(10**6, 4) == 4_000
    # At the end there is something for each worker.
    assert pace.runs(20_000, 4) == 20_000 // (AHEAD * 4)
    assert pace.runs(100, 4) == 2000
    pace.measure(Answer({"equity": bytes(640_000)}, 1, complete=True, seconds=1e-9))
    assert pace.runs(10**6, 1) == GROWTH
    pace.measure(Answer({"equity": bytes(32_000_000)}, 1, complete=True, seconds=1e-9))
    assert pace.runs(10**6, 1) == 2
    pace.measure(Answer())
    assert pace.runs(10**6, 1) == 2
    assert Pace(None, "rust", 10**6, Keep()).runs(100, 1) == 2
    assert Pace(None, "python", 10**6, Keep()).runs(100, 1) == 1
    assert Pace(11, "rust", 10, Keep()).runs(100, 1) == 11


def test_the_table_of_the_rows_in_memory_is_small() -> None:
    result = sample_batch("python", executor="processes", workers=1, record="none", trades=False)
    assert in_memory(result)["equity"].height == 0
    assert ray_tasks.GROWN > 0
