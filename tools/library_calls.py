"""The calls of other libraries that this package is compared with.

Nothing of those libraries is used by the package. ``compare_libraries.py`` makes the calls and
files what came out; a test makes them again where the libraries are installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES: Final = {
    "empyrical-reloaded": "empyrical",
    "quantstats": "quantstats",
    "ffn": "ffn",
    "vectorbt": "vectorbt",
    "scipy": "scipy",
    "pandas": "pandas",
    "backtesting": "backtesting",
}
"""Distribution and the module that it is imported as."""


@dataclass(frozen=True)
class Curve:
    """An equity curve and the parameters of a comparison."""

    close: pd.Series
    periods: int = 252
    rate: float = 0.0

    @cached_property
    def r(self) -> pd.Series:
        """The simple returns."""
        return self.close.pct_change().iloc[1:]

    @property
    def a_period(self) -> float:
        """The risk-free rate of one period."""
        return float((1 + self.rate) ** (1 / self.periods) - 1)


@dataclass(frozen=True)
class Call:
    """A call that a library answers for one of our metrics; ``differs`` says what is not ours."""

    metric: str
    library: str
    text: str
    run: Callable[[Any, Curve], float]
    differs: str = ""

    def answer(self, curve: Curve) -> float:
        """Make the call."""
        return float(self.run(import_module(MODULES[self.library]), curve))


def _first(library: str, rows: list[tuple[Any, ...]]) -> list[Call]:
    return [Call(metric, library, text, run, *differs) for metric, text, run, *differs in rows]


EMPYRICAL: Final = _first(
    "empyrical-reloaded",
    [
        ("total_return", "cum_returns_final(r)", lambda m, c: m.cum_returns_final(c.r)),
        ("annualized_return", "annual_return(r, annualization=P)",
         lambda m, c: m.annual_return(c.r, annualization=c.periods)),
        ("volatility", "annual_volatility(r, annualization=P)",
         lambda m, c: m.annual_volatility(c.r, annualization=c.periods)),
        ("stability", "stability_of_timeseries(r)", lambda m, c: m.stability_of_timeseries(c.r)),
        ("sharpe_ratio", "sharpe_ratio(r, risk_free=rf_p, annualization=P)",
         lambda m, c: m.sharpe_ratio(c.r, risk_free=c.a_period, annualization=c.periods)),
        ("sortino_ratio", "sortino_ratio(r, required_return=rf_p, annualization=P)",
         lambda m, c: m.sortino_ratio(c.r, required_return=c.a_period, annualization=c.periods)),
        ("omega_ratio", "omega_ratio(r, required_return=rf, annualization=P)",
         lambda m, c: m.omega_ratio(c.r, required_return=c.rate, annualization=c.periods)),
        ("max_drawdown", "max_drawdown(r)", lambda m, c: m.max_drawdown(c.r)),
        ("value_at_risk", "value_at_risk(r, 0.05)", lambda m, c: m.value_at_risk(c.r, 0.05)),
        ("tail_ratio", "tail_ratio(r)", lambda m, c: m.tail_ratio(c.r)),
        ("expected_shortfall", "conditional_value_at_risk(r, 0.05)",
         lambda m, c: m.conditional_value_at_risk(c.r, 0.05),
         "mean of the int(0.05 (n - 1)) + 1 lowest returns, without a fraction"),
        ("calmar_ratio", "calmar_ratio(r, annualization=P)",
         lambda m, c: m.calmar_ratio(c.r, annualization=c.periods),
         "growth by periods and not by the calendar"),
    ],
)  # fmt: skip

QUANTSTATS: Final = _first(
    "quantstats",
    [
        ("total_return", "stats.comp(r)", lambda m, c: m.stats.comp(c.r)),
        ("annualized_return", "stats.cagr(r, periods=P)",
         lambda m, c: m.stats.cagr(c.r, periods=c.periods)),
        ("best_return", "stats.best(r)", lambda m, c: m.stats.best(c.r)),
        ("worst_return", "stats.worst(r)", lambda m, c: m.stats.worst(c.r)),
        ("average_positive_return", "stats.avg_win(r)", lambda m, c: m.stats.avg_win(c.r)),
        ("average_negative_return", "stats.avg_loss(r)", lambda m, c: m.stats.avg_loss(c.r)),
        ("volatility", "stats.volatility(r, periods=P)",
         lambda m, c: m.stats.volatility(c.r, periods=c.periods)),
        ("sharpe_ratio", "stats.sharpe(r, rf=rf, periods=P)",
         lambda m, c: m.stats.sharpe(c.r, rf=c.rate, periods=c.periods)),
        ("sortino_ratio", "stats.sortino(r, rf=rf, periods=P)",
         lambda m, c: m.stats.sortino(c.r, rf=c.rate, periods=c.periods)),
        ("omega_ratio", "stats.omega(r, required_return=rf, periods=P)",
         lambda m, c: m.stats.omega(c.r, required_return=c.rate, periods=c.periods)),
        ("max_drawdown", "stats.max_drawdown(r)", lambda m, c: m.stats.max_drawdown(c.r)),
        ("tail_ratio", "stats.tail_ratio(r)", lambda m, c: m.stats.tail_ratio(c.r)),
        ("positive_period_ratio", "stats.win_rate(r)", lambda m, c: m.stats.win_rate(c.r),
         "returns of zero are left out of the denominator"),
        ("gain_to_pain_ratio", "stats.gain_to_pain_ratio(r)",
         lambda m, c: m.stats.gain_to_pain_ratio(c.r), "sums of days and not of months"),
        ("value_at_risk", "stats.value_at_risk(r)", lambda m, c: m.stats.value_at_risk(c.r),
         "of a normal distribution"),
        ("expected_shortfall", "stats.cvar(r)", lambda m, c: m.stats.cvar(c.r),
         "of a normal distribution"),
        ("ulcer_index", "stats.ulcer_index(r)", lambda m, c: m.stats.ulcer_index(c.r),
         "denominator n - 1"),
        ("calmar_ratio", "stats.calmar(r, periods=P)",
         lambda m, c: m.stats.calmar(c.r, periods=c.periods),
         "growth by periods and not by the calendar"),
        ("recovery_factor", "stats.recovery_factor(r)",
         lambda m, c: m.stats.recovery_factor(c.r),
         "sum of simple returns over the deepest fraction, and not money over money"),
        ("probabilistic_sharpe_ratio", "stats.probabilistic_sharpe_ratio(r, rf=rf, periods=P)",
         lambda m, c: m.stats.probabilistic_sharpe_ratio(c.r, rf=c.rate, periods=c.periods),
         "bias-corrected moments where the paper has those of the sample"),
    ],
)  # fmt: skip

FFN: Final = _first(
    "ffn",
    [
        ("total_return", "calc_total_return(E)", lambda m, c: m.calc_total_return(c.close)),
        ("cagr", "calc_cagr(E)", lambda m, c: m.calc_cagr(c.close)),
        ("sharpe_ratio", "calc_sharpe(r, rf=rf, nperiods=P)",
         lambda m, c: m.calc_sharpe(c.r, rf=c.rate, nperiods=c.periods)),
        ("sortino_ratio", "calc_sortino_ratio(r, rf=rf, nperiods=P)",
         lambda m, c: m.calc_sortino_ratio(c.r, rf=c.rate, nperiods=c.periods)),
        ("max_drawdown", "calc_max_drawdown(E)", lambda m, c: m.calc_max_drawdown(c.close)),
        ("calmar_ratio", "calc_calmar_ratio(E)", lambda m, c: m.calc_calmar_ratio(c.close)),
        ("ulcer_index", "to_ulcer_index(E) / 100", lambda m, c: m.to_ulcer_index(c.close) / 100,
         "mean over n + 1 points"),
    ],
)  # fmt: skip

VECTORBT: Final = _first(
    "vectorbt",
    [
        ("total_return", "returns.nb.cum_returns_final_1d_nb(r)",
         lambda m, c: m.returns.nb.cum_returns_final_1d_nb(c.r.to_numpy())),
        ("annualized_return", "returns.nb.annualized_return_1d_nb(r, P)",
         lambda m, c: m.returns.nb.annualized_return_1d_nb(c.r.to_numpy(), c.periods)),
        ("volatility", "returns.nb.annualized_volatility_1d_nb(r, P, 2.0, 1)",
         lambda m, c: m.returns.nb.annualized_volatility_1d_nb(c.r.to_numpy(), c.periods, 2.0, 1)),
        ("sharpe_ratio", "returns.nb.sharpe_ratio_1d_nb(r, P, rf_p, 1)",
         lambda m, c: m.returns.nb.sharpe_ratio_1d_nb(c.r.to_numpy(), c.periods, c.a_period, 1)),
        ("sortino_ratio", "returns.nb.sortino_ratio_1d_nb(r, P, rf_p)",
         lambda m, c: m.returns.nb.sortino_ratio_1d_nb(c.r.to_numpy().copy(), c.periods,
                                                       c.a_period)),
        ("omega_ratio", "returns.nb.omega_ratio_1d_nb(r, P, 0.0, rf)",
         lambda m, c: m.returns.nb.omega_ratio_1d_nb(c.r.to_numpy(), c.periods, 0.0, c.rate)),
        ("max_drawdown", "returns.nb.max_drawdown_1d_nb(r)",
         lambda m, c: m.returns.nb.max_drawdown_1d_nb(c.r.to_numpy()),
         "the starting balance is left out of the peak"),
        ("ulcer_index", "returns.nb.ulcer_index_1d_nb(r)",
         lambda m, c: m.returns.nb.ulcer_index_1d_nb(c.r.to_numpy()),
         "the starting balance is left out of the peak"),
        ("expected_shortfall", "returns.nb.cond_value_at_risk_1d_nb(r, 0.05)",
         lambda m, c: m.returns.nb.cond_value_at_risk_1d_nb(c.r.to_numpy(), 0.05),
         "mean of the int(0.05 (n - 1)) + 1 lowest returns, without a fraction"),
        ("calmar_ratio", "returns.nb.calmar_ratio_1d_nb(r, P)",
         lambda m, c: m.returns.nb.calmar_ratio_1d_nb(c.r.to_numpy(), c.periods),
         "growth by periods; the starting balance is left out of the peak"),
    ],
)  # fmt: skip

OTHERS: Final = [
    Call("skewness", "scipy", "stats.skew(r, bias=False)",
         lambda _, c: import_module("scipy.stats").skew(c.r, bias=False)),
    Call("excess_kurtosis", "scipy", "stats.kurtosis(r, bias=False)",
         lambda _, c: import_module("scipy.stats").kurtosis(c.r, bias=False)),
    Call("autocorrelation", "pandas", "r.autocorr(1)", lambda _, c: c.r.autocorr(1)),
    Call("cagr", "backtesting", "_stats.compute_stats([], E)['CAGR [%]'] / 100",
         lambda _, c: _backtesting(c)["CAGR [%]"] / 100),
    Call("max_drawdown", "backtesting", "_stats.compute_stats([], E)['Max. Drawdown [%]'] / 100",
         lambda _, c: _backtesting(c)["Max. Drawdown [%]"] / 100),
    Call("calmar_ratio", "backtesting", "_stats.compute_stats([], E)['Calmar Ratio']",
         lambda _, c: _backtesting(c)["Calmar Ratio"],
         "growth by periods and not by the calendar"),
    Call("sharpe_ratio", "backtesting", "_stats.compute_stats([], E, rf)['Sharpe Ratio']",
         lambda _, c: _backtesting(c)["Sharpe Ratio"],
         "geometric growth a year, over a volatility that is compounded"),
    Call("sortino_ratio", "backtesting", "_stats.compute_stats([], E, rf)['Sortino Ratio']",
         lambda _, c: _backtesting(c)["Sortino Ratio"], "geometric growth a year on top"),
]  # fmt: skip

CALLS: Final = [*EMPYRICAL, *QUANTSTATS, *FFN, *VECTORBT, *OTHERS]

_DEGENERATE: Final = {
    "sharpe_ratio",
    "sortino_ratio",
    "max_drawdown",
    "calmar_ratio",
    "omega_ratio",
}
ASKED_OF_DEGENERATE: Final = [
    call
    for call in CALLS
    if call.metric in _DEGENERATE and call.library not in {"backtesting", "scipy", "pandas"}
]
"""The calls that are made with degenerate input as well."""


def _backtesting(curve: Curve) -> pd.Series:
    stats = import_module("backtesting._stats")
    close = curve.close
    bars = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), close))
    found: pd.Series = stats.compute_stats(
        trades=[],
        equity=close.to_numpy(),
        ohlc_data=bars,
        strategy_instance=None,
        risk_free_rate=curve.rate,
    )
    return found
