"""Install the development tools that pyproject.toml lists, and maturin, into this environment.

The package itself is installed by a step of its own, so that a change of a Rust file builds only
that. `uv` is used when it is there; pip is enough.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent


def requirements() -> list[str]:
    """Give build requirements, run-time dependencies and the dev extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build: list[str] = project["build-system"]["requires"]
    run: list[str] = project["project"]["dependencies"]
    dev: list[str] = project["project"]["optional-dependencies"]["dev"]
    return [*build, *run, *dev]


def main() -> int:
    """Install; the exit code is the installer's."""
    uv = shutil.which("uv")
    installer = (
        [uv, "pip", "install", "--quiet", "--python", sys.executable]
        if uv
        else [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    )
    return subprocess.run([*installer, *requirements()], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
