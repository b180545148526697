from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, final, type_check_only

import polars as pl
import pyarrow as pa
from typing_extensions import Self, disjoint_base

from omega_portfolio import types
from omega_portfolio.instrument import Instrument
from omega_portfolio.metric_values import MetricValue, Trials
from omega_portfolio.sentinel import Unset
from omega_portfolio.types import (
    ArrowStream,
    BarsLike,
    BreakEvenLike,
    FloatPolicy,
    Mode,
    NumberLike,
    OffGrid,
    OrderType,
    PathName,
    PriceLike,
    PricesLike,
    Rounding,
    TargetsLike,
    TimeLike,
)

__all__ = [
    "AccountCore",
    "CashCore",
    "HistoryCore",
    "MarketCore",
    "PortfolioCore",
    "PositionView",
    "Receipts",
    "State",
    "Table",
    "Trade",
    "__version__",
    "build",
]

__version__: str
build: str

@disjoint_base
class Table:
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __len__(self) -> int: ...
    @property
    def schema(self) -> pa.Schema: ...
    @property
    def columns(self) -> list[str]: ...
    def select(self, columns: Sequence[str]) -> Table: ...
    def to_polars(self) -> pl.DataFrame: ...
    def to_pyarrow(self) -> pa.Table: ...
    def to_ipc(self) -> bytes: ...
    def _repr_html_(self) -> str: ...

@type_check_only
class _Analysis:
    def get_equity_curve(self, exact: bool = False) -> Table: ...
    def get_trades(self, exact: bool = False) -> Table: ...
    def _metrics(
        self,
        periods_per_year: NumberLike,
        risk_free_rate: NumberLike,
        mar: NumberLike | None,
        benchmark: ArrowStream | None,
        confidence: NumberLike,
        resample: str | None,
        trials: Trials | None,
    ) -> dict[str, MetricValue]: ...
    def _metric(
        self,
        name: str,
        periods_per_year: NumberLike,
        risk_free_rate: NumberLike,
        mar: NumberLike | None,
        benchmark: ArrowStream | None,
        confidence: NumberLike,
        resample: str | None,
        trials: Trials | None,
    ) -> MetricValue: ...
    def _rolling_metrics(
        self,
        window: int,
        names: Sequence[str],
        periods_per_year: NumberLike,
        risk_free_rate: NumberLike,
        mar: NumberLike | None,
        resample: str | None,
    ) -> Table: ...
    def _drawdowns(self, top: int | None, exact: bool, resample: str | None) -> Table: ...
    def _monthly_returns(self, resample: str | None) -> Table: ...
    def _yearly_returns(self, resample: str | None) -> Table: ...
    def _trade_analysis(self, by: str, exact: bool) -> Table: ...
    @property
    def currency(self) -> str: ...
    @property
    def backend(self) -> Literal["rust"]: ...

@type_check_only
class _Totals:
    @property
    def balance(self) -> Decimal: ...
    @property
    def equity(self) -> Decimal: ...
    @property
    def margin_used(self) -> Decimal: ...
    @property
    def free_margin(self) -> Decimal: ...
    @property
    def margin_level(self) -> Decimal | None: ...
    @property
    def unrealized_pnl(self) -> Decimal: ...
    @property
    def realized_pnl(self) -> Decimal: ...
    @property
    def time(self) -> datetime | None: ...
    @property
    def events(self) -> int: ...

