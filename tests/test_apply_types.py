"""Frames of events in every layout and type that SPEC E2 takes: all mean the same."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from event_frames import KINDS, TIMES, closed, opened, paid, quoted, table, whole_picture

SECOND = 1_000_000
DAY = 86_400 * SECOND

INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
INTEGERS += [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
FLOATS = [pa.float16(), pa.float32(), pa.float64()]
DECIMALS = [pa.decimal32(7, 2), pa.decimal64(15, 4), pa.decimal128(38, 9), pa.decimal128(38, 30)]
TEXTS = [pa.string(), pa.large_string(), pa.string_view()]
DICTIONARIES = [
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.uint32(), pa.large_string()),
]

ROWS = [
    opened(1, key="k", size=2, price=64, stop_loss=32, take_profit=96, fee=4, tag="t"),
    quoted("update", 2, symbol="ACME", price=80),
    closed(3, key="k", size=1, price=72, fee=2, reason="r"),
    paid(4, 16),
]


class ArrayOnly:
    """Exports an array and no stream."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object:
        return self.array.__arrow_c_array__(requested_schema)


class StreamOnly:
    """Exports a stream of an array of records."""

    def __init__(self, *chunks: pa.Array) -> None:
        self.chunks = pa.chunked_array(list(chunks))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.chunks.__arrow_c_stream__(requested_schema)


def records(frame: pa.Table) -> pa.StructArray:
    return frame.to_struct_array().combine_chunks()


@pytest.fixture
def expected(make_portfolio) -> dict[str, object]:
    portfolio = make_portfolio(1000)
    portfolio.open_position("ACME", "long", 2, 64, 1, stop_loss=32, take_profit=96, fee=4, tag="t")
    portfolio.update_equity(2, {"ACME": 80})
    portfolio.close_position(1, 72, 3, size=1, fee=2, reason="r")
    portfolio.deposit(16, 4)
    return whole_picture(portfolio)


@pytest.mark.parametrize("kind", [*INTEGERS, *FLOATS, *DECIMALS], ids=str)
def test_numbers_of_every_type(make_portfolio, expected, kind):
    numbers = {name: kind for name, known in KINDS.items() if pa.types.is_decimal(known)}
    portfolio = make_portfolio(1000)
    portfolio.apply(table(*ROWS, **numbers))
    assert whole_picture(portfolio) == expected


@pytest.mark.parametrize("kind", [*TEXTS, *DICTIONARIES], ids=str)
def test_texts_of_every_type(make_portfolio, expected, kind):
    texts = {name: kind for name, known in KINDS.items() if pa.types.is_string(known)}
    portfolio = make_portfolio(1000)
    portfolio.apply(table(*ROWS, **texts))
    assert whole_picture(portfolio) == expected


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_whole_numbers_of_every_type(make_portfolio, kind):
    rows = [
        {"action": "register", "symbol": "ACME", "price_decimals": 2, "size_decimals": 1},
        opened(1, position_id=100),
        quoted("mark", 1, symbol="ACME", price=99, event=5),
        quoted("mark", 1, symbol="BETA", price=1, event=5),
        {"action": "fee", "time": 1, "position_id": 100, "fee": 1},
    ]
    whole = {name: kind for name, known in KINDS.items() if pa.types.is_integer(known)}
    portfolio, called = make_portfolio(1000), make_portfolio(1000)
    portfolio.apply(table(*rows, **whole))
    called.register_instrument(op.Instrument("ACME", price_decimals=2, size_decimals=1))
    called.open_position("ACME", "long", 1, 100, 1, position_id=100)
    called.mark({"ACME": 99, "BETA": 1}, time=1)
    called.charge_fee(1, 1, position_id=100)
    assert whole_picture(portfolio) == whole_picture(called)


