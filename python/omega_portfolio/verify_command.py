"""The command ``omega-portfolio verify``: a stored portfolio, replayed and compared.

No lock is taken and nothing is written beside the file, so a journal can be verified while somebody
writes it. Two backends are compared at the moment that the first has read.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
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

TABLES: Final = (
    *("equity_curve", "trades", "ledger", "positions", "events", "cash", "cash_ledger"),
    *("margin", "orders", "activity", "fills"),
)
"""Every table of a portfolio: get_NAME gives it."""

ACCOUNT: Final = "account"
"""How the names of checks begin that look at the replayed account."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What was looked at.
    detail : str
        What was seen.
    passed : bool, default True
        Whether it is as it must be.
    """

    name: str
    detail: str
    passed: bool = True


def verify(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Check a journal, a snapshot or an image of a portfolio; write nothing.

    All bytes are checked, all events are accepted again, and every column and
    invariant is derived anew. With --backend both this happens on both backends,
    and every cell of every table is compared.

    Exit codes: 0 everything holds; 1 a check failed (a torn journal: recover
    mends it); 3 no such file, or nothing of this engine; 4 corrupt, or of a
    later version.
    """
    add = parser.add_argument
    add("path", type=Path, metavar="PATH", help="a journal, a snapshot or an image")
    add("--json", action="store_true", help="print one JSON document")
    choices = ("auto", "rust", "python", "both")
    add("--backend", choices=choices, help="the engine (default: USE_RUST_PORTFOLIO, or auto)")
    return handle


def handle(options: argparse.Namespace) -> int:
    """Verify the file that a command line names."""
    from omega_portfolio.cli import Exit

    backends = ("rust", "python") if options.backend == "both" else (options.backend,)
    document = verified(options.path, backends)
    text = json.dumps(document, indent=2) + "\n" if options.json else render(document)
    sys.stdout.write(text)
    if document["found"] and document["found"]["verdict"] in {"corrupt", "newer"}:
        return Exit.CORRUPT_STATE
    return Exit.OK if document["holds"] else Exit.CHECK_FAILED


def verified(path: Path, backends: tuple[str | None, ...] = (None,)) -> Document:
    """Check a file on some backends, and describe what was seen.

    Parameters
    ----------
    path : Path
        A journal, a snapshot or an image.
    backends : tuple of str or None
        As the argument of :class:`omega_portfolio.Portfolio`; the first is compared with the
        others.

    Returns
    -------
    dict
        ``kind`` ("journal" or "image"), ``bytes``, ``found`` (the fields of a
        :class:`omega_portfolio.Recovery`; None for an image), ``checks`` (name, passed,
        detail), ``account`` (its figures, or None) and ``holds``.

    Raises
    ------
    JournalNotFound
        There is no such file, or it is nothing of this engine.
    InvalidImage
        An image is damaged, or of a later version.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import omega_portfolio as op
    >>> from omega_portfolio.verify_command import verified
    >>> portfolio = op.Portfolio(1000)
    >>> portfolio.deposit(5, "2024-01-02")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "image"
    ...     _ = path.write_bytes(portfolio.to_bytes())
    ...     document = verified(path)
    >>> document["kind"], document["account"]["equity"], document["holds"]
    ('image', '1005.00', True)
    """
    import omega_portfolio as op

    kind = kind_of(path)
    data = b""
    found: Recovery | None = None
    portfolios: list[Portfolio] = []
    if kind == "image":
        data = path.read_bytes()
        portfolios = [op.Portfolio.from_bytes(data, backend=name) for name in backends]
        checks = [Check("bytes", f"{len(data):,} bytes, checksum, state and digest")]
    else:
        found, first = read_journal(path, backends[0])
        if kind == "other" and not found.snapshots:
            raise refuse_other(path, "a journal or an image")
        checks = _journal_checks(found)
        if first is not None:
            portfolios = [first, *(_read_alike(path, found.length, name) for name in backends[1:])]
    checks += [_account_check(portfolio) for portfolio in portfolios]
    checks += [_comparison(portfolios[0], other) for other in portfolios[1:]]
    account = portfolios[0] if portfolios and all(each.passed for each in checks) else None
    return {
        "command": "verify",
        "path": str(path),
        "kind": "image" if found is None else "journal",
        "bytes": len(data) if found is None else found.length,
        "backends": [portfolio.backend for portfolio in portfolios],
        "found": None if found is None else asdict(found),
        "checks": [asdict(check) for check in checks],
        "account": None if account is None else figures_of(account),
        "holds": all(check.passed for check in checks),
    }


