"""A long equity history: how fast it is built, what memory it takes, and how it is read.

The history is built through ``apply``, from frames that Polars makes and that are dropped one by
one, with a position open and a quote on every row, so that no column stays untouched. It is then
handed over, queried, and dropped. A second, smaller one grows without being told its length, and
is compacted. What must hold is in :mod:`omega_portfolio.bench.history_report`.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from omega_portfolio.bench.memory import above, forget_peak, peak_bytes, resident_bytes
from omega_portfolio.bench.zero_copy import START_TIME, Timing, time_hand_over
from omega_portfolio.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from omega_portfolio._core import PortfolioCore

    Progress = Callable[[int], object]

ROW_BYTES: Final = 8 + 6 * (8 + 16)
"""Bytes of an equity row: the time, and six amounts as Float64 and as Decimal128."""

FRAME_ROWS_MAX: Final = 1_000_000
FRAME_ROWS_MIN: Final = 1_000

GROWTH_SHARE: Final = 10
"""The history that grows without a hint has this part of the rows."""

SHORT_ROWS: Final = 1_000
"""Rows of the short curve whose hand-over is timed next to the long one."""

REPEATS: Final = 200
"""So often a hand-over is timed."""

BALANCE: Final = 1_000_000
SIZE: Final = 100
ENTRY_PRICE: Final = 100.25
LOWEST_PRICE: Final = 90
PRICES: Final = 32
"""The prices are 90, 91, ... 121, and again from 90."""

LOSING_PRICES: Final = 11
"""So many of the prices lie below the price of the entry."""


@dataclass(frozen=True, slots=True)
class Building:
    """How the long history was built.

    Attributes
    ----------
    rows, rows_per_frame : int
        Rows of the history, and of one frame of events.
    seconds_total, seconds_apply : float
        Of the whole loop, and of ``apply`` in it; the rest is Polars making the frames.
    chunks : int
        Chunks of the equity curve.
    bytes_columns, bytes_log : int
        Size of the values of the equity rows, and of the events as canonical bytes.
    bytes_peak, bytes_resident : int or None
        Memory at most and at the end, above that before the building; None where the system
        does not say.
    """

    rows: int
    rows_per_frame: int
    seconds_total: float
    seconds_apply: float
    chunks: int
    bytes_columns: int
    bytes_log: int
    bytes_peak: int | None
    bytes_resident: int | None


@dataclass(frozen=True, slots=True)
class Lazy:
    """A filter and two aggregates over ``scan("equity")`` on the streaming engine.

    Attributes
    ----------
    seconds : float
        Time of the ``collect``.
    found, expected : tuple
        Number of rows with a loss and lowest equity, as read and as known beforehand.
    bytes_peak : int or None
        Memory at most, above that before the query.
    """

    seconds: float
    found: tuple[int, float]
    expected: tuple[int, float]
    bytes_peak: int | None


@dataclass(frozen=True, slots=True)
class Growth:
    """A history that grew without a hint, and its compaction.

    Attributes
    ----------
    rows : int
        Rows of this history.
    seconds_total : float
        Time of the building.
    chunks, chunks_compacted : int
        Chunks before and after ``compact()``.
    seconds_compact : float
        Time of ``compact()``.
    same_values : bool
        Whether the curve and the digest are what they were.
    bytes_columns : int
        Size of the values of the equity rows.
    bytes_peak : int or None
        Memory at most during ``compact()``, above that before it.
    """

    rows: int
    seconds_total: float
    chunks: int
    chunks_compacted: int
    seconds_compact: float
    same_values: bool
    bytes_columns: int
    bytes_peak: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a run saw.

    Attributes
    ----------
    building : Building
        The long history.
    hand_overs : list of Timing
        ``pl.DataFrame(portfolio.get_equity_curve())`` of a short and of the long curve.
    lazy : Lazy
        The query of the long history.
    bytes_held, bytes_left : int or None
        Memory above that before the building, when of the long history only one frame is left,
        and when that is gone as well.
    growth : Growth
        The history without a hint.
    """

    building: Building
    hand_overs: list[Timing]
    lazy: Lazy
    bytes_held: int | None
    bytes_left: int | None
    growth: Growth


