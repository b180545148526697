"""Cells of a frame of events that hold more than one number: targets and terms (SPEC E1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from omega_portfolio.errors import (
    InvalidArgument,
    InvalidInstrument,
    InvariantViolation,
    describe,
)
from omega_portfolio.oracle.numbers import (
    LIMIT,
    QUANTITY_ONE,
    QUANTITY_SCALE,
    FloatPolicy,
    plain_text,
    read_number,
)
from omega_portfolio.oracle.octets import Octets
from omega_portfolio.oracle.term_codec import put_terms, read_terms
from omega_portfolio.oracle.term_reading import MULTIPLIER_MAX, SEED_LIMIT, is_zone
from omega_portfolio.oracle.terms import (
    COMMISSION_KINDS,
    COMMISSION_ON,
    DAY_COUNTS,
    MARGIN_BASES,
    MARGIN_CURRENCIES,
    MARGIN_KINDS,
    SLIPPAGE_KINDS,
    SWAP_KINDS,
    TIERS,
    CommissionTerms,
    MarginTerms,
    SlippageTerms,
    SwapTerms,
    Terms,
)

_HEXADECIMAL: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_MINUTES_OF_A_DAY: Final = 24 * 60


def targets_text(targets: Iterable[tuple[int, int]]) -> str:
    """Write raw prices and sizes as ``price:size`` joined by ``;``."""
    return ";".join(
        ":".join(plain_text(number, QUANTITY_SCALE) for number in target) for target in targets
    )


def read_targets_text(name: str, text: str, policy: FloatPolicy) -> tuple[tuple[int, int], ...]:
    """Read targets; an empty text is none.

    Raises
    ------
    InvalidArgument
        A target is no pair.
    InvalidNumber, NumberOutOfRange
        A number cannot be converted.
    """
    targets = []
    for target in text.split(";") if text else ():
        price, colon, size = target.partition(":")
        if not colon or ":" in size:
            raise InvalidArgument(
                name, describe(text), "must be price:size joined by ;", 'pass "105:1;110:0.5"'
            )
        raw_price = read_number(name, price, QUANTITY_SCALE, policy)
        targets.append((raw_price, read_number(name, size, QUANTITY_SCALE, policy)))
    return tuple(targets)


def terms_text(terms: Terms) -> str:
    """Write the terms of an instrument as hexadecimal digits of their canonical bytes."""
    out = bytearray()
    put_terms(out, terms)
    return out.hex()


def read_terms_text(name: str, text: str) -> Terms:
    """Read terms that an instrument can have.

    What they have to do with its decimals and currencies is for the registration to ask.

    Raises
    ------
    InvalidInstrument
        The text is something else.
    """
    terms = _decoded(text)
    if terms is None or not _can_be(terms):
        raise InvalidInstrument(
            name,
            describe(text),
            "are not the hexadecimal digits of terms of an instrument",
            "use the terms of a register row of get_events",
        )
    return terms


def _decoded(text: str) -> Terms | None:
    """Decode terms of which the text is the only one, but for the case of its digits."""
    if _HEXADECIMAL.fullmatch(text) is None:
        return None
    octets = Octets(bytes.fromhex(text))
    try:
        terms = read_terms(octets)
    except InvariantViolation:
        return None
    return terms if _has_words(terms) and terms_text(terms) == text.lower() else None


def _has_words(terms: Terms) -> bool:
    """Tell whether each byte that stands for a word stands for one."""
    margin, commission, slippage, swap = terms[-4:]
    return (
        (
            margin is None
            or (
                margin.kind < len(MARGIN_KINDS)
                and margin.base < len(MARGIN_BASES)
                and margin.currency < len(MARGIN_CURRENCIES)
            )
        )
        and (
            commission is None
            or (commission.kind < len(COMMISSION_KINDS) and commission.on < len(COMMISSION_ON))
        )
        and (slippage is None or slippage.kind < len(SLIPPAGE_KINDS))
        and (swap is None or swap.kind < len(SWAP_KINDS))
    )


def _can_be(terms: Terms) -> bool:
    """Tell whether an instrument can be given these terms (I8, M5, Z1, Z2, Z4, Z5)."""
    return (
        all(number < LIMIT for number in terms[:4])
        and (terms.margin is None or _is_margin(terms.margin))
        and (terms.commission is None or _is_commission(terms.commission))
        and (terms.slippage is None or _is_slippage(terms.slippage))
        and (terms.swap is None or _is_swap(terms.swap))
    )


def _is_margin(margin: MarginTerms) -> bool:
    figures = [margin.value]
    if margin.kind == TIERS:
        if not _ascends([limit for limit, _ in margin.tiers]):
            return False
        figures = [rate for _, rate in margin.tiers]
    return all(0 < figure < LIMIT for figure in figures) and (margin.hedged or 0) <= QUANTITY_ONE


def _is_commission(commission: CommissionTerms) -> bool:
    figures = [figure for _, *pair in commission.tiers for figure in pair]
    minimum = commission.minimum
    return (
        _ascends([volume for volume, _, _ in commission.tiers])
        and all(abs(figure) < LIMIT for figure in figures)
        and (minimum is None or (minimum < LIMIT and min(figures) >= 0))
    )


def _is_slippage(slippage: SlippageTerms) -> bool:
    return slippage.value < LIMIT and slippage.seed < SEED_LIMIT


def _is_swap(swap: SwapTerms) -> bool:
    return (
        abs(swap.long) < LIMIT
        and abs(swap.short) < LIMIT
        and len(swap.rollovers) > 0
        and all(one < two for one, two in pairwise(swap.rollovers))
        and swap.rollovers[-1] < _MINUTES_OF_A_DAY
        and is_zone(swap.zone)
        and all(number <= MULTIPLIER_MAX for number in swap.multipliers)
        and swap.day_count in DAY_COUNTS
    )


def _ascends(limits: Sequence[int]) -> bool:
    """Tell whether limits ascend from above 0 to the last, which is 0 and so has no end."""
    given = limits[:-1]
    return (
        len(limits) > 0
        and limits[-1] == 0
        and all(0 < limit < LIMIT for limit in given)
        and all(one < two for one, two in pairwise(given))
    )
