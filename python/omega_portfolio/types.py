"""The types of the public interface: what goes in, and what comes out of both backends.

Every object that comes out is an immutable snapshot: the portfolio may go on, the object
stays as it was. The protocols can be used with ``isinstance``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from omega_portfolio.rows import PositionView, Trade

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import pyarrow as pa

NumberLike: TypeAlias = int | str | Decimal | float
"""A number: ``int``, ``str`` and ``Decimal`` are exact, ``float`` is read by its shortest text."""

PriceLike: TypeAlias = NumberLike
"""A price in the quote currency per unit."""

TimeLike: TypeAlias = "datetime | date | int | str | np.datetime64"
"""A moment: aware ``datetime``, naive ``datetime`` (UTC), ``date`` (midnight UTC), ``int``
(microseconds since 1970 UTC), ISO 8601 text or ``numpy.datetime64``."""

QuoteLike: TypeAlias = PriceLike | tuple[PriceLike, PriceLike]
"""One price, or a pair ``(bid, ask)``."""

BarLike: TypeAlias = Sequence[PriceLike] | Mapping[str, PriceLike]
"""``(open, high, low, close)`` of the bid, with the spread as a fifth number if there is one; or
a mapping with these names as keys."""

BreakEvenLike: TypeAlias = PriceLike | tuple[PriceLike, PriceLike]
"""The trigger of a break-even, or a pair ``(trigger, offset)``; both are distances of prices."""

TargetsLike: TypeAlias = Sequence[tuple[PriceLike, NumberLike]]
"""Pairs ``(price, size)``: parts of a position that are closed on the way."""

Mode: TypeAlias = Literal["hedging", "netting"]
"""How positions of one symbol live together: ``hedging`` keeps each with its own id, ``netting``
has at most one, which fills increase, reduce and flip."""

Rounding: TypeAlias = Literal["exact", "cents"]
"""What is booked: every digit, or those of the account's currency with the rest carried on."""

OffGrid: TypeAlias = Literal["refuse", "round"]
"""What becomes of a price or size that is off its grid."""

PathName: TypeAlias = Literal["pessimistic", "optimistic", "ohlc", "olhc"]
"""The way of the price within a bar: the worse or the better first, or open, high, low, close, or
open, low, high, close."""

OrderType: TypeAlias = Literal["market", "limit", "stop"]
"""When an order is filled: at the next price, at its price or better, at its price or worse."""

LotMethod: TypeAlias = Literal["fifo", "lifo", "hifo", "average", "specific"]
"""Which entry a closing fill takes: see :meth:`omega_portfolio.Portfolio.get_lots`."""

FloatPolicy: TypeAlias = Literal["nearest", "strict"]
"""What becomes of a float with more decimals than fit: rounded half-even, or refused."""

Fill: TypeAlias = Literal["next_open", "close"]
"""When the orders of a batch are carried out: before the next bar, or at the close of one."""

BatchPath: TypeAlias = Literal["pessimistic", "optimistic", "ohlc", "olhc", "both"]
"""The way of the price within the bars of a batch; ``both`` is a pessimistic and an optimistic
pass."""

Record: TypeAlias = Literal["bar", "1d", "none"]
"""Points of the equity curves that a batch keeps: every moment, the last of each day, none."""

EquityColumns: TypeAlias = Literal["equity", "all"]
"""What is kept of a point: the equity, or balance, margin and exposure as well."""

ExecutorName: TypeAlias = Literal["threads", "processes", "ray"]
"""Who makes the runs of a batch: threads of this process, processes, or a Ray cluster."""

OnError: TypeAlias = Literal["record", "raise"]
"""What becomes of a refusal in a batch: a row in ``rejected``, or an exception."""

Layout: TypeAlias = Literal["rows", "list"]
"""Equity curves as a row for each point, or a row with a list for each run."""

SinkFormat: TypeAlias = Literal["parquet", "ipc"]
"""The files of a batch on disk."""

BackendName: TypeAlias = Literal["rust", "python"]
"""The two implementations."""


@runtime_checkable
class ArrowStream(Protocol):
    """Anything that exports an Arrow stream: frames of Polars, tables of pyarrow, tables here."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows as a ``PyCapsule`` named ``arrow_array_stream``."""
        ...


PricesLike: TypeAlias = Mapping[str, QuoteLike] | ArrowStream
"""Prices of symbols: a mapping, or a frame with columns ``symbol`` and ``price``, or
``symbol``, ``bid`` and ``ask``."""

BarsLike: TypeAlias = Mapping[str, BarLike] | ArrowStream
"""Bars of symbols: a mapping, or a frame with columns ``symbol``, ``open``, ``high``, ``low``,
``close`` and, if there is one, ``spread``."""


