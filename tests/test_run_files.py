"""Files of a run: cells are exact, and every mistake names file, row, column and rule."""

import io
import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from omega_portfolio import InvalidFrame
from omega_portfolio.cells import parse_time, time_text
from omega_portfolio.cli import main
from omega_portfolio.files import Source, read_source
from omega_portfolio.market import check_market
from omega_portfolio.orders import ORDER_COLUMNS, check_orders
from sample_files import BARS, ORDERS


def source(text: str, name: str) -> Source:
    rows = pl.read_csv(io.BytesIO(text.encode()), infer_schema=False)
    return Source(name, rows)


def refusal(bars: str = BARS, orders: str = ORDERS, instruments: str | None = None) -> str:
    """Give the message of the refusal of the three files."""
    definitions = None if instruments is None else source(instruments, "instruments.csv")

    def check() -> None:
        market = check_market(source(bars, "bars.csv"), definitions)
        check_orders(source(orders, "orders.csv"), market)

    with pytest.raises(InvalidFrame) as caught:
        check()
    error = caught.value
    return f"{error.argument}: {error.value}: {error.rule}; {error.remedy}"


def test_the_files_of_these_tests_are_fine():
    market = check_market(source(BARS, "bars.csv"))
    orders = check_orders(source(ORDERS, "orders.csv"), market)
    assert [order.row for order in orders] == [0, 1, 2, 3, 4, 5, 6]
    assert orders[4].price == Decimal(12)
    assert time_text(orders[4].time) == "2000-03-03"
    assert orders[4].symbol == "ACME"
    assert market.spans["ZETA"] == (parse_time("2000-03-02"), parse_time("2000-03-03"))
    assert market.times == 3


def test_fill_at_the_close():
    market = check_market(source(BARS, "bars.csv"))
    orders = check_orders(source(ORDERS, "orders.csv"), market, "close")
    assert [order.price for order in orders if order.action == "open"] == [11, Decimal("1.5")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("open,high", "opened,high", "bars.csv: column open: (missing): is needed"),
        ("10,12,9,11", "ten,12,9,11", "bars.csv: row 1, column open: ten: is no decimal number"),
        ("10,12,9,11", ",12,9,11", "bars.csv: row 1, column open: (empty): is needed"),
        ("10,12,9,11", "0,12,9,11", "bars.csv: row 1, column open: 0: must be greater than 0"),
        ("10,12,9,11", "10,12,9,-1", "bars.csv: row 1, column close: -1: must be greater"),
        ("10,12,9,11", "10,8,9,11", "row 1, column high: 8: is below the low of the bar"),
        ("12.5", "13.5", "row 2, column close: 13.5: is above the high of the bar (10"),
        ("1.25,2,1,", "0.75,2,1,", "row 5, column open: 0.75: is below the low of the bar"),
        ("12.5", "1e30", "row 2, column close: 1e30: has more than 29 digits before"),
        ("12.5", "12.1234567891", "close: 12.1234567891: has more than 9 decimals"),
        ("12.5", "NaN", "row 2, column close: NaN: is no decimal number"),
        ("2000-03-03,ACME", "2000-03-01,ACME", "row 4, column time: 2000-03-01: is before"),
        ("2000-03-03,ACME", "2000-03-02,ACME", "column time: 2000-03-02: is also the time of"),
        ("2000-03-03,ACME", "3.3.2000,ACME", "time: 3.3.2000: is no ISO 8601 time"),
        ("2000-03-03,ACME", "2000-02-30,ACME", "2000-02-30: is no date of the calendar"),
        ("2000-03-03,ACME", "2000-03-03T24:00,ACME", "is no time of the day"),
        ("2000-03-03,ACME", ",ACME", "bars.csv: row 4, column time: (empty): is needed"),
        ("ZETA,1,2", " ZETA,1,2", "row 3, column symbol:  ZETA: has white space at an end"),
        ("ZETA,1,2", ",1,2", "bars.csv: row 3, column symbol: (empty): is needed"),
        ("ZETA,1,2", "Z\tA,1,2", "has control characters"),
        ("ZETA,1,2", f"{'Z' * 256},1,2", "has not 1 to 255 bytes"),
    ],
)
def test_wrong_bars(old: str, new: str, expected: str):
    assert old in BARS
    assert expected in refusal(bars=BARS.replace(old, new, 1))


