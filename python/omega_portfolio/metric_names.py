"""The metrics as attributes, for type checkers and editors: each name with its type.

Nothing here exists at run time; :class:`omega_portfolio.Metrics` finds a name among its values.
A test compares the list with the catalogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from decimal import Decimal


class MetricNames:
    """Attributes of :class:`omega_portfolio.Metrics`, in the order of the catalogue."""

    __slots__ = ()

    if TYPE_CHECKING:
        # of sample
        start_time: datetime | None
        end_time: datetime | None
        period_count: int
        initial_equity: Decimal | None
        final_equity: Decimal | None
        ruined: bool
        short_sample: bool

        # of returns
        total_return: float | None
        net_profit: Decimal | None
        cagr: float | None
        annualized_return: float | None
        mean_return: float | None
        geometric_mean_return: float | None
        best_return: float | None
        worst_return: float | None
        positive_period_ratio: float | None
        average_positive_return: float | None
        average_negative_return: float | None
        best_month: float | None
        worst_month: float | None
        positive_month_ratio: float | None
        stability: float | None

        # of risk
        volatility: float | None
        downside_deviation: float | None
        skewness: float | None
        excess_kurtosis: float | None
        sharpe_ratio: float | None
        sharpe_ratio_std_error: float | None
        probabilistic_sharpe_ratio: float | None
        deflated_sharpe_ratio: float | None
        minimum_track_record_length: float | None
        sortino_ratio: float | None
        omega_ratio: float | None
        gain_to_pain_ratio: float | None
        value_at_risk: float | None
        expected_shortfall: float | None
        tail_ratio: float | None
        autocorrelation: float | None

        # of drawdown
        max_drawdown: float | None
        max_drawdown_amount: Decimal | None
        current_drawdown: float | None
        drawdown_count: int
        average_drawdown: float | None
        max_drawdown_duration: timedelta | None
        average_drawdown_duration: timedelta | None
        max_drawdown_peak_time: datetime | None
        max_drawdown_valley_time: datetime | None
        max_drawdown_recovery_time: datetime | None
        time_under_water: float | None
        pain_index: float | None
        ulcer_index: float | None
        conditional_drawdown_at_risk: float | None
        calmar_ratio: float | None
        martin_ratio: float | None
        recovery_factor: float | None

        # of trades
        trade_count: int
        winning_trade_count: int
        losing_trade_count: int
        breakeven_trade_count: int
        long_trade_count: int | None
        short_trade_count: int | None
        win_rate: float | None
        gross_profit: Decimal | None
        gross_loss: Decimal | None
        total_net_pnl: Decimal | None
        profit_factor: float | None
        expectancy: float | None
        average_win: float | None
        average_loss: float | None
        payoff_ratio: float | None
        largest_win: Decimal | None
        largest_loss: Decimal | None
        average_trade_return: float | None
        best_trade_return: float | None
        worst_trade_return: float | None
        kelly_criterion: float | None
        sqn: float | None
        sqn_100: float | None
        sqn_uses_risk: bool
        expectancy_r: float | None
        max_consecutive_wins: int
        max_consecutive_losses: int
        average_trade_duration: timedelta | None
        max_trade_duration: timedelta | None
        min_trade_duration: timedelta | None
        average_win_duration: timedelta | None
        average_loss_duration: timedelta | None
        average_mae: float | None
        average_mfe: float | None
        worst_mae: Decimal | None
        average_edge_ratio: float | None

        # of benchmark
        beta: float | None
        alpha: float | None
        correlation: float | None
        r_squared: float | None
        tracking_error: float | None
        information_ratio: float | None
        treynor_ratio: float | None
        up_capture: float | None
        down_capture: float | None
        up_down_capture_ratio: float | None
        batting_average: float | None
        active_return: float | None

        # of exposure
        exposure_time: float | None
        average_gross_exposure: float | None
        max_gross_exposure: float | None
        average_net_exposure: float | None
        turnover: float | None
        annualized_turnover: float | None
        total_commission: Decimal | None
        total_swap: Decimal | None
        total_slippage: Decimal | None
        cost_ratio: float | None


__all__ = ["MetricNames"]
