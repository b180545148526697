"""The rule of the demonstration on shares once more, with loops, stock by stock.

It shares nothing with the package but the bars and the numbers of the rule: crossings, fills,
stops, commission, splits and dividends are done here as a person would do them on paper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl

TICK = Decimal("0.0001")
DAY = timedelta(days=1)
# Ratios of new to old shares and dollars per share that were published, by first day.
SPLITS = {
    ("AAPL", "2000-06-21"): 2,
    ("AAPL", "2005-02-28"): 2,
    ("MSFT", "2003-02-18"): 2,
}
DIVIDENDS = {
    ("AAPL", "2012-08-09"): "2.65",
    ("AAPL", "2012-11-07"): "2.65",
    ("AAPL", "2013-02-07"): "2.65",
    ("IBM", "2000-05-08"): "0.13",
    ("IBM", "2006-05-08"): "0.30",
    ("IBM", "2012-08-08"): "0.85",
    ("MSFT", "2003-02-19"): "0.08",
    ("MSFT", "2003-10-15"): "0.16",
    # 3 dollars once and the quarter's 8 cents.
    ("MSFT", "2004-11-15"): "3.08",
    ("MSFT", "2013-02-19"): "0.23",
}


@dataclass
class Held:
    """Shares that are held, or ordered when there is no entry."""

    size: Decimal
    stop: Decimal
    entry: Decimal = Decimal(0)
    since: datetime | None = None
    fee: Decimal = Decimal(0)

    def split(self, ratio: int) -> None:
        self.size *= ratio
        self.entry /= ratio
        self.stop = (self.stop / ratio).quantize(TICK, ROUND_HALF_EVEN)


@dataclass
class Hand:
    """What came out: trades, cash of dividends, and what is still held."""

    trades: list[tuple[object, ...]] = field(default_factory=list)
    dividends: Decimal = Decimal(0)
    held: dict[str, Held] = field(default_factory=dict)


def fee_of(size: Decimal) -> Decimal:
    return max(Decimal(1), Decimal("0.005") * size)


def crossings(adjusted: list[float]) -> list[int]:
    """1 where the mean of 20 comes above the mean of 50, -1 where it falls below, else 0."""
    above = [
        day >= 49
        and sum(adjusted[day - 19 : day + 1]) / 20 > sum(adjusted[day - 49 : day + 1]) / 50
        for day in range(len(adjusted))
    ]
    before = [False, *above[:-1]]
    return [int(new) - int(old) for new, old in zip(above, before, strict=True)]


def trade_by_hand(bars: pl.DataFrame, dividends: dict[tuple[str, str], Decimal]) -> Hand:
    hand = Hand()
    for (symbol,), days in bars.group_by("symbol", maintain_order=True):
        _trade_stock(hand, str(symbol), days, dividends)
    return hand


@dataclass
class Stock:
    """One stock on its way through the days."""

    symbol: str
    hand: Hand
    held: Held | None = None
    ordered: Held | None = None
    leaves: bool = False

    def book(self, day: str, dividends: dict[tuple[str, str], Decimal]) -> None:
        """Before the open: splits and dividends."""
        for shares in (self.held, self.ordered):
            if shares is not None and (self.symbol, day) in SPLITS:
                shares.split(SPLITS[self.symbol, day])
        if self.held is not None:
            self.hand.dividends += self.held.size * dividends.get((self.symbol, day), 0)

    def pass_bar(self, time: datetime, opened: Decimal, low: Decimal) -> None:
        """At the open: leave or be stopped, then buy; within the bar: be stopped."""
        if self.held is not None and (self.leaves or opened <= self.held.stop):
            self.close(opened, time, "time_exit" if self.leaves else "stop_loss")
        if self.ordered is not None:
            self.held, self.ordered = self.ordered, None
            self.held.entry, self.held.since = opened, time
            self.held.fee = fee_of(self.held.size)
        if self.held is not None and low <= self.held.stop:
            # Bought below its stop it goes at once, at the open.
            self.close(min(self.held.stop, opened), time, "stop_loss")

    def close(self, price: Decimal, time: datetime, reason: str) -> None:
        held, self.held = self.held, None
        assert held is not None
        gross = held.size * (price - held.entry)
        net = gross - held.fee - fee_of(held.size)
        row = (self.symbol, held.size, held.since, time, price, reason, gross, net)
        self.hand.trades.append(row)


def _trade_stock(
    hand: Hand, symbol: str, days: pl.DataFrame, dividends: dict[tuple[str, str], Decimal]
) -> None:
    crosses = crossings(days["adj_close"].to_list())
    stock = Stock(symbol, hand)
    names = ("time", "open", "low", "close")
    for index, (time, opened, low, closed) in enumerate(days.select(names).iter_rows()):
        stock.book(f"{time:%Y-%m-%d}", dividends)
        stock.pass_bar(time, opened, low)
        # On the last day nothing can be ordered any more.
        last = index == days.height - 1
        stock.leaves = crosses[index] < 0
        if crosses[index] > 0 and not last:
            stop = (closed * Decimal("0.9")).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
            stock.ordered = Held(Decimal(int(18_000 / closed)), stop)
    if stock.held is not None:
        hand.held[symbol] = stock.held


def swaps_by_night(ledger: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Give the swaps with the local time and weekday (Monday is 1) of their moments."""
    swaps = ledger.filter(kind="swap")
    local = pl.col("time").dt.convert_time_zone(zone)
    return swaps.with_columns(hour=local.dt.hour(), day=local.dt.weekday(), date=local.dt.date())
