"""Fewer points for a drawing that looks the same: M4, and dots that do not cover each other.

M4 (Jugel et al. 2014) keeps the first, last, lowest and highest point of every column of
pixels, so a line through what is left covers the same pixels as the line through all.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl


WIDE_COLUMNS: Final = 600
NARROW_COLUMNS: Final = 200
"""Columns of a line, each as wide as the line itself: 1.5 pixels. A narrow one is three wide
ones, so thinning what is already thin gives what thinning all rows would."""


def thin_line(
    frame: pl.DataFrame, column: str, columns: int, keep: Sequence[int] = ()
) -> pl.DataFrame:
    """Keep the rows that a line of so many columns of pixels needs.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows in the order of ``time`` (integers).
    column : str
        What is drawn; rows where it is null are left out.
    columns : int
        Columns of pixels, 1 or more.
    keep : sequence of int
        Rows that stay in any case, by their number.

    Returns
    -------
    polars.DataFrame
        The columns ``time``, ``column`` and ``part``: a new part begins after a gap.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.report.thin import thin_line
    >>> frame = pl.DataFrame({"time": range(1000), "value": [0.0] * 500 + [9.0] + [0.0] * 499})
    >>> thin_line(frame, "value", 4)["value"].max()
    9.0
    """
    import polars as pl

    rows = frame.select("time", column)
    there = rows[column].is_not_null()
    if "part" in frame.columns:
        rows = rows.with_columns(part=frame["part"])
    elif there.all():
        rows = rows.with_columns(part=pl.lit(0, dtype=pl.UInt32))
    else:
        rows = rows.with_columns(part=there.rle_id(), row=pl.int_range(pl.len())).filter(there)
        chosen = rows["row"].is_in(list(keep)).arg_true()
        keep = [int(row) for row in chosen]
        rows = rows.drop("row")
    if rows.height <= 4 * columns:
        return rows
    return rows[_extremes(rows, column, columns, keep)]


def _extremes(rows: pl.DataFrame, column: str, columns: int, keep: Sequence[int]) -> pl.Series:
    """Find first, last, lowest and highest row of each column of pixels.

    The rows are in the order of time, so a column of pixels is a slice, and a slice of a
    column is searched faster than a group.
    """
    import polars as pl

    times, values = rows["time"], rows[column]
    start, span = int(times[0]), int(times[-1]) - int(times[0])
    edges = [start + -(-span * edge // columns) for edge in range(1, columns)]
    cuts = {0, rows.height, *times.search_sorted(pl.Series(edges, dtype=pl.Int64), "left")}
    gaps = (rows["part"] != rows["part"].shift(1)).arg_true()
    # Where gaps are denser than pixels nobody sees them.
    if len(gaps) <= columns:
        cuts.update(gaps)
    ends = sorted(cuts)
    chosen = set(keep)
    for first, after in pairwise(ends):
        part = values.slice(first, after - first)
        low, high = part.arg_min(), part.arg_max()
        chosen.update((first, after - 1, first + (low or 0), first + (high or 0)))
    return pl.Series(sorted(chosen), dtype=pl.Int64)


def thin_dots(frame: pl.DataFrame, x: str, y: str, cells: tuple[int, int]) -> pl.DataFrame:
    """Keep one dot of those that fall into the same cell of a grid over the picture.

    Parameters
    ----------
    frame : polars.DataFrame
        One row per dot, with finite ``x`` and ``y``.
    x, y : str
        Columns of numbers.
    cells : (int, int)
        Cells from left to right and from bottom to top.

    Returns
    -------
    polars.DataFrame
        Some of the rows, in their order, with the lowest and the highest ``y``.
    """
    import polars as pl

    def cell(name: str, number: int) -> pl.Expr:
        value = pl.col(name).cast(pl.Float64)
        span = value.max() - value.min()
        return ((value - value.min()) / span * number).fill_nan(0).floor().cast(pl.Int32)

    rows = frame.with_row_index("at").with_columns(
        cell_x=cell(x, cells[0]), cell_y=cell(y, cells[1]), wins=pl.col(y) > 0
    )
    kept = rows.unique(["cell_x", "cell_y", "wins"], keep="first", maintain_order=True)["at"]
    ends = pl.Series([rows[y].arg_min(), rows[y].arg_max()], dtype=kept.dtype)
    chosen = pl.concat([kept, ends]).unique().sort()
    kept_rows: pl.DataFrame = frame[chosen]
    return kept_rows


__all__ = ["NARROW_COLUMNS", "WIDE_COLUMNS", "thin_dots", "thin_line"]
