"""The proof: replay the recorded events into a fresh ledger and compare everything.

The events are decoded from their canonical bytes, so that nothing of the live state takes part
in what it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import InvariantViolation, OmegaPortfolioError, describe
from omega_portfolio.oracle import codec
from omega_portfolio.oracle.digest import digest_of
from omega_portfolio.oracle.events import (
    ChargeSwap,
    Close,
    CloseBy,
    ConvertCash,
    Deposit,
    Dividend,
    Event,
    Fee,
    Mark,
    Open,
    Quote,
    Register,
    Rollover,
    Split,
    UpdateEquity,
    Withdraw,
)
from omega_portfolio.oracle.instruments import Definition
from omega_portfolio.oracle.invariants import INVARIANTS, violation
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.order_replay import ORDER_EVENTS, modify_of
from omega_portfolio.oracle.orders import from_units
from omega_portfolio.oracle.protection import NO_PROTECTION

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position, Symbol
    from omega_portfolio.oracle.order_codec import Levels


def verify(ledger: Ledger) -> None:
    """Run all invariants, then compare every column and figure with a replay.

    Raises
    ------
    InvariantViolation
        The first difference; the ledger refuses further use.
    """
    ledger.require_sound()
    ledger.check(INVARIANTS)
    try:
        _compare(ledger, replay(ledger.configuration, ledger.journal.to_bytes()))
    except InvariantViolation as error:
        ledger.violation = error
        raise


def replay(configuration: codec.Configuration, events: bytes) -> Ledger:
    """Build a ledger from the canonical bytes of events.

    Raises
    ------
    InvariantViolation
        The bytes cannot be read, or an event is refused.
    """
    replayer = Replayer(Ledger(configuration))
    number = 0
    try:
        for record in codec.Reader(events).records():
            number += 1
            replayer.take(record)
    except InvariantViolation:
        raise
    except (OmegaPortfolioError, IndexError, KeyError) as error:
        raise violation(
            "events", f"event {number}: {error}", "every recorded event is accepted again"
        ) from error
    return replayer.ledger


def taken_back(ledger: Ledger, length: int) -> Ledger:
    """Give a fresh ledger with the events that a ledger had when its journal was shorter.

    Tables that were handed out keep the rows of the ledger that is given up.

    Parameters
    ----------
    ledger : Ledger
        It may be in the middle of an event.
    length : int
        Length of the journal at that time, in bytes.

    Raises
    ------
    InvariantViolation
        The events cannot be replayed.
    """
    earlier = replay(ledger.configuration, ledger.journal.to_bytes()[:length])
    earlier.invariants = ledger.invariants
    earlier.rounds_off_grid = ledger.rounds_off_grid
    return earlier


class Replayer:
    """Turns records back into events; it knows the symbols and times of the ledger it fills.

    Parameters
    ----------
    ledger : Ledger
        The ledger that takes them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._symbols: list[Symbol] = list(ledger.symbols.values())

    def take(self, record: codec.Record) -> None:
        """Apply the event of a record.

        Raises
        ------
        OmegaPortfolioError, IndexError, KeyError
            It is refused, or says what cannot be.
        """
        operation, *values = record
        if operation == codec.REGISTER:
            names = [name for name, _ in codec.FIELDS[codec.REGISTER]]
            given: dict[str, Any] = dict(zip(names, values, strict=True))
            terms = given.pop("terms")
            given["leverage"] = given["leverage"] or None
            definition = Definition(**given, **terms._asdict())
            self.ledger.apply(Register(definition))
            self._symbols = list(self.ledger.symbols.values())
            return
        dt, *fields = values
        time = (self.ledger.time or 0) + dt
        if operation in ORDER_EVENTS:
            event = ORDER_EVENTS[operation](self._symbols, time, *fields)
        else:
            event = _EVENTS[operation](self, time, *fields)
        self.ledger.apply(event)

    def _open(self, time: int, *fields: Any) -> Event:  # noqa: ANN401 - fields of a record.
        index, side, position_id, size, price, stop_loss, take_profit, fee, tag, *rest = fields
        symbol = self._symbols[index]
        unit = symbol.price_unit
        return Open(
            symbol=symbol.name,
            side=side,
            size=size * symbol.size_unit,
            price=price * unit,
            time=time,
            stop_loss=stop_loss * unit or None,
            take_profit=take_profit * unit or None,
            fee=fee,
            tag=tag,
            position_id=position_id or None,
            protection=from_units(rest[0], symbol) if rest else NO_PROTECTION,
        )

    def _close(self, time: int, *fields: Any) -> Event:  # noqa: ANN401 - fields of a record.
        position_id, size, price, fee, reason = fields
        symbol = self._held(position_id)
        return Close(
            position_id=position_id,
            price=price * symbol.price_unit,
            time=time,
            size=size * symbol.size_unit,
            fee=fee,
            reason=reason,
        )

    def _close_by(self, time: int, *fields: int) -> Event:
        position_id, other_id, size, fee = fields
        unit = self._held(position_id).size_unit
        return CloseBy(position_id, other_id, time, size * unit, fee)

    def _modify(self, time: int, position_id: int, levels: Levels) -> Event:
        return modify_of(time, position_id, levels, self._held(position_id))

    def _mark(self, time: int, quotes: tuple[tuple[int, int, int], ...]) -> Event:
        return Mark(tuple(self._quotes(quotes)), time)

    def _update_equity(self, time: int, quotes: tuple[tuple[int, int, int], ...]) -> Event:
        return UpdateEquity(time, tuple(self._quotes(quotes)))

    def _fee(self, time: int, amount: int, position_id: int) -> Event:
        return Fee(amount, time, position_id or None)

    def _deposit(self, time: int, amount: int, currency: str) -> Event:
        return Deposit(amount, time, currency or None)

    def _withdraw(self, time: int, amount: int, currency: str) -> Event:
        return Withdraw(amount, time, currency or None)

    def _convert_cash(self, time: int, amount: int, *fields: Any) -> Event:  # noqa: ANN401
        given, got, rate = fields
        return ConvertCash(amount, given, got, time, rate or None)

    def _charge_swap(self, time: int, index: int, *fields: int) -> Event:
        kind, long, short, multiplier = fields
        return ChargeSwap(self._symbols[index].name, time, long, short, kind - 1, multiplier)

    def _rollover(self, time: int, index: int) -> Event:
        return Rollover(self._symbols[index].name, time)

    def _dividend(self, time: int, index: int, amount: int, pay_time: int | None) -> Event:
        return Dividend(self._symbols[index].name, amount, time, pay_time)

    def _split(self, time: int, index: int, numerator: int, denominator: int) -> Event:
        return Split(self._symbols[index].name, numerator, denominator, time)

    def _quotes(self, quotes: tuple[tuple[int, int, int], ...]) -> Iterator[Quote]:
        for index, bid, spread in quotes:
            symbol = self._symbols[index]
            yield Quote(symbol.name, bid * symbol.price_unit, (bid + spread) * symbol.price_unit)

    def _held(self, position_id: int) -> Symbol:
        return self.ledger.positions.by_id[position_id].symbol


