"""One frame in the hands of every library that a user may have it in: the ways into a portfolio."""

from __future__ import annotations

from collections.abc import Callable

import arro3.core as arro3
import duckdb
import nanoarrow as na
import pandas as pd
import polars as pl
import pyarrow as pa

import omega_portfolio as op
from event_frames import closed, live_through, opened, paid, quoted, table


def written_frame() -> pa.Table:
    """Make a frame with every action, keys, events of several rows, and two rows to refuse."""
    return table(
        {"action": "register", "symbol": "GRID", "price_decimals": 2, "size_decimals": 1},
        opened(1, symbol="GRID", size="2.5", price="10.25", fee="0.01", key="a", tag="first"),
        opened(1, symbol="Müller & Söhne", side="sell", price="0.000000001", position_id=2**40),
        opened(2, symbol="GRID", size="0.01", price=10),  # off the grid
        quoted("update", 3, symbol="GRID", bid="10.24", ask="10.26", event=1),
        quoted("update", 3, symbol="日経225", price="38000.123456789", event=1),
        quoted("mark", None, symbol="GRID", price="10.5"),
        {"action": "modify", "time": 4, "key": "a", "stop_loss": "9.99", "take_profit": 0},
        closed(5, key="a", size="1.5", price="10.75", reason="a reason that is not inline"),
        {"action": "fee", "time": 5, "position_id": 2**40, "fee": "-0.000000000000000001"},
        paid(4),  # before the last event
        paid(6, "12345678.123456789012345678"),
        {"action": "withdraw", "time": 6, "amount": 1},
        closed(7, key="a", price="10.5"),
        quoted("update", 8),
    )


def told_frame(portfolio: op.Portfolio) -> op.Table:
    """Make the frame that a portfolio tells of its own events."""
    live_through(portfolio)
    return portfolio.get_events()


def quotes_frame() -> pa.Table:
    """Make prices of three symbols."""
    rows = [
        {"symbol": "GRID", "bid": "10.25", "ask": "10.5"},
        {"symbol": "日経225", "bid": "38000.123456789", "ask": "38000.123456789"},
        {"symbol": "a symbol that is not inline", "bid": "0.000000001", "ask": 7},
    ]
    return table(*rows)


def with_plain_texts(frame: pa.Table) -> pa.Table:
    """Give texts as utf8: nanoarrow 0.9 damages memory when it exports a utf8_view column."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_string_view(field.type) else field
        for field in frame.schema
    ]
    return frame.cast(pa.schema(fields))


def one_batch(frame: pa.Table) -> pa.RecordBatch:
    (batch,) = frame.combine_chunks().to_batches()
    return batch


def by_sql(frame: pa.Table) -> duckdb.DuckDBPyRelation:
    assert frame is not None  # The query finds it by its name.
    return duckdb.connect().sql("SELECT * FROM frame")


FORMS: dict[str, Callable[[pa.Table], object]] = {
    "polars DataFrame": pl.DataFrame,
    "polars in two chunks": lambda frame: pl.concat(
        [pl.DataFrame(frame)[:2], pl.DataFrame(frame)[2:]], rechunk=False
    ),
    "polars LazyFrame.collect()": lambda frame: pl.DataFrame(frame).lazy().collect(),
    "pyarrow Table": lambda frame: frame,
    "pyarrow RecordBatch": one_batch,
    "pyarrow RecordBatchReader": lambda frame: frame.to_reader(max_chunksize=2),
    "duckdb relation": by_sql,
    "duckdb to_arrow_table()": lambda frame: by_sql(frame).to_arrow_table(),
    "pandas ArrowDtype": lambda frame: frame.to_pandas(types_mapper=pd.ArrowDtype),
    "nanoarrow Array": lambda frame: na.Array(with_plain_texts(frame)),
    "nanoarrow ArrayStream": na.ArrayStream,
    "nanoarrow c_array": lambda frame: na.c_array(one_batch(with_plain_texts(frame))),
    "nanoarrow c_array_stream": na.c_array_stream,
    "arro3 Table": arro3.Table.from_arrow,
    "arro3 RecordBatch": lambda frame: arro3.RecordBatch.from_arrow(one_batch(frame)),
    "arro3 RecordBatchReader": arro3.RecordBatchReader.from_stream,
}
