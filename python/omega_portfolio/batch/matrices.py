"""Matrices of cells over time, in the forms that users have them in.

A matrix has a row for each time (of each run) and a column for each symbol. It is a frame with
a column ``time`` and one column a symbol, a pandas frame with the times as its index, or a plain
array with times and symbols beside it. A *list* has a row for each time and symbol instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn

from omega_portfolio.batch.inputs import polars_frame
from omega_portfolio.errors import InvalidArgument, InvalidFrame, describe

if TYPE_CHECKING:
    import polars as pl

KEYS: Final = ("run_id", "time")
"""Columns of a frame that name its rows."""

RUN_MAX: Final = 2**32 - 2

DIGITS: Final = 38
"""Digits that a decimal or a whole number of a frame has at most."""

ROWS_MAX: Final = 2**32 - 1
"""More rows than a frame can have."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cells of one type.

    Attributes
    ----------
    keys : polars.DataFrame
        ``time`` of each row, and ``run_id`` when there are runs.
    columns : dict of str to polars.Series
        The cells of each symbol; the one column of no symbol has the name "".
    """

    keys: pl.DataFrame
    columns: dict[str, pl.Series]

    def same_form(self, name: str, first: Matrix, of: str) -> Matrix:
        """Put the columns into the order of another matrix.

        Raises
        ------
        InvalidFrame
            Rows or columns are not the same.
        """
        if self.keys.height != first.keys.height:
            value = f"{self.keys.height} rows"
            remedy = "give both the same rows"
            raise InvalidFrame(name, value, f"is not as long as {of} ({first.keys.height})", remedy)
        if self.keys.columns != first.keys.columns:
            value = f"columns {', '.join(self.keys.columns)}"
            raise InvalidFrame(name, value, f"has other runs than {of}", "give run_id to both")
        for key in self.keys.columns if self.keys is not first.keys else ():
            other = (self.keys[key] != first.keys[key]).arg_true()
            if len(other):
                value = f"row {other[0]}, column {key}: {self.keys[key][other[0]]}"
                raise InvalidFrame(name, value, f"is not that of {of}", "give both the same rows")
        if set(self.columns) != set(first.columns):
            odd = sorted(set(self.columns) ^ set(first.columns))[0]
            rule = f"is a column of only one of {name} and {of}"
            raise InvalidFrame(name, f"column {odd}", rule, "give both the same symbols")
        return Matrix(self.keys, {symbol: self.columns[symbol] for symbol in first.columns})


def frame_of(name: str, given: object) -> pl.DataFrame | None:
    """Give a frame of Polars for whatever is a frame; None for a plain array.

    Raises
    ------
    InvalidArgument
        It is a lazy frame, or neither a frame nor an array.
    """
    import polars as pl

    if isinstance(given, pl.DataFrame):
        return given
    if isinstance(given, pl.LazyFrame):
        rule = "is a lazy frame"
        raise InvalidArgument(name, "LazyFrame", rule, "call collect() on it first")
    if type(given).__module__.partition(".")[0] == "pandas" and (
        hasattr(given, "columns") or hasattr(given, "to_frame")
    ):
        return _of_pandas(name, given)
    if hasattr(given, "__arrow_c_stream__"):
        return polars_frame(given, name)
    if hasattr(given, "__array_interface__"):
        return None
    remedy = "pass a frame with a column time, or an array with times= and symbols="
    raise InvalidArgument(name, describe(given), "is neither a frame nor an array", remedy)


def _of_pandas(name: str, given: Any) -> pl.DataFrame:  # noqa: ANN401 - a frame of pandas.
    """Take the index as the times where there is no such column."""
    import polars as pl

    if not hasattr(given, "columns"):
        given = given.to_frame(given.name if isinstance(given.name, str) else "")
    columns: dict[str, pl.Series] = {}
    for place, column in enumerate(given.columns):
        if not isinstance(column, str):
            remedy = "name the columns by symbol, and map each run_id to its frame"
            raise InvalidFrame(name, f"column {column!r}", "is no name of a symbol", remedy)
        if column in columns:
            raise InvalidFrame(name, f"column {column}", "is there twice", "rename one of them")
        columns[column] = _plain_column(column, given.iloc[:, place])
    frame = pl.DataFrame(list(columns.values()))
    if "time" in frame.columns:
        return frame
    index = given.index
    if index.dtype.kind != "M":
        remedy = "use a DatetimeIndex, or a column time"
        raise InvalidFrame(name, f"index {index.dtype}", "holds no times", remedy)
    naive = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    return frame.insert_column(0, pl.Series("time", naive.to_numpy()))


def _plain_column(name: str, column: Any) -> pl.Series:  # noqa: ANN401 - a column of pandas.
    """Take the values; a missing one of a column of objects becomes null, so that it is named."""
    import polars as pl

    if column.dtype.kind == "O" or not hasattr(column.dtype, "newbyteorder"):
        cells = column.astype(object).where(column.notna(), None)
        return pl.Series(name, cells.tolist(), strict=False)
    return pl.Series(name, column.to_numpy())


def read_matrix(name: str, given: object, times: pl.DataFrame | None, symbols: object) -> Matrix:
    """Read a matrix; the cells are not yet checked.

    Parameters
    ----------
    name : str
        The argument, for messages.
    given : frame or array
        The matrix.
    times : polars.DataFrame or None
        The times of the rows of arrays, from :func:`read_times`.
    symbols : sequence or None
        The names of the columns of arrays.

    Raises
    ------
    InvalidFrame, InvalidArgument
        It has no times, or another form.
    """
    frame = frame_of(name, given)
    if frame is None:
        return _read_array(name, given, times, symbols)
    for option, value in (("times", times), ("symbols", symbols)):
        if value is not None:
            rule = f"is for arrays, and {name} is a frame"
            raise InvalidArgument(option, "(given)", rule, "leave it out")
    keys = read_keys(name, frame)
    columns = {one: frame[one] for one in frame.columns if one not in KEYS}
    if not columns:
        raise InvalidFrame(name, "(none)", "has no column beside time", "add one a symbol")
    twice = keys.is_duplicated().arg_true()
    if len(twice):
        value = f"row {twice[0]}, column time: {keys['time'][twice[0]]}"
        remedy = "give one row a time, or a list with the column symbol"
        raise InvalidFrame(name, value, "is there twice", remedy)
    return Matrix(keys, columns)


def read_keys(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Check the columns that name the rows of a frame."""
    if "time" not in frame.columns:
        remedy = f"the columns found are {', '.join(frame.columns)}; add the column time"
        raise InvalidFrame(name, "column time", "is missing", remedy)
    keys = frame.select([key for key in KEYS if key in frame.columns])
    check_times(name, keys["time"])
    refuse_null(name, keys["time"])
    return keys.with_columns(read_runs(name, keys)) if "run_id" in keys.columns else keys


