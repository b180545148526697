"""Price frames of the catalogue of bad inputs, for `mark` and `update_equity`.

A good frame says what the mapping GOOD says, in another layout. A bad one is refused, and
nothing of it is applied.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

import polars as pl
import pyarrow as pa

from forged_stream import ForgedStream, drop_last_column, shorten_last_column

GOOD = {"A": ("99.5", "100.5"), "B": ("5.25", "6")}
GOOD_SINGLE = {"A": "100.5", "B": "6"}
EMPTY: dict[str, tuple[str, str]] = {}

MILLION = 1_000_000
DECIMAL = pa.decimal128(38, 9)


@dataclass(frozen=True)
class Frame:
    """One frame; `good` is the mapping that says the same, None for a bad frame.

    A bad frame has the codes that fit; both backends must give the same one.
    """

    number: int
    label: str
    make: Callable[[], object]
    good: dict[str, Any] | None = None
    codes: tuple[int, ...] = (4030,)

    def __str__(self) -> str:
        return f"{self.number}-{self.label}".replace(" ", "_")


class Capsule:
    """Hands out one capsule, however often it is asked."""

    def __init__(self, capsule: object) -> None:
        self.capsule = capsule

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.capsule


class Raising:
    """Fails when it is asked for its stream."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> NoReturn:
        raise RuntimeError("no stream today")


def quotes(
    symbols: object = ("A", "B"), bids: object = (99.5, 5.25), asks: object = (100.5, 6.0)
) -> pa.Table:
    """Make a frame with bid and ask; Arrow arrays pass through, so that types can be chosen."""
    return pa.table({"symbol": symbols, "bid": bids, "ask": asks})


def prices(symbols: object = ("A", "B"), values: object = (100.5, 6.0)) -> pa.Table:
    return pa.table({"symbol": symbols, "price": values})


def decimals(*texts: str, kind: pa.DataType = DECIMAL) -> pa.Array:
    return pa.array([Decimal(text) for text in texts], kind)


def strings(*texts: str, kind: pa.DataType) -> pa.Array:
    return pa.array(texts, kind)


def sliced() -> pa.Table:
    table = quotes(
        ["X", "Y", "A", "B", "Z"],
        decimals("0", "0", "99.5", "5.25", "0"),
        decimals("0", "0", "100.5", "6", "0"),
    )
    return table.slice(2, 2)


def on_eight_byte_boundary(*texts: str) -> pa.Array:
    """Make decimals whose buffer starts 8 bytes after an aligned address."""
    raw = b"".join(
        int(Decimal(text).scaleb(9)).to_bytes(16, "little", signed=True) for text in texts
    )
    whole = pa.py_buffer(bytearray(8) + raw)
    shift = 8 if whole.address % 16 == 0 else 0
    room = bytearray(16 + len(raw))
    buffer = pa.py_buffer(room)
    shift = (8 - buffer.address) % 16
    room[shift : shift + len(raw)] = raw
    moved = buffer.slice(shift, len(raw))
    assert moved.address % 16 == 8
    return pa.Array.from_buffers(DECIMAL, len(texts), [None, moved])


def with_empty_chunks() -> pa.Table:
    full = quotes()
    none = full.slice(0, 0)
    return pa.concat_tables([none, full.slice(0, 1), none, full.slice(1, 1), none])


