"""The demonstration: the rule by hand, the account it leads to, and the files it writes."""

import json
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import omega_portfolio as op
from omega_portfolio.cli import main
from omega_portfolio.data import load_us5_daily
from omega_portfolio.demo import Rule, build_orders, signals

SPLITS = [
    ("AAPL", datetime(2000, 6, 21, tzinfo=timezone.utc)),
    ("AAPL", datetime(2005, 2, 28, tzinfo=timezone.utc)),
    ("MSFT", datetime(2003, 2, 18, tzinfo=timezone.utc)),
]


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return load_us5_daily()


@pytest.fixture(scope="module")
def orders(bars: pl.DataFrame) -> pl.DataFrame:
    return build_orders(bars)


def plain_orders(bars: pl.DataFrame) -> list[tuple[object, ...]]:
    """Apply the rule of the module's text with loops, day by day and stock by stock."""
    rule = Rule()
    found: list[tuple[object, ...]] = []
    for (symbol,), days in bars.group_by("symbol", maintain_order=True):
        adjusted = days["adj_close"].to_list()
        closes = [float(value) for value in days["close"].to_list()]
        times = days["time"].dt.date().to_list()
        held, number = 0, 0
        for day in range(len(adjusted) - 1):
            means = [sum(adjusted[day + 1 - n : day + 1]) / n for n in (rule.fast, rule.slow)]
            hold = day + 1 >= rule.slow and means[0] > means[1]
            ratios = [closes[d] / adjusted[d] for d in (day, day + 1)]
            jump = ratios[1] / ratios[0]
            split = not 0.8 <= jump <= 1.25
            if held and (split or not hold):
                price = days["close"][day] if split else None
                found.append((times[day], symbol, "close", None, price, f"{symbol}-{number}", held))
                held = 0
            if hold and not held:
                held, number = int(rule.cash // (closes[day] * (jump if split else 1))), number + 1
                found.append((times[day], symbol, "open", held, None, f"{symbol}-{number}", held))
    return sorted(found, key=lambda row: (row[0], row[2], row[1]))


def test_orders_follow_the_rule(bars: pl.DataFrame, orders: pl.DataFrame):
    expected = plain_orders(bars)
    assert len(expected) > 200
    names = ("time", "symbol", "action", "size", "price", "key", "fee")
    rows = orders.with_columns(pl.col("time").dt.date()).select(names).rows()
    found = sorted(rows, key=lambda row: (row[0], row[2], row[1]))
    assert [row[:6] for row in found] == [row[:6] for row in expected]
    # The fee is half a cent per share, also for a close, whose row has no size.
    assert [row[6] for row in found] == [Decimal("0.005") * row[6] for row in expected]


def test_orders_are_given_after_the_close(orders: pl.DataFrame):
    assert orders["time"].dt.hour().unique().to_list() == [21]
    assert orders["time"].is_sorted()


def test_no_position_lives_through_a_split(bars: pl.DataFrame):
    days = signals(bars).filter("split_next")
    assert days.select("symbol", pl.col("time").dt.strftime("%Y-%m-%d")).rows() == [
        ("AAPL", "2000-06-20"),
        ("AAPL", "2005-02-25"),
        ("MSFT", "2003-02-14"),
    ]
    assert [round(factor, 6) for factor in days["split_factor"].to_list()] == [0.5, 0.5, 0.5]
    orders = build_orders(bars).filter(tag="split")
    assert orders.select("symbol", "action", "price").rows() == [
        ("AAPL", "close", Decimal("88.99")),
        ("AAPL", "open", None),
    ]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run the demonstration once on each available backend."""
    folders = {}
    for name in op.backend_status().available:
        folders[name] = tmp_path_factory.mktemp(name) / "deep" / "demo"
        assert main(["demo", "--out", str(folders[name]), "--backend", name]) == 0
    return folders


def test_the_account_adds_up(backend: str, results: dict[str, Path], bars: pl.DataFrame):
    folder = results[backend]
    document = json.loads((folder / "state.json").read_text())
    names = ("equity", "trades", "ledger", "positions")
    equity, trades, ledger, positions = (
        pl.read_parquet(folder / f"{name}.parquet") for name in names
    )
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
    # Every price, size and fee is there, so the profit follows from the files alone.
    gross = trades["size"] * (trades["exit_price"] - trades["entry_price"])
    assert gross.to_list() == trades["gross_pnl"].to_list()
    profit = sum(trades["net_pnl"]) + sum(positions["unrealized_pnl"]) - sum(positions["entry_fee"])
    assert profit == account["equity"] - account["initial_balance"]
    assert Decimal(document["metrics"]["net_profit"]) == profit
    assert equity.height == bars["time"].n_unique() == 3270
    assert equity["time"].is_sorted()
    assert (equity["balance"] + equity["unrealized_pnl"] == equity["equity"]).all()


def test_the_results_are_plausible(backend: str, results: dict[str, Path], orders: pl.DataFrame):
    document = json.loads((results[backend] / "state.json").read_text())
    work, metrics = document["work"], document["metrics"]
    closes = orders.filter(action="close").height
    assert work["orders_refused"] == 0
    assert work["orders_executed"] == document["input"]["orders"] == orders.height
    assert work["trades"] == metrics["trade_count"] == closes
    assert document["account"]["open_positions"] == orders.height - 2 * closes
    # 5 symbols are registered on their first bar or fill; the rest are orders and updates.
    assert work["events"] == orders.height + work["equity_rows"] + 5
    assert document["proof"]["holds"] is True
    trades = pl.read_parquet(results[backend] / "trades.parquet")
    for symbol, day in SPLITS:
        alive = (pl.col("entry_time") < day) & (pl.col("exit_time") >= day)
        assert trades.filter(alive, symbol=symbol).is_empty()
    assert trades.filter(pl.col("reason") == "split").height == 1
    # Exact, so the same on every machine and backend.
    assert (metrics["net_profit"], metrics["trade_count"]) == ("86889.9197", 129)
    assert -0.5 < metrics["max_drawdown"] < -0.02
    assert 0.2 < metrics["win_rate"] < 0.6


def test_both_backends_write_the_same(results: dict[str, Path]):
    documents, statistics = [], []
    for folder in results.values():
        document = json.loads((folder / "state.json").read_text())
        for name in ("backend", "files"):
            del document[name]
        for name in ("seconds", "rows_per_second"):
            del document["work"][name]
        # A statistic is a double: its last bit depends on the order of the sums.
        metrics = document["metrics"]
        names = [name for name, value in metrics.items() if isinstance(value, float)]
        statistics.append({name: metrics.pop(name) for name in names})
        documents.append(document)
    assert len(documents) == len(op.backend_status().available)
    assert all(document == documents[0] for document in documents)
    assert len(statistics[0]) > 50
    assert statistics[0]["sharpe_ratio"] == pytest.approx(0.458270114533633, rel=1e-9)
    assert all(one == pytest.approx(statistics[0], rel=1e-9) for one in statistics)


def test_run_repeats_the_demonstration(
    backend: str, results: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = results[backend]
    words = ["run", "--bars", str(folder / "bars.arrow"), "--orders", str(folder / "orders.csv")]
    assert main([*words, "--out", str(tmp_path), "--backend", backend, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["digest"] == json.loads((folder / "state.json").read_text())["digest"]
    for name in ("equity", "trades", "ledger", "positions"):
        first, second = (pl.read_parquet(f / f"{name}.parquet") for f in (folder, tmp_path))
        assert first.equals(second), name


def test_the_report(backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["demo", "--out", str(tmp_path / "o"), "--backend", backend]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    width_max = max(len(line) for line in lines if str(tmp_path) not in line)
    assert width_max <= 80
    for words in (
        "balance + floating = equity",
        "trades + floating - fees of open positions = net profit",
        "derived again",
        "Sharpe ratio",
        f"  backend           {backend}",
        "rows/s",
        "digest",
        "equity.parquet",
    ):
        assert words in captured.out
    assert captured.out.count("  holds\n") == 3
    files = [line.split()[0] for line in lines if line.startswith(f"  {tmp_path}")]
    assert len(files) == 8
    assert all(Path(file).exists() for file in files)
