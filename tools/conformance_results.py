"""Ask the engines of the comparison the conformance cases, file the answers, and quote them.

Usage::

    python tools/conformance_results.py --peers .venv-compare .venv-compare-pandas2
    python tools/conformance_results.py --quote

Both backends answer with the Python that runs this, the other engines with the first of ``--peers``
that has them; an engine that none of these has keeps its filed answers. The results go into
``conformance/results/``, and the tables of ``COMPARE.md`` are written again. ``--quote`` asks
nobody, and only writes the tables from what is filed. What makes a case differ is said by hand in
``conformance/causes.json``; a case without a cause is named and is exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final

from document_tables import markdown, replace_tables

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "conformance"
RESULTS: Final = FOLDER / "results"
CAUSES: Final = FOLDER / "causes.json"
DOCUMENT: Final = ROOT / "COMPARE.md"

OURS: Final = {"rust": "omega.py:Rust", "python": "omega.py:Python"}
PEERS: Final = {
    "backtesting": "on_backtesting.py:Backtesting",
    "vectorbt": "on_vectorbt.py:Vectorbt",
    "raptorbt": "on_raptorbt.py:Raptorbt",
    "nautilus_trader": "on_nautilus.py:Nautilus",
}
"""The adapter of each engine; the order is that of the tables."""

HOMES: Final = (ROOT / ".venv-compare", ROOT / ".venv-compare-pandas2")
"""The environments of the other engines."""

VERDICTS_OF_CAUSES: Final = ("differ", "refused otherwise")
SHOWN_SKIPS: Final = 6
"""So many things that an engine cannot be asked are named, the most frequent first."""


def pythons(homes: list[Path]) -> list[Path]:
    """Give the Pythons of those environments that are there."""
    return [each / "bin" / "python" for each in homes if (each / "bin" / "python").exists()]


def ask(adapter: str, python: Path, ours: bool) -> dict[str, Any] | None:  # noqa: FBT001
    """Run the suite in a process of its own; None when the engine is not installed there."""
    out = RESULTS / f"{adapter.partition('.')[0]}.unnamed"
    out.unlink(missing_ok=True)
    command = [str(python), "-W", "ignore", str(FOLDER / "run.py")]
    command += ["--engine", str(FOLDER / "adapters" / adapter), "--json", str(out)]
    environment = dict(os.environ)
    if not ours:
        environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if not out.exists():
        if "ModuleNotFoundError" in done.stderr:
            return None
        raise RuntimeError("\n".join(done.stderr.strip().splitlines()[-3:]))
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    name = f"{found['engine'].replace(' ', '-')}-{found['version']}.json"
    for old in RESULTS.glob(f"{found['engine'].replace(' ', '-')}-[0-9]*.json"):
        old.unlink()
    out.rename(RESULTS / name)
    return found


def filed() -> list[dict[str, Any]]:
    """Give what is filed, in the order of the tables."""
    order = [*(f"omega-portfolio {name}" for name in OURS), *PEERS]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")]
    return sorted(found, key=lambda one: order.index(one["engine"]))


def causes() -> dict[str, list[dict[str, Any]]]:
    """Give the causes of what differs, by engine."""
    found: dict[str, list[dict[str, Any]]] = json.loads(CAUSES.read_text(encoding="utf-8"))
    return found


def without_cause(results: list[dict[str, Any]]) -> list[str]:
    """Name each case that differs and has no cause, and each cause of a case that does not."""
    known = causes()
    wrong = []
    for one in results:
        said = [case for each in known.get(one["engine"], []) for case in each["cases"]]
        bad = [key for key, case in one["cases"].items() if case["verdict"] in VERDICTS_OF_CAUSES]
        wrong += [f"{one['engine']}: {key} has no cause" for key in bad if key not in said]
        wrong += [f"{one['engine']}: {key} does not differ" for key in said if key not in bad]
    return wrong


def named(result: dict[str, Any]) -> str:
    """Give an engine with its version."""
    return f"{result['engine']} {result['version']}"


def totals_table(results: list[dict[str, Any]]) -> str:
    """Count the verdicts of each engine."""
    heads = list(results[0]["total"])
    rows = [
        [named(one), one["date"][:10], *(str(one["total"][head]) for head in heads)]
        for one in results
    ]
    return markdown(["engine", "date", *heads], rows)


def causes_table(results: list[dict[str, Any]]) -> str:
    """List why cases differ, in words."""
    known = causes()
    rows = [
        [named(one), str(len(each["cases"])), each["cause"], f"`{each['cases'][0]}`"]
        for one in results
        for each in known.get(one["engine"], [])
    ]
    return markdown(["engine", "cases", "what differs", "for instance"], rows)


def skips_table(results: list[dict[str, Any]]) -> str:
    """List what an engine cannot be asked most often."""
    rows = []
    for one in results:
        cases = one["cases"].values()
        skips = [each for each in cases if each["verdict"] == "not expressible"]
        found = Counter(each["reasons"][0].partition(": ")[0] for each in skips)
        words = [f"{text} ({number})" for text, number in found.most_common(SHOWN_SKIPS)]
        if words:
            rows.append([named(one), str(len(skips)), "; ".join(words)])
    return markdown(["engine", "cases", "the most frequent reasons"], rows)


def bugs_table(results: list[dict[str, Any]]) -> str:
    """Say what each engine answers to the stories of ``known_bugs.txt``."""
    peers = [one for one in results if not one["engine"].startswith("omega-portfolio python")]
    stories = [case for case in peers[0]["cases"] if is_bug(case)]
    rows = [
        [title_of(case), *(answer_of(one["cases"].get(case)) for one in peers)] for case in stories
    ]
    return markdown(["the story", *(named(one) for one in peers)], rows)


def is_bug(case: str) -> bool:
    """Whether a case is a mistake that was reported in public."""
    return case.startswith("known_bugs/")


def title_of(case: str) -> str:
    """Give the name of a story without its prefix."""
    return names()[case].removeprefix("bug: ")


@cache
def names() -> dict[str, str]:
    """Give the names of all cases, by id."""
    found = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
    return {case["id"]: case["name"] for case in found["cases"]}


def answer_of(case: dict[str, Any] | None) -> str:
    """Say in a few words what an engine answered; a case may be newer than its answers."""
    if case is None:
        return "not asked: the case is newer"
    if case["verdict"] == "pass":
        digits = ", to nine digits" if case["rounded"] else ""
        parts = ", in part" if case["unanswered"] else ""
        return f"as it should be{digits}{parts}"
    if case["verdict"] == "not expressible":
        return f"not asked: {case['reasons'][0].partition(': ')[0]}"
    first = case["reasons"][0].partition(": ")
    return f"{case['verdict']}: {first[2] or first[0]}"


def tables(results: list[dict[str, Any]]) -> dict[str, str]:
    """Make the tables of the document."""
    return {
        "conformance": totals_table(results),
        "causes": causes_table(results),
        "skips": skips_table(results),
        "bugs": bugs_table(results),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", type=Path, nargs="+", default=list(HOMES))
    parser.add_argument("--engines", nargs="+", choices=[*OURS, *PEERS], default=[*OURS, *PEERS])
    parser.add_argument("--quote", action="store_true", help="ask nobody, write the tables again")
    options = parser.parse_args(arguments)
    for engine in [] if options.quote else options.engines:
        ours = engine in OURS
        found: dict[str, Any] | None = None
        for python in [Path(sys.executable)] if ours else pythons(options.peers):
            found = found or ask((OURS | PEERS)[engine], python, ours)
        print(f"{engine}: {found['total'] if found else 'not installed there'}", flush=True)
    results = filed()
    wrong = without_cause(results)
    print("\n".join(wrong), end="\n" if wrong else "")
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(replace_tables(text, tables(results)), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
