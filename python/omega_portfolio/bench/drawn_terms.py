"""Random terms of instruments: grids, margin, commission, slippage and swap, in all their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.inputs import decimal_text, spell_number
from omega_portfolio.terms import Commission, Margin, Slippage, Swap

if TYPE_CHECKING:
    from random import Random

    from omega_portfolio.bench.inputs import Number

ZONES: Final = (
    *("UTC", "America/New_York", "Europe/London", "Asia/Tokyo", "Australia/Lord_Howe"),
    *("America/St_Johns", "America/Sao_Paulo", "Asia/Kathmandu", "Europe/Dublin", "Etc/GMT+5"),
)
"""Zones with changes of an hour, of half an hour, of either hemisphere, and without any.

All of them have had the same rules for long: each backend has its own issue of the database.
"""

_ROLLOVERS: Final[tuple[Any, ...]] = (
    *("17:00", "17:00", "00:00", "02:30", "01:30", "23:59"),
    *(("00:00", "08:00", "16:00"), ["02:00", "02:30", "03:00"], ("22:00",), ("16:00", "04:00")),
)
_MULTIPLIERS: Final = (
    *((1, 1, 3, 1, 1, 0, 0), (1, 1, 1, 1, 1, 1, 1), (0, 0, 0, 0, 0, 0, 5), (1, 2, 3, 4, 5, 6, 7)),
    *((0, 0, 0, 0, 0, 0, 0), (1, 1, 1, 1, 3, 0, 0)),
)


def draw_terms(random: Random, price: int, step: int, decimals: tuple[int, int]) -> dict[str, Any]:
    """Draw further arguments of an instrument.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    price : int
        Its usual price, in units of the price grid.
    step : int
        Units of the size grid between two sizes; its lot step when it is not 1.
    decimals : tuple of int
        Decimals of its prices and sizes.

    Returns
    -------
    dict
    """
    terms: dict[str, Any] = {}
    if step > 1 or random.getrandbits(4) == 0:
        terms["lot_step"] = decimal_text(step, decimals[1])
    if random.getrandbits(3) == 0:
        terms["min_size"] = decimal_text(step * random.choice((1, 1, 2)), decimals[1])
    if random.getrandbits(4) == 0:
        terms["max_size"] = decimal_text(step * random.choice((50, 1_000, 10**6)), decimals[1])
    if random.getrandbits(1):
        terms["margin"] = draw_margin(random)
    if random.getrandbits(1):
        terms["commission"] = draw_commission(random)
    if random.getrandbits(1):
        terms["slippage"] = draw_slippage(random, price, decimals[0])
    if random.getrandbits(1):
        terms["swap"] = draw_swap(random, price, decimals[0])
    return terms


def draw_margin(random: Random) -> Margin:
    """Draw a margin model.

    Parameters
    ----------
    random : random.Random
        Source of all choices.

    Returns
    -------
    Margin
    """
    values: dict[str, Any] = {
        "leverage": spell_number(random, random.choice((10, 300, 333, 5_000)), 1),
        "rate": spell_number(random, random.choice((1, 20, 333, 10_000, 25_000)), 4),
        "per_lot": spell_number(random, random.choice((1, 50_000, 123_456)), 2),
        "tiers": _margin_tiers(random),
    }
    kind = random.choice(tuple(values))
    given: dict[str, Any] = {kind: values[kind]}
    if random.getrandbits(1):
        given["base"] = random.choice(("open", "mark", "mark"))
    if random.getrandbits(1):
        given["hedged"] = random.choice((0, "0.5", 0.25, 1, "0.333333333"))
    if random.getrandbits(2) == 0:
        given["currency"] = random.choice(("quote", "base"))
    return Margin(**given)


def _margin_tiers(random: Random) -> list[tuple[Number | None, Number]]:
    limits = sorted(random.sample(range(1, 2_000), random.randrange(4)))
    tiers: list[tuple[Number | None, Number]] = [
        (spell_number(random, limit * 1_000, 0), spell_number(random, 1 + 5 * number, 3))
        for number, limit in enumerate(limits)
    ]
    return [*tiers, (None, spell_number(random, 100 + random.randrange(900), 3))]


def draw_commission(random: Random) -> Commission:
    """Draw a commission model.

    Parameters
    ----------
    random : random.Random
        Source of all choices.

    Returns
    -------
    Commission
    """
    kind: Any = random.choice(("per_lot", "per_unit", "per_trade", "rate"))
    decimals = {"per_lot": 2, "per_unit": 6, "per_trade": 2, "rate": 6}[kind]
    given: dict[str, Any] = {}
    has_minimum = random.getrandbits(2) == 0
    least = 0 if has_minimum else -200

    def value() -> Number:
        return spell_number(random, random.randint(least, 900), decimals)

    if random.getrandbits(1):
        volumes = sorted(random.sample(range(1, 500), random.randrange(4)))
        tiers: list[tuple[Any, ...]] = [
            (spell_number(random, 10_000 * volume, 0), value(), value()) for volume in volumes
        ]
        given["tiers"] = [*tiers, (None, value(), value())]
    else:
        given["taker"] = value()
        if random.getrandbits(1):
            given["maker"] = value()
    if has_minimum:
        given["minimum"] = spell_number(random, random.randrange(300), 2)
    if random.getrandbits(1):
        given["on"] = random.choice(("both", "entry", "exit"))
    return Commission(kind, **given)


def draw_slippage(random: Random, price: int, price_decimals: int) -> Slippage:
    """Draw a slippage model.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    price : int
        The usual price, in units of the price grid.
    price_decimals : int
        Decimals of that grid.

    Returns
    -------
    Slippage
    """
    kind: Any = random.choice(("points", "rate", "spread", "random", "random"))
    value: Number
    if kind in {"points", "random"}:
        value = decimal_text(random.randrange(2 + min(price // 1_000, 50)), price_decimals)
    else:
        # A rate of the price, or a share of the spread.
        value = spell_number(random, random.randrange(1, 20), 4 if kind == "rate" else 1)
    if kind == "random":
        return Slippage(kind, value, seed=random.choice((0, 1, 2**64 - 1, random.getrandbits(64))))
    return Slippage(kind, value)


def draw_swap(random: Random, price: int, price_decimals: int) -> Swap:
    """Draw a swap model and its calendar.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    price : int
        The usual price, in units of the price grid.
    price_decimals : int
        Decimals of that grid.

    Returns
    -------
    Swap
    """
    kind: Any = random.choice(("points", "rate", "funding"))
    if kind == "points":
        largest = 2 + min(price // 2_000, 10**6)
        values = [
            decimal_text(random.randint(-largest, largest // 2), price_decimals) for _ in "ls"
        ]
    else:
        values = [decimal_text(random.randint(-900, 500), 4 + (kind == "funding")) for _ in "ls"]
    given: dict[str, Any] = {"long": values[0], "short": values[1]}
    if random.getrandbits(1):
        given["rollover"] = random.choice(_ROLLOVERS)
    if random.getrandbits(2):
        given["zone"] = random.choice(ZONES)
    if random.getrandbits(1):
        given["multipliers"] = random.choice(_MULTIPLIERS)
    if random.getrandbits(2) == 0:
        given["day_count"] = random.choice((360, 365))
    return Swap(kind, **given)


__all__ = ["ZONES", "draw_commission", "draw_margin", "draw_slippage", "draw_swap", "draw_terms"]
