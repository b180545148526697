"""The exact account beside an old portfolio, and the list of all that it books otherwise.

:class:`Books` is told of each call after the old portfolio has done it. It never asks what the
old portfolio is worth; it notes what that one posted, measures what the engine posts, and gives
the difference of each pair to a cause. So both accounts can be compared to the last digit, and
an amount that no cause explains would be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import (
    InsufficientMargin,
    InvariantViolation,
    OmegaPortfolioError,
    OutOfMemory,
)
from omega_portfolio.legacy.amounts import (
    NOTHING,
    as_money,
    exact_of,
    minus,
    number_of,
    plus,
    result_by_risk,
)
from omega_portfolio.legacy.notes import Notes
from omega_portfolio.legacy.portfolio import PARTIAL_EXIT
from omega_portfolio.legacy.position import LONG, OPEN, PENDING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from omega_portfolio.legacy.position import PortfolioPosition
    from omega_portfolio.legacy.sizing import Sizing
    from omega_portfolio.portfolio import Portfolio as Engine

TEXT_BYTES: Final = 255
"""Longest reason of a trade in the engine."""


@dataclass
class Held:
    """What the exact account knows of a position."""

    position: PortfolioPosition
    """The object itself: it is looked for by identity, and must not be freed before."""
    position_id: int | None = None
    """Its id in the engine while it is open there."""
    missing: str | None = None
    """Why it is not, as a key of the causes; None once it was closed there."""
    waiting: bool = False
    """A pending order, which is opened when its status says so."""
    fees: list[Decimal] = field(default_factory=list)
    """Exit fees that wait for the exit they belong to."""


class Books(Notes):
    """Books the calls of an old portfolio into an engine.

    Parameters
    ----------
    engine : omega_portfolio.Portfolio
        A fresh account.
    sizing : Sizing
        What a size is.
    balance : float
        What the old portfolio starts with.
    """

    def __init__(self, engine: Engine, sizing: Sizing, balance: float) -> None:
        super().__init__(engine, balance)
        self._sizing = sizing
        self._held: dict[int, Held] = {}
        self._waiting: list[Held] = []
        self._with_fees: list[Held] = []

    # Calls.

    def entered(self, position: PortfolioPosition) -> None:
        """Open a position that is open; remember one that is pending."""
        self.begin("register_entry", position.entry_time)
        self.settle()
        known = self._held.get(id(position))
        if known is not None and (known.waiting or known.position_id is not None):
            self.note("entered_twice", position.symbol)
            return
        held = self._held[id(position)] = Held(position)
        if position.status == PENDING:
            held.waiting = True
            self._waiting.append(held)
        elif position.status == OPEN:
            self._open(held, position.entry_time)
        else:
            held.missing = "not_open"
            self.note("not_open", position.symbol, f"its status is {position.status!r}")
        self.look()

    def charged(
        self, fee: float, time: object, kind: str, position: PortfolioPosition | None
    ) -> None:
        """Book a fee: for its position while that is open, else for the account."""
        self.begin("register_fee", time)
        posted = self.posting(exact_of(fee))
        self._fill_waiting()
        held = None if position is None else self._held.get(id(position))
        if held is not None and held.position_id is not None:
            if kind == "exit":
                held.fees.append(posted)
                self._with_fees.append(held)
                self.look()
                return
            self._charge(posted, held.position_id)
            if kind != "entry":
                self.note("fee_kind", held.position.symbol, f"{kind!r}, {posted}")
        else:
            self._charge(posted, None)
            if position is not None:
                self.note("fee_late", position.symbol, f"{kind!r}, {posted}")
        self.look()

    def leaving(self, position: PortfolioPosition) -> None:
        """Begin an exit, before the old portfolio sets the status to closed."""
        self.begin("register_exit", position.exit_time)
        self._fill_waiting()

    def expired(self, position: PortfolioPosition) -> None:
        """Forget an order that expired."""
        held = self._held.get(id(position))
        if held is not None and held.waiting:
            self._stop_waiting(held)
            held.missing = "second_exit"

    def left(self, position: PortfolioPosition, paid: float, *, listed: bool) -> None:
        """Close a position; listed is whether the old trade curve shows what it was paid."""
        held = self._held.get(id(position))
        posted = self.posting(exact_of(paid).copy_negate()).copy_negate()
        shown = "listed" if listed else "curve_exits"
        self.paid[shown] = plus(self.paid[shown], posted)
        if held is None or held.position_id is None:
            self._pay_nothing(held, position, posted)
        else:
            self._close(held, posted)
        self.look()

    def sampled(self, time: object, prices: Mapping[str, Any] | None) -> None:
        """Write a row of the equity, and note what the old equity leaves out."""
        self.begin("update", time)
        self.settle()
        self._fill_waiting()
        try:
            self.timed(lambda moment: self.engine.update_equity(moment, prices or {}), time)
        except OmegaPortfolioError as error:
            self.note(_cause_of(error), None, str(error))
            self.timed(self.engine.update_equity, time)
        floating = self.engine.unrealized_pnl
        if floating:
            self.note("open_positions", None, str(floating), figure="equity", exact=floating)
        self.look()

    def cash_changed(self, old: float, new: float) -> None:
        """Book what somebody has put into the cash, or taken out of it."""
        self.begin("cash", None)
        change = minus(exact_of(new), exact_of(old))
        posted = self.posting(change.copy_negate()).copy_negate()
        self.paid["cash_set"] = plus(self.paid["cash_set"], posted)
        amount = as_money(posted)
        if not amount:
            self._round(posted)
            return
        act = self.engine.deposit if amount > 0 else self.engine.withdraw
        try:
            act(amount.copy_abs(), self.engine.time or 0)
        except OmegaPortfolioError as error:
            _cause_of(error)
            self.note("cash_set", None, str(error), figure="cash", legacy=posted)
        else:
            self._round(minus(posted, amount))
            self.note("cash_set", None, f"{old!r} became {new!r}")
        self.look()

    def settle(self) -> None:
        """Book exit fees whose exit has not come."""
        for held in self._with_fees:
            fees, held.fees = held.fees, []
            for fee in fees:
                self._charge(fee, held.position_id)
        self._with_fees.clear()

    # What a call does in the engine.

    def _open(self, held: Held, time: object) -> None:
        position = held.position
        size = self._sizing.size_of(position)
        if size is None and self._sizing.rule == "risk":
            held.missing = "no_distance"
            self.note("no_distance", position.symbol)
            return
        stop = position.initial_stop_loss
        levels = {
            "stop_loss": number_of(position.stop_loss if stop is None else stop),
            "take_profit": number_of(position.take_profit),
        }
        side = "long" if position.direction == LONG else "short"
        price = number_of(position.entry_price)

        def act(moment: Any) -> int:  # noqa: ANN401 - whatever the caller gave.
            return self.engine.open_position(
                *(position.symbol, side, size, price, moment), fee=0, **levels
            )

        while True:
            try:
                held.position_id = self.timed(act, time)
            except OmegaPortfolioError as error:
                if levels.get(error.argument) is not None and _is_level(error):
                    del levels[error.argument]
                    self.note("level_left_out", position.symbol, str(error))
                    continue
                held.missing = _cause_of(error)
                self.note(held.missing, position.symbol, str(error))
                return
            self._mark(position.symbol, price)
            return

    def _close(self, held: Held, paid: Decimal) -> None:
        position = held.position
        number, price = held.position_id, number_of(position.exit_price)
        if number is None or price is None:
            self.note("no_exit_price", position.symbol, str(paid), figure="cash", legacy=paid)
            return
        fees = reduce(plus, held.fees, NOTHING)
        fee = as_money(fees)
        reason = _reason_of(position.reason)
        before = self.engine.balance
        try:
            trade = self.timed(
                lambda moment: self.engine.close_position(
                    *(number, price, moment), fee=fee, reason=reason
                ),
                position.exit_time,
            )
        except OmegaPortfolioError as error:
            cause = _cause_of(error)
            self.note(cause, position.symbol, str(error), figure="cash", legacy=paid)
            return
        self._mark(position.symbol, price)
        held.position_id = None
        held.fees.clear()
        self._round(minus(fee, fees))
        gross = plus(minus(self.engine.balance, before), fee)
        self._explain(position, paid, gross, (trade.entry_price, trade.exit_price, trade.size))

    def _explain(
        self,
        position: PortfolioPosition,
        paid: Decimal,
        gross: Decimal,
        booked: tuple[Decimal, Decimal, Decimal],
    ) -> None:
        """Give the difference of a result to causes: floats, other prices, and the size."""
        entry, price, size = booked
        if position.reason == PARTIAL_EXIT:
            self.note("partial_exit", position.symbol, f"all of {size} units")
        if not self._sizing.is_result_of(position, paid):
            by_risk = paid
            cause = "result_set"
        else:
            by_risk = result_by_risk(position, exact_of(position.exit_price))
            self._round(minus(paid, by_risk))
            # Where nothing was rounded, the number is shown as the old portfolio has it.
            by_risk = paid if by_risk == paid else by_risk
            given = (exact_of(position.entry_price), exact_of(position.exit_price))
            cause = self._sizing.cause if given == (entry, price) else "other_prices"
        if by_risk != gross:
            text = f"{position.direction} {size} from {entry} to {price}"
            self.note(cause, position.symbol, text, figure="cash", legacy=by_risk, exact=gross)

    def _pay_nothing(self, held: Held | None, position: PortfolioPosition, paid: Decimal) -> None:
        """Note what the old portfolio paid for a position that is not open in the engine."""
        if held is None:
            cause = "not_entered"
        elif held.waiting:
            cause = "pending_paid"
            self._stop_waiting(held)
        else:
            cause = held.missing or "second_exit"
            held.missing = None
        self.note(cause, position.symbol, str(paid), figure="cash", legacy=paid)

    def _mark(self, symbol: str, price: Any) -> None:  # noqa: ANN401 - of a fill that was taken.
        """Value all positions of a symbol at its last fill."""
        try:
            self.engine.mark({symbol: price})
        except OmegaPortfolioError as error:
            self.note(_cause_of(error), symbol, str(error))

    def _charge(self, fee: Decimal, position_id: int | None) -> None:
        before, amount = self.engine.balance, as_money(fee)
        try:
            if amount:
                self.timed(
                    lambda moment: self.engine.charge_fee(amount, moment, position_id=position_id),
                    self.call[1],
                )
        except OmegaPortfolioError as error:
            cause, posted = _cause_of(error), fee.copy_negate()
            self.note(cause, None, str(error), figure="cash", legacy=posted)
            return
        self._round(minus(minus(before, self.engine.balance), fee))

    def _round(self, rest: Decimal) -> None:
        """Note what floats have more than the engine can hold or the result should be."""
        self.float_results = plus(self.float_results, rest)

    def _fill_waiting(self) -> None:
        """Open the orders that somebody has set to open since the last call."""
        for held in [held for held in self._waiting if held.position.status == OPEN]:
            self._stop_waiting(held)
            moment = held.position.trigger_time
            self._open(held, held.position.entry_time if moment is None else moment)

    def _stop_waiting(self, held: Held) -> None:
        held.waiting = False
        self._waiting = [other for other in self._waiting if other is not held]


def _is_level(error: OmegaPortfolioError) -> bool:
    return error.argument in {"stop_loss", "take_profit"}


def _cause_of(error: OmegaPortfolioError) -> str:
    """Give the cause of a refusal; what is none goes on to the caller."""
    if isinstance(error, InvariantViolation | OutOfMemory):
        raise error
    if isinstance(error, InsufficientMargin):
        return "margin"
    return "bad_input" if error.argument in {"price", "size"} else "refused"


def _reason_of(reason: object) -> str:
    """Give a reason as the engine takes it."""
    text = "" if reason is None else str(reason).replace("\0", "")
    return text.encode("utf-8", "replace")[:TEXT_BYTES].decode("utf-8", "ignore")


__all__ = ["Books", "Held"]
