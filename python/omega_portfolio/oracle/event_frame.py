"""All accepted events as a frame, made from their canonical bytes (SPEC E10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from omega_portfolio.oracle import codec
from omega_portfolio.oracle.frame_texts import targets_text, terms_text
from omega_portfolio.oracle.numbers import QUANTITY_SCALE
from omega_portfolio.oracle.order_codec import BarUnits, Levels
from omega_portfolio.oracle.orders import ORDER_TYPES
from omega_portfolio.oracle.protection import NO_PROTECTION, Protection
from omega_portfolio.oracle.schema import EVENTS, Rows
from omega_portfolio.oracle.terms import SWAP_KINDS, Terms
from omega_portfolio.oracle.texts import SIDE_NAMES

Cells = dict[str, Any]
"""Cells of a row by column; those that are left out are null."""

Quotes: TypeAlias = tuple[tuple[int, int, int], ...]
"""Symbol index, bid and spread of each quote, in units."""


def event_rows(events: bytes, held: Mapping[int, str]) -> Rows:
    """Give the canonical bytes of events as rows.

    Parameters
    ----------
    events : bytes
        The events of an account.
    held : mapping of int to str
        The symbol of each position that the account ever had: bars open positions that no event
        names before it changes them.

    Raises
    ------
    InvariantViolation
        The bytes cannot be read.
    """
    rows = Rows(EVENTS)
    teller = _Teller(held)
    for number, record in enumerate(codec.Reader(events).records(), start=1):
        for cells in teller.tell(record):
            cells["event"] = number
            rows.append(tuple(cells.get(column.name) for column in EVENTS))
    return rows


def event_at(events: bytes, held: Mapping[int, str], place: int) -> Rows:
    """Give the rows of the one event whose bytes have a place in them; none after the last one."""
    rows, end = Rows(EVENTS), 0
    teller = _Teller(held)
    for number, record in enumerate(codec.Reader(events).records(), start=1):
        told = list(teller.tell(record))
        encoded = bytearray()
        codec.put_record(encoded, record)
        end += len(encoded)
        if end > place:
            for cells in told:
                cells["event"] = number
                rows.append(tuple(cells.get(column.name) for column in EVENTS))
            break
    return rows


class _Grid(NamedTuple):
    """A symbol, and the raw numbers that one unit of its records stands for."""

    symbol: str
    price_unit: int
    size_unit: int

    def level(self, units: int) -> int | None:
        """Give a price, None for 0, which stands for none."""
        return units * self.price_unit or None

    def targets(self, targets: tuple[tuple[int, int], ...]) -> str:
        """Write targets."""
        return targets_text(
            (price * self.price_unit, size * self.size_unit) for price, size in targets
        )

    def protection(self, protection: Protection) -> Cells:
        """Give the cells of protection that is given with an open or an order."""
        cells: Cells = {
            "trailing": self.level(protection.trailing or 0),
            "targets": self.targets(protection.targets) or None,
            "exit_time": protection.exit_time,
        }
        if protection.break_even is not None:
            cells |= self.break_even(protection.break_even)
        return cells

    def break_even(self, pair: tuple[int, ...]) -> Cells:
        """Give the cells of a trigger and an offset; a trigger of 0 removes both."""
        trigger, offset = pair
        cells: Cells = {"break_even": trigger * self.price_unit}
        if trigger:
            cells["break_even_offset"] = offset * self.price_unit
        return cells


class _Teller:
    """Turns records into rows; it knows the time and the symbols so far."""

    __slots__ = ("_grids", "_held", "_symbols", "_time")

    def __init__(self, held: Mapping[int, str]) -> None:
        self._time = 0
        self._symbols: list[_Grid] = []
        self._grids: dict[str, _Grid] = {}
        self._held = held

    def tell(self, record: codec.Record) -> Iterator[Cells]:
        """Give the rows of one event."""
        operation, *values = record
        if operation == codec.REGISTER:
            yield self._register(*values)
            return
        dt, *fields = values
        self._time += dt
        for cells in _ROWS[operation](self, *fields):
            yield {"time": self._time, **cells}

    def _register(  # noqa: PLR0917 - the fields of the record.
        self,
        symbol: str,
        price_decimals: int,
        size_decimals: int,
        contract_size: int,
        quote_currency: str,
        leverage: int,
        terms: Terms,
    ) -> Cells:
        price_unit = 10 ** (QUANTITY_SCALE - price_decimals)
        grid = _Grid(symbol, price_unit, 10 ** (QUANTITY_SCALE - size_decimals))
        self._symbols.append(grid)
        self._grids[symbol] = grid
        return {
            "action": "register",
            "symbol": symbol,
            "price_decimals": price_decimals,
            "size_decimals": size_decimals,
            "contract_size": contract_size,
            "leverage": leverage or None,
            "quote_currency": quote_currency,
            "terms": None if terms == Terms() else terms_text(terms),
        }

    def _open(self, *fields: Any) -> Iterator[Cells]:  # noqa: ANN401 - fields of a record.
        index, side, position_id, size, price, stop_loss, take_profit, fee, tag, *rest = fields
        grid = self._symbols[index]
        yield {
            "action": "open",
            "symbol": grid.symbol,
            "side": SIDE_NAMES[side],
            "size": size * grid.size_unit,
            "price": price * grid.price_unit,
            "stop_loss": grid.level(stop_loss),
            "take_profit": grid.level(take_profit),
            "position_id": position_id or None,
            "fee": fee,
            "tag": tag,
            **grid.protection(rest[0] if rest else NO_PROTECTION),
        }

    def _close(
        self, position_id: int, size: int, price: int, fee: int, reason: str
    ) -> Iterator[Cells]:
        grid = self._grid_of(position_id)
        yield {
            "action": "close",
            "size": size * grid.size_unit,
            "price": price * grid.price_unit,
            "position_id": position_id,
            "fee": fee,
            "reason": reason,
        }

    def _close_by(self, position_id: int, other_id: int, size: int, fee: int) -> Iterator[Cells]:
        yield {
            "action": "close_by",
            "size": size * self._grid_of(position_id).size_unit,
            "position_id": position_id,
            "fee": fee,
            "other_id": other_id,
        }

    def _modify(self, position_id: int, levels: Levels) -> Iterator[Cells]:
        grid = self._grid_of(position_id)
        cells: Cells = {"action": "modify", "position_id": position_id}
        for name in ("stop_loss", "take_profit", "trailing"):
            units: int | None = getattr(levels, name)
            cells[name] = None if units is None else units * grid.price_unit
        if levels.break_even is not None:
            cells |= grid.break_even(levels.break_even)
        if levels.targets is not None:
            cells["targets"] = grid.targets(levels.targets)
        if levels.exit_time is not None:
            cells["exit_time"] = levels.exit_time[0] if levels.exit_time else 0
        yield cells

    def _order(self, *fields: Any) -> Iterator[Cells]:  # noqa: ANN401 - fields of a record.
        index, side, kind, size, price, expiry, oco, *rest = fields
        stop_loss, take_profit, tag, protection = rest
        grid = self._symbols[index]
        yield {
            "action": "order",
            "symbol": grid.symbol,
            "side": SIDE_NAMES[side],
            "size": size * grid.size_unit,
            "price": grid.level(price),
            "stop_loss": grid.level(stop_loss),
            "take_profit": grid.level(take_profit),
            "tag": tag or None,
            **grid.protection(protection),
            "type": ORDER_TYPES[kind],
            "expiry": expiry,
            "oco": oco or None,
        }

    def _cancel(self, order_id: int) -> Iterator[Cells]:
        yield {"action": "cancel", "order_id": order_id}

    def _bars(self, path: int, bars: tuple[BarUnits, ...]) -> Iterator[Cells]:
        given: Cells = {"action": "bar", "path": codec.PATHS[path]}
        for index, *numbers in bars:
            grid = self._symbols[index]
            names = ("open", "high", "low", "close", "spread")
            prices = {
                name: units * grid.price_unit for name, units in zip(names, numbers, strict=True)
            }
            yield {**given, "symbol": grid.symbol, **prices}
        if not bars:
            yield given

    def _mark(self, quotes: Quotes) -> Iterator[Cells]:
        return self._quoted("mark", quotes)

    def _update(self, quotes: Quotes) -> Iterator[Cells]:
        return self._quoted("update", quotes)

    def _quotes(self, quotes: Quotes) -> Iterator[Cells]:
        return self._quoted("quotes", quotes)

    def _quoted(self, action: str, quotes: Quotes) -> Iterator[Cells]:
        for index, bid, spread in quotes:
            symbol, unit, _ = self._symbols[index]
            ask = (bid + spread) * unit
            yield {"action": action, "symbol": symbol, "bid": bid * unit, "ask": ask}
        if not quotes:
            yield {"action": action}

    def _fee(self, amount: int, position_id: int) -> Iterator[Cells]:
        yield {"action": "fee", "position_id": position_id or None, "fee": amount}

    def _deposit(self, amount: int, currency: str) -> Iterator[Cells]:
        yield {"action": "deposit", "amount": amount, "currency": currency or None}

    def _withdraw(self, amount: int, currency: str) -> Iterator[Cells]:
        yield {"action": "withdraw", "amount": amount, "currency": currency or None}

    def _convert(self, amount: int, given: str, got: str, rate: int) -> Iterator[Cells]:
        yield {
            "action": "convert",
            "amount": amount,
            "from_currency": given,
            "to_currency": got,
            "rate": rate or None,
        }

    def _swap(
        self, index: int, kind: int, long: int, short: int, multiplier: int
    ) -> Iterator[Cells]:
        yield {
            "action": "swap",
            "symbol": self._symbols[index].symbol,
            "kind": SWAP_KINDS[kind - 1],
            "long": long,
            "short": short,
            "multiplier": multiplier,
        }

    def _rollover(self, index: int) -> Iterator[Cells]:
        yield {"action": "rollover", "symbol": self._symbols[index].symbol}

    def _dividend(self, index: int, amount: int, pay_time: int | None) -> Iterator[Cells]:
        symbol = self._symbols[index].symbol
        yield {"action": "dividend", "symbol": symbol, "price": amount, "pay_time": pay_time}

    def _split(self, index: int, numerator: int, denominator: int) -> Iterator[Cells]:
        yield {
            "action": "split",
            "symbol": self._symbols[index].symbol,
            "numerator": numerator,
            "denominator": denominator,
        }

    def _grid_of(self, position_id: int) -> _Grid:
        return self._grids[self._held[position_id]]


_ROWS: Final[dict[int, Callable[..., Iterator[Cells]]]] = {
    codec.OPEN: _Teller._open,
    codec.OPEN_PROTECTED: _Teller._open,
    codec.CLOSE: _Teller._close,
    codec.MODIFY: _Teller._modify,
    codec.MARK: _Teller._mark,
    codec.UPDATE_EQUITY: _Teller._update,
    codec.FEE: _Teller._fee,
    codec.DEPOSIT: _Teller._deposit,
    codec.WITHDRAW: _Teller._withdraw,
    codec.CLOSE_BY: _Teller._close_by,
    codec.PLACE_ORDER: _Teller._order,
    codec.CANCEL_ORDER: _Teller._cancel,
    codec.BAR: _Teller._bars,
    codec.QUOTES: _Teller._quotes,
    codec.CONVERT_CASH: _Teller._convert,
    codec.CHARGE_SWAP: _Teller._swap,
    codec.ROLLOVER: _Teller._rollover,
    codec.DIVIDEND: _Teller._dividend,
    codec.SPLIT: _Teller._split,
}
