"""Run the conformance cases on an engine.

Usage::

    python conformance/run.py --engine conformance/adapters/omega.py:Rust
    python conformance/run.py --program "python conformance/adapters/omega.py python"
    python conformance/run.py --engine my_engine.py:MyEngine --case known_bugs/ --json out.json

An engine is a class in a Python file or a program that speaks JSON lines; ``conformance/README.md``
says how either answers. Only the standard library is needed.

Exit codes: 0 nothing differs, 1 something differs or is refused otherwise, 2 wrong arguments, or
nobody who says which engine it is.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
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
from program import Program  # noqa: E402

if TYPE_CHECKING:
    from adapter import Engine

Json = dict[str, Any]
Results = dict[str, Verdict]
CASES: Final = HERE / "cases.json"
DAY: Final = 86_400
NO_RULE: Final = "no rule in front"
HEADS: Final = ("cases", "pass", "nine digits", "in part", DIFFER, REFUSED, SKIPPED)


class NobodyError(Exception):
    """The engine does not say who it is."""


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
    """Ask an engine all cases, and give who answered with the verdicts by id.

    Raises
    ------
    NobodyError
        It does not say who it is, so that no case was asked.
    """
    hello = checked_hello(engine)
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


def checked_hello(engine: Engine) -> Json:
    """Ask who answers.

    Raises
    ------
    NobodyError
        The answer has not its form.
    """
    try:
        hello = engine.hello()
    except Exception as error:
        raise NobodyError(f"the engine did not say who it is: {error}") from error
    texts = isinstance(hello, dict) and all(
        isinstance(hello.get(key), str) for key in ("engine", "version")
    )
    if not texts or hello.get("numbers", "exact") not in ("exact", "double"):
        raise NobodyError(f"the engine did not say who it is: {hello!r:.200}")
    return hello


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
    seconds = "seconds for each answer of a program (default: 60)"
    parser.add_argument("--timeout", type=float, default=60.0, help=seconds)
    parser.add_argument("--cases", type=Path, default=CASES, help="the document with the cases")
    parser.add_argument("--case", nargs="+", default=[""], help="only ids that start with this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results as data")
    parser.add_argument("--reasons", type=int, default=20, help="so many differences are shown")
    options = parser.parse_args(arguments)
    document: Json = json.loads(options.cases.read_text(encoding="utf-8"))
    cases = [each for each in document["cases"] if each["id"].startswith(tuple(options.case))]
    if not cases:
        parser.error(f"no case starts with {options.case}")
    if not 0 < options.timeout <= DAY:
        parser.error(f"--timeout has to be more than 0 and at most {DAY}")
    try:
        engine: Any
        if options.engine:
            engine = load_engine(options.engine)
        else:
            engine = Program(options.program, options.timeout)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    try:
        hello, results = run_cases(engine, document, cases)
        # Before the end of the program, which may not come.
        if options.json:
            options.json.write_text(text_of(filed(hello, document, results)), encoding="utf-8")
        print(f"{hello['engine']} {hello['version']}, {len(cases)} cases\n")
        print("\n".join(report(document, cases, results, options.reasons)), flush=True)
    except NobodyError as error:
        parser.error(str(error))
    finally:
        late = engine.close() if isinstance(engine, Program) else ""
        if late:
            print(late, file=sys.stderr)
    return int(any(each.verdict in {DIFFER, REFUSED} for each in results.values()))


if __name__ == "__main__":
    # What an engine says may hold characters that this terminal does not know.
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
