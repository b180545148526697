"""Frames of events in the comparison of backends: what is drawn, and that a fault is seen."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random

import pyarrow as pa
import pytest

import omega_portfolio as op
from event_frames import KINDS, live_through
from omega_portfolio.bench import equivalence, operations
from omega_portfolio.bench.answers import Applied, Refusal, answer
from omega_portfolio.bench.backends import Pair
from omega_portfolio.bench.comparison import Visited
from omega_portfolio.bench.equivalence import Plan
from omega_portfolio.bench.event_rows import COLUMNS, exact, rows_of, spoil_cell
from omega_portfolio.bench.event_tables import event_table, plain_table
from omega_portfolio.bench.histories import compare_events, compare_second_lives
from omega_portfolio.bench.operations import OperationSource
from omega_portfolio.bench.shapes import Setting, draw_setting
from planted_faults import (
    LosesTheLastRow,
    NullElsewhere,
    NullForZero,
    OneEventMore,
    OtherEvents,
    OtherPlace,
    RefusesItsEvents,
    TakesNothingBack,
)

SETTING = Setting(1000, {"leverage": 10}, (), 0, 0)

TYPES = {
    *map(str, (pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.null())),
    *map(str, (pa.string(), pa.large_string(), pa.string_view(), pa.date32())),
    "dictionary<values=string, indices=int32, ordered=0>",
}


def test_frames_are_of_every_kind(monkeypatch):
    """The source draws every action, type, layout and way to treat errors, and most are taken."""
    types, actions, answers = Counter(), Counter(), Counter()
    chunks, columns, options = Counter(), set(), Counter()
    # Many frames in few operations.
    monkeypatch.setitem(operations._WEIGHTS, "apply", 23)
    monkeypatch.setitem(operations._WEIGHTS, "update_equity", 26)
    for seed in range(20):
        random = Random(seed)
        setting = draw_setting(random)
        portfolio = op.PortfolioPython(setting.initial_balance, **setting.options)
        source = OperationSource(random, setting)
        for _ in range(1_000):
            name, arguments, keywords = source.next_operation()
            found = answer(getattr(portfolio, name), arguments, keywords)
            if isinstance(found, Refusal):
                source.refused(found.code)
            else:
                source.answered(found)
            if name != "apply" or not isinstance(arguments[0], pa.Table):
                continue
            frame = arguments[0]
            if not frame.column_names:
                continue
            columns |= set(frame.column_names)
            types.update(map(str, frame.schema.types))
            chunks[frame[0].num_chunks] += 1
            options[keywords.get("on_error", "left out")] += 1
            answers[type(found)] += 1
            if isinstance(found, Applied):
                names = frame["action"].to_pylist()
                actions.update(names[row] for row, *_ in found.receipts)
                answers["refused rows"] += len(found.refused)
    assert set(types) >= TYPES
    assert any(kind.startswith("decimal32") for kind in types)
    assert any(kind.startswith("decimal64") for kind in types)
    for unit in ("s", "ms", "us", "ns"):
        assert any(kind.startswith(f"timestamp[{unit}") for kind in types), unit
    assert any("tz=Asia/Tokyo" in kind for kind in types)
    assert sum(kind.startswith("decimal128") for kind in types) > 30
    assert set(actions) == {"open", "close", "modify", "mark", "update", "fee", "deposit",
                            "withdraw", "register"}  # fmt: skip
    assert set(columns) >= set(COLUMNS)
    assert set(chunks) >= {1, 3}
    assert set(options) >= {"left out", "raise", "record"}
    assert min(answers[Applied], answers[Refusal], answers["refused rows"]) > 30
    assert sum(actions.values()) > 1_000


def test_the_columns_of_rows_are_those_of_frames():
    assert set(COLUMNS) <= set(KINDS)


def test_operations_become_the_rows_that_mean_the_same():
    instrument = op.Instrument("A", price_decimals=2, contract_size=0.5, leverage="2.50")
    operations = [
        ("register_instrument", (instrument,), {}),
        ("open_position", ("A", "buy", "+2e0", 1.5, 7), {"stop_loss": "01.25", "fee": Decimal(1),
                                                         "tag": "t", "position_id": 9}),
        ("modify_position", (9, 8), {"stop_loss": None, "take_profit": "3"}),
        ("mark", ({"A": "1.60"},), {}),
        ("mark", ({"A": (1.5, "1.75"), "B": 2},), {"time": 8}),
        ("update_equity", (9, pa.table({"symbol": ["A"], "bid": [1], "ask": [2]})), {}),
        ("update_equity", (9,), {}),
        ("charge_fee", ("0.5", 9), {"position_id": 9}),
        ("charge_fee", (-1, 9), {}),
        ("close_position", (9, 2, 10), {"size": 1, "reason": "r"}),
        ("deposit", (5, 11), {}),
        ("withdraw", ("2.5", 11), {}),
    ]  # fmt: skip
    called, applied = op.PortfolioPython(1000), op.PortfolioPython(1000)
    rows = []
    for number, (name, arguments, keywords) in enumerate(operations):
        getattr(called, name)(*arguments, **keywords)
        rows += rows_of((name, arguments, keywords), number)
    assert len(rows) == len(operations) + 1
    for seed in range(50):
        applied = op.PortfolioPython(1000)
        applied.apply(event_table(Random(seed), rows))
        assert applied.digest == called.digest
        plain = op.PortfolioPython(1000)
        plain.apply(plain_table(event_table(Random(seed), rows)))
        assert plain.digest == called.digest
    keyed = rows_of(("close_position", ("K1", "2", 3), {}), 0)
    assert keyed == [{"action": "close", "price": 2, "time": 3, "key": "K1"}]
    assert exact("1E-3") == Decimal("0.001")


def test_a_spoiled_cell_is_one_cell():
    changed = Counter()
    for seed in range(300):
        rows = [{"action": "deposit", "time": 1, "amount": 1} for _ in range(3)]
        spoil_cell(Random(seed), rows)
        different = [row for row in rows if row != {"action": "deposit", "time": 1, "amount": 1}]
        assert len(different) <= 1
        changed[len(different)] += 1
        event_table(Random(seed), rows)
    assert changed[1] > 250


FAULTS = {
    LosesTheLastRow: ("an answer, accepted and accepted", 1),
    TakesNothingBack: ("", 2),
    OtherPlace: ("of events row , column time and", 2),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_frames_is_found_and_shrunk(fault):
    what, length = FAULTS[fault]
    plan = Plan(operations=20_000, seed=1, portfolio_operations=500)
    failure = equivalence.run(plan, Pair(op.PortfolioPython, fault)).failure
    assert failure is not None
    assert what in failure.difference.kind
    assert failure.length <= length, failure.program
    statements = [line for line in failure.program.splitlines() if line.startswith("pf.")]
    assert any(line.startswith("pf.apply(pyarrow.table(") for line in statements)
    # A frame of a few rows, and no cell that is not needed.
    assert len(failure.program) < 1_500


def lived(portfolio: type) -> op.Portfolio:
    made = portfolio(1000, leverage=10)
    live_through(made)
    return made


@pytest.mark.parametrize("fault", [OtherEvents, NullForZero, NullElsewhere])
def test_every_cell_of_the_events_is_compared(fault):
    visited = Visited()
    assert compare_events(lived(op.PortfolioPython), lived(op.PortfolioPython), visited) is None
    assert visited.cells == 2 * 27 * 49
    difference = compare_events(lived(op.PortfolioPython), lived(fault), visited)
    assert difference is not None
    assert difference.kind.startswith("row  of column fee of the exact table events")


SECOND_LIVES = {
    RefusesItsEvents: "an answer, accepted and InvalidFrame of events row , column action",
    OneEventMore: "the digest after the frame of all events",
    LosesTheLastRow: "an answer, accepted and accepted",
}


@pytest.mark.parametrize("fault", SECOND_LIVES)
def test_a_second_life_is_compared(fault):
    left, right = lived(op.PortfolioPython), lived(op.PortfolioPython)
    visited = Visited()
    pair = Pair(op.PortfolioPython, op.PortfolioPython)
    assert compare_second_lives(pair, SETTING, left, right, visited) is None
    assert visited.digests == 2
    spoiled = Pair(op.PortfolioPython, fault)
    difference = compare_second_lives(spoiled, SETTING, left, right, visited)
    assert difference is not None
    assert difference.kind.startswith(SECOND_LIVES[fault])


def test_events_that_both_sides_refuse_are_a_difference():
    left, right = lived(op.PortfolioPython), lived(op.PortfolioPython)
    pair = Pair(RefusesItsEvents, RefusesItsEvents)
    difference = compare_second_lives(pair, SETTING, left, right, Visited())
    assert difference is not None
    assert difference.what == "the frame of all events is refused"
