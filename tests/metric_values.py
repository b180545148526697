"""What the tests of the metrics share: small histories, and how two values are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal, localcontext
from typing import Any

import pyarrow as pa

import omega_portfolio as op

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
MONEY = pa.decimal128(38, 18)
STAMP = pa.timestamp("us", "UTC")
RELATIVE = 1e-9


def days(count: int, start: datetime = START, step: timedelta = DAY) -> list[datetime]:
    return [start + step * number for number in range(count)]


def money(values: Iterable[object]) -> pa.Array:
    """Make exact money of ints, texts, Decimals and the shortest digits of floats."""
    texts = [repr(value) if isinstance(value, float) else str(value) for value in values]
    with localcontext() as context:
        context.prec = 60
        return pa.array([Decimal(text).quantize(Decimal("1e-18")) for text in texts], MONEY)


def equity(
    values: Sequence[object], stamps: Sequence[datetime] | None = None, **columns: Any
) -> pa.Table:
    """Make an equity frame with a row a day, unless times are given."""
    kept = days(len(values)) if stamps is None else stamps
    whole: Any = (
        pa.array(values, pa.float64())
        if all(isinstance(value, float) for value in values)
        else money(values)
    )
    return pa.table({"time": pa.array(kept, STAMP), "equity": whole, **columns})


def trades(results: Sequence[object], **columns: Any) -> pa.Table:
    """Make a frame of trades with these net results, a day long each, one after the other."""
    entries = days(len(results))
    return pa.table(
        {
            "entry_time": pa.array(entries, STAMP),
            "exit_time": pa.array([entry + DAY for entry in entries], STAMP),
            "net_pnl": money(results),
            **columns,
        }
    )


def level(values: Sequence[object], stamps: Sequence[datetime] | None = None) -> pa.Table:
    """Make a benchmark."""
    return equity(values, stamps).rename_columns(["time", "close"])


def history(backend: str, values: Sequence[object], **options: Any) -> op.History:
    """Make a history of equity values a day apart."""
    return op.History(equity(values), backend=backend, **options)


def whole_set(source: Any, **options: Any) -> dict[str, Any]:
    return dict(source.calculate_metrics(**options))


def is_close(
    found: object, wanted: object, relative: float = RELATIVE, absolute: float = 0.0
) -> bool:
    """Whether two metrics are the same: floats nearly, all else exactly and of one type."""
    if isinstance(found, float) and isinstance(wanted, float):
        return math.isclose(found, wanted, rel_tol=relative, abs_tol=absolute)
    return type(found) is type(wanted) and found == wanted


def differences(
    found: Mapping[str, object],
    wanted: Mapping[str, object],
    relative: float = RELATIVE,
    absolute: float = 0.0,
) -> dict[str, tuple[object, object]]:
    """Give the metrics that differ, with both values."""
    assert list(found) == list(wanted)
    return {
        name: (found[name], wanted[name])
        for name in wanted
        if not is_close(found[name], wanted[name], relative, absolute)
    }


def rows(table: Any) -> list[dict[str, Any]]:
    """Give the rows of an answered table as Python values."""
    found: list[dict[str, Any]] = pa.table(table).to_pylist()
    return found


def table_differences(
    found: Any, wanted: Any, relative: float = RELATIVE
) -> list[tuple[int, str, object, object]]:
    """Give the cells in which two tables differ; their columns and types are the same."""
    left, right = pa.table(found), pa.table(wanted)
    assert left.schema.equals(right.schema), f"{left.schema}\n{right.schema}"
    assert left.num_rows == right.num_rows
    return [
        (number, name, one[name], other[name])
        for number, (one, other) in enumerate(zip(left.to_pylist(), right.to_pylist(), strict=True))
        for name in left.column_names
        if not is_close(one[name], other[name], relative)
    ]
