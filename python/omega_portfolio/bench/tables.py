"""Arrow tables that may be passed as prices or events: good ones of every type, and bad ones."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def price_table(symbols: list[str], bids: list[str], asks: list[str] | None) -> pa.Table:
    """Build an Arrow table of prices, with Decimal128 columns.

    Parameters
    ----------
    symbols : list of str
        The symbols.
    bids : list of str
        Their bids, or their only prices.
    asks : list of str or None
        Their asks; None for one price each.

    Returns
    -------
    pyarrow.Table
        Columns symbol and price, or symbol, bid and ask.
    """
    import pyarrow as pa

    def column(texts: list[str]) -> pa.Array:
        return pa.array([Decimal(text) for text in texts], pa.decimal128(38, 9))

    if asks is None:
        return pa.table({"symbol": symbols, "price": column(bids)})
    return pa.table({"symbol": symbols, "bid": column(bids), "ask": column(asks)})


@cache
def odd_tables() -> tuple[pa.Table, ...]:
    """Build tables of unusual types, layouts and contents.

    Returns
    -------
    tuple of pyarrow.Table
        About half of them hold good prices of the unregistered symbols ``A`` and ``B``; the
        others have wrong columns or types, a null, or a value that is no price.
    """
    import pyarrow as pa

    names = pa.array(["A", "B"])
    prices = pa.array([1.5, 2.25])
    good = pa.table({"symbol": names, "price": prices})
    tables = [
        *_number_tables(names),
        *_symbol_tables(prices),
        good.slice(1),
        good.slice(0, 0),
        pa.concat_tables([good.slice(0, 1), good.slice(0, 0), good.slice(1)]),
        pa.table({"price": prices, "symbol": names}),
        pa.table({"symbol": names, "bid": prices, "ask": prices}),
        pa.table({"symbol": names, "ask": pa.array([2, 1]), "bid": pa.array([1, 2])}),
        pa.table({"symbol": names, "bid": prices}),
        pa.table({"symbol": names, "ask": prices}),
        pa.table({"symbol": names}),
        pa.table({"price": prices}),
        pa.table({}),
        pa.table({"symbol": names, "price": prices, "bid": prices}),
        pa.table({"symbol": names, "price": prices, "time": pa.array([0, 0])}),
        pa.table({"Symbol": names, "Price": prices}),
        pa.table([names, prices, prices], names=["symbol", "price", "price"]),
        pa.table([names, names, prices], names=["symbol", "symbol", "price"]),
    ]
    return tuple(tables)


@cache
def odd_event_tables() -> tuple[pa.Table, ...]:
    """Build frames of events that are refused as a whole, and some that do nothing.

    Returns
    -------
    tuple of pyarrow.Table
    """
    import pyarrow as pa

    mark = pa.array(["mark", "mark"])
    nothing = pa.nulls(2)
    columns: list[tuple[str, pa.Array]] = [
        ("volume", mark),
        ("Action", mark),
        ("action", mark),
        ("time", pa.array([1.0, 2.0])),
        ("time", pa.array(["2024-01-02"] * 2)),
        ("symbol", pa.array([b"A", b"B"])),
        ("symbol", pa.array([1, 2])),
        ("price", pa.array(["1", "2"])),
        ("price", pa.array([True, False])),
        ("size", pa.array([Decimal(1)] * 2, pa.decimal256(40, 2))),
        ("position_id", pa.array([1.0, 2.0])),
        ("event", pa.array([Decimal(1)] * 2)),
        ("key", nothing),
        ("fee", nothing),
    ]
    tables = [
        pa.table({}),
        pa.table({"time": pa.array([1])}),
        pa.table({"action": nothing}),
        pa.table({"action": mark}).slice(0, 0),
        pa.table({"action": mark, "price": pa.array([True, False])}).slice(0, 0),
        pa.table({"price": pa.array([1.0])}).slice(0, 0),
    ]
    tables += [pa.table([mark, column], names=["action", name]) for name, column in columns]
    return tuple(tables)


@cache
def odd_bar_tables() -> tuple[pa.Table, ...]:
    """Build frames of bars with wrong columns, types, nulls or values, and some that are good.

    Returns
    -------
    tuple of pyarrow.Table
        With and without the column ``time``: one of process_bar and process_bars takes neither.
    """
    import pyarrow as pa

    good: dict[str, Any] = {"symbol": pa.array(["A", "B"])}
    good |= {name: pa.array([1.5, 2.0]) for name in ("open", "high", "low", "close", "spread")}
    changes: list[dict[str, Any]] = [
        {},
        *({"spread": cells} for cells in (None, pa.array([0, -1]), pa.array([None, 1.0]))),
        *({name: None} for name in ("symbol", "open", "high", "low", "close")),
        *({name: pa.array(["1", "2"])} for name in ("open", "low", "spread")),
        *({"high": cells} for cells in (pa.array([1, 2]), pa.array([1.5, None]), pa.nulls(2))),
        *({"close": pa.array([1.5, value])} for value in (float("nan"), 1e30, 0.0, 5e-324)),
        *({"symbol": pa.array(cells)} for cells in (["A", "A"], ["A", None], [1, 2], ["A", ""])),
        {"volume": pa.array([1, 2])},
        {"Open": pa.array([1, 2])},
    ]
    times: list[Any] = [
        None,
        None,
        # Soon after most of what is drawn: until a far year, swaps of millennia would be due.
        pa.array([1_735_689_600_000_000] * 2),
        pa.array([1_735_689_600_000_001, 1_735_689_600_000_000]),
        pa.array([1.0, 2.0]),
        pa.array([1, None]),
        pa.array([10**9] * 2, pa.timestamp("ns", "UTC")),
        pa.array([1, 2], pa.timestamp("s")),
        pa.array([-(2**62), 2**62]),
        pa.array([20_000, 20_001], pa.date32()),
        pa.array(["2024-01-01", "2024-01-02"]),
    ]
    tables = []
    for number, change in enumerate(changes * 3):
        columns = {**good, **change, "time": times[number % len(times)]}
        tables.append(
            pa.table({name: cells for name, cells in columns.items() if cells is not None})
        )
    return (*tables, pa.table(good).slice(0, 0), pa.table({}))


def _number_tables(names: pa.Array) -> list[pa.Table]:
    """Give two prices in each type of number, and numbers that are no prices."""
    import pyarrow as pa

    widths: list[Any] = [
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()),
        *(pa.uint64(), pa.float32(), pa.float64()),
    ]
    columns = [pa.array([1, 2], width) for width in widths]
    decimals = [Decimal("1.25"), Decimal("2.50")]
    columns += [pa.array(decimals, pa.decimal128(precision, 2)) for precision in (3, 38)]
    columns += [
        pa.array([Decimal("1.1234567891"), Decimal(2)], pa.decimal128(38, 10)),
        pa.array([Decimal("1.1234567890"), Decimal(2)], pa.decimal128(38, 18)),
        pa.array([Decimal(100), Decimal(2000)], pa.decimal128(10, -2)),
        pa.array([1.1, 2.7], pa.float32()),
        pa.array([1, -1]),
        pa.array([0, 1]),
        pa.array([2**63, 2**64 - 1], pa.uint64()),
        pa.array([1, None]),
        pa.array([None, 1.5]),
        pa.array([None, None]),
        pa.array([True, False]),
        pa.array(["1", "2"]),
        pa.array([b"1", b"2"]),
        pa.array([1, 2], pa.timestamp("us")),
        pa.array([[1], [2]]),
        *(pa.array([1.0, value]) for value in (float("nan"), float("inf"), 5e-324, 1e30)),
    ]
    return [pa.table({"symbol": names, "price": column}) for column in columns]


def _symbol_tables(prices: pa.Array) -> list[pa.Table]:
    """Give two symbols in each type of text, and texts that are no symbols."""
    import pyarrow as pa

    texts = pa.array(["A", "B"])
    columns = [
        *(texts.cast(kind) for kind in (pa.large_string(), pa.string_view())),
        texts.dictionary_encode(),
        pa.array(["A", "A"]),
        pa.array(["A", None]),
        pa.array([None, "B"]).dictionary_encode(),
        *(pa.array(["A", text]) for text in ("", " B", "B\x00", "é" * 128)),
        pa.array([b"A", b"B"]),
        pa.array([1, 2]),
        pa.array([None, None]),
    ]
    return [pa.table({"symbol": column, "price": prices}) for column in columns]


__all__ = ["odd_bar_tables", "odd_event_tables", "odd_tables", "price_table"]
