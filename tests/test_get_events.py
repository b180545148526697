"""The events of an account as a frame (SPEC E10): its columns, its cells, and the way back."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from event_frames import KINDS, live_through, whole_picture

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

TYPES = {
    "event": "u64",
    "action": "text",
    "time": "time",
    **dict.fromkeys(("symbol", "side"), "text"),
    **dict.fromkeys(("size", "price", "bid", "ask", "stop_loss", "take_profit"), "quantity"),
    "position_id": "u64",
    **dict.fromkeys(("fee", "amount"), "money"),
    **dict.fromkeys(("tag", "reason"), "text"),
    **dict.fromkeys(("price_decimals", "size_decimals"), "u64"),
    **dict.fromkeys(("contract_size", "leverage"), "quantity"),
    **dict.fromkeys(("quote_currency", "terms"), "text"),
    **dict.fromkeys(("trailing", "break_even", "break_even_offset"), "quantity"),
    "targets": "text",
    "exit_time": "time",
    "type": "text",
    "expiry": "time",
    "oco": "text",
    **dict.fromkeys(("order_id", "other_id"), "u64"),
    **dict.fromkeys(("open", "high", "low", "close", "spread"), "quantity"),
    **dict.fromkeys(("path", "currency", "from_currency", "to_currency"), "text"),
    "rate": "money",
    "kind": "text",
    **dict.fromkeys(("long", "short"), "quantity"),
    "multiplier": "u64",
    "pay_time": "time",
    **dict.fromkeys(("numerator", "denominator"), "u64"),
}

ARROW = {
    "u64": pa.uint64(),
    "text": pa.string_view(),
    "time": pa.timestamp("us", "UTC"),
    "quantity": pa.decimal128(38, 9),
    "money": pa.decimal128(38, 18),
}


def lived(make_portfolio) -> op.Portfolio:
    portfolio = make_portfolio(1000, leverage=10)
    live_through(portfolio)
    return portfolio


def cells_of(row: dict[str, object]) -> dict[str, object]:
    """Give the cells of a row that are not null, times in microseconds."""
    found = {name: cell for name, cell in row.items() if cell is not None}
    if "time" in found:
        found["time"] = (found["time"] - EPOCH) // timedelta(microseconds=1)
    return found


def test_the_columns_are_those_of_frames_without_the_key(make_portfolio):
    for portfolio in (make_portfolio(), lived(make_portfolio)):
        exact, mirror = portfolio.get_events(), portfolio.get_events(exact=False)
        assert exact.columns == mirror.columns == list(TYPES)
        assert exact.columns == ["event", *(name for name in KINDS if name not in ("event", "key"))]
        assert exact.schema.types == [ARROW[kind] for kind in TYPES.values()]
        assert mirror.schema.types == [
            pa.float64() if kind in ("quantity", "money") else ARROW[kind]
            for kind in TYPES.values()
        ]
        for table in (exact, mirror):
            required = [field.name for field in table.schema if not field.nullable]
            assert required == ["event", "action"]
            assert isinstance(table, op.Table)
    assert portfolio.get_events(True).schema == portfolio.get_events().schema


def test_every_event_has_its_cells_and_no_others(make_portfolio):
    portfolio = lived(make_portfolio)
    rows = [cells_of(row) for row in portfolio.get_events().to_polars().to_dicts()]

    def number(text: str) -> Decimal:
        return Decimal(text)

    one, usd = number("1"), {"quote_currency": "USD"}
    default = {"price_decimals": 9, "size_decimals": 9, "contract_size": one, **usd}
    no_text = {"tag": ""}
    expected = [
        (1, "mark", {"time": 0}),
        (2, "register", {"symbol": "GRID", "price_decimals": 2, "size_decimals": 1,
                         "contract_size": number("5"), "leverage": number("4"), **usd}),
        (3, "register", {"symbol": "HALF", **default, "price_decimals": 8,
                         "contract_size": number("0.5")}),
        (4, "open", {"time": 100, "symbol": "GRID", "side": "long", "size": number("2"),
                     "price": number("10"), "stop_loss": number("9.5"),
                     "take_profit": number("12"), "position_id": 1, "fee": number("0.25"),
                     "tag": "first"}),
        (5, "open", {"time": 100, "symbol": "GRID", "side": "short", "size": one,
                     "price": number("10"), "position_id": 7, "fee": number("0"), **no_text}),
        (6, "register", {"symbol": "NEW", **default}),
        (7, "open", {"time": 105, "symbol": "NEW", "side": "long", "size": one,
                     "price": number("3"), "position_id": 2, "fee": number("-0.5"), **no_text}),
        (8, "register", {"symbol": "SEEN", **default}),
        (9, "mark", {"time": 110, "symbol": "GRID", "bid": number("10.1"),
                     "ask": number("10.2")}),
        (9, "mark", {"time": 110, "symbol": "SEEN", "bid": number("1e-9"),
                     "ask": number("1e-9")}),
        (10, "mark", {"time": 110, "symbol": "NEW", "bid": number("3.5"), "ask": number("3.5")}),
        (11, "modify", {"time": 110, "stop_loss": number("9.9"), "position_id": 1}),
        (12, "modify", {"time": 111, "stop_loss": number("0"), "take_profit": number("13"),
                        "position_id": 1}),
        (13, "modify", {"time": 111, "take_profit": number("0"), "position_id": 7}),
        (14, "close", {"time": 120, "size": number("0.5"), "price": number("10.1"),
                       "position_id": 1, "fee": number("0.1"), "reason": "part"}),
        (15, "close", {"time": 120, "size": one, "price": number("4"), "position_id": 2,
                       "fee": number("0"), "reason": ""}),
        (16, "fee", {"time": 120, "position_id": 7, "fee": number("0.4")}),
        (17, "fee", {"time": 120, "fee": number("-1e-18")}),
        (18, "deposit", {"time": 120, "amount": number("3")}),
        (19, "withdraw", {"time": 121, "amount": number("50")}),
        (20, "register", {"symbol": "OTHER", **default}),
        (21, "update", {"time": 121, "symbol": "GRID", "bid": number("10.05"),
                        "ask": number("10.05")}),
        (21, "update", {"time": 121, "symbol": "NEW", "bid": number("3"), "ask": number("3")}),
        (21, "update", {"time": 121, "symbol": "OTHER", "bid": one, "ask": number("2")}),
        (22, "update", {"time": 122}),
        (23, "open", {"time": 122, "symbol": "HALF", "side": "short", "size": number("4"),
                      "price": number("3"), "position_id": 4, "fee": number("0"), **no_text}),
        (24, "open", {"time": 122, "symbol": "HALF", "side": "short", "size": number("4"),
                      "price": number("3"), "position_id": 3, "fee": number("0"),
                      "tag": "a tag that is longer than a view"}),
    ]  # fmt: skip
    assert rows == [{"event": event, "action": action, **rest} for event, action, rest in expected]
    assert portfolio.events == 24


def test_the_frame_gives_the_same_account_again(make_portfolio):
    portfolio = lived(make_portfolio)
    events = portfolio.get_events()
    stored = io.BytesIO()
    events.to_polars().write_parquet(stored)
    stored.seek(0)
    forms = {
        "table": events,
        "polars": events.to_polars(),
        "pyarrow": events.to_pyarrow(),
        "stream": pa.ipc.open_stream(events.to_ipc()),
        "parquet": pl.read_parquet(stored),
        "small batches": events.to_pyarrow().to_reader(max_chunksize=2),
    }
    for name, frame in forms.items():
        again = make_portfolio(1000, leverage=10)
        receipts = again.apply(frame)
        assert again.digest == portfolio.digest, name
        assert whole_picture(again) == whole_picture(portfolio), name
        assert len(receipts) == len(events), name
        again.verify()


def test_the_two_halves_of_a_history_give_the_whole(make_portfolio):
    portfolio = lived(make_portfolio)
    frame = portfolio.get_events().to_polars()
    for cut in (1, 8, 20):
        again = make_portfolio(1000, leverage=10)
        again.apply(frame.filter(pl.col("event") <= cut))
        again.apply(frame.filter(pl.col("event") > cut))
        assert again.digest == portfolio.digest


def test_a_portfolio_of_another_configuration_refuses_what_its_own_rules_refuse(make_portfolio):
    portfolio = lived(make_portfolio)
    with pytest.raises(op.InsufficientMargin, match="events=row 3, column size: "):
        make_portfolio(1).apply(portfolio.get_events())
    with pytest.raises(op.MissingRate, match="events=row 3, column symbol: "):
        make_portfolio(1000, currency="EUR").apply(portfolio.get_events())


def test_floats_are_the_nearest_and_keep_the_nulls(make_portfolio):
    exact = lived(make_portfolio).get_events().to_polars()
    mirror = lived(make_portfolio).get_events(exact=False).to_polars()
    numbers = [name for name, kind in TYPES.items() if kind in ("quantity", "money")]
    assert len(numbers) == 21
    for name in numbers:
        expected = [None if cell is None else float(cell) for cell in exact[name].to_list()]
        assert mirror[name].to_list() == expected
        assert mirror[name].null_count() > 0
    others = [name for name in TYPES if name not in numbers]
    assert mirror.select(others).equals(exact.select(others))


def test_a_table_of_events_is_a_snapshot(make_portfolio):
    portfolio = make_portfolio(1000)
    portfolio.deposit(1, 1)
    events = portfolio.get_events()
    portfolio.deposit(2, 2)
    assert len(events) == 1
    assert events.to_polars()["amount"].to_list() == [1]
    assert len(portfolio.get_events()) == 2


def test_a_refused_call_is_no_event(make_portfolio):
    portfolio = make_portfolio(1000)
    with pytest.raises(op.InvalidAmount):
        portfolio.deposit(0, 1)
    with pytest.raises(op.InvalidPrice):
        portfolio.mark({"ACME": -1})
    portfolio.apply(portfolio.get_events(), on_error="record")
    assert len(portfolio.get_events()) == portfolio.events == 0


def test_long_histories_come_back(make_portfolio):
    portfolio = make_portfolio(10**9)
    for number in range(300):
        position_id = portfolio.open_position(
            f"S{number % 7}", ("long", "short")[number % 2], 1 + number % 3, 10, number, fee="0.01",
            position_id=1000 - number if number % 5 == 0 else None,
        )  # fmt: skip
        portfolio.update_equity(number, {f"S{symbol}": 9 + symbol for symbol in range(number % 7)})
        if number % 3:
            portfolio.close_position(position_id, 11, number, size=1)
    again = make_portfolio(10**9)
    again.apply(portfolio.get_events())
    assert again.digest == portfolio.digest
