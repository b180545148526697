"""What a result of a batch knows beside its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from omega_portfolio.batch.engine import Engine


@dataclass(frozen=True, slots=True)
class Facts:
    """What a result knows beside its tables.

    Attributes
    ----------
    engine : Engine
        The batch; it makes a run again when somebody asks for its portfolio.
    params : polars.DataFrame or None
        run_id and the parameters of each run.
    options : mapping
        Arguments of the metrics, for reports.
    currency : str
        Of the account.
    total : int
        Runs that were asked for.
    complete : bool
        Whether all of them are there.
    times : polars.Series or None
        Times of the points of every curve.
    folder : Path or None
        Where the tables lie.
    """

    engine: Engine
    params: pl.DataFrame | None
    options: Mapping[str, object]
    currency: str
    total: int
    complete: bool = True
    times: pl.Series | None = None
    folder: Path | None = None


__all__ = ["Facts"]
