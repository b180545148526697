"""Bars and instruments of a run, checked as a whole before anything is traded.

Bars have the columns time, symbol, open, high, low and close; other columns are ignored.
Within a symbol the times rise from row to row, so a duplicate or an unsorted file is refused
with the row that breaks the order. The time of a bar is the moment it opens.

Instruments are optional: symbol, and any of price_decimals, size_decimals, contract_size,
quote_currency and leverage. A symbol without a row gets the default instrument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from omega_portfolio.cells import CellError, check_symbol, check_text, time_text
from omega_portfolio.errors import InvalidFrame, OmegaPortfolioError
from omega_portfolio.file_columns import decimal_column, refuse_nulls, text_column, time_column
from omega_portfolio.files import Source, expect_columns
from omega_portfolio.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal
    from typing import Any

    import polars as pl

    from omega_portfolio.portfolio import Portfolio

PRICES: Final = ("open", "high", "low", "close")
BAR_COLUMNS: Final = ("time", "symbol", *PRICES)
INSTRUMENT_OPTIONS: Final = (
    "price_decimals",
    "size_decimals",
    "contract_size",
    "quote_currency",
    "leverage",
)
BATCH_ROWS: Final = 16_384

Moment: TypeAlias = "tuple[int, dict[str, Decimal]]"
"""A time in microseconds, and the closes of the symbols that have a bar then."""


@dataclass(frozen=True, slots=True)
class Market:
    """What can be traded in a run.

    Attributes
    ----------
    name : str
        Name of the bars in messages.
    bars : polars.DataFrame
        time (microseconds), symbol, open, high, low, close (exact), by time and symbol.
    spans : mapping of str to tuple of int
        First and last time of the bars of each symbol, in microseconds.
    instruments : mapping of str to tuple of int and Instrument
        Definitions of the symbols that do not have the default one, with their row from 0.
    instruments_name : str
        Name of the instruments in messages.
    """

    name: str
    bars: pl.DataFrame
    spans: Mapping[str, tuple[int, int]]
    instruments: Mapping[str, tuple[int, Instrument]]
    instruments_name: str

    @property
    def first(self) -> int:
        """Time of the first bar of all."""
        return min(first for first, _ in self.spans.values())

    @property
    def last(self) -> int:
        """Time of the last bar of all."""
        return max(last for _, last in self.spans.values())

    @property
    def times(self) -> int:
        """Number of different times."""
        return self.bars["time"].n_unique()

    def batches(self) -> Iterator[list[Moment]]:
        """Give the closes time by time, in lists of bounded length."""
        batch: list[Moment] = []
        for rows in self.bars.iter_slices(BATCH_ROWS):
            columns = (rows[name].to_list() for name in ("time", "symbol", "close"))
            # The last moment may go on in the next slice, so it waits for it.
            for time, symbol, close in zip(*columns, strict=True):
                if not batch or batch[-1][0] != time:
                    batch.append((time, {}))
                batch[-1][1][symbol] = close
            if len(batch) > 1:
                yield batch[:-1]
                batch = batch[-1:]
        yield batch


def check_market(bars: Source, instruments: Source | None = None) -> Market:
    """Check bars and instruments.

    Parameters
    ----------
    bars : Source
        At least one row; see the module's text for the columns.
    instruments : Source, optional
        Definitions of symbols.

    Returns
    -------
    Market
        The bars by time and symbol, prices exact.

    Raises
    ------
    InvalidFrame
        A column is missing; a cell is empty or cannot be read; a price is not above 0 or off
        the grid of its instrument; open, low or close do not lie between low and high; a bar
        is there twice or before the one above it.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.files import Source
    >>> from omega_portfolio.market import check_market
    >>> rows = {"time": ["2000-03-01"], "symbol": ["ACME"]}
    >>> prices = {"open": ["2.5"], "high": ["3"], "low": ["2"], "close": ["2.75"]}
    >>> check_market(Source("bars.csv", pl.DataFrame(rows | prices))).bars["close"].to_list()
    [Decimal('2.750000000')]
    """
    expect_columns(bars, BAR_COLUMNS)
    if bars.frame.is_empty():
        raise InvalidFrame(bars.name, "0 rows", "has no bars", "give at least one bar")
    frame = _typed_bars(bars)
    _check_prices(bars, frame)
    _check_order(bars, frame)
    known = {} if instruments is None else read_instruments(instruments)
    for symbol, (_, instrument) in known.items():
        mine = frame.with_row_index("row").filter(symbol=symbol)
        for column in PRICES:
            refuse_off_grid(bars, mine, column, instrument.price_decimals)
    times = frame.group_by("symbol").agg(first=_time().min(), last=_time().max()).sort("symbol")
    spans = {symbol: (first, last) for symbol, first, last in times.iter_rows()}
    known_name = "" if instruments is None else instruments.name
    return Market(bars.name, frame.sort("time", "symbol"), spans, known, known_name)


def _time() -> pl.Expr:
    import polars as pl

    return pl.col("time")


def _typed_bars(source: Source) -> pl.DataFrame:
    import polars as pl

    columns = {
        "time": time_column(source, "time"),
        "symbol": text_column(source, "symbol", check_symbol),
        **{name: decimal_column(source, name) for name in PRICES},
    }
    return pl.DataFrame(
        {name: refuse_nulls(source, name, values) for name, values in columns.items()}
    )


def _check_prices(source: Source, frame: pl.DataFrame) -> None:
    """Refuse prices that are not above 0, and bars whose range does not hold its prices."""
    for name in PRICES:
        _refuse_row(source, frame, name, ((frame[name] <= 0), "must be greater than 0"))
    crossed = frame["high"] < frame["low"]
    _refuse_row(source, frame, "high", (crossed, "is below the low of the bar"))
    for name in ("open", "close"):
        above = frame[name] > frame["high"]
        below = frame[name] < frame["low"]
        _refuse_row(source, frame, name, (above, "is above the high of the bar"))
        _refuse_row(source, frame, name, (below, "is below the low of the bar"))


def _check_order(source: Source, frame: pl.DataFrame) -> None:
    """Refuse a bar that is there twice, or that comes before the one above it."""
    before = frame.select(_time().shift(1).over("symbol"))["time"]
    for broken, rule, remedy in (
        (frame["time"] < before, "is before", "sort the rows of each symbol by time"),
        (frame["time"] == before, "is also", "remove one of the two bars"),
    ):
        rows = broken.fill_null(value=False).arg_true()
        if rows.is_empty():
            continue
        row = rows[0]
        symbol = frame["symbol"][row]
        relation = f"{rule} the time of the bar of {symbol} above it, {time_text(before[row])}"
        source.refuse(row, "time", CellError(relation, remedy))


def _refuse_row(
    source: Source, frame: pl.DataFrame, column: str, finding: tuple[pl.Series, str]
) -> None:
    broken, rule = finding
    rows = broken.arg_true()
    if not rows.is_empty():
        row = rows[0]
        limits = "" if "bar" not in rule else f" ({frame['low'][row]} to {frame['high'][row]})"
        error = CellError(rule + limits, "correct the bar")
        source.refuse(row, column, error)


def refuse_off_grid(source: Source, frame: pl.DataFrame, column: str, decimals: int) -> None:
    """Refuse the first value that has more decimals than its instrument.

    Parameters
    ----------
    source : Source
        Where the values come from.
    frame : polars.DataFrame
        ``column`` (``Decimal(38, 9)``), and ``row`` with the row number in the source, from 0.
    column : str
        Name of the column.
    decimals : int
        Decimals of the grid, 0 to 9.

    Raises
    ------
    InvalidFrame
        A value is off the grid.
    """
    values = frame[column]
    rows = frame["row"].filter(values.round(decimals) != values)
    if not rows.is_empty():
        rule = f"has more than the {decimals} decimals of its instrument"
        row = rows[0]
        source.refuse(row, column, CellError(rule, "round it, or change the instrument"))


def read_instruments(source: Source) -> dict[str, tuple[int, Instrument]]:
    """Read the definitions; the portfolio that registers them checks the rest."""
    expect_columns(source, ("symbol",), INSTRUMENT_OPTIONS)
    symbols = refuse_nulls(source, "symbol", text_column(source, "symbol", check_symbol))
    options = [name for name in INSTRUMENT_OPTIONS if name in source.frame.columns]
    cells = {name: _option_column(source, name) for name in options}
    instruments: dict[str, tuple[int, Instrument]] = {}
    for row, symbol in enumerate(symbols.to_list()):
        if symbol in instruments:
            error = CellError("is defined twice", "remove one of the two rows")
            source.refuse(row, "symbol", error)
        given = {name: cells[name][row] for name in options if cells[name][row] is not None}
        instruments[symbol] = (row, Instrument(symbol, **given))
    return instruments


def _option_column(source: Source, name: str) -> list[Any]:
    if name == "quote_currency":
        return text_column(source, name, check_text).to_list()
    values = decimal_column(source, name).to_list()
    if name in {"contract_size", "leverage"}:
        return values
    for row, value in enumerate(values):
        if value is not None and value not in range(10):
            error = CellError("is no whole number from 0 to 9", "correct the cell")
            source.refuse(row, name, error)
    return [None if value is None else int(value) for value in values]


def register_instruments(portfolio: Portfolio, market: Market) -> None:
    """Register the instruments of a market's symbols.

    Parameters
    ----------
    portfolio : Portfolio
        A new portfolio.
    market : Market
        What :func:`check_market` returned.

    Raises
    ------
    InvalidFrame
        A definition breaks a rule of the engine.
    """
    for symbol, (row, instrument) in market.instruments.items():
        if symbol not in market.spans:
            continue
        try:
            portfolio.register_instrument(instrument)
        except OmegaPortfolioError as error:
            where = f"{market.instruments_name}: row {row + 1}, column {error.argument}"
            raise InvalidFrame(where, error.value, error.rule, error.remedy) from error


__all__ = [
    "BAR_COLUMNS",
    "Market",
    "Moment",
    "check_market",
    "read_instruments",
    "refuse_off_grid",
    "register_instruments",
]
