"""Tries every bad frame of events of the catalogue (64 to 79) on both backends at once.

Wanted each time: a typed refusal that names its place, the same on each backend, and an account
that is what it was, row by row. With `on_error="record"` a bad row is listed and a bad frame is
refused as a whole. A good frame means what its calls mean, whatever its layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

import omega_portfolio as op
from bad_event_frames import ACTIONS, BASE, ROWS, EventFrame, called, deposits, needed, with_column
from bad_event_layouts import ArrayCapsules, all_frames
from bad_frames import Capsule
from bad_inputs import scene
from conftest import _chosen_backends
from event_frames import KINDS, whole_picture
from interpreter import run_python
from test_apply_types import records

BACKENDS = _chosen_backends()
MODES = ("raise", "record")
FRAMES = all_frames()
MILLION = 1_000_000
READ_BY_PYARROW = (66, 75)
"""Entries that pyarrow, which reads for the Python backend, may refuse without a column."""


@dataclass(frozen=True)
class Answer:
    """What a backend made of a frame: an error, or receipts and refused rows."""

    error: tuple[int, str] | None
    digest: str
    receipts: tuple[Any, ...] = ()
    refused: tuple[Any, ...] = ()
    text: str = ""


def answer(backend: str, frame: object, on_error: str) -> Answer:
    """Apply a frame to a fresh account; check what holds whether it is refused or not."""
    portfolio = scene(backend)
    before = whole_picture(portfolio)
    try:
        receipts = portfolio.apply(frame, on_error=on_error, exact=True)
    except op.OmegaPortfolioError as error:
        return refused(portfolio, error, before)
    portfolio.verify()
    rows = receipts.refused.to_polars()
    return Answer(
        None,
        portfolio.digest,
        tuple(receipts.to_polars().rows()),
        tuple(rows.select("row", "code").rows()),
        "\n".join(rows["message"].to_list()),
    )


def refused(
    portfolio: op.Portfolio, error: op.OmegaPortfolioError, before: dict[str, object]
) -> Answer:
    """Check a refusal: typed, printable, without a trace."""
    assert type(error) is op.errors.by_code[error.code]
    assert error.rule
    assert error.remedy
    assert str(error).encode()
    assert whole_picture(portfolio) == before, f"a refused frame left a trace: {error}"
    portfolio.verify()
    return Answer((error.code, error.argument), portfolio.digest, text=error.value)


def answers(frame: EventFrame, on_error: str) -> dict[str, Answer]:
    """Give what each backend makes of a frame; but for the wording they agree."""
    found = {backend: answer(backend, frame.make(), on_error) for backend in BACKENDS}
    first = found[BACKENDS[0]]
    for other in found.values():
        assert (other.error, other.digest) == (first.error, first.digest)
        assert (other.receipts, other.refused) == (first.receipts, first.refused)
        assert places_of(other.text) == places_of(first.text)
    return found


def places_of(messages: str) -> list[str]:
    """Give the beginnings of messages, up to the column of a row that is refused."""
    return [line.split(": ")[0] for line in messages.split("\n") if "events=row " in line]


@pytest.mark.parametrize("frame", [frame for frame in FRAMES if frame.calls], ids=str)
@pytest.mark.parametrize("on_error", MODES)
def test_a_good_frame_means_what_the_calls_mean(frame, on_error):
    portfolio = scene(BACKENDS[0])
    frame.calls(portfolio)
    for found in answers(frame, on_error).values():
        assert (found.error, found.refused) == (None, ())
        assert found.digest == portfolio.digest


@pytest.mark.parametrize("frame", [frame for frame in FRAMES if not frame.calls], ids=str)
def test_a_bad_frame_is_refused_with_its_place_and_leaves_nothing(frame):
    code = frame.error.code
    for backend, found in answers(frame, "raise").items():
        assert found.error == (code, "events")
        if frame.row is not None:
            assert found.text.startswith(f"row {frame.row}, column {frame.column}: ")
        elif frame.column and (backend == "rust" or frame.number not in READ_BY_PYARROW):
            assert f"column {shown(frame.column)}" in found.text
    for found in answers(frame, "record").values():
        if frame.row is None:
            assert found.error == (code, "events")
        else:
            assert found.error is None
            assert found.refused[0] == (frame.row, code)
            place = f"[{code}] events=row {frame.row}, column {frame.column}: "
            assert found.text.startswith(place)
            assert len(found.receipts) + len(found.refused) == len(ROWS)


def shown(name: str) -> str:
    """Give the part of a column's name that every message shows as it is."""
    return name.partition("\0")[0]


