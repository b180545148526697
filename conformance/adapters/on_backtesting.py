"""backtesting.py as an engine of the conformance cases.

An order of a bar is filled at the open of the next one. The equity is what the strategy reads,
trades and orders are its lists. Sizes are whole.
"""

from __future__ import annotations

import re
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import backtesting
import pandas as pd
from backtesting import Backtest, Strategy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from replay import Action, Bar, Closed, Json, Lot, Replay, Shown, Terms, serve

backtesting.backtesting._tqdm = lambda sequence, **_: sequence
CANCELLED = re.compile(r"time=(\d+): Broker canceled")


class Story(Strategy):  # type: ignore[misc]
    """Does at each bar what the case says."""

    bars: list[Bar] = []  # noqa: RUF012
    shown: list[Shown] = []  # noqa: RUF012
    netting = False

    def init(self) -> None:
        """Compute nothing ahead."""
        self.place = -1
        self.refused = ""

    def next(self) -> None:
        """Carry out the actions of this bar; after the last one, look."""
        self.place += 1
        bar = self.bars[self.place]
        for action in bar.actions:
            self.try_to(action)
        if self.place == len(self.bars) - 1:
            self.shown.append(self.look())

    def try_to(self, action: Action) -> None:
        """Carry out an action, or keep why it was refused."""
        try:
            self.act(action)
        except ValueError as error:
            self.refused = str(error)

    def act(self, action: Action) -> None:
        """Carry out an action."""
        tag = (action.number, action.tag)
        if action.kind == "order":
            (self.buy if action.size > 0 else self.sell)(
                size=abs(action.size), sl=action.stop, tp=action.target, limit=action.limit,
                stop=action.trigger, tag=tag,
            )  # fmt: skip
        elif action.kind == "cancel":
            for order in self.orders:
                if order.tag and order.tag[0] == action.number:
                    order.cancel()
        elif action.kind == "close" and self.netting:
            (self.sell if action.size > 0 else self.buy)(size=abs(action.size), tag=tag)
        else:
            for trade in self.trades:
                if trade.tag[0] != action.number:
                    continue
                if action.kind == "levels":
                    trade.sl, trade.tp = action.stop, action.target
                else:
                    trade.close(action.size / trade.size)

    def look(self) -> Shown:
        """Give what a strategy can read."""
        # The first bar stands twice in the frame.
        lots = [
            Lot(trade.tag[0], trade.size, trade.entry_price, gross(trade), trade.sl, trade.tp,
                trade.entry_bar - 1, trade.tag[1])
            for trade in self.trades
        ]  # fmt: skip
        closed = [
            Closed(trade.size, trade.entry_price, trade.exit_price, gross(trade),
                   gross(trade) - trade._commissions, trade.tag[0], trade.entry_bar - 1,
                   trade.exit_bar - 1, trade.tag[1], trade.sl)
            for trade in self.closed_trades
        ]  # fmt: skip
        return Shown(self.equity, lots, closed, self.refused)


def gross(trade: Any) -> float:
    """Give the result of a trade before fees; at the last price, when it is open."""
    price = trade.exit_price or trade._Trade__broker.last_price
    return float(trade.size * (price - trade.entry_price))


class Backtesting(Replay):
    """``Backtest.run`` with hedging where the case has it."""

    whole_sizes = True

    def hello(self) -> Json:
        """Say who answers."""
        return {"engine": "backtesting", "version": version("backtesting"), "numbers": "double"}

    def replay(self, terms: Terms, bars: list[Bar]) -> Shown:
        """Run over the bars, with a copy of the first one that it never shows."""
        rows = [bars[0].prices, *(bar.prices for bar in bars)]
        index = pd.date_range("2024-01-01", periods=len(rows), freq="min")
        frame = pd.DataFrame(rows, columns=["Open", "High", "Low", "Close"], index=index)
        shown: list[Shown] = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            test = Backtest(
                frame, Story, cash=terms.balance, commission=(terms.per_trade, terms.rate),
                margin=1 / terms.leverage, hedging=not terms.netting,
            )  # fmt: skip
            stats = test.run(bars=bars, shown=shown, netting=terms.netting)
        if not shown:
            # It ends a run when the equity is not above zero, and closes everything.
            return Shown(float(stats["Equity Final [$]"]), [], [])
        found = [CANCELLED.match(str(one.message)) for one in caught]
        # The order of a fill is the last but two of the bars, and is carried out at the next one.
        if any(one and int(one[1]) == len(rows) - 2 for one in found):
            shown[0].refused = "the broker cancelled it: insufficient margin"
        return shown[0]


if __name__ == "__main__":
    serve(Backtesting())
