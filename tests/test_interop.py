"""Tables to other libraries and frames of theirs back in: every value arrives, exactly.

The ways out are in `hand_overs.py`, the ways in in `hand_ins.py`. Which ways out copy is looked
at on the Rust backend, where a table is the engine's memory; the guide has the same table.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from copy_matrix import COPY, OBJECTS, SHARED, as_table, copy_matrix, table_of, verdict
from event_frames import paid, table, whole_picture
from hand_ins import FORMS, quotes_frame, told_frame, written_frame
from hand_overs import (
    GETTERS,
    HAND_OVERS,
    OF_PANDAS_3,
    OF_POLARS_2,
    SCANNED,
    WITH_NULLS,
    HandOver,
    everything,
    expected_cells,
    sources,
)
from omega_portfolio.bench.addresses import Chunk

GUIDE = Path(__file__).parents[1] / "docs" / "guide" / "frames.md"
HEADING = "## Which hand-overs copy"

rust_only = pytest.mark.skipif(
    "rust" not in _chosen_backends(), reason="the run is narrowed to python"
)


def label_of(way: HandOver) -> str:
    return way.label.replace("`", "").replace(" ", "_")


@pytest.mark.parametrize("way", HAND_OVERS, ids=label_of)
def test_every_value_arrives(make_portfolio, way):
    seen = set()
    for source in sources(make_portfolio):
        if not way.of(source):
            continue
        expected = expected_cells(source)
        found = way.cells(way.take(source))
        assert list(found) == source.table.columns, str(source)
        for name, cells in found.items():
            assert cells == expected[name], f"{name} of {source}"
            for cell, wanted in zip(cells, expected[name], strict=True):
                assert_of_kind(cell, wanted)
        assert all(len(cells) == len(source.table) > 0 for cells in found.values())
        seen.add(source.name)
    assert seen >= set(SCANNED) - set(WITH_NULLS)
    assert way.of is not everything or seen >= {*GETTERS, "receipts", "refused"}


def assert_of_kind(cell: object, wanted: object) -> None:
    """A number that became a float, or a time without its zone, can be equal by chance."""
    if isinstance(wanted, datetime):
        assert isinstance(cell, datetime)
        assert cell.utcoffset() == wanted.utcoffset()
    else:
        assert type(cell) is type(wanted)
    if isinstance(wanted, Decimal):
        assert cell.as_tuple() == wanted.as_tuple()


def test_the_values_are_those_of_every_kind_of_event(make_portfolio):
    cells = [expected_cells(source) for source in sources(make_portfolio)]
    kinds = {type(cell) for table in cells for column in table.values() for cell in column}
    assert kinds == {int, float, Decimal, str, datetime, type(None)}
    assert any(
        len(cell) > 12
        for table in cells
        for column in table.values()
        for cell in column
        if isinstance(cell, str)
    )
    assert {len(table) for table in cells} == {3, 6, 7, 8, 9, 10, 11, 12, 15, 23, 49}


# Copies


@rust_only
def test_the_guide_says_which_hand_overs_copy():
    matrix = copy_matrix()
    page = table_of(GUIDE.read_text("utf-8"), HEADING)
    newer = {way.label for way in [*OF_POLARS_2, *OF_PANDAS_3]}
    assert set(page) == set(matrix) | newer
    assert {label: page[label] for label in matrix} == matrix, as_table(matrix)
    assert {cell for row in matrix.values() for cell in row.values()} >= {SHARED, COPY}


def test_a_copy_is_told_from_shared_memory():
    here = [Chunk(10, 1000, (5000,)), Chunk(5, 2000, ())]
    assert verdict(8, here, list(here)) == SHARED
    assert verdict(8, here, [Chunk(15, 1080, ())]) == COPY
    assert verdict(8, here, None) == OBJECTS
    for there in (
        [Chunk(15, 1072, ())],
        [Chunk(15, 900, ())],
        [Chunk(10, 9000, (5000,)), Chunk(5, 9900, ())],
        [Chunk(10, 1000, (6000,)), Chunk(5, 2000, ())],
    ):
        with pytest.raises(AssertionError):
            verdict(8, here, there)
    with pytest.raises(AssertionError):
        verdict(8, here, [Chunk(14, 9000, ())])


def test_the_table_of_a_page_is_read():
    page = "# Page\n\n## Ways\n\nText.\n\n| way | A | B |\n|---|---|---|\n| `x` | 1 | 2 |\n\nEnd.\n"
    assert table_of(page, "## Ways") == {"`x`": {"A": "1", "B": "2"}}


# Frames of other libraries


def applied(portfolio: op.Portfolio, frame: object) -> dict[str, object]:
    """Apply a frame and give everything that came of it."""
    receipts = portfolio.apply(frame, on_error="record", exact=True)
    portfolio.verify()
    return {
        **whole_picture(portfolio),
        "receipts": receipts.to_polars().rows(),
        "refused": receipts.refused.to_polars().rows(),
    }


def forms(frame: object) -> set[str]:
    """Tell which methods of the Arrow PyCapsule interface a frame has."""
    return {name for name in ("__arrow_c_stream__", "__arrow_c_array__") if hasattr(frame, name)}


@pytest.mark.parametrize("form", FORMS)
def test_a_written_frame_means_the_same_in_every_form(make_portfolio, form):
    frame = written_frame()
    expected = applied(make_portfolio(1000, leverage=10), frame)
    assert [row for row, *_ in expected["refused"]] == [3, 10]
    assert len(expected["receipts"]) == len(frame) - 2
    assert applied(make_portfolio(1000, leverage=10), FORMS[form](frame)) == expected


@pytest.mark.parametrize("form", FORMS)
def test_the_events_of_a_portfolio_come_back_in_every_form(make_portfolio, form):
    portfolio = make_portfolio(1000, leverage=10)
    events = told_frame(portfolio)
    expected = applied(make_portfolio(1000, leverage=10), events)
    assert expected["digest"] == portfolio.digest
    assert (len(expected["receipts"]), expected["refused"]) == (len(events), [])
    found = applied(make_portfolio(1000, leverage=10), FORMS[form](events.to_pyarrow()))
    assert found == expected


@pytest.mark.parametrize("form", FORMS)
def test_prices_mean_the_same_in_every_form(make_portfolio, form):
    prices = quotes_frame()
    called, portfolio = make_portfolio(), make_portfolio()
    mapping = {
        symbol: (bid, ask) for symbol, bid, ask in zip(*prices.to_pydict().values(), strict=True)
    }
    called.mark(mapping, time=1)
    called.update_equity(2, mapping)
    portfolio.mark(FORMS[form](prices), time=1)
    portfolio.update_equity(2, FORMS[form](prices))
    assert whole_picture(portfolio) == whole_picture(called)
    assert portfolio.events == len(prices) + 2


def test_the_forms_speak_the_interface_in_every_way():
    spoken = {form: forms(make(written_frame())) for form, make in FORMS.items()}
    assert spoken["arro3 RecordBatch"] == spoken["nanoarrow c_array"] == {"__arrow_c_array__"}
    assert spoken["polars DataFrame"] == spoken["arro3 Table"] == {"__arrow_c_stream__"}
    assert spoken["pyarrow RecordBatch"] == {"__arrow_c_stream__", "__arrow_c_array__"}
    assert all(spoken.values())
    assert len(spoken) == 16


@pytest.mark.parametrize("exact", [False, True])
def test_a_table_of_one_backend_is_a_frame_for_the_other(exact):
    told = {}
    for backend in ("rust", "python"):
        portfolio = op.Portfolio(1000, leverage=10, backend=backend)
        told[backend] = told_frame(portfolio), portfolio.get_events(exact=exact), portfolio.digest
    for giver, taker in (("rust", "python"), ("python", "rust")):
        events, shown, digest = told[giver]
        again = op.Portfolio(1000, leverage=10, backend=taker)
        again.apply(events)
        assert again.digest == digest
        # The events of this account have short numbers, which a float holds as they are.
        other = op.Portfolio(1000, leverage=10, backend=taker)
        other.apply(shown)
        assert other.digest == digest


# What goes wrong, and how it is said


def test_a_query_is_collected_by_its_owner(make_portfolio):
    query = pl.DataFrame(table(paid(1))).lazy()
    with pytest.raises(op.InvalidArgument, match="must be an Arrow table"):
        make_portfolio().apply(query)
    assert make_portfolio().apply(query.collect()).to_polars().height == 1


def test_an_index_of_pandas_is_a_column_too_many(make_portfolio):
    frame = table(paid(1), paid(2)).to_pandas(types_mapper=pd.ArrowDtype)
    named = frame.set_index(pd.Index(["x", "y"]))
    with pytest.raises(op.InvalidFrame, match="__index_level_0__"):
        make_portfolio().apply(named)
    portfolio = make_portfolio(1000)
    portfolio.apply(named.reset_index(drop=True))
    assert portfolio.balance == 1002


def test_whole_numbers_of_numpy_with_gaps_are_floats(make_portfolio):
    frame = table(paid(1), {"action": "fee", "time": 1, "fee": 1, "position_id": 1})
    with pytest.raises(op.InvalidFrame, match="column position_id"):
        make_portfolio().apply(frame.to_pandas())
    converted = frame.to_pandas().convert_dtypes(dtype_backend="pyarrow")
    receipts = make_portfolio(1000).apply(converted, on_error="record")
    assert receipts.refused.to_polars().select("row", "code").rows() == [(1, 4001)]
