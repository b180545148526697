"""The measurement of a long equity history, at small sizes, and what it says when a promise breaks.

The memory of a process is only judged at sizes that the tests do not build; that the judgement
would see a broken promise is shown with made-up figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest

from omega_portfolio.bench import history, history_report, memory
from omega_portfolio.bench.__main__ import main
from omega_portfolio.bench.zero_copy import Timing

ROWS = 100_000
NAMES = [
    "0 bytes copied in the hand-over",
    "one chunk with a capacity",
    "peak memory at most 1.15 of the columns",
    "the lazy read gives the known answer",
    "the last frame holds the memory, and gives it back",
    "compact() gives one chunk of the same values",
]
MEMORY = {NAMES[2], NAMES[4]}

pytestmark = pytest.mark.skipif(
    "rust" not in os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(","),
    reason="the run is narrowed to python",
)


@pytest.fixture(scope="module")
def measured() -> history.Result:
    return history.run(ROWS)


def large(result: history.Result) -> history.Result:
    """Give a result of a size that is judged, with figures that keep every promise."""
    rows = 100 * ROWS
    columns = history.ROW_BYTES * rows
    building = replace(
        result.building, rows=rows, bytes_columns=columns, bytes_peak=int(1.14 * columns)
    )
    return replace(
        result, building=building, bytes_held=int(1.01 * columns), bytes_left=int(0.04 * columns)
    )


def verdicts(result: history.Result) -> dict[str, bool | None]:
    return {promise.name: promise.kept for promise in history_report.promises(result)}


def test_the_figures_are_those_of_the_history(measured):
    building, growth = measured.building, measured.growth
    assert (building.rows, building.rows_per_frame, building.chunks) == (ROWS, 1_000, 1)
    assert building.bytes_columns == 152 * ROWS
    # An update with one quote takes 11 bytes of the log.
    assert building.bytes_log // ROWS == 11
    assert 0 < building.seconds_apply < building.seconds_total
    assert [(each.rows, each.bytes_copied) for each in measured.hand_overs] == [
        (1_000, 0),
        (ROWS, 0),
    ]
    assert measured.lazy.found == measured.lazy.expected
    assert (growth.rows, growth.chunks_compacted, growth.same_values) == (ROWS // 10, 1, True)
    assert growth.chunks > 1
    assert growth.bytes_columns == 152 * growth.rows
    assert set(verdicts(measured)) == set(NAMES)


@pytest.mark.skipif(memory.resident_bytes() is None, reason="the system does not say")
def test_the_memory_is_measured_where_the_system_says():
    # In a process of its own: memory that other tests have freed would be taken first.
    command = [sys.executable, "-m", "omega_portfolio.bench", "history", "--rows", str(ROWS)]
    shown = subprocess.run([*command, "--json"], check=True, capture_output=True)  # noqa: S603
    facts = json.loads(shown.stdout)
    building, columns = facts["building"], 152 * ROWS
    assert building["bytes_columns"] == columns
    assert building["bytes_peak"] >= building["bytes_resident"] >= columns
    assert facts["bytes_held"] >= columns > facts["bytes_left"]
    assert facts["growth"]["bytes_peak"] >= 0
    not_judged = [each for each in facts["promises"] if each["kept"] is None]
    assert {each["name"] for each in not_judged} == MEMORY
    assert all(each["seen"].endswith("judged from 10,000,000 rows") for each in not_judged)


@pytest.mark.skipif(memory.resident_bytes() is None, reason="the system does not say")
def test_the_peak_sees_memory_that_is_gone_again():
    size = 64_000_000
    baseline = memory.forget_peak()
    assert baseline is not None
    # Written to, so that the system has to give every page.
    block = bytearray(b"x") * size
    assert len(block) == size
    del block
    assert memory.peak_bytes() - baseline > 0.9 * size
    assert memory.forget_peak() is not None
    assert memory.peak_bytes() - memory.resident_bytes() < size / 2


def test_the_known_answer_is_what_the_events_say():
    for rows in (1, 11, 12, 32, 75):
        frame = history.events(0, rows)
        found = history.run(rows).lazy
        below = frame.filter(pl.col("price") < history.ENTRY_PRICE)
        assert found.expected == found.found
        assert found.found[0] == below.height
    assert frame.equals(pl.concat([history.events(0, 40), history.events(40, 35)]))
    assert frame["price"].min() == history.LOWEST_PRICE
    assert frame["price"].n_unique() == history.PRICES


def test_a_result_that_is_large_enough_is_judged_as_a_whole(measured):
    assert verdicts(large(measured)) == dict.fromkeys(NAMES, True)
    assert history_report.all_kept(large(measured))


def broken_results(result: history.Result) -> dict[str, list[history.Result]]:
    """Give results that break one promise each, by the name of it."""
    building, growth, columns = result.building, result.growth, result.building.bytes_columns
    copied = Timing(10, 1, 1e-6, 1e-6, 80, 8)
    return {
        NAMES[0]: [replace(result, hand_overs=[*result.hand_overs, copied])],
        NAMES[1]: [replace(result, building=replace(building, chunks=2))],
        NAMES[2]: [replace(result, building=replace(building, bytes_peak=int(1.16 * columns)))],
        NAMES[3]: [replace(result, lazy=replace(result.lazy, found=(0, 1.0)))],
        NAMES[4]: [
            replace(result, bytes_left=int(0.06 * columns)),
            replace(result, bytes_held=int(0.8 * columns)),
        ],
        NAMES[5]: [
            replace(result, growth=replace(growth, chunks_compacted=2)),
            replace(result, growth=replace(growth, same_values=False)),
        ],
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_promise_is_named(measured, name, monkeypatch, capsys):
    results = broken_results(large(measured))[name]
    assert results
    for result in results:
        assert verdicts(result) == dict.fromkeys(NAMES, True) | {name: False}
        monkeypatch.setattr(history, "run", lambda *_, result=result: result)
        assert main(["history", "--rows", "10"]) == 1
        [line] = [row for row in capsys.readouterr().out.splitlines() if "BROKEN" in row]
        assert line.startswith(f"BROKEN: {name} (")
        assert main(["history", "--rows", "10", "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["all_kept"] is False


def test_a_system_that_does_not_say_is_reported_as_such(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(memory, "PROCESS", tmp_path / "nowhere")
    assert main(["history", "--rows", "2000"]) == 0
    text = capsys.readouterr().out
    not_judged = [line for line in text.splitlines() if line.startswith("not judged: ")]
    assert len(not_judged) == len(MEMORY)
    assert all("(the system does not say)" in line for line in not_judged)
    assert "peak                     the system does not say" in text
    assert main(["history", "--rows", "2000", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["building"]["bytes_peak"] is None
    assert facts["bytes_held"] is None
    assert facts["building"]["bytes_columns"] == 304_000


def test_a_status_without_the_figure_gives_none(monkeypatch, tmp_path):
    (tmp_path / "status").write_text("Name:\tpython\nVmRSS:\t     12 kB\n", "ascii")
    (tmp_path / "clear_refs").mkdir()
    monkeypatch.setattr(memory, "PROCESS", tmp_path)
    assert memory.resident_bytes() == 12 * 1024
    assert memory.peak_bytes() is None
    assert memory.forget_peak() is None
    assert memory.above(None, 1) is memory.above(1, None) is None


def test_the_command_prints_all_of_it(capsys):
    assert main(["history", "--rows", "5000"]) == 0
    text = capsys.readouterr().out
    assert "5,000 rows from frames of 1,000, one position, capacity=5000" in text
    assert "500 rows without a capacity" in text
    verdict_lines = [
        line for line in text.splitlines() if line.startswith(("kept: ", "not judged"))
    ]
    assert len(verdict_lines) == len(NAMES)
