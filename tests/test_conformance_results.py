"""COMPARE.md quotes what is filed of other engines, and each difference has a cause in words."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import omega_portfolio as op

ROOT = Path(__file__).parent.parent
sys.path += [str(ROOT / "tools"), str(ROOT / "conformance")]

import compare_features as features  # noqa: E402
import conformance_results as command  # noqa: E402
from document_tables import replace_tables  # noqa: E402
from feature_probes import ENGINES, NO, YES  # noqa: E402
from judge import VERDICTS  # noqa: E402

RESULTS = command.filed()
CASES: dict[str, Any] = json.loads((command.FOLDER / "cases.json").read_text(encoding="utf-8"))
ASKED_MIN = 0.95
IDS = [case["id"] for case in CASES["cases"]]


def test_every_engine_is_filed_with_every_case() -> None:
    assert len(RESULTS) == len(command.OURS) + len(command.PEERS) == 6
    for one in RESULTS:
        # Other engines may have been asked before a case was added.
        known = set(IDS) & set(one["cases"])
        assert len(known) >= ASKED_MIN * len(IDS), f"{one['engine']}: make conformance"
        assert one["total"]["cases"] == len(one["cases"])
        verdicts = [case["verdict"] for case in one["cases"].values()]
        assert {name: verdicts.count(name) for name in VERDICTS} == {
            name: one["total"][name] for name in VERDICTS
        }
        path = command.RESULTS / f"{one['engine'].replace(' ', '-')}-{one['version']}.json"
        assert path.is_file()
        assert re.match(r"\d{4}-\d\d-\d\dT", one["date"])


def test_our_backends_passed_every_case() -> None:
    for one in RESULTS[:2]:
        assert one["engine"].startswith("omega-portfolio ")
        assert one["version"] == op.__version__
        assert list(one["cases"]) == IDS, "python tools/conformance_results.py"
        assert one["total"]["pass"] == one["total"]["cases"]


def test_other_engines_were_asked_and_skips_have_reasons() -> None:
    for one in RESULTS[2:]:
        total = one["total"]
        assert total["pass"] >= 40
        assert total["differ"] >= 1
        for case in one["cases"].values():
            assert bool(case["reasons"]) == (case["verdict"] != "pass")
            assert not case["reasons"] or not case["reasons"][0].startswith("failed: ")


def test_an_engine_that_is_installed_here_answers_as_it_is_filed(tmp_path: Path) -> None:
    filed = RESULTS[2]
    name = filed["engine"]
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    if found != filed["version"]:
        pytest.skip(f"{name} is {found} here")
    out = tmp_path / "out.json"
    asked = [
        key for key, case in filed["cases"].items()
        if case["verdict"] in command.VERDICTS_OF_CAUSES or command.is_bug(key)
    ]  # fmt: skip
    assert len(asked) >= 30
    words = [sys.executable, "-W", "ignore", str(command.FOLDER / "run.py"), "--json", str(out)]
    adapter = str(command.FOLDER / "adapters" / command.PEERS[name])
    done = subprocess.run(  # noqa: S603
        [*words, "--engine", adapter, "--case", *asked], check=False, capture_output=True
    )
    assert done.returncode == 1
    cases = json.loads(out.read_text(encoding="utf-8"))["cases"]
    assert cases == {key: filed["cases"][key] for key in cases}
    assert len(cases) >= len(asked)


def test_each_difference_has_one_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command.without_cause(RESULTS) == []
    for name, found in command.causes().items():
        said = [case for each in found for case in each["cases"]]
        assert len(set(said)) == len(said), name
    monkeypatch.setattr(command, "causes", lambda: {"vectorbt": [{"cause": "x", "cases": ["y"]}]})
    wrong = command.without_cause(RESULTS)
    assert "vectorbt: y does not differ" in wrong
    assert len(wrong) > 20


def test_the_document_quotes_what_is_filed() -> None:
    text = command.DOCUMENT.read_text(encoding="utf-8")
    assert replace_tables(text, command.tables(RESULTS)) == text
    table = features.table(json.loads(features.FILED.read_text(encoding="utf-8")))
    assert replace_tables(text, {"features": table}) == text
    with pytest.raises(ValueError, match="no place"):
        replace_tables(text, {"nothing": ""})


def test_a_row_says_what_was_answered() -> None:
    case = {"verdict": "pass", "reasons": [], "rounded": 1, "unanswered": ["id"]}
    assert command.answer_of(case) == "as it should be, to nine digits, in part"
    case = {"verdict": "not expressible", "reasons": ["swaps: none of ours"]}
    assert command.answer_of(case) == "not asked: swaps"
    case = {"verdict": "differ", "reasons": ["statement 4: equity is 5, not 6", "more"]}
    assert command.answer_of(case) == "differ: equity is 5, not 6"
    assert command.answer_of(None) == "not asked: the case is newer"


def test_the_features_are_those_of_the_probes() -> None:
    filed = json.loads(features.FILED.read_text(encoding="utf-8"))
    assert list(filed) == list(ENGINES)
    for name, module in ENGINES.items():
        answers = filed[name]["answers"]
        assert list(answers) == list(YES)
        for feature, found in answers.items():
            probes = {"yes": YES, "no": NO}.get(found["answer"], {}).get(feature, {})
            assert found["probe"] == probes.get(module, ""), f"{name}: {feature}"
    known = {module for probes in [*YES.values(), *NO.values()] for module in probes}
    assert known == set(ENGINES.values())
    assert set(NO) <= set(YES)


def test_our_features_are_still_there() -> None:
    filed = json.loads(features.FILED.read_text(encoding="utf-8"))
    found = features.asked()["omega-portfolio"]
    assert found["answers"] == filed["omega-portfolio"]["answers"]
    assert found["version"] == op.__version__
    assert "unknown" not in {each["answer"] for each in found["answers"].values()}


def test_what_is_not_shown_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(features.YES, "x", {"omega_portfolio": "has('omega_portfolio:nobody')"})
    assert features.answer("x", "omega_portfolio") == {"answer": "unknown", "probe": ""}
    assert features.has("json:loads")
    assert not features.has("nobody_has_this:name")
    assert features.takes("json:loads", "cls")
    assert not features.takes("json:loads", "nobody")
    assert features.says("json:loads", "Deserialize")
