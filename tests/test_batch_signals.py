"""Orders out of truth values: every form gives the same rows, and what is wrong is named."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import omega_portfolio as op
from matrix_accounts import CASH, FEE, account_of_signals, bars_of, days_of, walk_of
from matrix_accounts import SYMBOLS as NAMES

DAYS = [datetime(2024, 1, day) for day in range(1, 7)]
IN = np.array([[1, 0], [0, 1], [0, 0], [1, 0], [0, 0], [0, 1]], dtype=bool)
OUT = np.array([[0, 0], [0, 0], [1, 1], [1, 0], [0, 1], [0, 0]], dtype=bool)
SYMBOLS = ["B", "A"]


def wide(cells, **more):
    return pl.DataFrame({"time": DAYS, **more}).hstack(pl.DataFrame(cells, schema=SYMBOLS))


ROWS = [
    (DAYS[0], "B", "open", "long", 1, True),
    (DAYS[1], "A", "open", "long", 1, True),
    (DAYS[2], "B", "close", "long", None, None),
    (DAYS[2], "A", "close", "long", None, None),
    # An exit and an entry of one time: out first, then in again.
    (DAYS[3], "B", "close", "long", None, None),
    (DAYS[3], "B", "open", "long", 1, True),
    (DAYS[4], "A", "close", "long", None, None),
    (DAYS[5], "A", "open", "long", 1, True),
]
COLUMNS = ["time", "symbol", "action", "side", "size", "if_flat"]


def test_wide_frames():
    orders = op.orders_from_signals(wide(IN), wide(OUT))
    assert orders.columns == COLUMNS
    assert orders.rows() == ROWS


def test_arrays_of_numpy():
    orders = op.orders_from_signals(IN, OUT, times=DAYS, symbols=SYMBOLS)
    assert orders.equals(op.orders_from_signals(wide(IN), wide(OUT)))
    times = np.array(DAYS, dtype="datetime64[us]")
    again = op.orders_from_signals(IN, OUT, times=times, symbols=pd.Index(SYMBOLS))
    assert again.equals(orders)


def test_frames_of_pandas_have_their_times_as_index():
    for zone in (None, "UTC", "Europe/Berlin"):
        index = pd.DatetimeIndex(DAYS, tz="UTC")
        index = index.tz_localize(None) if zone is None else index.tz_convert(zone)
        entries, exits = (pd.DataFrame(one, index=index, columns=SYMBOLS) for one in (IN, OUT))
        assert op.orders_from_signals(entries, exits).rows() == ROWS
    column = pd.DataFrame(IN, columns=SYMBOLS).assign(time=DAYS)
    assert op.orders_from_signals(column)["symbol"].to_list() == ["B", "A", "B", "A"]
    named = pd.Series(IN[:, 0], index=pd.DatetimeIndex(DAYS), name="B")
    assert op.orders_from_signals(named)["symbol"].to_list() == ["B", "B"]


def test_columns_of_objects_in_pandas():
    """What a shift in pandas leaves, once its hole is filled."""
    frame = pd.DataFrame(IN, index=pd.DatetimeIndex(DAYS), columns=SYMBOLS)
    for kind in (object, "boolean"):
        assert op.orders_from_signals(frame.astype(kind), wide(OUT)).rows() == ROWS
    orders = op.orders_from_signals(frame, size=np.int64(3), stop_loss=None)
    assert set(orders["size"]) == {3}
    assert "stop_loss" not in orders.columns


def test_other_arrow_tables():
    table = wide(IN).to_arrow()
    assert op.orders_from_signals(table, wide(OUT).to_arrow()).rows() == ROWS


def test_a_row_for_each_time_and_symbol():
    rows = [
        (time, symbol, bool(IN[row, place]), bool(OUT[row, place]))
        for place, symbol in enumerate(SYMBOLS)
        for row, time in enumerate(DAYS)
    ]
    frame = pl.DataFrame(rows, ["time", "symbol", "entries", "exits"], orient="row")
    assert op.orders_from_signals(frame).rows() == ROWS
    sized = frame.with_columns(size=pl.int_range(pl.len()) + 1, tag=pl.col("symbol"))
    opens = op.orders_from_signals(sized).filter(action="open")
    assert opens["size"].to_list() == [1, 8, 4, 12]
    # A close closes what has its tag, and has no size of its own.
    closes = op.orders_from_signals(sized).filter(action="close")
    assert closes["tag"].to_list() == ["B", "A", "B", "A"]
    assert closes["size"].null_count() == 4


def test_one_symbol_needs_no_name():
    orders = op.orders_from_signals(IN[:, 0], OUT[:, 0], times=DAYS)
    assert orders.columns == ["time", "action", "side", "size", "if_flat"]
    frame = pl.DataFrame({"time": DAYS, "entries": IN[:, 0], "exits": OUT[:, 0]})
    assert op.orders_from_signals(frame).equals(orders)


def test_long_and_short():
    orders = op.orders_from_signals(
        wide(IN), wide(OUT), short_entries=wide(OUT), short_exits=wide(IN), size=2
    )
    first = [row[1:4] for row in orders.rows() if row[0] == DAYS[3]]
    assert first == [
        ("B", "close", "long"),
        ("B", "close", "short"),
        ("B", "open", "long"),
        ("B", "open", "short"),
    ]
    short = op.orders_from_signals(short_entries=wide(IN))
    assert set(short["side"]) == {"short"}
    listed = pl.DataFrame({"time": DAYS, "short_entries": IN[:, 0]})
    assert set(op.orders_from_signals(listed)["side"]) == {"short"}
    exits = op.orders_from_signals(None, wide(OUT))
    assert set(exits["action"]) == {"close"}


def test_values_of_the_orders():
    sizes = wide(np.arange(12.0).reshape(6, 2))
    orders = op.orders_from_signals(
        wide(IN),
        wide(OUT),
        size=sizes,
        size_rule="value",
        stop_loss_rate=Decimal("0.05"),
        exit_time=date(2024, 3, 1),
        tag="x",
        accumulate=True,
    )
    assert "if_flat" not in orders.columns
    opens = orders.filter(action="open")
    assert opens["size"].to_list() == [0.0, 3.0, 6.0, 11.0]
    assert set(opens["stop_loss_rate"]) == {Decimal("0.05")}
    closes = orders.filter(action="close")
    assert set(closes["tag"]) == {"x"}
    assert closes.select("size", "size_rule", "stop_loss_rate", "exit_time").null_count().row(
        0
    ) == ((4,) * 4)
    array = op.orders_from_signals(
        IN, times=DAYS, symbols=SYMBOLS, take_profit=np.arange(12).reshape(6, 2)
    )
    assert array["take_profit"].to_list() == [0, 3, 6, 11]


def test_many_runs():
    both = pl.concat([wide(IN, run_id=[7] * 6), wide(OUT, run_id=[2] * 6)])
    stacked = op.orders_from_signals(both, size=1)
    mapped = op.orders_from_signals({7: wide(IN), 2: wide(OUT)}, size=1)
    assert stacked.equals(mapped.select(stacked.columns))
    assert stacked["run_id"].dtype == pl.UInt32
    assert stacked["run_id"].to_list() == [2] * 4 + [7] * 4
    shared = op.orders_from_signals({0: IN, 1: OUT}, OUT, times=DAYS, symbols=SYMBOLS)
    assert shared.filter(pl.col("run_id") == 0).drop("run_id").rows() == ROWS
    sizes = op.orders_from_signals({0: IN, 1: IN}, size={0: 5, 1: 6}, times=DAYS, symbols=SYMBOLS)
    assert sizes["size"].to_list() == [5] * 4 + [6] * 4
    # A list beside a matrix, and a matrix of values for one of the runs.
    single = pl.DataFrame({"time": DAYS[:1], "symbol": "A", "entries": True, "size": 3})
    mixed = op.orders_from_signals({0: wide(IN).select("time", "A"), 1: single})
    assert mixed.select("run_id", "symbol", "size").rows() == [
        (0, "A", 1),
        (0, "A", 1),
        (1, "A", 3),
    ]
    listed = pl.DataFrame({"run_id": [3, 3], "time": DAYS[:2], "entries": [True, False]})
    assert op.orders_from_signals(listed)["run_id"].to_list() == [3]


def test_times_of_any_kind():
    for times in (
        [date(2024, 1, day) for day in range(1, 7)],
        [datetime(2024, 1, day, tzinfo=timezone.utc) for day in range(1, 7)],
        range(6),
        pl.Series(DAYS).cast(pl.Datetime("ns")),
    ):
        orders = op.orders_from_signals(IN[:, 0], times=times)
        assert orders["time"].to_list() == [times[0], times[3]]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_signals_give_the_orders_of_a_loop(data):
    """Every true cell is an order; of one time what closes comes first, then by column."""
    rows, width = data.draw(st.integers(0, 6)), data.draw(st.integers(1, 4))
    matrix = arrays(bool, (rows, width))
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=1, unique=True))
    cells = {kind: data.draw(matrix) for kind in kinds}
    names = [f"S{place}" for place in range(width)][::-1]
    orders = op.orders_from_signals(**cells, times=range(rows), symbols=names)
    expected = [
        (row, names[place], action, side)
        for row in range(rows)
        for action in ("close", "open")
        for place in range(width)
        for kind, (act, side) in KIND_OF.items()
        if act == action and kind in cells and cells[kind][row, place]
    ]
    assert orders.select("time", "symbol", "action", "side").rows() == expected


KIND_OF = {
    "entries": ("open", "long"),
    "short_entries": ("open", "short"),
    "exits": ("close", "long"),
    "short_exits": ("close", "short"),
}
KINDS = tuple(KIND_OF)


def test_no_signal_at_all_gives_no_order():
    empty = op.orders_from_signals(wide(IN & False), wide(OUT & False))
    assert empty.height == 0
    assert empty.columns == COLUMNS


def test_ten_million_cells():
    """As many cells as a large sweep has; each true one is an order."""
    random = np.random.default_rng(1)
    cells = random.random((10_000, 1_000)) < 0.001
    times = [DAYS[0] + timedelta(hours=hour) for hour in range(10_000)]
    names = [f"S{place}" for place in range(1_000)]
    orders = op.orders_from_signals(cells, times=times, symbols=names)
    assert orders.height == cells.sum()
    row, column = (int(found[0]) for found in np.nonzero(cells))
    assert orders.row(0)[:2] == (times[row], names[column])


COSTS = op.Costs(commission=op.Commission("rate", str(FEE)))


@pytest.mark.parametrize("fill", ["close", "next_open"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_account_is_that_of_a_matrix_engine(backend, fill, seed):
    """Random signals on three symbols: the same equity as a loop of floats, every day."""
    closes, opens = walk_of(60, seed), walk_of(60, seed + 100)
    random = np.random.default_rng(seed)
    entries, exits = (random.random(closes.shape) < part for part in (0.2, 0.25))
    times = days_of(60)
    orders = op.orders_from_signals(entries, exits, times=times, symbols=NAMES, size=20)
    result = op.run_batch(
        bars_of(opens, closes),
        orders,
        fill=fill,
        costs=COSTS,
        initial_balance=CASH,
        backend=backend,
    )
    if fill == "close":
        expected = account_of_signals(closes, closes, entries, exits, 20)
        late = []
    else:
        before = np.vstack([np.zeros((1, 3), dtype=bool), entries[:-1]])
        after = np.vstack([np.zeros((1, 3), dtype=bool), exits[:-1]])
        expected = account_of_signals(closes, opens, before, after, 20)
        late = orders.filter(pl.col("time") == times[-1])["action"].to_list()
    curve = result.equity["equity"].to_numpy()
    assert np.abs(curve - expected).max() < 1e-8
    # Only what no bar could fill was rejected.
    assert result.rejected["action"].to_list() == late
    assert result.trades.height > 15
