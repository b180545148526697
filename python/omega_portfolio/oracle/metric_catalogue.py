"""All metrics in the order of SPEC section 8, from one history."""

from __future__ import annotations

from typing import Final

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle.metric_benchmark import benchmark
from omega_portfolio.oracle.metric_curve import Curve
from omega_portfolio.oracle.metric_drawdowns import drawdown
from omega_portfolio.oracle.metric_exposure import exposure
from omega_portfolio.oracle.metric_numbers import Value
from omega_portfolio.oracle.metric_parameters import Parameters
from omega_portfolio.oracle.metric_record import Record
from omega_portfolio.oracle.metric_returns import returns, sample
from omega_portfolio.oracle.metric_risk import risk
from omega_portfolio.oracle.metric_trades import trades

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "sample": (
        "start_time",
        "end_time",
        "period_count",
        "initial_equity",
        "final_equity",
        "ruined",
        "short_sample",
    ),
    "returns": (
        "total_return",
        "net_profit",
        "cagr",
        "annualized_return",
        "mean_return",
        "geometric_mean_return",
        "best_return",
        "worst_return",
        "positive_period_ratio",
        "average_positive_return",
        "average_negative_return",
        "best_month",
        "worst_month",
        "positive_month_ratio",
        "stability",
    ),
    "risk": (
        "volatility",
        "downside_deviation",
        "skewness",
        "excess_kurtosis",
        "sharpe_ratio",
        "sharpe_ratio_std_error",
        "probabilistic_sharpe_ratio",
        "deflated_sharpe_ratio",
        "minimum_track_record_length",
        "sortino_ratio",
        "omega_ratio",
        "gain_to_pain_ratio",
        "value_at_risk",
        "expected_shortfall",
        "tail_ratio",
        "autocorrelation",
    ),
    "drawdown": (
        "max_drawdown",
        "max_drawdown_amount",
        "current_drawdown",
        "drawdown_count",
        "average_drawdown",
        "max_drawdown_duration",
        "average_drawdown_duration",
        "max_drawdown_peak_time",
        "max_drawdown_valley_time",
        "max_drawdown_recovery_time",
        "time_under_water",
        "pain_index",
        "ulcer_index",
        "conditional_drawdown_at_risk",
        "calmar_ratio",
        "martin_ratio",
        "recovery_factor",
    ),
    "trades": (
        "trade_count",
        "winning_trade_count",
        "losing_trade_count",
        "breakeven_trade_count",
        "long_trade_count",
        "short_trade_count",
        "win_rate",
        "gross_profit",
        "gross_loss",
        "total_net_pnl",
        "profit_factor",
        "expectancy",
        "average_win",
        "average_loss",
        "payoff_ratio",
        "largest_win",
        "largest_loss",
        "average_trade_return",
        "best_trade_return",
        "worst_trade_return",
        "kelly_criterion",
        "sqn",
        "sqn_100",
        "sqn_uses_risk",
        "expectancy_r",
        "max_consecutive_wins",
        "max_consecutive_losses",
        "average_trade_duration",
        "max_trade_duration",
        "min_trade_duration",
        "average_win_duration",
        "average_loss_duration",
        "average_mae",
        "average_mfe",
        "worst_mae",
        "average_edge_ratio",
    ),
    "benchmark": (
        "beta",
        "alpha",
        "correlation",
        "r_squared",
        "tracking_error",
        "information_ratio",
        "treynor_ratio",
        "up_capture",
        "down_capture",
        "up_down_capture_ratio",
        "batting_average",
        "active_return",
    ),
    "exposure": (
        "exposure_time",
        "average_gross_exposure",
        "max_gross_exposure",
        "average_net_exposure",
        "turnover",
        "annualized_turnover",
        "total_commission",
        "total_swap",
        "total_slippage",
        "cost_ratio",
    ),
}
"""The names of the metrics by group."""

NAMES: Final = tuple(name for names in GROUPS.values() for name in names)
"""The names of all metrics, in order."""


def metrics_of(record: Record, parameters: Parameters) -> dict[str, Value]:
    """Compute all metrics.

    Raises
    ------
    InvalidFrame
        The benchmark begins after the history.
    """
    curve = Curve(record, parameters.resample)
    found = {
        **sample(record, curve),
        **returns(record, curve, parameters.rates.periods),
        **risk(curve, parameters),
        **drawdown(record, curve, parameters),
        **trades(record),
        **benchmark(curve, parameters),
        **exposure(record, curve),
    }
    # A group leaves out what it has no input for.
    return {name: found.get(name) for name in NAMES}


def check_name(name: object) -> str:
    """Take the name of a metric.

    Raises
    ------
    InvalidArgument
        There is no such metric.
    """
    if isinstance(name, str) and name in NAMES:
        return name
    raise InvalidArgument(
        "name", describe(name), "is not the name of a metric", f"choose from {', '.join(NAMES)}"
    )
