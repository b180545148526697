"""Copies of a portfolio and what it was: bytes, pickles, forks, states of earlier moments.

A fork shares what never changes with its origin, so it costs next to nothing; an image is read by
applying its events again (SPEC J11, J12). ``docs/guide/time_travel.md`` shows what that is for.
"""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from omega_portfolio.analysis_tables import abstractmethod
from omega_portfolio.errors import InvalidArgument, InvalidImage, describe
from omega_portfolio.tables import Tables

if TYPE_CHECKING:
    from decimal import Decimal

    from omega_portfolio.explanation import Explanation
    from omega_portfolio.types import State, Table, TimeLike, Trade

Own = TypeVar("Own", bound="TimeTravel")


class TimeTravel(Tables):
    """The part of :class:`omega_portfolio.Portfolio` that has to do with copies and the past."""

    __slots__ = ()

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Give the portfolio as one block of bytes, with a digest and a checksum in it.

        Either backend reads what the other wrote. ``pickle`` uses these bytes. A journal does not
        go along.

        Returns
        -------
        bytes
            The image of SPEC J11: configuration, events, state.

        Examples
        --------
        >>> import pickle
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.deposit(5, "2024-01-02")
        >>> data = portfolio.to_bytes()
        >>> data[:8], op.Portfolio.from_bytes(data).balance
        (b'OMEGAIMG', Decimal('1005.00'))
        >>> pickle.loads(pickle.dumps(portfolio)).digest == portfolio.digest
        True
        """

    @classmethod
    def from_bytes(cls: type[Own], data: bytes, *, backend: str | None = None) -> Own:
        """Make a portfolio of the bytes that :meth:`to_bytes` gave.

        The events are applied again; state and digest have to be those that were written.

        Parameters
        ----------
        data : bytes, bytearray or memoryview
            The image.
        backend : {"auto", "rust", "python"}, optional
            As in the constructor; for ``Portfolio`` alone, the classes of the backends have
            theirs.

        Returns
        -------
        Portfolio
            Of the class that this is called on. It has no journal.

        Raises
        ------
        InvalidImage
            The bytes are no image, are damaged, or are of a later version.
        InvalidArgument
            The data are of another type, or a backend is given to a class that has one.
        InvalidConfiguration
            There is no such backend.
        BackendUnavailable
            Rust is asked for and its compiled module does not load.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> data = op.Portfolio(1000, backend="python").to_bytes()
        >>> op.Portfolio.from_bytes(data, backend="python").balance
        Decimal('1000.00')
        >>> op.Portfolio.from_bytes(data[:-1])
        Traceback (most recent call last):
        ...
        omega_portfolio.errors.InvalidImage: ...
        """
        from omega_portfolio.backend import backend_class, select
        from omega_portfolio.portfolio import Portfolio

        given = _bytes_of(data)
        if cls is Portfolio:
            chosen: Any = backend_class(select(backend))
            made: Own = chosen._from_bytes(given)
            return made
        if backend is not None:
            raise InvalidArgument(
                "backend",
                describe(backend),
                f"{cls.__name__} has its backend",
                "call Portfolio.from_bytes, or leave backend out",
            )
        return cls._from_bytes(given)

    @classmethod
    @abstractmethod
    def _from_bytes(cls: type[Own], data: bytes) -> Own:
        """Make a portfolio of this class."""

    @abstractmethod
    def fork(self: Own) -> Own:
        """Give an independent portfolio with the same history: to try something and compare.

        On the compiled backend both share what is written until then, whatever its length; the
        Python backend applies the events again. The fork has no journal.

        Returns
        -------
        Portfolio
            Of the same class.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> what_if = portfolio.fork()
        >>> what_if.close_position(position_id, 90, "2024-01-03").net_pnl
        Decimal('-20.00')
        >>> what_if.balance, portfolio.balance, len(portfolio.positions)
        (Decimal('980.00'), Decimal('1000.00'), 1)
        """

    @abstractmethod
    def state_at(self, time: TimeLike | None = None, *, seq: int | None = None) -> State:
        """Take the account and its open positions as they were after an earlier event.

        Parameters
        ----------
        time : datetime, date, int, str or numpy.datetime64, optional
            After the last event at this time or before. A registration has no time; it belongs
            to the moment of the event before it.
        seq : int, optional
            After so many events; 0 is before the first one.

        Returns
        -------
        State
            As :meth:`get_state` would have given it.

        Raises
        ------
        InvalidArgument
            There have not been so many events, or not exactly one of the two is given.
        InvalidTime
            The time is none.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.mark({"ACME": 110}, time="2024-01-04")
        >>> portfolio.state_at("2024-01-03").equity, portfolio.state_at("2024-01-04").equity
        (Decimal('1000.00'), Decimal('1020.00'))
        >>> portfolio.state_at(seq=0).events
        0
        """

    @abstractmethod
    def asof_states(
        self,
        times: Iterable[TimeLike],
        exact: bool = False,  # noqa: FBT001, FBT002
    ) -> Table:
        """Return the account at many times in one pass, for a join or a chart.

        Parameters
        ----------
        times : iterable of times
            In any order, each as often as wanted: a list, a column of a frame, an array.
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        Table
            One row per given time, in their order: time, seq (events until then), equity,
            balance, unrealized_pnl, margin_used, gross_exposure, net_exposure, open_positions.

        Raises
        ------
        InvalidArgument
            This is no iterable, or a single text.
        InvalidTime
            One of them is no time.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
        >>> portfolio.mark({"ACME": 110}, time="2024-01-04")
        >>> frame = portfolio.asof_states(["2024-01-05", "2024-01-03", "2024-01-01"]).to_polars()
        >>> frame.select("seq", "equity", "open_positions").rows()
        [(3, 1020.0, 1), (2, 1000.0, 1), (1, 1000.0, 0)]
        """

    def explain(self, trade: Trade | int) -> Explanation:
        """Say how the result of a trade came about: each posting, and what it adds to.

        Parameters
        ----------
        trade : Trade or int
            A trade of this portfolio, or its ``trade_id``.

        Returns
        -------
        Explanation
            ``str()`` and a notebook show it in words; ``.postings`` is a table.

        Raises
        ------
        InvalidArgument
            The portfolio has no such trade.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> portfolio = op.Portfolio(1000)
        >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02", fee="0.5")
        >>> trade = portfolio.close_position(position_id, 110, "2024-01-03", fee="0.5")
        >>> print(portfolio.explain(trade).net)
        net_pnl 19 = gross_pnl 20 - entry_fee 0.5 - exit_fee 0.5 + swap 0
        """
        from omega_portfolio.explanation import explain

        return explain(self, trade)

    @abstractmethod
    def _event_at(self, place: int) -> Table:
        """Return the event whose bytes have a place in them, as ``get_events`` has it."""

    @abstractmethod
    def _contract_size(self, symbol: str) -> Decimal:
        """Return the contract size of a symbol that is known."""

    def __copy__(self: Own) -> Own:
        made = self.fork()
        _attributes(made).update(_attributes(self))
        return made

    def __deepcopy__(self: Own, memo: dict[int, Any]) -> Own:
        made = self.fork()
        memo[id(self)] = made
        _attributes(made).update(copy.deepcopy(_attributes(self), memo))
        return made

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...], dict[str, Any] | None]:
        return _restored, (type(self), self.to_bytes()), _attributes(self) or None


def _attributes(portfolio: TimeTravel) -> dict[str, Any]:
    """Give what a subclass of a user has put on a portfolio; the classes here have none."""
    found: dict[str, Any] = getattr(portfolio, "__dict__", {})
    return found


def _bytes_of(data: object) -> bytes:
    if isinstance(data, bytes):
        return data
    rule, remedy = "must be bytes", "pass what to_bytes() gave"
    if not isinstance(data, bytearray | memoryview):
        raise InvalidArgument("data", describe(data), rule, remedy)
    try:
        return bytes(data)
    except ValueError as error:  # A view that was released.
        raise InvalidArgument("data", describe(data), rule, remedy) from error


def _restored(kind: object, data: object) -> TimeTravel:
    """Make the portfolio of a pickle.

    Raises
    ------
    InvalidImage
        Somebody else made the pickle, or it is damaged.
    """
    remedy = "unpickle what pickle.dumps(portfolio) gave"
    if not (isinstance(kind, type) and issubclass(kind, TimeTravel)):
        raise InvalidImage("pickle", describe(kind), "must name a class of portfolios", remedy)
    if not isinstance(data, bytes):
        raise InvalidImage("pickle", describe(data), "must hold bytes", remedy)
    try:
        return kind.from_bytes(data)
    except InvalidImage as error:
        raise InvalidImage("pickle", error.value, error.rule, remedy) from error


__all__ = ["TimeTravel"]
