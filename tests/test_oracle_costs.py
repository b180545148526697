"""Margin, costs, time, corporate actions in the Python backend (SPEC sections 15, 16, 19).

Figures are worked out by hand; the comments have the sums.
"""

from __future__ import annotations

import pytest

import omega_portfolio as op
from omega_portfolio.oracle import models, term_reading
from omega_portfolio.oracle.calendar import moments
from omega_portfolio.oracle.times import read_time, to_datetime
from test_oracle_account import DAY, D, account, last_trade, ledger_of, rows

# Margin


def test_margin_models() -> None:
    models_and_margins = [
        (op.Margin(leverage=4), D("62.5")),
        (op.Margin(rate="0.1"), 25),
        (op.Margin(per_lot=7), 21),
        # 100 * 0.1 + 150 * 0.2
        (op.Margin(tiers=[(100, "0.1"), (None, "0.2")]), 40),
        # (2 * 60 + 1 * 61) * 0.1: at the mark
        (op.Margin(rate="0.1", base="mark"), D("18.1")),
        # longs 200 and 2, shorts 50 and 1: 100 alone, 150 paired
        (op.Margin(rate="0.1", hedged="0.5"), D("17.5")),
        (op.Margin(per_lot=7, hedged=0), 7),
    ]
    for margin, expected in models_and_margins:
        pf = account()
        pf.register_instrument(op.Instrument("A", margin=margin))
        pf.open_position("A", "long", 2, 100, 0)
        pf.open_position("A", "short", 1, 50, 0)
        pf.mark({"A": (60, 61)})
        assert pf.margin_used == expected
        pf.verify()
    assert rows(pf.get_margin(), "model", "base", "hedged_size", "basis", "margin_native") == [
        ("per_lot", "open", 1.0, 3.0, 7.0)
    ]


def test_margin_in_the_base_currency() -> None:
    pf = account(10**6, currency="EUR")
    pf.register_instrument(
        op.Instrument(
            "GBPUSD",
            contract_size=1000,
            price_decimals=5,
            size_decimals=2,
            base_currency="GBP",
            quote_currency="USD",
            margin=op.Margin(leverage=20, currency="base"),
        )
    )
    for base, quote in (("EUR", "USD"), ("EUR", "GBP")):
        pf.register_instrument(
            op.Instrument(base + quote, base_currency=base, quote_currency=quote)
        )
    pf.mark({"EURUSD": "1.25", "EURGBP": "0.8"})
    pf.open_position("GBPUSD", "long", 2, "1.5", 1)
    # 2000 pounds / 20, and 1 / 0.8 euros for each
    assert pf.margin_used == 125
    assert pf.positions[1].margin == 125
    pf.verify()


def test_margin_calls_are_noted_once() -> None:
    pf = account(100, leverage=10, margin_call=200)
    pf.open_position("A", "long", 4, 100, 0)
    for time, price in enumerate((95, 94, 100, 94), start=1):
        # margin 40: 80 is 200 %, and 76 less
        pf.update_equity(time, {"A": price})
    assert rows(pf.get_activity(), "event", "kind") == [(4, "margin_call"), (6, "margin_call")]
    pf.verify()


# Costs


def test_commission_models() -> None:
    one = {"contract_size": 10, "price_decimals": 2, "size_decimals": 2}
    fees = [
        (op.Commission("per_lot", "0.5"), 1),
        (op.Commission("per_unit", "0.5"), 10),
        (op.Commission("per_trade", 3), 3),
        (op.Commission("rate", "0.01"), 2),
        (op.Commission("rate", "0.01", minimum=5), 5),
        (op.Commission("per_trade", -3), -3),
        (op.Commission("per_trade", 3, on="exit"), 0),
    ]
    for commission, fee in fees:
        pf = account()
        pf.register_instrument(op.Instrument("A", commission=commission, **one))
        pf.open_position("A", "long", 2, 10, 0)
        assert pf.balance == 1000 - fee
        trade = pf.close_position(1, 10, 1)
        assert trade.exit_fee == (3 if commission.on == "exit" else fee)
        pf.verify()


