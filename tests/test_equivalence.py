"""Both backends mean the same; and the driver that says so would see it if they did not."""

from __future__ import annotations

import json
import math
import os
from decimal import Decimal
from random import Random

import pytest

import omega_portfolio as op
from omega_portfolio.bench import backends, equivalence
from omega_portfolio.bench.__main__ import main
from omega_portfolio.bench.answers import Crash, answer, compare_answers
from omega_portfolio.bench.backends import Pair, backend_pair, prove_backend
from omega_portfolio.bench.comparison import Visited, compare_everything
from omega_portfolio.bench.equivalence import Plan
from omega_portfolio.bench.operations import OperationSource
from omega_portfolio.bench.refusals import POSITIONAL, Hostile
from omega_portfolio.bench.shapes import EXTREME, USUAL, Setting, draw_setting
from omega_portfolio.bench.shrink import as_python, replay
from planted_faults import (
    FeeOneUnitHigher,
    FewerRows,
    MissingMetric,
    NullText,
    OtherArgument,
    OtherAttribution,
    OtherDigest,
    OtherExcursion,
    OtherExposure,
    OtherMargin,
    OtherMetric,
    OtherNames,
    OtherNumberOfPositions,
    OtherOrderOfPositions,
    OtherScalar,
    OtherState,
    OtherText,
    OtherWriting,
    PanicOnModify,
    RefusalChangesTheState,
    RefusesItsAttribution,
    SecondRebateOfTheLedgerIsLost,
    Spoiled,
    Unreadable,
    UnreadableScalar,
)

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")

# Refusals that the random operations must have met; the others need a broken frame, a missing
# module, billions of positions or no memory.
CODES = {*range(4001, 4021), 4022, 4024}


