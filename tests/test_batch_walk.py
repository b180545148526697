"""Walk-forward: the parts of time, the choice, the chain of accounts, and no look ahead."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import polars as pl
import pytest

import omega_portfolio as op
from omega_portfolio.batch.splits import Split, cut

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
DAYS = [START + timedelta(days=day) for day in range(40)]


def micros(times):
    return pl.Series([int(time.timestamp() * 1_000_000) for time in times])


def test_parts_by_bars():
    times = pl.Series(range(10))
    assert cut(times, 4, 3) == [Split(0, 4, 4, 7), Split(3, 7, 7, 10)]
    assert cut(times, 4, 3, 1) == [Split(0, 4, 5, 8), Split(3, 7, 8, 10)]
    assert cut(times, 4, 3, anchored=True) == [Split(0, 4, 4, 7), Split(0, 7, 7, 10)]
    assert cut(times, 9, 5) == [Split(0, 9, 9, 10)]


def test_parts_by_time():
    times = micros(DAYS)
    assert cut(times, timedelta(days=10), "15d") == [Split(0, 10, 10, 25), Split(15, 25, 25, 40)]
    assert cut(times, "2w", "2w", timedelta(days=1))[0] == Split(0, 14, 15, 29)
    # Months are those of the calendar, counted from the first moment: no day is lost.
    ends = [datetime(2023, 10, 31, tzinfo=timezone.utc) + timedelta(days=day) for day in range(160)]
    found = [ends[one.test_start].date() for one in cut(micros(ends), "1mo", "1mo")]
    assert found == [
        date(2023, 11, 30),
        date(2023, 12, 31),
        date(2024, 1, 31),
        date(2024, 2, 29),
        date(2024, 3, 31),
    ]


def test_a_part_without_a_bar_is_left_out():
    times = micros([*DAYS[:5], *DAYS[20:30]])
    found = cut(times, "5d", "5d")
    assert found == [Split(0, 5, 10, 15)] or all(
        one.train_start < one.train_end and one.test_start < one.test_end for one in found
    )


@pytest.mark.parametrize(
    ("spans", "argument"),
    [
        ({"train": 0}, "train"),
        ({"train": -1}, "train"),
        ({"train": True}, "train"),
        ({"train": 1.5}, "train"),
        ({"train": "soon"}, "train"),
        ({"train": "0d"}, "train"),
        ({"test": timedelta(0)}, "test"),
        ({"test": None}, "test"),
        ({"gap": -1}, "gap"),
        ({"test": "1d"}, "train"),
        ({"train": 10}, "train"),
        ({"train": 99}, "train"),
    ],
)
def test_spans_that_cannot_be(spans, argument):
    with pytest.raises(op.InvalidArgument) as caught:
        cut(pl.Series(range(10)), **({"train": 3, "test": 2} | spans))
    assert caught.value.argument == argument


# A price that rises for 20 days and falls for 20: what is best on the first half is worst after.
PRICES = [100 + day for day in range(20)] + [119 - day for day in range(20)]


def bars_of(prices):
    column = pl.Series([float(price) for price in prices])
    frame = pl.DataFrame({"time": DAYS[: len(prices)], "symbol": "ACME", "open": column})
    return frame.with_columns(high=column, low=column, close=column)


def daily(side_of_run):
    """Give an order a day for each run: in at one open, out at the next but one."""
    rows = [
        {
            "run_id": run,
            "time": time,
            "action": action,
            "side": side,
            "size": 1 if action == "open" else None,
        }
        for run, side in side_of_run.items()
        for day, time in enumerate(DAYS)
        for action in ("open" if day % 2 == 0 else "close",)
    ]
    return pl.DataFrame(rows)


RUNS = pl.DataFrame({"run_id": [5, 3], "name": ["up", "down"]})
ORDERS = daily({5: "long", 3: "short"})
COMMON = {"labels": ["name"], "metric": "net_profit", "initial_balance": 1000}


def walk(backend, prices=PRICES, orders=ORDERS, **options):
    given = {"train": 10, "test": 5, "backend": backend, **COMMON, **options}
    return op.walk_forward(bars_of(prices), orders, RUNS, **given)


def test_the_best_of_the_past_is_tested_on_what_follows(backend):
    found = walk(backend)
    splits = found.splits
    assert splits["name"].to_list() == ["up", "up", "up", "down", "down", "down"]
    assert splits["run_id"].to_list() == [5, 5, 5, 3, 3, 3]
    assert splits["test_start"].to_list() == [DAYS[day] for day in range(10, 40, 5)]
    assert splits["test_end"].to_list() == [DAYS[day] for day in range(14, 40, 5)]
    assert splits["train_start"].to_list() == [DAYS[day] for day in range(0, 30, 5)]
    assert splits["trials"].to_list() == [2] * 6
    # Long from day 11 to 12 and from 13 on; from 16 to 17 and from 18 to 19; in the fall.
    gains = splits["final_equity"] - splits["initial_balance"]
    assert gains.to_list()[0] == 2.0
    assert gains.to_list()[2] < 0
    assert gains.to_list()[3] > 0
    # Each account begins with what the one before it ended with.
    assert splits["initial_balance"].to_list()[1:] == splits["final_equity"].to_list()[:-1]
    assert splits["initial_balance"][0] == 1000.0
    assert found.equity["time"].to_list() == DAYS[10:]
    assert found.equity.filter(pl.col("time") == DAYS[-1])["equity"].item() == splits[
        "final_equity"
    ].item(-1)
    assert found.metrics.final_equity == Decimal(str(splits["final_equity"].item(-1)))
    assert found.metrics.net_profit == found.metrics.final_equity - 1000
    assert found.trades["split"].unique().sort().to_list() == list(range(6))
    assert found.history.get_trades().to_polars().height == found.trades.height
    assert "splits=6" in repr(found)
    assert "down" in found._repr_html_()


def test_what_comes_after_changes_nothing_that_was_chosen(backend):
    """The part that is tested, and all after it, may be anything."""
    before = walk(backend).splits
    for day in (10, 15, 25):
        other = PRICES[:day] + [300 - 5 * one for one in range(day, 40)]
        after = walk(backend, prices=other).splits
        known = before["train_end"] < DAYS[day]
        assert known.sum() >= 1
        columns = ["run_id", "name", "trials", "train_net_profit", "deflated_sharpe_ratio"]
        assert after.filter(known).select(columns).equals(before.filter(known).select(columns))
        assert not after["final_equity"].equals(before["final_equity"])


def test_orders_that_are_made_for_each_part_see_only_what_was_known(backend):
    seen = []

    def make(bars, params):
        seen.append((bars["time"].max(), params["run_id"].to_list()))
        return ORDERS.filter(pl.col("run_id").is_in(params["run_id"].implode()))

    found = walk(backend, orders=make)
    assert found.splits.equals(walk(backend).splits)
    assert [time for time, _ in seen[:2]] == [DAYS[9], DAYS[14]]
    assert [runs for _, runs in seen[:2]] == [[5, 3], [5]]


def test_shared_orders_and_a_gap(backend):
    orders = ORDERS.filter(pl.col("run_id") == 5).drop("run_id")
    runs = op.grid(size=[1, 4])
    found = op.walk_forward(
        bars_of(PRICES),
        orders,
        runs,
        train="10d",
        test="5d",
        gap="2d",
        window="anchored",
        metric="net_profit",
        backend=backend,
    )
    splits = found.splits
    assert set(splits["train_start"]) == {DAYS[0]}
    assert splits["test_start"].to_list() == [DAYS[day] for day in range(12, 40, 5)]
    assert splits["size"].to_list()[:2] == [4, 4]
    # With less is lost less, when everything falls.
    assert splits["size"].to_list()[-1] in (1, 4)


def test_a_part_in_which_no_run_does_anything(backend):
    late = ORDERS.filter(pl.col("time") >= DAYS[20])
    found = walk(backend, orders=late)
    assert found.splits["run_id"].to_list()[:2] == [None, None]
    assert found.splits["name"][0] is None
    assert found.splits["trials"].to_list()[:2] == [0, 0]
    assert set(found.equity.filter(pl.col("split") == 0)["equity"]) == {1000.0}


def test_filled_at_the_close(backend):
    found = walk(backend, fill="close")
    assert found.splits["name"].to_list()[0] == "up"
    # The order of day 14 is filled at that day's close, and valued there.
    assert found.splits["open_count"].to_list()[0] == 1


def test_the_chain_is_exact(backend):
    """A part of a cent is handed on with all its digits."""
    prices = [100 + day * Decimal("1.000000001") for day in range(40)]
    frame = bars_of(PRICES).with_columns(
        **{name: pl.Series(prices) for name in ("open", "high", "low", "close")}
    )
    found = op.walk_forward(
        frame,
        ORDERS.with_columns(size=pl.when(action="open").then(Decimal("0.333333333"))),
        RUNS,
        train=10,
        test=5,
        backend=backend,
        exact=True,
        **COMMON,
    )
    assert found.equity["equity"].dtype == pl.Decimal(38, 18)
    # What is open at the end of a test was bought at its last price, so only trades count.
    gained = sum(found.trades["net_pnl"])
    assert gained != round(gained, 9)
    assert found.equity["equity"][-1] - 1000 == gained


def test_the_stitched_curve_is_reported(backend, tmp_path):
    found = walk(backend)
    path = found.history.report(tmp_path / "walk.html", title="Walk")
    assert path.stat().st_size > 50_000
    assert found.metrics["trade_count"] == found.trades.height
    assert found.history.backend == backend


def test_a_walk_can_be_cancelled(backend):
    token = op.CancelToken()
    token.cancel()
    with pytest.raises(op.RunCancelled):
        walk(backend, cancel=token)


def test_it_tells_how_far_it_is(backend):
    told = []
    walk(backend, progress=lambda done, total: told.append((done, total)))
    assert told == [(one, 6) for one in range(1, 7)]


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"window": "sliding"}, "InvalidArgument", "window"),
        ({"record": "none"}, "InvalidArgument", "record"),
        ({"sink": "x"}, "InvalidArgument", "sink"),
        ({"path": "both"}, "InvalidArgument", "path"),
        ({"metric": "luck"}, "InvalidArgument", "metric"),
        ({"progress": 3}, "InvalidArgument", "progress"),
        ({"orders": ORDERS.drop("time")}, "InvalidFrame", "orders"),
        ({"orders": ORDERS.with_columns(run_id=pl.lit(9))}, "InvalidFrame", "orders"),
        ({"leverage": 0}, "InvalidConfiguration", "leverage"),
    ],
)
def test_what_is_wrong_is_named(options, error, argument):
    with pytest.raises(getattr(op, error)) as caught:
        walk("python", **options)
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    "params",
    [
        pl.DataFrame({"initial_balance": [1]}),
        pl.DataFrame({"size": pl.Series([], dtype=pl.Int64)}),
        pl.DataFrame({"run_id": ["a"]}),
        pl.DataFrame({"run_id": [-1]}),
        pl.DataFrame({"run_id": [2**32 - 1]}),
        pl.DataFrame({"run_id": [None, 1]}),
    ],
)
def test_params_that_cannot_be(params):
    with pytest.raises(op.InvalidFrame) as caught:
        op.walk_forward(bars_of(PRICES), ORDERS, params, train=10, test=5, backend="python")
    assert caught.value.argument == "params"
