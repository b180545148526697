"""Frames of bars of the catalogue of bad inputs, for `process_bars` and `process_bar`.

A frame is a change of one that has two times, or of its first time without the column time. A
good one says the same in another layout; a bad one is refused, and nothing of it is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa

from bad_frames import Capsule, Raising, descending, on_eight_byte_boundary
from bad_inputs import LATER
from forged_stream import ForgedStream, drop_last_column, shorten_last_column

MINUTE = 60_000_000
PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "spread")
BARS = {
    LATER: {"A": (100, 103, 98, 101, 0), "B": (50, 52, 49, 51, 2)},
    LATER + MINUTE: {"B": (51, 53, 50, 50, 1), "A": (101, 101, 95, 96, 1)},
}
CALLS = ("process_bars", "process_bar")
Change = Callable[[pa.Table], object]


def base(call: str) -> pa.Table:
    """Give the frame that a call is tried with."""
    rows = [(time, symbol, *bar) for time, bars in BARS.items() for symbol, bar in bars.items()]
    columns = dict(zip(("time", "symbol", *NUMBERS), zip(*rows, strict=True), strict=True))
    table = pa.table({name: list(cells) for name, cells in columns.items()})
    return table if call == "process_bars" else table.drop_columns("time").slice(0, 2)


@dataclass(frozen=True)
class BarFrame:
    """A change of the frame; without codes it means the same.

    `place` stands in the value of the refusal on both backends; the row is 1 everywhere.
    """

    number: int
    label: str
    change: Change
    codes: tuple[int, ...] = ()
    place: str = ""
    calls: tuple[str, ...] = CALLS

    def __str__(self) -> str:
        return f"{self.number}-{self.label}".replace(" ", "_")


def put(table: pa.Table, name: str, cells: object) -> pa.Table:
    """Replace a column."""
    number = table.column_names.index(name)
    return table.set_column(number, name, cells if isinstance(cells, pa.Array) else [cells])


def cell(name: str, value: object, kind: pa.DataType | None = None, row: int = 1) -> Change:
    """Replace the cell of a column in a row."""

    def change(table: pa.Table) -> pa.Table:
        cells = table[name].to_pylist()
        cells[row] = value
        return put(table, name, pa.array(cells, kind))

    return change


def typed(name: str, kind: pa.DataType) -> Change:
    """Cast a column."""
    return lambda table: put(table, name, table[name].cast(kind).combine_chunks())


def with_empty_chunks(table: pa.Table) -> pa.Table:
    parts = [table.slice(row, 1) for row in range(len(table))]
    none = table.slice(0, 0)
    return pa.concat_tables([none, *(part for one in parts for part in (one, none))])


def sliced(table: pa.Table) -> pa.Table:
    return (
        pa.concat_tables([table.slice(1), table, table])
        .combine_chunks()
        .slice(len(table) - 1, len(table))
    )


def good_frames() -> Iterator[BarFrame]:
    yield BarFrame(68, "as it is", lambda table: table)
    yield BarFrame(68, "columns backwards", lambda table: table.select(table.column_names[::-1]))
    yield BarFrame(70, "sliced", sliced)
    yield BarFrame(70, "sliced frame of Polars", lambda table: pl.DataFrame(sliced(table)))
    yield BarFrame(
        71,
        "decimals on an 8-byte boundary",
        lambda table: put(
            table, "open", on_eight_byte_boundary(*map(str, table["open"].to_pylist()))
        ),
    )
    yield BarFrame(72, "empty chunks", with_empty_chunks)
    yield BarFrame(72, "batches", lambda table: with_empty_chunks(table).to_reader())
    yield BarFrame(72, "one batch", lambda table: table.combine_chunks().to_batches()[0])
    for kind in (pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(38, 18)):
        for name in ("high", "spread"):
            yield BarFrame(67, f"{name} as {kind}", typed(name, kind))
    for kind in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        yield BarFrame(67, f"symbol as {kind}", typed("symbol", kind))
    for unit in ("us", "ns"):
        for zone in (None, "UTC", "Europe/Berlin"):
            kind = pa.timestamp(unit, zone)
            yield BarFrame(
                67, f"time as {kind}", in_two_steps("time", kind), calls=("process_bars",)
            )


def in_two_steps(name: str, kind: pa.DataType) -> Change:
    """Cast microseconds to a timestamp of another unit or zone."""
    return lambda table: put(
        table, name, table[name].cast(pa.timestamp("us", kind.tz)).cast(kind).combine_chunks()
    )


def bad_frames() -> Iterator[BarFrame]:
    yield from column_frames()
    yield from type_frames()
    yield from value_frames()
    yield from time_frames()
    yield from forged_frames()


def column_frames() -> Iterator[BarFrame]:
    frame = (4030,)
    yield BarFrame(68, "no column", lambda _table: pa.table({}), frame)
    yield BarFrame(
        68, "one column more", lambda t: t.append_column("volume", t["open"]), frame, "volume"
    )
    for name in ("time", "symbol", *NUMBERS):
        calls = CALLS if name != "time" else ("process_bars",)
        if name != "spread":
            yield BarFrame(
                68, f"no {name}", lambda t, n=name: t.drop_columns(n), frame, name, calls
            )
        yield BarFrame(
            68, f"{name} twice", lambda t, n=name: t.append_column(n, t[n]), frame, name, calls
        )
        yield BarFrame(
            68,
            f"{name} in capitals",
            lambda t, n=name: t.rename_columns({n: n.upper()}),
            frame,
            name.upper(),
            calls,
        )
        yield BarFrame(
            64, f"null {name}", cell(name, None), frame, f"column {name}, row 1: null", calls
        )
    yield BarFrame(68, "a time too many", lambda t: t.append_column("time", t["open"]), frame)


def type_frames() -> Iterator[BarFrame]:
    def wrong(name: str, label: str, cells: Callable[[int], pa.Array], number: int) -> BarFrame:
        return BarFrame(
            number,
            f"{name} as {label}",
            lambda t: put(t, name, cells(len(t))),
            (4030,),
            f"column {name}",
            ("process_bars",) if name == "time" else CALLS,
        )

    lists = pa.list_(pa.float64())
    for name in NUMBERS:
        yield wrong(name, "text", lambda n: pa.array(["1"] * n), 67)
        yield wrong(name, "booleans", lambda n: pa.array([True] * n), 67)
        yield wrong(name, "times", lambda n: pa.array([1] * n, pa.timestamp("us")), 67)
        yield wrong(name, "lists", lambda n: pa.array([[1.0]] * n), 67)
        yield wrong(
            name, "Decimal256", lambda n: pa.array([Decimal(1)] * n, pa.decimal256(60, 9)), 79
        )
    for name in ("open", "spread"):
        yield BarFrame(
            75,
            f"{name} as lists with descending offsets",
            lambda t, n=name: put(t.slice(0, 2), n, descending(lists, pa.array([1.0, 2.0, 3.0]))),
            (4030,),
        )
    for name in ("time", "symbol"):
        yield wrong(name, "floats", lambda n: pa.array([1.0] * n), 67)
        yield wrong(name, "bytes", lambda n: pa.array([b"A"] * n), 67)
        yield wrong(name, "booleans", lambda n: pa.array([True] * n), 67)
    for name in ("time", "symbol", *NUMBERS):
        yield wrong(name, "nothing", pa.nulls, 67)
    yield wrong("symbol", "numbers", lambda n: pa.array([1] * n), 67)
    yield wrong("time", "text", lambda n: pa.array(["2001-01-01"] * n), 67)
    yield wrong("time", "durations", lambda n: pa.array([1] * n, pa.duration("us")), 67)
    yield wrong("time", "hours", lambda n: pa.array([1] * n, pa.time64("us")), 67)


def value_frames() -> Iterator[BarFrame]:
    nan, infinite = float("nan"), float("inf")
    fine = pa.decimal128(38, 10)
    for name in NUMBERS:
        place = f"column {name}"
        yield BarFrame(65, f"NaN in {name}", cell(name, nan), (4011,), place)
        yield BarFrame(2, f"infinite {name}", cell(name, infinite), (4011,), place)
        yield BarFrame(9, f"tiny {name}", cell(name, 5e-324), (4011,), place)
        yield BarFrame(10, f"huge {name}", cell(name, 1.7e308), (4010,), place)
        yield BarFrame(8, f"negative {name}", cell(name, -1), (4005,), place)
        yield BarFrame(
            29, f"one digit more in {name}", cell(name, Decimal("0.0000000001"), fine), (4011,)
        )
        yield BarFrame(
            13,
            f"38 digits in {name}",
            cell(name, Decimal("9" * 38), pa.decimal128(38, 0)),
            (4010,),
            place,
        )
    for name in PRICES:
        yield BarFrame(7, f"{name} of 0", cell(name, 0), (4005,), f"column {name}")
    for name, value, wrong in (
        ("high", 48, "high"), ("low", 60, "low"), ("open", 53, "high"), ("open", 48, "low"),
        ("close", 53, "high"), ("close", 48, "low"), ("high", 50, "high"), ("low", 51, "low"),
    ):  # fmt: skip
        yield BarFrame(15, f"{name} of {value}", cell(name, value), (4029,), f"column {wrong}")
    texts = pa.large_string()
    yield BarFrame(57, "empty symbol", cell("symbol", ""), (4012,), "column symbol")
    yield BarFrame(58, "NUL in symbol", cell("symbol", "B\0"), (4012,), "column symbol")
    yield BarFrame(59, "1 MB symbol", cell("symbol", "B" * 2**20, texts), (4012,))
    yield BarFrame(40, "symbol in two rows", cell("symbol", "A"), (4024,), "column symbol")
    yield BarFrame(31, "off the grid", cell("symbol", "FINE"), (4005,), "column open")


def time_frames() -> Iterator[BarFrame]:
    def of_time(number: int, label: str, change: Change, code: int = 4006) -> BarFrame:
        return BarFrame(number, label, change, (code,), "column time", ("process_bars",))

    def times(*offsets: int) -> Change:
        return lambda t: put(t, "time", pa.array([LATER + offset for offset in offsets]))

    yield of_time(51, "before the last event", cell("time", 0))
    yield of_time(51, "unsorted", times(0, 0, MINUTE, 1))
    yield of_time(51, "backwards", times(MINUTE, MINUTE, 0, 0))
    yield of_time(54, "year 10000", cell("time", 253_402_300_800_000_000))
    yield of_time(54, "far before", cell("time", -(2**63)))
    yield of_time(54, "the last second of int64", cell("time", 2**63 - 1))
    yield of_time(
        52,
        "a remainder",
        lambda t: put(t, "time", pa.array([1_000_000_000_000_000_001] * 4, pa.timestamp("ns"))),
    )
    yield of_time(40, "the same bars later", lambda t: pa.concat_tables([t, t]))
    again = lambda t: pa.concat_tables([t, t.slice(3, 1)])  # noqa: E731
    yield BarFrame(40, "the same bar again", again, (4024,), "row 4", ("process_bars",))


def two_faults() -> Iterator[BarFrame]:
    """Frames with two bad cells, of which one is named whatever the batches.

    A wrong type or a null comes before all values, column by column; values row by row.
    """
    nan = float("nan")
    of_times = ("process_bars",)

    def both(label: str, place: str, code: int, *changes: Change, calls: Any = CALLS) -> BarFrame:
        def change(table: pa.Table) -> pa.Table:
            for one in changes:
                table = one(table)
            return table

        return BarFrame(65, label, change, (code,), place, calls)

    low = cell("low", nan, row=0)
    yield both("value before null", "column close, row 1", 4030, low, cell("close", None))
    yield both(
        "two nulls",
        "column open, row 1",
        4030,
        cell("close", None, row=0),
        cell("open", None),
    )
    yield both("two values", "column low, row 0", 4011, low, cell("open", nan))
    yield both("values of a row", "column low, row 1", 4011, cell("low", nan), cell("close", nan))
    late = cell("time", 2**63 - 1)
    yield both("time below", "column low, row 0", 4011, low, late, calls=of_times)
    yield both("time beside", "column time, row 1", 4006, cell("low", nan), late, calls=of_times)
    yield both(
        "symbol above", "column close, row 1", 4011, cell("symbol", "", row=0), cell("close", nan)
    )
    yield both(
        "refused above", "column close, row 1", 4011, cell("high", 1, row=0), cell("close", nan)
    )


def broken(table: pa.Table) -> pa.RecordBatchReader:
    """Make a stream that gives one batch and then fails."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield table.combine_chunks().to_batches()[0]
        raise RuntimeError("the source is gone")

    return pa.RecordBatchReader.from_batches(table.schema, batches())


