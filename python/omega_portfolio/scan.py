"""Lazy Polars frames over the live state of a portfolio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from omega_portfolio.tables import Tables
    from omega_portfolio.types import Table

GETTERS: Final = {
    "equity": "get_equity_curve",
    "trades": "get_trades",
    "ledger": "get_ledger",
    "positions": "get_positions",
    "events": "get_events",
    "cash": "get_cash",
    "cash_ledger": "get_cash_ledger",
    "margin": "get_margin",
    "orders": "get_orders",
    "activity": "get_activity",
    "fills": "get_fills",
}
"""The tables that can be scanned, and the methods that take a snapshot of them."""


def scan_table(portfolio: Tables, table: str, *, exact: bool | None) -> pl.LazyFrame:
    """Give a lazy frame that takes a snapshot each time it is collected.

    Parameters
    ----------
    portfolio : Tables
        The portfolio; the frame holds it.
    table : str
        Name of a table.
    exact : bool or None
        As the argument of the ``get_`` method; None stands for its default.

    Returns
    -------
    polars.LazyFrame

    Raises
    ------
    InvalidArgument
        There is no such table.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.scan import scan_table
    >>> scan_table(op.Portfolio(1000), "equity", exact=None).collect().shape
    (0, 7)
    """
    import polars as pl
    from polars.io.plugins import register_io_source

    take = _taker(portfolio, table, exact=exact)

    def batches(
        columns: list[str] | None,
        predicate: pl.Expr | None,
        row_count: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        snapshot = take()
        if columns is not None:
            snapshot = snapshot.select(columns)
        # Polars counts the rows of the source, before the predicate.
        rows = len(snapshot) if row_count is None else min(row_count, len(snapshot))
        for part in _parts(pl.DataFrame(snapshot), rows, batch_size):
            yield part if predicate is None else part.filter(predicate)

    schema = pl.DataFrame(take().schema.empty_table()).schema
    return register_io_source(batches, schema=schema)


def _taker(portfolio: Tables, table: str, *, exact: bool | None) -> Callable[[], Table]:
    """Give the call that takes a snapshot of a table."""
    if not isinstance(table, str) or table not in GETTERS:
        raise InvalidArgument(
            "table",
            describe(table),
            "is not a table of a portfolio",
            f"pass one of {', '.join(GETTERS)}",
        )
    given: object = exact
    if not isinstance(given, bool | None):
        rule = "must be a bool or None"
        raise InvalidArgument("exact", describe(exact), rule, "pass True or False")
    getter = getattr(portfolio, GETTERS[table])

    def take() -> Table:
        snapshot: Table = getter() if exact is None else getter(exact=exact)
        return snapshot

    return take


def _parts(frame: pl.DataFrame, rows: int, size: int | None) -> Iterator[pl.DataFrame]:
    """Cut the first rows of a frame at the ends of its chunks, and into parts of at most a size.

    Such a part is a view of one chunk, so that no operation on it has to join two first.
    """
    lengths = frame.to_series(0).chunk_lengths() if frame.width else [rows]
    start = 0
    for length in lengths:
        end = min(start + length, rows)
        while start < end:
            step = min(size or length, end - start)
            yield frame.slice(start, step)
            start += step


__all__ = ["GETTERS", "scan_table"]
