"""What can be read from a portfolio on plain Python integers.

Everything that comes out is a snapshot. The lock keeps a snapshot in one piece when several
threads use one portfolio. A single figure takes it too: what it is in the middle of a frame may
be taken back. So the lock is not for a signal handler in the middle of a call of its own thread.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle import rules
from omega_portfolio.oracle.account_tables import cash_rows, margin_rows
from omega_portfolio.oracle.analysis import PythonAnalysis
from omega_portfolio.oracle.attribution import attribution_rows
from omega_portfolio.oracle.digest import digest_of
from omega_portfolio.oracle.event_frame import event_rows
from omega_portfolio.oracle.metric_record import Record, record_of
from omega_portfolio.oracle.numbers import (
    MONEY_SCALE,
    QUANTITY_SCALE,
    FloatPolicy,
    money_decimal,
    plain_decimal,
    read_number,
    within,
)
from omega_portfolio.oracle.replay import verify
from omega_portfolio.oracle.state import margin_level, position_rows, state_of
from omega_portfolio.oracle.tables import PythonTable
from omega_portfolio.oracle.texts import LONG, read_flag, read_symbol
from omega_portfolio.oracle.times import to_datetime
from omega_portfolio.oracle.views import PositionsMapping
from omega_portfolio.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from decimal import Decimal

    from omega_portfolio.oracle.journal_writer import JournalWriter
    from omega_portfolio.oracle.ledger import Ledger
    from omega_portfolio.oracle.schema import Rows
    from omega_portfolio.oracle.turns import Turns
    from omega_portfolio.recovery import Recovery
    from omega_portfolio.types import NumberLike, PositionView, State, Table


class PythonAccount(PythonAnalysis, Portfolio):
    """The read side of :class:`omega_portfolio.oracle.PortfolioPython`."""

    __slots__ = (
        "_closed",
        "_digits",
        "_found",
        "_inside",
        "_ledger",
        "_lock",
        "_policy",
        "_writer",
    )

    _ledger: Ledger
    _lock: Turns
    _inside: bool
    _policy: FloatPolicy
    _digits: int
    _writer: JournalWriter | None
    _found: Recovery | None
    _closed: bool

    @property
    def balance(self) -> Decimal:
        """Initial balance plus every posting."""
        with self._turn():
            return money_decimal(self._sound().scalars.balance, self._digits)

    @property
    def equity(self) -> Decimal:
        """Balance plus unrealized profit, exactly."""
        with self._turn():
            return money_decimal(self._sound().scalars.equity, self._digits)

    @property
    def unrealized_pnl(self) -> Decimal:
        """Profit of the open positions: longs at the bid, shorts at the ask."""
        with self._turn():
            return money_decimal(self._sound().scalars.unrealized_pnl, self._digits)

    @property
    def realized_pnl(self) -> Decimal:
        """Sum of the gross results of all closes."""
        with self._turn():
            return money_decimal(self._sound().scalars.realized_pnl, self._digits)

    @property
    def margin_used(self) -> Decimal:
        """Margin that the open positions hold."""
        with self._turn():
            return money_decimal(self._sound().scalars.margin_used, self._digits)

    @property
    def free_margin(self) -> Decimal:
        """Equity minus margin used."""
        with self._turn():
            return money_decimal(self._sound().scalars.free_margin(), self._digits)

    @property
    def margin_level(self) -> Decimal | None:
        """Equity in percent of the margin used."""
        with self._turn():
            return margin_level(self._sound())

    @property
    def positions(self) -> Mapping[int, PositionView]:
        """The open positions by id, in row order: a read-only snapshot."""
        with self._turn():
            return PositionsMapping(position_rows(self._sound()), self._digits)

    @property
    def time(self) -> datetime | None:
        """Time of the last event that had one, in UTC."""
        with self._turn():
            time = self._sound().time
        return None if time is None else to_datetime(time)

    @property
    def events(self) -> int:
        """Number of accepted events so far."""
        with self._turn():
            return self._sound().events

    @property
    def currency(self) -> str:
        """Currency of the account."""
        with self._turn():
            return self._sound().configuration.currency

    @property
    def backend(self) -> Literal["python"]:
        """The implementation behind this object."""
        return "python"

    @property
    def ambiguous_count(self) -> int:
        """Number of fills within a bar that could have come in another order."""
        with self._turn():
            return self._sound().ambiguous_count

    @property
    def rounded_count(self) -> int:
        """Number of prices and sizes that were brought to their grid."""
        with self._turn():
            return self._sound().rounded_count

    @property
    def residue(self) -> Decimal:
        """What postings in whole cents have not booked yet."""
        with self._turn():
            return plain_decimal(self._sound().residue, MONEY_SCALE)

    @property
    def digest(self) -> str:
        """Fingerprint of configuration, events and state."""
        with self._turn():
            return digest_of(self._sound())

    def verify(self) -> None:
        """Replay all events, compare every column, check every invariant."""
        with self._turn():
            verify(self._ledger)

    def get_state(self) -> State:
        """Take a frozen snapshot of the account and its open positions."""
        with self._turn():
            return state_of(self._sound())

    def get_positions(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the open positions."""
        with self._turn():
            return _table(position_rows(self._sound()), exact=exact)

    def get_trades(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the trades."""
        with self._turn():
            return _table(self._sound().trade_rows, exact=exact)

    def get_ledger(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the postings."""
        with self._turn():
            return _table(self._sound().ledger_rows, exact=exact)

    def get_cash(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the cash and the rate of each currency."""
        with self._turn():
            return _table(cash_rows(self._sound()), exact=exact)

    def get_cash_ledger(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the changes of foreign cash."""
        with self._turn():
            return _table(self._sound().cash_rows, exact=exact)

    def get_margin(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return how the margin of each symbol is made."""
        with self._turn():
            return _table(margin_rows(self._sound()), exact=exact)

    def get_activity(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return what became of orders, and margin calls."""
        with self._turn():
            return _table(self._sound().activity_rows, exact=exact)

    def get_fills(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the fills; ``verify`` compares them with those of the events applied again."""
        with self._turn():
            return _table(self._sound().fill_rows, exact=exact)

    def get_equity_curve(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the equity history."""
        with self._turn():
            return _table(self._sound().equity_rows, exact=exact)

    def get_events(self, exact: bool = True) -> Table:  # noqa: FBT001, FBT002
        """Return all accepted events, as a frame that ``apply`` takes."""
        with self._turn():
            ledger = self._sound()
            events, fills = ledger.journal.to_bytes(), ledger.fill_rows
            held = dict(zip(fills.numbers("position_id"), fills.texts("symbol"), strict=True))
        return _table(event_rows(events, held), exact=exact)

    def _attribution(self, exact: bool) -> Table:  # noqa: FBT001
        """Say where the change of equity comes from (SPEC B3)."""
        with self._turn():
            return _table(attribution_rows(self._sound()), exact=exact)

    def compact(self, capacity: int = 0) -> None:
        """Check the argument: the lists of this backend are in one piece as they are."""
        check_capacity(capacity, "pass the expected number of further rows")
        with self._turn():
            self._sound()

    def calculate_margin(
        self,
        symbol: str | None = None,
        *,
        size: NumberLike | None = None,
        price: NumberLike | None = None,
    ) -> Decimal:
        """Return the margin in use, or the extra margin that an open would need."""
        name = None if symbol is None else read_symbol("symbol", symbol)
        raw_size = None if size is None else self._quantity("size", size)
        raw_price = None if price is None else self._quantity("price", price)
        given = {"symbol": name, "size": raw_size, "price": raw_price}
        if (raw_size, raw_price) != (None, None) and None in given.values():
            first = next(argument for argument, value in given.items() if value is None)
            rule = "is needed with the other two of symbol, size and price"
            raise InvalidArgument(first, "None", rule, "pass all three, or at most symbol")
        with self._turn():
            margin = _margin(self._sound(), name, raw_size, raw_price)
        return money_decimal(margin, self._digits)

    def _record(self) -> Record:
        """Copy what the metrics are made from."""
        with self._turn():
            return record_of(self._sound())

    def _event_bytes(self) -> bytes:
        """Give the canonical bytes of configuration and events (SPEC section 9)."""
        with self._turn():
            ledger = self._sound()
            return ledger.configuration.to_bytes() + ledger.journal.to_bytes()

    def _contract_size(self, symbol: str) -> Decimal:
        """Give the contract size of a symbol that is known."""
        with self._turn():
            known = self._sound().symbols[symbol]
            return plain_decimal(known.contract_size, QUANTITY_SCALE)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the account; a signal handler in the thread that holds it is told so."""
        with self._lock.ready():
            if self._inside:
                raise RuntimeError(
                    "this thread is in a call of this portfolio: a signal handler must not call it"
                )
            self._inside = True
            try:
                yield
            finally:
                self._inside = False

    def _sound(self) -> Ledger:
        self._ledger.require_sound()
        return self._ledger

    def _quantity(self, argument: str, value: object) -> int:
        return read_number(argument, value, QUANTITY_SCALE, self._policy)


def _table(rows: Rows, *, exact: bool) -> PythonTable:
    return PythonTable(rows.columns, rows.lists, len(rows), exact=read_flag("exact", exact))


def check_capacity(capacity: object, remedy: str) -> None:
    """Take a number of rows for what it is, a hint: the lists of this backend grow as they are.

    Raises
    ------
    InvalidArgument
        It is no int, or less than 0.
    """
    if not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0:
        raise InvalidArgument("capacity", describe(capacity), "must be an int of 0 or more", remedy)


def _margin(ledger: Ledger, name: str | None, size: int | None, price: int | None) -> int:
    """Give the margin of all, of a symbol, or of an open that is considered."""
    if name is None:
        return ledger.scalars.margin_used
    symbol = ledger.symbol_or_default(name, len(ledger.symbols))
    held = symbol.holding
    if size is None or price is None:
        return held.margin
    rules.size_is_tradable(size, symbol)
    rules.price_is_tradable("price", price, symbol)
    cost = within("size", symbol.value(size, price), "cost")
    sums = symbol.sums_with("size", LONG, size, cost)
    quote = (held.bid, held.ask) if held.bid else (price, price)
    rates = ledger.rates_at({symbol.name: quote})
    for code in symbol.currencies():
        rates.require(code, "symbol")
    longs, shorts = symbol.sides(sums, *quote)
    margin = symbol.in_account_money(symbol.margin_need(longs, shorts).margin, rates)
    return within("size", margin, "margin of the symbol") - held.margin
