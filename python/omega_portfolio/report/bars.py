"""The charts of returns and results: heat map of months, bars of years, distribution, symbols.

A chart that has nothing to show is a sentence (``str``) instead of a list of pictures.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from omega_portfolio.report.plane import (
    CHARACTER,
    Look,
    Scale,
    Size,
    bottom,
    grid,
    margin_of,
    span_of,
    value_marks,
)
from omega_portfolio.report.svg import Picture, element, escape, label, line, number
from omega_portfolio.report.text import count, percent, short_money, signed
from omega_portfolio.report.ticks import MONTHS, Tick, nice_step, value_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from omega_portfolio.report.curves import Drawn

YEARS_MAX: Final = 40
"""Years in a picture; of a longer history it has the last ones, and says so."""

SYMBOLS_EACH: Final = 15
"""Best and worst symbols in the picture; the others are one bar."""

BINS: Final = 40
SAMPLE: Final = 20_000
"""So many returns tell how wide the bins are; all of them are counted."""

NAME_LENGTH: Final = 18
SHADES: Final = 10
BAR_WIDTH: Final = 72
SYMBOL_ROW: Final = 23.0

WIDE: Final = Size(960, 0)
HALF: Final = Size(460, 270)


def monthly_map(
    monthly: pl.DataFrame, yearly: pl.DataFrame, sizes: Sequence[Size] = (WIDE,)
) -> Drawn:
    """Draw a cell for every month, a row for every year, and the year at its end."""
    if not monthly.height:
        return "There is no month with a return."
    return [_map(monthly, yearly, size) for size in sizes]


def _map(monthly: pl.DataFrame, yearly: pl.DataFrame, size: Size) -> Picture:
    years = yearly["year"].to_list()[-YEARS_MAX:]
    left, row, top = (34.0, 22.0, 22.0) if size.narrow else (52.0, 27.0, 26.0)
    width = (size.width - left - 2) / 13.3
    class_ = "middle tiny" if size.narrow else "middle"
    names = [*(name[0] if size.narrow else name for name in MONTHS), "Year"]
    centre = [left + width * (column + 0.5 + 0.3 * (column == 12)) for column in range(13)]
    heads = "".join(label(centre[at], 14, name) for at, name in enumerate(names))
    cells = {(year, month): value for year, month, value in monthly.iter_rows()}
    cells |= {(year, 13): value for year, value in yearly.iter_rows()}
    strong = [_strength(monthly["return"]), _strength(yearly["return"])]
    shapes: dict[tuple[str, int], list[str]] = {}
    rows = []
    for index, year in enumerate(years):
        y = top + index * row
        texts = [label(left - 8, y + row / 2 + 4, str(year), "end")]
        for month in range(1, 14):
            value = cells.get((year, month))
            if value is None:
                continue
            path = f"M{number(centre[month - 1] - width / 2)} {number(y)}"
            path += f"h{number(width)}v{row:g}h{number(-width)}z"
            shapes.setdefault(_shade(value, strong[month == 13]), []).append(path)
            text = escape(_cell_text(value, size))
            texts.append(element("tspan", text, x=centre[month - 1], y=y + row / 2 + 4))
        rows.append(texts[0] + element("text", "".join(texts[1:]), class_="ink"))
    body = [
        element(
            "path",
            d="".join(paths),
            class_=f"cell fill {colour}",
            fill_opacity=f"{0.05 + 0.5 * depth / SHADES:.2f}",
        )
        for (colour, depth), paths in sorted(shapes.items())
    ]
    body.append(element("g", heads + "".join(rows), class_=class_))
    cut = f"; the last {YEARS_MAX} of {yearly.height:,} years" if yearly.height > YEARS_MAX else ""
    text = f"Percent, compounded over each calendar month (UTC){cut}"
    height = top + row * len(years) + 4
    return Picture(size.width, height, "Monthly returns", text, "".join(body))


def _strength(values: pl.Series) -> float:
    """Give the size of a return that has the full colour: all but the largest tenth are below."""
    size = values.abs().quantile(0.9, "linear")
    return float(size or values.abs().max() or 1.0)  # type: ignore[arg-type]


def _shade(value: float, strong: float) -> tuple[str, int]:
    """Give colour and depth of a cell."""
    if not value:
        return "third", 0
    return "gain" if value > 0 else "loss", math.ceil(SHADES * min(1.0, abs(value) / strong))


def _cell_text(value: float, size: Size) -> str:
    """Write percent with a sign; with a decimal while there is room for it."""
    if abs(value) >= 100:
        return signed(f"{100 * value:.0e}", plus=True)
    whole = abs(value) >= (0.0995 if size.narrow else 9.995)
    return signed(f"{100 * value:,.{0 if whole else 1}f}", plus=True)


def yearly_bars(yearly: pl.DataFrame, size: Size = HALF) -> Drawn:
    """Draw a bar for the return of every year."""
    if not yearly.height:
        return "There is no year with a return."
    shown = yearly.tail(YEARS_MAX)
    values = shown["return"].to_list()
    look = Look("", "", "percent", floor=0.0, ceiling=0.0)
    low, high = span_of(min(values), max(values), look)
    few = len(values) <= 12
    if few and max(values) > 0:
        high += (high - low) * 0.06
    if few and min(values) < 0:
        low -= (high - low) * 0.06
    foot = size.height - 26
    marks = value_marks(low, high, foot - 10, look)
    x, y = Scale(0, len(values), margin_of(marks), size.width - 10), Scale(low, high, foot, 10)
    body = [grid(marks, y, x.start, x.end)]
    for index, (year, value) in enumerate(shown.iter_rows()):
        texts = (f"{year}: {percent(value, plus=True)}", signed(f"{100 * value:,.1f}", plus=True))
        body.append(_bar((x(index), x(index + 1)), (y(0), y(value)), value, texts[0]))
        if few:
            above = y(value) - 5 if value >= 0 else y(value) + 14
            body.append(label(x(index + 0.5), above, texts[1], "ink middle small"))
    step = max(1, math.ceil(len(values) * 40 / (x.end - x.start)))
    years = [
        Tick(index + 0.5, str(year))
        for index, year in enumerate(shown["year"])
        if (len(values) - 1 - index) % step == 0
    ]
    body.append(bottom(years, x, foot))
    cut = f"; the last {YEARS_MAX} of {yearly.height:,}" if yearly.height > YEARS_MAX else ""
    ends = "the first and the last may be parts" if yearly.height > 1 else "it may be a part"
    text = f"{count(yearly.height, 'calendar year')}{cut}; {ends}"
    return [Picture(size.width, size.height, "Yearly returns", text, "".join(body))]


def _bar(
    xs: tuple[float, float], ys: tuple[float, float], value: float, tip: str, gap: float = 0.14
) -> str:
    """Draw an upright bar from one height to another, with a text for the pointer."""
    middle, width = (xs[0] + xs[1]) / 2, (xs[1] - xs[0]) * (1 - 2 * gap)
    width = min(max(width, 0.8), BAR_WIDTH)
    return element(
        "rect",
        element("title", escape(tip)),
        x=middle - width / 2,
        y=min(ys),
        width=width,
        height=max(abs(ys[1] - ys[0]), 0.6),
        class_=f"fill {'loss' if value < 0 else 'gain'}",
    )


def histogram(
    returns: pl.Series, tail: tuple[float | None, float | None], size: Size = HALF
) -> Drawn:
    """Draw how often returns occur, with the value at risk and the expected shortfall.

    Parameters
    ----------
    returns : polars.Series
        One per period, all finite.
    tail : (float or None, float or None)
        Value at risk and expected shortfall.
    size : Size
        The room.
    """
    if len(returns) < 2:
        return "A distribution needs two returns or more."
    some = returns.gather_every(-(-len(returns) // SAMPLE))
    ends = [float(some.quantile(q, "linear") or 0.0) for q in (0.001, 0.999)]
    marks = [value for value in tail if value is not None and math.isfinite(value)]
    low, high = min([*ends, *marks]), max([*ends, *marks])
    # Returns that differ by less than their rounding are one bar.
    flat = high - low <= 1e-9 * max(abs(low), abs(high))
    step = abs(high) or 0.001 if flat else nice_step(high - low, BINS)
    first, last = math.floor(low / step + 1e-9), max(math.ceil(high / step - 1e-9) - 1, 0)
    last = max(last, first)
    bins = (returns / step + 1e-9).floor().clip(first, last).cast(int)
    counts = dict(bins.value_counts().iter_rows())
    heights = [counts.get(index, 0) for index in range(first, last + 1)]
    foot = size.height - 28
    look = Look("", "", "number", floor=0.0)
    top = span_of(0, max(heights), look)[1]
    ticks = [tick for tick in value_marks(0, top, foot - 30, look) if tick.at == int(tick.at)]
    x = Scale(first * step, (last + 1) * step, margin_of(ticks), size.width - 12)
    y = Scale(0, top, foot, 34)
    body = [grid(ticks, y, x.start, x.end)]
    for index, height in enumerate(heights, start=first):
        if height:
            edges = (index * step, (index + 1) * step)
            tip = f"{percent(edges[0])} to {percent(edges[1])}: {count(height, 'period')}"
            body.append(_bar((x(edges[0]), x(edges[1])), (foot, y(height)), index, tip, 0.05))
    body.append(bottom(value_ticks(x.low, x.high, 6, "percent"), x, foot))
    body.append(_tail(tail, x, foot))
    text = f"{count(len(returns), 'return')}; the outermost bars also hold what lies beyond them"
    return [Picture(size.width, size.height, "Distribution of returns", text, "".join(body))]


def _tail(tail: tuple[float | None, float | None], x: Scale, foot: float) -> str:
    """Mark the two figures of the tail; their texts stand in two rows above the bars."""
    parts = []
    for value, name, y, side in ((tail[0], "VaR", 12.0, 1), (tail[1], "ES", 27.0, -1)):
        if value is None or not x.low <= value <= x.high:
            continue
        at = x(value)
        parts.append(line(at, y - 8, at, foot, "line third dashed"))
        text = f"{name} {percent(value)}"
        # The shortfall is never right of the value at risk, so the texts stand apart.
        left = side < 0 and at > CHARACTER * len(text)
        place, class_ = (at - 5, "ink small end") if left else (at + 5, "ink small")
        parts.append(label(place, y, text, class_))
    return "".join(parts)


def symbol_bars(
    results: Sequence[tuple[str, float]], currency: str, sizes: Sequence[Size] = (WIDE,)
) -> Drawn:
    """Draw the result of each symbol; of many, the best and the worst.

    Parameters
    ----------
    results : sequence of (str, float)
        Symbols with their results.
    currency : str
        For the text.
    sizes : sequence of Size
        The widths.
    """
    if not results:
        return "There is no trade and no open position."
    ranked = sorted(results, key=lambda row: (-row[1], row[0]))
    rows = ranked
    if len(ranked) > 2 * SYMBOLS_EACH + 1:
        others = ranked[SYMBOLS_EACH:-SYMBOLS_EACH]
        rest = (f"{len(others):,} others", math.fsum(value for _, value in others))
        rows = [*ranked[:SYMBOLS_EACH], rest, *ranked[-SYMBOLS_EACH:]]
    cut = f"; the best and the worst {SYMBOLS_EACH}" if len(rows) < len(ranked) else ""
    text = f"{currency}, closed and open positions after fees, {count(len(ranked), 'symbol')}{cut}"
    height = SYMBOL_ROW * len(rows) + 4
    return [
        Picture(size.width, height, "Profit by symbol", text, _symbols(rows, currency, size))
        for size in sizes
    ]


def _symbols(rows: Sequence[tuple[str, float]], currency: str, size: Size) -> str:
    row, width = SYMBOL_ROW, size.width
    longest = max(min(len(name), NAME_LENGTH) for name, _ in rows)
    low, high = min(0.0, *(value for _, value in rows)), max(0.0, *(value for _, value in rows))
    if low == high:
        high = 1.0
    room = 64.0
    left = 16 + CHARACTER * 1.1 * longest + (room if low < 0 else 0)
    x = Scale(low, high, left, width - (room if high > 0 else 12))
    body = [line(x(0), 0, x(0), row * len(rows), "axis")]
    for index, (name, value) in enumerate(rows):
        y = index * row
        short = name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
        body.append(label(6, y + 16, short or "(none)", "ink"))
        tip = element("title", escape(f"{name}: {short_money(value, plus=True)} {currency}"))
        shape = {"x": min(x(0), x(value)), "y": y + 4, "height": row - 8}
        shape["width"] = max(abs(x(value) - x(0)), 0.8)
        class_ = "loss" if value < 0 else "gain"
        body.append(element("rect", tip, **shape, rx=2, class_=f"fill {class_}"))
        side = "end" if value < 0 else ""
        at = x(value) + (-6 if value < 0 else 6)
        body.append(label(at, y + 16, short_money(value, plus=True), side))
    return "".join(body)


__all__ = ["HALF", "histogram", "monthly_map", "symbol_bars", "yearly_bars"]
