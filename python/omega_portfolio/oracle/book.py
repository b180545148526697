"""What is held: symbols with their sums and quotes, positions in row order, ids.

Nothing here refuses an event; :mod:`omega_portfolio.oracle.ledger` asks first and changes then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omega_portfolio.oracle.models import MarginNeed, Side, margin_need
from omega_portfolio.oracle.numbers import QUANTITY_ONE, QUANTITY_SCALE, half_even, within
from omega_portfolio.oracle.terms import IN_BASE, LEVERAGE, PER_LOT, MarginTerms
from omega_portfolio.oracle.texts import LONG

if TYPE_CHECKING:
    from omega_portfolio.oracle.instruments import Definition
    from omega_portfolio.oracle.rates import Rates


class Sums(NamedTuple):
    """Sizes and native costs of the open positions of a symbol, by side (A3)."""

    long_size: int
    long_cost: int
    short_size: int
    short_cost: int


NOTHING = Sums(0, 0, 0, 0)
"""The sums of a symbol without open positions."""


class Holding(NamedTuple):
    """What is held of a symbol and what it is worth; quotes of 0 mean no mark yet (A5).

    Profit, margin and values are account money at the rates of now (W5).
    """

    bid: int
    ask: int
    sums: Sums
    unrealized: int
    margin: int
    long_value: int
    short_value: int


class Symbol:
    """A registered symbol: its definition, and below ``holding`` what changes with the events.

    ``volume`` is what it has traded (Z2), ``slips`` how many fills have slipped at random (Z4).
    """

    __slots__ = (
        "contract_size",
        "currency",
        "definition",
        "holding",
        "index",
        "last_bar",
        "last_rollover",
        "leverage",
        "lot",
        "margin_currency",
        "margin_terms",
        "name",
        "price_unit",
        "size_unit",
        "slips",
        "tick",
        "volume",
    )

    def __init__(self, index: int, definition: Definition, account_leverage: int) -> None:
        self.index = index
        self.definition = definition
        self.name = definition.symbol
        self.price_unit = 10 ** (QUANTITY_SCALE - definition.price_decimals)
        self.size_unit = 10 ** (QUANTITY_SCALE - definition.size_decimals)
        self.tick = definition.tick_size or self.price_unit
        self.lot = definition.lot_step or self.size_unit
        self.contract_size = definition.contract_size
        self.currency = definition.profit_currency()
        self.leverage = account_leverage if definition.leverage is None else definition.leverage
        terms = definition.margin
        self.margin_terms = terms or MarginTerms(LEVERAGE, self.leverage)
        # None: the margin of a model in money for 1 of size is account money as it is.
        self.margin_currency: str | None = self.currency
        if self.margin_terms.kind == PER_LOT:
            self.margin_currency = None
        elif self.margin_terms.currency == IN_BASE:
            self.margin_currency = definition.base_currency
        self.holding = Holding(0, 0, NOTHING, 0, 0, 0, 0)
        self.volume = 0
        self.slips = 0
        self.last_bar: int | None = None
        self.last_rollover: int | None = None

    def is_exact_in(self, account_currency: str) -> bool:
        """Tell whether its results are sums without any rounding."""
        return not self.definition.inverse and self.currency == account_currency

    def value(self, size: int, price: int) -> int:
        """Give a size at a price as raw native money (I11).

        That is ``size * price * contract_size``, exact because of I2 (N1) but for prices off the
        grid, which a split makes: then rounded half-even (N2). Of an inverse instrument it is
        ``size * contract_size / price``, rounded half-even.
        """
        if self.definition.inverse:
            return half_even(size * self.contract_size * QUANTITY_ONE, price) if size else 0
        return half_even(size * price * self.contract_size, QUANTITY_ONE)

    def price_of(self, size: int, cost: int) -> int:
        """Give the price at which a size has a cost, rounded half-even (P2)."""
        units = size * self.contract_size
        if self.definition.inverse:
            return half_even(units * QUANTITY_ONE, cost)
        return half_even(cost * QUANTITY_ONE, units)

    def gain(self, side: int, cost: int, value: int) -> int:
        """Give the native result of a cost that has become a value (C2, I11)."""
        rises = (side == LONG) != self.definition.inverse
        return value - cost if rises else cost - value

    def currencies(self) -> list[str]:
        """Give the currencies that it needs the rates of."""
        return self.definition.currencies()

    def is_held(self) -> bool:
        """Tell whether there is an open position of it."""
        sums = self.holding.sums
        return bool(sums.long_size or sums.short_size)

    def margin_need(self, longs: Side, shorts: Side) -> MarginNeed:
        """Give the margin of both sides before it is converted (M6, M7)."""
        return margin_need(self.margin_terms, longs, shorts, self.contract_size)

    def in_account_money(self, margin: int, rates: Rates) -> int:
        """Convert a margin."""
        if self.margin_currency is None:
            return margin
        return rates.convert(margin, self.margin_currency)

    def sides(self, sums: Sums, bid: int, ask: int) -> tuple[Side, Side]:
        """Give both sides of some sums at a quote."""
        return (
            Side(sums.long_size, sums.long_cost, self.value(sums.long_size, bid)),
            Side(sums.short_size, sums.short_cost, self.value(sums.short_size, ask)),
        )

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

    def holding_of(
        self, names: tuple[str, str], sums: Sums, quote: tuple[int, int], rates: Rates
    ) -> Holding:
        """Give the holding of some sums at a quote: its margin, profit (A3) and values (A6).

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
        first, second = names
        bid, ask = quote
        if sums == NOTHING:
            return Holding(bid, ask, sums, 0, 0, 0, 0)
        longs, shorts = self.sides(sums, bid, ask)
        within(first, longs.cost + shorts.cost, "cost of the symbol")
        within(first, longs.value, "value of the longs")
        within(second, shorts.value, "value of the shorts")
        need = within(first, self.margin_need(longs, shorts).margin, "margin of the symbol")
        profit = self.gain(LONG, longs.cost, longs.value)
        profit += self.gain(1 - LONG, shorts.cost, shorts.value)
        within(first, profit, "unrealized profit of the symbol")

        def converted(argument: str, amount: int, what: str) -> int:
            return within(argument, rates.convert(amount, self.currency), what)

        return Holding(
            bid,
            ask,
            sums,
            converted(first, profit, "unrealized profit of the symbol"),
            within(first, self.in_account_money(need, rates), "margin of the symbol"),
            converted(first, longs.value, "value of the longs"),
            converted(second, shorts.value, "value of the shorts"),
        )


