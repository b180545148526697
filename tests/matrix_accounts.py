"""What engines on matrices do, in floats of NumPy: the account of signals, and that of weights."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

SYMBOLS = ("AAA", "BBB", "CCC")
FEE = 0.001
CASH = 10_000.0


def walk_of(days: int, seed: int) -> np.ndarray:
    """Draw prices of cents, a column a symbol."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 1.5, (days, len(SYMBOLS)))
    return np.round(np.maximum(100 + steps.cumsum(axis=0), 5), 2)


def days_of(count: int) -> list[datetime]:
    return [datetime(2024, 1, 1) + timedelta(days=day) for day in range(count)]


def bars_of(opens: np.ndarray, closes: np.ndarray) -> pl.DataFrame:
    """Give bars with as little room above and below as there can be."""
    parts = [
        pl.DataFrame(
            {
                "time": days_of(len(closes)),
                "symbol": symbol,
                "open": opens[:, place],
                "high": np.maximum(opens, closes)[:, place],
                "low": np.minimum(opens, closes)[:, place],
                "close": closes[:, place],
            }
        )
        for place, symbol in enumerate(SYMBOLS)
    ]
    return pl.concat(parts).sort("time", "symbol")


def account_of_signals(
    marks: np.ndarray, fills: np.ndarray, entries: np.ndarray, exits: np.ndarray, size: float
) -> np.ndarray:
    """Give the equity of each day.

    ``fills`` are the prices of a day's signals; a row of NaN fills nothing.
    """
    cash, held, equity = CASH, np.zeros(marks.shape[1]), []
    for row, mark in enumerate(marks):
        for place, fill in enumerate(fills[row]):
            if np.isnan(fill):
                continue
            if exits[row, place] and held[place]:
                cash += held[place] * fill - FEE * held[place] * fill
                held[place] = 0
            if entries[row, place] and not held[place]:
                cash -= size * fill + FEE * size * fill
                held[place] = size
        equity.append(cash + held @ mark)
    return np.array(equity)


def account_of_weights(
    closes: np.ndarray, weights: np.ndarray, rebalanced: np.ndarray
) -> np.ndarray:
    """Give the equity of each day, brought to the weights at the closes of some."""
    cash, held, equity = CASH, np.zeros(closes.shape[1]), []
    for row, close in enumerate(closes):
        if rebalanced[row]:
            share = (cash + held @ close) * weights[row] / close
            wanted = np.trunc(share * 1e9) / 1e9
            cash -= (wanted - held) @ close + FEE * np.abs(wanted - held) @ close
            held = wanted
        equity.append(cash + held @ close)
    return np.array(equity)
