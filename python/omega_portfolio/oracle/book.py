"""What is held: symbols with their sums and quotes, positions in row order, ids.

Nothing here refuses an event; :mod:`omega_portfolio.oracle.ledger` asks first and changes then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omega_portfolio.oracle.numbers import QUANTITY_ONE, QUANTITY_SCALE, half_even, within
from omega_portfolio.oracle.texts import LONG

if TYPE_CHECKING:
    from omega_portfolio.oracle.events import Open
    from omega_portfolio.oracle.instruments import Definition


class Sums(NamedTuple):
    """Sizes and costs of the open positions of a symbol, by side (A3)."""

    long_size: int
    long_cost: int
    short_size: int
    short_cost: int


class Holding(NamedTuple):
    """What is held of a symbol and what it is worth; quotes of 0 mean no mark yet (A5)."""

    bid: int
    ask: int
    sums: Sums
    unrealized: int
    margin: int
    long_value: int
    short_value: int


class Symbol:
    """A registered symbol: its definition and, in ``holding``, what changes with the events."""

    __slots__ = (
        "contract_size",
        "definition",
        "holding",
        "index",
        "leverage",
        "name",
        "price_unit",
        "size_unit",
    )

    def __init__(self, index: int, definition: Definition, account_leverage: int) -> None:
        self.index = index
        self.definition = definition
        self.name = definition.symbol
        self.price_unit = 10 ** (QUANTITY_SCALE - definition.price_decimals)
        self.size_unit = 10 ** (QUANTITY_SCALE - definition.size_decimals)
        self.contract_size = definition.contract_size
        self.leverage = account_leverage if definition.leverage is None else definition.leverage
        self.holding = Holding(0, 0, Sums(0, 0, 0, 0), 0, 0, 0, 0)

    def money(self, size: int, price: int) -> int:
        """Give ``size * price * contract_size`` as raw money; exact because of I2 (N1)."""
        return size * price * self.contract_size // QUANTITY_ONE

    def margin_of(self, cost: int) -> int:
        """Give the margin of a cost (M2)."""
        return half_even(cost * QUANTITY_ONE, self.leverage)

    def sums_with(self, argument: str, side: int, size: int, cost: int) -> Sums:
        """Give the sums with a size and its cost added to one side.

        Raises
        ------
        NumberOutOfRange
            A sum is out of range.
        """
        long_size, long_cost, short_size, short_cost = self.holding.sums
        if side == LONG:
            long_size = within(argument, long_size + size, "long size of the symbol")
            long_cost = within(argument, long_cost + cost, "long cost of the symbol")
        else:
            short_size = within(argument, short_size + size, "short size of the symbol")
            short_cost = within(argument, short_cost + cost, "short cost of the symbol")
        return Sums(long_size, long_cost, short_size, short_cost)

    def holding_of(self, names: tuple[str, str], sums: Sums, bid: int, ask: int) -> Holding:
        """Give the holding of some sums at a quote: its margin (M1), profit (A3) and values (A6).

        Parameters
        ----------
        names : (str, str)
            The arguments that the bid and the ask come from; what both have a part in is
            refused in the name of the first.

        Raises
        ------
        NumberOutOfRange
            The margin, the value of a side or the profit is out of range.
        """
        held = self.holding
        if sums is held.sums:
            margin = held.margin
        else:
            cost = within(names[0], sums.long_cost + sums.short_cost, "cost of the symbol")
            margin = self.margin_of(cost)
            within(names[0], margin, "margin of the symbol")
        long_value = within(names[0], self.money(sums.long_size, bid), "value of the longs")
        short_value = within(names[1], self.money(sums.short_size, ask), "value of the shorts")
        unrealized = long_value - sums.long_cost + sums.short_cost - short_value
        within(names[0], unrealized, "unrealized profit of the symbol")
        return Holding(bid, ask, sums, unrealized, margin, long_value, short_value)


class Position:
    """One open position; ``row`` is its place in the positions table."""

    __slots__ = (
        "cost",
        "entry_fee",
        "entry_price",
        "entry_time",
        "highest_mark",
        "initial_stop",
        "lowest_mark",
        "position_id",
        "row",
        "side",
        "size",
        "stop_loss",
        "symbol",
        "tag",
        "take_profit",
    )

    def __init__(self, position_id: int, symbol: Symbol, fill: Open, cost: int) -> None:
        self.position_id = position_id
        self.symbol = symbol
        self.side = fill.side
        self.size = fill.size
        self.entry_price = fill.price
        self.entry_time = fill.time
        # 0 stands for "no level": a given level is greater than 0 (O2).
        self.stop_loss = fill.stop_loss or 0
        self.take_profit = fill.take_profit or 0
        self.initial_stop = self.stop_loss
        self.cost = cost
        self.entry_fee = fill.fee
        self.tag = fill.tag
        # The extremes of the marks since the open (X1); None before the first of them.
        self.lowest_mark: int | None = None
        self.highest_mark: int | None = None
        self.row = 0

    def mark_price(self) -> int:
        """Give the price it is valued at: the bid for a long, the ask for a short (A5)."""
        holding = self.symbol.holding
        return holding.bid if self.side == LONG else holding.ask

    def unrealized(self) -> int:
        """Give the profit at the mark."""
        return self._result(self.size, self.cost, self.mark_price())

    def see_mark(self) -> None:
        """Remember the price it is valued at, which mark or update_equity has just set (X1)."""
        price = self.mark_price()
        if self.lowest_mark is None or price < self.lowest_mark:
            self.lowest_mark = price
        if self.highest_mark is None or price > self.highest_mark:
            self.highest_mark = price

    def excursions(self, size: int, cost: int, exit_price: int) -> tuple[int, int]:
        """Give mae and mfe of a size that is closed now and of its cost (X1).

        A result only grows or only falls with the price, so the extremes of the marks are
        enough. Each is in range: the symbol's values and costs were, and they are no smaller.
        """
        prices = [exit_price]
        if self.lowest_mark is not None and self.highest_mark is not None:
            prices += [self.lowest_mark, self.highest_mark]
        results = [self._result(size, cost, price) for price in prices]
        return min(0, *results), max(0, *results)

    def _result(self, size: int, cost: int, price: int) -> int:
        """Give the gross result of a size and its cost at a price (C2)."""
        value = self.symbol.money(size, price)
        return value - cost if self.side == LONG else cost - value

    def margin(self) -> int:
        """Give the margin of this position alone."""
        return self.symbol.margin_of(self.cost)


class Positions:
    """Open positions in row order, found by id."""

    __slots__ = ("by_id", "rows")

    def __init__(self) -> None:
        self.rows: list[Position] = []
        self.by_id: dict[int, Position] = {}

    def append(self, position: Position) -> None:
        """Add a position as the last row (O5)."""
        position.row = len(self.rows)
        self.rows.append(position)
        self.by_id[position.position_id] = position

    def remove(self, position: Position) -> None:
        """Take a position out; the last row moves into its place (C6)."""
        last = self.rows.pop()
        if last is not position:
            self.rows[position.row] = last
            last.row = position.row
        del self.by_id[position.position_id]


class PositionIds:
    """The counter of O3 and the ids that were given by callers.

    ``next_free`` is always an id that was never used: when it moves, it steps over given ids.
    So every id below it is used, and only those above have to be remembered.
    """

    __slots__ = ("given", "next_free")

    def __init__(self) -> None:
        self.next_free = 1
        self.given: set[int] = set()

    def is_used(self, position_id: int) -> bool:
        """Tell whether an id was ever used in this portfolio."""
        return position_id < self.next_free or position_id in self.given

    def use(self, position_id: int) -> None:
        """Use an id; the counter moves when it is the counter's."""
        if position_id != self.next_free:
            self.given.add(position_id)
            return
        self.next_free += 1
        while self.next_free in self.given:
            self.given.remove(self.next_free)
            self.next_free += 1
