"""Why the old portfolio and the exact account differ: each cause by name, and the rows that say so.

The causes are the faults of the old portfolio, and what cannot be carried over as it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from omega_portfolio.legacy.amounts import minus

if TYPE_CHECKING:
    from decimal import Decimal

CAUSES: Final = {
    "size_ignored": "the old result is a multiple of the risk and does not know the size",
    "second_exit": "a second exit pays the result again",
    "not_entered": "an exit is paid whose position was never entered",
    "not_open": "a position is entered that is neither open nor pending",
    "pending_paid": "an order that was never filled is paid when it leaves without expiring",
    "entered_twice": "the same position is entered again while it is open",
    "bad_input": "a price or a size that no market has is accepted",
    "margin": "the account could not have carried the position",
    "no_distance": "without a distance to the stop there is no size for the risk",
    "no_exit_price": "a position leaves without an exit price",
    "partial_exit": "a partial exit removes the whole position",
    "level_left_out": "a stop or a target lies on the wrong side and nobody notices",
    "other_prices": "prices were changed after the entry, or rounded to the tick",
    "size_grid": "the size for the risk is rounded to the steps of the instrument",
    "result_set": "the result was set by hand, or its stop was moved after the exit",
    "fee_kind": "the old trade carries fees of the kinds entry and exit only",
    "fee_late": "a fee of a position that is not open is booked for the account",
    "cash_set": "the cash was set from outside",
    "time_order": "times go back or are missing, and nobody notices",
    "not_finite": "an amount is not a finite number, and neither is the cash from then on",
    "refused": "the exact account refuses it",
    "open_positions": "the old equity leaves out what open positions are worth",
    "drawdown_samples": "the old drawdown is seen at updates only",
    "curve_fees": "the old trade curve leaves out fees of other kinds and of open positions",
    "curve_exits": "the old trade curve leaves out what was paid without a place in a list",
    "lists_changed": "the old trade curve shows trades as they were changed after their exit",
    "booked_otherwise": "what the rows of the cash say has moved the peaks and the troughs as well",
    "cash_since_update": "the old equity is the cash of the last call that looked at it",
    "float_results": "results of the old portfolio are rounded to doubles",
    "float_cash": "the old cash is a sum of doubles",
}
"""Each cause with the sentence that explains it."""


class Difference(NamedTuple):
    """One call that the exact account did not book as the old portfolio did.

    Attributes
    ----------
    number : int
        Number of the call, from 1.
    call : str
        Name of the call.
    time : object
        The time that was given.
    symbol : str or None
        What it was about.
    cause : str
        A key of :data:`CAUSES`.
    text : str
        The reason in words, with the figures of this case.
    figure : {"cash", "equity", ""}
        What differs: the cash, the equity of one moment, or no amount at all.
    legacy, exact : Decimal
        What each of the two booked, or holds.
    """

    number: int
    call: str
    time: Any
    symbol: str | None
    cause: str
    text: str
    figure: str
    legacy: Decimal
    exact: Decimal

    @property
    def amount(self) -> Decimal:
        """What the old portfolio has more than the exact account."""
        return minus(self.legacy, self.exact)


__all__ = ["CAUSES", "Difference"]
