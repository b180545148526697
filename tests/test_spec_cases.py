"""Runs the case files of ``tests/spec`` on each backend; ``spec/README.md`` is the format."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

import pytest

import omega_portfolio as op
from conftest import _chosen_backends
from spec_format import SPEC_FOLDER, Case, load_cases, parse_text
from spec_runner import Runner
from spec_terms import SpecFormatError

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = load_cases()
CASES = [case for cases in FILES.values() for case in cases]

# What the folder is known to hold; a moved folder or a file that is not read fails here.
FILES_EXPECTED = 29
CASES_MIN = 872

# Codes that no line of text can bring about: 2^32 - 2 positions, no compiled module, a frame,
# a file, no memory, a batch that is cancelled, a broken invariant.
CODES_WITHOUT_CASE = {4021, 4023, 4030, *range(4050, 4058), *range(4090, 4093), 5001}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.line}")
def test_case(case: Case, make_portfolio: Callable[..., op.Portfolio]) -> None:
    Runner(make_portfolio).run(case)


def test_backends_give_the_same_digests() -> None:
    backends = _chosen_backends()
    if len(backends) == 1:
        pytest.skip("the run is narrowed to one backend, which has nobody to agree with")
    compared = 0
    for case in CASES:
        runs = [
            Runner(lambda *args, name=name, **keys: op.Portfolio(*args, backend=name, **keys))
            for name in backends
        ]
        for step, digests in enumerate(zip_longest(*(runner.run(case) for runner in runs))):
            assert len(set(digests)) == 1, f"{case}, after statement {step + 1}: {digests}"
            compared += 1
    assert compared > 5 * CASES_MIN


def test_folder_was_read() -> None:
    assert len(FILES) == FILES_EXPECTED == len(list(SPEC_FOLDER.glob("*.txt")))
    assert all(FILES.values())
    assert len(CASES) >= CASES_MIN
    text = (SPEC_FOLDER / "refusals.txt").read_text(encoding="utf-8")
    assert len(FILES["refusals.txt"]) == len(re.findall(r"^case:", text, re.MULTILINE))


def test_each_refusal_has_a_case() -> None:
    shown = {
        statement.refusal.code
        for case in FILES["refusals.txt"]
        for statement in case.statements
        if statement.refusal
    }
    assert shown == set(op.errors.by_code) - CODES_WITHOUT_CASE


ACCOUNT = "case: x\naccount balance=100\n"
OPENED = ACCOUNT + "open A long size=1 price=10 time=0 -> 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "account balance=100",
        "case:\naccount balance=100",
        "case: x\naccount balance=100",
        "case: x\ndeposit 1 time=0",
        ACCOUNT + "account balance=100",
        "case: x\naccount balance=-1 -> error 4009 balance\ndeposit 1 time=0",
        "case: x\naccount currency=USD",
        ACCOUNT + "buy A size=1",
        ACCOUNT + "deposit 1 time=0 -> 1",
        ACCOUNT + "deposit 1",
        ACCOUNT + "deposit time=0",
        ACCOUNT + "deposit 1 2 time=0",
        ACCOUNT + "deposit time=0 1",
        ACCOUNT + "deposit 1 time=0 when=1",
        ACCOUNT + "deposit 1 time=0 time=0",
        ACCOUNT + "deposit 1 time=noon",
        ACCOUNT + "deposit 1 time=-",
        ACCOUNT + "open A long size=1 price=10 time=0",
        ACCOUNT + "open A long size=1 price=10 time=0 -> one",
        ACCOUNT + "open A long size= price=10 time=0 -> 1",
        ACCOUNT + "open A long size=1 price=10 time=0 -> error 4003",
        ACCOUNT + "open A long size=1 price=10 time=0 -> error size 4003",
        ACCOUNT + "open A long size=1 price=10 time=0 ->",
        ACCOUNT + "open A%2 long size=1 price=10 time=0 -> 1",
        ACCOUNT + "open A%FF long size=1 price=10 time=0 -> 1",
        ACCOUNT + "open A*0 long size=1 price=10 time=0 -> 1",
        ACCOUNT + "mark time=0 A",
        ACCOUNT + "mark time=0 A=1/2/3",
        ACCOUNT + "mark time=2026-02-30",
        ACCOUNT + "mark time=2026-02-03T7",
        ACCOUNT + "quotes time=0 A=1",
        ACCOUNT + "quotes time=0 A=1 -> 1",
        ACCOUNT + "bar time=0 A=1/2/1 -> trades=0",
        ACCOUNT + "bar time=0 A=1/2/1/2/0/0 -> trades=0",
        ACCOUNT + "bar time=0 A=1/2/1/2",
        ACCOUNT + "bar time=0 A=1/2/1/2 -> trades=none",
        ACCOUNT + "order A long size=1 time=0",
        ACCOUNT + "close_by 1 time=0",
        ACCOUNT + "close_by 1 2 time=0 -> gross_pnl=1",
        ACCOUNT + "convert 1 USD time=0",
        ACCOUNT + "split A 2 one time=0",
        ACCOUNT + "instrument A inverse=true",
        ACCOUNT + "instrument A margin=2",
        ACCOUNT + "instrument A margin=leverage",
        ACCOUNT + "instrument A margin=leverage:2,on:both",
        ACCOUNT + "instrument A commission=rate:1,min:1,min:2",
        ACCOUNT + "instrument A commission=rate:1,maker",
        ACCOUNT + "instrument A swap=points:1",
        ACCOUNT + "instrument A slippage=points:",
        OPENED + "modify 1 time=0 break_even=1",
        OPENED + "modify 1 time=0 break_even=1/0|2/0",
        OPENED + "modify 1 time=0 targets=1/2/3",
        OPENED + "modify 1 time=0 targets=1/",
        ACCOUNT + "margin A size=1 -> 1",
        ACCOUNT + "margin size=1 price=1 -> 1",
        ACCOUNT + "margin A",
        ACCOUNT + "expect",
        ACCOUNT + "expect balance",
        ACCOUNT + "expect balance=",
        ACCOUNT + "expect balance=-",
        ACCOUNT + "expect balance=1e2",
        ACCOUNT + "expect money=100",
        ACCOUNT + "expect balance=100 balance=100",
        ACCOUNT + "expect balance=100 -> error 4001 balance",
        ACCOUNT + "expect digest=abc",
        OPENED + "row positions size=1",
        OPENED + "row positions 0 size=1",
        OPENED + "row deals 1 size=1",
        OPENED + "row positions 1",
        OPENED + "row positions 1 gross_pnl=1",
        OPENED + "close 1 price=10 time=1 -> profit=1",
    ],
)
def test_broken_files_are_refused(text: str) -> None:
    with pytest.raises(SpecFormatError):
        parse_text(text, "broken.txt")


@pytest.mark.parametrize(
    "line",
    [
        "expect balance=100.01",
        "expect margin_level=-",
        "expect time=-",
        "expect time=1",
        "expect positions=2",
        "expect events=3",
        f"expect digest={'0' * 64}",
        "row positions 1 size=2",
        "row positions 1 symbol=B",
        "row positions 1 entry_time=1",
        "row positions 2 size=1",
        "open A long size=1 price=10 time=0 -> 3",
        "open A long size=1 price=10 time=0 -> error 4003 size",
        "open A long size=0 price=10 time=0 -> 2",
        "open A long size=0 price=10 time=0 -> error 4005 size",
        "open A long size=0 price=10 time=0 -> error 4003 price",
        "close 1 price=10 time=0 -> gross_pnl=1",
        "close 1 price=10 time=0 -> stop_loss=1",
        "close 1 price=10 time=0 -> symbol=B",
        "margin A -> 11",
        "expect orders=1",
        "expect residue=1",
        "expect ambiguous=1",
        "expect cash=2",
        "row positions 1 swap=1",
        "row attribution 1 total=1",
        "row margin 1 basis=11",
        "bar time=1 A=10/10/10/10 -> trades=1",
        "order A long size=1 time=0 -> 2",
        "quotes time=1 A=10 -> trades=1",
    ],
)
def test_wrong_figures_are_noticed(line: str, make_portfolio: Callable[..., op.Portfolio]) -> None:
    (case,) = parse_text(OPENED + line, "wrong.txt")
    with pytest.raises(AssertionError, match=r"^wrong\.txt:4:"):
        Runner(make_portfolio).run(case)
    (right,) = parse_text(OPENED + "expect balance=100.00 margin_used=10", "right.txt")
    Runner(make_portfolio).run(right)
