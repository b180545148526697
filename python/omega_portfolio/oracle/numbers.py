"""Exact numbers as plain integers (SPEC section 1).

A price, size or leverage is an integer of 10^-9, money an integer of 10^-18. Such an integer
is called *raw* everywhere in this package. Python integers do not overflow, so the only limit
is the one of N3, and it is always tested by name (:func:`within`).

There are no floats here but at the entry (:func:`read_number`) and at the exit
(:func:`nearest_double`).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, Literal, TypeAlias

from omega_portfolio.errors import InvalidArgument, InvalidNumber, NumberOutOfRange, describe

QUANTITY_SCALE: Final = 9
"""Decimals of prices, sizes, contract sizes and leverages."""

MONEY_SCALE: Final = 18
"""Decimals of money."""

QUANTITY_ONE: Final = 10**QUANTITY_SCALE
MONEY_ONE: Final = 10**MONEY_SCALE

LIMIT_DIGITS: Final = 38
LIMIT: Final = 10**LIMIT_DIGITS
"""N3: every raw number is strictly between -LIMIT and LIMIT."""

SHORT_DIGITS: Final = 19
"""So many digits before the point and 18 behind it stay below the limit."""

_POWERS: Final[tuple[int, ...]] = tuple(10**exponent for exponent in range(MONEY_SCALE + 1))

FloatPolicy: TypeAlias = Literal["nearest", "strict"]

# N4, the whole grammar; one of the first two groups of digits must not be empty.
_NUMBER: Final = re.compile(r"([+-]?)([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]{1,4}))?")

# Wide enough that shifting the point of a raw number never rounds, whatever the caller's
# decimal context is.
_WIDE: Final = Context(
    prec=80, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, capitals=1, clamp=0, traps=[]
)


def read_number(argument: str, value: object, scale: int, policy: FloatPolicy) -> int:
    """Read a number that a caller gave (N4, N5).

    Parameters
    ----------
    argument : str
        Name of the argument, for the refusal.
    value : object
        An ``int``, ``str``, ``Decimal`` or ``float``.
    scale : int
        Decimals of the result.
    policy : {"nearest", "strict"}
        What becomes of the digits of a float beyond the scale.

    Returns
    -------
    int
        The raw number.

    Raises
    ------
    InvalidArgument
        The value is of another type, or a ``bool``.
    InvalidNumber
        It is not finite, not of the grammar, has digits beyond the scale, or is a float that
        rounds to zero.
    NumberOutOfRange
        It has 10^38 raw units or more.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        # A subclass may say something else of itself than its value, hence the plain method.
        raw = int.__index__(value) * _POWERS[scale]
        if -LIMIT < raw < LIMIT:
            return raw
        raise _too_large(argument, value)
    if isinstance(value, str):
        return _read_text(argument, str.__str__(value), scale)
    if isinstance(value, float):
        return _read_float(argument, value, scale, policy)
    if isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):
            raise _not_finite(argument, value)
        magnitude = _scaled(argument, value, ("".join(map(str, digits)), exponent), scale)
        return -magnitude if sign else magnitude
    raise InvalidArgument(
        argument,
        describe(value),
        "must be an int, str, Decimal or float",
        "pass the number in one of these types",
    )


def is_number_text(text: str) -> bool:
    """Tell whether a text is of the grammar of N4."""
    match = _NUMBER.fullmatch(text)
    return match is not None and bool(match[2] or match[3])


def _read_text(argument: str, text: str, scale: int) -> int:
    match = _NUMBER.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise InvalidNumber(
            argument,
            describe(text),
            "is not a decimal number",
            "write digits with at most one point, like 1.08123, and no blanks or separators",
        )
    sign, whole, fraction, exponent = match.groups()
    if exponent is None and len(whole) <= SHORT_DIGITS and len(fraction) <= scale:
        # The usual number: nothing is lost and the limit is out of reach.
        magnitude = int(whole + fraction) * _POWERS[scale - len(fraction)]
    else:
        written = (whole + fraction, int(exponent or 0) - len(fraction))
        magnitude = _scaled(argument, text, written, scale)
    return -magnitude if sign == "-" else magnitude


