"""A table that is made in Python from whole numbers, the same on both backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

import pyarrow as pa

from omega_portfolio.errors import InvalidArgument, NumberOutOfRange, describe

if TYPE_CHECKING:
    import polars as pl

LIMIT: Final = 10**38
"""Decimal128 has 38 digits."""


@final
class ArrowTable:
    """An immutable table over one of pyarrow; see :class:`omega_portfolio.types.Table`."""

    __slots__ = ("_table",)

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        rows: int = self._table.num_rows
        return rows

    def __arrow_c_schema__(self) -> object:
        """Export the schema as a ``PyCapsule`` named ``arrow_schema``."""
        return self._table.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows as a ``PyCapsule`` named ``arrow_array_stream``; may be repeated."""
        return self._table.__arrow_c_stream__(requested_schema)

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        return self._table.schema

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self._table.column_names)

    def select(self, columns: Sequence[str]) -> ArrowTable:
        """Give the same snapshot with only these columns, in this order."""
        known = set(self.columns)
        wrong = isinstance(columns, str | bytes) or not isinstance(columns, Sequence)
        if wrong or not all(isinstance(name, str) and name in known for name in columns):
            raise _unknown(columns, "must be a sequence of columns of the table")
        if len(set(columns)) != len(columns):
            raise _unknown(columns, "names a column twice")
        return ArrowTable(self._table.select(list(columns)))

    def to_polars(self) -> pl.DataFrame:
        """Give the table as a Polars frame."""
        import polars as pl

        return pl.DataFrame(self)

    def to_pyarrow(self) -> pa.Table:
        """Give the table as a pyarrow table."""
        return self._table

    def to_ipc(self) -> bytes:
        """Give the table as an Arrow IPC stream, for storage and transport."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._table.schema) as writer:
            writer.write_table(self._table)
        stream: bytes = sink.getvalue().to_pybytes()
        return stream

    def __repr__(self) -> str:
        from omega_portfolio.display import table_repr

        return table_repr(self)

    def _repr_html_(self) -> str:
        from omega_portfolio.display import table_html

        return table_html(self)


def _unknown(columns: object, rule: str) -> InvalidArgument:
    remedy = "pass names out of table.columns, each once"
    return InvalidArgument("columns", describe(columns), rule, remedy)


def numbers(name: str, cells: Sequence[int], scale: int, *, exact: bool) -> pa.Array:
    """Make a column of numbers out of raw integers.

    Parameters
    ----------
    name : str
        What a number that does not fit is called.
    cells : sequence of int
        Numbers at the scale.
    scale : int
        Their decimals.
    exact : bool
        Decimal128 instead of Float64.

    Returns
    -------
    pyarrow.Array

    Raises
    ------
    NumberOutOfRange
        A number has more than 38 digits.
    """
    for cell in cells:
        if not -LIMIT < cell < LIMIT:
            rule = "has more than 38 digits"
            raise NumberOutOfRange(name, describe(cell), rule, "use smaller numbers")
    if not exact:
        # The quotient of two ints is the nearest double.
        return pa.array([cell / 10**scale for cell in cells], pa.float64())
    octets = b"".join(cell.to_bytes(16, "little", signed=True) for cell in cells)
    kind = pa.decimal128(38, scale)
    return pa.Array.from_buffers(kind, len(cells), [None, pa.py_buffer(octets)])


def raw_numbers(column: pa.ChunkedArray) -> list[int]:
    """Read a column of Decimal128 without nulls as raw integers.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Numbers of any scale.

    Returns
    -------
    list of int
    """
    cells: list[int] = []
    for chunk in column.chunks:
        octets = memoryview(chunk.buffers()[1])
        places = range(chunk.offset * 16, (chunk.offset + len(chunk)) * 16, 16)
        cells.extend(int.from_bytes(octets[at : at + 16], "little", signed=True) for at in places)
    return cells


__all__ = ["ArrowTable", "numbers", "raw_numbers"]
