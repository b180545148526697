"""Hypothesis drives accounts of all chosen backends and a model of fractions side by side.

After every step the invariants of the runbook are checked as exact numbers, on each backend:
the equity identity, valid positions, a balance that is the sum of its postings, exposure, and
excursions against a list of all marks. With two backends, the digests must agree as well.
OMEGA_TEST_SEED repeats a run that failed.
"""

from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction

from hypothesis import HealthCheck, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import omega_portfolio as op

BACKENDS = os.environ.get("OMEGA_TEST_BACKENDS", "rust,python").split(",")
SEED = int(os.environ.get("OMEGA_TEST_SEED", "20240601"))

# Symbol: decimals of price and size, contract size.
INSTRUMENTS = {"ACME": (2, 0, 1), "EURUSD": (5, 2, 100_000), "FINE": (9, 9, 1)}

symbols = st.sampled_from(sorted(INSTRUMENTS))
prices = st.integers(1, 10**6)
sizes = st.integers(1, 10**4)
steps = st.sampled_from([0, 1, 1_000_000])
cents = st.integers(-500, 500)
picks = st.integers(0, 10**6)


def exact(units: int, decimals: int) -> Decimal:
    return Decimal((units < 0, tuple(map(int, str(abs(units)))), -decimals))


class Held:
    """A position in the model."""

    def __init__(self, symbol: str, side: int, size: Fraction, price: Fraction) -> None:
        self.symbol = symbol
        self.side = side
        self.size = size
        self.price = price
        self.time = 0
        self.marks: list[Fraction] = []

    def result(self, size: Fraction, price: Fraction) -> Fraction:
        """Give the gross result of a size at a price."""
        return (price - self.price) * size * INSTRUMENTS[self.symbol][2] * self.side


