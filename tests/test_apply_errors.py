"""What a frame of events is refused for (SPEC E2-E8), and that nothing is left of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from bad_frames import forged_frames
from event_frames import closed, opened, paid, quoted, table, whole_picture
from forged_stream import ForgedStream, drop_last_column, shorten_last_column

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Rows of which some are refused: the refusal, and the rows that it takes with it."""

    rows: list[Row]
    error: type[op.OmegaPortfolioError]
    place: str
    refused: list[int]


def case(error: type[op.OmegaPortfolioError], place: str, *rows: Row) -> Case:
    """Make a case whose last row is refused alone."""
    return Case(list(rows), error, place, [len(rows) - 1])


def last_of_a_group(error: type[op.OmegaPortfolioError], place: str, *rows: Row) -> Case:
    """Make a case whose rows are one event."""
    return Case([row | {"event": 1} for row in rows], error, place, list(range(len(rows))))


def mark(**cells: object) -> Row:
    return quoted("mark", 1, **cells)


def update(**cells: object) -> Row:
    return quoted("update", 1, **cells)


def modify(**cells: object) -> Row:
    return {"action": "modify", "time": 1, **cells}


def fee(**cells: object) -> Row:
    return {"action": "fee", "time": 1, "fee": 1, **cells}


def register(**cells: object) -> Row:
    return {"action": "register", "symbol": "B", **cells}


def without(row: Row, name: str) -> Row:
    return {**row, name: None}


NEEDED = [(without(opened(1), name), name) for name in ("time", "symbol", "side", "size", "price")]
NEEDED += [(without(closed(1, position_id=1), name), name) for name in ("time", "price")]
NEEDED += [
    (without(modify(position_id=1, stop_loss=1), "time"), "time"),
    (without(update(), "time"), "time"),
    (without(fee(), "time"), "time"),
    (without(fee(), "fee"), "fee"),
    (without(paid(1), "time"), "time"),
    (without(paid(1), "amount"), "amount"),
    ({"action": "withdraw", "time": None, "amount": 1}, "time"),
    ({"action": "withdraw", "time": 1, "amount": None}, "amount"),
    (register(symbol=None), "symbol"),
]

# In each of the symbols alone a position at this price can be valued, in both it cannot.
LARGE = 6 * 10**19
BOTH_HELD = [opened(1, symbol="A", price=1), opened(1, symbol="B", price=1)]

HUGE = 10**21  # at this price a position of size 1 is worth more than money can say

