"""Run the conformance cases on an engine.

Usage::

    python conformance/run.py --engine conformance/adapters/omega.py:Rust
    python conformance/run.py --program "python conformance/adapters/omega.py python"
    python conformance/run.py --engine my_engine.py:MyEngine --case known_bugs/ --json out.json

An engine is a class in a Python file or a program that speaks JSON lines; ``conformance/README.md``
says how either answers. Only the standard library is needed.

Exit codes: 0 nothing differs, 1 something differs or is refused otherwise, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shlex
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from judge import (  # noqa: E402
    DIFFER,
    PASS,
    REFUSED,
    SKIPPED,
    Judge,
    Verdict,
    question_of,
)

if TYPE_CHECKING:
    from adapter import Engine

Json = dict[str, Any]
Results = dict[str, Verdict]
CASES: Final = HERE / "cases.json"
NO_RULE: Final = "no rule in front"
HEADS: Final = ("cases", "pass", "nine digits", "in part", DIFFER, REFUSED, SKIPPED)


class Program:
    """A program that is asked with a line of JSON, and answers with one."""

    def __init__(self, command: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def _ask(self, question: Json) -> Json:
        """Ask one question.

        Raises
        ------
        RuntimeError
            The program ended.
        """
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise RuntimeError("the program has no streams")
        try:
            sink.write(json.dumps(question) + "\n")
            sink.flush()
        except BrokenPipeError as error:
            raise RuntimeError("the program ended") from error
        line = source.readline()
        if not line:
            raise RuntimeError(f"the program ended with {self._process.wait()}")
        answer: Json = json.loads(line)
        return answer

    def hello(self) -> Json:
        """Ask who answers."""
        return self._ask({"hello": {"version": "1"}})

    def run(self, case: Json) -> Json:
        """Ask for the answers to a case."""
        return self._ask({"case": case})

    def close(self) -> None:
        """End the questions, and wait for the program."""
        self._process.communicate()


def load_engine(place: str) -> Engine:
    """Load ``FILE.py:Class`` and make the engine, without arguments.

    Raises
    ------
    ValueError
        There is no such file, or it has no such class.
    """
    path, _, name = place.rpartition(":")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if spec is None or spec.loader is None or not Path(path).exists():
        raise ValueError(f"{place!r} is not FILE.py:CLASS")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise ValueError(f"{path} has no {name!r}")
    engine: Engine = getattr(module, name)()
    return engine


def run_cases(engine: Engine, document: Json, cases: list[Json]) -> tuple[Json, Results]:
    """Ask an engine all cases, and give who answered with the verdicts by id."""
    hello = engine.hello()
    judge = Judge(document, doubles=hello.get("numbers") == "double")
    results = {}
    for case in cases:
        try:
            verdict = judge.judge(case, engine.run(question_of(case)))
        except Exception as error:  # noqa: BLE001
            # The engine broke, or its answer has not the form that the page describes.
            verdict = Verdict(DIFFER, [f"failed: {type(error).__name__}: {error}"])
        results[case["id"]] = verdict
    return hello, results


def group_of(case: Json, document: Json) -> str:
    """Give the group of rules of a case, or its file when no rule is in front of its name."""
    if case["rules"]:
        letter = case["rules"][0][0]
        return f"{letter} {document['rule_groups'].get(letter, '')}".strip()
    return f"{Path(case['file']).stem} ({NO_RULE})"


def counts_of(verdicts: list[Verdict]) -> list[int]:
    """Count verdicts, in the order of ``HEADS``."""
    found = Counter(each.verdict for each in verdicts)
    passed = [each for each in verdicts if each.verdict == PASS]
    return [
        len(verdicts), found[PASS], sum(each.rounded > 0 for each in passed),
        sum(bool(each.unanswered) for each in passed), found[DIFFER], found[REFUSED],
        found[SKIPPED],
    ]  # fmt: skip


def table_of(title: str, groups: dict[str, list[Verdict]]) -> list[str]:
    """Give the lines of a table."""
    rows = [(name, counts_of(found)) for name, found in sorted(groups.items())]
    width = max([len(title), *(len(name) for name, _ in rows)])
    lines = [title.ljust(width) + "".join(f"  {head}" for head in HEADS)]
    for name, counts in rows:
        cells = (f"  {number:>{len(head)}}" for head, number in zip(HEADS, counts, strict=True))
        lines.append(name.ljust(width) + "".join(cells))
    return lines


def report(document: Json, cases: list[Json], results: Results, reasons: int) -> list[str]:
    """Give what is printed: tables by group and feature, what differs, what was skipped and why."""
    groups: dict[str, list[Verdict]] = {}
    features: dict[str, list[Verdict]] = {}
    for case in cases:
        verdict = results[case["id"]]
        groups.setdefault(group_of(case, document), []).append(verdict)
        for feature in case["features"]:
            features.setdefault(feature, []).append(verdict)
    lines = [*table_of("rules", groups), "", *table_of("feature", features), ""]
    lines += table_of("all", {"all cases": list(results.values())})
    for name in (DIFFER, REFUSED):
        found = {key: each for key, each in results.items() if each.verdict == name}
        lines += [""] * bool(found)
        for key, each in list(found.items())[:reasons]:
            lines.append(f"{name}: {key}")
            lines += [f"    {reason}" for reason in each.reasons]
        if len(found) > reasons:
            lines.append(f"{name}: {len(found) - reasons} more (--reasons, --json)")
    skips = Counter(skip_of(each) for each in results.values() if each.verdict == SKIPPED)
    if skips:
        lines += ["", f"{SKIPPED}, by the reason of the adapter:"]
        lines += [f"{number:6}  {feature}" for feature, number in skips.most_common()]
    unanswered = Counter(key for each in results.values() for key in set(each.unanswered))
    if unanswered:
        lines += ["", "figures that it did not answer, by cases that ask for them:"]
        lines += [f"{number:6}  {key}" for key, number in unanswered.most_common()]
    return lines


def skip_of(verdict: Verdict) -> str:
    """Give what an engine lacks, without the detail."""
    return verdict.reasons[0].partition(": ")[0]


def filed(hello: Json, document: Json, results: Results) -> Json:
    """Give the results as data."""
    now = datetime.now(timezone.utc).replace(microsecond=0).isoformat()
    total = dict(zip(HEADS, counts_of(list(results.values())), strict=True))
    return {
        "format": document["format"], "version": document["version"], "date": now, **hello,
        "total": total, "cases": {key: asdict(each) for key, each in results.items()},
    }  # fmt: skip


def text_of(found: Json) -> str:
    """Write results: who and how many line by line, then a case a line."""
    head = json.dumps({key: found[key] for key in found if key != "cases"}, indent=1)
    lines = [f"{json.dumps(key)}: {json.dumps(each)}" for key, each in found["cases"].items()]
    return head.removesuffix("\n}") + ',\n "cases": {\n' + ",\n".join(lines) + "\n }\n}\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Run the conformance cases on an engine.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--engine", metavar="FILE.py:CLASS", help="a class of Python")
    which.add_argument("--program", metavar="COMMAND", help="a program that speaks JSON lines")
    parser.add_argument("--cases", type=Path, default=CASES, help="the document with the cases")
    parser.add_argument("--case", nargs="+", default=[""], help="only ids that start with this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results as data")
    parser.add_argument("--reasons", type=int, default=20, help="so many differences are shown")
    options = parser.parse_args(arguments)
    document: Json = json.loads(options.cases.read_text(encoding="utf-8"))
    cases = [each for each in document["cases"] if each["id"].startswith(tuple(options.case))]
    if not cases:
        parser.error(f"no case starts with {options.case}")
    try:
        engine: Any = load_engine(options.engine) if options.engine else Program(options.program)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    try:
        hello, results = run_cases(engine, document, cases)
    finally:
        if isinstance(engine, Program):
            engine.close()
    print(f"{hello['engine']} {hello['version']}, {len(cases)} cases\n")
    print("\n".join(report(document, cases, results, options.reasons)))
    if options.json:
        options.json.write_text(text_of(filed(hello, document, results)), encoding="utf-8")
    return int(any(each.verdict in {DIFFER, REFUSED} for each in results.values()))


if __name__ == "__main__":
    sys.exit(main())
