"""How a batch is ended from outside, and how it tells how far it is."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from batch_samples import sample_batch
from conftest import _chosen_backends
from omega_portfolio.batch import passes, slices
from omega_portfolio.batch.interrupt import stoppable
from omega_portfolio.errors import RunCancelled


def test_a_cancelled_batch_leaves_whole_runs(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(slices.WORK, backend, 160)
    token = op.CancelToken()
    assert not token.cancelled

    def look(done: int, _: int) -> None:
        if done >= 5:
            token.cancel()

    with pytest.raises(RunCancelled) as cancelled:
        sample_batch(backend, cancel=token, progress=look)
    result = cancelled.value.result
    assert result is not None
    assert token.cancelled
    assert not result.complete
    assert 5 <= len(result) < 12
    assert result.run_ids == list(range(len(result)))
    whole = sample_batch(backend)
    assert result.equity.equals(whole.equity.filter(pl.col("run_id") < len(result)))
    assert "of 12, ended" in repr(result)
    with pytest.raises(RunCancelled) as before:
        sample_batch(backend, cancel=token)
    assert before.value.result is not None
    assert len(before.value.result) == 0


def test_a_cancelled_second_pass_leaves_the_first(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(slices.WORK, backend, 160)
    token = op.CancelToken()

    def look(done: int, total: int) -> None:
        assert total == 24
        if done >= 17:
            token.cancel()

    with pytest.raises(RunCancelled) as cancelled:
        sample_batch(backend, cancel=token, path="both", progress=look)
    result = cancelled.value.result
    assert result is not None
    assert len(result) == 12
    assert 5 <= len(result.optimistic) < 12
    assert not result.complete
    assert result.envelope.height == 12


INTERRUPTED = """
import _thread, sys
import omega_portfolio as op
sys.path.insert(0, {tests!r})
from batch_samples import sample_batch
from conftest import _chosen_backends
from omega_portfolio.batch import passes, slices
from omega_portfolio.batch.interrupt import stoppable
slices.WORK[{backend!r}] = 160

def look(done, total):
    if done >= 5:
        raise KeyboardInterrupt

try:
    sample_batch({backend!r}, progress=look)
except KeyboardInterrupt as error:
    print(len(error.result), error.result.complete, flush=True)
    raise
"""


def test_an_interrupt_leaves_whole_runs_and_ends_the_program_as_one(backend: str) -> None:
    code = INTERRUPTED.format(tests=str(Path(__file__).parent), backend=backend)
    done = subprocess.run(  # noqa: S603 - the code above.
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "4 False\n", done.stderr
    assert done.returncode in (-signal.SIGINT, 130)


LONG = """
import signal, sys
import omega_portfolio as op
sys.path.insert(0, {tests!r})
from batch_samples import sample_bars, sample_orders
import polars as pl

many = pl.DataFrame({{"size": [1 + k % 50 for k in range(50_000)]}})
print("ready", flush=True)
try:
    op.run_batch(sample_bars(10_000), sample_orders(), many, record="none", trades=False)
except KeyboardInterrupt as error:
    whole = error.result.run_ids == list(range(len(error.result)))
    again = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    print(len(error.result) > 0, whole, error.result.complete, again, flush=True)
    raise
"""


@pytest.mark.skipif("rust" not in _chosen_backends(), reason="the run is narrowed to python")
def test_the_signal_of_ctrl_c_leaves_the_runs_of_this_moment() -> None:
    code = LONG.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen(  # noqa: S603 - the code above.
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert told.split() == ["True", "True", "False", "True"]
    assert process.returncode in (-signal.SIGINT, 130)


def test_a_second_ctrl_c_does_not_wait() -> None:
    with stoppable(None, patient=True) as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.cancelled
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with stoppable(None, patient=False) as stop, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert not stop.cancelled


def test_an_interrupt_at_the_last_moment_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(done: int, _: int) -> None:
        if done == 12:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as interrupted:
        sample_batch("python", progress=look)
    assert len(interrupted.value.result) == 0  # type: ignore[attr-defined]
    monkeypatch.setitem(slices.WORK, "python", 10**6)
    monkeypatch.setattr(passes, "stoppable", partial_stoppable)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        sample_batch("python", progress=look)
    assert len(interrupted.value.result) == 12  # type: ignore[attr-defined]


def partial_stoppable(token: op.CancelToken | None, *, patient: bool) -> Any:
    """Be patient whatever the backend is."""
    assert not patient
    return stoppable(token, patient=True)


def test_a_bar_is_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    sample_batch("python", progress=True)
    assert "/12" in capsys.readouterr().err
    sample_batch("python")
    sample_batch("python", progress=False)
    assert capsys.readouterr().err == ""
