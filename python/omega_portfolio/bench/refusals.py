"""Values that an argument refuses, and calls that a rule of the account refuses.

A deliberate refusal starts from a good operation and spoils one argument, sometimes two: with
two, both backends must also agree on which rule answers first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from omega_portfolio.bench.tables import odd_event_tables, odd_tables
from omega_portfolio.instrument import Instrument

if TYPE_CHECKING:
    from random import Random

    from omega_portfolio.bench.shapes import Setting

Operation: TypeAlias = tuple[str, tuple[object, ...], dict[str, object]]
"""One call: name of the method, positional arguments, keyword arguments."""


class Hostile:
    """An object whose conversions to a number raise; no argument takes it.

    Examples
    --------
    >>> from omega_portfolio.bench.refusals import Hostile
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


_NUMBERS: Final[tuple[object, ...]] = (
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

_SIZES: Final = (0, -1, "-0.01", -0.0, "0", Decimal("-0"), "1e-9", 0.1234567891, "0.5")
_TIMES: Final[tuple[object, ...]] = (
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
_SYMBOLS: Final[tuple[object, ...]] = (
    *("", " A", "A ", "\u00a0A", "A\u3000", "A\x00B", "A\nB", "\x7f", "A" * 256, "é" * 128),
    *("\ud800", "A\udfff", b"AAPL", None, 1, True, ("A",), "A\x85B", "A\u2028", "\x1fA"),
)
_TEXTS: Final[tuple[object, ...]] = (
    *("a\x00b", "\ud83d", "t" * 256, "é" * 128, b"tag", None, 1, True, ["t"], "x" * 10_000),
)
_SIDES: Final[tuple[object, ...]] = (
    *("", "LONG", "Buy", "longer", " long", "short ", None, 1, -1, True, b"long", "l\x00ng"),
    "\ud800",
)
_IDS: Final[tuple[object, ...]] = (
    *(0, -1, 2**64, 2**64 - 1, 2**63, 10**30, True, False, 1.0, "1", Decimal(1), None, b"1"),
    Hostile(),
)
_PRICES: Final[tuple[object, ...]] = (
    *(None, 1, "x", 1.5, [], {"": 1}, {"A": None}, {"A": ()}, {"A": (1,)}, {"A": (1, 2, 3)}),
    *({"A": (2, 1)}, {"A": (0, 1)}, {"A": (1, 0)}, {"A": -1}, {"A": "nan"}, {"A": (1, None)}),
    *({1: 1}, {None: 1}, {b"A": 1}, {"A": True}, {" A": 1}, {"\ud800": 1}, {}, Hostile()),
    *({"FRESH": 1, "A": 0}, {"FRESH": 1, "B": (2, 1)}, {"FRESH": "1e29"}, {"A": 5e-324}),
)
_LEVELS: Final = (0, -1, "-0.5", -0.0, "1e28", "0.000000001", 0.123456789123)

_INSTRUMENTS: Final[tuple[object, ...]] = (
    None,
    "EURUSD",
    *(Instrument(symbol) for symbol in ("", " A", "A" * 256)),
    *(Instrument("BAD", price_decimals=decimals) for decimals in (-1, 10, 2**40)),
    *(Instrument("BAD", size_decimals=decimals) for decimals in (-1, 10, 19)),
    *(
        Instrument("BAD", contract_size=size)
        for size in (0, -1, "nan", "0.1", "1e-10", 10**29, float("inf"), "x", 5e-324)
    ),
    Instrument("BAD", price_decimals=5, size_decimals=5, contract_size="0.123456789"),
    *(Instrument("BAD", quote_currency=text) for text in ("", "usd", "EURO", "AUD", "ZZZ", "\x00")),
    *(Instrument("BAD", leverage=leverage) for leverage in (0, -30, "nan", 10**29, "1e-10", "x")),
)
"""Definitions that break a rule whatever the portfolio holds (``AUD`` is no account here)."""

_VALUES: Final[dict[str, tuple[object, ...]]] = {
    "symbol": _SYMBOLS,
    "side": _SIDES,
    "size": _SIZES + _NUMBERS,
    "price": _SIZES + _NUMBERS,
    "time": _TIMES,
    "stop_loss": _LEVELS + _NUMBERS,
    "take_profit": _LEVELS + _NUMBERS,
    "fee": _NUMBERS,
    "amount": (0, -1, "0", "-0.0", *_NUMBERS),
    "tag": _TEXTS,
    "reason": _TEXTS,
    "position_id": _IDS,
    "prices": _PRICES,
    "instrument": _INSTRUMENTS,
    "events": (None, 1, "x", [], {}, {"action": ["mark"]}, Hostile()),
    "on_error": ("", "Raise", "ignore", None, True, b"raise", "record ", "\ud800", Hostile()),
    "exact": (True, False),
}

_TABLES: Final[dict[str, Callable[[], tuple[object, ...]]]] = {
    "prices": odd_tables,
    "events": odd_event_tables,
}

_OPTIONS: Final[dict[str, tuple[object, ...]]] = {
    "initial_balance": (-1, "-0.01", "1e-19", *_NUMBERS),
    "currency": ("", "usd", "DOLLAR", "ZZZ", " USD", None, 840, True, b"USD", "US\x00", "\ud800"),
    "leverage": (0, -30, "-0.5", "1e-10", "1e29", *_NUMBERS),
    "mode": ("netting", "", "Hedging", "hedging ", None, 0, True, b"hedging", "\ud800"),
    "floats": ("exact", "", "Nearest", None, 0, True, b"nearest", "\ud800"),
    "capacity": (-1, True, 1.0, "1", 10**30, -(2**63), Hostile()),
}
"""Wrong options of the constructor."""

POSITIONAL: Final[dict[str, tuple[str, ...]]] = {
    "register_instrument": ("instrument",),
    "open_position": ("symbol", "side", "size", "price", "time"),
    "close_position": ("position_id", "price", "time"),
    "modify_position": ("position_id", "time"),
    "mark": ("prices",),
    "update_equity": ("time", "prices"),
    "charge_fee": ("amount", "time"),
    "deposit": ("amount", "time"),
    "withdraw": ("amount", "time"),
    "apply": ("events",),
}
"""Names of the positional arguments of each call."""

KEYWORDS: Final[dict[str, tuple[str, ...]]] = {
    "register_instrument": (),
    "open_position": ("stop_loss", "take_profit", "fee", "tag", "position_id"),
    "close_position": ("size", "fee", "reason"),
    "modify_position": ("stop_loss", "take_profit"),
    "mark": ("time",),
    "update_equity": (),
    "charge_fee": ("position_id",),
    "deposit": (),
    "withdraw": (),
    "apply": ("on_error", "exact"),
}
"""Names of the keyword arguments of each call."""


def spoil(random: Random, operation: Operation) -> Operation:
    """Replace one argument of an operation, or two, by values that it does not take.

    Parameters
    ----------
    random : random.Random
        Source of the choices.
    operation : tuple
        A good operation; it is not changed.

    Returns
    -------
    tuple
        The spoiled operation. A few values are refused by some arguments only, so that an
        accepted call remains possible.
    """
    spoiled = _spoil_one(random, operation)
    return _spoil_one(random, spoiled) if random.getrandbits(2) == 0 else spoiled


def _spoil_one(random: Random, operation: Operation) -> Operation:
    name, arguments, keywords = operation
    positional = POSITIONAL[name]
    number = random.randrange(len(positional) + len(KEYWORDS[name]))
    if number >= len(positional):
        keyword = KEYWORDS[name][number - len(positional)]
        return name, arguments, {**keywords, keyword: random.choice(_VALUES[keyword])}
    if number >= len(arguments):
        return operation
    values = _VALUES[positional[number]]
    if positional[number] in _TABLES and random.getrandbits(1):
        values = _TABLES[positional[number]]()
    value = random.choice(values)
    return name, (*arguments[:number], value, *arguments[number + 1 :]), keywords


def spoil_construction(random: Random, setting: Setting) -> Setting:
    """Replace the initial balance or one option of a configuration by a wrong value.

    Parameters
    ----------
    random : random.Random
        Source of the choices.
    setting : Setting
        A good configuration; it is not changed.

    Returns
    -------
    Setting
        What a constructor refuses, with very few exceptions.
    """
    name = random.choice(tuple(_OPTIONS))
    value = random.choice(_OPTIONS[name])
    if name == "initial_balance":
        return replace(setting, initial_balance=value)
    return replace(setting, options={**setting.options, name: value})


__all__ = ["KEYWORDS", "POSITIONAL", "Hostile", "Operation", "spoil", "spoil_construction"]
