"""Frames of events of the catalogue of bad inputs, for `apply`.

Each starts from one frame that has every action and every column. A good variant means what the
calls in `called` mean; a bad one is refused as its error says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

import omega_portfolio as op
from bad_inputs import LATER, START_MICROSECONDS
from event_frames import KINDS, closed, opened, paid, quoted, table, terms_of
from forged_stream import ForgedStream, drop_last_column, shorten_batch, shorten_last_column
from test_apply_types import WRONG, holds

Row = dict[str, Any]

MINUTE = START_MICROSECONDS + 60_000_000
PAIR = {
    "base_currency": "EUR",
    "swap": op.Swap("points", "-0.1", "0.1", rollover="00:01", multipliers=(1,) * 7),
}
BAR = {"open": 5, "high": 6, "low": 4, "close": 5, "spread": "0.5"}

ROWS: list[Row] = [
    {"action": "register", "symbol": "NEW", "price_decimals": 2, "size_decimals": 1,
     "contract_size": 5, "leverage": 4, "quote_currency": "USD"},
    opened(LATER, symbol="NEW", size=2, price=10, stop_loss=9, take_profit=12, key="k",
           fee="0.25", tag="t"),
    opened(LATER, symbol="B", side="short", price=5, position_id=77),
    {"action": "modify", "time": LATER, "key": "k", "stop_loss": "9.5"},
    quoted("mark", LATER, symbol="A", bid=99, ask=101, event=1),
    quoted("update", LATER, symbol="NEW", price=11, event=2),
    closed(LATER, position_id=1, size=4, fee="0.1", reason="r"),
    {"action": "fee", "time": LATER, "position_id": 77, "fee": "0.4"},
    paid(LATER, 3),
    {"action": "withdraw", "time": LATER, "amount": 1},
    {"action": "register", "symbol": "EURUSD", "terms": terms_of(**PAIR)},
    quoted("mark", LATER, symbol="EURUSD", price="1.25"),
    {"action": "order", "time": LATER, "symbol": "B", "side": "long", "size": 1, "price": 4,
     "stop_loss": 3, "take_profit": 9, "tag": "o", "trailing": "0.5", "break_even": 1,
     "break_even_offset": "0.25", "targets": "6:0.5;7:0.5", "exit_time": MINUTE,
     "type": "limit", "expiry": MINUTE, "oco": "g"},
    {"action": "cancel", "time": LATER, "order_id": 1},
    {"action": "close_by", "time": LATER, "position_id": 1, "other_id": 2, "size": 2, "fee": 1},
    {"action": "bar", "time": LATER, "symbol": "B", **BAR, "path": "ohlc", "event": 3},
    quoted("quotes", LATER, symbol="A", bid=99, ask=101, event=4),
    {**paid(LATER, 100), "currency": "EUR"},
    {"action": "convert", "time": LATER, "amount": 50, "from_currency": "EUR",
     "to_currency": "USD", "rate": "1.2"},
    {"action": "swap", "time": LATER, "symbol": "A", "kind": "rate", "long": "-0.5", "short": 1,
     "multiplier": 2},
    {"action": "rollover", "time": MINUTE, "symbol": "EURUSD"},
    {"action": "dividend", "time": MINUTE, "symbol": "A", "price": "0.5", "pay_time": MINUTE + 1},
    {"action": "split", "time": MINUTE, "symbol": "NEW", "numerator": 2, "denominator": 1},
]  # fmt: skip
ACTIONS = {row["action"]: number for number, row in reversed(list(enumerate(ROWS)))}
BASE = table(*ROWS)


def called(portfolio: op.Portfolio) -> None:
    """Make the calls that the rows of BASE mean."""
    portfolio.register_instrument(
        op.Instrument("NEW", price_decimals=2, size_decimals=1, contract_size=5, leverage=4)
    )
    position_id = portfolio.open_position(
        "NEW", "long", 2, 10, LATER, stop_loss=9, take_profit=12, fee="0.25", tag="t"
    )
    portfolio.open_position("B", "short", 1, 5, LATER, position_id=77)
    portfolio.modify_position(position_id, LATER, stop_loss="9.5")
    portfolio.mark({"A": (99, 101)}, time=LATER)
    portfolio.update_equity(LATER, {"NEW": 11})
    portfolio.close_position(1, 100, LATER, size=4, fee="0.1", reason="r")
    portfolio.charge_fee("0.4", LATER, position_id=77)
    portfolio.deposit(3, LATER)
    portfolio.withdraw(1, LATER)
    portfolio.register_instrument(op.Instrument("EURUSD", **PAIR))
    portfolio.mark({"EURUSD": "1.25"}, time=LATER)
    order_id = portfolio.place_order(
        "B", "long", 1, LATER, price=4, stop_loss=3, take_profit=9, tag="o", trailing="0.5",
        break_even=(1, "0.25"), targets=[(6, "0.5"), (7, "0.5")], exit_time=MINUTE,
        type="limit", expiry=MINUTE, oco="g",
    )  # fmt: skip
    portfolio.cancel_order(order_id, LATER)
    portfolio.close_by(1, 2, LATER, size=2, fee=1)
    portfolio.process_bar(LATER, {"B": BAR}, path="ohlc")
    portfolio.process_quotes(LATER, {"A": (99, 101)})
    portfolio.deposit(100, LATER, currency="EUR")
    portfolio.convert_cash(50, "EUR", "USD", LATER, rate="1.2")
    portfolio.charge_swap("A", LATER, kind="rate", long="-0.5", short=1, multiplier=2)
    portfolio.rollover("EURUSD", MINUTE)
    portfolio.dividend("A", "0.5", MINUTE, pay_time=MINUTE + 1)
    portfolio.split("NEW", 2, 1, MINUTE)


def nothing(_portfolio: op.Portfolio) -> None:
    """Make the calls that a frame without rows means."""


@dataclass(frozen=True)
class EventFrame:
    """One frame. A good one has the calls that it means; a bad one an error and its place.

    Without a row the frame is refused as a whole, whatever `on_error` says; with one, the row
    is, and recorded when that is asked for.
    """

    number: int
    label: str
    make: Callable[[], object]
    calls: Callable[[op.Portfolio], None] | None = None
    error: type[op.OmegaPortfolioError] = op.InvalidFrame
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        return f"{self.number}-{self.label}".replace(" ", "_")


def with_column(name: str, column: object, frame: pa.Table = BASE) -> pa.Table:
    return frame.set_column(frame.column_names.index(name), name, column)


def good(number: int, label: str, make: Callable[[], object]) -> EventFrame:
    return EventFrame(number, label, make, called)


def needed() -> Iterator[tuple[str, str]]:
    """Give the columns and the actions whose rows must have them, as the table of E1 says."""
    text = (Path(__file__).parents[1] / "SPEC.md").read_text("utf-8")
    section = text.split("- **E1**", 1)[1].split("- **E2**", 1)[0]
    for names, actions in re.findall(r"^\| ([a-z_, ]+) \| [^|]+ \| ([^|]*) \|", section, re.M):
        whole, _, others = actions.partition("all but ")
        needing = [action.partition(" (")[0].strip() for action in whole.split(", ")]
        if actions == "all" or others:
            needing = [action for action in ACTIONS if action not in others.split()]
        for name in names.split(", "):
            yield from ((name, action) for action in needing if name in KINDS and action)


# 64: null where a row needs a cell; 68: the column of such a cell is not there


def null_frames() -> Iterator[EventFrame]:
    # A close that names no position is refused before the close_by that needs the cell.
    first: dict[str, int] = {"position_id": ACTIONS["close"]}
    for name, action in needed():
        number = ACTIONS[action]
        first[name] = min(number, first.get(name, number))
        rows = [row | {name: None} if at == number else row for at, row in enumerate(ROWS)]
        yield EventFrame(
            64, f"null {name} of {action}", lambda rows=rows: table(*rows), row=number, column=name
        )
    for name, number in first.items():
        for label, frame in {
            "column of type null": with_column(name, pa.nulls(len(ROWS))),
            "column of nulls": with_column(name, pa.nulls(len(ROWS), KINDS[name])),
            "no column": BASE.drop_columns(name),
        }.items():
            at_once = name == "action" and label != "column of nulls"
            yield EventFrame(
                68 if label == "no column" else 64,
                f"{label} {name}",
                lambda frame=frame: frame,
                row=None if at_once else number,
                column=name,
            )
    texts = BASE["symbol"].combine_chunks().dictionary_encode()
    gap = pa.array([None if at == 1 else index for at, index in enumerate(texts.indices)])
    hole = pa.DictionaryArray.from_arrays(
        texts.indices, pa.array([None, *texts.dictionary.to_pylist()[1:]])
    )
    for label, column in (("index", pa.DictionaryArray.from_arrays(gap, texts.dictionary)),
                          ("value", hole)):  # fmt: skip
        row = column.is_null().index(True).as_py() if label == "index" else 0
        yield EventFrame(
            64,
            f"null {label} of a dictionary",
            lambda column=column: with_column("symbol", column),
            row=row,
            column="symbol",
        )
    beside = {"key": 3, "position_id": 6, "bid": 4, "ask": 4, "price": 5}
    for cell, row in beside.items():
        rows = [one | {cell: None} if at == row else one for at, one in enumerate(ROWS)]
        yield EventFrame(
            64,
            f"no {cell} in row {row}",
            lambda rows=rows: table(*rows),
            row=row,
            column="position_id" if cell == "key" else cell,
        )


# 65: NaN in one row of a million


def deposits(rows: int, nan: int) -> pl.DataFrame:
    """Make deposits of 1, one of them NaN."""
    amount = pl.when(pl.int_range(rows) == nan).then(float("nan")).otherwise(1.0)
    return pl.select(time=pl.lit(LATER).repeat_by(rows).explode(), amount=amount).select(
        pl.lit("deposit").alias("action"), "time", "amount"
    )


# 66: columns of unequal length


def length_frames() -> Iterator[EventFrame]:
    yield EventFrame(66, "shorter column", lambda: ForgedStream(BASE, shorten_last_column),
                     column=BASE.column_names[-1])  # fmt: skip
    yield EventFrame(66, "fewer columns", lambda: ForgedStream(BASE, drop_last_column))
    longer = table(*ROWS, paid(0))
    yield good(66, "columns longer than the batch", lambda: ForgedStream(longer, shorten_batch))


# 67, 79: types that a column does not take


def type_frames() -> Iterator[EventFrame]:
    for name in KINDS:
        for array in WRONG[holds(name)]:
            column = pa.chunked_array([array] * len(ROWS)).combine_chunks()
            number = 79 if pa.types.is_decimal256(array.type) else 67
            yield EventFrame(
                number,
                f"{name} as {array.type}",
                lambda name=name, column=column: with_column(name, column),
                column=name,
            )
        if pa.types.is_decimal(KINDS[name]):
            wide = BASE[name].cast(pa.decimal256(60, 18))
            yield EventFrame(
                79, f"{name} as Decimal256 of its values",
                lambda name=name, wide=wide: with_column(name, wide), column=name,
            )  # fmt: skip


# 68: columns too many


def column_frames() -> Iterator[EventFrame]:
    for name in BASE.column_names:
        yield EventFrame(
            68, f"{name} twice", lambda name=name: BASE.append_column(name, BASE[name]), column=name
        )
        other = [name.upper() if one == name else one for one in BASE.column_names]
        yield EventFrame(
            68, f"{name} in capitals", lambda other=other: BASE.rename_columns(other),
            column=name.upper(),
        )  # fmt: skip
    for extra in ("volume", "", "row", "Action ", "é", "action\0"):
        yield EventFrame(
            68, f"extra column {extra!r}",
            lambda extra=extra: BASE.append_column(extra, [[1] * len(ROWS)]), column=extra,
        )  # fmt: skip
    yield EventFrame(68, "no column at all", lambda: pa.table({}), column="action")
    yield EventFrame(68, "extra column without rows",
                     lambda: BASE.append_column("volume", [[1] * len(ROWS)]).slice(0, 0),
                     column="volume")  # fmt: skip
