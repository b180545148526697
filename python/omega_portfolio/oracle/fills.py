"""Fills: opens and closes, netting, and positions closed against each other (SPEC 5, 12).

A fill is asked for its ranges before it changes anything; what surrounds it, the order of the
rules and the record, is in :mod:`omega_portfolio.oracle.ledger`.
"""

from __future__ import annotations

from typing import NamedTuple

from omega_portfolio.oracle import codec, rules
from omega_portfolio.oracle.account import Change, Posting
from omega_portfolio.oracle.book import Entry, Position, Symbol
from omega_portfolio.oracle.costs import Costs, Priced
from omega_portfolio.oracle.numbers import half_even, within
from omega_portfolio.oracle.protection import NO_PROTECTION, Protection, start_protection
from omega_portfolio.oracle.rates import RATE_ONE
from omega_portfolio.oracle.schema import Row
from omega_portfolio.oracle.texts import LONG, SIDE_NAMES


class OpenFill(NamedTuple):
    """A fill that opens, or in netting mode changes, a position.

    A fee of None is the commission model's; ``slippage`` is account money, and
    ``reference`` the price before it, 0 when nothing slipped.
    """

    symbol_name: str
    side: int
    size: int
    price: int
    time: int
    stop_loss: int | None
    take_profit: int | None
    fee: int | None
    maker: bool
    tag: str
    position_id: int | None
    order_id: int = 0
    protection: Protection = NO_PROTECTION
    slippage: int = 0
    reference: int = 0


class CloseFill(NamedTuple):
    """A fill that closes a size of a position; the fee is that of the model when it is None."""

    position: Position
    size: int
    price: int
    time: int
    fee: int | None
    maker: bool
    reason: str
    order_id: int = 0
    slippage: int = 0


class Filled(NamedTuple):
    """What became of an open fill: its fee, the position of the answer, and whether it is new."""

    position_id: int
    fee: int
    is_new: bool


