"""The smallest batch that still shows a difference: runs, rows and options are left out."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from omega_portfolio.bench.batch_cases import BARS, ORDERS, PARAMS, Case, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUDGET: Final = 20.0
"""Seconds after which the batch is as small as it is."""


def shrink(case: Case, fails: Callable[[Case], bool]) -> Case:
    """Leave out what a difference does not need.

    Parameters
    ----------
    case : Case
        A batch that shows one.
    fails : callable
        Tells whether a batch still does.

    Returns
    -------
    Case
    """
    end = time.perf_counter() + BUDGET
    changed = True
    while changed and time.perf_counter() < end:
        changed = False
        for smaller in _smaller(case):
            if time.perf_counter() > end:
                break
            if fails(smaller):
                case, changed = smaller, True
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Give batches with less, those with much less first."""
    if PARAMS in case.frames:
        others = {name: frame for name, frame in case.frames.items() if name != PARAMS}
        options = {name: value for name, value in case.options.items() if name != "labels"}
        yield replace(case, frames=others, options=options)
    for name in (PARAMS, ORDERS, BARS):
        yield from _fewer_rows(case, name)
    for name in (PARAMS, ORDERS, BARS):
        frame = case.frames.get(name, Rows((), ()))
        for column in frame.columns:
            kept = tuple(other for other in frame.columns if other != column)
            yield case.with_frame(name, frame._replace(columns=kept))
    for name in case.options:
        if name != "initial_balance":
            rest = {other: value for other, value in case.options.items() if other != name}
            yield replace(case, options=rest)
    instruments = case.options.get("instruments", [])
    for place in range(len(instruments)):
        fewer = instruments[:place] + instruments[place + 1 :]
        yield replace(case, options={**case.options, "instruments": fewer})


def _fewer_rows(case: Case, name: str) -> Iterator[Case]:
    frame = case.frames.get(name, Rows((), ()))
    count = len(frame.rows)
    size = (count + 1) // 2
    while size >= 1:
        for start in range(0, count, size):
            rows = frame.rows[:start] + frame.rows[start + size :]
            yield case.with_frame(name, frame._replace(rows=rows))
        size //= 2


__all__ = ["shrink"]
