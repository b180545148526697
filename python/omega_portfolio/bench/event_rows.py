"""Operations as rows of a frame of events, and cells that a row does not take.

A cell is an exact number (``int`` or ``Decimal``), a time in microseconds, a text, or None. Which
Arrow types the columns of a frame get is for :mod:`omega_portfolio.bench.event_tables`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from omega_portfolio.bench.refusals import Operation
    from omega_portfolio.instrument import Instrument

Row: TypeAlias = "dict[str, Any]"
"""The cells of one row by column; those that are left out are null."""

COLUMNS: Final = {
    **dict.fromkeys(("action", "symbol", "side", "key"), "text"),
    "time": "time",
    **dict.fromkeys(("size", "price", "bid", "ask", "stop_loss", "take_profit"), "number"),
    **dict.fromkeys(("fee", "amount", "contract_size", "leverage"), "number"),
    **dict.fromkeys(("position_id", "event", "price_decimals", "size_decimals"), "whole"),
    **dict.fromkeys(("tag", "reason", "quote_currency"), "text"),
    **dict.fromkeys(("terms", "targets", "type", "oco", "path"), "text"),
    **dict.fromkeys(("currency", "from_currency", "to_currency", "kind"), "text"),
    **dict.fromkeys(("exit_time", "expiry", "pay_time"), "time"),
    **dict.fromkeys(("trailing", "break_even", "break_even_offset"), "number"),
    **dict.fromkeys(("open", "high", "low", "close", "spread"), "number"),
    **dict.fromkeys(("rate", "long", "short"), "number"),
    **dict.fromkeys(("order_id", "other_id", "multiplier"), "whole"),
    **dict.fromkeys(("numerator", "denominator"), "whole"),
}
"""The columns of SPEC E1, and what each holds."""

NEVER_TOLD: Final = {"apply", "process_bars", "register_instrument"}
"""A frame that is drawn has no frames in it, and no terms but those that get_events wrote."""

YEAR_1: Final = -62_135_596_800_000_000
"""The first time there is, in microseconds."""

_NUMBERS: Final[tuple[Any, ...]] = (
    *(None, None, 0, -1, Decimal("-0.01"), Decimal("1e-10"), Decimal("1.0000000000000000001")),
    *(10**19, 10**20, 10**29, float("nan"), float("-inf"), 5e-324, 1.7e308, 0.1 + 0.2),
)
_TEXTS: Final[tuple[Any, ...]] = (
    *(None, None, "", " A", "A\x00B", "é" * 128, "open", "LONG", "usd", "AUD", "K1", "\x7f"),
)
_NO_TARGETS: Final = (None, "", ";", "1", "1:", ":1", "1:1;", "1:1:1", "0:1", "1:0", "1 :1", "1e:1")
_NO_TERMS: Final = (None, "", "0", "zz", "00", "FF", "00000000000000000000", "0" * 40, " 00")
_WHOLE: Final[tuple[Any, ...]] = (None, None, 0, -1, 1, 10, 2**40, 2**63 - 1)
_BAD: Final = {
    "number": _NUMBERS,
    "text": _TEXTS,
    "whole": _WHOLE,
    "time": (None, None, YEAR_1, YEAR_1 - 1, 253_402_300_800_000_000, 2**62),
}
_BAD_BY_NAME: Final = {"targets": _NO_TARGETS, "terms": _NO_TERMS}
"""Cells that some rows do not take; others take them, and some do not look at them."""


def exact(value: Any) -> int | Decimal:  # noqa: ANN401 - every spelling of a number.
    """Read a good number of an operation.

    Parameters
    ----------
    value : int, str, Decimal or float
        As :func:`~omega_portfolio.bench.inputs.spell_number` gives it.

    Returns
    -------
    int or Decimal

    Examples
    --------
    >>> from omega_portfolio.bench.event_rows import exact
    >>> exact(0.1), exact("+0012E-1"), exact(7)
    (Decimal('0.1'), Decimal('1.2'), 7)
    """
    if isinstance(value, int):
        return value
    return Decimal(repr(value) if isinstance(value, float) else value)


def rows_of(operation: Operation, group: int) -> list[Row]:
    """Write an operation as rows.

    Parameters
    ----------
    operation : tuple
        A call, with its times in microseconds. A position that is named by a text is named by
        its key.
    group : int
        The number that keeps several quotes together.

    Returns
    -------
    list of dict
        One row, or one for each quote.
    """
    name, arguments, keywords = operation
    if name in {"mark", "update_equity", "process_quotes"}:
        action = {"mark": "mark", "update_equity": "update", "process_quotes": "quotes"}[name]
        time, prices, *_ = keywords.get("time"), *arguments
        if name != "mark":
            time, prices = arguments[0], arguments[1] if len(arguments) > 1 else {}
        return _quotes({"action": action, "time": time}, prices, group)
    if name == "process_bar":
        time, bars = arguments
        return _bars({"action": "bar", "time": time, **keywords}, bars, group)
    return [_ROWS[name](*arguments, **keywords)]


def _open(
    symbol: str, side: str, size: object, price: object, time: int, **keywords: object
) -> Row:
    row = {"action": "open", "symbol": symbol, "side": side, "time": time}
    row |= {"size": exact(size), "price": exact(price)}
    return row | _optional(keywords)


def _close(position: int | str, price: object, time: int, **keywords: object) -> Row:
    row = {"action": "close", "price": exact(price), "time": time, **_named(position)}
    return row | _optional(keywords)


def _modify(position: int | str, time: int, **levels: object) -> Row:
    given = {
        name: (_REMOVED.get(name, 0) if level is None else level) for name, level in levels.items()
    }
    return {"action": "modify", "time": time, **_named(position), **_optional(given)}


def _fee(amount: object, time: int, position_id: int | str | None = None) -> Row:
    named = {} if position_id is None else _named(position_id)
    return {"action": "fee", "time": time, "fee": exact(amount), **named}


def _deposit(amount: object, time: int, currency: str | None = None) -> Row:
    row = {"action": "deposit", "time": time, "amount": exact(amount)}
    return row if currency is None else {**row, "currency": currency}


def _withdraw(amount: object, time: int, currency: str | None = None) -> Row:
    row = {"action": "withdraw", "time": time, "amount": exact(amount)}
    return row if currency is None else {**row, "currency": currency}


def _close_by(position_id: int, other_id: int, time: int, **keywords: object) -> Row:
    row = {"action": "close_by", "position_id": position_id, "other_id": other_id, "time": time}
    return row | _optional(keywords)


def _order(symbol: str, side: str, size: object, time: int, **keywords: object) -> Row:
    row = {"action": "order", "symbol": symbol, "side": side, "size": exact(size), "time": time}
    return row | _optional(keywords)


def _cancel(order_id: int, time: int) -> Row:
    return {"action": "cancel", "order_id": order_id, "time": time}


def _convert(amount: object, source: str, target: str, time: int, rate: object = None) -> Row:
    row: Row = {"action": "convert", "amount": exact(amount), "time": time}
    row |= {"from_currency": source, "to_currency": target}
    return row | _optional({"rate": rate})


def _swap(symbol: str, time: int, **keywords: object) -> Row:
    return {"action": "swap", "symbol": symbol, "time": time} | _optional(keywords)


def _rollover(symbol: str, time: int) -> Row:
    return {"action": "rollover", "symbol": symbol, "time": time}


def _dividend(symbol: str, amount: object, time: int, pay_time: int | None = None) -> Row:
    row = {"action": "dividend", "symbol": symbol, "price": exact(amount), "time": time}
    return row | {"pay_time": pay_time}


def _split(symbol: str, numerator: int, denominator: int, time: int) -> Row:
    row = {"action": "split", "symbol": symbol, "time": time}
    return row | {"numerator": numerator, "denominator": denominator}


def _register(instrument: Instrument) -> Row:
    row: Row = {"action": "register", "symbol": instrument.symbol}
    row |= {
        "price_decimals": instrument.price_decimals,
        "size_decimals": instrument.size_decimals,
        "contract_size": exact(instrument.contract_size),
        "quote_currency": instrument.quote_currency,
    }
    leverage = instrument.leverage
    return row | {"leverage": None if leverage is None else exact(leverage)}


_ROWS: Final[dict[str, Callable[..., Row]]] = {
    "register_instrument": _register,
    "open_position": _open,
    "close_position": _close,
    "modify_position": _modify,
    "charge_fee": _fee,
    "deposit": _deposit,
    "withdraw": _withdraw,
    "close_by": _close_by,
    "place_order": _order,
    "cancel_order": _cancel,
    "convert_cash": _convert,
    "charge_swap": _swap,
    "rollover": _rollover,
    "dividend": _dividend,
    "split": _split,
}

_REMOVED: Final = {"targets": ""}
"""Cells that remove a part of the protection; all others are 0."""


def _named(position: int | str) -> Row:
    return {"key": position} if isinstance(position, str) else {"position_id": position}


def _optional(keywords: Mapping[str, Any]) -> Row:
    """Write optional arguments; numbers as numbers, texts and ids as they are."""
    row = {name: _cell(name, value) for name, value in keywords.items()}
    if isinstance(row.get("break_even"), tuple):
        row["break_even"], row["break_even_offset"] = map(exact, row["break_even"])
    return row


def _cell(name: str, value: Any) -> Any:  # noqa: ANN401 - any argument of a call.
    if name == "targets" and isinstance(value, list):
        return ";".join(":".join(format(exact(part), "f") for part in pair) for pair in value)
    if COLUMNS[name] == "number" and value is not None and not isinstance(value, tuple):
        return exact(value)
    return value


def _quotes(row: Row, prices: object, group: int) -> list[Row]:
    return _grouped(row, _pairs(prices), group)


def _grouped(row: Row, cells: list[tuple[str, Row]], group: int) -> list[Row]:
    """Write one row for each symbol; without any a row that says none."""
    if len(cells) > 1:
        row["event"] = group
    return [{**row, "symbol": symbol, **given} for symbol, given in cells] or [row]


def _bars(row: Row, bars: Any, group: int) -> list[Row]:  # noqa: ANN401 - as in _pairs.
    if not isinstance(bars, dict):
        rows = bars.to_pylist()
        return _grouped(row, [(given.pop("symbol"), given) for given in rows], group)
    names = ("open", "high", "low", "close", "spread")
    cells = []
    for symbol, bar in bars.items():
        given = bar if isinstance(bar, dict) else dict(zip(names, bar, strict=False))
        cells.append((symbol, {name: exact(value) for name, value in given.items()}))
    return _grouped(row, cells, group)


def _pairs(prices: Any) -> list[tuple[str, Row]]:  # noqa: ANN401 - a mapping or an Arrow table.
    if not isinstance(prices, dict):
        rows = prices.to_pylist()
        return [(row.pop("symbol"), row) for row in rows]
    return [
        (symbol, {"bid": exact(quote[0]), "ask": exact(quote[1])})
        if isinstance(quote, tuple)
        else (symbol, {"price": exact(quote)})
        for symbol, quote in prices.items()
    ]


def spoil_cell(random: Random, rows: list[Row]) -> None:
    """Put a cell into a frame that a row of it may not take.

    Parameters
    ----------
    random : random.Random
        Source of the choices.
    rows : list of dict
        The rows; one of them is changed.
    """
    row = random.choice(rows)
    # One time in four a column that the row does not have.
    name = random.choice(tuple(row if random.getrandbits(2) else COLUMNS))
    row[name] = random.choice(_BAD_BY_NAME.get(name) or _BAD[COLUMNS[name]])


__all__ = [
    "COLUMNS",
    "NEVER_TOLD",
    "Row",
    "exact",
    "rows_of",
    "spoil_cell",
]
