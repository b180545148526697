"""A whole run: execute, prove, write the files, and describe it all in one document.

The document is plain data (money and times as text, so that JSON keeps every digit). It is what
``--json`` prints and ``state.json`` holds, and what :mod:`omega_portfolio.summary` turns
into the report for the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.backend import backend_status
from omega_portfolio.bookings import money_text
from omega_portfolio.cells import time_text
from omega_portfolio.errors import InvariantViolation
from omega_portfolio.files import replace_file, write_json, write_tables
from omega_portfolio.report.books import add, rounding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.runner import Run, Scenario

Document = dict[str, Any]
"""Plain data: text, numbers, booleans, None, lists and dictionaries of them."""

_UNIT: Final = Decimal("1e-18")
_SETTINGS: Final = (
    *("currency", "leverage", "mode", "rounding", "margin_call", "stop_out", "path", "pivot"),
)


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
        New; its instruments are registered, or the scenario does it.
    scenario : Scenario
        What happens to it.
    out : Path
        An existing folder for the files.
    periods_per_year, risk_free_rate : float
        For the metrics.
    extra_files : mapping of str to bytes
        Files to write beside the results.
    configuration : mapping of str to str
        What the portfolio was made with: initial_balance, currency, leverage, and what else was
        given. With the events it makes the same account again.
    bookings : callable, optional
        Makes the part ``bookings`` of the document from the portfolio after the run.
    more_tables : sequence of str
        Tables to write beside equity, trades, ledger, positions and events: get_NAME is asked.
    """

    command: str
    about: Sequence[str]
    portfolio: Portfolio
    scenario: Scenario
    out: Path
    periods_per_year: float = 252
    risk_free_rate: float = 0
    extra_files: Mapping[str, bytes] = field(default_factory=dict)
    configuration: Mapping[str, str] = field(default_factory=dict)
    bookings: Callable[[Portfolio], Document] | None = None
    more_tables: Sequence[str] = ()


def new_portfolio(
    configuration: Mapping[str, str], *, capacity: int | None = None, backend: str | None = None
) -> Portfolio:
    """Make the account of a configuration.

    Parameters
    ----------
    configuration : mapping of str to str
        initial_balance, and any of currency, leverage, mode, rounding, margin_call, stop_out,
        path and pivot.
    capacity, backend
        As for :class:`omega_portfolio.Portfolio`.

    Returns
    -------
    Portfolio
        A new one.

    Raises
    ------
    OmegaPortfolioError
        As for :class:`omega_portfolio.Portfolio`.

    Examples
    --------
    >>> from omega_portfolio.jobs import new_portfolio
    >>> new_portfolio({"initial_balance": "1000", "currency": "EUR"}).currency
    'EUR'
    """
    from omega_portfolio.portfolio import Portfolio

    given: dict[str, Any] = {
        name: configuration[name] for name in _SETTINGS if name in configuration
    }
    balance = configuration["initial_balance"]
    return Portfolio(balance, **given, capacity=capacity, backend=backend)


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
        As the scenario; a metric option is out of range.
    OSError
        A file cannot be written.
    """
    portfolio = job.portfolio
    initial_balance = portfolio.balance
    # The options of the metrics are checked before the work, not after it.
    periods, rate = job.periods_per_year, job.risk_free_rate
    portfolio.calculate_metrics(periods_per_year=periods, risk_free_rate=rate)
    run = job.scenario.run(portfolio, progress)
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
        "input": job.scenario.describe() | {"orders": run.given},
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
    if job.bookings is not None:
        document["bookings"] = job.bookings(portfolio)
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
        After a run whose last event was a bar, a quote or an update of the equity.
    net_profit : Decimal or None
        The metric.

    Returns
    -------
    dict
        ``equity_identity`` (balance + floating == equity, and the floating profits of the
        positions add up to that of the account), ``profit_identity`` (the net results of the
        trades, the floating profit, what of fees and swaps no trade has taken, dividends,
        splits, exchanges, and what rounding to cents has added come to the net profit),
        ``verified`` (every column was derived again from the events) with ``verify_error``, the
        parts of the sums, and ``holds``: all of them.

    Notes
    -----
    The floating profits of positions in another currency are converted one by one, that of the
    account by symbol, so their sums may differ by a unit of the last digit for each. Dividends
    that are not paid yet and foreign cash are no part of a position: with them the equity
    identity does not hold.

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
    parts = {
        "trades": add(trades["net_pnl"]),
        "floating": portfolio.unrealized_pnl,
        "open_fees": add(positions["entry_fee"]),
        "open_swaps": add(positions["swap"]),
        "dividends": add(ledger.filter(kind="dividend")["amount"]),
        "splits": add(ledger.filter(kind="split")["amount"]),
        "exchanges": add(ledger.filter(kind="fx")["amount"]),
        "rounding": rounding_of(ledger),
        "account_fees": -add(ledger.filter(kind="fee", position_id=0)["amount"]),
    }
    total = add(-part if name.endswith("fees") else part for name, part in parts.items())
    equity = add([portfolio.balance, parts["floating"]])
    rest = add([parts["floating"], -add(positions["unrealized_pnl"])])
    foreign = len(portfolio.get_cash()) > 1
    units = positions.height if foreign else 0
    equity_identity = equity == portfolio.equity and abs(rest) <= units * _UNIT
    verify_error = None
    try:
        portfolio.verify()
    except InvariantViolation as error:
        verify_error = str(error)
    profit_identity = net_profit is not None and total == net_profit
    return {
        **{name: money_text(value) for name, value in parts.items()},
        "net_profit": money_text(total),
        "equity_identity": equity_identity,
        "profit_identity": profit_identity,
        "verified": verify_error is None,
        "verify_error": verify_error,
        "holds": equity_identity and profit_identity and verify_error is None,
    }


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


def _work(portfolio: Portfolio, run: Run) -> Document:
    equity_rows = len(portfolio.get_equity_curve())
    rows = portfolio.events + equity_rows
    return {
        "orders_executed": run.executed,
        "orders_refused": run.refused,
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
    for name in job.more_tables:
        tables[name] = getattr(portfolio, f"get_{name}")(exact=True)
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


__all__ = ["Document", "Job", "new_portfolio", "prove", "run_job"]
