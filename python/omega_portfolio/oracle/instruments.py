"""Definitions of symbols (SPEC section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

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
from omega_portfolio.oracle.term_reading import READERS, Late
from omega_portfolio.oracle.terms import (
    IN_BASE,
    CommissionTerms,
    MarginTerms,
    SlippageTerms,
    SwapTerms,
    Terms,
)
from omega_portfolio.oracle.texts import check_symbol, read_flag, read_str, read_symbol

DECIMALS_MAX: Final = 9
DECIMALS_SUM_MAX: Final = 18
GRID: Final = ("tick_size", "lot_step", "min_size", "max_size")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a symbol stands for (I1, I8); numbers are raw.

    A leverage of None is the account's. Of the grid and the bounds of sizes 0 is none, and so
    is "" of the base currency.
    """

    symbol: str
    price_decimals: int
    size_decimals: int
    contract_size: int
    quote_currency: str
    leverage: int | None
    tick_size: int = 0
    lot_step: int = 0
    min_size: int = 0
    max_size: int = 0
    base_currency: str = ""
    inverse: bool = False
    margin: MarginTerms | None = None
    commission: CommissionTerms | None = None
    slippage: SlippageTerms | None = None
    swap: SwapTerms | None = None

    def terms(self) -> Terms:
        """Give all that it has beyond I1."""
        return Terms(*(getattr(self, name) for name in Terms._fields))

    def profit_currency(self) -> str:
        """Give the currency of its results (I10)."""
        return self.base_currency if self.inverse else self.quote_currency

    def currencies(self) -> list[str]:
        """Give the currencies that an account with it asks the rates of (W2)."""
        codes = [self.profit_currency()]
        if self.margin is not None and self.margin.currency == IN_BASE:
            codes.append(self.base_currency)
        return codes


def default_definition(symbol: str, currency: str) -> Definition:
    """Give the definition of a symbol that is used without one (I4)."""
    return Definition(symbol, DECIMALS_MAX, DECIMALS_MAX, QUANTITY_ONE, currency, None)


def read_definition(instrument: object, currency: str, policy: FloatPolicy) -> Definition:
    """Convert an instrument that a caller gave, field by field in the order of its signature.

    Only when all of them are converted come the rules (section 6).

    Raises
    ------
    InvalidArgument, InvalidSymbol, InvalidNumber, NumberOutOfRange, InvalidInstrument
        A field cannot be converted, or breaks a rule.
    InvalidCurrency
        A currency is not known.
    """
    if not isinstance(instrument, Instrument):
        raise InvalidArgument(
            "instrument", describe(instrument), "must be an Instrument", "pass op.Instrument(...)"
        )
    symbol = read_symbol("symbol", instrument.symbol)
    price_decimals = _read_decimals("price_decimals", instrument.price_decimals)
    size_decimals = _read_decimals("size_decimals", instrument.size_decimals)
    contract_size = read_number("contract_size", instrument.contract_size, QUANTITY_SCALE, policy)
    _check_contract(contract_size)
    quote_currency = currency
    if instrument.quote_currency is not None:
        quote_currency = read_str("quote_currency", instrument.quote_currency)
        check_currency("quote_currency", quote_currency)
    leverage = None
    if instrument.leverage is not None:
        leverage = read_number("leverage", instrument.leverage, QUANTITY_SCALE, policy)
    late: Late = {}
    grid: dict[str, Any] = {
        name: _read_grid(name, getattr(instrument, name), policy, late) for name in GRID
    }
    base_currency = ""
    if instrument.base_currency is not None:
        base_currency = read_str("base_currency", instrument.base_currency)
        # An empty text is no currency, and the definition has no other word for none.
        check_currency("base_currency", base_currency)
    inverse = read_flag("inverse", instrument.inverse)
    terms = {name: read(getattr(instrument, name), policy, late) for name, read in READERS.items()}
    definition = Definition(
        symbol,
        price_decimals,
        size_decimals,
        contract_size,
        quote_currency,
        leverage,
        **grid,
        base_currency=base_currency,
        inverse=inverse,
        **terms,
    )
    check_definition(definition, late)
    return definition


