"""The configuration of a portfolio, converted and checked (SPEC A1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from omega_portfolio.errors import InvalidAmount, InvalidConfiguration
from omega_portfolio.journal_arguments import NO_JOURNAL, JournalOptions, journal_options
from omega_portfolio.oracle.codec import MODES, PATHS, ROUNDINGS, Configuration
from omega_portfolio.oracle.currency import check_currency
from omega_portfolio.oracle.numbers import (
    MONEY_SCALE,
    QUANTITY_SCALE,
    FloatPolicy,
    plain_text,
    read_number,
)
from omega_portfolio.oracle.reading import check_capacity
from omega_portfolio.oracle.texts import read_str, read_word

FLOATS: Final = ("nearest", "strict")
OFF_GRID: Final = ("refuse", "round")


class Settings(NamedTuple):
    """A configuration, and what is said beside it and is no part of it."""

    configuration: Configuration
    policy: FloatPolicy
    rounds_off_grid: bool
    journal: JournalOptions


def read_settings(initial_balance: object, options: Mapping[str, Any]) -> Settings:
    """Convert the arguments of the constructor in its order, the policy of floats first.

    Then come the rules (A1), in the same order.

    Raises
    ------
    OmegaPortfolioError
        The first argument that cannot be converted, or breaks a rule.
    """
    floats = _index("floats", options["floats"], FLOATS)
    policy: FloatPolicy = "strict" if floats == 1 else "nearest"
    balance = read_number("initial_balance", initial_balance, MONEY_SCALE, policy)
    currency = _read_currency("currency", options["currency"])
    leverage = read_number("leverage", options["leverage"], QUANTITY_SCALE, policy)
    mode_index = _index("mode", options["mode"], MODES)
    if options["capacity"] is not None:
        check_capacity(options["capacity"], "pass the expected number of equity rows, or None")
    rounding_index = _index("rounding", options["rounding"], ROUNDINGS)
    rounds_off_grid = _index("off_grid", options["off_grid"], OFF_GRID) == 1
    levels = {
        name: read_number(name, options[name], QUANTITY_SCALE, policy)
        for name in ("margin_call", "stop_out")
        if options[name] is not None
    }
    path_index = _index("path", options["path"], PATHS)
    pivot = _read_currency("pivot", options["pivot"])
    journal = journal_options(*options.get("journal", NO_JOURNAL))

    if balance < 0:
        raise InvalidAmount(
            "initial_balance",
            plain_text(balance, MONEY_SCALE),
            "must not be negative",
            "start with 0 or more",
        )
    if leverage <= 0:
        raise InvalidConfiguration(
            "leverage",
            plain_text(leverage, QUANTITY_SCALE),
            "must be greater than 0",
            "pass 1 for no leverage",
        )
    _check_levels(levels)
    configuration = Configuration(
        initial_balance=balance,
        currency=currency,
        leverage=leverage,
        mode=mode_index,
        rounding=rounding_index,
        margin_call=levels.get("margin_call", 0),
        stop_out=levels.get("stop_out", 0),
        path=path_index,
        pivot=pivot,
    )
    return Settings(configuration, policy, rounds_off_grid, journal)


def _check_levels(levels: Mapping[str, int]) -> None:
    """Refuse levels of the margin that are none, or stand the wrong way round (M9)."""
    for name, level in levels.items():
        if level <= 0:
            raise InvalidConfiguration(
                name,
                plain_text(level, QUANTITY_SCALE),
                "must be greater than 0",
                "pass percent, or None for none",
            )
    if len(levels) == 2 and levels["stop_out"] > levels["margin_call"]:
        raise InvalidConfiguration(
            "stop_out",
            plain_text(levels["stop_out"], QUANTITY_SCALE),
            f"is above margin_call {plain_text(levels['margin_call'], QUANTITY_SCALE)}",
            "pass a lower stop_out",
        )


def _read_currency(name: str, value: object) -> str:
    code = read_str(name, value)
    check_currency(name, code)
    return code


def _index(name: str, value: object, words: Sequence[str]) -> int:
    return words.index(read_word(name, value, words, InvalidConfiguration))
