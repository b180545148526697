"""A position as the old portfolio knows it: a plain record that anybody may change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

OPEN: Final = "open"
PENDING: Final = "pending"
CLOSED: Final = "closed"
LONG: Final = "long"


@dataclass
class PortfolioPosition:
    """One trade, from its entry to its exit; mutable, and equal by value.

    The portfolio keeps the object that it is given, so a change from outside is seen at once.
    Nothing is checked: not the size, not the prices, not the side of the stop.

    Parameters
    ----------
    entry_time : datetime
        When it is entered; anything is taken.
    direction : str
        ``"long"``; every other text is a short, ``"LONG"`` included.
    symbol : str
        What is traded.
    entry_price, stop_loss, take_profit : float
        Prices; the levels are for the caller to watch.
    size : float
        Units or lots. It is shown and added up, and never enters the result.
    risk_per_trade : float, default 100.0
        Money that a loss down to the stop costs.
    initial_stop_loss, initial_take_profit : float, optional
        The levels at the entry; without the first, risk is measured to the current stop.
    exit_time, exit_price, result, reason : optional
        What :meth:`close` sets.
    is_closed : bool, default False
        Whether :meth:`close` was called.
    trigger_time : datetime, optional
        When a resting order was filled.
    order_type : str, default "market"
        How it was entered.
    status : str, default "open"
        ``"open"``, ``"pending"`` or ``"closed"``.
    last_update : datetime, optional
        For the caller.
    entry_fee, exit_fee : float, default 0.0
        What :meth:`Portfolio.register_fee` has added.
    metadata : dict, optional
        For the caller; an empty one of its own for each position.

    Examples
    --------
    >>> from datetime import datetime
    >>> from omega_portfolio.legacy import PortfolioPosition
    >>> day = datetime(2024, 1, 2)
    >>> position = PortfolioPosition(day, "long", "EURUSD", 1.10, 1.09, 1.12, size=50.0)
    >>> position.close(day, 1.12, "take_profit")
    >>> round(position.result, 6), round(position.r_multiple, 6), position.status
    (200.0, 2.0, 'open')
    """

    entry_time: Any
    direction: str
    symbol: str
    entry_price: float
    stop_loss: float
    take_profit: float
    size: float
    risk_per_trade: float = 100.0
    initial_stop_loss: float | None = None
    initial_take_profit: float | None = None
    exit_time: Any = None
    exit_price: float | None = None
    result: float | None = None
    reason: str | None = None
    is_closed: bool = False
    trigger_time: Any = None
    order_type: str = "market"
    status: str = OPEN
    last_update: Any = None
    entry_fee: float = 0.0
    exit_fee: float = 0.0
    metadata: dict[str, Any] = field(default_factory=dict)

    def close(self, time: Any, price: float, reason: str) -> None:  # noqa: ANN401 - any time.
        """Note the exit and compute the result.

        The result is the move in the direction of the trade, in units of the distance to the
        stop, times ``risk_per_trade``; 0.0 without a distance. A stop on the wrong side is taken
        by its distance. ``status`` stays as it is: :meth:`Portfolio.register_exit` changes it. A
        second call overwrites the first.

        Parameters
        ----------
        time : datetime
            When.
        price : float
            Price of the exit.
        reason : str
            Why; some words mean something to :meth:`Portfolio.register_exit`.
        """
        self.exit_time = time
        self.exit_price = price
        self.reason = reason
        self.is_closed = True
        entry, stop = self.entry_price, self.initial_stop_loss
        risk = entry - (self.stop_loss if stop is None else stop)
        if risk == 0:
            self.result = 0.0
            return
        move = price - entry if self.direction == LONG else entry - price
        self.result = move / (risk if risk > 0 else -risk) * self.risk_per_trade

    @property
    def open_time(self) -> Any:  # noqa: ANN401 - whatever the caller gave.
        """The same as ``entry_time``."""
        return self.entry_time

    @property
    def close_time(self) -> Any:  # noqa: ANN401 - whatever the caller gave.
        """The same as ``exit_time``."""
        return self.exit_time

    @property
    def r_multiple(self) -> float:
        """The move in units of the distance to the stop, computed at each access.

        0.0 without an exit price or a distance. An attribute ``_precomputed_r_multiple`` that
        somebody has set, and not to None, is returned instead.
        """
        given: float | None = getattr(self, "_precomputed_r_multiple", None)
        if given is not None:
            return given
        price = self.exit_price
        if price is None:
            return 0.0
        entry, stop = self.entry_price, self.initial_stop_loss
        risk = entry - (self.stop_loss if stop is None else stop)
        if risk == 0:
            return 0.0
        move = price - entry if self.direction == LONG else entry - price
        return move / (risk if risk > 0 else -risk)

    def to_dict(self) -> dict[str, Any]:
        """Give the position as plain values, for JSON.

        Returns
        -------
        dict
            Times in ISO form, prices and the multiple rounded to 5 digits, the result to 2; the
            metadata under ``meta`` when there is any. The symbol and the fees are not in it.

        Examples
        --------
        >>> from datetime import datetime
        >>> from omega_portfolio.legacy import PortfolioPosition
        >>> day = datetime(2024, 1, 2)
        >>> position = PortfolioPosition(day, "short", "EURUSD", 1.1, 1.11, 1.08, 1.0)
        >>> position.to_dict()["entry_time"], position.to_dict()["exit_price"]
        ('2024-01-02T00:00:00', None)
        """
        from omega_portfolio.legacy.plain import plain, rounded

        row = {
            "entry_time": plain(self.entry_time),
            "exit_time": plain(self.exit_time),
            "direction": self.direction,
            "entry_price": rounded(self.entry_price, 5),
            "exit_price": rounded(self.exit_price, 5),
            "initial_stop_loss": rounded(self.initial_stop_loss, 5),
            "stop_loss": rounded(self.stop_loss, 5),
            "take_profit": rounded(self.take_profit, 5),
            "size": self.size,
            "result": rounded(self.result, 2),
            "reason": self.reason,
            "order_type": self.order_type,
            "status": self.status,
            "r_multiple": rounded(self.r_multiple, 5),
        }
        if self.metadata:
            row["meta"] = plain(self.metadata)
        return row


def multiples_of(positions: list[PortfolioPosition]) -> list[float]:
    """Give ``r_multiple`` of each position, a third faster than by asking each for it.

    Parameters
    ----------
    positions : list of PortfolioPosition
        Those of a derived class, and those with a multiple that somebody has set, are asked.

    Returns
    -------
    list of float

    Examples
    --------
    >>> from omega_portfolio.legacy.position import PortfolioPosition, multiples_of
    >>> position = PortfolioPosition(0, "long", "ACME", 100.0, 95.0, 110.0, 1.0)
    >>> position.close(1, 110.0, "signal")
    >>> multiples_of([position])
    [2.0]
    """
    multiples = []
    for position in positions:
        price, entry = position.exit_price, position.entry_price
        stop = position.initial_stop_loss
        if (
            price is None
            or type(position) is not PortfolioPosition
            or getattr(position, "_precomputed_r_multiple", None) is not None
            or (risk := entry - (position.stop_loss if stop is None else stop)) == 0
        ):
            multiples.append(position.r_multiple)
            continue
        move = price - entry if position.direction == LONG else entry - price
        multiples.append(move / (risk if risk > 0 else -risk))
    return multiples


__all__ = ["CLOSED", "LONG", "OPEN", "PENDING", "PortfolioPosition", "multiples_of"]
