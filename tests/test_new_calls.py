"""Cash, swaps, corporate actions, pairs and tables: each call, and one refusal.

The rules in full are in the case files; here it is the Python interface that counts.
"""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import polars as pl
import pytest

import omega_portfolio as op
from new_calls import DAY, euro_account, history, refuses, rows

# Pairs


def test_two_positions_are_closed_by_each_other(make_portfolio):
    portfolio = make_portfolio()
    first = portfolio.open_position("A", "long", 3, 100, DAY[0])
    other = portfolio.open_position("A", "short", 2, 104, DAY[1])
    trades = portfolio.close_by(first, other, DAY[2], fee=1)
    assert isinstance(trades, tuple)
    assert [one.position_id for one in trades] == [first, other]
    assert [one.net_pnl for one in trades] == [7, 0]
    assert {one.reason for one in trades} == {"close_by"}
    assert portfolio.positions[first].size == 1
    refuses(op.PositionNotFound, "other_id", lambda: portfolio.close_by(first, other, DAY[2]))
    refuses(op.InvalidArgument, "other_id", lambda: portfolio.close_by(first, "2", DAY[2]))
    refuses(op.InvalidPositionId, "other_id", lambda: portfolio.close_by(first, 0, DAY[2]))


# Cash and costs


def test_cash_of_another_currency_is_held_exchanged_and_taken_out(make_portfolio):
    portfolio = euro_account(make_portfolio)
    portfolio.deposit(500, DAY[1], currency="USD")
    portfolio.convert_cash(1000, "EUR", "USD", DAY[1], rate="1.2")
    portfolio.convert_cash(100, "USD", "EUR", DAY[2])
    portfolio.withdraw(600, DAY[3], currency="USD")
    cash = rows(portfolio.get_cash(), "currency", "amount", "rate", "path")
    assert cash == [("EUR", 9080.0, 1.0, ""), ("USD", 1000.0, 0.8, "1/EURUSD")]
    moves = rows(portfolio.get_cash_ledger(), "kind", "currency", "amount", "balance")
    assert moves == [
        ("deposit", "USD", 500.0, 500.0), ("conversion", "USD", 1200.0, 1700.0),
        ("conversion", "USD", -100.0, 1600.0), ("withdrawal", "USD", -600.0, 1000.0),
    ]  # fmt: skip
    portfolio.verify()


def test_cash_that_is_not_there_is_not_given(make_portfolio):
    portfolio = euro_account(make_portfolio)
    for call, argument, error in (
        (lambda: portfolio.withdraw(1, DAY[1], currency="USD"), "amount", op.InsufficientFunds),
        (lambda: portfolio.deposit(1, DAY[1], currency="GBP"), "currency", op.MissingRate),
        (lambda: portfolio.deposit(1, DAY[1], currency="ABC"), "currency", op.InvalidCurrency),
        (
            lambda: portfolio.convert_cash(1, "USD", "EUR", DAY[1]), "amount",
            op.InsufficientFunds,
        ),
        (
            lambda: portfolio.convert_cash(1, "EUR", "EUR", DAY[1]), "to_currency",
            op.InvalidArgument,
        ),
        (
            lambda: portfolio.convert_cash(1, "EUR", "USD", DAY[1], rate=0), "rate",
            op.InvalidPrice,
        ),
    ):  # fmt: skip
        refuses(error, argument, call)


def test_results_in_another_currency_are_converted(make_portfolio):
    portfolio = euro_account(make_portfolio)
    portfolio.register_instrument(op.Instrument("ACME", quote_currency="USD"))
    position_id = portfolio.open_position("ACME", "long", 10, 100, DAY[1])
    portfolio.mark({"EURUSD": "1.6"})
    trade = portfolio.close_position(position_id, 116, DAY[2])
    assert (trade.gross_pnl, trade.fx_pnl) == (100, -28)
    portfolio.verify()


def test_a_swap_is_charged_by_hand(make_portfolio):
    portfolio = make_portfolio()
    long = portfolio.open_position("A", "long", 2, 100, DAY[0])
    short = portfolio.open_position("A", "short", 1, 100, DAY[0])
    portfolio.charge_swap("A", DAY[1], long="-0.5", short="0.25", multiplier=3)
    portfolio.charge_swap("A", DAY[1], long="-0.001", kind="funding")
    portfolio.charge_swap("A", DAY[1], short="0.036", kind="rate")
    assert portfolio.positions[long].swap == Decimal("-3.2")
    assert portfolio.positions[short].swap == Decimal("0.76")
    assert portfolio.close_position(long, 100, DAY[2]).swap == Decimal("-3.2")
    refuses(op.InvalidSymbol, "symbol", lambda: portfolio.charge_swap("B", DAY[2], long=1))
    refuses(op.InvalidArgument, "kind", lambda: portfolio.charge_swap("A", DAY[2], kind="pips"))
    for wrong in (-1, 1.0, True, 2**32):
        refuses(
            op.InvalidArgument, "multiplier",
            lambda one=wrong: portfolio.charge_swap("A", DAY[2], long=1, multiplier=one),
        )  # fmt: skip