@type_check_only
class _Row:
    @property
    def position_id(self) -> int: ...
    @property
    def symbol(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def size(self) -> Decimal: ...
    @property
    def entry_time(self) -> datetime: ...
    @property
    def entry_price(self) -> Decimal: ...
    @property
    def entry_fee(self) -> Decimal: ...
    @property
    def cost(self) -> Decimal: ...
    @property
    def stop_loss(self) -> Decimal | None: ...
    @property
    def take_profit(self) -> Decimal | None: ...
    @property
    def tag(self) -> str: ...
    @property
    def swap(self) -> Decimal: ...

@final
class Receipts(Table):
    @property
    def refused(self) -> Table: ...

@final
class State(_Totals):
    @property
    def positions(self) -> Table: ...
    @property
    def positions_exact(self) -> Table: ...
    def to_ipc(self) -> bytes: ...

@final
class Trade(_Row):
    @property
    def trade_id(self) -> int: ...
    @property
    def exit_time(self) -> datetime: ...
    @property
    def exit_price(self) -> Decimal: ...
    @property
    def gross_pnl(self) -> Decimal: ...
    @property
    def exit_fee(self) -> Decimal: ...
    @property
    def net_pnl(self) -> Decimal: ...
    @property
    def fx_pnl(self) -> Decimal: ...
    @property
    def slippage(self) -> Decimal: ...
    @property
    def mae(self) -> Decimal: ...
    @property
    def mfe(self) -> Decimal: ...
    @property
    def reason(self) -> str: ...

@final
class PositionView(_Row):
    @property
    def mark_price(self) -> Decimal: ...
    @property
    def unrealized_pnl(self) -> Decimal: ...
    @property
    def margin(self) -> Decimal: ...

@disjoint_base
class AccountCore(_Analysis, _Totals):
    def verify(self) -> None: ...
    def get_state(self) -> State: ...
    def get_positions(self, exact: bool = False) -> Table: ...
    def get_ledger(self, exact: bool = False) -> Table: ...
    def get_cash(self, exact: bool = False) -> Table: ...
    def get_cash_ledger(self, exact: bool = False) -> Table: ...
    def get_margin(self, exact: bool = False) -> Table: ...
    def get_orders(self, exact: bool = False) -> Table: ...
    def get_activity(self, exact: bool = False) -> Table: ...
    def get_fills(self, exact: bool = False) -> Table: ...
    def get_events(self, exact: bool = True) -> Table: ...
    def compact(self, capacity: int = 0) -> None: ...
    def calculate_margin(
        self,
        symbol: str | None = None,
        *,
        size: NumberLike | None = None,
        price: NumberLike | None = None,
    ) -> Decimal: ...
    def _attribution(self, exact: bool) -> Table: ...
    def _event_bytes(self) -> bytes: ...
    @property
    def ambiguous_count(self) -> int: ...
    @property
    def rounded_count(self) -> int: ...
    @property
    def residue(self) -> Decimal: ...
    @property
    def positions(self) -> Mapping[int, PositionView]: ...
    @property
    def digest(self) -> str: ...

class CashCore(AccountCore):
    def charge_fee(
        self, amount: NumberLike, time: TimeLike, *, position_id: int | None = None
    ) -> None: ...
    def deposit(
        self, amount: NumberLike, time: TimeLike, *, currency: str | None = None
    ) -> None: ...
    def withdraw(
        self, amount: NumberLike, time: TimeLike, *, currency: str | None = None
    ) -> None: ...
    def convert_cash(
        self,
        amount: NumberLike,
        from_currency: str,
        to_currency: str,
        time: TimeLike,
        *,
        rate: NumberLike | None = None,
    ) -> None: ...
    def charge_swap(
        self,
        symbol: str,
        time: TimeLike,
        *,
        long: NumberLike = 0,
        short: NumberLike = 0,
        kind: Literal["points", "rate", "funding"] = "points",
        multiplier: int = 1,
    ) -> None: ...
    def rollover(self, symbol: str, time: TimeLike) -> None: ...
    def dividend(
        self, symbol: str, amount: PriceLike, time: TimeLike, *, pay_time: TimeLike | None = None
    ) -> None: ...
    def split(self, symbol: str, numerator: int, denominator: int, time: TimeLike) -> None: ...

class MarketCore(CashCore):
    def mark(self, prices: PricesLike, *, time: TimeLike | None = None) -> None: ...
    def update_equity(self, time: TimeLike, prices: PricesLike | None = None) -> None: ...
    def place_order(
        self,
        symbol: str,
        side: str,
        size: NumberLike,
        time: TimeLike,
        *,
        type: OrderType = "limit",  # noqa: A002
        price: PriceLike | None = None,
        expiry: TimeLike | None = None,
        oco: str = "",
        stop_loss: PriceLike | None = None,
        take_profit: PriceLike | None = None,
        trailing: PriceLike | None = None,
        break_even: BreakEvenLike | None = None,
        targets: TargetsLike | None = None,
        exit_time: TimeLike | None = None,
        tag: str = "",
    ) -> int: ...
    def cancel_order(self, order_id: int, time: TimeLike) -> None: ...
    def process_bar(
        self, time: TimeLike, bars: BarsLike, *, path: PathName | None = None
    ) -> list[types.Trade]: ...
    def process_quotes(self, time: TimeLike, quotes: PricesLike) -> list[types.Trade]: ...
    def process_bars(self, bars: ArrowStream, *, path: PathName | None = None) -> int: ...

class PortfolioCore(MarketCore):
    def __new__(
        cls,
        initial_balance: NumberLike,
        *,
        currency: str = "USD",
        leverage: NumberLike = 1,
        mode: Mode = "hedging",
        floats: FloatPolicy = "nearest",
        capacity: int | None = None,
        rounding: Rounding = "exact",
        off_grid: OffGrid = "refuse",
        margin_call: NumberLike | None = None,
        stop_out: NumberLike | None = None,
        path: PathName = "pessimistic",
        pivot: str = "USD",
    ) -> Self: ...
    def apply(
        self,
        events: ArrowStream,
        *,
        on_error: Literal["raise", "record"] = "raise",
        exact: bool = False,
    ) -> Receipts: ...
    def register_instrument(self, instrument: Instrument) -> None: ...
    def open_position(
        self,
        symbol: str,
        side: str,
        size: NumberLike,
        price: PriceLike,
        time: TimeLike,
        *,
        stop_loss: PriceLike | None = None,
        take_profit: PriceLike | None = None,
        fee: NumberLike | None = None,
        tag: str = "",
        position_id: int | None = None,
        trailing: PriceLike | None = None,
        break_even: BreakEvenLike | None = None,
        targets: TargetsLike | None = None,
        exit_time: TimeLike | None = None,
    ) -> int: ...
    def close_position(
        self,
        position_id: int,
        price: PriceLike,
        time: TimeLike,
        *,
        size: NumberLike | None = None,
        fee: NumberLike | None = None,
        reason: str = "",
    ) -> Trade: ...
    def modify_position(
        self,
        position_id: int,
        time: TimeLike,
        *,
        stop_loss: PriceLike | Unset | None = ...,
        take_profit: PriceLike | Unset | None = ...,
        trailing: PriceLike | Unset | None = ...,
        break_even: BreakEvenLike | Unset | None = ...,
        targets: TargetsLike | Unset | None = ...,
        exit_time: TimeLike | Unset | None = ...,
    ) -> None: ...
    def close_by(
        self,
        position_id: int,
        other_id: int,
        time: TimeLike,
        *,
        size: NumberLike | None = None,
        fee: NumberLike | None = None,
    ) -> tuple[Trade, Trade]: ...

@disjoint_base
class HistoryCore(_Analysis):
    def __new__(
        cls,
        equity: ArrowStream,
        trades: ArrowStream | None = None,
        *,
        initial_balance: NumberLike | None = None,
        currency: str = "USD",
    ) -> Self: ...
