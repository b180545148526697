"""Instruments and settings whose fields contradict each other, one of which is named."""

from __future__ import annotations

from collections.abc import Iterator

import omega_portfolio as op
from bad_input_slots import created, instrument_with
from bad_states_account import State


def contradictions() -> list[State]:
    groups = (term_states, margin_states, cost_states, setting_states)
    return [state for group in groups for state in group()]


def term_states() -> Iterator[State]:
    """Instruments whose fields contradict each other."""

    def wrong(label: str, argument: str, code: int = 4017, **changes: object) -> State:
        return State(29, label, lambda p: instrument_with(p, **changes), (code, argument))

    yield wrong("tick off the decimals", "tick_size", tick_size="0.00005")
    yield wrong("step off the decimals", "lot_step", lot_step="0.00005")
    yield wrong("least size off the step", "min_size", lot_step="0.1", min_size="0.25")
    yield wrong("greatest size off the step", "max_size", lot_step="0.1", max_size="0.25")
    yield wrong("sizes the wrong way round", "max_size", min_size=2, max_size=1)
    yield wrong("inverse without a base", "inverse", inverse=True)
    yield wrong("margin without a base", "margin.currency",
                margin=op.Margin(rate=1, currency="base"))  # fmt: skip
    yield wrong("unknown base", "base_currency", 4022, base_currency="usd")
    for label, changes in (
        ("a swap", {"swap": op.Swap("points", 1)}),
        ("a tick", {"tick_size": 1}),
    ):
        yield State(
            40,
            f"A again with {label}",
            lambda p, c=changes: instrument_with(
                p, symbol="A", price_decimals=9, size_decimals=9, **c
            ),
            (4018, "symbol"),
        )
    for registered in (None, {}, "A", op.Margin(rate=1), op.Instrument):
        yield State(
            33,
            f"an instrument that is {registered!r}"[:40],
            lambda p, r=registered: p.register_instrument(r),
            (4024, "instrument"),
        )


def margin_states() -> Iterator[State]:
    def wrong(label: str, argument: str, **fields: object) -> State:
        return State(
            29,
            label,
            lambda p: instrument_with(p, margin=op.Margin(**fields)),
            (4017, argument),
        )

    yield wrong("no model", "margin")
    yield wrong("two models", "margin", rate=1, leverage=1)
    yield wrong("no tier", "margin.tiers", tiers=[])
    yield wrong("tier of three", "margin.tiers", tiers=[(1, 1, 1), (None, 1)])
    yield wrong("last tier with a limit", "margin.tiers", tiers=[(1, 1), (2, 1)])
    yield wrong("None in the middle", "margin.tiers", tiers=[(None, 1), (None, 1)])
    yield wrong("descending tiers", "margin.tiers", tiers=[(2, 1), (1, 1), (None, 1)])
    yield wrong("equal tiers", "margin.tiers", tiers=[(1, 1), (1, 1), (None, 1)])
    yield wrong("hedged above 1", "margin.hedged", rate=1, hedged="1.000000001")


def cost_states() -> Iterator[State]:
    def cost(label: str, argument: str, **fields: object) -> State:
        given = {"kind": "per_lot", **fields}
        return State(
            29,
            label,
            lambda p: instrument_with(p, commission=op.Commission(**given)),
            (4017, f"commission.{argument}"),
        )

    row = (None, 1, 1)
    yield cost("no figure", "taker")
    yield cost("maker alone", "taker", maker=1)
    yield cost("tiers beside a taker", "tiers", taker=1, tiers=[row])
    yield cost("tiers beside a maker", "tiers", maker=1, tiers=[row])
    yield cost("no tier", "tiers", tiers=[])
    yield cost("tier of two", "tiers", tiers=[(None, 1)])
    yield cost("last tier with a volume", "tiers", tiers=[(1, 1, 1)])
    yield cost("descending tiers", "tiers", tiers=[(2, 1, 1), (1, 1, 1), row])
    yield cost("minimum beside a rebate", "minimum", taker=1, maker=-1, minimum=1)
    yield cost("minimum of 0 beside a rebate", "minimum", taker=-1, minimum=0)

    def night(label: str, argument: str, code: int = 4017, **fields: object) -> State:
        return State(
            55,
            label,
            lambda p: instrument_with(p, swap=op.Swap("points", 1, **fields)),
            (code, f"swap.{argument}"),
        )

    for zone in ("Europe/Nowhere", "utc", "../UTC", "Europe/Berlin ", "EST5EDT4"):
        yield night(f"zone {zone}", "zone", zone=zone)
    for clock in ("24:00", "17:60", "7:00", "17:00:00", "17.00", [], ["17:00", "17:00"]):
        yield night(f"rollover {clock}", "rollover", rollover=clock)
    yield night("rollover of numbers", "rollover", 4024, rollover=[17])
    yield night("rollover that is a number", "rollover", 4024, rollover=17)
    yield night("six days", "multipliers", multipliers=(1,) * 6)
    yield night("eight days", "multipliers", multipliers=(1,) * 8)
    yield night("days as text", "multipliers", 4024, multipliers="1131100")
    yield night("no days", "multipliers", 4024, multipliers=None)
    yield night("364 days", "day_count", day_count=364)


def setting_states() -> Iterator[State]:
    def wrong(label: str, argument: str, code: int = 4020, **settings: object) -> State:
        return State(29, label, lambda p: created(p, **settings), (code, argument))

    yield wrong("stop-out above the call", "stop_out", margin_call=100, stop_out="100.000000001")
    yield wrong("rounding in capitals", "rounding", rounding="CENTS")
    yield wrong("no path", "path", path="hlco")
    yield wrong("pivot in small letters", "pivot", 4022, pivot="usd")
    yield State(
        29, "stop-out at the call", lambda p: created(p, margin_call=100, stop_out=100), None
    )
