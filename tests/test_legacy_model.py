"""The fast old portfolio against the plain one: random calls, and changes from outside.

Both get the same arguments, drawn once; objects are paired by their number. After each call all
that can be seen of both is compared, to the last bit of each float.
"""

from __future__ import annotations

import math
import os
from datetime import datetime, timedelta, timezone
from random import Random
from unittest.mock import ANY

import pandas as pd
import pytest

from legacy_model import FRAME, ModelPortfolio, ModelPosition
from omega_portfolio.legacy import Portfolio, PortfolioPosition

SEED = int(os.environ.get("OMEGA_TEST_SEED", "1"))
ROUNDS = 150
STEPS = 60
T0 = datetime(2024, 1, 2)
REASONS = [
    *("take_profit", "stop_loss", "break_even_stop_loss", "partial_exit", "limit_expired"),
    *("signal", "", None),
]
LISTS = [
    *("open_positions", "closed_positions", "expired_orders", "partial_closed_positions"),
    "closed_position_break_even",
]
FIGURES = [
    *("initial_balance", "cash", "equity", "start_timestamp", "max_equity", "max_drawdown"),
    *("initial_max_drawdown", "total_fees", "fees_log", "equity_curve"),
]


class Wrapper:
    last_exit_time = None

    def __init__(self, mode, timeframe):
        self.entry_timestamp_mode, self.timeframe = mode, timeframe


