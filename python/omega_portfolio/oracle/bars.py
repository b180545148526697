"""Bars and quotes: checks (SPEC G1) and the order of their steps (G2 to G8).

One event makes all the fills that its prices reach. What is refused in the middle leaves a
state that no rule describes, so that whoever brings the event takes everything back (G10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import InvalidBar, InvalidPrice, InvalidTime, NumberOutOfRange, describe
from omega_portfolio.oracle import bar_walk, codec, executions, orders, rules
from omega_portfolio.oracle.executions import Take, is_open, takes_of
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, plain_text, within
from omega_portfolio.oracle.protection import break_even, trail
from omega_portfolio.oracle.stop_out import Range, close_below_stop_out, note_margin_call
from omega_portfolio.oracle.texts import LONG
from omega_portfolio.oracle.times import to_datetime

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position, Symbol
    from omega_portfolio.oracle.events import Bar, Bars, Quotes
    from omega_portfolio.oracle.ledger import Ledger
    from omega_portfolio.oracle.orders import Order

PESSIMISTIC: Final = 0
OPTIMISTIC: Final = 1
OHLC: Final = 2
OLHC: Final = 3
"""The paths by their place in ``codec.PATHS``."""


def process_bar(ledger: Ledger, event: Bars) -> int:
    """Take a bar of each of some symbols."""
    rules.time_does_not_decrease(event.time, ledger.time)
    symbols = _known(ledger, event.bars, event.time)
    path = ledger.configuration.path if event.path is None else event.path
    ledger.register_used(symbols)
    ranges = [
        Range(symbol, bar.open, bar.high, bar.low, bar.close, bar.spread)
        for symbol, bar in zip(symbols, event.bars, strict=True)
    ]
    try:
        _take_bars(ledger, ranges, event.time, path)
    except NumberOutOfRange as error:
        raise _in_the_middle("bars", error) from None
    units = tuple(
        (each.symbol.index, *(number // each.symbol.price_unit for number in each[1:]))
        for each in ranges
    )
    for symbol in symbols:
        symbol.last_bar = event.time
    ledger.commit(event.time, (codec.BAR, event.time - (ledger.time or 0), path, units))
    return 0


def process_quotes(ledger: Ledger, event: Quotes) -> int:
    """Take quotes as mark does, and everything that they reach (G7)."""
    symbols = ledger.quoted(event.time, event.quotes)
    ledger.register_used(symbols)
    ranges = [
        Range(symbol, quote.bid, quote.bid, quote.bid, quote.bid, quote.ask - quote.bid)
        for symbol, quote in zip(symbols, event.quotes, strict=True)
    ]
    time = event.time
    try:
        _expire_and_open(ledger, ranges, time)
        for each in ranges:
            _tighten(each, _open_of(ledger, each.symbol))
            orders.expire(ledger, each.symbol, time, time + 1)
        close_below_stop_out(ledger, [], time)
        note_margin_call(ledger, time)
        ledger.append_equity(time)
    except NumberOutOfRange as error:
        raise _in_the_middle("quotes", error) from None
    units = tuple(
        (
            each.symbol.index,
            each.open // each.symbol.price_unit,
            each.spread // each.symbol.price_unit,
        )
        for each in ranges
    )
    ledger.commit(time, (codec.QUOTES, time - (ledger.time or 0), units))
    return 0


def _known(ledger: Ledger, bars: Sequence[Bar], time: int) -> list[Symbol]:
    """Give the symbols of bars that are what a bar is (G1)."""
    symbols: dict[str, Symbol] = {}
    next_index = len(ledger.symbols)
    for bar in bars:
        symbol = ledger.symbol_or_default(bar.symbol, next_index, bar.place("symbol"))
        rules.symbol_is_single(bar.place("symbol"), bar.symbol, symbols)
        if symbol.last_bar is not None and time <= symbol.last_bar:
            raise InvalidTime(
                "time",
                to_datetime(time).isoformat(),
                f"is not after the last bar of {describe(bar.symbol)} at "
                f"{to_datetime(symbol.last_bar).isoformat()}",
                "pass each bar of a symbol once, in the order of time",
            )
        _check_bar(bar, symbol)
        symbols[bar.symbol] = symbol
        if symbol.index == next_index:
            next_index += 1
    return list(symbols.values())


def _check_bar(bar: Bar, symbol: Symbol) -> None:
    for name in ("open", "high", "low", "close"):
        rules.price_is_tradable(bar.place(name), getattr(bar, name), symbol)
    if bar.spread < 0 or bar.spread % symbol.tick:
        raise InvalidPrice(
            bar.place("spread"),
            plain_text(bar.spread, QUANTITY_SCALE),
            "must not be negative"
            if bar.spread < 0
            else f"must be a multiple of {plain_text(symbol.tick, QUANTITY_SCALE)}",
            "pass ask - bid, 0 for one price",
        )
    if bar.low > min(bar.open, bar.close):
        raise _not_a_bar(bar, "low", "above")
    if bar.high < max(bar.open, bar.close):
        raise _not_a_bar(bar, "high", "below")
    within("bars", bar.high + bar.spread, "high and spread")


def _not_a_bar(bar: Bar, name: str, where: str) -> InvalidBar:
    return InvalidBar(
        bar.place(name),
        plain_text(getattr(bar, name), QUANTITY_SCALE),
        f"is {where} the open or the close of {describe(bar.symbol)}",
        "pass open, high, low, close in this order",
    )


def _in_the_middle(argument: str, error: NumberOutOfRange) -> NumberOutOfRange:
    """Name the argument that all numbers come from."""
    return NumberOutOfRange(argument, error.value, error.rule, error.remedy)


def _take_bars(ledger: Ledger, bars: Sequence[Range], time: int, path: int) -> None:
    """Go through the steps, each for all symbols before the next."""
    _expire_and_open(ledger, bars, time)
    before = {bar.symbol.name: _open_of(ledger, bar.symbol) for bar in bars}
    if path in (OHLC, OLHC):
        for bar in bars:
            bar_walk.walk(ledger, bar, time, rising_first=path == OHLC)
        _see_extremes(ledger, bars, before)
    else:
        for bar in bars:
            _reach_levels(ledger, bar, before[bar.symbol.name], time, path)
        _see_extremes(ledger, bars, before)
        for bar in bars:
            _reach_orders(ledger, bar, time, path)
    for bar in bars:
        # An extreme may lie before a fill, so what the bar itself opened waits for the next.
        held = [position for position in before[bar.symbol.name] if is_open(ledger, position)]
        _tighten(bar, held)
    for bar in bars:
        orders.expire(ledger, bar.symbol, time, time + 1)
    ledger.set_quotes([(bar.symbol, bar.close, bar.close + bar.spread) for bar in bars])
    close_below_stop_out(ledger, bars, time)
    note_margin_call(ledger, time)
    ledger.append_equity(time)


# Open: time exits, and what the open is beyond or at.


def _expire_and_open(ledger: Ledger, bars: Sequence[Range], time: int) -> None:
    for bar in bars:
        orders.expire(ledger, bar.symbol, time, time)
    ledger.set_quotes([(bar.symbol, bar.open, bar.open + bar.spread) for bar in bars])
    for bar in bars:
        _open_symbol(ledger, bar, time)


def _open_symbol(ledger: Ledger, bar: Range, time: int) -> None:
    for position in _open_of(ledger, bar.symbol):  # (a)
        if position.exit_time is not None and position.exit_time <= time:
            executions.close_on_time(ledger, position, time)
    _close_at_open(ledger, _open_of(ledger, bar.symbol), time)  # (b), (c)
    filled: dict[int, Position] = {}
    for order in ledger.orders.of(bar.symbol):  # (d)
        market = bar.open + bar.spread if order.side == LONG else bar.open
        if ledger.orders.is_resting(order) and _is_beyond(order, market):
            entered = executions.fill_order(ledger, order, market, time)
            if entered is not None:
                filled[entered.position_id] = entered
    _close_at_open(ledger, [filled[number] for number in sorted(filled)], time)  # (e)


def _close_at_open(ledger: Ledger, positions: Iterable[Position], time: int) -> None:
    """Close at the mark, which is the open, what it is beyond or at (b), (c)."""
    held = [position for position in positions if is_open(ledger, position)]
    for position in held:
        stop, price = position.stop_loss, position.mark_price()
        if stop and (price <= stop if position.side == LONG else price >= stop):
            executions.close_at_stop(ledger, position, price, time)
    for position in held:
        price = position.mark_price()
        for take in takes_of(position):
            beyond = price >= take.price if position.side == LONG else price <= take.price
            if beyond and is_open(ledger, position):
                executions.close_at_take(ledger, position, take, price, time)


def _is_beyond(order: Order, market: int) -> bool:
    """Tell whether a market price fills an order at once."""
    if order.kind == orders.MARKET:
        return True
    if (order.kind == orders.LIMIT) == (order.side == LONG):
        return market <= order.price
    return market >= order.price


# Steps 1 to 3.


def _reach_levels(
    ledger: Ledger, bar: Range, positions: Sequence[Position], time: int, path: int
) -> None:
    """Step 1: stops, then takes; optimistic the other way round (G3)."""
    ledger.ambiguous_count += sum(_is_ambiguous(bar, position) for position in positions)
    if path == OPTIMISTIC:
        for position in positions:
            _take_in_reach(ledger, bar, position, time)
    for position in positions:
        if is_open(ledger, position):
            _stop_in_reach(ledger, bar, position, time)
    if path == PESSIMISTIC:
        for position in positions:
            _take_in_reach(ledger, bar, position, time)


def _reach_orders(ledger: Ledger, bar: Range, time: int, path: int) -> None:
    """Step 2: orders, and what a position that they opened or increased meets at once (G3)."""

    def distance(order: Order) -> tuple[int, int]:
        market = bar.open + bar.spread if order.side == LONG else bar.open
        return abs(order.price - market), order.order_id

    for order in sorted(ledger.orders.of(bar.symbol), key=distance):
        if not ledger.orders.is_resting(order) or not bar.reaches(order.side == LONG, order.price):
            continue
        position = executions.fill_order(ledger, order, order.price, time)
        if position is None:
            continue
        has_stop, has_take = _has_stop(bar, position), bool(_takes_in_reach(bar, position))
        ledger.ambiguous_count += has_stop or has_take
        if path == PESSIMISTIC:
            _stop_in_reach(ledger, bar, position, time)
        else:
            _take_in_reach(ledger, bar, position, time)


def _is_ambiguous(bar: Range, position: Position) -> bool:
    return _has_stop(bar, position) and bool(_takes_in_reach(bar, position))


def _has_stop(bar: Range, position: Position) -> bool:
    # The ask closes a short.
    return position.stop_loss > 0 and bar.reaches(position.side != LONG, position.stop_loss)


def _takes_in_reach(bar: Range, position: Position) -> list[Take]:
    """Give targets and take_profit in reach, nearest first."""
    towards = 1 if position.side == LONG else -1
    takes = [take for take in takes_of(position) if bar.reaches(position.side != LONG, take.price)]
    return sorted(takes, key=lambda take: towards * take.price)


def _stop_in_reach(ledger: Ledger, bar: Range, position: Position, time: int) -> None:
    if _has_stop(bar, position):
        executions.close_at_stop(ledger, position, position.stop_loss, time)


def _take_in_reach(ledger: Ledger, bar: Range, position: Position, time: int) -> None:
    for take in _takes_in_reach(bar, position):
        if is_open(ledger, position):
            executions.close_at_take(ledger, position, take, take.price, time)


def _see_extremes(ledger: Ledger, bars: Iterable[Range], before: dict[str, list[Position]]) -> None:
    """Let positions that came through see high and low (G8)."""
    for bar in bars:
        for position in before[bar.symbol.name]:
            if is_open(ledger, position):
                shift = 0 if position.side == LONG else bar.spread
                position.see(bar.high + shift)
                position.see(bar.low + shift)


def _tighten(bar: Range, positions: Iterable[Position]) -> None:
    """Step 3: trailing, then break-even, from the best price of the bar (G5)."""
    for position in positions:
        best = bar.high if position.side == LONG else bar.low + bar.spread
        trail(position, best)
        break_even(position, best)


def _open_of(ledger: Ledger, symbol: Symbol) -> list[Position]:
    """Give the open positions of a symbol by position_id."""
    held = [position for position in ledger.positions.rows if position.symbol is symbol]
    return sorted(held, key=lambda position: position.position_id)
