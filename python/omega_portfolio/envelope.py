"""Two accounts side by side, one for each way in which a bar may have gone (rule G9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from omega_portfolio.envelope_sides import Sides, Skipped, both, replayable
from omega_portfolio.portfolio import Portfolio
from omega_portfolio.sentinel import UNSET, Unset

if TYPE_CHECKING:
    from decimal import Decimal

    import polars as pl

    from omega_portfolio.types import (
        ArrowStream,
        BarsLike,
        BreakEvenLike,
        FloatPolicy,
        Mode,
        NumberLike,
        OffGrid,
        PriceLike,
        Rounding,
        TargetsLike,
        TimeLike,
        Trade,
    )


class Envelope(Sides):
    """A pessimistic and an optimistic account that get the same calls.

    A bar does not tell what came first within it. The truth lies between the two accounts, and
    where they agree it does not matter.

    The calls are those of :class:`omega_portfolio.Portfolio`; each answers a pair, first of the
    pessimistic side. A call that the pessimistic account refuses is raised, and neither changes.
    Two things are different, and listed in :attr:`skipped`: a close or a change of a position
    (or order) that is open on one side only is done there and skipped on the other, and a call
    that the pessimistic account took and the optimistic one refuses is skipped there. What is
    open on neither side is raised.

    Positions are named by their id on the pessimistic side. A position that an order opened on
    the optimistic side only (the other one had not the margin) has none; it can be closed
    through :attr:`optimistic`.

    Parameters
    ----------
    initial_balance : int, str, Decimal or float
        Money at the start of each side.
    currency, leverage, mode, floats, capacity, rounding, off_grid : optional
        As in :class:`omega_portfolio.Portfolio`.
    margin_call, stop_out, pivot, backend : optional
        As in :class:`omega_portfolio.Portfolio`.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> envelope = op.Envelope(1000)
    >>> position_id = envelope.open_position(
    ...     "ACME", "long", 1, 100, "2024-01-02", stop_loss=95, take_profit=110
    ... )
    >>> worse, better = envelope.process_bar("2024-01-03", {"ACME": (101, 112, 94, 105)})
    >>> worse[0].reason, better[0].reason, envelope.ambiguous_count
    ('stop_loss', 'take_profit', 1)
    >>> envelope.to_polars().select("pessimistic", "optimistic").rows()
    [(995.0, 1010.0)]
    """

    __slots__ = ()

    def __init__(
        self,
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
        pivot: str = "USD",
        backend: str | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "currency": currency, "leverage": leverage, "mode": mode, "floats": floats,
            "capacity": capacity, "rounding": rounding, "off_grid": off_grid,
            "margin_call": margin_call, "stop_out": stop_out, "pivot": pivot, "backend": backend,
        }  # fmt: skip
        super().__init__(initial_balance, options)

    register_instrument = both(Portfolio.register_instrument)
    mark = both(Portfolio.mark)
    update_equity = both(Portfolio.update_equity)
    apply = both(Portfolio.apply)
    place_order = both(Portfolio.place_order)
    cancel_order = both(Portfolio.cancel_order)
    process_quotes = both(Portfolio.process_quotes)
    deposit = both(Portfolio.deposit)
    withdraw = both(Portfolio.withdraw)
    convert_cash = both(Portfolio.convert_cash)
    charge_swap = both(Portfolio.charge_swap)
    rollover = both(Portfolio.rollover)
    dividend = both(Portfolio.dividend)
    split = both(Portfolio.split)
    verify = both(Portfolio.verify)

    def process_bar(
        self, time: TimeLike, bars: BarsLike
    ) -> tuple[list[Trade] | None, list[Trade] | None]:
        """Run the bars on both sides, each with its path; answer the trades of both."""
        bars = cast("BarsLike", replayable(bars, "bars"))
        return self.each(
            "process_bar",
            lambda portfolio: portfolio.process_bar(time, bars),
            lambda portfolio: portfolio.process_bar(time, bars),
        )

    def process_bars(self, bars: ArrowStream) -> tuple[int | None, int | None]:
        """Run a frame of bars on both sides, each with its path; answer the numbers of trades."""
        bars = cast("ArrowStream", replayable(bars, "bars"))
        return self.each(
            "process_bars",
            lambda portfolio: portfolio.process_bars(bars),
            lambda portfolio: portfolio.process_bars(bars),
        )

    def open_position(
        self,
        symbol: str,
        side: str,
        size: NumberLike,
        price: PriceLike,
        time: TimeLike,
        **options: Any,  # noqa: ANN401 - those of the call below.
    ) -> int:
        """Call :meth:`omega_portfolio.Portfolio.open_position` on both sides.

        The answer is the id on the pessimistic side.
        """

        def act(portfolio: Portfolio) -> int:
            return portfolio.open_position(symbol, side, size, price, time, **options)

        position_id, other_id = self.each("open_position", act, act)
        if position_id is None:
            raise AssertionError("an open does not look for a position")
        if other_id is not None:
            self.pair(position_id, other_id)
        return position_id

    def close_position(
        self,
        position_id: int,
        price: PriceLike,
        time: TimeLike,
        *,
        size: NumberLike | None = None,
        fee: NumberLike | None = None,
        reason: str = "",
    ) -> tuple[Trade | None, Trade | None]:
        """Close a position on both sides; None where it is closed already."""

        def act(portfolio: Portfolio) -> Trade:
            name = self.named(portfolio, position_id)
            return portfolio.close_position(name, price, time, size=size, fee=fee, reason=reason)

        return self.each("close_position", act, act)

    def modify_position(
        self,
        position_id: int,
        time: TimeLike,
        *,
        stop_loss: PriceLike | Unset | None = UNSET,
        take_profit: PriceLike | Unset | None = UNSET,
        trailing: PriceLike | Unset | None = UNSET,
        break_even: BreakEvenLike | Unset | None = UNSET,
        targets: TargetsLike | Unset | None = UNSET,
        exit_time: TimeLike | Unset | None = UNSET,
    ) -> None:
        """Change the protection of a position on both sides, or on the one that has it."""

        def act(portfolio: Portfolio) -> None:
            portfolio.modify_position(
                self.named(portfolio, position_id), time, stop_loss=stop_loss,
                take_profit=take_profit, trailing=trailing, break_even=break_even,
                targets=targets, exit_time=exit_time,
            )  # fmt: skip

        self.each("modify_position", act, act)

    def close_by(
        self,
        position_id: int,
        other_id: int,
        time: TimeLike,
        *,
        size: NumberLike | None = None,
        fee: NumberLike | None = None,
    ) -> tuple[tuple[Trade, Trade] | None, tuple[Trade, Trade] | None]:
        """Close two positions against each other on both sides, or on the one that has both."""

        def act(portfolio: Portfolio) -> tuple[Trade, Trade]:
            first = self.named(portfolio, position_id)
            other = self.named(portfolio, other_id)
            return portfolio.close_by(first, other, time, size=size, fee=fee)

        return self.each("close_by", act, act)

    def charge_fee(
        self, amount: NumberLike, time: TimeLike, *, position_id: int | None = None
    ) -> None:
        """Book a fee on both sides, or on the one that has its position."""

        def act(portfolio: Portfolio) -> None:
            named = None if position_id is None else self.named(portfolio, position_id)
            portfolio.charge_fee(amount, time, position_id=named)

        self.each("charge_fee", act, act)

    def to_polars(self, exact: bool = False) -> pl.DataFrame:  # noqa: FBT001, FBT002
        """Give both equity curves side by side.

        Parameters
        ----------
        exact : bool, default False
            Numbers as Decimal128 instead of Float64.

        Returns
        -------
        polars.DataFrame
            The columns time, pessimistic and optimistic; a row that only one side has is null
            on the other.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> envelope = op.Envelope(1000)
        >>> _ = envelope.update_equity("2024-01-02", {"ACME": 100})
        >>> envelope.to_polars().columns
        ['time', 'pessimistic', 'optimistic']
        """
        import polars as pl

        sides = {"pessimistic": self.pessimistic, "optimistic": self.optimistic}
        curves = [
            portfolio.get_equity_curve(exact=exact)
            .to_polars()
            .select("time", pl.col("equity").alias(name))
            # Rows of one time are paired in their order.
            .with_columns(row=pl.int_range(pl.len()).over("time"))
            for name, portfolio in sides.items()
        ]
        both = curves[0].join(curves[1], on=["time", "row"], how="full", coalesce=True)
        return both.sort("time", "row").drop("row")

    def summary(self) -> dict[str, tuple[Decimal | int, Decimal | int]]:
        """Give the figures of both sides, pessimistic first.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> op.Envelope(1000).summary()["equity"]
        (Decimal('1000.00'), Decimal('1000.00'))
        """
        sides = (self.pessimistic, self.optimistic)
        names = ("equity", "balance", "unrealized_pnl", "realized_pnl", "ambiguous_count")
        figures = {name: tuple(getattr(side, name) for side in sides) for name in names}
        figures["trades"] = tuple(len(side.get_trades()) for side in sides)
        figures["open positions"] = tuple(len(side.get_positions()) for side in sides)
        return {name: (worse, better) for name, (worse, better) in figures.items()}

    def __repr__(self) -> str:
        facts = (f"{name}={worse}..{better}" for name, (worse, better) in self.summary().items())
        return f"<Envelope  {'  '.join(facts)}>"

    def _repr_html_(self) -> str:
        from omega_portfolio.display import rows_html

        headers = [("", ""), ("pessimistic", ""), ("optimistic", "")]
        return rows_html("Envelope", headers, [(n, *both) for n, both in self.summary().items()])


__all__ = ["Envelope", "Skipped"]