class Twins:
    """A portfolio of each kind, and the positions of both by number."""

    def __init__(self, seed: int, **options: object) -> None:
        self.random = Random(seed)
        balance = self.random.choice([10000.0, 1000, 0.1, 1e12])
        self.sides = (Portfolio(balance, **options), ModelPortfolio(balance))
        self.kinds = (PortfolioPosition, ModelPosition)
        self.positions: list[tuple] = []
        self.wrappers: list[tuple] = []
        self.calls: dict[str, int] = {}
        self.make()

    # What is drawn.

    def time(self):
        odd = [None, datetime(2000, 1, 1)]
        if self.random.random() < 0.05:
            return self.random.choice(odd)
        return T0 + timedelta(hours=self.random.randrange(30))

    def price(self):
        return self.random.choice([100.0, 95.0, 105.0, 100, self.random.uniform(90, 110), 0.0])

    def amount(self):
        small = [0, None, 0.1, -0.1, 2.675, 1, "0.5"]
        if self.random.random() < 0.03:
            return self.random.choice([math.nan, "text", "text"])
        return self.random.choice([*small, self.random.uniform(-5, 5)])

    def pair(self):
        return self.random.choice(self.positions)

    def fields(self) -> dict:
        draw = self.random
        return {
            "entry_time": self.time(),
            "direction": draw.choice(["long", "short", "LONG"]),
            "symbol": draw.choice(["ACME", "BOLT", "ACME", "BOLT", "", None]),
            "entry_price": draw.choice([100.0, self.price()]),
            "stop_loss": draw.choice([95.0, 105.0, self.price()]),
            "take_profit": self.price(),
            "size": draw.choice([1.0, 2, -1.0, draw.uniform(0, 3)]),
            "risk_per_trade": draw.choice([100.0, 100.0, 50, 0.0, -10.0]),
            "initial_stop_loss": draw.choice([None, None, 95.0, 100.0]),
            "status": draw.choice(["open", "open", "open", "pending", "closed"]),
            "metadata": draw.choice([{}, {"a": 1}]),
        }

    # What is done.

    def make(self):
        if self.positions and self.random.random() < 0.4:  # a twin of what there is
            found = self.pair()
            made = [kind(**vars_of(one)) for kind, one in zip(self.kinds, found, strict=True)]
        else:
            fields = self.fields()
            made = [kind(**fields) for kind in self.kinds]
        self.positions.append(tuple(made))

    def enter(self):
        self.both("register_entry", self.pair())

    def close(self):
        pair, arguments = self.pair(), (self.time(), self.price(), self.random.choice(REASONS))
        for position in pair:
            position.close(*arguments)

    def leave(self):
        self.both("register_exit", self.pair())

    def close_newest(self):
        for side in self.sides:
            if side.open_positions:
                position = side.open_positions[-1]
                if hasattr(position, "close"):
                    position.close(T0, 101.0, "signal")
                    position.status = "open"
                    side.register_exit(position)

    def charge(self):
        pair = self.random.choice([self.pair(), (None, None)])
        kind = self.random.choice(["entry", "exit", "swap", "Entry"])
        self.both("register_fee", self.amount(), self.time(), kind, pair)

    def update(self):
        self.both("update", self.time())

    def change(self):
        name, value = self.random.choice(
            [
                *[("status", one) for one in ("open", "pending", "closed", "".join("open"))],
                *[("reason", one) for one in REASONS],
                *[("stop_loss", self.price()), ("size", 3.0), ("exit_time", self.time())],
                *[("result", None), ("_precomputed_r_multiple", 1.5), ("entry_fee", 1.0)],
            ]
        )
        for position in self.pair():
            setattr(position, name, value)

    def change_list(self):
        name = self.random.choice(LISTS)
        pair = self.random.choice([self.pair(), ("text", "text"), (ANY, ANY)])
        if name != "open_positions" and not hasattr(pair[0], "close"):
            return
        place, how = self.random.randrange(5), self.random.choice(["insert", "pop", "new"])
        for side, one in zip(self.sides, pair, strict=True):
            items = getattr(side, name)
            if how == "insert":
                items.insert(place, one)
            elif how == "pop" and items:
                items.pop()
            elif how == "new":
                setattr(side, name, list(items))

    def replace(self):
        name, value = self.random.choice(
            [
                *[("cash", 500.0), ("cash", 7), ("equity", 3.0), ("start_timestamp", None)],
                *[("equity_curve", []), ("equity_curve", [(T0, 5.0)]), ("max_equity", 0.0)],
                *[("enable_backtest_robust_metrics", one) for one in (True, False)],
                *[("backtest_robust_metrics", one) for one in ({"p_mean_gt": 0.5}, None, 5)],
            ]
        )
        for side in self.sides:
            setattr(side, name, list(value) if isinstance(value, list) else value)

    def wrap(self):
        form = self.random.choice([("open", "M5"), ("close", "H4"), ("close", "?"), ("close", "D")])
        self.wrappers.append((Wrapper(*form), Wrapper(*form)))
        for side, wrapper in zip(self.sides, self.wrappers[-1], strict=True):
            side.strategy_wrapper = wrapper

    def batch(self):
        both: tuple[list, list] = ([], [])
        for _ in range(self.random.randrange(6)):
            operation, pair = self.operation()
            for operations, one in zip(both, pair, strict=True):
                named = {"position": one} if "position" in operation else {}
                operations.append(operation | named)
        ours = self.sides[0].process_batch(both[0])
        counts, failed = self.sides[1].process_batch(both[1])
        assert [place for place, _ in ours.errors] == failed
        assert all(text for _, text in ours.errors)
        assert ours.operations_processed == counts["done"]
        assert ours.entries_registered == counts["entry"]
        assert ours.exits_registered == counts["exit"]
        assert ours.updates_performed == counts["update"]
        assert ours.fees_registered == counts["fee"]
        assert repr(ours.total_fees) == repr(counts["fees"])
        assert repr((ours.final_cash, ours.final_equity)) == repr(
            (self.sides[1].cash, self.sides[1].equity)
        )

    def operation(self):
        draw, fee = self.random, self.random.choice([{}, {"fee": 0.0}, {"fee": 0.3}, {"fee": -1.0}])
        pair = self.pair()
        kinds = [
            {"type": "entry", "position": None, **fee},
            {"type": "entry", "position": None, "fee": 1, "fee_kind": "x", "fee_time": T0},
            {"type": "exit", "position_idx": draw.randrange(-4, 4), "price": self.price(), **fee},
            {"type": "exit", "position_idx": 0, "price": 101.0, "time": self.time()},
            {"type": "exit", "position_idx": -1, "price": 101.0, "reason": draw.choice(REASONS)},
            {"type": "update", "time": self.time()},
            {"type": "fee", "amount": self.amount(), "time": self.time(), "kind": "swap"},
            {"type": "fee", "amount": 0.1},
            draw.choice([{"type": "?"}, {}, {"type": "exit"}, {"type": "entry"}]),
        ]
        return draw.choice(kinds), pair

    # How it is compared.

    def both(self, call: str, *arguments: object) -> None:
        outcomes = []
        for place, side in enumerate(self.sides):
            given = [one[place] if isinstance(one, tuple) else one for one in arguments]
            try:
                getattr(side, call)(*given)
                outcomes.append("done")
            except Exception as error:  # noqa: BLE001 - both must fail in the same way.
                outcomes.append(type(error).__name__)
        assert outcomes[0] == outcomes[1], (call, outcomes)
        name = f"{call} {outcomes[0]}"
        self.calls[name] = self.calls.get(name, 0) + 1

    def seen(self, place: int) -> dict[str, object]:
        side = self.sides[place]
        numbers = {id(pair[place]): number for number, pair in enumerate(self.positions)}
        frozen: dict[str, object] = {name: repr(getattr(side, name)) for name in FIGURES}
        for name in LISTS:
            frozen[name] = [numbers.get(id(one), one) for one in getattr(side, name)]
        for number, pair in enumerate(self.positions):
            frozen[f"position {number}"] = repr(list(vars_of(pair[place]).items()))
            frozen[f"multiple {number}"] = repr(pair[place].r_multiple)
            frozen[f"row {number}"] = repr(pair[place].to_dict())
        frozen["told"] = [pair[place].last_exit_time for pair in self.wrappers]
        frozen["summary"] = repr(attempt(side.get_summary))
        frozen["curve"] = repr(attempt(side.get_equity_curve))
        acme = attempt(lambda: side.get_open_positions("ACME"))
        frozen["acme"] = [numbers.get(id(one)) for one in acme] if type(acme) is list else acme
        return frozen


