"""The old portfolio: cash, lists of positions, and samples of the equity, in plain floats.

What it does is kept as it was, its faults included; :mod:`omega_portfolio.legacy.causes` names
these. All attributes are public and may be changed or replaced from outside at any time.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.legacy.position import CLOSED, OPEN, PENDING, PortfolioPosition
from omega_portfolio.legacy.removal import remove_closed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from omega_portfolio.legacy.batch import BatchResult

PLACEHOLDER: Final = datetime(2000, 1, 1)
"""Time of the point that an equity curve starts with."""

PARTIAL_EXIT: Final = "partial_exit"
BREAK_EVEN: Final = "break_even_stop_loss"
LIMIT_EXPIRED: Final = "limit_expired"

MINUTES: Final = {"M": 1, "H": 60, "D": 1440}
"""The units of a timeframe such as ``"M15"``."""


class Portfolio:
    """What existing backtests import: the same calls, attributes and results as before.

    Parameters
    ----------
    initial_balance : float, default 10000.0
        Money at the start; its type is kept.
    exact : bool, default False
        Keep an exact account beside it: an :class:`ExactPortfolio` is returned, which takes more
        options and is for its callers the same.

    Attributes
    ----------
    initial_balance, cash, equity : float
        Money; the equity is the cash of the last call and knows no open position.
    start_timestamp : datetime or None
        Time of the first update.
    open_positions, closed_positions, expired_orders : list
        Positions by what became of them.
    partial_closed_positions, closed_position_break_even : list
        Those that ended with these reasons.
    max_equity, max_drawdown, initial_max_drawdown : float
        Extremes of what :meth:`update` saw; a drawdown is an amount of money.
    equity_curve : list of (datetime, float)
        What :meth:`update` saw, after a placeholder.
    total_fees : float
        Sum of all fees.
    fees_log : list of dict
        Each fee with time, kind, symbol and size.

    Examples
    --------
    >>> from datetime import datetime
    >>> from omega_portfolio.legacy import Portfolio, PortfolioPosition
    >>> portfolio = Portfolio(1000.0)
    >>> position = PortfolioPosition(datetime(2024, 1, 2), "long", "ACME", 100, 95, 110, 2)
    >>> portfolio.register_entry(position)
    >>> position.close(datetime(2024, 1, 3), 110, "take_profit")
    >>> portfolio.register_fee(1.5, datetime(2024, 1, 3), "exit", position)
    >>> portfolio.register_exit(position)
    >>> portfolio.cash, portfolio.get_summary()["Winrate"]
    (1198.5, 100.0)
    """

    def __new__(
        cls,
        *arguments: Any,  # noqa: ANN401 - a derived class may take others.
        exact: bool = False,
        **options: Any,  # noqa: ANN401
    ) -> Portfolio:
        """Make a plain portfolio, or one with an exact account beside it."""
        del arguments, options
        if exact and cls is Portfolio:
            from omega_portfolio.legacy.exact import ExactPortfolio

            return object.__new__(ExactPortfolio)
        return object.__new__(cls)

    def __init__(self, initial_balance: float = 10000.0, *, exact: bool = False) -> None:
        if exact:
            from omega_portfolio.legacy.exact import refuse_exact

            refuse_exact(type(self))
        self.initial_balance = initial_balance
        self.cash = initial_balance
        self.equity = initial_balance
        self.start_timestamp: Any = None
        self.open_positions: list[PortfolioPosition] = []
        self.closed_positions: list[PortfolioPosition] = []
        self.expired_orders: list[PortfolioPosition] = []
        self.partial_closed_positions: list[PortfolioPosition] = []
        self.closed_position_break_even: list[PortfolioPosition] = []
        self.max_equity = initial_balance
        self.max_drawdown = 0.0
        self.initial_max_drawdown = 0.0
        self.equity_curve: list[tuple[Any, float]] = [(PLACEHOLDER, initial_balance)]
        self.total_fees = 0.0
        self.fees_log: list[dict[str, Any]] = []

    def register_fee(
        self,
        amount: float | None,
        time: Any,  # noqa: ANN401 - any time.
        kind: str,
        position: PortfolioPosition | None = None,
    ) -> None:
        """Take a fee from the cash.

        Parameters
        ----------
        amount : float or None
            The fee; negative is a rebate; 0 and None do nothing and leave no trace.
        time : datetime
            For the log.
        kind : str
            ``"entry"`` and ``"exit"`` are added to the fees of the position; others only to the
            total.
        position : PortfolioPosition, optional
            Whose fee it is; it need not be in this portfolio.
        """
        fee = float(amount or 0)
        if fee == 0:
            return
        self.cash -= fee
        self.total_fees += fee
        self.equity = self.cash
        if position is None:
            symbol, size = None, None
        else:
            symbol, size = position.symbol, position.size
            if kind == "entry":
                position.entry_fee += fee
            elif kind == "exit":
                position.exit_fee += fee
        self.fees_log.append(
            {"time": time, "kind": kind, "symbol": symbol, "size": size, "fee": fee}
        )

    def register_entry(self, position: PortfolioPosition) -> None:
        """Put a position on the list of open ones; nothing but the symbol is looked at.

        Parameters
        ----------
        position : PortfolioPosition
            The position itself is kept, as often as it is given.

        Raises
        ------
        ValueError
            It has no symbol.
        """
        if not position.symbol:
            raise ValueError("Position must have a 'symbol' assigned.")
        self.open_positions.append(position)

    def register_exit(self, position: PortfolioPosition) -> None:
        """Book the result of a position and move it to the list that its reason asks for.

        An open position goes to the partly closed ones with the reason ``"partial_exit"``, else
        to the closed ones, and with ``"break_even_stop_loss"`` to those at break-even as well. A
        pending one with ``"limit_expired"`` goes to the expired orders, and no money moves. Of
        any other status it goes nowhere, and the result is paid all the same.

        Parameters
        ----------
        position : PortfolioPosition
            After :meth:`PortfolioPosition.close`; it need not have been entered.
        """
        status, reason = position.status, position.reason
        if status == OPEN:
            if reason == PARTIAL_EXIT:
                self.partial_closed_positions.append(position)
            else:
                self.closed_positions.append(position)
                if reason == BREAK_EVEN:
                    self.closed_position_break_even.append(position)
        elif status == PENDING and reason == LIMIT_EXPIRED:
            self.expired_orders.append(position)
            position.status = CLOSED
            remove_closed(self.open_positions, position)
            return
        position.status = CLOSED
        result = position.result
        self.cash += 0 if result is None else result
        self.equity = self.cash
        remove_closed(self.open_positions, position)
        wrapper = getattr(self, "strategy_wrapper", None)
        if wrapper is not None:
            _tell(wrapper, position)

    def get_open_positions(self, symbol: str | None = None) -> list[PortfolioPosition]:
        """Give the open positions.

        Parameters
        ----------
        symbol : str, optional
            Only those of it, as a new list; left out or empty, the list itself.

        Returns
        -------
        list of PortfolioPosition
        """
        if not symbol:
            return self.open_positions
        return [position for position in self.open_positions if position.symbol == symbol]

    def update(self, current_time: Any) -> None:  # noqa: ANN401 - any time.
        """Sample the equity: a point of the curve, and the drawdowns up to now.

        Parameters
        ----------
        current_time : datetime
            Time of the point; that of the last point replaces it. The order is not looked at.
        """
        if self.start_timestamp is None:
            self.start_timestamp = current_time
        equity = self.equity = self.cash
        curve = self.equity_curve
        if curve and curve[-1][0] == current_time:
            curve[-1] = (current_time, equity)
        else:
            curve.append((current_time, equity))
        # Three calls of max would take three times as long as all the rest.
        if equity > self.max_equity:  # noqa: PLR1730
            self.max_equity = equity
        drawdown = self.max_equity - equity
        if drawdown > self.max_drawdown:  # noqa: PLR1730
            self.max_drawdown = drawdown
        drawdown = self.initial_balance - equity
        if drawdown > self.initial_max_drawdown:  # noqa: PLR1730
            self.initial_max_drawdown = drawdown

    def get_summary(self) -> dict[str, Any]:
        """Give the figures of the backtest by their printed names, rounded.

        Returns
        -------
        dict
            With ``enable_backtest_robust_metrics`` set, those of ``backtest_robust_metrics`` too.
        """
        from omega_portfolio.legacy.summary import summary_of

        return summary_of(self)

    def get_equity_curve(self) -> list[tuple[Any, float]]:
        """Give the balance after each trade, in the order of their exits.

        This is not :attr:`equity_curve`. Entry and exit fees of closed trades are in it, other
        fees and those of open positions are not.

        Returns
        -------
        list of (datetime, float)

        Raises
        ------
        TypeError
            Exit times with and without a zone cannot be ordered.
        """
        from omega_portfolio.legacy.summary import trade_curve_of

        return trade_curve_of(self)

    def trades_to_dataframe(self) -> pd.DataFrame:
        """Give the closed trades, then the partly closed ones, as a frame of pandas.

        Raises
        ------
        InvalidArgument
            pandas is not installed.
        """
        from omega_portfolio.legacy.frame import frame_of

        return frame_of(self)

    def process_batch(self, operations: Iterable[Mapping[str, Any]]) -> BatchResult:
        """Run a list of operations; see :func:`omega_portfolio.legacy.process_batch`."""
        from omega_portfolio.legacy.batch import process_batch

        return process_batch(self, operations)


def _tell(wrapper: Any, position: PortfolioPosition) -> None:  # noqa: ANN401 - a caller's object.
    """Tell the strategy when its last trade ended.

    Where entries are stamped with the close of their bar, so is the exit. A wrapper that has not
    what is asked for is left alone, as it always was: strategies rely on it.
    """
    with suppress(Exception):
        moment = position.exit_time
        if getattr(wrapper, "entry_timestamp_mode", None) == "close":
            unit, count = wrapper.timeframe[0], int(wrapper.timeframe[1:])
            moment += timedelta(minutes=MINUTES[unit] * count)
        wrapper.last_exit_time = moment


__all__ = ["BREAK_EVEN", "LIMIT_EXPIRED", "PARTIAL_EXIT", "PLACEHOLDER", "Portfolio"]
