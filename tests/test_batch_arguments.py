"""The arguments of the compiled batch, and the fingerprint of what they say."""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from batch_frames import bars, orders, small

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")
pytestmark = pytest.mark.skipif("rust" not in BACKENDS, reason="the run is narrowed to python")


BAD_ARGUMENTS: list[tuple[str, object, type[op.OmegaPortfolioError]]] = [
    ("bars", None, op.InvalidArgument),
    ("bars", bars(5).lazy(), op.InvalidArgument),
    ("bars", bars(5).drop("close"), op.InvalidFrame),
    ("bars", bars(5).with_columns(close=pl.lit("x")), op.InvalidFrame),
    ("bars", bars(5).with_columns(high=pl.lit(1)), op.InvalidFrame),
    ("bars", bars(5).reverse(), op.InvalidFrame),
    ("orders", 7, op.InvalidArgument),
    ("orders", orders(20).drop("action"), op.InvalidFrame),
    ("orders", orders(20).with_columns(other=1), op.InvalidFrame),
    ("orders", orders(20).with_columns(symbol=pl.lit("NONE")), op.InvalidSymbol),
    ("params", "x", op.InvalidArgument),
    ("params", pl.DataFrame({"run_id": [0, 0]}), op.InvalidFrame),
    ("params", pl.DataFrame({"unknown": [0]}), op.InvalidFrame),
    ("instruments", op.Instrument("ACME"), op.InvalidArgument),
    ("commission", 5, op.InvalidArgument),
    ("slippage", "x", op.InvalidArgument),
    ("swap", 1.5, op.InvalidArgument),
    ("labels", "size", op.InvalidArgument),
    ("labels", [1], op.InvalidArgument),
    ("fill", "open", op.InvalidArgument),
    ("fill", 1, op.InvalidArgument),
    ("floats", "exact", op.InvalidConfiguration),
    ("initial_balance", -1, op.InvalidAmount),
    ("initial_balance", None, op.InvalidArgument),
    ("currency", "QQQ", op.InvalidCurrency),
    ("leverage", 0, op.InvalidConfiguration),
    ("mode", "both", op.InvalidConfiguration),
    ("rounding", "up", op.InvalidConfiguration),
    ("off_grid", "keep", op.InvalidConfiguration),
    ("margin_call", 0, op.InvalidConfiguration),
    ("stop_out", "x", op.InvalidNumber),
    ("path", "both", op.InvalidConfiguration),
    ("pivot", 1, op.InvalidArgument),
    ("periods_per_year", 0, op.InvalidNumber),
    ("risk_free_rate", "x", op.InvalidNumber),
    ("mar", -1, op.InvalidNumber),
    ("confidence", 1, op.InvalidNumber),
    ("resample", "1y", op.InvalidArgument),
]


@pytest.mark.parametrize(("argument", "value", "error"), BAD_ARGUMENTS)
def test_bad_arguments(argument: str, value: object, error: type[op.OmegaPortfolioError]) -> None:
    before = sys.getrefcount(value)
    with pytest.raises(error) as caught:
        small(**{argument: value})
    assert type(caught.value) is error
    assert caught.value.argument == argument
    del caught
    gc.collect()
    # Anybody may hold None.
    assert value is None or sys.getrefcount(value) == before


def test_bad_instruments() -> None:
    acme = op.Instrument("ACME", price_decimals=2)
    with pytest.raises(op.InvalidArgument) as wrong:
        small(instruments=["ACME"])
    assert wrong.value.argument == "instrument"
    with pytest.raises(op.InstrumentExists):
        small(instruments=[acme, op.Instrument("ACME", price_decimals=3)])
    with pytest.raises(op.InvalidInstrument):
        small(commission=op.Commission("per_bar", 1))
    with pytest.raises(op.InvalidInstrument):
        small(instruments=[acme], slippage=op.Slippage("points", -1))


BAD_RUNS: list[tuple[str, object]] = [
    ("first", -1),
    ("first", 8),
    ("first", True),
    ("first", "0"),
    ("first", 2**80),
    ("count", -1),
    ("count", 7),
    ("count", 1.0),
    ("threads", 0),
    ("threads", 1025),
    ("threads", -1),
    ("threads", True),
    ("threads", 2.0),
    ("threads", 2**70),
    ("record", "2d"),
    ("record", None),
    ("equity_columns", "some"),
    ("trades", 1),
    ("metrics", None),
    ("exact", "yes"),
    ("digest", 0),
    ("on_error", "ignore"),
    ("progress", 5),
    ("cancel", threading.Event()),
]


@pytest.mark.parametrize(("argument", "value"), BAD_RUNS)
def test_bad_arguments_of_a_run(argument: str, value: object) -> None:
    batch = small(orders=orders(20, 7))
    arguments: dict[str, Any] = {"first": 1, "count": 2, argument: value}
    with pytest.raises(op.InvalidArgument) as caught:
        batch.run(arguments.pop("first"), arguments.pop("count"), **arguments)
    assert caught.value.argument == argument
    with pytest.raises(op.InvalidArgument) as caught:
        batch.portfolio(7)
    assert caught.value.argument == "place"


def test_a_fingerprint_is_of_values() -> None:
    plain = small().fingerprint
    assert len(plain) == 64
    assert plain == small(fill="next_open", mar=None).fingerprint
    chunks = pl.concat([bars(20)[:7], bars(20)[7:]], rechunk=False)
    texts = orders(20).with_columns(
        pl.col("tag").cast(pl.Categorical), pl.col("size").cast(pl.Int8)
    )
    assert small(bars=chunks, orders=texts).fingerprint == plain
    nulls = orders(20).with_columns(oco=pl.lit(None))
    assert nulls["oco"].dtype == pl.Null
    assert (
        small(orders=nulls).fingerprint
        == small(orders=nulls[:0].vstack(nulls)).fingerprint
        == plain
    )
    others = {
        small(**change).fingerprint
        for change in (
            {"leverage": 11},
            {"fill": "close"},
            {"off_grid": "round"},
            {"confidence": 0.06},
            {"commission": op.Commission("per_trade", 1)},
            {"instruments": [op.Instrument("ACME")]},
            {"bars": bars(21)},
            {"orders": orders(20).with_columns(size=2)},
            {"params": pl.DataFrame({"size": [1]})},
        )
    }
    assert len(others | {plain}) == 10
