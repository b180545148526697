"""No more shards are at work than the caller wants, whatever the executor could do."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from batch_samples import sample_batch
from executor_samples import assert_equal
from omega_portfolio.batch import futures, ray_tasks
from omega_portfolio.batch.shards import Lost


@pytest.mark.parametrize("workers", [1, 3])
def test_a_pool_has_no_more_shards_than_workers(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, at_work, most = threading.Lock(), [0], [0]
    real = futures.run_shard

    def seen(*task: Any) -> Any:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        try:
            time.sleep(0.02)
            return real(*task)
        finally:
            with lock:
                at_work[0] -= 1

    monkeypatch.setattr(futures, "run_shard", seen)
    with ThreadPoolExecutor(8) as pool:
        found = sample_batch("python", executor=pool, workers=workers, shard_runs=1)
    assert most == [workers]
    assert_equal(found, sample_batch("python"))


class Cluster:
    """Stands for Ray: a task ends when it is waited for."""

    def __init__(self) -> None:
        self.running: list[int] = []
        self.most = 0
        self.exceptions = SimpleNamespace(RayTaskError=KeyError, RayError=LookupError)

    def remote(self, **_: Any) -> Any:
        """Give what makes a task."""
        return lambda _: SimpleNamespace(remote=self.begin)

    def begin(self, _: Any, first: int, *__: Any) -> int:
        """Begin a task."""
        self.running.append(first)
        self.most = max(self.most, len(self.running))
        return first

    def wait(self, refs: list[int], **_: Any) -> tuple[list[int], list[int]]:
        """End the first task."""
        self.running.remove(refs[0])
        return refs[:1], refs[1:]

    def get(self, ref: int) -> int:
        """Lose one of the tasks."""
        if ref == 3:
            raise LookupError("a node is gone")
        return ref

    def cluster_resources(self) -> dict[str, float]:
        """Have little room."""
        return {"CPU": 2.0}


def test_a_cluster_has_no_more_shards_than_workers() -> None:
    for workers, most in ((1, 1), (3, 3), (None, 7)):
        cluster = Cluster()
        crew = ray_tasks.RayTasks(cluster, workers, 1)
        crew._shared = ()
        for first in range(7):
            crew.start("job", (first, 1))
        ended: list[Any] = []
        while len(ended) < 7:
            ended += crew.ended(0.1)
        assert [shard for shard, _ in ended] == [(first, 1) for first in range(7)]
        assert [first for (first, _), made in ended if isinstance(made, Lost)] == [3]
        assert cluster.most == most
        assert crew.ended(0.1) == []
