"""The Python backend alone: frames that are interrupted, and the way back; metrics."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

import omega_portfolio as op
from event_frames import closed, live_through, opened, paid, quoted, table, whole_picture
from omega_portfolio.oracle.checkpoint import Checkpoint
from omega_portfolio.oracle.frame_columns import ACTIONS, CELLS, COLUMNS
from omega_portfolio.oracle.invariants import INVARIANTS
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.replay import taken_back, verify
from test_oracle import account

FRAME = table(opened(200, key="a"), quoted("mark", 200, symbol="X", price=1), closed(200, key="a"))


def lived() -> op.PortfolioPython:
    portfolio = op.PortfolioPython(1000, leverage=10)
    live_through(portfolio)
    return portfolio


class InterruptedAt:
    """Stands for a method of the ledger and interrupts one of its calls."""

    def __init__(self, method: object, number: int) -> None:
        self.method = method
        self.left = number

    def __get__(self, ledger: object, owner: type) -> object:
        def call(*arguments: object, **options: object) -> object:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
            return self.method(ledger, *arguments, **options)

        return call


@pytest.mark.parametrize("on_error", ["raise", "record"])
@pytest.mark.parametrize("name", ["apply", "_after", "_hold", "commit"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_interrupt_anywhere_in_a_frame_leaves_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, name: str, number: int, on_error: str
) -> None:
    portfolio = lived()
    before = whole_picture(portfolio)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, name, InterruptedAt(getattr(Ledger, name), number))
        with pytest.raises(KeyboardInterrupt):
            portfolio.apply(FRAME, on_error=on_error)
    assert whole_picture(portfolio) == before
    portfolio.apply(FRAME)
    portfolio.verify()


def test_an_interrupt_on_the_way_back_ends_the_use(monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio = lived()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "restore", interrupted)
        with pytest.raises(KeyboardInterrupt):
            portfolio.apply(table(paid(200), paid(0)))
    for use in (lambda: portfolio.balance, portfolio.get_events, portfolio.compact):
        with pytest.raises(op.InvariantViolation, match="taken back"):
            use()


def test_a_ledger_that_is_taken_back_is_the_one_of_that_time() -> None:
    portfolio = lived()
    ledger = portfolio._ledger
    ledger.invariants = INVARIANTS
    before, length = whole_picture(portfolio), ledger.journal.length()
    portfolio.apply(FRAME)
    assert ledger.journal.length() > length
    portfolio._ledger = taken_back(ledger, length)
    assert portfolio._ledger is not ledger
    assert portfolio._ledger.invariants is INVARIANTS
    assert whole_picture(portfolio) == before
    verify(portfolio._ledger)


def test_the_cells_of_the_actions_are_those_of_the_specification() -> None:
    names = {action: [rule.name for rule in rules] for action, rules in CELLS.items()}
    needed = {
        action: [rule.name for rule in rules if rule.needed] for action, rules in CELLS.items()
    }
    assert tuple(names) == ACTIONS
    about_a_symbol = ["time", "symbol"]
    assert needed == {
        "open": [*about_a_symbol, "side", "size", "price"],
        "close": ["time", "price"],
        "modify": ["time"],
        "mark": [],
        "update": ["time"],
        "fee": ["time", "fee"],
        "deposit": ["time", "amount"],
        "withdraw": ["time", "amount"],
        "register": ["symbol"],
        "close_by": ["time", "position_id", "other_id"],
        "order": [*about_a_symbol, "side", "size"],
        "cancel": ["time", "order_id"],
        "bar": ["time"],
        "quotes": ["time"],
        "convert": ["time", "amount", "from_currency", "to_currency"],
        "swap": about_a_symbol,
        "rollover": about_a_symbol,
        "dividend": [*about_a_symbol, "price"],
        "split": [*about_a_symbol, "numerator", "denominator"],
    }
    quote = [*about_a_symbol, "price", "bid", "ask", "event"]
    levels = ["stop_loss", "take_profit"]
    protection = ["trailing", "break_even", "break_even_offset", "targets", "exit_time"]
    assert names == {
        "open": [
            *about_a_symbol,
            *("side", "size", "price", *levels, "position_id", "key", "fee", "tag", *protection),
        ],
        "close": [
            *about_a_symbol,
            *("size", "price", "position_id", "key", "fee", "reason"),
        ],
        "modify": [*about_a_symbol, *levels, "position_id", "key", *protection],
        "mark": quote,
        "update": quote,
        "quotes": quote,
        "fee": [*about_a_symbol, "position_id", "key", "fee"],
        "deposit": ["time", "amount", "currency"],
        "withdraw": ["time", "amount", "currency"],
        "register": [
            *("symbol", "price_decimals", "size_decimals", "contract_size", "leverage"),
            *("quote_currency", "terms"),
        ],
        "close_by": ["time", "size", "position_id", "fee", "other_id"],
        "order": [
            *about_a_symbol,
            *("side", "size", "price", *levels, "tag", *protection, "type", "expiry", "oco"),
        ],
        "cancel": ["time", "order_id"],
        "bar": [*about_a_symbol, "event", "open", "high", "low", "close", "spread", "path"],
        "convert": ["time", "amount", "from_currency", "to_currency", "rate"],
        "swap": [*about_a_symbol, "kind", "long", "short", "multiplier"],
        "rollover": about_a_symbol,
        "dividend": [*about_a_symbol, "price", "pay_time"],
        "split": [*about_a_symbol, "numerator", "denominator"],
    }
    assert len(COLUMNS) == 50


def test_a_producer_that_raises_anything_is_a_frame_that_cannot_be_read() -> None:
    class Producer:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            raise LookupError("no rows here")

    for call in (lambda frame: op.PortfolioPython(1).apply(frame), op.PortfolioPython(1).mark):
        with pytest.raises(op.InvalidFrame, match="no rows here"):
            call(Producer())


def test_metrics_worked_out_by_hand() -> None:
    pf = account("1000")
    assert set(pf.calculate_metrics().values()) == {None, 0}
    for day, amount in enumerate((100, -220, 88)):
        number = pf.open_position("A", "long", 1, 500, day * 86_400_000_000)
        pf.close_position(number, 500 + amount, day * 86_400_000_000)
        pf.update_equity(day * 86_400_000_000)
    pf.deposit(32, 2 * 86_400_000_000)
    pf.update_equity(2 * 86_400_000_000)
    # equity 1000, 1100, 880, 968 and at the same time 1000 after a deposit of 32
    metrics = pf.calculate_metrics(periods_per_year="252", risk_free_rate=Decimal(0))
    returns = [1100 / 1000 - 1, 880 / 1100 - 1, 1000 / 880 - 1]
    mean = sum(returns) / 3
    deviation = math.sqrt(sum((one - mean) ** 2 for one in returns) / 2)
    assert metrics.net_profit == Decimal(-32)
    assert (metrics.total_return, metrics.cagr) == (0.0, 0.0)
    assert metrics.max_drawdown == 880 / 1100 - 1
    assert metrics.sharpe_ratio == pytest.approx(mean / deviation * math.sqrt(252), rel=1e-12)
    assert (metrics.trade_count, metrics.win_rate) == (3, 2 / 3)
    assert metrics.profit_factor == 188 / 220
    for name, value in (("periods_per_year", 0), ("risk_free_rate", -1), ("risk_free_rate", "x")):
        with pytest.raises(op.InvalidNumber, match=name):
            pf.calculate_metrics(**{name: value})
    with pytest.raises(op.InvalidArgument):
        pf.calculate_metrics(periods_per_year=None)
