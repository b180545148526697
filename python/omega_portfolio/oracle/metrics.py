"""The metrics of SPEC section 8, from exact columns.

Equity enters as the doubles of N6, so that both backends divide the same numbers; sums are
correctly rounded (``math.fsum``). What is not defined is None, never NaN, infinite or 0.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import InvalidArgument, InvalidNumber, describe
from omega_portfolio.oracle.currency import CURRENCY_DIGITS
from omega_portfolio.oracle.numbers import (
    LIMIT,
    MONEY_SCALE,
    is_number_text,
    money_decimal,
    nearest_double,
)

if TYPE_CHECKING:
    from omega_portfolio.metric_values import MetricValue
    from omega_portfolio.oracle.account import Account

SECONDS_PER_YEAR: Final = 31_557_600
MICROSECONDS: Final = 1_000_000


def metrics_of(
    account: Account, periods_per_year: object, risk_free_rate: object
) -> dict[str, MetricValue]:
    """Compute all metrics.

    Raises
    ------
    InvalidArgument
        A parameter is of a type that is no number.
    InvalidNumber
        A parameter is out of its range.
    """
    periods = _read_parameter("periods_per_year", periods_per_year, 0.0)
    rate = _read_parameter("risk_free_rate", risk_free_rate, -1.0)
    times, equities = _curve(account)
    curve = [nearest_double(raw, MONEY_SCALE) for raw in equities]
    profits = account.trade_rows.numbers("net_pnl")
    wins = [profit for profit in profits if profit > 0]
    losses = [profit for profit in profits if profit < 0]
    return {
        "net_profit": _net_profit(account, equities),
        "total_return": _total_return(curve),
        "cagr": _cagr(curve, times),
        "max_drawdown": _max_drawdown(curve),
        "sharpe_ratio": _sharpe_ratio(curve, periods, rate),
        "trade_count": len(profits),
        "win_rate": len(wins) / len(profits) if profits else None,
        "profit_factor": _profit_factor(sum(wins), sum(losses)),
    }


def _read_parameter(argument: str, value: object, above: float) -> float:
    """Read a finite number above a bound."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise InvalidArgument(
            argument, describe(value), "must be a number", "pass an int, float, Decimal or str"
        )
    number = math.nan
    if not isinstance(value, str):
        number = _nearest(value)
    elif is_number_text(value):
        number = float(value)
    if math.isfinite(number) and number > above:
        return number
    raise InvalidNumber(
        argument,
        describe(value),
        f"must be a finite number greater than {above:g}",
        "pass a number in this range",
    )


def _nearest(value: float | Decimal) -> float:
    """Give the nearest double; infinite when the value is beyond all of them."""
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except ValueError:
        # A signalling NaN.
        return math.nan


def _curve(account: Account) -> tuple[list[int], list[int]]:
    """Give times and raw equity: the start, then the last row of each distinct time."""
    if account.first_time is None:
        return [], []
    times = [account.first_time]
    equities = [account.configuration.initial_balance]
    rows = account.equity_rows
    pairs = zip(rows.numbers("time"), rows.numbers("equity"), strict=True)
    # Rows are in the order of time; the last one of a time replaces those before it.
    for time, equity in dict(pairs).items():
        times.append(time)
        equities.append(equity)
    return times, equities


def _net_profit(account: Account, equities: list[int]) -> Decimal | None:
    if len(equities) < 2:
        return None
    profit = equities[-1] - equities[0]
    rows = account.ledger_rows
    for kind, amount in zip(rows.texts("kind"), rows.numbers("amount"), strict=True):
        if kind in ("deposit", "withdrawal"):
            # A withdrawal is posted with a negative amount.
            profit -= amount
    if abs(profit) >= LIMIT:
        return None
    return money_decimal(profit, CURRENCY_DIGITS[account.configuration.currency])


def _profit_factor(gains: int, losses: int) -> float | None:
    """Give the ratio of two sums of raw money, if both are in range."""
    if losses == 0 or gains >= LIMIT or -losses >= LIMIT:
        return None
    return gains / -losses


def _total_return(curve: list[float]) -> float | None:
    if len(curve) < 2 or curve[0] <= 0:
        return None
    return curve[-1] / curve[0] - 1


def _cagr(curve: list[float], times: list[int]) -> float | None:
    if len(curve) < 2 or times[-1] == times[0] or curve[0] <= 0 or curve[-1] <= 0:
        return None
    seconds = (times[-1] - times[0]) / MICROSECONDS
    try:
        return _finite((curve[-1] / curve[0]) ** (SECONDS_PER_YEAR / seconds) - 1)
    except OverflowError:
        return None


def _max_drawdown(curve: list[float]) -> float | None:
    if len(curve) < 2 or curve[0] <= 0:
        return None
    peak, deepest = curve[0], 0.0
    for equity in curve:
        peak = max(peak, equity)
        deepest = min(deepest, equity / peak - 1)
    return deepest


def _sharpe_ratio(curve: list[float], periods: float, rate: float) -> float | None:
    if len(curve) < 3 or min(curve) <= 0:
        return None
    returns = [curve[i] / curve[i - 1] - 1 for i in range(1, len(curve))]
    if max(returns) == min(returns):
        return None
    count = len(returns)
    mean = math.fsum(returns) / count
    variance = math.fsum((one - mean) ** 2 for one in returns) / (count - 1)
    try:
        free = math.expm1(math.log1p(rate) / periods)
        return _finite((mean - free) / math.sqrt(variance) * math.sqrt(periods))
    except (OverflowError, ZeroDivisionError):
        return None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
