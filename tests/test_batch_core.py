"""The compiled batch by itself: its tables, its threads, and the portfolios of its runs.

What the runs compute is held against the Python backend elsewhere.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from batch_frames import MINUTE, SETTINGS, TABLES, bars, orders, pictures
from omega_portfolio.bench.addresses import column_addresses, frame_addresses, same_memory

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")
pytestmark = pytest.mark.skipif("rust" not in BACKENDS, reason="the run is narrowed to python")

if "rust" in BACKENDS:
    from omega_portfolio._core import Batch

MOMENTS = 300
RUNS = 7


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Seven runs over two symbols."""
    symbols = ("ACME", "BOND")
    return Batch(bars(MOMENTS, symbols), orders(MOMENTS, RUNS, symbols), **SETTINGS)


def test_what_a_batch_says_of_itself(batch: Batch) -> None:
    assert len(batch) == RUNS
    assert batch.run_ids == list(range(RUNS))
    assert batch.moments == MOMENTS
    assert repr(batch) == f"Batch({RUNS} runs, {MOMENTS} moments)"
    tables = batch.run(0, RUNS)
    assert (len(tables), tables.done, tables.complete) == (RUNS, RUNS, True)
    assert repr(tables) == f"BatchTables({RUNS} of {RUNS} runs)"
    assert len(tables.metrics) == len(tables.final) == RUNS
    assert len(tables.equity) == RUNS * MOMENTS
    for name in TABLES:
        frame = getattr(tables, name).to_polars()
        assert frame.columns[0] == "run_id"
        assert frame["run_id"].dtype == pl.UInt32
        assert frame["run_id"].is_sorted()


def test_bytes_do_not_depend_on_threads(batch: Batch) -> None:
    kept: dict[str, Any] = {"equity_columns": "all", "exact": True, "digest": True}
    first = pictures(batch.run(0, RUNS, threads=1, **kept))
    for threads in (2, 5):
        assert pictures(batch.run(0, RUNS, threads=threads, **kept)) == first


def test_a_part_is_the_same_as_in_the_whole(batch: Batch) -> None:
    whole = batch.run(0, RUNS, digest=True)
    part = batch.run(2, 3, digest=True)
    assert part.done == 3
    for name in TABLES:
        mine = pl.col("run_id").is_between(2, 4)
        assert getattr(part, name).to_polars().equals(getattr(whole, name).to_polars().filter(mine))
    nothing = batch.run(RUNS, 0)
    assert (nothing.done, nothing.complete, len(nothing.equity)) == (0, True, 0)
    assert nothing.equity.columns == whole.equity.columns


def test_only_what_is_asked_for_is_kept(batch: Batch) -> None:
    less = batch.run(0, RUNS, record="none", trades=False, metrics=False)
    assert [len(getattr(less, name)) for name in ("equity", "trades", "metrics")] == [0, 0, 0]
    assert len(less.final) == RUNS
    days = batch.run(0, RUNS, record="1d").equity.to_polars()
    assert len(days) == RUNS
    more = batch.run(0, 1, equity_columns="all", exact=True).equity.to_polars()
    assert "margin_used" in more.columns
    assert more["equity"].dtype == pl.Decimal(38, 18)


@pytest.mark.parametrize("name", TABLES)
def test_tables_share_their_memory(batch: Batch, name: str) -> None:
    table = getattr(batch.run(0, RUNS), name)
    first, second = pa.table(table), pa.table(table)
    assert addresses(first) == addresses(second)
    if name in {"equity", "trades"}:
        # Polars keeps the memory of numbers and texts; a bitmap of nulls it may count anew.
        for here, there in zip(
            column_addresses(table), frame_addresses(table.to_polars()), strict=True
        ):
            assert same_memory(here, there), here.name
    again = batch.run(0, RUNS)
    assert addresses(pa.table(getattr(again, name))) != addresses(first) or len(first) == 0
    assert pa.table(table).equals(first)


def addresses(table: pa.Table) -> list[int]:
    """Where every buffer of a table lies."""
    chunks = (chunk for column in table.columns for chunk in column.chunks)
    return [buffer.address for chunk in chunks for buffer in chunk.buffers() if buffer is not None]


def test_a_portfolio_is_that_of_the_calls(batch: Batch) -> None:
    digests = batch.run(0, RUNS, digest=True).final.to_polars()["digest"].to_list()
    for place in (0, 3, RUNS - 1):
        portfolio = batch.portfolio(place)
        assert isinstance(portfolio, op.Portfolio)
        assert portfolio.backend == "rust"
        portfolio.verify()
        assert portfolio.digest == digests[place]
    assert len(set(digests)) == RUNS


def test_a_portfolio_lives_on() -> None:
    rows = pl.DataFrame(
        {
            "time": [MINUTE, 3 * MINUTE],
            "action": ["open", "close"],
            "side": ["long", None],
            "size": [2, None],
        }
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    history = bars(5)
    acme = op.Instrument("ACME", price_decimals=2, size_decimals=0)
    batch = Batch(history, rows, instruments=[acme], **SETTINGS, currency="EUR", floats="strict")
    portfolio = batch.portfolio(0)
    by_hand = op.Portfolio(**SETTINGS, currency="EUR", backend="rust")
    by_hand.register_instrument(acme)
    for bar in history.iter_rows(named=True):
        time = bar.pop("time")
        symbol = bar.pop("symbol")
        by_hand.process_bar(time, {symbol: bar})
        if time == rows["time"][0]:
            by_hand.place_order("ACME", "long", 2, time, type="market")
        if time == rows["time"][1]:
            for position_id in list(by_hand.positions):
                by_hand.modify_position(position_id, time, exit_time=time)
    assert portfolio.digest == by_hand.digest
    assert portfolio.currency == "EUR"
    for one in (portfolio, by_hand):
        one.deposit(5, 10 * MINUTE)
    assert portfolio.digest == by_hand.digest
    assert portfolio.get_events().to_ipc() == by_hand.get_events().to_ipc()
    with pytest.raises(op.InvalidNumber):
        portfolio.deposit(0.1234567890123456789 / 1e9, 11 * MINUTE)
    assert batch.portfolio(0).digest != portfolio.digest


def test_the_first_rejected_row_is_raised() -> None:
    rows = orders(40, 3).with_columns(
        size=pl.when(pl.col("run_id") == 1).then(0).otherwise(pl.col("size"))
    )
    batch = Batch(bars(40), rows, **SETTINGS)
    recorded = batch.run(0, 3).rejected.to_polars()
    assert recorded["run_id"].unique().to_list() == [1]
    for threads in (1, 2, 5):
        with pytest.raises(op.InvalidPositionSize) as caught:
            batch.run(0, 3, on_error="raise", threads=threads)
        assert caught.value.argument == "size"
        assert caught.value.value.startswith(f"run 1, row {recorded['row'][0]}: ")
    assert batch.run(0, 1, on_error="raise").complete


def test_a_batch_belongs_to_all_threads(batch: Batch) -> None:
    whole = pictures(batch.run(0, RUNS))
    answers: list[dict[str, bytes]] = []

    def work() -> None:
        answers.append(pictures(batch.run(0, RUNS, threads=2)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [whole] * 4
