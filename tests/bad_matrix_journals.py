"""The calls for journals in the matrix of bad inputs; each opens a small journal of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import omega_portfolio as op
from bad_matrix_calls import Call, kinds_of, nothing
from bad_matrix_values import IMAGE, some_other_trades

NAME = "j"


def opened(call: Callable[..., Any]) -> Callable[[tuple[str, str], dict[str, Any]], None]:
    """Make a call that reads a journal in a folder of its own, unless it is told another."""

    def run(source: tuple[str, str], keywords: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / NAME
            with op.Portfolio(1000, journal=path, backend="python") as portfolio:
                portfolio.deposit(1, 1)
            answer = call(**{"path": path, "backend": source[0], **keywords})
            if isinstance(answer, op.Portfolio):
                answer.close()

    return run


def begun(source: tuple[str, str], keywords: dict[str, Any]) -> None:
    """Begin a journal in a folder of its own, unless it is told another."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        op.Portfolio(1000, **{"journal": path, "backend": source[0], **keywords}).close()


def compared(source: tuple[str, str], keywords: dict[str, Any]) -> None:
    """Compare a portfolio with another engine's trades."""
    portfolio = op.Portfolio(1000, backend=source[0])
    op.compare(portfolio, **{"trades": some_other_trades(), **keywords})


def journal_calls() -> Iterator[Call]:
    words = {"backend": "word", "path": "path"}
    kinds = kinds_of(op.open_journal, **words)
    yield Call("open_journal", nothing, opened(op.open_journal), {}, kinds)
    kinds = kinds_of(op.inspect_journal, **words)
    yield Call("inspect_journal", nothing, opened(op.inspect_journal), {}, kinds)
    good = {"a": IMAGE, "b": IMAGE}
    sides = {"a": "octets", "b": "octets"}
    kinds = {"trades": "frame other trades", "columns": "anything"}
    yield Call("compare", nothing, compared, {}, kinds)
    yield Call("diff", nothing, lambda _source, given: op.diff(**given), good, sides)
    kinds = {
        "journal": "path?",
        "sync": "word?",
        "sync_interval_ms": "count",
        "snapshot_every": "count?",
    }
    yield Call("Portfolio of a journal", nothing, begun, {}, kinds)
