"""What a release says of itself, out of the files that know it.

python tools/release_facts.py version          the version, which stands in Cargo.toml alone
python tools/release_facts.py notes            its part of CHANGELOG.md
python tools/release_facts.py sbom WHEEL       the list of components within a wheel

The release workflow asks it; so can anybody who wants to know before there is a tag.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent


def version() -> str:
    """Give the version of the workspace."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    found: str = cargo["workspace"]["package"]["version"]
    return found


def notes() -> str:
    """Give what changed for users in this version.

    Raises
    ------
    SystemExit
        The changelog has no part of that name, or nothing in it.
    """
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    # A blank or the end of the line follows: 0.1.0-rc.1 is another version than 0.1.0.
    head = re.escape(version())
    found = re.search(rf"^## {head}(?=\s).*\n(?P<body>(?s:.*?))(?=^## |\Z)", text, re.MULTILINE)
    body = found["body"].strip() if found else ""
    if not body:
        raise SystemExit(f"CHANGELOG.md says nothing of {version()}")
    return body


def components(wheel: Path) -> str:
    """Give the CycloneDX document of a wheel."""
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith(".cyclonedx.json"))
        return packed.read(name).decode()


def main() -> int:
    """Print what was asked for."""
    match sys.argv[1:]:
        case ["version"]:
            print(version())
        case ["notes"]:
            print(notes())
        case ["sbom", wheel]:
            print(components(Path(wheel)))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