def read_runs(name: str, frame: pl.DataFrame) -> pl.Series:
    """Check the column run_id, and give it in its own type."""
    import polars as pl

    runs = frame["run_id"]
    refuse_null(name, runs)
    if not runs.dtype.is_integer():
        value = f"column run_id: {runs.dtype}"
        raise InvalidFrame(name, value, "holds no whole numbers", "use an integer type")
    wide: pl.Series = runs.cast(pl.Int64, strict=False)
    wrong = (~wide.is_between(0, RUN_MAX)).fill_null(value=True).arg_true()
    if len(wrong):
        value = f"row {wrong[0]}, column run_id: {runs[wrong[0]]}"
        raise InvalidFrame(name, value, "is not from 0 to 2^32 - 2", "number the runs from 0")
    ids: pl.Series = wide.cast(pl.UInt32)
    return ids


def check_times(name: str, times: pl.Series) -> None:
    """Check that a column holds times."""
    import polars as pl

    kind = times.dtype
    if not (isinstance(kind, pl.Datetime) or kind == pl.Date or kind.is_integer()):
        remedy = "use timestamps, dates, or whole microseconds; str.to_datetime() reads texts"
        raise InvalidFrame(name, f"column time: {kind}", "holds no times", remedy)


def refuse_null(name: str, column: pl.Series, remedy: str = "fill it, or drop the row") -> None:
    """Refuse the first null of a column, by its row and name."""
    if column.null_count():
        row = column.is_null().arg_true()[0]
        raise InvalidFrame(name, f"row {row}, column {column.name}: null", "has no value", remedy)


