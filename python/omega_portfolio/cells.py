"""Cells of a file: the exact value that a text stands for, or the rule that it breaks.

The rules are those of the engine (SPEC section 1 for numbers, section 2 for times, symbols
and texts), so that a cell which is read here is never refused there. Times may also have the
zones and the nine digits that Polars, pandas and DuckDB write into CSV. Nothing in this module
knows files, rows or columns; the callers add them to the error.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

PRICE_SCALE: Final = 9
"""Decimals of prices and sizes."""

MONEY_SCALE: Final = 18
"""Decimals of money."""

DIGITS_MAX: Final = 38
"""Digits of a number in raw units of its scale."""

TIME_MIN: Final = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z in microseconds since 1970."""

TIME_MAX: Final = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z in microseconds since 1970."""

PLAIN_DECIMAL: Final = r"^[+-]?(?:[0-9]+\.?[0-9]{0,9}0*|\.[0-9]{1,9}0*)$"
"""Texts that are numbers without an exponent and fit the scale of prices."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_TIME: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})0*)?)?"
    r"(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)
_EXACT: Final = Context(prec=DIGITS_MAX + 2, rounding=ROUND_HALF_EVEN)


class CellError(ValueError):
    """A cell that breaks a rule.

    Attributes
    ----------
    rule : str
        What the cell is not.
    remedy : str
        What to write instead.
    """

    def __init__(self, rule: str, remedy: str) -> None:
        self.rule = rule
        self.remedy = remedy
        super().__init__(f"{rule}; {remedy}")


def parse_decimal(text: str, scale: int, *, nearest: bool = False) -> Decimal:
    """Read a decimal number exactly.

    Parameters
    ----------
    text : str
        An optional sign, digits, at most one point, an optional exponent.
    scale : int
        Decimals that the value may have.
    nearest : bool, default False
        Round half-even to the scale what has more decimals (for the texts of floats)
        instead of refusing it. A value that would become 0 is refused all the same.

    Returns
    -------
    Decimal
        The value, with ``scale`` decimals.

    Raises
    ------
    CellError
        The text is no number, too large, or has more decimals than the scale.

    Examples
    --------
    >>> from omega_portfolio.cells import parse_decimal
    >>> parse_decimal("118.56", 9)
    Decimal('118.560000000')
    >>> parse_decimal("1,5", 9)
    Traceback (most recent call last):
    omega_portfolio.cells.CellError: is no decimal number; write digits and a point, like 1.25
    """
    if _NUMBER.fullmatch(text) is None:
        raise CellError("is no decimal number", "write digits and a point, like 1.25")
    value = Decimal(text)
    integer_digits = DIGITS_MAX - scale
    if value and value.adjusted() >= integer_digits:
        raise CellError(
            f"has more than {integer_digits} digits before the point", "write a smaller number"
        )
    rounded = value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    if rounded != value and not (nearest and rounded):
        raise CellError(f"has more than {scale} decimals", f"round it to {scale} decimals")
    if rounded.adjusted() >= integer_digits:
        raise CellError(
            f"has more than {integer_digits} digits before the point", "write a smaller number"
        )
    return rounded


def parse_time(text: str) -> int:
    """Read a time as microseconds since 1970 UTC.

    Parameters
    ----------
    text : str
        ``YYYY-MM-DD``, optionally ``T`` or a space and ``HH:MM``, ``HH:MM:SS`` or
        ``HH:MM:SS.f``, optionally ``Z``, ``+HH:MM``, ``+HHMM`` or ``+HH``. Without a zone it
        is UTC. Zeros after the sixth digit of ``f`` are fine.

    Returns
    -------
    int
        Microseconds since 1970-01-01T00:00:00Z.

    Raises
    ------
    CellError
        The text is no such time.

    Examples
    --------
    >>> from omega_portfolio.cells import parse_time
    >>> parse_time("1970-01-01 00:00:01")
    1000000
    >>> parse_time("2000-02-30")
    Traceback (most recent call last):
    omega_portfolio.cells.CellError: is no date of the calendar; correct the date
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise CellError("is no ISO 8601 time", "write 2000-12-31 or 2000-12-31T23:59:59Z")
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = match.groups()
    try:
        moment = date(int(year), int(month), int(day))
    except ValueError:
        raise CellError("is no date of the calendar", "correct the date") from None
    clock = [int(part or 0) for part in (hour, minute, second)]
    offset = [int(part or 0) for part in (zone_hour, zone_minute)]
    if clock[0] > 23 or clock[1] > 59 or clock[2] > 59 or offset[0] > 23 or offset[1] > 59:
        raise CellError("is no time of the day", "correct the hours, minutes or seconds")
    minutes = clock[0] * 60 + clock[1] - (offset[0] * 60 + offset[1]) * (-1 if sign == "-" else 1)
    days = moment.toordinal() - _EPOCH.toordinal()
    seconds = (days * 1440 + minutes) * 60 + clock[2]
    result = seconds * 1_000_000 + int((fraction or "").ljust(6, "0"))
    if not TIME_MIN <= result <= TIME_MAX:
        raise CellError("is outside the years 1 to 9999", "correct the year")
    return result


def time_text(microseconds: int) -> str:
    """Write a time for a reader: the date alone at midnight UTC.

    Parameters
    ----------
    microseconds : int
        Since 1970-01-01T00:00:00Z.

    Returns
    -------
    str
        ISO 8601.

    Examples
    --------
    >>> from omega_portfolio.cells import time_text
    >>> time_text(951_868_800_000_000), time_text(1_000_000)
    ('2000-03-01', '1970-01-01T00:00:01Z')
    """
    moment = (_EPOCH + timedelta(microseconds=microseconds)).replace(tzinfo=None)
    if microseconds % 86_400_000_000 == 0:
        return moment.date().isoformat()
    return moment.isoformat() + "Z"


def check_symbol(text: str) -> None:
    """Check that a text can be a symbol.

    Parameters
    ----------
    text : str
        A symbol.

    Raises
    ------
    CellError
        The text is empty, too long, has control characters or outer white space.

    Examples
    --------
    >>> from omega_portfolio.cells import check_symbol
    >>> check_symbol("EURUSD")
    >>> check_symbol(" EURUSD")
    Traceback (most recent call last):
    omega_portfolio.cells.CellError: has white space at an end; remove it
    """
    if not 1 <= len(text.encode()) <= 255:
        raise CellError("has not 1 to 255 bytes", "write a shorter, non-empty symbol")
    if any(character < " " or character == "\x7f" for character in text):
        raise CellError("has control characters", "remove them")
    if text != text.strip():
        raise CellError("has white space at an end", "remove it")


def check_text(text: str) -> None:
    """Check that a text can be a tag or a reason.

    Parameters
    ----------
    text : str
        A tag or a reason.

    Raises
    ------
    CellError
        The text is longer than 255 bytes or has a NUL.

    Examples
    --------
    >>> from omega_portfolio.cells import check_text
    >>> check_text("breakout, second try")
    """
    if len(text.encode()) > 255:
        raise CellError("has more than 255 bytes", "write a shorter text")
    if "\0" in text:
        raise CellError("has a NUL", "remove it")


__all__ = [
    "DIGITS_MAX",
    "MONEY_SCALE",
    "PLAIN_DECIMAL",
    "PRICE_SCALE",
    "TIME_MAX",
    "TIME_MIN",
    "CellError",
    "check_symbol",
    "check_text",
    "parse_decimal",
    "parse_time",
    "time_text",
]
