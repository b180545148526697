"""Grids and samples of parameters: order, exactness, and what is refused."""

from decimal import Decimal
from itertools import product

import numpy as np
import polars as pl
import pytest

import omega_portfolio as op


def test_a_grid_is_the_product_in_the_order_of_nested_loops():
    values = {"a": [3, 1, 2], "b": ["x", "y"], "c": [0.5, None]}
    assert op.grid(**values).rows() == list(product(*values.values()))
    assert op.grid(**values).columns == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("given", "kind", "cells"),
    [
        ([1, 2.5], pl.Float64, [1.0, 2.5]),
        ([1, Decimal("0.25")], pl.Decimal, [Decimal("1.00"), Decimal("0.25")]),
        (range(3), pl.Int64, [0, 1, 2]),
        ("netting", pl.String, ["netting"]),
        (None, pl.Null, [None]),
        (np.array([0.01, 0.02]), pl.Float64, [0.01, 0.02]),
        (pl.Series([1, 2], dtype=pl.Int8), pl.Int8, [1, 2]),
        ({7}, pl.Int64, [7]),
        ([True, False], pl.Boolean, [True, False]),
    ],
)
def test_values_of_any_kind(given, kind, cells):
    column = op.grid(x=given)["x"]
    assert column.dtype == kind
    assert column.to_list() == cells


@pytest.mark.parametrize(
    ("values", "argument", "part"),
    [
        ({}, "values", "names no column"),
        ({"a": []}, "a", "has no value"),
        ({"a": [1, 1]}, "a", "is there twice"),
        ({"a": [1.0, 1]}, "a", "is there twice"),
        ({"a": [1, "x"]}, "a", "has values of the types int, str"),
        ({"a": [True, 2]}, "a", "has values of the types bool, int"),
        ({"a": [object()]}, "a", "has values of the types object"),
        ({"a": b"x"}, "a", "is no value"),
        ({"a": {"x": 1}}, "a", "is no value"),
        ({"a": 3j}, "a", "is no value"),
        ({"a": [float("nan")]}, "a", "must be finite"),
        ({"a": pl.Series([float("inf")])}, "a", "must be finite"),
        ({"a": [10**60]}, "a", "is no column"),
        ({"a": range(2**17), "b": range(2**17)}, "values", "more than 4294967295 runs"),
    ],
)
def test_a_wrong_grid_is_refused(values, argument, part):
    with pytest.raises(op.InvalidArgument, match=part) as caught:
        op.grid(**values)
    assert caught.value.argument == argument


def test_numbers_of_a_sample_are_exact():
    runs = op.sample(500, seed=3, decimals={"a": 4}, a=(0.001, 0.1), b=(Decimal("0.5"), 2))
    assert runs["a"].is_between(0.001, 0.1).all()
    # The shortest text of each float has no more decimals than were asked for.
    assert all(Decimal(repr(one)).as_tuple().exponent >= -4 for one in runs["a"])
    assert all(Decimal(repr(one)).as_tuple().exponent >= -6 for one in runs["b"])
    assert runs["a"].n_unique() > 300


def test_a_column_does_not_depend_on_its_neighbours():
    one = op.sample(20, seed=5, a=(0.0, 1.0))
    two = op.sample(20, seed=5, z=[1, 2], a=(0.0, 1.0))
    assert one["a"].equals(two["a"])
    assert not one["a"].equals(op.sample(20, seed=6, a=(0.0, 1.0))["a"])
    # The very numbers: the seed of a result that was published gives it again.
    assert op.sample(3, seed=5, a=(0.0, 1.0))["a"].to_list() == [0.373304, 0.534804, 0.087937]
    assert op.sample(3, 5, method="latin_hypercube", a=(1, 9))["a"].to_list() == [7, 2, 5]


@pytest.mark.parametrize("number", [1, 7, 64])
def test_a_latin_hypercube_has_one_value_in_every_part(number):
    runs = op.sample(
        number, seed=1, method="latin_hypercube", x=(0.0, 1.0), whole=(1, number), word=["a", "b"]
    )
    assert sorted(int(min(one * number, number - 1e-9)) for one in runs["x"]) == list(range(number))
    assert sorted(runs["whole"]) == list(range(1, number + 1))
    counts = runs["word"].value_counts()["count"]
    assert counts.max() - counts.min() <= 1 if len(counts) == 2 else number == 1


def test_a_logarithmic_scale_has_as_many_in_every_decade():
    runs = op.sample(300, 1, method="latin_hypercube", log="x", x=(0.001, 1.0), y=(1, 999))
    assert runs["x"].is_between(0.001, 0.01).sum() == pytest.approx(100, abs=1)
    both = op.sample(300, 1, method="latin_hypercube", log=["y"], y=(1, 999))
    assert (both["y"] < 10).sum() == pytest.approx(100, abs=1)
    assert both["y"].min() == 1
    assert both["y"].max() <= 999


def test_both_ends_are_reached():
    runs = op.sample(400, 2, decimals=1, x=(0.1, 0.3), y=(-1, 1))
    assert sorted(runs["x"].unique()) == [0.1, 0.2, 0.3]
    assert sorted(runs["y"].unique()) == [-1, 0, 1]


@pytest.mark.parametrize(
    ("options", "argument", "part"),
    [
        ({"n": 0}, "n", "is not from 1"),
        ({"n": 2.0}, "n", "is no whole number"),
        ({"n": True}, "n", "is no whole number"),
        ({"seed": "x"}, "seed", "is no whole number"),
        ({"method": "sobol"}, "method", "is no method"),
        ({"a": (1, 2, 3)}, "a", "is no pair"),
        ({"a": (1, float("inf"))}, "a", "is no pair"),
        ({"a": (True, 2)}, "a", "is no pair"),
        ({"a": (2, 1)}, "a", "has no value between"),
        ({"a": (0.11, 0.12), "decimals": 1}, "a", "has no value of 1 decimals"),
        ({"a": (0, 5), "log": "a"}, "a", "is not above 0"),
        ({"a": [1, 2], "log": "a"}, "log", "is a list"),
        ({"log": "b"}, "log", "is none of the columns"),
        ({"log": 3}, "log", "is no name"),
        ({"decimals": {"b": 2}}, "decimals", "is none of the columns"),
        ({"decimals": 10, "a": (0.0, 1.0)}, "decimals", "is not from 0 to 9"),
        ({"decimals": "x"}, "decimals", "is no whole number"),
    ],
)
def test_a_wrong_sample_is_refused(options, argument, part):
    options = {"n": 3, "seed": 1, "a": (1, 5)} | options
    with pytest.raises(op.InvalidArgument, match=part) as caught:
        op.sample(**options)
    assert caught.value.argument == argument


def test_a_sample_needs_a_range():
    with pytest.raises(op.InvalidArgument, match="names no column"):
        op.sample(3, 1)
