"""What both portfolios posted, and the list of what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from omega_portfolio.errors import InvalidArgument, InvalidTime
from omega_portfolio.legacy.amounts import NAN, NOTHING, Drop, exact_of, minus
from omega_portfolio.legacy.causes import CAUSES, Difference

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from omega_portfolio.portfolio import Portfolio as Engine

Answer = TypeVar("Answer")


class Notes:
    """Sums of what was posted, on both sides, and a row for each call that differs.

    Parameters
    ----------
    engine : omega_portfolio.Portfolio
        A fresh account.
    balance : float
        What the old portfolio starts with.
    """

    def __init__(self, engine: Engine, balance: float) -> None:
        self.engine = engine
        self.differences: list[Difference] = []
        self.own = exact_of(balance)
        """The old cash without floats: the start and each of its postings."""
        self.float_results = minus(self.own, engine.balance)
        """What rounding to doubles has added to the results."""
        self.paid = {"listed": NOTHING, "curve_exits": NOTHING, "cash_set": NOTHING}
        """What the old cash got, by whether its trade curve can show it."""
        self.drops = {name: Drop(engine.balance) for name in ("balance", "equity")}
        """Of the engine, seen after every call."""
        self.number = 0
        self.call: tuple[str, object] = ("", None)
        """Name and time of the call that is booked now."""

    def begin(self, call: str, time: object) -> None:
        """Note which call is booked now."""
        self.number += 1
        self.call = (call, time)

    def posting(self, amount: Decimal) -> Decimal:
        """Note what the old cash went down by; give 0 for what is not finite."""
        if amount.is_finite():
            self.own = minus(self.own, amount)
            return amount
        self.own = NAN
        self.note("not_finite", None, str(amount))
        return NOTHING

    def timed(self, act: Callable[[Any], Answer], time: object) -> Answer:
        """Act at a time, or at the last one of the engine when that cannot be."""
        try:
            return act(time)
        except (InvalidTime, InvalidArgument) as error:
            if error.argument != "time":
                raise
            answer = act(self.engine.time or 0)
            self.note("time_order", None, str(error))
            return answer

    def look(self) -> None:
        """Look at the engine after a call."""
        self.drops["balance"].see(self.engine.balance)
        self.drops["equity"].see(self.engine.equity)

    def note(
        self,
        cause: str,
        symbol: str | None,
        detail: str = "",
        *,
        figure: str = "",
        legacy: Decimal = NOTHING,
        exact: Decimal = NOTHING,
    ) -> None:
        """List a difference, with the sentence of its cause and the detail of this case."""
        text = f"{CAUSES[cause]}: {detail}" if detail else CAUSES[cause]
        call, time = self.call
        self.differences.append(
            Difference(self.number, call, time, symbol, cause, text, figure, legacy, exact)
        )


__all__ = ["Notes"]
