"""Orders, protection and stop-out of the Python backend: figures worked out by hand (SPEC 17)."""

from __future__ import annotations

import random
from typing import Any

import pytest

import omega_portfolio as op
from omega_portfolio.oracle.invariants import INVARIANTS
from order_accounts import (
    PATHS,
    D,
    Make,
    activity,
    bar,
    fills,
    orders,
    rows,
)

# Orders


def test_a_fill_cancels_its_group(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.mark({"A": 100, "B": 50}, time=0)
    pf.place_order("A", "buy", 1, 0, type="stop", price=105, oco="g")
    pf.place_order("A", "sell", 1, 0, type="stop", price=95, oco="g")
    pf.place_order("B", "sell", 1, 0, price=60, oco="g")
    pf.place_order("B", "sell", 1, 0, price=60, oco="h")
    bar(pf, 1, 100, 106, 94, 105)
    assert activity(pf)[4:] == [
        ("filled", 1, 1, 105, ""),
        ("cancelled", 2, 0, 95, "oco"),
        ("cancelled", 3, 0, 60, "oco"),
    ]
    assert orders(pf) == [(4, 0, "limit", 60, 1)]


def test_orders_expire(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.place_order("A", "buy", 1, 0, price=99, expiry=10)
    pf.place_order("A", "buy", 1, 0, price=90, expiry=20)
    pf.place_order("A", "buy", 1, 0, price=98, expiry=20)
    pf.place_order("B", "buy", 1, 0, price=98, expiry=5)
    # The first is over before the bar of 20; of the others one fills in it, one ends with it.
    bar(pf, 20, 100, 101, 97, 100)
    assert activity(pf)[4:] == [
        ("expired", 1, 0, 99, ""),
        ("filled", 3, 1, 98, ""),
        ("expired", 2, 0, 90, ""),
    ]
    assert orders(pf) == [(4, 0, "limit", 98, 1)]
    with pytest.raises(op.InvalidTime, match="expiry"):
        pf.place_order("A", "buy", 1, 20, price=98, expiry=19)


def test_an_order_is_cancelled_once(make_oracle: Make) -> None:
    pf = make_oracle()
    number = pf.place_order("A", "buy", 1, 0, price=99)
    pf.cancel_order(number, 3)
    assert activity(pf) == [("placed", 1, 0, 99, ""), ("cancelled", 1, 0, 99, "")]
    with pytest.raises(op.OrderNotFound) as caught:
        pf.cancel_order(number, 3)
    assert (caught.value.code, caught.value.argument) == (4027, "order_id")
    assert pf.place_order("A", "buy", 1, 3, price=99) == 2


def test_an_order_without_margin_is_gone(make_oracle: Make) -> None:
    pf = make_oracle("1000", leverage=1)
    pf.place_order("A", "buy", 20, 0, price=90, oco="g")
    pf.place_order("A", "buy", 10, 0, price=89, oco="g")
    bar(pf, 1, 100, 100, 88, 95)
    assert activity(pf)[2:] == [("refused", 1, 0, 90, "margin"), ("filled", 2, 1, 89, "")]
    assert orders(pf) == []
    assert pf.margin_used == 890


def test_netting_orders_reduce_flip_and_increase(make_oracle: Make) -> None:
    pf = make_oracle(mode="netting")
    pf.open_position("A", "long", 2, 100, 0, stop_loss=80)
    pf.place_order("A", "buy", 2, 0, price=90, stop_loss=85)
    pf.place_order("A", "sell", 1, 0, price=110)
    pf.place_order("A", "sell", 5, 0, price=120, take_profit=95, tag="f")
    bar(pf, 1, 95, 96, 89, 95)
    assert (pf.positions[1].size, pf.positions[1].entry_price) == (4, 95)
    assert pf.positions[1].stop_loss == 85
    assert bar(pf, 2, 105, 111, 104, 110) == [(1, 110, "reduce")]
    assert bar(pf, 3, 112, 121, 111, 115) == [(3, 120, "flip")]
    flipped = pf.positions[2]
    assert (flipped.side, flipped.size, flipped.entry_price) == ("short", 2, 120)
    assert (flipped.take_profit, flipped.tag) == (95, "f")
    # 15 for the one that is sold, 25 for each of the three that the flip closes.
    assert pf.realized_pnl == 90


def test_orders_are_asked_in_the_order_of_their_rules(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.mark({"A": (100, 101)}, time=5)
    good: dict[str, Any] = {"price": 99, "stop_loss": 98, "take_profit": 105, "expiry": 9}
    refused: list[tuple[dict[str, Any], type[op.OmegaPortfolioError], str]] = [
        ({"type": "iceberg"}, op.InvalidArgument, "type"),
        ({"type": "market"}, op.InvalidArgument, "price"),
        ({"price": None}, op.InvalidArgument, "price"),
        ({"price": 0}, op.InvalidPrice, "price"),
        ({"price": "99.001"}, op.InvalidPrice, "price"),
        ({"price": "101.01"}, op.InvalidPrice, "price"),
        ({"type": "stop", "price": "100.99"}, op.InvalidPrice, "price"),
        ({"stop_loss": 99}, op.InvalidStopLoss, "stop_loss"),
        ({"take_profit": 99}, op.InvalidTakeProfit, "take_profit"),
        ({"trailing": 99}, op.InvalidProtection, "trailing"),
        ({"trailing": 0}, op.InvalidProtection, "trailing"),
        ({"break_even": (1, 1)}, op.InvalidProtection, "break_even"),
        ({"targets": [(105, 1)]}, op.InvalidProtection, "targets"),
        ({"targets": [(99, 1)]}, op.InvalidProtection, "targets"),
        ({"targets": [(101, "1.01")]}, op.InvalidProtection, "targets"),
        ({"targets": [(101, "0.5"), (102, "0.51")]}, op.InvalidProtection, "targets"),
        ({"exit_time": 4}, op.InvalidTime, "exit_time"),
        ({"expiry": 4}, op.InvalidTime, "expiry"),
    ]
    before = pf.digest
    for change, error, argument in refused:
        with pytest.raises(error) as caught:
            pf.place_order("A", "buy", 1, 5, **(good | change))
        assert caught.value.argument == argument, change
    assert pf.digest == before
    pf.place_order("A", "buy", 1, 5, **good)
    pf.place_order("A", "buy", 1, 5, **(good | {"price": 101}))
    pf.place_order("A", "sell", 1, 5, price=100)
    pf.place_order("A", "sell", 1, 5, type="stop", price=100)
    assert len(pf.get_orders()) == 4


def test_levels_of_a_market_order_have_an_order_of_their_own(make_oracle: Make) -> None:
    pf = make_oracle()
    order: dict[str, Any] = {"type": "market", "stop_loss": 5000}
    with pytest.raises(op.InvalidStopLoss):
        pf.place_order("A", "buy", 1, 0, type="market", stop_loss="1.001")
    with pytest.raises(op.InvalidProtection, match="targets"):
        pf.place_order("A", "buy", 1, 0, **order, take_profit=10, targets=[(10, 1)])
    pf.place_order("A", "buy", 1, 0, **order, take_profit=10, targets=[("9.99", 1)])
    pf.place_order("A", "sell", 1, 0, **order, take_profit=10, targets=[("10.01", 1)])


# Protection


def test_trailing_moves_after_the_bar(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 1, 100, 0, trailing=5, stop_loss=90)
    pf.open_position("A", "short", 1, 100, 0, trailing=5)
    assert (pf.positions[1].stop_loss, pf.positions[2].stop_loss) == (95, 105)
    # 95.01 is above 95, and the high of 104 would have moved it to 99 before.
    assert bar(pf, 1, 100, 104, "95.01", 103) == []
    assert (pf.positions[1].stop_loss, pf.positions[2].stop_loss) == (99, D("100.01"))
    trades = pf.process_bar(2, {"A": (100, 101, 98, 99)})
    assert fills(trades) == [(1, 99, "trailing_stop"), (1, D("100.01"), "trailing_stop")]
    assert [trade.stop_loss for trade in trades] == [95, 105]


def test_break_even_waits_for_its_trigger(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 1, 100, 0, break_even=(5, 1))
    pf.open_position("A", "short", 1, 100, 0, break_even=5)
    assert bar(pf, 1, 100, "104.99", 96, 103, "0.5") == []
    assert (pf.positions[1].stop_loss, pf.positions[2].stop_loss) == (None, None)
    # The ask comes to 95, five below the entry of the short.
    assert bar(pf, 2, 97, 105, "94.5", 98, "0.5") == []
    assert (pf.positions[1].stop_loss, pf.positions[2].stop_loss) == (101, 100)
    assert bar(pf, 3, 102, 102, 102, 102) == [(1, 102, "break_even")]
    assert bar(pf, 4, 102, 103, 101, 102) == [(1, 101, "break_even")]


def test_targets_close_parts(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 3, 100, 0, targets=[(110, 1), (105, 1)], take_profit=120)
    trades = pf.process_bar(1, {"A": (100, 112, 99, 111)})
    assert fills(trades) == [(1, 105, "target"), (1, 110, "target")]
    assert [trade.gross_pnl for trade in trades] == [5, 10]
    assert orders(pf) == [(0, 1, "take_profit", 120, 1)]
    # What is held may be less than what a target is for.
    pf.modify_position(1, 1, targets=[(115, 1)])
    pf.close_position(1, 111, 1, size="0.6")
    assert bar(pf, 2, 112, 125, 112, 113) == [(D("0.4"), 115, "target")]


def test_time_exits_come_first(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 1, 100, 0, stop_loss=95, exit_time=30)
    pf.open_position("A", "short", 1, 100, 0, exit_time=31)
    assert bar(pf, 29, 100, 101, 99, 100) == []
    assert bar(pf, 30, 94, 96, 93, 95, "0.5") == [(1, 94, "time_exit")]
    assert bar(pf, 40, 94, 96, 93, 95, "0.5") == [(1, D("94.5"), "time_exit")]


def test_modify_gives_and_takes_protection(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("A", "long", 2, 100, 0, stop_loss=90)
    pf.mark({"A": (110, 111)}, time=1)
    pf.modify_position(
        1, 1, trailing=5, break_even=(20, 1), targets=[(120, 1), (115, 1)], exit_time=9
    )
    assert orders(pf) == [
        (0, 1, "stop_loss", 105, 2),
        (0, 1, "target", 120, 1),
        (0, 1, "target", 115, 1),
        (0, 1, "trailing", 5, 2),
        (0, 1, "break_even", 20, 2),
        (0, 1, "exit_time", 0, 2),
    ]
    pf.modify_position(1, 1, trailing=None, break_even=None, targets=None, exit_time=None)
    assert orders(pf) == [(0, 1, "stop_loss", 105, 2)]
    with pytest.raises(op.InvalidArgument) as caught:
        pf.modify_position(1, 1)
    assert caught.value.argument == "stop_loss"
    for change, argument in (
        ({"trailing": 110}, "trailing"),
        ({"break_even": (5, 6)}, "break_even"),
        ({"targets": [(110, 1)]}, "targets"),
        ({"take_profit": 120, "targets": [(120, 1)]}, "targets"),
    ):
        with pytest.raises(op.InvalidProtection) as refused:
            pf.modify_position(1, 1, **change)  # type: ignore[arg-type]
        assert refused.value.argument == argument
    assert bar(pf, 2, 106, 106, 104, 105) == [(2, 105, "trailing_stop")]


# Margin call and stop-out


def test_a_stop_out_is_at_the_exact_tick(make_oracle: Make) -> None:
    pf = make_oracle("1000", stop_out=50)
    pf.open_position("A", "long", 90, 100, 0)
    # Below 50 percent of 900: 1000 + 90 (p - 100) < 450, p < 93.888...
    trades = pf.process_bar(1, {"A": (100, 101, 90, 92)})
    assert fills(trades) == [(90, D("93.88"), "stop_out")]
    assert trades[0].gross_pnl == D("-550.8")
    assert pf.equity == D("449.2")
    assert activity(pf) == [("stop_out", 0, 1, 93.88, "")]


def test_a_stop_out_closes_the_worst_until_it_is_enough(make_oracle: Make) -> None:
    pf = make_oracle("1000", stop_out=50, margin_call=80)
    pf.open_position("A", "short", 45, 100, 0)
    pf.open_position("A", "short", 45, 99, 0)
    # Margin 895.5, costs 8955. Below: 1000 + 8955 - 90 (p + 0.01) < 447.75, p + 0.01 > 105.636...
    # The second is the worst: 45 (99 - 105.64) = -298.8. The first is then alone: margin 450,
    # 1000 - 298.8 + 4500 - 45 a < 225, a > 110.559..., which the high of 108 does not come to.
    trades = pf.process_bar(1, {"A": (100, 108, 99, 107, "0.01")})
    assert fills(trades) == [(45, D("105.64"), "stop_out")]
    assert trades[0].gross_pnl == D("-298.8")
    assert len(pf.positions) == 1
    # 701.2 + 45 (100 - 107.01) = 385.75 is 85.7 percent of 450; 108.01 makes it 75.7.
    assert [row[0] for row in activity(pf)] == ["stop_out"]
    pf.process_quotes(2, {"A": (108, "108.01")})
    assert [row[0] for row in activity(pf)] == ["stop_out", "margin_call"]
    pf.process_quotes(3, {"A": (108, "108.01")})
    assert len(pf.get_activity()) == 2


def test_quotes_stop_out_at_the_marks(make_oracle: Make) -> None:
    pf = make_oracle("1000", stop_out=50)
    pf.open_position("A", "long", 90, 100, 0)
    assert fills(pf.process_quotes(1, {"A": 90})) == [(90, 90, "stop_out")]
    assert pf.equity == 100


# All together


def test_limits_pay_as_makers(make_oracle: Make) -> None:
    commission = op.Commission("per_trade", "2", maker="0.5")
    pf = make_oracle(terms={"commission": commission})
    pf.place_order("A", "buy", 2, 0, price=99, take_profit=103, targets=[(102, 1)])
    pf.place_order("A", "buy", 1, 0, type="stop", price=101, stop_loss=100)
    trades = pf.process_bar(1, {"A": (100, 101, 99, 100)})
    assert [(trade.entry_fee, trade.exit_fee) for trade in trades] == [(2, 2)]
    trades = pf.process_bar(2, {"A": (100, 104, 100, 104)})
    # Each half of the position takes half of its entry fee.
    assert [(trade.entry_fee, trade.exit_fee) for trade in trades] == [(D("0.25"), D("0.5"))] * 2
    names = ("order_id", "price", "fee", "liquidity", "reason")
    assert rows(pf.get_fills(), *names) == [
        (1, 99, 0.5, "maker", ""),
        (2, 101, 2, "taker", ""),
        (0, 100, 2, "taker", "stop_loss"),
        (0, 102, 0.5, "maker", "target"),
        (0, 103, 0.5, "maker", "take_profit"),
    ]


def test_the_snapshot_of_orders_has_all_columns(make_oracle: Make) -> None:
    pf = make_oracle()
    pf.open_position("B", "short", 1, 50, 0, exit_time=7, tag="p")
    pf.place_order("A", "sell", 2, 0, price=105, expiry=9, oco="g", tag="t")
    table = pf.get_orders(exact=True).to_pyarrow()
    assert [str(field.type) for field in table.schema] == [
        "uint64",
        "uint64",
        "string_view",
        "string_view",
        "string_view",
        "decimal128(38, 9)",
        "decimal128(38, 9)",
        "timestamp[us, tz=UTC]",
        "string_view",
        "string_view",
    ]
    order, exit_time = (list(row.values()) for row in table.to_pylist())
    assert order[:7] == [1, 0, "A", "short", "limit", 105, 2]
    assert (order[7].microsecond, order[8:]) == (9, ["g", "t"])
    assert exit_time[:7] == [0, 1, "B", "short", "exit_time", 0, 1]
    assert (exit_time[7].microsecond, exit_time[8:]) == (7, ["", "p"])


@pytest.mark.parametrize("seed", range(12))
def test_random_bars_and_orders_keep_every_invariant(make_oracle: Make, seed: int) -> None:
    source = random.Random(seed)
    pf = make_oracle(
        source.choice([60, 5000]),
        mode=source.choice(["hedging", "netting"]),
        rounding=source.choice(["exact", "cents"]),
        off_grid="round",
        stop_out=50,
        terms={"slippage": op.Slippage("random", "0.1", seed=seed)},
    )
    pf._ledger.invariants = INVARIANTS

    def around(price: float, width: float) -> float:
        return price + source.uniform(-width, width)

    price, refused = 100.0, 0
    for time in range(60):
        before = pf.digest
        try:
            side, level = source.choice(["buy", "sell"]), around(price, 3)
            protection: dict[str, Any] = {}
            if source.random() < 0.5:
                protection = {"trailing": source.uniform(0.1, 2), "break_even": (1.5, 0.1)}
            pf.place_order(
                "A",
                side,
                source.uniform(0.1, 3),
                time,
                type=source.choice(["limit", "stop"]),
                price=level,
                stop_loss=level - 1 if side == "buy" else level + 1,
                targets=[(level + 1.5 if side == "buy" else level - 1.5, 0.05)],
                expiry=time + source.randrange(5),
                oco=source.choice(["", "g"]),
                **protection,
            )
        except op.OmegaPortfolioError:
            refused += 1
            assert pf.digest == before
        first, last = around(price, 0.5), around(price, 2)
        high, low = max(first, last) + source.random(), min(first, last) - source.random()
        pf.process_bar(time, {"A": (first, high, low, last, 0.02)}, path=source.choice(PATHS))
        price = last
    assert 0 < refused < 60
    assert len(pf.get_trades()) > 0
