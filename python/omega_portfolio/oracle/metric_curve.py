"""The curve of equity: its points E_0..E_n, resampled or not, and its returns (SPEC section 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from omega_portfolio.oracle.numbers import MONEY_SCALE, nearest_double
from omega_portfolio.oracle.times import to_datetime

if TYPE_CHECKING:
    from omega_portfolio.oracle.metric_record import Point, Record

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
SECOND: Final = 1_000_000
SECONDS_PER_YEAR: Final = 31_557_600
YEAR: Final = SECONDS_PER_YEAR * SECOND


def month_of(time: int) -> tuple[int, int]:
    """Give year and month of a time."""
    moment = to_datetime(time)
    return moment.year, moment.month


# The bucket of a time; 1970-01-01 was a Thursday, three days after a Monday.
_BUCKETS: Final[dict[str, Callable[[int], object]]] = {
    "1h": lambda time: time // HOUR,
    "1d": lambda time: time // DAY,
    "1w": lambda time: (time // DAY + 3) // 7,
    "1mo": month_of,
}


class Curve:
    """The points of a history.

    Parameters
    ----------
    record : Record
        The history.
    resample : str or None
        The buckets of which the last point is kept.

    Attributes
    ----------
    points : list of Point
        E_0 to E_n; empty when there is no row of equity.
    values : list of float
        Equity of the points, as nearest doubles.
    ruined : bool
        Some equity is 0 or less.
    returns : list of float or None
        r_1 to r_n; None when ruined.
    """

    def __init__(self, record: Record, resample: str | None) -> None:
        points = record.points if resample is None else last_of_each_bucket(record.points, resample)
        # A starting balance alone, without a row, is no curve.
        start = [record.start] if record.start is not None and points else []
        self.points: list[Point] = [*start, *points]
        self.values = [nearest_double(point.equity, MONEY_SCALE) for point in self.points]
        self.ruined = any(value <= 0 for value in self.values)
        self.returns = None if self.ruined else returns_of(self.values)

    @property
    def periods(self) -> int:
        """The number of returns, n."""
        return max(len(self.points) - 1, 0)

    @property
    def times(self) -> list[int]:
        """The times of the points."""
        return [point.time for point in self.points]

    @property
    def span(self) -> int:
        """Microseconds from the first point to the last."""
        return self.points[-1].time - self.points[0].time if self.points else 0

    @property
    def grows(self) -> bool:
        """There is a return, and both ends are above 0: growth has a rate."""
        return self.periods >= 1 and self.values[0] > 0 and self.values[-1] > 0


def returns_of(values: Sequence[float]) -> list[float]:
    """Give the simple return from each value to the next."""
    return [values[i] / values[i - 1] - 1 for i in range(1, len(values))]


def last_of_each_bucket(points: Sequence[Point], resample: str) -> list[Point]:
    """Keep the last point of each bucket that has one, at its own time."""
    bucket = _BUCKETS[resample]
    return list({bucket(point.time): point for point in points}.values())
