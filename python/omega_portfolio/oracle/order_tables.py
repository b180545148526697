"""What rests and what happened: rows of ``get_orders`` and ``get_activity`` (SPEC Q6, Q7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from omega_portfolio.oracle.orders import ORDER_TYPES
from omega_portfolio.oracle.schema import ORDERS, Row, Rows
from omega_portfolio.oracle.texts import SIDE_NAMES

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position
    from omega_portfolio.oracle.ledger import Ledger
    from omega_portfolio.oracle.orders import Order


def order_rows(ledger: Ledger) -> Rows:
    """Give the resting orders by order_id, then protection by position_id."""
    rows = Rows(ORDERS)
    for order in ledger.orders.rows:
        rows.append(_order_row(order))
    for position in sorted(ledger.positions.rows, key=lambda held: held.position_id):
        for row in _protection_rows(position):
            rows.append(row)
    return rows


def _order_row(order: Order) -> Row:
    return (
        order.order_id,
        0,
        order.symbol.name,
        SIDE_NAMES[order.side],
        ORDER_TYPES[order.kind],
        order.price,
        order.size,
        order.expiry,
        order.oco,
        order.tag,
    )


def _protection_rows(position: Position) -> Iterator[Row]:
    def row(kind: str, price: int, size: int, time: int | None) -> Row:
        symbol, side = position.symbol.name, SIDE_NAMES[position.side]
        tag = position.tag
        return 0, position.position_id, symbol, side, kind, price, size, time, "", tag

    if position.stop_loss:
        yield row("stop_loss", position.stop_loss, position.size, None)
    if position.take_profit:
        yield row("take_profit", position.take_profit, position.size, None)
    for price, size in position.targets:
        yield row("target", price, size, None)
    if position.trailing:
        yield row("trailing", position.trailing, position.size, None)
    if position.break_even is not None:
        yield row("break_even", position.break_even[0], position.size, None)
    if position.exit_time is not None:
        yield row("exit_time", 0, position.size, position.exit_time)
