"""How objects look in a terminal and in a notebook.

HTML carries no colours or fonts of its own: lines are half-transparent grey and everything
else is inherited, so that it reads on light and on dark pages, and offline.
"""

from __future__ import annotations

import datetime
import html
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from omega_portfolio.metric_values import MetricValue
    from omega_portfolio.types import Table

EDGE_ROWS: Final = 5
"""Rows shown at each end of a table that is too long to show whole."""

_STYLE: Final = (
    "<style>"
    ".omega-portfolio{border-collapse:collapse;color:inherit;background:transparent}"
    ".omega-portfolio caption{text-align:left;padding:0 0 4px;opacity:.75}"
    ".omega-portfolio th,.omega-portfolio td{padding:2px 10px;text-align:right;"
    "white-space:pre;border-bottom:1px solid rgba(128,128,128,.35)}"
    ".omega-portfolio th span{display:block;font-weight:normal;opacity:.65}"
    ".omega-portfolio .text{text-align:left!important}"
    "</style>"
)

# Tables side by side, as many as the page has room for.
_ROW_OF_TABLES: Final = "display:flex;flex-wrap:wrap;align-items:flex-start;gap:16px 32px"


def table_repr(table: Table) -> str:
    """Give a table as text: its shape and what Polars shows of it.

    Parameters
    ----------
    table : Table
        Any table of this package, of any length.

    Returns
    -------
    str
        A few lines; the display options of Polars are respected.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> text = repr(op.Portfolio(1000).get_ledger())
    >>> text.splitlines()[0]
    'Table: 0 rows x 8 columns'
    """
    import polars as pl

    frame = table.to_polars()
    with pl.Config(tbl_hide_dataframe_shape=True):
        return f"Table: {_shape(frame)}\n{frame}"


def table_html(table: Table) -> str:
    """Give a table as HTML: shape, names, types, and the first and last rows.

    Parameters
    ----------
    table : Table
        Any table of this package, of any length.

    Returns
    -------
    str
        One ``<div>``; every text of the table is escaped.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> markup = op.Portfolio(1000).get_ledger()._repr_html_()
    >>> "0 rows x 8 columns" in markup
    True
    """
    frame = table.to_polars()
    whole = frame.height <= 2 * EDGE_ROWS
    head = frame if whole else frame.head(EDGE_ROWS)
    rows: list[list[object]] = [list(row) for row in head.iter_rows()]
    if not whole:
        rows.append(["…"] * frame.width)
        rows.extend(list(row) for row in frame.tail(EDGE_ROWS).iter_rows())
    headers = [(name, type_name(kind)) for name, kind in frame.schema.items()]
    return rows_html(f"Table: {_shape(frame)}", headers, rows)


def rows_html(
    caption: str, headers: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]
) -> str:
    """Give rows of values as HTML.

    Parameters
    ----------
    caption : str
        The line above the rows.
    headers : sequence of (str, str)
        Name and type of each column; an empty type is left out.
    rows : iterable of sequences
        Values in the order of the columns.

    Returns
    -------
    str
        One ``<div>``; captions, names and values are escaped.
    """
    cells = "".join(
        f"<th>{html.escape(name)}{f'<span>{html.escape(kind)}</span>' if kind else ''}</th>"
        for name, kind in headers
    )
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<div>{_STYLE}{_table(caption, f'<thead><tr>{cells}</tr></thead>', body)}</div>"


def metric_texts(value: MetricValue, unit: str) -> tuple[str, str]:
    """Give a metric as people read it.

    Parameters
    ----------
    value : Decimal, float, int, bool, datetime, timedelta or None
        The metric.
    unit : str
        Its unit.

    Returns
    -------
    (str, str)
        The value and what is left to say of the unit: a fraction is shown in percent, a float
        with six significant digits, money in full.

    Examples
    --------
    >>> from omega_portfolio.display import metric_texts
    >>> metric_texts(-0.123456, "fraction per year"), metric_texts(1.5, "ratio")
    (('-12.35 %', 'per year'), ('1.5', 'ratio'))
    """
    if unit == "time":
        return value_text(value), "UTC"
    if unit in ("seconds", "flag"):
        # A duration names its own units, and True and False have none.
        return value_text(value), ""
    if unit.startswith("fraction"):
        return _percent(value), unit.removeprefix("fraction").strip()
    if isinstance(value, float):
        return f"{value:.6g}", unit
    if isinstance(value, Decimal | int):
        return format(value, ",f" if isinstance(value, Decimal) else ","), unit
    return value_text(value), unit