@pytest.mark.skipif(len(BACKENDS) < 2, reason="the run is narrowed to one backend")
def test_both_backends_give_the_same_answers_and_columns():
    assert "omega_portfolio._core" in prove_backend("rust").replace(os.sep, ".")
    plan = Plan(operations=20_000, seed=20_240_601, portfolio_operations=1_000)
    assert_no_difference(plan, backend_pair("rust", "python"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_backend_repeats_itself(backend):
    plan = Plan(operations=6_000, seed=3, portfolio_operations=500)
    pair = backend_pair(backend, backend)
    first, second = assert_no_difference(plan, pair), equivalence.run(plan, pair)
    assert first.visited.hexdigest() == second.visited.hexdigest()
    other = equivalence.run(Plan(operations=2_000, seed=4), pair)
    assert other.visited.hexdigest() != first.visited.hexdigest()


def assert_no_difference(plan: Plan, pair: Pair) -> equivalence.Result:
    result = equivalence.run(plan, pair)
    assert result.failure is None, equivalence.report(result, "")
    assert result.operations == plan.operations
    assert result.portfolios == plan.operations // plan.portfolio_operations
    assert set(result.kinds) == set(POSITIONAL)
    assert result.accepted > plan.operations // 2
    assert result.visited.cells > 10 * plan.operations
    assert result.visited.digests >= 2 * plan.operations // plan.scalar_interval
    if plan.operations >= 20_000:
        assert {int(label.split()[0]) for label in result.refusals} >= CODES
    return result


FAULTS = {
    FeeOneUnitHigher: ("equity", 3, "close_position"),
    OtherArgument: ("an answer, PositionNotFound of position_id and", 1, "charge_fee"),
    SecondRebateOfTheLedgerIsLost: ("column amount of the float table ledger", 4, "fee"),
    OtherDigest: ("digest", 3, "deposit"),
    RefusalChangesTheState: ("equity", 1, "withdraw"),
    PanicOnModify: ("an exception that is no typed refusal", 1, "modify_position"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_shrunk(fault):
    what, length, call = FAULTS[fault]
    plan = Plan(operations=40_000, seed=1, portfolio_operations=2_000)
    result = equivalence.run(plan, Pair(op.PortfolioPython, fault))
    failure = result.failure
    assert failure is not None
    assert what in failure.difference.what
    assert failure.difference.left != failure.difference.right
    assert failure.length <= length, failure.program
    statements = [line for line in failure.program.splitlines() if line.startswith("pf.")]
    assert len(statements) == failure.length
    assert call in statements[-1]
    report = equivalence.report(result, "python with a fault")
    assert "1 difference: seed 1, portfolio" in report
    assert failure.program in report


def test_the_printed_program_runs():
    result = equivalence.run(
        Plan(operations=40_000, portfolio_operations=2_000),
        Pair(op.PortfolioPython, FeeOneUnitHigher),
    )
    assert result.failure is not None
    names: dict[str, object] = {}
    exec(result.failure.program, names)  # noqa: S102 - written by the line above.
    assert len(names["pf"].get_trades()) >= 1


SEEN = {
    Spoiled: None,
    OtherScalar: "free_margin",
    OtherWriting: "equity",
    OtherOrderOfPositions: "a view of an open position",
    OtherNumberOfPositions: "number of positions",
    OtherMargin: "calculate_margin('ACME')",
    OtherMetric: "metric win_rate",
    MissingMetric: "names of the metrics",
    OtherState: "state.events",
    FewerRows: "rows of the exact table trades",
    OtherNames: "schema of the exact table trades",
    OtherText: "row 0 of column tag of the exact table trades",
    Unreadable: "a portfolio that cannot be read",
    UnreadableScalar: "realized_pnl",
    NullText: "nulls in column tag of the exact table trades",
    OtherExcursion: "row 0 of column mae of the exact table trades",
    OtherExposure: "row 0 of column net_exposure of the exact table equity_curve",
    OtherAttribution: "row 0 of column total of the exact table attribution",
    RefusesItsAttribution: "refusal of the exact table attribution",
}


@pytest.mark.parametrize("fault", SEEN)
def test_every_part_of_a_portfolio_is_compared(fault):
    sides = []
    for side in (op.PortfolioPython, fault):
        portfolio = side(10_000)
        for tag in ("first", "second"):
            position_id = portfolio.open_position("ACME", "long", 1, 100, 1, tag=tag)
            portfolio.close_position(position_id, 103, 1)
            portfolio.open_position("ACME", "short", 1, 101, 1)
        portfolio.update_equity(2, {"ACME": 102})
        sides.append(portfolio)
    visited = Visited()
    difference = compare_everything(sides[0], sides[1], visited)
    assert (difference and difference.what) == SEEN[fault]
    assert visited.scalars > 0


def test_the_same_crash_on_both_sides_is_a_difference():
    crash = Crash("OverflowError", "int too large")
    assert compare_answers(crash, crash) is not None
    assert compare_answers(1, 1) is None
    assert compare_answers(1, True) is not None
    assert compare_answers((Decimal("1.0"),), (Decimal("1.00"),)) is not None


def test_odd_values_are_printed_as_python():
    values = [10**5000, -(10**38), 2**127, math.inf, -math.nan, Decimal("sNaN"), "\ud800", b"x"]
    setting = Setting(1, {}, (), 0, 0)
    program = as_python(setting, [("mark", (value,), {}) for value in [*values, Hostile()]])
    seen: list[object] = []

    class Recorder:
        def mark(self, value):
            seen.append(value)

    program = program.replace("pf = op.Portfolio(1)", "pf = Recorder()")
    exec(program, {"Recorder": Recorder})  # noqa: S102 - written by the lines above.
    assert len(seen) == len(values) + 1
    assert seen[0] == 10**5000
    assert list(map(repr, seen[1:-1])) == list(map(repr, values[1:]))
    assert type(seen[-1]) is Hostile


def test_printed_operations_give_equal_values():
    """Times, instruments and tables come back as what they were."""
    random = Random(5)
    setting = draw_setting(random)
    source = OperationSource(random, setting)
    operations = [source.next_operation() for _ in range(3_000)]
    program = as_python(setting, operations)
    assert "pyarrow.table(" in program
    assert "datetime.timezone" in program
    portfolios = [op.PortfolioPython(setting.initial_balance, **setting.options)]
    for name, arguments, keywords in operations:
        answer(getattr(portfolios[0], name), arguments, keywords)
    names: dict[str, object] = {}
    lines = program.replace("op.Portfolio(", "op.PortfolioPython(").splitlines()
    for line in lines:
        # A program stops at its first refusal; here the refused calls are passed over.
        answer(exec, (line, names), {})
    portfolios.append(names["pf"])
    assert compare_everything(portfolios[0], portfolios[1], Visited()) is None
    assert portfolios[0].events > 1_000


@pytest.mark.parametrize("shapes", [USUAL, EXTREME])
def test_every_shape_can_be_traded(shapes):
    """A shape that no portfolio accepts would test nothing."""
    for shape in shapes:
        setting = Setting("99999999999999999999", {"leverage": 100}, (shape,), 20, 0)
        portfolio = op.PortfolioPython(setting.initial_balance, **setting.options)
        source = OperationSource(Random(1), setting)
        opened = 0
        for _ in range(400):
            name, arguments, keywords = source.next_operation()
            try:
                answer = getattr(portfolio, name)(*arguments, **keywords)
            except op.OmegaPortfolioError:
                continue
            source.answered(answer)
            opened += name == "open_position"
        assert opened > 10, shape.symbol


def test_a_backend_that_is_not_what_its_name_says_is_not_compared(monkeypatch):
    monkeypatch.setattr(backends, "backend_class", lambda _: op.PortfolioPython)
    monkeypatch.setattr(backends, "core_module", lambda: backends)
    with pytest.raises(AssertionError, match="does not work where its name says"):
        prove_backend("rust")


def test_replay_of_nothing_finds_nothing():
    pair = backend_pair("python", "python")
    assert replay(pair, Setting(100, {}, (), 0, 0), []) is None


def test_the_command_says_what_it_compared(capsys):
    arguments = ["equivalence", "--operations", "600", "--left", "python", "--right", "python"]
    assert main([*arguments, "--portfolio-operations", "300"]) == 0
    text = capsys.readouterr().out
    assert text.count("PortfolioPython from") == 2
    assert text.endswith("0 differences\n")
    assert main([*arguments, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["operations"] == 600
    assert facts["differences"] == 0
    assert [text.split(" ")[0] for text in facts["compared"]] == ["python", "python"]


def test_the_command_fails_without_the_compiled_module(capsys, monkeypatch):
    def missing(name: str) -> object:
        raise op.BackendUnavailable("backend", name, "is not installed", "build it")

    monkeypatch.setattr(backends, "backend_class", missing)
    assert main(["equivalence", "--operations", "10"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "BackendUnavailable" in captured.err


def test_the_command_shows_a_difference(capsys, monkeypatch):
    classes = {"rust": PanicOnModify, "python": op.PortfolioPython}
    monkeypatch.setattr("omega_portfolio.bench.backends.prove_backend", lambda name: name)
    monkeypatch.setattr(backends, "backend_class", classes.get)
    assert main(["equivalence", "--operations", "2000"]) == 1
    assert "1 difference: seed 1, portfolio 0" in capsys.readouterr().out


def test_wrong_arguments_end_with_2(capsys):
    for arguments in (["equivalence", "--operations", "0"], [], ["unknown"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
