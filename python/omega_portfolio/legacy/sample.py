"""Operations drawn from a seed, with each fault of the old portfolio somewhere among them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    Operation = dict[str, Any]

START: Final = datetime(2024, 1, 2, 9)
SEED: Final = 1
TRADES: Final = 60
RISK: Final = 100.0


class Drawn:
    """Draws operations; the same seed gives the same ones.

    Parameters
    ----------
    seed : int
        Source of all numbers.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a sample and no secret.
        self._price = 1.1
        self._time = START

    def operations(self, trades: int) -> Iterator[Operation]:
        """Give the operations of so many trades, one after the other."""
        for number in range(trades):
            key = f"t{number}"
            position = self._position()
            yield self._entry(key, position)
            yield self._update()
            yield from self._way(number, key, position)
        yield from self._odd_ends()

    def _moment(self) -> str:
        self._time += timedelta(minutes=15 * self._random.randint(1, 8))
        return self._time.isoformat()

    def _position(self) -> Operation:
        self._price = round(self._price * (1 + self._random.gauss(0, 0.001)), 5)
        side = self._random.choice(["long", "short"])
        sign = 1 if side == "long" else -1
        stop = self._random.randint(15, 60) / 10_000
        return {
            "entry_time": self._moment(),
            "direction": side,
            "symbol": "EURUSD",
            "entry_price": self._price,
            "stop_loss": round(self._price - sign * stop, 5),
            "take_profit": round(self._price + sign * 2 * stop, 5),
            "size": float(self._random.choice([5_000, 10_000, 20_000])),
            "risk_per_trade": RISK,
        }

    def _entry(self, key: str, position: Operation) -> Operation:
        return {"type": "entry", "key": key, "position": position, "fee": 0.35}

    def _update(self) -> Operation:
        self._price = round(self._price * (1 + self._random.gauss(0, 0.001)), 5)
        return {"type": "update", "time": self._moment(), "prices": {"EURUSD": self._price}}

    def _exit(self, key: str, position: Operation, reason: str | None = None) -> Operation:
        target = self._random.random() < 0.45
        price = position["take_profit"] if target else position["stop_loss"]
        words = "take_profit" if target else "stop_loss"
        exit_ = {"type": "exit", "key": key, "time": self._moment(), "price": price}
        return {**exit_, "reason": reason or words, "fee": 0.35}

    def _way(self, number: int, key: str, position: Operation) -> Iterator[Operation]:
        """Give what becomes of a trade: mostly an exit, and sometimes a fault as well."""
        faults = {7: "partial_exit", 11: "break_even_stop_loss"}
        if number % 5 == 3:
            swap = {"type": "fee", "key": key, "kind": "swap", "amount": 0.1}
            yield {**swap, "time": self._moment()}
        leaving = self._exit(key, position, faults.get(number % 16))
        yield leaving
        if number % 16 == 5:
            yield {**leaving, "time": self._moment(), "fee": 0.0}
        yield {"type": "update", "time": self._moment()}

    def _odd_ends(self) -> Iterator[Operation]:
        """Give the faults that are rare: one of each."""
        wrong = self._position() | {"size": -1.0}
        yield self._entry("no size", wrong)
        yield self._exit("no size", wrong)
        turned = self._position()
        turned["stop_loss"], turned["take_profit"] = turned["take_profit"], turned["stop_loss"]
        yield self._entry("turned", turned)
        yield self._exit("turned", turned)
        order = self._position() | {"status": "pending", "order_type": "limit"}
        yield {"type": "entry", "key": "order", "position": order}
        yield self._exit("order", order, "signal")
        expiring = self._position() | {"status": "pending", "order_type": "limit"}
        yield {"type": "entry", "key": "expiring", "position": expiring}
        yield {**self._exit("expiring", expiring, "limit_expired"), "fee": 0.0, "price": None}
        late = {"type": "fee", "key": "turned", "kind": "exit", "amount": 0.2}
        yield {**late, "time": self._moment()}
        yield {"type": "fee", "amount": 12.5, "time": self._moment(), "kind": "data"}
        yield {"type": "exit", "position_idx": 99, "price": 1.0, "time": self._moment()}
        yield self._entry("held", self._position())
        yield self._update() | {"time": START.isoformat()}


def sample_operations(seed: int = SEED, trades: int = TRADES) -> list[Operation]:
    """Draw operations for ``omega-portfolio legacy --demo``.

    Parameters
    ----------
    seed : int, default 1
        The same seed gives the same operations.
    trades : int, default 60
        How many trades there are, beside the odd ones.

    Returns
    -------
    list of dict
        As a file of operations has them.

    Examples
    --------
    >>> from omega_portfolio.legacy.sample import sample_operations
    >>> sample_operations() == sample_operations(seed=1), sample_operations()[0]["type"]
    (True, 'entry')
    """
    return list(Drawn(seed).operations(trades))


__all__ = ["SEED", "TRADES", "sample_operations"]
