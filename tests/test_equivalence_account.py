"""What the comparison of backends draws of accounts with terms, and that it sees a fault there."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random

import pytest

import omega_portfolio as op
from omega_portfolio.bench import equivalence
from omega_portfolio.bench.account_settings import SHAPES, draw_account_setting
from omega_portfolio.bench.account_source import AccountSource
from omega_portfolio.bench.answers import Refusal, answer
from omega_portfolio.bench.backends import Pair
from omega_portfolio.bench.comparison import Visited, compare_everything
from omega_portfolio.bench.equivalence import Plan
from omega_portfolio.bench.refusals import KEYWORDS, POSITIONAL
from omega_portfolio.bench.shrink import as_python
from omega_portfolio.bench.shrink_arguments import simpler
from omega_portfolio.bench.walks import Walk
from omega_portfolio.bench.wrong_terms import TERMS
from planted_faults import Spoiled

SEEDS = range(40)
ACCOUNT_REFUSALS = {
    *(op.MissingRate, op.InvalidProtection, op.OrderNotFound, op.OffSessionRollover),
    *(op.InvalidBar, op.InsufficientMargin, op.InsufficientFunds, op.InvalidInstrument),
}


def live(seed: int, count: int) -> tuple[op.Portfolio, list[tuple[tuple, object]]]:
    """Give a portfolio and the calls on it, each with its answer."""
    random = Random(seed)
    setting = draw_account_setting(random)
    portfolio = op.PortfolioPython(setting.initial_balance, **setting.options)
    source = AccountSource(random, setting)
    calls = []
    for number in range(count):
        operation = source.refusal() if number % 20 == 19 else source.next_operation()
        name, arguments, keywords = operation
        found = answer(getattr(portfolio, name), arguments, keywords)
        if not isinstance(found, Refusal):
            source.answered(found)
        source.look(portfolio, moved=isinstance(found, tuple))
        calls.append((operation, found))
    return portfolio, calls


def test_everything_that_an_account_can_do_happens():
    kinds, accepted, codes = Counter(), Counter(), set()
    options: dict[str, set[str]] = {}
    postings, activity, reasons, fills = set(), set(), set(), Counter()
    currencies, paths = set(), set()
    for seed in SEEDS:
        portfolio, calls = live(seed, 250)
        for (name, _, keywords), found in calls:
            kinds[name] += 1
            if isinstance(found, Refusal):
                codes.add(found.code)
            else:
                accepted[name] += 1
                options.setdefault(name, set()).update(keywords)
        postings |= set(portfolio.get_ledger().to_polars()["kind"])
        activity |= set(portfolio.get_activity().to_polars()["kind"])
        reasons |= set(portfolio.get_trades().to_polars()["reason"])
        fills.update(portfolio.get_fills().to_polars()["liquidity"])
        cash = portfolio.get_cash().to_polars()
        currencies |= set(cash["currency"])
        paths |= {text.count("*") + text.count("/") / 10 for text in cash["path"]}
    assert set(kinds) == set(POSITIONAL)
    assert all(accepted[name] > 3 for name in kinds), accepted
    assert sum(accepted.values()) > sum(kinds.values()) // 2
    for name, known in KEYWORDS.items():
        assert options[name] == set(known), name
    assert codes >= {refusal.code for refusal in ACCOUNT_REFUSALS}
    assert postings == {"deposit", "withdrawal", "fee", "realized_pnl", "swap", "dividend",
                        "split", "fx"}  # fmt: skip
    assert activity == {"placed", "filled", "cancelled", "expired", "refused", "margin_call",
                        "stop_out"}  # fmt: skip
    assert reasons >= {"stop_loss", "take_profit", "target", "trailing_stop", "break_even",
                       "time_exit", "stop_out", "reduce", "flip", "close_by", "split"}  # fmt: skip
    assert set(fills) == {"taker", "maker"}
    assert len(currencies) > 6
    assert len(paths) >= 4


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.symbol)
def test_every_shape_can_be_registered(shape):
    portfolio = op.PortfolioPython(1000)
    portfolio.register_instrument(shape.definition())


def test_terms_are_mostly_refused_each_for_its_own_field():
    portfolio = op.PortfolioPython(1000)
    arguments = Counter()
    for number, terms in enumerate(TERMS):
        found = answer(portfolio.register_instrument, (op.Instrument(f"S{number}", **terms),), {})
        arguments[found.argument if isinstance(found, Refusal) else ""] += 1
    assert arguments[""] < len(TERMS) // 5
    assert set(arguments) >= {
        *("tick_size", "lot_step", "min_size", "max_size", "base_currency", "inverse", "margin"),
        *("margin.rate", "margin.tiers", "margin.base", "margin.hedged", "margin.currency"),
        *("commission", "commission.kind", "commission.taker", "commission.tiers"),
        *("commission.minimum", "commission.on", "slippage.kind", "slippage.value"),
        *("slippage.seed", "swap.kind", "swap.long", "swap.short", "swap.rollover", "swap.zone"),
        *("swap.multipliers", "swap.day_count"),
    }


def test_bars_say_what_can_be():
    random = Random(2)
    seen = Counter()
    for shape in SHAPES:
        walk = Walk(shape)
        for _ in range(300):
            candle = walk.candle(random)
            assert 1 <= candle.low <= candle.open <= candle.high
            assert candle.low <= candle.close <= candle.high
            assert candle.close == walk.bid
            seen[candle.high == candle.low] += 1
            seen["spread"] += candle.spread > 0
    assert min(seen.values()) > 50


class OtherPath(Spoiled):
    def process_bar(self, time, bars, *, path=None):
        return self.inner.process_bar(time, bars, path="olhc" if path == "ohlc" else path)


class OneUnitOfResidue(Spoiled):
    @property
    def residue(self):
        residue = self.inner.residue
        return residue + Decimal("1e-18") if residue else residue


class LosesAnActivity(Spoiled):
    def get_activity(self, exact=False):
        from planted_faults import FakeTable

        rows = self.inner.get_activity(exact).to_pyarrow()
        return FakeTable(rows.slice(0, min(len(rows), 6)))


class PaysTheOther(Spoiled):
    def close_by(self, position_id, other_id, time, *, size=None, fee=None):
        return self.inner.close_by(other_id, position_id, time, size=size, fee=fee)


FAULTS = {
    OtherPath: ("digest", 1, "process_bar"),
    OneUnitOfResidue: ("residue", 5, "pf."),
    LosesAnActivity: ("rows of the exact table activity", 16, "pf."),
    PaysTheOther: ("an answer, accepted and accepted", 4, "close_by"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_shrunk(fault, monkeypatch):
    monkeypatch.setattr(equivalence, "PLAIN_INTERVAL", 10**9)
    what, length, call = FAULTS[fault]
    plan = Plan(operations=20_000, seed=1, portfolio_operations=400)
    failure = equivalence.run(plan, Pair(op.PortfolioPython, fault)).failure
    assert failure is not None
    assert what in failure.difference.what
    assert failure.length <= length, failure.program
    statements = [line for line in failure.program.splitlines() if line.startswith("pf.")]
    assert call in statements[-1]


def test_printed_operations_give_equal_values():
    """Instruments with terms, bars and protection come back as what they were."""
    for seed in (3, 4):
        portfolio, calls = live(seed, 250)
        setting = draw_account_setting(Random(seed))
        program = as_python(setting, [operation for operation, _ in calls])
        names: dict[str, object] = {}
        for line in program.replace("op.Portfolio(", "op.PortfolioPython(").splitlines():
            # A program stops at its first refusal; here the refused calls are passed over.
            answer(exec, (line, names), {})
        assert compare_everything(portfolio, names["pf"], Visited()) is None
        assert portfolio.events > 100


def test_simpler_calls_say_one_thing_less():
    bars = {"A": (1, 1, 1, 1), "B": (2, 2, 2, 2)}
    found = [arguments[1] for _, arguments, _ in simpler(("process_bar", (1, bars), {}))]
    assert found == [{"B": (2, 2, 2, 2)}, {"A": (1, 1, 1, 1)}]
    assert list(simpler(("mark", ({"A": 1},), {}))) == []
    instrument = op.Instrument("A", tick_size=2, leverage=3)
    left = [arguments[0] for _, arguments, _ in simpler(("register", (instrument,), {}))]
    assert left == [op.Instrument("A", tick_size=2), op.Instrument("A", leverage=3)]
    targets = [(1, 1), (2, 1)]
    fewer = [keywords["targets"] for *_, keywords in simpler(("open", (), {"targets": targets}))]
    assert fewer == [[(2, 1)], [(1, 1)]]
