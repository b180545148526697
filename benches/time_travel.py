"""Time and memory of forks, images, earlier moments and differences on the compiled engine.

    python benches/time_travel.py

Prints one line per figure; the inputs are made here and are the same each time.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import omega_portfolio as op

ROWS = 1_000_000
POSITIONS = 10
FORKS = 10_000
START = 1_704_067_200_000_000


def resident() -> float:
    """Give the memory of this process in MB."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def timed(name: str, act: Callable[[], Any], times: int = 1) -> Any:  # noqa: ANN401
    """Run, print the best time, give the last result."""
    best, result = float("inf"), None
    for _ in range(times):
        begin = time.perf_counter()
        result = act()
        best = min(best, time.perf_counter() - begin)
    print(f"{name}: {1e3 * best:.3f} ms")
    return result


def long_history() -> op.Portfolio:
    """Give an account with a million rows of equity and some open positions."""
    portfolio = op.PortfolioRust(1_000_000, leverage=100)
    for number in range(POSITIONS):
        portfolio.open_position(f"S{number}", "long", 10 + number, 100, START)
    for row in range(ROWS):
        portfolio.update_equity(START + row, {f"S{row % POSITIONS}": 100 + row % 7})
    return portfolio


def many_positions(count: int) -> op.Portfolio:
    """Give an account with so many open positions of 100 symbols."""
    portfolio = op.PortfolioRust(100_000_000, leverage=100)
    for number in range(count):
        portfolio.open_position(f"S{number % 100}", "long", 1, 100 + number % 50, START + number)
    return portfolio


def mark(forks: list[op.Portfolio]) -> None:
    """Let each of them go on by itself."""
    for fork in forks:
        fork.mark({"S1": 101}, time=START + ROWS)


def main() -> None:
    """Measure."""
    portfolio = long_history()
    print(f"{portfolio.events} events, {len(portfolio.get_equity_curve())} rows of equity")
    timed("first fork (hashes and seals the events)", portfolio.fork)
    before = resident()
    forks = timed(f"{FORKS} forks", lambda: [portfolio.fork() for _ in range(FORKS)])
    print(f"memory of {FORKS} forks: {resident() - before:.1f} MB")
    before = resident()

    timed(f"one mark on each of {FORKS} forks", lambda: mark(forks))
    print(f"memory of these marks: {resident() - before:.1f} MB")
    forks.clear()
    timed("state_at in the middle, first question", lambda: portfolio.state_at(seq=ROWS // 2))
    timed("state_at before it, second question", lambda: portfolio.state_at(seq=ROWS // 3))
    timed("state_at the same again", lambda: portfolio.state_at(seq=ROWS // 3), 3)
    times = range(START, START + ROWS, 1_000)
    timed(f"asof_states of {len(times)} times", lambda: portfolio.asof_states(times))
    data = timed(f"to_bytes of {portfolio.events} events", portfolio.to_bytes, 3)
    print(f"image: {len(data) / 1e6:.1f} MB")
    timed("from_bytes", lambda: op.PortfolioRust.from_bytes(data), 2)
    other = portfolio.fork()
    portfolio.deposit(1, START + ROWS)
    other.deposit(2, START + ROWS)
    timed("diff, the last of a million events differs", lambda: op.diff(portfolio, other))
    position = next(iter(portfolio.positions))
    portfolio.close_position(position, 103, START + ROWS)
    timed("explain of a trade after a million events", lambda: portfolio.explain(1))
    many = many_positions(10_000)
    many.to_bytes()
    timed("to_bytes with 10,000 open positions", many.to_bytes, 20)
    timed("pickle with 10,000 open positions", lambda: pickle.dumps(many), 5)
    timed("fork with 10,000 open positions", many.fork, 20)


if __name__ == "__main__":
    main()
