"""What is installed and whether it works: the command ``omega-portfolio doctor``."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omega_portfolio.backend import backend_status, core_module
from omega_portfolio.errors import BackendUnavailable, OmegaPortfolioError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from omega_portfolio.types import BackendName

    Document = dict[str, Any]


def doctor(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Show which backend is live and why, and which versions are in use.

    The shipped data is compared with its checksum, and every available backend
    keeps a small account whose digests must be equal. With --triggers the four
    triggers of a rollback are asked as well: a broken invariant, a corrupt state,
    more than 10 % slower than the baseline, more than 0.01 lost. The exit code is
    1 when something is wrong.
    """
    add = parser.add_argument
    add("--triggers", action="store_true", help="ask the triggers of a rollback")
    add("--journal", type=Path, metavar="PATH", help="the journal that is asked (one is made)")
    add("--baseline", type=Path, metavar="FILE", help="times to compare with; made if not there")
    add("--json", action="store_true", help="print one JSON document")
    return handle


def handle(options: argparse.Namespace) -> int:
    """Examine what a command line asks for."""
    from omega_portfolio.cli import Exit, UsageError

    if not options.triggers and (options.journal is not None or options.baseline is not None):
        raise UsageError("--journal and --baseline go with --triggers; add it")
    document = examine()
    if options.triggers:
        from omega_portfolio.triggers import pull

        triggers = pull(options.journal, options.baseline)
        document["triggers"] = [asdict(trigger) for trigger in triggers]
        document["healthy"] &= not any(trigger.fired for trigger in triggers)
    text = json.dumps(document, indent=2) + "\n" if options.json else render_examination(document)
    sys.stdout.write(text)
    return Exit.OK if document["healthy"] else Exit.CHECK_FAILED


def version_line() -> str:
    """Name the version of the package, the live backend and its build.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> from omega_portfolio.doctor import version_line
    >>> version_line().startswith("omega-portfolio ")
    True
    """
    status = backend_status()
    try:
        build = f"build {core_module().build}"
    except BackendUnavailable:
        build = "no compiled module"
    version = _version("omega-portfolio")
    return f"omega-portfolio {version} (backend {status.live or 'none'}, {build})"


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(source tree)" if distribution == "omega-portfolio" else "(not installed)"


def examine() -> Document:
    """Look at backends, versions and the shipped data.

    Returns
    -------
    dict
        ``backend``, ``versions``, ``data``, ``digests`` (of the same small account on every
        available backend) and ``healthy``.

    Examples
    --------
    >>> from omega_portfolio.doctor import examine
    >>> sorted(examine())
    ['backend', 'data', 'digests', 'healthy', 'versions']
    """
    status = backend_status()
    digests = {name: _digest_of_small_account(name) for name in status.available}
    data = _data()
    return {
        "healthy": status.live is not None and len(set(digests.values())) == 1 and data["intact"],
        "backend": {
            "live": status.live,
            "requested": status.requested,
            "available": list(status.available),
            "reason": status.reason,
            "version": status.version,
            "module": status.module,
        },
        "versions": {
            "omega-portfolio": _version("omega-portfolio"),
            "python": platform.python_version(),
            "platform": platform.platform(),
            **{name: _version(name) for name in ("polars", "pyarrow", "tqdm")},
        },
        "data": data,
        "digests": digests,
    }


def _digest_of_small_account(backend: BackendName) -> str:
    from omega_portfolio.portfolio import Portfolio

    portfolio = Portfolio("1000.10", leverage=3, backend=backend)
    position = portfolio.open_position("ACME", "long", "2.5", "100.01", 0, fee="0.35")
    portfolio.update_equity(1, {"ACME": ("101.5", "101.75")})
    portfolio.close_position(position, "101.5", 2, size="0.7", reason="part")
    portfolio.verify()
    return portfolio.digest


def _data() -> Document:
    from omega_portfolio.data import FILE_NAME, us5_daily_bytes

    try:
        us5_daily_bytes()
    except (OmegaPortfolioError, OSError) as error:
        return {"file": FILE_NAME, "intact": False, "error": str(error)}
    return {"file": FILE_NAME, "intact": True, "error": None}


_WORDS = {True: "FIRED", False: "quiet", None: "not asked"}


def render_examination(document: Document) -> str:
    """Write what :func:`examine` found for the terminal.

    Parameters
    ----------
    document : dict
        What :func:`examine` returned.

    Returns
    -------
    str
        Lines of text, the last one ended.
    """
    backend, data = document["backend"], document["data"]
    sections = {
        "Backend": backend | {"available": ", ".join(backend["available"])},
        "Versions": document["versions"],
        "Data": {data["file"]: data["error"] or "intact"},
        "Digest of the same account": document["digests"],
    }
    if "triggers" in document:
        sections["Triggers of a rollback"] = {
            trigger["name"]: f"{_WORDS[trigger['fired']]}; {trigger['detail']}"
            for trigger in document["triggers"]
        }
    lines = []
    for title, items in sections.items():
        lines.append(title)
        lines += [f"  {name:<15} {'-' if text is None else text}" for name, text in items.items()]
        lines.append("")
    lines.append("everything is fine" if document["healthy"] else "SOMETHING IS WRONG, see above")
    return "\n".join(lines) + "\n"


__all__ = ["doctor", "examine", "render_examination", "version_line"]
