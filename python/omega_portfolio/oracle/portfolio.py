"""The portfolio on plain Python integers: friendly input in, events to the ledger.

Nothing is decided here. Arguments are converted in the order of the signature (SPEC section 6)
and then handed to :meth:`omega_portfolio.oracle.ledger.Ledger.apply`.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Literal

from omega_portfolio.errors import (
    InvalidAmount,
    InvalidConfiguration,
    describe,
)
from omega_portfolio.oracle.apply import apply_rows, check_call
from omega_portfolio.oracle.codec import Configuration
from omega_portfolio.oracle.currency import CURRENCY_DIGITS, check_currency
from omega_portfolio.oracle.events import (
    Close,
    Deposit,
    Fee,
    Mark,
    Open,
    Register,
    UpdateEquity,
    Withdraw,
)
from omega_portfolio.oracle.frame_rows import EventRows
from omega_portfolio.oracle.instruments import read_definition
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.numbers import (
    MONEY_SCALE,
    QUANTITY_SCALE,
    FloatPolicy,
    plain_text,
    read_number,
)
from omega_portfolio.oracle.order_reading import GivenProtection, read_protection
from omega_portfolio.oracle.portfolio_orders import PythonOrders
from omega_portfolio.oracle.prices import read_quotes
from omega_portfolio.oracle.reading import check_capacity
from omega_portfolio.oracle.state import trade_of
from omega_portfolio.oracle.tables import PythonReceipts
from omega_portfolio.oracle.texts import (
    read_position_id,
    read_side,
    read_str,
    read_symbol,
    read_text,
)
from omega_portfolio.oracle.times import read_time

if TYPE_CHECKING:
    from omega_portfolio.instrument import Instrument
    from omega_portfolio.oracle.portfolio_orders import BreakEvenLike, TargetsLike
    from omega_portfolio.types import (
        ArrowStream,
        Mode,
        NumberLike,
        PriceLike,
        PricesLike,
        Receipts,
        TimeLike,
        Trade,
    )


class PortfolioPython(PythonOrders):
    """A portfolio on plain Python integers.

    The constructor is that of :class:`omega_portfolio.Portfolio` without ``backend``; the
    methods are described there. It shares no code with the compiled engine, so that each can
    be checked with the other.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> op.PortfolioPython(initial_balance=100000.0).balance
    Decimal('100000.00')
    """

    __slots__ = ()

    def __new__(
        cls,
        initial_balance: NumberLike,
        *,
        currency: str = "USD",
        leverage: NumberLike = 1,
        mode: Mode = "hedging",
        floats: FloatPolicy = "nearest",
        capacity: int | None = None,
    ) -> PortfolioPython:
        """Check the configuration (A1) and start with no event."""
        # An unknown policy is refused in its turn, after the numbers it is for.
        policy: FloatPolicy = "strict" if floats == "strict" else "nearest"
        balance = read_number("initial_balance", initial_balance, MONEY_SCALE, policy)
        currency = read_str("currency", currency)
        account_leverage = read_number("leverage", leverage, QUANTITY_SCALE, policy)
        mode_text, floats_text = read_str("mode", mode), read_str("floats", floats)
        if capacity is not None:
            check_capacity(capacity, "pass the expected number of equity rows, or None")
        if balance < 0:
            raise InvalidAmount(
                "initial_balance",
                plain_text(balance, MONEY_SCALE),
                "must not be negative",
                "start with 0 or more",
            )
        check_currency("currency", currency)
        if account_leverage <= 0:
            raise InvalidConfiguration(
                "leverage",
                plain_text(account_leverage, QUANTITY_SCALE),
                "must be greater than 0",
                "pass 1 for no leverage",
            )
        if mode_text != "hedging":
            raise InvalidConfiguration(
                "mode", describe(mode_text), "is not a mode", 'pass "hedging"'
            )
        if floats_text not in ("nearest", "strict"):
            raise InvalidConfiguration(
                "floats",
                describe(floats_text),
                "is not a way to read floats",
                'pass "nearest" or "strict"',
            )
        self = object.__new__(cls)
        self._ledger = Ledger(Configuration(balance, currency, account_leverage))
        self._lock = RLock()
        self._inside = False
        self._policy = policy
        self._digits = CURRENCY_DIGITS[currency]
        return self

    def register_instrument(self, instrument: Instrument) -> None:
        """Define a symbol before its first use."""
        definition = read_definition(instrument, self._ledger.configuration.currency, self._policy)
        self._apply(Register(definition))

    def open_position(
        self,
        symbol: str,
        side: str,
        size: NumberLike,
        price: PriceLike,
        time: TimeLike,
        *,
        stop_loss: PriceLike | None = None,
        take_profit: PriceLike | None = None,
        fee: NumberLike = 0,
        tag: str = "",
        position_id: int | None = None,
        trailing: PriceLike | None = None,
        break_even: BreakEvenLike | None = None,
        targets: TargetsLike | None = None,
        exit_time: TimeLike | None = None,
    ) -> int:
        """Book the fill that opens a position; return its id."""
        event = Open(
            symbol=read_symbol("symbol", symbol),
            side=read_side("side", side),
            size=self._quantity("size", size),
            price=self._quantity("price", price),
            time=read_time("time", time),
            stop_loss=None if stop_loss is None else self._quantity("stop_loss", stop_loss),
            take_profit=None if take_profit is None else self._quantity("take_profit", take_profit),
            fee=self._money("fee", fee),
            tag=read_text("tag", tag),
            position_id=(
                None if position_id is None else read_position_id("position_id", position_id)
            ),
            protection=read_protection(
                GivenProtection(trailing, break_even, targets, exit_time), self._policy
            ),
        )
        return self._apply(event)

    def close_position(
        self,
        position_id: int,
        price: PriceLike,
        time: TimeLike,
        *,
        size: NumberLike | None = None,
        fee: NumberLike = 0,
        reason: str = "",
    ) -> Trade:
        """Book the fill that closes a position, in whole or in part."""
        event = Close(
            position_id=read_position_id("position_id", position_id),
            price=self._quantity("price", price),
            time=read_time("time", time),
            size=None if size is None else self._quantity("size", size),
            fee=self._money("fee", fee),
            reason=read_text("reason", reason),
        )
        with self._turn():
            self._ledger.apply(event)
            return trade_of(self._ledger)

    def mark(self, prices: PricesLike, *, time: TimeLike | None = None) -> None:
        """Set the market prices of symbols, without a row in the equity table."""
        quotes = read_quotes(prices, self._policy)
        self._apply(Mark(quotes, None if time is None else read_time("time", time)))

    def update_equity(self, time: TimeLike, prices: PricesLike | None = None) -> None:
        """Set market prices and append one row to the equity table."""
        event_time = read_time("time", time)
        quotes = () if prices is None else read_quotes(prices, self._policy)
        self._apply(UpdateEquity(event_time, quotes))

    def charge_fee(
        self, amount: NumberLike, time: TimeLike, *, position_id: int | None = None
    ) -> None:
        """Book a fee that belongs to no fill."""
        event = Fee(
            amount=self._money("amount", amount),
            time=read_time("time", time),
            position_id=(
                None if position_id is None else read_position_id("position_id", position_id)
            ),
        )
        self._apply(event)

    def deposit(self, amount: NumberLike, time: TimeLike) -> None:
        """Book money that comes in."""
        self._apply(Deposit(self._money("amount", amount), read_time("time", time)))

    def withdraw(self, amount: NumberLike, time: TimeLike) -> None:
        """Book money that goes out."""
        self._apply(Withdraw(self._money("amount", amount), read_time("time", time)))

    def apply(
        self,
        events: ArrowStream,
        *,
        on_error: Literal["raise", "record"] = "raise",
        exact: bool = False,
    ) -> Receipts:
        """Apply a whole table of events, one row an event, in row order."""
        mode = check_call(events, on_error)
        # The producer may call this portfolio while it is read, so the lock comes afterwards.
        rows = EventRows(events, self._policy)
        with self._all_or_nothing() as ledger:
            accepted, refused = apply_rows(ledger, rows, mode)
        return PythonReceipts(accepted, refused, exact=bool(exact))

    def _money(self, argument: str, value: object) -> int:
        return read_number(argument, value, MONEY_SCALE, self._policy)
