"""A benchmark: levels in time, and the level that holds at a moment (SPEC section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.errors import InvalidFrame
from omega_portfolio.oracle.metric_frames import (
    MONEY,
    present,
    read_column,
    read_frame,
    read_times,
    refused_cell,
)
from omega_portfolio.oracle.numbers import MONEY_SCALE, nearest_double, plain_text
from omega_portfolio.oracle.times import to_datetime

if TYPE_CHECKING:
    from omega_portfolio.oracle.frames import Frame

VALUE_NAMES: Final = ("equity", "close", "price", "value")
"""Names of a column of levels; one that goes by another name must be the only one."""


class Level(NamedTuple):
    """A benchmark from a time on."""

    time: int
    value: float


def read_benchmark(benchmark: object) -> list[Level]:
    """Read a benchmark that a caller gave.

    Raises
    ------
    InvalidArgument
        It is no Arrow table.
    InvalidFrame
        It is no table of times and levels above 0.
    """
    frame = read_frame("benchmark", benchmark)
    times = read_times(frame)
    name = _value_name(frame)
    raws = read_column(frame, name, MONEY)
    for row, raw in enumerate(raws):
        if raw <= 0:
            text = plain_text(raw, MONEY_SCALE)
            raise refused_cell(
                frame, (name, row), text, "must be greater than 0", "correct the level"
            )
    values = [nearest_double(raw, MONEY_SCALE) for raw in raws]
    return [Level(time, value) for time, value in zip(times, values, strict=True)]


def levels_at(levels: Sequence[Level], times: Sequence[int]) -> list[float]:
    """Give the last level at or before each of some times, which never decrease.

    Raises
    ------
    InvalidFrame
        There is none at the first of the times.
    """
    found: list[float] = []
    known = 0
    for time in times:
        while known < len(levels) and levels[known].time <= time:
            known += 1
        if known == 0:
            raise InvalidFrame(
                "benchmark",
                to_datetime(levels[0].time).isoformat() if levels else "no row",
                f"has no level at the start of the history, {to_datetime(time).isoformat()}",
                "pass a benchmark that starts at or before it",
            )
        found.append(levels[known - 1].value)
    return found


def _value_name(frame: Frame) -> str:
    """Choose the column that holds the levels."""
    known = present(frame, VALUE_NAMES)
    others: list[str] = [name for name in frame.table.column_names if name != "time"]
    if len(known) == 1:
        return known[0]
    if len(others) == 1:
        return others[0]
    raise frame.refused(
        f"columns {', '.join(others) or 'none'}",
        "do not say which one holds the levels",
        f"pass time and one of {', '.join(VALUE_NAMES)}",
    )
