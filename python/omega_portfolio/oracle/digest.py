"""Canonical bytes of the state (SPEC section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.oracle.octets import put_optional, put_signed, put_text, put_unsigned
from omega_portfolio.oracle.order_codec import put_protection
from omega_portfolio.oracle.protection import Protection, protection_of

if TYPE_CHECKING:
    from omega_portfolio.oracle.account import Account
    from omega_portfolio.oracle.book import Position, Symbol
    from omega_portfolio.oracle.orders import Order


def digest_of(account: Account) -> str:
    """Give the digest of configuration, events and state, as hexadecimal text."""
    return account.journal.digest(state_bytes(account))


def state_bytes(account: Account) -> bytes:
    """Give the canonical bytes of the state."""
    out = bytearray()
    scalars = account.scalars
    put_unsigned(out, account.events)
    put_signed(out, account.time or 0)
    put_signed(out, scalars.balance)
    put_signed(out, scalars.equity)
    put_signed(out, scalars.unrealized_pnl)
    put_signed(out, scalars.margin_used)
    put_signed(out, scalars.realized_pnl)
    put_signed(out, account.residue)
    put_unsigned(out, account.ids.next_free)
    put_unsigned(out, account.orders.next_id)
    put_unsigned(out, account.ambiguous_count)
    out.append(account.in_margin_call)
    put_unsigned(out, len(account.equity_rows))
    put_unsigned(out, len(account.trade_rows))
    put_unsigned(out, len(account.ledger_rows))
    put_unsigned(out, len(account.cash_rows))
    put_unsigned(out, len(account.activity_rows))
    put_unsigned(out, len(account.symbols))
    for symbol in account.symbols.values():
        _put_symbol(out, symbol)
    _put_currencies(out, account)
    put_unsigned(out, len(account.positions.rows))
    for position in account.positions.rows:
        _put_position(out, position)
    put_unsigned(out, len(account.orders.rows))
    for order in account.orders.rows:
        _put_order(out, order)
    put_unsigned(out, len(account.accrued))
    for accrual in account.accrued:
        put_signed(out, accrual.pay_time)
        put_unsigned(out, accrual.symbol.index)
        put_unsigned(out, accrual.position_id)
        put_signed(out, accrual.amount)
    return bytes(out)


def _put_symbol(out: bytearray, symbol: Symbol) -> None:
    holding, sums = symbol.holding, symbol.holding.sums
    put_unsigned(out, holding.bid)
    put_unsigned(out, holding.ask)
    put_unsigned(out, sums.long_size // symbol.size_unit)
    put_signed(out, sums.long_cost)
    put_unsigned(out, sums.short_size // symbol.size_unit)
    put_signed(out, sums.short_cost)
    put_unsigned(out, symbol.volume)
    put_unsigned(out, symbol.slips)
    put_optional(out, symbol.last_bar)
    put_optional(out, symbol.last_rollover)


def _put_currencies(out: bytearray, account: Account) -> None:
    known = [each for each in account.rates.currencies.values() if each.is_known()]
    put_unsigned(out, len(known))
    for currency in known:
        put_text(out, currency.code)
        put_unsigned(out, currency.rate)
        put_text(out, currency.path())
        put_signed(out, currency.cash)
        put_signed(out, currency.cost)


def _put_position(out: bytearray, position: Position) -> None:
    symbol = position.symbol
    put_unsigned(out, position.position_id)
    put_unsigned(out, symbol.index)
    out.append(position.side)
    put_unsigned(out, position.size // symbol.size_unit)
    put_unsigned(out, position.entry_price)
    put_signed(out, position.entry_time)
    put_unsigned(out, position.stop_loss)
    put_unsigned(out, position.take_profit)
    put_unsigned(out, position.initial_stop)
    out.append(position.stop_kind)
    put_signed(out, position.cost)
    put_signed(out, position.entry_fee)
    put_signed(out, position.swap)
    put_signed(out, position.slippage)
    put_unsigned(out, position.entry_rate)
    put_text(out, position.tag)
    _put_protection(out, protection_of(position), symbol)


def _put_order(out: bytearray, order: Order) -> None:
    put_unsigned(out, order.order_id)
    put_unsigned(out, order.symbol.index)
    out.append(order.side)
    out.append(order.kind)
    put_unsigned(out, order.size // order.symbol.size_unit)
    put_unsigned(out, order.price)
    put_optional(out, order.expiry)
    put_text(out, order.oco)
    put_unsigned(out, order.stop_loss)
    put_unsigned(out, order.take_profit)
    put_text(out, order.tag)
    _put_protection(out, order.protection, order.symbol)


def _put_protection(out: bytearray, protection: Protection, symbol: Symbol) -> None:
    """Write protection with raw prices and sizes in units."""
    targets = tuple((price, size // symbol.size_unit) for price, size in protection.targets)
    put_protection(out, protection._replace(targets=targets))
