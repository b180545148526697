"""All of a frame or nothing (SPEC E7): what a failed call leaves, and what nobody may see of it."""

from __future__ import annotations

import sys
import threading

import pyarrow as pa
import pytest

import omega_portfolio as op
from account_picture import TABLES
from event_frames import closed, live_through, opened, paid, quoted, table, whole_picture

EVERYTHING = [
    {"action": "register", "symbol": "FRESH", "price_decimals": 3},
    opened(200, symbol="FRESH", side="short", size=3, price="1.25", fee="0.5", key="a"),
    opened(200, symbol="FRESH", position_id=50, price=2, stop_loss=1),
    opened(201, symbol="ANOTHER", price=1, key="b"),
    quoted("mark", 201, symbol="GRID", bid="10.3", ask="10.4", event=1),
    quoted("mark", 201, symbol="THIRD", price=7, event=1),
    closed(202, key="a", size=1, price=1, fee="0.1", reason="some text that is not inline"),
    closed(202, key="b", price=2),
    closed(203, position_id=1, price="10.2"),
    {"action": "modify", "time": 203, "position_id": 7, "take_profit": 5},
    {"action": "fee", "time": 203, "fee": "0.3", "position_id": 50},
    paid(204, 7),
    {"action": "withdraw", "time": 204, "amount": 2},
    quoted("update", 205, symbol="GRID", price=10),
]
"""A row of every action, on the account of `live_through`."""

LAST = paid(0)
"""It is before all others, so it is refused."""


def test_a_failure_in_the_last_row_leaves_everything_as_it_was(make_portfolio):
    portfolio = make_portfolio(1000, leverage=10)
    live_through(portfolio)
    tables = [read(portfolio) for read in TABLES.values()]
    tables += [
        portfolio.get_trades(),
        portfolio.get_events(),
        portfolio.get_state().positions_exact,
    ]
    frames = [one.to_polars() for one in tables]
    unread = [read(portfolio) for read in TABLES.values()]
    views = portfolio.positions
    shown = repr(dict(views))
    before = whole_picture(portfolio)

    with pytest.raises(op.InvalidTime, match=f"events=row {len(EVERYTHING)}, column time: "):
        portfolio.apply(table(*EVERYTHING, LAST))

    assert whole_picture(portfolio) == before
    assert repr(dict(views)) == shown
    for one, frame in zip([*tables, *unread], [*frames, *frames], strict=False):
        assert one.to_polars().equals(frame)
    portfolio.verify()


def test_after_a_failure_the_account_goes_on_as_if_nothing_had_been(make_portfolio):
    failed, plain = make_portfolio(1000, leverage=10), make_portfolio(1000, leverage=10)
    for portfolio in (failed, plain):
        live_through(portfolio)
    for _ in range(2):
        with pytest.raises(op.InvalidTime):
            failed.apply(table(*EVERYTHING, LAST))
    held = [read(failed) for read in TABLES.values()]
    contents = [one.to_polars() for one in held]
    for portfolio in (failed, plain):
        # The next free id is the same, a given one is free again, and so is a symbol.
        receipts = portfolio.apply(table(*EVERYTHING)).to_polars()
        assert receipts["position_id"].to_list()[1:4] == [5, 50, 6]
    assert whole_picture(failed) == whole_picture(plain)
    assert [one.to_polars().equals(frame) for one, frame in zip(held, contents, strict=True)] == [
        True
    ] * 4
    failed.verify()


def test_the_marks_of_a_frame_that_is_taken_back_were_never_there(make_portfolio):
    portfolio = make_portfolio(1000, leverage=10)
    for side in ("long", "short"):
        portfolio.open_position("ACME", side, 2, 100, 1)
    portfolio.mark({"ACME": (99, 101)})
    attribution = portfolio._attribution(True).to_polars()
    swing = [quoted("update", 2, symbol="ACME", price=price) for price in (50, 150)]
    with pytest.raises(op.InvalidTime):
        portfolio.apply(table(*swing, closed(2, position_id=1, size=1), opened(2), LAST))
    assert portfolio._attribution(True).to_polars().equals(attribution)
    receipts = portfolio.apply(table(quoted("mark", 2, symbol="ACME", price=200), LAST, paid(3)),
                               on_error="record")  # fmt: skip
    assert receipts.refused.to_polars()["row"].to_list() == [1]
    portfolio.update_equity(3)
    # 2 * 200 on both sides, and nothing of the frame before
    curve = portfolio.get_equity_curve(exact=True).to_polars()
    assert curve.select("gross_exposure", "net_exposure").rows() == [(800, 0)]
    long, short = [portfolio.close_position(number, 100, 4) for number in (1, 2)]
    assert (long.mae, long.mfe, long.cost) == (-2, 200, 200)
    assert (short.mae, short.mfe, short.cost) == (-200, 0, 200)
    portfolio.verify()


