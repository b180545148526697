"""Numbers of calls brought to the grid of their instrument (SPEC I12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from omega_portfolio.oracle.events import (
    Bars,
    Close,
    Event,
    Mark,
    Modify,
    Open,
    PlaceOrder,
    Quote,
    Quotes,
    UpdateEquity,
)
from omega_portfolio.oracle.numbers import half_even
from omega_portfolio.oracle.protection import Protection

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Symbol
    from omega_portfolio.oracle.ledger import Ledger

Number = TypeVar("Number")


def rounded(ledger: Ledger, event: Event) -> tuple[Event, int]:
    """Give an event with its prices and sizes on the grid, and how many of them changed.

    Nothing is checked: what a number becomes is refused by the rules of the event or not.
    """
    bring = _EVENTS.get(type(event))
    if bring is None:
        return event, 0
    grid = _Grid(ledger)
    brought: Event = bring(grid, event)
    return brought, grid.count


class _Grid:
    """Rounds the numbers of one event and counts those that change."""

    __slots__ = ("_ledger", "count")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.count = 0

    def open(self, event: Open) -> Open:
        symbol = self._ledger.symbols.get(event.symbol)
        return replace(
            event,
            size=self._size(symbol, event.size),
            price=self._price(symbol, event.price),
            stop_loss=self._price(symbol, event.stop_loss),
            take_profit=self._price(symbol, event.take_profit),
            protection=self._protection(symbol, event.protection),
        )

    def close(self, event: Close) -> Close:
        position = self._ledger.positions.by_id.get(event.position_id)
        if position is None:
            return event
        size = event.size
        # All that is held may be closed whatever its size is (I9).
        if size is not None and size != position.size:
            size = self._size(position.symbol, size)
        return replace(event, size=size, price=self._price(position.symbol, event.price))

    def modify(self, event: Modify) -> Modify:
        position = self._ledger.positions.by_id.get(event.position_id)
        if position is None:
            return event
        symbol = position.symbol
        pair, targets = event.break_even, event.targets
        return replace(
            event,
            stop_loss=self._price(symbol, event.stop_loss),
            take_profit=self._price(symbol, event.take_profit),
            trailing=self._price(symbol, event.trailing),
            break_even=self._pair(symbol, pair) if isinstance(pair, tuple) else pair,
            targets=self._targets(symbol, targets) if isinstance(targets, tuple) else targets,
        )

    def mark(self, event: Mark | UpdateEquity | Quotes) -> Event:
        return replace(event, quotes=tuple(self._quote(quote) for quote in event.quotes))

    def place_order(self, event: PlaceOrder) -> PlaceOrder:
        symbol = self._ledger.symbols.get(event.symbol)
        return replace(
            event,
            size=self._size(symbol, event.size),
            price=self._price(symbol, event.price),
            stop_loss=self._price(symbol, event.stop_loss),
            take_profit=self._price(symbol, event.take_profit),
            protection=self._protection(symbol, event.protection),
        )

    def bars(self, event: Bars) -> Bars:
        brought = []
        for bar in event.bars:
            symbol = self._ledger.symbols.get(bar.symbol)
            brought.append(
                bar._replace(
                    open=self._price(symbol, bar.open),
                    high=self._price(symbol, bar.high),
                    low=self._price(symbol, bar.low),
                    close=self._price(symbol, bar.close),
                    spread=self._price(symbol, bar.spread),
                )
            )
        return replace(event, bars=tuple(brought))

    def _quote(self, quote: Quote) -> Quote:
        symbol = self._ledger.symbols.get(quote.symbol)
        if quote.bid == quote.ask:  # One price is one number.
            price = self._price(symbol, quote.bid)
            return quote._replace(bid=price, ask=price)
        return quote._replace(
            bid=self._price(symbol, quote.bid), ask=self._price(symbol, quote.ask)
        )

    def _protection(self, symbol: Symbol | None, given: Protection) -> Protection:
        return given._replace(
            trailing=self._price(symbol, given.trailing),
            break_even=given.break_even and self._pair(symbol, given.break_even),
            targets=self._targets(symbol, given.targets),
        )

    def _pair(self, symbol: Symbol | None, pair: tuple[int, int]) -> tuple[int, int]:
        return self._price(symbol, pair[0]), self._price(symbol, pair[1])

    def _targets(
        self, symbol: Symbol | None, targets: tuple[tuple[int, int], ...]
    ) -> tuple[tuple[int, int], ...]:
        return tuple(
            (self._price(symbol, price), self._size(symbol, size)) for price, size in targets
        )

    def _price(self, symbol: Symbol | None, price: Number) -> Number:
        """Round a price or distance half-even to the tick; None and UNSET stay."""
        if symbol is None or not isinstance(price, int):
            return price
        return self._changed(price, half_even(price, symbol.tick) * symbol.tick)

    def _size(self, symbol: Symbol | None, size: int) -> int:
        """Round a size down to the lot step; what is not positive is left to be refused."""
        if symbol is None or size <= 0:
            return size
        return self._changed(size, size - size % symbol.lot)

    def _changed(self, before: Number, after: Any) -> Number:  # noqa: ANN401 - of the same type.
        self.count += before != after
        brought: Number = after
        return brought


_EVENTS: Final[dict[type, Callable[..., Event]]] = {
    Open: _Grid.open,
    Close: _Grid.close,
    Modify: _Grid.modify,
    Mark: _Grid.mark,
    UpdateEquity: _Grid.mark,
    Quotes: _Grid.mark,
    PlaceOrder: _Grid.place_order,
    Bars: _Grid.bars,
}
