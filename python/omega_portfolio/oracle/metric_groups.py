"""Trades in groups: by symbol, side, hour and others (``trade_analysis``, SPEC section 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle.metric_numbers import mean_duration, mean_money, ratio
from omega_portfolio.oracle.metric_record import Trades
from omega_portfolio.oracle.metric_trades import losses_of, profit_factor, wins_of
from omega_portfolio.oracle.numbers import within
from omega_portfolio.oracle.schema import TRADE_ANALYSIS, Column, Kind, Row, Rows
from omega_portfolio.oracle.times import to_datetime

Cell = TypeVar("Cell", int, str)

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


def group_rows(trades: Trades, by: str) -> Rows:
    """Give a row for each key, in the order of the keys.

    Raises
    ------
    InvalidArgument
        The trades have no column of the keys, or one that is summed is missing.
    NumberOutOfRange
        A sum has more than 38 digits.
    """
    keys = _keys(trades, by)
    columns = _Columns(
        profits=trades.net_pnl,
        fees=[
            sum(both)
            for both in zip(
                _known(by, "entry_fee", trades.entry_fee),
                _known(by, "exit_fee", trades.exit_fee),
                strict=True,
            )
        ],
        maes=_known(by, "mae", trades.mae),
        mfes=_known(by, "mfe", trades.mfe),
        durations=trades.durations(),
    )
    rows = Rows(_declared(by))
    for key in sorted(set(keys)):
        chosen = [row for row, other in enumerate(keys) if other == key]
        rows.append((key, *_row(columns.of(chosen))))
    return rows


def _keys(trades: Trades, by: str) -> Sequence[str | int]:
    """Give the key of each trade."""
    if by in _OF_ENTRY:
        return [_OF_ENTRY[by](to_datetime(time)) for time in trades.entry_time]
    if by in _OF_EXIT:
        return [_OF_EXIT[by](to_datetime(time)) for time in trades.exit_time]
    return _known(by, by, getattr(trades, by))


def _known(by: str, name: str, column: Sequence[Cell] | None) -> Sequence[Cell]:
    """Take a column that trades of a user may be without."""
    if column is not None:
        return column
    raise InvalidArgument(
        "by", describe(by), f"needs a column {name} of the trades", "add the column"
    )


class _Columns(NamedTuple):
    """What is summed up, of all trades or of those of one key."""

    profits: Sequence[int]
    fees: Sequence[int]
    maes: Sequence[int]
    mfes: Sequence[int]
    durations: Sequence[int]

    def of(self, chosen: Sequence[int]) -> _Columns:
        """Take some rows."""
        return _Columns(*([column[row] for row in chosen] for column in self))


def _declared(by: str) -> tuple[Column, ...]:
    """Declare the columns."""
    key = Column(by, Kind.TEXT if by in _TEXTS else Kind.SMALL, nullable=False)
    return (key, *TRADE_ANALYSIS)


def _row(group: _Columns) -> Row:
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
        _sum("fees", group.fees),
        profit_factor(sum(wins), sum(losses)),
        mean_money(group.profits),
        mean_money(wins),
        mean_money(losses),
        mean_money(group.maes),
        mean_money(group.mfes),
        mean_duration(group.durations),
    )


def _sum(name: str, raws: Sequence[int]) -> int:
    return within("trade_analysis", sum(raws), name)
