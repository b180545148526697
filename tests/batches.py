"""Small batches for tests: frames from a few words, on the backend that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

import omega_portfolio as op
from omega_portfolio.backend import core_module
from omega_portfolio.oracle.batch import BatchPython

DAY = 86_400_000_000


def make_batch(backend: str, bars: object, orders: object, *frames: object, **options: Any) -> Any:
    """Make a batch of a backend; 100,000 USD unless told otherwise."""
    options.setdefault("initial_balance", 100_000)
    engine = BatchPython if backend == "python" else core_module().Batch
    return engine(bars, orders, *frames, **options)


def bars_of(*rows: Sequence[Any], symbol: str = "ACME") -> pl.DataFrame:
    """Make bars of ``(time, open, high, low, close[, spread])``, or of a price that stays."""
    cells = []
    for row in rows:
        time, *prices = row
        if len(prices) == 1:
            prices = prices * 4
        cells.append((time, symbol, *prices, *([0] if len(prices) == 4 else [])))
    names = ["time", "symbol", "open", "high", "low", "close", "spread"]
    columns = dict(zip(names, zip(*cells, strict=True), strict=True))
    return pl.DataFrame({name: list(values) for name, values in columns.items()}, strict=False)


def together(*frames: pl.DataFrame) -> pl.DataFrame:
    """Put bars of several symbols into one frame, by time."""
    return pl.concat(frames, how="vertical_relaxed").sort("time", maintain_order=True)


def orders_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make orders; what a row does not say is null."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pl.DataFrame(columns, strict=False)


def opened(time: int, size: object = 1, side: str = "long", **cells: Any) -> dict[str, Any]:
    """Make the row of an open."""
    return {"time": time, "action": "open", "side": side, "size": size, **cells}


def row(time: int, action: str, **cells: Any) -> dict[str, Any]:
    """Make a row."""
    return {"time": time, "action": action, **cells}


def run_all(batch: Any, **options: Any) -> Any:
    """Make all runs of a batch."""
    return batch.run(0, len(batch), **options)


def rejected_of(tables: Any) -> list[tuple[Any, ...]]:
    """Give what was rejected without the texts for people."""
    frame = tables.rejected.to_polars()
    columns = ["run_id", "row", "time", "error", "argument"]
    return frame.select(columns).with_columns(pl.col("time").to_physical()).rows()


def trades_of(tables: Any, *columns: str) -> list[tuple[Any, ...]]:
    """Give some columns of the trades, times as microseconds."""
    frame: pl.DataFrame = tables.trades.to_polars()
    times = [name for name in columns if name.endswith("_time")]
    return frame.select(columns).with_columns(pl.col(*times).to_physical() if times else []).rows()


def curve_of(tables: Any) -> list[float]:
    """Give the equity of all points."""
    curve: list[float] = tables.equity.to_polars()["equity"].to_list()
    return curve


RISING = bars_of((10, 100), (20, 110), (30, 120), (40, 130))
GRID = op.Instrument("ACME", price_decimals=2, size_decimals=2)
