"""Compare this package with others and with loops written by hand, on the same inputs.

Usage::

    python benches/compare/compare.py --size small
    python benches/compare/compare.py --record --note "quiet machine"
    python benches/compare/compare.py --works W1 W2 --engines omega numba-float
    python benches/compare/compare.py --quote

Each workload is measured on each engine in a process of its own, this package with the Python that
runs this command, all others with that of ``--peers``, or of ``--peers-pandas2`` where an engine
does not go with the pandas of the others. The final equities of all engines are held
against each other. With ``--record`` the figures are filed as JSON and as Markdown, and the table
of ``COMPARE.md`` is written again; ``--quote`` does that with what is filed. An engine that is not
there is a row that says why.

Exit codes: 0 done, 1 results that differ or an engine that broke, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from checks import check
from measure import ENGINES
from table import faster_lines, lines_of
from works import WORKS

if TYPE_CHECKING:
    from engine import Floats

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
RECORDS: Final = HERE.parent / "record" / "compare"
DOCUMENT: Final = ROOT / "COMPARE.md"
PEERS: Final = ROOT / ".venv-compare"
PEERS_PANDAS2: Final = ROOT / ".venv-compare-pandas2"
FAILED: Final = "not_installed.json"
"""What the environment could not install, and why; in its folder."""

MARKS: Final = ("<!-- speed -->\n", "<!-- end of speed -->\n")
FASTER_MARKS: Final = ("<!-- faster -->\n", "<!-- end of faster -->\n")
OURS: Final = ("omega", "omega-2")
PACKAGES: Final = {
    "numba-float": "numba",
    "numba-fixed": "numba",
    "vectorbt": "vectorbt",
    "vectorbt-rust": "vectorbt-rust",
    "raptorbt": "raptorbt",
    "backtesting": "backtesting",
    "nautilus": "nautilus_trader",
}
"""What an engine needs besides this package."""

PANDAS2: Final = ("nautilus",)
"""Engines that need an older pandas than the others, and so an environment of their own."""


def cpu_model() -> str:
    """Give the model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def home_of(engine: str, options: argparse.Namespace) -> Path:
    """Give the environment of an engine that is not ours."""
    found: Path = options.peers_pandas2 if engine in PANDAS2 else options.peers
    return found


def not_there(engine: str, peers: Path) -> str:
    """Say why the environment of an engine cannot be used; empty when it can."""
    if engine in OURS:
        return ""
    if not (peers / "bin" / "python").exists():
        return "its environment is not there (`make compare` makes it)"
    failed = peers / FAILED
    if failed.exists():
        reasons: dict[str, str] = json.loads(failed.read_text(encoding="utf-8"))
        return reasons.get(PACKAGES[engine], "")
    return ""


def measured(
    work: str, engine: str, options: argparse.Namespace
) -> tuple[dict[str, Any], Floats | None]:
    """Measure in a process of its own.

    Raises
    ------
    RuntimeError
        The process broke; the text is the end of what it wrote.
    """
    blank = {"work": work, "engine": engine, "text": "", "versions": {}}
    home = home_of(engine, options)
    reason = not_there(engine, home)
    if reason:
        return blank | {"text": WORKS[work](options.size).text, "unavailable": reason}, None
    python = sys.executable if engine in OURS else str(home / "bin" / "python")
    with tempfile.TemporaryDirectory() as folder:
        finals = Path(folder) / "finals.npy"
        command = [
            python, "-W", "ignore", str(HERE / "measure.py"), work, engine, "--size", options.size,
            "--limit", str(options.limit), "--finals", str(finals),
        ]  # fmt: skip
        # The peers shall not find this package, nor this package theirs.
        environment = dict(os.environ)
        if engine not in OURS:
            environment.pop("PYTHONPATH", None)
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode != 0:
            raise RuntimeError("\n".join(done.stderr.strip().splitlines()[-3:]))
        facts: dict[str, Any] = blank | json.loads(done.stdout.splitlines()[-1])
        return facts, np.load(finals) if finals.exists() else None


