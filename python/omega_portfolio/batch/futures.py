"""Shards on an executor of the caller: threads, processes, or whatever else has ``submit``."""

from __future__ import annotations

import queue
from collections import deque
from concurrent.futures import BrokenExecutor
from functools import partial
from typing import TYPE_CHECKING

from omega_portfolio.batch.shards import Lost
from omega_portfolio.batch.worker import forget, run_shard
from omega_portfolio.errors import InvalidArgument

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from omega_portfolio.batch.scratch import Call, Scratch
    from omega_portfolio.batch.shards import Ended, Shard
    from omega_portfolio.batch.worker import Answer, Job


class Given:
    """An executor that stays the caller's: it is not shut down here.

    Parameters
    ----------
    executor : Executor
        It may have more workers than this batch is to use.
    workers : int
        Shards that it has at once; the others wait here.
    threads : int
        Threads of a shard.
    scratch : Scratch
        Where the workers read.
    """

    def __init__(self, executor: Executor, workers: int, threads: int, scratch: Scratch) -> None:
        self.workers = workers
        self._waiting: deque[tuple[Job, Shard]] = deque()
        self._under_way = 0
        self._executor = executor
        self._threads = threads
        self._scratch = scratch
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._futures: set[Future[Answer]] = set()
        self._jobs: list[Job] = []

    def job(self, call: Call) -> Job:
        """Write what the workers read."""
        job = self._scratch.job(call, self._threads)
        self._jobs.append(job)
        return job

    def start(self, job: Job, shard: Shard) -> None:
        """Hand a shard to the executor, as soon as it has few enough.

        Raises
        ------
        InvalidArgument
            It takes no more work.
        """
        self._waiting.append((job, shard))
        self._submit()

    def _submit(self) -> None:
        while self._waiting and self._under_way < self.workers:
            self._under_way += 1
            self._hand_out(*self._waiting.popleft())

    def _hand_out(self, job: Job, shard: Shard) -> None:
        try:
            future = self._executor.submit(run_shard, job, *shard)
        except BrokenExecutor as error:
            self._ended.put((shard, Lost(str(error))))
            return
        except RuntimeError as error:
            value, rule = type(self._executor).__name__, f"takes no work: {error}"
            remedy = "look at what the executor needs"
            if "shutdown" in str(error):
                remedy = "pass one that was not shut down"
            raise InvalidArgument("executor", value, rule, remedy) from error
        self._futures.add(future)
        future.add_done_callback(partial(self._take, shard))

    def _take(self, shard: Shard, future: Future[Answer]) -> None:
        """Hear of the end of a shard, on a thread of the executor."""
        self._futures.discard(future)
        if future.cancelled():
            self._ended.put((shard, Lost("the executor cancelled it")))
            return
        error = future.exception()
        if error is None:
            self._ended.put((shard, future.result()))
        elif isinstance(error, BrokenExecutor) or not isinstance(error, Exception):
            self._ended.put((shard, Lost(str(error) or type(error).__name__)))
        else:
            self._ended.put((shard, error))

    def ended(self, seconds: float) -> list[Ended]:
        """Wait for a shard."""
        try:
            found = self._ended.get(timeout=seconds)
        except queue.Empty:
            return []
        self._under_way -= 1
        self._submit()
        return [found]

    def close(self) -> None:
        """Take back what has not begun; what runs sees that nobody waits for it."""
        self._waiting.clear()
        for future in list(self._futures):
            future.cancel()
        for job in self._jobs:
            # Threads of an executor are in this process, and keep the batch open.
            forget(job.name)


__all__ = ["Given"]
