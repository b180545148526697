"""The comparison of speed: its inputs, our answer to them, its checker and its table."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "benches" / "compare"))

import checks  # noqa: E402
import compare as command  # noqa: E402
import measure  # noqa: E402
import table  # noqa: E402
from engine import UnavailableError  # noqa: E402
from engine_omega import Omega  # noqa: E402
from works import FEE, RATE_PARTS, WORKS, Work  # noqa: E402

NAMES = list(WORKS)


@pytest.fixture(scope="module", params=NAMES)
def work(request: pytest.FixtureRequest) -> Work:
    return WORKS[request.param]("small")


def test_the_inputs_are_the_same_each_time(work: Work) -> None:
    again = next(made for name in NAMES if (made := WORKS[name]("small")).name == work.name)
    assert again.digest == work.digest
    assert len({WORKS[name]("small").digest for name in NAMES}) == len(NAMES) == 10


def test_bars_are_bars(work: Work) -> None:
    opens, highs, lows, closes = work.bars
    assert work.bars.shape == (4, work.moments, len(work.symbols))
    assert lows.min() > 0
    assert (lows <= np.minimum(opens, closes)).all()
    assert (highs >= np.maximum(opens, closes)).all()
    assert (np.diff(work.times) > 0).all()


def test_signals_are_in_turn_and_sizes_are_whole(work: Work) -> None:
    if len(work.rebalances):
        steps = np.diff(work.sizes, axis=0)
        assert (steps != 0).all()
        assert (work.sizes > 0).all()
        assert work.fills == work.sizes.size == len(work.rebalances) * len(work.symbols)
        assert work.rebalances.max() < work.moments
        return
    both = np.stack([work.entries, work.exits], axis=2).reshape(len(work.entries), -1)
    assert (np.diff(both, axis=1) > 0).all()
    assert both.min() >= 0
    assert both.max() < work.moments
    assert work.sizes.min() >= 1
    assert work.fills == 2 * work.runs * work.entries.shape[1]


def test_no_stop_is_a_whole_cent() -> None:
    with_stops = [made for name in NAMES if len((made := WORKS[name]("small")).stops)]
    assert len(with_stops) == 2
    for each in with_stops:
        assert each.stops.shape == (each.runs, 2)
        assert (np.gcd(each.stops, RATE_PARTS) == 1).all()
        # So a price in cents times the rate has cents only if the price is 1,000.00 or more.
        assert each.bars.max() < RATE_PARTS


def test_the_full_sizes_are_those_of_the_table() -> None:
    many = WORKS["W2"]("full")
    assert (many.runs, many.moments, many.entries.shape[1]) == (1_000, 10_000, 500)
    grid = WORKS["W6"]("full")
    assert (grid.runs, grid.moments, len(grid.entries), grid.record) == (100_000, 10_000, 1, "none")
    assert len(np.unique(grid.stops, axis=0)) == grid.runs
    assert WORKS["G4"]("full").entries.shape == (1, 10_000)


def test_the_first_runs_of_a_work_are_the_same_runs(backend: str) -> None:
    whole = WORKS["W2s"]("small")
    part = whole.first(3)
    assert (part.runs, len(part.stops), len(part.entries)) == (3, 3, 3)
    assert whole.first(whole.runs) is whole
    shared = WORKS["W6"]("small").first(2)
    assert (shared.runs, len(shared.stops), len(shared.entries)) == (2, 2, 1)
    finals = [answer(each, backend).finals for each in (whole.first(4), part)]
    assert (finals[0][:3] == finals[1]).all()


def answer(work: Work, backend: str) -> Any:
    call = Omega(1, backend).prepare(work)
    return call.outcome(call.run())


def by_hand(work: Work, run: int) -> Decimal:
    """Give the equity at the end of a run of round trips, in exact numbers."""
    cash, fee = Decimal(work.balance), Decimal(str(FEE))
    opens, highs, lows, closes = work.bars[:, :, 0]
    row = work.row(run)
    for first, last, units in zip(work.entries[row], work.exits[row], work.sizes[row], strict=True):
        entry = Decimal(int(closes[first])) / 100
        level = Decimal(int(closes[last])) / 100
        if len(work.stops):
            loss, profit = (Decimal(int(part)) / RATE_PARTS for part in work.stops[run])
            below, above = entry * (1 - loss), entry * (1 + profit)
            for bar in range(first + 1, last + 1):
                start, high, low = (Decimal(int(one[bar])) / 100 for one in (opens, highs, lows))
                hit = (
                    start if start <= below or start >= above
                    else below if low <= below
                    else above if high >= above
                    else None
                )  # fmt: skip
                if hit is not None:
                    level = hit
                    break
        size = int(units)
        cash += size * (level - entry) - fee * size * (entry + level)
    return cash


@pytest.mark.parametrize("name", ["W0", "W2s", "W6", "G4"])
def test_our_answer_is_that_of_exact_numbers(name: str, backend: str) -> None:
    work = WORKS[name]("small").first(5 if backend == "rust" else 2)
    outcome = answer(work, backend)
    assert outcome.finals.tolist() == [float(by_hand(work, run)) for run in range(work.runs)]
    assert outcome.closed == work.fills // 2


def row(engine: str, **more: Any) -> dict[str, Any]:
    found = {
        "work": "W2s", "engine": engine, "text": "runs", "runs": 2, "runs_all": 2, "moments": 10,
        "symbols": 1, "inputs": "a", "fills": 8, "closed": 4, "hash": "h", "note": "", "rounds": 3,
        "wall_min": 0.25, "wall_median": 0.5, "cpu_min": 0.125, "cpu_median": 0.25,
        "memory_call": 2**20, "memory_process": 2**25,
    }  # fmt: skip
    return found | more


def checked(finals: list[float], **more: Any) -> tuple[dict[str, Any], list[str]]:
    engine = more.pop("engine", "vectorbt")
    other = row(engine, **more)
    arrays = {("W2s", "omega"): np.array([100.0, 200.0]), ("W2s", engine): np.array(finals)}
    return other, checks.check([row("omega"), other], arrays)


def test_equal_results_pass() -> None:
    other, wrong = checked([100.0, 200.0 * (1 + 1e-10)])
    assert wrong == []
    assert other["against"] == "omega"
    assert 0 < other["difference"] < 1e-9
    assert checked([100.0], runs=1)[1] == []


@pytest.mark.parametrize(
    ("finals", "more", "said"),
    [
        ([100.0, 200.0 * (1 + 1e-8)], {}, "run 1 ends with"),
        ([float("nan"), 200.0], {}, "run 0 ends with"),
        ([100.0, 200.0], {"closed": 3}, "3 closed trades, not 4"),
        ([100.0, 200.0], {"inputs": "b"}, "other inputs"),
        ([100.0], {}, "1 final equities of 2 runs"),
        ([100.0, 201.0], {"engine": "raptorbt"}, "run 1 ends with"),
    ],
)
def test_what_differs_is_named(finals: list[float], more: dict[str, Any], said: str) -> None:
    _, wrong = checked(finals, **more)
    assert len(wrong) == 1
    assert said in wrong[0]


def test_a_known_rule_is_named_and_no_failure() -> None:
    other, wrong = checked([100.0, 200.001], engine="raptorbt")
    assert wrong == []
    assert "take profit" in other["rule"]
    assert "no, by 5e-06: fills a take profit" in table.cells_of(other)[-1]
    assert set(checks.KNOWN) <= {(engine, name) for engine in measure.ENGINES for name in NAMES}


def test_without_a_reference_nothing_passes() -> None:
    alone = row("vectorbt")
    assert len(checks.check([alone], {("W2s", "vectorbt"): np.array([100.0, 200.0])})) == 1
    missing = {"work": "W2", "engine": "omega", "unavailable": "why"}
    assert checks.check([missing], {}) == []


def test_the_table_says_what_was_measured() -> None:
    other, _ = checked([100.0, 200.0], runs_all=8)
    missing = {"work": "W2s", "engine": "raptorbt", "text": "runs", "unavailable": "no | wheel"}
    record = {
        "format": 1, "date": "2026-01-02T03:04:05+00:00", "size": "full", "limit": 60.0,
        "machine": {"cpu": "A CPU", "cores": 2, "load": 0.5, "python": "3.11.7"},
        "versions": {"numba": "1", "vectorbt": "2"}, "note": "quiet", "rows": [other, missing],
    }  # fmt: skip
    text = "\n".join(table.lines_of(record))
    assert "2026-01-02 03:04 UTC, A CPU, 2 cores, load 0.5" in text
    assert "Versions: numba 1, vectorbt 2." in text
    line = "| vectorbt, numba | first 2 of 8 | 250 | 500 | 125 | 6,250,000 | 1.00 | 32.0 | yes |"
    assert line in text
    assert "not available: no \\| wheel" in text
    document = command.quoted("a\n" + "old\n".join(command.MARKS) + "b\n", ["x", "y"])
    assert document == f"a\n{command.MARKS[0]}\nx\ny\n\n{command.MARKS[1]}b\n"
    with pytest.raises(ValueError, match="no place"):
        command.quoted("", [])


def test_an_engine_that_is_not_there_is_a_row(tmp_path: Path) -> None:
    assert command.not_there("omega", tmp_path) == ""
    assert "make compare" in command.not_there("raptorbt", tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert command.not_there("raptorbt", tmp_path) == ""
    (tmp_path / command.FAILED).write_text('{"raptorbt": "no wheel"}', encoding="utf-8")
    assert command.not_there("raptorbt", tmp_path) == "no wheel"
    assert command.not_there("vectorbt", tmp_path) == ""


def options_with(**more: Any) -> Namespace:
    homes = {"peers": command.PEERS, "peers_pandas2": command.PEERS_PANDAS2}
    return Namespace(**{"size": "small", "limit": 0.5, **homes, **more})


def test_an_engine_is_asked_in_its_own_environment(tmp_path: Path) -> None:
    options = options_with(peers=tmp_path / "a", peers_pandas2=tmp_path / "b")
    assert command.home_of("raptorbt", options) == tmp_path / "a"
    assert command.home_of("nautilus", options) == tmp_path / "b"
    facts, finals = command.measured("W2", "nautilus", options)
    assert "its environment is not there" in facts["unavailable"]
    assert finals is None
    assert set(command.PANDAS2) <= set(command.PACKAGES)


@pytest.mark.parametrize("name", ["G4", "W3"])
def test_nautilus_gives_our_result(name: str) -> None:
    reason = command.not_there("nautilus", command.PEERS_PANDAS2)
    if reason:
        pytest.skip(reason)
    facts, finals = command.measured(name, "nautilus", options_with())
    ours = answer(WORKS[name]("small"), "rust")
    assert finals is not None
    assert finals.tolist() == pytest.approx(ours.finals.tolist(), rel=1e-12)
    assert facts["closed"] == ours.closed


def test_a_run_that_is_too_long_is_refused_or_cut() -> None:
    engine = Omega(1)
    work = WORKS["W2"]("small")
    assert measure.runs_that_fit(engine, "W2", work, 1e6) == work.runs
    with pytest.raises(UnavailableError, match="over the limit"):
        measure.runs_that_fit(engine, "W2", work, 1e-9)


def test_a_run_that_may_be_too_long_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    work = WORKS["W2"]("small")
    # All ten runs in two seconds.
    monkeypatch.setattr(measure, "measured", lambda _: (None, 2.0, 2.0))
    assert measure.runs_that_fit(Omega(1), "W2", work, 0.5) == 2
    assert measure.runs_that_fit(Omega(1), "W2", work, 0.1) == 1
    with pytest.raises(UnavailableError, match="a run would take some 0 s"):
        measure.runs_that_fit(Omega(1), "W2", work, 0.06)


def test_the_document_quotes_the_newest_record() -> None:
    records = sorted(command.RECORDS.glob("*.json"))
    assert len(records) >= 1
    for path in records:
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["format"] == 1
        # An older record lacks the engines that came after it.
        engines = {each["engine"] for each in record["rows"]}
        assert engines <= set(measure.ENGINES)
        assert len(engines) >= 8
        lines = table.lines_of(record)
        assert path.with_suffix(".md").read_text(encoding="utf-8") == "\n".join(lines) + "\n"
    assert engines == set(measure.ENGINES), "the newest has all of them"
    text = command.DOCUMENT.read_text(encoding="utf-8")
    assert command.quoted(text, lines) == text
    faster = table.faster_lines(record)
    assert command.quoted(text, faster, command.FASTER_MARKS) == text


def test_loops_by_hand_were_the_fastest_in_the_newest_record() -> None:
    path = max(command.RECORDS.glob("*.json"))
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    measured = [each for each in rows if "unavailable" not in each]
    for work in {each["work"] for each in measured}:
        found = {
            each["engine"]: table.wall_per_bar(each) for each in measured if each["work"] == work
        }
        assert min(found, key=found.__getitem__).startswith("numba-"), work


def test_who_was_faster_is_listed() -> None:
    rows = [row("omega"), row("vectorbt", wall_min=0.125), row("raptorbt", wall_min=1.0)]
    rows += [row("numba-float", wall_min=0.01), row("backtesting", runs=1, wall_min=0.1)]
    missing = {"work": "W2s", "engine": "vectorbt-rust", "text": "runs", "unavailable": "why"}
    lines = table.faster_lines({"rows": [*rows, missing]})
    assert [line.split(" | ")[1:] for line in lines[2:]] == [
        ["vectorbt, numba", "6,250,000", "12,500,000", "2.00 |"],
        ["backtesting.py", "10,000,000", "12,500,000", "1.25 |"],
    ]


def pins(path: str) -> set[str]:
    """Give the packages of a list; each has a version."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    found = [line.split("==") for line in lines if not line.startswith("#")]
    assert all(len(pin) == 2 for pin in found)
    return {name for name, _ in found}


def test_the_peers_are_pinned_and_not_ours() -> None:
    older = {command.PACKAGES[engine] for engine in command.PANDAS2}
    assert set(command.PACKAGES.values()) - older <= pins("benches/compare/requirements.txt")
    assert older <= pins("conformance/requirements.txt")
    assert set(command.PACKAGES) | set(command.OURS) == set(measure.ENGINES)
    package = [path.read_text(encoding="utf-8") for path in (ROOT / "python").rglob("*.py")]
    assert len(package) >= 50
    for name in ("vectorbt", "raptorbt", "numba", "nautilus_trader"):
        assert not [one for one in package if f"import {name}" in one or f"from {name}" in one]
