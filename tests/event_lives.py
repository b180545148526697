"""Random accounts for the tests of frames of events: every call, mostly accepted."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import omega_portfolio as op

MINUTE = 60_000_000
SYMBOLS = ("ACME", "EURUSD", "LATE", "JPYX")
PATHS = ("pessimistic", "optimistic", "ohlc", "olhc", None)

Options = dict[str, Any]
Call = tuple[str, tuple[Any, ...], dict[str, Any]]

INSTRUMENTS = {
    "ACME": op.Instrument(
        "ACME",
        price_decimals=2,
        size_decimals=2,
        tick_size="0.05",
        lot_step="0.1",
        commission=op.Commission("per_lot", "0.07", maker="-0.01"),
        slippage=op.Slippage("random", "0.2", seed=11),
        swap=op.Swap("rate", "-0.05", "0.02", rollover=("09:30", "17:00"), zone="Europe/Berlin"),
    ),
    "EURUSD": op.Instrument(
        "EURUSD",
        price_decimals=5,
        size_decimals=2,
        base_currency="EUR",
        quote_currency="USD",
        margin=op.Margin(tiers=[(1000, "0.02"), (None, "0.1")], base="mark", hedged="0.5"),
    ),
    "JPYX": op.Instrument(
        "JPYX", price_decimals=3, quote_currency="EUR", contract_size="0.5", leverage=7
    ),
}
"""What is registered; LATE is by its first use."""


def draw_options(random: Random) -> Options:
    """Draw the configuration of an account."""
    return {
        "leverage": random.choice((5, 20)),
        "mode": random.choice(("hedging", "netting")),
        "rounding": random.choice(("exact", "cents")),
        "path": random.choice(PATHS[:4]),
        "stop_out": random.choice((None, 50)),
        "off_grid": random.choice(("refuse", "round")),
    }


def live(random: Random, options: Options, count: int) -> op.PortfolioPython:
    """Give an account to which so many calls have happened, refused ones included."""
    portfolio = op.PortfolioPython(3000, **options)
    for instrument in INSTRUMENTS.values():
        portfolio.register_instrument(instrument)
    portfolio.mark({"EURUSD": "1.1"}, time=0)
    source = Source(random, portfolio)
    for _ in range(count):
        name, arguments, keywords = source.draw()
        try:
            getattr(portfolio, name)(*arguments, **keywords)
        except op.OmegaPortfolioError as error:
            source.refused.append(error.code)
    return portfolio


class Source:
    """Draws calls for an account; it looks at what is open and resting."""

    def __init__(self, random: Random, portfolio: op.PortfolioPython) -> None:
        self.random = random
        self.portfolio = portfolio
        self.time = 1
        self.refused: list[int] = []
        draws: dict[Callable[[], Call], int] = {
            self._open: 6, self._close: 2, self._modify: 4, self._quoted: 5, self._bars: 9,
            self._order: 6, self._cancel: 1, self._close_by: 3, self._cash: 3, self._fee: 1,
            self._swap: 1, self._rollover: 1, self._dividend: 1, self._split: 1,
        }  # fmt: skip
        self._draws = list(draws)
        self._weights = list(draws.values())

    def draw(self) -> Call:
        """Draw a call."""
        self.time += self.random.choice((0, 1, MINUTE, 200 * MINUTE))
        return self.random.choices(self._draws, self._weights)[0]()

    def _symbol(self) -> str:
        return self.random.choice(SYMBOLS)

    def _price(self, symbol: str, low: int = 85, high: int = 115) -> Decimal:
        number = Decimal(self.random.randint(low, high))
        return number / 100 if symbol == "EURUSD" else number / 2

    def _size(self) -> Decimal:
        return Decimal(self.random.randint(1, 30)) / 10

    def _protection(self, symbol: str) -> dict[str, Any]:
        unit = Decimal(1) / (100 if symbol == "EURUSD" else 2)
        drawn: dict[str, Any] = {
            "stop_loss": self._price(symbol, 80, 90),
            "take_profit": self._price(symbol, 110, 120),
            "trailing": unit * self.random.randint(1, 9),
            "break_even": (unit * self.random.randint(3, 5), unit * self.random.randint(0, 2)),
            "targets": [(self._price(symbol, 105, 118), Decimal("0.1")) for _ in range(2)],
            "exit_time": self.time + self.random.choice((0, MINUTE, 500 * MINUTE)),
        }
        return {name: value for name, value in drawn.items() if self.random.random() < 0.3}

    def _position(self) -> int:
        return self.random.choice([*self.portfolio.positions, 1])

    def _open(self) -> Call:
        symbol = self._symbol()
        keywords = self._protection(symbol)
        if self.random.random() < 0.3:
            keywords |= {"fee": "0.12", "tag": "t"}
        if self.random.random() < 0.2:
            keywords["position_id"] = self.random.randint(1, 60)
        side = self.random.choice(("long", "long", "short"))
        price = self._price(symbol)
        return "open_position", (symbol, side, self._size(), price, self.time), keywords

    def _close(self) -> Call:
        number = self._position()
        view = self.portfolio.positions.get(number)
        keywords = {"reason": "r"} if self.random.random() < 0.5 else {}
        if self.random.random() < 0.5:
            keywords["size"] = self._size()
        price = self._price(view.symbol if view else "ACME")
        return "close_position", (number, price, self.time), keywords

    def _modify(self) -> Call:
        number = self._position()
        view = self.portfolio.positions.get(number)
        keywords = self._protection(view.symbol if view else "ACME")
        for name in keywords:
            if self.random.random() < 0.3:
                keywords[name] = None
        return "modify_position", (number, self.time), keywords

    def _quoted(self) -> Call:
        quotes: dict[str, Any] = {}
        for symbol in self.random.sample(SYMBOLS, self.random.randint(0, 4)):
            price = self._price(symbol)
            quotes[symbol] = price if self.random.random() < 0.5 else (price, price + 1)
        name = self.random.choice(("mark", "update_equity", "process_quotes"))
        if name == "mark":
            return name, (quotes,), {"time": self.time}
        return name, (self.time, quotes), {}

    def _bars(self) -> Call:
        self.time += 1
        bars = {}
        for symbol in self.random.sample(SYMBOLS, self.random.randint(0, 3)):
            low, first, last, high = sorted(self._price(symbol) for _ in range(4))
            spread = self.random.choice((0, Decimal("0.05")))
            opened, closed = self.random.sample((first, last), 2)
            bars[symbol] = (opened, high, low, closed, spread)
        return "process_bar", (self.time, bars), {"path": self.random.choice(PATHS)}

    def _order(self) -> Call:
        symbol = self._symbol()
        kind = self.random.choice(("market", "limit", "limit", "stop"))
        keywords = self._protection(symbol) | {"type": kind}
        if kind != "market":
            keywords["price"] = self._price(symbol)
        if self.random.random() < 0.4:
            keywords |= {"oco": "g", "tag": "o", "expiry": self.time + 300 * MINUTE}
        side = self.random.choice(("buy", "sell"))
        return "place_order", (symbol, side, self._size(), self.time), keywords

    def _cancel(self) -> Call:
        resting = self.portfolio.get_orders().to_polars()["order_id"].to_list()
        return "cancel_order", (self.random.choice([*filter(None, resting), 1]), self.time), {}

    def _close_by(self) -> Call:
        keywords = {"size": self._size()} if self.random.random() < 0.5 else {}
        views = self.portfolio.positions
        pairs = [
            (one, other)
            for one, view in views.items()
            for other, beside in views.items()
            if view.symbol == beside.symbol and view.side != beside.side
        ]
        return "close_by", (*self.random.choice([*pairs, (1, 2)]), self.time), keywords

    def _cash(self) -> Call:
        amount = Decimal(self.random.randint(1, 9_999)) / 100
        currency = self.random.choice(({}, {"currency": "EUR"}, {"currency": "USD"}))
        name = self.random.choice(("deposit", "withdraw", "convert_cash"))
        if name != "convert_cash":
            return name, (amount, self.time), currency
        codes = self.random.sample(("USD", "EUR"), 2)
        rate = self.random.choice(({}, {"rate": "1.05"}))
        return name, (amount, *codes, self.time), rate

    def _fee(self) -> Call:
        keywords = {"position_id": self._position()} if self.random.random() < 0.5 else {}
        return "charge_fee", ("0.33", self.time), keywords

    def _swap(self) -> Call:
        keywords = {"long": "-0.01", "short": 1, "kind": self.random.choice(("points", "rate"))}
        return "charge_swap", (self._symbol(), self.time), keywords

    def _rollover(self) -> Call:
        day = 24 * 60 * MINUTE
        self.time = (self.time // day + 1) * day + 16 * 60 * MINUTE
        return "rollover", ("ACME", self.time), {}

    def _dividend(self) -> Call:
        later = self.time + self.random.choice((0, 900 * MINUTE))
        keywords = self.random.choice(({}, {"pay_time": later}))
        return "dividend", (self._symbol(), "0.125", self.time), keywords

    def _split(self) -> Call:
        return "split", (self._symbol(), *self.random.choice(((3, 2), (2, 3))), self.time), {}
