"""Frames of events of the catalogue of bad inputs: odd layouts, broken buffers, broken streams.

What the frames start from, and what makes one good or bad, is in `bad_event_frames.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import polars as pl
import pyarrow as pa

from bad_event_frames import (
    BASE,
    ROWS,
    EventFrame,
    column_frames,
    good,
    length_frames,
    nothing,
    null_frames,
    type_frames,
    with_column,
)
from bad_frames import Capsule, Raising, released
from event_frames import KINDS, closed, opened, paid, table
from forged_stream import ForgedStream, leave
from test_apply_types import ArrayOnly, records

# 69 to 72: layouts that are good


def shifted(column: pa.ChunkedArray) -> pa.Array:
    """Make the same decimals in a buffer that starts 8 bytes after an aligned address."""
    array = pa.concat_arrays(column.chunks)
    validity, values = array.buffers()
    room = bytearray(values.size + 32)
    whole = pa.py_buffer(room)
    start = (8 - whole.address) % 16
    room[start : start + values.size] = values.to_pybytes()
    moved = whole.slice(start, values.size)
    assert moved.address % 16 == 8
    return pa.Array.from_buffers(array.type, len(array), [validity, moved])


def layout_frames() -> Iterator[EventFrame]:
    none = BASE.slice(0, 0)
    for label, make in {
        "no rows": lambda: none,
        "no chunks": BASE.schema.empty_table,
        "no rows in Polars": lambda: pl.DataFrame(none),
        "empty chunks only": lambda: pa.concat_tables([none, none]),
        "array of no records": lambda: ArrayOnly(records(BASE).slice(0, 0)),
    }.items():
        yield EventFrame(69, label, make, nothing)
    wide = table(paid(0), *[closed(0, key="?")] * 2, *ROWS, opened(0, key="k"), paid(0))
    dictionaries = wide
    for name in ("action", "symbol", "key", "tag"):
        dictionaries = with_column(name, wide[name].dictionary_encode(), dictionaries)
    for label, frame in {"sliced": wide, "sliced dictionaries": dictionaries}.items():
        yield good(70, label, lambda frame=frame: frame.slice(3, len(ROWS)))
    yield good(70, "sliced records", lambda: ArrayOnly(records(wide).slice(3, len(ROWS))))
    yield good(70, "sliced in Polars", lambda: pl.DataFrame(wide).slice(3, len(ROWS)))
    moved = BASE
    for name, kind in KINDS.items():
        if pa.types.is_decimal(kind):
            moved = with_column(name, shifted(BASE[name]), moved)
            yield good(
                71, f"{name} on an 8-byte boundary",
                lambda name=name: with_column(name, shifted(BASE[name])),
            )  # fmt: skip
    yield good(71, "all decimals on an 8-byte boundary", lambda: moved)
    parts = [none, BASE.slice(0, 2), none, none, BASE.slice(2, 1), BASE.slice(3), none]
    yield good(72, "empty chunks", lambda: pa.concat_tables(parts))
    empty = pa.RecordBatch.from_pylist([], BASE.schema)
    batches = [empty, *BASE.to_batches(), empty]
    yield good(72, "an empty batch before and after",
               lambda: pa.RecordBatchReader.from_batches(BASE.schema, batches))  # fmt: skip
    yield good(72, "batches of one row", lambda: BASE.to_reader(max_chunksize=1))


# 73 to 75: cells that point nowhere


def by_offsets(
    kind: pa.DataType, change: Callable[[list[int]], None] = lambda _: None, data: bytes = b"aa"
) -> pa.Array:
    """Make the same text in every row, with offsets that may be changed."""
    offsets = [len(data) * at for at in range(len(ROWS) + 1)]
    change(offsets)
    code = "i" if pa.types.is_string(kind) else "q"
    packed = pa.py_buffer(struct.pack(f"<{len(offsets)}{code}", *offsets))
    texts = pa.py_buffer(data * len(ROWS))
    return pa.Array.from_buffers(kind, len(ROWS), [None, packed, texts])


def by_views(row: int, view: bytes, data: bytes = b"abcdefghijklmnopqrstuvwxyz") -> pa.Array:
    """Make empty texts but for one view."""
    views = [view if at == row else bytes(16) for at in range(len(ROWS))]
    buffers = [None, pa.py_buffer(b"".join(views)), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string_view(), len(ROWS), buffers)


def view(length: int, buffer: int, offset: int, prefix: bytes = b"abcd") -> bytes:
    return struct.pack("<i4sii", length, prefix, buffer, offset)


def broken_frames() -> Iterator[EventFrame]:
    """Break the tag of row 1 and the texts of other columns that are read."""
    for name in ("action", "symbol", "side", "key", "tag", "reason", "quote_currency"):
        texts = BASE[name].combine_chunks().dictionary_encode()
        row = texts.is_null().index(False).as_py()
        for index in (-1, 99):
            indices = [
                index if at == row else one for at, one in enumerate(texts.indices.to_pylist())
            ]
            column = pa.DictionaryArray.from_arrays(
                pa.array(indices, pa.int32()), texts.dictionary, safe=False
            )
            yield EventFrame(
                73, f"index {index} in {name}",
                lambda name=name, column=column: with_column(name, column), column=name,
            )  # fmt: skip
    columns = {
        (74, "utf8"): by_offsets(pa.string(), data=b"\xff\xfe"),
        (74, "large utf8"): by_offsets(pa.large_string(), data=b"a\xc3"),
        (74, "inline view"): by_views(1, struct.pack("<i12s", 2, b"a\xff")),
        (74, "long view"): by_views(1, view(20, 0, 0), b"abcd" + b"\xed\xa0\x80" * 9),
        (75, "descending offsets"): by_offsets(pa.string(), _swap),
        (75, "descending large offsets"): by_offsets(pa.large_string(), _swap),
        (75, "offset below 0"): by_offsets(pa.string(), _put(1, -2)),
        (75, "offset far away"): by_offsets(pa.string(), _put(2, 2**30)),
        (75, "large offset far away"): by_offsets(pa.large_string(), _put(2, 2**62)),
        (75, "view of no buffer"): by_views(1, view(20, 1, 0)),
        (75, "view of buffer -1"): by_views(1, view(20, -1, 0)),
        (75, "view beyond its buffer"): by_views(1, view(20, 0, 10)),
        (75, "view before its buffer"): by_views(1, view(20, 0, -4)),
        (75, "view of 2 GB"): by_views(1, view(2**31 - 1, 0, 0)),
        (75, "view of length -1"): by_views(1, view(-1, 0, 0)),
    }  # fmt: skip
    for (number, label), column in columns.items():
        yield EventFrame(number, label, lambda column=column: with_column("tag", column),
                         column="tag")  # fmt: skip


def _put(at: int, offset: int) -> Callable[[list[int]], None]:
    def change(offsets: list[int]) -> None:
        offsets[at] = offset

    return change


def _swap(offsets: list[int]) -> None:
    offsets[2], offsets[3] = offsets[3] + 2, offsets[2]


# 76 to 78: capsules and streams that give nothing, or stop


class ArrayCapsules:
    """Hands out one pair of capsules, however often it is asked."""

    def __init__(self, capsules: object) -> None:
        self.capsules = capsules

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object:
        return self.capsules


def failing_reader() -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        yield BASE.to_batches()[0]
        raise RuntimeError("the source is gone")

    return pa.RecordBatchReader.from_batches(BASE.schema, batches())


def stream_frames() -> Iterator[EventFrame]:
    schema, array = records(BASE).__arrow_c_array__()
    parts = pa.Table.from_batches(BASE.to_batches(max_chunksize=4))
    for number, label, make in (
        (76, "released stream", released),
        (76, "no stream", lambda: Capsule(None)),
        (76, "schema instead of a stream", lambda: Capsule(BASE.schema.__arrow_c_schema__())),
        (76, "no array", lambda: ArrayCapsules(None)),
        (76, "one capsule", lambda: ArrayCapsules(schema)),
        (76, "capsules in the wrong order", lambda: ArrayCapsules((array, schema))),
        (76, "three capsules", lambda: ArrayCapsules((schema, array, array))),
        (78, "reader that fails half way", failing_reader),
        (78, "producer that raises", Raising),
        *((78, f"stream that fails after {batches}",
           lambda batches=batches: ForgedStream(parts, leave, batches)) for batches in range(3)),
        (67, "stream of numbers", lambda: pa.chunked_array([[1, 2]])),
        (67, "array of numbers", lambda: ArrayOnly(pa.array([1, 2]))),
        (64, "a null record", lambda: pa.chunked_array([[{"action": "mark"}, None]])),
    ):  # fmt: skip
        yield EventFrame(number, label, make)


def all_frames() -> list[EventFrame]:
    """Give every frame of the catalogue but those of a million rows."""
    return [
        *null_frames(),
        *length_frames(),
        *type_frames(),
        *column_frames(),
        *layout_frames(),
        *broken_frames(),
        *stream_frames(),
    ]
