"""Frames of equity, trades and levels for the catalogue of bad inputs.

A bad frame is refused as a whole, and the refusal names the column, and the row of the cell.
A good one is a strange layout of an equity frame that means the same as the plain one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa

from bad_frames import Capsule, Raising
from forged_stream import ForgedStream, drop_last_column, shorten_last_column
from metric_values import START, days, equity, trades

ROWS = 3
TIMES = days(ROWS)
VALUES = (100.0, 110.0, 105.0)


@dataclass(frozen=True)
class MetricFrame:
    """A frame; `names` are the words of a refusal that say where the fault is."""

    number: int
    label: str
    make: Callable[[], object]
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.number}-{self.label}".replace(" ", "_")


def plain() -> pa.Table:
    return equity(list(VALUES))


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """Give a table with other cells in one column."""
    cells = values if isinstance(values, pa.Array) else pa.array(values)
    if name not in table.column_names:
        return table.append_column(name, cells)
    return table.set_column(table.column_names.index(name), name, cells)


def broken_reader() -> pa.RecordBatchReader:
    """Make a stream that gives one batch and then fails."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield plain().to_batches()[0]
        raise RuntimeError("the source is gone")

    return pa.RecordBatchReader.from_batches(plain().schema, batches())


def released() -> Capsule:
    capsule = plain().__arrow_c_stream__()
    pa.RecordBatchReader._import_from_c_capsule(capsule).close()
    return Capsule(capsule)


def bad_numbers(name: str, table: Callable[[], pa.Table]) -> Iterator[MetricFrame]:
    """Give what no column of money can hold, in the second row."""
    inf, nan = float("inf"), float("nan")
    for number, label, value in (
        (1, "NaN", nan),
        (2, "infinite", inf),
        (3, "minus infinite", -inf),
        (9, "tiny", 5e-324),
        (9, "small", 1e-300),
        (10, "huge", 1.7e308),
        (10, "large", 1e300),
        (13, "of 38 digits", 1e20),
    ):
        yield MetricFrame(
            number,
            f"{label} {name}",
            lambda value=value: with_column(table(), name, [1.0, value, 1.0]),
            (name, "row 1"),
        )
    for number, label, cells in (
        (64, "null", pa.array([1.0, None, 1.0])),
        (
            29,
            "too fine",
            pa.array([Decimal(1), Decimal("1e-19"), Decimal(1)], pa.decimal128(38, 19)),
        ),
    ):
        yield MetricFrame(
            number,
            f"{label} {name}",
            lambda cells=cells: with_column(table(), name, cells),
            (name, "row 1"),
        )
    for number, label, cells in (
        (67, "text", pa.array(["1", "2", "3"])),
        (67, "booleans", pa.array([True, False, True])),
        (67, "times", pa.array(TIMES)),
        (67, "lists", pa.array([[1.0], [2.0], [3.0]])),
        (79, "Decimal256", pa.array([Decimal(1)] * 3, pa.decimal256(60, 9))),
    ):
        yield MetricFrame(
            number,
            f"{name} as {label}",
            lambda cells=cells: with_column(table(), name, cells),
            (name,),
        )


def bad_times(name: str, table: Callable[[], pa.Table]) -> Iterator[MetricFrame]:
    """Give what is no time, in the second row."""
    nanos = pa.array([0, 1, 2], pa.timestamp("ns"))
    yield MetricFrame(64, f"null {name}", lambda: with_column(
        table(), name, pa.array([TIMES[0], None, TIMES[2]], pa.timestamp("us", "UTC"))),
        (name, "row 1"))  # fmt: skip
    yield MetricFrame(
        52, f"nanoseconds in {name}", lambda: with_column(table(), name, nanos), (name, "row 1")
    )
    yield MetricFrame(
        54,
        f"{name} out of range",
        lambda: with_column(table(), name, pa.array([0, 2**62, 2**62])),
        (name, "row 1"),
    )
    for label, cells in (("text", ["2024-01-01"] * 3), ("floats", [1.0, 2.0, 3.0])):
        yield MetricFrame(
            56,
            f"{name} as {label}",
            lambda cells=cells: with_column(table(), name, cells),
            (name,),
        )


