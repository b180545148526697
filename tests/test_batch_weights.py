"""Target orders out of weights: the days of rebalancing, the order of rows, what is refused."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

import omega_portfolio as op
from matrix_accounts import CASH, FEE, SYMBOLS, account_of_weights, bars_of, days_of, walk_of

DAYS = [date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 5), date(2024, 3, 1)]
A = [0.5, 0.5, 0.1, 0.1, 0.6]
B = [0.5, 0.5, 0.9, 0.9, -0.2]
FRAME = pl.DataFrame({"time": DAYS, "A": A, "B": B})


def cells(orders):
    return orders.select("time", "symbol", "size").rows()


def test_every_row():
    orders = op.orders_from_weights(FRAME)
    assert orders.columns == ["time", "symbol", "size", "action", "size_rule"]
    assert set(orders["action"]) == {"target"}
    assert set(orders["size_rule"]) == {"equity"}
    assert cells(orders) == [
        (DAYS[0], "A", 0.5),
        (DAYS[0], "B", 0.5),
        (DAYS[1], "A", 0.5),
        (DAYS[1], "B", 0.5),
        (DAYS[2], "A", 0.1),
        (DAYS[2], "B", 0.9),
        (DAYS[3], "A", 0.1),
        (DAYS[3], "B", 0.9),
        # What falls comes first: B goes from 0.9 to 0.2 on the other side.
        (DAYS[4], "B", -0.2),
        (DAYS[4], "A", 0.6),
    ]


@pytest.mark.parametrize(
    ("rebalance", "places"),
    [
        ("1mo", [0, 2, 4]),
        ("change", [0, 2, 4]),
        ("1q", [0]),
        ("1w", [0, 3, 4]),
        ("1d", [0, 1, 2, 3, 4]),
    ],
)
def test_days_of_rebalancing(rebalance, places):
    expected = [DAYS[place] for place in places]
    orders = op.orders_from_weights(FRAME, rebalance=rebalance)
    assert orders["time"].unique().sort().to_list() == expected
    listed = FRAME.unpivot(index="time", variable_name="symbol", value_name="weight")
    assert op.orders_from_weights(listed, rebalance=rebalance).equals(orders)
    assert (
        op.orders_from_weights(listed.reverse(), rebalance=rebalance)
        .sort("time", "symbol")
        .equals(orders.sort("time", "symbol"))
    )
    # Rows in any order, a first run in front: each run has its own days.
    runs = pl.concat(
        [FRAME.tail(1).with_columns(run_id=pl.lit(4)), FRAME.with_columns(run_id=pl.lit(9))]
    )
    many = op.orders_from_weights(runs.reverse(), rebalance=rebalance)
    assert many.filter(pl.col("run_id") == 9).drop("run_id").equals(orders)
    assert many.filter(pl.col("run_id") == 4)["size"].to_list() == [-0.2, 0.6]


def test_the_smallest_growth_comes_first_in_a_new_run():
    runs = {4: FRAME.tail(1), 9: FRAME}
    orders = op.orders_from_weights(runs).filter(pl.col("run_id") == 4)
    assert orders["symbol"].to_list() == ["B", "A"]
    assert orders["run_id"].dtype == pl.UInt32


def test_arrays_and_frames_of_pandas():
    expected = op.orders_from_weights(FRAME)
    array = np.array([A, B]).T
    assert op.orders_from_weights(array, times=DAYS, symbols=["A", "B"]).equals(expected)
    index = pd.DatetimeIndex([datetime(day.year, day.month, day.day) for day in DAYS])
    frame = pd.DataFrame(array, index=index, columns=["A", "B"])
    assert op.orders_from_weights(frame)["size"].equals(expected["size"])
    one = op.orders_from_weights(array[:, 0], times=DAYS, rebalance="1mo", tag="t")
    assert one.columns == ["time", "size", "action", "size_rule", "tag"]
    assert one["size"].to_list() == [0.5, 0.1, 0.6]


def test_a_symbol_without_a_row_gets_no_order():
    listed = pl.DataFrame({"time": DAYS[:2], "symbol": ["A", "B"], "weight": [1, 2]})
    orders = op.orders_from_weights(listed, size_rule="units")
    assert cells(orders) == [(DAYS[0], "A", 1), (DAYS[1], "B", 2)]
    assert set(orders["size_rule"]) == {"units"}
    single = op.orders_from_weights(listed.drop("symbol"), rebalance="change")
    assert single["size"].to_list() == [1, 2]


def test_no_row_gives_no_order():
    assert op.orders_from_weights(FRAME.clear()).height == 0
    assert op.orders_from_weights(FRAME.clear(), rebalance="1mo").height == 0


@pytest.mark.parametrize(
    ("call", "error", "argument", "part"),
    [
        (
            lambda: op.orders_from_weights(FRAME, size_rule="risk"),
            *("InvalidArgument", "size_rule", "is no rule of a target"),
        ),
        (
            lambda: op.orders_from_weights(FRAME, rebalance="soon"),
            *("InvalidArgument", "rebalance", "is no period"),
        ),
        (
            lambda: op.orders_from_weights(FRAME, rebalance=3),
            *("InvalidArgument", "rebalance", "is no period"),
        ),
        (
            lambda: op.orders_from_weights(FRAME, rebalance="-1mo"),
            *("InvalidArgument", "rebalance", "is no period"),
        ),
        (lambda: op.orders_from_weights(FRAME, tag=1), "InvalidArgument", "tag", "is no text"),
        (
            lambda: op.orders_from_weights(FRAME.with_columns(A=pl.lit("x"))),
            *("InvalidFrame", "weights", "holds no numbers"),
        ),
        (
            lambda: op.orders_from_weights(FRAME.with_columns(A=pl.Series([None, *A[1:]]))),
            *("InvalidFrame", "weights", "row 0, column A: null"),
        ),
        (
            lambda: op.orders_from_weights(FRAME.with_columns(A=pl.lit(float("nan")))),
            *("InvalidFrame", "weights", "row 0, column A: nan"),
        ),
        (
            lambda: op.orders_from_weights(
                pl.DataFrame({"time": DAYS, "symbol": "A", "weight": A, "close": A})
            ),
            *("InvalidFrame", "weights", "column close"),
        ),
        (
            lambda: op.orders_from_weights(
                pl.DataFrame({"time": DAYS[:1] * 2, "symbol": "A", "weight": [1, 2]})
            ),
            *("InvalidFrame", "weights", "is there twice"),
        ),
        (
            lambda: op.orders_from_weights({0: FRAME.with_columns(run_id=pl.lit(1))}),
            *("InvalidFrame", "weights", "column run_id"),
        ),
        (lambda: op.orders_from_weights({}), "InvalidArgument", "weights", "has no run"),
    ],
)
def test_what_is_wrong_is_named(call, error, argument, part):
    with pytest.raises(getattr(op, error)) as caught:
        call()
    assert caught.value.argument == argument
    assert part in str(caught.value)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("rebalance", ["every", "1w"])
def test_the_account_is_that_of_a_matrix_engine(backend, rebalance, seed):
    """Random weights, long and short: the same equity as a loop of floats, every day."""
    closes = walk_of(60, seed)
    weights = np.round(np.random.default_rng(seed).uniform(-0.3, 0.5, closes.shape), 3)
    times = days_of(60)
    orders = op.orders_from_weights(weights, times=times, symbols=SYMBOLS, rebalance=rebalance)
    costs = op.Costs(commission=op.Commission("rate", str(FEE)))
    result = op.run_batch(
        bars_of(closes, closes),
        orders,
        fill="close",
        mode="netting",
        leverage=5,
        costs=costs,
        initial_balance=CASH,
        backend=backend,
    )
    chosen = np.array([rebalance == "every" or day.weekday() == 0 for day in times])
    expected = account_of_weights(closes, weights, chosen)
    assert np.abs(result.equity["equity"].to_numpy() - expected).max() < 1e-6
    assert result.rejected.is_empty()
    assert orders.height == chosen.sum() * 3
