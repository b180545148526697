"""Reading the tables of a portfolio: lazy frames over live state, projections, one chunk."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from account_picture import TABLES
from event_frames import live_through, whole_picture
from omega_portfolio.scan import _parts

ENGINES = ["in-memory", "streaming"]

GETTERS = {
    "equity": "get_equity_curve",
    "trades": "get_trades",
    "ledger": "get_ledger",
    "positions": "get_positions",
    "events": "get_events",
}


@pytest.fixture
def portfolio(make_portfolio) -> op.Portfolio:
    made = make_portfolio(1000, leverage=10)
    live_through(made)
    return made


# Scans


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("exact", [None, False, True])
@pytest.mark.parametrize("table", GETTERS)
def test_a_scan_gives_the_table(portfolio, table, exact, engine):
    options = {} if exact is None else {"exact": exact}
    wanted = getattr(portfolio, GETTERS[table])(**options).to_polars()
    scan = portfolio.scan(table, **options)
    assert isinstance(scan, pl.LazyFrame)
    assert scan.collect_schema() == wanted.schema
    assert wanted.height > 1
    assert scan.collect(engine=engine).equals(wanted)


def test_a_scan_of_no_rows_has_the_columns(make_portfolio):
    fresh = make_portfolio()
    for table, getter in GETTERS.items():
        for engine in ENGINES:
            found = fresh.scan(table).collect(engine=engine)
            assert found.height == 0
            assert found.schema == getattr(fresh, getter)().to_polars().schema


@pytest.mark.parametrize("engine", ENGINES)
def test_a_scan_is_live(portfolio, engine):
    fees = portfolio.scan("ledger").filter(pl.col("kind") == "fee")
    total = fees.select(pl.col("amount").sum(), pl.len())
    before = total.collect(engine=engine)
    portfolio.charge_fee(2, 200)
    portfolio.charge_fee(3, 200)
    after = total.collect(engine=engine)
    assert after["amount"].item() == before["amount"].item() - 5
    assert after["len"].item() == before["len"].item() + 2
    portfolio.apply(pl.DataFrame({"action": ["fee"], "time": [201], "fee": [4]}))
    assert total.collect(engine=engine)["amount"].item() == before["amount"].item() - 9


@pytest.mark.parametrize("engine", ENGINES)
def test_the_queries_of_a_scan_are_those_of_its_frame(portfolio, engine):
    scan, frame = portfolio.scan("events"), portfolio.get_events().to_polars().lazy()
    queries = [
        lambda lazy: lazy.select("price", "event"),
        lambda lazy: lazy.filter(pl.col("action") == "open").select("symbol"),
        lambda lazy: lazy.filter(pl.col("fee") > 0, pl.col("time").is_not_null()),
        lambda lazy: lazy.head(3),
        lambda lazy: lazy.head(9).filter(pl.col("action") == "register"),
        lambda lazy: lazy.filter(pl.col("action") == "register").head(2),
        lambda lazy: lazy.slice(2, 5).select("event"),
        lambda lazy: lazy.tail(2),
        lambda lazy: lazy.select(pl.len()),
        lambda lazy: lazy.group_by("action", maintain_order=True).agg(pl.col("fee").sum()),
        lambda lazy: lazy.join(lazy.select("event", "tag"), on="event", maintain_order="left"),
        lambda lazy: lazy.head(0),
    ]
    heights = []
    for query in queries:
        wanted = query(frame).collect(engine=engine)
        assert query(scan).collect(engine=engine).equals(wanted)
        heights.append(wanted.height)
    assert sum(height > 1 for height in heights) >= 9


class Watched:
    """A portfolio that notes which tables and columns a scan takes."""

    def __init__(self, portfolio: op.Portfolio) -> None:
        self.portfolio = portfolio
        self.taken: list[object] = []

    def get_ledger(self, **options: object) -> Watched:
        self.taken.append(options)
        self.table = self.portfolio.get_ledger(**options)
        return self

    def select(self, columns: list[str]) -> op.Table:
        self.taken.append(set(columns))
        return self.table.select(columns)

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        raise AssertionError("all columns are given to Polars")


def test_polars_sees_only_the_columns_that_a_query_needs(portfolio):
    watched = Watched(portfolio)
    scan = op.Portfolio.scan(watched, "ledger")
    assert watched.taken == [{}]
    scan.select("amount").collect()
    assert watched.taken[1:] == [{}, {"amount"}]
    scan.filter(pl.col("kind") == "fee").select("amount").collect()
    assert watched.taken[3:] == [{}, {"kind", "amount"}]
    op.Portfolio.scan(watched, "ledger", exact=True).select("time").collect()
    assert watched.taken[5:] == [{"exact": True}, {"exact": True}, {"time"}]


def test_a_frame_is_cut_at_its_chunks_and_at_the_size():
    frame = pl.concat([pl.DataFrame({"a": range(5)}), pl.DataFrame({"a": range(5, 7)})])
    assert frame.n_chunks() == 2
    for rows, size, heights in (
        (7, None, [5, 2]),
        (7, 3, [3, 2, 2]),
        (6, 100, [5, 1]),
        (4, 1, [1, 1, 1, 1]),
        (0, None, []),
    ):
        parts = list(_parts(frame, rows, size))
        assert [part.height for part in parts] == heights
        assert all(part.n_chunks() == 1 for part in parts)
        assert [cell for part in parts for cell in part["a"]] == list(range(rows))


@pytest.mark.parametrize("table", ["", "Equity", "get_ledger", "state", None, 1, ["ledger"]])
def test_a_table_that_is_not_there_cannot_be_scanned(portfolio, table):
    with pytest.raises(op.InvalidArgument) as caught:
        portfolio.scan(table)
    assert caught.value.argument == "table"
    for name in GETTERS:
        assert name in str(caught.value)


def test_a_scan_can_be_asked_after_the_names_are_gone(portfolio):
    scan = portfolio.scan("equity")
    rows = len(portfolio.get_equity_curve())
    del portfolio
    assert scan.collect().height == rows


# Projections


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("table", GETTERS)
def test_a_selection_is_the_same_snapshot_with_fewer_columns(portfolio, table, exact):
    whole = getattr(portfolio, GETTERS[table])(exact=exact)
    frame = whole.to_polars()
    for names in (whole.columns, whole.columns[::-1], whole.columns[1:4], whole.columns[:1]):
        part = whole.select(names)
        assert isinstance(part, op.Table)
        assert part.columns == names
        assert part.schema == pa.schema([whole.schema.field(name) for name in names])
        assert len(part) == len(whole)
        assert part.to_polars().equals(frame.select(names))
        assert pa.table(part).equals(part.to_pyarrow())
        assert part.select(names[::-1]).columns == names[::-1]
    assert whole.select(tuple(whole.columns)).to_polars().equals(frame)
    assert whole.columns == frame.columns


def test_a_selection_stays_when_the_portfolio_goes_on(portfolio):
    part = portfolio.get_ledger().select(["balance"])
    before = len(part)
    portfolio.deposit(1, 500)
    assert len(part) == before == part.to_polars().height


def test_a_selection_of_no_column_has_the_rows(portfolio):
    part = portfolio.get_trades().select([])
    assert (part.columns, len(part)) == ([], 2)
    assert part.to_pyarrow().num_columns == 0


@pytest.mark.parametrize(
    "columns",
    [
        *(["unknown"], ["time", "unknown"], ["Time"], [""], [1], [None]),
        *(["time", "time"], ["time", "kind", "time"]),
        *("time", b"time", None, 1),
    ],
    ids=repr,
)
def test_a_selection_of_something_else_is_refused(portfolio, columns):
    for table in (portfolio.get_ledger(), portfolio.get_ledger(exact=True)):
        with pytest.raises(op.InvalidArgument) as caught:
            table.select(columns)
        assert caught.value.argument == "columns"


def test_receipts_and_refused_rows_can_be_selected(portfolio):
    frame = pl.DataFrame({"action": ["deposit", "deposit"], "time": [500, 0], "amount": [1, 1]})
    receipts = portfolio.apply(frame, on_error="record", exact=True)
    assert receipts.select(["fee", "row"]).to_polars().rows() == [(Decimal(0), 0)]
    assert receipts.refused.select(["code"]).to_polars().rows() == [(4006,)]
    assert not isinstance(receipts.select(["row"]), op.Receipts)


# Chunks


@pytest.mark.parametrize("capacity", [0, 1, 5000])
def test_compacting_changes_no_value(portfolio, capacity):
    before = whole_picture(portfolio)
    held = {name: read(portfolio) for name, read in TABLES.items()}
    frames = {name: table.to_polars() for name, table in held.items()}
    assert portfolio.compact(capacity) is None
    assert whole_picture(portfolio) == before
    portfolio.compact(capacity=capacity)
    for number in range(20):
        portfolio.update_equity(300 + number)
        portfolio.deposit(1, 300 + number)
    for name, table in held.items():
        assert table.to_polars().equals(frames[name])
    portfolio.verify()
    portfolio.compact()
    assert len(portfolio.get_equity_curve()) == len(held["equity"]) + 20
    portfolio.verify()


def test_after_compacting_a_table_is_one_chunk(portfolio):
    for number in range(3000):
        portfolio.update_equity(300 + number)
    portfolio.compact()
    for read in TABLES.values():
        assert {column.num_chunks for column in read(portfolio).to_pyarrow().columns} == {1}


@pytest.mark.parametrize("capacity", [-1, True, 1.0, "1", b"1", None, Decimal(1)], ids=repr)
def test_a_capacity_is_a_number_of_rows(portfolio, capacity):
    with pytest.raises(op.InvalidArgument) as caught:
        portfolio.compact(capacity)
    assert caught.value.argument == "capacity"
