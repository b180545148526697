"""The command ``omega-portfolio legacy``: the old portfolio and the exact account side by side."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from omega_portfolio.legacy.comparison import Comparison
    from omega_portfolio.legacy.exact import ExactPortfolio
    from omega_portfolio.legacy.replay import Replayed, Step

ROWS: Final = 20
CENT: Final = Decimal("0.005")


def legacy(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Replay the calls of an old portfolio; say where and why an exact one differs.

    The file has one JSON object a line, as omega_portfolio.legacy.process_batch
    takes them, with times as ISO texts:

      {"type": "entry", "key": "a", "position": {...}, "fee": 0.35}
      {"type": "update", "time": "2024-01-02T10:00", "prices": {"EURUSD": 1.1}}
      {"type": "exit", "key": "a", "time": "2024-01-02T11:00", "price": 1.12}
      {"type": "fee", "time": "2024-01-02T12:00", "amount": 1.5, "kind": "data"}
      {"type": "change", "key": "a", "stop_loss": 1.105}

    A position has entry_time, direction, symbol, entry_price, stop_loss,
    take_profit, size, and more if you like. An exit has the key of an entry, or
    position_idx: its place in the list of open positions. With --demo the
    operations are drawn, and written to OPERATIONS when it is given.

    Every difference has a cause that is computed from what each call posted on
    both sides. The exit code is 1 when an amount is left that no cause explains.
    """
    from omega_portfolio.cli import add_common_options

    add = parser.add_argument
    add("operations", type=Path, nargs="?", metavar="OPERATIONS", help="the file")
    add("--demo", action="store_true", help="draw the operations")
    add("--balance", type=float, default=10_000.0, metavar="B", help="money at the start (10000)")
    add("--size-rule", choices=("as_given", "risk"), default="as_given", help="what a size is")
    add("--instruments", type=Path, metavar="FILE", help="definitions of symbols")
    add("--currency", default="USD", metavar="C", help="currency of the account (USD)")
    add("--leverage", metavar="L", help="margin is cost / leverage (no margin)")
    add("--off-grid", choices=("refuse", "round"), default="refuse", help="prices off the tick")
    add("--rows", type=int, default=ROWS, metavar="N", help=f"rows that are shown ({ROWS})")
    add_common_options(parser)
    return handle


def handle(options: argparse.Namespace) -> int:
    """Run the comparison that a command line asks for."""
    from omega_portfolio.cli import Exit, UsageError
    from omega_portfolio.legacy.comparison import compare
    from omega_portfolio.legacy.replay import replay

    if options.rows < 0:
        raise UsageError(f"--rows {options.rows}: must be 0 or more")
    name, steps = _steps(options)
    portfolio = _portfolio(options)
    replayed = replay(steps, portfolio)
    found = compare(portfolio)
    portfolio.engine.verify()
    document = _document(name, portfolio, replayed, found)
    if options.json:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        sys.stdout.write(render(document, options.rows))
    return Exit.OK if found.explained else Exit.CHECK_FAILED


def _steps(options: argparse.Namespace) -> tuple[str, Iterable[Step]]:
    from omega_portfolio.cli import UsageError
    from omega_portfolio.files import replace_file
    from omega_portfolio.legacy.replay import read_operations, steps_of
    from omega_portfolio.legacy.sample import sample_operations

    path = options.operations
    if not options.demo:
        if path is None:
            raise UsageError("OPERATIONS is missing: name a file, or draw one with --demo")
        return str(path), read_operations(path)
    operations = sample_operations()
    if path is not None:
        if path.exists():
            raise UsageError(f"{path}: exists already; name another file for --demo")
        lines = [json.dumps(operation) + "\n" for operation in operations]
        replace_file(path, "".join(lines).encode())
    name = "demo" if path is None else str(path)
    return name, steps_of(operations, name)


def _portfolio(options: argparse.Namespace) -> ExactPortfolio:
    from omega_portfolio.cli import UsageError
    from omega_portfolio.errors import OmegaPortfolioError
    from omega_portfolio.files import read_source
    from omega_portfolio.legacy.exact import ExactPortfolio
    from omega_portfolio.market import read_instruments

    known = options.instruments
    read = {} if known is None else read_instruments(read_source(known))
    try:
        return ExactPortfolio(
            options.balance,
            size_rule=options.size_rule,
            instruments=[instrument for _, instrument in read.values()],
            currency=options.currency,
            off_grid=options.off_grid,
            backend=options.backend,
            **({} if options.leverage is None else {"leverage": options.leverage}),
        )
    except OmegaPortfolioError as error:
        raise UsageError(str(error)) from error


