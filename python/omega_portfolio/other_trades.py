"""Closed trades as exact fractions, out of a portfolio or out of another engine's table."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from omega_portfolio.errors import InvalidFrame, describe
from omega_portfolio.one_reading import read_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import ArrowStream

NEEDED: Final = (
    "symbol",
    "side",
    "size",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
)
RESULTS: Final = ("net_pnl", "gross_pnl")
READ: Final = (*NEEDED, *RESULTS, "fees", "swap")
SIDES: Final = {"long": "long", "buy": "long", "short": "short", "sell": "short"}
ZERO: Final = Fraction(0)


class Fill(NamedTuple):
    """A closed trade, or several closes of one position."""

    numbers: tuple[int, ...]
    """Of ours the trade ids, of theirs the row."""
    position_id: int
    symbol: str
    side: str
    size: Fraction
    entry_time: datetime
    entry_price: Fraction
    exit_time: datetime
    exit_price: Fraction
    fees: Fraction
    swap: Fraction
    net: Fraction
    multiplier: Fraction
    """Account currency for a move of 1 in the price of a size of 1."""

    @property
    def trade(self) -> tuple[str, str]:
        """What two trades have to share."""
        return self.symbol, self.side


def ours(portfolio: Portfolio) -> list[Fill]:
    """Read the trades of a portfolio."""
    rows = portfolio.get_trades(exact=True).to_polars().rows(named=True)
    known: dict[str, Fraction] = {}
    fills = []
    for row in rows:
        sign = 1 if row["side"] == "long" else -1
        size, gross = Fraction(row["size"]), Fraction(row["gross_pnl"])
        move = sign * size * (Fraction(row["exit_price"]) - Fraction(row["entry_price"]))
        # Out of the trade itself, so that contract size and rate of exchange are in it.
        if move:
            known[row["symbol"]] = gross / move
        fills.append(
            Fill(
                (row["trade_id"],),
                row["position_id"],
                row["symbol"],
                row["side"],
                size,
                row["entry_time"],
                Fraction(row["entry_price"]),
                row["exit_time"],
                Fraction(row["exit_price"]),
                Fraction(row["entry_fee"]) + Fraction(row["exit_fee"]),
                Fraction(row["swap"]),
                Fraction(row["net_pnl"]),
                known.get(row["symbol"], Fraction(1)),
            )
        )
    # A trade whose prices are equal says nothing of its multiplier; another one of its symbol does.
    return [
        fill
        if fill.entry_price != fill.exit_price
        else fill._replace(multiplier=known.get(fill.symbol, Fraction(1)))
        for fill in fills
    ]


def merged(fills: Sequence[Fill]) -> Fill:
    """Give the closes of a position as one trade at the mean of their exit prices."""
    last = fills[-1]
    size = sum((fill.size for fill in fills), ZERO)
    return last._replace(
        numbers=tuple(number for fill in fills for number in fill.numbers),
        size=size,
        exit_price=sum((fill.size * fill.exit_price for fill in fills), ZERO) / size,
        fees=sum((fill.fees for fill in fills), ZERO),
        swap=sum((fill.swap for fill in fills), ZERO),
        net=sum((fill.net for fill in fills), ZERO),
    )


def theirs(trades: ArrowStream, columns: Mapping[str, str]) -> list[Fill]:
    """Read the trades of another engine.

    Raises
    ------
    InvalidFrame
        A column is missing or twice, or a cell cannot be read.
    """
    cells = _cells(read_once(trades, "trades"), columns)
    rows = zip(*cells.values(), strict=True)
    return [_fill(number, dict(zip(cells, row, strict=True))) for number, row in enumerate(rows)]


def _cells(table: pa.Table, columns: Mapping[str, str]) -> dict[str, list[Any]]:
    """Give the columns that are read, by the names that they have here."""
    for name in columns:
        if name not in table.column_names:
            raise _refused(f"column {name}", "is missing")
    names = [columns.get(name, name) for name in table.column_names]
    for name in READ:
        if names.count(name) > 1:
            raise _refused(f"column {name}", "is there twice")
    for name in NEEDED:
        if name not in names:
            raise _refused(f"column {name}", "is missing")
    if not any(name in names for name in RESULTS):
        raise _refused("column net_pnl", "is missing, and gross_pnl as well")
    places = {name: names.index(name) for name in READ if name in names}
    return {name: _column(table.column(place), name) for name, place in places.items()}


def _column(column: pa.ChunkedArray, name: str) -> list[Any]:
    import pyarrow as pa

    try:
        column.validate(full=True)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us", column.type.tz))
        return column.to_pylist()  # type: ignore[no-any-return]
    # A zone that nobody knows is a ValueError, and so is a text that is none.
    except (pa.ArrowException, ValueError, OverflowError, KeyError) as error:
        raise _refused(f"column {name}", f"cannot be read: {error}") from error


def _fill(number: int, row: Mapping[str, Any]) -> Fill:
    def cell(name: str) -> Fraction | None:
        return None if row.get(name) is None else _number(row[name], (number, name))

    def needed(name: str) -> Fraction:
        found = cell(name)
        if found is None:
            raise _refused(f"row {number}, column {name}", "must not be null")
        return found

    side = SIDES.get(str(row["side"]).lower())
    if side is None:
        raise _refused(
            f"row {number}, column side: {describe(row['side'])}", "must be long or short"
        )
    if not isinstance(row["symbol"], str):
        raise _refused(f"row {number}, column symbol", "must be a text")
    gross, net = cell("gross_pnl"), cell("net_pnl")
    swap, fees = cell("swap") or ZERO, cell("fees")
    if fees is None:
        fees = ZERO if gross is None or net is None else gross + swap - net
    if net is None:
        net = needed("gross_pnl") - fees + swap
    size = needed("size")
    return Fill(
        (number,),
        0,
        row["symbol"],
        side,
        abs(size),  # Some engines give the size of a short with a sign.
        _time(row["entry_time"], (number, "entry_time")),
        needed("entry_price"),
        _time(row["exit_time"], (number, "exit_time")),
        needed("exit_price"),
        fees,
        swap,
        net,
        ZERO,
    )


def _number(value: object, place: tuple[int, str]) -> Fraction:
    try:
        # The shortest text of a float is what was meant.
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))
        if isinstance(value, bool) or not number.is_finite():
            raise InvalidOperation
        return Fraction(number)
    except InvalidOperation:
        row, column = place
        where = f"row {row}, column {column}: {describe(value)}"
        raise _refused(where, "is no finite number") from None


def _time(value: object, place: tuple[int, str]) -> datetime:
    row, column = place
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            value = datetime.fromtimestamp(0, timezone.utc) + value * _MICROSECOND
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
    except (ValueError, OverflowError):
        pass
    if not isinstance(value, datetime):
        raise _refused(f"row {row}, column {column}: {describe(value)}", "is no time")
    aware = value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc)


_MICROSECOND: Final = datetime.resolution


def _refused(value: str, rule: str) -> InvalidFrame:
    remedy = "pass one row a closed trade, with the columns that compare() documents"
    return InvalidFrame("trades", value, rule, remedy)


__all__ = ["Fill", "merged", "ours", "theirs"]
