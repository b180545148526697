"""The whole set of metrics with the kind of each, written down once more for the tests.

Kinds: M exact money, F double, C count, T time, D duration, B flag.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

GROUPS = {
    "sample": """
        start_time T, end_time T, period_count C, initial_equity M, final_equity M, ruined B,
        short_sample B
    """,
    "returns": """
        total_return F, net_profit M, cagr F, annualized_return F, mean_return F,
        geometric_mean_return F, best_return F, worst_return F, positive_period_ratio F,
        average_positive_return F, average_negative_return F, best_month F, worst_month F,
        positive_month_ratio F, stability F
    """,
    "risk": """
        volatility F, downside_deviation F, skewness F, excess_kurtosis F, sharpe_ratio F,
        sharpe_ratio_std_error F, probabilistic_sharpe_ratio F, deflated_sharpe_ratio F,
        minimum_track_record_length F, sortino_ratio F, omega_ratio F, gain_to_pain_ratio F,
        value_at_risk F, expected_shortfall F, tail_ratio F, autocorrelation F
    """,
    "drawdown": """
        max_drawdown F, max_drawdown_amount M, current_drawdown F, drawdown_count C,
        average_drawdown F, max_drawdown_duration D, average_drawdown_duration D,
        max_drawdown_peak_time T, max_drawdown_valley_time T, max_drawdown_recovery_time T,
        time_under_water F, pain_index F, ulcer_index F, conditional_drawdown_at_risk F,
        calmar_ratio F, martin_ratio F, recovery_factor F
    """,
    "trades": """
        trade_count C, winning_trade_count C, losing_trade_count C, breakeven_trade_count C,
        long_trade_count C, short_trade_count C, win_rate F, gross_profit M, gross_loss M,
        total_net_pnl M, profit_factor F, expectancy F, average_win F, average_loss F,
        payoff_ratio F, largest_win M, largest_loss M, average_trade_return F,
        best_trade_return F, worst_trade_return F, kelly_criterion F, sqn F, sqn_100 F,
        sqn_uses_risk B, expectancy_r F, max_consecutive_wins C, max_consecutive_losses C,
        average_trade_duration D, max_trade_duration D, min_trade_duration D,
        average_win_duration D, average_loss_duration D, average_mae F, average_mfe F,
        worst_mae M, average_edge_ratio F
    """,
    "benchmark": """
        beta F, alpha F, correlation F, r_squared F, tracking_error F, information_ratio F,
        treynor_ratio F, up_capture F, down_capture F, up_down_capture_ratio F,
        batting_average F, active_return F
    """,
    "exposure": """
        exposure_time F, average_gross_exposure F, max_gross_exposure F, average_net_exposure F,
        turnover F, annualized_turnover F, total_commission M, total_swap M, total_slippage M,
        cost_ratio F
    """,
}
TYPES = {"M": Decimal, "F": float, "C": int, "T": datetime, "D": timedelta, "B": bool}


def _pairs(group: str) -> list[tuple[str, str]]:
    return [(entry.split()[0], entry.split()[1]) for entry in GROUPS[group].split(",")]


KINDS = {name: kind for group in GROUPS for name, kind in _pairs(group)}
NAMES = tuple(KINDS)


def names_of(*groups: str) -> set[str]:
    return {name for group in groups for name, _ in _pairs(group)}
