"""Orders out of weights: which part of the equity each symbol shall be.

:func:`orders_from_weights` chooses the days on which the account is brought to its weights, and
makes a target order for each symbol on each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from omega_portfolio.batch.matrices import (
    KEYS,
    Matrix,
    by_run,
    frame_of,
    read_keys,
    read_matrix,
    read_times,
    refuse_null,
)
from omega_portfolio.errors import InvalidArgument, InvalidFrame, describe

if TYPE_CHECKING:
    import polars as pl

    Axes = tuple[pl.DataFrame | None, object]
    """Times and symbols of arrays."""

RULES: Final = ("equity", "value", "units")
_GAP: Final = "fill_null(0), or leave the row out of a list"


def orders_from_weights(
    weights: object,
    *,
    rebalance: str = "every",
    size_rule: Literal["equity", "value", "units"] = "equity",
    times: object = None,
    symbols: object = None,
    tag: str | None = None,
) -> pl.DataFrame:
    """Make the orders of ``run_batch`` that bring an account to given weights.

    A target order buys or sells the difference between what is held and what the weight asks
    for, at the equity of that moment. It needs ``run_batch(mode="netting")``. Of one time, the
    weights that fall most against those of the rebalancing before come first, so that sales
    make room for purchases.

    Parameters
    ----------
    weights : frame, array or mapping
        A frame with the column ``time`` and one column of numbers a symbol; or with ``time``,
        ``symbol`` and ``weight`` (a symbol without a row gets no order); an array with ``times``
        and ``symbols``; a pandas frame. A frame may have a column ``run_id``, and a mapping has
        a matrix for each run. A negative weight is a short position, 0 closes.
    rebalance : str, default "every"
        ``"every"`` time, ``"change"`` (times at which a weight is another than before), or a
        period of Polars: ``"1w"``, ``"1mo"``, ``"1q"``, ``"1y"``, ..., by the clock of UTC. The
        first time of each period is taken.
    size_rule : {"equity", "value", "units"}, default "equity"
        What a weight is: a part of the equity, money, or units.
    times, symbols : sequence, optional
        Of the rows and columns of arrays.
    tag : str, optional
        Tag of the orders.

    Returns
    -------
    polars.DataFrame
        The orders, by run and time.

    Raises
    ------
    InvalidFrame
        A weight is null, not finite or no number; the message names row and column.
    InvalidArgument
        An option is unknown or missing.

    Notes
    -----
    Runs that have nothing but these orders take a shorter road through ``run_batch``, with the
    same results to the last digit: whatever the rule, the signs and the fill, with trades and
    metrics. They go the usual, slower way with a margin call or a stop-out, ``rounding="cents"``,
    ``equity_columns="all"``, ``digest``, a metrics ``resample``, an instrument in another currency
    or with slippage, swap, a margin of its own, steps or tiers, bars of which most symbols lack
    most times, and when the equity falls to 0.

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> days = [date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1)]
    >>> weights = pl.DataFrame({"time": days, "ACME": [0.6, 0.6, 0.2], "EMCA": [0.4, 0.4, 0.8]})
    >>> orders = op.orders_from_weights(weights, rebalance="1mo")
    >>> orders.select("time", "symbol", "action", "size", "size_rule").rows()[2:]
    [(datetime.date(2024, 2, 1), 'ACME', 'target', 0.2, 'equity'), \
(datetime.date(2024, 2, 1), 'EMCA', 'target', 0.8, 'equity')]
    """
    import polars as pl

    period: object = rebalance
    if not isinstance(period, str):
        remedy = "choose every, change, or a period such as 1mo"
        raise InvalidArgument("rebalance", describe(rebalance), "is no period", remedy)
    if not isinstance(size_rule, str) or size_rule not in RULES:
        remedy = f"choose one of {', '.join(RULES)}"
        raise InvalidArgument("size_rule", describe(size_rule), "is no rule of a target", remedy)
    if tag is not None and not isinstance(tag, str):
        raise InvalidArgument("tag", describe(tag), "is no text", "pass a str")
    axes = (read_times(times), symbols)
    parts = by_run("weights", weights)
    if parts is None:
        rows = _rows(weights, axes, rebalance)
    else:
        made = [_of_run(run, part, axes, rebalance) for run, part in parts.items()]
        rows = pl.concat(made, how="vertical_relaxed")
    keys = [name for name in (*KEYS, "symbol") if name in rows.columns]
    texts = {"action": "target", "size_rule": size_rule} | ({} if tag is None else {"tag": tag})
    size = pl.col("weight").alias("size")
    return rows.select(*keys, size, **{name: pl.lit(text) for name, text in texts.items()})


def _of_run(run: int, part: object, axes: Axes, rebalance: str) -> pl.DataFrame:
    import polars as pl

    rows = _rows(part, axes, rebalance)
    if "run_id" in rows.columns:
        rule = "is a column of a matrix that belongs to one run"
        raise InvalidFrame("weights", "column run_id", rule, "remove it, or pass one frame")
    return rows.select(pl.lit(run, dtype=pl.UInt32).alias("run_id"), pl.all())


def _rows(weights: object, axes: Axes, rebalance: str) -> pl.DataFrame:
    """Give the rows of the times of rebalancing: run_id, time, symbol and weight."""
    frame = frame_of("weights", weights)
    if frame is not None and "weight" in frame.columns:
        return _of_list(frame, rebalance)
    return _of_matrix(read_matrix("weights", weights, *axes), rebalance)


def _of_matrix(matrix: Matrix, rebalance: str) -> pl.DataFrame:
    import polars as pl

    keys, columns = matrix.keys, matrix.columns
    order = keys.select(pl.arg_sort_by(keys.columns)).to_series()
    keys = keys[order]
    cells = [_numbers(name, column).gather(order) for name, column in columns.items()]
    if rebalance == "change":
        follows = _follows(keys)
        changed = [column != _before(column, follows) for column in cells]
        places = pl.DataFrame(changed).select(pl.any_horizontal(pl.all())).to_series().arg_true()
    else:
        places = _places(keys, rebalance)
    keys, cells = keys[places], [column.gather(places) for column in cells]
    follows = _follows(keys)
    growth = [column.abs() - _before(column.abs(), follows) for column in cells]
    count = pl.int_range(len(cells), dtype=pl.UInt32, eager=True)
    row = pl.int_range(keys.height, dtype=pl.UInt32, eager=True)
    place = count.repeat_by(keys.height).explode().drop_nulls()
    made = {
        "row": pl.concat([row] * len(cells)),
        "growth": pl.concat(growth),
        "place": place,
        "weight": pl.concat(cells),
    }
    table = pl.DataFrame(made).sort("row", "growth", "place")
    rows = keys[table["row"]].with_columns(table["weight"])
    if list(columns) == [""]:
        return rows
    names = pl.Series("symbol", list(columns), dtype=pl.String)
    return rows.with_columns(names.gather(table["place"]))


def _follows(keys: pl.DataFrame) -> pl.Series:
    """Say which rows have the row before them in the same run."""
    import polars as pl

    if "run_id" not in keys.columns:
        return pl.int_range(keys.height, eager=True) > 0
    return (keys["run_id"] == keys["run_id"].shift(1)).fill_null(value=False)


def _before(column: pl.Series, follows: pl.Series) -> pl.Series:
    """Give the weight before each one; what is not held yet has the weight 0."""
    return column.shift(1).fill_null(0) * follows


def _of_list(frame: pl.DataFrame, rebalance: str) -> pl.DataFrame:
    import polars as pl

    keys = read_keys("weights", frame)
    if "symbol" in frame.columns:
        refuse_null("weights", frame["symbol"])
        keys = keys.with_columns(frame["symbol"])
    for name in frame.columns:
        if name not in (*keys.columns, "weight"):
            rule, remedy = "is no column of weights", "select time, symbol and weight"
            raise InvalidFrame("weights", f"column {name}", rule, remedy)
    twice = keys.is_duplicated().arg_true()
    if len(twice):
        value = f"row {twice[0]}, column time: {keys['time'][twice[0]]}"
        raise InvalidFrame("weights", value, "is there twice for its symbol", "give it once")
    rows = keys.with_columns(_numbers("weight", frame["weight"]).alias("weight"))
    moment = [name for name in KEYS if name in rows.columns]
    symbol = [name for name in ("run_id", "symbol") if name in rows.columns]

    def before(cell: pl.Expr) -> pl.Expr:
        shifted = cell.shift(1)
        return (shifted.over(symbol) if symbol else shifted).fill_null(0)

    rows = rows.sort(moment, maintain_order=True)
    if rebalance == "change":
        times = rows.filter(pl.col("weight") != before(pl.col("weight"))).select(moment).unique()
    else:
        times = rows.select(moment).unique()
        times = times[_places(times, rebalance)]
    rows = rows.join(times, on=moment, how="semi", maintain_order="left")
    size = pl.col("weight").abs()
    grown = rows.with_columns(growth=size - before(size))
    return grown.sort([*moment, "growth"], maintain_order=True).drop("growth")


def _places(keys: pl.DataFrame, rebalance: str) -> pl.Series:
    """Choose the rows of the first time of each period."""
    import polars as pl

    if rebalance == "every":
        return pl.int_range(keys.height, dtype=pl.UInt32, eager=True)
    try:
        period = keys["time"].cast(pl.Datetime("us")).dt.truncate(rebalance)
    except (pl.exceptions.PolarsError, TypeError) as error:
        remedy = "choose every, change, or a period such as 1mo"
        rule = f"is no period: {str(error).splitlines()[0]}"
        raise InvalidArgument("rebalance", describe(rebalance), rule, remedy) from None
    group = [*(name for name in ("run_id",) if name in keys.columns), "period"]
    first = pl.col("time") == pl.col("time").min().over(group)
    return keys.with_columns(period=period).select(first).to_series().arg_true()


def _numbers(name: str, column: pl.Series) -> pl.Series:
    """Check that a column holds finite numbers."""
    column = column.alias(name or "weight")
    if not column.dtype.is_numeric():
        value = f"column {column.name}: {column.dtype}"
        raise InvalidFrame("weights", value, "holds no numbers", "cast it to a number type")
    refuse_null("weights", column, _GAP)
    if column.dtype.is_float():
        wrong = (~column.is_finite()).arg_true()
        if len(wrong):
            value = f"row {wrong[0]}, column {column.name}: {column[wrong[0]]}"
            raise InvalidFrame("weights", value, "is not finite", _GAP)
    return column


__all__ = ["orders_from_weights"]
