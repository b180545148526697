"""A journal that another one writes: a second writer, and a child process after a fork."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import omega_portfolio as op
from bad_batch_frames import check_refusal
from conftest import _chosen_backends
from test_interruption import run


@pytest.mark.parametrize("other", _chosen_backends())
def test_a_second_writer_is_locked_out(backend: str, other: str, tmp_path: Path) -> None:
    path = tmp_path / "j"
    with op.Portfolio(1000, journal=path, backend=backend) as first:
        first.deposit(1, 1)
        before = path.read_bytes()
        with pytest.raises(op.JournalLocked) as locked:
            op.open_journal(path, backend=other)
        check_refusal(locked.value)
        with pytest.raises(op.JournalExists) as there:
            op.Portfolio(1000, journal=path, backend=other)
        check_refusal(there.value)
        assert {locked.value.argument, there.value.argument} == {"journal"}
        assert path.read_bytes() == before
        assert op.inspect_journal(path, backend=other).events == 1
        first.deposit(1, 2)
    with op.open_journal(path, backend=other) as second:
        assert second.events == 2


FORKED = """
portfolio = op.Portfolio(1000, journal=arguments[0], backend=backend)
portfolio.deposit(1, 1)
child = os.fork()
if child == 0:
    before = portfolio.digest
    for act in (lambda: portfolio.deposit(2, 2), portfolio.snapshot, portfolio.flush):
        try:
            act()
        except op.DurabilityError as error:
            assert error.argument == "journal"
        else:
            assert act == portfolio.flush
    assert portfolio.digest == before
    assert portfolio.balance == 1001
    portfolio.verify()
    portfolio.close()
    os._exit(0)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
portfolio.deposit(3, 3)
portfolio.close()
found = op.inspect_journal(arguments[0], backend=backend)
print(status, found.verdict, found.events, found.closed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_the_journal_stays_with_the_parent(backend: str, tmp_path: Path) -> None:
    assert run(FORKED, backend, str(tmp_path / "j")) == ["0 clean 2 True"]