CASES: list[Case] = [
    # The action
    case(op.InvalidFrame, "row 1, column action", paid(1), without(paid(1), "action")),
    case(op.InvalidArgument, "row 0, column action", paid(1) | {"action": "Deposit"}),
    case(op.InvalidArgument, "row 0, column action", paid(1) | {"action": ""}),
    # Cells that are needed
    *(case(op.InvalidFrame, f"row 1, column {name}", paid(1), row) for row, name in NEEDED),
    # Cells that cannot be converted, in the order of the columns
    case(op.InvalidSide, "row 0, column side", opened(1, side="up", tag="\0")),
    case(op.InvalidNumber, "row 0, column price", opened(1, price=float("nan"), tag="\0")),
    case(op.InvalidPositionId, "row 0, column position_id", opened(1, position_id=0, tag="\0")),
    case(op.InvalidText, "row 0, column key", opened(1, key="", tag="\0")),
    case(op.InvalidText, "row 0, column key", opened(1, key="x" * 256)),
    case(op.InvalidText, "row 0, column tag", opened(1, tag="x" * 256, size=0)),
    case(op.InvalidText, "row 0, column reason", closed(1, position_id=9, reason="\0")),
    case(op.NumberOutOfRange, "row 0, column amount", paid(1, 1e38)),
    case(op.InvalidTime, "row 0, column time", paid(2**62)),
    case(op.InvalidTime, "row 0, column time", opened(2**62, side="up", key="")),
    last_of_a_group(op.InvalidTime, "row 1, column time", mark(), quoted("mark", 2**62)),
    # How a position is named (E4)
    case(op.InvalidFrame, "row 1, column position_id", opened(1, key="a"), closed(1)),
    case(op.InvalidFrame, "row 0, column position_id", modify(stop_loss=1)),
    case(
        op.InvalidArgument,
        "row 1, column key",
        opened(1, key="a"),
        closed(1, key="a", position_id=1),
    ),
    case(op.InvalidArgument, "row 0, column key", modify(key="a", position_id=1, stop_loss=1)),
    case(op.InvalidArgument, "row 0, column key", fee(key="a", position_id=1)),
    case(op.PositionNotFound, "row 1, column key", opened(1, key="a"), closed(0, key="b")),
    case(op.PositionNotFound, "row 0, column key", closed(1, key="")),
    case(op.PositionNotFound, "row 0, column key", fee(key="x" * 256)),
    case(op.PositionNotFound, "row 0, column position_id", closed(1, position_id=5)),
    case(
        op.PositionNotFound,
        "row 2, column key",
        opened(1, key="a"),
        closed(1, key="a"),
        modify(key="a", stop_loss=1),
    ),
    case(op.DuplicatePositionId, "row 1, column key", opened(1, key="a"), opened(0, key="a")),
    # The symbol beside a position (E5) comes after the cells and before the rules
    case(
        op.InvalidArgument,
        "row 1, column symbol",
        opened(1, key="a"),
        closed(0, key="a", symbol="B"),
    ),
    case(op.InvalidArgument, "row 1, column symbol", opened(1), fee(position_id=1, symbol="B")),
    case(
        op.InvalidArgument,
        "row 1, column symbol",
        opened(1),
        modify(position_id=1, symbol="B"),
    ),
    case(
        op.InvalidNumber,
        "row 1, column fee",
        opened(1),
        closed(1, position_id=1, symbol="B", fee=float("nan")),
    ),
    case(op.PositionNotFound, "row 0, column position_id", closed(1, position_id=5, symbol="B")),
    # Rules of section 5, by the columns that their arguments stand in (E8)
    case(op.InvalidTime, "row 1, column time", paid(2), opened(1, size=0)),
    case(op.InvalidSymbol, "row 0, column symbol", opened(1, symbol=" ")),
    case(op.InvalidPositionSize, "row 0, column size", opened(1, size=0)),
    case(op.InvalidPrice, "row 0, column price", opened(1, price=-1)),
    case(op.InvalidStopLoss, "row 0, column stop_loss", opened(1, stop_loss=100)),
    case(op.InvalidTakeProfit, "row 0, column take_profit", opened(1, take_profit=100)),
    case(op.InsufficientMargin, "row 0, column size", opened(1, size=11)),
    case(
        op.DuplicatePositionId,
        "row 1, column position_id",
        opened(1, position_id=5),
        opened(1, position_id=5, key="a"),
    ),
    case(
        op.InvalidPositionSize, "row 1, column size", opened(1, key="a"), closed(1, key="a", size=2)
    ),
    case(op.InvalidArgument, "row 1, column stop_loss", opened(2, key="a"), modify(key="a")),
    case(op.InvalidAmount, "row 1, column fee", opened(1, key="a"), fee(key="a", fee=0)),
    case(op.InvalidAmount, "row 0, column amount", paid(1, 0)),
    case(
        op.InsufficientFunds,
        "row 0, column amount",
        {"action": "withdraw", "time": 1, "amount": 1e4},
    ),
    case(op.InvalidInstrument, "row 0, column price_decimals", register(price_decimals=10)),
    case(op.InvalidInstrument, "row 0, column leverage", register(leverage=-1)),
    case(op.InvalidInstrument, "row 0, column contract_size", register(contract_size=0)),
    case(op.InvalidCurrency, "row 0, column quote_currency", register(quote_currency="usd")),
    case(
        op.MissingRate,
        "row 1, column symbol",
        register(symbol="ACME", quote_currency="EUR"),
        opened(1),
    ),
    case(op.InstrumentExists, "row 1, column symbol", register(), register(size_decimals=2)),
    # The rules of quotes, by the cell at fault
    case(op.InvalidFrame, "row 0, column price", mark(symbol="A")),
    case(op.InvalidFrame, "row 0, column ask", update(symbol="A", bid=1)),
    case(op.InvalidFrame, "row 0, column bid", update(symbol="A", ask=1)),
    case(op.InvalidArgument, "row 0, column price", mark(symbol="A", price=1, bid=1)),
    case(op.InvalidArgument, "row 0, column price", mark(symbol="A", price=1, ask=1)),
    case(op.InvalidArgument, "row 0, column price", mark(symbol="A", price=1, bid=1, ask=1)),
    case(op.InvalidSymbol, "row 0, column symbol", mark(symbol="", price=1)),
    case(op.InvalidPrice, "row 0, column price", mark(symbol="A", price=0)),
    case(op.InvalidPrice, "row 0, column bid", mark(symbol="A", bid=0, ask=0)),
    case(op.InvalidPrice, "row 0, column ask", mark(symbol="A", bid=1, ask=0)),
    case(op.CrossedQuote, "row 0, column bid", mark(symbol="A", bid=2, ask=1)),
    case(op.NumberOutOfRange, "row 1, column price", opened(1), mark(symbol="ACME", price=HUGE)),
    case(
        op.NumberOutOfRange, "row 1, column bid", opened(1), mark(symbol="ACME", bid=HUGE, ask=HUGE)
    ),
    case(
        op.NumberOutOfRange,
        "row 1, column ask",
        opened(1, side="short"),
        mark(symbol="ACME", bid=1, ask=HUGE),
    ),
    case(op.InvalidTime, "row 1, column time", paid(2), update(symbol="A", price=0)),
    # One event of several rows is refused as a whole
    last_of_a_group(op.InvalidFrame, "row 1, column time", mark(), quoted("mark", 2)),
    last_of_a_group(
        op.InvalidFrame, "row 1, column time", update(), quoted("update", 2, symbol="A", price=1e38)
    ),
    last_of_a_group(op.InvalidFrame, "row 1, column time", mark(), quoted("mark", None)),
    last_of_a_group(
        op.InvalidArgument,
        "row 2, column symbol",
        update(symbol="A", price=1),
        update(),
        update(symbol="A", price=1),
    ),
    last_of_a_group(
        op.InvalidPrice,
        "row 1, column ask",
        mark(symbol="A", price=1),
        mark(symbol="B", bid=1, ask=-1),
        mark(symbol="C", price=0),
    ),
    last_of_a_group(
        op.NumberOutOfRange,
        "row 1, column price",
        mark(symbol="A", price=1),
        mark(symbol="B", price=1e38),
    ),
    Case(
        [
            *BOTH_HELD,
            update(symbol="A", price=LARGE, event=1),
            update(symbol="C", price=1, event=1),
            update(symbol="B", bid=LARGE, ask=LARGE, event=1),
        ],
        op.NumberOutOfRange,
        "row 4, column bid",
        [2, 3, 4],
    ),
    Case(
        [*BOTH_HELD, *(mark(symbol=name, price=HUGE, event=1) for name in "AB")],
        op.NumberOutOfRange,
        "row 2, column price",
        [2, 3],
    ),
    # Neither side is too great, and neither gains: gross exposure belongs to all quotes (A6)
    Case(
        [
            *(opened(1, side=side) for side in ("long", "short")),
            mark(symbol="ACME", bid=LARGE, ask=LARGE, event=1),
            mark(symbol="B", bid=1, ask=1, event=1),
        ],
        op.NumberOutOfRange,
        "row 3, column bid",
        [2, 3],
    ),
    Case(
        [paid(2), *(update(symbol=name, price=1, event=1) for name in "AB")],
        op.InvalidTime,
        "row 1, column time",
        [1, 2],
    ),
]


