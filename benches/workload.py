"""What the benches run on: prices drawn from a seed, and portfolios built from them.

Nothing here measures. The same seed gives the same events on every machine, so the digest of a
portfolio that a bench leaves behind says whether two runs did the same work.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

import omega_portfolio as op

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED: Final = 1
START_TIME: Final = 1_704_067_200_000_000
"""Time of the first event, in microseconds since the epoch."""

SECOND: Final = 1_000_000
SYMBOLS: Final = ("ACME", "BOLT", "CRUX", "DUNE", "ECHO")
ENTRY_PRICE: Final = 100

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Step(NamedTuple):
    """One step of a walk.

    Attributes
    ----------
    number : int
        From 1; a portfolio gives its positions the same numbers.
    time : int
        Microseconds since the epoch.
    moment : datetime
        The same time, aware.
    price : float
        With two decimals, between 50 and 200.
    """

    number: int
    time: int
    moment: datetime
    price: float


def draw_walk(steps: int, seed: int = SEED) -> list[Step]:
    """Draw a price walk in cents with one price a second.

    Parameters
    ----------
    steps : int
        Length of the walk.
    seed : int, optional
        Source of the walk.

    Returns
    -------
    list of Step
    """
    random = Random(seed)
    cents = 100 * ENTRY_PRICE
    walk = []
    for number in range(1, steps + 1):
        cents = min(max(cents + random.randint(-20, 20), 5_000), 20_000)
        time = START_TIME + number * SECOND
        walk.append(Step(number, time, _EPOCH + timedelta(microseconds=time), cents / 100))
    return walk


def quotes(price: float, symbols: int) -> dict[str, float]:
    """Give one price for each of the first symbols.

    Parameters
    ----------
    price : float
        Price of the first symbol.
    symbols : int
        1 to 5.

    Returns
    -------
    dict
        Symbol to price.
    """
    return {symbol: price + number for number, symbol in enumerate(SYMBOLS[:symbols])}


def empty(backend: str = "rust") -> op.Portfolio:
    """Make a portfolio that can afford every bench.

    Parameters
    ----------
    backend : str, default "rust"
        As the argument of :class:`omega_portfolio.Portfolio`.

    Returns
    -------
    Portfolio
    """
    return op.Portfolio(10**9, leverage=100, backend=backend)


def holding(positions: int, symbols: int = 1) -> op.Portfolio:
    """Make a portfolio with open positions, numbered from 1, spread over some symbols.

    Parameters
    ----------
    positions : int
        Number of open positions.
    symbols : int, default 1
        1 to 5.

    Returns
    -------
    Portfolio
    """
    portfolio = empty()
    for number in range(positions):
        portfolio.open_position(
            SYMBOLS[number % symbols], "long", 10, ENTRY_PRICE, START_TIME, tag=f"signal {number}"
        )
    return portfolio


def live_through(portfolio: op.Portfolio, walk: list[Step]) -> None:
    """Let one position after the other live its whole life: open, modify, value and close.

    Parameters
    ----------
    portfolio : Portfolio
        Has no open position, before and after.
    walk : list of Step
        One step for each life.
    """
    for _, time, _, price in walk:
        position_id = portfolio.open_position("ACME", "long", 10, price, time, fee=0.35)
        portfolio.modify_position(position_id, time, stop_loss=40.0)
        portfolio.update_equity(time, {"ACME": price + 0.25})
        portfolio.close_position(position_id, price + 0.25, time, fee=0.35)


def with_history(rows: int, trades: int) -> op.Portfolio:
    """Make a portfolio with a long equity curve and trades spread evenly over it.

    Parameters
    ----------
    rows : int
        Number of equity rows, each at a time of its own.
    trades : int
        Number of trades; a divisor of the number of rows.

    Returns
    -------
    Portfolio
        It holds no position.
    """
    portfolio = op.Portfolio(10**6, capacity=rows, backend="rust")
    for position_id, step in _entries(draw_walk(rows), rows // trades, portfolio):
        portfolio.update_equity(step.time, {"ACME": step.price})
        if step.number % (rows // trades) == 0:
            portfolio.close_position(position_id, step.price, step.time, fee=0.35)
    return portfolio


def _entries(
    walk: list[Step], steps_held: int, portfolio: op.Portfolio
) -> Iterator[tuple[int, Step]]:
    """Open a position every so many steps; give each step with the position held in it."""
    position_id = 0
    for step in walk:
        if (step.number - 1) % steps_held == 0:
            position_id = portfolio.open_position(
                "ACME", "long", 100, step.price, step.time, fee=0.35
            )
        yield position_id, step


__all__ = [
    "SEED",
    "START_TIME",
    "SYMBOLS",
    "Step",
    "draw_walk",
    "empty",
    "holding",
    "live_through",
    "quotes",
    "with_history",
]
