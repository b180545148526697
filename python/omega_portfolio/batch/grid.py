"""Parameters of many runs: every combination of some values, or a sample of their ranges.

Both give a frame for the argument ``params`` of ``run_batch``: one row a run, one column a
parameter. Sampled numbers have few decimals on purpose. A float is read by its shortest text,
so the number that is printed is exactly the one that a run uses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sized
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from omega_portfolio.batch.matrices import DIGITS, fits
from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    Real: TypeAlias = int | float | Decimal
    Cell: TypeAlias = Real | str | bool | None

RUNS_MAX: Final = 2**32 - 1
SEED_MIN, SEED_MAX = -(2**63), 2**64 - 1
"""Most runs of a batch: run_id goes from 0 to 2^32 - 2."""

DECIMALS_MAX: Final = 9
"""Decimals that rates and prices can have."""

_PLAIN: Final = (int, float, Decimal, str)


def grid(**values: Iterable[Cell] | Cell) -> pl.DataFrame:
    """Give a run for every combination of some values.

    Parameters
    ----------
    **values : iterable or scalar
        The name of a column, and its values: a list, a range, a Series, an array, or a single
        value. None replaces nothing in its run. The names are those that ``params`` takes
        (SPEC section 20), or labels.

    Returns
    -------
    polars.DataFrame
        The product, in the order of nested loops: the last column changes fastest.

    Raises
    ------
    InvalidArgument
        There is no column, a column has no value, the same value twice, or values of
        different types, or there would be more than 2^32 - 1 runs.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> op.grid(stop_loss_rate=[0.01, 0.02], size=[1, 2, 3]).rows()
    [(0.01, 1), (0.01, 2), (0.01, 3), (0.02, 1), (0.02, 2), (0.02, 3)]
    >>> pairs = op.grid(fast=range(5, 25, 5), slow=[10, 20])
    >>> pairs.filter(pairs["fast"] < pairs["slow"]).rows()
    [(5, 10), (5, 20), (10, 20), (15, 20)]
    """
    import polars as pl

    if not values:
        raise InvalidArgument("values", "(none)", "names no column", "pass size=[1, 2], ...")
    _check_names(values)
    columns = {name: _column(name, given) for name, given in values.items()}
    total = math.prod(len(column) for column in columns.values())
    if total > RUNS_MAX:
        rule = f"are more than {RUNS_MAX} runs"
        raise InvalidArgument("values", f"{total} combinations", rule, "use fewer values")
    place = pl.int_range(total, dtype=pl.UInt32, eager=True)
    inner, made = total, []
    for column in columns.values():
        inner //= len(column)
        made.append(column.gather(place // inner % len(column)))
    return pl.DataFrame(made)


def _check_names(names: Iterable[str]) -> None:
    """Refuse half a character, which no frame can have in a name."""
    for name in names:
        if not name.isprintable():
            raise InvalidArgument("values", describe(name), "is no name", "name a column")


def _column(name: str, given: object) -> pl.Series:
    """Make the values of one column a series without repetitions."""
    import polars as pl

    if isinstance(given, pl.Series):
        column = given.alias(name)
    elif given is None or isinstance(given, _PLAIN):
        column = _series(name, [given])
    elif isinstance(given, Sized) and len(given) > RUNS_MAX:
        rule = f"has more than {RUNS_MAX} values"
        raise InvalidArgument(name, describe(given), rule, "use fewer values")
    elif isinstance(given, Iterable) and not isinstance(given, bytes | Mapping):
        column = _series(name, [_plain(cell) for cell in given])
    else:
        remedy = "pass a list of values"
        raise InvalidArgument(name, describe(given), "is no value and no list of values", remedy)
    if not len(column):
        raise InvalidArgument(name, "(empty)", "has no value", "pass one or more, or leave it out")
    if column.dtype.is_float() and not column.drop_nulls().is_finite().all():
        raise InvalidArgument(name, describe(column.to_list()), "must be finite", "leave it out")
    twice = column.filter(column.is_duplicated())
    if len(twice):
        rule = "is there twice, so two runs would be the same"
        raise InvalidArgument(name, describe(twice[0]), rule, "pass every value once")
    return column


def _plain(cell: object) -> object:
    """Take a scalar of an array as the Python value that it is."""
    # The doubles of numpy are floats, and have a method that gives the plain one.
    return cell.item() if getattr(cell, "ndim", None) == 0 and hasattr(cell, "item") else cell


def _series(name: str, cells: Sequence[object]) -> pl.Series:
    """Make a series of one type: numbers, texts or truth values."""
    import polars as pl

    found = {type(cell) for cell in cells if cell is not None}
    if found == {int, float}:
        cells = [None if cell is None else float(cell) for cell in cells]  # type: ignore[arg-type]
    elif found == {int, Decimal}:
        cells = [None if cell is None else Decimal(str(cell)) for cell in cells]
    elif len(found) > 1 or not found <= {*_PLAIN, bool}:
        kinds = ", ".join(sorted(one.__name__ for one in found))
        rule = f"has values of the types {kinds}"
        remedy = "pass numbers, texts or truth values, of one kind"
        raise InvalidArgument(name, describe(list(cells)), rule, remedy)
    if not all(map(fits, cells)):
        rule, remedy = "is no column: a number has too many digits", "pass smaller numbers"
        raise InvalidArgument(name, describe(list(cells)), rule, remedy)
    try:
        column = pl.Series(name, cells, strict=True)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        remedy = "pass smaller numbers"
        rule = f"is no column: {str(error).splitlines()[0]}"
        raise InvalidArgument(name, describe(list(cells)), rule, remedy) from None
    return column


def sample(
    n: int,
    seed: int,
    *,
    method: Literal["random", "latin_hypercube"] = "random",
    decimals: int | Mapping[str, int] = 6,
    log: str | Iterable[str] = (),
    **ranges: tuple[Real, Real] | Sequence[Cell],
) -> pl.DataFrame:
    """Give runs with values drawn from ranges.

    Parameters
    ----------
    n : int
        Number of runs, 1 or more.
    seed : int
        Start of the random numbers, from -2^63 to 2^64 - 1. A column depends on it, on ``n`` for
        a Latin hypercube, and on its own name and range: what the other columns are changes
        nothing.
    method : {"random", "latin_hypercube"}, default "random"
        Every value by itself; or one value from each n-th part of every range, in random order,
        so that n runs cover every range evenly.
    decimals : int or mapping of str to int, default 6
        Decimals of numbers between two ends, 0 to 9, for all columns or by name.
    log : str or iterable of str
        Columns that are drawn evenly on a logarithmic scale; both ends are above 0.
    **ranges : tuple or list
        The name of a column, and a tuple of its lowest and highest value, both included; two
        ``int`` give whole numbers. Or a list, of whose values one is drawn.

    Returns
    -------
    polars.DataFrame
        ``n`` rows. Numbers are exact: each float is the one nearest to its decimals.

    Raises
    ------
    InvalidArgument
        A range has no value in it, an option does not exist, or there is no column.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> runs = op.sample(
    ...     4, seed=7, method="latin_hypercube", decimals=3,
    ...     stop_loss_rate=(0.01, 0.05), size=(1, 4), mode=["hedging", "netting"],
    ... )
    >>> sorted(runs["size"])
    [1, 2, 3, 4]
    >>> runs["stop_loss_rate"].is_between(0.01, 0.05).all()
    True
    """
    import polars as pl

    count = _whole("n", n, 1, RUNS_MAX)
    _whole("seed", seed, SEED_MIN, SEED_MAX)
    if not isinstance(method, str) or method not in ("random", "latin_hypercube"):
        remedy = "choose random or latin_hypercube"
        raise InvalidArgument("method", describe(method), "is no method", remedy)
    if not ranges:
        remedy = "pass stop_loss_rate=(0.01, 0.05), ..."
        raise InvalidArgument("ranges", "(none)", "names no column", remedy)
    _check_names(ranges)
    if not isinstance(log, Iterable):
        raise InvalidArgument("log", describe(log), "is no name and no list", "name the columns")
    logs = _texts("log", [log] if isinstance(log, str) else log)
    for option, names in (("log", logs), ("decimals", _names_of(decimals))):
        if not names <= set(ranges):
            wrong = sorted(map(str, names - set(ranges)))[0]
            rule = "is none of the columns"
            raise InvalidArgument(option, describe(wrong), rule, f"name one of {', '.join(ranges)}")
    columns = []
    for name, given in ranges.items():
        digits = decimals.get(name, 6) if isinstance(decimals, Mapping) else decimals
        places = _whole("decimals", digits, 0, DECIMALS_MAX)
        draw = _reader(name, given, places, log=name in logs)
        parts = _parts(count, Random(f"{seed}/{name}"), method)  # noqa: S311 - no secret.
        columns.append(_series(name, [draw(part) for part in parts]))
    return pl.DataFrame(columns)


def _texts(name: str, given: Iterable[object]) -> set[str]:
    found = set()
    for one in given:
        if not isinstance(one, str):
            raise InvalidArgument(name, describe(one), "is no name", "name the columns")
        found.add(one)
    return found


def _names_of(decimals: object) -> set[str]:
    return _texts("decimals", decimals) if isinstance(decimals, Mapping) else set()


def _whole(name: str, value: object, low: int, high: int) -> int:
    """Check a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument(name, describe(value), "is no whole number", "pass an int")
    if not low <= value <= high:
        rule = f"is not from {low} to {high}"
        raise InvalidArgument(name, describe(value), rule, f"pass {low} to {high}")
    return value


