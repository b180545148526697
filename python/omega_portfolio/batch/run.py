"""The call that makes thousands of portfolios."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.backend import select
from omega_portfolio.batch.engine import Keep
from omega_portfolio.batch.executors import way_of
from omega_portfolio.batch.inputs import taken
from omega_portfolio.batch.passes import Work
from omega_portfolio.batch.progress import check_progress
from omega_portfolio.batch.sink import ENDINGS, Sink
from omega_portfolio.batch.slices import memory_bound
from omega_portfolio.catalogue import CATALOGUE
from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.instrument import Instrument
from omega_portfolio.terms import Costs

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from omega_portfolio.batch.result import BatchResult
    from omega_portfolio.metric_values import Resample
    from omega_portfolio.types import (
        ArrowStream,
        BatchPath,
        CancelToken,
        EquityColumns,
        ExecutorName,
        Fill,
        FloatPolicy,
        Layout,
        Mode,
        NumberLike,
        OffGrid,
        OnError,
        Record,
        Rounding,
        SinkFormat,
    )

THREADS_MAX: Final = 1024
"""As many as the compiled core starts."""

PATHS: Final = ("pessimistic", "optimistic", "ohlc", "olhc", "both")
_METRIC_OPTIONS: Final = (
    "periods_per_year",
    "risk_free_rate",
    "mar",
    "confidence",
    "resample",
)


def run_batch(
    bars: ArrowStream | str | Path,
    orders: ArrowStream | str | Path,
    params: ArrowStream | str | Path | None = None,
    *,
    instruments: Sequence[Instrument] = (),
    costs: Costs | None = None,
    fill: Fill = "next_open",
    path: BatchPath = "pessimistic",
    labels: Sequence[str] = (),
    initial_balance: NumberLike = 100_000,
    currency: str = "USD",
    leverage: NumberLike = 1,
    mode: Mode = "hedging",
    floats: FloatPolicy = "nearest",
    rounding: Rounding = "exact",
    off_grid: OffGrid = "refuse",
    margin_call: NumberLike | None = None,
    stop_out: NumberLike | None = None,
    pivot: str = "USD",
    record: Record = "bar",
    equity_columns: EquityColumns = "equity",
    trades: bool = True,
    exact: bool = False,
    digest: bool = False,
    layout: Layout = "rows",
    on_error: OnError = "record",
    periods_per_year: NumberLike = 252,
    risk_free_rate: NumberLike = 0,
    mar: NumberLike | None = None,
    confidence: NumberLike = 0.05,
    resample: Resample | None = None,
    sink: str | Path | None = None,
    sink_format: SinkFormat = "parquet",
    resume: bool = True,
    threads: int | None = None,
    executor: ExecutorName | Executor = "threads",
    workers: int | None = None,
    shard_runs: int | None = None,
    address: str | None = None,
    scratch: str | Path | None = None,
    max_memory: int | None = None,
    progress: bool | Callable[[int, int], object] | None = None,
    cancel: CancelToken | None = None,
    backend: str | None = None,
) -> BatchResult:
    """Make a portfolio for each row of ``params``, all over the same bars.

    A run is the same account as :class:`omega_portfolio.Portfolio` that gets the same events,
    digest included (SPEC section 20). Results do not depend on the number of threads, nor on the
    executor.

    Parameters
    ----------
    bars : Arrow table, str or Path
        time, symbol, open, high, low, close and, if wanted, spread, or bid and ask; by time.
        ``symbol`` may be missing when there is one instrument. Like the next two a frame of
        Polars, pyarrow, DuckDB or pandas, a reader, or a Parquet, Arrow IPC or CSV file.
    orders : Arrow table, str or Path
        A row for each order: ``time`` and ``action`` (open, close, modify, cancel, target), and
        what the action takes (rule R2). With a ``run_id`` each run has its own.
    params : Arrow table, str or Path, optional
        A row for each run; its columns replace cells of the orders and settings (rule R3).
    instruments : sequence of Instrument, optional
        Definitions; other symbols have the default one.
    costs : Costs, optional
        Commission, slippage and swap of all instruments.
    fill : {"next_open", "close"}, default "next_open"
        An order is carried out before the next bar, or at the close of one at its time.
    path : {"pessimistic", "optimistic", "ohlc", "olhc", "both"}, default "pessimistic"
        The way within a bar; with ``both`` there are two passes, see
        :attr:`BatchResult.envelope`.
    labels : sequence of str, optional
        Columns of ``params`` that are carried into the results and mean nothing.
    initial_balance : int, str, Decimal or float, default 100000
        Money at the start of each run.
    currency, leverage, mode, floats, rounding, off_grid, margin_call, stop_out, pivot : optional
        As in :class:`omega_portfolio.Portfolio`.
    record : {"bar", "1d", "none"}, default "bar"
        Points of the curves that are kept. Metrics are of the whole curves in any case.
    equity_columns : {"equity", "all"}, default "equity"
        Only the equity of a point, or balance, margin and exposure as well.
    trades : bool, default True
        Keep the closed trades.
    exact : bool, default False
        Money, prices and sizes as Decimal128 instead of Float64.
    digest : bool, default False
        The digest of each run in ``final``.
    layout : {"rows", "list"}, default "rows"
        With ``list`` the equity has a row for each run, with its curve as a list over the same
        memory.
    on_error : {"record", "raise"}, default "record"
        A refused order is a row in ``rejected``, a failed run too; or the first one is raised.
    periods_per_year, risk_free_rate, mar, confidence, resample : optional
        As in :meth:`omega_portfolio.Portfolio.calculate_metrics`.
    sink : str or Path, optional
        A folder to write the tables into, part by part, in memory that does not grow. A batch
        that was killed goes on with the parts that are whole.
    sink_format : {"parquet", "ipc"}, default "parquet"
        Parquet compressed with zstd, or Arrow IPC files.
    resume : bool, default True
        Go on with what is in the folder; False removes it.
    threads : int, optional
        Threads of this process, or of each worker. Left out, one for each core, or one for each
        worker.
    executor : {"threads", "processes", "ray"} or concurrent.futures.Executor
        Who makes the runs: threads of this process, processes that are started for the batch,
        tasks of a Ray cluster (``pip install 'omega-portfolio[ray]'``), or an executor.
    workers : int, optional
        Shards at work at once, 1 to 1024. Left out, as many as there are cores for.
    shard_runs : int, optional
        Runs of a shard, which a worker makes at a time. Left out, what takes about a second.
    address : str, optional
        The Ray cluster. Left out, the one that this process is connected to, or that the
        environment names in RAY_ADDRESS, or one that is started on this machine for the batch.
    scratch : str or Path, optional
        A folder that all workers can read, for what they read; it is empty again at the end.
        Left out, that of temporary files.
    max_memory : int, optional
        Bytes that the results may take in memory; left out, the memory of the machine.
    progress : bool or callable, optional
        None: a bar after a second where somebody may look. True, False, or a callable that gets
        the number of runs that are done, and of all.
    cancel : CancelToken, optional
        Ends the batch when somebody calls its ``cancel()``.
    backend : {"auto", "rust", "python"}, optional
        As in :class:`omega_portfolio.Portfolio`.

    Returns
    -------
    BatchResult
        Its tables; frames in memory, lazy frames over the files of a sink.

    Raises
    ------
    InvalidFrame
        Columns, bars or params are refused; nothing has run.
    InvalidArgument
        A word or a type is wrong, the results do not fit into ``max_memory``, or the folder of
        the sink has other results.
    RunCancelled
        ``cancel`` was used; the whole runs are in its attribute ``result``.
    KeyboardInterrupt
        Ctrl-C; the whole runs are in its attribute ``result``, too.
    WorkerLost
        Three workers died over the same runs; the whole runs before these are in its attribute
        ``result``.
    OmegaPortfolioError
        A cell or a setting is refused, or, with ``on_error="raise"``, an order.

    Examples
    --------
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> from datetime import datetime
    >>> days = [datetime(2024, 1, day) for day in (2, 3, 4)]
    >>> prices = dict.fromkeys(("open", "high", "low", "close"), [100.0, 101.0, 99.0])
    >>> bars = pl.DataFrame({"time": days, "symbol": ["ACME"] * 3} | prices)
    >>> rows = [(days[0], "open", "long", 1.0), (days[1], "close", None, None)]
    >>> orders = pl.DataFrame(rows, ["time", "action", "side", "size"], orient="row")
    >>> result = op.run_batch(bars, orders, pl.DataFrame({"size": [10, 20]}))
    >>> result.final.select("run_id", "balance").rows()
    [(0, 99980.0), (1, 99960.0)]
    >>> result.trades.select("run_id", "size", "net_pnl").rows()
    [(0, 10.0, -20.0), (1, 20.0, -40.0)]
    """
    keep = Keep(record, equity_columns, trades, exact, digest, on_error)
    marks = _check(keep, layout, path, labels)
    check_progress(progress)
    _check_way(threads, cancel)
    places = {"address": address, "scratch": scratch}
    way = way_of(executor, threads, workers=workers, shard_runs=shard_runs, **places)
    place = _sink_of(sink, sink_format, layout, resume=resume)
    prices = _check_costs(costs)
    settings: dict[str, Any] = {
        "instruments": _several(instruments), "labels": marks, "fill": fill, "floats": floats,
        "commission": prices.commission, "slippage": prices.slippage, "swap": prices.swap,
        "initial_balance": initial_balance, "currency": currency, "leverage": leverage,
        "mode": mode, "rounding": rounding, "off_grid": off_grid, "margin_call": margin_call,
        "stop_out": stop_out, "pivot": pivot, "periods_per_year": periods_per_year,
        "risk_free_rate": risk_free_rate, "mar": mar, "confidence": confidence,
        "resample": resample,
    }  # fmt: skip
    frames = (
        taken(bars, "bars"),
        taken(orders, "orders"),
        None if params is None else taken(params, "params", marks),
    )
    options = {name: settings[name] for name in _METRIC_OPTIONS}
    work = Work(
        select(backend), frames, settings, keep, layout, memory_bound(max_memory), place, options
    )
    return work.done(path, way, cancel, progress)


def _check(keep: Keep, layout: object, path: object, labels: object) -> tuple[str, ...]:
    """Refuse wrong words and types, and give the labels."""
    for name, value, words in (
        ("path", path, PATHS),
        ("record", keep.record, ("bar", "1d", "none")),
        ("equity_columns", keep.equity_columns, ("equity", "all")),
        ("layout", layout, ("rows", "list")),
        ("on_error", keep.on_error, ("record", "raise")),
    ):
        check_word(name, value, words)
    for name in ("trades", "exact", "digest"):
        check_flag(name, getattr(keep, name))
    if (
        isinstance(labels, str)
        or not isinstance(labels, Sequence)
        or not all(isinstance(one, str) for one in labels)
    ):
        rule = "is no sequence of texts"
        raise InvalidArgument("labels", describe(labels), rule, 'pass for instance ["name"]')
    for one in labels:
        if one in CATALOGUE:
            rule = "is the name of a metric"
            raise InvalidArgument("labels", describe(one), rule, "rename the column of params")
    return tuple(labels)


def _several(instruments: object) -> tuple[Instrument, ...]:
    if isinstance(instruments, str) or not isinstance(instruments, Sequence):
        rule, remedy = "is no sequence", 'pass for instance [op.Instrument("ACME")]'
        raise InvalidArgument("instruments", describe(instruments), rule, remedy)
    for one in instruments:
        if not isinstance(one, Instrument):
            rule, remedy = "is no Instrument", 'pass for instance op.Instrument("ACME")'
            raise InvalidArgument("instrument", describe(one), rule, remedy)
    return tuple(instruments)


def check_word(name: str, value: object, words: Sequence[str]) -> None:
    """Refuse what is none of some words."""
    if not isinstance(value, str) or value not in words:
        rule = f"is none of {', '.join(words)}"
        raise InvalidArgument(name, describe(value), rule, "pass one of these words")


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise InvalidArgument(name, describe(value), "is neither True nor False", "pass a bool")


def _check_costs(costs: object) -> Costs:
    if costs is None:
        return Costs()
    if not isinstance(costs, Costs):
        rule, remedy = "is no Costs", "pass op.Costs(commission=..., slippage=..., swap=...)"
        raise InvalidArgument("costs", describe(costs), rule, remedy)
    return costs


def _check_way(threads: object, cancel: object) -> None:
    if threads is not None and (
        isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= THREADS_MAX
    ):
        rule = f"must be an int from 1 to {THREADS_MAX}, or None"
        raise InvalidArgument("threads", describe(threads), rule, "leave it out")
    if cancel is not None and not isinstance(getattr(cancel, "cancelled", None), bool):
        raise InvalidArgument("cancel", describe(cancel), "is no CancelToken", "pass one")


def _sink_of(sink: object, sink_format: object, layout: Layout, *, resume: object) -> Sink | None:
    check_word("sink_format", sink_format, tuple(ENDINGS))
    check_flag("resume", resume)
    if sink is None:
        return None
    if not isinstance(sink, str | os.PathLike):
        raise InvalidArgument("sink", describe(sink), "is no path", "name a folder")
    ending: SinkFormat = "ipc" if sink_format == "ipc" else "parquet"
    return Sink(_folder(sink), ending, layout, bool(resume))


def _folder(sink: str | os.PathLike[str]) -> Path:
    """Refuse a name that no folder can have; nobody means the working folder by an empty one."""
    try:
        name = os.fsdecode(sink)
        fine = bool(name) and "\0" not in name and bool(os.fsencode(name))
    except (TypeError, ValueError):
        fine = False
    if not fine:
        raise InvalidArgument("sink", describe(sink), "is no name of a folder", "name a folder")
    return Path(name)


__all__ = ["run_batch"]
