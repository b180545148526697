"""omega_portfolio: an exact, Arrow-native portfolio engine.

Every fill goes in as an event; every state, trade and equity curve comes out as Arrow, without
a copy. ``balance + unrealized_pnl == equity`` holds as integers after every event.

Start with :class:`Portfolio`, with :func:`run_batch` for thousands of them at once, or with
:class:`History` and :func:`metrics` for an equity curve of your own; :func:`backend_status`
tells whether the compiled engine is live. :mod:`omega_portfolio.legacy` is the portfolio class
that older backtests import. The rules of the account and of the metrics are in ``SPEC.md``.

Most names are loaded at their first use, and Polars and pyarrow only when a frame is asked for:
``import omega_portfolio`` is cheap.

Examples
--------
>>> import omega_portfolio as op
>>> portfolio = op.Portfolio(1000)
>>> position_id = portfolio.open_position("ACME", "long", 2, "100.50", "2024-01-02", fee="0.25")
>>> portfolio.close_position(position_id, "101.75", "2024-01-03", fee="0.25").net_pnl
Decimal('2.00')
>>> portfolio.balance
Decimal('1002.00')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from omega_portfolio import errors

# `backend` is imported here and now because it reads the environment once, at this moment.
from omega_portfolio.backend import BackendStatus, backend_status
from omega_portfolio.errors import (
    BackendUnavailable,
    CrossedQuote,
    DuplicatePositionId,
    DurabilityError,
    InstrumentExists,
    InsufficientFunds,
    InsufficientMargin,
    InvalidAmount,
    InvalidArgument,
    InvalidBar,
    InvalidConfiguration,
    InvalidCurrency,
    InvalidFrame,
    InvalidImage,
    InvalidInstrument,
    InvalidNumber,
    InvalidPositionId,
    InvalidPositionSize,
    InvalidPrice,
    InvalidProtection,
    InvalidSide,
    InvalidStopLoss,
    InvalidSymbol,
    InvalidTakeProfit,
    InvalidText,
    InvalidTime,
    InvariantViolation,
    JournalCorrupt,
    JournalExists,
    JournalLocked,
    JournalNotFound,
    JournalVersion,
    MissingRate,
    NumberOutOfRange,
    OffSessionRollover,
    OmegaPortfolioError,
    OrderNotFound,
    OutOfMemory,
    PortfolioClosed,
    PositionNotFound,
    RunCancelled,
    TooManyPositions,
    WorkerLost,
)
from omega_portfolio.sentinel import UNSET, Unset

if TYPE_CHECKING:
    from omega_portfolio import legacy
    from omega_portfolio.analysis import Analysis
    from omega_portfolio.batch.cancel import CancelToken
    from omega_portfolio.batch.grid import grid, sample
    from omega_portfolio.batch.result import BatchResult
    from omega_portfolio.batch.run import run_batch
    from omega_portfolio.batch.signals import orders_from_signals
    from omega_portfolio.batch.walk import WalkForward, walk_forward
    from omega_portfolio.batch.weights import orders_from_weights
    from omega_portfolio.difference import Changed, Difference, Divergence, diff
    from omega_portfolio.envelope import Envelope
    from omega_portfolio.explanation import Explanation
    from omega_portfolio.flight import FlightView
    from omega_portfolio.history import History, metrics
    from omega_portfolio.instrument import Instrument
    from omega_portfolio.journals import inspect_journal, open_journal
    from omega_portfolio.metric_definitions import MetricDefinition
    from omega_portfolio.metric_values import Metrics
    from omega_portfolio.oracle import PortfolioPython
    from omega_portfolio.other_engine import Comparison, compare
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.recovery import JournalStatus, Recovery, SnapshotFound
    from omega_portfolio.rust import PortfolioRust as PortfolioRust
    from omega_portfolio.terms import Commission, Costs, Margin, Slippage, Swap
    from omega_portfolio.types import PositionView, Receipts, State, Table, Trade

    __version__: str

# Names that are loaded at their first use, and the modules that have them.
_LAZY = {
    "Analysis": "analysis",
    "BatchResult": "batch.result",
    "CancelToken": "batch.cancel",
    "Changed": "difference",
    "Commission": "terms",
    "Comparison": "other_engine",
    "Costs": "terms",
    "Difference": "difference",
    "Divergence": "difference",
    "Envelope": "envelope",
    "Explanation": "explanation",
    "FlightView": "flight",
    "History": "history",
    "Instrument": "instrument",
    "JournalStatus": "recovery",
    "Margin": "terms",
    "MetricDefinition": "metric_definitions",
    "Metrics": "metric_values",
    "Portfolio": "portfolio",
    "PortfolioPython": "oracle",
    "PositionView": "types",
    "Receipts": "types",
    "Recovery": "recovery",
    "Slippage": "terms",
    "SnapshotFound": "recovery",
    "State": "types",
    "Swap": "terms",
    "Table": "types",
    "Trade": "types",
    "WalkForward": "batch.walk",
    "compare": "other_engine",
    "diff": "difference",
    "grid": "batch.grid",
    "inspect_journal": "journals",
    "metrics": "history",
    "open_journal": "journals",
    "orders_from_signals": "batch.signals",
    "orders_from_weights": "batch.weights",
    "run_batch": "batch.run",
    "sample": "batch.grid",
    "walk_forward": "batch.walk",
}


def __getattr__(name: str) -> object:
    """Load a public name at its first use.

    Raises
    ------
    AttributeError
        There is no such name.
    BackendUnavailable
        ``PortfolioRust`` is asked for and the compiled module does not load.
    """
    value: object
    if name in _LAZY:
        value = getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    elif name == "legacy":
        value = importlib.import_module(f"{__name__}.legacy")
    elif name == "PortfolioRust":
        from omega_portfolio.backend import backend_class

        value = backend_class("rust")
    elif name == "__version__":
        from importlib.metadata import version

        value = version("omega-portfolio")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__, "PortfolioRust", "__version__"})


# PortfolioRust is public and not in this list: `from omega_portfolio import *` has to work
# where there is no compiled module.
__all__ = [
    "UNSET",
    "Analysis",
    "BackendStatus",
    "BackendUnavailable",
    "BatchResult",
    "CancelToken",
    "Changed",
    "Commission",
    "Comparison",
    "Costs",
    "CrossedQuote",
    "Difference",
    "Divergence",
    "DuplicatePositionId",
    "DurabilityError",
    "Envelope",
    "Explanation",
    "FlightView",
    "History",
    "Instrument",
    "InstrumentExists",
    "InsufficientFunds",
    "InsufficientMargin",
    "InvalidAmount",
    "InvalidArgument",
    "InvalidBar",
    "InvalidConfiguration",
    "InvalidCurrency",
    "InvalidFrame",
    "InvalidImage",
    "InvalidInstrument",
    "InvalidNumber",
    "InvalidPositionId",
    "InvalidPositionSize",
    "InvalidPrice",
    "InvalidProtection",
    "InvalidSide",
    "InvalidStopLoss",
    "InvalidSymbol",
    "InvalidTakeProfit",
    "InvalidText",
    "InvalidTime",
    "InvariantViolation",
    "JournalCorrupt",
    "JournalExists",
    "JournalLocked",
    "JournalNotFound",
    "JournalStatus",
    "JournalVersion",
    "Margin",
    "MetricDefinition",
    "Metrics",
    "MissingRate",
    "NumberOutOfRange",
    "OffSessionRollover",
    "OmegaPortfolioError",
    "OrderNotFound",
    "OutOfMemory",
    "Portfolio",
    "PortfolioClosed",
    "PortfolioPython",
    "PositionNotFound",
    "PositionView",
    "Receipts",
    "Recovery",
    "RunCancelled",
    "Slippage",
    "SnapshotFound",
    "State",
    "Swap",
    "Table",
    "TooManyPositions",
    "Trade",
    "Unset",
    "WalkForward",
    "WorkerLost",
    "backend_status",
    "compare",
    "diff",
    "errors",
    "grid",
    "inspect_journal",
    "legacy",
    "metrics",
    "open_journal",
    "orders_from_signals",
    "orders_from_weights",
    "run_batch",
    "sample",
    "walk_forward",
]
