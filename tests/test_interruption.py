"""A process around a portfolio: forks, signals in the middle of a long frame, memory at the end.

Each test has an interpreter of its own, because a signal, a fork and the size of a process belong
to all of it. An interpreter that hangs is ended, and shows where it stood.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import _chosen_backends
from interpreter import PACKAGE_ROOT

TESTS = Path(__file__).parent
HANGS_AFTER = 60

PRELUDE = f"""
import faulthandler
faulthandler.dump_traceback_later({HANGS_AFTER}, exit=True)
import gc, os, signal, sys, threading, time
import polars as pl
import pyarrow as pa
import omega_portfolio as op
from account_picture import TABLES
from event_frames import closed, live_through, opened, paid, table, whole_picture
backend, *arguments = sys.argv[1:]
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without POSIX signals")


def run(code: str, *arguments: str) -> list[str]:
    """Run code in a new interpreter and return the lines that it printed."""
    done = subprocess.run(  # noqa: S603 - the program is this interpreter.
        [sys.executable, "-W", "error", "-c", PRELUDE + code, *arguments],
        env={**os.environ, "PYTHONPATH": f"{PACKAGE_ROOT}{os.pathsep}{TESTS}"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=3 * HANGS_AFTER,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


FORK = """
portfolio = op.Portfolio(1000, leverage=10, backend=backend)
live_through(portfolio)
frame = table(opened(200, key="k", symbol="NEW"), closed(201, key="k", price=101), paid(201))
held = [read(portfolio) for read in TABLES.values()] + [portfolio.get_events()]
before = [one.to_ipc() for one in held]
twin = op.Portfolio(1000, leverage=10, backend=backend)
live_through(twin)
twin.apply(frame)
assert threading.active_count() == 1
child = os.fork()
if child == 0:
    portfolio.apply(frame)
    portfolio.verify()
    assert portfolio.digest == twin.digest
    assert whole_picture(portfolio)["rows of trades"] == 3
    assert [one.to_ipc() for one in held] == before
    again = op.Portfolio(1000, leverage=10, backend=backend)
    again.apply(portfolio.get_events())
    assert again.digest == portfolio.digest
    print("child", portfolio.balance, flush=True)
    os._exit(0)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
assert portfolio.digest != twin.digest
portfolio.apply(frame)
portfolio.verify()
assert portfolio.digest == twin.digest
assert [one.to_ipc() for one in held] == before
print("parent", portfolio.balance, status)
"""


def test_parent_and_child_take_frames_after_a_fork(backend):
    child, parent = run(FORK, backend)
    assert child.startswith("child ")
    assert parent == child.replace("child", "parent") + " 0"


# The thread that sends the signal waits until the frame has been read, so that it comes while the
# rows are applied. Should it come too late, the frame was applied, and a longer one is tried.
INTERRUPT = """
def lived():
    portfolio = op.Portfolio(1000, leverage=10, backend=backend)
    live_through(portfolio)
    return portfolio

def frame_of(rows, was_read):
    block = table(
        opened(200, key="k", symbol="NEW"), closed(200, key="k", price=101, reason="r" * 20),
        {"action": "update", "time": 200}, paid(200),
    )
    whole = pa.concat_tables([block] * (rows // len(block))).combine_chunks()
    def batches():
        yield from whole.to_batches()
        was_read.set()
    return pa.RecordBatchReader.from_batches(whole.schema, batches())

def interrupt(was_read):
    was_read.wait()
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

def interrupted(rows):
    portfolio, was_read = lived(), threading.Event()
    before = whole_picture(portfolio)
    held = [read(portfolio) for read in TABLES.values()] + [portfolio.get_events()]
    bytes_before = [one.to_ipc() for one in held]
    sender = threading.Thread(target=interrupt, args=(was_read,))
    frame = frame_of(rows, was_read)
    sender.start()
    try:
        portfolio.apply(frame, on_error=arguments[0])
        sender.join()
        time.sleep(1)
    except KeyboardInterrupt:
        sender.join()
    if portfolio.events > before["events"]:
        return None
    assert whole_picture(portfolio) == before
    assert [one.to_ipc() for one in held] == bytes_before
    portfolio.verify()
    return portfolio

rows = {"rust": 1 << 20, "python": 1 << 14}[backend]
portfolio = None
while portfolio is None:
    portfolio = interrupted(rows)
    rows *= 2
again = lived()
for one in (portfolio, again):
    receipts = one.apply(table(opened(200, key="k", symbol="NEW"), closed(201, key="k")))
    assert receipts.to_polars()["position_id"].to_list() == [5, 5]
assert whole_picture(portfolio) == whole_picture(again)
portfolio.verify()
print("interrupted")
"""


@pytest.mark.parametrize("on_error", ["raise", "record"])
def test_a_long_frame_that_is_interrupted_leaves_no_trace(backend, on_error):
    assert run(INTERRUPT, backend, on_error) == ["interrupted"]


# A handler that runs while rows are applied may neither wait for its own thread nor see half of a
# frame: its call is refused, and the frame goes on. While a frame is read, it gets an answer.
HANDLER = """
faulthandler.dump_traceback_later(20, exit=True)
portfolio = op.Portfolio(0, backend=backend)
answers = []

def handler(number, frame):
    for call in (lambda: portfolio.balance, lambda: portfolio.deposit(5, 1)):
        try:
            answers.append(call())
        except RuntimeError as error:
            answers.append(error)

signal.signal(signal.SIGALRM, handler)
rows = {"rust": 1 << 20, "python": 1 << 14}[backend]
refused = False
while not refused:
    before = portfolio.balance
    frame = pl.DataFrame({"action": ["deposit"], "time": [1], "amount": [1]})
    frame = pl.concat([frame] * rows, rechunk=True)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    portfolio.apply(frame)
    while len(answers) < 2:
        time.sleep(0.01)
    looked, paid_in = answers
    answers.clear()
    refused = isinstance(looked, RuntimeError)
    assert refused or looked in (before, before + rows)
    assert refused == isinstance(paid_in, RuntimeError)
    assert portfolio.balance == before + rows + (0 if refused else 5)
    rows *= 2
portfolio.verify()
print("signal handler" in str(looked))
"""


def test_a_signal_handler_is_told_that_its_thread_is_in_a_frame(backend):
    assert run(HANDLER, backend) == ["True"]


MEMORY = """
def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

rows = 1_000_000
portfolio = op.Portfolio(1000, backend=backend)
portfolio.apply(pl.DataFrame({"action": ["open"], "time": [0], "symbol": ["ACME"],
                              "side": ["long"], "size": [1], "price": [10]}))
portfolio.apply(
    pl.select(time=pl.int_range(rows), price=pl.int_range(rows) % 7 + 1)
    .with_columns(action=pl.lit("update"), symbol=pl.lit("ACME"))
)
portfolio.compact()
frame = pl.DataFrame(portfolio.get_equity_curve(exact=True))
total = frame["equity"].sum()
columns = frame.estimated_size()
assert columns == rows * (8 + 6 * 16)
gc.collect()
with_portfolio = resident_bytes()
del portfolio
gc.collect()
with_frame = resident_bytes()
assert frame["equity"].sum() == total
slice_of_it = frame["equity"].slice(0, 1)
del frame
gc.collect()
with_slice = resident_bytes()
assert slice_of_it.item() > 0
del slice_of_it
gc.collect()
without = resident_bytes()
print(with_portfolio >= with_frame, with_frame - with_slice < columns / 10)
print(with_frame - without > 0.9 * columns)
"""


@pytest.mark.skipif("rust" not in _chosen_backends(), reason="the run is narrowed to python")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc")
def test_memory_returns_with_the_last_frame():
    assert run(MEMORY, "rust") == ["True True", "True"]