def test_commission_falls_with_the_volume() -> None:
    pf = account(mode="netting")
    tiers = [(100, 2, 1), (None, 1, 0)]
    pf.register_instrument(op.Instrument("A", commission=op.Commission("per_trade", tiers=tiers)))
    for time, side in enumerate(("long", "short", "short")):
        # 50 traded, then 100, which is no longer below the first limit
        pf.open_position("A", side, 5, 10, time)
    assert [fee for (fee,) in rows(pf.get_fills(), "fee")] == [2.0, 2.0, 1.0]
    pf.open_position("A", "long", 10, 10, 4)
    assert [row[1:] for row in rows(pf.get_fills(), "reason", "fee")[-2:]] == [(0.5,), (0.5,)]
    pf.verify()


def test_slippage_is_a_pure_function() -> None:
    def slipped(kind: str, value: str, seed: int = 0) -> op.PortfolioPython:
        pf = account()
        slippage = op.Slippage(kind, value, seed=seed)
        pf.register_instrument(op.Instrument("A", tick_size="0.5", slippage=slippage))
        pf.mark({"A": (10, 14)})
        return pf

    figures = {"points": ("1.2", 1), "rate": ("0.1", 2), "spread": ("0.25", 1)}
    price, size = 20 * 10**9, 3 * 10**9
    for kind, (value, distance) in figures.items():
        ledger = slipped(kind, value)._ledger
        symbol = ledger.symbols["A"]
        paid = (price + distance * 10**9, 3 * distance * 10**18)
        assert ledger.slipped(symbol, True, size, price) == paid
        assert ledger.slipped(symbol, False, size, 5 * 10**8) == (5 * 10**8, 0)
    # The first numbers of SplitMix64 with the seed 0 are known.
    assert models.random_number(0, 0) == 0xE220A8397B1DCDAF
    assert models.random_number(0, 1) == 0x6E789E6AA1B965F4
    ledger = slipped("random", "2")._ledger
    symbol = ledger.symbols["A"]
    # 5 possible distances: 0.88 * 5 is 4 ticks, 0.43 * 5 is 2
    for ticks in (4, 2):
        paid = price + ticks * 5 * 10**8
        assert ledger.slipped(symbol, True, size, price)[0] == paid
        ledger.count_slipped(symbol)


def test_swaps_come_at_local_times_of_the_zone() -> None:
    night = op.Swap("points", "-0.5", "0.25", rollover="17:00", zone="America/New_York")
    terms = term_reading.read_swap(night, "nearest", {})
    start, end = (read_time("time", text) for text in ("2024-03-07", "2024-03-14"))
    # Thursday, Friday, not at the weekend, Monday (summer time), Tuesday, Wednesday three times
    assert [
        (str(to_datetime(each.time))[5:16], each.multiplier) for each in moments(terms, start, end)
    ] == [
        ("03-07 22:00", 1),
        ("03-08 22:00", 1),
        ("03-11 21:00", 1),
        ("03-12 21:00", 1),
        ("03-13 21:00", 3),
    ]


def test_times_that_are_not_there_or_come_twice_are_before_the_change() -> None:
    week = (1,) * 7
    night = op.Swap(
        "points", 1, rollover=["02:30", "03:30"], zone="Europe/Berlin", multipliers=week
    )
    terms = term_reading.read_swap(night, "nearest", {})

    def times(day: str) -> list[str]:
        start = read_time("time", day)
        return [str(to_datetime(each.time))[11:16] for each in moments(terms, start, start + DAY)]

    assert times("2024-03-30T12:00") == ["01:30"]  # 02:30 is not there, and is 03:30
    assert times("2024-10-26T12:00") == ["00:30", "02:30"]  # 02:30 comes twice


