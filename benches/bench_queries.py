"""What it costs to read the events back, to query a live table, and to rewrite one.

The figures are those of one whole read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from frames import frame_of, mixed_account, mixed_events, quotes_frame
from workload import empty

if TYPE_CHECKING:
    import omega_portfolio as op
    from conftest import Bench

pytestmark = pytest.mark.benchmark(disable_gc=True)

ROUNDS = 200
CURVE_COLUMNS = ["time", "equity"]
FRAMES = 10
"""A history that grows without a hint is applied in so many frames."""


def traded(rows: int) -> op.Portfolio:
    """Make a portfolio with mixed events, applied as one frame."""
    portfolio = mixed_account()
    portfolio.apply(frame_of(mixed_events(rows)))
    return portfolio


def quoted(rows: int) -> op.Portfolio:
    """Make a portfolio with a long equity curve that grew in several steps."""
    portfolio = mixed_account()
    frame = quotes_frame("update", rows)
    for start in range(0, rows, rows // FRAMES):
        portfolio.apply(frame.slice(start, rows // FRAMES))
    return portfolio


def rounds_of(rows: int) -> int:
    """Give the rounds of a full run: fewer of long histories."""
    return ROUNDS if rows <= 10_000 else 10


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "float"])
def test_get_events(bench: Bench, rows: int, exact: bool) -> None:  # noqa: FBT001
    """Give all events as a frame of Polars: they are written then, from the log."""
    portfolio = traded(rows)
    frame = bench.single(
        portfolio, lambda: pl.DataFrame(portfolio.get_events(exact=exact)), rounds_of(rows)
    )
    # Ten symbols were registered by their first use, ten positions opened before.
    assert frame.height == rows + 20


def test_get_events_and_apply(bench: Bench, rows: int) -> None:
    """Build a second account from the events of the first."""
    portfolio = traded(rows)
    digest = portfolio.digest

    def copy() -> op.Portfolio:
        another = empty()
        another.apply(portfolio.get_events())
        return another

    assert bench.single(portfolio, copy, rounds_of(rows)).digest == digest


def test_scan_projection(bench: Bench, rows: int) -> None:
    """Collect two columns of the equity curve."""
    portfolio = quoted(rows)
    query = portfolio.scan("equity").select(CURVE_COLUMNS)
    assert bench.single(portfolio, query.collect, ROUNDS).shape == (rows, 2)


def test_scan_predicate(bench: Bench, rows: int) -> None:
    """Filter the equity curve and aggregate what is left."""
    portfolio = quoted(rows)
    query = (
        portfolio.scan("equity")
        .filter(pl.col("equity") < pl.col("balance"))
        .select(pl.len(), pl.col("equity").min())
    )
    count = bench.single(portfolio, query.collect, ROUNDS).row(0)[0]
    assert 0 < count < rows


def test_scan_eager(bench: Bench, rows: int) -> None:
    """Ask the same of an eager frame of the curve, to compare with."""
    portfolio = quoted(rows)

    def read() -> pl.DataFrame:
        curve = pl.DataFrame(portfolio.get_equity_curve())
        left = curve.filter(pl.col("equity") < pl.col("balance"))
        return left.select(pl.len(), pl.col("equity").min())

    count = bench.single(portfolio, read, ROUNDS).row(0)[0]
    assert 0 < count < rows


def test_select(bench: Bench, rows: int) -> None:
    """Hand two columns of the equity curve over to Polars."""
    portfolio = quoted(rows)
    frame = bench.single(
        portfolio,
        lambda: pl.DataFrame(portfolio.get_equity_curve().select(CURVE_COLUMNS)),
        1_000,
    )
    assert frame.shape == (rows, 2)


def test_compact(bench: Bench, rows: int) -> None:
    """Rewrite the tables of a history that grew in several steps."""
    chunks = pl.DataFrame(quoted(rows).get_equity_curve()).n_chunks()
    assert chunks > 1

    def run(portfolio: op.Portfolio) -> None:
        portfolio.compact()

    bench.block(lambda: quoted(rows), run, 1, 30 if rows <= 10_000 else 5)
    compacted = quoted(rows)
    compacted.compact()
    assert pl.DataFrame(compacted.get_equity_curve()).n_chunks() == 1