def test_the_largest_id_and_the_exact_ends_of_the_numbers(make_portfolio):
    largest = 2**64 - 1
    kinds = {"position_id": pa.uint64(), "amount": pa.decimal128(38, 18)}
    portfolio = make_portfolio()
    portfolio.apply(
        table(
            opened(1, position_id=largest),
            paid(1, "99999999999999899999.999999999999999999"),
            closed(1, position_id=largest),
            **kinds,
        )
    )
    assert portfolio.get_trades().to_polars()["position_id"].to_list() == [largest]
    assert portfolio.balance == Decimal("99999999999999999999.999999999999999999")


# Times


def moments(kind: pa.DataType) -> pa.Table:
    """Make two deposits, at the epoch and one day and two hours later."""
    ticks = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[kind.unit]
    times = pa.array([0, 26 * 3600 * ticks], kind)
    return pa.table({"action": ["deposit", "deposit"], "time": times, "amount": [1, 1]})


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "+05:30"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_every_unit_and_zone_are_instants(make_portfolio, unit, zone):
    portfolio = make_portfolio(1000)
    portfolio.apply(moments(pa.timestamp(unit, zone)))
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    times = portfolio.get_ledger().to_polars()["time"].to_list()
    assert times == [epoch, epoch + timedelta(hours=26)]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()], ids=str)
def test_dates_are_midnight_utc(make_portfolio, kind):
    days = [date(1, 1, 1), date(1969, 12, 31), date(2024, 2, 29), date(9999, 12, 31)]
    frame = pa.table({"action": ["deposit"] * 4, "time": pa.array(days, kind), "amount": [1] * 4})
    portfolio = make_portfolio(1000)
    portfolio.apply(frame)
    times = portfolio.get_ledger().to_pyarrow()["time"].cast(pa.int64()).to_pylist()
    assert times == [-62_135_596_800 * SECOND, -DAY, 19_782 * DAY, 2_932_896 * DAY]


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_integers_are_microseconds(make_portfolio, kind):
    portfolio = make_portfolio(1000)
    portfolio.apply(table(paid(0), paid(100), time=kind))
    assert portfolio.time == datetime(1970, 1, 1, 0, 0, 0, 100, tzinfo=timezone.utc)


# Layouts


@pytest.mark.parametrize("library", [pa.table, pl.DataFrame], ids=["pyarrow", "polars"])
def test_a_column_of_type_null_is_as_if_it_were_absent(make_portfolio, expected, library):
    frame = table(*ROWS)
    for name, kind in KINDS.items():
        if name not in frame.column_names:
            frame = frame.append_column(pa.field(name, pa.null()), pa.nulls(len(frame)))
            assert kind != pa.null()
    portfolio = make_portfolio(1000)
    portfolio.apply(library(frame))
    assert whole_picture(portfolio) == expected
    assert frame.num_columns == len(KINDS)


def layouts() -> dict[str, object]:
    whole = table(*ROWS)
    wide = table(closed(9, key="x"), *ROWS, paid(0)).slice(1, len(ROWS))
    none = whole.slice(0, 0)
    array = records(table(closed(9, key="x"), *ROWS, paid(0)))
    return {
        "table": whole,
        "sliced": wide,
        "columns in another order": whole.select(whole.column_names[::-1]),
        "chunks of one row": pa.Table.from_batches(whole.to_batches(max_chunksize=1)),
        "empty chunks": pa.concat_tables([none, whole.slice(0, 1), none, whole.slice(1), none]),
        "reader": whole.to_reader(max_chunksize=3),
        "record batch": whole.combine_chunks().to_batches()[0],
        "array of records": records(whole),
        "array and no stream": ArrayOnly(records(whole)),
        "sliced array": ArrayOnly(array.slice(1, len(ROWS))),
        "stream of sliced arrays": StreamOnly(array.slice(1, 2), array.slice(3, 2)),
        "polars": pl.DataFrame(whole),
        "polars sliced": pl.DataFrame(wide).slice(0, len(ROWS)),
        "polars in parts": pl.concat([pl.DataFrame(whole)[:2], pl.DataFrame(whole)[2:]]),
        "polars with categories": pl.DataFrame(whole).with_columns(
            pl.col("action", "symbol", "key").cast(pl.Categorical),
            pl.col("side").cast(pl.Enum(["short", "long"])),
        ),
        "polars series of records": pl.DataFrame(whole).to_struct("rows"),
        "pandas": pd.DataFrame(
            {
                "action": ["open", "update", "close", "deposit"],
                "time": pd.to_datetime([1, 2, 3, 4], unit="us", utc=True),
                "symbol": ["ACME", "ACME", None, None],
                "side": ["long", None, None, None],
                "size": pd.array([2, None, 1, None], "Int64"),
                "price": pd.array([64, 80, 72, None], "Int64"),
                "stop_loss": pd.array([32, None, None, None], "Int64"),
                "take_profit": pd.array([96, None, None, None], "Int64"),
                "position_id": pd.array([None, None, 1, None], "Int64"),
                "fee": pd.array([4, None, 2, None], "Int64"),
                "amount": pd.array([None, None, None, 16], "Int64"),
                "tag": ["t", None, None, None],
                "reason": [None, None, "r", None],
            }
        ),
    }


