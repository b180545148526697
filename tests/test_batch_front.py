"""The call `run_batch` and its result, on both backends; the runs themselves have other tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import omega_portfolio as op
from batch_samples import (
    assert_same,
    failing,
    in_memory,
    sample_bars,
    sample_batch,
    sample_orders,
    sample_params,
)
from omega_portfolio.batch import slices
from omega_portfolio.batch.passes import bytes_in
from omega_portfolio.catalogue import CATALOGUE
from omega_portfolio.errors import InvalidArgument, InvalidFrame


def test_the_tables_are_those_of_the_portfolios(backend: str) -> None:
    result = sample_batch(backend, digest=True, exact=True)
    assert result.complete
    assert result.run_ids == list(range(12))
    assert len(result) == 12
    for run in (0, 7, 11):
        portfolio = result.portfolio(run)
        assert portfolio.backend == backend
        final = result.final.filter(pl.col("run_id") == run).row(0, named=True)
        assert (final["equity"], final["digest"]) == (portfolio.equity, portfolio.digest)
        trades = portfolio.get_trades(exact=True).to_polars()
        mine = result.trades.filter(pl.col("run_id") == run).drop("run_id")
        assert mine.rows() == trades.rows()
        curve = portfolio.get_equity_curve(exact=True).to_polars()
        mine = result.equity.filter(pl.col("run_id") == run)["equity"]
        assert mine.to_list() == curve.unique("time", keep="last").sort("time")["equity"].to_list()


def test_metrics_have_parameters_in_front_and_the_values_of_the_portfolio(backend: str) -> None:
    params = sample_params().with_columns(name=pl.Series([f"n{k}" for k in range(12)]))
    result = sample_batch(backend, params=params, labels=["name"])
    assert result.metrics.columns[:4] == ["run_id", "stop_loss_rate", "take_profit_rate", "name"]
    assert result.metrics.columns[4:] == list(CATALOGUE) == result.metric_names
    assert result.metrics["name"].to_list() == params["name"].to_list()
    assert result.to_polars().equals(result.metrics)
    metrics = result.portfolio(5).calculate_metrics(trials=result.metrics["sharpe_ratio"])
    row = result.metrics.row(5, named=True)
    for name, value in metrics.items():
        if isinstance(value, float):
            assert row[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_deflated_sharpe_ratios_are_those_of_all_trials(backend: str) -> None:
    result = sample_batch(backend)
    trials = result.metrics["sharpe_ratio"]
    assert trials.null_count() == 0
    for run, found in result.metrics.select("run_id", "deflated_sharpe_ratio").iter_rows():
        expected = result.portfolio(run).metric("deflated_sharpe_ratio", trials=trials)
        assert found == pytest.approx(expected, rel=1e-9)
    one = sample_batch(backend, params=sample_params().head(1))
    assert one.metrics["deflated_sharpe_ratio"].to_list() == [None]


def test_a_run_without_a_sharpe_ratio_is_no_trial(backend: str) -> None:
    params = pl.DataFrame({"size": [1, 5, 10**9], "leverage": [1, 1, 1]})
    result = sample_batch(backend, params=params)
    # Nothing was bought with a size beyond all margin, so there is no deviation.
    assert result.metrics["sharpe_ratio"].is_null().to_list() == [False, False, True]
    trials = result.metrics["sharpe_ratio"].drop_nulls()
    expected = result.portfolio(0).metric("deflated_sharpe_ratio", trials=trials)
    assert result.metrics["deflated_sharpe_ratio"][0] == pytest.approx(expected, rel=1e-9)
    assert result.metrics["deflated_sharpe_ratio"][2] is None
    refused = result.rejected.lazy().collect()
    assert set(refused["run_id"]) == {2}
    assert set(refused["error"]) == {"InsufficientMargin"}


def test_best_goes_by_the_direction_of_the_metric(backend: str) -> None:
    result = sample_batch(backend)
    for metric, highest in (
        ("total_return", True),
        ("max_drawdown", True),
        ("volatility", False),
        ("total_commission", False),
    ):
        values = result.metrics[metric].to_list()
        best = result.best(metric, n=3)[metric].to_list()
        assert best == sorted(values, reverse=highest)[:3]
        worst = result.best(metric, n=1, descending=not highest)[metric].item()
        assert worst == (min(values) if highest else max(values))
    assert result.best(n=100).height == 12
    with pytest.raises(InvalidArgument, match="did you mean sharpe_ratio"):
        result.best("sharp_ratio")
    for wrong in (0, True, "3"):
        with pytest.raises(InvalidArgument, match="n="):
            result.best(n=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="descending="):
        result.best(descending=1)  # type: ignore[arg-type]


HAND_INS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "polars": lambda frame: frame,
    "pyarrow": lambda frame: frame.to_arrow(),
    "reader": lambda frame: frame.to_arrow().to_reader(),
    "batch": lambda frame: frame.to_arrow().combine_chunks().to_batches()[0],
    "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
    "pandas": lambda frame: frame.to_pandas(),
}


@pytest.mark.parametrize("kind", HAND_INS)
def test_frames_of_other_libraries(kind: str) -> None:
    give = HAND_INS[kind]
    given = {"bars": give(sample_bars()), "orders": give(sample_orders())}
    params = sample_params().drop_nulls()
    result = sample_batch("python", **given, params=give(params), path="both")
    assert_same(result, sample_batch("python", params=params))


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv"])
def test_files(tmp_path: Path, ending: str) -> None:
    params = sample_params().with_columns(name=pl.lit("x"), number=pl.lit(3))
    params = params.with_columns(initial_balance=pl.lit(5000))
    frames = {"bars": sample_bars(), "orders": sample_orders(), "params": params}
    paths = {}
    for name, frame in frames.items():
        paths[name] = path = tmp_path / f"{name}.{ending}"
        if ending == "csv":
            # Columns of bars that nobody knows are not read.
            extra = [pl.lit("?").alias("extra")] if name == "bars" else []
            frame.with_columns(extra).write_csv(path)
        elif ending == "parquet":
            frame.write_parquet(path)
        else:
            frame.write_ipc(path)
    labels = ["name", "number"]
    expected = in_memory(sample_batch("python", **frames, labels=labels))
    result = in_memory(sample_batch("python", **paths, labels=labels))
    for name in ("equity", "trades", "final"):
        assert result[name].equals(expected[name]), name
    assert result["metrics"]["number"].to_list() == [3] * 12
    assert result["metrics"]["name"].to_list() == ["x"] * 12


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("orders", "time,action,side,size\n2024-01-01,open,long,x\n", "row 1, column size"),
        ("orders", "time,action,if_flat\n2024-01-01,open,perhaps\n", "row 1, column if_flat"),
        ("params", "run_id,size\n1.5,3\n", "row 1, column run_id"),
        ("params", "initial_balance\nmuch\n", "row 1, column initial_balance"),
        ("bars", "time,open\nlater,1\n", "row 1, column time"),
        ("params", "", "params.csv"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_cell(
    tmp_path: Path, name: str, text: str, where: str
) -> None:
    path = tmp_path / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFrame, match=where):
        sample_batch("python", **{name: path})


@pytest.mark.parametrize("name", ["bars", "orders", "params"])
def test_what_is_no_table_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"collect\(\)") as lazy:
        sample_batch("python", **{name: sample_bars().lazy()})
    assert lazy.value.argument == name
    with pytest.raises(InvalidArgument, match="neither an Arrow table nor a path"):
        sample_batch("python", **{name: 3})
    with pytest.raises(InvalidFrame, match="cannot be read"):
        sample_batch("python", **{name: "none.parquet"})


@pytest.mark.parametrize("ids", [[0, None], [-1, 2], ["a", "b"], [1, 1], [0, 2**33]])
def test_run_ids_of_params_are_checked_like_other_cells(backend: str, ids: list[Any]) -> None:
    params = pl.DataFrame({"run_id": ids, "size": [1, 2]})
    with pytest.raises((InvalidFrame, InvalidArgument)) as refused:
        sample_batch(backend, params=params)
    assert refused.value.argument == "params"
    kept = sample_batch(backend, params=params.with_columns(run_id=pl.Series([9, 4])))
    assert kept.run_ids == [9, 4]
    assert kept.metrics.select("run_id", "size").rows() == [(9, 1), (4, 2)]
    assert kept.params is not None
    assert kept.params.schema["run_id"] == pl.UInt32


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("path", "best"),
        ("record", "1h"),
        ("equity_columns", ["equity"]),
        ("layout", "columns"),
        ("on_error", "ignore"),
        ("sink_format", "csv"),
        ("trades", 1),
        ("exact", None),
        ("digest", "yes"),
        ("resume", 0),
        ("threads", 0),
        ("threads", True),
        ("threads", 1.5),
        ("cancel", object()),
        ("progress", 3),
        ("max_memory", 0),
        ("max_memory", "4 GB"),
        ("sink", 5),
        ("labels", "name"),
        ("labels", [1]),
        ("labels", ["sharpe_ratio"]),
        ("costs", op.Commission("rate", "0.01")),
    ],
)
def test_a_wrong_argument_is_named(argument: str, value: object) -> None:
    with pytest.raises(InvalidArgument) as refused:
        sample_batch("python", **{argument: value})
    assert refused.value.argument == argument
    assert refused.value.remedy


def test_costs_are_those_of_all_instruments(backend: str) -> None:
    costs = op.Costs(commission=op.Commission("per_trade", "1.25"))
    result = sample_batch(backend, costs=costs)
    trades = result.trades.lazy().collect()
    assert set(trades["entry_fee"]) == {1.25}
    assert result.metrics["total_commission"][0] == pytest.approx(2.5 * 9)


def test_both_paths(backend: str) -> None:
    result = sample_batch(backend, path="both")
    assert_same(result, sample_batch(backend, path="pessimistic"))
    assert_same(result.optimistic, sample_batch(backend, path="optimistic"))
    envelope = result.envelope
    assert envelope.columns[:4] == ["run_id", "pessimistic", "optimistic", "ambiguous_count"]
    assert envelope["pessimistic"].to_list() == result.final["equity"].to_list()
    assert envelope["optimistic"].to_list() == result.optimistic.final["equity"].to_list()
    assert envelope["ambiguous_count"].sum() > 0
    assert (envelope["optimistic"] >= envelope["pessimistic"]).all()
    differing = {name.removesuffix("_optimistic") for name in envelope.columns[5::2]}
    assert "total_return" in differing
    assert "start_time" not in differing
    with pytest.raises(InvalidArgument, match="one pass"):
        _ = result.optimistic.optimistic
    with pytest.raises(InvalidArgument, match="column of params"):
        sample_batch(backend, path="both", params=pl.DataFrame({"path": ["ohlc"]}))


def test_runs_that_fail_or_do_not_exist(backend: str) -> None:
    orders = sample_orders().with_columns(run_id=pl.lit(7))
    result = sample_batch(backend, orders=orders, params=None)
    assert result.run_ids == [7]
    assert result.params is None
    assert result.metrics.columns[1:] == list(CATALOGUE)
    for wrong in (0, 12, "7", True):
        with pytest.raises(InvalidArgument) as refused:
            result.portfolio(wrong)  # type: ignore[arg-type]
        assert refused.value.argument == "run_id"
    empty = sample_batch(backend, params=sample_params().head(0))
    assert (len(empty), empty.complete) == (0, True)
    assert empty.best().is_empty()
    assert "runs=0" in repr(empty)


@pytest.mark.parametrize("layout", ["rows", "list"])
def test_a_run_that_fails_is_in_final_and_rejected_only(backend: str, layout: str) -> None:
    result = sample_batch(backend, params=failing([1, 2]), layout=layout, digest=True)
    assert result.final["status"].to_list() == ["ok", "failed", "failed"]
    assert result.metrics["run_id"].to_list() == [0]
    assert result.equity["run_id"].unique().to_list() == [0]
    assert result.rejected.select("run_id", "row", "error").rows() == [
        (1, None, "NumberOutOfRange"),
        (2, None, "NumberOutOfRange"),
    ]
    assert result.portfolio(1).digest == result.final["digest"][1]
    assert "failed=2  rejected orders=0" in repr(result)
    assert "All of these runs failed" in result.plot(runs=[1]).text
    alone = sample_batch(backend, params=failing([0]), layout=layout)
    assert "All of these runs failed" in alone.plot(runs=[0]).text
    assert "sharpe_ratio" in alone._repr_html_()
    with pytest.raises(op.NumberOutOfRange, match="run 1"):
        sample_batch(backend, params=failing([1]), on_error="raise")


def test_the_first_refusal_can_be_raised(backend: str) -> None:
    orders = sample_orders().with_columns(size=pl.lit(10.0**9))
    result = sample_batch(backend, orders=orders.with_columns(side=pl.lit("long")))
    assert result.rejected.lazy().collect().height > 0
    bad = sample_orders().with_columns(type=pl.lit("limit"))
    with pytest.raises(InvalidArgument, match="run 0, row 0"):
        sample_batch(backend, orders=bad, params=None, on_error="raise")


def test_results_that_do_not_fit_are_refused_before_and_while_they_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InvalidArgument, match="sink=") as refused:
        sample_batch("python", max_memory=10_000)
    assert refused.value.argument == "max_memory"
    # The estimate does not know the trades; the tables that are there do.
    monkeypatch.setattr(slices, "METRIC_BYTES", 0)
    monkeypatch.setitem(slices.WORK, "python", 40)
    with pytest.raises(InvalidArgument, match='record="1d"'):
        sample_batch("python", record="none", max_memory=5_000)
    assert len(sample_batch("python", max_memory=10**9)) == 12
    # Two passes have one bound.
    room = int(1.5 * bytes_in(sample_batch("python", record="none")))
    assert len(sample_batch("python", record="none", max_memory=room)) == 12
    with pytest.raises(InvalidArgument, match="sink="):
        sample_batch("python", record="none", max_memory=room, path="both")


def test_how_a_result_looks(backend: str, tmp_path: Path) -> None:
    result = sample_batch(backend)
    assert repr(result).startswith("<BatchResult  runs=12  failed=0  rejected orders=0  trades=")
    markup = result._repr_html_()
    assert "take_profit_rate" in markup
    assert "sharpe_ratio" in markup
    assert markup.count("<tr>") == 6
    path = result.report(3, tmp_path / "run.html")
    page = path.read_text(encoding="utf-8")
    assert "Run 3" in page
    named = result.report(3, tmp_path / "run.svg", title="Mine")
    assert "Mine" in named.read_text(encoding="utf-8")


def test_the_names_are_public() -> None:
    assert {"BatchResult", "CancelToken", "Costs", "RunCancelled", "run_batch"} <= set(op.__all__)
