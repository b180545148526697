"""How a call reaches both sides of an envelope, and what becomes of it when one refuses."""

from __future__ import annotations

from functools import update_wrapper
from inspect import signature
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from omega_portfolio.errors import (
    InvariantViolation,
    OmegaPortfolioError,
    OrderNotFound,
    OutOfMemory,
    PositionNotFound,
)
from omega_portfolio.one_reading import read_once
from omega_portfolio.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from omega_portfolio.types import NumberLike

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Skipped(NamedTuple):
    """A call that one of the two accounts could not take."""

    side: str
    """``pessimistic`` or ``optimistic``."""
    call: str
    """Name of the method."""
    error: OmegaPortfolioError
    """Why."""


def replayable(value: object, name: str) -> object:
    """Keep the rows of a frame that can be read only once: there are two readers.

    Raises
    ------
    InvalidFrame
        It cannot be read; the argument has this name.
    """
    speaks = hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__")
    return read_once(value, name) if speaks and not hasattr(value, "__len__") else value


def both(
    method: Callable[Concatenate[Portfolio, Given], Answer],
) -> Callable[Concatenate[Sides, Given], tuple[Answer | None, Answer | None]]:
    """Make the call of an envelope that is the same on both sides."""
    name = method.__name__
    _, *arguments = signature(method).parameters

    def call(
        self: Sides, /, *args: Given.args, **kwargs: Given.kwargs
    ) -> tuple[Answer | None, Answer | None]:
        # The portfolio refuses arguments that it has no name for.
        given = [
            replayable(one, key)
            for one, key in zip(args, chain(arguments, repeat("")), strict=False)
        ]
        named = {key: replayable(one, key) for key, one in kwargs.items()}

        def act(portfolio: Portfolio) -> Answer:
            answer: Answer = getattr(portfolio, name)(*given, **named)
            return answer

        return self.each(name, act, act)

    # The signature stays, and the answer is another.
    update_wrapper(call, method)
    call.__doc__ = (
        f"Call :meth:`omega_portfolio.Portfolio.{name}` on both sides, and answer both answers."
    )
    return call


class Sides:
    """Two portfolios that differ in their path, and the ids of positions on the two."""

    __slots__ = ("_optimistic", "_pessimistic", "_skipped", "_twins")

    def __init__(self, initial_balance: NumberLike, options: dict[str, Any]) -> None:
        self._pessimistic = Portfolio(initial_balance, path="pessimistic", **options)
        self._optimistic = Portfolio(initial_balance, path="optimistic", **options)
        self._skipped: list[Skipped] = []
        # Ids of positions on the optimistic side by those on the pessimistic one.
        self._twins: dict[int, int] = {}

    @property
    def pessimistic(self) -> Portfolio:
        """The account for which whatever is worse came first."""
        return self._pessimistic

    @property
    def optimistic(self) -> Portfolio:
        """The account for which whatever is better came first."""
        return self._optimistic

    @property
    def ambiguous_count(self) -> int:
        """Number of fills whose order within a bar is not known; of the side that has more."""
        return max(self._pessimistic.ambiguous_count, self._optimistic.ambiguous_count)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The calls that one side could not take, in order."""
        return tuple(self._skipped)

    def each(
        self,
        name: str,
        pessimistic: Callable[[Portfolio], Answer],
        optimistic: Callable[[Portfolio], Answer],
    ) -> tuple[Answer | None, Answer | None]:
        """Call the pessimistic side, then the other; list what one of them could not take."""
        gone, worse, better = None, None, None
        try:
            worse = pessimistic(self._pessimistic)
        except (PositionNotFound, OrderNotFound) as error:
            gone = error
        try:
            better = optimistic(self._optimistic)
        except (InvariantViolation, OutOfMemory):
            raise
        except OmegaPortfolioError as error:
            if gone is not None:
                missing = isinstance(error, PositionNotFound | OrderNotFound)
                raise (gone if missing else error) from None
            self._skipped.append(Skipped("optimistic", name, error))
        else:
            if gone is not None:
                self._skipped.append(Skipped("pessimistic", name, gone))
        return worse, better

    def named(self, portfolio: Portfolio, position_id: int) -> int:
        """Give the id that a side has for a position."""
        if portfolio is self._pessimistic:
            return position_id
        if position_id not in self._twins:
            self._twins[position_id] = self._filled_by_the_same_order(position_id)
        return self._twins[position_id]

    def _filled_by_the_same_order(self, position_id: int) -> int:
        """Find what the order of a position opened on the optimistic side."""
        import polars as pl

        def fills(portfolio: Portfolio, column: str, number: int) -> pl.DataFrame:
            activity = portfolio.get_activity().to_polars()
            return activity.filter(pl.col("kind") == "filled", pl.col(column) == number)

        orders = fills(self._pessimistic, "position_id", position_id)["order_id"].to_list()
        for order_id in orders:
            found = fills(self._optimistic, "order_id", order_id)["position_id"].to_list()
            if found:
                return int(found[0])
        if orders:
            raise PositionNotFound(
                "position_id", str(position_id), "is not open on the optimistic side",
                "use the id of an open position",
            )  # fmt: skip
        return position_id

    def pair(self, position_id: int, other_id: int) -> None:
        """Remember that two ids are of one call."""
        self._twins[position_id] = other_id


__all__ = ["Sides", "Skipped", "both", "replayable"]
