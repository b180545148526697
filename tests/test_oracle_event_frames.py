"""Frames of events that say all that can happen to an account, on the Python backend (SPEC 11).

Each action of E1 means what its call means; what is refused has its row and column; and the
events of an account make the same account again.
"""

from __future__ import annotations

from typing import Any

import omega_portfolio as op
from event_frames import closed, opened, paid, quoted, table, terms_of, whole_picture
from order_accounts import D

DAY = 86_400_000_000
HOUR = 3_600_000_000

Row = dict[str, Any]

EVERY_TERM = {
    "tick_size": "0.05",
    "lot_step": "0.1",
    "min_size": "0.2",
    "max_size": 500,
    "base_currency": "EUR",
    "margin": op.Margin(tiers=[(1000, "0.1"), (None, "0.2")], base="mark", hedged="0.5"),
    "commission": op.Commission("rate", tiers=[(10**6, "0.001", "-0.001"), (None, 0, 0)]),
    "slippage": op.Slippage("random", "0.2", seed=2**64 - 1),
    "swap": op.Swap("rate", "-0.03", "0.01", rollover=("09:30", "17:00"), zone="Europe/Berlin"),
}


def account(**options: object) -> op.PortfolioPython:
    return op.PortfolioPython(10_000, leverage=10, **options)


def row(action: str, time: int | None = 1, **cells: object) -> Row:
    return {"action": action, "time": time, **cells}


def registered(symbol: str = "ACME", **cells: object) -> Row:
    return {"action": "register", "symbol": symbol, **cells}


def ordered(time: int = 1, **cells: object) -> Row:
    """Make a row with a limit order for one ACME at 90, unless told otherwise."""
    given: Row = {"symbol": "ACME", "side": "long", "size": 1, "price": 90}
    return row("order", time, **{**given, **cells})


def bar(time: int = 1, **cells: object) -> Row:
    given: Row = {"symbol": "ACME", "open": 100, "high": 110, "low": 90, "close": 105}
    return row("bar", time, **{**given, **cells})


def cells_of(portfolio: op.PortfolioPython) -> list[dict[str, object]]:
    """Give the rows of the events, without the cells that are null and the times."""
    rows = portfolio.get_events().to_pyarrow().drop_columns("time").to_pylist()
    return [{name: cell for name, cell in one.items() if cell is not None} for one in rows]


def assert_comes_back(portfolio: op.PortfolioPython, **options: object) -> None:
    """Make the account again from its events, with the values rounded to what floats can say."""
    again = account(**options)
    receipts = again.apply(portfolio.get_events())
    assert again.digest == portfolio.digest
    assert whole_picture(again) == whole_picture(portfolio)
    assert len(receipts) == len(portfolio.get_events())
    again.verify()


# What each action means


def test_protection_of_an_open_and_a_modify() -> None:
    portfolio, called = account(), account()
    frame = table(
        opened(1, size=2, trailing=5, break_even=3, break_even_offset=1, targets="110:0.5;120:1",
               exit_time=9),
        opened(1, size=2, trailing=0, break_even=0, break_even_offset=0, targets=""),
        opened(1, size=2, break_even=4),
        row("modify", 2, position_id=1, trailing=4, targets="", exit_time=0),
        row("modify", 3, position_id=1, break_even=0, targets="130:2", exit_time=12),
        row("modify", 4, position_id=2, trailing=2, break_even=5, break_even_offset=2),
        row("modify", 5, position_id=1, trailing=0),
        row("modify", 6, position_id=3, break_even=2, break_even_offset=1),
    )  # fmt: skip
    portfolio.apply(frame)
    called.open_position(
        "ACME", "long", 2, 100, 1, trailing=5, break_even=(3, 1),
        targets=[(110, "0.5"), (120, 1)], exit_time=9,
    )  # fmt: skip
    called.open_position("ACME", "long", 2, 100, 1)
    called.open_position("ACME", "long", 2, 100, 1, break_even=4)
    called.modify_position(1, 2, trailing=4, targets=None, exit_time=None)
    called.modify_position(1, 3, break_even=None, targets=[(130, 2)], exit_time=12)
    called.modify_position(2, 4, trailing=2, break_even=(5, 2))
    called.modify_position(1, 5, trailing=None)
    called.modify_position(3, 6, break_even=(2, 1))
    assert whole_picture(portfolio) == whole_picture(called)
    assert_comes_back(portfolio)
    assert cells_of(portfolio)[1]["targets"] == "110:0.5;120:1"
    given = [
        {name: cell for name, cell in one.items() if name not in ("event", "action")}
        for one in cells_of(portfolio)[4:]
    ]
    epoch = {"exit_time": 0}
    exits = portfolio.get_events().to_polars()["exit_time"].dt.epoch("us").to_list()
    assert exits == [None, 9, None, None, epoch["exit_time"], 12, None, None, None]
    for one in given:
        one.pop("exit_time", None)
    assert given == [
        {"position_id": 1, "trailing": 4, "targets": ""},
        {"position_id": 1, "break_even": 0, "targets": "130:2"},
        {"position_id": 2, "trailing": 2, "break_even": 5, "break_even_offset": 2},
        {"position_id": 1, "trailing": 0},
        {"position_id": 3, "break_even": 2, "break_even_offset": 1},
    ]


