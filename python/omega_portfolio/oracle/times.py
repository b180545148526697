"""Times as integer microseconds since 1970-01-01T00:00:00Z (SPEC T1, T2)."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final

from omega_portfolio.errors import InvalidArgument, InvalidTime, describe

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND

TIME_MIN: Final = (date.min.toordinal() - _EPOCH_DAY) * _DAY
"""0001-01-01T00:00:00Z."""

TIME_MAX: Final = (date.max.toordinal() - _EPOCH_DAY + 1) * _DAY - 1
"""9999-12-31T23:59:59.999999Z."""

_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?)?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))?"
)

# Units of numpy.datetime64 that are a fixed time: (microseconds, units in them).
_NUMPY_UNITS: Final = {
    "W": (7 * _DAY, 1),
    "D": (_DAY, 1),
    "h": (3_600 * _SECOND, 1),
    "m": (60 * _SECOND, 1),
    "s": (_SECOND, 1),
    "ms": (1_000, 1),
    "us": (1, 1),
    "ns": (1, 1_000),
    "ps": (1, 1_000_000),
    "fs": (1, 1_000_000_000),
    "as": (1, 1_000_000_000_000),
}


def read_time(argument: str, value: object) -> int:
    """Read a time that a caller gave (T2).

    Parameters
    ----------
    argument : str
        Name of the argument, for the refusal.
    value : object
        ``datetime`` (naive is UTC), ``date``, ``int`` (microseconds), ISO 8601 ``str`` or
        ``numpy.datetime64``.

    Returns
    -------
    int
        Microseconds since the epoch.

    Raises
    ------
    InvalidArgument
        The type cannot be a time: ``None``, ``bool``, ``float`` and everything else.
    InvalidTime
        The value is no time: NaT, a text of another form, a remainder below a microsecond, or
        a moment outside the years 1 to 9999.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        time = int.__index__(value)
    elif isinstance(value, datetime):
        time = _from_datetime(argument, value)
    elif isinstance(value, str):
        time = _from_text(argument, str.__str__(value))
    elif isinstance(value, date):
        time = (value.toordinal() - _EPOCH_DAY) * _DAY
    elif _is_numpy_time(value):
        time = _from_numpy(argument, value)
    else:
        raise InvalidArgument(
            argument,
            describe(value),
            "must be a datetime, date, int, str or numpy.datetime64",
            "pass a datetime, or microseconds since 1970-01-01 UTC as an int",
        )
    if TIME_MIN <= time <= TIME_MAX:
        return time
    raise _invalid(argument, value, "is outside the years 1 to 9999")


def read_nanoseconds(argument: str, nanoseconds: int) -> int:
    """Read a time of a frame: nanoseconds since the epoch (E3).

    Raises
    ------
    InvalidTime
        It has a remainder below one microsecond, or is outside the years 1 to 9999.
    """
    time, remainder = divmod(nanoseconds, 1_000)
    if remainder:
        raise _invalid(argument, nanoseconds, "has a remainder below one microsecond")
    return read_time(argument, time)


def to_datetime(time: int) -> datetime:
    """Give a time as an aware ``datetime`` in UTC."""
    return EPOCH + timedelta(microseconds=time)


def _from_datetime(argument: str, value: datetime) -> int:
    # pandas.NaT is a datetime whose fields are NaN, pandas.Timestamp one with nanoseconds.
    if not isinstance(value.year, int):
        raise _invalid(argument, value, "is not a time")
    if getattr(value, "nanosecond", 0):
        raise _invalid(argument, value, "has a remainder below one microsecond")
    days = value.toordinal() - _EPOCH_DAY
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    time = days * _DAY + seconds * _SECOND + value.microsecond
    # A zone answers for the fold of the value itself.
    offset = value.utcoffset()
    if offset is None:
        return time
    return time - (offset.days * _DAY + offset.seconds * _SECOND + offset.microseconds)


def _from_text(argument: str, text: str) -> int:
    match = _ISO.fullmatch(text)
    if match is None:
        raise _invalid(argument, text, "is not an ISO 8601 time")
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = match.groups()
    if int(hour or 0) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        raise _invalid(argument, text, "is not a time of day")
    if int(zone_hour or 0) > 23 or int(zone_minute or 0) > 59:
        raise _invalid(argument, text, "has an offset of a day or more")
    seconds = (int(hour or 0) * 60 + int(minute or 0)) * 60 + int(second or 0)
    offset = (int(zone_hour or 0) * 60 + int(zone_minute or 0)) * 60
    seconds += offset if sign == "-" else -offset
    days = _days(argument, text, (int(year), int(month), int(day)))
    return days * _DAY + seconds * _SECOND + int((fraction or "0").ljust(6, "0"))


def _days(argument: str, value: object, day: tuple[int, int, int]) -> int:
    """Count the days from the epoch to a day of the calendar."""
    try:
        return date(*day).toordinal() - _EPOCH_DAY
    except ValueError:
        raise _invalid(argument, value, "is not a day of the calendar") from None


def _is_numpy_time(value: object) -> bool:
    # NumPy is no dependency: a value of it can only exist when it is loaded.
    numpy = sys.modules.get("numpy")
    return numpy is not None and bool(isinstance(value, numpy.datetime64))


def _from_numpy(argument: str, value: Any) -> int:  # noqa: ANN401 - NumPy may be absent.
    numpy = sys.modules["numpy"]
    if numpy.isnat(value):
        raise _invalid(argument, value, "is not a time")
    unit, step = numpy.datetime_data(value.dtype)
    count: int = int(value.astype("int64")) * step
    if unit in ("Y", "M"):
        months = count * 12 if unit == "Y" else count
        year, month = 1970 + months // 12, months % 12 + 1
        # The year 0 stands for all that are out of range.
        return _days(argument, value, (year if 1 <= year <= 9999 else 0, month, 1)) * _DAY
    if unit not in _NUMPY_UNITS:
        raise _invalid(argument, value, "has no unit of time")
    microseconds, parts = _NUMPY_UNITS[unit]
    if count * microseconds % parts:
        raise _invalid(argument, value, "has a remainder below one microsecond")
    return count * microseconds // parts


def _invalid(argument: str, value: object, rule: str) -> InvalidTime:
    return InvalidTime(
        argument,
        describe(value),
        rule,
        "pass a datetime, microseconds since 1970, or a text like 2024-01-31T09:30:00Z",
    )
