"""A story of a case as bars with actions, and what an engine shows of it at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapter import AbsentError, NotExpressibleError

MISSING: Final = {
    "bid_ask": "a bid and an ask that differ",
    "break_even": "break-even stops",
    "cash_flows": "deposits, withdrawals and fees during a run",
    "contract": "instruments with contract sizes, ticks or limits of size",
    "currencies": "several currencies",
    "digest": "a digest",
    "dividends": "dividends",
    "exit_time": "positions and orders that end at a time",
    "fill_fees": "fees that are named with the fill",
    "grids": "rounding to grids",
    "margin_model": "margin models",
    "pairs": "pairs that are closed against each other",
    "paths": "a stated way of a bar",
    "quotes": "quotes",
    "rollover": "swaps",
    "slippage": "our slippage models",
    "splits": "splits",
    "stop_out": "our margin calls and stop-outs",
    "targets": "several take profits of a position",
    "trailing": "our trailing stops",
}
ORDERS: Final = 1000
"""What an order opens has a number above this, until it is filled and gets an id."""

DECIMALS: Final = 9
"""Of prices and sizes, where an instrument does not say."""

TAG_BYTES_MAX: Final = 255
MONEY_MAX: Final = 1e20
WRONG_INPUT: Final = "refusals of wrong input"
"""Each language refuses wrong types and ids in its own way; that is no rule of an account."""


@dataclass
class Action:
    """What is done at the close of a bar: ``order``, ``close``, ``levels`` or ``cancel``."""

    kind: str
    number: int
    size: float = 0.0
    stop: float | None = None
    target: float | None = None
    limit: float | None = None
    trigger: float | None = None
    tag: str = ""

    @property
    def rests(self) -> bool:
        """Whether it is no order that is filled at once."""
        waits = self.limit is not None or self.trigger is not None
        return waits or self.kind in ("levels", "cancel")


@dataclass
class Bar:
    """A bar, with what is done at its close, in order."""

    time: int
    prices: tuple[float, float, float, float]
    actions: list[Action] = field(default_factory=list)


@dataclass
class Lot:
    """What is open: a signed size."""

    number: int
    size: float
    entry_price: float | None
    result: float
    stop: float | None = None
    target: float | None = None
    entry_bar: int | None = None
    tag: str | None = None


@dataclass
class Closed:
    """A closed trade, in the order of the closes; ``net`` is after all its fees."""

    size: float
    entry_price: float
    exit_price: float
    gross: float
    net: float
    number: int = 0
    entry_bar: int | None = None
    exit_bar: int | None = None
    tag: str | None = None
    stop: float | None = None
    reason: str | None = None


@dataclass
class Shown:
    """What an engine shows at the end.

    Attributes
    ----------
    refused : str
        Why the last order was not taken.
    parts : bool
        Parts were closed, and the engine does not list each of them as a trade.
    """

    equity: float
    lots: list[Lot]
    closed: list[Closed]
    refused: str = ""
    parts: bool = False


@dataclass
class Terms:
    """The account of a case."""

    balance: float
    leverage: float
    netting: bool
    rate: float = 0.0
    per_trade: float = 0.0


def row_of(rows: Any, row: int) -> Any:
    """Give a row by its number from 1.

    Raises
    ------
    AbsentError
        There is no such row.
    """
    if row > len(rows):
        raise AbsentError(f"it has {len(rows)} rows")
    return rows[row - 1]


def text_of(value: float) -> str:
    """Give all digits of a double, whatever its class."""
    return repr(float(value))


def number_of(text: str) -> float:
    """Give a number that is greater than zero, or a balance."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise NotExpressibleError(WRONG_INPUT, f"{text!r} as a number") from None
    if not found.is_finite() or found <= 0:
        raise NotExpressibleError(WRONG_INPUT, f"{text} as a number")
    return float(found)
