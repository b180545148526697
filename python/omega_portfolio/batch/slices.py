"""How many runs at a time, how much memory they may take, and the loop over them.

Runs are made slice by slice, so that what is whole stays when the batch is ended from outside.
How they are cut depends on the batch alone and not on the number of threads.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from omega_portfolio.batch.engine import run_kept
from omega_portfolio.errors import InvalidArgument, RunCancelled, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omega_portfolio.batch.engine import Engine, EngineTables, Keep
    from omega_portfolio.batch.interrupt import Stop
    from omega_portfolio.batch.shards import Remote
    from omega_portfolio.types import BackendName

WORK: Final[dict[BackendName, int]] = {"rust": 16_000_000, "python": 2_000}
"""Moments, over all runs of a slice, after which an end from outside loses nothing."""

PART_ROWS: Final = 4_000_000
"""Rows of the equity of a part of a sink; a run is never cut, so a long one may have more."""

PART_RUNS: Final = 4_096
"""Most runs of a part: their trades and metrics have to fit into memory, too."""

PART_WORK: Final = 64_000_000
"""Most moments of a part: a killed batch does not lose more than these."""

DAYS_MAX: Final = 20_000
"""Days that are more than what prices have: eighty years of five days a week."""

METRIC_BYTES: Final = 1_000
"""About the size of the metrics and the state of one run."""


@dataclass(frozen=True, slots=True)
class Drive:
    """How the runs are made, whatever is kept of them.

    Attributes
    ----------
    backend : {"rust", "python"}
        Which backend works.
    threads : int or None
        As in :func:`omega_portfolio.run_batch`.
    told : callable or None
        Called with the number of runs that are done.
    stop : Stop or None
        Ends the batch.
    remote : Remote or None
        Workers that make the runs; None for threads of this process.
    """

    backend: BackendName
    threads: int | None = None
    told: Callable[[int], None] | None = None
    stop: Stop | None = None
    remote: Remote | None = None

    def counting_from(self, before: int) -> Callable[[int], None] | None:
        """Give what a part of the runs tells, when so many were done before."""
        told = self.told
        return None if told is None else lambda done: told(before + done)


def rows_of_a_run(moments: int, keep: Keep) -> int:
    """Give the most rows of equity that a run can have."""
    if keep.record == "none":
        return 0
    return moments if keep.record == "bar" else min(moments, DAYS_MAX)


def runs_of_a_part(moments: int, keep: Keep) -> int:
    """Give the number of runs of each part of a sink.

    Examples
    --------
    >>> from omega_portfolio.batch.engine import Keep
    >>> from omega_portfolio.batch.slices import runs_of_a_part
    >>> runs_of_a_part(10_000, Keep()), runs_of_a_part(10**7, Keep()), runs_of_a_part(10, Keep())
    (400, 1, 4096)
    """
    rows = max(rows_of_a_run(moments, keep), 1)
    return max(1, min(PART_ROWS // rows, PART_WORK // max(moments, 1), PART_RUNS))


def runs_of_a_slice(moments: int, backend: BackendName) -> int:
    """Give the number of runs that are made at a time when all of them stay in memory."""
    return max(1, WORK[backend] // max(moments, 1))


def bytes_of(runs: int, moments: int, keep: Keep) -> int:
    """Estimate the memory of the results, trades left out.

    Examples
    --------
    >>> from omega_portfolio.batch.engine import Keep
    >>> from omega_portfolio.batch.slices import bytes_of
    >>> bytes_of(1000, 10_000, Keep()) // 1_000_000
    201
    """
    number = 16 if keep.exact else 8
    row = 4 + 8 + number * (6 if keep.equity_columns == "all" else 1)
    # Of days the number is not known before they are there.
    rows = rows_of_a_run(moments, keep) if keep.record == "bar" else 0
    return runs * (rows * row + METRIC_BYTES)


def memory_bound(max_memory: object) -> int | None:
    """Check the bound; without one it is the memory of the machine, where that is known."""
    if max_memory is None:
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            # No such call on this system: there is no bound.
            return None
    if isinstance(max_memory, bool) or not isinstance(max_memory, int) or max_memory <= 0:
        rule = "must be a number of bytes above 0, or None"
        raise InvalidArgument(
            "max_memory", describe(max_memory), rule, "pass for instance 4 * 2**30"
        )
    return max_memory


def refuse_size(needed: int, bound: int | None) -> None:
    """Raise when the results do not fit."""
    if bound is None or needed <= bound:
        return
    raise InvalidArgument(
        "max_memory",
        f"{bound:,} bytes",
        f"is less than the results need, about {needed:,} bytes",
        'write them to disk with sink=, keep less with record="1d" or record="none", or '
        "pass a larger max_memory",
    )


def slices(
    engine: Engine, keep: Keep, drive: Drive, spans: list[tuple[int, int]], done: int = 0
) -> Iterator[EngineTables]:
    """Make runs, span by span.

    Parameters
    ----------
    engine : Engine
        The batch.
    keep : Keep
        What is kept of a run.
    drive : Drive
        How they are made.
    spans : list of (int, int)
        First run and number of runs of each span.
    done : int, default 0
        Runs that were done before, for the progress.

    Yields
    ------
    EngineTables
        The whole runs of a span.

    Raises
    ------
    RunCancelled, KeyboardInterrupt
        After the last whole runs, when the batch was cancelled or interrupted.
    WorkerLost
        After the last whole runs, when nobody could make those behind them.
    """
    if drive.remote is not None and any(count for _, count in spans):
        yield from drive.remote.spans(engine, keep, drive, spans, done)
        return
    for span in spans:
        progress = drive.counting_from(done)
        tables = run_kept(
            engine, span, keep, threads=drive.threads, progress=progress, cancel=drive.stop
        )
        yield tables
        done += tables.done
        if drive.stop is not None and drive.stop.interrupted:
            raise KeyboardInterrupt
        if not tables.complete:
            raise cancelled_after(done)


def cancelled_after(done: int) -> RunCancelled:
    """Make the error of a batch that somebody ended behind so many runs."""
    rule = f"ended the batch after {done:,} runs"
    remedy = "the whole runs are in the attribute result of this error"
    return RunCancelled("cancel", "cancelled", rule, remedy)


def spans_of(runs: int, size: int) -> list[tuple[int, int]]:
    """Cut a number of runs into spans.

    Examples
    --------
    >>> from omega_portfolio.batch.slices import spans_of
    >>> spans_of(5, 2)
    [(0, 2), (2, 2), (4, 1)]
    """
    return [(first, min(size, runs - first)) for first in range(0, runs, size)]


__all__ = [
    "Drive",
    "bytes_of",
    "cancelled_after",
    "memory_bound",
    "refuse_size",
    "rows_of_a_run",
    "runs_of_a_part",
    "runs_of_a_slice",
    "slices",
    "spans_of",
]
