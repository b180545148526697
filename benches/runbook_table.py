"""Measure the table of docs/runbooks/portfolio_migration.md and print it as Markdown.

The same work on three accounts, one after the other in one process: the Rust backend, the Python
backend, and a class of plain Python floats that books without a check and keeps no history, as
the module that a migration starts from may do. What the plain class cannot do is "-". Prices
are drawn from a seed, the garbage collector is off while a clock runs, and nothing is asserted
of a time. A figure is the lowest of the repeats; the ratio is Python backend / Rust backend.

Usage::

    python benches/runbook_table.py
    python benches/runbook_table.py --small
"""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

import polars as pl

import omega_portfolio as op
from frames import frame_of, mixed_events
from readme_table import BLOCK, time_blocks, time_single
from workload import START_TIME, draw_walk, empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workload import Step

BACKENDS: Final = ("rust", "python")
BARS: Final = 250
TARGETS: Final = {
    "open_position": 50,
    "close_position": 40,
    "get_state": 20,
    "calculate_metrics": 2_000,
}
"""Microseconds that a call may take."""

FASTER: Final = 7
"""Times as fast that the engine was to be."""

Times = list[float]
"""Microseconds of each repeat."""


@dataclass
class Position:
    """A position of the plain class."""

    symbol: str
    side: str
    size: float
    price: float
    time: object


class PlainPortfolio:
    """Books in floats, and keeps the closed positions and the last equity in lists."""

    def __init__(self, balance: float) -> None:
        self.balance = balance
        self.held: dict[int, Position] = {}
        self.closed: list[tuple[Position, float, object, float]] = []
        self._ids = count(1)

    def open_position(self, symbol: str, side: str, size: float, price: float, time: object) -> int:
        """Keep a position."""
        position_id = next(self._ids)
        self.held[position_id] = Position(symbol, side, size, price, time)
        return position_id

    def close_position(self, position_id: int, price: float, time: object) -> float:
        """Book what a position earned."""
        position = self.held.pop(position_id)
        sign = 1 if position.side == "long" else -1
        earned = sign * (price - position.price) * position.size
        self.balance += earned
        self.closed.append((position, price, time, earned))
        return earned


def call_times(account: op.Portfolio | PlainPortfolio, walk: list[Step]) -> tuple[Times, Times]:
    """Time opens, and the closes of what they opened, per call."""
    opens = [("ACME", "long", 10, step.price, step.time) for step in walk]
    closes = [(step.number, step.price, walk[-1].time) for step in walk]
    return (
        time_blocks(account.open_position, opens),
        time_blocks(account.close_position, closes),
    )


def state_times(backend: str, repeats: int) -> Times:
    """Time a snapshot of 100 open positions whose marks have changed."""
    account = empty(backend)
    for _ in range(100):
        account.open_position("ACME", "long", 10, 100, START_TIME)
    return time_single(
        account.get_state, repeats, lambda number: account.mark({"ACME": 100 + number % 7})
    )


def metric_times(backend: str, points: int, repeats: int) -> tuple[Times, Times]:
    """Time all metrics of an account, and its equity curve as a frame of Polars."""
    account = empty(backend)
    for step in draw_walk(points):
        if step.number % 20 == 1:
            held = account.open_position("ACME", "long", 10, step.price, step.time)
        account.update_equity(step.time, {"ACME": step.price})
        if step.number % 20 == 0:
            account.close_position(held, step.price, step.time)
    return (
        time_single(account.calculate_metrics, repeats),
        time_single(lambda: pl.DataFrame(account.get_equity_curve()), repeats),
    )


def apply_times(backend: str, events: int, repeats: int) -> Times:
    """Time a frame of opens, closes and updates, per event."""
    frame = frame_of(mixed_events(events), "plain")
    accounts: list[op.Portfolio] = []

    def fresh(_: int) -> None:
        accounts[:] = [op.Portfolio(10**9, leverage=100, backend=backend)]

    times = time_single(lambda: accounts[0].apply(frame), repeats, fresh)
    return [time / frame.height for time in times]


