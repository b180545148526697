"""The tables of the report as HTML: drawdowns, trades by group, metrics, sums."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.report.books import fees_of, sums_of, trade_facts
from omega_portfolio.report.svg import escape
from omega_portfolio.report.text import (
    DASH,
    MINUS,
    count,
    duration,
    moment,
    money,
    percent,
    ratio,
    rounded_money,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

    from omega_portfolio.report.books import Sum
    from omega_portfolio.report.content import Content

GROUP_ROWS: Final = 15
"""Rows of a group in the page; of more, those with the largest results."""

WEEKDAYS: Final = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# How values that are no floats are written; a flag is an integer too, so it comes first.
_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    bool: lambda flag: "yes" if flag else "no",
    int: lambda number: f"{number:,}",
    Decimal: money,
    datetime: moment,
    timedelta: duration,
}
_NAMES: Final = {
    "cagr": "CAGR",
    "sqn": "SQN",
    "sqn_100": "SQN, at most 100 trades",
    "sqn_uses_risk": "SQN uses the initial risk",
    "average_mae": "Average MAE",
    "average_mfe": "Average MFE",
    "worst_mae": "Worst MAE",
    "expectancy_r": "Expectancy, in R",
    "r_squared": "R squared",
}
_COLUMNS: Final = (
    ("sample", "returns", "risk"),
    ("drawdown", "benchmark", "exposure"),
    ("trades",),
)
"""The groups of metrics in three columns of about the same length."""

_TITLES: Final = {"sample": "Sample", "risk": "Risk and reward", "exposure": "Exposure and costs"}


def metric_name(name: str) -> str:
    """Give the name of a metric for people."""
    return _NAMES.get(name) or name.replace("_", " ").capitalize().replace("sharpe", "Sharpe")


def metric_text(name: str, value: Any) -> str:  # noqa: ANN401 - a metric of any kind.
    """Write the value of a metric; exact money in full."""
    from omega_portfolio.metric_values import Metrics

    if value is None:
        return DASH
    if not isinstance(value, float):
        return next(write(value) for kind, write in _WRITERS.items() if isinstance(value, kind))
    unit = Metrics.definition(name).unit
    if unit.startswith("fraction"):
        return percent(value)
    return rounded_money(Decimal(value)) if "currency" in unit else ratio(value)


def table(caption: str, heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> str:
    """Write a table: its first column names the rows.

    Parameters
    ----------
    caption : str
        The line above, as text; may be empty.
    heads : sequence of (str, bool)
        Name of each column, and whether it holds numbers.
    rows : iterable of sequences of str
        Markup of the cells.
    """
    top = f"<caption>{escape(caption)}</caption>" if caption else ""
    classes = [' class="num"' if is_number else "" for _, is_number in heads]
    cells = "".join(
        f'<th scope="col"{class_}>{escape(name)}</th>'
        for (name, _), class_ in zip(heads, classes, strict=True)
    )
    body = "".join(_row(row, classes) for row in rows)
    return f"<table>{top}<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _row(row: Sequence[str], classes: Sequence[str]) -> str:
    first = f'<th scope="row"{classes[0] or " class=text"}>{row[0]}</th>'
    rest = zip(row[1:], classes[1:], strict=True)
    return f"<tr>{first}{''.join(f'<td{class_}>{cell}</td>' for cell, class_ in rest)}</tr>"


def coloured(text: str, value: float | Decimal) -> str:
    """Give a number the colour of a gain or a loss."""
    class_ = "gain" if value > 0 else "loss" if value < 0 else ""
    return f'<span class="{class_}">{text}</span>' if class_ else text


def drawdown_table(content: Content) -> str:
    """Write the deepest falls, one per row."""
    rows = []
    for rank, row in enumerate(content.drawdowns.iter_rows(named=True), start=1):
        recovery = row["recovery_time"]
        rows.append(
            [
                str(rank),
                coloured(percent(row["depth"]), row["depth"]),
                rounded_money(row["amount"]),
                moment(row["peak_time"]),
                moment(row["valley_time"]),
                "not recovered" if recovery is None else moment(recovery),
                duration(row["duration"]),
            ]
        )
    heads = [("No.", False), ("Depth", True), (f"Amount, {content.currency}", True)]
    heads += [("Peak", True), ("Valley", True), ("Recovery", True), ("Duration", True)]
    return f'<div class="scroll">{table("", heads, rows)}</div>'


def group_table(key: str, frame: pl.DataFrame, currency: str) -> str:
    """Write the analysis of the trades by one key."""
    import polars as pl

    caption, shown = f"By {key}", frame
    if frame.height > GROUP_ROWS:
        size = pl.col("net_pnl").abs()
        places = frame.select(size.arg_sort(descending=True).head(GROUP_ROWS)).to_series()
        shown = frame[places.sort()]
        caption = f"By {key}: the {GROUP_ROWS} of {frame.height:,} with the largest results"
    heads = [(key.capitalize(), False), ("Trades", True), ("Win rate", True)]
    heads += [(f"Net profit, {currency}", True), ("Fees", True), ("Profit factor", True)]
    heads += [("Expectancy", True), ("Average win", True), ("Average loss", True)]
    heads += [("Average time", True)]
    rows = [_group_row(key, row) for row in shown.iter_rows(named=True)]
    return f'<div class="scroll">{table(caption, heads, rows)}</div>'


def _group_row(key: str, row: dict[str, Any]) -> list[str]:
    def amount(name: str) -> str:
        value = row[name]
        return DASH if value is None else rounded_money(Decimal(value))

    name = WEEKDAYS[row[key]] if key == "weekday" else str(row[key])
    factor = row["profit_factor"]
    return [
        escape(name) or '<span class="muted">(none)</span>',
        f"{row['trade_count']:,}",
        percent(row["win_rate"], decimals=1),
        coloured(rounded_money(row["net_pnl"]), row["net_pnl"]),
        rounded_money(row["fees"]),
        DASH if factor is None else ratio(factor),
        amount("expectancy"),
        amount("average_win"),
        amount("average_loss"),
        duration(row["average_duration"]),
    ]


def metrics_tables(content: Content) -> str:
    """Write every metric, a table for each group, with its definition under the pointer."""
    from omega_portfolio.metric_values import Metrics

    groups: dict[str, list[str]] = {}
    words = []
    for name, value in content.metrics.items():
        definition = Metrics.definition(name)
        told = f"{definition.formula}. {definition.convention}".strip()
        tip = escape(f"{name} = {definition.formula}")
        text = escape(metric_text(name, value))
        head = f'<th scope="row"><abbr title="{tip}">{escape(metric_name(name))}</abbr></th>'
        row = f'<tr>{head}<td class="num" data-metric="{escape(name)}">{text}</td></tr>'
        groups.setdefault(definition.group, []).append(row)
        nothing = f" Not defined: {definition.null_rule}." if definition.null_rule else ""
        words.append(
            f"<div><dt>{escape(metric_name(name))} "
            f'<span class="code muted">{escape(name)}</span></dt>'
            f"<dd>{escape(told)}{escape(nothing)}</dd></div>"
        )
    hidden = {"benchmark"} if content.options.benchmark is None else set()
    columns = []
    for names in _COLUMNS:
        shown = [name for name in names if name in groups and name not in hidden]
        columns.append("".join(_group(name, groups[name]) for name in shown))
    tables = "".join(f"<div>{column}</div>" for column in columns)
    return (
        f'<div class="groups">{tables}</div><details><summary>Definitions of all metrics'
        f'</summary><dl class="words">{"".join(words)}</dl></details>'
    )


def _group(name: str, rows: Sequence[str]) -> str:
    title = escape(_TITLES.get(name, name.capitalize()))
    return (
        f'<div class="group"><table><caption>{title}</caption><tbody>{"".join(rows)}</tbody>'
        "</table></div>"
    )


def sums_block(content: Content) -> str:
    """Write the sums of the account, each with its verdict."""
    statement = content.statement
    if statement is None:
        facts = trade_facts(content.metrics)
        rows = "".join(
            f'<div class="sum"><span class="term"><span class="name">{escape(name)}</span>'
            f"{money(amount)} {escape(content.currency)}</span></div>"
            for name, amount in facts
        )
        note = "A history has no ledger, so there is no account to prove."
        return f'<div class="sums">{rows}</div><p class="note">{note}</p>'
    rows = "".join(sum_row(one) for one in sums_of(statement))
    fees = f"Fees charged: {money(-fees_of(statement))} {escape(content.currency)}"
    number = (
        f"{count(statement.ledger.height, 'posting')}, {count(statement.trades.height, 'trade')}"
    )
    return f'<div class="sums">{rows}</div><p class="note">{fees}; {number}.</p>'


def sum_row(one: Sum) -> str:
    """Write one sum."""
    parts = []
    for index, (name, amount) in enumerate(one.terms):
        if index and not amount and len(one.terms) > 2:
            continue
        sign = (MINUS if amount < 0 else "+") if index else ""
        text = money(amount).removeprefix(MINUS) if index else money(amount)
        parts.append(_term(sign, name, text))
    parts.append(_term("=", one.name, money(one.total)))
    verdict = '<span class="verdict holds">exact</span>'
    if not one.holds:
        verdict = '<span class="verdict fails">DOES NOT HOLD</span>'
    return f'<div class="sum">{"".join(parts)}{verdict}</div>'


def _term(sign: str, name: str, text: str) -> str:
    mark = f'<span class="sign">{sign}</span> ' if sign else ""
    return f'<span class="term"><span class="name">{escape(name)}</span>{mark}{text}</span>'


__all__ = [
    "coloured",
    "drawdown_table",
    "group_table",
    "metric_name",
    "metric_text",
    "metrics_tables",
    "sum_row",
    "sums_block",
    "table",
]
