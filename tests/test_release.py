"""The version stands in one place, and what a release says of itself is there."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

import omega_portfolio as op

ROOT = Path(__file__).parent.parent
FACTS = runpy.run_path(str(ROOT / "tools" / "release_facts.py"))


def test_the_version_of_the_package_is_that_of_the_workspace():
    assert op.__version__ == FACTS["version"]()


def test_the_citation_names_the_same_version_and_licence():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", text, re.MULTILINE)[1] == FACTS["version"]()
    assert re.search(r"^license: (.+)$", text, re.MULTILINE)[1] == "Apache-2.0"


@pytest.mark.parametrize("lock", ["Cargo.lock", "fuzz/Cargo.lock"])
def test_the_lock_files_have_the_version(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    (found,) = re.findall(r'name = "portfolio_core"\nversion = "(.+)"', text)
    assert found == FACTS["version"]()


def test_no_other_file_of_the_build_names_a_version():
    for name in (
        "pyproject.toml",
        "crates/portfolio_core/Cargo.toml",
        "crates/portfolio_py/Cargo.toml",
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r'^version = "', text, re.MULTILINE), name


def test_the_changelog_has_notes_of_the_version():
    notes = FACTS["notes"]()
    assert notes
    assert "\n## " not in notes


def test_facts_are_printed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["release_facts.py", "version"])
    assert FACTS["main"]() == 0
    assert capsys.readouterr().out == FACTS["version"]() + "\n"
    monkeypatch.setattr(sys, "argv", ["release_facts.py"])
    assert FACTS["main"]() == 2


def test_workflows_call_files_that_are_there():
    seen = 0
    for workflow in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        text = workflow.read_text(encoding="utf-8")
        for name in re.findall(r"\btools/\w+\.py\b", text):
            assert (ROOT / name).is_file(), (workflow.name, name)
            seen += 1
        for target in re.findall(r"\bmake ([a-z-]+)", text):
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
            seen += 1
    assert seen >= 4


def test_the_crate_has_the_licence_of_the_project():
    crate = ROOT / "crates" / "portfolio_core" / "LICENSE"
    assert crate.read_bytes() == (ROOT / "LICENSE").read_bytes()
