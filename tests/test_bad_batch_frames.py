"""Tries the frames of the catalogue of bad inputs on ``run_batch``, on both backends at once.

Wanted each time: a typed refusal that names the frame, the row and the column, the same on each
backend, before anything has run; or the same result.
"""

from __future__ import annotations

import warnings
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from bad_batch_frames import (
    BARS,
    BROKEN,
    FORGED,
    FRAMES,
    GOOD,
    NO_FRAMES,
    ORDERS,
    PARAMS,
    check_refusal,
    columns,
    with_cells,
)
from batches import bars_of, opened, orders_of
from conftest import _chosen_backends

BACKENDS = _chosen_backends()
COLUMNS = [(frame, name) for frame, table in FRAMES.items() for name in table.column_names]
COLUMNS += [("bars", "bid"), ("bars", "ask"), ("bars", "other")]


def answer(backend: str, **given: Any) -> tuple[Any, ...]:
    """Make a batch; give its refusal, or what it comes to."""
    asked: dict[str, Any] = {"labels": ["label"], "record": "none", "digest": True, "threads": 1}
    frames = {name: given.pop(name, table) for name, table in FRAMES.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = op.run_batch(**frames, backend=backend, **{**asked, **given})
    except op.OmegaPortfolioError as error:
        check_refusal(error)
        place, _, _ = error.value.partition(": ")
        return type(error).__name__, error.argument, place
    rejected = result.rejected.select("run_id", "row", "code", "argument").rows()
    return "ran", result.final["digest"].to_list(), rejected


def answers(make: Any = None, **given: Any) -> tuple[Any, ...]:
    """Give the answer of all backends; but for the wording they agree."""
    found = [answer(backend, **given, **(make() if make else {})) for backend in BACKENDS]
    assert found[0] == found[-1]
    return found[0]


def sides() -> pa.Table:
    """Give the bars with bid and ask instead of the spread."""
    low, high = BARS["open"], pa.array([101, 102, 6, 103]).cast(pa.decimal128(38, 9))
    return BARS.drop_columns("spread").append_column("bid", low).append_column("ask", high)


@pytest.mark.parametrize(("frame", "name"), COLUMNS)
def test_a_column_of_any_type_and_content(frame: str, name: str) -> None:
    table = sides() if name in ("bid", "ask") else FRAMES[frame]
    if name == "other":
        table = table.append_column(name, pa.nulls(4))
    for cells in columns():
        made = with_cells(table, name, cells)
        found = [answer(backend, **{frame: made}) for backend in BACKENDS]
        if cells.number in FORGED and name != "other":
            # pyarrow looks at whole columns before a row is read.
            assert all(one[0] != "ran" and one[1] == frame for one in found), cells
            continue
        assert found[0] == found[-1], cells
        if found[0][0] != "ran":
            # A run_id that can be read may be one that the other frame lacks.
            assert found[0][1] == frame or (name, found[0][1]) == ("run_id", "params"), cells
            assert "column " in found[0][2], cells
        if name == "other":
            assert found[0][0] == "ran", cells


@pytest.mark.parametrize(("frame", "name"), COLUMNS)
def test_a_column_that_is_missing_or_there_twice(frame: str, name: str) -> None:
    table = sides() if name in ("bid", "ask") else FRAMES[frame]
    if name == "other":
        table = table.append_column(name, pa.nulls(4))
        assert answers(**{frame: table.append_column(name, pa.nulls(4))})[0] == "ran"
        return
    answers(**{frame: table.drop_columns(name)})
    twice = answers(**{frame: table.append_column(name, table[name])})
    assert twice[:2] == ("InvalidFrame", frame)
    assert f"column {name}" in twice[2]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("form", BROKEN)
def test_a_stream_that_cannot_be_read(frame: str, form: str) -> None:
    for backend in BACKENDS:
        found = answer(backend, **{frame: BROKEN[form](FRAMES[frame])})
        assert found[:2] == ("InvalidFrame", frame)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("form", NO_FRAMES)
def test_what_is_no_frame(frame: str, form: str) -> None:
    if (frame, form) == ("params", "nothing"):
        return
    found = answers(**{frame: NO_FRAMES[form]})
    assert found[:2] == ("InvalidArgument", frame)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("form", GOOD)
def test_another_form_of_the_same_frame(frame: str, form: str) -> None:
    for backend in BACKENDS:
        assert answer(backend, **{frame: GOOD[form](FRAMES[frame])}) == answer(backend)


@pytest.mark.parametrize("name", ["", "no/such.parquet", "a\0b", "\ud800", "."])
@pytest.mark.parametrize("frame", FRAMES)
def test_a_file_that_is_not_there(frame: str, name: str) -> None:
    assert answers(**{frame: name})[0] == "InvalidFrame"


NO_ROWS: dict[str, pa.Table | None] = {
    "no rows": PARAMS[:0],
    "a column of no rows": pa.table({"size": pa.array([], pa.float64())}),
    "no columns": pa.table({}),
    "none": None,
    "rows": PARAMS,
    "rows without run_id": PARAMS.drop_columns("run_id"),
}


@pytest.mark.parametrize("form", NO_ROWS)
@pytest.mark.parametrize("path", ["pessimistic", "both"])
def test_frames_without_rows(form: str, path: str) -> None:
    params = NO_ROWS[form]
    labels = ["label"] if params is not None and "label" in params.column_names else []
    for bars in (BARS, BARS[:0], pa.table({})):
        for orders in (ORDERS, ORDERS[:0], ORDERS.drop_columns("run_id"), pa.table({})):
            for fill in ("next_open", "close"):
                options = {"labels": labels, "path": path, "fill": fill}
                if params is not None and "path" in params.column_names:
                    params = params.drop_columns("path")
                answers(bars=bars, orders=orders, params=params, **options)


def test_runs_that_only_one_of_the_frames_has() -> None:
    ids = PARAMS["run_id"].combine_chunks()
    place = PARAMS.column_names.index("run_id")
    for given, expected in (
        ([0, 0], ("params", "row 1, column run_id")),
        ([0, 7], ("params", "row 1, column run_id")),
        ([7, 8], ("params", "row 0, column run_id")),
        ([0, None], ("params", "row 1, column run_id")),
    ):
        params = PARAMS.set_column(place, "run_id", pa.array(given, ids.type))
        assert answers(params=params) == ("InvalidFrame", *expected)
    assert answers(params=PARAMS[:1]) == ("InvalidFrame", "orders", "row 2, column run_id")
    assert answers(params=PARAMS[:0]) == ("InvalidFrame", "orders", "row 0, column run_id")


BAR = (100, 10.0, 12.0, 9.0, 11.0, 0.5)
BAD_BARS: dict[str, tuple[list[tuple[Any, ...]], str | None]] = {
    "unsorted": ([BAR, (90, *BAR[1:])], "row 1, column time"),
    "twice": ([BAR, BAR], "row 1, column symbol"),
    "high below low": ([(100, 10.0, 8.0, 9.0, 10.0, 0.5)], "row 0, column high"),
    "low above open": ([(100, 8.0, 12.0, 9.0, 11.0, 0.5)], "row 0, column low"),
    "spread below 0": ([(*BAR[:5], -0.5)], "row 0, column spread"),
    "price of 0": ([(100, 0.0, 12.0, 0.0, 11.0, 0.5)], "row 0, column open"),
    "NaN": ([BAR, (101, float("nan"), *BAR[2:])], "row 1, column open"),
    "year 10000": ([(253_402_300_800_000_000, *BAR[1:])], "row 0, column time"),
    "a gap": ([BAR, (10**15, *BAR[1:])], None),
    "the last moment": ([(253_402_300_799_999_999, *BAR[1:])], None),
}


@pytest.mark.parametrize("label", BAD_BARS)
def test_bars_that_cannot_be(label: str) -> None:
    rows, place = BAD_BARS[label]
    options: dict[str, Any] = {"orders": orders_of(opened(100)), "params": None, "labels": []}
    found = answers(bars=bars_of(*rows), **options)
    if place is None:
        assert found[0] == "ran"
    else:
        assert found == ("InvalidFrame", "bars", place)


def test_an_ask_beyond_all_numbers_is_refused_as_a_bar(make_portfolio) -> None:
    huge = dict.fromkeys(("open", "high", "low", "close"), 10**28)
    portfolio = make_portfolio(1000)
    with pytest.raises(op.NumberOutOfRange) as beyond:
        portfolio.process_bar(1, {"A": {**huge, "spread": 9 * 10**28}})
    assert beyond.value.argument == "bars"
    portfolio.process_bar(1, {"A": {**huge, "spread": 8 * 10**28}})


def test_a_bid_above_the_ask_is_a_spread_below_zero() -> None:
    crossed = sides().set_column(7, "ask", pa.array([1] * 4))
    assert answers(bars=crossed) == ("InvalidFrame", "bars", "row 0, column ask")


@pytest.mark.parametrize("fill", ["next_open", "close"])
@pytest.mark.parametrize("on_error", ["record", "raise"])
def test_orders_without_a_bar_and_runs_that_fail(fill: str, on_error: str) -> None:
    bars = bars_of((100, 100), (200, 101), (300, 99))
    usual: dict[str, Any] = {"labels": [], "params": None, "fill": fill, "on_error": on_error}
    for action in ("open", "close", "modify", "cancel", "target"):
        for time in (-(10**15), 99, 301, 10**15):
            row = {**opened(time), "action": action}
            if action == "target":
                row["side"] = None
            found = answers(bars=bars, orders=orders_of(row), mode="netting", **usual)
            if on_error == "record" and found[2]:
                assert found[2] == [(0, 0, 4006, "time")]
            elif on_error == "raise" and found[0] != "ran":
                assert found == ("InvalidTime", "time", "run 0, row 0")
    three = pl.DataFrame({"size": [1, 10**7, 2]})
    found = answers(bars=bars, orders=orders_of(opened(100)), **{**usual, "params": three})
    if on_error == "record":
        assert found[0] == "ran"
        assert [row[:2] for row in found[2]] == [(1, 0)]
    grid = bars.with_columns(pl.col("open", "high", "low", "close") + pl.Series([0.0, 0.0, 0.5]))
    coarse = [op.Instrument("ACME", price_decimals=0)]
    found = answers(
        bars=grid, orders=orders_of(opened(100)), instruments=coarse, **{**usual, "params": three}
    )
    if on_error == "raise":
        assert found[:2] == ("InvalidPrice", "open")
        assert found[2].startswith("run 0")
    else:
        assert [row[2] for row in found[2] if row[1] is None] == [4005] * 3


@pytest.mark.parametrize("label", ["a decimal of 256 bits", "nothing but nulls", "a text"])
def test_a_label_of_any_type(label: str) -> None:
    cells = {
        "a decimal of 256 bits": pa.array([1, 2]).cast(pa.decimal256(60, 9)),
        "nothing but nulls": pa.nulls(2),
        "a text": pa.array(["x", "y"]),
    }[label]
    params = pa.table({"size": [1, 2], "label": cells})
    orders = ORDERS.drop_columns("run_id")
    found = answers(orders=orders, params=params)
    if "256" in label:
        assert found == ("InvalidFrame", "params", "column label")
    else:
        assert found[0] == "ran"
