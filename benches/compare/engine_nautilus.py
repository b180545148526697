"""nautilus_trader: its backtest engine on bars, an engine for each run.

Its strategy acts at the close of a bar, and a market order is filled there. Bars and instruments
are made before the clock starts. Logs, checks of risk (they limit the orders of a second) and what
its portfolio does at each bar are off; the equity of a bar is asked by the strategy, and the
metrics are its statistics over the positions, without the frames of its analyzer.
"""

from __future__ import annotations

import platform
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from nautilus_trader import analysis
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, PortfolioConfig, RiskEngineConfig
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, CurrencyType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from engine import Call, Outcome
from works import FEE, RATE_PARTS, STOP_DECIMALS

if TYPE_CHECKING:
    from engine import Floats
    from works import Work

VENUE: Final = Venue("SIM")
DECIMALS: Final = 8
"""Of its money. Its US dollar has 2, and a fee of two basis points is no whole cent."""

MONEY: Final = Currency("FINE", DECIMALS, 0, "dollar of many decimals", CurrencyType.FIAT)
VOLUME: Final = 1_000_000_000
"""Of each bar, more than any order."""

STATISTICS: Final = [
    getattr(analysis, name)()
    for name in (
        "MaxWinner", "AvgWinner", "MinWinner", "MinLoser", "AvgLoser", "MaxLoser", "Expectancy",
        "WinRate", "ReturnsVolatility", "ReturnsAverage", "ReturnsAverageLoss", "ReturnsAverageWin",
        "SharpeRatio", "SortinoRatio", "ProfitFactor", "RiskReturnRatio",
    )
]  # fmt: skip
"""Those that its portfolio registers, but the share of longs, which is 1 here."""


class Market(NamedTuple):
    """What all runs share.

    Attributes
    ----------
    instruments : list
        One for each symbol.
    kinds : list
        Types of the bars of each.
    bars : list
        By moment, then by symbol.
    """

    instruments: list[Any]
    kinds: list[Any]
    bars: list[Any]


class Found(NamedTuple):
    """What a run gave."""

    final: float
    closed: int
    curve: list[float]
    trades: list[Any]
    figures: list[float]


class Trips(Strategy):  # type: ignore[misc]
    """Buys and closes at given bars of one symbol."""

    def __init__(self, market: Market, signals: dict[str, Any]) -> None:
        super().__init__()
        (self.instrument,), (self.kind,) = market.instruments, market.kinds
        self.entries: dict[int, Any] = signals["entries"]
        self.exits: frozenset[int] = signals["exits"]
        self.rates: tuple[float, float] | None = signals["rates"]
        self.asked: bool = signals["asked"]
        self.curve: list[float] = []
        self.bar, self.time = -1, -1
        self.money = 0.0
        self.held: Any = None

    def on_start(self) -> None:
        """Ask for the bars."""
        self.account = self.portfolio.account(VENUE)
        self.money = self.account.balance_total(MONEY).as_double()
        self.subscribe_bars(self.kind)

    def on_bar(self, bar: Any) -> None:
        """Note the equity, and look whether this bar has a signal."""
        self.bar += 1
        self.time = bar.ts_event
        held = self.held
        if self.asked:
            unrealized = 0.0 if held is None else held.unrealized_pnl(bar.close).as_double()
            self.curve.append(self.money + unrealized)
        size = self.entries.get(self.bar)
        if size is not None:
            self.enter(size, bar.close)
        elif held is not None and self.bar in self.exits:
            # The venue cancels the orders that only reduce when nothing is left of the position.
            order = self.order_factory.market(self.instrument.id, OrderSide.SELL, held.quantity)
            self.submit_order(order, position_id=held.id)

    def enter(self, size: Any, close: Any) -> None:
        """Buy, with both levels where the work has them."""
        make, name = self.order_factory, self.instrument.id
        if self.rates is None:
            self.submit_order(make.market(name, OrderSide.BUY, size))
            return
        price, (loss, profit) = close.as_double(), self.rates
        orders = make.bracket(
            name, OrderSide.BUY, size, tp_post_only=False,
            sl_trigger_price=Price(price * (1 - loss), STOP_DECIMALS),
            tp_price=Price(price * (1 + profit), STOP_DECIMALS),
        )  # fmt: skip
        self.submit_order_list(orders)

    def on_order_filled(self, event: Any) -> None:
        """Take the fee from the equity of the bar, where it was noted already."""
        if self.asked and event.ts_event == self.time:
            self.curve[-1] -= event.commission.as_double()

    def on_position_opened(self, event: Any) -> None:
        """Remember the position, and the money after its fee."""
        self.held = self.cache.position(event.position_id)
        self.money = self.account.balance_total(MONEY).as_double()

    def on_position_closed(self, event: Any) -> None:  # noqa: ARG002
        """Remember the money."""
        self.held = None
        self.money = self.account.balance_total(MONEY).as_double()

    def trades(self) -> list[Any]:
        """Give the closed positions."""
        return list(self.cache.positions_closed())


