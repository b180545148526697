"""The proof that both backends mean the same: one list of random operations, applied to both.

After every operation the answers are compared, from time to time all scalars and the digest,
less often every column of every table, and at the end the events and what they give when they
are applied again. The first difference ends the run; it is reduced to the
shortest list of operations that shows it and printed as Python.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from omega_portfolio.bench.answers import (
    Answer,
    Applied,
    Difference,
    Refusal,
    answer,
    compare_answers,
)
from omega_portfolio.bench.comparison import (
    Visited,
    compare_everything,
    compare_scalars,
    compare_verifications,
    read,
)
from omega_portfolio.bench.histories import compare_events, compare_second_lives
from omega_portfolio.bench.operations import OperationSource
from omega_portfolio.bench.refusals import spoil_construction
from omega_portfolio.bench.shapes import Setting, draw_setting
from omega_portfolio.bench.shrink import Reduction, as_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from omega_portfolio.bench.backends import Pair
    from omega_portfolio.bench.refusals import Operation
    from omega_portfolio.portfolio import Portfolio

VERIFY_INTERVAL: Final = 10
"""Every so many portfolios, both are also verified: replayed from their events."""

SECOND_LIFE_INTERVAL: Final = 4
"""Every so many portfolios, the events of each are applied to a fresh one of the other side."""


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
        After so many operations a new portfolio with another configuration begins.
    scalar_interval : int
        Operations between two comparisons of scalars and digests.
    table_interval : int
        Operations between two comparisons of all tables.
    """

    operations: int = 1_000_000
    seed: int = 1
    portfolio_operations: int = 20_000
    scalar_interval: int = 500
    table_interval: int = 5_000


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


def run(plan: Plan, pair: Pair, progress: Callable[[int], object] | None = None) -> Result:
    """Apply random operations to both portfolios and compare them.

    Parameters
    ----------
    plan : Plan
        How much and from what seed.
    pair : Pair
        The two constructors.
    progress : callable, optional
        Called with the number of operations done since the call before.

    Returns
    -------
    Result
        With a failure at the first difference.
    """
    result = Result()
    begin = time.perf_counter()
    while result.operations < plan.operations and result.failure is None:
        number = result.portfolios
        wanted = min(plan.portfolio_operations, plan.operations - result.operations)
        life = _Life(plan, pair, number)
        difference = life.run(wanted, result, progress)
        result.portfolios += 1
        result.operations += len(life.operations)
        if difference is not None:
            result.failure = life.explain(difference)
    result.seconds = time.perf_counter() - begin
    return result


