"""Prices that callers give, as quotes: mappings and Arrow frames (SPEC K1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from omega_portfolio.errors import InvalidArgument, InvalidNumber, NumberOutOfRange, describe
from omega_portfolio.oracle.events import OF_PRICES, Quote, QuoteNames
from omega_portfolio.oracle.frames import Frame, Holds
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, FloatPolicy, read_number
from omega_portfolio.oracle.texts import read_symbol

_ONE_PRICE: Final = ("symbol", "price")
_TWO_PRICES: Final = ("symbol", "bid", "ask")
_REMEDY: Final = "pass symbol and price, or bid/ask"


def read_quotes(
    prices: object, policy: FloatPolicy, names: QuoteNames = OF_PRICES
) -> tuple[Quote, ...]:
    """Convert prices in their order; refusals call them what ``names`` calls a bid.

    Raises
    ------
    InvalidArgument
        They are neither a mapping nor an Arrow table, or a price is of a wrong type.
    InvalidFrame
        A frame has wrong columns or types, or a null.
    InvalidSymbol, InvalidNumber, NumberOutOfRange
        A symbol or a price cannot be converted.
    """
    if hasattr(prices, "__arrow_c_stream__") or hasattr(prices, "__arrow_c_array__"):
        return tuple(_from_frame(prices, policy, names))
    if isinstance(prices, Mapping):
        return tuple(_from_items(prices.items(), policy, names))
    raise InvalidArgument(
        names.bid,
        describe(prices),
        "must be a mapping or an Arrow table",
        "pass {symbol: price}, {symbol: (bid, ask)}, or a frame with these columns",
    )


def _from_items(
    items: Iterable[tuple[object, object]], policy: FloatPolicy, names: QuoteNames
) -> Iterator[Quote]:
    for key, value in items:
        symbol = read_symbol("symbol", key)
        if not isinstance(value, tuple | list):
            price = read_number(names.bid, value, QUANTITY_SCALE, policy)
            yield Quote(symbol, price, price, names)
            continue
        if len(value) != 2:
            raise InvalidArgument(
                names.bid,
                describe(value),
                f"is no (bid, ask) of {describe(symbol)}",
                "pass one price, or a pair of bid and ask",
            )
        bid = read_number(names.bid, value[0], QUANTITY_SCALE, policy)
        ask = read_number(names.ask, value[1], QUANTITY_SCALE, policy)
        yield Quote(symbol, bid, ask, names)


def _from_frame(producer: object, policy: FloatPolicy, names: QuoteNames) -> Iterator[Quote]:
    argument = names.bid
    titles, columns = _columns(Frame.read(argument, producer))
    for row, (key, *cells) in enumerate(zip(*columns, strict=True)):
        symbol = read_symbol("symbol", key)
        numbers = [
            read_cell(argument, f"column {title}, row {row}", cell, policy)
            for title, cell in zip(titles[1:], cells, strict=True)
        ]
        yield Quote(symbol, numbers[0], numbers[-1], names)


def read_cell(argument: str, place: str, cell: object, policy: FloatPolicy) -> int:
    """Read a number of a frame; a refusal says where it stands.

    Raises
    ------
    InvalidNumber, NumberOutOfRange
        It cannot be converted.
    """
    try:
        return read_number(argument, cell, QUANTITY_SCALE, policy)
    except (InvalidNumber, NumberOutOfRange) as error:
        value = f"{place}: {error.value}"
        raise type(error)(argument, value, error.rule, error.remedy) from None


def _columns(frame: Frame) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Give the names and cells of the columns, symbol first, after checking both."""
    present = frame.table.column_names
    names = _TWO_PRICES if "bid" in present or "ask" in present else _ONE_PRICE
    frame.require_known(names, _REMEDY)
    for name in names:
        if name not in present:
            raise frame.refused(f"column {name}", "is missing", _REMEDY)
    kinds = [Holds.TEXT if name == "symbol" else Holds.NUMBER for name in names]
    for name, holds in zip(names, kinds, strict=True):
        frame.require_type(name, holds)
        column = frame.table.column(name)
        if column.null_count:
            row = column.is_null().index(value=True).as_py()
            raise frame.refused(
                f"column {name}, row {row}: null", "must not be null", "drop the row"
            )
    return names, [frame.cells(name, holds) for name, holds in zip(names, kinds, strict=True)]
