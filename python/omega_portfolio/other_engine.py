"""Another engine's trades beside those of a portfolio: which are the same, and why others are not.

Every difference of money is split into named causes, in fractions; what no cause explains is said
to be unexplained.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.display import rows_html, value_text
from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.other_trades import Fill, merged, ours, theirs

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import ArrowStream

SHOWN_MAX: Final = 20
"""Pairs that ``str()`` and a notebook show."""

FLOAT_NOISE: Final = Fraction(1, 10**12)
"""Up to this part of a trade's value a difference is that of float arithmetic, and none."""

FLOAT_ARITHMETIC: Final = "float_arithmetic"

CAUSES: Final = (
    "entry_price",
    "exit_price",
    "size",
    "fees",
    "swap",
    FLOAT_ARITHMETIC,
    "unexplained",
    "missing",
    "extra",
)


class Cause(NamedTuple):
    """A cause, and what it makes of the result: theirs minus ours, in account currency."""

    name: str
    trades: int
    amount: Decimal


class Pair(NamedTuple):
    """A trade of both engines that is not the same in both."""

    trade_ids: tuple[int, ...]
    """Of the portfolio; several when the other engine has one trade for several closes."""
    row: int
    """Of the other engine's table, from 0."""
    symbol: str
    ours: Decimal
    """Net result here."""
    theirs: Decimal
    """Net result there."""
    why: tuple[tuple[str, Decimal], ...]
    """Causes and amounts; they add up to ``theirs - ours``."""
    moved: tuple[str, ...]
    """Which times are others: ``entry_time``, ``exit_time``."""


@dataclass(frozen=True)
class Comparison:
    """What :func:`omega_portfolio.compare` found; it is false when nothing differs.

    Attributes
    ----------
    same : int
        Trades that are the same in both, but for float arithmetic.
    pairs : tuple of Pair
        Trades of both that differ, in the order of the portfolio's.
    missing : tuple of int
        ``trade_id`` of trades that the other engine does not have.
    extra : tuple of int
        Rows of the other engine's table that the portfolio does not have.
    ours, theirs : Decimal
        Sums of the net results.
    causes : tuple of Cause
        What ``theirs - ours`` is made of, to the last digit.
    """

    same: int
    pairs: tuple[Pair, ...]
    missing: tuple[int, ...]
    extra: tuple[int, ...]
    ours: Decimal
    theirs: Decimal
    causes: tuple[Cause, ...]

    def __bool__(self) -> bool:
        return bool(self.pairs or self.missing or self.extra)

    def __str__(self) -> str:
        if not self:
            return f"no difference in {self.same} trades"
        lines = [self._title()]
        lines += [f"  {what}: {how}" for what, how in self._rows()]
        hidden = len(self.pairs) - SHOWN_MAX
        return "\n".join([*lines, *([f"  and {hidden} trades more"] if hidden > 0 else [])])

    def _repr_html_(self) -> str:
        return rows_html(self._title(), [("what", ""), ("how", "")], self._rows())

    def _title(self) -> str:
        return (
            f"{self.same} trades are the same, {len(self.pairs)} differ, {len(self.missing)} are "
            f"missing, {len(self.extra)} extra; net {value_text(self.theirs)} against "
            f"{value_text(self.ours)}"
        )

    def _rows(self) -> Iterator[tuple[str, str]]:
        for cause in self.causes:
            yield cause.name, f"{value_text(cause.amount)} in {cause.trades} trades"
        for pair in self.pairs[:SHOWN_MAX]:
            ids = ", ".join(map(str, pair.trade_ids))
            why = [f"{name} {value_text(amount)}" for name, amount in pair.why]
            yield f"trade {ids} ({pair.symbol}, row {pair.row})", ", ".join([*why, *pair.moved])
        if self.missing:
            yield "missing", "trades " + ", ".join(map(str, self.missing[:SHOWN_MAX]))
        if self.extra:
            yield "extra", "rows " + ", ".join(map(str, self.extra[:SHOWN_MAX]))


