"""Definitions over the closed trades.

Every close is one trade, so a position that is closed in parts gives several. A trade with a net
profit of exactly 0 is neither won nor lost and ends both streaks.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from omega_portfolio.metric_definitions import MetricDefinition

NO_TRADE: Final = "there is no trade"
NOT_BOTH: Final = "no trade was won, or none was lost"
NO_COST: Final = f"{NO_TRADE}, a cost is 0, or the trades of a History have no column cost"
NO_MAE: Final = f"{NO_TRADE}, or the trades of a History have no column mae"
NO_MFE: Final = f"{NO_TRADE}, or the trades of a History have no column mfe"
NO_RISK: Final = "the stop of one is its entry_price"

_counted = partial(MetricDefinition, group="trades", kind="count", unit="trades")
_money = partial(MetricDefinition, group="trades", kind="money", unit="account currency")
_average = partial(MetricDefinition, group="trades", kind="float", unit="account currency")
_number = partial(MetricDefinition, group="trades", kind="float")
_lasting = partial(MetricDefinition, group="trades", kind="duration", unit="seconds")

TRADES: Final = (
    _counted(
        name="trade_count",
        formula="N",
        convention="Closed trades; each close is one, also of a part of a position.",
        null_rule="never",
    ),
    _counted(
        name="winning_trade_count",
        formula="number of p > 0",
        convention="After the fees of both sides.",
        null_rule="never",
    ),
    _counted(
        name="losing_trade_count",
        formula="number of p < 0",
        convention="After the fees of both sides.",
        null_rule="never",
    ),
    _counted(
        name="breakeven_trade_count",
        formula="number of p = 0",
        convention="Exactly 0: neither won nor lost, but part of N.",
        null_rule="never",
    ),
    _counted(
        name="long_trade_count",
        formula="number of trades that were long",
        convention="",
        null_rule="the trades of a History have no column side",
    ),
    _counted(
        name="short_trade_count",
        formula="number of trades that were short",
        convention="",
        null_rule="the trades of a History have no column side",
    ),
    _number(
        name="win_rate",
        unit="fraction of trades",
        formula="number of p > 0 / N",
        convention="Break-even trades count in N.",
        null_rule=NO_TRADE,
    ),
    _money(
        name="gross_profit",
        formula="sum of the p > 0",
        convention="Exact; of net profits, as everywhere in this group. 0 without such a trade.",
        null_rule="more than 38 digits",
    ),
    _money(
        name="gross_loss",
        formula="sum of the p < 0",
        convention="Exact, 0 or negative.",
        null_rule="more than 38 digits",
    ),
    _money(
        name="total_net_pnl",
        formula="sum of p",
        convention="Exact: gross_profit + gross_loss.",
        null_rule="more than 38 digits",
    ),
    _number(
        name="profit_factor",
        unit="ratio",
        formula="gross_profit / -gross_loss",
        convention="Not infinite without a loss but None; the counts tell the two cases apart.",
        null_rule="no trade was lost, or a sum has more than 38 digits",
    ),
    _average(
        name="expectancy",
        formula="mean(p)",
        convention="Money per trade.",
        null_rule=NO_TRADE,
        source="Tharp 2008",
    ),
    _average(
        name="average_win",
        formula="mean of the p > 0",
        convention="Money per winning trade.",
        null_rule="no trade was won",
    ),
    _average(
        name="average_loss",
        formula="mean of the p < 0",
        convention="Money per losing trade; negative.",
        null_rule="no trade was lost",
    ),
    _number(
        name="payoff_ratio",
        unit="ratio",
        formula="average_win / -average_loss",
        convention="",
        null_rule=NOT_BOTH,
    ),
    _money(
        name="largest_win",
        formula="max(p)",
        convention="Exact; negative when every trade was lost.",
        null_rule=NO_TRADE,
    ),
    _money(
        name="largest_loss",
        formula="min(p)",
        convention="Exact; positive when every trade was won.",
        null_rule=NO_TRADE,
    ),
    _number(
        name="average_trade_return",
        unit="fraction of cost",
        formula="mean(q)",
        convention="Cost is size * entry price * contract size: without leverage.",
        null_rule=NO_COST,
    ),
    _number(
        name="best_trade_return",
        unit="fraction of cost",
        formula="max(q)",
        convention="Cost is size * entry price * contract size: without leverage.",
        null_rule=NO_COST,
    ),
    _number(
        name="worst_trade_return",
        unit="fraction of cost",
        formula="min(q)",
        convention="Cost is size * entry price * contract size: without leverage.",
        null_rule=NO_COST,
    ),
    _number(
        name="kelly_criterion",
        unit="fraction of capital",
        formula="win_rate - (1 - win_rate) / payoff_ratio",
        convention="The bet that makes the capital grow fastest; negative where not to bet.",
        null_rule=NOT_BOTH,
        source="Kelly 1956; Thorp",
    ),
    _number(
        name="sqn",
        unit="ratio",
        formula="sqrt(N) * mean(R) / std(R), or the same with p for R",
        convention="System quality number. R when every trade had a stop at its entry, otherwise "
        "p: sqn_uses_risk says which.",
        null_rule=f"N < 2, all R (or p) are equal, or R is taken and {NO_RISK}",
        source="Tharp 2008",
    ),
    _number(
        name="sqn_100",
        unit="ratio",
        formula="sqrt(min(N, 100)) * mean(R) / std(R), or the same with p for R",
        convention="As sqn, with at most 100 trades under the root, so that long histories can be "
        "compared.",
        null_rule=f"N < 2, all R (or p) are equal, or R is taken and {NO_RISK}",
        source="Tharp 2008",
    ),
    MetricDefinition(
        name="sqn_uses_risk",
        group="trades",
        kind="flag",
        unit="flag",
        formula="every trade had a stop at its entry",
        convention="True: sqn is of R. False: it is of p. False without a trade.",
        null_rule="never",
    ),
    _number(
        name="expectancy_r",
        unit="multiple of initial risk",
        formula="mean(R)",
        convention="Over the trades that had a stop at their entry.",
        null_rule=f"no trade had a stop, {NO_RISK}, or the trades of a History lack stop_loss, "
        "cost or entry_price",
        source="Tharp 2008",
    ),
    _counted(
        name="max_consecutive_wins",
        formula="longest run of p > 0",
        convention="In the order of the closes; a break-even trade ends it.",
        null_rule="never",
    ),
    _counted(
        name="max_consecutive_losses",
        formula="longest run of p < 0",
        convention="In the order of the closes; a break-even trade ends it.",
        null_rule="never",
    ),
    _lasting(
        name="average_trade_duration",
        formula="mean of exit_time - entry_time",
        convention="Calendar time, rounded half-even to microseconds.",
        null_rule=NO_TRADE,
    ),
    _lasting(
        name="max_trade_duration",
        formula="max of exit_time - entry_time",
        convention="Calendar time.",
        null_rule=NO_TRADE,
    ),
    _lasting(
        name="min_trade_duration",
        formula="min of exit_time - entry_time",
        convention="Calendar time.",
        null_rule=NO_TRADE,
    ),
    _lasting(
        name="average_win_duration",
        formula="mean of exit_time - entry_time where p > 0",
        convention="Calendar time, rounded half-even to microseconds.",
        null_rule="no trade was won",
    ),
    _lasting(
        name="average_loss_duration",
        formula="mean of exit_time - entry_time where p < 0",
        convention="Calendar time, rounded half-even to microseconds.",
        null_rule="no trade was lost",
    ),
    _average(
        name="average_mae",
        formula="mean of mae",
        convention="Maximum adverse excursion: the worst gross result that a trade had while it "
        "was open, at the marks and at its exit, in money; 0 or negative.",
        null_rule=NO_MAE,
        source="Sweeney 1996",
    ),
    _average(
        name="average_mfe",
        formula="mean of mfe",
        convention="Maximum favourable excursion: the best gross result that a trade had while it "
        "was open, at the marks and at its exit, in money; 0 or positive.",
        null_rule=NO_MFE,
        source="Sweeney 1996",
    ),
    _money(
        name="worst_mae",
        formula="min of mae",
        convention="Exact, 0 or negative.",
        null_rule=NO_MAE,
        source="Sweeney 1996",
    ),
    _number(
        name="average_edge_ratio",
        unit="ratio",
        formula="average_mfe / -average_mae",
        convention="The ratio of the two means, not the mean of ratios.",
        null_rule="average_mae or average_mfe is None, or average_mae is 0",
        source="Sweeney 1996",
    ),
)

__all__ = ["TRADES"]