def bad_layouts() -> Iterator[MetricFrame]:
    """Give what is wrong with a whole frame."""
    table = plain()
    yield MetricFrame(68, "no column at all", lambda: pa.table({}), ("time",))
    yield MetricFrame(68, "no time", lambda: table.select(["equity"]), ("time",))
    yield MetricFrame(
        68, "time twice", lambda: table.append_column("time", table["time"]), ("time",)
    )
    yield MetricFrame(
        68, "other letters", lambda: table.rename_columns(["Time", "Equity"]), ("time",)
    )
    yield MetricFrame(64, "times of nulls", lambda: with_column(table, "time", pa.nulls(3)))
    for label, damage in (("short", shorten_last_column), ("lost", drop_last_column)):
        yield MetricFrame(
            66, f"column {label}", lambda damage=damage: ForgedStream(plain(), damage)
        )
    yield MetricFrame(76, "released capsule", released)
    yield MetricFrame(76, "no capsule", lambda: Capsule(None))
    yield MetricFrame(78, "stream that fails half way", broken_reader)
    yield MetricFrame(78, "stream that cannot be had", Raising)


def backwards() -> MetricFrame:
    stamps = [START, START + timedelta(days=2), START + timedelta(days=1)]
    return MetricFrame(
        51, "times that go back", lambda: with_column(plain(), "time", stamps), ("time", "row 2")
    )


def bad_equity() -> Iterator[MetricFrame]:
    table = plain()
    yield from bad_layouts()
    yield backwards()
    yield MetricFrame(68, "no equity", lambda: table.select(["time"]), ("equity",))
    yield MetricFrame(
        68, "equity twice", lambda: table.append_column("equity", table["equity"]), ("equity",)
    )
    yield MetricFrame(
        64, "equity of nulls", lambda: with_column(table, "equity", pa.nulls(3)), ("equity",)
    )
    yield from bad_times("time", plain)
    for name in ("equity", "gross_exposure", "net_exposure"):
        yield from bad_numbers(name, plain)


def some_trades() -> pa.Table:
    return trades([1, -1, 2])


def bad_trades() -> Iterator[MetricFrame]:
    table = some_trades()
    for name in ("entry_time", "exit_time", "net_pnl"):
        yield MetricFrame(68, f"no {name}", lambda name=name: table.drop_columns([name]), (name,))
        yield MetricFrame(
            68,
            f"{name} twice",
            lambda name=name: table.append_column(name, table[name]),
            (name,),
        )
    for name in ("entry_time", "exit_time"):
        yield from bad_times(name, some_trades)
    early = [START, START + timedelta(days=1), START + timedelta(days=1)]
    yield MetricFrame(
        51,
        "an exit before its entry",
        lambda: with_column(table, "exit_time", early),
        ("exit_time", "row 2"),
    )
    for name in ("net_pnl", "gross_pnl", "entry_fee", "exit_fee", "cost", "mae", "mfe"):
        yield from bad_numbers(name, some_trades)
    for name in ("size", "entry_price", "stop_loss"):
        yield MetricFrame(
            64, f"null {name}", lambda name=name: with_column(table, name, [1, None, 1]),
            (name, "row 1"),
        )  # fmt: skip
        yield MetricFrame(
            1, f"NaN {name}",
            lambda name=name: with_column(table, name, [1.0, float("nan"), 1.0]), (name, "row 1"),
        )  # fmt: skip
    for name, wrong in (
        ("side", ("long", "up", "short")),
        ("side", ("long", "", "short")),
        ("symbol", ("A", "", "B")),
        ("symbol", ("A", "B\0", "B")),
        ("tag", ("A", "B\0", "B")),
        ("reason", ("A", "B" * 256, "B")),
        ("reason", ("A", None, "B")),
    ):
        yield MetricFrame(
            58,
            f"{name} of {wrong[1]!r}"[:24],
            lambda name=name, wrong=wrong: with_column(table, name, list(wrong)),
            (name, "row 1"),
        )
    for name in ("symbol", "side", "tag", "reason"):
        yield MetricFrame(
            67, f"{name} as numbers", lambda name=name: with_column(table, name, [1, 2, 3]), (name,)
        )


