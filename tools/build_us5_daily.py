"""Build ``python/omega_portfolio/data/us5_daily.arrow`` from its public source.

The source is the PyPI package ``bokeh_sampledata`` 2026.1, whose file
``_data/stocks.csv.gz`` holds the daily bars of AAPL, FB, GOOG, IBM and MSFT that Quandl
published as "WIKI Prices" and declared public domain. Every digit is kept:

* open, high, low and close have at most 4 decimals and become ``Decimal128(38, 4)``, so a
  price is the number that was published and not a double near it;
* ``adj_close`` has up to 15 decimals because the source computed it with doubles. It
  becomes Float64, after a check that each double prints as exactly the text it came from.
  It is for signals; it never becomes a fill;
* a date becomes midnight UTC, the rows stay in the order of the source.

Usage::

    python tools/build_us5_daily.py                    # downloads the wheel with pip
    python tools/build_us5_daily.py --wheel FILE.whl   # uses a wheel that is there
    python tools/build_us5_daily.py --wheel FILE.whl --check

``--check`` writes nothing and compares the committed file with a fresh build, row by row
and, with the pyarrow version that wrote it, byte by byte. It exits with 1 on a difference.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

PACKAGE = "bokeh_sampledata"
LICENCE_SOURCE = "https://web.archive.org/web/20150411011214/https://www.quandl.com/data/WIKI"
VERSION = "2026.1"
RETRIEVED = "2026-11-22"
WHEEL_SHA256 = "f40331a40ca30c64a1c1471835aad9006b61b0d9731a3f649ee8cbbf48d3822f"
MEMBER = "bokeh_sampledata/_data/stocks.csv.gz"
MEMBER_SHA256 = "5abadf99b2d394f920120a27de6f0df129859d71d4cfb0bf661bcc99446ab1fd"
HEADER = ["Ticker", "Date", "Open", "High", "Low", "Close", "Volume", "Adj Close"]
PRICE = pa.decimal128(38, 4)
SCHEMA = pa.schema(
    [
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("symbol", pa.string(), nullable=False),
        pa.field("open", PRICE, nullable=False),
        pa.field("high", PRICE, nullable=False),
        pa.field("low", PRICE, nullable=False),
        pa.field("close", PRICE, nullable=False),
        pa.field("volume", pa.int64(), nullable=False),
        pa.field("adj_close", pa.float64(), nullable=False),
    ]
)
FOLDER = Path(__file__).resolve().parents[1] / "python" / "omega_portfolio" / "data"
DATA_FILE = FOLDER / "us5_daily.arrow"
PROVENANCE_FILE = FOLDER / "PROVENANCE.json"


def main() -> int:
    """Build the two files, or check them, and return the exit code."""
    parser = argparse.ArgumentParser(description="Build us5_daily.arrow from its source.")
    parser.add_argument("--wheel", type=Path, help="the wheel; downloaded when not given")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    if arguments.wheel is None:
        with tempfile.TemporaryDirectory() as folder:
            table = read_table(download(Path(folder)))
    else:
        table = read_table(arguments.wheel)
    data = to_ipc(table)
    return check(table, data) if arguments.check else write(table, data)


def download(folder: Path) -> Path:
    """Download the wheel with pip into ``folder``."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    subprocess.run([*command, "--dest", str(folder), f"{PACKAGE}=={VERSION}"], check=True)
    return next(folder.glob("*.whl"))