def _document(
    name: str, portfolio: ExactPortfolio, replayed: Replayed, found: Comparison
) -> dict[str, Any]:
    """Give everything as JSON: exact numbers and times as text."""
    from omega_portfolio.legacy.causes import CAUSES
    from omega_portfolio.legacy.comparison import total

    causes: dict[str, list[Decimal]] = {}
    for row in found.rows:
        causes.setdefault(row.cause, []).append(row.amount)
    for line in found.lines.values():
        for cause in line.parts:
            causes.setdefault(cause, [])
    return {
        "command": "legacy",
        "operations_from": name,
        "operations": replayed.operations,
        "failed": [{"line": line, "reason": reason} for line, reason in replayed.failed],
        "figures": {
            figure: {
                "old": _number(line.legacy),
                "exact": _number(line.exact),
                "difference": _number(line.difference),
                "parts": {cause: _number(part) for cause, part in line.parts.items()},
                "unexplained": _number(line.rest),
            }
            for figure, line in found.lines.items()
        },
        "causes": {
            cause: {"rows": len(amounts), "amount": _number(total(amounts)), "text": CAUSES[cause]}
            for cause, amounts in causes.items()
        },
        "rows": [
            {
                "line": line,
                "call": row.call,
                "time": None if row.time is None else str(row.time),
                "symbol": row.symbol,
                "cause": row.cause,
                "figure": row.figure or None,
                "old": _number(row.legacy),
                "exact": _number(row.exact),
                "difference": _number(row.amount),
                "text": row.text,
            }
            for line, row in zip(replayed.lines, found.rows, strict=True)
        ],
        "explained": found.explained,
        "backend": portfolio.engine.backend,
        "digest": portfolio.engine.digest,
    }


def _number(value: Decimal) -> str:
    """Give a number without trailing zeros and without an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_text(text: str) -> str:
    """Write an amount for a person: in cents, or with its magnitude when it is less.

    Examples
    --------
    >>> from omega_portfolio.legacy.command import amount_text
    >>> amount_text("-1234.5"), amount_text("0.00000012"), amount_text("0")
    ('-1,234.50', '1.2e-7', '0.00')
    """
    value = Decimal(text)
    if value.is_finite() and (not value or value.copy_abs() >= CENT):
        return f"{value:,.2f}"
    return f"{value:.2g}"


def render(document: dict[str, Any], rows: int) -> str:
    """Write the report for a terminal.

    Parameters
    ----------
    document : dict
        What ``--json`` prints.
    rows : int
        How many differences are shown; all causes are.

    Returns
    -------
    str
    """
    failed = document["failed"]
    text = f"{document['operations_from']}: {document['operations']:,} operations"
    text += f", {len(failed)} of them left undone by both\n" if failed else "\n"
    text += "".join(f"  line {one['line']}: {one['reason']}\n" for one in failed[:rows])
    figures = [["", "old", "exact", "difference", "unexplained"]]
    for name, figure in document["figures"].items():
        numbers = [figure[key] for key in ("old", "exact", "difference", "unexplained")]
        figures.append([name.replace("_", " "), *map(amount_text, numbers)])
    text += "\n" + _table(figures, left=1)
    for name, figure in document["figures"].items():
        parts = [[f"  {cause}", amount_text(part)] for cause, part in figure["parts"].items()]
        if parts:
            text += f"\n{name.replace('_', ' ')}: old less exact\n" + _table(parts, left=1)
    causes = [[cause, str(one["rows"]), one["text"]] for cause, one in document["causes"].items()]
    if causes:
        text += "\n" + _table([["cause", "rows", "why"], *causes], left=1, last=True)
    shown = [
        [str(row["line"]), row["cause"], *map(amount_text, (row["old"], row["exact"])), row["text"]]
        for row in document["rows"][:rows]
    ]
    if shown:
        heads = ["line", "cause", "old", "exact", "reason"]
        text += "\n" + _table([heads, *shown], left=0, last=True)
    hidden = len(document["rows"]) - len(shown)
    text += f"{hidden:,} rows more: --rows N shows them, --json has all\n" if hidden else ""
    verdict = "add up to every difference" if document["explained"] else "DO NOT ADD UP"
    return text + f"\nthe causes {verdict}, to the last digit\n"


def _table(rows: Sequence[Sequence[str]], *, left: int, last: bool = False) -> str:
    """Line up columns: so many at the left, and the last one when it is text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if at < left or (last and at == len(row) - 1) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


__all__ = ["amount_text", "handle", "legacy", "render"]
