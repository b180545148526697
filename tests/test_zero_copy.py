"""Tables are snapshots that share the memory of the engine.

What a reader can see is tested on both backends: a table never changes, can be exported again,
and outlives its portfolio. That no byte is copied is tested where it is promised, on the Rust
backend, by the addresses of the buffers.
"""

from __future__ import annotations

import ctypes
import gc
import io
import json
import os
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from omega_portfolio.bench import zero_copy
from omega_portfolio.bench.__main__ import main
from omega_portfolio.bench.addresses import (
    Chunk,
    Column,
    column_addresses,
    frame_addresses,
    same_memory,
    width_of,
)

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")
TABLES = [
    f"{name} {view}"
    for name in ("equity", "trades", "ledger", "positions", "cash_ledger", "activity")
    for view in ("float", "exact")
]
GROWTH = 100_000

rust_only = pytest.mark.skipif("rust" not in BACKENDS, reason="the run is narrowed to python")


def contents(columns: list[Column]) -> list[bytes]:
    """Copy every byte of the values of a frame, from where they lie in memory."""
    return [
        ctypes.string_at(chunk.values, chunk.length * column.width)
        for column in columns
        for chunk in column.chunks
    ]


def grow(portfolio: op.Portfolio, rows: int) -> None:
    """Add rows to all tables, many of them to the equity curve."""
    start = portfolio.get_equity_curve(exact=True).to_pyarrow()["time"][-1].value
    for number in range(200):
        position_id = portfolio.open_position(
            "ACME", "long", 2, 100, start, fee=1, tag=f"a text that is not inline {number}"
        )
        portfolio.close_position(position_id, 101, start, size=1, reason="half of the position")
        if number % 2:
            portfolio.close_position(position_id, 102, start)
        portfolio.deposit(1, start, currency="EUR")
        portfolio.cancel_order(portfolio.place_order("ACME", "long", 1, start, price=50), start)
    for number in range(rows // 1_000):
        portfolio.mark({"ACME": 50 + number % 100})
        for step in range(1_000):
            portfolio.update_equity(start + number * 1_000 + step)


@rust_only
@pytest.mark.parametrize("name", TABLES)
def test_polars_reads_the_memory_of_the_table(name):
    portfolio = zero_copy.build_all_tables(300, "rust")
    table = zero_copy.tables_of(portfolio)[name]
    frame = pl.DataFrame(table)
    assert frame.height == len(table) > 0
    columns = column_addresses(table)
    assert [column.name for column in columns] == table.columns == frame.columns
    for here, there in zip(columns, frame_addresses(frame), strict=True):
        assert same_memory(here, there), here.name
        assert sum(chunk.length for chunk in here.chunks) == frame.height


@rust_only
@pytest.mark.parametrize("name", TABLES)
def test_two_tables_share_the_memory_of_the_engine(name):
    portfolio = zero_copy.build_all_tables(300, "rust")
    first, second = (zero_copy.tables_of(portfolio)[name] for _ in range(2))
    assert column_addresses(first) == column_addresses(second)
    if not name.startswith("positions"):
        grow(portfolio, 1_000)
        grown = zero_copy.tables_of(portfolio)[name]
        assert len(grown) > len(first)
        for old, new in zip(column_addresses(first), column_addresses(grown), strict=True):
            assert old.chunks[0].values == new.chunks[0].values, old.name


@rust_only
@pytest.mark.parametrize("name", ["cash", "margin", "orders", "fills", "lots"])
@pytest.mark.parametrize("exact", [False, True])
def test_a_table_made_on_demand_is_copied_once(name, exact):
    portfolio = zero_copy.build_all_tables(30, "rust")
    portfolio.place_order("ACME", "long", 1, portfolio.time, price=50, tag="it rests for ever")
    getter = getattr(portfolio, f"get_{name}")
    tables = [getter(exact=exact) for _ in range(2)]
    # A time that is not there is a null, which the reader of addresses does not take.
    nulls = {"orders": "time", "lots": "exit_time"}
    columns = [column for column in tables[0].columns if column != nulls.get(name)]
    first, second = (column_addresses(table.select(columns)) for table in tables)
    assert not any(map(same_memory, first, second))
    frame = pl.DataFrame(tables[0])
    assert frame.height > 0
    assert frame.equals(pl.DataFrame(tables[1]))
    assert all(map(same_memory, first, frame_addresses(frame.select(columns))))
    portfolio.open_position("NEW", "long", 1, 1, portfolio.time)
    assert frame.equals(pl.DataFrame(tables[0]))


@rust_only
def test_every_type_of_column_is_looked_at():
    portfolio = zero_copy.build_all_tables(30, "rust")
    formats = {
        column.format
        for table in zero_copy.tables_of(portfolio).values()
        for column in column_addresses(table)
    }
    assert formats == set(zero_copy.TYPE_NAMES)


@rust_only
def test_every_value_is_aligned():
    portfolio = zero_copy.build_all_tables(300, "rust")
    for name, table in zero_copy.tables_of(portfolio).items():
        for column in column_addresses(table):
            for chunk in column.chunks:
                assert chunk.values % column.width == 0, (name, column.name)


@rust_only
def test_a_capacity_gives_one_chunk_and_no_capacity_a_few():
    hinted = zero_copy.build_history(GROWTH, "rust")
    assert len(column_addresses(hinted.get_equity_curve())[0].chunks) == 1
    plain = op.Portfolio(1000, backend="rust")
    for time in range(GROWTH):
        plain.update_equity(time)
    chunks = column_addresses(plain.get_equity_curve())[0].chunks
    assert 2 <= len(chunks) <= 10
    assert sum(chunk.length for chunk in chunks) == GROWTH


def test_a_frame_does_not_change_while_the_engine_grows(backend):
    # Only the compiled engine has segments to fill; the other one is slower and has none.
    rows, growth = (5_000, GROWTH) if backend == "rust" else (1_000, GROWTH // 10)
    portfolio = zero_copy.build_all_tables(rows, backend)
    tables = zero_copy.tables_of(portfolio)
    frames = {name: pl.DataFrame(table) for name, table in tables.items()}
    places = {name: frame_addresses(frame) for name, frame in frames.items()}
    before = {name: contents(columns) for name, columns in places.items()}
    copies = {
        name: pl.read_ipc_stream(io.BytesIO(table.to_ipc())) for name, table in tables.items()
    }
    state = portfolio.get_state()
    state_before = state.to_ipc()

    grow(portfolio, growth)
    assert len(portfolio.get_equity_curve()) == rows + growth
    for name, frame in frames.items():
        assert contents(frame_addresses(frame)) == before[name], name
        assert contents(places[name]) == before[name], name
        assert frame.equals(copies[name]), name
        assert pl.DataFrame(tables[name]).equals(copies[name]), name
        assert not pl.DataFrame(zero_copy.tables_of(portfolio)[name]).equals(frame), name
    assert state.to_ipc() == state_before
    assert sum(len(parts) for parts in before.values()) >= 96


def test_a_stream_can_be_taken_again(backend):
    portfolio = zero_copy.build_all_tables(50, backend)
    for name, table in zero_copy.tables_of(portfolio).items():
        frames = [pl.DataFrame(table) for _ in range(3)]
        assert frames[0].equals(frames[1]), name
        assert frames[0].equals(frames[2]), name
        assert column_addresses(table) == column_addresses(table), name
        assert pa.table(table).equals(table.to_pyarrow()), name
        assert table.to_polars().equals(frames[0]), name
        unused = table.__arrow_c_stream__()
        del unused
        assert pl.DataFrame(table).equals(frames[0]), name


def test_frames_outlive_their_portfolio(backend):
    portfolio = zero_copy.build_all_tables(2_000, backend)
    tables = zero_copy.tables_of(portfolio)
    frames = {name: pl.DataFrame(table) for name, table in tables.items()}
    before = {name: contents(frame_addresses(frame)) for name, frame in frames.items()}
    rows = {name: frame.rows() for name, frame in frames.items()}
    del portfolio, tables
    gc.collect()
    # Memory that was freed by mistake would be taken and overwritten by these.
    others = [zero_copy.build_all_tables(2_000, backend) for _ in range(3)]
    for name, frame in frames.items():
        assert contents(frame_addresses(frame)) == before[name], name
        assert frame.rows() == rows[name], name
    assert len(others) == 3


def test_an_export_of_an_empty_portfolio_has_its_columns(make_portfolio):
    for table in zero_copy.tables_of(make_portfolio()).values():
        columns = column_addresses(table)
        assert [column.name for column in columns] == table.columns
        assert not any(column.chunks for column in columns)
        assert not any(map(same_memory, columns, frame_addresses(pl.DataFrame(table))))


@rust_only
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of the process from /proc")
def test_memory_returns():
    rows = 100_000

    def live() -> None:
        portfolio = op.Portfolio(1000, backend="rust", capacity=rows)
        for time in range(rows):
            portfolio.update_equity(time)
        frames = [pl.DataFrame(portfolio.get_equity_curve(exact=exact)) for exact in (False, True)]
        assert sum(frame.height for frame in frames) == 2 * rows

    for _ in range(3):
        live()
    gc.collect()
    before = resident_bytes()
    for _ in range(12):
        live()
    gc.collect()
    # One portfolio holds 152 bytes a row; twelve that were kept would hold twelve times that.
    assert resident_bytes() - before < 4 * 152 * rows


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_the_reader_of_addresses_tells_copies_from_shares():
    table = pa.table({"a": pa.array([1.0, 2.0, 3.0]), "b": pa.array(["x", "y" * 20, "z"])})
    views = table.set_column(1, "b", table["b"].cast(pa.string_view()))
    frame = pl.DataFrame(views)
    twin = frame.select(pl.col("a") * 2.0, pl.concat_str("b", pl.lit("")))
    shared = list(zip(column_addresses(views), frame_addresses(frame), strict=True))
    copied = list(zip(frame_addresses(frame), frame_addresses(twin), strict=True))
    assert [same_memory(*pair) for pair in shared] == [True, True]
    assert [same_memory(*pair) for pair in copied] == [False, False]
    sliced = column_addresses(views.slice(1))
    assert sliced[0].chunks[0].values == column_addresses(views)[0].chunks[0].values + 8
    assert contents(sliced[:1]) == [pa.array([2.0, 3.0]).buffers()[1].to_pybytes()]


def test_the_reader_of_addresses_refuses_what_portfolios_do_not_use():
    for column in (pa.array([1, None], pa.uint64()), pa.array([1], pa.int32())):
        with pytest.raises(ValueError, match=r"nulls|is not among those"):
            column_addresses(pa.table({"a": column}))
    assert [width_of(text) for text in ("g", "L", "vu", "d:38,9", "tsu:UTC")] == [8, 8, 16, 16, 8]
    assert not same_memory(Column("a", "g", 8, ()), Column("a", "g", 8, ()))
    chunk = Chunk(1, 64, ())
    assert same_memory(Column("a", "g", 8, (chunk,)), Column("b", "g", 8, (chunk,)))


def test_an_error_of_a_stream_is_raised():
    def broken():
        yield pa.record_batch({"a": pa.array([1.0])})
        raise ValueError("the source has gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.float64()}), broken())
    with pytest.raises(OSError, match="the source has gone"):
        column_addresses(reader)


def test_the_command_prints_times_and_addresses(backend, capsys):
    arguments = ["zero-copy", "--rows", "100", "5000", "--repeats", "3", "--backend", backend]
    code = main(arguments)
    text = capsys.readouterr().out
    assert f"backend: {backend}" in text
    assert "5,000" in text
    assert code == 0
    assert text.endswith("no byte is copied\n")
    assert main([*arguments, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [timing["rows"] for timing in facts["timings"]] == [100, 5_000]
    assert all(timing["bytes_total"] == 160 * timing["rows"] for timing in facts["timings"])
    assert facts["without_copy"]


def test_a_copy_is_reported(monkeypatch, capsys):
    monkeypatch.setattr(zero_copy, "same_memory", lambda *_: False)
    arguments = ["zero-copy", "--rows", "10", "--repeats", "1", "--backend", "python"]
    assert main(arguments) == 1
    assert capsys.readouterr().out.endswith("bytes are copied\n")
