"""What callers say of cash, swaps and splits, converted (SPEC W8, Z7, L3)."""

from __future__ import annotations

from typing import Final

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle.terms import SWAP_KINDS
from omega_portfolio.oracle.texts import read_code, read_word

WHOLE_MAX: Final = 2**32 - 1


def read_cash_currency(value: object) -> str | None:
    """Take the currency of cash, of which the rules know whether it is one; None is not given.

    Raises
    ------
    InvalidArgument
        It is no ``str``.
    InvalidCurrency
        It is not valid Unicode.
    """
    return None if value is None else read_code("currency", value)


def read_swap_kind(value: object) -> int:
    """Take the kind of a swap: its place in ``terms.SWAP_KINDS``.

    Raises
    ------
    InvalidArgument
        It is no ``str``, or none of the words.
    """
    return SWAP_KINDS.index(read_word("kind", value, SWAP_KINDS))


def read_whole(argument: str, value: object) -> int:
    """Take a whole number of 32 bits.

    Raises
    ------
    InvalidArgument
        It is no ``int`` (a ``bool`` is none), or outside 0 to 2^32 - 1.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= WHOLE_MAX:
        return int.__index__(value)
    raise InvalidArgument(
        argument, describe(value), f"must be an int from 0 to {WHOLE_MAX}", "pass a whole number"
    )
