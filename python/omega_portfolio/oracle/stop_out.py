"""Stop-out and margin call (SPEC M9, M10, G6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position, Symbol
    from omega_portfolio.oracle.ledger import Ledger


class Range(NamedTuple):
    """A symbol and what its bid did in a bar; the ask is the bid and the spread."""

    symbol: Symbol
    open: int
    high: int
    low: int
    close: int
    spread: int

    def reaches(self, buys: bool, price: int) -> bool:  # noqa: FBT001 - which of two prices.
        """Tell whether the ask, for who buys, or the bid came to a price."""
        shift = self.spread if buys else 0
        return self.low + shift <= price <= self.high + shift


def note_margin_call(ledger: Ledger, time: int) -> None:
    """Note that the account has come below the level of margin calls (M9)."""
    level = ledger.configuration.margin_call
    is_below = level > 0 and ledger.is_below(level)
    if is_below and not ledger.in_margin_call:
        ledger.note_activity(time, "margin_call")
    ledger.in_margin_call = is_below


def close_below_stop_out(ledger: Ledger, bars: Sequence[Range], time: int) -> None:
    """Close positions while the account is below the level: in bars, then at the marks (G6)."""
    level = ledger.configuration.stop_out
    if not level:
        return
    for bar in bars:
        _search_bar(ledger, bar, level, time)
    while ledger.is_below(level):
        _close_worst(ledger, time)


def _search_bar(ledger: Ledger, bar: Range, level: int, time: int) -> None:
    """Close positions at the prices within a bar at which the account comes below the level."""
    if _adverse_extreme(bar) is None:
        return
    lowest = bar.open
    while True:
        extreme = _adverse_extreme(bar)
        if extreme is None or not _is_below_at(ledger, bar, extreme, level):
            break
        lowest = _trigger(ledger, bar, (lowest, extreme), level)
        _set_mark(ledger, bar, lowest)
        _close_worst(ledger, time)
    _set_mark(ledger, bar, bar.close)


def _adverse_extreme(bar: Range) -> int | None:
    sums = bar.symbol.holding.sums
    if sums.long_size == sums.short_size:
        return None
    return bar.low if sums.long_size > sums.short_size else bar.high


def _trigger(ledger: Ledger, bar: Range, between: tuple[int, int], level: int) -> int:
    """Find the first price, in ticks, at which the account is below the level."""
    low, high = between
    if _is_below_at(ledger, bar, low, level):
        return low
    tick = bar.symbol.tick
    while abs(high - low) > tick:
        half = abs(high - low) // tick // 2 * tick
        middle = low + half if high > low else low - half
        if _is_below_at(ledger, bar, middle, level):
            high = middle
        else:
            low = middle
    return high


def _is_below_at(ledger: Ledger, bar: Range, price: int, level: int) -> bool:
    _set_mark(ledger, bar, price)
    return ledger.is_below(level)


def _set_mark(ledger: Ledger, bar: Range, price: int) -> None:
    # Prices that are only looked at are no marks of X1 (G8).
    ledger.set_quotes([(bar.symbol, price, price + bar.spread)], sees=False)


def _close_worst(ledger: Ledger, time: int) -> None:
    """Close the position with the least result at its mark (M10)."""

    def result(position: Position) -> tuple[int, int]:
        return ledger.unrealized_of(position), position.position_id

    position = min(ledger.positions.rows, key=result)
    size, price = position.size, position.mark_price()
    ledger.fill_close(
        position,
        None,
        price,
        time,
        fee=None,
        maker=False,
        reason="stop_out",
        order_id=0,
        slippage=0,
    )
    ledger.note_activity(
        time,
        "stop_out",
        position_id=position.position_id,
        symbol=position.symbol.name,
        size=size,
        price=price,
    )
