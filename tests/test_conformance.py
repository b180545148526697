"""The published cases: the folder is what its command makes, and both backends pass through it.

The cases are read as an outsider reads them: from ``conformance/``, by the runner that stands
there, and without the parser of the case files.
"""

from __future__ import annotations

import copy
import io
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

ROOT = Path(__file__).parent.parent
sys.path += [str(ROOT / "tools"), str(ROOT / "conformance"), str(ROOT / "conformance" / "adapters")]

import build_conformance as builder  # noqa: E402
import omega  # noqa: E402
import run as runner  # noqa: E402
from adapter import NotExpressibleError, RefusedError, Stepwise, serve  # noqa: E402
from judge import DIFFER, PASS, REFUSED, SKIPPED, Judge, Verdict, question_of  # noqa: E402

CASES_MIN = 906
ENGINES = {"rust": omega.Rust, "python": omega.Python}


@cache
def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(runner.CASES.read_text(encoding="utf-8"))
    return found


@cache
def made() -> dict[str, bytes]:
    return builder.files()


@pytest.mark.parametrize("name", ["cases.json", "schema.json"])
def test_the_folder_is_what_its_command_makes(name: str) -> None:
    assert (builder.FOLDER / name).read_bytes() == made()[name], "python tools/build_conformance.py"


def test_the_arrow_file_is_what_its_command_makes() -> None:
    # Another version of Arrow may lay out the same table with other padding.
    filed = pa.ipc.open_file(builder.FOLDER / "cases.arrow").read_all()
    again = pa.ipc.open_file(io.BytesIO(made()["cases.arrow"])).read_all()
    assert filed.equals(again, check_metadata=True), "python tools/build_conformance.py"


def test_making_it_twice_gives_the_same_bytes() -> None:
    assert builder.files() == made()


def test_all_case_files_are_published() -> None:
    found = published()
    sources = {each["file"]: int(each["cases"]) for each in found["generated_from"]}
    assert set(sources) == {f"tests/spec/{path.name}" for path in builder.CASE_FOLDER.glob("*.txt")}
    assert sum(sources.values()) == len(found["cases"]) >= CASES_MIN
    assert all(case["features"] for case in found["cases"] if len(case["statements"]) > 20)
    assert {rule[0] for case in found["cases"] for rule in case["rules"]} <= set(
        found["rule_groups"]
    )


def test_every_number_is_a_text() -> None:
    text = runner.CASES.read_text(encoding="utf-8")
    kept: list[str] = []
    json.loads(text, parse_int=kept.append, parse_float=kept.append)
    assert kept == []


def test_the_document_is_as_its_schema_says() -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = json.loads((builder.FOLDER / "schema.json").read_text(encoding="utf-8"))
    validator.check_schema(schema)
    assert list(validator(schema).iter_errors(published())) == []
    broken = copy.deepcopy(published())
    broken["cases"] = broken["cases"][:1]
    broken["cases"][0]["statements"][0]["arguments"]["balance"] = 5
    assert list(validator(schema).iter_errors(broken))


def nested(pairs: list[dict[str, str | None]]) -> dict[str, Any]:
    """Undo the names with dots of the table, as its page says."""
    found: dict[str, Any] = {}
    for pair in pairs:
        *path, last = str(pair["name"]).split(".")
        place = found
        for name in path:
            place = place.setdefault(name, {})
        place[last] = {"true": True, "false": False}.get(str(pair["value"]), pair["value"])
    return {name: listed(value) for name, value in found.items()}


def listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: listed(each) for name, each in value.items()}
    return list(inner.values()) if "0" in inner else inner


