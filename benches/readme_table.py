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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from random import Random
from time import perf_counter
from typing import NamedTuple

import polars as pl

import omega_portfolio as op
from omega_portfolio.bench.zero_copy import build_history

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
SYMBOLS = ("ACME", "BOLT", "CRUX", "DUNE", "ECHO")
BLOCK = 100
"""Calls between two looks at the clock."""

Figure = tuple[str, float, float]
"""What was measured, minimum and median, both in microseconds."""


class Calls(NamedTuple):
    """Arguments of one life cycle: what is opened, modified, valued and closed, and when."""

    times: list[datetime]
    prices: list[float]


def draw_calls(random: Random, positions: int) -> Calls:
    """Draw a price walk in cents, one price and one second for each position.

    Parameters
    ----------
    random : random.Random
        Source of the walk.
    positions : int
        Length of the walk.

    Returns
    -------
    Calls
    """
    cents = 10_000
    prices = []
    for _ in range(positions):
        cents = min(max(cents + random.randint(-20, 20), 5_000), 20_000)
        prices.append(cents / 100)
    return Calls([START + timedelta(seconds=number) for number in range(positions)], prices)


def quotes_of(price: float, symbols: int) -> dict[str, float]:
    """Give one price for each of the first symbols, all different from the ones before."""
    return {symbol: price + number for number, symbol in enumerate(SYMBOLS[:symbols])}


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


def event_figures(calls: Calls) -> list[Figure]:
    """Measure one Python call of each event on the Rust backend."""
    portfolio = op.Portfolio(10**9, leverage=100, backend="rust")
    times, prices = calls
    last = times[-1]
    opens = [("ACME", "long", 10, price, time) for time, price in zip(times, prices, strict=True)]
    opened = time_blocks(portfolio.open_position, opens)
    ids = range(1, len(times) + 1)
    portfolio.mark({"ACME": prices[-1]})

    def modify(position_id: int, stop_loss: float) -> None:
        portfolio.modify_position(position_id, last, stop_loss=stop_loss)

    stops = [(position_id, 40 + position_id % 10) for position_id in ids]
    modified = time_blocks(modify, stops)
    stops = [(position_id, 50 + position_id % 10) for position_id in ids]
    watched = time_blocks(modify, stops, portfolio.get_state)
    closes = [(position_id, price, last) for position_id, price in zip(ids, prices, strict=True)]
    closed = time_blocks(portfolio.close_position, closes)
    rows = [figure("`open_position`", opened), figure("`close_position`", closed)]
    rows.append(figure("`modify_position`", modified))
    rows.append(figure("`modify_position`, a snapshot alive", watched))
    for symbols in (1, 5):
        name = "1 symbol" if symbols == 1 else f"{symbols} symbols"
        values = time_blocks(held(symbols).update_equity, updates(calls, symbols))
        rows.append(figure(f"`update_equity`, {name}", values))
    return rows


def held(symbols: int) -> op.Portfolio:
    """Make a portfolio that holds one position of each of the first symbols."""
    portfolio = op.Portfolio(10**9, leverage=100, backend="rust")
    for symbol in SYMBOLS[:symbols]:
        portfolio.open_position(symbol, "long", 10, 100, START)
    return portfolio


def updates(calls: Calls, symbols: int) -> Iterator[tuple[object, ...]]:
    """Give the arguments of updates of the equity."""
    for time, price in zip(*calls, strict=True):
        yield time, quotes_of(price, symbols)


def snapshot_figures(calls: Calls, positions: int, repeats: int) -> list[Figure]:
    """Measure snapshots of open positions of five symbols whose marks have all changed."""
    portfolio = op.Portfolio(10**9, leverage=100, backend="rust")
    for number in range(positions):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        portfolio.open_position(symbol, "long", 10, 100, START, tag=f"signal {number}")

    def mark(number: int) -> None:
        price = calls.prices[number % len(calls.prices)]
        portfolio.mark(quotes_of(price + number % 2, len(SYMBOLS)))

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


def life_cycle(backend: str, calls: Calls) -> float:
    """Open, modify, value and close every position; give microseconds per position."""
    portfolio = op.Portfolio(10**9, leverage=100, backend=backend)
    with quiet():
        begin = perf_counter()
        for time, price in zip(*calls, strict=True):
            position_id = portfolio.open_position("ACME", "long", 10, price, time, fee="0.35")
            portfolio.modify_position(position_id, time, stop_loss=40)
            portfolio.update_equity(time, {"ACME": price})
            portfolio.close_position(position_id, price, time, fee="0.35")
        seconds = perf_counter() - begin
    assert len(portfolio.get_trades()) == len(calls.times)
    return seconds / len(calls.times) * 1e6


def life_cycle_lines(calls: Calls, repeats: int) -> list[str]:
    """Measure the life cycle on both backends, in turn, and their ratio."""
    pairs = [(life_cycle("rust", calls), life_cycle("python", calls)) for _ in range(repeats)]
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
    options = parser.parse_args()
    calls = draw_calls(Random(options.seed), options.positions)
    print(
        f"CPython {platform.python_version()}, Polars {pl.__version__}, omega-portfolio "
        f"{op.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}\n"
    )
    print("| what | min us | median us |")
    print("|---|---:|---:|")
    rows = event_figures(calls)
    for positions in (10, 1_000):
        rows += snapshot_figures(calls, positions, options.repeats)
    rows += [curve_figure(build_history(n, "rust"), options.repeats) for n in options.rows]
    rows.append(curve_figure(grown(max(options.rows)), options.repeats))
    for row in rows:
        print(line_of(row))
    for line in life_cycle_lines(calls, options.cycles):
        print(line)


if __name__ == "__main__":
    main()