def _parts(count: int, random: Random, method: str) -> list[float]:
    """Draw places from 0 to 1, 1 not included.

    Only ``Random.random`` is used: it is the one call whose numbers stay the same in every
    version of Python.
    """
    if method == "random":
        return [random.random() for _ in range(count)]
    keys = [random.random() for _ in range(count)]
    order = sorted(range(count), key=keys.__getitem__)
    below = math.nextafter(1.0, 0.0)
    return [min((row + random.random()) / count, below) for row in order]


def _reader(name: str, given: object, decimals: int, *, log: bool) -> Callable[[float], Cell]:
    """Give the function that turns a place from 0 to 1 into a value of the column."""
    if isinstance(given, tuple):
        return _between(name, given, decimals, log=log)
    if log:
        raise InvalidArgument("log", name, "is a list of values", "pass (low, high)")
    cells: list[Cell] = _column(name, given).to_list()
    return lambda part: cells[int(part * len(cells))]


def _between(
    name: str, ends: tuple[Real, ...], decimals: int, *, log: bool
) -> Callable[[float], Cell]:
    """Draw between two ends, in whole steps of the last decimal."""
    remedy = "pass (low, high), or a list of values"
    if len(ends) != 2 or not all(_is_real(end) for end in ends):
        raise InvalidArgument(name, describe(ends), "is no pair of finite numbers", remedy)
    low, high = ends
    whole = isinstance(low, int) and isinstance(high, int)
    unit = 1 if whole else 10**decimals
    first = math.ceil(Decimal(str(low)) * unit)
    last = math.floor(Decimal(str(high)) * unit)
    if first > last:
        rule = "has no value" if whole else f"has no value of {decimals} decimals"
        raise InvalidArgument(name, describe(ends), f"{rule} between its ends", remedy)
    if log and first <= 0:
        rule = f"is not above 0 at {0 if whole else decimals} decimals"
        raise InvalidArgument(name, describe(ends), rule, "use no log, or a higher low")

    def draw(part: float) -> Cell:
        if log:
            # Whole numbers share the scale up to the next one, so that the last has its part too.
            step = first * float((last + whole) / first) ** part
        else:
            step = first + part * (last - first + whole)
        at = min(max(math.floor(step) if whole else round(step), first), last)
        return at if whole else float(at / unit)

    return draw


def _is_real(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    if isinstance(value, Decimal) and not value.is_finite():
        return False
    return bool(-(10**DIGITS) < value < 10**DIGITS)


__all__ = ["grid", "sample"]
