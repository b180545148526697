"""The fills that bars and quotes make: closes at a level, and orders (SPEC Q5, Z4).

Each function is one fill. Stops, market orders and time exits slip (Z4); what takes a limit
price does not, and pays as a maker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omega_portfolio.errors import InsufficientMargin
from omega_portfolio.oracle import orders
from omega_portfolio.oracle.fills import OpenFill
from omega_portfolio.oracle.protection import STOP_REASONS
from omega_portfolio.oracle.texts import LONG, SHORT

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position
    from omega_portfolio.oracle.ledger import Ledger
    from omega_portfolio.oracle.orders import Order


class Take(NamedTuple):
    """A limit price that closes a position: one of its targets, or take_profit (None)."""

    price: int
    target: tuple[int, int] | None


def is_open(ledger: Ledger, position: Position) -> bool:
    """Tell whether a position is still open."""
    return ledger.positions.by_id.get(position.position_id) is position


def takes_of(position: Position) -> list[Take]:
    """Give the targets, nearest first, and take_profit behind them."""
    towards = 1 if position.side == LONG else -1
    targets = sorted(position.targets, key=lambda target: towards * target[0])
    takes = [Take(target[0], target) for target in targets]
    if position.take_profit:
        takes.append(Take(position.take_profit, None))
    return takes


def close_at_stop(ledger: Ledger, position: Position, price: int, time: int) -> None:
    """Close a position at its stop; the reason says what set it (G5)."""
    _close_slipped(ledger, position, price, time, STOP_REASONS[position.stop_kind])


def close_on_time(ledger: Ledger, position: Position, time: int) -> None:
    """Close a position at the mark because its time is over."""
    _close_slipped(ledger, position, position.mark_price(), time, "time_exit")


def close_at_take(ledger: Ledger, position: Position, take: Take, price: int, time: int) -> None:
    """Close what a target or take_profit is for; a target is used up by it."""
    size, reason = position.size, "take_profit"
    if take.target is not None:
        targets = list(position.targets)
        targets.remove(take.target)
        position.targets = tuple(targets)
        size, reason = min(take.target[1], position.size), "target"
    ledger.fill_close(
        position,
        size,
        price,
        time,
        fee=None,
        maker=True,
        reason=reason,
        order_id=0,
        slippage=0,
    )


def fill_order(ledger: Ledger, order: Order, price: int, time: int) -> Position | None:
    """Fill an order, or let it go when it has not the margin (Q5).

    Returns
    -------
    Position or None
        The position that the fill opened or increased, if it did.
    """
    slips = order.kind != orders.LIMIT
    paid, slippage = price, 0
    if slips:
        paid, slippage = ledger.slipped(order.symbol, order.side == LONG, order.size, price)
    fill = OpenFill(
        symbol_name=order.symbol.name,
        side=order.side,
        size=order.size,
        price=paid,
        time=time,
        stop_loss=order.stop_loss or None,
        take_profit=order.take_profit or None,
        fee=None,
        maker=not slips,
        tag=order.tag,
        position_id=None,
        order_id=order.order_id,
        protection=order.protection,
        slippage=slippage,
        reference=price,
    )
    try:
        position_id = ledger.fill_open(fill)
    except InsufficientMargin:
        orders.refuse(ledger, time, order)
        return None
    if slips:
        ledger.count_slipped(order.symbol)
    ledger.orders.remove(order)
    ledger.note_activity(
        time,
        "filled",
        order_id=order.order_id,
        position_id=position_id,
        symbol=order.symbol.name,
        size=order.size,
        price=paid,
    )
    orders.cancel_group(ledger, time, order)
    position = ledger.positions.by_id.get(position_id)
    # A netting fill of the other side closes, in whole or in part.
    return position if position is not None and position.side == order.side else None


def _close_slipped(ledger: Ledger, position: Position, price: int, time: int, reason: str) -> None:
    symbol = position.symbol
    buys = position.side == SHORT
    paid, slippage = ledger.slipped(symbol, buys, position.size, price)
    ledger.fill_close(
        position,
        None,
        paid,
        time,
        fee=None,
        maker=False,
        reason=reason,
        order_id=0,
        slippage=slippage,
    )
    ledger.count_slipped(symbol)
