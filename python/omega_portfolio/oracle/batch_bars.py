"""The bars of a batch: read once, checked, and cut into moments (SPEC R1).

What an account says of a bar, its grid for instance, is asked when the bar comes to it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import groupby
from typing import Any, Final, NamedTuple

from omega_portfolio.errors import InvalidFrame, OmegaPortfolioError, describe
from omega_portfolio.oracle.events import Bar
from omega_portfolio.oracle.frames import Frame, Holds
from omega_portfolio.oracle.metric_frames import read_arrow
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, FloatPolicy, plain_text, read_number
from omega_portfolio.oracle.texts import check_symbol, read_symbol
from omega_portfolio.oracle.times import read_nanoseconds, to_datetime

BARS: Final = "bars"
_PRICES: Final = ("open", "high", "low", "close")
_SPREAD: Final = "spread"
_QUOTES: Final = ("bid", "ask")
_COLUMNS: Final = ("time", "symbol", *_PRICES, _SPREAD, *_QUOTES)
_REMEDY: Final = "pass time, symbol, open, high, low, close, and spread if there is one"


class Moment(NamedTuple):
    """The bars of one time, in the order of their rows."""

    time: int
    bars: tuple[Bar, ...]

    def bar_of(self, symbol: str) -> Bar | None:
        """Give the bar of a symbol, if it has one."""
        return next((bar for bar in self.bars if bar.symbol == symbol), None)


class BatchBars:
    """All bars of a batch.

    Parameters
    ----------
    moments : list of Moment
        By time; each symbol once in each of them.

    Attributes
    ----------
    symbols : list of str
        In the order of their first bar.
    """

    __slots__ = ("_times", "_with", "moments", "symbols")

    def __init__(self, moments: list[Moment]) -> None:
        self.moments = moments
        self._with: dict[str, list[Moment]] = {}
        for moment in moments:
            for bar in moment.bars:
                self._with.setdefault(bar.symbol, []).append(moment)
        self.symbols = list(self._with)
        self._times = {
            symbol: [moment.time for moment in with_bar] for symbol, with_bar in self._with.items()
        }

    def first_time(self, symbol: str) -> int:
        """Give the time of the first bar of a symbol."""
        return self._times[symbol][0]

    def at_or_after(self, symbol: str, time: int) -> Moment | None:
        """Give the first moment with a bar of a symbol that is not before a time."""
        return self._find(symbol, bisect_left(self._times[symbol], time))

    def after(self, symbol: str, time: int) -> Moment | None:
        """Give the first moment with a bar of a symbol that is later than a time."""
        return self._find(symbol, bisect_right(self._times[symbol], time))

    def _find(self, symbol: str, place: int) -> Moment | None:
        with_bar = self._with[symbol]
        return with_bar[place] if place < len(with_bar) else None


def read_batch_bars(producer: object, only: str | None, policy: FloatPolicy) -> BatchBars:
    """Read the bars of a batch.

    Parameters
    ----------
    producer : object
        The frame.
    only : str or None
        The symbol of bars without a column of symbols.
    policy : {"nearest", "strict"}
        What becomes of the digits of a float beyond the scale.

    Raises
    ------
    InvalidArgument
        It is no Arrow table.
    InvalidFrame
        The first column, cell or rule that is broken, by row.
    """
    frame = read_arrow(BARS, producer, _COLUMNS)
    moments: list[Moment] = []
    rows = _Rows(_columns_of(frame, only), only, policy)
    timed = [rows.timed_bar(row) for row in range(frame.table.num_rows)]
    for time, group in groupby(timed, key=lambda pair: pair[0]):
        moments.append(Moment(time, tuple(bar for _, bar in group)))
    return BatchBars(moments)


def _columns_of(frame: Frame, only: str | None) -> dict[str, list[Any]]:
    """Check the columns that are read, and give their cells; others may be there."""
    present = frame.table.column_names
    wanted = {"time": Holds.TIME, "symbol": Holds.TEXT}
    if only is not None and "symbol" not in present:
        del wanted["symbol"]
    wanted |= dict.fromkeys(_PRICES, Holds.NUMBER)
    sides = [name for name in _QUOTES if name in present]
    if _SPREAD in present:
        wanted[_SPREAD] = Holds.NUMBER
        if sides:
            raise frame.refused(
                f"column {_SPREAD}", f"stands beside {sides[0]}", "pass spread, or bid and ask"
            )
    elif sides:
        wanted |= dict.fromkeys(_QUOTES, Holds.NUMBER)
    for name in wanted:
        if present.count(name) != 1:
            twice = name in present
            rule = "stands twice" if twice else "is missing"
            raise frame.refused(
                f"column {name}", rule, "pass each column once" if twice else _REMEDY
            )
    for name, holds in wanted.items():
        frame.require_type(name, holds)
    return {name: frame.cells(name, holds) for name, holds in wanted.items()}


class _Rows:
    """The rows of the frame, read and checked from the first to the last."""

    __slots__ = ("_columns", "_only", "_policy", "_seen", "_time")

    def __init__(
        self, columns: dict[str, list[Any]], only: str | None, policy: FloatPolicy
    ) -> None:
        self._columns = columns
        self._only = only
        self._policy = policy
        self._time: int | None = None
        self._seen: set[str] = set()

    def timed_bar(self, row: int) -> tuple[int, Bar]:
        """Read a row and hold it against the rules and the rows above it."""
        time: int = self._cell(row, "time", lambda cell: read_nanoseconds("time", cell))
        symbol = self._only or ""
        if "symbol" in self._columns:
            symbol = self._cell(row, "symbol", _symbol)
        numbers: dict[str, int] = {
            name: self._cell(
                row,
                name,
                lambda cell: read_number("number", cell, QUANTITY_SCALE, self._policy),
            )
            for name in (*_PRICES, _SPREAD, *_QUOTES)
            if name in self._columns
        }
        if self._time is not None and time < self._time:
            raise _refused(
                row,
                "time",
                to_datetime(time).isoformat(),
                "is before the row above it",
                "sort the bars by time",
            )
        if time != self._time:
            self._seen.clear()
        self._time = time
        if symbol in self._seen:
            raise _refused(
                row,
                "symbol",
                describe(symbol),
                "has another bar of this time",
                "pass each symbol once for each time",
            )
        self._seen.add(symbol)
        return time, _bar(row, symbol, numbers)

    def _cell(self, row: int, name: str, read: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        cell = self._columns[name][row]
        if cell is None:
            raise _refused(row, name, "null", "must not be null", "drop the row")
        try:
            return read(cell)
        except OmegaPortfolioError as error:
            raise _refused(row, name, error.value, error.rule, error.remedy) from None


def _symbol(cell: object) -> str:
    symbol = read_symbol("symbol", cell)
    check_symbol("symbol", symbol)
    return symbol


def _bar(row: int, symbol: str, numbers: dict[str, int]) -> Bar:
    """Make the bar of a row, or refuse what no account would take (G1)."""
    for name in _PRICES:
        if numbers[name] <= 0:
            raise _number(row, name, numbers[name], "must be greater than 0")
    opened, high, low, close = (numbers[name] for name in _PRICES)
    if "bid" in numbers:
        spread = numbers["ask"] - numbers["bid"]
        if spread < 0:
            raise _number(row, "ask", numbers["ask"], "is below the bid")
    else:
        spread = numbers.get(_SPREAD, 0)
        if spread < 0:
            raise _number(row, _SPREAD, spread, "must not be negative")
    if low > min(opened, close):
        raise _number(row, "low", low, "is above the open or the close")
    if high < max(opened, close):
        raise _number(row, "high", high, "is below the open or the close")
    return Bar(symbol, opened, high, low, close, spread)


def _number(row: int, name: str, number: int, rule: str) -> InvalidFrame:
    return _refused(row, name, plain_text(number, QUANTITY_SCALE), rule, "correct the bar")


def _refused(row: int, name: str, value: str, rule: str, remedy: str) -> InvalidFrame:
    return InvalidFrame(BARS, f"row {row}, column {name}: {value}", rule, remedy)
