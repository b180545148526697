"""Protection, orders, bars and quotes of the portfolio: arguments in, events to the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from omega_portfolio.errors import InvalidArgument, InvariantViolation, OmegaPortfolioError
from omega_portfolio.oracle.account_calls import AccountCalls
from omega_portfolio.oracle.bar_reading import read_bars, read_path, read_timed_bars
from omega_portfolio.oracle.checkpoint import Checkpoint
from omega_portfolio.oracle.events import (
    OF_QUOTES,
    Bars,
    CancelOrder,
    Modify,
    PlaceOrder,
    Quotes,
)
from omega_portfolio.oracle.order_reading import (
    GivenProtection,
    read_break_even,
    read_order_id,
    read_order_price,
    read_order_type,
    read_protection,
    read_targets,
)
from omega_portfolio.oracle.order_tables import order_rows
from omega_portfolio.oracle.prices import read_quotes
from omega_portfolio.oracle.replay import taken_back
from omega_portfolio.oracle.tables import PythonTable
from omega_portfolio.oracle.texts import (
    read_flag,
    read_position_id,
    read_side,
    read_symbol,
    read_text,
)
from omega_portfolio.oracle.times import read_time
from omega_portfolio.oracle.views import PythonTrade
from omega_portfolio.sentinel import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omega_portfolio.oracle.bar_reading import TimedBars
    from omega_portfolio.oracle.ledger import Ledger
    from omega_portfolio.oracle.schema import Rows
    from omega_portfolio.types import (
        ArrowStream,
        NumberLike,
        PriceLike,
        PricesLike,
        Table,
        TimeLike,
        Trade,
    )

    BreakEvenLike: TypeAlias = PriceLike | Sequence[PriceLike]
    TargetsLike: TypeAlias = Sequence[Sequence[PriceLike | NumberLike]]
    BarLike: TypeAlias = Sequence[PriceLike] | Mapping[str, PriceLike]
    BarsLike: TypeAlias = Mapping[str, BarLike] | ArrowStream


class PythonOrders(AccountCalls):
    """The part of :class:`omega_portfolio.oracle.PortfolioPython` that orders and bars need."""

    __slots__ = ()

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
        """Set or remove the protective levels and the protection of a position."""
        policy = self._policy
        event = Modify(
            position_id=read_position_id("position_id", position_id),
            time=read_time("time", time),
            stop_loss=self._level("stop_loss", stop_loss),
            take_profit=self._level("take_profit", take_profit),
            trailing=self._level("trailing", trailing),
            break_even=(
                break_even
                if break_even is None or isinstance(break_even, Unset)
                else read_break_even(break_even, policy)
            ),
            targets=(
                targets
                if isinstance(targets, Unset)
                else ()
                if targets is None
                else read_targets(targets, policy)
            ),
            exit_time=(
                exit_time
                if exit_time is None or isinstance(exit_time, Unset)
                else read_time("exit_time", exit_time)
            ),
        )
        if event.is_empty():
            raise InvalidArgument(
                "stop_loss",
                "UNSET",
                "no level and no protection is given",
                "pass a level, or None to remove one",
            )
        self._apply(event)

    def place_order(
        self,
        symbol: str,
        side: str,
        size: NumberLike,
        time: TimeLike,
        *,
        type: str = "limit",  # noqa: A002 - the name that callers use.
        price: PriceLike | None = None,
        expiry: TimeLike | None = None,
        oco: str = "",
        stop_loss: PriceLike | None = None,
        take_profit: PriceLike | None = None,
        trailing: PriceLike | None = None,
        break_even: BreakEvenLike | None = None,
        targets: TargetsLike | None = None,
        exit_time: TimeLike | None = None,
        tag: str = "",
    ) -> int:
        """Let an order rest that bars and quotes may fill; return its id."""
        name, number = read_symbol("symbol", symbol), read_side("side", side)
        raw_size, placed = self._quantity("size", size), read_time("time", time)
        kind = read_order_type(type)
        event = PlaceOrder(
            symbol=name,
            side=number,
            size=raw_size,
            time=placed,
            kind=kind,
            price=read_order_price(price, kind, self._policy),
            expiry=None if expiry is None else read_time("expiry", expiry),
            oco=read_text("oco", oco),
            stop_loss=None if stop_loss is None else self._quantity("stop_loss", stop_loss),
            take_profit=None if take_profit is None else self._quantity("take_profit", take_profit),
            protection=read_protection(
                GivenProtection(trailing, break_even, targets, exit_time), self._policy
            ),
            tag=read_text("tag", tag),
        )
        return self._apply(event)

    def cancel_order(self, order_id: int, time: TimeLike) -> None:
        """Take a resting order back."""
        self._apply(CancelOrder(read_order_id(order_id), read_time("time", time)))

    def process_bar(
        self, time: TimeLike, bars: BarsLike, *, path: str | None = None
    ) -> list[Trade]:
        """Take a bar of each of some symbols; return the trades that it made."""
        bar_time = read_time("time", time)
        converted = read_bars(bars, self._policy)
        return self._trades_of(Bars(bar_time, converted, read_path(path)))

    def process_quotes(self, time: TimeLike, quotes: PricesLike) -> list[Trade]:
        """Set quotes and do what they reach; return the trades that this made."""
        quote_time = read_time("time", time)
        return self._trades_of(Quotes(quote_time, read_quotes(quotes, self._policy, OF_QUOTES)))

    def process_bars(self, bars: ArrowStream, *, path: str | None = None) -> int:
        """Take a whole frame of bars, all or nothing; return the number of trades it made."""
        rows = read_timed_bars(bars, self._policy)
        number = read_path(path)
        with self._all_or_nothing() as ledger:
            before = len(ledger.trade_rows)
            for timed in rows:
                _apply_timed(ledger, timed, number)
            return len(ledger.trade_rows) - before

    def get_orders(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return the resting orders and the protection of open positions."""
        with self._turn():
            return _table(order_rows(self._sound()), exact=exact)

    def get_activity(self, exact: bool = False) -> Table:  # noqa: FBT001, FBT002
        """Return what became of orders, and the margin calls and stop-outs."""
        with self._turn():
            return _table(self._sound().activity_rows, exact=exact)

    @property
    def ambiguous_count(self) -> int:
        """How often a bar left open which of two levels came first."""
        with self._turn():
            return self._sound().ambiguous_count

    def _trades_of(self, event: Bars | Quotes) -> list[Trade]:
        with self._change() as ledger:
            before = len(ledger.trade_rows)
            ledger.apply(event)
            made = range(before, len(ledger.trade_rows))
            return [PythonTrade(ledger.trade_rows.row(row), self._digits) for row in made]

    @contextmanager
    def _all_or_nothing(self) -> Iterator[Ledger]:
        """Hold the account for several events; when one is refused, none has happened."""
        with self._change() as ledger:
            length, rounded = ledger.journal.length(), ledger.rounded_count
            saved = Checkpoint(ledger)
            try:
                yield ledger
            except InvariantViolation:
                raise
            except BaseException as error:
                # Should the way back be interrupted, half of it must not be there to see.
                ledger.violation = InvariantViolation(
                    "portfolio",
                    type(error).__name__,
                    "a frame was interrupted while it was taken back",
                    "discard this portfolio",
                )
                if isinstance(error, OmegaPortfolioError):
                    saved.restore()
                    ledger.violation = None
                else:
                    # An interrupt may have left anything; the events before it are sound.
                    self._ledger = taken_back(ledger, length)
                self._ledger.rounded_count = rounded
                raise

    def _level(self, argument: str, value: object) -> int | Unset | None:
        if value is None or isinstance(value, Unset):
            return value
        return self._quantity(argument, value)


def _apply_timed(ledger: Ledger, timed: TimedBars, path: int | None) -> None:
    """Apply the bars of one time; a refusal says where in the frame."""
    try:
        ledger.apply(Bars(timed.time, timed.bars, path))
    except InvariantViolation:
        raise
    except OmegaPortfolioError as error:
        raise timed.placed(error) from None


def _table(rows: Rows, *, exact: bool) -> PythonTable:
    return PythonTable(rows.columns, rows.lists, len(rows), exact=read_flag("exact", exact))
