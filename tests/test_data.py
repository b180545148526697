"""The shipped bars: their checksum, their exact digits, and the traps that lie in them."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from omega_portfolio import InvalidFrame, data

FOLDER = Path(data.__file__).parent


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return data.load_us5_daily()


def test_provenance_describes_the_file():
    content = (FOLDER / data.FILE_NAME).read_bytes()
    described = data.provenance()
    assert described["file"] == data.FILE_NAME
    assert described["size_bytes"] == len(content)
    assert described["sha256"] == hashlib.sha256(content).hexdigest()
    assert described["licence"] == "Public Domain"
    for name in ("origin", "title", "licence_source", "built_by", "written_with"):
        assert described[name], name
    assert described["origin"]["retrieved"] == "2026-11-22"


def test_provenance_describes_the_rows(bars: pl.DataFrame):
    described = data.provenance()
    assert bars.height == described["rows"] == 12_154
    assert bars.columns == list(described["columns"])
    assert bars["symbol"].unique().sort().to_list() == described["symbols"]
    assert f"{bars['time'].min():%Y-%m-%d}" == described["first_day"]
    assert f"{bars['time'].max():%Y-%m-%d}" == described["last_day"]


def test_types_are_exact(bars: pl.DataFrame):
    assert bars.schema["time"] == pl.Datetime("us", "UTC")
    for name in ("open", "high", "low", "close"):
        assert bars.schema[name] == pl.Decimal(38, 4)
    assert bars.null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize(
    ("symbol", "day", "expected"),
    [
        # The first and last lines of the source, digit by digit.
        ("AAPL", "2000-03-01", ["118.56", "132.06", "118.5", "130.31", 9616100, 4.186662803811]),
        (
            "AAPL",
            "2013-03-01",
            ["438.0", "438.1799", "429.98", "430.47", 19730300, 56.137353095488],
        ),
        ("FB", "2012-05-18", ["42.05", "45.0", "38.0", "38.2318", 573576400, 38.2318]),
        (
            "GOOG",
            "2004-08-19",
            ["100.01", "104.06", "95.96", "100.335", 44659000, 50.32284179174976],
        ),
        ("MSFT", "2013-03-01", ["27.72", "27.98", "27.52", "27.95", 34849700, 24.684342419163]),
    ],
)
def test_rows_of_the_source(bars: pl.DataFrame, symbol: str, day: str, expected: list[object]):
    row = bars.filter(pl.col("time").dt.strftime("%Y-%m-%d") == day, symbol=symbol)
    found = row.select("open", "high", "low", "close", "volume", "adj_close").row(0)
    assert list(found) == [Decimal(v) if isinstance(v, str) else v for v in expected]


def test_bars_are_sound(bars: pl.DataFrame):
    assert bars.select(pl.struct("time", "symbol").is_duplicated().sum()).item() == 0
    assert bars.equals(bars.sort("symbol", "time"))
    inside = (
        (pl.col("low") > 0)
        & (pl.col("low") <= pl.min_horizontal("open", "close"))
        & (pl.col("high") >= pl.max_horizontal("open", "close"))
    )
    assert bars.filter(~inside).is_empty()


def test_three_splits_and_one_crash(bars: pl.DataFrame):
    """The price halves four times; the adjusted close tells which one is real."""
    change = (pl.col("close").cast(pl.Float64).pct_change()).over("symbol")
    adjusted = pl.col("adj_close").pct_change().over("symbol")
    days = bars.with_columns(change=change, adjusted=adjusted).filter(pl.col("change") < -0.4)
    found = {
        (symbol, f"{time:%Y-%m-%d}"): adjusted < -0.4
        for symbol, time, adjusted in days.select("symbol", "time", "adjusted").iter_rows()
    }
    assert found == {
        ("AAPL", "2000-06-21"): False,
        ("AAPL", "2005-02-28"): False,
        ("MSFT", "2003-02-18"): False,
        ("AAPL", "2000-09-29"): True,
    }


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = bytearray((FOLDER / data.FILE_NAME).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / data.FILE_NAME).write_bytes(content)
    (tmp_path / data.PROVENANCE_NAME).write_text(json.dumps(data.provenance()), encoding="utf-8")
    monkeypatch.setattr(data.resources, "files", lambda _: tmp_path)
    with pytest.raises(InvalidFrame, match=r"us5_daily.arrow.*PROVENANCE.json"):
        data.load_us5_daily()