class AccountMachine(RuleBasedStateMachine):
    """The same calls on every backend, and on balances and positions made of fractions."""

    def __init__(self) -> None:
        super().__init__()
        note(f"OMEGA_TEST_SEED={SEED}")
        self.accounts = [op.Portfolio("1000000", leverage=50, backend=name) for name in BACKENDS]
        self.balance = Fraction(1_000_000)
        self.held: dict[int, Held] = {}
        # By position, closed ones too; fees of the account itself have the id 0.
        self.realized: dict[int, Fraction] = {}
        self.fees: dict[int, Fraction] = {0: Fraction(0)}
        self.cash = Fraction(0)
        self.marks: dict[str, tuple[Fraction, Fraction]] = {}
        self.time = 0
        self.equity_rows = 0

    @initialize()
    def register(self) -> None:
        for symbol, (price_decimals, size_decimals, contract_size) in INSTRUMENTS.items():
            instrument = op.Instrument(
                symbol,
                price_decimals=price_decimals,
                size_decimals=size_decimals,
                contract_size=contract_size,
            )
            self.call("register_instrument", instrument)

    def call(self, name: str, *arguments: object, **keywords: object) -> object:
        """Make one call on every backend; all must answer or refuse alike."""
        outcomes = []
        for account in self.accounts:
            before = account.digest
            try:
                result = getattr(account, name)(*arguments, **keywords)
            except op.OmegaPortfolioError as error:
                assert account.digest == before
                outcomes.append((type(error), error.argument))
            else:
                outcomes.append(result)
        comparable = [
            (outcome.net_pnl, outcome.cost, outcome.mae, outcome.mfe)
            if isinstance(outcome, op.Trade)
            else outcome
            for outcome in outcomes
        ]
        assert all(outcome == comparable[0] for outcome in comparable)
        return outcomes[0]

    def later(self, step: int) -> int:
        self.time += step
        return self.time

    def pick(self, number: int) -> tuple[int, Held]:
        return list(self.held.items())[number % len(self.held)]

    @rule(symbol=symbols, long=st.booleans(), size=sizes, price=prices, fee=cents, step=steps)
    def open(self, **drawn):
        symbol, long, size = drawn["symbol"], drawn["long"], drawn["size"]
        price, fee, step = drawn["price"], drawn["fee"], drawn["step"]
        price_decimals, size_decimals, _ = INSTRUMENTS[symbol]
        size_value, price_value = exact(size, size_decimals), exact(price, price_decimals)
        outcome = self.call(
            "open_position",
            symbol,
            "long" if long else "short",
            size_value,
            price_value,
            self.later(step),
            fee=exact(fee, 2),
        )
        if isinstance(outcome, tuple):
            assert outcome == (op.InsufficientMargin, "size")
            return
        assert outcome not in self.held
        held = Held(symbol, 1 if long else -1, Fraction(size_value), Fraction(price_value))
        held.time = self.time
        self.held[outcome] = held
        self.realized[outcome] = Fraction(0)
        self.marks.setdefault(symbol, (held.price, held.price))
        self.charge(outcome, fee)

    @precondition(lambda self: self.held)
    @rule(number=picks, price=prices, part=st.integers(1, 4), fee=cents, step=steps)
    def close(self, number, price, part, fee, step):
        position_id, held = self.pick(number)
        price_decimals, size_decimals, contract_size = INSTRUMENTS[held.symbol]
        units = held.size * 10**size_decimals
        closed = Fraction(max(units // part, 1), 10**size_decimals)
        price_value = exact(price, price_decimals)
        trade = self.call(
            "close_position",
            position_id,
            price_value,
            self.later(step),
            size=None if part == 1 else exact(int(closed * 10**size_decimals), size_decimals),
            fee=exact(fee, 2),
            reason=f"1/{part}",
        )
        gross = held.result(closed, Fraction(price_value))
        results = [held.result(closed, mark) for mark in held.marks]
        assert Fraction(trade.gross_pnl) == gross
        assert Fraction(trade.size) == closed
        assert Fraction(trade.cost) == closed * held.price * contract_size
        assert Fraction(trade.mae) == min(0, gross, *results)
        assert Fraction(trade.mfe) == max(0, gross, *results)
        self.balance += gross
        self.realized[position_id] += gross
        self.charge(position_id, fee)
        held.size -= closed
        if not held.size:
            del self.held[position_id]

    @precondition(lambda self: self.held)
    @rule(number=picks, stop=st.none() | prices, limit=st.none() | prices, step=steps)
    def modify(self, number, stop, limit, step):
        position_id, held = self.pick(number)
        decimals = INSTRUMENTS[held.symbol][0]
        levels = [None if level is None else exact(level, decimals) for level in (stop, limit)]
        market = self.marks[held.symbol][0 if held.side > 0 else 1]
        distances = [
            (market - Fraction(level)) * held.side * sign
            for level, sign in zip(levels, (1, -1), strict=True)
            if level is not None
        ]
        outcome = self.call(
            "modify_position",
            position_id,
            self.later(step),
            stop_loss=levels[0],
            take_profit=levels[1],
        )
        refused = any(distance <= 0 for distance in distances)
        assert (outcome is not None) == refused
        if not refused:
            for account in self.accounts:
                view = account.positions[position_id]
                assert [view.stop_loss, view.take_profit] == levels

    @rule(
        quotes=st.dictionaries(symbols, st.tuples(prices, st.integers(0, 50)), max_size=3),
        row=st.booleans(),
        step=steps,
    )
    def mark(self, quotes, row, step):
        values = {
            symbol: tuple(exact(units, INSTRUMENTS[symbol][0]) for units in (bid, bid + spread))
            for symbol, (bid, spread) in quotes.items()
        }
        if row:
            self.call("update_equity", self.later(step), values)
            self.equity_rows += 1
        else:
            self.call("mark", values, time=self.later(step))
        for symbol, (bid, ask) in values.items():
            self.marks[symbol] = (Fraction(bid), Fraction(ask))
        for held in self.held.values():
            if held.symbol in values:
                held.marks.append(self.mark_of(held))
        if row:
            self.exposure_is_the_value_of_what_is_held()

    def exposure_is_the_value_of_what_is_held(self) -> None:
        values = [
            (held.side, held.size * self.mark_of(held) * INSTRUMENTS[held.symbol][2])
            for held in self.held.values()
        ]
        for account in self.accounts:
            rows = account.get_equity_curve(exact=True).to_pyarrow()
            gross, net = (rows[name][-1].as_py() for name in ("gross_exposure", "net_exposure"))
            assert Fraction(gross) == sum(value for _, value in values)
            assert Fraction(net) == sum(side * value for side, value in values)

    def charge(self, position_id: int, hundredths: int) -> None:
        self.balance -= Fraction(hundredths, 100)
        self.fees[position_id] = self.fees.get(position_id, Fraction(0)) - Fraction(hundredths, 100)

    @rule(amount=cents, step=steps, number=st.none() | picks)
    def charge_fee(self, amount, step, number):
        keywords = {}
        if number is not None and self.held:
            keywords["position_id"] = self.pick(number)[0]
        outcome = self.call("charge_fee", exact(amount, 2), self.later(step), **keywords)
        assert outcome == (None if amount else (op.InvalidAmount, "amount"))
        self.charge(keywords.get("position_id", 0), amount)

    @rule(amount=st.integers(1, 10**9), step=steps)
    def deposit(self, amount, step):
        self.call("deposit", exact(amount, 2), self.later(step))
        self.balance += Fraction(amount, 100)
        self.cash += Fraction(amount, 100)

    @rule(amount=st.integers(1, 10**9), step=steps)
    def withdraw(self, amount, step):
        value = exact(amount, 2)
        free = [account.free_margin for account in self.accounts]
        outcome = self.call("withdraw", value, self.later(step))
        expected = None if value <= free[0] else (op.InsufficientFunds, "amount")
        assert outcome == expected
        if outcome is None:
            self.balance -= Fraction(amount, 100)
            self.cash -= Fraction(amount, 100)

    @rule()
    def verify(self):
        for account in self.accounts:
            account.verify()

    @rule()
    def attribution(self):
        expected = {
            position_id: (realized, self.fees.get(position_id, Fraction(0)), Fraction(0))
            for position_id, realized in self.realized.items()
        }
        for position_id, held in self.held.items():
            realized, fee, cash = expected[position_id]
            unrealized = held.result(held.size, self.mark_of(held))
            expected[position_id] = (realized + unrealized, fee, cash)
        expected[0] = (Fraction(0), self.fees[0], self.cash)
        for account in self.accounts:
            rows = account._attribution(True).to_pyarrow().to_pylist()
            assert [row["position_id"] for row in rows] == [*sorted(expected)[1:], 0]
            for row in rows:
                figures = [Fraction(row[name]) for name in ("price_pnl", "fee", "cash")]
                assert tuple(figures) == expected[row["position_id"]]
                assert Fraction(row["total"]) == sum(figures)
                is_open = row["position_id"] in self.held
                status = "open" if is_open else "closed" if row["position_id"] else "account"
                assert row["status"] == status
            total = sum(Fraction(row["total"]) for row in rows)
            assert total == Fraction(account.equity) - 1_000_000

    @invariant()
    def balance_and_unrealized_are_equity(self):
        unrealized = sum(held.result(held.size, self.mark_of(held)) for held in self.held.values())
        for account in self.accounts:
            assert Fraction(account.balance) == self.balance
            assert Fraction(account.unrealized_pnl) == unrealized
            assert Fraction(account.equity) == self.balance + unrealized
            assert len(account.get_equity_curve()) == self.equity_rows

    def mark_of(self, held: Held) -> Fraction:
        return self.marks[held.symbol][0 if held.side > 0 else 1]

    @invariant()
    def positions_are_valid(self):
        for account in self.accounts:
            views = account.positions
            assert set(views) == set(self.held)
            for position_id, view in views.items():
                held = self.held[position_id]
                assert view.size > 0
                assert view.entry_price > 0
                assert view.entry_time <= account.time
                assert Fraction(view.size) == held.size
                assert Fraction(view.entry_price) == held.price
                assert Fraction(view.mark_price) == self.mark_of(held)

    @invariant()
    def postings_add_up_to_the_balance(self):
        for account in self.accounts:
            rows = account.get_ledger(exact=True).to_pyarrow()
            amounts = [Fraction(amount) for amount in rows["amount"].to_pylist()]
            assert 1_000_000 + sum(amounts) == Fraction(account.balance)
            if amounts:
                assert rows["balance"].to_pylist()[-1] == account.balance

    @invariant()
    def backends_agree(self):
        assert len({account.digest for account in self.accounts}) == 1
        assert len({str(account.margin_used) for account in self.accounts}) == 1


def test_accounts_keep_their_invariants():
    machine = seed(SEED)(AccountMachine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
