"""What an engine of bars answers to the checks of a case, of what it shows at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapter import Json, Stepwise
from story import row_of, text_of

if TYPE_CHECKING:
    from story import Bar, Closed, Shown, Terms


class Answers(Stepwise):
    """Answers the checks; which figures an engine has is said by its attributes."""

    modifies = True
    waits = True
    _terms: Terms | None
    _bars: list[Bar]
    _symbol: str
    _open: dict[int, float]
    _waiting: dict[int, Any]
    _curve: list[tuple[int, float, float]]

    def _look(self) -> Shown:
        """Give what the engine shows now."""
        raise NotImplementedError

    def check(self, table: str, row: int, ask: list[str]) -> Json:
        """Answer what the engine shows."""
        found = {"account": self._figures, "equity": self._point}.get(table)
        if found is not None:
            values = found(row)
        elif table == "trades":
            values = {} if self._look().parts else self._cells(row_of(self._look().closed, row))
        elif table == "positions":
            values = self._position(row)
        else:
            values = {}
        return {key: values[key] for key in ask if key in values}

    def _figures(self, _: int) -> Json:
        if not self._bars and self._terms:
            balance = text_of(self._terms.balance)
            return {"balance": balance, "equity": balance, "positions": "0", "trades": "0"}
        shown = self._look()
        unrealized = sum(lot.result for lot in shown.lots)
        found: Json = {
            "equity": text_of(shown.equity),
            "balance": text_of(shown.equity - unrealized),
            "unrealized_pnl": text_of(unrealized),
            "positions": str(len(self._open)),
        }
        if not shown.parts:
            found["trades"] = str(len(shown.closed))
        if self._terms and not self._terms.rate and not self._terms.per_trade:
            realized = sum(trade.gross for trade in shown.closed)
            booked = shown.equity - unrealized - self._terms.balance
            found["realized_pnl"] = text_of(booked if shown.parts else realized)
        if self.waits:
            found["orders"] = str(len(self._waiting)) if not self._open else None
        return {key: value for key, value in found.items() if value is not None}

    def _point(self, row: int) -> Json:
        time, equity, unrealized = row_of(self._curve, row)
        balance = text_of(equity - unrealized)
        found = {"time": str(time), "equity": text_of(equity), "balance": balance}
        return found | {"unrealized_pnl": text_of(unrealized)}

    def _position(self, row: int) -> Json:
        shown = self._look()
        numbers = sorted(self._open)
        if len(numbers) > 1 and shown.closed:
            return {}
        number = row_of(numbers, row)
        lots = [lot for lot in shown.lots if lot.number == number]
        size = sum(lot.size for lot in lots)
        found: Json = {"size": text_of(abs(size)), "side": "long" if size > 0 else "short"}
        found["unrealized_pnl"] = text_of(sum(lot.result for lot in lots))
        found |= {"symbol": self._symbol}
        if len(lots) == 1:
            (lot,) = lots
            if lot.entry_price is not None:
                found["entry_price"] = text_of(lot.entry_price)
            found |= self._levels(lot.stop, lot.target) if self.modifies else {}
            found |= {"tag": lot.tag} if lot.tag is not None else {}
            found |= self._bar_time("entry_time", lot.entry_bar)
        return found

    def _levels(self, stop: float | None, target: float | None) -> Json:
        return {"stop_loss": text_of(stop or 0.0), "take_profit": text_of(target or 0.0)}

    def _bar_time(self, name: str, place: int | None) -> Json:
        return {} if place is None else {name: str(self._bars[place].time)}

    def _cells(self, trade: Closed) -> Json:
        found = {
            "symbol": self._symbol,
            "side": "long" if trade.size > 0 else "short",
            "size": text_of(abs(trade.size)),
            "entry_price": text_of(trade.entry_price),
            "exit_price": text_of(trade.exit_price),
            "gross_pnl": text_of(trade.gross),
            "net_pnl": text_of(trade.net),
        }
        found |= {"tag": trade.tag} if trade.tag is not None else {}
        found |= {"reason": trade.reason} if trade.reason is not None else {}
        found |= {"stop_loss": text_of(trade.stop)} if trade.stop is not None else {}
        found |= self._bar_time("entry_time", trade.entry_bar)
        return found | self._bar_time("exit_time", trade.exit_bar)