@pytest.mark.parametrize("row", [0, 1_000, MILLION - 1])
def test_nan_in_one_row_of_a_million(backend, row):
    if backend == "python" and row > 1_000:
        pytest.skip("the Python backend needs half a minute for a million rows")
    portfolio = scene(backend)
    before = whole_picture(portfolio)
    with pytest.raises(op.InvalidNumber) as caught:
        portfolio.apply(deposits(MILLION, row))
    assert caught.value.argument == "events"
    assert caught.value.value.startswith(f"row {row}, column amount: ")
    assert whole_picture(portfolio) == before
    portfolio.verify()


def test_nan_is_recorded_alone(backend):
    rows = MILLION if backend == "rust" else MILLION // 50
    portfolio = scene(backend)
    balance = portfolio.balance
    receipts = portfolio.apply(deposits(rows, rows - 2), on_error="record")
    assert receipts.refused.to_polars().select("row", "code").rows() == [(rows - 2, 4011)]
    assert len(receipts) == rows - 1
    assert portfolio.balance == balance + rows - 1


@pytest.mark.parametrize("kind", ["stream", "array"])
@pytest.mark.parametrize("on_error", MODES)
def test_a_capsule_is_used_once(backend, on_error, kind):
    portfolio = scene(backend)
    frame = (
        Capsule(BASE.__arrow_c_stream__())
        if kind == "stream"
        else ArrayCapsules(records(BASE).__arrow_c_array__())
    )
    portfolio.apply(frame, on_error=on_error)
    first = whole_picture(portfolio)
    plain = scene(backend)
    called(plain)
    assert first == whole_picture(plain)
    for again in MODES:
        with pytest.raises(op.InvalidFrame) as caught:
            portfolio.apply(frame, on_error=again)
        assert caught.value.argument == "events"
        assert whole_picture(portfolio) == first


@pytest.mark.parametrize("on_error", MODES)
def test_a_broken_cell_that_no_row_reads_does_no_harm(backend, on_error):
    """Other cells are not looked at (E1): such a frame may be taken, or refused as a whole."""
    tags = pa.array([99 if at == 8 else 0 for at in range(len(ROWS))], pa.int32())
    assert ROWS[8]["action"] == "deposit"
    column = pa.DictionaryArray.from_arrays(tags, pa.array(["t"]), safe=False)
    found = answer(backend, with_column("tag", column), on_error)
    portfolio = scene(backend)
    if found.error is None:
        good = with_column("tag", pa.array(["t"] * len(ROWS)))
        portfolio.apply(good)
    else:
        assert found.error == (op.InvalidFrame.code, "events")
    assert found.digest == portfolio.digest


USED = """
import pyarrow as pa
import omega_portfolio as op
records = pa.array([{{"action": "mark"}}] * 3)
used = records.__arrow_c_array__()
pa.Array._import_from_c_capsule(*used)
fresh = records.__arrow_c_array__()
class Capsules:
    def __init__(self, *capsules):
        self.capsules = capsules
    def __arrow_c_array__(self, requested_schema=None):
        return self.capsules
portfolio = op.Portfolio(1000, backend={backend!r})
for capsules in (used, (used[0], fresh[1]), (fresh[0], used[1])):
    for on_error in ("raise", "record"):
        try:
            portfolio.apply(Capsules(*capsules), on_error=on_error)
        except op.InvalidFrame as error:
            print(error.code, error.argument, portfolio.events)
"""


def test_capsules_that_were_released_by_another_library(backend):
    """In an interpreter of its own: who reads them reads memory that was given back."""
    assert run_python(USED.format(backend=backend)) == ["4030 events 0"] * 6


def test_every_entry_and_every_column_was_tried():
    numbers = {frame.number for frame in FRAMES} | {65, 77}
    assert numbers == set(range(64, 80))
    assert set(BASE.column_names) == set(KINDS)
    assert len(ACTIONS) == 19
    pairs = set(needed())
    assert len(pairs) == 61
    assert {action for _, action in pairs} == set(ACTIONS)
    labels = [str(frame) for frame in FRAMES]
    assert len(set(labels)) == len(labels) >= 600
    assert sum(frame.calls is not None for frame in FRAMES) >= 24
