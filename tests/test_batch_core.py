"""The compiled batch by itself: its arguments, its threads, and the ways to stop it.

What the runs compute is held against the Python backend elsewhere.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from batch_frames import MINUTE, bars, orders
from interpreter import PACKAGE_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")
pytestmark = pytest.mark.skipif("rust" not in BACKENDS, reason="the run is narrowed to python")

if "rust" in BACKENDS:
    from omega_portfolio._core import Batch, BatchTables

TESTS = Path(__file__).parent
TABLES = ("equity", "trades", "metrics", "final", "rejected")
MOMENTS = 300
RUNS = 7
SETTINGS: dict[str, Any] = {"initial_balance": 100_000, "leverage": 10}


class Token:
    """Whatever says that it is cancelled."""

    cancelled = False

    def cancel(self) -> None:
        """Ask for the end."""
        self.cancelled = True


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Seven runs over two symbols."""
    symbols = ("ACME", "BOND")
    return Batch(bars(MOMENTS, symbols), orders(MOMENTS, RUNS, symbols), **SETTINGS)


def small(**changes: Any) -> Batch:
    """A batch of one run."""
    given: dict[str, Any] = {"bars": bars(20), "orders": orders(20), **SETTINGS, **changes}
    return Batch(given.pop("bars"), given.pop("orders"), **given)


def long_batch() -> Batch:
    """Runs that would take far longer than any test."""
    return Batch(bars(20_000), orders(20_000, every=20).drop("run_id"), many(20_000), **SETTINGS)


def many(runs: int) -> pl.DataFrame:
    """Parameters of so many runs."""
    return pl.DataFrame({"size": [1 + run % 50 for run in range(runs)]})


def pictures(tables: BatchTables) -> dict[str, bytes]:
    """Every byte of every table."""
    return {name: getattr(tables, name).to_ipc() for name in TABLES}


def test_what_a_batch_says_of_itself(batch: Batch) -> None:
    assert len(batch) == RUNS
    assert batch.run_ids == list(range(RUNS))
    assert batch.moments == MOMENTS
    assert repr(batch) == f"Batch({RUNS} runs, {MOMENTS} moments)"
    tables = batch.run(0, RUNS)
    assert (len(tables), tables.done, tables.complete) == (RUNS, RUNS, True)
    assert repr(tables) == f"BatchTables({RUNS} of {RUNS} runs)"
    assert len(tables.metrics) == len(tables.final) == RUNS
    assert len(tables.equity) == RUNS * MOMENTS
    for name in TABLES:
        frame = getattr(tables, name).to_polars()
        assert frame.columns[0] == "run_id"
        assert frame["run_id"].dtype == pl.UInt32
        assert frame["run_id"].is_sorted()


def test_bytes_do_not_depend_on_threads(batch: Batch) -> None:
    kept: dict[str, Any] = {"equity_columns": "all", "exact": True, "digest": True}
    first = pictures(batch.run(0, RUNS, threads=1, **kept))
    for threads in (2, 5):
        assert pictures(batch.run(0, RUNS, threads=threads, **kept)) == first


def test_a_part_is_the_same_as_in_the_whole(batch: Batch) -> None:
    whole = batch.run(0, RUNS, digest=True)
    part = batch.run(2, 3, digest=True)
    assert part.done == 3
    for name in TABLES:
        mine = pl.col("run_id").is_between(2, 4)
        assert getattr(part, name).to_polars().equals(getattr(whole, name).to_polars().filter(mine))
    nothing = batch.run(RUNS, 0)
    assert (nothing.done, nothing.complete, len(nothing.equity)) == (0, True, 0)
    assert nothing.equity.columns == whole.equity.columns


def test_only_what_is_asked_for_is_kept(batch: Batch) -> None:
    less = batch.run(0, RUNS, record="none", trades=False, metrics=False)
    assert [len(getattr(less, name)) for name in ("equity", "trades", "metrics")] == [0, 0, 0]
    assert len(less.final) == RUNS
    days = batch.run(0, RUNS, record="1d").equity.to_polars()
    assert len(days) == RUNS
    more = batch.run(0, 1, equity_columns="all", exact=True).equity.to_polars()
    assert "margin_used" in more.columns
    assert more["equity"].dtype == pl.Decimal(38, 18)


