"""Canonical bytes of the state (SPEC section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.oracle.octets import put_signed, put_text, put_unsigned

if TYPE_CHECKING:
    from omega_portfolio.oracle.account import Account
    from omega_portfolio.oracle.book import Position, Symbol


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
    put_unsigned(out, account.ids.next_free)
    put_unsigned(out, len(account.equity_rows))
    put_unsigned(out, len(account.trade_rows))
    put_unsigned(out, len(account.ledger_rows))
    put_unsigned(out, len(account.symbols))
    for symbol in account.symbols.values():
        _put_symbol(out, symbol)
    put_unsigned(out, len(account.positions.rows))
    for position in account.positions.rows:
        _put_position(out, position)
    return bytes(out)


def _put_symbol(out: bytearray, symbol: Symbol) -> None:
    holding, sums = symbol.holding, symbol.holding.sums
    put_unsigned(out, holding.bid // symbol.price_unit)
    put_unsigned(out, holding.ask // symbol.price_unit)
    put_unsigned(out, sums.long_size // symbol.size_unit)
    put_signed(out, sums.long_cost)
    put_unsigned(out, sums.short_size // symbol.size_unit)
    put_signed(out, sums.short_cost)


def _put_position(out: bytearray, position: Position) -> None:
    symbol = position.symbol
    put_unsigned(out, position.position_id)
    put_unsigned(out, symbol.index)
    out.append(position.side)
    put_unsigned(out, position.size // symbol.size_unit)
    put_unsigned(out, position.entry_price // symbol.price_unit)
    put_signed(out, position.entry_time)
    put_unsigned(out, position.stop_loss // symbol.price_unit)
    put_unsigned(out, position.take_profit // symbol.price_unit)
    put_unsigned(out, position.initial_stop // symbol.price_unit)
    put_signed(out, position.cost)
    put_signed(out, position.entry_fee)
    put_text(out, position.tag)
