"""The old portfolio and the exact account side by side: each figure, and what makes it differ.

Every part is computed on its own road. The rows of :attr:`ExactPortfolio.differences` come from
what each call posted on both sides, the drift of the cash from a sum of the same postings without
floats; so it can be checked that nothing is left unexplained.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from omega_portfolio.legacy.amounts import NOTHING, exact_of, minus, plus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    import polars as pl

    from omega_portfolio.legacy.causes import Difference
    from omega_portfolio.legacy.exact import ExactPortfolio


class Line(NamedTuple):
    """One figure of both.

    Attributes
    ----------
    legacy, exact : Decimal
        The figure of each.
    parts : dict of str to Decimal
        What makes the difference, by cause.
    rest : Decimal
        What no part explains.
    """

    legacy: Decimal
    exact: Decimal
    parts: dict[str, Decimal]

    @property
    def difference(self) -> Decimal:
        """What the old portfolio has more."""
        return minus(self.legacy, self.exact)

    @property
    def rest(self) -> Decimal:
        """What no part explains."""
        return minus(self.difference, total(self.parts.values()))


class Comparison(NamedTuple):
    """What :func:`compare` gives.

    Attributes
    ----------
    lines : dict of str to Line
        ``cash``, ``equity``, ``max_drawdown``, ``total_fees`` and ``trade_curve_end``.
    rows : list of Difference
        What was booked otherwise, call by call.
    """

    lines: dict[str, Line]
    rows: list[Difference]

    @property
    def explained(self) -> bool:
        """Whether the causes add up to every difference, to the last digit."""
        poisoned = any(row.cause == "not_finite" for row in self.rows)
        rests = [line.rest for line in self.lines.values()]
        return all(rest == 0 or (poisoned and not rest.is_finite()) for rest in rests)

    def to_polars(self) -> pl.DataFrame:
        """Give the rows as a frame: amounts as doubles, times as the texts they print as.

        Returns
        -------
        polars.DataFrame
            The columns number, call, time, symbol, cause, figure, legacy, exact, difference and
            text.

        Examples
        --------
        >>> from omega_portfolio.legacy import Portfolio, PortfolioPosition, compare
        >>> portfolio = Portfolio(exact=True)
        >>> position = PortfolioPosition("2024-01-02", "long", "ACME", 100.0, 95.0, 110.0, 0.0)
        >>> portfolio.register_entry(position)
        >>> compare(portfolio).to_polars().select("call", "time", "cause").rows()
        [('register_entry', '2024-01-02', 'bad_input')]
        """
        import polars as pl

        texts = ("call", "time", "symbol", "cause", "figure")
        columns = {
            "number": pl.Series([row.number for row in self.rows], dtype=pl.UInt64),
            **{name: _texts([getattr(row, name) for row in self.rows]) for name in texts},
            "legacy": pl.Series([float(row.legacy) for row in self.rows], dtype=pl.Float64),
            "exact": pl.Series([float(row.exact) for row in self.rows], dtype=pl.Float64),
            "difference": pl.Series([float(row.amount) for row in self.rows], dtype=pl.Float64),
            "text": _texts([row.text for row in self.rows]),
        }
        return pl.DataFrame(columns)


def compare(portfolio: ExactPortfolio) -> Comparison:
    """Set an old portfolio and its exact account side by side.

    Parameters
    ----------
    portfolio : ExactPortfolio
        Made with ``Portfolio(exact=True)``; its calls are what is compared.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> from datetime import datetime
    >>> from omega_portfolio.legacy import Portfolio, PortfolioPosition, compare
    >>> day = datetime(2024, 1, 2)
    >>> portfolio = Portfolio(1000.0, exact=True, size_rule="risk")
    >>> position = PortfolioPosition(day, "long", "ACME", 100.0, 95.0, 110.0, size=3.0)
    >>> portfolio.register_entry(position)
    >>> position.close(day, 110.0, "take_profit")
    >>> portfolio.register_exit(position)
    >>> portfolio.register_exit(position)
    >>> found = compare(portfolio)
    >>> cash = found.lines["cash"]
    >>> str(cash.legacy), str(cash.exact), {name: str(part) for name, part in cash.parts.items()}
    ('1400.0', '1200.00', {'second_exit': '200.0'})
    >>> found.explained
    True
    """
    books, rows = portfolio.books, portfolio.differences
    engine, cash = books.engine, exact_of(portfolio.cash)
    parts = _by_cause([row for row in rows if row.figure == "cash"])
    parts["float_results"] = books.float_results
    parts["float_cash"] = minus(cash, books.own)
    floating = {"open_positions": engine.unrealized_pnl.copy_negate()}
    sampled = {"cash_since_update": minus(exact_of(portfolio.equity), cash)}
    lines = {
        "cash": Line(cash, engine.balance, _some(parts)),
        "equity": Line(
            exact_of(portfolio.equity), engine.equity, _some({**parts, **floating, **sampled})
        ),
        "max_drawdown": _drawdown(portfolio),
        "total_fees": _fees(portfolio),
        "trade_curve_end": _curve_end(portfolio),
    }
    return Comparison(lines, list(rows))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add without rounding."""
    return reduce(plus, amounts, NOTHING)


