"""What the metrics are made from: points of equity, trades, and a few sums.

A portfolio and a user's own frames both become a :class:`Record`; behind it nobody knows which
of the two it was. Money is raw, times are microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

from omega_portfolio.oracle.currency import CURRENCY_DIGITS

if TYPE_CHECKING:
    from omega_portfolio.oracle.account import Account


class Point(NamedTuple):
    """Equity at a time; an exposure that is not known is None."""

    time: int
    equity: int
    gross_exposure: int | None
    net_exposure: int | None


class Fill(NamedTuple):
    """Notional that changed hands at a time."""

    time: int
    notional: int


@dataclass(frozen=True)
class Trades:
    """Closed trades as columns in row order; a column that is not known is None."""

    entry_time: Sequence[int]
    exit_time: Sequence[int]
    net_pnl: Sequence[int]
    symbol: Sequence[str] | None = None
    side: Sequence[str] | None = None
    size: Sequence[int] | None = None
    entry_price: Sequence[int] | None = None
    gross_pnl: Sequence[int] | None = None
    entry_fee: Sequence[int] | None = None
    exit_fee: Sequence[int] | None = None
    cost: Sequence[int] | None = None
    mae: Sequence[int] | None = None
    mfe: Sequence[int] | None = None
    swap: Sequence[int] | None = None
    slippage: Sequence[int] | None = None
    stop_loss: Sequence[int] | None = None
    tag: Sequence[str] | None = None
    reason: Sequence[str] | None = None

    @classmethod
    def none(cls) -> Trades:
        """Give all columns, without a row."""
        return cls(*([] for _ in fields(cls)))

    def __len__(self) -> int:
        return len(self.net_pnl)

    def durations(self) -> list[int]:
        """Give the time from entry to exit of each trade."""
        pairs = zip(self.entry_time, self.exit_time, strict=True)
        return [exit_time - entry_time for entry_time, exit_time in pairs]


@dataclass(frozen=True)
class Record:
    """One history.

    Attributes
    ----------
    digits : int
        Decimals of the currency.
    start : Point or None
        The starting balance E_0, when it stands apart from the rows.
    points : sequence of Point
        The last row of each distinct time.
    trades : Trades
        Closed trades.
    open_entries : sequence of Fill
        Entry of each open position: its time, and the cost of what is left of it.
    net_deposits : int
        Deposits less withdrawals.
    commission : int or None
        All fees; None when they are not known.
    swap : int
        All swaps, negative for a cost.
    """

    digits: int
    start: Point | None
    points: Sequence[Point]
    trades: Trades
    open_entries: Sequence[Fill]
    net_deposits: int
    commission: int | None
    swap: int


def last_of_each_time(rows: Sequence[Point]) -> list[Point]:
    """Keep the last row of each distinct time; times never decrease."""
    # A later row of the same time takes the place of the one before it.
    return list({row.time: row for row in rows}.values())


def record_of(account: Account) -> Record:
    """Copy from an account what the metrics need."""
    start = None
    if account.first_time is not None:
        start = Point(account.first_time, account.configuration.initial_balance, 0, 0)
    rows = account.equity_rows
    points = [
        Point(*cells)
        for cells in zip(
            rows.numbers("time"),
            rows.numbers("equity"),
            rows.numbers("gross_exposure"),
            rows.numbers("net_exposure"),
            strict=True,
        )
    ]
    return Record(
        digits=CURRENCY_DIGITS[account.configuration.currency],
        start=start,
        points=last_of_each_time(points),
        trades=_trades_of(account),
        open_entries=[
            Fill(
                position.entry_time, account.rates.convert(position.cost, position.symbol.currency)
            )
            for position in account.positions.rows
        ],
        # A withdrawal and a fee are posted with a minus.
        net_deposits=_postings(account, "deposit") + _postings(account, "withdrawal"),
        commission=account.fees,
        swap=sum(account.trade_rows.numbers("swap"))
        + sum(position.swap for position in account.positions.rows),
    )


def _trades_of(account: Account) -> Trades:
    rows = account.trade_rows
    return Trades(
        entry_time=rows.numbers("entry_time"),
        exit_time=rows.numbers("exit_time"),
        net_pnl=rows.numbers("net_pnl"),
        symbol=rows.texts("symbol"),
        side=rows.texts("side"),
        size=rows.numbers("size"),
        entry_price=rows.numbers("entry_price"),
        gross_pnl=rows.numbers("gross_pnl"),
        entry_fee=rows.numbers("entry_fee"),
        exit_fee=rows.numbers("exit_fee"),
        cost=rows.numbers("cost"),
        mae=rows.numbers("mae"),
        mfe=rows.numbers("mfe"),
        swap=rows.numbers("swap"),
        slippage=rows.numbers("slippage"),
        stop_loss=rows.numbers("stop_loss"),
        tag=rows.texts("tag"),
        reason=rows.texts("reason"),
    )


def _postings(account: Account, kind: str) -> int:
    """Sum up the postings of one kind."""
    rows = account.ledger_rows
    pairs = zip(rows.texts("kind"), rows.numbers("amount"), strict=True)
    return sum(amount for posted, amount in pairs if posted == kind)