def floats_of(rows: list[Row]) -> dict[str, pa.DataType]:
    """Give float columns where a value is no decimal number of 38 digits."""
    return {
        name: pa.float64() for row in rows for name, cell in row.items() if isinstance(cell, float)
    }


def case_id(one: Case) -> str:
    return f"{one.error.__name__}-{one.place}".replace(", ", "-").replace(" ", "_")


@pytest.mark.parametrize("one", CASES, ids=case_id)
def test_a_refused_row_has_its_place_and_leaves_nothing(make_portfolio, one):
    frame = table(*one.rows, paid(9), **floats_of(one.rows))
    portfolio = make_portfolio(1000)
    portfolio.deposit("0.5", 0)
    before = whole_picture(portfolio)
    with pytest.raises(one.error) as caught:
        portfolio.apply(frame)
    assert type(caught.value) is one.error
    assert caught.value.argument == "events"
    assert caught.value.value.startswith(f"{one.place}: ")
    assert whole_picture(portfolio) == before
    portfolio.verify()

    receipts = portfolio.apply(frame, on_error="record")
    rows = range(len(one.rows) + 1)
    assert receipts.refused.to_polars().rows() == [
        (row, one.error.code, str(caught.value)) for row in one.refused
    ]
    assert receipts.to_polars()["row"].to_list() == [row for row in rows if row not in one.refused]
    portfolio.verify()


