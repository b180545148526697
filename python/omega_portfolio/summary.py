"""The report of a run for the terminal: 80 columns, plain text, numbers aligned.

Everything in it comes from the document of :func:`omega_portfolio.jobs.run_job`; no number is
computed here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bookings import align, render_bookings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omega_portfolio.jobs import Document

POSITIONS_MAX: Final = 10
REFUSED_MAX: Final = 5

_ACCOUNT: Final = (
    ("initial balance", "initial_balance"),
    ("balance", "balance"),
    ("floating", "unrealized_pnl"),
    ("equity", "equity"),
    ("margin used", "margin_used"),
    ("free margin", "free_margin"),
    ("realized", "realized_pnl"),
)
_METRICS: Final = (
    ("net profit", "net_profit", "money"),
    ("total return", "total_return", "percent"),
    ("cagr", "cagr", "percent"),
    ("volatility", "volatility", "percent"),
    ("max drawdown", "max_drawdown", "percent"),
    ("Sharpe ratio", "sharpe_ratio", "ratio"),
    ("Sortino ratio", "sortino_ratio", "ratio"),
    ("Calmar ratio", "calmar_ratio", "ratio"),
    ("trades", "trade_count", "count"),
    ("win rate", "win_rate", "percent"),
    ("profit factor", "profit_factor", "ratio"),
    ("time in market", "exposure_time", "percent"),
    ("commission", "total_commission", "money"),
)

# The parts of the net profit with their signs; those of no money are left out.
_PARTS: Final = (
    ("+", "trades", "trades"),
    ("+", "floating", "floating"),
    ("-", "open_fees", "fees of open positions"),
    ("+", "open_swaps", "their swaps"),
    ("+", "dividends", "dividends"),
    ("+", "splits", "splits"),
    ("+", "exchanges", "exchanges"),
    ("+", "rounding", "rounding"),
    ("-", "account_fees", "account fees"),
)
_ALWAYS: Final = ("trades", "floating", "open_fees")
_SUM_WIDTH: Final = 70

# What the metrics were computed with stands among them.
_OPTIONS: Final = ("periods_per_year", "risk_free_rate")


def render(document: Document) -> str:
    """Write the report.

    Parameters
    ----------
    document : dict
        What :func:`omega_portfolio.jobs.run_job` returned.

    Returns
    -------
    str
        Lines of text, the last one ended.
    """
    sections = [
        [f"omega-portfolio {document['command']}: {_period(document['input'])}"],
        [f"  {line}" for line in document["about"]],
        [f"Account ({document['account']['currency']})", *_account(document["account"])],
        ["Identity, exact to the last digit", *_proof(document)],
        *_bookings(document),
        ["Metrics", *_metrics(document)],
        list(_positions(document["positions"])),
        ["Run", *_run(document)],
        list(_refused(document["refused"])),
        ["Files", *_files(document["files"])],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _period(given: Document) -> str:
    symbols = given["symbols"]
    names = ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")
    return f"{names}, {given['first']} to {given['last']}"


def _account(account: Document) -> Iterator[str]:
    numbers = align([_money(account[name]) for _, name in _ACCOUNT])
    for (label, name), number in zip(_ACCOUNT, numbers, strict=True):
        note = ""
        if name == "unrealized_pnl":
            note = f"   open positions: {account['open_positions']}"
        yield f"  {label:<18}{number}{note}".rstrip()


def _bookings(document: Document) -> list[list[str]]:
    if "bookings" not in document:
        return []
    return render_bookings(document["bookings"], document["account"]["currency"])


def _proof(document: Document) -> Iterator[str]:
    account, proof = document["account"], document["proof"]
    yield "  balance + floating = equity"
    terms = [account["balance"], account["unrealized_pnl"]]
    yield from _equation(terms, account["equity"], holds=proof["equity_identity"])
    shown = [
        (sign, name, label)
        for sign, name, label in _PARTS
        if name in _ALWAYS or Decimal(proof[name])
    ]
    words = "".join(f" {sign} {label}" for sign, _, label in shown).removeprefix(" + ")
    yield f"  {words} = net profit"
    terms = [_negated(proof[name]) if sign == "-" else proof[name] for sign, name, _ in shown]
    yield from _equation(terms, proof["net_profit"], holds=proof["profit_identity"])
    events = f"{document['work']['events']:,}"
    line = f"  verify(): every column derived again from {events} events"
    yield _verdict(line, holds=proof["verified"])
    if proof["verify_error"]:
        yield f"  {proof['verify_error']}"


def _negated(text: str) -> str:
    return text.removeprefix("-") if text.startswith("-") else f"-{text}"


def _equation(terms: list[str], total: str, *, holds: bool) -> Iterator[str]:
    """Write a sum on one line, or its terms below each other when they are long."""
    first, *others = (_money(term) for term in terms)
    signed = [("-", text[1:]) if text.startswith("-") else ("+", text) for text in others]
    line = f"  {first}{''.join(f' {sign} {text}' for sign, text in signed)} = {_money(total)}"
    if len(line) <= _SUM_WIDTH:
        yield _verdict(line, holds=holds)
        return
    signs = (" ", *(sign for sign, _ in signed), "=")
    numbers = align([first, *(text for _, text in signed), _money(total)])
    lines = [f"  {sign} {number}".rstrip() for sign, number in zip(signs, numbers, strict=True)]
    yield from lines[:-1]
    yield _verdict(lines[-1], holds=holds)


def _verdict(line: str, *, holds: bool) -> str:
    return f"{line:<{_SUM_WIDTH}}  {'holds' if holds else 'DOES NOT HOLD'}"


def _metrics(document: Document) -> Iterator[str]:
    metrics = document["metrics"]
    texts = [_metric(metrics[name], kind) for _, name, kind in _METRICS]
    units = {"money": f" {document['account']['currency']}", "percent": " %"}
    for (label, _, kind), text in zip(_METRICS, align(texts), strict=True):
        unit = "" if text.strip() == "-" else units.get(kind, "")
        yield f"  {label:<18}{text.rstrip()}{unit}"
    yield f"  and {len(metrics) - len(_METRICS) - len(_OPTIONS)} more: see state.json"


def _metric(value: Any, kind: str) -> str:  # noqa: ANN401 - as the document holds it.
    if value is None:
        return "-"
    if kind == "money":
        return _money(value)
    if kind == "percent":
        return f"{100 * value:,.2f}"
    return f"{value:,.2f}" if kind == "ratio" else f"{value:,}"


def _positions(positions: list[Document]) -> Iterator[str]:
    if not positions:
        return
    names = ("size", "entry_price", "mark_price", "unrealized_pnl")
    shown = positions[:POSITIONS_MAX]
    columns = [["symbol", *(row["symbol"] for row in shown)]]
    columns.append(["side", *(row["side"] for row in shown)])
    heads = ("size", "entry", "mark", "floating")
    for head, name in zip(heads, names, strict=True):
        numbers = align([_money(row[name]) for row in shown])
        width = max(len(head), len(numbers[0]))
        columns.append([head.rjust(width), *(number.rjust(width) for number in numbers)])
    widths = [max(len(cell) for cell in column) for column in columns]
    yield "Open positions"
    for cells in zip(*columns, strict=True):
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield ("  " + "   ".join(padded)).rstrip()
    if len(positions) > POSITIONS_MAX:
        yield f"  and {len(positions) - POSITIONS_MAX:,} more: see positions.parquet"


def _run(document: Document) -> Iterator[str]:
    work, given, backend = document["work"], document["input"], document["backend"]
    version = f" {backend['version']}" if backend["version"] else ""
    yield f"  backend           {backend['live']}{version}"
    yield (
        f"  input             {given['bars']:,} bars of {len(given['symbols'])} symbols at "
        f"{given['times']:,} times"
    )
    yield (
        f"  orders            {given['orders']:,} given, {work['orders_executed']:,} executed, "
        f"{work['orders_refused']:,} refused"
    )
    yield (
        f"  results           {work['trades']:,} trades, {work['postings']:,} postings, "
        f"{work['equity_rows']:,} equity rows"
    )
    rate = work["rows_per_second"]
    speed = "" if rate is None else f": {rate:,.0f} rows/s"
    yield (
        f"  engine            {work['events']:,} events + {work['equity_rows']:,} rows in "
        f"{work['seconds']:.3f} s{speed}"
    )
    yield "  digest of all events and the state (BLAKE2b-256)"
    yield f"  {document['digest']}"


def _refused(refused: list[Document]) -> Iterator[str]:
    if not refused:
        return
    yield "Refused orders"
    for item in refused[:REFUSED_MAX]:
        yield f"  row {item['row']:,}, {item['time']}, {item['action']} {item['symbol']}".rstrip()
        yield f"    {item['error']} {item['message']}"
    if len(refused) > REFUSED_MAX:
        yield f"  and {len(refused) - REFUSED_MAX:,} more: see state.json"


def _files(files: Document) -> Iterator[str]:
    width = max(len(file["path"]) for file in files.values())
    for file in files.values():
        rows = "" if file["rows"] is None else f"  {file['rows']:>9,} rows"
        yield f"  {file['path']:<{width}}{rows}".rstrip()


def _money(text: str) -> str:
    """Write an exact number with separators between its thousands."""
    return f"{Decimal(text):,f}"


__all__ = ["render"]
