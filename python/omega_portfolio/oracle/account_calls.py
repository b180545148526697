"""The calls that move money and not prices: cash, swaps, dividends, splits (SPEC 14, 16, 19).

Arguments are converted in the order of the signature, like those of
:class:`omega_portfolio.oracle.portfolio.PortfolioPython`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.oracle.account_reading import (
    read_cash_currency,
    read_swap_kind,
    read_whole,
)
from omega_portfolio.oracle.events import (
    ChargeSwap,
    CloseBy,
    ConvertCash,
    Deposit,
    Dividend,
    Event,
    Fee,
    Rollover,
    Split,
    Withdraw,
)
from omega_portfolio.oracle.numbers import MONEY_SCALE, read_number
from omega_portfolio.oracle.state import trade_of
from omega_portfolio.oracle.texts import read_code, read_position_id, read_symbol
from omega_portfolio.oracle.time_travel import PastAccount
from omega_portfolio.oracle.times import read_time

if TYPE_CHECKING:
    from omega_portfolio.types import NumberLike, TimeLike, Trade


class AccountCalls(PastAccount):
    """The write side of the account: money, time and corporate actions."""

    __slots__ = ()

    def close_by(
        self,
        position_id: int,
        other_id: int,
        time: TimeLike,
        *,
        size: NumberLike | None = None,
        fee: NumberLike | None = None,
    ) -> tuple[Trade, Trade]:
        """Close two positions of opposite sides against each other."""
        event = CloseBy(
            position_id=read_position_id("position_id", position_id),
            other_id=read_position_id("other_id", other_id),
            time=read_time("time", time),
            size=None if size is None else self._quantity("size", size),
            fee=None if fee is None else self._money("fee", fee),
        )
        with self._change() as ledger:
            ledger.apply(event)
            return trade_of(ledger, -2), trade_of(ledger)

    def charge_fee(
        self, amount: NumberLike, time: TimeLike, *, position_id: int | None = None
    ) -> None:
        """Book a fee that belongs to no fill."""
        event = Fee(
            amount=self._money("amount", amount),
            time=read_time("time", time),
            position_id=(
                None if position_id is None else read_position_id("position_id", position_id)
            ),
        )
        self._apply(event)

    def deposit(self, amount: NumberLike, time: TimeLike, *, currency: str | None = None) -> None:
        """Book money that comes in."""
        raw, when = self._money("amount", amount), read_time("time", time)
        self._apply(Deposit(raw, when, read_cash_currency(currency)))

    def withdraw(self, amount: NumberLike, time: TimeLike, *, currency: str | None = None) -> None:
        """Book money that goes out."""
        raw, when = self._money("amount", amount), read_time("time", time)
        self._apply(Withdraw(raw, when, read_cash_currency(currency)))

    def convert_cash(
        self,
        amount: NumberLike,
        from_currency: str,
        to_currency: str,
        time: TimeLike,
        *,
        rate: NumberLike | None = None,
    ) -> None:
        """Exchange money of one currency for another, at the market or at a rate."""
        event = ConvertCash(
            amount=self._money("amount", amount),
            from_currency=read_code("from_currency", from_currency),
            to_currency=read_code("to_currency", to_currency),
            time=read_time("time", time),
            rate=None if rate is None else self._money("rate", rate),
        )
        self._apply(event)

    def charge_swap(
        self,
        symbol: str,
        time: TimeLike,
        *,
        long: NumberLike = 0,
        short: NumberLike = 0,
        kind: str = "points",
        multiplier: int = 1,
    ) -> None:
        """Charge the open positions of a symbol by hand."""
        event = ChargeSwap(
            symbol=read_symbol("symbol", symbol),
            time=read_time("time", time),
            long=self._quantity("long", long),
            short=self._quantity("short", short),
            kind=read_swap_kind(kind),
            multiplier=read_whole("multiplier", multiplier),
        )
        self._apply(event)

    def rollover(self, symbol: str, time: TimeLike) -> None:
        """Charge the swap of one moment of the instrument's calendar."""
        self._apply(Rollover(read_symbol("symbol", symbol), read_time("time", time)))

    def dividend(
        self,
        symbol: str,
        amount: NumberLike,
        time: TimeLike,
        *,
        pay_time: TimeLike | None = None,
    ) -> None:
        """Pay a dividend per unit, at once or later."""
        event = Dividend(
            symbol=read_symbol("symbol", symbol),
            amount=self._quantity("amount", amount),
            time=read_time("time", time),
            pay_time=None if pay_time is None else read_time("pay_time", pay_time),
        )
        self._apply(event)

    def split(self, symbol: str, numerator: int, denominator: int, time: TimeLike) -> None:
        """Make numerator units of denominator ones."""
        event = Split(
            symbol=read_symbol("symbol", symbol),
            numerator=read_whole("numerator", numerator),
            denominator=read_whole("denominator", denominator),
            time=read_time("time", time),
        )
        self._apply(event)

    def _apply(self, event: Event) -> int:
        with self._change() as ledger:
            return ledger.apply(event)

    def _money(self, argument: str, value: object) -> int:
        return read_number(argument, value, MONEY_SCALE, self._policy)
