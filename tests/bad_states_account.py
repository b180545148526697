"""Calls for orders, bars, cash and corporate actions that only the state makes wrong.

The accounts are those of `bad_input_accounts`: their docstrings say what they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import omega_portfolio as op
from bad_input_accounts import account, charged, netted, order_with, waiting
from bad_input_runs import Scene
from bad_input_slots import modify_with, open_with
from bad_inputs import LATER

Call = Callable[[op.Portfolio], object]
MONDAY = "2000-01-03T17:00"


class State(NamedTuple):
    """A call, and the code and argument of its refusal; None when it is accepted."""

    number: int
    label: str
    act: Call
    wanted: tuple[int, str] | None
    scene: Scene = account


def states() -> list[State]:
    groups = (id_states, side_states, order_states, bar_states, cash_states, flow_states)
    return [state for group in (*groups, netting_states) for state in group()]


def id_states() -> Iterator[State]:
    yield State(36, "cancel an unknown id", lambda p: p.cancel_order(99, LATER), (4027, "order_id"))
    yield State(
        36, "close an unknown id", lambda p: p.close_by(99, 2, LATER), (4001, "position_id")
    )
    yield State(
        36, "close by an unknown id", lambda p: p.close_by(1, 99, LATER), (4001, "other_id")
    )
    yield State(
        36, "protect an unknown id", lambda p: modify_with(p, position_id=99, trailing=1),
        (4001, "position_id"),
    )  # fmt: skip
    yield State(37, "cancel twice", lambda p: p.cancel_order(2, LATER), (4027, "order_id"))
    yield State(37, "close a closed one", lambda p: p.close_by(3, 2, LATER), (4001, "position_id"))
    yield State(37, "close by a closed one", lambda p: p.close_by(1, 3, LATER), (4001, "other_id"))
    yield State(37, "close by itself", lambda p: p.close_by(1, 1, LATER), (4024, "other_id"))
    yield State(37, "another symbol", lambda p: p.close_by(1, 4, LATER), (4024, "other_id"))
    yield State(
        38, "more than the other holds", lambda p: p.close_by(1, 2, LATER, size=6), (4003, "size")
    )
    yield State(38, "more than it holds", lambda p: p.close_by(2, 1, LATER, size=6), (4003, "size"))
    yield State(38, "all that both hold", lambda p: p.close_by(2, 1, LATER, size=5), None)
    yield State(39, "close nothing", lambda p: p.close_by(1, 2, LATER, size=0), (4003, "size"))
    yield State(
        46, "protect a closed one", lambda p: modify_with(p, position_id=3, targets=[(101, 1)]),
        (4001, "position_id"),
    )  # fmt: skip


def side_states() -> Iterator[State]:
    """Levels and protection on the wrong side; A is at 99 and 101, position 1 is long."""
    stop, goal = (4007, "stop_loss"), (4008, "take_profit")
    for call in (open_with, order_with):

        def tried(
            label: str, wanted: tuple[int, str], call: Any = call, **arguments: object
        ) -> State:
            name = f"{call.__name__} {label}"
            return State(42, name, lambda p: call(p, **arguments), wanted)

        yield tried("stop of a long above", stop, stop_loss=101)
        yield tried("stop of a long at it", stop, stop_loss=100)
        yield tried("stop of a short below", stop, side="short", stop_loss=99)
        yield tried("profit of a long below", goal, take_profit=99)
        yield tried("profit of a short above", goal, side="short", take_profit=101)
        yield tried("trailing beyond 0", (4026, "trailing"), trailing=100)
        yield tried("offset at the trigger", (4026, "break_even"), break_even=(1, 1))
        yield tried("target at the price", (4026, "targets"), targets=[(100, 1)])
        yield tried("target of a long below", (4026, "targets"), targets=[(99, 1)])
        yield tried("target of a short above", (4026, "targets"), side="short", targets=[(101, 1)])
        yield tried(
            "target beyond the profit", (4026, "targets"), take_profit=110, targets=[(110, 1)]
        )
        yield tried("targets of too much", (4026, "targets"), targets=[(110, "0.6"), (120, "0.5")])
        yield tried("256 targets", (4026, "targets"), size=256, targets=[(110, 1)] * 256)
        yield tried("exit before it", (4006, "exit_time"), exit_time=LATER - 10**6 - 1)

    def modified(label: str, argument: str, code: int, **arguments: object) -> State:
        return State(42, label, lambda p: modify_with(p, **arguments), (code, argument))

    yield modified("trailing of the market beyond 0", "trailing", 4026, trailing=99)
    yield modified("offset at the trigger", "break_even", 4026, break_even=(2, 2))
    yield modified("target at the bid", "targets", 4026, targets=[(99, 1)])
    yield modified("target at the profit", "targets", 4026, targets=[(120, 1)])
    yield modified("targets of too much", "targets", 4026, targets=[(110, 6), (111, 5)])
    yield modified("exit in the past", "exit_time", 4006, exit_time=LATER - 1)
    yield modified("target off the lot", "targets", 4026, position_id=4, targets=[(20, "0.05")])
    yield modified("trailing off the tick", "trailing", 4026, position_id=4, trailing="0.005")
    yield modified(
        "break-even off the tick", "break_even", 4026, position_id=4, break_even=("0.5", "0.005")
    )
    yield State(42, "nothing given", lambda p: p.modify_position(1, LATER), (4024, "stop_loss"))


def order_states() -> Iterator[State]:
    for label, argument, changes in (
        ("buy limit above the ask", "price", {"price": "101.01"}),
        ("buy stop below the ask", "price", {"price": "100.99", "type": "stop"}),
        ("sell limit below the bid", "price", {"price": "98.99", "side": "short"}),
        ("sell stop above the bid", "price", {"price": "99.01", "side": "sell", "type": "stop"}),
    ):
        yield State(
            42, label, lambda p, c=changes: order_with(p, symbol="A", **c), (4005, argument)
        )
    for kind, price in (("limit", None), ("stop", None), ("market", 100), ("market", "nan")):
        yield State(
            33,
            f"{kind} order at {price}",
            lambda p, k=kind, v=price: order_with(p, type=k, price=v),
            (4024, "price"),
        )
    for kind in ("LIMIT", "stop_limit", ""):
        yield State(
            62, f"order of type {kind!r}", lambda p, k=kind: order_with(p, type=k), (4024, "type")
        )
    yield State(51, "expired before", lambda p: order_with(p, expiry=0), (4006, "expiry"))
    yield State(
        31, "price off the tick", lambda p: order_with(p, symbol="LOTS", price="9.1"),
        (4005, "price"),
    )  # fmt: skip
    for size, label in ((".5", "below"), ("101", "above"), ("1.25", "between the steps")):
        for call in (open_with, order_with):
            yield State(
                31,
                f"{call.__name__} size {label}",
                lambda p, s=size, call=call: call(p, symbol="LOTS", size=s),
                (4003, "size"),
            )


def bar_states() -> Iterator[State]:
    def bar(label: str, wanted: tuple[int, str] | None, *cells: object, number: int = 15) -> State:
        return State(number, label, lambda p: p.process_bar(LATER, {"A": cells}), wanted)

    yield bar("high below low", (4029, "low"), 100, 98, 103, 101)
    yield bar("high below both", (4029, "high"), 100, 99, 98, 101)
    yield bar("close above high", (4029, "high"), 100, 103, 98, 104)
    yield bar("close below low", (4029, "low"), 100, 103, 98, 97)
    yield bar("open above high", (4029, "high"), 104, 103, 98, 100)
    yield bar("open below low", (4029, "low"), 97, 103, 98, 100)
    yield bar("low before high", (4029, "low"), 104, 103, 101, 100)
    yield bar("a flat bar", None, 100, 100, 100, 100)
    yield bar("negative spread", (4005, "spread"), 100, 103, 98, 101, -1)
    yield bar("over 38 digits", (4010, "bars"), *[10**28] * 4, number=47)
    for form in ((), (1,), (1, 1, 1), (1,) * 6, "1111", {"open": 1}, {1, 2, 3, 4}, None, 1):
        yield State(
            33,
            f"bar {form}",
            lambda p, form=form: p.process_bar(LATER, {"A": form}),
            (4024, "bars"),
        )
    names = ("open", "high", "low", "close", "last")
    odd = dict.fromkeys(names, 1)
    yield State(68, "an unknown name", lambda p: p.process_bar(LATER, {"A": odd}), (4024, "bars"))

    def again(later: int) -> Call:
        def act(portfolio: op.Portfolio) -> None:
            portfolio.process_bar(LATER, {"A": (100, 100, 100, 100)})
            portfolio.process_bar(later, {"B": (1, 1, 1, 1), "A": (100, 100, 100, 100)})

        return act

    yield State(51, "a later bar", again(LATER + 1), None)
    yield State(
        31,
        "bar off the grid",
        lambda p: p.process_bar(LATER, {"GRID": (1, "1.005", 1, 1)}),
        (4005, "high"),
    )
    for label, code, quotes in (
        ("crossed quote", 4015, {"A": (101, 100)}),
        ("quote off the grid", 4005, {"GRID": "1.005"}),
        ("quote over 38 digits", 4010, {"A": 10**28}),
        ("quote of three", 4024, {"A": (1, 1, 1)}),
        ("quote of nothing", 4024, {"A": None}),
    ):
        yield State(15, label, lambda p, q=quotes: p.process_quotes(LATER, q), (code, "quotes"))


def cash_states() -> Iterator[State]:
    def cash(label: str, argument: str, code: int, act: Call, number: int = 62) -> State:
        return State(number, label, act, (code, argument))

    for call in ("deposit", "withdraw"):
        yield cash(
            f"{call} an unrated currency",
            "currency",
            4025,
            lambda p, call=call: getattr(p, call)(1, LATER, currency="GBP"),
        )
    for rate in (None, 2):
        for source, target, argument, code in (
            ("EUR", "GBP", "to_currency", 4025),
            ("GBP", "EUR", "from_currency", 4025),
            ("GBP", "JPY", "from_currency", 4025),
            ("EUR", "EUR", "to_currency", 4024),
        ):
            yield cash(
                f"{source} to {target} at {rate}",
                argument,
                code,
                lambda p, codes=(source, target), rate=rate: p.convert_cash(
                    1, *codes, LATER, rate=rate
                ),
            )
    yield cash(
        "open with an unrated result", "symbol", 4025, lambda p: open_with(p, symbol="POUND")
    )

    # An order whose profit has no rate: that is none of the reasons to drop it.
    for step, act in {
        "bar": lambda p: p.process_bar(LATER, {"POUND": (1, 1, 1, 1)}),
        "quote": lambda p: p.process_quotes(LATER, {"POUND": 1}),
    }.items():
        yield State(62, f"unrated fill by a {step}", act, (4025, "symbol"), waiting)

    def exchanged(
        label: str, code: int, number: int, amount: object, *codes: str, rate: object = None
    ) -> State:
        return cash(
            label,
            "amount",
            code,
            lambda p: p.convert_cash(amount, *codes, LATER, rate=rate),
            number,
        )

    yield exchanged("convert more than is held", 4016, 45, "1000.01", "EUR", "USD")
    yield exchanged("convert more than is free", 4016, 45, 102_000, "USD", "EUR")
    yield exchanged("receive nothing", 4009, 45, "1e-18", "EUR", "USD", rate="0.1")
    yield exchanged("receive over 38 digits", 4010, 47, 1000, "EUR", "USD", rate=10**18)
    for call, amount, code in (("withdraw", "1000.01", 4016), ("deposit", 10**20 - 1, 4010)):
        yield cash(
            f"{call} too much",
            "amount",
            code,
            lambda p, call=call, v=amount: getattr(p, call)(v, LATER, currency="EUR"),
            48,
        )


def flow_states() -> Iterator[State]:
    def rolled(
        label: str, time: str, wanted: tuple[int, str] | None, symbol: str = "NIGHT"
    ) -> State:
        return State(51, label, lambda p: p.rollover(symbol, time), wanted, charged)

    off = (4028, "time")
    yield rolled("rollover twice", MONDAY, off)
    yield rolled("rollover at noon", "2000-01-04T12:00", off)
    yield rolled("rollover on a Saturday", "2000-01-08T17:00", off)
    yield rolled("rollover a microsecond late", "2000-01-04T17:00:00.000001", off)
    yield rolled("rollover before the last", "2000-01-03T09:30", (4006, "time"))
    yield rolled("rollover of an unknown", MONDAY, (4012, "symbol"), "NONE")
    yield rolled("the next rollover", "2000-01-04T09:30", None)
    yield State(51, "rollover without a swap", lambda p: p.rollover("A", MONDAY), off)
    for call, arguments in (
        ("charge_swap", ("NONE", LATER)),
        ("dividend", ("NONE", 1, LATER)),
        ("split", ("NONE", 2, 1, LATER)),
    ):
        yield State(
            36,
            f"{call} of an unknown",
            lambda p, call=call, arguments=arguments: getattr(p, call)(*arguments),
            (4012, "symbol"),
        )
    yield State(51, "paid before", lambda p: p.dividend("A", 1, LATER, pay_time=LATER - 1),
                (4006, "pay_time"))  # fmt: skip
    yield State(48, "dividend over 38 digits", lambda p: p.dividend("A", 10**20, LATER),
                (4010, "amount"))  # fmt: skip
    yield State(62, "swap of no kind", lambda p: p.charge_swap("A", LATER, kind="Points"),
                (4024, "kind"))  # fmt: skip
    for numerator, denominator, name in (
        (1, 1, "denominator"), (7, 7, "denominator"), (0, 1, "numerator"), (1, 0, "denominator"),
        (10**6 + 1, 1, "numerator"), (1, 10**6 + 1, "denominator"), (0, 0, "numerator"),
    ):  # fmt: skip
        yield State(
            47,
            f"split {numerator}:{denominator}",
            lambda p, n=numerator, d=denominator: p.split("A", n, d, LATER),
            (4024, name),
        )
    yield State(47, "a mark of 0", lambda p: p.split("GRID", 10**6, 1, LATER),
                (4024, "denominator"))  # fmt: skip
    yield State(47, "split of an inverse one", lambda p: p.split("BTCUSD", 2, 1, LATER),
                (4024, "symbol"))  # fmt: skip


def netting_states() -> Iterator[State]:
    """Fills of A in netting mode, where 10 long are held in position 1."""

    def fill(label: str, wanted: tuple[int, str] | None, number: int, **changes: object) -> State:
        return State(number, label, lambda p: open_with(p, symbol="A", **changes), wanted, netted)

    yield fill("id of an increase", (4024, "position_id"), 40, position_id=7)
    yield fill("id of a reduction", (4024, "position_id"), 40, side="short", position_id=7)
    yield fill("used id of an increase", (4004, "position_id"), 40, position_id=1)
    yield fill("used id of a flip", (4004, "position_id"), 40, side="short", size=11, position_id=1)
    yield fill("flip beyond the margin", (4002, "size"), 45, side="short", size=10**5)
    yield fill("increase beyond the margin", (4002, "size"), 45, size=10**5)
    yield fill("stop of a reduction", (4007, "stop_loss"), 42, side="short", stop_loss=99)
    yield fill("reduction over 38 digits", (4010, "price"), 47, side="short", price=10**20)
    yield State(
        37, "close by itself", lambda p: p.close_by(1, 1, LATER), (4024, "other_id"), netted
    )
