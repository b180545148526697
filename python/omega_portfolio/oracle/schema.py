"""The columns of the tables, declared once (SPEC section 7, E9, E10), and their rows in memory."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple, TypeAlias


class Kind(Enum):
    """What a column holds; the value is the scale of a number."""

    MONEY = 18
    QUANTITY = 9
    ID = "u64"
    TIME = "time"
    TEXT = "text"
    FLOAT = "f64"
    SMALL = "i32"
    DURATION = "duration"
    FLAG = "bool"
    NUMBER = "u32"


class Column(NamedTuple):
    """Name and kind of a column."""

    name: str
    kind: Kind
    nullable: bool


Cell: TypeAlias = int | float | str | None
"""Numbers are raw integers, times and durations microseconds, statistics floats; None is a null,
in a nullable column."""

Row: TypeAlias = tuple[Cell, ...]


def _columns(text: str) -> tuple[Column, ...]:
    """Read ``name kind`` pairs, with the letters of SPEC section 7; ``?`` is nullable."""
    kinds = {
        "m": Kind.MONEY,
        "p": Kind.QUANTITY,
        "q": Kind.QUANTITY,
        "u64": Kind.ID,
        "time": Kind.TIME,
        "text": Kind.TEXT,
        "f64": Kind.FLOAT,
        "i32": Kind.SMALL,
        "duration": Kind.DURATION,
        "bool": Kind.FLAG,
        "u32": Kind.NUMBER,
    }
    pairs = (pair.split() for pair in text.split(","))
    return tuple(
        Column(name, kinds[kind.removesuffix("?")], kind.endswith("?")) for name, kind in pairs
    )


EQUITY: Final = _columns(
    "time time, equity m, balance m, unrealized_pnl m, margin_used m, gross_exposure m, "
    "net_exposure m"
)

TRADES: Final = _columns(
    "trade_id u64, position_id u64, symbol text, side text, size q, entry_time time, "
    "entry_price p, exit_time time, exit_price p, gross_pnl m, entry_fee m, exit_fee m, swap m, "
    "net_pnl m, cost m, mae m, mfe m, fx_pnl m, slippage m, stop_loss p, take_profit p, "
    "tag text, reason text"
)

MOMENTS: Final = _columns(
    "time time, seq u64, equity m, balance m, unrealized_pnl m, margin_used m, "
    "gross_exposure m, net_exposure m, open_positions u64"
)

LEDGER: Final = _columns(
    "event u64, time time, kind text, symbol text, position_id u64, amount m, balance m, residue m"
)

CASH: Final = _columns(
    "currency text, amount m, rate m, cost m, value m, unrealized_pnl m, path text"
)

CASH_LEDGER: Final = _columns(
    "event u64, time time, kind text, currency text, amount m, rate m, value m, balance m"
)

MARGIN: Final = _columns(
    "symbol text, model text, base text, currency text, long_size q, short_size q, "
    "hedged_size q, basis m, margin_native m, rate m, margin m"
)

ACTIVITY: Final = _columns(
    "event u64, time time, kind text, order_id u64, position_id u64, symbol text, size q, "
    "price p, detail text"
)

FILLS: Final = _columns(
    "event u64, time time, position_id u64, order_id u64, symbol text, side text, size q, "
    "price p, fee m, realized m, liquidity text, reason text"
)

POSITIONS: Final = _columns(
    "position_id u64, symbol text, side text, size q, entry_time time, entry_price p, "
    "stop_loss p, take_profit p, mark_price p, cost m, unrealized_pnl m, margin m, "
    "entry_fee m, swap m, tag text"
)

ORDERS: Final = _columns(
    "order_id u64, position_id u64, symbol text, side text, kind text, price p, size q, "
    "time time?, oco text, tag text"
)

ATTRIBUTION: Final = _columns(
    "position_id u64, symbol text, side text, status text, price_pnl m, fx m, fee m, swap m, "
    "dividend m, cash m, rounding m, total m"
)

RECEIPTS: Final = _columns("row u64, position_id u64, order_id u64, realized m, fee m, balance m")

REFUSED: Final = _columns("row u64, code u64, message text")

EVENTS: Final = _columns(
    "event u64, action text, time time?, symbol text?, side text?, size q?, price p?, bid p?, "
    "ask p?, stop_loss p?, take_profit p?, position_id u64?, fee m?, amount m?, tag text?, "
    "reason text?, price_decimals u64?, size_decimals u64?, contract_size q?, leverage q?, "
    "quote_currency text?, terms text?, trailing p?, break_even p?, break_even_offset p?, "
    "targets text?, exit_time time?, type text?, expiry time?, oco text?, order_id u64?, "
    "other_id u64?, open p?, high p?, low p?, close p?, spread p?, path text?, currency text?, "
    "from_currency text?, to_currency text?, rate m?, kind text?, long p?, short p?, "
    "multiplier u64?, pay_time time?, numerator u64?, denominator u64?"
)

DRAWDOWNS: Final = _columns(
    "peak_time time, valley_time time, recovery_time time?, depth f64, amount m, duration duration"
)

MONTHLY_RETURNS: Final = _columns("year i32, month i32, return f64")

YEARLY_RETURNS: Final = _columns("year i32, return f64")

TRADE_ANALYSIS: Final = _columns(
    "trade_count u64, winning_trade_count u64, losing_trade_count u64, win_rate f64, net_pnl m, "
    "gross_profit m, gross_loss m, fees m, profit_factor f64?, expectancy f64, average_win f64?, "
    "average_loss f64?, average_mae f64, average_mfe f64, average_duration duration"
)
"""Behind the key, which has the name of the grouping."""

RUN_ID: Final = _columns("run_id u32")
"""In front of the columns of every table of a batch (R10)."""

FINAL: Final = _columns(
    "status text, event_count u64, trade_count u64, open_count u64, order_count u64, "
    "ambiguous_count u64, balance m, equity m, unrealized_pnl m, realized_pnl m, margin_used m, "
    "free_margin m, margin_level m?, digest text?"
)

REJECTED: Final = _columns(
    "row u64?, time time, symbol text, action text, code u64, error text, argument text, "
    "message text"
)


class Rows:
    """The rows of a table as one list per column; rows are appended and never changed (B1)."""

    __slots__ = ("_appends", "columns", "lists")

    columns: tuple[Column, ...]
    lists: tuple[list[Cell], ...]

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.columns = columns
        self.lists = tuple([] for _ in columns)
        self._appends = tuple(cells.append for cells in self.lists)

    def append(self, row: Row) -> None:
        """Append one row, a cell for each column."""
        for append, cell in zip(self._appends, row, strict=True):
            append(cell)

    def cut(self, length: int) -> None:
        """Take back the rows of an event that is refused."""
        for cells in self.lists:
            del cells[length:]

    def overwrite(self, name: str, start: int, cell: Cell) -> None:
        """Set a column of the rows of an event that is under way."""
        cells = self._cells(name)
        cells[start:] = [cell] * (len(cells) - start)

    def __len__(self) -> int:
        return len(self.lists[0])

    def row(self, index: int) -> Row:
        """Give one row; -1 is the last."""
        return tuple(cells[index] for cells in self.lists)

    def numbers(self, name: str) -> list[int]:
        """Give the cells of a column of numbers, times or ids."""
        return [cell for cell in self._cells(name) if isinstance(cell, int)]

    def texts(self, name: str) -> list[str]:
        """Give the cells of a column of texts."""
        return [cell for cell in self._cells(name) if isinstance(cell, str)]

    def _cells(self, name: str) -> list[Cell]:
        names = [column.name for column in self.columns]
        return self.lists[names.index(name)]
