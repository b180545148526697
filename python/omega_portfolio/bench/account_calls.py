"""Random calls on cash, costs and corporate actions of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.account_draws import Draws
from omega_portfolio.bench.account_settings import SHAPES, WORTH
from omega_portfolio.bench.inputs import decimal_text, spell_number
from omega_portfolio.instrument import Instrument

if TYPE_CHECKING:
    from omega_portfolio.bench.inputs import Number
    from omega_portfolio.bench.refusals import Operation

_CURRENCIES: Final = (*WORTH, "SEK", "MXN")
_SPLITS: Final = (
    *((2, 1), (1, 2), (3, 2), (2, 3), (10, 1), (1, 10), (7, 3), (1, 100), (1_000_000, 999_999)),
    *((1, 1_000_000), (1, 1), (0, 1), (1_000_001, 1), (1, -2)),
)
_STEPS: Final = (0, 0, 1_000_000, 3_600_000_000, 86_400_000_000, 3 * 86_400_000_000)


class MoneyCalls(Draws):
    """Calls that move cash, and what happens to instruments as a whole."""

    def _currency(self) -> str:
        """Choose a currency, usually one that the instruments bring in."""
        random = self._random
        if random.getrandbits(1):
            terms = self._some().shape.terms
            return str(terms.get("quote_currency" if random.getrandbits(1) else "base_currency"))
        return random.choice(_CURRENCIES)

    def _known_currency(self) -> str:
        found = self._currency()
        return found if found != "None" else self._home()

    def _home(self) -> str:
        return str(self._options.get("currency", "USD"))

    def _in_currency(self, currency: str, bits: int) -> Number:
        """Spell an amount worth up to about 2^bits hundredths of a USD."""
        worth = WORTH.get(currency, 1.0)
        return self._money(1 + int(self._random.getrandbits(bits) / worth))

    def _deposit(self) -> Operation:
        currency = self._known_currency()
        keywords: dict[str, Any] = {}
        if self._random.getrandbits(2):
            keywords["currency"] = currency
        else:
            currency = self._home()
        return "deposit", (self._in_currency(currency, 20), self._moment()), keywords

    def _withdraw(self) -> Operation:
        currency = self._known_currency()
        keywords: dict[str, Any] = {}
        if self._random.getrandbits(1):
            keywords["currency"] = currency
        else:
            currency = self._home()
        return "withdraw", (self._in_currency(currency, 18), self._moment()), keywords

    def _convert(self) -> Operation:
        random = self._random
        currencies = [self._home(), self._known_currency()]
        if random.getrandbits(2) == 0:
            currencies[0] = self._known_currency()
        if random.getrandbits(1):
            currencies.reverse()
        keywords: dict[str, Any] = {}
        if random.getrandbits(2) == 0:
            rate = WORTH.get(currencies[0], 1.0) / WORTH.get(currencies[1], 1.0)
            units = int(rate * 10**9 * (0.9 + 0.2 * random.random()))
            keywords["rate"] = spell_number(random, max(units, 1), 9)
        amount = self._in_currency(currencies[0], 19)
        return "convert_cash", (amount, *currencies, self._moment()), keywords

    def _fee(self) -> Operation:
        position = self._held()
        amount = self._money(self._random.getrandbits(9) - 100)
        if position is not None and self._random.getrandbits(1):
            keywords: dict[str, object] = {"position_id": position.position_id}
            return "charge_fee", (amount, self._moment()), keywords
        return "charge_fee", (amount, self._moment()), {}

    def _charge_swap(self) -> Operation:
        random = self._random
        walk = self._some()
        keywords: dict[str, Any] = {}
        kind = random.choice(("points", "rate", "funding"))
        decimals = walk.shape.price_decimals if kind == "points" else 5
        for name in ("long", "short"):
            if random.getrandbits(2):
                keywords[name] = spell_number(random, random.randint(-60, 40), decimals)
        if kind != "points" or random.getrandbits(1):
            keywords["kind"] = kind
        if random.getrandbits(1):
            keywords["multiplier"] = random.choice((0, 1, 3, 3, 7))
        return "charge_swap", (walk.shape.symbol, self._moment()), keywords

    def _rollover(self) -> Operation:
        walk = self._some()
        moment: object = self._next_rollover(walk)
        if self._random.getrandbits(2) == 0:
            moment = self._moment()
        elif isinstance(moment, int):
            self._time = moment
        return "rollover", (walk.shape.symbol, moment), {}

    def _dividend(self) -> Operation:
        random = self._random
        walk = self._some()
        shape = walk.shape
        units = 1 + int(random.random() * shape.tick * (walk.bid // 100 + 1))
        amount = spell_number(random, units, min(shape.price_decimals + random.getrandbits(1), 9))
        moment = self._moment()
        keywords: dict[str, Any] = {}
        if random.getrandbits(2):
            keywords["pay_time"] = self._spell_time(self._time + random.choice(_STEPS))
        return "dividend", (shape.symbol, amount, moment), keywords

    def _split(self) -> Operation:
        random = self._random
        good = random.getrandbits(3)
        numerator, denominator = random.choice(_SPLITS[:5] if good else _SPLITS)
        # Splits there and back, so that prices do not run away.
        if random.getrandbits(1):
            numerator, denominator = denominator, numerator
        return "split", (self._some().shape.symbol, numerator, denominator, self._moment()), {}

    def _register(self) -> Operation:
        """Register an instrument again: the same, another definition, or a new symbol."""
        random = self._random
        shape = self._some().shape
        choice = random.getrandbits(3)
        if choice < 3:
            return "register_instrument", (shape.definition(),), {}
        if choice == 3:
            other = Instrument(shape.symbol, price_decimals=1, size_decimals=1)
            return "register_instrument", (other,), {}
        if choice < 6 and len(self._walks) < 8:
            # One more pair may give a currency its path in the middle of a life.
            return "register_instrument", (random.choice(SHAPES).definition(),), {}
        name = f"NEW{random.getrandbits(6)}"
        wrong = random.choice(
            (
                {"tick_size": decimal_text(15, 3), "price_decimals": 2},
                {"lot_step": "0.015", "size_decimals": 2},
                {"min_size": 2, "max_size": 1},
                {"min_size": "0.5", "lot_step": "0.2"},
                {"inverse": True},
                {"base_currency": "EUR", "quote_currency": random.choice(_CURRENCIES)},
                {},
            )
        )
        return "register_instrument", (Instrument(name, **wrong),), {}


__all__ = ["MoneyCalls"]
