"""Frames of events (SPEC section 11): what they mean. What they refuse is in test_apply_errors.py.

A frame means what the calls mean, one after the other, so most tests make both and compare.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from event_frames import KINDS, closed, opened, paid, quoted, table, whole_picture

MakePortfolio = Callable[..., op.Portfolio]


def assert_same(left: op.Portfolio, right: op.Portfolio) -> None:
    assert whole_picture(left) == whole_picture(right)
    left.verify()


def test_a_frame_means_what_the_calls_mean(make_portfolio):
    frame = table(
        {"action": "register", "symbol": "GRID", "price_decimals": 2, "size_decimals": 1,
         "contract_size": 5, "leverage": 4, "quote_currency": "USD"},
        opened(100, symbol="GRID", side="long", size=2, price=10, stop_loss="9.5",
               take_profit=12, fee="0.25", tag="first", position_id=None),
        opened(100, symbol="GRID", side="sell", price=10, position_id=7),
        opened(105, symbol="NEW", side="buy", price=3),
        quoted("mark", 110, symbol="GRID", bid="10.1", ask="10.2"),
        {"action": "modify", "time": 110, "position_id": 1, "stop_loss": "9.9"},
        closed(120, position_id=1, price="10.1", size="0.5", fee="0.1", reason="part"),
        closed(120, position_id=2, price=4),
        {"action": "fee", "time": 120, "fee": "0.4", "position_id": 7},
        paid(120, 3),
        {"action": "withdraw", "time": 121, "amount": 50},
        quoted("update", 121, symbol="NEW", price=3),
    )  # fmt: skip
    portfolio, called = (make_portfolio(1000, leverage=10) for _ in range(2))
    receipts = portfolio.apply(frame, exact=True)

    called.register_instrument(
        op.Instrument("GRID", price_decimals=2, size_decimals=1, contract_size=5, leverage=4)
    )
    called.open_position(
        "GRID", "long", 2, 10, 100, stop_loss="9.5", take_profit=12, fee="0.25", tag="first"
    )
    called.open_position("GRID", "short", 1, 10, 100, position_id=7)
    called.open_position("NEW", "long", 1, 3, 105)
    called.mark({"GRID": ("10.1", "10.2")}, time=110)
    called.modify_position(1, 110, stop_loss="9.9")
    called.close_position(1, "10.1", 120, size="0.5", fee="0.1", reason="part")
    called.close_position(2, 4, 120)
    called.charge_fee("0.4", 120, position_id=7)
    called.deposit(3, 120)
    called.withdraw(50, 121)
    called.update_equity(121, {"NEW": 3})
    assert_same(portfolio, called)

    # The balance by hand: 1000 - 0.25, + 0.5 * 5 * 0.1 - 0.1, + 1 * (4 - 3), - 0.4, + 3, - 50.
    columns = {
        "row": list(range(12)),
        "position_id": [0, 1, 7, 2, 0, 1, 1, 2, 7, 0, 0, 0],
        "order_id": [0] * 12,
        "realized": ["0"] * 6 + ["0.25", "1", "0", "0", "0", "0"],
        "fee": ["0", "0.25", "0", "0", "0", "0", "0.1", "0", "0.4", "0", "0", "0"],
        "balance": ["1000", *["999.75"] * 5, "999.9", "1000.9", "1000.5", "1003.5", *["953.5"] * 2],
    }
    found = receipts.to_polars().to_dict(as_series=False)
    assert list(found) == list(columns)
    for name, expected in columns.items():
        assert found[name] == [
            Decimal(cell) if isinstance(cell, str) else cell for cell in expected
        ]
    assert len(receipts.refused) == 0


def test_receipts_come_in_both_views(make_portfolio):
    frame = table(opened(1, fee="0.1"), closed(2, position_id=1, price="100.3", fee="-0.2"))
    exact = make_portfolio(1000).apply(frame, exact=True)
    mirror = make_portfolio(1000).apply(frame)
    money = pa.decimal128(38, 18)
    for receipts, kind in ((exact, money), (mirror, pa.float64())):
        types = [pa.uint64()] * 3 + [kind] * 3
        assert receipts.schema.types == types
        assert receipts.columns == [
            *("row", "position_id", "order_id", "realized", "fee", "balance")
        ]
        assert not any(field.nullable for field in receipts.schema)
        assert receipts.refused.schema.types == [pa.uint64(), pa.uint64(), pa.string_view()]
        assert receipts.refused.columns == ["row", "code", "message"]
        assert not any(field.nullable for field in receipts.refused.schema)
        assert isinstance(receipts, op.Receipts)
        assert isinstance(receipts.refused, op.Table)
    assert mirror.to_polars().rows() == [
        (0, 1, 0, 0.0, 0.1, 999.9),
        (1, 1, 0, 0.3, -0.2, 1000.4),
    ]
    assert exact.to_polars()["balance"].to_list() == [Decimal("999.9"), Decimal("1000.4")]


def test_a_receipt_stays_when_the_portfolio_goes_on(make_portfolio):
    portfolio = make_portfolio(1000)
    receipts = portfolio.apply(table(paid(1), paid(0)), on_error="record")
    portfolio.apply(table(paid(2), paid(0)), on_error="record")
    assert receipts.to_polars()["balance"].to_list() == [1001.0]
    assert receipts.refused.to_polars()["row"].to_list() == [1]


# Events of several rows


QUOTES = [
    quoted("update", 5, symbol="A", price=1, event=8),
    quoted("update", 5, symbol="B", bid=2, ask=3, event=8),
    quoted("update", 5, symbol=None, event=8),
    quoted("update", 5, symbol="C", price=4, event=8),
]


@pytest.mark.parametrize("rows_per_chunk", [1, 2, 3, 4])
def test_rows_with_one_number_are_one_event_across_chunks(make_portfolio, rows_per_chunk):
    batches = table(*QUOTES).to_batches(max_chunksize=rows_per_chunk)
    frame = pa.Table.from_batches(batches)
    portfolio, called = make_portfolio(), make_portfolio()
    receipts = portfolio.apply(frame)
    called.update_equity(5, {"A": 1, "B": (2, 3), "C": 4})
    assert_same(portfolio, called)
    assert len(portfolio.get_equity_curve()) == 1
    assert portfolio.events == 3 + 1
    assert receipts.to_polars()["row"].to_list() == [0, 1, 2, 3]


def test_rows_that_do_not_belong_together_are_events_of_their_own(make_portfolio):
    rows = [
        quoted("update", 1, symbol="A", price=1, event=1),
        quoted("update", 1, symbol="A", price=2, event=2),  # another number
        quoted("mark", 1, symbol="A", price=3, event=2),  # another action
        quoted("mark", 1, symbol="A", price=4),  # no number
        quoted("mark", 1, symbol="A", price=5),
        paid(1),
        quoted("update", 1, symbol="A", price=6, event=1),
        paid(1),
        quoted("update", 1, symbol="A", price=7, event=1),  # not in sequence
    ]
    portfolio = make_portfolio()
    portfolio.apply(table(*rows))
    assert portfolio.events == 1 + len(rows)
    assert len(portfolio.get_equity_curve()) == 4
    portfolio.open_position("A", "long", 1, 1, 2)
    assert portfolio.unrealized_pnl == 6


def test_a_number_means_nothing_in_other_rows(make_portfolio):
    rows = [paid(1) | {"event": 3}, paid(1) | {"event": 3}, opened(1, event=3)]
    portfolio = make_portfolio(1000)
    portfolio.apply(table(*rows))
    assert (portfolio.balance, len(portfolio.positions)) == (1002, 1)


def test_quotes_may_be_none_at_all(make_portfolio):
    portfolio, called = make_portfolio(), make_portfolio()
    portfolio.apply(table(quoted("mark", None), quoted("update", 7), quoted("mark", None)))
    called.mark({})
    called.update_equity(7)
    called.mark({})
    assert_same(portfolio, called)
    assert portfolio.time == datetime.fromtimestamp(0, timezone.utc).replace(microsecond=7)


def test_a_mark_without_a_time_takes_the_last_one_in_a_group_too(make_portfolio):
    rows = [
        paid(9),
        quoted("mark", None, symbol="A", price=1, event=-5),
        quoted("mark", None, symbol="B", price=2, event=-5),
    ]
    portfolio, called = make_portfolio(), make_portfolio()
    portfolio.apply(table(*rows))
    called.deposit(1, 9)
    called.mark({"A": 1, "B": 2})
    assert_same(portfolio, called)


# Keys and symbols


def test_a_key_stands_for_a_position_until_it_is_closed_whole(make_portfolio):
    rows = [
        opened(1, key="a", size=3),
        opened(1, key="b", position_id=9),
        closed(2, key="a", size=1, price=110),
        {"action": "modify", "time": 2, "key": "b", "stop_loss": 50},
        {"action": "fee", "time": 2, "key": "a", "fee": 6},
        closed(3, key="a", price=120),
        opened(3, key="a"),
        closed(4, key="a"),
        closed(4, key="b"),
        opened(4, key="b"),
    ]
    portfolio = make_portfolio()
    receipts = portfolio.apply(table(*rows)).to_polars()
    assert receipts["position_id"].to_list() == [1, 9, 1, 9, 1, 1, 2, 2, 9, 3]
    assert receipts["realized"].to_list() == [0, 0, 10, 0, 0, 40, 0, 0, 0, 0]
    trades = portfolio.get_trades().to_polars()
    assert trades["position_id"].to_list() == [1, 1, 2, 9]
    assert trades["entry_fee"].to_list() == [0, 6, 0, 0]
    assert trades["stop_loss"].to_list() == [0] * 4
    assert list(portfolio.positions) == [3]


def test_keys_are_forgotten_at_the_end_of_a_call(make_portfolio):
    portfolio = make_portfolio()
    portfolio.apply(table(opened(1, key="a")))
    with pytest.raises(op.PositionNotFound, match="events=row 0, column key: "):
        portfolio.apply(table(closed(2, key="a")))
    portfolio.apply(table(opened(2, key="a")))
    assert list(portfolio.positions) == [1, 2]


def test_a_key_is_free_when_its_position_was_closed_by_its_id(make_portfolio):
    portfolio = make_portfolio()
    rows = [opened(1, key="a"), closed(1, position_id=1), opened(1, key="a"), closed(1, key="a")]
    assert portfolio.apply(table(*rows)).to_polars()["position_id"].to_list() == [1, 1, 2, 2]


def test_the_key_of_a_refused_open_is_not_given(make_portfolio):
    portfolio = make_portfolio(1000)
    rows = [opened(1, key="a", size=999), opened(1, key="a"), closed(1, key="a")]
    receipts = portfolio.apply(table(*rows), on_error="record")
    assert receipts.to_polars()["row"].to_list() == [1, 2]
    assert receipts.refused.to_polars().select("row", "code").rows() == [(0, 4002)]


def test_a_key_has_up_to_255_bytes(make_portfolio):
    key = "é" * 127 + "x"
    portfolio = make_portfolio()
    portfolio.apply(table(opened(1, key=key), closed(1, key=key)))
    assert len(portfolio.get_trades()) == 1


def test_a_symbol_may_be_repeated_where_a_position_is_named(make_portfolio):
    rows = [
        opened(1, key="a"),
        {"action": "modify", "time": 1, "key": "a", "symbol": "ACME", "stop_loss": 50},
        {"action": "fee", "time": 1, "position_id": 1, "symbol": "ACME", "fee": 1},
        {"action": "fee", "time": 1, "symbol": "NEVER SEEN", "fee": 1},
        closed(1, position_id=1, symbol="ACME"),
    ]
    portfolio = make_portfolio(1000)
    portfolio.apply(table(*rows))
    assert portfolio.balance == 998
    assert portfolio.get_ledger().to_polars()["symbol"].to_list() == ["ACME", "", "ACME"]


# What null and 0 stand for


@pytest.mark.parametrize("nothing", [None, 0])
def test_no_level_in_an_open(make_portfolio, nothing):
    portfolio, called = make_portfolio(), make_portfolio()
    portfolio.apply(table(opened(1, stop_loss=nothing, take_profit=nothing)))
    called.open_position("ACME", "long", 1, 100, 1)
    assert_same(portfolio, called)


def test_null_keeps_a_level_and_0_removes_it(make_portfolio):
    portfolio, called = make_portfolio(), make_portfolio()
    rows = [
        opened(1, stop_loss=90, take_profit=110),
        {"action": "modify", "time": 2, "position_id": 1, "stop_loss": 0},
        {"action": "modify", "time": 3, "position_id": 1, "take_profit": 120},
        {"action": "modify", "time": 4, "position_id": 1, "stop_loss": 80, "take_profit": 0},
    ]
    portfolio.apply(table(*rows))
    called.open_position("ACME", "long", 1, 100, 1, stop_loss=90, take_profit=110)
    called.modify_position(1, 2, stop_loss=None)
    called.modify_position(1, 3, take_profit=120)
    called.modify_position(1, 4, stop_loss=80, take_profit=None)
    assert_same(portfolio, called)
    view = portfolio.positions[1]
    assert (view.stop_loss, view.take_profit) == (80, None)


@pytest.mark.parametrize("leverage", [None, 0])
def test_a_register_row_has_the_defaults_of_an_instrument(make_portfolio, leverage):
    portfolio, called = make_portfolio(leverage=30), make_portfolio(leverage=30)
    row = {"action": "register", "symbol": "ACME", "leverage": leverage}
    receipts = portfolio.apply(table(row, row))  # the second one does nothing (I5)
    called.register_instrument(op.Instrument("ACME"))
    assert_same(portfolio, called)
    assert (len(receipts), portfolio.events) == (2, 1)


def test_other_cells_are_not_looked_at(make_portfolio):
    nonsense = {
        "symbol": "", "side": "up", "size": float("nan"), "price": -1.0, "bid": float("inf"),
        "stop_loss": -1.0, "key": "", "fee": float("nan"), "tag": "\0", "reason": "x" * 999,
        "price_decimals": -1, "leverage": -5.0, "quote_currency": "?", "position_id": -1,
    }  # fmt: skip
    floats = {name: pa.float64() for name, kind in KINDS.items() if pa.types.is_decimal(kind)}
    row = {**nonsense, "action": "deposit", "time": 1, "amount": 2.5}
    portfolio = make_portfolio(1000)
    portfolio.apply(table(row, **floats))
    assert portfolio.balance == Decimal("1002.5")


def test_no_rows_do_nothing(make_portfolio):
    portfolio = make_portfolio()
    before = whole_picture(portfolio)
    for frame in (
        table(paid(1)).slice(0, 0),
        table(paid(1)).schema.empty_table(),
        pl.DataFrame(schema={"action": pl.String}),
        pa.record_batch({"action": pa.array([], pa.string())}),
    ):
        receipts = portfolio.apply(frame)
        assert (len(receipts), len(receipts.refused)) == (0, 0)
    assert whole_picture(portfolio) == before


def test_a_producer_may_call_the_portfolio_that_reads_it(make_portfolio):
    portfolio = make_portfolio(1000)
    frame = table(paid(2), paid(3))

    def batches():
        portfolio.deposit(10, 1)
        yield frame.to_batches()[0]
        assert portfolio.balance == 1010  # nothing is applied before all is read
        portfolio.apply(table(paid(2, 100)))

    receipts = portfolio.apply(pa.RecordBatchReader.from_batches(frame.schema, batches()))
    assert receipts.to_polars()["balance"].to_list() == [1111.0, 1112.0]
    assert portfolio.events == 4


def test_a_portfolio_takes_its_own_tables(make_portfolio):
    portfolio = make_portfolio(1000)
    portfolio.deposit(1, 1)
    portfolio.apply(portfolio.get_events())
    assert portfolio.balance == 1002
