"""The old portfolio once more, as plainly as it can be written, to compare the fast one with.

Each call does what its description says with the tools of the language: a list that is searched
with ``in``, a sum for each figure, a dictionary for each row. Nothing is shared with the package.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any


@dataclasses.dataclass
class ModelPosition:
    entry_time: Any
    direction: Any
    symbol: Any
    entry_price: Any
    stop_loss: Any
    take_profit: Any
    size: Any
    risk_per_trade: Any = 100.0
    initial_stop_loss: Any = None
    initial_take_profit: Any = None
    exit_time: Any = None
    exit_price: Any = None
    result: Any = None
    reason: Any = None
    is_closed: Any = False
    trigger_time: Any = None
    order_type: Any = "market"
    status: Any = "open"
    last_update: Any = None
    entry_fee: Any = 0.0
    exit_fee: Any = 0.0
    metadata: Any = dataclasses.field(default_factory=dict)

    def measured_stop(self):
        return self.stop_loss if self.initial_stop_loss is None else self.initial_stop_loss

    def multiple(self, price):
        distance = abs(self.entry_price - self.measured_stop())
        if distance == 0:
            return 0.0
        if self.direction == "long":
            return (price - self.entry_price) / distance
        return (self.entry_price - price) / distance

    def close(self, time, price, reason):
        self.exit_time = time
        self.exit_price = price
        self.reason = reason
        self.is_closed = True
        if abs(self.entry_price - self.measured_stop()) == 0:
            self.result = 0.0
        else:
            self.result = self.multiple(price) * self.risk_per_trade

    @property
    def r_multiple(self):
        if getattr(self, "_precomputed_r_multiple", None) is not None:
            return self._precomputed_r_multiple
        return 0.0 if self.exit_price is None else self.multiple(self.exit_price)

    def to_dict(self):
        def digits(value, count):
            return None if value is None else round(value, count)

        def iso(value):
            return value.isoformat() if isinstance(value, datetime | date) else value

        prices = ["entry_price", "exit_price", "initial_stop_loss", "stop_loss", "take_profit"]
        row = {
            "entry_time": iso(self.entry_time),
            "exit_time": iso(self.exit_time),
            "direction": self.direction,
            **{name: digits(getattr(self, name), 5) for name in prices},
            "size": self.size,
            "result": digits(self.result, 2),
            "reason": self.reason,
            "order_type": self.order_type,
            "status": self.status,
            "r_multiple": digits(self.r_multiple, 5),
        }
        return row | ({"meta": self.metadata} if self.metadata else {})


FRAME = [
    *("entry_time", "exit_time", "direction", "symbol", "entry_price", "exit_price"),
    *("initial_stop_loss", "stop_loss", "take_profit", "size", "result", "entry_fee", "exit_fee"),
    *("total_fee", "reason", "order_type", "status", "r_multiple", "meta"),
]


class ModelPortfolio:
    def __init__(self, initial_balance=10000.0):
        self.initial_balance = self.cash = self.equity = self.max_equity = initial_balance
        self.start_timestamp = None
        self.open_positions = []
        self.closed_positions = []
        self.expired_orders = []
        self.partial_closed_positions = []
        self.closed_position_break_even = []
        self.max_drawdown = self.initial_max_drawdown = self.total_fees = 0.0
        self.equity_curve = [(datetime(2000, 1, 1), initial_balance)]
        self.fees_log = []
        self.strategy_wrapper = None
        self.enable_backtest_robust_metrics = False
        self.backtest_robust_metrics = None

    def register_fee(self, amount, time, kind, position=None):
        fee = float(amount or 0)
        if fee == 0.0:
            return
        self.cash = self.cash - fee
        self.total_fees = self.total_fees + fee
        self.equity = self.cash
        if position is not None and kind == "entry":
            position.entry_fee = position.entry_fee + fee
        if position is not None and kind == "exit":
            position.exit_fee = position.exit_fee + fee
        entry = {"time": time, "kind": kind}
        entry["symbol"] = None if position is None else position.symbol
        entry["size"] = None if position is None else position.size
        self.fees_log.append(entry | {"fee": fee})

    def register_entry(self, position):
        if position.symbol is None or position.symbol == "":
            raise ValueError("Position must have a 'symbol' assigned.")
        self.open_positions.append(position)

    def drop(self, position):
        if position in self.open_positions:
            self.open_positions.remove(position)

    def register_exit(self, position):
        if position.status == "pending" and position.reason == "limit_expired":
            self.expired_orders.append(position)
            position.status = "closed"
            self.drop(position)
            return
        if position.status == "open" and position.reason == "partial_exit":
            self.partial_closed_positions.append(position)
        elif position.status == "open" and position.reason == "break_even_stop_loss":
            self.closed_positions.append(position)
            self.closed_position_break_even.append(position)
        elif position.status == "open":
            self.closed_positions.append(position)
        position.status = "closed"
        self.cash = self.cash + (0 if position.result is None else position.result)
        self.equity = self.cash
        self.drop(position)
        if self.strategy_wrapper is not None:
            with contextlib.suppress(Exception):
                self.tell(position.exit_time)

    def tell(self, time):
        wrapper = self.strategy_wrapper
        if wrapper.entry_timestamp_mode == "close":
            number = int(wrapper.timeframe[1:])
            units = {"M": "minutes", "H": "hours", "D": "days"}
            time = time + timedelta(**{units[wrapper.timeframe[0]]: number})
        wrapper.last_exit_time = time

    def get_open_positions(self, symbol=None):
        if symbol is None or symbol == "":
            return self.open_positions
        return [one for one in self.open_positions if one.symbol == symbol]

    def update(self, current_time):
        if self.start_timestamp is None and current_time is not None:
            self.start_timestamp = current_time
        self.equity = self.cash
        if self.equity_curve and self.equity_curve[-1][0] == current_time:
            self.equity_curve.pop()
        self.equity_curve.append((current_time, self.equity))
        self.max_equity = max(self.max_equity, self.equity)
        self.max_drawdown = max(self.max_drawdown, self.max_equity - self.equity)
        self.initial_max_drawdown = max(
            self.initial_max_drawdown, self.initial_balance - self.equity
        )

    def get_summary(self):
        closed, partial = self.closed_positions, self.partial_closed_positions
        at_risk = [one for one in closed + partial if one.risk_per_trade > 0]
        total = sum(one.risk_per_trade for one in at_risk)
        average = 0.0
        if total > 0:
            average = sum(one.r_multiple * one.risk_per_trade for one in at_risk) / total
        wins = sum(1 for one in closed if one.result is not None and one.result > 0)
        losses = sum(1 for one in closed if one.result is not None and one.result <= 0)
        summary = {
            "Initial Balance": self.initial_balance,
            "Final Balance": round(self.cash, 2),
            "Equity": round(self.equity, 2),
            "Max Drawdown": round(self.max_drawdown, 2),
            "Drawdown Initial Balance": round(self.initial_max_drawdown, 2),
            "Total Fees": round(self.total_fees, 2),
            "Total Lots": round(sum(one.size for one in closed + partial), 2),
            "Total Trades": len(closed),
            "Expired Orders": len(self.expired_orders),
            "Partial Closed Orders": len(partial),
            "Orders closed at Break Even": len(self.closed_position_break_even),
            "Avg R-Multiple": round(average, 3),
            "Winrate": round(wins / len(closed) * 100, 2) if closed else 0.0,
            "Wins": wins,
            "Losses": losses,
        }
        if self.enable_backtest_robust_metrics:
            summary.update(self.robust())
        return summary

    def robust(self):
        given = self.backtest_robust_metrics
        given = given if isinstance(given, dict) else {}
        names = [
            *("Robustness 1", "Robustness 1 Num Samples", "Cost Shock Score"),
            *("Timing Jitter Score", "Trade Dropout Score", "Ulcer Index", "Ulcer Index Score"),
            *("Data Jitter Score", "Data Jitter Num Samples", "p_mean_gt", "Stability Score"),
            "TP/SL Stress Score",
        ]
        figures = {}
        for name in names:
            default = 1.0 if name in ("p_mean_gt", "Stability Score", "TP/SL Stress Score") else 0.0
            default = 0 if name.endswith("Num Samples") else default
            key = name.lower().replace(" ", "_").replace("/", "_")
            figures[name] = given.get(key, default)
        return figures

    def get_equity_curve(self):
        balance = self.initial_balance
        points = []
        if self.start_timestamp is not None:
            points.append((self.start_timestamp, balance))
        elif self.equity_curve and self.equity_curve[0][0] != datetime(2000, 1, 1):
            points.append((self.equity_curve[0][0], balance))
        done = [
            one
            for one in self.closed_positions + self.partial_closed_positions
            if one.result is not None and one.exit_time is not None
        ]
        for one in sorted(done, key=lambda one: one.exit_time):
            balance += one.result - one.entry_fee - one.exit_fee
            points.append((one.exit_time, balance))
        return points

    def rows(self):
        """Give the rows of the frame."""
        rows = []
        for one in self.closed_positions + self.partial_closed_positions:
            values = {name: getattr(one, name, None) for name in FRAME}
            values["initial_stop_loss"] = one.measured_stop()
            values["total_fee"] = one.entry_fee + one.exit_fee
            values["meta"] = dict(one.metadata)
            rows.append(values)
        return rows

    def process_batch(self, operations: Iterable[dict]):
        """Run operations; give what was counted, and the places of those that failed."""
        counts = {"entry": 0, "exit": 0, "update": 0, "fee": 0, "done": 0, "fees": 0.0}
        failed = []
        for place, operation in enumerate(operations):
            try:
                self.one(operation, counts)
                counts["done"] += 1
            except Exception:  # noqa: BLE001, PERF203 - any failure is noted.
                failed.append(place)
        return counts, failed

    def one(self, operation, counts):
        kind = operation["type"]
        if kind == "entry":
            position = operation["position"]
            self.register_entry(position)
            counts["entry"] += 1
            fee = operation.get("fee", 0.0)
            if fee > 0:
                time = operation.get("fee_time", position.entry_time)
                self.register_fee(fee, time, operation.get("fee_kind", "entry"), position)
                counts["fee"] += 1
                counts["fees"] += fee
        elif kind == "exit":
            position = self.open_positions[operation["position_idx"]]
            time = operation.get("time")
            position.close(time, operation["price"], operation.get("reason", "signal"))
            if operation.get("fee", 0.0) != 0:
                self.register_fee(operation["fee"], time, "exit", position)
                counts["fee"] += 1
                counts["fees"] += operation["fee"]
            self.register_exit(position)
            counts["exit"] += 1
        elif kind == "update":
            self.update(operation["time"])
            counts["update"] += 1
        elif kind == "fee":
            amount = operation["amount"]
            self.register_fee(amount, operation.get("time"), operation.get("kind", "other"))
            counts["fee"] += 1
            counts["fees"] += float(amount or 0)
        else:
            raise ValueError(kind)
