"""The inputs of the comparison: bars and signals drawn from a seed, the same for every engine.

Prices are whole cents, sizes whole units, fees a rate of the value. All engines fill at the close
of the bar of a signal, since some of them can do nothing else. The rates of stops are such that
no stop is a whole cent: a bar never touches one exactly, and a rounding cannot decide whether it
is hit. An entry comes after the exit before it, never at the same bar. Only numpy is needed here;
nothing measures.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Size = Literal["small", "full"]
    Whole = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

SEED: Final = 8
START: Final = 1_577_836_800_000_000
"""Time of the first bar, in microseconds since the epoch."""

DAY: Final = 86_400_000_000
FEE: Final = 0.0002
"""Two basis points of the value of each fill."""

RATE_PARTS: Final = 100_000
"""Rates of stops are in so many parts of one, and have no common factor with their number."""

STOP_DECIMALS: Final = 7
"""Decimals of the price of a stop, so that none is rounded; other prices have 2."""


@dataclass(frozen=True)
class Work:
    """What one workload asks for.

    Attributes
    ----------
    name : str
        Name in the table.
    text : str
        What it is, for the reader of the table.
    times : array of int64
        Of the bars, microseconds since the epoch.
    bars : array of int64
        Prices in cents: open, high, low, close; then by moment, then by symbol.
    entries, exits : array of int64
        Bar of the entry and of the exit of each round trip, by run. One row is shared by all runs.
    sizes : array of int64
        Units of each round trip, by run; of a rebalancing the units that shall be held, by
        rebalancing and symbol.
    rebalances : array of int64
        Bars of the rebalancings; empty when there are round trips.
    stops : array of int64
        Distances of stop loss and take profit in parts of the entry price, by run; empty when
        there are none.
    runs : int
        Number of portfolios.
    balance : int
        Money at the start of each.
    record : {"bar", "none"}
        Whether the equity of each bar and the trades are results, or the metrics alone.
    metrics : bool
        Whether the statistics of each run are results.
    """

    name: str
    text: str
    times: Whole
    bars: Whole
    entries: Whole
    exits: Whole
    sizes: Whole
    rebalances: Whole
    stops: Whole
    runs: int
    balance: int
    record: Literal["bar", "none"] = "bar"
    metrics: bool = True

    @property
    def moments(self) -> int:
        """Number of bars of a symbol."""
        return len(self.times)

    @property
    def symbols(self) -> list[str]:
        """Names of the symbols."""
        return [f"S{number:04}" for number in range(self.bars.shape[2])]

    @property
    def fills(self) -> int:
        """Number of fills of all runs."""
        if len(self.rebalances):
            before = np.vstack([np.zeros_like(self.sizes[:1]), self.sizes[:-1]])
            return int(np.count_nonzero(self.sizes - before))
        return 2 * self.entries.shape[1] * self.runs

    @property
    def digest(self) -> str:
        """Hash of all inputs: two engines with the same one got the same work."""
        found = hashlib.blake2b(digest_size=16)
        found.update(f"{self.name} {self.runs} {self.balance} {self.record}".encode())
        for each in (
            self.times, self.bars, self.entries, self.exits, self.sizes, self.rebalances, self.stops
        ):  # fmt: skip
            found.update(f"{each.shape}".encode() + np.ascontiguousarray(each).tobytes())
        return found.hexdigest()

    def prices(self) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
        """Give open, high, low and close as floats, moments by symbols."""
        return [each / 100 for each in self.bars]

    def row(self, run: int) -> int:
        """Give the row of the signals of a run."""
        return run if len(self.entries) > 1 else 0

    def first(self, runs: int) -> Work:
        """Give the same work for the first runs only, for an engine that takes too long."""
        if runs >= self.runs:
            return self
        own = runs if len(self.entries) > 1 else 1
        return replace(
            self, entries=self.entries[:own], exits=self.exits[:own], sizes=self.sizes[:own],
            stops=self.stops[:runs], runs=runs,
        )  # fmt: skip


NOTHING: Final[Whole] = np.zeros(0, np.int64)


def draw_bars(random: np.random.Generator, moments: int, symbols: int) -> Whole:
    """Draw walks in cents between 50 and 200.

    Parameters
    ----------
    random : numpy.random.Generator
        The source.
    moments, symbols : int
        How many.

    Returns
    -------
    array of int64
        open, high, low, close; by moment; by symbol.
    """
    low, high = 5_000, 20_000
    walk = 5_000 + np.cumsum(random.integers(-20, 21, (moments, symbols)), axis=0)
    # A walk that leaves the band comes back from its edge, as in a mirror.
    span = high - low
    closes = low + span - np.abs(walk % (2 * span) - span)
    opens = np.vstack([closes[:1], closes[:-1]]) + random.integers(-2, 3, (moments, symbols))
    highs = np.maximum(opens, closes) + random.integers(0, 10, (moments, symbols))
    lows = np.minimum(opens, closes) - random.integers(0, 10, (moments, symbols))
    return np.stack([opens, highs, lows, closes]).astype(np.int64)


def draw_trips(random: np.random.Generator, moments: int, trips: int, runs: int) -> list[Whole]:
    """Draw round trips of which each has an equal part of the bars for itself.

    Parameters
    ----------
    random : numpy.random.Generator
        The source.
    moments, trips, runs : int
        Number of bars, of round trips a run, and of runs that have signals of their own.

    Returns
    -------
    list of array of int64
        Bars of the entries, of the exits, and the sizes; each by run and trip.
    """
    part = moments // trips
    half = part // 2
    starts = np.arange(trips, dtype=np.int64) * part
    entries = starts + random.integers(0, half, (runs, trips))
    exits = starts + half + random.integers(0, part - half, (runs, trips))
    return [entries, exits, random.integers(1, 101, (runs, trips))]


def single(
    name: str, text: str, moments: int, trips: int, runs: int, balance: int, *, own: bool = True
) -> Work:
    """Give round trips over one symbol."""
    random = np.random.default_rng(SEED)
    bars = draw_bars(random, moments, 1)
    entries, exits, sizes = draw_trips(random, moments, trips, runs if own else 1)
    times = START + 60_000_000 * np.arange(moments, dtype=np.int64)
    return Work(
        name, text, times, bars, entries, exits, sizes, NOTHING, NOTHING, runs, balance
    )  # fmt: skip


def one_run(size: Size) -> Work:
    """Give W0: short runs with metrics."""
    runs = 20 if size == "small" else 1_000
    text = f"{runs:,} runs of 1,000 bars, 50 round trips each, equity, trades and metrics"
    return single("W0", text, 1_000, 50, runs, 1_000_000)


def long_run(size: Size) -> Work:
    """Give W1: one long run."""
    moments = 10_000 if size == "small" else 1_000_000
    text = f"1 run of {moments:,} bars, {moments // 10:,} fills, equity at each bar and trades"
    work = single("W1", text, moments, moments // 20, 1, 10_000_000)
    return replace(work, metrics=False)


def many_runs(size: Size) -> Work:
    """Give W2: many runs with signals of their own."""
    runs, moments, trips = (10, 2_000, 100) if size == "small" else (1_000, 10_000, 500)
    text = f"{runs:,} runs of {moments:,} bars, {trips} round trips each, all results"
    return single("W2", text, moments, trips, runs, 1_000_000)


def many_runs_without_curves(size: Size) -> Work:
    """Give W2m: the same as W2 where only the metrics are results."""
    work = many_runs(size)
    return replace(work, name="W2m", text="W2, only metrics", record="none")


def many_runs_with_stops(size: Size) -> Work:
    """Give W2s: the same as W2 with a stop loss and a take profit."""
    work = many_runs(size)
    random = np.random.default_rng(SEED + 1)
    last = np.array([1, 3, 7, 9])[random.integers(0, 4, (work.runs, 2))]
    stops = 10 * random.integers(20, 120, (work.runs, 2)) + last
    return replace(work, name="W2s", text="W2 with stop loss and take profit", stops=stops)


def many_symbols(size: Size) -> Work:
    """Give W3: one portfolio of many symbols, brought to given holdings each month."""
    symbols, moments = (20, 210) if size == "small" else (1_000, 2_500)
    random = np.random.default_rng(SEED)
    bars = draw_bars(random, moments, symbols)
    rebalances = np.arange(0, moments, 21, dtype=np.int64)
    sizes = np.empty((len(rebalances), symbols), np.int64)
    held = np.zeros(symbols, np.int64)
    for number in range(len(rebalances)):
        # Between 20 and 120 units, and never what is held already.
        drawn = random.integers(20, 120, symbols)
        held = drawn + (drawn >= held)
        sizes[number] = held
    times = START + DAY * np.arange(moments, dtype=np.int64)
    none = np.zeros((1, 0), np.int64)
    text = f"1 run, {symbols:,} symbols, {moments:,} days, {len(rebalances)} rebalancings"
    return Work(
        "W3", f"{text}, equity and trades", times, bars, none, none, sizes, rebalances, NOTHING, 1,
        100_000_000, metrics=False,
    )  # fmt: skip


def exit_variants(size: Size) -> Work:
    """Give W6: a grid of exits over one list of signals, metrics only."""
    losses, profits, moments = (5, 8, 2_000) if size == "small" else (250, 400, 10_000)
    runs = losses * profits
    text = f"{runs:,} exit variants of one list of signals, {moments:,} bars, metrics only"
    work = single("W6", text, moments, moments // 100, runs, 1_000_000, own=False)
    loss, profit = np.meshgrid(np.arange(losses), np.arange(profits), indexing="ij")
    stops = np.stack([loss.ravel() * 20 + 201, profit.ravel() * 20 + 203], axis=1)
    return replace(work, stops=stops.astype(np.int64), record="none")


def growth(closed: int) -> Work:
    """Give one run that ends with so many closed positions, two bars each."""
    work = single(f"growth {closed:,}", "", 2 * closed, closed, 1, 10_000_000)
    return replace(work, text=f"1 run, {closed:,} positions closed, two bars each", metrics=False)


def growth_of(full: int) -> Callable[[Size], Work]:
    """Give what makes a step of the growth test; a small one is a hundredth of it."""
    return lambda size: growth(full if size == "full" else full // 100)


WORKS: Final[dict[str, Callable[[Size], Work]]] = {
    "W0": one_run,
    "W1": long_run,
    "W2": many_runs,
    "W2m": many_runs_without_curves,
    "W2s": many_runs_with_stops,
    "W3": many_symbols,
    "W6": exit_variants,
    "G4": growth_of(10_000),
    "G5": growth_of(100_000),
    "G6": growth_of(1_000_000),
}
"""By the word that the command takes."""
