"""What levels and sizes of a row come to (SPEC R6, R7): fractions, rounded once.

Everything here is a function of the row, its anchor and the account as it is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.errors import InvalidArgument, InvalidPrice, describe
from omega_portfolio.oracle.batch_orders import EQUITY, RISK, UNITS, OrderRow
from omega_portfolio.oracle.numbers import (
    MONEY_ONE,
    MONEY_SCALE,
    QUANTITY_ONE,
    QUANTITY_SCALE,
    half_even,
    plain_text,
    within,
)
from omega_portfolio.oracle.texts import LONG

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Symbol
    from omega_portfolio.oracle.ledger import Ledger


class Levels(NamedTuple):
    """Levels of a row as prices, and its trailing distance; None is not given."""

    stop_loss: int | None
    take_profit: int | None
    trailing: int | None


def levels_of(row: OrderRow, side: int, anchor: int, tick: int) -> Levels:
    """Give the levels of a row for a side (R6).

    Raises
    ------
    NumberOutOfRange
        A level is out of range.
    """
    below, above = (-1, 1) if side == LONG else (1, -1)
    return Levels(
        _level(row, "stop_loss", (anchor, below), tick),
        _level(row, "take_profit", (anchor, above), tick),
        row.trailing
        if row.trailing_rate is None
        else _distance("trailing_rate", anchor, row.trailing_rate, tick),
    )


def needs_anchor(row: OrderRow) -> bool:
    """Tell whether a row says something that is reckoned from its anchor."""
    cells = (
        row.stop_loss_distance,
        row.stop_loss_rate,
        row.take_profit_distance,
        row.take_profit_rate,
        row.trailing_rate,
    )
    return any(cell is not None for cell in cells) or row.size_rule not in (None, UNITS)


def check_anchor(anchor: int) -> None:
    """Refuse an anchor that nothing can be reckoned from.

    Raises
    ------
    InvalidPrice
        It is not above 0.
    """
    if anchor <= 0:
        number = plain_text(anchor, QUANTITY_SCALE)
        raise InvalidPrice("price", number, "must be greater than 0", "use a positive price")


def size_of(ledger: Ledger, symbol: Symbol, row: OrderRow, anchor: int, stop: int | None) -> int:
    """Give the size that a row wants, with the sign of its number (R7).

    Raises
    ------
    InvalidArgument
        Its rule cannot be used here.
    MissingRate
        The profit currency of the symbol has no rate.
    NumberOutOfRange
        It is out of range.
    """
    wanted = row.size or 0
    rule = row.size_rule or UNITS
    if rule == UNITS:
        return wanted
    equity = ledger.scalars.equity
    if symbol.definition.inverse:
        raise _refused(rule, f"is not for {describe(symbol.name)}, which is inverse")
    if equity <= 0:
        raise _refused(rule, f"is not for an equity of {plain_text(equity, MONEY_SCALE)}")
    if rule == RISK and row.action == "target":
        raise _refused(rule, "is not for a target")
    if rule == RISK and stop is None:
        raise _refused(rule, "needs a stop loss")
    per_unit = Fraction(anchor, QUANTITY_ONE)
    if rule == RISK and stop is not None:
        per_unit = abs(per_unit - Fraction(stop, QUANTITY_ONE))
    if not per_unit:
        raise _refused(rule, "needs a stop loss away from the price")
    ledger.rates.require(symbol.currency, "symbol")
    per_unit *= Fraction(symbol.contract_size, QUANTITY_ONE)
    per_unit *= Fraction(ledger.rates.of(symbol.currency), MONEY_ONE)
    money = Fraction(wanted, QUANTITY_ONE)
    if rule in (EQUITY, RISK):
        money *= Fraction(equity, MONEY_ONE)
    lots = money / per_unit / Fraction(symbol.lot, QUANTITY_ONE)
    # int() of a fraction goes toward 0.
    return within("size", int(lots) * symbol.lot, "size")


_REMEDY: Final = "use units, or another row"


def _refused(rule: str, why: str) -> InvalidArgument:
    return InvalidArgument("size_rule", describe(rule), why, _REMEDY)


def _level(row: OrderRow, name: str, away: tuple[int, int], tick: int) -> int | None:
    """Give a level from its price, its distance or its rate."""
    price: int | None = getattr(row, name)
    distance: int | None = getattr(row, f"{name}_distance")
    rate: int | None = getattr(row, f"{name}_rate")
    anchor, direction = away
    if rate is not None:
        distance = _distance(f"{name}_rate", anchor, rate, tick)
    if distance is None:
        return price
    return within(name, anchor + direction * distance, "level")


def _distance(name: str, anchor: int, rate: int, tick: int) -> int:
    """Give a share of a price, rounded half-even to the tick."""
    return within(name, half_even(anchor * rate, tick * QUANTITY_ONE) * tick, "distance")
