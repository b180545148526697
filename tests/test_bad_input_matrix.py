"""Every public call against the 100 entries of the catalogue of bad inputs, on both backends.

Wanted each time: an error of our own tree with code, argument, value and rule, the same on each
backend, the digest as before; or an answer, where the argument may have this value. No warning,
no panic, no other exception. The end of the run says how many cells there are of each sort.
"""

from __future__ import annotations

import ast
import os
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import omega_portfolio as op
from bad_batch_frames import check_refusal
from bad_input_accounts import account
from bad_inputs import Entry
from bad_matrix import ENTRIES, NAMED, Cell, cells, named
from bad_matrix_calls import ALIASES, Call, all_calls, reflected
from bad_matrix_values import REFUSED, value_of, values
from conftest import _chosen_backends
from test_interruption import run

BACKENDS = _chosen_backends()
CALLS = all_calls()
ROOT = Path(__file__).parents[1]
READ_BY_PYARROW = range(64, 80)
"""Entries that pyarrow, which reads for the Python backend, has words of its own for."""


class Count:
    """Prints the matrix in numbers at the end of the run."""

    def __init__(self) -> None:
        self.values = 0

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        whole = cells()
        here = [cell for cell in whole if cell.here]
        elsewhere = [cell for cell in whole if cell.test and not cell.here]
        reasons = Counter(cell.reason for cell in whole if cell.reason)
        write = terminalreporter.write_line
        write(
            f"matrix of bad inputs: {len(CALLS)} calls x {len(ENTRIES)} entries = {len(whole)} "
            f"cells; {len(here)} tried here with {sum(cell.here for cell in here)} values on "
            f"{' and '.join(BACKENDS)}, {len(elsewhere)} in tests that are named, "
            f"{sum(reasons.values())} do not fit:"
        )
        for reason, count in reasons.most_common():
            write(f"  {count:5}  {reason}")


@pytest.fixture(scope="module")
def count(request: pytest.FixtureRequest) -> Count:
    counter = Count()
    request.config.pluginmanager.register(counter, "bad-input-matrix-count")
    return counter


def proof(source: Any) -> object:
    """Give what a refused call may not change."""
    if isinstance(source, op.Portfolio):
        return source.digest
    if isinstance(source, op.Envelope):
        return source.pessimistic.digest, source.optimistic.digest
    return None


def portfolio_of(source: Any, backend: str) -> op.Portfolio:
    if isinstance(source, op.Envelope):
        return source.pessimistic
    return source if isinstance(source, op.Portfolio) else account(backend)


def tried(
    call: Call, source: Any, backend: str, one: Entry, shape: Callable[[Any], dict[str, Any]]
) -> tuple[str, str]:
    """Make a call; give its refusal, or that there was none."""
    before = proof(source)
    try:
        value = value_of(one, portfolio_of(source, backend))
        call.run(source, {**call.good, **shape(value)})
    except op.OmegaPortfolioError as error:
        check_refusal(error)
        return type(error).__name__, named_by(error, before, proof(source))
    except OSError as error:
        if one.kind != "path" and "report" not in call.name:
            raise
        # The system says no to a folder that is none, once all other arguments were taken.
        return ("accepted", "") if one.kind != "path" else (type(error).__name__, "path")
    for kept in (source, *((source.pessimistic,) if isinstance(source, op.Envelope) else ())):
        if isinstance(kept, op.Portfolio):
            kept.verify()
    return "accepted", ""


def named_by(error: op.OmegaPortfolioError, before: object, now: object) -> str:
    """Give the argument that a refusal names; it has one, and left no trace."""
    assert error.argument
    assert now == before, f"a refused call left a trace: {error}"
    return error.argument


