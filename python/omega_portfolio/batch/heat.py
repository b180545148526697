"""A heat map: one metric over two parameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from omega_portfolio.batch.axis import cells_of
from omega_portfolio.report.plane import CHARACTER, ends_of
from omega_portfolio.report.svg import Picture, element, escape, label, number
from omega_portfolio.report.text import percent, short_money, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from omega_portfolio.report.ticks import Kind

WIDTH: Final = 960
SHADES: Final = 10
ROW_MIN: Final = 9.0
ROW_MAX: Final = 40.0
HEIGHT: Final = 460.0
TEXT_WIDTH: Final = 40.0
"""A cell that is narrower has no number in it, and the pointer tells."""


def heat_map(
    cells: pl.DataFrame, columns: Sequence[str], texts: tuple[str, str], kind: Kind
) -> Picture:
    """Draw a cell for each pair of parameters.

    Parameters
    ----------
    cells : polars.DataFrame
        Two parameters and ``value``, a row for each pair.
    columns : sequence of str
        The parameter from left to right, and that from bottom to top.
    texts : (str, str)
        Title and subtitle.
    kind : {"money", "percent", "number"}
        What the values are.

    Returns
    -------
    Picture
        Gains and losses in their colours when the metric has both signs, otherwise one colour
        that is stronger for more.
    """
    import polars as pl

    (at_x, names_x), (at_y, names_y) = (cells_of(cells[name]) for name in columns)
    placed = (
        pl.DataFrame({"x": at_x, "y": at_y, "value": cells["value"]})
        .group_by("x", "y", maintain_order=True)
        .agg(pl.col("value").mean())
    )
    longest = max(len(name) for name in names_y)
    left = 14 + CHARACTER * max(longest, 3)
    width = (WIDTH - left - 16) / len(names_x)
    row = min(max(HEIGHT / len(names_y), ROW_MIN), ROW_MAX)
    top, height = 24.0, row * len(names_y)
    strong, both = _range_of(placed["value"])
    shapes: dict[tuple[str, int], list[str]] = {}
    written, tips = [], []
    for x, y, value in placed.iter_rows():
        corner = (left + x * width, top + height - (y + 1) * row)
        path = f"M{number(corner[0])} {number(corner[1])}h{number(width)}v{number(row)}"
        shapes.setdefault(_shade(value, strong, both=both), []).append(f"{path}h{number(-width)}z")
        text = cell_text(value, kind)
        if width >= TEXT_WIDTH and row >= 18 and len(text) * CHARACTER < width:
            middle = (corner[0] + width / 2, corner[1] + row / 2 + 4)
            written.append(label(*middle, text, "ink middle"))
        else:
            tips.append(_tip(corner, (width, row), f"{names_x[x]}, {names_y[y]}: {text}"))
    body = [label(4, 14, columns[1], "ink")]
    body.extend(
        element(
            "path",
            d="".join(paths),
            class_=f"{'cell ' if width > 8 and row > 8 else ''}fill {colour}",
            fill_opacity=f"{0.05 + 0.75 * depth / SHADES:.2f}",
        )
        for (colour, depth), paths in sorted(shapes.items())
    )
    body.extend(written)
    body.extend(tips)
    body.append(_names(names_x, (left, width), top + height + 16))
    step = max(1, math.ceil(13 / row))
    for place in range(0, len(names_y), step):
        y = top + height - (place + 0.5) * row + 4
        body.append(label(left - 6, y, names_y[place], "end"))
    body.append(label(WIDTH - 16, top + height + 34, columns[0], "ink end"))
    low, high = (cell_text(one, kind) for one in ends_of(placed["value"]))
    subtitle = f"{texts[1]}; from {low} to {high}"
    return Picture(WIDTH, top + height + 42, texts[0], subtitle, "".join(body))


def _names(names: Sequence[str], place: tuple[float, float], y: float) -> str:
    """Write the texts below the map; one that would touch the one before it is left out."""
    left, width = place
    parts, free = [], -math.inf
    for index, name in enumerate(names):
        at, half = left + (index + 0.5) * width, CHARACTER * len(name) / 2
        if at - half < free + 8:
            continue
        parts.append(label(at, y, name, "middle"))
        free = at + half
    return "".join(parts)


def _range_of(values: pl.Series) -> tuple[tuple[float, float], bool]:
    """Give the ends of the colours, and whether there are two of them."""
    low, high = ends_of(values)
    if low < 0 < high:
        return (0.0, max(-low, high)), True
    return (low, high), False


def _shade(value: float, ends: tuple[float, float], *, both: bool) -> tuple[str, int]:
    """Give colour and depth of a cell."""
    low, high = ends
    if both:
        return ("gain" if value >= 0 else "loss"), math.ceil(SHADES * abs(value) / high)
    part = 1.0 if high == low else (value - low) / (high - low)
    return "accent", 1 + round((SHADES - 1) * part)


def cell_text(value: float, kind: Kind) -> str:
    """Write the value of a cell.

    Examples
    --------
    >>> from omega_portfolio.batch.heat import cell_text
    >>> cell_text(0.1234, "percent"), cell_text(1.23456, "number"), cell_text(12500, "money")
    ('12.3 %', '1.23', '12.5k')
    """
    if kind == "percent":
        return percent(value, decimals=1)
    if kind == "money":
        return short_money(value)
    size = abs(value)
    if 0 < size < 0.005:
        return signed(f"{value:.1g}")
    return signed(f"{value:,.{0 if size >= 1000 else 1 if size >= 100 else 2}f}")


def _tip(corner: tuple[float, float], size: tuple[float, float], text: str) -> str:
    """Draw what cannot be seen and tells the value under the pointer."""
    return element(
        "rect",
        element("title", escape(text)),
        x=corner[0],
        y=corner[1],
        width=size[0],
        height=size[1],
        fill_opacity="0",
    )


__all__ = ["cell_text", "heat_map"]
