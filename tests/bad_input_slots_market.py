"""Where a bad input can be passed in the calls for protection, orders, bars and quotes.

The outcomes are those of SPEC sections 12, 17 and 18.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import omega_portfolio as op
from bad_input_accounts import BARS, SEQUENCES, order_with
from bad_input_slots import Outcome, Slot, modify_with, money, numbers, open_with, same
from bad_inputs import IDS, LATER, TEXTS, TIMES

Run = Callable[[op.Portfolio, Any], object]
FIELDS = ("open", "high", "low", "close", "spread")
WORD: dict[str, Outcome] = {"empty": 4024, "bad": 4024, "look-alike": 4024}
FREE: dict[str, Outcome] = {"empty": None, "bad": 4013, "look-alike": None}
SYMBOL: dict[str, Outcome] = {"empty": 4012, "bad": 4012, "look-alike": None}
OPTIONAL: dict[str, Outcome] = {"none": None}

# A long of 10 A at a bid of 99, with a take_profit at 120; fills of B at 100.
PROTECTED: dict[str, Callable[..., object]] = {
    "open_position": open_with,
    "modify_position": modify_with,
    "place_order": order_with,
}


def protection_slots() -> Iterator[Slot]:
    """Give the arguments of protection in the three calls that take them."""
    for call, with_changes in PROTECTED.items():
        far: Outcome = 4026 if call == "modify_position" else None

        def run(argument: str, shape: Run, with_changes: Any = with_changes) -> Run:
            return lambda p, v: with_changes(p, **{argument: shape(p, v)})

        def number(
            argument: str,
            label: str,
            shape: Callable[[Any], object],
            call: str = call,
            run: Any = run,
            **outcomes: Outcome,
        ) -> Slot:
            return numbers(
                f"{call}{label}",
                argument,
                run(argument, lambda _p, v: shape(v)),
                **{**same(4026), **outcomes},
            )

        yield number("trailing", "", lambda v: v, huge=4026, none=None)
        yield number("break_even", "", lambda v: v, huge=None, none=None)
        yield number("break_even", " of a trigger", lambda v: (v, 0), huge=None, none=4024)
        yield number(
            "break_even", " of an offset", lambda v: (5, v), zero=None, huge=4026, none=4024
        )
        yield number("targets", " of a price", lambda v: [(v, 1)], huge=far, none=4024)
        yield number("targets", " of a size", lambda v: [(110, v)], huge=4026, none=4024)
        yield Slot(f"{call} of", "targets", SEQUENCES, run("targets", lambda _p, v: v))
        yield Slot(call, "exit_time", TIMES, run("exit_time", lambda _p, v: v), OPTIONAL)


def order_slots() -> Iterator[Slot]:
    def number(argument: str, **outcomes: Outcome) -> Slot:
        return numbers(
            "place_order", argument, lambda p, v: order_with(p, **{argument: v}), **outcomes
        )

    yield number("size", huge=None, **same(4003))
    yield number("price", huge=None, **same(4005))
    yield number("stop_loss", huge=4007, none=None, **same(4007))
    yield number("take_profit", huge=None, none=None, **same(4008))
    texts = {"symbol": SYMBOL, "oco": FREE, "tag": FREE, "type": WORD}
    texts["side"] = {"empty": 4019, "bad": 4019, "look-alike": 4019}
    for argument, outcomes in texts.items():
        yield Slot(
            "place_order",
            argument,
            TEXTS,
            lambda p, v, argument=argument: order_with(p, **{argument: v}),
            outcomes,
        )
    yield Slot("place_order", "expiry", TIMES, lambda p, v: order_with(p, expiry=v), OPTIONAL)
    yield Slot("place_order", "time", TIMES, lambda p, v: order_with(p, time=v))
    yield Slot("cancel_order", "order_id", IDS, lambda p, v: p.cancel_order(v, LATER), {"id": 4024})
    yield Slot("cancel_order", "time", TIMES, lambda p, v: p.cancel_order(1, v))


def pair_slots() -> Iterator[Slot]:
    def run(**changes: object) -> Callable[[op.Portfolio], object]:
        arguments: dict[str, Any] = {"position_id": 1, "other_id": 2, "time": LATER, **changes}
        return lambda p: p.close_by(**arguments)

    for argument in ("position_id", "other_id"):
        yield Slot(
            "close_by", argument, IDS, lambda p, v, argument=argument: run(**{argument: v})(p)
        )
    yield Slot("close_by", "time", TIMES, lambda p, v: run(time=v)(p))
    yield numbers(
        "close_by", "size", lambda p, v: run(size=v)(p), huge=4003, none=None, **same(4003)
    )
    yield money(
        "close_by",
        "fee",
        lambda p, v: run(fee=v)(p),
        none=None,
        zero=None,
        negative=None,
        huge=None,
    )


def bar_slots() -> Iterator[Slot]:
    """Give each number of a bar, in both forms of one, and the rest of the calls for bars."""
    crossed: dict[str, Outcome] = {
        "open": (4029, "high"),
        "high": None,
        "low": (4029, "low"),
        "close": (4029, "high"),
        "spread": None,
    }
    forms: dict[str, Callable[[dict[str, object]], object]] = {
        "a tuple": lambda cells: tuple(cells.values()),
        "a mapping": dict,
    }
    for form, made in forms.items():
        for field in FIELDS:
            wrong: Outcome = (4005, field)
            zero: Outcome = None if field == "spread" else wrong

            def run(p: op.Portfolio, value: object, field: str = field, made: Any = made) -> object:
                cells = {**dict(zip(FIELDS, (50, 51, 49, 50, "0.5"), strict=True)), field: value}
                return p.process_bar(LATER, {"A": BARS["A"], "B": made(cells)})

            yield numbers(
                f"process_bar of {form} with {field}",
                "bars",
                run,
                zero=zero,
                negative=wrong,
                huge=crossed[field],
            )
    yield Slot("process_bar", "time", TIMES, lambda p, v: p.process_bar(v, BARS))
    yield Slot(
        "process_bar",
        "path",
        TEXTS,
        lambda p, v: p.process_bar(LATER, BARS, path=v),
        {**WORD, **OPTIONAL},
    )
    yield Slot(
        "process_bar",
        "symbol",
        [text for text in TEXTS if "bytearray" not in text.label],  # It is no key of a dict.
        lambda p, v: p.process_bar(LATER, {v: BARS["B"], "A": BARS["A"]}),
        SYMBOL,
    )


def quote_slots() -> Iterator[Slot]:
    for label, shape, huge in (
        ("price", lambda v: v, None),
        ("bid", lambda v: (v, 100), 4015),
        ("ask", lambda v: (1, v), None),
    ):
        yield numbers(
            f"process_quotes of a {label}",
            "quotes",
            lambda p, v, shape=shape: p.process_quotes(LATER, {"A": 100, "B": shape(v)}),
            huge=huge,
            **same(4005),
        )
    yield Slot("process_quotes", "time", TIMES, lambda p, v: p.process_quotes(v, {"A": 100}))


def market_slots() -> list[Slot]:
    groups = (protection_slots, order_slots, pair_slots, bar_slots, quote_slots)
    return [slot for group in groups for slot in group()]
