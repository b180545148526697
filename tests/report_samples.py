"""Small accounts and histories that the tests of the report draw, and readers of what comes out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from html.parser import HTMLParser

import polars as pl

import omega_portfolio as op

VOID = {"meta", "br", "img", "input", "link"}
HOSTILE = '</title><script>alert("x")</script> & <b>'


def week(backend: str) -> op.Portfolio:
    """Make an account of a week: gains, a fall, three trades of two symbols, an open position."""
    portfolio = op.Portfolio("10000", leverage=2, backend=backend)
    prices = {
        "ACME": [100, 104, 101, 99, 107, 110, 108, 115],
        "ZETA": [20, 19, 18, 19, 21, 22, 21, 20],
    }
    held: dict[str, int] = {}
    for day in range(8):
        when = f"2024-01-0{day + 1}"
        quotes = {symbol: values[day] for symbol, values in prices.items()}
        portfolio.mark(quotes, time=when)
        if day in {0, 4}:
            held["a"] = portfolio.open_position(
                "ACME", "long", 50, quotes["ACME"], when, fee="0.25", stop_loss=90, tag="<first>"
            )
        if day == 1:
            held["z"] = portfolio.open_position("ZETA", "short", 30, 19, when, fee="0.125")
        if day in {3, 6}:
            portfolio.close_position(held["a"], quotes["ACME"], when, fee="0.25", reason="a&b")
        if day == 5:
            portfolio.close_position(held["z"], 22, when, size=10, fee="0.1", reason="stop")
        portfolio.update_equity(when, quotes)
    return portfolio


def ruined(backend: str) -> op.Portfolio:
    """Make an account whose equity falls below 0."""
    portfolio = op.Portfolio("1000", leverage=100, backend=backend)
    portfolio.open_position("ACME", "long", 200, 100, "2024-01-02")
    for day, price in ((3, 104), (4, 90), (5, 96)):
        portfolio.update_equity(f"2024-01-0{day}", {"ACME": price})
    return portfolio


def history(
    values: list[float], backend: str, trades: pl.DataFrame | None = None, **options: object
) -> op.History:
    """Make a history of daily values."""
    days = [date(2024, 1, 1) + timedelta(days=day) for day in range(len(values))]
    frame = pl.DataFrame(
        {"time": days, "equity": values}, schema={"time": pl.Date, "equity": pl.Float64}
    )
    return op.History(frame, trades, backend=backend, **options)


def trades(number: int, symbol: Callable[[int], str] = lambda _: "ACME") -> pl.DataFrame:
    """Make trades that win and lose in turn."""
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    times = [start + timedelta(hours=row) for row in range(number)]
    return pl.DataFrame(
        {
            "entry_time": times,
            "exit_time": [time + timedelta(minutes=30) for time in times],
            "net_pnl": [(-1) ** row * (row % 97 + 1) * 1.5 for row in range(number)],
            "symbol": [symbol(row) for row in range(number)],
            "side": ["long"] * number,
            "entry_fee": [0.5] * number,
            "exit_fee": [0.25] * number,
            "mae": [-1.0 * (row % 31) for row in range(number)],
            "mfe": [2.0 * (row % 29) for row in range(number)],
        }
    )


class Page(HTMLParser):
    """Reads a page: tags that match, what is loaded, metrics, identifiers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.identifiers: list[str] = []
        self.metrics: dict[str, str] = {}
        self.words: list[str] = []
        self._metric = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name in {"src", "href", "srcset", "data", "action"}:
                self.links.append(value or "")
            if name == "id":
                self.identifiers.append(value or "")
            if name == "data-metric":
                self._metric = value or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._metric:
            self.metrics[self._metric], self._metric = data, ""

    @property
    def text(self) -> str:
        """Everything that can be read, without the style."""
        return " ".join(word for word in self.words if "--ink" not in word)
