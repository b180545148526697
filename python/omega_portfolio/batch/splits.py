"""Time cut into parts to choose on and parts to test on."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    import polars as pl

Span: TypeAlias = int | str | timedelta
"""Bars, a period of Polars such as ``"6mo"``, or a duration."""

_PERIOD: Final = re.compile(r"(?:[0-9]+(?:us|ms|s|m|h|d|w|mo|q|y))+")
_PART: Final = re.compile(r"([0-9]+)([a-z]+)")
_REMEDY: Final = 'pass a number of bars, a period such as "6mo", or a timedelta'


@dataclass(frozen=True, slots=True)
class Split:
    """Places of moments; the end of each part is the first moment behind it.

    Attributes
    ----------
    train_start, train_end : int
        The part on which parameters are chosen.
    test_start, test_end : int
        The part on which the chosen ones are tested.
    """

    train_start: int
    train_end: int
    test_start: int
    test_end: int


def cut(
    times: pl.Series, train: Span, test: Span, gap: Span = 0, *, anchored: bool = False
) -> list[Split]:
    """Cut moments into splits: each test begins where the one before it ends.

    Parameters
    ----------
    times : polars.Series
        The moments, in microseconds, ascending, each once.
    train, test, gap : int, str or timedelta
        The length of the parts to choose on, to test on, and of what lies between them and
        belongs to neither. Bars count moments; the others are all by the clock of UTC.
    anchored : bool, default False
        Every part to choose on begins with the first moment.

    Returns
    -------
    list of Split
        The last test may be shorter than the others.

    Raises
    ------
    InvalidArgument
        A span is none, spans are of different kinds, or there is no room for a test.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.batch.splits import cut
    >>> for one in cut(pl.Series(range(10)), train=4, test=3, gap=1):
    ...     print(one)
    Split(train_start=0, train_end=4, test_start=5, test_end=8)
    Split(train_start=3, train_end=7, test_start=8, test_end=10)
    """
    spans = {"train": train, "test": test, "gap": gap}
    texts = {name: _checked(name, span) for name, span in spans.items()}
    lengths = [span for span in texts.values() if span != 0]
    if len({isinstance(span, int) for span in lengths}) > 1:
        rule = "counts bars, and another span is a time"
        raise InvalidArgument("train", describe(train), rule, "use the same kind for all")
    found, number, total = [], 0, len(times)
    while True:
        begin = _at(times, [(texts["test"], number)])
        ends = [(texts["test"], number), (texts["train"], 1)]
        tests = [*ends, (texts["gap"], 1)]
        split = Split(
            0 if anchored else begin,
            _at(times, ends),
            _at(times, tests),
            _at(times, [(texts["test"], number + 1), *tests[1:]]),
        )
        if split.test_start >= total:
            break
        number += 1
        # A holiday may leave a part without a bar.
        if split.train_start < split.train_end and split.test_start < split.test_end:
            found.append(split)
    if not found:
        rule = f"leaves no bar to test on, of {total}"
        raise InvalidArgument("train", describe(train), rule, "use shorter spans or more bars")
    return found


def _checked(name: str, span: object) -> int | str:
    """Give bars as they are, and a time as a period of Polars."""
    if isinstance(span, timedelta):
        length = span // timedelta(microseconds=1)
        text: int | str = f"{length}us" if length else 0
    elif isinstance(span, str) and _PERIOD.fullmatch(span):
        length = any(digit in span for digit in "123456789")
        text = span if length else 0
    elif isinstance(span, int) and not isinstance(span, bool):
        length = text = span
    else:
        raise InvalidArgument(name, describe(span), "is no length of time", _REMEDY)
    if length < (0 if name == "gap" else 1):
        rule = "must be 0 or more" if name == "gap" else "must be greater than 0"
        raise InvalidArgument(name, describe(span), rule, _REMEDY)
    return text


def _at(times: pl.Series, spans: list[tuple[int | str, int]]) -> int:
    """Give the place of the first moment after some spans, each taken several times."""
    import polars as pl

    bars = sum(span * number for span, number in spans if isinstance(span, int))
    units: Counter[str] = Counter()
    for span, number in spans:
        if isinstance(span, str):
            for count, unit in _PART.findall(span):
                units[unit] += int(count) * number
    period = "".join(f"{count}{unit}" for unit, count in units.items() if count)
    if not period:
        return min(bars, len(times))
    # All at once, from the first moment: month by month the 31st would be lost.
    moment = times[:1].cast(pl.Datetime("us")).dt.offset_by(period)
    return int(times.search_sorted(moment.to_physical()[0], side="left"))


__all__ = ["Span", "Split", "cut"]
