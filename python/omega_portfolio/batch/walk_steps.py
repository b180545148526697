"""The steps of a walk-forward: cut, choose, test, and hand the money on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omega_portfolio.batch.inputs import polars_frame
from omega_portfolio.batch.matrices import check_times, read_runs, refuse_null
from omega_portfolio.errors import InvalidFrame

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    import polars as pl

    from omega_portfolio.batch.result import BatchResult
    from omega_portfolio.batch.splits import Split
    from omega_portfolio.batch.tables import Frame
    from omega_portfolio.types import ArrowStream, NumberLike


@dataclass(frozen=True, slots=True)
class Step:
    """One split: its row, the tables of its test, and the money at its end."""

    row: pl.DataFrame
    equity: pl.DataFrame
    trades: pl.DataFrame
    rejected: pl.DataFrame
    equity_end: Decimal


@dataclass(slots=True)
class Walk:
    """What all splits share.

    Attributes
    ----------
    bars, params : polars.DataFrame
        As given; params have a run_id.
    orders : polars.DataFrame or callable
        As given.
    metric : str
        What is chosen by.
    descending : bool or None
        Its direction.
    options : dict
        Of ``run_batch``.
    bar_times : polars.Series
        Of each bar, in microseconds.
    moments : polars.Series
        Each of them once.
    """

    bars: pl.DataFrame
    orders: pl.DataFrame | Callable[[pl.DataFrame, pl.DataFrame], ArrowStream]
    params: pl.DataFrame
    metric: str
    descending: bool | None
    options: dict[str, Any]
    bar_times: pl.Series = field(init=False)
    moments: pl.Series = field(init=False)

    def __post_init__(self) -> None:
        self.bar_times = microseconds("bars", self.bars)
        self.moments = self.bar_times.unique().sort()

    def step(self, number: int, split: Split, balance: NumberLike) -> Step:
        """Choose on one part, and test on the other."""
        import polars as pl

        chosen, trials = self._choose(split.train_start, split.train_end)
        test = self._test(split, chosen, balance)
        run = None if chosen is None else chosen["run_id"].item()
        result_end = test.portfolio(test.run_ids[0]).equity
        final = eager(test.final).row(0, named=True)
        tested = eager(test.metrics).row(0, named=True)
        ends = (split.train_start, split.train_end, split.test_start, split.test_end)
        first, last, start, end = (self._time(at) for at in _inclusive(ends))
        figures = {} if chosen is None else chosen.row(0, named=True)
        row = {
            "split": number,
            "train_start": first,
            "train_end": last,
            "test_start": start,
            "test_end": end,
            "trials": trials,
            "run_id": run,
            **{name: figures.get(name) for name in self.params.columns if name != "run_id"},
            f"train_{self.metric}": figures.get(self.metric),
            f"test_{self.metric}": None if chosen is None else tested[self.metric],
            "deflated_sharpe_ratio": figures.get("deflated_sharpe_ratio"),
            "initial_balance": float(str(balance)),
            "final_equity": float(result_end),
            "open_count": final["open_count"],
        }
        mark = pl.lit(number, dtype=pl.UInt32).alias("split")
        equity, trades, rejected = (
            eager(table).select(mark, pl.exclude("run_id"))
            for table in (test.equity, test.trades, test.rejected)
        )
        return Step(self._row(row), equity, trades, rejected, result_end)

    def _row(self, row: dict[str, Any]) -> pl.DataFrame:
        """Make a row whose columns have the same types in every split."""
        import polars as pl

        kinds = dict(self.params.schema) | {
            "split": pl.UInt32,
            "trials": pl.UInt32,
            "run_id": pl.UInt32,
            "deflated_sharpe_ratio": pl.Float64,
        }
        return pl.DataFrame([row], schema_overrides=kinds)

    def _time(self, place: int) -> Any:  # noqa: ANN401 - a time as Polars gives it.
        import polars as pl

        return self.moments[place : place + 1].cast(pl.Datetime("us", "UTC")).item()

    def _choose(self, start: int, end: int) -> tuple[pl.DataFrame | None, int]:
        """Give the best run of a part with its figures, and how many runs were tried."""
        import polars as pl

        orders = self._orders(start, end, self.params)
        params = self.params
        if "run_id" in orders.columns:
            params = params.filter(pl.col("run_id").is_in(orders["run_id"].unique().implode()))
            if not params.height:
                return None, 0
        result = self._run(start, end, orders, params, record="none", trades=False)
        best = result.best(self.metric, 1, descending=self.descending)
        trials = eager(result.metrics)[self.metric].count()
        return (best if best.height else None), trials

    def _test(self, split: Split, chosen: pl.DataFrame | None, balance: NumberLike) -> BatchResult:
        """Run the chosen parameters on a part; without any there is no order."""
        import polars as pl

        start, end = split.test_start, split.test_end
        params = self.params.head(1)
        if chosen is None:
            orders = self._orders(start, end, params).clear()
        else:
            one = pl.col("run_id") == chosen["run_id"].item()
            params = self.params.filter(one)
            orders = self._orders(start, end, params)
            if "run_id" in orders.columns:
                orders = orders.filter(one)
        orders = orders.drop("run_id", strict=False)
        return self._run(start, end, orders, params, initial_balance=balance)

    def _run(
        self,
        start: int,
        end: int,
        orders: pl.DataFrame,
        params: pl.DataFrame,
        **more: Any,  # noqa: ANN401 - as in run_batch.
    ) -> BatchResult:
        from omega_portfolio.batch.run import run_batch

        times, moments = self.bar_times, self.moments
        bars = self.bars.filter((times >= moments[start]) & (times <= moments[end - 1]))
        return run_batch(bars, orders, params, progress=False, **{**self.options, **more})

    def _orders(self, start: int, end: int, params: pl.DataFrame) -> pl.DataFrame:
        """Give the orders that can be filled in a part."""
        moments, orders = self.moments, self.orders
        if callable(orders):
            known = self.bars.filter(self.bar_times <= moments[end - 1])
            orders = polars_frame(orders(known, params), "orders")
        times = microseconds("orders", orders)
        if "run_id" in orders.columns:
            self._know_runs(orders)
        if self.options.get("fill", "next_open") == "close":
            # The first bar at or after the order fills it.
            after = times > moments[start - 1] if start else times >= times.min()
            return orders.filter(after & (times <= moments[end - 1]))
        return orders.filter((times >= moments[start]) & (times < moments[end - 1]))

    def _know_runs(self, orders: pl.DataFrame) -> None:
        """Refuse orders of a run that is none."""
        runs = read_runs("orders", orders)
        strange = (~runs.is_in(self.params["run_id"].implode())).arg_true()
        if len(strange):
            value = f"row {strange[0]}, column run_id: {runs[strange[0]]}"
            remedy = "add it to params, or drop its orders"
            raise InvalidFrame("orders", value, "is no run of params", remedy)


def _inclusive(ends: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return ends[0], ends[1] - 1, ends[2], ends[3] - 1


def eager(frame: Frame) -> pl.DataFrame:
    """Give a table of a result that is in memory."""
    return frame.lazy().collect()


def numbered(params: pl.DataFrame) -> pl.DataFrame:
    """Give every run its number."""
    import polars as pl

    if "initial_balance" in params.columns:
        rule = "is what the walk hands on from test to test"
        raise InvalidFrame("params", "column initial_balance", rule, "pass initial_balance=")
    if not params.height:
        raise InvalidFrame("params", "0 rows", "has no run", "pass one or more")
    if "run_id" not in params.columns:
        return params.with_row_index("run_id")
    return params.select(read_runs("params", params), pl.exclude("run_id"))


def microseconds(name: str, frame: pl.DataFrame) -> pl.Series:
    """Give the times of a frame in microseconds since 1970; a time without a zone is UTC."""
    import polars as pl

    if "time" not in frame.columns:
        remedy = f"the columns found are {', '.join(frame.columns)}"
        raise InvalidFrame(name, "column time", "is missing", remedy)
    times = frame["time"]
    check_times(name, times)
    refuse_null(name, times)
    whole: pl.Series = times if times.dtype.is_integer() else times.cast(_like(times)).to_physical()
    micros: pl.Series = whole.cast(pl.Int64)
    return micros


def _like(times: pl.Series) -> pl.DataType:
    """Give the type of microseconds in the zone of some times."""
    import polars as pl

    return pl.Datetime("us", getattr(times.dtype, "time_zone", None))


__all__ = ["Step", "Walk", "eager", "microseconds", "numbered"]