def test_polars_reads_the_same_cases() -> None:
    frame = pl.read_ipc(builder.FOLDER / "cases.arrow")
    assert frame.height == len(published()["cases"])
    for row, case in zip(frame.iter_rows(named=True), published()["cases"], strict=True):
        names = ("id", "name", "file", "line", "rules", "features")
        assert [row[name] for name in names] == [case[name] for name in names]
        for cells, statement in zip(row["statements"], case["statements"], strict=True):
            assert cells["word"] == statement[cells["kind"]]
            assert cells["row"] == statement.get("row")
            assert nested(cells["arguments"]) == statement.get("arguments", {})
            quotes = [nested(quote) for quote in cells["quotes"]]
            assert quotes == statement.get("quotes", [])
            expected = statement.get("expected", statement.get("result", {}))
            assert nested(cells["expected"]) == expected
            refusal = statement.get("refusal", {})
            assert cells["refusal_code"] == refusal.get("code")
            assert cells["refusal_argument"] == refusal.get("argument")


def test_a_backend_passes_every_case(backend: str) -> None:
    cases = published()["cases"]
    hello, results = runner.run_cases(ENGINES[backend](), published(), cases)
    assert hello["engine"] == f"omega-portfolio {backend}"
    assert {key: each for key, each in results.items() if each.verdict != PASS} == {}
    assert len(results) == len(cases) >= CASES_MIN
    assert not any(each.rounded or each.unanswered for each in results.values())
    assert sum(each.compared for each in results.values()) > 5_000


