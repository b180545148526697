"""Two accounts side by side: what both do, what one skips, and how they are shown (rule G9)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import polars as pl
import pytest

import omega_portfolio as op
from new_calls import BARS, DAY, history, refuses

Make = Callable[..., op.Envelope]
AMBIGUOUS = {"A": (101, 112, 94, 105)}


@pytest.fixture
def make_envelope(backend: str) -> Make:
    def make(initial_balance: object = 1000, **options: object) -> op.Envelope:
        return op.Envelope(initial_balance, backend=backend, **options)

    return make


def ambiguous(envelope: op.Envelope) -> int:
    """Open a position whose stop and profit both lie in the next bar."""
    return envelope.open_position("A", "long", 2, 100, DAY[0], stop_loss=95, take_profit=110)


def test_the_sides_differ_where_a_bar_is_ambiguous(backend, make_envelope):
    envelope = make_envelope(leverage=5)
    ambiguous(envelope)
    worse, better = envelope.process_bar(DAY[1], AMBIGUOUS)
    assert [one.reason for one in worse] == ["stop_loss"]
    assert [one.reason for one in better] == ["take_profit"]
    assert (envelope.pessimistic.equity, envelope.optimistic.equity) == (990, 1020)
    assert envelope.ambiguous_count == 1
    assert envelope.pessimistic.backend == backend
    assert envelope.skipped == ()


def test_the_curves_stand_side_by_side(make_envelope):
    envelope = make_envelope()
    ambiguous(envelope)
    assert envelope.update_equity(DAY[0]) == (None, None)
    assert envelope.update_equity(DAY[0], {"A": 101}) == (None, None)
    envelope.process_bar(DAY[1], AMBIGUOUS)
    frame = envelope.to_polars()
    assert frame.select("pessimistic", "optimistic").rows() == [
        (1000.0, 1000.0), (1002.0, 1002.0), (990.0, 1020.0),
    ]  # fmt: skip
    exact = envelope.to_polars(exact=True)
    assert exact.schema["optimistic"] == pl.Decimal(38, 18)


def test_a_close_is_done_where_the_position_is_open(make_envelope):
    envelope = make_envelope()
    envelope.place_order("A", "buy", 1, DAY[0], price=95, stop_loss=93)
    worse, better = envelope.process_bar(DAY[1], {"A": (100, 101, 92, 98)})
    assert ([one.reason for one in worse], better) == (["stop_loss"], [])
    envelope.modify_position(1, DAY[2], take_profit=120)
    assert envelope.optimistic.positions[1].take_profit == 120
    worse, better = envelope.close_position(1, 101, DAY[3])
    assert worse is None
    assert better.gross_pnl == 6
    assert [one.side for one in envelope.skipped] == ["pessimistic", "pessimistic"]


def test_one_side_alone_is_listed(make_envelope):
    envelope = make_envelope()
    position_id = ambiguous(envelope)
    other = envelope.open_position("A", "long", 1, 100, DAY[0])
    envelope.optimistic.close_position(other, 100, DAY[0])
    worse, better = envelope.close_position(other, 101, DAY[1], reason="rule")
    assert worse is not None
    assert worse.reason == "rule"
    assert better is None
    envelope.pessimistic.close_position(position_id, 100, DAY[1])
    worse, better = envelope.close_position(position_id, 101, DAY[1])
    assert worse is None
    assert better is not None
    found = [(one.side, one.call, type(one.error)) for one in envelope.skipped]
    assert found == [
        ("optimistic", "close_position", op.PositionNotFound),
        ("pessimistic", "close_position", op.PositionNotFound),
    ]  # fmt: skip
    refuses(
        op.PositionNotFound, "position_id",
        lambda: envelope.close_position(position_id, 101, DAY[1]),
    )  # fmt: skip


def test_what_the_pessimistic_side_refuses_changes_neither(make_envelope):
    envelope = make_envelope()
    digests = envelope.pessimistic.digest, envelope.optimistic.digest
    refuses(
        op.InsufficientMargin, "size", lambda: envelope.open_position("A", "long", 11, 100, DAY[0])
    )
    refuses(op.InvalidBar, "low", lambda: envelope.process_bar(DAY[0], {"A": (1, 2, 2, 2)}))
    refuses(op.OrderNotFound, "order_id", lambda: envelope.cancel_order(1, DAY[0]))
    assert digests == (envelope.pessimistic.digest, envelope.optimistic.digest)
    assert envelope.skipped == ()


def test_a_position_of_an_order_has_the_id_of_the_pessimistic_side(make_envelope):
    envelope = make_envelope()
    envelope.optimistic.open_position("B", "long", 1, 1, DAY[0])
    assert envelope.place_order("A", "buy", 1, DAY[0], price=95) == (1, 1)
    envelope.process_bar(DAY[1], {"A": (100, 101, 94, 98)})
    (position_id,) = envelope.pessimistic.positions
    assert set(envelope.optimistic.positions) == {1, 2}
    worse, better = envelope.close_position(position_id, 99, DAY[2])
    assert (worse.position_id, better.position_id) == (1, 2)
    assert (worse.symbol, better.symbol) == ("A", "A")


def test_every_call_reaches_both_sides(make_envelope):
    envelope = make_envelope(10_000, currency="EUR", mode="hedging", rounding="cents")
    envelope.register_instrument(op.Instrument("EURUSD", base_currency="EUR", quote_currency="USD"))
    envelope.mark({"EURUSD": "1.25"}, time=DAY[0])
    envelope.deposit(10, DAY[0])
    envelope.withdraw(5, DAY[0])
    envelope.convert_cash(5, "EUR", "USD", DAY[0])
    first = envelope.open_position("A", "long", 4, 100, DAY[0], fee=1, tag="first")
    other = envelope.open_position("A", "short", 1, 101, DAY[0])
    envelope.charge_fee(1, DAY[0], position_id=first)
    envelope.charge_fee(1, DAY[0])
    envelope.charge_swap("A", DAY[0], long=-1)
    envelope.dividend("A", 1, DAY[0])
    envelope.split("A", 2, 1, DAY[0])
    envelope.close_by(first, other, DAY[0])
    order_id, same = envelope.place_order("A", "buy", 1, DAY[0], price=45)
    assert order_id == same
    envelope.cancel_order(order_id, DAY[0])
    envelope.process_quotes(DAY[0], {"A": (51, 52)})
    assert envelope.process_bars(history().filter(symbol="B")) == (0, 0)
    envelope.process_bar(DAY[5], {"B": BARS["B"]})
    envelope.verify()
    sides = envelope.pessimistic, envelope.optimistic
    assert sides[0].events == sides[1].events > 20
    assert [side.equity for side in sides] == [sides[0].equity] * 2
    assert envelope.skipped == ()


def test_a_stream_that_can_be_read_once_reaches_both(make_envelope):
    envelope = make_envelope()
    reader = history().to_arrow().to_reader()
    assert envelope.process_bars(reader) == (0, 0)
    assert len(envelope.to_polars()) == 3
    frame = pl.DataFrame({"action": ["deposit"], "time": [DAY[5]], "amount": [5.0]})
    frame = frame.with_columns(pl.col("time").str.to_date())
    receipts = envelope.apply(frame.to_arrow().to_reader())
    assert [len(one) for one in receipts] == [1, 1]


def test_an_envelope_shows_itself(make_envelope):
    envelope = make_envelope()
    ambiguous(envelope)
    envelope.process_bar(DAY[1], AMBIGUOUS)
    summary = envelope.summary()
    assert summary["equity"] == (Decimal(990), Decimal(1020))
    assert summary["trades"] == (1, 1)
    assert summary["open positions"] == (0, 0)
    assert "equity=990.00..1020.00" in repr(envelope)
    markup = envelope._repr_html_()
    assert "pessimistic" in markup
    assert "1020" in markup


def test_the_calls_have_the_signatures_of_a_portfolio():
    import inspect

    for name in ("deposit", "place_order", "mark", "split"):
        found = inspect.signature(getattr(op.Envelope, name))
        assert list(found.parameters) == list(
            inspect.signature(getattr(op.Portfolio, name)).parameters
        )
        assert f"Portfolio.{name}" in (getattr(op.Envelope, name).__doc__ or "")
