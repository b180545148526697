"""What the adapters for engines of bars share: the calls of a case become bars with actions.

A fill at a stated price is two flat bars at that price, with an order at the close of the first one
(or the open of the second), and a flat bar at the mark, since fills move no marks (SPEC A5). A mark
is a flat bar. None of these bars may reach a level or an order that waits: then the case is not
expressible. After each call the engine runs over the whole list, and what it shows at the end is
what it answers. Ids are counted here. Figures that an engine does not have are left out.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from adapter import Json, NotExpressibleError, RefusedError, serve
from answers import Answers
from story import (
    DECIMALS,
    MISSING,
    MONEY_MAX,
    ORDERS,
    TAG_BYTES_MAX,
    WRONG_INPUT,
    Action,
    Bar,
    Closed,
    Lot,
    Shown,
    Terms,
    number_of,
)

__all__ = [
    "Action",
    "Bar",
    "Closed",
    "Json",
    "Lot",
    "NotExpressibleError",
    "Replay",
    "Shown",
    "Terms",
    "serve",
]

CALLS: Final = {
    "account": "_account",
    "instrument": "_instrument",
    "open": "_trade",
    "close": "_shut",
    "modify": "_modify",
    "order": "_order",
    "cancel": "_cancel",
    "mark": "_marked",
    "update_equity": "_valued",
    "bar": "_bar",
}


class Replay(Answers):
    """An engine that runs over bars. What it can is said by the attributes."""

    missing: dict[str, str] = MISSING
    hedges = True
    adds = True
    whole_sizes = False
    partial_hedges = True

    @abstractmethod
    def replay(self, terms: Terms, bars: list[Bar]) -> Shown:
        """Run over all bars, and say what there is after the last one."""

    def begin(self, case: Json) -> None:
        """Start a story, if the engine has what it needs."""
        for feature in case["features"]:
            if feature in self.missing:
                raise NotExpressibleError(self.missing[feature])
        if {"large_numbers", "refusals"} <= set(case["features"]):
            raise NotExpressibleError("the limits of our numbers")
        self._terms: Terms | None = None
        self._bars: list[Bar] = []
        self._symbol, self._time = "", 0
        self._mark: float | None = None
        self._open: dict[int, float] = {}
        self._waiting: dict[int, tuple[float, bool]] = {}
        self._count = self._orders = 0
        self._ids: dict[int, int] = {}
        self._decimals: tuple[int, ...] = (DECIMALS, DECIMALS)
        self._shown: Shown | None = None
        self._curve: list[tuple[int, float, float]] = []

    def call(self, word: str, arguments: Json, quotes: list[Json], ask: list[str]) -> Json:
        """Do what a call says."""
        if word not in CALLS:
            raise NotExpressibleError(f"calls: {word}")
        if "time" in arguments:
            self._at(int(arguments["time"]))
        self._on_grid(arguments)
        found: Json = getattr(self, CALLS[word])(arguments, quotes)
        return {key: value for key, value in found.items() if key in ask}

    def _on_grid(self, arguments: Json) -> None:
        """See that no number has more decimals than the instrument."""
        for key, limit in zip(("price", "size"), self._decimals, strict=True):
            if len(arguments.get(key, "").partition(".")[2].rstrip("0")) > limit:
                raise NotExpressibleError("numbers off the grid of the instrument")

    def _at(self, time: int) -> None:
        if time < self._time:
            raise NotExpressibleError(WRONG_INPUT, "a time before the last one")
        self._time = time

    def _account(self, arguments: Json, _: list[Json]) -> Json:
        unknown = set(arguments) - {"balance", "leverage", "mode", "currency"}
        balance = number_of(arguments["balance"])
        if unknown or balance >= MONEY_MAX:
            raise NotExpressibleError("settings of the account", str(sorted(unknown)))
        leverage = number_of(arguments.get("leverage", "1"))
        if leverage < 1:
            raise NotExpressibleError("a leverage below one")
        mode = arguments.get("mode", "hedging")
        if mode not in ("hedging", "netting"):
            raise NotExpressibleError(WRONG_INPUT, "an unknown mode")
        self._terms = Terms(balance, leverage, mode == "netting")
        return {}

    def _instrument(self, arguments: Json, _: list[Json]) -> Json:
        known = {"symbol", "price_decimals", "size_decimals", "commission"}
        if set(arguments) - known:
            raise NotExpressibleError("terms of instruments", str(sorted(set(arguments) - known)))
        if self._symbol:
            raise NotExpressibleError("an instrument that is registered again")
        self._of(arguments["symbol"])
        names = ("price_decimals", "size_decimals")
        self._decimals = tuple(int(arguments.get(name, DECIMALS)) for name in names)
        terms = arguments.get("commission", {})
        if terms and (set(terms) != {"kind", "taker"} or terms["kind"] not in self.commissions()):
            raise NotExpressibleError("this commission model", str(terms))
        if terms and self._terms:
            name = {"rate": "rate", "per_trade": "per_trade"}[terms["kind"]]
            setattr(self._terms, name, number_of(terms["taker"]))
        return {}

    def commissions(self) -> tuple[str, ...]:
        """Give the kinds of commission that the engine has."""
        return ("rate", "per_trade")

    def _of(self, symbol: str) -> None:
        if self._symbol not in ("", symbol):
            raise NotExpressibleError("several symbols in one account")
        if not symbol or len(symbol.encode()) > TAG_BYTES_MAX or "\0" in symbol:
            raise NotExpressibleError(WRONG_INPUT, "a name of a symbol")
        self._symbol = symbol

    def _trade(self, arguments: Json, _: list[Json]) -> Json:
        self._of(arguments["symbol"])
        size = self._size(arguments["size"], arguments["side"])
        if "position_id" in arguments:
            raise NotExpressibleError("ids that are chosen by the caller")
        held = sum(self._open.values())
        if self._terms and self._terms.netting:
            flips = held * (held + size) < 0
            number = self._count if held and not flips else self._count + 1
        else:
            number = self._count + 1
            if self._open and not self.adds:
                raise NotExpressibleError("several positions of a symbol")
        levels = [self._level(arguments, name) for name in ("stop_loss", "take_profit")]
        if held and self._terms and self._terms.netting:
            lots = self._look().lots
            if any([*levels, *(lot.stop for lot in lots), *(lot.target for lot in lots)]):
                raise NotExpressibleError("levels of a position of several lots")
        action = Action("order", number, size, levels[0], levels[1], tag=self._tag(arguments))
        self._filled(number_of(arguments["price"]), action)
        self._count = max(self._count, number)
        return {"id": str(number)}

    def _tag(self, arguments: Json) -> str:
        tag: str = arguments.get("tag", "")
        if len(tag.encode()) > TAG_BYTES_MAX or "\0" in tag:
            raise NotExpressibleError(WRONG_INPUT, "a tag that is too long")
        return tag

    def _level(self, arguments: Json, name: str) -> float | None:
        return None if arguments.get(name) is None else number_of(arguments[name])

    def _size(self, text: str, side: str) -> float:
        size = number_of(text)
        if side not in ("long", "short"):
            raise NotExpressibleError(WRONG_INPUT, "an unknown side")
        if self.whole_sizes and not size.is_integer():
            raise NotExpressibleError("sizes that are no whole numbers")
        return size if side == "long" else -size

    def _shut(self, arguments: Json, _: list[Json]) -> Json:
        number = int(arguments["position_id"])
        held = self._open.get(number)
        if held is None:
            raise NotExpressibleError(WRONG_INPUT, "a position that is not open")
        size = number_of(arguments["size"]) if "size" in arguments else abs(held)
        if size > abs(held):
            raise NotExpressibleError(WRONG_INPUT, "more than is open")
        if size < abs(held) and not (self.partial_hedges or len(self._open) == 1):
            raise NotExpressibleError("a part of one of several positions")
        before = len(self._look().closed)
        self._filled(
            number_of(arguments["price"]),
            Action("close", self._own(number), size if held > 0 else -size),
        )
        closed = self._look().closed
        known = len(closed) > before and not self._look().parts
        return self._cells(closed[-1]) if known else {}

    def _filled(self, price: float, action: Action) -> None:
        """Fill at a price, and come back to the mark.

        Raises
        ------
        RefusedError
            The engine did not take it.
        """
        if abs(action.size) * price >= MONEY_MAX / 10:
            raise NotExpressibleError("the limits of our numbers")
        mark = price if self._mark is None else self._mark
        for each in (price, mark):
            self._still(each)
            if action.kind == "order" and each == mark and mark != price:
                self._reaches_none(each, [Lot(0, action.size, 0, 0, action.stop, action.target)])
        count = len(self._bars)
        flat = (price,) * 4
        self._bars += [Bar(self._time, flat, [action]), Bar(self._time, flat)]
        self._bars.append(Bar(self._time, (mark,) * 4))
        self._look(again=True)
        if self._shown and self._shown.refused:
            text = self._shown.refused
            del self._bars[count:]
            self._shown, self._open = None, {}
            if self._bars:
                self._look(again=True)
            raise RefusedError(text=text)
        self._mark = mark

    def _still(self, price: float) -> None:
        """See that a bar that is no bar of the case reaches nothing."""
        self._reaches_none(price, self._shown.lots if self._shown else [])

    def _reaches_none(self, price: float, lots: list[Lot]) -> None:
        reached = any(
            (buys and price <= level) or (not buys and price >= level)
            for level, buys in self._waiting.values()
        )
        for lot in lots:
            sign = 1 if lot.size > 0 else -1
            reached |= lot.stop is not None and sign * price <= sign * lot.stop
            reached |= lot.target is not None and sign * price >= sign * lot.target
        if reached:
            raise NotExpressibleError("a fill or a mark beyond a level, which triggers nothing")

    def _modify(self, arguments: Json, _: list[Json]) -> Json:
        number = int(arguments["position_id"])
        if not self.modifies:
            raise NotExpressibleError("levels that are changed")
        if number not in self._open or len(arguments) == 2:
            raise NotExpressibleError(WRONG_INPUT, "a position that is not open")
        lots = [lot for lot in self._look().lots if lot.number == number]
        if len(lots) != 1:
            raise NotExpressibleError("levels of a position of several lots")
        (lot,) = lots
        stop = self._level(arguments, "stop_loss") if "stop_loss" in arguments else lot.stop
        target = self._level(arguments, "take_profit") if "take_profit" in arguments else lot.target
        mark, sign = self._mark or 0.0, 1 if lot.size > 0 else -1
        if (stop is not None and sign * stop >= sign * mark) or (
            target is not None and sign * target <= sign * mark
        ):
            raise NotExpressibleError("a level that the market has reached already")
        self._bars[-1].actions.append(Action("levels", self._own(number), 0.0, stop, target))
        self._bars.append(Bar(self._time, (mark,) * 4))
        self._look(again=True)
        return {}

    def _order(self, arguments: Json, _: list[Json]) -> Json:
        self._of(arguments["symbol"])
        kind = arguments.get("type", "limit" if "price" in arguments else "market")
        if not self.waits or kind not in ("limit", "stop") or "price" not in arguments:
            raise NotExpressibleError("orders that wait" if not self.waits else f"{kind} orders")
        if "oco" in arguments:
            raise NotExpressibleError("orders that cancel each other")
        if self._terms and self._terms.netting:
            raise NotExpressibleError("orders that wait in a netting account")
        size, price = (
            self._size(arguments["size"], arguments["side"]),
            number_of(arguments["price"]),
        )
        buys_below = (size > 0) == (kind == "limit")
        here = self._bars[-1].prices[3] if self._bars and self._mark is None else self._mark
        if here is not None and (here <= price if buys_below else here >= price):
            raise NotExpressibleError("an order that the market has reached already")
        self._orders += 1
        self._waiting[self._orders] = (price, buys_below)
        levels = [self._level(arguments, name) for name in ("stop_loss", "take_profit")]
        action = Action("order", self._orders + ORDERS, size, levels[0], levels[1])
        action.tag = self._tag(arguments)
        action.limit, action.trigger = (price, None) if kind == "limit" else (None, price)
        if not self._bars:
            start = price * (1.01 if buys_below else 0.99)
            self._bars.append(Bar(self._time, (start,) * 4))
        self._bars[-1].actions.append(action)
        return {"id": str(self._orders)}

    def _cancel(self, arguments: Json, _: list[Json]) -> Json:
        number = int(arguments["order_id"])
        if self._waiting.pop(number, None) is None:
            raise NotExpressibleError(WRONG_INPUT, "an order that does not wait")
        self._bars[-1].actions.append(Action("cancel", number + ORDERS))
        return {}

    def _marked(self, _: Json, quotes: list[Json]) -> Json:
        for quote in quotes:
            self._of(quote["symbol"])
            price = number_of(quote["price"] if "price" in quote else quote["bid"])
            self._still(price)
            self._mark = price
            self._bars.append(Bar(self._time, (price,) * 4))
            self._look(again=True)
        if len({quote["symbol"] for quote in quotes}) < len(quotes):
            raise NotExpressibleError(WRONG_INPUT, "a symbol that stands twice")
        return {}

    def _valued(self, arguments: Json, quotes: list[Json]) -> Json:
        self._marked(arguments, quotes)
        self._remember()
        return {}

    def _bar(self, _: Json, quotes: list[Json]) -> Json:
        if len(quotes) != 1:
            raise NotExpressibleError("several symbols in one account")
        (quote,) = quotes
        self._of(quote["symbol"])
        prices = [number_of(quote[name]) for name in ("open", "high", "low", "close")]
        if not prices[2] <= min(prices) <= max(prices) <= prices[1]:
            raise NotExpressibleError(WRONG_INPUT, "a bar that is none")
        before = len(self._look().closed) if self._bars else 0
        self._bars.append(Bar(self._time, (prices[0], prices[1], prices[2], prices[3])))
        self._mark = prices[3]
        shown = self._look(again=True)
        self._remember()
        return {} if shown.parts else {"trades": str(len(shown.closed) - before)}

    def _remember(self) -> None:
        shown = self._look()
        self._curve.append((self._time, shown.equity, sum(lot.result for lot in shown.lots)))

    def _look(self, *, again: bool = False) -> Shown:
        if self._shown is None or again:
            if self._terms is None or not self._bars:
                raise NotExpressibleError("an account before its first price")
            self._shown = self.replay(self._terms, self._bars)
            self._open = {}
            for lot in self._shown.lots:
                lot.number = self._named(lot.number)
                self._open[lot.number] = self._open.get(lot.number, 0.0) + lot.size
            for trade in self._shown.closed:
                self._named(trade.number)
        return self._shown

    def _named(self, number: int) -> int:
        """Give the id of a position; one that an order opened gets the next one."""
        if number <= ORDERS:
            return number
        self._waiting.pop(number - ORDERS, None)
        if number not in self._ids:
            self._count += 1
            self._ids[number] = self._count
        return self._ids[number]

    def _own(self, number: int) -> int:
        """Give the number of a position in the actions."""
        return next((own for own, found in self._ids.items() if found == number), number)
