"""Terms of instruments in the Python backend: what is refused, and their bytes (SPEC 9, 13, 16)."""

from __future__ import annotations

import pytest

import omega_portfolio as op
from omega_portfolio.oracle import codec
from omega_portfolio.oracle.replay import replay
from test_oracle_account import account, rows
from test_oracle_proof import text, u, z


def register(**options: object) -> op.PortfolioPython:
    pf = account()
    pf.register_instrument(op.Instrument("A", **options))
    return pf


GRID = {"price_decimals": 2, "size_decimals": 1}


@pytest.mark.parametrize(
    ("options", "code", "argument"),
    [
        ({"tick_size": "0.005"}, 4017, "tick_size"),
        ({"tick_size": 0}, 4017, "tick_size"),
        ({"tick_size": "x"}, 4011, "tick_size"),
        ({"lot_step": "0.25"}, 4017, "lot_step"),
        ({"lot_step": "0.2", "min_size": "0.3"}, 4017, "min_size"),
        ({"lot_step": "0.2", "max_size": "0.3"}, 4017, "max_size"),
        ({"min_size": 2, "max_size": 1}, 4017, "max_size"),
        ({"base_currency": "XXY"}, 4022, "base_currency"),
        ({"base_currency": ""}, 4022, "base_currency"),
        ({"quote_currency": "XXY"}, 4022, "quote_currency"),
        ({"inverse": True}, 4017, "inverse"),
        ({"inverse": 1}, 4024, "inverse"),
        ({"margin": 1}, 4024, "margin"),
        ({"margin": op.Margin()}, 4017, "margin"),
        ({"margin": op.Margin(rate=1, leverage=1)}, 4017, "margin"),
        ({"margin": op.Margin(rate=0)}, 4017, "margin.rate"),
        ({"margin": op.Margin(rate="x")}, 4011, "margin.rate"),
        ({"margin": op.Margin(leverage=-1)}, 4017, "margin.leverage"),
        ({"margin": op.Margin(per_lot=0)}, 4017, "margin.per_lot"),
        ({"margin": op.Margin(rate=1, base="bid")}, 4017, "margin.base"),
        ({"margin": op.Margin(rate=1, hedged=2)}, 4017, "margin.hedged"),
        ({"margin": op.Margin(rate=1, currency="base")}, 4017, "margin.currency"),
        ({"margin": op.Margin(rate=1, currency="usd")}, 4017, "margin.currency"),
        ({"margin": op.Margin(tiers=[])}, 4017, "margin.tiers"),
        ({"margin": op.Margin(tiers=[(1, 1)])}, 4017, "margin.tiers"),
        ({"margin": op.Margin(tiers=[(2, 1), (1, 1), (None, 1)])}, 4017, "margin.tiers"),
        ({"margin": op.Margin(tiers=[(None, 1), (None, 1)])}, 4017, "margin.tiers"),
        ({"margin": op.Margin(tiers=[(1, 1, 1), (None, 1)])}, 4017, "margin.tiers"),
        ({"margin": op.Margin(tiers="12")}, 4024, "margin.tiers"),
        ({"commission": op.Commission("per_side", 1)}, 4017, "commission.kind"),
        ({"commission": op.Commission("rate")}, 4017, "commission.taker"),
        ({"commission": op.Commission("rate", "1e-10")}, 4011, "commission.taker"),
        ({"commission": op.Commission("rate", 1, minimum=-1)}, 4017, "commission.minimum"),
        ({"commission": op.Commission("rate", 1, maker=-1, minimum=1)}, 4017, "commission.minimum"),
        ({"commission": op.Commission("rate", 1, tiers=[(None, 1, 1)])}, 4017, "commission.tiers"),
        ({"commission": op.Commission("rate", tiers=[(None, 1)])}, 4017, "commission.tiers"),
        ({"commission": op.Commission("rate", 1, on="open")}, 4017, "commission.on"),
        ({"slippage": op.Slippage("point", 1)}, 4017, "slippage.kind"),
        ({"slippage": op.Slippage("points", -1)}, 4017, "slippage.value"),
        ({"slippage": op.Slippage("points", 1, seed=2**64)}, 4017, "slippage.seed"),
        ({"slippage": op.Slippage("points", 1, seed=1.0)}, 4024, "slippage.seed"),
        ({"swap": op.Swap("point")}, 4017, "swap.kind"),
        ({"swap": op.Swap("points", rollover="7:00")}, 4017, "swap.rollover"),
        ({"swap": op.Swap("points", rollover="24:00")}, 4017, "swap.rollover"),
        ({"swap": op.Swap("points", rollover=["07:00", "07:00"])}, 4017, "swap.rollover"),
        ({"swap": op.Swap("points", rollover=[])}, 4017, "swap.rollover"),
        ({"swap": op.Swap("points", rollover=7)}, 4024, "swap.rollover"),
        ({"swap": op.Swap("points", zone="Mars/Base")}, 4017, "swap.zone"),
        ({"swap": op.Swap("points", zone="")}, 4017, "swap.zone"),
        ({"swap": op.Swap("points", zone="utc")}, 4017, "swap.zone"),
        ({"swap": op.Swap("points", multipliers=(1,) * 6)}, 4017, "swap.multipliers"),
        ({"swap": op.Swap("points", multipliers=(-1,) * 7)}, 4017, "swap.multipliers"),
        ({"swap": op.Swap("points", day_count=364)}, 4017, "swap.day_count"),
    ],
    ids=repr,
)
def test_wrong_terms_are_refused(options: dict[str, object], code: int, argument: str) -> None:
    with pytest.raises(op.OmegaPortfolioError) as caught:
        register(**(GRID | options))
    assert (caught.value.code, caught.value.argument) == (code, argument)


