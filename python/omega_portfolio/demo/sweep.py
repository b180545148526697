"""The demonstration of a batch: a thousand pairs of moving averages on the same five stocks.

Each run trades one pair, 25 fast means by 40 slow ones:

1. **Signal.** After the close of a day, the fast mean of the closes is compared with the slow one.
2. **In and out.** On the day on which it comes above, a market order is given, for 19 percent
   of the equity; on the day on which it falls below, what is held is closed. Both are filled at
   the next open.
3. **Cost.** 5 basis points of the value of each fill.

Prices are adjusted, all four of a bar by the factor of its close, because a batch has no splits
and dividends: a holder of the adjusted price earns what a holder of the stock did.

The best of a thousand rules looks good on any prices. ``deflated_sharpe_ratio`` says how likely it
is that more than the choice is behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.batch.grid import grid
from omega_portfolio.batch.signals import orders_from_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from omega_portfolio.batch.result import BatchResult

FAST: Final = range(2, 52, 2)
SLOW: Final = range(55, 255, 5)
SHARE: Final = 0.19
"""Part of the equity of a position: five of them leave room for costs and gaps."""

COST_RATE: Final = "0.0005"
PRICE_DECIMALS: Final = 6
METRIC: Final = "sharpe_ratio"

RULE_TEXT: Final = (
    "in when the fast mean of the adjusted close comes above the slow one,",
    "out when it falls below; 19 % of the equity a position;",
    "filled at the next open, adjusted; 5 basis points of the value of a fill",
)
"""The rule in three lines, for the report."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs that are tried.

    Attributes
    ----------
    fast, slow : sequence of int
        Days of the means; every fast one is shorter than every slow one.
    """

    fast: Sequence[int] = FAST
    slow: Sequence[int] = SLOW

    def params(self) -> pl.DataFrame:
        """Give a run for each pair."""
        return grid(fast=list(self.fast), slow=list(self.slow)).with_row_index("run_id")


def adjusted_bars(bars: pl.DataFrame) -> pl.DataFrame:
    """Adjust the four prices of each bar by the factor of its close.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows as of :func:`omega_portfolio.data.load_us5_daily`.

    Returns
    -------
    polars.DataFrame
        time, symbol, open, high, low, close, by time and symbol; six decimals.
    """
    import polars as pl

    factor = pl.col("adj_close") / pl.col("close").cast(pl.Float64)
    prices = [
        (pl.col(name).cast(pl.Float64) * factor).round(PRICE_DECIMALS)
        for name in ("open", "high", "low", "close")
    ]
    return bars.select("time", "symbol", *prices).sort("time", "symbol")


def pair_orders(bars: pl.DataFrame, pairs: Pairs) -> pl.DataFrame:
    """Make the orders of all pairs.

    Parameters
    ----------
    bars : polars.DataFrame
        As of :func:`adjusted_bars`.
    pairs : Pairs
        The pairs; the run_id counts them, the slow one fastest.

    Returns
    -------
    polars.DataFrame
        Orders as ``run_batch`` takes them.
    """
    import polars as pl

    parts = []
    for (symbol,), rows in bars.group_by("symbol", maintain_order=True):
        close = rows["close"]
        means = {days: close.rolling_mean(days) for days in {*pairs.fast, *pairs.slow}}
        entries, exits = [], []
        for fast in pairs.fast:
            for slow in pairs.slow:
                above = (means[fast] > means[slow]).fill_null(value=False)
                before = above.shift(1).fill_null(value=False)
                entries.append(above & ~before)
                exits.append(before & ~above)
        parts.append(_of_symbol(str(symbol), rows["time"], entries, exits))
    return orders_from_signals(pl.concat(parts), size=SHARE, size_rule="equity", tag="cross")


def _of_symbol(
    symbol: str, times: pl.Series, entries: list[pl.Series], exits: list[pl.Series]
) -> pl.DataFrame:
    """Give the signals of all pairs on one symbol, a row for each time on which there is one."""
    import polars as pl

    # On the last day nothing can be ordered any more.
    last = times != times[-1]
    signals = list(zip(entries, exits, strict=True))
    places = [((enter | leave) & last).arg_true() for enter, leave in signals]
    counts = pl.Series([len(one) for one in places], dtype=pl.UInt32)
    runs = pl.int_range(len(places), dtype=pl.UInt32, eager=True)
    rows = pl.concat(places)
    columns = {
        "run_id": runs.repeat_by(counts).explode().drop_nulls(),
        "time": times.gather(rows),
        "entries": pl.concat(
            [enter.gather(at) for (enter, _), at in zip(signals, places, strict=True)]
        ),
        "exits": pl.concat(
            [leave.gather(at) for (_, leave), at in zip(signals, places, strict=True)]
        ),
    }
    return pl.DataFrame(columns).with_columns(symbol=pl.lit(symbol))


def sweep_pairs(
    bars: pl.DataFrame,
    pairs: Pairs | None = None,
    **options: Any,  # noqa: ANN401 - of run_batch.
) -> BatchResult:
    """Run all pairs.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows as of :func:`omega_portfolio.data.load_us5_daily`.
    pairs : Pairs, optional
        The pairs; a thousand when left out.
    **options
        Of ``run_batch``: ``backend``, ``progress``, ``threads``.

    Returns
    -------
    BatchResult
        With ``fast`` and ``slow`` as labels.
    """
    from omega_portfolio.batch.run import run_batch
    from omega_portfolio.terms import Commission, Costs

    pairs = pairs or Pairs()
    adjusted = adjusted_bars(bars)
    return run_batch(
        adjusted,
        pair_orders(adjusted, pairs),
        pairs.params(),
        labels=("fast", "slow"),
        costs=Costs(commission=Commission("rate", COST_RATE)),
        record="none",
        trades=False,
        **options,
    )


__all__ = [
    "METRIC",
    "RULE_TEXT",
    "Pairs",
    "adjusted_bars",
    "pair_orders",
    "sweep_pairs",
]