def released(table: pa.Table) -> Capsule:
    capsule = table.__arrow_c_stream__()
    pa.RecordBatchReader._import_from_c_capsule(capsule).close()
    return Capsule(capsule)


def coded(*indices: int) -> Change:
    """Make symbols of a dictionary, whatever it has there."""
    return lambda t: put(
        t.slice(0, 2), "symbol", pa.DictionaryArray.from_arrays(indices, ["A", "B"], safe=False)
    )


def of_bytes(table: pa.Table) -> pa.Table:
    lengths = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 1, 2)))
    bad = pa.Array.from_buffers(pa.string(), 2, [None, lengths, pa.py_buffer(b"A\xff")])
    return put(table.slice(0, 2), "symbol", bad)


def forged_frames() -> Iterator[BarFrame]:
    frame = (4030,)
    yield BarFrame(
        66, "columns of unequal length", lambda t: ForgedStream(t, shorten_last_column), frame
    )
    yield BarFrame(
        66, "fewer columns than the schema", lambda t: ForgedStream(t, drop_last_column), frame
    )
    yield BarFrame(73, "dictionary index out of range", coded(0, 7), frame)
    yield BarFrame(73, "negative dictionary index", coded(0, -1), frame)
    yield BarFrame(74, "invalid UTF-8", of_bytes, (4030, 4012))
    yield BarFrame(
        75,
        "texts with descending offsets",
        lambda t: put(t.slice(0, 2), "symbol", descending(pa.string(), None)),
        frame,
    )
    yield BarFrame(76, "released capsule", released, frame)
    yield BarFrame(76, "no capsule", lambda _table: Capsule(None), frame)
    yield BarFrame(
        76, "capsule of another kind", lambda t: Capsule(t.schema.__arrow_c_schema__()), frame
    )
    yield BarFrame(78, "stream that fails half way", broken, frame)
    yield BarFrame(78, "stream that cannot be had", lambda _table: Raising(), frame)