def test_a_row_without_a_symbol_is_no_bar_and_counts_as_a_row(make_portfolio):
    bar = {"action": "bar", "open": 5, "high": 6, "low": 4, "close": 5}
    portfolio = make_portfolio(1000)
    portfolio.apply(table(bar | {"symbol": "A", "time": 1}))
    empty = {"symbol": None, "time": 2, "event": 1}
    odd = {"symbol": "A", "time": 2, "event": 1, "spread": -1}
    with pytest.raises(op.InvalidPrice, match="row 1, column spread"):
        portfolio.apply(table(bar | empty, bar | odd))


def test_every_rule_of_the_frames_is_among_the_cases():
    assert len(CASES) >= 75
    errors = {one.error for one in CASES}
    assert errors >= {op.InvalidFrame, op.InvalidArgument, op.PositionNotFound, op.CrossedQuote}
    assert len(errors) >= 20


# What is refused before any row (E2)


class NoFrame:
    """Has the name of an Arrow table and nothing of it."""

    def __repr__(self) -> str:
        return "NoFrame()"


@pytest.mark.parametrize(
    "events", [None, 1, "A", [], {}, {"action": ["deposit"]}, NoFrame()], ids=repr
)
def test_what_exports_no_arrow_is_no_argument(make_portfolio, events):
    with pytest.raises(op.InvalidArgument) as caught:
        make_portfolio().apply(events, on_error="unknown")
    assert caught.value.argument == "events"


@pytest.mark.parametrize("on_error", ["", "Raise", "ignore", None, True, b"raise", ["raise"]])
def test_there_are_two_ways_to_treat_errors(make_portfolio, on_error):
    with pytest.raises(op.InvalidArgument) as caught:
        make_portfolio().apply(pa.table({"unknown": [1]}), on_error=on_error)
    assert caught.value.argument == "on_error"


def bad_columns() -> dict[str, object]:
    frame = table(paid(1))
    return {
        "no column": pa.table({}),
        "no action": frame.drop_columns("action"),
        "no action and no rows": frame.drop_columns("action").slice(0, 0),
        "action of type null": pa.table({"action": pa.nulls(1), "time": [1], "amount": [1]}),
        "unknown": frame.append_column("volume", [[1]]),
        "unknown and no rows": frame.append_column("volume", [[1]]).slice(0, 0),
        "other letters": frame.rename_columns(["Action", "time", "amount"]),
        "action twice": frame.append_column("action", [["deposit"]]),
        "amount twice": frame.append_column("amount", [[1]]),
        "no records": pl.Series("action", ["deposit"]),
        "an array of numbers": pa.array([1, 2]),
        "a null record": pa.array([{"action": "mark"}, None]),
        "shorter column": ForgedStream(table(paid(1), paid(1)), shorten_last_column),
        "fewer columns": ForgedStream(table(paid(1), paid(1)), drop_last_column),
    }


@pytest.mark.parametrize("on_error", ["raise", "record"])
@pytest.mark.parametrize("name", bad_columns())
def test_columns_are_refused_before_any_row(make_portfolio, name, on_error):
    portfolio = make_portfolio()
    before = whole_picture(portfolio)
    with pytest.raises(op.InvalidFrame) as caught:
        portfolio.apply(bad_columns()[name], on_error=on_error)
    assert caught.value.argument == "events"
    assert whole_picture(portfolio) == before


def test_a_stream_that_cannot_be_read_is_refused(make_portfolio):
    tried = 0
    for frame in forged_frames():
        portfolio = make_portfolio()
        with pytest.raises(op.InvalidFrame):
            portfolio.apply(frame.make())
        assert portfolio.events == 0
        tried += 1
    assert tried >= 10


def test_a_source_that_fails_half_way_is_refused(make_portfolio):
    frame = table(paid(1))

    def batches():
        yield frame.to_batches()[0]
        raise KeyError("gone")

    portfolio = make_portfolio()
    with pytest.raises(op.InvalidFrame):
        portfolio.apply(pa.RecordBatchReader.from_batches(frame.schema, batches()))
    assert portfolio.events == 0
