"""Programs that are asked the cases: they hang, end, print other things, and go on at the end."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "conformance"))

import run as runner  # noqa: E402
from program import Program, words_of  # noqa: E402

HELLO = {"engine": "p", "version": "0", "numbers": "exact"}
HEAD = f"""
import json, os, subprocess, sys, time
def answer(**found): print(json.dumps(found), flush=True)
def skip(**more): answer(not_expressible={{"feature": "all"}}, **more)
count = 0
for line in sys.stdin:
    question = json.loads(line)
    if "hello" in question:
        answer(**{HELLO!r})
        continue
    count += 1
    name = question["case"]["id"]
"""
LONG = 600
SOON = 60
"""Far less than LONG, and far more than any test needs."""


@pytest.fixture
def ask(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """Run the cases of known bugs on a program; give what it printed and what was filed."""
    program, out = tmp_path / "a program.py", tmp_path / "out.json"

    def asked(code: str, *more: str) -> tuple[int, dict[str, str], str]:
        program.write_text(code, encoding="utf-8")
        command = f'"{sys.executable}" "{program}"'
        begin = time.monotonic()
        status = runner.main(
            ["--program", command, "--case", "known_bugs/", "--json", str(out), *more]
        )
        assert time.monotonic() - begin < SOON
        captured = capfd.readouterr()
        assert "p 0, 25 cases" in captured.out
        filed = json.loads(out.read_text(encoding="utf-8"))["cases"]
        assert len(filed) == 25
        reasons = {name: "".join(each["reasons"]) for name, each in filed.items()}
        return status, reasons, captured.err

    return asked


def test_a_program_that_answers(ask: Any) -> None:
    status, reasons, errors = ask(HEAD + "    skip()\n")
    assert (status, set(reasons.values()), errors) == (0, {"all"}, "")


def test_a_program_that_hangs_costs_its_own_answers(ask: Any) -> None:
    code = HEAD + f"    time.sleep({LONG}) if count == 3 else skip()\n"
    status, reasons, _ = ask(code, "--timeout", "3")
    said = list(reasons.values())
    assert status == 1
    assert said[:2] == ["all"] * 2
    assert set(said[2:]) == {"failed: RuntimeError: the program was ended: no answer in 3 s"}


def test_what_a_program_has_started_is_ended_with_it(ask: Any) -> None:
    sleeper = f"[sys.executable, '-c', 'import time; time.sleep({LONG})']"
    code = HEAD + f"    subprocess.run({sleeper}) if count == 2 else skip()\n"
    status, reasons, _ = ask(code, "--timeout", "3")
    assert status == 1
    assert list(reasons.values()).count("all") == 1


def test_a_program_that_reads_nothing_more(ask: Any) -> None:
    # The pipe fills up with the case that is not read, or with those behind it.
    status, reasons, _ = ask(HEAD + f"    time.sleep({LONG})\n", "--timeout", "2")
    assert status == 1
    assert "all" not in reasons.values()


def test_a_program_that_ends(ask: Any) -> None:
    status, reasons, _ = ask(HEAD + "    sys.exit(7) if count == 2 else skip()\n")
    said = list(reasons.values())
    assert (status, said[0]) == (1, "all")
    assert set(said[1:]) == {"failed: RuntimeError: the program ended with 7"}


def test_a_program_that_goes_on_at_the_end(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Program.close, "__defaults__", (1.0,))
    status, reasons, errors = ask(HEAD + f"    skip()\ntime.sleep({LONG})\n")
    assert (status, set(reasons.values())) == (0, {"all"})
    assert "went on when there were no more questions" in errors


@pytest.mark.parametrize("line", ["'DeprecationWarning: hi'", "'[1]'", "'5'", "'{'"])
def test_after_a_line_that_is_no_answer_ids_are_needed(ask: Any, line: str) -> None:
    code = HEAD + f"    if count == 2: print({line}, flush=True)\n"
    status, reasons, _ = ask(code + "    skip()\n")
    said = list(reasons.values())
    assert (status, said[0]) == (1, "all")
    assert said[1].startswith("failed: RuntimeError: this line is no answer: ")
    assert set(said[2:]) == {
        "failed: RuntimeError: after a line that was no answer each one needs its id"
    }
    status, reasons, _ = ask(code + "    skip(id=name)\n")
    said = list(reasons.values())
    assert status == 1
    assert said.count("all") == 24
    assert said[1].startswith("failed: ")


def test_an_answer_to_no_question_is_none(ask: Any) -> None:
    code = HEAD + "    if count == 2: print('hi')\n    skip(id='nobody')\n"
    _, reasons, _ = ask(code)
    assert list(reasons.values())[3] == "failed: it answered another case, nobody"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("print('hello')", "this line is no answer: 'hello'"),
        ("print('{}')", "did not say who it is: {}"),
        ("""print('{"engine": "p", "version": "0", "numbers": []}')""", "did not say who it is"),
        ("import sys; sys.exit(3)", "the program ended with 3"),
        (f"import time; time.sleep({LONG})", "no answer in 2 s"),
    ],
)
def test_nobody_says_who_it_is(
    code: str, text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program.py"
    program.write_text(code, encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        runner.main(["--program", f'"{sys.executable}" "{program}"', "--timeout", "2"])
    assert caught.value.code == 2
    assert text in capfd.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--program", ""],
        ["--program", "'open"],
        ["--program", "/no/such/program"],
        ["--program", "x", "--timeout", "0"],
        ["--program", "x", "--timeout", "nan"],
        ["--program", "x", "--timeout", "inf"],
    ],
)
def test_wrong_arguments(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        runner.main(words)
    assert caught.value.code == 2


def test_a_command_is_divided_as_its_system_does() -> None:
    assert words_of("'a b' c\\ d", posix=True) == ["a b", "c d"]
    windows = r"""'my tools\python.exe' src\x.py "y z" """
    assert words_of(windows, posix=False) == ["my tools\\python.exe", "src\\x.py", "y z"]
