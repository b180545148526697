"""What comes out of a portfolio as tables, and how a query reads them while it goes on.

Every table is an immutable snapshot that speaks the Arrow PyCapsule interface;
:class:`omega_portfolio.Table` says what can be done with one.
"""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from omega_portfolio.account_tables import AccountTables
from omega_portfolio.analysis_tables import abstractmethod

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import polars as pl

    from omega_portfolio.flight import FlightView
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import Table


class Tables(AccountTables):
    """The tables of :class:`omega_portfolio.Portfolio`; its base has those of the account."""

    __slots__ = ()

    @abstractmethod
    def get_positions(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the open positions.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            One row per open position, 15 columns: position_id, symbol, side, size,
            entry_time, entry_price, stop_loss, take_profit, mark_price, cost,
            unrealized_pnl, margin, entry_fee, swap, tag. A level of 0 means that there is none.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "short", 2, 100, "2024-01-02")
        >>> portfolio.mark({"ACME": (95, 96)})
        >>> portfolio.get_positions().to_polars().select("side", "unrealized_pnl").row(0)
        ('short', 8.0)
        """

    @abstractmethod
    def get_trades(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the trades: one row for every close, in order, never changed afterwards.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            23 columns: trade_id, position_id, symbol, side, size, entry_time, entry_price,
            exit_time, exit_price, gross_pnl, entry_fee, exit_fee, swap, net_pnl, cost, mae, mfe,
            fx_pnl, slippage, stop_loss, take_profit, tag, reason. cost is that of the size
            closed; mae and mfe are its worst and best gross result at the marks since the open
            and at the exit price, at most and at least 0; fx_pnl is the part of gross_pnl that
            the rate of exchange made, slippage the part that slippage cost.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> trade = portfolio.close_position(position_id, 103, "2024-01-03", reason="signal")
        >>> portfolio.get_trades().to_polars().select("net_pnl", "reason").row(0)
        (6.0, 'signal')
        """

    @abstractmethod
    def get_ledger(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the postings: every change of the balance, in order.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            8 columns: event, time, kind (deposit, withdrawal, fee, realized_pnl, swap,
            dividend, split, fx), symbol, position_id (0 for none), amount, balance (after the
            posting), residue (what rounding has left to book).

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.charge_fee("2.5", "2024-01-02")
        >>> portfolio.get_ledger().to_polars().select("kind", "amount", "balance").row(0)
        ('fee', -2.5, 997.5)
        """

    @abstractmethod
    def get_equity_curve(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the equity history: one row for every ``update_equity``.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            7 columns: time, equity, balance, unrealized_pnl, margin_used, gross_exposure,
            net_exposure. Exposure is the value of the longs at the bid plus, or minus, that of
            the shorts at the ask.

        Examples
        --------
        >>> import polars as pl
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.update_equity("2024-01-02T16:00", {"ACME": 104})
        >>> pl.DataFrame(portfolio.get_equity_curve())["equity"].to_list()
        [1008.0]
        """

    def attribution(self, *, exact: bool = False) -> Table:
        """Return where the equity came from: prices, exchange, costs, cash, by position.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            One row per position, in the order of the ids, and a last row for the account
            (position_id 0). 12 columns: position_id, symbol, side, status (open, closed,
            account), price_pnl (results before fees at the rate of the entry, and the unrealized
            profit of what is open), fx (what rates of exchange made), fee (<= 0 for costs),
            swap, dividend, cash (deposits minus withdrawals), rounding, total. The totals add up
            to the equity minus the initial balance, exactly.

        Raises
        ------
        NumberOutOfRange
            A figure has more than 38 digits.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02", fee=1)
        >>> portfolio.mark({"ACME": 103})
        >>> portfolio.deposit(50, "2024-01-03")
        >>> table = portfolio.attribution().to_polars()
        >>> table.select("symbol", "status", "price_pnl", "fee", "cash", "total").rows()
        [('ACME', 'open', 6.0, -1.0, 0.0, 5.0), ('', 'account', 0.0, 0.0, 50.0, 50.0)]
        """
        return self._attribution(exact)

    @abstractmethod
    def _attribution(self, exact: bool) -> Table:  # noqa: FBT001
        """Add up the postings, the trades and what is open."""

    @abstractmethod
    def get_events(self, exact: bool = True) -> Table:  # noqa: FBT001, FBT002
        """Return all accepted events, as a frame that :meth:`apply` takes.

        Applied to a fresh portfolio of the same configuration it gives the same digest, and
        every Arrow tool reads it: it is the history of the account, for an audit or a file.

        Parameters
        ----------
        exact : bool, default True
            Numbers as Decimal128; False gives Float64, which is for reading.

        Returns
        -------
        Table
            21 columns: event (its number), action, time, symbol, side, size, price, bid, ask,
            stop_loss, take_profit, position_id, fee, amount, tag, reason, price_decimals,
            size_decimals, contract_size, leverage, quote_currency. What an event does not have
            is null. An event with several quotes has a row for each, and a symbol that was
            registered by its first use a row of its own.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02", fee=1)
        >>> portfolio.update_equity("2024-01-03", {"ACME": (103, 104)})
        >>> events = portfolio.get_events()
        >>> events.to_polars().select("event", "action", "bid").rows()
        [(1, 'register', None), (2, 'open', None), (3, 'update', Decimal('103.000000000'))]
        >>> copy = op.Portfolio(1000)
        >>> _ = copy.apply(events)
        >>> copy.digest == portfolio.digest
        True
        """

    def scan(self, table: str, *, exact: bool | None = None) -> pl.LazyFrame:
        """Give a lazy Polars frame over the live state of a table.

        Each ``collect`` takes a fresh snapshot, so that one query can be asked again and again
        while the portfolio goes on. Only the columns that the query needs reach Polars.

        Parameters
        ----------
        table : str
            equity, trades, ledger, positions, events, cash, cash_ledger, margin, orders,
            activity or fills: the table, as its ``get_`` method gives it.
        exact : bool, optional
            Numbers as Decimal128 or as Float64; left out, the default of the ``get_`` method.

        Returns
        -------
        polars.LazyFrame
            It holds the portfolio, and no rows.

        Raises
        ------
        InvalidArgument
            There is no such table.

        Examples
        --------
        >>> import polars as pl
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> fees = portfolio.scan("ledger").filter(kind="fee").select(pl.col("amount").sum())
        >>> portfolio.charge_fee(2, "2024-01-02")
        >>> fees.collect().item()
        -2.0
        >>> portfolio.charge_fee(3, "2024-01-03")
        >>> fees.collect().item()
        -5.0
        """
        from omega_portfolio.scan import scan_table

        return scan_table(self, table, exact=exact)

    def serve_flight(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        token: str | None = None,
        tables: Sequence[str] | None = None,
        cert_chain: bytes | str | os.PathLike[str] | None = None,
        private_key: bytes | str | os.PathLike[str] | None = None,
        insecure: bool = False,
    ) -> FlightView:
        """Let other processes read the tables while the portfolio goes on, by Arrow Flight.

        A reader gets a snapshot; the portfolio waits no longer for it than for a call of a
        ``get_`` method. A ticket is the name of a table, or a JSON object with the keys
        ``table``, ``exact`` and ``from``, the number of the first row that is wanted. The
        actions ``state`` and ``health`` answer with a JSON object of texts. Nothing can be
        changed from outside. ``docs/guide/live.md`` has the reader's side.

        The server ends when the view is closed, when the portfolio is gone (it is not held by
        its view), and with the process. A portfolio that was closed is served on.

        Parameters
        ----------
        host : str, default "127.0.0.1"
            Where to listen. Without a token only an address of this machine's loopback.
        port : int, default 0
            0 takes a free one.
        token : str, optional
            16 to 4,096 characters that each call has to bring, as ``authorization: Bearer``.
            Without one every program on this machine can read.
        tables : sequence of str, optional
            What is served: the tables of :meth:`scan`, and lots; all when left out. Of events,
            fills and lots each reading makes the whole table.
        cert_chain, private_key : bytes or path, optional
            PEM, for TLS; both or neither.
        insecure : bool, default False
            Serve other machines without TLS; then the token can be read on the way.

        Returns
        -------
        FlightView
            With ``location``, ``port``, ``token``, ``tables``, ``closed`` and ``close()``; it
            can be used in a ``with`` statement.

        Raises
        ------
        InvalidArgument
            An argument breaks a rule, the system refuses the address, or ``pyarrow.flight`` is
            not installed.

        Examples
        --------
        >>> import pyarrow.flight
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> with portfolio.serve_flight() as view:
        ...     portfolio.update_equity("2024-01-02")
        ...     with pyarrow.flight.connect(view.location) as client:
        ...         client.do_get(pyarrow.flight.Ticket("equity")).read_all()["equity"].to_pylist()
        [1000.0]
        """
        from omega_portfolio.flight import serve

        return serve(
            cast("Portfolio", self),
            host,
            port,
            token=token,
            tables=tables,
            cert_chain=cert_chain,
            private_key=private_key,
            insecure=insecure,
        )

    @abstractmethod
    def compact(self, capacity: int = 0) -> None:
        """Rewrite each append-only table into one chunk of memory.

        A history that grew in many steps lies in a few chunks. Some readers are faster with
        one, and it takes one copy of the rows; tables that are held by others keep their
        memory. No value changes. On the Python backend there is nothing to rewrite.

        Parameters
        ----------
        capacity : int, default 0
            Room for so many more rows of each table, so that these stay in the same chunk.

        Raises
        ------
        InvalidArgument
            The capacity is not an int of 0 or more.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.update_equity("2024-01-02")
        >>> portfolio.compact(capacity=1000)
        >>> len(portfolio.get_equity_curve())
        1
        """


__all__ = ["Tables"]
