"""Batches as tasks of a Ray cluster: the same tables, and what becomes of dead workers and nodes.

All tests but one share a cluster on this machine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import omega_portfolio as op
from batch_samples import failing, files_of, sample_batch
from executor_samples import TESTS, assert_equal, hashes_of, many_params
from omega_portfolio.batch import ray_tasks, slices
from omega_portfolio.batch.manifest import read_manifest

pytestmark = [
    pytest.mark.skipif(sys.version_info >= (3, 14), reason="the extra has no package for it"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Start a cluster of one node with two cores, and connect to it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    started = Cluster()
    started.add_node(num_cpus=2, include_dashboard=False, object_store_memory=100_000_000)
    ray.init(address=started.address, log_to_driver=False, configure_logging=False)
    yield started
    ray.shutdown()
    started.shutdown()


def tasks() -> set[int]:
    """Give the processes below this one that make a shard."""
    parents, titles = {}, {}
    for one in Path("/proc").glob("[0-9]*"):
        try:
            stat = (one / "stat").read_text().rpartition(")")[2].split()
            titles[int(one.name)] = (one / "cmdline").read_bytes()
        except OSError:
            continue
        parents[int(one.name)] = int(stat[1])
    found = set()
    for pid, title in titles.items():
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid() and b"run_task" in title:
            found.add(pid)
    return found


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("workers", [1, 2])
def test_tables_depend_on_neither_workers_nor_shards(workers: int, backend: str) -> None:
    options: dict[str, Any] = {"exact": True, "digest": True, "equity_columns": "all"}
    expected = sample_batch(backend, **options)
    for shard_runs in (1, 7, None):
        found = sample_batch(
            backend, executor="ray", workers=workers, shard_runs=shard_runs, **options
        )
        assert_equal(found, expected)
        assert found.portfolio(7).digest == expected.final["digest"][7]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("sink_format", ["parquet", "ipc"])
def test_files_and_passes_are_those_of_threads(
    sink_format: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    options: dict[str, Any] = {"sink_format": sink_format, "path": "both"}
    sample_batch(backend, sink=tmp_path / "threads", **options)
    told: list[int] = []
    found = sample_batch(
        backend,
        sink=tmp_path / "ray",
        executor="ray",
        shard_runs=2,
        progress=lambda done, _: told.append(done),
        **options,
    )
    assert found.complete
    assert told == sorted(told)
    assert told[-1] == 24
    for name in ("pessimistic", "optimistic"):
        wanted = hashes_of(tmp_path / "threads" / name)
        assert len(wanted) == 15
        assert hashes_of(tmp_path / "ray" / name) == wanted


@pytest.mark.usefixtures("cluster")
def test_refusals_are_those_of_threads(backend: str) -> None:
    options = {"params": failing([3, 5], 7)}
    expected = sample_batch(backend, **options)
    assert_equal(sample_batch(backend, executor="ray", shard_runs=2, **options), expected)
    with pytest.raises(op.OmegaPortfolioError) as raised:
        sample_batch(backend, on_error="raise", **options)
    with pytest.raises(op.OmegaPortfolioError) as found:
        sample_batch(backend, on_error="raise", executor="ray", shard_runs=2, **options)
    assert type(found.value) is type(raised.value)
    assert found.value.args == raised.value.args


@pytest.mark.usefixtures("cluster")
def test_a_worker_of_another_version_refuses(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = op.__version__
    monkeypatch.setattr(op, "__version__", "9.9.9")
    with pytest.raises(op.InvalidArgument) as refused:
        sample_batch(backend, executor="ray")
    assert refused.value.argument == "executor"
    assert refused.value.value == f"omega-portfolio {here}"
    assert "9.9.9" in refused.value.rule


@pytest.mark.usefixtures("cluster")
def test_a_cancel_ends_the_tasks(backend: str) -> None:
    token = op.CancelToken()

    def look(done: int, _: int) -> None:
        if done >= 5:
            token.cancel()

    with pytest.raises(op.RunCancelled) as cancelled:
        sample_batch(
            backend,
            params=many_params(300),
            executor="ray",
            shard_runs=5,
            cancel=token,
            progress=look,
        )
    result = cancelled.value.result
    assert result is not None
    assert result.run_ids == list(range(len(result)))
    assert len(result) < 300
    # The cluster goes on.
    assert_equal(sample_batch(backend, executor="ray"), sample_batch(backend))


@pytest.mark.usefixtures("cluster")
def test_a_worker_that_is_killed_costs_nothing() -> None:
    params = many_params(120)
    expected = sample_batch("python", params=params)
    killed: set[int] = set()

    def kill(*_: int) -> None:
        found = tasks() - killed
        if found and len(killed) < 2:
            one = min(found)
            os.kill(one, signal.SIGKILL)
            killed.add(one)

    found = sample_batch(
        "python", params=params, executor="ray", workers=2, shard_runs=10, progress=kill
    )
    assert len(killed) == 2
    assert_equal(found, expected)


def test_a_node_that_goes_costs_nothing(cluster: Any) -> None:
    params = many_params(240)
    expected = sample_batch("python", params=params)
    node = cluster.add_node(num_cpus=2, object_store_memory=100_000_000)
    cluster.wait_for_nodes()
    removed: list[int] = []

    def remove(done: int, _: int) -> None:
        if done >= 40 and not removed:
            removed.append(done)
            cluster.remove_node(node, allow_graceful=False)

    found = sample_batch("python", params=params, executor="ray", shard_runs=10, progress=remove)
    assert removed
    assert_equal(found, expected)


def test_runs_that_cannot_be_made_are_named(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cluster.address
    monkeypatch.setattr(ray_tasks, "run_task", lambda *_: os._exit(9))
    with pytest.raises(op.WorkerLost) as lost:
        sample_batch("python", executor="ray", shard_runs=5)
    assert lost.value.value == "ray, runs 0 to 4"
    assert lost.value.result is not None
    assert len(lost.value.result) == 0


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from batch_samples import sample_batch
from executor_samples import many_params
from omega_portfolio.batch import slices
slices.PART_RUNS = 5
sample_batch("python", params=many_params(5_000), executor="ray", address={address!r},
             sink={sink!r}, progress=lambda *_: print("told", flush=True))
"""


