"""Prices that walk: bars and quotes of instruments, in ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

    from omega_portfolio.bench.shapes import Shape


class Candle(NamedTuple):
    """Open, high, low and close of the bid, and the spread, in ticks."""

    open: int
    high: int
    low: int
    close: int
    spread: int


class Walk:
    """The price of one instrument, in ticks; it knows no rule of the account.

    Parameters
    ----------
    shape : Shape
        The instrument.

    Examples
    --------
    >>> from random import Random
    >>> from omega_portfolio.bench.shapes import USUAL
    >>> from omega_portfolio.bench.walks import Walk
    >>> walk = Walk(USUAL[0])
    >>> candle = walk.candle(Random(1))
    >>> candle.low <= candle.open <= candle.high, candle.close == walk.bid
    (True, True)
    """

    __slots__ = ("bid", "shape", "spread")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.bid = max(shape.price // shape.tick, 1)
        self.spread = min(self.bid // 10_000, 10**30)

    @property
    def reach(self) -> int:
        """How far a price usually moves within a bar, in ticks."""
        return max(self.bid // 250, 2)

    def move(self, random: Random, parts: int = 3) -> int:
        """Move the bid by up to a part of its reach, and give it."""
        reach = self.reach // parts + 1
        self._go(int((random.random() - 0.5) * 2 * reach))
        return self.bid

    def candle(self, random: Random) -> Candle:
        """Move through a bar: a small walk, now and then after a gap."""
        choice = random.getrandbits(4)
        if choice == 0:
            self._go(int((random.random() - 0.5) * 16 * self.reach))
        elif choice < 6:
            self.move(random)
        begin = self.bid
        calm = choice == 15
        parts = 12 if calm else 1
        prices = [begin, self.move(random, parts), self.move(random, parts)]
        self.move(random, parts)
        high, low = max(*prices, self.bid), min(*prices, self.bid)
        if random.getrandbits(2) == 0:
            # A needle: extremes far beyond open and close.
            high += int(random.random() * 3 * self.reach)
            low = max(low - int(random.random() * 3 * self.reach), 1)
        if choice == 14:
            high = low = begin = self.bid
        return Candle(begin, high, low, self.bid, self.quoted_spread(random))

    def quoted_spread(self, random: Random) -> int:
        """Give a spread: none, the usual one, or a wide one."""
        choice = random.getrandbits(3)
        if choice < 2:
            return 0
        return self.spread + (int(random.random() * self.reach) if choice == 2 else choice & 1)

    def split(self, numerator: int, denominator: int) -> None:
        """Follow a split of the units."""
        self.bid = max(self.bid * denominator // numerator, 1)

    def _go(self, ticks: int) -> None:
        moved = self.bid + ticks
        usual = max(self.shape.price // self.shape.tick, 1)
        # A price that ran away comes back, unless a split took it there.
        if ticks > 0 and usual < self.bid // 3 < 2 * usual:
            moved = usual
        self.bid = max(moved, 1)


__all__ = ["Candle", "Walk"]
