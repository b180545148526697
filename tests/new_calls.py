"""What the tests of orders, bars, cash and corporate actions share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

import omega_portfolio as op

DAY = [f"2024-01-{day:02}" for day in range(1, 20)]
Make = Callable[..., op.Portfolio]


def refuses(error: type[op.OmegaPortfolioError], argument: str, call: Callable[[], object]) -> None:
    """Check that a call is refused with an error that names an argument."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert caught.value.argument == argument


def rows(table: op.Table, *columns: str) -> list[tuple[object, ...]]:
    return table.to_polars().select(*columns).rows()


def euro_account(make: Make, **options: object) -> op.Portfolio:
    """Make an account in euros that knows what a dollar is worth."""
    portfolio = make(10_000, currency="EUR", **options)
    portfolio.register_instrument(
        op.Instrument("EURUSD", base_currency="EUR", quote_currency="USD")
    )
    portfolio.mark({"EURUSD": "1.25"}, time=DAY[0])
    return portfolio


BARS = {
    "A": (100, 103, 98, 101),
    "B": [50, 51, 49, 50, "0.5"],
    "C": {"open": 10, "high": 12, "low": 9, "close": 11},
}


def bar_frame(bars: dict[str, object], **columns: object) -> pl.DataFrame:
    names = ["open", "high", "low", "close", "spread"]
    lists = [list(bar.values()) if isinstance(bar, dict) else list(bar) for bar in bars.values()]
    full = [[float(one) for one in (*bar, 0)[:5]] for bar in lists]
    frame = pl.DataFrame(full, names, orient="row")
    return frame.select(pl.Series("symbol", list(bars)), *names).with_columns(**columns)


def history() -> pl.DataFrame:
    days = [bar_frame(BARS, time=date(2024, 1, day)) for day in (2, 3, 4)]
    return pl.concat(days)
