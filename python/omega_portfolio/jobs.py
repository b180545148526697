"""A whole run: execute, prove, write the files, and describe it all in one document.

The document is plain data (money and times as text, so that JSON keeps every digit). It is what
``--json`` prints and ``state.json`` holds, and what :mod:`omega_portfolio.summary` turns
into the report for the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.backend import backend_status
from omega_portfolio.cells import time_text
from omega_portfolio.errors import InvariantViolation
from omega_portfolio.files import replace_file, write_json, write_tables
from omega_portfolio.runner import run_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from omega_portfolio.market import Market
    from omega_portfolio.orders import Order
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.runner import Run

Document = dict[str, Any]
"""Plain data: text, numbers, booleans, None, lists and dictionaries of them."""

# Money has at most 38 digits, so 60 keep every sum of it exact.
_EXACT: Final = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a run needs.

    Attributes
    ----------
    command : str
        Name of the command, for the document.
    about : sequence of str
        Lines for the head of the report.
    portfolio : Portfolio
        New, with its instruments registered.
    market : Market
        Checked bars.
    orders : sequence of Order
        Checked orders.
    out : Path
        An existing folder for the files.
    periods_per_year, risk_free_rate : float
        For the metrics.
    extra_files : mapping of str to bytes
        Files to write beside the results.
    configuration : mapping of str to str
        What the portfolio was made with: initial_balance, currency, leverage. With the events
        it makes the same account again.
    """

    command: str
    about: Sequence[str]
    portfolio: Portfolio
    market: Market
    orders: Sequence[Order]
    out: Path
    periods_per_year: float = 252
    risk_free_rate: float = 0
    extra_files: Mapping[str, bytes] = field(default_factory=dict)
    configuration: Mapping[str, str] = field(default_factory=dict)


def run_job(job: Job, progress: Callable[[int], object] | None = None) -> Document:
    """Execute a job and write its files.

    Parameters
    ----------
    job : Job
        What to do.
    progress : callable, optional
        Called now and then with the number of bar times that were added.

    Returns
    -------
    dict
        The document. ``document["proof"]["holds"]`` is False when a check failed.

    Raises
    ------
    OmegaPortfolioError
        As :func:`omega_portfolio.runner.run_orders`; a metric option is out of range.
    OSError
        A file cannot be written.
    """
    portfolio = job.portfolio
    initial_balance = portfolio.balance
    # The options of the metrics are checked before the work, not after it.
    periods, rate = job.periods_per_year, job.risk_free_rate
    portfolio.calculate_metrics(periods_per_year=periods, risk_free_rate=rate)
    run = run_orders(portfolio, job.market, job.orders, progress=progress)
    metrics = portfolio.calculate_metrics(periods_per_year=periods, risk_free_rate=rate)
    document: Document = {
        "command": job.command,
        "about": list(job.about),
        "backend": _backend(portfolio),
        "configuration": dict(job.configuration),
        "account": _account(portfolio, initial_balance),
        "proof": prove(portfolio, metrics.net_profit),
        "metrics": {
            **{name: _plain(value) for name, value in metrics.items()},
            "periods_per_year": periods,
            "risk_free_rate": rate,
        },
        "positions": _positions(portfolio),
        "input": _input(job),
        "work": _work(portfolio, run),
        "refused": [
            {
                "row": refusal.order.row + 1,
                "time": time_text(refusal.order.time),
                "action": refusal.order.action,
                "symbol": refusal.order.symbol,
                "key": refusal.order.key,
                "code": refusal.error.code,
                "error": type(refusal.error).__name__,
                "message": str(refusal.error),
            }
            for refusal in run.refusals
        ],
        "digest": portfolio.digest,
    }
    document["files"] = _write(job, document)
    return document


def _backend(portfolio: Portfolio) -> Document:
    status = backend_status()
    rust = portfolio.backend == "rust"
    return {
        "live": portfolio.backend,
        "version": status.version if rust else None,
        "reason": status.reason,
    }


def _account(portfolio: Portfolio, initial_balance: Decimal) -> Document:
    state = portfolio.get_state()
    return {
        "currency": portfolio.currency,
        "time": None if state.time is None else state.time.isoformat(),
        "initial_balance": _plain(initial_balance),
        "balance": _plain(state.balance),
        "unrealized_pnl": _plain(state.unrealized_pnl),
        "equity": _plain(state.equity),
        "margin_used": _plain(state.margin_used),
        "free_margin": _plain(state.free_margin),
        "margin_level": _plain(state.margin_level),
        "realized_pnl": _plain(state.realized_pnl),
        "open_positions": len(state.positions),
    }