def bad_levels() -> Iterator[MetricFrame]:
    levels = plain().rename_columns(["time", "close"])
    yield from bad_layouts()
    yield backwards()
    yield from bad_times("time", lambda: levels)
    for name in ("equity", "close", "price", "value", "SPX"):
        yield from bad_numbers(name, lambda: plain().select(["time"]))
        for value in (0.0, -1.0):
            yield MetricFrame(
                7,
                f"{name} of {value}",
                lambda name=name, value=value: with_column(
                    plain().select(["time"]), name, [1.0, value, 1.0]
                ),
                (name, "row 1"),
            )
    yield MetricFrame(68, "no levels", lambda: levels.select(["time"]))
    yield MetricFrame(
        68, "two of the names", lambda: levels.append_column("price", levels["close"])
    )
    yield MetricFrame(
        68,
        "two other columns",
        lambda: plain().rename_columns(["time", "a"]).append_column("b", levels["close"]),
    )
    yield MetricFrame(
        51, "a start after the history", lambda: equity([1.0, 2.0], days(2, TIMES[1]))
    )
    yield MetricFrame(69, "no level", lambda: levels.slice(0, 0))


def good_equity() -> Iterator[MetricFrame]:
    """Give frames that mean what `plain` means."""
    table = plain()
    none = table.slice(0, 0)
    yield MetricFrame(70, "sliced", lambda: pa.concat_tables([table, table]).slice(3))
    yield MetricFrame(
        72,
        "empty chunks",
        lambda: pa.concat_tables([none, table.slice(0, 1), none, table.slice(1)]),
    )
    yield MetricFrame(72, "a reader", lambda: table.to_reader(max_chunksize=1))
    yield MetricFrame(72, "one batch", lambda: table.to_batches()[0])
    yield MetricFrame(67, "Polars", lambda: pl.DataFrame(table))
    yield MetricFrame(
        67,
        "pandas",
        lambda: pd.DataFrame({"time": pd.to_datetime(TIMES), "equity": list(VALUES)}),
    )
    yield MetricFrame(68, "columns in another order", lambda: table.select(["equity", "time"]))
    yield MetricFrame(68, "a further column", lambda: table.append_column("note", [["a", "b", ""]]))
    yield MetricFrame(
        64, "exposure of nulls", lambda: table.append_column("gross_exposure", pa.nulls(3))
    )
    for unit in ("s", "ms", "us", "ns"):
        stamps = pa.array([stamp.replace(tzinfo=None) for stamp in TIMES], pa.timestamp(unit))
        yield MetricFrame(
            50, f"naive times in {unit}", lambda stamps=stamps: with_column(table, "time", stamps)
        )
    zoned = table["time"].cast(pa.timestamp("us", "Asia/Tokyo"))
    yield MetricFrame(
        55, "another zone", lambda: with_column(table, "time", zoned.combine_chunks())
    )
    dates = [date(stamp.year, stamp.month, stamp.day) for stamp in TIMES]
    yield MetricFrame(50, "dates", lambda: with_column(table, "time", dates))
    micros = [int(datetime.timestamp(stamp)) * 1_000_000 for stamp in TIMES]
    yield MetricFrame(50, "microseconds", lambda: with_column(table, "time", micros))
    whole = [int(value) for value in VALUES]
    for kind in (pa.int16(), pa.uint64(), pa.float32(), pa.decimal128(7, 2), pa.decimal64(9, 3)):
        cells = pa.array([Decimal(value) for value in whole] if "decimal" in str(kind) else whole,
                         kind)  # fmt: skip
        yield MetricFrame(
            67, f"equity as {kind}", lambda cells=cells: with_column(table, "equity", cells)
        )
