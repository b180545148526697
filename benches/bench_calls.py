"""One Python call of each event, in the two ways in which people write it.

`positional` passes times as integers, `keyword` names every argument and passes times as aware
`datetime`; prices are floats in both.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import pytest

from workload import SEED, draw_walk, empty, holding, quotes

if TYPE_CHECKING:
    from collections.abc import Callable

    import omega_portfolio as op
    from conftest import Bench

    Run: TypeAlias = Callable[[op.Portfolio], None]

pytestmark = pytest.mark.benchmark(disable_gc=True)

CALLS = 1_000
"""Calls of a block."""

WALK = draw_walk(CALLS)


def open_positional(portfolio: op.Portfolio) -> None:
    """Open a position in each step."""
    for _, time, _, price in WALK:
        portfolio.open_position("ACME", "long", 10, price, time)


def open_keyword(portfolio: op.Portfolio) -> None:
    """Open a position in each step."""
    for _, _, time, price in WALK:
        portfolio.open_position(symbol="ACME", side="long", size=10, price=price, time=time)


def close_positional(portfolio: op.Portfolio) -> None:
    """Close the positions in the order in which they were opened."""
    for position_id, time, _, price in WALK:
        portfolio.close_position(position_id, price, time)


def close_keyword(portfolio: op.Portfolio) -> None:
    """Close the positions in the order in which they were opened."""
    for position_id, _, time, price in WALK:
        portfolio.close_position(position_id=position_id, price=price, time=time)


def modify_positional(portfolio: op.Portfolio) -> None:
    """Give every position a stop; levels have no position in the signature."""
    for position_id, time, _, price in WALK:
        portfolio.modify_position(position_id, time, stop_loss=price / 4)


def modify_keyword(portfolio: op.Portfolio) -> None:
    """Give every position a stop."""
    for position_id, _, time, price in WALK:
        portfolio.modify_position(position_id=position_id, time=time, stop_loss=price / 4)


def fee_positional(portfolio: op.Portfolio) -> None:
    """Charge a fee in each step."""
    for _, time, _, _ in WALK:
        portfolio.charge_fee(0.35, time)


def fee_keyword(portfolio: op.Portfolio) -> None:
    """Charge a fee to a position in each step."""
    for position_id, _, time, _ in WALK:
        portfolio.charge_fee(amount=0.35, time=time, position_id=position_id)


def deposit_positional(portfolio: op.Portfolio) -> None:
    """Pay in in each step."""
    for _, time, _, price in WALK:
        portfolio.deposit(price, time)


def deposit_keyword(portfolio: op.Portfolio) -> None:
    """Pay in in each step."""
    for _, _, time, price in WALK:
        portfolio.deposit(amount=price, time=time)


def withdraw_positional(portfolio: op.Portfolio) -> None:
    """Pay out in each step."""
    for _, time, _, price in WALK:
        portfolio.withdraw(price, time)


def withdraw_keyword(portfolio: op.Portfolio) -> None:
    """Pay out in each step."""
    for _, _, time, price in WALK:
        portfolio.withdraw(amount=price, time=time)


def close_newest(portfolio: op.Portfolio) -> None:
    """Open a position and close that one; the number of open positions stays."""
    for _, time, _, price in WALK:
        newest = portfolio.open_position("ACME", "long", 10, price, time)
        portfolio.close_position(newest, price, time)


def close_oldest(portfolio: op.Portfolio) -> None:
    """Open a position and close the oldest; the number of open positions stays."""
    for oldest, time, _, price in WALK:
        portfolio.open_position("ACME", "long", 10, price, time)
        portfolio.close_position(oldest, price, time)


def draw_ids(positions: int) -> list[int]:
    """Draw the position that each step closes, of those that are open then."""
    random = Random(SEED)
    held = list(range(1, positions + 1))
    drawn = []
    for step in WALK:
        place = random.randrange(positions)
        drawn.append(held[place])
        held[place] = positions + step.number
    return drawn


@pytest.mark.parametrize("run", [open_positional, open_keyword], ids=["positional", "keyword"])
def test_open_position(bench: Bench, run: Run) -> None:
    """Open positions in an account that is empty at first."""
    bench.block(empty, run, CALLS)


@pytest.mark.parametrize("run", [close_positional, close_keyword], ids=["positional", "keyword"])
def test_close_position(bench: Bench, run: Run) -> None:
    """Close whole positions."""
    bench.block(partial(holding, CALLS), run, CALLS)


@pytest.mark.parametrize("run", [modify_positional, modify_keyword], ids=["positional", "keyword"])
def test_modify_position(bench: Bench, run: Run) -> None:
    """Set stops."""
    bench.block(partial(holding, CALLS), run, CALLS)


@pytest.mark.parametrize("run", [fee_positional, fee_keyword], ids=["positional", "keyword"])
def test_charge_fee(bench: Bench, run: Run) -> None:
    """Charge fees: to the account when positional, to positions when named."""
    bench.block(partial(holding, CALLS), run, CALLS)


@pytest.mark.parametrize(
    "run", [deposit_positional, deposit_keyword], ids=["positional", "keyword"]
)
def test_deposit(bench: Bench, run: Run) -> None:
    """Pay in."""
    bench.block(empty, run, CALLS)


@pytest.mark.parametrize(
    "run", [withdraw_positional, withdraw_keyword], ids=["positional", "keyword"]
)
def test_withdraw(bench: Bench, run: Run) -> None:
    """Pay out."""
    bench.block(empty, run, CALLS)


@pytest.mark.parametrize("symbols", [1, 5])
@pytest.mark.parametrize("style", ["positional", "keyword"])
def test_update_equity(bench: Bench, style: str, symbols: int) -> None:
    """Value an account that holds one position of each symbol."""
    steps = [(time, moment, quotes(price, symbols)) for _, time, moment, price in WALK]

    def positional(portfolio: op.Portfolio) -> None:
        for time, _, prices in steps:
            portfolio.update_equity(time, prices)

    def keyword(portfolio: op.Portfolio) -> None:
        for _, time, prices in steps:
            portfolio.update_equity(time=time, prices=prices)

    run = positional if style == "positional" else keyword
    bench.block(partial(holding, symbols, symbols), run, CALLS)


@pytest.mark.parametrize("symbols", [1, 5])
def test_mark(bench: Bench, symbols: int) -> None:
    """Mark symbols without an equity row."""
    steps = [(time, quotes(price, symbols)) for _, time, _, price in WALK]

    def run(portfolio: op.Portfolio) -> None:
        for time, prices in steps:
            portfolio.mark(prices, time=time)

    bench.block(partial(holding, symbols, symbols), run, CALLS)


@pytest.mark.parametrize("positions", [10, 10_000, 100_000])
@pytest.mark.parametrize("run", [close_newest, close_oldest], ids=["newest", "oldest"])
def test_open_and_close(bench: Bench, run: Run, positions: int) -> None:
    """Close the newest and the oldest of few and of many; the figures are those of the pair."""
    bench.block(partial(holding, positions), run, CALLS, rounds_of(positions))


@pytest.mark.parametrize("positions", [10, 10_000, 100_000])
def test_open_and_close_any(bench: Bench, positions: int) -> None:
    """Close any one of few and of many; the figures are those of the pair."""
    drawn = draw_ids(positions)

    def run(portfolio: op.Portfolio) -> None:
        for (_, time, _, price), position_id in zip(WALK, drawn, strict=True):
            portfolio.open_position("ACME", "long", 10, price, time)
            portfolio.close_position(position_id, price, time)

    bench.block(partial(holding, positions), run, CALLS, rounds_of(positions))


def rounds_of(positions: int) -> int:
    """Give the rounds of a full run: fewer where the portfolio takes long to make."""
    return 100 if positions <= 10_000 else 30


def test_calculate_margin(bench: Bench) -> None:
    """Ask what an order would need."""

    def run(portfolio: op.Portfolio) -> None:
        for _, _, _, price in WALK:
            portfolio.calculate_margin("ACME", size=10, price=price)

    bench.block(partial(holding, 10), run, CALLS)


def test_read_equity(bench: Bench) -> None:
    """Read one scalar of the account."""

    def run(portfolio: op.Portfolio) -> None:
        for _ in WALK:
            _ = portfolio.equity

    bench.block(partial(holding, 10), run, CALLS)