def test_no_bars():
    assert "bars.csv: 0 rows: has no bars" in refusal(bars=BARS.splitlines(keepends=True)[0])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("side,size", "size,sides", "orders.csv: column side: (missing): is needed"),
        (",tag\n", ",tags\n", "orders.csv: column tags: tags: is no column of this file"),
        ("open,long", "buy,long", "row 1, column action: buy: is no action; write one of open"),
        ("ACME,open", ",open", "row 1, column symbol: (empty): is needed by an open"),
        ("ACME,open", "NOPE,open", "row 1, column symbol: NOPE: has no bars in bars.csv"),
        ("long", "up", "row 1, column side: up: is no side; write one of long, short"),
        ("long", "", "row 1, column side: (empty): is needed by the action open"),
        ("long,10", "long,", "row 1, column size: (empty): is needed by the action open"),
        ("long,10", "long,-10", "row 1, column size: -10: must be greater than 0"),
        ("4,1.5", "4,0", "row 4, column price: 0: must be greater than 0"),
        ("10,,8,", "10,,-8,", "column stop_loss: -8: must not be negative"),
        ("0.5,", "0.1234567890123456789,", "has more than 18 decimals"),
        ("0.5,", "half,", "row 1, column fee: half: is no decimal number"),
        (",500", ",0", "row 3, column amount: 0: must be greater than 0"),
        (",500", ",", "row 3, column amount: (empty): is needed by the action deposit"),
        (",500", "1,500", "row 3, column fee: 1: is not taken by the action"),
        ("2,,deposit", "2,ACME,deposit", "column symbol: ACME: is not taken by the action"),
        (",9,0,", ",,,", "row 2, column stop_loss: (empty): or take_profit is needed"),
        ("1.5,,,\n", "0,,,\n", "row 6, column fee: 0: must not be 0"),
        (",z,", ",a,", "row 4, column key: a: is already the key of the open in row 1"),
        ("0.25,,a", "0.25,,b", "row 5, column key: b: is the key of no open"),
        ("0.25,,a", "0.25,,", "row 5, column key: (empty): is needed by the action close"),
        ("ACME,close", "ZETA,close", "symbol: ZETA: is not the symbol of the position a, ACME"),
        ("close,,4", "close,,11", "row 5, column size: 11: is more than the 10 that a"),
        ("close,,4", "close,,10", "row 7, column key: a: is a position that row 5 has closed"),
        ("1T12:00", "0T12:00", "row 2, column time: 2000-03-00T12:00: is no date"),
        ("2000-03-02,,dep", "2000-03-01,,dep", "row 3, column time: 2000-03-01: is before the"),
        ("2000-03-01,ACME", "2000-02-29,ACME", "is before the first bar of ACME, 2000-03-01"),
        ("2000-03-03,ACME", "2000-03-03T01:00,ACME", "is after the last bar of ACME, 2000-03-03"),
        ("first", "f" * 256, "column tag"),
        ("first", "f\0", "has a NUL"),
    ],
)
def test_wrong_orders(old: str, new: str, expected: str):
    assert old in ORDERS
    assert expected in refusal(orders=ORDERS.replace(old, new, 1))


def test_an_order_of_the_account_after_the_last_bar():
    orders = ORDERS + "2000-03-04,,deposit,,,,,,,1,,\n"
    assert "row 8, column time: 2000-03-04: is after the last bar, 2000" in refusal(orders=orders)


def test_a_position_that_opens_later():
    orders = ORDERS.replace("2000-03-01,ACME,open", "2000-03-01T01:00,ACME,open")
    expected = "row 2, column key: a: is a position that opens later, at 2000-03-02 (row 1)"
    assert expected in refusal(orders=orders)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("ACME,0,,,,", "bars.csv: row 2, column close: 12.5: has more than the 0 decimals"),
        ("ZETA,2,0,,,\nZETA,2,0,,,", "instruments.csv: row 2, column symbol: ZETA: is defined"),
        ("ZETA,10,0,,,", "row 1, column price_decimals: 10: is no whole number from"),
        ("ZETA,2,1.5,,,", "column size_decimals: 1.5: is no whole number"),
        ("ZETA,two,0,,,", "row 1, column price_decimals: two: is no decimal number"),
    ],
)
def test_wrong_instruments(rows: str, expected: str):
    head = "symbol,price_decimals,size_decimals,contract_size,quote_currency,leverage\n"
    assert expected in refusal(instruments=head + rows + "\n")


