"""The portfolio class of older backtests, and what an exact account beside it costs.

Each bench says what the class that it replaces took, in plain floats on a machine with two cores.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from omega_portfolio.legacy import ExactPortfolio, Portfolio, PortfolioPosition
from workload import SEED

if TYPE_CHECKING:
    from conftest import Bench

pytestmark = pytest.mark.benchmark(disable_gc=True)

CALLS = 1_000
TRADES = 20_000
START = datetime(2024, 1, 2)
TIMES = [START + timedelta(minutes=number) for number in range(TRADES)]
FEE = 0.35


class Old(Portfolio):
    """The portfolio under test, with a digest of all that it shows."""

    @property
    def digest(self) -> str:
        """Hash of the figures, the curve and the trades."""
        seen = [
            repr((self.cash, self.total_fees, self.max_drawdown, len(self.open_positions))),
            repr(self.get_summary()),
            repr(self.get_equity_curve()),
            repr([position.to_dict() for position in self.closed_positions]),
        ]
        return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def draw(count: int) -> list[tuple[str, float, float]]:
    """Draw side, entry and exit of so many trades."""
    random = Random(SEED)
    return [
        (random.choice(["long", "short"]), entry, round(entry + random.uniform(-0.01, 0.01), 5))
        for entry in [round(random.uniform(1.05, 1.15), 5) for _ in range(count)]
    ]


DRAWN = draw(TRADES)


def make(number: int) -> PortfolioPosition:
    """Make a position as a backtest does."""
    side, entry, _ = DRAWN[number]
    sign = 1 if side == "long" else -1
    stop, target = entry - sign * 0.002, entry + sign * 0.004
    return PortfolioPosition(TIMES[number], side, "EURUSD", entry, stop, target, 1.0, 100.0, stop)


def leave(portfolio: Portfolio, position: PortfolioPosition, number: int) -> None:
    """Close a position and register its exit."""
    position.close(TIMES[number], DRAWN[number][2], "signal")
    portfolio.register_exit(position)


def holding(count: int) -> Old:
    """Make a portfolio that holds so many positions."""
    portfolio = Old(100_000.0)
    for number in range(count):
        portfolio.register_entry(make(number))
    return portfolio


def live_through(portfolio: Portfolio, count: int) -> None:
    """Let one trade after the other live its whole life: two fees, an update, an exit."""
    for number in range(count):
        time, position = TIMES[number], make(number)
        portfolio.register_entry(position)
        portfolio.register_fee(FEE, time, "entry", position)
        portfolio.update(time)
        portfolio.register_fee(FEE, time, "exit", position)
        leave(portfolio, position, number)


@pytest.fixture(scope="module")
def traded() -> Old:
    """Give a portfolio with many trades."""
    portfolio = Old(100_000.0)
    live_through(portfolio, TRADES)
    return portfolio


def test_enter(bench: Bench) -> None:
    """Make a position and register it: 0.65 us."""

    def run(portfolio: Old) -> None:
        for number in range(CALLS):
            portfolio.register_entry(make(number))

    bench.block(lambda: Old(100_000.0), run, CALLS)


def test_leave_oldest(bench: Bench) -> None:
    """Close the oldest position and register its exit: 0.5 to 0.85 us."""

    def run(portfolio: Old) -> None:
        for number in range(CALLS):
            leave(portfolio, portfolio.open_positions[0], number)

    bench.block(lambda: holding(CALLS), run, CALLS)


@pytest.mark.parametrize("count", [100, 1_000, 5_000])
def test_leave_newest(bench: Bench, count: int) -> None:
    """Close the newest of so many: 115 us, 670 us, 3.2 ms."""

    def run(portfolio: Old) -> None:
        leave(portfolio, portfolio.open_positions[-1], count - 1)

    bench.block(lambda: holding(count), run, 1, 100)


@pytest.mark.parametrize("owner", ["account", "position"])
def test_register_fee(bench: Bench, owner: str) -> None:
    """Charge a fee: 0.25 to 0.7 us."""
    position = None if owner == "account" else make(0)

    def run(portfolio: Old) -> None:
        for time in TIMES[:CALLS]:
            portfolio.register_fee(FEE, time, "entry", position)

    bench.block(lambda: Old(100_000.0), run, CALLS)


def test_update(bench: Bench) -> None:
    """Sample the equity: 0.2 to 0.45 us."""

    def run(portfolio: Old) -> None:
        for time in TIMES[:CALLS]:
            portfolio.update(time)

    bench.block(lambda: Old(100_000.0), run, CALLS)


def test_get_summary(bench: Bench, traded: Old) -> None:
    """Compute the figures of 20,000 trades: 13.5 ms."""
    assert bench.single(traded, traded.get_summary, 100)["Total Trades"] == TRADES


def test_get_equity_curve(bench: Bench, traded: Old) -> None:
    """Compute the curve of 20,000 trades: 6.8 ms."""
    assert len(bench.single(traded, traded.get_equity_curve, 100)) == TRADES + 1


def test_trades_to_dataframe(bench: Bench, traded: Old) -> None:
    """Make a frame of 20,000 trades: 82 ms."""
    assert bench.single(traded, traded.trades_to_dataframe, 20).shape == (TRADES, 19)


def test_life_cycle(bench: Bench) -> None:
    """Let 20,000 trades live: 80 ms, which is 4 us a trade."""
    bench.block(lambda: Old(100_000.0), lambda one: live_through(one, TRADES), TRADES, 20)


class Exact(ExactPortfolio):
    """The portfolio with an exact account, whose digest stands for both."""

    @property
    def digest(self) -> str:
        """Digest of the engine."""
        return self.engine.digest


@pytest.mark.parametrize("rule", ["as_given", "risk"])
def test_exact_life_cycle(bench: Bench, rule: str) -> None:
    """Let trades live in both accounts; what both book otherwise is listed."""
    bench.block(
        lambda: Exact(100_000.0, size_rule=rule, backend="rust"),
        lambda one: live_through(one, CALLS),
        CALLS,
        20,
    )
