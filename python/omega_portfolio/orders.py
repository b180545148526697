"""Orders of a run, checked as a whole and put in the order in which they will be executed.

One row is one order. The columns time, symbol, action, side and size must be there, the
others may be; an empty cell means "not given".

===========  =======================  ===============================================
action       cells that it needs      cells that it may have
===========  =======================  ===============================================
open         symbol, side, size       price, stop_loss, take_profit, fee, key, tag
close        key                      symbol, size (empty: all that is left), price, fee, tag
modify       key                      symbol, stop_loss, take_profit
fee          fee                      symbol, key (empty: a fee of the account)
deposit      amount
withdraw     amount
===========  =======================  ===============================================

* ``time`` is when the order is given. An order with a ``price`` is executed at that price
  and time. An open or close without one is filled by the first bar of its symbol at or after
  its time, at that bar's open (``fill="next_open"``) or close (``fill="close"``), and gets
  that bar's time. The time of a bar is the moment it opens, so an order that was computed
  from a bar's close needs a later time than that bar, or it trades on what it cannot know.
* ``key`` is your own name of a position: an open sets it, the others refer to it. A key
  names one position; it cannot be used again.
* In a modify an empty level stays as it is and 0 removes it. In an open 0 means none.
* ``fee`` is money and may be negative (a rebate); ``amount`` is money.
* The tag of a close is stored as the reason of the trade.
* Levels are recorded and checked, not triggered: a position is closed by close orders only.

Rows must be in the order of time. Orders of the same time are executed in the order of their
rows, before the account is valued at the closes of that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from omega_portfolio.cells import CellError, check_symbol, check_text, time_text
from omega_portfolio.file_columns import (
    decimal_column,
    money_column,
    refuse_nulls,
    text_column,
    time_column,
)
from omega_portfolio.files import expect_columns
from omega_portfolio.market import refuse_off_grid

if TYPE_CHECKING:
    from decimal import Decimal

    from omega_portfolio.files import Source
    from omega_portfolio.market import Market

Fill: TypeAlias = Literal["next_open", "close"]
"""Price of an order without one: the open or the close of the bar that fills it."""

REQUIRED: Final = ("time", "symbol", "action", "side", "size")
OPTIONAL: Final = ("price", "stop_loss", "take_profit", "fee", "amount", "key", "tag")
ORDER_COLUMNS: Final = (*REQUIRED, *OPTIONAL)

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "open": ("symbol", "side", "size"),
    "close": ("key",),
    "modify": ("key",),
    "fee": ("fee",),
    "deposit": ("amount",),
    "withdraw": ("amount",),
}
_TAKES: Final[dict[str, tuple[str, ...]]] = {
    "open": ("price", "stop_loss", "take_profit", "fee", "key", "tag"),
    "close": ("symbol", "size", "price", "fee", "tag"),
    "modify": ("symbol", "stop_loss", "take_profit"),
    "fee": ("symbol", "key"),
    "deposit": (),
    "withdraw": (),
}
_SIDES: Final = ("long", "short", "buy", "sell")
_TRADES: Final = ("open", "close")


@dataclass(frozen=True, slots=True)
class Order:
    """One checked order; None where a cell is empty.

    Attributes
    ----------
    row : int
        Row in the file, from 0.
    time : int
        When it is executed, in microseconds since 1970 UTC.
    action, symbol, side, key, tag : str
        As given; "" when empty. The symbol of a key is filled in.
    size, price, stop_loss, take_profit : Decimal or None
        The price of a fill is filled in.
    money : Decimal
        The fee, or the amount of a deposit or withdrawal; 0 when empty.
    """

    row: int
    time: int
    action: str
    symbol: str
    side: str
    key: str
    tag: str
    size: Decimal | None
    price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    money: Decimal | int


def check_orders(source: Source, market: Market, fill: Fill = "next_open") -> list[Order]:
    """Check orders against the market and put them in the order of execution.

    Parameters
    ----------
    source : Source
        The rows; none at all is fine.
    market : Market
        The bars that fill them.
    fill : {"next_open", "close"}, default "next_open"
        Price of an order without one.

    Returns
    -------
    list of Order
        By time of execution, then by row.

    Raises
    ------
    InvalidFrame
        A column or a cell breaks a rule of this module; it names the row and the column.

    Examples
    --------
    >>> import polars as pl
    >>> from omega_portfolio.files import Source
    >>> from omega_portfolio.market import check_market
    >>> from omega_portfolio.orders import check_orders
    >>> bar = {"time": "2000-03-02", "symbol": "ACME", "open": 2, "high": 3, "low": 1, "close": 3}
    >>> market = check_market(Source("bars", pl.DataFrame([bar])))
    >>> order = {"time": "2000-03-01", "symbol": "ACME", "action": "open"}
    >>> rows = pl.DataFrame([order | {"side": "long", "size": "10"}])
    >>> check_orders(Source("orders", rows), market)
    Traceback (most recent call last):
    omega_portfolio.errors.InvalidFrame: [4030] orders: row 1, column time=2000-03-01: \
