"""vectorbt, with the kernels that numba compiles or with its Rust engine.

All runs are columns of one matrix. The metrics are a set of the usual ones, since its ``stats()``
takes a run at a time. Matrices of signals are made before the clock starts.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import vectorbt as vbt

from engine import Call, Outcome
from works import FEE, RATE_PARTS

if TYPE_CHECKING:
    from works import Work

RATIOS = ("total", "annualized", "annualized_volatility", "sharpe_ratio", "sortino_ratio")
RATIOS += ("calmar_ratio", "omega_ratio", "max_drawdown", "value_at_risk", "tail_ratio")


class Vectorbt:
    """One of its two engines. A matrix of signals and sizes has ten bytes for each bar of a run."""

    cells_max = 100_000_000

    def __init__(self, engine: str) -> None:
        if engine == "rust":
            import vectorbt_rust

            self._rust = {"vectorbt-rust": version(vectorbt_rust.__name__.replace("_", "-"))}
        else:
            self._rust = {}
        vbt.settings["engine"] = engine
        # Results of the round before would be given again.
        vbt.settings.caching["enabled"] = False
        self._engine = engine

    def versions(self) -> dict[str, str]:
        """Give the versions of the packages that count."""
        found = {name: version(name) for name in ("vectorbt", "numba", "numpy", "pandas")}
        return found | self._rust | {"python": platform.python_version()}

    def prepare(self, work: Work) -> Call:
        """Make the matrices."""
        if len(work.rebalances):
            return self._holdings(work)
        opens, highs, lows, closes = (each[:, :1] for each in work.prices())
        shape = (work.moments, work.runs)
        entries, exits = np.zeros(shape, bool), np.zeros(shape, bool)
        sizes = np.full(shape, np.nan)
        for run in range(work.runs):
            row = work.row(run)
            entries[work.entries[row], run] = True
            exits[work.exits[row], run] = True
            sizes[work.entries[row], run] = work.sizes[row]
        options: dict[str, Any] = {}
        if len(work.stops):
            rates = work.stops / RATE_PARTS
            options = {"open": opens, "high": highs, "low": lows}
            options |= {"sl_stop": rates[:, 0], "tp_stop": rates[:, 1]}

        def run() -> Any:
            portfolio = vbt.Portfolio.from_signals(
                np.broadcast_to(closes, shape), entries, exits, size=sizes, fees=FEE, freq="1D",
                init_cash=float(work.balance), direction="longonly", engine=self._engine, **options,
            )  # fmt: skip
            return results_of(work, portfolio)

        return Call(run, outcome)

    def _holdings(self, work: Work) -> Call:
        closes = work.prices()[3]
        sizes = np.full(closes.shape, np.nan)
        sizes[work.rebalances] = work.sizes

        def run() -> Any:
            portfolio = vbt.Portfolio.from_orders(
                closes, sizes, size_type="targetamount", fees=FEE, freq="1D", group_by=True,
                cash_sharing=True, init_cash=float(work.balance), engine=self._engine,
            )  # fmt: skip
            return results_of(work, portfolio)

        return Call(run, outcome)


def results_of(work: Work, portfolio: Any) -> Any:
    """Ask for what the work wants."""
    value = portfolio.value()
    trades = portfolio.trades
    figures = []
    if work.metrics:
        returns = portfolio.returns().vbt.returns(freq="1D")
        figures = [np.asarray(getattr(returns, name)()) for name in RATIOS]
        figures += [np.asarray(trades.win_rate()), np.asarray(trades.profit_factor())]
        figures += [np.asarray(trades.expectancy()), np.asarray(trades.count())]
    return value, trades.records, figures


def outcome(found: Any) -> Outcome:
    """Give what the checker looks at."""
    value, records, figures = found
    values = np.asarray(value)
    finals = np.atleast_1d(values[-1]).astype(np.float64)
    closed = int((records["status"] == 1).sum())
    return Outcome(finals, closed, [values, np.asarray(records["pnl"]), *figures])