class Entry(NamedTuple):
    """What a position begins with; ``cost`` is native, fee and slippage account money."""

    side: int
    size: int
    price: int
    time: int
    cost: int
    fee: int
    slippage: int
    rate: int
    tag: str


class Position:
    """One open position; ``row`` is its place in the positions table.

    ``cost`` is native, entry_fee, swap and slippage are account money. Protection beside the two
    levels is as in :class:`omega_portfolio.oracle.protection.Protection`, a distance of 0 for
    no trailing.
    """

    __slots__ = (
        "break_even",
        "cost",
        "entry_fee",
        "entry_price",
        "entry_rate",
        "entry_time",
        "exit_time",
        "highest_mark",
        "initial_stop",
        "lowest_mark",
        "position_id",
        "row",
        "side",
        "size",
        "slippage",
        "stop_kind",
        "stop_loss",
        "swap",
        "symbol",
        "tag",
        "take_profit",
        "targets",
        "trailing",
    )

    def __init__(
        self, position_id: int, symbol: Symbol, entry: Entry, levels: tuple[int, int]
    ) -> None:
        self.position_id = position_id
        self.symbol = symbol
        self.side = entry.side
        self.size = entry.size
        self.entry_price = entry.price
        self.entry_time = entry.time
        # 0 stands for "no level": a given level is greater than 0 (O2).
        self.stop_loss, self.take_profit = levels
        self.initial_stop = self.stop_loss
        self.stop_kind = 0
        self.trailing = 0
        self.break_even: tuple[int, int] | None = None
        self.targets: tuple[tuple[int, int], ...] = ()
        self.exit_time: int | None = None
        self.cost = entry.cost
        self.entry_fee = entry.fee
        self.swap = 0
        self.slippage = entry.slippage
        self.entry_rate = entry.rate
        self.tag = entry.tag
        # The extremes of the marks since the open (X1); None before the first of them.
        self.lowest_mark: int | None = None
        self.highest_mark: int | None = None
        self.row = 0

    def mark_price(self) -> int:
        """Give the price it is valued at: the bid for a long, the ask for a short (A5)."""
        holding = self.symbol.holding
        return holding.bid if self.side == LONG else holding.ask

    def mark_value(self) -> int:
        """Give its native value at the mark."""
        return self.symbol.value(self.size, self.mark_price())

    def unrealized(self) -> int:
        """Give the native profit at the mark."""
        return self.symbol.gain(self.side, self.cost, self.mark_value())

    def see(self, price: int) -> None:
        """Remember a price that it was valued at (X1)."""
        if self.lowest_mark is None or price < self.lowest_mark:
            self.lowest_mark = price
        if self.highest_mark is None or price > self.highest_mark:
            self.highest_mark = price

    def excursions(self, argument: str, size: int, cost: int, exit_price: int) -> tuple[int, int]:
        """Give native mae and mfe of a size that is closed now and of its cost (X1).

        A result only grows or only falls with the price, so the extremes of the marks are
        enough.

        Raises
        ------
        NumberOutOfRange
            The value at a mark is out of range: a position that was increased is closed with
            a size that it did not have when the mark was set, and the extremes of a bar are
            marks at which nothing was valued.
        """
        prices = [exit_price]
        if self.lowest_mark is not None and self.highest_mark is not None:
            prices += [self.lowest_mark, self.highest_mark]
        symbol = self.symbol
        values = [
            within(argument, symbol.value(size, price), "value at a mark") for price in prices
        ]
        results = [symbol.gain(self.side, cost, value) for value in values]
        return min(0, *results), max(0, *results)

    def margin(self, rates: Rates) -> int:
        """Give the margin of this position alone, in account money."""
        own, none = Side(self.size, self.cost, self.mark_value()), Side(0, 0, 0)
        terms = self.symbol.margin_terms._replace(hedged=None)
        need = margin_need(terms, own, none, self.symbol.contract_size)
        return self.symbol.in_account_money(need.margin, rates)


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

    def replace(self, rows: list[Position]) -> None:
        """Set all rows, as they were at another moment."""
        self.rows = rows
        self.by_id = {position.position_id: position for position in rows}


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
