"""Positions and portfolios that the tests of the old portfolio begin with."""

from __future__ import annotations

from datetime import datetime, timedelta

from omega_portfolio.legacy import ExactPortfolio, Portfolio, PortfolioPosition, compare

T0 = datetime(2024, 1, 2, 9)
HOUR = timedelta(hours=1)


def long(**changes) -> PortfolioPosition:
    """Enter at 100 with the stop at 95; at 110 it earns 200."""
    fields = {"entry_time": T0, "direction": "long", "symbol": "ACME", "entry_price": 100.0}
    fields |= {"stop_loss": 95.0, "take_profit": 110.0, "size": 2.0}
    return PortfolioPosition(**(fields | changes))


def closed(price=110.0, reason="take_profit", time=T0 + HOUR, **changes) -> PortfolioPosition:
    position = long(**changes)
    position.close(time, price, reason)
    return position


def ended(portfolio: Portfolio, *positions: PortfolioPosition) -> Portfolio:
    for position in positions:
        portfolio.register_entry(position)
        portfolio.register_exit(position)
    return portfolio


def trade(portfolio, price=110.0, reason="take_profit", **changes):
    position = long(**changes)
    portfolio.register_entry(position)
    position.close(T0 + HOUR, price, reason)
    portfolio.register_exit(position)
    return position


def noted(portfolio) -> list[tuple[str, str, float, float]]:
    """Give cause, figure, old and exact of each difference."""
    return [
        (row.cause, row.figure, float(row.legacy), float(row.exact))
        for row in portfolio.differences
    ]


def explained(portfolio, **parts: float) -> None:
    """Check that the cash differs for these causes, and that nothing is left over."""
    found = compare(portfolio)
    assert found.explained
    cash = found.lines["cash"]
    assert {name: float(part) for name, part in cash.parts.items()} == parts
    assert cash.rest == 0
    portfolio.engine.verify()


def exact_on(backend):
    """Give what makes portfolios with an exact account of a backend."""

    def made(balance=1000.0, **options) -> ExactPortfolio:
        portfolio = Portfolio(balance, exact=True, backend=backend, **options)
        assert type(portfolio) is ExactPortfolio
        assert portfolio.engine.backend == backend
        return portfolio

    return made
