"""Frames of the catalogue of bad inputs for ``run_batch``: bars, orders and params.

Each starts from a frame that has every column. What a type or a cell of it must be answered with
is SPEC section 20; whatever it is, both backends have to give the same answer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa

import omega_portfolio as op
from bad_frames import Capsule, Raising
from forged_stream import ForgedStream, drop_last_column, leave, shorten_last_column

NUMBER = pa.decimal128(38, 9)
FORGED = (73, 74)
"""Cells that contradict their column: pyarrow, which reads for Python, names no row."""


def decimals(*values: object, kind: pa.DataType = NUMBER) -> pa.Array:
    return pa.array([None if one is None else Decimal(str(one)) for one in values], kind)


def nothing(rows: int, kind: pa.DataType) -> pa.Array:
    return pa.array([None] * rows, kind)


BARS = pa.table(
    {
        "time": pa.array([10, 20, 20, 30], pa.int64()),
        "symbol": ["A", "A", "B", "A"],
        "open": decimals(100, 101, 5, 102),
        "high": decimals(103, 104, 7, 105),
        "low": decimals(97, 98, 4, 99),
        "close": decimals(101, 102, 6, 103),
        "spread": decimals("0.5", "0.5", "0.1", "0.5"),
    }
)
LEVELS = (
    *("stop_loss", "take_profit", "stop_loss_distance", "take_profit_distance"),
    *("stop_loss_rate", "take_profit_rate", "trailing", "break_even", "break_even_offset"),
    "trailing_rate",
)
ORDERS = pa.table(
    {
        "run_id": pa.array([0, 0, 1], pa.uint32()),
        "time": pa.array([10, 20, 20], pa.int64()),
        "symbol": ["A", "B", "A"],
        "action": ["open"] * 3,
        "side": ["long", "short", "long"],
        "size": decimals(1, 2, 3),
        "size_rule": pa.array([None, "units", "units"]),
        "type": ["limit", "stop", "market"],
        "price": decimals(99, 4, None),
        **{name: nothing(3, NUMBER) for name in LEVELS},
        "targets": nothing(3, pa.string()),
        "exit_time": nothing(3, pa.int64()),
        "expiry": nothing(3, pa.int64()),
        "oco": nothing(3, pa.string()),
        "tag": pa.array(["t", None, "u"]),
        "if_flat": pa.array([False, None, True]),
    }
)
PARAMS = pa.table(
    {
        "run_id": pa.array([0, 1], pa.uint32()),
        "size": nothing(2, NUMBER),
        **{name: nothing(2, NUMBER) for name in LEVELS},
        **{name: nothing(2, pa.string()) for name in ("size_rule", "side", "mode", "path", "fill")},
        **{
            name: nothing(2, NUMBER)
            for name in (
                *("initial_balance", "leverage", "margin_call", "stop_out"),
                *("commission_rate", "commission_per_lot", "commission_per_unit"),
                *("commission_per_trade", "slippage_points", "slippage_rate"),
            )
        },
        "label": nothing(2, pa.string()),
    }
)
FRAMES = {"bars": BARS, "orders": ORDERS, "params": PARAMS}


def check_refusal(error: op.OmegaPortfolioError) -> None:
    """Expect a class of our own tree that can be printed and says what to do."""
    assert type(error) is op.errors.by_code[error.code]
    assert error.rule
    assert error.remedy
    assert str(error).encode()


@dataclass(frozen=True)
class Cells:
    """A column of so many rows, whose last cell or whose type may be wrong."""

    number: int
    label: str
    make: Callable[[int], pa.Array]

    def __str__(self) -> str:
        return f"{self.number}-{self.label}".replace(" ", "_")


def whole(number: int, value: object, kind: pa.DataType) -> Cells:
    return Cells(number, str(kind), lambda rows: pa.array([value] * rows, kind))


def last(number: int, value: object, kind: pa.DataType, first: object = 1) -> Cells:
    label = f"{kind} {value!r:.20}"
    return Cells(number, label, lambda rows: pa.array([first] * (rows - 1) + [value], kind))


def indices(number: int, index: int | None) -> Cells:
    def make(rows: int) -> pa.Array:
        places = pa.array([0] * (rows - 1) + [index], pa.int32())
        return pa.DictionaryArray.from_arrays(places, pa.array(["A", None]), safe=False)

    return Cells(number, f"dictionary {index}", make)


def broken_text(rows: int) -> pa.Array:
    offsets = pa.py_buffer(struct.pack(f"<{rows + 1}i", *range(rows + 1)))
    return pa.Array.from_buffers(
        pa.string(), rows, [None, offsets, pa.py_buffer(b"A" * (rows - 1) + b"\xff")]
    )


def columns() -> Iterator[Cells]:
    nan, infinity = float("nan"), float("inf")
    yield Cells(64, "nulls", pa.nulls)
    yield Cells(64, "lists of nulls", lambda rows: pa.array([[]] * rows))
    yield whole(67, 1, pa.int64())
    yield whole(67, True, pa.bool_())
    yield whole(67, "x", pa.string())
    yield whole(67, "1", pa.large_string())
    yield whole(67, "A", pa.string_view())
    yield whole(67, b"x", pa.binary())
    yield whole(67, [1], pa.list_(pa.int64()))
    yield whole(67, {"a": 1}, pa.struct({"a": pa.int64()}))
    yield whole(79, Decimal(1), pa.decimal256(60, 9))
    yield whole(67, Decimal("1.5"), pa.decimal32(5, 2))
    yield whole(67, Decimal(100), pa.decimal128(5, -2))
    yield whole(67, 86_400, pa.duration("us"))
    yield whole(67, 1, pa.time64("us"))
    yield whole(52, 10_001, pa.timestamp("ns"))
    yield whole(54, 2**62, pa.timestamp("s"))
    for value in (nan, infinity, -infinity, 5e-324, 1.7e308, -0.0, 0.0, -1.0, 0.1 + 0.2, None):
        yield last(1, value, pa.float64(), 1.0)
    for value in (0, -1, 2**63 - 1, -(2**63), None):
        yield last(11, value, pa.int64())
    yield last(11, 2**64 - 1, pa.uint64())
    yield last(11, 2**32 - 1, pa.uint32())
    yield whole(13, Decimal("9" * 38), pa.decimal128(38, 0))
    yield whole(29, Decimal("0.0000000001"), pa.decimal128(38, 10))
    for text in ("", "\0", "A\0", "CAFE\u0301", "\u0391", "0", "1:1", "1:0.5;", "nan:1", "1_0:1"):
        yield last(57, text, pa.string(), text)
    yield Cells(59, "1 MB", lambda rows: pa.array(["A" * 2**20] * rows))
    yield indices(64, None)
    yield indices(64, 1)
    yield indices(73, 7)
    yield indices(73, -1)
    yield Cells(74, "invalid UTF-8", broken_text)
    yield Cells(67, "runs", lambda rows: pa.RunEndEncodedArray.from_arrays([rows], ["A"]))


def with_cells(frame: pa.Table, name: str, cells: Cells) -> pa.Table:
    return frame.set_column(frame.column_names.index(name), name, cells.make(frame.num_rows))


def released(frame: pa.Table) -> Capsule:
    capsule = frame.__arrow_c_stream__()
    pa.RecordBatchReader._import_from_c_capsule(capsule).close()
    return Capsule(capsule)


def gone(frame: pa.Table) -> pa.RecordBatchReader:
    """Make a stream that gives its rows and then fails."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield from frame.to_batches()
        raise RuntimeError("the source is gone")

    return pa.RecordBatchReader.from_batches(frame.schema, batches())


