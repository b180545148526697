"""Bars and quotes of the Python backend: figures worked out by hand (SPEC 18)."""

from __future__ import annotations

import pytest

import omega_portfolio as op
from order_accounts import (
    PATHS,
    D,
    Fills,
    Make,
    activity,
    bar,
    fills,
    rows,
)

# The open


def test_an_open_beyond_the_stop_fills_at_the_open(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 1, 100, 0, stop_loss=95)
    pf.open_position("A", "short", 2, 100, 0, stop_loss=105)
    assert bar(pf, 1, 90, 92, 89, 91) == [(1, 90, "stop_loss")]
    # The ask is beyond the stop of the short, the bid is not.
    assert bar(pf, 2, "104.9", "104.9", 104, 104, "0.2") == [(2, D("105.1"), "stop_loss")]


def test_an_open_beyond_the_target_fills_at_the_open(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 3, 100, 0, targets=[(110, 1), (105, "0.5")], take_profit=120)
    pf.open_position("A", "short", 1, 100, 0, take_profit=95)
    # The ask of 94.99 is at or below 95, the bid above it would not count.
    assert bar(pf, 1, "94.98", 96, 94, 95, "0.01") == [(1, D("94.99"), "take_profit")]
    assert bar(pf, 2, 125, 126, 124, 125) == [
        (D("0.5"), 125, "target"),
        (1, 125, "target"),
        (D("1.5"), 125, "take_profit"),
    ]


def test_a_stop_at_the_open_comes_before_a_target_of_it(make_oracle: Make) -> None:
    pf = make_oracle()
    # An order brings levels that the open is beyond: they are not checked again.
    pf.place_order("A", "buy", 1, 0, type="stop", price=105, stop_loss=104, take_profit=108)
    pf.place_order("A", "buy", 2, 0, price=95, stop_loss=94, take_profit=99)
    assert bar(pf, 1, 110, 111, 109, 110) == [(1, 110, "take_profit")]
    assert bar(pf, 2, 90, 91, 89, 90) == [(2, 90, "stop_loss")]
    assert pf.balance == 10000
    filled = [row for row in activity(pf) if row[0] == "filled"]
    assert filled == [("filled", 1, 1, 110, ""), ("filled", 2, 2, 90, "")]


