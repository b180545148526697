"""The account and its one door: state changes only in :meth:`Ledger.apply`.

Each event has a method that reads from top to bottom: the refusals in the order of SPEC
section 5, then the results with their range (N3), then the changes. A refusal leaves everything
as it was, because nothing is changed before the last check.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from omega_portfolio.errors import InstrumentExists, InvariantViolation, describe
from omega_portfolio.oracle import codec, rules
from omega_portfolio.oracle.account import Account, Change, Posting
from omega_portfolio.oracle.book import Position, Symbol
from omega_portfolio.oracle.events import (
    OF_PRICES,
    Close,
    Deposit,
    Event,
    Fee,
    Mark,
    Modify,
    Open,
    Quote,
    Register,
    UpdateEquity,
    Withdraw,
)
from omega_portfolio.oracle.instruments import check_definition
from omega_portfolio.oracle.numbers import half_even, within
from omega_portfolio.oracle.texts import LONG, SIDE_NAMES
from omega_portfolio.sentinel import Unset


class _Result(NamedTuple):
    """What a close comes to: the size closed, and raw money."""

    size: int
    gross: int
    entry_fee: int
    net: int
    cost: int
    mae: int
    mfe: int


class Ledger(Account):
    """An account that takes events."""

    def apply(self, event: Event) -> int:
        """Take an event, or refuse it and change nothing.

        Returns
        -------
        int
            The id of the position that was opened or closed; 0 for other events.

        Raises
        ------
        OmegaPortfolioError
            The first rule that the event breaks.
        InvariantViolation
            An invariant does not hold after the event, or did not before.
        """
        self.require_sound()
        self._changing = False
        try:
            position_id = _HANDLERS[type(event)](self, event)
        except BaseException as error:
            # An interrupt between two changes leaves a state that no rule describes.
            if self._changing:
                self.violation = InvariantViolation(
                    "portfolio",
                    type(error).__name__,
                    "an event was interrupted while it changed the state",
                    "discard this portfolio",
                )
            raise
        self.check(self.invariants)
        return position_id

    def _register(self, event: Register) -> int:
        definition = event.definition
        check_definition(definition, self.configuration.currency)
        known = self.symbols.get(definition.symbol)
        if known is not None:
            if known.definition != definition:  # I5
                raise InstrumentExists(
                    "symbol",
                    describe(definition.symbol),
                    "is registered with another definition",
                    "register before the first use, and once",
                )
            return 0
        rules.count_has_room("symbol", len(self.symbols), "symbols")
        symbol = Symbol(len(self.symbols), definition, self.configuration.leverage)
        self._changing = True
        self._add_symbol(symbol)
        return 0

    def _open(self, event: Open) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # O1
        symbol = self.symbol_or_default(event.symbol, len(self.symbols))
        rules.size_is_tradable(event.size, symbol)
        rules.price_is_tradable("price", event.price, symbol)
        side, held = event.side, symbol.holding
        levels = (event.stop_loss, event.take_profit)
        for name, level in zip(rules.LEVELS, levels, strict=True):
            if level is not None:
                rules.level_protects(name, level, (symbol, side), event.price)  # O2
        position_id = self.ids.next_free
        if event.position_id is not None:
            position_id = event.position_id
            rules.id_is_new(position_id, used=self.ids.is_used(position_id))  # O3
        rules.count_has_room("position_id", len(self.positions.rows), "open positions")

        cost = within("size", symbol.money(event.size, event.price), "cost")  # N3
        sums = symbol.sums_with("size", side, event.size, cost)
        bid, ask = (held.bid, held.ask) if held.bid else (event.price, event.price)  # A5
        holding = symbol.holding_of(("size", "size"), sums, bid, ask)
        balance = within("size", self.scalars.balance - event.fee, "balance")
        free_margin = balance + self.scalars.unrealized_pnl - self.scalars.margin_used
        rules.margin_is_free(free_margin, holding.margin - held.margin, event.size)  # O4
        value = symbol.money(event.size, bid if side == LONG else ask)
        gain = value - cost if side == LONG else cost - value
        after = self._scalars_after("size", [(symbol, holding)], -event.fee, gain)

        self._changing = True
        self._hold([(symbol, holding)])
        self.positions.append(Position(position_id, symbol, event, cost))
        self.ids.use(position_id)
        postings = [Posting("fee", symbol.name, position_id, -event.fee)] if event.fee else []
        record = (
            codec.OPEN,
            event.time - (self.time or 0),
            symbol.index,
            side,
            position_id,
            event.size // symbol.size_unit,
            event.price // symbol.price_unit,
            (event.stop_loss or 0) // symbol.price_unit,
            (event.take_profit or 0) // symbol.price_unit,
            event.fee,
            event.tag,
        )
        self._commit(event.time, after, record, postings)
        return position_id

    def _close(self, event: Close) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # C1
        position_id = event.position_id
        position = rules.position_is_open(position_id, self.positions.by_id.get(position_id))
        symbol, side = position.symbol, position.side
        size = position.size if event.size is None else event.size
        rules.size_is_tradable(size, symbol)
        rules.size_is_held(size, position)
        rules.price_is_tradable("price", event.price, symbol)

        whole = size == position.size
        proceeds = within("price", symbol.money(size, event.price), "proceeds")  # C2
        cost = position.cost if whole else half_even(position.cost * size, position.size)  # C4
        gross = proceeds - cost if side == LONG else cost - proceeds
        mae, mfe = position.excursions(size, cost, event.price)  # X1
        entry_fee = position.entry_fee  # C5
        if not whole:
            entry_fee = half_even(position.entry_fee * size, position.size)
        net = within("price", gross - entry_fee - event.fee, "net profit")
        within("price", self.scalars.balance + gross, "balance")
        sums = symbol.sums_with("size", side, -size, -cost)
        bid, ask = symbol.holding.bid, symbol.holding.ask
        holding = symbol.holding_of(("price", "price"), sums, bid, ask)
        value = symbol.money(size, position.mark_price())
        gain = proceeds - value if side == LONG else value - proceeds
        change = [(symbol, holding)]
        after = self._scalars_after("price", change, gross - event.fee, gain - gross)
        realized = within("price", self.scalars.realized_pnl + gross, "realized profit")  # M4

        self._changing = True
        self._hold(change)
        result = _Result(size, gross, entry_fee, net, cost, mae, mfe)
        self._append_trade(event, position, result)
        if whole:
            self.positions.remove(position)  # C6
        else:
            position.size -= size
            position.cost -= cost
            position.entry_fee -= entry_fee
        postings = [Posting("realized_pnl", symbol.name, position_id, gross)]  # C3
        if event.fee:
            postings.append(Posting("fee", symbol.name, position_id, -event.fee))
        record = (
            codec.CLOSE,
            event.time - (self.time or 0),
            position_id,
            size // symbol.size_unit,
            event.price // symbol.price_unit,
            event.fee,
            event.reason,
        )
        self._commit(event.time, after._replace(realized_pnl=realized), record, postings)
        return position_id

    def _modify(self, event: Modify) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # D1
        position_id = event.position_id
        position = rules.position_is_open(position_id, self.positions.by_id.get(position_id))
        symbol = position.symbol
        units: list[int | None] = []
        levels = (event.stop_loss, event.take_profit)
        for name, level in zip(rules.LEVELS, levels, strict=True):
            if isinstance(level, int):
                market = position.mark_price()
                rules.level_protects(name, level, (symbol, position.side), market)
            units.append(None if isinstance(level, Unset) else (level or 0) // symbol.price_unit)

        self._changing = True
        # The initial stop stays as it is (D2).
        if not isinstance(event.stop_loss, Unset):
            position.stop_loss = event.stop_loss or 0
        if not isinstance(event.take_profit, Unset):
            position.take_profit = event.take_profit or 0
        record = (codec.MODIFY, event.time - (self.time or 0), position_id, tuple(units))
        self._commit(event.time, self.scalars, record, [])
        return 0

    def _mark(self, event: Mark) -> int:
        time = event.time
        if time is None:
            time = self.time or 0  # K2
        self._quote(codec.MARK, time, event.quotes)
        return 0

    def _update_equity(self, event: UpdateEquity) -> int:
        self._quote(codec.UPDATE_EQUITY, event.time, event.quotes)
        now = self.scalars
        self.equity_rows.append(  # K2
            (
                event.time,
                now.equity,
                now.balance,
                now.unrealized_pnl,
                now.margin_used,
                now.gross_exposure(),
                now.net_exposure(),
            )
        )
        return 0

    def _quote(self, operation: int, time: int, quotes: Sequence[Quote]) -> None:
        """Set quotes (K1, A5)."""
        rules.time_does_not_decrease(time, self.time)
        symbols: dict[str, Symbol] = {}
        next_index = len(self.symbols)
        for quote in quotes:
            names = quote.names
            symbol = self.symbol_or_default(quote.symbol, next_index, names.symbol)
            rules.quote_is_single(quote, symbols)
            rules.price_is_tradable(names.bid, quote.bid, symbol)
            rules.price_is_tradable(names.ask, quote.ask, symbol)
            rules.quote_is_ordered(quote)
            symbols[quote.symbol] = symbol
            if symbol.index == next_index:
                next_index += 1

        changes: list[Change] = []
        gain = 0
        units: list[tuple[int, int, int]] = []
        for symbol, quote in zip(symbols.values(), quotes, strict=True):
            held, both = symbol.holding, (quote.names.bid, quote.names.ask)
            changes.append((symbol, symbol.holding_of(both, held.sums, quote.bid, quote.ask)))
            gain += symbol.money(held.sums.long_size, quote.bid - held.bid)
            gain -= symbol.money(held.sums.short_size, quote.ask - held.ask)
            bid, ask = quote.bid // symbol.price_unit, quote.ask // symbol.price_unit
            units.append((symbol.index, bid, ask - bid))
        # The totals belong to all quotes together.
        after = self._scalars_after(OF_PRICES.bid, changes, 0, gain)

        self._changing = True
        self._hold(changes)
        for position in self.positions.rows:
            if position.symbol.name in symbols:
                position.see_mark()  # X1
        self._commit(time, after, (operation, time - (self.time or 0), tuple(units)), [])

    def _fee(self, event: Fee) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # F1
        position, name = None, ""
        if event.position_id is not None:
            found = self.positions.by_id.get(event.position_id)
            position = rules.position_is_open(event.position_id, found)
            name = position.symbol.name
        rules.amount_is_not_zero(event.amount)
        entry_fee = event.amount
        if position is not None:
            entry_fee += position.entry_fee
        within("amount", entry_fee, "entry fee of the position")
        after = self._scalars_after("amount", [], -event.amount, 0)

        self._changing = True
        if position is not None:
            position.entry_fee = entry_fee
        position_id = event.position_id or 0
        record = (codec.FEE, event.time - (self.time or 0), event.amount, position_id)
        posting = Posting("fee", name, position_id, -event.amount)
        self._commit(event.time, after, record, [posting])
        return 0

    def _deposit(self, event: Deposit) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # F2
        rules.amount_is_positive(event.amount)
        after = self._scalars_after("amount", [], event.amount, 0)

        self._changing = True
        record = (codec.DEPOSIT, event.time - (self.time or 0), event.amount)
        self._commit(event.time, after, record, [Posting("deposit", "", 0, event.amount)])
        return 0

    def _withdraw(self, event: Withdraw) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # F3
        rules.amount_is_positive(event.amount)
        rules.amount_is_available(event.amount, self.scalars.free_margin())
        after = self._scalars_after("amount", [], -event.amount, 0)

        self._changing = True
        record = (codec.WITHDRAW, event.time - (self.time or 0), event.amount)
        self._commit(event.time, after, record, [Posting("withdrawal", "", 0, -event.amount)])
        return 0

    def _append_trade(self, event: Close, position: Position, result: _Result) -> None:
        self.trade_rows.append(
            (
                len(self.trade_rows) + 1,
                position.position_id,
                position.symbol.name,
                SIDE_NAMES[position.side],
                result.size,
                position.entry_time,
                position.entry_price,
                event.time,
                event.price,
                result.gross,
                result.entry_fee,
                event.fee,
                result.net,
                result.cost,
                result.mae,
                result.mfe,
                position.initial_stop,
                position.take_profit,
                position.tag,
                event.reason,
            )
        )


_HANDLERS: Final[dict[type, Callable[[Ledger, Any], int]]] = {
    Register: Ledger._register,
    Open: Ledger._open,
    Close: Ledger._close,
    Modify: Ledger._modify,
    Mark: Ledger._mark,
    UpdateEquity: Ledger._update_equity,
    Fee: Ledger._fee,
    Deposit: Ledger._deposit,
    Withdraw: Ledger._withdraw,
}