def test_a_caller_that_is_killed_leaves_whole_parts(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "PART_RUNS", 5)
    code = KILLED.format(tests=str(TESTS), address=cluster.address, sink=str(tmp_path))
    process = subprocess.Popen(  # noqa: S603 - the code above.
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    # Ray writes words of its own in between.
    while len(list(tmp_path.glob("*/*"))) < 3 * 5 and process.stdout.readline():
        pass
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    before = files_of(tmp_path)
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    whole = {file.file for part in manifest.parts.values() for file in part.files.values()}
    done = sum(part.runs for part in manifest.parts.values())
    assert 0 < done < 5_000
    token, told = op.CancelToken(), []

    def look(now: int, _: int) -> None:
        told.append(now)
        if now > done + 20:
            token.cancel()

    with pytest.raises(op.RunCancelled):
        sample_batch(
            "python",
            params=many_params(5_000),
            executor="ray",
            sink=tmp_path,
            cancel=token,
            progress=look,
        )
    assert told[0] > done
    assert {name: before[name] for name in whole}.items() <= files_of(tmp_path).items()


OWN = """
import sys
sys.path.insert(0, {tests!r})
from batch_samples import sample_batch
from executor_samples import assert_equal
result = sample_batch("python", executor="ray", workers=2, shard_runs=5)
import ray
assert_equal(result, sample_batch("python"))
print(len(result), result.complete, ray.is_initialized())
"""


def test_a_cluster_of_its_own_is_shut_down_again() -> None:
    variables = {name: text for name, text in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run(  # noqa: S603 - the code above.
        [sys.executable, "-c", OWN.format(tests=str(TESTS))],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env=variables,
    )
    assert done.stdout == "12 True False\n", done.stderr


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def init(**options: Any) -> None:
        asked.append(options)
        raise ConnectionError("ray.init() could not connect\nmore words")

    fake = SimpleNamespace(init=init, is_initialized=lambda: False)
    monkeypatch.setattr(ray_tasks, "need_ray", lambda: fake)
    monkeypatch.setenv("RAY_ADDRESS", "from-the-environment:1")
    for address, wanted in (("there:1", "there:1"), (None, "from-the-environment:1")):
        with pytest.raises(op.InvalidArgument) as refused:
            sample_batch("python", executor="ray", address=address)
        assert refused.value.argument == "address"
        assert "could not connect" in refused.value.rule
        assert asked[-1]["address"] == wanted
        assert "num_cpus" not in asked[-1]
    monkeypatch.delenv("RAY_ADDRESS")
    with pytest.raises(op.InvalidArgument):
        sample_batch("python", executor="ray", workers=40, threads=3)
    assert asked[-1]["address"] == "local"
    assert asked[-1]["num_cpus"] >= 120
    assert asked[-1]["include_dashboard"] is False


def test_the_room_of_a_cluster_is_asked_again_as_it_grows() -> None:
    size = {"CPU": 2.0}
    ray = SimpleNamespace(
        cluster_resources=lambda: size, remote=lambda **_: lambda function: function
    )
    crew = ray_tasks.RayTasks(ray, None, 2)
    assert crew.workers == 1
    size["CPU"] = 9.0
    assert crew.workers == 1
    crew._asked = time.monotonic() - 2 * ray_tasks.GROWN
    assert crew.workers == 4
    assert ray_tasks.RayTasks(ray, 3, 2).workers == 3
    size.clear()
    assert ray_tasks.RayTasks(ray, None, 1).workers == 1