def check_definition(definition: Definition, late: Late | None = None) -> None:
    """Refuse a definition that breaks a rule: T4, then I1, I2, I8 to I10.

    ``late`` has the refusals that were found when fields were converted; each is raised when it
    is the turn of its field.

    Raises
    ------
    InvalidSymbol, InvalidInstrument, InvalidCurrency
        The first rule that is broken.
    """
    check_symbol("symbol", definition.symbol)
    _check_decimals("price_decimals", definition.price_decimals)
    _check_decimals("size_decimals", definition.size_decimals)
    _check_contract(definition.contract_size)
    if definition.leverage is not None and definition.leverage <= 0:
        raise InvalidInstrument(
            "leverage",
            plain_text(definition.leverage, QUANTITY_SCALE),
            "must be greater than 0",
            "pass a leverage, or leave it out to use the account's",
        )
    contract_decimals = _decimals_of(definition.contract_size)
    total = definition.price_decimals + definition.size_decimals + contract_decimals
    if total > DECIMALS_SUM_MAX and not definition.inverse:
        raise InvalidInstrument(
            "contract_size",
            plain_text(definition.contract_size, QUANTITY_SCALE),
            f"price, size and contract size have {total} decimals together and may have "
            f"{DECIMALS_SUM_MAX}",
            "use fewer decimals for the price or the size",
        )
    check_currency("quote_currency", definition.quote_currency)
    late = late or {}
    _check_grid(definition, late)
    _check_base(definition, late)
    for name in ("commission", "slippage", "swap"):
        _raise(late, name)


def _check_contract(contract_size: int) -> None:
    if contract_size <= 0:
        raise InvalidInstrument(
            "contract_size",
            plain_text(contract_size, QUANTITY_SCALE),
            "must be greater than 0",
            "pass the units per 1 of size",
        )


def _raise(late: Late, name: str) -> None:
    if name in late:
        raise late[name]


def _check_grid(definition: Definition, late: Late) -> None:
    """I9: each step is a multiple of the one below it."""
    price_unit = 10 ** (QUANTITY_SCALE - definition.price_decimals)
    size_unit = 10 ** (QUANTITY_SCALE - definition.size_decimals)
    step = definition.lot_step or size_unit
    units = {
        "tick_size": price_unit,
        "lot_step": size_unit,
        "min_size": step,
        "max_size": step,
    }
    for name, unit in units.items():
        _raise(late, name)
        value: int = getattr(definition, name)
        if value % unit:
            raise InvalidInstrument(
                name,
                plain_text(value, QUANTITY_SCALE),
                f"must be a multiple of {plain_text(unit, QUANTITY_SCALE)}",
                "round it, or use more decimals",
            )
    if definition.max_size and definition.min_size > definition.max_size:
        raise InvalidInstrument(
            "max_size",
            plain_text(definition.max_size, QUANTITY_SCALE),
            f"is below min_size {plain_text(definition.min_size, QUANTITY_SCALE)}",
            "pass a greater max_size",
        )


def _check_base(definition: Definition, late: Late) -> None:
    """I8, I10, M5: what needs a base currency has one, and the margin's own rules."""
    if definition.base_currency:
        check_currency("base_currency", definition.base_currency)
    elif definition.inverse:
        raise _needs_base("inverse", "True")
    _raise(late, "margin")
    margin = definition.margin
    if margin is not None and margin.currency == IN_BASE and not definition.base_currency:
        raise _needs_base("margin.currency", "'base'")


def _needs_base(argument: str, value: str) -> InvalidInstrument:
    return InvalidInstrument(argument, value, "needs a base_currency", "pass base_currency")


def _read_grid(argument: str, value: object, policy: FloatPolicy, late: Late) -> int:
    """Read a step or a bound; 0 stands for None."""
    if value is None:
        return 0
    number = read_number(argument, value, QUANTITY_SCALE, policy)
    if number <= 0:
        late[argument] = InvalidInstrument(
            argument,
            plain_text(number, QUANTITY_SCALE),
            "must be greater than 0",
            "pass None for none",
        )
    return number


def _read_decimals(argument: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        decimals = int.__index__(value)
        _check_decimals(argument, decimals)
        return decimals
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
