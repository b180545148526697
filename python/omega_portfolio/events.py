"""The events of a portfolio: the calls that change the account, and what each may refuse.

An event is checked in the order of its rules (SPEC section 5). The first rule that fails is
raised, and then nothing has changed.
"""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.analysis_tables import abstractmethod
from omega_portfolio.frames import Frames
from omega_portfolio.sentinel import UNSET, Unset

if TYPE_CHECKING:
    from omega_portfolio.instrument import Instrument
    from omega_portfolio.types import NumberLike, PriceLike, PricesLike, TimeLike, Trade


class Events(Frames):
    """The write side of :class:`omega_portfolio.Portfolio`; its base takes events by the table."""

    __slots__ = ()

    @abstractmethod
    def register_instrument(self, instrument: Instrument) -> None:
        """Define a symbol before its first use.

        Parameters
        ----------
        instrument : Instrument
            The definition. The same definition again does nothing.

        Raises
        ------
        InvalidInstrument, InvalidSymbol, InvalidCurrency, InvalidNumber, NumberOutOfRange
            The definition breaks a rule of SPEC section 3.
        InstrumentExists
            The symbol has another definition, possibly the default one of its first use.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.register_instrument(op.Instrument("ACME", price_decimals=2))
        >>> portfolio.open_position("ACME", "long", 1, "10.001", "2024-01-02")
        Traceback (most recent call last):
        ...
        omega_portfolio.errors.InvalidPrice: ...
        """

    @abstractmethod
    def open_position(
        self,
        symbol: str,
        side: str,
        size: NumberLike,
        price: PriceLike,
        time: TimeLike,
        *,
        stop_loss: PriceLike | None = None,
        take_profit: PriceLike | None = None,
        fee: NumberLike = 0,
        tag: str = "",
        position_id: int | None = None,
    ) -> int:
        """Book the fill that opens a position.

        Parameters
        ----------
        symbol : str
            The symbol; an unknown one is registered with the default instrument.
        side : {"long", "buy", "short", "sell"}
            The direction.
        size : int, str, Decimal or float
            Size in units or lots, greater than 0.
        price : int, str, Decimal or float
            Price of the fill, greater than 0.
        time : datetime, date, int, str or numpy.datetime64
            Time of the fill; not before the last event.
        stop_loss, take_profit : int, str, Decimal or float, optional
            Protective levels, on their sides of the price. They are recorded; whether the
            market reached them is for the caller to say, with a close.
        fee : int, str, Decimal or float, default 0
            Fee in the account's currency; negative is a rebate.
        tag : str, default ""
            Free text that stays with the position and its trades.
        position_id : int, optional
            An id of your own, never used before; left out, the next free number.

        Returns
        -------
        int
            The id of the position.

        Raises
        ------
        InvalidTime, InvalidSymbol, InvalidSide, InvalidText, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC sections 1 and 2.
        InvalidPositionSize, InvalidPrice, InvalidStopLoss, InvalidTakeProfit
            A number is not greater than 0, off its grid, or on the wrong side.
        InvalidPositionId, DuplicatePositionId
            The given id is out of range or was used before.
        InsufficientMargin
            The free margin after the fee does not cover the position.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.open_position("ACME", "long", 2, "100.25", "2024-01-02", stop_loss=95)
        1
        >>> portfolio.open_position("ACME", "long", 100, 100, "2024-01-02")
        Traceback (most recent call last):
        ...
        omega_portfolio.errors.InsufficientMargin: ...
        """

    @abstractmethod
    def close_position(
        self,
        position_id: int,
        price: PriceLike,
        time: TimeLike,
        *,
        size: NumberLike | None = None,
        fee: NumberLike = 0,
        reason: str = "",
    ) -> Trade:
        """Book the fill that closes a position, in whole or in part.

        Parameters
        ----------
        position_id : int
            The position.
        price : int, str, Decimal or float
            Price of the fill, greater than 0.
        time : datetime, date, int, str or numpy.datetime64
            Time of the fill; not before the last event.
        size : int, str, Decimal or float, optional
            The size to close, at most what is held; left out, all of it.
        fee : int, str, Decimal or float, default 0
            Fee in the account's currency; negative is a rebate.
        reason : str, default ""
            Free text for the trade.

        Returns
        -------
        Trade
            The row that the trades table got. The parts of a position closed in pieces add up
            to the whole, exactly.

        Raises
        ------
        PositionNotFound
            No open position has this id.
        InvalidPositionSize, InvalidPrice
            A number is not greater than 0, off its grid, or more than is held.
        InvalidTime, InvalidText, InvalidNumber, InvalidPositionId, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 3, 100, "2024-01-02", fee=1)
        >>> first = portfolio.close_position(position_id, 101, "2024-01-03", size=1)
        >>> rest = portfolio.close_position(position_id, 101, "2024-01-03")
        >>> first.net_pnl + rest.net_pnl == 2
        True
        """

    @abstractmethod
    def modify_position(
        self,
        position_id: int,
        time: TimeLike,
        *,
        stop_loss: PriceLike | Unset | None = UNSET,
        take_profit: PriceLike | Unset | None = UNSET,
    ) -> None:
        """Set or remove the protective levels of a position.

        Parameters
        ----------
        position_id : int
            The position.
        time : datetime, date, int, str or numpy.datetime64
            Time of the change; not before the last event.
        stop_loss, take_profit : int, str, Decimal or float, None or UNSET
            The new level; None removes it; left out, it stays.

        Raises
        ------
        PositionNotFound
            No open position has this id.
        InvalidStopLoss, InvalidTakeProfit
            A level is not greater than 0, off the grid, or on the wrong side of the market.
        InvalidArgument
            Neither level is given.
        InvalidTime, InvalidNumber, InvalidPositionId, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 1, 100, "2024-01-02")
        >>> portfolio.modify_position(position_id, "2024-01-03", stop_loss=95)
        >>> portfolio.positions[position_id].stop_loss
        Decimal('95')
        """

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
    def charge_fee(
        self, amount: NumberLike, time: TimeLike, *, position_id: int | None = None
    ) -> None:
        """Book a fee that belongs to no fill.

        Parameters
        ----------
        amount : int, str, Decimal or float
            The fee in the account's currency, not 0; negative is a rebate.
        time : datetime, date, int, str or numpy.datetime64
            Time of the fee; not before the last event.
        position_id : int, optional
            The position that it belongs to; its trades then carry it in entry_fee.

        Raises
        ------
        InvalidAmount
            The amount is 0.
        PositionNotFound
            No open position has the given id.
        InvalidTime, InvalidNumber, InvalidPositionId, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.charge_fee("2.50", "2024-01-02")
        >>> portfolio.balance
        Decimal('997.50')
        """

    @abstractmethod
    def deposit(self, amount: NumberLike, time: TimeLike) -> None:
        """Book money that comes in.

        Parameters
        ----------
        amount : int, str, Decimal or float
            Money in the account's currency, greater than 0.
        time : datetime, date, int, str or numpy.datetime64
            Time of the deposit; not before the last event.

        Raises
        ------
        InvalidAmount
            The amount is not greater than 0.
        InvalidTime, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.deposit(500, "2024-01-02")
        >>> portfolio.balance
        Decimal('1500.00')
        """

    @abstractmethod
    def withdraw(self, amount: NumberLike, time: TimeLike) -> None:
        """Book money that goes out.

        Parameters
        ----------
        amount : int, str, Decimal or float
            Money in the account's currency, greater than 0, at most the free margin.
        time : datetime, date, int, str or numpy.datetime64
            Time of the withdrawal; not before the last event.

        Raises
        ------
        InvalidAmount
            The amount is not greater than 0.
        InsufficientFunds
            The amount is greater than the free margin.
        InvalidTime, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.withdraw(400, "2024-01-02")
        >>> portfolio.free_margin
        Decimal('600.00')
        """


__all__ = ["Events"]
