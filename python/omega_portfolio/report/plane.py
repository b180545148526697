"""The plane of a chart: scales, grid lines, texts of the axes, and lines over time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from omega_portfolio.report.svg import Picture, element, fine, label, line, trail
from omega_portfolio.report.thin import NARROW_COLUMNS, WIDE_COLUMNS, thin_line
from omega_portfolio.report.ticks import Kind, Tick, log_ticks, time_ticks, value_ticks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

CHARACTER: Final = 6.7
"""Width of a digit in the texts of the axes, in pixels."""

PAD: Final = 0.04
"""Room above the highest and below the lowest value, as part of the height."""


@dataclass(frozen=True, slots=True)
class Size:
    """The room a picture has; ``narrow`` is for a telephone."""

    width: int
    height: int
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from ``low`` to ``high`` on the pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Give the pixel of a value."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log10(value), math.log10(low), math.log10(high)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Series:
    """A line over time: a column of a frame, its name and its class of colour."""

    column: str
    name: str
    class_: str
    area: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a chart of lines is besides its lines.

    Attributes
    ----------
    title, text : str
        What it is, and a sentence about what it shows.
    kind : {"money", "percent", "number"}
        What its values are.
    log : bool
        A logarithmic axis; all values are above 0.
    floor, ceiling : float or None
        Values that are in the picture in any case, without room beyond them.
    spots : sequence of (int, float, str)
        Moments and values to mark, with a text.
    """

    title: str
    text: str
    kind: Kind = "money"
    log: bool = False
    floor: float | None = None
    ceiling: float | None = None
    spots: Sequence[tuple[int, float, str]] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Columns over time, with no more points than a picture has pixels for.

    Attributes
    ----------
    start, end : int
        First and last moment, in microseconds.
    points : mapping of str to polars.DataFrame
        ``time``, the column and ``part``, for each column.
    keep : sequence of int
        Moments that stay in any case.
    """

    start: int
    end: int
    points: Mapping[str, pl.DataFrame]
    keep: Sequence[int] = ()

    def narrow(self, column: str) -> pl.DataFrame:
        """Give the points of a column for a narrow picture."""
        points = self.points[column]
        kept = points["time"].is_in(list(self.keep)).arg_true().to_list()
        return thin_line(points, column, NARROW_COLUMNS, kept)


def lines_of(frame: pl.DataFrame, columns: Sequence[str], keep: Sequence[int] = ()) -> Lines:
    """Thin columns of a frame; the rows ``keep`` stay in any case."""
    times = frame["time"]
    points = {name: thin_line(frame, name, WIDE_COLUMNS, keep) for name in columns}
    return Lines(int(times[0]), int(times[-1]), points, [int(times[row]) for row in keep])


def span_of(low: float, high: float, look: Look) -> tuple[float, float]:
    """Give the ends of the axis of values: some room around the values."""
    if look.log:
        factor = (high / low) ** PAD
        return low / factor, high * factor
    if look.floor is not None:
        low = min(low, look.floor)
    if look.ceiling is not None:
        high = max(high, look.ceiling)
    if low == high:
        room = abs(low) * 0.01 or 1.0
        return low - room, high + room
    room = (high - low) * PAD
    at_floor, at_ceiling = low == look.floor, high == look.ceiling
    return (low if at_floor else low - room), (high if at_ceiling else high + room)


def ends_of(values: pl.Series) -> tuple[float, float]:
    """Give the lowest and the highest of some numbers; there is one or more."""
    low, high = values.min(), values.max()
    return float(low), float(high)  # type: ignore[arg-type]


def value_marks(low: float, high: float, height: float, look: Look) -> list[Tick]:
    """Choose the marks of the axis of values."""
    most = max(3, int(height / 34))
    if look.log:
        marks = log_ticks(low, high, max(4, int(height / 28)), look.kind)
        if len(marks) >= 2:
            return marks
    return value_ticks(low, high, most, look.kind)


def margin_of(marks: Sequence[Tick]) -> float:
    """Give the room at the left that the texts of the axis need."""
    return 14 + CHARACTER * max((len(mark.label) for mark in marks), default=1)


def grid(marks: Sequence[Tick], y: Scale, left: float, right: float) -> str:
    """Draw the lines of the values, the one at zero stronger, and write their texts."""
    parts = []
    for mark in marks:
        at = y(mark.at)
        parts.append(line(left, at, right, at, "axis" if mark.at == 0 else "grid"))
        parts.append(label(left - 8, at + 4, mark.label, "end"))
    return "".join(parts)


def bottom(marks: Sequence[Tick], x: Scale, y: float) -> str:
    """Draw the axis at the bottom with its marks and texts; a text that is too near is left out."""
    parts = [line(x.start, y, x.end, y, "axis")]
    free = -math.inf
    for mark in marks:
        at, half = x(mark.at), CHARACTER * len(mark.label) / 2
        parts.append(line(at, y, at, y + 4, "axis"))
        if at - half < free + 6 or at + half > x.end + 14:
            continue
        parts.append(label(at, y + 18, mark.label, "middle"))
        free = at + half
    return "".join(parts)


def legend(names: Sequence[tuple[str, str]], left: float) -> str:
    """Write the names of the lines in a row above the plane."""
    parts = []
    for name, class_ in names:
        parts.append(line(left, 11, left + 18, 11, f"line {class_}"))
        parts.append(label(left + 24, 15, name))
        left += 24 + CHARACTER * len(name) + 22
    return "".join(parts)


def line_chart(lines: Lines, series: Sequence[Series], size: Size, look: Look) -> Picture:
    """Draw lines over time.

    Parameters
    ----------
    lines : Lines
        The points of each column, with two moments or more.
    series : sequence of Series
        The lines, the last one on top.
    size : Size
        The room.
    look : Look
        Everything else.

    Returns
    -------
    Picture
        With no more points than there are pixels for.
    """
    chosen = lines.narrow if size.narrow else lines.points.__getitem__
    drawn = [(one, chosen(one.column)) for one in series]
    drawn = [(one, points) for one, points in drawn if points.height]
    values = [value for one, points in drawn for value in ends_of(points[one.column])]
    low, high = span_of(min(values), max(values), look)
    top, foot = (30 if len(series) > 1 else 10), size.height - 28
    marks = value_marks(low, high, foot - top, look)
    left = max(margin_of(marks), 40 if size.narrow else 56)
    x = Scale(lines.start, lines.end, left, size.width - 16)
    y = Scale(low, high, foot, top, look.log)
    body = [grid(marks, y, left, x.end)]
    most = max(2, int((x.end - x.start) / (74 if size.narrow else 96)))
    body.append(bottom(time_ticks(lines.start, lines.end, most), x, foot))
    base = y(min(max(0.0, low), high)) if not look.log else foot
    body.extend(_draw(one, points, (x, y), base) for one, points in drawn)
    body.extend(_spot(spot, (x, y), size) for spot in look.spots)
    if len(series) > 1:
        body.append(legend([(one.name, one.class_) for one in series], left))
    return Picture(size.width, size.height, look.title, look.text, "".join(body))


def _draw(one: Series, points: pl.DataFrame, scales: tuple[Scale, Scale], base: float) -> str:
    x, y = scales
    lines, areas = [], []
    for part in points.partition_by("part", maintain_order=True):
        places = [(x(at), y(value)) for at, value in part.select("time", one.column).iter_rows()]
        lines.append(trail(places))
        areas.append(trail(places, base))
    area = fine("".join(areas), f"area {one.class_}") if one.area else ""
    return area + fine("".join(lines), f"line {one.class_}")


def _spot(spot: tuple[int, float, str], scales: tuple[Scale, Scale], size: Size) -> str:
    at, value, text = spot
    x, y = scales[0](at), scales[1](value)
    mark = element("circle", cx=x, cy=y, r=4, class_="spot")
    if not text:
        return mark
    left = x > size.width - CHARACTER * len(text) - 24
    return mark + label(
        x - 9 if left else x + 9, y + 1, text, "ink halo end" if left else "ink halo"
    )


__all__ = [
    "CHARACTER",
    "Lines",
    "Look",
    "Scale",
    "Series",
    "Size",
    "bottom",
    "ends_of",
    "grid",
    "line_chart",
    "lines_of",
    "margin_of",
    "span_of",
    "value_marks",
]
