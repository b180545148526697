"""Configurations in which everything that an account can do is drawn.

The instruments are currency pairs that convert into each other, shares, crypto, futures, inverse
contracts and the finest grids there are. Sizes are chosen so that a few positions use a good
part of the margin: an account that never comes near a margin call would test none.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.drawn_terms import draw_terms
from omega_portfolio.bench.inputs import decimal_text
from omega_portfolio.bench.shapes import EXTREME, Setting, Shape

if TYPE_CHECKING:
    from random import Random

    from omega_portfolio.bench.inputs import Number


def _pair(symbol: str, price: int, decimals: int = 5, contract: Number = 100_000) -> Shape:
    terms = {"base_currency": symbol[:3], "quote_currency": symbol[3:]}
    return Shape(symbol, decimals, 2, contract, None, price, 500, terms=terms)


def _inverse(symbol: str, base: str, price: int, contract: int) -> Shape:
    terms = {"base_currency": base, "quote_currency": "USD", "inverse": True}
    return Shape(symbol, 1, 0, contract, None, price, 10_000, terms=terms)


def _quoted(symbol: str, decimals: tuple[int, int], contract: Number, price: int) -> Shape:
    quote = {"NKY": "JPY", "DAX": "EUR", "BHP": "AUD", "NESN": "CHF"}.get(symbol)
    terms = {} if quote is None else {"quote_currency": quote}
    return Shape(symbol, *decimals, contract, None, price, 500, terms=terms)


SHAPES: Final = (
    *(_pair("EURUSD", 108_123), _pair("GBPUSD", 127_011), _pair("USDJPY", 150_250, 3)),
    *(_pair("EURGBP", 85_310), _pair("USDCHF", 88_420), _pair("EURJPY", 162_404, 3)),
    *(_pair("GBPJPY", 190_111, 3), _pair("EURCHF", 95_733), _pair("AUDUSD", 66_021, 5, 1_000)),
    *(_pair("USDKWD", 30_712, 5, 10_000), _pair("BTCUSD", 6_123_456, 2, 1)),
    _pair("ETHBTC", 5_012, 5, "0.1"),
    *(_inverse("XBTUSD", "BTC", 612_345, 1), _inverse("ETHUSD_PERP", "ETH", 32_101, 10)),
    *(_quoted("AAPL", (2, 0), 1, 18_950), _quoted("NESN", (2, 0), 1, 9_511)),
    *(_quoted("ES", (2, 0), 50, 520_025), _quoted("DAX", (1, 0), "25", 184_512)),
    *(_quoted("NKY", (0, 0), 500, 38_120), _quoted("BHP", (2, 0), 1, 4_311)),
    *(_quoted("DOGE", (8, 8), 1, 12_345_678), _quoted("COIN", (8, 8), 1, 6_123_456_789_012)),
    *(_quoted("CORN", (4, 0), 0.5, 4_512_500), _quoted("FINE", (9, 9), 1, 57_250_000_000)),
    *(_quoted("BARE", (9, 9), 1, 1_234_000), _quoted("COARSE", (0, 0), 1, 12)),
)
"""Instruments of everyday size, their terms without models."""

WORTH: Final = {
    "USD": 1.0,
    "EUR": 1.08,
    "GBP": 1.27,
    "JPY": 0.0067,
    "CHF": 1.13,
    "AUD": 0.66,
    "KWD": 3.25,
    "BTC": 61000.0,
    "ETH": 3200.0,
    "USDT": 1.0,
}
"""About what a currency is worth, so that sizes suit the account."""

_CURRENCIES: Final = ("USD", "USD", "USD", "EUR", "EUR", "JPY", "GBP", "CHF", "KWD", "BTC")
_PIVOTS: Final = (*["USD"] * 8, "EUR", "GBP", "BTC", "JPY")
_PATHS: Final = ("pessimistic", "optimistic", "ohlc", "olhc")
_STOP_OUTS: Final[tuple[tuple[object, object], ...]] = (
    *((None, None), (None, None), (100, None), (None, "50"), (100, 50), ("120.5", 80.25)),
    *((Decimal(200), 200), ("1000", "300"), (500, None)),
)
_SECONDS: Final = 1_000_000
_TIMES: Final = (
    *(1_704_067_200 * _SECONDS, 1_710_039_600 * _SECONDS),  # 2024, the 10th of March
    *(1_711_832_400 * _SECONDS, 1_730_592_000 * _SECONDS),  # the 30th of March, 3rd of November
    *(1_729_900_000 * _SECONDS, 1_712_400_000 * _SECONDS),  # the ends of summer in both hemispheres
    *(1_262_304_000 * _SECONDS, 0, -86_400 * _SECONDS),
)
_TIMES_FAR: Final = (
    -62_135_424_000 * _SECONDS,
    -2_717_650_800 * _SECONDS,
    *(3_786_912_000 * _SECONDS, 16_725_225_600 * _SECONDS),  # the years 2090 and 2500
    253_300_000_000 * _SECONDS,  # the year 9996
)


def draw_account_setting(random: Random) -> Setting:
    """Draw the configuration of one portfolio and instruments with terms.

    Parameters
    ----------
    random : random.Random
        Source of all choices.

    Returns
    -------
    Setting
    """
    currency = random.choice(_CURRENCIES)
    leverage = random.choice((1, 10, 30, "100", 100, 500))
    worth = random.choice((5_000, 100_000, 100_000, 10**7))
    balance = int(worth * 100 / WORTH[currency])
    margin_call, stop_out = random.choice(_STOP_OUTS)
    options: dict[str, object] = {
        "currency": currency,
        "leverage": leverage,
        "mode": random.choice(("hedging", "netting")),
        "rounding": random.choice(("exact", "exact", "cents")),
        "off_grid": random.choice(("refuse", "refuse", "round")),
        "margin_call": margin_call,
        "stop_out": stop_out,
        "path": random.choice(_PATHS),
        "pivot": random.choice(_PIVOTS),
        "floats": "strict" if random.random() < 0.2 else "nearest",
    }
    shapes = random.sample(SHAPES, random.choice((1, 2, 2, 3, 5)))
    shapes += _connections(random, shapes, currency)
    room = worth * float(leverage) / random.choice((4, 12, 40))
    drawn = [_with_terms(random, shape, room) for shape in shapes]
    initial: object = decimal_text(balance, 2)
    if random.random() < 0.15:
        drawn += random.sample(EXTREME, random.choice((1, 2)))
        initial = random.choice((initial, "99999999999999999999.999999999999999999", 10**18))
    far = random.random() < 0.08
    return Setting(
        initial_balance=initial,
        options={name: value for name, value in options.items() if random.getrandbits(4)},
        shapes=tuple(drawn),
        open_target=random.choice((1, 3, 3, 6, 25)),
        time=random.choice(_TIMES_FAR if far else _TIMES),
        terms=True,
    )


def _connections(random: Random, shapes: list[Shape], currency: str) -> list[Shape]:
    """Give pairs by which most of the profits become money of the account."""
    pairs = {frozenset(shape.terms.values()): shape for shape in SHAPES if len(shape.terms) == 2}
    found: list[Shape] = []
    for shape in shapes:
        inverse = "inverse" in shape.terms
        profit = shape.terms.get("base_currency" if inverse else "quote_currency", currency)
        if profit == currency or random.random() < 0.15:
            continue
        direct = pairs.get(frozenset((profit, currency)))
        others = [pairs.get(frozenset((one, "USD"))) for one in (profit, currency)]
        found += [pair for pair in ([direct] if direct else others) if pair is not None]
    known = {shape.symbol for shape in shapes}
    return list({pair.symbol: pair for pair in found if pair.symbol not in known}.values())


def _with_terms(random: Random, shape: Shape, room: float) -> Shape:
    """Give an instrument terms, and a largest size for positions worth `room` USD."""
    tick = random.choice((1, 1, 1, 1, 2, 5, 25)) if shape.price > 10_000 else 1
    step = random.choice((1, 1, 1, 1, 2, 5, 10))
    terms: dict[str, Any] = dict(shape.terms)
    if tick > 1 or random.getrandbits(4) == 0:
        terms["tick_size"] = decimal_text(tick, shape.price_decimals)
    decimals = shape.price_decimals, shape.size_decimals
    terms |= draw_terms(random, shape.price, step, decimals)
    if random.getrandbits(3) == 0:
        terms["leverage"] = random.choice((1, 20, "33.333333333"))
    worth = float(str(shape.contract_size)) * WORTH[str(terms.get("quote_currency", "USD"))]
    if not terms.get("inverse"):
        worth *= shape.price / 10**shape.price_decimals
    size_max = int(room / worth * 10**shape.size_decimals) // step * step
    leverage = terms.pop("leverage", None)
    return replace(
        shape,
        leverage=leverage,
        price=shape.price // tick * tick,
        size_max=max(size_max, 3 * step),
        terms=terms,
        tick=tick,
        step=step,
    )


__all__ = ["SHAPES", "WORTH", "draw_account_setting"]
