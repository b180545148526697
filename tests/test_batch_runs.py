"""Batch runs (SPEC section 20) worked out by hand: what is refused, overridden and kept."""

from __future__ import annotations

import polars as pl
import pytest

import omega_portfolio as op
from batches import (
    DAY,
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

# R9: what is refused.


def test_want_of_margin_is_rejected_at_the_fill(backend: str) -> None:
    orders = orders_of(opened(10, 2000), opened(11, 1), opened(25, -1))
    tables = run_all(make_batch(backend, RISING, orders))
    assert rejected_of(tables) == [
        (0, 0, 20, "InsufficientMargin", "size"),
        (0, 2, 25, "InvalidPositionSize", "size"),
    ]
    frame = tables.rejected.to_polars()
    assert frame["code"].to_list() == [4002, 4003]
    assert frame["symbol"].to_list() == ["ACME", "ACME"]
    assert frame["action"].to_list() == ["open", "open"]


def test_a_bar_that_is_refused_ends_the_run_alone(backend: str) -> None:
    bars = bars_of((10, 100), (20, 110.5), (30, 120), (40, 130))
    grid = op.Instrument("ACME", price_decimals=0)
    orders = orders_of(opened(5), opened(10), opened(20))
    tables = run_all(make_batch(backend, bars, orders, instruments=[grid]))
    assert rejected_of(tables) == [
        (0, 0, 5, "InvalidTime", "time"),
        (0, None, 20, "InvalidPrice", "open"),
    ]
    assert tables.rejected.to_polars().select("symbol", "action").rows()[1] == ("", "")
    assert (len(tables.equity), len(tables.trades), len(tables.metrics)) == (0, 0, 0)
    final = tables.final.to_polars()
    assert final.select("status", "event_count", "order_count").rows() == [("failed", 3, 1)]


def test_the_first_refusal_is_raised(backend: str) -> None:
    orders = orders_of(
        opened(10, 2000, run_id=1), opened(10, -1, run_id=2), opened(10, 1, run_id=1)
    )
    batch = make_batch(backend, RISING, orders)
    with pytest.raises(op.InvalidPositionSize) as caught:
        run_all(batch, on_error="raise")
    assert caught.value.argument == "size"
    assert caught.value.value == "run 2, row 1: -1"
    assert batch.run(0, 1, on_error="raise").done == 1


def test_a_failed_run_is_raised(backend: str) -> None:
    bars = bars_of((10, 100), (20, 110.5))
    grid = op.Instrument("ACME", price_decimals=0)
    batch = make_batch(backend, bars, orders_of(opened(10)), instruments=[grid])
    with pytest.raises(op.InvalidPrice) as caught:
        run_all(batch, on_error="raise")
    assert (caught.value.argument, caught.value.value) == ("open", "run 0: 110.5")


def test_a_modify_of_several_positions_keeps_what_it_did(backend: str) -> None:
    orders = orders_of(
        opened(10), opened(10, side="short"), opened(10), row(25, "modify", stop_loss=90)
    )
    batch = make_batch(backend, RISING, orders)
    assert [found[1:] for found in rejected_of(run_all(batch))] == [
        (3, 25, "InvalidStopLoss", "stop_loss")
    ]
    found = batch.portfolio(0).get_positions().to_polars()
    assert found["stop_loss"].to_list() == [90.0, 0.0, 0.0]


# R3 and R4: runs and what they override.


def test_a_run_for_each_number_in_the_orders(backend: str) -> None:
    orders = orders_of(opened(15, 2, run_id=7), opened(15, 1, run_id=3), opened(15, run_id=7))
    batch = make_batch(backend, RISING, orders)
    assert batch.run_ids == [3, 7]
    assert run_all(batch).final.to_polars().select("run_id", "open_count").rows() == [
        (3, 1),
        (7, 2),
    ]


def test_params_replace_cells_and_settings(backend: str) -> None:
    orders = orders_of(opened(15, 1, stop_loss=50, take_profit_rate=0.5))
    params = pl.DataFrame(
        {
            "run_id": [5, 4, 9],
            "size": [2, None, None],
            "side": [None, "sell", None],
            "stop_loss_distance": [None, 3.0, 0.5],
            "take_profit": [None, None, 0.0],
            "initial_balance": [None, 500, None],
            "note": ["a", "b", "c"],
        }
    )
    batch = make_batch(backend, RISING, orders, params, labels=["note"])
    assert batch.run_ids == [5, 4, 9]
    columns = ["side", "size", "stop_loss", "take_profit"]
    found = [batch.portfolio(place).get_positions().to_polars() for place in range(3)]
    assert found[0].select(columns).rows() == [("long", 2.0, 50.0, 165.0)]
    assert found[2].select(columns).rows() == [("long", 1.0, 109.5, 0.0)]
    # Rising bars stop the short of run 4: 500 - 10.
    assert run_all(batch).final.to_polars()["balance"].to_list() == [100_000.0, 490.0, 100_000.0]


def test_costs_take_the_place_of_the_instruments(backend: str) -> None:
    own = op.Instrument("ACME", commission=op.Commission("per_trade", 100))
    bars = together(RISING, bars_of((10, 50), (20, 51), (30, 52), symbol="B"))
    orders = orders_of(opened(15, symbol="ACME"), opened(15, symbol="B"))
    params = pl.DataFrame({"commission_per_lot": [None, 3], "slippage_points": [None, 2]})
    given = {"instruments": [own], "leverage": 10}
    tables = run_all(make_batch(backend, bars, orders, params, **given))
    # Run 1 pays 3 for each and buys 2 points higher.
    assert tables.final.to_polars()["balance"].to_list() == [99_900.0, 99_994.0]
    assert curve_of(tables)[-1] == 99_994.0 + (130 - 112) + (52 - 53)
    costs = {"commission": op.Commission("per_trade", 7)}
    tables = run_all(make_batch(backend, bars, orders, params, **given, **costs))
    assert tables.final.to_polars()["balance"].to_list() == [99_986.0, 99_994.0]
    assert tables.final.to_polars()["event_count"].to_list() == [8, 8]


def test_fill_and_path_of_a_run(backend: str) -> None:
    bars = bars_of((10, 100), (20, 100, 120, 80, 110), (30, 100, 120, 80, 110))
    orders = orders_of(opened(20, stop_loss=85, take_profit=115))
    params = pl.DataFrame(
        {
            "path": ["pessimistic", "optimistic", None],
            "fill": [None, None, "close"],
        }
    )
    tables = run_all(make_batch(backend, bars, orders, params))
    assert trades_of(tables, "run_id", "entry_price", "reason") == [
        (0, 100.0, "stop_loss"),
        (1, 100.0, "take_profit"),
        (2, 110.0, "stop_loss"),
    ]


# R10 and R11: what is kept.


def test_days_and_columns(backend: str) -> None:
    bars = bars_of((1, 100), (DAY - 1, 110), (DAY, 120), (3 * DAY + 5, 130))
    batch = make_batch(backend, bars, orders_of(opened(1)))
    whole = run_all(batch, equity_columns="all").equity.to_polars()
    assert whole.columns == [
        *("run_id", "time", "equity", "balance", "unrealized_pnl", "margin_used"),
        *("gross_exposure", "net_exposure"),
    ]
    assert whole["run_id"].dtype == pl.UInt32
    daily = run_all(batch, record="1d").equity.to_polars()
    assert daily["time"].to_physical().to_list() == [DAY - 1, DAY, 3 * DAY + 5]
    assert daily["equity"].to_list() == whole["equity"].to_list()[1:]
    none = run_all(batch, record="none", trades=False, metrics=False)
    assert (len(none.equity), len(none.trades), len(none.metrics)) == (0, 0, 0)
    assert none.equity.columns == ["run_id", "time", "equity"]
    # The metrics are those of the whole curve.
    found = [run_all(batch, record=record).metrics.to_polars() for record in ("bar", "none")]
    assert found[0].equals(found[1])
    assert found[0]["period_count"].to_list() == [4]


def test_exact_tables(backend: str) -> None:
    tables = run_all(make_batch(backend, RISING, orders_of(opened(15))), exact=True)
    assert tables.equity.to_polars()["equity"].dtype == pl.Decimal(38, 18)
    assert tables.final.to_polars()["margin_level"].dtype == pl.Decimal(38, 18)
    assert tables.metrics.to_polars()["net_profit"].dtype == pl.Decimal(38, 18)


def test_a_run_is_the_account_that_gets_its_events(backend: str) -> None:
    bars = bars_of((10, 100, 104, 98, 101), (20, 102, 108, 101, 107), (30, 107, 109, 96, 99))
    orders = orders_of(
        opened(10, 3, stop_loss_distance=4, tag="x"),
        opened(12, 1, side="short", type="limit", price=108, take_profit_rate=0.05),
        row(25, "modify", side="long", trailing=6),
        row(25, "cancel", side="short"),
    )
    batch = make_batch(backend, bars, orders, instruments=[GRID])
    by_hand = op.Portfolio(100_000, backend=backend)
    by_hand.register_instrument(GRID)
    by_hand.process_bar(10, {"ACME": (100, 104, 98, 101)})
    by_hand.place_order("ACME", "long", 3, 10, type="market", stop_loss=98, tag="x")
    by_hand.place_order("ACME", "short", 1, 12, type="limit", price=108, take_profit=102.6)
    by_hand.process_bar(20, {"ACME": (102, 108, 101, 107)})
    by_hand.modify_position(1, 25, trailing=6)
    by_hand.process_bar(30, {"ACME": (107, 109, 96, 99)})
    assert batch.portfolio(0).digest == by_hand.digest
    tables = run_all(batch, digest=True)
    assert tables.final.to_polars()["digest"].to_list() == [by_hand.digest]
    found = tables.trades.to_polars().drop("run_id")
    assert found.equals(pl.DataFrame(by_hand.get_trades()))
    metrics = tables.metrics.to_polars().row(0, named=True)
    assert metrics["net_profit"] == float(by_hand.calculate_metrics().net_profit)


def test_a_run_does_not_depend_on_the_others(backend: str) -> None:
    rows = [opened(15, size, run_id=size) for size in (1, 2, 3)]
    batch = make_batch(backend, RISING, orders_of(*rows))
    whole, one = run_all(batch, digest=True), batch.run(1, 1, digest=True)
    for name in ("equity", "trades", "metrics", "final", "rejected"):
        frame = getattr(whole, name).to_polars().filter(pl.col("run_id") == 2)
        assert frame.equals(getattr(one, name).to_polars()), name
    assert (one.done, one.complete) == (1, True)


def test_nothing_to_run(backend: str) -> None:
    empty = orders_of(opened(15)).clear()
    batch = make_batch(backend, RISING, empty)
    assert batch.run_ids == [0]
    assert curve_of(run_all(batch)) == [100_000.0] * 4
    none = make_batch(backend, RISING, empty.with_columns(run_id=pl.lit(0, pl.UInt32)))
    assert none.run_ids == []
    assert len(run_all(none).final) == 0


class Token:
    cancelled = True


def test_cancel_and_progress(backend: str) -> None:
    rows = [opened(15, size, run_id=size) for size in (1, 2, 3)]
    batch = make_batch(backend, RISING, orders_of(*rows))
    tables = batch.run(0, 3, cancel=Token())
    assert (tables.done, tables.complete) == (0, False)
    seen: list[int] = []
    run_all(batch, progress=seen.append)
    assert seen[-1] == 3
