"""vectorbt as an engine of the conformance cases: ``Portfolio.from_orders``, a row for each fill.

It holds one position a symbol, so a case of a hedging account is asked while no second position is
open. Orders are filled whole or not at all, and a short locks its cash. Levels are a matter of
``from_signals``, whose stops are parts of a price: a case has them when each position is opened
from flat, with its level as that part.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import vectorbt as vbt

sys.path.insert(0, str(Path(__file__).resolve().parent))

from replay import Bar, Closed, Json, Lot, NotExpressibleError, Replay, Shown, Terms, serve

MISSING_HERE: Final = {
    "orders": "orders that wait",
    "modify": "levels that are changed",
    "leverage": "leverage and margin",
}


class Vectorbt(Replay):
    """``from_orders``, and ``from_signals`` where there are levels."""

    missing = Replay.missing | MISSING_HERE
    adds = False
    modifies = False
    waits = False

    def hello(self) -> Json:
        """Say who answers."""
        return {"engine": "vectorbt", "version": version("vectorbt"), "numbers": "double"}

    def replay(self, terms: Terms, bars: list[Bar]) -> Shown:
        """Make the arrays, and one portfolio of them."""
        actions = [(bar.actions or [None])[0] for bar in bars]
        levels = any(each and (each.stop or each.target) for each in actions)
        prices = np.array([bar.prices for bar in bars], dtype=np.float64)
        options: dict[str, Any] = {
            "fees": terms.rate, "fixed_fees": terms.per_trade, "init_cash": terms.balance,
            "freq": "1D", "allow_partial": False, "lock_cash": True,
        }  # fmt: skip
        # An order at the close of a flat bar is an order at the price of the case.
        sizes = np.array([each.size if each else np.nan for each in actions])
        closes = np.array([bool(each and each.kind == "close") for each in actions])
        sizes[closes] = -sizes[closes]
        if levels:
            found = self._with_levels(prices, actions, sizes, closes, options)
        else:
            found = vbt.Portfolio.from_orders(prices[:, 3], sizes, log=True, **options)
        refused = "" if levels else _refused(found)
        return _shown(found, bars, refused)

    def _with_levels(
        self, prices: Any, actions: list[Any], sizes: Any, closes: Any, options: dict[str, Any]
    ) -> Any:
        """Give the portfolio of signals: stops and targets are parts of the price of the entry."""
        held = np.nancumsum(sizes)
        if np.any(held[closes] != 0):
            raise NotExpressibleError("levels beside partial closes")
        entry = prices[:, 3]
        stops, targets = np.full(len(entry), np.nan), np.full(len(entry), np.nan)
        for place, action in enumerate(actions):
            if action is None or action.kind != "order":
                continue
            sign = 1 if action.size > 0 else -1
            wrong = action.stop and sign * action.stop >= sign * entry[place]
            if wrong or (action.target and sign * action.target <= sign * entry[place]):
                raise NotExpressibleError("a level on the wrong side, as a part of the price")
            if action.stop:
                stops[place] = abs(1 - action.stop / entry[place])
            if action.target:
                targets[place] = abs(action.target / entry[place] - 1)
        opens = ~np.isnan(sizes) & ~closes
        longs, shorts = opens & (sizes > 0), opens & (sizes < 0)
        return vbt.Portfolio.from_signals(
            entry, longs, closes & (sizes < 0), short_entries=shorts,
            short_exits=closes & (sizes > 0), size=np.abs(np.nan_to_num(sizes)), open=prices[:, 0],
            high=prices[:, 1], low=prices[:, 2], sl_stop=stops, tp_stop=targets,
            upon_opposite_entry="ignore", **options,
        )  # fmt: skip


def _refused(found: Any) -> str:
    """Say why the last order was not taken, or not all of it."""
    records = found.logs.records
    if not len(records):
        return ""
    last = records.iloc[-1]
    if np.isnan(last["req_size"]):
        ordered = records[~np.isnan(records["req_size"])]
        last = ordered.iloc[-1] if len(ordered) else last
    if last["res_status"] != 0:
        return f"order status {int(last['res_status'])}, info {int(last['res_status_info'])}"
    return ""


def _shown(found: Any, bars: list[Bar], refused: str) -> Shown:
    lots, closed = [], []
    for row in found.exit_trades.records.to_dict("records"):
        sign = 1 if row["direction"] == 0 else -1
        size = sign * row["size"]
        entry, leave = row["entry_price"], row["exit_price"]
        gross = size * (leave - entry)
        if row["status"] == 0:
            lots.append(Lot(row["parent_id"] + 1, size, entry, gross, None, None, row["entry_idx"]))
        else:
            closed.append(Closed(size, entry, leave, gross, row["pnl"], 0, row["entry_idx"],
                                 row["exit_idx"]))  # fmt: skip
    for lot in lots:
        orders = [a for bar in bars[: lot.entry_bar + 1] for a in bar.actions if a.kind == "order"]
        lot.number = orders[-1].number
    return Shown(float(found.value().iloc[-1]), lots, closed, refused)


if __name__ == "__main__":
    serve(Vectorbt())
