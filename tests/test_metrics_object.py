"""Metrics as an object: what it holds, what its definitions say, and how it looks."""

from __future__ import annotations

import ast
import copy
import inspect
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import omega_portfolio as op
from interpreter import pickled
from omega_portfolio import metric_names
from omega_portfolio.catalogue import CATALOGUE, UNITS
from omega_portfolio.display import metric_texts
from omega_portfolio.metric_definitions import SYMBOLS

SPECIFICATION = Path(__file__).parents[1] / "SPEC.md"

MOMENT = datetime(2024, 1, 2, 9, 30, tzinfo=timezone.utc)
VALUES = {
    "start_time": MOMENT,
    "ruined": False,
    "total_return": 0.0123456789,
    "net_profit": Decimal("1234.50"),
    "cagr": None,
    "sharpe_ratio": 1.5,
    "max_drawdown": -0.25,
    "max_drawdown_duration": timedelta(days=2, hours=3),
    "trade_count": 12,
    "win_rate": 0.5,
    "beta": None,
}
ECHOES = {
    "mar": 0.03, "confidence": 0.01, "resample": "1d", "has_benchmark": True, "trial_count": 7,
}  # fmt: skip

NAMES = pytest.mark.parametrize("name", list(CATALOGUE))


@pytest.fixture
def metrics() -> op.Metrics:
    return op.Metrics(VALUES, 252, 0.02, **ECHOES)


def test_metrics_are_a_mapping_with_attributes(metrics):
    assert dict(metrics) == VALUES
    assert list(metrics) == list(VALUES)
    assert len(metrics) == 11
    assert metrics.net_profit == metrics["net_profit"] == Decimal("1234.50")
    assert metrics.cagr is None
    assert "sharpe_ratio" in metrics
    assert "volatility" not in metrics
    assert 3 not in metrics
    assert {"sharpe_ratio", "to_polars", "mar"} <= set(dir(metrics))
    assert metrics.get("nothing") is None


def test_metrics_say_what_they_were_computed_with(metrics):
    assert metrics.arguments() == {"periods_per_year": 252.0, "risk_free_rate": 0.02, **ECHOES}
    assert (metrics.periods_per_year, metrics.risk_free_rate, metrics.mar) == (252, 0.02, 0.03)
    assert op.Metrics({}, "252", Decimal("0.02")).mar == 0.02
    assert isinstance(op.Metrics({}, 252).periods_per_year, float)


def test_metrics_are_frozen_and_detached_from_their_source():
    source = dict(VALUES)
    metrics = op.Metrics(source)
    source["trade_count"] = 99
    assert metrics.trade_count == 12
    for name in ("trade_count", "periods_per_year", "new"):
        with pytest.raises(AttributeError, match="frozen"):
            setattr(metrics, name, 1)
    with pytest.raises(AttributeError, match="frozen"):
        del metrics.periods_per_year
    with pytest.raises(TypeError):
        metrics["trade_count"] = 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(metrics)


def test_an_unknown_metric_is_refused_with_suggestions(metrics):
    with pytest.raises(AttributeError, match="no metric 'sharp_ratio'; did you mean sharpe_ratio"):
        _ = metrics.sharp_ratio
    with pytest.raises(AttributeError, match="did you mean confidence"):
        _ = metrics.confidense
    with pytest.raises(AttributeError, match="there is no metric 'zzz'; the metrics are: start_"):
        _ = metrics.zzz
    with pytest.raises(AttributeError, match="no attribute '_private'"):
        _ = metrics._private
    with pytest.raises(KeyError, match="did you mean win_rate"):
        _ = metrics["win_ratio"]
    with pytest.raises(KeyError):
        _ = metrics[3]
    with pytest.raises(op.InvalidArgument, match="did you mean sortino_ratio") as caught:
        op.Metrics.definition("sortino")
    assert caught.value.argument == "name"
    for other in ("", 3, None, []):
        with pytest.raises(op.InvalidArgument):
            op.Metrics.definition(other)


def test_a_value_that_is_no_metric_is_refused():
    with pytest.raises(ValueError, match="no metrics of the catalogue: luck"):
        op.Metrics({"luck": 1.0})


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled])
def test_metrics_can_be_copied_and_pickled(metrics, clone):
    twin = clone(metrics)
    assert type(twin) is op.Metrics
    assert twin == metrics
    assert list(twin) == list(metrics)
    assert twin.arguments() == metrics.arguments()


def test_metrics_are_equal_by_values_and_arguments(metrics):
    assert metrics == VALUES
    assert metrics == op.Metrics(VALUES, 252, 0.02, **ECHOES)
    assert metrics != op.Metrics(VALUES, 252, 0.03, **ECHOES)
    assert metrics != op.Metrics({**VALUES, "cagr": 1.0}, 252, 0.02, **ECHOES)
    assert metrics != 3


