"""A bar as one walk of the bid (SPEC G4): from open to one extreme, to the other, to close."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.oracle import executions, orders
from omega_portfolio.oracle.texts import LONG

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position
    from omega_portfolio.oracle.ledger import Ledger
    from omega_portfolio.oracle.orders import Order
    from omega_portfolio.oracle.stop_out import Range

_STOP: Final = 0
_TAKE: Final = 1
_STOP_ORDER: Final = 2
_LIMIT_ORDER: Final = 3


class _Thing(NamedTuple):
    """Something on the way: where the bid meets it, its place among ties, and what it does."""

    level: int
    rank: int
    number: int
    place: int
    happen: Callable[[], object]


class _Leg(NamedTuple):
    """A straight part of the walk."""

    end: int
    rising: bool


def walk(ledger: Ledger, bar: Range, time: int, *, rising_first: bool) -> None:
    """Do what the bid meets on its way, one thing after the other."""
    first, second = (bar.high, bar.low) if rising_first else (bar.low, bar.high)
    legs = (
        _Leg(first, rising_first),
        _Leg(second, not rising_first),
        _Leg(bar.close, rising_first),
    )
    stands = bar.open
    for leg in legs:
        while True:
            things = [
                thing
                for thing in _things(ledger, bar, time, rising=leg.rising)
                if min(stands, leg.end) <= thing.level <= max(stands, leg.end)
            ]
            if not things:
                break
            first_thing = min(things, key=partial(_turn, stands))
            stands = first_thing.level
            first_thing.happen()
        stands = leg.end


def _turn(stands: int, thing: _Thing) -> tuple[int, ...]:
    return abs(thing.level - stands), thing.rank, thing.number, thing.place


def _things(ledger: Ledger, bar: Range, time: int, *, rising: bool) -> Iterator[_Thing]:
    """Give all that a rising, or a falling, bid can meet."""
    for position in ledger.positions.rows:
        if position.symbol is bar.symbol:
            # A rising bid profits longs and stops shorts.
            if rising == (position.side == LONG):
                yield from _takes(ledger, bar, position, time)
            elif position.stop_loss:
                yield _stop(ledger, bar, position, time)
    for order in ledger.orders.of(bar.symbol):
        is_stop = order.kind == orders.STOP
        if rising == (is_stop == (order.side == LONG)):
            yield _entry(ledger, bar, order, time)


def _takes(ledger: Ledger, bar: Range, position: Position, time: int) -> Iterator[_Thing]:
    shift = 0 if position.side == LONG else bar.spread
    for place, take in enumerate(executions.takes_of(position)):
        happen = partial(executions.close_at_take, ledger, position, take, take.price, time)
        yield _Thing(take.price - shift, _TAKE, position.position_id, place, happen)


def _stop(ledger: Ledger, bar: Range, position: Position, time: int) -> _Thing:
    shift = 0 if position.side == LONG else bar.spread
    stop = position.stop_loss
    happen = partial(executions.close_at_stop, ledger, position, stop, time)
    return _Thing(stop - shift, _STOP, position.position_id, 0, happen)


def _entry(ledger: Ledger, bar: Range, order: Order, time: int) -> _Thing:
    shift = bar.spread if order.side == LONG else 0
    rank = _STOP_ORDER if order.kind == orders.STOP else _LIMIT_ORDER
    happen = partial(executions.fill_order, ledger, order, order.price, time)
    return _Thing(order.price - shift, rank, order.order_id, 0, happen)