def differ(one: Entry, found: list[tuple[str, str]], top: str, *, optional: bool) -> str:
    """Say what is wrong with the answers of the backends, if anything is."""
    left_out = optional and one.label == "None"
    if (
        not left_out
        and any(answer[0] == "accepted" for answer in found)
        and one.kind in {*REFUSED, "refused"}
    ):
        return f"{found}: is taken"
    loose = one.number in READ_BY_PYARROW and one.kind in {"frame", "refused"}
    if not loose and len(set(found)) > 1:
        return f"{found}: the backends differ"
    if (
        one.kind == "type"
        and not left_out
        and any(top not in answer[1].split(".") for answer in found)
    ):
        return f"{found}: another argument is named"
    return ""


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_value_that_fits(call: Call, count: Count) -> None:
    failures = []
    for argument, kind, shape in call.slots():
        top = next(iter(shape(None)))
        sources: dict[tuple[str, str], Any] = {}
        for one in values(kind):
            found = []
            floats = "strict" if one.kind == "strict" else "nearest"
            for backend in BACKENDS:
                source = sources.setdefault((backend, floats), call.make(backend, floats))
                try:
                    found.append(tried(call, source, backend, one, shape))
                except BaseException as error:  # noqa: BLE001 - a panic is no Exception.
                    failures.append(
                        f"{argument}, {one.number} {one.label} on {backend}: "
                        f"{type(error).__name__}: {error}"
                    )
                if found[-1:] == [("accepted", "")]:
                    del sources[backend, floats]
            count.values += 1
            wrong = differ(one, found, top, optional=kind.endswith("?"))
            if wrong:
                failures.append(f"{argument}, {one.number} {one.label}: {wrong}")
    assert not failures, "\n".join(["", *failures])


def test_every_public_call_has_a_row() -> None:
    rows = {call.name for call in CALLS}
    assert len(rows) == len(CALLS) >= 120
    assert reflected() - set(ALIASES) == rows - set(ALIASES)
    assert set(ENTRIES) == set(range(1, 101))


def test_every_entry_is_tried_somewhere() -> None:
    found = {cell.number for cell in cells() if cell.here or cell.test}
    assert set(ENTRIES) - found == WITHOUT_TEST


