"""Metrics and tables as objects: what they hold and how they look."""

from __future__ import annotations

import copy
import re
from datetime import datetime, timezone
from decimal import Decimal

import polars as pl
import pytest

import omega_portfolio as op
from interpreter import pickled
from omega_portfolio import display
from omega_portfolio.metric_values import UNITS

METRIC_VALUES = {
    "net_profit": Decimal("1234.50"),
    "total_return": 0.0123456789,
    "cagr": None,
    "max_drawdown": -0.25,
    "sharpe_ratio": 1.5,
    "trade_count": 12,
    "win_rate": 0.5,
    "profit_factor": None,
}


@pytest.fixture
def metrics():
    return op.Metrics(METRIC_VALUES, 252, 0.02)


def test_metrics_are_a_mapping_with_attributes(metrics):
    assert dict(metrics) == METRIC_VALUES
    assert set(metrics) == set(UNITS)
    assert metrics.net_profit == metrics["net_profit"] == Decimal("1234.50")
    assert metrics.cagr is None
    assert (metrics.periods_per_year, metrics.risk_free_rate) == (252, 0.02)
    assert len(metrics) == 8
    assert "sharpe_ratio" in metrics
    assert "sharpe_ratio" in dir(metrics)
    assert metrics.get("nothing") is None


def test_metrics_are_frozen_and_detached_from_their_source():
    source = dict(METRIC_VALUES)
    metrics = op.Metrics(source, 252, 0)
    source["trade_count"] = 99
    assert metrics.trade_count == 12
    for name in ("trade_count", "periods_per_year", "new"):
        with pytest.raises(AttributeError, match="frozen"):
            setattr(metrics, name, 1)
    with pytest.raises(AttributeError, match="frozen"):
        del metrics.periods_per_year
    with pytest.raises(TypeError):
        metrics["trade_count"] = 1


def test_an_unknown_metric_is_an_attribute_error_with_suggestions(metrics):
    with pytest.raises(AttributeError, match="did you mean sharpe_ratio") as caught:
        _ = metrics.sharp_ratio
    assert all(name in str(caught.value) for name in METRIC_VALUES)
    with pytest.raises(AttributeError, match="there is no metric 'zzz'; the metrics are"):
        _ = metrics.zzz
    with pytest.raises(AttributeError, match="no attribute '_private'"):
        _ = metrics._private
    with pytest.raises(KeyError):
        _ = metrics["zzz"]


def test_a_metric_without_a_unit_is_refused():
    with pytest.raises(ValueError, match="without a unit: luck"):
        op.Metrics({"luck": 1.0}, 252, 0)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled])
def test_metrics_can_be_copied_and_pickled(metrics, clone):
    twin = clone(metrics)
    assert twin == metrics
    assert list(twin) == list(metrics)
    assert (twin.periods_per_year, twin.risk_free_rate) == (252, 0.02)


def test_metrics_as_a_frame(metrics):
    frame = metrics.to_polars()
    assert frame.schema == {
        "name": pl.String, "value": pl.Float64, "exact": pl.String, "unit": pl.String,
    }  # fmt: skip
    assert frame.row(0) == ("net_profit", 1234.5, "1234.50", "account currency")
    assert frame.row(1) == ("total_return", 0.0123456789, None, "fraction")
    assert frame.row(2) == ("cagr", None, None, "fraction per year")
    assert frame.row(5) == ("trade_count", 12.0, "12", "trades")
    assert op.Metrics({}, 252, 0).to_polars().schema == frame.schema


def test_metrics_as_text_and_html(metrics):
    lines = repr(metrics).splitlines()
    assert lines[0] == "Metrics: periods_per_year=252, risk_free_rate=0.02"
    assert lines[1] == "  net_profit       1234.50  account currency"
    assert lines[2] == "  total_return   0.0123457  fraction"
    assert lines[3] == "  cagr                None  fraction per year"
    assert len(lines) == 9
    markup = metrics._repr_html_()
    assert all(name in markup for name in METRIC_VALUES)
    assert repr(op.Metrics({}, 252, 0)) == "Metrics: periods_per_year=252, risk_free_rate=0"


class FrameTable:
    """A table that holds a Polars frame."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def to_polars(self) -> pl.DataFrame:
        return self.frame


def table_of(rows: int) -> FrameTable:
    return FrameTable(
        pl.DataFrame(
            {
                "time": [datetime(2024, 1, 2, 9, 30, tzinfo=timezone.utc)] * rows,
                "number": range(rows),
                "amount": [Decimal("8.35")] * rows,
                "share": [0.5] * rows,
                "tag": ["<b>&\"'"] * rows,
            },
            schema={
                "time": pl.Datetime("us", "UTC"),
                "number": pl.UInt64,
                "amount": pl.Decimal(38, 18),
                "share": pl.Float64,
                "tag": pl.String,
            },
        )
    )


def test_a_table_as_text_has_its_shape_and_rows():
    lines = display.table_repr(table_of(1234)).splitlines()
    assert lines[0] == "Table: 1,234 rows x 5 columns"
    assert "amount" in "".join(lines)
    assert len(lines) < 40
    assert "shape:" in str(pl.DataFrame({"a": [1]})), "the display options of Polars are as before"


def test_a_short_table_as_html_is_whole():
    markup = display.table_html(table_of(10))
    assert "Table: 10 rows x 5 columns" in markup
    assert "…" not in markup
    assert [f"<td>{number}</td>" in markup for number in range(10)] == [True] * 10


def test_a_long_table_as_html_has_its_first_and_last_rows():
    markup = display.table_html(table_of(11))
    shown = [number for number in range(11) if f"<td>{number}</td>" in markup]
    assert shown == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert markup.count('<td class="text">…</td>') == 5
    assert len(display.table_html(table_of(100_000))) < 2 * len(markup)


def test_html_has_types_escapes_text_and_brings_no_colours_or_fonts():
    markup = display.table_html(table_of(1))
    for kind in ("time[us, UTC]", "u64", "decimal(38, 18)", "f64", "text"):
        assert f"<span>{kind}</span>" in markup
    assert "<b>" not in markup
    assert "&lt;b&gt;&amp;&quot;&#x27;" in markup
    assert "<td>2024-01-02 09:30:00</td><td>0</td><td>8.35</td><td>0.5</td>" in markup
    assert not re.search(r"http|url\(|font-family|@import|<script|#[0-9a-f]{3,6}\b(?!;)", markup)
    assert "color:inherit" in markup


def test_html_of_an_empty_table():
    markup = display.table_html(table_of(0))
    assert "Table: 0 rows x 5 columns" in markup
    assert "<tbody></tbody>" in markup


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("100.000000000000000000"), "100"),
        (Decimal("-0.500000000"), "-0.5"),
        (Decimal(100), "100"),
        (Decimal("0E-18"), "0"),
        (0.1, "0.1"),
        (None, "None"),
        ("a", "a"),
    ],
)
def test_values_are_shown_as_people_read_them(value, text):
    assert display.value_text(value) == text


def test_a_type_that_no_table_has_keeps_its_name():
    assert display.type_name(pl.Boolean()) == "Boolean"
