"""What can be read from a portfolio: scalars and proof; its bases have tables and statistics.

Nothing here changes the account; :mod:`omega_portfolio.events` adds the calls that do.
Everything that comes out is an immutable snapshot.
"""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.analysis_tables import abstractmethod
from omega_portfolio.errors import InvariantViolation
from omega_portfolio.time_travel import TimeTravel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from omega_portfolio.types import NumberLike, PositionView, State


class Account(TimeTravel):
    """The read side of :class:`omega_portfolio.Portfolio`."""

    __slots__ = ()

    @property
    @abstractmethod
    def balance(self) -> Decimal:
        """Initial balance plus every posting: realized profits, fees, deposits, withdrawals."""

    @property
    @abstractmethod
    def equity(self) -> Decimal:
        """Balance plus unrealized profit, exactly."""

    @property
    @abstractmethod
    def unrealized_pnl(self) -> Decimal:
        """Profit of the open positions: longs at the bid, shorts at the ask."""

    @property
    @abstractmethod
    def realized_pnl(self) -> Decimal:
        """Sum of the gross results of all closes; fees are not in it."""

    @property
    @abstractmethod
    def margin_used(self) -> Decimal:
        """Margin that the open positions hold: that of each symbol by its model."""

    @property
    @abstractmethod
    def free_margin(self) -> Decimal:
        """Equity minus margin used: what an open or a withdrawal may take."""

    @property
    @abstractmethod
    def margin_level(self) -> Decimal | None:
        """Equity in percent of the margin used; None when no margin is used."""

    @property
    @abstractmethod
    def ambiguous_count(self) -> int:
        """Number of fills within a bar whose order the bar does not tell.

        Counted for the paths ``pessimistic`` and ``optimistic``: a stop and a profit that the
        same bar reaches, for example.
        """

    @property
    @abstractmethod
    def rounded_count(self) -> int:
        """Number of prices and sizes that ``off_grid="round"`` has changed."""

    @property
    @abstractmethod
    def residue(self) -> Decimal:
        """What ``rounding="cents"`` has left to book, with up to 18 decimals; otherwise 0."""

    @property
    @abstractmethod
    def positions(self) -> Mapping[int, PositionView]:
        """The open positions by id, in row order: a read-only snapshot.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, "100.5", "2024-01-02")
        >>> for view in portfolio.positions.values():
        ...     print(view.symbol, view.size, view.entry_price, view.entry_time.date())
        ACME 2 100.5 2024-01-02
        """

    @property
    @abstractmethod
    def time(self) -> datetime | None:
        """Time of the last event that had one, in UTC; None before the first."""

    @property
    @abstractmethod
    def events(self) -> int:
        """Number of accepted events so far."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Fingerprint of configuration, events and state: 64 hexadecimal digits.

        BLAKE2b-256 over the canonical bytes of SPEC section 9. Two portfolios with the same
        digest got the same events and are in the same state, whatever their backend.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> op.Portfolio(1000).digest == op.Portfolio("1000.00", backend="python").digest
        True
        """

    @abstractmethod
    def verify(self) -> None:
        """Prove the state: replay all events, compare every column, check every invariant.

        Raises
        ------
        InvariantViolation
            Something differs. The portfolio then refuses further use.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.verify()
        """

    @abstractmethod
    def get_state(self) -> State:
        """Take a frozen snapshot of the account and its open positions.

        Returns
        -------
        State
            Scalars as ``Decimal``, positions as tables; it stays as it is when the portfolio
            goes on.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> before = portfolio.get_state()
        >>> portfolio.deposit(500, "2024-01-02")
        >>> before.balance, portfolio.get_state().balance
        (Decimal('1000.00'), Decimal('1500.00'))
        """

    @abstractmethod
    def calculate_margin(
        self,
        symbol: str | None = None,
        *,
        size: NumberLike | None = None,
        price: NumberLike | None = None,
    ) -> Decimal:
        """Return the margin in use, or the extra margin that an open would need.

        Parameters
        ----------
        symbol : str, optional
            The symbol to look at; all symbols when left out.
        size, price : int, str, Decimal or float, optional
            Size and price of an open that is considered; both or neither.

        Returns
        -------
        Decimal
            Margin in the account's currency.

        Raises
        ------
        InvalidArgument
            Only one of ``size`` and ``price`` is given, or they come without a symbol.
        InvalidPositionSize, InvalidPrice, InvalidSymbol, InvalidNumber, NumberOutOfRange
            An argument breaks a rule of SPEC.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000, leverage=10)
        >>> portfolio.calculate_margin("ACME", size=20, price=100)
        Decimal('200.00')
        >>> position_id = portfolio.open_position("ACME", "long", 20, 100, "2024-01-02")
        >>> portfolio.calculate_margin()
        Decimal('200.00')
        """

    def __repr__(self) -> str:
        facts = "  ".join(f"{name}={text}" for name, text in self._summary())
        return f"<{type(self).__name__}  {facts}>"

    def _repr_html_(self) -> str:
        from omega_portfolio.display import rows_html

        return rows_html(type(self).__name__, [("", ""), ("", "")], self._summary())

    def _summary(self) -> list[tuple[str, str]]:
        """Name what a person wants to see first."""
        try:
            return [
                ("currency", self.currency),
                ("balance", format(self.balance, "f")),
                ("equity", format(self.equity, "f")),
                ("unrealized_pnl", format(self.unrealized_pnl, "f")),
                ("margin_used", format(self.margin_used, "f")),
                ("open positions", str(len(self.get_positions()))),
                ("events", str(self.events)),
                ("time", "none" if self.time is None else self.time.isoformat()),
                ("backend", self.backend),
            ]
        except InvariantViolation as error:
            # A portfolio that refuses its use can still be shown, with the reason.
            return [("unusable", str(error))]


__all__ = ["Account"]
