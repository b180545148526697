"""The whole life of positions on both backends; the summary prints the ratio of the two."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from workload import draw_walk, empty, live_through

if TYPE_CHECKING:
    from conftest import Bench

pytestmark = pytest.mark.benchmark(disable_gc=True)

TRADES = 10_000


@pytest.fixture(scope="module")
def digests() -> dict[str, str]:
    """Give the digests by backend; they fill up as the benches run."""
    return {}


@pytest.mark.parametrize(
    ("backend", "rounds"), [("rust", 30), ("python", 8)], ids=["rust", "python"]
)
def test_life_cycle(bench: Bench, digests: dict[str, str], backend: str, rounds: int) -> None:
    """Open, modify, value and close; the figures are those of one trade, four calls."""
    walk = draw_walk(TRADES)
    digests[backend] = bench.block(
        partial(empty, backend), lambda portfolio: live_through(portfolio, walk), TRADES, rounds
    )
    assert len(set(digests.values())) == 1, digests
