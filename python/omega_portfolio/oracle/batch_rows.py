"""What one row of the orders does to an account when it is carried out (SPEC R6 to R8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.oracle.batch_orders import OrderRow, second_of_group
from omega_portfolio.oracle.batch_sizes import check_anchor, levels_of, needs_anchor, size_of
from omega_portfolio.oracle.codec import MODE_HEDGING
from omega_portfolio.oracle.events import CancelOrder, Modify, PlaceOrder
from omega_portfolio.oracle.numbers import QUANTITY_SCALE, plain_text
from omega_portfolio.oracle.orders import MARKET, ORDER_TYPES
from omega_portfolio.oracle.protection import Protection
from omega_portfolio.oracle.texts import LONG, SHORT
from omega_portfolio.sentinel import UNSET, Unset

if TYPE_CHECKING:
    from omega_portfolio.oracle.book import Position, Symbol
    from omega_portfolio.oracle.ledger import Ledger


class Turn(NamedTuple):
    """When a row is carried out, and the bid and spread at which a market order is filled."""

    time: int
    price: int
    spread: int


class RowEvents:
    """Turns rows into events of an account.

    Attributes
    ----------
    row_of : dict
        The row that an order comes from, by order_id.
    waits : bool
        A row has placed a market order or a time exit since it was set to false.
    """

    __slots__ = ("_ledger", "row_of", "waits")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.row_of: dict[object, OrderRow] = {}
        self.waits = False

    def carry_out(self, row: OrderRow, turn: Turn) -> None:
        """Do what a row says.

        Raises
        ------
        OmegaPortfolioError
            The first thing that is refused; what was done before it stays (R9).
        """
        symbol = self._ledger.symbol_or_default(row.symbol, len(self._ledger.symbols))
        if row.action == "open":
            self._open(row, turn, symbol)
        elif row.action == "close":
            self._close(row, turn, symbol)
        elif row.action == "modify":
            self._modify(row, turn, symbol)
        elif row.action == "cancel":
            self._cancel(row, turn, symbol)
        else:
            self._target(row, turn, symbol)

    def _open(self, row: OrderRow, turn: Turn, symbol: Symbol) -> None:
        if row.if_flat and self._is_busy(symbol, turn.time):
            return
        kind, side = row.type or MARKET, row.side or LONG
        price = None if kind == MARKET else row.price
        if kind != MARKET and price is None:
            rule = f"a {ORDER_TYPES[kind]} order needs a price"
            raise InvalidArgument("price", "null", rule, "fill the cell")
        _check_together(row)
        anchor = price
        if anchor is None:
            anchor = turn.price + turn.spread if side == LONG else turn.price
        if needs_anchor(row):
            check_anchor(anchor)
        levels = levels_of(row, side, anchor, symbol.tick)
        size = size_of(self._ledger, symbol, row, anchor, levels.stop_loss)
        pair = None if row.break_even is None else (row.break_even, row.break_even_offset or 0)
        event = PlaceOrder(
            symbol=row.symbol,
            side=side,
            size=size,
            time=turn.time,
            kind=kind,
            price=price,
            expiry=row.expiry,
            oco=row.oco or "",
            stop_loss=levels.stop_loss,
            take_profit=levels.take_profit,
            tag=row.tag or "",
            protection=Protection(levels.trailing, pair, row.targets or (), row.exit_time),
        )
        self._place(row, event)

    def _is_busy(self, symbol: Symbol, time: int) -> bool:
        """Tell whether a market order rests, or a position has no end at this time (R8)."""
        return any(order.kind == MARKET for order in self._ledger.orders.of(symbol)) or any(
            position.exit_time is None or position.exit_time > time
            for position in self._open_positions(symbol)
        )

    def _target(self, row: OrderRow, turn: Turn, symbol: Symbol) -> None:
        if self._is_hedging():
            raise InvalidArgument(
                "action", "'target'", "is for netting accounts", 'use mode="netting", or open'
            )
        wanted = size_of(self._ledger, symbol, row, turn.price, None)
        held = sum(
            position.size if position.side == LONG else -position.size
            for position in self._open_positions(symbol)
        )
        if wanted != held:
            side = LONG if wanted > held else SHORT
            self._place_market(row, turn, side, abs(wanted - held))

    def _close(self, row: OrderRow, turn: Turn, symbol: Symbol) -> None:
        if row.size is not None and self._is_hedging():
            raise InvalidArgument(
                "size",
                plain_text(row.size, QUANTITY_SCALE),
                "of a close is for netting accounts",
                'use mode="netting", or null for all',
            )
        for position in self._meant(row, symbol):
            if row.size is not None:
                other = LONG + SHORT - position.side
                self._place_market(row, turn, other, min(row.size, position.size))
            else:
                number = position.position_id
                self._ledger.apply(Modify(number, turn.time, UNSET, UNSET, exit_time=turn.time))
                self.waits = True

    def _modify(self, row: OrderRow, turn: Turn, symbol: Symbol) -> None:
        _check_together(row)
        for position in self._meant(row, symbol):
            mark = position.mark_price()
            levels = levels_of(row, position.side, mark, symbol.tick)
            pair: tuple[int, int] | Unset | None = UNSET
            if row.break_even is not None:
                pair = (row.break_even, row.break_even_offset or 0) if row.break_even else None
            event = Modify(
                position.position_id,
                turn.time,
                _changed(row.stop_loss, levels.stop_loss),
                _changed(row.take_profit, levels.take_profit),
                _changed(row.trailing, levels.trailing),
                pair,
            )
            if event.is_empty():
                raise InvalidArgument(
                    "stop_loss", "null", "no level and no protection is given", "fill a level"
                )
            self._ledger.apply(event)

    def _cancel(self, row: OrderRow, turn: Turn, symbol: Symbol) -> None:
        for order in self._ledger.orders.of(symbol):
            if row.has_side(order.side) and row.has_tag(order.tag):
                self._ledger.apply(CancelOrder(order.order_id, turn.time))

    def _place_market(self, row: OrderRow, turn: Turn, side: int, size: int) -> None:
        event = PlaceOrder(
            symbol=row.symbol,
            side=side,
            size=size,
            time=turn.time,
            kind=MARKET,
            price=None,
            expiry=None,
            oco="",
            stop_loss=None,
            take_profit=None,
            tag=row.tag or "",
            protection=Protection(),
        )
        self._place(row, event)

    def _place(self, row: OrderRow, event: PlaceOrder) -> None:
        self.row_of[self._ledger.apply(event)] = row
        self.waits = self.waits or event.kind == MARKET

    def _meant(self, row: OrderRow, symbol: Symbol) -> list[Position]:
        """Give the open positions of a row's symbol, side and tag by position_id."""
        return [
            position
            for position in self._open_positions(symbol)
            if row.has_side(position.side) and row.has_tag(position.tag)
        ]

    def _open_positions(self, symbol: Symbol) -> list[Position]:
        held = [position for position in self._ledger.positions.rows if position.symbol is symbol]
        return sorted(held, key=lambda position: position.position_id)

    def _is_hedging(self) -> bool:
        return self._ledger.configuration.mode == MODE_HEDGING


def _check_together(row: OrderRow) -> None:
    """Refuse cells that cannot stand in one row (R6, E1)."""
    cells = row._asdict()
    name = second_of_group(cells)
    if name is not None:
        raise InvalidArgument(
            name,
            plain_text(cells[name], QUANTITY_SCALE),
            "stands beside another column of the same kind",
            "fill one of them",
        )
    if row.break_even_offset and not row.break_even:
        raise InvalidArgument(
            "break_even_offset",
            describe(plain_text(row.break_even_offset, QUANTITY_SCALE)),
            "stands without a break_even",
            "fill break_even with the trigger",
        )


def _changed(cell: int | None, level: int | None) -> int | Unset | None:
    """Give what becomes of a level: a cell of 0 removes it, nothing given leaves it."""
    if cell == 0:
        return None
    return UNSET if level is None else level