is before the first bar of ACME, 2000-03-02; give orders while there are bars
    >>> rows = rows.with_columns(time=pl.lit("2000-03-02"))
    >>> check_orders(Source("orders", rows), market)[0].price
    Decimal('2.000000000')
    """
    expect_columns(source, REQUIRED, OPTIONAL)
    cells = _cells(source)
    _check_cells(source, cells)
    _name_symbols(source, cells, market)
    _check_grid(source, cells, market)
    orders = _filled(source, cells, market, fill)
    orders.sort(key=lambda order: (order.time, order.row))
    _check_keys(source, orders)
    return orders


Cells: TypeAlias = "dict[str, list[Any]]"


def _cells(source: Source) -> Cells:
    """Read every column; one that is not there is empty in every row."""
    frame = source.frame
    cells: Cells = {name: [None] * frame.height for name in OPTIONAL}
    times = refuse_nulls(source, "time", time_column(source, "time"))
    for row in (times < times.shift(1)).fill_null(value=False).arg_true().to_list()[:1]:
        rule = f"is before the order above it, {time_text(times[row - 1])}"
        error = CellError(rule, "sort the rows by time")
        source.refuse(row, "time", error)
    cells["time"] = times.to_list()
    checks = {"symbol": check_symbol, "action": check_text, "side": check_text}
    checks |= {"key": check_text, "tag": check_text}
    for name, check in checks.items():
        if name in frame.columns:
            cells[name] = text_column(source, name, check).to_list()
    for name in ("size", "price", "stop_loss", "take_profit"):
        if name in frame.columns:
            cells[name] = decimal_column(source, name).to_list()
    for name in ("fee", "amount"):
        if name in frame.columns:
            cells[name] = money_column(source, name)
    return cells


def _check_cells(source: Source, cells: Cells) -> None:
    """Check each row by itself: what its action needs and takes, and the ranges."""
    for row, action in enumerate(cells["action"]):
        if action not in _NEEDS:
            error = CellError("is no action", f"write one of {', '.join(_NEEDS)}")
            source.refuse(row, "action", error)
        needs, takes = _NEEDS[action], _TAKES[action]
        for name in ORDER_COLUMNS[3:]:
            value = cells[name][row]
            if name in needs and value is None:
                error = CellError(f"is needed by the action {action}", "fill the cell")
                source.refuse(row, name, error)
            # A zero is what a numeric column without nulls holds where there is nothing.
            if value and name not in needs and name not in takes:
                error = CellError(f"is not taken by the action {action}", "empty the cell")
                source.refuse(row, name, error)
        if action == "open" and cells["symbol"][row] is None:
            source.refuse(row, "symbol", CellError("is needed by an open", "fill the cell"))
        if action in {"deposit", "withdraw"} and cells["symbol"][row] is not None:
            error = CellError(f"is not taken by the action {action}", "empty the cell")
            source.refuse(row, "symbol", error)
        _check_ranges(source, cells, row)


def _check_ranges(source: Source, cells: Cells, row: int) -> None:
    action, side = cells["action"][row], cells["side"][row]
    if side is not None and side not in _SIDES:
        error = CellError("is no side", f"write one of {', '.join(_SIDES)}")
        source.refuse(row, "side", error)
    for name in ("size", "price", "amount"):
        value = cells[name][row]
        used = name in _NEEDS[action] or name in _TAKES[action]
        if used and value is not None and value <= 0:
            rule = "must be greater than 0"
            source.refuse(row, name, CellError(rule, "correct the cell, or empty it"))
    levels = [cells[name][row] for name in ("stop_loss", "take_profit")]
    for name, level in zip(("stop_loss", "take_profit"), levels, strict=True):
        if level is not None and level < 0:
            error = CellError("must not be negative", "write a price, or 0 for none")
            source.refuse(row, name, error)
    if action == "modify" and levels == [None, None]:
        error = CellError("or take_profit is needed by the action modify", "fill one of them")
        source.refuse(row, "stop_loss", error)
    if action == "fee" and cells["fee"][row] == 0:
        error = CellError("must not be 0", "write the amount, negative for a rebate")
        source.refuse(row, "fee", error)


def _name_symbols(source: Source, cells: Cells, market: Market) -> None:
    """Fill in the symbol of each key, and check that symbols have bars and keys a position."""
    opened: dict[str, int] = {}
    for row, (action, key) in enumerate(zip(cells["action"], cells["key"], strict=True)):
        if action != "open" or key is None:
            continue
        if key in opened:
            rule = f"is already the key of the open in row {opened[key] + 1}"
            source.refuse(row, "key", CellError(rule, "give every position its own key"))
        opened[key] = row
    for row, (symbol, key) in enumerate(zip(cells["symbol"], cells["key"], strict=True)):
        if symbol is not None and symbol not in market.spans:
            remedy = f"give bars of it, or use one of {_some(list(market.spans))}"
            error = CellError(f"has no bars in {market.name}", remedy)
            source.refuse(row, "symbol", error)
        if key is None:
            continue
        if key not in opened:
            error = CellError("is the key of no open", "write the key that an open has set")
            source.refuse(row, "key", error)
        known = cells["symbol"][opened[key]]
        if symbol not in (None, known):
            rule = f"is not the symbol of the position {key}, {known}"
            source.refuse(row, "symbol", CellError(rule, "correct the symbol or the key"))
        cells["symbol"][row] = known


def _some(names: list[str]) -> str:
    """Name up to five, and say that there are more."""
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _check_grid(source: Source, cells: Cells, market: Market) -> None:
    """Check prices and sizes against the decimals of their instruments."""
    import polars as pl

    if not market.instruments:
        return
    number = pl.Decimal(38, 9)
    names = ("size", "price", "stop_loss", "take_profit")
    schema = {"symbol": pl.String} | dict.fromkeys(names, number)
    frame = pl.DataFrame({name: cells[name] for name in schema}, schema=schema)
    frame = frame.with_row_index("row")
    for symbol, (_, instrument) in market.instruments.items():
        mine = frame.filter(symbol=symbol)
        for name in names:
            size = name == "size"
            decimals = instrument.size_decimals if size else instrument.price_decimals
            refuse_off_grid(source, mine, name, decimals)


def _filled(source: Source, cells: Cells, market: Market, fill: Fill) -> list[Order]:
    """Give each order its time and price of execution."""
    import polars as pl

    wanted = pl.DataFrame(
        {"time": cells["time"], "symbol": cells["symbol"]},
        schema={"time": pl.Int64, "symbol": pl.String},
    )
    price = "open" if fill == "next_open" else "close"
    bars = market.bars.select("time", "symbol", fill_time="time", fill_price=price)
    # Both sides are sorted by time, which Polars cannot see when it also matches symbols.
    found = wanted.join_asof(
        bars, on="time", by="symbol", strategy="forward", check_sortedness=False
    )
    fills = zip(found["fill_time"].to_list(), found["fill_price"].to_list(), strict=True)
    orders = []
    for row, (fill_time, fill_price) in enumerate(fills):
        _check_time(source, cells, row, market)
        order = {name: values[row] for name, values in cells.items()}
        if order["action"] in _TRADES and order["price"] is None:
            order |= {"time": fill_time, "price": fill_price}
        money = order.pop("fee") or order.pop("amount", None) or 0
        order.pop("amount", None)
        texts = {name: order[name] or "" for name in ("symbol", "side", "key", "tag")}
        orders.append(Order(row=row, money=money, **(order | texts)))
    return orders


def _check_time(source: Source, cells: Cells, row: int, market: Market) -> None:
    """Refuse an order outside the bars: of its symbol for a trade, of all otherwise."""
    time, symbol = cells["time"][row], cells["symbol"][row]
    first, last, whose = market.first, market.last, ""
    if cells["action"][row] in _TRADES:
        (first, last), whose = market.spans[symbol], f" of {symbol}"
    if time < first:
        rule = f"is before the first bar{whose}, {time_text(first)}"
    elif time > last:
        rule = f"is after the last bar{whose}, {time_text(last)}"
    else:
        return
    error = CellError(rule, "give orders while there are bars")
    source.refuse(row, "time", error)


def _check_keys(source: Source, orders: list[Order]) -> None:
    """Follow every key through the orders: it must be held, and hold what is closed."""
    opening = {order.key: order for order in orders if order.action == "open"}
    held: dict[str, Decimal] = {}
    closed: dict[str, int] = {}
    for order in orders:
        key = order.key
        if order.action == "open" and order.size is not None:
            held[key] = order.size
            continue
        if not key:
            continue
        if key in closed:
            rule = f"is a position that row {closed[key] + 1} has closed"
            error = CellError(rule, "use the key of a position that is open")
            source.refuse(order.row, "key", error)
        if key not in held:
            later = opening[key]
            rule = f"is a position that opens later, at {time_text(later.time)}"
            error = CellError(f"{rule} (row {later.row + 1})", "correct the time or the key")
            source.refuse(order.row, "key", error)
        if order.action == "close":
            _close_key(source, order, held, closed)


def _close_key(
    source: Source, order: Order, held: dict[str, Decimal], closed: dict[str, int]
) -> None:
    key = order.key
    size = held[key] if order.size is None else order.size
    if size > held[key]:
        rule = f"is more than the {format(held[key].normalize(), 'f')} that {key} holds"
        error = CellError(rule, "close less, or empty the cell to close all")
        source.refuse(order.row, "size", error)
    if size == held[key]:
        closed[key] = order.row
    held[key] -= size


__all__ = ["ORDER_COLUMNS", "Fill", "Order", "check_orders"]
