"""The two passes of ``path="both"`` side by side: how much the unknown within bars matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

    from omega_portfolio.batch.result import BatchResult

_SIDES: Final = ("pessimistic", "optimistic")


def envelope_of(pessimistic: BatchResult, optimistic: BatchResult) -> pl.DataFrame:
    """Give a row for each run with what the two passes say of it.

    Parameters
    ----------
    pessimistic, optimistic : BatchResult
        The passes over the same runs.

    Returns
    -------
    polars.DataFrame
        run_id, pessimistic, optimistic (the equity at the end), ambiguous_count, and of each
        metric that differs in any run two columns; null where a pass failed.
    """
    import polars as pl

    ends = [
        one.final.lazy().select("run_id", pl.col("equity").alias(side), "ambiguous_count").collect()
        for one, side in zip((pessimistic, optimistic), _SIDES, strict=True)
    ]
    rows = (
        ends[0]
        .join(ends[1], on="run_id", how="left", maintain_order="left", suffix="_other")
        .select(
            "run_id",
            *_SIDES,
            pl.max_horizontal("ambiguous_count", "ambiguous_count_other").alias("ambiguous_count"),
        )
    )
    names = pessimistic.metric_names
    metrics = [
        one.metrics.lazy().select("run_id", pl.col(names).name.suffix(f"_{side}")).collect()
        for one, side in zip((pessimistic, optimistic), _SIDES, strict=True)
    ]
    for frame in metrics:
        rows = rows.join(frame, on="run_id", how="left", maintain_order="left")
    kept = [
        column
        for name in names
        if not rows[f"{name}_{_SIDES[0]}"].equals(rows[f"{name}_{_SIDES[1]}"])
        for column in (f"{name}_{_SIDES[0]}", f"{name}_{_SIDES[1]}")
    ]
    return rows.select("run_id", *_SIDES, "ambiguous_count", *kept)


__all__ = ["envelope_of"]
