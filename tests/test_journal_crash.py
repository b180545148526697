"""Processes that are killed while they write: the command, and that it would see a loss."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from omega_portfolio.bench import crash
from omega_portfolio.bench.__main__ import main
from omega_portfolio.bench.crash_steps import Reference, begun, step

BACKENDS = _chosen_backends()
KILLS = int(os.environ.get("OMEGA_TEST_KILLS", "24"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without POSIX")


def test_nothing_that_was_acknowledged_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--kills", str(KILLS), "--seed", "5", "--backends", *BACKENDS, "--json"]
    code = main(["crash", *arguments])
    found = json.loads(capsys.readouterr().out)
    assert code == 0, found
    assert (found["kills"], found["lost"], found["wrong_states"]) == (KILLS, 0, 0)
    assert found["acknowledged"] > KILLS
    assert sum(found["verdicts"].values()) == KILLS


def test_the_calls_of_a_life_are_decided_by_their_number(backend: str) -> None:
    portfolio, reference = begun(backend), Reference("life", "python")
    for _ in range(60):
        step(portfolio, "life")
        assert portfolio.digest == reference.digest(portfolio.events)
    portfolio.verify()
    kinds = set(portfolio.get_events().to_polars()["action"])
    assert len(kinds) >= 6


@pytest.mark.parametrize(("cut", "seen"), [(True, "found"), (False, "another state")])
def test_a_loss_and_another_state_are_seen(tmp_path: Path, cut: bool, seen: str) -> None:
    life = crash._Life(tmp_path / "run.journal", "life", "os", 1000)
    portfolio: Any = begun("python", journal=life.path)
    for _ in range(10):
        step(portfolio, "life" if cut else "other life")
    told = portfolio.events
    portfolio.close()
    if cut:
        found = op.inspect_journal(life.path)
        life.path.write_bytes(life.path.read_bytes()[: found.length - 80])
    result = crash.Result(1)
    crash._judge(result, life, told, ("python", Reference("life", "python")))
    assert seen in result.failures[0]
    assert (result.lost > 0, result.wrong_states) == (cut, int(not cut))
    assert "FAILED" in crash.report(result)
