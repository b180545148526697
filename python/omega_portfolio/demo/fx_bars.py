"""Hourly bars of two currency pairs, drawn from a seed with whole numbers.

They are not real: nobody traded at these prices. But they have what a real feed has, and what
an account has to deal with: a bid and a spread that widens at the rollover and at the opening
of the week, weekends with a gap over them, quiet and busy hours, trends that last for some
days, and the clock of New York, where a week goes from Sunday 17:00 to Friday 17:00 and
which moves by an hour in March. Everything is an integer of ticks, so the same seed gives the
same bars on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

ZONE: Final = "America/New_York"
WEEK_TURN: Final = 17
"""Hour of New York at which a week opens on Sunday and closes on Friday."""

START: Final = datetime(2024, 1, 7, tzinfo=timezone.utc)
WEEKS: Final = 25
_LAST_HOUR: Final = 4 * 24 + 6
"""The last week ends on its Thursday at 06:00 UTC, so that positions may be open at the end."""

_STEPS: Final = 12
_MASK: Final = (1 << 64) - 1
_SUNDAY, _FRIDAY, _SATURDAY = 6, 4, 5


class SplitMix64:
    """The generator of Steele, Lea and Flood: 64 bits of state, 64 bits a number."""

    def __init__(self, seed: int) -> None:
        self.state = seed & _MASK

    def next(self) -> int:
        """Give the next number, from 0 to 2^64 - 1."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def below(self, limit: int) -> int:
        """Give a number from 0 to limit - 1."""
        return (self.next() * limit) >> 64

    def around(self, size: int) -> int:
        """Give a number from -size to size."""
        return self.below(2 * size + 1) - size


@dataclass(frozen=True, slots=True)
class Pair:
    """How a pair is drawn; all but ``digits`` in ticks.

    Attributes
    ----------
    symbol : str
        Its name.
    digits : int
        Decimals of a price; a tick is the last one.
    start : int
        The first price.
    step : int
        Largest move of five minutes in a usual hour.
    drift : int
        Largest move of an hour that a trend adds.
    spread : int
        Least spread.
    """

    symbol: str
    digits: int
    start: int
    step: int
    drift: int
    spread: int


PAIRS: Final = (
    Pair("EURUSD", 5, 109_500, 45, 14, 8),
    Pair("USDJPY", 3, 145_000, 60, 16, 9),
)


def open_hours(start: datetime = START, weeks: int = WEEKS) -> Iterator[datetime]:
    """Give the hours of some weeks in which there is trade, in UTC; the last one ends early.

    Examples
    --------
    >>> from omega_portfolio.demo.fx_bars import open_hours
    >>> hours = list(open_hours(weeks=1))
    >>> len(hours), str(hours[0]), str(hours[-1])
    (80, '2024-01-07 22:00:00+00:00', '2024-01-11 05:00:00+00:00')
    """
    zone = ZoneInfo(ZONE)
    for hour in range((weeks - 1) * 7 * 24 + _LAST_HOUR):
        time = start + timedelta(hours=hour)
        local = time.astimezone(zone)
        day = local.weekday()
        early = local.hour < WEEK_TURN
        if day < _FRIDAY or (day == _FRIDAY and early) or (day == _SUNDAY and not early):
            yield time


def draw_bars(seed: int = 1, weeks: int = WEEKS) -> pl.DataFrame:
    """Draw the bars.

    Parameters
    ----------
    seed : int, default 1
        Another seed gives other bars.
    weeks : int, default 25
        How many weeks, from the one of 2024-01-07 on.

    Returns
    -------
    polars.DataFrame
        time (UTC, the moment a bar opens), symbol, open, high, low, close (bid) and spread
        (exact decimals), by time and symbol.

    Examples
    --------
    >>> from omega_portfolio.demo import draw_bars
    >>> bars = draw_bars(weeks=2)
    >>> bars.height, bars.columns
    (400, ['time', 'symbol', 'open', 'high', 'low', 'close', 'spread'])
    >>> bars.equals(draw_bars(weeks=2)), bars.equals(draw_bars(seed=2, weeks=2))
    (True, False)
    """
    import polars as pl

    hours = list(open_hours(weeks=weeks))
    names = ("open", "high", "low", "close", "spread")
    rows: list[tuple[object, ...]] = []
    for number, pair in enumerate(PAIRS):
        rows += _draw_pair(pair, hours, SplitMix64(len(PAIRS) * seed + number))
    schema: dict[str, pl.DataType] = {"time": pl.Datetime("us", "UTC"), "symbol": pl.String()}
    schema |= {name: pl.Decimal(38, 9) for name in names}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("time", "symbol")


def _draw_pair(
    pair: Pair, hours: list[datetime], numbers: SplitMix64
) -> Iterator[tuple[object, ...]]:
    zone = ZoneInfo(ZONE)
    price, drift, trend_ends = pair.start, 0, 0
    before = hours[0]
    for index, time in enumerate(hours):
        if index >= trend_ends:
            drift = numbers.around(pair.drift)
            trend_ends = index + 48 + numbers.below(145)
        opens_week = time - before > timedelta(hours=1)
        if opens_week:
            price += numbers.around(4 * pair.step)
        walk = _walk(price, _size(pair, time), drift, numbers)
        turns = opens_week or time.astimezone(zone).hour == WEEK_TURN
        spread = pair.spread + numbers.below(pair.spread // 2 + 1)
        if turns:
            spread += 3 * pair.spread + numbers.below(2 * pair.spread)
        ticks = (walk[0], max(walk), min(walk), walk[-1], spread)
        yield (time, pair.symbol, *(Decimal(tick).scaleb(-pair.digits) for tick in ticks))
        price, before = walk[-1], time


def _walk(price: int, size: int, drift: int, numbers: SplitMix64) -> list[int]:
    """Walk through an hour in steps of five minutes; the drift is spread over them."""
    walk = [price]
    for step in range(1, _STEPS + 1):
        part = drift * step // _STEPS - drift * (step - 1) // _STEPS
        walk.append(walk[-1] + numbers.around(size) + part)
    return walk


def _size(pair: Pair, time: datetime) -> int:
    """Give the largest step of an hour: London and New York are busy, the night is quiet."""
    if 7 <= time.hour < 16:
        return pair.step * 4 // 3
    return pair.step if time.hour in (6, 16, 17, 18, 19) else pair.step // 2


__all__ = ["PAIRS", "ZONE", "Pair", "SplitMix64", "draw_bars", "open_hours"]
