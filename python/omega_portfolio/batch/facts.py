"""What a result of a batch knows beside its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omega_portfolio.errors import InvalidArgument

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
    batch : Engine or None
        It makes a run again when somebody asks for its portfolio; None where it is not at hand.
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
    without : str
        Why there is no batch.
    """

    batch: Engine | None
    params: pl.DataFrame | None
    options: Mapping[str, object]
    currency: str
    total: int
    complete: bool = True
    times: pl.Series | None = None
    folder: Path | None = None
    without: str = "was opened from a folder"

    @property
    def engine(self) -> Engine:
        """The batch.

        Raises
        ------
        InvalidArgument
            The result has its tables only: it was opened from a folder, or comes from a pickle.
        """
        if self.batch is None:
            where = "of a pickle" if self.folder is None else str(self.folder)
            rule = f"has tables only, because it {self.without}"
            remedy = "call run_batch with the same arguments"
            if self.folder is not None:
                remedy += " and sink=, which makes nothing anew"
            raise InvalidArgument("result", where, rule, remedy)
        return self.batch


__all__ = ["Facts"]
