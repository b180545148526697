"""What fills cost when nobody says so: slippage and commission (SPEC Z1 to Z4)."""

from __future__ import annotations

from typing import NamedTuple

from omega_portfolio.oracle.book import Symbol
from omega_portfolio.oracle.marks import Marks
from omega_portfolio.oracle.models import (
    CommissionFill,
    commission_native,
    is_charged,
    slip_distance,
)
from omega_portfolio.oracle.rates import Rates
from omega_portfolio.oracle.terms import COMMISSION_KINDS, SLIPPAGE_KINDS


class Priced(NamedTuple):
    """The part of a fill that its commission depends on."""

    size: int
    price: int
    maker: bool


class Costs(Marks):
    """An account whose instruments have cost models."""

    def slipped(
        self,
        symbol: Symbol,
        buys: bool,  # noqa: FBT001 - the side of a fill.
        size: int,
        price: int,
    ) -> tuple[int, int]:
        """Give the price that slippage makes of a price (Z4), and what it costs."""
        terms = symbol.definition.slippage
        if terms is None:
            return price, 0
        held = symbol.holding
        at = (price, symbol.tick, symbol.slips)
        distance = slip_distance(terms, (held.bid, held.ask), at)
        paid = price + distance if buys else max(price - distance, symbol.tick)
        return paid, self._slip_cost(symbol, size, price, paid)

    def _slip_cost(self, symbol: Symbol, size: int, reference: int, paid: int) -> int:
        """Give what a size lost between the price before and the price that was paid."""
        lost = abs(symbol.value(size, paid) - symbol.value(size, reference))
        return self.rates.convert(lost, symbol.currency)

    def count_slipped(self, symbol: Symbol) -> None:
        """Count a fill that has slipped: it has used up a random number."""
        terms = symbol.definition.slippage
        if terms is not None and SLIPPAGE_KINDS[terms.kind] == "random":
            self._changing = True
            symbol.slips += 1

    def _commission(
        self,
        symbol: Symbol,
        fill: Priced,
        rates: Rates,
        *,
        entry: bool,
        leave: bool,
    ) -> int:
        """Give the fee of a fill that is not given one (Z1)."""
        terms = symbol.definition.commission
        if terms is None or not is_charged(terms, entry=entry, leave=leave):
            return 0
        value = symbol.value(fill.size, fill.price)
        about = CommissionFill(fill.size, symbol.contract_size, value, symbol.volume, fill.maker)
        fee = commission_native(terms, about)
        if COMMISSION_KINDS[terms.kind] == "rate":
            fee = rates.convert(fee, symbol.currency)
        return fee if terms.minimum is None else max(fee, terms.minimum)

    def _count_volume(self, symbol: Symbol, size: int, price: int, rates: Rates) -> None:
        """Add a fill to what the symbol has traded, when tiers ask for it (Z2)."""
        terms = symbol.definition.commission
        if terms is not None and terms.has_tiers:
            symbol.volume += rates.convert(symbol.value(size, price), symbol.currency)
