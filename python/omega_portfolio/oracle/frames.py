"""Frames of other libraries: read whole, checked, and given as columns of Python values.

Prices (N8) and events (E2) come in through here. All of a frame is read before anything else
happens: its producer may be a generator that calls the same portfolio.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import InvalidFrame, OmegaPortfolioError, describe

if TYPE_CHECKING:
    import pyarrow as pa


class Holds(Enum):
    """What a column holds; the value says which types it may have."""

    TEXT = "text"
    NUMBER = "an integer, a float, or a decimal of at most 128 bits"
    WHOLE = "an integer"
    TIME = "a timestamp, a date, or an integer"
    FLAG = "a boolean"


_NANOSECONDS: Final = {
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
    "day": 86_400_000_000_000,
}


class Place(str):
    """Name of a column that knows the row of its cell."""

    __slots__ = ("row",)

    row: int

    @classmethod
    def at(cls, row: int, column: str) -> Place:
        """Name a cell."""
        place = cls(column)
        place.row = row
        return place


def placed(error: OmegaPortfolioError, row: int, column: str) -> OmegaPortfolioError:
    """Give a refusal the place of the cell that it is about (E7)."""
    value = f"row {row}, column {column}: {error.value}"
    return type(error)("events", value, error.rule, error.remedy)


class Frame:
    """A table that a caller gave.

    Parameters
    ----------
    argument : str
        The argument that it came in, for refusals.
    table : pyarrow.Table
        All of its rows.
    """

    __slots__ = ("argument", "table")

    def __init__(self, argument: str, table: pa.Table) -> None:
        self.argument = argument
        self.table = table

    @classmethod
    def read(cls, argument: str, producer: object, columns: Collection[str] | None = None) -> Frame:
        """Read an Arrow stream or array to its end and check what it says of itself.

        With `columns`, what the other ones hold is not looked at.

        Raises
        ------
        InvalidFrame
            It cannot be read, or is no table.
        """
        try:
            return cls(argument, _read_table(producer, columns))
        except Exception as error:
            # A producer is code of somebody else and may raise anything.
            raise InvalidFrame(
                argument, describe(str(error)), "cannot be read as an Arrow stream", "pass a frame"
            ) from error

    def without_null_columns(self) -> Frame:
        """Give the same frame without the columns of type null."""
        import pyarrow as pa

        kept = [
            index
            for index, field in enumerate(self.table.schema)
            if not pa.types.is_null(field.type)
        ]
        return Frame(self.argument, self.table.select(kept))

    def require_known(self, known: Collection[str], remedy: str) -> None:
        """Refuse a column that is not known or stands twice.

        Raises
        ------
        InvalidFrame
            The first such column.
        """
        present = self.table.column_names
        for name in present:
            if present.count(name) > 1:
                raise self.refused(f"column {name}", "stands twice", "pass each column once")
            if name not in known:
                raise self.refused(f"column {name}", "is not known here", remedy)

    def require_type(self, name: str, holds: Holds) -> None:
        """Refuse a type that a column does not take.

        Raises
        ------
        InvalidFrame
            It is of another type.
        """
        arrow_type = self.table.column(name).type
        if not _is_taken(arrow_type, holds):
            raise self.refused(
                f"column {name}: {arrow_type}", f"must be {holds.value}", "cast the column"
            )

    def cells(self, name: str, holds: Holds) -> list[Any]:
        """Give the cells of a column as Python values, None for a null.

        A float of any width is a ``float``, and a time the nanoseconds since 1970.
        """
        import pyarrow as pa

        column = self.table.column(name)
        if holds is Holds.TIME:
            return _nanoseconds(column)
        cells: list[Any] = column.to_pylist()
        if pa.types.is_floating(column.type):
            return [None if cell is None else float(cell) for cell in cells]
        return cells

    def refused(self, value: str, rule: str, remedy: str) -> InvalidFrame:
        """Make the refusal of this frame."""
        return InvalidFrame(self.argument, value, rule, remedy)


def _read_table(producer: object, looked_at: Collection[str] | None) -> pa.Table:
    import pyarrow as pa

    if hasattr(producer, "__arrow_c_stream__"):
        stream = pa.chunked_array(producer)
        chunks, kind = stream.chunks, stream.type
    else:
        array = pa.array(producer)
        chunks, kind = [array], array.type
    if not pa.types.is_struct(kind):
        raise TypeError(f"the rows are {kind} and no records")
    schema = pa.schema(list(kind))
    batches = []
    for chunk in chunks:
        chunk.validate()
        if chunk.null_count:
            raise ValueError("a whole row is null")
        columns = chunk.flatten()
        for name, column in zip(schema.names, columns, strict=True):
            if looked_at is None or name in looked_at:
                _validate(name, column)
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    return pa.Table.from_batches(batches, schema)


def _validate(name: str, column: pa.Array) -> None:
    """Look at every cell of a column: an index, an offset or a text may be broken."""
    try:
        column.validate(full=True)
    except ValueError as error:
        raise ValueError(f"column {name}: {error}") from error


def _nanoseconds(column: pa.ChunkedArray) -> list[int | None]:
    import pyarrow as pa

    unit = _time_unit(column.type)
    if unit is None:
        # Integers are microseconds; those of 64 unsigned bits fit into no other type.
        unit, ticks = "us", column
    else:
        ticks = column.cast(pa.int32() if pa.types.is_date32(column.type) else pa.int64())
    scale = _NANOSECONDS[unit]
    return [None if tick is None else tick * scale for tick in ticks.to_pylist()]


def _is_taken(arrow_type: pa.DataType, holds: Holds) -> bool:
    import pyarrow as pa

    is_type = pa.types
    if holds is Holds.TEXT:
        kind = arrow_type.value_type if is_type.is_dictionary(arrow_type) else arrow_type
        return bool(
            is_type.is_string(kind) or is_type.is_large_string(kind) or is_type.is_string_view(kind)
        )
    if holds is Holds.FLAG:
        return bool(is_type.is_boolean(arrow_type))
    if is_type.is_integer(arrow_type):
        return True
    if holds is Holds.NUMBER:
        is_decimal = is_type.is_decimal(arrow_type) and not is_type.is_decimal256(arrow_type)
        return bool(is_decimal or is_type.is_floating(arrow_type))
    return holds is Holds.TIME and _time_unit(arrow_type) is not None


def _time_unit(arrow_type: pa.DataType) -> str | None:
    """Give the unit in which a timestamp or date counts; None for other types."""
    import pyarrow as pa

    if pa.types.is_timestamp(arrow_type):
        unit: str = arrow_type.unit
        return unit
    if pa.types.is_date(arrow_type):
        return "day" if pa.types.is_date32(arrow_type) else "ms"
    return None
