"""Prepared bars: one table of one row, which other processes map from a file and run over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from batch_frames import MINUTE, SETTINGS, bars, orders, pictures

if TYPE_CHECKING:
    from omega_portfolio._core import Table

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")
pytestmark = pytest.mark.skipif("rust" not in BACKENDS, reason="the run is narrowed to python")

if "rust" in BACKENDS:
    from omega_portfolio._core import Batch

MOMENTS = 300
RUNS = 5
MEGABYTE = 1 << 20
KEPT: dict[str, Any] = {"equity_columns": "all", "exact": True, "digest": True}


def written(table: Table, folder: Path) -> Path:
    """Write a table as an Arrow IPC file."""
    path = folder / "bars.arrow"
    whole = pa.table(table)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, whole.schema) as writer:
        writer.write_table(whole)
    return path


def mapped(path: Path) -> pa.Table:
    """The table of a file, over the pages of the file."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


@pytest.mark.parametrize("symbols", [("ACME",), ("ACME", "BOND", "CORN")])
def test_runs_over_a_mapped_file_are_the_same(symbols: tuple[str, ...], tmp_path: Path) -> None:
    frames = bars(MOMENTS, symbols), orders(MOMENTS, RUNS, symbols)
    batch = Batch(*frames, **SETTINGS)
    table = mapped(written(batch.prepared_bars(), tmp_path))
    assert table.num_rows == 1
    again = Batch(table, frames[1], **SETTINGS, prepared=True)
    assert (len(again), again.moments) == (RUNS, MOMENTS)
    assert again.fingerprint == batch.fingerprint
    for kept in ({}, KEPT):
        assert pictures(again.run(0, RUNS, **kept)) == pictures(batch.run(0, RUNS, **kept))
    assert again.portfolio(2).digest == batch.portfolio(2).digest
    # What was prepared is prepared again as it stands.
    assert pa.table(again.prepared_bars()).equals(table, check_metadata=True)


def test_prepared_bars_outlive_the_table_and_the_batch(tmp_path: Path) -> None:
    frames = bars(MOMENTS), orders(MOMENTS, RUNS)
    batch = Batch(*frames, **SETTINGS)
    wanted = pictures(batch.run(0, RUNS))
    direct = Batch(batch.prepared_bars(), frames[1], **SETTINGS, prepared=True)
    path = written(batch.prepared_bars(), tmp_path)
    table = mapped(path)
    over_file = Batch(table, frames[1], **SETTINGS, prepared=True)
    del batch, table
    path.unlink()
    assert pictures(direct.run(0, RUNS)) == pictures(over_file.run(0, RUNS)) == wanted


def test_what_is_not_prepared_is_refused() -> None:
    frames = bars(MOMENTS), orders(MOMENTS)
    batch = Batch(*frames, **SETTINGS)
    table = pa.table(batch.prepared_bars())
    place = table.schema.get_field_index("close")
    closes = table.column("close").combine_chunks().values
    short = pa.LargeListArray.from_arrays([0, len(closes) - 1], closes.slice(1))
    metadata = {**table.schema.metadata, b"omega_portfolio.version": b"0.0.9"}
    unchanged = "pass what prepared_bars() gave, unchanged"
    for given, said in (
        (frames[0], f"is missing in the metadata; {unchanged}"),
        (table.replace_schema_metadata(None), f"is missing in the metadata; {unchanged}"),
        (table.replace_schema_metadata(metadata), "was prepared by another version"),
        (table.slice(0, 0), f"must be a table of one row; {unchanged}"),
        (pa.concat_tables([table, table]), f"comes in several batches; {unchanged}"),
        (table.drop_columns("close"), f"column close: is missing; {unchanged}"),
        (
            table.set_column(place, "close", short),
            f"column close: has not as many values as it must have; {unchanged}",
        ),
        (
            table.set_column(place, "close", pa.array(["text"])),
            f"column close: Utf8: must be as prepared; {unchanged}",
        ),
    ):
        with pytest.raises(op.InvalidFrame) as refused:
            Batch(given, frames[1], **SETTINGS, prepared=True)
        assert said in str(refused.value)
        assert refused.value.argument == "bars"
    # Without the word it is a frame like others, which lacks the columns of one.
    with pytest.raises(op.InvalidFrame, match="time"):
        Batch(table, frames[1], **SETTINGS)
    with pytest.raises(op.InvalidArgument, match="prepared"):
        Batch(table, frames[1], **SETTINGS, prepared="yes")  # type: ignore[arg-type]


