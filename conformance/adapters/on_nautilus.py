"""nautilus_trader as an engine of the conformance cases: its backtest engine on bars.

The venue has a margin account, and hedging or netting as the case has it. Orders are those of a
strategy at the close of a bar; two levels are a bracket, one is an order that only reduces. The
instrument is a currency pair with the decimals of the case, and its margin is all of the value
over the leverage.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import BTC, USD
from nautilus_trader.model.data import Bar as VenueBar
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from replay import Action, Bar, Closed, Json, Lot, NotExpressibleError, Replay, Shown, Terms, serve

VENUE: Final = Venue("SIM")
MINUTE: Final = 60_000_000_000
DECIMALS_MAX: Final = 9


class Story(Strategy):  # type: ignore[misc]
    """Does at each bar what the case says."""

    def __init__(self, instrument: Any, kind: Any, bars: list[Bar]) -> None:
        super().__init__()
        self.instrument, self.kind, self.story = instrument, kind, bars
        self.place = -1
        self.names: dict[Any, int] = {}
        self.orders: dict[int, Any] = {}
        self.asked: dict[int, Action] = {}
        self.stops: dict[int, Any] = {}
        self.targets: dict[int, Any] = {}
        self.closed: list[Any] = []
        self.refused = ""

    def on_start(self) -> None:
        """Ask for the bars."""
        self.subscribe_bars(self.kind)

    def on_bar(self, bar: Any) -> None:  # noqa: ARG002
        """Carry out the actions of this bar."""
        self.place += 1
        for action in self.story[self.place].actions:
            self.act(action)

    def act(self, action: Action) -> None:
        """Submit an order, or what ends one."""
        if action.kind == "cancel":
            self.cancel_order(self.orders[action.number])
        elif action.kind == "levels":
            self.change(action)
        elif action.kind == "close":
            order = self.order_factory.market(**self.common(action))
            held = [one for one, number in self.names.items() if number == action.number]
            self.submit_order(order, position_id=held[0] if self.hedges else None)
        else:
            self.enter(action)

    def common(self, action: Action) -> dict[str, Any]:
        """Give what all orders have."""
        buys = (action.size > 0) == (action.kind == "order")
        return {
            "instrument_id": self.instrument.id,
            "order_side": OrderSide.BUY if buys else OrderSide.SELL,
            "quantity": self.instrument.make_qty(abs(action.size)),
        }

    def enter(self, action: Action) -> None:
        """Submit an order that opens, as a bracket when it has both levels."""
        common, make = self.common(action), self.order_factory
        self.asked[action.number] = action
        if action.stop and action.target:
            entry = {"entry_order_type": OrderType.MARKET}
            if action.limit:
                price = self.price(action.limit)
                entry = {"entry_order_type": OrderType.LIMIT, "entry_price": price}
            elif action.trigger:
                price = self.price(action.trigger)
                entry = {"entry_order_type": OrderType.STOP_MARKET, "entry_trigger_price": price}
            orders = make.bracket(
                **common, **entry, sl_trigger_price=self.price(action.stop),
                tp_price=self.price(action.target), tp_post_only=False,
            )  # fmt: skip
            self.orders[action.number] = orders.orders[0]
            self.stops[action.number], self.targets[action.number] = orders.orders[1:]
            self.submit_order_list(orders)
            return
        if action.limit:
            order = make.limit(**common, price=self.price(action.limit))
        elif action.trigger:
            order = make.stop_market(**common, trigger_price=self.price(action.trigger))
        else:
            order = make.market(**common)
        self.orders[action.number] = order
        self.submit_order(order)

    def guard(self, number: int, held: Any, stop: float | None, target: float | None) -> None:
        """Submit levels of a position, each as an order of its own."""
        side = OrderSide.SELL if held.signed_qty > 0 else OrderSide.BUY
        common = {"instrument_id": self.instrument.id, "order_side": side}
        common |= {"quantity": held.quantity, "reduce_only": True}
        if stop:
            price = self.price(stop)
            self.stops[number] = self.order_factory.stop_market(**common, trigger_price=price)
            self.submit_order(self.stops[number], position_id=held.id)
        if target:
            price = self.price(target)
            self.targets[number] = self.order_factory.limit(**common, price=price)
            self.submit_order(self.targets[number], position_id=held.id)

    def change(self, action: Action) -> None:
        """Change, end or add levels of a position."""
        (held,) = [one for one in self.cache.positions_open() if self.name(one) == action.number]
        fresh: list[float | None] = []
        for level, orders in ((action.stop, self.stops), (action.target, self.targets)):
            order = orders.get(action.number)
            fresh.append(None if order else level)
            if order is None:
                continue
            if level is None:
                if order.parent_order_id is not None:
                    raise NotExpressibleError("a level of a bracket that ends alone")
                self.cancel_order(order)
                del orders[action.number]
            elif orders is self.stops:
                self.modify_order(order, trigger_price=self.price(level))
            else:
                self.modify_order(order, price=self.price(level))
        self.guard(action.number, held, *fresh)

    def name(self, held: Any) -> int:
        """Give the number of a position."""
        return self.names.get(held.id, 1)

    def price(self, value: float) -> Any:
        """Give a price of the instrument."""
        return self.instrument.make_price(value)

    def on_position_opened(self, event: Any) -> None:
        """Remember which order opened it, and guard it with a level that it has alone."""
        (number,) = [key for key, order in self.orders.items()
                     if order.client_order_id == event.opening_order_id]  # fmt: skip
        self.names[event.position_id] = number
        action = self.asked[number]
        if bool(action.stop) != bool(action.target):
            held = self.cache.position(event.position_id)
            self.guard(number, held, action.stop, action.target)

    def on_position_closed(self, event: Any) -> None:
        """Remember it as a trade."""
        self.closed.append(event)

    def on_order_rejected(self, event: Any) -> None:
        """Remember why."""
        self.refused = event.reason

    def on_order_denied(self, event: Any) -> None:
        """Remember why."""
        self.refused = event.reason


class Nautilus(Replay):
    """``BacktestEngine``, one for each look."""

    def hello(self) -> Json:
        """Say who answers."""
        found = version("nautilus_trader")
        return {"engine": "nautilus_trader", "version": found, "numbers": "double"}

    def commissions(self) -> tuple[str, ...]:
        """Give the kinds of commission: a rate of the value."""
        return ("rate",)

    def replay(self, terms: Terms, bars: list[Bar]) -> Shown:
        """Run an engine over the bars."""
        prices = [price for bar in bars for price in bar.prices]
        levels = [
            level
            for bar in bars
            for each in bar.actions
            for level in (each.stop, each.target, each.limit, each.trigger)
            if level
        ]
        sizes = [abs(each.size) for bar in bars for each in bar.actions]
        digits = max(decimals(each) for each in [*prices, *levels])
        instrument = pair(digits, max([0, *map(decimals, sizes)]), terms.rate)
        logs = LoggingConfig(bypass_logging=True)
        engine = BacktestEngine(config=BacktestEngineConfig(logging=logs))
        try:
            engine.add_venue(
                venue=VENUE, oms_type=OmsType.NETTING if terms.netting else OmsType.HEDGING,
                account_type=AccountType.MARGIN, base_currency=USD,
                starting_balances=[Money(Decimal(repr(terms.balance)), USD)],
                default_leverage=Decimal(repr(terms.leverage)),
            )  # fmt: skip
            engine.add_instrument(instrument)
            kind = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
            places = (digits, instrument.size_precision)
            engine.add_data([venue_bar(kind, bar, at, places) for at, bar in enumerate(bars)])
            strategy = Story(instrument, kind, bars)
            strategy.hedges = not terms.netting
            engine.add_strategy(strategy)
            engine.run()
            return shown(engine, strategy, bars)
        finally:
            engine.dispose()


def decimals(value: float) -> int:
    """Give the decimals of a number."""
    found = -int(Decimal(repr(value)).normalize().as_tuple().exponent)
    if found > DECIMALS_MAX:
        raise NotExpressibleError("more than nine decimals")
    return max(found, 0)


def pair(digits: int, size_digits: int, rate: float) -> Any:
    """Make the instrument."""
    step = Decimal(1).scaleb(-digits)
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol("A/USD"), VENUE), raw_symbol=Symbol("A/USD"),
        base_currency=BTC, quote_currency=USD, price_precision=digits,
        size_precision=size_digits, price_increment=Price(step, digits),
        size_increment=Quantity(Decimal(1).scaleb(-size_digits), size_digits),
        lot_size=None, max_quantity=None, min_quantity=None, max_notional=None, min_notional=None,
        max_price=None, min_price=None, margin_init=Decimal(1), margin_maint=Decimal(1),
        maker_fee=Decimal(repr(rate)), taker_fee=Decimal(repr(rate)), ts_event=0, ts_init=0,
    )  # fmt: skip


def venue_bar(kind: Any, bar: Bar, place: int, digits: tuple[int, int]) -> Any:
    """Make a bar of the venue; its volume is more than any order."""
    stamp = (place + 1) * MINUTE
    prices = (Price(Decimal(repr(each)), digits[0]) for each in bar.prices)
    return VenueBar(kind, *prices, Quantity(1_000_000_000, digits[1]), stamp, stamp)


def shown(engine: Any, strategy: Any, bars: list[Bar]) -> Shown:
    """Give what its cache and its portfolio have."""
    last = strategy.price(bars[-1].prices[3])
    lots = []
    cache = engine.cache
    for held in cache.positions_open():
        number = strategy.name(held)
        lots.append(
            Lot(
                number,
                held.signed_qty,
                held.avg_px_open,
                float(held.unrealized_pnl(last)),
                level_of(strategy.stops.get(number), "trigger_price"),
                level_of(strategy.targets.get(number), "price"),
                int(held.ts_opened // MINUTE) - 1,
            )
        )
    closed = [closed_of(event) for event in strategy.closed]
    account = cache.account_for_venue(VENUE)
    equity = float(account.balance_total(USD)) + sum(lot.result for lot in lots)
    # It counts a position as closed when nothing is left of it, and not each part.
    parts = len(cache.orders_closed()) > 2 * len(closed) + len(lots)
    return Shown(equity, lots, closed, strategy.refused, parts=parts)


def closed_of(event: Any) -> Closed:
    """Give a trade of the event that its position is closed."""
    size = float(event.peak_qty) * (1 if event.entry == OrderSide.BUY else -1)
    places = (int(stamp // MINUTE) - 1 for stamp in (event.ts_opened, event.ts_closed))
    gross = size * (event.avg_px_close - event.avg_px_open)
    prices = (event.avg_px_open, event.avg_px_close)
    return Closed(size, *prices, gross, float(event.realized_pnl), 0, *places)


def level_of(order: Any, name: str) -> float | None:
    """Give the price of a level that waits."""
    return float(getattr(order, name)) if order is not None and order.is_open else None


if __name__ == "__main__":
    serve(Nautilus())