def test_orders_and_their_receipts() -> None:
    portfolio, called = account(), account()
    frame = table(
        ordered(stop_loss=80, take_profit=120, tag="o", trailing=7, break_even=2,
                break_even_offset="0.5", targets="100:0.5", exit_time=50, expiry=40, oco="g"),
        ordered(type="stop", price=130, oco="g", stop_loss=0),
        ordered(type="market", price=None, side="sell"),
        row("cancel", 2, order_id=2),
        bar(3, low=85),
    )  # fmt: skip
    receipts = portfolio.apply(frame, exact=True)
    called.place_order(
        "ACME", "long", 1, 1, price=90, stop_loss=80, take_profit=120, tag="o", trailing=7,
        break_even=(2, "0.5"), targets=[(100, "0.5")], exit_time=50, expiry=40, oco="g",
    )  # fmt: skip
    called.place_order("ACME", "long", 1, 1, type="stop", price=130, oco="g")
    called.place_order("ACME", "sell", 1, 1, type="market")
    called.cancel_order(2, 2)
    called.process_bar(3, {"ACME": (100, 110, 85, 105)})
    assert whole_picture(portfolio) == whole_picture(called)
    assert receipts.to_polars()["order_id"].to_list() == [1, 2, 3, 2, 0]
    assert receipts.to_polars()["position_id"].to_list() == [0] * 5
    assert_comes_back(portfolio)
    first, second, third = cells_of(portfolio)[1:4]
    assert (first["oco"], first["type"], first["tag"], first["targets"]) == (
        *("g", "limit", "o", "100:0.5"),
    )
    assert second.keys() == {"event", "action", "symbol", "side", "size", "price", "type", "oco"}
    assert third.keys() == {"event", "action", "symbol", "side", "size", "type"}


def test_bars_and_quotes_stand_together_by_their_number() -> None:
    portfolio, called = account(), account()
    frame = table(
        opened(1, stop_loss=95, fee=2),
        opened(1, symbol="B", side="short", price=50, take_profit=44),
        bar(2, event=7, path="optimistic"),
        bar(2, event=7, path="optimistic", symbol="B", open=50, high=52, low=43, close=51,
            spread="0.5"),
        bar(3, event=6, symbol=None, open=None, high=-1, path=None),
        quoted("quotes", 4, symbol="ACME", price=101, event=8),
        quoted("quotes", 4, symbol="B", bid=51, ask=52, event=8),
        quoted("quotes", 4, symbol="ACME", bid=100, ask=100),
        quoted("quotes", 5),
    )  # fmt: skip
    receipts = portfolio.apply(frame, exact=True)
    called.open_position("ACME", "long", 1, 100, 1, stop_loss=95, fee=2)
    called.open_position("B", "short", 1, 50, 1, take_profit=44)
    bars = {"ACME": (100, 110, 90, 105), "B": (50, 52, 43, 51, "0.5")}
    called.process_bar(2, bars, path="optimistic")
    called.process_bar(3, {})
    called.process_quotes(4, {"ACME": 101, "B": (51, 52)})
    called.process_quotes(4, {"ACME": 100})
    called.process_quotes(5, {})
    assert whole_picture(portfolio) == whole_picture(called)
    # -5 of ACME at its stop, 6 of B at its take_profit; both rows of the bar say so.
    assert portfolio.get_trades().to_polars()["gross_pnl"].to_list() == [-5, 6]
    assert receipts.to_polars()["realized"].to_list() == [0, 0, 1, 1, 0, 0, 0, 0, 0]
    assert receipts.to_polars()["balance"].to_list() == [9998, 9998, *[9999] * 7]
    assert_comes_back(portfolio)
    told = cells_of(portfolio)[4:]
    assert [one["event"] for one in told] == [5, 5, 6, 7, 7, 8, 9]
    assert told[0] == {
        "event": 5,
        "action": "bar",
        "symbol": "ACME",
        "open": 100,
        "high": 110,
        "low": 90,
        "close": 105,
        "spread": 0,
        "path": "optimistic",
    }
    assert told[2] == {"event": 6, "action": "bar", "path": "pessimistic"}
    assert told[5] == {"event": 8, "action": "quotes", "symbol": "ACME", "bid": 100, "ask": 100}