@runtime_checkable
class Table(Protocol):
    """An immutable Arrow table; ``len(table)`` is its number of rows.

    ``polars.DataFrame(table)``, ``pyarrow.table(table)``, DuckDB and everything else that
    speaks the Arrow PyCapsule interface read it without a copy. SPEC section 7 lists the
    columns, section 8 those of an analysis. A null is what an event does not have, or a figure
    that is not defined; the other tables have none.

    Examples
    --------
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> portfolio = op.Portfolio(1000)
    >>> portfolio.update_equity("2024-01-02")
    >>> table = portfolio.get_equity_curve()
    >>> len(table), table.columns[:4]
    (1, ['time', 'equity', 'balance', 'unrealized_pnl'])
    >>> pl.DataFrame(table)["equity"].to_list()
    [1000.0]
    """

    def __arrow_c_schema__(self) -> object:
        """Export the schema as a ``PyCapsule`` named ``arrow_schema``."""
        ...

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows as a ``PyCapsule`` named ``arrow_array_stream``; may be repeated."""
        ...

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        ...

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        ...

    def select(self, columns: Sequence[str]) -> Table:
        """Give the same snapshot with only these columns, in this order.

        Parameters
        ----------
        columns : sequence of str
            Names of columns, each once.

        Returns
        -------
        Table
            The same rows. Columns that are left out are never converted.

        Raises
        ------
        InvalidArgument
            A name is not one of the table, or stands twice.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> op.Portfolio(1000).get_ledger().select(["balance", "time"]).columns
        ['balance', 'time']
        """
        ...

    def to_polars(self) -> pl.DataFrame:
        """Give the table as a Polars frame."""
        ...

    def to_pyarrow(self) -> pa.Table:
        """Give the table as a pyarrow table."""
        ...

    def to_ipc(self) -> bytes:
        """Give the table as an Arrow IPC stream, for storage and transport."""
        ...

    def _repr_html_(self) -> str: ...


@runtime_checkable
class CancelToken(Protocol):
    """A switch that ends a batch from outside: see ``omega_portfolio.CancelToken``."""

    @property
    def cancelled(self) -> bool:
        """Whether the batch is to end."""
        ...


@runtime_checkable
class Receipts(Table, Protocol):
    """What became of a frame of events: one row for each row that was accepted.

    The columns are row (of the frame, from 0), position_id (opened, closed, modified or
    charged; 0 for none), realized (gross result of a close), fee and balance (after the event).

    Examples
    --------
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> rows = [("deposit", "2024-01-02", 500.0), ("withdraw", "2024-01-03", 9000.0)]
    >>> frame = pl.DataFrame(rows, ["action", "time", "amount"], orient="row")
    >>> frame = frame.with_columns(pl.col("time").str.to_date())
    >>> receipts = op.Portfolio(1000).apply(frame, on_error="record")
    >>> receipts.to_polars().select("row", "balance").rows()
    [(0, 1500.0)]
    >>> receipts.refused.to_polars().select("row", "code").rows()
    [(1, 4016)]
    """

    @property
    def refused(self) -> Table:
        """The refused rows: row, code (SPEC section 6) and message; empty when there are none."""
        ...


@runtime_checkable
class State(Protocol):
    """The account at one moment; money is ``Decimal`` in the account's currency.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> state = op.Portfolio(1000).get_state()
    >>> state.balance, state.margin_level, state.events, len(state.positions)
    (Decimal('1000.00'), None, 0, 0)
    """

    @property
    def balance(self) -> Decimal:
        """Initial balance and everything that was posted since."""
        ...

    @property
    def equity(self) -> Decimal:
        """Balance and unrealized profit of the open positions."""
        ...

    @property
    def margin_used(self) -> Decimal:
        """Margin that the open positions hold."""
        ...

    @property
    def free_margin(self) -> Decimal:
        """Equity without the margin used."""
        ...

    @property
    def margin_level(self) -> Decimal | None:
        """Equity in percent of the margin used; None when no margin is used."""
        ...

    @property
    def unrealized_pnl(self) -> Decimal:
        """Profit of the open positions at their marks."""
        ...

    @property
    def realized_pnl(self) -> Decimal:
        """Sum of the gross results of all closes, before fees."""
        ...

    @property
    def time(self) -> datetime | None:
        """Time of the last event, UTC; None before the first."""
        ...

    @property
    def events(self) -> int:
        """Number of events so far."""
        ...

    @property
    def positions(self) -> Table:
        """The open positions; numbers are Float64."""
        ...

    @property
    def positions_exact(self) -> Table:
        """The open positions; numbers are Decimal128."""
        ...

    def to_ipc(self) -> bytes:
        """Give the exact positions as an Arrow IPC stream, the scalars in its metadata."""
        ...


__all__ = [
    "ArrowStream",
    "BackendName",
    "BarLike",
    "BarsLike",
    "BatchPath",
    "BreakEvenLike",
    "CancelToken",
    "EquityColumns",
    "ExecutorName",
    "Fill",
    "FloatPolicy",
    "Layout",
    "LotMethod",
    "Mode",
    "NumberLike",
    "OffGrid",
    "OnError",
    "OrderType",
    "PathName",
    "PositionView",
    "PriceLike",
    "PricesLike",
    "QuoteLike",
    "Receipts",
    "Record",
    "Rounding",
    "SinkFormat",
    "State",
    "Table",
    "TargetsLike",
    "TimeLike",
    "Trade",
]
