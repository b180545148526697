"""What an account shows, for tests that compare it before and after, or between backends."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import omega_portfolio as op

MONEY = ("balance", "equity", "unrealized_pnl", "realized_pnl", "margin_used", "free_margin")
SCALARS = (*MONEY, "margin_level", "time", "events", "currency")

TABLES: dict[str, Callable[[op.Portfolio], op.Table]] = {
    "equity": lambda portfolio: portfolio.get_equity_curve(exact=True),
    "trades": lambda portfolio: portfolio.get_trades(exact=True),
    "ledger": lambda portfolio: portfolio.get_ledger(exact=True),
    "positions": lambda portfolio: portfolio.get_positions(exact=True),
}


def picture(portfolio: op.Portfolio) -> dict[str, object]:
    """Give everything that a refused call may not change: scalars, table lengths, digest."""
    lengths = {f"rows of {name}": len(read(portfolio)) for name, read in TABLES.items()}
    scalars = {name: getattr(portfolio, name) for name in SCALARS}
    return {"digest": portfolio.digest, **lengths, **scalars}


def assert_identity(portfolio: op.Portfolio) -> None:
    """Check A4 with all digits; the decimal context of Python has 28 and money 38."""
    total = Fraction(portfolio.balance) + Fraction(portfolio.unrealized_pnl)
    assert total == Fraction(portfolio.equity)
