"""The portfolio on plain Python integers: friendly input in, events to the ledger.

Nothing is decided here. Arguments are converted in the order of the signature (SPEC section 6)
and then handed to :meth:`omega_portfolio.oracle.ledger.Ledger.apply`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from omega_portfolio.journal_arguments import INTERVAL_DEFAULT
from omega_portfolio.oracle.apply import apply_rows, check_call
from omega_portfolio.oracle.configuring import read_settings
from omega_portfolio.oracle.durable import created
from omega_portfolio.oracle.events import (
    Close,
    Mark,
    Open,
    Register,
    UpdateEquity,
)
from omega_portfolio.oracle.frame_rows import EventRows
from omega_portfolio.oracle.instruments import read_definition
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.order_reading import GivenProtection, read_protection
from omega_portfolio.oracle.portfolio_orders import PythonOrders
from omega_portfolio.oracle.prices import read_quotes
from omega_portfolio.oracle.state import trade_of
from omega_portfolio.oracle.tables import PythonReceipts
from omega_portfolio.oracle.texts import (
    read_flag,
    read_position_id,
    read_side,
    read_symbol,
    read_text,
)
from omega_portfolio.oracle.times import read_time

if TYPE_CHECKING:
    import os

    from omega_portfolio.instrument import Instrument
    from omega_portfolio.oracle.numbers import FloatPolicy
    from omega_portfolio.oracle.portfolio_orders import BreakEvenLike, TargetsLike
    from omega_portfolio.recovery import SyncMode
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

    # A live view watches its portfolio and does not hold it.
    __slots__ = ("__weakref__",)

    def __new__(
        cls,
        initial_balance: NumberLike,
        *,
        currency: str = "USD",
        leverage: NumberLike = 1,
        mode: Mode = "hedging",
        floats: FloatPolicy = "nearest",
        capacity: int | None = None,
        rounding: str = "exact",
        off_grid: str = "refuse",
        margin_call: NumberLike | None = None,
        stop_out: NumberLike | None = None,
        path: str = "pessimistic",
        pivot: str = "USD",
        journal: str | os.PathLike[str] | None = None,
        sync: SyncMode | None = None,
        sync_interval_ms: int = INTERVAL_DEFAULT,
        snapshot_every: int | None = None,
    ) -> PortfolioPython:
        """Check the configuration (A1) and start with no event, and with a journal of it."""
        options = {
            "currency": currency,
            "leverage": leverage,
            "mode": mode,
            "floats": floats,
            "capacity": capacity,
            "rounding": rounding,
            "off_grid": off_grid,
            "margin_call": margin_call,
            "stop_out": stop_out,
            "path": path,
            "pivot": pivot,
            "journal": (journal, sync, sync_interval_ms, snapshot_every),
        }
        settings = read_settings(initial_balance, options)
        ledger = Ledger(settings.configuration)
        ledger.rounds_off_grid = settings.rounds_off_grid
        self = cls._of_ledger(ledger, settings.policy)
        self._writer = created(settings)
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
        fee: NumberLike | None = None,
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
            fee=None if fee is None else self._money("fee", fee),
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
        fee: NumberLike | None = None,
        reason: str = "",
    ) -> Trade:
        """Book the fill that closes a position, in whole or in part."""
        event = Close(
            position_id=read_position_id("position_id", position_id),
            price=self._quantity("price", price),
            time=read_time("time", time),
            size=None if size is None else self._quantity("size", size),
            fee=None if fee is None else self._money("fee", fee),
            reason=read_text("reason", reason),
        )
        with self._change() as ledger:
            ledger.apply(event)
            return trade_of(ledger)

    def mark(self, prices: PricesLike, *, time: TimeLike | None = None) -> None:
        """Set the market prices of symbols, without a row in the equity table."""
        quotes = read_quotes(prices, self._policy)
        self._apply(Mark(quotes, None if time is None else read_time("time", time)))

    def update_equity(self, time: TimeLike, prices: PricesLike | None = None) -> None:
        """Set market prices and append one row to the equity table."""
        event_time = read_time("time", time)
        quotes = () if prices is None else read_quotes(prices, self._policy)
        self._apply(UpdateEquity(event_time, quotes))

    def apply(
        self,
        events: ArrowStream,
        *,
        on_error: Literal["raise", "record"] = "raise",
        exact: bool = False,
    ) -> Receipts:
        """Apply a whole table of events, one row an event, in row order."""
        mode, wanted = check_call(events, on_error), read_flag("exact", exact)
        # The producer may call this portfolio while it is read, so the lock comes afterwards.
        rows = EventRows(events, self._policy)
        with self._all_or_nothing() as ledger:
            accepted, refused = apply_rows(ledger, rows, mode)
        return PythonReceipts(accepted, refused, exact=wanted)
