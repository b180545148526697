"""What one call gave, in a form that can be compared between backends."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from omega_portfolio.errors import OmegaPortfolioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omega_portfolio.types import Receipts, Table

TRADE_COLUMNS: Final = (
    *("trade_id", "position_id", "symbol", "side", "size", "entry_time", "entry_price"),
    *("exit_time", "exit_price", "gross_pnl", "entry_fee", "exit_fee", "swap", "net_pnl", "cost"),
    *("mae", "mfe", "fx_pnl", "slippage", "stop_loss", "take_profit", "tag", "reason"),
)
"""Attributes of a trade."""

_PLACE: Final = re.compile(r"row \d+, column \w+(?=: )")

_trade_values: Final = attrgetter(*TRADE_COLUMNS)


class Refusal(NamedTuple):
    """A typed refusal: what two backends must agree on."""

    name: str
    code: int
    argument: str


class Crash(NamedTuple):
    """An exception that is no typed refusal; always a difference, even when both raise it."""

    name: str
    text: str


class Applied(NamedTuple):
    """What a frame of events gave.

    Attributes
    ----------
    schema : str
        The columns of the receipts and their types.
    receipts : tuple of tuple
        Their rows.
    refused : tuple of tuple
        Row, code and place of each refused row.
    """

    schema: str
    receipts: tuple[tuple[Any, ...], ...]
    refused: tuple[tuple[Any, ...], ...]


Answer: TypeAlias = "int | tuple[object, ...] | Applied | Refusal | Crash | None"
"""What one call gave: an id, a trade, receipts, a refusal, a crash, or nothing."""


class Difference(NamedTuple):
    """The first thing in which two portfolios differ."""

    what: str
    left: str
    right: str

    @property
    def kind(self) -> str:
        """What differs, without the numbers in it: rows and ids change in a shorter list."""
        return re.sub(r"\d+", "", self.what)


def answer(
    call: Callable[..., object], arguments: tuple[object, ...], keywords: dict[str, object]
) -> Answer:
    """Make one call and catch whatever comes out.

    Parameters
    ----------
    call : callable
        A bound method of a portfolio.
    arguments, keywords : tuple and dict
        Its arguments.

    Returns
    -------
    int, tuple, Applied, Refusal, Crash or None
        Values that can be compared with those of another backend.
    """
    try:
        result = call(*arguments, **keywords)
    except OmegaPortfolioError as error:
        place = _place(error.value) if error.argument == "events" else ""
        return Refusal(type(error).__name__, error.code, error.argument + place)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of compiled code is no Exception.
        return Crash(type(error).__name__, str(error)[:200])
    if result is None or type(result) is int:
        return result
    if hasattr(result, "refused"):
        return _applied(cast("Receipts", result))
    if isinstance(result, (list, tuple)):
        # The kind of sequence is part of the answer, also when it is empty.
        return type(result).__name__, *map(_trade_values, result)
    values: tuple[object, ...] = _trade_values(result)
    return values


def _place(text: str) -> str:
    """Give row and column at the beginning of a text; the words after it are a backend's own."""
    found = _PLACE.match(text)
    return f" {found[0]}" if found else ""


def _applied(receipts: Receipts) -> Applied:
    refused = [
        (row, code, _place(message.partition("events=")[2]))
        for row, code, message in _rows(receipts.refused)
    ]
    return Applied(str(receipts.schema), _rows(receipts), tuple(refused))


def _rows(table: Table) -> tuple[tuple[Any, ...], ...]:
    columns = table.to_pyarrow().columns
    return tuple(zip(*(column.to_pylist() for column in columns), strict=True))


def compare_answers(left: Answer, right: Answer) -> Difference | None:
    """Compare what one call gave on both sides, to the last letter.

    Parameters
    ----------
    left, right : int, tuple, Applied, Refusal, Crash or None
        As :func:`answer` returns them.

    Returns
    -------
    Difference or None
    """
    if isinstance(left, Crash) or isinstance(right, Crash):
        return Difference("an exception that is no typed refusal", str(left), str(right))
    if differs(left, right):
        what = f"an answer, {_short(left)} and {_short(right)}"
        return Difference(what, str(left), str(right))
    return None


def _short(value: Answer) -> str:
    if isinstance(value, Refusal):
        return f"{value.name} of {value.argument}"
    return "accepted"


def differs(left: object, right: object) -> bool:
    """Compare two values with their types and, for Decimals, their digits as written.

    Parameters
    ----------
    left, right : object
        Any values with a text form.

    Returns
    -------
    bool
    """
    return type(left) is not type(right) or left != right or str(left) != str(right)


__all__ = [
    "TRADE_COLUMNS",
    "Answer",
    "Applied",
    "Crash",
    "Difference",
    "Refusal",
    "answer",
    "compare_answers",
    "differs",
]
