"""Where two portfolios part, and how the result of a trade came about."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import omega_portfolio as op
from lives import Life, grown


def test_nothing_differs_between_backends_copies_and_images() -> None:
    """The same events on both sides."""
    rust, python = grown(3, "rust"), grown(3, "python")
    for left, right in ((rust, python), (rust, rust.fork()), (python, rust.to_bytes())):
        found = op.diff(left, right)
        assert not found
        assert found == op.Difference((), None, ())
        assert str(found) == "no difference"
        assert "none" in found._repr_html_()


def test_the_configuration_is_told(backend: str) -> None:
    """Every option, in the words of the constructor."""
    left = op.Portfolio(1000, backend=backend)
    right = op.Portfolio(
        "1000.5",
        currency="EUR",
        leverage="2.5",
        mode="netting",
        floats="strict",
        rounding="cents",
        off_grid="round",
        margin_call=100,
        stop_out=50,
        path="ohlc",
        pivot="EUR",
        backend=backend,
    )
    found = op.diff(left, right)
    assert [tuple(each) for each in found.configuration] == [
        ("initial_balance", "1000", "1000.5"),
        ("currency", "USD", "EUR"),
        ("leverage", "1", "2.5"),
        ("mode", "hedging", "netting"),
        ("floats", "nearest", "strict"),
        ("rounding", "exact", "cents"),
        ("off_grid", "refuse", "round"),
        ("margin_call", "none", "100"),
        ("stop_out", "none", "50"),
        ("path", "pessimistic", "ohlc"),
        ("pivot", "USD", "EUR"),
    ]
    assert found.first is None
    assert "leverage: 1 | 2.5" in str(found).splitlines()


@pytest.mark.parametrize("seed", range(8))
def test_the_first_other_event_is_found(seed: int, backend: str) -> None:
    """Two lives with one past, of which one goes another way."""
    life = Life(seed, backend)
    life.step(40)
    other = life.portfolio.fork()
    events = life.portfolio.events
    other.deposit("7.25", other.time or 0)
    found = op.diff(life.portfolio, other)
    assert found.first is not None
    assert (found.first.seq, found.first.kind, found.first.left) == (
        events + 1,
        "deposit",
        "nothing",
    )
    assert found.first.right.startswith("deposit time=")
    assert found.first.right.endswith("amount=7.25")
    assert found.figures[0] == op.Changed("events", str(events), str(events + 1))
    life.portfolio.charge_fee("0.01", life.portfolio.time or 0)
    life.step(5)
    both = op.diff(life.portfolio, other)
    assert both.first is not None
    assert (both.first.seq, both.first.kind) == (events + 1, "fee/deposit")
    back = op.diff(other, life.portfolio)
    assert back.first is not None
    assert (back.first.left, back.first.right) == (both.first.right, both.first.left)


def test_an_event_of_several_rows_is_one(backend: str) -> None:
    """Quotes of one call, of which the second is another."""
    left = op.Portfolio(1000, backend=backend)
    left.mark({"ONE": 1, "TWO": 2}, time="2024-01-02")
    right = op.Portfolio(1000, backend=backend)
    right.mark({"ONE": 1, "TWO": 3}, time="2024-01-02")
    found = op.diff(left, right).first
    assert found is not None
    assert (found.seq, found.kind) == (3, "mark")
    assert found.left == (
        "mark time=2024-01-02 00:00:00 symbol=ONE bid=1 ask=1; "
        "mark time=2024-01-02 00:00:00 symbol=TWO bid=2 ask=2"
    )
    assert op.diff(left, right).figures == ()


def test_positions_are_compared_by_id(backend: str) -> None:
    """One that only one side has, and one that differs."""
    left = op.Portfolio(1000, backend=backend)
    first = left.open_position("ACME", "long", 2, 100, "2024-01-02")
    right = left.fork()
    left.open_position("ACME", "short", 1, 100, "2024-01-03")
    right.modify_position(first, "2024-01-03", stop_loss=90)
    figures = {each.name: each[1:] for each in op.diff(left, right).figures}
    assert figures["position 2"] == ("ACME short 1", "none")
    assert figures["position 1 stop_loss"] == ("0", "90")
    many = left.fork()
    for _ in range(30):
        many.open_position("ACME", "long", "0.1", 100, "2024-01-03")
    text = str(op.diff(left, many))
    assert text.endswith("figures more")
    assert "figures more" in op.diff(left, many)._repr_html_()


def test_bad_sides_are_refused(backend: str) -> None:
    """Named by their argument."""
    portfolio = op.Portfolio(1000, backend=backend)
    compare: Any = op.diff
    for wrong in (None, 5, "text", portfolio.get_state()):
        for argument, sides in (("a", (wrong, portfolio)), ("b", (portfolio, wrong))):
            with pytest.raises(op.InvalidArgument) as caught:
                compare(*sides)
            assert caught.value.argument == argument
    with pytest.raises(op.InvalidImage):
        op.diff(portfolio, b"")


def test_a_trade_is_explained_in_words(backend: str) -> None:
    """Parts of a position, fees and swaps in between, worked out by hand."""
    portfolio = op.Portfolio(10_000, backend=backend)
    portfolio.register_instrument(op.Instrument("EURUSD", price_decimals=5, contract_size=1000))
    held = portfolio.open_position("EURUSD", "long", 2, "1.1", "2024-01-02", fee="0.5")
    portfolio.charge_swap("EURUSD", "2024-01-03", long="-0.003")
    portfolio.charge_fee("0.1", "2024-01-03", position_id=held)
    trade = portfolio.close_position(
        held, "1.2", "2024-01-05", size=1, fee="0.2", reason="half of it"
    )
    portfolio.close_position(held, "1.05", "2024-01-06")
    found = portfolio.explain(trade)
    assert str(found).splitlines() == [
        "trade 1: 1 EURUSD long, position 1, 2024-01-02 00:00:00 at 1.1 to 2024-01-05 00:00:00 "
        "at 1.2 (half of it)",
        "  gross_pnl 100 = 1 x 1.2 x 1000 - cost 1100",
        "  entry_fee 0.3 of the 0.6 charged to the position before (events 2, 4)",
        "  exit_fee 0.2 charged by the close (event 5)",
        "  swap -3 of the -6 charged to the position before (event 3)",
        "  net_pnl 96.5 = gross_pnl 100 - entry_fee 0.3 - exit_fee 0.2 + swap -3",
    ]
    assert found.postings.to_polars().get_column("kind").to_list() == [
        "fee",
        "swap",
        "fee",
        "realized_pnl",
        "fee",
    ]
    rest = portfolio.explain(2)
    assert rest.lines() == (
        "gross_pnl -50 = 1 x 1.05 x 1000 - cost 1100",
        "entry_fee 0.3 of the 0.6 charged to the position before (events 2, 4); "
        "earlier trades took 0.3",
        "exit_fee 0: the close was free",
        "swap -3 of the -6 charged to the position before (event 3); earlier trades took -3",
        "net_pnl -53.3 = gross_pnl -50 - entry_fee 0.3 - exit_fee 0 + swap -3",
    )
    assert len(rest.postings) == 6
    assert "trade 2" in rest._repr_html_()


def test_a_netted_entry_price_and_another_currency(backend: str) -> None:
    """A formula is shown only when it gives the number to the last digit."""
    portfolio = op.Portfolio(10_000, mode="netting", backend=backend)
    portfolio.open_position("ACME", "buy", 1, "10", "2024-01-02")
    portfolio.open_position("ACME", "buy", 2, "11", "2024-01-03")
    portfolio.open_position("ACME", "sell", 3, "12", "2024-01-04")
    assert portfolio.explain(1).gross == "gross_pnl 4 = 3 x 12 - cost 32"
    foreign = op.Portfolio(100_000, backend=backend)
    foreign.register_instrument(op.Instrument("EURUSD", base_currency="EUR"))
    foreign.register_instrument(op.Instrument("DAX", quote_currency="EUR"))
    foreign.mark({"EURUSD": "1.1"}, time="2024-01-01")
    held = foreign.open_position("DAX", "long", 1, 1000, "2024-01-02")
    foreign.mark({"EURUSD": "1.2"}, time="2024-01-03")
    foreign.close_position(held, 1100, "2024-01-04")
    assert foreign.explain(1).gross == (
        "gross_pnl 120 = (1 x 1100 - 1 x 1000) x 1.2, the rate then"
    )


@pytest.mark.parametrize("seed", range(10))
def test_every_trade_of_a_life_adds_up(seed: int, backend: str) -> None:
    """Shares and postings of random lives."""
    portfolio = grown(seed, backend, 150)
    trades = portfolio.get_trades(exact=True).to_polars().rows(named=True)
    for trade in trades:
        found = portfolio.explain(trade["trade_id"])
        assert len(found.lines()) == 5
        postings = found.postings.to_polars().rows(named=True)
        realized = [row for row in postings if row["kind"] == "realized_pnl"]
        assert realized, trade
        last = realized[-1]
        assert last["time"] == trade["exit_time"]
        exact = last["amount"] == trade["gross_pnl"]
        assert exact or any(row["residue"] for row in postings), "booked in cents"
        parts = [Fraction(trade[name]) for name in ("gross_pnl", "entry_fee", "exit_fee", "swap")]
        assert parts[0] - parts[1] - parts[2] + parts[3] == Fraction(trade["net_pnl"])


def test_trades_of_others_are_refused(backend: str) -> None:
    """No number of a trade, or a trade of another portfolio."""
    portfolio = op.Portfolio(1000, backend=backend)
    held = portfolio.open_position("ACME", "long", 1, 10, "2024-01-02")
    other = portfolio.fork()
    own = portfolio.close_position(held, 11, "2024-01-03")
    foreign = other.close_position(held, 12, "2024-01-03")
    explain: Any = portfolio.explain
    assert explain(own) == explain(1)
    for wrong in (0, 2, -1, True, 2**64, None, "1", 1.0, foreign, object()):
        with pytest.raises(op.InvalidArgument) as caught:
            explain(wrong)
        assert caught.value.argument == "trade"
