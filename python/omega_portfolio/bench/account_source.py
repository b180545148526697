"""A seeded source of random operations over everything that an account can do.

As :mod:`omega_portfolio.bench.operations`, it knows no rule of the account. What is open it
reads from a portfolio from time to time, because bars open and close positions as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.account_draws import Position
from omega_portfolio.bench.account_market import MarketCalls
from omega_portfolio.bench.event_rows import NEVER_TOLD, rows_of, spoil_cell
from omega_portfolio.bench.event_tables import event_table
from omega_portfolio.bench.inputs import DAY
from omega_portfolio.bench.refusals import Operation, spoil

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from omega_portfolio.bench.event_rows import Row
    from omega_portfolio.bench.shapes import Setting
    from omega_portfolio.portfolio import Portfolio

LOOK_INTERVAL: Final = 6
"""Every so many operations the source reads what is open."""

_SIDES: Final = ("long", "short", "buy", "sell")
_TAGS: Final = ("", "sma", "breakout", "é" * 127, "a tag longer than twelve", "🎯")
_REASONS: Final = ("", "signal", "stop_loss", "end of the day, all out")
_GROUPS: Final = ("", "", "", "a", "b", "pair of orders that is longer")
_EVENTS_MAX: Final = 10
_OLD: Final = -10 * 366 * DAY

# How often each kind is drawn, of 256.
_WEIGHTS: Final = {
    "bar": 52,
    "quotes": 18,
    "open": 44,
    "place": 38,
    "close": 14,
    "modify": 16,
    "cancel": 5,
    "mark": 6,
    "update_equity": 6,
    "close_by": 7,
    "fee": 2,
    "deposit": 5,
    "withdraw": 5,
    "convert": 7,
    "charge_swap": 3,
    "rollover": 4,
    "dividend": 5,
    "split": 3,
    "register": 3,
    "bars": 2,
    "apply": 2,
    "refusal": 9,
}


class AccountSource(MarketCalls):
    """Random operations for one portfolio whose instruments have terms.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    setting : Setting
        Configuration of the portfolio, from
        :func:`~omega_portfolio.bench.account_settings.draw_account_setting`.
    """

    def __init__(self, random: Random, setting: Setting) -> None:
        super().__init__(random, setting)
        self._target = setting.open_target
        self._unregistered = [shape for shape in setting.shapes if shape.registered]
        self._orders: list[int] = []
        self._last: Operation = ("", (), {})
        self._drawn = 0
        self._unmarked = False
        kinds: list[Callable[[], Operation]] = []
        for name, weight in _WEIGHTS.items():
            kinds += [getattr(self, f"_{name}")] * weight
        self._kinds = kinds
        self._good = [kind for kind in kinds if kind != self._refusal]

    def next_operation(self) -> Operation:
        """Draw the next operation.

        Returns
        -------
        tuple
            Name of the method, positional arguments, keyword arguments.
        """
        self._drawn += 1
        if self._unregistered:
            operation: Operation
            operation = "register_instrument", (self._unregistered.pop().definition(),), {}
            self._unmarked = self._random.getrandbits(2) > 0
        elif self._unmarked:
            # Without marks there are no rates, and few opens.
            self._unmarked = False
            operation = "mark", (self._quotes_of(self._walks),), {"time": self._moment()}
        else:
            operation = self._kinds[self._random.getrandbits(8)]()
        self._last = operation
        return operation

    def refusal(self) -> Operation:
        """Draw an operation that a portfolio refuses, with very few exceptions.

        Returns
        -------
        tuple
            As :meth:`next_operation` returns it.
        """
        self._last = self._refusal()
        return self._last

    def answered(self, result: object) -> None:
        """Tell the source what the last operation returned.

        Parameters
        ----------
        result : object
            The value the call returned. It is not called for a refused operation.
        """
        name, arguments, _ = self._last
        if name == "place_order" and isinstance(result, int):
            self._orders.append(result)
            del self._orders[:-12]
        elif name == "split":
            symbol, numerator, denominator, _ = arguments
            walk = self._by_symbol.get(str(symbol))
            if walk is not None and isinstance(numerator, int) and isinstance(denominator, int):
                walk.split(numerator, denominator)

    def refused(self, code: int) -> None:
        """Tell the source that the last operation was refused; it goes on as it would have.

        Parameters
        ----------
        code : int
            Code of the refusal.
        """

    def look(self, portfolio: Portfolio, *, moved: bool) -> None:
        """Read what is open, when something may have changed that nobody told.

        Parameters
        ----------
        portfolio : Portfolio
            Either side.
        moved : bool
            Whether the last operation gave trades.
        """
        if not moved and self._drawn % LOOK_INTERVAL:
            return
        self._positions = []
        for position_id, view in portfolio.positions.items():
            walk = self._by_symbol.get(view.symbol)
            if walk is not None:
                units = int(view.size * 10**walk.shape.size_decimals)
                self._positions.append(Position(position_id, walk, view.side == "long", units))

    def _side(self) -> tuple[str, bool]:
        side = _SIDES[self._random.getrandbits(2)]
        return side, side in {"long", "buy"}

    def _open(self) -> Operation:
        random = self._random
        if len(self._positions) > self._target and random.getrandbits(2):
            return self._close()
        walk = self._some()
        side, is_long = self._side()
        size, ticks = self._size(walk), walk.move(random)
        position = self._held()
        if position is not None and random.getrandbits(2) == 0:
            # The whole of what is held, so that a netting account is flat exactly.
            walk, size, ticks = position.walk, position.size, position.walk.move(random)
        moment = self._moment()
        keywords = self._shown_options(self._protection(walk, ticks, size, is_long=is_long))
        extras = random.getrandbits(8)
        if extras & 7 == 0:
            keywords["fee"] = self._money(random.getrandbits(10) - 128)
        if extras & 8:
            keywords["tag"] = random.choice(_TAGS)
        if extras & 240 == 0:
            keywords["position_id"] = random.choice((1, self._drawn, 2 + random.getrandbits(62)))
        arguments = (
            walk.shape.symbol,
            side,
            self._spell_size(walk, size),
            self._spell_price(walk, ticks),
            moment,
        )
        return "open_position", arguments, keywords

    def _place(self) -> Operation:
        random = self._random
        walk = self._some()
        side, is_long = self._side()
        size, ticks = self._size(walk), walk.bid
        moment = self._moment()
        kind = random.choice(("limit", "limit", "stop", "stop", "market"))
        keywords: dict[str, Any] = {}
        if kind != "limit" or random.getrandbits(1):
            keywords["type"] = kind
        if kind != "market":
            ticks = self._level(walk, ticks, below=is_long == (kind == "limit"))
            keywords["price"] = self._spell_price(walk, ticks)
        elif random.getrandbits(5) == 0:
            keywords["price"] = self._spell_price(walk, ticks)
        keywords |= self._shown_options(self._protection(walk, ticks, size, is_long=is_long))
        extras = random.getrandbits(6)
        if extras & 3 == 0:
            keywords["expiry"] = self._expiry()
        if extras & 12 == 0:
            keywords["oco"] = random.choice(_GROUPS)
        if extras & 16:
            keywords["tag"] = random.choice(_TAGS)
        arguments = (walk.shape.symbol, side, self._spell_size(walk, size), moment)
        return "place_order", arguments, keywords

    def _expiry(self) -> int:
        steps = (0, 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000, -1)
        return self._time + self._random.choice(steps)

    def _cancel(self) -> Operation:
        order_id = 1
        if self._orders:
            order_id = self._orders.pop(int(self._random.random() * len(self._orders)))
        return "cancel_order", (order_id, self._moment()), {}

    def _close(self) -> Operation:
        random = self._random
        position = self._held()
        if position is None:
            return self._bar()
        walk = position.walk
        keywords: dict[str, Any] = {}
        extras = random.getrandbits(6)
        if extras & 1:
            size = self._part(walk, position.size)
            keywords["size"] = self._spell_size(walk, size)
        if extras & 6 == 0:
            keywords["fee"] = self._money(random.getrandbits(10) - 128)
        if extras & 8:
            keywords["reason"] = random.choice(_REASONS)
        price = self._spell_price(walk, walk.move(random))
        return "close_position", (position.position_id, price, self._moment()), keywords

    def _close_by(self) -> Operation:
        random = self._random
        position = self._held()
        if position is None:
            return self._open()
        others = [
            other
            for other in self._positions
            if other.walk is position.walk and other.is_long != position.is_long
        ]
        other = random.choice(others) if others and random.getrandbits(3) else self._held()
        if other is None or (not others and random.getrandbits(2)):
            return self._bar()
        keywords: dict[str, Any] = {}
        if random.getrandbits(1):
            size = self._part(position.walk, min(position.size, other.size))
            keywords["size"] = self._spell_size(position.walk, size)
        if random.getrandbits(2) == 0:
            keywords["fee"] = self._money(random.getrandbits(10) - 128)
        arguments = (position.position_id, other.position_id, self._moment())
        return "close_by", arguments, keywords

    def _modify(self) -> Operation:
        random = self._random
        position = self._held()
        if position is None:
            return self._open()
        walk = position.walk
        moment = self._moment()
        keywords = self._protection(walk, walk.bid, position.size, is_long=position.is_long)
        names = ("stop_loss", "take_profit", "trailing", "break_even", "targets", "exit_time")
        if not keywords or random.getrandbits(2) == 0:
            keywords[random.choice(names)] = None
        return "modify_position", (position.position_id, moment), keywords

    def _refusal(self) -> Operation:
        """Spoil one or two arguments of a good operation."""
        operation = self._random.choice(self._good)()
        while self._time < _OLD and operation[0] in {"apply", "process_bars"}:
            # The odd tables are of 1970: swaps of centuries would be due.
            operation = self._random.choice(self._good)()
        return spoil(self._random, operation)

    def _apply(self) -> Operation:
        """Write operations as a frame, those that rows can tell."""
        random = self._random
        rows: list[Row] = []
        for number in range(1 + int(random.random() * _EVENTS_MAX)):
            rows += rows_of(self._told(), number)
        self._writes = False
        if random.getrandbits(2) == 0:
            spoil_cell(random, rows)
        keywords: dict[str, Any] = {}
        if random.getrandbits(1):
            keywords["on_error"] = random.choice(("record", "raise"))
        if random.getrandbits(1):
            keywords["exact"] = bool(random.getrandbits(1))
        return "apply", (event_table(random, rows),), keywords

    def _told(self) -> Operation:
        """Draw an operation that rows can tell."""
        while True:
            # A frame of bars that is drawn and left ends it.
            self._writes = True
            name, arguments, keywords = self._random.choice(self._good)()
            if name not in NEVER_TOLD:
                return name, arguments, keywords


__all__ = ["LOOK_INTERVAL", "AccountSource"]
