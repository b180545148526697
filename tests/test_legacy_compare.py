"""Both accounts side by side: each figure by hand, and at random that nothing is left over."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

import omega_portfolio as op
from legacy_samples import HOUR, T0, exact_on, explained, long, noted, trade
from omega_portfolio.legacy import CAUSES, ExactPortfolio, Portfolio, compare
from test_legacy_model import ROUNDS, SEED, run


@pytest.fixture
def make(backend):
    return exact_on(backend)


def test_the_old_equity_leaves_open_positions_out(make):
    portfolio = make()
    portfolio.register_entry(long())
    portfolio.update(T0 + HOUR, {"ACME": 90.0})
    portfolio.update(T0 + 2 * HOUR, prices={"ACME": 104.0})
    assert noted(portfolio) == [
        ("open_positions", "equity", 0.0, -20.0), ("open_positions", "equity", 0.0, 8.0)
    ]  # fmt: skip
    lines = compare(portfolio).lines
    assert (lines["equity"].legacy, lines["equity"].exact) == (1000, 1008)
    assert lines["equity"].parts == {"open_positions": -8}
    assert (lines["max_drawdown"].legacy, lines["max_drawdown"].exact) == (0, 20)
    assert lines["max_drawdown"].parts == {"open_positions": -20}
    assert lines["cash"].difference == 0
    portfolio.update(T0 + 3 * HOUR, {"ACME": -1.0})
    assert portfolio.differences[-2].cause == "refused"
    assert len(portfolio.engine.get_equity_curve()) == 3


def test_the_old_drawdown_is_seen_at_updates(make):
    portfolio = make()
    portfolio.register_fee(300.0, T0, "data")
    portfolio.register_fee(-300.0, T0, "data")
    portfolio.update(T0)
    line = compare(portfolio).lines["max_drawdown"]
    assert (line.legacy, line.exact, line.parts) == (0, 300, {"drawdown_samples": -300})


def test_the_old_cash_drifts_and_the_drift_is_measured(make):
    portfolio = make(1e12)
    for _ in range(10_000):
        portfolio.register_fee(0.01, T0, "data")
    line = compare(portfolio).lines["cash"]
    assert line.exact == 10**12 - 100
    assert list(line.parts) == ["float_cash"]
    assert abs(line.parts["float_cash"]) == pytest.approx(Decimal("0.098"), abs=Decimal("0.001"))
    assert compare(portfolio).explained


def test_what_is_no_number_poisons_the_old_cash_only(make):
    portfolio = make(size_rule="risk")
    portfolio.register_fee(float("nan"), T0, "data")
    trade(portfolio)
    assert [row.cause for row in portfolio.differences] == ["not_finite"]
    assert portfolio.engine.balance == 1200
    found = compare(portfolio)
    assert found.lines["cash"].legacy.is_nan()
    assert found.explained


def test_an_amount_without_a_cause_would_be_seen(make):
    portfolio = make()
    trade(portfolio)
    assert compare(portfolio).explained
    portfolio.engine.deposit(1, T0 + HOUR)
    found = compare(portfolio)
    assert not found.explained
    assert found.lines["cash"].rest == -1


@pytest.mark.parametrize("rule", ["as_given", "risk"])
def test_random_calls_change_nothing_for_the_old_side_and_have_causes(rule):
    causes: set[str] = set()
    for number in range(ROUNDS // 3):
        twins = run(SEED * 1_000_003 + number, exact=True, size_rule=rule)
        portfolio = twins.sides[0]
        found = compare(portfolio)
        assert found.explained, number
        portfolio.engine.verify()
        causes |= {row.cause for row in found.rows}
        causes |= {cause for line in found.lines.values() for cause in line.parts}
    assert causes <= set(CAUSES)
    assert len(causes) >= 18


def test_both_backends_keep_the_same_account():
    for number in range(10):
        digests = {
            run(number, exact=True, backend=backend).sides[0].engine.digest
            for backend in op.backend_status().available
        }
        assert len(digests) == 1


def test_options_that_do_not_exist():
    with pytest.raises(op.InvalidArgument, match="size_rule"):
        Portfolio(exact=True, size_rule="best")
    with pytest.raises(op.InvalidAmount):
        Portfolio(-1.0, exact=True)
    with pytest.raises(TypeError):
        Portfolio(1.0, size_rule="risk")

    class Mine(Portfolio):
        pass

    with pytest.raises(op.InvalidArgument, match="ExactPortfolio"):
        Mine(1.0, exact=True)

    class Better(ExactPortfolio):
        pass

    assert type(Better(1.0)) is Better
    assert Better(5.0, exact=True).engine.balance == 5


def test_long_and_odd_reasons_are_cut(make):
    portfolio = make(size_rule="risk")
    trade(portfolio, reason="é" * 300 + "\0\ud800")
    trade(portfolio, reason=7)
    trade(portfolio, reason=None)
    reasons = portfolio.engine.get_trades().to_polars()["reason"].to_list()
    assert reasons == ["é" * 127, "7", ""]


def test_a_batch_is_booked_as_its_calls_are(make):
    portfolio = make(size_rule="risk")
    position = long()
    result = portfolio.process_batch(
        [
            {"type": "entry", "position": position, "fee": 1.0},
            {"type": "update", "time": T0},
            {"type": "exit", "position_idx": 0, "price": 110.0, "time": T0 + timedelta(days=1)},
            {"type": "fee", "amount": 0.5, "time": T0 + timedelta(days=1)},
        ]
    )
    assert result.errors == []
    assert portfolio.cash == portfolio.engine.balance == Decimal("1198.5")
    explained(portfolio)


def test_the_rows_as_a_frame(make):
    portfolio = make()
    assert compare(portfolio).to_polars().height == 0
    position = trade(portfolio)
    portfolio.register_exit(position)
    portfolio.cash = 1.0
    frame = compare(portfolio).to_polars()
    assert frame.schema == compare(make()).to_polars().schema
    assert frame["cause"].to_list() == [row.cause for row in portfolio.differences]
    assert frame["difference"].to_list() == [float(row.amount) for row in portfolio.differences]
    assert frame["time"].to_list() == [str(T0 + HOUR), str(T0 + HOUR), None]