def test_market_orders_fill_at_the_next_open(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.place_order("A", "sell", 1, 0, type="market", stop_loss=110, take_profit=90, tag="m")
    assert bar(pf, 1, 100, 101, 99, 100, "0.5") == []
    position = pf.positions[1]
    assert (position.entry_price, position.side, position.tag) == (100, "short", "m")
    assert (position.stop_loss, position.take_profit) == (110, 90)


# One bar, four paths


@pytest.mark.parametrize(
    ("path", "exit_price", "reason", "ambiguous"),
    [
        ("pessimistic", 95, "stop_loss", 1),
        ("optimistic", 105, "take_profit", 1),
        ("ohlc", 105, "take_profit", 0),
        ("olhc", 95, "stop_loss", 0),
    ],
)
def test_stop_and_target_in_one_bar(
    make_oracle: Make, path: str, exit_price: int, reason: str, ambiguous: int
) -> None:
    pf = make_oracle(path=path)
    pf.open_position("A", "long", 1, 100, 0, stop_loss=95, take_profit=105)
    assert bar(pf, 1, 100, 106, 94, 101) == [(1, exit_price, reason)]
    assert pf.ambiguous_count == ambiguous


@pytest.mark.parametrize(
    ("path", "trades", "ambiguous"),
    [
        ("pessimistic", [(1, 96, "stop_loss")], 1),
        ("optimistic", [(1, 103, "take_profit")], 1),
        # Up to 104, down to 98 and on to the stop.
        ("ohlc", [(1, 96, "stop_loss")], 0),
        ("olhc", [(1, 96, "stop_loss")], 0),
    ],
)
def test_an_order_is_filled_and_left_in_one_bar(
    make_oracle: Make, path: str, trades: Fills, ambiguous: int
) -> None:
    pf = make_oracle()
    pf.place_order("A", "buy", 1, 0, price=98, stop_loss=96, take_profit=103)
    assert bar(pf, 1, 100, 104, 95, 101, path=path) == trades
    assert pf.ambiguous_count == ambiguous
    assert len(pf.positions) == 0


@pytest.mark.parametrize(
    ("path", "trades"),
    [
        ("pessimistic", []),
        ("optimistic", [(1, 103, "take_profit")]),
        # The high was before the fill.
        ("ohlc", []),
        ("olhc", [(1, 103, "take_profit")]),
    ],
)
def test_the_take_profit_of_an_order_waits(make_oracle: Make, path: str, trades: Fills) -> None:
    pf = make_oracle()
    pf.place_order("A", "buy", 1, 0, price=98, stop_loss=96, take_profit=103)
    assert bar(pf, 1, 100, 104, 97, 101, path=path) == trades
    if not trades:
        assert bar(pf, 2, 101, 104, 100, 102, path=path) == [(1, 103, "take_profit")]


@pytest.mark.parametrize("path", ["ohlc", "olhc"])
def test_a_walk_does_things_in_their_order(make_oracle: Make, path: str) -> None:
    pf = make_oracle()
    pf.place_order("A", "buy", 1, 0, type="stop", price=102, stop_loss=99, take_profit=103)
    pf.place_order("A", "sell", 1, 0, price=104, stop_loss=106, take_profit=101)
    # ohlc: 102 buys, 103 sells it, 104 sells short, 101 buys back; low; close.
    # olhc: the low first, which means nothing; then the same on the way up, and down to close.
    assert bar(pf, 1, 100, 105, 97, 100, path=path) == [
        (1, 103, "take_profit"),
        (1, 101, "take_profit"),
    ]
    prices = [row[3] for row in activity(pf) if row[0] == "filled"]
    assert prices == [102, 104]


def test_a_walk_meets_the_ask_a_spread_below(make_oracle: Make) -> None:
    pf = make_oracle()
    # The stop of the short is met by the bid at 104.5, before the target of the long at 104.6.
    pf.open_position("A", "short", 1, 100, 0, stop_loss=105)
    pf.open_position("A", "long", 1, 100, 0, take_profit="104.6")
    assert bar(pf, 1, 100, 106, 99, 100, "0.5", path="ohlc") == [
        (1, 105, "stop_loss"),
        (1, D("104.6"), "take_profit"),
    ]


def test_ties_of_a_walk(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 2, 100, 0, targets=[(105, 1)], take_profit=110)
    pf.open_position("A", "short", 1, 100, 0, stop_loss=105)
    pf.place_order("A", "sell", 1, 0, price=105)
    pf.place_order("A", "buy", 1, 0, type="stop", price=105)
    assert bar(pf, 1, 100, 106, 99, 100, path="ohlc") == [
        (1, 105, "stop_loss"),
        (1, 105, "target"),
    ]
    filled = [row[1] for row in activity(pf) if row[0] == "filled"]
    assert filled == [2, 1]


@pytest.mark.parametrize("path", PATHS)
def test_a_bar_that_reaches_nothing_leaves_everything(make_oracle: Make, path: str) -> None:
    pf = make_oracle(path=path)
    pf.open_position("A", "long", 1, 100, 0, stop_loss=90, take_profit=110, targets=[(109, 1)])
    pf.place_order("A", "buy", 1, 0, price=95)
    pf.place_order("A", "buy", 1, 0, type="stop", price=108)
    assert bar(pf, 1, 101, 107, 96, 102) == []
    assert pf.equity == 10002
    assert len(pf.get_equity_curve()) == 1
    assert len(pf.get_orders()) == 5


def test_reach_includes_both_ends(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 1, 100, 0, stop_loss=95)
    pf.open_position("A", "short", 1, 100, 0, take_profit="95.5")
    assert bar(pf, 1, 100, 100, 95, 96, "0.5") == [
        (1, 95, "stop_loss"),
        (1, D("95.5"), "take_profit"),
    ]


def test_orders_fill_by_their_distance_from_the_open(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.place_order("A", "buy", 1, 0, price=97)
    pf.place_order("A", "sell", 1, 0, price=102)
    pf.place_order("A", "buy", 1, 0, price=98)
    bar(pf, 1, 100, 103, 96, 100)
    filled = [row[1] for row in activity(pf) if row[0] == "filled"]
    assert filled == [2, 3, 1]


# Quotes and several symbols


def test_quotes_are_bars_of_one_price(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 1, 100, 0, trailing=2)
    pf.place_order("A", "buy", 1, 0, type="stop", price=104, trailing=2)
    assert pf.process_quotes(1, {"A": (103, "103.5")}) == []
    assert pf.positions[1].stop_loss == 101
    assert pf.process_quotes(2, {"A": (105, "105.5")}) == []
    # 105.5 - 2 at the fill, 105 - 2 of the bid is not nearer.
    assert (pf.positions[1].stop_loss, pf.positions[2].stop_loss) == (103, D("103.5"))
    trades = pf.process_quotes(3, {"A": (103, 104)})
    assert fills(trades) == [(1, 103, "trailing_stop"), (1, 103, "trailing_stop")]
    assert len(pf.get_equity_curve()) == 3


def test_each_step_is_for_all_symbols(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 1, 100, 0, stop_loss=95)
    pf.open_position("B", "long", 1, 50, 0, stop_loss=45)
    pf.place_order("B", "buy", 1, 0, price=48, stop_loss=47)
    trades = pf.process_bar(1, {"B": (50, 51, 44, 46), "A": (94, 95, 93, 94)})
    # A's gap is at the open; B's stop is in step 1, its order in step 2.
    assert [(trade.symbol, trade.exit_price) for trade in trades] == [
        ("A", 94),
        ("B", 45),
        ("B", 47),
    ]
    assert len(pf.get_equity_curve()) == 1
    assert pf.process_bar(2, {}) == []
    assert len(pf.get_equity_curve()) == 2


def test_excursions_see_the_extremes_of_bars(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 1, 100, 0, stop_loss=80)
    pf.open_position("A", "long", 1, 100, 0, stop_loss=94)
    pf.process_bar(1, {"A": (100, 110, 93, 105)})
    trade = pf.close_position(1, 104, 2)
    assert (trade.mae, trade.mfe) == (-7, 10)
    # The one that was stopped did not see the high of its last bar.
    assert rows(pf.get_trades(), "mae", "mfe")[0] == (-6, 0)


def test_slippage_worsens_stops_and_market_orders(make_oracle: Make) -> None:
    pf = make_oracle(terms={"slippage": op.Slippage("points", "0.02")})
    pf.place_order("A", "buy", 1, 0, type="market", stop_loss=95, take_profit=105)
    pf.place_order("A", "buy", 1, 0, price=99, take_profit=105)
    trades = pf.process_bar(1, {"A": (100, 101, 99, 100)})
    assert [position.entry_price for position in pf.positions.values()] == [D("100.02"), 99]
    trades = pf.process_bar(2, {"A": (96, 97, 95, 96)})
    assert fills(trades) == [(1, D("94.98"), "stop_loss")]
    assert trades[0].slippage == D("0.04")
