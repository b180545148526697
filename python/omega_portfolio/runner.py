"""The event loop of ``omega-portfolio run``: checked bars and orders become calls of a portfolio.

Time by time: first the orders that are executed up to it, in their order, then one
``update_equity`` with the closes of all symbols that have a bar. This loop is the only place
where ``omega-portfolio run`` touches the account; the demonstrations have their own, and all of
them are a :class:`Scenario`.

The files were checked before, so what the portfolio still refuses is a matter of the account
at that moment: no margin for an open, no funds for a withdrawal, a level on the wrong side of
the fill. Such an order changes nothing, is kept with its reason, and the run goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from omega_portfolio.cells import time_text
from omega_portfolio.errors import (
    InvariantViolation,
    OmegaPortfolioError,
    OutOfMemory,
    PositionNotFound,
)
from omega_portfolio.sentinel import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from omega_portfolio.jobs import Document
    from omega_portfolio.market import Market, Moment
    from omega_portfolio.orders import Order
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.sentinel import Unset


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order that the portfolio refused, and why.

    Attributes
    ----------
    order : Order
        The order.
    error : OmegaPortfolioError
        The refusal.
    """

    order: Order
    error: OmegaPortfolioError


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did.

    Attributes
    ----------
    seconds : float
        Wall time of the calls of the portfolio and the loop around them; reading and checking
        the files is not in it.
    given, executed, refused : int
        Orders that were given, and what became of them; the others were cancelled, expired or
        still rest.
    refusals : tuple of Refusal
        The refused orders of a file.
    """

    seconds: float
    given: int
    executed: int
    refused: int
    refusals: tuple[Refusal, ...] = ()


class Scenario(Protocol):
    """What happens in a run."""

    @property
    def times(self) -> int:
        """Number of bar times, for the progress."""

    def describe(self) -> Document:
        """Say what the input is: bars, times, symbols, first, last."""

    def run(self, portfolio: Portfolio, progress: Callable[[int], object] | None = None) -> Run:
        """Do it to a new portfolio; call ``progress`` with the number of times added."""


@dataclass(frozen=True, slots=True)
class OrderScenario:
    """Orders of a file on bars of a file.

    Attributes
    ----------
    market : Market
        Checked bars.
    orders : sequence of Order
        Checked orders.
    """

    market: Market
    orders: Sequence[Order]

    @property
    def times(self) -> int:
        """Number of bar times."""
        return self.market.times

    def describe(self) -> Document:
        """Say what the input is, for the document."""
        market = self.market
        return {
            "bars": market.bars.height,
            "times": market.times,
            "symbols": sorted(market.spans),
            "first": time_text(market.first),
            "last": time_text(market.last),
        }

    def run(self, portfolio: Portfolio, progress: Callable[[int], object] | None = None) -> Run:
        """Execute the orders, as :func:`run_orders`."""
        return run_orders(portfolio, self.market, self.orders, progress=progress)


def run_of(portfolio: Portfolio, seconds: float) -> Run:
    """Count the orders that an account was given, by its activity.

    Parameters
    ----------
    portfolio : Portfolio
        After the run.
    seconds : float
        What the run took.

    Returns
    -------
    Run
        Filled orders are the executed ones.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.runner import run_of
    >>> portfolio = op.Portfolio(1000)
    >>> portfolio.place_order("ACME", "long", 1, "2024-01-02", type="market")
    1
    >>> run = run_of(portfolio, 0.0)
    >>> run.given, run.executed, run.refused
    (1, 0, 0)
    """
    kinds = portfolio.get_activity().to_polars()["kind"].to_list()
    given, executed, refused = (kinds.count(kind) for kind in ("placed", "filled", "refused"))
    return Run(seconds, given, executed, refused)


def run_orders(
    portfolio: Portfolio,
    market: Market,
    orders: Sequence[Order],
    *,
    progress: Callable[[int], object] | None = None,
) -> Run:
    """Execute orders and value the account at every bar.

    Parameters
    ----------
    portfolio : Portfolio
        A portfolio without events after the first bar.
    market : Market
        Checked bars.
    orders : sequence of Order
        Checked orders, in the order of execution.
    progress : callable, optional
        Called now and then with the number of bar times that were added.

    Returns
    -------
    Run
        What was done and how long it took. The results are in the portfolio.

    Raises
    ------
    InvariantViolation, OutOfMemory
        The portfolio cannot go on.
    NumberOutOfRange
        The closes of a bar would bring the account out of range.

    Examples
    --------
    >>> import polars as pl
    >>> import omega_portfolio as op
    >>> from omega_portfolio.files import Source
    >>> from omega_portfolio.market import check_market
    >>> from omega_portfolio.orders import check_orders
    >>> from omega_portfolio.runner import run_orders
    >>> bar = {"time": "2000-03-02", "symbol": "ACME", "open": 2, "high": 3, "low": 1, "close": 3}
    >>> market = check_market(Source("bars", pl.DataFrame([bar])))
    >>> order = {"time": "2000-03-02", "symbol": "ACME", "action": "open", "side": "long"}
    >>> orders = check_orders(Source("orders", pl.DataFrame([order | {"size": 10}])), market)
    >>> portfolio = op.Portfolio(1000)
    >>> run_orders(portfolio, market, orders).executed
    1
    >>> portfolio.equity
    Decimal('1010.00')
    """
    loop = _Loop(portfolio, orders)
    seconds = 0.0
    for batch in market.batches():
        started = perf_counter()
        loop.advance(batch)
        seconds += perf_counter() - started
        if progress is not None:
            progress(len(batch))
    refused = len(loop.refusals)
    executed = loop.next_order - refused
    return Run(seconds, len(orders), executed, refused, tuple(loop.refusals))


class _Loop:
    """Where a run stands: the next order, and the position of each key."""

    def __init__(self, portfolio: Portfolio, orders: Sequence[Order]) -> None:
        self.portfolio = portfolio
        self.orders = orders
        self.next_order = 0
        self.positions: dict[str, int] = {}
        self.refusals: list[Refusal] = []

    def advance(self, batch: Sequence[Moment]) -> None:
        """Execute the orders up to each time, then value the account."""
        update_equity = self.portfolio.update_equity
        orders, count = self.orders, len(self.orders)
        for time, closes in batch:
            while self.next_order < count and orders[self.next_order].time <= time:
                self._try(orders[self.next_order])
                self.next_order += 1
            update_equity(time, closes)

    def _try(self, order: Order) -> None:
        try:
            self._execute(order)
        except (InvariantViolation, OutOfMemory):
            raise
        except OmegaPortfolioError as error:
            self.refusals.append(Refusal(order, error))

    def _execute(self, order: Order) -> None:
        portfolio = self.portfolio
        if order.action == "open":
            self._open(order)
        elif order.action == "close":
            position, price = self._position(order), _given(order.price)
            portfolio.close_position(
                position, price, order.time, size=order.size, fee=order.money, reason=order.tag
            )
        elif order.action == "modify":
            stop_loss, take_profit = _level(order.stop_loss), _level(order.take_profit)
            portfolio.modify_position(
                self._position(order), order.time, stop_loss=stop_loss, take_profit=take_profit
            )
        elif order.action == "fee":
            target = self._position(order) if order.key else None
            portfolio.charge_fee(order.money, order.time, position_id=target)
        elif order.action == "deposit":
            portfolio.deposit(order.money, order.time)
        else:
            portfolio.withdraw(order.money, order.time)

    def _open(self, order: Order) -> None:
        position = self.portfolio.open_position(
            order.symbol,
            order.side,
            _given(order.size),
            _given(order.price),
            order.time,
            # 0 is how a file writes that there is no level.
            stop_loss=order.stop_loss or None,
            take_profit=order.take_profit or None,
            fee=order.money,
            tag=order.tag,
        )
        if order.key:
            self.positions[order.key] = position

    def _position(self, order: Order) -> int:
        position = self.positions.get(order.key)
        if position is None:
            raise PositionNotFound(
                "key", order.key, "its open was refused", "see the refusal of the open"
            )
        return position


def _given(value: Decimal | None) -> Decimal:
    """Return a cell that the checks of the orders guarantee."""
    if value is None:
        raise AssertionError("an order that was checked has a size and a price")
    return value


def _level(value: Decimal | None) -> Decimal | Unset | None:
    """Translate the level of a modify: empty leaves it, 0 removes it."""
    if value is None:
        return UNSET
    return value or None


__all__ = ["OrderScenario", "Refusal", "Run", "Scenario", "run_of", "run_orders"]
