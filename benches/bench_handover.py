"""What it costs to hand state and tables over to Polars, to pyarrow and to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import polars as pl
import pyarrow as pa
import pytest

from omega_portfolio.bench.zero_copy import build_history
from workload import SYMBOLS, draw_walk, empty, holding, live_through, quotes

if TYPE_CHECKING:
    from collections.abc import Callable

    import omega_portfolio as op
    from conftest import Bench
    from omega_portfolio.types import Table

    Frame: TypeAlias = pl.DataFrame | pa.Table

pytestmark = pytest.mark.benchmark(disable_gc=True)

TRADES = 10_000
ROUNDS = 1_000


def marker(portfolio: op.Portfolio) -> Callable[[int], None]:
    """Give what changes the marks of all symbols, so that no column of values can be reused."""
    walk = draw_walk(ROUNDS)

    def mark(number: int) -> None:
        # Neighbours in the walk may be equal; even and odd rounds differ in any case.
        portfolio.mark(quotes(walk[number % ROUNDS].price + number % 2, len(SYMBOLS)))

    return mark


def identifier(value: object) -> str:
    """Name a view or a library."""
    if isinstance(value, bool):
        return "exact" if value else "float"
    return "polars" if value is pl.DataFrame else "pyarrow"


@pytest.fixture(scope="module", params=[1_000, 100_000, 1_000_000], ids=str)
def history(request: pytest.FixtureRequest) -> tuple[int, op.Portfolio]:
    """Give a number of rows, and a portfolio whose equity curve has so many."""
    rows: int = request.param
    return rows, build_history(rows, "rust")


@pytest.fixture(scope="module")
def traded() -> op.Portfolio:
    """Give a portfolio with closed trades, three ledger rows each."""
    portfolio = empty()
    live_through(portfolio, draw_walk(TRADES))
    return portfolio


@pytest.mark.parametrize("positions", [10, 1_000])
def test_state_to_capsule(bench: Bench, positions: int) -> None:
    """Take a state and export its positions; Polars or pyarrow would take the capsule."""
    portfolio = holding(positions, len(SYMBOLS))

    def capsule() -> object:
        return portfolio.get_state().positions.__arrow_c_stream__()

    bench.single(portfolio, capsule, ROUNDS, marker(portfolio))


@pytest.mark.parametrize("positions", [10, 1_000])
def test_state_to_polars(bench: Bench, positions: int) -> None:
    """Take a state and make a frame of its positions."""
    portfolio = holding(positions, len(SYMBOLS))

    def frame() -> pl.DataFrame:
        return pl.DataFrame(portfolio.get_state().positions)

    assert bench.single(portfolio, frame, ROUNDS, marker(portfolio)).height == positions


@pytest.mark.parametrize("exact", [False, True], ids=identifier)
@pytest.mark.parametrize("library", [pl.DataFrame, pa.table], ids=identifier)
def test_equity_curve(
    bench: Bench,
    history: tuple[int, op.Portfolio],
    library: Callable[[Table], Frame],
    exact: bool,  # noqa: FBT001
) -> None:
    """Hand an equity curve over; the length must not matter."""
    rows, portfolio = history
    frame = bench.single(
        portfolio, lambda: library(portfolio.get_equity_curve(exact=exact)), ROUNDS
    )
    assert frame.shape == (rows, 7)


@pytest.mark.parametrize("exact", [False, True], ids=identifier)
def test_trades(bench: Bench, traded: op.Portfolio, exact: bool) -> None:  # noqa: FBT001
    """Make a frame of all trades."""
    frame = bench.single(traded, lambda: pl.DataFrame(traded.get_trades(exact=exact)), ROUNDS)
    assert frame.height == TRADES


@pytest.mark.parametrize("exact", [False, True], ids=identifier)
def test_ledger(bench: Bench, traded: op.Portfolio, exact: bool) -> None:  # noqa: FBT001
    """Make a frame of all postings."""
    frame = bench.single(traded, lambda: pl.DataFrame(traded.get_ledger(exact=exact)), ROUNDS)
    assert frame.height == 3 * TRADES


def test_state_to_ipc(bench: Bench) -> None:
    """Write the state of 1,000 open positions as an Arrow IPC stream."""
    portfolio = holding(1_000, len(SYMBOLS))
    written = bench.single(
        portfolio, lambda: portfolio.get_state().to_ipc(), ROUNDS, marker(portfolio)
    )
    assert pl.read_ipc_stream(written).height == 1_000


def test_trades_to_ipc(bench: Bench) -> None:
    """Write 1,000 trades as an Arrow IPC stream.

    Larger tables would measure the caches of the machine: the time of a megabyte differs by 20 %
    between two processes, with the addresses that they happen to get.
    """
    portfolio = empty()
    live_through(portfolio, draw_walk(1_000))
    written = bench.single(portfolio, lambda: portfolio.get_trades().to_ipc(), ROUNDS)
    assert pl.read_ipc_stream(written).height == 1_000


def test_equity_curve_to_ipc(bench: Bench) -> None:
    """Write an equity curve of 1,000 rows as an Arrow IPC stream."""
    portfolio = build_history(1_000, "rust")
    written = bench.single(portfolio, lambda: portfolio.get_equity_curve().to_ipc(), ROUNDS)
    assert pl.read_ipc_stream(written).height == 1_000
