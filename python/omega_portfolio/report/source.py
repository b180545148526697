"""What the report reads of an analysis, as frames: points, trades, returns.

Every figure comes from the analysis itself; what is computed here is only what a drawing
needs beside it: the fall below the peak, the benchmark at the same moments, and exposures as
parts of the equity.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.one_reading import read_once
from omega_portfolio.report.plane import Lines, lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from omega_portfolio.analysis import Analysis
    from omega_portfolio.metric_values import Resample
    from omega_portfolio.types import ArrowStream, NumberLike

BENCHMARK_COLUMNS: Final = ("equity", "close", "price", "value")
_EXPOSURES: Final = {"gross": "gross_exposure", "net": "net_exposure", "margin": "margin_used"}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the metrics, as :func:`omega_portfolio.report.write_report` takes them."""

    benchmark: ArrowStream | None = None
    periods_per_year: NumberLike = 252
    risk_free_rate: NumberLike = 0
    mar: NumberLike | None = None
    confidence: NumberLike = 0.05
    resample: Resample | None = None

    def for_metrics(self) -> dict[str, Any]:
        """Give the arguments of ``calculate_metrics``."""
        return {name: getattr(self, name) for name in self.__slots__}

    def for_rolling(self) -> dict[str, Any]:
        """Give the arguments of ``rolling_metrics``."""
        names = ("periods_per_year", "risk_free_rate", "mar", "resample")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of an analysis.

    Attributes
    ----------
    frame : polars.DataFrame
        ``time`` (microseconds since 1970 UTC), ``equity``, ``drawdown`` (null without a
        positive start), and where there is such a thing ``benchmark`` (rebased to the start),
        ``gross``, ``net`` and ``margin`` (parts of the equity; null where it is not positive).
    peak, valley : int or None
        Rows of the deepest fall.
    """

    frame: pl.DataFrame
    peak: int | None
    valley: int | None

    @property
    def drawable(self) -> bool:
        """Whether there are two moments, so that a line has a length."""
        times = self.frame["time"]
        return bool(len(times)) and bool(times[0] != times[-1])

    def lines(self, *columns: str) -> Lines:
        """Give columns for drawing, with the rows of the deepest fall; there are two moments."""
        keep = [row for row in (self.peak, self.valley) if row is not None]
        return lines_of(self.frame, columns, keep)

    def returns(self) -> pl.Series:
        """Give the return of each period; every equity is above 0."""
        equity = self.frame["equity"]
        returns: pl.Series = (equity / equity.shift(1) - 1).drop_nulls()
        return returns


def read_curve(analysis: Analysis, facts: Mapping[str, Any], options: Options) -> Curve:
    """Read the points: the last row of each moment, or of each bucket.

    Parameters
    ----------
    analysis : Analysis
        A portfolio or a history.
    facts : mapping
        Its metrics ``period_count``, ``start_time`` and ``initial_equity``.
    options : Options
        ``resample`` and ``benchmark`` of it, already accepted by the analysis.

    Returns
    -------
    Curve
        One point more than there are periods, or none.
    """
    import polars as pl

    table = analysis.get_equity_curve()
    found = {name: column for name, column in _EXPOSURES.items() if column in table.columns}
    frame = table.select(["time", "equity", *found.values()]).to_polars()
    frame = frame.rename({column: name for name, column in found.items()})
    frame = last_of_each(frame, options.resample)
    frame = frame.with_columns(pl.col("time").dt.epoch("us"))
    # As many rows as periods: the starting balance stands before the first row.
    if frame.height and facts["period_count"] == frame.height:
        start = pl.DataFrame({"time": [facts["start_time"]]}).select(
            pl.col("time").dt.epoch("us"),
            equity=pl.lit(float(facts["initial_equity"])),
            **{name: pl.lit(0.0) for name in found},
        )
        frame = pl.concat([start, frame])
    equity = pl.col("equity")
    positive = bool(frame.height) and frame["equity"][0] > 0
    fall = equity / equity.cum_max() - 1 if positive else pl.lit(None, dtype=pl.Float64)
    share = {name: pl.when(equity > 0).then(pl.col(name) / equity) for name in found}
    frame = frame.with_columns(drawdown=fall, **share)
    if options.benchmark is not None and frame.height:
        frame = frame.with_columns(benchmark=_benchmark(options.benchmark, frame))
    return Curve(frame, *_deepest(frame))


def last_of_each(frame: pl.DataFrame, resample: str | None) -> pl.DataFrame:
    """Keep the last row of each moment, or of each bucket of time."""
    import polars as pl

    time = pl.col("time")
    # The words are those of Polars, whose weeks begin on Monday too.
    key = time if resample is None else time.dt.truncate(resample)
    return frame.filter((key != key.shift(-1)).fill_null(value=True))


def _deepest(frame: pl.DataFrame) -> tuple[int | None, int | None]:
    """Find the rows of the deepest fall: the valley, and the last peak before it."""
    falls = frame["drawdown"]
    valley = falls.arg_min()
    if valley is None or not falls[valley] < 0:
        return None, None
    before = falls[: valley + 1]
    peak = (before == 0).arg_true()[-1]
    return int(peak), int(valley)


def _benchmark(benchmark: ArrowStream, frame: pl.DataFrame) -> pl.Series:
    """Give the level of the benchmark at each point, rebased to the first equity."""
    import polars as pl
    import pyarrow as pa

    table = pa.table(benchmark)
    named = [name for name in BENCHMARK_COLUMNS if name in table.column_names]
    others = [name for name in table.column_names if name != "time"]
    name = named[0] if len(named) == 1 else others[0]
    # Nobody has looked at the other columns, and Polars may end the process on a broken one.
    levels = pl.DataFrame(table.select(["time", name]))
    levels = levels.select(_microseconds(levels["time"]), level=pl.col(name).cast(pl.Float64))
    joined = frame.select("time").join_asof(levels, on="time", strategy="backward")
    rebased: pl.Series = joined["level"] / joined["level"][0] * frame["equity"][0]
    return rebased


def _microseconds(times: pl.Series) -> pl.Series:
    import polars as pl

    if times.dtype.is_integer():
        whole: pl.Series = times.cast(pl.Int64)
        return whole
    if times.dtype == pl.Date:
        times = times.cast(pl.Datetime("us"))
    moments: pl.Series = times.dt.epoch("us")
    return moments


def kept(benchmark: ArrowStream | None) -> ArrowStream | None:
    """Give a benchmark that can be read twice: a stream of batches is read into a table."""
    speaks = hasattr(benchmark, "__arrow_c_stream__") or hasattr(benchmark, "__arrow_c_array__")
    if speaks and not hasattr(benchmark, "__len__"):
        table: ArrowStream = read_once(benchmark, "benchmark")
        return table
    return benchmark


def fingerprint(analysis: Analysis) -> str:
    """Give the fingerprint of the rows that a history holds.

    Returns
    -------
    str
        BLAKE2b-256 over the equity rows (time in microseconds and equity as a double, both
        little-endian) and over the same of the trades (exit time and net profit).
    """
    import polars as pl

    hasher = blake2b(digest_size=32)
    for table, time, value in (
        (analysis.get_equity_curve(), "time", "equity"),
        (analysis.get_trades(), "exit_time", "net_pnl"),
    ):
        frame = table.select([time, value]).to_polars()
        hasher.update(len(frame).to_bytes(8, "little"))
        for column in (frame[time].dt.epoch("us"), frame[value].cast(pl.Float64)):
            for buffer in column.rechunk().to_arrow().buffers()[1:]:
                hasher.update(buffer)
    return hasher.hexdigest()


__all__ = ["Curve", "Options", "fingerprint", "kept", "last_of_each", "read_curve"]
