"""Settings, terms of instruments and protection: what they do, and what is refused.

The rules in full are in the case files; here it is the Python interface that counts.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

import omega_portfolio as op
from new_calls import DAY, refuses, rows


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("mode", "both", op.InvalidConfiguration),
        ("rounding", "dollars", op.InvalidConfiguration),
        ("off_grid", "accept", op.InvalidConfiguration),
        ("margin_call", 0, op.InvalidConfiguration),
        ("stop_out", -1, op.InvalidConfiguration),
        ("path", "random", op.InvalidConfiguration),
        ("pivot", "ABC", op.InvalidCurrency),
        ("path", None, op.InvalidArgument),
        ("margin_call", "much", op.InvalidNumber),
    ],
)
def test_a_wrong_setting_is_named(make_portfolio, option, value, error):
    refuses(error, option, lambda: make_portfolio(1000, **{option: value}))


def test_stop_out_is_not_above_margin_call(make_portfolio):
    make_portfolio(1000, margin_call=50, stop_out=50)
    with pytest.raises(op.InvalidConfiguration):
        make_portfolio(1000, margin_call=50, stop_out=51)


def test_netting_keeps_one_position(make_portfolio):
    portfolio = make_portfolio(mode="netting")
    first = portfolio.open_position("A", "long", 2, 100, DAY[0])
    assert portfolio.open_position("A", "buy", 2, 110, DAY[1]) == first
    assert portfolio.positions[first].entry_price == 105
    flipped = portfolio.open_position("A", "sell", 5, 110, DAY[2])
    assert flipped != first
    assert rows(portfolio.get_positions(), "side", "size") == [("short", 1.0)]
    assert rows(portfolio.get_trades(), "reason", "gross_pnl") == [("flip", 20.0)]
    refuses(
        op.InvalidArgument, "position_id",
        lambda: portfolio.open_position("A", "sell", 1, 110, DAY[3], position_id=9),
    )  # fmt: skip


def test_off_grid_numbers_are_rounded_and_counted(make_portfolio):
    portfolio = make_portfolio(off_grid="round")
    portfolio.register_instrument(op.Instrument("A", tick_size="0.05", lot_step="0.1"))
    position_id = portfolio.open_position("A", "long", "1.19", "100.03", DAY[0])
    view = portfolio.positions[position_id]
    assert (view.size, view.entry_price) == (Decimal("1.1"), Decimal("100.05"))
    assert portfolio.rounded_count == 2


def test_cents_leave_a_residue(make_portfolio):
    portfolio = make_portfolio(1000, rounding="cents")
    portfolio.charge_fee("0.006", DAY[0])
    assert portfolio.balance == Decimal("999.99")
    assert portfolio.residue == Decimal("0.004")
    assert rows(portfolio.get_ledger(), "amount", "residue") == [(-0.01, 0.004)]


# Instruments


@pytest.mark.parametrize(
    ("terms", "error", "argument"),
    [
        ({"tick_size": 0}, op.InvalidInstrument, "tick_size"),
        ({"lot_step": "0.1", "size_decimals": 0}, op.InvalidInstrument, "lot_step"),
        ({"min_size": 2, "max_size": 1}, op.InvalidInstrument, "max_size"),
        ({"base_currency": "ABC"}, op.InvalidCurrency, "base_currency"),
        ({"inverse": True}, op.InvalidInstrument, "inverse"),
        ({"inverse": 1}, op.InvalidArgument, "inverse"),
        ({"margin": 0.5}, op.InvalidArgument, "margin"),
        ({"margin": op.Margin()}, op.InvalidInstrument, "margin"),
        ({"margin": op.Margin(rate=1, per_lot=1)}, op.InvalidInstrument, "margin"),
        ({"margin": op.Margin(rate=0)}, op.InvalidInstrument, "margin.rate"),
        ({"margin": op.Margin(leverage="x")}, op.InvalidNumber, "margin.leverage"),
        ({"margin": op.Margin(tiers=[(100, 1)])}, op.InvalidInstrument, "margin.tiers"),
        ({"margin": op.Margin(tiers=[])}, op.InvalidInstrument, "margin.tiers"),
        ({"margin": op.Margin(tiers=[1])}, op.InvalidArgument, "margin.tiers"),
        ({"margin": op.Margin(rate=1, base="last")}, op.InvalidInstrument, "margin.base"),
        ({"margin": op.Margin(rate=1, hedged=2)}, op.InvalidInstrument, "margin.hedged"),
        ({"margin": op.Margin(rate=1, currency="EUR")}, op.InvalidInstrument, "margin.currency"),
        ({"commission": op.Commission("lots", 1)}, op.InvalidInstrument, "commission.kind"),
        ({"commission": op.Commission("rate")}, op.InvalidInstrument, "commission.taker"),
        ({"commission": op.Commission("rate", [])}, op.InvalidArgument, "commission.taker"),
        (
            {"commission": op.Commission("rate", 1, tiers=[(None, 1, 1)])},
            op.InvalidInstrument,
            "commission.tiers",
        ),
        (
            {"commission": op.Commission("rate", -1, minimum=1)},
            op.InvalidInstrument,
            "commission.minimum",
        ),
        (
            {"commission": op.Commission("rate", 1, on="open")},
            op.InvalidInstrument,
            "commission.on",
        ),
        ({"slippage": op.Slippage("ticks", 1)}, op.InvalidInstrument, "slippage.kind"),
        ({"slippage": op.Slippage("points", -1)}, op.InvalidInstrument, "slippage.value"),
        ({"slippage": op.Slippage("random", 1, seed=-1)}, op.InvalidInstrument, "slippage.seed"),
        ({"swap": op.Swap("pips")}, op.InvalidInstrument, "swap.kind"),
        ({"swap": op.Swap("points", rollover="24:00")}, op.InvalidInstrument, "swap.rollover"),
        ({"swap": op.Swap("points", rollover=17)}, op.InvalidArgument, "swap.rollover"),
        ({"swap": op.Swap("points", zone="Mars/Base")}, op.InvalidInstrument, "swap.zone"),
        (
            {"swap": op.Swap("points", multipliers=(1, 1))},
            op.InvalidInstrument,
            "swap.multipliers",
        ),
        ({"swap": op.Swap("rate", day_count=366)}, op.InvalidInstrument, "swap.day_count"),
    ],
)
def test_a_wrong_term_of_an_instrument_is_named(make_portfolio, terms, error, argument):
    portfolio = make_portfolio()
    refuses(error, argument, lambda: portfolio.register_instrument(op.Instrument("A", **terms)))
    assert portfolio.events == 0


def test_an_instrument_with_all_terms_is_taken_and_known_again(make_portfolio):
    portfolio = make_portfolio()
    instrument = op.Instrument(
        "A", price_decimals=2, size_decimals=2, tick_size="0.05", lot_step="0.1", min_size="0.1",
        max_size=100, base_currency="EUR", inverse=False,
        margin=op.Margin(tiers=[(1000, "0.1"), (None, "0.5")], base="mark", hedged="0.5"),
        commission=op.Commission("per_lot", tiers=[(1000, 2, 1), (None, 1, "0.5")], minimum=1),
        slippage=op.Slippage("random", "0.1", seed=2**64 - 1),
        swap=op.Swap("rate", "-0.05", "0.01", rollover=["17:00", "05:00"], zone="America/New_York"),
    )  # fmt: skip
    portfolio.register_instrument(instrument)
    portfolio.register_instrument(instrument)
    assert portfolio.events == 1
    refuses(
        op.InvalidPositionSize, "size",
        lambda: portfolio.open_position("A", "long", 101, 1, DAY[0]),
    )  # fmt: skip
    refuses(
        op.InstrumentExists, "symbol", lambda: portfolio.register_instrument(op.Instrument("A"))
    )


def test_a_commission_is_charged_where_no_fee_is_given(make_portfolio):
    portfolio = make_portfolio()
    portfolio.register_instrument(op.Instrument("A", commission=op.Commission("per_lot", 3)))
    first = portfolio.open_position("A", "long", 2, 100, DAY[0])
    second = portfolio.open_position("A", "long", 2, 100, DAY[0], fee=0)
    assert portfolio.positions[first].entry_fee == 6
    assert portfolio.positions[second].entry_fee == 0
    assert portfolio.close_position(first, 100, DAY[1], fee=1).exit_fee == 1


# Protection


def test_protection_is_set_changed_and_removed(make_portfolio):
    portfolio = make_portfolio()
    position_id = portfolio.open_position(
        "A", "long", 2, 100, DAY[0], take_profit=120, trailing=5, break_even=(4, 1),
        targets=[(110, 1)], exit_time=DAY[9],
    )  # fmt: skip
    assert portfolio.positions[position_id].stop_loss == 95
    shown = rows(portfolio.get_orders(), "kind", "price", "size")
    assert shown == [
        ("stop_loss", 95.0, 2.0), ("take_profit", 120.0, 2.0), ("target", 110.0, 1.0),
        ("trailing", 5.0, 2.0), ("break_even", 4.0, 2.0), ("exit_time", 0.0, 2.0),
    ]  # fmt: skip
    portfolio.modify_position(
        position_id, DAY[1], trailing=None, break_even=[3, 0], targets=((105, 1), (106, 1)),
        exit_time=None,
    )  # fmt: skip
    kinds = [kind for (kind,) in rows(portfolio.get_orders(), "kind")]
    assert kinds == ["stop_loss", "take_profit", "target", "target", "break_even"]
    portfolio.modify_position(position_id, DAY[1], break_even=None, targets=[])
    assert len(portfolio.get_orders()) == 2


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"trailing": 0}, op.InvalidProtection, "trailing"),
        ({"trailing": "far"}, op.InvalidNumber, "trailing"),
        ({"break_even": (1, 1)}, op.InvalidProtection, "break_even"),
        ({"break_even": (1, 2, 3)}, op.InvalidArgument, "break_even"),
        ({"targets": [(90, 1)]}, op.InvalidProtection, "targets"),
        ({"targets": [(110, 3)]}, op.InvalidProtection, "targets"),
        ({"targets": 110}, op.InvalidArgument, "targets"),
        ({"targets": [110]}, op.InvalidArgument, "targets"),
        ({"targets": [(110, "x")]}, op.InvalidNumber, "targets"),
        ({"exit_time": "2023-12-31"}, op.InvalidTime, "exit_time"),
        ({"exit_time": 1.5}, op.InvalidArgument, "exit_time"),
    ],
)
def test_a_wrong_protection_is_named(make_portfolio, options, error, argument):
    portfolio = make_portfolio()
    refuses(
        error, argument, lambda: portfolio.open_position("A", "long", 2, 100, DAY[0], **options)
    )
    refuses(
        error, argument,
        lambda: portfolio.place_order("A", "long", 2, DAY[0], price=100, **options),
    )  # fmt: skip
    assert portfolio.events == 0
    position_id = portfolio.open_position("A", "long", 2, 100, DAY[0])
    refuses(error, argument, lambda: portfolio.modify_position(position_id, DAY[0], **options))


def test_a_modify_says_something(make_portfolio):
    portfolio = make_portfolio()
    position_id = portfolio.open_position("A", "long", 2, 100, DAY[0])
    refuses(
        op.InvalidArgument, "stop_loss",
        lambda: portfolio.modify_position(position_id, DAY[0], trailing=op.UNSET),
    )  # fmt: skip
