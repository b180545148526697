"""Records of orders, bars, quotes and protection as events again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.oracle import codec
from omega_portfolio.oracle.events import (
    OF_QUOTES,
    Bar,
    Bars,
    CancelOrder,
    Event,
    Modify,
    PlaceOrder,
    Quote,
    Quotes,
)
from omega_portfolio.oracle.orders import from_units
from omega_portfolio.sentinel import UNSET, Unset

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Symbol
    from omega_portfolio.oracle.order_codec import BarUnits, Levels


def modify_of(time: int, position_id: int, levels: Levels, symbol: Symbol) -> Modify:
    """Make the event of op 4."""
    unit = symbol.price_unit

    def raw(level: int | None) -> int | Unset | None:
        return UNSET if level is None else level * unit or None

    pair: tuple[int, int] | Unset | None = UNSET
    if levels.break_even is not None:
        trigger, offset = levels.break_even
        pair = (trigger * unit, offset * unit) if trigger else None
    targets: tuple[tuple[int, int], ...] | Unset = UNSET
    if levels.targets is not None:
        targets = tuple((price * unit, size * symbol.size_unit) for price, size in levels.targets)
    exit_time: int | Unset | None = UNSET
    if levels.exit_time is not None:
        exit_time = levels.exit_time[0] if levels.exit_time else None
    return Modify(
        position_id,
        time,
        stop_loss=raw(levels.stop_loss),
        take_profit=raw(levels.take_profit),
        trailing=raw(levels.trailing),
        break_even=pair,
        targets=targets,
        exit_time=exit_time,
    )


def _place_order(symbols: Sequence[Symbol], time: int, *fields: Any) -> Event:  # noqa: ANN401
    index, side, kind, size, price, expiry, oco, stop_loss, take_profit, tag, protection = fields
    symbol = symbols[index]
    unit = symbol.price_unit
    return PlaceOrder(
        symbol=symbol.name,
        side=side,
        size=size * symbol.size_unit,
        time=time,
        kind=kind,
        price=price * unit or None,
        expiry=expiry,
        oco=oco,
        stop_loss=stop_loss * unit or None,
        take_profit=take_profit * unit or None,
        tag=tag,
        protection=from_units(protection, symbol),
    )


def _cancel_order(_: Sequence[Symbol], time: int, order_id: int) -> Event:
    return CancelOrder(order_id, time)


def _bars(symbols: Sequence[Symbol], time: int, path: int, bars: tuple[BarUnits, ...]) -> Event:
    def bar(index: int, *units: int) -> Bar:
        symbol = symbols[index]
        return Bar(symbol.name, *(number * symbol.price_unit for number in units))

    return Bars(time, tuple(bar(*units) for units in bars), path)


def _quotes(
    symbols: Sequence[Symbol], time: int, quotes: tuple[tuple[int, int, int], ...]
) -> Event:
    def quote(index: int, bid: int, spread: int) -> Quote:
        symbol = symbols[index]
        unit = symbol.price_unit
        return Quote(symbol.name, bid * unit, (bid + spread) * unit, OF_QUOTES)

    return Quotes(time, tuple(quote(*units) for units in quotes))


ORDER_EVENTS: Final[dict[int, Callable[..., Event]]] = {
    codec.PLACE_ORDER: _place_order,
    codec.CANCEL_ORDER: _cancel_order,
    codec.BAR: _bars,
    codec.QUOTES: _quotes,
}
"""How each record becomes an event: from the registered symbols, its time and its fields."""
