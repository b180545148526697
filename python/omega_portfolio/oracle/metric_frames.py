"""Frames that the metrics read: columns of money, prices, times and texts without nulls.

Every refusal here is ``InvalidFrame``: its argument is the frame, its value names column and
row. Cells are converted as the arguments of an event are (N4, N5, N8, T1, T4, T5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, NamedTuple

from omega_portfolio.errors import InvalidArgument, InvalidFrame, OmegaPortfolioError, describe
from omega_portfolio.oracle.frames import Frame, Holds
from omega_portfolio.oracle.numbers import MONEY_SCALE, QUANTITY_SCALE, read_number
from omega_portfolio.oracle.schema import Kind
from omega_portfolio.oracle.texts import (
    SIDE_NAMES,
    check_symbol,
    read_side,
    read_symbol,
    read_text,
)
from omega_portfolio.oracle.times import read_nanoseconds, to_datetime


class Reader(NamedTuple):
    """What a column holds, how a cell is read, and its kind in a table."""

    holds: Holds
    read: Callable[[str, Any], Any]
    kind: Kind


def _money(name: str, cell: object) -> int:
    return read_number(name, cell, MONEY_SCALE, "nearest")


def _quantity(name: str, cell: object) -> int:
    return read_number(name, cell, QUANTITY_SCALE, "nearest")


def _symbol(name: str, cell: object) -> str:
    symbol = read_symbol(name, cell)
    check_symbol(name, symbol)
    return symbol


def _side(name: str, cell: object) -> str:
    return SIDE_NAMES[read_side(name, cell)]


TIME: Final = Reader(Holds.TIME, read_nanoseconds, Kind.TIME)
MONEY: Final = Reader(Holds.NUMBER, _money, Kind.MONEY)
QUANTITY: Final = Reader(Holds.NUMBER, _quantity, Kind.QUANTITY)
SYMBOL: Final = Reader(Holds.TEXT, _symbol, Kind.TEXT)
SIDE: Final = Reader(Holds.TEXT, _side, Kind.TEXT)
TEXT: Final = Reader(Holds.TEXT, read_text, Kind.TEXT)


def read_frame(argument: str, producer: object) -> Frame:
    """Read an Arrow table as :func:`read_arrow`; a column of type null is as if it were absent."""
    return read_arrow(argument, producer).without_null_columns()


def read_arrow(argument: str, producer: object, columns: Collection[str] | None = None) -> Frame:
    """Read an Arrow table to its end; with `columns`, the cells of these alone are looked at.

    Raises
    ------
    InvalidArgument
        It is no Arrow table.
    InvalidFrame
        It cannot be read.
    """
    if hasattr(producer, "__arrow_c_stream__") or hasattr(producer, "__arrow_c_array__"):
        return Frame.read(argument, producer, columns)
    raise InvalidArgument(
        argument,
        describe(producer),
        "must be an Arrow table",
        "pass a frame of Polars or pandas, or a table of pyarrow",
    )


def read_column(frame: Frame, name: str, reader: Reader) -> list[Any]:
    """Convert the cells of a column that must be there.

    Raises
    ------
    InvalidFrame
        The column is missing, stands twice, has a wrong type or a null, or a cell is refused.
    """
    count = frame.table.column_names.count(name)
    if count != 1:
        raise frame.refused(
            f"column {name}",
            "stands twice" if count else "is missing",
            "pass each column once" if count else "add the column",
        )
    frame.require_type(name, reader.holds)
    cells = []
    for row, cell in enumerate(frame.cells(name, reader.holds)):
        if cell is None:
            raise refused_cell(frame, (name, row), "null", "must not be null", "drop the row")
        try:
            cells.append(reader.read(name, cell))
        except OmegaPortfolioError as error:
            raise refused_cell(frame, (name, row), error.value, error.rule, error.remedy) from None
    return cells


def read_times(frame: Frame) -> list[int]:
    """Convert the column ``time``, which never decreases.

    Raises
    ------
    InvalidFrame
        As :func:`read_column`, or a time is before the one in front of it.
    """
    times = read_column(frame, "time", TIME)
    for row in range(1, len(times)):
        if times[row] < times[row - 1]:
            raise refused_time(frame, ("time", row), times[row], "is before the row above it")
    return times


def refused_time(frame: Frame, place: tuple[str, int], time: int, rule: str) -> InvalidFrame:
    """Make the refusal of a time that is one."""
    return refused_cell(frame, place, to_datetime(time).isoformat(), rule, "sort or correct it")


def refused_cell(
    frame: Frame, place: tuple[str, int], value: str, rule: str, remedy: str
) -> InvalidFrame:
    """Make the refusal of a cell."""
    name, row = place
    return frame.refused(f"column {name}, row {row}: {value}", rule, remedy)


def present(frame: Frame, names: Sequence[str]) -> list[str]:
    """Give those names that the frame has a column of."""
    return [name for name in names if name in frame.table.column_names]
