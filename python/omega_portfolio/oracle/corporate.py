"""Splits (SPEC L3 to L5); dividends are flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle import codec, rules
from omega_portfolio.oracle.account import Change, Posting
from omega_portfolio.oracle.book import Position, Sums, Symbol
from omega_portfolio.oracle.events import Split
from omega_portfolio.oracle.fills import CloseFill
from omega_portfolio.oracle.flows import Flows
from omega_portfolio.oracle.numbers import QUANTITY_ONE, half_even, within
from omega_portfolio.oracle.protection import Protection, protection_of, split_protection
from omega_portfolio.oracle.texts import LONG


class _Ratio(NamedTuple):
    """So many new ones for so few old ones, on the grid of a symbol."""

    numerator: int
    denominator: int
    symbol: Symbol

    def price(self, price: int) -> int:
        """Give a price after the split, on the tick."""
        tick = self.symbol.tick
        after = half_even(price * self.denominator, self.numerator * tick) * tick
        return within("numerator", after, "price after the split")

    def fine_price(self, price: int) -> int:
        """Give a price that is shown, with all decimals."""
        after = half_even(price * self.denominator, self.numerator)
        return within("numerator", after, "price after the split")

    def size(self, size: int) -> int:
        """Give a size after the split, rounded down to the lot step."""
        lot = self.symbol.lot
        after = size * self.numerator // (self.denominator * lot) * lot
        return within("numerator", after, "size after the split")

    def rest(self, size: int) -> int:
        """Give what is left of a size, times the denominator."""
        return size * self.numerator - self.size(size) * self.denominator


class Corporate(Flows):
    """An account whose instruments are split."""

    def _split(self, event: Split) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # L3
        symbol = rules.symbol_is_registered(event.symbol, self.symbols.get(event.symbol))
        if symbol.definition.inverse:
            raise InvalidArgument(
                "symbol", describe(symbol.name), "is inverse", "split other instruments"
            )
        rules.ratio_is_split(event.numerator, event.denominator)
        ratio = _Ratio(event.numerator, event.denominator, symbol)
        held = symbol.holding
        bid, ask = ratio.price(held.bid), ratio.price(held.ask)
        if held.bid and not bid:
            raise _nothing_left(ratio, "makes the mark 0")  # L4
        self._close_too_small(ratio, event.time)
        postings: list[Posting] = []
        for position in self._held_of(symbol):
            postings += self._split_position(position, ratio, (bid, ask), event.time)
        self._hold_split(symbol, (bid, ask), postings, event.time)
        self._split_orders(ratio, event.time)
        record = (
            codec.SPLIT,
            event.time - (self.time or 0),
            symbol.index,
            event.numerator,
            event.denominator,
        )
        self.commit(event.time, record)
        return 0

    def _close_too_small(self, ratio: _Ratio, time: int) -> None:
        """Close the positions of which nothing is left, at the mark of before."""
        for position in self._held_of(ratio.symbol):
            if ratio.size(position.size) == 0:
                price, held = position.mark_price(), position.size
                leg = CloseFill(position, held, price, time, 0, maker=False, reason="split")
                with self.naming("numerator"):
                    self._fill_close(leg)

    def _split_position(
        self, position: Position, ratio: _Ratio, quote: tuple[int, int], time: int
    ) -> list[Posting]:
        """Make a position what a split makes of it; its symbol and the account follow afterwards.

        Returns
        -------
        list of Posting
            What is paid for a rest.
        """
        size = ratio.size(position.size)
        rest = ratio.rest(position.size)
        postings = self._pay_rest(position, ratio, (rest, quote)) if rest else []
        entry_price = ratio.fine_price(position.entry_price)
        if entry_price == 0:
            raise _nothing_left(
                ratio, f"makes the entry price of position {position.position_id} 0"
            )
        self._changing = True
        position.size = size
        position.entry_price = entry_price
        for name in ("stop_loss", "initial_stop", "take_profit"):
            setattr(position, name, ratio.price(getattr(position, name)))
        if position.lowest_mark is not None and position.highest_mark is not None:
            position.lowest_mark = ratio.fine_price(position.lowest_mark)
            position.highest_mark = ratio.fine_price(position.highest_mark)
        after = self._split_given(
            protection_of(position), ratio, time, position_id=position.position_id
        )
        position.trailing = after.trailing or 0
        position.break_even = after.break_even
        position.targets = after.targets
        return postings

    def _pay_rest(
        self, position: Position, ratio: _Ratio, rest: tuple[int, tuple[int, int]]
    ) -> list[Posting]:
        """Pay for what is left below the lot step, and relieve its cost (L3)."""
        units, (bid, ask) = rest
        symbol = position.symbol
        relieved = half_even(position.cost * units, position.size * ratio.numerator)
        mark = bid if position.side == LONG else ask
        cash = half_even(units * symbol.contract_size * mark, ratio.denominator * QUANTITY_ONE)
        within("numerator", cash, "cash for the rest")
        native = symbol.gain(position.side, relieved, cash)
        amount = within("numerator", self.rates.convert(native, symbol.currency), "split")
        self._changing = True
        position.cost -= relieved
        return [Posting("split", symbol.name, position.position_id, amount)] if amount else []

    def _hold_split(
        self, symbol: Symbol, quote: tuple[int, int], postings: Sequence[Posting], time: int
    ) -> None:
        """Hold what the positions of a symbol are after a split, at its new mark, and post."""
        figures = [0, 0, 0, 0]
        for position in self._held_of(symbol):
            figures[2 * position.side] += position.size
            figures[2 * position.side + 1] += position.cost
        for figure in figures:
            within("numerator", figure, "size or cost of the symbol")
        rates = self.rates_at({symbol.name: quote} if quote[0] else {})
        self._require_rates(rates, "numerator")
        names = ("numerator", "numerator")
        holding = symbol.holding_of(names, Sums(*figures), quote, rates)
        changes: list[Change] = [(symbol, holding)]
        changes += self._revalued(rates, "numerator", {symbol.name})
        flow = 0
        if self.is_exact(symbol):
            flow = holding.unrealized - symbol.holding.unrealized
        booked = self._book_rows("numerator", postings)
        after = self._after("numerator", changes, cash=booked.total(), flow=flow, rates=rates)
        self._changing = True
        self.rates = rates
        self._hold(changes)
        self._settle(time, booked, after)

    def _split_orders(self, ratio: _Ratio, time: int) -> None:
        """Make the resting orders of a symbol what a split makes of them."""
        self._changing = True
        for order in self.orders.of(ratio.symbol):
            size, price = ratio.size(order.size), ratio.price(order.price)
            place = self.orders.rows.index(order)
            if size == 0 or (order.price and price == 0):
                self.orders.remove(order)
                self.note_activity(
                    time,
                    "cancelled",
                    order_id=order.order_id,
                    symbol=ratio.symbol.name,
                    size=order.size,
                    price=order.price,
                    detail="split",
                )
                continue
            self.orders.rows[place] = order._replace(
                size=size,
                price=price,
                stop_loss=ratio.price(order.stop_loss),
                take_profit=ratio.price(order.take_profit),
                protection=self._split_given(
                    order.protection, ratio, time, order_id=order.order_id
                ),
            )

    def _split_given(
        self,
        protection: Protection,
        ratio: _Ratio,
        time: int,
        *,
        order_id: int = 0,
        position_id: int = 0,
    ) -> Protection:
        """Split protection; targets that nothing is left of are noted."""
        after, gone = split_protection(protection, ratio.price, ratio.size)
        for price, size in gone:
            self.note_activity(
                time,
                "cancelled",
                order_id=order_id,
                position_id=position_id,
                symbol=ratio.symbol.name,
                size=size,
                price=price,
                detail="split",
            )
        return after


def _nothing_left(ratio: _Ratio, rule: str) -> InvalidArgument:
    return InvalidArgument(
        "denominator", str(ratio.denominator), rule, "use a smaller tick, or another ratio"
    )
