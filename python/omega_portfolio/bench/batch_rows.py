"""Random rows of orders: every action, type, rule and level, most of them near the market."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

    from omega_portfolio.bench.shapes import Shape

_TAGS: Final = (None, None, "", "a", "b", "Größe")
_SIDES: Final = ("long", "short", "buy", "sell")
_ACTIONS: Final = ("open",) * 10 + ("close",) * 4 + ("modify",) * 3 + ("cancel", "target", "target")
_RULES: Final = ("units", "value", "equity", "risk")


@dataclass(frozen=True)
class Market:
    """What a symbol did, for rows that have something to do with it.

    Attributes
    ----------
    shape : Shape
        The instrument.
    times : list of int
        Times of its bars.
    closes : list of int
        Their closes, in units of the price grid.
    """

    shape: Shape
    times: list[int]
    closes: list[int]

    def close_before(self, time: int) -> int:
        """Give the close of the last bar that is not after a time."""
        return self.closes[max(bisect_right(self.times, time) - 1, 0)]

    def price(self, units: int) -> Decimal:
        """Give units of the price grid as a price."""
        return Decimal(units).scaleb(-self.shape.price_decimals)

    def near(self, random: Random, time: int, share: float) -> int:
        """Draw units of the price grid on the tick, within a share of the market."""
        tick, close = self.shape.tick, self.close_before(time)
        away = max(int(close * share), 2 * tick)
        return (close + random.randint(-away, away)) // tick * tick


class RowSource:
    """Draws rows of one batch.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    markets : list of Market
        What is traded.
    netting : bool
        Most accounts are netting accounts.
    """

    def __init__(self, random: Random, markets: list[Market], *, netting: bool) -> None:
        self._random = random
        self._markets = markets
        self._netting = netting
        self._rules = random.random() < 0.6

    def row(self, run_ids: list[int] | None) -> dict[str, Any]:
        """Draw one row.

        Parameters
        ----------
        run_ids : list of int or None
            The runs that it may be of.

        Returns
        -------
        dict
        """
        random = self._random
        market = random.choice(self._markets)
        action = random.choice(_ACTIONS)
        if action == "target" and not self._netting and random.random() < 0.8:
            action = "open"
        time = self._time(market)
        row: dict[str, Any] = {"time": time, "symbol": market.shape.symbol, "action": action}
        if run_ids is not None:
            row["run_id"] = random.choice(run_ids)
        row["tag"] = random.choice(_TAGS)
        if action == "open":
            self._open(row, market, time)
        elif action == "target":
            self._sized(row, market, (-1, 1, 1))
        elif random.random() < 0.5:
            row["side"] = random.choice(_SIDES)
        if action == "close" and random.random() < (0.4 if self._netting else 0.05):
            row["size"] = self._units(market)
        if action == "modify":
            self._levels(row, market, time, removed=0.15)
        return row

    def _time(self, market: Market) -> int:
        """Draw a time at a bar, between two, or where there is none."""
        random, times = self._random, market.times
        place = random.randrange(max(len(times) * 3 // 4, 1))
        kind = random.random()
        if kind < 0.45:
            return times[place]
        if kind < 0.95 and place + 1 < len(times):
            return random.randint(times[place], times[place + 1])
        if kind < 0.97:
            return times[0] - random.randrange(1, 1_000_000)
        return times[-1] + random.choice((0, 1, 3_600_000_000))

    def _open(self, row: dict[str, Any], market: Market, time: int) -> None:
        random = self._random
        row["side"] = side = random.choice(_SIDES)
        kind = random.choice((None, None, "market", "market", "limit", "stop"))
        row["type"] = kind
        if kind in {"limit", "stop"} and random.random() < 0.98:
            away = abs(market.near(random, time, 0.02) - market.close_before(time))
            away = away // market.shape.tick * market.shape.tick
            below = (kind == "limit") == (side in {"long", "buy"})
            if random.random() < 0.1:
                below = not below
            units = market.close_before(time) + (-away if below else away)
            row["price"] = market.price(units)
        self._sized(row, market, (1,))
        self._levels(row, market, time, removed=0.05)
        if random.random() < 0.12:
            row["targets"] = self._targets(row, market, time)
        if random.random() < 0.1:
            row["exit_time"] = time + random.randrange(-1_000, 10 * 86_400_000_000)
        if random.random() < 0.15:
            row["expiry"] = time + random.randrange(-1_000, 5 * 86_400_000_000)
        if random.random() < 0.15:
            row["oco"] = random.choice(("", "one", "two"))
        row["if_flat"] = random.choice((None, None, False, True))

    def _sized(self, row: dict[str, Any], market: Market, signs: tuple[int, ...]) -> None:
        """Give a row a size, and a rule for it."""
        random = self._random
        sign = random.choice(signs)
        rule = random.choice(_RULES) if self._rules and random.random() < 0.6 else "units"
        if rule == "risk" and row["action"] == "target":
            rule = "equity"
        if rule == "units":
            size = self._units(market)
            row["size_rule"] = random.choice((None, "units"))
        else:
            row["size_rule"] = rule
            digits = {"value": (10_000, 10**7, 1), "equity": (1, 900, 2), "risk": (1, 80, 3)}[rule]
            size = Decimal(random.randint(digits[0], digits[1])).scaleb(-digits[2])
        if random.random() < 0.02:
            size = Decimal(0)
        row["size"] = size * sign

    def _units(self, market: Market) -> Decimal:
        random, shape = self._random, market.shape
        units = random.randint(1, max(shape.size_max // shape.step // 4, 1)) * shape.step
        if random.random() < 0.03:
            units += 1
        return Decimal(units).scaleb(-shape.size_decimals)

    def _levels(self, row: dict[str, Any], market: Market, time: int, removed: float) -> None:
        """Give a row some of its levels, mostly one of each group and on the right side."""
        random = self._random
        up = row.get("side") in {None, "long", "buy"}
        for name, direction in (("stop_loss", -1), ("take_profit", 1)):
            if random.random() < 0.45:
                continue
            kinds = [random.choice(("", "_distance", "_distance", "_rate"))]
            if random.random() < 0.03:
                kinds.append("_rate")
            for kind in kinds:
                cell = self._level(row, market, time, (kind, direction if up else -direction))
                row[name + kind] = Decimal(0) if random.random() < removed else cell
        if random.random() < 0.25:
            kind = random.choice(("", "_rate"))
            row["trailing" + kind] = self._level(row, market, time, (kind or "_distance", 1))
            if random.random() < removed:
                row["trailing" + kind] = Decimal(0)
        if random.random() < 0.15:
            tick = market.shape.tick
            trigger = max(market.close_before(time) // random.choice((50, 200)), 3 * tick)
            row["break_even"] = market.price(trigger // tick * tick)
            if random.random() < 0.6:
                row["break_even_offset"] = market.price(tick * random.randrange(3))
            if random.random() < removed:
                row |= {"break_even": Decimal(0), "break_even_offset": None}

    def _level(
        self, row: dict[str, Any], market: Market, time: int, how: tuple[str, int]
    ) -> Decimal:
        """Draw a price, a distance or a rate; the direction is for prices."""
        random, tick = self._random, market.shape.tick
        kind, direction = how
        share = random.choice((0.002, 0.01, 0.05))
        if kind == "_rate":
            return Decimal(random.randrange(1, int(share * 100_000))).scaleb(-5)
        close = market.close_before(time)
        units = random.randint(1, max(int(close * share) // tick, 2)) * tick
        if random.random() < 0.02:
            units += 1
        if kind == "_distance":
            return market.price(units)
        price: Decimal = row.get("price") or market.price(close // tick * tick)
        return price + direction * market.price(units)

    def _targets(self, row: dict[str, Any], market: Market, time: int) -> str:
        random, shape = self._random, market.shape
        up = row["side"] in {"long", "buy"}
        close, tick = market.close_before(time) // shape.tick * shape.tick, shape.tick
        parts = []
        for _ in range(random.choice((1, 1, 2))):
            away = random.randint(1, max(close // 100 // tick, 2)) * tick
            price = market.price(close + (away if up else -away))
            size = Decimal(shape.step * random.choice((1, 1, 2))).scaleb(-shape.size_decimals)
            parts.append(f"{price:f}:{size:f}")
        return ";".join(parts)


__all__ = ["Market", "RowSource"]
