"""Another engine's trades beside a portfolio's: what is the same, and why the rest is not."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op

MINUTE = 60_000_000
START = 1_704_186_000_000_000


def account(seed: int, trades: int = 40, backend: str | None = None) -> op.Portfolio:
    """Make trades of two symbols, some of them closed in pieces."""
    random = Random(seed)
    portfolio = op.Portfolio(10**7, backend=backend)
    portfolio.register_instrument(op.Instrument("LOT", price_decimals=2, contract_size=100))
    for number in range(trades):
        time = START + number * 10 * MINUTE
        symbol, side = random.choice(["ACME", "LOT"]), random.choice(["long", "short"])
        price = f"{100 + random.randint(0, 900) / 100:.2f}"
        size = random.randint(2, 9)
        position = portfolio.open_position(symbol, side, size, price, time, fee="0.35")
        if number % 4 == 0:
            portfolio.close_position(position, "104.5", time + MINUTE, size=1, fee="0.1")
        price = f"{100 + random.randint(0, 900) / 100:.2f}"
        portfolio.close_position(position, price, time + 2 * MINUTE, fee="0.2")
    return portfolio


def trades_of(portfolio: op.Portfolio, *, exact: bool = True) -> pl.DataFrame:
    frame = portfolio.get_trades(exact=exact).to_polars()
    return frame.with_columns(fees=pl.col("entry_fee") + pl.col("exit_fee"))


def money(value: object) -> Decimal:
    return Decimal(str(value))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_the_same_trades_do_not_differ(seed: int, exact: bool, backend: str) -> None:
    portfolio = account(seed, backend=backend)
    frame = trades_of(portfolio, exact=exact).sample(fraction=1, shuffle=True, seed=seed)
    found = op.compare(portfolio, frame)
    assert not found
    assert (found.same, found.missing, found.extra) == (len(frame), (), ())
    assert str(found) == f"no difference in {len(frame)} trades"
    assert {cause.name for cause in found.causes} <= {"float_arithmetic"}
    assert exact <= (found.causes == ())


def test_closes_in_pieces_may_be_one_trade(backend: str) -> None:
    portfolio = account(1, backend=backend)
    whole = (
        trades_of(portfolio, exact=False)
        .group_by("position_id", maintain_order=True)
        .agg(
            pl.first("symbol", "side", "entry_time", "entry_price"),
            pl.last("exit_time"),
            pl.sum("fees", "net_pnl", "swap"),
            ((pl.col("exit_price") * pl.col("size")).sum() / pl.sum("size")).alias("exit_price"),
            pl.sum("size"),
        )
    )
    found = op.compare(portfolio, whole)
    assert not found
    assert found.same == 40


CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("entry_price", {"entry_price": "0.25"}, "entry_price"),
    ("exit_price", {"exit_price": "-0.5"}, "exit_price"),
    ("fees", {"fees": "0.15"}, "fees"),
    ("swap", {"swap": "-1.5"}, "swap"),
    ("result", {"net_pnl": "3"}, "unexplained"),
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("_name", "change", "cause"), CHANGES)
def test_a_planted_cause_is_found_to_the_last_digit(
    _name: str, change: dict[str, str], cause: str, seed: int
) -> None:
    portfolio = account(seed)
    rows = trades_of(portfolio).rows(named=True)
    row = rows[seed * 3]
    before = dict(row)
    for name, by in change.items():
        row[name] += money(by)
    sign = 1 if row["side"] == "long" else -1
    size = (100 if row["symbol"] == "LOT" else 1) * row["size"]
    made = {
        "entry_price": -sign * size * (row["entry_price"] - before["entry_price"]),
        "exit_price": sign * size * (row["exit_price"] - before["exit_price"]),
        "fees": before["fees"] - row["fees"],
        "swap": row["swap"] - before["swap"],
        "unexplained": row["net_pnl"] - before["net_pnl"],
    }
    if cause != "unexplained":
        row["net_pnl"] += made[cause]
    found = op.compare(portfolio, pl.DataFrame(rows))
    (pair,) = found.pairs
    assert pair.why == ((cause, made[cause]),)
    assert (pair.trade_ids, pair.row, pair.moved) == ((row["trade_id"],), seed * 3, ())
    assert pair.theirs - pair.ours == made[cause] == found.theirs - found.ours
    assert found.causes == ((cause, 1, made[cause]),)
    assert cause in str(found)
    assert cause in found._repr_html_()


@pytest.mark.parametrize("seed", range(6))
def test_causes_add_up_to_the_last_digit(seed: int) -> None:
    random = Random(seed)
    portfolio = account(seed)
    frame = trades_of(portfolio, exact=False)
    frame = frame.with_columns(
        pl.Series("net_pnl", [value + random.gauss(0, 3) for value in frame["net_pnl"]]),
        pl.Series("entry_price", [value + random.gauss(0, 0.1) for value in frame["entry_price"]]),
        pl.Series("size", [value + random.choice([0, 0, 1]) for value in frame["size"]]),
    )
    found = op.compare(portfolio, frame.sample(fraction=0.8, seed=seed))
    assert found
    sums = sum((cause.amount for cause in found.causes), Decimal(0))
    assert abs(sums - (found.theirs - found.ours)) <= Decimal("1e-17")
    for pair in found.pairs:
        total = sum((amount for _, amount in pair.why), Decimal(0))
        assert abs(total - (pair.theirs - pair.ours)) <= Decimal("1e-17")
    seen = {number for pair in found.pairs for number in pair.trade_ids}
    assert seen.isdisjoint(found.missing)
    assert len(found.missing) + len(seen) + found.same == len(frame)


def test_missing_and_extra_trades() -> None:
    portfolio = account(2, trades=6)
    rows = trades_of(portfolio).rows(named=True)
    gone, more = rows[1], dict(rows[2])
    more["symbol"] = "OTHER"
    found = op.compare(portfolio, pl.DataFrame([rows[0], *rows[2:], more]))
    assert (found.missing, found.extra) == ((gone["trade_id"],), (len(rows) - 1,))
    amounts = {cause.name: cause.amount for cause in found.causes}
    assert amounts == {"missing": -gone["net_pnl"], "extra": more["net_pnl"]}


def test_a_fill_a_bar_later_is_a_moved_time() -> None:
    portfolio = account(3, trades=5)
    frame = trades_of(portfolio).with_columns(pl.col("entry_time") + pl.duration(minutes=1))
    found = op.compare(portfolio, frame)
    assert {pair.moved for pair in found.pairs} == {("entry_time",)}
    assert (found.causes, found.missing, found.extra) == ((), (), ())


def test_other_names_forms_and_a_gross_result() -> None:
    portfolio = op.Portfolio(1000)
    position = portfolio.open_position("ACME", "short", 2, 100, "2024-01-02", fee=1)
    portfolio.close_position(position, 90, "2024-01-03T12:00", fee=2)
    theirs = {
        "Ticker": ["ACME"],
        "side": ["SELL"],
        "Size": [-2],
        "EntryTime": ["2024-01-02"],
        "EntryPrice": [100.0],
        "ExitTime": [1_704_283_200_000_000],
        "ExitPrice": ["90.0"],
        "PnL": [20],
    }
    names = {
        "Ticker": "symbol",
        "Size": "size",
        "EntryTime": "entry_time",
        "EntryPrice": "entry_price",
        "ExitTime": "exit_time",
        "ExitPrice": "exit_price",
        "PnL": "gross_pnl",
    }
    found = op.compare(portfolio, pa.table(theirs), columns=names)
    assert found.causes == (("fees", 1, Decimal(3)),)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no text", {"symbol": 5}, "row 0, column symbol"),
    ("no side", {"side": "up"}, "row 0, column side"),
    ("null", {"size": None}, "row 0, column size"),
    ("not a number", {"entry_price": float("nan")}, "row 0, column entry_price"),
    ("words", {"exit_price": "much"}, "row 0, column exit_price"),
    ("true", {"net_pnl": True}, "row 0, column net_pnl"),
    ("no time", {"entry_time": "soon"}, "row 0, column entry_time"),
    ("no time at all", {"exit_time": None}, "row 0, column exit_time"),
    ("far away", {"exit_time": 2**62}, "row 0, column exit_time"),
]


@pytest.mark.parametrize(("_name", "change", "place"), BAD)
def test_bad_cells_are_named(_name: str, change: dict[str, Any], place: str) -> None:
    portfolio = account(1, trades=1)
    (row, *_) = trades_of(portfolio, exact=False).rows(named=True)
    with pytest.raises(op.InvalidFrame) as caught:
        op.compare(portfolio, pa.Table.from_pylist([{**row, **change}]))
    assert caught.value.argument == "trades"
    assert caught.value.value.startswith(place)


def test_bad_columns_and_arguments_are_named() -> None:
    portfolio = account(1, trades=2)
    frame = trades_of(portfolio)
    for name in ("symbol", "side", "size", "entry_time", "entry_price", "exit_time", "exit_price"):
        with pytest.raises(op.InvalidFrame, match=f"column {name}"):
            op.compare(portfolio, frame.drop(name))
    with pytest.raises(op.InvalidFrame, match="net_pnl"):
        op.compare(portfolio, frame.drop("net_pnl", "gross_pnl"))
    with pytest.raises(op.InvalidFrame, match="twice"):
        op.compare(portfolio, frame, columns={"tag": "size"})
    with pytest.raises(op.InvalidFrame, match="column none"):
        op.compare(portfolio, frame, columns={"none": "size"})
    with pytest.raises(op.InvalidFrame):
        op.compare(portfolio, 5)
    for columns in ("size", ["size"], {1: "size"}):
        with pytest.raises(op.InvalidArgument, match="columns"):
            op.compare(portfolio, frame, columns=columns)
    with pytest.raises(op.InvalidArgument, match="portfolio"):
        op.compare(frame, frame)
    assert op.compare(op.Portfolio(1), frame.head(0)).same == 0
