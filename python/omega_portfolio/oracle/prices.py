"""Prices that callers give, as quotes: mappings and Arrow frames (SPEC K1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import (
    InvalidArgument,
    InvalidFrame,
    InvalidNumber,
    NumberOutOfRange,
    describe,
)
from omega_portfolio.oracle.events import Quote
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, FloatPolicy, read_number
from omega_portfolio.oracle.texts import read_symbol

if TYPE_CHECKING:
    import pyarrow as pa

_ONE_PRICE: Final = ("symbol", "price")
_TWO_PRICES: Final = ("symbol", "bid", "ask")


def read_quotes(prices: object, policy: FloatPolicy) -> tuple[Quote, ...]:
    """Convert prices in their order.

    Raises
    ------
    InvalidArgument
        They are neither a mapping nor an Arrow stream, or a price is of a wrong type.
    InvalidFrame
        A frame has wrong columns or types, or a null.
    InvalidSymbol, InvalidNumber, NumberOutOfRange
        A symbol or a price cannot be converted.
    """
    if hasattr(prices, "__arrow_c_stream__"):
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


def _from_frame(frame: object, policy: FloatPolicy) -> Iterator[Quote]:
    names, columns = _columns(_read_table(frame))
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


def _read_table(frame: object) -> pa.Table:
    """Read all of a stream and check what it says of itself, batch by batch."""
    import pyarrow as pa

    try:
        with pa.RecordBatchReader.from_stream(frame) as reader:
            batches = list(reader)
            for batch in batches:
                batch.validate(full=True)
            return pa.Table.from_batches(batches, reader.schema)
    except (pa.ArrowException, OSError, RuntimeError, TypeError, ValueError) as error:
        raise InvalidFrame(
            "prices", describe(str(error)), "cannot be read as an Arrow stream", "pass a frame"
        ) from error


def _columns(table: pa.Table) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Give the names and cells of the columns, symbol first, after checking both."""
    present = table.column_names
    names = _TWO_PRICES if "bid" in present or "ask" in present else _ONE_PRICE
    for name in present:
        if present.count(name) > 1:
            raise _refused(f"column {name}", "stands twice", "pass each column once")
        if name not in names:
            raise _refused(
                f"column {name}", "is not known here", "pass symbol and price, or bid/ask"
            )
    for name in names:
        if name not in present:
            raise _refused(f"column {name}", "is missing", "pass symbol and price, or bid/ask")
    for name in names:
        column = table.column(name)
        _check_type(name, column.type)
        if column.null_count:
            row = column.is_null().index(value=True).as_py()
            raise _refused(f"column {name}, row {row}: null", "must not be null", "drop the row")
    return names, [_cells(table.column(name)) for name in names]


def _check_type(name: str, arrow_type: pa.DataType) -> None:
    import pyarrow as pa

    if name == "symbol":
        kind = arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type
        tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
        wanted = "text"
    else:
        kind = arrow_type
        tests = (pa.types.is_integer, pa.types.is_floating, _is_decimal)
        wanted = "an integer, a float, or a decimal of at most 128 bits"
    if not any(test(kind) for test in tests):
        raise _refused(f"column {name}: {arrow_type}", f"must be {wanted}", "cast the column")


def _is_decimal(arrow_type: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_decimal(arrow_type) and not pa.types.is_decimal256(arrow_type)


def _cells(column: pa.ChunkedArray) -> list[Any]:
    """Give the cells as Python objects; a float of any width as the same ``float``."""
    import pyarrow as pa

    if pa.types.is_floating(column.type):
        return [float(cell) for cell in column.to_pylist()]
    cells: list[Any] = column.to_pylist()
    return cells


def _refused(value: str, rule: str, remedy: str) -> InvalidFrame:
    return InvalidFrame("prices", value, rule, remedy)