def _scaled(argument: str, value: object, written: tuple[str, int], scale: int) -> int:
    """Give the raw number of ``int(digits) * 10**exponent``, exactly.

    Zeros at both ends are cut first, so that a long text or a large exponent costs no
    arithmetic on large integers.
    """
    digits, power = _significant(written)
    if not digits:
        return 0
    power += scale
    if power < 0:
        raise InvalidNumber(
            argument,
            describe(value),
            f"has digits beyond {scale} decimals",
            f"round it to {scale} decimals",
        )
    if len(digits) + power > LIMIT_DIGITS:
        raise _too_large(argument, value)
    magnitude: int = int(digits) * 10**power
    return magnitude


def _significant(written: tuple[str, int]) -> tuple[str, int]:
    """Cut the zeros at both ends of the digits; the value stays what it is."""
    digits, exponent = written
    digits = digits.lstrip("0")
    kept = digits.rstrip("0")
    return kept, exponent + len(digits) - len(kept)


def _read_float(argument: str, value: float, scale: int, policy: FloatPolicy) -> int:
    """N5: a float is its shortest decimal text."""
    text = float.__repr__(value)
    whole, point, fraction = text.partition(".")
    if point and len(fraction) <= scale and "e" not in fraction:
        # The usual float: at most 17 digits, and none of them is lost.
        return int(whole + fraction) * _POWERS[scale - len(fraction)]
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise _not_finite(argument, value)
    sign, whole, fraction, exponent = match.groups()
    digits, power = _significant((whole + fraction, int(exponent or 0) - len(fraction)))
    power += scale
    if power >= 0 or policy == "strict":
        magnitude = _scaled(argument, value, (digits, power - scale), scale)
        return -magnitude if sign == "-" else magnitude
    rounded = half_even(int(digits), 10**-power)
    if rounded == 0:
        raise InvalidNumber(
            argument,
            describe(value),
            f"is not zero but rounds to zero at {scale} decimals",
            "pass 0 or a larger number",
        )
    # A float that has digits beyond the scale is far below the limit.
    return -rounded if sign == "-" else rounded


def _not_finite(argument: str, value: object) -> InvalidNumber:
    return InvalidNumber(argument, describe(value), "is not finite", "pass a finite number")


def _too_large(argument: str, value: object) -> NumberOutOfRange:
    return NumberOutOfRange(
        argument, describe(value), "has more than 38 digits at its scale", "pass a smaller number"
    )


def half_even(numerator: int, denominator: int) -> int:
    """Divide and round half-even (N2); the denominator is positive.

    Examples
    --------
    >>> from omega_portfolio.oracle.numbers import half_even
    >>> [half_even(n, 2) for n in (-3, -1, 1, 3, 5)]
    [-2, 0, 0, 2, 2]
    """
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


def within(argument: str, raw: int, what: str) -> int:
    """Return a result, or refuse it when it is out of range (N3).

    Parameters
    ----------
    argument : str
        The argument of the call that leads to the result.
    raw : int
        The result.
    what : str
        Its name, for the refusal.

    Raises
    ------
    NumberOutOfRange
        It has 10^38 raw units or more.
    """
    if -LIMIT < raw < LIMIT:
        return raw
    raise NumberOutOfRange(
        argument,
        f"{what} of {raw} raw units",
        "the result has more than 38 digits at its scale",
        "use smaller numbers",
    )


def nearest_double(raw: int, scale: int) -> float:
    """Give the double nearest to a raw number, ties to even (N6).

    Python rounds the quotient of two integers correctly, however large they are.
    """
    return raw / _POWERS[scale]


def money_decimal(raw: int, digits: int) -> Decimal:
    """Give money as a ``Decimal`` with at least the digits of its currency (N7)."""
    whole, rest = divmod(raw, _POWERS[MONEY_SCALE - digits])
    if rest == 0:
        return Decimal(whole).scaleb(-digits, _WIDE)
    return Decimal(raw).scaleb(-MONEY_SCALE, _WIDE).normalize(_WIDE)


def plain_decimal(raw: int, scale: int) -> Decimal:
    """Give a number as a ``Decimal`` without trailing zeros and without exponent (N7)."""
    whole, rest = divmod(raw, _POWERS[scale])
    if rest == 0:
        return Decimal(whole)
    return Decimal(raw).scaleb(-scale, _WIDE).normalize(_WIDE)


def plain_text(raw: int, scale: int) -> str:
    """Write a raw number as a plain decimal number, for messages."""
    return format(plain_decimal(raw, scale), "f")
