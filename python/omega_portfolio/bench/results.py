"""What a comparison of backends is asked to do, what it did and found, and how it says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from omega_portfolio.bench.comparison import Visited

if TYPE_CHECKING:
    from omega_portfolio.bench.answers import Difference


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does.

    Attributes
    ----------
    operations : int
        Number of operations, at least 1.
    seed : int
        Source of every choice; with the same seed a run repeats itself.
    portfolio_operations : int
        After so many operations a new portfolio with another configuration begins. Tables are
        compared at the end of a portfolio.
    scalar_interval : int
        Operations between two comparisons of all scalars and digests.
    proof_interval : int
        Every so many portfolios are proved in full: floats and metrics, frames of events and
        second lives, lots, and the replay of ``verify``.
    """

    operations: int = 1_000_000
    seed: int = 1
    portfolio_operations: int = 600
    scalar_interval: int = 100
    proof_interval: int = 9


@dataclass(frozen=True, slots=True)
class Failure:
    """A difference that was found, and how to see it again.

    Attributes
    ----------
    seed, portfolio, operation : int
        Where it was found: seed, number of the portfolio (from 0), operation in it (from 1).
    difference : Difference
        What differs.
    program : str
        The shortest list of operations found that shows a difference, as Python.
    length : int
        Number of operations in ``program``.
    """

    seed: int
    portfolio: int
    operation: int
    difference: Difference
    program: str
    length: int


@dataclass(slots=True)
class Result:
    """What a run did and found.

    Attributes
    ----------
    operations, portfolios, accepted : int
        What was applied to each side; a frame of events is one operation.
    rows, rows_refused : int
        Rows of frames that were accepted, and those that were recorded as refused.
    kinds, refusals : Counter
        Operations by name, refusals by ``code name``.
    visited : Visited
        What was compared.
    seconds : float
        Time of the run.
    failure : Failure or None
        The difference, if there is one.
    """

    operations: int = 0
    portfolios: int = 0
    accepted: int = 0
    rows: int = 0
    rows_refused: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    visited: Visited = field(default_factory=Visited)
    seconds: float = 0.0
    failure: Failure | None = None


def facts(result: Result, compared: list[str]) -> dict[str, object]:
    """Give the result of a run as values for JSON.

    Parameters
    ----------
    result : Result
        What :func:`run` returned.
    compared : list of str
        What stood on the two sides, from :func:`~omega_portfolio.bench.backends.prove_backend`.

    Returns
    -------
    dict
    """
    failure = result.failure
    return {
        "compared": compared,
        "operations": result.operations,
        "portfolios": result.portfolios,
        "accepted": result.accepted,
        "rows": result.rows,
        "rows_refused": result.rows_refused,
        "seconds": round(result.seconds, 3),
        "cells": result.visited.cells,
        "scalars": result.visited.scalars,
        "digests": result.visited.digests,
        "hash": result.visited.hexdigest(),
        "kinds": dict(sorted(result.kinds.items())),
        "refusals": dict(sorted(result.refusals.items())),
        "differences": 0 if failure is None else 1,
        "failure": None if failure is None else asdict(failure),
    }


def report(result: Result, compared: str) -> str:
    """Write the result of a run for a person.

    Parameters
    ----------
    result : Result
        What :func:`run` returned.
    compared : str
        What stood on the two sides.

    Returns
    -------
    str
    """
    visited = result.visited
    lines = [
        f"compared             {compared}",
        f"operations           {result.operations:,} on each side",
        f"portfolios           {result.portfolios:,}",
        f"accepted             {result.accepted:,}",
        f"rows of frames       {result.rows:,} accepted, {result.rows_refused:,} recorded",
        f"operations/s         {result.operations / result.seconds:,.0f} (both sides, compared)",
        f"table cells          {visited.cells:,}",
        f"scalars              {visited.scalars:,}",
        f"digests              {visited.digests:,}",
        f"result hash          {visited.hexdigest()}",
        "",
        *(f"  {name:<22}{count:>12,}" for name, count in sorted(result.kinds.items())),
        "",
        *(f"  {label:<28}{count:>6,} refused" for label, count in sorted(result.refusals.items())),
        "",
    ]
    failure = result.failure
    if failure is None:
        return "\n".join([*lines, "0 differences"])
    where = f"seed {failure.seed}, portfolio {failure.portfolio}, operation {failure.operation}"
    return "\n".join(
        [
            *lines,
            f"1 difference: {where}",
            f"  {failure.difference.what}",
            f"  left   {failure.difference.left}",
            f"  right  {failure.difference.right}",
            "",
            f"# {failure.length} operations show a difference:",
            failure.program,
        ]
    )


__all__ = ["Failure", "Plan", "Result", "facts", "report"]
