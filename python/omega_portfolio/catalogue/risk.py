"""Definitions of risk and of return per risk."""

from __future__ import annotations

from functools import partial
from typing import Final

from omega_portfolio.catalogue.returns import RUINED
from omega_portfolio.metric_definitions import MetricDefinition

_risk = partial(MetricDefinition, group="risk", kind="float")

RISK: Final = (
    _risk(
        name="volatility",
        unit="fraction per year",
        formula="std(r) * sqrt(P)",
        convention="Sample standard deviation (ddof = 1), annualised by the square root of time.",
        null_rule=f"n < 2, or {RUINED}",
    ),
    _risk(
        name="downside_deviation",
        unit="fraction per year",
        formula="sqrt(mean(min(r - mar_p, 0)^2)) * sqrt(P), with mar_p = 0 when mar is not given",
        convention="The mean is over all n periods, not over the losing ones. The target is mar "
        "when it is given and 0 otherwise, whatever the risk-free rate: another one than that of "
        "sortino_ratio. 0 when no return is below the target.",
        null_rule=f"n < 1, or {RUINED}",
        source="Sortino & van der Meer 1991",
    ),
    _risk(
        name="skewness",
        unit="ratio",
        formula="g1 * sqrt(n * (n - 1)) / (n - 2)",
        convention="The adjusted estimator G1, as in pandas and as scipy with bias=False.",
        null_rule=f"n < 3, all r are equal, or {RUINED}",
        source="Joanes & Gill 1998",
    ),
    _risk(
        name="excess_kurtosis",
        unit="ratio",
        formula="((n + 1) * (g2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))",
        convention="The adjusted estimator G2; 0 for a normal distribution.",
        null_rule=f"n < 4, all r are equal, or {RUINED}",
        source="Joanes & Gill 1998",
    ),
    _risk(
        name="sharpe_ratio",
        unit="ratio, annualised",
        formula="mean(r - rf_p) / std(r) * sqrt(P)",
        convention="Arithmetic mean, ddof = 1; the annual risk-free rate becomes one of a period "
        "geometrically.",
        null_rule=f"n < 2, all r are equal, or {RUINED}",
        source="Sharpe 1994",
    ),
    _risk(
        name="sharpe_ratio_std_error",
        unit="ratio, annualised",
        formula="sqrt(v / (n - 1)) * sqrt(P)",
        convention="Standard error of sharpe_ratio with the skewness and kurtosis of r, both by "
        "population moments.",
        null_rule=f"n < 3, all r are equal, v < 0, or {RUINED}",
        source="Lo 2002; Mertens 2002",
    ),
    _risk(
        name="probabilistic_sharpe_ratio",
        unit="probability",
        formula="F(s * sqrt(n - 1) / sqrt(v))",
        convention="Probability that the true Sharpe ratio is above 0; s is per period.",
        null_rule=f"n < 3, all r are equal, v <= 0, or {RUINED}",
        source="Bailey & Lopez de Prado 2012",
    ),
    _risk(
        name="deflated_sharpe_ratio",
        unit="probability",
        formula="F((s - s_0) * sqrt(n - 1) / sqrt(v)), s_0 = sqrt(var(trials) / P) * "
        "((1 - 0.5772156649) * Z(1 - 1/K) + 0.5772156649 * Z(1 - 1/(K * 2.7182818285)))",
        convention="Probability that the true Sharpe ratio is above s_0, the best that is to be "
        "expected of K trials without skill. trials are the annualised Sharpe ratios of all K "
        "trials, their variance has ddof = 1.",
        null_rule=f"no trials, K < 2, n < 3, all r are equal, v <= 0, or {RUINED}",
        source="Bailey & Lopez de Prado 2014",
    ),
    _risk(
        name="minimum_track_record_length",
        unit="periods",
        formula="1 + v * (Z(1 - c) / s)^2",
        convention="Number of periods after which probabilistic_sharpe_ratio is 1 - c, if the "
        "returns go on like this. Not rounded.",
        null_rule=f"n < 3, all r are equal, s <= 0, or {RUINED}",
        source="Bailey & Lopez de Prado 2012",
    ),
    _risk(
        name="sortino_ratio",
        unit="ratio, annualised",
        formula="(mean(r) - mar_p) / sqrt(mean(min(r - mar_p, 0)^2)) * sqrt(P)",
        convention="The denominator is over all n periods, not over the losing ones. Its target is "
        "mar, or the risk-free rate when mar is not given.",
        null_rule=f"no r < mar_p, or {RUINED}",
        source="Sortino & van der Meer 1991",
    ),
    _risk(
        name="omega_ratio",
        unit="ratio",
        formula="sum of max(r - mar_p, 0) / sum of max(mar_p - r, 0)",
        convention="The threshold is the minimum acceptable return of one period: that of mar, or "
        "of the risk-free rate when mar is not given.",
        null_rule=f"no r < mar_p, or {RUINED}",
        source="Keating & Shadwick 2002",
    ),
    _risk(
        name="gain_to_pain_ratio",
        unit="ratio",
        formula="sum of m / |sum of the m < 0|",
        convention="On compounded months, as its author has it, whatever the period.",
        null_rule=f"no m < 0, or {RUINED}",
        source="Schwager 2012",
    ),
    _risk(
        name="value_at_risk",
        unit="fraction per period",
        formula="quantile of r at c",
        convention="Historical, of one period, signed as a return: a loss is negative. The "
        "quantile is of type 7, between neighbours in proportion.",
        null_rule=f"n < 1, or {RUINED}",
        source="Hyndman & Fan 1996",
        streaming=False,
    ),
    _risk(
        name="expected_shortfall",
        unit="fraction per period",
        formula="mean of the c * n smallest r",
        convention="Historical, of one period, signed as a return. When c * n is no whole number, "
        "the next return counts with the fraction that is left.",
        null_rule=f"n < 1, or {RUINED}",
        source="Acerbi & Tasche 2002; Rockafellar & Uryasev 2002",
        streaming=False,
    ),
    _risk(
        name="tail_ratio",
        unit="ratio",
        formula="|quantile of r at 1 - c| / |quantile of r at c|",
        convention="Quantiles of type 7. Above 1 the gains in the tail are larger than the losses.",
        null_rule=f"n < 1, the quantile at c is 0, or {RUINED}",
        source="Hyndman & Fan 1996 (quantiles)",
        streaming=False,
    ),
    _risk(
        name="autocorrelation",
        unit="ratio",
        formula="correlation of r_i and r_(i+1), i = 1..n-1",
        convention="Pearson's correlation of each return with the next one (lag 1).",
        null_rule=f"n < 3, one of the two series is flat, or {RUINED}",
        source="Lo 2002",
    ),
)

__all__ = ["RISK"]
