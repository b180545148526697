"""What a symbol stands for: its price and size grid, contract, currencies and terms."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from omega_portfolio.terms import Commission, Margin, Slippage, Swap
    from omega_portfolio.types import NumberLike


@dataclass(frozen=True, slots=True)
class Instrument:
    """Definition of one symbol.

    The object holds what it was given. It is checked (SPEC section 3) when it is passed to
    :meth:`omega_portfolio.Portfolio.register_instrument`, because only a portfolio knows the
    account's currency. A symbol that is used without a definition gets the defaults below.

    Parameters
    ----------
    symbol : str
        1 to 255 UTF-8 bytes without control characters and without outer white space.
    price_decimals : int, default 9
        Decimals of the price grid, 0 to 9: 5 means that prices are multiples of 0.00001.
    size_decimals : int, default 9
        Decimals of the size grid, 0 to 9.
    contract_size : int, str, Decimal or float, default 1
        Units per 1 of size, greater than 0. ``price_decimals + size_decimals`` and the
        decimals of the contract size may not exceed 18, which keeps profits exact.
    quote_currency : str, optional
        Currency of the price; the account's currency when left out.
    leverage : int, str, Decimal or float, optional
        Leverage of this symbol; the account's leverage when left out.
    tick_size : int, str, Decimal or float, optional
        Prices are multiples of it; itself a multiple of the price grid.
    lot_step : int, str, Decimal or float, optional
        Sizes are multiples of it; itself a multiple of the size grid.
    min_size, max_size : int, str, Decimal or float, optional
        Least and greatest size of an open or an order, multiples of the lot step.
    base_currency : str, optional
        Currency of which the price is that of one unit, of a pair or an inverse contract.
    inverse : bool, default False
        Profit is in the base currency, and 1 of size is worth ``contract_size / price`` of it.
    margin : Margin, optional
        Margin model; cost divided by leverage when left out.
    commission : Commission, optional
        Fee of fills that are not given one.
    slippage : Slippage, optional
        How much worse stops and market orders are filled.
    swap : Swap, optional
        What positions pay or get over night.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> op.Instrument("EURUSD", price_decimals=5, size_decimals=2, contract_size=100_000)
    Instrument('EURUSD', price_decimals=5, size_decimals=2, contract_size=100000)
    """

    symbol: str
    _: KW_ONLY
    price_decimals: int = 9
    size_decimals: int = 9
    contract_size: NumberLike = 1
    quote_currency: str | None = None
    leverage: NumberLike | None = None
    tick_size: NumberLike | None = None
    lot_step: NumberLike | None = None
    min_size: NumberLike | None = None
    max_size: NumberLike | None = None
    base_currency: str | None = None
    inverse: bool = False
    margin: Margin | None = None
    commission: Commission | None = None
    slippage: Slippage | None = None
    swap: Swap | None = None

    def __repr__(self) -> str:
        parts = [
            repr(self.symbol),
            f"price_decimals={self.price_decimals!r}",
            f"size_decimals={self.size_decimals!r}",
            f"contract_size={self.contract_size!r}",
        ]
        for name in _OPTIONS:
            value = getattr(self, name)
            if value is not None and value is not False:
                parts.append(f"{name}={value!r}")
        return f"Instrument({', '.join(parts)})"


_OPTIONS: Final = (
    "quote_currency",
    "leverage",
    "tick_size",
    "lot_step",
    "min_size",
    "max_size",
    "base_currency",
    "inverse",
    "margin",
    "commission",
    "slippage",
    "swap",
)
"""What a repr leaves out when it is not given."""

__all__ = ["Instrument"]
