"""The live view: each table as it is, new rows alone, state, and what is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.flight as fl
import pytest

import omega_portfolio as op
from flight_samples import (
    asked,
    direct,
    got,
    lived,
    refusal,
)
from omega_portfolio.flight import FlightView
from omega_portfolio.flight_tables import BATCH_ROWS, GROWING, MADE, TABLES


@pytest.fixture
def portfolio(make_portfolio) -> op.Portfolio:
    return lived(make_portfolio())


@pytest.fixture
def view(portfolio) -> Iterator[FlightView]:
    with portfolio.serve_flight() as made:
        yield made


@pytest.fixture
def client(view) -> Iterator[fl.FlightClient]:
    with fl.connect(view.location) as made:
        yield made


# What is read


@pytest.mark.parametrize("exact", [None, False, True])
def test_each_table_is_the_one_that_the_call_gives(portfolio, client, exact):
    rows = 0
    for table in TABLES:
        options = {} if exact is None else {"exact": exact}
        wanted = direct(portfolio, table, **options)
        found = got(client, json.dumps({"table": table, **options}))
        assert found.equals(wanted), table
        assert found.schema == wanted.schema
        rows += found.num_rows
        assert found.num_rows > 0, table
    assert rows > 100
    if exact is None:
        assert all(got(client, name).equals(direct(portfolio, name)) for name in TABLES)


def test_the_list_has_columns_rows_and_a_ticket(portfolio, client):
    found = {info.descriptor.path[0].decode(): info for info in client.list_flights()}
    assert list(found) == list(TABLES)
    for table, info in found.items():
        wanted = direct(portfolio, table)
        assert info.schema == wanted.schema
        assert info.total_records == (-1 if table in MADE else wanted.num_rows)
        assert info.endpoints[0].locations == []
        assert client.do_get(info.endpoints[0].ticket).read_all().equals(wanted)
        path = fl.FlightDescriptor.for_path(table)
        assert client.get_flight_info(path).total_records == info.total_records
        assert client.get_schema(path).schema == wanted.schema
    assert [info.descriptor.path for info in client.list_flights(b"trades")] == [[b"trades"]]
    assert list(client.list_flights(b"nothing")) == []


def test_a_command_describes_what_a_ticket_does(portfolio, client):
    asked = b'{"table": "trades", "exact": true, "from": 4}'
    info = client.get_flight_info(fl.FlightDescriptor.for_command(asked))
    assert info.total_records == 6
    assert info.schema == direct(portfolio, "trades", exact=True).schema
    found = client.do_get(info.endpoints[0].ticket).read_all()
    assert found.equals(direct(portfolio, "trades", exact=True).slice(4))


def test_only_new_rows_are_sent(portfolio, client):
    visited = 0
    for table in sorted(GROWING):
        wanted = direct(portfolio, table)
        for start in range(wanted.num_rows + 1):
            found = got(client, json.dumps({"table": table, "from": start}))
            assert found.equals(wanted.slice(start)), (table, start)
            visited += 1
    assert visited > 80
    held = got(client, "equity")
    for moment in range(5):
        portfolio.update_equity(100 + moment)
        new = got(client, json.dumps({"table": "equity", "from": held.num_rows}))
        assert new.num_rows == 1
        held = pa.concat_tables([held, new])
    assert held.equals(direct(portfolio, "equity"))


def test_new_rows_bring_no_old_texts_along(make_portfolio):
    portfolio = make_portfolio("1000000")
    for number in range(2000):
        tag = f"a long text, the {number}th of two thousand texts"
        held = portfolio.open_position("ACME", "long", 1, 100, number, tag=tag)
        portfolio.close_position(held, 101, number)
    with portfolio.serve_flight() as view, fl.connect(view.location) as client:
        new = got(client, '{"table": "trades", "from": 1998}')
        assert new.equals(direct(portfolio, "trades").slice(1998))
        assert new.get_total_buffer_size() < 5_000
        whole = got(client, "trades")
    assert whole.equals(direct(portfolio, "trades"))
    texts = sum(len(text) for text in whole["tag"].to_pylist())
    assert sum(each.get_total_buffer_size() for each in whole["tag"].chunks) < texts + 2000 * 24


def test_a_long_table_comes_in_parts(make_portfolio):
    portfolio = make_portfolio()
    rows = BATCH_ROWS + 3 if portfolio.backend == "rust" else 3
    times = pa.array(range(rows), pa.int64())
    portfolio.apply(pa.table({"action": pa.array(["update"] * rows), "time": times}))
    with portfolio.serve_flight() as view, fl.connect(view.location) as client:
        found = got(client, "equity")
    assert found.equals(direct(portfolio, "equity"))
    assert found.num_rows == rows
    assert max(len(chunk) for chunk in found["time"].chunks) <= BATCH_ROWS


def test_the_state_is_exact(portfolio, client):
    found, state = asked(client, "state"), portfolio.get_state()
    for name in ("balance", "equity", "unrealized_pnl", "realized_pnl", "margin_used",
                 "free_margin", "margin_level"):  # fmt: skip
        assert found.pop(name) == format(getattr(state, name), "f"), name
    assert found == {
        "currency": "USD",
        "time": portfolio.time.isoformat(),
        "events": str(portfolio.events),
        "open_positions": "1",
    }


def test_the_state_of_an_empty_account_has_nulls(make_portfolio):
    with make_portfolio().serve_flight() as view:
        assert view.closed is False or view.closed is True  # Its portfolio is gone already.
    portfolio = make_portfolio()
    with portfolio.serve_flight() as view, fl.connect(view.location) as client:
        found = asked(client, "state")
    assert [name for name, value in found.items() if value is None] == ["margin_level", "time"]


def test_health_says_what_is_served(portfolio, backend):
    with portfolio.serve_flight(tables=["trades", "cash"]) as view:
        assert view.tables == ("trades", "cash")
        with fl.connect(view.location) as client:
            assert [action.type for action in client.list_actions()] == ["state", "health"]
            found = asked(client, "health")
            assert "table='equity'" in refusal(lambda: got(client, "equity"))
            assert len(list(client.list_flights())) == 2
            portfolio.close()
            assert asked(client, "health")["portfolio"] == "closed"
            assert got(client, "trades").num_rows == 10
    assert found == {
        "status": "ok",
        "version": op.__version__,
        "backend": backend,
        "events": str(portfolio.events),
        "portfolio": "open",
        "tables": "trades,cash",
    }


# What is refused


TICKETS = [
    (b"", "table=''"),
    (b"nothing", "table='nothing'"),
    (b"Equity", "table='Equity'"),
    (b"equity\x00", "table='equity"),
    (b"\xff\xfe", "ticket=b'"),
    (b"{", "ticket=b'{'"),
    (b"{}", "table=None"),
    (b'["equity"]', "table="),
    (b'{"table": ["equity"]}', "table=['equity']"),
    (b'{"table": "equity", "columns": []}', "ticket='columns'"),
    (b'{"table": "equity", "table": "trades"}', "a key stands twice"),
    (b'{"table": "equity", "exact": 1}', "exact=1"),
    (b'{"table": "equity", "exact": "true"}', "exact='true'"),
    (b'{"table": "equity", "from": -1}', "from=-1"),
    (b'{"table": "equity", "from": true}', "from=True"),
    (b'{"table": "equity", "from": 1.0}', "from=1.0"),
    (b'{"table": "equity", "from": NaN}', "from=nan"),
    (b'{"table": "equity", "from": 11}', "from=11: is behind the 10 rows"),
    (b'{"table": "equity", "from": 1' + b"0" * 100 + b"}", "is behind the 10 rows"),
    (b'{"table": "fills", "from": 99}', "from=99: is behind"),
    (b'{"table": "positions", "from": 1}', "from=1: cannot be used: the rows of positions"),
    (b'{"from": ' + b"1" * 4080 + b"}", "table=None"),
    (b'{"table": ' + b"[" * 4000, "ticket="),
    (b"x" * 1_000_000, "is longer than 4096 bytes"),
]


@pytest.mark.parametrize(("ticket", "words"), TICKETS, ids=range(len(TICKETS)))
def test_a_wrong_ticket_is_named(client, ticket, words):
    text = refusal(lambda: got(client, ticket))
    if ticket.startswith(b'{"from": '):  # Python reads no number of so many digits, or does.
        assert "ticket=" in text or words in text
    else:
        assert words in text
    described = fl.FlightDescriptor.for_command(ticket)
    if b'"fills"' not in ticket:  # Its rows are counted by reading them.
        refusal(lambda: client.get_flight_info(described))


def test_hostile_tickets_never_end_the_server(portfolio, client):
    chance = random.Random(7)
    good = b'{"table": "trades", "exact": true, "from": 3}'
    refused = 0
    for number in range(600):
        if number % 2:
            ticket = bytearray(good)
            for _ in range(chance.randrange(1, 4)):
                ticket[chance.randrange(len(ticket))] = chance.randrange(256)
        else:
            ticket = bytearray(chance.randbytes(chance.randrange(200)))
        try:
            got(client, bytes(ticket))
        except fl.FlightServerError as error:
            refused += 1
            assert "Traceback" not in str(error)  # noqa: PT017 - some tickets are good.
    assert refused > 500
    assert got(client, "trades").equals(direct(portfolio, "trades"))


def test_wrong_paths_and_actions_are_named(client):
    two = fl.FlightDescriptor.for_path("equity", "trades")
    assert "path=[b'equity', b'trades']" in refusal(lambda: client.get_flight_info(two))
    with pytest.raises(pa.ArrowException, match="table='nothing': is not served here"):
        client.get_schema(fl.FlightDescriptor.for_path("nothing"))
    assert "action='stop'" in refusal(lambda: list(client.do_action("stop")))


def test_nothing_can_be_written(portfolio, client):
    before = portfolio.digest
    where = fl.FlightDescriptor.for_path("equity")

    def put() -> None:
        writer, _ = client.do_put(where, direct(portfolio, "equity").schema)
        writer.close()

    assert "nothing can be written" in refusal(put)
    assert portfolio.digest == before


def test_a_portfolio_that_is_broken_says_so(portfolio, client, monkeypatch):
    def broken(*_given: object, **_options: object) -> None:
        raise op.InvariantViolation("portfolio", "broken", "balance + pnl == equity", "stop")

    monkeypatch.setattr(type(portfolio), "get_cash", broken)
    text = refusal(lambda: got(client, "cash"))
    assert "InvariantViolation [5001] portfolio=broken" in text
