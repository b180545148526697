"""Prices that callers give, as quotes: mappings and Arrow frames (SPEC K1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from omega_portfolio.errors import InvalidArgument, InvalidNumber, NumberOutOfRange, describe
from omega_portfolio.oracle.events import Quote
from omega_portfolio.oracle.frames import Frame, Holds
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, FloatPolicy, read_number
from omega_portfolio.oracle.texts import read_symbol

_ONE_PRICE: Final = ("symbol", "price")
_TWO_PRICES: Final = ("symbol", "bid", "ask")
_REMEDY: Final = "pass symbol and price, or bid/ask"


def read_quotes(prices: object, policy: FloatPolicy) -> tuple[Quote, ...]:
    """Convert prices in their order.

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
        return tuple(_from_frame(prices, policy))
    if isinstance(prices, Mapping):
        return tuple(_from_items(prices.items(), policy))
    raise InvalidArgument(
        "prices",
        describe(prices),
        "must be a mapping or an Arrow table",
        "pass {symbol: price}, {symbol: (bid, ask)}, or a frame with these columns",
    )


def _from_items(items: Iterable[tuple[object, object]], policy: FloatPolicy) -> Iterator[Quote]:
    for key, value in items:
        symbol = read_symbol("symbol", key)
        if not isinstance(value, tuple | list):
            price = read_number("prices", value, QUANTITY_SCALE, policy)
            yield Quote(symbol, price, price)
            continue
        if len(value) != 2:
            raise InvalidArgument(
                "prices",
                describe(value),
                f"is no (bid, ask) of {describe(symbol)}",
                "pass one price, or a pair of bid and ask",
            )
        bid = read_number("prices", value[0], QUANTITY_SCALE, policy)
        yield Quote(symbol, bid, read_number("prices", value[1], QUANTITY_SCALE, policy))


def _from_frame(producer: object, policy: FloatPolicy) -> Iterator[Quote]:
    names, columns = _columns(Frame.read("prices", producer))
    for row, (key, *cells) in enumerate(zip(*columns, strict=True)):
        symbol = read_symbol("symbol", key)
        numbers = [
            _read_cell(f"column {name}, row {row}", cell, policy)
            for name, cell in zip(names[1:], cells, strict=True)
        ]
        yield Quote(symbol, numbers[0], numbers[-1])


def _read_cell(place: str, cell: object, policy: FloatPolicy) -> int:
    """Read a number; a refusal says where it stands."""
    try:
        return read_number("prices", cell, QUANTITY_SCALE, policy)
    except (InvalidNumber, NumberOutOfRange) as error:
        value = f"{place}: {error.value}"
        raise type(error)("prices", value, error.rule, error.remedy) from None


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