def good_frames() -> Iterator[Frame]:
    def good(number: int, label: str, make: Callable[[], object]) -> Frame:
        return Frame(number, label, make, GOOD)

    def single(number: int, label: str, make: Callable[[], object]) -> Frame:
        return Frame(number, label, make, GOOD_SINGLE)

    yield Frame(69, "empty quotes", lambda: quotes().slice(0, 0), EMPTY)
    yield Frame(69, "empty prices", lambda: prices().slice(0, 0), EMPTY)
    yield Frame(69, "no chunks", quotes().schema.empty_table, EMPTY)
    yield good(70, "sliced", sliced)
    yield good(70, "sliced frame of Polars", lambda: pl.DataFrame(sliced()).slice(0, 2))
    yield good(
        71,
        "decimals on an 8-byte boundary",
        lambda: quotes(
            bids=on_eight_byte_boundary("99.5", "5.25"), asks=on_eight_byte_boundary("100.5", "6")
        ),
    )
    yield good(72, "empty chunks", with_empty_chunks)
    yield good(72, "batches of a reader", lambda: with_empty_chunks().to_reader(max_chunksize=1))
    yield good(72, "one batch", lambda: quotes().to_batches()[0])
    yield good(68, "columns in another order", lambda: quotes().select(["ask", "symbol", "bid"]))
    yield good(67, "frame of Polars", lambda: pl.DataFrame(quotes()))
    yield good(67, "decimals of Polars", lambda: pl.DataFrame(sliced()))
    yield good(67, "mixed types", lambda: quotes(bids=decimals("99.5", "5.25")))
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        yield good(67, f"symbols as {kind}", lambda kind=kind: quotes(strings("A", "B", kind=kind)))
    yield good(
        67,
        "symbols as dictionary",
        lambda: quotes(pa.array(["A", "B"]).dictionary_encode()),
    )
    for kind in (pa.float32(), pa.float64()):
        yield single(
            67,
            f"prices as {kind}",
            lambda kind=kind: prices(values=pa.array([100.5, 6.0], kind)),
        )
    for kind in (DECIMAL, pa.decimal32(5, 2), pa.decimal64(18, 9), pa.decimal128(30, 12)):
        yield single(
            67,
            f"prices as {kind}",
            lambda kind=kind: prices(values=decimals("100.5", "6", kind=kind)),
        )
    for kind in (pa.int8(), pa.uint8(), pa.int16(), pa.int32(), pa.int64(), pa.uint64()):
        yield Frame(
            67,
            f"prices as {kind}",
            lambda kind=kind: prices(values=pa.array([100, 6], kind)),
            {"A": 100, "B": 6},
        )


def bad_frames() -> Iterator[Frame]:
    yield from null_frames()
    yield from type_frames()
    yield from column_frames()
    yield from value_frames()
    yield from forged_frames()


def null_frames() -> Iterator[Frame]:
    yield Frame(64, "null symbol", lambda: quotes(["A", None]))
    yield Frame(64, "null bid", lambda: quotes(bids=[99.5, None]))
    yield Frame(64, "null ask", lambda: quotes(asks=[None, 6.0]))
    yield Frame(64, "null price", lambda: prices(values=[None, 6.0]))
    yield Frame(64, "null decimal", lambda: prices(values=pa.array([None, Decimal(6)], DECIMAL)))
    yield Frame(64, "all nulls", lambda: prices(values=pa.nulls(2)))
    yield Frame(
        64, "null in a dictionary", lambda: quotes(pa.array(["A", None]).dictionary_encode())
    )


def type_frames() -> Iterator[Frame]:
    yield Frame(67, "no rows, symbols as nulls", lambda: prices(pa.nulls(0), pa.array([], DECIMAL)))
    yield Frame(67, "symbols as numbers", lambda: quotes([1, 2]))
    yield Frame(67, "symbols as bytes", lambda: quotes([b"A", b"B"]))
    yield Frame(67, "prices as text", lambda: prices(values=["100.5", "6"]))
    yield Frame(67, "prices as booleans", lambda: prices(values=[True, True]))
    yield Frame(67, "prices as times", lambda: prices(values=pa.array([1, 2], pa.timestamp("us"))))
    yield Frame(67, "prices as lists", lambda: prices(values=[[100.5], [6.0]]))
    yield Frame(67, "symbols as lists", lambda: prices(symbols=[["A"], ["B"]]))
    yield Frame(
        79,
        "prices as Decimal256",
        lambda: prices(values=decimals("100.5", "6", kind=pa.decimal256(60, 9))),
    )
    yield Frame(
        75,
        "lists with descending offsets",
        lambda: prices(values=descending(pa.list_(pa.float64()), pa.array([1.0, 2.0, 3.0]))),
    )


def column_frames() -> Iterator[Frame]:
    table = quotes()
    yield Frame(68, "no column", lambda: pa.table({}))
    yield Frame(68, "no symbol", lambda: table.drop_columns("symbol"))
    yield Frame(68, "no price", lambda: table.select(["symbol"]))
    yield Frame(68, "no ask", lambda: table.drop_columns("ask"))
    yield Frame(68, "no bid", lambda: table.drop_columns("bid"))
    yield Frame(68, "extra column", lambda: table.append_column("last", [[1.0, 2.0]]))
    yield Frame(68, "price with bid and ask", lambda: table.append_column("price", [[1.0, 2.0]]))
    yield Frame(68, "symbol twice", lambda: table.append_column("symbol", [["A", "B"]]))
    yield Frame(68, "bid twice", lambda: table.append_column("bid", [[1.0, 2.0]]))
    yield Frame(68, "other letters", lambda: table.rename_columns(["Symbol", "Bid", "Ask"]))


