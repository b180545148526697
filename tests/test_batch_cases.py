"""Runs the case files of ``tests/spec/batch`` on each backend, through the public call."""

from __future__ import annotations

from typing import Any

import pytest

import omega_portfolio as op
from batch_cases import BATCH_FOLDER, TABLES, Block, Case, load_cases, parse_cases, shown

FILES = load_cases()
CASES = [case for cases in FILES.values() for case in cases]

# What the folder is known to hold; a moved folder or a file that is not read fails here.
FILES_EXPECTED = 7
CASES_MIN = 69


def run(case: Case, backend: str, **options: Any) -> op.BatchResult:
    settings: dict[str, Any] = {"initial_balance": 10_000, "exact": True, "equity_columns": "all"}
    for block in case.all("settings"):
        settings |= block.pairs(1)
    instruments = []
    for block in case.all("instrument"):
        definition = block.pairs(2)
        if "inverse" in definition:
            definition["inverse"] = {"yes": True, "no": False}[definition["inverse"]]
        instruments.append(op.Instrument(block.words[1], **definition))
    frames = [case.frame(name) for name in ("bars", "orders", "params")]
    labels = [] if frames[2] is None or "label" not in frames[2].columns else ["label"]
    return op.run_batch(
        *frames,  # type: ignore[arg-type]
        instruments=instruments,
        labels=labels,
        backend=backend,
        **(settings | options),
    )


def check(result: op.BatchResult, block: Block) -> None:
    names = list(block.words[1:])
    if names[0] == "optimistic":
        result = result.optimistic
        names = names[1:]
    (name,) = names
    assert name in TABLES
    columns, *rows = block.rows
    table = getattr(result, name).lazy().collect()
    assert shown(table, columns) == rows, f"line {block.line}, {name}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.line}")
def test_case(case: Case, backend: str) -> None:
    refused = case.all("refused")
    if refused:
        with pytest.raises(op.OmegaPortfolioError) as caught:
            run(case, backend)
        error = caught.value
        place = error.value.partition(": ")[0]
        assert f"refused {error.code} {error.argument} {place}" == " ".join(refused[0].words)
        return
    expected = case.all("expect")
    assert expected, "a case compares something"
    # Without digests runs may take the short road, with them they are those of the ledger.
    for digest in (False, True):
        result = run(case, backend, digest=digest)
        for block in expected:
            check(result, block)
    for one in (result,) if result._optimistic is None else (result, result.optimistic):
        for run_id, digest in one.final.lazy().collect().select("run_id", "digest").rows():
            portfolio = one.portfolio(run_id)
            portfolio.verify()
            assert portfolio.digest == digest


def test_folder_was_read() -> None:
    assert len(FILES) == FILES_EXPECTED == len(list(BATCH_FOLDER.glob("*.txt")))
    for name, cases in FILES.items():
        text = (BATCH_FOLDER / name).read_text(encoding="utf-8")
        assert len(cases) == text.count("case:") > 0
    assert len(CASES) >= CASES_MIN
    rules = {case.name.split()[0] for case in CASES}
    assert rules >= {f"R{number}" for number in range(1, 11)} | {"R12"}


SMALL = """case: x
bars
  time symbol open high low close
  1    A      10   10   10  10
  2    A      11   12   11  12
orders
  time symbol action side size
  1    A      open   long 2
"""


@pytest.mark.parametrize(
    "wrong",
    [
        "expect final\n  run_id equity\n  0 10003",
        "expect final\n  run_id equity",
        "expect final\n  run_id equity\n  0 10002\n  1 10002",
        "expect trades\n  run_id\n  0",
        "expect rejected\n  run_id\n  0",
        "refused 4030 orders row 0, column size",
    ],
)
def test_wrong_figures_are_noticed(wrong: str, backend: str) -> None:
    right = SMALL + "expect final\n  run_id equity open_count\n  0 10004 1"
    (case,) = parse_cases(right.replace("10004", "10002"), "right.txt")
    test_case(case, backend)
    (case,) = parse_cases(SMALL + wrong, "wrong.txt")
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_case(case, backend)
