"""A process that forks while another thread is in a call: nobody in the child waits for ever."""

from __future__ import annotations

import os

import pytest

from test_interruption import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without forks")

BUSY = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Of forks beside threads.
(work,) = arguments
rows = 100_000 if backend == "rust" else 1_000
frame = pl.DataFrame({"action": ["deposit"], "time": [1], "amount": [1]})
frame = pl.concat([frame] * rows, rechunk=True)
portfolio = op.Portfolio(1000, backend=backend)
portfolio.apply(frame)
# Both forks have one ledger until one of them goes on.
fork, twin = portfolio.fork(), portfolio.fork()
long_calls = {
    "apply": lambda: portfolio.apply(frame),
    "verify": portfolio.verify,
    "verify a fork": fork.verify,
}
done = threading.Event()

def go_on():
    while not done.is_set():
        long_calls[work]()

LEFT, ANSWERED = 7, 8

def asked(call):
    try:
        call()
    except RuntimeError as error:
        assert "this process was forked while another thread" in str(error), error
        return LEFT
    return ANSWERED

def child():
    # A signal that ends the process, so that a child that waits is seen.
    signal.alarm(20)
    ones = {"apply": [portfolio], "verify": [portfolio], "verify a fork": [fork, twin, portfolio]}
    answers = []
    for one in ones[work]:
        calls = [one.get_state, lambda: one.balance, lambda: one.deposit(1, 2), one.verify]
        calls += [one.fork, one.get_trades, one.to_bytes, one.close]
        first = asked(calls[0])
        answers.append(first)
        # All calls and all threads are answered alike.
        assert {asked(call) for call in calls} == {first}
        others = []
        threads = [
            threading.Thread(target=lambda: others.append(asked(one.get_state))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert others == [first] * 4
    fresh = op.Portfolio(1, backend=backend)
    fresh.deposit(1, 1)
    assert fresh.get_state().balance == 2
    # A child of the child is no better off, and a portfolio of the child is as good as any.
    grandchild = os.fork()
    if grandchild == 0:
        signal.alarm(20)
        assert asked(ones[work][0].get_state) == answers[0]
        fresh.verify()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) == 0
    return answers[0]

worker = threading.Thread(target=go_on)
worker.start()
seen = set()
try:
    for attempt in range(60):
        time.sleep(0.002 * (attempt % 7))
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = child()
                for name in ("portfolio", "fork", "twin", "long_calls"):
                    del globals()[name]
                gc.collect()
            finally:
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code in {LEFT, ANSWERED}, code
        seen.add(code)
        if attempt >= 4 and LEFT in seen:
            break
finally:
    done.set()
    worker.join()
portfolio.verify()
fork.verify()
assert portfolio.events % rows == 0
print(LEFT in seen)
"""


@pytest.mark.parametrize("work", ["apply", "verify", "verify a fork"])
def test_a_child_does_not_wait_for_a_thread_of_its_parent(backend: str, work: str) -> None:
    assert run(BUSY, backend, work) == ["True"]


HANDLER = """
portfolio = op.Portfolio(1000, backend=backend)
rows = 300_000 if backend == "rust" else 3_000
frame = pl.DataFrame({"action": ["deposit"], "time": [1], "amount": [1]})
frame = pl.concat([frame] * rows, rechunk=True)
children = []

def handle(*_):
    children.append(os.fork())

signal.signal(signal.SIGALRM, handle)
for _ in range(20):
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    portfolio.apply(frame)
    signal.setitimer(signal.ITIMER_REAL, 0)
    if children:
        break
# The child goes on in the call in which it was made, and it is the thread that holds the lock.
portfolio.verify()
assert portfolio.events % rows == 0
if children[0] == 0:
    os._exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 9
print("both")
"""


def test_a_child_that_is_made_inside_of_a_call_goes_on(backend: str) -> None:
    assert run(HANDLER, backend) == ["both"]