def test_sizes_stay_within_their_bounds() -> None:
    pf = register(lot_step="0.5", min_size=1, max_size=3, tick_size="0.25", price_decimals=2)
    for size in ("0.5", "3.5", "1.2", 0):
        with pytest.raises(op.InvalidPositionSize):
            pf.open_position("A", "long", size, 10, 0)
    for price in ("10.1", 0):
        with pytest.raises(op.InvalidPrice):
            pf.open_position("A", "long", 1, price, 0)
    with pytest.raises(op.InvalidStopLoss):
        pf.open_position("A", "long", 1, 10, 0, stop_loss="9.9")
    pf.open_position("A", "long", 3, 10, 0)
    # A close is asked for the step only.
    pf.close_position(1, 10, 1, size="2.5")
    pf.close_position(1, 10, 1, size="0.5")
    pf.verify()


def test_terms_are_part_of_the_definition() -> None:
    pf = register(commission=op.Commission("per_lot", 1), inverse=False)
    pf.register_instrument(op.Instrument("A", commission=op.Commission("per_lot", "1.0", maker=1)))
    assert pf.events == 1
    for options in ({}, {"commission": op.Commission("per_lot", 2)}, {"tick_size": 1}):
        with pytest.raises(op.InstrumentExists):
            pf.register_instrument(op.Instrument("A", **options))


ALL_TERMS = {
    "tick_size": "0.25",
    "lot_step": "0.5",
    "min_size": "0.5",
    "max_size": 1000,
    "base_currency": "EUR",
    "margin": op.Margin(tiers=[(100, "0.1"), (None, 1)], base="mark", hedged=0, currency="base"),
    "commission": op.Commission("rate", tiers=[(5, "0.1", "-0.1"), (None, 0, 0)], on="exit"),
    "slippage": op.Slippage("random", 1, seed=2**64 - 1),
    "swap": op.Swap(
        "rate", -1, 1, rollover=["22:00", "07:30"], zone="Europe/Berlin", day_count=365
    ),
}


def test_terms_come_back_from_their_bytes() -> None:
    others = (
        {"margin": op.Margin(per_lot="1.5", hedged=1), "inverse": True, "base_currency": "BTC"},
        {"margin": op.Margin(leverage=3), "commission": op.Commission("per_lot", -1, maker=2)},
        {"margin": op.Margin(rate=3), "commission": op.Commission("per_trade", 1, minimum=0)},
        {"slippage": op.Slippage("spread", "0.5"), "swap": op.Swap("funding")},
    )
    for options in (ALL_TERMS, *others):
        pf = register(**options)
        ledger = pf._ledger
        again = replay(ledger.configuration, ledger.journal.to_bytes())
        assert again.symbols["A"].definition == ledger.symbols["A"].definition
        pf.verify()


def test_the_bytes_of_terms_are_those_of_the_specification() -> None:
    data = register(**ALL_TERMS)._ledger.journal.to_bytes()
    record = next(codec.Reader(data).records())
    head = bytearray()
    codec.put_record(head, (*record[:-1], record[-1]._replace(slippage=None, swap=None)))
    slippage = b"\x04" + u(10**9) + u(2**64 - 1)
    assert data.startswith(bytes(head[:-2]) + slippage)
    swap = b"\x02" + z(-(10**9)) + z(10**9) + u(2) + u(7 * 60 + 30) + u(22 * 60)
    swap += text("Europe/Berlin") + bytes([1, 1, 3, 1, 1, 0, 0]) + u(365)
    assert data.endswith(slippage + swap)


