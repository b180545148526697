"""The questions about a history that a portfolio and a user's own frames both answer.

Arguments are checked first, a benchmark is read to its end, and only then the record is taken:
the producer of the benchmark may be a generator that calls the same portfolio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.oracle.metric_catalogue import check_name, metrics_of
from omega_portfolio.oracle.metric_curve import Curve
from omega_portfolio.oracle.metric_groups import group_rows, read_by
from omega_portfolio.oracle.metric_parameters import read_parameters, read_rates, read_resample
from omega_portfolio.oracle.metric_returns import month_returns, year_returns
from omega_portfolio.oracle.metric_tables import (
    drawdown_rows,
    month_rows,
    read_names,
    read_top,
    read_window,
    rolling_rows,
    year_rows,
)
from omega_portfolio.oracle.tables import PythonTable
from omega_portfolio.oracle.texts import read_flag

if TYPE_CHECKING:
    from omega_portfolio.oracle.metric_numbers import Value
    from omega_portfolio.oracle.metric_record import Record
    from omega_portfolio.oracle.schema import Rows


class PythonAnalysis:
    """The metrics and their tables, of whatever has a record."""

    __slots__ = ()

    def _record(self) -> Record:
        """Take the history as it is now."""
        raise NotImplementedError

    def _metrics(  # noqa: PLR0917 - the front passes all of its keywords.
        self,
        periods_per_year: object,
        risk_free_rate: object,
        mar: object = None,
        benchmark: object = None,
        confidence: object = 0.05,
        resample: object = None,
        trials: object = None,
    ) -> dict[str, Value]:
        """Check the arguments and compute all metrics, in their order."""
        rates = (periods_per_year, risk_free_rate, mar)
        parameters = read_parameters(rates, benchmark, confidence, resample, trials)
        return metrics_of(self._record(), parameters)

    def _metric(  # noqa: PLR0917 - the front passes all of its keywords.
        self,
        name: object,
        periods_per_year: object,
        risk_free_rate: object,
        mar: object = None,
        benchmark: object = None,
        confidence: object = 0.05,
        resample: object = None,
        trials: object = None,
    ) -> Value:
        """Check the arguments and compute one metric."""
        wanted = check_name(name)
        rates = (periods_per_year, risk_free_rate, mar)
        parameters = read_parameters(rates, benchmark, confidence, resample, trials)
        return metrics_of(self._record(), parameters)[wanted]

    def _rolling_metrics(  # noqa: PLR0917 - the front passes all of its keywords.
        self,
        window: object,
        names: object,
        periods_per_year: object,
        risk_free_rate: object,
        mar: object,
        resample: object,
    ) -> PythonTable:
        """Check the arguments and compute metrics over a window that moves."""
        size, wanted = read_window(window), read_names(names)
        rates = read_rates(periods_per_year, risk_free_rate, mar)
        curve = self._curve(resample)
        return _table(rolling_rows(curve, size, wanted, rates), exact=False)

    def _drawdowns(self, top: object, exact: object, resample: object) -> PythonTable:
        """Check the arguments and give the deepest drawdowns."""
        limit, wanted = read_top(top), read_flag("exact", exact)
        return _table(drawdown_rows(self._curve(resample), limit), exact=wanted)

    def _monthly_returns(self, resample: object) -> PythonTable:
        """Check the argument and give the return of each month."""
        return _table(month_rows(month_returns(self._curve(resample))), exact=False)

    def _yearly_returns(self, resample: object) -> PythonTable:
        """Check the argument and give the return of each year."""
        return _table(year_rows(year_returns(self._curve(resample))), exact=False)

    def _trade_analysis(self, by: object, exact: object) -> PythonTable:
        """Check the arguments and give the figures of the trades in groups."""
        key, wanted = read_by(by), read_flag("exact", exact)
        return _table(group_rows(self._record().trades, key), exact=wanted)

    def _curve(self, resample: object) -> Curve:
        word = read_resample(resample)
        return Curve(self._record(), word)


def _table(rows: Rows, *, exact: bool) -> PythonTable:
    return PythonTable(rows.columns, rows.lists, len(rows), exact=exact)
