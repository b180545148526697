"""Orders, bars and quotes: each call, and what it refuses.

The rules in full are in the case files; here it is the Python interface that counts.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

import omega_portfolio as op
from new_calls import BARS, DAY, bar_frame, history, refuses, rows

# Orders


def test_orders_are_placed_filled_and_cancelled(make_portfolio):
    portfolio = make_portfolio()
    first = portfolio.place_order("A", "buy", 1, DAY[0], price=95, oco="pair", tag="dip")
    second = portfolio.place_order("A", "buy", 1, DAY[0], type="stop", price=105, oco="pair")
    third = portfolio.place_order("A", "sell", 1, DAY[0], price=200, expiry=DAY[9])
    assert (first, second, third) == (1, 2, 3)
    assert rows(portfolio.get_orders(), "order_id", "kind", "side", "oco", "tag")[0] == (
        1, "limit", "long", "pair", "dip",
    )  # fmt: skip
    assert portfolio.process_bar(DAY[1], {"A": (100, 101, 94, 100)}) == []
    portfolio.cancel_order(third, DAY[2])
    assert portfolio.positions[1].tag == "dip"
    activity = rows(portfolio.get_activity(), "kind", "order_id", "detail")
    assert activity == [
        ("placed", 1, ""), ("placed", 2, ""), ("placed", 3, ""), ("filled", 1, ""),
        ("cancelled", 2, "oco"), ("cancelled", 3, ""),
    ]  # fmt: skip
    assert len(portfolio.get_orders()) == 0


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"type": "market", "price": 1}, op.InvalidArgument, "price"),
        ({"type": "limit"}, op.InvalidArgument, "price"),
        ({"type": "iceberg", "price": 1}, op.InvalidArgument, "type"),
        ({"type": None, "price": 1}, op.InvalidArgument, "type"),
        ({"price": -1}, op.InvalidPrice, "price"),
        ({"price": 1, "expiry": "2023-12-31"}, op.InvalidTime, "expiry"),
        ({"price": 1, "oco": "\0"}, op.InvalidText, "oco"),
        ({"price": 100, "stop_loss": 101}, op.InvalidStopLoss, "stop_loss"),
    ],
)
def test_a_wrong_order_is_named(make_portfolio, options, error, argument):
    portfolio = make_portfolio()
    refuses(error, argument, lambda: portfolio.place_order("A", "buy", 1, DAY[0], **options))
    assert portfolio.events == 0


def test_an_order_that_does_not_rest_cannot_be_cancelled(make_portfolio):
    portfolio = make_portfolio()
    refuses(op.OrderNotFound, "order_id", lambda: portfolio.cancel_order(1, DAY[0]))
    for wrong in ("1", True, 0, -1, 2**64):
        refuses(op.InvalidArgument, "order_id", lambda one=wrong: portfolio.cancel_order(one, 0))


# Bars


def test_bars_come_in_many_shapes(make_portfolio):
    digests = set()
    for bars in (BARS, bar_frame(BARS), bar_frame(BARS).to_arrow()):
        portfolio = make_portfolio()
        portfolio.open_position("A", "long", 1, 100, DAY[0], stop_loss=99)
        (trade,) = portfolio.process_bar(DAY[1], bars)
        assert (trade.reason, trade.exit_price) == ("stop_loss", 99)
        assert len(portfolio.get_equity_curve()) == 1
        digests.add(portfolio.digest)
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("bars", "error", "argument"),
    [
        (5, op.InvalidArgument, "bars"),
        ({"A": 5}, op.InvalidArgument, "bars"),
        ({"A": (1, 2, 3)}, op.InvalidArgument, "bars"),
        ({"A": (1, 1, 1, 1, 0, 0)}, op.InvalidArgument, "bars"),
        ({"A": {"open": 1, "high": 1, "low": 1}}, op.InvalidArgument, "bars"),
        (
            {"A": {"open": 1, "high": 1, "low": 1, "close": 1, "volume": 5}},
            op.InvalidArgument,
            "bars",
        ),
        ({"A": (1, 1, 1, "x")}, op.InvalidNumber, "bars"),
        ({"A": (1, 1, 1, None)}, op.InvalidArgument, "bars"),
        ({5: (1, 1, 1, 1)}, op.InvalidArgument, "symbol"),
        ({"A": (0, 1, 1, 1)}, op.InvalidPrice, "open"),
        ({"A": (1, 1, 1, 1, -1)}, op.InvalidPrice, "spread"),
        ({"A": (1, 2, 2, 2)}, op.InvalidBar, "low"),
        ({"A": (3, 2, 1, 2)}, op.InvalidBar, "high"),
        (pl.DataFrame({"symbol": ["A"], "open": [1]}), op.InvalidFrame, "bars"),
    ],
)
def test_wrong_bars_are_named(make_portfolio, bars, error, argument):
    portfolio = make_portfolio()
    refuses(error, argument, lambda: portfolio.process_bar(DAY[0], bars))
    assert portfolio.events == 0


def test_the_path_of_a_bar_is_that_of_the_call_or_the_portfolio(make_portfolio):
    for options, path, reason in (
        ({}, None, "stop_loss"), ({}, "optimistic", "take_profit"),
        ({"path": "ohlc"}, None, "take_profit"), ({"path": "ohlc"}, "olhc", "stop_loss"),
    ):  # fmt: skip
        portfolio = make_portfolio(**options)
        portfolio.open_position("A", "long", 1, 100, DAY[0], stop_loss=95, take_profit=105)
        (trade,) = portfolio.process_bar(DAY[1], {"A": (100, 106, 94, 100)}, path=path)
        assert trade.reason == reason
        assert portfolio.ambiguous_count == (path not in ("olhc",) and not options)
    refuses(op.InvalidArgument, "path", lambda: portfolio.process_bar(DAY[2], {}, path="up"))


def test_a_bar_of_a_symbol_is_later_than_its_last_one(make_portfolio):
    portfolio = make_portfolio()
    portfolio.process_bar(DAY[1], {"A": (1, 1, 1, 1)})
    refuses(op.InvalidTime, "time", lambda: portfolio.process_bar(DAY[1], {"A": (1, 1, 1, 1)}))


def test_quotes_fill_and_answer_trades(make_portfolio):
    portfolio = make_portfolio()
    portfolio.open_position("A", "long", 1, 100, DAY[0], take_profit=105)
    assert portfolio.process_quotes(DAY[1], {"A": (104, 106)}) == []
    frame = pl.DataFrame({"symbol": ["A"], "price": [105.5]})
    (trade,) = portfolio.process_quotes(DAY[1], frame)
    assert (trade.reason, trade.exit_price) == ("take_profit", Decimal("105.5"))
    assert len(portfolio.get_equity_curve()) == 2
    refuses(op.CrossedQuote, "quotes", lambda: portfolio.process_quotes(DAY[2], {"A": (2, 1)}))
    refuses(op.InvalidNumber, "quotes", lambda: portfolio.process_quotes(DAY[2], {"A": "x"}))
    refuses(op.InvalidArgument, "quotes", lambda: portfolio.process_quotes(DAY[2], 5))


def test_a_frame_of_bars_is_the_calls_one_after_the_other(make_portfolio):
    whole, single = make_portfolio(), make_portfolio()
    for portfolio in (whole, single):
        portfolio.open_position("A", "long", 1, 100, DAY[0], stop_loss=99)
        portfolio.place_order("B", "buy", 1, DAY[0], price="49.75", take_profit="50.9")
    trades = sum(len(single.process_bar(DAY[day], BARS)) for day in (1, 2, 3))
    assert whole.process_bars(history()) == trades > 1
    assert whole.digest == single.digest
    assert len(whole.get_equity_curve()) == 3


def test_a_frame_of_bars_is_taken_whole_or_not_at_all(make_portfolio):
    portfolio = make_portfolio()
    portfolio.open_position("A", "long", 1, 100, DAY[0], stop_loss=99)
    before = portfolio.digest
    wrong = history().with_columns(
        low=pl.when(pl.int_range(pl.len()) == 7).then(60.0).otherwise("low")
    )
    with pytest.raises(op.InvalidBar) as caught:
        portfolio.process_bars(wrong)
    assert caught.value.argument == "bars"
    assert caught.value.value.startswith("row 7, column low: ")
    assert portfolio.digest == before
    portfolio.verify()
    with pytest.raises(op.InvalidTime) as caught:
        portfolio.process_bars(history().reverse())
    assert caught.value.argument == "bars"
    assert caught.value.value.startswith("row 3, column time: ")
    assert portfolio.digest == before


def test_a_frame_of_bars_has_its_columns(make_portfolio):
    portfolio = make_portfolio()
    frame = history()
    for wrong in (
        frame.drop("time"), frame.drop("close"), frame.with_columns(volume=1),
        frame.with_columns(open=pl.lit("x")), frame.with_columns(time=None),
    ):  # fmt: skip
        refuses(op.InvalidFrame, "bars", lambda one=wrong: portfolio.process_bars(one))
    refuses(op.InvalidArgument, "bars", lambda: portfolio.process_bars(BARS))
    refuses(op.InvalidArgument, "path", lambda: portfolio.process_bars(frame, path="up"))
    assert portfolio.process_bars(frame.clear()) == 0
    assert portfolio.events == 0
    for name in frame.columns:
        # Types are asked for without rows, too (N8).
        empty = frame.clear().with_columns(pl.lit(None).alias(name))
        refuses(op.InvalidFrame, "bars", lambda one=empty: portfolio.process_bars(one))
