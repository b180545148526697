"""A seeded source of random operations over every call that changes a portfolio.

The source knows roughly what a portfolio holds, so that most operations are accepted; it does
not know the rules of the account. Whether a call is accepted and what comes out of it is the
answer of the backends, never an expectation of this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omega_portfolio.bench.answers import Applied
from omega_portfolio.bench.event_frames import FrameWriter
from omega_portfolio.bench.holdings import Change, Held, Holdings, Market
from omega_portfolio.bench.inputs import (
    DAY,
    Number,
    decimal_text,
    spell_number,
    spell_time,
)
from omega_portfolio.bench.refusals import Operation, spoil
from omega_portfolio.bench.tables import price_table
from omega_portfolio.errors import PositionNotFound
from omega_portfolio.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from omega_portfolio.bench.shapes import Setting

_STEPS: Final = (0, 0, 0, 0, 1, 1, 250, 1_000, 1_000_000, 1_000_000, 60_000_000, 3_600_000_000)
_SIDES: Final = ("long", "short", "buy", "sell")
_TAGS: Final = ("", "sma", "breakout", "é" * 127, "日本語のタグ", "a tag longer than twelve", "🎯")
_REASONS: Final = ("", "signal", "stop_loss", "take_profit", "end of the day, all out", "\u200b")

_SHORT: Final = 100
"""After so many operations half of the frames are recorded, later more of them: the Python
backend takes a frame back by applying the whole history again."""

# How often each kind is drawn, of 256.
_WEIGHTS: Final = {
    "open": 57,
    "close": 54,
    "modify": 22,
    "mark": 26,
    "update_equity": 46,
    "fee": 8,
    "deposit": 6,
    "withdraw": 8,
    "register": 4,
    "relation": 8,
    "refusal": 14,
    "apply": 3,
}


class OperationSource:
    """Random operations for one portfolio.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    setting : Setting
        Configuration of the portfolio, from :func:`~omega_portfolio.bench.shapes.draw_setting`.

    Examples
    --------
    >>> from random import Random
    >>> from omega_portfolio.bench.operations import OperationSource
    >>> from omega_portfolio.bench.shapes import draw_setting
    >>> random = Random(1)
    >>> source = OperationSource(random, draw_setting(random))
    >>> name, arguments, keywords = source.next_operation()
    >>> name
    'register_instrument'
    """

    def __init__(self, random: Random, setting: Setting) -> None:
        self._random = random
        self._time = setting.time
        self._open_target = setting.open_target
        # An account of usual size stays one: there the deposit alone is out of range.
        self._deposit_beyond = 10**20 - (float(str(setting.initial_balance)) > 1e17)
        self._markets = [Market(shape) for shape in setting.shapes]
        self._holdings = Holdings()
        self._frames = FrameWriter(random, self._holdings)
        self._pending: Change | None = None
        self._subject: Held | None = None
        self._writes = False
        self._drawn = 0
        self._unregistered = [shape for shape in setting.shapes if shape.registered]
        kinds: list[Callable[[], Operation]] = []
        for name, weight in _WEIGHTS.items():
            kinds += [getattr(self, f"_{name}")] * weight
        self._kinds = kinds
        self._row_kinds = [kind for kind in kinds if kind not in (self._refusal, self._apply)]

    def next_operation(self) -> Operation:
        """Draw the next operation.

        Returns
        -------
        tuple
            Name of the method, positional arguments, keyword arguments.
        """
        self._forget_operation()
        self._drawn += 1
        if self._unregistered:
            return "register_instrument", (self._unregistered.pop().definition(),), {}
        return self._kinds[self._random.getrandbits(8)]()

    def refusal(self) -> Operation:
        """Draw an operation that a portfolio refuses, with very few exceptions.

        Returns
        -------
        tuple
            As :meth:`next_operation` returns it.
        """
        return self._refusal()

    def answered(self, result: object) -> None:
        """Tell the source what the last operation returned.

        Parameters
        ----------
        result : object
            The value the call returned, as :func:`~omega_portfolio.bench.answers.answer` gives
            it. It is not called for a refused operation.
        """
        if isinstance(result, Applied):
            self._frames.answered(result)
        elif self._pending is not None:
            self._holdings.take(self._pending, result if isinstance(result, int) else 0)

    def refused(self, code: int) -> None:
        """Tell the source that the last operation was refused.

        Parameters
        ----------
        code : int
            Code of the refusal. A position that is not found was closed by an operation that
            was meant to be refused; it is no longer counted as open.
        """
        if code == PositionNotFound.code and self._subject is not None:
            self._holdings.forget(self._subject)

    def _forget_operation(self) -> None:
        self._pending = self._subject = None

    def _moment(self) -> object:
        """Spell a time at or after the one before; now and then the next midnight."""
        random = self._random
        step = _STEPS[random.getrandbits(8) % len(_STEPS)]
        if step == 3_600_000_000 and random.getrandbits(3) == 0:
            step = DAY - self._time % DAY
        self._time += step
        return self._time if self._writes else spell_time(random, self._time)

    def _market(self) -> Market:
        """Choose an instrument and move its price by up to 1 percent."""
        random = self._random
        markets = self._markets
        market = markets[int(random.random() * len(markets))]
        price = market.price + int(market.price * (random.random() - 0.5) * 0.02)
        base = market.shape.price
        market.price = price if base < 2 * price < 4 * base else base
        return market

    def _money(self, hundredths: int) -> Number:
        """Spell an amount of money, now and then with all of its 18 decimals."""
        if self._random.getrandbits(4) == 0:
            digits = self._random.getrandbits(53)
            return spell_number(self._random, hundredths * 10**16 + digits, 18)
        return spell_number(self._random, hundredths, 2)

    def _open(self) -> Operation:
        random = self._random
        if len(self._holdings.held) > self._open_target and random.getrandbits(2):
            return self._close()
        market = self._market()
        shape = market.shape
        side = _SIDES[random.getrandbits(2)]
        is_long = side in {"long", "buy"}
        size = 1 + int(random.random() ** 3 * shape.size_max)
        price = market.price
        keywords: dict[str, object] = {}
        extras = random.getrandbits(8)
        if extras & 3 == 0:
            keywords["stop_loss"] = self._level(market, price, below=is_long)
        if extras & 12 == 0:
            keywords["take_profit"] = self._level(market, price, below=not is_long)
        if extras & 48 == 0:
            keywords["fee"] = self._money(random.getrandbits(10) - 128)
        if extras & 64:
            keywords["tag"] = _TAGS[random.getrandbits(6) % len(_TAGS)]
        if extras & 131 == 131:
            keywords["position_id"] = self._new_id()
        arguments = (
            shape.symbol,
            side,
            spell_number(self._random, size, shape.size_decimals),
            spell_number(self._random, price, shape.price_decimals),
            self._moment(),
        )

        self._pending = Change(Held(0, market, size, is_long=is_long), size, opens=True)
        return "open_position", arguments, keywords

    def _new_id(self) -> int:
        """Choose an id: near the counter, anywhere, or one that was used before."""
        choice = self._random.getrandbits(3)
        if choice < 4:
            return len(self._holdings.held) + len(self._holdings.closed) + choice
        if choice == 4 and self._holdings.closed:
            used = self._random.choice(self._holdings.closed)
            return used if isinstance(used, int) else 1
        return 1 + self._random.getrandbits(63)

    def _level(self, market: Market, price: int, *, below: bool) -> object:
        """Spell a protective level up to about 3 percent away from the price."""
        distance = 1 + int(self._random.random() * market.shape.price * 0.03)
        units = price - distance if below else price + distance
        return spell_number(self._random, units, market.shape.price_decimals)

    def _close(self) -> Operation:
        random = self._random
        held = self._holdings.held
        if not held:
            return self._update_equity()
        number = int(random.random() * len(held))
        position = self._subject = held[number]
        shape = position.market.shape
        keywords: dict[str, object] = {}
        extras = random.getrandbits(6)
        size = position.size
        if extras & 1:
            size = 1 + int(random.random() * size) if size > 1 else 1
            size = min(size, position.size)
            keywords["size"] = spell_number(self._random, size, shape.size_decimals)
        if extras & 6 == 0:
            keywords["fee"] = self._money(random.getrandbits(10) - 128)
        if extras & 8:
            keywords["reason"] = _REASONS[random.getrandbits(5) % len(_REASONS)]
        price = spell_number(self._random, self._market_of(position).price, shape.price_decimals)

        self._pending = Change(position, size)
        return "close_position", (position.position_id, price, self._moment()), keywords

    def _market_of(self, position: Held) -> Market:
        market = position.market
        market.price += int(market.price * (self._random.random() - 0.5) * 0.01)
        market.price = max(market.price, 1)
        return market

    def _modify(self) -> Operation:
        random = self._random
        if not self._holdings.held:
            return self._open()
        position = self._subject = self._holdings.held[
            int(random.random() * len(self._holdings.held))
        ]
        market = position.market
        keywords: dict[str, object] = {}
        extras = random.getrandbits(4)
        if extras & 3:
            level = self._level(market, market.price, below=position.is_long)
            keywords["stop_loss"] = None if extras & 3 == 1 else level
        if extras & 12:
            level = self._level(market, market.price, below=not position.is_long)
            keywords["take_profit"] = None if extras & 12 == 4 else level
        return "modify_position", (position.position_id, self._moment()), keywords

    def _prices(self) -> object:
        """Give prices of a few instruments: usually a mapping, sometimes an Arrow table."""
        random = self._random
        if random.getrandbits(7) == 0:
            return _price_table(self._markets, quotes=bool(random.getrandbits(1)))
        prices: dict[str, object] = {}
        for _ in range(1 + (random.getrandbits(2) == 0) * len(self._markets)):
            market = self._market()
            decimals = market.shape.price_decimals
            bid = spell_number(random, market.price, decimals)
            if random.getrandbits(1):
                prices[market.shape.symbol] = bid
            else:
                ask = spell_number(random, market.price + market.spread, decimals)
                prices[market.shape.symbol] = (bid, ask)
        return prices

    def _mark(self) -> Operation:
        # Before the first event, a mark without a time would take the clock to the year 1970.
        if self._time >= 0 and self._random.getrandbits(1):
            return "mark", (self._prices(),), {}
        return "mark", (self._prices(),), {"time": self._moment()}

    def _update_equity(self) -> Operation:
        choice = self._random.getrandbits(2)
        if choice == 0:
            return "update_equity", (self._moment(),), {}
        return "update_equity", (self._moment(), self._prices()), {}

    def _fee(self) -> Operation:
        amount = self._money(self._random.getrandbits(9) - 100)
        if self._holdings.held and self._random.getrandbits(1):
            position = self._holdings.held[int(self._random.random() * len(self._holdings.held))]
            keywords: dict[str, object] = {"position_id": position.position_id}
            return "charge_fee", (amount, self._moment()), keywords
        return "charge_fee", (amount, self._moment()), {}

    def _deposit(self) -> Operation:
        return "deposit", (self._money(self._random.getrandbits(24)), self._moment()), {}

    def _withdraw(self) -> Operation:
        return "withdraw", (self._money(self._random.getrandbits(20)), self._moment()), {}

    def _register(self) -> Operation:
        """Register an instrument again: the same, another definition, or a new symbol."""
        random = self._random
        shape = self._markets[int(random.random() * len(self._markets))].shape
        choice = random.getrandbits(2)
        if choice < 2:
            return "register_instrument", (shape.definition(),), {}
        if choice == 2 and shape.registered:
            other = Instrument(shape.symbol, price_decimals=1, size_decimals=1)
            return "register_instrument", (other,), {}
        return "register_instrument", (Instrument(f"NEW{random.getrandbits(6)}"),), {}

    def _refusal(self) -> Operation:
        """Spoil one or two arguments of a good operation."""
        random = self._random
        kinds = (self._open, self._close, self._modify, self._mark, self._update_equity)
        others = (self._fee, self._deposit, self._withdraw, self._register, self._apply)
        operation = (kinds * 3 + others)[int(random.random() * 20)]()
        self._forget_operation()
        return spoil(random, operation)

    def _relation(self) -> Operation:
        """Break a rule that depends on what the portfolio holds."""
        random = self._random
        closed = self._holdings.closed[-1] if self._holdings.closed else 12_345
        moment = self._moment()
        cases: tuple[Operation, ...] = (
            ("close_position", (closed, 1, moment), {}),
            ("modify_position", (closed, moment), {"stop_loss": None}),
            ("charge_fee", (1, moment), {"position_id": closed}),
            ("withdraw", (10**19, moment), {}),
            ("deposit", (1, self._time - 1 - random.getrandbits(40)), {}),
            ("deposit", (self._deposit_beyond, moment), {}),
        )
        choice = random.getrandbits(3)
        if choice < len(cases):
            return cases[choice]
        if not self._holdings.held:
            return "modify_position", (closed, moment), {}
        position = self._holdings.held[int(random.random() * len(self._holdings.held))]
        market, shape = position.market, position.market.shape
        if choice == len(cases):
            size = decimal_text(position.size + 1, shape.size_decimals)
            price = decimal_text(market.price, shape.price_decimals)
            return "close_position", (position.position_id, price, moment), {"size": size}
        wrong = self._level(market, market.price, below=not position.is_long)
        return "modify_position", (position.position_id, moment), {"stop_loss": wrong}

    def _apply(self) -> Operation:
        """Write operations as a frame; none that fits into no row."""
        self._writes = True
        records = self._random.random() * (self._drawn + _SHORT) > _SHORT
        operation = self._frames.write(self._row_operation, records=records)
        self._writes = False
        self._forget_operation()
        return operation

    def _row_operation(self) -> tuple[Operation, Change | None]:
        self._forget_operation()
        operation = self._random.choice(self._row_kinds)()
        return operation, self._pending


def _price_table(markets: list[Market], *, quotes: bool) -> object:
    shapes = [market.shape for market in markets]
    bids, asks = [
        [
            decimal_text(market.price + extra * market.spread, market.shape.price_decimals)
            for market in markets
        ]
        for extra in (0, 1)
    ]
    return price_table([shape.symbol for shape in shapes], bids, asks if quotes else None)


__all__ = ["OperationSource"]