def _texts(values: list[Any]) -> pl.Series:
    import polars as pl

    return pl.Series([None if one is None else str(one) for one in values], dtype=pl.String)


def _by_cause(rows: list[Difference]) -> dict[str, Decimal]:
    parts: dict[str, Decimal] = {}
    for row in rows:
        parts[row.cause] = plus(parts.get(row.cause, NOTHING), row.amount)
    return parts


def _some(parts: dict[str, Decimal]) -> dict[str, Decimal]:
    return {cause: amount for cause, amount in parts.items() if amount != 0}


def _drawdown(portfolio: ExactPortfolio) -> Line:
    """Compare drawdowns, over the path of each account that lies between the two."""
    drops = portfolio.books.drops
    sampled, posted = exact_of(portfolio.max_drawdown), portfolio.drop_of_postings
    balance, equity = drops["balance"].greatest, drops["equity"].greatest
    parts = {
        "drawdown_samples": minus(sampled, posted),
        "booked_otherwise": minus(posted, balance),
        "open_positions": minus(balance, equity),
    }
    return Line(sampled, equity, _some(parts))


def _fees(portfolio: ExactPortfolio) -> Line:
    """Compare what was charged; the log of the old portfolio has the same fees without floats."""
    ledger = portfolio.engine.get_ledger(exact=True).to_polars()
    charged = ledger.filter(ledger["kind"] == "fee")["amount"].to_list()
    exact = total(charged).copy_negate()
    legacy = exact_of(portfolio.total_fees)
    logged = total(exact_of(fee["fee"]) for fee in portfolio.fees_log)
    parts = {"float_cash": minus(legacy, logged), "float_results": minus(logged, exact)}
    return Line(legacy, exact, _some(parts))


def _curve_end(portfolio: ExactPortfolio) -> Line:
    """Compare the end of the old trade curve with the old cash."""
    curve, cash, books = portfolio.get_equity_curve(), exact_of(portfolio.cash), portfolio.books
    start = exact_of(portfolio.initial_balance)
    end = exact_of(curve[-1][1]) if curve else start
    shown = [
        position
        for position in [*portfolio.closed_positions, *portfolio.partial_closed_positions]
        if position.result is not None and position.exit_time is not None
    ]
    results = total(exact_of(position.result) for position in shown)
    fees = total(
        plus(exact_of(position.entry_fee), exact_of(position.exit_fee)) for position in shown
    )
    logged = total(exact_of(fee["fee"]) for fee in portfolio.fees_log)
    drift_of_curve = minus(end, minus(plus(start, results), fees))
    parts = {
        "curve_fees": minus(logged, fees),
        "curve_exits": books.paid["curve_exits"].copy_negate(),
        "lists_changed": minus(results, books.paid["listed"]),
        "cash_set": books.paid["cash_set"].copy_negate(),
        "float_cash": minus(drift_of_curve, minus(cash, books.own)),
    }
    return Line(end, cash, _some(parts))


__all__ = ["Comparison", "Line", "compare", "total"]