def test_a_bar_has_the_sum_of_its_results_and_fees() -> None:
    portfolio = account()
    frame = table(
        registered(terms=terms_of(commission=op.Commission("per_trade", 2))),
        opened(1, fee=0, stop_loss=95, size=2),
        opened(1, fee=0, stop_loss=92),
        ordered(price=91),
        bar(2, high=100, close=95),
    )
    receipts = portfolio.apply(frame, exact=True).to_polars().rows()
    # 2 * -5 and -8; two closes and the fill of the order at 2 each
    assert receipts[-1] == (4, 0, 0, -18, 6, 9976)
    assert_comes_back(portfolio)


def test_two_positions_against_each_other() -> None:
    portfolio, called = account(), account()
    frame = table(
        opened(1, size=3),
        opened(1, size=2, side="short", price=104),
        row("close_by", 2, position_id=1, other_id=2, size="0.5", fee="0.25"),
        row("close_by", 3, position_id=2, other_id=1),
    )
    receipts = portfolio.apply(frame, exact=True).to_polars().rows()
    called.open_position("ACME", "long", 3, 100, 1)
    called.open_position("ACME", "short", 2, 104, 1)
    called.close_by(1, 2, 2, size="0.5", fee="0.25")
    called.close_by(2, 1, 3)
    assert whole_picture(portfolio) == whole_picture(called)
    # First at 104, the entry of 2: 0.5 * 4 and 0; then at 100, the entry of 1: 1.5 * 4 and 0.
    assert receipts[2] == (2, 1, 0, 2, D("0.25"), D("10001.75"))
    assert receipts[3] == (3, 2, 0, 6, 0, D("10007.75"))
    assert_comes_back(portfolio)
    assert cells_of(portfolio)[-1] == {
        "event": 5,
        "action": "close_by",
        "size": D("1.5"),
        "position_id": 2,
        "other_id": 1,
        "fee": 0,
    }


def test_money_of_other_currencies() -> None:
    portfolio, called = account(), account()
    frame = table(
        registered("EURUSD", terms=terms_of(base_currency="EUR")),
        quoted("mark", 1, symbol="EURUSD", price="1.25"),
        {**paid(2, 100), "currency": "EUR"},
        {**paid(2, 5), "currency": "USD"},
        row("withdraw", 3, amount=10, currency="EUR"),
        row("convert", 4, amount=40, from_currency="EUR", to_currency="USD"),
        row("convert", 5, amount=12, from_currency="USD", to_currency="EUR", rate="0.75"),
    )
    portfolio.apply(frame)
    called.register_instrument(op.Instrument("EURUSD", base_currency="EUR"))
    called.mark({"EURUSD": "1.25"}, time=1)
    called.deposit(100, 2, currency="EUR")
    called.deposit(5, 2, currency="USD")
    called.withdraw(10, 3, currency="EUR")
    called.convert_cash(40, "EUR", "USD", 4)
    called.convert_cash(12, "USD", "EUR", 5, rate="0.75")
    assert whole_picture(portfolio) == whole_picture(called)
    assert_comes_back(portfolio)
    told = cells_of(portfolio)
    assert [one.get("currency") for one in told[2:5]] == ["EUR", None, "EUR"]
    assert told[5].keys() == {"event", "action", "amount", "from_currency", "to_currency"}
    assert told[6]["rate"] == D("0.75")