def prove(portfolio: Portfolio, net_profit: Decimal | None) -> Document:
    """Check the account against its own tables, exactly.

    Parameters
    ----------
    portfolio : Portfolio
        After a run whose last event is an update of the equity.
    net_profit : Decimal or None
        The metric.

    Returns
    -------
    dict
        ``equity_identity`` (balance + floating == equity), ``profit_identity`` (the net
        results of the trades, the floating profit and the fees that no trade has taken add up
        to the net profit), ``verified`` (every column was derived again from the events) with
        ``verify_error``, the parts of the sums, and ``holds``: all of them.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.jobs import prove
    >>> portfolio = op.Portfolio(1000)
    >>> _ = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02", fee="0.35")
    >>> portfolio.update_equity("2024-01-02", {"ACME": "101.5"})
    >>> proof = prove(portfolio, portfolio.calculate_metrics().net_profit)
    >>> proof["floating"], proof["open_fees"], proof["net_profit"], proof["holds"]
    ('3.00', '0.35', '2.65', True)
    """
    trades = portfolio.get_trades(exact=True).to_polars()
    positions = portfolio.get_positions(exact=True).to_polars()
    ledger = portfolio.get_ledger(exact=True).to_polars()
    account_fees = ledger.filter(kind="fee", position_id=0)["amount"]
    with localcontext(_EXACT):
        floating = _sum(positions["unrealized_pnl"])
        parts = {
            "trades": _sum(trades["net_pnl"]),
            "floating": floating,
            "open_fees": _sum(positions["entry_fee"]),
            "account_fees": -_sum(account_fees),
        }
        total = parts["trades"] + floating - parts["open_fees"] - parts["account_fees"]
        equity_identity = portfolio.balance + portfolio.unrealized_pnl == portfolio.equity
        equity_identity = equity_identity and floating == portfolio.unrealized_pnl
    verify_error = None
    try:
        portfolio.verify()
    except InvariantViolation as error:
        verify_error = str(error)
    profit_identity = net_profit is not None and total == net_profit
    return {
        **{name: _cents(value) for name, value in parts.items()},
        "net_profit": _cents(total),
        "equity_identity": equity_identity,
        "profit_identity": profit_identity,
        "verified": verify_error is None,
        "verify_error": verify_error,
        "holds": equity_identity and profit_identity and verify_error is None,
    }


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


def _cents(value: Decimal) -> str:
    """Write money without the zeros after its second decimal."""
    digits, _, decimals = format(value, "f").partition(".")
    return f"{digits}.{decimals.rstrip('0').ljust(2, '0')}"


def _plain(value: object) -> Any:  # noqa: ANN401 - text, numbers and None, for JSON.
    """Turn a decimal and a time into its text, a duration into seconds; leave everything else."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return format(value, "f") if isinstance(value, Decimal) else value


def _positions(portfolio: Portfolio) -> list[Document]:
    names = ("position_id", "symbol", "side", "size", "entry_price", "mark_price")
    return [
        {name: _plain(getattr(view, name)) for name in (*names, "unrealized_pnl")}
        for view in portfolio.positions.values()
    ]


def _input(job: Job) -> Document:
    market = job.market
    return {
        "bars": market.bars.height,
        "times": market.times,
        "symbols": sorted(market.spans),
        "first": time_text(market.first),
        "last": time_text(market.last),
        "orders": len(job.orders),
    }


def _work(portfolio: Portfolio, run: Run) -> Document:
    equity_rows = len(portfolio.get_equity_curve())
    rows = portfolio.events + equity_rows
    return {
        "orders_executed": run.executed,
        "orders_refused": len(run.refusals),
        "events": portfolio.events,
        "equity_rows": equity_rows,
        "trades": len(portfolio.get_trades()),
        "postings": len(portfolio.get_ledger()),
        "seconds": run.seconds,
        "rows_per_second": rows / run.seconds if run.seconds > 0 else None,
    }


def _write(job: Job, document: Document) -> Document:
    """Write the tables, the document and the extra files; give path and rows of each."""
    portfolio = job.portfolio
    tables = {
        "equity": portfolio.get_equity_curve(exact=True),
        "trades": portfolio.get_trades(exact=True),
        "ledger": portfolio.get_ledger(exact=True),
        "positions": portfolio.get_positions(exact=True),
        "events": portfolio.get_events(exact=True),
    }
    files: Document = {
        name: {"path": str(path), "rows": len(tables[name])}
        for name, path in write_tables(job.out, tables).items()
    }
    for name, data in job.extra_files.items():
        path = replace_file(job.out / name, data)
        files[path.stem] = {"path": str(path), "rows": None}
    path = job.out / "state.json"
    files["state"] = {"path": str(path), "rows": None}
    write_json(path, document | {"files": files})
    return files


__all__ = ["Document", "Job", "prove", "run_job"]
