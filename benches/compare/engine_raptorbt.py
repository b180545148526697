"""raptorbt: a batch of items over one series; the curve and the trades of each are asked for.

It takes a size as a part of the cash. The parts that come to the units of the work are computed
ahead, from the cash that the kernel written by hand has before each entry.
"""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import raptorbt

from engine import Call, Outcome, UnavailableError
from engine_numba import Numba
from works import FEE, RATE_PARTS

if TYPE_CHECKING:
    from engine import Floats
    from works import Work


class Raptorbt:
    """``batch_single_backtest``, in one thread (the environment says so)."""

    cells_max = 100_000_000

    def versions(self) -> dict[str, str]:
        """Give the versions of the packages that count."""
        return {"raptorbt": version("raptorbt"), "python": platform.python_version()}

    def prepare(self, work: Work) -> Call:
        """Make the items."""
        if len(work.rebalances):
            raise UnavailableError("it has no orders of given sizes for several symbols")
        prices = [each[:, 0].copy() for each in work.prices()]
        times, volume = work.times * 1_000, np.ones(work.moments)
        cash = cash_before(work)
        items = [item_of(work, run, cash[run]) for run in range(work.runs)]

        def run() -> list[Any]:
            found = raptorbt.batch_single_backtest(times, *prices, volume, items)
            return [results_of(work, each) for _, each in found]

        return Call(run, outcome, "sizes as parts of the cash, computed ahead")


def cash_before(work: Work) -> Floats:
    """Give the cash before each entry, by run and round trip."""
    # All results are wanted here, of each run.
    found = Numba("float").prepare(replace(work, record="bar", metrics=False)).run()
    results = found[2][1].reshape(work.runs, -1)
    return work.balance + np.cumsum(results, axis=1) - results


def item_of(work: Work, run: int, cash: Floats) -> Any:
    """Make the signals and the settings of a run."""
    row = work.row(run)
    entries, exits = np.zeros(work.moments, bool), np.zeros(work.moments, bool)
    sizes = np.zeros(work.moments)
    entries[work.entries[row]] = True
    exits[work.exits[row]] = True
    closes = work.bars[3, work.entries[row], 0] / 100
    sizes[work.entries[row]] = work.sizes[row] * closes * (1 + FEE) / cash
    config = raptorbt.BacktestConfig(
        initial_capital=float(work.balance), fees=FEE, fill_timing="same_bar_close"
    )
    if len(work.stops):
        loss, profit = work.stops[run] / RATE_PARTS
        config.set_fixed_stop(loss)
        config.set_fixed_target(profit)
    return raptorbt.BatchSingleItem(
        f"{run:06}", entries, exits, config=config, position_sizes=sizes
    )


def results_of(work: Work, found: Any) -> Any:
    """Ask for what the work wants; the metrics are always there."""
    kept = work.record == "bar"
    return found.metrics, found.equity_curve(), found.trades() if kept else None


def outcome(found: list[Any]) -> Outcome:
    """Give what the checker looks at."""
    finals = np.array([curve[-1] for _, curve, _ in found])
    closed = sum(metrics.total_closed_trades for metrics, _, _ in found)
    sharpe = np.array([metrics.sharpe_ratio for metrics, _, _ in found])
    return Outcome(finals, closed, [finals, sharpe, *(curve for _, curve, _ in found)])
