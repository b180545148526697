"""The tables and the rules of time of the analysis, on examples worked out by hand."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from statistics import mean, stdev
from typing import Any

import pyarrow as pa
import pytest

import omega_portfolio as op
from metric_values import DAY, STAMP, START, days, equity, history, level, money, rows, trades

HOUR = timedelta(hours=1)
TINY = timedelta(microseconds=1)


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-12, abs=0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


CURVE = [100.0, 104.0, 101.0, 101.0, 90.0, 95.0, 97.5, 110.0, 107.0]


@pytest.mark.parametrize("window", [2, 3, 8, 9, 10**30])
def test_a_window_holds_its_own_returns_only(window: int, backend: str) -> None:
    names = ("mean_return", "total_return", "volatility", "downside_deviation", "sharpe_ratio",
             "sortino_ratio", "best_return", "worst_return")  # fmt: skip
    source = history(backend, CURVE)
    table = rows(
        source.rolling_metrics(window, names, periods_per_year=16, risk_free_rate="0.5", mar=0.1)
    )
    returns = [one / other - 1 for one, other in zip(CURVE[1:], CURVE, strict=False)]
    rate, target = 1.5 ** (1 / 16) - 1, 1.1 ** (1 / 16) - 1
    assert [row["time"] for row in table] == days(9)[1:]
    for number, row in enumerate(table, start=1):
        assert tuple(row) == ("time", *names)
        if number < window:
            assert all(row[name] is None for name in names)
            continue
        part = returns[number - window : number]
        short = math.sqrt(mean([min(value - target, 0) ** 2 for value in part]))
        assert row["mean_return"] == near(mean(part))
        assert row["total_return"] == near(CURVE[number] / CURVE[number - window] - 1)
        assert row["volatility"] == near(stdev(part) * 4)
        assert row["downside_deviation"] == near(short * 4)
        assert row["sharpe_ratio"] == near((mean(part) - rate) / stdev(part) * 4)
        sortino = near((mean(part) - target) / short * 4) if short else None
        assert row["sortino_ratio"] == sortino
        assert (row["best_return"], row["worst_return"]) == (max(part), min(part))


def test_the_names_of_a_window_come_in_their_order(backend: str) -> None:
    source = history(backend, CURVE)
    assert list(rows(source.rolling_metrics(2))[0]) == ["time", "sharpe_ratio", "volatility"]
    found = source.rolling_metrics(2, ["worst_return", "best_return"])
    assert pa.table(found).schema.names == ["time", "worst_return", "best_return"]
    assert pa.table(found).schema.field("time").type == STAMP
    assert pa.table(found).schema.field("best_return").nullable


def test_falls_come_deepest_first_and_equal_ones_in_the_order_of_time(backend: str) -> None:
    # -10 %, -50 %, -10 % again and an open -1 %.
    values = [100.0, 90.0, 100.0, 50.0, 200.0, 180.0, 190.0, 200.0, 198.0]
    source = history(backend, values)
    table = rows(source.drawdowns(exact=True))
    stamps = days(9)
    assert [row["depth"] for row in table] == [-0.5, *[90 / 100 - 1] * 2, 198 / 200 - 1]
    assert [row["peak_time"] for row in table] == [stamps[2], stamps[0], stamps[4], stamps[7]]
    assert [row["valley_time"] for row in table] == [stamps[3], stamps[1], stamps[5], stamps[8]]
    assert [row["recovery_time"] for row in table] == [stamps[4], stamps[2], stamps[7], None]
    assert [row["amount"] for row in table] == [50, 10, 20, 2]
    assert [row["duration"] for row in table] == [2 * DAY, 2 * DAY, 3 * DAY, DAY]
    for top in (1, 2, 3, 4, 5):
        assert rows(source.drawdowns(top, exact=True)) == table[:top]
    found = source.calculate_metrics()
    assert found.drawdown_count == 4
    assert found.max_drawdown_duration == 3 * DAY
    assert found.average_drawdown_duration == 2 * DAY
    assert found.average_drawdown == near(mean([-0.5, 90 / 100 - 1, 90 / 100 - 1, 198 / 200 - 1]))


def test_a_fall_begins_at_the_last_point_of_its_peak(backend: str) -> None:
    [row] = rows(history(backend, [100.0, 120.0, 120.0, 90.0, 90.0, 120.0]).drawdowns())
    stamps = days(6)
    assert (row["peak_time"], row["valley_time"]) == (stamps[2], stamps[3])
    assert row["recovery_time"] == stamps[5]


def test_means_of_durations_round_half_to_even(backend: str) -> None:
    for lengths, wanted in (((1, 2), 2), ((2, 3), 2), ((1, 1, 2), 1), ((3, 4), 4)):
        stamps = days(len(lengths))
        table = pa.table(
            {
                "entry_time": pa.array(stamps, STAMP),
                "exit_time": pa.array(
                    [stamp + TINY * length for stamp, length in zip(stamps, lengths, strict=True)],
                    STAMP,
                ),
                "net_pnl": money([1] * len(lengths)),
                "side": ["long"] * len(lengths),
            }
        )
        source = op.History(equity([1]), table, backend=backend)
        assert source.metric("average_trade_duration") == wanted * TINY
        assert source.metric("average_win_duration") == wanted * TINY
        [row] = rows(source.trade_analysis("side"))
        assert row["average_duration"] == wanted * TINY


RESAMPLED = [
    ("2024-01-05T10:00", 100),  # Friday
    ("2024-01-05T10:59:59.999999", 101),
    ("2024-01-05T11:00", 102),
    ("2024-01-06T00:00", 99),  # Saturday
    ("2024-01-07T23:59:59.999999", 98),  # Sunday, the same week
    ("2024-01-08T00:00", 97),  # Monday
    ("2024-01-31T23:59:59.999999", 120),
    ("2024-02-01T00:00", 110),
]
KEPT = {
    None: list(range(8)),
    "1h": [1, 2, 3, 4, 5, 6, 7],
    "1d": [2, 3, 4, 5, 6, 7],
    "1w": [4, 5, 7],
    "1mo": [6, 7],
}


@pytest.mark.parametrize("word", KEPT)
@pytest.mark.parametrize("start", [None, 80])
def test_the_last_point_of_each_period_is_kept_at_its_own_time(
    word: str | None, start: int | None, backend: str
) -> None:
    stamps = [at(text) for text, _ in RESAMPLED]
    values = [value for _, value in RESAMPLED]
    kept = [(stamps[row], values[row]) for row in KEPT[word]]
    if start is not None:
        kept = [(stamps[0], start), *kept]
    source = op.History(equity(values, stamps), initial_balance=start, backend=backend)
    found = source.calculate_metrics(resample=word)
    returns = [float(kept[i][1]) / float(kept[i - 1][1]) - 1 for i in range(1, len(kept))]
    assert found.period_count == len(returns)
    assert (found.start_time, found.initial_equity) == kept[0]
    assert (found.end_time, found.final_equity) == kept[-1]
    assert found.mean_return == near(mean(returns))
    assert (found.best_return, found.worst_return) == (max(returns), min(returns))
    table = rows(source.rolling_metrics(2, ("total_return",), resample=word))
    assert [row["time"] for row in table] == [stamp for stamp, _ in kept[1:]]


def test_months_and_years_are_those_of_the_returns(backend: str) -> None:
    stamps = [at(text) for text in ("2023-12-31T23:00", "2024-01-01T00:00", "2024-03-05T00:00",
                                    "2024-03-06T00:00", "2025-01-01T00:00")]  # fmt: skip
    source = op.History(equity([100, 110, 99, 198, 99], stamps), backend=backend)
    # No return ends in December; none in February. January begins at E_0.
    assert rows(source.monthly_returns()) == [
        {"year": 2024, "month": 1, "return": 110 / 100 - 1},
        {"year": 2024, "month": 3, "return": 198 / 110 - 1},
        {"year": 2025, "month": 1, "return": 99 / 198 - 1},
    ]
    assert rows(source.yearly_returns()) == [
        {"year": 2024, "return": 198 / 100 - 1},
        {"year": 2025, "return": 99 / 198 - 1},
    ]
    found = source.calculate_metrics()
    months = [110 / 100 - 1, 198 / 110 - 1, 99 / 198 - 1]
    assert (found.best_month, found.worst_month) == (months[1], months[2])
    assert found.positive_month_ratio == near(2 / 3)
    assert found.gain_to_pain_ratio == near(sum(months) / 0.5)


@pytest.mark.parametrize(
    ("confidence", "quantile", "tail"),
    [
        # Returns sorted: -0.5, -0.25, 0, 0.5, 1; places (n - 1) c and weights n c.
        (0.25, -0.25, (-0.5 - 0.25 * 0.25) / 1.25),
        ("0.5", 0.0, (-0.5 - 0.25 + 0.5 * 0.0) / 2.5),
        (0.1, -0.5 + 0.4 * 0.25, -0.5),
        (0.9, 0.5 + 0.6 * 0.5, (-0.5 - 0.25 + 0 + 0.5 + 0.5 * 1) / 4.5),
    ],
)
def test_the_confidence_is_a_share_of_the_returns(
    confidence: Any, quantile: float, tail: float, backend: str
) -> None:
    # Each value is the one before times 1.5, 0.5, 2, 1 and 0.75.
    found = history(backend, [64.0, 96.0, 48.0, 96.0, 96.0, 72.0]).calculate_metrics(
        confidence=confidence
    )
    share = float(confidence)
    assert found.value_at_risk == near(quantile) if quantile else found.value_at_risk == 0.0
    assert found.expected_shortfall == near(tail)
    ordered = [-0.5, -0.25, 0.0, 0.5, 1.0]
    place = 4 * (1 - share)
    low = min(int(place), 3)
    upper = ordered[low] + (place - low) * (ordered[low + 1] - ordered[low])
    wanted = abs(upper) / abs(quantile) if quantile else None
    assert found.tail_ratio == (wanted if wanted is None else pytest.approx(wanted, rel=1e-9))


def test_the_worst_falls_are_weighted_like_the_worst_returns(backend: str) -> None:
    found = history(backend, [64.0, 32.0, 48.0, 56.0, 64.0]).calculate_metrics(confidence=0.375)
    # D_1..D_4 are -0.5, -0.25, -0.125, 0; one and a half of four.
    assert found.conditional_drawdown_at_risk == near((-0.5 - 0.5 * 0.25) / 1.5)
    assert found.pain_index == near(0.875 / 4)
    assert found.time_under_water == 0.75


def test_a_benchmark_is_read_as_of_each_point(backend: str) -> None:
    stamps = [START - DAY, START, START + HOUR, START + 2 * DAY - TINY, START + 5 * DAY]
    levels = level([1.0, 50.0, 100.0, 150.0, 999.0], stamps)
    found = history(backend, [100.0, 110.0, 99.0, 120.0]).calculate_metrics(benchmark=levels)
    wanted = history(backend, [100.0, 110.0, 99.0, 120.0]).calculate_metrics(
        benchmark=level([50.0, 100.0, 150.0, 150.0])
    )
    assert dict(found) == dict(wanted)
    assert found.down_capture is None
    assert found.batting_average == near(1 / 3)


def test_of_equal_times_the_last_row_counts(backend: str) -> None:
    stamps = [START, START, START + DAY, START + DAY, START + DAY]
    found = op.metrics(
        equity([1, 100, 5, 7, 110], stamps),
        benchmark=level([9.0, 50.0, 1.0, 2.0, 60.0], stamps),
        backend=backend,
    )
    assert found.period_count == 1
    assert found.total_return == near(110 / 100 - 1)
    assert found.active_return == near(1.1**252 - 1.2**252)


def analysed(backend: str) -> op.History:
    """Make trades on a Sunday night, a Monday and at the turn of a year."""
    entries = [at("2023-12-31T23:30"), at("2024-01-01T00:00"), at("2024-01-07T12:00")]
    exits = [at("2024-01-01T00:00"), at("2024-01-31T23:59"), at("2024-02-01T00:00")]
    table = pa.table(
        {
            "entry_time": pa.array(entries, STAMP),
            "exit_time": pa.array(exits, STAMP),
            "net_pnl": money(["1.5", "-2", "0"]),
            "symbol": ["b", "Z", "b"],
            "side": ["short", "long", "long"],
            "tag": ["", "\u00e9", "z"],
            "reason": ["stop", "stop", ""],
            "entry_fee": money(["0.1", "0.2", "0"]),
            "exit_fee": money(["0.1", "-0.05", "0"]),
            "mae": money([0, -3, -1]),
            "mfe": money([2, 1, 0]),
        }
    )
    return op.History(equity([100, 101]), table, backend=backend)


@pytest.mark.parametrize(
    ("by", "keys", "counts"),
    [
        ("symbol", ["Z", "b"], [1, 2]),
        ("side", ["long", "short"], [2, 1]),
        ("tag", ["", "z", "\u00e9"], [1, 1, 1]),
        ("reason", ["", "stop"], [1, 2]),
        ("hour", [0, 12, 23], [1, 1, 1]),
        ("weekday", [1, 7], [1, 2]),
        ("month", [1, 2], [2, 1]),
        ("year", [2024], [3]),
    ],
)
def test_trades_are_grouped_by_a_key_in_its_order(
    by: str, keys: list[object], counts: list[int], backend: str
) -> None:
    table = rows(analysed(backend).trade_analysis(by))
    assert [row[by] for row in table] == keys
    assert [row["trade_count"] for row in table] == counts


def test_a_group_of_trades_has_its_figures(backend: str) -> None:
    _, row = rows(analysed(backend).trade_analysis("symbol", exact=True))
    assert row == {
        "symbol": "b",
        "trade_count": 2,
        "winning_trade_count": 1,
        "losing_trade_count": 0,
        "win_rate": 0.5,
        "net_pnl": Decimal("1.5"),
        "gross_profit": Decimal("1.5"),
        "gross_loss": 0,
        "fees": Decimal("0.2"),
        "profit_factor": None,
        "expectancy": 0.75,
        "average_win": 1.5,
        "average_loss": None,
        "average_mae": -0.5,
        "average_mfe": 1.0,
        "average_duration": (timedelta(minutes=30) + timedelta(days=24, hours=12)) / 2,
    }


def test_overlapping_positions_are_one_time_in_the_market(backend: str) -> None:
    portfolio = op.Portfolio(10_000, backend=backend)
    portfolio.update_equity(START)
    first = portfolio.open_position("A", "long", 1, 100, START + HOUR)
    second = portfolio.open_position("B", "short", 2, 50, START + 2 * HOUR)
    portfolio.close_position(second, 40, START + 3 * HOUR)
    portfolio.close_position(first, 110, START + 5 * HOUR)
    portfolio.open_position("A", "long", 1, 100, START + 8 * HOUR)
    portfolio.update_equity(START + 10 * HOUR)
    portfolio.open_position("C", "long", 1, 120, START + 11 * HOUR)
    found = portfolio.calculate_metrics()
    assert found.exposure_time == near(0.6)
    # Notional 100, 100, 110, 80 and 100 on one day that ends with 10030; the last fill is later.
    assert found.turnover == near(490 / 10_030)
    assert found.average_gross_exposure == near(100 / 10_030 / 3)
    assert found.max_gross_exposure == near(100 / 10_030)


def test_time_in_the_market_is_cut_at_the_last_point(backend: str) -> None:
    """The trades are all counted, those beyond the last point as well."""
    found = history(backend, [100.0, 101.0, 102.0], trades=trades([1, 2, 3, 4])).calculate_metrics()
    assert found.exposure_time == 1.0
    assert found.trade_count == 4


def test_a_mark_without_a_time_does_not_start_the_history(backend: str) -> None:
    portfolio = op.Portfolio(1_000, backend=backend)
    portfolio.mark({"A": 100})
    portfolio.open_position("A", "long", 1, 100, START)
    portfolio.update_equity(START + HOUR, {"A": 110})
    found = portfolio.calculate_metrics()
    assert (found.start_time, found.period_count) == (START, 1)
    assert found.exposure_time == 1.0
    portfolio.verify()
