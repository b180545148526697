"""The proof that both backends make the same of a batch (SPEC section 20).

Random batches are made on both, and every column of every table is compared, and the digests. The
first difference ends the run; it is reduced to a small batch and printed as Python.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.backend import core_module
from omega_portfolio.bench.batch_comparison import Made, Refused, compare, make
from omega_portfolio.bench.batch_draws import Scale, draw_case
from omega_portfolio.bench.batch_shrink import shrink
from omega_portfolio.bench.batch_spoils import spoil
from omega_portfolio.bench.table_comparison import Visited
from omega_portfolio.oracle.batch import BatchPython

if TYPE_CHECKING:
    from collections.abc import Callable

    from omega_portfolio.bench.answers import Difference
    from omega_portfolio.bench.batch_cases import Case
    from omega_portfolio.types import BackendName

SPOILED: Final = 0.15
"""Share of the batches of which something is wrong as a whole."""


@dataclass(frozen=True)
class Failure:
    """A difference, and how to see it again.

    Attributes
    ----------
    seed, number : int
        Where it was found.
    difference : Difference
        What differs.
    program : str
        A small batch that shows a difference, as Python.
    """

    seed: int
    number: int
    difference: Difference
    program: str


@dataclass
class Result:
    """What was compared.

    Attributes
    ----------
    batches, runs, failed_runs, trades, moments : int
        How much there was on each side.
    refusals : Counter
        Batches that were refused, by the name of the refusal.
    rejected : Counter
        Rows that were rejected, by name and argument.
    reasons : Counter
        Trades by their reason.
    visited : Visited
        The cells.
    seconds : float
        Time of the run.
    failure : Failure or None
        The difference, if there is one.
    """

    batches: int = 0
    runs: int = 0
    failed_runs: int = 0
    trades: int = 0
    moments: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    visited: Visited = field(default_factory=Visited)
    seconds: float = 0.0
    failure: Failure | None = None


def batch_class(name: BackendName) -> Callable[..., Any]:
    """Give the class of batches of a backend.

    Parameters
    ----------
    name : {"rust", "python"}
        The backend.

    Returns
    -------
    type
    """
    return BatchPython if name == "python" else core_module().Batch


def run(
    runs: int,
    seed: int,
    pair: tuple[Callable[..., Any], Callable[..., Any]],
    progress: Callable[[int], object] | None = None,
    scale: Scale | None = None,
) -> Result:
    """Make random batches on both sides until there were so many runs.

    Parameters
    ----------
    runs : int
        Runs on each side; a batch that is refused counts as one.
    seed : int
        Source of every choice.
    pair : tuple of type
        The classes of both sides.
    progress : callable, optional
        Called with the number of runs since the call before.
    scale : Scale, optional
        How large batches are.

    Returns
    -------
    Result
        With a failure at the first difference.
    """
    result = Result()
    begin = time.perf_counter()
    count = 0
    while count < runs and result.failure is None:
        # A text as seed keeps the batches apart: (1, 12) and (11, 2) are two seeds.
        random = Random(f"{seed}:{result.batches}")  # noqa: S311 - not cryptography.
        case = draw_case(random, scale or Scale())
        if random.random() < SPOILED:
            case = spoil(random, case)
        cuts = [random.randint(0, 2) for _ in range(random.choice((0, 0, 1, 2)))]
        threads = random.choice((1, 1, 2, 4))

        def both(
            case: Case, visited: Visited, cuts: list[int] = cuts, threads: int = threads
        ) -> tuple[Any, Difference | None]:
            answers = [make(case, constructor, cuts, threads) for constructor in pair]
            return answers[1], compare(answers[0], answers[1], visited, statistics=not case.extreme)

        answer, difference = both(case, result.visited)
        if difference is not None:
            kind = difference.kind
            small = shrink(case, lambda one: _is_like(both(one, Visited())[1], kind))  # noqa: B023
            shown = both(small, Visited())[1] or difference
            result.failure = Failure(seed, result.batches, shown, small.as_python())
        made = _count(result, answer)
        count += made
        if progress is not None:
            progress(made)
    result.seconds = time.perf_counter() - begin
    return result


def _is_like(difference: Difference | None, kind: str) -> bool:
    return difference is not None and difference.kind == kind


def _count(result: Result, answer: object) -> int:
    """Take what one side said into the figures."""
    result.batches += 1
    if isinstance(answer, Refused):
        result.refusals[f"{answer.name} of {answer.argument}"] += 1
    if not isinstance(answer, Made):
        return 1
    result.runs += len(answer.run_ids)
    result.moments += answer.moments * len(answer.run_ids)
    for part in answer.tables["trades"]:
        result.trades += len(part)
        result.reasons.update(part.to_pyarrow()["reason"].to_pylist())
    for part in answer.tables["final"]:
        result.failed_runs += part.to_pyarrow()["status"].to_pylist().count("failed")
    for part in answer.tables["rejected"]:
        for row in part.to_pyarrow().select(["action", "error", "argument"]).to_pylist():
            result.rejected[f"{row['action'] or 'bar'}: {row['error']} of {row['argument']}"] += 1
    return max(len(answer.run_ids), 1)


def facts(result: Result) -> dict[str, object]:
    """Give the result as values for JSON.

    Parameters
    ----------
    result : Result
        What :func:`run` returned.

    Returns
    -------
    dict
    """
    failure = result.failure
    return {
        "batches": result.batches,
        "runs": result.runs,
        "failed_runs": result.failed_runs,
        "moments": result.moments,
        "trades": result.trades,
        "refusals": dict(sorted(result.refusals.items())),
        "rejected": dict(sorted(result.rejected.items())),
        "reasons": dict(sorted(result.reasons.items())),
        "cells": result.visited.cells,
        "digests": result.visited.digests,
        "hash": result.visited.hexdigest(),
        "seconds": round(result.seconds, 3),
        "differences": 0 if failure is None else 1,
        "failure": None if failure is None else asdict(failure),
    }


def report(result: Result) -> str:
    """Write the result for a person.

    Parameters
    ----------
    result : Result
        What :func:`run` returned.

    Returns
    -------
    str
    """
    lines = [
        f"batches       {result.batches:,} on each side",
        f"runs          {result.runs:,}, {result.failed_runs:,} of them failed",
        f"moments       {result.moments:,}",
        f"trades        {result.trades:,}",
        f"table cells   {result.visited.cells:,}",
        f"digests       {result.visited.digests:,}",
        "",
        *(f"  {count:>8,} refused   {name}" for name, count in sorted(result.refusals.items())),
        "",
        *(f"  {count:>8,} rejected  {name}" for name, count in sorted(result.rejected.items())),
        "",
        *(f"  {count:>8,} trades    {name}" for name, count in sorted(result.reasons.items())),
        "",
    ]
    failure = result.failure
    if failure is None:
        return "\n".join([*lines, "0 differences"])
    return "\n".join(
        [
            *lines,
            f"1 difference: seed {failure.seed}, batch {failure.number}",
            f"  {failure.difference.what}",
            f"  left   {failure.difference.left}",
            f"  right  {failure.difference.right}",
            "",
            failure.program,
        ]
    )


__all__ = ["Failure", "Result", "batch_class", "facts", "report", "run"]
