"""The demonstration: a moving-average rule on five real US stocks, 2000 to 2013.

The rule, for each stock by itself:

1. **Signal.** After the close of a day, compare the mean of the last 20 adjusted closes with
   the mean of the last 50. Above: hold the stock. Otherwise, or with fewer than 50 days of
   history: hold nothing. The adjusted close is used because a split is no fall of the price.
2. **Orders.** They are given at 21:00 UTC, after the close, and filled at the next open, at
   the unadjusted price: nothing is known before it can be traded on.
3. **Size.** Whole shares for 18,000 dollars at the close that gave the signal; with the first
   four stocks held that is up to 72 percent of the account, with all five 90 percent.
4. **Commission.** 0.005 dollars per share on each side.
5. **Splits.** The account keeps no corporate actions, so a position is closed at the close of
   the day before a split, and bought back at the first open after it while the signal holds.
   A day is a split day when close / adj_close falls by more than a fifth or rises by more
   than a quarter against the day before: a 2-for-1 split halves it, a dividend moves it by a
   few percent (the largest here, 3 dollars by Microsoft in 2004, by 10), and a true crash
   (Apple fell 52 percent on 2000-09-29) not at all. Splits are announced weeks ahead.

Dividends are not booked, so the result is that of prices alone. The rule is there to move the
engine through real data, not to earn anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

INITIAL_BALANCE: Final = "100000"
"""Money at the start, in US dollars."""

RULE_TEXT: Final = (
    "hold while the 20-day mean of the adjusted close is above the 50-day mean;",
    "18,000 USD per position, whole shares, filled at the next open, unadjusted;",
    "0.005 USD per share commission; out before a split, back in after it",
)
"""The rule in three lines, for the report."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Numbers of the rule.

    Attributes
    ----------
    fast, slow : int
        Days of the two means.
    cash : int
        Dollars per position.
    commission : Decimal
        Dollars per share and side.
    """

    fast: int = 20
    slow: int = 50
    cash: int = 18_000
    commission: Decimal = Decimal("0.005")


SPLIT_FALL: Final = 0.8
SPLIT_RISE: Final = 1.25
ORDER_HOURS: Final = 21


def signals(bars: pl.DataFrame, rule: Rule | None = None) -> pl.DataFrame:
    """Compute what to hold after each close.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows as of :func:`omega_portfolio.data.load_us5_daily`, by symbol and time.
    rule : Rule, optional
        Numbers of the rule.

    Returns
    -------
    polars.DataFrame
        ``bars`` and ``held`` (the position is held during the day, from its open on), ``hold``
        (hold it from the next open on), ``split_next`` (the next day is a split day) and
        ``split_factor`` (prices of the next day / prices of this day, by that split alone;
        1 without one).

    Examples
    --------
    >>> from omega_portfolio.data import load_us5_daily
    >>> from omega_portfolio.demo import signals
    >>> days = signals(load_us5_daily())
    >>> days.filter("split_next")["symbol"].to_list()
    ['AAPL', 'AAPL', 'MSFT']
    """
    import polars as pl

    rule = rule or Rule()
    adjusted = pl.col("adj_close")
    ratio = pl.col("close").cast(pl.Float64) / adjusted
    jump = (ratio.shift(-1) / ratio).over("symbol")
    split = ((jump < SPLIT_FALL) | (jump > SPLIT_RISE)).fill_null(value=False)
    fast, slow = adjusted.rolling_mean(rule.fast), adjusted.rolling_mean(rule.slow)
    hold = (fast > slow).over("symbol").fill_null(value=False)
    # On the last day nothing can be ordered any more, so what is held stays held.
    last = pl.int_range(pl.len()).over("symbol") == pl.len().over("symbol") - 1
    held = pl.col("hold").shift(1).over("symbol").fill_null(value=False)
    days = bars.with_columns(hold=hold, split_next=split, last=last)
    days = days.with_columns(
        held=held, split_factor=pl.when("split_next").then(jump).otherwise(pl.lit(1.0))
    )
    return days.with_columns(hold=pl.when("last").then("held").otherwise("hold")).drop("last")


def build_orders(bars: pl.DataFrame, rule: Rule | None = None) -> pl.DataFrame:
    """Turn the signals into orders.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows as of :func:`omega_portfolio.data.load_us5_daily`, by symbol and time.
    rule : Rule, optional
        Numbers of the rule.

    Returns
    -------
    polars.DataFrame
        Orders as :mod:`omega_portfolio.orders` describes them, in the order of time. Each
        position has the key SYMBOL-NUMBER; closes come before opens.

    Examples
    --------
    >>> from omega_portfolio.data import load_us5_daily
    >>> from omega_portfolio.demo import build_orders
    >>> orders = build_orders(load_us5_daily())
    >>> orders["action"].unique().sort().to_list()
    ['close', 'open']
    """
    import polars as pl

    rule = rule or Rule()
    days = signals(bars, rule)
    closes = pl.col("held") & (~pl.col("hold") | pl.col("split_next"))
    opens = pl.col("hold") & (~pl.col("held") | pl.col("split_next"))
    price = pl.col("close").cast(pl.Float64) * pl.col("split_factor")
    size = (rule.cash / price).floor().cast(pl.Int64)
    days = days.with_columns(opens=opens, closes=closes, new_size=size)
    days = days.with_columns(new_number=pl.col("opens").cast(pl.Int64).cum_sum().over("symbol"))
    # A close refers to the last open of an earlier day, also when it has an open beside it.
    bought = pl.when("opens").then("new_size").forward_fill().shift(1).over("symbol")
    number = pl.col("new_number").shift(1).over("symbol")
    leave = days.with_columns(size=bought, number=number).filter("closes")
    enter = days.rename({"new_size": "size", "new_number": "number"}).filter("opens")
    orders = [_orders(leave, "close", rule), _orders(enter, "open", rule)]
    return pl.concat(orders, how="vertical").sort("time", maintain_order=True)


def _orders(days: pl.DataFrame, action: str, rule: Rule) -> pl.DataFrame:
    """Write one order per row of ``days``."""
    import polars as pl

    opening = action == "open"
    split = pl.col("split_next") & (not opening)
    reason = (
        pl.when(pl.col("split_next") & pl.col("held"))
        .then(pl.lit("split"))
        .otherwise(pl.lit("cross"))
    )
    return days.select(
        time=pl.col("time") + pl.duration(hours=ORDER_HOURS),
        symbol="symbol",
        action=pl.lit(action),
        side=pl.lit("long" if opening else None, dtype=pl.String),
        size=pl.col("size") if opening else pl.lit(None, dtype=pl.Int64),
        price=pl.when(split).then("close"),
        fee=pl.col("size").cast(pl.Decimal(38, 0)) * pl.lit(rule.commission),
        key=pl.format("{}-{}", "symbol", "number"),
        tag=reason,
    )


__all__ = ["INITIAL_BALANCE", "RULE_TEXT", "Rule", "build_orders", "signals"]
