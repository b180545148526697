"""Random lives of portfolios, as the comparison of the backends draws them."""

from __future__ import annotations

from random import Random
from typing import Any

import omega_portfolio as op
from omega_portfolio.bench.account_settings import draw_account_setting
from omega_portfolio.bench.account_source import AccountSource
from omega_portfolio.bench.answers import Refusal, answer
from omega_portfolio.bench.operations import OperationSource
from omega_portfolio.bench.shapes import draw_setting


class Life:
    """A portfolio and the source of what happens to it; the same for every backend."""

    def __init__(self, seed: int, backend: str) -> None:
        random = Random(f"life {seed}")
        setting = (draw_account_setting if seed % 4 else draw_setting)(random)
        self._source: Any = (
            AccountSource(random, setting) if setting.terms else OperationSource(random, setting)
        )
        self.portfolio = op.Portfolio(setting.initial_balance, backend=backend, **setting.options)

    def step(self, count: int) -> None:
        """Let so many calls happen, refused ones included."""
        source, portfolio = self._source, self.portfolio
        for _ in range(count):
            name, arguments, keywords = source.next_operation()
            given = answer(getattr(portfolio, name), arguments, keywords)
            if isinstance(given, Refusal):
                source.refused(given.code)
            else:
                source.answered(given)
            if isinstance(source, AccountSource):
                source.look(portfolio, moved=isinstance(given, tuple))


def grown(seed: int, backend: str, count: int = 60) -> op.Portfolio:
    """Give a portfolio after so many calls."""
    life = Life(seed, backend)
    life.step(count)
    return life.portfolio


TABLES = (
    "equity_curve",
    "trades",
    "ledger",
    "positions",
    "orders",
    "activity",
    "cash",
    "cash_ledger",
    "events",
)


def picture(portfolio: op.Portfolio) -> dict[str, Any]:
    """Give everything that a portfolio shows."""
    tables = {name: getattr(portfolio, f"get_{name}")(exact=True).to_polars() for name in TABLES}
    return {
        "digest": portfolio.digest,
        "equity": portfolio.equity,
        "time": portfolio.time,
        "rounded": portfolio.rounded_count,
        **{name: (frame.schema, frame.rows()) for name, frame in tables.items()},
    }


def account(state: op.State) -> tuple[Any, ...]:
    """Give everything that a state shows."""
    names = ("balance", "equity", "margin_used", "free_margin", "margin_level")
    more = ("unrealized_pnl", "realized_pnl", "time", "events")
    figures = tuple(getattr(state, name) for name in (*names, *more))
    return (*figures, state.positions_exact.to_polars().rows())
