"""Rollover moments of an instrument's calendar (SPEC Z5)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from omega_portfolio.oracle.terms import SwapTerms
from omega_portfolio.oracle.times import EPOCH, TIME_MIN, to_datetime

_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)


class Moment(NamedTuple):
    """A rollover: its time, and how often it is charged."""

    time: int
    multiplier: int


def moments(terms: SwapTerms, after: int, until: int) -> list[Moment]:
    """Give the rollovers later than one time and not later than another, each moment once.

    Those that are not charged, with a multiplier of 0, are left out.
    """
    found: dict[int, Moment] = {}
    for moment in _candidates(terms, after, until):
        if after < moment.time <= until:
            found.setdefault(moment.time, moment)
    return [found[time] for time in sorted(found) if found[time].multiplier]


def _candidates(terms: SwapTerms, after: int, until: int) -> Iterator[Moment]:
    """Give the rollovers of all local days that may be within two times."""
    day, last = to_datetime(max(after, TIME_MIN)).date(), to_datetime(until).date()
    day = max(day, date.min + _DAY) - _DAY
    last = min(last, date.max - _DAY) + _DAY
    while True:
        multiplier = terms.multipliers[day.weekday()]
        for time in _instants(day, terms.rollovers, terms.zone):
            yield Moment(time, multiplier)
        if day == last:
            return
        day += _DAY


@lru_cache(maxsize=4096)
def _instants(day: date, rollovers: tuple[int, ...], zone: str) -> list[int]:
    """Give the local times of a day in UTC, as far as they are in the years that there are.

    With a fold of 0 a time that does not exist or comes twice has the offset before the change.
    """
    # UTC is known where there is no data base of zones, too.
    local = timezone.utc if zone == "UTC" else ZoneInfo(zone)
    found = []
    for minutes in rollovers:
        moment = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=local)
        with suppress(OverflowError):
            found.append((moment - EPOCH) // _MICROSECOND)
    return found
