"""The page about a sweep: the heat map, the best pairs, and what luck has to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.batch.ranking import expected_best
from omega_portfolio.demo.sweep import METRIC, RULE_TEXT
from omega_portfolio.report.page import panel
from omega_portfolio.report.style import page_style
from omega_portfolio.report.svg import escape
from omega_portfolio.report.text import moment, percent, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from omega_portfolio.batch.result import BatchResult
    from omega_portfolio.report import Plot

TABLE: Final = {
    "fast": "Fast",
    "slow": "Slow",
    "total_return": "Total return",
    "cagr": "CAGR",
    "sharpe_ratio": "Sharpe ratio",
    "max_drawdown": "Deepest drawdown",
    "trade_count": "Trades",
    "deflated_sharpe_ratio": "Deflated Sharpe",
}
"""Columns of the table of the best pairs, and their headings."""

PERCENT: Final = frozenset({"total_return", "cagr", "max_drawdown", "deflated_sharpe_ratio"})
WHOLE: Final = frozenset({"fast", "slow", "trade_count"})
OVER: Final = ("fast", "slow")


def luck_of(result: BatchResult) -> dict[str, float | int | None]:
    """Say how good the best of as many worthless rules would look, and how the best one is.

    Parameters
    ----------
    result : BatchResult
        The runs.

    Returns
    -------
    dict
        trials, best and expected_best (Sharpe ratios), deflated_sharpe_ratio of the best, and
        profitable, the part of the runs that gained.
    """
    frame = result.to_polars()
    trials = frame["sharpe_ratio"].drop_nulls().to_list()
    best = result.best("sharpe_ratio", 1)
    first = best.row(0, named=True) if best.height else {}
    gained: Any = (frame["total_return"] > 0).mean()
    return {
        "trials": len(trials),
        "best": first.get("sharpe_ratio"),
        "expected_best": expected_best(trials),
        "deflated_sharpe_ratio": first.get("deflated_sharpe_ratio"),
        "profitable": gained,
    }


def render_sweep(result: BatchResult, curve: Plot, best: pl.DataFrame, link: str) -> str:
    """Write the page.

    Parameters
    ----------
    result : BatchResult
        The runs, with the labels fast and slow.
    curve : Plot
        The equity of the best run.
    best : polars.DataFrame
        The best runs, the best one first.
    link : str
        The file with the report of the best run.

    Returns
    -------
    str
        HTML that needs nothing else.
    """
    luck = luck_of(result)
    first = best.row(0, named=True)
    pair = f"{first['fast']} and {first['slow']} days"
    sharpe = result.plot(METRIC, over=OVER)
    gain = result.plot("total_return", over=OVER)
    title = f"{len(result):,} pairs of moving averages"
    lead = f"{moment(first['start_time'])} to {moment(first['end_time'])}, five US stocks"
    more = f'<p class="note"><a href="{escape(link)}">The report of the best run</a></p>'
    panels = [
        panel("Sharpe ratio", inline(sharpe, "sharpe"), "A cell is a whole account; touch it"),
        panel("Is it luck?", _luck(luck), identifier="luck"),
        panel("The best pairs", _table(best)),
        panel(f"The best pair: {pair}", inline(curve, "curve") + more),
        panel("Total return", inline(gain, "gain")),
    ]
    rule = "<br>".join(escape(line) for line in RULE_TEXT)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{page_style()}</style>\n</head>\n<body>\n<main>\n"
        f'<header><h1>{title}</h1><p class="lead">{lead}</p><br></header>\n'
        f'<p class="strip">{rule}</p>\n<div class="panels">\n{"".join(panels)}</div>\n'
        "</main>\n</body>\n</html>\n"
    )


def inline(picture: Plot, identifier: str) -> str:
    """Place a picture that stands alone into a page, with names that are unique in it."""
    return picture.svg.replace("op-t", f"{identifier}-t").replace("op-d", f"{identifier}-d")


def _luck(luck: Mapping[str, float | int | None]) -> str:
    chance, expected, best = (
        luck[name] for name in ("deflated_sharpe_ratio", "expected_best", "best")
    )
    gained = percent(float(luck["profitable"] or 0), decimals=0)
    if chance is None or expected is None or best is None:
        return '<p class="empty">Too few runs have a Sharpe ratio.</p>'
    return (
        f"<p>The best of {luck['trials']:,} rules has a Sharpe ratio of {ratio(best)}. If none was "
        f"worth anything, and they differed by chance as much as these do, the best would be "
        f"expected to show {ratio(expected)}. The probability that the best one is better than "
        f"that (its deflated Sharpe ratio) is <b>{percent(chance, decimals=1)}</b>. "
        f"{gained} of all pairs gained: the prices of these five rose, and every rule here "
        "holds them now and then.</p>"
    )


def _table(best: pl.DataFrame) -> str:
    heads = "".join(f'<th class="num">{name}</th>' for name in TABLE.values())
    rows = "".join(
        "<tr>"
        + "".join(f'<td class="num">{_cell(name, row[name])}</td>' for name in TABLE)
        + "</tr>"
        for row in best.select(*TABLE).iter_rows(named=True)
    )
    head = f"<thead><tr>{heads}</tr></thead>"
    return f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name in WHOLE:
        return f"{value:,}"
    return percent(value) if name in PERCENT else ratio(value)


__all__ = ["luck_of", "render_sweep"]
