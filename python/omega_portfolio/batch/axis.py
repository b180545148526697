"""The axis of a parameter: its values in their order, in bins when there are many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from omega_portfolio.display import value_text
from omega_portfolio.report.plane import Scale, ends_of
from omega_portfolio.report.ticks import Tick, value_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

CELLS_MAX: Final = 48
"""Different values that are cells of their own; numbers beyond that are put into bins."""

BINS: Final = 30
_TEXT_LENGTH: Final = 14


@dataclass(frozen=True, slots=True)
class Axis:
    """Where values stand.

    Attributes
    ----------
    low, high : float
        The ends.
    names : sequence of str
        Texts of values that stand at 0, 1, ...; empty for an axis of numbers.
    room : float
        What is free before the first and behind the last value, as part of their distance.
    """

    low: float
    high: float
    names: Sequence[str]
    room: float = 0.03

    def places(self, values: pl.Series) -> pl.Series:
        """Give the place of each value."""
        import polars as pl

        if not self.names:
            numbers: pl.Series = values.cast(pl.Float64)
            return numbers
        return places_of(values)

    def scale(self, start: float, end: float) -> Scale:
        """Give the pixels from ``start`` to ``end``."""
        room = (self.high - self.low) * self.room
        return Scale(self.low - room, self.high + room, start, end)

    def marks(self, most: int) -> list[Tick]:
        """Give the marks with their texts."""
        if not self.names:
            return value_ticks(self.low, self.high, most, "number")
        return [Tick(float(at), name) for at, name in enumerate(self.names)]


def axis_of(values: pl.Series) -> Axis:
    """Give the axis of a parameter: numbers by their size, anything else one after the other.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.batch.axis import axis_of
    >>> axis_of(pl.Series([5, 20, 10])), axis_of(pl.Series(["b", "a"])).names
    (Axis(low=5.0, high=20.0, names=(), room=0.03), ['a', 'b'])
    """
    import polars as pl

    if values.dtype.is_numeric() and not values.null_count():
        numbers = values.cast(pl.Float64)
        low, high = ends_of(numbers)
        if low == high:
            room = abs(low) * 0.01 or 1.0
            return Axis(low - room, high + room, ())
        return Axis(low, high, ())
    names = [text_of(one) for one in distinct(values)]
    return Axis(-0.5, len(names) - 0.5, names)


def distinct(values: pl.Series) -> pl.Series:
    """Give the different values in their order; null, which replaces nothing, first."""
    found: pl.Series = values.unique().sort(nulls_last=False)
    return found


def places_of(values: pl.Series) -> pl.Series:
    """Give the place of each value among the different ones."""
    import polars as pl

    first = 0.0 if values.null_count() else 1.0
    places: pl.Series = values.rank("dense").cast(pl.Float64).fill_null(0.0) - first
    return places


def text_of(value: object) -> str:
    """Write a value at an axis; what is too long ends in an ellipsis."""
    text = "(none)" if value is None else value_text(value)
    return text if len(text) <= _TEXT_LENGTH else text[: _TEXT_LENGTH - 1] + "…"


def cells_of(values: pl.Series) -> tuple[pl.Series, list[str]]:
    """Give the cell of each value, and the texts of all cells in their order.

    Parameters
    ----------
    values : polars.Series
        A parameter of each run.

    Returns
    -------
    (polars.Series, list of str)
        Cells from 0. Many different numbers share bins of one width, which are named by their
        lower ends.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.batch.axis import cells_of
    >>> places, names = cells_of(pl.Series([20, 5, 10, 5]))
    >>> places.to_list(), names
    ([2, 0, 1, 0], ['5', '10', '20'])
    """
    import polars as pl

    different = distinct(values)
    if len(different) <= CELLS_MAX or not values.dtype.is_numeric() or values.null_count():
        return places_of(values).cast(pl.Int64), [text_of(one) for one in different]
    numbers = values.cast(pl.Float64)
    low, high = ends_of(numbers)
    width = (high - low) / BINS
    places = ((numbers - low) / width).floor().cast(pl.Int64).clip(0, BINS - 1)
    return places, [f"{low + width * place:.3g}" for place in range(BINS)]


__all__ = ["BINS", "CELLS_MAX", "Axis", "axis_of", "cells_of", "distinct"]
