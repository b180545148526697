"""What a size of the old portfolio is in the exact account."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.legacy.amounts import WIDE, distance_of, exact_of, number_of
from omega_portfolio.legacy.position import PortfolioPosition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omega_portfolio.instrument import Instrument

RULES: Final = ("as_given", "risk")
PLACES_MAX: Final = 9


class Sizing:
    """Gives sizes by a rule.

    Parameters
    ----------
    rule : {"as_given", "risk"}
        The size of the position; or as much as loses ``risk_per_trade`` at the first stop.
    instruments : sequence of Instrument
        Contract sizes and steps of symbols; 1 and 9 decimals of others.

    Raises
    ------
    InvalidArgument
        The rule is none.
    """

    def __init__(self, rule: str, instruments: Sequence[Instrument] = ()) -> None:
        if rule not in RULES:
            raise InvalidArgument(
                "size_rule", describe(rule), "is no rule", 'pass "as_given" or "risk"'
            )
        self.rule = rule
        self.cause = "size_grid" if rule == "risk" else "size_ignored"
        """Why a result differs that has the same prices."""
        self._terms = {
            one.symbol: (Decimal(str(one.contract_size)), one.size_decimals) for one in instruments
        }

    def size_of(self, position: PortfolioPosition) -> Any:  # noqa: ANN401 - as it was given.
        """Give the size for the engine; None when the rule has none.

        Examples
        --------
        >>> from omega_portfolio.legacy import PortfolioPosition
        >>> from omega_portfolio.legacy.sizing import Sizing
        >>> position = PortfolioPosition(0, "long", "ACME", 1.1, 1.07, 1.2, 5.0)
        >>> Sizing("as_given").size_of(position), Sizing("risk").size_of(position)
        (5.0, Decimal('3333.333333333'))
        """
        if self.rule == "as_given":
            return number_of(position.size)
        distance = distance_of(position)
        if not distance.is_finite() or not distance:
            return None
        contract, places = self._terms.get(position.symbol, (Decimal(1), PLACES_MAX))
        risk = exact_of(position.risk_per_trade)
        size = WIDE.divide(risk, WIDE.multiply(distance, contract))
        return size.quantize(Decimal(1).scaleb(-places), context=WIDE)

    @staticmethod
    def is_result_of(position: PortfolioPosition, paid: Decimal) -> bool:
        """Whether a result is what ``close`` computes of the position as it is now."""
        again = PortfolioPosition(
            *(position.entry_time, position.direction, position.symbol, position.entry_price),
            *(position.stop_loss, position.take_profit, position.size, position.risk_per_trade),
            initial_stop_loss=position.initial_stop_loss,
        )
        if position.exit_price is None:
            return False
        try:
            again.close(position.exit_time, position.exit_price, "")
        except (TypeError, ArithmeticError):  # what is no number has no result
            return False
        return exact_of(again.result) == paid


__all__ = ["RULES", "Sizing"]
