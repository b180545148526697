"""What a history is asked for: its metrics, one or all, and a report of everything.

:class:`omega_portfolio.Portfolio` and :class:`omega_portfolio.History` both answer. The
definitions are in SPEC section 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.analysis_tables import AnalysisTables
from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from pathlib import Path

    from omega_portfolio.metric_values import Metrics, MetricValue, Resample, Trials
    from omega_portfolio.report import Plot
    from omega_portfolio.types import ArrowStream, NumberLike


class Analysis(AnalysisTables):
    """What can be asked of an equity curve with its trades.

    The base of :class:`omega_portfolio.Portfolio` and :class:`omega_portfolio.History`, for
    annotations and ``isinstance``: code that takes an ``Analysis`` takes both.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> isinstance(op.Portfolio(1000), op.Analysis)
    True
    """

    __slots__ = ()

    def calculate_metrics(
        self,
        *,
        periods_per_year: NumberLike = 252,
        risk_free_rate: NumberLike = 0,
        mar: NumberLike | None = None,
        benchmark: ArrowStream | None = None,
        confidence: NumberLike = 0.05,
        resample: Resample | None = None,
        trials: Trials | None = None,
    ) -> Metrics:
        """Compute all metrics: return, risk, drawdown, trades, benchmark, exposure, cost.

        Parameters
        ----------
        periods_per_year : float, default 252
            Points per year, finite and greater than 0: 252 for daily rows of an exchange.
        risk_free_rate : float, default 0
            Annual risk-free rate as a fraction, finite and greater than -1.
        mar : float, optional
            Minimum acceptable return: annual, a fraction greater than -1; the target of the
            Sortino ratio and of the downside deviation, and the threshold of omega. When it is
            left out, the downside deviation takes 0, the two ratios the risk-free rate.
        benchmark : Arrow table, optional
            Columns ``time`` and one of ``equity``, ``close``, ``price``, ``value`` (or one
            other column): levels greater than 0, not returns. Its last row at or before a point
            counts, so its times may be others; its first row is not after the first point.
        confidence : float, default 0.05
            Share of the worst outcomes for value at risk, expected shortfall and the like,
            greater than 0 and less than 1.
        resample : {"1h", "1d", "1w", "1mo"}, optional
            Keep the last point of each hour, day, week (from Monday) or month, UTC. Match
            ``periods_per_year`` to it.
        trials : sequence or array of float, optional
            Annualised Sharpe ratios of all strategies that were tried, for
            ``deflated_sharpe_ratio``.

        Returns
        -------
        Metrics
            A frozen mapping with attributes; what is not defined is None.

        Raises
        ------
        InvalidNumber
            A number is out of its range.
        InvalidArgument
            An argument has a wrong type or is an unknown word.
        InvalidFrame
            The benchmark has wrong columns or cells, or begins after the first point.

        Notes
        -----
        Points are the starting balance and the last row of each distinct time. Deposits and
        withdrawals are part of the equity, so they are in its returns as well;
        ``net_profit`` alone takes them out. On the compiled engine a call reads only the
        rows that are new since the last one, where it can.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> for day, price in enumerate([110, 105, 120], start=3):
        ...     portfolio.update_equity(f"2024-01-0{day}", {"ACME": price})
        >>> metrics = portfolio.calculate_metrics()
        >>> round(metrics.total_return, 4), round(metrics.max_drawdown, 4)
        (0.04, -0.0098)
        """
        from omega_portfolio.metric_values import Metrics

        values = self._metrics(
            periods_per_year, risk_free_rate, mar, benchmark, confidence, resample, trials
        )
        return Metrics(
            values,
            periods_per_year,
            risk_free_rate,
            mar=mar,
            confidence=confidence,
            resample=resample,
            has_benchmark=benchmark is not None,
            trial_count=None if trials is None else len(trials),
        )

    def metric(
        self,
        name: str,
        *,
        periods_per_year: NumberLike = 252,
        risk_free_rate: NumberLike = 0,
        mar: NumberLike | None = None,
        benchmark: ArrowStream | None = None,
        confidence: NumberLike = 0.05,
        resample: Resample | None = None,
        trials: Trials | None = None,
    ) -> MetricValue:
        """Compute one metric, for instance after every bar.

        On the compiled engine a metric that needs one pass only, as most do, costs the rows
        that are new since it was last asked for, however long the history is.

        Parameters
        ----------
        name : str
            The metric; ``Metrics.definition(name)`` tells what it is.
        periods_per_year, risk_free_rate, mar : float
            As in :meth:`calculate_metrics`.
        benchmark : Arrow table, optional
            As in :meth:`calculate_metrics`.
        confidence, resample, trials : optional
            As in :meth:`calculate_metrics`.

        Returns
        -------
        Decimal, float, int, bool, datetime, timedelta or None
            The value; None where it is not defined.

        Raises
        ------
        InvalidArgument
            There is no such metric, or an argument has a wrong type or is an unknown word.
        InvalidNumber, InvalidFrame
            As in :meth:`calculate_metrics`.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> for day, price in enumerate([110, 105], start=3):
        ...     portfolio.update_equity(f"2024-01-0{day}", {"ACME": price})
        ...     print(round(portfolio.metric("max_drawdown"), 4))
        0.0
        -0.0098
        """
        from omega_portfolio.catalogue import CATALOGUE, unknown_metric

        if isinstance(name, str) and name not in CATALOGUE:
            raise InvalidArgument(
                "name", describe(name), unknown_metric(name), "pass one of these names"
            )
        return self._metric(
            name, periods_per_year, risk_free_rate, mar, benchmark, confidence, resample, trials
        )

    def report(
        self,
        path: str | Path,
        *,
        title: str | None = None,
        benchmark: ArrowStream | None = None,
        periods_per_year: float = 252,
        risk_free_rate: float = 0,
        mar: float | None = None,
        confidence: float = 0.05,
        resample: Resample | None = None,
        interactive: bool = False,
    ) -> Path:
        """Write everything on one page: a file that needs nothing beside it and no network.

        Parameters
        ----------
        path : str or Path
            ``.html`` for the whole report; ``.svg`` or ``.png`` for one picture of equity and
            drawdown. A file of that name is replaced at once.
        title : str, optional
            Title of the page.
        benchmark : Arrow table, optional
            As in :meth:`calculate_metrics`; it is drawn beside the equity as well.
        periods_per_year, risk_free_rate, mar, confidence : float
            As in :meth:`calculate_metrics`.
        resample : {"1h", "1d", "1w", "1mo"}, optional
            As in :meth:`calculate_metrics`.
        interactive : bool, default False
            Charts that can be zoomed; needs the extra ``omega-portfolio[report]``, as PNG does.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InvalidArgument
            The file has another ending, an option has a wrong type, or the extra is not there.
        InvalidNumber, InvalidFrame
            As in :meth:`calculate_metrics`.
        OSError
            The file cannot be written.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.update_equity("2024-01-02")
        >>> with TemporaryDirectory() as folder:
        ...     portfolio.report(f"{folder}/account.html").name
        'account.html'
        """
        from omega_portfolio.report import write_report

        return write_report(
            self,
            path,
            title=title,
            benchmark=benchmark,
            periods_per_year=periods_per_year,
            risk_free_rate=risk_free_rate,
            mar=mar,
            confidence=confidence,
            resample=resample,
            interactive=interactive,
        )

    def plot(
        self,
        *,
        kind: str = "equity",
        benchmark: ArrowStream | None = None,
        resample: Resample | None = None,
    ) -> Plot:
        """Draw the history; a notebook shows what comes back.

        Parameters
        ----------
        kind : str, default "equity"
            ``equity``, ``drawdown``, ``monthly``, ``yearly``, ``returns``, ``rolling``,
            ``trades``, ``exposure`` or ``symbols``.
        benchmark : Arrow table, optional
            As in :meth:`calculate_metrics`.
        resample : {"1h", "1d", "1w", "1mo"}, optional
            As in :meth:`calculate_metrics`.

        Returns
        -------
        Plot
            SVG for a notebook, a file on request; a sentence when there is nothing to draw.

        Raises
        ------
        InvalidArgument
            There is no such kind, or ``resample`` is none of the words.
        InvalidFrame
            The benchmark has wrong columns or cells, or begins after the first point.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> op.Portfolio(1000).plot(kind="trades")
        <Plot trades: There is no closed trade.>
        """
        from omega_portfolio.report import plot

        return plot(self, kind=kind, benchmark=benchmark, resample=resample)


__all__ = ["Analysis"]