@pytest.mark.parametrize("name", TABLES)
def test_tables_share_their_memory(batch: Batch, name: str) -> None:
    table = getattr(batch.run(0, RUNS), name)
    first, second = pa.table(table), pa.table(table)
    frame = pl.DataFrame(table)
    for column in first.column_names:
        addresses = [
            [buffer.address for buffer in chunk.buffers() if buffer is not None]
            for chunk in first[column].chunks
        ]
        again = [
            [buffer.address for buffer in chunk.buffers() if buffer is not None]
            for chunk in second[column].chunks
        ]
        assert addresses == again
        if frame[column].dtype.is_numeric() and len(frame) > 0:
            start = frame[column].rechunk() if frame[column].n_chunks() > 1 else frame[column]
            if frame[column].n_chunks() == 1:
                assert start._get_buffer_info()[0] == first[column].chunk(0).buffers()[-1].address
    del batch
    gc.collect()
    assert pa.table(table).equals(first)


def test_a_portfolio_is_that_of_the_calls(batch: Batch) -> None:
    digests = batch.run(0, RUNS, digest=True).final.to_polars()["digest"].to_list()
    for place in (0, 3, RUNS - 1):
        portfolio = batch.portfolio(place)
        assert isinstance(portfolio, op.Portfolio)
        assert portfolio.backend == "rust"
        portfolio.verify()
        assert portfolio.digest == digests[place]
    assert len(set(digests)) == RUNS


