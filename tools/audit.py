"""Audit what the project is built from: licences, sources and known weaknesses.

Three questions, of which two need a network: crates by cargo-deny without one (`deny.toml`), their
advisories by cargo-deny with the RustSec database, and the Python packages of this environment by
pip-audit with the JSON interface of PyPI. A question that was asked and not answered is a failure,
and said as one: the exit code is 0 only when all of them were answered, and well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANSWERED, BAD, UNANSWERED = "fine", "NOT FINE", "NOT ANSWERED"


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project, and keep what it says."""
    return subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, encoding="utf-8"
    )


def shown(text: str, lines: int = 40) -> str:
    """Give the last lines of what a tool said, indented."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-lines:])


def deny(tool: str, *questions: str) -> subprocess.CompletedProcess[str]:
    """Ask cargo-deny without a network."""
    quiet = ("--hide-inclusion-graph", *questions)
    return ran(tool, "--offline", "--manifest-path", "Cargo.toml", "check", *quiet)


def crates(tool: str) -> str:
    """Check licences, bans and sources of the crates."""
    done = deny(tool, "licenses", "bans", "sources")
    if done.returncode:
        print(shown(done.stdout + done.stderr))
    return BAD if done.returncode else ANSWERED


def database() -> Path | None:
    """Find the advisories that cargo-deny has fetched, if it ever has."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    found = sorted(home.glob("advisory-dbs/*/crates"))
    return found[0].parent if found else None


def advisories(tool: str) -> str:
    """Check the crates against the RustSec database; an older copy of it is said to be one."""
    fetched = ran(tool, "--manifest-path", "Cargo.toml", "fetch", "db")
    kept = database()
    if fetched.returncode:
        print(shown(fetched.stdout + fetched.stderr, 3))
        if kept is None:
            print("    There is no copy of the RustSec database here, and it could not be fetched.")
            return UNANSWERED
        last = ran("git", "-C", str(kept), "log", "-1", "--format=%cs").stdout.strip()
        print(f"    The database could not be fetched; this is the copy of {last or 'unknown'}.")
    done = deny(tool, "advisories")
    if done.returncode:
        print(shown(done.stdout + done.stderr))
    return BAD if done.returncode else ANSWERED


def packages(_tool: str) -> str:
    """Check the Python packages of this environment."""
    options = ("--local", "--skip-editable", "--progress-spinner", "off", "--format", "json")
    done = ran(sys.executable, "-m", "pip_audit", *options)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(shown(done.stdout + done.stderr, 5))
        return UNANSWERED
    weak = [one for one in found if one.get("vulns")]
    for one in weak:
        names = ", ".join(known["id"] for known in one["vulns"])
        print(f"    {one['name']} {one['version']}: {names}")
    # The project itself is no package of an index.
    left = [one for one in found if "skip_reason" in one and "editable" not in one["skip_reason"]]
    if left:
        print(f"    {len(left)} of {len(found)} packages could not be looked up, the first:")
        print(f"    {left[0]['skip_reason']}")
    return BAD if weak else UNANSWERED if left or not found else ANSWERED


QUESTIONS: dict[str, tuple[str, Callable[[str], str]]] = {
    "crates": ("licences, bans and sources of the crates", crates),
    "advisories": ("advisories about the crates", advisories),
    "packages": ("advisories about the Python packages", packages),
}


def main() -> int:
    """Ask all questions, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", help="cargo-deny")
    parser.add_argument("questions", nargs="*", help=f"any of {', '.join(QUESTIONS)}; or all")
    options = parser.parse_args()
    answers = []
    for name in options.questions or QUESTIONS:
        if name not in QUESTIONS:
            parser.error(f"{name} is none of {', '.join(QUESTIONS)}")
        label, question = QUESTIONS[name]
        print(f"{label} ...", flush=True)
        answers.append(question(options.tool))
        print(f"{label}: {answers[-1]}", flush=True)
    return 0 if set(answers) == {ANSWERED} else 1


if __name__ == "__main__":
    sys.exit(main())
