"""Where the change of equity comes from: one row per position, and one for the account (B3).

The figures are sums of postings before they are booked, so that they are the ledger's own, and
the profit at the mark of what is still open.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.oracle.numbers import half_even, within
from omega_portfolio.oracle.rates import RATE_ONE
from omega_portfolio.oracle.schema import ATTRIBUTION, Rows
from omega_portfolio.oracle.texts import SIDE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omega_portfolio.oracle.account import Account

OF_ACCOUNT: Final = 0
"""The position id of postings that belong to no position."""


class _Figures(NamedTuple):
    """The figures of a row, in the order of the columns."""

    price_pnl: int = 0
    fx: int = 0
    fee: int = 0
    swap: int = 0
    dividend: int = 0
    cash: int = 0
    rounding: int = 0


def attribution_rows(account: Account) -> Rows:
    """Give the rows of the attribution table, by position id, the account's last.

    Raises
    ------
    NumberOutOfRange
        A figure has more than 38 digits.
    """
    posted = _posted(account)
    prices, exchanges = posted["split"], _fx_of_trades(account)
    for position_id, gross in posted["realized_pnl"].items():
        prices[position_id] += gross - exchanges[position_id]
    for position in account.positions.rows:
        native = position.unrealized()
        at_entry = half_even(native * position.entry_rate, RATE_ONE)
        prices[position.position_id] += at_entry
        exchanges[position.position_id] += account.unrealized_of(position) - at_entry
    for accrual in account.accrued:
        posted["dividend"][accrual.position_id] += accrual.amount

    rows = Rows(ATTRIBUTION)
    total = 0
    for position_id, names in sorted(_names(account).items()):
        figures = _Figures(
            price_pnl=prices[position_id],
            fx=exchanges[position_id],
            fee=posted["fee"][position_id],
            swap=posted["swap"][position_id],
            dividend=posted["dividend"][position_id],
        )
        total += sum(figures)
        _append(rows, (position_id, *names), figures)
    figures = _Figures(
        fx=posted["fx"][OF_ACCOUNT] + account.rates.cash_unrealized(),
        fee=posted["fee"][OF_ACCOUNT],
        cash=posted["deposit"][OF_ACCOUNT] + posted["withdrawal"][OF_ACCOUNT],
    )
    change = account.scalars.equity - account.configuration.initial_balance
    rounding = change - total - sum(figures)
    _append(rows, (OF_ACCOUNT, "", "", "account"), figures._replace(rounding=rounding))
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


def _posted(account: Account) -> Mapping[str, dict[int, int]]:
    """Sum up the postings by kind and position, as they were before they were booked.

    What a posting books is its exact amount less what it adds to the residue (W11).
    """
    rows = account.ledger_rows
    sums: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    before = 0
    for kind, position_id, amount, residue in zip(
        rows.texts("kind"),
        rows.numbers("position_id"),
        rows.numbers("amount"),
        rows.numbers("residue"),
        strict=True,
    ):
        sums[kind][position_id] += amount + residue - before
        before = residue
    return sums


def _fx_of_trades(account: Account) -> dict[int, int]:
    """Sum up what moves of rates have made in closed trades (W6)."""
    trades = account.trade_rows
    sums: dict[int, int] = defaultdict(int)
    for position_id, fx in zip(
        trades.numbers("position_id"), trades.numbers("fx_pnl"), strict=True
    ):
        sums[position_id] += fx
    return sums


def _append(rows: Rows, names: tuple[int, str, str, str], figures: _Figures) -> None:
    """Append a row with its total, each figure in range."""
    cells = (*figures, sum(figures))
    for column, raw in zip(ATTRIBUTION[len(names) :], cells, strict=True):
        within("attribution", raw, f"{column.name} of position {names[0]}")
    rows.append((*names, *cells))
