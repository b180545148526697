"""The command ``omega-portfolio report``: a page about a run that was stored in a folder.

The events of the run are applied to a fresh account, and its digest must be that of the run.
So the page shows the very account that the run had, proven again, and not a copy of figures.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omega_portfolio.errors import InvalidArgument, InvalidFrame, InvalidNumber

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import polars as pl

    from omega_portfolio.portfolio import Portfolio

FILES = ("state.json", "events.parquet")


def report(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Write a report of what "run" or "demo" left in a folder.

    One HTML file that needs nothing else and no network. A name that ends in
    .svg or .png gives one picture of equity and drawdown; PNG and --interactive
    need the extra: pip install 'omega-portfolio[report]'.

      benchmark    time, and one of equity, close, price, value (or one other
                   column); Parquet, Arrow IPC or CSV
    """
    from omega_portfolio.cli import add_common_options

    add = parser.add_argument
    add("folder", type=Path, metavar="DIR", help="the folder of the run")
    add("--out", type=Path, metavar="FILE", help="the file (DIR/report.html)")
    add("--title", metavar="TEXT", help="title of the page")
    add("--benchmark", type=Path, metavar="FILE", help="levels to compare with")
    add("--periods-per-year", type=float, metavar="P", help="points per year (of the run)")
    add("--risk-free-rate", type=float, metavar="R", help="per year, 0.02 = 2 %% (of the run)")
    add("--resample", choices=("1h", "1d", "1w", "1mo"), help="keep the last point of each")
    add("--interactive", action="store_true", help="charts that can be zoomed")
    add_common_options(parser)
    return handle


def handle(options: argparse.Namespace) -> int:
    """Write the report that a command line asks for."""
    from omega_portfolio.cli import Exit, UsageError
    from omega_portfolio.report.books import read_statement
    from omega_portfolio.report.write import write_report

    state = read_state(options.folder)
    portfolio = restore(options.folder, state, options.backend)
    if portfolio.digest != state["digest"]:
        text = f"{options.folder}: the events give another digest than the run had\n"
        sys.stderr.write(f"omega-portfolio: {text}")
        return Exit.CORRUPT_STATE
    given = {"periods_per_year": options.periods_per_year, "risk_free_rate": options.risk_free_rate}
    figures = {
        name: state["metrics"][name] if value is None else value for name, value in given.items()
    }
    benchmark = None if options.benchmark is None else read_benchmark(options.benchmark)
    try:
        path = write_report(
            portfolio,
            options.out or options.folder / "report.html",
            title=options.title or title_of(state),
            benchmark=benchmark,
            resample=options.resample,
            interactive=options.interactive,
            **figures,
        )
    except (InvalidArgument, InvalidNumber) as error:
        raise UsageError(str(error)) from error
    exact = read_statement(portfolio).holds
    document = {
        "report": str(path),
        "bytes": path.stat().st_size,
        "digest": portfolio.digest,
        "sums_hold": exact,
    }
    verdict = "every sum is exact to the last unit" if exact else "A SUM DOES NOT HOLD"
    text = f"{path}: {document['bytes']:,} bytes; {verdict}\n"
    sys.stdout.write(json.dumps(document, indent=2) + "\n" if options.json else text)
    return Exit.OK if exact else Exit.CHECK_FAILED


def read_state(folder: Path) -> dict[str, Any]:
    """Read the document of a run.

    Raises
    ------
    InvalidFrame
        It is not there, or is no document of a run.
    """
    path = folder / "state.json"
    remedy = "name the --out folder of omega-portfolio run or demo"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        rule = f"cannot be read: {error.strerror or error}"
        raise InvalidFrame(str(path), "(no data)", rule, remedy) from None
    except ValueError as error:
        raise InvalidFrame(str(path), "(no JSON)", f"is no JSON: {error}", remedy) from None
    needed = ("configuration", "metrics", "digest", "command")
    missing = [name for name in needed if not isinstance(state, dict) or name not in state]
    if missing:
        rule = f"has no {', '.join(missing)}"
        raise InvalidFrame(str(path), "(another document)", rule, remedy)
    return dict(state)


def restore(folder: Path, state: dict[str, Any], backend: str | None) -> Portfolio:
    """Apply the stored events to a fresh account.

    Raises
    ------
    OmegaPortfolioError
        A file is damaged, or an event is refused.
    """
    from omega_portfolio.files import read_source
    from omega_portfolio.jobs import new_portfolio

    portfolio = new_portfolio(state["configuration"], backend=backend)
    portfolio.apply(read_source(folder / "events.parquet").frame)
    return portfolio


def read_benchmark(path: Path) -> pl.DataFrame:
    """Read levels from a file; those of CSV are text, and become times and exact decimals."""
    import polars as pl

    from omega_portfolio.file_columns import decimal_column, time_column
    from omega_portfolio.files import expect_columns, read_source

    source = read_source(path)
    expect_columns(source, ("time",))
    frame = source.frame.with_columns(time_column(source, "time").alias("time"))
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    named = [name for name in ("equity", "close", "price", "value") if name in texts]
    for name in named or texts[:1]:
        frame = frame.with_columns(decimal_column(source, name).alias(name))
    return frame


def title_of(state: dict[str, Any]) -> str:
    """Name a run: its command and its symbols."""
    symbols = state.get("input", {}).get("symbols", [])
    names = ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")
    return f"omega-portfolio {state['command']}: {names}" if names else "Portfolio report"


__all__ = ["report"]
