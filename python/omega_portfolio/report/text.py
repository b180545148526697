"""How the report writes numbers, moments and durations: pure functions, no markup.

Money is exact and keeps every digit that is not a trailing zero; only :func:`short_money`
rounds, for tiles and marks of an axis. A minus is the true minus sign, so that columns of
numbers line up.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

MINUS: Final = "\N{MINUS SIGN}"
DASH: Final = "\N{EN DASH}"
"""What stands for a figure that is not defined."""

SUFFIXES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k"))
_WIDE: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


def signed(text: str, *, plus: bool = False) -> str:
    """Write the sign of a number's text as people do; a zero has none."""
    if not any(digit in text for digit in "123456789"):
        return text.lstrip("-")
    if text.startswith("-"):
        return MINUS + text[1:]
    return f"+{text}" if plus else text


def money(value: Decimal, *, plus: bool = False) -> str:
    """Write an exact amount: thousands apart, at least two decimals, no digit left out.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from omega_portfolio.report.text import money
    >>> money(Decimal("-1234567.500000")), money(Decimal("0.1250"))
    ('\u22121,234,567.50', '0.125')
    """
    whole, _, decimals = format(value, ",f").partition(".")
    return signed(f"{whole}.{decimals.rstrip('0').ljust(2, '0')}", plus=plus)


def rounded_money(value: Decimal, *, plus: bool = False) -> str:
    """Write an amount with two decimals, rounded half to even."""
    return signed(format(value.quantize(Decimal("0.01"), context=_WIDE), ",f"), plus=plus)


def short_money(value: float, *, plus: bool = False) -> str:
    """Write an amount with at most four digits: ``12.5k``, ``3.2M``.

    Examples
    --------
    >>> from omega_portfolio.report.text import short_money
    >>> short_money(12500), short_money(-3_210_000), short_money(950.5)
    ('12.5k', '\u22123.21M', '950.5')
    """
    size = abs(value)
    if size >= 1e16:
        return signed(f"{value:.3g}", plus=plus)
    for unit, suffix in SUFFIXES:
        if size >= unit:
            return (
                signed(_significant(value / (1e3 if suffix == "k" else unit)), plus=plus) + suffix
            )
    return signed(_significant(value), plus=plus)


def _significant(value: float) -> str:
    """Write four significant digits without an exponent, and no zeros at the end."""
    if value == 0:
        return "0"
    decimals = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(decimals, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: float, *, plus: bool = False, decimals: int = 2) -> str:
    """Write a fraction in percent.

    Examples
    --------
    >>> from omega_portfolio.report.text import percent
    >>> percent(0.05), percent(-0.12345), percent(0.05, plus=True)
    ('5.00 %', '\u221212.35 %', '+5.00 %')
    """
    size = abs(value)
    if size >= 1e6:
        return signed(f"{100 * value:.3g}", plus=plus) + " %"
    if 0 < 100 * size < 0.5 * 10**-decimals:
        return signed(f"{100 * value:.1g}", plus=plus) + " %"
    return signed(f"{100 * value:,.{0 if size >= 100 else decimals}f}", plus=plus) + " %"


def ratio(value: float) -> str:
    """Write a pure number with three decimals, or in short when it is huge or tiny."""
    size = abs(value)
    if size >= 1e6 or 0 < size < 5e-4:
        return signed(f"{value:.3g}")
    return signed(f"{value:,.3f}" if size < 1000 else f"{value:,.1f}")


def moment(value: datetime) -> str:
    """Write a moment of UTC; at midnight the day alone.

    Examples
    --------
    >>> from datetime import datetime
    >>> from omega_portfolio.report.text import moment
    >>> moment(datetime(2024, 1, 2)), moment(datetime(2024, 1, 2, 9, 30))
    ('2024-01-02', '2024-01-02 09:30')
    """
    plain = value.replace(tzinfo=None)
    if not (plain.hour or plain.minute or plain.second or plain.microsecond):
        return plain.date().isoformat()
    exact = bool(plain.second or plain.microsecond)
    text = plain.isoformat(sep=" ", timespec="auto" if exact else "minutes")
    return text.rstrip("0") if plain.microsecond else text


def duration(value: timedelta) -> str:
    """Write a duration by its two largest units, from two years on in years of 365.25 days.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from omega_portfolio.report.text import duration
    >>> duration(timedelta(days=800)), duration(timedelta(hours=5, minutes=20))
    ('2.2 y', '5 h 20 min')
    """
    if value < timedelta(0):
        return MINUS + duration(-value)
    if value >= timedelta(days=731):
        return f"{value / timedelta(days=365.25):,.1f} y"
    seconds = value.seconds
    if value.days:
        return _units((value.days, "d"), (seconds // 3600, "h"))
    if seconds >= 3600:
        return _units((seconds // 3600, "h"), (seconds % 3600 // 60, "min"))
    if seconds >= 60:
        return _units((seconds // 60, "min"), (seconds % 60, "s"))
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + " s"


def _units(*parts: tuple[int, str]) -> str:
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number)


def count(number: int, noun: str) -> str:
    """Write a number of things: ``1 trade``, ``2,000 trades``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


__all__ = [
    "DASH",
    "MINUS",
    "count",
    "duration",
    "moment",
    "money",
    "percent",
    "ratio",
    "rounded_money",
    "short_money",
    "signed",
]
