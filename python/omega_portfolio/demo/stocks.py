"""The demonstration on shares: a moving-average rule on five real US stocks, 2000 to 2013.

The rule, for each stock by itself:

1. **Signal.** After the close of a day, compare the mean of the last 20 adjusted closes with
   the mean of the last 50. The adjusted close is used because a split is no fall of the price.
2. **In.** On the day on which the first mean comes above the second, a market order is given at
   21:00 UTC, after the close; the engine fills it at the open of the next bar, unadjusted.
   Nothing is known before it can be traded on.
3. **Size.** Whole shares for 18,000 dollars at the close that gave the signal.
4. **Out.** On the day on which the first mean falls below the second, the position gets the
   exit time 21:00 UTC, so the engine closes it at the next open. Before that, a stop 10 percent
   below the signal's close may close it within any bar, or at its open when that is lower; then
   the stock is left alone until the next signal.
5. **Commission.** 0.005 dollars per share on each side, at least 1 dollar per order, as a large
   broker asks.
6. **Splits and dividends** are booked before the open of their day, and positions are held
   through them; :mod:`omega_portfolio.demo.actions` says where they come from.

The rule is there to move the engine through real data, not to earn anything.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import TYPE_CHECKING, Final

from omega_portfolio.demo.actions import Split, corporate_actions
from omega_portfolio.instrument import Instrument
from omega_portfolio.runner import Run, run_of
from omega_portfolio.terms import Commission

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from omega_portfolio.demo.actions import Dividend
    from omega_portfolio.jobs import Document
    from omega_portfolio.portfolio import Portfolio

CONFIGURATION: Final = {"initial_balance": "100000", "currency": "USD", "mode": "netting"}
"""What the account is made with."""

RULE_TEXT: Final = (
    "in when the 20-day mean of the adjusted close comes above the 50-day mean,",
    "out when it falls below, or at a stop 10 % below; 18,000 USD a position;",
    "market orders after the close, filled by the next bar, unadjusted;",
    "0.005 USD a share commission, at least 1 USD; splits and dividends booked",
)
"""The rule in four lines, for the report."""

ORDER_HOURS: Final = 21
_BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Rule:
    """Numbers of the rule.

    Attributes
    ----------
    fast, slow : int
        Days of the two means.
    cash : int
        Dollars per position.
    stop : Decimal
        The stop, as a part of the close that gave the signal.
    commission, commission_minimum : str
        Dollars per share, and the least dollars per order.
    """

    fast: int = 20
    slow: int = 50
    cash: int = 18_000
    stop: Decimal = Decimal("0.90")
    commission: str = "0.005"
    commission_minimum: str = "1"

    def instrument(self, symbol: str) -> Instrument:
        """Define a stock."""
        cost = Commission("per_unit", self.commission, minimum=self.commission_minimum)
        return Instrument(symbol, price_decimals=4, size_decimals=0, commission=cost)

    def size(self, close: Decimal) -> int:
        """Give the shares of a position."""
        return int(self.cash // close)

    def stop_loss(self, close: Decimal) -> Decimal:
        """Give the stop of a position, in whole cents."""
        return (self.stop * close).quantize(Decimal("0.01"))


@dataclass(slots=True)
class Day:
    """A trading day: what is booked before its open, its bars, and the signals of its close.

    Attributes
    ----------
    time : datetime
        Midnight UTC.
    actions : list of Split and Dividend
        Before the open.
    bars : dict
        Symbol to open, high, low and close.
    enter, leave : list of str
        Symbols whose means crossed.
    """

    time: datetime
    actions: list[Split | Dividend] = field(default_factory=list)
    bars: dict[str, tuple[Decimal, ...]] = field(default_factory=dict)
    enter: list[str] = field(default_factory=list)
    leave: list[str] = field(default_factory=list)


def signals(bars: pl.DataFrame, rule: Rule | None = None) -> pl.DataFrame:
    """Compute on which closes the means crossed.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows as of :func:`omega_portfolio.data.load_us5_daily`, by symbol and time.
    rule : Rule, optional
        Numbers of the rule.

    Returns
    -------
    polars.DataFrame
        ``bars`` and ``enter`` (the fast mean came above the slow one) and ``leave`` (it fell
        below). On the last day of a stock nothing can be ordered any more, so both are false.

    Examples
    --------
    >>> from omega_portfolio.data import load_us5_daily
    >>> from omega_portfolio.demo import signals
    >>> days = signals(load_us5_daily())
    >>> days["enter"].sum(), days["leave"].sum()
    (131, 128)
    """
    import polars as pl

    rule = rule or Rule()
    adjusted = pl.col("adj_close")
    fast, slow = adjusted.rolling_mean(rule.fast), adjusted.rolling_mean(rule.slow)
    above = (fast > slow).over("symbol").fill_null(value=False)
    days = bars.with_columns(above=above)
    before = pl.col("above").shift(1).over("symbol").fill_null(value=False)
    last = pl.int_range(pl.len()).over("symbol") == pl.len().over("symbol") - 1
    return days.with_columns(
        enter=pl.col("above") & ~before & ~last, leave=~pl.col("above") & before & ~last
    ).drop("above")


def trading_days(bars: pl.DataFrame, rule: Rule | None = None) -> list[Day]:
    """Put bars, signals and corporate actions together, day by day.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows as of :func:`omega_portfolio.data.load_us5_daily`, by symbol and time.
    rule : Rule, optional
        Numbers of the rule.

    Returns
    -------
    list of Day
        In the order of time.

    Examples
    --------
    >>> from omega_portfolio.data import load_us5_daily
    >>> from omega_portfolio.demo.stocks import trading_days
    >>> days = trading_days(load_us5_daily())
    >>> len(days), sum(len(day.actions) for day in days)
    (3270, 95)
    """
    actions = defaultdict(list)
    for action in corporate_actions(bars):
        actions[action.time].append(action)
    names = ("time", "symbol", "enter", "leave", "open", "high", "low", "close")
    days: dict[datetime, Day] = {}
    for row in signals(bars, rule).sort("time", "symbol").select(names).iter_rows():
        time, symbol, enter, leave, *prices = row
        day = days.setdefault(time, Day(time, actions[time]))
        day.bars[symbol] = tuple(prices)
        day.enter += [symbol] if enter else []
        day.leave += [symbol] if leave else []
    return list(days.values())


class StockScenario:
    """The rule at work on an account.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows as of :func:`omega_portfolio.data.load_us5_daily`, by symbol and time.
    rule : Rule, optional
        Numbers of the rule.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.data import load_us5_daily
    >>> from omega_portfolio.demo import StockScenario
    >>> scenario = StockScenario(load_us5_daily())
    >>> scenario.times
    3270
    """

    def __init__(self, bars: pl.DataFrame, rule: Rule | None = None) -> None:
        self.rule = rule or Rule()
        self.bars = bars.height
        self.symbols = sorted(bars["symbol"].unique())
        self.days = trading_days(bars, self.rule)

    @property
    def times(self) -> int:
        """Number of trading days."""
        return len(self.days)

    def describe(self) -> Document:
        """Say what the input is, for the document."""
        first, last = self.days[0].time, self.days[-1].time
        return {
            "bars": self.bars,
            "times": self.times,
            "symbols": self.symbols,
            "first": first.date().isoformat(),
            "last": last.date().isoformat(),
        }

    def run(self, portfolio: Portfolio, progress: Callable[[int], object] | None = None) -> Run:
        """Trade all days.

        Parameters
        ----------
        portfolio : Portfolio
            A new portfolio, made with ``CONFIGURATION``.
        progress : callable, optional
            Called now and then with the number of days that were added.

        Returns
        -------
        Run
            Orders and time. The results are in the portfolio.
        """
        started = perf_counter()
        for symbol in self.symbols:
            portfolio.register_instrument(self.rule.instrument(symbol))
        for start in range(0, len(self.days), _BATCH):
            batch = self.days[start : start + _BATCH]
            for day in batch:
                self._trade(portfolio, day)
            if progress is not None:
                progress(len(batch))
        return run_of(portfolio, perf_counter() - started)

    def _trade(self, portfolio: Portfolio, day: Day) -> None:
        for action in day.actions:
            if isinstance(action, Split):
                portfolio.split(action.symbol, action.numerator, action.denominator, day.time)
            else:
                portfolio.dividend(action.symbol, action.amount, day.time)
        portfolio.process_bar(day.time, day.bars)
        evening = day.time + timedelta(hours=ORDER_HOURS)
        if day.leave:
            for position_id, position in portfolio.positions.items():
                if position.symbol in day.leave:
                    portfolio.modify_position(position_id, evening, exit_time=evening)
        for symbol in day.enter:
            close = day.bars[symbol][-1]
            size, stop = self.rule.size(close), self.rule.stop_loss(close)
            portfolio.place_order(
                *(symbol, "long", size, evening), type="market", stop_loss=stop, tag="cross"
            )


__all__ = ["CONFIGURATION", "RULE_TEXT", "Day", "Rule", "StockScenario", "signals", "trading_days"]
