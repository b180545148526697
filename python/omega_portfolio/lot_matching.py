"""The fills of one side of a symbol matched anew, in whole numbers.

Sizes and prices have 9 decimals, money 18. Every division of money says what the parts add up to:
of a whole that is cut into parts each part is the difference of two rounded running sums, so that
the parts are the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE: Final = 10**9
"""1 at the scale of sizes and prices."""


def divide(numerator: int, denominator: int) -> int:
    """Divide and round half-even.

    Examples
    --------
    >>> from omega_portfolio.lot_matching import divide
    >>> divide(5, 2), divide(7, 2), divide(-5, 2)
    (2, 4, -2)
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


def parts_of(whole: int, weights: Iterable[int], total: int) -> list[int]:
    """Cut a whole into parts in proportion to weights that add up to a total.

    Examples
    --------
    >>> from omega_portfolio.lot_matching import parts_of
    >>> parts_of(100, [1, 1, 1], 3)
    [33, 34, 33]
    """
    parts, seen, given = [], 0, 0
    for weight in weights:
        seen += weight
        upto = divide(whole * seen, total)
        parts.append(upto - given)
        given = upto
    return parts


class Terms(NamedTuple):
    """What a symbol stands for, as far as results need it."""

    contract: int
    """Units per 1 of size, at scale 9."""
    inverse: bool
    """Whether the profit is in the base currency."""
    tick: int
    """The grid of prices, at scale 9."""
    step: int
    """The grid of sizes, at scale 9."""

    def value(self, size: int, price: int) -> int:
        """Give the value of a size at a price (rule I11)."""
        if self.inverse:
            return divide(size * self.contract * ONE, price)
        return size * price * self.contract // ONE

    def price(self, size: int, value: int) -> int:
        """Give the price at which a size has a value, 0 without a value."""
        if not value or not size:
            return 0
        if self.inverse:
            return divide(size * self.contract * ONE, value)
        return divide(value * ONE, size * self.contract)


@dataclass(slots=True)
class Lot:
    """An entry, or what is left of it."""

    position_id: int
    time: int
    price: int
    size: int
    cost: int
    number: int
    """Its place among the entries."""
    split: bool = False
    """Whether its size and price are no longer those of its fill."""


class Taken(NamedTuple):
    """A part of a lot that a closing fill took."""

    lot: Lot
    price: int
    """Entry price of the part, 0 where the cost alone says it."""
    size: int
    cost: int


class Pool:
    """The open lots of one side of a symbol, or of one position, in the order of a method."""

    __slots__ = ("_falling", "_heap", "cost", "method", "size")

    def __init__(self, method: str, *, falling: bool) -> None:
        self.method = method
        # Of longs the entry at the highest price has the least gain, of shorts at the lowest.
        self._falling = falling
        self._heap: list[tuple[tuple[int, int], Lot]] = []
        self.size = 0
        self.cost = 0

    def _key(self, lot: Lot) -> tuple[int, int]:
        if self.method == "lifo":
            return (-lot.number, 0)
        if self.method == "hifo":
            return (-lot.price if self._falling else lot.price, lot.number)
        return (lot.number, 0)

    def add(self, lot: Lot) -> None:
        """Put an entry into the pool."""
        heappush(self._heap, (self._key(lot), lot))
        self.size += lot.size
        self.cost += lot.cost

    def lots(self) -> list[Lot]:
        """Give what is open, in the order of the entries, at the cost of the method."""
        lots = sorted((lot for _, lot in self._heap), key=lambda lot: lot.number)
        if self.method == "average" and self.size:
            costs = parts_of(self.cost, (lot.size for lot in lots), self.size)
            for lot, cost in zip(lots, costs, strict=True):
                lot.cost = cost
        return lots

    def take(self, size: int, terms: Terms) -> list[Taken]:
        """Take a size out of the pool: the parts, in the order of the method."""
        average = divide(self.cost * size, self.size)
        taken, left = [], size
        while left:
            lot = self._heap[0][1]
            part = min(left, lot.size)
            if part == lot.size:
                heappop(self._heap)
            cost = lot.cost if part == lot.size else divide(lot.cost * part, lot.size)
            taken.append(Taken(lot, 0, part, cost))
            lot.size -= part
            lot.cost -= cost
            left -= part
        if self.method == "average":
            costs = parts_of(average, (part.size for part in taken), size)
            taken = [part._replace(cost=cost) for part, cost in zip(taken, costs, strict=True)]
        self.size -= size
        self.cost -= sum(part.cost for part in taken)
        return [part._replace(price=self.price(part.lot, *part[2:], terms)) for part in taken]

    def price(self, lot: Lot, size: int, cost: int, terms: Terms) -> int:
        """Give the entry price of a part: that of the fill, unless the cost says another."""
        return terms.price(size, cost) if self.method == "average" or lot.split else lot.price

    def split(self, after: int, numerator: int, denominator: int) -> list[Taken]:
        """Give each lot its part of the size after a split, and answer what is paid out.

        The exact size after it is that before times numerator / denominator; what it is more
        than ``after`` is paid out, and takes its part of the cost.
        """
        lots = self.lots()
        sizes = parts_of(after, [lot.size for lot in lots], self.size)
        rest = self.size * numerator - after * denominator
        paid_out = []
        for lot, size in zip(lots, sizes, strict=True):
            if rest:
                part = divide(lot.size * rest, self.size * denominator)
                cost = divide(lot.cost * rest, self.size * numerator)
                lot.cost -= cost
                paid_out.append(Taken(lot, 0, part, cost))
            lot.size, lot.split = size, True
            lot.price = divide(lot.price * denominator, numerator)
        # The prices, and with them the order of some methods, have changed.
        self._heap, self.size, self.cost = [], 0, 0
        for lot in lots:
            self.add(lot)
        return paid_out


__all__ = ["ONE", "Lot", "Pool", "Taken", "Terms", "divide", "parts_of"]
