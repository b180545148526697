"""The portfolio that existing backtests import, kept as it is, with an exact account beside it.

An existing backtest changes its import and nothing else: :class:`Portfolio`,
:class:`PortfolioPosition`, :func:`process_batch`, :class:`BatchResult` and
:func:`get_rust_status` do what they did, their faults included. ``Portfolio(exact=True)`` books
the same calls into an :class:`omega_portfolio.Portfolio` as well, and :func:`compare` sets both
side by side and says why they differ. New code uses :class:`omega_portfolio.Portfolio`.

Reading order: ``position``, ``portfolio`` (with ``removal``, ``summary``, ``frame``, ``plain``),
``batch``, ``status``; then ``exact``, which tells ``books`` of each call (with ``notes``,
``sizing``, ``amounts`` and ``causes``), and ``comparison``; last ``replay``, ``sample`` and
``command``, which are the command ``omega-portfolio legacy``.

Examples
--------
>>> from datetime import datetime
>>> from omega_portfolio import legacy
>>> day = datetime(2024, 1, 2)
>>> portfolio = legacy.Portfolio(1000.0)
>>> position = legacy.PortfolioPosition(day, "long", "ACME", 100.0, 95.0, 110.0, size=3.0)
>>> _ = portfolio.process_batch([
...     {"type": "entry", "position": position, "fee": 0.5},
...     {"type": "exit", "position_idx": 0, "time": day, "price": 110.0},
... ])
>>> portfolio.cash
1199.5
"""

from __future__ import annotations

from omega_portfolio.legacy.batch import BatchResult, process_batch
from omega_portfolio.legacy.causes import CAUSES, Difference
from omega_portfolio.legacy.comparison import Comparison, Line, compare
from omega_portfolio.legacy.exact import ExactPortfolio
from omega_portfolio.legacy.portfolio import Portfolio
from omega_portfolio.legacy.position import PortfolioPosition
from omega_portfolio.legacy.status import get_rust_status

__all__ = [
    "CAUSES",
    "BatchResult",
    "Comparison",
    "Difference",
    "ExactPortfolio",
    "Line",
    "Portfolio",
    "PortfolioPosition",
    "compare",
    "get_rust_status",
    "process_batch",
]