def metrics_html(title: str, groups: Mapping[str, Mapping[str, MetricValue]]) -> str:
    """Give metrics as HTML: a table for each group; a name tells its formula under the pointer.

    Parameters
    ----------
    title : str
        The line above the tables.
    groups : mapping of str to mapping
        Metrics by group and name.

    Returns
    -------
    str
        One ``<div>``; every text is escaped.
    """
    from omega_portfolio.catalogue import CATALOGUE

    tables = []
    for group, values in groups.items():
        rows = []
        for name, value in values.items():
            text, unit = metric_texts(value, CATALOGUE[name].unit)
            tip = html.escape(CATALOGUE[name].formula)
            head = f'<td class="text" title="{tip}">{html.escape(name)}</td>'
            rows.append(
                f"<tr>{head}<td>{html.escape(text)}</td>"
                f'<td class="text">{html.escape(unit)}</td></tr>'
            )
        tables.append(_table(group, "", "".join(rows)))
    return (
        f"<div>{_STYLE}<div>{html.escape(title)}</div>"
        f'<div style="{_ROW_OF_TABLES}">{"".join(tables)}</div></div>'
    )


def _table(caption: str, head: str, body: str) -> str:
    return (
        f'<table class="omega-portfolio"><caption>{html.escape(caption)}</caption>'
        f"{head}<tbody>{body}</tbody></table>"
    )


def _percent(value: MetricValue) -> str:
    """Give a fraction in percent, with four significant digits at least."""
    if not isinstance(value, float):
        return value_text(value)
    percent = 100 * value
    if not 1e-4 <= abs(percent) < 1e9:
        return f"{percent:.4g} %"
    decimals = max(0, 3 - math.floor(math.log10(abs(percent))))
    return f"{percent:,.{decimals}f} %"


def value_text(value: object) -> str:
    """Give one value as people read it.

    Parameters
    ----------
    value : object
        A value of a table or a metric.

    Returns
    -------
    str
        A Decimal without exponent and without trailing zeros, a float by its shortest text, a
        moment as ``YYYY-MM-DD HH:MM:SS`` in UTC, anything else by ``str``.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from omega_portfolio.display import value_text
    >>> value_text(Decimal("8.350000000000000000"))
    '8.35'
    """
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    return str(value)


def type_name(kind: pl.DataType) -> str:
    """Give the short name of a Polars type.

    Parameters
    ----------
    kind : polars.DataType
        The type of a column.

    Returns
    -------
    str
        Such as ``f64``, ``u64``, ``text``, ``decimal(38, 18)``, ``duration[us]`` or
        ``time[us, UTC]``; the name that Polars gives for types that no table here has.
    """
    import polars as pl

    if isinstance(kind, pl.Decimal):
        return f"decimal({kind.precision}, {kind.scale})"
    if isinstance(kind, pl.Datetime):
        return f"time[{kind.time_unit}, {kind.time_zone}]"
    if isinstance(kind, pl.Duration):
        return f"duration[{kind.time_unit}]"
    names = {pl.Float64(): "f64", pl.UInt64(): "u64", pl.Int32(): "i32", pl.String(): "text"}
    return names.get(kind, str(kind))


def _shape(frame: pl.DataFrame) -> str:
    return f"{frame.height:,} rows x {frame.width} columns"


def _cell(value: object) -> str:
    start = '<td class="text">' if isinstance(value, str) else "<td>"
    return f"{start}{html.escape(value_text(value))}</td>"


__all__ = [
    "metric_texts",
    "metrics_html",
    "rows_html",
    "table_html",
    "table_repr",
    "type_name",
    "value_text",
]
