"""The report: one page that holds everything, is right about it, and needs nothing."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import omega_portfolio as op
from omega_portfolio.report import Plot, plot, write_report
from omega_portfolio.report.pictures import KINDS
from omega_portfolio.report.tables import metric_text
from report_samples import HOSTILE, Page, history, ruined, trades, week

SIZE_MAX = 400_000
PANELS = (
    "Equity",
    "Drawdown",
    "Worst drawdowns",
    "Monthly returns",
    "Yearly returns",
    "Distribution of returns",
    "Rolling Sharpe ratio and volatility",
    "Exposure and margin",
    "Trades",
    "Against: MAE",
    "In favour: MFE",
    "Profit by symbol",
    "Trades by group",
    "Accounting, to the last unit",
    "All metrics",
)


def page_of(analysis: op.Analysis, tmp_path: Path, **options: object) -> Page:
    path = write_report(analysis, tmp_path / "report.html", **options)
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < SIZE_MAX
    page = Page(text)
    assert "script" not in page.tags
    assert all(link.startswith("#") for link in page.links)
    addresses = re.findall(r"\w+://[^\"'\s<)]*", text)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(|@font-face", text)
    assert len(page.identifiers) == len(set(page.identifiers))
    assert "NaN" not in text
    assert not re.search(r"\b(?:inf|nan)\b", page.text)
    assert not {"None", "NaN", "inf", "nan"} & {word.strip() for word in page.words}
    return page


def test_every_panel_of_an_account(backend: str, tmp_path: Path):
    page = page_of(week(backend), tmp_path, title="A week")
    for title in PANELS:
        assert f" {title} " in f" {page.text} ", title
    assert page.tags.count("h1") == 1
    assert page.tags.count("title") > page.tags.count("svg") > 15


def test_the_figures_are_those_of_the_metrics(backend: str, tmp_path: Path):
    portfolio = week(backend)
    options = {"periods_per_year": 365, "risk_free_rate": 0.02, "confidence": 0.25}
    benchmark = pl.DataFrame({"time": ["2024-01-01", "2024-01-04"], "close": [10, 11]})
    benchmark = benchmark.with_columns(pl.col("time").str.to_date())
    page = page_of(portfolio, tmp_path, benchmark=benchmark, **options)
    metrics = portfolio.calculate_metrics(benchmark=benchmark, **options)
    expected = {name: metric_text(name, value) for name, value in metrics.items()}
    assert page.metrics == expected
    plain = {name: text.replace("\N{MINUS SIGN}", "-") for name, text in expected.items()}
    assert plain["net_profit"] == f"{portfolio.equity - 10000:.3f}"
    assert plain["total_return"] == f"{100 * metrics['total_return']:.2f} %"
    for text in ("365", "2.00 %", "25.00 %"):
        assert f" {text} " in page.text


def test_without_a_benchmark_its_metrics_are_left_out(backend: str, tmp_path: Path):
    page = page_of(week(backend), tmp_path)
    assert "beta" not in page.metrics
    assert "sharpe_ratio" in page.metrics


def test_the_sums_are_exact_and_the_digest_is_there(backend: str, tmp_path: Path):
    portfolio = week(backend)
    portfolio.deposit("12.345678901234567891", "2024-01-09")
    portfolio.charge_fee("0.1", "2024-01-09")
    portfolio.withdraw("5", "2024-01-09")
    page = page_of(portfolio, tmp_path)
    assert page.words.count("exact") == 4
    assert "4 of 4 sums exact to the last unit" in page.text
    assert "DOES NOT HOLD" not in page.text
    assert portfolio.digest in page.text
    assert f"{portfolio.balance:,f}".rstrip("0") in page.text


def test_a_sum_that_does_not_hold_is_shown(backend: str, monkeypatch: pytest.MonkeyPatch, tmp_path):
    from omega_portfolio.report import books

    def off(column: pl.Series) -> Decimal:
        return books.add(column) + Decimal("0.000000000000000001")

    monkeypatch.setattr(books, "total", off)
    page = page_of(week(backend), tmp_path)
    assert "1 of 4 sums exact to the last unit" in page.text
    assert page.text.count("DOES NOT HOLD") == 3


def test_a_history_shows_what_it_has(backend: str, tmp_path: Path):
    one = history([100.0, 103.0, 101.0, 108.0], backend, trades(3))
    page = page_of(one, tmp_path)
    assert "A history has no ledger" in page.text
    fingerprint = re.search(r"Data fingerprint\s+([0-9a-f]{64})", page.text)
    assert fingerprint is not None
    again = page_of(history([100.0, 103.0, 101.0, 108.0], backend, trades(3)), tmp_path)
    assert fingerprint[1] in again.text
    other = page_of(history([100.0, 103.0, 101.0, 108.5], backend, trades(3)), tmp_path)
    assert fingerprint[1] not in other.text


CASES = {
    "no point": (lambda b: op.Portfolio(1000, backend=b), "There is no equity point"),
    "one point": (lambda b: history([5.0], b), "All points are at one moment"),
    "three points": (lambda b: history([10.0, 11.0, 10.5], b), "Rolling figures need 15 periods"),
    "ruin": (ruined, "The equity was not always above 0"),
    "nothing at the start": (lambda b: history([0.0, 1.0], b), "The first equity is not above 0"),
    "constant": (lambda b: history([100.0] * 50, b), "The equity never fell"),
    "always up": (lambda b: history([100.0 + k for k in range(50)], b), "no fall below an earlier"),
    "one trade": (lambda b: history([10.0, 11.0], b, trades(1)), "1 trade"),
    "no trade": (lambda b: history([10.0, 11.0], b), "There is no closed trade."),
    "growth": (lambda b: history([1e12 * 1.1**k for k in range(150)], b), "logarithmic axis"),
    "tiny": (lambda b: history([1e-6, 2e-6, 1e-6], b), "Deepest fall"),
}


@pytest.mark.parametrize("name", CASES)
def test_odd_histories_have_a_page_and_pictures(name: str, backend: str, tmp_path: Path):
    make, text = CASES[name]
    analysis = make(backend)
    assert text in page_of(analysis, tmp_path).text
    for kind in KINDS:
        picture = plot(analysis, kind=kind)
        root = ET.fromstring(picture.svg)  # noqa: S314 - it was written here.
        assert root.tag.endswith("svg")
        assert "nan" not in picture.svg
        assert "inf" not in picture.svg


def test_many_trades_and_symbols_are_thinned_and_say_so(backend: str, tmp_path: Path):
    symbols = trades(10_000, lambda row: f"S{row % 400}")
    page = page_of(history([100.0 + k % 9 for k in range(300)], backend, symbols), tmp_path)
    shown = re.search(r"([\d,]+) of 10,000 trades, one of those that would cover", page.text)
    assert shown is not None
    assert 200 < int(shown[1].replace(",", "")) < 5000
    assert "400 symbols; the best and the worst 15" in page.text
    assert "370 others" in page.text
    assert "the 15 of 400 with the largest results" in page.text


def test_long_histories_show_the_last_years(backend: str, tmp_path: Path):
    months = history([100.0 + k % 13 + k / 100 for k in range(300 * 30)], backend)
    page = page_of(months, tmp_path)
    assert " 2024 " in page.text
    assert " 2048 " in page.text
    years = history([100.0 + k % 13 + k / 100 for k in range(60 * 366)], backend)
    assert "the last 40 of 61 years" in page_of(years, tmp_path, resample="1w").text


def test_everything_that_a_user_names_is_escaped(backend: str, tmp_path: Path):
    names = trades(6, lambda _: '"><img src=x onerror=y>').with_columns(
        tag=pl.Series([HOSTILE, "b"] * 3), reason=pl.Series(["<i>\x01\x0b", "c"] * 3)
    )
    page = page_of(history([1.0, 2.0, 3.0], backend, names), tmp_path, title=HOSTILE)
    assert "img" not in page.tags
    assert "b" not in page.tags
    assert "i" not in page.tags
    assert page.text.count(HOSTILE) >= 3
    picture = write_report(history([1.0, 2.0], backend), tmp_path / "x.svg", title=HOSTILE)
    ET.parse(picture)  # noqa: S314 - it was written here.


@pytest.mark.parametrize(
    ("name", "options", "argument"),
    [
        ("report.pdf", {}, "path"),
        ("report", {}, "path"),
        ("r.html", {"title": 5}, "title"),
        ("r.html", {"interactive": 1}, "interactive"),
        ("r.svg", {"interactive": True}, "interactive"),
        ("r.html", {"resample": "2d"}, "resample"),
        ("r.svg", {"resample": "2d"}, "resample"),
        ("r.html", {"benchmark": 7}, "benchmark"),
    ],
)
def test_arguments_are_refused(
    name: str, options: dict[str, object], argument: str, backend: str, tmp_path: Path
):
    with pytest.raises(op.InvalidArgument) as caught:
        write_report(week(backend), tmp_path / name, **options)
    assert caught.value.argument == argument
    assert list(tmp_path.iterdir()) == []


def test_options_are_refused_as_by_the_metrics(backend: str, tmp_path: Path):
    for name in ("r.html", "r.svg"):
        with pytest.raises(op.InvalidNumber):
            write_report(week(backend), tmp_path / name, periods_per_year=0)
    with pytest.raises(op.InvalidArgument):
        write_report(week(backend), 5)  # type: ignore[arg-type]


def test_kinds_are_refused(backend: str):
    for kind in ("pie", 5, None):
        with pytest.raises(op.InvalidArgument, match="choose one of equity"):
            plot(week(backend), kind=kind)  # type: ignore[arg-type]
    late = pl.DataFrame({"time": [2_000_000_000_000_000], "close": [1]})
    with pytest.raises(op.InvalidFrame):
        plot(week(backend), benchmark=late)


def test_a_missing_extra_says_what_to_install(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for module in ("vl_convert", "altair", "great_tables"):
        monkeypatch.setitem(sys.modules, module, None)
    for name, options in (("r.png", {}), ("r.html", {"interactive": True})):
        with pytest.raises(op.InvalidArgument, match=r"pip install 'omega-portfolio\[report\]'"):
            write_report(week(backend), tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_plot_is_for_notebooks_and_files(backend: str, tmp_path: Path):
    picture = week(backend).plot()
    assert isinstance(picture, Plot)
    bundle = picture._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"image/svg+xml": picture.svg, "text/plain": repr(picture)}
    assert repr(picture) == "<Plot equity: From 10k to 9,949 USD>"
    assert "<script" not in picture.svg
    path = picture.save(tmp_path / "x.SVG")
    assert path.read_text(encoding="utf-8") == picture.svg
    with pytest.raises(op.InvalidArgument):
        picture.save(tmp_path / "x.gif")
    with pytest.raises(AttributeError):
        picture.svg = ""  # type: ignore[misc]


def test_a_benchmark_is_rebased_to_the_start(backend: str, tmp_path: Path):
    from omega_portfolio.report.pictures import curve_of
    from omega_portfolio.report.source import Options

    days = pl.date_range(pl.date(2023, 12, 30), pl.date(2024, 1, 4), "1d", eager=True)
    levels = pl.DataFrame({"time": days, "value": [40.0, 50.0, 50.0, 55.0, 60.0, 45.0]})
    one = history([100.0, 90.0, 120.0, 130.0], backend)
    frame = curve_of(one, Options(benchmark=levels)).frame
    assert frame["benchmark"].to_list() == pytest.approx([100, 110, 120, 90])
    assert frame["drawdown"].to_list() == pytest.approx([0, -0.1, 0, 0])
    for frames in (levels.to_arrow(), levels.to_arrow().to_reader()):
        page = page_of(one, tmp_path, benchmark=frames)
        assert "Benchmark, rebased to the start" in page.text


def test_points_are_those_of_the_metrics(backend: str):
    from omega_portfolio.report.pictures import curve_of
    from omega_portfolio.report.source import Options

    portfolio = week(backend)
    portfolio.update_equity("2024-01-08", {"ACME": 116})
    for resample in (None, "1d", "1w", "1mo"):
        curve = curve_of(portfolio, Options(resample=resample))
        assert curve.frame.height == portfolio.metric("period_count", resample=resample) + 1
        depth = portfolio.metric("max_drawdown", resample=resample)
        assert curve.frame["drawdown"].min() == pytest.approx(depth)
        assert curve.frame["equity"][0] == 10000
        assert curve.frame["gross"][0] == 0
