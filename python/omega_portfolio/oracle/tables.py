"""Frozen tables: lists of integers on the inside, Arrow on the outside (SPEC section 7).

The Arrow columns are built at the first export and kept. pyarrow is imported then.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle.numbers import nearest_double
from omega_portfolio.oracle.schema import Column, Kind

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from omega_portfolio.oracle.schema import Cell, Rows

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
            pa.field(
                column.name, _arrow_type(column.kind, exact=self._exact), nullable=column.nullable
            )
            for column in self._columns
        )

    def select(self, columns: Sequence[str]) -> PythonTable:
        """Give the same snapshot with only these columns, in this order."""
        indexes = _indexes(self.columns, columns)
        return PythonTable(
            [self._columns[index] for index in indexes],
            [self._lists[index] for index in indexes],
            self._length,
            exact=self._exact,
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

        if not self._columns:
            # Only a selection keeps the number of rows when there is no column.
            return pa.table({"row": pa.nulls(self._length)}).select([])
        arrays = [
            _arrow_array(column.kind, cells[: self._length], exact=self._exact)
            for column, cells in zip(self._columns, self._lists, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


class PythonReceipts(PythonTable):
    """What became of a frame of events; see :class:`omega_portfolio.types.Receipts`.

    Parameters
    ----------
    accepted : Rows
        The receipts.
    refused : Rows
        The refused rows.
    exact : bool
        Numbers as Decimal128 instead of Float64.
    """

    _refused: PythonTable

    def __init__(self, accepted: Rows, refused: Rows, *, exact: bool) -> None:
        super().__init__(accepted.columns, accepted.lists, len(accepted), exact=exact)
        table = PythonTable(refused.columns, refused.lists, len(refused), exact=exact)
        self.__dict__["_refused"] = table

    @property
    def refused(self) -> PythonTable:
        """The refused rows: row, code and message."""
        return self._refused


def ipc_bytes(table: pa.Table) -> bytes:
    """Give a pyarrow table as an Arrow IPC stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _indexes(names: list[str], wanted: object) -> list[int]:
    """Find the columns that a caller names."""
    if not isinstance(wanted, Sequence) or isinstance(wanted, str | bytes):
        raise InvalidArgument(
            "columns", describe(wanted), "must be a sequence of names", "pass a list of names"
        )
    indexes: list[int] = []
    for name in wanted:
        if name not in names:
            raise InvalidArgument(
                "columns",
                describe(name),
                "is not a column of this table",
                f"choose from {', '.join(names)}",
            )
        if names.index(name) in indexes:
            raise InvalidArgument(
                "columns", describe(name), "stands twice", "name each column once"
            )
        indexes.append(names.index(name))
    return indexes


def _arrow_type(kind: Kind, *, exact: bool) -> pa.DataType:
    import pyarrow as pa

    types = {
        Kind.TEXT: pa.string_view(),
        Kind.TIME: pa.timestamp("us", "UTC"),
        Kind.DURATION: pa.duration("us"),
        Kind.ID: pa.uint64(),
        Kind.SMALL: pa.int32(),
        Kind.FLOAT: pa.float64(),
        Kind.FLAG: pa.bool_(),
        Kind.NUMBER: pa.uint32(),
    }
    if kind in types:
        return types[kind]
    return pa.decimal128(DECIMAL_PRECISION, kind.value) if exact else pa.float64()


def _arrow_array(kind: Kind, cells: list[Any], *, exact: bool) -> pa.Array:
    """Build one column from raw cells; None is a null."""
    import pyarrow as pa

    arrow_type = _arrow_type(kind, exact=exact)
    if kind not in (Kind.MONEY, Kind.QUANTITY):
        return pa.array(cells, arrow_type)
    numbers = [cell or 0 for cell in cells]
    if exact:
        # A Decimal128 is its raw integer in 16 bytes, lowest byte first.
        raw = b"".join(cell.to_bytes(DECIMAL_BYTES, "little", signed=True) for cell in numbers)
        values = pa.py_buffer(raw)
    else:
        values = pa.py_buffer(array("d", [nearest_double(cell, kind.value) for cell in numbers]))
    return pa.Array.from_buffers(arrow_type, len(cells), [_validity(cells), values])


def _validity(cells: list[Any]) -> pa.Buffer | None:
    """Give the bitmap that says which cells are not null; None when all are there."""
    import pyarrow as pa

    if None not in cells:
        return None
    # An array of booleans is a bitmap.
    return pa.array([cell is not None for cell in cells], pa.bool_()).buffers()[1]
