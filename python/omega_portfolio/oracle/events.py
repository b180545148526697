"""The events of SPEC section 5, converted: raw integers, valid Unicode, no user objects.

An event says what a caller wants. Whether it is accepted is for
:meth:`omega_portfolio.oracle.ledger.Ledger.apply` to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from omega_portfolio.oracle.instruments import Definition
from omega_portfolio.oracle.protection import NO_PROTECTION, Protection
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
    """Open a position; a level or id of None is not given, and a fee of None the model's."""

    symbol: str
    side: int
    size: int
    price: int
    time: int
    stop_loss: int | None
    take_profit: int | None
    fee: int | None
    tag: str
    position_id: int | None
    protection: Protection = NO_PROTECTION


@dataclass(frozen=True, slots=True)
class Close:
    """Close a position, all of it when size is None."""

    position_id: int
    price: int
    time: int
    size: int | None
    fee: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class CloseBy:
    """Close two positions against each other; without a size the smaller of both."""

    position_id: int
    other_id: int
    time: int
    size: int | None
    fee: int | None


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
    """Pay money in; "" is the account's currency."""

    amount: int
    time: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take money out; "" is the account's currency."""

    amount: int
    time: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ConvertCash:
    """Exchange money; a rate of None is the market's."""

    amount: int
    from_currency: str
    to_currency: str
    time: int
    rate: int | None


@dataclass(frozen=True, slots=True)
class ChargeSwap:
    """Charge positions of a symbol by hand; kind is an index of its names."""

    symbol: str
    time: int
    long: int
    short: int
    kind: int
    multiplier: int


@dataclass(frozen=True, slots=True)
class Rollover:
    """Charge the swap of one moment of a symbol's calendar."""

    symbol: str
    time: int


@dataclass(frozen=True, slots=True)
class Dividend:
    """Pay so much per unit, at once or later."""

    symbol: str
    amount: int
    time: int
    pay_time: int | None


@dataclass(frozen=True, slots=True)
class Split:
    """Make so many of so few."""

    symbol: str
    numerator: int
    denominator: int
    time: int


Event: TypeAlias = (
    Register
    | Open
    | Close
    | CloseBy
    | Modify
    | Mark
    | UpdateEquity
    | Fee
    | Deposit
    | Withdraw
    | ConvertCash
    | ChargeSwap
    | Rollover
    | Dividend
    | Split
)
