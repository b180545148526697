"""Two tables are the same when their columns are, and each cell, byte by byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from omega_portfolio.bench.answers import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from omega_portfolio.types import Table


@dataclass(slots=True)
class Visited:
    """How much was compared, and a hash over it.

    Attributes
    ----------
    cells : int
        Cells of tables, exact and float views counted apart.
    scalars : int
        Scalars, position attributes and metrics.
    digests : int
        Digests of portfolios.
    """

    cells: int = 0
    scalars: int = 0
    digests: int = 0
    _hash: Any = field(default_factory=lambda: blake2b(digest_size=32))

    def add(self, data: bytes | str) -> None:
        """Take compared data into the hash."""
        self._hash.update(data.encode() if isinstance(data, str) else data)

    def hexdigest(self) -> str:
        """Return the hash over everything added so far."""
        text: str = self._hash.hexdigest()
        return text


def compare_tables(label: str, left: Table, right: Table, visited: Visited) -> Iterator[Difference]:
    """Compare two tables: their columns, and their cells byte by byte.

    Parameters
    ----------
    label : str
        What they are called in a difference.
    left, right : Table
        The tables.
    visited : Visited
        Takes count of what was compared.

    Yields
    ------
    Difference
    """
    if len(left) != len(right):
        yield Difference(f"rows of the {label}", str(len(left)), str(len(right)))
        return
    left_table, right_table = left.to_pyarrow(), right.to_pyarrow()
    if not left_table.schema.equals(right_table.schema, check_metadata=True):
        schemas = str(left_table.schema), str(right_table.schema)
        yield Difference(f"schema of the {label}", *schemas)
        return
    if left.columns != right.columns or left_table.num_rows != len(left):
        yield Difference(f"shape of the {label}", str(left.columns), str(right.columns))
    for name in left_table.column_names:
        nulls = left_table[name].null_count, right_table[name].null_count
        if any(nulls) and not left_table.schema.field(name).nullable:
            yield Difference(f"nulls in column {name} of the {label}", *map(str, nulls))
        left_bytes = _column_bytes(left_table[name])
        visited.cells += len(left)
        visited.add(left_bytes)
        if left_bytes != _column_bytes(right_table[name]):
            yield _first_row(f"column {name} of the {label}", left_table[name], right_table[name])


def _column_bytes(column: pa.ChunkedArray) -> bytes:
    """Give the values of a column as bytes that are equal exactly when the values are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = column.combine_chunks()
    if len(array) == 0:
        return b""
    if pa.types.is_string_view(array.type):
        # Views may lay out the same texts in many ways; offsets and data have one layout.
        array = array.cast(pa.large_string())
    if array.null_count:
        validity = _fixed_bytes(pc.is_valid(array).cast(pa.uint8()), 1)
        return validity + _column_bytes(pa.chunked_array([array.drop_null()]))
    if not pa.types.is_large_string(array.type):
        return _fixed_bytes(array, array.type.bit_width // 8)
    _, offsets, texts = array.buffers()
    bounds = memoryview(offsets).cast("B").cast("q")
    first, last = bounds[array.offset], bounds[array.offset + len(array)]
    text_bytes = b"" if texts is None else bytes(memoryview(texts)[first:last])
    return _fixed_bytes(pc.binary_length(array), 8) + text_bytes


def _fixed_bytes(array: pa.Array, width: int) -> bytes:
    data = memoryview(array.buffers()[1])
    return bytes(data[array.offset * width : (array.offset + len(array)) * width])


def _first_row(label: str, left: pa.ChunkedArray, right: pa.ChunkedArray) -> Difference:
    """Find the first row in which two columns of one length differ."""
    for row in range(len(left)):
        left_cell, right_cell = left.slice(row, 1), right.slice(row, 1)
        if _column_bytes(left_cell) != _column_bytes(right_cell):
            cells = repr(left_cell[0].as_py()), repr(right_cell[0].as_py())
            return Difference(f"row {row} of {label}", *cells)
    raise AssertionError(f"{label}: the bytes differ and no row does")


__all__ = ["Visited", "compare_tables"]
