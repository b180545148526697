"""The account of the Python backend: netting, currencies, margin, costs, time, corporate actions.

Figures are worked out by hand from SPEC sections 12 to 16 and 19; the comments have the sums.
What is refused is in test_oracle_terms.py.
"""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

import omega_portfolio as op
from omega_portfolio.oracle import models, term_reading
from omega_portfolio.oracle.calendar import moments
from omega_portfolio.oracle.invariants import INVARIANTS
from omega_portfolio.oracle.times import read_time, to_datetime

HOUR = 3_600_000_000
DAY = 24 * HOUR


def D(text: object) -> Decimal:  # noqa: N802 - short, because every figure has it.
    return Decimal(str(text))


def account(balance: object = "1000", **options: object) -> op.PortfolioPython:
    """Make an account that checks everything after every event."""
    pf = op.PortfolioPython(balance, **options)
    pf._ledger.invariants = INVARIANTS
    return pf


def rows(table: op.Table, *names: str) -> list[tuple[object, ...]]:
    return table.to_polars().select(*names).rows()


def ledger_of(pf: op.PortfolioPython) -> list[tuple[object, ...]]:
    return rows(pf.get_ledger(exact=True), "kind", "position_id", "amount")


def last_trade(pf: op.PortfolioPython) -> dict[str, object]:
    return pf.get_trades(exact=True).to_pyarrow().to_pylist()[-1]


# Netting and pairs


def test_netting_increases_reduces_and_flips() -> None:
    pf = account(mode="netting", leverage=10)
    assert pf.open_position("A", "long", 2, 10, 0, fee=1, stop_loss=9, tag="first") == 1
    assert pf.open_position("A", "long", 1, 13, 1, fee="0.5", take_profit=20, tag="more") == 1
    view = pf.positions[1]
    # 20 + 13 over 3
    assert (view.size, view.cost, view.entry_price, view.entry_fee) == (3, 33, 11, D("1.5"))
    assert (view.stop_loss, view.take_profit, view.tag) == (9, 20, "first")
    assert pf.open_position("A", "short", 1, 14, 2, fee="0.2") == 1
    trade = last_trade(pf)
    # 14 - 33 / 3; a third of the fees of 1.5
    assert (trade["gross_pnl"], trade["entry_fee"], trade["exit_fee"]) == (3, D("0.5"), D("0.2"))
    assert trade["reason"] == "reduce"
    assert pf.open_position("A", "short", 5, 12, 3, fee=1) == 2
    trade = last_trade(pf)
    # 2 * 12 - 22; two fifths of the fee are those of the close
    assert (trade["gross_pnl"], trade["exit_fee"], trade["reason"]) == (2, D("0.4"), "flip")
    flipped = pf.positions[2]
    assert (flipped.side, flipped.size, flipped.cost, flipped.entry_fee) == (
        *("short", 3, 36),
        D("0.6"),
    )
    assert rows(pf.get_fills(), "position_id", "side", "size", "price", "realized", "reason") == [
        (1, "buy", 2.0, 10.0, 0.0, ""),
        (1, "buy", 1.0, 13.0, 0.0, ""),
        (1, "sell", 1.0, 14.0, 3.0, "reduce"),
        (1, "sell", 2.0, 12.0, 2.0, "flip"),
        (2, "sell", 3.0, 12.0, 0.0, ""),
    ]
    pf.verify()


def test_a_flip_without_margin_leaves_the_position() -> None:
    pf = account(100, mode="netting")
    pf.open_position("A", "long", 5, 10, 0)
    before = pf.digest
    with pytest.raises(op.InsufficientMargin):
        pf.open_position("A", "short", 20, 10, 1)
    assert pf.digest == before
    assert pf.open_position("A", "short", 15, 10, 1) == 2
    pf.verify()


def test_a_given_id_is_for_a_position_that_is_opened() -> None:
    pf = account(mode="netting")
    pf.open_position("A", "long", 5, 10, 0, position_id=7)
    for side, size in (("long", 1), ("short", 5)):
        with pytest.raises(op.InvalidArgument, match="position_id"):
            pf.open_position("A", side, size, 10, 1, position_id=8)
    with pytest.raises(op.DuplicatePositionId):
        pf.open_position("A", "short", 6, 10, 1, position_id=7)
    assert pf.open_position("A", "short", 6, 10, 1, position_id=8) == 8
    pf.verify()


