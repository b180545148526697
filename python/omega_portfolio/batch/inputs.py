"""What a batch reads: frames, readers and files, as something that exports Arrow.

A frame is handed on as it is; the backend checks every cell. A CSV file holds text only, so its
columns are read here, exactly, into the types that rules R2 and R3 of SPEC section 20 ask for.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omega_portfolio.cells import CellError
from omega_portfolio.errors import InvalidArgument, InvalidFrame, describe
from omega_portfolio.file_columns import decimal_column, money_column, time_column
from omega_portfolio.files import read_source
from omega_portfolio.one_reading import read_once

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl
    import pyarrow as pa

    from omega_portfolio.files import Source
    from omega_portfolio.types import ArrowStream

BAR_COLUMNS: Final = ("time", "symbol", "open", "high", "low", "close", "spread", "bid", "ask")
TIMES: Final = frozenset({"time", "exit_time", "expiry"})
FLAGS: Final = frozenset({"if_flat"})
PARSED: Final = FLAGS | {"run_id"}
MONEY: Final = frozenset({"initial_balance"})
DECIMALS: Final = frozenset(
    {
        *("open", "high", "low", "close", "spread", "bid", "ask", "size", "price"),
        *("stop_loss", "stop_loss_distance", "stop_loss_rate"),
        *("take_profit", "take_profit_distance", "take_profit_rate"),
        *("trailing", "trailing_rate", "break_even", "break_even_offset"),
        *("leverage", "margin_call", "stop_out"),
        *("commission_rate", "commission_per_lot", "commission_per_unit", "commission_per_trade"),
        *("slippage_points", "slippage_rate"),
    }
)

DECIMAL_DIGITS: Final = 38

_FLAG_WORDS: Final = {"true": True, "1": True, "false": False, "0": False}


def taken(value: object, name: str, labels: Collection[str] = ()) -> ArrowStream:
    r"""Make something that can be read, more than once, out of what a caller passed.

    Parameters
    ----------
    value : Arrow table, reader, str or path
        A path names a Parquet, Arrow IPC or CSV file.
    name : {"bars", "orders", "params"}
        What it is.
    labels : collection of str
        Columns of ``params`` that may hold anything.

    Returns
    -------
    ArrowStream
        The rows.

    Raises
    ------
    InvalidArgument
        It is none of these.
    InvalidFrame
        A file cannot be read, or a cell of a CSV file cannot.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from omega_portfolio.batch.inputs import taken
    >>> path = Path(tempfile.mkdtemp()) / "params.csv"
    >>> _ = path.write_text("stop_loss_rate,name\n0.01,tight\n0.05,\n")
    >>> taken(path, "params", ["name"]).rows()
    [(Decimal('0.010000000'), 'tight'), (Decimal('0.050000000'), None)]
    """
    if isinstance(value, str | os.PathLike):
        return _of_file(read_source(Path(os.fsdecode(value))), name, labels)
    if _is_lazy(value):
        rule = "is a lazy frame, which has no rows yet"
        raise InvalidArgument(name, type(value).__name__, rule, "pass frame.collect()")
    if hasattr(value, "__arrow_c_stream__") and hasattr(value, "__len__"):
        frame: ArrowStream = value
        return frame
    if hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__"):
        # It may be of a kind that can be read only once, and there are several readers.
        table: ArrowStream = read_once(value, name)
        return table
    rule = "is neither an Arrow table nor a path"
    remedy = "pass a frame of Polars, pyarrow, DuckDB or pandas, or the path of a file"
    raise InvalidArgument(name, describe(value), rule, remedy)


def _is_lazy(value: object) -> bool:
    """Whether it is a lazy frame; where nobody imported Polars there is none."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(value, polars.LazyFrame)


def _of_file(source: Source, name: str, labels: Collection[str]) -> pl.DataFrame:
    """Give the columns of a file; those of CSV in the types that they stand for."""
    import polars as pl

    frame = source.frame
    if any(dtype != pl.String for dtype in frame.dtypes):
        # A file that knows types is a frame; the backend reads it.
        return frame
    chosen = [one for one in frame.columns if name != "bars" or one in BAR_COLUMNS]
    return pl.DataFrame([_column(source, one, labels).alias(one) for one in chosen])


def _column(source: Source, column: str, labels: Collection[str]) -> pl.Series:
    import polars as pl

    series: pl.Series = source.frame[column]
    if column in labels:
        series = _label(series)
    elif column in TIMES:
        series = time_column(source, column).cast(pl.Datetime("us", "UTC"))
    elif column in DECIMALS:
        series = decimal_column(source, column)
    elif column in MONEY:
        series = pl.Series(money_column(source, column), dtype=pl.Decimal(38, 18))
    elif column in PARSED:
        series = _parsed(source, column)
    else:
        # A column with an unknown name is refused by the backend, which knows them all.
        series = series.set(series == "", None)
    return series


