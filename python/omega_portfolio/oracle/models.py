"""What the terms of an instrument come to: pure functions of raw numbers (SPEC 15, 16)."""

from __future__ import annotations

from typing import Final, NamedTuple

from omega_portfolio.oracle.numbers import QUANTITY_ONE, half_even
from omega_portfolio.oracle.terms import (
    BASE_MARK,
    COMMISSION_KINDS,
    COMMISSION_ON,
    IN_BASE,
    LEVERAGE,
    PER_LOT,
    RATE,
    SLIPPAGE_KINDS,
    SWAP_KINDS,
    CommissionTerms,
    MarginTerms,
    SlippageTerms,
)

_WORD: Final = 2**64


class Side(NamedTuple):
    """One side of a symbol: its size, its native cost and its native value at the mark."""

    size: int
    cost: int
    value: int


class MarginNeed(NamedTuple):
    """The basis of both sides, and the margin before it is converted."""

    basis: int
    margin: int


def basis_of(terms: MarginTerms, side: Side, contract_size: int) -> int:
    """Give what the margin of a side is made from (M6)."""
    if terms.kind == PER_LOT:
        return side.size
    if terms.currency == IN_BASE:
        return side.size * contract_size
    return side.value if terms.base == BASE_MARK else side.cost


def requirement(terms: MarginTerms, basis: int) -> int:
    """Give the margin of a basis (M6)."""
    if terms.kind == LEVERAGE:
        return half_even(basis * QUANTITY_ONE, terms.value)
    if terms.kind in (RATE, PER_LOT):
        return half_even(basis * terms.value, QUANTITY_ONE)
    total = floor = 0
    for limit, rate in terms.tiers:
        top = min(basis, limit) if limit else basis
        total += max(top - floor, 0) * rate
        floor = limit
    return half_even(total, QUANTITY_ONE)


def margin_need(terms: MarginTerms, longs: Side, shorts: Side, contract_size: int) -> MarginNeed:
    """Give the margin of both sides (M6, M7)."""
    bases = [basis_of(terms, side, contract_size) for side in (longs, shorts)]
    both = sum(bases)
    if terms.hedged is None:
        return MarginNeed(both, requirement(terms, both))
    large, small = (0, 1) if longs.size > shorts.size else (1, 0)
    sizes = (longs.size, shorts.size)
    if sizes[large] == 0:
        return MarginNeed(both, 0)
    alone = half_even(bases[large] * (sizes[large] - sizes[small]), sizes[large])
    hedged = half_even(requirement(terms, both - alone) * terms.hedged, QUANTITY_ONE)
    return MarginNeed(both, requirement(terms, alone) + hedged)


class CommissionFill(NamedTuple):
    """What a commission may depend on; ``value`` is native, ``volume`` account money."""

    size: int
    contract_size: int
    value: int
    volume: int
    maker: bool


def commission_native(terms: CommissionTerms, fill: CommissionFill) -> int:
    """Give the fee of a fill before it is converted, and before its minimum (Z1, Z2)."""
    tier = next(tier for tier in terms.tiers if not tier[0] or tier[0] > fill.volume)
    figure = tier[2] if fill.maker else tier[1]
    kind = COMMISSION_KINDS[terms.kind]
    if kind == "per_lot":
        return half_even(figure * fill.size, QUANTITY_ONE)
    if kind == "per_unit":
        return half_even(figure * fill.size * fill.contract_size, QUANTITY_ONE**2)
    if kind == "per_trade":
        return figure
    return half_even(fill.value * figure, QUANTITY_ONE)


def is_charged(terms: CommissionTerms, *, entry: bool, leave: bool) -> bool:
    """Tell whether a fill that enters, leaves or does both costs anything."""
    on = COMMISSION_ON[terms.on]
    return (entry and on != "exit") or (leave and on != "entry")


def slip_distance(terms: SlippageTerms, quote: tuple[int, int], at: tuple[int, int, int]) -> int:
    """Give how much worse a price becomes (Z4), as a multiple of the tick.

    Parameters
    ----------
    terms : SlippageTerms
        The model.
    quote : (int, int)
        Bid and ask.
    at : (int, int, int)
        The reference price, the tick, and how many fills of the symbol have slipped before.
    """
    price, tick, count = at
    kind = SLIPPAGE_KINDS[terms.kind]
    if kind == "random":
        return (random_number(terms.seed, count) * (terms.value // tick + 1) >> 64) * tick
    if kind == "points":
        return half_even(terms.value, tick) * tick
    factor = price if kind == "rate" else quote[1] - quote[0]
    return half_even(factor * terms.value, QUANTITY_ONE * tick) * tick


def random_number(seed: int, index: int) -> int:
    """Give a number of SplitMix64, 64 bits, counted from 0 behind the seed."""
    state = (seed + 0x9E3779B97F4A7C15 * (index + 1)) % _WORD
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % _WORD
    state = (state ^ state >> 27) * 0x94D049BB133111EB % _WORD
    return state ^ state >> 31


class SwapRate(NamedTuple):
    """One charge: a kind of :data:`SWAP_KINDS`, the figures of the sides, and how often."""

    kind: int
    long: int
    short: int
    day_count: int
    multiplier: int


def swap_native(rate: SwapRate, figure: int, units: int, value: int) -> int:
    """Give what one position gets in its native currency (Z5).

    ``units`` is size times contract size, at scale 18, and ``value`` that at the mark.
    """
    figure *= rate.multiplier
    kind = SWAP_KINDS[rate.kind]
    if kind == "points":
        return half_even(units * figure, QUANTITY_ONE)
    days = rate.day_count if kind == "rate" else 1
    return half_even(value * figure, QUANTITY_ONE * days)