def test_swaps_are_charged_before_the_event_and_shared_by_a_close() -> None:
    pf = account()
    pf.register_instrument(op.Instrument("A", swap=op.Swap("points", "-0.5", "0.25")))
    pf.open_position("A", "long", 4, 10, "2024-01-01T12:00")
    pf.open_position("A", "short", 2, 10, "2024-01-01T12:00")
    trade = pf.close_position(1, 10, "2024-01-03T18:00", size=1)
    # Monday, Tuesday, and Wednesday three times: 5 * 4 * -0.5, of which a quarter
    assert (trade.swap, trade.net_pnl) == (D("-2.5"), D("-2.5"))
    assert ledger_of(pf)[:2] == [("swap", 1, -2), ("swap", 2, D("0.5"))]
    assert rows(pf.get_ledger(), "event")[0] == (4,)
    assert [view.swap for view in pf.positions.values()] == [D("-7.5"), D("2.5")]
    assert pf.balance == 1000 - 10 + D("2.5")
    assert rows(pf.attribution(exact=True), "swap", "total")[:2] == [(-10, -10), (D("2.5"),) * 2]
    pf.verify()


def test_swaps_by_rate() -> None:
    for kind, day_count, expected in (("rate", 360, -1), ("rate", 365, D("-0.986301369863013699"))):
        pf = account()
        night = op.Swap(kind, "-0.36", day_count=day_count)
        pf.register_instrument(op.Instrument("A", swap=night))
        pf.open_position("A", "long", 10, 90, "2024-01-01T12:00")
        pf.mark({"A": 100})
        pf.update_equity("2024-01-01T17:00")
        assert pf.balance == 1000 + expected
    pf = account()
    night = op.Swap("funding", "-0.001", "0.001", rollover=["00:00", "08:00", "16:00"])
    pf.register_instrument(op.Instrument("A", swap=night))
    pf.open_position("A", "short", 10, 100, "2024-01-01T12:00")
    pf.update_equity("2024-01-02")
    # 16:00 and midnight, 1000 * 0.001 each
    assert pf.balance == 1002
    pf.verify()


def test_a_refused_event_takes_its_flows_back() -> None:
    pf = account()
    pf.register_instrument(op.Instrument("A", swap=op.Swap("points", -1)))
    pf.open_position("A", "long", 4, 10, "2024-01-01T12:00")
    before = pf.digest
    with pytest.raises(op.InvalidAmount):
        pf.deposit(0, "2024-01-02")
    assert pf.digest == before
    # The margin that is free after the swap is not enough.
    with pytest.raises(op.InsufficientMargin):
        pf.open_position("A", "long", 96, 10, "2024-01-02")
    assert pf.digest == before
    pf.open_position("B", "long", 1, 10, "2024-01-02")
    # The registration is event 3, the open event 4, and so is its flow.
    assert rows(pf.get_ledger(), "event", "kind") == [(4, "swap")]
    pf.verify()


def test_a_rollover_charges_its_own_moment() -> None:
    pf = account()
    pf.register_instrument(op.Instrument("A", swap=op.Swap("points", -1)))
    pf.open_position("A", "long", 4, 10, "2024-01-01T12:00")
    for time in ("2024-01-01T16:00", "2024-01-06T17:00"):
        with pytest.raises(op.OffSessionRollover, match="no rollover"):
            pf.rollover("A", time)
    pf.rollover("A", "2024-01-02T17:00")
    # the flow of Monday, and then the event's own
    assert ledger_of(pf) == [("swap", 1, -4), ("swap", 1, -4)]
    with pytest.raises(op.OffSessionRollover, match="already"):
        pf.rollover("A", "2024-01-02T17:00")
    pf.charge_swap("A", "2024-01-02T18:00", long="-0.25", multiplier=2)
    pf.charge_swap("A", "2024-01-02T18:00", long="0.36", kind="rate")
    # 4 * -0.25 * 2, and 40 * 0.36 / 360
    assert ledger_of(pf)[2:] == [("swap", 1, -2), ("swap", 1, D("0.04"))]
    for call in (pf.rollover, pf.charge_swap):
        with pytest.raises(op.InvalidSymbol):
            call("B", "2024-01-03T17:00")
    pf.verify()


