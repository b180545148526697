"""What both backends give for a batch, and which of them is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from omega_portfolio.backend import core_module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import (
        ArrowStream,
        BackendName,
        CancelToken,
        EquityColumns,
        OnError,
        Record,
        Table,
    )


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of every run (rule R10).

    Attributes
    ----------
    record, equity_columns, trades, exact, digest, on_error
        As in :func:`omega_portfolio.run_batch`.
    """

    record: Record = "bar"
    equity_columns: EquityColumns = "equity"
    trades: bool = True
    exact: bool = False
    digest: bool = False
    on_error: OnError = "record"


class EngineTables(Protocol):
    """The tables of some runs, in the order of the runs."""

    @property
    def equity(self) -> Table:
        """Points of the equity curves."""
        ...

    @property
    def trades(self) -> Table:
        """Closed trades."""
        ...

    @property
    def metrics(self) -> Table:
        """A row for each run that did not fail."""
        ...

    @property
    def final(self) -> Table:
        """A row for each run."""
        ...

    @property
    def rejected(self) -> Table:
        """What was refused."""
        ...

    @property
    def done(self) -> int:
        """Number of runs that are in the tables."""
        ...

    @property
    def complete(self) -> bool:
        """Whether these are all runs that were asked for."""
        ...


class Engine(Protocol):
    """A checked batch: bars, orders and parameters were read, nothing has run yet."""

    def __len__(self) -> int:
        """Return the number of runs."""
        ...

    @property
    def run_ids(self) -> Sequence[int]:
        """The runs, in the order of the results."""
        ...

    @property
    def moments(self) -> int:
        """Number of different times of the bars."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of everything that decides the results."""
        ...

    def run(
        self,
        first: int,
        count: int,
        *,
        threads: int | None = None,
        record: Record = "bar",
        equity_columns: EquityColumns = "equity",
        trades: bool = True,
        metrics: bool = True,
        exact: bool = False,
        digest: bool = False,
        on_error: OnError = "record",
        progress: Callable[[int], object] | None = None,
        cancel: CancelToken | None = None,
    ) -> EngineTables:
        """Make ``count`` runs, counted from ``first`` in the order of ``run_ids``."""
        ...

    def portfolio(self, place: int) -> Portfolio:
        """Give one run as a portfolio in the state at the end (rule R11)."""
        ...


def run_kept(
    engine: Engine,
    span: tuple[int, int],
    keep: Keep,
    *,
    threads: int | None,
    progress: Callable[[int], object] | None = None,
    cancel: CancelToken | None,
) -> EngineTables:
    """Make the runs of a span (first run, number of runs), and keep of them what is wanted.

    The other arguments are those of :meth:`Engine.run`.
    """
    first, count = span
    return engine.run(
        first,
        count,
        threads=threads,
        record=keep.record,
        equity_columns=keep.equity_columns,
        trades=keep.trades,
        exact=keep.exact,
        digest=keep.digest,
        on_error=keep.on_error,
        progress=progress,
        cancel=cancel,
    )


def open_engine(
    name: BackendName,
    frames: tuple[ArrowStream, ArrowStream, ArrowStream | None],
    settings: Mapping[str, Any],
) -> Engine:
    """Check a batch on a backend.

    Parameters
    ----------
    name : {"rust", "python"}
        The backend.
    frames : (bars, orders, params)
        What each of them is read from; params may be None.
    settings : mapping
        The keyword arguments of the backend's class.

    Returns
    -------
    Engine
        Nothing has run yet.

    Raises
    ------
    OmegaPortfolioError
        A frame or a setting is refused.
    """
    if name == "rust":
        return cast("Engine", core_module().Batch(*frames, **settings))
    from omega_portfolio.oracle.batch import BatchPython

    return cast("Engine", BatchPython(*frames, **settings))


__all__ = ["Engine", "EngineTables", "Keep", "open_engine", "run_kept"]
