"""Rule Z5 over zones and centuries: both backends charge swaps at the same moments."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import product

import pytest

import omega_portfolio as op
from new_calls import refuses, rows

UTC = timezone.utc
ZONES = (
    *("UTC", "America/New_York", "Europe/London", "Europe/Dublin", "Australia/Lord_Howe"),
    *("Africa/Johannesburg", "America/St_Johns", "America/Santiago", "Asia/Kathmandu"),
    *("Pacific/Apia", "Pacific/Auckland", "US/Eastern", "Etc/GMT+12", "Antarctica/Troll"),
)
YEARS = (1, 999, 1883, 1916, 1967, 1999, 2011, 2024, 2099, 2101, 2400, 9996, 9999)
# New York goes by its own sun until noon of the 18th of November 1883, Apia skips the 30th of
# December 2011, and the last days of March and October begin and end the summer of London.
DATES = ((1, 1), (3, 9), (3, 30), (7, 3), (10, 26), (11, 3), (11, 17), (12, 29))
ROLLOVERS = ("00:00", "01:30", "02:15", "12:01", "22:00", "23:59")


def _charged(backend: str, zone: str, start: datetime) -> list[tuple[object, ...]]:
    """Give time and amount of the swaps of three days, less at the end of the years."""
    portfolio = op.Portfolio(10**9, backend=backend)
    swap = op.Swap("points", -1, rollover=ROLLOVERS, zone=zone, multipliers=(1, 2, 3, 4, 5, 6, 7))
    portfolio.register_instrument(op.Instrument("A", swap=swap))
    portfolio.open_position("A", "long", 1, 100, start)
    last = datetime.max.replace(tzinfo=UTC)
    portfolio.update_equity(start + min(timedelta(days=3), last - start))
    return rows(portfolio.get_ledger(), "time", "amount")


@pytest.mark.parametrize("zone", ZONES)
def test_both_backends_know_the_same_moments(zone):
    for year, (month, day) in product(YEARS, DATES):
        start = datetime(year, month, day, tzinfo=UTC)
        charged = _charged("rust", zone, start)
        assert len(charged) >= 12, start
        assert charged == _charged("python", zone, start), start


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_and_the_last_days_are_the_same(zone):
    for start in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, 1, tzinfo=UTC)):
        assert _charged("rust", zone, start) == _charged("python", zone, start), start


def test_summer_time_goes_on(backend):
    charged = _charged(backend, "Europe/London", datetime(9996, 7, 3, 12, tzinfo=UTC))
    assert charged[0][0] == datetime(9996, 7, 3, 21, tzinfo=UTC)


def test_a_skipped_day_falls_on_the_next(backend):
    charged = _charged(backend, "Pacific/Apia", datetime(2011, 12, 30, 9, 59, tzinfo=UTC))
    times = [time for time, _ in charged]
    assert times == sorted(set(times))
    # Friday, which was skipped, is read with its old offset: these moments are Saturday's, too.
    midnight = datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert [amount for time, amount in charged if time < midnight + timedelta(days=1)] == [-5] * 6


def test_a_name_is_exact_and_has_an_area(make_portfolio):
    portfolio = make_portfolio()
    for number, zone in enumerate(("UTC", "Etc/UTC", "US/Eastern", "America/Indiana/Knox")):
        swap = op.Swap("points", zone=zone)
        portfolio.register_instrument(op.Instrument(f"A{number}", swap=swap))
    odd = (
        *("", "utc", "GMT", "EST", "EST5EDT", "Japan", "localtime", "Factory", "posixrules"),
        *("posix/Europe/London", "right/Europe/London", "Etc/Unknown", "europe/london", "Europe"),
        *("Europe/", "/Europe/London", "Europe/../Europe/London", "Europe/London ", "Mars/Base"),
    )
    for zone in odd:
        wrong = op.Instrument("B", swap=op.Swap("points", zone=zone))
        refuses(
            op.InvalidInstrument, "swap.zone",
            lambda wrong=wrong: portfolio.register_instrument(wrong),
        )  # fmt: skip
