"""Every table that the engine hands over, made once, for the tests of docs/ffi/portfolio.md."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

import omega_portfolio as op
from c_schema import columns_of

FORMATS = {
    "L": "uint64",
    "i": "int32",
    "g": "float64",
    "vu": "utf8_view",
    "tsu:UTC": "timestamp[us, UTC]",
    "tDu": "duration[us]",
    "d:38,9": "decimal128(38, 9)",
    "d:38,18": "decimal128(38, 18)",
}
"""Format strings of the C data interface, and the names of the types in the document."""

Row = tuple[str, str, str, str]
"""Column, type, type with exact=True, and whether a cell may be null."""


def lived(backend: str) -> op.Portfolio:
    """Make a portfolio with rows in most of its tables."""
    portfolio = op.Portfolio(10_000, leverage=10, backend=backend)
    first = portfolio.open_position("ACME", "long", 10, "100.25", 0, fee="0.35", tag="sma")
    portfolio.open_position("BOLT", "short", 5, "7.5", 0)
    portfolio.deposit(7, 0)
    portfolio.place_order("ACME", "long", 1, 0, price=50)
    for day in range(5):
        portfolio.update_equity(day * 86_400_000_000, {"ACME": 100 + day, "BOLT": 8 - day})
    portfolio.close_position(first, 103, 5 * 86_400_000_000, reason="target")
    return portfolio


def _receipts(portfolio: op.Portfolio, exact: bool = True) -> object:
    time = portfolio.time
    frame = pl.DataFrame({"action": ["deposit"], "time": [time], "amount": [1]})
    return portfolio.apply(frame, exact=exact)


MAKERS: dict[str, Callable[[op.Portfolio, bool], object]] = {
    f"get_{name}()": lambda portfolio, exact, name=name: getattr(portfolio, f"get_{name}")(
        exact=exact
    )
    for name in (
        *("equity_curve", "trades", "ledger", "positions", "orders", "activity", "fills"),
        *("cash", "cash_ledger", "margin", "lots", "events"),
    )
} | {
    "apply()": _receipts,
    "apply().refused": lambda portfolio, exact: _receipts(portfolio, exact).refused,
    "attribution()": lambda portfolio, exact: portfolio.attribution(exact=exact),
    "asof_states()": lambda portfolio, exact: portfolio.asof_states([0], exact=exact),
    "drawdowns()": lambda portfolio, exact: portfolio.drawdowns(exact=exact),
    "trade_analysis()": lambda portfolio, exact: portfolio.trade_analysis(exact=exact),
    "monthly_returns()": lambda portfolio, _: portfolio.monthly_returns(),
    "yearly_returns()": lambda portfolio, _: portfolio.yearly_returns(),
    "rolling_metrics()": lambda portfolio, _: portfolio.rolling_metrics(2),
}
"""The call of each table, and how it is made in both views."""


def rows_of(portfolio: op.Portfolio, call: str) -> list[Row]:
    """Give the rows that the document must have for a table."""
    plain, exact = (columns_of(MAKERS[call](portfolio, view)) for view in (False, True))
    assert [column.name for column in plain] == [column.name for column in exact]
    assert [column.nullable for column in plain] == [column.nullable for column in exact]
    return [
        (one.name, FORMATS[one.format], FORMATS[two.format], "yes" if one.nullable else "no")
        for one, two in zip(plain, exact, strict=True)
    ]
