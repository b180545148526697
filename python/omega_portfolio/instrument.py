"""What a symbol stands for: its price and size grid, contract, currency and leverage."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

    def __repr__(self) -> str:
        parts = [
            repr(self.symbol),
            f"price_decimals={self.price_decimals!r}",
            f"size_decimals={self.size_decimals!r}",
            f"contract_size={self.contract_size!r}",
        ]
        if self.quote_currency is not None:
            parts.append(f"quote_currency={self.quote_currency!r}")
        if self.leverage is not None:
            parts.append(f"leverage={self.leverage!r}")
        return f"Instrument({', '.join(parts)})"


__all__ = ["Instrument"]
