"""The live view and processes: forks, the end of Python, and what is loaded when."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from omega_portfolio.flight_tables import Gate
from test_interruption import PACKAGE_ROOT, run

ENDS = """
from omega_portfolio import flight_server
portfolio = op.Portfolio(1000, backend=backend)
view = portfolio.serve_flight()
print(view.port, flush=True)
"""


def test_a_process_ends_with_an_open_view(backend):
    (port,) = run(ENDS, backend)
    assert int(port) > 0


INTERRUPTED = """
portfolio = op.Portfolio(1000, backend=backend)
with portfolio.serve_flight() as view:
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)
    except KeyboardInterrupt:
        print("interrupted", view.closed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without POSIX signals")
def test_ctrl_c_is_that_of_the_program(backend):
    assert run(INTERRUPTED, backend) == ["interrupted False"]


FORKED = """
import os, sys
import omega_portfolio as op
backend = sys.argv[1]
portfolio = op.Portfolio(1000, backend=backend)
view = portfolio.serve_flight()
child = os.fork()
if child == 0:
    print("child", view.closed, portfolio.equity, flush=True)
    view.close()
    portfolio.update_equity(1)
    try:
        portfolio.serve_flight()
    except op.InvalidArgument as error:
        print(error.argument, "|", error.remedy, flush=True)
    sys.exit(0)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), view.closed, portfolio.events, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_does_not_serve(backend):
    # Not by `run`: its watchdog is a thread, for which a child that ends would wait.
    done = subprocess.run(  # noqa: S603 - the program is this interpreter.
        [sys.executable, "-W", "error", "-c", FORKED, backend],
        env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    remedy = "serve in the parent, or begin the process with spawn"
    assert lines == ["child True 1000.00", f"serve_flight | {remedy}", "0 False 0"]


def test_a_fork_waits_until_no_reader_is_inside():
    # Without a fork: CPython 3.11 can hang in one, see docs/guide/live.md.
    gate, shut = Gate(), threading.Event()

    def close() -> None:
        gate.shut()
        shut.set()
        gate.open()

    with gate.inside():
        fork = threading.Thread(target=close)
        fork.start()
        assert not shut.wait(0.2)
    assert shut.wait(5)
    fork.join()
    with gate.inside():
        pass


MISSING = """
import sys
sys.modules["pyarrow.flight"] = None
try:
    op.Portfolio(1000, backend=backend).serve_flight()
except op.InvalidArgument as error:
    print(error.rule, "|", error.remedy)
"""


def test_without_the_package_the_remedy_is_told(backend):
    assert run(MISSING, backend) == [
        "needs pyarrow.flight, which is not installed | pip install 'omega-portfolio[flight]'"
    ]


LAZY = """
import sys
portfolio = op.Portfolio(1000, backend=backend)
print([name for name in sys.modules if "flight" in name])
"""


def test_nothing_of_it_is_loaded_before_it_is_used(backend):
    assert run(LAZY, backend) == ["[]"]
