"""The charts of a curve: equity, fall below the peak, rolling figures, exposure.

A chart is drawn for one or more sizes. One that has nothing to show is a sentence (``str``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from omega_portfolio.report.plane import (
    Lines,
    Look,
    Series,
    Size,
    legend,
    line_chart,
    lines_of,
)
from omega_portfolio.report.svg import Picture, element, stack
from omega_portfolio.report.text import percent, short_money

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from omega_portfolio.report.source import Curve
    from omega_portfolio.report.ticks import Kind

Sizes: TypeAlias = "Sequence[Size]"
Drawn: TypeAlias = "list[Picture] | str"
"""A picture for each size, or a sentence."""

LOG_RANGE: Final = 10
"""Highest over lowest equity from which the axis is logarithmic."""

RUINED: Final = "The equity was not always above 0, so returns are not defined."

WINDOW_MIN: Final = 5
WINDOWS_MIN: Final = 3
"""Rolling figures need so many periods in a window, and so many windows in the history."""

ROLLING_TITLE: Final = "Rolling Sharpe ratio and volatility"
_ROLLING: Final = (
    Series("sharpe_ratio", "Sharpe ratio", "accent"),
    Series("volatility", "Volatility, per year", "second"),
)

WIDE: Final = Size(960, 320)
WIDE_LOW: Final = Size(960, 210)
NARROW: Final = Size(380, 240, narrow=True)
NARROW_LOW: Final = Size(380, 170, narrow=True)


def no_line(curve: Curve) -> str:
    """Say why there is no line over time."""
    if not curve.frame.height:
        return "There is no equity point, so there is nothing to draw."
    return "All points are at one moment, and a line needs two."


def equity_chart(curve: Curve, currency: str, sizes: Sizes = (WIDE,)) -> Drawn:
    """Draw the equity, and the benchmark when there is one."""
    if not curve.drawable:
        return no_line(curve)
    frame, values = curve.frame, curve.frame["equity"]
    series = [Series("equity", "Equity", "accent", area=True)]
    low, high = values.min(), values.max()
    if "benchmark" in frame.columns:
        series.insert(0, Series("benchmark", "Benchmark, rebased to the start", "third dashed"))
        low = min(low, frame["benchmark"].min())  # type: ignore[type-var]
        high = max(high, frame["benchmark"].max())  # type: ignore[type-var]
    log = bool(low > 0 and high / low > LOG_RANGE)  # type: ignore[operator]
    text = (
        f"From {short_money(values[0])} to {short_money(values[-1])} {currency}"
        f"{', logarithmic axis' if log else ''}"
    )
    return _all(curve, series, sizes, Look("Equity", text, log=log))


def drawdown_chart(curve: Curve, sizes: Sizes = (WIDE_LOW,)) -> Drawn:
    """Draw the fall below the highest equity so far."""
    if not curve.drawable:
        return no_line(curve)
    if curve.frame["drawdown"].null_count():
        return "The first equity is not above 0, so a fall has no fraction."
    if curve.valley is None:
        return "The equity never fell below an earlier point."
    row = curve.valley
    at, depth = curve.frame["time"][row], curve.frame["drawdown"][row]
    look = Look(
        "Drawdown",
        f"Deepest fall {percent(depth)}",
        "percent",
        ceiling=0.0,
        spots=[(at, depth, percent(depth))],
    )
    return _all(curve, [Series("drawdown", "Drawdown", "loss", area=True)], sizes, look)


def _all(curve: Curve, series: list[Series], sizes: Sizes, look: Look) -> list[Picture]:
    """Thin once and draw for every size."""
    lines = curve.lines(*(one.column for one in series))
    return [line_chart(lines, series, size, look) for size in sizes]


def window_of(periods: int, periods_per_year: float) -> int | None:
    """Choose the window of rolling figures: a quarter of a year, or a third of the history.

    Returns
    -------
    int or None
        Periods; None when the history is too short.

    Examples
    --------
    >>> from omega_portfolio.report.curves import window_of
    >>> window_of(3270, 252), window_of(60, 252), window_of(3, 252)
    (63, 20, None)
    """
    longest = periods // WINDOWS_MIN
    window = min(max(round(min(periods_per_year, 4e9) / 4), WINDOW_MIN), longest)
    return window if window >= WINDOW_MIN else None


def rolling_chart(
    rolling: pl.DataFrame | None, window: int | None, sizes: Sizes = (WIDE,)
) -> Drawn:
    """Draw the rolling Sharpe ratio above the rolling volatility."""
    if rolling is None or window is None:
        return f"Rolling figures need {WINDOW_MIN * WINDOWS_MIN} periods or more."
    there = [one for one in _ROLLING if rolling[one.column].count()]
    if not there:
        return "The rolling figures are not defined in any window of this history."
    lines = lines_of(rolling, [one.column for one in there])
    text = f"Over a moving window of {window:,} periods"
    return [
        stack([_plane(lines, one, size) for one in there], ROLLING_TITLE, text) for size in sizes
    ]


def _plane(lines: Lines, one: Series, size: Size) -> Picture:
    """Draw one of two planes that stand below each other, with its name above it."""
    half = Size(size.width, size.height * 5 // 8, size.narrow)
    kind: Kind = "number" if one.column == "sharpe_ratio" else "percent"
    picture = line_chart(lines, [one], half, Look(one.name, "", kind, floor=0.0))
    body = legend([(one.name, one.class_)], 8)
    body += element("g", picture.body, transform="translate(0 18)")
    return Picture(picture.width, picture.height + 18, one.name, "", body)


def exposure_chart(curve: Curve, sizes: Sizes = (WIDE_LOW,)) -> Drawn:
    """Draw gross and net exposure and margin as parts of the equity."""
    if not curve.drawable:
        return no_line(curve)
    names = {
        "margin": ("Margin", "third dashed"),
        "net": ("Net exposure", "second"),
        "gross": ("Gross exposure", "accent"),
    }
    frame = curve.frame
    there = {name: look for name, look in names.items() if name in frame.columns}
    there = {name: look for name, look in there.items() if frame[name].count()}
    if not there:
        return "The equity rows have no column of exposure or margin."
    if all(frame[name].max() == frame[name].min() == 0 for name in there):
        return "No position was open at any point."
    series = [
        Series(name, title, class_, area=name == "gross") for name, (title, class_) in there.items()
    ]
    highest = max(frame[name].max() for name in there)  # type: ignore[type-var]
    text = f"Parts of the equity; the highest is {percent(highest)}"  # type: ignore[arg-type]
    return _all(curve, series, sizes, Look("Exposure", text, "percent", floor=0.0))


def overview(curve: Curve, currency: str) -> Drawn:
    """Draw equity and drawdown below each other: the report as one picture."""
    equity = equity_chart(curve, currency)
    if isinstance(equity, str):
        return equity
    fall = drawdown_chart(curve)
    parts, text = equity, equity[0].text
    if not isinstance(fall, str):
        parts, text = [*equity, *fall], f"{text}; {fall[0].text.lower()}"
    return [stack(parts, "Equity and drawdown", text)]


__all__ = [
    "NARROW",
    "NARROW_LOW",
    "RUINED",
    "WIDE",
    "WIDE_LOW",
    "Drawn",
    "drawdown_chart",
    "equity_chart",
    "exposure_chart",
    "no_line",
    "overview",
    "rolling_chart",
    "window_of",
]
