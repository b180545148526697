"""Bars, orders and compiled batches for the tests of the bindings."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from omega_portfolio._core import Batch, BatchTables

MINUTE = 60_000_000
TABLES = ("equity", "trades", "metrics", "final", "rejected")
SETTINGS: dict[str, Any] = {"initial_balance": 100_000, "leverage": 10}


def bars(moments: int, symbols: tuple[str, ...] = ("ACME",), seed: int = 1) -> pl.DataFrame:
    """A random walk of each symbol, a bar a minute."""
    random_number = random.Random(seed)
    last = dict.fromkeys(symbols, 10_000)
    rows = []
    for moment in range(moments):
        for symbol in symbols:
            first = last[symbol]
            ticks = [first, *(first + random_number.randint(-60, 60) for _ in range(3))]
            last[symbol] = ticks[-1]
            prices = [ticks[0], max(ticks), min(ticks), ticks[-1]]
            rows.append((moment * MINUTE, symbol, *(price / 100 for price in prices), 0.02))
    columns = ["time", "symbol", "open", "high", "low", "close", "spread"]
    return pl.DataFrame(rows, columns, orient="row").with_columns(
        pl.col("time").cast(pl.Datetime("us", "UTC"))
    )


def orders(
    moments: int, runs: int = 1, symbols: tuple[str, ...] = ("ACME",), *, every: int = 10
) -> pl.DataFrame:
    """A long or short of each symbol every few minutes, closed five minutes later."""
    rows = []
    for run in range(runs):
        for moment in range(run % 3, moments - every, every + run % 4):
            for place, symbol in enumerate(symbols):
                side = "long" if (moment + run + place) % 2 == 0 else "short"
                tag = f"order {moment} of this run"
                rows += [
                    (run, moment * MINUTE, symbol, "open", side, 1 + run % 5, 0.8, 1.5, tag),
                    (run, (moment + 5) * MINUTE, symbol, "close", None, None, None, None, tag),
                ]
    columns = ["run_id", "time", "symbol", "action", "side", "size", "stop_loss_distance"]
    return pl.DataFrame(
        rows, [*columns, "take_profit_distance", "tag"], orient="row", infer_schema_length=None
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")), pl.col("run_id").cast(pl.UInt32))


def small(**changes: Any) -> Batch:
    """A batch of one run."""
    from omega_portfolio._core import Batch

    given: dict[str, Any] = {"bars": bars(20), "orders": orders(20), **SETTINGS, **changes}
    return Batch(given.pop("bars"), given.pop("orders"), **given)


def long_batch() -> Batch:
    """Runs that would take far longer than any test."""
    from omega_portfolio._core import Batch

    return Batch(bars(20_000), orders(20_000, every=20).drop("run_id"), many(20_000), **SETTINGS)


def many(runs: int) -> pl.DataFrame:
    """Parameters of so many runs."""
    return pl.DataFrame({"size": [1 + run % 50 for run in range(runs)]})


def pictures(tables: BatchTables) -> dict[str, bytes]:
    """Every byte of every table."""
    return {name: getattr(tables, name).to_ipc() for name in TABLES}


class Token:
    """Whatever says that it is cancelled."""

    cancelled = False

    def cancel(self) -> None:
        """Ask for the end."""
        self.cancelled = True
