"""The tables of a batch as frames: joined without a copy, in rows or as a list for each run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import polars as pl

    from omega_portfolio.batch.engine import EngineTables
    from omega_portfolio.types import Layout, Table

NAMES: Final = ("equity", "trades", "metrics", "final", "rejected")
"""The tables of a batch."""

Frame: TypeAlias = "pl.DataFrame | pl.LazyFrame"
"""A table in memory, or one that lies on disk."""


@dataclass(frozen=True, slots=True)
class Frames:
    """All tables of a batch, in memory or on disk.

    Attributes
    ----------
    equity, trades, metrics, final, rejected : polars.DataFrame or polars.LazyFrame
        Rule R10.
    """

    equity: Frame
    trades: Frame
    metrics: Frame
    final: Frame
    rejected: Frame


def frame_of(tables: EngineTables, name: str, layout: Layout) -> pl.DataFrame:
    """Give one table of some runs.

    Parameters
    ----------
    tables : EngineTables
        What a backend gave.
    name : str
        One of :data:`NAMES`.
    layout : {"rows", "list"}
        The form of the equity.

    Returns
    -------
    polars.DataFrame
        Over the memory of the backend.
    """
    import polars as pl

    table: Table = getattr(tables, name)
    if name == "equity" and layout == "list":
        return lists_of(table, points_of(tables))
    return pl.DataFrame(table)


def points_of(tables: EngineTables) -> int:
    """Give the number of points of each curve: all runs that did not fail have as many."""
    runs = len(tables.metrics)
    return len(tables.equity) // runs if runs else 0


def lists_of(table: Table, points: int) -> pl.DataFrame:
    """Give equity curves as a row for each run: run_id, and a list of fixed size per column.

    A list is a part of the column that is there already. The times are those of
    :attr:`omega_portfolio.BatchResult.times`.

    Parameters
    ----------
    table : Table
        run_id, time and one or more columns of numbers, run after run.
    points : int
        Rows of each run.

    Returns
    -------
    polars.DataFrame
        Columns of the type Array; no number was copied.
    """
    import polars as pl
    import pyarrow as pa

    whole = pa.table(table)
    columns = [name for name in whole.column_names if name not in ("run_id", "time")]
    batches = [batch for batch in whole.to_batches() if batch.num_rows]
    if points and any(batch.num_rows % points for batch in batches):
        # A run across two chunks has to be joined first.
        batches = whole.combine_chunks().to_batches()
    parts = []
    for batch in batches:
        ids = pl.Series(batch.column("run_id")).gather_every(points)
        lists = {
            name: pa.FixedSizeListArray.from_arrays(batch.column(name), points) for name in columns
        }
        parts.append(pl.DataFrame(pa.table({"run_id": ids.to_arrow(), **lists})))
    if parts:
        return pl.concat(parts, rechunk=False)
    empty = pl.DataFrame(whole.schema.empty_table())
    kinds = {name: pl.Array(empty[name].dtype, points) for name in columns}
    return pl.DataFrame(schema={"run_id": pl.UInt32, **kinds})


@dataclass(slots=True)
class Gathered:
    """The tables of the slices that are done, in their order.

    Attributes
    ----------
    layout : {"rows", "list"}
        The form of the equity.
    parts : dict of str to list of polars.DataFrame
        The slices of each table.
    times : polars.Series or None
        Times of the points of each curve.
    size : int
        Bytes that the tables hold.
    """

    layout: Layout
    parts: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    times: pl.Series | None = None
    size: int = 0

    def add(self, tables: EngineTables) -> None:
        """Keep the tables of a slice."""
        if self.times is None:
            self.times = times_of(tables)
        for name in NAMES:
            frame = frame_of(tables, name, self.layout)
            self.parts.setdefault(name, []).append(frame)
            self.size += int(frame.estimated_size())

    def frames(self) -> Frames:
        """Join the slices; their memory stays where it is."""
        import polars as pl

        joined = {}
        for name, parts in self.parts.items():
            # A list of a slice without a run has another length.
            filled = [part for part in parts if part.height] or parts[:1]
            joined[name] = pl.concat(filled, rechunk=False)
        return Frames(**joined)


def times_of(tables: EngineTables) -> pl.Series | None:
    """Give the times of the points, which are those of every run; None without a point."""
    import polars as pl

    points = points_of(tables)
    if not points:
        return None
    times: pl.Series = pl.DataFrame(tables.equity.select(["time"]))["time"]
    return times.head(points)


__all__ = ["NAMES", "Frame", "Frames", "Gathered", "frame_of", "lists_of", "points_of", "times_of"]
