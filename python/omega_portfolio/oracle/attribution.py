"""Where the change of equity comes from: one row per position, and one for the account (B3).

The figures are sums of postings, so that they are the ledger's own, and the profit at the mark
of what is still open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omega_portfolio.oracle.numbers import within
from omega_portfolio.oracle.schema import ATTRIBUTION, Rows
from omega_portfolio.oracle.texts import SIDE_NAMES

if TYPE_CHECKING:
    from collections.abc import Collection

    from omega_portfolio.oracle.account import Account

OF_ACCOUNT: Final = 0
"""The position id of postings that belong to no position."""


def attribution_rows(account: Account) -> Rows:
    """Give the rows of the attribution table, by position id, the account's last.

    Raises
    ------
    NumberOutOfRange
        A figure has more than 38 digits.
    """
    price_pnl = _posted(account, ("realized_pnl",))
    fees = _posted(account, ("fee",))
    cash = _posted(account, ("deposit", "withdrawal"))
    for position in account.positions.rows:
        position_id = position.position_id
        price_pnl[position_id] = price_pnl.get(position_id, 0) + position.unrealized()

    rows = Rows(ATTRIBUTION)
    for position_id, names in sorted(_names(account).items()):
        figures = (price_pnl[position_id], fees.get(position_id, 0), 0, 0, 0)
        _append(rows, (position_id, *names), figures)
    figures = (0, fees.get(OF_ACCOUNT, 0), 0, 0, cash.get(OF_ACCOUNT, 0))
    _append(rows, (OF_ACCOUNT, "", "", "account"), figures)
    return rows


def _names(account: Account) -> dict[int, tuple[str, str, str]]:
    """Give symbol, side and status of every position there ever was.

    A position that is not open has a trade; one that is closed in part is open.
    """
    trades = account.trade_rows
    closed = zip(
        trades.numbers("position_id"), trades.texts("symbol"), trades.texts("side"), strict=True
    )
    names = {position_id: (symbol, side, "closed") for position_id, symbol, side in closed}
    for position in account.positions.rows:
        side = SIDE_NAMES[position.side]
        names[position.position_id] = (position.symbol.name, side, "open")
    return names


def _posted(account: Account, kinds: Collection[str]) -> dict[int, int]:
    """Sum up the postings of some kinds by position."""
    rows = account.ledger_rows
    sums: dict[int, int] = {}
    for kind, position_id, amount in zip(
        rows.texts("kind"), rows.numbers("position_id"), rows.numbers("amount"), strict=True
    ):
        if kind in kinds:
            sums[position_id] = sums.get(position_id, 0) + amount
    return sums


def _append(
    rows: Rows, names: tuple[int, str, str, str], figures: tuple[int, int, int, int, int]
) -> None:
    """Append a row with its total, each figure in range."""
    cells = (*figures, sum(figures))
    for column, raw in zip(ATTRIBUTION[len(names) :], cells, strict=True):
        within("attribution", raw, f"{column.name} of position {names[0]}")
    rows.append((*names, *cells))