@pytest.mark.parametrize("name", layouts())
def test_layouts(make_portfolio, expected, name):
    portfolio = make_portfolio(1000)
    portfolio.apply(layouts()[name])
    assert whole_picture(portfolio) == expected


def test_floats_are_read_by_their_shortest_text(make_portfolio):
    frame = table(opened(1, size=0.1 + 0.2, price=0.7), size=pa.float64(), price=pa.float64())
    portfolio = make_portfolio()
    portfolio.apply(frame)
    assert portfolio.positions[1].size == Decimal("0.3")
    strict = make_portfolio(floats="strict")
    with pytest.raises(op.InvalidNumber, match="events=row 0, column size: "):
        strict.apply(frame)


# Types that a column does not take

WRONG: dict[str, list[pa.Array]] = {
    "text": [
        pa.array([1]),
        pa.array([b"A"]),
        pa.array([b"A"], pa.large_binary()),
        pa.array([["A"]]),
        pa.array([1]).dictionary_encode(),
    ],
    "number": [
        pa.array(["1"]),
        pa.array([True]),
        pa.array([1], pa.timestamp("us")),
        pa.array([1], pa.duration("us")),
        pa.array([Decimal(1)], pa.decimal256(40, 2)),
        pa.array(["1"]).dictionary_encode(),
        pa.array([[1.0]]),
    ],
    "whole": [
        pa.array([1.0]),
        pa.array([Decimal(1)], pa.decimal128(10, 0)),
        pa.array(["1"]),
        pa.array([True]),
        pa.array([1], pa.date32()),
    ],
    "time": [
        pa.array([1.0]),
        pa.array(["2024-01-02"]),
        pa.array([1], pa.time64("us")),
        pa.array([1], pa.duration("us")),
        pa.array([True]),
        pa.array([Decimal(1)], pa.decimal128(10, 0)),
    ],
}


def holds(name: str) -> str:
    if name in TIMES:
        return "time"
    kind = KINDS[name]
    return "text" if pa.types.is_string(kind) else "whole" if kind.bit_width < 128 else "number"


@pytest.mark.parametrize("name", KINDS)
def test_other_types_are_refused_whatever_the_rows(make_portfolio, name):
    portfolio = make_portfolio(1000)
    before = whole_picture(portfolio)
    arrays = WRONG[holds(name)]
    assert len(arrays) >= 5
    for array in arrays:
        columns = {"action": pa.array(["deposit"]), name: array}
        for on_error in ("raise", "record"):
            with pytest.raises(op.InvalidFrame) as caught:
                portfolio.apply(pa.table(columns), on_error=on_error)
            assert caught.value.argument == "events"
    assert whole_picture(portfolio) == before


def test_a_float_that_is_no_number_is_refused_with_its_place(make_portfolio):
    for value in (math.nan, math.inf, 5e-324):
        frame = table(paid(1), paid(1, value), amount=pa.float64())
        with pytest.raises(op.InvalidNumber, match="events=row 1, column amount: "):
            make_portfolio().apply(frame)
