"""The live view and processes: forks, the end of Python, and what is loaded when."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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


FORKS = """
import pyarrow.flight as fl
portfolio = op.Portfolio(1000, backend=backend)
portfolio.update_equity(1)
view = portfolio.serve_flight()
code = f'''
import pyarrow.flight as fl
with fl.connect({view.location!r}) as client:
    while True:
        try:
            client.do_get(fl.Ticket("equity")).read_all()
        except fl.FlightError:
            break
'''
readers = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
           for _ in range(2)]
time.sleep(1)
for number in range(40):
    child = os.fork()
    if child == 0:
        portfolio.get_equity_curve()
        portfolio.update_equity(2)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
view.close()
for reader in readers:
    reader.terminate()
    reader.wait()
print("forked")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_waits_until_no_reader_is_inside(backend):
    assert run("import subprocess, sys\n" + FORKS, backend) == ["forked"]


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