def test_a_program_answers_as_its_class_does(
    backend: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"{sys.executable} {ROOT}/conformance/adapters/omega.py {backend}"
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python"))
    assert runner.main(["--program", program, "--case", "known_bugs/", "close/"]) == 0
    assert "49 cases" in capfd.readouterr().out


def test_a_question_holds_no_answer() -> None:
    for case in published()["cases"]:
        for statement in question_of(case)["statements"]:
            assert set(statement) <= {"call", "arguments", "quotes", "check", "row", "ask"}


class Liar(omega.Rust if "rust" in omega.op.backend_status().available else omega.Python):
    """Is wrong in one way."""

    way = ""

    def call(self, word: str, arguments: Any, quotes: Any, ask: list[str]) -> Any:
        if self.way == "skips" and word == "deposit":
            raise NotExpressibleError("deposits", "it has none")
        if self.way == "crashes" and word == "deposit":
            raise ZeroDivisionError
        if self.way == "refuses" and word == "deposit":
            raise RefusedError("1", "amount")
        try:
            return super().call(word, arguments, quotes, ask)
        except RefusedError:
            if self.way == "accepts":
                return {}
            raise RefusedError("9999" if self.way == "codes" else "4009", "amount") from None

    def check(self, table: str, row: int, ask: list[str]) -> Any:
        values = super().check(table, row, ask)
        if self.way == "silent":
            return {}
        off = "100.0000000001" if self.way == "rounds" else "101"
        return dict.fromkeys(values, off) if self.way in ("figures", "rounds") else values

    def after(self) -> Any:
        found = super().after()
        if self.way == "identity":
            return found | {"equity": "5"}
        self.count = getattr(self, "count", 0) + 1
        return found | {"state": str(self.count)} if self.way == "trace" else found


STORY = {
    "id": "x/1",
    "name": "x",
    "features": [],
    "statements": [
        {"call": "account", "arguments": {"balance": "90"}},
        {"call": "deposit", "arguments": {"amount": "10", "time": "0"}},
        {
            "call": "deposit",
            "arguments": {"amount": "0", "time": "0"},
            "refusal": {"code": "4009", "argument": "amount"},
        },
        {"check": "account", "expected": {"balance": "100.0"}},
    ],
}


RIGHT: list[Any] = [
    {"result": {}},
    {"result": {}, "after": {"state": "a"}},
    {"refused": {"code": "4009", "argument": "amount"}, "after": {"state": "a"}},
    {"values": {"balance": "100"}},
]
SUMS = {"balance": "1", "unrealized_pnl": "1", "equity": "2"}


def judged(response: Any) -> Verdict:
    class Odd:
        def hello(self) -> Any:
            return {"engine": "odd", "version": "1"}

        def run(self, case: Any) -> Any:
            assert case["id"] == "x/1"
            return response

    _, results = runner.run_cases(Odd(), published(), [STORY])
    return results["x/1"]


@pytest.mark.parametrize(
    ("way", "verdict", "text"),
    [
        ("", PASS, ""),
        ("skips", SKIPPED, "deposits: it has none"),
        ("crashes", DIFFER, "failed: ZeroDivisionError"),
        ("refuses", DIFFER, "statement 2: deposit was refused: 1 amount"),
        ("accepts", DIFFER, "statement 3: was accepted"),
        ("codes", REFUSED, "refused with 9999 amount, not 4009 amount"),
        ("figures", DIFFER, "statement 4: balance is 101, not 100.0"),
        ("rounds", DIFFER, "statement 4: balance is 100.0000000001, not 100.0"),
        ("identity", DIFFER, "statement 1: balance + unrealized_pnl is not equity"),
        ("trace", DIFFER, "statement 3: the refused call left a trace"),
        ("silent", PASS, ""),
    ],
)
def test_what_is_wrong_is_named(way: str, verdict: str, text: str) -> None:
    engine = Liar()
    engine.way = way
    _, results = runner.run_cases(engine, published(), [STORY])
    found = results["x/1"]
    assert found.verdict == verdict
    assert text in "\n".join(found.reasons)
    assert found.unanswered == (["balance"] if way == "silent" else [])


@pytest.mark.parametrize(
    ("value", "exact", "double"),
    [
        ("100", PASS, PASS),
        ("1.0e2", PASS, PASS),
        ("100.00000000001", DIFFER, PASS),
        ("100.000001", DIFFER, DIFFER),
        ("nan", DIFFER, DIFFER),
        ("", DIFFER, DIFFER),
    ],
)
def test_numbers_compare_by_value(value: str, exact: str, double: str) -> None:
    answers = [{"result": {}}, {"result": {}}, {"refused": {"code": "4009", "argument": "amount"}}]
    response = {"answers": [*answers, {"values": {"balance": value}}]}
    assert Judge(published(), doubles=False).judge(STORY, response).verdict == exact
    found = Judge(published(), doubles=True).judge(STORY, response)
    assert found.verdict == double
    assert (found.rounded == 1) == (exact != double)


def test_an_engine_that_knows_no_figure_has_not_passed() -> None:
    story = STORY | {"statements": [STORY["statements"][0], STORY["statements"][3]]}
    response = {"answers": [{"result": {}}, {"values": {}}]}
    assert Judge(published(), doubles=False).judge(story, response).verdict == SKIPPED


@pytest.mark.parametrize(
    ("response", "text"),
    [
        ({"answers": [{"result": {}}]}, "failed: 1 answers to 4 statements"),
        ({"answers": [*RIGHT, {"values": {}}]}, "failed: 5 answers to 4 statements"),
        ({"answers": "none"}, "failed: answers are no list: 'none'"),
        ({}, "failed: it is not one of answers"),
        ([], "failed: it is not one of answers"),
        (None, "failed: it is not one of answers"),
        ({"answers": RIGHT, "not_expressible": {"feature": "x"}}, "failed: it is not one of"),
        ({"not_expressible": {}}, "failed: not_expressible needs a feature"),
        ({"not_expressible": {"feature": ""}}, "failed: not_expressible needs a feature"),
        ({"failed": 1}, "failed: failed is no text"),
        ({"id": "x/2", "answers": RIGHT}, "failed: it answered another case, x/2"),
    ],
)
def test_a_response_of_another_form_is_a_difference(response: Any, text: str) -> None:
    assert judged(response).verdict == DIFFER
    assert judged(response).reasons[0].startswith(text)


@pytest.mark.parametrize(
    ("place", "answer", "text"),
    [
        (1, {}, "the answer is not one of result and refused, but has []"),
        (1, None, "the answer is no object: None"),
        (1, {"values": {}}, "the answer is not one of result and refused, but has ['values']"),
        (1, {"result": {}, "values": {}}, "but has ['result', 'values']"),
        (1, {"result": {}, "refused": {"code": "", "argument": ""}}, "but has ['refused', 'resu"),
        (1, {"result": None}, "result has not its form: None"),
        (1, {"result": {}, "after": []}, "after has not its form: []"),
        (1, {"result": {}, "after": {"state": 1}}, "after has not its form"),
        (1, {"result": {}, "after": SUMS | {"equity": "nan"}}, "after is no numbers"),
        (1, {"result": {}, "after": SUMS | {"equity": None}}, "after is no numbers"),
        (3, {"refused": {}}, "refused has not its form: {}"),
        (3, {"refused": {"code": 4009, "argument": "amount"}}, "refused has not its form"),
        (4, {"values": {"balance": 100}}, "values has not its form: {'balance': 100}"),
        (4, {"values": {"balance": "100"}, "result": {}}, "but has ['result', 'values']"),
        (4, {"values": {"balance": "100"}, "after": SUMS}, "but has ['after', 'values']"),
        (4, {"absent": None}, "absent has not its form: None"),
        (4, {"absent": "no rows"}, "account: no rows"),
    ],
)
def test_an_answer_of_another_form_is_a_difference(place: int, answer: Any, text: str) -> None:
    answers = [*RIGHT[: place - 1], answer, *RIGHT[place:]]
    found = judged({"answers": answers})
    assert found.verdict == DIFFER
    (reason,) = found.reasons
    assert reason.startswith(f"statement {place}: ")
    assert text in reason


def test_answers_of_the_right_form_pass() -> None:
    assert judged({"answers": RIGHT}).verdict == PASS
    assert judged({"id": "x/1", "answers": RIGHT}).verdict == PASS
    assert judged({"not_expressible": {"feature": "all"}}).verdict == SKIPPED


def test_the_command_counts_and_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = tmp_path / "engine.py"
    engine.write_text(
        "from adapter import NotExpressibleError\n"
        "class Engine:\n"
        "    def hello(self): return {'engine': 'none', 'version': '0', 'numbers': 'exact'}\n"
        "    def run(self, case):\n"
        "        if 'bars' in case['features']: return {'answers': []}\n"
        "        return {'not_expressible': {'feature': 'anything', 'reason': ''}}\n"
    )
    out = tmp_path / "out.json"
    arguments = ["--engine", f"{engine}:Engine", "--case", "known_bugs/", "--json", str(out)]
    assert runner.main(arguments) == 1
    printed = capsys.readouterr().out
    filed = json.loads(out.read_text(encoding="utf-8"))
    assert (filed["engine"], len(filed["cases"])) == ("none", 25)
    assert filed["total"]["differ"] + filed["total"]["not expressible"] == 25
    assert f"{filed['total']['not expressible']:6}  anything" in printed
    for wrong in (["--case", "nothing/"], ["--engine", f"{engine}:Nobody"]):
        with pytest.raises(SystemExit):
            runner.main([*arguments, *wrong])


def test_a_program_that_fails_says_so() -> None:
    class Broken(Stepwise):
        def hello(self) -> Any:
            return {"engine": "broken"}

        def begin(self, case: Any) -> None:
            raise OSError(case["id"])

        def call(self, *_: Any) -> Any:
            raise AssertionError

        check = call

    sink = io.StringIO()
    lines = [json.dumps({"hello": {}}), json.dumps({"case": question_of(STORY)})]
    serve(Broken(), io.StringIO("\n".join(lines)), sink)
    answers = [json.loads(line) for line in sink.getvalue().splitlines()]
    assert answers == [{"engine": "broken"}, {"failed": "OSError: x/1"}]
