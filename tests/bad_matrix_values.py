"""What the matrix of bad inputs passes to an argument of each kind.

The values are those of the other tables of the catalogue; what is added here is a frame of any
columns, spoiled in every way of the entries 64 to 79, and what is no path.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pyarrow as pa

import omega_portfolio as op
from bad_bar_frames import base as bar_base
from bad_batch_frames import BARS, GOOD, ORDERS, PARAMS, broken_text, gone, indices, moved, released
from bad_event_frames import BASE as EVENTS
from bad_frames import Capsule
from bad_frames import quotes as quote_frame
from bad_input_accounts import FLAGS, MODELS, SEQUENCES, WHOLES
from bad_inputs import (
    COUNTS,
    DECIMALS,
    IDS,
    NUMBERS,
    RATES,
    TEXTS,
    TIMES,
    Entry,
    Hostile,
    Reentrant,
    entry,
)
from bad_metric_frames import plain, some_trades
from forged_stream import ForgedStream, drop_last_column, shorten_last_column
from test_metric_arguments import ROLLING_NAMES, SHARES, TOPS, TRIALS, WINDOWS

REFUSED = frozenset({"type", "number", "range", "digit", "time", "id", "decimals", "below"})
"""Kinds of values that no argument takes; of the others it depends on the argument."""

PATHS = [
    entry(21, "path", ""),
    entry(58, "path", "a\0b.html"),
    entry(59, "path", "A" * 2**20 + ".html", "1 MB"),
    entry(60, "path", "\ud800.html"),
    entry(15, "type", True),
    entry(32, "type", 1),
    entry(33, "type", None),
    entry(63, "type", b"a.html"),
    entry(89, "path", "/dev/null/below/a.html", "below what is no folder"),
    Entry(34, "hostile", "type", lambda _portfolio: Hostile()),
]
PRICES = [
    *[entry(33, "type", value) for value in (None, 1, "A", ["A"], {"A": None}, {"A": ()})],
    *[entry(15, "type", value) for value in (True, {"A": True}, {"A": (True, True)})],
    entry(63, "bad", {b"A": 1}),
    entry(57, "bad", {"": 1}),
    entry(58, "bad", {"A\0": 1}),
    entry(60, "bad", {"\ud800": 1}),
    Entry(34, "hostile", "type", lambda _portfolio: Hostile()),
    Entry(34, "of hostiles", "type", lambda _portfolio: {"A": Hostile()}),
    Entry(35, "re-entrant price", "type", lambda p: {"A": Reentrant(p)}),
]
CODES = [one for one in TEXTS if "look-alike" not in one.kind]
NO_FRAMES = [
    *[entry(33, "type", value) for value in (1, True, [1.0], {"time": [1]}, ())],
    entry(33, "path of a file, for some", "A"),
    entry(63, "type", b"A"),
    entry(34, "type", Hostile(), "hostile"),
]
PAIRS = [
    *[entry(one.number, one.kind, (one.make(None), 1), f"{one.label} of a pair")
      for one in NUMBERS if one.number not in {29, 34, 35, 33}],
]  # fmt: skip
DEFINITIONS = [one for one in MODELS if "Instrument" not in one.label]
COLUMNS = [one for one in ROLLING_NAMES if one.number != 57 or one.label not in ("()", "[]")]
ANYTHING = [
    entry(33, "any", None),
    entry(32, "any", 1j),
    entry(63, "any", b"x"),
    Entry(34, "hostile", "any", lambda _portfolio: Hostile()),
]

EARLY = {"datetime.datetime(1, 1, 1, 0, 0)"}
MOMENTS = [
    replace(one, kind="good") if one.number == 51 or one.label in EARLY else one for one in TIMES
]
"""Times that may be before the last event."""
IMAGE = op.PortfolioPython(1000).to_bytes()
FLIPPED = IMAGE[:90] + bytes([IMAGE[90] ^ 1]) + IMAGE[91:]
OCTETS = [
    entry(80, "refused", IMAGE[:-1]),
    entry(80, "refused", IMAGE[:20]),
    entry(81, "refused", FLIPPED),
    entry(82, "refused", b""),
    entry(83, "refused", b"OMEGAJNL" + IMAGE[8:]),
    entry(84, "refused", IMAGE[:8] + b"\x02\0" + IMAGE[10:]),
    entry(86, "refused", IMAGE[:28] + b"\xff\xff\xff\x7f" + IMAGE[32:]),
    entry(100, "refused", bytes(range(256))),
    entry(33, "type", None),
    entry(32, "type", 1),
    entry(63, "type", "image"),
    Entry(34, "hostile", "type", lambda _portfolio: Hostile()),
]
NO_TIMES = [
    entry(33, "type", None),
    entry(32, "type", 1),
    entry(15, "type", True),
    Entry(34, "hostile", "type", lambda _portfolio: Hostile()),
]


def some_other_trades() -> pa.Table:
    """Give three trades of another engine."""
    return pa.table(
        {
            "symbol": ["A", "B", "A"],
            "size": [1.0, 2.0, 3.0],
            "net_pnl": [1.0, 2.0, 3.0],
            "side": ["long", "short", "long"],
            "entry_time": [0, 1, 2],
            "entry_price": [1.0, 2.0, 3.0],
            "exit_time": [1, 2, 3],
            "exit_price": [2.0, 1.0, 4.0],
        }
    )


BASES: dict[str, Callable[[], pa.Table]] = {
    "events": lambda: EVENTS,
    "prices": quote_frame,
    "bars": lambda: bar_base("process_bars"),
    "one bar": lambda: bar_base("process_bar"),
    "equity": plain,
    "trades": some_trades,
    "other trades": some_other_trades,
    "benchmark": lambda: plain().rename_columns(["time", "close"]),
    "batch bars": lambda: BARS,
    "batch orders": lambda: ORDERS,
    "batch params": lambda: PARAMS,
}
"""A good frame for each argument that takes one."""


def _column(table: pa.Table, name: str, cells: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, cells)


def _descending(rows: int) -> pa.Array:
    """Make texts of which all but the first end before they start."""
    offsets = pa.py_buffer(struct.pack(f"<{rows + 1}i", 0, 3, *[1] * (rows - 1)))
    return pa.Array.from_buffers(pa.string(), rows, [None, offsets, pa.py_buffer(b"ABC")])


def _spoiled(table: pa.Table, name: str) -> Iterator[tuple[int, str, Callable[[], Any]]]:
    """Spoil one column of a frame in every way."""
    rows = table.num_rows
    kind = table.schema.field(name).type
    cells = table[name].to_pylist()
    holes = pa.array([None, *cells[1:]], kind)
    yield 64, "null", lambda: _column(table, name, holes)
    yield 65, "NaN", lambda: _column(table, name, pa.array([1.0] * (rows - 1) + [float("nan")]))
    yield 67, "lists", lambda: _column(table, name, pa.array([[1]] * rows))
    yield 68, "missing", lambda: table.drop_columns([name])
    yield 68, "twice", lambda: table.append_column(name, table[name])
    yield 73, "key of no value", lambda: _column(table, name, indices(73, 7).make(rows))
    yield 74, "no UTF-8", lambda: _column(table, name, broken_text(rows))
    yield 75, "descending offsets", lambda: _column(table, name, _descending(rows))
    yield 79, "Decimal256", lambda: _column(table, name, pa.array([1] * rows, pa.decimal256(60, 9)))


def _whole(table: pa.Table) -> Iterator[tuple[int, str, str, Callable[[], Any]]]:
    """Spoil a frame as a whole, or lay it out otherwise."""
    yield 66, "refused", "a column too short", lambda: ForgedStream(table, shorten_last_column)
    yield 66, "refused", "a column too few", lambda: ForgedStream(table, drop_last_column)
    yield 68, "frame", "no column", lambda: pa.table({})
    yield 69, "frame", "no rows", lambda: table.slice(0, 0)
    yield 70, "frame", "sliced", lambda: GOOD["70 sliced"](table)
    yield 71, "frame", "8 bytes off", lambda: moved(table, 8)
    yield 72, "frame", "empty chunks", lambda: GOOD["72 empty chunks"](table)
    yield 76, "refused", "released", lambda: released(table)
    yield 76, "refused", "no capsule", lambda: Capsule(None)
    yield 77, "refused", "a capsule that was used", lambda: _used(table)
    yield 78, "refused", "a stream that fails", lambda: gone(table)


def _used(table: pa.Table) -> Capsule:
    capsule = table.__arrow_c_stream__()
    pa.RecordBatchReader._import_from_c_capsule(capsule).read_all()
    return Capsule(capsule)


@cache
def frames(name: str) -> tuple[Entry, ...]:
    """Give the frames of one argument; those of kind `refused` are taken by none."""
    table = BASES[name]()
    found = [
        Entry(number, f"{column}: {label}", "frame", lambda _portfolio, make=make: make())
        for column in table.column_names[:3]
        for number, label, make in _spoiled(table, column)
    ]
    found += [
        Entry(number, label, kind, lambda _portfolio, make=make: make())
        for number, kind, label, make in _whole(table)
    ]
    return (*found, *NO_FRAMES)


PORTS = [
    *[one for one in COUNTS if one.kind != "good"],
    entry(11, "number", 2**63),
    entry(14, "number", 10**5000, "10**5000"),
    entry(33, "type", None),
]
"""No port of the system is tried: somebody else may have it."""

KINDS: dict[str, list[Entry]] = {
    "number": NUMBERS,
    "time": TIMES,
    "text": TEXTS,
    "word": CODES,
    "id": IDS,
    "rate": RATES,
    "share": SHARES,
    "trials": TRIALS,
    "count": COUNTS,
    "port": PORTS,
    "decimals": DECIMALS,
    "whole": WHOLES,
    "flag": FLAGS,
    "model": MODELS,
    "sequence": SEQUENCES,
    "window": WINDOWS,
    "top": TOPS,
    "names": ROLLING_NAMES,
    "path": PATHS,
    "prices": PRICES,
    "pair": PAIRS,
    "definition": DEFINITIONS,
    "columns": COLUMNS,
    "moment": MOMENTS,
    "octets": OCTETS,
    "no times": NO_TIMES,
    "anything": ANYTHING,
}


def values(kind: str) -> list[Entry]:
    """Give what an argument of a kind is tried with; `a+b` is of both kinds, `a?` may be None."""
    found: list[Entry] = []
    for part in kind.removesuffix("?").split("+"):
        frame = part.removeprefix("frame ")
        found += KINDS[part] if frame == part else frames(frame)
    return found


def value_of(one: Entry, portfolio: op.Portfolio) -> Any:
    """Make a value; one digit too many is too many for money as well."""
    return f"1.{'0' * 18}1" if one.kind == "digit" else one.make(portfolio)