WITHOUT_TEST = {49}
"""2**32 positions."""


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((Path(__file__).parent / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_named_test_is_there() -> None:
    calls = {call.name for call in CALLS}
    for test in set(named().values()):
        file, _, function = test.partition("::")
        if function:
            assert function in functions(file), test
        else:
            assert (ROOT / file).is_file(), test
    for one in NAMED:
        assert set(one.calls) <= calls, one.test
        assert set(one.numbers) <= set(ENTRIES)


def test_a_cell_is_tried_or_has_a_reason() -> None:
    whole: list[Cell] = cells()
    assert len(whole) == len(CALLS) * len(ENTRIES)
    assert all((cell.here or cell.test) != bool(cell.reason) or cell.reason for cell in whole)
    assert all(cell.reason or cell.here or cell.test for cell in whole)


def made(call: Call, source: Any) -> None:
    """Make a call with good arguments; it may be refused, as others have changed the account."""
    with suppress(op.OmegaPortfolioError, OSError):
        call.run(source, dict(call.good))


def of_one_source(prefix: str) -> list[Call]:
    return [
        call for call in CALLS if call.name.startswith(prefix) and not call.name.endswith(".close")
    ]


@pytest.mark.parametrize("prefix", ["Portfolio.", "History.", "Envelope.", "Table.", "State."])
def test_every_call_by_eight_threads_at_once(prefix: str, backend: str) -> None:
    calls = of_one_source(prefix)
    source = calls[0].make(backend, "nearest")
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for place in range(len(calls)):
                made(calls[(place + number * 7) % len(calls)], source)
        except BaseException as error:  # noqa: BLE001 - a panic is no Exception.
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    if isinstance(source, op.Portfolio | op.Envelope):
        source.verify()


OF_POLARS = (".to_polars", ".scan", ".plot", ".report", ".explain")
"""Calls that answer through Polars, whose threads end with a fork: a child may not use it."""

FORKED = """
from test_bad_input_matrix import OF_POLARS, made, of_one_source
for prefix in ("Portfolio.", "History.", "Table.", "State.", "Metrics.", "Envelope."):
    calls = [call for call in of_one_source(prefix) if not call.name.endswith(OF_POLARS)]
    source = calls[0].make(backend, "nearest")
    child = os.fork()
    status = os.waitpid(child, 0)[1] if child else 0
    for call in calls:
        made(call, source)
    if prefix == "Portfolio.":
        source.verify()
        print(source.digest, flush=True)
    if child == 0:
        os._exit(0)
    print(len(calls), os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_every_call_after_a_fork(backend: str) -> None:
    lines = run(FORKED, backend)
    digests = [line for line in lines if " " not in line]
    assert len(digests) == 2
    assert digests[0] == digests[1]
    counts = [line.split() for line in lines if " " in line]
    assert len(counts) == 6
    assert all(int(calls) > 0 and status == "0" for calls, status in counts)


READING = ("get_", "calculate_", "asof_states", "explain", "fork", "from_bytes",
           "state_at", "to_bytes", "attribution", "compact", "drawdowns", "metric", "monthly_",
           "plot", "report", "rolling_metrics", "scan", "serve_flight", "trade_analysis",
           "verify", "yearly_", "flush", "snapshot")  # fmt: skip
"""How calls begin that change nothing, or that may be made twice."""


def test_every_call_after_close(backend: str) -> None:
    portfolio = account(backend)
    portfolio.close()
    before = portfolio.digest
    for call in of_one_source("Portfolio."):
        name = call.name.partition(".")[2]
        try:
            call.run(portfolio, dict(call.good))
        except op.PortfolioClosed as error:
            assert error.argument == "portfolio", name  # noqa: PT017 - not of all calls.
            assert not name.startswith(READING) or name == "snapshot", name
        except (op.JournalNotFound, OSError):
            assert name in ("snapshot", "report"), name
        else:
            assert name.startswith(READING), name
        assert portfolio.digest == before, name
    portfolio.verify()


@pytest.mark.parametrize("rows", [2**40, 2**60, 2**63 - 1, 2**63, 2**64, 10**100])
def test_more_memory_than_there_is(rows: int, backend: str) -> None:
    portfolio = account(backend)
    before = portfolio.digest
    for act in (
        lambda: op.Portfolio(1000, capacity=rows, backend=backend).deposit(1, 1),
        lambda: op.Envelope(1000, capacity=rows, backend=backend).deposit(1, 1),
        lambda: portfolio.compact(rows),
    ):
        with suppress(op.OutOfMemory, op.InvalidArgument):
            act()
    assert portfolio.digest == before
    portfolio.verify()


BARS = """
def interrupt(was_read):
    was_read.wait()
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

rows = {"rust": 1 << 20, "python": 1 << 13}[backend]
stopped = False
while not stopped:
    portfolio, was_read = op.Portfolio(1000, backend=backend), threading.Event()
    portfolio.open_position("A", "long", 1, 100, 0, stop_loss=1)
    before = whole_picture(portfolio)
    price = [100.0] * rows
    frame = pa.table({"time": pa.array(range(rows)), "symbol": pa.array(["A"] * rows),
                      "open": price, "high": price, "low": price, "close": price})
    def batches():
        yield from frame.to_batches()
        was_read.set()
    sender = threading.Thread(target=interrupt, args=(was_read,))
    sender.start()
    try:
        portfolio.process_bars(pa.RecordBatchReader.from_batches(frame.schema, batches()))
        sender.join()
        time.sleep(1)
    except KeyboardInterrupt:
        stopped = portfolio.events == before["events"]
        assert stopped or portfolio.events == before["events"] + rows
    sender.join()
    rows *= 2
assert whole_picture(portfolio) == before
portfolio.verify()
portfolio.process_bar(1, {"A": (100, 100, 100, 100)})
portfolio.verify()
print("interrupted")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without POSIX signals")
def test_bars_that_are_interrupted_leave_no_trace(backend: str) -> None:
    assert run(BARS, backend) == ["interrupted"]
