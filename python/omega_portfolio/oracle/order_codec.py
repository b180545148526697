"""Canonical bytes of protection, orders, bars and quotes (SPEC section 9, ops 4, 10, 12 to 15).

All numbers are in the units of an instrument's decimals.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from omega_portfolio.oracle.octets import (
    Octets,
    put_optional,
    put_signed,
    put_unsigned,
)
from omega_portfolio.oracle.protection import Protection

OPEN_PROTECTED: Final = 10
PLACE_ORDER: Final = 12
CANCEL_ORDER: Final = 13
BAR: Final = 14
QUOTES: Final = 15

BarUnits: TypeAlias = tuple[int, int, int, int, int, int]
"""Symbol index, open, high, low, close, spread."""

PROTECTED: Final = (("protection", "protection"),)
"""What op 10 has behind the fields of an open."""

ORDER_FIELDS: Final[dict[int, tuple[tuple[str, str], ...]]] = {
    PLACE_ORDER: (
        ("dt", "z"),
        ("symbol", "u"),
        ("side", "b"),
        ("type", "b"),
        ("size", "u"),
        ("price", "u"),
        ("expiry", "optional"),
        ("oco", "str"),
        ("stop_loss", "u"),
        ("take_profit", "u"),
        ("tag", "str"),
        ("protection", "protection"),
    ),
    CANCEL_ORDER: (("dt", "z"), ("order_id", "u")),
    BAR: (("dt", "z"), ("path", "b"), ("bars", "bars")),
    QUOTES: (("dt", "z"), ("quotes", "quotes")),
}


class Levels(NamedTuple):
    """What a modify gives; None is not given, 0 and () remove.

    ``break_even`` is removed by a trigger of 0, and ``exit_time`` is a time in a tuple.
    """

    stop_loss: int | None
    take_profit: int | None
    trailing: int | None = None
    break_even: tuple[int, ...] | None = None
    targets: tuple[tuple[int, int], ...] | None = None
    exit_time: tuple[int, ...] | None = None


def put_protection(out: bytearray, protection: Protection) -> None:
    """Write PROTECTION."""
    put_unsigned(out, protection.trailing or 0)
    for distance in protection.break_even or (0, 0):
        put_unsigned(out, distance)
    _put_targets(out, protection.targets)
    put_optional(out, protection.exit_time)


def read_protection(octets: Octets) -> Protection:
    """Read PROTECTION."""
    trailing = octets.unsigned() or None
    pair = (octets.unsigned(), octets.unsigned())
    targets = _read_targets(octets)
    return Protection(trailing, pair if pair[0] else None, targets, octets.optional())


def put_levels(out: bytearray, levels: Levels) -> None:
    """Write the mask of what is given, and that."""
    out.append(sum(1 << bit for bit, level in enumerate(levels) if level is not None))
    for number in levels[:3]:
        if number is not None:
            put_unsigned(out, number)
    if levels.break_even is not None:
        for distance in levels.break_even:
            put_unsigned(out, distance)
    if levels.targets is not None:
        _put_targets(out, levels.targets)
    if levels.exit_time is not None:
        out.append(len(levels.exit_time))
        for time in levels.exit_time:
            put_signed(out, time)


def read_levels(octets: Octets) -> Levels:
    """Read a mask and what it says is given."""
    mask = octets.byte()
    exit_time: int | None = None
    stop_loss, take_profit, trailing = (
        octets.unsigned() if mask & bit else None for bit in (1, 2, 4)
    )
    pair = (octets.unsigned(), octets.unsigned()) if mask & 8 else None
    targets = _read_targets(octets) if mask & 16 else None
    if mask & 32:
        exit_time = octets.optional()
    times = () if exit_time is None else (exit_time,)
    return Levels(stop_loss, take_profit, trailing, pair, targets, times if mask & 32 else None)


def put_bars(out: bytearray, bars: tuple[BarUnits, ...]) -> None:
    """Write the count of bars and their numbers."""
    put_unsigned(out, len(bars))
    for bar in bars:
        for number in bar:
            put_unsigned(out, number)


def read_bars(octets: Octets) -> tuple[BarUnits, ...]:
    """Read bars."""
    read = octets.unsigned
    return tuple((read(), read(), read(), read(), read(), read()) for _ in range(read()))


def _put_targets(out: bytearray, targets: tuple[tuple[int, int], ...]) -> None:
    put_unsigned(out, len(targets))
    for price, size in targets:
        put_unsigned(out, price)
        put_unsigned(out, size)


def _read_targets(octets: Octets) -> tuple[tuple[int, int], ...]:
    read = octets.unsigned
    return tuple((read(), read()) for _ in range(read()))
