"""Values that an argument refuses, and calls that a rule of the account refuses.

A deliberate refusal starts from a good operation and spoils one argument, sometimes two: with
two, both backends must also agree on which rule answers first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from omega_portfolio.bench.tables import odd_bar_tables, odd_event_tables, odd_tables
from omega_portfolio.bench.wrong_terms import TERMS
from omega_portfolio.bench.wrong_values import (
    BARS,
    IDS,
    LEVELS,
    NUMBERS,
    PRICES,
    PROTECTION,
    SIDES,
    SIZES,
    SYMBOLS,
    TEXTS,
    TIMES,
    WHOLE,
    WORDS,
    Hostile,
)
from omega_portfolio.instrument import Instrument

if TYPE_CHECKING:
    from random import Random

    from omega_portfolio.bench.shapes import Setting

Operation: TypeAlias = tuple[str, tuple[object, ...], dict[str, object]]
"""One call: name of the method, positional arguments, keyword arguments."""


_INSTRUMENTS: Final[tuple[object, ...]] = (
    None,
    "EURUSD",
    *(Instrument(symbol) for symbol in ("", " A", "A" * 256)),
    *(Instrument("BAD", price_decimals=decimals) for decimals in (-1, 10, 2**40)),
    *(Instrument("BAD", size_decimals=decimals) for decimals in (-1, 10, 19)),
    *(
        Instrument("BAD", contract_size=size)
        for size in (0, -1, "nan", "0.1", "1e-10", 10**29, float("inf"), "x", 5e-324)
    ),
    Instrument("BAD", price_decimals=5, size_decimals=5, contract_size="0.123456789"),
    *(Instrument("BAD", quote_currency=text) for text in ("", "usd", "EURO", "AUD", "ZZZ", "\x00")),
    *(Instrument("BAD", leverage=leverage) for leverage in (0, -30, "nan", 10**29, "1e-10", "x")),
    *(Instrument("BAD", **terms) for terms in TERMS),
)
"""Definitions that break a rule whatever the portfolio holds (``AUD`` is no account here)."""

_VALUES: Final[dict[str, tuple[object, ...]]] = {
    "symbol": SYMBOLS,
    "side": SIDES,
    "size": SIZES + NUMBERS,
    "price": SIZES + NUMBERS,
    "time": TIMES,
    "stop_loss": LEVELS + NUMBERS,
    "take_profit": LEVELS + NUMBERS,
    "fee": NUMBERS,
    "amount": (0, -1, "0", "-0.0", *NUMBERS),
    "tag": TEXTS,
    "reason": TEXTS,
    "position_id": IDS,
    "prices": PRICES,
    "instrument": _INSTRUMENTS,
    "events": (None, 1, "x", [], {}, {"action": ["mark"]}, Hostile()),
    "on_error": ("", "Raise", "ignore", None, True, b"raise", "record ", "\ud800", Hostile()),
    "exact": (True, False),
    **PROTECTION,
    **WORDS,
    "from_currency": (None, *WORDS["currency"]),
    "to_currency": (None, *WORDS["currency"]),
    "rate": SIZES + NUMBERS,
    "long": NUMBERS,
    "short": NUMBERS,
    "multiplier": WHOLE,
    "numerator": WHOLE,
    "denominator": WHOLE,
    "pay_time": PROTECTION["expiry"],
    "other_id": IDS,
    "order_id": IDS,
    "quotes": PRICES,
    "bars": BARS,
}

_TABLES: Final[dict[str, Callable[[], tuple[object, ...]]]] = {
    "prices": odd_tables,
    "quotes": odd_tables,
    "events": odd_event_tables,
    "bars": odd_bar_tables,
}

_OPTIONS: Final[dict[str, tuple[object, ...]]] = {
    "initial_balance": (-1, "-0.01", "1e-19", *NUMBERS),
    "currency": ("", "usd", "DOLLAR", "ZZZ", " USD", None, 840, True, b"USD", "US\x00", "\ud800"),
    "leverage": (0, -30, "-0.5", "1e-10", "1e29", *NUMBERS),
    "mode": ("", "Hedging", "hedging ", None, 0, True, b"hedging", "\ud800"),
    "floats": ("exact", "", "Nearest", None, 0, True, b"nearest", "\ud800"),
    "capacity": (-1, True, 1.0, "1", 10**30, -(2**63), Hostile()),
    "rounding": ("", "Exact", "cent", None, 0, True, b"cents", "\ud800"),
    "off_grid": ("", "Refuse", "floor", None, 0, True, b"round", "\ud800"),
    "margin_call": (0, -1, "1e-10", "1e29", *(number for number in NUMBERS if number is not None)),
    "stop_out": (0, -1, "1e-10", 10**9, *(number for number in NUMBERS if number is not None)),
    "path": ("", "Ohlc", "both", None, 0, True, b"ohlc", "\ud800"),
    "pivot": ("", "usd", "ZZZ", None, 840, True, b"USD", "\ud800"),
}
"""Wrong options of the constructor."""

POSITIONAL: Final[dict[str, tuple[str, ...]]] = {
    "register_instrument": ("instrument",),
    "open_position": ("symbol", "side", "size", "price", "time"),
    "close_position": ("position_id", "price", "time"),
    "modify_position": ("position_id", "time"),
    "mark": ("prices",),
    "update_equity": ("time", "prices"),
    "charge_fee": ("amount", "time"),
    "deposit": ("amount", "time"),
    "withdraw": ("amount", "time"),
    "apply": ("events",),
    "close_by": ("position_id", "other_id", "time"),
    "place_order": ("symbol", "side", "size", "time"),
    "cancel_order": ("order_id", "time"),
    "process_bar": ("time", "bars"),
    "process_quotes": ("time", "quotes"),
    "process_bars": ("bars",),
    "convert_cash": ("amount", "from_currency", "to_currency", "time"),
    "charge_swap": ("symbol", "time"),
    "rollover": ("symbol", "time"),
    "dividend": ("symbol", "amount", "time"),
    "split": ("symbol", "numerator", "denominator", "time"),
}
"""Names of the positional arguments of each call."""

_PROTECTION: Final = ("stop_loss", "take_profit", "trailing", "break_even", "targets", "exit_time")

KEYWORDS: Final[dict[str, tuple[str, ...]]] = {
    "register_instrument": (),
    "open_position": (*_PROTECTION, "fee", "tag", "position_id"),
    "close_position": ("size", "fee", "reason"),
    "modify_position": _PROTECTION,
    "mark": ("time",),
    "update_equity": (),
    "charge_fee": ("position_id",),
    "deposit": ("currency",),
    "withdraw": ("currency",),
    "apply": ("on_error", "exact"),
    "close_by": ("size", "fee"),
    "place_order": ("type", "price", "expiry", "oco", *_PROTECTION, "tag"),
    "cancel_order": (),
    "process_bar": ("path",),
    "process_quotes": (),
    "process_bars": ("path",),
    "convert_cash": ("rate",),
    "charge_swap": ("long", "short", "kind", "multiplier"),
    "rollover": (),
    "dividend": ("pay_time",),
    "split": (),
}
"""Names of the keyword arguments of each call."""


def spoil(
    random: Random, operation: Operation, known: dict[str, tuple[str, ...]] = KEYWORDS
) -> Operation:
    """Replace one argument of an operation, or two, by values that it does not take.

    Parameters
    ----------
    random : random.Random
        Source of the choices.
    operation : tuple
        A good operation; it is not changed.
    known : dict
        The keyword arguments that may be given.

    Returns
    -------
    tuple
        The spoiled operation. A few values are refused by some arguments only, so that an
        accepted call remains possible.
    """
    spoiled = _spoil_one(random, operation, known)
    return _spoil_one(random, spoiled, known) if random.getrandbits(2) == 0 else spoiled


def _spoil_one(
    random: Random, operation: Operation, known: dict[str, tuple[str, ...]]
) -> Operation:
    name, arguments, keywords = operation
    positional = POSITIONAL[name]
    number = random.randrange(len(positional) + len(known[name]))
    if number >= len(positional):
        keyword = known[name][number - len(positional)]
        return name, arguments, {**keywords, keyword: random.choice(_VALUES[keyword])}
    if number >= len(arguments):
        return operation
    values = _VALUES[positional[number]]
    if positional[number] in _TABLES and random.getrandbits(1):
        values = _TABLES[positional[number]]()
    value = random.choice(values)
    return name, (*arguments[:number], value, *arguments[number + 1 :]), keywords


def spoil_construction(random: Random, setting: Setting) -> Setting:
    """Replace the initial balance or one option of a configuration by a wrong value.

    Parameters
    ----------
    random : random.Random
        Source of the choices.
    setting : Setting
        A good configuration; it is not changed.

    Returns
    -------
    Setting
        What a constructor refuses, with very few exceptions.
    """
    name = random.choice(tuple(_OPTIONS))
    value = random.choice(_OPTIONS[name])
    if name == "initial_balance":
        return replace(setting, initial_balance=value)
    return replace(setting, options={**setting.options, name: value})


__all__ = ["KEYWORDS", "POSITIONAL", "Hostile", "Operation", "spoil", "spoil_construction"]
