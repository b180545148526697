"""The version stands in one place, and what a release says of itself is there."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import omega_portfolio as op

ROOT = Path(__file__).parent.parent
FACTS = runpy.run_path(str(ROOT / "tools" / "release_facts.py"))


TRY = runpy.run_path(str(ROOT / "tools" / "try_wheel.py"))
BUILD = runpy.run_path(str(ROOT / "tools" / "build_dist.py"))
ARM = "windows-arm64"


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / ".github" / name).read_text(encoding="utf-8"))


def triggers(workflow: Any) -> Any:
    # YAML 1.1 reads the word `on` as a truth value.
    return workflow[True]


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


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


@pytest.mark.parametrize("head", ["0.1.0", "0.1.0 (2026-11-27)"])
def test_notes_are_those_of_the_version_and_of_no_candidate(tmp_path, monkeypatch, head):
    others = "## 0.1.0-rc.1\n\nthe candidate\n\n## 0.1.0.post1\n\nlater\n\n"
    (tmp_path / "CHANGELOG.md").write_text(f"# C\n\n{others}## {head}\n\nthe release\n")
    (tmp_path / "Cargo.toml").write_text('[workspace.package]\nversion = "0.1.0"\n')
    monkeypatch.setitem(FACTS["notes"].__globals__, "ROOT", tmp_path)
    assert FACTS["notes"]() == "the release"
    (tmp_path / "CHANGELOG.md").write_text(f"# C\n\n{others}")
    with pytest.raises(SystemExit, match="says nothing of"):
        FACTS["notes"]()


@pytest.mark.skipif(os.name == "nt", reason="the programs are made for a POSIX system")
def test_a_folder_with_cargo_is_dropped(tmp_path, monkeypatch):
    program(tmp_path / "with" / "cargo")
    program(tmp_path / "without" / "python")
    found = os.pathsep.join(str(tmp_path / name) for name in ("with", "without"))
    monkeypatch.setenv("PATH", found)
    monkeypatch.setenv("CARGO_HOME", "x")
    environment = TRY["_without_cargo"]()
    assert environment["PATH"] == str(tmp_path / "without")
    assert "CARGO_HOME" not in environment


def test_a_folder_with_cargo_is_what_the_system_takes_for_one(monkeypatch):
    def which(name: str, path: str) -> str | None:
        (found,) = [each for each in path.split(os.pathsep) if each.endswith("with")] or [None]
        return found and f"{found}\\{name}.exe"

    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setenv("PATH", os.pathsep.join(("a-with", "other")))
    assert TRY["_without_cargo"]()["PATH"] == "other"


@pytest.mark.skipif(os.name == "nt", reason="the program is made for a POSIX system")
def test_an_interpreter_is_found_from_another_folder(tmp_path, monkeypatch):
    path = program(tmp_path / "bin" / "python3.99")
    monkeypatch.chdir(tmp_path)
    assert BUILD["_interpreter"]("bin/python3.99") == str(path)
    with pytest.raises(SystemExit, match="no such interpreter"):
        BUILD["_interpreter"]("bin/python3.98")


@pytest.mark.parametrize("flags", [[], ["--no-trial"], ["--target", "x"]])
def test_wheels_are_tried_unless_they_cannot_be(tmp_path, monkeypatch, flags):
    steps: list[str] = []
    names = BUILD["main"].__globals__
    for name in ("_tools", "_source", "_wheels", "_run", "_try"):
        monkeypatch.setitem(names, name, lambda *_, name=name: steps.append(name) or tmp_path)
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["build_dist.py", "--out", str(out), *flags])
    assert BUILD["main"]() == 0
    assert ("_try" in steps) == (not flags)
    assert {"_wheels", "_run"} < set(steps)


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


def test_only_a_pushed_tag_publishes_and_only_after_all_checks():
    release, checks = read("workflows/release.yml"), read("workflows/checks.yml")
    assert set(triggers(release)) == {"push", "workflow_dispatch"}
    assert "workflow_call" in triggers(checks)
    jobs = release["jobs"]
    assert jobs["checks"] == {"uses": "./.github/workflows/checks.yml"}
    publish = jobs["publish"]
    assert set(publish["needs"]) == set(jobs) - {"publish"} == {"checks", "wheels"}
    wanted = "github.event_name == 'push' && startsWith(github.ref, 'refs/tags/v')"
    assert publish["if"] == wanted
    for workflow in (release, checks):
        assert workflow["permissions"] == {"contents": "read"}


def test_the_wheel_that_cannot_be_tried_holds_up_nothing():
    job = read("workflows/release.yml")["jobs"]["wheels"]
    rows = job["strategy"]["matrix"]["include"]
    assert len(rows) == 6
    assert [row["name"] for row in rows if row.get("untried")] == [ARM]
    assert job["continue-on-error"] == "${{ matrix.untried || false }}"
    (build,) = [step for step in job["steps"] if "build_dist.py" in step.get("run", "")]
    assert build["env"]["UNTRIED"] == "${{ matrix.untried || false }}"
    assert build["shell"] == "bash"


@pytest.mark.skipif(shutil.which("bash") is None, reason="the step is written for bash")
@pytest.mark.parametrize(("oldest", "untried"), [("3.10", "false"), ("3.11", "true")])
def test_the_step_that_builds_asks_for_each_interpreter_once(tmp_path, oldest, untried):
    steps = read("workflows/release.yml")["jobs"]["wheels"]["steps"]
    (step,) = [each for each in steps if "build_dist.py" in each.get("run", "")]
    code = step["run"].replace("python tools/build_dist.py", "echo")
    done = subprocess.run(  # noqa: S603
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", code],  # noqa: S607
        check=True, capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "OLDEST": oldest, "UNTRIED": untried, "RUNNER_OS": "Linux"},
    )  # fmt: skip
    words = done.stdout.split()
    minors = range(int(oldest[2:]), 15)
    assert [each for each in words if each.startswith("python3")] == [
        f"python3.{minor}" for minor in minors
    ]
    assert ("--no-trial" in words) == (untried == "true")


def test_components_are_attested_of_the_wheel_that_they_are_read_from():
    steps = read("workflows/release.yml")["jobs"]["publish"]["steps"]
    (sbom,) = [step for step in steps if "attest-sbom" in step.get("uses", "")]
    (origin,) = [step for step in steps if "provenance" in step.get("uses", "")]
    wheel = sbom["with"]["subject-path"]
    assert origin["with"]["subject-path"] == "dist/*"
    (listed,) = [step["run"] for step in steps if "release_facts.py sbom" in step.get("run", "")]
    assert f"release_facts.py sbom {wheel} > {sbom['with']['sbom-path']}" in listed


def test_checks_run_on_the_oldest_and_the_newest_python():
    pythons = read("workflows/checks.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    oldest = re.search(r'^requires-python = ">=(.+)"$', text, re.MULTILINE)[1]
    built = read("workflows/release.yml")["jobs"]["wheels"]["steps"][1]["with"]["python-version"]
    assert pythons == [oldest, built.split()[-1]]


def test_actions_crates_and_packages_are_kept_up_to_date():
    updates = read("dependabot.yml")["updates"]
    assert [each["package-ecosystem"] for each in updates] == ["github-actions", "cargo", "pip"]
    for folder in updates[1]["directories"]:
        assert (ROOT / folder.strip("/") / "Cargo.lock").is_file()
