"""Many threads on one portfolio: what readers may see while others write, and that nobody waits
for ever.

A test that hangs is ended by its watchdog, which prints where every thread stands; no test
asserts how long anything takes.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from account_picture import TABLES
from event_frames import closed, opened, paid, quoted, table, whole_picture
from omega_portfolio.bench.addresses import frame_addresses
from test_zero_copy import contents

START = 1_000_000
READERS = 8
READER_ROUNDS = 6
"""The writer goes on until every reader has read everything so often."""

HANGS_AFTER = 120
"""Seconds; the tests take a few, so that a slow machine is no hang."""


@pytest.fixture(autouse=True)
def watchdog(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """End the run when a test hangs, with or without the lock of the interpreter."""
    with capfd.disabled():
        seen = os.dup(2)
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True, file=seen)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(interval)
    faulthandler.cancel_dump_traceback_later()
    os.close(seen)


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run works in threads that start at one moment; raise the first error of any."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(run, work) for work in works]]


# Readers beside a writer


class Reader:
    """Reads everything that a portfolio has, checks it, and keeps some of it to look again."""

    def __init__(self, portfolio: op.Portfolio, done: threading.Event) -> None:
        self.portfolio = portfolio
        self.done = done
        self.rounds = 0
        self.seen: set[int] = set()
        self.kept: list[tuple[op.Table | op.State, bytes]] = []
        self.frames: list[tuple[pl.DataFrame, list[bytes]]] = []
        fees = portfolio.scan("ledger", exact=True).filter(pl.col("kind") == "fee")
        self.fees = fees.select(pl.col("amount").sum(), pl.len())

    def run(self) -> None:
        try:
            while not self.done.is_set():
                self.read_state()
                self.read_capsules()
                self.read_scalars()
                self.read_scan()
                self.rounds += 1
            self.look_again()
        finally:
            self.done.set()  # A reader that failed is not waited for.

    def read_state(self) -> None:
        state = self.portfolio.get_state()
        assert state.balance + state.unrealized_pnl == state.equity
        rows = state.positions_exact.to_polars()
        assert rows["unrealized_pnl"].sum() == state.unrealized_pnl
        if self.rounds % 4 == 0:
            self.kept.append((state, state.to_ipc()))

    def read_capsules(self) -> None:
        ledger = pl.DataFrame(self.portfolio.get_ledger(exact=True))
        # Every balance is the one before and its own amount: no row is torn or missing.
        amounts = ledger["amount"].to_list()
        balances = ledger["balance"].to_list()
        assert sum(amounts[-50:]) == balances[-1] - (balances[-51] if len(balances) > 50 else START)
        equity = pa.table(self.portfolio.get_equity_curve())
        assert len(set(map(len, equity.columns))) == 1
        for read in TABLES.values():
            snapshot = read(self.portfolio)
            if self.rounds % 4 == 1:
                self.kept.append((snapshot, snapshot.to_ipc()))
            frame = pl.DataFrame(snapshot)
            assert frame.height == len(snapshot)
            if self.rounds % 4 == 2:
                self.frames.append((frame, contents(frame_addresses(frame))))

    def read_scalars(self) -> None:
        portfolio = self.portfolio
        before = portfolio.events
        self.seen.add(before)
        assert len(portfolio.digest) == 64
        views = [(view.size, view.tag) for view in portfolio.positions.values()]
        assert all(size > 0 and tag for size, tag in views)
        assert portfolio.calculate_metrics()["trade_count"] >= 0
        assert portfolio.calculate_margin("ACME") >= 0
        assert len(portfolio.get_events()) >= before
        assert portfolio.events >= before

    def read_scan(self) -> None:
        first = self.fees.collect()
        second = self.fees.collect()
        assert 0 <= first["len"].item() <= second["len"].item()
        assert first["amount"].item() in (None, -first["len"].item() * Decimal("0.25"))

    def look_again(self) -> None:
        for snapshot, before in self.kept:
            assert snapshot.to_ipc() == before
        for frame, before in self.frames:
            assert contents(frame_addresses(frame)) == before
        assert self.kept
        assert self.frames


def mixed_frame(rows: int, *last: dict[str, Any]) -> pa.Table:
    """Make rows of many actions, `rows` of them, that leave nothing open."""
    block = [
        opened(1, key="a", size=2, fee="0.25", tag="of a frame"),
        opened(1, key="b", side="short", tag="a tag that is not inline"),
        quoted("update", 1, symbol="ACME", bid=99, ask=101),
        {"action": "modify", "time": 1, "key": "a", "stop_loss": 50},
        closed(1, key="a", size=1, fee="0.25"),
        closed(1, key="a"),
        closed(1, key="b", reason="a reason that is not inline"),
        paid(1, "0.000000000000000001"),
    ]
    return table(*block * (rows // len(block)), *last)


def write(portfolio: op.Portfolio, rows: int, number: int) -> None:
    """Write by calls and by frames, in turn; some are refused."""
    good, bad = mixed_frame(rows), mixed_frame(rows, paid(0))
    held = portfolio.open_position("ACME", "long", 3, 100, 1, fee="0.25", tag="of a call")
    portfolio.update_equity(1, {"ACME": (98 + number % 3, 101)})
    portfolio.apply(good)
    portfolio.modify_position(held, 1, stop_loss=40)
    portfolio.close_position(held, 100, 1, size=1)
    assert len(portfolio.apply(bad, on_error="record").refused) == 1
    with pytest.raises(op.InvalidTime):
        portfolio.apply(bad)
    portfolio.close_position(held, 100, 1)
    portfolio.mark({"ACME": 100})
    if number % 8 == 7:
        portfolio.compact(number)


def test_eight_threads_read_while_one_writes(backend):
    rows = 80 if backend == "rust" else 16
    portfolio = op.Portfolio(START, backend=backend)
    write(portfolio, rows, 0)
    done = threading.Event()
    readers = [Reader(portfolio, done) for _ in range(READERS)]

    def write_all() -> int:
        rounds = 0
        try:
            while not done.is_set() and any(reader.rounds < READER_ROUNDS for reader in readers):
                rounds += 1
                write(portfolio, rows, rounds)
        finally:
            done.set()
        return rounds

    rounds, *_ = together(write_all, *(reader.run for reader in readers))
    assert rounds >= READER_ROUNDS
    assert all(len(reader.seen) >= READER_ROUNDS // 2 for reader in readers)
    portfolio.verify()
    again = op.Portfolio(START, backend=backend)
    again.apply(portfolio.get_events())
    assert again.digest == portfolio.digest


# Several writers


@pytest.mark.parametrize("rows", [1, 7])
def test_writers_take_turns(backend, rows):
    """Half of them write by calls and half by frames; a frame is one step for all others."""
    portfolio = op.Portfolio(START, backend=backend)
    rounds = 40

    def by_calls(cents: int) -> list[int]:
        ids = []
        for number in range(rounds):
            ids.append(portfolio.open_position(f"S{cents}", "long", 1, 10, 1))
            portfolio.deposit(Decimal(cents) / 100, 1)
            if number % 2:
                portfolio.close_position(ids[-1], 11, 1, fee="0.5")
        return ids

    def by_frames(cents: int) -> list[int]:
        ids = []
        money = [paid(1, f"0.0{cents}")] * rows
        for _ in range(rounds):
            frame = table(opened(1, key="k", price=10), *money, closed(1, key="k", price=12))
            receipts = portfolio.apply(frame, exact=True).to_polars()
            ids.append(receipts["position_id"][0])
            assert receipts["position_id"].to_list() == [ids[-1], *[0] * rows, ids[-1]]
            steps = receipts["balance"].diff().drop_nulls().to_list()
            assert steps == [Decimal(f"0.0{cents}")] * rows + [2]
        return ids

    works = [lambda cents=cents: by_calls(cents) for cents in range(1, 5)]
    works += [lambda cents=cents: by_frames(cents) for cents in range(5, 9)]
    ids = [one for done in together(*works) for one in done]
    assert sorted(ids) == list(range(1, 8 * rounds + 1))
    paid_in = rounds * (Decimal("0.10") + rows * Decimal("0.26"))
    earned = rounds // 2 * 4 * (1 - Decimal("0.5")) + rounds * 4 * 2
    assert portfolio.balance == START + paid_in + earned
    amounts = portfolio.get_ledger(exact=True).to_polars()["amount"]
    assert amounts.sum() == paid_in + earned
    assert len(portfolio.get_trades()) == rounds // 2 * 4 + rounds * 4
    portfolio.verify()
    again = op.Portfolio(START, backend=backend)
    again.apply(portfolio.get_events())
    assert again.digest == portfolio.digest


def test_a_frame_that_is_refused_while_others_write_takes_only_itself_back(backend):
    portfolio = op.Portfolio(START, backend=backend)
    rounds = 30

    def refused() -> None:
        for _ in range(rounds):
            with pytest.raises(op.InvalidTime):
                portfolio.apply(mixed_frame(80, paid(0)))

    def accepted() -> None:
        for _ in range(rounds):
            portfolio.apply(table(opened(1, key="k"), closed(1, key="k", price=101)))

    def called() -> None:
        for _ in range(rounds):
            portfolio.deposit(1, 1)

    together(refused, accepted, called, refused, accepted, called)
    assert portfolio.balance == START + 2 * rounds * 2
    assert portfolio.events == 1 + 2 * rounds * 3  # one is the registration of the symbol
    assert len(portfolio.get_trades()) == 2 * rounds
    portfolio.verify()


def test_a_long_frame_and_short_calls_do_not_wait_for_each_other(backend):
    """The compiled engine asks for signals in a long frame, for which it needs the interpreter."""
    portfolio = op.Portfolio(0, backend=backend)
    rows = 300_000 if backend == "rust" else 3_000
    frame = pl.DataFrame({"action": ["deposit"], "time": [1], "amount": [1]})
    frame = pl.concat([frame] * rows)
    done = threading.Event()
    seen: set[Decimal] = set()

    def apply() -> None:
        for _ in range(3):
            portfolio.apply(frame)

    def look() -> None:
        while not done.is_set():
            seen.add(portfolio.balance)
            seen.add(portfolio.get_state().equity)

    def apply_all() -> None:
        try:
            together(apply, apply)
        finally:
            done.set()

    together(apply_all, look, look, look)
    assert seen <= {rows * number for number in range(7)}
    assert len(seen) >= 2
    assert portfolio.balance == 6 * rows


# Calls from inside of a call


def test_a_producer_reads_and_writes_the_portfolio_that_reads_it(make_portfolio):
    portfolio = make_portfolio(1000)
    frame = mixed_frame(16)
    steps: list[str] = []

    def elsewhere(work: Callable[[], object]) -> None:
        """Do it in another thread and wait for it: a lock that is held would be seen."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result()

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in frame.to_batches(max_chunksize=4):
            portfolio.deposit(1, 1)
            elsewhere(lambda: portfolio.deposit(1, 1))
            elsewhere(lambda: portfolio.apply(table(paid(1, 2))))
            portfolio.apply(table(opened(1, key="a"), closed(1, key="a")))
            elsewhere(lambda: portfolio.scan("ledger").collect())
            assert pl.DataFrame(portfolio.get_trades()).height == portfolio.get_state().events // 5
            assert portfolio.balance == 1000 + 4 * (len(steps) + 1)
            steps.append(portfolio.digest)
            yield batch

    receipts = portfolio.apply(pa.RecordBatchReader.from_batches(frame.schema, batches()))
    assert len(receipts) == 16
    assert len(set(steps)) == 4
    called = make_portfolio(1000)
    for _ in range(4):
        called.deposit(1, 1)
        called.deposit(1, 1)
        called.deposit(2, 1)
        called.apply(table(opened(1), closed(1, position_id=len(called.get_trades()) + 1)))
    called.apply(frame)
    assert whole_picture(portfolio) == whole_picture(called)
    portfolio.verify()


def test_prices_read_and_write_the_portfolio_that_reads_them(make_portfolio):
    portfolio = make_portfolio(1000)
    prices = table({"symbol": "ACME", "price": 100}, {"symbol": "NEW", "price": 2})

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in prices.to_batches(max_chunksize=1):
            portfolio.apply(table(paid(1, 5)))
            assert portfolio.balance == 1000 + 5 * portfolio.get_state().events
            yield batch

    portfolio.update_equity(2, pa.RecordBatchReader.from_batches(prices.schema, batches()))
    assert portfolio.get_equity_curve().to_polars()["equity"].to_list() == [1010.0]
    assert portfolio.events == 2 + 2 + 1
    portfolio.verify()
