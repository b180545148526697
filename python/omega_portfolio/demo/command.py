"""The command ``omega-portfolio demo``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from omega_portfolio.runner import Scenario

TABLES: Final = ("orders", "activity", "fills", "cash")
"""Tables that a demonstration writes beside those of every run."""

FX_PERIODS_PER_YEAR: Final = 6240
"""Hours of 52 weeks of five days, for figures per year."""


def demo(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Trade five real US stocks (AAPL, FB, GOOG, IBM, MSFT; daily, 2000 to 2013).

    A stock is bought when the 20-day mean of its adjusted close comes above the
    50-day mean, and sold when it falls below or at a stop 10 % below the close.
    Market orders and stops are filled by the bars; commission, splits and
    dividends are booked. With --fx two currency pairs are traded instead, on
    drawn hourly bars with a spread: pending orders, stops, swaps, margin calls
    and a stop-out. The account is valued at every bar, checked against its own
    tables, and written as Parquet, with the bars beside it.

    With --sweep a thousand pairs of moving averages are tried on the stocks, each
    in an account of its own, with a page about the best and about luck.
    """
    from omega_portfolio.cli import add_common_options

    add = parser.add_argument
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--fx", action="store_true", help="two currency pairs on drawn bars")
    kinds.add_argument("--sweep", action="store_true", help="a thousand pairs of averages")
    add("--out", type=Path, help="folder for the files (out/demo, out/demo-fx, out/demo-sweep)")
    add_common_options(parser)
    return handle


def handle(options: argparse.Namespace) -> int:
    """Run the demonstration that a command line asks for."""
    if options.sweep:
        from omega_portfolio.demo.sweep_command import sweep_stocks

        return sweep_stocks(options)
    return _trade_currencies(options) if options.fx else _trade_stocks(options)


def _trade_stocks(options: argparse.Namespace) -> int:
    from omega_portfolio.data import load_us5_daily
    from omega_portfolio.demo.stocks import CONFIGURATION, RULE_TEXT, StockScenario

    bars = load_us5_daily()
    about = ("demo", RULE_TEXT, options.out or Path("out/demo"))
    return _finish(options, about, StockScenario(bars), CONFIGURATION, bars)


def _trade_currencies(options: argparse.Namespace) -> int:
    from omega_portfolio.demo.fx import CONFIGURATION, RULE_TEXT, FxScenario

    scenario = FxScenario()
    about = ("demo --fx", RULE_TEXT, options.out or Path("out/demo-fx"))
    return _finish(options, about, scenario, CONFIGURATION, scenario.frame)


def _finish(
    options: argparse.Namespace,
    about: tuple[str, Sequence[str], Path],
    scenario: Scenario,
    configuration: Mapping[str, str],
    bars: pl.DataFrame,
) -> int:
    from omega_portfolio.bookings import describe_bookings
    from omega_portfolio.cli import finish_job, make_folder
    from omega_portfolio.jobs import Job, new_portfolio

    command, rule, out = about
    portfolio = new_portfolio(configuration, capacity=scenario.times, backend=options.backend)
    job = Job(
        *(command, rule, portfolio, scenario, make_folder(out)),
        periods_per_year=FX_PERIODS_PER_YEAR if options.fx else 252,
        extra_files={"bars.arrow": _arrow(bars)},
        configuration=configuration,
        bookings=describe_bookings,
        more_tables=TABLES,
    )
    return finish_job(job, as_json=options.json)


def _arrow(bars: pl.DataFrame) -> bytes:
    """Write bars as an Arrow IPC file, the same bytes for the same bars."""
    buffer = io.BytesIO()
    bars.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


__all__ = ["demo"]