def batch_times(backend: str, runs: int, repeats: int) -> Times:
    """Time a batch on one thread: a position every ten bars, with a stop; per run."""
    walk = draw_walk(BARS)
    prices = {name: [step.price for step in walk] for name in ("open", "high", "low", "close")}
    bars = pl.DataFrame({"time": [s.moment for s in walk], "symbol": ["ACME"] * BARS} | prices)
    rows: Iterator[Step] = (step for step in walk if step.number % 5 == 0)
    orders = pl.DataFrame(
        [
            {"time": s.moment, "action": ("open", "close")[i % 2], "side": "long", "size": 1}
            for i, s in enumerate(rows)
        ]
    )
    params = pl.DataFrame({"stop_loss_rate": [0.01 + 0.001 * run for run in range(runs)]})
    times = time_single(
        lambda: op.run_batch(bars, orders, params, threads=1, progress=False, backend=backend),
        repeats,
    )
    return [time / runs for time in times]


def rows_of(options: argparse.Namespace) -> Iterator[tuple[str, dict[str, Times]]]:
    """Give what was measured, with the times on each account."""
    walk = draw_walk(options.positions)
    plain = call_times(PlainPortfolio(1e9), walk)
    calls = {backend: call_times(empty(backend), walk) for backend in BACKENDS}
    for place, name in enumerate(("open_position", "close_position")):
        figures = {backend: times[place] for backend, times in calls.items()}
        yield f"`{name}`, a call", figures | {"plain": plain[place]}
    repeats = options.repeats
    states = {backend: state_times(backend, 10 * repeats) for backend in BACKENDS}
    yield "`get_state`, 100 open positions", states
    history = {backend: metric_times(backend, options.points, repeats) for backend in BACKENDS}
    names = ("`calculate_metrics`, {:,} points", "equity curve of {:,} rows to `pl.DataFrame`")
    for place, name in enumerate(each.format(options.points) for each in names):
        yield name, {backend: times[place] for backend, times in history.items()}
    applied = {backend: apply_times(backend, options.events, repeats) for backend in BACKENDS}
    yield f"`apply`, {options.events:,} events, each", applied
    batches = {backend: batch_times(backend, options.runs, 3) for backend in BACKENDS}
    yield f"`run_batch` of {options.runs} runs of {BARS} bars, one thread, a run", batches


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="few and short, to see that it runs")
    small = parser.parse_args().small
    sizes = (BLOCK, 200, 3, 200, 4) if small else (5_000, 10_000, 10, 10_000, 20)
    names = ("positions", "points", "repeats", "events", "runs")
    options = argparse.Namespace(**dict(zip(names, sizes, strict=True)))
    print(
        f"CPython {platform.python_version()}, Polars {pl.__version__}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}\n"
    )
    print("| lowest us | Rust backend | Python backend | plain floats | ratio |")
    print("|---|---:|---:|---:|---:|")
    lowest: list[dict[str, float]] = []
    for name, times in rows_of(options):
        figures = {account: min(values) for account, values in times.items()}
        lowest.append(figures)
        rust, python = (figures[backend] for backend in BACKENDS)
        floats = f"{figures['plain']:.2f}" if "plain" in figures else "-"
        print(f"| {name} | {rust:,.2f} | {python:,.2f} | {floats} | {python / rust:.1f} |")
    print("\n" + "\n".join(target_lines(lowest, options.points)))


def target_lines(lowest: list[dict[str, float]], points: int) -> list[str]:
    """Write the figures beside the targets of the migration, in the order of the rows."""
    notes = ("", "", " with 100 open positions", f" for {points:,} points")
    lines = ["| operation | target | Rust backend | met |", "|---|---:|---:|---|"]
    for (name, limit), figures, note in zip(TARGETS.items(), lowest, notes, strict=False):
        met = "yes" if figures["rust"] <= limit else "**no**"
        lines.append(f"| `{name}` | {limit:,} us | {figures['rust']:.2f} us{note} | {met} |")
    ratios = [figures["python"] / figures["rust"] for figures in lowest]
    plain = [figures["plain"] / figures["rust"] for figures in lowest if "plain" in figures]
    for name, low, high in (
        ("against the Python backend", f"{min(ratios):.0f}", f"{max(ratios):.0f}"),
        ("against plain floats, a call", f"{min(plain):.1f}", f"{max(plain):.1f}"),
    ):
        met = "yes" if float(low) >= FASTER else "**no**"
        lines.append(f"| {name} | {FASTER} times | {low} to {high} times | {met} |")
    return lines


if __name__ == "__main__":
    main()
