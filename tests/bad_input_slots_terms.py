"""Where a bad input can be passed in what an instrument and an account are made of.

The outcomes are those of SPEC A1 and sections 13, 15 and 16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import omega_portfolio as op
from bad_input_accounts import FLAGS, MODELS, SEQUENCES, WHOLES
from bad_input_slots import Outcome, Slot, created, instrument_with, same
from bad_inputs import NUMBERS, TEXTS, Entry

CALL = "register_instrument"
FIELD: dict[str, Outcome] = {"empty": 4017, "bad": 4017, "look-alike": 4017}
MONEY: dict[str, Outcome] = {"strict": None}
OPTIONAL: dict[str, Outcome] = {"none": None}
FREE_SIGN: dict[str, Outcome] = {"zero": None, "negative": None}
NOT_NEGATIVE: dict[str, Outcome] = {"zero": None, "negative": 4017}
SCALES = {True: 18, False: 9}
LAST = (None, 1, 1)


def term(
    field: str,
    entries: list[Entry],
    make: Callable[[Any], object],
    outcomes: dict[str, Outcome],
    label: str = "",
) -> Slot:
    """Make the slot of a field of a model: the instrument gets what `make` gives."""
    model = field.split(".", maxsplit=1)[0]
    return Slot(
        f"{CALL}{label}",
        field,
        entries,
        lambda p, v: instrument_with(p, **{model: make(v)}),
        outcomes,
        SCALES["strict" in outcomes],
    )


def figure(field: str, make: Callable[[Any], object], label: str = "", **outcomes: Outcome) -> Slot:
    return term(field, NUMBERS, make, {"huge": None, **outcomes}, label)


def grid_slots() -> Iterator[Slot]:
    for argument in ("tick_size", "lot_step", "min_size", "max_size"):
        yield figure(argument, lambda v: v, **same(4017), **OPTIONAL)
    codes: dict[str, Outcome] = {"empty": 4022, "bad": 4022, "look-alike": 4022}
    yield term("base_currency", TEXTS, lambda v: v, {**codes, **OPTIONAL})
    yield term("inverse", FLAGS, lambda v: v, {})
    for argument in ("margin", "commission", "slippage", "swap"):
        yield term(argument, MODELS, lambda v: v, OPTIONAL)


def margin_slots() -> Iterator[Slot]:
    none: dict[str, Outcome] = {"none": (4017, "margin")}
    yield figure("margin.leverage", lambda v: op.Margin(leverage=v), **same(4017), **none)
    yield figure("margin.rate", lambda v: op.Margin(rate=v), **same(4017), **none)
    yield figure("margin.per_lot", lambda v: op.Margin(per_lot=v), **same(4017), **none, **MONEY)
    yield figure(
        "margin.tiers",
        lambda v: op.Margin(tiers=[(v, "0.1"), (None, 1)]),
        " of a limit",
        none=4017,
        **same(4017),
        **MONEY,
    )
    yield figure("margin.tiers", lambda v: op.Margin(tiers=[(None, v)]), " of a rate", **same(4017))
    yield term(
        "margin.tiers",
        SEQUENCES,
        lambda v: op.Margin(tiers=v),
        {},
        " of",
    )
    yield figure(
        "margin.hedged",
        lambda v: op.Margin(rate=1, hedged=v),
        **{**NOT_NEGATIVE, "huge": 4017, **OPTIONAL},
    )
    yield term("margin.base", TEXTS, lambda v: op.Margin(rate=1, base=v), FIELD)
    yield term("margin.currency", TEXTS, lambda v: op.Margin(rate=1, currency=v), FIELD)


def commission_slots() -> Iterator[Slot]:
    yield term("commission.kind", TEXTS, lambda v: op.Commission(v, 1), FIELD)
    for kind in ("per_lot", "per_unit", "per_trade", "rate"):
        scale = {} if kind == "rate" else MONEY
        yield figure(
            "commission.taker",
            lambda v, kind=kind: op.Commission(kind, v),
            f" {kind}",
            none=4017,
            **FREE_SIGN,
            **scale,
        )
        yield figure(
            "commission.maker",
            lambda v, kind=kind: op.Commission(kind, 1, maker=v),
            f" {kind}",
            **FREE_SIGN,
            **OPTIONAL,
            **scale,
        )
    yield figure(
        "commission.minimum",
        lambda v: op.Commission("rate", 1, minimum=v),
        **NOT_NEGATIVE,
        **OPTIONAL,
        **MONEY,
    )
    for place, label in enumerate((" of a volume", " of a taker", " of a maker")):

        def tiers(value: object, place: int = place) -> op.Commission:
            row: list[Any] = [1, 1, 1]
            row[place] = value
            return op.Commission("per_lot", tiers=[row, LAST])

        signs = FREE_SIGN if place else {**same(4017), "none": 4017}
        yield figure("commission.tiers", tiers, label, **signs, **MONEY)
    yield term(
        "commission.tiers", SEQUENCES, lambda v: op.Commission("per_lot", tiers=v), {}, " of"
    )
    yield term("commission.on", TEXTS, lambda v: op.Commission("rate", 1, on=v), FIELD)


def cost_slots() -> Iterator[Slot]:
    whole: dict[str, Outcome] = {"below": 4017, "above": 4017, "none": 4024}
    yield term("slippage.kind", TEXTS, lambda v: op.Slippage(v, 1), FIELD)
    yield figure("slippage.value", lambda v: op.Slippage("points", v), **NOT_NEGATIVE)
    yield term(
        "slippage.seed",
        WHOLES,
        lambda v: op.Slippage("random", 1, seed=v),
        {**whole, "zero": None, "huge": None},
    )
    yield term("swap.kind", TEXTS, op.Swap, FIELD)
    yield figure("swap.long", lambda v: op.Swap("points", v), **FREE_SIGN)
    yield figure("swap.short", lambda v: op.Swap("points", 0, v), **FREE_SIGN)
    yield term("swap.rollover", TEXTS, lambda v: op.Swap("points", rollover=v), FIELD)
    yield term(
        "swap.rollover", TEXTS, lambda v: op.Swap("points", rollover=["17:00", v]), FIELD, " of one"
    )
    yield term("swap.zone", TEXTS, lambda v: op.Swap("points", zone=v), FIELD)
    yield term(
        "swap.multipliers",
        WHOLES,
        lambda v: op.Swap("points", multipliers=(v, 1, 1, 1, 1, 0, 0)),
        {**whole, "zero": None, "huge": 4017},
    )
    yield term(
        "swap.day_count",
        WHOLES,
        lambda v: op.Swap("points", day_count=v),
        {**whole, "zero": 4017, "huge": 4017},
    )


def setting_slots() -> Iterator[Slot]:
    for argument in ("margin_call", "stop_out"):
        yield Slot(
            "Portfolio",
            argument,
            NUMBERS,
            lambda p, v, argument=argument: created(p, **{argument: v}),
            {"huge": None, **same(4020), **OPTIONAL},
        )
    for argument, code in (("rounding", 4020), ("off_grid", 4020), ("path", 4020), ("pivot", 4022)):
        yield Slot(
            "Portfolio",
            argument,
            TEXTS,
            lambda p, v, argument=argument: created(p, **{argument: v}),
            {"empty": code, "bad": code, "look-alike": code},
        )


def term_slots() -> list[Slot]:
    groups = (grid_slots, margin_slots, commission_slots, cost_slots, setting_slots)
    return [slot for group in groups for slot in group()]
