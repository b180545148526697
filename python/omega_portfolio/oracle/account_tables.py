"""Snapshots of cash and margin as rows (SPEC W10, M8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.oracle.numbers import QUANTITY_ONE
from omega_portfolio.oracle.rates import RATE_ONE
from omega_portfolio.oracle.schema import CASH, MARGIN, Row, Rows
from omega_portfolio.oracle.terms import (
    MARGIN_BASES,
    MARGIN_CURRENCIES,
    MARGIN_KINDS,
    PER_LOT,
)

if TYPE_CHECKING:
    from omega_portfolio.oracle.account import Account
    from omega_portfolio.oracle.book import Symbol
    from omega_portfolio.oracle.rates import Rates


def cash_rows(account: Account) -> Rows:
    """Give a row for each currency that ever had cash or a rate, the account's first."""
    rows = Rows(CASH)
    own = account.scalars.balance - account.rates.cash_cost()
    rows.append((account.configuration.currency, own, RATE_ONE, own, own, 0, ""))
    for each in account.rates.currencies.values():
        if each.is_known():
            value = each.convert(each.cash)
            rows.append(
                (each.code, each.cash, each.rate, each.cost, value, value - each.cost, each.path())
            )
    return rows


def margin_rows(account: Account) -> Rows:
    """Give a row for each symbol with an open position."""
    rows = Rows(MARGIN)
    for symbol in account.symbols.values():
        if symbol.is_held():
            rows.append(_margin_row(symbol, account.rates))
    return rows


def _margin_row(symbol: Symbol, rates: Rates) -> Row:
    terms, held = symbol.margin_terms, symbol.holding
    sums = held.sums
    need = symbol.margin_need(*symbol.sides(sums, held.bid, held.ask))
    # Sizes have 9 decimals, and the column those of money.
    basis = need.basis * QUANTITY_ONE if terms.kind == PER_LOT else need.basis
    currency = symbol.margin_currency
    return (
        symbol.name,
        MARGIN_KINDS[terms.kind],
        MARGIN_BASES[terms.base],
        MARGIN_CURRENCIES[terms.currency],
        sums.long_size,
        sums.short_size,
        min(sums.long_size, sums.short_size),
        basis,
        need.margin,
        RATE_ONE if currency is None else rates.of(currency),
        held.margin,
    )
