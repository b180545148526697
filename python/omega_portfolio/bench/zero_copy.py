"""The proof that a table reaches Polars without a copy, and what the hand-over costs.

Two things are shown. The addresses of all buffers are the same in the engine and in the frame,
for every type of column. And ``pl.DataFrame(portfolio.get_equity_curve())`` takes the same time
for a thousand rows and for millions of them.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from omega_portfolio.bench.addresses import column_addresses, frame_addresses, same_memory
from omega_portfolio.instrument import Instrument
from omega_portfolio.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omega_portfolio.types import Table

START_TIME: Final = 1_704_067_200_000_000
"""Time of the first equity row, in microseconds since the epoch."""

ROWS_PER_PRICE: Final = 1_000
"""So many equity rows share one market price."""

WARM_UP: Final = 50
"""So many frames are made before the first one is timed."""

TYPE_NAMES: Final = {
    "tsu:UTC": "timestamp[us, UTC]",
    "g": "Float64",
    "d:38,18": "Decimal128(38, 18)",
    "d:38,9": "Decimal128(38, 9)",
    "vu": "utf8_view",
    "L": "UInt64",
}
"""The types of columns, by their names in the Arrow C data interface."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The hand-over of one equity curve.

    Attributes
    ----------
    rows, chunks : int
        Shape of the curve.
    seconds_min, seconds_median : float
        Time of ``pl.DataFrame(portfolio.get_equity_curve())``.
    bytes_total : int
        Size of the values of the frame.
    bytes_copied : int
        Size of the columns whose addresses differ, in both views.
    """

    rows: int
    chunks: int
    seconds_min: float
    seconds_median: float
    bytes_total: int
    bytes_copied: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a run saw.

    Attributes
    ----------
    backend : str
        The backend that was measured.
    timings : list of Timing
        One for each number of rows.
    types : dict
        Type of column to (columns compared, columns at the same addresses), over all tables.
    """

    backend: str
    timings: list[Timing]
    types: dict[str, tuple[int, int]]

    @property
    def without_copy(self) -> bool:
        """Whether every type was looked at and no column was copied."""
        seen = set(self.types) == set(TYPE_NAMES.values())
        same = all(compared == equal > 0 for compared, equal in self.types.values())
        return seen and same and not any(timing.bytes_copied for timing in self.timings)


