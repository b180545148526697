"""Shards as tasks of a Ray cluster; bars, orders and parameters lie once on each of its nodes.

Only the core of Ray is used. Its own retries are off: a shard whose worker or node is gone is
made again by the loop over the shards, as with every other executor.
"""

from __future__ import annotations

import importlib
import os
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.batch.scratch import tables_of, write_stream
from omega_portfolio.batch.shards import Lost
from omega_portfolio.batch.worker import Answer, run_shard, table_in
from omega_portfolio.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from omega_portfolio.batch.scratch import Call
    from omega_portfolio.batch.shards import Ended, Shard
    from omega_portfolio.batch.worker import Job

GROWN: Final = 1.0
"""Seconds between two questions for the size of the cluster."""


def need_ray() -> Any:  # noqa: ANN401 - a module.
    """Import Ray.

    Raises
    ------
    InvalidArgument
        It is not installed.
    """
    try:
        return importlib.import_module("ray")
    except ImportError:
        rule = "needs the package ray, which is not installed"
        remedy = "pip install 'omega-portfolio[ray]'"
        raise InvalidArgument("executor", "'ray'", rule, remedy) from None


def run_task(job: Job, first: int, count: int, *streams: pa.Buffer | None) -> Answer:
    """Make a shard of bars, orders and params, Arrow streams in the shared memory of the node."""
    bars, orders, params = (None if one is None else table_in(one) for one in streams)
    return run_shard(job, first, count, (bars, orders, params))


def stream_of(table: pa.Table) -> pa.Buffer:
    """Write a table into memory that has its size from the start.

    Ray pickles a table by its own rules, which do not know all types; a buffer it takes as it is.
    """
    import pyarrow as pa

    size = pa.MockOutputStream()
    write_stream(size, table)
    buffer = pa.allocate_buffer(size.size())
    write_stream(pa.FixedSizeBufferWriter(buffer), table)
    return buffer


class RayTasks:
    """The tasks of one batch.

    Parameters
    ----------
    ray : module
        Connected to a cluster.
    workers : int or None
        Tasks at once; None for as many as the cluster has room for.
    threads : int
        Cores of a task.
    """

    def __init__(self, ray: Any, workers: int | None, threads: int) -> None:  # noqa: ANN401
        self._ray = ray
        self._fixed = workers
        self._threads = threads
        self._task = ray.remote(num_cpus=threads, max_retries=0)(run_task)
        self._shared: tuple[Any, ...] | None = None
        self._prepared = False
        self._waiting: deque[tuple[Any, Shard]] = deque()
        self._running: dict[Any, Shard] = {}
        self._asked = 0.0
        self._room = 1

    @property
    def workers(self) -> int:
        """Tasks at once."""
        if self._fixed is not None:
            return self._fixed
        now = time.monotonic()
        if now - self._asked > GROWN:
            # Nodes come and go while a batch runs.
            self._asked = now
            found = float(self._ray.cluster_resources().get("CPU", 1))
            self._room = max(1, int(found // self._threads))
        return self._room

    def job(self, call: Call) -> Any:  # noqa: ANN401 - a reference.
        """Put into the memory of the cluster what the tasks read; once for both passes."""
        if self._shared is None:
            tables, self._prepared = tables_of(call)
            self._shared = tuple(
                None if one is None else self._ray.put(stream_of(one)) for one in tables
            )
        return self._ray.put(call.job(self._threads, prepared=self._prepared))

    def start(self, job: Any, shard: Shard) -> None:  # noqa: ANN401 - a reference.
        """Hand a shard to the cluster, as soon as it has few enough.

        Without a number of the caller it gets all: it knows its room, and grows when tasks wait.
        """
        self._waiting.append((job, shard))
        self._submit()

    def _submit(self) -> None:
        if self._shared is None:
            raise AssertionError("a shard before its batch")
        while self._waiting and (self._fixed is None or len(self._running) < self._fixed):
            job, shard = self._waiting.popleft()
            self._running[self._task.remote(job, *shard, *self._shared)] = shard

    def ended(self, seconds: float) -> list[Ended]:
        """Wait for a shard."""
        if not self._running:
            return []
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
        found = [(self._running.pop(ref), self._outcome(ref)) for ref in ready]
        self._submit()
        return found

    def _outcome(self, ref: Any) -> Answer | Exception:  # noqa: ANN401 - a reference.
        kinds = self._ray.exceptions
        try:
            answer: Answer = self._ray.get(ref)
        except kinds.RayTaskError as error:
            return _cause(error)
        except kinds.RayError as error:
            text = str(error).strip().splitlines()
            return Lost(f"{type(error).__name__}: {text[0] if text else ''}")
        return answer

    def close(self) -> None:
        """Interrupt the tasks that run."""
        self._waiting.clear()
        for ref in self._running:
            self._ray.cancel(ref, force=False)
        self._running.clear()
        self._shared = None


def _cause(error: Any) -> Exception:  # noqa: ANN401 - a class of Ray.
    """Give what was raised in a task; without our package in the worker that is not ours."""
    cause = error.cause
    if isinstance(cause, ImportError) or "failed to import" in str(cause):
        text = str(cause).strip().splitlines()
        rule = f"has workers that cannot import this package ({text[-1] if text else cause})"
        remedy = "install the same version of omega-portfolio on all nodes"
        return InvalidArgument("executor", "'ray'", rule, remedy)
    if isinstance(cause, Exception):
        return cause
    # A KeyboardInterrupt in a task: somebody else cancelled it.
    return Lost(str(error).strip().splitlines()[-1])


@contextmanager
def ray_tasks(address: str | None, workers: int | None, threads: int) -> Iterator[RayTasks]:
    """Connect to a cluster, or start one on this machine, which is shut down at the end.

    Parameters
    ----------
    address : str or None
        Of a cluster, when this process is connected to none.
    workers : int or None
        Tasks at once.
    threads : int
        Cores of a task.

    Yields
    ------
    RayTasks
        The crew of a batch.

    Raises
    ------
    InvalidArgument
        There is no cluster at the address.
    """
    # Nobody is told of a batch, unless the environment says so.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = need_ray()
    ours, owner = not ray.is_initialized(), os.getpid()
    if ours:
        _connect(ray, address, workers, threads)
    crew = RayTasks(ray, workers, threads)
    try:
        yield crew
    finally:
        # A child that was forked meanwhile leaves the cluster to its parent.
        if os.getpid() == owner:
            crew.close()
            if ours:
                ray.shutdown()


def _connect(
    ray: Any,  # noqa: ANN401 - a module.
    address: str | None,
    workers: int | None,
    threads: int,
) -> None:
    from omega_portfolio.batch.executors import cores

    place = address or os.environ.get("RAY_ADDRESS") or "local"
    options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if place == "local":
        wanted = threads * (workers or 1)
        options.update(include_dashboard=False, num_cpus=max(cores(), wanted))
    try:
        ray.init(address=place, **options)
    except (ConnectionError, ValueError) as error:
        rule = f"cannot be reached: {str(error).splitlines()[0]}"
        remedy = "name a cluster that runs, or leave it out for one on this machine"
        raise InvalidArgument("address", repr(place), rule, remedy) from error


__all__ = ["RayTasks", "need_ray", "ray_tasks", "run_task"]
