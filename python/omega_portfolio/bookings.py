"""What an account has booked, counted and added up: a part of the document, and of the report.

Trades by their reason, postings by their kind, what became of orders, and the rates of foreign
money. All sums are exact.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from omega_portfolio.report.books import add

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omega_portfolio.jobs import Document
    from omega_portfolio.portfolio import Portfolio

_DECIMALS_MAX: Final = 6


def describe_bookings(portfolio: Portfolio) -> Document:
    """Count and add up what an account has booked.

    Parameters
    ----------
    portfolio : Portfolio
        After a run.

    Returns
    -------
    dict
        ``trades`` (reason, trades, gross_pnl, net_pnl), ``postings`` (kind, symbol, rows,
        amount; swaps by symbol, the others with symbol ""), ``slippage`` (money, part of the
        gross results), ``activity`` (kind to count), ``ambiguous`` (how often a bar left open
        what came first) and ``rates`` (currency, rate, path).

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.bookings import describe_bookings
    >>> portfolio = op.Portfolio(1000)
    >>> _ = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02", stop_loss=95)
    >>> _ = portfolio.process_bar("2024-01-03", {"ACME": (98, 99, 94, 97)})
    >>> describe_bookings(portfolio)["trades"]
    [{'reason': 'stop_loss', 'trades': 1, 'gross_pnl': '-10.00', 'net_pnl': '-10.00'}]
    """
    trades = portfolio.get_trades(exact=True).to_polars()
    ledger = portfolio.get_ledger(exact=True).to_polars()
    kinds = portfolio.get_activity().to_polars()["kind"].to_list()
    cash = portfolio.get_cash(exact=True).to_polars()
    reasons = trades["reason"].to_list()
    keys = [
        (kind, symbol if kind == "swap" else "")
        for kind, symbol in zip(ledger["kind"], ledger["symbol"], strict=True)
    ]
    amounts = ledger["amount"].to_list()
    gross, net = trades["gross_pnl"].to_list(), trades["net_pnl"].to_list()
    return {
        "trades": [
            {
                "reason": reason,
                "trades": reasons.count(reason),
                "gross_pnl": _sum_of(gross, reasons, reason),
                "net_pnl": _sum_of(net, reasons, reason),
            }
            for reason in sorted(set(reasons))
        ],
        "postings": [
            {
                "kind": key[0],
                "symbol": key[1],
                "rows": keys.count(key),
                "amount": _sum_of(amounts, keys, key),
            }
            for key in sorted(set(keys))
        ],
        "slippage": _sum_of(trades["slippage"].to_list(), reasons, None),
        "activity": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        "ambiguous": portfolio.ambiguous_count,
        "rates": [
            {"currency": currency, "rate": money_text(rate), "path": path}
            for currency, rate, path in cash.select("currency", "rate", "path").iter_rows()
            if path
        ],
    }


def money_text(value: Decimal) -> str:
    """Write money without the zeros after its second decimal."""
    digits, _, decimals = format(value, "f").partition(".")
    return f"{digits}.{decimals.rstrip('0').ljust(2, '0')}"


def _sum_of(values: list[Decimal], keys: Iterable[object], key: object) -> str:
    """Add the values of a key; of all keys when it is None."""
    pairs = zip(values, keys, strict=True)
    return money_text(add(value for value, mine in pairs if key is None or mine == key))


def render_bookings(bookings: Document, currency: str) -> list[list[str]]:
    """Write the part of the document as sections of the report.

    Parameters
    ----------
    bookings : dict
        What :func:`describe_bookings` returned.
    currency : str
        That of the account.

    Returns
    -------
    list of list of str
        Lines of each section, its title first.
    """
    trades, postings, rates = (bookings[name] for name in ("trades", "postings", "rates"))
    money = f"amount {currency}"
    by_reason = {
        "reason": "reason",
        "trades": "trades",
        "gross_pnl": f"gross {currency}",
        "net_pnl": f"net {currency}",
    }
    sections = [["Trades by reason", *_table(trades, by_reason)]]
    if any(len(row["net_pnl"].partition(".")[2]) > _DECIMALS_MAX for row in trades):
        sections[0].append("  rounded to cents, like the postings; state.json has every digit")
    rows = [row | {"kind": f"{row['kind']} {row['symbol']}".rstrip()} for row in postings]
    sections.append(["Postings", *_table(rows, {"kind": "kind", "rows": "rows", "amount": money})])
    if Decimal(bookings["slippage"]):
        slippage = _shown(bookings["slippage"], "slippage")
        sections[-1].append(f"  slippage within the gross results: {slippage}")
    counts = [{"what": kind, "count": count} for kind, count in bookings["activity"].items()]
    counts.append({"what": "ambiguous in their bar", "count": bookings["ambiguous"]})
    sections.append(["Orders and margin", *_table(counts, {"what": "what", "count": "count"})])
    if rates:
        names = {name: name for name in ("currency", "rate", "path")}
        sections.append([f"Rates in {currency}", *_table(rates, names)])
    return sections


def _table(rows: list[Document], heads: dict[str, str]) -> Iterator[str]:
    """Write rows below their heads; numbers are aligned at their points."""
    columns = []
    for name, title in heads.items():
        cells = [row[name] for row in rows]
        if name in ("reason", "kind", "what", "currency", "path"):
            width = max(map(len, [title, *cells]))
            columns.append([cell.ljust(width) for cell in [title, *cells]])
        else:
            numbers = align(_shown(cell, name) for cell in cells)
            width = max(map(len, [title, *numbers]))
            columns.append([cell.rjust(width) for cell in [title, *numbers]])
    for row_cells in zip(*columns, strict=True):
        yield ("  " + "   ".join(row_cells)).rstrip()


def _shown(cell: str | int, name: str) -> str:
    """Write a number; money that has more digits than a person reads is rounded to cents."""
    number = Decimal(cell)
    long = name != "rate" and len(str(cell).partition(".")[2]) > _DECIMALS_MAX
    return f"{number:,.2f}" if long else f"{number:,f}"


def align(texts: Iterable[str]) -> list[str]:
    """Pad numbers so that their decimal points stand below each other."""
    parts = [text.partition(".") for text in texts]
    left = max((len(whole) for whole, _, _ in parts), default=0)
    right = max((len(point + decimals) for _, point, decimals in parts), default=0)
    return [whole.rjust(left) + (point + decimals).ljust(right) for whole, point, decimals in parts]


__all__ = ["align", "describe_bookings", "money_text", "render_bookings"]