def _label(texts: pl.Series) -> pl.Series:
    """Read a label as whole numbers or floats when all its cells are such, otherwise as text."""
    import polars as pl

    there = texts.set(texts == "", None)
    for kind in (pl.Int64, pl.Float64):
        values: pl.Series = there.cast(kind, strict=False)
        if values.null_count() == there.null_count():
            return values
    return there


def _parsed(source: Source, column: str) -> pl.Series:
    """Read whole numbers or flags; an empty cell becomes null."""
    import polars as pl

    texts: pl.Series = source.frame[column]
    texts = texts.set(texts == "", None)
    values: pl.Series
    if column in FLAGS:
        values = texts.str.to_lowercase().replace_strict(
            _FLAG_WORDS, default=None, return_dtype=pl.Boolean
        )
        rule, remedy = "is neither true nor false", "write true or false"
    else:
        values = texts.cast(pl.Int64, strict=False)
        rule, remedy = "is no whole number", "write digits only"
    wrong = (values.is_null() & texts.is_not_null()).arg_true()
    if not wrong.is_empty():
        source.refuse(wrong[0], column, CellError(rule, remedy))
    return values


def params_frame(params: ArrowStream | None) -> pl.DataFrame | None:
    """Give the parameters as a frame for the results: run_id first, one row a run.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.batch.inputs import params_frame
    >>> params_frame(pl.DataFrame({"size": [1, 2]})).rows()
    [(0, 1), (1, 2)]
    """
    import polars as pl

    if params is None:
        return None
    frame = params if isinstance(params, pl.DataFrame) else pl.DataFrame(_holdable(params))
    if "run_id" not in frame.columns:
        return frame.with_row_index("run_id")
    return frame.select(pl.col("run_id").cast(pl.UInt32), pl.exclude("run_id"))


def _holdable(params: ArrowStream) -> pa.Table:
    """Give the parameters in types that Polars has."""
    try:
        return holdable(read_once(params, "params"))
    except InvalidFrame as error:
        rule, remedy = "cannot be carried into the results", "leave out the column"
        raise InvalidFrame("params", error.value, rule, remedy) from None


def polars_frame(stream: ArrowStream, name: str) -> pl.DataFrame:
    """Give a frame of Polars over a table whose memory was looked at, cell by cell.

    Raises
    ------
    InvalidFrame
        It cannot be read, or Polars cannot hold it.
    """
    import polars as pl

    if isinstance(stream, pl.DataFrame):
        return stream
    try:
        if type(stream).__module__.partition(".")[0] == "pandas":
            return pl.DataFrame(stream)
        return pl.DataFrame(holdable(read_once(stream, name)))
    except InvalidFrame as error:
        raise InvalidFrame(name, error.value, error.rule, error.remedy) from None
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        rule = f"cannot be read: {str(error).splitlines()[0]}"
        value = type(stream).__name__
        raise InvalidFrame(name, value, rule, "give every column once") from None


def holdable(table: pa.Table) -> pa.Table:
    """Give a table that Polars can hold; another one would end the process.

    Raises
    ------
    InvalidFrame
        A column is of a type that Polars has not, or its memory is not what the type says.
    """
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        column = table.column(place)
        try:
            # The backend has looked at every cell but those of labels.
            column.validate(full=True)
            if pa.types.is_decimal128(field.type) and -DECIMAL_DIGITS <= field.type.scale < 0:
                whole = pa.decimal128(DECIMAL_DIGITS, 0)
                table = table.set_column(place, field.name, column.cast(whole))
            elif not _is_held(field.type):
                raise pa.ArrowInvalid(f"a frame cannot hold {field.type}")
        except pa.ArrowException as error:
            value = f"column {field.name}: {error}"
            raise InvalidFrame("table", value, "cannot be held by Polars", "cast it") from None
    return table


def _is_held(kind: pa.DataType) -> bool:
    """Whether Polars has a type, also inside a dictionary, a list or a record."""
    from pyarrow import types

    if types.is_dictionary(kind):
        values = kind.value_type
        texts = (types.is_string, types.is_large_string, types.is_string_view)
        return any(holds(values) for holds in texts)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_held(kind.value_type)
    if types.is_struct(kind):
        return all(_is_held(field.type) for field in kind)
    held = (
        types.is_null, types.is_boolean, types.is_integer, types.is_floating, types.is_string,
        types.is_large_string, types.is_string_view, types.is_binary, types.is_large_binary,
        types.is_binary_view, types.is_date, types.is_time, types.is_timestamp, types.is_duration,
    )  # fmt: skip
    small = types.is_decimal(kind) and not types.is_decimal256(kind)
    # The cast of a scale beyond all digits would end the process, too.
    return (small and 0 <= kind.scale <= kind.precision) or any(holds(kind) for holds in held)


__all__ = ["holdable", "params_frame", "taken"]
