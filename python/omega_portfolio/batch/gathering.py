"""The true cells of many matrices, gathered, and made orders of in one go.

A frame for each run would cost more than its orders. So the places of the true cells are kept as
they are found, and times, symbols and values are picked for all of them at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from omega_portfolio.batch.matrices import Matrix, refuse_null
from omega_portfolio.errors import InvalidFrame

if TYPE_CHECKING:
    import polars as pl

Scalar: TypeAlias = str | int | float | Decimal | date
"""A value that is the same for all orders of a matrix."""

SIGNALS: Final = {
    "entries": ("open", "long"),
    "exits": ("close", "long"),
    "short_entries": ("open", "short"),
    "short_exits": ("close", "short"),
}
"""Each kind of signal, and action and side of its order."""

_FILL: Final = "fill_null(False), or drop the row"


@dataclass(slots=True)
class Gathered:
    """The true cells of one kind of signal.

    Attributes
    ----------
    kind : str
        One of :data:`SIGNALS`.
    rows : list of polars.Series
        Rows of the true cells of each column.
    keys : list of polars.DataFrame
        What names the rows of the matrix of each column.
    runs : list of int or None
        The run of each column, when the matrices are given by run.
    symbols : list of str
        The symbol of each column.
    places : list of int
        The place of each column in its matrix.
    values : dict of str to list
        For each column a scalar, or the values at its rows.
    """

    kind: str
    rows: list[pl.Series] = field(default_factory=list)
    keys: list[pl.DataFrame] = field(default_factory=list)
    runs: list[int | None] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    values: dict[str, list[Scalar | pl.Series]] = field(default_factory=dict)

    def add(self, run: int | None, matrix: Matrix, cells: Mapping[str, Scalar | Matrix]) -> None:
        """Find the true cells of a matrix."""
        for place, (symbol, column) in enumerate(matrix.columns.items()):
            rows = true_cells(self.kind, column)
            self.rows.append(rows)
            self.keys.append(matrix.keys)
            self.runs.append(run)
            self.symbols.append(symbol)
            self.places.append(place)
            for name, cell in cells.items():
                whole = cell.columns[symbol].gather(rows) if isinstance(cell, Matrix) else cell
                self.values.setdefault(name, []).append(whole)

    def orders(self) -> pl.DataFrame:
        """Make the orders."""
        import polars as pl

        counts = pl.Series([len(rows) for rows in self.rows], dtype=pl.UInt32)
        item = pl.int_range(len(self.rows), dtype=pl.UInt32, eager=True)
        item = item.repeat_by(counts).explode().drop_nulls()
        keys = self._keys()
        if self.runs[0] is not None:
            runs = pl.Series("run_id", self.runs, dtype=pl.UInt32).gather(item)
            keys = keys.insert_column(0, runs)
        if any(self.symbols):
            names = pl.Series("symbol", self.symbols, dtype=pl.String)
            keys = keys.with_columns(names.gather(item))
        places = pl.Series(self.places, dtype=pl.UInt32).gather(item)
        values = {name: _joined(name, cells, item) for name, cells in self.values.items()}
        return part_of(self.kind, keys, places, values)

    def _keys(self) -> pl.DataFrame:
        """Pick run and time of each true cell."""
        import polars as pl

        first = self.keys[0]
        if all(keys is first for keys in self.keys):
            return first[pl.concat(self.rows)]
        for keys, run in zip(self.keys, self.runs, strict=True):
            if keys.schema != first.schema:
                value = f"run {run}, columns {_kinds(keys)}"
                rule = f"are not those of the first run: {_kinds(first)}"
                raise InvalidFrame(self.kind, value, rule, "give all runs the same types")
        return pl.concat([keys[rows] for keys, rows in zip(self.keys, self.rows, strict=True)])


def _kinds(keys: pl.DataFrame) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in keys.schema.items())


def _joined(name: str, cells: list[Scalar | pl.Series], item: pl.Series) -> Scalar | pl.Series:
    """Put the values of all columns together; what is the same everywhere stays a scalar."""
    import polars as pl

    first = cells[0]
    if not isinstance(first, pl.Series):
        if all(cell is first for cell in cells):
            return first
        return pl.Series(name, cells, strict=False).gather(item)
    return pl.concat([cell.alias(name) for cell in cells if isinstance(cell, pl.Series)])


def part_of(
    kind: str, keys: pl.DataFrame, place: pl.Series, values: Mapping[str, Scalar | pl.Series]
) -> pl.DataFrame:
    """Make the orders of one kind of signal, with ``turn`` and ``place`` to sort them by."""
    import polars as pl

    action, side = SIGNALS[kind]
    opens = action == "open"
    values = {"size": 1, **values}
    # A close names the tag of what it closes, and nothing else of an order.
    kept = values if opens else {name: values[name] for name in ("tag",) if name in values}
    made: list[pl.Expr | pl.Series] = [
        value.alias(name) if isinstance(value, pl.Series) else pl.lit(value).alias(name)
        for name, value in kept.items()
    ]
    head: list[pl.Expr | pl.Series] = [pl.lit(action).alias("action"), pl.lit(side).alias("side")]
    turn: list[pl.Expr | pl.Series] = [
        pl.lit(int(opens), dtype=pl.UInt8).alias("turn"),
        place.alias("place"),
    ]
    return keys.with_columns(*head, *made, *turn)


def true_cells(name: str, column: pl.Series) -> pl.Series:
    """Give the rows of the true cells of a column.

    Raises
    ------
    InvalidFrame
        It holds something else, or a null.
    """
    import polars as pl

    if column.dtype != pl.Boolean:
        value = f"column {column.name}: {column.dtype}"
        raise InvalidFrame(name, value, "holds no truth values", "compare, or cast it to bool")
    refuse_null(name, column, _FILL)
    return column.arg_true()


__all__ = ["SIGNALS", "Gathered", "Scalar", "part_of", "true_cells"]
