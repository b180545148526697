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
    if size % symbol.size_unit:
        raise InvalidPositionSize(
            "size",
            _quantity(size),
            f"must be a multiple of {_quantity(symbol.size_unit)} for {describe(symbol.name)}",
            "round the size, or register the instrument with more size_decimals",
        )


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
    if price % symbol.price_unit:
        raise InvalidPrice(
            argument,
            _quantity(price),
            f"must be a multiple of {_quantity(symbol.price_unit)} for {describe(symbol.name)}",
            "round the price, or register the instrument with more price_decimals",
        )


def level_protects(name: Level, level: int, position: tuple[Symbol, int], market: int) -> None:
    """O2, D1: greater than 0, on the grid, on the right side of a price."""
    symbol, side = position
    refusal = _LEVEL_REFUSALS[name]
    if level <= 0:
        raise refusal(name, _quantity(level), "must be greater than 0", "pass None for no level")
    if level % symbol.price_unit:
        raise refusal(
            name,
            _quantity(level),
            f"must be a multiple of {_quantity(symbol.price_unit)} for {describe(symbol.name)}",
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


def position_is_open(position_id: int, position: Position | None) -> Position:
    """C1, D1, F1."""
    if position is None:
        raise PositionNotFound(
            "position_id",
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


def quote_is_single(quote: Quote, seen: Container[str]) -> None:
    """K1: a symbol stands once."""
    if quote.symbol in seen:
        raise InvalidArgument(
            quote.names.symbol,
            describe(quote.symbol),
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


def _quantity(raw: int) -> str:
    return plain_text(raw, QUANTITY_SCALE)


def _money(raw: int) -> str:
    return plain_text(raw, MONEY_SCALE)
