"""What callers say of orders and protection, converted (SPEC Q1, Q3)."""

from __future__ import annotations

from typing import Final, NamedTuple

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, FloatPolicy, read_number
from omega_portfolio.oracle.orders import MARKET, ORDER_TYPES
from omega_portfolio.oracle.protection import Protection
from omega_portfolio.oracle.texts import POSITION_ID_MAX, read_word
from omega_portfolio.oracle.times import read_time

_PAIR: Final = 2


class GivenProtection(NamedTuple):
    """The arguments of protection as a caller gave them."""

    trailing: object
    break_even: object
    targets: object
    exit_time: object


def read_protection(given: GivenProtection, policy: FloatPolicy) -> Protection:
    """Convert the arguments of protection, in their order; None is not given.

    Raises
    ------
    InvalidArgument, InvalidNumber, NumberOutOfRange, InvalidTime
        The first that cannot be converted.
    """
    trailing, pair, targets, exit_time = given
    return Protection(
        None if trailing is None else read_number("trailing", trailing, QUANTITY_SCALE, policy),
        None if pair is None else read_break_even(pair, policy),
        () if targets is None else read_targets(targets, policy),
        None if exit_time is None else read_time("exit_time", exit_time),
    )


def read_break_even(value: object, policy: FloatPolicy) -> tuple[int, int]:
    """Take a pair of trigger and offset, or a trigger alone."""
    if not isinstance(value, tuple | list):
        return read_number("break_even", value, QUANTITY_SCALE, policy), 0
    return _read_pair("break_even", value, "(trigger, offset)", policy)


def read_targets(value: object, policy: FloatPolicy) -> tuple[tuple[int, int], ...]:
    """Take pairs of price and size."""
    if not isinstance(value, tuple | list):
        raise InvalidArgument(
            "targets", describe(value), "must be a list of pairs", "pass [(price, size), ...]"
        )
    return tuple(_read_pair("targets", pair, "(price, size)", policy) for pair in value)


def _read_pair(argument: str, value: object, what: str, policy: FloatPolicy) -> tuple[int, int]:
    if not isinstance(value, tuple | list) or len(value) != _PAIR:
        raise InvalidArgument(argument, describe(value), f"must be a pair {what}", f"pass {what}")
    first = read_number(argument, value[0], QUANTITY_SCALE, policy)
    return first, read_number(argument, value[1], QUANTITY_SCALE, policy)


def read_order_type(value: object) -> int:
    """Take the type of an order.

    Raises
    ------
    InvalidArgument
        It is no ``str``, or none of the words.
    """
    return ORDER_TYPES.index(read_word("type", value, ORDER_TYPES))


def read_order_price(value: object, kind: int, policy: FloatPolicy) -> int | None:
    """Take the price of an order, which all but market orders have.

    Raises
    ------
    InvalidArgument, InvalidNumber, NumberOutOfRange
        It cannot be converted, or is there or not there against the type.
    """
    if kind == MARKET and value is not None:
        raise InvalidArgument(
            "price",
            describe(value),
            "a market order has no price",
            "leave price out, or pass another type",
        )
    if kind != MARKET and value is None:
        raise InvalidArgument(
            "price", "None", f"a {ORDER_TYPES[kind]} order needs a price", "pass a price"
        )
    return None if value is None else read_number("price", value, QUANTITY_SCALE, policy)


def read_order_id(value: object) -> int:
    """Take the id of an order.

    Raises
    ------
    InvalidArgument
        It is no ``int`` (a ``bool`` is none), or outside 1 to 2^64 - 1.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        order_id = int.__index__(value)
        if 1 <= order_id <= POSITION_ID_MAX:
            return order_id
    raise InvalidArgument(
        "order_id", describe(value), "must be an int from 1 to 2^64 - 1", "pass the id of an order"
    )
