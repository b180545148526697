"""Journals for tests: a life of calls of every kind, and the digest after each of its events."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import omega_portfolio as op
from event_frames import closed, opened, paid, table

Call = Callable[[op.Portfolio], object]

ACME = op.Instrument(
    "ACME",
    price_decimals=2,
    commission=op.Commission("per_unit", "0.01"),
    swap=op.Swap("rate", "-0.05", "0.02", rollover=("17:00",)),
)
EURUSD = op.Instrument("EURUSD", price_decimals=5, base_currency="EUR", quote_currency="USD")
DAY = 86_400_000_000

OPTIONS: dict[str, Any] = {"leverage": 10, "stop_out": 50, "path": "ohlc"}

CALLS: list[Call] = [
    lambda pf: pf.register_instrument(ACME),
    lambda pf: pf.register_instrument(ACME),  # nothing happens, and nothing is written
    lambda pf: pf.register_instrument(EURUSD),
    lambda pf: pf.mark({"EURUSD": ("1.1", "1.1001")}, time=1),
    lambda pf: pf.open_position("ACME", "long", 10, "100.5", 2, tag="früh", trailing=5),
    lambda pf: pf.open_position("LATE", "short", "2.5", 40, 3, stop_loss=60, take_profit=20),
    lambda pf: pf.modify_position(1, 4, stop_loss=90, targets=[(110, 3)]),
    lambda pf: pf.place_order("ACME", "buy", 5, 5, type="limit", price=95, oco="g", expiry=9 * DAY),
    lambda pf: pf.place_order("ACME", "sell", 5, 5, type="stop", price=80, oco="g"),
    lambda pf: pf.cancel_order(2, 6),
    lambda pf: pf.update_equity(7, {"ACME": 101}),
    lambda pf: pf.deposit(100, 8, currency="EUR"),
    lambda pf: pf.convert_cash(40, "EUR", "USD", 9),
    lambda pf: pf.process_bar(DAY, {"ACME": (101, 103, 94, 99, "0.02")}),
    lambda pf: pf.process_quotes(2 * DAY, {"ACME": (99, "99.02"), "LATE": 41}),
    lambda pf: pf.apply(table(
        opened(2 * DAY + 1, key="k", symbol="NEW"), closed(2 * DAY + 2, key="k", price=101),
        paid(2 * DAY + 3), {"action": "fee", "time": 2 * DAY + 3, "fee": "1.5"},
    )),
    lambda pf: pf.open_position("ACME", "short", 4, 100, 2 * DAY + 4, position_id=40),
    lambda pf: pf.close_by(1, 40, 2 * DAY + 5, size=2),
    lambda pf: pf.close_position(40, "98.5", 2 * DAY + 6, reason="r"),
    lambda pf: pf.charge_fee("-0.25", 2 * DAY + 7),
    lambda pf: pf.charge_swap("ACME", 2 * DAY + 8, long=-3, multiplier=2),
    lambda pf: pf.dividend("ACME", "0.4", 2 * DAY + 9, pay_time=4 * DAY),
    lambda pf: pf.split("ACME", 2, 1, 2 * DAY + 10),
    lambda pf: pf.withdraw("12.34", 2 * DAY + 11),
    lambda pf: pf.rollover("ACME", 4 * DAY + 17 * DAY // 24),
    lambda pf: pf.update_equity(5 * DAY, {"ACME": ("50", "50.01")}),
]  # fmt: skip
"""Calls that are all accepted; together every kind of event."""

REFUSED: list[Call] = [
    lambda pf: pf.deposit(-1, 5 * DAY),
    lambda pf: pf.deposit(1, 0),
    lambda pf: pf.close_position(999, 1, 5 * DAY),
    lambda pf: pf.open_position("ACME", "long", 10**9, 100, 5 * DAY),
    lambda pf: pf.apply(table(paid(5 * DAY), paid(1))),
]
"""Calls that are refused, behind the others."""


def refuse(portfolio: op.Portfolio) -> None:
    """Make all the calls that are refused."""
    for call in REFUSED:
        try:
            call(portfolio)
        except op.OmegaPortfolioError:
            continue
        raise AssertionError("a call was accepted")


def begun(path: Path | None, backend: str, **options: Any) -> op.Portfolio:
    """Begin a portfolio, with a journal at a path."""
    return op.Portfolio("3000", backend=backend, journal=path, **{**OPTIONS, **options})


def lived(path: Path | None, backend: str, **options: Any) -> op.Portfolio:
    """Begin a portfolio and make all the calls."""
    portfolio = begun(path, backend, **options)
    for call in CALLS:
        call(portfolio)
    return portfolio


def digests(backend: str = "python") -> dict[int, str]:
    """Give the digest after each of the calls, by the number of events."""
    portfolio = begun(None, backend)
    found = {0: portfolio.digest}
    for call in CALLS:
        call(portfolio)
        found[portfolio.events] = portfolio.digest
    return found


def fingerprint(folder: Path) -> dict[str, tuple[int, str]]:
    """Give what all files of a folder hold, to see that nothing was touched."""
    return {
        entry.name: (entry.stat().st_ino, hashlib.sha256(entry.read_bytes()).hexdigest())
        for entry in sorted(folder.iterdir())
    }


def others(backend: str) -> str:
    """Give the other backend."""
    return "python" if backend == "rust" else "rust"
