"""One run of a batch: its rows and bars become events of an account of its own (SPEC R4 to R9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from omega_portfolio.errors import (
    InsufficientMargin,
    InvalidTime,
    InvariantViolation,
    OmegaPortfolioError,
    describe,
)
from omega_portfolio.oracle.batch_bars import BatchBars, Moment
from omega_portfolio.oracle.batch_orders import OrderRow
from omega_portfolio.oracle.batch_params import CLOSE, RunPlan
from omega_portfolio.oracle.batch_rows import RowEvents, Turn
from omega_portfolio.oracle.events import OF_QUOTES, Bar, Bars, Quote, Quotes, Register
from omega_portfolio.oracle.instruments import Definition, default_definition
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, plain_text
from omega_portfolio.oracle.times import to_datetime

MOMENTS_BETWEEN: Final = 1024
"""After so many moments a run looks whether it shall stop."""


class Rejected(NamedTuple):
    """What was refused, and when; without a row it is a bar or a quote, and ends the run.

    ``at_fill`` is for an order that was placed and had not the margin when it was filled.
    """

    row: OrderRow | None
    time: int
    error: OmegaPortfolioError
    at_fill: bool = False


class Driven(NamedTuple):
    """A run that is through, or has failed."""

    ledger: Ledger
    rejected: list[Rejected]

    def is_failed(self) -> bool:
        """Tell whether a bar or a quote ended it."""
        return any(rejected.row is None for rejected in self.rejected)

    def first_error(self) -> Rejected | None:
        """Give the first thing that is an error and not want of margin (R9)."""
        return next((rejected for rejected in self.rejected if not rejected.at_fill), None)


class Stopped(Exception):  # noqa: N818 - it is no error that anybody sees.
    """Somebody wants no further run."""


class _Failed(Exception):  # noqa: N818 - it ends a run and no call.
    """A bar or quote was refused."""


def definitions_of(
    plan: RunPlan, instruments: Sequence[Definition], symbols: Sequence[str]
) -> list[Definition]:
    """Give what a run registers, in order (R4)."""
    named = {definition.symbol for definition in instruments}
    found = list(instruments)
    if plan.costs.are_given():
        currency = plan.configuration.currency
        found += [default_definition(name, currency) for name in symbols if name not in named]
    return [plan.costs.over(definition) for definition in found]


def drive(
    run: tuple[RunPlan, BatchBars, Sequence[OrderRow]],
    definitions: Sequence[Definition],
    *,
    rounds_off_grid: bool,
    is_stopped: Callable[[], bool],
) -> Driven:
    """Make one run.

    Parameters
    ----------
    run : (RunPlan, BatchBars, sequence of OrderRow)
        Its rows are by time and then row, as the orders have them.
    definitions : sequence of Definition
        What it registers.
    rounds_off_grid : bool
        Numbers are brought to their grids (I12).
    is_stopped : callable
        Says whether the run shall be given up.

    Raises
    ------
    Stopped
        The run is given up.
    """
    plan, bars, rows = run
    ledger = Ledger(plan.configuration)
    ledger.rounds_off_grid = rounds_off_grid
    for definition in definitions:
        ledger.apply(Register(definition))
    course = _Course(ledger, bars, is_stopped)
    rows = [plan.over(row) for row in rows]
    try:
        if plan.fill == CLOSE:
            course.fill_at_close(rows)
        else:
            course.fill_at_next_open(rows)
    except _Failed:
        pass
    return Driven(ledger, course.rejected)


class _Course:
    """The way of one run through the bars."""

    __slots__ = ("_bars", "_events", "_is_stopped", "_ledger", "_seen", "rejected")

    def __init__(self, ledger: Ledger, bars: BatchBars, is_stopped: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._bars = bars
        self._is_stopped = is_stopped
        self._events = RowEvents(ledger)
        self._seen = 0
        self.rejected: list[Rejected] = []

    def fill_at_next_open(self, rows: Sequence[OrderRow]) -> None:
        """Carry each row out at its own time, between the bars (R5)."""
        place = 0
        for number, moment in enumerate(self._bars.moments):
            while place < len(rows) and rows[place].time < moment.time:
                self._carry_out_between(rows[place])
                place += 1
            self._take_moment(number, moment)
        for row in rows[place:]:
            self._carry_out_between(row)

    def fill_at_close(self, rows: Sequence[OrderRow]) -> None:
        """Carry each row out right after the first bar that is not before it (R5)."""
        at: dict[int, list[OrderRow]] = {}
        late: list[OrderRow] = []
        for row in rows:
            moment = self._bars.at_or_after(row.symbol, row.time)
            if moment is None or row.time < self._bars.first_time(row.symbol):
                late.append(row)
            else:
                at.setdefault(moment.time, []).append(row)
        place = 0
        for number, moment in enumerate(self._bars.moments):
            while place < len(late) and late[place].time < moment.time:
                self._reject_unfillable(late[place])
                place += 1
            self._take_moment(number, moment)
            self._take_rows_at_close(moment, at.get(moment.time, []))
        for row in late[place:]:
            self._reject_unfillable(row)

    def _carry_out_between(self, row: OrderRow) -> None:
        following = self._bars.after(row.symbol, row.time)
        bar = None if following is None else following.bar_of(row.symbol)
        if bar is None or row.time < self._bars.first_time(row.symbol):
            self._reject_unfillable(row)
        else:
            self._carry_out(row, Turn(row.time, bar.open, bar.spread))

    def _take_rows_at_close(self, moment: Moment, rows: Sequence[OrderRow]) -> None:
        filled: set[str] = set()
        for row in rows:
            bar = moment.bar_of(row.symbol)
            if bar is not None and self._carry_out(row, Turn(moment.time, bar.close, bar.spread)):
                filled.add(row.symbol)
        if filled:
            quotes = tuple(_quote_of(bar) for bar in moment.bars if bar.symbol in filled)
            self._take(Quotes(moment.time, quotes))

    def _carry_out(self, row: OrderRow, turn: Turn) -> bool:
        """Do what a row says; tell whether something of it waits for the next price."""
        self._events.waits = False
        try:
            self._events.carry_out(row, turn)
        except InvariantViolation:
            raise
        except OmegaPortfolioError as error:
            self.rejected.append(Rejected(row, turn.time, error))
        return self._events.waits

    def _reject_unfillable(self, row: OrderRow) -> None:
        error = InvalidTime(
            "time",
            to_datetime(row.time).isoformat(),
            f"has no bar of {describe(row.symbol)} before and after it",
            "drop the row, or pass more bars",
        )
        self.rejected.append(Rejected(row, row.time, error))

    def _take_moment(self, number: int, moment: Moment) -> None:
        if number % MOMENTS_BETWEEN == 0 and self._is_stopped():
            raise Stopped
        self._take(Bars(moment.time, moment.bars, None))

    def _take(self, event: Bars | Quotes) -> None:
        """Bring prices to the account, and look which orders they left without margin."""
        try:
            self._ledger.apply(event)
        except InvariantViolation:
            raise
        except OmegaPortfolioError as error:
            self.rejected.append(Rejected(None, event.time, error))
            raise _Failed from error
        rows = self._ledger.activity_rows
        for place in range(self._seen, len(rows)):
            _, time, kind, order_id, _, _, size, _, _ = rows.row(place)
            if kind == "refused" and isinstance(time, int) and isinstance(size, int):
                row = self._events.row_of[order_id]
                self.rejected.append(Rejected(row, time, _no_margin(size), at_fill=True))
        self._seen = len(rows)


def _quote_of(bar: Bar) -> Quote:
    return Quote(bar.symbol, bar.close, bar.close + bar.spread, OF_QUOTES)


def _no_margin(size: int) -> InsufficientMargin:
    return InsufficientMargin(
        "size",
        plain_text(size, QUANTITY_SCALE),
        "needs more margin than is free when the order is filled",
        "open less, close something, or use more leverage",
    )
