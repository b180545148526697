"""The tables of an analysis: windows, drawdowns, months and years, groups of trades.

Beside them stands what a backend has to have for the whole analysis.
"""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, TypeAlias, TypeVar

    from omega_portfolio.metric_values import MetricValue, Resample, Trials
    from omega_portfolio.types import ArrowStream, BackendName, NumberLike, Table

    Grouping: TypeAlias = Literal[
        "symbol", "side", "tag", "reason", "hour", "weekday", "month", "year"
    ]
    Function = TypeVar("Function")

    # Calling Portfolio or History gives an object of a backend, but a type checker refuses to
    # call a class that has abstract methods. So it does not see that they are.
    def abstractmethod(function: Function) -> Function: ...

else:
    from abc import abstractmethod


class AnalysisTables(ABC):
    """The tables of :class:`omega_portfolio.Analysis`."""

    __slots__ = ()

    @property
    @abstractmethod
    def currency(self) -> str:
        """Currency of the account, such as ``USD``."""

    @property
    @abstractmethod
    def backend(self) -> BackendName:
        """The implementation behind this object: ``rust`` or ``python``."""

    @abstractmethod
    def get_equity_curve(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the equity history."""

    @abstractmethod
    def get_trades(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the closed trades."""

    def rolling_metrics(
        self,
        window: int,
        names: Sequence[str] = ("sharpe_ratio", "volatility"),
        *,
        periods_per_year: NumberLike = 252,
        risk_free_rate: NumberLike = 0,
        mar: NumberLike | None = None,
        resample: Resample | None = None,
    ) -> Table:
        """Compute metrics over a window that moves along the returns.

        Parameters
        ----------
        window : int
            Number of returns in a window, 2 or more.
        names : sequence of str, default ("sharpe_ratio", "volatility")
            Of mean_return, total_return, volatility, downside_deviation, sharpe_ratio,
            sortino_ratio, best_return and worst_return; each at most once.
        periods_per_year, risk_free_rate, mar, resample : optional
            As in :meth:`calculate_metrics`.

        Returns
        -------
        Table
            A row for each return: ``time`` (of the point that it leads to) and a Float64 column
            for each name in the units of the metric, null in the first ``window - 1`` rows and
            where the metric is not defined.

        Raises
        ------
        InvalidArgument
            The window or the names are none.
        InvalidNumber
            A number is out of its range.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> for day, price in enumerate([110, 105, 120], start=3):
        ...     portfolio.update_equity(f"2024-01-0{day}", {"ACME": price})
        >>> frame = portfolio.rolling_metrics(2, ["worst_return"]).to_polars()
        >>> frame["worst_return"].round(4).to_list()
        [None, -0.0098, -0.0098]
        """
        return self._rolling_metrics(window, names, periods_per_year, risk_free_rate, mar, resample)

    def drawdowns(
        self, top: int | None = 10, *, exact: bool = False, resample: Resample | None = None
    ) -> Table:
        """List the deepest drawdowns.

        Parameters
        ----------
        top : int or None, default 10
            How many, 1 or more; None for all.
        exact : bool, default False
            Amounts as Decimal128 instead of Float64.
        resample : {"1h", "1d", "1w", "1mo"}, optional
            As in :meth:`calculate_metrics`.

        Returns
        -------
        Table
            The deepest first: ``peak_time``, ``valley_time``, ``recovery_time`` (null while it
            lasts), ``depth`` (a fraction, negative), ``amount`` (money from the peak to the
            valley, positive) and ``duration`` (from the peak to the recovery or the last
            point). Empty when the first equity is not above 0.

        Raises
        ------
        InvalidArgument
            ``top`` or ``resample`` is none.
        NumberOutOfRange
            An amount has more than 38 digits.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> for day, price in enumerate([110, 105, 120], start=3):
        ...     portfolio.update_equity(f"2024-01-0{day}", {"ACME": price})
        >>> portfolio.drawdowns().to_polars().select("amount", "duration").row(0)
        (10.0, datetime.timedelta(days=2))
        """
        return self._drawdowns(top, exact, resample)

    def monthly_returns(self, *, resample: Resample | None = None) -> Table:
        """Return the compounded return of each calendar month, UTC.

        Parameters
        ----------
        resample : {"1h", "1d", "1w", "1mo"}, optional
            As in :meth:`calculate_metrics`.

        Returns
        -------
        Table
            ``year``, ``month`` (1 to 12) and ``return`` (a fraction), for the months that hold
            a return; the first one begins with the first equity. Empty when the equity was not
            always above 0.

        Raises
        ------
        InvalidArgument
            ``resample`` is none of the words.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.update_equity("2024-01-31", {"ACME": 110})
        >>> portfolio.update_equity("2024-02-29", {"ACME": 161})
        >>> portfolio.monthly_returns().to_polars()["return"].round(4).to_list()
        [0.02, 0.1]
        """
        return self._monthly_returns(resample)

    def yearly_returns(self, *, resample: Resample | None = None) -> Table:
        """Return the compounded return of each calendar year, UTC.

        Parameters
        ----------
        resample : {"1h", "1d", "1w", "1mo"}, optional
            As in :meth:`calculate_metrics`.

        Returns
        -------
        Table
            ``year`` and ``return`` (a fraction), as :meth:`monthly_returns`.

        Raises
        ------
        InvalidArgument
            ``resample`` is none of the words.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.update_equity("2024-01-31", {"ACME": 110})
        >>> portfolio.yearly_returns().to_polars().select("year", "return").row(0)
        (2024, 0.020000000000000018)
        """
        return self._yearly_returns(resample)

    def trade_analysis(self, by: Grouping = "symbol", *, exact: bool = False) -> Table:
        """Group the closed trades and compare the groups.

        Parameters
        ----------
        by : str, default "symbol"
            ``symbol``, ``side``, ``tag`` or ``reason``; ``hour`` (0 to 23) or ``weekday``
            (1 = Monday) of the entry; ``month`` (1 to 12) or ``year`` of the exit; in UTC.
        exact : bool, default False
            Sums of money as Decimal128 instead of Float64.

        Returns
        -------
        Table
            A row for each group, in the order of the keys: the key under the name of ``by``,
            trade_count, winning_trade_count, losing_trade_count, win_rate (a fraction),
            net_pnl, gross_profit, gross_loss, fees (of entry and exit), profit_factor,
            expectancy, average_win, average_loss, average_mae, average_mfe (money) and
            average_duration. Null: profit_factor and average_loss without a loss, average_win
            without a win.

        Raises
        ------
        InvalidArgument
            ``by`` is none of these words, or the trades of a History have no such column.
        NumberOutOfRange
            A sum has more than 38 digits.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> for symbol, price in [("ACME", 101), ("ACME", 104), ("ZETA", 99)]:
        ...     position_id = portfolio.open_position(symbol, "long", 1, 100, "2024-01-02")
        ...     trade = portfolio.close_position(position_id, price, "2024-01-02")
        >>> portfolio.trade_analysis().to_polars().select("symbol", "trade_count", "net_pnl").rows()
        [('ACME', 2, 5.0), ('ZETA', 1, -1.0)]
        """
        return self._trade_analysis(by, exact)

    @abstractmethod
    def _metrics(  # noqa: PLR0917 - the public method has them as keywords.
        self,
        periods_per_year: NumberLike,
        risk_free_rate: NumberLike,
        mar: NumberLike | None,
        benchmark: ArrowStream | None,
        confidence: NumberLike,
        resample: str | None,
        trials: Trials | None,
        /,
    ) -> dict[str, MetricValue]:
        """Check the arguments and compute all metrics, in the order of the catalogue."""

    @abstractmethod
    def _metric(  # noqa: PLR0917 - the public method has them as keywords.
        self,
        name: str,
        periods_per_year: NumberLike,
        risk_free_rate: NumberLike,
        mar: NumberLike | None,
        benchmark: ArrowStream | None,
        confidence: NumberLike,
        resample: str | None,
        trials: Trials | None,
        /,
    ) -> MetricValue:
        """Check the arguments and compute one metric."""

    @abstractmethod
    def _rolling_metrics(  # noqa: PLR0917 - the public method has them as keywords.
        self,
        window: int,
        names: Sequence[str],
        periods_per_year: NumberLike,
        risk_free_rate: NumberLike,
        mar: NumberLike | None,
        resample: str | None,
        /,
    ) -> Table:
        """Check the arguments and compute metrics over a window that moves."""

    @abstractmethod
    def _drawdowns(
        self,
        top: int | None,
        exact: bool,  # noqa: FBT001
        resample: str | None,
        /,
    ) -> Table:
        """Check the arguments and list the deepest drawdowns."""

    @abstractmethod
    def _monthly_returns(self, resample: str | None, /) -> Table:
        """Check the argument and give the return of each month."""

    @abstractmethod
    def _yearly_returns(self, resample: str | None, /) -> Table:
        """Check the argument and give the return of each year."""

    @abstractmethod
    def _trade_analysis(self, by: str, exact: bool, /) -> Table:  # noqa: FBT001
        """Check the arguments and group the trades."""


__all__ = ["AnalysisTables"]
