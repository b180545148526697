"""The account and its one door: state changes only in :meth:`Ledger.apply`.

Each event has a method that reads from top to bottom: the refusals in the order of SPEC
section 5, then the results with their range (N3), then the changes. A refusal leaves everything
as it was: nothing is changed before the last check, or what was changed is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final

from omega_portfolio.errors import InstrumentExists, InvariantViolation, describe
from omega_portfolio.oracle import codec, rules
from omega_portfolio.oracle.bars import process_bar, process_quotes
from omega_portfolio.oracle.book import Symbol
from omega_portfolio.oracle.cashbook import CashBook
from omega_portfolio.oracle.events import (
    Bars,
    CancelOrder,
    ChargeSwap,
    Close,
    CloseBy,
    ConvertCash,
    Deposit,
    Dividend,
    Event,
    Fee,
    Mark,
    Modify,
    Open,
    PlaceOrder,
    Quote,
    Quotes,
    Register,
    Rollover,
    Split,
    UpdateEquity,
    Withdraw,
)
from omega_portfolio.oracle.fills import EXIT_FEE, CloseFill, OpenFill
from omega_portfolio.oracle.instruments import check_definition
from omega_portfolio.oracle.marks import Mark as MarkOf
from omega_portfolio.oracle.modify import modify
from omega_portfolio.oracle.off_grid import on_grid
from omega_portfolio.oracle.orders import cancel_order, in_units, place_order
from omega_portfolio.oracle.protection import NO_PROTECTION, Guarded, check_protection
from omega_portfolio.oracle.stop_out import note_margin_call


class Ledger(CashBook):
    """An account that takes events."""

    def apply(self, event: Event) -> int:
        """Take an event, or refuse it and change nothing.

        Returns
        -------
        int
            The id of the position that was opened or closed, or of the order that was placed;
            0 for other events.

        Raises
        ------
        OmegaPortfolioError
            The first rule that the event breaks.
        InvariantViolation
            An invariant does not hold after the event, or did not before.
        """
        self.require_sound()
        self._changing = False
        changed = 0
        if self.rounds_off_grid:
            event, changed = on_grid(event, self)
        try:
            answer = self._take(event)
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
        self.rounded_count += changed
        self.check(self.invariants)
        return answer

    def _take(self, event: Event) -> int:
        """Run the flows that are due before an event (Z8), and then the event."""
        self._number = self.events + 1
        self._first_rows = [(rows, len(rows)) for rows in self._numbered_rows()]
        time: int | None = getattr(event, "time", None)
        beside = self.symbols.get(event.symbol) if isinstance(event, Rollover) else None
        flows = (
            time is not None
            and self.time is not None
            and time >= self.time
            and self.has_flows(time, beside)
        )
        # Whatever changes something before its last check is taken back as a whole.
        several = flows or type(event) in _SEVERAL
        with self.attempt() if several else nullcontext():
            if flows and time is not None:
                self.run_flows(time, beside)
            return _HANDLERS[type(event)](self, event)

    def _register(self, event: Register) -> int:
        definition = event.definition
        check_definition(definition)
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
        self._add_symbol(symbol)
        return 0

    def _open(self, event: Open) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # O1
        symbol = self.symbol_or_default(event.symbol, len(self.symbols))
        rules.size_is_tradable(event.size, symbol)
        rules.size_is_allowed(event.size, symbol)
        rules.price_is_tradable("price", event.price, symbol)
        side, size, price = event.side, event.size, event.price
        levels = (event.stop_loss, event.take_profit)
        for name, level in zip(rules.LEVELS, levels, strict=True):
            if level is not None:
                rules.level_protects(name, level, (symbol, side), price)  # O2
        guarded = Guarded(symbol, side, size, price, event.take_profit, event.time)
        check_protection(event.protection, guarded)
        if event.position_id is not None:
            used = self.ids.is_used(event.position_id)
            rules.id_is_new(event.position_id, used=used)  # O3
            held = self.netted(symbol)
            if held is not None and (held.side == side or size <= held.size):
                rules.id_is_for_an_open(event.position_id)  # P5
        filled = self._fill_open(
            OpenFill(
                symbol_name=event.symbol,
                side=side,
                size=size,
                price=price,
                time=event.time,
                stop_loss=event.stop_loss,
                take_profit=event.take_profit,
                fee=event.fee,
                maker=False,
                tag=event.tag,
                position_id=event.position_id,
                protection=event.protection,
            )
        )
        record: codec.Record = (
            codec.OPEN,
            event.time - (self.time or 0),
            symbol.index,
            side,
            filled.position_id if filled.is_new else 0,
            size // symbol.size_unit,
            price // symbol.price_unit,
            (event.stop_loss or 0) // symbol.price_unit,
            (event.take_profit or 0) // symbol.price_unit,
            filled.fee,
            event.tag,
        )
        if event.protection != NO_PROTECTION:
            protection = in_units(event.protection, symbol)
            record = (codec.OPEN_PROTECTED, *record[1:], protection)
        self.commit(event.time, record)
        return filled.position_id

    def _close(self, event: Close) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # C1
        position_id = event.position_id
        position = rules.position_is_open(position_id, self.positions.by_id.get(position_id))
        symbol = position.symbol
        size = position.size if event.size is None else event.size
        rules.size_is_closable(size, position.size, symbol)
        rules.size_is_held(size, position)
        rules.price_is_tradable("price", event.price, symbol)
        row = self._fill_close(
            CloseFill(
                position,
                size,
                event.price,
                event.time,
                event.fee,
                maker=False,
                reason=event.reason,
            )
        )
        record = (
            codec.CLOSE,
            event.time - (self.time or 0),
            position_id,
            size // symbol.size_unit,
            event.price // symbol.price_unit,
            row[EXIT_FEE],
            event.reason,
        )
        self.commit(event.time, record)
        return position_id

    def _close_by(self, event: CloseBy) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # P6
        by_id = self.positions.by_id
        position = rules.position_is_open(event.position_id, by_id.get(event.position_id))
        other = rules.position_is_open(event.other_id, by_id.get(event.other_id), "other_id")
        rules.position_is_opposite(event.other_id, position, other)
        symbol, price = position.symbol, other.entry_price
        size = min(position.size, other.size) if event.size is None else event.size
        rules.size_is_closable(size, min(position.size, other.size), symbol)
        rules.size_is_held(size, position)
        rules.size_is_held(size, other)
        first = CloseFill(
            position, size, price, event.time, event.fee, maker=False, reason="close_by"
        )
        with self.naming("size"):
            fee = self._fill_close(first)[EXIT_FEE]
            volume = symbol.volume
            self._fill_close(first._replace(position=other, fee=0))
        symbol.volume = volume  # It is one fill (Z2).
        record = (
            codec.CLOSE_BY,
            event.time - (self.time or 0),
            event.position_id,
            event.other_id,
            size // symbol.size_unit,
            fee,
        )
        self.commit(event.time, record)
        return event.position_id

    def _mark(self, event: Mark) -> int:
        time = event.time
        if time is None:
            time = self.time or 0  # K2
        self._quote(codec.MARK, time, event.quotes)
        return 0

    def _update_equity(self, event: UpdateEquity) -> int:
        self._quote(codec.UPDATE_EQUITY, event.time, event.quotes)
        return 0

    def _quote(self, operation: int, time: int, quotes: Sequence[Quote]) -> None:
        """Set quotes (K1, A5)."""
        symbols = self.quoted(time, quotes)
        marks = [
            MarkOf(symbol, quote.bid, quote.ask, (quote.names.bid, quote.names.ask))
            for symbol, quote in zip(symbols, quotes, strict=True)
        ]
        self._set_marks(marks, sees=True)
        note_margin_call(self, time)  # M9
        if operation == codec.UPDATE_EQUITY:
            self.append_equity(time)  # K2
        units = tuple(
            (
                symbol.index,
                quote.bid // symbol.price_unit,
                (quote.ask - quote.bid) // symbol.price_unit,
            )
            for symbol, quote in zip(symbols, quotes, strict=True)
        )
        self.commit(time, (operation, time - (self.time or 0), units))


_HANDLERS: Final[dict[type, Callable[[Ledger, Any], int]]] = {
    Register: Ledger._register,
    Open: Ledger._open,
    Close: Ledger._close,
    CloseBy: Ledger._close_by,
    Modify: modify,
    Mark: Ledger._mark,
    UpdateEquity: Ledger._update_equity,
    Fee: Ledger._fee,
    Deposit: Ledger._deposit,
    Withdraw: Ledger._withdraw,
    ConvertCash: Ledger._convert_cash,
    ChargeSwap: Ledger._charge_swap,
    Rollover: Ledger._rollover,
    Dividend: Ledger._dividend,
    Split: Ledger._split,
    PlaceOrder: place_order,
    CancelOrder: cancel_order,
    Bars: process_bar,
    Quotes: process_quotes,
}

_SEVERAL: Final[frozenset[type]] = frozenset(
    {CloseBy, ChargeSwap, Rollover, Dividend, Split, Bars, Quotes}
)
"""Events of several steps, of which a later one may be refused."""