class Fills(Costs):
    """An account that takes fills."""

    def fill_open(self, fill: OpenFill) -> int:
        """Book a fill that opens a position (O4, O5), or in netting mode P1 to P4.

        Raises
        ------
        MissingRate, InsufficientMargin, TooManyPositions, NumberOutOfRange
            Nothing has changed.
        """
        return self._fill_open(fill).position_id

    def fill_close(  # noqa: PLR0917 - the parts of one fill.
        self,
        position: Position,
        size: int | None,
        price: int,
        time: int,
        fee: int | None,
        maker: bool,  # noqa: FBT001 - one of the parts.
        reason: str,
        order_id: int,
        slippage: int,
    ) -> Row:
        """Book a fill that closes a position, all of it when size is None (C2 to C6).

        Returns
        -------
        tuple
            The row of the trade.

        Raises
        ------
        NumberOutOfRange
            Nothing has changed.
        """
        held = position.size if size is None else size
        return self._fill_close(
            CloseFill(position, held, price, time, fee, maker, reason, order_id, slippage)
        )

    def netted(self, symbol: Symbol) -> Position | None:
        """Give the position that a fill of a symbol changes: none in hedging mode (P1)."""
        if self.configuration.mode != codec.MODE_NETTING or not symbol.is_held():
            return None
        return next(each for each in self.positions.rows if each.symbol is symbol)

    def _fill_open(self, fill: OpenFill) -> Filled:
        symbol = self.symbol_or_default(fill.symbol_name, len(self.symbols))
        held = self.netted(symbol)
        if held is None or held.side == fill.side:
            return self._enter(fill, symbol, held)
        if fill.size <= held.size:  # P3
            row = self._fill_close(_leg(held, fill, fill.size, "reduce"))
            return Filled(held.position_id, int(row[EXIT_FEE] or 0), is_new=False)
        with self.attempt():
            return self._flip(fill, symbol, held)

    def _flip(self, fill: OpenFill, symbol: Symbol, held: Position) -> Filled:
        """Close all that is held and open the rest (P4)."""
        fee, size = fill.fee, held.size
        if fee is None:
            fee = self._commission(symbol, _priced(fill), self.rates, entry=True, leave=True)
        within("size", fee, "fee")
        share = half_even(fee * size, fill.size)
        rest = fill.size - size
        # Each leg has slipped by its own size.
        slips = [
            self._slip_cost(symbol, part, fill.reference or fill.price, fill.price)
            for part in (size, rest)
        ]
        leg = _leg(held, fill, size, "flip")._replace(fee=share, slippage=slips[0])
        volume = symbol.volume
        self._fill_close(leg)
        opened = fill._replace(size=rest, fee=fee - share, slippage=slips[1])
        filled = self._enter(opened, symbol, None)
        # It is one fill of its whole size (Z1).
        symbol.volume = volume
        self._count_volume(symbol, fill.size, fill.price, self.rates)
        return filled._replace(fee=fee)

    def _enter(self, fill: OpenFill, symbol: Symbol, held: Position | None) -> Filled:
        """Open a position, or increase the one that is held (P2)."""
        if held is None:
            rules.count_has_room("position_id", len(self.positions.rows), "open positions")
        before, side, size = symbol.holding, fill.side, fill.size
        quote = (before.bid, before.ask) if before.bid else (fill.price, fill.price)  # A5
        rates = self.rates_at({symbol.name: quote})
        for code in symbol.currencies():
            rates.require(code, "symbol")  # W4
        cost = within("size", symbol.value(size, fill.price), "cost")  # N3
        fee = fill.fee
        if fee is None:
            fee = self._commission(symbol, _priced(fill), rates, entry=True, leave=False)
        sums = symbol.sums_with("size", side, size, cost)
        holding = symbol.holding_of(("size", "size"), sums, quote, rates)
        balance = within("size", self.scalars.balance - fee, "balance")
        free_margin = balance + self.scalars.unrealized_pnl - self.scalars.margin_used
        rules.margin_is_free(free_margin, holding.margin - before.margin, size)  # O4
        if held is not None:
            within("size", held.entry_fee + fee, "entry fee of the position")
        changes: list[Change] = [(symbol, holding)]
        changes += self._revalued(rates, "size", {symbol.name})
        flow = 0
        if self.is_exact(symbol):
            flow = symbol.gain(side, cost, symbol.value(size, quote[0 if side == LONG else 1]))
        position_id = fill.position_id or self.ids.next_free
        if held is not None:
            position_id = held.position_id
        posting = Posting("fee", symbol.name, position_id, -fee)
        booked = self._book([posting] if fee else [])
        after = self._after("size", changes, cash=booked.total(), flow=flow, rates=rates)

        self._changing = True
        self.rates = rates
        self._hold(changes)
        entry = Entry(
            side=side,
            size=size,
            price=fill.price,
            time=fill.time,
            cost=cost,
            fee=fee,
            slippage=fill.slippage,
            rate=rates.of(symbol.currency),
            tag=fill.tag,
        )
        if held is None:
            self._append_position(position_id, symbol, entry, fill)
        else:
            _increase(held, entry, fill)
        self._count_volume(symbol, size, fill.price, rates)
        self._append_fill(fill.time, position_id, fill.order_id, symbol, entry, fill.maker)
        self._settle(fill.time, booked, after)
        return Filled(position_id, fee, is_new=held is None)

    def _append_position(
        self, position_id: int, symbol: Symbol, entry: Entry, fill: OpenFill
    ) -> None:
        levels = (fill.stop_loss or 0, fill.take_profit or 0)
        position = Position(position_id, symbol, entry, levels)
        start_protection(position, fill.protection, fill.price, initial=True)
        self.positions.append(position)
        self.ids.use(position_id)

    def _fill_close(self, fill: CloseFill) -> Row:
        position, size, price, time = fill[:4]
        symbol, side, rates = position.symbol, position.side, self.rates
        whole = size == position.size
        rate = rates.of(symbol.currency)

        def money(native: int, what: str) -> int:
            return within("price", half_even(native * rate, RATE_ONE), what)

        def share(held: int) -> int:
            return held if whole else half_even(held * size, position.size)

        proceeds = within("price", symbol.value(size, price), "proceeds")  # C2
        cost = share(position.cost)  # C4
        native = symbol.gain(side, cost, proceeds)
        gross = money(native, "gross profit")
        fx_pnl = gross - half_even(native * position.entry_rate, RATE_ONE)  # W6
        excursions = position.excursions("price", size, cost, price)
        mae, mfe = (money(each, "excursion") for each in excursions)
        fee = fill.fee
        if fee is None:
            fee = within(
                "price",
                self._commission(symbol, _priced(fill), rates, entry=False, leave=True),
                "fee",
            )
        entry_fee, swap = share(position.entry_fee), share(position.swap)  # C5, Z6
        slippage = share(position.slippage)
        net = within("price", gross - entry_fee - fee + swap, "net profit")
        sums = symbol.sums_with("price", side, -size, -cost)
        quote = (symbol.holding.bid, symbol.holding.ask)
        change = [(symbol, symbol.holding_of(("price", "price"), sums, quote, rates))]
        flow = 0
        if self.is_exact(symbol):
            value = symbol.value(size, position.mark_price())
            flow = symbol.gain(side, value, proceeds) - gross
        postings = [Posting("realized_pnl", symbol.name, position.position_id, gross)]  # C3
        if fee:
            postings.append(Posting("fee", symbol.name, position.position_id, -fee))
        booked = self._book(postings)
        # The balance after each posting is a column, and the first may be above what is left.
        within("price", self.scalars.balance + booked.amounts[0], "balance")
        after = self._after("price", change, cash=booked.total(), flow=flow)
        realized = within("price", self.scalars.realized_pnl + gross, "realized profit")  # M4
        row = (
            len(self.trade_rows) + 1,
            position.position_id,
            symbol.name,
            SIDE_NAMES[side],
            size,
            position.entry_time,
            position.entry_price,
            time,
            price,
            gross,
            entry_fee,
            fee,
            swap,
            net,
            money(cost, "cost"),
            mae,
            mfe,
            fx_pnl,
            within("price", slippage + fill.slippage, "slippage"),
            position.initial_stop,
            position.take_profit,
            position.tag,
            fill.reason,
        )

        self._changing = True
        self._hold(change)
        self.trade_rows.append(row)
        if whole:
            self.positions.remove(position)  # C6
        else:
            position.size -= size
            position.cost -= cost
            position.entry_fee -= entry_fee
            position.swap -= swap
            position.slippage -= slippage
        self._count_volume(symbol, size, price, rates)
        self._append_close_fill(fill, fee, gross)
        self._settle(time, booked, after._replace(realized_pnl=realized))
        return row

    def _append_fill(  # noqa: PLR0917 - the parts of one fill.
        self,
        time: int,
        position_id: int,
        order_id: int,
        symbol: Symbol,
        entry: Entry,
        maker: bool,  # noqa: FBT001 - one of the parts.
    ) -> None:
        self.fill_rows.append(
            (
                self.events + 1,
                time,
                position_id,
                order_id,
                symbol.name,
                "buy" if entry.side == LONG else "sell",
                entry.size,
                entry.price,
                entry.fee,
                0,
                "maker" if maker else "taker",
                "",
            )
        )

    def _append_close_fill(self, fill: CloseFill, fee: int, realized: int) -> None:
        position = fill.position
        self.fill_rows.append(
            (
                self.events + 1,
                fill.time,
                position.position_id,
                fill.order_id,
                position.symbol.name,
                "sell" if position.side == LONG else "buy",
                fill.size,
                fill.price,
                fee,
                realized,
                "maker" if fill.maker else "taker",
                fill.reason,
            )
        )


