"""Batch runs (SPEC section 20) worked out by hand, on both backends."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from batches import (
    GRID,
    RISING,
    bars_of,
    curve_of,
    make_batch,
    opened,
    orders_of,
    rejected_of,
    row,
    run_all,
    together,
    trades_of,
)

# R5: when a row is carried out.


def test_a_row_between_bars_is_filled_at_the_next_open(backend: str) -> None:
    batch = make_batch(backend, RISING, orders_of(opened(15), row(35, "close")))
    tables = run_all(batch)
    assert batch.moments == 4
    assert batch.run_ids == [0]
    columns = ("entry_time", "entry_price", "exit_time", "exit_price", "net_pnl", "reason")
    assert trades_of(tables, *columns) == [(20, 110.0, 40, 130.0, 20.0, "time_exit")]
    assert curve_of(tables) == [100_000.0, 100_000.0, 100_010.0, 100_020.0]


def test_a_row_at_the_time_of_a_bar_comes_after_it(backend: str) -> None:
    tables = run_all(make_batch(backend, RISING, orders_of(opened(20), row(30, "close"))))
    assert trades_of(tables, "entry_time", "exit_time") == [(30, 40)]


def test_at_the_close_a_row_is_filled_at_the_close_of_its_bar(backend: str) -> None:
    bars = bars_of((10, 100, 105, 95, 102), (20, 103, 108, 101, 106), (30, 107, 109, 104, 105))
    orders = orders_of(opened(10), row(30, "close"))
    tables = run_all(make_batch(backend, bars, orders, fill="close"))
    columns = ("entry_time", "entry_price", "exit_time", "exit_price")
    assert trades_of(tables, *columns) == [(10, 102.0, 30, 105.0)]
    # The row of a moment is the last one: that of the quotes.
    assert curve_of(tables) == [100_000.0, 100_004.0, 100_003.0]


def test_at_the_close_a_row_between_bars_waits_for_the_next_close(backend: str) -> None:
    tables = run_all(
        make_batch(backend, RISING, orders_of(opened(11), row(21, "close")), fill="close")
    )
    assert trades_of(tables, "entry_price", "exit_price") == [(110.0, 120.0)]


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("next_open", [(0, 1, 9), (0, 0, 40), (0, 2, 41)]),
        ("close", [(0, 1, 9), (0, 2, 41)]),
    ],
)
def test_rows_that_no_bar_can_fill_are_rejected(
    backend: str, fill: str, expected: list[tuple[int, int, int]]
) -> None:
    orders = orders_of(opened(40), opened(9), row(41, "cancel"))
    found = rejected_of(run_all(make_batch(backend, RISING, orders, fill=fill)))
    assert found == [(*place, "InvalidTime", "time") for place in expected]


def test_the_bars_of_the_own_symbol_count(backend: str) -> None:
    bars = together(RISING, bars_of((20, 50), (30, 51), symbol="B"))
    rows = [opened(time, symbol="B") for time in (10, 20, 30)]
    tables = run_all(make_batch(backend, bars, orders_of(*rows)))
    assert rejected_of(tables) == [
        (0, 0, 10, "InvalidTime", "time"),
        (0, 2, 30, "InvalidTime", "time"),
    ]
    assert run_open(tables) == 1


def run_open(tables: Any) -> int:
    return int(tables.final.to_polars()["open_count"][0])


def test_rows_of_one_time_are_taken_by_row_whatever_their_place(backend: str) -> None:
    orders = orders_of(
        row(25, "close", tag="late"), opened(15, tag="late"), opened(15, 2, tag="early")
    )
    tables = run_all(make_batch(backend, RISING, orders))
    assert trades_of(tables, "position_id", "size", "tag") == [(1, 1.0, "late")]


def test_only_symbols_of_rows_that_wait_are_quoted_at_the_close(backend: str) -> None:
    bars = together(RISING, bars_of((10, 50), (20, 51), (30, 52), (40, 53), symbol="B"))
    orders = orders_of(
        opened(20, symbol="B"),
        opened(20, symbol="ACME", type="limit", price=90),
        row(20, "cancel", symbol="ACME", tag="none"),
    )
    batch = make_batch(backend, bars, orders, fill="close")
    events = batch.portfolio(0).get_events().to_polars()
    quotes = events.filter(pl.col("action") == "quotes")
    assert quotes["symbol"].to_list() == ["B"]


# R6: levels.


def test_distances_and_rates_are_reckoned_from_the_fill(backend: str) -> None:
    bars = bars_of((10, 100, 100, 100, 100, 0), (20, 100.25, 101, 99.5, 100.5, 0.5), (30, 100))
    orders = orders_of(
        opened(15, side="long", stop_loss_distance=2, take_profit_distance=3),
        opened(15, side="short", stop_loss_rate=0.02, take_profit_rate=0.03),
    )
    batch = make_batch(backend, bars, orders, instruments=[GRID])
    found = batch.portfolio(0).get_positions().to_polars()
    # A buy pays 100.75; of 100.25, 2 and 3 percent are 2.005 and 3.0075, to the even cent 2.00.
    columns = ["entry_price", "stop_loss", "take_profit"]
    assert found.select(columns).rows() == [(100.75, 98.75, 103.75), (100.25, 102.25, 97.24)]


def test_a_limit_order_is_its_own_anchor(backend: str) -> None:
    orders = orders_of(opened(15, type="limit", price=95, stop_loss_distance=5, trailing_rate=0.1))
    table = make_batch(backend, RISING, orders).portfolio(0).get_orders().to_polars()
    assert table.select("kind", "price").rows() == [("limit", 95.0)]
    events = make_batch(backend, RISING, orders).portfolio(0).get_events().to_polars()
    placed = events.filter(pl.col("action") == "order")
    assert placed.select("stop_loss", "trailing").cast(pl.Float64).rows() == [(90.0, 9.5)]


def test_a_modify_is_reckoned_from_the_mark_of_each_position(backend: str) -> None:
    bars = bars_of((10, 100, 100, 100, 100, 0.5), (20, 100, 100, 100, 100, 0.5), (30, 100))
    orders = orders_of(
        opened(10),
        opened(10, side="short"),
        row(25, "modify", stop_loss_distance=10, take_profit_rate=0.2),
    )
    found = make_batch(backend, bars, orders, fill="next_open").portfolio(0).get_positions()
    columns = ["side", "stop_loss", "take_profit"]
    assert found.to_polars().select(columns).rows() == [
        ("long", 90.0, 120.0),
        ("short", 110.5, 80.4),
    ]


def test_a_modify_leaves_and_removes_levels(backend: str) -> None:
    orders = orders_of(
        opened(10, stop_loss=90, take_profit=200, tag="a"),
        opened(10, stop_loss=90, take_profit=200, tag="b"),
        row(25, "modify", tag="a", stop_loss=0),
        row(25, "modify", tag="b", take_profit=0, trailing=30),
    )
    found = make_batch(backend, RISING, orders).portfolio(0).get_positions().to_polars()
    assert found.select("stop_loss", "take_profit").rows() == [(0.0, 200.0), (100.0, 0.0)]


def test_what_stands_twice_is_rejected_when_it_is_carried_out(backend: str) -> None:
    orders = orders_of(
        opened(10, stop_loss=90, stop_loss_distance=3),
        opened(10, stop_loss=0, stop_loss_distance=3),
        opened(10, take_profit_distance=3, take_profit_rate=0.1),
        opened(10, trailing=3, trailing_rate=0.1),
        opened(10, break_even_offset=1),
        opened(10, type="stop"),
        row(10, "modify", stop_loss=0, stop_loss_rate=0.1),
    )
    tables = run_all(make_batch(backend, RISING, orders))
    assert [found[1:] for found in rejected_of(tables)] == [
        (0, 10, "InvalidArgument", "stop_loss_distance"),
        (2, 10, "InvalidArgument", "take_profit_rate"),
        (3, 10, "InvalidArgument", "trailing_rate"),
        (4, 10, "InvalidArgument", "break_even_offset"),
        (5, 10, "InvalidArgument", "price"),
        (6, 10, "InvalidArgument", "stop_loss_rate"),
    ]


# R7: sizes.


@pytest.mark.parametrize(
    ("rule", "size", "cells", "expected"),
    [
        ("units", 1.5, {}, 1.5),
        # 1,000 / 110 = 9.0909...
        ("value", 1000, {}, 9.09),
        # 100,000 * 0.1 / 110 = 90.909...
        ("equity", 0.1, {}, 90.90),
        # 100,000 * 0.01 / 3 = 333.33...
        ("risk", 0.01, {"stop_loss_distance": 3}, 333.33),
        ("risk", 0.01, {"stop_loss": 103}, 142.85),
        # 10 % of 110 is 11.
        ("risk", 0.01, {"stop_loss_rate": 0.1}, 90.90),
    ],
)
def test_sizes_are_rounded_down_to_the_lot(
    backend: str, rule: str, size: float, cells: dict[str, Any], expected: float
) -> None:
    orders = orders_of(opened(15, size, size_rule=rule, **cells))
    batch = make_batch(backend, RISING, orders, instruments=[GRID])
    assert batch.portfolio(0).get_positions().to_polars()["size"].to_list() == [expected]


def test_contract_and_rate_count(backend: str) -> None:
    pair = op.Instrument(
        "USDJPY",
        price_decimals=3,
        size_decimals=2,
        contract_size=100_000,
        quote_currency="JPY",
        base_currency="USD",
    )
    bars = bars_of((10, 125), (20, 150), (30, 150), symbol="USDJPY")
    orders = orders_of(opened(15, 10000, side="sell", size_rule="value"))
    batch = make_batch(backend, bars, orders, instruments=[pair], leverage=30)
    # A lot at 150 is 15,000,000 yen, at the rate of the moment, 1 / 125, 120,000 dollars: 0.083.
    assert batch.portfolio(0).get_positions().to_polars()["size"].to_list() == [0.08]


def test_sizes_that_are_none_are_rejected(backend: str) -> None:
    inverse = op.Instrument(
        "INV", price_decimals=1, base_currency="BTC", quote_currency="USD", inverse=True
    )
    foreign = op.Instrument("SAP", quote_currency="EUR")
    bars = together(
        RISING, bars_of((10, 5), (20, 5), symbol="INV"), bars_of((10, 5), (20, 5), symbol="SAP")
    )
    orders = orders_of(
        opened(15, 1, symbol="ACME", size_rule="risk"),
        opened(15, 1, symbol="INV", size_rule="value"),
        opened(15, 1, symbol="SAP", size_rule="value"),
        opened(15, 0.000000001, symbol="ACME", size_rule="value"),
        opened(15, 1, symbol="ACME", size_rule="value", type="limit", price=-1),
        opened(15, 1, symbol="ACME", size_rule="risk", stop_loss_distance=0),
    )
    tables = run_all(make_batch(backend, bars, orders, instruments=[inverse, foreign]))
    assert [found[1::2] for found in rejected_of(tables)] == [
        (0, "InvalidArgument"),
        (1, "InvalidArgument"),
        (2, "MissingRate"),
        (3, "InvalidPositionSize"),
        (4, "InvalidPrice"),
        (5, "InvalidArgument"),
    ]
    arguments = tables.rejected.to_polars()["argument"].to_list()
    assert arguments == ["size_rule", "size_rule", "symbol", "size", "price", "size_rule"]


# R8: what each action does.


def test_if_flat_is_nothing_while_something_is_held_or_waits(backend: str) -> None:
    orders = orders_of(
        opened(11, if_flat=True),
        opened(12, if_flat=True),
        opened(22, if_flat=True),
        row(31, "close"),
        opened(31, if_flat=True, tag="again"),
    )
    tables = run_all(make_batch(backend, RISING, orders), digest=True)
    final = tables.final.to_polars()
    assert final.select("trade_count", "open_count").rows() == [(1, 1)]
    assert len(tables.rejected) == 0


def test_close_takes_what_has_its_side_and_tag(backend: str) -> None:
    orders = orders_of(
        opened(10, tag="a"),
        opened(10, tag="b"),
        opened(10, side="short", tag="a"),
        row(20, "close", side="short"),
        row(30, "close", tag="a"),
        row(30, "close", tag="unknown"),
    )
    tables = run_all(make_batch(backend, RISING, orders))
    assert trades_of(tables, "position_id", "exit_time") == [(3, 30), (1, 40)]


def test_close_with_a_size(backend: str) -> None:
    orders = orders_of(opened(10, 5), row(20, "close", size=2, tag=""), row(30, "close", size=9))
    tables = run_all(make_batch(backend, RISING, orders, mode="netting"))
    assert trades_of(tables, "size", "exit_time", "reason") == [
        (2.0, 30, "reduce"),
        (3.0, 40, "reduce"),
    ]
    tables = run_all(make_batch(backend, RISING, orders, mode="hedging"))
    assert [found[1:] for found in rejected_of(tables)] == [
        (1, 20, "InvalidArgument", "size"),
        (2, 30, "InvalidArgument", "size"),
    ]


def test_cancel_takes_what_has_its_side_and_tag(backend: str) -> None:
    limit = {"type": "limit", "price": 50}
    orders = orders_of(
        opened(10, tag="a", **limit),
        opened(10, tag="b", **limit),
        opened(10, side="short", tag="a", type="limit", price=500),
        row(20, "cancel", tag="a", side="long"),
    )
    found = make_batch(backend, RISING, orders).portfolio(0).get_orders().to_polars()
    assert found["order_id"].to_list() == [2, 3]


def test_targets(backend: str) -> None:
    orders = orders_of(
        row(10, "target", size=3),
        row(20, "target", size=-2),
        row(30, "target", size=-2),
        row(35, "target", size=0),
    )
    tables = run_all(make_batch(backend, RISING, orders, mode="netting"))
    columns = ("side", "size", "exit_time", "reason")
    assert trades_of(tables, *columns) == [
        ("long", 3.0, 30, "flip"),
        ("short", 2.0, 40, "reduce"),
    ]
    tables = run_all(make_batch(backend, RISING, orders))
    assert {found[3:] for found in rejected_of(tables)} == {("InvalidArgument", "action")}


def test_a_target_by_rule_has_the_sign_of_its_size(backend: str) -> None:
    orders = orders_of(row(15, "target", size=-0.1, size_rule="equity"))
    batch = make_batch(backend, RISING, orders, mode="netting", instruments=[GRID])
    found = batch.portfolio(0).get_positions().to_polars()
    assert found.select("side", "size").rows() == [("short", 90.90)]
