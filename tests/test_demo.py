"""The demonstrations: the rule on shares by hand, the account it leads to, and its files."""

import contextlib
import io
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from demo_by_hand import DIVIDENDS, SPLITS, crossings, trade_by_hand
from omega_portfolio.cli import main
from omega_portfolio.data import load_us5_daily
from omega_portfolio.demo import corporate_actions, signals
from omega_portfolio.demo.actions import Dividend, Split

TABLES = ("equity", "trades", "ledger", "positions", "events", "orders", "activity", "fills")


@dataclass
class Result:
    """What a demonstration left: its folder, what it printed, and its document."""

    folder: Path
    printed: str
    document: dict[str, Any]

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / f"{name}.parquet")


def demonstrate(folder: Path, backend: str, *words: str) -> Result:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(["demo", *words, "--out", str(folder), "--backend", backend]) == 0
    assert err.getvalue() == ""
    document = json.loads((folder / "state.json").read_text())
    return Result(folder, out.getvalue(), document)


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return load_us5_daily()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Run the demonstration once on each backend under test."""
    return {
        name: demonstrate(tmp_path_factory.mktemp(name) / "deep" / "demo", name)
        for name in _chosen_backends()
    }


def test_the_signals_are_the_crossings(bars: pl.DataFrame):
    days = signals(bars)
    assert days.height == bars.height
    for (_,), stock in days.group_by("symbol"):
        expected = crossings(stock["adj_close"].to_list())
        assert sum(map(abs, expected)) >= 3
        # Nothing can be ordered on the last day.
        expected[-1] = 0
        found = stock["enter"].cast(pl.Int8) - stock["leave"].cast(pl.Int8)
        assert found.to_list() == expected


def test_splits_and_dividends_are_the_published_ones(bars: pl.DataFrame):
    actions = corporate_actions(bars)
    splits = [action for action in actions if isinstance(action, Split)]
    assert {(one.symbol, str(one.time.date())): one.numerator for one in splits} == SPLITS
    assert {one.denominator for one in splits} == {1}
    dividends = {
        (one.symbol, str(one.time.date())): str(one.amount)
        for one in actions
        if isinstance(one, Dividend)
    }
    assert len(dividends) == 92
    assert dividends.items() >= DIVIDENDS.items()
    assert [action.time for action in actions] == sorted(action.time for action in actions)


def test_a_step_that_is_no_action_is_refused(bars: pl.DataFrame):
    stock = bars.filter(symbol="FB")
    assert corporate_actions(stock) == []
    for factor in (0.31, 1.0000123):
        row = pl.int_range(pl.len())
        adjusted = pl.when(row < 9).then(pl.col("adj_close") * factor).otherwise("adj_close")
        with pytest.raises(op.InvalidFrame, match="neither a split nor a dividend"):
            corporate_actions(stock.with_columns(adj_close=adjusted))


def test_the_trades_are_those_by_hand(backend: str, results: dict[str, Result], bars: pl.DataFrame):
    dividends = {
        (one.symbol, str(one.time.date())): one.amount
        for one in corporate_actions(bars)
        if isinstance(one, Dividend)
    }
    hand = trade_by_hand(bars, dividends)
    assert len(hand.trades) > 100
    names = ("symbol", "size", "entry_time", "exit_time", "exit_price", "reason")
    trades = results[backend].table("trades").select(*names, "gross_pnl", "net_pnl")
    found = sorted(trades.rows(), key=lambda row: (row[0], row[2]))
    assert found == sorted(hand.trades, key=lambda row: (row[0], row[2]))
    assert {row[5] for row in found} == {"time_exit", "stop_loss"}
    # A stop is filled at its level, and below it where the bar opened below.
    levels = results[backend].table("trades").filter(reason="stop_loss")
    gaps = levels.filter(pl.col("exit_price") < pl.col("stop_loss")).height
    assert 0 < gaps < levels.height
    assert levels.filter(pl.col("exit_price") > pl.col("stop_loss")).is_empty()
    ledger = results[backend].table("ledger")
    assert sum(ledger.filter(kind="dividend")["amount"]) == hand.dividends
    positions = results[backend].table("positions")
    held = {symbol: one.size for symbol, one in hand.held.items()}
    assert dict(positions.select("symbol", "size").iter_rows()) == held
    balance = 100_000 + sum(row[7] for row in hand.trades) + hand.dividends
    balance -= sum(one.fee for one in hand.held.values())
    assert Decimal(results[backend].document["account"]["balance"]) == balance


def test_a_position_lives_through_a_split(backend: str, results: dict[str, Result]):
    fills = results[backend].table("fills").filter(symbol="AAPL", position_id=38)
    trades = results[backend].table("trades").filter(symbol="AAPL", position_id=38)
    assert fills.select("side", "size").rows() == [("buy", 521), ("sell", 1042)]
    assert trades["entry_price"].to_list() == [fills["price"][0] / 2]
    assert str(trades["entry_time"][0].date()) < "2005-02-28" < str(trades["exit_time"][0].date())


def test_the_account_adds_up(backend: str, results: dict[str, Result], bars: pl.DataFrame):
    document = results[backend].document
    equity, trades, ledger, positions = (results[backend].table(name) for name in TABLES[:4])
    account = {
        name: Decimal(value)
        for name, value in document["account"].items()
        if name in {"balance", "unrealized_pnl", "equity", "initial_balance", "realized_pnl"}
    }
    assert document["backend"]["live"] == backend
    assert account["balance"] + account["unrealized_pnl"] == account["equity"]
    assert account["initial_balance"] + sum(ledger["amount"]) == account["balance"]
    assert sum(trades["gross_pnl"]) == account["realized_pnl"]
    assert sum(positions["unrealized_pnl"]) == account["unrealized_pnl"]
    gross = trades["size"] * (trades["exit_price"] - trades["entry_price"])
    assert gross.to_list() == trades["gross_pnl"].to_list()
    profit = sum(trades["net_pnl"]) + sum(positions["unrealized_pnl"]) - sum(positions["entry_fee"])
    profit += sum(ledger.filter(kind="dividend")["amount"])
    assert profit == account["equity"] - account["initial_balance"]
    assert Decimal(document["metrics"]["net_profit"]) == profit
    assert equity.height == bars["time"].n_unique() == 3270
    assert equity["time"].is_sorted()
    assert (equity["balance"] + equity["unrealized_pnl"] == equity["equity"]).all()


def test_the_results_are_plausible(backend: str, results: dict[str, Result], bars: pl.DataFrame):
    document = results[backend].document
    work, metrics, bookings = (document[name] for name in ("work", "metrics", "bookings"))
    days = signals(bars)
    orders = days["enter"].sum()
    assert work["orders_executed"] == document["input"]["orders"] == orders == 131
    assert work["orders_refused"] == 0
    assert work["trades"] == metrics["trade_count"] == 128
    assert document["account"]["open_positions"] == orders - work["trades"]
    assert bookings["activity"] == {"placed": orders, "filled": orders}
    assert {row["kind"] for row in bookings["postings"]} == {"realized_pnl", "fee", "dividend"}
    assert document["proof"]["holds"] is True
    placed = results[backend].table("activity").filter(kind="placed")
    assert placed["time"].dt.hour().unique().to_list() == [21]
    # Exact, so the same on every machine and backend.
    assert metrics["net_profit"] == "86029.2647"
    assert -0.5 < metrics["max_drawdown"] < -0.02
    assert 0.2 < metrics["win_rate"] < 0.6


def test_both_backends_write_the_same(results: dict[str, Result]):
    documents, statistics = [], []
    for result in results.values():
        document = json.loads(json.dumps(result.document))
        for name in ("backend", "files"):
            del document[name]
        for name in ("seconds", "rows_per_second"):
            del document["work"][name]
        # A statistic is a double: its last bit depends on the order of the sums.
        metrics = document["metrics"]
        names = [name for name, value in metrics.items() if isinstance(value, float)]
        statistics.append({name: metrics.pop(name) for name in names})
        documents.append(document)
    assert all(document == documents[0] for document in documents)
    assert len(statistics[0]) > 50
    assert all(one == pytest.approx(statistics[0], rel=1e-9) for one in statistics)


def test_the_report_repeats_the_demonstration(
    backend: str, results: dict[str, Result], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The stored events make the account again, or the command would answer with code 4."""
    page = tmp_path / "page.html"
    words = ["report", str(results[backend].folder), "--out", str(page), "--backend", backend]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["digest"] == results[backend].document["digest"]
    assert document["sums_hold"] is True


def test_the_report(backend: str, results: dict[str, Result]):
    result = results[backend]
    lines = result.printed.splitlines()
    place = str(result.folder)
    assert max(len(line) for line in lines if place not in line) <= 80
    for words in (
        "balance + floating = equity",
        "trades + floating - fees of open positions + dividends = net profit",
        "derived again",
        "stop_loss",
        "dividend",
        "Sharpe ratio",
        f"  backend           {backend}",
        "rows/s",
        "digest",
        "equity.parquet",
    ):
        assert words in result.printed
    assert result.printed.count("  holds\n") == 3
    files = [line.split()[0] for line in lines if line.startswith(f"  {place}")]
    assert len(files) == len(TABLES) + 3
    assert all(Path(file).exists() for file in files)
