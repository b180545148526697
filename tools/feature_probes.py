"""What is asked of each engine for the table of features: an expression that shows the feature.

``has`` says whether a name is there, ``takes`` whether a callable has a parameter, ``says`` whether
the documentation of a name has a phrase. A probe in ``NO`` shows that a feature is absent, by what
the engine gives or by its own words. Where there is no probe, the answer is not known.
"""

from __future__ import annotations

from typing import Final

ENGINES: Final = {
    "omega-portfolio": "omega_portfolio",
    "backtesting": "backtesting",
    "vectorbt": "vectorbt",
    "raptorbt": "raptorbt",
    "nautilus_trader": "nautilus_trader",
    "zipline-reloaded": "zipline",
}
"""Name of the package and of its module; the order is that of the columns."""

Probes = dict[str, str]

OP, BT, VBT, RB = "omega_portfolio", "backtesting", "vectorbt", "raptorbt"
NT, ZL = "nautilus_trader", "zipline"

YES: Final[dict[str, Probes]] = {
    "money in exact numbers": {
        OP: "type_of(module.Portfolio(1).balance) == 'Decimal'",
        NT: "type_of(load('nautilus_trader.model.objects:Money')(0.1,"
        " load('nautilus_trader.model.currencies:USD')).raw) == 'int'",
    },
    "average prices and results in exact numbers": {
        OP: "type_of(module.Portfolio(1).realized_pnl) == 'Decimal'",
    },
    "several positions of a symbol (hedging)": {
        OP: "module.Portfolio(1, mode='hedging') is not None",
        BT: "takes('backtesting:Backtest', 'hedging')",
        RB: "'oms_type' in text_of('raptorbt:KernelSession')",
        NT: "has('nautilus_trader.model.enums:OmsType.HEDGING')",
    },
    "one position a symbol (netting)": {
        OP: "module.Portfolio(1, mode='netting') is not None",
        BT: "takes('backtesting:Backtest', 'hedging')",
        VBT: "has('vectorbt:Portfolio.from_orders')",
        RB: "'netting' in text_of('raptorbt:KernelSession')",
        NT: "has('nautilus_trader.model.enums:OmsType.NETTING')",
        ZL: "has('zipline.finance.position:Position')",
    },
    "several symbols in one account": {
        OP: "has('omega_portfolio:Portfolio.process_bars')",
        VBT: "takes('vectorbt:Portfolio.from_orders', 'cash_sharing')",
        RB: "has('raptorbt:run_portfolio_strategy')",
        NT: "has('nautilus_trader.backtest.engine:BacktestEngine.add_instrument')",
        ZL: "has('zipline.api:symbols')",
    },
    "stop loss and take profit of a position": {
        OP: "takes('omega_portfolio:Portfolio.open_position', 'stop_loss')",
        BT: "takes('backtesting:Strategy.buy', 'sl')",
        VBT: "takes('vectorbt:Portfolio.from_signals', 'sl_stop')",
        RB: "has('raptorbt:KernelSession.set_stop_price')",
        NT: "has('nautilus_trader.common.factories:OrderFactory.bracket')",
    },
    "trailing stops": {
        OP: "takes('omega_portfolio:Portfolio.open_position', 'trailing')",
        BT: "has('backtesting.lib:TrailingStrategy')",
        VBT: "takes('vectorbt:Portfolio.from_signals', 'sl_trail')",
        RB: "has('raptorbt:BacktestConfig.set_trailing_stop')",
        NT: "has('nautilus_trader.model.orders:TrailingStopMarketOrder')",
    },
    "limit and stop orders that wait": {
        OP: "has('omega_portfolio:Portfolio.place_order')",
        BT: "takes('backtesting:Strategy.buy', 'limit')",
        RB: "'limit_price' in text_of('raptorbt:KernelSession.submit_order')",
        NT: "has('nautilus_trader.model.orders:StopLimitOrder')",
        ZL: "has('zipline.finance.execution:StopLimitOrder')",
    },
    "leverage and margin": {
        OP: "takes('omega_portfolio:Portfolio', 'leverage')",
        BT: "takes('backtesting:Backtest', 'margin')",
        RB: "'leverage' in text_of('raptorbt:KernelSession')",
        NT: "has('nautilus_trader.accounting.accounts.margin:MarginAccount')",
    },
    "margin in tiers, hedged margin, stop-out": {
        OP: "has('omega_portfolio:Margin') and takes('omega_portfolio:Portfolio', 'stop_out')",
    },
    "cash of several currencies": {
        OP: "has('omega_portfolio:Portfolio.convert_cash')",
        NT: "says('nautilus_trader.backtest.engine:BacktestEngine.add_venue', 'multi-currency')",
    },
    "swaps (overnight interest)": {
        OP: "has('omega_portfolio:Portfolio.charge_swap')",
        NT: "has('nautilus_trader.backtest.modules:FXRolloverInterestModule')",
    },
    "dividends and splits in the account": {
        OP: "has('omega_portfolio:Portfolio.split') and has('omega_portfolio:Portfolio.dividend')",
        ZL: "has('zipline.finance.ledger:Ledger.process_splits')"
        " and has('zipline.finance.ledger:Ledger.process_dividends')",
    },
    "refusals with stable codes": {
        OP: "len(module.errors.by_code) > 40",
    },
    "an account that outlives its process": {
        OP: "has('omega_portfolio:open_journal')",
        NT: "takes('nautilus_trader.config:CacheConfig', 'database')",
    },
    "forks and earlier states of an account": {
        OP: "has('omega_portfolio:Portfolio.fork') and has('omega_portfolio:Portfolio.state_at')",
    },
    "tables over the engine's memory (Arrow capsules)": {
        OP: "has('omega_portfolio:Table.__arrow_c_stream__')",
    },
    "many backtests in one call": {
        OP: "has('omega_portfolio:run_batch')",
        BT: "has('backtesting:Backtest.optimize')",
        VBT: "says('vectorbt:Portfolio.from_orders', 'broadcast')",
        RB: "has('raptorbt:batch_single_backtest')",
        NT: "has('nautilus_trader.backtest.node:BacktestNode')",
    },
    "indicators": {
        VBT: "has('vectorbt:IndicatorFactory')",
        RB: "has('raptorbt:supertrend')",
        NT: "has('nautilus_trader.indicators:AverageTrueRange')"
        " or has('nautilus_trader.indicators.atr:AverageTrueRange')",
        ZL: "has('zipline.pipeline.factors:RSI')",
    },
    "screens over a universe of stocks": {
        ZL: "has('zipline.pipeline:Pipeline')",
    },
    "a report or plots": {
        OP: "has('omega_portfolio:Portfolio.report')",
        BT: "has('backtesting:Backtest.plot')",
        VBT: "has('vectorbt:Portfolio.plot')",
    },
    "portfolio optimisation": {
        RB: "has('raptorbt:optimize_portfolio')",
    },
    "options": {
        RB: "has('raptorbt:run_options_backtest')",
        NT: "has('nautilus_trader.model.instruments:OptionContract')",
    },
    "order books in a backtest": {
        RB: "has('raptorbt:PortfolioSession.set_depth')",
        NT: "has('nautilus_trader.model.enums:BookType.L3_MBO')",
    },
    "latency of orders in a backtest": {
        RB: "has('raptorbt:BacktestConfig.order_latency_ns')",
        NT: "has('nautilus_trader.backtest.models:LatencyModel')",
    },
    "live trading with venues": {
        NT: "has('nautilus_trader.live.node:TradingNode')"
        " and has('nautilus_trader.adapters.binance:BinanceLiveExecClientFactory')",
    },
}

