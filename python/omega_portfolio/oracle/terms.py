"""The terms of an instrument, converted: margin, commission, slippage and swap (SPEC 15, 16).

Numbers are raw. How they are read from what a caller gave is in
:mod:`omega_portfolio.oracle.term_reading`, what they come to in
:mod:`omega_portfolio.oracle.models`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MARGIN_KINDS: Final = ("leverage", "rate", "per_lot", "tiers")
MARGIN_BASES: Final = ("open", "mark")
MARGIN_CURRENCIES: Final = ("quote", "base")
COMMISSION_KINDS: Final = ("per_lot", "per_unit", "per_trade", "rate")
COMMISSION_ON: Final = ("both", "entry", "exit")
SLIPPAGE_KINDS: Final = ("points", "rate", "spread", "random")
SWAP_KINDS: Final = ("points", "rate", "funding")
DAY_COUNTS: Final = (360, 365)

BASE_OPEN, BASE_MARK = range(2)
IN_QUOTE, IN_BASE = range(2)
LEVERAGE, RATE, PER_LOT, TIERS = range(4)
"""Indexes of :data:`MARGIN_KINDS`."""


class MarginTerms(NamedTuple):
    """M5; ``kind`` and the words are indexes of their names.

    ``value`` is the figure of a model without tiers; ``tiers`` are pairs of a limit, 0 for none,
    and a rate. ``hedged`` is None when both sides add up.
    """

    kind: int
    value: int = 0
    tiers: tuple[tuple[int, int], ...] = ()
    base: int = BASE_OPEN
    hedged: int | None = None
    currency: int = IN_QUOTE


class CommissionTerms(NamedTuple):
    """Z1, Z2; ``tiers`` are triples of a volume, 0 for none, taker and maker.

    Without tiers of its own there is one, for all volumes, and ``has_tiers`` is false. ``minimum``
    is None for none.
    """

    kind: int
    tiers: tuple[tuple[int, int, int], ...]
    has_tiers: bool
    minimum: int | None
    on: int


class SlippageTerms(NamedTuple):
    """Z4."""

    kind: int
    value: int
    seed: int


class SwapTerms(NamedTuple):
    """Z5; ``rollovers`` are minutes of the day, ascending."""

    kind: int
    long: int
    short: int
    rollovers: tuple[int, ...]
    zone: str
    multipliers: tuple[int, ...]
    day_count: int


class Terms(NamedTuple):
    """All that an instrument may have beyond I1 (I8); 0, "" and None are none."""

    tick_size: int = 0
    lot_step: int = 0
    min_size: int = 0
    max_size: int = 0
    base_currency: str = ""
    inverse: bool = False
    margin: MarginTerms | None = None
    commission: CommissionTerms | None = None
    slippage: SlippageTerms | None = None
    swap: SwapTerms | None = None
