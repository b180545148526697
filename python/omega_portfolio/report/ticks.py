"""Where the marks of an axis stand, and what is written at them.

Values stand at 1, 2 or 5 times a power of ten, moments at whole units of the calendar.
Moments are microseconds since 1970 UTC, as in the tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from omega_portfolio.report.text import SUFFIXES, signed

Kind = Literal["money", "percent", "number"]
"""What the values of an axis are."""

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
EPOCH: Final = datetime(1970, 1, 1)
MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

_FIXED: Final = tuple(
    unit * times
    for unit, all_times in (
        (SECOND, (1, 2, 5, 15, 30)),
        (MINUTE, (1, 2, 5, 15, 30)),
        (HOUR, (1, 3, 6, 12)),
        (DAY, (1, 2, 7, 14)),
    )
    for times in all_times
)
# Monday, 5 January 1970: weeks are counted from it.
_MONDAY: Final = 4 * DAY
_MONTH_STEPS: Final = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12000, 24000, 60000)
_MONTH: Final = 365.2425 / 12 * DAY


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark: its place on the axis and its text."""

    at: float
    label: str


def nice_step(span: float, most: int) -> float:
    """Give the smallest of 1, 2, 5, 10, ... that fits at most so many times into a span."""
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((n * power for n in (1, 2, 5) if n * power >= rough * (1 - 1e-9)), 10 * power)


def value_ticks(low: float, high: float, most: int, kind: Kind) -> list[Tick]:
    """Mark a linear axis.

    Parameters
    ----------
    low, high : float
        The ends of the axis, ``low < high``.
    most : int
        About as many marks as there is room for.
    kind : {"money", "percent", "number"}
        How the marks are written.

    Returns
    -------
    list of Tick
        From low to high.

    Examples
    --------
    >>> from omega_portfolio.report.ticks import value_ticks
    >>> [tick.label for tick in value_ticks(-0.31, 0.02, 5, "percent")]
    ['\u221230 %', '\u221220 %', '\u221210 %', '0 %']
    """
    # Ends that are nearly one double have no finer marks than doubles are apart.
    step = nice_step(max(high - low, 16 * math.ulp(max(abs(low), abs(high)))), most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = [index * step for index in range(first, last + 1)]
    texts = _texts(places, step, kind)
    return [Tick(place, text) for place, text in zip(places, texts, strict=True)]


def log_ticks(low: float, high: float, most: int, kind: Kind) -> list[Tick]:
    """Mark a logarithmic axis, ``0 < low < high``, at 1, 2 and 5 or at whole powers of ten."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for digits in ((1, 2, 5), (1, 3), (1,)):
        every = [n * 10.0**power for power in range(first, last + 1) for n in digits]
        places = [place for place in every if low * (1 - 1e-9) <= place <= high * (1 + 1e-9)]
        if len(places) <= most:
            break
    else:
        places = places[:: -(-len(places) // most)]
    return [Tick(place, _texts([place], place, kind)[0]) for place in places]


def _texts(places: list[float], step: float, kind: Kind) -> list[str]:
    """Write marks with as many decimals as their step needs, and one unit for all."""
    size = max((abs(place) for place in places), default=0.0)
    factor, suffix = 1.0, ""
    if kind == "percent":
        factor, suffix = 100.0, " %"
    elif kind == "money" and size < 1e16:
        unit, suffix = next(((u, s) for u, s in SUFFIXES if size >= u), (1.0, ""))
        factor = 1e-3 if suffix == "k" else 1 / unit
    if size * factor >= 1e15 or step * factor < 1e-9:
        return [signed(f"{place * factor:.3g}") + suffix for place in places]
    decimals = max(0, -math.floor(math.log10(step * factor) + 1e-9))
    texts = [signed(f"{place * factor:,.{decimals}f}") for place in places]
    # A zero of money has no thousands.
    return [
        text if kind == "money" and not place else text + suffix
        for place, text in zip(places, texts, strict=True)
    ]


def time_ticks(start: int, end: int, most: int) -> list[Tick]:
    """Mark an axis of time.

    Parameters
    ----------
    start, end : int
        The ends in microseconds, ``start < end``.
    most : int
        The most marks there is room for.

    Returns
    -------
    list of Tick
        At whole seconds, minutes, hours, days, Mondays, months or years.

    Examples
    --------
    >>> from omega_portfolio.report.ticks import DAY, time_ticks
    >>> [tick.label for tick in time_ticks(10957 * DAY, 11500 * DAY, 8)]
    ['Jan 2000', 'Apr', 'Jul', 'Oct', '2001', 'Apr']
    """
    span = end - start
    step = next((step for step in _FIXED if span / step < most), None)
    if span < most * SECOND // 2:
        return _tiny_ticks(start, end, most)
    if step is not None:
        return _fixed_ticks(start, end, step)
    fitting = (months for months in _MONTH_STEPS if span / (months * _MONTH) < most)
    return _month_ticks(start, end, next(fitting, _MONTH_STEPS[-1]))


def _tiny_ticks(start: int, end: int, most: int) -> list[Tick]:
    step = max(1, round(nice_step(end - start, most)))
    places = range(-(-start // step) * step, end + 1, step)
    return [
        Tick(at, _moment(at).time().isoformat("microseconds").rstrip("0").rstrip("."))
        for at in places
    ]


def _fixed_ticks(start: int, end: int, step: int) -> list[Tick]:
    offset = _MONDAY if step >= 7 * DAY else 0
    first = -(-(start - offset) // step) * step + offset
    ticks: list[Tick] = []
    before: datetime | None = None
    for at in range(first, end + 1, step):
        now = _moment(at)
        ticks.append(Tick(at, _fixed_label(now, before, step)))
        before = now
    return ticks


def _fixed_label(now: datetime, before: datetime | None, step: int) -> str:
    """Write the day at its first mark, and the year at the first mark of a year."""
    day = f"{now.day} {MONTHS[now.month - 1]}"
    if step >= DAY:
        return day if before is not None and before.year == now.year else f"{day} {now.year}"
    clock = f"{now:%H:%M:%S}" if step < MINUTE else f"{now:%H:%M}"
    if before is None:
        return f"{day} {clock}"
    return day if before.date() != now.date() else clock


def _month_ticks(start: int, end: int, step: int) -> list[Tick]:
    first = _moment(start)
    # Months are counted from January of the year 0, so that steps of years are round years.
    index = first.year * 12 + first.month - 1
    index = -(-index // step) * step
    ticks: list[Tick] = []
    while index // 12 <= 9999:
        year, month = divmod(index, 12)
        index += step
        if year < 1:
            continue
        at = (datetime(year, month + 1, 1) - EPOCH) // timedelta(microseconds=1)
        if at > end:
            break
        if at >= start:
            name = MONTHS[month] if ticks else f"{MONTHS[month]} {year}"
            ticks.append(Tick(at, str(year) if step % 12 == 0 or (ticks and not month) else name))
    return ticks


def _moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


__all__ = ["DAY", "MONTHS", "Kind", "Tick", "log_ticks", "nice_step", "time_ticks", "value_ticks"]
