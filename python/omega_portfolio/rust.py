"""The Rust backend: the compiled class under the public interface, with nothing in between."""

from __future__ import annotations

from omega_portfolio._core import PortfolioCore
from omega_portfolio.portfolio import Portfolio


class PortfolioRust(PortfolioCore, Portfolio):
    """A portfolio on the compiled engine.

    The constructor is that of :class:`omega_portfolio.Portfolio` without ``backend``. The
    compiled class stands first among the bases, so that a call goes straight to it.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> op.PortfolioRust(initial_balance=100000.0).backend
    'rust'
    """

    __slots__ = ()


__all__ = ["PortfolioRust"]
