"""Build what is released: the source distribution, and from it a wheel for each interpreter.

Wheels are built from the unpacked source distribution, so what it lacks is noticed here. On Linux
zig links them against the C library of manylinux2014; elsewhere the system's own linker does. At
the end everything is checked: the metadata by twine, what is in each wheel, and that it installs
and works in a new environment that has no cargo (``tools/try_wheel.py``).

    python tools/build_dist.py --out dist --python python3.11 --python python3.12
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("maturin[zig]>=1.9,<2", "twine>=6")
NEEDED = (
    "omega_portfolio/py.typed",
    "omega_portfolio/_core.pyi",
    "omega_portfolio/data/us5_daily.arrow",
    ".dist-info/licenses/LICENSE",
    ".dist-info/sboms/portfolio_py.cyclonedx.json",
)
"""Files that a wheel has, by the end of their names."""


def main() -> int:
    """Build, check, and list what was made."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="an empty or new folder")
    parser.add_argument("--python", action="append", help="an interpreter; several are allowed")
    parser.add_argument("--target", help="a Rust target other than this machine's")
    parser.add_argument("--profile", default="dist", help="profile of cargo (default: dist)")
    parser.add_argument("--no-trial", action="store_true", help="do not install and use the wheels")
    options = parser.parse_args()
    pythons = [_interpreter(one) for one in options.python or [sys.executable]]
    out = options.out.resolve()
    if out.exists() and any(out.iterdir()):
        print(f"{out} is not empty; remove what is in it first", file=sys.stderr)
        return 2
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tools = _tools(Path(folder) / "tools")
        source = _source(tools, out, Path(folder) / "source")
        _wheels(tools, source, pythons, (out, options.target, options.profile))
        files = sorted(out.iterdir())
        _run([tools / "twine", "check", "--strict", *files])
    for wheel in out.glob("*.whl"):
        _check_content(wheel)
    if options.target is None and not options.no_trial:
        _try(out, pythons)
    _list(files, out)
    return 0


def _interpreter(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name}: there is no such interpreter")
    # Maturin is started in another folder, where a relative path leads nowhere.
    return os.path.abspath(found)  # noqa: PTH100 - a link to an interpreter stays what it is.


def _tools(folder: Path) -> Path:
    """Make an environment of its own, so that a release depends on no other one."""
    _run([sys.executable, "-m", "venv", folder])
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    _run([programs / "python", "-m", "pip", "install", "--quiet", *TOOLS])
    return programs


def _source(tools: Path, out: Path, folder: Path) -> Path:
    """Make the source distribution and unpack it."""
    _run([tools / "maturin", "sdist", "--out", out])
    (archive,) = out.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    return unpacked


def _wheels(
    tools: Path, source: Path, pythons: list[str], how: tuple[Path, str | None, str]
) -> None:
    out, target, profile = how
    command = [tools / "maturin", "build", "--locked", "--profile", profile, "--out", out]
    for python in pythons:
        command += ["--interpreter", python]
    if target is not None:
        command += ["--target", target]
    if sys.platform == "linux":
        command += ["--zig", "--compatibility", "manylinux2014"]
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    environment.setdefault("CARGO_TARGET_DIR", str(ROOT / "target"))
    _run(command, cwd=source, env=environment)


def _check_content(wheel: Path) -> None:
    """Refuse a wheel that lacks a file, or has one of the tests."""
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    lacking = [need for need in NEEDED if not any(name.endswith(need) for name in names)]
    modules = [name for name in names if "/_core." in name and not name.endswith(".pyi")]
    odd = [name for name in names if name.startswith(("tests/", "benches/", "tools/"))]
    if lacking or odd or len(modules) != 1:
        raise SystemExit(f"{wheel.name}: lacks {lacking}, has {odd}, modules {modules}")


def _try(out: Path, pythons: list[str]) -> None:
    """Install the wheel of each interpreter and use it."""
    for python in pythons:
        version = subprocess.run(
            [python, "-c", "import sys; print('cp%d%d' % sys.version_info[:2])"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        (wheel,) = out.glob(f"*-{version}-{version}-*.whl")
        _run([python, ROOT / "tools" / "try_wheel.py", wheel])


def _list(files: list[Path], out: Path) -> None:
    lines = []
    for path in files:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{digest}  {path.name}")
        print(f"{path.stat().st_size:>12,}  {digest[:16]}  {path.name}")
    (out / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _run(command: list[object], cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    words = [str(word) for word in command]
    print("+", " ".join(words), flush=True)
    subprocess.run(words, check=True, cwd=cwd, env=env)


if __name__ == "__main__":
    sys.exit(main())
