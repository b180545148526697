"""The triggers of a rollback, each made to fire."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import omega_portfolio as op
from omega_portfolio import triggers, verify_command
from omega_portfolio.cli import main
from omega_portfolio.errors import InvalidFrame
from stored_files import flipped, frames_of, written

NAMES = ("invariant", "state", "performance", "precision")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggers, "TRADES", 40)
    monkeypatch.setattr(triggers, "ROUNDS", 2)


def fired(pulled: list[triggers.Trigger]) -> list[str]:
    assert tuple(trigger.name for trigger in pulled) == NAMES
    return [trigger.name for trigger in pulled if trigger.fired]


def test_nothing_fires_on_a_sound_engine(tmp_path: Path) -> None:
    pulled = triggers.pull(None, tmp_path / "portfolio.baseline")
    assert fired(pulled) == []
    assert [trigger.fired for trigger in pulled] == [False, False, None, False]
    assert "every column and invariant holds" in pulled[0].detail
    assert pulled[1].detail.startswith("clean, ")
    assert pulled[3].detail == "40 trades, 0 lost"


def test_a_corrupt_journal_fires(tmp_path: Path, backend: str) -> None:
    path = tmp_path / "run.journal"
    written(path, backend)
    assert fired(triggers.pull(path, None)) == []
    data = path.read_bytes()
    path.write_bytes(flipped(data, frames_of(data)[4][0] + 18))
    assert fired(triggers.pull(path, None)) == ["state"]
    path.write_bytes(data[:-1])
    pulled = triggers.pull(path, None)
    assert fired(pulled) == []
    assert pulled[1].detail.startswith("torn, ")


def test_an_image_may_be_asked_as_well(tmp_path: Path, backend: str) -> None:
    path = tmp_path / "image"
    path.write_bytes(op.Portfolio(1, backend=backend).to_bytes())
    assert fired(triggers.pull(path, None)) == []


def test_a_broken_invariant_fires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.journal"
    written(path, "python")

    def broken(portfolio: op.Portfolio) -> verify_command.Check:
        name = f"{verify_command.ACCOUNT}, {portfolio.backend}"
        return verify_command.Check(name, "equity_identity: 1 != 2", passed=False)

    monkeypatch.setattr(verify_command, "_account_check", broken)
    pulled = triggers.pull(path, None)
    assert fired(pulled) == ["invariant"]
    assert "equity_identity" in pulled[0].detail


def test_lost_money_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = triggers._live
    monkeypatch.setattr(triggers, "_live", lambda *given: honest(*given) + 1)
    assert fired(triggers.pull(None, None)) == []
    monkeypatch.setattr(triggers, "_live", lambda *given: honest(*given) - 2)
    pulled = triggers.pull(None, None)
    assert fired(pulled) == ["precision"]
    assert pulled[3].detail == "40 trades, 0.02 lost"


def changed(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_slower_engine_fires(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.baseline"
    assert "is made" in triggers._performance(path).detail
    times = json.loads(path.read_text())
    assert times["backend"] == op.backend_status().live
    changed(path, min_us=times["min_us"] * 1000, median_us=times["median_us"] * 1000)
    assert triggers._performance(path).fired is False
    changed(path, min_us=1e-6)
    assert triggers._performance(path).fired is False, "one of the two alone is noise"
    changed(path, median_us=1e-6)
    assert triggers._performance(path).fired is True


@pytest.mark.parametrize("name", ["backend", "machine", "digest"])
def test_other_work_is_not_compared(tmp_path: Path, name: str) -> None:
    path = tmp_path / "portfolio.baseline"
    triggers._performance(path)
    changed(path, min_us=1e-6, median_us=1e-6, **{name: "another"})
    trigger = triggers._performance(path)
    assert (trigger.fired, trigger.detail) == (None, f"another {name} than in {path}")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"backend": "rust"}', '{"backend": 1}'])
def test_a_baseline_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "portfolio.baseline"
    path.write_text(text)
    with pytest.raises(InvalidFrame, match="baseline"):
        triggers._performance(path)
    assert path.read_text() == text


def test_the_doctor_asks_them(
    tmp_path: Path, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, baseline = tmp_path / "run.journal", tmp_path / "portfolio.baseline"
    written(path, backend)
    words = ["doctor", "--triggers", "--journal", str(path), "--baseline", str(baseline)]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "Triggers of a rollback\n  invariant       quiet; " in text
    assert "performance     not asked; " in text
    assert "everything is fine" in text
    # A machine that is busy meanwhile is not the question here.
    changed(baseline, min_us=1e9, median_us=1e9)
    data = path.read_bytes()
    path.write_bytes(flipped(data, frames_of(data)[4][0] + 18))
    assert main([*words, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["healthy"] is False
    assert [trigger["name"] for trigger in document["triggers"] if trigger["fired"]] == ["state"]


def test_a_journal_that_is_not_there_is_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--triggers", "--journal", str(tmp_path / "none")]) == 3
    assert "[4055]" in capsys.readouterr().err


def test_options_without_triggers_are_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--journal", "--baseline"):
        assert main(["doctor", option, "x"]) == 2
        assert "--triggers" in capsys.readouterr().err
