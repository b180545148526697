"""Random bars and quotes for an account, in every form in which they may be passed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.account_calls import MoneyCalls
from omega_portfolio.bench.inputs import decimal_text

if TYPE_CHECKING:
    from omega_portfolio.bench.refusals import Operation
    from omega_portfolio.bench.walks import Candle, Walk

PRICES: Final = ("open", "high", "low", "close", "spread")
"""The prices of a bar, in their order."""

_PATHS: Final = ("pessimistic", "optimistic", "ohlc", "olhc")
_ROWS_MAX: Final = 10


class MarketCalls(MoneyCalls):
    """Calls that bring prices."""

    def _chosen_walks(self) -> list[Walk]:
        """Choose instruments: all, one, or some, now and then none."""
        choice = self._random.getrandbits(4)
        if choice < 8:
            return list(self._walks)
        if choice < 12:
            return [self._some()]
        return [walk for walk in self._walks if self._random.getrandbits(1)]

    def _bar(self) -> Operation:
        random = self._random
        moment = self._moment(later=random.getrandbits(6) > 0)
        keywords: dict[str, Any] = {}
        if random.getrandbits(1):
            keywords["path"] = random.choice((*_PATHS, None))
        candles = [(walk, walk.candle(random)) for walk in self._chosen_walks()]
        if random.getrandbits(5) == 0:
            candles = [(walk, self._broken(candle)) for walk, candle in candles]
        if candles and random.getrandbits(4) == 0:
            return "process_bar", (moment, self._bar_table(candles, None)), keywords
        bars = {walk.shape.symbol: self._written(walk, candle) for walk, candle in candles}
        return "process_bar", (moment, bars), keywords

    def _broken(self, candle: Candle) -> Candle:
        """Break what a bar says: its extremes are not, or a price is 0."""
        choice = self._random.getrandbits(2)
        if choice == 0:
            return candle._replace(high=candle.low)
        if choice == 1:
            return candle._replace(low=candle.high + 1)
        if choice == 2:
            return candle._replace(close=candle.high + 1, spread=-1)
        return candle._replace(low=0)

    def _written(self, walk: Walk, candle: Candle) -> object:
        """Write a bar as a tuple, a list, or by the names of its prices."""
        choice = self._random.getrandbits(3)
        values = [self._spell_price(walk, ticks) for ticks in candle]
        if candle.spread == 0 and choice & 1:
            del values[4]
        if choice < 4:
            return tuple(values)
        if choice < 6:
            return values
        return dict(zip(PRICES, values, strict=False))

    def _bar_table(self, rows: list[tuple[Walk, Candle]], times: list[int] | None) -> object:
        """Write bars as an Arrow table of decimals, now and then of floats."""
        import pyarrow as pa

        random = self._random
        columns: dict[str, Any] = {} if times is None else {"time": pa.array(times, pa.int64())}
        columns["symbol"] = pa.array([walk.shape.symbol for walk, _ in rows])
        # A column of decimals has room for prices below 10^29.
        large = any(walk.bid * walk.shape.tick > 10**27 for walk, _ in rows)
        floats = random.getrandbits(2) == 0 or large
        with_spread = random.getrandbits(2) > 0
        for number, name in enumerate(PRICES if with_spread else PRICES[:4]):
            texts = [
                decimal_text(candle[number] * walk.shape.tick, walk.shape.price_decimals)
                for walk, candle in rows
            ]
            if floats:
                columns[name] = pa.array([float(text) for text in texts])
            else:
                columns[name] = pa.array([Decimal(text) for text in texts], pa.decimal128(38, 9))
        names = list(columns)
        if random.getrandbits(2) == 0:
            random.shuffle(names)
        return pa.table({name: columns[name] for name in names})

    def _bars(self) -> Operation:
        """Write a few bars of a few times as one frame."""
        random = self._random
        rows: list[tuple[Walk, Candle]] = []
        times: list[int] = []
        self._writes = True
        for _ in range(1 + int(random.random() * _ROWS_MAX)):
            moment = self._moment(later=True)
            for walk in self._chosen_walks():
                candle = walk.candle(random)
                if random.getrandbits(7) == 0:
                    candle = self._broken(candle)
                rows.append((walk, candle))
                times.append(int(str(moment)))
        self._writes = False
        if random.getrandbits(4) == 0 and len(times) > 1:
            times[0], times[-1] = times[-1], times[0]
        keywords: dict[str, Any] = {}
        if random.getrandbits(1):
            keywords["path"] = random.choice((*_PATHS, None))
        return "process_bars", (self._bar_table(rows, times),), keywords

    def _quotes_of(self, walks: list[Walk]) -> dict[str, object]:
        random = self._random
        quotes: dict[str, object] = {}
        for walk in walks:
            bid = walk.move(random, random.choice((1, 3, 12)))
            spread = walk.quoted_spread(random)
            if spread == 0 and random.getrandbits(1):
                quotes[walk.shape.symbol] = self._spell_price(walk, bid)
            else:
                pair = self._spell_price(walk, bid), self._spell_price(walk, bid + spread)
                quotes[walk.shape.symbol] = pair
        return quotes

    def _quotes(self) -> Operation:
        moment = self._moment()
        return "process_quotes", (moment, self._quotes_of(self._chosen_walks())), {}

    def _mark(self) -> Operation:
        if self._time > 0 and self._random.getrandbits(1):
            return "mark", (self._quotes_of(self._chosen_walks()),), {}
        return "mark", (self._quotes_of(self._chosen_walks()),), {"time": self._moment()}

    def _update_equity(self) -> Operation:
        if self._random.getrandbits(2) == 0:
            return "update_equity", (self._moment(),), {}
        return "update_equity", (self._moment(), self._quotes_of(self._chosen_walks())), {}


__all__ = ["PRICES", "MarketCalls"]