def test_configurations_have_their_bytes() -> None:
    options = {"mode": "netting", "rounding": "cents", "path": "olhc", "pivot": "EUR"}
    pf = account(0, margin_call=100, stop_out="50.5", off_grid="round", **options)
    head = b"omega_portfolio\x02" + z(0) + text("USD") + u(10**9) + b"\x01\x01"
    levels = u(100 * 10**9) + u(50_500_000_000)
    assert pf._event_bytes() == head + levels + b"\x03" + text("EUR")


def test_refused_cash_calls_are_refused_in_their_order() -> None:
    pf = account()
    pf.register_instrument(op.Instrument("EURUSD", base_currency="EUR"))
    pf.mark({"EURUSD": 1}, time=5)
    calls = [
        (lambda: pf.deposit(0, 4, currency="x"), 4006, "time"),
        (lambda: pf.deposit(0, 5, currency="x"), 4022, "currency"),
        (lambda: pf.deposit(0, 5, currency=""), 4022, "currency"),
        (lambda: pf.deposit(0, 5, currency="GBP"), 4009, "amount"),
        (lambda: pf.deposit(1, 5, currency="GBP"), 4025, "currency"),
        (lambda: pf.withdraw(1, 5, currency="GBP"), 4025, "currency"),
        (lambda: pf.withdraw(1, 5, currency="EUR"), 4016, "amount"),
        (lambda: pf.convert_cash(0, "x", "x", 5, rate=0), 4022, "from_currency"),
        (lambda: pf.convert_cash(0, "GBP", "x", 5, rate=0), 4022, "to_currency"),
        (lambda: pf.convert_cash(0, "GBP", "GBP", 5, rate=0), 4024, "to_currency"),
        (lambda: pf.convert_cash(0, "GBP", "CHF", 5, rate=0), 4009, "amount"),
        (lambda: pf.convert_cash(1, "GBP", "CHF", 5, rate=0), 4005, "rate"),
        (lambda: pf.convert_cash(1, "GBP", "CHF", 5), 4025, "from_currency"),
        (lambda: pf.convert_cash(1, "EUR", "CHF", 5, rate=1), 4025, "to_currency"),
        (lambda: pf.convert_cash(1, "EUR", "USD", 5), 4016, "amount"),
        (lambda: pf.convert_cash("1e-18", "USD", "EUR", 5, rate="0.5"), 4009, "amount"),
        (lambda: pf.convert_cash(1001, "USD", "EUR", 5), 4016, "amount"),
        (lambda: pf.dividend("B", 1, 5), 4012, "symbol"),
        (lambda: pf.dividend("EURUSD", 0, 5, pay_time=4), 4009, "amount"),
        (lambda: pf.dividend("EURUSD", 1, 5, pay_time=4), 4006, "pay_time"),
        (lambda: pf.charge_swap("EURUSD", 5, kind="day"), 4024, "kind"),
        (lambda: pf.charge_swap("EURUSD", 5, multiplier=-1), 4024, "multiplier"),
        (lambda: pf.rollover("EURUSD", 5), 4028, "time"),
        (lambda: pf.split("EURUSD", True, 1, 5), 4024, "numerator"),
        (lambda: pf.split("EURUSD", 1, 10**6 + 1, 5), 4024, "denominator"),
        (lambda: pf.close_by(1, 2, 5), 4001, "position_id"),
    ]
    before = pf.digest
    for call, code, argument in calls:
        with pytest.raises(op.OmegaPortfolioError) as caught:
            call()
        assert (caught.value.code, caught.value.argument) == (code, argument)
        assert pf.digest == before
    assert rows(pf.get_cash(), "currency") == [("USD",), ("EUR",)][:1]


def test_pairs_are_refused_in_their_order() -> None:
    pf = account()
    pf.open_position("A", "long", 3, 10, 5)
    pf.open_position("A", "long", 3, 10, 5)
    pf.open_position("B", "short", 3, 10, 5)
    pf.open_position("A", "short", 2, 10, 5)
    for arguments, size, code, argument in (
        ((1, 2, 4), None, 4006, "time"),
        ((1, 9, 5), None, 4001, "other_id"),
        ((1, 1, 5), None, 4024, "other_id"),
        ((1, 2, 5), None, 4024, "other_id"),
        ((1, 3, 5), None, 4024, "other_id"),
        ((1, 4, 5), 0, 4003, "size"),
        ((1, 4, 5), 3, 4003, "size"),
    ):
        with pytest.raises(op.OmegaPortfolioError) as caught:
            pf.close_by(*arguments, size=size)
        assert (caught.value.code, caught.value.argument) == (code, argument)
    pf.close_by(1, 4, 5, size=1, fee="0.5")
    assert [view.size for view in pf.positions.values()] == [2, 3, 3, 1]
    pf.verify()
