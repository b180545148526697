"""The command that contrasts exact cash flows with a float average price."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

import omega_portfolio as op
from omega_portfolio.bench import exactness
from omega_portfolio.bench.__main__ import main
from omega_portfolio.bench.average_price import AveragePriceAccount
from omega_portfolio.bench.exactness import KINDS, Fill, cash_flow, draw_cycle, raw


def test_cycles_book_the_exact_cash_flow(backend):
    result = exactness.run(60, 7, backend)
    assert result.backend == backend
    assert result.exact
    assert [count.name for count in result.counts] == [kind.name for kind in KINDS]
    for count in result.counts:
        assert count.cycles == 60
        assert count.fills >= 4 * 60
        assert count.engine_missed == 0
        # The contrast is the point of the command: an average price misses part of them.
        assert 0 < count.cents_missed < 60
        assert count.float_missed > 0
        assert count.cents_worst >= Decimal("0.01")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cycle_begins_and_ends_flat(kind):
    random = Random(1)
    for _ in range(200):
        fills = draw_cycle(random, kind)
        held = [sum(fill.size for fill in fills[: end + 1]) for end in range(len(fills))]
        assert held[-1] == 0
        assert all(size * fills[0].size > 0 for size in held[:-1] if size)
        assert len(fills) >= 3


def test_the_cash_flow_is_a_sum_of_integers():
    shares = KINDS[0]
    fills = [Fill(3, 1_001), Fill(-1, 1_005), Fill(-2, 998)]
    expected = (Fraction(-3003) + 1005 + 1996) / 100
    assert Fraction(cash_flow(shares, fills), 10**18) == expected
    assert raw(Decimal("99999999999999999999.999999999999999999")) == 10**38 - 1


def test_an_average_price_loses_a_cent():
    """Three shares at 10.00, 10.00 and 10.01; each is sold at 10.01, which earns two cents."""
    account = AveragePriceAccount(1)
    for size, price in ((1.0, 10.0), (1.0, 10.0), (1.0, 10.01)):
        account.fill(size, price)
    for _ in range(3):
        account.fill(-1.0, 10.01)
    assert account.profit_cents == Decimal("0.03")
    short = AveragePriceAccount(50)
    for size, price in ((-2.0, 5.0), (2.0, 4.5)):
        short.fill(size, price)
    assert short.profit == 50.0


def test_an_engine_that_misses_is_reported(monkeypatch, capsys):
    def off_by_one(kind, fills):
        return cash_flow(kind, fills) + 1

    monkeypatch.setattr(exactness, "cash_flow", off_by_one)
    assert main(["exactness", "--cycles", "5", "--backend", "python"]) == 1
    assert capsys.readouterr().out.endswith("\nnot exact\n")


def test_the_command_prints_the_shares(backend, capsys):
    arguments = ["exactness", "--cycles", "20", "--backend", backend]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert f"backend: {backend}" in text
    assert all(kind.name in text for kind in KINDS)
    assert main([*arguments, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["exact"] is True
    assert [kind["engine_missed"] for kind in facts["kinds"]] == [0, 0, 0]


def test_an_interrupt_ends_with_130(monkeypatch, capsys):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(op.bench.exactness, "run", interrupted)
    assert main(["exactness"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
