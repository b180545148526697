"""What the calls on an account are made of: instruments, prices, levels, protection, moments."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from omega_portfolio.bench.inputs import DAY, Number, spell_number, spell_time
from omega_portfolio.bench.walks import Walk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from omega_portfolio.bench.shapes import Setting

_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_STEPS: Final = (
    *(0, 0, 0, 1, _SECOND, _MINUTE, _MINUTE, 5 * _MINUTE, _HOUR, _HOUR, 4 * _HOUR),
    *(8 * _HOUR, DAY),
)
_STEPS_LONG: Final = (3 * DAY, 3 * DAY, 4 * DAY, 10 * DAY, 10 * DAY, 40 * DAY)
_MOMENT_MAX: Final = 253_400_000_000 * _SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Position(NamedTuple):
    """What is known of an open position: its id, instrument, side, and units of size."""

    position_id: int
    walk: Walk
    is_long: bool
    size: int


class Draws:
    """Choices that more than one call makes.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    setting : Setting
        Configuration of the portfolio.
    """

    def __init__(self, random: Random, setting: Setting) -> None:
        self._random = random
        self._time = setting.time
        self._options = setting.options
        self._rounds = setting.options.get("off_grid") == "round"
        self._walks = [Walk(shape) for shape in setting.shapes]
        self._by_symbol = {walk.shape.symbol: walk for walk in self._walks}
        self._positions: list[Position] = []
        self._writes = False

    def _some(self) -> Walk:
        """Choose an instrument."""
        return self._walks[int(self._random.random() * len(self._walks))]

    def _held(self) -> Position | None:
        """Choose an open position, if there is one."""
        if not self._positions:
            return None
        return self._positions[int(self._random.random() * len(self._positions))]

    def _moment(self, *, later: bool = False) -> object:
        """Spell a time at or after the one before, now and then a rollover or a midnight."""
        random = self._random
        step = _STEPS[int(random.random() * len(_STEPS))]
        choice = random.getrandbits(6)
        if choice == 0:
            step = random.choice(_STEPS_LONG)
        elif choice == 1:
            step = DAY - self._time % DAY
        elif choice == 2:
            step = self._next_rollover(self._some()) - self._time + random.choice((0, 0, 0, -1, 1))
        if later and step <= 0:
            step = _MINUTE
        if self._time + step < _MOMENT_MAX:
            self._time += max(step, 0)
        else:
            self._time += 1
        return self._spell_time(self._time)

    def _spell_time(self, moment: int) -> object:
        """Spell a time; in a row of a frame it is a number."""
        return moment if self._writes else spell_time(self._random, moment)

    def _next_rollover(self, walk: Walk) -> int:
        """Give the next moment of an instrument's swap, of the local times that come once."""
        swap = walk.shape.terms.get("swap")
        if swap is None:
            return self._time
        zone = ZoneInfo(swap.zone)
        times = [swap.rollover] if isinstance(swap.rollover, str) else list(swap.rollover)
        today = (_EPOCH + timedelta(microseconds=self._time)).astimezone(zone)
        found = []
        for day in (0, 1):
            date = today.replace(tzinfo=None) + timedelta(days=day)
            for text in times:
                hour, minute = map(int, text.split(":"))
                local = date.replace(hour=hour, minute=minute, second=0, microsecond=0)
                offset = local.replace(tzinfo=zone).utcoffset() or timedelta()
                moment = (local - offset).replace(tzinfo=timezone.utc) - _EPOCH
                found.append(moment // timedelta(microseconds=1))
        return min((moment for moment in found if moment > self._time), default=self._time)

    def _spell_price(self, walk: Walk, ticks: int) -> Number:
        """Spell a price; where prices are rounded, now and then one between two ticks."""
        shape = walk.shape
        units = ticks * shape.tick
        if self._rounds and shape.price_decimals < 8 and self._random.getrandbits(2) == 0:
            units = units * 10 + self._random.randint(-4, 5)
            return spell_number(self._random, max(units, 0), shape.price_decimals + 1)
        return spell_number(self._random, units, shape.price_decimals)

    def _spell_size(self, walk: Walk, units: int) -> Number:
        """Spell a size; where sizes are rounded, now and then one between two steps."""
        decimals = walk.shape.size_decimals
        if self._rounds and decimals < 8 and self._random.getrandbits(3) == 0:
            units = units * 10 + self._random.randrange(10)
            return spell_number(self._random, units, decimals + 1)
        return spell_number(self._random, units, decimals)

    def _size(self, walk: Walk) -> int:
        """Choose a size in units, usually a small one."""
        shape = walk.shape
        steps = shape.size_max // shape.step
        return shape.step * (1 + int(self._random.random() ** 2 * steps))

    def _part(self, walk: Walk, size: int) -> int:
        """Choose a part of a size, on the step."""
        step = walk.shape.step
        return max(int(self._random.random() * size) // step * step, step)

    def _level(self, walk: Walk, ticks: int, *, below: bool) -> int:
        """Choose a level on one side of a price, now and then on the other."""
        if self._random.getrandbits(5) == 0:
            below = not below
        distance = 1 + int(self._random.random() * 3 * walk.reach)
        return max(ticks - distance if below else ticks + distance, 1)

    def _money(self, hundredths: int) -> Number:
        """Spell an amount of money, now and then with all of its 18 decimals."""
        if self._random.getrandbits(4) == 0:
            return spell_number(
                self._random, hundredths * 10**16 + self._random.getrandbits(53), 18
            )
        return spell_number(self._random, hundredths, 2)

    def _protection(self, walk: Walk, ticks: int, size: int, *, is_long: bool) -> dict[str, Any]:
        """Choose levels and protection for a position of that size around that price."""
        random = self._random
        keywords: dict[str, Any] = {}
        chosen = random.getrandbits(13)
        spell = self._spell_price
        if chosen & 3 == 0:
            keywords["stop_loss"] = spell(walk, self._level(walk, ticks, below=is_long))
        limit: int | None = None
        if chosen & 12 == 0:
            limit = self._level(walk, ticks, below=not is_long)
            keywords["take_profit"] = spell(walk, limit)
        if chosen & 112 == 0:
            keywords["trailing"] = spell(walk, 1 + int(random.random() * 2 * walk.reach))
        if chosen & 896 == 0:
            trigger = 1 + int(random.random() * walk.reach)
            offset = int(random.random() * trigger)
            keywords["break_even"] = (spell(walk, trigger), spell(walk, offset))
        if chosen & 3072 == 0:
            keywords["targets"] = self._targets(walk, ticks, size, limit, is_long=is_long)
        if chosen & 4096 == 0 and random.getrandbits(2) == 0:
            step = _STEPS[int(random.random() * len(_STEPS))]
            keywords["exit_time"] = self._spell_time(self._time + step)
        return keywords

    def _targets(
        self, walk: Walk, ticks: int, size: int, limit: int | None, *, is_long: bool
    ) -> list[tuple[object, object]]:
        random = self._random
        targets: list[tuple[object, object]] = []
        reach = walk.reach if limit is None else max(abs(limit - ticks) - 1, 1)
        for _ in range(1 + (random.getrandbits(1) and random.randrange(3))):
            distance = 1 + int(random.random() * reach)
            if limit is not None and random.getrandbits(4):
                distance = min(distance, reach)
            price = max(ticks + distance if is_long else ticks - distance, 1)
            part = self._part(walk, size)
            size -= part
            if size < 0 and random.getrandbits(3):
                break
            targets.append((self._spell_price(walk, price), self._spell_size(walk, part)))
        return targets

    def _shown_options(self, keywords: Mapping[str, Any]) -> dict[str, Any]:
        """Leave out some options, so that most calls have few of them."""
        if self._random.getrandbits(1):
            return dict(keywords)
        return {name: value for name, value in keywords.items() if self._random.getrandbits(1)}


__all__ = ["Draws", "Position"]
