"""Tries every argument of the calls of a batch with the catalogue of bad inputs.

Wanted each time: a typed refusal that names the argument, the same on each backend, no warning,
and nothing that is half done.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import omega_portfolio as op
from bad_batch_frames import check_refusal
from bad_inputs import COUNTS, NUMBERS, RATES, TEXTS, TIMES, Entry
from batches import bars_of, opened, orders_of
from conftest import _chosen_backends

BACKENDS = _chosen_backends()
BARS = bars_of((100, 100), (200, 101), (300, 99))
ORDERS = orders_of(opened(100), opened(200, side="short"))
PARAMS = pl.DataFrame({"size": [1, 2]})

MORE: list[tuple[str, Any]] = [
    ("an object", object()),
    ("a list", []),
    ("a mapping", {}),
    ("2**64", 2**64),
    ("a frame", pl.DataFrame({"time": [1, 1], "A": [1.0, float("nan")]})),
    ("an empty frame", pl.DataFrame()),
    ("a lazy frame", pl.LazyFrame({"time": [1]})),
    ("an array", np.zeros((3, 2))),
    ("an array of NaN", np.full((3, 1), np.nan)),
    ("a series", pl.Series([1, 2, 3])),
    ("a set", {1}),
    ("a range", range(3)),
    ("a range without end", range(10**12)),
    ("a list of lists", [[1]]),
    ("a mixed list", [1, "a"]),
    ("a flag of NumPy", np.bool_(True)),
    ("no time", pd.NaT),
    ("a class", op.Costs),
]


def values(*entries: list[Entry]) -> list[tuple[str, Any]]:
    """Make the values of some entries, those apart that need a portfolio."""
    account = op.Portfolio(1000, backend="python")
    made = [(str(one.label), one.make(account)) for one in chain(*entries)]
    return [*made, *MORE]


EVERYTHING = values(NUMBERS, TEXTS, TIMES, RATES, COUNTS)


def answer(call: Callable[[], object]) -> tuple[str, str]:
    """Make a call; give its refusal, or that there was none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call()
    except op.OmegaPortfolioError as error:
        check_refusal(error)
        return type(error).__name__, error.argument
    return "fine", ""


def batch(backend: str, **given: Any) -> op.BatchResult:
    frames = {"bars": BARS, "orders": ORDERS, "params": PARAMS}
    return op.run_batch(**{**frames, "record": "none", "backend": backend, "threads": 1, **given})


ARGUMENTS = (
    *("instruments", "costs", "fill", "path", "labels", "initial_balance", "currency", "leverage"),
    *("mode", "floats", "rounding", "off_grid", "margin_call", "stop_out", "pivot", "record"),
    *("equity_columns", "trades", "exact", "digest", "layout", "on_error", "periods_per_year"),
    *("risk_free_rate", "mar", "confidence", "resample", "sink_format", "resume", "threads"),
    *("max_memory", "cancel"),
    *("executor", "workers", "shard_runs", "address", "scratch"),
)
NAMED = {"instruments": {"instruments", "instrument"}, "labels": {"labels", "params"}}
"""An instrument that is none is named as in a portfolio; a label may be no column."""


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_of_run_batch(argument: str) -> None:
    refused = 0
    for label, value in EVERYTHING:
        found = [
            answer(lambda one=one, value=value: batch(one, **{argument: value})) for one in BACKENDS
        ]
        assert found[0] == found[-1], label
        if found[0][0] != "fine":
            refused += 1
            assert found[0][1] in NAMED.get(argument, {argument}), label
    assert refused > len(EVERYTHING) // 4


@pytest.mark.parametrize("progress", [0, 1, "yes", [], 1.5, object(), b"x", float("nan")])
def test_a_progress_that_cannot_be_told(progress: object, backend: str) -> None:
    assert answer(lambda: batch(backend, progress=progress)) == ("InvalidArgument", "progress")


@pytest.mark.parametrize("threads", [0, -1, True, 2**64, 1.0, "2"])
def test_a_number_of_threads_that_cannot_be(threads: object, backend: str) -> None:
    assert answer(lambda: batch(backend, threads=threads)) == ("InvalidArgument", "threads")


