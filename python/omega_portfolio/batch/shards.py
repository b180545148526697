"""The loop over the shards of a batch: how they are cut, handed out, and put in order again.

Workers make shards in any order; tables leave here in the order of the runs, so that a result
does not depend on how many workers there were or how the runs were cut.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from omega_portfolio.arrow_table import ArrowTable
from omega_portfolio.batch.slices import cancelled_after, rows_of_a_run
from omega_portfolio.batch.tables import NAMES
from omega_portfolio.batch.worker import Answer, table_in
from omega_portfolio.errors import WorkerLost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from omega_portfolio.batch.engine import Engine, EngineTables, Keep
    from omega_portfolio.batch.scratch import Call
    from omega_portfolio.batch.slices import Drive
    from omega_portfolio.types import BackendName

    Shard: TypeAlias = tuple[int, int]
    Ended: TypeAlias = tuple[Shard, Answer | Exception]

TICK: Final = 0.02
"""Seconds between two looks at whether the batch is to end."""

DEATHS: Final = 3
"""Workers that a shard may cost."""

AHEAD: Final = 2
"""Shards for each worker that are under way, or wait for a worker or for those before them."""

SECONDS: Final = 1.0
"""What a shard is to take."""

SHARD_ROWS: Final = 4_000_000
SHARD_BYTES: Final = 64_000_000
"""Most of what a shard is to bring back."""

FIRST_WORK: Final[dict[BackendName, int]] = {"rust": 2_000_000, "python": 500}
"""Moments of a shard while nothing was measured."""

GROWTH: Final = 8


class Lost(Exception):  # noqa: N818 - what became of a shard.
    """A shard whose worker has died; it is made again."""


class Crew(Protocol):
    """Workers of one kind."""

    @property
    def workers(self) -> int:
        """Shards at work at once."""
        ...

    def job(self, call: Call) -> Any:  # noqa: ANN401 - what `start` takes.
        """Give the workers what they need of a batch."""
        ...

    def start(self, job: Any, shard: Shard) -> None:  # noqa: ANN401 - of `job`.
        """Have a shard made, when fewer than ``workers`` are at work."""
        ...

    def ended(self, seconds: float) -> list[Ended]:
        """Wait so long at most for shards that have ended."""
        ...

    def close(self) -> None:
        """Tell what still runs to end."""
        ...


@dataclass(frozen=True, slots=True)
class ShardTables:
    """The tables of one shard, or of several that follow each other."""

    equity: ArrowTable
    trades: ArrowTable
    metrics: ArrowTable
    final: ArrowTable
    rejected: ArrowTable
    done: int
    complete: bool = True


def tables_of(answers: Sequence[Answer]) -> EngineTables:
    """Read what workers have sent, as one table of each kind."""
    import pyarrow as pa

    tables: dict[str, Any] = {}
    for name in NAMES:
        parts = [table_in(answer.tables[name]) for answer in answers]
        whole = parts[0] if len(parts) == 1 else pa.concat_tables(parts).combine_chunks()
        tables[name] = ArrowTable(whole)
    return ShardTables(**tables, done=sum(answer.done for answer in answers))


class Pace:
    """How many runs a shard has: few at first, then what takes about a second.

    Parameters
    ----------
    shard_runs : int or None
        What the caller wants; then nothing is measured.
    backend, moments, keep
        Of the batch.
    """

    def __init__(
        self, shard_runs: int | None, backend: BackendName, moments: int, keep: Keep
    ) -> None:
        self._fixed = shard_runs
        self._most = max(1, SHARD_ROWS // max(rows_of_a_run(moments, keep), 1))
        self._first = min(self._most, max(1, FIRST_WORK[backend] // max(moments, 1)))
        self._wanted = self._first

    def runs(self, left: int, workers: int) -> int:
        """Give the size of the next shard, of so many runs that are left."""
        if self._fixed is not None:
            return self._fixed
        # The last shards are small ones, so that no worker is late by a whole one.
        share = -(-left // (AHEAD * workers))
        return min(self._wanted, max(share, self._first))

    def measure(self, answer: Answer) -> None:
        """Learn from a shard that has ended."""
        if answer.done == 0:
            return
        size = sum(map(len, answer.tables.values()))
        fit = min(SECONDS / max(answer.seconds, 1e-6), SHARD_BYTES / max(size, 1))
        wanted = int(answer.done * min(fit, GROWTH))
        self._wanted = max(1, min(wanted, self._most))


class Remote:
    """Makes the runs of a batch on workers.

    Parameters
    ----------
    crew : Crew
        The workers.
    name : str
        What the caller calls them.
    shard_runs : int or None
        Runs of a shard.
    """

    def __init__(self, crew: Crew, name: str, shard_runs: int | None) -> None:
        self._crew = crew
        self._name = name
        self._shard_runs = shard_runs
        self._calls: list[Call] = []

    def knows(self, call: Call) -> None:
        """Remember what an engine was made of."""
        self._calls.append(call)

    def shards(
        self, engine: Engine, keep: Keep, drive: Drive, spans: list[Shard], done: int = 0
    ) -> Iterator[EngineTables]:
        """Make runs and give them shard by shard; see :func:`slices` for the parameters."""
        for _, answer in self._answers(engine, keep, drive, spans, done):
            yield tables_of([answer])

    def spans(
        self, engine: Engine, keep: Keep, drive: Drive, spans: list[Shard], done: int = 0
    ) -> Iterator[EngineTables]:
        """Make runs and give them span by span."""
        ends = {first + count for first, count in spans}
        gathered: list[Answer] = []
        for (first, count), answer in self._answers(engine, keep, drive, spans, done):
            gathered.append(answer)
            if first + count in ends:
                if drive.stop is not None and drive.stop.cancelled:
                    # To write what is there would take longer than an end may.
                    _end(drive.stop.interrupted, done)
                yield tables_of(gathered)
                done += sum(one.done for one in gathered)
                gathered = []

    def _answers(
        self, engine: Engine, keep: Keep, drive: Drive, spans: list[Shard], done: int
    ) -> Iterator[tuple[Shard, Answer]]:
        pace = Pace(self._shard_runs, drive.backend, engine.moments, keep)
        rows = Row(self._crew, self._job(engine), pace, spans)
        told, given = done, done
        while True:
            rows.fill()
            if rows.is_empty:
                return
            head = rows.head()
            if head is not None:
                shard, answer = head
                if isinstance(answer, Lost):
                    self._give_up(engine, shard, answer)
                if isinstance(answer, Exception):
                    raise answer
                yield shard, answer
                given += answer.done
                if drive.stop is not None and drive.stop.interrupted:
                    raise KeyboardInterrupt
            elif drive.stop is not None and drive.stop.cancelled:
                _end(drive.stop.interrupted, given)
            else:
                made = rows.wait()
                told += made
                if made and drive.told is not None:
                    drive.told(told)

    def _job(self, engine: Engine) -> Any:  # noqa: ANN401
        for call in self._calls:
            if call.engine is engine:
                return self._crew.job(call)
        raise AssertionError("an engine that was not told of")

    def _give_up(self, engine: Engine, shard: Shard, lost: Lost) -> NoReturn:
        first, last = engine.run_ids[shard[0]], engine.run_ids[sum(shard) - 1]
        raise WorkerLost(
            "executor",
            f"{self._name}, runs {first} to {last}",
            f"lost {DEATHS} workers that made these runs ({lost})",
            "look whether memory is short, and take fewer workers or a smaller shard_runs; the "
            "whole runs before are in the attribute result of this error",
        ) from lost


def _end(interrupted: bool, given: int) -> NoReturn:  # noqa: FBT001 - how it ends.
    if interrupted:
        raise KeyboardInterrupt
    raise cancelled_after(given)


class Row:
    """The shards that are under way or wait for those before them, in the order of the runs."""

    def __init__(self, crew: Crew, job: object, pace: Pace, spans: list[Shard]) -> None:
        self._crew = crew
        self._job = job
        self._pace = pace
        self._spans = deque(span for span in spans if span[1])
        self._left = sum(count for _, count in spans)
        self._order: deque[Shard] = deque()
        self._found: dict[Shard, Answer | Exception] = {}
        self._deaths: dict[Shard, int] = {}
        self._failed = False

    @property
    def is_empty(self) -> bool:
        """Whether all shards have left."""
        return not self._order

    def fill(self) -> None:
        """Hand out shards; behind one that failed no other is of use."""
        workers = self._crew.workers
        while self._spans and not self._failed and len(self._order) < AHEAD * workers:
            first, count = self._spans.popleft()
            size = min(count, self._pace.runs(self._left, workers))
            if size < count:
                self._spans.appendleft((first + size, count - size))
            self._left -= size
            self._order.append((first, size))
            self._crew.start(self._job, (first, size))

    def head(self) -> tuple[Shard, Answer | Exception] | None:
        """Take the first shard, if it has ended."""
        if self._order[0] not in self._found:
            return None
        shard = self._order.popleft()
        return shard, self._found.pop(shard)

    def wait(self) -> int:
        """Wait for a moment, and give the number of runs that ended meanwhile."""
        runs = 0
        for shard, answer in self._crew.ended(TICK):
            runs += self._take(shard, answer)
        return runs

    def _take(self, shard: Shard, answer: Answer | Exception) -> int:
        if isinstance(answer, Answer) and answer.error is not None:
            answer = answer.error
        elif isinstance(answer, Answer) and not answer.complete:
            # Its worker was told to end, and not by this batch.
            answer = Lost("the file of the batch is gone from scratch")
        if isinstance(answer, Lost):
            self._deaths[shard] = self._deaths.get(shard, 0) + 1
            if self._deaths[shard] < DEATHS:
                self._crew.start(self._job, shard)
                return 0
        self._found[shard] = answer
        if isinstance(answer, Exception):
            self._failed = True
            return 0
        self._pace.measure(answer)
        return answer.done


__all__ = ["Crew", "Lost", "Pace", "Remote", "ShardTables", "tables_of"]
