"""Accounts, fills and tables for the tests of orders and bars."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import omega_portfolio as op

PATHS = ("pessimistic", "optimistic", "ohlc", "olhc")

Fills = list[tuple[Decimal, Decimal, str]]
"""Size, price and reason of closes."""

Make = Callable[..., op.PortfolioPython]


def D(text: str) -> Decimal:  # noqa: N802 - short, because it stands everywhere.
    return Decimal(text)


def oracle_account(balance: object = "10000", **options: Any) -> op.PortfolioPython:
    """Make an account with instruments A and B of two decimals and some terms."""
    terms = options.pop("terms", {})
    portfolio = op.PortfolioPython(balance, leverage=options.pop("leverage", 10), **options)
    for symbol in ("A", "B"):
        portfolio.register_instrument(
            op.Instrument(symbol, price_decimals=2, size_decimals=2, **terms)
        )
    return portfolio


def fills(trades: list[op.Trade]) -> Fills:
    return [(trade.size, trade.exit_price, trade.reason) for trade in trades]


def bar(
    portfolio: op.PortfolioPython, time: int, *prices: object, path: str | None = None
) -> Fills:
    return fills(portfolio.process_bar(time, {"A": prices}, path=path))


def rows(table: Any, *names: str) -> list[tuple[Any, ...]]:
    found = table.to_pyarrow().to_pylist()
    return [tuple(row[name] for name in names) for row in found]


def activity(portfolio: op.PortfolioPython) -> list[tuple[Any, ...]]:
    return rows(portfolio.get_activity(), "kind", "order_id", "position_id", "price", "detail")


def orders(portfolio: op.PortfolioPython) -> list[tuple[Any, ...]]:
    return rows(portfolio.get_orders(), "order_id", "position_id", "kind", "price", "size")
