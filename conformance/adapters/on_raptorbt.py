"""raptorbt as an engine of the conformance cases: its session that is stepped bar by bar.

Orders are typed orders with units, filled at the close of their bar (``same_bar_close``), in its
margin account. Its hedging mode is used where a case has several positions of a symbol.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import raptorbt

sys.path.insert(0, str(Path(__file__).resolve().parent))

from replay import Action, Bar, Closed, Json, Lot, NotExpressibleError, Replay, Shown, Terms, serve

MINUTE: Final = 60_000_000_000
REASONS: Final = {"stoploss": "stop_loss", "takeprofit": "take_profit"}


class Raptorbt(Replay):
    """``KernelSession`` with the order management that a case has."""

    partial_hedges = False

    def begin(self, case: Json) -> None:
        """Choose the mode."""
        super().begin(case)
        self._hedges = "hedging" in case["features"]

    def hello(self) -> Json:
        """Say who answers."""
        return {"engine": "raptorbt", "version": version("raptorbt"), "numbers": "double"}

    def commissions(self) -> tuple[str, ...]:
        """Give the kinds of commission: a rate of the value."""
        return ("rate",)

    def replay(self, terms: Terms, bars: list[Bar]) -> Shown:
        """Step over the bars."""
        config = raptorbt.BacktestConfig(
            initial_capital=terms.balance, fees=terms.rate, fill_timing="same_bar_close"
        )
        session = raptorbt.KernelSession(
            "A", config=config, oms_type="hedging" if self._hedges else "netting",
            account_type="margin", leverage=terms.leverage,
        )  # fmt: skip
        closed: list[Closed] = []
        orders: dict[int, int] = {}
        names: dict[int, int] = {}
        refused = ""
        for place, bar in enumerate(bars):
            for action in bar.actions:
                if not action.rests:
                    self._act(session, action, place, orders, names)
            opens, high, low, close = bar.prices
            stamp = (place + 1) * MINUTE
            events = session.step(place, stamp, opens, high, low, close, 1e9)
            for event in events:
                if event.kind == "order_rejected":
                    refused = event.reject_reason or "rejected"
                if event.trade is not None:
                    closed.append(_closed(event.trade))
            _name(session, names, bar.actions, events)
            # What rests is there from the next bar on.
            for action in bar.actions:
                if action.rests:
                    self._act(session, action, place, orders, names)
        if refused == "position_open":
            raise NotExpressibleError("increases of a position")
        lots = [
            Lot(
                names.get(held.position_id, 1),
                held.size * held.direction,
                held.entry_price,
                held.size * held.direction * (bars[-1].prices[3] - held.entry_price),
                held.stop_price,
                held.target_price,
                held.entry_idx,
            )
            for held in session.positions()
        ]
        return Shown(session.equity(), lots, closed, refused)

    def _act(
        self,
        session: Any,
        action: Action,
        place: int,
        orders: dict[int, int],
        names: dict[int, int],
    ) -> None:
        own = [key for key, number in names.items() if number == action.number]
        if action.kind == "cancel":
            session.cancel_order(place, orders[action.number])
        elif action.kind == "levels":
            session.set_stop_price(action.stop, own[0])
            session.set_target_price(action.target, own[0])
        else:
            buys = (action.size > 0) == (action.kind == "order")
            kind = "limit" if action.limit else "stop_market" if action.trigger else "market"
            if action.kind == "close" and len(own) == 1:
                (held,) = [one for one in session.positions() if one.position_id == own[0]]
                if held.size == abs(action.size):
                    session.request_close(own[0])
                    return
            orders[action.number] = session.submit_order(
                "buy" if buys else "sell", kind, place, (place + 1) * MINUTE,
                f"{action.kind} {action.number} {place}", units=abs(action.size),
                limit_price=action.limit, trigger_price=action.trigger,
                stop_price=action.stop, target_price=action.target,
            )  # fmt: skip


def _name(session: Any, names: dict[int, int], actions: list[Action], events: list[Any]) -> None:
    """Give a new position the number of the order that opened it."""
    fills = [event.client_order_id for event in events if event.kind == "order_filled"]
    opened = [int(fill.split()[1]) for fill in fills if fill and fill.startswith("order")]
    opened += [action.number for action in actions if action.kind == "order"]
    fresh = [held for held in session.positions() if held.position_id not in names]
    for held, number in zip(fresh, dict.fromkeys(opened), strict=False):
        names[held.position_id] = number


def _closed(trade: Any) -> Closed:
    reason = REASONS.get(trade.exit_reason.replace("_", "").lower())
    return Closed(
        trade.size * trade.direction, trade.entry_price, trade.exit_price,
        trade.pnl + trade.fees, trade.pnl, 0, trade.entry_idx, trade.exit_idx, None, None, reason,
    )  # fmt: skip


if __name__ == "__main__":
    serve(Raptorbt())
