"""The command ``omega-portfolio recover``: what is in a journal, mended when it can be.

The engine does the work (``inspect_journal``, ``open_journal``); this module decides which of
the two is called for, says in words what they found, and what a person does next.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import InvariantViolation
from omega_portfolio.stored import (
    Document,
    figures_of,
    kind_of,
    lines_of,
    read_journal,
    refuse_other,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.recovery import Recovery

OUTCOMES: Final = ("untouched", "mended", "salvaged", "refused")
"""What a recovery did: nothing was to do, a torn tail was cut off, a corrupt journal was
written anew, or it was left as it is."""

_LOSSES: Final = {
    "off": "mode off: a crash loses the events that were gathered in memory",
    "os": "mode os: a power cut may lose the last seconds",
    "interval": "mode interval: a power cut may lose the last events",
    "always": "mode always: what was acknowledged is there",
}

_BEGINNING: Final = "it is no more than the beginning of a header"
"""The reason of both backends for a file that has never acknowledged anything (SPEC J7)."""


def recover(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Say what is in a journal, restore the account, and mend the file.

    A clean journal is left as it is. Of a torn one the cut write at its end is
    dropped. A corrupt one is left as it is, unless --salvage is given: then the
    damaged file is kept beside, and a new journal is written from what is good.
    The restored account is verified, every column and invariant.

    Exit codes: 0 clean, or mended; 1 a check failed, or a salvage lost events;
    2 another portfolio writes it; 3 no such file, or no journal; 4 corrupt, or
    of a later version: nothing was touched.
    """
    from omega_portfolio.cli import add_common_options

    add = parser.add_argument
    add("path", type=Path, metavar="PATH", help="the journal")
    add("--salvage", action="store_true", help="rewrite a corrupt journal from what is good")
    add_common_options(parser)
    return handle


def handle(options: argparse.Namespace) -> int:
    """Recover the journal that a command line names."""
    document = recovered(options.path, salvage=options.salvage, backend=options.backend)
    text = json.dumps(document, indent=2) + "\n" if options.json else render(document)
    sys.stdout.write(text)
    return exit_code(document)


def recovered(path: Path, *, salvage: bool = False, backend: str | None = None) -> Document:
    """Look at a journal, mend it when that is called for, and describe all of it.

    Parameters
    ----------
    path : Path
        The journal.
    salvage : bool, default False
        Whether a corrupt journal is written anew.
    backend : str, optional
        As the argument of :class:`omega_portfolio.Portfolio`.

    Returns
    -------
    dict
        ``outcome`` (one of OUTCOMES), ``found`` (the fields of a
        :class:`omega_portfolio.Recovery`), ``restored`` (figures of the account, or None),
        ``verified`` with ``verify_error``, and ``next`` (lines for a person).

    Raises
    ------
    JournalNotFound
        There is no journal at this path.
    JournalCorrupt
        A salvage finds nothing to begin with.
    JournalLocked
        It has to be mended, and another portfolio writes it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import omega_portfolio as op
    >>> from omega_portfolio.recover_command import recovered
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.journal"
    ...     with op.Portfolio(1000, journal=path) as portfolio:
    ...         portfolio.deposit(5, "2024-01-02")
    ...     document = recovered(path)
    >>> document["outcome"], document["found"]["verdict"], document["restored"]["equity"]
    ('untouched', 'clean', '1005.00')
    """
    import omega_portfolio as op

    kind = kind_of(path)
    if kind == "image":
        raise refuse_other(path, "a journal")
    found, portfolio = read_journal(path, backend)
    if kind == "other" and not found.snapshots:
        raise refuse_other(path, "a journal")
    if found.verdict == "clean":
        return _document(path, "untouched", found, portfolio)
    if found.verdict == "newer" or (found.verdict == "corrupt" and not salvage):
        return _document(path, "refused", found, None)
    outcome = "mended" if found.verdict == "torn" else "salvaged"
    with op.open_journal(path, salvage=salvage, backend=backend) as mended:
        return _document(path, outcome, mended.recovery or found, mended)


def _document(path: Path, outcome: str, found: Recovery, portfolio: Portfolio | None) -> Document:
    error = None
    if portfolio is not None:
        try:
            portfolio.verify()
        except InvariantViolation as violation:
            error = str(violation)
    document: Document = {
        "command": "recover",
        "path": str(path),
        "backend": None if portfolio is None else portfolio.backend,
        "outcome": outcome,
        "found": asdict(found) | {"snapshots": [asdict(each) for each in found.snapshots]},
        "restored": None if portfolio is None or error is not None else figures_of(portfolio),
        "verified": None if portfolio is None else error is None,
        "verify_error": error,
    }
    return document | {"next": next_steps(document)}


def exit_code(document: Document) -> int:
    """Turn what a recovery did into the exit code.

    Parameters
    ----------
    document : dict
        What :func:`recovered` returned.

    Returns
    -------
    int
    """
    from omega_portfolio.cli import Exit

    if document["outcome"] == "refused":
        return Exit.CORRUPT_STATE
    lost = document["outcome"] == "salvaged" and document["found"]["lost_events"] != 0
    return Exit.CHECK_FAILED if lost or document["verify_error"] else Exit.OK


