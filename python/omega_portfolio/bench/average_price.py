"""The account that :mod:`omega_portfolio.bench.exactness` contrasts with: a float average price.

It is no part of the engine and stands for the way in which many engines book profits.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal


class AveragePriceAccount:
    """One position as size and average entry price, both floats, as many engines keep it.

    Parameters
    ----------
    contract_size : int
        Units per 1 of size.

    Examples
    --------
    >>> from omega_portfolio.bench.average_price import AveragePriceAccount
    >>> account = AveragePriceAccount(1)
    >>> for size, price in ((1.0, 10.01), (2.0, 10.02), (-3.0, 10.03)):
    ...     account.fill(size, price)
    >>> account.profit == 0.04, account.profit_cents
    (False, Decimal('0.04'))
    """

    def __init__(self, contract_size: int) -> None:
        self._contract_size = float(contract_size)
        self._size = 0.0
        self._average = 0.0
        self.profit = 0.0
        self.profit_cents = Decimal("0.00")

    def fill(self, size: float, price: float) -> None:
        """Book one fill.

        Parameters
        ----------
        size : float
            Size, negative when it sells. A fill never takes the position through 0.
        price : float
            Price.
        """
        if self._size * size >= 0.0:
            value = self._average * self._size + price * size
            self._size += size
            self._average = value / self._size
            return
        profit = (price - self._average) * -size * self._contract_size
        self._size += size
        self.profit += profit
        self.profit_cents += Decimal(profit).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


__all__ = ["AveragePriceAccount"]
