"""Both backends make the same of a batch; and the comparison would see it if they did not.

``OMEGA_TEST_BATCH_RUNS`` makes more of it, and ``OMEGA_TEST_SEED`` other batches.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from random import Random
from typing import Any

import pyarrow as pa
import pytest

import omega_portfolio as op
from omega_portfolio.bench import batch_equivalence, batch_shrink
from omega_portfolio.bench.__main__ import main
from omega_portfolio.bench.batch_cases import Case, Rows
from omega_portfolio.bench.batch_comparison import compare, make
from omega_portfolio.bench.batch_draws import Scale, draw_case
from omega_portfolio.bench.batch_equivalence import batch_class, report
from omega_portfolio.bench.table_comparison import Visited
from omega_portfolio.oracle.batch import BatchPython

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")
RUNS = int(os.environ.get("OMEGA_TEST_BATCH_RUNS", "250"))
SEED = int(os.environ.get("OMEGA_TEST_SEED", "20"))

needs_both = pytest.mark.skipif(len(BACKENDS) < 2, reason="the run is narrowed to one backend")


@needs_both
def test_both_backends_make_the_same_of_random_batches() -> None:
    pair = batch_class("rust"), batch_class("python")
    result = batch_equivalence.run(RUNS, SEED, pair)
    assert result.failure is None, report(result)
    assert result.runs > RUNS // 2
    assert result.trades > RUNS // 4
    assert result.failed_runs < result.runs // 3
    errors = {label.split(": ")[1].split(" of ")[0] for label in result.rejected}
    assert errors >= {
        *("InsufficientMargin", "InvalidArgument", "InvalidPositionSize", "InvalidPrice"),
        *("InvalidStopLoss", "InvalidTakeProfit", "InvalidTime", "MissingRate"),
    }
    assert result.refusals
    assert set(result.reasons) >= {
        *("stop_loss", "take_profit", "target", "trailing_stop", "time_exit"),
        *("reduce", "flip", "stop_out"),
    }


def test_a_run_of_the_comparison_repeats_itself() -> None:
    pair = BatchPython, BatchPython
    scale = Scale(moments=6, rows=6, runs=2)
    first, second = (batch_equivalence.run(20, 3, pair, scale=scale) for _ in "12")
    assert first.failure is None
    assert first.visited.hexdigest() == second.visited.hexdigest()
    assert first.visited.hexdigest() != (
        batch_equivalence.run(20, 4, pair, scale=scale).visited.hexdigest()
    )


class Spoiled:
    """A batch of which one table differs in one cell, or that answers something else."""

    def __init__(self, batch: BatchPython, name: str, column: str) -> None:
        self._batch, self._name, self._column = batch, name, column

    def __len__(self) -> int:
        return len(self._batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def run(self, *arguments: Any, **options: Any) -> Any:
        return SpoiledTables(self._batch.run(*arguments, **options), self._name, self._column)


class SpoiledTables:
    def __init__(self, tables: Any, name: str, column: str) -> None:
        self._tables, self._name, self._column = tables, name, column

    def __getattr__(self, name: str) -> Any:
        table = getattr(self._tables, name)
        return SpoiledTable(table, self._column) if name == self._name else table


class SpoiledTable:
    def __init__(self, table: Any, column: str) -> None:
        self._table, self._column = table, column
        self.columns = table.columns

    def __len__(self) -> int:
        return len(self._table)

    def to_pyarrow(self) -> pa.Table:
        table: pa.Table = self._table.to_pyarrow()
        place = table.column_names.index(self._column)
        kind = table.schema.field(place)
        other = {
            "string_view": "other",
            "timestamp[us, tz=UTC]": 5,
            "double": 0.123,
            "bool": None,
        }.get(str(kind.type), 7)
        return table.set_column(place, kind, pa.array([other] * len(table), kind.type))


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("equity", "equity"),
        ("trades", "mae"),
        ("metrics", "trade_count"),
        ("metrics", "total_return"),
        ("final", "status"),
        ("final", "digest"),
        ("rejected", "row"),
        ("rejected", "message"),
    ],
)
def test_a_planted_difference_is_found_and_made_small(
    name: str, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_shrink, "BUDGET", 0.5)

    def spoiled(*arguments: Any, **options: Any) -> Any:
        return Spoiled(BatchPython(*arguments, **options), name, column)

    scale = Scale(moments=8, rows=8, runs=2)
    result = batch_equivalence.run(2_000, 5, (BatchPython, spoiled), scale=scale)
    failure = result.failure
    assert failure is not None
    assert name in failure.difference.what or failure.difference.what == "a message"
    compile(failure.program, "program", "exec")
    assert "1 difference: seed 5" in report(result)


def test_what_is_refused_elsewhere_is_a_difference() -> None:
    bars = Rows(("time", "symbol", "open", "high", "low", "close"), ())
    case = Case({"bars": bars, "orders": Rows(("time", "action", "symbol"), ())}, {}, {})

    def refuses(*_: Any, **__: Any) -> Any:
        raise ValueError("no refusal of ours")

    answers = [make(case, constructor, [], 1) for constructor in (BatchPython, refuses)]
    found = compare(answers[0], answers[1], Visited())
    assert found is not None
    assert found.what == "an exception that is no typed refusal"


def test_the_program_that_is_printed_runs() -> None:
    bars = Rows(
        ("time", "symbol", "open", "high", "low", "close"),
        tuple(
            dict.fromkeys(("open", "high", "low", "close"), 5) | {"time": 1, "symbol": "A"}
            for _ in "1"
        ),
    )
    orders = Rows(("time", "action", "symbol"), ({"time": 1, "action": "close", "symbol": "A"},))
    case = Case({"bars": bars, "orders": orders}, {"initial_balance": 5}, {"record": "bar"})
    program = case.as_python().replace("core_module().Batch, ", "")
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102
    assert len(names["found"].final) == 1


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["batch-equivalence", "--runs", "5", "--left", "python", "--right", "python"]
    assert main([*command, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["differences"] == 0
    assert main(command) == 0
    assert "0 differences" in capsys.readouterr().out


@pytest.mark.parametrize("number", range(12))
def test_a_run_is_proved_by_its_events(backend: str, number: int) -> None:
    """R11: the same account as the one that gets these events through the calls."""
    case = draw_case(Random(f"lives:{number}"), Scale(moments=12, rows=16, runs=2))
    names = ("currency", "leverage", "mode", "rounding", "margin_call", "stop_out", "path", "pivot")
    settings = {name: case.options[name] for name in names if name in case.options}
    frames = {name: rows for name, rows in case.frames.items() if name != "params"}
    options = {name: value for name, value in case.options.items() if name != "labels"}
    batch = replace(case, frames=frames, options=options, casts={}).build(batch_class(backend))
    digests = batch.run(0, len(batch), digest=True).final.to_polars()["digest"].to_list()
    for place, digest in enumerate(digests):
        account = batch.portfolio(place)
        assert account.digest == digest
        account.verify()
        again = op.Portfolio(case.options["initial_balance"], backend=backend, **settings)
        again.apply(account.get_events())
        assert again.digest == digest
