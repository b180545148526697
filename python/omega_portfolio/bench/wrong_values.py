"""Values that no argument of one kind takes, or that only some take.

Where a value is good for one argument and not for another, both backends must agree on it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final


class Hostile:
    """An object whose conversions to a number raise; no argument takes it.

    Examples
    --------
    >>> from omega_portfolio.bench.wrong_values import Hostile
    >>> float(Hostile())
    Traceback (most recent call last):
    ...
    ArithmeticError: this object is no number
    """

    __slots__ = ()

    def __float__(self) -> float:
        raise ArithmeticError("this object is no number")

    def __index__(self) -> int:
        raise ArithmeticError("this object is no number")

    def __repr__(self) -> str:
        return "Hostile()"


NUMBERS: Final[tuple[object, ...]] = (
    *(float("nan"), float("inf"), float("-inf"), 5e-324, 1.7e308, -1.7e308),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")),
    *(Decimal("1E+999999999"), Decimal("1E-999999999"), Decimal("0E-1000")),
    *(10**20, 10**29, 10**38, -(10**38), 2**63, 2**127, 10**5000),
    *(
        "",
        " 1",
        "1 ",
        "1_000",
        "1,5",
        "0x10",
        "nan",
        "inf",
        "١٢",
        "\uff11\uff12",
        "1e400",
        "1e99999",
    ),
    *("1e", ".", "-", "+-1", "1.2.3", "1e+", "1e1.5", "--1", "1\x00", "1\n", "e5", "0.0e0"),
    *("1.0000000001", "0.00000000000000000000000000001", Decimal("1.0000000000000000001")),
    *(True, False, None, 1j, b"1", (), [1], {}, Hostile()),
    *("1e28", "-1e-9", 1e20, 123456789.123456789, 0.1 + 0.2, 1e-10, "1" * 60, "0" * 50 + "1"),
)
"""Refused as one kind of number at least; the others must then agree on taking them."""

SIZES: Final = (0, -1, "-0.01", -0.0, "0", Decimal("-0"), "1e-9", 0.1234567891, "0.5")
TIMES: Final[tuple[object, ...]] = (
    *(None, True, 1.5, 1e15, float("nan"), Decimal(1), b"2024-01-01", (), Hostile()),
    *("", "now", "2024", "2024-13-01", "2023-02-29", "2024-01-01T24:00", "2024-01-01T10"),
    *("2024-01-01T10:00:00.1234567", "2024-01-01  10:00", "2024-01-01T10:00:60", "20240101"),
    *(" 2024-01-01", "2024-01-01 Z", "2024-01-01T10:00z", "2024-01-01T10:00+1:00", "0000-01-01"),
    *(
        "2024-01-01T10:00+25:00",
        "2024-01-01T10:00:00.",
        "\uff12\uff10\uff12\uff14-01-01",
        "10000-01-01",
    ),
    *(-62_135_596_800_000_001, 253_402_300_800_000_000, 2**63, -(2**63) - 1, 10**5000),
    *("0001-01-01T00:00+14:00", "9999-12-31T23:59:59.999999-00:01", "0001-01-01", date(1, 1, 1)),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))),
)
SYMBOLS: Final[tuple[object, ...]] = (
    *("", " A", "A ", "\u00a0A", "A\u3000", "A\x00B", "A\nB", "\x7f", "A" * 256, "é" * 128),
    *("\ud800", "A\udfff", b"AAPL", None, 1, True, ("A",), "A\x85B", "A\u2028", "\x1fA"),
)
TEXTS: Final[tuple[object, ...]] = (
    *("a\x00b", "\ud83d", "t" * 256, "é" * 128, b"tag", None, 1, True, ["t"], "x" * 10_000),
)
SIDES: Final[tuple[object, ...]] = (
    *("", "LONG", "Buy", "longer", " long", "short ", None, 1, -1, True, b"long", "l\x00ng"),
    "\ud800",
)
IDS: Final[tuple[object, ...]] = (
    *(0, -1, 2**64, 2**64 - 1, 2**63, 10**30, True, False, 1.0, "1", Decimal(1), None, b"1"),
    Hostile(),
)
PRICES: Final[tuple[object, ...]] = (
    *(None, 1, "x", 1.5, [], {"": 1}, {"A": None}, {"A": ()}, {"A": (1,)}, {"A": (1, 2, 3)}),
    *({"A": (2, 1)}, {"A": (0, 1)}, {"A": (1, 0)}, {"A": -1}, {"A": "nan"}, {"A": (1, None)}),
    *({1: 1}, {None: 1}, {b"A": 1}, {"A": True}, {" A": 1}, {"\ud800": 1}, {}, Hostile()),
    *({"FRESH": 1, "A": 0}, {"FRESH": 1, "B": (2, 1)}, {"FRESH": "1e29"}, {"A": 5e-324}),
)
LEVELS: Final = (0, -1, "-0.5", -0.0, "1e28", "0.000000001", 0.123456789123)

PROTECTION: Final[dict[str, tuple[object, ...]]] = {
    "trailing": (0, -1, "-0.5", "1e28", "0.0000000001", *NUMBERS),
    "break_even": (
        *(1, "1", (), (1,), (1, 2, 3), (1, 1), (1, 2), (0, 0), (2, -1), ("x", 1), (1, None)),
        *([2, 1], {1: 2}, (1e-9, 0), (True, 0), Hostile(), "21"),
    ),
    "targets": (
        *(1, "1", (), [], ((1,),), ((1, 2, 3),), [(0, 1)], [(1, 0)], [(1, -1)], [(-1, 1)]),
        *([("x", 1)], [(1, None)], [None], {1: 2}, [(10**9, 1)], [(10**9, 10**9)], Hostile()),
        *([("1e-9", 1)] * 2, [("1e-9", "1e-9")] * 256, [(10**9, "1e-9")] * 256),
    ),
    "exit_time": (-62_135_596_800_000_000, *(time for time in TIMES if time is not None)),
    "expiry": (-62_135_596_800_000_000, *(time for time in TIMES if time is not None)),
}
"""Protection and expiry that a position or an order does not take."""

BARS: Final[tuple[object, ...]] = (
    *(None, 1, "x", [], {"": (1, 1, 1, 1)}, {"A": None}, {"A": ()}, {"A": (1, 1, 1)}, {}),
    *({"A": (1, 1, 1, 1, 1, 1)}, {"A": 1}, {"A": "1111"}, {"A": {"open": 1}}, {1: (1, 1, 1, 1)}),
    *({"A": {"open": 1, "high": 1, "low": 1, "close": 1, "volume": 1}}, {"A": (0, 1, 1, 1)}),
    *({"A": {"open": 1, "high": 1, "low": 1, "close": 1, "spread": None}}, {" A": (1, 1, 1, 1)}),
    *({"A": {"close": 1, "low": 1, "high": 1, "open": 1}}, {"A": (1, 0, 1, 1)}, Hostile()),
    *({"A": (1, 1, 0, 1)}, {"A": (1, 1, 1, 0)}, {"A": (1, 1, 1, 1, -1)}, {"A": (2, 1, 1, 1)}),
    *({"A": (1, 2, 2, 2)}, {"A": (1, 1, 1, 2)}, {"A": (2, 2, 2, 1)}, {"A": (1, 1, 2, 1)}),
    *({"A": (1, 1, 1, 1, "1e28")}, {"A": ("nan", 1, 1, 1)}, {"A": (1, 1, 1, True)}),
    *({"A": ("1e28", "1e28", "1e28", "1e28")}, {"\ud800": (1, 1, 1, 1)}, {"A": (1, 1, 1, 5e-324)}),
    {"FRESH": (1, 1, 1, 1), "A": (1, 1, 1, 2)},
)
"""Bars that are none, and bars that a rule refuses."""

WORDS: Final[dict[str, tuple[object, ...]]] = {
    "path": ("", "Pessimistic", "both", 0, True, b"ohlc", "\ud800", Hostile()),
    "type": ("", "Limit", "stop_limit", None, 1, b"limit", "\ud800"),
    "kind": ("", "Points", "spread", None, 1, b"rate", "\ud800"),
    "currency": ("", "usd", "EURO", "ZZZ", "AUD", 840, True, b"EUR", "\ud800", Hostile()),
    "oco": TEXTS,
}
"""Words that an argument does not know; ``AUD`` and such a currency without a rate."""

WHOLE: Final[tuple[object, ...]] = (
    *(0, -1, 1, 2**32 - 1, 2**32, 2**63, 10**40, 10**6 + 1, True, None, 1.0, "1", b"1", Hostile()),
)
"""Whole numbers at the edges of what multipliers and splits take."""


__all__ = [
    "BARS",
    "IDS",
    "LEVELS",
    "NUMBERS",
    "PRICES",
    "PROTECTION",
    "SIDES",
    "SIZES",
    "SYMBOLS",
    "TEXTS",
    "TIMES",
    "WHOLE",
    "WORDS",
    "Hostile",
]
