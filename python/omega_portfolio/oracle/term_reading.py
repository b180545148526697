"""Terms as a caller gave them, converted (SPEC 13, 15, 16).

What breaks a rule and can be converted all the same is kept for later: the rules come when
every field of the instrument is converted (SPEC section 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, Final, TypeVar
from zoneinfo import available_timezones

from omega_portfolio.errors import (
    InvalidArgument,
    InvalidInstrument,
    OmegaPortfolioError,
    describe,
)
from omega_portfolio.oracle.numbers import (
    MONEY_SCALE,
    QUANTITY_ONE,
    QUANTITY_SCALE,
    FloatPolicy,
    plain_text,
    read_number,
)
from omega_portfolio.oracle.terms import (
    COMMISSION_KINDS,
    COMMISSION_ON,
    DAY_COUNTS,
    MARGIN_BASES,
    MARGIN_CURRENCIES,
    MARGIN_KINDS,
    SLIPPAGE_KINDS,
    SWAP_KINDS,
    CommissionTerms,
    MarginTerms,
    SlippageTerms,
    SwapTerms,
)
from omega_portfolio.oracle.texts import read_str
from omega_portfolio.terms import Commission, Margin, Slippage, Swap

SEED_LIMIT: Final = 2**64
MULTIPLIER_MAX: Final = 2**32 - 1
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

Given = TypeVar("Given")
Late = dict[str, OmegaPortfolioError]
"""The first refusal of each field of an instrument."""


def raise_first(late: Late) -> None:
    """Raise what was kept for later, where nothing else is to come before it.

    Raises
    ------
    InvalidInstrument
        The first rule that is broken.
    """
    for error in late.values():
        raise error


def read_margin(value: object, policy: FloatPolicy, late: Late) -> MarginTerms | None:
    """Convert a margin model (M5)."""
    given = _instance("margin", value, Margin)
    if given is None:
        return None
    figures: list[Any] = []
    for name in MARGIN_KINDS:
        figure = getattr(given, name)
        if figure is None:
            figures.append(None)
        elif name == "tiers":
            figures.append(_read_margin_tiers(figure, policy))
        else:
            scale = MONEY_SCALE if name == "per_lot" else QUANTITY_SCALE
            figures.append(read_number(f"margin.{name}", figure, scale, policy))
    kinds = [kind for kind, figure in enumerate(figures) if figure is not None]
    if len(kinds) != 1:
        raise InvalidInstrument(
            "margin", describe(given), "has none, or several, of its models", "pass one of them"
        )
    kind = kinds[0]
    base = _word("margin.base", given.base, MARGIN_BASES)
    hedged = None
    if given.hedged is not None:
        hedged = read_number("margin.hedged", given.hedged, QUANTITY_SCALE, policy)
    currency = _word("margin.currency", given.currency, MARGIN_CURRENCIES)
    number: int = 0 if MARGIN_KINDS[kind] == "tiers" else figures[kind]
    tiers: list[tuple[int | None, int]] = figures[kind] if MARGIN_KINDS[kind] == "tiers" else []
    name = f"margin.{MARGIN_KINDS[kind]}"
    fault = _margin_tiers_fault(name, tiers) if tiers else None
    if not tiers and number <= 0:
        fault = _wrong(name, getattr(given, MARGIN_KINDS[kind]), "must be greater than 0")
    if fault is None and hedged is not None and not 0 <= hedged <= QUANTITY_ONE:
        fault = _wrong("margin.hedged", given.hedged, "must be 0 to 1")
    if fault is not None:
        late["margin"] = fault
    limits = tuple((limit or 0, rate) for limit, rate in tiers)
    return MarginTerms(kind, number, limits, base, hedged, currency)


def _read_margin_tiers(value: object, policy: FloatPolicy) -> list[tuple[int | None, int]]:
    name = "margin.tiers"
    return [
        (_limit(name, limit, policy), read_number(name, rate, QUANTITY_SCALE, policy))
        for limit, rate in _rows(name, value, 2)
    ]


def _margin_tiers_fault(
    name: str, tiers: Sequence[tuple[int | None, int]]
) -> InvalidInstrument | None:
    if any(rate <= 0 for _, rate in tiers):
        return _wrong(name, len(tiers), "must have rates greater than 0")
    return _limits_fault(name, [limit for limit, _ in tiers])


def read_commission(value: object, policy: FloatPolicy, late: Late) -> CommissionTerms | None:
    """Convert a commission model (Z1, Z2)."""
    given = _instance("commission", value, Commission)
    if given is None:
        return None
    kind = _word("commission.kind", given.kind, COMMISSION_KINDS)
    scale = QUANTITY_SCALE if COMMISSION_KINDS[kind] == "rate" else MONEY_SCALE

    def figure(name: str, number: object) -> int:
        return read_number(f"commission.{name}", number, scale, policy)

    taker = None if given.taker is None else figure("taker", given.taker)
    maker = taker if given.maker is None else figure("maker", given.maker)
    minimum = None
    if given.minimum is not None:
        minimum = read_number("commission.minimum", given.minimum, MONEY_SCALE, policy)
    tiers: list[tuple[int | None, int, int]]
    if given.tiers is None:
        if taker is None or maker is None:
            raise _wrong("commission.taker", None, "is needed without tiers")
        tiers = [(None, taker, maker)]
    else:
        if taker is not None or maker is not None:
            raise _wrong("commission.tiers", given.tiers, "stands beside taker or maker")
        tiers = [
            (
                _limit("commission.tiers", row[0], policy),
                figure("tiers", row[1]),
                figure("tiers", row[2]),
            )
            for row in _rows("commission.tiers", given.tiers, 3)
        ]
    on = _word("commission.on", given.on, COMMISSION_ON)
    fault = _commission_fault(tiers, minimum)
    if fault is not None:
        late["commission"] = fault
    limits = tuple((volume or 0, taker, maker) for volume, taker, maker in tiers)
    # One tier for all volumes says what taker and maker say, and is the same definition.
    return CommissionTerms(kind, limits, len(tiers) > 1, minimum, on)


def _commission_fault(
    tiers: Sequence[tuple[int | None, int, int]], minimum: int | None
) -> InvalidInstrument | None:
    fault = _limits_fault("commission.tiers", [volume for volume, _, _ in tiers])
    if fault is not None or minimum is None:
        return fault
    text = plain_text(minimum, MONEY_SCALE)
    if minimum < 0:
        return _wrong("commission.minimum", text, "must not be negative")
    if any(min(taker, maker) < 0 for _, taker, maker in tiers):
        return _wrong("commission.minimum", text, "stands beside a rebate")
    return None


def read_slippage(value: object, policy: FloatPolicy, late: Late) -> SlippageTerms | None:
    """Convert a slippage model (Z4)."""
    given = _instance("slippage", value, Slippage)
    if given is None:
        return None
    kind = _word("slippage.kind", given.kind, SLIPPAGE_KINDS)
    figure = read_number("slippage.value", given.value, QUANTITY_SCALE, policy)
    if figure < 0:
        late["slippage"] = _wrong("slippage.value", given.value, "must not be negative")
    seed = _whole("slippage.seed", given.seed)
    if not 0 <= seed < SEED_LIMIT:
        raise _wrong("slippage.seed", given.seed, "must be 0 to 2^64 - 1")
    return SlippageTerms(kind, figure, seed)


def read_swap(value: object, policy: FloatPolicy, late: Late) -> SwapTerms | None:
    """Convert a swap model (Z5)."""
    given = _instance("swap", value, Swap)
    if given is None:
        return None
    kind = _word("swap.kind", given.kind, SWAP_KINDS)
    long = read_number("swap.long", given.long, QUANTITY_SCALE, policy)
    short = read_number("swap.short", given.short, QUANTITY_SCALE, policy)
    rollovers = _read_clocks(given.rollover)
    zone = read_str("swap.zone", given.zone)
    if not is_zone(zone):
        rule = "must be an IANA name with an area, such as Europe/London, or UTC"
        late["swap"] = _wrong("swap.zone", zone, rule)
    multipliers = tuple(
        _whole("swap.multipliers", number) for number in _sequence("swap.multipliers", given)
    )
    if len(multipliers) != 7 or not all(0 <= number <= MULTIPLIER_MAX for number in multipliers):
        raise _wrong("swap.multipliers", given.multipliers, "must be seven whole numbers from 0")
    day_count = _whole("swap.day_count", given.day_count)
    if day_count not in DAY_COUNTS:
        raise _wrong("swap.day_count", day_count, "must be 360 or 365")
    return SwapTerms(kind, long, short, rollovers, zone, multipliers, day_count)


@cache
def is_zone(name: str) -> bool:
    """Tell whether a name is UTC or one with an area of the IANA database.

    Names without an area are not the same everywhere, such as localtime and Factory.
    """
    return name == "UTC" or ("/" in name and name in available_timezones())


def _read_clocks(value: object) -> tuple[int, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, tuple | list):
        raise InvalidArgument(
            "swap.rollover", describe(value), "must be a str or a sequence of them", 'pass "17:00"'
        )
    minutes: list[int] = []
    for text in texts:
        match = _CLOCK.fullmatch(read_str("swap.rollover", text))
        if match is None:
            raise _wrong("swap.rollover", text, "must be HH:MM")
        minutes.append(60 * int(match[1]) + int(match[2]))
    if not minutes or len(set(minutes)) != len(minutes):
        raise _wrong("swap.rollover", value, "must be one or more times, each once")
    return tuple(sorted(minutes))


def _instance(name: str, value: object, expected: type[Given]) -> Given | None:
    if value is None or isinstance(value, expected):
        return value
    kind = expected.__name__
    raise InvalidArgument(name, describe(value), f"must be a {kind}", f"pass op.{kind}(...)")


def _word(name: str, value: object, words: Sequence[str]) -> int:
    text = read_str(name, value)
    if text not in words:
        raise _wrong(name, text, f"must be one of {', '.join(words)}")
    return words.index(text)


def _whole(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__index__(value)
    raise InvalidArgument(name, describe(value), "must be an int", "pass a whole number")


def _sequence(name: str, given: Swap) -> Sequence[Any]:
    if not isinstance(given.multipliers, tuple | list):
        raise InvalidArgument(
            name, describe(given.multipliers), "must be a sequence", "pass seven whole numbers"
        )
    return given.multipliers


def _rows(name: str, value: object, width: int) -> list[Sequence[Any]]:
    """Take a sequence of tiers."""
    if not isinstance(value, tuple | list):
        raise InvalidArgument(name, describe(value), "must be a sequence", "pass a list of tiers")
    for row in value:
        if not isinstance(row, tuple | list):
            raise InvalidArgument(name, describe(row), "must be a tuple", "pass a list of tiers")
        if len(row) != width:
            raise _wrong(name, row, f"must have {width} numbers")
    if not value:
        raise _wrong(name, value, "must not be empty")
    return list(value)


def _limit(name: str, value: object, policy: FloatPolicy) -> int | None:
    return None if value is None else read_number(name, value, MONEY_SCALE, policy)


def _limits_fault(name: str, limits: Sequence[int | None]) -> InvalidInstrument | None:
    """Refuse limits that are not above 0, do not ascend, or do not end with None."""
    given = [limit for limit in limits[:-1] if limit is not None]
    complete = limits[-1] is None and len(given) == len(limits) - 1
    ascending = all(one < two for one, two in pairwise([0, *given]))
    if complete and ascending:
        return None
    return _wrong(name, len(limits), "must ascend, with None in the last tier and only there")


def _wrong(name: str, value: object, rule: str) -> InvalidInstrument:
    return InvalidInstrument(name, describe(value), rule, "change this field of the instrument")


READERS: Final[dict[str, Callable[[object, FloatPolicy, Late], Any]]] = {
    "margin": read_margin,
    "commission": read_commission,
    "slippage": read_slippage,
    "swap": read_swap,
}
"""How the terms of an instrument are read, in the order of its signature."""