def measure_all(options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Measure everything, and give the record with what is wrong."""
    load = os.getloadavg()[0]
    rows: list[dict[str, Any]] = []
    finals: dict[tuple[str, str], Floats] = {}
    wrong = []
    for work in options.works:
        for engine in options.engines:
            try:
                facts, found = measured(work, engine, options)
            except RuntimeError as error:
                wrong.append(f"{work}, {engine}: {error}")
                continue
            rows.append(facts)
            if found is not None:
                finals[work, engine] = found
            print(f"{work} {engine}: {facts.get('unavailable') or facts['wall_min']}", flush=True)
    wrong += check(rows, finals)
    versions: dict[str, str] = {}
    for row in rows:
        versions |= {f"{key}": value for key, value in row.pop("versions").items()}
    versions.pop("python", None)
    machine = {"cpu": cpu_model(), "cores": os.cpu_count(), "load": round(load, 2)}
    machine["python"] = platform.python_version()
    date = datetime.now(timezone.utc).replace(microsecond=0).isoformat()
    record = {
        "format": 1, "date": date, "machine": machine, "versions": versions, "size": options.size,
        "limit": options.limit, "note": options.note, "rows": rows,
    }  # fmt: skip
    return record, wrong


def quoted(document: str, lines: list[str], marks: tuple[str, str] = MARKS) -> str:
    """Put a table into the text of the document.

    Raises
    ------
    ValueError
        It has no place for it.
    """
    before, start, rest = document.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not start or not end:
        raise ValueError("the document has no place for the table of speed")
    return f"{before}{start}\n{chr(10).join(lines)}\n\n{end}{after}"


def file(record: dict[str, Any], folder: Path, document: Path) -> Path:
    """Write the record as JSON and Markdown, and quote it in the document."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.fromisoformat(record["date"]).strftime("%Y-%m-%dT%H%MZ")
    lines = lines_of(record)
    text = json.dumps(record, indent=1) + "\n"
    (folder / f"{stamp}.json").write_text(text, encoding="utf-8")
    (folder / f"{stamp}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    quote(record, document)
    return folder / f"{stamp}.json"


def quote(record: dict[str, Any], document: Path) -> None:
    """Write the tables of the document again."""
    text = quoted(document.read_text(encoding="utf-8"), lines_of(record))
    document.write_text(quoted(text, faster_lines(record), FASTER_MARKS), encoding="utf-8")


def quote_filed(folder: Path, document: Path) -> Path:
    """Write the Markdown of all filed records again, and quote the newest; measures nothing."""
    paths = sorted(folder.glob("*.json"))
    record: dict[str, Any] = {}
    for path in paths:
        record = json.loads(path.read_text(encoding="utf-8"))
        text = "\n".join(lines_of(record)) + "\n"
        path.with_suffix(".md").write_text(text, encoding="utf-8")
    quote(record, document)
    return paths[-1]


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Compare with other engines.")
    parser.add_argument("--size", choices=("small", "full"), default="full")
    parser.add_argument("--works", nargs="+", choices=list(WORKS), default=list(WORKS))
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--limit", type=float, default=20.0, help="seconds of a call")
    parser.add_argument("--peers", type=Path, default=PEERS, help="environment of the others")
    parser.add_argument(
        "--peers-pandas2", type=Path, default=PEERS_PANDAS2, help="that of those with pandas 2"
    )
    parser.add_argument("--record", action="store_true", help="file the figures")
    parser.add_argument("--quote", action="store_true", help="write the tables of what is filed")
    parser.add_argument("--note", default="", help="what a reader should know")
    options = parser.parse_args(arguments)
    if options.quote:
        print(f"quoted: {quote_filed(RECORDS, DOCUMENT).relative_to(ROOT)}")
        return 0
    record, wrong = measure_all(options)
    print("\n".join(["", *lines_of(record)]))
    if wrong:
        print("\n".join(["", *(f"differs: {each}" for each in wrong)]), file=sys.stderr)
        return 1
    if options.record:
        print(f"\nfiled: {file(record, RECORDS, DOCUMENT).relative_to(ROOT)}, COMPARE.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
