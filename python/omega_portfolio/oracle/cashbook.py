"""Money that comes in, goes out, and changes its currency (SPEC F1 to F3, W7 to W10)."""

from __future__ import annotations

from typing import NamedTuple

from omega_portfolio.errors import InvalidArgument
from omega_portfolio.oracle import codec, rules
from omega_portfolio.oracle.account import Booked, Posting
from omega_portfolio.oracle.corporate import Corporate
from omega_portfolio.oracle.currency import check_currency
from omega_portfolio.oracle.events import ConvertCash, Deposit, Fee, Withdraw
from omega_portfolio.oracle.numbers import half_even, within
from omega_portfolio.oracle.rates import RATE_ONE, Currency, Rates
from omega_portfolio.oracle.schema import Row


class _Move(NamedTuple):
    """A change of foreign cash: what it is called, native and account money, both signed."""

    kind: str
    code: str
    amount: int
    worth: int


class CashBook(Corporate):
    """An account with cash in several currencies."""

    def _fee(self, event: Fee) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # F1
        position, name = None, ""
        if event.position_id is not None:
            found = self.positions.by_id.get(event.position_id)
            position = rules.position_is_open(event.position_id, found)
            name = position.symbol.name
        rules.amount_is_not_zero(event.amount)
        entry_fee = event.amount
        if position is not None:
            entry_fee += position.entry_fee
        within("amount", entry_fee, "entry fee of the position")
        position_id = event.position_id or 0
        booked = self._book([Posting("fee", name, position_id, -event.amount)])
        after = self._after("amount", [], cash=booked.total())

        self._settle(event.time, booked, after)
        if position is not None:
            position.entry_fee = entry_fee
        record = (codec.FEE, event.time - (self.time or 0), event.amount, position_id)
        self.commit(event.time, record)
        return 0

    def _deposit(self, event: Deposit) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # F2
        code = self._foreign("currency", event.currency)
        rules.amount_is_positive(event.amount)
        rates, worth = self.rates, event.amount
        if code:
            rates = rates.asked([code], self.pairs())
            rates.require(code, "currency")
            worth = within("amount", rates.convert(event.amount, code), "deposit")
        booked = self._book([Posting("deposit", "", 0, worth)])
        moves = [_Move("deposit", code, event.amount, worth)] if code else []
        self._move("amount", event.time, rates, booked_moves=(booked, moves))
        record = (codec.DEPOSIT, event.time - (self.time or 0), event.amount, code)
        self.commit(event.time, record)
        return 0

    def _withdraw(self, event: Withdraw) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # F3, W8
        code = self._foreign("currency", event.currency)
        rules.amount_is_positive(event.amount)
        postings: list[Posting] = []
        moves: list[_Move] = []
        worth = event.amount
        rates = self.rates.asked([code], self.pairs()) if code else self.rates
        if code:
            rates.require(code, "currency")
            rules.amount_is_held(event.amount, self._cash_of(code).cash, code)
            worth = within("amount", rates.convert(event.amount, code), "withdrawal")
        rules.amount_is_available(worth, self.scalars.free_margin())
        postings.append(Posting("withdrawal", "", 0, -worth))
        if code:
            moves.append(_Move("withdrawal", code, -event.amount, -worth))
            postings += _exchanged(worth - _relieved(self._cash_of(code), event.amount))
        booked = self._book(postings)
        self._move("amount", event.time, self.rates, booked_moves=(booked, moves))
        record = (codec.WITHDRAW, event.time - (self.time or 0), event.amount, code)
        self.commit(event.time, record)
        return 0

    def _convert_cash(self, event: ConvertCash) -> int:
        rules.time_does_not_decrease(event.time, self.time)  # W9
        account, amount = self.configuration.currency, event.amount
        given, got = event.from_currency, event.to_currency
        check_currency("from_currency", given)
        check_currency("to_currency", got)
        if given == got:
            raise InvalidArgument(
                "to_currency", got, "is the currency that is given up", "pass another currency"
            )
        rules.amount_is_positive(amount)
        if event.rate is not None:
            rules.rate_is_positive(event.rate)
        rates = self.rates.asked([given, got], self.pairs())
        rates.require(given, "from_currency")
        rates.require(got, "to_currency")
        rate = event.rate
        if rate is None:
            rate = half_even(rates.of(given) * RATE_ONE, rates.of(got))
        held = self._cash_of(given)
        if given == account:
            rules.amount_is_available(amount, self.scalars.free_margin())
        else:
            rules.amount_is_held(amount, held.cash, given)

        receipt = within("amount", half_even(amount * rate, RATE_ONE), "receipt")
        rules.amount_buys(receipt, amount)
        worth = amount if given == account else receipt
        if account not in (given, got):
            worth = within("amount", rates.convert(amount, given), "worth")
        moves: list[_Move] = []
        postings: list[Posting] = []
        if given != account:
            moves.append(_Move("conversion", given, -amount, -worth))
            postings = _exchanged(worth - _relieved(held, amount))
        if got != account:
            moves.append(_Move("conversion", got, receipt, worth))
        self._move("amount", event.time, rates, booked_moves=(self._book(postings), moves))
        dt = event.time - (self.time or 0)
        self.commit(event.time, (codec.CONVERT_CASH, dt, amount, given, got, event.rate or 0))
        return 0

    def _foreign(self, argument: str, code: str | None) -> str:
        """Give the code of a foreign currency, "" for the account's own."""
        if code is None:
            return ""
        check_currency(argument, code)
        return "" if code == self.configuration.currency else code

    def _cash_of(self, code: str) -> Currency:
        return self.rates.currencies.get(code) or Currency(code)

    def _move(
        self, argument: str, time: int, rates: Rates, *, booked_moves: tuple[Booked, list[_Move]]
    ) -> None:
        """Book postings and changes of foreign cash together."""
        booked, moves = booked_moves
        rows: list[Row] = []
        for move in moves:
            held = rates.currencies[move.code]
            cash = within(argument, held.cash + move.amount, f"cash in {move.code}")
            cost = held.cost + move.worth if move.amount > 0 else held.cost
            if move.amount < 0:
                cost -= _relieved(held, -move.amount)
            within(argument, cost, f"cost of the cash in {move.code}")
            within(argument, held.convert(cash), f"value of the cash in {move.code}")
            rates = rates.with_cash(move.code, cash, cost)
            rows.append((move.code, move.amount, held.rate, move.worth, cash))
        after = self._after(argument, [], cash=booked.total(), rates=rates)

        self._changing = True
        for move, row in zip(moves, rows, strict=True):
            self.cash_rows.append((self.events + 1, time, move.kind, *row))
        self.rates = rates
        self._settle(time, booked, after)


def _relieved(held: Currency, amount: int) -> int:
    """Give the cost that leaves with a part of cash, all of it with the last (W7)."""
    if amount == held.cash:
        return held.cost
    return half_even(held.cost * amount, held.cash)


def _exchanged(amount: int) -> list[Posting]:
    """Give the posting of what an exchange has made, when it is not 0."""
    return [Posting("fx", "", 0, amount)] if amount else []
