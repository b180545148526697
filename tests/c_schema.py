"""Reads an Arrow schema out of its capsule, field by field, as a consumer in C would.

Nothing between: pyarrow and Polars have types of their own, and what is looked at here is what
crosses the boundary.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

NULLABLE = 2
"""Flag of a field whose cells may be null (``ARROW_FLAG_NULLABLE``)."""


class ArrowSchema(ctypes.Structure):
    """`struct ArrowSchema` of the C data interface."""


ArrowSchema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowSchema))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]

get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
get_pointer.restype = ctypes.c_void_p
get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


class Column(NamedTuple):
    """One field of a schema."""

    name: str
    format: str
    nullable: bool


def columns_of(table: object) -> list[Column]:
    """Give the fields of what `__arrow_c_schema__` hands out; none of them has metadata."""
    capsule = table.__arrow_c_schema__()
    address = get_pointer(capsule, b"arrow_schema")
    root = ctypes.cast(address, ctypes.POINTER(ArrowSchema)).contents
    assert root.format == b"+s"
    assert root.metadata is None
    assert root.release
    fields = [root.children[place].contents for place in range(root.n_children)]
    for field in fields:
        assert field.metadata is None
        assert field.dictionary is None
        assert field.n_children == 0
    return [
        Column(field.name.decode(), field.format.decode(), bool(field.flags & NULLABLE))
        for field in fields
    ]
