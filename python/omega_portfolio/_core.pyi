from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from os import PathLike
from typing import Literal, final

import polars as pl
import pyarrow as pa
from typing_extensions import Self, disjoint_base

from omega_portfolio import types
from omega_portfolio._core_parts import Analysis, Cancels, Durable, Past, Row, Totals
from omega_portfolio.instrument import Instrument
from omega_portfolio.recovery import SyncMode
from omega_portfolio.rust import PortfolioRust
from omega_portfolio.sentinel import Unset
from omega_portfolio.terms import Commission, Slippage, Swap
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
    "Batch",
    "BatchTables",
    "CashCore",
    "HistoryCore",
    "JournalCore",
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

@final
class Receipts(Table):
    @property
    def refused(self) -> Table: ...

@final
class State(Totals):
    @property
    def positions(self) -> Table: ...
    @property
    def positions_exact(self) -> Table: ...
    def to_ipc(self) -> bytes: ...

@final
class Trade(Row):
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
class PositionView(Row):
    @property
    def mark_price(self) -> Decimal: ...
    @property
    def unrealized_pnl(self) -> Decimal: ...
    @property
    def margin(self) -> Decimal: ...

@disjoint_base
class AccountCore(Analysis, Past, Totals):
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

@disjoint_base
class JournalCore(AccountCore, Durable): ...

class CashCore(JournalCore):
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
        journal: str | PathLike[str] | None = None,
        sync: SyncMode | None = None,
        sync_interval_ms: int = 100,
        snapshot_every: int | None = None,
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
class HistoryCore(Analysis):
    def __new__(
        cls,
        equity: ArrowStream,
        trades: ArrowStream | None = None,
        *,
        initial_balance: NumberLike | None = None,
        currency: str = "USD",
    ) -> Self: ...

@final
class Batch:
    def __new__(
        cls,
        bars: ArrowStream,
        orders: ArrowStream,
        params: ArrowStream | None = None,
        *,
        instruments: Sequence[Instrument] = (),
        commission: Commission | None = None,
        slippage: Slippage | None = None,
        swap: Swap | None = None,
        labels: Sequence[str] = (),
        fill: Literal["next_open", "close"] = "next_open",
        floats: FloatPolicy = "nearest",
        initial_balance: NumberLike,
        currency: str = "USD",
        leverage: NumberLike = 1,
        mode: Mode = "hedging",
        rounding: Rounding = "exact",
        off_grid: OffGrid = "refuse",
        margin_call: NumberLike | None = None,
        stop_out: NumberLike | None = None,
        path: PathName = "pessimistic",
        pivot: str = "USD",
        periods_per_year: NumberLike = 252,
        risk_free_rate: NumberLike = 0,
        mar: NumberLike | None = None,
        confidence: NumberLike = 0.05,
        resample: str | None = None,
        prepared: bool = False,
    ) -> Self: ...
    def __len__(self) -> int: ...
    def prepared_bars(self) -> Table: ...
    @property
    def run_ids(self) -> list[int]: ...
    @property
    def moments(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    def run(
        self,
        first: int,
        count: int,
        *,
        threads: int | None = None,
        record: Literal["bar", "1d", "none"] = "bar",
        equity_columns: Literal["equity", "all"] = "equity",
        trades: bool = True,
        metrics: bool = True,
        exact: bool = False,
        digest: bool = False,
        on_error: Literal["record", "raise"] = "record",
        progress: Callable[[int], object] | None = None,
        cancel: Cancels | None = None,
    ) -> BatchTables: ...
    def portfolio(self, place: int) -> PortfolioRust: ...

@final
class BatchTables:
    def __len__(self) -> int: ...
    @property
    def equity(self) -> Table: ...
    @property
    def trades(self) -> Table: ...
    @property
    def metrics(self) -> Table: ...
    @property
    def final(self) -> Table: ...
    @property
    def rejected(self) -> Table: ...
    @property
    def done(self) -> int: ...
    @property
    def complete(self) -> bool: ...
