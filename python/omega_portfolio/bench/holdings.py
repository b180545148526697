"""What the source of random operations knows of prices and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from omega_portfolio.bench.shapes import Shape


class Market:
    """One instrument and its price, in units of its grid.

    Parameters
    ----------
    shape : Shape
        The instrument.
    """

    __slots__ = ("price", "shape", "spread")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.price = shape.price
        self.spread = 1 + shape.price // 20_000


class Held:
    """What the source knows of an open position.

    Parameters
    ----------
    position_id : int or str
        Its id; its key while the frame that opens it is written.
    market : Market
        Its instrument.
    size : int
        What is held, in units of the size grid.
    is_long : bool
        Its side.
    """

    __slots__ = ("is_long", "market", "position_id", "size")

    def __init__(self, position_id: int | str, market: Market, size: int, *, is_long: bool) -> None:
        self.position_id = position_id
        self.market = market
        self.size = size
        self.is_long = is_long


class Change(NamedTuple):
    """What an operation does to a position once it is accepted.

    Attributes
    ----------
    position : Held
        The position.
    size : int
        The size that is opened or closed.
    opens : bool
        Which of the two.
    """

    position: Held
    size: int
    opens: bool = False


Picture: TypeAlias = tuple[list[tuple[Held, int | str, int]], list[int | str]]
"""What :meth:`Holdings.picture` gives."""


class Holdings:
    """The open positions, and the ids of some that were closed.

    Examples
    --------
    >>> from omega_portfolio.bench.holdings import Change, Held, Holdings, Market
    >>> from omega_portfolio.bench.shapes import USUAL
    >>> holdings = Holdings()
    >>> position = Held(1, Market(USUAL[0]), 5, is_long=True)
    >>> holdings.take(Change(position, 5, opens=True), 7)
    >>> holdings.take(Change(position, 5))
    >>> holdings.held, holdings.closed
    ([], [7])
    """

    __slots__ = ("closed", "held")

    def __init__(self) -> None:
        self.held: list[Held] = []
        self.closed: list[int | str] = []

    def take(self, change: Change, position_id: int | str = 0) -> None:
        """Take note of an accepted operation.

        Parameters
        ----------
        change : Change
            What it does.
        position_id : int or str
            The id that a position got that is opened.
        """
        position = change.position
        if change.opens:
            position.position_id, position.size = position_id, change.size
            self.held.append(position)
            return
        position.size -= change.size
        if position.size <= 0:
            self.forget(position)

    def forget(self, position: Held) -> None:
        """Take a position out of those that are open.

        Parameters
        ----------
        position : Held
            The position; nothing happens when it is not open.
        """
        if position not in self.held:
            return
        self.held.remove(position)
        self.closed.append(position.position_id)
        if len(self.closed) > 64:
            del self.closed[:32]

    def picture(self) -> Picture:
        """Give all that :meth:`restore` needs.

        Returns
        -------
        tuple
        """
        held = [(position, position.position_id, position.size) for position in self.held]
        return held, list(self.closed)

    def restore(self, picture: Picture) -> None:
        """Go back to an earlier state.

        Parameters
        ----------
        picture : tuple
            From :meth:`picture`.
        """
        held, closed = picture
        for position, position_id, size in held:
            position.position_id = position_id
            position.size = size
        self.held = [position for position, _, _ in held]
        self.closed = list(closed)


__all__ = ["Change", "Held", "Holdings", "Market", "Picture"]