def next_steps(document: Document) -> list[str]:
    """Say what a person does next.

    Parameters
    ----------
    document : dict
        What :func:`recovered` returned, as far as it is made.

    Returns
    -------
    list of str
        At least one line.
    """
    path, found, outcome = document["path"], document["found"], document["outcome"]
    if document["verify_error"]:
        return [
            "do not go on with this account: an invariant is broken",
            f"omega-portfolio recover {path} --backend python asks the other backend",
        ]
    go_on = f"omega_portfolio.open_journal({path!r}) goes on after event {found['events']:,}"
    bad = [each["name"] for each in found["snapshots"] if not each["good"]]
    spare = [f"{name} is damaged and may be removed: the journal does not need it" for name in bad]
    if outcome == "untouched":
        return [go_on, *spare]
    if outcome == "mended":
        compare = f"compare the last event with your own records ({_LOSSES[found['sync']]})"
        return [go_on, compare, *spare]
    if outcome == "salvaged":
        kept = [f"{found['damaged']} has the damaged file; keep it until the cause is known"]
        lost = found["lost_events"]
        enter = "compare with your own records, and enter again what is missing"
        return [go_on, *kept] if lost == 0 else [enter, go_on, *kept]
    return _after_refusal(path, found)


def _after_refusal(path: str, found: Document) -> list[str]:
    if found["verdict"] == "newer":
        return [f"install the version that wrote it (format {found['version']}), or a later one"]
    if found["reason"] == _BEGINNING and not found["snapshots"]:
        return ["remove the file: it has never acknowledged an event"]
    return [
        "keep a copy of its folder, and look for the cause: disk, memory, another program",
        f"omega-portfolio recover {path} --salvage writes a new journal from what is good",
    ]


def render(document: Document) -> str:
    """Write what a recovery found and did for the terminal.

    Parameters
    ----------
    document : dict
        What :func:`recovered` returned.

    Returns
    -------
    str
        Lines of text, the last one ended.
    """
    sections = [
        [f"omega-portfolio recover: {document['path']}"],
        found_lines(document["found"]),
        _dropped(document),
        _restored(document),
        ["Next", *(f"  {line}" for line in document["next"])],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def found_lines(found: Document) -> list[str]:
    """Write the fields of a :class:`omega_portfolio.Recovery` for the terminal."""
    items: dict[str, object] = {"verdict": found["verdict"]}
    if found["reason"]:
        items["reason"] = found["reason"]
        after = f"after event {found['events']:,}" if found["events"] else "before any event"
        items["place"] = f"byte {found['good_length']:,} of {found['length']:,}, {after}"
    end = "closed" if found["closed"] else "not closed"
    items["journal"] = f"format {found['version']}, mode {found['sync']}, {end}"
    items["good"] = f"{found['frames']:,} frames, {found['good_length']:,} bytes"
    snapshots = [_snapshot(each) for each in found["snapshots"]] or ["none"]
    lines = [*lines_of("Found", items), f"  {'snapshots':<16}{snapshots[0]}"]
    return [*lines, *(f"  {'':<16}{text}" for text in snapshots[1:])]


def _snapshot(snapshot: Document) -> str:
    verdict = "good" if snapshot["good"] else f"DAMAGED: {snapshot['why']}"
    return f"{snapshot['name']}, {snapshot['events']:,} events, {verdict}"


def _dropped(document: Document) -> list[str]:
    found, outcome = document["found"], document["outcome"]
    if outcome == "untouched":
        return ["Dropped", "  nothing"]
    if outcome == "refused":
        return ["Dropped", "  nothing: the file was not touched"]
    lost = "unknown" if found["lost_events"] is None else f"{found['lost_events']:,}"
    items: dict[str, object] = {"bytes": f"{found['dropped_bytes']:,}", "events lost": lost}
    if found["damaged"]:
        items["kept as"] = found["damaged"]
    return lines_of("Dropped", items)


def _restored(document: Document) -> list[str]:
    figures, found = document["restored"], document["found"]
    if document["verify_error"]:
        return ["Restored", f"  NOT VERIFIED: {document['verify_error']}"]
    if figures is None:
        return ["Restored", f"  nothing; {found['events']:,} events before the damage are good"]
    source = {} if found["used_snapshot"] is None else {"begun with": found["used_snapshot"]}
    items = {**source, **account_lines(figures), "verified": "every column and invariant"}
    return lines_of("Restored", items)


def account_lines(figures: Document) -> dict[str, object]:
    """Name the figures of an account as the terminal shows them."""
    currency = figures["currency"]
    return {
        "events": f"{figures['events']:,}",
        "last event": figures["time"] or "-",
        "balance": f"{figures['balance']} {currency}",
        "equity": f"{figures['equity']} {currency}",
        "open positions": f"{figures['open_positions']:,}",
        "digest": figures["digest"],
    }


__all__ = [
    "OUTCOMES",
    "account_lines",
    "exit_code",
    "found_lines",
    "next_steps",
    "recover",
    "recovered",
    "render",
]