class Holdings(Strategy):  # type: ignore[misc]
    """Brings many symbols to given units when the last bar of a moment has come."""

    def __init__(self, market: Market, orders: dict[int, list[tuple[Any, Any, Any]]]) -> None:
        super().__init__()
        self.kinds, self.orders = market.kinds, orders
        self.kind_of = {
            each.id: kind for each, kind in zip(market.instruments, market.kinds, strict=True)
        }
        self.curve: list[float] = []
        self.held: list[tuple[Any, Any]] = []
        self.bar = -1

    def on_start(self) -> None:
        """Ask for the bars of the last symbol."""
        self.account = self.portfolio.account(VENUE)
        self.subscribe_bars(self.kinds[-1])

    def on_bar(self, bar: Any) -> None:  # noqa: ARG002
        """Note the equity, and send the orders of this moment."""
        self.bar += 1
        self.curve.append(self.equity())
        for name, side, size in self.orders.get(self.bar, ()):
            self.submit_order(self.order_factory.market(name, side, size))

    def equity(self) -> float:
        """Ask for the money and for what each position has won by now."""
        bar = self.cache.bar
        found: float = self.account.balance_total(MONEY).as_double() + sum(
            held.unrealized_pnl(bar(kind).close).as_double() for held, kind in self.held
        )
        return found

    def on_order_filled(self, event: Any) -> None:
        """Take the fee from the equity of the bar, which was noted before its orders."""
        self.curve[-1] -= event.commission.as_double()

    def on_position_opened(self, event: Any) -> None:
        """Remember the position."""
        held = self.cache.position(event.position_id)
        self.held.append((held, self.kind_of[event.instrument_id]))

    def trades(self) -> list[Any]:
        """Give the sales: each closes a part of a position."""
        return [each for each in self.cache.orders_closed() if each.side == OrderSide.SELL]


class Nautilus:
    """``BacktestEngine`` for each run."""

    cells_max = 100_000_000

    def __init__(self) -> None:
        Currency.register(MONEY, overwrite=True)

    def versions(self) -> dict[str, str]:
        """Give the versions of the packages that count."""
        found = {"nautilus_trader": version("nautilus_trader")}
        return found | {"python": platform.python_version()}

    def prepare(self, work: Work) -> Call:
        """Make the instruments, the bars and the signals."""
        market = market_of(work)
        if len(work.rebalances):
            orders = orders_of(work, market)

            def runs() -> list[Found]:
                return [once(work, market, Holdings(market, orders))]
        else:
            signals = [signals_of(work, run) for run in range(work.runs)]

            def runs() -> list[Found]:
                return [once(work, market, Trips(market, each)) for each in signals]

        return Call(runs, outcome, f"money of {DECIMALS} decimals, not the cents of its dollar")


def market_of(work: Work) -> Market:
    """Make the instruments and the bars; with stops its prices have their decimals."""
    digits = STOP_DECIMALS if len(work.stops) else 2
    instruments = [instrument_of(symbol, digits) for symbol in work.symbols]
    step = "1-DAY" if len(work.rebalances) else "1-MINUTE"
    kinds = [BarType.from_str(f"{each.id}-{step}-LAST-EXTERNAL") for each in instruments]
    volume = Quantity.from_int(VOLUME)
    # The same price is one object: there are some thousands of them, and it cannot be changed.
    made = {int(cents): Price(cents / 100, digits) for cents in np.unique(work.bars)}
    bars = [
        Bar(kind, *(made[cents] for cents in prices), volume, time, time)
        for time, moment in zip(
            (work.times * 1_000).tolist(), work.bars.transpose(1, 2, 0).tolist(), strict=True
        )
        for kind, prices in zip(kinds, moment, strict=True)
    ]
    return Market(instruments, kinds, bars)


