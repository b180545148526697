"""One row of a table as an object: what a close returns, and what stands for an open position.

The attributes are the columns of the tables (SPEC section 7), converted when they are read.
:mod:`omega_portfolio.types` has these names as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


@runtime_checkable
class Trade(Protocol):
    """The result of one close; the attributes are the columns of the trades table.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.Portfolio(1000)
    >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02", fee=1)
    >>> trade = portfolio.close_position(position_id, 103, "2024-01-03")
    >>> trade.gross_pnl, trade.net_pnl, trade.stop_loss
    (Decimal('6.00'), Decimal('5.00'), None)
    >>> trade.cost, trade.mae, trade.mfe
    (Decimal('200.00'), Decimal('0.00'), Decimal('6.00'))
    """

    @property
    def trade_id(self) -> int:
        """Number of the trade, from 1."""
        ...

    @property
    def position_id(self) -> int:
        """The position that was closed, in whole or in part."""
        ...

    @property
    def symbol(self) -> str:
        """The symbol."""
        ...

    @property
    def side(self) -> str:
        """``long`` or ``short``."""
        ...

    @property
    def size(self) -> Decimal:
        """The size closed."""
        ...

    @property
    def entry_time(self) -> datetime:
        """Time of the open, UTC."""
        ...

    @property
    def entry_price(self) -> Decimal:
        """Price of the open."""
        ...

    @property
    def exit_time(self) -> datetime:
        """Time of the close, UTC."""
        ...

    @property
    def exit_price(self) -> Decimal:
        """Price of the close."""
        ...

    @property
    def gross_pnl(self) -> Decimal:
        """Profit before fees."""
        ...

    @property
    def entry_fee(self) -> Decimal:
        """The share of the entry fee that belongs to the size closed."""
        ...

    @property
    def exit_fee(self) -> Decimal:
        """Fee of the close."""
        ...

    @property
    def swap(self) -> Decimal:
        """The share of the position's swap that belongs to the size closed; negative is paid."""
        ...

    @property
    def net_pnl(self) -> Decimal:
        """Profit after both fees and the swap."""
        ...

    @property
    def cost(self) -> Decimal:
        """Value of the size closed at its entry, positive for both sides."""
        ...

    @property
    def mae(self) -> Decimal:
        """Worst gross result of the size closed at any price seen while it was open, at most 0.

        Prices seen are the marks since the open, and the price of the close.
        """
        ...

    @property
    def mfe(self) -> Decimal:
        """Best gross result of the size closed at any price seen while it was open, at least 0.

        Prices seen are the marks since the open, and the price of the close.
        """
        ...

    @property
    def fx_pnl(self) -> Decimal:
        """The part of gross_pnl that the move of the rate of exchange since the entry made."""
        ...

    @property
    def slippage(self) -> Decimal:
        """What slippage cost at the entry and at the close; it is part of gross_pnl, 0 or more."""
        ...

    @property
    def stop_loss(self) -> Decimal | None:
        """Stop loss at the entry; None when there was none."""
        ...

    @property
    def take_profit(self) -> Decimal | None:
        """Take profit at the close; None when there was none."""
        ...

    @property
    def tag(self) -> str:
        """Text given at the open."""
        ...

    @property
    def reason(self) -> str:
        """Text given at the close, or the name of the rule that closed it."""
        ...


@runtime_checkable
class PositionView(Protocol):
    """One open position; the attributes are the columns of the positions table.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.Portfolio(1000)
    >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
    >>> view = portfolio.positions[position_id]
    >>> view.side, view.cost, view.margin, view.take_profit
    ('long', Decimal('200.00'), Decimal('200.00'), None)
    """

    @property
    def position_id(self) -> int:
        """The id of the position."""
        ...

    @property
    def symbol(self) -> str:
        """The symbol."""
        ...

    @property
    def side(self) -> str:
        """``long`` or ``short``."""
        ...

    @property
    def size(self) -> Decimal:
        """The size held, positive for both sides."""
        ...

    @property
    def entry_time(self) -> datetime:
        """Time of the open, UTC."""
        ...

    @property
    def entry_price(self) -> Decimal:
        """Price of the open."""
        ...

    @property
    def stop_loss(self) -> Decimal | None:
        """The stop loss; None when there is none."""
        ...

    @property
    def take_profit(self) -> Decimal | None:
        """The take profit; None when there is none."""
        ...

    @property
    def mark_price(self) -> Decimal:
        """The price it is valued at: the bid for a long, the ask for a short."""
        ...

    @property
    def cost(self) -> Decimal:
        """Value at the entry, positive for both sides."""
        ...

    @property
    def unrealized_pnl(self) -> Decimal:
        """Profit at the mark."""
        ...

    @property
    def margin(self) -> Decimal:
        """Margin of this position alone, without what hedging saves."""
        ...

    @property
    def entry_fee(self) -> Decimal:
        """Fees charged to the position that no trade has taken yet."""
        ...

    @property
    def swap(self) -> Decimal:
        """Swaps of the position that no trade has taken yet; negative is paid."""
        ...

    @property
    def tag(self) -> str:
        """Text given at the open."""
        ...


__all__ = ["PositionView", "Trade"]
