"""The rules of the source tree that a machine can check, one test each.

The files are those that git tracks or would track, so that a new file is checked before it is
committed. Each test states how many files it saw, because a check of nothing always passes.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LINES_MAX = {".rs": 500, ".py": 400, ".pyi": 400}
LINE_LENGTH_MAX = 100

# Files that are data or are written by a tool.
BINARY = {
    ".arrow",
    ".bin",
    ".feather",
    ".gz",
    ".ico",
    ".jpg",
    ".parquet",
    ".pdf",
    ".png",
    ".whl",
    ".zst",
}

# The only files with unsafe code: memory shared with readers, the allocator that a test counts
# with, the hand-over of capsules, and the fuzz targets' columns, which are as unsound as theirs.
UNSAFE_FILES = {
    "crates/portfolio_core/src/columns/memory.rs",
    "crates/portfolio_core/src/columns/segment.rs",
    "crates/portfolio_core/src/columns/text.rs",
    "crates/portfolio_core/tests/memory.rs",
    "crates/portfolio_py/src/capsule.rs",
    "fuzz/src/columns.rs",
}

# Words are joined from two parts so that this file passes its own test. The third one is a
# currency code as well, so it counts in a comment or before a colon.
WORK_LEFT = re.compile(
    "|".join(
        [
            r"\bTO" + r"DO\b",
            r"\bFIX" + r"ME\b",
            r"(?:#|//|/\*|<!--).*\bX" + r"XX\b",
            r"\bX" + r"XX\s*:",
        ]
    )
)
UNFINISHED = re.compile(
    "|".join(
        [
            r"\bfor " + r"now\b",
            r"\bnot yet " + r"implemented\b",
            r"\bto be " + r"done\b",
            r"\bissue " + r"#?\d",
        ]
    ),
    re.IGNORECASE,
)
HOME = re.compile(r"(?<![\w./])(?:/(?:home|Users|root|mnt|opt)/|[A-Z]:\\)\w")

GLOB_IMPORT = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+([\w:]+)::\*;", re.MULTILINE)
GLOBS_ALLOWED = {"proptest::prelude", "pyo3::prelude", "super"}


@cache
def tracked() -> dict[str, Path]:
    """Give all files of the tree that exist, by their path from the root."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    names = sorted(set(found.stdout.decode().split("\0")) - {""})
    return {name: ROOT / name for name in names if (ROOT / name).is_file()}


@cache
def text_of(name: str) -> str:
    return tracked()[name].read_text(encoding="utf-8")


def names_of(*endings: str) -> list[str]:
    return [name for name in tracked() if name.endswith(endings)]


def text_names() -> list[str]:
    return [name for name in tracked() if Path(name).suffix not in BINARY]


def lines_with(pattern: re.Pattern[str], names: list[str]) -> list[str]:
    """Give the lines that hold a pattern, as file, number and text."""
    return [
        f"{name}:{number}: {line.strip()}"
        for name in names
        for number, line in enumerate(text_of(name).split("\n"), start=1)
        if pattern.search(line)
    ]


def test_the_tree_is_seen() -> None:
    assert {"SPEC.md", "Cargo.toml", "pyproject.toml", "tests/test_tidy.py"} <= set(tracked())
    assert len(names_of(".rs")) >= 20
    assert len(names_of(".py")) >= 30
    assert not [name for name in tracked() if name.startswith((".venv/", "target/"))]


def test_every_text_file_is_utf8_with_plain_line_ends() -> None:
    names = text_names()
    assert len(names) >= 60
    for name in names:
        text = text_of(name)
        assert "\r" not in text, name
        assert text == "" or text.endswith("\n"), f"{name} has no line end at its end"


@pytest.mark.parametrize(("ending", "limit"), LINES_MAX.items())
def test_files_are_short(ending: str, limit: int) -> None:
    # An example is read from its first line to its last, half of it is text, and it stays one file.
    names = [name for name in names_of(ending) if not name.startswith("examples/")]
    assert names
    lengths = {name: text_of(name).count("\n") for name in names}
    assert {name: length for name, length in lengths.items() if length > limit} == {}


