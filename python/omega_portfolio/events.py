"""Instruments and fills: the calls that open, change and close positions.

:mod:`omega_portfolio.bars` has the calls that take prices and orders,
:mod:`omega_portfolio.cash_events` those for cash. An event is checked in the order of its rules
(SPEC section 5). The first rule that fails is raised, and then nothing has changed.
"""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.analysis_tables import abstractmethod
from omega_portfolio.bars import MarketEvents
from omega_portfolio.sentinel import UNSET, Unset

if TYPE_CHECKING:
    from omega_portfolio.instrument import Instrument
    from omega_portfolio.types import (
        BreakEvenLike,
        NumberLike,
        PriceLike,
        TargetsLike,
        TimeLike,
        Trade,
    )


class Events(MarketEvents):
    """The write side of :class:`omega_portfolio.Portfolio`; its bases take prices and cash."""

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
            The definition breaks a rule of SPEC sections 3, 13, 15 and 16.
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
        fee: NumberLike | None = None,
        tag: str = "",
        position_id: int | None = None,
        trailing: PriceLike | None = None,
        break_even: BreakEvenLike | None = None,
        targets: TargetsLike | None = None,
        exit_time: TimeLike | None = None,
    ) -> int:
        """Book the fill that opens a position.

        With ``mode="netting"`` it is a fill on the one position of the symbol, which it opens,
        increases, reduces, closes or flips.

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
            Protective levels, on their sides of the price. :meth:`process_bar`,
            :meth:`process_quotes` and :meth:`process_bars` close what they reach; without these
            calls that is for the caller to say, with a close.
        fee : int, str, Decimal or float, optional
            Fee in the account's currency; negative is a rebate. Left out, the commission of the
            instrument, 0 without one.
        tag : str, default ""
            Free text that stays with the position and its trades.
        position_id : int, optional
            An id of your own, never used before; left out, the next free number.
        trailing : int, str, Decimal or float, optional
            Distance, greater than 0, at which the stop follows the market.
        break_even : int, str, Decimal or float, or a pair of these, optional
            Trigger, or ``(trigger, offset)``: once the market is the trigger beyond the entry,
            the stop goes to the entry and the offset beyond.
        targets : sequence of pairs, optional
            ``[(price, size), ...]``: parts that are closed on the way to take_profit.
        exit_time : datetime, date, int, str or numpy.datetime64, optional
            When the position is closed at the market.

        Returns
        -------
        int
            The id of the position that is open afterwards, or of the one that was closed.

        Raises
        ------
        InvalidTime, InvalidSymbol, InvalidSide, InvalidText, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC sections 1 and 2.
        InvalidPositionSize, InvalidPrice, InvalidStopLoss, InvalidTakeProfit
            A number is not greater than 0, off its grid, or on the wrong side.
        InvalidProtection
            Trailing, break-even or targets contradict the price or each other.
        InvalidPositionId, DuplicatePositionId, InvalidArgument
            The given id is out of range, was used before, or has no position to be opened.
        MissingRate
            The currency of the profit has no rate of exchange.
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
        fee: NumberLike | None = None,
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
        fee : int, str, Decimal or float, optional
            Fee in the account's currency; negative is a rebate. Left out, the commission of the
            instrument, 0 without one.
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
        trailing: PriceLike | Unset | None = UNSET,
        break_even: BreakEvenLike | Unset | None = UNSET,
        targets: TargetsLike | Unset | None = UNSET,
        exit_time: TimeLike | Unset | None = UNSET,
    ) -> None:
        """Set or remove the protective levels of a position.

        What is left out stays; None removes it.

        Parameters
        ----------
        position_id : int
            The position.
        time : datetime, date, int, str or numpy.datetime64
            Time of the change; not before the last event.
        stop_loss, take_profit : int, str, Decimal or float, None or UNSET
            The new level, on its side of the market.
        trailing, break_even : None or UNSET, or as in open_position
            A distance, and a trigger or a pair; they start from the market.
        targets : sequence of pairs, None or UNSET
            As in :meth:`open_position`; an empty one removes them.
        exit_time : datetime, date, int, str or numpy.datetime64, None or UNSET
            When the position is closed at the market.

        Raises
        ------
        PositionNotFound
            No open position has this id.
        InvalidStopLoss, InvalidTakeProfit
            A level is not greater than 0, off the grid, or on the wrong side of the market.
        InvalidProtection
            Trailing, break-even or targets contradict the market or each other.
        InvalidArgument
            Nothing is given.
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
    def close_by(
        self,
        position_id: int,
        other_id: int,
        time: TimeLike,
        *,
        size: NumberLike | None = None,
        fee: NumberLike | None = None,
    ) -> tuple[Trade, Trade]:
        """Close two positions of one symbol and of opposite sides against each other.

        Both are closed at the entry price of ``other_id``, so that no spread is paid again.

        Parameters
        ----------
        position_id : int
            The position that carries the fee.
        other_id : int
            The position on the other side.
        time : datetime, date, int, str or numpy.datetime64
            Time of the closes; not before the last event.
        size : int, str, Decimal or float, optional
            The size to close of both; left out, the smaller of both.
        fee : int, str, Decimal or float, optional
            Fee in the account's currency; left out, the commission of one fill.

        Returns
        -------
        (Trade, Trade)
            The trades of ``position_id`` and of ``other_id``.

        Raises
        ------
        PositionNotFound
            No open position has one of the ids.
        InvalidArgument
            The positions have not the same symbol, or not opposite sides.
        InvalidPositionSize
            The size is not greater than 0, off its grid, or more than one of them holds.
        InvalidTime, InvalidNumber, InvalidPositionId, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> first = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> other = portfolio.open_position("ACME", "short", 2, 103, "2024-01-03")
        >>> trades = portfolio.close_by(first, other, "2024-01-03")
        >>> [trade.gross_pnl for trade in trades]
        [Decimal('6.00'), Decimal('0.00')]
        """


__all__ = ["Events"]
