"""A user's own equity curve and trades, and the metrics of them in one call."""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.analysis import Analysis
from omega_portfolio.analysis_tables import abstractmethod
from omega_portfolio.backend import history_class, select

if TYPE_CHECKING:
    from omega_portfolio.metric_values import Metrics, Resample, Trials
    from omega_portfolio.types import ArrowStream, NumberLike, Table


class History(Analysis):
    """An equity curve of your own, with the whole analysis of a portfolio.

    >>> import polars as pl
    >>> from datetime import date
    >>> import omega_portfolio as op
    >>> days = [date(2024, 1, day) for day in (2, 3, 4, 5)]
    >>> curve = pl.DataFrame({"time": days, "equity": [1000.0, 1020.0, 1010.0, 1040.0]})
    >>> history = op.History(curve)
    >>> metrics = history.calculate_metrics()
    >>> metrics.net_profit, round(metrics.max_drawdown, 4)
    (Decimal('40.00'), -0.0098)
    >>> history.drawdowns().to_polars().select("amount", "duration").row(0)
    (10.0, datetime.timedelta(days=2))

    The frames may be those of another engine, of a broker's statement, or a fund's prices. They
    are read once; what is done to them later changes nothing here. Money is kept exactly, as in
    a portfolio (floats by their shortest text, rounded to 18 decimals).

    Parameters
    ----------
    equity : Arrow table
        Anything that exports an Arrow stream: a frame of Polars or pandas, a table of pyarrow.
        Columns ``time`` (which never decreases; of equal times the last row counts) and
        ``equity``; optionally ``gross_exposure`` and ``net_exposure``, money as well, for the
        metrics of exposure. Other columns are not looked at.
    trades : Arrow table, optional
        The closed trades: ``entry_time``, ``exit_time`` and ``net_pnl``; optionally ``symbol``,
        ``side``, ``size``, ``entry_price``, ``gross_pnl``, ``entry_fee``, ``exit_fee``,
        ``cost``, ``mae``, ``mfe``, ``stop_loss``, ``tag`` and ``reason``, as in
        :meth:`omega_portfolio.Portfolio.get_trades`: ``side`` is ``long`` or ``short`` (``buy``
        or ``sell``), ``stop_loss`` the level at the entry, 0 for none, and ``mae`` is money, 0
        or negative. A metric whose column is missing is None.
    initial_balance : int, str, Decimal or float, optional
        The money before the first row; the first row is the start when it is left out.
    currency : str, default "USD"
        Currency of the money.
    backend : {"auto", "rust", "python"}, optional
        As in :class:`omega_portfolio.Portfolio`.

    Raises
    ------
    InvalidFrame
        A column is missing, stands twice or has a wrong type, a cell is null, not finite or
        out of its range, times decrease, or a trade ends before it begins. The message names
        column and row.
    InvalidArgument
        A frame is no Arrow table, or an option has a wrong type.
    InvalidAmount, InvalidNumber, NumberOutOfRange
        The initial balance is negative, no number, or too large.
    InvalidCurrency, InvalidConfiguration
        An option has a value that does not exist.
    BackendUnavailable
        Rust is asked for and its compiled module does not load.

    See Also
    --------
    omega_portfolio.metrics : The metrics of frames in one call.
    """

    __slots__ = ()

    # As for a portfolio: a backend sets its state in __new__ and has no __init__.
    def __new__(
        cls,
        equity: ArrowStream,
        trades: ArrowStream | None = None,
        *,
        initial_balance: NumberLike | None = None,
        currency: str = "USD",
        backend: str | None = None,
    ) -> History:
        """Construct a history of the chosen backend."""
        if cls is not History:
            return super().__new__(cls)
        chosen = history_class(select(backend))
        return chosen(equity, trades, initial_balance=initial_balance, currency=currency)

    @abstractmethod
    def get_equity_curve(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the equity curve as it was read.

        Parameters
        ----------
        exact : bool, default False
            Money as Decimal128 instead of Float64.

        Returns
        -------
        Table
            time, equity, and the exposures that the frame had.

        Examples
        --------
        >>> import polars as pl
        >>> from datetime import date
        >>> import omega_portfolio as op
        >>> curve = pl.DataFrame({"time": [date(2024, 1, 2)], "equity": [1000], "note": ["x"]})
        >>> op.History(curve).get_equity_curve().columns
        ['time', 'equity']
        """

    @abstractmethod
    def get_trades(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the trades as they were read.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            The columns that the frame had, as far as they are looked at; without trades the
            three that are needed, and no row.

        Examples
        --------
        >>> import polars as pl
        >>> from datetime import date
        >>> import omega_portfolio as op
        >>> curve = pl.DataFrame({"time": [date(2024, 1, 2)], "equity": [1000]})
        >>> len(op.History(curve).get_trades())
        0
        """

    def __repr__(self) -> str:
        facts = "  ".join(f"{name}={text}" for name, text in self._summary())
        return f"<{type(self).__name__}  {facts}>"

    def _repr_html_(self) -> str:
        from omega_portfolio.display import rows_html

        return rows_html(type(self).__name__, [("", ""), ("", "")], self._summary())

    def _summary(self) -> list[tuple[str, str]]:
        """Name what a person wants to see first."""
        times = self.get_equity_curve().select(["time"]).to_polars()["time"]
        ends = (times[0], times[-1]) if len(times) else ()
        return [
            ("currency", self.currency),
            ("equity rows", str(len(times))),
            ("trades", str(len(self.get_trades()))),
            ("time", " to ".join(time.isoformat() for time in ends) or "none"),
            ("backend", self.backend),
        ]


def metrics(
    equity: ArrowStream,
    trades: ArrowStream | None = None,
    *,
    initial_balance: NumberLike | None = None,
    currency: str = "USD",
    backend: str | None = None,
    periods_per_year: NumberLike = 252,
    risk_free_rate: NumberLike = 0,
    mar: NumberLike | None = None,
    benchmark: ArrowStream | None = None,
    confidence: NumberLike = 0.05,
    resample: Resample | None = None,
    trials: Trials | None = None,
) -> Metrics:
    """Compute all metrics of an equity curve of your own.

    It is ``History(equity, trades, ...).calculate_metrics(...)`` in one call.

    Parameters
    ----------
    equity, trades : Arrow table
        As in :class:`omega_portfolio.History`.
    initial_balance, currency, backend : optional
        As in :class:`omega_portfolio.History`.
    periods_per_year, risk_free_rate, mar, benchmark, confidence, resample, trials : optional
        As in :meth:`omega_portfolio.Portfolio.calculate_metrics`.

    Returns
    -------
    Metrics
        A frozen mapping with attributes; what is not defined is None.

    Raises
    ------
    InvalidFrame, InvalidArgument, InvalidNumber, InvalidAmount, NumberOutOfRange
        As :class:`omega_portfolio.History` and
        :meth:`omega_portfolio.Portfolio.calculate_metrics`.
    InvalidCurrency, InvalidConfiguration, BackendUnavailable
        As :class:`omega_portfolio.History`.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import date
    >>> import omega_portfolio as op
    >>> days = [date(2024, 1, day) for day in (2, 3, 4, 5)]
    >>> curve = pl.DataFrame({"time": days, "equity": [1000.0, 1020.0, 1010.0, 1040.0]})
    >>> found = op.metrics(curve, periods_per_year=252, risk_free_rate=0.02)
    >>> round(found.total_return, 4), found.period_count, found.win_rate
    (0.04, 3, None)
    """
    history = History(
        equity, trades, initial_balance=initial_balance, currency=currency, backend=backend
    )
    return history.calculate_metrics(
        periods_per_year=periods_per_year,
        risk_free_rate=risk_free_rate,
        mar=mar,
        benchmark=benchmark,
        confidence=confidence,
        resample=resample,
        trials=trials,
    )


__all__ = ["History", "metrics"]
