"""The refusals of SPEC section 5 that look at one value: each function is one rule.

They return nothing and change nothing. The order in which they are asked is in
:mod:`omega_portfolio.oracle.ledger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from omega_portfolio.errors import (
    CrossedQuote,
    DuplicatePositionId,
    InsufficientFunds,
    InsufficientMargin,
    InvalidAmount,
    InvalidArgument,
    InvalidPositionSize,
    InvalidPrice,
    InvalidStopLoss,
    InvalidSymbol,
    InvalidTakeProfit,
    InvalidTime,
    PositionNotFound,
    TooManyPositions,
    describe,
)
from omega_portfolio.oracle.numbers import MONEY_SCALE, QUANTITY_SCALE, plain_text
from omega_portfolio.oracle.texts import LONG
from omega_portfolio.oracle.times import to_datetime

if TYPE_CHECKING:
    from collections.abc import Container

    from omega_portfolio.oracle.book import Position, Symbol
    from omega_portfolio.oracle.events import Quote

SPLIT_MAX: Final = 10**6
"""Greatest numerator and denominator of a split."""

COUNT_MAX: Final = 2**32 - 2
"""Most open positions, and most symbols."""

Level: TypeAlias = Literal["stop_loss", "take_profit"]

LEVELS: Final[tuple[Level, Level]] = ("stop_loss", "take_profit")
"""The protective levels in the order in which they are checked."""

_LEVEL_REFUSALS: Final = {"stop_loss": InvalidStopLoss, "take_profit": InvalidTakeProfit}


def time_does_not_decrease(time: int, last_time: int | None) -> None:
    """T3."""
    if last_time is not None and time < last_time:
        raise InvalidTime(
            "time",
            to_datetime(time).isoformat(),
            f"is before the last event at {to_datetime(last_time).isoformat()}",
            "pass events in the order of their times",
        )


def size_is_tradable(size: int, symbol: Symbol) -> None:
    """O1, C1, I3: greater than 0 and on the grid."""
    if size <= 0:
        raise InvalidPositionSize(
            "size",
            _quantity(size),
            "must be greater than 0",
            "pass a positive size and choose the direction with side",
        )
    if size % symbol.lot:
        raise InvalidPositionSize(
            "size",
            _quantity(size),
            f"must be a multiple of {_quantity(symbol.lot)} for {describe(symbol.name)}",
            "round the size, or register the instrument with more size_decimals",
        )


def size_is_allowed(size: int, symbol: Symbol) -> None:
    """I9: within the bounds of the instrument."""
    least, greatest = symbol.definition.min_size, symbol.definition.max_size
    if size < least or (greatest and size > greatest):
        bound = f"at least {_quantity(least)}" if size < least else f"at most {_quantity(greatest)}"
        raise InvalidPositionSize(
            "size",
            _quantity(size),
            f"must be {bound} for {describe(symbol.name)}",
            "pass a size within the bounds of the instrument",
        )


def size_is_closable(size: int, held: int, symbol: Symbol) -> None:
    """C1, I9: all that is held may be off the lot step."""
    if size != held:
        size_is_tradable(size, symbol)


def size_is_held(size: int, position: Position) -> None:
    """C1: not more than is held."""
    if size > position.size:
        raise InvalidPositionSize(
            "size",
            _quantity(size),
            f"is more than the {_quantity(position.size)} that position "
            f"{position.position_id} holds",
            "pass at most this size, or none to close all",
        )


def price_is_tradable(argument: str, price: int, symbol: Symbol) -> None:
    """O1, C1, K1, I3: greater than 0 and on the grid."""
    if price <= 0:
        raise InvalidPrice(
            argument,
            _quantity(price),
            f"must be greater than 0 for {describe(symbol.name)}",
            "pass a positive price",
        )
    if price % symbol.tick:
        raise InvalidPrice(
            argument,
            _quantity(price),
            f"must be a multiple of {_quantity(symbol.tick)} for {describe(symbol.name)}",
            "round the price, or register the instrument with more price_decimals",
        )


def level_protects(name: Level, level: int, position: tuple[Symbol, int], market: int) -> None:
    """O2, D1: greater than 0, on the grid, on the right side of a price."""
    symbol, side = position
    refusal = _LEVEL_REFUSALS[name]
    if level <= 0:
        raise refusal(name, _quantity(level), "must be greater than 0", "pass None for no level")
    if level % symbol.tick:
        raise refusal(
            name,
            _quantity(level),
            f"must be a multiple of {_quantity(symbol.tick)} for {describe(symbol.name)}",
            "round the level",
        )
    belongs_below = (name == "stop_loss") == (side == LONG)
    if not (level < market if belongs_below else level > market):
        raise refusal(
            name,
            _quantity(level),
            f"must be {'below' if belongs_below else 'above'} {_quantity(market)} for a "
            f"{'long' if side == LONG else 'short'}",
            "move the level to the other side",
        )


def id_is_new(position_id: int, *, used: bool) -> None:
    """O3."""
    if used:
        raise DuplicatePositionId(
            "position_id",
            str(position_id),
            "was already used in this portfolio",
            "pass another id, or none to get the next free one",
        )


def position_is_open(
    position_id: int, position: Position | None, argument: str = "position_id"
) -> Position:
    """C1, D1, F1, P6."""
    if position is None:
        raise PositionNotFound(
            argument,
            str(position_id),
            "is not the id of an open position",
            "look into positions for the open ones",
        )
    return position


def count_has_room(argument: str, count: int, what: str) -> None:
    """Refuse one more open position or symbol than can be numbered."""
    if count >= COUNT_MAX:
        raise TooManyPositions(
            argument, str(count), f"there are as many {what} as can be", "close some, or split"
        )


def margin_is_free(free_margin: int, needed: int, size: int) -> None:
    """O4."""
    if free_margin < needed:
        raise InsufficientMargin(
            "size",
            _quantity(size),
            f"needs a margin of {_money(needed)} and {_money(free_margin)} is free after the fee",
            "open less, close something, deposit, or use more leverage",
        )


def symbol_is_single(argument: str, name: str, seen: Container[str]) -> None:
    """K1: a symbol stands once."""
    if name in seen:
        raise InvalidArgument(
            argument,
            describe(name),
            "stands twice in the prices",
            "pass one row for each symbol",
        )


def quote_is_ordered(quote: Quote) -> None:
    """K1: the bid is not above the ask."""
    if quote.bid > quote.ask:
        raise CrossedQuote(
            quote.names.bid,
            f"{quote.symbol} {_quantity(quote.bid)} / {_quantity(quote.ask)}",
            "the bid is above the ask",
            "pass (bid, ask) in this order",
        )


def amount_is_not_zero(amount: int) -> None:
    """F1."""
    if amount == 0:
        raise InvalidAmount("amount", "0", "must not be 0", "pass the fee, negative for a rebate")


def amount_is_positive(amount: int) -> None:
    """F2, F3."""
    if amount <= 0:
        raise InvalidAmount(
            "amount",
            _money(amount),
            "must be greater than 0",
            "choose the direction with deposit or withdraw",
        )


def amount_is_available(amount: int, free_margin: int) -> None:
    """F3."""
    if amount > free_margin:
        raise InsufficientFunds(
            "amount",
            _money(amount),
            f"is more than the free margin of {_money(free_margin)}",
            "withdraw at most this, or close positions first",
        )


def amount_is_held(amount: int, held: int, currency: str) -> None:
    """W8, W9: not more than the cash in a currency."""
    if amount > held:
        raise InsufficientFunds(
            "amount",
            _money(amount),
            f"is more than the cash of {_money(held)} {currency}",
            "pass at most this",
        )


def amount_buys(receipt: int, amount: int) -> None:
    """W9: an exchange comes to something."""
    if receipt == 0:
        raise InvalidAmount(
            "amount", _money(amount), "comes to nothing in the other currency", "pass more"
        )


def rate_is_positive(rate: int) -> None:
    """W9."""
    if rate <= 0:
        raise InvalidPrice(
            "rate", _money(rate), "must be greater than 0", "pass a rate, or None for the market's"
        )


def dividend_is_positive(amount: int) -> None:
    """L1."""
    if amount <= 0:
        raise InvalidAmount(
            "amount", _quantity(amount), "must be greater than 0", "pass the money per unit"
        )


def pay_time_is_not_before(pay_time: int | None, time: int) -> None:
    """L1."""
    if pay_time is not None and pay_time < time:
        raise InvalidTime(
            "pay_time",
            to_datetime(pay_time).isoformat(),
            f"is before the event at {to_datetime(time).isoformat()}",
            "pass a later time, or None to pay at once",
        )


def ratio_is_split(numerator: int, denominator: int) -> None:
    """L3."""
    for name, number in (("numerator", numerator), ("denominator", denominator)):
        if not 1 <= number <= SPLIT_MAX:
            raise InvalidArgument(
                name, str(number), f"must be 1 to {SPLIT_MAX}", "pass whole numbers like 2 and 1"
            )
    if numerator == denominator:
        raise InvalidArgument(
            "denominator", str(denominator), "is equal to the numerator", "pass another ratio"
        )


def position_is_opposite(other_id: int, position: Position, other: Position) -> None:
    """P6."""
    if other.symbol is not position.symbol or other.side == position.side:
        raise InvalidArgument(
            "other_id",
            str(other_id),
            "is no position of the same symbol and the opposite side",
            "pass the id of such a position",
        )


def id_is_for_an_open(position_id: int) -> None:
    """P5."""
    raise InvalidArgument(
        "position_id",
        str(position_id),
        "is given to a fill that opens no position",
        "leave it out",
    )


def _quantity(raw: int) -> str:
    return plain_text(raw, QUANTITY_SCALE)


def _money(raw: int) -> str:
    return plain_text(raw, MONEY_SCALE)


def symbol_is_registered(name: str, symbol: Symbol | None) -> Symbol:
    """Z7, L1, L3."""
    if symbol is None:
        raise InvalidSymbol(
            "symbol", describe(name), "is not registered", "register or use the symbol first"
        )
    return symbol