def test_both_modes_come_to_the_same() -> None:
    source = random.Random(5)
    for _ in range(5):
        net, hedge = account(10**6, mode="netting"), account(10**6)
        for step in range(60):
            side, price = source.choice(("long", "short")), source.randint(90, 110)
            size = source.randint(1, 5)
            net.open_position("A", side, size, price, step)
            hedge.open_position("A", side, size, price, step)
        for pf in (net, hedge):
            pf.mark({"A": (101, 102)})
            pf.verify()
        spread = min(
            sum(p.size for p in hedge.positions.values() if p.side == s)
            for s in (
                "long",
                "short",
            )
        )
        # What nets holds no opposite sides, which would pay the spread.
        assert net.equity - hedge.equity == spread


def test_two_positions_close_each_other() -> None:
    pf = account()
    pf.register_instrument(op.Instrument("A", commission=op.Commission("per_lot", 1)))
    pf.open_position("A", "long", 3, 10, 0, fee=0)
    pf.open_position("A", "short", 2, 12, 0, fee=0)
    first, second = pf.close_by(1, 2, 1)
    # both at 12; the fee is that of one fill of 2
    assert (first.gross_pnl, first.exit_fee, second.gross_pnl, second.exit_fee) == (4, 2, 0, 0)
    assert (first.reason, list(pf.positions), pf.balance) == ("close_by", [1], 1002)
    pf.verify()


# Instruments in full


def test_an_inverse_contract_pays_its_base() -> None:
    pf = account(1, currency="BTC")
    pf.register_instrument(
        op.Instrument("XBTUSD", base_currency="BTC", quote_currency="USD", inverse=True)
    )
    pf.open_position("XBTUSD", "long", 10000, 40000, 0)
    pf.mark({"XBTUSD": 50000})
    # 10000 / 40000 - 10000 / 50000
    assert (pf.unrealized_pnl, pf.margin_used) == (D("0.05"), D("0.25"))
    trade = pf.close_position(1, 30000, 1)
    # 0.25 - 1/3, rounded to 18 decimals
    assert trade.gross_pnl == D("-0.083333333333333333")
    # the mark of 50000 and the exit at 30000
    assert (trade.mfe, trade.mae) == (D("0.05"), D("-0.083333333333333333"))
    pf.verify()


def test_numbers_are_brought_to_the_grid_when_that_is_asked_for() -> None:
    pf = account(off_grid="round")
    pf.register_instrument(op.Instrument("A", tick_size="0.25", lot_step="0.5"))
    pf.open_position("A", "long", "1.9", "10.125", 0, stop_loss="9.3")
    view = pf.positions[1]
    # a tie goes to the even tick, 40 and not 41
    assert (view.size, view.entry_price, view.stop_loss) == (D("1.5"), 10, D("9.25"))
    assert pf.rounded_count == 3
    pf.mark({"A": "10.3"})
    assert (pf.positions[1].mark_price, pf.rounded_count) == (D("10.25"), 4)
    with pytest.raises(op.InvalidPositionSize):
        pf.open_position("A", "long", "0.3", "10.3", 1)
    assert pf.rounded_count == 4
    pf.verify()


# Currencies


def yen() -> op.PortfolioPython:
    pf = account(10**6)
    pf.register_instrument(op.Instrument("USDJPY", base_currency="USD", quote_currency="JPY"))
    pf.mark({"USDJPY": (99, 101)}, time=0)
    return pf


def test_results_are_converted_at_the_rate_of_the_fill() -> None:
    pf = yen()
    # 1 / 100 dollars for a yen
    pf.open_position("USDJPY", "long", 1000, 100, 1)
    # 1000 * (99 - 100) yen
    assert (pf.unrealized_pnl, pf.margin_used) == (-10, 1000)
    pf.mark({"USDJPY": (124, 126)})
    # 1000 * 24 yen, now 125 of them for a dollar
    assert (pf.unrealized_pnl, pf.margin_used) == (192, 800)
    trade = pf.close_position(1, 124, 2)
    # 24000 / 125, and 240 at the rate of the open
    assert (trade.gross_pnl, trade.fx_pnl, trade.cost) == (192, -48, 800)
    assert pf.balance == 10**6 + 192
    pf.verify()


