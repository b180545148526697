"""Definitions of exposure, turnover and costs."""

from __future__ import annotations

from functools import partial
from typing import Final

from omega_portfolio.metric_definitions import MetricDefinition

NO_EXPOSURE: Final = (
    "there is no equity row, the equity was not always above 0, or the frame of a History "
    "has no such column"
)
NO_TURNOVER: Final = (
    "there is no equity row, the equity was not always above 0, or the trades of a History "
    "lack cost, gross_pnl or side"
)

_exposure = partial(MetricDefinition, group="exposure", kind="float")
_costs = partial(MetricDefinition, group="exposure", kind="money", unit="account currency")

EXPOSURE: Final = (
    _exposure(
        name="exposure_time",
        unit="fraction of time",
        formula="time with an open position / (t_n - t_0)",
        convention="By the times of the fills, not by equity rows. Positions that overlap count "
        "once.",
        null_rule="t_n = t_0, or there is no equity row",
    ),
    _exposure(
        name="average_gross_exposure",
        unit="fraction of equity",
        formula="mean(G_i / E_i), i = 0..n",
        convention="Longs at the bid and shorts at the ask, both positive. 0 at a starting "
        "balance.",
        null_rule=NO_EXPOSURE,
    ),
    _exposure(
        name="max_gross_exposure",
        unit="fraction of equity",
        formula="max(G_i / E_i), i = 0..n",
        convention="At the points only, not between them.",
        null_rule=NO_EXPOSURE,
    ),
    _exposure(
        name="average_net_exposure",
        unit="fraction of equity",
        formula="mean(X_i / E_i), i = 0..n",
        convention="Negative when the shorts outweigh the longs.",
        null_rule=NO_EXPOSURE,
    ),
    _exposure(
        name="turnover",
        unit="multiple of equity",
        formula="sum over fills of notional / E_i, i = the first row at or after the fill",
        convention="Both sides of a trade count. Each fill counts with the equity at the end of "
        "its period; fills behind t_n do not count. For days, thin the curve: resample='1d'.",
        null_rule=NO_TURNOVER,
    ),
    _exposure(
        name="annualized_turnover",
        unit="multiple of equity per year",
        formula="turnover / ((t_n - t_0) / 31557600 seconds)",
        convention="By calendar time, a year of 365.25 days.",
        null_rule="turnover is None, or t_n = t_0",
    ),
    _costs(
        name="total_commission",
        formula="sum of all fees",
        convention="Exact; costs are positive, rebates negative. Portfolio: every fee charged, "
        "those of open positions and of the account included. History: entry_fee + exit_fee of "
        "its trades.",
        null_rule="more than 38 digits, or the trades of a History lack entry_fee or exit_fee",
    ),
    _costs(
        name="total_swap",
        formula="sum of all swaps",
        convention="Exact; negative is paid. Portfolio: those of its trades and of its open "
        "positions. History: the column swap of its trades, 0 without one.",
        null_rule="more than 38 digits",
    ),
    _costs(
        name="total_slippage",
        formula="sum over the fills of what was lost against the price before slippage",
        convention="Exact and never negative. Portfolio: the slippage of its trades, which is "
        "part of their gross_pnl. History: the column slippage of its trades.",
        null_rule="more than 38 digits, or the trades of a History have no column slippage",
    ),
    _exposure(
        name="cost_ratio",
        unit="fraction of gross profit",
        formula="(total_commission - total_swap) / sum of the gross_pnl > 0",
        convention="Against the profits of winning trades before costs.",
        null_rule="no trade has a gross_pnl > 0, total_commission or total_swap is None, or the "
        "trades of a History have no column gross_pnl",
    ),
)

__all__ = ["EXPOSURE"]
