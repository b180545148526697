"""Rows of events as Arrow tables, in random ones of the types and layouts that mean the same."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.event_rows import COLUMNS, Row
from omega_portfolio.bench.inputs import DAY

if TYPE_CHECKING:
    from random import Random

    import pyarrow as pa

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_INTEGERS: Final = ("int8", "uint8", "int16", "int32", "uint32", "int64", "uint64")
_UNITS: Final = {"s": 1_000_000, "ms": 1_000, "us": 1}
_NANOSECONDS_MAX: Final = 2**63 // 1_000
_ZONES: Final = (None, "UTC", "Asia/Tokyo", "-03:30")
DIGITS_MAX: Final = 38


def event_table(random: Random, rows: list[Row]) -> pa.Table:
    """Build a frame of events.

    Parameters
    ----------
    random : random.Random
        Source of the choices.
    rows : list of dict
        Its rows.

    Returns
    -------
    pyarrow.Table
        The columns that the rows have, now and then one that they do not; in chunks of any
        length, some of them empty, some of them parts of longer ones.
    """
    import pyarrow as pa

    names = [name for name in COLUMNS if any(name in row for row in rows)]
    if random.getrandbits(3) == 0:
        names = list(dict.fromkeys([*names, random.choice(tuple(COLUMNS))]))
    if random.getrandbits(1):
        random.shuffle(names)
    columns = [_column(random, name, [row.get(name) for row in rows]) for name in names]
    return _cut(random, pa.table(columns, names=names))


def plain_table(table: pa.Table) -> pa.Table:
    """Give a table with the usual types, in one chunk, without columns of nulls.

    Parameters
    ----------
    table : pyarrow.Table
        A table from :func:`event_table`, or rows of one.

    Returns
    -------
    pyarrow.Table
        What it says of floats and of times below a microsecond may be something else.
    """
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name in table.column_names:
        if table[name].null_count == len(table):
            continue
        holds = COLUMNS[name]
        kind = {"text": pa.string(), "time": pa.int64(), "whole": pa.int64()}.get(holds)
        cells = _microseconds(table[name]) if holds == "time" else table[name].to_pylist()
        columns[name] = _numbers(cells) if kind is None else pa.array(cells, kind)
    return pa.table(columns)


def _microseconds(column: pa.ChunkedArray) -> list[int | None]:
    import pyarrow as pa

    kind = column.type
    moments = column if pa.types.is_integer(kind) else column.cast(pa.timestamp("us"))
    ticks: list[int | None] = moments.cast(pa.int64()).to_pylist()
    return ticks


def _column(random: Random, name: str, cells: list[Any]) -> pa.Array:
    import pyarrow as pa

    if all(cell is None for cell in cells) and name != "action" and random.getrandbits(1):
        return pa.nulls(len(cells))
    holds = COLUMNS[name]
    if holds == "text":
        return _texts(random, cells)
    if holds == "time":
        return _times(random, cells)
    if holds == "whole":
        return pa.array(cells, random.choice(_integer_types(cells)))
    if random.getrandbits(2) == 0:
        return _other_numbers(random, cells)
    return _numbers(cells, random)


def _texts(random: Random, cells: list[Any]) -> pa.Array:
    import pyarrow as pa

    kind = random.choice((pa.string(), pa.string(), pa.large_string(), pa.string_view()))
    array = pa.array(cells, kind)
    is_view = kind == pa.string_view()
    return array if is_view or random.getrandbits(1) else array.dictionary_encode()


def _integer_types(cells: list[Any]) -> list[pa.DataType]:
    import pyarrow as pa

    found = [cell for cell in cells if cell is not None]
    low, high = min(found, default=0), max(found, default=0)
    fitting = []
    for text in _INTEGERS:
        bits = int(text.lstrip("uint"))
        signed = not text.startswith("u")
        if (-(2 ** (bits - 1)) if signed else 0) <= low and high < 2 ** (bits - signed):
            fitting.append(pa.type_for_alias(text))
    return fitting


def _times(random: Random, cells: list[Any]) -> pa.Array:
    """Write times as integers, timestamps of a unit that holds them, or dates."""
    import pyarrow as pa

    found = [cell for cell in cells if cell is not None]
    if random.getrandbits(1) or not all(_is_datetime(cell) for cell in found):
        return pa.array(cells, pa.int64())
    if all(cell % DAY == 0 for cell in found) and random.getrandbits(1):
        days = [None if cell is None else cell // DAY for cell in cells]
        return pa.array(days, pa.int32()).cast(pa.date32())
    zone = random.choice(_ZONES)
    if all(abs(cell) < _NANOSECONDS_MAX for cell in found) and random.getrandbits(2) == 0:
        ticks = [None if cell is None else cell * 1_000 for cell in cells]
        return pa.array(ticks, pa.int64()).cast(pa.timestamp("ns", zone))
    unit = next(unit for unit, size in _UNITS.items() if all(cell % size == 0 for cell in found))
    unit = unit if random.getrandbits(1) else "us"
    ticks = [None if cell is None else cell // _UNITS[unit] for cell in cells]
    return pa.array(ticks, pa.int64()).cast(pa.timestamp(unit, zone))


def _is_datetime(microseconds: int) -> bool:
    """Whether a time is in the years that Python can write, so that a program can show it."""
    try:
        _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return False
    return True


def _other_numbers(random: Random, cells: list[Any]) -> pa.Array:
    """Write numbers as floats, or as integers when they are whole."""
    import pyarrow as pa

    found = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, int) and abs(cell) < 2**63 for cell in found) and found:
        return pa.array(cells, random.choice(_integer_types(cells)))
    kind = pa.float32() if random.getrandbits(4) == 0 else pa.float64()
    return pa.array([None if cell is None else float(cell) for cell in cells], kind)


def _numbers(cells: list[Any], random: Random | None = None) -> pa.Array:
    """Write numbers as decimals of a width that holds them; as floats when none does."""
    import pyarrow as pa

    found = [cell for cell in cells if cell is not None]
    if not all(isinstance(cell, int | Decimal) for cell in found):
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    exponents = [Decimal(cell).as_tuple().exponent for cell in found]
    scale = max((-exponent for exponent in exponents if isinstance(exponent, int)), default=0)
    scale = max(scale, 0)
    whole = max((len(str(abs(int(cell)))) for cell in found), default=1)
    if scale + whole > DIGITS_MAX:
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    if random is None:
        return _decimals(cells, pa.decimal128(DIGITS_MAX, scale))
    kinds = [pa.decimal128(DIGITS_MAX, random.randint(scale, DIGITS_MAX - whole))] * 3
    kinds += [pa.decimal128(scale + whole, scale)]
    if hasattr(pa, "decimal64") and scale + whole <= 18:
        kinds += [pa.decimal64(18, scale)]
        kinds += [pa.decimal32(9, scale)] if scale + whole <= 9 else []
    return _decimals(cells, random.choice(kinds))


def _decimals(cells: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    return pa.array([None if cell is None else Decimal(cell) for cell in cells], kind)


def _cut(random: Random, table: pa.Table) -> pa.Table:
    """Cut a table into chunks, or take it out of a longer one."""
    import pyarrow as pa

    choice = random.getrandbits(2)
    if choice < 2:
        return table
    if choice == 2:
        return pa.concat_tables([table, table]).combine_chunks().slice(len(table))
    at = random.randint(0, len(table))
    parts = [table.slice(0, at), table.slice(0, 0), table.slice(at)]
    return pa.concat_tables(parts)


__all__ = ["DIGITS_MAX", "event_table", "plain_table"]