def test_a_currency_without_a_path_has_no_rate() -> None:
    pf = account()
    pf.register_instrument(op.Instrument("DAX", quote_currency="EUR"))
    before = pf.digest
    with pytest.raises(op.MissingRate) as caught:
        pf.open_position("DAX", "long", 1, 1, 0)
    assert (caught.value.argument, caught.value.value) == ("symbol", "EUR/USD")
    assert pf.digest == before
    with pytest.raises(op.MissingRate, match="currency=EUR/USD"):
        pf.deposit(1, 0, currency="EUR")
    pf.register_instrument(op.Instrument("EURUSD", base_currency="EUR"))
    pf.mark({"EURUSD": "1.25"})
    pf.open_position("DAX", "long", 8, 10, 1)
    assert pf.margin_used == 100
    assert rows(pf.get_cash(), "currency", "rate", "path")[1:] == [("EUR", 1.25, "EURUSD")]
    pf.verify()


def test_a_path_goes_over_the_pivot() -> None:
    pf = account(1000, currency="EUR")
    for base, quote in (("GBP", "JPY"), ("GBP", "USD"), ("EUR", "USD")):
        pf.register_instrument(
            op.Instrument(base + quote, base_currency=base, quote_currency=quote)
        )
    pf.mark({"GBPUSD": "1.5", "EURUSD": "1.25", "GBPJPY": 200})
    known = rows(pf.get_cash(exact=True), "currency", "rate", "path")[1:]
    # dollars: 1 / 1.25; the yen has no pair with the dollar, and the pound is no profit currency
    assert known == [("USD", D("0.800000000000000000"), "1/EURUSD")]
    pf.register_instrument(op.Instrument("USDJPY", base_currency="USD", quote_currency="JPY"))
    pf.mark({"USDJPY": 160})
    # 1 / 160 * 0.8
    assert rows(pf.get_cash(), "currency", "rate", "path")[1:] == [
        ("JPY", 0.005, "1/USDJPY*1/EURUSD"),
        ("USD", 0.8, "1/EURUSD"),
    ]
    pf.verify()


def test_a_mark_cannot_take_a_rate_away_that_is_in_use() -> None:
    pf = yen()
    pf.mark({"USDJPY": "1e28"})
    pf.mark({"USDJPY": 100})
    pf.open_position("USDJPY", "long", 1, 100, 1)
    with pytest.raises(op.NumberOutOfRange, match="prices"):
        pf.mark({"USDJPY": "1e28"})
    pf.verify()


def test_cash_has_a_cost_in_account_money() -> None:
    pf = account()
    pf.register_instrument(op.Instrument("EURUSD", base_currency="EUR"))
    pf.mark({"EURUSD": "1.2"}, time=0)
    pf.deposit(100, 1, currency="EUR")
    pf.mark({"EURUSD": "1.5"})
    assert (pf.balance, pf.unrealized_pnl, pf.equity) == (1120, 30, 1150)
    # 40 of 100: 60 dollars come, and 48 of cost leave
    pf.convert_cash(40, "EUR", "USD", 2)
    assert (pf.balance, pf.unrealized_pnl) == (1132, 18)
    # 20 more at a rate of one's own: 2 dollars each of 1.5
    pf.convert_cash(40, "USD", "EUR", 3, rate="0.5")
    assert rows(pf.get_cash(exact=True), "currency", "amount", "cost", "value") == [
        ("USD", 1020, 1020, 1020),
        ("EUR", 80, 112, 120),
    ]
    # all that is left: 120 go, of which 112 were the cost
    pf.withdraw(80, 4, currency="EUR")
    assert ledger_of(pf)[-3:] == [("fx", 0, 12), ("withdrawal", 0, -120), ("fx", 0, 8)]
    assert rows(pf.get_cash_ledger(), "kind", "amount", "rate", "value", "balance") == [
        ("deposit", 100.0, 1.2, 120.0, 100.0),
        ("conversion", -40.0, 1.5, -60.0, 60.0),
        ("conversion", 20.0, 1.5, 40.0, 80.0),
        ("withdrawal", -80.0, 1.5, -120.0, 0.0),
    ]
    assert (pf.balance, pf.equity) == (1020, 1020)
    last = rows(pf.attribution(exact=True), "fx", "cash", "rounding", "total")[-1]
    # 1000 + 120 - 120 in cash; 12 + 8 by the rate
    assert last == (20, 0, 0, 20)
    pf.verify()


