"""Cells and columns of files: read exactly, or refused with the rule that they break."""

import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omega_portfolio import InvalidFrame
from omega_portfolio.cells import CellError, parse_decimal, parse_time, time_text
from omega_portfolio.file_columns import decimal_column, money_column, time_column
from omega_portfolio.files import Source


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([date(2000, 3, 1)], "2000-03-01"),
        ([datetime(2000, 3, 1, 12, 0)], "2000-03-01T12:00:00Z"),
        ([datetime(2000, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))], "2000-03-01T10:00:00Z"),
        ([951_868_800_000_000], "2000-03-01"),
        (["2000-03-01 01:02:03.5+01:00"], "2000-03-01T00:02:03.500000Z"),
        # As Polars, DuckDB and pandas write them.
        (["2000-03-01T01:02:03.000000+0100"], "2000-03-01T00:02:03Z"),
        (["2000-03-01 01:02:03+01"], "2000-03-01T00:02:03Z"),
        (["2000-03-01 01:02:03.123456000"], "2000-03-01T01:02:03.123456Z"),
    ],
)
def test_times_of_every_type(values: list[object], expected: str):
    column = time_column(Source("x", pl.DataFrame({"time": values})), "time")
    assert time_text(column[0]) == expected


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_times_of_every_unit_and_zone(unit: str, zone: str | None):
    moments = pl.Series("time", [951_868_800_000]).cast(pl.Datetime("ms")).cast(pl.Datetime(unit))
    if zone is not None:
        moments = moments.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    column = time_column(Source("x", pl.DataFrame([moments])), "time")
    assert time_text(column[0]) == "2000-03-01"


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (
            pl.Series([10**18 + 1], dtype=pl.Int64).cast(pl.Datetime("ns")),
            "2001-09-09 01:46:40.*: is not whole microseconds",
        ),
        (pl.Series([2**62], dtype=pl.Int64).cast(pl.Datetime("ms")), "outside the years"),
        (pl.Series([2**62], dtype=pl.Int64), "outside the years"),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), "outside the years"),
        (pl.Series([2**30], dtype=pl.Int32).cast(pl.Date), "time=1073741824: is outside"),
        (pl.Series([1.5]), "column time=Float64: must be times"),
        (pl.Series([True]), "column time=Boolean: must be times"),
    ],
)
def test_wrong_times(series: pl.Series, expected: str):
    with pytest.raises(InvalidFrame, match=expected):
        time_column(Source("x", pl.DataFrame([series.alias("time")])), "time")


def test_numbers_of_the_wrong_type():
    frame = pl.DataFrame({"price": [[1, 2]], "flag": [True]})
    for name in frame.columns:
        with pytest.raises(InvalidFrame, match="must be numbers or text"):
            decimal_column(Source("x", frame), name)


def test_empty_columns_of_every_type_are_null():
    frame = pl.DataFrame({"a": pl.Series([None, None]), "b": ["", None]})
    for name in frame.columns:
        assert decimal_column(Source("x", frame), name).to_list() == [None, None]
        assert money_column(Source("x", frame), name) == [None, None]


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=9, min_value=-(10**20), max_value=10**20
    )
)
def test_decimals_are_read_exactly(value: Decimal):
    for text in (format(value, "f"), f"{value:e}", str(value)):
        column = decimal_column(Source("x", pl.DataFrame({"p": [text]})), "p")
        assert column.to_list() == [value]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-9, max_value=1e18))
def test_floats_are_read_by_their_shortest_text(value: float):
    column = decimal_column(Source("x", pl.DataFrame({"p": [value]})), "p")
    expected = Decimal(repr(value)).quantize(Decimal("1e-9"), rounding="ROUND_HALF_EVEN")
    assert column.to_list() == [expected]


def test_the_fast_and_the_slow_road_agree():
    """Plain decimals are cast in one go; every text must give what the parser gives."""
    generator = random.Random(1)
    texts = []
    for _ in range(5_000):
        whole = "".join(generator.choices("0123456789", k=generator.randint(0, 31)))
        part = "".join(generator.choices("0123456789", k=generator.randint(0, 11)))
        sign = generator.choice(["", "", "+", "-"])
        texts.append(sign + whole + generator.choice(["", "."]) + part)
    seen = {"refused": 0, "read": 0}
    for text in texts:
        rows = Source("x", pl.DataFrame({"p": [text]}))
        try:
            expected = parse_decimal(text, 9) if text else None
        except CellError:
            seen["refused"] += 1
            with pytest.raises(InvalidFrame):
                decimal_column(rows, "p")
        else:
            seen["read"] += 1
            assert decimal_column(rows, "p").to_list() == [expected]
    assert min(seen.values()) > 500


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1_000",
        "1,5",
        "0x10",
        "nan",
        "inf",
        "\uff11",
        ".",
        "+",
        "1e",
        "1e99999",
        "--1",
    ],
)
def test_texts_that_are_no_numbers(text: str):
    with pytest.raises(CellError, match="is no decimal number"):
        parse_decimal(text, 9)


@pytest.mark.parametrize(
    "text", ["1e9999", "-1e9999", "9" * 30, "99999999999999999999999999999.9999999999"]
)
def test_numbers_that_are_too_large(text: str):
    with pytest.raises(CellError, match="digits before the point"):
        parse_decimal(text, 9, nearest=True)


def test_a_float_does_not_become_zero():
    with pytest.raises(InvalidFrame, match="more than 9 decimals"):
        decimal_column(Source("x", pl.DataFrame({"p": [5e-324]})), "p")


@pytest.mark.parametrize(
    "text",
    ["2000", "2000-3-1", "2000-03-01T", "2000-03-01  12:00", "2000-03-01T12", "20000301", "now",
     "2000-03-01T12:00:00.1234567", "2000-03-01T12:00+1", "2000-03-01T12:00:00z"],
)  # fmt: skip
def test_texts_that_are_no_times(text: str):
    with pytest.raises(CellError, match="is no ISO 8601 time"):
        parse_time(text)


@given(st.datetimes())
def test_times_are_read_exactly(moment: datetime):
    micros = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert parse_time(moment.isoformat()) == parse_time(f"{moment.isoformat(' ')}") == micros
    if moment.second or moment.minute or moment.hour or moment.microsecond:
        assert parse_time(time_text(micros)) == micros


def test_the_fast_and_the_slow_road_of_times_agree():
    generator = random.Random(2)

    def two(limit: int) -> str:
        return f"{generator.randint(0, limit):02}"

    seen = {"refused": 0, "read": 0}
    for _ in range(3_000):
        year = generator.choice(["0000", "0001", "1969", "2000", "2024", "9999", "10000"])
        text = f"{year}-{two(13)}-{two(32)}"
        clock = f"{two(25)}:{two(61)}:{two(61)}"
        text += generator.choice(["", f"T{clock}", f" {clock}Z", f"T{clock}.{two(99)}", "Z"])
        rows = Source("x", pl.DataFrame({"time": [text]}))
        try:
            expected = parse_time(text)
        except CellError:
            seen["refused"] += 1
            with pytest.raises(InvalidFrame):
                time_column(rows, "time")
        else:
            seen["read"] += 1
            assert time_column(rows, "time").to_list() == [expected]
    assert min(seen.values()) > 500


def test_times_outside_the_calendar():
    for text in ("0001-01-01T00:00+00:01", "9999-12-31T23:59:59-00:01", "0000-01-01"):
        with pytest.raises(CellError):
            parse_time(text)
