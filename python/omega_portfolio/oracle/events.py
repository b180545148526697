"""The events of SPEC section 5, converted: raw integers, valid Unicode, no user objects.

An event says what a caller wants. Whether it is accepted is for
:meth:`omega_portfolio.oracle.ledger.Ledger.apply` to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from omega_portfolio.oracle.instruments import Definition
from omega_portfolio.sentinel import Unset


class QuoteNames(NamedTuple):
    """What a refusal calls the symbol, the bid and the ask of a quote."""

    symbol: str
    bid: str
    ask: str


OF_PRICES = QuoteNames("symbol", "prices", "prices")
"""The names in a call: all numbers come in one argument."""


class Quote(NamedTuple):
    """The market of one symbol; one price stands for both."""

    symbol: str
    bid: int
    ask: int
    names: QuoteNames = OF_PRICES


@dataclass(frozen=True, slots=True)
class Register:
    """Define a symbol."""

    definition: Definition


@dataclass(frozen=True, slots=True)
class Open:
    """Open a position; a level or id of None is not given."""

    symbol: str
    side: int
    size: int
    price: int
    time: int
    stop_loss: int | None
    take_profit: int | None
    fee: int
    tag: str
    position_id: int | None


@dataclass(frozen=True, slots=True)
class Close:
    """Close a position, all of it when size is None."""

    position_id: int
    price: int
    time: int
    size: int | None
    fee: int
    reason: str


@dataclass(frozen=True, slots=True)
class Modify:
    """Change levels: None removes one, UNSET leaves it."""

    position_id: int
    time: int
    stop_loss: int | Unset | None
    take_profit: int | Unset | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Set quotes; a time of None is that of the last event."""

    quotes: tuple[Quote, ...]
    time: int | None


@dataclass(frozen=True, slots=True)
class UpdateEquity:
    """Set quotes and append an equity row."""

    time: int
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Fee:
    """Charge a fee, to a position when an id is given."""

    amount: int
    time: int
    position_id: int | None


@dataclass(frozen=True, slots=True)
class Deposit:
    """Pay money in."""

    amount: int
    time: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take money out."""

    amount: int
    time: int


Event: TypeAlias = Register | Open | Close | Modify | Mark | UpdateEquity | Fee | Deposit | Withdraw
