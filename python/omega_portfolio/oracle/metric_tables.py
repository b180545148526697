"""Metrics over windows, episodes, months and years, as rows of tables (SPEC section 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle.metric_curve import Curve
from omega_portfolio.oracle.metric_drawdowns import episodes_of
from omega_portfolio.oracle.metric_numbers import mean
from omega_portfolio.oracle.metric_parameters import Rates
from omega_portfolio.oracle.metric_returns import PeriodReturn
from omega_portfolio.oracle.metric_risk import (
    downside_deviation,
    sharpe_ratio,
    sortino_ratio,
    volatility,
)
from omega_portfolio.oracle.numbers import within
from omega_portfolio.oracle.schema import (
    DRAWDOWNS,
    MONTHLY_RETURNS,
    YEARLY_RETURNS,
    Column,
    Kind,
    Rows,
)

_OF_RETURNS: Final[dict[str, Callable[[Sequence[float], Rates], float | None]]] = {
    "mean_return": lambda each, _: mean(each),
    "volatility": volatility,
    "downside_deviation": downside_deviation,
    "sharpe_ratio": sharpe_ratio,
    "sortino_ratio": sortino_ratio,
    "best_return": lambda each, _: max(each),
    "worst_return": lambda each, _: min(each),
}
"""What a window is asked for by its returns; total_return looks at its two ends."""

ROLLING_NAMES: Final = (
    "mean_return",
    "total_return",
    "volatility",
    "downside_deviation",
    "sharpe_ratio",
    "sortino_ratio",
    "best_return",
    "worst_return",
)


def read_window(window: object) -> int:
    """Check the number of returns in a window.

    Raises
    ------
    InvalidArgument
        It is no int of 2 or more.
    """
    if isinstance(window, int) and not isinstance(window, bool) and window >= 2:
        return window
    raise InvalidArgument(
        "window", describe(window), "must be an int of 2 or more", "pass a number of returns"
    )


def read_names(names: object) -> list[str]:
    """Check the names of rolling metrics.

    Raises
    ------
    InvalidArgument
        They are no sequence, there are none, or one is unknown or stands twice.
    """
    remedy = f"choose from {', '.join(ROLLING_NAMES)}"
    if not isinstance(names, Sequence) or isinstance(names, str | bytes) or len(names) == 0:
        raise InvalidArgument("names", describe(names), "must be a sequence of names", remedy)
    taken: list[str] = []
    for name in names:
        if not isinstance(name, str) or name not in ROLLING_NAMES:
            raise InvalidArgument("names", describe(name), "is not a rolling metric", remedy)
        if name in taken:
            raise InvalidArgument("names", describe(name), "stands twice", "name each once")
        taken.append(name)
    return taken


def read_top(top: object) -> int | None:
    """Check the number of drawdowns.

    Raises
    ------
    InvalidArgument
        It is neither None nor an int of 1 or more.
    """
    if top is None or (isinstance(top, int) and not isinstance(top, bool) and top >= 1):
        return top
    raise InvalidArgument(
        "top", describe(top), "must be an int of 1 or more, or None", "pass None for all"
    )


def rolling_rows(curve: Curve, window: int, names: Sequence[str], rates: Rates) -> Rows:
    """Give a row for each return, over the window that ends with it."""
    rows = Rows(
        (
            Column("time", Kind.TIME, nullable=False),
            *(Column(name, Kind.FLOAT, nullable=True) for name in names),
        )
    )
    for end in range(1, len(curve.points)):
        cells = [_rolling(curve, end, window, name, rates) for name in names]
        rows.append((curve.points[end].time, *cells))
    return rows


def _rolling(curve: Curve, end: int, window: int, name: str, rates: Rates) -> float | None:
    """Give one metric over the returns from E_(end - window) to E_end."""
    if end < window or curve.returns is None:
        return None
    if name == "total_return":
        return curve.values[end] / curve.values[end - window] - 1
    return _OF_RETURNS[name](curve.returns[end - window : end], rates)


def drawdown_rows(curve: Curve, top: int | None) -> Rows:
    """Give the deepest drawdowns.

    Raises
    ------
    NumberOutOfRange
        An amount has more than 38 digits.
    """
    rows = Rows(DRAWDOWNS)
    if not curve.points or curve.values[0] <= 0:
        return rows
    points = curve.points
    episodes = sorted(episodes_of(curve.values), key=lambda one: one.depth)
    for one in episodes[:top]:
        amount = points[one.peak].equity - points[one.valley].equity
        rows.append(
            (
                points[one.peak].time,
                points[one.valley].time,
                None if one.recovery is None else points[one.recovery].time,
                one.depth,
                within("drawdowns", amount, "amount of a drawdown"),
                points[one.end].time - points[one.peak].time,
            )
        )
    return rows


def month_rows(months: Sequence[PeriodReturn]) -> Rows:
    """Give a row for each month."""
    return _period_rows(Rows(MONTHLY_RETURNS), months)


def year_rows(years: Sequence[PeriodReturn]) -> Rows:
    """Give a row for each year."""
    return _period_rows(Rows(YEARLY_RETURNS), years)


def _period_rows(rows: Rows, periods: Sequence[PeriodReturn]) -> Rows:
    for period in periods:
        rows.append((*period.key, period.result))
    return rows