def compare(
    portfolio: Portfolio, trades: ArrowStream, *, columns: dict[str, str] | None = None
) -> Comparison:
    """Hold another engine's trades against those of a portfolio, and explain each difference.

    Trades belong together when symbol, side, size and both times are the same; of the others those
    with the same symbol, side and entry time, then exit time; then, where both have as many of a
    symbol and side left, in their order. Several closes of a position may be one trade of the other
    engine. What float arithmetic does to a trade, a million millionth of its value, is no
    difference; its sum is among the causes all the same, so that they add up to the last digit.

    Parameters
    ----------
    portfolio : Portfolio
        The account that is compared with.
    trades : frame
        One row a closed trade: symbol, side (long, short, buy, sell), size, entry_time,
        entry_price, exit_time, exit_price, and net_pnl or gross_pnl; fees and swap if there are
        any (without ``fees`` they are what gross_pnl has more than net_pnl, or none). Other columns
        are not read. Floats are read by their shortest text.
    columns : dict of str to str, optional
        Their names of columns, and the ones above: ``{"PnL": "net_pnl"}``.

    Returns
    -------
    Comparison
        False when nothing differs; ``str()`` and a notebook show it in words.

    Raises
    ------
    InvalidFrame
        A column is missing or twice, or a cell cannot be read.
    InvalidArgument
        ``portfolio`` is none, or ``columns`` has no names.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> import polars as pl
    >>> portfolio = op.Portfolio(1000)
    >>> for hour, price in (("09", 100), ("10", 101)):
    ...     at = f"2024-01-02T{hour}:00"
    ...     position_id = portfolio.open_position("ACME", "long", 3, price, at, fee=1)
    ...     trade = portfolio.close_position(position_id, 102, f"2024-01-02T{hour}:30")
    >>> theirs = portfolio.get_trades().to_polars().with_columns(fees=0.0, entry_price=100.0)
    >>> print(op.compare(portfolio, theirs.with_columns(net_pnl=6.0)))
    0 trades are the same, 2 differ, 0 are missing, 0 extra; net 12 against 7
      entry_price: 3 in 1 trades
      fees: 2 in 2 trades
      trade 1 (ACME, row 0): fees 1
      trade 2 (ACME, row 1): entry_price 3, fees 1
    """
    renamed = _checked(portfolio, columns)
    here, there = ours(portfolio), theirs(trades, renamed)
    match = _Match(here, there)
    same = 0
    pairs: list[Pair] = []
    sums: dict[str, list[Fraction]] = defaultdict(list)
    for mine, other in match.pairs:
        why = dict(_causes(mine, other))
        moved = tuple(
            name
            for name in ("entry_time", "exit_time")
            if getattr(mine, name) != getattr(other, name)
        )
        for name, amount in why.items():
            sums[name].append(amount)
        if not moved and why.keys() <= {FLOAT_ARITHMETIC}:
            same += 1
            continue
        pairs.append(
            Pair(
                mine.numbers,
                other.numbers[0],
                mine.symbol,
                _decimal(mine.net),
                _decimal(other.net),
                tuple((name, _decimal(amount)) for name, amount in why.items()),
                moved,
            )
        )
    sums["missing"] = [-fill.net for fill in match.ours]
    sums["extra"] = [fill.net for fill in match.theirs]
    pairs.sort(key=lambda pair: pair.trade_ids)
    return Comparison(
        same=same,
        pairs=tuple(pairs),
        missing=tuple(sorted(number for fill in match.ours for number in fill.numbers)),
        extra=tuple(sorted(fill.numbers[0] for fill in match.theirs)),
        ours=_decimal(sum((fill.net for fill in here), Fraction(0))),
        theirs=_decimal(sum((fill.net for fill in there), Fraction(0))),
        causes=tuple(
            Cause(name, len(sums[name]), _decimal(sum(sums[name], Fraction(0))))
            for name in CAUSES
            if sums[name]
        ),
    )


def _checked(portfolio: object, columns: object) -> Mapping[str, str]:
    """Check the arguments that are no frame."""
    from omega_portfolio.portfolio import Portfolio

    if not isinstance(portfolio, Portfolio):
        rule, remedy = "must be a portfolio", "pass the account that the trades are compared with"
        raise InvalidArgument("portfolio", describe(portfolio), rule, remedy)
    if columns is None:
        return {}
    if not isinstance(columns, dict) or not all(
        isinstance(name, str) for pair in columns.items() for name in pair
    ):
        rule, remedy = "must be a dict of names", "pass {theirs: ours}"
        raise InvalidArgument("columns", describe(columns), rule, remedy)
    return columns


