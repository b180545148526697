"""Protection of a position beside its two levels (SPEC Q1, Q2): what it is and what it obeys.

A trailing distance, a break-even level that waits for its trigger, partial targets, and a time
of exit. The functions here look at values and positions alone; when a level is reached is in
:mod:`omega_portfolio.oracle.bars`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.errors import InvalidProtection, InvalidTime
from omega_portfolio.oracle.numbers import LIMIT, QUANTITY_SCALE, half_even, plain_text
from omega_portfolio.oracle.texts import LONG
from omega_portfolio.oracle.times import to_datetime

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position, Symbol

TARGETS_MAX: Final = 255

STOP_OWN: Final = 0
STOP_TRAILING: Final = 1
STOP_BREAK_EVEN: Final = 2
STOP_REASONS: Final = ("stop_loss", "trailing_stop", "break_even")
"""Why a position is closed at its stop, by the kind of the stop (G5)."""


class Protection(NamedTuple):
    """What is given beside the levels; raw numbers, None and () for what is not given.

    ``break_even`` is a trigger and an offset, ``targets`` are pairs of price and size.
    """

    trailing: int | None = None
    break_even: tuple[int, int] | None = None
    targets: tuple[tuple[int, int], ...] = ()
    exit_time: int | None = None


NO_PROTECTION: Final = Protection()


class Guarded(NamedTuple):
    """What protection is for; without a price (a market order) its side is not asked for."""

    symbol: Symbol
    side: int
    size: int
    price: int | None
    take_profit: int | None
    time: int


def protection_of(position: Position) -> Protection:
    """Give the protection that a position has."""
    return Protection(
        position.trailing or None, position.break_even, position.targets, position.exit_time
    )


def check_protection(protection: Protection, guarded: Guarded) -> None:
    """Refuse protection that breaks a rule (Q1, Q2).

    Raises
    ------
    InvalidProtection, InvalidTime
        The first rule that is broken.
    """
    if protection.trailing is not None:
        check_trailing(protection.trailing, guarded)
    if protection.break_even is not None:
        check_break_even(protection.break_even, guarded.symbol)
    check_targets(protection.targets, guarded)
    if protection.exit_time is not None:
        check_exit_time(protection.exit_time, guarded.time)


def check_trailing(distance: int, guarded: Guarded) -> None:
    """Refuse a distance that is no distance, or is too large for a stop above 0."""
    _check_grid("trailing", distance, guarded.symbol)
    if distance <= 0:
        raise _refused("trailing", distance, "must be greater than 0", "pass None for none")
    price = guarded.price
    if price is not None and guarded.side == LONG and price - distance <= 0:
        raise _refused(
            "trailing",
            distance,
            f"leaves no stop above 0 below {plain_text(price, QUANTITY_SCALE)}",
            "pass a shorter distance",
        )
    if price is not None and guarded.side != LONG and price + distance >= LIMIT:
        raise _refused(
            "trailing",
            distance,
            f"leaves no stop in range above {plain_text(price, QUANTITY_SCALE)}",
            "pass a shorter distance",
        )


def check_break_even(break_even: tuple[int, int], symbol: Symbol) -> None:
    """Refuse a trigger that is not beyond its offset, or an offset below 0."""
    trigger, offset = break_even
    for distance in break_even:
        _check_grid("break_even", distance, symbol)
    if offset < 0:
        raise _refused("break_even", offset, "the offset must not be negative", "pass 0 or more")
    if trigger <= offset:
        raise _refused(
            "break_even",
            trigger,
            f"the trigger must be more than the offset {plain_text(offset, QUANTITY_SCALE)}",
            "pass (trigger, offset) in this order",
        )


def check_targets(targets: Sequence[tuple[int, int]], guarded: Guarded) -> None:
    """Refuse targets on the wrong side, behind take_profit, or of more than there is."""
    symbol = guarded.symbol
    if len(targets) > TARGETS_MAX:
        raise InvalidProtection(
            "targets",
            str(len(targets)),
            f"may be at most {TARGETS_MAX}",
            "pass fewer targets",
        )
    for price, size in targets:
        if price <= 0:
            raise _refused("targets", price, "a price must be greater than 0", "pass prices")
        _check_grid("targets", price, symbol)
        if guarded.price is not None and not is_behind(guarded.side, guarded.price, price):
            raise _refused(
                "targets",
                price,
                f"must be on the side of take_profit of "
                f"{plain_text(guarded.price, QUANTITY_SCALE)}",
                "move the target to the other side",
            )
        end = guarded.take_profit
        if end is not None and not is_behind(guarded.side, price, end):
            raise _refused(
                "targets",
                price,
                f"must come before take_profit {plain_text(end, QUANTITY_SCALE)}",
                "move the target, or the take_profit",
            )
        if size <= 0:
            raise _refused("targets", size, "a size must be greater than 0", "pass sizes")
        if size % symbol.lot:
            raise _refused(
                "targets",
                size,
                f"a size must be a multiple of {plain_text(symbol.lot, QUANTITY_SCALE)}",
                "round the size",
            )
    total = sum(size for _, size in targets)
    if total > guarded.size:
        raise _refused(
            "targets",
            total,
            f"the sizes are more than {plain_text(guarded.size, QUANTITY_SCALE)} together",
            "pass smaller sizes",
        )


def check_exit_time(exit_time: int, time: int) -> None:
    """Refuse a time of exit before the event."""
    if exit_time < time:
        raise InvalidTime(
            "exit_time",
            to_datetime(exit_time).isoformat(),
            f"is before the event at {to_datetime(time).isoformat()}",
            "pass a later time",
        )


def is_behind(side: int, price: int, other: int) -> bool:
    """Tell whether another price is further on the way of a profit, strictly."""
    return other > price if side == LONG else other < price


def start_protection(
    position: Position, given: Protection, price: int, *, initial: bool = False
) -> None:
    """Give a position what is given; trailing sets a stop from a price at once (Q2).

    ``initial`` is for the fill that opens the position: the stop is then the initial one.
    """
    if given.trailing is not None:
        position.trailing = given.trailing
        trail(position, price)
    if given.break_even is not None:
        position.break_even = given.break_even
    if given.targets:
        position.targets = given.targets
    if given.exit_time is not None:
        position.exit_time = given.exit_time
    if initial:
        position.initial_stop = position.stop_loss


def trail(position: Position, price: int) -> None:
    """Move the stop to the trailing distance from a price when that is nearer (Q2, G5)."""
    if position.trailing:
        distance = position.trailing
        stop = price - distance if position.side == LONG else price + distance
        _move_stop(position, stop, STOP_TRAILING)


def break_even(position: Position, price: int) -> None:
    """Move the stop behind the entry when a price has reached the trigger (G5)."""
    if position.break_even is None:
        return
    trigger, offset = position.break_even
    if position.side == LONG:
        reached, stop = price >= position.entry_price + trigger, position.entry_price + offset
    else:
        reached, stop = price <= position.entry_price - trigger, position.entry_price - offset
    if reached:
        position.break_even = None
        tick = position.symbol.tick
        _move_stop(position, half_even(stop, tick) * tick, STOP_BREAK_EVEN)


def _move_stop(position: Position, stop: int, kind: int) -> None:
    """Set a stop that is nearer to the market than the one that is there, if any."""
    held = position.stop_loss
    if 0 < stop < LIMIT and (not held or is_behind(position.side, held, stop)):
        position.stop_loss = stop
        position.stop_kind = kind


def split_protection(
    protection: Protection, price: Callable[[int], int], size: Callable[[int], int]
) -> tuple[Protection, list[tuple[int, int]]]:
    """Give protection after a split (L3), and the targets that nothing is left of.

    ``price`` and ``size`` convert and round a number. A distance that becomes 0 is gone, and so
    is a target of which price or size becomes 0.
    """
    trailing = price(protection.trailing) if protection.trailing else 0
    pair = protection.break_even
    if pair is not None:
        pair = (price(pair[0]), price(pair[1]))
    kept: list[tuple[int, int]] = []
    gone: list[tuple[int, int]] = []
    for target in protection.targets:
        after = (price(target[0]), size(target[1]))
        if all(after):
            kept.append(after)
        else:
            gone.append(target)
    after_split = Protection(
        trailing or None, pair if pair and pair[0] else None, tuple(kept), protection.exit_time
    )
    return after_split, gone


def _check_grid(argument: str, distance: int, symbol: Symbol) -> None:
    if distance % symbol.tick:
        raise _refused(
            argument,
            distance,
            f"must be a multiple of {plain_text(symbol.tick, QUANTITY_SCALE)}",
            "round it to the tick",
        )


def _refused(argument: str, number: int, rule: str, remedy: str) -> InvalidProtection:
    return InvalidProtection(argument, plain_text(number, QUANTITY_SCALE), rule, remedy)
