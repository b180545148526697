"""Currencies of an account: the rates that marks give, and the cash that is held (SPEC 14).

A :class:`Rates` is never changed: what an event makes of it is another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from omega_portfolio.errors import MissingRate
from omega_portfolio.oracle.numbers import LIMIT, MONEY_ONE, QUANTITY_ONE, half_even

RATE_ONE: Final = MONEY_ONE
"""A rate has 18 decimals like money; this is the rate of the account's own currency."""


class Pair(NamedTuple):
    """A marked symbol of which the price is a rate: 1 base costs so much quote (W2)."""

    symbol: str
    base: str
    quote: str
    bid: int
    ask: int

    def rate(self) -> int:
        """Give the quote that 1 base costs, exact: the middle of bid and ask."""
        return (self.bid + self.ask) * RATE_ONE // (2 * QUANTITY_ONE)

    def inverse_rate(self) -> int:
        """Give the base that 1 quote costs, rounded half-even."""
        return half_even(RATE_ONE * 2 * QUANTITY_ONE, self.bid + self.ask)


class Leg(NamedTuple):
    """One step of a path: a pair, taken against its direction when inverse."""

    symbol: str
    inverse: bool


class Currency(NamedTuple):
    """What is known of a currency, and the cash held in it; a rate of 0 is none."""

    code: str
    legs: tuple[Leg, ...] = ()
    rate: int = 0
    cash: int = 0
    cost: int = 0
    had_cash: bool = False

    def path(self) -> str:
        """Give the text of the path (W10)."""
        return "*".join(("1/" if leg.inverse else "") + leg.symbol for leg in self.legs)

    def convert(self, amount: int) -> int:
        """Give an amount in account money (W1)."""
        return half_even(amount * self.rate, RATE_ONE)

    def unrealized(self) -> int:
        """Give the value of the cash less its cost (W7)."""
        return self.convert(self.cash) - self.cost

    def is_known(self) -> bool:
        """Tell whether it has a path or ever had cash: it then has a row of its own."""
        return bool(self.legs) or self.had_cash


class Rates:
    """Rates and cash by currency, in the order of appearance."""

    __slots__ = ("account", "currencies", "pivot")

    def __init__(
        self, account: str, pivot: str, currencies: Mapping[str, Currency] | None = None
    ) -> None:
        self.account = account
        self.pivot = pivot
        self.currencies: Mapping[str, Currency] = currencies or {}

    def of(self, code: str) -> int:
        """Give the rate of a currency; 0 when it has none."""
        if code == self.account:
            return RATE_ONE
        currency = self.currencies.get(code)
        return 0 if currency is None else currency.rate

    def convert(self, amount: int, code: str) -> int:
        """Give an amount of a currency in account money (W1)."""
        if code == self.account:
            return amount
        return half_even(amount * self.of(code), RATE_ONE)

    def require(self, code: str, argument: str) -> None:
        """Refuse a currency that has no rate (W3).

        Raises
        ------
        MissingRate
            There is no path of marked pairs, or its rate is out of range.
        """
        if self.of(code) == 0:
            raise MissingRate(
                argument,
                f"{code}/{self.account}",
                f"there is no rate from {code} to {self.account}",
                "register the pair with its base_currency and mark it first",
            )

    def cash_unrealized(self) -> int:
        """Give the value of all foreign cash less its cost."""
        return sum(currency.unrealized() for currency in self.currencies.values())

    def cash_cost(self) -> int:
        """Give the cost of all foreign cash."""
        return sum(currency.cost for currency in self.currencies.values())

    def asked(self, codes: Iterable[str], pairs: Sequence[Pair]) -> Rates:
        """Give the rates with more currencies that are asked for."""
        fresh = [code for code in codes if code != self.account and code not in self.currencies]
        if not fresh:
            return self
        added = {code: Currency(code) for code in dict.fromkeys(fresh)}
        return self._with({**self.currencies, **added}).marked(pairs)

    def marked(self, pairs: Sequence[Pair]) -> Rates:
        """Give the rates at marks; paths that become possible are chosen (W2)."""
        if not self.currencies:
            return self
        found = {pair.symbol: pair for pair in pairs}
        after: dict[str, Currency] = {}
        for code, currency in self.currencies.items():
            legs = currency.legs or self._path(code, pairs)
            after[code] = currency._replace(legs=legs, rate=_rate(legs, found))
        return self._with(after)

    def with_cash(self, code: str, cash: int, cost: int) -> Rates:
        """Give the rates with other cash of a currency."""
        currency = self.currencies[code]._replace(cash=cash, cost=cost, had_cash=True)
        return self._with({**self.currencies, code: currency})

    def _with(self, currencies: Mapping[str, Currency]) -> Rates:
        return Rates(self.account, self.pivot, currencies)

    def _path(self, code: str, pairs: Sequence[Pair]) -> tuple[Leg, ...]:
        """Choose the path of a currency; () when there is none."""
        direct = _leg(code, self.account, pairs)
        if direct is not None:
            return (direct,)
        if self.pivot in (code, self.account):
            return ()
        first = _leg(code, self.pivot, pairs)
        second = _leg(self.pivot, self.account, pairs)
        return () if first is None or second is None else (first, second)


def _leg(start: str, end: str, pairs: Sequence[Pair]) -> Leg | None:
    """Find the pair of two currencies: direct before inverse, then the one registered first."""
    for pair in pairs:
        if (pair.base, pair.quote) == (start, end):
            return Leg(pair.symbol, inverse=False)
    for pair in pairs:
        if (pair.base, pair.quote) == (end, start):
            return Leg(pair.symbol, inverse=True)
    return None


def _rate(legs: Sequence[Leg], pairs: Mapping[str, Pair]) -> int:
    """Give the rate of a path; 0 when there is none, or it is out of range (W3)."""
    if not legs:
        return 0
    rate = RATE_ONE
    for leg in legs:
        pair = pairs[leg.symbol]
        rate = half_even(rate * (pair.inverse_rate() if leg.inverse else pair.rate()), RATE_ONE)
    return rate if rate < LIMIT else 0
