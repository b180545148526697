"""The proof that both backends mean the same: one list of random operations, applied to both.

After every operation the answers and the main figures are compared, from time to time all scalars
and the digest, and at the end of each portfolio every cell of every table. Some portfolios are
proved in full: their metrics, their events and what these give when they are applied again, the
lots, and the replay of ``verify``. The first difference ends the run; it is reduced to the
shortest list of operations that shows it and printed as Python.
"""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING, Final

from omega_portfolio.bench.account_settings import draw_account_setting
from omega_portfolio.bench.account_source import AccountSource
from omega_portfolio.bench.answers import (
    Answer,
    Applied,
    Difference,
    Refusal,
    answer,
    compare_answers,
)
from omega_portfolio.bench.comparison import (
    compare_everything,
    compare_figures,
    compare_scalars,
    read,
)
from omega_portfolio.bench.histories import LOT_METHODS, compare_proofs
from omega_portfolio.bench.operations import OperationSource
from omega_portfolio.bench.refusals import spoil_construction
from omega_portfolio.bench.results import Failure, Plan, Result, facts, report
from omega_portfolio.bench.shapes import Setting, draw_setting
from omega_portfolio.bench.shrink import Reduction, as_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from omega_portfolio.bench.backends import Pair
    from omega_portfolio.bench.refusals import Operation
    from omega_portfolio.portfolio import Portfolio

PLAIN_INTERVAL: Final = 4
"""Every so many portfolios, the instruments have no terms and only the plain calls are drawn. The
interval of proofs has no part in common with it, so that both kinds are proved."""


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
        life = _Life(plan, pair, number)
        difference = life.run(plan.operations - result.operations, result, progress)
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
        draw = draw_account_setting if number % PLAIN_INTERVAL else draw_setting
        self._setting: Setting = draw(self._random)
        self._source: OperationSource | AccountSource
        if self._setting.terms:
            self._source = AccountSource(self._random, self._setting)
        else:
            self._source = OperationSource(self._random, self._setting)
        self.operations: list[Operation] = []

    def run(
        self, count: int, result: Result, progress: Callable[[int], object] | None
    ) -> Difference | None:
        """Apply and compare up to `count` operations; the first difference ends it."""
        count = min(count, self._plan.portfolio_operations)
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
        proved = self._number % self._plan.proof_interval == 0
        difference = difference or compare_everything(left, right, result.visited, in_full=proved)
        if proved:
            # One way to match lots after the other: both sides' are made by one code.
            method = LOT_METHODS[self._number // self._plan.proof_interval % len(LOT_METHODS)]
            difference = difference or compare_proofs(
                self._pair, self._setting, (left, right), result.visited, [method]
            )
        result.kinds.update(name for name, _, _ in self.operations)
        return difference

    def _step(
        self, target: int, left: Portfolio, right: Portfolio, result: Result
    ) -> Difference | None:
        """Apply operations up to number `target`, the last one a bad one, and compare."""
        difference = self._apply(target - 1, left, right, result)
        difference = difference or compare_scalars(left, right, result.visited)
        return difference or self._refuse(left, right, result)

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
        accounts = source if isinstance(source, AccountSource) else None
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
            difference = compare_figures(left, right, result.visited)
            if difference is not None:
                return difference
            if accounts is not None:
                accounts.look(left, moved=isinstance(left_answer, tuple))
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
        setting = self._setting
        if self.operations:
            reduction = Reduction(self._pair, setting, difference.kind)
            reduced = reduction.shorten(self.operations)
            setting = reduction.setting
        return Failure(
            seed=self._plan.seed,
            portfolio=self._number,
            operation=len(self.operations),
            difference=difference,
            program=as_python(setting, reduced),
            length=len(reduced),
        )


def _label(refusal: Refusal) -> str:
    return f"{refusal.code} {refusal.name}"


__all__ = ["Failure", "Plan", "Result", "facts", "report", "run"]
