"""How the result of a batch looks in a terminal and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omega_portfolio.catalogue import UNITS
from omega_portfolio.display import metric_texts, rows_html

if TYPE_CHECKING:
    import polars as pl

    from omega_portfolio.batch.result import BatchResult

SHOWN: Final = (
    "total_return",
    "sharpe_ratio",
    "deflated_sharpe_ratio",
    "max_drawdown",
    "trade_count",
)
"""Metrics of the few runs that a notebook shows, behind their parameters."""

RUNS: Final = 5


def summary_of(result: BatchResult) -> list[tuple[str, str]]:
    """Name what a person wants to see first."""
    import polars as pl

    failed = result.final.lazy().filter(pl.col("status") == "failed")
    refused = result.rejected.lazy().filter(pl.col("row").is_not_null())
    missing = "" if result.complete else f" of {result.total:,}, ended before the rest"
    facts = [
        ("runs", f"{len(result):,}{missing}"),
        ("failed", f"{_rows(failed):,}"),
        ("rejected orders", f"{_rows(refused):,}"),
        ("trades", f"{_rows(result.trades.lazy()):,}"),
    ]
    if result.folder is not None:
        facts.append(("folder", str(result.folder)))
    return facts


def html_of(result: BatchResult) -> str:
    """Give the best runs with their parameters and a few metrics."""
    shown = best_rows(result)
    headers = [(name, "") for name in shown.columns]
    facts = ", ".join(f"{name}: {text}" for name, text in summary_of(result))
    return rows_html(f"BatchResult: {facts}", headers, shown.iter_rows())


def best_rows(result: BatchResult) -> pl.DataFrame:
    """Give the best runs by their Sharpe ratio, as people read them; without one the first."""
    import polars as pl

    first = ["run_id"] if result.params is None else result.params.columns
    rows = result.best("sharpe_ratio", RUNS)
    if rows.is_empty():
        rows = result.metrics.lazy().head(RUNS).collect()
    texts = [
        pl.Series(
            name,
            ["" if one is None else metric_texts(one, UNITS[name])[0] for one in rows[name]],
            pl.String,
        )
        for name in SHOWN
    ]
    return rows.select(first).hstack(texts)


def _rows(frame: pl.LazyFrame) -> int:
    import polars as pl

    rows: int = frame.select(pl.len()).collect().item()
    return rows


__all__ = ["RUNS", "SHOWN", "best_rows", "html_of", "summary_of"]
