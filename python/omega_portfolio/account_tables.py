"""The tables of the account beside its history: cash, margin, orders, fills and lots."""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from omega_portfolio.analysis import Analysis
from omega_portfolio.analysis_tables import abstractmethod

if TYPE_CHECKING:
    from omega_portfolio.account import Account
    from omega_portfolio.types import LotMethod, Table


class AccountTables(Analysis):
    """What is held, what waits, and what was done, as tables."""

    __slots__ = ()

    @abstractmethod
    def get_cash(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the cash of each currency, and its rate of exchange.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            A row for each currency that ever had cash or a rate, the account's first. 7 columns:
            currency, amount (in that currency), rate (money of the account per 1), cost (what
            it was bought for), value (at the rate of now), unrealized_pnl (value - cost), path
            (the pairs that the rate is made of, "" for the account's).

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> eurusd = op.Instrument("EURUSD", base_currency="EUR", quote_currency="USD")
        >>> portfolio.register_instrument(eurusd)
        >>> portfolio.mark({"EURUSD": "1.10"})
        >>> portfolio.deposit(100, "2024-01-02", currency="EUR")
        >>> portfolio.mark({"EURUSD": "1.20"})
        >>> portfolio.get_cash().to_polars().select("currency", "amount", "unrealized_pnl").rows()
        [('USD', 1000.0, 0.0), ('EUR', 100.0, 10.0)]
        """

    @abstractmethod
    def get_cash_ledger(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return every change of cash in another currency than the account's, in order.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            8 columns: event, time, kind (deposit, withdrawal, conversion), currency, amount (in
            that currency, signed), rate, value (in money of the account, signed), balance (cash
            of the currency afterwards).

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> eurusd = op.Instrument("EURUSD", base_currency="EUR", quote_currency="USD")
        >>> portfolio.register_instrument(eurusd)
        >>> portfolio.mark({"EURUSD": "1.10"})
        >>> portfolio.convert_cash(220, "USD", "EUR", "2024-01-02", rate="0.9")
        >>> table = portfolio.get_cash_ledger().to_polars()
        >>> table.select("kind", "currency", "amount", "value", "balance").row(0)
        ('conversion', 'EUR', 198.0, 220.0, 198.0)
        """

    @abstractmethod
    def get_margin(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return how the margin of each symbol with an open position comes about.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            11 columns: symbol, model (leverage, rate, per_lot, tiers), base (open, mark),
            currency, long_size, short_size, hedged_size (the smaller of both), basis (of both
            sides, in that currency; sizes for per_lot), margin_native (before conversion), rate,
            margin.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000, leverage=10)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.get_margin().to_polars().select("model", "basis", "margin").row(0)
        ('leverage', 200.0, 20.0)
        """

    @abstractmethod
    def get_orders(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return what waits for the market: resting orders, and the protection of positions.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            Orders by order_id, then protection by position_id. 10 columns: order_id (0:
            protection), position_id (0: an order), symbol, side (of the position), kind (market,
            limit, stop, stop_loss, take_profit, target, trailing, break_even, exit_time), price
            (a distance for trailing, the trigger for break_even), size, time (expiry or
            exit_time, null without), oco, tag.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position(
        ...     "ACME", "long", 2, 100, "2024-01-02", take_profit=110
        ... )
        >>> order_id = portfolio.place_order("ACME", "buy", 1, "2024-01-02", price=95)
        >>> portfolio.get_orders().to_polars().select("order_id", "kind", "price").rows()
        [(1, 'limit', 95.0), (0, 'take_profit', 110.0)]
        """

    @abstractmethod
    def get_activity(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return what became of orders, and margin calls and stop-outs, in order.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            9 columns: event, time, kind (placed, filled, cancelled, expired, refused,
            margin_call, stop_out), order_id, position_id, symbol, size, price, detail.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> order_id = portfolio.place_order("ACME", "buy", 20, "2024-01-02", type="market")
        >>> portfolio.process_quotes("2024-01-03", {"ACME": 100})
        []
        >>> portfolio.get_activity().to_polars().select("kind", "detail").rows()
        [('placed', ''), ('refused', 'margin')]
        """

    @abstractmethod
    def get_fills(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return every fill, in order. It is made by applying all events again.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            12 columns: event, time, position_id, order_id (0: none), symbol, side (buy, sell),
            size, price, fee, realized (gross result of a close), liquidity (taker, maker),
            reason ("" for opens).

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> trade = portfolio.close_position(position_id, 103, "2024-01-03", reason="signal")
        >>> fills = portfolio.get_fills().to_polars()
        >>> fills.select("side", "price", "realized", "reason").rows()
        [('buy', 100.0, 0.0, ''), ('sell', 103.0, 6.0, 'signal')]
        """

    def get_lots(
        self,
        method: LotMethod = "fifo",
        exact: bool = False,  # noqa: FBT001, FBT002
    ) -> Table:
        """Match the fills of each symbol anew: what was bought when, and sold for how much.

        The account knows which position a close belongs to; tax and accounting rules often ask
        for another order. Longs and shorts of a symbol are matched apart. Whatever the method,
        the results of the closed lots and of the open ones add up to the result of the symbol.

        Parameters
        ----------
        method : {"fifo", "lifo", "hifo", "average", "specific"}, default "fifo"
            Which entry a closing fill takes: the oldest, the newest, the one with the highest
            price (of shorts: the lowest, so that the gain is the least), the oldest at the
            average cost of all, or that of its own position.
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            Closed lots in the order of their closes, then the open ones. 12 columns:
            position_id (of the entry), symbol, side (long, short), status (closed, open), size,
            entry_time, entry_price, exit_time (null for an open lot), exit_price (its mark),
            cost, proceeds (at the mark for an open lot), pnl (proceeds - cost, for shorts cost -
            proceeds). Money is in the currency in which the instrument makes its profit, before
            fees and swaps.

        Raises
        ------
        InvalidArgument
            There is no such method.
        NumberOutOfRange
            A figure has more than 38 digits.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> first = portfolio.open_position("ACME", "long", 1, 100, "2024-01-02")
        >>> second = portfolio.open_position("ACME", "long", 1, 110, "2024-01-03")
        >>> trade = portfolio.close_position(second, 120, "2024-01-04")
        >>> portfolio.get_lots().to_polars().select("position_id", "status", "pnl").rows()
        [(1, 'closed', 20.0), (2, 'open', -10.0)]
        >>> portfolio.get_lots("hifo").to_polars().select("position_id", "status", "pnl").rows()
        [(2, 'closed', 10.0), (1, 'open', 0.0)]
        """
        from omega_portfolio.lots import lots_table

        return lots_table(cast("Account", self), method, exact=exact)

    @abstractmethod
    def get_positions(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the open positions."""

    @abstractmethod
    def get_ledger(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the postings."""

    @abstractmethod
    def get_events(self, exact: bool = True) -> Table:  # noqa: FBT001, FBT002
        """Return all accepted events."""


__all__ = ["AccountTables"]
