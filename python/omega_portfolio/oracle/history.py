"""A history that does not come from a portfolio: a user's own equity curve and trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from omega_portfolio.errors import InvalidAmount
from omega_portfolio.history import History
from omega_portfolio.oracle.analysis import PythonAnalysis
from omega_portfolio.oracle.currency import CURRENCY_DIGITS, check_currency
from omega_portfolio.oracle.metric_frames import (
    MONEY,
    QUANTITY,
    SIDE,
    SYMBOL,
    TEXT,
    TIME,
    Reader,
    present,
    read_column,
    read_frame,
    read_times,
    refused_time,
)
from omega_portfolio.oracle.metric_record import Point, Record, Trades, last_of_each_time
from omega_portfolio.oracle.numbers import MONEY_SCALE, plain_text, read_number
from omega_portfolio.oracle.schema import Column
from omega_portfolio.oracle.tables import PythonTable
from omega_portfolio.oracle.texts import read_flag, read_str

if TYPE_CHECKING:
    from omega_portfolio.oracle.frames import Frame
    from omega_portfolio.types import ArrowStream, NumberLike

EXPOSURES: Final = ("gross_exposure", "net_exposure")

TRADE_COLUMNS: Final[dict[str, Reader]] = {
    "symbol": SYMBOL,
    "side": SIDE,
    "size": QUANTITY,
    "entry_time": TIME,
    "entry_price": QUANTITY,
    "exit_time": TIME,
    "gross_pnl": MONEY,
    "entry_fee": MONEY,
    "exit_fee": MONEY,
    "swap": MONEY,
    "net_pnl": MONEY,
    "cost": MONEY,
    "mae": MONEY,
    "mfe": MONEY,
    "slippage": MONEY,
    "stop_loss": QUANTITY,
    "tag": TEXT,
    "reason": TEXT,
}
"""The columns of trades that are looked at, in the order of the trades table."""

NEEDED: Final = ("entry_time", "exit_time", "net_pnl")

Columns = dict[str, list[Any]]
"""Converted cells by column, in order."""


class HistoryPython(PythonAnalysis, History):
    """An equity curve and trades of somebody else, on plain Python integers.

    The constructor is that of ``omega_portfolio.History`` without ``backend``; it shares no
    code with the compiled engine, so that each can be checked with the other.

    Parameters
    ----------
    equity : Arrow table
        Columns ``time`` and ``equity``, and perhaps ``gross_exposure`` and ``net_exposure``.
    trades : Arrow table, optional
        Columns ``entry_time``, ``exit_time`` and ``net_pnl``, and perhaps others of the trades
        table. Left out, there are no trades.
    initial_balance : int, str, Decimal or float, optional
        E_0; the first row of ``equity`` when left out.
    currency : str, default "USD"
        Currency of the money.

    Raises
    ------
    InvalidArgument, InvalidFrame
        A frame is no Arrow table, or has wrong columns or cells.
    InvalidAmount, InvalidNumber, NumberOutOfRange
        The initial balance is negative, no number, or too large.
    InvalidCurrency
        The currency is not known.
    """

    __slots__ = ("_currency", "_equity", "_initial_balance", "_trades")

    _equity: Columns
    _trades: Columns | None
    _initial_balance: int | None
    _currency: str

    # Like a portfolio, a history has no __init__: the class that chooses a backend calls it again.
    def __new__(
        cls,
        equity: ArrowStream,
        trades: ArrowStream | None = None,
        initial_balance: NumberLike | None = None,
        currency: str = "USD",
    ) -> HistoryPython:
        """Read the frames and check the rest."""
        self = object.__new__(cls)
        self._equity = _read_equity(equity)
        self._trades = None if trades is None else _read_trades(trades)
        self._initial_balance = None
        if initial_balance is not None:
            self._initial_balance = _read_balance(initial_balance)
        self._currency = read_str("currency", currency)
        check_currency("currency", self._currency)
        return self

    @property
    def currency(self) -> str:
        """Currency of the money."""
        return self._currency

    @property
    def backend(self) -> Literal["python"]:
        """The implementation behind this object."""
        return "python"

    def get_equity_curve(self, exact: bool = False) -> PythonTable:  # noqa: FBT001, FBT002
        """Return the rows of equity as they were read, with the columns that are looked at."""
        readers = dict.fromkeys(self._equity, MONEY) | {"time": TIME}
        return _table(self._equity, readers, exact=read_flag("exact", exact))

    def get_trades(self, exact: bool = False) -> PythonTable:  # noqa: FBT001, FBT002
        """Return the trades as they were read, with the columns that are looked at."""
        columns = {name: [] for name in NEEDED} if self._trades is None else self._trades
        return _table(columns, TRADE_COLUMNS, exact=read_flag("exact", exact))

    def _record(self) -> Record:
        """Put the columns together."""
        times = self._equity["time"]
        unknown = [None] * len(times)
        gross, net = (self._equity.get(name, unknown) for name in EXPOSURES)
        points = [
            Point(*cells) for cells in zip(times, self._equity["equity"], gross, net, strict=True)
        ]
        start = None
        if self._initial_balance is not None and times:
            # Where a column of exposure is not known, that of the start is not either.
            flat = [0 if name in self._equity else None for name in EXPOSURES]
            start = Point(times[0], self._initial_balance, *flat)
        trades = Trades.none()
        if self._trades is not None and self._trades["net_pnl"]:
            # Only with a row can a column be missing: every sum over no trade is known.
            trades = Trades(**self._trades)
        return Record(
            digits=CURRENCY_DIGITS[self._currency],
            start=start,
            points=last_of_each_time(points),
            trades=trades,
            open_entries=[],
            net_deposits=0,
            commission=_commission(trades),
            # A frame without the column has no swaps.
            swap=sum(trades.swap or ()),
        )


def _read_equity(equity: object) -> Columns:
    frame = read_frame("equity", equity)
    columns: Columns = {"time": read_times(frame), "equity": read_column(frame, "equity", MONEY)}
    for name in present(frame, EXPOSURES):
        columns[name] = read_column(frame, name, MONEY)
    return columns


def _read_trades(trades: object) -> Columns:
    frame = read_frame("trades", trades)
    names = set(NEEDED) | set(present(frame, list(TRADE_COLUMNS)))
    columns = {
        name: read_column(frame, name, reader)
        for name, reader in TRADE_COLUMNS.items()
        if name in names
    }
    _entry_comes_first(frame, columns)
    return columns


def _entry_comes_first(frame: Frame, columns: Columns) -> None:
    """Refuse a trade that ends before it begins."""
    pairs = zip(columns["entry_time"], columns["exit_time"], strict=True)
    for row, (entry_time, exit_time) in enumerate(pairs):
        if exit_time < entry_time:
            raise refused_time(frame, ("exit_time", row), exit_time, "is before the entry_time")


def _read_balance(initial_balance: object) -> int:
    balance = read_number("initial_balance", initial_balance, MONEY_SCALE, "nearest")
    if balance < 0:
        raise InvalidAmount(
            "initial_balance",
            plain_text(balance, MONEY_SCALE),
            "must not be negative",
            "start with 0 or more",
        )
    return balance


def _commission(trades: Trades) -> int | None:
    """Sum up the fees of the trades, if both columns are known."""
    if trades.entry_fee is None or trades.exit_fee is None:
        return None
    return sum(trades.entry_fee) + sum(trades.exit_fee)


def _table(columns: Columns, readers: dict[str, Reader], *, exact: bool) -> PythonTable:
    declared = [Column(name, readers[name].kind, nullable=False) for name in columns]
    lists = list(columns.values())
    return PythonTable(declared, lists, len(lists[0]), exact=exact)