def test_money_is_converted_between_two_foreign_currencies() -> None:
    pf = account()
    for base in ("EUR", "GBP"):
        pf.register_instrument(op.Instrument(f"{base}USD", base_currency=base))
    pf.mark({"EURUSD": 1, "GBPUSD": "1.25"}, time=0)
    pf.deposit(100, 1, currency="EUR")
    pf.mark({"EURUSD": "1.5"})
    # 50 / 100 of a cost of 100 leaves, and 75 dollars are what 60 pounds cost
    pf.convert_cash(50, "EUR", "GBP", 2)
    assert rows(pf.get_cash(), "currency", "amount", "cost")[1:] == [
        ("EUR", 50.0, 50.0),
        ("GBP", 60.0, 75.0),
    ]
    assert ledger_of(pf)[-1] == ("fx", 0, 25)
    for code in ("EUR", "USD"):
        with pytest.raises(op.InsufficientFunds):
            pf.convert_cash(10_000, code, "GBP", 3)
    pf.verify()


def test_cents_are_booked_and_the_rest_is_carried() -> None:
    pf = account(rounding="cents")
    pf.charge_fee("0.004", 0)
    pf.charge_fee("0.004", 1)
    pf.charge_fee("0.004", 2)
    # -0.004, -0.008 (booked as -0.01, 0.002 left), and then -0.002
    assert rows(pf.get_ledger(exact=True), "amount", "residue") == [
        (0, D("-0.004")),
        (D("-0.01"), D("0.002")),
        (0, D("-0.002")),
    ]
    assert (pf.balance, pf.residue) == (D("999.99"), D("-0.002"))
    row = rows(pf.attribution(exact=True), "fee", "rounding", "total")[-1]
    assert row == (D("-0.012"), D("0.002"), D("-0.01"))
    pf.verify()


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
    terms = term_reading.read_swap(night, "nearest")
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
    terms = term_reading.read_swap(night, "nearest")

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
    # 5 become 2.5: 2 stay, and half a unit pays 33 for a cost of 30; 1 is closed at 33
    assert ledger_of(pf) == [("split", 1, 3), ("realized_pnl", 3, 3)]
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


# All of it together


def test_a_random_life_is_proved() -> None:
    for seed in range(6):
        source = random.Random(seed)
        mode, rounding = source.choice(("hedging", "netting")), source.choice(("exact", "cents"))
        pf = account(10**6, mode=mode, rounding=rounding, leverage=20, margin_call=150)
        pf.register_instrument(op.Instrument("EURUSD", base_currency="EUR", price_decimals=4))
        pf.register_instrument(op.Instrument("USDJPY", base_currency="USD", quote_currency="JPY"))
        pf.register_instrument(
            op.Instrument(
                "DAX",
                quote_currency="EUR",
                commission=op.Commission("rate", tiers=[(500, "0.01", 0), (None, "0.001", 0)]),
                swap=op.Swap("rate", "-0.05", "0.01"),
                margin=op.Margin(tiers=[(100, "0.1"), (None, "0.2")], base="mark", hedged="0.3"),
            )
        )
        pf.register_instrument(
            op.Instrument("INV", base_currency="EUR", inverse=True, swap=op.Swap("funding", "0.01"))
        )
        for step in range(80):
            time = step * 7 * HOUR
            _live(pf, source, time)
        pf.verify()


def _live(pf: op.PortfolioPython, source: random.Random, time: int) -> None:
    price = D(source.randint(90, 130)) / 100
    pf.update_equity(time, {"EURUSD": (price, price + D("0.01")), "USDJPY": 100 + price})
    symbol = source.choice(("DAX", "INV", "USDJPY"))
    side = source.choice(("long", "short"))
    calls = (
        lambda: pf.open_position(symbol, side, source.randint(1, 9), 10 + 10 * price, time),
        lambda: pf.close_position(source.choice([*pf.positions]), 20, time, size=1),
        lambda: pf.deposit(price, time, currency="JPY"),
        lambda: pf.convert_cash(price, *source.sample(["EUR", "USD", "JPY"], 2), time),
        lambda: pf.withdraw(price / 3, time, currency="JPY"),
        lambda: pf.dividend(symbol, price, time, pay_time=time + source.randint(0, 2) * DAY),
        lambda: pf.split("DAX", source.randint(1, 3), source.randint(1, 3), time),
        lambda: pf.close_by(*source.sample([*pf.positions], 2), time),
        lambda: pf.charge_swap(symbol, time, long=price, short=-price, kind="funding"),
    )
    for _ in range(3):
        before = pf.digest
        try:
            source.choice(calls)()
        except op.InvariantViolation:
            raise
        except (op.OmegaPortfolioError, IndexError, ValueError):
            assert pf.digest == before