@pytest.mark.parametrize("executor", ["processes", "ray"])
@pytest.mark.parametrize("argument", ["workers", "shard_runs", "address", "scratch"])
def test_an_argument_of_an_executor(argument: str, executor: str) -> None:
    tried = refused = 0
    for label, value in EVERYTHING:
        if value is None or (argument in ("workers", "shard_runs") and type(value) is int):
            # These would be taken.
            continue
        if argument == "address" and executor == "ray" and isinstance(value, str) and value:
            continue
        tried += 1
        found = [
            answer(lambda one=one, value=value: batch(one, executor=executor, **{argument: value}))
            for one in BACKENDS
        ]
        assert found[0] == found[-1], label
        assert found[0] == ("InvalidArgument", argument), label
        refused += 1
    assert refused == tried > 20


@pytest.mark.parametrize(
    ("executor", "argument", "value"),
    [
        *(("threads", name, 1) for name in ("workers", "shard_runs")),
        *((name, "address", "auto") for name in ("threads", "processes")),
        *((name, "scratch", ".") for name in ("threads", "ray")),
        *(("processes", "workers", value) for value in (0, -1, 1025, True, 1.0, "2", 2**64)),
        *(("processes", "shard_runs", value) for value in (0, -1, True, 1.0, "2")),
        *(("processes", "scratch", value) for value in ("", "a\0b", "\ud800", "/no/such", b"", 1)),
        *(("ray", "address", value) for value in ("", "a\0b", 1, b"auto", True)),
    ],
)
def test_what_an_executor_does_not_take(
    executor: str, argument: str, value: object, backend: str
) -> None:
    found = answer(lambda: batch(backend, executor=executor, **{argument: value}))
    assert found == ("InvalidArgument", argument)


@pytest.mark.parametrize("executor", ["", "Threads", "process", None, 1, int, [], b"ray", open])
def test_an_executor_that_is_none(executor: object, backend: str) -> None:
    assert answer(lambda: batch(backend, executor=executor)) == ("InvalidArgument", "executor")


@pytest.mark.parametrize("sink", ["", "a\0b", "\ud800", b"", 1, True, ["x"], object()])
def test_a_sink_that_is_no_folder(sink: object, backend: str) -> None:
    assert answer(lambda: batch(backend, sink=sink)) == ("InvalidArgument", "sink")


COSTS: dict[str, op.Costs] = {
    "commission": op.Costs(commission=1),  # type: ignore[arg-type]
    "slippage": op.Costs(slippage="x"),  # type: ignore[arg-type]
    "swap": op.Costs(swap=[]),  # type: ignore[arg-type]
    "commission.kind": op.Costs(commission=op.Commission("x", 1)),  # type: ignore[arg-type]
    "commission.tiers": op.Costs(commission=op.Commission("rate", tiers=[(1, 1, 1)])),
    "slippage.value": op.Costs(slippage=op.Slippage("points", -1)),
    "swap.rollover": op.Costs(swap=op.Swap("points", 1, 1, rollover="25:00")),
}


@pytest.mark.parametrize("argument", COSTS)
@pytest.mark.parametrize("instruments", [[], [op.Instrument("ACME")]])
def test_costs_are_asked_before_anything_runs(argument: str, instruments: Any) -> None:
    found = [
        answer(lambda one=one: batch(one, costs=COSTS[argument], instruments=instruments))
        for one in BACKENDS
    ]
    assert found[0] == found[-1]
    assert found[0][1] == argument


ENTRIES = pl.DataFrame({"time": [100, 200, 300], "A": [True, False, False]})
WEIGHTS = pl.DataFrame({"time": [100, 200, 300], "A": [0.5, 0.2, 0.0]})
HELPERS: dict[str, Callable[[Any], object]] = {
    "grid": lambda value: op.grid(size=value),
    "grid, of a list": lambda value: op.grid(size=[1, value]),
    "sample, n": lambda value: op.sample(value, 1, size=(1, 2)),
    "sample, seed": lambda value: op.sample(3, value, size=(1, 2)),
    "sample, range": lambda value: op.sample(3, 1, size=value),
    "sample, low": lambda value: op.sample(3, 1, size=(value, 2)),
    "sample, high": lambda value: op.sample(3, 1, size=(0, value)),
    "sample, method": lambda value: op.sample(3, 1, method=value, size=(1, 2)),
    "sample, decimals": lambda value: op.sample(3, 1, decimals=value, size=(1, 2)),
    "sample, log": lambda value: op.sample(3, 1, log=value, size=(1, 2)),
    **{
        f"signals, {name}": lambda value, name=name: op.orders_from_signals(
            **{"entries": ENTRIES, name: value}
        )
        for name in ("entries", "exits", "short_entries", "times", "symbols", "size", "stop_loss")
    },
    **{
        f"weights, {name}": lambda value, name=name: op.orders_from_weights(
            **{"weights": WEIGHTS, name: value}
        )
        for name in ("weights", "rebalance", "size_rule", "times", "symbols", "tag")
    },
}