def million_with_nan() -> pa.Table:
    """Make a price frame whose last row is NaN."""
    symbols = pa.array([f"S{row}" for row in range(MILLION)])
    values = [1.0] * MILLION
    values[-1] = float("nan")
    return prices(symbols, values)


def value_frames() -> Iterator[Frame]:
    nan = float("nan")
    yield Frame(65, "NaN bid", lambda: quotes(bids=[99.5, nan]), codes=(4011,))
    yield Frame(2, "infinite price", lambda: prices(values=[1.0, float("inf")]), codes=(4011,))
    yield Frame(9, "tiny price", lambda: prices(values=[1.0, 5e-324]), codes=(4011,))
    yield Frame(10, "huge price", lambda: prices(values=[1.0, 1.7e308]), codes=(4010,))
    yield Frame(7, "price of 0", lambda: prices(values=[1.0, 0.0]), codes=(4005,))
    yield Frame(8, "negative price", lambda: prices(values=[1.0, -1.0]), codes=(4005,))
    yield Frame(
        29,
        "one decimal too many",
        lambda: prices(values=decimals("1", "0.0000000001", kind=pa.decimal128(38, 10))),
        codes=(4011,),
    )
    yield Frame(
        13,
        "38 digits before the point",
        lambda: prices(values=decimals("1", "9" * 38, kind=pa.decimal128(38, 0))),
        codes=(4010,),
    )
    yield Frame(15, "crossed quote", lambda: quotes(asks=[100.5, 5.0]), codes=(4015,))
    yield Frame(31, "off the grid", lambda: prices(["A", "GRID"], [1.0, 1.005]), codes=(4005,))
    yield Frame(57, "empty symbol", lambda: prices(["A", ""]), codes=(4012,))
    yield Frame(58, "symbol with NUL", lambda: prices(["A", "B\0"]), codes=(4012,))
    yield Frame(59, "symbol of 1 MB", lambda: prices(["A", "B" * 2**20]), codes=(4012,))
    yield Frame(40, "symbol in two rows", lambda: prices(["A", "A"]), codes=(4024,))


def descending(kind: pa.DataType, child: pa.Array | None) -> pa.Array:
    """Make two values whose second one ends before it starts."""
    offsets = pa.py_buffer(struct.pack("<3i", 0, 3, 1))
    if child is None:
        return pa.Array.from_buffers(kind, 2, [None, offsets, pa.py_buffer(b"ABC")])
    return pa.Array.from_buffers(kind, 2, [None, offsets], children=[child])


def broken_reader() -> pa.RecordBatchReader:
    """Make a stream that gives one batch and then fails."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield quotes().to_batches()[0]
        raise RuntimeError("the source is gone")

    return pa.RecordBatchReader.from_batches(quotes().schema, batches())


def released() -> Capsule:
    capsule = quotes().__arrow_c_stream__()
    pa.RecordBatchReader._import_from_c_capsule(capsule).close()
    return Capsule(capsule)


def forged_frames() -> Iterator[Frame]:
    for label, damage in (
        ("columns of unequal length", shorten_last_column),
        ("fewer columns than the schema", drop_last_column),
    ):
        yield Frame(66, label, lambda damage=damage: ForgedStream(quotes(), damage))
    yield Frame(
        73,
        "dictionary index out of range",
        lambda: quotes(pa.DictionaryArray.from_arrays([0, 7], ["A", "B"], safe=False)),
    )
    yield Frame(
        73,
        "negative dictionary index",
        lambda: quotes(pa.DictionaryArray.from_arrays([0, -1], ["A", "B"], safe=False)),
    )
    yield Frame(
        74,
        "invalid UTF-8",
        lambda: quotes(
            pa.Array.from_buffers(
                pa.string(),
                2,
                [None, pa.py_buffer(struct.pack("<3i", 0, 1, 2)), pa.py_buffer(b"A\xff")],
            )
        ),
        codes=(4030, 4012),
    )
    yield Frame(75, "texts with descending offsets", lambda: quotes(descending(pa.string(), None)))
    yield Frame(76, "released capsule", released)
    yield Frame(78, "stream that fails half way", broken_reader)
    yield Frame(78, "stream that cannot be had", Raising)
    yield Frame(76, "no capsule", lambda: Capsule(None))
    yield Frame(
        76, "capsule of another kind", lambda: Capsule(quotes().schema.__arrow_c_schema__())
    )
