"""COMPARE.md says what is true: each row is held against the filed facts and our value today.

Where a library is installed in the version that the facts are of, it is asked again.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import golden_data as data
import omega_portfolio as op
from golden_data import GOLDEN
from metric_values import RELATIVE, is_close
from test_golden_metrics import RENAMED

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tools"))

import compare_libraries as tool  # noqa: E402
from library_calls import ASKED_OF_DEGENERATE, CALLS, MODULES, Call, Curve  # noqa: E402

RESULTS: dict[str, Any] = json.loads(tool.RESULTS.read_text(encoding="utf-8"))
REAL: list[dict[str, Any]] = RESULTS["real"]
DEGENERATE: list[dict[str, Any]] = RESULTS["degenerate"]
LIBRARIES = sorted(RESULTS["libraries"])
DATA_LABEL = re.compile(r"(\w+)(?P<list> close trades)?(?:, rf (?P<rate>[\d.]+))?")


def table(name: str) -> list[list[str]]:
    """Give the rows of a table of the document."""
    text = tool.DOCUMENT.read_text(encoding="utf-8")
    _, _, rest = text.partition(f"<!-- {name} -->\n")
    found, _, _ = rest.partition(f"<!-- end of {name} -->\n")
    lines = [line for line in found.split("\n") if line][2:]
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
    ]


@cache
def curves() -> dict[str, Curve]:
    return {
        **tool.real_curves(),
        **{case: tool.degenerate_curve(case) for case in tool.DEGENERATE},
    }


@cache
def today(label: str, backend: str) -> op.Metrics:
    """Give our metrics of a curve of the tool."""
    curve = curves()[label]
    stamps = [stamp.to_pydatetime() for stamp in curve.close.index]
    frame = {"time": stamps, "equity": curve.close.to_numpy()}
    import pyarrow as pa

    return op.metrics(
        pa.table(frame),
        periods_per_year=curve.periods,
        risk_free_rate=curve.rate,
        backend=backend,
    )


def test_the_facts_are_of_every_library_and_call() -> None:
    assert set(RESULTS["libraries"]) == set(MODULES)
    assert len(REAL) == 2 * len(CALLS) >= 100
    assert len(DEGENERATE) == len(tool.DEGENERATE) * len(ASKED_OF_DEGENERATE) >= 100
    assert {row["library"] for row in REAL} == set(MODULES)


def test_our_values_in_the_facts_are_those_of_today(backend: str) -> None:
    for row in [*REAL, *DEGENERATE]:
        found = today(row["data"], backend)[row["metric"]]
        # A ratio over a rounding error is not good for nine digits.
        close = RELATIVE if row["ours"] is None or abs(row["ours"]) < 1e6 else 1e-6
        assert is_close(found, row["ours"], close), row


def test_calls_of_the_same_definition_gave_our_value() -> None:
    same = [row for row in REAL if not row["differs"]]
    assert len(same) >= 70
    for row in same:
        assert row["ratio"] == pytest.approx(1, abs=RELATIVE), row


def test_calls_of_another_definition_gave_another_value_on_some_curve() -> None:
    different = {(row["metric"], row["library"], row["call"]): [] for row in REAL if row["differs"]}
    assert len(different) >= 15
    for row in REAL:
        key = (row["metric"], row["library"], row["call"])
        if key in different:
            different[key].append(abs(row["ratio"] - 1))
    assert {key for key, ratios in different.items() if max(ratios) <= RELATIVE} == set()


def test_the_rows_of_the_same_figure_are_facts(backend: str) -> None:
    rows = table("same")
    facts = {
        (row["metric"], tool.versioned(row["library"], RESULTS), f"`{row['call']}`"): row
        for row in REAL
        if row["data"] == "GOOG" and not row["differs"]
    }
    assert len(rows) == len(facts) >= 35
    for metric, library, call, value in rows:
        fact = facts[metric, library, call]
        assert value == tool.short(fact["value"])
        assert value == tool.short(today("GOOG", backend)[metric])


@cache
def of_label(label: str, backend: str) -> tuple[str, op.Metrics]:
    """Give dataset and our metrics of a label of the table of variants."""
    found = DATA_LABEL.fullmatch(label)
    assert found is not None
    dataset, rate = found[1], found["rate"] or "0"
    options: dict[str, Any] = {"risk_free_rate": rate, "trials": data.TRIALS, "backend": backend}
    if found["list"] is None:
        return dataset, op.metrics(data.frame(dataset), **options)
    curve = data.exact_rows(dataset, "close")["equity"].astype("float64").to_numpy()
    return dataset, op.metrics(
        data.frame(dataset, values=curve),
        data.trades_frame(dataset, "close"),
        benchmark=data.frame(dataset, "close"),
        **options,
    )


def our_value(metric: str, label: str, backend: str) -> float:
    _, found = of_label(label, backend)
    value: Any = found[RENAMED.get(metric, metric)]
    return value.total_seconds() if metric.endswith("_s") else float(value)


def test_the_rows_of_another_figure_are_golden_facts(backend: str) -> None:
    facts = {
        (one["metric"], one["library"], f"`{one['call']}`"): one for one in tool.golden_variants()
    }
    rows = table("variants")
    assert len(rows) == len(facts) >= 40
    for metric, library, call, differs, label, theirs, filed, ratio in rows:
        fact = facts[metric, library, call]
        assert (differs, label) == (fact["differs"], fact["data"])
        assert ratio == f"{fact['ratio']:.9g}"
        ours = our_value(metric, label, backend)
        assert (theirs, filed) == (tool.short(fact["value"]), tool.short(ours))
        assert fact["value"] / ours == pytest.approx(fact["ratio"], rel=RELATIVE), metric
        name, version = library.rsplit(" ", 1)
        assert GOLDEN["library_versions"].get(name) == version


def test_the_rows_of_degenerate_input_are_facts(backend: str) -> None:
    rows = table("degenerate")
    libraries = list(dict.fromkeys(row["library"] for row in DEGENERATE))
    facts = {(row["data"], row["metric"], row["library"]): row for row in DEGENERATE}
    seen = 0
    for case, metric, *cells, ours in rows:
        assert ours == tool.short(today(case, backend)[metric])
        for library, cell in zip(libraries, cells, strict=True):
            fact = facts.get((case, metric, library))
            assert cell == ("-" if fact is None else tool.short(fact["value"]))
            seen += fact is not None
    assert seen == len(DEGENERATE)
    assert len(rows) == 5 * len(tool.DEGENERATE)


def test_the_document_is_what_the_tool_would_write() -> None:
    tables = {
        "same": tool.same_table(RESULTS),
        "variants": tool.variant_table(),
        "degenerate": tool.degenerate_table(RESULTS),
    }
    plain = re.sub(
        rf"(<!-- ({'|'.join(tables)}) -->\n).*?(<!-- end of \2 -->\n)",
        r"\1\3",
        tool.DOCUMENT.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    written = tool.replace_tables(plain, tables)
    assert written == tool.DOCUMENT.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="no place"):
        tool.replace_tables("", tables)


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_installed_library_still_answers_that(library: str) -> None:
    filed = RESULTS["libraries"][library]
    try:
        version = importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{library} is not installed; see COMPARE.md")
    if version != filed:
        pytest.skip(f"{library} is {version}, the facts are of {filed}")
    calls: dict[tuple[str, str], Call] = {
        (call.metric, call.text): call for call in CALLS if call.library == library
    }
    rows = [row for row in [*REAL, *DEGENERATE] if row["library"] == library]
    assert len(rows) >= 2
    for row in rows:
        found = tool.answer(calls[row["metric"], row["call"]], curves()[row["data"]])
        if isinstance(row["value"], str) or abs(row["value"]) > 1e6:
            # A ratio over a rounding error is another one on another processor.
            assert type(found) is type(row["value"])
            assert isinstance(found, float) or found == row["value"]
        else:
            assert found == pytest.approx(row["value"], rel=RELATIVE, abs=1e-15), row


def test_the_command_of_the_document_is_there() -> None:
    text = tool.DOCUMENT.read_text(encoding="utf-8")
    for name in MODULES:
        assert name in text
    assert "python tools/compare_libraries.py" in text
