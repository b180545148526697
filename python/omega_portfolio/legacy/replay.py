"""A file of operations, one JSON object a line, and its replay through both portfolios.

The operations are those of :func:`omega_portfolio.legacy.process_batch`, with times as ISO texts
and the position as an object of its fields. In a file an entry may have a ``key``: then ``exit``
(in place of ``position_idx``) and ``fee`` can name the position, also after it has left;
``change`` sets fields of it, and ``update`` may have ``prices`` for the exact account.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from omega_portfolio.errors import InvalidFrame, describe
from omega_portfolio.legacy.batch import process_batch
from omega_portfolio.legacy.position import PortfolioPosition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from omega_portfolio.legacy.exact import ExactPortfolio

TIMES: Final = {"entry_time", "exit_time", "trigger_time", "last_update", "time", "fee_time"}
FIELDS: Final = tuple(one.name for one in fields(PortfolioPosition))
NEEDED: Final = FIELDS[:7]
"""Fields of a position without a default."""


class Step(NamedTuple):
    """One operation and the place it stands at: file and number of the line, from 1."""

    place: str
    line: int
    operation: dict[str, Any]


class Replayed(NamedTuple):
    """What a replay left.

    Attributes
    ----------
    operations : int
        How many there were.
    failed : list of (int, str)
        Line and reason of each that both portfolios left undone.
    lines : list of int
        The line that each row of the differences comes from.
    """

    operations: int
    failed: list[tuple[int, str]]
    lines: list[int]


def read_operations(path: Path) -> Iterator[Step]:
    """Read a file, line by line; empty lines are skipped.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    Step

    Raises
    ------
    InvalidFrame
        The file cannot be read, or a line is no JSON object.
    """
    remedy = "write one JSON object a line"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no UTF-8 text"
        rule = f"cannot be read: {reason}"
        raise InvalidFrame(str(path), "(no data)", rule, "name a readable file") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}: line {number}"
        try:
            operation = json.loads(line)
        except ValueError as error:
            raise InvalidFrame(place, line, f"is no JSON: {error}", remedy) from None
        if not isinstance(operation, dict):
            raise InvalidFrame(place, line, "is no JSON object", remedy)
        yield Step(place, number, operation)


def steps_of(operations: Iterable[Mapping[str, Any]], name: str) -> Iterator[Step]:
    """Number operations that come from no file."""
    for number, operation in enumerate(operations, start=1):
        yield Step(f"{name}: line {number}", number, dict(operation))


def replay(steps: Iterable[Step], portfolio: ExactPortfolio) -> Replayed:
    """Run operations on an old portfolio and its exact account.

    Parameters
    ----------
    steps : iterable of Step
        What to do, in order.
    portfolio : ExactPortfolio
        A fresh one.

    Returns
    -------
    Replayed

    Raises
    ------
    InvalidFrame
        A time, a position or a key is wrong. An operation that the old portfolio cannot do is
        in ``failed``.

    Examples
    --------
    >>> from omega_portfolio.legacy import ExactPortfolio
    >>> from omega_portfolio.legacy.replay import replay, steps_of
    >>> portfolio = ExactPortfolio(100.0)
    >>> operations = [{"type": "fee", "amount": 0.5, "time": "2024-01-02"}, {"type": "no"}]
    >>> replay(steps_of(operations, "example"), portfolio).failed
    [(2, "Unknown operation type: 'no'")]
    >>> portfolio.cash
    99.5
    """
    positions: dict[str, PortfolioPosition] = {}
    failed: list[tuple[int, str]] = []
    lines: list[int] = []
    count = 0
    for step in steps:
        count += 1
        operation = _typed(step, positions)
        error = _run(portfolio, operation)
        if error is not None:
            failed.append((step.line, error))
        lines += [step.line] * (len(portfolio.differences) - len(lines))
    return Replayed(count, failed, lines)


def _typed(step: Step, positions: dict[str, PortfolioPosition]) -> dict[str, Any]:
    """Give an operation with times, and with positions in place of their keys."""
    operation = {name: _value(step, name, value) for name, value in step.operation.items()}
    key = operation.pop("key", None)
    if operation.get("type") == "entry":
        operation["position"] = position = _position(step, operation.get("position"))
        if key is not None:
            positions[str(key)] = position
    elif key is not None:
        if str(key) not in positions:
            remedy = "give the key to an entry before it"
            raise InvalidFrame(step.place, describe(key), "is the key of no position", remedy)
        operation["position"] = positions[str(key)]
    if operation.get("type") == "change" and "position" not in operation:
        raise InvalidFrame(step.place, "change", "has no key", "name the position")
    return operation


def _value(step: Step, name: str, value: Any) -> Any:  # noqa: ANN401 - a value of JSON.
    if name not in TIMES or not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value.removesuffix("Z") + "+00:00" * value.endswith("Z"))
    except ValueError:
        remedy = "write a time such as 2024-01-02T09:00:00"
        raise InvalidFrame(f"{step.place}: {name}", value, "is no time", remedy) from None


def _position(step: Step, given: object) -> PortfolioPosition:
    if not isinstance(given, dict):
        remedy = f"give {', '.join(NEEDED)}"
        raise InvalidFrame(step.place, describe(given), "is no position", remedy)
    for name in given:
        if name not in FIELDS:
            remedy = f"use {', '.join(FIELDS)}"
            raise InvalidFrame(f"{step.place}: {name}", name, "is no field", remedy)
    for name in NEEDED:
        if name not in given:
            raise InvalidFrame(f"{step.place}: {name}", "(missing)", "is needed", "add it")
    return PortfolioPosition(**{name: _value(step, name, value) for name, value in given.items()})


def _run(portfolio: ExactPortfolio, operation: dict[str, Any]) -> str | None:
    """Do one operation; give the reason why it cannot be done."""
    kind, position = operation.get("type"), operation.get("position")
    if kind == "change" and position is not None:
        return _change(position, operation)
    if kind == "update" and "prices" in operation and "time" in operation:
        portfolio.update(operation["time"], operation["prices"])
        return None
    if position is None or kind == "entry":
        errors = process_batch(portfolio, [operation]).errors
        return errors[0][1] if errors else None
    try:
        if kind == "exit":
            _leave(portfolio, position, operation)
        else:
            amount, time = operation["amount"], operation.get("time")
            portfolio.register_fee(amount, time, operation.get("kind", "other"), position)
    except (KeyError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _change(position: PortfolioPosition, operation: dict[str, Any]) -> str | None:
    changes = {name: value for name, value in operation.items() if name in FIELDS}
    if len(changes) != len(operation) - 2:
        return f"No field of a position among {sorted(operation)}"
    for name, value in changes.items():
        setattr(position, name, value)
    return None


def _leave(
    portfolio: ExactPortfolio, position: PortfolioPosition, operation: dict[str, Any]
) -> None:
    """Close a named position, or only note why it leaves when there is no price."""
    time, reason = operation.get("time"), operation.get("reason", "signal")
    if operation["price"] is None:
        position.exit_time, position.reason = time, reason
    else:
        position.close(time, operation["price"], reason)
    portfolio.register_fee(operation.get("fee"), time, "exit", position)
    portfolio.register_exit(position)


__all__ = ["Replayed", "Step", "read_operations", "replay", "steps_of"]
