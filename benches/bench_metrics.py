"""The metrics of a long history, and the page made of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from workload import with_history

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bench

pytestmark = pytest.mark.benchmark(disable_gc=True)


def test_calculate_metrics(bench: Bench) -> None:
    """Calculate the whole set at 100,000 equity points and 10,000 trades."""
    portfolio = with_history(rows=100_000, trades=10_000)
    metrics = bench.single(portfolio, portfolio.calculate_metrics, rounds=200)
    assert len(portfolio.get_equity_curve()) == 100_000
    assert metrics.trade_count == 10_000
    assert metrics.sharpe_ratio is not None


def test_calculate_metrics_of_a_million_points(bench: Bench) -> None:
    """Calculate the whole set at 1,000,000 equity points and 10,000 trades."""
    portfolio = with_history(rows=1_000_000, trades=10_000)
    metrics = bench.single(portfolio, portfolio.calculate_metrics, rounds=50)
    assert metrics.period_count == 1_000_000
    assert metrics.value_at_risk < 0


def test_one_metric_after_each_row(bench: Bench) -> None:
    """Read the Sharpe ratio after one more row, 100,000 rows into a history."""
    portfolio = with_history(rows=100_000, trades=10_000)
    start = portfolio.time

    def append(number: int) -> None:
        portfolio.update_equity(start + timedelta(minutes=1 + number))

    ratio = bench.single(
        portfolio, lambda: portfolio.metric("sharpe_ratio"), rounds=2_000, before=append
    )
    assert ratio is not None
    whole = portfolio.calculate_metrics()
    assert portfolio.metric("sharpe_ratio") == pytest.approx(whole.sharpe_ratio, rel=1e-9)


def test_report_of_a_million_points(bench: Bench, tmp_path: Path) -> None:
    """Write the page of 1,000,000 equity points and 10,000 trades."""
    portfolio = with_history(rows=1_000_000, trades=10_000)
    page = bench.single(portfolio, lambda: portfolio.report(tmp_path / "page.html"), rounds=5)
    assert 50_000 < page.stat().st_size < 400_000
