"""The spellings in which one exact number or time can enter a portfolio.

Everything here is a function of the random source that is passed in, so that one seed gives
one sequence of operations on every machine.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from random import Random

Number: TypeAlias = int | str | Decimal | float
"""What :func:`spell_number` gives; all four types enter a portfolio."""

Time: TypeAlias = int | str | datetime | date
"""What :func:`spell_time` gives."""

DAY = 86_400_000_000
"""Microseconds of a day."""

FLOAT_INTEGER_MAX = 2**53
"""Up to here ``units / scale`` has a shortest text that is the decimal number itself."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ZONES = (
    None,
    timezone(timedelta(hours=5, minutes=30)),
    timezone(timedelta(hours=-8)),
    timezone(timedelta(hours=1)),
)
_SCALES: tuple[int, ...] = tuple(10**decimals for decimals in range(19))


def decimal_text(units: int, decimals: int) -> str:
    """Write ``units / 10**decimals`` as a plain decimal number.

    Parameters
    ----------
    units : int
        The number in units of its last decimal; may be negative.
    decimals : int
        0 to 18.

    Returns
    -------
    str

    Examples
    --------
    >>> from omega_portfolio.bench.inputs import decimal_text
    >>> decimal_text(-108123, 5), decimal_text(7, 2), decimal_text(12, 0)
    ('-1.08123', '0.07', '12')
    """
    if decimals == 0:
        return str(units)
    if units < 0:
        return "-" + decimal_text(-units, decimals)
    # Cutting the digits apart takes a third of the time of a divmod and a format.
    digits = str(units).zfill(decimals + 1)
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def spell_number(random: Random, units: int, decimals: int) -> Number:
    """Write ``units / 10**decimals`` in a random one of the types that a portfolio takes.

    A float is given only where its shortest text is exactly this number.

    Parameters
    ----------
    random : random.Random
        Source of the choice.
    units : int
        The number in units of its last decimal.
    decimals : int
        0 to 18.

    Returns
    -------
    int, str, Decimal or float
    """
    choice = random.getrandbits(5)
    if choice < 9 and -FLOAT_INTEGER_MAX < units < FLOAT_INTEGER_MAX:
        value: float = units / _SCALES[decimals]
        return value
    if choice < 18:
        return decimal_text(units, decimals)
    if choice < 26:
        return Decimal(decimal_text(units, decimals))
    if choice < 30:
        whole, part = divmod(units, _SCALES[decimals])
        return decimal_text(units, decimals) if part else whole
    return _unusual_text(random, decimal_text(units, decimals))


def _unusual_text(random: Random, text: str) -> str:
    """Write the same number with a sign, zeros, an exponent or without a leading zero."""
    choice = random.getrandbits(2)
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("+", text)
    if choice == 0:
        return f"{sign}{digits}"
    if choice == 1:
        return f"{sign}000{digits}"
    if choice == 2 and "." in digits:
        whole, part = digits.split(".")
        return f"{sign}{whole}{part}E-{len(part)}"
    if digits.startswith("0."):
        return f"{sign}{digits[1:]}"
    return f"{sign}{digits}e0"


def spell_time(random: Random, microseconds: int) -> Time:
    """Write a time in a random one of the types that a portfolio takes.

    Parameters
    ----------
    random : random.Random
        Source of the choice.
    microseconds : int
        Microseconds since 1970-01-01T00:00:00Z, at least a day away from the years 1 and 9999.

    Returns
    -------
    int, str, datetime or date
    """
    choice = random.getrandbits(5)
    if choice < 22:
        return microseconds
    moment = _EPOCH + timedelta(microseconds=microseconds)
    if choice < 26:
        return moment
    if choice < 30:
        zone = _ZONES[choice - 26]
        return moment.replace(tzinfo=None) if zone is None else moment.astimezone(zone)
    if choice == 30 and microseconds % DAY == 0:
        return moment.date()
    return _time_text(random, moment)


def _time_text(random: Random, moment: datetime) -> str:
    """Write a moment in one of the forms of ISO 8601 that a portfolio reads."""
    choice = random.getrandbits(2)
    naive = moment.replace(tzinfo=None)
    if choice == 0:
        return f"{naive.isoformat(sep=' ')}Z"
    if choice == 1:
        return naive.isoformat(timespec="microseconds")
    if choice == 2 and naive.second == naive.microsecond == 0:
        whole_day = naive.hour == naive.minute == 0
        if whole_day:
            return naive.date().isoformat() + ("Z" if random.getrandbits(1) else "")
        return naive.isoformat(timespec="minutes")
    return moment.isoformat()


__all__ = [
    "DAY",
    "Number",
    "Time",
    "decimal_text",
    "spell_number",
    "spell_time",
]