def test_a_rollover_is_charged_once(make_portfolio):
    portfolio = make_portfolio()
    swap = op.Swap("points", long=-1, rollover="17:00", zone="America/New_York")
    portfolio.register_instrument(op.Instrument("A", swap=swap))
    portfolio.open_position("A", "long", 2, 100, "2024-01-02")
    moment = "2024-01-02T22:00"
    portfolio.rollover("A", moment)
    assert portfolio.balance == 99_998
    refuses(op.OffSessionRollover, "time", lambda: portfolio.rollover("A", moment))
    portfolio.update_equity("2024-01-03T22:00")
    assert portfolio.balance == 99_992
    assert rows(portfolio.get_ledger(), "kind", "time")[1] == (
        "swap", datetime(2024, 1, 3, 22, tzinfo=timezone.utc),
    )  # fmt: skip
    refuses(op.OffSessionRollover, "time", lambda: portfolio.rollover("A", "2024-01-04T01:00"))


# Corporate actions


def test_a_dividend_is_paid_at_once_or_later(make_portfolio):
    portfolio = make_portfolio(1000)
    portfolio.open_position("A", "long", 3, 100, DAY[0])
    portfolio.dividend("A", "1.5", DAY[1])
    assert portfolio.balance == Decimal("1004.5")
    portfolio.dividend("A", 1, DAY[2], pay_time=DAY[4])
    assert (portfolio.balance, portfolio.unrealized_pnl) == (Decimal("1004.5"), 3)
    portfolio.update_equity(DAY[5])
    assert (portfolio.balance, portfolio.unrealized_pnl) == (Decimal("1007.5"), 0)
    refuses(op.InvalidAmount, "amount", lambda: portfolio.dividend("A", 0, DAY[5]))
    refuses(op.InvalidTime, "pay_time", lambda: portfolio.dividend("A", 1, DAY[5], pay_time=DAY[4]))


def test_a_split_changes_positions_orders_and_marks(make_portfolio):
    portfolio = make_portfolio()
    portfolio.register_instrument(op.Instrument("A", size_decimals=0))
    position_id = portfolio.open_position("A", "long", 7, 90, DAY[0], stop_loss=60)
    portfolio.place_order("A", "buy", 4, DAY[0], price=80)
    portfolio.split("A", 1, 2, DAY[1])
    view = portfolio.positions[position_id]
    assert (view.size, view.entry_price, view.stop_loss) == (3, 180, 120)
    assert rows(portfolio.get_orders(), "price", "size")[0] == (160.0, 2.0)
    refuses(op.InvalidArgument, "numerator", lambda: portfolio.split("A", 0, 2, DAY[2]))
    refuses(op.InvalidArgument, "denominator", lambda: portfolio.split("A", 2, 10**6 + 1, DAY[2]))
    refuses(op.InvalidArgument, "denominator", lambda: portfolio.split("A", 2, "1", DAY[2]))
    refuses(op.InvalidSymbol, "symbol", lambda: portfolio.split("B", 2, 1, DAY[2]))


# Margin


def test_margin_call_and_stop_out(make_portfolio):
    portfolio = make_portfolio(1000, leverage=10, margin_call=100, stop_out=50)
    portfolio.open_position("A", "long", 50, 100, DAY[0])
    (trade,) = portfolio.process_quotes(DAY[1], {"A": 84})
    assert trade.reason == "stop_out"
    assert rows(portfolio.get_activity(), "kind", "position_id") == [("stop_out", 1)]
    portfolio.open_position("A", "long", 20, 84, DAY[2])
    portfolio.update_equity(DAY[3], {"A": 81})
    assert ("margin_call",) in rows(portfolio.get_activity(), "kind")


def test_margin_is_explained(make_portfolio):
    portfolio = make_portfolio()
    margin = op.Margin(tiers=[(1000, "0.1"), (None, "0.5")])
    portfolio.register_instrument(op.Instrument("A", margin=margin))
    portfolio.open_position("A", "long", 20, 100, DAY[0])
    portfolio.open_position("A", "short", 5, 100, DAY[0])
    columns = "model", "long_size", "short_size", "hedged_size", "basis", "margin"
    assert rows(portfolio.get_margin(), *columns) == [("tiers", 20.0, 5.0, 5.0, 2500.0, 850.0)]
    assert portfolio.margin_used == 850


# Tables


def test_fills_are_listed_with_their_orders(make_portfolio):
    portfolio = make_portfolio()
    portfolio.place_order("A", "buy", 2, DAY[0], price=95, take_profit=104)
    portfolio.process_bars(history().filter(symbol="A").with_columns(low=94.0, high=105.0))
    columns = "order_id", "side", "price", "liquidity", "reason"
    assert rows(portfolio.get_fills(), *columns) == [
        (1, "buy", 95.0, "maker", ""), (0, "sell", 104.0, "maker", "take_profit"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("cash", 7), ("cash_ledger", 8), ("margin", 11), ("orders", 10), ("activity", 9),
        ("fills", 12), ("lots", 12), ("trades", 23), ("ledger", 8), ("positions", 15),
    ],
)  # fmt: skip
def test_the_tables_have_their_columns_and_both_views(make_portfolio, name, width):
    portfolio = make_portfolio()
    getter = getattr(portfolio, f"get_{name}")
    assert len(getter().columns) == width
    floats, exact = getter().to_polars().schema, getter(exact=True).to_polars().schema
    assert pl.Decimal not in {type(kind) for kind in floats.values()}
    assert pl.Float64 not in exact.values()
    if name != "lots":
        assert portfolio.scan(name).collect().width == width
    assert f"{width} columns" in getter()._repr_html_()
