"""The runbooks: every command in them exists and runs, and the rollback is done for real."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from ffi_tables import MAKERS
from interpreter import PACKAGE_ROOT
from stored_files import written
from test_docs import shell_lines, spans_of, text_of
from test_ffi_document import cells_of

ROOT = Path(__file__).parents[1]
MIGRATION = "docs/runbooks/portfolio_migration.md"
GENERIC = "docs/runbooks/rollback_generic.md"

# What a line becomes in a test: shorter, or only looked up. A line that is not here runs as it is.
SMALLER = {
    "python -m omega_portfolio.bench equivalence --operations 20000 --seed 1": (
        "python -m omega_portfolio.bench equivalence --operations 300 --seed 1"
    ),
    "python -m omega_portfolio.bench exactness": (
        "python -m omega_portfolio.bench exactness --cycles 20"
    ),
    "python -m omega_portfolio.bench crash --kills 1000 --seed 5": (
        "python -m omega_portfolio.bench crash --kills 4 --seed 5"
    ),
    "python benches/runbook_table.py": "python benches/runbook_table.py --small",
}
LOOKED_UP = ("make ", "python -m pytest ", "export ")
REPORT = 'python tools/benchmark_history.py report "target/bench.json" --fail'

both_only = pytest.mark.skipif(
    len(_chosen_backends()) < 2, reason="the run is narrowed to one backend"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a folder that looks like the root of a clone, with the two programs on its path."""
    for name in ("benches", "tools", "tests", "examples", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, words in (("python", ""), ("omega-portfolio", " -m omega_portfolio")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{words} "$@"\n')
        program.chmod(0o755)
    return tmp_path


def run(place: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run lines of a shell, which stop at the first that fails."""
    path = f"{place / 'programs'}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, "PATH": path, "PYTHONPATH": str(PACKAGE_ROOT)}
    variables.pop("USE_RUST_PORTFOLIO", None)
    shell = shutil.which("sh")
    assert shell is not None
    return subprocess.run(  # noqa: S603 - the lines of our own documents.
        [shell, "-e", "-c", script],
        cwd=place,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def lines() -> list[str]:
    return sorted({line for name in (MIGRATION, GENERIC) for line in shell_lines(text_of(name))})


def run_by_themselves() -> list[str]:
    return [
        line
        for line in lines()
        if not line.startswith(LOOKED_UP) and "run.journal" not in line and line != REPORT
    ]


@both_only
@pytest.mark.parametrize("line", run_by_themselves())
def test_a_command_runs(place: Path, line: str) -> None:
    done = run(place, SMALLER.get(line, line))
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_commands_are_seen() -> None:
    assert len(run_by_themselves()) >= 6
    assert set(SMALLER) <= set(lines())
    assert REPORT in lines()


def test_what_is_looked_up_is_there() -> None:
    found = 0
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    for line in lines():
        words = shlex.split(line)
        if words[0] == "make":
            assert set(words[1:]) <= targets
        elif line.startswith("python -m pytest "):
            assert all((ROOT / word).is_file() for word in words[3:])
        elif words[0] == "export":
            assert re.fullmatch(r"USE_RUST_PORTFOLIO=(true|false)", words[1])
        else:
            continue
        found += 1
    assert found >= 6


@both_only
def test_commands_on_a_journal_run(place: Path) -> None:
    written(place / "run.journal", "rust")
    ran = 0
    for line in lines():
        if "run.journal" in line and line.startswith("omega-portfolio"):
            done = run(place, line)
            assert done.returncode == 0, (line, done.stderr)
            ran += 1
    assert ran >= 4


def test_the_report_of_times_says_what_it_compares(place: Path) -> None:
    record = max((ROOT / "benches" / "record").glob("*.json"))
    (place / "target").mkdir()
    shutil.copyfile(record, place / "target" / "bench.json")
    done = run(place, REPORT)
    assert done.returncode in {0, 1, 2}, done.stderr
    assert "benches compared" in done.stdout


def exercise() -> str:
    """Give the block of the rollback."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text_of(MIGRATION), re.MULTILINE | re.DOTALL)
    found = [block for block in blocks if "rollback_exercise" in block]
    assert len(found) == 1
    return found[0]


@both_only
def test_the_rollback_is_tried_for_real(place: Path) -> None:
    """Rust writes, Python recovers and goes on, Rust recovers that: nothing is lost on the way."""
    done = run(place, exercise())
    assert done.returncode == 0, done.stdout + done.stderr
    text = done.stdout
    assert re.findall(r"^backend (\w+)$", text, re.MULTILINE) == ["rust", "python", "rust"]
    written_events = re.findall(r"^events  (\d+)$", text, re.MULTILINE)
    written_digests = re.findall(r"^digest  (\w+)$", text, re.MULTILINE)
    # recover and verify after the first day, recover after the second, verify after the third.
    shown = re.findall(r"^  digest {10}(\w+)$", text, re.MULTILINE)
    first, second, third = written_digests
    assert shown == [first, first, second, third]
    assert len({first, second, third}) == 3
    events = [int(number) for number in written_events]
    assert events == sorted(set(events))
    assert text.count("everything holds") == 2
    assert text.count("rust against python") == 2
    portfolio = op.open_journal(place / "run.journal", read_only=True, backend="python")
    assert (portfolio.digest, portfolio.events) == (third, events[-1])


def test_the_figures_of_the_targets_are_those_that_were_measured() -> None:
    text = text_of(MIGRATION)
    head = "| lowest us | Rust backend | Python backend | plain floats | ratio |"
    rows = cells_of(text, head)
    assert len(rows) == 7
    rust = {row[0].split("`")[1]: float(row[1].replace(",", "")) for row in rows}
    targets = cells_of(text, "| operation | target | Rust backend | met |")
    for name, limit, measured, met in targets[:4]:
        figure, bound = float(measured.split(" us")[0]), float(limit.replace(",", "")[:-3])
        assert abs(figure - rust[name]) < 0.01 + 0.01 * figure
        assert (figure <= bound) == (met == "yes")
    ratios = [float(row[4]) for row in rows]
    plain = [float(row[3]) / float(row[1]) for row in rows if row[3] != "-"]
    for found, (_, _, said, met), slack in ((ratios, targets[4], 1), (plain, targets[5], 0.1)):
        low, high = map(float, re.findall(r"([\d.]+) to ([\d.]+) times", said)[0])
        assert abs(low - min(found)) <= slack
        assert abs(high - max(found)) <= slack
        assert (low >= 7) == (met == "yes")


def test_the_invariants_are_those_of_the_specification() -> None:
    names = [name for name, _ in cells_of(text_of("SPEC.md"), "| name | rule |")]
    rows = cells_of(text_of(MIGRATION), "| invariant | rule | checked |")
    assert {rows[0][0], rows[1][0]} <= set(names)
    assert len(names) - 2 == 11
    assert rows[2][0] == "the other eleven"


def test_the_prerequisites_say_what_is_there() -> None:
    rows = cells_of(text_of(MIGRATION), "| prerequisite | command | wanted | found |")
    found = {row[0]: row[3] for row in rows}
    assert found["the boundary is specified"].startswith(f"{len(MAKERS)} tables")
    records = (ROOT / "benches" / "record").glob("*.json")
    days = re.findall(r"\d{4}-\d\d-\d\d", found["a baseline is filed"])
    assert len(days) >= 2
    assert set(days) <= {record.name[:10] for record in records}


def test_the_exit_codes_are_those_of_the_command() -> None:
    from omega_portfolio.cli import Exit

    codes = [int(row[0]) for row in cells_of(text_of(GENERIC), "| code | meaning | next |")]
    assert codes == [code for code in Exit if code != Exit.INTERRUPTED]


def test_evidence_is_there() -> None:
    names = [span for span in spans_of(text_of(MIGRATION)) if span.startswith("tests/test_")]
    assert len(names) >= 5
    assert all((ROOT / name).is_file() for name in names)
