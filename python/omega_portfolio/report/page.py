"""The page: head, key figures, panels, one file without anything from outside."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from omega_portfolio.report import bars, curves, scatter
from omega_portfolio.report.books import sums_of, symbol_results
from omega_portfolio.report.style import page_style
from omega_portfolio.report.svg import escape
from omega_portfolio.report.tables import (
    coloured,
    drawdown_table,
    group_table,
    metric_text,
    metrics_tables,
    sums_block,
)
from omega_portfolio.report.text import (
    DASH,
    MINUS,
    count,
    duration,
    moment,
    money,
    percent,
    rounded_money,
    short_money,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omega_portfolio.report.content import Content
    from omega_portfolio.report.curves import Drawn

TILE_LENGTH: Final = 14
TALL: Final = (curves.WIDE, curves.NARROW)
LOW: Final = (curves.WIDE_LOW, curves.NARROW_LOW)
OPEN_GROUPS: Final = ("side", "symbol")
"""Tables of trades that are open; the others open with a click."""


def render_page(content: Content, interactive: str = "", metrics: str = "") -> str:
    """Write the page.

    Parameters
    ----------
    content : Content
        Everything that is shown.
    interactive, metrics : str
        Markup that stands in place of the pictures of the curve and of the tables of metrics.

    Returns
    -------
    str
        HTML.
    """
    panels = [
        *_curve_panels(content, interactive),
        *_return_panels(content, interactive),
        *_trade_panels(content),
        _sums_panel(content),
        panel("All metrics", metrics or metrics_tables(content), class_="long", identifier="all"),
    ]
    title = escape(content.title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{page_style()}</style>\n</head>\n<body>\n<main>\n"
        f"{_head(content)}\n{_tiles(content)}\n{_strip(content)}\n"
        f'<div class="panels">\n{"".join(panels)}</div>\n{_foot()}\n</main>\n</body>\n</html>\n'
    )


def panel(title: str, body: str, note: str = "", class_: str = "", identifier: str = "") -> str:
    """Write one panel."""
    name = f' id="{identifier}"' if identifier else ""
    under = f'<p class="note">{note}</p>' if note else ""
    return (
        f'<section class="{f"panel {class_}".strip()}"{name}><h2>{escape(title)}</h2>'
        f"{under}{body}</section>\n"
    )


def sentence(text: str) -> str:
    """Write why there is nothing to see."""
    return f'<p class="empty">{escape(text)}</p>'


def drawn(identifier: str, pictures: Drawn) -> tuple[str, str]:
    """Place a picture, the one for wide and the one for narrow screens; give its text too."""
    if isinstance(pictures, str):
        return sentence(pictures), ""
    classes = ("",) if len(pictures) == 1 else ("wide", "narrow")
    parts = [
        picture.inline(f"{identifier}{class_[:1]}", class_)
        for picture, class_ in zip(pictures, classes, strict=True)
    ]
    return "".join(parts), escape(pictures[0].text)


def _facts(pairs: Sequence[tuple[str, str]]) -> str:
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in pairs)


def _head(content: Content) -> str:
    metrics, options = content.metrics, content.options
    start, end = metrics["start_time"], metrics["end_time"]
    period = "no equity point" if start is None else f"{moment(start)} to {moment(end)}"
    mar = options.risk_free_rate if options.mar is None else options.mar
    pairs = [
        ("Points", f"{content.curve.frame.height:,}"),
        ("Currency", escape(content.currency)),
        ("Backend", escape(content.backend)),
        ("Periods per year", f"{float(options.periods_per_year):,g}"),
        ("Risk-free rate", percent(float(options.risk_free_rate))),
        ("Minimum acceptable return", percent(float(mar))),
        ("Tail", percent(float(options.confidence))),
        ("Resampling", escape(options.resample or "none")),
        ("Benchmark", "none" if options.benchmark is None else "yes"),
        (_digest_name(content), f'<span class="code">{content.digest}</span>'),
    ]
    length = "" if start is None or start == end else f", {duration(end - start)}"
    return (
        f'<header><h1>{escape(content.title)}</h1><p class="lead">{period}{length}</p>'
        f'<dl class="facts">{_facts(pairs)}</dl></header>'
    )


def _digest_name(content: Content) -> str:
    return "Data fingerprint" if content.statement is None else "Digest of all events"


def _tiles(content: Content) -> str:
    metrics, currency = content.metrics, escape(content.currency)
    net, start = metrics["net_profit"], metrics["initial_equity"]
    from_text = "" if start is None else f"{currency}, from {_tile_money(start)}"
    valley = metrics["max_drawdown_valley_time"]
    wins = f"{metrics['winning_trade_count']:,} of {count(metrics['trade_count'], 'trade')}"
    costs = metrics["total_commission"]
    short = "less than one year of data" if metrics["short_sample"] else "per year, calendar"
    tiles = [
        ("Net profit", DASH if net is None else coloured(_tile_money(net), net), from_text),
        _tile(content, "Total return", "total_return", "of the first equity", sign=True),
        _tile(content, "CAGR", "cagr", short, sign=True),
        _tile(content, "Volatility", "volatility", "per year"),
        _tile(content, "Sharpe ratio", "sharpe_ratio", "annualised"),
        _tile(
            content,
            "Deepest drawdown",
            "max_drawdown",
            "no fall" if valley is None else f"valley {moment(valley)}",
        ),
        _tile(content, "Sortino ratio", "sortino_ratio", "annualised"),
        _tile(content, "Calmar ratio", "calmar_ratio", "CAGR / drawdown"),
        _tile(content, "Win rate", "win_rate", wins),
        _tile(
            content,
            "Profit factor",
            "profit_factor",
            "" if costs is None else f"fees {_tile_money(costs)} {currency}",
        ),
    ]
    cells = "".join(
        f'<div class="tile"><dt>{name}</dt><dd class="big">{value}</dd>'
        f'<dd class="small">{note}</dd></div>'
        for name, value, note in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def _tile_money(value: Decimal) -> str:
    """Write an amount with two decimals, or in short where that is too long for a tile."""
    text = rounded_money(value)
    return text if len(text) <= TILE_LENGTH else short_money(float(value))


def _tile(
    content: Content, title: str, name: str, note: str, *, sign: bool = False
) -> tuple[str, str, str]:
    value = content.metrics[name]
    text = escape(metric_text(name, value))
    if value is not None and (sign or name == "max_drawdown"):
        text = coloured(percent(value, plus=sign), value)
    return title, text, note


def _strip(content: Content) -> str:
    """Write the first sum of the account in one line."""
    statement = content.statement
    if statement is None:
        return ""
    sums = sums_of(statement)
    held = sum(one.holds for one in sums)
    sign, size = (MINUS if statement.unrealized < 0 else "+"), abs(statement.unrealized)
    verdict = f"{held} of {len(sums)} sums exact to the last unit"
    class_ = "holds" if held == len(sums) else "fails"
    return (
        f'<p class="strip">Balance {money(statement.balance)} {sign} unrealized '
        f"{money(Decimal(size))} = equity {money(statement.equity)} {escape(content.currency)} "
        f'&nbsp; <a class="{class_}" href="#sums">{verdict}</a></p>'
    )


def _curve_panels(content: Content, interactive: str) -> list[str]:
    curve = content.curve
    if interactive:
        panels = [panel("Equity, drawdown and rolling figures", interactive)]
    else:
        equity, text = drawn("equity", curves.equity_chart(curve, content.currency, TALL))
        fall, fall_text = drawn("fall", curves.drawdown_chart(curve, LOW))
        panels = [
            panel("Equity", equity, text),
            panel("Drawdown", fall, fall_text and f"{fall_text} below the highest equity so far"),
        ]
    if content.drawdowns.height:
        number = content.metrics["drawdown_count"]
        note = f"The deepest {content.drawdowns.height} of {number:,}" if number > 1 else ""
        body = drawdown_table(content)
    else:
        note, body = "", sentence("There is no fall below an earlier point.")
    return [*panels, panel("Worst drawdowns", body, note)]


def _return_panels(content: Content, interactive: str) -> list[str]:
    monthly, yearly, curve = content.monthly, content.yearly, content.curve
    ruined = content.metrics["ruined"]
    if ruined:
        months = years = shape = (sentence(curves.RUINED), "")
    else:
        months = drawn("months", bars.monthly_map(monthly, yearly, (bars.WIDE, curves.NARROW)))
        years = drawn("years", bars.yearly_bars(yearly))
        tail = (content.metrics["value_at_risk"], content.metrics["expected_shortfall"])
        shape = drawn("shape", bars.histogram(curve.returns(), tail))
    panels = [
        panel("Monthly returns", *months),
        panel("Yearly returns", *years, class_="half"),
        panel("Distribution of returns", *shape, class_="half"),
    ]
    if not interactive:
        rolling = (sentence(curves.RUINED), "")
        if not ruined:
            rolling = drawn("rolling", curves.rolling_chart(content.rolling, content.window, TALL))
        panels.append(panel("Rolling Sharpe ratio and volatility", *rolling))
    exposure = drawn("exposure", curves.exposure_chart(curve, LOW))
    return [*panels, panel("Exposure and margin", *exposure)]


def _trade_panels(content: Content) -> list[str]:
    trades, currency = content.trades, content.currency
    if not trades.height:
        empty = panel("Trades", sentence("There is no closed trade."))
        return [empty, *_symbol_panel(content)]
    dots = scatter.trades_chart(trades, currency, (scatter.WIDE, curves.NARROW))
    panels = [panel("Trades", *drawn("trades", dots))]
    for column, title in (("mae", "Against: MAE"), ("mfe", "In favour: MFE")):
        picture = drawn(column, scatter.excursion_chart(trades, column))
        panels.append(panel(title, *picture, class_="half"))
    panels.extend(_symbol_panel(content))
    opened = [
        group_table(key, content.groups[key], currency)
        for key in OPEN_GROUPS
        if key in content.groups
    ]
    closed = [
        f"<details><summary>By {key}</summary>{group_table(key, frame, currency)}</details>"
        for key, frame in content.groups.items()
        if key not in OPEN_GROUPS
    ]
    body = f'<div class="tables">{"".join([*opened, *closed])}</div>'
    if not content.groups:
        body = sentence("The trades have no columns of fees and excursions to group.")
    return [*panels, panel("Trades by group", body)]


def _symbol_panel(content: Content) -> list[str]:
    statement = content.statement
    positions = None if statement is None else statement.positions
    results = symbol_results(content.trades, positions)
    if not results:
        return []
    pictures = bars.symbol_bars(results, content.currency, (bars.WIDE, curves.NARROW))
    return [panel("Profit by symbol", *drawn("symbols", pictures))]


def _sums_panel(content: Content) -> str:
    code = (
        f'<p class="note">{_digest_name(content)}: <span class="code">{content.digest}</span></p>'
    )
    title = "Accounting" if content.statement is None else "Accounting, to the last unit"
    return panel(title, sums_block(content) + code, identifier="sums")


def _foot() -> str:
    from omega_portfolio import __version__

    return (
        f"<footer>omega-portfolio {escape(str(__version__))}. Times are UTC. Pictures are thinned "
        "to their pixels; figures and tables come from all rows.</footer>"
    )


__all__ = ["drawn", "panel", "render_page", "sentence"]
