"""Pictures of a batch: a metric over the parameters, and curves over each other.

They are drawn by the same parts as those of a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from omega_portfolio.batch.axis import BINS, CELLS_MAX, Axis, axis_of
from omega_portfolio.batch.heat import heat_map
from omega_portfolio.batch.ranking import check_metric
from omega_portfolio.catalogue import CATALOGUE
from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.report.curves import WIDE
from omega_portfolio.report.pictures import Plot, made
from omega_portfolio.report.plane import (
    Look,
    Scale,
    Series,
    bottom,
    ends_of,
    grid,
    line_chart,
    lines_of,
    margin_of,
    span_of,
    value_marks,
)
from omega_portfolio.report.svg import Picture, dots, fine, label, line, trail
from omega_portfolio.report.text import count, short_money
from omega_portfolio.report.thin import thin_dots

if TYPE_CHECKING:
    import polars as pl

    from omega_portfolio.batch.result import BatchResult
    from omega_portfolio.report.ticks import Kind

COLOURS: Final = (
    *("accent", "loss", "gain", "second", "third"),
    *("accent dashed", "loss dashed", "gain dashed"),
)
"""Curves in one picture are told apart by these."""

NO_CURVE: Final = "All of these runs failed, and a failed run has no curve."

DOT_CELLS: Final = (240, 80)
"""Of dots in the same cell of the picture one is drawn."""


def plot_metric(result: BatchResult, metric: str, over: str | Sequence[str] | None) -> Plot:
    """Draw a metric over no, one or two parameters.

    Parameters
    ----------
    result : BatchResult
        The runs.
    metric : str
        A column of numbers, flags or durations of ``result.metrics``.
    over : str, sequence of str or None
        Parameters or labels; None takes those that differ.

    Returns
    -------
    Plot
        With a sentence where there is nothing to draw.

    Raises
    ------
    InvalidArgument
        There is no such column, or more than two parameters differ.
    """
    import polars as pl

    rows = result.metrics.lazy()
    names = rows.collect_schema().names()
    check_metric(metric, names)
    chosen = _chosen(result, over, names)
    frame = rows.select(
        "run_id", *(name for name in chosen if name != "run_id"), pl.col(metric).alias("value")
    ).collect()
    frame = frame.with_columns(_numbers(frame["value"], metric)).drop_nulls("value")
    title = f"{metric} over {' and '.join(chosen)}" if chosen else f"{metric} of all runs"
    if frame.is_empty():
        return made(metric, f"{metric} is not defined in any run.")
    kind = _kind_of(metric)
    text = f"{count(frame.height, 'run')}"
    if len(chosen) < 2:
        return made(metric, [_line(frame, chosen, (title, text), kind)])
    cells = frame.group_by(chosen, maintain_order=True).agg(
        pl.col("value").mean(), pl.len().alias("runs")
    )
    if cells.height < frame.height:
        text += ", averaged where they agree in both"
    return made(metric, [heat_map(cells, chosen, (title, text), kind)])


def _chosen(
    result: BatchResult, over: str | Sequence[str] | None, names: Sequence[str]
) -> list[str]:
    """Give the parameters of the axes: those asked for, or those that differ."""
    if over is None:
        params = result.params
        varying = [] if params is None else [n for n in params.columns[1:] if differs(params[n])]
        if len(varying) > 2:
            raise InvalidArgument(
                "over",
                "None",
                f"is needed, because {len(varying)} parameters differ: {', '.join(varying)}",
                f'pass one or two of them, such as over=("{varying[0]}", "{varying[1]}")',
            )
        return varying
    given = [over] if isinstance(over, str) else over
    if (
        isinstance(given, Sequence)
        and len(given) <= 2
        and not all(isinstance(name, str) for name in given)
    ):
        raise InvalidArgument("over", describe(over), "holds what is no name", "pass names")
    if not isinstance(given, Sequence) or not 1 <= len(given) <= 2 or len(set(given)) < len(given):
        rule = "is neither one name nor two different ones"
        raise InvalidArgument("over", describe(over), rule, "pass names of parameters or labels")
    for name in given:
        if not isinstance(name, str) or name not in names:
            rule = "is no column of the metrics"
            raise InvalidArgument("over", describe(name), rule, "see result.metrics.columns")
    return list(given)


def differs(values: pl.Series) -> bool:
    """Whether a parameter has two values or more."""
    return values.n_unique() > 1


def _numbers(values: pl.Series, metric: str) -> pl.Series:
    """Give a metric as floats: durations in days, flags as 0 and 1."""
    import polars as pl

    numbers: pl.Series
    if values.dtype == pl.Duration:
        numbers = values.dt.total_microseconds() / 86_400e6
    elif values.dtype.is_numeric() or values.dtype == pl.Boolean:
        numbers = values.cast(pl.Float64)
    else:
        rule = f"has no numbers but {values.dtype}"
        raise InvalidArgument("metric", describe(metric), rule, "choose another one")
    return numbers


def _kind_of(metric: str) -> Kind:
    definition = CATALOGUE.get(metric)
    if definition is None:
        return "number"
    if definition.kind == "money":
        return "money"
    return "percent" if definition.unit.startswith("fraction") else "number"


def _line(
    frame: pl.DataFrame, chosen: Sequence[str], texts: tuple[str, str], kind: Kind
) -> Picture:
    """Draw the mean over one parameter, with all runs as dots; or the runs from worst to best."""
    import polars as pl

    title, text = texts
    if chosen:
        axis = axis_of(frame[chosen[0]])
        shown = frame.select(place=axis.places(frame[chosen[0]]), value="value")
    else:
        text += ", from the lowest to the highest"
        shown = frame.select(pl.col("value").sort()).with_row_index("place", offset=1)
        shown = shown.select(pl.col("place").cast(pl.Float64), "value")
        axis = Axis(1.0, float(max(frame.height, 2)), (), 0.0)
    means = means_of(shown) if chosen else shown
    if means.height < frame.height:
        text += ", with their mean"
    size = WIDE
    look = Look(title, text, kind)
    low, high = span_of(*ends_of(shown["value"]), look)
    foot, top = size.height - 28, 10
    marks = value_marks(low, high, foot - top, look)
    left = max(margin_of(marks), 56)
    x = axis.scale(left, size.width - 16)
    y = Scale(low, high, foot, top)
    body = [grid(marks, y, left, size.width - 16)]
    body.append(bottom(axis.marks(8), x, foot))
    if chosen:
        # Of many runs the mean is what is looked at, and they stand behind it.
        class_ = "dot third" if means.height < frame.height else "dot accent"
        few = thin_dots(shown, "place", "value", DOT_CELLS)
        body.append(dots(((x(at), y(value)) for at, value in few.iter_rows()), class_))
    places = [(x(at), y(value)) for at, value in means.iter_rows()]
    if axis.names:
        # Between names there is nothing, so there is no line from one to the next.
        body.extend(line(at - 14, mean, at + 14, mean, "line accent") for at, mean in places)
    else:
        body.append(fine(trail(places), "line accent"))
    if chosen:
        body.append(label(size.width - 16, size.height + 10, chosen[0], "ink end"))
    return Picture(size.width, size.height + 18, title, text, "".join(body))


def means_of(shown: pl.DataFrame) -> pl.DataFrame:
    """Give the mean at each place; of many places the mean of each bin, at its middle."""
    import polars as pl

    if shown["place"].n_unique() > CELLS_MAX:
        low, high = ends_of(shown["place"])
        width = (high - low) / BINS
        place = ((pl.col("place") - low) / width).floor().clip(0, BINS - 1)
        shown = shown.select((low + (place + 0.5) * width).alias("place"), "value")
    return shown.group_by("place").agg(pl.col("value").mean()).sort("place")


def plot_curves(result: BatchResult, runs: object) -> Plot:
    """Draw the equity curves of some runs over each other.

    Parameters
    ----------
    result : BatchResult
        The runs.
    runs : sequence of int
        One to eight of ``result.run_ids``, each once.

    Returns
    -------
    Plot
        With no more points than a picture has pixels for.

    Raises
    ------
    InvalidArgument
        There is no such run, there are too many, or no curve was kept.
    """
    import polars as pl

    chosen = _runs_of(result, runs)
    times = result.times
    if times is None and result.metrics.lazy().head(1).collect().is_empty():
        return made("equity", NO_CURVE)
    if times is None:
        rule = "has no curves to draw"
        raise InvalidArgument("record", "none", rule, 'call run_batch with record="bar" or "1d"')
    if len(times) < 2:
        return made("equity", "All points are at one moment, and a line needs two.")
    frame = pl.DataFrame({"time": times.dt.cast_time_unit("us").to_physical()})
    curves = curves_of(result, chosen)
    frame = frame.hstack([curves[run].alias(f"run {run}") for run in chosen if run in curves])
    columns = frame.columns[1:]
    if not columns:
        return made("equity", NO_CURVE)
    series = [
        Series(name, name.capitalize(), class_)
        for name, class_ in zip(columns, COLOURS, strict=False)
    ]
    ends = [frame[name][-1] for name in columns]
    text = f"From {short_money(min(ends))} to {short_money(max(ends))} {result.currency} at the end"
    look = Look(f"Equity of {count(len(columns), 'run')}", text)
    return made("equity", [line_chart(lines_of(frame, columns), series, WIDE, look)])


def _runs_of(result: BatchResult, runs: object) -> list[int]:
    if isinstance(runs, str) or not isinstance(runs, Sequence) or not runs:
        rule = "is no sequence of runs"
        raise InvalidArgument("runs", describe(runs), rule, "pass for instance runs=[0, 1]")
    if len(runs) <= len(COLOURS) and not all(isinstance(run, int) for run in runs):
        rule = "holds what is none of the runs"
        raise InvalidArgument("runs", describe(runs), rule, "pass some of result.run_ids")
    if len(runs) > len(COLOURS) or len(set(runs)) < len(runs):
        rule = f"has more than {len(COLOURS)} runs, or one twice"
        raise InvalidArgument("runs", describe(runs), rule, "choose a few")
    known = set(result.run_ids)
    for run in runs:
        if isinstance(run, bool) or not isinstance(run, int) or run not in known:
            rule = "is none of the runs"
            raise InvalidArgument("runs", describe(run), rule, "pass some of result.run_ids")
    return list(runs)


def curves_of(result: BatchResult, runs: Sequence[int]) -> dict[int, pl.Series]:
    """Read the curves of some runs as floats; a failed run has none."""
    import polars as pl

    chosen = result.equity.lazy().filter(pl.col("run_id").is_in(list(runs)))
    frame = chosen.select("run_id", "equity").collect()
    if isinstance(frame.schema["equity"], pl.Array):
        frame = frame.explode("equity")
    parts = frame.partition_by("run_id", as_dict=True, maintain_order=True)
    return {int(key[0]): part["equity"].cast(pl.Float64) for key, part in parts.items()}


__all__ = ["COLOURS", "curves_of", "plot_curves", "plot_metric"]
