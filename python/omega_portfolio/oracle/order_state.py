"""Canonical bytes of resting orders and of protection in the state (SPEC section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.oracle.octets import put_optional, put_text, put_unsigned
from omega_portfolio.oracle.order_codec import put_protection

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Symbol
    from omega_portfolio.oracle.orders import Order, Orders
    from omega_portfolio.oracle.protection import Protection


def put_orders(out: bytearray, orders: Orders) -> None:
    """Write the resting orders by order_id."""
    put_unsigned(out, len(orders.rows))
    for order in orders.rows:
        _put_order(out, order)


def put_state_protection(out: bytearray, protection: Protection, symbol: Symbol) -> None:
    """Write PROTECTION as the state has it: raw prices, sizes in units.

    A split may leave prices that are on no grid of decimals, so they are not in units.
    """
    targets = tuple((price, size // symbol.size_unit) for price, size in protection.targets)
    put_protection(out, protection._replace(targets=targets))


def _put_order(out: bytearray, order: Order) -> None:
    symbol = order.symbol
    put_unsigned(out, order.order_id)
    put_unsigned(out, symbol.index)
    out.append(order.side)
    out.append(order.kind)
    put_unsigned(out, order.size // symbol.size_unit)
    put_unsigned(out, order.price)
    put_optional(out, order.expiry)
    put_text(out, order.oco)
    put_unsigned(out, order.stop_loss)
    put_unsigned(out, order.take_profit)
    put_text(out, order.tag)
    put_state_protection(out, order.protection, symbol)
