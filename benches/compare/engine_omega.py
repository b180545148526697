"""Our ``run_batch``: frames are made before the clock starts, the whole call is timed."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

import omega_portfolio as op
from engine import Call, Outcome
from works import FEE, RATE_PARTS, STOP_DECIMALS

if TYPE_CHECKING:
    from works import Work


class Omega:
    """``run_batch`` with so many threads; on the Rust backend but for tests."""

    cells_max = 10_000_000_000

    def __init__(self, threads: int, backend: str = "rust") -> None:
        self._threads = threads
        self._backend = backend

    def versions(self) -> dict[str, str]:
        """Give the versions of the packages that count."""
        names = ("omega-portfolio", "polars", "numpy")
        return {name: version(name) for name in names} | {"python": platform.python_version()}

    def prepare(self, work: Work) -> Call:
        """Make the frames."""
        bars, orders, params = bar_frame(work), order_frame(work), param_frame(work)
        decimals = STOP_DECIMALS if len(work.stops) else 2
        instruments = [
            op.Instrument(symbol, price_decimals=decimals, size_decimals=0)
            for symbol in work.symbols
        ]
        costs = op.Costs(commission=op.Commission("rate", str(FEE)))
        keep: dict[str, Any] = {"record": work.record, "trades": work.record == "bar"}

        def run() -> op.BatchResult:
            result = op.run_batch(
                bars, orders, params, instruments=instruments, costs=costs, fill="close",
                initial_balance=work.balance, mode="netting" if len(work.rebalances) else "hedging",
                threads=self._threads, on_error="raise", progress=False, backend=self._backend,
                **keep,
            )  # fmt: skip
            for table in (result.equity, result.trades, result.metrics, result.final):
                assert isinstance(table, pl.DataFrame)
            return result

        return Call(run, lambda result: outcome(work, result))


def bar_frame(work: Work) -> pl.DataFrame:
    """Give the bars, by time and symbol."""
    count = len(work.symbols)
    names = ("open", "high", "low", "close")
    return pl.DataFrame(
        {"time": pl.Series(np.repeat(work.times, count)).cast(pl.Datetime("us", "UTC"))}
        | {"symbol": pl.Series(work.symbols * work.moments)}
        | {name: each.ravel() for name, each in zip(names, work.prices(), strict=True)}
    )


def order_frame(work: Work) -> pl.DataFrame:
    """Give the orders: two rows for each round trip, or a target a symbol and rebalancing."""
    if len(work.rebalances):
        count = len(work.symbols)
        return pl.DataFrame(
            {
                "time": pl.Series(np.repeat(work.times[work.rebalances], count)),
                "symbol": work.symbols * len(work.rebalances),
                "action": ["target"] * (count * len(work.rebalances)),
                "size": work.sizes.ravel().astype(np.float64),
            }
        ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    runs, trips = work.entries.shape
    places = np.stack([work.entries, work.exits], axis=2).ravel()
    sizes = np.stack([work.sizes, np.zeros_like(work.sizes)], axis=2).ravel()
    opens = pl.col("size") > 0
    frame = pl.DataFrame(
        {
            "run_id": np.repeat(np.arange(runs, dtype=np.uint32), 2 * trips),
            "time": pl.Series(work.times[places]).cast(pl.Datetime("us", "UTC")),
            "size": sizes.astype(np.float64),
        }
    ).select(
        "run_id",
        "time",
        action=pl.when(opens).then(pl.lit("open")).otherwise(pl.lit("close")),
        side=pl.lit("long"),
        size=pl.when(opens).then("size"),
    )
    return frame if runs == work.runs else frame.drop("run_id")


def param_frame(work: Work) -> pl.DataFrame | None:
    """Give the stops of the runs."""
    if not len(work.stops):
        return None
    return pl.DataFrame(
        {
            "run_id": np.arange(work.runs, dtype=np.uint32),
            "stop_loss_rate": work.stops[:, 0] / RATE_PARTS,
            "take_profit_rate": work.stops[:, 1] / RATE_PARTS,
        }
    )


def outcome(work: Work, result: op.BatchResult) -> Outcome:
    """Give what the checker looks at.

    Raises
    ------
    ValueError
        A run failed, an order was refused, or a table has not the rows that the work asks for.
    """
    final, equity = result.final, result.equity
    wanted = work.runs * work.moments if work.record == "bar" else 0
    if result.rejected.height or final.height != work.runs or equity.height != wanted:
        raise ValueError(f"{work.name}: {result!r}")
    closed = int(final["trade_count"].sum())
    if work.record == "bar" and result.trades.height != closed:
        raise ValueError(f"{work.name}: {result.trades.height} trades of {closed}")
    parts = [final["equity"].to_numpy(), final["trade_count"].to_numpy()]
    if work.record == "bar":
        parts += [equity["equity"].to_numpy(), result.trades["net_pnl"].to_numpy()]
    if work.metrics:
        parts += [result.metrics[name].to_numpy() for name in ("sharpe_ratio", "max_drawdown")]
    return Outcome(final["equity"].to_numpy(), closed, parts)
