"""The state of one portfolio and the few steps in which it changes.

The steps are called by :mod:`omega_portfolio.oracle.ledger` alone, after all checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from omega_portfolio.errors import InvariantViolation
from omega_portfolio.oracle import codec
from omega_portfolio.oracle.book import Holding, PositionIds, Positions, Symbol
from omega_portfolio.oracle.instruments import default_definition
from omega_portfolio.oracle.invariants import EVERY_EVENT, Invariant, first_broken
from omega_portfolio.oracle.numbers import LIMIT, within
from omega_portfolio.oracle.rules import count_has_room
from omega_portfolio.oracle.schema import EQUITY, LEDGER, TRADES, Rows
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
        self.first_time: int | None = None
        self.time: int | None = None
        self.events = 0
        self.symbols: dict[str, Symbol] = {}
        self.positions = Positions()
        self.ids = PositionIds()
        self.equity_rows = Rows(EQUITY)
        self.trade_rows = Rows(TRADES)
        self.ledger_rows = Rows(LEDGER)
        self.journal = codec.Journal(configuration)
        self.violation: InvariantViolation | None = None
        self._changing = False

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

    def _scalars_after(
        self, argument: str, changes: Sequence[Change], cash: int, gain: int
    ) -> Scalars:
        """Give the account after an event, each figure in range (N3).

        ``cash`` is what the balance gets. Equity gets it too, and ``gain``: what the event
        adds to unrealized profit. Equity is carried forward by these flows and not summed up
        from its parts, so that the equity identity says something (A4).
        """
        now = self.scalars
        margin_used, unrealized = now.margin_used, now.unrealized_pnl
        long_value, short_value = now.long_value, now.short_value
        for symbol, holding in changes:
            margin_used += holding.margin - symbol.holding.margin
            unrealized += holding.unrealized - symbol.holding.unrealized
            long_value += holding.long_value - symbol.holding.long_value
            short_value += holding.short_value - symbol.holding.short_value
        # Net exposure is never further from 0.
        within(argument, long_value + short_value, "gross exposure")
        return Scalars(
            balance=within(argument, now.balance + cash, "balance"),
            equity=within(argument, now.equity + cash + gain, "equity"),
            unrealized_pnl=within(argument, unrealized, "unrealized profit"),
            margin_used=within(argument, margin_used, "margin used"),
            realized_pnl=now.realized_pnl,
            long_value=long_value,
            short_value=short_value,
        )

    def _hold(self, changes: Iterable[Change]) -> None:
        """Set what is held of symbols; new ones are registered first (I4)."""
        for symbol, holding in changes:
            if symbol.name not in self.symbols:
                self._add_symbol(symbol)
            symbol.holding = holding

    def _add_symbol(self, symbol: Symbol) -> None:
        """Record a registration, an event without a time."""
        definition = symbol.definition
        self.symbols[symbol.name] = symbol
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
            )
        )

    def _commit(
        self, time: int, after: Scalars, record: codec.Record, postings: Iterable[Posting]
    ) -> None:
        """Number the event, write it down, and post to the ledger (A2)."""
        self.events += 1
        self.journal.append(record)
        balance = self.scalars.balance
        for posting in postings:
            balance += posting.amount
            if posting.kind == "fee":
                self.fees -= posting.amount
            self.ledger_rows.append((self.events, time, *posting, balance))
        self.scalars = after
        self.time = time
        # A mark at 0 may be one without a time, and that starts nothing (S1).
        untimed = record[0] == codec.MARK and time == 0
        if self.first_time is None and not untimed:
            self.first_time = time
