"""Install the packages of a list into the environment that runs this, one by one.

One that cannot be installed is noted with the reason, and the comparison shows it; it is no
failure of the command. Usage::

    .venv-compare/bin/python benches/compare/environment.py benches/compare/requirements.txt
    .venv-compare-pandas2/bin/python benches/compare/environment.py conformance/requirements.txt
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

NOTE: Final = Path(sys.prefix) / "not_installed.json"


def install(requirement: str, constraints: Path) -> str:
    """Install one package, and give the reason when it does not work."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--constraint", str(constraints), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines() or ["pip said nothing"]
    return "" if done.returncode == 0 else f"pip could not install it ({lines[-1]})"


def main(requirements: Path) -> int:
    """Run the command."""
    text = requirements.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = {line.partition("==")[0]: install(line, requirements) for line in lines}
    failed = {name: reason for name, reason in found.items() if reason}
    NOTE.write_text(json.dumps(failed, indent=1) + "\n", encoding="utf-8")
    for name, reason in failed.items():
        print(f"{name}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
