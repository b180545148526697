"""The demonstrations: accounts that the engine keeps for real, from the first order to the last.

* :mod:`omega_portfolio.demo.stocks` trades five real US stocks, with market orders, stops,
  commission, splits and dividends (:mod:`omega_portfolio.demo.actions`);
* :mod:`omega_portfolio.demo.fx` trades two currency pairs on bars that
  :mod:`omega_portfolio.demo.fx_bars` draws, with a spread, stops, pending orders, swaps and a
  stop-out;
* :mod:`omega_portfolio.demo.command` is the command ``omega-portfolio demo``.
"""

from __future__ import annotations

from omega_portfolio.demo.actions import corporate_actions
from omega_portfolio.demo.fx import FxScenario
from omega_portfolio.demo.fx_bars import draw_bars
from omega_portfolio.demo.stocks import StockScenario, signals

__all__ = ["FxScenario", "StockScenario", "corporate_actions", "draw_bars", "signals"]
