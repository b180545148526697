"""Pictures of a batch: what is drawn, where, and what is refused."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

import omega_portfolio as op
from batch_samples import sample_batch, sample_params
from omega_portfolio.batch.axis import BINS, CELLS_MAX, cells_of
from omega_portfolio.batch.heat import cell_text, heat_map
from omega_portfolio.errors import InvalidArgument
from omega_portfolio.report import Plot

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def result() -> op.BatchResult:
    return sample_batch("python")


def texts_of(plot: Plot) -> list[str]:
    """Give all texts of a picture, which has to be well-formed."""
    root = ElementTree.fromstring(plot.svg)  # noqa: S314 - drawn here.
    return [text.strip() for text in root.itertext() if text.strip() and not text.startswith(".op")]


def test_two_parameters_are_a_heat_map(result: op.BatchResult) -> None:
    plot = result.plot("total_return")
    texts = texts_of(plot)
    assert "total_return over stop_loss_rate and take_profit_rate" in texts
    assert {"(none)", "0.01", "0.02", "0.04", "0.03"} <= set(texts)
    values = result.metrics["total_return"].to_list()
    assert [text for text in texts if text in {cell_text(one, "percent") for one in values}]
    assert plot.kind == "total_return"
    assert "12 runs" in plot.text
    assert "svg" in plot._repr_mimebundle_()["image/svg+xml"]


def test_one_parameter_is_a_line_with_its_runs(result: op.BatchResult) -> None:
    plot = result.plot("sharpe_ratio", over="take_profit_rate")
    assert "with their mean" in plot.text
    assert "take_profit_rate" in texts_of(plot)
    assert 'class="fine line accent"' in plot.svg
    assert 'class="fine dot third"' in plot.svg
    # A parameter with a null, and one of texts, are names without a line between them.
    assert 'class="fine line' not in result.plot(over="stop_loss_rate").svg
    assert result.plot(over=["take_profit_rate"]).svg == plot.svg


def test_parameters_that_do_not_differ_are_no_axis() -> None:
    params = sample_params().head(3).with_columns(stop_loss_rate=pl.lit(0.05), size=pl.lit(3))
    assert "over take_profit_rate" in sample_batch("python", params=params).plot().svg
    same = sample_batch("python", params=params.head(1))
    assert "of all runs" in same.plot().svg
    alone = sample_batch("python", params=None)
    assert "sharpe_ratio of all runs" in texts_of(alone.plot())


def test_three_parameters_have_to_be_chosen_from() -> None:
    params = pl.DataFrame(
        {"size": [1, 2, 3], "leverage": [1, 2, 3], "stop_loss_rate": [0.1, 0.2, 0.3]}
    )
    three = sample_batch("python", params=params)
    with pytest.raises(InvalidArgument, match="size, leverage, stop_loss_rate") as refused:
        three.plot()
    assert refused.value.argument == "over"
    assert "over size and leverage" in three.plot(over=("size", "leverage")).svg


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"metric": "sharp_ratio"}, "metric"),
        ({"metric": "start_time"}, "metric"),
        ({"metric": 3}, "metric"),
        ({"over": "stop"}, "over"),
        ({"over": 3}, "over"),
        ({"over": ()}, "over"),
        ({"over": ("size", "size")}, "over"),
        ({"over": ("a", "b", "c")}, "over"),
        ({"runs": [12]}, "runs"),
        ({"runs": 3}, "runs"),
        ({"runs": []}, "runs"),
        ({"runs": [1, 1]}, "runs"),
        ({"runs": list(range(9))}, "runs"),
        ({"runs": ["1"]}, "runs"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    result: op.BatchResult, options: dict[str, Any], argument: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        result.plot(**options)
    assert refused.value.argument == argument


@pytest.mark.parametrize("metric", ["max_drawdown_duration", "ruined", "net_profit", "trade_count"])
def test_metrics_of_every_kind_are_drawn(result: op.BatchResult, metric: str) -> None:
    assert texts_of(result.plot(metric))
    assert texts_of(result.plot(metric, over="take_profit_rate"))


def test_curves_over_each_other(result: op.BatchResult) -> None:
    plot = result.plot(runs=[3, 0, 11])
    texts = texts_of(plot)
    assert [text for text in texts if text.startswith("Run ")] == ["Run 3", "Run 0", "Run 11"]
    assert plot.svg.count("fine line") == 3
    lists = sample_batch("python", layout="list", exact=True).plot(runs=[3, 0, 11])
    assert lists.svg == plot.svg
    with pytest.raises(InvalidArgument, match='record="bar"'):
        sample_batch("python", record="none").plot(runs=[0])


def test_a_long_curve_has_no_more_points_than_pixels() -> None:
    from batch_samples import sample_bars

    result = sample_batch("python", bars=sample_bars(3000), params=sample_params().head(1))
    (path,) = re.findall(r'd="([^"]+)"[^>]*class="fine line accent"', result.plot(runs=[0]).svg)
    assert len(re.findall(r"[lhv]", path)) < 4 * 600


def test_a_metric_that_no_run_has_is_a_sentence(result: op.BatchResult) -> None:
    assert result.plot("beta").text == "beta is not defined in any run."


def test_many_values_are_put_into_bins() -> None:
    values = pl.Series([float(k) for k in range(CELLS_MAX + 1)])
    places, names = cells_of(values)
    assert len(names) == BINS
    assert (places.min(), places.max()) == (0, BINS - 1)
    few, names = cells_of(values.head(CELLS_MAX))
    assert few.to_list() == list(range(CELLS_MAX))
    assert names[:2] == ["0.0", "1.0"]
    cells = pl.DataFrame({"a": values, "b": values, "value": values})
    picture = heat_map(cells, ("a", "b"), ("title", "text"), "number")
    assert picture.text == "text; from 0.50 to 47.50"


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.0, "number", "0.00"),
        (0.0012, "number", "0.001"),
        (123.456, "number", "123.5"),
        (-12345.6, "number", "\N{MINUS SIGN}12,346"),
        (0.5, "percent", "50.0 %"),
    ],
)
def test_the_numbers_of_cells(value: float, kind: Any, text: str) -> None:
    assert cell_text(value, kind) == text
