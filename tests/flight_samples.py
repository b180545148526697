"""What the tests of the live view share: an account with rows in every table, and readers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.flight as fl
import pytest

import omega_portfolio as op
from omega_portfolio.flight_tables import TABLES

TOKEN = "0123456789abcdef"  # noqa: S105 - it opens nothing.
ANYWHERE = "0.0.0.0"  # noqa: S104 - each interface of this machine.
SECONDS = 30


def bearer(token: str) -> fl.FlightCallOptions:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return fl.FlightCallOptions(timeout=SECONDS, headers=headers)


def lived(portfolio: op.Portfolio) -> op.Portfolio:
    """Give every table some rows, with texts that are short and long."""
    eurusd = op.Instrument("EURUSD", base_currency="EUR", quote_currency="USD")
    portfolio.register_instrument(eurusd)
    portfolio.mark({"EURUSD": "1.10"}, time=1)
    portfolio.deposit(100, 2, currency="EUR")
    for number in range(10):
        tag = f"the tag of trade number {number}" if number % 2 else "short"
        held = portfolio.open_position("ACME", "long", 2, 100, 10 + number, fee="0.1", tag=tag)
        portfolio.close_position(held, 101 + number, 10 + number, reason=f"{tag}, closed at last")
        portfolio.update_equity(10 + number, {"ACME": 100})
    portfolio.open_position("ACME", "short", 3, 100, 20, stop_loss=120, tag="the one that is open")
    portfolio.place_order("ACME", "buy", 1, 20, price=95)
    portfolio.place_order("ACME", "buy", 1, 20, price=94)
    return portfolio


def direct(portfolio: op.Portfolio, table: str, **options: Any) -> pa.Table:
    return getattr(portfolio, TABLES[table])(**options).to_pyarrow()


def got(client: fl.FlightClient, ticket: str | bytes, options: Any = None) -> pa.Table:
    options = options or fl.FlightCallOptions(timeout=SECONDS)
    table = client.do_get(fl.Ticket(ticket), options).read_all()
    table.validate(full=True)
    return table


def refusal(act: Callable[[], object], kind: type[Exception] = fl.FlightServerError) -> str:
    """Make a call that is refused; the error tells nothing of the files of the server."""
    with pytest.raises(kind) as caught:
        act()
    text = str(caught.value)
    assert "Traceback" not in text
    assert ".py" not in text
    return text


def wait_until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.005)


def asked(client: fl.FlightClient, action: str) -> dict[str, str | None]:
    (answer,) = client.do_action(action, fl.FlightCallOptions(timeout=SECONDS))
    found: dict[str, str | None] = json.loads(answer.body.to_pybytes())
    assert all(value is None or isinstance(value, str) for value in found.values())
    return found
