"""The yardstick: what a loop written by hand needs for the same work, compiled by numba.

One loop in two number systems. ``FLOAT`` counts in doubles; ``FIXED`` counts prices in cents and
money in units of 1e-6, so that a fee of two basis points is a whole number, and turns each equity
into the double that it is; ``FINE`` is the same with the decimals that stops need. All have the
semantics of the other engines and nothing else: no orders, no margin, no checks. The statistics
are one pass for the sums and the drawdowns; quantiles (value at risk) are left out, though an
engine with all metrics has to find them as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numba import njit

from works import FEE, RATE_PARTS, STOP_DECIMALS

if TYPE_CHECKING:
    from collections.abc import Callable

STATISTICS: Final = 24
"""Figures of a run."""

TRADE: Final = 6
"""Columns of a trade: run, bar of the entry, of the exit, size, both prices."""


class Arithmetic(NamedTuple):
    """A number system.

    Attributes
    ----------
    kind : type
        Of its numbers.
    price_unit : int
        Numbers in a price of 1.
    money_unit : int
        Numbers in money of 1.
    batch, holdings : callable
        The compiled loops: round trips of many runs, and one account of many symbols.
    """

    kind: type
    price_unit: int
    money_unit: int
    batch: Callable[..., Any]
    holdings: Callable[..., Any]


@njit(fastmath=True, nogil=True)
def sums_of(curve: Any, found: Any) -> None:
    """Sum the powers of the returns; the compiler may reorder the sums."""
    first = second = third = fourth = lower = gains = losses = 0.0
    best, worst = -1e300, 1e300
    ups = 0
    for bar in range(1, len(curve)):
        one = curve[bar] / curve[bar - 1] - 1.0
        square = one * one
        first += one
        second += square
        third += square * one
        fourth += square * square
        down = min(one, 0.0)
        lower += down * down
        losses += down
        gains += max(one, 0.0)
        ups += one > 0.0
        best, worst = max(best, one), min(worst, one)
    found[0], found[1], found[2], found[3] = first, second, third, fourth
    found[4], found[5], found[6], found[7] = lower, gains, losses, ups
    found[8], found[9] = best, worst


@njit(nogil=True)
def statistics_of(curve: Any, results: Any, found: Any) -> None:
    """Give the statistics of a curve and of the results of its trades."""
    sums_of(curve, found)
    count = len(curve) - 1
    mean = found[0] / count
    variance = max((found[1] - count * mean * mean) / (count - 1), 0.0)
    deviation = np.sqrt(variance)
    years = count / 252.0
    top, deepest, pain, under, longest = curve[0], 0.0, 0.0, 0, 0
    for bar in range(1, len(curve)):
        value = curve[bar]
        if value >= top:
            top, under = value, 0
        else:
            under += 1
            longest = max(longest, under)
            depth = value / top - 1.0
            deepest = min(deepest, depth)
            pain += depth * depth
    growth = (curve[-1] / curve[0]) ** (1.0 / years) - 1.0
    skew = found[2] / count - 3.0 * mean * found[1] / count + 2.0 * mean**3
    found[10] = deviation * np.sqrt(252.0)
    found[11] = mean / deviation * np.sqrt(252.0) if deviation > 0 else np.nan
    found[12] = mean / np.sqrt(found[4] / count) * np.sqrt(252.0) if found[4] > 0 else np.nan
    found[13] = growth
    found[14] = deepest
    found[15] = -growth / deepest if deepest < 0 else np.nan
    found[16] = np.sqrt(pain / count)
    found[17] = longest
    found[18] = -found[5] / found[6] if found[6] < 0 else np.nan
    found[19] = skew / variance**1.5 if variance > 0 else np.nan
    won = lost = 0.0
    wins = 0
    for one in results:
        if one > 0:
            won += one
            wins += 1
        else:
            lost -= one
    found[20] = wins / len(results) if len(results) else np.nan
    found[21] = won / lost if lost > 0 else np.nan
    found[22] = (won - lost) / len(results) if len(results) else np.nan
    found[23] = curve[-1] / curve[0] - 1.0


def conversions(kind: type, money_unit: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Compile what turns money into a double, and what gives the price of a stop."""
    fixed = kind is np.int64
    divisor = float(money_unit)

    @njit(inline="always")
    def as_float(money: Any) -> float:
        return money / divisor if fixed else money

    @njit(inline="always")
    def stop_price(price: Any, parts: Any) -> Any:
        # Whole in the fixed numbers that are used with stops.
        return price + price * parts // RATE_PARTS if fixed else price * (1.0 + parts / RATE_PARTS)

    return as_float, stop_price


@njit(nogil=True)
def exit_of(
    opens: Any, highs: Any, lows: Any, first: int, last: int, below: Any, above: Any
) -> tuple[int, Any]:
    """Give the bar and the price at which a stop closes; the bar after the last: none does."""
    for bar in range(first + 1, last + 1):
        if opens[bar] <= below or opens[bar] >= above:
            return bar, opens[bar]
        if lows[bar] <= below:
            return bar, below
        if highs[bar] >= above:
            return bar, above
    return last + 1, below