def test_a_failure_on_a_fresh_portfolio_leaves_it_fresh(make_portfolio):
    portfolio = make_portfolio()
    fresh = portfolio.digest
    with pytest.raises(op.InvalidTime):
        portfolio.apply(table(opened(1), quoted("update", 1), LAST))
    assert portfolio.digest == fresh
    assert (portfolio.events, portfolio.time) == (0, None)
    assert portfolio.open_position("ACME", "long", 1, 1, 0) == 1


def test_recorded_rows_change_nothing_and_the_others_are_applied(make_portfolio):
    bad = [
        closed(200, position_id=99),
        opened(200, symbol="NEVER", size=-1),
        quoted("mark", 200, symbol="NEVER", price=1, event=5),
        quoted("mark", 200, symbol="GRID", price="0.001", event=5),
        quoted("mark", 200, symbol="OTHER", price=1, event=5),
        LAST,
        paid(200) | {"action": "gift"},
    ]
    rows = [bad[0], EVERYTHING[0], bad[1], EVERYTHING[1], *bad[2:5], *EVERYTHING[2:], *bad[5:]]
    refused = [0, 2, 4, 5, 6, len(rows) - 2, len(rows) - 1]

    recorded, plain = make_portfolio(1000, leverage=10), make_portfolio(1000, leverage=10)
    for portfolio in (recorded, plain):
        live_through(portfolio)
    receipts = recorded.apply(table(*rows), on_error="record")
    plain.apply(table(*(row for number, row in enumerate(rows) if number not in refused)))
    assert whole_picture(recorded) == whole_picture(plain)
    recorded.verify()

    found = receipts.refused.to_polars()
    assert found["row"].to_list() == refused
    assert found["code"].to_list() == [4001, 4003, 4005, 4005, 4005, 4006, 4024]
    messages = found["message"].to_list()
    assert messages[0].startswith("[4001] events=row 0, column position_id: ")
    assert messages[2:5] == [messages[2]] * 3
    assert messages[2].startswith("[4005] events=row 5, column price: ")
    assert len(receipts) + len(found) == len(rows)


def test_recording_is_not_for_frames_that_cannot_be_read(make_portfolio):
    portfolio = make_portfolio()
    with pytest.raises(op.InvalidFrame):
        portfolio.apply(pa.table({"time": [1]}), on_error="record")


def test_no_other_thread_sees_a_part_of_a_frame(make_portfolio):
    portfolio = make_portfolio(1000)
    frame = table(*(paid(1) for _ in range(300)), LAST)
    seen: set[object] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(portfolio.balance)
            seen.add(portfolio.get_state().equity)
            seen.add(1000 + portfolio.events)
            seen.add(1000 + len(portfolio.get_ledger()))

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=look)
    try:
        sys.setswitchinterval(1e-5)
        thread.start()
        for _ in range(10):
            with pytest.raises(op.InvalidTime):
                portfolio.apply(frame)
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert seen <= {1000}
    assert portfolio.balance == 1000


@pytest.mark.parametrize("on_error", ["raise", "record"])
def test_an_account_that_is_broken_takes_no_frame(backend, on_error):
    if backend == "rust":
        pytest.skip("the state of the compiled engine cannot be reached from here")
    portfolio = op.PortfolioPython(1000)
    portfolio.deposit(1, 1)
    portfolio._ledger.scalars = portfolio._ledger.scalars._replace(equity=0)
    with pytest.raises(op.InvariantViolation, match="equity_identity"):
        portfolio.apply(table(paid(2), paid(3)), on_error=on_error)
    with pytest.raises(op.InvariantViolation, match="equity_identity"):
        portfolio.apply(table(paid(2)).slice(0, 0), on_error="record")
