"""The ways by which a table reaches another library: its values there, and where they lie.

Each way is what a user would write. What it gives is read in two forms: as Python values, to be
compared with those of the table, and as addresses, to tell a copy from shared memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

import arro3.core as arro3
import duckdb
import nanoarrow as na
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import omega_portfolio as op
from event_frames import live_through, opened, paid, table
from omega_portfolio.bench.addresses import (
    Chunk,
    Column,
    column_addresses,
    frame_addresses,
    width_of,
)

Cells = dict[str, list[Any]]

GETTERS = {
    "equity": "get_equity_curve",
    **{
        name: f"get_{name}"
        for name in (
            "trades", "ledger", "positions", "events", "cash", "cash_ledger", "margin", "orders",
            "activity", "fills", "lots",
        )
    },
}  # fmt: skip
"""Every table of a portfolio, and the method that gives it."""

SCANNED = tuple(name for name in GETTERS if name != "lots")
ENGINE = ("equity", "trades", "ledger", "positions", "cash_ledger", "activity")
"""The tables that are memory of the engine; the others are made when they are asked for."""

WITH_NULLS = ("events", "orders", "lots")
VIEWS = (False, True)
EXACT = Context(prec=40)


Places = list[Chunk] | None
"""Where a column lies, chunk by chunk; None when its values are Python objects."""


@dataclass(frozen=True)
class Source:
    """A table and where it comes from."""

    name: str
    exact: bool
    portfolio: op.Portfolio
    table: op.Table

    def __str__(self) -> str:
        return f"{self.name} {'exact' if self.exact else 'float'}"


def everything(_source: Source) -> bool:
    return True


@dataclass(frozen=True)
class HandOver:
    """One way out: what is written, what it gives, and what can be seen of that.

    `of` tells which tables can be handed over in this way; `compact`, that the copies are looked
    at when every table is one chunk.
    """

    label: str
    take: Callable[[Source], Any]
    cells: Callable[[Any], Cells]
    places: Callable[[Any], list[Places]]
    of: Callable[[Source], bool] = everything
    compact: bool = False


def tables_of(portfolio: op.Portfolio) -> Iterator[Source]:
    """Give the tables of a portfolio in both views."""
    for name, getter in GETTERS.items():
        for exact in VIEWS:
            yield Source(name, exact, portfolio, getattr(portfolio, getter)(exact=exact))


def receipts_of(make: Callable[[], op.Portfolio]) -> Iterator[Source]:
    """Give receipts in both views, and refused rows."""
    rows = [
        opened(200, symbol="NEW", price="1.25", size=3, fee="0.1", key="k"),
        paid(0),
        {"action": "close", "time": 201, "key": "k", "price": "2.000000001", "fee": "-0.25"},
    ]
    for exact in VIEWS:
        portfolio = make()
        receipts = portfolio.apply(table(*rows), on_error="record", exact=exact)
        yield Source("receipts", exact, portfolio, receipts)
        yield Source("refused", exact, portfolio, receipts.refused)


def rest_and_exchange(portfolio: op.Portfolio) -> None:
    """Make rows of every kind in the tables of orders, activity, cash and margin."""
    portfolio.register_instrument(op.Instrument("EURUSD", base_currency="EUR"))
    portfolio.mark({"EURUSD": "1.25"}, time=130)
    portfolio.deposit("100.000000000000000001", 130, currency="EUR")
    portfolio.convert_cash(40, "EUR", "USD", 131, rate="1.3")
    portfolio.withdraw("0.5", 131, currency="EUR")
    portfolio.place_order("NEW", "buy", 2, 140, price=1, tag="an order with a tag of its own")
    portfolio.place_order("NEW", "buy", "0.000000001", 140, price=2, expiry=10**15, oco="g")
    portfolio.place_order("NEW", "buy", 3, 140, type="market", targets=[(9, 1)], trailing="0.5")
    portfolio.cancel_order(portfolio.place_order("NEW", "sell", 1, 141, price=5), 142)
    portfolio.process_bar(150, {"NEW": (3, "3.5", "2.5", 3, "0.1")})


def sources(make_portfolio: Callable[..., op.Portfolio]) -> list[Source]:
    """Give every kind of table, with rows of every kind of event."""

    def make() -> op.Portfolio:
        portfolio = make_portfolio(1000, leverage=10)
        live_through(portfolio)
        rest_and_exchange(portfolio)
        return portfolio

    return [*tables_of(make()), *receipts_of(make)]


def expected_cells(source: Source) -> Cells:
    """Give the values of a table on the road without capsules: its bytes as an IPC stream."""
    cells: Cells = pa.ipc.open_stream(source.table.to_ipc()).read_all().to_pydict()
    return cells


# What a library has, as Python values


def cells_of_polars(frame: pl.DataFrame) -> Cells:
    return frame.to_dict(as_series=False)


def cells_of_pyarrow(frame: pa.Table) -> Cells:
    cells: Cells = frame.to_pydict()
    return cells


def cells_of_duckdb(relation: duckdb.DuckDBPyRelation) -> Cells:
    rows = relation.fetchall()
    return {name: [row[number] for row in rows] for number, name in enumerate(relation.columns)}


def cells_of_pandas(frame: pd.DataFrame) -> Cells:
    return {
        name: [None if cell is pd.NA else cell for cell in frame[name].tolist()] for name in frame
    }


def cells_of_nanoarrow(stream: na.c_array_stream.CArrayStream) -> Cells:
    batches = list(stream)
    assert batches
    fields = [child.name for child in batches[0].schema.children]
    return {
        name: [cell for batch in batches for cell in _cells_of_child(batch.child(number))]
        for number, name in enumerate(fields)
    }


def _cells_of_child(child: na.c_array.CArray) -> list[Any]:
    """Read texts and decimals from their buffers, everything else by nanoarrow's own way.

    `to_pylist` of nanoarrow 0.9 gives negative decimals as positive ones, and damages memory when
    it meets a utf8_view column, whoever made it.
    """
    if child.schema.format[0] not in "vd":
        cells: list[Any] = na.Array(child).to_pylist()
        return cells
    validity, values, *texts = (bytes(buffer) for buffer in child.view().buffers)
    scale = -int(child.schema.format.split(",")[1]) if child.schema.format[0] == "d" else 0

    def cell(row: int) -> object:
        value = values[16 * row : 16 * row + 16]
        if validity and not validity[row // 8] >> row % 8 & 1:
            return None
        if scale == 0:
            return _text(value, texts)
        return Decimal(int.from_bytes(value, "little", signed=True)).scaleb(scale, EXACT)

    return [cell(row) for row in range(child.offset, child.offset + child.length)]


def _text(view: bytes, texts: list[bytes]) -> str:
    length, _prefix, buffer, start = struct.unpack("<i4sii", view)
    data = view[4 : 4 + length] if length <= 12 else texts[buffer][start : start + length]
    return data.decode()


def cells_of_arro3(frame: arro3.Table) -> Cells:
    return {name: [cell.as_py() for cell in frame[name]] for name in frame.column_names}


# Where it lies


def places_of_columns(columns: Iterable[Column]) -> list[Places]:
    return [list(column.chunks) for column in columns]


def places_of_stream(stream: Any) -> list[Places]:
    return places_of_columns(column_addresses(stream))


def places_of_polars(frame: pl.DataFrame) -> list[Places]:
    return places_of_columns(frame_addresses(frame))


def places_of_arrays(columns: Iterable[pa.ChunkedArray]) -> list[Places]:
    return [[_place_of_array(chunk) for chunk in column.chunks] for column in columns]


def _place_of_array(array: pa.Array) -> Chunk:
    _validity, values, *texts = array.buffers()
    width = 4 if pa.types.is_string(array.type) else array.type.byte_width if not texts else 16
    start = values.address + array.offset * width
    return Chunk(len(array), start, tuple(buffer.address for buffer in texts if buffer.size))


def places_of_duckdb(relation: duckdb.DuckDBPyRelation) -> list[Places]:
    return places_of_arrays(relation.to_arrow_table().columns)


def places_of_nanoarrow(stream: na.c_array_stream.CArrayStream) -> list[Places]:
    batches = list(stream)
    assert batches
    return [
        [_place_of_child(batch.child(number)) for batch in batches]
        for number in range(batches[0].n_children)
    ]


def _place_of_child(child: na.c_array.CArray) -> Chunk:
    start = child.buffers[1] + child.offset * width_of(child.schema.format)
    sizes = [buffer.size_bytes for buffer in child.view().buffers]
    # The last buffer of a utf8_view column holds the lengths of those before it.
    texts = zip(child.buffers[2:-1], sizes[2:], strict=False)
    return Chunk(child.length, start, tuple(address for address, size in texts if size))


def places_of_pandas(frame: pd.DataFrame) -> list[Places]:
    return [_places_of_series(frame[name]) for name in frame]


def _places_of_series(series: pd.Series) -> Places:
    if series.dtype == object:
        assert type(series.iloc[0]).__name__ == "Decimal"
        return None
    if isinstance(series.array, pd.arrays.ArrowExtensionArray | pd.arrays.ArrowStringArray):
        array = series.array.__arrow_array__()
        return places_of_arrays([array] if isinstance(array, pa.ChunkedArray) else [[array]])[0]
    values = np.asarray(series.array._ndarray)
    return [Chunk(len(values), values.__array_interface__["data"][0], ())]


# The ways


def by_sql(source: Source) -> duckdb.DuckDBPyRelation:
    frame = source.table
    assert frame is not None  # The query finds it by its name.
    return duckdb.connect().sql("SELECT * FROM frame")


def by_registered_name(source: Source) -> duckdb.DuckDBPyRelation:
    connection = duckdb.connect()
    connection.register("registered", source.table)
    return connection.sql("SELECT * FROM registered")


def is_scanned(source: Source) -> bool:
    return source.name in SCANNED


def has_no_null(source: Source) -> bool:
    return source.name not in WITH_NULLS


EVERYWHERE = [
    HandOver(
        "`pl.DataFrame(table)`",
        lambda source: pl.DataFrame(source.table),
        cells_of_polars,
        places_of_polars,
    ),
    HandOver(
        "`pf.scan(name).collect()`",
        lambda source: source.portfolio.scan(source.name, exact=source.exact).collect(),
        cells_of_polars,
        places_of_polars,
        of=is_scanned,
    ),
    HandOver(
        '`pf.scan(name).collect(engine="streaming")`',
        lambda source: source.portfolio.scan(source.name, exact=source.exact).collect(
            engine="streaming"
        ),
        cells_of_polars,
        places_of_polars,
        of=is_scanned,
    ),
    HandOver(
        "`pa.table(table)`",
        lambda source: pa.table(source.table),
        cells_of_pyarrow,
        places_of_stream,
    ),
    HandOver(
        "`pa.RecordBatchReader.from_stream(table)`",
        lambda source: pa.RecordBatchReader.from_stream(source.table).read_all(),
        cells_of_pyarrow,
        places_of_stream,
    ),
    HandOver(
        "`arro3.core.Table.from_arrow(table)`",
        lambda source: arro3.Table.from_arrow(source.table),
        cells_of_arro3,
        places_of_stream,
    ),
    HandOver(
        "`nanoarrow.c_array_stream(table)`",
        lambda source: na.c_array_stream(source.table),
        cells_of_nanoarrow,
        places_of_nanoarrow,
    ),
    HandOver(
        "`pa.table(table).to_pandas(types_mapper=pd.ArrowDtype)`",
        lambda source: pa.table(source.table).to_pandas(types_mapper=pd.ArrowDtype),
        cells_of_pandas,
        places_of_pandas,
    ),
    HandOver(
        '`duckdb.sql("SELECT * FROM table")`',
        by_sql,
        cells_of_duckdb,
        places_of_duckdb,
    ),
    HandOver(
        '`connection.register("name", table)`',
        by_registered_name,
        cells_of_duckdb,
        places_of_duckdb,
    ),
]

# Ways that came with a version of a library
OF_POLARS_2 = [
    HandOver(
        "`pl.scan_arrow_c_stream(table).collect()`",
        lambda source: pl.scan_arrow_c_stream(source.table).collect(),
        cells_of_polars,
        places_of_polars,
    ),
]
OF_PANDAS_3 = [
    HandOver(
        "`pd.DataFrame.from_arrow(table)`",
        lambda source: pd.DataFrame.from_arrow(source.table),
        cells_of_pandas,
        places_of_pandas,
        of=has_no_null,
    ),
    HandOver(
        "`pa.table(table).to_pandas(split_blocks=True)`, one chunk",
        lambda source: pa.table(source.table).to_pandas(split_blocks=True),
        cells_of_pandas,
        places_of_pandas,
        of=has_no_null,
        compact=True,
    ),
]
HAND_OVERS = [
    *EVERYWHERE,
    *(OF_POLARS_2 if hasattr(pl, "scan_arrow_c_stream") else []),
    *(OF_PANDAS_3 if hasattr(pd.DataFrame, "from_arrow") else []),
]
"""The ways that the installed versions have."""
