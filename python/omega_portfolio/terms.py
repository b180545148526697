"""The terms of an instrument: how much margin it needs, and what its fills and nights cost.

The objects hold what they were given. They are checked (SPEC sections 15 and 16) when the
instrument is registered; a wrong field is refused under a name such as ``margin.rate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from omega_portfolio.types import NumberLike

MarginTiers: TypeAlias = "Sequence[tuple[NumberLike | None, NumberLike]]"
"""Pairs of a limit and the rate below it, with ascending limits and None in the last."""

CommissionTiers: TypeAlias = "Sequence[tuple[NumberLike | None, NumberLike, NumberLike]]"
"""Volume, taker and maker, with ascending volumes and None in the last."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How much margin open positions need; exactly one of the first four is given.

    Parameters
    ----------
    leverage : int, str, Decimal or float, optional
        Margin is the basis divided by it.
    rate : int, str, Decimal or float, optional
        Margin is the basis times it: 0.05 are five percent.
    per_lot : int, str, Decimal or float, optional
        Money of the account for 1 of size.
    tiers : sequence of pairs, optional
        ``[(limit, rate), ...]``: the part of the basis within each tier times its rate. Limits
        ascend, and the last one is None.
    base : {"open", "mark"}, default "open"
        The basis is what the positions cost, or what they are worth at the mark.
    hedged : int, str, Decimal or float, optional
        Part, from 0 to 1, that the hedged volume needs; left out, longs and shorts add up.
    currency : {"quote", "base"}, default "quote"
        With ``base`` the basis is the size in units of the base currency.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.PortfolioPython(1000)
    >>> half = op.Margin(rate="0.5", hedged=0)
    >>> portfolio.register_instrument(op.Instrument("ACME", margin=half))
    >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
    >>> portfolio.margin_used
    Decimal('100.00')
    """

    _: KW_ONLY
    leverage: NumberLike | None = None
    rate: NumberLike | None = None
    per_lot: NumberLike | None = None
    tiers: MarginTiers | None = None
    base: Literal["open", "mark"] = "open"
    hedged: NumberLike | None = None
    currency: Literal["quote", "base"] = "quote"


@dataclass(frozen=True, slots=True)
class Commission:
    """What a fill costs when the call does not say so.

    Parameters
    ----------
    kind : {"per_lot", "per_unit", "per_trade", "rate"}
        Money for 1 of size, for 1 unit (size times contract size), for the fill, or a part of
        its value.
    taker : int, str, Decimal or float, optional
        The figure; negative is a rebate. Left out only with tiers.
    maker : int, str, Decimal or float, optional
        The figure of fills that take a limit price; that of a taker when left out.
    minimum : int, str, Decimal or float, optional
        Least money that a fill costs.
    tiers : sequence of triples, optional
        ``[(volume, taker, maker), ...]`` instead of taker and maker, by the money that the
        symbol has traded before. Volumes ascend, and the last one is None.
    on : {"both", "entry", "exit"}, default "both"
        The fills that are charged.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.PortfolioPython(1000)
    >>> cost = op.Commission("per_lot", "3.5")
    >>> portfolio.register_instrument(op.Instrument("ACME", commission=cost))
    >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
    >>> portfolio.balance
    Decimal('993.00')
    """

    kind: Literal["per_lot", "per_unit", "per_trade", "rate"]
    taker: NumberLike | None = None
    _: KW_ONLY
    maker: NumberLike | None = None
    minimum: NumberLike | None = None
    tiers: CommissionTiers | None = None
    on: Literal["both", "entry", "exit"] = "both"


@dataclass(frozen=True, slots=True)
class Slippage:
    """How much worse than its level a stop or a market order is filled.

    Parameters
    ----------
    kind : {"points", "rate", "spread", "random"}
        A price difference, a part of the price, a part of the spread, or a random number of
        ticks.
    value : int, str, Decimal or float
        The figure, 0 or more; of ``random`` the largest price difference.
    seed : int, default 0
        Start of the random numbers, 0 to 2^64 - 1.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> op.Slippage("points", "0.02")
    Slippage(kind='points', value='0.02', seed=0)
    """

    kind: Literal["points", "rate", "spread", "random"]
    value: NumberLike
    _: KW_ONLY
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Swap:
    """What open positions pay or get over night.

    Parameters
    ----------
    kind : {"points", "rate", "funding"}
        A price difference, an annual rate of the value, or a rate of the value.
    long, short : int, str, Decimal or float, default 0
        The figure of each side; negative is paid.
    rollover : str or sequence of str, default "17:00"
        Local times of the day, ``HH:MM``.
    zone : str, default "UTC"
        IANA name of the time zone with an area, such as ``"Europe/London"``, or ``"UTC"``.
    multipliers : sequence of int, default (1, 1, 3, 1, 1, 0, 0)
        How often each weekday is charged, Monday first.
    day_count : {360, 365}, default 360
        Days of the year of a rate.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.PortfolioPython(1000)
    >>> night = op.Swap("points", long="-0.5", short="0.1", rollover="17:00")
    >>> portfolio.register_instrument(op.Instrument("ACME", swap=night))
    >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02T12:00")
    >>> portfolio.update_equity("2024-01-02T18:00")
    >>> portfolio.balance
    Decimal('999.00')
    """

    kind: Literal["points", "rate", "funding"]
    long: NumberLike = 0
    short: NumberLike = 0
    _: KW_ONLY
    rollover: str | Sequence[str] = "17:00"
    zone: str = "UTC"
    multipliers: Sequence[int] = (1, 1, 3, 1, 1, 0, 0)
    day_count: int = 360


@dataclass(frozen=True, slots=True)
class Costs:
    """What all instruments of a batch cost, instead of their own terms.

    Parameters
    ----------
    commission : Commission, optional
        What fills cost.
    slippage : Slippage, optional
        How much worse than their level stops and market orders are filled.
    swap : Swap, optional
        What positions pay or get over night.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> costs = op.Costs(commission=op.Commission("rate", "0.0005"))
    >>> costs.commission.taker, costs.slippage
    ('0.0005', None)
    """

    _: KW_ONLY
    commission: Commission | None = None
    slippage: Slippage | None = None
    swap: Swap | None = None


__all__ = ["Commission", "Costs", "Margin", "Slippage", "Swap"]
