"""What ``omega-portfolio demo --sweep`` does: runs, a table, a proof, and a page."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.batch.command import render, shown

if TYPE_CHECKING:
    import argparse

    from omega_portfolio.batch.result import BatchResult
    from omega_portfolio.demo.sweep import Pairs

TOP: Final = 10
PAGE: Final = "report.html"
BEST: Final = "best.html"


def sweep_stocks(options: argparse.Namespace, pairs: Pairs | None = None) -> int:
    """Run the demonstration.

    Parameters
    ----------
    options : argparse.Namespace
        ``out``, ``json`` and ``backend``.
    pairs : Pairs, optional
        The pairs; a thousand when left out.

    Returns
    -------
    int
        0, or 1 when the account of the best run is not what the batch says.
    """
    from omega_portfolio.cli import Exit, make_folder
    from omega_portfolio.data import load_us5_daily
    from omega_portfolio.demo.sweep import METRIC, RULE_TEXT, sweep_pairs
    from omega_portfolio.demo.sweep_page import luck_of

    folder = make_folder(options.out or Path("out/demo-sweep"))
    bars = load_us5_daily()
    started = perf_counter()
    result = sweep_pairs(bars, pairs, backend=options.backend)
    seconds = perf_counter() - started
    best = result.best(METRIC, TOP)
    holds = _write(result, folder)
    facts: dict[str, Any] = {
        "command": "demo --sweep",
        "runs": len(result),
        "bars": bars.height,
        "seconds": round(seconds, 3),
        "rejected_orders": result.rejected.lazy().collect().height,
        "luck": luck_of(result),
        "best": shown(best, METRIC).to_dicts(),
        "proof": {"holds": holds},
        "files": [str(folder / name) for name in (PAGE, BEST, "metrics.parquet", "final.parquet")],
    }
    if options.json:
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
    else:
        verdict = "is the account of its events" if holds else "IS NOT THE ACCOUNT OF ITS EVENTS"
        text = "\n".join(RULE_TEXT) + "\n\n" + render(shown(best, METRIC))
        text += f"\n{facts['runs']:,} accounts over {bars.height:,} bars, signals included: "
        text += f"{facts['seconds']:g} s\nthe best run {verdict}\n{folder / PAGE}\n"
        sys.stdout.write(text)
    return Exit.OK if holds else Exit.CHECK_FAILED


def _write(result: BatchResult, folder: Path) -> bool:
    """Write the tables and the two pages; whether the best run is what the batch says."""
    from omega_portfolio.demo.sweep import METRIC
    from omega_portfolio.demo.sweep_page import render_sweep
    from omega_portfolio.files import replace_file

    for name, table in (("metrics", result.metrics), ("final", result.final)):
        buffer = io.BytesIO()
        table.lazy().collect().write_parquet(buffer, compression="zstd")
        replace_file(folder / f"{name}.parquet", buffer.getvalue())
    best = result.best(METRIC, TOP)
    first = best.row(0, named=True)
    # The run is made once more, as a portfolio: every column is derived again from its events.
    portfolio = result.portfolio(first["run_id"])
    portfolio.verify()
    title = f"Moving averages of {first['fast']} and {first['slow']} days"
    portfolio.report(folder / BEST, title=title)
    page = render_sweep(result, portfolio.plot(), best, BEST)
    replace_file(folder / PAGE, page.encode())
    return bool(float(portfolio.equity) == first["final_equity"])


__all__ = ["sweep_stocks"]
