"""Events by the table: one call that means what many calls mean, or nothing at all."""

# Abstract methods have no body but their text.
# mypy: disable-error-code=empty-body

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.account import Account
from omega_portfolio.analysis_tables import abstractmethod

if TYPE_CHECKING:
    from typing import Literal

    from omega_portfolio.types import ArrowStream, Receipts


class Frames(Account):
    """The call of :class:`omega_portfolio.Portfolio` that takes a frame of events."""

    __slots__ = ()

    @abstractmethod
    def apply(
        self,
        events: ArrowStream,
        *,
        on_error: Literal["raise", "record"] = "raise",
        exact: bool = False,
    ) -> Receipts:
        """Apply a whole table of events, one row an event, in row order.

        It means what the calls ``open_position``, ``close_position``, ``modify_position``,
        ``mark``, ``update_equity``, ``charge_fee``, ``deposit``, ``withdraw`` and
        ``register_instrument`` mean, one after the other; on the compiled engine without a step
        of Python in between.

        Parameters
        ----------
        events : Arrow table
            Anything that exports an Arrow stream or array: a frame of Polars, a table of
            pyarrow, a result of DuckDB. SPEC section 11 lists the columns; a frame has
            ``action`` and those that its rows need, and a cell that an event does not have is
            null.
        on_error : {"raise", "record"}, default "raise"
            ``raise``: the first row that is refused ends the call, and nothing of the frame is
            applied. ``record``: a refused row changes nothing and is listed in
            ``receipts.refused``, and the others go on.
        exact : bool, default False
            Numbers of the receipts as Decimal128 instead of Float64.

        Returns
        -------
        Receipts
            One row for each accepted row: row, position_id, realized, fee, balance; the
            refused rows in ``refused``.

        Raises
        ------
        InvalidArgument
            ``events`` is no Arrow table, or ``on_error`` is neither of the two.
        InvalidFrame
            The table cannot be read, a column is unknown, stands twice or has a wrong type,
            ``action`` is missing, or a cell that a row needs is null.
        OmegaPortfolioError
            A row is refused as the call of its action would be. The error has the argument
            ``events`` and names row and column in its value.
        RuntimeError
            Raised by any call that a signal handler makes while its own thread is in here.

        Notes
        -----
        ========================= ================================================================
        action                    columns, those in brackets may be null
        ========================= ================================================================
        open                      time, symbol, side, size, price, [stop_loss], [take_profit],
                                  [position_id], [key], [fee], [tag]
        close                     time, price, position_id or key, [symbol], [size], [fee],
                                  [reason]
        modify                    time, position_id or key, [symbol], [stop_loss], [take_profit];
                                  null keeps a level, 0 removes it
        mark, update              time (of a mark: may be null), [symbol] with price or with bid
                                  and ask; rows in sequence with the same number in ``event`` are
                                  one event
        fee                       time, fee, [position_id or key], [symbol]
        deposit, withdraw         time, amount
        register                  symbol, [price_decimals], [size_decimals], [contract_size],
                                  [leverage], [quote_currency]
        ========================= ================================================================

        A ``key`` is a name that an open gives to its position, so that later rows of the same
        call can close it before anybody knows its id.

        Examples
        --------
        >>> import polars as pl
        >>> from datetime import date
        >>> import omega_portfolio as op
        >>> frame = pl.DataFrame({
        ...     "action": ["open", "update", "close"],
        ...     "time": [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)],
        ...     "symbol": ["ACME", "ACME", None],
        ...     "side": ["long", None, None],
        ...     "size": [2.0, None, None],
        ...     "price": [100.0, 103.0, 104.0],
        ...     "key": ["first", None, "first"],
        ...     "fee": [1.0, None, 1.0],
        ... })
        >>> portfolio = op.Portfolio(1000)
        >>> portfolio.apply(frame).to_polars().select("row", "realized", "balance").rows()
        [(0, 0.0, 999.0), (1, 0.0, 999.0), (2, 8.0, 1006.0)]

        A frame is applied as a whole or not at all, unless refused rows are to be recorded:

        >>> larger = frame.with_columns(size=pl.Series([2000.0, None, None]))
        >>> another = op.Portfolio(1000)
        >>> another.apply(larger)  # doctest: +NORMALIZE_WHITESPACE
        Traceback (most recent call last):
        ...
        omega_portfolio.errors.InsufficientMargin: [4002] events=row 0, column size: ...
        >>> another.events
        0
        >>> receipts = another.apply(larger, on_error="record")
        >>> receipts.to_polars()["row"].to_list()
        [1]
        >>> receipts.refused.to_polars().select("row", "code").rows()
        [(0, 4002), (2, 4001)]
        """


__all__ = ["Frames"]
