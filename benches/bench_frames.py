"""Whole frames of events in: ``apply``, and ``update_equity`` with a frame of quotes.

The figures of ``apply`` are those of one row, the figures of a frame of quotes those of one
quote. ``test_three_ways`` makes the same events by the frame, by the call, and on the Python
backend; the summary prints the ratios.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from frames import (
    REFUSED_EVERY,
    call_all,
    frame_of,
    market,
    mixed_account,
    mixed_events,
    quotes_frame,
    with_refused,
)
from workload import START_TIME, holding

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    import polars as pl

    import omega_portfolio as op
    from conftest import Bench
    from frames import Form

pytestmark = pytest.mark.benchmark(disable_gc=True)

EVENTS = 10_000
SYMBOLS = 1_000
UPDATES = 20
"""Frames of quotes in a block."""


def rounds_of(rows: int) -> int:
    """Give the rounds of a full run: fewer of large frames."""
    return 200 if rows <= EVENTS else 10


def measure(
    bench: Bench,
    frame: pl.DataFrame,
    on_error: Literal["raise", "record"] = "raise",
    *,
    exact: bool = False,
) -> str:
    """Apply a frame to a mixed account, again and again; give the digest."""

    def run(portfolio: op.Portfolio) -> None:
        portfolio.apply(frame, on_error=on_error, exact=exact)

    return bench.block(mixed_account, run, frame.height, rounds_of(frame.height))


@pytest.mark.parametrize("form", ["plain", "full", "keys"])
def test_apply_mixed(bench: Bench, rows: int, form: Form) -> None:
    """Open, update and close in thirds; then with fees, levels and tags, or by key."""
    measure(bench, frame_of(mixed_events(rows), form))


@pytest.mark.parametrize("action", ["update", "mark"])
def test_apply_quotes(bench: Bench, rows: int, action: str) -> None:
    """Update the equity only, or mark only, one quote a row."""
    measure(bench, quotes_frame(action, rows))


def test_apply_exact_receipts(bench: Bench, rows: int) -> None:
    """Apply mixed events; the receipts are decimals."""
    measure(bench, frame_of(mixed_events(rows)), exact=True)


def test_apply_record(bench: Bench, rows: int) -> None:
    """Apply mixed events; a refusal would be recorded, and there is none."""
    measure(bench, frame_of(mixed_events(rows)), "record")


def test_apply_record_refused(bench: Bench, rows: int) -> None:
    """Apply updates of which every tenth is refused and recorded."""
    frame = with_refused(quotes_frame("update", rows))
    refused = mixed_account().apply(frame, on_error="record").refused
    assert len(refused) == rows // REFUSED_EVERY
    measure(bench, frame, "record")


@pytest.fixture(scope="module")
def digests() -> dict[str, str]:
    """Give the digests by the way in; they fill up as the benches run."""
    return {}


@pytest.mark.parametrize("way", ["apply", "calls", "python-apply", "python-calls"])
def test_three_ways(bench: Bench, digests: dict[str, str], way: str) -> None:
    """Make 10,000 mixed events by the frame, by the call, and both on the Python backend."""
    events = mixed_events(EVENTS)
    frame = frame_of(events)

    def apply(portfolio: op.Portfolio) -> None:
        portfolio.apply(frame)

    def calls(portfolio: op.Portfolio) -> None:
        call_all(portfolio, events)

    backend = "python" if way.startswith("python") else "rust"
    run: Callable[[op.Portfolio], None] = apply if way.endswith("apply") else calls
    rounds = 5 if backend == "python" else 200
    digests[way] = bench.block(partial(mixed_account, backend), run, EVENTS, rounds)
    assert len(set(digests.values())) == 1, digests


@pytest.mark.parametrize("positions", [10, 100_000])
def test_update_equity_frame(bench: Bench, positions: int) -> None:
    """Quote 1,000 symbols by the frame; how many positions one of them has must not matter."""
    frames = [market(SYMBOLS, price) for price in (101.5, 102.25)]

    def run(portfolio: op.Portfolio) -> None:
        for number in range(UPDATES):
            portfolio.update_equity(START_TIME + number, frames[number % 2])

    rounds = 200 if positions == 10 else 50
    bench.block(partial(holding, positions), run, UPDATES * SYMBOLS, rounds)


def test_update_equity_mapping(bench: Bench) -> None:
    """Quote 1,000 symbols by a dict, to compare with the frame."""
    quotes = [dict(market(SYMBOLS, price).rows()) for price in (101.5, 102.25)]

    def run(portfolio: op.Portfolio) -> None:
        for number in range(UPDATES):
            portfolio.update_equity(START_TIME + number, quotes[number % 2])

    bench.block(partial(holding, 10), run, UPDATES * SYMBOLS)
