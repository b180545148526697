"""Charts that can be zoomed and a styled table of metrics: the extra ``omega-portfolio[report]``.

The scripts are inside the page, so it works offline as the static one does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from omega_portfolio.report.extra import need
from omega_portfolio.report.page import sentence
from omega_portfolio.report.style import LIGHT
from omega_portfolio.report.tables import metric_name, metric_text
from omega_portfolio.report.thin import thin_line

if TYPE_CHECKING:
    import polars as pl

    from omega_portfolio.report.content import Content

Look: TypeAlias = "tuple[str, str, str, int]"
"""Column, title, name of a colour, and height of a chart."""

COLUMNS: Final = 400
"""Columns of points in a line: M4 leaves at most four points in each."""

PACKAGES: Final = ("altair", "vl_convert", "great_tables")


def need_all() -> None:
    """Import the packages of the extra, before any work is done."""
    for name in PACKAGES:
        need(name, "interactive", "True")


def charts(content: Content) -> str:
    """Write equity, drawdown and rolling figures as linked charts with their scripts.

    Parameters
    ----------
    content : Content
        Figures of the report.

    Returns
    -------
    str
        Markup: an element, and the script that fills it.
    """
    altair = need("altair", "interactive", "True")
    curve = content.curve
    if not curve.drawable:
        from omega_portfolio.report.curves import no_line

        return sentence(no_line(curve))
    keep = [row for row in (curve.peak, curve.valley) if row is not None]
    looks = [("equity", f"Equity, {content.currency}", "accent", 260)]
    if "benchmark" in curve.frame.columns:
        looks.append(("benchmark", "Benchmark, rebased", "muted", 120))
    looks.append(("drawdown", "Drawdown", "loss", 130))
    parts = [_chart(altair, thin_line(curve.frame, look[0], COLUMNS, keep), look) for look in looks]
    if content.rolling is not None:
        for name, colour in (("sharpe_ratio", "accent"), ("volatility", "second")):
            look = (name, f"{metric_name(name)}, {content.window:,} periods", colour, 120)
            parts.append(_chart(altair, thin_line(content.rolling, name, COLUMNS), look))
    whole = altair.vconcat(*(part for part in parts if part is not None))
    # The axes of time are one axis, so that a zoom of one chart is a zoom of all.
    whole = whole.resolve_scale(x="shared").configure_view(strokeWidth=0)
    whole = whole.configure(font="system-ui, sans-serif", background=LIGHT["paper"])
    markup: str = whole.to_html(
        inline=True, fullhtml=False, output_div="charts", embed_options={"actions": False}
    )
    return f'<div class="scroll white"><div id="charts"></div></div>{_without_div(markup)}'


def _without_div(markup: str) -> str:
    """Leave out the empty element that stands before the script; the page has its own."""
    start = markup.find("<div id=")
    if start < 0:
        return markup
    end = markup.index("</div>", start) + len("</div>")
    return markup[:start] + markup[end:]


def _chart(altair: Any, points: pl.DataFrame, look: Look) -> Any:  # noqa: ANN401
    """Draw one column; rows are short, because they are text in the page."""
    name, title, colour, height = look
    if not points.height:
        return None
    rows = [
        {"t": at / 1000, "y": float(f"{value:.9g}")}
        for at, value in points.select("time", name).iter_rows()
    ]
    zoom = altair.selection_interval(name=f"zoom_{name}", bind="scales", encodings=["x"])
    kind = "%" if name in {"drawdown", "volatility"} else "~s"
    scale = altair.Scale(zero=name in {"drawdown", "volatility"})
    values = altair.Y("y:Q").title(title).axis(format=kind).scale(scale)
    base = altair.Chart(altair.Data(values=rows), width=820, height=height)
    line = {"color": LIGHT[colour], "strokeWidth": 1.3}
    mark = (
        base.mark_area(line=line, color=LIGHT[colour], opacity=0.15)
        if name == "drawdown"
        else base.mark_line(**line)
    )
    tips = [
        altair.Tooltip("t:T", title="time, UTC", format="%Y-%m-%d %H:%M"),
        altair.Tooltip("y:Q", title=title),
    ]
    across = altair.X("t:T").title(None).scale(altair.Scale(type="utc"))
    return mark.encode(x=across, y=values, tooltip=tips).add_params(zoom)


def metrics_table(content: Content) -> str:
    """Write all metrics as a table of great_tables, in groups."""
    import polars as pl

    from omega_portfolio.metric_values import Metrics

    tables = need("great_tables", "interactive", "True")
    rows = [
        {
            "group": Metrics.definition(name).group,
            "metric": metric_name(name),
            "value": metric_text(name, value),
            "definition": Metrics.definition(name).formula,
        }
        for name, value in content.metrics.items()
    ]
    table = (
        tables.GT(pl.DataFrame(rows), rowname_col="metric", groupname_col="group")
        .cols_align("right", columns="value")
        .tab_options(table_font_size="13px", table_width="100%")
    )
    markup: str = table.as_raw_html(inline_css=False)
    return f'<div class="scroll white">{markup}</div>'


__all__ = ["charts", "metrics_table", "need_all"]
