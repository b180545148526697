"""The charts of trades: every trade as a dot, by time and by how far it went against its owner.

A gain is a full dot and a loss a hollow one. A chart that has nothing to show is a sentence
(``str``) instead of a list of pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omega_portfolio.report.plane import (
    Look,
    Scale,
    Size,
    bottom,
    ends_of,
    grid,
    margin_of,
    span_of,
    value_marks,
)
from omega_portfolio.report.svg import Picture, dots
from omega_portfolio.report.text import count
from omega_portfolio.report.thin import thin_dots
from omega_portfolio.report.ticks import time_ticks, value_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from omega_portfolio.report.curves import Drawn
    from omega_portfolio.report.ticks import Tick

DOTS_MAX: Final = 1500
"""From so many trades on, one dot stands for those that would cover each other."""

DOT: Final = 7
"""Size of the cells of which one dot is drawn, in pixels."""

WIDE: Final = Size(960, 280)
HALF: Final = Size(460, 270)


def trades_chart(trades: pl.DataFrame, currency: str, sizes: Sequence[Size] = (WIDE,)) -> Drawn:
    """Draw the net profit of each trade at its exit."""
    import polars as pl

    if not trades.height:
        return "There is no closed trade."
    frame = trades.select(pl.col("exit_time").dt.epoch("us"), "net_pnl")
    first, last = frame["exit_time"].min(), frame["exit_time"].max()
    # One moment, such as that of a single trade, stands in the middle of two days.
    room = 0 if first != last else 86_400_000_000
    span = (int(first) - room, int(last) + room)  # type: ignore[arg-type]
    return [_trades(frame, currency, size, span) for size in sizes]


def _trades(frame: pl.DataFrame, currency: str, size: Size, span: tuple[int, int]) -> Picture:
    most = max(2, size.width // (90 if size.narrow else 110))
    body, number = _dots(frame, "exit_time", size, (span, time_ticks(*span, most)))
    text = f"Net profit in {currency} at the exit; {_shown(frame.height, number)}"
    return Picture(size.width, size.height, "Trades", text, body)


def excursion_chart(trades: pl.DataFrame, column: str, size: Size = HALF) -> Drawn:
    """Draw the net profit over the worst (``mae``) or best (``mfe``) result while open."""
    import polars as pl

    if not trades.height:
        return "There is no closed trade."
    name = {"mae": "Worst result while open (MAE)", "mfe": "Best result while open (MFE)"}[column]
    if column not in trades.columns:
        return f"The trades have no column {column}."
    frame = trades.select(pl.col(column), "net_pnl")
    low, high = ends_of(frame[column])
    look = Look("", "", "money", floor=0.0, ceiling=0.0)
    span = span_of(low, high, look) if low < high or low else (-1.0, 1.0)
    picture = _dots(frame, column, size, (span, value_ticks(*span, 5, "money")))
    text = f"Across: {name[0].lower()}{name[1:]}; upwards: net profit"
    return [Picture(size.width, size.height, name, text, picture[0])]


def _shown(number: int, dots_drawn: int) -> str:
    if dots_drawn == number:
        return count(number, "trade")
    return f"{dots_drawn:,} of {number:,} trades, one of those that would cover each other"


def _dots(
    frame: pl.DataFrame, x_name: str, size: Size, axis: tuple[tuple[float, float], list[Tick]]
) -> tuple[str, int]:
    """Draw dots and axes; give the elements and the number of dots."""
    import polars as pl

    (first, last), marks_below = axis
    shown = frame
    if frame.height > DOTS_MAX:
        shown = thin_dots(frame, x_name, "net_pnl", (size.width // DOT, size.height // DOT))
    look = Look("", "", "money", floor=0.0, ceiling=0.0)
    low, high = ends_of(frame["net_pnl"])
    if low == high == 0:
        low, high = -1.0, 1.0
    low, high = span_of(low, high, Look("", "", "money", floor=0.0))
    foot = size.height - 28
    marks = value_marks(low, high, foot - 10, look)
    x = Scale(first, last, margin_of(marks) + 6, size.width - 18)
    y = Scale(low, high, foot, 10)
    body = [grid(marks, y, x.start - 6, x.end + 6), bottom(marks_below, x, foot)]
    for class_, rows in (
        ("third", shown.filter(pl.col("net_pnl") == 0)),
        ("loss", shown.filter(pl.col("net_pnl") < 0)),
        ("gain", shown.filter(pl.col("net_pnl") > 0)),
    ):
        places = [
            (x(across), y(value)) for across, value in rows.select(x_name, "net_pnl").iter_rows()
        ]
        body.append(dots(places, f"dot {class_}"))
        if class_ == "loss":
            body.append(dots(places, "core"))
    return "".join(body), shown.height


__all__ = ["excursion_chart", "trades_chart"]