def instrument_of(symbol: str, digits: int) -> Any:
    """Make an instrument that needs no margin, as the other engines have none."""
    return Equity(
        instrument_id=InstrumentId(Symbol(symbol), VENUE), raw_symbol=Symbol(symbol),
        currency=MONEY, price_precision=digits, price_increment=Price(10**-digits, digits),
        lot_size=Quantity.from_int(1), ts_event=0, ts_init=0, margin_init=Decimal(0),
        margin_maint=Decimal(0), maker_fee=Decimal(str(FEE)), taker_fee=Decimal(str(FEE)),
    )  # fmt: skip


def signals_of(work: Work, run: int) -> dict[str, Any]:
    """Give the signals of a run, by the number of the bar."""
    row = work.row(run)
    sizes = [Quantity.from_int(size) for size in work.sizes[row].tolist()]
    return {
        "entries": dict(zip(work.entries[row].tolist(), sizes, strict=True)),
        "exits": frozenset(work.exits[row].tolist()),
        "rates": tuple(work.stops[run] / RATE_PARTS) if len(work.stops) else None,
        "asked": work.record == "bar",
    }


def orders_of(work: Work, market: Market) -> dict[int, list[tuple[Any, Any, Any]]]:
    """Give the orders of each rebalancing, by the number of the bar."""
    steps = np.diff(work.sizes, axis=0, prepend=np.zeros_like(work.sizes[:1]))
    return {
        bar: [
            (
                each.id,
                OrderSide.BUY if change > 0 else OrderSide.SELL,
                Quantity.from_int(abs(change)),
            )
            for each, change in zip(market.instruments, changes, strict=True)
        ]
        for bar, changes in zip(work.rebalances.tolist(), steps.tolist(), strict=True)
    }


def once(work: Work, market: Market, strategy: Trips | Holdings) -> Found:
    """Run one account."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), run_analysis=False,
            risk_engine=RiskEngineConfig(bypass=True),
            portfolio=PortfolioConfig(bar_updates=False),
        )
    )  # fmt: skip
    try:
        engine.add_venue(
            venue=VENUE, oms_type=OmsType.NETTING if len(work.rebalances) else OmsType.HEDGING,
            account_type=AccountType.MARGIN, base_currency=MONEY,
            starting_balances=[Money(work.balance, MONEY)], default_leverage=Decimal(1),
        )  # fmt: skip
        for each in market.instruments:
            engine.add_instrument(each)
        engine.add_data(market.bars, sort=False)
        engine.add_strategy(strategy)
        engine.run()
        trades = strategy.trades()
        figures = figures_of(trades) if work.metrics else []
        final = strategy.account.balance_total(MONEY).as_double()
        if len(work.rebalances):
            # All symbols are held still.
            final = strategy.equity()
        kept = trades if work.record == "bar" else []
        return Found(final, len(trades), strategy.curve, kept, figures)
    finally:
        engine.dispose()


def figures_of(positions: list[Any]) -> list[float]:
    """Ask its statistics, which take the results and returns of closed positions."""
    results = [each.realized_pnl.as_double() for each in positions]
    returns: dict[int, float] = {}
    for each in positions:
        returns[each.ts_closed] = returns.get(each.ts_closed, 0.0) + each.realized_return
    found = []
    for each in STATISTICS:
        value = each.calculate_from_realized_pnls(results)
        found.append(each.calculate_from_returns(returns) if value is None else value)
    return found


def outcome(found: list[Found]) -> Outcome:
    """Give what the checker looks at."""
    finals: Floats = np.array([each.final for each in found])
    closed = sum(each.closed for each in found)
    curves = [np.array(each.curve) for each in found]
    return Outcome(finals, closed, [finals, *curves, np.array([each.figures for each in found])])
