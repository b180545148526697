"""The old portfolio with an exact account beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from omega_portfolio.errors import InvalidArgument
from omega_portfolio.legacy.amounts import Drop, exact_of
from omega_portfolio.legacy.books import Books
from omega_portfolio.legacy.portfolio import LIMIT_EXPIRED, Portfolio
from omega_portfolio.legacy.position import OPEN, PENDING
from omega_portfolio.legacy.sizing import Sizing
from omega_portfolio.portfolio import Portfolio as Engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from omega_portfolio.instrument import Instrument
    from omega_portfolio.legacy.causes import Difference
    from omega_portfolio.legacy.position import PortfolioPosition
    from omega_portfolio.types import NumberLike, OffGrid


class ExactPortfolio(Portfolio):
    """An old portfolio whose calls are booked into an :class:`omega_portfolio.Portfolio` as well.

    To its callers it is :class:`Portfolio`, in every figure; ``Portfolio(exact=True)`` makes one.
    The account beside it is :attr:`engine`, a hedging one: each entry opens a position, each
    exit closes it whole. Fees of the kinds entry and exit belong to the position while it is
    open, others too; without a position they are fees of the account. Cash that is set from
    outside is a deposit or a withdrawal. Symbols are marked at their last fill, or at the prices
    given to :meth:`update`. What cannot be carried over is in :attr:`differences`. An engine
    cannot be pickled, and so this cannot; its events can (``engine.get_events()``).

    Parameters
    ----------
    initial_balance : float, default 10000.0
        Money at the start of both.
    exact : bool, default True
        For callers that name it.
    size_rule : {"as_given", "risk"}, default "as_given"
        What the engine's size is: that of the position, or as much as loses ``risk_per_trade``
        at the first stop. With the second the exact results are those of the old portfolio, in
        money and without its rounding.
    instruments : sequence of Instrument, optional
        Definitions of symbols; others have contract size 1 and 9 decimals.
    currency : str, default "USD"
        Currency of the account.
    leverage : int, str, Decimal or float, default 10**9
        The old portfolio knows no margin; with a real leverage :attr:`differences` lists what an
        account could not have carried.
    off_grid : {"refuse", "round"}, default "refuse"
        Whether prices off the tick of an instrument are rounded.
    backend : {"auto", "rust", "python"}, optional
        The implementation of the engine.

    Raises
    ------
    OmegaPortfolioError
        An option has a value that does not exist.

    Examples
    --------
    >>> from datetime import datetime
    >>> from omega_portfolio.legacy import Portfolio, PortfolioPosition
    >>> day = datetime(2024, 1, 2)
    >>> portfolio = Portfolio(1000.0, exact=True)
    >>> position = PortfolioPosition(day, "long", "ACME", 100.0, 95.0, 110.0, size=3.0)
    >>> portfolio.register_entry(position)
    >>> position.close(day, 110.0, "take_profit")
    >>> portfolio.register_exit(position)
    >>> portfolio.cash, portfolio.engine.balance
    (1200.0, Decimal('1030.00'))
    >>> [(one.cause, str(one.amount)) for one in portfolio.differences]
    [('size_ignored', '170.00')]
    """

    def __init__(
        self,
        initial_balance: float = 10000.0,
        *,
        exact: bool = True,
        size_rule: Literal["as_given", "risk"] = "as_given",
        instruments: Sequence[Instrument] = (),
        currency: str = "USD",
        leverage: NumberLike = 10**9,
        off_grid: OffGrid = "refuse",
        backend: str | None = None,
    ) -> None:
        del exact
        super().__init__(initial_balance)
        engine = Engine(
            initial_balance,
            currency=currency,
            leverage=leverage,
            off_grid=off_grid,
            backend=backend,
        )
        for instrument in instruments:
            engine.register_instrument(instrument)
        self._books = Books(engine, Sizing(size_rule, instruments), initial_balance)
        self._expected_cash = initial_balance
        self._drop = Drop(exact_of(initial_balance))

    @property
    def engine(self) -> Engine:
        """The exact account; exit fees that wait for their exit are booked first."""
        return self.books.engine

    @property
    def differences(self) -> list[Difference]:
        """What the two booked otherwise, call by call, each with a cause and a reason."""
        self._look_at_cash()
        return self._books.differences

    @property
    def books(self) -> Books:
        """What keeps the exact account, with the figures that :func:`compare` asks for."""
        self._look_at_cash()
        self._books.settle()
        return self._books

    @property
    def drop_of_postings(self) -> Decimal:
        """The greatest drop of the old cash, seen after every posting and not at updates only."""
        return self._drop.greatest

    def register_fee(
        self,
        amount: float | None,
        time: Any,  # noqa: ANN401 - any time.
        kind: str,
        position: PortfolioPosition | None = None,
    ) -> None:
        """Take a fee from the cash of both."""
        self._look_at_cash()
        super().register_fee(amount, time, kind, position)
        self._see_cash()
        fee = float(amount or 0)
        if fee != 0:
            self._books.charged(fee, time, kind, position)

    def register_entry(self, position: PortfolioPosition) -> None:
        """Put a position on the list, and open it in the engine."""
        self._look_at_cash()
        super().register_entry(position)
        self._books.entered(position)

    def register_exit(self, position: PortfolioPosition) -> None:
        """Book the result, and close the position in the engine."""
        self._look_at_cash()
        status, result = position.status, position.result
        self._books.leaving(position)
        super().register_exit(position)
        self._see_cash()
        if status == PENDING and position.reason == LIMIT_EXPIRED:
            self._books.expired(position)
        else:
            listed = status == OPEN and position.exit_time is not None
            self._books.left(position, 0.0 if result is None else result, listed=listed)

    def update(
        self,
        current_time: Any,  # noqa: ANN401 - any time.
        prices: Mapping[str, Any] | None = None,
    ) -> None:
        """Sample the equity of both.

        Parameters
        ----------
        current_time : datetime
            Time of the sample.
        prices : mapping of str to price or (bid, ask), optional
            Marks for the engine; the old portfolio has no use for them.
        """
        self._look_at_cash()
        super().update(current_time)
        self._books.sampled(current_time, prices)

    def _see_cash(self) -> None:
        self._expected_cash = self.cash
        self._drop.see(exact_of(self.cash))

    def _look_at_cash(self) -> None:
        old, new = self._expected_cash, self.cash
        # A cash that is no number is never equal to itself, and nobody has set it.
        if new is not old and new != old and (new == new or old == old):  # noqa: PLR0124
            self._see_cash()
            self._books.cash_changed(old, new)


def refuse_exact(derived: type[Portfolio]) -> None:
    """Refuse an exact account beside a class that is derived from the plain portfolio.

    Raises
    ------
    InvalidArgument
        Always, unless the class is derived from :class:`ExactPortfolio`.
    """
    rule = "has no exact account"
    remedy = "derive the class from omega_portfolio.legacy.ExactPortfolio"
    raise InvalidArgument("exact", derived.__name__, rule, remedy)


__all__ = ["ExactPortfolio", "refuse_exact"]
