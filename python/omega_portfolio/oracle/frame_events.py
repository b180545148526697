"""What the cells of one row ask for: an event, a quote or a bar (SPEC E1, E6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias

from omega_portfolio.errors import InvalidArgument, InvalidFrame, OmegaPortfolioError
from omega_portfolio.oracle.events import (
    Bar,
    CancelOrder,
    ChargeSwap,
    Close,
    CloseBy,
    ConvertCash,
    Deposit,
    Dividend,
    Event,
    Fee,
    Modify,
    Open,
    PlaceOrder,
    Quote,
    QuoteNames,
    Register,
    Rollover,
    Split,
    Withdraw,
)
from omega_portfolio.oracle.frames import Place, placed
from omega_portfolio.oracle.instruments import DECIMALS_MAX, Definition
from omega_portfolio.oracle.numbers import QUANTITY_ONE, QUANTITY_SCALE, plain_text
from omega_portfolio.oracle.orders import LIMIT
from omega_portfolio.oracle.protection import Protection
from omega_portfolio.oracle.terms import Terms
from omega_portfolio.sentinel import UNSET, Unset

Cells: TypeAlias = dict[str, Any]
"""The converted cells of a row, None for those that are null."""


def null_cell(row: int, column: str, rule: str) -> OmegaPortfolioError:
    """Make the refusal of a cell that is null and must not be."""
    return placed(InvalidFrame(column, "null", rule, "fill the cell"), row, column)


def quote_of(row: int, cells: Cells) -> Quote:
    """Make the quote of a row that has a symbol.

    Raises
    ------
    InvalidArgument, InvalidFrame
        It has a price and more, or neither a price nor both bid and ask.
    """
    price, bid, ask = cells["price"], cells["bid"], cells["ask"]
    symbol = Place.at(row, "symbol")
    if price is not None:
        if bid is not None or ask is not None:
            error = InvalidArgument(
                "price",
                plain_text(price, QUANTITY_SCALE),
                "stands beside a bid or an ask",
                "fill price, or bid and ask",
            )
            raise placed(error, row, "price")
        name = Place.at(row, "price")
        return Quote(cells["symbol"], price, price, QuoteNames(symbol, name, name))
    if bid is None or ask is None:
        missing = "ask" if bid is not None else "price" if ask is None else "bid"
        raise null_cell(row, missing, "a quote needs price, or bid and ask")
    names = QuoteNames(symbol, Place.at(row, "bid"), Place.at(row, "ask"))
    return Quote(cells["symbol"], bid, ask, names)


def bar_of(row: int, cells: Cells) -> Bar:
    """Make the bar of a row that has a symbol.

    Raises
    ------
    InvalidFrame
        One of its four prices is null.
    """
    prices = {name: cells[name] for name in ("open", "high", "low", "close")}
    for name, price in prices.items():
        if price is None:
            raise null_cell(row, name, "a bar needs open, high, low and close")
    return Bar(
        cells["symbol"],
        **prices,
        spread=cells["spread"] or 0,
        place=partial(Place.at, row),
    )


def event_of(action: str, cells: Cells, currency: str) -> Event:
    """Make the event of a row that stands alone; nulls become what they stand for (E1)."""
    return _EVENTS[action](cells, currency)


def _or(cell: Any, default: Any) -> Any:  # noqa: ANN401 - any kind of cell.
    return default if cell is None else cell


def _open(cells: Cells, _: str) -> Event:
    return Open(
        symbol=cells["symbol"],
        side=cells["side"],
        size=cells["size"],
        price=cells["price"],
        time=cells["time"],
        stop_loss=cells["stop_loss"] or None,
        take_profit=cells["take_profit"] or None,
        fee=cells["fee"],
        tag=cells["tag"] or "",
        position_id=cells["position_id"],
        protection=_protection(cells),
    )


def _protection(cells: Cells) -> Protection:
    return Protection(
        trailing=cells["trailing"] or None,
        break_even=_break_even(cells),
        targets=cells["targets"] or (),
        exit_time=cells["exit_time"],
    )


def _break_even(cells: Cells) -> tuple[int, int] | None:
    trigger = cells["break_even"]
    return (trigger, cells["break_even_offset"] or 0) if trigger else None


def _close(cells: Cells, _: str) -> Event:
    return Close(
        position_id=cells["position_id"],
        price=cells["price"],
        time=cells["time"],
        size=cells["size"],
        fee=cells["fee"],
        reason=cells["reason"] or "",
    )


def _close_by(cells: Cells, _: str) -> Event:
    return CloseBy(
        position_id=cells["position_id"],
        other_id=cells["other_id"],
        time=cells["time"],
        size=cells["size"],
        fee=cells["fee"],
    )


def _modify(cells: Cells, _: str) -> Event:
    def level(name: str) -> int | Unset | None:
        cell: int | None = cells[name]
        return UNSET if cell is None else cell or None

    return Modify(
        position_id=cells["position_id"],
        time=cells["time"],
        stop_loss=level("stop_loss"),
        take_profit=level("take_profit"),
        trailing=level("trailing"),
        break_even=UNSET if cells["break_even"] is None else _break_even(cells),
        targets=_or(cells["targets"], UNSET),
        exit_time=level("exit_time"),
    )


def _order(cells: Cells, _: str) -> Event:
    return PlaceOrder(
        symbol=cells["symbol"],
        side=cells["side"],
        size=cells["size"],
        time=cells["time"],
        kind=_or(cells["type"], LIMIT),
        price=cells["price"],
        expiry=cells["expiry"],
        oco=cells["oco"] or "",
        stop_loss=cells["stop_loss"] or None,
        take_profit=cells["take_profit"] or None,
        tag=cells["tag"] or "",
        protection=_protection(cells),
    )


def _cancel(cells: Cells, _: str) -> Event:
    return CancelOrder(cells["order_id"], cells["time"])


def _fee(cells: Cells, _: str) -> Event:
    return Fee(cells["fee"], cells["time"], cells["position_id"])


def _deposit(cells: Cells, _: str) -> Event:
    return Deposit(cells["amount"], cells["time"], cells["currency"])


def _withdraw(cells: Cells, _: str) -> Event:
    return Withdraw(cells["amount"], cells["time"], cells["currency"])


def _convert(cells: Cells, _: str) -> Event:
    return ConvertCash(
        amount=cells["amount"],
        from_currency=cells["from_currency"],
        to_currency=cells["to_currency"],
        time=cells["time"],
        rate=cells["rate"],
    )


def _swap(cells: Cells, _: str) -> Event:
    return ChargeSwap(
        symbol=cells["symbol"],
        time=cells["time"],
        long=cells["long"] or 0,
        short=cells["short"] or 0,
        kind=cells["kind"] or 0,
        multiplier=_or(cells["multiplier"], 1),
    )


def _rollover(cells: Cells, _: str) -> Event:
    return Rollover(cells["symbol"], cells["time"])


def _dividend(cells: Cells, _: str) -> Event:
    return Dividend(cells["symbol"], cells["price"], cells["time"], cells["pay_time"])


def _split(cells: Cells, _: str) -> Event:
    return Split(cells["symbol"], cells["numerator"], cells["denominator"], cells["time"])


def _register(cells: Cells, currency: str) -> Event:
    terms: Terms = cells["terms"] or Terms()
    return Register(
        Definition(
            symbol=cells["symbol"],
            price_decimals=_or(cells["price_decimals"], DECIMALS_MAX),
            size_decimals=_or(cells["size_decimals"], DECIMALS_MAX),
            contract_size=_or(cells["contract_size"], QUANTITY_ONE),
            quote_currency=_or(cells["quote_currency"], currency),
            leverage=cells["leverage"] or None,
            **terms._asdict(),
        )
    )


_EVENTS: Final[dict[str, Callable[[Cells, str], Event]]] = {
    "open": _open,
    "close": _close,
    "modify": _modify,
    "fee": _fee,
    "deposit": _deposit,
    "withdraw": _withdraw,
    "register": _register,
    "close_by": _close_by,
    "order": _order,
    "cancel": _cancel,
    "convert": _convert,
    "swap": _swap,
    "rollover": _rollover,
    "dividend": _dividend,
    "split": _split,
}
