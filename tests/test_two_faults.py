"""Two faults in one definition: both backends name the same one (SPEC section 6).

A definition is one argument of many fields. First every field becomes what it stands for, in the
order of the signature; then come the rules. So which of two faults is named is no accident.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import pytest

import omega_portfolio as op

MODELS: Final[dict[str, list[object]]] = {
    "margin": [
        op.Margin(),
        op.Margin(leverage=2, rate=1),
        op.Margin(rate="x"),  # type: ignore[arg-type]
        op.Margin(rate=-1),
        op.Margin(leverage=5, base="middle"),  # type: ignore[arg-type]
        op.Margin(leverage=3, hedged=2),
        op.Margin(leverage=3, currency="base"),
        op.Margin(tiers=[(5, "x")]),  # type: ignore[list-item]
        op.Margin(tiers=[(5, 1), (4, 1), (None, 1)]),
        op.Margin(tiers=[(0, 1), (None, 1)]),
        op.Margin(tiers=[(None, -1)]),
        5,
    ],
    "commission": [
        op.Commission("each", "1"),  # type: ignore[arg-type]
        op.Commission("rate", "x"),
        op.Commission("rate", None),
        op.Commission("rate", -1, minimum=2),
        op.Commission("rate", 1, minimum=-2),
        op.Commission("rate", 1, tiers=[(None, 1, 1)]),
        op.Commission("rate", tiers=[(5, 1, 1)]),
        op.Commission("rate", 1, on="never"),  # type: ignore[arg-type]
        7,
    ],
    "slippage": [
        op.Slippage("some", "1"),  # type: ignore[arg-type]
        op.Slippage("points", "-1"),
        op.Slippage("points", "1", seed=-1),
        3,
    ],
    "swap": [
        op.Swap("often", 1, 1),  # type: ignore[arg-type]
        op.Swap("points", "x", 1),
        op.Swap("points", 1, 1, zone="No/Where"),
        op.Swap("points", 1, 1, rollover="25:00"),
        op.Swap("points", 1, 1, multipliers=(1, 2)),  # type: ignore[arg-type]
        op.Swap("points", 1, 1, day_count=361),  # type: ignore[arg-type]
        op.Swap("points", 1, 1, day_count=-1),  # type: ignore[arg-type]
        4,
    ],
}
FIELDS: Final[dict[str, list[object]]] = {
    "symbol": ["", " A", 5],
    "price_decimals": [-1, 10, "x", True],
    "size_decimals": [12, 1.5, None],
    "contract_size": ["0", "-1", "nan", "1e-10", "0.000000001", None],
    "quote_currency": ["XXX", 5],
    "leverage": ["0", "-2", "nan"],
    "tick_size": ["0", "0.0000000001", "0.000000001", "x"],
    "lot_step": ["0", "-1", "x"],
    "min_size": ["0", "7", "x"],
    "max_size": ["0", "2", "x"],
    "base_currency": ["YYY", 3],
    "inverse": ["a", 1, True],
    **MODELS,
}
SETTINGS: Final[dict[str, list[object]]] = {
    "initial_balance": ["-1", "x", None],
    "currency": ["QQQ", 2],
    "leverage": ["0", "x", None],
    "mode": ["both", 3],
    "floats": ["any", 1],
    "capacity": [-1, "x", 1.5],
    "rounding": ["none", 1],
    "off_grid": ["drop", 1],
    "margin_call": ["0", "x", "50"],
    "stop_out": ["-5", "x", "60"],
    "path": ["straight", 1],
    "pivot": ["QQQ", 2],
}


def answer(backend: Any, settings: dict[str, Any], fields: dict[str, Any] | None) -> object:
    """Make a portfolio and register an instrument; give what is refused, and why."""
    try:
        pf = op.Portfolio(**{"initial_balance": 1000, "backend": backend, **settings})
        if fields is not None:
            good = {"symbol": "ACME", "price_decimals": 2, "size_decimals": 0}
            pf.register_instrument(op.Instrument(**{**good, **fields}))
    except op.OmegaPortfolioError as error:
        return type(error).__name__, error.argument
    return "accepted"


@pytest.mark.parametrize("names", list(combinations(FIELDS, 2)), ids="-".join)
def test_two_fields_of_an_instrument(names: tuple[str, str]) -> None:
    for one in FIELDS[names[0]]:
        for other in FIELDS[names[1]]:
            fields = {names[0]: one, names[1]: other}
            rust, python = (answer(backend, {}, fields) for backend in ("rust", "python"))
            assert rust == python, fields


def test_two_settings_of_a_portfolio() -> None:
    for names in combinations(SETTINGS, 2):
        for one in SETTINGS[names[0]]:
            for other in SETTINGS[names[1]]:
                settings = {names[0]: one, names[1]: other}
                rust, python = (answer(backend, settings, None) for backend in ("rust", "python"))
                assert rust == python, settings


def test_conversions_come_before_rules() -> None:
    """A swap that cannot be read is named before a tick that is not above 0."""
    unread = op.Swap("points", "x", 1)
    for backend in ("rust", "python"):
        assert answer(backend, {}, {"tick_size": 0, "swap": unread}) == (
            "InvalidNumber",
            "swap.long",
        )
        assert answer(backend, {"initial_balance": -1, "floats": "any"}, None) == (
            "InvalidConfiguration",
            "floats",
        )
