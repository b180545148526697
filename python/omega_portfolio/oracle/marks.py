"""Quotes of symbols, and everything that follows them: rates, profits, margins (K1, A5, W4)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from omega_portfolio.errors import NumberOutOfRange
from omega_portfolio.oracle import rules
from omega_portfolio.oracle.account import Account, Change
from omega_portfolio.oracle.book import Symbol
from omega_portfolio.oracle.events import OF_PRICES, Quote
from omega_portfolio.oracle.rates import Rates


class Mark(NamedTuple):
    """The quote that a symbol gets, and the arguments that bid and ask come from."""

    symbol: Symbol
    bid: int
    ask: int
    names: tuple[str, str] = (OF_PRICES.bid, OF_PRICES.ask)


class Marks(Account):
    """An account that takes quotes."""

    def quoted(self, time: int, quotes: Sequence[Quote]) -> list[Symbol]:
        """Give the symbols of quotes that obey K1."""
        rules.time_does_not_decrease(time, self.time)
        symbols: dict[str, Symbol] = {}
        next_index = len(self.symbols)
        for quote in quotes:
            names = quote.names
            symbol = self.symbol_or_default(quote.symbol, next_index, names.symbol)
            rules.symbol_is_single(names.symbol, quote.symbol, symbols)
            rules.price_is_tradable(names.bid, quote.bid, symbol)
            rules.price_is_tradable(names.ask, quote.ask, symbol)
            rules.quote_is_ordered(quote)
            symbols[quote.symbol] = symbol
            if symbol.index == next_index:
                next_index += 1
        return list(symbols.values())

    def set_quotes(self, quotes: Iterable[tuple[Symbol, int, int]], *, sees: bool = True) -> None:
        """Set the quotes of symbols, which count for excursions (X1) when ``sees``.

        Raises
        ------
        NumberOutOfRange
            A figure at these quotes is out of range; nothing has changed.
        """
        self._set_marks([Mark(*quote) for quote in quotes], sees=sees)

    def _set_marks(self, marks: Sequence[Mark], *, sees: bool) -> None:
        prices = {mark.symbol.name: (mark.bid, mark.ask) for mark in marks}
        rates = self.rates_at(prices)
        self._require_rates(rates, OF_PRICES.bid)
        changes: list[Change] = []
        flow = 0
        for symbol, bid, ask, names in marks:
            held = symbol.holding
            changes.append((symbol, symbol.holding_of(names, held.sums, (bid, ask), rates)))
            if self.is_exact(symbol):
                flow += symbol.value(held.sums.long_size, bid - held.bid)
                flow -= symbol.value(held.sums.short_size, ask - held.ask)
        changes += self._revalued(rates, OF_PRICES.bid, prices)
        # The totals belong to all quotes together.
        after = self._after(OF_PRICES.bid, changes, flow=flow, rates=rates)

        self._changing = True
        self.rates = rates
        self._hold(changes)
        self.scalars = after
        if sees:
            for position in self.positions.rows:
                if position.symbol.name in prices:
                    position.see(position.mark_price())  # X1

    def _require_rates(self, rates: Rates, argument: str) -> None:
        """Refuse marks that take a rate away that is in use (W3)."""
        if rates is self.rates:
            return
        used = [code for code, each in self.rates.currencies.items() if each.cash]
        for symbol in self.symbols.values():
            if symbol.is_held():
                used += symbol.currencies()
        for code in used:
            if rates.of(code) == 0:
                raise NumberOutOfRange(
                    argument,
                    f"rate of {code}",
                    "the rate is 0 or has more than 38 digits at its scale",
                    "pass other prices of the pair",
                )

    def _revalued(self, rates: Rates, argument: str, beside: Container[str]) -> list[Change]:
        """Give what other rates make of the symbols that are held (W4)."""
        changes: list[Change] = []
        if rates is self.rates:
            return changes
        for symbol in self.symbols.values():
            moved = [code for code in symbol.currencies() if rates.of(code) != self.rates.of(code)]
            if moved and symbol.is_held() and symbol.name not in beside:
                held = symbol.holding
                quote = (held.bid, held.ask)
                holding = symbol.holding_of((argument, argument), held.sums, quote, rates)
                changes.append((symbol, holding))
        return changes