def test_lines_are_short() -> None:
    names = names_of(".rs", ".py", ".pyi")
    assert len(names) >= 50
    assert lines_with(re.compile(f".{{{LINE_LENGTH_MAX + 1}}}"), names) == []


def test_no_work_is_left_over() -> None:
    names = text_names()
    assert len(names) >= 60
    assert lines_with(WORK_LEFT, names) == []
    assert lines_with(UNFINISHED, names) == []


def test_no_path_of_a_machine_is_named() -> None:
    names = text_names()
    assert len(names) >= 60
    assert lines_with(HOME, names) == []
    places = {ROOT, ROOT.parent, Path(tempfile.gettempdir())} - {Path("/")}
    here = "|".join(re.escape(str(place)) for place in places)
    assert lines_with(re.compile(rf"(?<![\w./])(?:{here})(?:/|\b)"), names) == []


def test_unsafe_code_is_in_the_listed_files_and_explained() -> None:
    names = names_of(".rs")
    assert len(names) >= 20
    found = {}
    for name in names:
        lines = code_lines(text_of(name))
        uses = [number for number, line in enumerate(lines) if re.search(r"\bunsafe\b", line)]
        if uses:
            found[name] = len(uses)
        original = text_of(name).split("\n")
        for number in uses:
            assert is_explained(original, number), f"{name}:{number + 1} has no SAFETY note"
    assert set(found) == UNSAFE_FILES


def code_lines(text: str) -> list[str]:
    """Give the lines of a Rust file without comments, texts and lint attributes."""
    lines = []
    for line in text.split("\n"):
        code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line).split("//")[0]
        lines.append("" if code.lstrip().startswith(("#[", "#![")) else code)
    return lines


def is_explained(lines: list[str], number: int) -> bool:
    """Whether the comment right above a line, or above its statement, has a SAFETY note."""
    above = number
    while above > 0:
        above -= 1
        line = lines[above].strip()
        if line.startswith("//"):
            if "SAFETY:" in line or "# Safety" in line:
                return True
        elif line.endswith((";", "}", "{")) or line == "":
            # An attribute between the comment and the code does not end the search.
            return False
    return False


def test_globs_are_imported_from_the_listed_modules_only() -> None:
    names = names_of(".rs")
    assert len(names) >= 20
    for name in names:
        text = text_of(name)
        for match in GLOB_IMPORT.finditer(text):
            assert match[1] in GLOBS_ALLOWED, f"{name}: {match[0].strip()}"
            if match[1] == "super":
                before = text[: match.start()]
                in_tests = "#[cfg(test)]" in before or "/tests" in name
                assert in_tests, f"{name}: use super::* outside of tests"


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (WORK_LEFT, "# TO" + "DO: later"),
        (WORK_LEFT, "// FIX" + "ME"),
        (WORK_LEFT, "# X" + "XX: odd"),
        (UNFINISHED, "this is enough for " + "now."),
        (UNFINISHED, "see Issue " + "#12"),
        (HOME, "in /" + "home/someone/project"),
        (HOME, "in C:" + "\\Users"),
        (GLOB_IMPORT, "use std::collections::*;"),
        (GLOB_IMPORT, "    pub(crate) use crate::numbers::*;"),
    ],
)
def test_the_patterns_find_what_they_look_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


def test_the_safety_check_sees_a_missing_note() -> None:
    explained = ["// SAFETY: the index is below the length.", "let x = unsafe { read(i) };"]
    split = ["// SAFETY: see above.", "let x =", "    unsafe { read(i) };"]
    bare = ["// Reads the row.", "let x = unsafe { read(i) };"]
    far = ["// SAFETY: for the other one.", "let y = 1;", "let x = unsafe { read(i) };"]
    assert is_explained(explained, 1)
    assert is_explained(split, 2)
    assert not is_explained(bare, 1)
    assert not is_explained(far, 2)
    assert code_lines('// unsafe\nlet text = "unsafe";\n#![deny(unsafe_code)]\nx // unsafe') == [
        "",
        'let text = "";',
        "",
        "x ",
    ]
