"""The account of the Python backend: netting, grids and currencies (SPEC sections 12 to 14).

Figures are worked out by hand; the comments have the sums. Margin and costs are in
test_oracle_costs.py, what is refused is in test_oracle_terms.py.
"""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

import omega_portfolio as op
from omega_portfolio.oracle.invariants import INVARIANTS

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
