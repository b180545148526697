"""Measure the table of README.md and print it as Markdown.

Every figure is the time of what a user writes, seen from Python. Calls that take less than a
microsecond or so are timed in blocks of 100; the table has the minimum and the median of the
blocks. The prices are drawn from a seed, the garbage collector is off while a clock runs, and
nothing is asserted: a figure belongs to the machine that it was measured on.

Usage::

    python benches/readme_table.py
    python benches/readme_table.py --seed 1 --positions 20000 --rows 1000 1000000
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import polars as pl

import omega_portfolio as op
from frames import frame_of, market, mixed_account, mixed_events
from omega_portfolio.bench.zero_copy import build_history
from workload import (
    START_TIME,
    SYMBOLS,
    Step,
    draw_walk,
    empty,
    holding,
    live_through,
    quotes,
    with_history,
)

BLOCK = 100
"""Calls between two looks at the clock."""

SYMBOLS_QUOTED = 1_000
"""Symbols of a frame of quotes."""

Figure = tuple[str, float, float]
"""What was measured, minimum and median, both in microseconds."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector from running inside a measurement."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def time_blocks(
    call: Callable[..., object],
    arguments: Iterable[tuple[object, ...]],
    before: Callable[[], object] = lambda: None,
) -> list[float]:
    """Time a call in blocks.

    Parameters
    ----------
    call : callable
        What is measured.
    arguments : iterable of tuple
        Arguments of each call; a rest that fills no block is left out.
    before : callable, optional
        Called before each block, outside of the measurement; what it gives is kept during it.

    Returns
    -------
    list of float
        Microseconds per call, one value for each block.
    """
    listed = list(arguments)
    figures = []
    with quiet():
        for start in range(0, len(listed) - BLOCK + 1, BLOCK):
            block = listed[start : start + BLOCK]
            kept = before()
            begin = perf_counter()
            for each in block:
                call(*each)
            figures.append((perf_counter() - begin) / BLOCK * 1e6)
            del kept
    return figures


def time_single(
    call: Callable[[], object], repeats: int, before: Callable[[int], object] | None = None
) -> list[float]:
    """Time a call that is long enough for the clock.

    Parameters
    ----------
    call : callable
        What is measured.
    repeats : int
        How often.
    before : callable, optional
        Called with the number of the repeat before each, outside of the measurement.

    Returns
    -------
    list of float
        Microseconds, one value for each repeat.
    """
    figures = []
    with quiet():
        for number in range(repeats):
            if before is not None:
                before(number)
            begin = perf_counter()
            result = call()
            figures.append((perf_counter() - begin) * 1e6)
            del result
    return figures


def figure(name: str, values: list[float]) -> Figure:
    """Give a row of the table."""
    return name, min(values), statistics.median(values)


def event_figures(walk: list[Step]) -> list[Figure]:
    """Measure one Python call of each event on the Rust backend."""
    portfolio = empty()
    last = walk[-1]
    opens = [("ACME", "long", 10, step.price, step.moment) for step in walk]
    opened = time_blocks(portfolio.open_position, opens)
    portfolio.mark({"ACME": last.price})

    def modify(position_id: int, stop_loss: float) -> None:
        portfolio.modify_position(position_id, last.moment, stop_loss=stop_loss)

    stops = [(step.number, 40 + step.number % 10) for step in walk]
    modified = time_blocks(modify, stops)
    stops = [(step.number, 50 + step.number % 10) for step in walk]
    watched = time_blocks(modify, stops, portfolio.get_state)
    closes = [(step.number, step.price, last.moment) for step in walk]
    closed = time_blocks(portfolio.close_position, closes)
    rows = [figure("`open_position`", opened), figure("`close_position`", closed)]
    rows.append(figure("`modify_position`", modified))
    rows.append(figure("`modify_position`, a snapshot alive", watched))
    for symbols in (1, 5):
        name = "1 symbol" if symbols == 1 else f"{symbols} symbols"
        updates = [(step.moment, quotes(step.price, symbols)) for step in walk]
        values = time_blocks(holding(symbols, symbols).update_equity, updates)
        rows.append(figure(f"`update_equity`, {name}", values))
    return rows


def snapshot_figures(walk: list[Step], positions: int, repeats: int) -> list[Figure]:
    """Measure snapshots of open positions of five symbols whose marks have all changed."""
    portfolio = holding(positions, len(SYMBOLS))

    def mark(number: int) -> None:
        portfolio.mark(quotes(walk[number % len(walk)].price + number % 2, len(SYMBOLS)))

    def frame() -> pl.DataFrame:
        return pl.DataFrame(portfolio.get_state().positions)

    assert frame().height == positions
    name = f"`get_state()`, {positions:,} open positions"
    alone = time_single(portfolio.get_state, repeats, mark)
    with_frame = time_single(frame, repeats, mark)
    return [figure(name, alone), figure(f"{name}, `pl.DataFrame` of them", with_frame)]


def curve_figure(portfolio: op.Portfolio, repeats: int) -> Figure:
    """Measure the hand-over of an equity curve to Polars."""

    def frame() -> pl.DataFrame:
        return pl.DataFrame(portfolio.get_equity_curve())

    first = frame()
    chunks = "" if first.n_chunks() == 1 else f" in {first.n_chunks()} chunks"
    name = f"equity curve of {first.height:,} rows{chunks} to `pl.DataFrame`"
    return figure(name, time_single(frame, repeats))


def grown(rows: int) -> op.Portfolio:
    """Make a portfolio whose equity curve grew without a capacity, so that it has chunks."""
    portfolio = op.Portfolio(10**6, backend="rust")
    for time in range(rows):
        portfolio.update_equity(time)
    return portfolio


