"""What is true after every event (SPEC section 10), as a named list.

Each invariant computes its figures anew from other data than the ledger carries forward, and
gives None, or the figures that do not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.errors import InvariantViolation
from omega_portfolio.oracle.currency import CURRENCY_DIGITS
from omega_portfolio.oracle.numbers import MONEY_SCALE
from omega_portfolio.oracle.texts import LONG, SHORT

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
        positive = position.size > 0 and position.entry_price > 0 and position.cost >= 0
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
    margin = 0
    for symbol in account.symbols.values():
        held = symbol.holding
        need = symbol.margin_need(*symbol.sides(held.sums, held.bid, held.ask))
        margin += symbol.in_account_money(need.margin, account.rates)
    return _differ(margin, account.scalars.margin_used)


def _unrealized_matches_marks(account: Account) -> str | None:
    unrealized = account.rates.cash_unrealized() + sum(each.amount for each in account.accrued)
    for name, symbol in account.symbols.items():
        held = symbol.holding
        longs, shorts = symbol.sides(held.sums, held.bid, held.ask)
        native = symbol.gain(LONG, longs.cost, longs.value)
        native += symbol.gain(SHORT, shorts.cost, shorts.value)
        own = [each.unrealized() for each in account.positions.rows if each.symbol is symbol]
        # Values of an inverse instrument are rounded each by itself (I11).
        if not symbol.definition.inverse and sum(own) != native:
            return f"{name}: {sum(own)} != {native}"
        unrealized += account.rates.convert(native, symbol.currency)
    return _differ(unrealized, account.scalars.unrealized_pnl)


def _exposure_matches_book(account: Account) -> str | None:
    long_value = short_value = 0
    for symbol in account.symbols.values():
        held = symbol.holding
        longs, shorts = symbol.sides(held.sums, held.bid, held.ask)
        long_value += account.rates.convert(longs.value, symbol.currency)
        short_value += account.rates.convert(shorts.value, symbol.currency)
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


def _residue_in_range(account: Account) -> str | None:
    booked = sum(account.ledger_rows.numbers("amount"))
    residues = account.ledger_rows.numbers("residue")
    configuration = account.configuration
    digits = CURRENCY_DIGITS[configuration.currency]
    unit = 10 ** (MONEY_SCALE - digits) if configuration.rounding else 0
    for residue in residues:
        if 2 * abs(residue) > unit:
            return f"{residue} is more than half of {unit}"
    last = residues[-1] if residues else 0
    return _differ(last, account.residue) or _differ(booked + account.residue, account.posted)


def _trades_match_ledger(account: Account) -> str | None:
    trades, realized = account.trade_rows, account.scalars.realized_pnl
    swaps = sum(trades.numbers("swap")) + sum(each.swap for each in account.positions.rows)
    return (
        _differ(sum(trades.numbers("gross_pnl")), realized)
        or _differ(exact_postings(account, "realized_pnl"), realized)
        or _differ(exact_postings(account, "swap"), swaps)
    )


def exact_postings(account: Account, kind: str) -> int:
    """Sum up postings of a kind as they were before they were booked (W11)."""
    rows = account.ledger_rows
    kinds, amounts, residues = rows.texts("kind"), rows.numbers("amount"), rows.numbers("residue")
    total = before = 0
    for posted, amount, residue in zip(kinds, amounts, residues, strict=True):
        if posted == kind:
            total += amount + residue - before
        before = residue
    return total


def _cash_matches_rows(account: Account) -> str | None:
    rows = account.cash_rows
    sums: dict[str, int] = {}
    for code, amount, balance in zip(
        rows.texts("currency"), rows.numbers("amount"), rows.numbers("balance"), strict=True
    ):
        sums[code] = sums.get(code, 0) + amount
        if sums[code] != balance or balance < 0:
            return f"{code}: {sums[code]} != {balance}"
    currencies = account.rates.currencies.values()
    for each in currencies:
        if each.cost and not each.cash:
            return f"{each.code}: no cash, and a cost of {each.cost}"
    held = {each.code: each.cash for each in currencies if each.had_cash}
    return None if held == sums else f"{held} != {sums}"


def _rates_match_marks(account: Account) -> str | None:
    again = account.rates.marked(account.pairs()).currencies
    for code, currency in account.rates.currencies.items():
        if again[code] != currency:
            return f"{again[code]} != {currency}"
    return None


def _rows_published(account: Account) -> str | None:
    account.journal.flush()
    tally = account.journal.tally
    for rows in account.all_rows():
        for cells in rows.lists:
            if len(cells) != len(rows):
                return f"{len(cells)} != {len(rows)} rows"
    closes = account.ledger_rows.texts("kind").count("realized_pnl")
    return (
        _differ(len(account.equity_rows), tally.equity)
        or _differ(len(account.trade_rows), closes)
        or _differ(account.events, tally.events)
    )


def _named(position: Position) -> str:
    return (
        f"position {position.position_id} in row {position.row}: size {position.size}, "
        f"entry {position.entry_price} at {position.entry_time}, cost {position.cost}"
    )


INVARIANTS: Final = (
    Invariant("equity_identity", "balance + unrealized_pnl == equity", _equity_identity),
    Invariant(
        "position_valid",
        "size > 0, entry_price > 0, entry_time <= last time, cost >= 0",
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
        "unrealized_pnl == sum over symbols; natively == sum over positions",
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
        "residue_in_range",
        "booked postings + residue == exact postings, at most half of the last digit",
        _residue_in_range,
    ),
    Invariant(
        "cash_matches_rows",
        "cash in each currency == sum of its rows; no cost without cash",
        _cash_matches_rows,
    ),
    Invariant("rates_match_marks", "each rate is that of its path", _rates_match_marks),
    Invariant(
        "trades_match_ledger",
        "sum of gross_pnl == realized_pnl == sum of its postings; swaps likewise",
        _trades_match_ledger,
    ),
    Invariant(
        "rows_published", "rows of each table == what events and postings say", _rows_published
    ),
)
"""All invariants, in the order of SPEC section 10."""

EVERY_EVENT: Final = INVARIANTS[:1]
"""Those that run after every event outside of tests."""
