"""Definitions against a benchmark.

Its level at a point is that of its last row at or before the time of the point, so the two need
not have the same times.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from omega_portfolio.metric_definitions import MetricDefinition

NONE: Final = "there is no benchmark, n < 1, or the equity was not always above 0"

_benchmark = partial(MetricDefinition, group="benchmark", kind="float")

BENCHMARK: Final = (
    _benchmark(
        name="beta",
        unit="ratio",
        formula="cov(r, b) / var(b)",
        convention="On the returns themselves, not on those above the risk-free rate.",
        null_rule=f"n < 2, all b are equal; {NONE}",
        source="Sharpe 1964",
    ),
    _benchmark(
        name="alpha",
        unit="fraction per year",
        formula="(1 + mean(r - rf_p) - beta * mean(b - rf_p))^P - 1",
        convention="Jensen's alpha of one period, annualised geometrically.",
        null_rule=f"beta is None, or what is to be raised to P is below 0; {NONE}",
        source="Jensen 1968",
    ),
    _benchmark(
        name="correlation",
        unit="ratio",
        formula="cov(r, b) / (std(r) * std(b))",
        convention="Pearson's.",
        null_rule=f"n < 2, all r or all b are equal; {NONE}",
    ),
    _benchmark(
        name="r_squared",
        unit="ratio",
        formula="correlation^2",
        convention="Share of the variance of r that b explains.",
        null_rule=f"correlation is None; {NONE}",
    ),
    _benchmark(
        name="tracking_error",
        unit="fraction per year",
        formula="std(r - b) * sqrt(P)",
        convention="ddof = 1, annualised by the square root of time.",
        null_rule=f"n < 2; {NONE}",
        source="Grinold & Kahn",
    ),
    _benchmark(
        name="information_ratio",
        unit="ratio, annualised",
        formula="mean(r - b) / std(r - b) * sqrt(P)",
        convention="Arithmetic mean, ddof = 1, annualised.",
        null_rule=f"n < 2, all r - b are equal; {NONE}",
        source="Goodwin 1998",
    ),
    _benchmark(
        name="treynor_ratio",
        unit="fraction per year and unit of beta",
        formula="(annualized_return - rf) / beta",
        convention="The annualised return is geometric, by periods.",
        null_rule=f"beta or annualized_return is None, or beta is 0; {NONE}",
        source="Treynor 1965",
    ),
    _benchmark(
        name="up_capture",
        unit="ratio",
        formula="g(r) / g(b), g(z) = (product of 1 + z)^(P / k) - 1 over the k periods with b > 0",
        convention="Ratio of geometric annual returns; 1 is as much as the benchmark.",
        null_rule=f"no b > 0, g(b) is 0, or one of the two is beyond the range of a double; {NONE}",
        source="Morningstar",
    ),
    _benchmark(
        name="down_capture",
        unit="ratio",
        formula="g(r) / g(b), g(z) = (product of 1 + z)^(P / k) - 1 over the k periods with b < 0",
        convention="Ratio of geometric annual returns; below 1 is a smaller loss than the "
        "benchmark's, negative a gain.",
        null_rule=f"no b < 0, g(b) is 0, or one of the two is beyond the range of a double; {NONE}",
        source="Morningstar",
    ),
    _benchmark(
        name="up_down_capture_ratio",
        unit="ratio",
        formula="up_capture / down_capture",
        convention="",
        null_rule=f"one of the two is None, or down_capture is 0; {NONE}",
        source="Morningstar",
    ),
    _benchmark(
        name="batting_average",
        unit="fraction of periods",
        formula="number of r > b / n",
        convention="Periods in which both were equal count in n only.",
        null_rule=NONE,
    ),
    _benchmark(
        name="active_return",
        unit="fraction per year",
        formula="annualized_return - ((B_n / B_0)^(P / n) - 1)",
        convention="Difference of geometric annual returns, by periods.",
        null_rule=f"annualized_return is None; {NONE}",
    ),
)

__all__ = ["BENCHMARK"]
