"""Splits and dividends, read from the closes and the adjusted closes of daily bars.

The source of the shipped bars adjusts a close of before an ex day so that the adjusted return
of that day is (close + dividend) / close of the day before, times the split. So with
``step`` = (close / adj_close of the day before) / (close / adj_close of the ex day):

* without a dividend and a split, step is 1;
* with a split of n new shares for d old ones it is n / d;
* with a dividend it is 1 + dividend / close.

``adj_close`` is a double, and where nothing happened step is 1 within 2e-11. A step that
is further away from 1 than 1e-9 is an event. It is a split when it is below 4/5 or above 5/4, and
must then be a fraction of small numbers. Otherwise it is a dividend of close * (step - 1), and
must be whole cents within a millionth of a dollar. What is neither is refused.

The rule reads three splits and 92 dividends from the shipped bars; each dividend is whole cents
within 1e-11. They are the published ones: Microsoft's of 2004-11-15 comes to 3.08, the special
dividend of 3 dollars and the quarter's of 8 cents on one ex day; Apple's of 2012-08-09, its
first since 1995, to 2.65.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import InvalidFrame

if TYPE_CHECKING:
    import polars as pl

NOISE: Final = 1e-9
"""A step that is nearer to 1 than this is none."""

SPLIT_FALL: Final = 0.8
SPLIT_RISE: Final = 1.25
PARTS_MAX: Final = 20
"""Largest number in the fraction of a split."""

CENT_ERROR_MAX: Final = 1e-6
"""Dollars that a dividend may be off whole cents."""


@dataclass(frozen=True, slots=True)
class Split:
    """New shares for old ones, before the open of a day.

    Attributes
    ----------
    time : datetime
        Midnight UTC of the first day with the new shares.
    symbol : str
        The stock.
    numerator, denominator : int
        So many new shares for so many old ones.
    """

    time: datetime
    symbol: str
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Dividend:
    """Money per share, for those who held it the evening before.

    Attributes
    ----------
    time : datetime
        Midnight UTC of the ex day.
    symbol : str
        The stock.
    amount : Decimal
        Dollars per share.
    """

    time: datetime
    symbol: str
    amount: Decimal


def corporate_actions(bars: pl.DataFrame) -> list[Split | Dividend]:
    """Read the splits and dividends of bars.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows as of :func:`omega_portfolio.data.load_us5_daily`, by symbol and time.

    Returns
    -------
    list of Split and Dividend
        By time, then symbol.

    Raises
    ------
    InvalidFrame
        A step is neither a split nor a dividend of whole cents.

    Examples
    --------
    >>> from omega_portfolio.data import load_us5_daily
    >>> from omega_portfolio.demo.actions import Split, corporate_actions
    >>> actions = corporate_actions(load_us5_daily())
    >>> for action in actions:
    ...     if isinstance(action, Split):
    ...         print(action.symbol, action.time.date(), action.numerator, action.denominator)
    AAPL 2000-06-21 2 1
    MSFT 2003-02-18 2 1
    AAPL 2005-02-28 2 1
    >>> [str(action.amount) for action in actions if action.symbol == "AAPL"
    ...  and not isinstance(action, Split)]
    ['2.65', '2.65', '2.65']
    """
    import polars as pl

    close = pl.col("close").cast(pl.Float64)
    ratio = close / pl.col("adj_close")
    steps = bars.select("time", "symbol", close=close, step=(ratio.shift(1) / ratio).over("symbol"))
    events = steps.filter((pl.col("step") - 1).abs() > NOISE).sort("time", "symbol")
    return [_action(*row) for row in events.iter_rows()]


def _action(time: datetime, symbol: str, close: float, step: float) -> Split | Dividend:
    if not SPLIT_FALL <= step <= SPLIT_RISE:
        fraction = Fraction(step).limit_denominator(PARTS_MAX)
        if abs(float(fraction) - step) <= NOISE * step and fraction.numerator <= PARTS_MAX:
            return Split(time, symbol, fraction.numerator, fraction.denominator)
    else:
        dividend = close * (step - 1)
        cents = round(100 * dividend)
        if cents > 0 and abs(dividend - cents / 100) <= CENT_ERROR_MAX:
            return Dividend(time, symbol, Decimal(cents).scaleb(-2))
    raise InvalidFrame(
        "bars",
        f"{symbol} {time.date()}: step {step!r}",
        "is neither a split nor a dividend of whole cents",
        "correct close or adj_close",
    )


__all__ = ["Dividend", "Split", "corporate_actions"]
