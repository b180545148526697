"""Many accounts over the same bars in one call, one after the other (SPEC section 20).

Read in this order:

- :mod:`~omega_portfolio.oracle.batch_bars`, :mod:`~omega_portfolio.oracle.batch_orders`,
  :mod:`~omega_portfolio.oracle.batch_params`: what enters,
- :mod:`~omega_portfolio.oracle.batch_sizes`, :mod:`~omega_portfolio.oracle.batch_rows`,
  :mod:`~omega_portfolio.oracle.batch_driving`: what a run does,
- :mod:`~omega_portfolio.oracle.batch_tables`: what is kept of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import (
    InstrumentExists,
    InvalidArgument,
    OmegaPortfolioError,
    describe,
)
from omega_portfolio.oracle.apply import RAISE, RECORD
from omega_portfolio.oracle.batch_bars import read_batch_bars
from omega_portfolio.oracle.batch_driving import Driven, Rejected, Stopped, definitions_of, drive
from omega_portfolio.oracle.batch_orders import read_batch_orders
from omega_portfolio.oracle.batch_params import (
    Costs,
    RunPlan,
    read_batch_params,
    read_fill,
    runs_without_params,
)
from omega_portfolio.oracle.batch_tables import (
    EQUITY_COLUMNS,
    RECORDS,
    BatchRows,
    BatchTablesPython,
    Keep,
)
from omega_portfolio.oracle.configuring import read_settings
from omega_portfolio.oracle.instruments import Definition, check_definition, read_definition
from omega_portfolio.oracle.metric_parameters import read_parameters
from omega_portfolio.oracle.portfolio import PortfolioPython
from omega_portfolio.oracle.term_reading import (
    Late,
    raise_first,
    read_commission,
    read_slippage,
    read_swap,
)
from omega_portfolio.oracle.texts import read_str, read_word

if TYPE_CHECKING:
    from omega_portfolio.instrument import Instrument
    from omega_portfolio.oracle.numbers import FloatPolicy
    from omega_portfolio.terms import Commission, Slippage, Swap
    from omega_portfolio.types import ArrowStream, Mode, NumberLike

_FINGERPRINT_BYTES: Final = 32


class BatchPython:
    """A checked batch on plain Python integers: everything is read, and nothing has run.

    The arguments are those of :func:`omega_portfolio.run_batch`, and of the constructor of
    :class:`omega_portfolio.Portfolio`.

    Raises
    ------
    OmegaPortfolioError
        A setting, an instrument, or the first cell of a frame that is refused.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.oracle.batch import BatchPython
    >>> bars = pl.DataFrame({
    ...     "time": [1, 2, 3], "symbol": ["ACME"] * 3, "open": [10, 11, 12],
    ...     "high": [11, 12, 13], "low": [9, 10, 11], "close": [11, 12, 13],
    ... })
    >>> orders = pl.DataFrame({"time": [1], "action": ["open"], "side": ["long"], "size": [5]})
    >>> batch = BatchPython(bars, orders, initial_balance=1000)
    >>> batch.run(0, 1).equity.to_polars()["equity"].to_list()
    [1000.0, 1005.0, 1010.0]
    """

    __slots__ = ("_bars", "_instruments", "_orders", "_parameters", "_plans", "_settings")

    def __init__(
        self,
        bars: ArrowStream,
        orders: ArrowStream,
        params: ArrowStream | None = None,
        *,
        instruments: Sequence[Instrument] = (),
        commission: Commission | None = None,
        slippage: Slippage | None = None,
        swap: Swap | None = None,
        labels: Sequence[str] = (),
        fill: str = "next_open",
        floats: str = "nearest",
        initial_balance: NumberLike,
        currency: str = "USD",
        leverage: NumberLike = 1,
        mode: Mode = "hedging",
        rounding: str = "exact",
        off_grid: str = "refuse",
        margin_call: NumberLike | None = None,
        stop_out: NumberLike | None = None,
        path: str = "pessimistic",
        pivot: str = "USD",
        periods_per_year: NumberLike = 252,
        risk_free_rate: NumberLike = 0,
        mar: NumberLike | None = None,
        confidence: NumberLike = 0.05,
        resample: str | None = None,
    ) -> None:
        options = {
            "currency": currency,
            "leverage": leverage,
            "mode": mode,
            "floats": floats,
            "capacity": None,
            "rounding": rounding,
            "off_grid": off_grid,
            "margin_call": margin_call,
            "stop_out": stop_out,
            "path": path,
            "pivot": pivot,
        }
        self._settings = settings = read_settings(initial_balance, options)
        policy = settings.policy
        self._instruments = _read_instruments(instruments, settings.configuration.currency, policy)
        late: Late = {}
        costs = Costs(
            read_commission(commission, policy, late),
            read_slippage(slippage, policy, late),
            read_swap(swap, policy, late),
        )
        raise_first(late)
        way = read_fill("fill", fill, policy)
        rates = (periods_per_year, risk_free_rate, mar)
        self._parameters = read_parameters(rates, None, confidence, resample, None)
        names = _read_names("labels", labels)
        only = self._instruments[0].symbol if len(self._instruments) == 1 else None
        self._bars = read_batch_bars(bars, only, policy)
        self._orders = read_batch_orders(orders, self._bars.symbols, policy)
        usual = RunPlan(0, settings.configuration, way, costs, {})
        if params is None:
            self._plans = runs_without_params(self._orders, usual)
        else:
            self._plans = read_batch_params(params, names, self._orders, usual, policy)

    def __len__(self) -> int:
        return len(self._plans)

    @property
    def run_ids(self) -> list[int]:
        """The runs, in the order of the results."""
        return [plan.run_id for plan in self._plans]

    @property
    def moments(self) -> int:
        """Number of different times of the bars."""
        return len(self._bars.moments)

    @property
    def fingerprint(self) -> str:
        """A hash of everything that decides the results of a run."""
        hashed = blake2b(digest_size=_FINGERPRINT_BYTES)
        parts: list[object] = [*self._settings, self._parameters, *self._instruments]
        parts += [(moment.time, *(bar[:6] for bar in moment.bars)) for moment in self._bars.moments]
        for plan in self._plans:
            parts += [plan, *self._orders.of(plan.run_id)]
        for part in parts:
            hashed.update(repr(part).encode() + b"\n")
        return hashed.hexdigest()

    def run(
        self,
        first: int,
        count: int,
        *,
        threads: int | None = None,  # noqa: ARG002 - there is one.
        record: str = "bar",
        equity_columns: str = "equity",
        trades: bool = True,
        metrics: bool = True,
        exact: bool = False,
        digest: bool = False,
        on_error: str = "record",
        progress: Callable[[int], object] | None = None,
        cancel: Any = None,  # noqa: ANN401 - whatever has `cancelled`.
    ) -> BatchTablesPython:
        """Make some runs, one after the other.

        Parameters
        ----------
        first, count : int
            Places in ``run_ids``.
        threads : int, optional
            Changes nothing here.
        record : {"bar", "1d", "none"}
            Which points of the equity curves are kept.
        equity_columns : {"equity", "all"}
            What is kept of a point.
        trades, metrics : bool
            Whether there are rows of these tables.
        exact : bool
            Numbers as Decimal128 instead of Float64.
        digest : bool
            Fill the column of digests.
        on_error : {"record", "raise"}
            What becomes of a row that is refused.
        progress : callable, optional
            Gets the number of runs that are done, after each.
        cancel : object, optional
            Its attribute ``cancelled`` is asked again and again.

        Returns
        -------
        BatchTablesPython
            Whole runs only.

        Raises
        ------
        InvalidArgument
            There are no such runs, or a word is none.
        OmegaPortfolioError
            With ``on_error="raise"``, the first refusal.
        """
        _check_range(first, count, len(self._plans))
        keep = Keep(
            read_word("record", record, RECORDS),
            read_word("equity_columns", equity_columns, EQUITY_COLUMNS),
            bool(trades),
            bool(metrics),
            bool(exact),
            bool(digest),
        )
        raises = read_word("on_error", on_error, (RAISE, RECORD)) == RAISE

        def is_stopped() -> bool:
            return cancel is not None and bool(cancel.cancelled)

        rows = BatchRows(keep, self._parameters)
        for place in range(first, first + count):
            if is_stopped():
                break
            try:
                driven = self._drive(place, is_stopped)
            except Stopped:
                break
            error = driven.first_error()
            if raises and error is not None:
                raise _placed(self._plans[place].run_id, error)
            rows.add(self._plans[place].run_id, driven)
            if progress is not None:
                progress(place + 1 - first)
        return BatchTablesPython(rows, exact=keep.exact, wanted=count)

    def portfolio(self, place: int) -> PortfolioPython:
        """Make one run and give its account as it is at the end (R11)."""
        _check_range(place, 1, len(self._plans))
        driven = self._drive(place, lambda: False)
        return PortfolioPython._of_ledger(driven.ledger, self._settings.policy)

    def _drive(self, place: int, is_stopped: Callable[[], bool]) -> Driven:
        plan = self._plans[place]
        return drive(
            (plan, self._bars, self._orders.of(plan.run_id)),
            definitions_of(plan, self._instruments, self._bars.symbols),
            rounds_off_grid=self._settings.rounds_off_grid,
            is_stopped=is_stopped,
        )


def _read_instruments(value: object, currency: str, policy: FloatPolicy) -> list[Definition]:
    """Convert and check the instruments, which all runs register."""
    found: dict[str, Definition] = {}
    for instrument in _sequence("instruments", value):
        definition = read_definition(instrument, currency, policy)
        check_definition(definition)
        if found.setdefault(definition.symbol, definition) != definition:
            raise InstrumentExists(
                "symbol",
                describe(definition.symbol),
                "is given with another definition",
                "pass each instrument once",
            )
    return list(found.values())


def _sequence(argument: str, value: object) -> Sequence[object]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return value
    raise InvalidArgument(argument, describe(value), "must be a sequence", "pass a list")


def _read_names(argument: str, value: object) -> list[str]:
    return [read_str(argument, name) for name in _sequence(argument, value)]


def _check_range(first: object, count: object, length: int) -> None:
    """Refuse places that are none."""
    if not isinstance(first, int) or isinstance(first, bool) or not 0 <= first <= length:
        raise InvalidArgument("first", describe(first), f"must be 0 to {length}", "pass a place")
    is_count = isinstance(count, int) and not isinstance(count, bool)
    if not is_count or not 0 <= count <= length - first:  # type: ignore[operator]
        rule = f"must be 0 to {length - first}"
        raise InvalidArgument("count", describe(count), rule, "pass a number of runs")


def _placed(run_id: int, rejected: Rejected) -> OmegaPortfolioError:
    """Give a refusal the place of its run and row (R9)."""
    row = "" if rejected.row is None else f", row {rejected.row.row}"
    error = rejected.error
    value = f"run {run_id}{row}: {error.value}"
    return type(error)(error.argument, value, error.rule, error.remedy)