def vars_of(position) -> dict:
    found = dict(vars(position))
    found.pop("_precomputed_r_multiple", None)
    return found


def attempt(call):
    try:
        return call()
    except (TypeError, AttributeError) as error:
        return type(error).__name__


STEPS_BY_NAME = {
    "make": 3, "enter": 6, "close": 4, "leave": 5, "close_newest": 2, "charge": 4, "update": 4,
    "change": 4, "change_list": 2, "replace": 1, "wrap": 1, "batch": 2,
}  # fmt: skip


def run(seed: int, **options: object) -> Twins:
    twins = Twins(seed, **options)
    names = twins.random.choices(list(STEPS_BY_NAME), list(STEPS_BY_NAME.values()), k=STEPS)
    for name in names:
        getattr(twins, name)()
        ours, theirs = twins.seen(0), twins.seen(1)
        assert ours == theirs, f"seed {seed}, after {name}"
    return twins


def test_random_calls_do_the_same():
    calls: dict[str, int] = {}
    longest = 0
    for number in range(ROUNDS):
        twins = run(SEED * 1_000_003 + number)
        longest = max(longest, len(twins.sides[0].closed_positions))
        for name, count in twins.calls.items():
            calls[name] = calls.get(name, 0) + count
    assert longest >= 5
    assert calls["register_entry done"] > 500
    assert calls["register_entry ValueError"] > 100
    assert calls["register_exit done"] > 500
    assert calls["register_fee done"] > 300
    assert calls["register_fee ValueError"] > 0
    assert calls["update done"] > 300


@pytest.mark.parametrize("zone", [None, timezone.utc])
@pytest.mark.parametrize("odd", [False, True], ids=["even", "odd"])
def test_the_frame_is_that_of_its_rows(zone, odd):
    """Types are found by pandas, from columns as from rows."""
    random = Random(SEED)
    sides = (Portfolio(), ModelPortfolio())
    for number in range(300):
        fields = {
            "entry_time": T0.replace(tzinfo=zone) + timedelta(hours=number),
            "direction": random.choice(["long", "short"]), "symbol": "ACME",
            "entry_price": random.choice([100.0, 101]) if odd else 100.0, "stop_loss": 95.0,
            "take_profit": None if odd and number % 7 == 0 else 110.0,
            "size": random.uniform(0, 2), "initial_stop_loss": random.choice([None, 90.0]),
            "metadata": {"n": number} if odd else {},
        }  # fmt: skip
        exit_time = fields["entry_time"] + timedelta(minutes=random.randrange(90))
        if odd and number % 5 == 0:
            exit_time = None
        reason = random.choice(REASONS)
        for side, kind in zip(sides, (PortfolioPosition, ModelPosition), strict=True):
            position = kind(**fields)
            side.register_entry(position)
            if not odd or number % 11:
                position.close(exit_time, 101.5, reason)
            side.register_exit(position)
    rows = pd.DataFrame(sides[1].rows(), columns=FRAME)
    pd.testing.assert_frame_equal(sides[0].trades_to_dataframe(), rows)
    assert len(rows) == 300
