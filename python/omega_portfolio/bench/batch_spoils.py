"""One thing that is wrong with a batch as a whole, so that nothing of it may run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.batch_cases import BARS, ORDERS, PARAMS, Case, Rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_WRONG_TYPES: Final = ("string", "double", "int64", "bool")


def spoil(random: Random, case: Case) -> Case:
    """Make one thing of a batch wrong; it may be one that nobody looks at.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    case : Case
        A good batch.

    Returns
    -------
    Case
    """
    name = random.choice([name for name, frame in case.frames.items() if frame.rows] or [BARS])
    frame = case.frames[name]
    ways: list[Callable[[Random, Rows], Rows]] = [_drop, _twice, _unknown, _null, _null, _cell]
    ways += [_cell, {BARS: _bar, ORDERS: _order, PARAMS: _param}[name]] * 2
    if random.random() < 0.12:
        column = random.choice(frame.columns)
        return replace(case, types={(name, column): random.choice(_WRONG_TYPES)})
    return case.with_frame(name, random.choice(ways)(random, frame))


def _drop(random: Random, frame: Rows) -> Rows:
    gone = random.choice(frame.columns)
    return frame._replace(columns=tuple(name for name in frame.columns if name != gone))


def _twice(random: Random, frame: Rows) -> Rows:
    return frame._replace(columns=(*frame.columns, random.choice(frame.columns)))


def _unknown(random: Random, frame: Rows) -> Rows:
    return frame.with_cell(_row(random, frame), random.choice(("sise", "key", "close")), None)


def _row(random: Random, frame: Rows) -> int:
    return random.randrange(len(frame.rows))


def _null(random: Random, frame: Rows) -> Rows:
    return frame.with_cell(_row(random, frame), random.choice(frame.columns), None)


def _cell(random: Random, frame: Rows) -> Rows:
    """Set a cell to something that its column may hold and its rules do not like."""
    name = random.choice(frame.columns)
    row = _row(random, frame)
    return frame.with_cell(row, name, _bad(random, name, frame.rows[row].get(name)))


_BAD: Final[dict[str, tuple[Any, ...]]] = {
    **dict.fromkeys(
        ("action", "side", "type", "size_rule", "mode", "path", "fill"),
        ("", "Open", "nothing", "risk"),
    ),
    "run_id": (-1, 2**32 - 1, 2**32 - 2, 10_001),
    **dict.fromkeys(("time", "exit_time", "expiry"), (-(2**62), 2**62, 0)),
    **dict.fromkeys(("symbol", "tag", "oco", "note"), ("", " X", "a\0b", "x" * 256, "NONE")),
    "targets": ("1", "1:2:3", "a:1", "1:0.0000000001", "", "1e99:1"),
    "if_flat": (True,),
}
_NUMBERS: Final = (Decimal(0), Decimal("-0.5"), Decimal("1e-9"), Decimal("9" * 29))


def _bad(random: Random, name: str, cell: Any) -> Any:  # noqa: ANN401 - a cell of any kind.
    if name not in _BAD and cell is not None and random.random() < 0.5:
        return -Decimal(cell)
    return random.choice(_BAD.get(name, _NUMBERS))


def _bar(random: Random, frame: Rows) -> Rows:
    """Break an order of the bars, or one of their rules."""
    row = _row(random, frame)
    cells = frame.rows[row]
    way = random.randrange(4)
    if way == 0:
        return frame._replace(rows=(*frame.rows, cells))
    if way == 1:
        return frame._replace(rows=tuple(reversed(frame.rows)))
    if way == 2:
        return frame.with_cell(row, "high", Decimal("1e-9"))
    return frame.with_cell(row, "low", max(cells["open"], cells["close"]) * 2)


def _order(random: Random, frame: Rows) -> Rows:
    row = _row(random, frame)
    cells = {
        "action": "closed",
        "symbol": "NONE",
        "side": None,
        "size": None,
        "size_rule": "risk",
        "run_id": 9_999_999,
    }
    name = random.choice(tuple(cells))
    return frame.with_cell(row, name, cells[name])


def _param(random: Random, frame: Rows) -> Rows:
    row = _row(random, frame)
    cells = {
        "initial_balance": Decimal(-1),
        "leverage": Decimal(0),
        "stop_out": Decimal(10_000),
        "margin_call": Decimal("0.000000001"),
        "slippage_rate": Decimal(-1),
        "slippage_points": Decimal(1),
        "commission_rate": Decimal(1),
        "stop_loss_rate": Decimal(1),
        "run_id": frame.rows[0].get("run_id"),
    }
    name = random.choice(tuple(cells))
    return frame.with_cell(row, name, cells[name])


__all__ = ["spoil"]
