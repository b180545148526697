"""The demonstration on currencies: two pairs, three strategies, one hedging account in euros.

The bars come from :mod:`omega_portfolio.demo.fx_bars`. What a broker would do is left to the
engine: stops, targets, pending orders, swaps at 17:00 New York (three nights on Wednesday),
commission, slippage, conversion of dollars and yen, margin calls and stop-outs.

1. **breakout**, both pairs. On Monday to Thursday at 07:00 UTC a buy stop is placed above the
   range of the last 24 hours and a sell stop below it, one cancelling the other, good until
   20:00. The position has a stop and a trailing stop of half the range, a target of the whole
   range for half of the size, and ends on Friday.
2. **dip**, EURUSD. On Monday, Tuesday and Wednesday at 12:00 UTC a buy limit 20 pips below the
   bid, good for 24 hours, with a stop, a take-profit, and a stop that goes to break-even. It may
   be long while a breakout is short: the margin of the hedged part is halved.
3. **grid**, EURUSD, from the tenth week on. A market order buys two lots, and another twice the
   size whenever the price has fallen by 30 pips, each with a take-profit and none with a stop.
   This is how accounts are lost: an order is refused for want of margin, the margin call comes,
   then the stop-out. After a stop-out the grid is given up, and what is left of it is closed.

The first week is history: its bars are taken in one call, and nothing is ordered in it. The
account is made to show what the engine does, not to earn anything.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from omega_portfolio.demo.fx_bars import WEEKS, ZONE, draw_bars
from omega_portfolio.instrument import Instrument
from omega_portfolio.runner import Run, run_of
from omega_portfolio.terms import Commission, Margin, Slippage, Swap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omega_portfolio.jobs import Document
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import Trade

CONFIGURATION: Final = {
    "initial_balance": "50000",
    "currency": "EUR",
    "mode": "hedging",
    "margin_call": "100",
    "stop_out": "50",
}
"""What the account is made with; rates between euro and yen go over the dollar."""

RULE_TEXT: Final = (
    "drawn hourly bars, bid and spread; stops and limits filled within the bars;",
    "breakouts by OCO stop orders, dips by limit orders, and a grid without stops;",
    "leverage 30, hedged half, commission 3 EUR a lot, swaps at 17:00 New York,",
    "margin call at 100 %, stop-out at 50 %",
)
"""The demonstration in four lines, for the report."""

HISTORY: Final = timedelta(days=7)
GRID_DELAY: Final = timedelta(weeks=8)
GRID_STEP: Final = Decimal("0.0030")
_TICKS: Final = {"EURUSD": Decimal("0.00001"), "USDJPY": Decimal("0.001")}
_RANGE_HOURS: Final = 24
_BATCH: Final = 128


class Bar(NamedTuple):
    """A bar of a pair: bid prices and the spread."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    spread: Decimal


def instruments() -> list[Instrument]:
    """Define the two pairs, as a broker would.

    Examples
    --------
    >>> from omega_portfolio.demo.fx import instruments
    >>> [pair.symbol for pair in instruments()]
    ['EURUSD', 'USDJPY']
    """
    margin = Margin(leverage=30, hedged="0.5", currency="base")
    cost = Commission("per_lot", "3")
    # Dollars pay more than euros, and euros more than yen.
    carry = {
        "EURUSD": Swap("points", long="-0.00007", short="0.00003", zone=ZONE),
        "USDJPY": Swap("points", long="0.012", short="-0.021", zone=ZONE),
    }
    slips = {
        "EURUSD": Slippage("random", "0.00002", seed=7),
        "USDJPY": Slippage("points", "0.002"),
    }
    return [
        Instrument(
            symbol,
            price_decimals=digits,
            size_decimals=2,
            contract_size=100_000,
            base_currency=symbol[:3],
            quote_currency=symbol[3:],
            min_size="0.01",
            max_size=50,
            margin=margin,
            commission=cost,
            slippage=slips[symbol],
            swap=carry[symbol],
        )
        for symbol, digits in (("EURUSD", 5), ("USDJPY", 3))
    ]


