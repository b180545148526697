"""backtesting.py: a class that is asked at each bar, one run after the other."""

from __future__ import annotations

import platform
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import backtesting
import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from engine import Call, Outcome, UnavailableError
from works import FEE, RATE_PARTS

if TYPE_CHECKING:
    from works import Work


class Signals(Strategy):  # type: ignore[misc]
    """Buys and closes at given bars."""

    entries: dict[int, int] = {}  # noqa: RUF012
    exits: frozenset[int] = frozenset()
    rates: tuple[float, float] | None = None

    def init(self) -> None:
        """Compute nothing ahead."""
        self.bar = -1

    def next(self) -> None:
        """Look whether this bar has a signal."""
        self.bar += 1
        size = self.entries.get(self.bar)
        if size is not None:
            levels = {}
            if self.rates is not None:
                price = self.data.Close[-1]
                levels = {"sl": price * (1 - self.rates[0]), "tp": price * (1 + self.rates[1])}
            self.buy(size=size, **levels)
        elif self.bar in self.exits and self.position:
            self.position.close()


class Backtesting:
    """``Backtest.run`` for each run, with the statistics that it always makes."""

    cells_max = 100_000_000

    def __init__(self) -> None:
        # Its progress bars would be a part of what is measured.
        backtesting.backtesting._tqdm = lambda sequence, **_: sequence

    def versions(self) -> dict[str, str]:
        """Give the versions of the packages that count."""
        found = {name: version(name) for name in ("backtesting", "pandas", "numpy")}
        return found | {"python": platform.python_version()}

    def prepare(self, work: Work) -> Call:
        """Make the frame and the signals."""
        if len(work.rebalances):
            raise UnavailableError("it has one symbol")
        names = ("Open", "High", "Low", "Close")
        prices = {name: each[:, 0] for name, each in zip(names, work.prices(), strict=True)}
        index = pd.DatetimeIndex(work.times.astype("datetime64[us]"))
        # The first bar is never shown, and an order is carried out when the next bar comes.
        frame = pd.DataFrame(prices, index=index)
        before = frame.iloc[[0]].set_axis(index[[0]] - pd.Timedelta(minutes=1))
        after = frame.iloc[[-1]].set_axis(index[[-1]] + pd.Timedelta(minutes=1))
        frame = pd.concat([before, frame, after])
        inputs = [signals_of(work, run) for run in range(work.runs)]

        def run() -> list[Any]:
            with warnings.catch_warnings():
                # It warns that the last bar has no trade left to close, and the like.
                warnings.simplefilter("ignore")
                return [once(work, frame, each) for each in inputs]

        return Call(run, outcome, "carried out with the bar after it, at the close")


def once(work: Work, frame: Any, signals: dict[str, Any]) -> Any:
    """Run one account."""
    test = Backtest(frame, Signals, cash=work.balance, commission=FEE, trade_on_close=True)
    return test.run(**signals)


def signals_of(work: Work, run: int) -> dict[str, Any]:
    """Give the signals of a run, by the number of the bar."""
    row = work.row(run)
    entries = dict(zip(work.entries[row].tolist(), work.sizes[row].tolist(), strict=True))
    found = {"entries": entries, "exits": frozenset(work.exits[row].tolist())}
    if len(work.stops):
        found["rates"] = tuple(work.stops[run] / RATE_PARTS)
    return found


def outcome(found: list[Any]) -> Outcome:
    """Give what the checker looks at."""
    finals = np.array([stats["Equity Final [$]"] for stats in found])
    closed = sum(stats["# Trades"] for stats in found)
    return Outcome(finals, closed, [finals, *(stats["_equity_curve"]["Equity"] for stats in found)])
