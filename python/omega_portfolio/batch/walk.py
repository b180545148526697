"""Walk-forward: choose parameters on one part of time, and test them on the part after it.

The part that is tested is never seen when its parameters are chosen: bars and orders are cut
before a run is made, so there is nothing to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from omega_portfolio.batch.splits import Span, cut
from omega_portfolio.batch.walk_steps import Walk, numbered
from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from omega_portfolio.batch.walk_steps import Step
    from omega_portfolio.history import History
    from omega_portfolio.metric_values import Metrics
    from omega_portfolio.types import ArrowStream, NumberLike

OWN: Final = ("record", "trades", "digest", "layout", "sink", "sink_format", "resume")
"""Options of ``run_batch`` that a walk sets itself."""

FIGURES: Final = ("periods_per_year", "risk_free_rate", "mar", "confidence", "resample")
"""Options of the metrics."""


@dataclass(frozen=True, slots=True, repr=False)
class WalkForward:
    """What a walk-forward found.

    Attributes
    ----------
    splits : polars.DataFrame
        A row for each split: ``split``, the first and last bar of both parts, ``trials`` (runs
        that have the metric), ``run_id`` and parameters of the chosen run (null: no run had the
        metric, and nothing was traded), the metric on both parts, ``deflated_sharpe_ratio`` of
        the chosen run among its trials, ``initial_balance``, ``final_equity`` and
        ``open_count`` of the test.
    equity : polars.DataFrame
        The equity of all tests, one after the other: ``split``, ``time``, ``equity``.
    trades, rejected : polars.DataFrame
        Closed trades and refused orders of the tests, with ``split`` in front.
    metric : str
        What was chosen by.
    currency : str
        Of the account.

    Examples
    --------
    See :func:`walk_forward`.
    """

    splits: pl.DataFrame
    equity: pl.DataFrame
    trades: pl.DataFrame
    rejected: pl.DataFrame
    metric: str
    currency: str
    _initial: NumberLike = field(default=0)
    _figures: dict[str, Any] = field(default_factory=dict)
    _backend: str | None = None

    @property
    def history(self) -> History:
        """The stitched curve with its trades, for ``plot``, ``report`` and every metric."""
        from omega_portfolio.history import History

        return History(
            self.equity,
            self.trades,
            initial_balance=self._initial,
            currency=self.currency,
            backend=self._backend,
        )

    @property
    def metrics(self) -> Metrics:
        """All metrics of the stitched curve: what the walk as a whole would have earned."""
        return self.history.calculate_metrics(**self._figures)

    def __repr__(self) -> str:
        facts = f"splits={self.splits.height}  metric={self.metric}  points={self.equity.height}"
        return f"<WalkForward  {facts}>"

    def _repr_html_(self) -> str:
        from omega_portfolio.display import rows_html

        headers = [(name, "") for name in self.splits.columns]
        return rows_html(repr(self)[1:-1], headers, self.splits.iter_rows())


def walk_forward(
    bars: ArrowStream,
    orders: ArrowStream | Callable[[pl.DataFrame, pl.DataFrame], ArrowStream],
    params: ArrowStream,
    *,
    train: Span,
    test: Span,
    window: Literal["rolling", "anchored"] = "rolling",
    gap: Span = 0,
    metric: str = "sharpe_ratio",
    descending: bool | None = None,
    initial_balance: NumberLike = 100_000,
    currency: str = "USD",
    progress: bool | Callable[[int, int], object] | None = None,
    **options: Any,  # noqa: ANN401 - as in run_batch.
) -> WalkForward:
    """Choose the best parameters on each part of time, and test them on the part after it.

    For each split all runs of ``params`` are made on the training part. The best by ``metric``
    is run on the test part, and its account begins with what the one before it ended with. So
    the stitched equity is that of somebody who chooses anew at the start of each test, knowing
    nothing of it.

    Parameters
    ----------
    bars : Arrow table
        As in :func:`omega_portfolio.run_batch`.
    orders : Arrow table or callable
        The orders of the whole time, as in ``run_batch``; only those that can be filled in a
        part are given to it. Or a function of ``(bars, params)`` that makes them: it is called
        for each part with the bars before the end of the part, and the runs that are asked
        for, with their ``run_id``; so it cannot look ahead.
    params : Arrow table
        A row for each run, as in ``run_batch``. A run without an order in a training part does
        not take part in it.
    train, test : int, str or timedelta
        Length of the parts: a number of bars (moments), a period such as ``"2y"`` or ``"6mo"``,
        or a duration. Each test begins where the one before it ends; the last may be shorter.
    window : {"rolling", "anchored"}, default "rolling"
        Training parts of the same length, or all from the first bar on.
    gap : int, str or timedelta, default 0
        Time between a training part and its test that belongs to neither.
    metric : str, default "sharpe_ratio"
        A metric of ``run_batch``.
    descending : bool, optional
        The highest is best; left out, what is better of that metric.
    initial_balance : int, str, Decimal or float, default 100000
        Money of every training account, and at the start of the first test.
    currency : str, default "USD"
        Of the accounts.
    progress : bool or callable, optional
        As in ``run_batch``; it counts splits.
    **options
        As in ``run_batch``: ``instruments``, ``costs``, ``fill``, ``path``, ``leverage``,
        ``cancel``, ... A walk that is cancelled gives nothing back.

    Returns
    -------
    WalkForward
        Splits, chosen parameters, and the stitched equity. A position that is open at the end
        of a test is valued at its last prices; the next test begins without it.

    Raises
    ------
    InvalidArgument
        A span, an option or the metric is refused, or there is no room for a test.
    OmegaPortfolioError
        As ``run_batch``.

    Examples
    --------
    >>> from datetime import datetime, timedelta
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> days = [datetime(2024, 1, 1) + timedelta(days=day) for day in range(60)]
    >>> price = [100 + day % 7 for day in range(60)]
    >>> bars = pl.DataFrame({"time": days, "symbol": "ACME", "open": price, "high": price})
    >>> bars = bars.with_columns(low=pl.col("open"), close=pl.col("open"))
    >>> entries = pl.DataFrame({"time": days, "ACME": [day % 7 == 0 for day in range(60)]})
    >>> exits = pl.DataFrame({"time": days, "ACME": [day % 7 == 5 for day in range(60)]})
    >>> walk = op.walk_forward(
    ...     bars, op.orders_from_signals(entries, exits), op.grid(size=[1, 2]), train=20, test=14,
    ...     metric="net_profit",
    ... )
    >>> walk.splits.select("split", "run_id", "size", "final_equity").rows()
    [(0, 1, 2, 100018.0), (1, 1, 2, 100036.0), (2, 1, 2, 100050.0)]
    """
    if not isinstance(window, str) or window not in ("rolling", "anchored"):
        remedy = "choose rolling or anchored"
        raise InvalidArgument("window", describe(window), "is no window", remedy)
    for name in OWN:
        if name in options:
            remedy = "leave it out"
            raise InvalidArgument(name, describe(options[name]), "is set by the walk", remedy)
    if options.get("path") == "both":
        remedy = "choose one path"
        raise InvalidArgument("path", "'both'", "gives two accounts, and one is chained", remedy)
    from omega_portfolio.batch.inputs import polars_frame, taken
    from omega_portfolio.batch.progress import check_progress, shown

    check_progress(progress)
    money = {"initial_balance": initial_balance, "currency": currency}
    labels = options.get("labels", ())
    walk = Walk(
        polars_frame(taken(bars, "bars"), "bars"),
        orders if callable(orders) else polars_frame(taken(orders, "orders"), "orders"),
        numbered(polars_frame(taken(params, "params", labels), "params")),
        metric,
        descending,
        {**options, **money},
    )
    splits = cut(walk.moments, train, test, gap, anchored=window == "anchored")
    done = []
    balance: NumberLike = initial_balance
    with shown(progress, len(splits)) as tell:
        for number, split in enumerate(splits):
            step = walk.step(number, split, balance)
            balance = step.equity_end
            done.append(step)
            if tell is not None:
                tell(number + 1)
    return _stitched(walk, done, initial_balance)


def _stitched(walk: Walk, done: list[Step], initial: NumberLike) -> WalkForward:
    import polars as pl

    options = walk.options
    return WalkForward(
        pl.concat([step.row for step in done], how="vertical_relaxed"),
        pl.concat([step.equity for step in done]),
        pl.concat([step.trades for step in done]),
        pl.concat([step.rejected for step in done]),
        walk.metric,
        options["currency"],
        initial,
        {name: options[name] for name in FIGURES if name in options},
        options.get("backend"),
    )


__all__ = ["WalkForward", "walk_forward"]
