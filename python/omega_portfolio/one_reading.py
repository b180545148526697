"""Streams that can be read only once, read for several readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.errors import InvalidFrame, describe

if TYPE_CHECKING:
    import pyarrow as pa


def read_once(value: object, name: str) -> pa.Table:
    """Read a stream or an array to its end and check what it says of itself.

    Cells are looked at only when they are asked for.

    Raises
    ------
    InvalidFrame
        It cannot be read, or its parts do not fit together.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from omega_portfolio.one_reading import read_once
    >>> read_once(pa.table({"time": [1, 2]}).to_reader(), "bars").num_rows
    2
    """
    import pyarrow as pa

    try:
        if hasattr(value, "__arrow_c_stream__"):
            table = pa.RecordBatchReader.from_stream(value).read_all()
        else:
            table = pa.Table.from_batches([pa.record_batch(value)])
        table.validate()
    except Exception as error:
        # Its producer is code of somebody else and may raise anything.
        rule, remedy = "cannot be read as an Arrow table", "pass a frame"
        raise InvalidFrame(name, describe(str(error)), rule, remedy) from error
    return table


__all__ = ["read_once"]
