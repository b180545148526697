"""Resting orders: placing, cancelling, expiry and groups (SPEC Q3 to Q5).

When an order is reached is in :mod:`omega_portfolio.oracle.bars`, what its fill does in
:mod:`omega_portfolio.oracle.executions`. Orders are few, so all of them are looked through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.errors import (
    InvalidPrice,
    InvalidStopLoss,
    InvalidTakeProfit,
    InvalidTime,
    OrderNotFound,
)
from omega_portfolio.oracle import codec, rules
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, plain_text
from omega_portfolio.oracle.protection import Guarded, Protection, check_protection
from omega_portfolio.oracle.texts import LONG
from omega_portfolio.oracle.times import to_datetime

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Symbol
    from omega_portfolio.oracle.events import CancelOrder, PlaceOrder
    from omega_portfolio.oracle.ledger import Ledger

MARKET: Final = 0
LIMIT: Final = 1
STOP: Final = 2
ORDER_TYPES: Final = ("market", "limit", "stop")


class Order(NamedTuple):
    """One resting order; a price or level of 0 is none."""

    order_id: int
    symbol: Symbol
    side: int
    kind: int
    size: int
    price: int
    expiry: int | None
    oco: str
    stop_loss: int
    take_profit: int
    tag: str
    protection: Protection


class Orders:
    """The resting orders by order_id, and the counter of their ids."""

    __slots__ = ("next_id", "rows")

    def __init__(self) -> None:
        self.next_id = 1
        self.rows: list[Order] = []

    def of(self, symbol: Symbol) -> list[Order]:
        """Give the orders of a symbol, by order_id: a copy."""
        return [order for order in self.rows if order.symbol is symbol]

    def find(self, order_id: int) -> Order | None:
        """Give the order that has an id and is resting."""
        return next((order for order in self.rows if order.order_id == order_id), None)

    def is_resting(self, order: Order) -> bool:
        """Tell whether an order is there and was not filled or cancelled meanwhile."""
        return self.find(order.order_id) is not None

    def remove(self, order: Order) -> None:
        """Take an order out."""
        self.rows = [other for other in self.rows if other.order_id != order.order_id]


def place_order(ledger: Ledger, event: PlaceOrder) -> int:
    """Let an order rest; give its id (Q3)."""
    rules.time_does_not_decrease(event.time, ledger.time)
    symbol = ledger.symbol_or_default(event.symbol, len(ledger.symbols))
    rules.size_is_tradable(event.size, symbol)
    rules.size_is_allowed(event.size, symbol)
    if event.price is not None:
        rules.price_is_tradable("price", event.price, symbol)
    _check_market(event, symbol)
    _check_levels(event, symbol)
    take_profit, time = event.take_profit, event.time
    guarded = Guarded(symbol, event.side, event.size, event.price, take_profit, time)
    check_protection(event.protection, guarded)
    if event.expiry is not None and event.expiry < event.time:
        raise InvalidTime(
            "expiry",
            to_datetime(event.expiry).isoformat(),
            f"is before the order at {to_datetime(event.time).isoformat()}",
            "pass a later time, or None",
        )

    ledger.register_used([symbol])
    orders = ledger.orders
    order = Order(
        order_id=orders.next_id,
        symbol=symbol,
        side=event.side,
        kind=event.kind,
        size=event.size,
        price=event.price or 0,
        expiry=event.expiry,
        oco=event.oco,
        stop_loss=event.stop_loss or 0,
        take_profit=event.take_profit or 0,
        tag=event.tag,
        protection=event.protection,
    )
    orders.next_id += 1
    orders.rows.append(order)
    _note(ledger, event.time, order, "placed")
    record = (
        codec.PLACE_ORDER,
        event.time - (ledger.time or 0),
        symbol.index,
        order.side,
        order.kind,
        order.size // symbol.size_unit,
        order.price // symbol.price_unit,
        order.expiry,
        order.oco,
        order.stop_loss // symbol.price_unit,
        order.take_profit // symbol.price_unit,
        order.tag,
        in_units(order.protection, symbol),
    )
    ledger.commit(event.time, record)
    return order.order_id


def cancel_order(ledger: Ledger, event: CancelOrder) -> int:
    """Take an order back (Q4)."""
    rules.time_does_not_decrease(event.time, ledger.time)
    order = ledger.orders.find(event.order_id)
    if order is None:
        raise OrderNotFound(
            "order_id",
            str(event.order_id),
            "is not the id of a resting order",
            "look into get_orders for the resting ones",
        )
    _leave(ledger, event.time, order, "cancelled")
    ledger.commit(event.time, (codec.CANCEL_ORDER, event.time - (ledger.time or 0), event.order_id))
    return 0


def expire(ledger: Ledger, symbol: Symbol, time: int, before: int) -> None:
    """Let the orders of a symbol expire whose time of expiry is before a time (G2, G5)."""
    for order in ledger.orders.of(symbol):
        if order.expiry is not None and order.expiry < before:
            _leave(ledger, time, order, "expired")


def refuse(ledger: Ledger, time: int, order: Order) -> None:
    """Let an order go that has not the margin for its fill (Q5)."""
    _leave(ledger, time, order, "refused", "margin")


def cancel_group(ledger: Ledger, time: int, filled: Order) -> None:
    """Cancel the other orders of the group of an order that was filled (Q5)."""
    if not filled.oco:
        return
    for order in list(ledger.orders.rows):
        if order.oco == filled.oco:
            _leave(ledger, time, order, "cancelled", "oco")


def in_units(protection: Protection, symbol: Symbol) -> Protection:
    """Give protection in units of an instrument's decimals (SPEC section 9)."""
    trailing, pair, targets, exit_time = protection
    unit = symbol.price_unit
    return Protection(
        None if trailing is None else trailing // unit,
        None if pair is None else (pair[0] // unit, pair[1] // unit),
        tuple((price // unit, size // symbol.size_unit) for price, size in targets),
        exit_time,
    )


def from_units(protection: Protection, symbol: Symbol) -> Protection:
    """Give protection as raw numbers from units of an instrument's decimals."""
    trailing, pair, targets, exit_time = protection
    unit = symbol.price_unit
    return Protection(
        None if trailing is None else trailing * unit,
        None if pair is None else (pair[0] * unit, pair[1] * unit),
        tuple((price * unit, size * symbol.size_unit) for price, size in targets),
        exit_time,
    )


def _check_market(event: PlaceOrder, symbol: Symbol) -> None:
    """Refuse a price on the wrong side of the mark, when there is one."""
    bid, ask = symbol.holding.bid, symbol.holding.ask
    if event.price is None or not bid:
        return
    market = ask if event.side == LONG else bid
    belongs_below = (event.kind == LIMIT) == (event.side == LONG)
    if event.price > market if belongs_below else event.price < market:
        raise InvalidPrice(
            "price",
            plain_text(event.price, QUANTITY_SCALE),
            f"of a {ORDER_TYPES[event.kind]} order must not be "
            f"{'above' if belongs_below else 'below'} {plain_text(market, QUANTITY_SCALE)}",
            "move the price, or pass another type",
        )


def _check_levels(event: PlaceOrder, symbol: Symbol) -> None:
    """Refuse levels on the wrong side of the price (O2); a market order's have no side."""
    levels = (event.stop_loss, event.take_profit)
    refusals = (InvalidStopLoss, InvalidTakeProfit)
    for name, level, refusal in zip(rules.LEVELS, levels, refusals, strict=True):
        if level is None:
            continue
        if event.price is not None:
            rules.level_protects(name, level, (symbol, event.side), event.price)
        elif level <= 0:
            raise refusal(
                name,
                plain_text(level, QUANTITY_SCALE),
                "must be greater than 0",
                "pass None for no level",
            )
        elif level % symbol.tick:
            raise refusal(
                name,
                plain_text(level, QUANTITY_SCALE),
                f"must be a multiple of {plain_text(symbol.tick, QUANTITY_SCALE)}",
                "round the level",
            )


def _leave(ledger: Ledger, time: int, order: Order, kind: str, detail: str = "") -> None:
    ledger.orders.remove(order)
    _note(ledger, time, order, kind, detail)


def _note(ledger: Ledger, time: int, order: Order, kind: str, detail: str = "") -> None:
    ledger.note_activity(
        time,
        kind,
        order_id=order.order_id,
        symbol=order.symbol.name,
        size=order.size,
        price=order.price,
        detail=detail,
    )
