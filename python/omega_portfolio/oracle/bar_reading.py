"""Bars that callers give: mappings and Arrow frames (SPEC G1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any, Final, NamedTuple

from omega_portfolio.errors import InvalidArgument, InvalidTime, OmegaPortfolioError, describe
from omega_portfolio.oracle.codec import PATHS
from omega_portfolio.oracle.events import Bar
from omega_portfolio.oracle.frames import Frame, Holds, Place
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, FloatPolicy, read_number
from omega_portfolio.oracle.prices import read_cell
from omega_portfolio.oracle.texts import read_symbol, read_word
from omega_portfolio.oracle.times import read_nanoseconds

_PRICES: Final = ("open", "high", "low", "close")
_SPREAD: Final = "spread"
_HOLDS: Final = {"time": Holds.TIME, "symbol": Holds.TEXT}
_REMEDY: Final = "pass symbol, open, high, low, close, and spread if there is one"


def read_path(path: object) -> int | None:
    """Take the name of a path; None is the portfolio's.

    Raises
    ------
    InvalidArgument
        It is no path.
    """
    if path is None:
        return None
    return PATHS.index(read_word("path", path, PATHS))


def read_bars(bars: object, policy: FloatPolicy) -> tuple[Bar, ...]:
    """Convert bars of one time, in their order.

    Raises
    ------
    InvalidArgument
        They are neither a mapping nor an Arrow table, or a bar is of a wrong shape or type.
    InvalidFrame
        A frame has wrong columns or types, or a null.
    InvalidSymbol, InvalidNumber, NumberOutOfRange
        A symbol or a number cannot be converted.
    """
    if _is_frame(bars):
        rows = _Rows.read(bars, ("symbol",))
        return tuple(rows.bar(row, policy) for row in range(len(rows)))
    if isinstance(bars, Mapping):
        return tuple(_from_items(bars.items(), policy))
    raise InvalidArgument(
        "bars",
        describe(bars),
        "must be a mapping or an Arrow table",
        "pass {symbol: (open, high, low, close)}, or a frame with these columns",
    )


def read_timed_bars(bars: object, policy: FloatPolicy) -> list[TimedBars]:
    """Convert a whole frame of bars: consecutive rows of one time are one event.

    Raises
    ------
    InvalidArgument
        It is no Arrow table.
    InvalidFrame
        It has wrong columns or types, or a null.
    InvalidTime, InvalidSymbol, InvalidNumber, NumberOutOfRange
        A cell cannot be converted.
    """
    if not _is_frame(bars):
        raise InvalidArgument(
            "bars",
            describe(bars),
            "must be an Arrow table",
            "pass a frame with the columns time, symbol, open, high, low, close",
        )
    rows = _Rows.read(bars, ("time", "symbol"))
    timed = []
    for row in range(len(rows)):
        time = rows.time(row)
        timed.append((time, row, rows.bar(row, policy)))
    groups = []
    for time, group in groupby(timed, key=lambda cells: cells[0]):
        members = list(group)
        groups.append(TimedBars(members[0][1], time, tuple(bar for _, _, bar in members)))
    return groups


class TimedBars(NamedTuple):
    """The bars of one time, and the row of the first."""

    row: int
    time: int
    bars: tuple[Bar, ...]

    def placed(self, error: OmegaPortfolioError) -> OmegaPortfolioError:
        """Give a refusal the place of the cell that it is about."""
        argument = error.argument
        row = argument.row if isinstance(argument, Place) else self.row
        value = f"row {row}, column {argument}: {error.value}"
        return type(error)("bars", value, error.rule, error.remedy)


class _Rows:
    """The checked columns of a frame of bars."""

    __slots__ = ("_columns",)

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns["symbol"])

    @classmethod
    def read(cls, producer: object, keys: tuple[str, ...]) -> _Rows:
        """Read a frame that has some columns of keys and those of bars (N8)."""
        frame = Frame.read("bars", producer)
        present = frame.table.column_names
        names = keys + _PRICES
        frame.require_known((*names, _SPREAD), _REMEDY)
        for name in names:
            if name not in present:
                raise frame.refused(f"column {name}", "is missing", _REMEDY)
        if _SPREAD in present:
            names = (*names, _SPREAD)
        for name in names:
            frame.require_type(name, _HOLDS.get(name, Holds.NUMBER))
            column = frame.table.column(name)
            if column.null_count:
                row = column.is_null().index(value=True).as_py()
                raise frame.refused(
                    f"column {name}, row {row}: null", "must not be null", "drop the row"
                )
        return cls({name: frame.cells(name, _HOLDS.get(name, Holds.NUMBER)) for name in names})

    def time(self, row: int) -> int:
        """Read the time of a row."""
        try:
            return read_nanoseconds("bars", self._columns["time"][row])
        except InvalidTime as error:
            value = f"column time, row {row}: {error.value}"
            raise InvalidTime("bars", value, error.rule, error.remedy) from None

    def bar(self, row: int, policy: FloatPolicy) -> Bar:
        """Read the bar of a row."""
        symbol = read_symbol("symbol", self._columns["symbol"][row])
        numbers = {_SPREAD: 0}
        for name in (*_PRICES, _SPREAD):
            column = self._columns.get(name)
            if column is not None:
                place = f"column {name}, row {row}"
                numbers[name] = read_cell("bars", place, column[row], policy)
        return _bar(symbol, numbers, partial(Place.at, row))


def _is_frame(bars: object) -> bool:
    return hasattr(bars, "__arrow_c_stream__") or hasattr(bars, "__arrow_c_array__")


def _from_items(items: Iterable[tuple[object, object]], policy: FloatPolicy) -> Iterator[Bar]:
    for key, value in items:
        symbol = read_symbol("symbol", key)
        numbers = {_SPREAD: 0}
        for name, number in _cells(symbol, value).items():
            numbers[name] = read_number("bars", number, QUANTITY_SCALE, policy)
        yield _bar(symbol, numbers)


def _cells(symbol: str, value: object) -> dict[str, object]:
    """Give the numbers of a bar by name, in the order of G1."""
    names = (*_PRICES, _SPREAD)
    if isinstance(value, Mapping):
        if set(value) in (set(_PRICES), set(names)):
            return {name: value[name] for name in names if name in value}
    elif isinstance(value, tuple | list) and len(value) in (len(_PRICES), len(names)):
        return dict(zip(names, value, strict=False))
    raise InvalidArgument(
        "bars",
        describe(value),
        f"is no bar of {describe(symbol)}",
        "pass (open, high, low, close) or (open, high, low, close, spread)",
    )


def _bar(symbol: str, numbers: Mapping[str, int], place: Callable[[str], str] = str) -> Bar:
    opened, high, low, close = (numbers[name] for name in _PRICES)
    return Bar(symbol, opened, high, low, close, numbers[_SPREAD], place)
