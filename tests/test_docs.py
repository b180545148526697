"""The texts of the project: their code runs, and what they name exists.

A Python block of a document runs in the namespace of the blocks before it. What it prints stands
in the ``text`` block right after it, and is compared. The examples of docstrings run here except
those that test_front.py runs on both backends.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil.document import Document
from sybil.evaluators.python import PythonEvaluator
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser

import omega_portfolio as op
from conftest import _chosen_backends
from omega_portfolio import cli
from omega_portfolio.bench import __main__ as bench
from test_front import MODULES
from test_tidy import tracked

ROOT = Path(__file__).parents[1]

# Documents with the number of Python blocks that each has.
BLOCKS = {
    "README.md": 9,
    "SECURITY.md": 0,
    "ARCHITECTURE.md": 0,
    "DESIGN.md": 8,
    "CONTRIBUTING.md": 0,
    "SPEC.md": 0,
    "CHANGELOG.md": 0,
    "COMPARE.md": 0,
    "conformance/README.md": 1,
    "docs/ffi/portfolio.md": 2,
    "docs/guide/account.md": 11,
    "docs/guide/batch.md": 8,
    "docs/guide/frames.md": 8,
    "docs/guide/from_event_engine.md": 6,
    "docs/guide/from_matrix_engine.md": 6,
    "docs/guide/journal.md": 7,
    "docs/guide/live.md": 7,
    "docs/guide/metrics.md": 9,
    "docs/guide/moving.md": 7,
    "docs/guide/polars.md": 10,
    "docs/guide/report.md": 3,
    "docs/guide/scale_out.md": 2,
    "docs/guide/time_travel.md": 6,
    "docs/index.md": 1,
    "docs/reference/batch.md": 0,
    "docs/reference/compare.md": 0,
    "docs/reference/data.md": 0,
    "docs/reference/errors.md": 0,
    "docs/reference/journal.md": 0,
    "docs/reference/legacy.md": 0,
    "docs/reference/metrics.md": 0,
    "docs/reference/portfolio.md": 0,
    "docs/reference/rust.md": 0,
    "docs/reference/tables.md": 0,
    "docs/reference/terms.md": 0,
    "docs/runbooks/portfolio_migration.md": 0,
    "docs/runbooks/rollback_generic.md": 0,
    "docs/tutorial.md": 9,
    "tests/golden/journal/README.md": 0,
    "tests/spec/README.md": 0,
    "tests/spec/batch/README.md": 0,
}
EXAMPLE_LINES_MAX = 12
SOURCE_ENDINGS = ("rs", "py", "pyi", "md", "toml", "txt", "arrow", "json")

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PATH = re.compile(rf"[\w.*/-]+\.(?:{'|'.join(SOURCE_ENDINGS)})|[\w./-]*\w/|\.ci/\w+")
TARGET = re.compile(r"\bmake ([a-z]+(?:-[a-z]+)*)")
RULE = re.compile(r"\bSPEC(?:\.md)? ([A-Z]\d+)\b")
SECTION = re.compile(r"\bSPEC(?:\.md)? section (\d+)")

rust_only = pytest.mark.skipif(
    "rust" not in _chosen_backends(), reason="the run is narrowed to python"
)
documents = pytest.mark.parametrize("name", BLOCKS)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose_of(text: str) -> str:
    """Give a document without its fenced blocks, joined so that no span is cut by a line end."""
    return re.sub(r"(?<=\S)\n(?=[^\s|#*-])", " ", FENCED.sub("", text))


def shell_lines(text: str) -> list[str]:
    """Give the commands of the shell blocks, without comments."""
    blocks = [code for language, code in FENCED.findall(text) if language == "sh"]
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def spans_of(text: str) -> list[str]:
    """Give what stands between single backticks in the prose of a document."""
    return [re.sub(r"\s+", " ", span) for span in SPAN.findall(prose_of(text))]


class Reader:
    """Runs the Python blocks of one document and compares what they print."""

    def __init__(self) -> None:
        self.blocks = 0
        self.printed = ""
        self._run = PythonEvaluator()

    def run(self, example: Example) -> None:
        self.expect_nothing_printed()
        self.blocks += 1
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self._run(example)
        self.printed = output.getvalue()

    def compare(self, example: Example) -> None:
        printed, self.printed = self.printed, ""
        if printed:
            assert example.parsed == printed, f"line {example.line} of {example.path}"

    def expect_nothing_printed(self) -> None:
        assert not self.printed, f"no text block shows this output:\n{self.printed}"

    def read(self, document: Path) -> int:
        """Run a document and give the number of its Python blocks."""
        python = CodeBlockParser("python", self.run)
        text = CodeBlockParser("text", self.compare)
        for example in Document.parse(str(document), python, text).examples():
            example.evaluate()
        self.expect_nothing_printed()
        return self.blocks


@rust_only
@documents
def test_the_code_of_a_document_runs_and_prints_what_stands_below(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a text writes stays away from the sources; what it reads of them is there.
    (tmp_path / "conformance").symlink_to(ROOT / "conformance")
    monkeypatch.chdir(tmp_path)
    assert Reader().read(ROOT / name) == BLOCKS[name]


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```python\nprint(1)\n```\n",
        "```python\nprint(1)\n```\n\n```python\nprint(2)\n```\n\n```text\n2\n```\n",
        "```python\nassert 1 == 2\n```\n",
    ],
    ids=["other output", "no output shown", "output of the first not shown", "a failure"],
)
def test_a_document_that_is_wrong_is_found(tmp_path: Path, text: str) -> None:
    document = tmp_path / "document.md"
    document.write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError):
        Reader().read(document)


@documents
def test_the_blocks_have_a_known_language(name: str) -> None:
    fences = re.findall(r"^```.*$", text_of(name), re.MULTILINE)
    found = FENCED.findall(text_of(name))
    assert len(fences) == 2 * len(found)
    assert {language for language, _ in found} <= {"python", "text", "sh", ""}
    assert sum(language == "python" for language, _ in found) == BLOCKS[name]


def test_every_document_is_read() -> None:
    # What a comparison filed is held against its figures in test_batch_benches.py.
    filed = "benches/record/"
    found = {name for name in tracked() if name.endswith(".md") and not name.startswith(filed)}
    # The example of the crate is in Rust, and a test of its documentation.
    assert found == {*BLOCKS, "crates/portfolio_core/README.md"}


def test_the_first_example_of_the_readme_is_short() -> None:
    languages = [language for language, _ in FENCED.findall(text_of("README.md"))]
    assert languages[:3] == ["sh", "python", "text"]
    first = FENCED.findall(text_of("README.md"))[1][1]
    assert 5 < first.count("\n") <= EXAMPLE_LINES_MAX


def modules_with_examples() -> Iterator[str]:
    for found in pkgutil.walk_packages(op.__path__, "omega_portfolio."):
        name = found.name
        path = ROOT / "python" / Path(*name.split("."))
        file = path / "__init__.py" if found.ispkg else path.with_suffix(".py")
        if name not in MODULES and file.is_file() and ">>> " in file.read_text("utf-8"):
            yield name


EXAMPLES = sorted(modules_with_examples())


def test_the_modules_with_examples_are_seen() -> None:
    assert len(EXAMPLES) >= 15
    assert {"omega_portfolio.cli", "omega_portfolio.bench.exactness"} <= set(EXAMPLES)
    assert not set(EXAMPLES) & set(MODULES)


@rust_only
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_module_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0


def slug(heading: str) -> str:
    """Give the anchor that GitHub makes of a heading."""
    plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return plain.replace(" ", "-")


def broken_links(name: str, text: str) -> list[str]:
    """Give the relative links of a document that lead nowhere."""
    broken = []
    for link in LINK.findall(FENCED.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists():
            broken.append(link)
        elif anchor:
            headings = HEADING.findall(FENCED.sub("", target.read_text("utf-8")))
            broken += [link] if anchor not in map(slug, headings) else []
    return broken


@documents
def test_links_lead_somewhere(name: str) -> None:
    assert broken_links(name, text_of(name)) == []


def test_links_are_seen_and_a_broken_one_is_found() -> None:
    assert len(LINK.findall(text_of("README.md"))) >= 8
    assert len(LINK.findall(text_of("SPEC.md"))) >= 10
    text = "[a](SPEC.md#1-numbers) [b](NONE.md) [c](SPEC.md#0-none) [d](https://example.com)"
    assert broken_links("README.md", text) == ["NONE.md", "SPEC.md#0-none"]


def is_there(path: str) -> bool:
    """Whether a path, from the root or from any folder of the tree, names something."""
    if "*" in path:
        return any(ROOT.glob(path))
    if path.endswith("/"):
        return any(f"/{name}".startswith(f"/{path}") or f"/{path}" in name for name in tracked())
    return any(f"/{name}".endswith(f"/{path}") for name in tracked())


def paths_of(text: str) -> list[str]:
    """Give the paths that a document names, in backticks or in a command."""
    words = [word for line in shell_lines(text) for word in line.split()]
    return [word for word in [*spans_of(text), *words] if PATH.fullmatch(word)]


@documents
def test_paths_exist(name: str) -> None:
    paths = paths_of(text_of(name))
    assert [path for path in paths if not is_there(path)] == []


def test_paths_are_seen_and_a_missing_one_is_found() -> None:
    assert len(paths_of(text_of("ARCHITECTURE.md"))) >= 70
    assert len(paths_of(text_of("CONTRIBUTING.md"))) >= 35
    assert not is_there("ledger/none.rs")
    assert not is_there("dger/mod.rs")
    assert not is_there("none/")
    assert is_there("ledger/mod.rs")
    assert is_there("oracle/")


def test_the_code_map_names_every_source_file() -> None:
    mapped = set(paths_of(text_of("ARCHITECTURE.md")))
    for folder, ending in (
        ("crates/portfolio_core/src/", ".rs"),
        ("crates/portfolio_py/src/", ".rs"),
        ("python/omega_portfolio/", ".py"),
    ):
        found = [
            name.removeprefix(folder)
            for name in tracked()
            if name.startswith(folder) and name.endswith(ending)
        ]
        assert len(found) >= 10
        covered = tuple(path for path in mapped if path.endswith("/"))
        missing = [path for path in found if path not in mapped and not path.startswith(covered)]
        assert missing == [], folder


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))


@documents
def test_make_targets_exist(name: str) -> None:
    text = "\n".join([*spans_of(text_of(name)), *shell_lines(text_of(name))])
    assert set(TARGET.findall(text)) <= make_targets()


def test_every_make_target_is_documented() -> None:
    table = "\n".join(spans_of(text_of("CONTRIBUTING.md")))
    assert len(make_targets()) >= 10
    assert make_targets() - set(TARGET.findall(table)) == {"help"}


def check_command(words: list[str]) -> bool:
    """Parse a command of this package; whether it was one."""
    if words[:3] == ["python", "-m", "omega_portfolio.bench"]:
        bench._parser().parse_args(words[3:])
        return True
    if words[:1] == ["omega-portfolio"]:
        cli._parser().parse_args(words[1:])
        return True
    return False


def test_the_commands_of_the_texts_can_be_given() -> None:
    checked = 0
    for name in BLOCKS:
        for line in shell_lines(text_of(name)):
            checked += check_command(shlex.split(line))
        for span in spans_of(text_of(name)):
            words = span.split()
            if words[:1] == ["omega-portfolio"]:
                assert words[1] in cli.COMMANDS, span
            elif len(words) > 3:
                checked += check_command(words)
    assert checked >= 8
    with pytest.raises(SystemExit):
        check_command(["omega-portfolio", "run", "--no-such-option"])


@documents
def test_rules_and_sections_of_the_specification_exist(name: str) -> None:
    prose = prose_of(text_of(name))
    rules = set(re.findall(r"^- \*\*([A-Z]\d+)\*\*", text_of("SPEC.md"), re.MULTILINE))
    sections = set(re.findall(r"^## (\d+) ", text_of("SPEC.md"), re.MULTILINE))
    assert len(rules) > 40
    assert len(sections) == 21
    assert set(RULE.findall(prose)) <= rules
    assert set(SECTION.findall(prose)) <= sections


def test_references_to_the_specification_are_seen() -> None:
    prose = "\n".join(prose_of(text_of(name)) for name in BLOCKS)
    assert len(RULE.findall(prose)) >= 2
    assert len(SECTION.findall(prose)) >= 8
