"""The events of SPEC section 5, converted: raw integers, valid Unicode, no user objects.

An event says what a caller wants. Whether it is accepted is for
:meth:`omega_portfolio.oracle.ledger.Ledger.apply` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from omega_portfolio.oracle.instruments import Definition
from omega_portfolio.oracle.protection import NO_PROTECTION, Protection
from omega_portfolio.sentinel import UNSET, Unset


class QuoteNames(NamedTuple):
    """What a refusal calls the symbol, the bid and the ask of a quote."""

    symbol: str
    bid: str
    ask: str


OF_PRICES = QuoteNames("symbol", "prices", "prices")
"""The names in a call: all numbers come in one argument."""

OF_QUOTES = QuoteNames("symbol", "quotes", "quotes")
"""The names in process_quotes."""


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
    """Change levels and protection: None removes one (targets: ()), UNSET leaves it."""

    position_id: int
    time: int
    stop_loss: int | Unset | None
    take_profit: int | Unset | None
    trailing: int | Unset | None = UNSET
    break_even: tuple[int, int] | Unset | None = UNSET
    targets: tuple[tuple[int, int], ...] | Unset = UNSET
    exit_time: int | Unset | None = UNSET

    def is_empty(self) -> bool:
        """Tell whether it changes nothing at all (D1)."""
        given = (
            self.stop_loss,
            self.take_profit,
            self.trailing,
            self.break_even,
            self.targets,
            self.exit_time,
        )
        return all(isinstance(value, Unset) for value in given)


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
    """Pay money in; None is the account's currency."""

    amount: int
    time: int
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take money out; None is the account's currency."""

    amount: int
    time: int
    currency: str | None = None


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


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Let an order rest; ``kind`` counts in the order of ``orders.ORDER_TYPES``."""

    symbol: str
    side: int
    size: int
    time: int
    kind: int
    price: int | None
    expiry: int | None
    oco: str
    stop_loss: int | None
    take_profit: int | None
    tag: str
    protection: Protection


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Take a resting order back."""

    order_id: int
    time: int


class Bar(NamedTuple):
    """What the bid of a symbol did; the ask is the bid and the spread."""

    symbol: str
    open: int
    high: int
    low: int
    close: int
    spread: int
    place: Callable[[str], str] = str
    """Gives an argument the place that it has in a frame."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar of each of some symbols; a path of None is the portfolio's."""

    time: int
    bars: tuple[Bar, ...]
    path: int | None


@dataclass(frozen=True, slots=True)
class Quotes:
    """Set quotes, and do everything that they reach."""

    time: int
    quotes: tuple[Quote, ...]


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
    | PlaceOrder
    | CancelOrder
    | Bars
    | Quotes
    | ConvertCash
    | ChargeSwap
    | Rollover
    | Dividend
    | Split
)
