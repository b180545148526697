"""What is true after every event (SPEC section 10), as a named list.

Each invariant computes its figures anew from other data than the ledger carries forward, and
gives None, or the figures that do not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.errors import InvariantViolation

if TYPE_CHECKING:
    from omega_portfolio.oracle.account import Account
    from omega_portfolio.oracle.book import Position


class Invariant(NamedTuple):
    """A rule about the state; ``figures`` gives what breaks it, or None."""

    name: str
    rule: str
    figures: Callable[[Account], str | None]


def violation(name: str, figures: str, rule: str) -> InvariantViolation:
    """Make the error of something that does not agree."""
    return InvariantViolation(name, figures, rule, "discard this portfolio and report its events")


def first_broken(account: Account, invariants: Iterable[Invariant]) -> InvariantViolation | None:
    """Give the error of the first invariant that is broken, or None."""
    for name, rule, figures in invariants:
        broken = figures(account)
        if broken is not None:
            return violation(name, broken, rule)
    return None


def _differ(left: int, right: int) -> str | None:
    return None if left == right else f"{left} != {right}"


def _equity_identity(account: Account) -> str | None:
    scalars = account.scalars
    return _differ(scalars.balance + scalars.unrealized_pnl, scalars.equity)


def _position_valid(account: Account) -> str | None:
    for row, position in enumerate(account.positions.rows):
        last_time = account.time
        positive = position.size > 0 and position.entry_price > 0 and position.cost > 0
        if not positive or last_time is None or position.entry_time > last_time:
            return _named(position)
        if position.row != row or account.positions.by_id.get(position.position_id) != position:
            return _named(position)
    if len(account.positions.by_id) != len(account.positions.rows):
        return f"{len(account.positions.by_id)} != {len(account.positions.rows)} positions"
    return None


def _book_matches_positions(account: Account) -> str | None:
    found = {name: [0, 0, 0, 0] for name in account.symbols}
    for position in account.positions.rows:
        sums = found[position.symbol.name]
        sums[2 * position.side] += position.size
        sums[2 * position.side + 1] += position.cost
    for name, symbol in account.symbols.items():
        if tuple(found[name]) != tuple(symbol.holding.sums):
            return f"{name}: {found[name]} != {list(symbol.holding.sums)}"
    return None


def _margin_matches_book(account: Account) -> str | None:
    margin = sum(
        symbol.margin_of(symbol.holding.sums.long_cost + symbol.holding.sums.short_cost)
        for symbol in account.symbols.values()
    )
    return _differ(margin, account.scalars.margin_used)


def _unrealized_matches_marks(account: Account) -> str | None:
    by_symbol = 0
    for symbol in account.symbols.values():
        holding = symbol.holding
        sums = holding.sums
        by_symbol += symbol.money(sums.long_size, holding.bid) - sums.long_cost
        by_symbol += sums.short_cost - symbol.money(sums.short_size, holding.ask)
    by_position = sum(position.unrealized() for position in account.positions.rows)
    unrealized = account.scalars.unrealized_pnl
    return _differ(by_symbol, unrealized) or _differ(by_position, unrealized)


def _exposure_matches_book(account: Account) -> str | None:
    long_value = short_value = 0
    for symbol in account.symbols.values():
        holding = symbol.holding
        long_value += symbol.money(holding.sums.long_size, holding.bid)
        short_value += symbol.money(holding.sums.short_size, holding.ask)
    scalars = account.scalars
    return _differ(long_value, scalars.long_value) or _differ(short_value, scalars.short_value)


def _quotes_ordered(account: Account) -> str | None:
    for name, symbol in account.symbols.items():
        bid, ask = symbol.holding.bid, symbol.holding.ask
        marked = (bid, ask) != (0, 0)
        if marked and not 0 < bid <= ask:
            return f"{name}: {bid} / {ask}"
    return None


def _postings_match_balance(account: Account) -> str | None:
    balance = account.configuration.initial_balance
    rows = account.ledger_rows
    for amount, after in zip(rows.numbers("amount"), rows.numbers("balance"), strict=True):
        balance += amount
        if balance != after:
            return f"{balance} != {after}"
    return _differ(balance, account.scalars.balance)


def _trades_match_ledger(account: Account) -> str | None:
    trades = sum(account.trade_rows.numbers("gross_pnl"))
    rows = account.ledger_rows
    kinds, amounts = rows.texts("kind"), rows.numbers("amount")
    postings = sum(
        amount for kind, amount in zip(kinds, amounts, strict=True) if kind == "realized_pnl"
    )
    realized = account.scalars.realized_pnl
    return _differ(trades, realized) or _differ(postings, realized)


def _rows_published(account: Account) -> str | None:
    account.journal.flush()
    tally = account.journal.tally
    pairs = (
        (account.equity_rows, tally.equity),
        (account.trade_rows, tally.trades),
        (account.ledger_rows, tally.ledger),
    )
    for rows, expected in pairs:
        for cells in rows.lists:
            if len(cells) != expected:
                return f"{len(cells)} != {expected} rows"
    return _differ(account.events, tally.events)


def _named(position: Position) -> str:
    return (
        f"position {position.position_id} in row {position.row}: size {position.size}, "
        f"entry {position.entry_price} at {position.entry_time}, cost {position.cost}"
    )


INVARIANTS: Final = (
    Invariant("equity_identity", "balance + unrealized_pnl == equity", _equity_identity),
    Invariant(
        "position_valid",
        "size > 0, entry_price > 0, entry_time <= last time, cost > 0",
        _position_valid,
    ),
    Invariant(
        "book_matches_positions",
        "sums over open positions == the sums of their symbol",
        _book_matches_positions,
    ),
    Invariant("margin_matches_book", "margin_used == sum of margins", _margin_matches_book),
    Invariant(
        "unrealized_matches_marks",
        "unrealized_pnl == sum over symbols == sum over positions",
        _unrealized_matches_marks,
    ),
    Invariant(
        "exposure_matches_book",
        "value of the longs and of the shorts == sums over symbols",
        _exposure_matches_book,
    ),
    Invariant("quotes_ordered", "0 < bid <= ask", _quotes_ordered),
    Invariant(
        "postings_match_balance",
        "initial_balance + postings == balance, row by row",
        _postings_match_balance,
    ),
    Invariant(
        "trades_match_ledger",
        "sum of gross_pnl == realized_pnl == sum of its postings",
        _trades_match_ledger,
    ),
    Invariant("rows_published", "rows of each table == what the events say", _rows_published),
)
"""All invariants, in the order of SPEC section 10."""

EVERY_EVENT: Final = INVARIANTS[:1]
"""Those that run after every event outside of tests."""
