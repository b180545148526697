"""Trades in groups: by symbol, side, hour and others (``trade_analysis``, SPEC section 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle.metric_numbers import mean_duration, mean_money, ratio
from omega_portfolio.oracle.metric_record import Trades
from omega_portfolio.oracle.metric_trades import losses_of, profit_factor, wins_of
from omega_portfolio.oracle.numbers import within
from omega_portfolio.oracle.schema import Column, Kind, Row, Rows
from omega_portfolio.oracle.times import to_datetime

_OF_ENTRY: Final[dict[str, Callable[[datetime], int]]] = {
    "hour": lambda moment: moment.hour,
    "weekday": lambda moment: moment.isoweekday(),
}
_OF_EXIT: Final[dict[str, Callable[[datetime], int]]] = {
    "month": lambda moment: moment.month,
    "year": lambda moment: moment.year,
}
_TEXTS: Final = ("symbol", "side", "tag", "reason")

GROUPINGS: Final = (*_TEXTS, *_OF_ENTRY, *_OF_EXIT)


class _Group(NamedTuple):
    """Columns of the trades of one key; a column that is not known is None."""

    profits: list[int]
    fees: list[int] | None
    maes: list[int] | None
    mfes: list[int] | None
    durations: list[int]


def read_by(by: object) -> str:
    """Check what trades are grouped by.

    Raises
    ------
    InvalidArgument
        It is not one of the words.
    """
    if isinstance(by, str) and by in GROUPINGS:
        return by
    raise InvalidArgument(
        "by", describe(by), "is nothing to group by", f"choose from {', '.join(GROUPINGS)}"
    )


def group_rows(trades: Trades | None, by: str) -> Rows:
    """Give a row for each key, in the order of the keys.

    Raises
    ------
    InvalidArgument
        The trades have no column of the keys.
    NumberOutOfRange
        A sum has more than 38 digits.
    """
    if trades is None:
        trades = Trades([], [], [])
        keys: Sequence[str | int] = []
    else:
        keys = _keys(trades, by)
    rows = Rows(_columns(trades, by))
    for key in sorted(set(keys)):
        chosen = [row for row, other in enumerate(keys) if other == key]
        rows.append((key, *_row(_group(trades, chosen))))
    return rows


def _keys(trades: Trades, by: str) -> Sequence[str | int]:
    """Give the key of each trade."""
    if by in _OF_ENTRY:
        return [_OF_ENTRY[by](to_datetime(time)) for time in trades.entry_time]
    if by in _OF_EXIT:
        return [_OF_EXIT[by](to_datetime(time)) for time in trades.exit_time]
    keys: Sequence[str] | None = getattr(trades, by)
    if keys is None:
        raise InvalidArgument(
            "by", describe(by), f"the trades have no column {by}", "add the column to the trades"
        )
    return keys


def _columns(trades: Trades, by: str) -> tuple[Column, ...]:
    """Declare the columns; those that are made from an unknown one are null."""
    no_fees = trades.entry_fee is None or trades.exit_fee is None
    return (
        Column(by, Kind.TEXT if by in _TEXTS else Kind.SMALL, nullable=False),
        Column("trade_count", Kind.ID, nullable=False),
        Column("winning_trade_count", Kind.ID, nullable=False),
        Column("losing_trade_count", Kind.ID, nullable=False),
        Column("win_rate", Kind.FLOAT, nullable=False),
        Column("net_pnl", Kind.MONEY, nullable=False),
        Column("gross_profit", Kind.MONEY, nullable=False),
        Column("gross_loss", Kind.MONEY, nullable=False),
        Column("fees", Kind.MONEY, nullable=no_fees),
        Column("profit_factor", Kind.FLOAT, nullable=True),
        Column("expectancy", Kind.FLOAT, nullable=False),
        Column("average_win", Kind.FLOAT, nullable=True),
        Column("average_loss", Kind.FLOAT, nullable=True),
        Column("average_mae", Kind.FLOAT, nullable=trades.mae is None),
        Column("average_mfe", Kind.FLOAT, nullable=trades.mfe is None),
        Column("average_duration", Kind.DURATION, nullable=False),
    )


def _group(trades: Trades, chosen: Sequence[int]) -> _Group:
    """Take some rows."""

    def take(column: Sequence[int] | None) -> list[int] | None:
        return None if column is None else [column[row] for row in chosen]

    fees = None
    if trades.entry_fee is not None and trades.exit_fee is not None:
        fees = [trades.entry_fee[row] + trades.exit_fee[row] for row in chosen]
    durations = trades.durations()
    return _Group(
        profits=[trades.net_pnl[row] for row in chosen],
        fees=fees,
        maes=take(trades.mae),
        mfes=take(trades.mfe),
        durations=[durations[row] for row in chosen],
    )


def _row(group: _Group) -> Row:
    """Give the cells behind the key."""
    wins, losses = wins_of(group.profits), losses_of(group.profits)
    return (
        len(group.profits),
        len(wins),
        len(losses),
        ratio(len(wins), len(group.profits)),
        _sum("net_pnl", group.profits),
        _sum("gross_profit", wins),
        _sum("gross_loss", losses),
        None if group.fees is None else _sum("fees", group.fees),
        profit_factor(sum(wins), sum(losses)),
        mean_money(group.profits),
        mean_money(wins),
        mean_money(losses),
        None if group.maes is None else mean_money(group.maes),
        None if group.mfes is None else mean_money(group.mfes),
        mean_duration(group.durations),
    )


def _sum(name: str, raws: Sequence[int]) -> int:
    return within("trade_analysis", sum(raws), name)
