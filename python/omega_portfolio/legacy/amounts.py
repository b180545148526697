"""Floats of the old portfolio as the decimal numbers that they stand for."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.legacy.position import LONG

if TYPE_CHECKING:
    from omega_portfolio.legacy.position import PortfolioPosition

MONEY: Final = Decimal("1e-18")
"""The unit of money in the exact account."""

WIDE: Final = Context(prec=700, rounding=ROUND_HALF_EVEN, traps=[DivisionByZero])
"""Holds sums of any doubles, the smallest beside the largest; what is no number stays NaN."""

NOTHING: Final = Decimal(0)
NAN: Final = Decimal("NaN")


def plus(left: Decimal, right: Decimal) -> Decimal:
    """Add without rounding."""
    return WIDE.add(left, right)


def minus(left: Decimal, right: Decimal) -> Decimal:
    """Subtract without rounding."""
    return WIDE.subtract(left, right)


def exact_of(value: Any) -> Decimal:  # noqa: ANN401 - any kind of number.
    """Give the decimal number that a float is written as.

    Parameters
    ----------
    value : int, float or Decimal
        A number.

    Returns
    -------
    Decimal
        Not finite when the float is not, and NaN for what is no number at all.

    Examples
    --------
    >>> from omega_portfolio.legacy.amounts import exact_of
    >>> exact_of(0.1), exact_of(5)
    (Decimal('0.1'), Decimal('5'))
    """
    if isinstance(value, int | Decimal):
        return Decimal(value)
    try:
        return Decimal(repr(float(value)))
    except (TypeError, ValueError):
        return NAN


class Drop:
    """The greatest drop of a figure below its highest value so far.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from omega_portfolio.legacy.amounts import Drop
    >>> drop = Drop(Decimal(100))
    >>> for value in (90, 120, 105):
    ...     drop.see(Decimal(value))
    >>> drop.greatest
    Decimal('15')
    """

    __slots__ = ("_peak", "greatest")

    def __init__(self, start: Decimal) -> None:
        self._peak = start
        self.greatest = NOTHING

    def see(self, value: Decimal) -> None:
        """Look at the next value; one that is no number is passed over."""
        if value.is_finite():
            self._peak = max(self._peak, value)
            self.greatest = max(self.greatest, minus(self._peak, value))


def number_of(value: Any) -> Any:  # noqa: ANN401 - what is no number is for the engine to refuse.
    """Give a number in one of the types that the engine reads, anything else as it is."""
    if isinstance(value, bool | int | Decimal) or not isinstance(value, Real):
        return value
    return float(value)


def as_money(value: Decimal) -> Decimal:
    """Round to the unit of money, half-even; what needs no rounding keeps its digits."""
    rounded = value.quantize(MONEY, context=WIDE)
    return value if rounded == value else rounded


def distance_of(position: PortfolioPosition) -> Decimal:
    """Give the distance between entry and stop that risk is measured by; NaN without one."""
    stop = position.initial_stop_loss
    entry, level = exact_of(position.entry_price), exact_of(stop)
    if stop is None:
        level = exact_of(position.stop_loss)
    finite = entry.is_finite() and level.is_finite()
    return minus(entry, level).copy_abs() if finite else NAN


def result_by_risk(position: PortfolioPosition, price: Decimal) -> Decimal:
    """Compute the old result without floats: the move over the distance, times the risk.

    Parameters
    ----------
    position : PortfolioPosition
        A position with an entry and a stop.
    price : Decimal
        Price of its exit.

    Returns
    -------
    Decimal
        Rounded to the unit of money.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from omega_portfolio.legacy import PortfolioPosition
    >>> from omega_portfolio.legacy.amounts import result_by_risk
    >>> position = PortfolioPosition(0, "long", "ACME", 1.1, 1.07, 1.2, 1.0)
    >>> result_by_risk(position, Decimal("1.11"))
    Decimal('33.333333333333333333')
    """
    distance = distance_of(position)
    if not distance:
        return NOTHING
    entry = exact_of(position.entry_price)
    signed = minus(price, entry) if position.direction == LONG else minus(entry, price)
    product = WIDE.multiply(signed, exact_of(position.risk_per_trade))
    return as_money(WIDE.divide(product, distance))


__all__ = [
    "MONEY",
    "NAN",
    "NOTHING",
    "WIDE",
    "Drop",
    "as_money",
    "distance_of",
    "exact_of",
    "minus",
    "number_of",
    "plus",
    "result_by_risk",
]