def _read_alike(path: Path, length: int, backend: str | None) -> Portfolio:
    """Read a journal that had so many bytes before.

    Where somebody has written more since, a copy of these bytes is read: two moments would differ.
    """
    import omega_portfolio as op

    portfolio = op.open_journal(path, read_only=True, backend=backend)
    if portfolio.recovery is None or portfolio.recovery.length == length:
        return portfolio
    with TemporaryDirectory(prefix="omega-portfolio-") as folder:
        copy = Path(folder) / path.name
        with path.open("rb") as file:
            copy.write_bytes(file.read(length))
        return op.open_journal(copy, read_only=True, backend=backend)


def _journal_checks(found: Recovery) -> list[Check]:
    good = f"{found.frames:,} frames, {found.good_length:,} of {found.length:,} bytes"
    detail = f"{found.verdict}, {good}" + (f": {found.reason}" if found.reason else "")
    checks = [Check("bytes", detail, passed=found.verdict == "clean")]
    for each in found.snapshots:
        detail = f"{each.events:,} events" if each.good else each.why
        checks.append(Check(f"snapshot {each.name}", detail, passed=each.good))
    return checks


def _account_check(portfolio: Portfolio) -> Check:
    """Derive every column and invariant anew, which raises where one does not hold."""
    name = f"{ACCOUNT}, {portfolio.backend}"
    try:
        portfolio.verify()
    except InvariantViolation as error:
        return Check(name, str(error), passed=False)
    detail = f"{portfolio.events:,} events replayed, every column and invariant holds"
    return Check(name, detail)


def _comparison(one: Portfolio, other: Portfolio) -> Check:
    """Compare two portfolios cell by cell."""
    name = f"{ACCOUNT}, {one.backend} against {other.backend}"
    if one.digest != other.digest:
        return Check(name, f"digests: {one.digest} and {other.digest}", passed=False)
    cells = 0
    for table in TABLES:
        for exact in (True, False):
            left, right = (
                getattr(each, f"get_{table}")(exact=exact).to_polars() for each in (one, other)
            )
            if left.schema != right.schema:
                return Check(name, f"{table}: the columns differ", passed=False)
            for column in left.columns:
                if not left[column].equals(right[column], null_equal=True):
                    return Check(name, f"{table}: the column {column} differs", passed=False)
            cells += left.height * left.width
    return Check(name, f"the digest and {cells:,} cells are equal")


def render(document: Document) -> str:
    """Write what a verification saw for the terminal.

    Parameters
    ----------
    document : dict
        What :func:`verified` returned.

    Returns
    -------
    str
        Lines of text, the last one ended.
    """
    from omega_portfolio.recover_command import account_lines

    size = f"{document['kind']}, {document['bytes']:,} bytes"
    sections = [[f"omega-portfolio verify: {document['path']}", f"  {size}"], ["Checks"]]
    for check in document["checks"]:
        word = "ok" if check["passed"] else "FAILED"
        sections[-1] += [f"  {word:<8}{check['name']}", f"          {check['detail']}"]
    if document["account"] is not None:
        sections.append(lines_of("Account", account_lines(document["account"])))
    sections.append([_verdict(document)])
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _verdict(document: Document) -> str:
    if document["holds"]:
        return "everything holds"
    recover = f"omega-portfolio recover {document['path']}"
    return f"A CHECK FAILED; {recover} says more" if document["found"] else "A CHECK FAILED"


__all__ = ["ACCOUNT", "TABLES", "Check", "render", "verified", "verify"]