NO: Final[dict[str, Probes]] = {
    "money in exact numbers": {
        BT: "'float' in source_of('backtesting.backtesting:_Broker.equity')",
        VBT: "says('vectorbt:Portfolio.from_orders', 'init_cash (InitCashMode, float')",
        RB: "'float' in text_of('raptorbt:KernelSession.equity', stub=True)",
        ZL: "'float64' in source_of('zipline.protocol:Portfolio')"
        " or '0.0' in source_of('zipline.protocol:Portfolio')",
    },
    "average prices and results in exact numbers": {
        NT: "'double' in text_of('nautilus_trader.model.position:Position.avg_px_open')"
        " or 'double avg_px_open' in text_of('nautilus_trader.model.position', stub=True)",
    },
    "several symbols in one account": {
        BT: "says('backtesting:Backtest', 'columns:\\n`Open`, `High`, `Low`, `Close`')",
    },
    "indicators": {OP: "not [one for one in dir(module) if one in ('sma', 'rsi', 'indicators')]"},
    "portfolio optimisation": {OP: "not hasattr(module, 'optimize_portfolio')"},
    "options": {OP: "not hasattr(module, 'Option')"},
    "order books in a backtest": {OP: "not hasattr(module.Portfolio, 'process_book')"},
    "latency of orders in a backtest": {OP: "not takes('omega_portfolio:run_batch', 'latency')"},
    "live trading with venues": {OP: "not hasattr(module, 'connect')"},
    "screens over a universe of stocks": {OP: "not hasattr(module, 'Pipeline')"},
}
