"""Snapshots of an account: the account itself, its open positions, its last trade."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from omega_portfolio.oracle.currency import CURRENCY_DIGITS
from omega_portfolio.oracle.numbers import (
    LIMIT,
    MONEY_SCALE,
    half_even,
    money_decimal,
    plain_decimal,
)
from omega_portfolio.oracle.schema import POSITIONS, Row, Rows
from omega_portfolio.oracle.tables import PythonTable, ipc_bytes
from omega_portfolio.oracle.texts import SIDE_NAMES
from omega_portfolio.oracle.times import to_datetime
from omega_portfolio.oracle.views import PythonTrade

if TYPE_CHECKING:
    from omega_portfolio.oracle.account import Account
    from omega_portfolio.oracle.book import Position

_SCALARS: Final = (
    "balance",
    "equity",
    "margin_used",
    "free_margin",
    "margin_level",
    "unrealized_pnl",
    "realized_pnl",
    "time",
    "events",
)
"""Attributes of a state that its Arrow IPC stream has as metadata, as plain text."""


@dataclass(frozen=True, slots=True)
class PythonState:
    """The account at one moment; see :class:`omega_portfolio.types.State`."""

    balance: Decimal
    equity: Decimal
    margin_used: Decimal
    free_margin: Decimal
    margin_level: Decimal | None
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    time: datetime | None
    events: int
    positions: PythonTable = field(repr=False)
    positions_exact: PythonTable = field(repr=False)

    def to_ipc(self) -> bytes:
        """Give the exact positions as an Arrow IPC stream, the scalars in its metadata."""
        metadata = {name: _metadata_text(getattr(self, name)) for name in _SCALARS}
        return ipc_bytes(self.positions_exact.to_pyarrow().replace_schema_metadata(metadata))


def state_of(account: Account) -> PythonState:
    """Take a snapshot of an account."""
    digits = CURRENCY_DIGITS[account.configuration.currency]
    scalars = account.scalars
    rows = position_rows(account)
    return PythonState(
        balance=money_decimal(scalars.balance, digits),
        equity=money_decimal(scalars.equity, digits),
        margin_used=money_decimal(scalars.margin_used, digits),
        free_margin=money_decimal(scalars.free_margin(), digits),
        margin_level=margin_level(account),
        unrealized_pnl=money_decimal(scalars.unrealized_pnl, digits),
        realized_pnl=money_decimal(scalars.realized_pnl, digits),
        time=None if account.time is None else to_datetime(account.time),
        events=account.events,
        positions=PythonTable(POSITIONS, rows.lists, len(rows), exact=False),
        positions_exact=PythonTable(POSITIONS, rows.lists, len(rows), exact=True),
    )


def margin_level(account: Account) -> Decimal | None:
    """Give equity in percent of the margin used, if it has at most 38 digits (M3)."""
    raw = raw_margin_level(account)
    return None if raw is None else plain_decimal(raw, MONEY_SCALE)


def raw_margin_level(account: Account) -> int | None:
    """Give the same as a raw number."""
    scalars = account.scalars
    if scalars.margin_used == 0:
        return None
    raw = half_even(100 * scalars.equity * 10**MONEY_SCALE, scalars.margin_used)
    return raw if abs(raw) < LIMIT else None


def position_rows(account: Account) -> Rows:
    """Copy the open positions into rows of the positions table (B2)."""
    rows = Rows(POSITIONS)
    for position in account.positions.rows:
        rows.append(_position_row(position, account))
    return rows


def _position_row(position: Position, account: Account) -> Row:
    rates = account.rates
    return (
        position.position_id,
        position.symbol.name,
        SIDE_NAMES[position.side],
        position.size,
        position.entry_time,
        position.entry_price,
        position.stop_loss,
        position.take_profit,
        position.mark_price(),
        rates.convert(position.cost, position.symbol.currency),
        account.unrealized_of(position),
        position.margin(rates),
        position.entry_fee,
        position.swap,
        position.tag,
    )


def trade_of(account: Account, row: int = -1) -> PythonTrade:
    """Give a row of the trades table as an object, the last one by default."""
    digits = CURRENCY_DIGITS[account.configuration.currency]
    return PythonTrade(account.trade_rows.row(row), digits)


def _metadata_text(value: Decimal | datetime | int | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
