"""The kernels written by hand, in doubles or in whole numbers."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import Call, Outcome
from kernels import FINE, FIXED, FLOAT, STATISTICS, TRADE

if TYPE_CHECKING:
    from kernels import Arithmetic
    from works import Work


class Numba:
    """One of the two number systems; without orders, margin and checks."""

    cells_max = 10_000_000_000

    def __init__(self, name: str) -> None:
        self._all = {"float": (FLOAT, FLOAT), "fixed": (FIXED, FINE)}[name]

    def versions(self) -> dict[str, str]:
        """Give the versions of the packages that count."""
        found = {name: version(name) for name in ("numba", "llvmlite", "numpy")}
        return found | {"python": platform.python_version()}

    def prepare(self, work: Work) -> Call:
        """Make the arrays in the numbers of the kernel."""
        numbers = self._all[1 if len(work.stops) else 0]
        if numbers.price_unit == 1:
            bars = [np.ascontiguousarray(each) for each in work.prices()]
        else:
            bars = [np.ascontiguousarray(each) * (numbers.price_unit // 100) for each in work.bars]
        cash = numbers.kind(work.balance * numbers.money_unit)
        if len(work.rebalances):
            return holdings(numbers, work, bars[3], cash)
        flat = tuple(each[:, 0].copy() for each in bars)
        signals = work.entries, work.exits, work.sizes
        stops = work.stops.reshape(-1, 2)
        trips = work.entries.shape[1]

        def run() -> tuple[int, Any, list[Any]]:
            kept = work.record == "bar"
            curves = np.empty((work.runs if kept else 1, work.moments))
            rows = trips * (work.runs if kept else 1)
            results, trades = np.empty(rows), np.empty((rows, TRADE))
            figures = np.empty((work.runs if work.metrics else 0, STATISTICS))
            finals = np.empty(work.runs)
            closed = numbers.batch(
                flat, signals, stops, cash, curves, results, trades, figures, finals
            )
            return closed, finals, [curves, results, trades, figures]

        return Call(run, outcome)


def holdings(numbers: Arithmetic, work: Work, closes: Any, cash: Any) -> Call:
    """Make the call for one account of many symbols."""

    def run() -> tuple[int, Any, list[Any]]:
        curve = np.empty(work.moments)
        results, trades = np.empty(work.sizes.size), np.empty((work.sizes.size, TRADE))
        closed, final = numbers.holdings(
            closes, work.rebalances, work.sizes, cash, curve, results, trades
        )
        return closed, np.array([final]), [curve, results[:closed], trades[:closed]]

    return Call(run, outcome)


def outcome(found: tuple[int, Any, list[Any]]) -> Outcome:
    """Give what the checker looks at."""
    closed, finals, parts = found
    return Outcome(finals, closed, [finals, *parts])
