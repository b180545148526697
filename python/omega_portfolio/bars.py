"""What the market does: marks, quotes and bars, and the orders that wait for them.

``mark`` and ``update_equity`` only value what is held. ``process_bar``, ``process_quotes`` and
``process_bars`` also run protection and orders against the prices (SPEC section 18).
"""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.analysis_tables import abstractmethod
from omega_portfolio.cash_events import CashEvents

if TYPE_CHECKING:
    from omega_portfolio.types import (
        ArrowStream,
        BarsLike,
        BreakEvenLike,
        NumberLike,
        OrderType,
        PathName,
        PriceLike,
        PricesLike,
        TargetsLike,
        TimeLike,
        Trade,
    )


class MarketEvents(CashEvents):
    """The calls of :class:`omega_portfolio.Portfolio` that take prices, and those of orders."""

    __slots__ = ()

    @abstractmethod
    def mark(self, prices: PricesLike, *, time: TimeLike | None = None) -> None:
        """Set the market prices of symbols, without a row in the equity table.

        Parameters
        ----------
        prices : mapping or Arrow table
            Symbol to price or ``(bid, ask)``, or anything that exports an Arrow stream with
            the columns symbol and price, or symbol, bid and ask.
        time : datetime, date, int, str or numpy.datetime64, optional
            Time of the prices; left out, the time of the last event.

        Raises
        ------
        InvalidPrice, CrossedQuote
            A price is not greater than 0 or off its grid, or a bid is above its ask.
        InvalidFrame
            The table has wrong columns or types, or a null.
        InvalidSymbol, InvalidTime, InvalidNumber, InvalidArgument, NumberOutOfRange
            An argument breaks a rule of SPEC, such as a symbol given twice.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 1, 100, "2024-01-02")
        >>> portfolio.mark({"ACME": ("101.5", "101.6")})
        >>> portfolio.unrealized_pnl
        Decimal('1.50')
        """

    @abstractmethod
    def update_equity(self, time: TimeLike, prices: PricesLike | None = None) -> None:
        """Set market prices and append one row to the equity table.

        Parameters
        ----------
        time : datetime, date, int, str or numpy.datetime64
            Time of the row; not before the last event.
        prices : mapping or Arrow table, optional
            As in :meth:`mark`; left out, the prices stay.

        Raises
        ------
        InvalidPrice, CrossedQuote, InvalidFrame, InvalidSymbol, InvalidTime, InvalidNumber
            As in :meth:`mark`.
        InvalidArgument, NumberOutOfRange
            As in :meth:`mark`.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.update_equity("2024-01-02")
        >>> portfolio.update_equity("2024-01-03", {"ACME": 100})
        >>> len(portfolio.get_equity_curve())
        2
        """

    @abstractmethod
    def place_order(
        self,
        symbol: str,
        side: str,
        size: NumberLike,
        time: TimeLike,
        *,
        type: OrderType = "limit",  # noqa: A002 - traders call it so.
        price: PriceLike | None = None,
        expiry: TimeLike | None = None,
        oco: str = "",
        stop_loss: PriceLike | None = None,
        take_profit: PriceLike | None = None,
        trailing: PriceLike | None = None,
        break_even: BreakEvenLike | None = None,
        targets: TargetsLike | None = None,
        exit_time: TimeLike | None = None,
        tag: str = "",
    ) -> int:
        """Rest an order until a bar or a quote fills it.

        Only :meth:`process_bar`, :meth:`process_quotes` and :meth:`process_bars` fill orders.
        A fill needs free margin at its moment; without it the order is gone, and
        :meth:`get_activity` says so.

        Parameters
        ----------
        symbol : str
            The symbol; an unknown one is registered with the default instrument.
        side : {"long", "buy", "short", "sell"}
            The direction of the fill.
        size : int, str, Decimal or float
            Size in units or lots, greater than 0.
        time : datetime, date, int, str or numpy.datetime64
            Time of the order; not before the last event.
        type : {"limit", "market", "stop"}, default "limit"
            Filled at its price or better, at the next open or quote, or once the market has
            gone to its price.
        price : int, str, Decimal or float, optional
            Price of a limit or a stop, on its side of the market; none for a market order.
        expiry : datetime, date, int, str or numpy.datetime64, optional
            Last moment at which it may be filled; left out, it stays until it is cancelled.
        oco : str, default ""
            Name of a group: a fill cancels the other orders of its group.
        stop_loss, take_profit : int, str, Decimal or float, optional
            Levels of the position that it opens.
        trailing, break_even, targets, exit_time : optional
            Protection of the position that it opens, as in :meth:`open_position`.
        tag : str, default ""
            Free text that stays with the position and its trades.

        Returns
        -------
        int
            The id of the order; orders count from 1.

        Raises
        ------
        InvalidPositionSize, InvalidPrice, InvalidStopLoss, InvalidTakeProfit
            A number is not greater than 0, off its grid, or on the wrong side.
        InvalidProtection
            Trailing, break-even or targets contradict the price or each other.
        InvalidArgument
            The type is none, a market order has a price, or another has none.
        InvalidTime, InvalidSymbol, InvalidSide, InvalidText, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC, such as an expiry before the time.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.place_order("ACME", "buy", 2, "2024-01-02", price=95, stop_loss=90)
        1
        >>> portfolio.process_bar("2024-01-03", {"ACME": (100, 101, 94, 97)})
        []
        >>> portfolio.positions[1].entry_price
        Decimal('95')
        """

    @abstractmethod
    def cancel_order(self, order_id: int, time: TimeLike) -> None:
        """Take a resting order back.

        Parameters
        ----------
        order_id : int
            The order.
        time : datetime, date, int, str or numpy.datetime64
            Time of the cancellation; not before the last event.

        Raises
        ------
        OrderNotFound
            No resting order has this id.
        InvalidTime, InvalidArgument
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> order_id = portfolio.place_order("ACME", "buy", 2, "2024-01-02", price=95)
        >>> portfolio.cancel_order(order_id, "2024-01-03")
        >>> portfolio.get_activity().to_polars()["kind"].to_list()
        ['placed', 'cancelled']
        """

    @abstractmethod
    def process_bar(
        self, time: TimeLike, bars: BarsLike, *, path: PathName | None = None
    ) -> list[Trade]:
        """Run protection and orders over one bar of each symbol; append one equity row.

        It is one event: when any of its fills cannot be, nothing of it has happened.

        Parameters
        ----------
        time : datetime, date, int, str or numpy.datetime64
            Time of the bars, their close; later than the last bar of each symbol.
        bars : mapping or Arrow table
            Symbol to ``(open, high, low, close)`` or ``(open, high, low, close, spread)``, or
            to a mapping with these keys, or an Arrow frame with the columns symbol, open, high,
            low, close and maybe spread. Prices are bids; the ask is spread above the bid, which
            is 0 when it is left out.
        path : {"pessimistic", "optimistic", "ohlc", "olhc"}, optional
            What is taken to come first within the bar; left out, the portfolio's ``path``.

        Returns
        -------
        list of Trade
            The trades that the bar made, in order.

        Raises
        ------
        InvalidPrice, InvalidBar
            A price is not greater than 0 or off its grid, or low and high do not enclose the
            others.
        InvalidFrame
            The table has wrong columns or types, or a null.
        InvalidSymbol, InvalidTime, InvalidNumber, InvalidArgument, NumberOutOfRange
            An argument breaks a rule of SPEC, such as a time that is not later.
        MissingRate
            A currency that is needed has no rate.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position(
        ...     "ACME", "long", 1, 100, "2024-01-02", stop_loss=95, take_profit=110
        ... )
        >>> (trade,) = portfolio.process_bar("2024-01-03", {"ACME": (101, 112, 94, 105)})
        >>> trade.reason, trade.exit_price, portfolio.ambiguous_count
        ('stop_loss', Decimal('95'), 1)
        """

    @abstractmethod
    def process_quotes(self, time: TimeLike, quotes: PricesLike) -> list[Trade]:
        """Run protection and orders over the quotes of one moment; append one equity row.

        Parameters
        ----------
        time : datetime, date, int, str or numpy.datetime64
            Time of the quotes; not before the last event.
        quotes : mapping or Arrow table
            Symbol to price or ``(bid, ask)``, as the prices of :meth:`mark`.

        Returns
        -------
        list of Trade
            The trades that the quotes made, in order.

        Raises
        ------
        InvalidPrice, CrossedQuote, InvalidFrame, InvalidSymbol, InvalidTime, InvalidNumber
            As in :meth:`mark`.
        InvalidArgument, NumberOutOfRange, MissingRate
            As in :meth:`process_bar`.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position(
        ...     "ACME", "long", 1, 100, "2024-01-02", stop_loss=95
        ... )
        >>> (trade,) = portfolio.process_quotes("2024-01-03", {"ACME": (94, "94.5")})
        >>> trade.reason, trade.exit_price
        ('stop_loss', Decimal('94'))
        """

    @abstractmethod
    def process_bars(self, bars: ArrowStream, *, path: PathName | None = None) -> int:
        """Run protection and orders over a whole frame of bars.

        Rows in sequence with the same time are the bars of one :meth:`process_bar`. On the
        compiled engine there is no step of Python in between.

        Parameters
        ----------
        bars : Arrow table
            Anything that exports an Arrow stream or array with the columns time, symbol, open,
            high, low, close and maybe spread, in the order of time.
        path : {"pessimistic", "optimistic", "ohlc", "olhc"}, optional
            As in :meth:`process_bar`.

        Returns
        -------
        int
            The number of trades that the bars made.

        Raises
        ------
        InvalidFrame
            The table has wrong columns or types, or a null.
        OmegaPortfolioError
            A row is refused as :meth:`process_bar` would be. The error has the argument
            ``bars`` and names row and column in its value; nothing of the frame has happened.

        Examples
        --------
        >>> from datetime import date
        >>> import polars as pl
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> order_id = portfolio.place_order(
        ...     "ACME", "buy", 1, "2024-01-01", price=98, take_profit=104
        ... )
        >>> bars = pl.DataFrame({
        ...     "time": [date(2024, 1, 2), date(2024, 1, 3)], "symbol": ["ACME", "ACME"],
        ...     "open": [100, 100], "high": [102, 105], "low": [97, 99], "close": [100, 104],
        ... })
        >>> portfolio.process_bars(bars), portfolio.realized_pnl
        (1, Decimal('6.00'))
        """


__all__ = ["MarketEvents"]