def _causes(mine: Fill, other: Fill) -> Iterator[tuple[str, Fraction]]:
    """Split ``other.net - mine.net``; the moves of prices are those of our size."""
    sign = 1 if mine.side == "long" else -1
    unit = sign * mine.multiplier
    found = {
        "entry_price": -unit * mine.size * (other.entry_price - mine.entry_price),
        "exit_price": unit * mine.size * (other.exit_price - mine.exit_price),
        "size": unit * (other.size - mine.size) * (other.exit_price - other.entry_price),
        "fees": mine.fees - other.fees,
        "swap": other.swap - mine.swap,
    }
    rest = other.net - mine.net - sum(found.values(), Fraction(0))
    noise = abs(mine.multiplier) * max(mine.size, other.size) * other.entry_price * FLOAT_NOISE
    small = sum((amount for amount in found.values() if abs(amount) <= noise), Fraction(0))
    large = [(name, amount) for name, amount in found.items() if abs(amount) > noise]
    if abs(rest) <= noise:
        small += rest
    else:
        large.append(("unexplained", rest))
    yield from large
    if small:
        yield FLOAT_ARITHMETIC, small


class _Match:
    """Trades that belong together, from the surest to the least sure."""

    def __init__(self, here: Sequence[Fill], there: Sequence[Fill]) -> None:
        self.pairs: list[tuple[Fill, Fill]] = []
        self.ours, self.theirs = list(here), list(there)
        self._pair(lambda fill: (fill.trade, fill.size, fill.entry_time, fill.exit_time))
        self._pair_positions()
        self._pair(lambda fill: (fill.trade, fill.entry_time, fill.exit_time))
        self._pair(lambda fill: (fill.trade, fill.entry_time))
        self._pair(lambda fill: (fill.trade, fill.size, fill.exit_time))
        self._pair(lambda fill: (fill.trade, fill.exit_time))
        self._pair_by_order()

    def _pair(self, key: Callable[[Fill], Hashable]) -> None:
        waiting: dict[Hashable, deque[Fill]] = defaultdict(deque)
        for fill in self.theirs:
            waiting[key(fill)].append(fill)
        left = []
        for fill in self.ours:
            queue = waiting[key(fill)]
            if queue:
                self.pairs.append((fill, queue.popleft()))
            else:
                left.append(fill)
        self.ours = left
        kept = {fill.numbers[0] for queue in waiting.values() for fill in queue}
        self.theirs = [fill for fill in self.theirs if fill.numbers[0] in kept]

    def _pair_positions(self) -> None:
        """Take the closes of a position as one trade, where the other engine has it so."""
        parts: dict[int, list[Fill]] = defaultdict(list)
        for fill in self.ours:
            parts[fill.position_id].append(fill)
        several = {key: merged(fills) for key, fills in parts.items() if len(fills) > 1}
        alone, self.ours = self.ours, list(several.values())
        self._pair(lambda fill: (fill.trade, fill.size, fill.entry_time, fill.exit_time))
        taken = {fill.numbers for fill, _ in self.pairs}
        gone = {key for key, fill in several.items() if fill.numbers in taken}
        self.ours = [fill for fill in alone if fill.position_id not in gone]

    def _pair_by_order(self) -> None:
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for step, fills in ((1, self.ours), (-1, self.theirs)):
            for fill in fills:
                counts[fill.trade] += step
        even = {trade for trade, count in counts.items() if count == 0}
        kept = [fill for fill in self.theirs if fill.trade not in even]
        self.theirs = [fill for fill in self.theirs if fill.trade in even]
        self._pair(lambda fill: fill.trade)
        self.theirs += kept


def _decimal(value: Fraction) -> Decimal:
    """Give at most 18 digits behind the point; money has no more."""
    raw, exponent = round(value * 10**18), -18
    while exponent < 0 and raw % 10 == 0:
        raw, exponent = raw // 10, exponent + 1
    return Decimal((int(raw < 0), tuple(map(int, str(abs(raw)))), exponent))


__all__ = ["CAUSES", "Cause", "Comparison", "Pair", "compare"]
