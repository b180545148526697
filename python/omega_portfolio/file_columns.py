"""Columns of a file as typed values: exact decimals, microseconds, checked text.

A float is read by its shortest text, as everywhere in this package; whatever cannot be read
is an :class:`~omega_portfolio.errors.InvalidFrame` that names file, row, column and value.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from omega_portfolio.cells import (
    MONEY_SCALE,
    PLAIN_DECIMAL,
    PRICE_SCALE,
    TIME_MAX,
    TIME_MIN,
    CellError,
    parse_decimal,
    parse_time,
)
from omega_portfolio.errors import InvalidFrame
from omega_portfolio.files import microseconds_per_unit

# The shapes that a cast reads: a date, or a date and a time to the second, in UTC.
_USUAL_TIME: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,6})?Z?)?$"
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal
    from typing import NoReturn

    import polars as pl

    from omega_portfolio.files import Source


def decimal_column(source: Source, column: str) -> pl.Series:
    """Read a column of prices or sizes exactly; an empty cell becomes null.

    Parameters
    ----------
    source : Source
        What was read.
    column : str
        Name of a column of text, integers, floats or decimals.

    Returns
    -------
    polars.Series
        ``Decimal(38, 9)``.

    Raises
    ------
    InvalidFrame
        The column is of another type, or a cell is no such number.
    """
    import polars as pl

    texts, nearest = _number_texts(source, column)
    # Polars rounds silently what has too many decimals, so only what fits is given to it.
    plain = texts.str.contains(PLAIN_DECIMAL)
    values: pl.Series = texts.cast(pl.Decimal(38, PRICE_SCALE), strict=False)
    others = ((~plain | values.is_null()) & texts.is_not_null()).arg_true()
    if others.is_empty():
        return values
    slow = [
        _parse_cell(source, (row, column), texts[row], (PRICE_SCALE, nearest))
        for row in others.to_list()
    ]
    replaced: pl.Series = values.scatter(others, pl.Series(slow, dtype=values.dtype))
    return replaced


def money_column(source: Source, column: str) -> list[Decimal | None]:
    """Read a column of money exactly; an empty cell becomes None.

    Parameters
    ----------
    source : Source
        What was read.
    column : str
        Name of a column of text, integers, floats or decimals.

    Returns
    -------
    list of Decimal or None
        With 18 decimals.

    Raises
    ------
    InvalidFrame
        The column is of another type, or a cell is no such number.
    """
    texts, nearest = _number_texts(source, column)
    return [
        None if text is None else _parse_cell(source, (row, column), text, (MONEY_SCALE, nearest))
        for row, text in enumerate(texts.to_list())
    ]


def _number_texts(source: Source, column: str) -> tuple[pl.Series, bool]:
    """Give each number as its text, and whether the texts come from floats."""
    import polars as pl

    series = source.frame[column]
    is_text = series.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null)
    if not (is_text or series.dtype.is_numeric()):
        _refuse_type(source, column, "be numbers or text")
    texts = series.cast(pl.String)
    return texts.set(texts == "", None), series.dtype.is_float()


def _parse_cell(
    source: Source, cell: tuple[int, str], text: str, scale: tuple[int, bool]
) -> Decimal:
    decimals, nearest = scale
    try:
        return parse_decimal(text, decimals, nearest=nearest)
    except CellError as error:
        source.refuse(*cell, error)


def time_column(source: Source, column: str) -> pl.Series:
    """Read a column of times; a null stays null.

    Parameters
    ----------
    source : Source
        What was read.
    column : str
        Name of a column of dates, timestamps of any unit and zone (without a zone: UTC),
        integers (microseconds since 1970 UTC) or ISO 8601 text.

    Returns
    -------
    polars.Series
        Int64: microseconds since 1970-01-01T00:00:00Z.

    Raises
    ------
    InvalidFrame
        The column is of another type, or a cell is no time or is not whole microseconds.
    """
    import polars as pl

    series = source.frame[column]
    dtype = series.dtype
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return _parsed_times(source, column)
    if not (dtype in (pl.Date, pl.Datetime) or dtype.is_integer()):
        _refuse_type(source, column, "be times, dates, integers or text")
    # The physical value of a zoned timestamp counts from 1970 UTC, whatever the zone.
    raw = series.to_physical().cast(pl.Int64, strict=False)
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns":
        _refuse_first(source, column, raw % 1000 != 0, "is not whole microseconds")
        whole: pl.Series = raw // 1000
        return whole
    factor = microseconds_per_unit(dtype)
    # Compared before the multiplication, which could overflow.
    outside = (raw < TIME_MIN // factor) | (raw > TIME_MAX // factor)
    outside |= raw.is_null() & series.is_not_null()
    _refuse_first(source, column, outside, "is outside the years 1 to 9999")
    micros: pl.Series = raw * factor
    return micros


def _parsed_times(source: Source, column: str) -> pl.Series:
    """Read ISO 8601 texts: the usual shapes in one go, the others one by one."""
    import polars as pl

    texts: pl.Series = source.frame[column].cast(pl.String)
    texts = texts.set(texts == "", None)
    usual = texts.set(~texts.str.contains(_USUAL_TIME), None)
    usual = usual.str.strip_suffix("Z").str.replace("T", " ", literal=True)
    usual = (usual + " 00:00:00").zip_with(usual.str.len_bytes() == 10, usual)
    moments = usual.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    micros: pl.Series = moments.to_physical()
    # Polars knows a year 0, the calendar here does not.
    micros = micros.set(micros < TIME_MIN, None)
    rest = texts.filter(micros.is_null()).drop_nulls().unique(maintain_order=True).to_list()
    if not rest:
        return micros
    values = []
    for text in rest:
        with _cell_of(source, column, texts, text):
            values.append(parse_time(text))
    replaced: pl.Series = texts.replace_strict(
        pl.Series(rest, dtype=pl.String), pl.Series(values, dtype=pl.Int64), default=None
    )
    return micros.fill_null(replaced)


def text_column(source: Source, column: str, check: Callable[[str], None]) -> pl.Series:
    """Read a column of text; an empty cell becomes null.

    Parameters
    ----------
    source : Source
        What was read.
    column : str
        Name of a column of text, or of integers, which are written out.
    check : callable
        Raises ``CellError`` for a text that may not be there.

    Returns
    -------
    polars.Series
        String.

    Raises
    ------
    InvalidFrame
        The column is of another type, or a cell breaks the check.
    """
    import polars as pl

    series = source.frame[column]
    is_text = series.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null)
    if not (is_text or series.dtype.is_integer()):
        _refuse_type(source, column, "be text")
    texts: pl.Series = series.cast(pl.String)
    texts = texts.set(texts == "", None)
    for text in texts.unique(maintain_order=True).drop_nulls().to_list():
        with _cell_of(source, column, texts, text):
            check(text)
    return texts


def refuse_nulls(source: Source, column: str, values: pl.Series) -> pl.Series:
    """Return ``values`` when no cell of them is empty; refuse the first empty one."""
    if values.null_count():
        row = values.is_null().arg_true()[0]
        source.refuse(row, column, CellError("is needed in every row", "fill the cell"))
    return values


def _refuse_first(source: Source, column: str, broken: pl.Series, rule: str) -> None:
    rows = broken.fill_null(value=False).arg_true()
    if not rows.is_empty():
        source.refuse(rows[0], column, CellError(rule, "correct the cell"))


def _refuse_type(source: Source, column: str, rule: str) -> NoReturn:
    dtype = str(source.frame[column].dtype)
    where = f"{source.name}: column {column}"
    raise InvalidFrame(where, dtype, f"must {rule}", "convert the column")


@contextmanager
def _cell_of(source: Source, column: str, texts: pl.Series, text: str) -> Iterator[None]:
    """Name the first row that has ``text`` when its check fails."""
    try:
        yield
    except CellError as error:
        source.refuse((texts == text).arg_true()[0], column, error)


__all__ = ["decimal_column", "money_column", "refuse_nulls", "text_column", "time_column"]
