"""The golden values of the metrics, the bars they stand on, and portfolios that replay them.

The bars are those that the package `backtesting` ships for its own tests. It is installed for
development only; no row of it is in this tree, and the checksums show that the bars are those
the golden values were calculated from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from backtesting.test import EURUSD, GOOG

import omega_portfolio as op

FILE = Path(__file__).parent / "golden" / "metrics.json"
GOLDEN: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
DATASETS = tuple(GOLDEN["datasets"])
RATES = ("0.0", "0.02")
TRADED = ("GOOG", "EURUSD")
FILLS = ("close", "next_open")

# Ten trials with the annualised Sharpe ratios 0.1, 0.2 .. 1.0.
TRIALS = [number / 10 for number in range(1, 11)]

COMMISSION = Decimal("0.0002")
STOP_DISTANCE = Decimal("0.02")
YEAR_SECONDS = 31_557_600


@dataclass(frozen=True)
class Values:
    """One block of golden values, and the run that has to give them."""

    dataset: str
    rate: str
    digits: dict[str, str | None]

    def options(self) -> dict[str, Any]:
        return {
            "periods_per_year": GOLDEN["datasets"][self.dataset]["input"]["periods_per_year"],
            "risk_free_rate": self.rate,
            "trials": TRIALS,
        }


def equity_values(dataset: str, rate: str) -> Values:
    return Values(dataset, rate, GOLDEN["datasets"][dataset]["equity"][rate]["values"])


def benchmark_values(dataset: str, fill: str, rate: str) -> Values:
    block = GOLDEN["datasets"][dataset]["trade_lists"][fill]["benchmark"][rate]
    return Values(dataset, rate, block["values"])


def trade_list(dataset: str, fill: str) -> dict[str, Any]:
    found: dict[str, Any] = GOLDEN["datasets"][dataset]["trade_lists"][fill]
    return found


@cache
def bars(dataset: str) -> pd.DataFrame:
    """Give the bars of a dataset as the golden values have them."""
    if dataset == "GOOG_FROM_PEAK":
        return GOOG.iloc[810:1100]
    if dataset == "EURUSD_1D":
        return EURUSD.resample("1D").last().dropna()
    return {"GOOG": GOOG, "EURUSD": EURUSD}[dataset]


def closes(dataset: str) -> np.ndarray:
    return bars(dataset)["Close"].to_numpy("float64")


def times(dataset: str) -> list[datetime]:
    return [stamp.to_pydatetime().replace(tzinfo=timezone.utc) for stamp in bars(dataset).index]


def frame(dataset: str, column: str = "equity", values: object = None) -> pa.Table:
    """Make a table of time and value; the closes unless other values are given."""
    stamps = pa.array(times(dataset), pa.timestamp("us", "UTC"))
    return pa.table({"time": stamps, column: closes(dataset) if values is None else values})


@dataclass(frozen=True)
class Deal:
    """One trade of a golden list; the last position stays open and has no exit."""

    side: str
    entry_bar: int
    entry_price: Decimal
    exit_bar: int | None
    exit_price: Decimal | None
    net_pnl: Decimal | None = None
    mae: float | None = None
    mfe: float | None = None

    def stop(self) -> Decimal:
        away = 1 - STOP_DISTANCE if self.side == "long" else 1 + STOP_DISTANCE
        return self.entry_price * away


def deals(dataset: str, fill: str) -> list[Deal]:
    """Give the closed trades and, last, the one that stays open."""
    found = trade_list(dataset, fill)
    rows = [dict(zip(found["trade_columns"], row, strict=True)) for row in found["trades"]]
    left = found["open_trade"]
    return [
        *(
            Deal(
                row["side"],
                row["entry_bar"],
                Decimal(repr(row["entry_price"])),
                row["exit_bar"],
                Decimal(repr(row["exit_price"])),
                Decimal(row["net_pnl_25_digits"]),
                row["mae"],
                row["mfe"],
            )
            for row in rows
        ),
        Deal(left["side"], left["entry_bar"], Decimal(repr(left["entry_price"])), None, None),
    ]


def fee(price: Decimal, size: int) -> Decimal:
    return COMMISSION * price * size


class Replay:
    """Trades a golden list on a portfolio, bar by bar."""

    def __init__(self, dataset: str, fill: str, backend: str, *, stops: bool = True) -> None:
        rule = trade_list(dataset, fill)["rule"]
        self.dataset, self.fill, self.stops = dataset, fill, stops
        self.size: int = rule["size"]
        self.portfolio = op.Portfolio(rule["cash"], backend=backend)
        self.portfolio.register_instrument(
            op.Instrument(dataset, price_decimals=9, size_decimals=0)
        )
        self.deals = iter(deals(dataset, fill))
        self.next: Deal | None = next(self.deals)
        self.held: tuple[int, Deal] | None = None

    def steps(self) -> Iterator[op.Portfolio]:
        """Play the bars; gives the portfolio after each bar."""
        prices = bars(self.dataset)[["High", "Low", "Close"]].to_numpy()
        for bar, (time, row) in enumerate(zip(times(self.dataset), prices, strict=True)):
            high, low, close = (Decimal(repr(float(price))) for price in row)
            if self.fill == "next_open":
                self.trade(bar, time)
            for price in (low, high):
                self.portfolio.mark({self.dataset: price}, time=time)
            if self.fill == "close":
                self.trade(bar, time)
            # The starting balance is the equity of the first bar, so it has no row.
            if bar > 0:
                self.portfolio.update_equity(time, {self.dataset: close})
            yield self.portfolio

    def run(self) -> op.Portfolio:
        for _ in self.steps():
            pass
        assert self.next is None, "not all trades were made"
        return self.portfolio

    def trade(self, bar: int, time: datetime) -> None:
        if self.held is not None and self.held[1].exit_bar == bar:
            self.close(time)
        if self.next is not None and self.next.entry_bar == bar:
            self.open(self.next, time)

    def open(self, deal: Deal, time: datetime) -> None:
        assert self.held is None
        price = deal.entry_price
        number = self.portfolio.open_position(
            self.dataset,
            deal.side,
            self.size,
            price,
            time,
            stop_loss=deal.stop() if self.stops else None,
            fee=fee(price, self.size),
        )
        self.held, self.next = (number, deal), next(self.deals, None)

    def close(self, time: datetime) -> None:
        assert self.held is not None
        number, deal = self.held
        price = deal.exit_price
        assert price is not None
        trade = self.portfolio.close_position(number, price, time, fee=fee(price, self.size))
        assert deal.net_pnl is not None
        assert abs(trade.net_pnl - deal.net_pnl) < Decimal("1e-9")
        assert abs(float(trade.mae) - deal.mae) < 1e-6
        assert abs(float(trade.mfe) - deal.mfe) < 1e-6
        self.held = None


def exact_rows(dataset: str, fill: str) -> pd.DataFrame:
    """Work out equity and exposure of each bar from the list alone, in whole numbers.

    Columns equity and net_exposure are Decimals; this shares no code with the package.
    """
    rule = trade_list(dataset, fill)["rule"]
    prices = [Decimal(repr(float(price))) for price in closes(dataset)]
    cash, rows = Decimal(rule["cash"]), []
    plan = deals(dataset, fill)
    entries = {deal.entry_bar: deal for deal in plan}
    exits = {deal.exit_bar: deal for deal in plan if deal.exit_bar is not None}
    held: Deal | None = None
    for bar, price in enumerate(prices):
        if bar in exits:
            held, deal = None, exits[bar]
            assert deal.exit_price is not None
            cash += signed(deal, rule["size"]) * deal.exit_price - fee(
                deal.exit_price, rule["size"]
            )
        if bar in entries:
            held = entries[bar]
            cash -= signed(held, rule["size"]) * held.entry_price + fee(
                held.entry_price, rule["size"]
            )
        value = signed(held, rule["size"]) * price if held is not None else Decimal(0)
        rows.append((cash + value, value))
    return pd.DataFrame(rows, columns=["equity", "net_exposure"])


def signed(deal: Deal, size: int) -> int:
    return size if deal.side == "long" else -size


def trades_frame(dataset: str, fill: str, *, stops: bool = True) -> pa.Table:
    """Make the table of the closed trades for a History."""
    size = trade_list(dataset, fill)["rule"]["size"]
    stamps = times(dataset)
    closed = [deal for deal in deals(dataset, fill) if deal.exit_bar is not None]
    price = pa.decimal128(38, 9)
    money = pa.decimal128(38, 18)

    def amounts(values: Iterator[Decimal]) -> pa.Array:
        return pa.array([value.quantize(Decimal("1e-18")) for value in values], money)

    gross = [signed(deal, size) * (deal.exit_price - deal.entry_price) for deal in closed]
    entry = [fee(deal.entry_price, size) for deal in closed]
    leave = [fee(deal.exit_price, size) for deal in closed]
    columns: dict[str, Any] = {
        "entry_time": pa.array([stamps[deal.entry_bar] for deal in closed]),
        "exit_time": pa.array([stamps[deal.exit_bar] for deal in closed]),
        "symbol": [dataset] * len(closed),
        "side": [deal.side for deal in closed],
        "size": pa.array([size] * len(closed), pa.int64()),
        "entry_price": pa.array([deal.entry_price for deal in closed], price),
        "gross_pnl": amounts(iter(gross)),
        "entry_fee": amounts(iter(entry)),
        "exit_fee": amounts(iter(leave)),
        "net_pnl": amounts(g - e - x for g, e, x in zip(gross, entry, leave, strict=True)),
        "cost": amounts(deal.entry_price * size for deal in closed),
        "mae": [deal.mae for deal in closed],
        "mfe": [deal.mfe for deal in closed],
    }
    if stops:
        columns["stop_loss"] = pa.array([deal.stop() for deal in closed], price)
    return pa.table(columns)


def held_seconds(dataset: str, fill: str, *, closed_only: bool) -> timedelta:
    """Sum the time with a position; the lists always reverse, so no two overlap."""
    stamps = times(dataset)
    total = timedelta()
    for deal in deals(dataset, fill):
        if deal.exit_bar is not None:
            total += stamps[deal.exit_bar] - stamps[deal.entry_bar]
        elif not closed_only:
            total += stamps[-1] - stamps[deal.entry_bar]
    return total