def run(rows: int, progress: Progress | None = None) -> Result:
    """Build both histories and measure them.

    Parameters
    ----------
    rows : int
        Length of the long history.
    progress : callable, optional
        Called with the number of rows built since the call before.

    Returns
    -------
    Result

    Raises
    ------
    BackendUnavailable
        There is no compiled module.
    """
    advance = progress or (lambda _: None)
    # The first frames of a process load and warm parts of Polars; that is no part of a history.
    short = _empty(SHORT_ROWS)
    _fill(short, SHORT_ROWS, lambda _: None)
    hand_overs = [time_hand_over(short, REPEATS)]
    _query(short, SHORT_ROWS)
    del short
    gc.collect()

    baseline = resident_bytes()
    building, hand_over, lazy, frame = _long_history(rows, advance)
    gc.collect()
    held = above(baseline, resident_bytes())
    del frame
    gc.collect()
    left = above(baseline, resident_bytes())
    growth = _growth(max(rows // GROWTH_SHARE, 1), advance)
    return Result(building, [*hand_overs, hand_over], lazy, held, left, growth)


def events(start: int, rows: int) -> pl.DataFrame:
    """Make a frame of events: updates of the equity with one quote each.

    Parameters
    ----------
    start : int
        Number of the first row, from 0.
    rows : int
        Number of rows.

    Returns
    -------
    polars.DataFrame

    Examples
    --------
    >>> from omega_portfolio.bench.history import events
    >>> events(31, 2)["price"].to_list()
    [121.0, 90.0]
    """
    import polars as pl

    number = pl.int_range(start, start + rows, dtype=pl.Int64)
    return pl.select(
        time=(number + START_TIME).cast(pl.Datetime("us", "UTC")),
        price=(number % PRICES + LOWEST_PRICE).cast(pl.Float64),
    ).with_columns(action=pl.lit("update"), symbol=pl.lit("ACME"))


def _empty(capacity: int | None) -> Portfolio:
    return Portfolio(BALANCE, capacity=capacity, backend="rust")


def _rows_per_frame(rows: int) -> int:
    """Give a hundredth of the history, so that a frame does not count in its memory."""
    return min(max(rows // 100, FRAME_ROWS_MIN), FRAME_ROWS_MAX)


def _fill(portfolio: Portfolio, rows: int, advance: Progress) -> tuple[float, float]:
    """Build a history; give the seconds of all of it and of ``apply`` alone."""
    rows_per_frame = _rows_per_frame(rows)
    in_apply = 0.0
    begin = time.perf_counter()
    portfolio.open_position("ACME", "long", SIZE, ENTRY_PRICE, START_TIME)
    for start in range(0, rows, rows_per_frame):
        count = min(rows_per_frame, rows - start)
        frame = events(start, count)
        before = time.perf_counter()
        portfolio.apply(frame)
        in_apply += time.perf_counter() - before
        # Kept until the next one is made, the frame would count twice in the peak.
        del frame
        advance(count)
    return time.perf_counter() - begin, in_apply


def _long_history(rows: int, advance: Progress) -> tuple[Building, Timing, Lazy, pl.DataFrame]:
    """Build, hand over and query the long history; of it the frame alone stays alive."""
    import polars as pl

    baseline = forget_peak()
    portfolio = _empty(rows)
    total, in_apply = _fill(portfolio, rows, advance)
    peak, resident = above(baseline, peak_bytes()), above(baseline, resident_bytes())
    hand_over = time_hand_over(portfolio, REPEATS)
    building = Building(
        rows=rows,
        rows_per_frame=_rows_per_frame(rows),
        seconds_total=total,
        seconds_apply=in_apply,
        chunks=hand_over.chunks,
        bytes_columns=rows * ROW_BYTES,
        # A copy of the log, and only read after the peak of the building was.
        bytes_log=len(cast("PortfolioCore", portfolio)._event_bytes()),
        bytes_peak=peak,
        bytes_resident=resident,
    )
    lazy = _query(portfolio, rows)
    return building, hand_over, lazy, pl.DataFrame(portfolio.get_equity_curve())


def _query(portfolio: Portfolio, rows: int) -> Lazy:
    import polars as pl

    query = (
        portfolio.scan("equity")
        .filter(pl.col("equity") < pl.col("balance"))
        .select(pl.len().alias("rows"), pl.col("equity").min())
    )
    baseline = forget_peak()
    begin = time.perf_counter()
    answer = query.collect(engine="streaming")
    seconds = time.perf_counter() - begin
    losing = rows // PRICES * LOSING_PRICES + min(rows % PRICES, LOSING_PRICES)
    lowest = BALANCE + SIZE * (LOWEST_PRICE - ENTRY_PRICE)
    count, least = answer.row(0)
    return Lazy(seconds, (count, least), (losing, lowest), above(baseline, peak_bytes()))


def _growth(rows: int, advance: Progress) -> Growth:
    import polars as pl

    portfolio = _empty(None)
    total, _ = _fill(portfolio, rows, advance)
    before, digest = pl.DataFrame(portfolio.get_equity_curve(exact=True)), portfolio.digest
    baseline = forget_peak()
    begin = time.perf_counter()
    portfolio.compact()
    seconds = time.perf_counter() - begin
    peak = above(baseline, peak_bytes())
    after = pl.DataFrame(portfolio.get_equity_curve(exact=True))
    return Growth(
        rows=rows,
        seconds_total=total,
        chunks=before.n_chunks(),
        chunks_compacted=after.n_chunks(),
        seconds_compact=seconds,
        same_values=after.equals(before) and portfolio.digest == digest,
        bytes_columns=rows * ROW_BYTES,
        bytes_peak=peak,
    )


__all__ = ["Building", "Growth", "Lazy", "Result", "events", "run"]
