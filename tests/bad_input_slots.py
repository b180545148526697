"""Where a bad input can be passed: each argument of each call, and what it makes of a value.

The outcomes are those of SPEC sections 1 to 6. ``bad_inputs.py`` has the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import omega_portfolio as op
from bad_inputs import COUNTS, DECIMALS, IDS, LATER, NUMBERS, RATES, TEXTS, TIMES, Entry

# What happens: None is accepted, a code stands for the slot's own argument, a pair names another.
Outcome = int | tuple[int, str] | None

COMMON: dict[str, Outcome] = {
    "good": None,
    "type": 4024,
    "none": 4024,
    "number": 4011,
    "digit": 4011,
    "strict": 4011,
    "range": 4010,
    "time": 4006,
    "id": 4014,
    "decimals": 4017,
    "count": 4024,
}


@dataclass(frozen=True)
class Slot:
    """One argument of one call. `run` makes the call with a value for that argument."""

    call: str
    argument: str
    entries: list[Entry]
    run: Callable[[op.Portfolio, Any], object]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    scale: int = 9

    def __str__(self) -> str:
        return f"{self.call}-{self.argument}"

    def outcome(self, kind: str) -> tuple[int, str] | None:
        found = {**COMMON, **self.outcomes}[kind]
        return (found, self.argument) if isinstance(found, int) else found


def numbers(call: str, argument: str, run: Callable[..., object], **outcomes: Outcome) -> Slot:
    """Make the slot of a price, size or other number with 9 decimals."""
    return Slot(call, argument, NUMBERS, run, outcomes)


def money(call: str, argument: str, run: Callable[..., object], **outcomes: Outcome) -> Slot:
    """Make the slot of an amount of money; 0.1 + 0.2 has 17 decimals and fits."""
    return Slot(call, argument, NUMBERS, run, {"strict": None, **outcomes}, scale=18)


def same(code: int) -> dict[str, Outcome]:
    """Zero and less than zero are refused alike."""
    return {"zero": code, "negative": code}


def open_with(portfolio: op.Portfolio, **changes: object) -> object:
    arguments: dict[str, Any] = {"symbol": "B", "side": "long", "size": 1, "price": 100}
    return portfolio.open_position(**{**arguments, "time": LATER, **changes})


def close_with(portfolio: op.Portfolio, **changes: object) -> object:
    arguments: dict[str, Any] = {"position_id": 1, "price": 100, "time": LATER}
    return portfolio.close_position(**{**arguments, **changes})


def modify_with(portfolio: op.Portfolio, **changes: object) -> object:
    arguments: dict[str, Any] = {"position_id": 1, "time": LATER}
    return portfolio.modify_position(**{**arguments, **changes})


def instrument_with(portfolio: op.Portfolio, **changes: object) -> object:
    arguments: dict[str, Any] = {"symbol": "NEW", "price_decimals": 4, "size_decimals": 4}
    return portfolio.register_instrument(op.Instrument(**{**arguments, **changes}))


def created(portfolio: op.Portfolio, **changes: object) -> op.Portfolio:
    """Make another portfolio of the same backend; the scene itself stays as it is."""
    arguments: dict[str, Any] = {"initial_balance": 1000, "floats": "strict"}
    return op.Portfolio(backend=portfolio.backend, **{**arguments, **changes})


def number_slots() -> Iterator[Slot]:
    level: dict[str, Outcome] = {"none": None}
    yield numbers(
        "open_position", "size", lambda p, v: open_with(p, size=v, price=1), huge=4002, **same(4003)
    )
    yield numbers(
        "open_position",
        "price",
        lambda p, v: open_with(p, price=v),
        huge=(4002, "size"),
        **same(4005),
    )
    yield numbers(
        "open_position",
        "stop_loss",
        lambda p, v: open_with(p, stop_loss=v),
        huge=4007,
        **{**same(4007), **level},
    )
    yield numbers(
        "open_position",
        "take_profit",
        lambda p, v: open_with(p, take_profit=v),
        huge=None,
        **{**same(4008), **level},
    )
    yield money(
        "open_position",
        "fee",
        lambda p, v: open_with(p, fee=v),
        none=None,
        zero=None,
        negative=None,
        huge=(4002, "size"),
    )
    yield numbers(
        "close_position",
        "price",
        lambda p, v: close_with(p, price=v, size=1),
        huge=None,
        **same(4005),
    )
    yield numbers(
        "close_position",
        "size",
        lambda p, v: close_with(p, size=v),
        huge=4003,
        none=None,
        **same(4003),
    )
    yield money(
        "close_position",
        "fee",
        lambda p, v: close_with(p, fee=v),
        none=None,
        zero=None,
        negative=None,
        huge=None,
    )
    yield numbers(
        "modify_position",
        "stop_loss",
        lambda p, v: modify_with(p, stop_loss=v),
        huge=4007,
        **{**same(4007), **level},
    )
    yield numbers(
        "modify_position",
        "take_profit",
        lambda p, v: modify_with(p, take_profit=v),
        huge=None,
        **{**same(4008), **level},
    )


def cash_slots() -> Iterator[Slot]:
    yield money(
        "charge_fee",
        "amount",
        lambda p, v: p.charge_fee(v, LATER),
        zero=4009,
        negative=None,
        huge=None,
    )
    yield money(
        "charge_fee of a position",
        "amount",
        lambda p, v: p.charge_fee(v, LATER, position_id=1),
        zero=4009,
        negative=None,
        huge=None,
    )
    yield money("deposit", "amount", lambda p, v: p.deposit(v, LATER), huge=None, **same(4009))
    yield money("withdraw", "amount", lambda p, v: p.withdraw(v, LATER), huge=4016, **same(4009))


def quote_slots() -> Iterator[Slot]:
    calls: dict[str, Callable[[op.Portfolio, Any], object]] = {
        "mark": lambda p, prices: p.mark(prices, time=LATER),
        "update_equity": lambda p, prices: p.update_equity(LATER, prices),
    }
    for name, call in calls.items():
        yield numbers(
            f"{name} of a price",
            "prices",
            lambda p, v, call=call: call(p, {"A": 100, "B": v}),
            huge=None,
            **same(4005),
        )
        yield numbers(
            f"{name} of a bid",
            "prices",
            lambda p, v, call=call: call(p, {"A": 100, "B": (v, 100)}),
            huge=4015,
            **same(4005),
        )
        yield numbers(
            f"{name} of an ask",
            "prices",
            lambda p, v, call=call: call(p, {"A": 100, "B": (1, v)}),
            huge=None,
            **same(4005),
        )


def definition_slots() -> Iterator[Slot]:
    yield money(
        "Portfolio",
        "initial_balance",
        lambda p, v: created(p, initial_balance=v),
        zero=None,
        negative=4009,
        huge=None,
    )
    yield numbers(
        "Portfolio", "leverage", lambda p, v: created(p, leverage=v), huge=None, **same(4020)
    )
    yield numbers(
        "register_instrument",
        "contract_size",
        lambda p, v: instrument_with(p, contract_size=v),
        huge=None,
        **same(4017),
    )
    yield numbers(
        "register_instrument",
        "leverage",
        lambda p, v: instrument_with(p, leverage=v),
        huge=None,
        none=None,
        **same(4017),
    )
    for argument in ("price_decimals", "size_decimals"):
        yield Slot(
            "register_instrument",
            argument,
            DECIMALS,
            lambda p, v, argument=argument: instrument_with(p, **{argument: v}),
        )
    yield numbers(
        "calculate_margin",
        "size",
        lambda p, v: p.calculate_margin("A", size=v, price=1),
        huge=None,
        **same(4003),
    )
    yield numbers(
        "calculate_margin",
        "price",
        lambda p, v: p.calculate_margin("A", size=1, price=v),
        huge=None,
        **same(4005),
    )


def statistic_slots() -> Iterator[Slot]:
    yield Slot(
        "calculate_metrics",
        "periods_per_year",
        RATES,
        lambda p, v: p.calculate_metrics(periods_per_year=v),
        {"zero": 4011},
    )
    yield Slot(
        "calculate_metrics",
        "risk_free_rate",
        RATES,
        lambda p, v: p.calculate_metrics(risk_free_rate=v),
        {"zero": None},
    )
    yield Slot("Portfolio", "capacity", COUNTS, lambda p, v: created(p, capacity=v))


def time_slots() -> Iterator[Slot]:
    calls: dict[str, Callable[[op.Portfolio, Any], object]] = {
        "open_position": lambda p, v: open_with(p, time=v),
        "close_position": lambda p, v: close_with(p, time=v),
        "modify_position": lambda p, v: modify_with(p, time=v, stop_loss=95),
        "mark": lambda p, v: p.mark({"A": 100}, time=v),
        "update_equity": lambda p, v: p.update_equity(v, {"A": 100}),
        "charge_fee": lambda p, v: p.charge_fee(1, v),
        "deposit": lambda p, v: p.deposit(1, v),
        "withdraw": lambda p, v: p.withdraw(1, v),
    }
    for name, run in calls.items():
        outcomes: dict[str, Outcome] = {"none": None} if name == "mark" else {}
        yield Slot(name, "time", TIMES, run, outcomes)


def id_slots() -> Iterator[Slot]:
    optional: dict[str, Outcome] = {"none": None}
    yield Slot(
        "open_position", "position_id", IDS, lambda p, v: open_with(p, position_id=v), optional
    )
    yield Slot("close_position", "position_id", IDS, lambda p, v: close_with(p, position_id=v))
    yield Slot(
        "modify_position",
        "position_id",
        IDS,
        lambda p, v: modify_with(p, position_id=v, stop_loss=95),
    )
    yield Slot(
        "charge_fee",
        "position_id",
        IDS,
        lambda p, v: p.charge_fee(1, LATER, position_id=v),
        optional,
    )


def text_slots() -> Iterator[Slot]:
    symbol: dict[str, Outcome] = {"empty": 4012, "bad": 4012, "look-alike": None}
    free: dict[str, Outcome] = {"empty": None, "bad": 4013, "look-alike": None}

    def word(code: int) -> dict[str, Outcome]:
        return {"empty": code, "bad": code, "look-alike": code}

    def text(
        call: str, argument: str, run: Callable[..., object], outcomes: dict[str, Outcome]
    ) -> Slot:
        return Slot(call, argument, TEXTS, run, outcomes)

    yield text("open_position", "symbol", lambda p, v: open_with(p, symbol=v), symbol)
    yield text("open_position", "side", lambda p, v: open_with(p, side=v), word(4019))
    yield text("open_position", "tag", lambda p, v: open_with(p, tag=v), free)
    yield text("close_position", "reason", lambda p, v: close_with(p, reason=v), free)
    yield text("register_instrument", "symbol", lambda p, v: instrument_with(p, symbol=v), symbol)
    yield text(
        "register_instrument",
        "quote_currency",
        lambda p, v: instrument_with(p, quote_currency=v),
        {**word(4022), "none": None},
    )
    yield text(
        "calculate_margin", "symbol", lambda p, v: p.calculate_margin(v), {**symbol, "none": None}
    )
    yield text("Portfolio", "currency", lambda p, v: created(p, currency=v), word(4022))
    yield text("Portfolio", "mode", lambda p, v: created(p, mode=v), word(4020))
    yield text("Portfolio", "floats", lambda p, v: created(p, floats=v), word(4020))


def all_slots() -> list[Slot]:
    groups = (
        number_slots,
        cash_slots,
        quote_slots,
        definition_slots,
        statistic_slots,
        time_slots,
        id_slots,
        text_slots,
    )
    return [slot for group in groups for slot in group()]
