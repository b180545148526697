"""The command ``omega-portfolio sweep``: thousands of runs over the same bars."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.batch.executors import NAMES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import polars as pl

    from omega_portfolio.batch.result import BatchResult
    from omega_portfolio.batch.setup import Setup
    from omega_portfolio.instrument import Instrument

SHOWN: Final = ("total_return", "sharpe_ratio", "max_drawdown", "trade_count")
"""Metrics of the table, beside the one that it is sorted by."""

WAYS: Final = ("executor", "workers", "shard_runs", "address", "scratch")
"""Arguments that say where the runs are made; a wrong one is a mistake of the command line."""

LUCK: Final = "deflated_sharpe_ratio"


def sweep(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Run many portfolios over the same bars, and show the best of them.

    Files are Parquet, Arrow IPC or CSV. Cells of CSV are read as text, so that
    decimals are exact.

      bars         time, symbol, open, high, low, close; optional: spread, or bid
                   and ask
      orders       time, action (open, close, modify, cancel, target); optional:
                   run_id, symbol, side, size, price, stop_loss, ...
      params       a row for each run; its columns replace those of the orders,
                   or settings: stop_loss_rate, size, leverage, ...

    All columns: SPEC section 20. Instead of words, a TOML file may name the files
    and the parameters:

      bars = "bars.parquet"
      orders = "orders.parquet"
      [settings]
      leverage = 2
      [grid]
      stop_loss_rate = [0.01, 0.02, 0.05]

    With --out the tables are written into a folder, part by part, in memory that
    does not grow; a sweep that was ended goes on with --resume. With --executor the
    runs are made by processes or by a Ray cluster; the tables are the same.
    """
    from omega_portfolio.cli import add_common_options

    add = parser.add_argument
    add("setup", type=Path, nargs="?", metavar="TOML", help="a file that names all of it")
    add("--bars", type=Path, metavar="FILE", help="the bars")
    add("--orders", type=Path, metavar="FILE", help="the orders")
    add("--params", type=Path, metavar="FILE", help="the runs")
    add("--instruments", type=Path, metavar="FILE", help="definitions of symbols")
    add("--labels", metavar="A,B", help="columns of params that mean nothing")
    add("--out", type=Path, metavar="DIR", help="folder for the tables")
    add("--resume", action="store_true", help="go on with what is in the folder")
    add("--best", metavar="METRIC", help="what the table is sorted by (sharpe_ratio)")
    add("--top", type=int, default=10, metavar="N", help="rows of the table (10)")
    _settings(add)
    add("--executor", choices=NAMES, help="who makes the runs (threads)")
    add("--workers", type=int, metavar="N", help="processes or tasks at once (all cores)")
    add("--threads", type=int, metavar="N", help="threads (one a core; of a worker: 1)")
    add("--address", metavar="A", help="the Ray cluster (one on this machine)")
    add("--scratch", type=Path, metavar="DIR", help="folder for what processes read")
    add("--quiet", action="store_true", help="nothing on stderr but errors")
    add_common_options(parser)
    return handle


def _settings(add: Callable[..., object]) -> None:
    paths = ("pessimistic", "optimistic", "ohlc", "olhc")
    add("--balance", dest="initial_balance", metavar="B", help="money at the start (100000)")
    add("--currency", metavar="C", help="currency of the account (USD)")
    add("--leverage", metavar="L", help="margin is cost / leverage (1)")
    add("--mode", choices=("hedging", "netting"), help="many positions a symbol, or one")
    add("--fill", choices=("next_open", "close"), help="when an order is filled (next_open)")
    add("--path", choices=paths, help="the way within a bar (pessimistic)")
    add("--commission", metavar="KIND:FIGURE[:MINIMUM]", help="of all fills, such as rate:0.001")
    add("--slippage", metavar="KIND:FIGURE", help="of market orders and stops, such as points:0.01")
    add(
        "--record", choices=("bar", "1d", "none"), help="points of the curves (bar; no --out: none)"
    )
    add("--periods-per-year", metavar="P", help="points per year, for figures per year (252)")
    add("--risk-free-rate", metavar="R", help="per year, 0.02 = 2 %% (0)")


def handle(options: argparse.Namespace) -> int:
    """Run the sweep that a command line asks for."""
    from omega_portfolio.batch.setup import check_account, read_setup
    from omega_portfolio.catalogue import CATALOGUE
    from omega_portfolio.cli import Exit, UsageError
    from omega_portfolio.errors import WorkerLost

    setup = read_setup(options)
    if setup.best not in CATALOGUE:
        raise UsageError(f"--best {setup.best}: is no metric; see omega_portfolio.Metrics")
    for name in ("top", "threads", "workers"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name} {value}: must be 1 or more")
    check_account(setup.settings, options.backend)
    _check_folder(setup, resume=options.resume)
    started = perf_counter()
    try:
        result = _run(setup, options)
    except (KeyboardInterrupt, WorkerLost) as error:
        _tell_rest(getattr(error, "result", None), setup)
        raise
    seconds = perf_counter() - started
    best = result.best(setup.best, options.top)
    facts = _facts(result, setup, seconds)
    if options.json:
        sys.stdout.write(json.dumps(_document(facts, best), indent=2) + "\n")
    else:
        sys.stdout.write(render(shown(best, setup.best)))
        if not options.quiet:
            sys.stderr.write(_summary(facts))
    return Exit.OK


