"""Changing levels and protection of an open position (SPEC D1, D2, Q1, Q2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.oracle import codec, rules
from omega_portfolio.oracle.order_codec import Levels
from omega_portfolio.oracle.protection import (
    STOP_OWN,
    Guarded,
    check_break_even,
    check_exit_time,
    check_targets,
    check_trailing,
    trail,
)
from omega_portfolio.sentinel import Unset

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position, Symbol
    from omega_portfolio.oracle.events import Modify
    from omega_portfolio.oracle.ledger import Ledger


def modify(ledger: Ledger, event: Modify) -> int:
    """Set or remove what is given; what is left out stays."""
    rules.time_does_not_decrease(event.time, ledger.time)
    found = ledger.positions.by_id.get(event.position_id)
    position = rules.position_is_open(event.position_id, found)
    symbol, market = position.symbol, position.mark_price()
    levels = (event.stop_loss, event.take_profit)
    for name, level in zip(rules.LEVELS, levels, strict=True):
        if isinstance(level, int):
            rules.level_protects(name, level, (symbol, position.side), market)
    _check(event, position)

    # The initial stop stays as it is (D2).
    if not isinstance(event.stop_loss, Unset):
        position.stop_loss = event.stop_loss or 0
        position.stop_kind = STOP_OWN
    if not isinstance(event.take_profit, Unset):
        position.take_profit = event.take_profit or 0
    if not isinstance(event.trailing, Unset):
        position.trailing = event.trailing or 0
        trail(position, market)
    if not isinstance(event.break_even, Unset):
        position.break_even = event.break_even
    if not isinstance(event.targets, Unset):
        position.targets = event.targets
    if not isinstance(event.exit_time, Unset):
        position.exit_time = event.exit_time
    dt = event.time - (ledger.time or 0)
    ledger.commit(event.time, (codec.MODIFY, dt, event.position_id, _in_units(event, symbol)))
    return 0


def _check(event: Modify, position: Position) -> None:
    """Refuse protection that is given and breaks a rule; it starts from the market (Q2)."""
    take_profit = event.take_profit
    if isinstance(take_profit, Unset):
        take_profit = position.take_profit or None
    guarded = Guarded(
        position.symbol,
        position.side,
        position.size,
        position.mark_price(),
        take_profit,
        event.time,
    )
    if isinstance(event.trailing, int):
        check_trailing(event.trailing, guarded)
    if isinstance(event.break_even, tuple):
        check_break_even(event.break_even, position.symbol)
    if isinstance(event.targets, tuple):
        check_targets(event.targets, guarded)
    if isinstance(event.exit_time, int):
        check_exit_time(event.exit_time, event.time)


def _in_units(event: Modify, symbol: Symbol) -> Levels:
    """Give what is given in units (SPEC section 9); None stands for what is not."""
    unit = symbol.price_unit

    def level(raw: int | Unset | None) -> int | None:
        return None if isinstance(raw, Unset) else (raw or 0) // unit

    pair, targets, exit_time = event.break_even, event.targets, event.exit_time
    return Levels(
        level(event.stop_loss),
        level(event.take_profit),
        level(event.trailing),
        None if isinstance(pair, Unset) else tuple(raw // unit for raw in pair or (0, 0)),
        None
        if isinstance(targets, Unset)
        else tuple((price // unit, size // symbol.size_unit) for price, size in targets),
        None if isinstance(exit_time, Unset) else () if exit_time is None else (exit_time,),
    )