# Corporate actions


def test_dividends_are_paid_at_once_or_accrued() -> None:
    pf = account()
    pf.open_position("A", "long", 3, 10, 0)
    pf.open_position("A", "short", 1, 10, 0)
    pf.dividend("A", "0.5", 1)
    assert ledger_of(pf) == [("dividend", 1, D("1.5")), ("dividend", 2, D("-0.5"))]
    pf.dividend("A", 2, 2, pay_time=DAY)
    assert (pf.balance, pf.unrealized_pnl, pf.equity) == (1001, 4, 1005)
    assert rows(pf.attribution(exact=True), "dividend") == [(D("7.5"),), (D("-2.5"),), (0,)]
    pf.close_position(1, 10, 3)
    pf.update_equity(DAY)
    assert ledger_of(pf)[-2:] == [("dividend", 1, 6), ("dividend", 2, -2)]
    assert (pf.balance, pf.unrealized_pnl) == (1005, 0)
    pf.verify()


def test_a_split_keeps_what_it_is_worth() -> None:
    pf = account()
    pf.register_instrument(op.Instrument("A", price_decimals=2, size_decimals=0))
    pf.open_position("A", "long", 5, 30, 0, stop_loss=21, take_profit=45)
    pf.open_position("A", "short", 4, 30, 0)
    pf.open_position("A", "long", 1, 30, 0)
    pf.mark({"A": (33, 36)})
    before = pf.equity
    pf.split("A", 1, 2, 1)
    # 1 is closed at 33; 5 become 2.5: 2 stay, and half a unit pays 33 for a cost of 30
    assert ledger_of(pf) == [("realized_pnl", 3, 3), ("split", 1, 3)]
    assert last_trade(pf)["reason"] == "split"
    assert rows(pf.get_positions(), "size", "entry_price", "mark_price", "cost") == [
        (2.0, 60.0, 66.0, 120.0),
        (2.0, 60.0, 72.0, 120.0),
    ]
    view = pf.positions[1]
    assert (view.stop_loss, view.take_profit) == (42, 90)
    assert pf.equity == before
    # The extremes have moved with it: 66 for the long, 72 for the short.
    assert pf.close_position(2, 60, 2).mae == -24
    pf.verify()


def test_a_split_is_refused_where_nothing_would_be_left() -> None:
    pf = account(1, currency="BTC")
    pf.register_instrument(op.Instrument("A", price_decimals=0))
    pf.register_instrument(op.Instrument("I", base_currency="BTC", inverse=True))
    pf.mark({"A": 1}, time=0)
    for call, argument in (
        (("A", 3, 1, 0), "denominator"),
        (("A", 2, 2, 0), "denominator"),
        (("A", 0, 1, 0), "numerator"),
        (("I", 2, 1, 0), "symbol"),
    ):
        with pytest.raises(op.InvalidArgument, match=argument):
            pf.split(*call)
    pf.verify()


def test_a_split_that_would_leave_no_entry_price_is_taken_back() -> None:
    pf = account()
    pf.open_position("A", "long", 1, "1e-9", 0)
    pf.mark({"A": 10})
    before = pf.digest
    with pytest.raises(op.InvalidArgument, match="entry price of position 1"):
        pf.split("A", 3, 1, 1)
    assert pf.digest == before
    pf.verify()


def test_the_calendar_ends_with_the_years() -> None:
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        terms = term_reading.read_swap(op.Swap("points", 1, zone=zone), "nearest", {})
        for start, end in (("0001-01-01", "0001-01-03"), ("9999-12-30", "9999-12-31")):
            first, last = read_time("time", start), read_time("time", end)
            assert 1 <= len(moments(terms, first - 1, last)) <= 2