class FxScenario:
    """The three strategies at work on an account.

    Parameters
    ----------
    seed : int, default 1
        Of the bars.
    weeks : int, default 25
        How many weeks of them.

    Examples
    --------
    >>> from omega_portfolio.demo import FxScenario
    >>> FxScenario(weeks=3).times
    320
    """

    def __init__(self, seed: int = 1, weeks: int = WEEKS) -> None:
        self.frame = draw_bars(seed, weeks)
        self.hours: list[tuple[datetime, dict[str, Bar]]] = [
            (time, {row[1]: Bar(*row[2:]) for row in rows})
            for time, rows in groupby(self.frame.iter_rows(), key=lambda row: row[0])
        ]

    @property
    def times(self) -> int:
        """Number of hours."""
        return len(self.hours)

    def describe(self) -> Document:
        """Say what the input is, for the document."""
        first, last = self.hours[0][0], self.hours[-1][0]
        return {
            "bars": self.frame.height,
            "times": self.times,
            "symbols": sorted(self.hours[0][1]),
            "first": first.date().isoformat(),
            "last": last.date().isoformat(),
        }

    def run(self, portfolio: Portfolio, progress: Callable[[int], object] | None = None) -> Run:
        """Trade all hours.

        Parameters
        ----------
        portfolio : Portfolio
            A new portfolio, made with ``CONFIGURATION``.
        progress : callable, optional
            Called now and then with the number of hours that were added.

        Returns
        -------
        Run
            Orders and time. The results are in the portfolio.
        """
        started = perf_counter()
        for instrument in instruments():
            portfolio.register_instrument(instrument)
        start = self.hours[0][0] + HISTORY
        history = [bars for time, bars in self.hours if time < start]
        portfolio.process_bars(self.frame.filter(self.frame["time"] < start))
        desk = Desk(portfolio, start + GRID_DELAY)
        for bars in history:
            desk.watch(bars)
        if progress is not None:
            progress(len(history))
        hours = self.hours[len(history) :]
        for first in range(0, len(hours), _BATCH):
            batch = hours[first : first + _BATCH]
            for time, bars in batch:
                trades = portfolio.process_bar(time, bars)
                after = time + timedelta(hours=1)
                desk.settle(after, trades)
                desk.watch(bars)
                desk.decide(after, bars)
            if progress is not None:
                progress(len(batch))
        self._last_tick(portfolio)
        return run_of(portfolio, perf_counter() - started)

    def _last_tick(self, portfolio: Portfolio) -> None:
        """Value the account at the last quotes, as a tick that comes after the last bar."""
        time, bars = self.hours[-1]
        quotes = {symbol: (bar.close, bar.close + bar.spread) for symbol, bar in bars.items()}
        portfolio.process_quotes(time + timedelta(hours=1), quotes)


class Desk:
    """Those who give the orders: what they remember, and what they decide after each bar."""

    def __init__(self, portfolio: Portfolio, grid_start: datetime) -> None:
        self.portfolio = portfolio
        self.grid_start = grid_start
        self.grid_given_up = False
        self.grid_low = Decimal(0)
        self.past: dict[str, deque[Bar]] = {}

    def watch(self, bars: dict[str, Bar]) -> None:
        """Remember the bars of an hour."""
        for symbol, bar in bars.items():
            self.past.setdefault(symbol, deque(maxlen=_RANGE_HOURS)).append(bar)

    def settle(self, time: datetime, trades: Iterable[Trade]) -> None:
        """Look at what a bar has closed."""
        if self.grid_given_up or all(trade.reason != "stop_out" for trade in trades):
            return
        self.grid_given_up = True
        for position_id, position in self.portfolio.positions.items():
            if position.tag == "grid":
                self.portfolio.modify_position(position_id, time, exit_time=time)

    def decide(self, time: datetime, bars: dict[str, Bar]) -> None:
        """Give the orders of an hour, after its bar and before the next."""
        day = time.weekday()
        if time.hour == 7 and day < 4:
            for symbol in bars:
                self._break_out(symbol, time)
        if time.hour == 12 and day < 3:
            self._buy_dip(time, bars["EURUSD"])
        if time >= self.grid_start and not self.grid_given_up:
            self._widen_grid(time, bars["EURUSD"])

    def _break_out(self, symbol: str, time: datetime) -> None:
        past = self.past[symbol]
        high, low = max(bar.high for bar in past), min(bar.low for bar in past)
        spread = max(bar.spread for bar in past)
        reach = high - low
        half = (reach / 2).quantize(_TICKS[symbol])
        for side, price, way in (("long", high + spread, 1), ("short", low - spread, -1)):
            self.portfolio.place_order(
                *(symbol, side, "1.00", time),
                type="stop",
                price=price,
                expiry=time.replace(hour=20),
                oco=f"{symbol} {time.date()}",
                stop_loss=price - way * half,
                trailing=half,
                targets=[(price + way * reach, "0.50")],
                exit_time=_friday(time),
                tag="breakout",
            )

    def _buy_dip(self, time: datetime, bar: Bar) -> None:
        price = bar.close - Decimal("0.0020")
        self.portfolio.place_order(
            *("EURUSD", "long", "2.00", time),
            price=price,
            expiry=time + timedelta(hours=24),
            stop_loss=price - Decimal("0.0030"),
            take_profit=price + Decimal("0.0030"),
            break_even=("0.0015", "0.0001"),
            tag="dip",
        )

    def _widen_grid(self, time: datetime, bar: Bar) -> None:
        held = [view.size for view in self.portfolio.positions.values() if view.tag == "grid"]
        ask = bar.close + bar.spread
        if held and ask > self.grid_low - GRID_STEP:
            return
        # Also after an order that was refused: the next one waits for the next step.
        self.grid_low = ask
        size = 2 * max(held, default=Decimal(1))
        self.portfolio.place_order(
            *("EURUSD", "long", size, time),
            type="market",
            take_profit=ask + GRID_STEP,
            tag="grid",
        )


def _friday(time: datetime) -> datetime:
    """Give 16:00 of New York on the Friday of a week."""
    day = time + timedelta(days=4 - time.weekday())
    return day.astimezone(ZoneInfo(ZONE)).replace(hour=16, minute=0)


__all__ = ["CONFIGURATION", "RULE_TEXT", "Bar", "Desk", "FxScenario", "instruments"]
