"""Terms that no instrument takes, each with one thing wrong."""

from __future__ import annotations

from typing import Any, Final

from omega_portfolio.terms import Commission, Margin, Slippage, Swap

_NO_TERMS: Final[tuple[Any, ...]] = (1, "x", {}, Swap)


def _each(name: str, make: Any, *arguments: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: ANN401
    return [{name: make(**given)} for given in arguments]


def _grids() -> list[dict[str, Any]]:
    """Give grids that are none, or do not fit into each other."""
    names = ("tick_size", "lot_step", "min_size", "max_size")
    values: tuple[Any, ...] = (0, -1, "1e-10", "nan", "x", 10**29, True, 1j, b"1")
    found: list[dict[str, Any]] = [{name: value} for name in names for value in values]
    return [
        *found,
        {"price_decimals": 2, "tick_size": "0.005"},
        {"price_decimals": 0, "tick_size": "2.5"},
        {"size_decimals": 2, "lot_step": "0.025"},
        {"lot_step": "0.2", "min_size": "0.5"},
        {"lot_step": "0.2", "max_size": "0.5"},
        {"size_decimals": 0, "max_size": "0.5"},
        {"min_size": 2, "max_size": 1},
        *({"base_currency": text} for text in ("", "usd", "EURO", "ZZZ", 1, True, b"EUR")),
        *({"inverse": value} for value in (True, 1, None, "yes", 0)),
        {"inverse": True, "base_currency": "BTC", "price_decimals": 10},
        *({name: value} for name in ("margin", "commission", "slippage", "swap")
          for value in _NO_TERMS),
    ]  # fmt: skip


_NO_NUMBERS: Final[tuple[Any, ...]] = ("nan", "x", "1e-19", 10**38, True, b"1", (), 1j)

MARGINS: Final = _each(
    "margin",
    Margin,
    {},
    {"rate": 1, "leverage": 1},
    {"tiers": [(None, 1)], "per_lot": 1},
    *({name: value} for name in ("leverage", "rate", "per_lot")
      for value in (0, -1, *_NO_NUMBERS, "0.0000000001")),
    *({"tiers": tiers} for tiers in (
        [], [(1, 1)], [(None, 0)], [(None, -1)], [(2, 1), (1, 1), (None, 1)], [(None, "x")],
        [(1, 1), (1, 1), (None, 1)], [(None, 1), (1, 1)], [(1, 1, 1), (None, 1, 1)], [1], 1,
        "x", [(0, 1), (None, 1)], [(-1, 1), (None, 1)], [(None, None)], [("x", 1), (None, 1)],
    )),
    *({"rate": 1, "base": base} for base in ("", "Open", None, 1, b"mark")),
    *({"rate": 1, "hedged": hedged} for hedged in (-1, "1.000000001", 2, "x", True)),
    *({"rate": 1, "currency": word} for word in ("", "USD", "Base", None, 1)),
    {"rate": 1, "base": "", "hedged": 2},
    {"leverage": "x", "hedged": "x", "base": 1},
)  # fmt: skip

COMMISSIONS: Final = _each(
    "commission",
    Commission,
    *({"kind": kind, "taker": 1} for kind in ("", "Rate", None, 1, "per", b"rate")),
    {"kind": "rate"},
    {"kind": "rate", "maker": 1},
    {"kind": "rate", "taker": 1, "tiers": [(None, 1, 1)]},
    {"kind": "rate", "maker": 1, "tiers": [(None, 1, 1)]},
    *({"kind": "rate", "taker": value} for value in (*_NO_NUMBERS, "0.0000000001")),
    *({"kind": "per_lot", "taker": 1, "maker": value} for value in _NO_NUMBERS),
    *({"kind": "per_trade", "taker": 1, "minimum": value} for value in (-1, *_NO_NUMBERS)),
    *({"kind": "per_unit", "taker": taker, "maker": maker, "minimum": 1}
      for taker, maker in ((-1, 1), (1, -1), (-1, None))),
    *({"kind": "rate", "tiers": tiers} for tiers in (
        [], [(1, 1, 1)], [(None, 1)], [(2, 1, 1), (1, 1, 1), (None, 1, 1)], [1], 1, "x",
        [(None, "x", 1)], [(None, 1, None)], [(0, 1, 1), (None, 1, 1)], [(-1, 1, 1), (None, 1, 1)],
        [(None, 1, 1), (None, 1, 1)], [(None, "0.0000000001", 1)],
    )),
    {"kind": "rate", "tiers": [(None, -1, 1)], "minimum": 0},
    *({"kind": "rate", "taker": 1, "on": word} for word in ("", "Both", None, 1, "close")),
    {"kind": "", "taker": "x", "on": ""},
)  # fmt: skip

SLIPPAGES: Final = _each(
    "slippage",
    Slippage,
    *({"kind": kind, "value": 1} for kind in ("", "Points", None, 1, b"rate")),
    *({"kind": kind, "value": value} for kind in ("points", "rate", "spread", "random")
      for value in (-1, "-0.01", "0.0000000001", *_NO_NUMBERS)),
    *({"kind": "random", "value": 1, "seed": seed}
      for seed in (-1, 2**64, True, None, 1.0, "1", 10**40)),
    *({"kind": "points", "value": 1, "seed": seed} for seed in (-1, 1, "x")),
    {"kind": "random", "value": 10**20, "seed": 1},
)  # fmt: skip

_NO_TIMES: Final[tuple[Any, ...]] = (
        "", "24:00", "17:60", "1700", "17:00:00", " 17:00", "7:00", "\u0661\u0667:00",
        [], ["17:00"] * 2,
        ["17:00", "x"], 1020, None, b"17:00", ("17:00", None), "-1:00", "17:0", {}, "1:7:00",
        ["23:00", "01:00"],
)  # fmt: skip

SWAPS: Final = _each(
    "swap",
    Swap,
    *({"kind": kind} for kind in ("", "Points", None, 1, b"rate")),
    *({"kind": "rate", name: value} for name in ("long", "short")
      for value in (*_NO_NUMBERS, "0.0000000001")),
    *({"kind": "rate", "rollover": times} for times in _NO_TIMES),
    *({"kind": "rate", "zone": zone} for zone in (
        "", "EST5", "Mars/Base", "utc", "europe/london", None, 1, b"UTC", "UTC ", "../UTC",
        "/etc/passwd", "Etc/GMT+5", "US/Eastern", "GMT", "EST", "\ud800", "America\x00",
        "posix/Europe/London", "localtime", "Factory", "Etc/Unknown", "Japan", "Europe/",
    )),
    *({"kind": "rate", "multipliers": values} for values in (
        (), (1,) * 6, (1,) * 8, (1, 1, 1, 1, 1, 1, -1), (1, 1, 1, 1, 1, 1, 2**32), 1, None,
        (1, 1, 1, 1, 1, 1, 1.0), (1, 1, 1, 1, 1, 1, True), "1131100", (1, 1, 1, 1, 1, 1, "1"),
    )),
    *({"kind": "rate", "day_count": days} for days in (0, 364, 366, -360, "360", 360.0, None)),
    {"kind": "", "long": "x", "zone": ""},
)  # fmt: skip

TERMS: Final[tuple[dict[str, Any], ...]] = (
    *_grids(),
    *MARGINS,
    *COMMISSIONS,
    *SLIPPAGES,
    *SWAPS,
    {"margin": Margin(), "commission": Commission("")},  # type: ignore[arg-type]
    {"tick_size": "x", "swap": Swap("")},  # type: ignore[arg-type]
    {"margin": Margin(rate=1, currency="base")},
)
"""Arguments of ``Instrument`` of which at least one is wrong, with a few that some take."""

__all__ = ["TERMS"]
