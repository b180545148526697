"""Money that comes and goes without a fill: cash, fees, swaps, dividends; and splits."""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.analysis_tables import abstractmethod
from omega_portfolio.frames import Frames

if TYPE_CHECKING:
    from typing import Literal

    from omega_portfolio.types import NumberLike, PriceLike, TimeLike


class CashEvents(Frames):
    """The calls of :class:`omega_portfolio.Portfolio` for cash and for what is held over time."""

    __slots__ = ()

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
    def deposit(self, amount: NumberLike, time: TimeLike, *, currency: str | None = None) -> None:
        """Book money that comes in.

        Parameters
        ----------
        amount : int, str, Decimal or float
            Money, greater than 0.
        time : datetime, date, int, str or numpy.datetime64
            Time of the deposit; not before the last event.
        currency : str, optional
            Currency of the amount; left out, the account's. Cash in another currency is held in
            the cash book (:meth:`get_cash`) at its rate of exchange.

        Raises
        ------
        InvalidAmount
            The amount is not greater than 0.
        InvalidCurrency
            The currency is not a known one.
        MissingRate
            The currency has no rate of exchange.
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
    def withdraw(self, amount: NumberLike, time: TimeLike, *, currency: str | None = None) -> None:
        """Book money that goes out.

        Parameters
        ----------
        amount : int, str, Decimal or float
            Money, greater than 0, at most the free margin and the cash of its currency.
        time : datetime, date, int, str or numpy.datetime64
            Time of the withdrawal; not before the last event.
        currency : str, optional
            Currency of the amount; left out, the account's.

        Raises
        ------
        InvalidAmount
            The amount is not greater than 0.
        InsufficientFunds
            The amount is greater than the free margin, or than the cash of its currency.
        InvalidCurrency
            The currency is not a known one.
        MissingRate
            The currency has no rate of exchange.
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

    @abstractmethod
    def convert_cash(
        self,
        amount: NumberLike,
        from_currency: str,
        to_currency: str,
        time: TimeLike,
        *,
        rate: NumberLike | None = None,
    ) -> None:
        """Exchange cash of one currency for another.

        Parameters
        ----------
        amount : int, str, Decimal or float
            How much of ``from_currency`` is given up, greater than 0.
        from_currency, to_currency : str
            What is given up and what is received; not the same.
        time : datetime, date, int, str or numpy.datetime64
            Time of the exchange; not before the last event.
        rate : int, str, Decimal or float, optional
            What 1 of ``from_currency`` is worth in ``to_currency``; left out, the rate of the
            marks.

        Raises
        ------
        InvalidCurrency, InvalidArgument
            A currency is not a known one, or both are the same.
        InvalidAmount, InvalidPrice
            The amount or the rate is not greater than 0.
        InsufficientFunds
            The amount is more than is held, or of the account's currency than the free margin.
        MissingRate
            A currency has no rate of exchange.
        InvalidTime, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000, currency="EUR")
        >>> eurusd = op.Instrument("EURUSD", base_currency="EUR", quote_currency="USD")
        >>> portfolio.register_instrument(eurusd)
        >>> portfolio.mark({"EURUSD": "1.25"})
        >>> portfolio.convert_cash(400, "EUR", "USD", "2024-01-02")
        >>> portfolio.get_cash().to_polars().select("currency", "amount", "value").rows()
        [('EUR', 600.0, 600.0), ('USD', 500.0, 400.0)]
        """

    @abstractmethod
    def charge_swap(
        self,
        symbol: str,
        time: TimeLike,
        *,
        long: NumberLike = 0,
        short: NumberLike = 0,
        kind: Literal["points", "rate", "funding"] = "points",
        multiplier: int = 1,
    ) -> None:
        """Post a swap to each open position of a symbol, by hand.

        Parameters
        ----------
        symbol : str
            A symbol that was registered or used.
        time : datetime, date, int, str or numpy.datetime64
            Time of the swap; not before the last event.
        long, short : int, str, Decimal or float, default 0
            What a long and a short gets; negative is paid, 0 is not posted.
        kind : {"points", "rate", "funding"}, default "points"
            A difference of prices per unit; an annual rate of the value, of which one day of
            360 is charged; or a rate of the value that is charged as it is.
        multiplier : int, default 1
            How many days it counts for.

        Raises
        ------
        InvalidSymbol
            The symbol is unknown.
        InvalidArgument
            The kind is none, or the multiplier no whole number from 0.
        InvalidTime, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.charge_swap("ACME", "2024-01-03", long="-0.25", multiplier=3)
        >>> portfolio.positions[position_id].swap
        Decimal('-1.50')
        """

    @abstractmethod
    def rollover(self, symbol: str, time: TimeLike) -> None:
        """Charge the swap of one rollover of the instrument's calendar.

        Every other event charges the rollovers since the last one by itself. This call is for a
        moment at which nothing else happens, and charges this moment only.

        Parameters
        ----------
        symbol : str
            A symbol whose instrument has a swap.
        time : datetime, date, int, str or numpy.datetime64
            A moment of its calendar; not before the last event.

        Raises
        ------
        OffSessionRollover
            The time is no rollover, was charged already, or there is no swap.
        InvalidSymbol, InvalidTime, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> acme = op.Instrument("ACME", swap=op.Swap("points", long="-0.5", rollover="21:00"))
        >>> portfolio.register_instrument(acme)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.rollover("ACME", "2024-01-02T21:00")
        >>> portfolio.balance
        Decimal('999.00')
        """

    @abstractmethod
    def dividend(
        self, symbol: str, amount: PriceLike, time: TimeLike, *, pay_time: TimeLike | None = None
    ) -> None:
        """Pay a dividend to the longs of a symbol; its shorts pay it.

        Parameters
        ----------
        symbol : str
            A symbol that was registered or used.
        amount : int, str, Decimal or float
            Dividend per unit of the underlying, greater than 0, with up to 9 decimals.
        time : datetime, date, int, str or numpy.datetime64
            The ex-date: what is open then gets it; not before the last event.
        pay_time : datetime, date, int, str or numpy.datetime64, optional
            When the money comes; until then it is part of unrealized_pnl. Left out, at once.

        Raises
        ------
        InvalidSymbol
            The symbol is unknown.
        InvalidAmount
            The amount is not greater than 0.
        InvalidTime, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC, such as a pay_time before the time.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.dividend("ACME", "1.50", "2024-01-03")
        >>> portfolio.balance
        Decimal('1003.00')
        """

    @abstractmethod
    def split(self, symbol: str, numerator: int, denominator: int, time: TimeLike) -> None:
        """Split a symbol: ``denominator`` old units become ``numerator`` new ones.

        Sizes are multiplied, prices and levels divided, orders included. What does not fit on
        the grid of sizes is paid out.

        Parameters
        ----------
        symbol : str
            A symbol that was registered or used.
        numerator, denominator : int
            Whole numbers from 1 to 1,000,000, not the same: 2 and 1 double the units.
        time : datetime, date, int, str or numpy.datetime64
            Time of the split; not before the last event.

        Raises
        ------
        InvalidSymbol
            The symbol is unknown.
        InvalidArgument
            A number is out of its range, both are the same, the mark would become 0, or the
            instrument is inverse.
        InvalidTime, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.split("ACME", 4, 1, "2024-01-03")
        >>> view = portfolio.positions[position_id]
        >>> view.size, view.entry_price, view.cost
        (Decimal('8'), Decimal('25'), Decimal('200.00'))
        """


__all__ = ["CashEvents"]
