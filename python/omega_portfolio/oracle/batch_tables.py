"""The tables of a batch, each run's rows together (SPEC R10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from omega_portfolio.catalogue import CATALOGUE
from omega_portfolio.oracle.batch_driving import Driven
from omega_portfolio.oracle.digest import digest_of
from omega_portfolio.oracle.metric_catalogue import NAMES, metrics_of
from omega_portfolio.oracle.metric_numbers import Value
from omega_portfolio.oracle.metric_parameters import Parameters
from omega_portfolio.oracle.metric_record import record_of
from omega_portfolio.oracle.numbers import MONEY_SCALE, read_number
from omega_portfolio.oracle.schema import (
    EQUITY,
    FINAL,
    REJECTED,
    RUN_ID,
    TRADES,
    Cell,
    Column,
    Kind,
    Row,
    Rows,
)
from omega_portfolio.oracle.state import raw_margin_level
from omega_portfolio.oracle.tables import PythonTable
from omega_portfolio.oracle.times import read_time

RECORDS: Final = ("bar", "1d", "none")
EQUITY_COLUMNS: Final = ("equity", "all")
_DAY: Final = 86_400_000_000
_MICROSECOND: Final = timedelta(microseconds=1)

_KINDS: Final = {
    "money": Kind.MONEY,
    "float": Kind.FLOAT,
    "count": Kind.ID,
    "time": Kind.TIME,
    "duration": Kind.DURATION,
    "flag": Kind.FLAG,
}
"""The columns of metrics; a mean of money is a float, as all that is divided."""


class Keep(NamedTuple):
    """What is kept of each run."""

    record: str
    equity_columns: str
    trades: bool
    metrics: bool
    exact: bool
    digest: bool


class BatchRows:
    """The rows of all runs so far."""

    __slots__ = ("_keep", "_parameters", "equity", "final", "metrics", "rejected", "trades")

    def __init__(self, keep: Keep, parameters: Parameters) -> None:
        self._keep = keep
        self._parameters = parameters
        curve = EQUITY if keep.equity_columns == "all" else EQUITY[:2]
        self.equity = Rows((*RUN_ID, *curve))
        self.trades = Rows((*RUN_ID, *TRADES))
        self.metrics = Rows((*RUN_ID, *_metric_columns()))
        self.final = Rows((*RUN_ID, *FINAL))
        self.rejected = Rows((*RUN_ID, *REJECTED))

    def add(self, run_id: int, driven: Driven) -> None:
        """Append the rows of a run."""
        ledger = driven.ledger
        self.final.append((run_id, *_final(driven, has_digest=self._keep.digest)))
        for rejected in driven.rejected:
            row, error = rejected.row, rejected.error
            self.rejected.append(
                (
                    run_id,
                    None if row is None else row.row,
                    rejected.time,
                    "" if row is None else row.symbol,
                    "" if row is None else row.action,
                    error.code,
                    type(error).__name__,
                    error.argument,
                    str(error),
                )
            )
        if driven.is_failed():
            return
        width = len(self.equity.columns) - 1
        for cells in _curve(ledger.equity_rows, self._keep.record):
            self.equity.append((run_id, *cells[:width]))
        if self._keep.trades:
            for place in range(len(ledger.trade_rows)):
                self.trades.append((run_id, *ledger.trade_rows.row(place)))
        if self._keep.metrics:
            values = metrics_of(record_of(ledger), self._parameters)
            self.metrics.append((run_id, *map(_cell, values.values())))


class BatchTablesPython:
    """The tables of some runs, in the order of the runs.

    Attributes
    ----------
    equity, trades, metrics, final, rejected : PythonTable
        SPEC R10.
    done : int
        Number of runs in them.
    complete : bool
        Whether these are all that were asked for.
    """

    __slots__ = ("complete", "done", "equity", "final", "metrics", "rejected", "trades")

    def __init__(self, rows: BatchRows, *, exact: bool, wanted: int) -> None:
        self.equity = _table(rows.equity, exact=exact)
        self.trades = _table(rows.trades, exact=exact)
        self.metrics = _table(rows.metrics, exact=exact)
        self.final = _table(rows.final, exact=exact)
        self.rejected = _table(rows.rejected, exact=exact)
        self.done = len(rows.final)
        self.complete = self.done == wanted


def _table(rows: Rows, *, exact: bool) -> PythonTable:
    return PythonTable(rows.columns, rows.lists, len(rows), exact=exact)


def _curve(rows: Rows, record: str) -> Iterator[Row]:
    """Give the last row of each moment or day, or none at all."""
    if record == "none":
        return
    times = rows.numbers("time")
    length = _DAY if record == "1d" else 1
    for place, time in enumerate(times):
        is_last = place + 1 == len(times) or times[place + 1] // length != time // length
        if is_last:
            yield rows.row(place)


def _final(driven: Driven, *, has_digest: bool) -> Row:
    ledger, now = driven.ledger, driven.ledger.scalars
    return (
        "failed" if driven.is_failed() else "ok",
        ledger.events,
        len(ledger.trade_rows),
        len(ledger.positions.rows),
        len(ledger.orders.rows),
        ledger.ambiguous_count,
        now.balance,
        now.equity,
        now.unrealized_pnl,
        now.realized_pnl,
        now.margin_used,
        now.free_margin(),
        raw_margin_level(ledger),
        digest_of(ledger) if has_digest else None,
    )


def _metric_columns() -> Iterable[Column]:
    for name in NAMES:
        yield Column(name, _KINDS[CATALOGUE[name].kind], nullable=True)


def _cell(value: Value) -> Cell:
    """Give a metric as a raw cell."""
    if isinstance(value, Decimal):
        return read_number("metrics", value, MONEY_SCALE, "strict")
    if isinstance(value, datetime):
        return read_time("metrics", value)
    if isinstance(value, timedelta):
        return value // _MICROSECOND
    return value
