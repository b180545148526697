"""A run is the same whether it goes from fill to fill or, for its digest, bar by bar."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import omega_portfolio as op

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def bars_of(*prices: tuple[str, str, str, str]) -> pl.DataFrame:
    """Bars of a minute each: open, high, low, close."""
    names = ("open", "high", "low", "close")
    columns = {
        name: pl.Series([Decimal(bar[place]) for bar in prices], dtype=pl.Decimal(38, 9))
        for place, name in enumerate(names)
    }
    return pl.DataFrame({"time": [60 * place for place in range(len(prices))], **columns})


def orders_of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)


def both_ways(bars: pl.DataFrame, orders: pl.DataFrame, **settings: Any) -> pl.DataFrame:
    """The trades; the same for a batch that asks the ledger for each run's digest."""
    settings = {"instruments": [op.Instrument("A")], "backend": "rust", **settings}
    quick = op.run_batch(bars, orders, **settings)
    slow = op.run_batch(bars, orders, digest=True, **settings)
    for name in ("equity", "trades", "metrics", "rejected"):
        assert_frame_equal(getattr(quick, name), getattr(slow, name), check_exact=True)
    states = (result.final.drop("digest") for result in (quick, slow))
    assert_frame_equal(*states, check_exact=True)
    return quick.trades


@pytest.mark.parametrize("level", ["9100000.123456789", "9418462.606632445", "70.25"])
@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_a_level_far_above_all_bars_is_the_nearest_double(level: str, fill: str) -> None:
    price = ("1.123456789", "1.223456789", "1.023456789", "1.113456789")
    rows = [
        {"time": 0, "action": "open", "side": "long", "size": 1, "take_profit": Decimal(level)},
        {"time": 60, "action": "close"},
    ]
    trades = both_ways(bars_of(*[price] * 4), orders_of(rows), fill=fill)
    assert trades["take_profit"].to_list() == [float(level)]


def test_lows_of_more_digits_than_highs_on_the_way_to_targets() -> None:
    bars = bars_of(("4", "4", "4", "4"), ("5", "5", "4.123456789", "5"), ("5", "5", "5", "5"))
    rows = [{"time": 0, "action": "target", "size": size} for size in (2.0, -1.0)]
    params = pl.DataFrame({"initial_balance": [100, 100, 100]})
    trades = both_ways(bars, orders_of(rows), params=params, mode="netting")
    assert trades["mae"].to_list() == [0.0] * len(trades)
    assert trades["run_id"].n_unique() == 3


@pytest.mark.parametrize("runs", [1, 15, 16, 17, 300])
def test_any_number_of_runs_and_threads_makes_the_same_batches(runs: int) -> None:
    bars = bars_of(*[("1", "2", "1", "2"), ("2", "2", "1", "1")] * 40)
    rows = [
        {"time": 60 * place, "action": action, "side": side, "size": 1.0 if side else None}
        for place, (action, side) in enumerate([("open", "long"), ("close", None)] * 30)
    ]
    params = pl.DataFrame({"size": [place + 1.0 for place in range(runs)]})
    settings: dict[str, Any] = {"instruments": [op.Instrument("A")], "backend": "rust"}
    one, two = (
        op.run_batch(bars, orders_of(rows), params, threads=threads, **settings)
        for threads in (1, 2)
    )
    for name in ("equity", "trades", "metrics", "final"):
        left, right = getattr(one, name), getattr(two, name)
        assert_frame_equal(left, right, check_exact=True)
        assert left.n_chunks() == right.n_chunks()
