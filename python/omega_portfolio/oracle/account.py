"""The state of one portfolio and the few steps in which it changes.

The steps are called by :mod:`omega_portfolio.oracle.ledger` and its bases alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from omega_portfolio.errors import InvariantViolation, NumberOutOfRange, OmegaPortfolioError
from omega_portfolio.oracle import codec
from omega_portfolio.oracle.book import Holding, Position, PositionIds, Positions, Symbol
from omega_portfolio.oracle.checkpoint import Checkpoint
from omega_portfolio.oracle.currency import CURRENCY_DIGITS
from omega_portfolio.oracle.instruments import default_definition
from omega_portfolio.oracle.invariants import EVERY_EVENT, Invariant, first_broken
from omega_portfolio.oracle.numbers import LIMIT, MONEY_SCALE, half_even, within
from omega_portfolio.oracle.orders import Orders
from omega_portfolio.oracle.rates import Pair, Rates
from omega_portfolio.oracle.rules import count_has_room
from omega_portfolio.oracle.schema import ACTIVITY, CASH_LEDGER, EQUITY, FILLS, LEDGER, TRADES, Rows
from omega_portfolio.oracle.texts import check_symbol


class Scalars(NamedTuple):
    """The account after an event; all raw money."""

    balance: int
    equity: int
    unrealized_pnl: int
    margin_used: int
    realized_pnl: int
    long_value: int
    short_value: int

    def gross_exposure(self) -> int:
        """Value of the longs and of the shorts together (A6)."""
        return self.long_value + self.short_value

    def net_exposure(self) -> int:
        """Value of the longs minus that of the shorts (A6)."""
        return self.long_value - self.short_value

    def free_margin(self) -> int:
        """Equity minus margin used, and not below the range (M3)."""
        return max(self.equity - self.margin_used, 1 - LIMIT)


class Posting(NamedTuple):
    """A change of the balance; ``symbol`` "" and ``position_id`` 0 are the account itself."""

    kind: str
    symbol: str
    position_id: int
    amount: int


class Booked(NamedTuple):
    """Postings, what each of them books, and the residue after each (W11)."""

    postings: Sequence[Posting]
    amounts: Sequence[int]
    residues: Sequence[int]

    def total(self) -> int:
        """What the balance gets."""
        return sum(self.amounts)


class Accrual(NamedTuple):
    """A dividend that is due later (L2); account money."""

    pay_time: int
    symbol: Symbol
    position_id: int
    amount: int


Change: TypeAlias = tuple[Symbol, Holding]
"""A symbol and what will be held of it."""


class Account:
    """State of one portfolio.

    Parameters
    ----------
    configuration : Configuration
        Checked by the caller (A1).
    invariants : sequence of Invariant
        Run after every event; the equity identity alone by default.
    """

    def __init__(
        self,
        configuration: codec.Configuration,
        invariants: Sequence[Invariant] = EVERY_EVENT,
    ) -> None:
        self.configuration = configuration
        self.invariants = invariants
        balance = configuration.initial_balance
        self.scalars = Scalars(balance, balance, 0, 0, 0, 0, 0)
        # All fees charged, rebates negative: a sum without a limit, and no part of the state.
        self.fees = 0
        # The sum of all postings before they were booked (W11).
        self.posted = 0
        self.residue = 0
        self.first_time: int | None = None
        self.time: int | None = None
        self.events = 0
        self.symbols: dict[str, Symbol] = {}
        self.rates = Rates(configuration.currency, configuration.pivot)
        self.positions = Positions()
        self.ids = PositionIds()
        self.orders = Orders()
        self.ambiguous_count = 0
        self.in_margin_call = False
        self.accrued: tuple[Accrual, ...] = ()
        self.equity_rows = Rows(EQUITY)
        self.trade_rows = Rows(TRADES)
        self.ledger_rows = Rows(LEDGER)
        self.cash_rows = Rows(CASH_LEDGER)
        self.activity_rows = Rows(ACTIVITY)
        self.fill_rows = Rows(FILLS)
        self.journal = codec.Journal(configuration)
        self.violation: InvariantViolation | None = None
        # I12: whether numbers are brought to the grid, and how many were. No part of the state.
        self.rounds_off_grid = False
        self.rounded_count = 0
        self._changing = False
        # The number of the event under way, when it registers no symbol, and its first rows.
        self._number = 1
        self._first_rows: list[tuple[Rows, int]] = []

    def all_rows(self) -> tuple[Rows, ...]:
        """Give the rows of all tables."""
        return (self.equity_rows, self.trade_rows, *self._numbered_rows())

    def _numbered_rows(self) -> tuple[Rows, ...]:
        """Give the rows of the tables that have the number of the event."""
        return (self.ledger_rows, self.cash_rows, self.activity_rows, self.fill_rows)

    def require_sound(self) -> None:
        """Refuse further use after a broken invariant.

        Raises
        ------
        InvariantViolation
            As it was raised when the invariant was found broken.
        """
        if self.violation is not None:
            raise self.violation.with_traceback(None)

    def check(self, invariants: Iterable[Invariant]) -> None:
        """Run invariants (SPEC section 10).

        Raises
        ------
        InvariantViolation
            The first one that is broken.
        """
        self.violation = first_broken(self, invariants)
        self.require_sound()

    def symbol_or_default(self, name: str, index: int, argument: str = "symbol") -> Symbol:
        """Give a symbol; an unknown one as the default instrument, not registered yet (I4)."""
        symbol = self.symbols.get(name)
        if symbol is not None:
            return symbol
        check_symbol(argument, name)
        count_has_room(argument, index, "symbols")
        definition = default_definition(name, self.configuration.currency)
        return Symbol(index, definition, self.configuration.leverage)

    def register_used(self, symbols: Iterable[Symbol]) -> None:
        """Register the symbols of an accepted event that are new (I4)."""
        for symbol in symbols:
            if symbol.name not in self.symbols:
                self._add_symbol(symbol)

    def commit(self, time: int, record: codec.Record) -> None:
        """Number an event whose changes are made, and write it down."""
        self._changing = True
        self.events += 1
        self.journal.append(record)
        # Symbols that the event has registered were numbered before it.
        if self.events != self._number:
            for rows, length in self._first_rows:
                rows.overwrite("event", length, self.events)
        self.time = time
        # A mark at 0 may be one without a time, and that starts nothing (S1).
        untimed = record[0] == codec.MARK and time == 0
        if self.first_time is None and not untimed:
            self.first_time = time

    def is_exact(self, symbol: Symbol) -> bool:
        """Tell whether results of a symbol are account money without any rounding."""
        return symbol.is_exact_in(self.configuration.currency)

    def unrealized_of(self, position: Position) -> int:
        """Give the profit of a position at its mark, in account money."""
        return self.rates.convert(position.unrealized(), position.symbol.currency)

    def is_below(self, level: int) -> bool:
        """Tell whether equity is below a percentage of the margin (M9)."""
        now = self.scalars
        percent = 100 * 10**9 * now.equity
        return now.margin_used > 0 and percent < level * now.margin_used

    def note_activity(
        self,
        time: int,
        kind: str,
        *,
        order_id: int = 0,
        position_id: int = 0,
        symbol: str = "",
        size: int = 0,
        price: int = 0,
        detail: str = "",
    ) -> None:
        """Append a row to the activity table (Q7)."""
        self._changing = True
        row = (self.events + 1, time, kind, order_id, position_id, symbol, size, price, detail)
        self.activity_rows.append(row)

    def append_equity(self, time: int) -> None:
        """Append a row with the state of now to the equity table (K2)."""
        self._changing = True
        now = self.scalars
        self.equity_rows.append(
            (
                time,
                now.equity,
                now.balance,
                now.unrealized_pnl,
                now.margin_used,
                now.gross_exposure(),
                now.net_exposure(),
            )
        )

    @contextmanager
    def naming(self, argument: str) -> Iterator[None]:
        """Name another argument in what is out of range."""
        try:
            yield
        except NumberOutOfRange as error:
            raise NumberOutOfRange(argument, error.value, error.rule, error.remedy) from None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take back what was changed when a rule refuses in the middle."""
        saved, was_changing = Checkpoint(self), self._changing
        try:
            yield
        except InvariantViolation:
            raise
        except OmegaPortfolioError:
            saved.restore()
            self._changing = was_changing
            raise

    def pairs(self, marks: Mapping[str, tuple[int, int]] | None = None) -> list[Pair]:
        """Give the marked pairs by registration, at their marks or at others (W2)."""
        found: list[Pair] = []
        for name, symbol in self.symbols.items():
            definition, held = symbol.definition, symbol.holding
            base, quote = definition.base_currency, definition.quote_currency
            bid, ask = (marks or {}).get(name, (held.bid, held.ask))
            if bid and base and base != quote:
                found.append(Pair(name, base, quote, bid, ask))
        return found

    def _is_pair(self, name: str) -> bool:
        """Tell whether marks of a symbol are rates (W2); a default instrument is no pair."""
        symbol = self.symbols.get(name)
        return symbol is not None and bool(symbol.definition.base_currency)

    def rates_at(self, marks: Mapping[str, tuple[int, int]]) -> Rates:
        """Give the rates at other marks of some symbols (W4)."""
        # Most accounts have one currency, and most marks are of no pair: then no rate moves.
        if not self.rates.currencies or not any(map(self._is_pair, marks)):
            return self.rates
        return self.rates.marked(self.pairs(marks))

    def _after(
        self,
        argument: str,
        changes: Sequence[Change],
        *,
        cash: int = 0,
        flow: int = 0,
        rates: Rates | None = None,
        accrued: int = 0,
    ) -> Scalars:
        """Give the account after an event, each figure in range (N3).

        ``cash`` is what the balance gets. Equity gets it too, and ``flow``: what the event
        adds to the unrealized profit of exact symbols. Equity is carried forward by these flows
        and not summed up from its parts, so that the equity identity says something (A4). What
        is rounded when it is converted has no flow of its own, its change is one.
        """
        now = self.scalars
        margin_used, unrealized = now.margin_used, now.unrealized_pnl
        long_value, short_value = now.long_value, now.short_value
        other = accrued
        if rates is not None:
            other += rates.cash_unrealized() - self.rates.cash_unrealized()
        for symbol, holding in changes:
            held = symbol.holding
            margin_used += holding.margin - held.margin
            unrealized += holding.unrealized - held.unrealized
            long_value += holding.long_value - held.long_value
            short_value += holding.short_value - held.short_value
            if not self.is_exact(symbol):
                flow += holding.unrealized - held.unrealized
        # Net exposure is never further from 0.
        within(argument, long_value + short_value, "gross exposure")
        return Scalars(
            balance=within(argument, now.balance + cash, "balance"),
            equity=within(argument, now.equity + cash + flow + other, "equity"),
            unrealized_pnl=within(argument, unrealized + other, "unrealized profit"),
            margin_used=within(argument, margin_used, "margin used"),
            realized_pnl=now.realized_pnl,
            long_value=long_value,
            short_value=short_value,
        )

    def _book(self, postings: Sequence[Posting]) -> Booked:
        """Say what postings book: all of it, or in whole units of the currency (W11)."""
        amounts: list[int] = []
        residues: list[int] = []
        residue = self.residue
        unit = 10 ** (MONEY_SCALE - CURRENCY_DIGITS[self.configuration.currency])
        for posting in postings:
            booked = posting.amount
            if self.configuration.rounding == codec.ROUNDING_CENTS:
                booked = half_even(posting.amount + residue, unit) * unit
                residue += posting.amount - booked
            amounts.append(booked)
            residues.append(residue)
        return Booked(postings, amounts, residues)

    def _book_rows(self, argument: str, postings: Sequence[Posting]) -> Booked:
        """Say what several postings book, each of which has a balance in range (N3)."""
        booked = self._book(postings)
        balance = self.scalars.balance
        for amount in booked.amounts:
            balance = within(argument, balance + amount, "balance")
        return booked

    def _settle(self, time: int, booked: Booked, after: Scalars) -> None:
        """Post to the ledger (A2), and set the figures of the account."""
        self._changing = True
        balance = self.scalars.balance
        for posting, amount, residue in zip(*booked, strict=True):
            balance += amount
            self.posted += posting.amount
            if posting.kind == "fee":
                self.fees -= posting.amount
            names = posting[:3]
            self.ledger_rows.append((self.events + 1, time, *names, amount, balance, residue))
            self.residue = residue
        self.scalars = after

    def _hold(self, changes: Iterable[Change]) -> None:
        """Set what is held of symbols; new ones are registered first (I4)."""
        self._changing = True
        for symbol, holding in changes:
            self.register_used([symbol])
            symbol.holding = holding

    def _add_symbol(self, symbol: Symbol) -> None:
        """Record a registration, an event without a time."""
        self._changing = True
        definition = symbol.definition
        self.symbols[symbol.name] = symbol
        self.rates = self.rates.asked(symbol.currencies(), self.pairs())
        self.events += 1
        self.journal.append(
            (
                codec.REGISTER,
                definition.symbol,
                definition.price_decimals,
                definition.size_decimals,
                definition.contract_size,
                definition.quote_currency,
                definition.leverage or 0,
                definition.terms(),
            )
        )
