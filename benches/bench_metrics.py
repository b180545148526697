"""The metrics of a long history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workload import with_history

if TYPE_CHECKING:
    from conftest import Bench

pytestmark = pytest.mark.benchmark(disable_gc=True)


def test_calculate_metrics(bench: Bench) -> None:
    """Calculate the whole set at 100,000 equity points and 10,000 trades."""
    portfolio = with_history(rows=100_000, trades=10_000)
    metrics = bench.single(portfolio, portfolio.calculate_metrics, rounds=200)
    assert len(portfolio.get_equity_curve()) == 100_000
    assert metrics.trade_count == 10_000
    assert metrics.sharpe_ratio is not None
