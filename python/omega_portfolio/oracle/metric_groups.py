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
from omega_portfolio.oracle.schema import TRADE_ANALYSIS, Column, Kind, Row, Rows
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
        The trades have no column of the keys.
    NumberOutOfRange
        A sum has more than 38 digits.
    """
    keys = _keys(trades, by)
    columns = _Columns(
        profits=trades.net_pnl,
        fees=_fees(trades),
        maes=trades.mae,
        mfes=trades.mfe,
        durations=trades.durations(),
    )
    rows = Rows(_declared(by, columns))
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
    keys: Sequence[str] | None = getattr(trades, by)
    if keys is None:
        raise InvalidArgument(
            "by", describe(by), "is no column of these trades", "add the column to the trades"
        )
    return keys


def _fees(trades: Trades) -> list[int] | None:
    """Give the fees of both sides of each trade."""
    if trades.entry_fee is None or trades.exit_fee is None:
        return None
    return [sum(both) for both in zip(trades.entry_fee, trades.exit_fee, strict=True)]


class _Columns(NamedTuple):
    """What is summed up, of all trades or of those of one key; None where it is not known."""

    profits: Sequence[int]
    fees: Sequence[int] | None
    maes: Sequence[int] | None
    mfes: Sequence[int] | None
    durations: Sequence[int]

    def of(self, chosen: Sequence[int]) -> _Columns:
        """Take some rows."""

        def take(column: Sequence[int]) -> list[int]:
            return [column[row] for row in chosen]

        return _Columns(
            profits=take(self.profits),
            fees=None if self.fees is None else take(self.fees),
            maes=None if self.maes is None else take(self.maes),
            mfes=None if self.mfes is None else take(self.mfes),
            durations=take(self.durations),
        )


def _declared(by: str, columns: _Columns) -> tuple[Column, ...]:
    """Declare the columns; what is made from an unknown one is null."""
    unknown = {
        "fees": columns.fees is None,
        "average_mae": columns.maes is None,
        "average_mfe": columns.mfes is None,
    }
    key = Column(by, Kind.TEXT if by in _TEXTS else Kind.SMALL, nullable=False)
    behind = [
        column._replace(nullable=column.nullable or unknown.get(column.name, False))
        for column in TRADE_ANALYSIS
    ]
    return (key, *behind)


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