def test_order_off_the_grid_of_its_instrument():
    orders = ORDERS.replace("short,4", "short,4.5")
    instruments = "symbol,size_decimals\nZETA,0\n"
    expected = "orders.csv: row 4, column size: 4.5: has more than the 0 decimals of its instrument"
    assert expected in refusal(orders=orders, instruments=instruments)


@pytest.mark.parametrize("ending", ["parquet", "arrow", "stream", "csv"])
def test_every_format_reads_the_same(tmp_path: Path, ending: str):
    """The first bytes tell the format, so the names here are misleading on purpose."""
    typed = source(BARS, "x").frame.with_columns(
        pl.col("time").str.to_date(), pl.col("open", "high", "low", "close").cast(pl.Float64)
    )
    path = tmp_path / "bars.txt"
    if ending == "parquet":
        typed.write_parquet(path)
    elif ending == "arrow":
        typed.write_ipc(path)
    elif ending == "stream":
        typed.write_ipc_stream(path)
    else:
        path.write_text(BARS)
    found = check_market(read_source(path))
    assert found.bars.equals(check_market(source(BARS, "bars.csv")).bars)


@pytest.mark.parametrize("ending", ["parquet", "arrow", "stream"])
@pytest.mark.parametrize("damage", ["cut", "flip", "head"])
def test_damaged_files_are_refused(tmp_path: Path, ending: str, damage: str):
    buffer = io.BytesIO()
    frame = source(BARS, "x").frame
    write = {"parquet": frame.write_parquet, "arrow": frame.write_ipc}
    write.get(ending, frame.write_ipc_stream)(buffer)
    data = bytearray(buffer.getvalue())
    if damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "head":
        del data[10:]
    else:
        # The length of the footer, or of the first message.
        data[{"parquet": -6, "arrow": -8, "stream": 6}[ending]] ^= 0xFF
    path = tmp_path / "bars.bin"
    path.write_bytes(data)
    with pytest.raises(InvalidFrame, match="cannot be read"):
        check_market(read_source(path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"time,symbol\n1,2,3\n", "cannot be read as CSV"),
        (b"time,symbol\n\xff\xfe,2\n", "cannot be read as CSV"),
        (b"time,close,time\n1,2,3\n", "is the name of two columns"),
    ],
)
def test_unreadable_csv(tmp_path: Path, content: bytes, expected: str):
    path = tmp_path / "bars.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidFrame, match=expected):
        read_source(path)


def test_missing_file_and_folder(tmp_path: Path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InvalidFrame, match="cannot be read"):
            read_source(path)


def test_csv_rows_are_counted_with_blank_lines(tmp_path: Path):
    path = tmp_path / "bars.csv"
    lines = BARS.splitlines()
    path.write_text("\n".join([*lines[:2], "", *lines[2:]]) + "\n")
    with pytest.raises(InvalidFrame, match=r"row 2, column time"):
        check_market(read_source(path))


def test_text_in_other_line_endings_and_with_a_byte_order_mark(tmp_path: Path):
    path = tmp_path / "bars.csv"
    path.write_bytes(b"\xef\xbb\xbf" + BARS.replace("\n", "\r\n").encode())
    assert check_market(read_source(path)).bars.height == 5


def test_every_order_column_is_described():
    from omega_portfolio import orders

    for name in ORDER_COLUMNS:
        assert name in (orders.__doc__ or ""), name


def test_an_instrument_in_another_currency_needs_a_rate(
    backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    texts = {"bars": BARS, "orders": ORDERS, "instruments": "symbol,quote_currency\nACME,EUR\n"}
    words = ["run", "--out", str(tmp_path / "out"), "--backend", backend, "--json"]
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        words += [f"--{name}", str(tmp_path / name)]
    assert main(words) == 0
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert (refused[0]["row"], refused[0]["error"]) == (1, "MissingRate")