class _Life:
    """One configuration, from its construction to its last operation."""

    def __init__(self, plan: Plan, pair: Pair, number: int) -> None:
        # A text as seed keeps the portfolios apart: (1, 12) and (11, 2) are two seeds.
        self._random = Random(f"{plan.seed}:{number}")  # noqa: S311 - not cryptography.
        self._plan = plan
        self._pair = pair
        self._number = number
        self._setting: Setting = draw_setting(self._random)
        self._source = OperationSource(self._random, self._setting)
        self.operations: list[Operation] = []

    def run(
        self, count: int, result: Result, progress: Callable[[int], object] | None
    ) -> Difference | None:
        """Apply and compare `count` operations; the first difference ends it."""
        difference = self._compare_constructors(result)
        if difference is not None:
            return difference
        left, right = self._pair.build(self._setting)
        while len(self.operations) < count and difference is None:
            done = len(self.operations)
            target = min(done + self._plan.scalar_interval, count)
            difference = self._step(target, left, right, result)
            if progress is not None:
                progress(len(self.operations) - done)
        difference = difference or compare_everything(left, right, result.visited)
        difference = difference or compare_events(left, right, result.visited)
        if difference is None and self._number % SECOND_LIFE_INTERVAL == 0:
            difference = compare_second_lives(
                self._pair, self._setting, left, right, result.visited
            )
        if difference is None and self._number % VERIFY_INTERVAL == 0:
            difference = compare_verifications(left, right)
        result.kinds.update(name for name, _, _ in self.operations)
        return difference

    def _step(
        self, target: int, left: Portfolio, right: Portfolio, result: Result
    ) -> Difference | None:
        """Apply operations up to number `target`, the last one a bad one, and compare."""
        difference = self._apply(target - 1, left, right, result)
        difference = difference or compare_scalars(left, right, result.visited)
        difference = difference or self._refuse(left, right, result)
        if difference is None and target % self._plan.table_interval == 0:
            difference = compare_everything(left, right, result.visited)
        return difference

    def _compare_constructors(self, result: Result) -> Difference | None:
        """Pass one wrong option to both constructors, then the configuration itself."""
        good = self._setting
        self._setting = spoil_construction(self._random, good)
        left, right = self._construct()
        difference = compare_answers(left, right)
        if isinstance(left, Refusal):
            result.refusals[_label(left)] += 1
        if difference is not None:
            return difference
        self._setting = good
        left, right = self._construct()
        if left is not None and right is not None:
            return Difference("a good configuration is refused", str(left), str(right))
        return compare_answers(left, right)

    def _construct(self) -> tuple[Answer, Answer]:
        """Call both constructors; the answer to an accepted call is None."""
        setting = self._setting

        def built(constructor: Callable[..., Portfolio]) -> Answer:
            def construct(**given: object) -> None:
                constructor(setting.initial_balance, **given)

            return answer(construct, (), setting.options)

        return built(self._pair.left), built(self._pair.right)

    def _apply(
        self, target: int, left: Portfolio, right: Portfolio, result: Result
    ) -> Difference | None:
        """Apply operations up to number `target` of this portfolio."""
        source, operations = self._source, self.operations
        refusals, accepted = result.refusals, 0
        while len(operations) < target:
            operation = source.next_operation()
            operations.append(operation)
            name, arguments, keywords = operation
            left_answer = answer(getattr(left, name), arguments, keywords)
            right_answer = answer(getattr(right, name), arguments, keywords)
            if left_answer is not None or right_answer is not None:
                difference = compare_answers(left_answer, right_answer)
                if difference is not None:
                    return difference
            if isinstance(left_answer, Refusal):
                refusals[_label(left_answer)] += 1
                source.refused(left_answer.code)
            else:
                accepted += 1
                source.answered(left_answer)
                if isinstance(left_answer, Applied):
                    result.rows += len(left_answer.receipts)
                    result.rows_refused += len(left_answer.refused)
        result.accepted += accepted
        return None

    def _refuse(self, left: Portfolio, right: Portfolio, result: Result) -> Difference | None:
        """Apply one bad operation; if it is refused, both digests must stay what they are."""
        before = read(left, "digest")
        operation = self._source.refusal()
        self.operations.append(operation)
        name, arguments, keywords = operation
        left_answer = answer(getattr(left, name), arguments, keywords)
        right_answer = answer(getattr(right, name), arguments, keywords)
        difference = compare_answers(left_answer, right_answer)
        if difference is not None or not isinstance(left_answer, Refusal):
            return difference
        result.refusals[_label(left_answer)] += 1
        result.visited.digests += 1
        after = read(left, "digest"), read(right, "digest")
        if after != (before, before):
            return Difference("the digest after a refused call", str(after[0]), str(after[1]))
        return None

    def explain(self, difference: Difference) -> Failure:
        """Reduce the operations so far to the shortest list that shows a difference."""
        reduced: list[Operation] = []
        if self.operations:
            reduced = Reduction(self._pair, self._setting, difference.kind).shorten(self.operations)
        return Failure(
            seed=self._plan.seed,
            portfolio=self._number,
            operation=len(self.operations),
            difference=difference,
            program=as_python(self._setting, reduced),
            length=len(reduced),
        )


def _label(refusal: Refusal) -> str:
    return f"{refusal.code} {refusal.name}"


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


__all__ = ["Failure", "Plan", "Result", "facts", "report", "run"]
