"""Install a wheel in a new environment without cargo, and use it as its first user would.

python tools/try_wheel.py dist/omega_portfolio-0.1.0-cp311-cp311-manylinux2014_x86_64.whl

Nothing of a checkout is found by it, and nothing could be compiled.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FIRST_USE = """
import sys
from datetime import datetime
from pathlib import Path

import polars as pl
import omega_portfolio as op

folder = Path(sys.argv[1])
assert Path(op.__file__).is_relative_to(sys.prefix), op.__file__
assert op.backend_status().live == "rust", op.backend_status()
pf = op.Portfolio("1000", journal=folder / "run.journal")
pid = pf.open_position("ACME", "long", 2, "100", "2024-01-02", fee="0.35")
pf.update_equity("2024-01-03", {"ACME": "101.5"})
pf.close_position(pid, "102", "2024-01-04")
pf.verify()
assert str(pf.balance) == "1003.65", pf.balance
assert pl.DataFrame(pf.get_equity_curve()).height == 1
digest = pf.digest
pf.close()
again = op.open_journal(folder / "run.journal", backend="python")
assert again.digest == digest
days = [datetime(2024, 1, day) for day in (2, 3, 4)]
bars = pl.DataFrame(
    {"time": days, "symbol": ["ACME"] * 3}
    | dict.fromkeys(("open", "high", "low", "close"), [100.0, 101.0, 99.0])
)
orders = pl.DataFrame(
    [(days[0], "open", "long", 1.0), (days[1], "close", None, None)],
    ["time", "action", "side", "size"],
    orient="row",
)
result = op.run_batch(bars, orders, pl.DataFrame({"size": [10, 20]}))
assert result.final["balance"].to_list() == [99980.0, 99960.0], result.final
print("omega_portfolio", op.__version__, "works:", op.backend_status().reason)
"""


def main() -> int:
    """Install and try; the exit code is that of what fails."""
    if len(sys.argv) != 2:
        print("usage: try_wheel.py WHEEL", file=sys.stderr)
        return 2
    wheel = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = _without_cargo()
        home = folder / "environment"
        _run([sys.executable, "-m", "venv", home], folder, environment)
        programs = home / ("Scripts" if os.name == "nt" else "bin")
        python, command = programs / "python", programs / "omega-portfolio"
        _run([python, "-m", "pip", "install", "--quiet", wheel], folder, environment)
        _run([python, "-c", FIRST_USE, folder], folder, environment)
        _run([command, "--version"], folder, environment)
        _run([command, "doctor"], folder, environment)
        _run([command, "demo", "--out", folder / "demo"], folder, environment)
        _run([command, "recover", folder / "run.journal"], folder, environment)
    return 0


def _without_cargo() -> dict[str, str]:
    """Give an environment in which nothing could be compiled, nor found in a checkout."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "CARGO"))}
    found = os.environ["PATH"].split(os.pathsep)
    # By the rules of the system: on Windows it is cargo.exe.
    rest = [one for one in found if one and shutil.which("cargo", path=one) is None]
    environment["PATH"] = os.pathsep.join(rest)
    if shutil.which("cargo", path=environment["PATH"]):
        raise SystemExit("cargo is still found; a wheel has to work without it")
    return environment


def _run(command: list[object], folder: Path, environment: dict[str, str]) -> None:
    words = [str(word) for word in command]
    shown = [word if "\n" not in word else "(the first use)" for word in words]
    print("+", " ".join(shown), flush=True)
    subprocess.run(words, check=True, cwd=folder, env=environment)


if __name__ == "__main__":
    sys.exit(main())
