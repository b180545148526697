"""What a batch gives: its tables, the best run, any run as a portfolio, pictures."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from omega_portfolio.batch.ranking import deflated, rank
from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from omega_portfolio.batch.facts import Facts
    from omega_portfolio.batch.tables import Frame, Frames
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.report import Plot


class BatchResult:
    """The tables of many runs, each with ``run_id`` as its first column.

    :func:`omega_portfolio.run_batch` makes it. Tables are frames of Polars over the memory that
    the engine wrote them into; those of ``sink=`` are lazy frames over its files, so
    ``.collect()`` reads them. A pickle has the tables and not the batch, and like every pickle it
    runs code of whoever made it.

    Examples
    --------
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> from datetime import datetime
    >>> days = [datetime(2024, 1, day) for day in (2, 3, 4, 5)]
    >>> prices = dict.fromkeys(("open", "high", "low", "close"), [100.0, 102.0, 101.0, 105.0])
    >>> bars = pl.DataFrame({"time": days, "symbol": ["ACME"] * 4} | prices)
    >>> orders = pl.DataFrame([{"time": days[0], "action": "open", "side": "long", "size": 1}])
    >>> params = pl.DataFrame({"size": [1, 5]})
    >>> result = op.run_batch(bars, orders, params, initial_balance=1000)
    >>> result.best("total_return", n=1).select("run_id", "size", "final_equity").rows()
    [(1, 5, 1015.0)]
    >>> result.portfolio(1).equity
    Decimal('1015.00')
    """

    def __init__(self, frames: Frames, facts: Facts, optimistic: BatchResult | None = None) -> None:
        self._frames = frames
        self._facts = facts
        self._optimistic = optimistic

    @classmethod
    def open(cls, folder: str | Path, *, verify: bool = False) -> BatchResult:
        """Give the tables that ``sink=`` wrote, without the bars and orders they come from.

        Parameters
        ----------
        folder : str or Path
            The folder of the sink.
        verify : bool, default False
            Read all files and compare them with their hashes; otherwise their lengths are.

        Returns
        -------
        BatchResult
            Without :meth:`portfolio` and :meth:`report`, which need the batch.

        Raises
        ------
        InvalidArgument
            There is no part of a batch, or one is not what it was.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> import polars as pl
        >>> import omega_portfolio as op
        >>> prices = dict.fromkeys(("open", "high", "low", "close"), [100, 102, 101])
        >>> bars = pl.DataFrame({"time": [0, 1, 2], "symbol": ["ACME"] * 3} | prices)
        >>> orders = pl.DataFrame([{"time": 0, "action": "open", "side": "long", "size": 1}])
        >>> folder = mkdtemp()
        >>> _ = op.run_batch(bars, orders, sink=folder)
        >>> op.BatchResult.open(folder).final.select("run_id", "equity").collect().rows()
        [(0, 99999.0)]
        """
        from omega_portfolio.batch.stored import open_result

        return open_result(folder, verify=verify)

    def with_optimistic(self, optimistic: BatchResult) -> BatchResult:
        """Give this result as the pessimistic one of two; what is no result is refused."""
        given: object = optimistic
        if not isinstance(given, BatchResult):
            remedy = "pass the result of the same batch"
            raise InvalidArgument("optimistic", describe(optimistic), "is no result", remedy)
        return BatchResult(self._frames, self._facts, optimistic)

    @property
    def equity(self) -> Frame:
        """Points of the equity curves, run after run: run_id, time, equity and what was asked.

        With ``layout="list"`` a row for each run, in which ``equity`` is a list over the same
        memory; :attr:`times` has the times of its elements.
        """
        return self._frames.equity

    @property
    def trades(self) -> Frame:
        """Closed trades of all runs, with the columns of ``Portfolio.get_trades``."""
        return self._frames.trades

    @property
    def final(self) -> Frame:
        """How each run ended: status, counts, balance, equity, margin and, if wanted, digest."""
        return self._frames.final

    @property
    def rejected(self) -> Frame:
        """Orders that were refused and runs that failed, with the reason."""
        return self._frames.rejected

    @cached_property
    def metrics(self) -> Frame:
        """A row for each run that did not fail: run_id, its parameters and labels, all metrics.

        ``deflated_sharpe_ratio`` is the probability that the Sharpe ratio of the run is more
        than what the best of as many worthless runs would show by chance.
        """
        metrics = deflated(self._frames.metrics)
        params = self._facts.params
        if params is None:
            return metrics
        rows = metrics.lazy().join(params.lazy(), on="run_id", how="left", maintain_order="left")
        rows = rows.select([*params.columns, *self.metric_names])
        return rows if self.folder is not None else rows.collect()

    @property
    def metric_names(self) -> list[str]:
        """The columns of :attr:`metrics` behind run_id, parameters and labels."""
        return self._frames.metrics.lazy().collect_schema().names()[1:]

    @property
    def params(self) -> pl.DataFrame | None:
        """What was passed as ``params``, with run_id in front; None without."""
        return self._facts.params

    @cached_property
    def run_ids(self) -> list[int]:
        """The runs that are in the result, in its order."""
        ids: list[int] = self.final.lazy().select("run_id").collect()["run_id"].to_list()
        return ids

    @property
    def times(self) -> pl.Series | None:
        """Times of the points of each curve; None when no curve was kept."""
        return self._facts.times

    @property
    def complete(self) -> bool:
        """Whether all runs are there: False in what an interrupted batch leaves."""
        other = self._optimistic is None or self._optimistic.complete
        return self._facts.complete and other

    @property
    def folder(self) -> Path | None:
        """Where ``sink=`` wrote the tables; None when they are in memory."""
        return self._facts.folder

    @property
    def optimistic(self) -> BatchResult:
        """The second pass of ``path="both"``; this object is the pessimistic one.

        Raises
        ------
        InvalidArgument
            There was one pass.
        """
        if self._optimistic is None:
            rule = "was one pass"
            raise InvalidArgument("path", "one", rule, 'call run_batch with path="both"')
        return self._optimistic

    @property
    def envelope(self) -> pl.DataFrame:
        """How far the two passes of ``path="both"`` are apart, a row for each run.

        The columns are run_id, pessimistic and optimistic (the equity at the end),
        ambiguous_count (of the pass that has more), and each metric that differs in any run,
        as ``name_pessimistic`` and ``name_optimistic``.

        Examples
        --------
        >>> import polars as pl
        >>> import omega_portfolio as op
        >>> prices = dict.fromkeys(("open", "high", "low", "close"), [100, 102, 101])
        >>> bars = pl.DataFrame({"time": [0, 1, 2], "symbol": ["ACME"] * 3} | prices)
        >>> orders = pl.DataFrame([{"time": 0, "action": "open", "side": "long", "size": 1}])
        >>> sizes = pl.DataFrame({"size": [5, 1, 9]})
        >>> result = op.run_batch(bars, orders, sizes, initial_balance=1000, path="both")
        >>> result.envelope.row(0)
        (0, 995.0, 995.0, 0)
        """
        from omega_portfolio.batch.both import envelope_of

        return envelope_of(self, self.optimistic)

    def best(
        self, metric: str = "sharpe_ratio", n: int = 10, *, descending: bool | None = None
    ) -> pl.DataFrame:
        """Give the best runs by a metric.

        Parameters
        ----------
        metric : str, default "sharpe_ratio"
            A column of :attr:`metrics`.
        n : int, default 10
            The most runs that come back.
        descending : bool, optional
            The highest first. Left out, what is better: the highest return, the least
            volatility, the smallest fall.

        Returns
        -------
        polars.DataFrame
            Rows of :attr:`metrics`, the best one first; runs whose metric is null are left out.

        Raises
        ------
        InvalidArgument
            There is no such column, or an argument has a wrong type.

        Examples
        --------
        >>> import polars as pl
        >>> import omega_portfolio as op
        >>> prices = dict.fromkeys(("open", "high", "low", "close"), [100, 102, 101])
        >>> bars = pl.DataFrame({"time": [0, 1, 2], "symbol": ["ACME"] * 3} | prices)
        >>> orders = pl.DataFrame([{"time": 0, "action": "open", "side": "long", "size": 1}])
        >>> sizes = pl.DataFrame({"size": [5, 1, 9]})
        >>> result = op.run_batch(bars, orders, sizes)
        >>> result.best("max_drawdown", n=2)["size"].to_list()
        [1, 5]
        """
        return rank(self.metrics, metric, n, descending=descending)

    def portfolio(self, run_id: int) -> Portfolio:
        """Give one run as a live portfolio in its state at the end.

        The run is made once more; it is the same account to the last digit, with every table,
        and it can go on. Of a run that failed it is the account before what ended it.

        Parameters
        ----------
        run_id : int
            The run.

        Returns
        -------
        Portfolio
            With the digest that the run has.

        Raises
        ------
        InvalidArgument
            There is no such run.
        """
        return self._facts.engine.portfolio(self._place(run_id))

    def report(self, run_id: int, path: str | Path, **options: Any) -> Path:  # noqa: ANN401
        """Write the report of one run; see :meth:`omega_portfolio.Portfolio.report`.

        Parameters
        ----------
        run_id : int
            The run.
        path : str or Path
            ``.html``, ``.svg`` or ``.png``.
        **options
            As in :meth:`omega_portfolio.Portfolio.report`; those of the metrics are by default
            what the batch was given, the title names the run.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InvalidArgument
            There is no such run, or an option is refused.
        """
        portfolio = self.portfolio(run_id)
        given: dict[str, Any] = {"title": f"Run {run_id}", **self._facts.options, **options}
        return portfolio.report(path, **given)

    def plot(
        self,
        metric: str = "sharpe_ratio",
        *,
        over: str | Sequence[str] | None = None,
        runs: Sequence[int] | None = None,
    ) -> Plot:
        """Draw a metric over the parameters, or the curves of some runs.

        Parameters
        ----------
        metric : str, default "sharpe_ratio"
            A column of :attr:`metrics`.
        over : str or sequence of str, optional
            One parameter or label for a line, two for a heat map; runs that agree in them are
            averaged. Left out, the parameters that differ; without any, the distribution.
        runs : sequence of int, optional
            Draw the equity curves of these runs over each other instead, at most eight.

        Returns
        -------
        Plot
            A picture for a notebook or a file.

        Raises
        ------
        InvalidArgument
            There is no such column or run, there are more than two parameters to choose from,
            or no curve was kept.

        Examples
        --------
        >>> import polars as pl
        >>> import omega_portfolio as op
        >>> prices = dict.fromkeys(("open", "high", "low", "close"), [100, 102, 101])
        >>> bars = pl.DataFrame({"time": [0, 1, 2], "symbol": ["ACME"] * 3} | prices)
        >>> orders = pl.DataFrame([{"time": 0, "action": "open", "side": "long", "size": 1}])
        >>> sizes = pl.DataFrame({"size": [5, 1, 9]})
        >>> result = op.run_batch(bars, orders, sizes, initial_balance=1000)
        >>> result.plot("final_equity")
        <Plot final_equity: 3 runs>
        >>> result.plot(runs=[0, 2])
        <Plot equity: From 991 to 995 USD at the end>
        """
        from omega_portfolio.batch.picture import plot_curves, plot_metric

        if runs is not None:
            return plot_curves(self, runs)
        return plot_metric(self, metric, over)

    def to_polars(self) -> pl.DataFrame:
        """Give :attr:`metrics` as a frame in memory."""
        return self.metrics.lazy().collect()

    @property
    def total(self) -> int:
        """Number of runs that were asked for."""
        return self._facts.total

    @property
    def currency(self) -> str:
        """Currency of the accounts."""
        return self._facts.currency

    def _place(self, run_id: object) -> int:
        """Find a run among those of the batch."""
        if not isinstance(run_id, bool) and isinstance(run_id, int) and run_id in self._places:
            return self._places[run_id]
        rule = f"is none of the {self._facts.total:,} runs"
        raise InvalidArgument("run_id", describe(run_id), rule, "pass one of result.run_ids")

    @cached_property
    def _places(self) -> dict[int, int]:
        return {run: place for place, run in enumerate(self._facts.engine.run_ids)}

    def __len__(self) -> int:
        return len(self.run_ids)

    def __repr__(self) -> str:
        from omega_portfolio.batch.view import summary_of

        return f"<BatchResult  {'  '.join(f'{name}={text}' for name, text in summary_of(self))}>"

    def __copy__(self) -> BatchResult:
        from omega_portfolio.batch.pickled import cloned

        return cloned(self)

    def __deepcopy__(self, memo: dict[int, object]) -> BatchResult:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        from omega_portfolio.batch.pickled import reduced

        return reduced(self)

    def _repr_html_(self) -> str:
        from omega_portfolio.batch.view import html_of

        return html_of(self)


__all__ = ["BatchResult"]
