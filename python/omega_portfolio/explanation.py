"""How the result of a trade came about, from the public tables (SPEC C2 to C5, Z6).

Every number is exact: sums and products are made of fractions, and a formula is shown only when
it gives the number to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from omega_portfolio.display import rows_html, value_text
from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omega_portfolio.time_travel import TimeTravel
    from omega_portfolio.types import Table, Trade

Row: TypeAlias = "Mapping[str, Any]"


@dataclass(frozen=True)
class Explanation:
    """How the result of a trade came about; ``str()`` gives it in words.

    Attributes
    ----------
    title : str
        Which trade it is.
    gross, entry_fee, exit_fee, swap, net : str
        How each figure of the trade comes about.
    postings : Table
        The postings of the trade's position up to its close, exact, with the columns of
        ``get_ledger``: what opened it, what was charged in between, and its closes.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.Portfolio(1000)
    >>> position_id = portfolio.open_position("ACME", "short", 2, 100, "2024-01-02", fee="0.5")
    >>> trade = portfolio.close_position(position_id, "99.5", "2024-01-03", size=1)
    >>> print(portfolio.explain(trade))
    trade 1: 1 ACME short, position 1, 2024-01-02 00:00:00 at 100 to 2024-01-03 00:00:00 at 99.5
      gross_pnl 0.5 = cost 100 - 1 x 99.5
      entry_fee 0.25 of the 0.5 charged to the position before (event 2)
      exit_fee 0: the close was free
      swap 0: none was charged to the position
      net_pnl 0.25 = gross_pnl 0.5 - entry_fee 0.25 - exit_fee 0 + swap 0
    """

    title: str
    gross: str
    entry_fee: str
    exit_fee: str
    swap: str
    net: str
    postings: Table = field(repr=False, compare=False)

    def lines(self) -> tuple[str, ...]:
        """Give the figures in words, from the gross result to the net one."""
        return self.gross, self.entry_fee, self.exit_fee, self.swap, self.net

    def __str__(self) -> str:
        return "\n".join((self.title, *(f"  {line}" for line in self.lines())))

    def _repr_html_(self) -> str:
        from omega_portfolio.display import table_html

        words = rows_html(self.title, [], [(line,) for line in self.lines()])
        return f"<div>{words}{table_html(self.postings)}</div>"


def explain(portfolio: TimeTravel, trade: Trade | int) -> Explanation:
    """Say how the result of a trade came about.

    Parameters
    ----------
    portfolio : Portfolio
        The portfolio that made it.
    trade : Trade or int
        The trade, or its ``trade_id``.

    Returns
    -------
    Explanation

    Raises
    ------
    InvalidArgument
        The portfolio has no such trade.
    """
    import polars as pl

    from omega_portfolio.arrow_table import ArrowTable

    trades = portfolio.get_trades(exact=True).to_polars()
    row = _trade_row(trades.filter(pl.col("trade_id") == _trade_id(trade)).rows(named=True), trade)
    position_id = row["position_id"]
    of_position = pl.col("position_id") == position_id
    earlier = trades.filter(of_position & (pl.col("trade_id") < row["trade_id"])).rows(named=True)
    ledger = portfolio.get_ledger(exact=True).to_polars().filter(of_position)
    postings = ledger.rows(named=True)
    closes = [place for place, each in enumerate(postings) if each["kind"] == "realized_pnl"]
    place = closes[len(earlier)]
    pays = row["exit_fee"] != 0
    before = postings[:place]
    for number, close in enumerate(earlier):  # What earlier closes cost was never the position's.
        if close["exit_fee"] != 0:
            before.remove(postings[closes[number] + 1])
    exit_fee = "exit_fee 0: the close was free"
    if pays:
        event = postings[place]["event"]
        exit_fee = f"exit_fee {_text(row['exit_fee'])} charged by the close (event {event})"
    return Explanation(
        title=_title(row),
        gross=_gross(portfolio, row),
        entry_fee=_share("entry_fee", "fee", row, (before, earlier)),
        exit_fee=exit_fee,
        swap=_share("swap", "swap", row, (before, earlier)),
        net=(
            f"net_pnl {_text(row['net_pnl'])} = gross_pnl {_text(row['gross_pnl'])}"
            f" - entry_fee {_text(row['entry_fee'])} - exit_fee {_text(row['exit_fee'])}"
            f" + swap {_text(row['swap'])}"
        ),
        postings=ArrowTable(ledger.head(place + 1 + pays).to_arrow()),
    )


def _trade_id(trade: object) -> int:
    number = getattr(trade, "trade_id", trade)
    if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**64:
        return number
    raise _unknown(trade)


def _trade_row(rows: list[dict[str, Any]], trade: object) -> Row:
    if not rows:
        raise _unknown(trade)
    row = rows[0]
    # A trade of another portfolio may have the same number.
    for name in ("position_id", "symbol", "size", "entry_price", "exit_price", "net_pnl"):
        if not isinstance(trade, int) and getattr(trade, name, row[name]) != row[name]:
            raise _unknown(trade)
    return row


def _unknown(trade: object) -> InvalidArgument:
    return InvalidArgument(
        "trade",
        describe(trade),
        "is no trade of this portfolio",
        "pass a trade that it made, or a trade_id out of get_trades()",
    )


def _title(row: Row) -> str:
    name = f"{_text(row['size'])} {row['symbol']} {row['side']}, position {row['position_id']}"
    entry = f"{value_text(row['entry_time'])} at {_text(row['entry_price'])}"
    leave = f"{value_text(row['exit_time'])} at {_text(row['exit_price'])}"
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"trade {row['trade_id']}: {name}, {entry} to {leave}{reason}"


def _gross(portfolio: TimeTravel, row: Row) -> str:
    """Show the formula of C2 when it is the whole story."""
    size, leave = Fraction(row["size"]), Fraction(row["exit_price"])
    cost, gross = Fraction(row["cost"]), Fraction(row["gross_pnl"])
    sign = 1 if row["side"] == "long" else -1
    contract = Fraction(portfolio._contract_size(row["symbol"]))
    head = f"gross_pnl {_text(row['gross_pnl'])}"
    times = "" if contract == 1 else f" x {_fraction_text(contract)}"
    worth = f"{_text(row['size'])} x {_text(row['exit_price'])}{times}"
    if sign * (size * leave * contract - cost) == gross:
        parts = (worth, f"cost {_text(row['cost'])}")
        return f"{head} = {' - '.join(parts[::sign])}"
    entry = f"{_text(row['size'])} x {_text(row['entry_price'])}{times}"
    native = sign * (leave - Fraction(row["entry_price"])) * size * contract
    rate = gross / native if native else Fraction(0)
    if rate > 0 and (rate * 10**18).denominator == 1:
        parts = (worth, entry)
        return f"{head} = ({' - '.join(parts[::sign])}) x {_fraction_text(rate)}, the rate then"
    # A conversion that was rounded, or an inverse contract.
    return f"{head} in the account's currency, on a cost of {_text(row['cost'])}"


def _share(name: str, kind: str, row: Row, history: tuple[Iterable[Row], Iterable[Row]]) -> str:
    """Say how much of what was charged to the position this trade takes along."""
    before, earlier = history
    charged = [each for each in before if each["kind"] == kind]
    head = f"{name} {_text(row[name])}"
    if not charged:
        return f"{head}: none was charged to the position"
    total = sum((each["amount"] for each in charged), Decimal(0))
    events = ", ".join(str(each["event"]) for each in charged)
    word = "event" if len(charged) == 1 else "events"
    taken = sum((close[name] for close in earlier), Decimal(0))
    rest = f"; earlier trades took {_text(taken)}" if taken else ""
    whole = -total if kind == "fee" else total
    return f"{head} of the {_text(whole)} charged to the position before ({word} {events}){rest}"


def _text(value: Decimal) -> str:
    return value_text(value.copy_abs() if value == 0 else value)


def _fraction_text(value: Fraction) -> str:
    """Give a decimal number without rounding; a contract has at most 18 decimals."""
    raw = value * 10**18
    return _text(Decimal(raw.numerator // raw.denominator).scaleb(-18))


__all__ = ["Explanation", "explain"]
