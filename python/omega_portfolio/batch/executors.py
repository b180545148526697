"""Where the runs of a batch are made: threads of this process, or workers elsewhere."""

from __future__ import annotations

import os
import sys
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omega_portfolio.batch.shards import Remote

NAMES: Final = ("threads", "processes", "ray")
WORKERS_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Way:
    """Which workers, with checked arguments.

    Attributes
    ----------
    executor : Executor or {"threads", "processes", "ray"}
        Who makes the runs.
    workers, threads, shard_runs : int or None
        As in :func:`omega_portfolio.run_batch`.
    address : str or None
        Of a cluster.
    scratch : Path or None
        The folder for what the workers read.
    """

    executor: Any = "threads"
    workers: int | None = None
    threads: int | None = None
    shard_runs: int | None = None
    address: str | None = None
    scratch: Path | None = None

    @property
    def is_here(self) -> bool:
        """Whether the runs are made in this process, without workers."""
        return isinstance(self.executor, str) and self.executor == "threads"

    @property
    def name(self) -> str:
        """What messages call the workers."""
        name = self.executor
        return name if isinstance(name, str) else type(name).__name__


def way_of(
    executor: object,
    threads: int | None,
    *,
    workers: object,
    shard_runs: object,
    address: object,
    scratch: object,
) -> Way:
    """Check the arguments that say where runs are made.

    Raises
    ------
    InvalidArgument
        One is wrong, or means nothing with this executor; or Ray is not installed, or this
        program has no interpreter for processes.
    """
    if not isinstance(executor, Executor) and (
        not isinstance(executor, str) or executor not in NAMES
    ):
        rule = f"is none of {', '.join(NAMES)}, and no concurrent.futures.Executor"
        raise InvalidArgument("executor", describe(executor), rule, "pass one of these")
    if executor == "processes" and getattr(sys, "frozen", False):
        rule = "starts Python, and this is a frozen program without one"
        remedy = "pass threads, or a concurrent.futures.ProcessPoolExecutor"
        raise InvalidArgument("executor", "'processes'", rule, remedy)
    number = _count("workers", workers, WORKERS_MAX)
    runs = _count("shard_runs", shard_runs, None)
    if address is not None and (not isinstance(address, str) or not address or "\0" in address):
        rule, remedy = "is no address of a cluster", 'pass for instance "auto"'
        raise InvalidArgument("address", describe(address), rule, remedy)
    place = None if scratch is None else _folder(scratch)
    way = Way(executor, number, threads, runs, address, place)
    _refuse_idle(way)
    if way.name == "ray" and isinstance(executor, str):
        from omega_portfolio.batch.ray_tasks import need_ray

        need_ray()
    return way


def _refuse_idle(way: Way) -> None:
    """Refuse what would change nothing, because its caller thinks otherwise."""
    kind = way.executor if isinstance(way.executor, str) else "an executor"
    uses = {
        "workers": ("processes", "ray", "an executor"),
        "shard_runs": ("processes", "ray", "an executor"),
        "address": ("ray",),
        "scratch": ("processes", "an executor"),
    }
    for name, kinds in uses.items():
        value = getattr(way, name)
        if value is not None and kind not in kinds:
            rule = f"means nothing with {'this' if kind == 'an executor' else kind} as executor"
            remedy = f'leave it out, or pass executor="{kinds[0]}"'
            raise InvalidArgument(name, describe(value), rule, remedy)


def _count(name: str, value: object, most: int | None) -> int | None:
    if value is None:
        return None
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < 1 or (most is not None and value > most):  # type: ignore[operator]
        rule = f"must be an int from 1{'' if most is None else f' to {most}'}, or None"
        raise InvalidArgument(name, describe(value), rule, "leave it out")
    return int(value)  # type: ignore[call-overload,no-any-return]


def _folder(scratch: object) -> Path:
    remedy = "name a folder that all workers can read"
    if not isinstance(scratch, str | os.PathLike):
        raise InvalidArgument("scratch", describe(scratch), "is no path", remedy)
    try:
        folder = Path(os.fsdecode(scratch))
        there = bool(os.fsdecode(scratch)) and folder.is_dir()
    except (TypeError, ValueError, OSError):
        there = False
    if not there:
        raise InvalidArgument("scratch", describe(scratch), "is no folder", remedy)
    return folder


def cores() -> int:
    """Give the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        # No such call on this system.
        return os.cpu_count() or 1


@contextmanager
def remote_of(way: Way) -> Iterator[Remote | None]:
    """Give the workers of a batch, and end them; None where there are none.

    Yields
    ------
    Remote or None
        It makes runs.

    Raises
    ------
    OSError
        The scratch folder cannot be written.
    """
    if way.is_here:
        yield None
        return
    owner = os.getpid()
    if way.executor == "ray":
        from omega_portfolio.batch.ray_tasks import ray_tasks

        with ray_tasks(way.address, way.workers, way.threads or 1) as crew:
            yield _remote(crew, way)
        return
    from omega_portfolio.batch.scratch import scratch_in

    with scratch_in(way.scratch) as scratch:
        crew = _local(way, scratch)
        try:
            yield _remote(crew, way)
        finally:
            # A child that was forked meanwhile and comes back here has no workers.
            if os.getpid() == owner:
                # Those that still run see that their file is gone.
                scratch.stop()
                crew.close()


def _remote(crew: Any, way: Way) -> Remote:  # noqa: ANN401 - a crew of any kind.
    from omega_portfolio.batch.shards import Remote

    return Remote(crew, way.name, way.shard_runs)


def _local(way: Way, scratch: Any) -> Any:  # noqa: ANN401 - imported where it is used.
    threads = way.threads or 1
    if isinstance(way.executor, str):
        from omega_portfolio.batch.processes import Processes

        return Processes(way.workers or max(1, cores() // threads), threads, scratch)
    from omega_portfolio.batch.futures import Given

    own = getattr(way.executor, "_max_workers", None)
    known = own if isinstance(own, int) and own > 0 else cores()
    return Given(way.executor, way.workers or known, threads, scratch)


__all__ = ["Way", "cores", "remote_of", "way_of"]
