"""The Python backend alone: canonical bytes, proof, invariants, tables, prices."""

from __future__ import annotations

import copy
import hashlib
import math
import pickle
import random
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op
from omega_portfolio.oracle import codec, octets
from omega_portfolio.oracle.account import Accrual
from omega_portfolio.oracle.invariants import INVARIANTS, first_broken
from omega_portfolio.oracle.rates import Currency, Rates
from omega_portfolio.oracle.replay import replay
from test_oracle import account, busy


def text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()


def u(number: int) -> bytes:
    """Encode by the definition: the groups of seven bits, all but the last one marked."""
    groups = [number >> shift & 127 for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes(group + 128 for group in groups[:-1]) + bytes(groups[-1:])


def z(number: int) -> bytes:
    return u(2 * number if number >= 0 else -2 * number - 1)


CONFIGURATION = (
    b"omega_portfolio\x02" + z(1000 * 10**18) + text("USD") + u(10**10) + bytes(5) + text("USD")
)

# No grid, no bounds, no base currency, not inverse, and none of the four models.
NO_TERMS = bytes(10)

EVENTS = [
    b"\x01" + text("A") + u(2) + u(1) + u(5 * 10**9) + text("USD") + u(4 * 10**9) + NO_TERMS,
    b"\x02"
    + z(100)
    + u(0)
    + b"\0"
    + u(1)
    + u(20)
    + u(1000)
    + u(950)
    + u(1200)
    + z(25 * 10**16)
    + text("x"),
    b"\x02" + z(0) + u(0) + b"\x01" + u(7) + u(10) + u(1000) + u(0) + u(0) + z(0) + text(""),
    b"\x01" + text("B") + u(9) + u(9) + u(10**9) + text("USD") + u(0) + NO_TERMS,
    b"\x02" + z(5) + u(1) + b"\0" + u(2) + u(10**9) + u(3 * 10**9) + u(0) + u(0) + z(0) + text(""),
    b"\x05" + z(5) + u(1) + u(0) + u(1010) + u(10),
    b"\x04" + z(0) + u(1) + b"\x03" + u(990) + u(0),
    b"\x03" + z(10) + u(1) + u(5) + u(1010) + z(10**17) + text("y"),
    b"\x03" + z(0) + u(2) + u(10**9) + u(4 * 10**9) + z(0) + text(""),
    b"\x07" + z(0) + z(4 * 10**17) + u(7),
    b"\x08" + z(0) + u(3 * 10**18) + text(""),
    b"\x09" + z(1) + u(50 * 10**18) + text(""),
    b"\x06" + z(0) + u(2) + u(0) + u(1005) + u(0) + u(1) + u(3 * 10**9) + u(0),
]

STATE = b"".join(
    [
        *(u(13), z(121), z(9535 * 10**17), z(953625 * 10**15), z(125 * 10**15)),
        # the margin, the result, no residue, the ids to come, nothing ambiguous, no margin call
        *(z(3125 * 10**16), z(125 * 10**16), z(0), u(3), u(1), u(0), b"\0"),
        *(u(1), u(2), u(7), u(0), u(0), u(2)),
        *(u(10_050_000_000), u(10_050_000_000), u(15), z(75 * 10**18), u(10), z(50 * 10**18)),
        *(u(0), u(0), b"\0\0"),
        *(u(3 * 10**9), u(3 * 10**9), u(0), z(0), u(0), z(0), u(0), u(0), b"\0\0"),
        *(u(0), u(2)),
        *(u(1), u(0), b"\0", u(15), u(10**10), z(100), u(9_900_000_000), u(0)),
        *(u(9_500_000_000), b"\0", z(75 * 10**18), z(1875 * 10**14), z(0), z(0)),
        *(u(10**18), text("x"), bytes(5)),
        *(u(7), u(0), b"\x01", u(10), u(10**10), z(100), u(0), u(0), u(0), b"\0"),
        *(z(50 * 10**18), z(4 * 10**17), z(0), z(0), u(10**18), text(""), bytes(5)),
        *(u(0), u(0)),
    ]
)


# Bytes


def test_integers_have_the_bytes_of_leb128_and_zigzag() -> None:
    known = {0: "00", 1: "01", 127: "7f", 128: "8001", 624485: "e58e26", 2**64 - 1: "ff" * 9 + "01"}
    for number, expected in known.items():
        out = bytearray()
        octets.put_unsigned(out, number)
        assert out.hex() == expected == u(number).hex()
    signed = {0: "00", -1: "01", 1: "02", -2: "03", 64: "8001", -65: "8101"}
    for number, expected in signed.items():
        out = bytearray()
        octets.put_signed(out, number)
        assert out.hex() == expected


def test_every_event_has_the_bytes_of_the_specification() -> None:
    assert busy()._event_bytes() == CONFIGURATION + b"".join(EVENTS)


def test_the_digest_is_that_of_the_bytes() -> None:
    whole = CONFIGURATION + b"".join(EVENTS) + b"\xff" + STATE
    assert busy().digest == hashlib.blake2b(whole, digest_size=32).hexdigest()


def test_the_digest_does_not_depend_on_when_it_is_asked_for() -> None:
    pf, asked = account(), account()
    for portfolio in (pf, asked):
        for step in range(20):
            portfolio.open_position(f"S{step % 3}", "sell", 1, 1, step, tag="é")
            if portfolio is asked:
                assert len(portfolio.digest) == 64
    assert pf.digest == asked.digest


def test_read_bytes_are_the_written_records() -> None:
    data = b"".join(EVENTS)
    out = bytearray()
    for record in codec.Reader(data).records():
        codec.put_record(out, record)
    assert bytes(out) == data


def test_damaged_bytes_are_refused() -> None:
    data = b"".join(EVENTS)
    configuration = codec.Configuration(1000 * 10**18, "USD", 10**10)
    assert replay(configuration, data).events == len(EVENTS)
    for damaged in (data[:-1], data + b"\x0a", data[1:], data[:3] + b"\xff" + data[4:], data * 2):
        with pytest.raises(op.InvariantViolation):
            replay(configuration, damaged)


# Proof


def tampered(change: object) -> op.PortfolioPython:
    pf = busy()
    pf.verify()
    change(pf._ledger)
    return pf


def test_verify_sees_a_change_of_any_cell() -> None:
    seen = 0
    for table in ("equity_rows", "trade_rows", "ledger_rows", "fill_rows"):
        columns = getattr(busy()._ledger, table).columns
        for index in range(len(columns)):

            def change(ledger: object, table: str = table, index: int = index) -> None:
                cells = getattr(ledger, table).lists[index]
                cells[-1] = cells[-1] + 1 if isinstance(cells[-1], int) else cells[-1] + "?"

            pf = tampered(change)
            with pytest.raises(op.InvariantViolation) as caught:
                pf.verify()
            assert caught.value.code == 5001
            with pytest.raises(op.InvariantViolation):
                pf.deposit(1, 1000)
            seen += 1
    assert seen == 7 + 23 + 8 + 12


STRANGE = {"tag": "?", "break_even": (2, 1), "targets": ((1, 1),), "exit_time": 9}


def test_verify_sees_a_change_of_any_figure() -> None:
    position = busy()._ledger.positions.rows[0]
    changes = [
        lambda ledger, name=name: setattr(
            ledger.positions.rows[0],
            name,
            STRANGE.get(name) or getattr(ledger.positions.rows[0], name) + 1,
        )
        for name in position.__slots__
        if name != "symbol"
    ]
    scalars = busy()._ledger.scalars._fields
    changes += [
        lambda ledger, name=name: setattr(
            ledger,
            "scalars",
            ledger.scalars._replace(**{name: getattr(ledger.scalars, name) + 1}),
        )
        for name in scalars
    ]
    changes += [
        lambda ledger, name=name: setattr(ledger, name, getattr(ledger, name) + 1)
        for name in ("time", "first_time", "events", "fees", "posted", "residue", "ambiguous_count")
    ]
    changes += [
        lambda ledger, name=name: setattr(ledger.symbols["A"], name, 1)
        for name in ("volume", "slips", "last_bar", "last_rollover")
    ]
    changes += [
        lambda ledger: setattr(ledger, "in_margin_call", True),
        lambda ledger: setattr(ledger, "rates", ledger.rates.asked(["EUR"], [])),
        lambda ledger: setattr(ledger, "accrued", (Accrual(1, ledger.symbols["A"], 1, 1),)),
        lambda ledger: setattr(ledger.ids, "next_free", 4),
        lambda ledger: ledger.ids.given.add(9),
        lambda ledger: ledger.positions.rows.reverse(),
        lambda ledger: ledger.symbols.update(C=ledger.symbols["A"]),
        lambda ledger: ledger.journal.append((codec.DEPOSIT, 0, 1, "")),
        lambda ledger: ledger.trade_rows.lists[0].pop(),
    ]
    assert len(changes) == 22 + 7 + 7 + 4 + 9
    for change in changes:
        with pytest.raises(op.InvariantViolation):
            tampered(change).verify()


BROKEN = {
    "equity_identity": lambda ledger: setattr(ledger, "scalars", ledger.scalars._replace(equity=0)),
    "position_valid": lambda ledger: setattr(ledger.positions.rows[1], "entry_time", 10**6),
    "book_matches_positions": lambda ledger: setattr(ledger.positions.rows[1], "cost", 1),
    "margin_matches_book": lambda ledger: setattr(
        ledger, "scalars", ledger.scalars._replace(margin_used=0)
    ),
    "unrealized_matches_marks": lambda ledger: setattr(
        ledger.symbols["A"], "holding", ledger.symbols["A"].holding._replace(bid=10**9)
    ),
    "exposure_matches_book": lambda ledger: setattr(
        ledger, "scalars", ledger.scalars._replace(short_value=0)
    ),
    "quotes_ordered": lambda ledger: setattr(
        ledger.symbols["B"], "holding", ledger.symbols["B"].holding._replace(ask=1)
    ),
    "postings_match_balance": lambda ledger: ledger.ledger_rows.lists[6].__setitem__(0, 0),
    "residue_in_range": lambda ledger: setattr(ledger, "posted", 0),
    "cash_matches_rows": lambda ledger: ledger.cash_rows.append(
        (1, 1, "deposit", "EUR", 1, 1, 1, 1)
    ),
    "rates_match_marks": lambda ledger: setattr(
        ledger, "rates", Rates("USD", "USD", {"EUR": Currency("EUR", rate=1)})
    ),
    "trades_match_ledger": lambda ledger: ledger.trade_rows.lists[9].__setitem__(0, 0),
    "rows_published": lambda ledger: ledger.equity_rows.lists[0].append(5),
}


@pytest.mark.parametrize("name", [invariant.name for invariant in INVARIANTS])
def test_each_invariant_sees_what_it_is_for(name: str) -> None:
    assert list(BROKEN) == [invariant.name for invariant in INVARIANTS]
    broken = first_broken(tampered(BROKEN[name])._ledger, INVARIANTS)
    assert broken is not None
    assert broken.argument == name


def test_a_broken_identity_is_seen_by_the_next_event() -> None:
    pf = tampered(BROKEN["equity_identity"])
    with pytest.raises(op.InvariantViolation, match="equity_identity"):
        pf.mark({})
    with pytest.raises(op.InvariantViolation, match="equity_identity"):
        pf.get_state()


def test_all_invariants_hold_after_every_event() -> None:
    pf = account("100000")
    pf._ledger.invariants = INVARIANTS
    source = random.Random(11)
    for step in range(150):
        symbol, side = source.choice("AB"), source.choice(("long", "short"))
        price = Decimal(source.randint(900, 1100)) / 100
        pf.update_equity(step, {symbol: (price, price + Decimal("0.01"))})
        number = pf.open_position(symbol, side, source.randint(1, 9), price, step, fee="0.01")
        pf.modify_position(number, step, stop_loss=None)
        if source.random() < 0.7:
            pf.close_position(source.choice([*pf.positions]), price, step, size=1, fee="-0.03")
    assert len(pf.positions) > 20
    postings = zip(*(pf._ledger.ledger_rows.lists[column] for column in (2, 5)), strict=True)
    assert pf._ledger.fees == -sum(amount for kind, amount in postings if kind == "fee") < 0
    pf.verify()


# What comes out


def test_tables_have_the_types_of_the_specification() -> None:
    exact, mirror = busy().get_trades(exact=True), busy().get_trades()
    assert exact.columns == mirror.columns == exact.schema.names
    assert not any(field.nullable for field in [*exact.schema, *mirror.schema])
    expected = {"net_pnl": pa.decimal128(38, 18), "size": pa.decimal128(38, 9)}
    assert {name: exact.schema.field(name).type for name in expected} == expected
    expected = {"net_pnl": pa.float64(), "size": pa.float64(), "tag": pa.string_view()}
    expected |= {"exit_time": pa.timestamp("us", "UTC"), "trade_id": pa.uint64()}
    assert {name: mirror.schema.field(name).type for name in expected} == expected


def test_a_table_is_a_snapshot_and_frozen() -> None:
    pf = busy()
    tables = [pf.get_equity_curve(), pf.get_ledger(exact=True), pf.get_positions()]
    pf.close_position(1, 10, 200)
    pf.update_equity(200)
    assert [len(table) for table in tables] == [1, 7, 2]
    assert [table.to_pyarrow().num_rows for table in tables] == [1, 7, 2]
    for table in tables:
        assert pa.table(table).equals(pa.ipc.open_stream(table.to_ipc()).read_all())
        assert pl.DataFrame(table).equals(table.to_polars())
        assert pa.schema(table) == table.schema
        with pytest.raises(AttributeError):
            table.columns = []
        with pytest.raises(AttributeError):
            del table._length


def test_the_exact_columns_hold_every_raw_number() -> None:
    pf = account("99999999999999999999.999999999999999999")
    pf.update_equity(0)
    pf.withdraw("99999999999999999999.999999999999999998", 0)
    pf.charge_fee("3", 1)
    balances = pf.get_ledger(exact=True).to_pyarrow()["balance"].to_pylist()
    assert balances == [Decimal("1E-18"), Decimal("-2.999999999999999999")]
    assert pf.get_equity_curve().to_pyarrow()["equity"].to_pylist() == [1e20]


def test_a_trade_and_a_view_are_frozen_values() -> None:
    pf = busy()
    view = pf.positions[7]
    trade = pf.close_position(7, 10, 130)
    assert (trade.trade_id, trade.side, trade.entry_time) == (3, "short", view.entry_time)
    for row in (trade, view):
        assert copy.copy(row) == pickle.loads(pickle.dumps(row)) == row  # noqa: S301
        assert hash(copy.deepcopy(row)) == hash(row)
        with pytest.raises(AttributeError):
            row.size = 1
        with pytest.raises(AttributeError):
            del row.size
    assert trade != view
    assert repr(trade).startswith("PythonTrade(trade_id=3, position_id=7, symbol='A'")
    assert isinstance(trade, op.Trade)
    assert isinstance(view, op.PositionView)


def test_the_state_travels_with_its_scalars() -> None:
    state = busy().get_state()
    assert isinstance(state, op.State)
    table = pa.ipc.open_stream(state.to_ipc()).read_all()
    assert table.num_rows == 2
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert metadata["equity"] == "953.625"
    assert metadata["time"] == "1970-01-01T00:00:00.000121+00:00"
    assert len(metadata) == 9
    assert account().get_state().time is None


def test_prices_come_in_frames() -> None:
    frames = [
        pl.DataFrame({"ask": [1.5, 3.0], "symbol": ["A", "B"], "bid": [1.0, 2.5]}),
        pa.table({"symbol": ["A"], "price": pa.array([1], pa.uint8())}),
        pa.table({"symbol": pa.array(["A"]).dictionary_encode(), "price": [Decimal("1.000")]}),
        pa.table({"symbol": pa.array(["A"], pa.string_view()), "price": pa.array([1.0], "f2")}),
    ]
    for frame in frames:
        pf = account()
        pf.mark(frame)
        assert pf._ledger.symbols["A"].holding.bid == 10**9


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"symbol": ["A"]}, "column price"),
        ({"symbol": ["A"], "bid": [1]}, "column ask"),
        ({"symbol": ["A"], "price": [1], "time": [1]}, "column time"),
        ({"symbol": ["A", None], "price": [1, 1]}, "column symbol, row 1"),
        ({"symbol": ["A", "B", "C"], "price": [1, None, None]}, "column price, row 1"),
        ({"symbol": [1], "price": [1]}, "column symbol: int64"),
        ({"symbol": ["A"], "price": ["1"]}, "column price: string"),
        ({"symbol": ["A"], "price": [True]}, "column price: bool"),
    ],
)
def test_frames_are_refused(columns: dict[str, list[object]], message: str) -> None:
    pf = account()
    before = pf.digest
    with pytest.raises(op.InvalidFrame, match=message):
        pf.update_equity(0, pa.table(columns))
    assert pf.digest == before
    with pytest.raises(op.InvalidNumber, match="column price, row 1: nan"):
        pf.mark(pa.table({"symbol": ["A", "B"], "price": [1.0, math.nan]}))
