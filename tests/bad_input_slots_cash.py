"""Where a bad input can be passed in the calls for cash, swaps, dividends and splits.

The outcomes are those of SPEC sections 14, 16 and 19.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import omega_portfolio as op
from bad_input_accounts import WHOLES
from bad_input_slots import Outcome, Slot, money, numbers, same
from bad_inputs import LATER, TEXTS, TIMES

CURRENCY: dict[str, Outcome] = {"empty": 4022, "bad": 4022, "look-alike": 4022}
WORD: dict[str, Outcome] = {"empty": 4024, "bad": 4024, "look-alike": 4024}
# No call of these registers a symbol.
KNOWN: dict[str, Outcome] = {"empty": 4012, "bad": 4012, "look-alike": 4012}
OPTIONAL: dict[str, Outcome] = {"none": None}
FREE_SIGN: dict[str, Outcome] = {"zero": None, "negative": None}
WHOLE: dict[str, Outcome] = {"below": 4024, "huge": 4024, "above": 4024, "none": 4024}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "deposit": {"amount": 1, "time": LATER, "currency": "EUR"},
    "withdraw": {"amount": 1, "time": LATER, "currency": "EUR"},
    "convert_cash": {
        "amount": 1,
        "from_currency": "EUR",
        "to_currency": "USD",
        "time": LATER,
        "rate": 2,
    },
    "charge_swap": {"symbol": "A", "time": LATER, "long": 1, "short": 1},
    "rollover": {"symbol": "NIGHT", "time": LATER},
    "dividend": {"symbol": "A", "amount": 1, "time": LATER},
    "split": {"symbol": "A", "numerator": 2, "denominator": 1, "time": LATER},
}
"""Calls that are accepted, but for the rollover: NIGHT has none at this time."""


def changed(call: str, argument: str) -> Callable[[op.Portfolio, Any], object]:
    """Make a call that has a value for one of its arguments."""
    return lambda p, v: getattr(p, call)(**{**ARGUMENTS[call], argument: v})


def of_money(call: str, argument: str, **outcomes: Outcome) -> Slot:
    return money(call, argument, changed(call, argument), **outcomes)


def of_number(call: str, argument: str, **outcomes: Outcome) -> Slot:
    return numbers(call, argument, changed(call, argument), **outcomes)


def amount_slots() -> Iterator[Slot]:
    yield of_money("deposit", "amount", huge=None, **same(4009))
    yield of_money("withdraw", "amount", huge=4016, **same(4009))
    yield of_money("convert_cash", "amount", huge=4016, **same(4009))
    yield of_money("convert_cash", "rate", huge=None, none=None, **same(4005))
    yield of_number("charge_swap", "long", huge=None, **FREE_SIGN)
    yield of_number("charge_swap", "short", huge=None, **FREE_SIGN)
    yield of_number("dividend", "amount", huge=None, **same(4009))


def whole_slots() -> Iterator[Slot]:
    for call, argument, zero in (
        ("charge_swap", "multiplier", None),
        ("split", "numerator", 4024),
        ("split", "denominator", 4024),
    ):
        yield Slot(call, argument, WHOLES, changed(call, argument), {**WHOLE, "zero": zero})


def word_slots() -> Iterator[Slot]:
    for call, argument, outcomes in (
        ("deposit", "currency", {**CURRENCY, **OPTIONAL}),
        ("withdraw", "currency", {**CURRENCY, **OPTIONAL}),
        ("convert_cash", "from_currency", CURRENCY),
        ("convert_cash", "to_currency", CURRENCY),
        ("charge_swap", "symbol", KNOWN),
        ("charge_swap", "kind", WORD),
        ("rollover", "symbol", KNOWN),
        ("dividend", "symbol", KNOWN),
        ("split", "symbol", KNOWN),
    ):
        yield Slot(call, argument, TEXTS, changed(call, argument), outcomes)


def moment_slots() -> Iterator[Slot]:
    for call in ARGUMENTS:
        outcomes: dict[str, Outcome] = {"good": 4028} if call == "rollover" else {}
        yield Slot(call, "time", TIMES, changed(call, "time"), outcomes)
    yield Slot("dividend", "pay_time", TIMES, changed("dividend", "pay_time"), OPTIONAL)


def cash_slots() -> list[Slot]:
    groups = (amount_slots, whole_slots, word_slots, moment_slots)
    return [slot for group in groups for slot in group()]