def test_swaps_dividends_and_splits() -> None:
    portfolio, called = account(), account()
    swap = op.Swap("points", "-0.5", "0.25", multipliers=(1,) * 7)
    frame = table(
        registered(terms=terms_of(swap=swap)),
        opened(HOUR, size=4),
        row("swap", HOUR, symbol="ACME", long="-0.5", short=2, kind="rate", multiplier=3),
        row("swap", HOUR, symbol="ACME"),
        row("rollover", 17 * HOUR, symbol="ACME"),
        row("dividend", 18 * HOUR, symbol="ACME", price="0.5"),
        row("dividend", 18 * HOUR, symbol="ACME", price="0.25", pay_time=DAY),
        row("split", 19 * HOUR, symbol="ACME", numerator=2, denominator=1),
        row("update", 2 * DAY),
    )
    portfolio.apply(frame)
    called.register_instrument(op.Instrument("ACME", swap=swap))
    called.open_position("ACME", "long", 4, 100, HOUR)
    called.charge_swap("ACME", HOUR, long="-0.5", short=2, kind="rate", multiplier=3)
    called.charge_swap("ACME", HOUR)
    called.rollover("ACME", 17 * HOUR)
    called.dividend("ACME", "0.5", 18 * HOUR)
    called.dividend("ACME", "0.25", 18 * HOUR, pay_time=DAY)
    called.split("ACME", 2, 1, 19 * HOUR)
    called.update_equity(2 * DAY)
    assert whole_picture(portfolio) == whole_picture(called)
    assert {"swap", "dividend"} == set(portfolio.get_ledger().to_polars()["kind"])
    assert_comes_back(portfolio)
    told = cells_of(portfolio)
    assert told[3] == {
        "event": 4,
        "action": "swap",
        "symbol": "ACME",
        "kind": "points",
        "long": 0,
        "short": 0,
        "multiplier": 1,
    }
    assert told[5] == {"event": 6, "action": "dividend", "symbol": "ACME", "price": D("0.5")}
    assert told[7].keys() == {"event", "action", "symbol", "numerator", "denominator"}


def test_fills_of_netting_have_the_id_of_what_they_open() -> None:
    portfolio = account(mode="netting")
    frame = table(
        opened(1, key="k", trailing=3),
        opened(2, price=110, targets="130:1"),
        opened(3, side="short", price=112),
        closed(4, key="k", size="0.5"),
        opened(5, side="short", size=2, price=105, key="other"),
        row("modify", 6, key="other", stop_loss=120),
        opened(7, size=3, price=100, position_id=9, break_even=5),
    )
    receipts = portfolio.apply(frame)
    assert receipts.to_polars()["position_id"].to_list() == [1, 1, 1, 1, 2, 2, 9]
    assert_comes_back(portfolio, mode="netting")
    told = [one for one in cells_of(portfolio) if one["action"] == "open"]
    assert [one.get("position_id") for one in told] == [1, None, None, 2, 9]


def test_terms_come_and_go_as_hexadecimal_digits() -> None:
    portfolio, called = account(), account()
    instrument = op.Instrument(
        "ACME", price_decimals=2, size_decimals=2, quote_currency="EUR", **EVERY_TERM
    )
    called.register_instrument(instrument)
    called.register_instrument(op.Instrument("PLAIN"))
    first, second = cells_of(called)
    text = str(first["terms"])
    assert text == text.lower()
    assert "terms" not in second
    cells = {"price_decimals": 2, "size_decimals": 2, "quote_currency": "EUR"}
    portfolio.apply(
        table(registered(**cells, terms=text.upper()), registered("PLAIN", terms="00" * 10))
    )
    assert whole_picture(portfolio) == whole_picture(called)
    assert_comes_back(called)
