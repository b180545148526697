"""Definitions of the sample and of returns."""

from __future__ import annotations

from functools import partial
from typing import Final

from omega_portfolio.metric_definitions import MetricDefinition

RUINED: Final = "the equity was not always above 0"

_sample = partial(MetricDefinition, group="sample")
_returns = partial(MetricDefinition, group="returns")

SAMPLE: Final = (
    _sample(
        name="start_time",
        kind="time",
        unit="time",
        formula="t_0",
        convention="Portfolio: the time of the first event. History: the first time of its frame.",
        null_rule="there is no equity row",
    ),
    _sample(
        name="end_time",
        kind="time",
        unit="time",
        formula="t_n",
        convention="The time of the last equity row that counts.",
        null_rule="there is no equity row",
    ),
    _sample(
        name="period_count",
        kind="count",
        unit="periods",
        formula="n",
        convention="Points less one, after resampling; of rows with one time the last counts.",
        null_rule="never; 0 without an equity row",
    ),
    _sample(
        name="initial_equity",
        kind="money",
        unit="account currency",
        formula="E_0",
        convention="Portfolio: the initial balance, before any fill. History: initial_balance "
        "where it is given, otherwise the first equity.",
        null_rule="there is no equity row",
    ),
    _sample(
        name="final_equity",
        kind="money",
        unit="account currency",
        formula="E_n",
        convention="The last equity row, open positions at their marks.",
        null_rule="there is no equity row",
    ),
    _sample(
        name="ruined",
        kind="flag",
        unit="flag",
        formula="some E_i <= 0",
        convention="True leaves everything that is made of single returns without a value; money "
        "and drawdowns are still given. Of the points that resample leaves: a day that only dips "
        "below 0 is not ruined at its close.",
        null_rule="never; False without an equity row",
    ),
    _sample(
        name="short_sample",
        kind="flag",
        unit="flag",
        formula="t_n - t_0 < 31557600 seconds",
        convention="Under one year of 365.25 days. GIPS forbids annualising the return of such a "
        "sample: the figures are given, and this says with how much care to read them.",
        null_rule="never; False without an equity row",
        source="GIPS Standards (CFA Institute)",
    ),
)

RETURNS: Final = (
    _returns(
        name="total_return",
        kind="float",
        unit="fraction",
        formula="E_n / E_0 - 1",
        convention="Over the whole sample, not annualised. Deposits and withdrawals are not "
        "taken out: see net_profit.",
        null_rule="n < 1, or E_0 <= 0",
    ),
    _returns(
        name="net_profit",
        kind="money",
        unit="account currency",
        formula="E_n - E_0 - deposits + withdrawals",
        convention="Exact. All deposits and withdrawals of the account; a History has none.",
        null_rule="n < 1, or more than 38 digits",
    ),
    _returns(
        name="cagr",
        kind="float",
        unit="fraction per year",
        formula="(E_n / E_0)^(31557600 seconds / (t_n - t_0)) - 1",
        convention="By calendar time, a year of 365.25 days. annualized_return counts periods "
        "instead.",
        null_rule="t_n = t_0, E_0 <= 0, or E_n <= 0",
        source="GIPS Standards (CFA Institute)",
    ),
    _returns(
        name="annualized_return",
        kind="float",
        unit="fraction per year",
        formula="(E_n / E_0)^(P / n) - 1",
        convention="By the number of periods, geometric. cagr goes by the calendar instead.",
        null_rule="n < 1, E_0 <= 0, or E_n <= 0",
        source="CFA Institute",
    ),
    _returns(
        name="mean_return",
        kind="float",
        unit="fraction per period",
        formula="mean(r)",
        convention="Arithmetic, per period, not annualised.",
        null_rule=f"n < 1, or {RUINED}",
    ),
    _returns(
        name="geometric_mean_return",
        kind="float",
        unit="fraction per period",
        formula="(E_n / E_0)^(1 / n) - 1",
        convention="Per period, not annualised.",
        null_rule="n < 1, E_0 <= 0, or E_n <= 0",
    ),
    _returns(
        name="best_return",
        kind="float",
        unit="fraction per period",
        formula="max(r)",
        convention="Of one period.",
        null_rule=f"n < 1, or {RUINED}",
    ),
    _returns(
        name="worst_return",
        kind="float",
        unit="fraction per period",
        formula="min(r)",
        convention="Of one period; negative when there was a loss.",
        null_rule=f"n < 1, or {RUINED}",
    ),
    _returns(
        name="positive_period_ratio",
        kind="float",
        unit="fraction of periods",
        formula="number of r > 0 / n",
        convention="Periods with a return of 0 count in n.",
        null_rule=f"n < 1, or {RUINED}",
    ),
    _returns(
        name="average_positive_return",
        kind="float",
        unit="fraction per period",
        formula="mean of the r > 0",
        convention="Per period.",
        null_rule=f"no r > 0, or {RUINED}",
    ),
    _returns(
        name="average_negative_return",
        kind="float",
        unit="fraction per period",
        formula="mean of the r < 0",
        convention="Per period; negative.",
        null_rule=f"no r < 0, or {RUINED}",
    ),
    _returns(
        name="best_month",
        kind="float",
        unit="fraction per month",
        formula="max(m)",
        convention="Compounded within calendar months (UTC); the first month begins with E_0.",
        null_rule=f"n < 1, or {RUINED}",
    ),
    _returns(
        name="worst_month",
        kind="float",
        unit="fraction per month",
        formula="min(m)",
        convention="Compounded within calendar months (UTC); the first month begins with E_0.",
        null_rule=f"n < 1, or {RUINED}",
    ),
    _returns(
        name="positive_month_ratio",
        kind="float",
        unit="fraction of months",
        formula="number of m > 0 / number of m",
        convention="Calendar months (UTC) that hold at least one return.",
        null_rule=f"n < 1, or {RUINED}",
    ),
    _returns(
        name="stability",
        kind="float",
        unit="ratio",
        formula="squared correlation of i and ln(E_i / E_0), i = 1..n",
        convention="R squared of a straight line through the logarithm of the growth; 1 is a "
        "perfectly even growth (or fall).",
        null_rule=f"n < 2, a flat curve, or {RUINED}",
    ),
)

__all__ = ["RETURNS", "RUINED", "SAMPLE"]
