"""The live view: who may read, readers beside a writer, and every end."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.flight as fl
import pytest

import omega_portfolio as op
from flight_samples import (
    ANYWHERE,
    SECONDS,
    TOKEN,
    asked,
    bearer,
    got,
    lived,
    refusal,
    wait_until,
)
from omega_portfolio.flight import FlightView


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


# Tokens and addresses


def test_every_call_needs_the_token(portfolio):
    with portfolio.serve_flight(token=TOKEN) as view, fl.connect(view.location) as client:
        assert view.token == TOKEN
        assert TOKEN not in repr(view)
        assert got(client, "trades", bearer(TOKEN)).num_rows == 10
        assert len(list(client.list_actions(bearer(TOKEN)))) == 2
        path = fl.FlightDescriptor.for_path("trades")
        calls: list[Callable[[Any], object]] = [
            lambda options: got(client, "trades", options),
            lambda options: client.get_flight_info(path, options),
            lambda options: client.get_schema(path, options),
            lambda options: list(client.list_flights(b"", options)),
            lambda options: list(client.list_actions(options)),
            lambda options: list(client.do_action("state", options)),
        ]
        twice = fl.FlightCallOptions(headers=[(b"authorization", f"Bearer {TOKEN}".encode())] * 2)
        bare = fl.FlightCallOptions(headers=[(b"authorization", TOKEN.encode())])
        wrong = [TOKEN[:-1], TOKEN + "0", "", TOKEN.upper(), "x" * 4000]
        for options in [fl.FlightCallOptions(), twice, bare, *map(bearer, wrong)]:
            for call in calls:
                # Of the columns alone, pyarrow's client gives no error of Flight.
                kind = OSError if call is calls[2] else fl.FlightUnauthenticatedError
                text = refusal(lambda call=call, options=options: call(options), kind)
                assert "token is missing or wrong" in text
                assert TOKEN not in text


def test_without_a_token_any_is_taken(client):
    assert got(client, "trades", bearer("anything")).num_rows == 10


BAD = [
    ({"host": ANYWHERE}, "token"),
    ({"host": "::"}, "token"),
    ({"host": "192.0.2.1"}, "token"),
    ({"host": "example.invalid"}, "token"),
    ({"host": "::ffff:127.0.0.1"}, "token"),
    ({"host": ANYWHERE, "token": TOKEN}, "insecure"),
    ({"host": "192.0.2.1", "token": TOKEN, "insecure": True}, "port"),
    ({"host": ""}, "host"),
    ({"host": "a b"}, "host"),
    ({"host": "127.0.0.1/x"}, "host"),
    ({"host": "user@127.0.0.1"}, "host"),
    ({"host": "caf\u00e9"}, "host"),
    ({"host": None}, "host"),
    ({"port": -1}, "port"),
    ({"port": 65536}, "port"),
    ({"port": True}, "port"),
    ({"port": "80"}, "port"),
    ({"token": "short"}, "token"),
    ({"token": "x" * 15}, "token"),
    ({"token": "x" * 4097}, "token"),
    ({"token": "with blanks in between"}, "token"),
    ({"token": "new\nline" * 3}, "token"),
    ({"token": "\u00e9" * 16}, "token"),
    ({"token": b"0123456789abcdef"}, "token"),
    ({"tables": []}, "tables"),
    ({"tables": "equity"}, "tables"),
    ({"tables": ["nothing"]}, "tables"),
    ({"tables": ["equity", "equity"]}, "tables"),
    ({"tables": [[]]}, "tables"),
    ({"cert_chain": b"-----BEGIN X-----"}, "private_key"),
    ({"private_key": b"-----BEGIN X-----"}, "cert_chain"),
    ({"cert_chain": 1, "private_key": 2}, "cert_chain"),
    ({"cert_chain": b"nothing", "private_key": b"nothing"}, "cert_chain"),
    ({"cert_chain": "/dev/null/none", "private_key": b"-----BEGIN X"}, "cert_chain"),
    ({"cert_chain": "a\0b", "private_key": b"-----BEGIN X"}, "cert_chain"),
    ({"cert_chain": b"-----BEGIN X", "private_key": b"-----BEGIN X"}, "port"),
    ({"insecure": 1}, "insecure"),
]


@pytest.mark.parametrize(("options", "argument"), BAD, ids=range(len(BAD)))
def test_a_bad_argument_is_named(portfolio, options, argument):
    before = portfolio.digest
    with pytest.raises(op.InvalidArgument) as caught:
        portfolio.serve_flight(**options)
    assert caught.value.argument == argument
    assert TOKEN not in str(caught.value)
    assert portfolio.digest == before


def test_a_port_that_is_taken_is_refused(portfolio, view, client):
    with pytest.raises(op.InvalidArgument) as caught:
        portfolio.serve_flight(port=view.port)
    assert (caught.value.argument, caught.value.value) == ("port", f"127.0.0.1:{view.port}")
    assert got(client, "trades").num_rows == 10


def test_addresses_of_this_machine(portfolio):
    for options in (
        {"host": "localhost"},
        {"host": "127.0.0.2"},
        {"port": 0},
        {"host": ANYWHERE, "token": TOKEN, "insecure": True},
    ):
        with portfolio.serve_flight(**options) as view:
            location = view.location.replace(ANYWHERE, "127.0.0.1")
            with fl.connect(location) as client:
                assert got(client, "trades", bearer(TOKEN)).num_rows == 10


def test_a_name_that_nothing_knows_is_refused(portfolio, monkeypatch):
    def refuse(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(op.InvalidArgument) as caught:
        portfolio.serve_flight(host="localhost")
    assert (caught.value.argument, caught.value.value) == ("host", "'localhost'")
    assert "Name or service not known" in str(caught.value)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="nothing makes a certificate here")
def test_tls(portfolio, tmp_path):
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
               "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
               "-keyout", str(key), "-out", str(chain)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    octets = {"cert_chain": chain.read_bytes(), "private_key": key.read_bytes()}
    for pair in (octets, {"cert_chain": chain, "private_key": str(key)}):
        with portfolio.serve_flight(ANYWHERE, token=TOKEN, **pair) as view:
            assert view.location.startswith("grpc+tls://")
            where = f"grpc+tls://localhost:{view.port}"
            with fl.connect(where, tls_root_certs=chain.read_bytes()) as client:
                assert got(client, "trades", bearer(TOKEN)).num_rows == 10
            with fl.connect(where) as client, pytest.raises(fl.FlightUnavailableError):
                got(client, "trades", bearer(TOKEN))
            with fl.connect(where.replace("+tls", "")) as client, pytest.raises(fl.FlightError):
                got(client, "trades", bearer(TOKEN))


# While it goes on, and the end


def test_readers_see_a_prefix_while_a_writer_writes(make_portfolio):
    portfolio = make_portfolio("1000000")
    rounds = 500
    failures: list[BaseException] = []
    reads = [0] * 3
    done = threading.Event()

    def read(place: int, location: str) -> None:
        try:
            with fl.connect(location) as client:
                held = got(client, "equity")
                ledger = 0
                while not done.is_set():
                    new = got(client, json.dumps({"table": "equity", "from": held.num_rows}))
                    held = pa.concat_tables([held, new])
                    trades, book = got(client, "trades"), got(client, "ledger")
                    # A trade is booked at once, and its row is whole.
                    assert trades.num_rows <= book.num_rows
                    assert ledger <= book.num_rows
                    ledger = book.num_rows
                    assert set(trades["reason"].to_pylist()) <= {"a reason that is a long text"}
                    state = asked(client, "state")
                    assert int(state["events"]) >= trades.num_rows
                    reads[place] += 1
                rest = got(client, json.dumps({"table": "equity", "from": held.num_rows}))
                held = pa.concat_tables([held, rest])
                assert held.equals(portfolio.get_equity_curve().to_pyarrow())
        except BaseException as error:  # noqa: BLE001 - what goes wrong in a thread.
            failures.append(error)

    with portfolio.serve_flight() as view:
        threads = [threading.Thread(target=read, args=(place, view.location)) for place in range(3)]
        for thread in threads:
            thread.start()
        number = 0
        while number < rounds or (min(reads) < 3 and not failures):
            time.sleep(0 if number < rounds else 0.01)
            held = portfolio.open_position("ACME", "long", 1, 100, number)
            portfolio.close_position(held, 101, number, reason="a reason that is a long text")
            portfolio.update_equity(number)
            number += 1
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert min(reads) >= 3
    portfolio.verify()


def test_a_reader_of_a_view_that_closes_gets_an_error(make_portfolio, monkeypatch):
    portfolio = make_portfolio()
    rows = 2000
    times = pa.array(range(rows), pa.int64())
    portfolio.apply(pa.table({"action": pa.array(["update"] * rows), "time": times}))
    monkeypatch.setattr("omega_portfolio.flight_tables.BATCH_ROWS", 1)
    view = portfolio.serve_flight()
    sent = threading.Event()
    batches = view._keeper.tables.batches

    def slow(table: pa.Table) -> Iterator[pa.RecordBatch]:
        for batch in batches(table):
            yield batch
            sent.set()
            time.sleep(0.001)

    monkeypatch.setattr(view._keeper.tables, "batches", slow)
    with fl.connect(view.location) as client:
        reader = client.do_get(fl.Ticket("equity"))
        assert reader.read_chunk().data.num_rows == 1
        assert sent.wait(SECONDS)
        view.close()
        text = refusal(reader.read_all, fl.FlightUnavailableError)
        assert "the view was closed" in text
    assert view.closed
    assert portfolio.get_equity_curve().to_pyarrow().num_rows == rows


def test_a_closed_view_is_not_there(portfolio):
    view = portfolio.serve_flight()
    assert (
        repr(view) == f"<FlightView  location={view.location}  token=none  tables=12  closed=False>"
    )
    view.close()
    view.close()
    assert view.closed
    assert repr(view).endswith("closed=True>")
    with fl.connect(view.location) as client, pytest.raises(fl.FlightUnavailableError):
        got(client, "trades")
    with portfolio.serve_flight(port=view.port) as again:
        assert again.port == view.port
        with fl.connect(again.location) as client:
            assert got(client, "trades").num_rows == 10


def test_the_view_does_not_hold_its_portfolio(make_portfolio):
    portfolio = lived(make_portfolio())
    view = portfolio.serve_flight()
    with fl.connect(view.location) as client:
        assert got(client, "trades").num_rows == 10
        del portfolio
        wait_until(lambda: view.closed)
        wait_until(view._keeper._done.is_set)
        with pytest.raises(fl.FlightUnavailableError):
            got(client, "trades")
    view.close()


def test_a_view_that_nobody_holds_goes_on(portfolio):
    location = portfolio.serve_flight().location
    with fl.connect(location) as client:
        assert got(client, "trades").num_rows == 10


def test_two_views_of_one_portfolio(portfolio, client):
    with portfolio.serve_flight(token=TOKEN) as other, fl.connect(other.location) as second:
        assert got(second, "trades", bearer(TOKEN)).equals(got(client, "trades"))
    assert got(client, "trades").num_rows == 10


def test_copies_are_not_served(portfolio, view):
    assert view.closed is False
    fork, other = portfolio.fork(), op.Portfolio.from_bytes(portfolio.to_bytes())
    assert fork.digest == other.digest == portfolio.digest


def test_a_file_of_the_journal_is_free_when_the_portfolio_is_gone(backend, tmp_path: Path):
    path = tmp_path / "run.journal"
    portfolio = op.Portfolio(1000, journal=path, backend=backend)
    view = portfolio.serve_flight()
    portfolio.deposit(1, 1)
    portfolio.close()
    with op.open_journal(path, backend=backend) as again:
        assert again.events == portfolio.events == 1
    view.close()
