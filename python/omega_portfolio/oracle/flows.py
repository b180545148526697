"""What time brings: swaps at rollovers, and dividends that are due (SPEC Z5 to Z8, L2)."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from omega_portfolio.errors import OffSessionRollover
from omega_portfolio.oracle import codec, rules
from omega_portfolio.oracle.account import Accrual, Posting
from omega_portfolio.oracle.book import Position, Symbol
from omega_portfolio.oracle.calendar import moments
from omega_portfolio.oracle.events import ChargeSwap, Dividend, Rollover
from omega_portfolio.oracle.fills import Fills
from omega_portfolio.oracle.models import SwapRate, swap_native
from omega_portfolio.oracle.numbers import QUANTITY_ONE, half_even, within
from omega_portfolio.oracle.terms import DAY_COUNTS, SwapTerms
from omega_portfolio.oracle.texts import LONG
from omega_portfolio.oracle.times import to_datetime


class Flows(Fills):
    """An account that pays and gets what is due."""

    def has_flows(self, time: int, beside: Symbol | None = None) -> bool:
        """Tell whether anything is due up to a time."""
        return bool(self._due(time, beside)) or bool(self._payable(time))

    def run_flows(self, time: int, beside: Symbol | None = None) -> None:
        """Charge what is due up to the time of an event (Z8).

        Parameters
        ----------
        time : int
            Time of the event; nothing is due when it is before the last one.
        beside : Symbol, optional
            The symbol of a rollover event, which charges the moment of its own time itself.

        Raises
        ------
        NumberOutOfRange
            A figure is out of range; flows before it are charged.
        """
        queue: list[tuple[int, int, int, Symbol | Accrual]] = [
            (when, 0, symbol.index, symbol) for when, symbol in self._due(time, beside)
        ]
        for place, accrual in enumerate(self._payable(time)):
            queue.append((accrual.pay_time, 1, place, accrual))
        for when, _, _, what in sorted(queue, key=itemgetter(0, 1, 2)):
            if isinstance(what, Symbol):
                self._roll_over(what, when)
            else:
                self._pay(what)

    def _due(self, time: int, beside: Symbol | None) -> list[tuple[int, Symbol]]:
        """Give the rollovers that are due, of symbols with an open position."""
        if self.time is None or time <= self.time:
            return []
        found: list[tuple[int, Symbol]] = []
        for symbol in self.symbols.values():
            terms = symbol.definition.swap
            if terms is not None and symbol.is_held():
                found += [
                    (moment.time, symbol)
                    for moment in moments(terms, self.time, time)
                    if symbol is not beside or moment.time != time
                ]
        return found

    def _payable(self, time: int) -> list[Accrual]:
        """Give the dividends that are due, in their order."""
        return [accrual for accrual in self.accrued if accrual.pay_time <= time]

    def _roll_over(self, symbol: Symbol, time: int) -> None:
        """Charge one moment of a symbol's calendar (Z5)."""
        terms = symbol.definition.swap
        if terms is None:
            return
        for moment in moments(terms, time - 1, time):
            rate = _rate_of(terms, moment.multiplier)
            self._charge(symbol, rate, time)
            self._changing = True
            symbol.last_rollover = time

    def _charge(self, symbol: Symbol, rate: SwapRate, time: int) -> None:
        """Post the swap of each open position of a symbol (Z5, Z6)."""
        for position in self._held_of(symbol):
            figure = rate.long if position.side == LONG else rate.short
            units = position.size * symbol.contract_size
            native = swap_native(rate, figure, units, position.mark_value())
            within("time", native, "swap")
            amount = within("time", self.rates.convert(native, symbol.currency), "swap")
            if amount:
                swap = within("time", position.swap + amount, "swap of the position")
                self._post(time, Posting("swap", symbol.name, position.position_id, amount))
                position.swap = swap

    def _held_of(self, symbol: Symbol) -> list[Position]:
        """Give the open positions of a symbol by position id."""
        held = [each for each in self.positions.rows if each.symbol is symbol]
        return sorted(held, key=lambda position: position.position_id)

    def _post(self, time: int, posting: Posting, *, accrued: int = 0) -> None:
        """Make one posting that changes nothing that is held."""
        booked = self._book([posting])
        after = self._after("time", [], cash=booked.total(), accrued=accrued)
        self._settle(time, booked, after)

    def _pay(self, accrual: Accrual) -> None:
        """Post a dividend that was accrued (L2)."""
        name, amount = accrual.symbol.name, accrual.amount
        posting = Posting("dividend", name, accrual.position_id, amount)
        self._post(accrual.pay_time, posting, accrued=-amount)
        self.accrued = tuple(each for each in self.accrued if each is not accrual)

    # Events

    def _charge_swap(self, event: ChargeSwap) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # Z7
        symbol = rules.symbol_is_registered(event.symbol, self.symbols.get(event.symbol))
        day_count = DAY_COUNTS[0]
        rate = SwapRate(event.kind, event.long, event.short, day_count, event.multiplier)
        self._charge(symbol, rate, event.time)
        record = (
            codec.CHARGE_SWAP,
            event.time - (self.time or 0),
            symbol.index,
            event.kind + 1,
            event.long,
            event.short,
            event.multiplier,
        )
        self.commit(event.time, record)
        return 0

    def _rollover(self, event: Rollover) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # Z7
        symbol = rules.symbol_is_registered(event.symbol, self.symbols.get(event.symbol))
        terms = symbol.definition.swap
        if terms is None or not moments(terms, event.time - 1, event.time):
            raise _off_session(event.time, f"is no rollover of {symbol.name}")
        if symbol.last_rollover is not None and event.time <= symbol.last_rollover:
            raise _off_session(event.time, "was charged already")
        self._roll_over(symbol, event.time)
        record = (codec.ROLLOVER, event.time - (self.time or 0), symbol.index)
        self.commit(event.time, record)
        return 0

    def _dividend(self, event: Dividend) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # L1
        symbol = rules.symbol_is_registered(event.symbol, self.symbols.get(event.symbol))
        rules.dividend_is_positive(event.amount)
        rules.pay_time_is_not_before(event.pay_time, event.time)
        pay_time = event.time if event.pay_time is None else event.pay_time
        fresh: list[Accrual] = []
        for position in self._held_of(symbol):
            units = position.size * symbol.contract_size
            native = within("amount", half_even(units * event.amount, QUANTITY_ONE), "dividend")
            native = native if position.side == LONG else -native
            amount = within("amount", self.rates.convert(native, symbol.currency), "dividend")
            if amount:
                fresh.append(Accrual(pay_time, symbol, position.position_id, amount))
        if pay_time == event.time:
            self._post_dividends(event.time, fresh)
        else:
            self._accrue(fresh)
        record = (
            codec.DIVIDEND,
            event.time - (self.time or 0),
            symbol.index,
            event.amount,
            event.pay_time,
        )
        self.commit(event.time, record)
        return 0

    def _post_dividends(self, time: int, fresh: Sequence[Accrual]) -> None:
        postings = [
            Posting("dividend", each.symbol.name, each.position_id, each.amount) for each in fresh
        ]
        booked = self._book_rows("amount", postings)
        after = self._after("amount", [], cash=booked.total())
        self._settle(time, booked, after)

    def _accrue(self, fresh: Sequence[Accrual]) -> None:
        """Add dividends to what is due later (L2)."""
        total = sum(accrual.amount for accrual in fresh)
        after = self._after("amount", [], accrued=total)
        self._changing = True
        self.scalars = after
        # Equal places stay in the order of the events.
        self.accrued = tuple(sorted((*self.accrued, *fresh), key=_place))


def _place(accrual: Accrual) -> tuple[int, int, int]:
    return accrual.pay_time, accrual.symbol.index, accrual.position_id


def _rate_of(terms: SwapTerms, multiplier: int) -> SwapRate:
    return SwapRate(terms.kind, terms.long, terms.short, terms.day_count, multiplier)


def _off_session(time: int, rule: str) -> OffSessionRollover:
    return OffSessionRollover(
        "time",
        to_datetime(time).isoformat(),
        rule,
        "pass a rollover moment that no event has passed with the position open",
    )