def test_metrics_as_a_frame(metrics):
    frame = metrics.to_polars()
    assert frame.schema == {
        "name": pl.String, "value": pl.Float64, "exact": pl.String, "unit": pl.String,
        "group": pl.String, "definition": pl.String,
    }  # fmt: skip
    rows = {row[0]: row[1:4] for row in frame.rows()}
    assert list(rows) == list(VALUES)
    assert rows["start_time"] == (None, "2024-01-02T09:30:00+00:00", "time")
    assert rows["ruined"] == (0.0, "False", "flag")
    assert rows["total_return"] == (0.0123456789, None, "fraction")
    assert rows["net_profit"] == (1234.5, "1234.50", "account currency")
    assert rows["cagr"] == (None, None, "fraction per year")
    assert rows["max_drawdown_duration"] == (183600.0, "2 days, 3:00:00", "seconds")
    assert rows["trade_count"] == (12.0, "12", "trades")
    assert frame.row(5)[4:] == ("risk", "mean(r - rf_p) / std(r) * sqrt(P)")
    assert op.Metrics({}).to_polars().schema == frame.schema


def test_metrics_by_group(metrics):
    groups = metrics.groups()
    assert list(groups) == ["sample", "returns", "risk", "drawdown", "trades", "benchmark"]
    assert groups["trades"] == {"trade_count": 12, "win_rate": 0.5}
    assert {name: value for group in groups.values() for name, value in group.items()} == VALUES


def test_metrics_as_text(metrics):
    assert repr(metrics).splitlines() == [
        "Metrics: periods_per_year=252, risk_free_rate=0.02, mar=0.03, confidence=0.01, "
        "resample=1d, benchmark=given, trials=7",
        "sample",
        "  start_time             2024-01-02 09:30:00  UTC",
        "  ruined                               False",
        "returns",
        "  total_return                       1.235 %",
        "  net_profit                        1,234.50  account currency",
        "  cagr                                  None  per year",
        "risk",
        "  sharpe_ratio                           1.5  ratio, annualised",
        "drawdown",
        "  max_drawdown                      -25.00 %",
        "  max_drawdown_duration      2 days, 3:00:00",
        "trades",
        "  trade_count                             12  trades",
        "  win_rate                           50.00 %  of trades",
        "benchmark",
        "  beta                                  None  ratio",
    ]
    assert repr(op.Metrics({}, 252.5, 0)) == (
        "Metrics: periods_per_year=252.5, risk_free_rate=0, confidence=0.05"
    )


def test_a_benchmark_that_was_not_given_is_not_shown():
    metrics = op.Metrics(VALUES)
    assert "beta" in metrics
    assert "beta" not in repr(metrics)
    assert "beta" not in metrics._repr_html_()


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.0, "fraction", ("0 %", "")),
        (1e-9, "fraction per period", ("1e-07 %", "per period")),
        (0.000123, "fraction", ("0.01230 %", "")),
        (-0.5, "fraction of trades", ("-50.00 %", "of trades")),
        (12.3456, "fraction", ("1,235 %", "")),
        (1e300, "fraction", ("1e+302 %", "")),
        (1234567.0, "ratio", ("1.23457e+06", "ratio")),
        (Decimal("-1234567.125"), "account currency", ("-1,234,567.125", "account currency")),
        (1234567, "trades", ("1,234,567", "trades")),
        (True, "flag", ("True", "")),
        (None, "fraction per year", ("None", "per year")),
        (None, "time", ("None", "UTC")),
        (timedelta(seconds=90), "seconds", ("0:01:30", "")),
    ],
)
def test_values_are_shown_with_what_is_left_of_their_unit(value, unit, shown):
    assert metric_texts(value, unit) == shown


def test_metrics_as_html(metrics):
    markup = metrics._repr_html_()
    for text in (*VALUES, "1,234.50", "-25.00 %", "2 days, 3:00:00", "benchmark=given"):
        assert text in markup
    for group in metrics.groups():
        assert f"<caption>{group}</caption>" in markup
    assert not re.search(r"http|url\(|font-family|@import|<script|#[0-9a-f]{3,6}\b(?!;)", markup)
    assert "color:inherit" in markup


def test_html_of_metrics_and_definitions_escapes_what_it_shows():
    metrics = op.Metrics({"losing_trade_count": 1}, resample="<b>&\"'")
    markup = metrics._repr_html_() + CATALOGUE["losing_trade_count"]._repr_html_()
    assert "<b>" not in markup
    assert "&lt;b&gt;&amp;&quot;&#x27;" in markup
    assert 'title="number of p &lt; 0"' in markup
    assert "number of p < 0" not in markup


