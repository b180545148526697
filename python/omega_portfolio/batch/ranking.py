"""Which run is best, and how likely it is that the best of so many was luck."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from omega_portfolio.catalogue import unknown_metric
from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from omega_portfolio.batch.tables import Frame

LOWER_IS_BETTER: Final = frozenset(
    {
        *("ruined", "short_sample"),
        *("volatility", "downside_deviation", "sharpe_ratio_std_error", "excess_kurtosis"),
        "minimum_track_record_length",
        *("max_drawdown_amount", "drawdown_count"),
        *("max_drawdown_duration", "average_drawdown_duration"),
        *("time_under_water", "pain_index", "ulcer_index"),
        *("losing_trade_count", "max_consecutive_losses", "average_loss_duration"),
        *("tracking_error", "down_capture"),
        *("exposure_time", "average_gross_exposure", "max_gross_exposure"),
        *("turnover", "annualized_turnover"),
        *("total_commission", "total_slippage", "cost_ratio"),
    }
)
"""Metrics of which less is better; losses and falls are negative, so of them more is."""

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329


def check_metric(metric: object, names: Sequence[str]) -> str:
    """Give the name of a column of the metrics, and refuse what is none.

    Raises
    ------
    InvalidArgument
        There is none of this name; it says which ones are near.
    """
    if isinstance(metric, str) and metric in names:
        return metric
    asked = metric if isinstance(metric, str) else describe(metric)
    rule, _, remedy = unknown_metric(asked, names).partition("; ")
    raise InvalidArgument("metric", describe(metric), rule, remedy)


def rank(
    metrics: Frame, metric: object, number: object, *, descending: object = None
) -> pl.DataFrame:
    """Give the best rows.

    Parameters
    ----------
    metrics : polars.DataFrame or polars.LazyFrame
        A row for each run.
    metric : str
        Column of numbers, flags, times or durations.
    number : int
        The most rows that come back.
    descending : bool, optional
        The highest first. Left out, the metric's own direction: the lowest first of those in
        :data:`LOWER_IS_BETTER`.

    Returns
    -------
    polars.DataFrame
        Runs whose metric is not defined are not in it; of equals, the first run is first.

    Raises
    ------
    InvalidArgument
        There is no such column, or an argument has a wrong type.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.batch.ranking import rank
    >>> frame = pl.DataFrame({"run_id": [0, 1, 2], "ulcer_index": [0.2, None, 0.1]})
    >>> rank(frame, "ulcer_index", 10)["run_id"].to_list()
    [2, 0]
    """
    import polars as pl

    rows = metrics.lazy()
    names = rows.collect_schema().names()
    name = check_metric(metric, names)
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InvalidArgument("n", describe(number), "must be an int of 1 or more", "pass n=10")
    if descending is not None and not isinstance(descending, bool):
        rule = "is neither None, True nor False"
        raise InvalidArgument("descending", describe(descending), rule, "pass a bool")
    first_highest = name not in LOWER_IS_BETTER if descending is None else descending
    order = rows.filter(pl.col(name).is_not_null()).sort(
        name, descending=first_highest, maintain_order=True
    )
    # No frame has more rows than that, and none can be asked for more.
    return order.head(min(number, 2**32 - 1)).collect()


def expected_best(sharpe_ratios: Sequence[float]) -> float | None:
    """Give the Sharpe ratio that the best of so many worthless trials is expected to have.

    Parameters
    ----------
    sharpe_ratios : sequence of float
        Annualised, of all trials that have one.

    Returns
    -------
    float or None
        None for fewer than two trials.

    Examples
    --------
    >>> from omega_portfolio.batch.ranking import expected_best
    >>> round(expected_best([0.5, -0.5, 1.0, 0.0]), 4), expected_best([1.0])
    (0.6791, None)
    """
    number = len(sharpe_ratios)
    if number < 2:
        return None
    mean = math.fsum(sharpe_ratios) / number
    variance = math.fsum((one - mean) ** 2 for one in sharpe_ratios) / (number - 1)
    near = _NORMAL.inv_cdf(1 - 1 / number)
    far = _NORMAL.inv_cdf(1 - 1 / (number * math.e))
    return math.sqrt(variance) * ((1 - _EULER) * near + _EULER * far)


def deflated(metrics: Frame) -> Frame:
    """Fill ``deflated_sharpe_ratio``: the trials are the Sharpe ratios of all runs.

    (s - s_0) sqrt(n - 1) / sqrt(v) of SPEC section 8 is (sharpe_ratio - expected best) /
    sharpe_ratio_std_error, both annualised.

    Parameters
    ----------
    metrics : polars.DataFrame or polars.LazyFrame
        A row for each run.

    Returns
    -------
    polars.DataFrame or polars.LazyFrame
        The same kind of frame.
    """
    import polars as pl

    trials = metrics.lazy().select("sharpe_ratio").collect()["sharpe_ratio"].drop_nulls()
    best = expected_best(trials.to_list())
    error = pl.col("sharpe_ratio_std_error")
    distance = (pl.col("sharpe_ratio") - best) / error
    # Without an error there is no probability, as of probabilistic_sharpe_ratio.
    known = pl.col("probabilistic_sharpe_ratio").is_not_null() & (error > 0)
    chance = pl.when(known).then(distance).map_batches(_below, return_dtype=pl.Float64)
    nothing = pl.lit(None, dtype=pl.Float64)
    column = (nothing if best is None else chance).alias("deflated_sharpe_ratio")
    return metrics.with_columns(column)


def _below(values: pl.Series) -> pl.Series:
    """Give the normal distribution function, as exact as the library of C has it."""
    import polars as pl

    root = math.sqrt(2)
    found = [None if one is None else math.erfc(-one / root) / 2 for one in values]
    return pl.Series(values.name, found, dtype=pl.Float64)


__all__ = ["LOWER_IS_BETTER", "deflated", "expected_best", "rank"]