def apply_figures(rows: int, repeats: int) -> list[Figure]:
    """Measure frames of events and of quotes in, and events out; give microseconds of a call."""
    figures = []
    accounts: list[op.Portfolio] = []

    def fresh(_: int) -> None:
        accounts[:] = [mixed_account()]

    for form, name in (("plain", ""), ("full", ", with fees, levels and tags")):
        events = frame_of(mixed_events(rows), form)
        values = time_single(lambda events=events: accounts[0].apply(events), repeats, fresh)
        figures.append(figure(f"`apply`, {rows:,} mixed events{name}", values))
    account = accounts[0]
    values = time_single(account.get_events, repeats)
    figures.append(figure(f"`get_events()` of {account.events:,} events", values))
    frames = [market(SYMBOLS_QUOTED, price) for price in (101.5, 102.25)]
    for positions in (10, 100_000):
        portfolio = holding(positions)
        name = f"`update_equity`, a frame of {SYMBOLS_QUOTED:,} symbols, {positions:,} positions"
        arguments = [(START_TIME + number, frames[number % 2]) for number in range(10 * BLOCK)]
        figures.append(figure(name, time_blocks(portfolio.update_equity, arguments)))
    return figures


def scan_figures(rows: int, repeats: int) -> list[Figure]:
    """Measure a lazy query of an equity curve."""
    portfolio = build_history(rows, "rust")
    query = portfolio.scan("equity")
    projected = query.select("time", "equity")
    lost = query.filter(pl.col("equity") < pl.col("balance")).select(pl.len())
    name = f'`scan("equity")` of {rows:,} rows'
    return [
        figure(f"{name}, two columns", time_single(projected.collect, repeats)),
        figure(f"{name}, a filter counted", time_single(lost.collect, repeats)),
    ]


def metric_figures(repeats: int) -> list[Figure]:
    """Measure the whole set of metrics, one metric after a row, and the report."""
    figures = []
    for rows in (100_000, 1_000_000):
        portfolio = with_history(rows, trades=10_000)
        name = f"`calculate_metrics()`, {rows:,} points, 10,000 trades"
        figures.append(figure(name, time_single(portfolio.calculate_metrics, 10 * repeats)))
    start = portfolio.time
    portfolio.metric("sharpe_ratio")
    name = "`metric('sharpe_ratio')`, one row after the last, 1,000,000 points"
    times = time_single(
        lambda: portfolio.metric("sharpe_ratio"),
        100 * repeats,
        before=lambda number: portfolio.update_equity(start + timedelta(minutes=1 + number)),
    )
    figures.append(figure(name, times))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        name = "`report('page.html')`, 1,000,000 points"
        figures.append(figure(name, time_single(lambda: portfolio.report(page), repeats)))
    return figures


def rates_of(rows: list[Figure], events: int) -> list[str]:
    """Say how many events or quotes a second the frames are."""
    lines = []
    for name, least, median in rows:
        count = SYMBOLS_QUOTED if name.startswith("`update_equity`") else events
        best, usual = count / least, count / median
        lines.append(f"{name}: {usual:.2f} million a second (best {best:.2f})")
    return lines


def life_cycle(backend: str, walk: list[Step]) -> float:
    """Open, modify, value and close every position; give microseconds per position."""
    portfolio = empty(backend)
    with quiet():
        begin = perf_counter()
        live_through(portfolio, walk)
        seconds = perf_counter() - begin
    assert len(portfolio.get_trades()) == len(walk)
    return seconds / len(walk) * 1e6


def life_cycle_lines(walk: list[Step], repeats: int) -> list[str]:
    """Measure the life cycle on both backends, in turn, and their ratio."""
    pairs = [(life_cycle("rust", walk), life_cycle("python", walk)) for _ in range(repeats)]
    rust, python = zip(*pairs, strict=True)
    ratios = [slow / fast for fast, slow in pairs]
    name = "life cycle: open, modify, update, close"
    rows = [figure(name, list(rust)), figure(f"{name}, Python backend", list(python))]
    low, high = min(ratios), max(ratios)
    ratio = (
        f"Python backend / Rust backend: {statistics.median(ratios):.1f} ({low:.1f} to {high:.1f})"
    )
    return [*map(line_of, rows), "", ratio]


def line_of(row: Figure) -> str:
    """Write a row of the table."""
    name, least, median = row
    return f"| {name} | {least:.2f} | {median:.2f} |"


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description="Measure the table of README.md.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--positions", type=int, default=20_000)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=1_000, help="of snapshots and frames")
    parser.add_argument("--cycles", type=int, default=5, help="repeats of the life cycle")
    parser.add_argument("--events", type=int, default=1_000_000, help="of a frame")
    parser.add_argument("--frames", type=int, default=10, help="repeats of frames and queries")
    options = parser.parse_args()
    walk = draw_walk(options.positions, options.seed)
    print(
        f"CPython {platform.python_version()}, Polars {pl.__version__}, omega-portfolio "
        f"{op.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}\n"
    )
    print("| what | min us | median us |")
    print("|---|---:|---:|")
    rows = event_figures(walk)
    for positions in (10, 1_000):
        rows += snapshot_figures(walk, positions, options.repeats)
    rows += [curve_figure(build_history(n, "rust"), options.repeats) for n in options.rows]
    rows.append(curve_figure(grown(max(options.rows)), options.repeats))
    frames = apply_figures(options.events, options.frames)
    rows += frames
    rows += scan_figures(max(options.rows), options.frames)
    rows += metric_figures(options.frames)
    for row in rows:
        print(line_of(row))
    for line in life_cycle_lines(walk, options.cycles):
        print(line)
    for line in rates_of(frames, options.events):
        print(line)


if __name__ == "__main__":
    main()
