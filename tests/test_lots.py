"""Lots: what each method takes, and that the results add up to those of the symbol (rule L7)."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

import omega_portfolio as op
from omega_portfolio.lot_matching import divide, parts_of
from omega_portfolio.lots import METHODS

DAYS = [f"2024-03-{day:02}" for day in range(1, 29)]


def lots(portfolio: op.Portfolio, method: str, *columns: str) -> list[tuple[object, ...]]:
    return portfolio.get_lots(method).to_polars().select(*columns).rows()


def three_lots(portfolio: op.Portfolio, side: str) -> None:
    """Open 1 at 100, 2 at 130 and 1 at 110, and close 2 of the second at 120."""
    for size, price, day in ((1, 100, 0), (2, 130, 1), (1, 110, 2)):
        portfolio.open_position("A", side, size, price, DAYS[day])
    portfolio.close_position(2, 120, DAYS[3])


@pytest.mark.parametrize(
    ("method", "closed", "still_open"),
    [
        ("fifo", [(1, 1.0, 20.0), (2, 1.0, -10.0)], [(2, 1.0, -10.0), (3, 1.0, 10.0)]),
        ("lifo", [(3, 1.0, 10.0), (2, 1.0, -10.0)], [(1, 1.0, 20.0), (2, 1.0, -10.0)]),
        ("hifo", [(2, 2.0, -20.0)], [(1, 1.0, 20.0), (3, 1.0, 10.0)]),
        ("average", [(1, 1.0, 2.5), (2, 1.0, 2.5)], [(2, 1.0, 2.5), (3, 1.0, 2.5)]),
        ("specific", [(2, 2.0, -20.0)], [(1, 1.0, 20.0), (3, 1.0, 10.0)]),
    ],
)
def test_what_a_method_takes(make_portfolio, method, closed, still_open):
    portfolio = make_portfolio()
    three_lots(portfolio, "long")
    portfolio.mark({"A": 120})
    found = lots(portfolio, method, "status", "position_id", "size", "pnl")
    assert found == [("closed", *one) for one in closed] + [("open", *one) for one in still_open]


def test_of_shorts_the_highest_in_is_the_least_gain(make_portfolio):
    portfolio = make_portfolio()
    three_lots(portfolio, "short")
    assert lots(portfolio, "hifo", "status", "position_id", "pnl")[:2] == [
        ("closed", 1, -20.0), ("closed", 3, -10.0),
    ]  # fmt: skip


def test_a_row_says_when_and_for_how_much(make_portfolio):
    portfolio = make_portfolio()
    three_lots(portfolio, "long")
    portfolio.mark({"A": (119, 121)})
    first, *_, last = portfolio.get_lots("average", exact=True).to_polars().iter_rows(named=True)
    assert (first["symbol"], first["side"], first["entry_price"]) == ("A", "long", Decimal("117.5"))
    assert (first["entry_time"].day, first["exit_time"].day) == (1, 4)
    assert (first["cost"], first["proceeds"]) == (Decimal("117.5"), 120)
    assert (last["exit_time"], last["exit_price"], last["proceeds"]) == (None, 119, 119)


def test_an_unknown_method_is_refused(make_portfolio):
    for wrong in ("newest", "", None, 1):
        with pytest.raises(op.InvalidArgument) as caught:
            make_portfolio().get_lots(wrong)
        assert caught.value.argument == "method"


def test_lots_are_a_table_like_the_others(make_portfolio):
    portfolio = make_portfolio()
    three_lots(portfolio, "long")
    table = portfolio.get_lots(exact=True)
    frame = table.to_polars()
    assert frame.schema["pnl"] == pl.Decimal(38, 18)
    assert frame.schema["size"] == pl.Decimal(38, 9)
    assert frame.schema["exit_time"] == pl.Datetime("us", "UTC")
    assert pl.read_ipc_stream(table.to_ipc()).equals(frame)
    assert table.to_pyarrow().schema == table.schema
    assert table.select(["pnl", "size"]).columns == ["pnl", "size"]
    for wrong in (["pnl", "pnl"], ["profit"], "pnl", 5):
        with pytest.raises(op.InvalidArgument):
            table.select(wrong)
    assert repr(table).startswith("Table: 4 rows x 12 columns")
    assert "4 rows x 12 columns" in table._repr_html_()


def live(portfolio: op.Portfolio, rng: random.Random, symbols: list[str], *, split: bool) -> None:
    """Draw a life of fills, marks and, if wanted, splits."""
    prices = dict.fromkeys(symbols, 100)
    for day in DAYS:
        for symbol in symbols:
            prices[symbol] = max(5, prices[symbol] + rng.randint(-9, 9))
        quotes = {symbol: (price, price + 1) for symbol, price in prices.items()}
        portfolio.update_equity(day, quotes)
        for _ in range(rng.randint(0, 3)):
            symbol, side = rng.choice(symbols), rng.choice(["long", "short"])
            price = prices[symbol] + rng.randint(0, 1)
            portfolio.open_position(symbol, side, rng.randint(1, 7), price, day)
        for position_id, view in portfolio.positions.items():
            if rng.random() < 0.25:
                size = rng.randint(1, int(view.size))
                portfolio.close_position(position_id, prices[view.symbol], day, size=size)
        if split and rng.random() < 0.2:
            symbol, up, down = rng.choice(symbols), rng.randint(1, 3), rng.randint(4, 5)
            up, down = rng.choice([(up, down), (down, up)])
            portfolio.split(symbol, up, down, day)
            prices[symbol] = max(1, prices[symbol] * down // up)


def results(portfolio: op.Portfolio) -> dict[str, Fraction]:
    """Add up what the account says of each symbol."""
    found: Counter[str] = Counter()
    for table, column in (
        (portfolio.get_trades(exact=True), "gross_pnl"),
        (portfolio.get_positions(exact=True), "unrealized_pnl"),
    ):
        for symbol, amount in table.to_polars().select("symbol", column).rows():
            found[symbol] += Fraction(amount)
    ledger = portfolio.get_ledger(exact=True).to_polars().filter(kind="split")
    for symbol, amount in ledger.select("symbol", "amount").rows():
        found[symbol] += Fraction(amount)
    return {symbol: amount for symbol, amount in found.items() if amount}


def sums(portfolio: op.Portfolio, method: str) -> dict[str, Fraction]:
    found: Counter[str] = Counter()
    table = portfolio.get_lots(method, exact=True).to_polars()
    for symbol, amount in table.select("symbol", "pnl").rows():
        found[symbol] += Fraction(amount)
    return {symbol: amount for symbol, amount in found.items() if amount}


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("mode", ["hedging", "netting"])
@pytest.mark.parametrize("seed", range(4))
def test_the_results_add_up_whatever_the_method(make_portfolio, seed, mode, split):
    portfolio = make_portfolio(10**9, mode=mode)
    for symbol in ("A", "B"):
        portfolio.register_instrument(op.Instrument(symbol, size_decimals=0, contract_size="2.5"))
    live(portfolio, random.Random(seed), ["A", "B"], split=split)
    expected = results(portfolio)
    assert set(expected) == {"A", "B"}
    held = dict(portfolio.get_positions(exact=True).to_polars().group_by("symbol").agg(
        pl.col("size").sum()
    ).iter_rows())  # fmt: skip
    for method in METHODS:
        assert sums(portfolio, method) == expected, method
        table = portfolio.get_lots(method, exact=True).to_polars().filter(status="open")
        sizes = table.group_by("symbol").agg(pl.col("size").sum())
        assert dict(sizes.iter_rows()) == held


@pytest.mark.parametrize("seed", range(3))
def test_the_results_of_an_inverse_instrument_add_up(make_portfolio, seed):
    portfolio = make_portfolio(10**6, currency="BTC")
    portfolio.register_instrument(
        op.Instrument("A", size_decimals=0, base_currency="BTC", quote_currency="USD", inverse=True)
    )
    live(portfolio, random.Random(seed), ["A"], split=False)
    expected = Fraction(portfolio.realized_pnl) + Fraction(portfolio.unrealized_pnl)
    for method in METHODS:
        assert sums(portfolio, method) == {"A": expected}, method


def test_parts_are_the_whole():
    rng = random.Random(5)
    for _ in range(200):
        weights = [rng.randint(0, 50) for _ in range(rng.randint(1, 6))]
        whole = rng.randint(-(10**6), 10**6)
        if sum(weights):
            assert sum(parts_of(whole, weights, sum(weights))) == whole
        below = rng.choice([-7, -2, 2, 4, 10])
        assert divide(whole, below) == round(Fraction(whole, below))
