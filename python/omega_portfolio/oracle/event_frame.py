"""All accepted events as a frame, made from their canonical bytes (SPEC E10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from omega_portfolio.oracle import codec
from omega_portfolio.oracle.numbers import QUANTITY_SCALE
from omega_portfolio.oracle.order_codec import Levels
from omega_portfolio.oracle.schema import EVENTS, Rows
from omega_portfolio.oracle.terms import Terms
from omega_portfolio.oracle.texts import SIDE_NAMES

Cells = dict[str, Any]
"""Cells of a row by column; those that are left out are null."""


def event_rows(events: bytes) -> Rows:
    """Give the canonical bytes of events as rows.

    Raises
    ------
    InvariantViolation
        The bytes cannot be read.
    """
    rows = Rows(EVENTS)
    teller = _Teller()
    for number, record in enumerate(codec.Reader(events).records(), start=1):
        for cells in teller.tell(record):
            cells["event"] = number
            rows.append(tuple(cells.get(column.name) for column in EVENTS))
    return rows


class _Grid(NamedTuple):
    """A symbol, and the raw numbers that one unit of its records stands for."""

    symbol: str
    price_unit: int
    size_unit: int


class _Teller:
    """Turns records into rows; it knows the time, the symbols and the positions so far."""

    __slots__ = ("_positions", "_symbols", "_time")

    def __init__(self) -> None:
        self._time = 0
        self._symbols: list[_Grid] = []
        self._positions: dict[int, _Grid] = {}

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
        _terms: Terms,
    ) -> Cells:
        price_unit = 10 ** (QUANTITY_SCALE - price_decimals)
        self._symbols.append(_Grid(symbol, price_unit, 10 ** (QUANTITY_SCALE - size_decimals)))
        return {
            "action": "register",
            "symbol": symbol,
            "price_decimals": price_decimals,
            "size_decimals": size_decimals,
            "contract_size": contract_size,
            "leverage": leverage or None,
            "quote_currency": quote_currency,
        }

    def _open(self, *fields: Any) -> Iterator[Cells]:  # noqa: ANN401 - fields of a record.
        index, side, position_id, size, price, stop_loss, take_profit, fee, tag = fields
        grid = self._symbols[index]
        if position_id:
            self._positions[position_id] = grid
        yield {
            "action": "open",
            "symbol": grid.symbol,
            "side": SIDE_NAMES[side],
            "size": size * grid.size_unit,
            "price": price * grid.price_unit,
            "stop_loss": stop_loss * grid.price_unit or None,
            "take_profit": take_profit * grid.price_unit or None,
            "position_id": position_id or None,
            "fee": fee,
            "tag": tag,
        }

    def _close(
        self, position_id: int, size: int, price: int, fee: int, reason: str
    ) -> Iterator[Cells]:
        grid = self._positions[position_id]
        yield {
            "action": "close",
            "size": size * grid.size_unit,
            "price": price * grid.price_unit,
            "position_id": position_id,
            "fee": fee,
            "reason": reason,
        }

    def _close_by(self, position_id: int, _other_id: int, size: int, fee: int) -> Iterator[Cells]:
        size *= self._positions[position_id].size_unit
        yield {"action": "close_by", "size": size, "position_id": position_id, "fee": fee}

    def _modify(self, position_id: int, levels: Levels) -> Iterator[Cells]:
        unit = self._positions[position_id].price_unit
        stop_loss, take_profit = (None if level is None else level * unit for level in levels[:2])
        yield {
            "action": "modify",
            "stop_loss": stop_loss,
            "take_profit": take_profit,
            "position_id": position_id,
        }

    def _mark(self, quotes: tuple[tuple[int, int, int], ...]) -> Iterator[Cells]:
        return self._quotes("mark", quotes)

    def _update(self, quotes: tuple[tuple[int, int, int], ...]) -> Iterator[Cells]:
        return self._quotes("update", quotes)

    def _quotes(self, action: str, quotes: tuple[tuple[int, int, int], ...]) -> Iterator[Cells]:
        for index, bid, spread in quotes:
            symbol, unit, _ = self._symbols[index]
            ask = (bid + spread) * unit
            yield {"action": action, "symbol": symbol, "bid": bid * unit, "ask": ask}
        if not quotes:
            yield {"action": action}

    def _fee(self, amount: int, position_id: int) -> Iterator[Cells]:
        yield {"action": "fee", "position_id": position_id or None, "fee": amount}

    def _deposit(self, amount: int, _currency: str) -> Iterator[Cells]:
        yield {"action": "deposit", "amount": amount}

    def _withdraw(self, amount: int, _currency: str) -> Iterator[Cells]:
        yield {"action": "withdraw", "amount": amount}

    def _convert(self, amount: int, *_: Any) -> Iterator[Cells]:  # noqa: ANN401 - fields.
        yield {"action": "convert", "amount": amount}

    def _swap(self, index: int, *_: Any) -> Iterator[Cells]:  # noqa: ANN401 - fields.
        yield {"action": "swap", "symbol": self._symbols[index].symbol}

    def _rollover(self, index: int) -> Iterator[Cells]:
        yield {"action": "rollover", "symbol": self._symbols[index].symbol}

    def _dividend(self, index: int, *_: Any) -> Iterator[Cells]:  # noqa: ANN401 - fields.
        yield {"action": "dividend", "symbol": self._symbols[index].symbol}

    def _split(self, index: int, *_: Any) -> Iterator[Cells]:  # noqa: ANN401 - fields.
        yield {"action": "split", "symbol": self._symbols[index].symbol}


_ROWS: Final[dict[int, Callable[..., Iterator[Cells]]]] = {
    codec.OPEN: _Teller._open,
    codec.CLOSE: _Teller._close,
    codec.MODIFY: _Teller._modify,
    codec.MARK: _Teller._mark,
    codec.UPDATE_EQUITY: _Teller._update,
    codec.FEE: _Teller._fee,
    codec.DEPOSIT: _Teller._deposit,
    codec.WITHDRAW: _Teller._withdraw,
    codec.CLOSE_BY: _Teller._close_by,
    codec.CONVERT_CASH: _Teller._convert,
    codec.CHARGE_SWAP: _Teller._swap,
    codec.ROLLOVER: _Teller._rollover,
    codec.DIVIDEND: _Teller._dividend,
    codec.SPLIT: _Teller._split,
}