EXIT_FEE = 11
"""Place of the exit fee in the row of a trade."""


def _priced(fill: OpenFill | CloseFill) -> Priced:
    return Priced(fill.size, fill.price, fill.maker)


def _leg(held: Position, fill: OpenFill, size: int, reason: str) -> CloseFill:
    """Make the close that a netting fill of the other side is."""
    return CloseFill(
        position=held,
        size=size,
        price=fill.price,
        time=fill.time,
        fee=fill.fee,
        maker=fill.maker,
        reason=reason,
        order_id=fill.order_id,
        slippage=fill.slippage,
    )


def _increase(held: Position, entry: Entry, fill: OpenFill) -> None:
    """Add a fill to a position of its side (P2)."""
    held.size += entry.size
    held.cost += entry.cost
    held.entry_fee += entry.fee
    held.slippage += entry.slippage
    if held.cost:
        # It is shown, and a price is never 0.
        held.entry_price = held.symbol.price_of(held.size, held.cost) or held.entry_price
        held.entry_rate += half_even((entry.rate - held.entry_rate) * entry.cost, held.cost)
    if fill.stop_loss is not None:
        held.stop_loss, held.stop_kind = fill.stop_loss, 0
    if fill.take_profit is not None:
        held.take_profit = fill.take_profit
    start_protection(held, fill.protection, fill.price)