def read_table(wheel: Path) -> pa.Table:
    """Read the rows of the source, exactly, after checking that it is the known one."""
    expect_sha256(wheel.name, wheel.read_bytes(), WHEEL_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        member = archive.read(MEMBER)
    expect_sha256(MEMBER, member, MEMBER_SHA256)
    lines = csv.reader(io.StringIO(gzip.decompress(member).decode("ascii")))
    if next(lines) != HEADER:
        raise SystemExit(f"{MEMBER}: the columns are not {HEADER}")
    rows = [to_row(cells) for cells in lines]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def to_row(cells: list[str]) -> dict[str, Any]:
    """Turn one line of the source into one row."""
    symbol, day, *prices, volume, adjusted = cells
    adj_close = float(adjusted)
    if repr(adj_close) != adjusted:
        raise SystemExit(f"{symbol} {day}: {adjusted} is not the text of a double")
    row: dict[str, Any] = {
        "time": datetime.fromisoformat(day).replace(tzinfo=timezone.utc),
        "symbol": symbol,
        "volume": int(volume),
        "adj_close": adj_close,
    }
    # pyarrow refuses a decimal with more digits than the column's scale, so nothing is rounded.
    return row | dict(zip(("open", "high", "low", "close"), map(Decimal, prices), strict=True))


def expect_sha256(name: str, data: bytes, expected: str) -> None:
    """Stop unless ``data`` has the expected SHA-256."""
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise SystemExit(f"{name}: sha256 is {found}, expected {expected}")


def to_ipc(table: pa.Table) -> bytes:
    """Give the table as an Arrow IPC file of one zstd-compressed record batch."""
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=19))
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue()


def provenance(table: pa.Table, data: bytes) -> dict[str, Any]:
    """Describe the file: what it is, where it comes from, and under which terms."""
    days = table["time"]
    return {
        "file": DATA_FILE.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
        "rows": table.num_rows,
        "columns": {field.name: str(field.type) for field in table.schema},
        "symbols": sorted(set(table["symbol"].to_pylist())),
        "first_day": f"{pc.min(days).as_py():%Y-%m-%d}",
        "last_day": f"{pc.max(days).as_py():%Y-%m-%d}",
        "title": "Daily bars of five US stocks, unadjusted, with the adjusted close",
        "licence": "Public Domain",
        "licence_source": LICENCE_SOURCE,
        "attribution": "Quandl WIKI Prices",
        "origin": {
            "package": PACKAGE,
            "version": VERSION,
            "wheel_sha256": WHEEL_SHA256,
            "member": MEMBER,
            "member_sha256": MEMBER_SHA256,
            "retrieved": RETRIEVED,
        },
        "built_by": "tools/build_us5_daily.py",
        "written_with": f"pyarrow {pa.__version__}",
        "notes": [
            "GOOG is the history before 2014, which the source files under GOOGL.",
            "Prices and volume are as traded: AAPL 2000-06-21, AAPL 2005-02-28 and "
            "MSFT 2003-02-18 are 2-for-1 splits; AAPL 2000-09-29 is a true fall of 52 %.",
            "adj_close is adjusted for splits and dividends, also for those after the last day.",
        ],
    }


def write(table: pa.Table, data: bytes) -> int:
    """Write the data and its provenance."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    DATA_FILE.write_bytes(data)
    text = json.dumps(provenance(table, data), indent=2, ensure_ascii=False)
    PROVENANCE_FILE.write_text(text + "\n", encoding="utf-8")
    print(f"{DATA_FILE}: {table.num_rows} rows, {len(data)} bytes")
    return 0


def check(table: pa.Table, data: bytes) -> int:
    """Compare the committed files with a fresh build."""
    committed = DATA_FILE.read_bytes()
    description = json.loads(PROVENANCE_FILE.read_text(encoding="utf-8"))
    findings = []
    if not pa.ipc.open_file(committed).read_all().equals(table):
        findings.append("the rows differ from the source")
    if hashlib.sha256(committed).hexdigest() != description["sha256"]:
        findings.append("the file is not the one PROVENANCE.json describes")
    same_writer = description["written_with"] == f"pyarrow {pa.__version__}"
    if same_writer and committed != data:
        findings.append("the same pyarrow version writes other bytes")
    if same_writer and description != provenance(table, data):
        findings.append("PROVENANCE.json is not what a build writes")
    for finding in findings:
        print(f"{DATA_FILE.name}: {finding}", file=sys.stderr)
    scope = "rows and bytes" if same_writer else "rows (bytes: other pyarrow version)"
    if not findings:
        print(f"{DATA_FILE.name}: {table.num_rows} rows compared, {scope} agree")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
