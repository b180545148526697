"""The forms in which a batch keeps its curves: rows or lists, all or some, cut or whole."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from batch_samples import START, assert_same, sample_bars, sample_batch, sample_orders
from conftest import _chosen_backends
from omega_portfolio.backend import core_module
from omega_portfolio.batch import slices
from omega_portfolio.batch.tables import frame_of, lists_of


def test_a_row_for_each_run_over_the_same_memory(backend: str) -> None:
    rows = sample_batch(backend, equity_columns="all")
    lists = sample_batch(backend, equity_columns="all", layout="list")
    assert lists.equity.columns == [name for name in rows.equity.columns if name != "time"]
    assert lists.equity.schema["equity"] == pl.Array(pl.Float64, 40)
    assert lists.equity["run_id"].to_list() == rows.run_ids
    assert lists.equity["balance"].explode().equals(rows.equity["balance"])
    assert lists.times is not None
    assert rows.times is not None
    assert lists.times.to_list() == rows.times.to_list()


@pytest.mark.skipif("rust" not in _chosen_backends(), reason="the run is narrowed to python")
def test_frames_share_the_memory_of_the_engine() -> None:
    batch = core_module().Batch(sample_bars(), sample_orders(), initial_balance=1000)
    tables = batch.run(0, 1, exact=True)
    for name, column in (("equity", "equity"), ("equity", "run_id"), ("trades", "net_pnl")):
        ours = frame_of(tables, name, "rows")[column].to_arrow().buffers()[1].address
        theirs = pa.table(getattr(tables, name))[column].chunk(0).buffers()[1].address
        assert ours == theirs, (name, column)


def test_lists_do_not_copy() -> None:
    ids = pa.array([0] * 3 + [4] * 3, pa.uint32())
    numbers = pa.array([float(k) for k in range(6)])
    table = pa.table({"run_id": ids, "time": pa.array(range(6)), "equity": numbers})
    frame = lists_of(table, 3)
    assert frame.rows() == [(0, [0.0, 1.0, 2.0]), (4, [3.0, 4.0, 5.0])]
    shared = frame["equity"].explode().to_arrow().buffers()[1].address
    assert shared == numbers.buffers()[1].address
    cut = pa.concat_tables([table.slice(0, 2), table.slice(2)])
    assert lists_of(cut, 3).equals(frame)
    empty = lists_of(table.slice(0, 0), 0)
    assert (empty.height, empty.columns) == (0, ["run_id", "equity"])


@pytest.mark.parametrize("layout", ["rows", "list"])
def test_less_can_be_kept(backend: str, layout: str) -> None:
    nothing = sample_batch(backend, record="none", trades=False, layout=layout)
    assert nothing.equity.lazy().collect().height == 0
    assert nothing.trades.lazy().collect().height == 0
    assert nothing.times is None
    whole = sample_batch(backend)
    assert nothing.metrics.equals(whole.metrics)
    assert nothing.final.equals(whole.final)


def test_the_last_point_of_each_day(backend: str) -> None:
    # Six hours instead of a day, so that a day has four bars.
    quarter = START + (pl.col("time") - START) / 4
    frames = {
        "bars": sample_bars().with_columns(time=quarter),
        "orders": sample_orders().with_columns(time=quarter),
    }
    whole = sample_batch(backend, **frames)
    days = sample_batch(backend, **frames, record="1d")
    day = pl.col("time").dt.date()
    last = whole.equity.filter((day != day.shift(-1)).fill_null(value=True).over("run_id"))
    assert last.height == 12 * 10
    assert days.equity.equals(last)
    assert days.metrics.equals(whole.metrics)
    lists = sample_batch(backend, **frames, record="1d", layout="list")
    assert lists.equity["equity"].explode().equals(days.equity["equity"])


def test_slices_change_nothing(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sample_batch(backend)
    monkeypatch.setitem(slices.WORK, backend, 200)
    assert slices.runs_of_a_slice(40, backend) == 5  # type: ignore[arg-type]
    told: list[tuple[int, int]] = []
    cut = sample_batch(backend, progress=lambda done, total: told.append((done, total)))
    assert_same(cut, whole)
    assert told[-1] == (12, 12)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    lists = sample_batch(backend, layout="list")
    assert lists.equity["equity"].explode().equals(whole.equity["equity"])
