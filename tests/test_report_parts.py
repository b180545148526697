"""Parts of the report: thinned lines, marks of axes, numbers as text, pictures, commands, PNG."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import random
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import omega_portfolio as op
from omega_portfolio.cli import main
from omega_portfolio.report import plot, write_report
from omega_portfolio.report.pictures import KINDS
from omega_portfolio.report.plane import lines_of
from omega_portfolio.report.thin import NARROW_COLUMNS, WIDE_COLUMNS, thin_dots, thin_line
from omega_portfolio.report.ticks import DAY, log_ticks, time_ticks, value_ticks
from report_samples import Page, history, week
from sample_files import BARS, ORDERS

PICTURES = Path(__file__).parent / "pictures"
EXTRA = ("altair", "great_tables", "vl_convert")
needs_extra = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in EXTRA),
    reason="the extra omega-portfolio[report] is not installed",
)
needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="there is no browser on this machine"
)


def walk(rows: int, seed: int) -> pl.DataFrame:
    draw = random.Random(seed)
    values, at = [], 100.0
    for _ in range(rows):
        at *= 1 + draw.gauss(0, 0.001)
        values.append(at)
    return pl.DataFrame({"time": range(0, 60 * rows, 60), "value": values})


@pytest.mark.parametrize("columns", [1, 7, 240, 720])
def test_a_thin_line_covers_the_same_pixels(columns: int):
    frame = walk(20_000, columns)
    thin = thin_line(frame, "value", columns)
    assert thin.height <= 4 * columns

    def shape(rows: pl.DataFrame) -> pl.DataFrame:
        last = int(frame["time"][-1])
        value = pl.col("value")
        bucket = (pl.col("time") * columns // last).clip(0, columns - 1)
        ends = {"a": value.first(), "b": value.last(), "c": value.min(), "d": value.max()}
        return rows.group_by(bucket.alias("bucket"), maintain_order=True).agg(**ends)

    assert shape(thin).equals(shape(frame))


def test_rows_that_are_kept_stay_also_when_narrow():
    frame = walk(50_000, 5)
    kept = [123, 4_567, 44_444]
    lines = lines_of(frame, ["value"], kept)
    for points in (lines.points["value"], lines.narrow("value")):
        assert set(frame["time"][kept]) <= set(points["time"])
    assert lines.narrow("value").height <= 4 * NARROW_COLUMNS + len(kept)
    assert WIDE_COLUMNS % NARROW_COLUMNS == 0


def test_gaps_break_a_line_and_dense_gaps_do_not():
    values = [None if row % 500 < 100 else float(row % 77) for row in range(10_000)]
    frame = pl.DataFrame({"time": range(10_000), "value": values})
    thin = thin_line(frame, "value", 50, keep=[0, 777])
    assert thin["part"].n_unique() == 20
    assert 777 in thin["time"]
    assert thin["value"].null_count() == 0
    dense = frame.with_columns(value=pl.when(pl.col("time") % 2 == 0).then(1.5))
    assert thin_line(dense, "value", 50).height <= 200


def test_dots_keep_the_extremes():
    draw = random.Random(3)
    rows = [(draw.random(), draw.gauss(0, 1)) for _ in range(10_000)]
    frame = pl.DataFrame(rows, schema=["x", "y"], orient="row")
    thin = thin_dots(frame, "x", "y", (40, 20))
    assert thin.height < 1000
    assert thin["y"].max() == frame["y"].max()
    assert thin["y"].min() == frame["y"].min()
    one = frame.with_columns(x=pl.lit(1.0), y=pl.lit(2.0))
    assert 1 <= thin_dots(one, "x", "y", (40, 20)).height <= 2


def test_marks_of_values_are_in_order_and_inside():
    draw = random.Random(1)
    for _ in range(500):
        low = draw.choice([0.0, 1.0, -1.0]) * 10 ** draw.uniform(-6, 14)
        high = low + 10 ** draw.uniform(-3, 14)
        ticks = value_ticks(low, high, 6, draw.choice(["money", "percent", "number"]))
        places = [tick.at for tick in ticks]
        assert places == sorted(set(places))
        room = (high - low) * 1e-6
        assert all(low - room <= place <= high + room for place in places)
        assert len(places) <= 8
        labels = [tick.label for tick in ticks]
        if (high - low) > 1e-3 * max(abs(low), abs(high)):
            assert len(set(labels)) == len(labels) >= 2


def test_marks_of_a_logarithm():
    assert [tick.label for tick in log_ticks(90, 1_200_000, 12, "money")][:2] == ["100", "300"]
    assert len(log_ticks(1e-3, 1e30, 6, "number")) <= 7
    assert all(math.isfinite(tick.at) for tick in log_ticks(1e-300, 1e300, 6, "money"))


@pytest.mark.parametrize(
    "span",
    [
        *(10**power for power in range(1, 12)),
        *(DAY * days for days in (1, 3, 10, 45, 100, 400, 1000, 5000, 20_000, 200_000, 3_000_000)),
    ],
)
def test_marks_of_time_are_few_in_order_and_differ(span: int):
    for start in (0, 951_868_800_123_456, -62_135_596_800_000_000):
        ticks = time_ticks(start, start + span, 9)
        places = [tick.at for tick in ticks]
        assert places == sorted(set(places))
        assert len(places) <= 10
        assert all(start <= place <= start + span for place in places)


def test_marks_of_time_are_readable():
    start = (datetime(2024, 1, 31, 22) - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    hours = [tick.label for tick in time_ticks(start, start + 6 * 3_600_000_000, 8)]
    assert hours == ["31 Jan 22:00", "23:00", "1 Feb", "01:00", "02:00", "03:00", "04:00"]
    years = [tick.label for tick in time_ticks(start, start + 9000 * DAY, 8)]
    assert years == ["2025", "2030", "2035", "2040", "2045"]


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_as_they_were(kind: str, backend: str):
    """Compare with tests/pictures; OMEGA_RENEW_PICTURES=1 writes them anew."""
    path = PICTURES / f"{kind}.svg"
    text = plot(week(backend), kind=kind).svg.replace("><", ">\n<") + "\n"
    if os.environ.get("OMEGA_RENEW_PICTURES"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_a_million_points_make_a_small_page(backend: str, tmp_path: Path):
    """A large history through the whole report, without the time of a million metrics in Python."""
    rows = 1_000_000 if backend == "rust" else 6_000
    frame = walk(rows, 9)
    times = pl.from_epoch(frame["time"] + 1_700_000_000, "s")
    analysis = op.History(frame.select(time=times, equity="value"), backend=backend)
    path = write_report(analysis, tmp_path / "m.html", periods_per_year=98_280)
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < 400_000
    assert f"{rows:,}" in Page(text).text


@needs_extra
def test_png_is_crisp(backend: str, tmp_path: Path):
    path = write_report(week(backend), tmp_path / "x.png", title="A week")
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == 2 * 960
    assert plot(op.Portfolio(5, backend=backend)).save(tmp_path / "empty.png").exists()


@needs_extra
def test_interactive_pages_hold_their_scripts(backend: str, tmp_path: Path):
    values = [100.0 + row % 7 + row / 9 for row in range(120)]
    analysis = history(values, backend)
    path = write_report(analysis, tmp_path / "i.html", interactive=True)
    text = path.read_text(encoding="utf-8")
    assert "vegaEmbed" in text
    heads = [part.partition(">")[0] for part in text.split("<script")[1:]]
    assert heads
    assert not [head for head in heads if "src" in head]
    assert "Sharpe ratio" in text
    none = write_report(op.Portfolio(5, backend=backend), tmp_path / "n.html", interactive=True)
    assert "There is no equity point" in none.read_text(encoding="utf-8")


@needs_chromium
def test_a_browser_draws_the_page(backend: str, tmp_path: Path):
    page = write_report(week(backend), tmp_path / "page.html")
    picture = tmp_path / "page.png"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=900,900"]
    command += [f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603
    assert picture.stat().st_size > 20_000


@pytest.fixture
def folder(tmp_path: Path, backend: str, capsys: pytest.CaptureFixture[str]) -> Path:
    """Run the example files."""
    for name, text in (("bars.csv", BARS), ("orders.csv", ORDERS)):
        (tmp_path / name).write_text(text)
    words = ["run", "--bars", str(tmp_path / "bars.csv"), "--orders", str(tmp_path / "orders.csv")]
    out = tmp_path / "out"
    words += ["--out", str(out), "--balance", "1000.5", "--leverage", "2"]
    assert main([*words, "--backend", backend, "--periods-per-year", "365"]) == 0
    capsys.readouterr()
    return out


def test_the_command_reports_a_run(folder: Path, backend: str, capsys: pytest.CaptureFixture[str]):
    assert main(["report", str(folder), "--backend", backend]) == 0
    assert "every sum is exact to the last unit" in capsys.readouterr().out
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    state = json.loads((folder / "state.json").read_text())
    assert state["digest"] in page.text
    assert page.metrics["net_profit"] == state["metrics"]["net_profit"] == "17.75"
    assert "omega-portfolio run: ACME, ZETA" in page.text
    assert " 365 " in page.text


def test_options_of_the_command(folder: Path, backend: str, capsys: pytest.CaptureFixture[str]):
    levels = folder / "levels.csv"
    levels.write_text("time,close\n2000-02-28,10.5\n2000-03-02,11\n")
    words = ["report", str(folder), "--backend", backend, "--json", "--title", "<x>"]
    words += ["--benchmark", str(levels), "--resample", "1d", "--risk-free-rate", "0.01"]
    words += ["--periods-per-year", "12", "--out", str(folder / "own.html")]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["report"] == str(folder / "own.html")
    assert document["sums_hold"] is True
    page = Page((folder / "own.html").read_text(encoding="utf-8"))
    assert "beta" in page.metrics
    assert " <x> " in page.text
    assert main(["report", str(folder), "--backend", backend, "--out", str(folder / "a.svg")]) == 0


def test_the_command_refuses(folder: Path, backend: str, capsys: pytest.CaptureFixture[str]):
    words = ["report", str(folder), "--backend", backend]
    assert main(["report", str(folder / "none")]) == 3
    assert "name the --out folder" in capsys.readouterr().err
    assert main([*words, "--out", str(folder / "a.pdf")]) == 2
    assert main([*words, "--periods-per-year", "0"]) == 2
    # A folder that is missing is made; a file cannot be one.
    assert main([*words, "--out", str(folder / "new" / "a.html")]) == 0
    assert (folder / "new" / "a.html").exists()
    assert main([*words, "--out", str(folder / "state.json" / "a.html")]) == 2
    assert main([*words, "--benchmark", str(folder / "none.csv")]) == 3
    (folder / "bad.csv").write_text("time,close\nyesterday,1\n")
    assert main([*words, "--benchmark", str(folder / "bad.csv")]) == 3
    state = folder / "state.json"
    document = json.loads(state.read_text())
    state.write_text(json.dumps({**document, "digest": "0" * 64}))
    assert main(words) == 4
    assert "another digest" in capsys.readouterr().err
    for text in ("{", "[]", "{}"):
        state.write_text(text)
        assert main(words) == 3
    assert not (folder / "report.html").exists()
