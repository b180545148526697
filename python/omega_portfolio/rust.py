"""The Rust backend: the compiled classes under the public interface, with nothing in between."""

from __future__ import annotations

from omega_portfolio._core import HistoryCore, PortfolioCore
from omega_portfolio.durability import recovery_of, status_of
from omega_portfolio.history import History
from omega_portfolio.portfolio import Portfolio
from omega_portfolio.recovery import JournalStatus, Recovery


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

    # A live view watches its portfolio and does not hold it.
    __slots__ = ("__weakref__",)

    @property
    def journal(self) -> JournalStatus | None:
        """How the journal is."""
        return status_of(self._journal_status)

    @property
    def recovery(self) -> Recovery | None:
        """What was found when the portfolio was opened."""
        return recovery_of(self._recovery)


class HistoryRust(HistoryCore, History):
    """A user's own frames on the compiled engine.

    The constructor is that of :class:`omega_portfolio.History` without ``backend``.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import date
    >>> from omega_portfolio.rust import HistoryRust
    >>> HistoryRust(pl.DataFrame({"time": [date(2024, 1, 2)], "equity": [100.0]})).backend
    'rust'
    """

    __slots__ = ()


__all__ = ["HistoryRust", "PortfolioRust"]
