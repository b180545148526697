"""The public class and its constructor.

The methods are in its bases: :mod:`omega_portfolio.events`, :mod:`omega_portfolio.bars`,
:mod:`omega_portfolio.cash_events` and :mod:`omega_portfolio.frames` have the calls that change the
account, :mod:`omega_portfolio.durability` those that keep it on a disk,
:mod:`omega_portfolio.account`, :mod:`omega_portfolio.tables` and
:mod:`omega_portfolio.account_tables` have everything that is read from it.
:mod:`omega_portfolio.backend` chooses who does the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.backend import backend_class, select
from omega_portfolio.durability import Durability
from omega_portfolio.journal_arguments import INTERVAL_DEFAULT

if TYPE_CHECKING:
    import os

    from omega_portfolio.recovery import SyncMode
    from omega_portfolio.types import FloatPolicy, Mode, NumberLike, OffGrid, PathName, Rounding


class Portfolio(Durability):
    """An exact account: every fill is an event, every table comes out as Arrow.

    >>> import omega_portfolio as op
    >>> pf = op.Portfolio("100000", currency="USD", leverage=30)
    >>> eurusd = op.Instrument("EURUSD", price_decimals=5, size_decimals=2, contract_size=100_000)
    >>> pf.register_instrument(eurusd)
    >>> pid = pf.open_position("EURUSD", "long", "0.10", "1.08123", "2024-01-02T09:00", fee="0.35")
    >>> pf.update_equity("2024-01-02T10:00", {"EURUSD": ("1.08210", "1.08212")})
    >>> pf.equity, pf.balance + pf.unrealized_pnl == pf.equity
    (Decimal('100008.35'), True)
    >>> pf.close_position(pid, "1.0821", "2024-01-02T11:00", reason="target").net_pnl
    Decimal('8.35')
    >>> pf.get_trades().to_polars()["reason"].to_list()
    ['target']

    Calling this class gives a :class:`PortfolioRust` or a :class:`PortfolioPython`; both mean
    the same (``SPEC.md``). Numbers are kept as integers: prices and sizes with 9 decimals,
    money with 18. A refused event raises a subclass of
    :class:`omega_portfolio.OmegaPortfolioError` and changes nothing.

    Parameters
    ----------
    initial_balance : int, str, Decimal or float
        Money at the start, 0 or more.
    currency : str, default "USD"
        Currency of the account: an ISO 4217 code, BTC, ETH, USDT or USDC.
    leverage : int, str, Decimal or float, default 1
        Greater than 0; margin is cost / leverage.
    mode : {"hedging", "netting"}, default "hedging"
        Positions of one symbol live side by side, each with its own id; or there is at most
        one, which fills increase, reduce and flip.
    floats : {"nearest", "strict"}, default "nearest"
        A float with more decimals than fit is rounded half-even, or refused.
    capacity : int, optional
        Expected number of equity rows; with it the equity curve is one Arrow chunk.
    rounding : {"exact", "cents"}, default "exact"
        Postings keep all 18 decimals, or are booked in the digits of the currency, with what is
        left carried on in ``residue``.
    off_grid : {"refuse", "round"}, default "refuse"
        A price off its tick or a size off its lot step is refused; or the price is rounded
        half-even, the size down, and ``rounded_count`` counts it.
    margin_call, stop_out : int, str, Decimal or float, optional
        Margin levels in percent, greater than 0: below the first there is a margin call, below
        the second positions are closed by bars and quotes. stop_out is at most margin_call.
    path : {"pessimistic", "optimistic", "ohlc", "olhc"}, default "pessimistic"
        What is taken to come first within a bar.
    pivot : str, default "USD"
        The currency between two that have no pair of their own.
    journal : str or path, optional
        A new file that gets every accepted event before it counts, so that
        :func:`omega_portfolio.open_journal` can restore the portfolio.
    sync : {"off", "os", "interval", "always"}, optional
        What a crash may take of the journal. ``off``: what is gathered in memory; ``os``, which
        it is when left out: nothing when the process dies, the last seconds when the power is
        cut; ``interval``: at most ``sync_interval_ms`` of these; ``always``: nothing.
    sync_interval_ms : int, default 100
        In mode ``interval``, the longest time that an event waits for the disk.
    snapshot_every : int, optional
        Number of events after which a snapshot is written beside the journal.
    backend : {"auto", "rust", "python"}, optional
        The implementation. Left out, the environment variable ``USE_RUST_PORTFOLIO`` decides
        (``auto``, ``true`` or ``false``, read when the package is imported).

    Raises
    ------
    InvalidAmount, InvalidNumber, NumberOutOfRange
        The initial balance is negative, no number, or too large.
    InvalidCurrency, InvalidConfiguration, InvalidArgument
        An option has a value that does not exist or a wrong type.
    JournalExists, DurabilityError
        Something has the name of the journal; the system refuses to make it.
    BackendUnavailable
        Rust is asked for and its compiled module does not load.

    See Also
    --------
    omega_portfolio.backend_status : Which backend is live, and why.
    """

    __slots__ = ()

    # A backend sets its state in __new__ and has no __init__: when this method returns its
    # object, Python calls type(object).__init__ once more, with the arguments given here.
    def __new__(
        cls,
        initial_balance: NumberLike,
        *,
        currency: str = "USD",
        leverage: NumberLike = 1,
        mode: Mode = "hedging",
        floats: FloatPolicy = "nearest",
        capacity: int | None = None,
        rounding: Rounding = "exact",
        off_grid: OffGrid = "refuse",
        margin_call: NumberLike | None = None,
        stop_out: NumberLike | None = None,
        path: PathName = "pessimistic",
        pivot: str = "USD",
        journal: str | os.PathLike[str] | None = None,
        sync: SyncMode | None = None,
        sync_interval_ms: int = INTERVAL_DEFAULT,
        snapshot_every: int | None = None,
        backend: str | None = None,
    ) -> Portfolio:
        """Construct a portfolio of the chosen backend."""
        if cls is not Portfolio:
            return super().__new__(cls)
        chosen = backend_class(select(backend))
        return chosen(
            initial_balance,
            currency=currency,
            leverage=leverage,
            mode=mode,
            floats=floats,
            capacity=capacity,
            rounding=rounding,
            off_grid=off_grid,
            margin_call=margin_call,
            stop_out=stop_out,
            path=path,
            pivot=pivot,
            journal=journal,
            sync=sync,
            sync_interval_ms=sync_interval_ms,
            snapshot_every=snapshot_every,
        )


__all__ = ["Portfolio"]
