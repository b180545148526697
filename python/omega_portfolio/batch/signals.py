"""Orders out of truth values: where to go in and where to go out.

The engine takes orders. Engines that work on matrices take a truth value for each time and
symbol; :func:`orders_from_signals` turns the second into the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from omega_portfolio.batch.gathering import SIGNALS, Gathered, Scalar, part_of, true_cells
from omega_portfolio.batch.matrices import (
    KEYS,
    Matrix,
    by_run,
    fits,
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

    Run = tuple[int | None, dict[str, object], dict[str, Any]]
    """A run, its signals, and the other columns of its orders."""

OPEN_COLUMNS: Final = (
    "size",
    "size_rule",
    "type",
    "price",
    "stop_loss",
    "take_profit",
    "stop_loss_distance",
    "take_profit_distance",
    "stop_loss_rate",
    "take_profit_rate",
    "trailing",
    "break_even",
    "break_even_offset",
    "trailing_rate",
    "targets",
    "exit_time",
    "expiry",
    "oco",
    "tag",
)
"""Columns of an order that opens, besides those that the signals make."""


def orders_from_signals(
    entries: object = None,
    exits: object = None,
    *,
    short_entries: object = None,
    short_exits: object = None,
    times: object = None,
    symbols: object = None,
    size: object = None,
    accumulate: bool = False,
    **columns: object,
) -> pl.DataFrame:
    """Make the orders of ``run_batch`` out of matrices of truth values.

    Where a cell of ``entries`` is true, a market order to buy is given at that time, unless the
    symbol is held already; where one of ``exits`` is true, what is held long is closed.
    ``short_entries`` and ``short_exits`` are the same for short positions. Of one time, the
    orders that close come first, so that an exit and an entry together are a turn. When they
    are filled is for ``run_batch(fill=...)``: at the next open, or at the close of that bar.

    Parameters
    ----------
    entries, exits, short_entries, short_exits : frame, array or mapping, optional
        In any of these forms, all in the same one:

        - a frame with the column ``time`` and one column of truth values a symbol (wide); a
          pandas frame may have the times as its index;
        - for ``entries`` alone, a frame with ``time``, ``symbol`` and the columns ``entries``,
          ``exits``, ``short_entries``, ``short_exits`` as far as there are any (long), without
          ``symbol`` for a single one; it may also have the columns of orders that open, such as
          ``size`` or ``stop_loss``, with a value for each row;
        - an array of one or two dimensions, with ``times`` and ``symbols``.

        A frame may have a column ``run_id``, and a mapping has a matrix for each run; ``exits``
        and the others are then mappings with the same keys, or one matrix for all runs.
    times, symbols : sequence, optional
        Of the rows and columns of arrays. One column needs no symbol.
    size : number or matrix, optional
        The size of every entry, or a matrix of the form of ``entries``; 1 when it is left out.
    accumulate : bool, default False
        Give the order also while the symbol is held.
    **columns : scalar or matrix
        Other columns of orders that open: ``size_rule``, ``stop_loss_rate``, ``take_profit``,
        ``trailing``, ``tag``, ... (SPEC section 20). With a ``tag``, exits close only what has
        that tag.

    Returns
    -------
    polars.DataFrame
        The orders, by run and time.

    Raises
    ------
    InvalidFrame
        A cell is null or no truth value, or forms differ; the message names the argument, the
        row and the column.
    InvalidArgument
        An option is unknown, is missing, or stands twice.

    Examples
    --------
    >>> from datetime import date
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> days = [date(2024, 1, day) for day in (2, 3, 4)]
    >>> entries = pl.DataFrame({"time": days, "ACME": [True, False, False]})
    >>> exits = pl.DataFrame({"time": days, "ACME": [False, False, True]})
    >>> orders = op.orders_from_signals(entries, exits, size=10, stop_loss_rate=0.02)
    >>> orders.select("symbol", "action", "side", "size", "stop_loss_rate", "if_flat").rows()
    [('ACME', 'open', 'long', 10, 0.02, True), ('ACME', 'close', 'long', None, None, None)]
    """
    import polars as pl

    if not isinstance(accumulate, bool):
        raise InvalidArgument("accumulate", describe(accumulate), "is no truth value", "pass True")
    given = {
        "entries": entries,
        "exits": exits,
        "short_entries": short_entries,
        "short_exits": short_exits,
    }
    signals = {name: cells for name, cells in given.items() if cells is not None}
    if not signals:
        raise InvalidArgument("entries", "None", "there is no signal", "pass entries")
    given = {"size": size, **columns}
    values = {name: _plain(value) for name, value in given.items() if value is not None}
    for name, value in values.items():
        if name not in OPEN_COLUMNS:
            remedy = f"choose from {', '.join(OPEN_COLUMNS)}"
            raise InvalidArgument(name, describe(value), "is no column of an order", remedy)
    axes = (read_times(times), symbols)
    parts = _parts(_runs(signals, values), axes)
    _same_names(parts)
    orders = pl.concat(parts, how="diagonal_relaxed")
    opens = pl.col("action") == "open"
    keys = [name for name in KEYS if name in orders.columns]
    orders = orders.sort([*keys, "turn", "place"], maintain_order=True).drop("turn", "place")
    return orders if accumulate else orders.with_columns(if_flat=pl.when(opens).then(opens))


def _runs(signals: dict[str, object], values: dict[str, object]) -> Iterator[Run]:
    """Give the matrices of each run; a matrix that is no mapping belongs to all of them."""
    together = {**signals, **values}
    mapped = {name: by_run(name, given) for name, given in together.items()}
    runs: dict[int, object] | None = None
    first = ""
    for name, parts in mapped.items():
        if parts is None:
            continue
        if runs is None:
            runs, first = parts, name
        elif set(parts) != set(runs):
            odd = sorted(set(parts) ^ set(runs))[0]
            rule = f"is a run of only one of {name} and {first}"
            raise InvalidArgument(name, f"run {odd}", rule, "give both the same runs")
    if runs is None:
        yield None, signals, values
        return
    for run in runs:
        one = {
            name: together[name] if parts is None else parts[run] for name, parts in mapped.items()
        }
        yield run, {name: one[name] for name in signals}, {name: one[name] for name in values}


def _parts(runs: Iterator[Run], axes: Axes) -> list[pl.DataFrame]:
    """Make the orders of all runs, in a few frames."""
    import polars as pl

    gathered: dict[str, Gathered] = {}
    parts = []
    for run, signals, values in runs:
        frame = _list_of(signals)
        if frame is None:
            _gather(gathered, (run, signals, values), axes)
            continue
        orders = _of_list(frame, values)
        if run is not None:
            _refuse_runs(orders)
            number = pl.repeat(run, orders.height, dtype=pl.UInt32, eager=True)
            orders = orders.insert_column(0, number.alias("run_id"))
        parts.append(orders)
    return [*parts, *(one.orders() for one in gathered.values())]


def _list_of(signals: dict[str, object]) -> pl.DataFrame | None:
    """Give the frame that has the signals as columns; None for matrices."""
    first = signals.get("entries", signals.get("short_entries"))
    frame = None if first is None else frame_of("entries", first)
    if frame is None or not {"entries", "short_entries"} & set(frame.columns):
        return None
    if len(signals) > 1:
        other = next(name for name in signals if signals[name] is not first)
        rule = "is given beside a frame that has the signals as columns"
        raise InvalidArgument(other, "(a matrix)", rule, f"add it as the column {other}")
    return frame


def _refuse_runs(keys: pl.DataFrame) -> None:
    if "run_id" in keys.columns:
        rule = "is a column of a matrix that belongs to one run"
        raise InvalidFrame("entries", "column run_id", rule, "remove it, or pass one frame")


def _same_names(parts: list[pl.DataFrame]) -> None:
    """Refuse runs with and without the names of their symbols."""
    for part in parts:
        named = "symbol" in part.columns
        if named != ("symbol" in parts[0].columns) or (named and (part["symbol"] == "").any()):
            rule = "is named in some runs only"
            raise InvalidFrame("entries", "column symbol", rule, "name the symbols of all runs")


def _of_list(frame: pl.DataFrame, values: dict[str, Any]) -> pl.DataFrame:
    """Make orders out of a row for each time and symbol."""
    import polars as pl

    keys = read_keys("entries", frame)
    if "symbol" in frame.columns:
        refuse_null("entries", frame["symbol"])
        keys = keys.with_columns(frame["symbol"])
    for name in frame.columns:
        if name not in (*keys.columns, *SIGNALS, *OPEN_COLUMNS):
            remedy = "select the columns that are signals or belong to an order"
            rule = "is neither a signal nor a column of an order"
            raise InvalidFrame("entries", f"column {name}", rule, remedy)
    for name, value in values.items():
        if name in frame.columns:
            rule = "is a column of entries, too"
            raise InvalidArgument(name, describe(value), rule, "give it once")
        _need_scalar(name, value)
    parts = []
    for name in SIGNALS:
        if name in frame.columns:
            places = true_cells(name, frame[name])
            twice = keys[places].is_duplicated().arg_true()
            if len(twice):
                row = places[twice[0]]
                value = f"row {row}, column time: {keys['time'][row]}"
                rule = f"has {name} twice for one symbol"
                raise InvalidFrame("entries", value, rule, "give every time once a symbol")
            cells: dict[str, Scalar | pl.Series] = dict(values)
            own = [one for one in OPEN_COLUMNS if one in frame.columns]
            cells |= {one: frame[one].gather(places) for one in own}
            parts.append(part_of(name, keys[places], places, cells))
    return pl.concat(parts, how="diagonal_relaxed")


def _gather(gathered: dict[str, Gathered], one: Run, axes: Axes) -> None:
    """Find the true cells of matrices that belong together."""
    run, signals, values = one
    read = {name: read_matrix(name, given, *axes) for name, given in signals.items()}
    head = "entries" if "entries" in read else next(iter(read))
    form = read[head]
    if run is not None:
        _refuse_runs(form.keys)
    cells: dict[str, Scalar | Matrix] = {}
    for name, value in values.items():
        if _is_scalar(name, value):
            cells[name] = value
        else:
            cells[name] = read_matrix(name, value, *axes).same_form(name, form, head)
    for name, matrix in read.items():
        same = matrix if matrix is form else matrix.same_form(name, form, head)
        gathered.setdefault(name, Gathered(name)).add(run, same, cells)


def _plain(value: object) -> object:
    """Take a scalar of NumPy as the Python value that it is."""
    return value.item() if hasattr(value, "item") and not getattr(value, "ndim", 1) else value


def _is_scalar(name: str, value: object) -> TypeGuard[Scalar]:
    """Whether a value is the same for all orders; what can be neither is refused."""
    import polars as pl

    if not fits(value):
        rule, remedy = "is no number of a frame", "pass a finite number of at most 38 digits"
        raise InvalidArgument(name, describe(value), rule, remedy)
    if isinstance(value, str | int | float | Decimal):
        return True
    if isinstance(value, date) and value.year > 0:
        # The missing time of pandas is a date without a year.
        return True
    if isinstance(value, pl.LazyFrame):
        return False
    if hasattr(value, "__arrow_c_stream__") or hasattr(value, "columns"):
        return False
    if getattr(value, "ndim", 0):
        return False
    remedy = "pass a number, a text, a time, or a matrix of the form of entries"
    raise InvalidArgument(name, describe(value), "is no value of an order", remedy)


def _need_scalar(name: str, value: object) -> None:
    if not _is_scalar(name, value):
        rule = "is a matrix beside a list of signals"
        raise InvalidArgument(name, type(value).__name__, rule, f"add it as the column {name}")


__all__ = ["OPEN_COLUMNS", "orders_from_signals"]
