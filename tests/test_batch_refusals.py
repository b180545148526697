"""Frames of a batch that are refused before anything runs (SPEC R1 to R3), on both backends."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from batches import bars_of, make_batch, opened, orders_of, row

BARS = bars_of((10, 5), (20, 6, 7, 5, 6), (30, 6))
ORDERS = orders_of(opened(15, run_id=1), opened(15, run_id=2))


def refused_of(backend: str, *frames: pl.DataFrame, **options: Any) -> tuple[str, str, str]:
    """Give class, argument and place of the refusal of a batch."""
    with pytest.raises(op.OmegaPortfolioError) as caught:
        make_batch(backend, *frames, **options)
    error = caught.value
    return type(error).__name__, error.argument, error.value.split(": ")[0]


def with_cell(frame: pl.DataFrame, at: int, name: str, cell: object) -> pl.DataFrame:
    cells = frame[name].to_list()
    cells[at] = cell
    dtype = frame[name].dtype if cell is None or isinstance(cell, str) else None
    return frame.with_columns(pl.Series(name, cells, dtype, strict=False))


@pytest.mark.parametrize(
    ("at", "name", "cell", "column"),
    [
        (1, "time", None, "time"),
        (1, "time", 9, "time"),
        (1, "time", 10, "symbol"),
        (1, "symbol", None, "symbol"),
        (1, "symbol", " ACME", "symbol"),
        (1, "open", 0, "open"),
        (1, "open", float("nan"), "open"),
        (1, "close", -1, "close"),
        (1, "low", 6.5, "low"),
        (1, "high", 5.5, "high"),
        (1, "spread", -0.5, "spread"),
        (2, "spread", 1e30, "spread"),
    ],
)
def test_bars(backend: str, at: int, name: str, cell: object, column: str) -> None:
    bars = with_cell(BARS, at, name, cell)
    place = f"row {at}, column {column}"
    assert refused_of(backend, bars, ORDERS) == ("InvalidFrame", "bars", place)


def test_columns_of_bars(backend: str) -> None:
    one = op.Instrument("ACME")
    cases = {
        "column close": BARS.drop("close"),
        "column symbol": BARS.drop("symbol"),
        "column spread": BARS.with_columns(bid=pl.lit(1), ask=pl.lit(2)),
        "column ask": BARS.drop("spread").with_columns(bid=pl.lit(1)),
    }
    for place, bars in cases.items():
        assert refused_of(backend, bars, ORDERS) == ("InvalidFrame", "bars", place)
    without = BARS.drop("symbol")
    assert make_batch(backend, without, ORDERS, instruments=[one]).moments == 3
    assert refused_of(backend, with_cell(without, 2, "time", 20), ORDERS, instruments=[one]) == (
        "InvalidFrame",
        "bars",
        "row 2, column symbol",
    )
    quoted = BARS.drop("spread").with_columns(bid=pl.lit(2), ask=pl.lit(1))
    assert refused_of(backend, quoted, ORDERS)[2] == "row 0, column ask"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"time": None}, ("InvalidFrame", "row 2, column time")),
        ({"action": None}, ("InvalidFrame", "row 2, column action")),
        ({"action": "buy"}, ("InvalidArgument", "row 2, column action")),
        ({"side": None}, ("InvalidFrame", "row 2, column side")),
        ({"side": "up"}, ("InvalidSide", "row 2, column side")),
        ({"size": None}, ("InvalidFrame", "row 2, column size")),
        ({"size": 1e30}, ("NumberOutOfRange", "row 2, column size")),
        ({"size_rule": "all"}, ("InvalidArgument", "row 2, column size_rule")),
        ({"type": "other"}, ("InvalidArgument", "row 2, column type")),
        ({"symbol": "NONE"}, ("InvalidSymbol", "row 2, column symbol")),
        ({"targets": "5"}, ("InvalidArgument", "row 2, column targets")),
        ({"tag": "a\0"}, ("InvalidText", "row 2, column tag")),
        ({"stop_loss": float("inf")}, ("InvalidNumber", "row 2, column stop_loss")),
        (
            {"action": "target", "size_rule": "risk"},
            ("InvalidArgument", "row 2, column size_rule"),
        ),
    ],
)
def test_orders(backend: str, cells: dict[str, Any], expected: tuple[str, str]) -> None:
    good = opened(15, tag="", type="limit", price=5.5, symbol="ACME")
    name, place = expected
    orders = orders_of(good, good, good | cells)
    assert refused_of(backend, BARS, orders) == (name, "orders", place)
    numbered = orders.with_columns(run_id=pl.lit(7))
    assert refused_of(backend, BARS, numbered) == (name, "orders", f"run 7, {place}")


def test_columns_of_orders(backend: str) -> None:
    for name in ("time", "action"):
        found = refused_of(backend, BARS, ORDERS.drop(name))
        assert found == ("InvalidFrame", "orders", f"column {name}")
    unknown = ORDERS.with_columns(key=pl.lit("a"))
    assert refused_of(backend, BARS, unknown) == ("InvalidFrame", "orders", "column key")
    null = orders_of(opened(15, run_id=1), opened(15, run_id=None))
    assert refused_of(backend, BARS, null)[2] == "row 1, column run_id"
    far = orders_of(opened(15, run_id=2**32 - 1))
    assert refused_of(backend, BARS, far) == (
        "InvalidArgument",
        "orders",
        "row 0, column run_id",
    )


@pytest.mark.parametrize("instruments", [[], [op.Instrument("ACME")]])
@pytest.mark.parametrize("rows", [0, 1])
def test_bars_without_rows_have_no_symbol_to_leave_out(
    backend: str, rows: int, instruments: list[op.Instrument]
) -> None:
    orders = orders_of(row(15, "close", symbol="ACME"))[:rows]
    empty = [BARS.clear(), BARS.clear().drop("symbol")]
    for bars in empty if instruments else empty[:1]:
        missing = refused_of(backend, bars, orders.drop("symbol"), instruments=instruments)
        assert missing == ("InvalidFrame", "orders", "column symbol")
        if rows:
            of_no_bar = refused_of(backend, bars, orders, instruments=instruments)
            assert of_no_bar == ("InvalidSymbol", "orders", "row 0, column symbol")
        else:
            assert len(make_batch(backend, bars, orders, instruments=instruments)) == 1


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"run_id": [1, 1]}, ("InvalidFrame", "params", "row 1, column run_id")),
        ({"run_id": [1, None]}, ("InvalidFrame", "params", "row 1, column run_id")),
        ({"run_id": [1, 3]}, ("InvalidFrame", "params", "row 1, column run_id")),
        ({"run_id": [2]}, ("InvalidFrame", "orders", "row 0, column run_id")),
        ({"price": [1, 1]}, ("InvalidFrame", "params", "column price")),
        ({"size": ["a", "b"]}, ("InvalidFrame", "params", "column size: ")),
        (
            {"stop_loss": [None, 4.0], "stop_loss_rate": [0.1, 0.1]},
            ("InvalidFrame", "params", "row 1, column stop_loss_rate"),
        ),
        (
            {"commission_rate": [1, None], "commission_per_lot": [0, 1]},
            ("InvalidFrame", "params", "row 0, column commission_per_lot"),
        ),
        (
            {"initial_balance": [1, -1]},
            ("InvalidAmount", "params", "row 1, column initial_balance"),
        ),
        ({"leverage": [0, 1]}, ("InvalidConfiguration", "params", "row 0, column leverage")),
        ({"mode": ["netting", "x"]}, ("InvalidConfiguration", "params", "row 1, column mode")),
        ({"path": ["ohlc", ""]}, ("InvalidConfiguration", "params", "row 1, column path")),
        ({"fill": ["close", "open"]}, ("InvalidArgument", "params", "row 1, column fill")),
        (
            {"margin_call": [100, 50], "stop_out": [50, 51]},
            ("InvalidConfiguration", "params", "row 1, column stop_out"),
        ),
        (
            {"slippage_rate": [0, -1]},
            ("InvalidInstrument", "params", "row 1, column slippage_rate"),
        ),
        ({"side": ["long", "x"]}, ("InvalidSide", "params", "row 1, column side")),
    ],
)
def test_params(
    backend: str, columns: dict[str, list[Any]], expected: tuple[str, str, str]
) -> None:
    count = len(next(iter(columns.values())))
    params = pl.DataFrame({"run_id": [1, 2][:count]} | columns, strict=False)
    name, argument, place = refused_of(backend, BARS, ORDERS, params)
    assert (name, argument) == expected[:2]
    assert place == expected[2].removesuffix(": ")


def test_labels(backend: str) -> None:
    params = pl.DataFrame({"run_id": [1, 2], "note": ["a", "b"], "size": ["c", "d"]})
    found = make_batch(backend, BARS, ORDERS, params, labels=["note", "size"])
    assert found.run_ids == [1, 2]
    assert refused_of(backend, BARS, ORDERS, params, labels=["note"])[2] == "column size"
    assert refused_of(backend, BARS, ORDERS, params, labels=["note", "size", "x"]) == (
        "InvalidFrame",
        "params",
        "column x",
    )


def test_what_is_no_frame(backend: str) -> None:
    for frames in (([], ORDERS), (BARS, 5), (BARS, ORDERS, {})):
        name, argument, _ = refused_of(backend, *frames)  # type: ignore[arg-type]
        assert (name, argument) == (
            "InvalidArgument",
            ("bars", "orders", "params")[
                next(at for at, frame in enumerate(frames) if not isinstance(frame, pl.DataFrame))
            ],
        )


def test_settings(backend: str) -> None:
    rows = orders_of(row(15, "cancel"))
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "InvalidAmount": ({"initial_balance": -1}, "initial_balance"),
        "InvalidConfiguration": ({"stop_out": 50, "margin_call": 40}, "stop_out"),
        "InvalidArgument": ({"fill": "open"}, "fill"),
        "InvalidNumber": ({"confidence": 2}, "confidence"),
        "InvalidInstrument": ({"slippage": op.Slippage("points", -1)}, "slippage.value"),
        "InstrumentExists": (
            {"instruments": [op.Instrument("A"), op.Instrument("A", price_decimals=2)]},
            "symbol",
        ),
    }
    for name, (options, argument) in cases.items():
        assert refused_of(backend, BARS, rows, **options)[:2] == (name, argument)


def test_words_and_places_of_a_run(backend: str) -> None:
    batch = make_batch(backend, BARS, ORDERS)
    wrong: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        ((3, 0), {}, "first"),
        ((0, 3), {}, "count"),
        ((0, 1), {"record": "week"}, "record"),
        ((0, 1), {"equity_columns": "both"}, "equity_columns"),
        ((0, 1), {"on_error": "stop"}, "on_error"),
    ]
    for places, options, argument in wrong:
        with pytest.raises(op.InvalidArgument) as caught:
            batch.run(*places, **options)
        assert caught.value.argument == argument
