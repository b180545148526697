"""The addresses behind an Arrow stream, read from its C structures.

Two holders of one address at one time share the memory: equal addresses on both sides of a
hand-over prove that nothing was copied. The structures are those of the Arrow C data interface
and the Arrow C stream interface, so that no library stands in between.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import polars as pl

    from omega_portfolio.types import ArrowStream


class _Schema(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))),
    ("private_data", ctypes.c_void_p),
]


class _Array(ctypes.Structure):
    pass


_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    pass


_Stream._fields_ = [
    (
        "get_schema",
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema)),
    ),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))),
    ("private_data", ctypes.c_void_p),
]

_capsule_pointer: Final = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


class Chunk(NamedTuple):
    """Where one chunk of a column lies.

    Attributes
    ----------
    length : int
        Number of rows.
    values : int
        Address of the first value; of the first view in a text column.
    texts : tuple of int
        Addresses of the buffers with the long texts of a text column, without empty ones.
    """

    length: int
    values: int
    texts: tuple[int, ...]


class Column(NamedTuple):
    """Where one column lies.

    Attributes
    ----------
    name : str
        Name of the column.
    format : str
        Its type as the Arrow C data interface writes it, such as ``d:38,18``.
    width : int
        Bytes of a value.
    chunks : tuple of Chunk
        Its chunks, without empty ones.
    """

    name: str
    format: str
    width: int
    chunks: tuple[Chunk, ...]


def width_of(type_format: str) -> int:
    """Return the bytes of a value of a type that portfolios use.

    Parameters
    ----------
    type_format : str
        As the Arrow C data interface writes it.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        Portfolios do not use this type.
    """
    if type_format.startswith("ts") or type_format in {"g", "L", "l"}:
        return 8
    if type_format == "I":
        return 4
    if type_format == "vu" or (type_format.startswith("d:") and type_format.count(",") == 1):
        return 16
    raise ValueError(f"the Arrow type {type_format!r} is not among those of a portfolio")


def column_addresses(source: ArrowStream) -> list[Column]:
    """Read where the columns of a frame lie.

    Parameters
    ----------
    source : object with __arrow_c_stream__
        A table of a portfolio, a Polars frame, a pyarrow table.

    Returns
    -------
    list of Column
        In the order of the frame. The addresses are good as long as somebody holds the data;
        ``source`` usually does.

    Raises
    ------
    ValueError
        A column has nulls or a type that portfolios do not use.
    OSError
        The stream reports an error.
    """
    capsule = source.__arrow_c_stream__()
    pointer = _capsule_pointer(capsule, b"arrow_array_stream")
    stream = ctypes.cast(pointer, ctypes.POINTER(_Stream))
    names_formats = _fields(stream)
    chunks: list[list[Chunk]] = [[] for _ in names_formats]
    while True:
        array = _Array()
        _check(stream, stream.contents.get_next(stream, ctypes.byref(array)))
        if not array.release:
            break
        try:
            for number, (_, type_format) in enumerate(names_formats):
                child = array.children[number].contents
                chunk = _chunk(child, array.offset, array.length, type_format)
                if chunk.length:
                    chunks[number].append(chunk)
        finally:
            array.release(ctypes.byref(array))
    return [
        Column(name, type_format, width_of(type_format), tuple(parts))
        for (name, type_format), parts in zip(names_formats, chunks, strict=True)
    ]


def frame_addresses(frame: pl.DataFrame) -> list[Column]:
    """Read where the columns of a Polars frame lie.

    Polars joins the chunks of a column when it exports a frame, into new memory, so that the
    chunks are exported one by one here.

    Parameters
    ----------
    frame : polars.DataFrame
        Any frame with types that portfolios use.

    Returns
    -------
    list of Column
        In the order of the frame.
    """
    columns: list[Column] = []
    for series in frame:
        parts = [column_addresses(chunk.to_frame())[0] for chunk in series.get_chunks()]
        chunks = tuple(chunk for part in parts for chunk in part.chunks)
        columns.append(parts[0]._replace(chunks=chunks))
    return columns


def _fields(stream: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - ctypes pointers have no type.
    schema = _Schema()
    _check(stream, stream.contents.get_schema(stream, ctypes.byref(schema)))
    try:
        children = [schema.children[number].contents for number in range(schema.n_children)]
        return [(child.name.decode(), child.format.decode()) for child in children]
    finally:
        schema.release(ctypes.byref(schema))


def _check(stream: Any, code: int) -> None:  # noqa: ANN401 - ctypes pointers have no type.
    if code != 0:
        text = stream.contents.get_last_error(stream)
        raise OSError(code, "" if text is None else text.decode(errors="replace"))


def _chunk(array: _Array, offset: int, length: int, type_format: str) -> Chunk:
    if array.null_count > 0:
        raise ValueError(f"a column of type {type_format!r} has {array.null_count} nulls")
    first = (array.buffers[1] or 0) + (array.offset + offset) * width_of(type_format)
    texts: tuple[int, ...] = ()
    if type_format == "vu":
        # The last buffer holds the lengths of the text buffers; an empty one lies nowhere.
        count = array.n_buffers - 3
        lengths = ctypes.cast(array.buffers[count + 2], ctypes.POINTER(ctypes.c_int64))
        texts = tuple(array.buffers[2 + number] for number in range(count) if lengths[number])
    return Chunk(length, first, texts)


def same_memory(left: Column, right: Column) -> bool:
    """Tell whether two columns lie at the same addresses, chunk by chunk.

    Parameters
    ----------
    left, right : Column
        From :func:`column_addresses`, while both sources are alive.

    Returns
    -------
    bool
        False for columns without rows, because they prove nothing.
    """
    return bool(left.chunks) and (left.format, left.chunks) == (right.format, right.chunks)


__all__ = ["Chunk", "Column", "column_addresses", "frame_addresses", "same_memory", "width_of"]
