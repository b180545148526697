"""Canonical bytes of the terms of an instrument (SPEC section 9, op 1)."""

from __future__ import annotations

from omega_portfolio.oracle.octets import Octets, put_signed, put_text, put_unsigned
from omega_portfolio.oracle.terms import (
    TIERS,
    CommissionTerms,
    MarginTerms,
    SlippageTerms,
    SwapTerms,
    Terms,
)

WEEKDAYS = 7


def put_terms(out: bytearray, terms: Terms) -> None:
    """Write TERMS."""
    for number in terms[:4]:
        put_unsigned(out, number)
    put_text(out, terms.base_currency)
    out.append(terms.inverse)
    _put_margin(out, terms.margin)
    _put_commission(out, terms.commission)
    _put_slippage(out, terms.slippage)
    _put_swap(out, terms.swap)


def read_terms(octets: Octets) -> Terms:
    """Read TERMS."""
    read = octets.unsigned
    return Terms(
        tick_size=read(),
        lot_step=read(),
        min_size=read(),
        max_size=read(),
        base_currency=octets.text(),
        inverse=bool(octets.byte()),
        margin=_read_margin(octets),
        commission=_read_commission(octets),
        slippage=_read_slippage(octets),
        swap=_read_swap(octets),
    )


def _put_margin(out: bytearray, terms: MarginTerms | None) -> None:
    if terms is None:
        out.append(0)
        return
    out.append(terms.kind + 1)
    if terms.kind == TIERS:
        put_unsigned(out, len(terms.tiers))
        for limit, rate in terms.tiers:
            put_unsigned(out, limit)
            put_unsigned(out, rate)
    else:
        put_unsigned(out, terms.value)
    out.append(terms.base)
    put_unsigned(out, 0 if terms.hedged is None else terms.hedged + 1)
    out.append(terms.currency)


def _read_margin(octets: Octets) -> MarginTerms | None:
    kind = octets.byte() - 1
    if kind < 0:
        return None
    read = octets.unsigned
    tiers: tuple[tuple[int, int], ...] = ()
    value = 0
    if kind == TIERS:
        tiers = tuple((read(), read()) for _ in range(read()))
    else:
        value = read()
    base, hedged = octets.byte(), read()
    return MarginTerms(kind, value, tiers, base, hedged - 1 if hedged else None, octets.byte())


def _put_commission(out: bytearray, terms: CommissionTerms | None) -> None:
    if terms is None:
        out.append(0)
        return
    out.append(terms.kind + 1)
    put_unsigned(out, len(terms.tiers) if terms.has_tiers else 0)
    for volume, taker, maker in terms.tiers:
        put_unsigned(out, volume)
        put_signed(out, taker)
        put_signed(out, maker)
    put_unsigned(out, 0 if terms.minimum is None else terms.minimum + 1)
    out.append(terms.on)


def _read_commission(octets: Octets) -> CommissionTerms | None:
    kind = octets.byte() - 1
    if kind < 0:
        return None
    read, signed = octets.unsigned, octets.signed
    count = read()
    tiers = tuple((read(), signed(), signed()) for _ in range(count or 1))
    minimum = read()
    return CommissionTerms(kind, tiers, count > 0, minimum - 1 if minimum else None, octets.byte())


def _put_slippage(out: bytearray, terms: SlippageTerms | None) -> None:
    if terms is None:
        out.append(0)
        return
    out.append(terms.kind + 1)
    put_unsigned(out, terms.value)
    put_unsigned(out, terms.seed)


def _read_slippage(octets: Octets) -> SlippageTerms | None:
    kind = octets.byte() - 1
    return None if kind < 0 else SlippageTerms(kind, octets.unsigned(), octets.unsigned())


def _put_swap(out: bytearray, terms: SwapTerms | None) -> None:
    if terms is None:
        out.append(0)
        return
    out.append(terms.kind + 1)
    put_signed(out, terms.long)
    put_signed(out, terms.short)
    put_unsigned(out, len(terms.rollovers))
    for minutes in terms.rollovers:
        put_unsigned(out, minutes)
    put_text(out, terms.zone)
    for multiplier in terms.multipliers:
        put_unsigned(out, multiplier)
    put_unsigned(out, terms.day_count)


def _read_swap(octets: Octets) -> SwapTerms | None:
    kind = octets.byte() - 1
    if kind < 0:
        return None
    read = octets.unsigned
    long, short = octets.signed(), octets.signed()
    rollovers = tuple(read() for _ in range(read()))
    zone = octets.text()
    multipliers = tuple(read() for _ in range(WEEKDAYS))
    return SwapTerms(kind, long, short, rollovers, zone, multipliers, read())
