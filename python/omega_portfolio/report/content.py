"""Everything that a report shows, gathered once from an analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.report.books import Statement, read_statement
from omega_portfolio.report.curves import window_of
from omega_portfolio.report.source import Curve, Options, fingerprint, read_curve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from omega_portfolio.analysis import Analysis


ROLLING: Final = ("sharpe_ratio", "volatility")
DRAWDOWNS: Final = 10
GROUPS: Final = ("side", "symbol", "reason", "tag", "year", "weekday")
"""What the trades are grouped by, where they have it."""

# trade_analysis sums these columns, and refuses trades without one of them.
_SUMMED: Final = ("entry_fee", "exit_fee", "mae", "mfe")


@dataclass(frozen=True, slots=True)
class Content:
    """The figures and frames of a report.

    Attributes
    ----------
    title : str
        Title of the page.
    options : Options
        As given.
    currency, backend : str
        Of the analysis.
    metrics : mapping
        All metrics.
    curve : Curve
        The points.
    trades : polars.DataFrame
        The closed trades, numbers as doubles.
    drawdowns, monthly, yearly : polars.DataFrame
        Tables of the analysis; amounts of the drawdowns are exact.
    rolling : polars.DataFrame or None
        Rolling figures over ``window`` periods; None when the history is too short.
    window : int or None
        Periods.
    groups : mapping of str to polars.DataFrame
        The analysis of the trades by each key; sums are exact.
    statement : Statement or None
        The account, when there is one.
    digest : str
        Fingerprint of the account, or of the rows.
    """

    title: str
    options: Options
    currency: str
    backend: str
    metrics: Mapping[str, Any]
    curve: Curve
    trades: pl.DataFrame
    drawdowns: pl.DataFrame
    monthly: pl.DataFrame
    yearly: pl.DataFrame
    rolling: pl.DataFrame | None
    window: int | None
    groups: Mapping[str, pl.DataFrame]
    statement: Statement | None
    digest: str


def gather(analysis: Analysis, title: str, options: Options) -> Content:
    """Ask an analysis for everything.

    Parameters
    ----------
    analysis : Portfolio or History
        What is reported.
    title : str
        Title of the page.
    options : Options
        Options of the metrics.

    Raises
    ------
    OmegaPortfolioError
        An option is refused, as by ``calculate_metrics``.
    """
    from omega_portfolio.account import Account

    metrics = analysis.calculate_metrics(**options.for_metrics())
    statement = read_statement(analysis) if isinstance(analysis, Account) else None
    resample = options.resample
    trades = analysis.get_trades().to_polars()
    window = window_of(metrics.period_count, float(options.periods_per_year))
    return Content(
        title=title,
        options=options,
        currency=analysis.currency,
        backend=analysis.backend,
        metrics=metrics,
        curve=read_curve(analysis, metrics, options),
        trades=trades,
        drawdowns=analysis.drawdowns(DRAWDOWNS, exact=True, resample=resample).to_polars(),
        monthly=analysis.monthly_returns(resample=resample).to_polars(),
        yearly=analysis.yearly_returns(resample=resample).to_polars(),
        rolling=None if window is None else read_rolling(analysis, window, options),
        window=window,
        groups=read_groups(analysis, trades),
        statement=statement,
        digest=fingerprint(analysis) if statement is None else statement.digest,
    )


def read_rolling(analysis: Analysis, window: int, options: Options) -> pl.DataFrame:
    """Read the rolling figures, with times in microseconds."""
    import polars as pl

    rolling = analysis.rolling_metrics(window, ROLLING, **options.for_rolling()).to_polars()
    return rolling.with_columns(pl.col("time").dt.epoch("us"))


def read_groups(analysis: Analysis, trades: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Read the analysis of the trades by every key that says something."""
    if not trades.height or any(name not in trades.columns for name in _SUMMED):
        return {}
    found = {}
    for key in GROUPS:
        if key in {"side", "symbol", "reason", "tag"} and key not in trades.columns:
            continue
        frame = analysis.trade_analysis(key, exact=True).to_polars()
        told = key in {"side", "symbol", "year"} or frame.height > 1
        if told:
            found[key] = frame
    return found


__all__ = ["Content", "gather", "read_rolling"]
