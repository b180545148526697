"""Numbers of events brought to the grid of their symbol (SPEC I12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.oracle.events import (
    Bar,
    Bars,
    Close,
    CloseBy,
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
    from omega_portfolio.oracle.account import Account
    from omega_portfolio.oracle.book import Symbol


class Grid:
    """Rounds the numbers of one event, and counts those that change."""

    __slots__ = ("count", "symbol")

    def __init__(self, symbol: Symbol | None) -> None:
        self.symbol = symbol
        self.count = 0

    def price(self, price: Any) -> Any:  # noqa: ANN401 - None and UNSET stay what they are.
        """Give a price on the tick, rounded half-even."""
        if self.symbol is None or not isinstance(price, int):
            return price
        tick = self.symbol.tick
        return self._counted(price, half_even(price, tick) * tick)

    def size(self, size: Any) -> Any:  # noqa: ANN401 - None stays what it is.
        """Give a size on the lot step, rounded down."""
        if self.symbol is None or not isinstance(size, int):
            return size
        return self._counted(size, size // self.symbol.lot * self.symbol.lot)

    def prices(self, pair: Any) -> Any:  # noqa: ANN401 - None and UNSET stay what they are.
        """Give a pair of distances on the tick."""
        if not isinstance(pair, tuple):
            return pair
        return tuple(self.price(distance) for distance in pair)

    def targets(self, targets: Any) -> Any:  # noqa: ANN401 - UNSET stays what it is.
        """Give pairs of price and size on tick and lot step."""
        if not isinstance(targets, tuple):
            return targets
        return tuple((self.price(price), Grid.size(self, size)) for price, size in targets)

    def protection(self, given: Protection) -> Protection:
        """Give protection on tick and lot step."""
        return given._replace(
            trailing=self.price(given.trailing),
            break_even=self.prices(given.break_even),
            targets=self.targets(given.targets),
        )

    def _counted(self, before: int, after: int) -> int:
        self.count += before != after
        return after


def on_grid(event: Event, account: Account) -> tuple[Event, int]:
    """Give an event with its numbers on the grid, and how many of them changed.

    What is refused because of its symbol or position is left as it is.
    """
    bring = BRING.get(type(event))
    return (event, 0) if bring is None else bring(event, account)


def _open(event: Open, account: Account) -> tuple[Event, int]:
    grid = Grid(account.symbols.get(event.symbol))
    after = replace(
        event,
        size=grid.size(event.size),
        price=grid.price(event.price),
        stop_loss=grid.price(event.stop_loss),
        take_profit=grid.price(event.take_profit),
        protection=grid.protection(event.protection),
    )
    return after, grid.count


def _place_order(event: PlaceOrder, account: Account) -> tuple[Event, int]:
    grid = Grid(account.symbols.get(event.symbol))
    after = replace(
        event,
        size=grid.size(event.size),
        price=grid.price(event.price),
        stop_loss=grid.price(event.stop_loss),
        take_profit=grid.price(event.take_profit),
        protection=grid.protection(event.protection),
    )
    return after, grid.count


def _bars(event: Bars, account: Account) -> tuple[Event, int]:
    count = 0
    bars: list[Bar] = []
    for bar in event.bars:
        grid = Grid(account.symbols.get(bar.symbol))
        bars.append(
            bar._replace(
                open=grid.price(bar.open),
                high=grid.price(bar.high),
                low=grid.price(bar.low),
                close=grid.price(bar.close),
                spread=grid.price(bar.spread),
            )
        )
        count += grid.count
    return replace(event, bars=tuple(bars)), count


def _close(event: Close, account: Account) -> tuple[Event, int]:
    grid = _grid_of(event.position_id, event.size, account)
    after = replace(event, size=grid.size(event.size), price=grid.price(event.price))
    return after, grid.count


def _close_by(event: CloseBy, account: Account) -> tuple[Event, int]:
    grid = _grid_of(event.position_id, event.size, account)
    return replace(event, size=grid.size(event.size)), grid.count


def _modify(event: Modify, account: Account) -> tuple[Event, int]:
    grid = _grid_of(event.position_id, None, account)
    after = replace(
        event,
        stop_loss=grid.price(event.stop_loss),
        take_profit=grid.price(event.take_profit),
        trailing=grid.price(event.trailing),
        break_even=grid.prices(event.break_even),
        targets=grid.targets(event.targets),
    )
    return after, grid.count


def _quotes(event: Mark | UpdateEquity | Quotes, account: Account) -> tuple[Event, int]:
    count = 0
    quotes: list[Quote] = []
    for quote in event.quotes:
        grid = Grid(account.symbols.get(quote.symbol))
        bid = grid.price(quote.bid)
        # One price that stands for both is one number.
        ask = bid if quote.ask == quote.bid else grid.price(quote.ask)
        quotes.append(quote._replace(bid=bid, ask=ask))
        count += grid.count
    return replace(event, quotes=tuple(quotes)), count


def _grid_of(position_id: int, size: int | None, account: Account) -> Grid:
    """Give the grid of a position; a size that is all of it stays (I9)."""
    position = account.positions.by_id.get(position_id)
    grid = _Whole(None if position is None else position.symbol)
    grid.held = position.size if position is not None and size is not None else 0
    return grid


class _Whole(Grid):
    """A grid that leaves one size as it is: all that is held."""

    __slots__ = ("held",)

    held: int

    def size(self, size: Any) -> Any:  # noqa: ANN401 - None stays what it is.
        """Give a size on the lot step, or all that is held."""
        return size if size == self.held else super().size(size)


BRING: Final[dict[type, Callable[[Any, Account], tuple[Event, int]]]] = {
    Open: _open,
    Close: _close,
    CloseBy: _close_by,
    Modify: _modify,
    Mark: _quotes,
    UpdateEquity: _quotes,
    Quotes: _quotes,
    PlaceOrder: _place_order,
    Bars: _bars,
}
"""How the events with prices and sizes are brought to the grid."""
