"""Runs code in an interpreter of its own: the environment is read once in a process."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import omega_portfolio as op

PACKAGE_ROOT = Path(op.__file__).parents[1]

# Replaces the compiled module with one that cannot be found.
ABSENT = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "omega_portfolio._core":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Finder())
"""


def run_python(
    code: str, variable: str | None = None, status: int = 0, **environment: str
) -> list[str]:
    """Run code in a new interpreter and return the lines that it printed."""
    variables = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT), **environment}
    variables.pop("USE_RUST_PORTFOLIO", None)
    if variable is not None:
        variables["USE_RUST_PORTFOLIO"] = variable
    done = subprocess.run(  # noqa: S603 - the program is this interpreter.
        [sys.executable, "-W", "error", "-c", code],
        env=variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout.splitlines()


def pickled(value: object) -> object:
    """Send a value through a pickle."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - written in the same line.
