"""The way back from the middle of an event that is refused after it has changed something.

Rows are only appended, so their number is enough; everything else is copied.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from omega_portfolio.oracle.book import Position

if TYPE_CHECKING:
    from omega_portfolio.oracle.account import Account

_SCALARS = (
    "scalars",
    "fees",
    "residue",
    "posted",
    "first_time",
    "time",
    "events",
    "rates",
    "accrued",
    "in_margin_call",
    "ambiguous_count",
)


_CHANGING_OF_SYMBOL = ("holding", "volume", "slips", "last_bar", "last_rollover")
"""What events change of a symbol; the rest is its definition."""

_CHANGING_OF_POSITION = tuple(
    name for name in Position.__slots__ if name not in {"position_id", "symbol", "side", "tag"}
)
"""What events change of a position; a split changes its initial stop."""

_of_symbol = attrgetter(*_CHANGING_OF_SYMBOL)
_of_position = attrgetter(*_CHANGING_OF_POSITION)


class Checkpoint:
    """The state of an account at one moment, and how to bring it back."""

    __slots__ = (
        "_account",
        "_ids",
        "_journal",
        "_orders",
        "_positions",
        "_rows",
        "_symbols",
        "_values",
    )

    def __init__(self, account: Account) -> None:
        self._account = account
        self._values = {name: getattr(account, name) for name in _SCALARS}
        self._rows = [(rows, len(rows)) for rows in account.all_rows()]
        self._symbols = [(symbol, _of_symbol(symbol)) for symbol in account.symbols.values()]
        self._positions = [
            (position, _of_position(position)) for position in account.positions.rows
        ]
        self._ids = (account.ids.next_free, set(account.ids.given))
        self._orders = (account.orders.next_id, list(account.orders.rows))
        self._journal = account.journal.pending()

    def restore(self) -> None:
        """Bring the state back; the objects of symbols and positions stay the same ones."""
        account = self._account
        for name, value in self._values.items():
            setattr(account, name, value)
        for rows, length in self._rows:
            rows.cut(length)
        account.symbols.clear()
        for symbol, slots in self._symbols:
            _set_slots(symbol, _CHANGING_OF_SYMBOL, slots)
            account.symbols[symbol.name] = symbol
        for position, slots in self._positions:
            _set_slots(position, _CHANGING_OF_POSITION, slots)
        account.positions.replace([position for position, _ in self._positions])
        account.ids.next_free, account.ids.given = self._ids
        account.orders.next_id, account.orders.rows = self._orders
        account.journal.forget(self._journal)


def _set_slots(value: object, names: tuple[str, ...], cells: tuple[Any, ...]) -> None:
    for name, cell in zip(names, cells, strict=True):
        setattr(value, name, cell)