@NAMES
def test_each_definition_is_whole_and_shows_itself(name):
    definition = op.Metrics.definition(name)
    assert isinstance(definition, op.MetricDefinition)
    assert definition.name == name
    assert definition.formula
    assert definition.null_rule
    for text in (definition.formula, definition.convention, definition.null_rule):
        assert text == text.strip()
        assert "  " not in text
    assert definition.convention == "" or definition.convention.endswith(".")
    assert not definition.null_rule.endswith(".")
    shown = re.sub(r"\s+", " ", repr(definition))
    for fact in (name, definition.unit, definition.formula, definition.null_rule):
        assert fact in shown
    assert f"<caption>{name} ({definition.group})" in definition._repr_html_()
    assert pickled(definition) == definition
    with pytest.raises(AttributeError):
        definition.formula = "1"


@NAMES
def test_each_definition_has_a_unit_that_fits_its_kind(name):
    definition = CATALOGUE[name]
    assert definition.unit == UNITS[name]
    fixed = {"money": "account currency", "time": "time", "duration": "seconds", "flag": "flag"}
    assert definition.unit == fixed.get(definition.kind, definition.unit)
    assert (definition.unit == "time") == (definition.kind == "time")
    if definition.kind == "count":
        assert definition.unit in {"periods", "trades", "drawdowns"}


@NAMES
def test_each_symbol_of_a_formula_is_explained(name):
    definition = CATALOGUE[name]
    # Letters that stand alone, but for those that the formula itself introduces.
    letters = set(re.findall(r"(?<![\w'])[A-Za-z](?![\w'])", definition.formula))
    introduced = set(re.findall(r"\b([a-zK]) = ", definition.formula))
    introduced |= {"K"} if "K trials" in definition.convention else set()
    introduced |= {"g", "z", "k"} if "g(z)" in definition.formula else set()
    assert letters - introduced - {"i", "a"} <= set(definition.symbols())


def test_symbols_explain_each_other():
    assert set(CATALOGUE["probabilistic_sharpe_ratio"].symbols()) >= {
        "F", "s", "n", "v", "g1", "g2", "r", "rf_p", "rf", "P", "std", "E_i",
    }  # fmt: skip
    assert "s" not in CATALOGUE["beta"].symbols(), "the genitive s of a word is no symbol"
    used = set().union(*(one.symbols() for one in CATALOGUE.values()))
    assert used == set(SYMBOLS)


def test_only_what_needs_an_order_of_all_values_needs_the_history():
    assert [name for name, one in CATALOGUE.items() if not one.streaming] == [
        "value_at_risk", "expected_shortfall", "tail_ratio", "conditional_drawdown_at_risk",
    ]  # fmt: skip


TYPES = {
    "money": "Decimal | None", "float": "float | None", "count": "int", "time": "datetime | None",
    "duration": "timedelta | None", "flag": "bool",
}  # fmt: skip


def test_type_checkers_know_each_metric_with_its_type():
    tree = ast.parse(inspect.getsource(metric_names))
    found = {
        node.target.id: ast.unparse(node.annotation)
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    # A history without a column of sides has no such counts.
    sides = dict.fromkeys(("long_trade_count", "short_trade_count"), "int | None")
    assert found == {name: TYPES[one.kind] for name, one in CATALOGUE.items()} | sides
    assert list(found) == list(CATALOGUE)


def test_the_specification_has_each_metric():
    section = SPECIFICATION.read_text("utf-8").split("## 8 Metrics")[1].split("\n## 9 ")[0]
    rows = re.findall(r"^\| ([a-z][\w ,*]*) \| .* \| .* \|$", section, re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"\w+", row)]
    assert [name for name in names if name != "name"] == list(CATALOGUE)


def test_both_calls_give_the_catalogue_in_its_order(backend, make_portfolio):
    curve = pl.DataFrame({"time": [MOMENT, MOMENT + timedelta(days=1)], "equity": [100, 110]})
    for metrics in (make_portfolio().calculate_metrics(), op.metrics(curve, backend=backend)):
        assert list(metrics) == list(CATALOGUE)
    assert metrics.net_profit == Decimal(10)
    kinds = {
        "money": Decimal, "float": float, "count": int, "time": datetime, "duration": timedelta,
        "flag": bool,
    }  # fmt: skip
    given = {name: value for name, value in metrics.items() if value is not None}
    assert len(given) > 40
    for name, value in given.items():
        assert type(value) is kinds[CATALOGUE[name].kind], name
