"""Definitions of symbols (SPEC section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from omega_portfolio.errors import InvalidArgument, InvalidInstrument, describe
from omega_portfolio.instrument import Instrument
from omega_portfolio.oracle.currency import check_currency
from omega_portfolio.oracle.numbers import (
    QUANTITY_ONE,
    QUANTITY_SCALE,
    FloatPolicy,
    plain_text,
    read_number,
)
from omega_portfolio.oracle.texts import check_symbol, read_str, read_symbol

DECIMALS_MAX: Final = 9
DECIMALS_SUM_MAX: Final = 18


@dataclass(frozen=True, slots=True)
class Definition:
    """What a symbol stands for (I1); ``contract_size`` and ``leverage`` are raw.

    A leverage of None is the account's.
    """

    symbol: str
    price_decimals: int
    size_decimals: int
    contract_size: int
    quote_currency: str
    leverage: int | None


def default_definition(symbol: str, currency: str) -> Definition:
    """Give the definition of a symbol that is used without one (I4)."""
    return Definition(symbol, DECIMALS_MAX, DECIMALS_MAX, QUANTITY_ONE, currency, None)


def read_definition(instrument: object, currency: str, policy: FloatPolicy) -> Definition:
    """Convert an instrument that a caller gave, field by field in the order of its signature.

    Raises
    ------
    InvalidArgument, InvalidSymbol, InvalidNumber, NumberOutOfRange
        A field cannot be converted.
    """
    if not isinstance(instrument, Instrument):
        raise InvalidArgument(
            "instrument", describe(instrument), "must be an Instrument", "pass op.Instrument(...)"
        )
    symbol = read_symbol("symbol", instrument.symbol)
    price_decimals = _read_decimals("price_decimals", instrument.price_decimals)
    size_decimals = _read_decimals("size_decimals", instrument.size_decimals)
    contract_size = read_number("contract_size", instrument.contract_size, QUANTITY_SCALE, policy)
    quote_currency = currency
    if instrument.quote_currency is not None:
        quote_currency = read_str("quote_currency", instrument.quote_currency)
    leverage = None
    if instrument.leverage is not None:
        leverage = read_number("leverage", instrument.leverage, QUANTITY_SCALE, policy)
    return Definition(
        symbol, price_decimals, size_decimals, contract_size, quote_currency, leverage
    )


def check_definition(definition: Definition, currency: str) -> None:
    """Refuse a definition that breaks a rule: T4, then I1, I2, I6.

    Raises
    ------
    InvalidSymbol, InvalidInstrument, InvalidCurrency
        The first rule that is broken.
    """
    check_symbol("symbol", definition.symbol)
    _check_decimals("price_decimals", definition.price_decimals)
    _check_decimals("size_decimals", definition.size_decimals)
    if definition.contract_size <= 0:
        raise InvalidInstrument(
            "contract_size",
            plain_text(definition.contract_size, QUANTITY_SCALE),
            "must be greater than 0",
            "pass the units per 1 of size",
        )
    if definition.leverage is not None and definition.leverage <= 0:
        raise InvalidInstrument(
            "leverage",
            plain_text(definition.leverage, QUANTITY_SCALE),
            "must be greater than 0",
            "pass a leverage, or leave it out to use the account's",
        )
    contract_decimals = _decimals_of(definition.contract_size)
    total = definition.price_decimals + definition.size_decimals + contract_decimals
    if total > DECIMALS_SUM_MAX:
        raise InvalidInstrument(
            "contract_size",
            plain_text(definition.contract_size, QUANTITY_SCALE),
            f"price, size and contract size have {total} decimals together and may have "
            f"{DECIMALS_SUM_MAX}",
            "use fewer decimals for the price or the size",
        )
    check_currency("quote_currency", definition.quote_currency)
    if definition.quote_currency != currency:
        raise InvalidInstrument(
            "quote_currency",
            describe(definition.quote_currency),
            f"differs from the account's currency {currency}",
            "use a portfolio in this currency",
        )


def _read_decimals(argument: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__index__(value)
    raise InvalidArgument(argument, describe(value), "must be an int", "pass 0 to 9")


def _check_decimals(argument: str, decimals: int) -> None:
    if not 0 <= decimals <= DECIMALS_MAX:
        raise InvalidInstrument(
            argument, describe(decimals), f"must be 0 to {DECIMALS_MAX}", "pass 0 to 9"
        )


def _decimals_of(raw: int) -> int:
    """Count the decimals of a raw number without trailing zeros (I2)."""
    decimals = QUANTITY_SCALE
    while decimals and raw % 10 == 0:
        raw //= 10
        decimals -= 1
    return decimals