def read_times(times: object) -> pl.DataFrame | None:
    """Read the times of the rows of arrays.

    Raises
    ------
    InvalidArgument, InvalidFrame
        They are no sequence of times, or one of them is null or there twice.
    """
    import polars as pl

    if times is None:
        return None
    given = times if isinstance(times, pl.Series) else _sequence("times", times)
    if len(given) > ROWS_MAX:
        rule, remedy = f"are more than {ROWS_MAX}", "pass a time for each row"
        raise InvalidArgument("times", describe(times), rule, remedy)
    try:
        column = pl.Series("time", given)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        raise InvalidArgument("times", describe(times), "are no times", "pass datetimes") from None
    check_times("times", column)
    refuse_null("times", column)
    twice = column.is_duplicated().arg_true()
    if len(twice):
        value = f"row {twice[0]}: {column[twice[0]]}"
        raise InvalidFrame("times", value, "is there twice", "pass every time once")
    return pl.DataFrame([column])


def _read_array(
    name: str,
    given: Any,  # noqa: ANN401 - an array of numpy.
    keys: pl.DataFrame | None,
    symbols: object,
) -> Matrix:
    import polars as pl

    if given.ndim not in (1, 2):
        value = f"{given.ndim} dimensions"
        remedy = "pass a row for each time and a column for each symbol"
        raise InvalidFrame(name, value, "has not one or two dimensions", remedy)
    if keys is None:
        raise InvalidArgument("times", "None", f"is needed, as {name} is an array", "pass it")
    if len(given) != keys.height:
        rule = f"is not as long as times ({keys.height})"
        raise InvalidFrame(name, f"{len(given)} rows", rule, "give both the same rows")
    cells = given.reshape(-1, 1) if given.ndim == 1 else given
    if not cells.shape[1]:
        raise InvalidFrame(name, "0 columns", "has no column", "pass one for each symbol")
    names = _symbols(name, symbols, cells.shape[1])
    columns = {
        symbol: pl.Series(symbol or name, cells[:, place]) for place, symbol in enumerate(names)
    }
    return Matrix(keys, columns)


def _symbols(name: str, symbols: object, width: int) -> list[str]:
    """Name the columns of an array; a single one may have no name."""
    if symbols is None:
        if width == 1:
            return [""]
        rule = f"is needed, as {name} has {width} columns"
        raise InvalidArgument("symbols", "None", rule, "name the symbol of each column")
    names = [symbols] if isinstance(symbols, str) else list(_sequence("symbols", symbols))
    if not all(isinstance(one, str) and one for one in names) or len(set(names)) != len(names):
        remedy = "pass each name once, as texts"
        raise InvalidArgument("symbols", describe(symbols), "are not different names", remedy)
    if len(names) != width:
        value = f"{width} columns"
        raise InvalidFrame(name, value, f"is not as wide as symbols ({len(names)})", "match them")
    return names


def _sequence(name: str, value: object) -> Sequence[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return value
    if hasattr(value, "to_numpy") and hasattr(value, "__len__"):
        # An index of pandas.
        return value.to_numpy()  # type: ignore[no-any-return]
    # A scalar of numpy has that too, and no length.
    if hasattr(value, "__array_interface__") and getattr(value, "ndim", False):
        return value  # type: ignore[return-value]
    raise InvalidArgument(name, describe(value), "is no sequence", "pass a list")


def fits(cell: object) -> bool:
    """Whether a number has a place in a column; other ones would panic in Polars."""
    if isinstance(cell, Decimal):
        if not cell.is_finite():
            return False
        _, digits, exponent = cell.as_tuple()
        return isinstance(exponent, int) and -DIGITS <= exponent <= DIGITS - len(digits)
    return not isinstance(cell, int) or -(10**DIGITS) < cell < 10**DIGITS


def by_run(name: str, given: object) -> dict[int, object] | None:
    """Give the parts of a mapping of run_id to matrix; None for anything else.

    Raises
    ------
    InvalidArgument
        It is empty, or a key is no run_id.
    """
    if not isinstance(given, Mapping):
        return None
    for run in given:
        if isinstance(run, bool) or not isinstance(run, int) or not 0 <= run <= RUN_MAX:
            refuse_key(name, run)
    if not given:
        raise InvalidArgument(name, "{}", "has no run", "map each run_id to its matrix")
    return dict(given)


def refuse_key(name: str, run: object) -> NoReturn:
    """Refuse a key that is no run_id."""
    remedy = "use whole numbers from 0 to 2^32 - 2"
    raise InvalidArgument(name, describe(run), "is a key that is no run_id", remedy)


__all__ = [
    "KEYS",
    "Matrix",
    "by_run",
    "check_times",
    "frame_of",
    "read_keys",
    "read_matrix",
    "read_runs",
    "read_times",
    "refuse_null",
]
