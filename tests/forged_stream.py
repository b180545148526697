"""An Arrow stream whose batches are changed behind the back of their maker.

pyarrow refuses to build or export broken batches, so a sound stream is exported into the C
structures of the Arrow C stream interface, and its `get_next` is replaced by one that damages
what it hands out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import ClassVar

import pyarrow as pa


class ArrowArray(ctypes.Structure):
    """`struct ArrowArray` of the C data interface."""


ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowArray))),
    ("dictionary", ctypes.POINTER(ArrowArray)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


class ArrowArrayStream(ctypes.Structure):
    """`struct ArrowArrayStream` of the C stream interface."""

    _fields_: ClassVar = [
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.c_void_p),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


GetNext = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ArrowArray))
Damage = Callable[[ArrowArray], None]


EIO = 5


class ForgedStream:
    """Exports the batches of a table after `damage` had its hands on each of them.

    With `batches`, the stream fails after so many of them.
    """

    def __init__(self, table: pa.Table, damage: Damage, batches: int | None = None) -> None:
        self.stream = ArrowArrayStream()
        table.to_reader()._export_to_c(ctypes.addressof(self.stream))
        honest = GetNext(self.stream.get_next)
        asked = 0

        def get_next(stream: int, out: ctypes.Array[ArrowArray]) -> int:
            nonlocal asked
            asked += 1
            if batches is not None and asked > batches:
                return EIO
            status = honest(stream, out)
            if status == 0 and out[0].release:
                damage(out[0])
            return status

        self.get_next = GetNext(get_next)
        self.stream.get_next = ctypes.cast(self.get_next, ctypes.c_void_p).value

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        new_capsule = ctypes.pythonapi.PyCapsule_New
        new_capsule.restype = ctypes.py_object
        new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new_capsule(ctypes.addressof(self.stream), b"arrow_array_stream", None)


def shorten_last_column(batch: ArrowArray) -> None:
    """Leave the last column with one row less than the batch."""
    batch.children[batch.n_children - 1].contents.length = batch.length - 1


def drop_last_column(batch: ArrowArray) -> None:
    """Leave the batch with one column less than its schema."""
    batch.n_children -= 1


def shorten_batch(batch: ArrowArray) -> None:
    """Leave the batch with one row less than its columns have, which is allowed."""
    batch.length -= 1


def leave(batch: ArrowArray) -> None:
    """Leave the batch as it is."""
    assert batch.release