def build_history(
    rows: int, backend: str, progress: Callable[[int], object] | None = None
) -> Portfolio:
    """Build a portfolio with an equity curve of a given length.

    Parameters
    ----------
    rows : int
        Length of the curve.
    backend : str
        As the argument of :class:`omega_portfolio.Portfolio`.
    progress : callable, optional
        Called with the number of rows added since the call before.

    Returns
    -------
    Portfolio
        It holds one open position.
    """
    portfolio = Portfolio(1_000_000, capacity=rows, backend=backend)
    portfolio.open_position("ACME", "long", 100, "100.25", START_TIME)
    for start in range(0, rows, ROWS_PER_PRICE):
        end = min(start + ROWS_PER_PRICE, rows)
        portfolio.mark({"ACME": 90 + start // ROWS_PER_PRICE % 32})
        times = range(START_TIME + start, START_TIME + end)
        # A deque of length 0 makes the calls without a step of the interpreter in between.
        deque(map(portfolio.update_equity, times), maxlen=0)
        if progress is not None:
            progress(end - start)
    return portfolio


def build_all_tables(positions: int, backend: str) -> Portfolio:
    """Build a portfolio with rows in all tables of the engine, texts of all lengths among them.

    Parameters
    ----------
    positions : int
        Number of positions opened; two thirds of them are closed again, half of these in two
        parts. With every tenth come euros, and an order that is cancelled.
    backend : str
        As the argument of :class:`omega_portfolio.Portfolio`.

    Returns
    -------
    Portfolio
    """
    portfolio = Portfolio(10**12, backend=backend)
    portfolio.register_instrument(Instrument("EURUSD", base_currency="EUR"))
    portfolio.mark({"EURUSD": "1.25"}, time=START_TIME)
    for number in range(positions):
        moment = START_TIME + number
        symbol = ("ACME", "a symbol of more than twelve bytes")[number % 2]
        position_id = portfolio.open_position(
            symbol, "long", 3, 100, moment, stop_loss=50, fee="0.25", tag=f"tag number {number}"
        )
        portfolio.update_equity(moment, {symbol: 100 + number % 7})
        if number % 3:
            portfolio.close_position(position_id, 101, moment, size=number % 3, reason="signal")
        if number % 3 == 2:
            portfolio.close_position(position_id, 102, moment, reason=f"the rest of {number}")
        if number % 10 == 0:
            portfolio.deposit("0.25", moment, currency="EUR")
            order_id = portfolio.place_order(symbol, "long", 1, moment, price=50)
            portfolio.cancel_order(order_id, moment)
    return portfolio


def tables_of(portfolio: Portfolio) -> dict[str, Table]:
    """Return the tables that are memory of the engine, in both views.

    Parameters
    ----------
    portfolio : Portfolio
        The portfolio.

    Returns
    -------
    dict
        Name and view to table.
    """
    getters = {
        "equity": portfolio.get_equity_curve,
        "trades": portfolio.get_trades,
        "ledger": portfolio.get_ledger,
        "positions": portfolio.get_positions,
        "cash_ledger": portfolio.get_cash_ledger,
        "activity": portfolio.get_activity,
    }
    return {
        f"{name} {'exact' if exact else 'float'}": getter(exact=exact)
        for name, getter in getters.items()
        for exact in (False, True)
    }


def run(
    rows: Sequence[int],
    repeats: int,
    backend: str,
    progress: Callable[[int], object] | None = None,
) -> Result:
    """Measure the hand-over for several lengths and compare the addresses of all types.

    Parameters
    ----------
    rows : sequence of int
        Lengths of the equity curves.
    repeats : int
        How often each hand-over is timed.
    backend : str
        As the argument of :class:`omega_portfolio.Portfolio`.
    progress : callable, optional
        Called with the number of rows built since the call before.

    Returns
    -------
    Result
    """
    sample = build_all_tables(300, backend)
    types = _compare_types(sample)
    timings = [time_hand_over(build_history(n, backend, progress), repeats) for n in rows]
    return Result(sample.backend, timings, types)


def _compare_types(portfolio: Portfolio) -> dict[str, tuple[int, int]]:
    import polars as pl

    types: dict[str, tuple[int, int]] = {}
    for table in tables_of(portfolio).values():
        frame = pl.DataFrame(table)
        for here, there in zip(column_addresses(table), frame_addresses(frame), strict=True):
            name = TYPE_NAMES.get(here.format, here.format)
            compared, equal = types.get(name, (0, 0))
            types[name] = (compared + 1, equal + same_memory(here, there))
    return types


def time_hand_over(portfolio: Portfolio, repeats: int) -> Timing:
    """Time how an equity curve reaches Polars, and count the bytes that were copied for it.

    Parameters
    ----------
    portfolio : Portfolio
        Whose curve it is.
    repeats : int
        How often the hand-over is timed.

    Returns
    -------
    Timing
    """
    import polars as pl

    # The first frames of a process load and warm parts of Polars; they are not measured.
    for _ in range(WARM_UP):
        frame = pl.DataFrame(portfolio.get_equity_curve())
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        frame = pl.DataFrame(portfolio.get_equity_curve())
        seconds.append(time.perf_counter() - begin)
    total = copied = 0
    for exact in (False, True):
        table = portfolio.get_equity_curve(exact=exact)
        exported = pl.DataFrame(table)
        for here, there in zip(column_addresses(table), frame_addresses(exported), strict=True):
            size = here.width * len(table)
            total += size
            copied += 0 if same_memory(here, there) else size
    return Timing(
        rows=frame.height,
        chunks=frame.n_chunks(),
        seconds_min=min(seconds),
        seconds_median=statistics.median(seconds),
        bytes_total=total,
        bytes_copied=copied,
    )


def facts(result: Result) -> dict[str, object]:
    """Give the result as values for JSON.

    Parameters
    ----------
    result : Result
        What :func:`run` returned.

    Returns
    -------
    dict
    """
    return {
        "backend": result.backend,
        "timings": [asdict(timing) for timing in result.timings],
        "types": {name: list(counts) for name, counts in result.types.items()},
        "without_copy": result.without_copy,
    }


def report(result: Result) -> str:
    """Write the result for a person.

    Parameters
    ----------
    result : Result
        What :func:`run` returned.

    Returns
    -------
    str
    """
    lines = [
        f"backend: {result.backend}",
        "",
        f"{'type of column':<22}{'columns':>9}{'same addresses':>16}",
        *(
            f"{name:<22}{compared:>9}{equal:>16}"
            for name, (compared, equal) in sorted(result.types.items())
        ),
        "",
        "pl.DataFrame(portfolio.get_equity_curve())",
        f"{'rows':>13}{'chunks':>8}{'min us':>9}{'median us':>11}{'bytes':>16}{'copied':>16}",
    ]
    lines += [
        f"{timing.rows:>13,}{timing.chunks:>8}{timing.seconds_min * 1e6:>9.1f}"
        f"{timing.seconds_median * 1e6:>11.1f}{timing.bytes_total:>16,}"
        f"{timing.bytes_copied:>16,}"
        for timing in result.timings
    ]
    verdict = "no byte is copied" if result.without_copy else "bytes are copied"
    return "\n".join([*lines, "", verdict])


__all__ = [
    "START_TIME",
    "TYPE_NAMES",
    "Result",
    "Timing",
    "build_all_tables",
    "build_history",
    "facts",
    "report",
    "run",
    "tables_of",
    "time_hand_over",
]
