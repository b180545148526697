"""The catalogue of bad inputs: values that somebody will pass one day.

An entry has the number under which the catalogue knows it; several values can share a number.
Its kind says what is wrong with it; what an argument makes of each kind is in
``bad_input_slots.py``. The crossing of all entries with all arguments is in
``test_bad_inputs.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

import omega_portfolio as op

START = datetime(2000, 1, 1, tzinfo=timezone.utc)
START_MICROSECONDS = 946_684_800_000_000
LATER = START_MICROSECONDS + 1_000_000


def scene(backend: str, floats: str = "nearest") -> op.Portfolio:
    """Make the account that all entries are tried on.

    Position 1 is a long of 10 A at 100 (bid 99, ask 101), position 2 a short of 5 A at 101,
    position 3 is closed, position 4 is a long of 1 GRID, whose prices have 2 decimals and whose
    sizes have 1. B is registered and has no position. 100,000 USD, leverage 10.
    """
    portfolio = op.Portfolio("100000", leverage=10, floats=floats, backend=backend)
    portfolio.register_instrument(op.Instrument("GRID", price_decimals=2, size_decimals=1))
    portfolio.register_instrument(op.Instrument("B"))
    portfolio.open_position("A", "long", 10, 100, START, stop_loss=90, take_profit=120, fee="0.35")
    portfolio.open_position("A", "short", 5, 101, START)
    portfolio.open_position("A", "long", 1, 100, START)
    portfolio.close_position(3, 102, START)
    portfolio.open_position("GRID", "long", 1, 10, START)
    portfolio.update_equity(START, {"A": (99, 101)})
    return portfolio


class Hostile:
    """Answers no question about itself."""

    def __index__(self) -> NoReturn:
        raise RuntimeError("no index")

    def __float__(self) -> NoReturn:
        raise RuntimeError("no float")

    def __str__(self) -> NoReturn:
        raise RuntimeError("no text")

    __repr__ = __str__


class Reentrant:
    """Reads and changes the portfolio when it is asked for its number."""

    def __init__(self, portfolio: op.Portfolio) -> None:
        self.portfolio = portfolio

    def __index__(self) -> int:
        self.portfolio.deposit(1, LATER)
        return int(self.portfolio.balance)

    __int__ = __index__

    def __float__(self) -> float:
        return float(self.__index__())


@dataclass(frozen=True)
class Entry:
    """One value of the catalogue; `make` builds it for a portfolio."""

    number: int
    label: str
    kind: str
    make: Callable[[op.Portfolio], Any]


def entry(number: int, kind: str, value: object, label: str = "") -> Entry:
    return Entry(number, label or repr(value)[:40], kind, lambda _portfolio: value)


NUMBERS = [
    entry(1, "number", float("nan")),
    entry(2, "number", float("inf")),
    entry(3, "number", float("-inf")),
    entry(4, "zero", -0.0),
    entry(5, "zero", 0),
    entry(5, "zero", "0.000"),
    entry(5, "zero", Decimal("0E+999999")),
    entry(6, "negative", -1),
    entry(8, "negative", "-1"),
    entry(8, "negative", Decimal(-1)),
    entry(8, "negative", -1.0),
    entry(9, "number", 5e-324),
    entry(10, "range", 1.7e308),
    entry(10, "range", -1.7e308),
    entry(11, "huge", 2**63),
    entry(12, "range", 2**127),
    entry(13, "range", 10**38),
    entry(13, "range", -(10**38)),
    entry(14, "range", 10**5000, "10**5000"),
    entry(15, "type", True),
    entry(15, "type", False),
    entry(16, "number", Decimal("NaN")),
    entry(17, "number", Decimal("sNaN")),
    entry(18, "number", Decimal("Infinity")),
    entry(18, "number", Decimal("-Infinity")),
    entry(19, "range", Decimal("1E+999999999")),
    entry(20, "number", Decimal("1E-999999999")),
    entry(21, "number", ""),
    entry(22, "number", " 1"),
    entry(22, "number", "1 "),
    entry(22, "number", "1\n"),
    entry(23, "number", "1_000"),
    entry(24, "number", "1,5"),
    entry(25, "number", "0x10"),
    entry(26, "number", "nan"),
    entry(26, "number", "inf"),
    entry(27, "number", "\uff11\uff12"),
    entry(27, "number", "\u0661"),
    entry(28, "range", "1e400"),
    entry(29, "digit", None, "one digit too many"),
    entry(30, "strict", 0.1 + 0.2),
    entry(32, "type", 1 + 2j),
    entry(32, "type", b"1"),
    entry(32, "type", [1]),
    entry(32, "type", np.int64(1)),
    entry(33, "none", None),
    Entry(34, "hostile __index__ and __float__", "type", lambda _portfolio: Hostile()),
    Entry(35, "re-entrant __index__", "type", Reentrant),
    entry(58, "number", "1\x00"),
    entry(60, "number", "\ud800"),
]

TIMES = [
    entry(50, "good", datetime(2001, 1, 1), "naive datetime"),
    entry(50, "good", date(2001, 1, 1)),
    entry(51, "time", START_MICROSECONDS - 1),
    entry(51, "time", datetime(1999, 12, 31, tzinfo=timezone.utc)),
    entry(51, "time", "1999-12-31T23:59:59.999999Z"),
    entry(52, "time", np.datetime64("2001-01-01T00:00:00.000000001")),
    entry(52, "time", pd.Timestamp("2001-01-01T00:00:00.000000001")),
    entry(52, "time", "2001-01-01T00:00:00.0000001"),
    entry(53, "time", np.datetime64("NaT")),
    entry(53, "time", pd.NaT),
    entry(53, "none", None),
    entry(54, "time", datetime.min),
    entry(54, "good", datetime.max),
    entry(54, "time", 253_402_300_800_000_000),
    entry(54, "time", -62_135_596_800_000_001),
    entry(54, "time", 2**63),
    entry(54, "time", 10**5000, "10**5000"),
    entry(54, "time", "10000-01-01"),
    entry(54, "time", np.datetime64("10000-01-01")),
    entry(55, "good", datetime(2001, 10, 28, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))),
    entry(55, "good", datetime(2001, 10, 28, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)),
    entry(56, "type", 1e9),
    entry(56, "type", float("nan")),
    entry(15, "type", True),
    entry(21, "time", ""),
    entry(22, "time", " 2001-01-01"),
    entry(27, "time", "\uff12\uff10\uff10\uff11-01-01"),
    entry(32, "type", 1j),
    entry(63, "type", b"2001-01-01"),
    Entry(34, "hostile __index__", "type", lambda _portfolio: Hostile()),
    Entry(35, "re-entrant __index__", "type", Reentrant),
    entry(60, "time", "\ud800"),
]

TEXTS = [
    entry(57, "empty", ""),
    entry(58, "bad", "A\x00B"),
    entry(59, "bad", "A" * 2**20, "1 MB"),
    entry(60, "bad", "A\ud800"),
    entry(60, "bad", "\udfffA"),
    entry(61, "look-alike", "CAFE\u0301"),
    entry(61, "look-alike", "\u0391"),  # Greek alpha, which looks like A
    entry(62, "look-alike", "QQQ"),
    entry(63, "type", b"A"),
    entry(63, "type", bytearray(b"long")),
    entry(15, "type", True),
    entry(33, "none", None),
    entry(33, "type", 1),
    Entry(34, "hostile __str__", "type", lambda _portfolio: Hostile()),
]

IDS = [
    entry(41, "id", 0),
    entry(41, "id", -1),
    entry(41, "id", 2**64),
    entry(14, "id", 10**5000, "10**5000"),
    entry(15, "type", True),
    entry(32, "type", 1.0),
    entry(32, "type", "1"),
    entry(32, "type", Decimal(1)),
    entry(32, "type", np.uint64(1)),
    entry(33, "none", None),
    Entry(34, "hostile __index__", "type", lambda _portfolio: Hostile()),
    Entry(35, "re-entrant __index__", "type", Reentrant),
]

# Parameters of statistics are doubles: what no finite double is close to is refused.
RATES = [
    entry(1, "number", float("nan")),
    entry(2, "number", float("inf")),
    entry(3, "number", float("-inf")),
    entry(5, "zero", 0),
    entry(6, "number", -1),
    entry(6, "number", "-1.5"),
    entry(9, "good", 5e-324),
    entry(11, "good", 2**63),
    entry(14, "number", 10**5000, "10**5000"),
    entry(15, "type", True),
    entry(16, "number", Decimal("NaN")),
    entry(17, "number", Decimal("sNaN")),
    entry(18, "number", Decimal("Infinity")),
    entry(19, "number", Decimal("1E+999999999")),
    entry(20, "zero", Decimal("1E-999999999")),
    entry(20, "zero", Decimal("-1E-999999999")),
    entry(20, "good", Decimal("0.0123456789012345678901234567890123456789")),
    entry(21, "number", ""),
    entry(22, "number", " 1"),
    entry(23, "number", "1_000"),
    entry(24, "number", "1,5"),
    entry(25, "number", "0x10"),
    entry(26, "number", "nan"),
    entry(26, "number", "inf"),
    entry(27, "number", "\uff11"),
    entry(28, "number", "1e400"),
    entry(32, "type", 1j),
    entry(33, "type", None),
    Entry(34, "hostile __float__", "type", lambda _portfolio: Hostile()),
    Entry(35, "re-entrant __float__", "type", Reentrant),
]

COUNTS = [
    entry(5, "good", 0),
    entry(6, "count", -1),
    entry(14, "good", 1_000),
    entry(15, "type", True),
    entry(32, "type", 1.0),
    entry(32, "type", "1"),
    entry(33, "good", None),
    Entry(34, "hostile __index__", "type", lambda _portfolio: Hostile()),
    Entry(35, "re-entrant __index__", "type", Reentrant),
]

DECIMALS = [
    entry(6, "decimals", -1),
    entry(13, "decimals", 10),
    entry(11, "decimals", 2**63),
    entry(14, "decimals", 10**5000, "10**5000"),
    entry(15, "type", True),
    entry(32, "type", 2.0),
    entry(32, "type", "2"),
    entry(33, "type", None),
    Entry(34, "hostile __index__", "type", lambda _portfolio: Hostile()),
    Entry(35, "re-entrant __index__", "type", Reentrant),
]