_EVENTS: Final[dict[int, Callable[..., Event]]] = {
    codec.OPEN: Replayer._open,
    codec.OPEN_PROTECTED: Replayer._open,
    codec.CLOSE: Replayer._close,
    codec.MODIFY: Replayer._modify,
    codec.MARK: Replayer._mark,
    codec.UPDATE_EQUITY: Replayer._update_equity,
    codec.FEE: Replayer._fee,
    codec.DEPOSIT: Replayer._deposit,
    codec.WITHDRAW: Replayer._withdraw,
    codec.CLOSE_BY: Replayer._close_by,
    codec.CONVERT_CASH: Replayer._convert_cash,
    codec.CHARGE_SWAP: Replayer._charge_swap,
    codec.ROLLOVER: Replayer._rollover,
    codec.DIVIDEND: Replayer._dividend,
    codec.SPLIT: Replayer._split,
}


def _compare(live: Ledger, replayed: Ledger) -> None:
    """Compare two ledgers, figure by figure."""
    for name, value, expected in zip(
        live.scalars._fields, live.scalars, replayed.scalars, strict=True
    ):
        _equal(name, value, expected)
    for name in ("fees", "posted", "residue", "in_margin_call", "ambiguous_count"):
        _equal(name, getattr(live, name), getattr(replayed, name))
    _equal("currencies", live.rates.currencies, replayed.rates.currencies)
    _equal("accrued", _told(live), _told(replayed))
    _equal("time", live.time, replayed.time)
    _equal("first_time", live.first_time, replayed.first_time)
    _equal("events", live.events, replayed.events)
    _equal("next id", live.ids.next_free, replayed.ids.next_free)
    _equal("given ids", live.ids.given, replayed.ids.given)
    _compare_columns(live, replayed)
    _equal("symbols", list(live.symbols), list(replayed.symbols))
    for name, symbol in live.symbols.items():
        other = replayed.symbols[name]
        _equal(f"{name} definition", symbol.definition, other.definition)
        for slot in ("holding", "volume", "slips", "last_bar", "last_rollover"):
            _equal(f"{name} {slot}", getattr(symbol, slot), getattr(other, slot))
    rows, expected_rows = live.positions.rows, replayed.positions.rows
    _equal("open positions", len(rows), len(expected_rows))
    for position, other_position in zip(rows, expected_rows, strict=True):
        _compare_positions(position, other_position)
    _equal("digest", digest_of(live), digest_of(replayed))


def _compare_columns(live: Ledger, replayed: Ledger) -> None:
    tables = (
        ("equity", live.equity_rows, replayed.equity_rows),
        ("trades", live.trade_rows, replayed.trade_rows),
        ("ledger", live.ledger_rows, replayed.ledger_rows),
        ("cash ledger", live.cash_rows, replayed.cash_rows),
        ("activity", live.activity_rows, replayed.activity_rows),
        ("fills", live.fill_rows, replayed.fill_rows),
    )
    for table, rows, expected in tables:
        _equal(f"{table} rows", len(rows), len(expected))
        for column, cells, other in zip(rows.columns, rows.lists, expected.lists, strict=True):
            if cells != other:
                row = next(i for i, cell in enumerate(cells) if cell != other[i])
                _equal(f"{table}.{column.name} row {row}", cells[row], other[row])


def _told(ledger: Ledger) -> list[tuple[int, str, int, int]]:
    """Give the dividends that are due later, without objects of the ledger."""
    return [
        (each.pay_time, each.symbol.name, each.position_id, each.amount) for each in ledger.accrued
    ]


def _compare_positions(position: Position, expected: Position) -> None:
    for name in position.__slots__:
        value, other = getattr(position, name), getattr(expected, name)
        if name == "symbol":
            value, other = value.name, other.name
        _equal(f"position {position.position_id} {name}", value, other)


def _equal(name: str, value: object, expected: object) -> None:
    if value != expected:
        raise violation(
            name,
            describe(value),
            f"the recorded events give {describe(expected)}",
        )