def _run(setup: Setup, options: argparse.Namespace) -> BatchResult:
    from omega_portfolio.cli import UsageError
    from omega_portfolio.errors import InvalidArgument
    from omega_portfolio.files import read_source
    from omega_portfolio.market import read_instruments

    known = setup.files.get("instruments")
    read = {} if known is None else read_instruments(read_source(known))
    instruments = [instrument for _, instrument in read.values()]
    settings = dict(setup.settings)
    if setup.out is None:
        # Nobody sees a curve that is not written, and a curve is most of the work.
        settings.setdefault("record", "none")
        settings["trades"] = False
    try:
        return _batch(setup, options, settings, instruments)
    except InvalidArgument as error:
        if error.argument in WAYS:
            raise UsageError(str(error)) from error
        if error.argument == "sink":
            text = f"--out {setup.out}: {error.rule}; name another folder"
            raise UsageError(text) from error
        raise


def _batch(
    setup: Setup,
    options: argparse.Namespace,
    settings: dict[str, Any],
    instruments: list[Instrument],
) -> BatchResult:
    from omega_portfolio.batch.run import run_batch

    return run_batch(
        setup.files["bars"],
        setup.files["orders"],
        setup.files.get("params") if setup.params is None else setup.params,
        instruments=instruments,
        sink=setup.out,
        progress=False if options.quiet else None,
        backend=options.backend,
        **settings,
    )


def _check_folder(setup: Setup, *, resume: bool) -> None:
    """Refuse to go on with a sweep, or to start one in its folder, without being asked."""
    from omega_portfolio.batch.manifest import NAME
    from omega_portfolio.cli import UsageError, make_folder

    if setup.out is None:
        if resume:
            raise UsageError("--resume goes on with the folder of --out, and there is none")
        return
    if (setup.out / NAME).exists() and not resume:
        rule = "has the results of a sweep; --resume goes on with it"
        raise UsageError(f"--out {setup.out}: {rule}, or name another folder")
    make_folder(setup.out)


def _tell_rest(result: BatchResult | None, setup: Setup) -> None:
    """Say what an interrupted sweep leaves."""
    if result is None:
        return
    kept = f"in {setup.out}; --resume goes on" if setup.out is not None else "lost without --out"
    sys.stderr.write(f"omega-portfolio: {len(result):,} runs were whole, {kept}\n")


def _facts(result: BatchResult, setup: Setup, seconds: float) -> dict[str, Any]:
    import polars as pl

    failed = result.final.lazy().filter(pl.col("status") == "failed").select(pl.len()).collect()
    rows = result.rejected.lazy().filter(pl.col("row").is_not_null())
    return {
        "command": "sweep",
        "runs": len(result),
        "failed": failed.item(),
        "rejected_orders": rows.select(pl.len()).collect().item(),
        "seconds": round(seconds, 3),
        "bars": str(setup.files["bars"]),
        "orders": str(setup.files["orders"]),
        "out": None if setup.out is None else str(setup.out),
        "metric": setup.best,
    }


def _document(facts: dict[str, Any], best: pl.DataFrame) -> dict[str, Any]:
    """Give everything as JSON: exact numbers and times as text."""
    rows = [{name: _json(value) for name, value in row.items()} for row in best.to_dicts()]
    return {**facts, "best": rows}


def _json(value: object) -> object:
    from datetime import datetime, timedelta

    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def shown(best: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Choose the columns that a person reads: the run, its parameters and a few metrics.

    Parameters
    ----------
    best : polars.DataFrame
        Rows of :attr:`BatchResult.metrics`.
    metric : str
        What they are sorted by; it is among the columns.
    """
    from omega_portfolio.catalogue import CATALOGUE

    params = [name for name in best.columns if name not in CATALOGUE]
    chosen = [metric, *(name for name in SHOWN if name != metric)]
    return best.select(*params, *chosen, *([] if metric == LUCK else [LUCK]))


def render(table: pl.DataFrame) -> str:
    """Write a table in columns that line up.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.batch.command import render
    >>> print(render(pl.DataFrame({"run_id": [7], "total_return": [0.25]})), end="")
    run_id  total_return
         7       25.00 %
    """
    from omega_portfolio.catalogue import UNITS
    from omega_portfolio.display import metric_texts

    columns = []
    for name in table.columns:
        unit = UNITS.get(name)
        texts = [
            _text(cell) if unit is None or cell is None else metric_texts(cell, unit)[0]
            for cell in table[name].to_list()
        ]
        width = max(map(len, [name, *texts]))
        columns.append([text.rjust(width) for text in [name, *texts]])
    return "".join("  ".join(row).rstrip() + "\n" for row in zip(*columns, strict=True))


def _text(cell: object) -> str:
    if isinstance(cell, Decimal):
        return format(cell.normalize(), "f")
    return "" if cell is None else str(cell)


def _summary(facts: dict[str, Any]) -> str:
    parts = [f"{facts['runs']:,} runs in {facts['seconds']:g} s"]
    parts += [f"{facts['failed']:,} failed"] if facts["failed"] else []
    parts += [f"{facts['rejected_orders']:,} orders rejected"] if facts["rejected_orders"] else []
    parts += [f"tables in {facts['out']}"] if facts["out"] else []
    return "; ".join(parts) + "\n"


__all__ = ["LUCK", "SHOWN", "render", "shown", "sweep"]