BROKEN: dict[str, Callable[[pa.Table], Any]] = {
    "66 a column too short": lambda frame: ForgedStream(frame, shorten_last_column),
    "66 a column too few": lambda frame: ForgedStream(frame, drop_last_column),
    "76 released": released,
    "76 no capsule": lambda _: Capsule(None),
    "76 another capsule": lambda frame: Capsule(frame.schema.__arrow_c_schema__()),
    "78 cannot be had": lambda _: Raising(),
    "78 fails at once": lambda frame: ForgedStream(frame, leave, 0),
    "78 fails half way": lambda frame: ForgedStream(
        pa.concat_tables([frame.slice(0, 1), frame.slice(1)]), leave, 1
    ),
    "78 is gone": gone,
    "67 a series": lambda frame: pl.DataFrame(frame).to_series(),
}
"""Streams that are refused as a whole: the column or the row does not matter."""

NO_FRAMES: dict[str, Any] = {
    "nothing": None,
    "a number": 1,
    "bytes": b"x",
    "a list": [],
    "a mapping": {},
    "a lazy frame": pl.LazyFrame({"time": [1]}),
    "an array": [1, 2, 3],
    "a flag": True,
}


def moved(frame: pa.Table, by: int) -> pa.Table:
    """Give the frame over memory that begins so many bytes behind an aligned address."""
    columns = {}
    for name in frame.column_names:
        whole = pa.concat_arrays(frame[name].chunks)
        buffers = [None if one is None else shifted_buffer(one, by) for one in whole.buffers()]
        columns[name] = pa.Array.from_buffers(whole.type, len(whole), buffers, offset=whole.offset)
    return pa.table(columns)


def shifted_buffer(buffer: pa.Buffer, by: int) -> pa.Buffer:
    room = bytearray(buffer.size + 32)
    whole = pa.py_buffer(room)
    start = (by - whole.address) % 16
    room[start : start + buffer.size] = buffer.to_pybytes()
    return whole.slice(start, buffer.size)


GOOD: dict[str, Callable[[pa.Table], Any]] = {
    "70 sliced": lambda frame: pa.concat_tables([frame] * 2).combine_chunks()[frame.num_rows :],
    "70 sliced frame of Polars": lambda frame: pl.concat([pl.DataFrame(frame)] * 2)[
        frame.num_rows :
    ],
    "72 empty chunks": lambda frame: pa.concat_tables(
        [frame[:0], frame[:1], frame[:0], frame[1:], frame[:0]]
    ),
    "72 a reader": lambda frame: frame.to_reader(max_chunksize=1),
    "72 a batch": lambda frame: frame.combine_chunks().to_batches()[0],
    "77 a capsule that is used up": lambda frame: Capsule(frame.__arrow_c_stream__()),
    "68 columns in another order": lambda frame: frame.select(frame.column_names[::-1]),
    **{f"71 {by} bytes off": partial(moved, by=by) for by in (8, 4, 1)},
    "64 columns of type null of Polars": lambda frame: pl.DataFrame(frame).select(
        pl.lit(None, pl.Null).alias(one) if frame[one].null_count == frame.num_rows else pl.col(one)
        for one in frame.column_names
    ),
}
"""Other forms of the same frame."""