@pytest.mark.parametrize("helper", HELPERS)
def test_an_argument_of_a_helper(helper: str) -> None:
    refused = 0
    for label, value in EVERYTHING:
        if helper == "sample, n" and isinstance(value, np.ndarray | pl.DataFrame | pl.LazyFrame):
            continue
        if helper == "sample, n" and isinstance(value, pl.Series):
            continue
        found = answer(lambda value=value: HELPERS[helper](value))
        assert found[0] in ("fine", "InvalidArgument", "InvalidFrame"), label
        refused += found[0] != "fine"
    assert refused


WALK: dict[str, Any] = {"bars": BARS, "orders": ORDERS, "params": PARAMS, "train": 1, "test": 1}


@pytest.mark.parametrize(
    "argument",
    ["bars", "orders", "params", "train", "test", "window", "gap", "metric", "descending"],
)
def test_an_argument_of_walk_forward(argument: str) -> None:
    for label, value in EVERYTHING:
        if callable(value) or isinstance(value, str | date):
            # A path, a function that makes the orders, or a time: that of others.
            continue
        found = answer(
            lambda value=value: op.walk_forward(**{**WALK, argument: value, "backend": "python"})
        )
        assert found[0] in ("fine", "InvalidArgument", "InvalidFrame"), label


RESULTS: dict[str, tuple[str, Callable[[op.BatchResult, Any], object]]] = {
    "best, metric": ("metric", lambda result, value: result.best(value)),
    "best, n": ("n", lambda result, value: result.best("sharpe_ratio", value)),
    "best, descending": ("descending", lambda result, value: result.best(descending=value)),
    "portfolio": ("run_id", lambda result, value: result.portfolio(value)),
    "plot, metric": ("metric", lambda result, value: result.plot(value)),
    "plot, over": ("over", lambda result, value: result.plot(over=value)),
    "plot, runs": ("runs", lambda result, value: result.plot(runs=value)),
}


@pytest.mark.parametrize("method", RESULTS)
def test_an_argument_of_a_result(method: str) -> None:
    argument, call = RESULTS[method]
    result = batch(BACKENDS[0], record="bar")
    refused = 0
    for label, value in EVERYTHING:
        found = answer(lambda value=value: call(result, value))
        assert found in (("fine", ""), ("InvalidArgument", argument)), label
        refused += found[0] != "fine"
    assert refused > len(EVERYTHING) // 2


def test_a_report_of_no_run_writes_nothing(tmp_path: Path, backend: str) -> None:
    result = batch(backend)
    for run in (2, -1, True, 10**5000, None, "0", 2**64):
        path = tmp_path / "report.html"
        assert answer(lambda run=run, path=path: result.report(run, path)) == (
            "InvalidArgument",
            "run_id",
        )
    assert list(tmp_path.iterdir()) == []


def test_a_batch_inside_the_progress_of_another(backend: str) -> None:
    inner: list[Any] = []

    def look(_done: int, _total: int) -> None:
        inner.append(batch(backend).final["balance"].to_list())

    outer = batch(backend, progress=look).final["balance"].to_list()
    assert inner
    assert all(one == outer for one in inner)


def test_a_progress_that_raises_ends_the_batch(backend: str) -> None:
    def look(_done: int, _total: int) -> None:
        raise ZeroDivisionError("enough")

    with pytest.raises(ZeroDivisionError, match="enough"):
        batch(backend, progress=look)
    assert len(batch(backend)) == 2


def test_very_many_runs_of_a_tiny_batch() -> None:
    runs = int(os.environ.get("OMEGA_TEST_BATCH_RUNS", "3000"))
    backend = BACKENDS[0]
    params = pl.DataFrame({"size": pl.int_range(1, runs + 1, eager=True) % 7 + 1})
    result = batch(backend, params=params, threads=2, trades=False)
    assert result.final.height == runs
    assert result.final["balance"].n_unique() <= 7
    assert answer(lambda: batch(backend, params=params, record="bar", max_memory=1000)) == (
        "InvalidArgument",
        "max_memory",
    )
