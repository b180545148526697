"""The types of the public interface: what goes in, and what comes out of both backends.

Every object that comes out is an immutable snapshot: the portfolio may go on, the object
stays as it was. The protocols can be used with ``isinstance``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

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

Mode: TypeAlias = Literal["hedging"]
"""How positions of one symbol live together: ``hedging`` keeps each with its own id."""

FloatPolicy: TypeAlias = Literal["nearest", "strict"]
"""What becomes of a float with more decimals than fit: rounded half-even, or refused."""

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


@runtime_checkable
class Table(Protocol):
    """An immutable Arrow table; ``len(table)`` is its number of rows.

    ``polars.DataFrame(table)``, ``pyarrow.table(table)``, DuckDB and everything else that
    speaks the Arrow PyCapsule interface read it without a copy. SPEC section 7 lists the
    columns. No column has nulls.

    Examples
    --------
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> portfolio = op.Portfolio(1000)
    >>> portfolio.update_equity("2024-01-02")
    >>> table = portfolio.get_equity_curve()
    >>> len(table), table.columns
    (1, ['time', 'equity', 'balance', 'unrealized_pnl', 'margin_used'])
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
    def net_pnl(self) -> Decimal:
        """Profit after both fees."""
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
        """Text given at the close."""
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
        """Size * entry price * contract size, positive for both sides."""
        ...

    @property
    def unrealized_pnl(self) -> Decimal:
        """Profit at the mark."""
        ...

    @property
    def margin(self) -> Decimal:
        """Cost / leverage of this position alone."""
        ...

    @property
    def entry_fee(self) -> Decimal:
        """Fees charged to the position that no trade has taken yet."""
        ...

    @property
    def tag(self) -> str:
        """Text given at the open."""
        ...


__all__ = [
    "ArrowStream",
    "BackendName",
    "FloatPolicy",
    "Mode",
    "NumberLike",
    "PositionView",
    "PriceLike",
    "PricesLike",
    "QuoteLike",
    "State",
    "Table",
    "TimeLike",
    "Trade",
]
