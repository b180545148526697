"""A small batch for tests of the front: twelve exits of the same entries over forty bars."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

import omega_portfolio as op

START = datetime(2024, 1, 1)
CLOSES = [100 + 3 * ((7 * day) % 11) / 4 + day / 8 for day in range(40)]


def sample_bars(count: int = 40) -> pl.DataFrame:
    """Make bars of a price that goes up and down; the range of a bar holds both."""
    rows = []
    for day in range(count):
        start, end = CLOSES[(day - 1) % 40] if day else CLOSES[0], CLOSES[day % 40]
        high, low = max(start, end) + 1.5, min(start, end) - 1.5
        rows.append((START + timedelta(days=day), "ACME", start, high, low, end))
    names = ["time", "symbol", "open", "high", "low", "close"]
    return pl.DataFrame(rows, names, orient="row")


def sample_orders() -> pl.DataFrame:
    """Make an entry each fourth day, and an exit two days later."""
    rows: list[tuple[datetime, str, str | None, float | None]] = []
    for day in range(0, 36, 4):
        rows.append((START + timedelta(days=day), "open", "long", 10.0))
        rows.append((START + timedelta(days=day + 2), "close", None, None))
    return pl.DataFrame(rows, ["time", "action", "side", "size"], orient="row")


def sample_params() -> pl.DataFrame:
    """Make the twelve exits."""
    pairs = [(a, b) for a in (0.01, 0.02, 0.04, None) for b in (0.01, 0.02, 0.03)]
    return pl.DataFrame(pairs, ["stop_loss_rate", "take_profit_rate"], orient="row")


def failing(places: list[int], count: int = 3) -> pl.DataFrame:
    """Make runs of which some have so much money that a profit is out of range."""
    texts = ["99999999999999999999" if at in places else "10000" for at in range(count)]
    return pl.DataFrame({"initial_balance": pl.Series(texts).cast(pl.Decimal(38, 0))})


def sample_batch(backend: str, **options: Any) -> op.BatchResult:
    """Run the twelve exits."""
    given: dict[str, Any] = {"params": sample_params(), "initial_balance": 10_000, **options}
    bars, orders = given.pop("bars", sample_bars()), given.pop("orders", sample_orders())
    return op.run_batch(bars, orders, backend=backend, **given)


def in_memory(result: op.BatchResult) -> dict[str, pl.DataFrame]:
    """Read all tables of a result."""
    names = ("equity", "trades", "metrics", "final", "rejected")
    return {name: getattr(result, name).lazy().collect() for name in names}


def assert_same(left: op.BatchResult, right: op.BatchResult) -> None:
    """Compare two results, table by table."""
    ours, theirs = in_memory(left), in_memory(right)
    for name, frame in ours.items():
        assert frame.equals(theirs[name]), name
        assert frame.schema == theirs[name].schema, name


def files_of(folder: Path) -> dict[str, int]:
    """Give the files of the parts with the moment at which each was written."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in sorted(folder.glob("*/*"))
        if path.is_file()
    }
