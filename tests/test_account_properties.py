"""What holds for every account, whatever happens to it: sums, shares and what they add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import omega_portfolio as op
from omega_portfolio.bench.account_settings import draw_account_setting
from omega_portfolio.bench.account_source import AccountSource
from omega_portfolio.bench.answers import answer
from omega_portfolio.bench.histories import LOT_METHODS

POSTINGS = {"deposit", "withdrawal", "fee", "realized_pnl", "swap", "dividend", "split", "fx"}
CASH_KINDS = {"deposit", "withdrawal", "conversion"}
UNIT = Fraction(1, 10**18)
INSTRUMENTS = {
    "EURUSD": op.Instrument("EURUSD", price_decimals=5, size_decimals=2, contract_size=100_000),
    "ACME": op.Instrument("ACME", price_decimals=2, size_decimals=0),
}

fills = st.lists(
    st.tuples(
        st.sampled_from(sorted(INSTRUMENTS)),
        st.sampled_from(("long", "short")),
        st.integers(1, 500),
        st.integers(1, 10**5),
        st.integers(-20, 20),
    ),
    max_size=12,
)
models = st.sampled_from(
    [
        None,
        op.Margin(leverage=30),
        op.Margin(rate="0.033333333", hedged="0.5"),
        op.Margin(per_lot="12.345678901", hedged=0),
        op.Margin(tiers=[(1_000, "0.01"), (50_000, "0.07"), (None, "0.31")], hedged="0.333"),
        op.Margin(rate="0.07", base="mark"),
    ]
)
lives = st.tuples(st.integers(0, 10**6), st.integers(1, 160))


def examples(count: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def exact(units: int, decimals: int) -> Decimal:
    return Decimal((units < 0, tuple(map(int, str(abs(units)))), -decimals))


def rows(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return found


def total(table: Any, column: str, **wanted: object) -> Fraction:
    """Sum a column over the rows that have the wanted values."""
    return sum(
        (
            Fraction(row[column])
            for row in rows(table)
            if all(row[name] == value for name, value in wanted.items())
        ),
        start=Fraction(0),
    )


def lived(backend: str, seed: int, count: int, **options: object) -> op.Portfolio:
    """Give an account to which drawn operations have happened."""
    random = Random(seed)
    setting = draw_account_setting(random)
    source = AccountSource(random, setting)
    portfolio = op.Portfolio(
        setting.initial_balance, backend=backend, **{**setting.options, **options}
    )
    for _ in range(len(setting.shapes) + count):
        name, arguments, keywords = source.next_operation()
        try:
            source.answered(getattr(portfolio, name)(*arguments, **keywords))
        except op.OmegaPortfolioError:
            continue
        source.look(portfolio, moved=True)
    return portfolio


def initial(portfolio: op.Portfolio) -> Fraction:
    """Give the balance before the first posting."""
    postings = rows(portfolio.get_ledger(exact=True))
    if not postings:
        return Fraction(portfolio.balance)
    return Fraction(postings[0]["balance"]) - Fraction(postings[0]["amount"])


def symbol_result(portfolio: op.Portfolio, symbol: str) -> Fraction:
    """Give realized and unrealized result of a symbol."""
    realized = total(portfolio.get_trades(exact=True), "gross_pnl", symbol=symbol)
    positions = portfolio.get_positions(exact=True)
    return realized + total(positions, "unrealized_pnl", symbol=symbol)


@examples(60)
@given(filled=fills, last=st.tuples(st.integers(1, 10**5), st.integers(1, 10**5)))
def test_hedging_and_netting_give_a_symbol_the_same_result(backend, filled, last):
    accounts = [
        op.Portfolio(10**12, leverage=500, mode=mode, backend=backend)
        for mode in ("hedging", "netting")
    ]
    for account in accounts:
        for instrument in INSTRUMENTS.values():
            account.register_instrument(instrument)
        for time, (symbol, side, size, price, fee) in enumerate(filled):
            decimals = INSTRUMENTS[symbol].size_decimals
            account.open_position(
                symbol,
                side,
                exact(size, decimals),
                exact(price, INSTRUMENTS[symbol].price_decimals),
                time,
                fee=exact(fee, 2),
            )
        marks = {
            symbol: exact(price, instrument.price_decimals)
            for (symbol, instrument), price in zip(INSTRUMENTS.items(), last, strict=True)
        }
        account.update_equity(len(filled), marks)
    hedging, netting = accounts
    for symbol in INSTRUMENTS:
        assert symbol_result(hedging, symbol) == symbol_result(netting, symbol)
        assert sum(view.symbol == symbol for view in netting.positions.values()) <= 1
    assert hedging.equity == netting.equity


@examples(60)
@given(
    model=models,
    parts=st.lists(st.integers(1, 300), min_size=2, max_size=6),
    other=st.integers(0, 900),
    price_mode=st.tuples(st.integers(1, 10**5), st.sampled_from(("hedging", "netting"))),
)
def test_margin_does_not_depend_on_the_number_of_fills(backend, model, parts, other, price_mode):
    """Longs of any number of fills, with shorts beside them where positions may be hedged."""
    price, mode = price_mode
    margins = []
    for sizes in ([sum(parts)], parts):
        account = op.Portfolio(10**12, leverage=7, mode=mode, backend=backend)
        instrument = op.Instrument("ACME", price_decimals=3, size_decimals=1, margin=model)
        account.register_instrument(instrument)
        for size in sizes:
            account.open_position("ACME", "long", exact(size, 1), exact(price, 3), 0)
        if other and mode == "hedging":
            account.open_position("ACME", "short", exact(other, 1), exact(price + 1, 3), 0)
        account.mark({"ACME": exact(price + 7, 3)}, time=1)
        margins.append((account.margin_used, account.free_margin, account.equity))
        assert total(account.get_margin(exact=True), "margin") == Fraction(account.margin_used)
    assert margins[0] == margins[1]


@examples(60)
@given(life=lives, rounding=st.sampled_from(("exact", "cents")))
def test_postings_are_the_change_of_the_balance(backend, life, rounding):
    portfolio = lived(backend, *life, rounding=rounding)
    postings = rows(portfolio.get_ledger(exact=True))
    sums: defaultdict[str, Fraction] = defaultdict(Fraction)
    balance = initial(portfolio)
    begin = balance
    for posting in postings:
        sums[posting["kind"]] += Fraction(posting["amount"])
        balance += Fraction(posting["amount"])
        assert Fraction(posting["balance"]) == balance
    assert set(sums) <= POSTINGS
    assert begin + sum(sums.values()) == Fraction(portfolio.balance)
    assert Fraction(portfolio.balance) + Fraction(portfolio.unrealized_pnl) == portfolio.equity
    events = [posting["event"] for posting in postings]
    assert events == sorted(events)
    trades = portfolio.get_trades(exact=True)
    assert total(trades, "gross_pnl") == Fraction(portfolio.realized_pnl)
    if postings:
        assert Fraction(postings[-1]["residue"]) == Fraction(portfolio.residue)
    if rounding == "exact":
        assert portfolio.residue == 0
        assert sums["realized_pnl"] == Fraction(portfolio.realized_pnl)
    portfolio.verify()


@examples(60)
@given(life=lives)
def test_what_trades_kept_is_what_their_postings_say(backend, life):
    """net_pnl of the trades, and costs that open positions still carry, are in the ledger."""
    portfolio = lived(backend, *life, rounding="exact")
    posted = sum(
        Fraction(row["amount"])
        for row in rows(portfolio.get_ledger(exact=True))
        if row["position_id"] and row["kind"] in {"fee", "swap", "realized_pnl"}
    )
    positions = portfolio.get_positions(exact=True)
    carried = total(positions, "swap") - total(positions, "entry_fee")
    assert total(portfolio.get_trades(exact=True), "net_pnl") + carried == posted


@examples(60)
@given(life=lives)
def test_cash_of_each_currency_is_what_its_ledger_says(backend, life):
    portfolio = lived(backend, *life)
    own, *foreign = rows(portfolio.get_cash(exact=True))
    sums: defaultdict[str, Fraction] = defaultdict(Fraction)
    for row in rows(portfolio.get_cash_ledger(exact=True)):
        assert row["kind"] in CASH_KINDS
        sums[row["currency"]] += Fraction(row["amount"])
        assert Fraction(row["balance"]) == sums[row["currency"]] >= 0
    held = {row["currency"]: Fraction(row["amount"]) for row in foreign}
    assert own["currency"] not in held
    assert {currency: sums[currency] for currency in held} == held
    assert set(sums) <= set(held)
    costs = sum(Fraction(row["cost"]) for row in foreign)
    assert Fraction(own["amount"]) + costs == Fraction(portfolio.balance)
    for row in foreign:
        assert Fraction(row["value"]) - Fraction(row["cost"]) == Fraction(row["unrealized_pnl"])
        product = Fraction(row["amount"]) * Fraction(row["rate"])
        assert abs(Fraction(row["value"]) - product) <= UNIT / 2
        assert row["amount"] or not row["cost"]


@examples(60)
@given(life=lives)
def test_attribution_is_the_whole_change_of_equity(backend, life):
    portfolio = lived(backend, *life)
    attributed = rows(portfolio.attribution(exact=True))
    parts = ("price_pnl", "fx", "fee", "swap", "dividend", "cash", "rounding")
    for row in attributed:
        assert sum(Fraction(row[name]) for name in parts) == Fraction(row["total"])
    change = Fraction(portfolio.equity) - initial(portfolio)
    assert sum(Fraction(row["total"]) for row in attributed) == change
    assert [row["status"] for row in attributed[-1:]] == ["account"]


@examples(40)
@given(life=lives, method=st.sampled_from(LOT_METHODS))
def test_lots_of_every_method_have_the_result_of_their_symbol(backend, life, method):
    """Lots are in the profit currency; in an account of one currency that is its own."""
    portfolio = lived(backend, *life)
    lots = rows(portfolio.get_lots(method, exact=True))
    first = rows(portfolio.get_lots(LOT_METHODS[0], exact=True))
    for symbol in {row["symbol"] for row in lots}:
        sums = [
            sum(Fraction(row["pnl"]) for row in table if row["symbol"] == symbol)
            for table in (lots, first)
        ]
        assert sums[0] == sums[1]


@examples(40)
@given(life=lives)
def test_a_refused_call_changes_nothing(backend, life):
    portfolio = lived(backend, *life)
    before = portfolio.digest
    random = Random(life[0])
    source = AccountSource(random, draw_account_setting(random))
    source.look(portfolio, moved=True)
    for _ in range(10):
        name, arguments, keywords = source.refusal()
        found = answer(getattr(portfolio, name), arguments, keywords)
        if found is None or not hasattr(found, "code"):
            return
        assert portfolio.digest == before


def test_the_drawn_lives_are_not_empty(backend):
    kinds: set[str] = set()
    trades = 0
    for seed in range(12):
        portfolio = lived(backend, seed, 150)
        kinds |= {row["kind"] for row in rows(portfolio.get_ledger())}
        trades += len(portfolio.get_trades())
    assert kinds == POSTINGS
    assert trades > 200


@pytest.mark.parametrize("method", LOT_METHODS)
def test_lots_add_up_to_trades_and_positions(backend, method):
    portfolio = op.Portfolio(10**9, mode="netting", leverage=10, backend=backend)
    portfolio.register_instrument(INSTRUMENTS["ACME"])
    for time, (side, size, price) in enumerate(
        [("long", 5, 100), ("long", 7, 103), ("short", 9, 110), ("short", 11, 99), ("long", 2, 90)]
    ):
        portfolio.open_position("ACME", side, size, price, time)
    portfolio.mark({"ACME": 97}, time=9)
    lots = total(portfolio.get_lots(method, exact=True), "pnl", symbol="ACME")
    assert lots == symbol_result(portfolio, "ACME")
