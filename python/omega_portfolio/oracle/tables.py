"""Frozen tables: lists of integers on the inside, Arrow on the outside (SPEC section 7).

The Arrow columns are built at the first export and kept. pyarrow is imported then.
"""

from __future__ import annotations

from array import array
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omega_portfolio.oracle.numbers import nearest_double
from omega_portfolio.oracle.schema import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    import pyarrow as pa

    from omega_portfolio.oracle.schema import Cell

DECIMAL_PRECISION = 38
DECIMAL_BYTES = 16


class PythonTable:
    """An immutable Arrow table; see :class:`omega_portfolio.types.Table`.

    Parameters
    ----------
    columns : sequence of Column
        Names and kinds.
    lists : sequence of list
        The cells of each column. Later rows may be appended to them by others; what is there
        is never changed, so that the first ``length`` cells are a snapshot.
    length : int
        Number of rows.
    exact : bool
        Numbers as Decimal128 instead of Float64.
    """

    # No __slots__: cached_property keeps the built columns in the __dict__.

    def __init__(
        self,
        columns: Sequence[Column],
        lists: Sequence[list[Cell]],
        length: int,
        *,
        exact: bool,
    ) -> None:
        state = {"_columns": columns, "_lists": lists, "_length": length, "_exact": exact}
        self.__dict__.update(state)

    _columns: Sequence[Column]
    _lists: Sequence[list[Cell]]
    _length: int
    _exact: bool

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse every change."""
        raise AttributeError(f"cannot set {name!r}: a table is frozen")

    def __delattr__(self, name: str) -> None:
        """Refuse every change."""
        raise AttributeError(f"cannot delete {name!r}: a table is frozen")

    def __len__(self) -> int:
        return self._length

    def __arrow_c_schema__(self) -> object:
        """Export the schema as a ``PyCapsule`` named ``arrow_schema``."""
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows as a ``PyCapsule`` named ``arrow_array_stream``; may be repeated."""
        return self.to_pyarrow().__arrow_c_stream__(requested_schema)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self._columns]

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        import pyarrow as pa

        return pa.schema(
            pa.field(column.name, _arrow_type(column.kind, exact=self._exact), nullable=False)
            for column in self._columns
        )

    def to_pyarrow(self) -> pa.Table:
        """Give the table as a pyarrow table."""
        return self._built

    def to_polars(self) -> pl.DataFrame:
        """Give the table as a Polars frame."""
        import polars as pl

        return pl.DataFrame(self)

    def to_ipc(self) -> bytes:
        """Give the table as an Arrow IPC stream."""
        return ipc_bytes(self.to_pyarrow())

    def __repr__(self) -> str:
        from omega_portfolio.display import table_repr

        return table_repr(self)

    def _repr_html_(self) -> str:
        from omega_portfolio.display import table_html

        return table_html(self)

    @cached_property
    def _built(self) -> pa.Table:
        import pyarrow as pa

        arrays = [
            _arrow_array(column.kind, cells[: self._length], exact=self._exact)
            for column, cells in zip(self._columns, self._lists, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def ipc_bytes(table: pa.Table) -> bytes:
    """Give a pyarrow table as an Arrow IPC stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _arrow_type(kind: Kind, *, exact: bool) -> pa.DataType:
    import pyarrow as pa

    if kind is Kind.TEXT:
        return pa.string_view()
    if kind is Kind.TIME:
        return pa.timestamp("us", "UTC")
    if kind is Kind.ID:
        return pa.uint64()
    return pa.decimal128(DECIMAL_PRECISION, kind.value) if exact else pa.float64()


def _arrow_array(kind: Kind, cells: list[Any], *, exact: bool) -> pa.Array:
    """Build one column from raw cells."""
    import pyarrow as pa

    arrow_type = _arrow_type(kind, exact=exact)
    if kind not in (Kind.MONEY, Kind.QUANTITY):
        return pa.array(cells, arrow_type)
    if exact:
        # A Decimal128 is its raw integer in 16 bytes, lowest byte first.
        raw = b"".join(cell.to_bytes(DECIMAL_BYTES, "little", signed=True) for cell in cells)
        return pa.Array.from_buffers(arrow_type, len(cells), [None, pa.py_buffer(raw)])
    doubles = array("d", [nearest_double(cell, kind.value) for cell in cells])
    return pa.Array.from_buffers(arrow_type, len(cells), [None, pa.py_buffer(doubles)])
