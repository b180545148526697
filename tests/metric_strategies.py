"""Random histories and random stories of a portfolio, for Hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

import omega_portfolio as op
from metric_values import STAMP, money
from omega_portfolio.bench.answers import Refusal, answer
from omega_portfolio.bench.operations import OperationSource
from omega_portfolio.bench.shapes import draw_setting

FIRST = datetime(2023, 11, 29, 22, 30, tzinfo=timezone.utc)

# From the same moment to more than a month later.
GAPS = (0, 1, 1_000_000, 3_600_000_000, 86_400_000_000, 40 * 86_400_000_000)
UNIT = Decimal(64)

Frames = tuple[pa.Table, pa.Table]


def raw_curves(least: int = 3, most: int = 40, lowest: int = 1) -> st.SearchStrategy[list[int]]:
    """Give equity values as whole numbers of 1/64, tame ones and wild ones."""
    tame = st.integers(6_000, 7_000)
    wild = st.integers(lowest, 10**12)
    return st.lists(tame, min_size=least, max_size=most) | st.lists(
        tame | wild, min_size=least, max_size=most
    )


def stamps_of(draw: Any, count: int, *, rising: bool = False) -> list[datetime]:
    gaps = draw(st.lists(st.sampled_from(GAPS[rising:]), min_size=count, max_size=count))
    found, now = [], FIRST
    for gap in gaps:
        found.append(now)
        now += timedelta(microseconds=gap)
    return found


def equity_of(raw: list[int], stamps: list[datetime], scale: int = 0) -> pa.Table:
    """Make a frame of 1/64 * 2^scale; both the value and its double are exact."""
    return pa.table(
        {
            "time": pa.array(stamps, STAMP),
            "equity": money([Decimal(value) / UNIT * Decimal(2) ** scale for value in raw]),
        }
    )


@st.composite
def curves(draw: Any, least: int = 3, most: int = 40, lowest: int = 1) -> pa.Table:
    """Make an equity frame; times rise, so that each row is a point."""
    raw = draw(raw_curves(least, most, lowest))
    return equity_of(raw, stamps_of(draw, len(raw), rising=True))


@st.composite
def closed_trades(draw: Any, most: int = 15, scale: int = 0) -> pa.Table:
    """Make a frame of trades with all its columns."""
    count = draw(st.integers(0, most))

    def some(low: int, high: int) -> list[int]:
        found: list[int] = draw(st.lists(st.integers(low, high), min_size=count, max_size=count))
        return found

    def amounts(values: list[int]) -> pa.Array:
        return money([Decimal(value) / UNIT * Decimal(2) ** scale for value in values])

    entries = stamps_of(draw, count)
    lengths = draw(st.lists(st.sampled_from(GAPS), min_size=count, max_size=count))
    entry_fee, exit_fee, net = some(-3, 9), some(0, 9), some(-500, 500)
    gross = [n + e + x for n, e, x in zip(net, entry_fee, exit_fee, strict=True)]
    words = st.lists(st.sampled_from(["", "a", "b", "ä"]), min_size=count, max_size=count)
    sides = st.lists(st.sampled_from(["long", "short"]), min_size=count, max_size=count)
    always = draw(st.booleans())
    leaves = [
        entry + timedelta(microseconds=length)
        for entry, length in zip(entries, lengths, strict=True)
    ]
    return pa.table(
        {
            "entry_time": pa.array(entries, STAMP),
            "exit_time": pa.array(leaves, STAMP),
            "symbol": pa.array([f"S{word}" for word in draw(words)], pa.string()),
            "side": pa.array(draw(sides), pa.string()),
            "size": pa.array(some(1, 9), pa.int64()),
            "entry_price": pa.array(some(100, 200), pa.int64()),
            "gross_pnl": amounts(gross),
            "entry_fee": amounts(entry_fee),
            "exit_fee": amounts(exit_fee),
            "net_pnl": amounts(net),
            "cost": amounts(some(1_000, 99_999)),
            "mae": amounts(some(-900, 0)),
            "mfe": amounts(some(0, 900)),
            "stop_loss": pa.array(some(50 if always else 0, 99), pa.int64()),
            "tag": pa.array(draw(words), pa.string()),
            "reason": pa.array(draw(words), pa.string()),
        }
    )


@st.composite
def options(draw: Any) -> dict[str, Any]:
    """Draw the arguments of calculate_metrics, without a benchmark."""
    return {
        "periods_per_year": draw(st.sampled_from([1, 12, 252, "252.5", 6048])),
        "risk_free_rate": draw(st.sampled_from([0, "0.02", -0.01])),
        "mar": draw(st.sampled_from([None, 0, 0.1])),
        "confidence": draw(st.sampled_from([0.05, 0.01, "0.25", 0.5])),
        "resample": draw(st.sampled_from([None, None, "1h", "1d", "1w", "1mo"])),
        "trials": draw(st.sampled_from([None, [0.5], [0.1, 0.9, 1.5]])),
    }


@dataclass(frozen=True)
class Story:
    """What a portfolio lived through; it can be told to another one."""

    initial_balance: Any
    settings: dict[str, Any]
    events: list[pa.Table]

    def begin(self, backend: str) -> op.Portfolio:
        return op.Portfolio(self.initial_balance, backend=backend, **self.settings)

    def told(self, backend: str) -> op.Portfolio:
        portfolio = self.begin(backend)
        if self.events:
            portfolio.apply(pa.concat_tables(self.events))
        return portfolio


@cache
def story(seed: int, operations: int) -> Story:
    """Live through random operations and keep the events that were accepted."""
    random = Random(seed)
    while True:
        setting = draw_setting(random)
        try:
            portfolio = op.PortfolioPython(setting.initial_balance, **setting.options)
        except op.OmegaPortfolioError:
            continue
        break
    source = OperationSource(random, setting)
    for _ in range(operations):
        name, arguments, keywords = source.next_operation()
        found = answer(getattr(portfolio, name), arguments, keywords)
        if isinstance(found, Refusal):
            source.refused(found.code)
        else:
            source.answered(found)
    table = pa.table(portfolio.get_events(exact=True))
    numbers = table["event"].to_pylist()
    starts = [row for row, number in enumerate(numbers) if row == 0 or numbers[row - 1] != number]
    ends = [*starts[1:], len(numbers)]
    events = [table.slice(first, last - first) for first, last in zip(starts, ends, strict=False)]
    return Story(setting.initial_balance, setting.options, events if numbers else [])
