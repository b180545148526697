"""Install the development tools that pyproject.toml lists, and maturin, into this environment.

    python tools/install_tools.py           the extra `dev`
    python tools/install_tools.py docs      another extra

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


def requirements(extra: str) -> list[str]:
    """Give build requirements, run-time dependencies and an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build: list[str] = project["build-system"]["requires"]
    run: list[str] = project["project"]["dependencies"]
    tools: list[str] = project["project"]["optional-dependencies"][extra]
    return [*build, *run, *tools]


def main() -> int:
    """Install; the exit code is the installer's."""
    wanted = requirements(sys.argv[1] if len(sys.argv) > 1 else "dev")
    uv = shutil.which("uv")
    installer = (
        [uv, "pip", "install", "--quiet", "--python", sys.executable]
        if uv
        else [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    )
    return subprocess.run([*installer, *wanted], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
