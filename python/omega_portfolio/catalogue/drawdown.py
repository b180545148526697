"""Definitions of drawdowns.

An episode begins at the last point that is at least as high as all before it, when the next one
is lower. It ends at the first point that is at least as high as that peak again (its recovery),
or, while it is open, at the last point.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from omega_portfolio.metric_definitions import MetricDefinition

NO_START: Final = "E_0 <= 0"

_drawdown = partial(MetricDefinition, group="drawdown")

DRAWDOWN: Final = (
    _drawdown(
        name="max_drawdown",
        kind="float",
        unit="fraction",
        formula="min(D_i)",
        convention="Signed: 0 or negative. The running peak begins with E_0, before any fill.",
        null_rule=f"there is no equity row, or {NO_START}",
    ),
    _drawdown(
        name="max_drawdown_amount",
        kind="money",
        unit="account currency",
        formula="max over i of (max(E_0..E_i) - E_i)",
        convention="Exact, 0 or positive. The largest in money, which need not be the deepest "
        "as a fraction.",
        null_rule="there is no equity row",
    ),
    _drawdown(
        name="current_drawdown",
        kind="float",
        unit="fraction",
        formula="E_n / max(E_0..E_n) - 1",
        convention="Signed: 0 or negative.",
        null_rule=f"there is no equity row, or {NO_START}",
    ),
    _drawdown(
        name="drawdown_count",
        kind="count",
        unit="drawdowns",
        formula="number of episodes",
        convention="From a peak until the equity is at least as high again, or to the end of the "
        "sample.",
        null_rule="never",
    ),
    _drawdown(
        name="average_drawdown",
        kind="float",
        unit="fraction",
        formula="mean over the episodes of the lowest D_i of each",
        convention="Signed: negative. Each episode counts once, however long it was.",
        null_rule="there is no episode",
    ),
    _drawdown(
        name="max_drawdown_duration",
        kind="duration",
        unit="seconds",
        formula="max over the episodes of t_end - t_peak",
        convention="The longest one, which need not be the deepest. From the peak to the recovery, "
        "or to the end of the sample.",
        null_rule="there is no episode",
    ),
    _drawdown(
        name="average_drawdown_duration",
        kind="duration",
        unit="seconds",
        formula="mean over the episodes of t_end - t_peak",
        convention="Rounded half-even to microseconds.",
        null_rule="there is no episode",
    ),
    _drawdown(
        name="max_drawdown_peak_time",
        kind="time",
        unit="time",
        formula="t_peak of the deepest episode",
        convention="Deepest as a fraction; the first one in a tie. The last point of the peak.",
        null_rule="there is no episode",
    ),
    _drawdown(
        name="max_drawdown_valley_time",
        kind="time",
        unit="time",
        formula="t_valley of the deepest episode",
        convention="The first time at its lowest equity.",
        null_rule="there is no episode",
    ),
    _drawdown(
        name="max_drawdown_recovery_time",
        kind="time",
        unit="time",
        formula="t_end of the deepest episode",
        convention="The first time at which the equity was at least as high as at the peak.",
        null_rule="there is no episode, or the deepest one has not recovered",
    ),
    _drawdown(
        name="time_under_water",
        kind="float",
        unit="fraction of periods",
        formula="number of D_i < 0 / n, i = 1..n",
        convention="Of the number of points, not of the time between them.",
        null_rule=f"n < 1, or {NO_START}",
    ),
    _drawdown(
        name="pain_index",
        kind="float",
        unit="fraction",
        formula="sum of |D_i| / n, i = 1..n",
        convention="Positive: a mean depth. Points at a peak count with 0.",
        null_rule=f"n < 1, or {NO_START}",
        source="Becker (Zephyr Associates)",
    ),
    _drawdown(
        name="ulcer_index",
        kind="float",
        unit="fraction",
        formula="sqrt(sum of D_i^2 / n), i = 1..n",
        convention="Positive, a fraction and not percent. Points at a peak count with 0.",
        null_rule=f"n < 1, or {NO_START}",
        source="Martin & McCann 1989 (index of 1987)",
    ),
    _drawdown(
        name="conditional_drawdown_at_risk",
        kind="float",
        unit="fraction",
        formula="mean of the c * n smallest of D_1..D_n",
        convention="Signed: 0 or negative. When c * n is no whole number, the next value counts "
        "with the fraction that is left.",
        null_rule=f"n < 1, or {NO_START}",
        source="Chekhlov, Uryasev & Zabarankin 2005",
        streaming=False,
    ),
    _drawdown(
        name="calmar_ratio",
        kind="float",
        unit="ratio",
        formula="cagr / |max_drawdown|",
        convention="Over the whole sample; strictly the MAR ratio, as Young's takes 36 months.",
        null_rule="cagr is None, or there is no drawdown",
        source="Young 1991",
    ),
    _drawdown(
        name="martin_ratio",
        kind="float",
        unit="ratio",
        formula="(cagr - rf) / ulcer_index",
        convention="Also called the ulcer performance index.",
        null_rule="cagr is None, or ulcer_index is None or 0",
        source="Martin 1987",
    ),
    _drawdown(
        name="recovery_factor",
        kind="float",
        unit="ratio",
        formula="net_profit / max_drawdown_amount",
        convention="Both in money, without compounding.",
        null_rule="net_profit is None, or there is no drawdown",
    ),
)

__all__ = ["DRAWDOWN"]