WORKER = """
import json, re, sys
import polars as pl
import pyarrow as pa
from batch_frames import SETTINGS, bars, orders
from omega_portfolio._core import Batch

def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

path, rows = sys.argv[1], pl.read_ipc(sys.argv[2])
settings = {**SETTINGS, "mode": "netting"}
small = Batch(bars(300), orders(300, 5), **SETTINGS)
small.run(0, 5)
before = anonymous()
table = pa.ipc.open_file(pa.memory_map(path)).read_all()
batch = Batch(table, rows, **settings, prepared=True)
opened = anonymous() - before
fingerprint = batch.fingerprint
if len(sys.argv) > 3:
    for _ in range(4):
        batch.run(0, 1)
run = anonymous() - before

spans = []
for line in open("/proc/self/maps"):
    if line.rstrip().endswith(path):
        spans.append([int(end, 16) for end in line.split()[0].split("-")])
again = pa.table(batch.prepared_bars())
outside = []
for name in again.column_names:
    values = again.column(name).chunk(0)
    buffers = values.values.buffers() if isinstance(values, pa.LargeListArray) else []
    for buffer in buffers:
        if buffer is not None and buffer.size >= 4096:
            start, end = buffer.address, buffer.address + buffer.size
            if not any(low <= start and end <= high for low, high in spans):
                outside.append(name)
print(json.dumps([opened, run, outside, fingerprint]))
"""


def walk(moments: int, symbols: int) -> pl.DataFrame:
    """So many bars of so many symbols, in no time."""
    step = pl.col("row").cast(pl.Int64)
    price = 100 + (step * 7919 % 4001) / 100
    rows = pl.DataFrame({"row": range(moments * symbols)}).lazy()
    return rows.select(
        time=step // symbols * MINUTE,
        symbol=pl.format("S{}", step % symbols),
        open=price,
        high=price + 2,
        low=price - 2,
        close=price + 0.5,
        spread=(step % 5) / 100 if symbols > 1 else pl.lit(0.02),
    ).collect()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says what memory is whose")
@pytest.mark.parametrize(("moments", "symbols"), [(1_300_000, 1), (7_000, 300)])
def test_a_worker_has_no_copy_of_the_bars(moments: int, symbols: int, tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "time": [MINUTE * place * 37 for place in range(100)],
            "symbol": [f"S{place % symbols}" for place in range(100)],
            "action": ["target"] * 100,
            "size": [float(place % 3) for place in range(100)],
        }
    )
    rows.write_ipc(tmp_path / "orders.arrow")
    batch = Batch(walk(moments, symbols), rows, **SETTINGS, mode="netting")
    path = written(batch.prepared_bars(), tmp_path)
    size = path.stat().st_size
    assert size > 100 * MEGABYTE
    # The curve of one symbol alone is as long as its bars; with many it is short.
    more = ["runs"] if symbols > 1 else []
    command = [sys.executable, "-c", WORKER, str(path), str(tmp_path / "orders.arrow"), *more]
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    told = subprocess.run(  # noqa: S603 - the code above.
        command,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    opened, run, outside, fingerprint = json.loads(told.stdout)
    assert fingerprint == batch.fingerprint
    assert outside == []
    assert opened < 20 * MEGABYTE
    assert run < 20 * MEGABYTE