def trips_loop(kind: type, worth: Any, fee: Any, money_unit: int) -> Callable[..., Any]:
    """Compile the loop of a run of round trips."""
    as_float, stop_price = conversions(kind, money_unit)

    @njit(nogil=True)
    def trips(
        bars: Any, signals: Any, stops: Any, cash: Any, curve: Any, results: Any, trades: Any,
        count: int, run: int,
    ) -> tuple[int, Any]:  # fmt: skip
        """Fill the curve of a run, and a result and a row for each trade."""
        opens, highs, lows, closes = bars
        entries, exits, sizes = signals
        done = 0
        for trip in range(len(entries)):
            first, last = entries[trip], exits[trip]
            size, price = kind(sizes[trip]), closes[first]
            curve[done:first] = as_float(cash)
            held = cash - fee * price * size - worth * price * size
            out, at = last, closes[last]
            if len(stops) > 0:
                below, above = stop_price(price, -stops[0]), stop_price(price, stops[1])
                found, level = exit_of(opens, highs, lows, first, last, below, above)
                if found <= last:
                    out, at = found, level
            for bar in range(first, out):
                curve[bar] = as_float(held + worth * closes[bar] * size)
            after = held + worth * at * size - fee * at * size
            results[count] = as_float(after - cash)
            trades[count, 0], trades[count, 1], trades[count, 2] = run, first, out
            trades[count, 3], trades[count, 4], trades[count, 5] = size, price, at
            count, cash, done = count + 1, after, out
        curve[done:] = as_float(cash)
        return count, as_float(cash)

    return trips


def batch_loop(trips: Callable[..., Any]) -> Callable[..., Any]:
    """Compile the loop over runs."""

    @njit(nogil=True)
    def batch(
        bars: Any, signals: Any, stops: Any, cash: Any, curves: Any, results: Any, trades: Any,
        figures: Any, finals: Any,
    ) -> int:  # fmt: skip
        """Run all runs; with one row of curves and one of signals these are used again."""
        entries, exits, sizes = signals
        count = total = 0
        own, kept = len(entries) > 1, len(curves) > 1
        for run in range(len(finals)):
            row, start = run if own else 0, count if kept else 0
            curve = curves[run if kept else 0]
            mine = entries[row], exits[row], sizes[row]
            distances = stops[run] if len(stops) > 0 else stops[:1].ravel()
            count, finals[run] = trips(
                bars, mine, distances, cash, curve, results, trades, start, run
            )
            total += count - start
            if len(figures) > 0:
                statistics_of(curve, results[start:count], figures[run])
        return total

    return batch


def holdings_loop(kind: type, worth: Any, fee: Any, money_unit: int) -> Callable[..., Any]:
    """Compile the loop of one account that is brought to given holdings."""
    fixed = kind is np.int64
    as_float, _ = conversions(kind, money_unit)

    @njit(inline="always")
    def share(cost: Any, part: Any, whole: Any) -> Any:
        return cost * part // whole if fixed else cost * part / whole

    @njit(nogil=True)
    def holdings(
        closes: Any, rebalances: Any, wanted: Any, cash: Any, curve: Any, results: Any, trades: Any
    ) -> tuple[int, float]:
        """Fill the curve; a sale is a row of the trades, at the average cost."""
        symbols = closes.shape[1]
        held, cost = np.zeros_like(closes[0]), np.zeros_like(closes[0])
        since = np.zeros(symbols, dtype=np.int64)
        count = turn = 0
        for bar in range(len(closes)):
            if turn < len(rebalances) and rebalances[turn] == bar:
                for symbol in range(symbols):
                    price = closes[bar, symbol]
                    change = kind(wanted[turn, symbol]) - held[symbol]
                    paid = fee * price * abs(change)
                    cash -= worth * price * change + paid
                    if change > 0:
                        since[symbol] = bar if held[symbol] == 0 else since[symbol]
                        cost[symbol] += worth * price * change + paid
                    elif change < 0:
                        relief = share(cost[symbol], -change, held[symbol])
                        results[count] = as_float(worth * price * -change - paid - relief)
                        trades[count, 0], trades[count, 1] = symbol, since[symbol]
                        trades[count, 2], trades[count, 3] = bar, -change
                        trades[count, 4], trades[count, 5] = as_float(relief) / -change, price
                        cost[symbol] -= relief
                        count += 1
                    held[symbol] += change
                turn += 1
            value = kind(0)
            for symbol in range(symbols):
                value += held[symbol] * closes[bar, symbol]
            curve[bar] = as_float(cash + worth * value)
        return count, curve[-1]

    return holdings


def build(kind: type, price_unit: int, money_unit: int) -> Arithmetic:
    """Compile the loops for a number system.

    Parameters
    ----------
    kind : type
        Type of its numbers.
    price_unit, money_unit : int
        Numbers in 1, of a price and of money.

    Returns
    -------
    Arithmetic
    """
    unit = money_unit // price_unit
    worth = kind(unit)
    # Two basis points: 2 of 10,000.
    fee = kind(unit * 2 // 10_000) if kind is np.int64 else kind(FEE)
    batch = batch_loop(trips_loop(kind, worth, fee, money_unit))
    return Arithmetic(
        kind, price_unit, money_unit, batch, holdings_loop(kind, worth, fee, money_unit)
    )


FLOAT: Final = build(np.float64, 1, 1)
FIXED: Final = build(np.int64, 10**2, 10**6)
FINE: Final = build(np.int64, 10**STOP_DECIMALS, 10 ** (STOP_DECIMALS + 4))
