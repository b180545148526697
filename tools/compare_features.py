"""Ask the installed engines which features they have, and file the table of ``COMPARE.md``.

Usage, once with each environment that has some of the engines::

    PYTHONPATH=python python tools/compare_features.py
    .venv-compare/bin/python tools/compare_features.py
    .venv-compare-pandas2/bin/python tools/compare_features.py
    python tools/compare_features.py --quote

A probe is an expression over what is installed (``tools/feature_probes.py``). One that is true
answers yes or no; where there is none, or it is not true, the answer is "unknown", and never no.
The answers of an engine that is not installed here stay as they are filed. Only the standard
library is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import inspect
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from document_tables import markdown, replace_tables
from feature_probes import ENGINES, NO, YES

ROOT: Final = Path(__file__).resolve().parent.parent
FILED: Final = ROOT / "conformance" / "features.json"
DOCUMENT: Final = ROOT / "COMPARE.md"


def load(place: str) -> Any:  # noqa: ANN401
    """Give what ``module:name.name`` names."""
    module, _, path = place.partition(":")
    found = importlib.import_module(module)
    for name in path.split(".") if path else []:
        found = getattr(found, name)
    return found


def has(place: str) -> bool:
    """Whether a name is there."""
    try:
        load(place)
    except (ImportError, AttributeError):
        return False
    return True


def takes(place: str, parameter: str) -> bool:
    """Whether a callable has a parameter, by its signature or its first line."""
    found = load(place)
    with contextlib.suppress(TypeError, ValueError):
        return parameter in inspect.signature(found).parameters
    return parameter in text_of(place)


def says(place: str, phrase: str) -> bool:
    """Whether the documentation of a name has a phrase."""
    return phrase in (inspect.getdoc(load(place)) or "")


def text_of(place: str, *, stub: bool = False) -> str:
    """Give signature and documentation of a compiled name, or the stub beside its module."""
    found = load(place)
    if stub:
        name = place.partition(":")[0]
        folder = Path(str(importlib.import_module(name).__file__)).parent
        files = [*folder.glob("_*.pyi"), *folder.glob(f"{name.rpartition('.')[2]}.pxd")]
        lines = [line for path in files for line in path.read_text("utf-8").splitlines()]
        method = place.rpartition(".")[2] if ":" in place else ""
        return "\n".join(line for line in lines if method in line)
    return f"{getattr(found, '__text_signature__', '')} {inspect.getdoc(found)}"


def source_of(place: str) -> str:
    """Give the source of a name."""
    found = load(place)
    if isinstance(found, property) and found.fget is not None:
        found = found.fget
    return inspect.getsource(found)


def type_of(value: object) -> str:
    """Give the name of the class of a value."""
    return type(value).__name__


def answer(feature: str, module_name: str) -> dict[str, str]:
    """Ask one engine for one feature."""
    names: dict[str, Any] = {"module": importlib.import_module(module_name)}
    names |= {each.__name__: each for each in (load, has, takes, says, text_of, source_of, type_of)}
    for word, probes in (("yes", YES), ("no", NO)):
        probe = probes.get(feature, {}).get(module_name)
        if probe is not None and eval(probe, names):  # noqa: S307
            return {"answer": word, "probe": probe}
    return {"answer": "unknown", "probe": ""}


def asked() -> dict[str, Any]:
    """Ask all engines that are installed here."""
    date = datetime.now(timezone.utc).date().isoformat()
    found = {}
    for name, module in ENGINES.items():
        try:
            version = importlib.metadata.version(name)
            importlib.import_module(module)
        except (importlib.metadata.PackageNotFoundError, ImportError):
            continue
        answers = {feature: answer(feature, module) for feature in YES}
        found[name] = {"version": version, "date": date, "answers": answers}
    return found


def table(filed: dict[str, Any]) -> str:
    """Give the table, a row for each feature."""
    names = [name for name in ENGINES if name in filed]
    heads = ["", *(f"{name} {filed[name]['version']}" for name in names)]
    return markdown(
        heads,
        [
            [feature, *(filed[name]["answers"][feature]["answer"] for name in names)]
            for feature in YES
        ],
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quote", action="store_true", help="ask nobody, write the table again")
    options = parser.parse_args(arguments)
    filed: dict[str, Any] = {}
    if FILED.exists():
        filed = json.loads(FILED.read_text(encoding="utf-8"))
    fresh = {} if options.quote else asked()
    filed |= fresh
    FILED.write_text(json.dumps(filed, indent=1) + "\n", encoding="utf-8")
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(replace_tables(text, {"features": table(filed)}), encoding="utf-8")
    print(f"asked: {', '.join(fresh) or 'nobody'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
