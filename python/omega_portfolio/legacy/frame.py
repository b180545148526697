"""Closed trades as a frame of pandas, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omega_portfolio.errors import InvalidArgument
from omega_portfolio.legacy.plain import plain
from omega_portfolio.legacy.position import multiples_of

if TYPE_CHECKING:
    import pandas as pd

    from omega_portfolio.legacy.portfolio import Portfolio
    from omega_portfolio.legacy.position import PortfolioPosition


def frame_of(portfolio: Portfolio) -> pd.DataFrame:
    """Make the frame of :meth:`Portfolio.trades_to_dataframe`.

    Parameters
    ----------
    portfolio : Portfolio
        Whose closed and partly closed positions are the rows; numbers are not rounded.

    Returns
    -------
    pandas.DataFrame
        Without rows all columns are of the dtype ``object``.

    Raises
    ------
    InvalidArgument
        pandas is not installed.

    Examples
    --------
    >>> from omega_portfolio.legacy import Portfolio
    >>> from omega_portfolio.legacy.frame import frame_of
    >>> frame_of(Portfolio()).shape
    (0, 19)
    """
    try:
        import pandas as pd
    except ImportError:
        rule = "needs the package pandas, which is not installed"
        remedy = "pip install pandas, or read closed_positions"
        raise InvalidArgument("trades_to_dataframe", "pandas", rule, remedy) from None
    ended = [*portfolio.closed_positions, *portfolio.partial_closed_positions]
    columns = _columns(ended)
    return pd.DataFrame(columns) if ended else pd.DataFrame(columns=list(columns))


def _columns(ended: list[PortfolioPosition]) -> dict[str, list[Any]]:
    """Give the columns; an attribute that stands in the code is read twice as fast as a name."""
    return {
        "entry_time": [position.entry_time for position in ended],
        "exit_time": [position.exit_time for position in ended],
        "direction": [position.direction for position in ended],
        "symbol": [position.symbol for position in ended],
        "entry_price": [position.entry_price for position in ended],
        "exit_price": [position.exit_price for position in ended],
        "initial_stop_loss": [
            position.stop_loss if position.initial_stop_loss is None else position.initial_stop_loss
            for position in ended
        ],
        "stop_loss": [position.stop_loss for position in ended],
        "take_profit": [position.take_profit for position in ended],
        "size": [position.size for position in ended],
        "result": [position.result for position in ended],
        "entry_fee": [position.entry_fee for position in ended],
        "exit_fee": [position.exit_fee for position in ended],
        "total_fee": [position.entry_fee + position.exit_fee for position in ended],
        "reason": [position.reason for position in ended],
        "order_type": [position.order_type for position in ended],
        "status": [position.status for position in ended],
        "r_multiple": multiples_of(ended),
        "meta": [plain(position.metadata) if position.metadata else {} for position in ended],
    }


__all__ = ["frame_of"]