def test_a_portfolio_lives_on() -> None:
    rows = pl.DataFrame(
        {
            "time": [MINUTE, 3 * MINUTE],
            "action": ["open", "close"],
            "side": ["long", None],
            "size": [2, None],
        }
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    history = bars(5)
    acme = op.Instrument("ACME", price_decimals=2, size_decimals=0)
    batch = Batch(history, rows, instruments=[acme], **SETTINGS, currency="EUR", floats="strict")
    portfolio = batch.portfolio(0)
    by_hand = op.Portfolio(**SETTINGS, currency="EUR", backend="rust")
    by_hand.register_instrument(acme)
    for bar in history.iter_rows(named=True):
        time = bar.pop("time")
        symbol = bar.pop("symbol")
        by_hand.process_bar(time, {symbol: bar})
        if time == rows["time"][0]:
            by_hand.place_order("ACME", "long", 2, time, type="market")
        if time == rows["time"][1]:
            for position_id in list(by_hand.positions):
                by_hand.modify_position(position_id, time, exit_time=time)
    assert portfolio.digest == by_hand.digest
    assert portfolio.currency == "EUR"
    for one in (portfolio, by_hand):
        one.deposit(5, 10 * MINUTE)
    assert portfolio.digest == by_hand.digest
    assert portfolio.get_events().to_ipc() == by_hand.get_events().to_ipc()
    with pytest.raises(op.InvalidNumber):
        portfolio.deposit(0.1234567890123456789 / 1e9, 11 * MINUTE)
    assert batch.portfolio(0).digest != portfolio.digest


BAD_ARGUMENTS: list[tuple[str, object, type[op.OmegaPortfolioError]]] = [
    ("bars", None, op.InvalidArgument),
    ("bars", bars(5).lazy(), op.InvalidArgument),
    ("bars", bars(5).drop("close"), op.InvalidFrame),
    ("bars", bars(5).with_columns(close=pl.lit("x")), op.InvalidNumber),
    ("bars", bars(5).with_columns(high=pl.lit(1)), op.InvalidFrame),
    ("bars", bars(5).reverse(), op.InvalidFrame),
    ("orders", 7, op.InvalidArgument),
    ("orders", orders(20).drop("action"), op.InvalidFrame),
    ("orders", orders(20).with_columns(other=1), op.InvalidFrame),
    ("orders", orders(20).with_columns(symbol=pl.lit("NONE")), op.InvalidSymbol),
    ("params", "x", op.InvalidArgument),
    ("params", pl.DataFrame({"run_id": [0, 0]}), op.InvalidFrame),
    ("params", pl.DataFrame({"unknown": [0]}), op.InvalidFrame),
    ("instruments", op.Instrument("ACME"), op.InvalidArgument),
    ("commission", 5, op.InvalidArgument),
    ("slippage", "x", op.InvalidArgument),
    ("swap", 1.5, op.InvalidArgument),
    ("labels", "size", op.InvalidArgument),
    ("labels", [1], op.InvalidArgument),
    ("fill", "open", op.InvalidArgument),
    ("fill", 1, op.InvalidArgument),
    ("floats", "exact", op.InvalidConfiguration),
    ("initial_balance", -1, op.InvalidAmount),
    ("initial_balance", None, op.InvalidArgument),
    ("currency", "QQQ", op.InvalidCurrency),
    ("leverage", 0, op.InvalidConfiguration),
    ("mode", "both", op.InvalidConfiguration),
    ("rounding", "up", op.InvalidConfiguration),
    ("off_grid", "keep", op.InvalidConfiguration),
    ("margin_call", 0, op.InvalidConfiguration),
    ("stop_out", "x", op.InvalidNumber),
    ("path", "both", op.InvalidConfiguration),
    ("pivot", 1, op.InvalidArgument),
    ("periods_per_year", 0, op.InvalidNumber),
    ("risk_free_rate", "x", op.InvalidNumber),
    ("mar", -1, op.InvalidNumber),
    ("confidence", 1, op.InvalidNumber),
    ("resample", "1y", op.InvalidArgument),
]


@pytest.mark.parametrize(("argument", "value", "error"), BAD_ARGUMENTS)
def test_bad_arguments(argument: str, value: object, error: type[op.OmegaPortfolioError]) -> None:
    before = sys.getrefcount(value)
    with pytest.raises(error) as caught:
        small(**{argument: value})
    assert type(caught.value) is error
    assert caught.value.argument == argument
    del caught
    gc.collect()
    assert sys.getrefcount(value) == before


def test_bad_instruments() -> None:
    acme = op.Instrument("ACME", price_decimals=2)
    with pytest.raises(op.InvalidArgument) as wrong:
        small(instruments=["ACME"])
    assert wrong.value.argument == "instrument"
    with pytest.raises(op.InstrumentExists):
        small(instruments=[acme, op.Instrument("ACME", price_decimals=3)])
    with pytest.raises(op.InvalidInstrument):
        small(commission=op.Commission("per_bar", 1))
    with pytest.raises(op.InvalidInstrument):
        small(instruments=[acme], slippage=op.Slippage("points", -1))


BAD_RUNS: list[tuple[str, object]] = [
    ("first", -1),
    ("first", 8),
    ("first", True),
    ("first", "0"),
    ("first", 2**80),
    ("count", -1),
    ("count", 7),
    ("count", 1.0),
    ("threads", 0),
    ("threads", 1025),
    ("threads", -1),
    ("threads", True),
    ("threads", 2.0),
    ("threads", 2**70),
    ("record", "2d"),
    ("record", None),
    ("equity_columns", "some"),
    ("trades", 1),
    ("metrics", None),
    ("exact", "yes"),
    ("digest", 0),
    ("on_error", "ignore"),
    ("progress", 5),
    ("cancel", threading.Event()),
]


@pytest.mark.parametrize(("argument", "value"), BAD_RUNS)
def test_bad_arguments_of_a_run(batch: Batch, argument: str, value: object) -> None:
    arguments: dict[str, Any] = {"first": 1, "count": 2, argument: value}
    with pytest.raises(op.InvalidArgument) as caught:
        batch.run(arguments.pop("first"), arguments.pop("count"), **arguments)
    assert caught.value.argument == argument
    with pytest.raises(op.InvalidArgument) as caught:
        batch.portfolio(RUNS)
    assert caught.value.argument == "place"


def test_the_first_rejected_row_is_raised() -> None:
    rows = orders(40, 3).with_columns(
        size=pl.when(pl.col("run_id") == 1).then(0).otherwise(pl.col("size"))
    )
    batch = Batch(bars(40), rows, **SETTINGS)
    recorded = batch.run(0, 3).rejected.to_polars()
    assert recorded["run_id"].unique().to_list() == [1]
    for threads in (1, 2, 5):
        with pytest.raises(op.InvalidPositionSize) as caught:
            batch.run(0, 3, on_error="raise", threads=threads)
        assert caught.value.argument == "size"
        assert caught.value.value.startswith(f"run 1, row {recorded['row'][0]}: ")
    assert batch.run(0, 1, on_error="raise").complete


def test_progress_is_told() -> None:
    batch = long_batch()
    told: list[tuple[int, str]] = []
    here = threading.current_thread().name

    def progress(done: int) -> None:
        told.append((done, threading.current_thread().name))
        if len(told) == 3:
            token.cancel()

    token = Token()
    tables = batch.run(0, len(batch), record="none", progress=progress, cancel=token)
    assert not tables.complete
    assert {name for _, name in told} == {here}
    counts = [done for done, _ in told]
    assert counts == sorted(counts)
    assert counts[-1] >= tables.done
    told.clear()
    assert small().run(0, 1, progress=progress).complete
    assert told == [(1, here)]


class Upset(Exception):  # noqa: N818 - nothing of the library.
    """What a callback raises."""


def test_what_a_token_raises_is_raised() -> None:
    class Broken(Token):
        """Works when it is passed, and then no more."""

        looks = 0

        @property
        def cancelled(self) -> bool:  # type: ignore[override]
            """Whether it is cancelled."""
            self.looks += 1
            if self.looks > 3:
                raise Upset
            return False

    batch = long_batch()
    with pytest.raises(Upset):
        batch.run(0, len(batch), record="none", cancel=Broken())


def test_what_progress_raises_is_raised() -> None:
    batch = long_batch()

    def progress(done: int) -> None:
        raise Upset(done)

    before = sys.getrefcount(progress)
    with pytest.raises(Upset):
        batch.run(0, len(batch), record="none", progress=progress)
    with pytest.raises(Upset):
        batch.run(0, 1, record="none", progress=progress)
    gc.collect()
    assert sys.getrefcount(progress) == before
    assert batch.run(0, 2).complete


def test_progress_may_use_the_batch_and_fork() -> None:
    batch = long_batch()
    token = Token()
    inner: list[BatchTables] = []

    def progress(_: int) -> None:
        inner.append(batch.run(0, 3, threads=2))
        assert batch.portfolio(0).digest
        token.cancel()

    tables = batch.run(0, len(batch), record="none", threads=2, progress=progress, cancel=token)
    assert not tables.complete
    assert inner[0].complete


def test_a_token_that_is_cancelled_leaves_whole_runs() -> None:
    batch = long_batch()
    token = Token()
    timer = threading.Timer(0.3, token.cancel)
    timer.start()
    tables = batch.run(0, len(batch), record="none", threads=2, cancel=token)
    timer.join()
    assert not tables.complete
    assert tables.done < len(batch)
    assert repr(tables).endswith("stopped early)")
    assert tables.final.to_polars()["run_id"].to_list() == list(range(tables.done))
    again = batch.run(0, tables.done, record="none", threads=1)
    assert pictures(again) == pictures(tables)
    nothing = batch.run(0, 5, cancel=token)
    assert (nothing.done, nothing.complete) == (0, False)


def test_a_batch_belongs_to_all_threads(batch: Batch) -> None:
    whole = pictures(batch.run(0, RUNS))
    answers: list[dict[str, bytes]] = []

    def work() -> None:
        answers.append(pictures(batch.run(0, RUNS, threads=2)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [whole] * 4


def changed(change: Callable[[dict[str, Any]], None]) -> str:
    """The fingerprint of a small batch after a change."""
    given: dict[str, Any] = {"bars": bars(20), "orders": orders(20), **SETTINGS}
    change(given)
    return small(**given).fingerprint


def test_a_fingerprint_is_of_values() -> None:
    plain = small().fingerprint
    assert len(plain) == 64
    assert plain == small(fill="next_open", mar=None).fingerprint
    chunks = pl.concat([bars(20)[:7], bars(20)[7:]], rechunk=False)
    texts = orders(20).with_columns(pl.col("tag").cast(pl.Categorical), pl.col("size").cast(str))
    assert small(bars=chunks, orders=texts).fingerprint == plain
    others = {
        small(**change).fingerprint
        for change in (
            {"leverage": 11},
            {"fill": "close"},
            {"off_grid": "round"},
            {"confidence": 0.06},
            {"commission": op.Commission("per_trade", 1)},
            {"instruments": [op.Instrument("ACME")]},
            {"bars": bars(21)},
            {"orders": orders(20).with_columns(size=2)},
            {"params": pl.DataFrame({"size": [1]})},
        )
    }
    assert len(others | {plain}) == 10


SIGNAL = f"""
import faulthandler
faulthandler.dump_traceback_later(60, exit=True)
import sys
sys.path.insert(0, {str(TESTS)!r})
from test_batch_core import long_batch
batch = long_batch()
print("ready", flush=True)
batch.run(0, len(batch), record="none", threads=2)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a system without POSIX signals")
def test_an_interrupt_ends_it() -> None:
    child = subprocess.Popen(  # noqa: S603 - the program is this interpreter.
        [sys.executable, "-c", SIGNAL],
        env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    try:
        child.wait(timeout=0.3)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert child.returncode == -signal.SIGINT
