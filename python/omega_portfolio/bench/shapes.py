"""The kinds of accounts and instruments that the random operations run on.

The shapes cover the usual grids (currency pairs, shares, crypto, futures) and the edges of the
number ranges of ``SPEC.md``: the finest grid, the smallest contract, prices and balances near
the limit of 38 digits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from omega_portfolio.instrument import Instrument

if TYPE_CHECKING:
    from random import Random

    from omega_portfolio.bench.inputs import Number


@dataclass(frozen=True, slots=True)
class Shape:
    """How one instrument is defined and in what range it trades.

    Attributes
    ----------
    symbol : str
        Name of the instrument.
    price_decimals, size_decimals : int
        Grid of prices and sizes.
    contract_size, leverage : int, str, Decimal, float or None
        As passed to ``Instrument``.
    price : int
        Price around which it moves, in units of the price grid.
    size_max : int
        Largest usual size, in units of the size grid.
    registered : bool
        Whether it is registered; if not, its first use registers the default instrument.
    terms : dict
        Further arguments of ``Instrument``.
    tick, step : int
        Units between two prices, and between two sizes, that the instrument takes.
    """

    symbol: str
    price_decimals: int
    size_decimals: int
    contract_size: Number
    leverage: Number | None
    price: int
    size_max: int
    registered: bool = True
    terms: dict[str, Any] = field(default_factory=dict)
    tick: int = 1
    step: int = 1

    def definition(self) -> Instrument:
        """Give the definition to register.

        Returns
        -------
        Instrument
        """
        return Instrument(
            self.symbol,
            price_decimals=self.price_decimals,
            size_decimals=self.size_decimals,
            contract_size=self.contract_size,
            leverage=self.leverage,
            **self.terms,
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """One configuration of a portfolio and the instruments it trades.

    Attributes
    ----------
    initial_balance : object
        First argument of the portfolio: a number, or something that it refuses.
    options : dict
        Its keyword arguments.
    shapes : tuple of Shape
        What it trades.
    open_target : int
        Around this many positions are held open.
    time : int
        Time of the first event, in microseconds since the epoch.
    terms : bool
        Whether the instruments have terms and everything that an account can do is drawn.
    """

    initial_balance: object
    options: dict[str, object]
    shapes: tuple[Shape, ...]
    open_target: int
    time: int
    terms: bool = False


USUAL = (
    Shape("EURUSD", 5, 2, 100_000, 30, 108_123, 500),
    Shape("USDJPY", 3, 2, "100000", "33.333333333", 150_250, 300),
    Shape("AAPL", 2, 0, 1, None, 18_950, 500),
    Shape("MSFT", 2, 0, 1, 2, 41_003, 200),
    Shape("BTCUSDT", 8, 8, 1, 5, 6_123_456_789_012, 200_000_000),
    Shape("DOGE-USD", 8, 8, Decimal("1.00"), None, 12_345_678, 10**12),
    Shape("ES", 2, 0, 50, "20", 520_025, 5),
    Shape("CORN", 4, 0, 0.5, Decimal("12.5"), 4_512_500, 400),
    Shape("Müller & Söhne", 9, 9, 1, None, 57_250_000_000, 10**11, registered=False),
    Shape("日経225", 9, 9, 1, None, 38_000_000_000_000, 10**9, registered=False),
    Shape("🚀", 9, 9, 1, None, 1_234, 10**15, registered=False),
)
"""Instruments of everyday size."""

EXTREME = (
    Shape("FINEST", 9, 9, 1, "500", 1, 10**20),
    Shape("LARGE", 9, 9, 1, 1000, 10**27, 10**10),
    Shape("DEAR", 2, 0, 1, "0.000000001", 10_000, 100),
    Shape("LIMIT", 0, 9, 1, 10**9, 10**28, 8),
    Shape("MICRO", 9, 0, "0.000000001", 0.1, 10**10, 10**18),
    Shape("NANO", 0, 9, "1e-9", None, 10**6, 10**20),
    Shape("GIANT", 0, 0, 10**12, 1000, 10**4, 50),
    Shape("s" * 255, 4, 5, "123.456789123", 7, 990_000, 10**7),
    Shape("DEFAULT", 9, 9, 1, None, 10**20, 10**17, registered=False),
)
"""Instruments whose prices, sizes or costs come close to the limits."""

_BALANCES: tuple[Number, ...] = (
    100_000.0,
    "1000000",
    Decimal("250000.55"),
    10**9,
    "99999999999.999999999999999999",
    10_000,
    0,
    "0.000000000000000001",
)
_BALANCES_EXTREME: tuple[Number, ...] = (
    "99999999999999999999.999999999999999999",
    9e19,
    Decimal("5e19"),
    10**18,
)
_CURRENCIES = ("USD", "EUR", "JPY", "CHF", "BTC", "USDT", "KWD", "CLF", "XAU", "ISK")
_LEVERAGES: tuple[Number, ...] = (1, 30, "100", 0.5, Decimal("33.333333333"), 500)
_CAPACITIES = (None, None, 0, 1, 1_000, 20_000)
_TIMES = (
    1_262_304_000_000_000,  # 2010
    1_704_067_200_000_000,  # 2024
    -86_400_000_000_000,  # 1967: event times below zero
    0,
    -62_135_424_000_000_000,  # the third day of the year 1
    253_300_000_000_000_000,  # the year 9996
)


def draw_setting(random: Random) -> Setting:
    """Draw the configuration of one portfolio.

    Parameters
    ----------
    random : random.Random
        Source of all choices.

    Returns
    -------
    Setting
    """
    extreme = random.random() < 0.25
    pool = EXTREME if extreme else USUAL
    shapes = list(random.sample(pool, random.randint(1, 5)))
    if extreme and random.random() < 0.5:
        shapes.append(random.choice(USUAL))
    options: dict[str, object] = {
        "currency": random.choice(_CURRENCIES),
        "leverage": random.choice(_LEVERAGES),
        "floats": "strict" if random.random() < 0.25 else "nearest",
        "capacity": random.choice(_CAPACITIES),
    }
    # Most accounts can afford what they trade; a poor one meets the margin rules.
    balances = _BALANCES_EXTREME if extreme and random.random() < 0.8 else _BALANCES
    return Setting(
        initial_balance=random.choice(balances),
        options=options,
        shapes=tuple(shapes),
        open_target=random.choice((0, 3, 12, 40, 40, 400)),
        time=random.choice(_TIMES),
    )


__all__ = ["EXTREME", "USUAL", "Setting", "Shape", "draw_setting"]
