"""The frames that the benches apply, and the same events as calls.

A mixed account has ten open positions, one of each of ten symbols. Then in turn a position is
opened, the equity updated with a quote of the same symbol, and the oldest position closed, so
that ten or eleven are open all the time. Nothing here measures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from workload import START_TIME, draw_walk, empty

if TYPE_CHECKING:
    from typing import Literal

    import omega_portfolio as op

    Form = Literal["plain", "full", "keys"]

MIXED_SYMBOLS: Final = tuple(f"SYM{number}" for number in range(10))
SYMBOL_COUNT: Final = len(MIXED_SYMBOLS)
FEE: Final = 0.35
REFUSED_EVERY: Final = 10
"""One row in so many of :func:`with_refused` is refused."""

ACTIONS: Final = ("open", "update", "close")


class Event(NamedTuple):
    """One mixed event.

    Attributes
    ----------
    action : str
        ``open``, ``update`` or ``close``.
    time : int
        Microseconds since the epoch.
    symbol : str
        The symbol.
    price : float
        Of the fill or the quote, with two decimals.
    position_id : int
        What is opened, or closed.
    """

    action: str
    time: int
    symbol: str
    price: float
    position_id: int


def mixed_events(count: int) -> list[Event]:
    """Draw mixed events, a third of each action.

    Parameters
    ----------
    count : int
        Number of events.

    Returns
    -------
    list of Event
        For a portfolio of :func:`mixed_account`.
    """
    events = []
    for number, step in enumerate(draw_walk(count)):
        turn, kind = divmod(number, len(ACTIONS))
        symbol = MIXED_SYMBOLS[turn % SYMBOL_COUNT]
        position_id = turn + 1 + (SYMBOL_COUNT if kind == 0 else 0)
        events.append(Event(ACTIONS[kind], step.time, symbol, step.price, position_id))
    return events


def mixed_account(backend: str = "rust") -> op.Portfolio:
    """Make a portfolio that holds one position of each symbol, numbered from 1.

    Parameters
    ----------
    backend : str, default "rust"
        As the argument of :class:`omega_portfolio.Portfolio`.

    Returns
    -------
    Portfolio
    """
    portfolio = empty(backend)
    for symbol in MIXED_SYMBOLS:
        portfolio.open_position(symbol, "long", 10, 100, START_TIME)
    return portfolio


def call_all(portfolio: op.Portfolio, events: list[Event]) -> None:
    """Make one call for each mixed event.

    Parameters
    ----------
    portfolio : Portfolio
        Of :func:`mixed_account`.
    events : list of Event
        Of :func:`mixed_events`.
    """
    for action, time, symbol, price, position_id in events:
        if action == "open":
            portfolio.open_position(symbol, "long", 10, price, time)
        elif action == "update":
            portfolio.update_equity(time, {symbol: price})
        else:
            portfolio.close_position(position_id, price, time)


def frame_of(events: list[Event], form: Form = "plain") -> pl.DataFrame:
    """Write mixed events as a frame.

    Parameters
    ----------
    events : list of Event
        Of :func:`mixed_events`.
    form : {"plain", "full", "keys"}, default "plain"
        ``full`` has levels, fees, tags and reasons as well. ``keys`` closes by key what the frame
        itself has opened.

    Returns
    -------
    polars.DataFrame
        Numbers are floats, times are timestamps, and a cell that an event does not have is null.
    """
    frame = pl.DataFrame(events, schema=Event._fields, orient="row").with_columns(
        pl.col("time").cast(pl.Datetime("us", "UTC")),
        side=_only("open", pl.lit("long")),
        size=_only("open", pl.lit(10.0)),
    )
    by_id = _only("close", pl.col("position_id"))
    if form == "keys":
        key = pl.when(pl.col("position_id") > SYMBOL_COUNT).then(
            pl.format("position {}", "position_id")
        )
        return frame.with_columns(
            key=pl.when(pl.col("action") != "update").then(key),
            position_id=pl.when(pl.col("position_id") <= SYMBOL_COUNT).then(by_id),
        )
    frame = frame.with_columns(position_id=by_id)
    if form == "plain":
        return frame
    return frame.with_columns(
        stop_loss=_only("open", pl.lit(20.0)),
        take_profit=_only("open", pl.lit(500.0)),
        fee=pl.when(pl.col("action") != "update").then(pl.lit(FEE)),
        tag=_only("open", pl.format("signal of {}", "symbol")),
        reason=_only("close", pl.lit("target")),
    )


def quotes_frame(action: str, count: int) -> pl.DataFrame:
    """Write updates of the equity or marks of ten symbols in turn, one quote each.

    Parameters
    ----------
    action : {"update", "mark"}
        The action of each row.
    count : int
        Number of rows.

    Returns
    -------
    polars.DataFrame
    """
    events = [
        (action, step.time, MIXED_SYMBOLS[step.number % SYMBOL_COUNT], step.price)
        for step in draw_walk(count)
    ]
    return pl.DataFrame(
        events, schema=["action", "time", "symbol", "price"], orient="row"
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))


def with_refused(frame: pl.DataFrame) -> pl.DataFrame:
    """Let every tenth row be refused, by a price of 0.

    Parameters
    ----------
    frame : polars.DataFrame
        Of :func:`quotes_frame`.

    Returns
    -------
    polars.DataFrame
    """
    number = pl.int_range(pl.len())
    refused = number % REFUSED_EVERY == REFUSED_EVERY - 1
    return frame.with_columns(price=pl.when(refused).then(0.0).otherwise(pl.col("price")))


def market(symbols: int, price: float) -> pl.DataFrame:
    """Write one price for each of many symbols, as ``update_equity`` takes them.

    Parameters
    ----------
    symbols : int
        Number of symbols; the first is that of :func:`workload.holding`.
    price : float
        Price of the first symbol; the others differ from it and from each other.

    Returns
    -------
    polars.DataFrame
    """
    names = ["ACME", *(f"SYM{number}" for number in range(1, symbols))]
    prices = [price + number / 100 for number in range(symbols)]
    return pl.DataFrame({"symbol": names, "price": prices})


def _only(action: str, value: pl.Expr) -> pl.Expr:
    """Give a value in the rows of one action, null in all others."""
    return pl.when(pl.col("action") == action).then(value)


__all__ = [
    "REFUSED_EVERY",
    "call_all",
    "frame_of",
    "market",
    "mixed_account",
    "mixed_events",
    "quotes_frame",
    "with_refused",
]
