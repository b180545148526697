"""What a long equity history must show, and how its measurement is written.

The figures come from :mod:`omega_portfolio.bench.history`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from omega_portfolio.bench.history import Building, Growth, Lazy, Result

RATIO_MAX: Final = 1.15
"""So much memory a history may take at most, for each byte of its columns."""

HELD_MIN: Final = 0.9
LEFT_MAX: Final = 0.05
"""Of the bytes of the columns: what the last frame must hold, and what may stay after it."""

ROWS_JUDGED: Final = 10_000_000
"""With fewer rows, what a process takes by the way is too large beside them."""

NOT_SAID: Final = "the system does not say"


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that must hold.

    Attributes
    ----------
    name : str
        What it is called.
    kept : bool or None
        Whether it held; None when it could not be judged.
    seen : str
        What was seen, or why it could not be judged.
    """

    name: str
    kept: bool | None
    seen: str


def promises(result: Result) -> list[Promise]:
    """Judge a result.

    Parameters
    ----------
    result : Result
        What :func:`omega_portfolio.bench.history.run` returned.

    Returns
    -------
    list of Promise
        All of them, whether kept or not.
    """
    copied = sum(timing.bytes_copied for timing in result.hand_overs)
    building, lazy, growth = result.building, result.lazy, result.growth
    return [
        Promise("0 bytes copied in the hand-over", copied == 0, f"{copied:,} bytes"),
        Promise("one chunk with a capacity", building.chunks == 1, f"chunks: {building.chunks}"),
        _memory_of_columns(building),
        Promise(
            "the lazy read gives the known answer", lazy.found == lazy.expected, _answer_of(lazy)
        ),
        _memory_returned(result),
        Promise(
            "compact() gives one chunk of the same values",
            growth.chunks_compacted == 1 and growth.same_values,
            f"chunks: {growth.chunks}, then {growth.chunks_compacted}; values "
            f"{'the same' if growth.same_values else 'changed'}",
        ),
    ]


def all_kept(result: Result) -> bool:
    """Whether no promise was seen broken; one that could not be judged says so itself."""
    return all(promise.kept is not False for promise in promises(result))


def _memory_of_columns(building: Building) -> Promise:
    name = f"peak memory at most {RATIO_MAX} of the columns"
    if building.bytes_peak is None:
        return Promise(name, None, NOT_SAID)
    ratio = building.bytes_peak / building.bytes_columns
    if building.rows < ROWS_JUDGED:
        return Promise(name, None, f"{ratio:.3f}, judged from {ROWS_JUDGED:,} rows")
    return Promise(name, ratio <= RATIO_MAX, f"{ratio:.3f}")


def _memory_returned(result: Result) -> Promise:
    name = "the last frame holds the memory, and gives it back"
    if result.bytes_held is None or result.bytes_left is None:
        return Promise(name, None, NOT_SAID)
    held, left = (
        number / result.building.bytes_columns for number in (result.bytes_held, result.bytes_left)
    )
    seen = f"{held:.3f} of the columns held, {left:.3f} left"
    if result.building.rows < ROWS_JUDGED:
        return Promise(name, None, f"{seen}, judged from {ROWS_JUDGED:,} rows")
    return Promise(name, held >= HELD_MIN and left <= LEFT_MAX, seen)


def facts(result: Result) -> dict[str, object]:
    """Give the result as values for JSON.

    Parameters
    ----------
    result : Result
        What :func:`omega_portfolio.bench.history.run` returned.

    Returns
    -------
    dict
    """
    judged = [asdict(promise) for promise in promises(result)]
    return {**asdict(result), "promises": judged, "all_kept": all_kept(result)}


def report(result: Result) -> str:
    """Write the result for a person.

    Parameters
    ----------
    result : Result
        What :func:`omega_portfolio.bench.history.run` returned.

    Returns
    -------
    str
    """
    lines = [
        *_lines_of_building(result.building),
        "",
        "pl.DataFrame(portfolio.get_equity_curve())",
        f"{'rows':>13}{'chunks':>8}{'min us':>9}{'median us':>11}{'copied':>16}",
        *(
            f"{timing.rows:>13,}{timing.chunks:>8}{timing.seconds_min * 1e6:>9.1f}"
            f"{timing.seconds_median * 1e6:>11.1f}{timing.bytes_copied:>16,}"
            for timing in result.hand_overs
        ),
        "",
        'portfolio.scan("equity"), one filter and two aggregates, streaming engine',
        f"  time                     {result.lazy.seconds * 1e3:.1f} ms",
        f"  extra peak               {_size_of(result.lazy.bytes_peak)}",
        f"  answer                   {_answer_of(result.lazy)}",
        "",
        "memory above that before the building",
        f"  only one frame is left   {_size_of(result.bytes_held)}",
        f"  that frame is gone       {_size_of(result.bytes_left)}",
        "",
        *_lines_of_growth(result.growth),
        "",
        *(
            f"{_verdict_of(promise.kept)}: {promise.name} ({promise.seen})"
            for promise in promises(result)
        ),
    ]
    return "\n".join(lines)


def _lines_of_building(building: Building) -> list[str]:
    rows, columns = building.rows, building.bytes_columns
    return [
        f"{rows:,} rows from frames of {building.rows_per_frame:,}, one position, capacity={rows}",
        f"  all of it                {_rate_of(rows, building.seconds_total)}",
        f"  apply alone              {_rate_of(rows, building.seconds_apply)}",
        f"  chunks                   {building.chunks}",
        f"  columns                  {_size_of(columns)}",
        f"  event log                {_part_of(building.bytes_log, columns)}",
        f"  resident at the end      {_part_of(building.bytes_resident, columns)}",
        f"  peak                     {_part_of(building.bytes_peak, columns)}",
    ]


def _lines_of_growth(growth: Growth) -> list[str]:
    return [
        f"{growth.rows:,} rows without a capacity",
        f"  all of it                {_rate_of(growth.rows, growth.seconds_total)}",
        f"  chunks                   {growth.chunks}",
        f"  compact()                {growth.seconds_compact * 1e3:.1f} ms",
        f"  chunks after it          {growth.chunks_compacted}",
        f"  extra peak               {_part_of(growth.bytes_peak, growth.bytes_columns)}",
    ]


def _rate_of(rows: int, seconds: float) -> str:
    return f"{rows / seconds:,.0f} rows/s in {seconds:.2f} s"


def _size_of(size: int | None) -> str:
    return NOT_SAID if size is None else f"{size / 1e6:,.1f} MB"


def _part_of(size: int | None, columns: int) -> str:
    return NOT_SAID if size is None else f"{_size_of(size)}, {size / columns:.3f} of the columns"


def _answer_of(lazy: Lazy) -> str:
    rows, lowest = lazy.found
    return f"{rows:,} rows with a loss, lowest equity {lowest:,.2f}"


def _verdict_of(kept: bool | None) -> str:  # noqa: FBT001
    return {True: "kept", False: "BROKEN", None: "not judged"}[kept]


__all__ = ["Promise", "all_kept", "facts", "promises", "report"]
