"""The proof that parts add up to the whole, next to an account that books an average price.

A cycle starts flat, grows in several fills, shrinks in several fills and ends flat. What it
earns is the sum of its cash flows, an integer. The portfolio must book exactly that. An account
that keeps an average entry price as a float, and books each reduction against it, misses it in
part of the cycles; that account is in
:mod:`omega_portfolio.bench.average_price`, so that the share can be counted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Context, Decimal
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from omega_portfolio.bench.average_price import AveragePriceAccount
from omega_portfolio.bench.inputs import decimal_text
from omega_portfolio.instrument import Instrument
from omega_portfolio.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MONEY_DECIMALS: Final = 18
"""Decimals of money in a portfolio."""

_WIDE: Final = Context(prec=100)
"""Decimal arithmetic that never rounds here; the usual context keeps 28 digits only."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of instrument; a price times a size of it is whole cents.

    Attributes
    ----------
    name : str
        Symbol.
    price_decimals, size_decimals, contract_size : int
        Its definition.
    price, size_max : int
        Usual price and largest size of a fill, in units of the grid.
    """

    name: str
    price_decimals: int
    size_decimals: int
    contract_size: int
    price: int
    size_max: int


KINDS: Final = (
    Kind("shares", 2, 0, 1, 18_950, 500),
    Kind("futures", 2, 0, 50, 520_025, 5),
    Kind("currency pair", 5, 2, 100_000, 108_123, 500),
)
"""The instruments of a run."""


class Fill(NamedTuple):
    """One fill, in units of the grid; a negative size sells."""

    size: int
    price: int


@dataclass(slots=True)
class Count:
    """What was seen of one kind of instrument.

    Attributes
    ----------
    name : str
        Symbol.
    cycles, fills : int
        How much was looked at.
    engine_missed : int
        Cycles in which the portfolio broke one of the rules of this module.
    float_missed : int
        Cycles whose float profit is not the double nearest to the cash flow.
    cents_missed : int
        Cycles whose profit, each reduction rounded to cents, is not the cash flow.
    cents_worst : Decimal
        Largest such miss, in currency.
    """

    name: str
    cycles: int = 0
    fills: int = 0
    engine_missed: int = 0
    float_missed: int = 0
    cents_missed: int = 0
    cents_worst: Decimal = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run saw, by kind of instrument."""

    backend: str
    counts: list[Count]

    @property
    def exact(self) -> bool:
        """Whether the portfolio was looked at and missed nothing."""
        return all(count.fills and not count.engine_missed for count in self.counts)


def draw_cycle(random: Random, kind: Kind) -> list[Fill]:
    """Draw the fills of one cycle: 2 to 6 that grow it, 2 to 6 that shrink it, interleaved.

    Parameters
    ----------
    random : random.Random
        Source of the choices.
    kind : Kind
        What is traded.

    Returns
    -------
    list of Fill
        Their sizes add up to 0.
    """
    side = random.choice((1, -1))
    growing = random.randint(2, 6)
    held, price = 0, kind.price
    fills: list[Fill] = []
    while growing or held:
        price += random.randint(-kind.price // 100, kind.price // 100)
        if growing and (held == 0 or random.random() < 0.6):
            growing -= 1
            size = random.randint(1, kind.size_max)
        else:
            last = not growing and random.random() < 0.3
            size = -held if last else -random.randint(1, held)
        held += size
        fills.append(Fill(side * size, price))
    return fills


def cash_flow(kind: Kind, fills: Iterable[Fill]) -> int:
    """Add up what the fills pay, as an integer in units of 10^-18 of the currency.

    Parameters
    ----------
    kind : Kind
        What is traded.
    fills : iterable of Fill
        The fills of a cycle.

    Returns
    -------
    int
    """
    scale: int = 10 ** (MONEY_DECIMALS - kind.price_decimals - kind.size_decimals)
    return -sum(fill.size * fill.price for fill in fills) * kind.contract_size * scale


def raw(money: Decimal) -> int:
    """Give an amount of money as an integer in units of 10^-18, without rounding.

    Parameters
    ----------
    money : Decimal
        At most 18 decimals.

    Returns
    -------
    int

    Examples
    --------
    >>> from decimal import Decimal
    >>> from omega_portfolio.bench.exactness import raw
    >>> raw(Decimal("-0.000000000000000001")), raw(Decimal("2.50")) == 25 * 10**17
    (-1, True)
    """
    units: int = int(_WIDE.scaleb(money, MONEY_DECIMALS))
    return units


class _Cycle:
    """Books one cycle on a portfolio and collects what breaks a rule."""

    def __init__(self, portfolio: Portfolio, kind: Kind, time: int) -> None:
        self._portfolio = portfolio
        self._kind = kind
        self._time = time
        self._held: dict[int, int] = {}
        self._opened: dict[int, tuple[int, int]] = {}
        self._parts: dict[int, list[tuple[int, int]]] = {}
        self._gross = 0
        self._fees = 0
        self.broken = False

    def book(self, fills: list[Fill], fees: Iterator[int]) -> None:
        """Apply the fills; each reduction closes the oldest positions first."""
        before = raw(self._portfolio.balance)
        side = 1 if fills[0].size > 0 else -1
        for fill in fills:
            self._time += 1
            if fill.size * side > 0:
                self._open(fill, next(fees))
            else:
                self._reduce(abs(fill.size), fill.price)
        gained = raw(self._portfolio.balance) - before
        expected = cash_flow(self._kind, fills)
        self._expect(self._gross == expected and gained == expected - self._fees)
        for position_id, whole in self._opened.items():
            sizes, shares = zip(*self._parts[position_id], strict=True)
            self._expect((sum(sizes), sum(shares)) == whole)

    def _open(self, fill: Fill, fee_cents: int) -> None:
        kind = self._kind
        size, fee = abs(fill.size), fee_cents * 10 ** (MONEY_DECIMALS - 2)
        position_id = self._portfolio.open_position(
            kind.name,
            "long" if fill.size > 0 else "short",
            decimal_text(size, kind.size_decimals),
            decimal_text(fill.price, kind.price_decimals),
            self._time,
            fee=decimal_text(fee_cents, 2),
        )
        self._held[position_id] = size
        self._opened[position_id] = (size, fee)
        self._parts[position_id] = []
        self._fees += fee
        self._expect_identity()

    def _reduce(self, size: int, price: int) -> None:
        kind = self._kind
        while size:
            position_id, held = next(iter(self._held.items()))
            part = min(size, held)
            trade = self._portfolio.close_position(
                position_id,
                decimal_text(price, kind.price_decimals),
                self._time,
                size=decimal_text(part, kind.size_decimals),
            )
            self._gross += raw(trade.gross_pnl)
            self._parts[position_id].append((part, raw(trade.entry_fee)))
            size -= part
            self._held[position_id] -= part
            if part == held:
                del self._held[position_id]
            self._expect_identity()

    def _expect_identity(self) -> None:
        state = self._portfolio.get_state()
        total = raw(state.balance) + raw(state.unrealized_pnl)
        self._expect(total == raw(state.equity))

    def _expect(self, holds: bool) -> None:  # noqa: FBT001 - the whole meaning of the call.
        self.broken = self.broken or not holds


def run(cycles: int, seed: int, backend: str) -> Result:
    """Book random cycles on a portfolio and on accounts with an average price.

    Parameters
    ----------
    cycles : int
        Number of cycles of each kind of instrument.
    seed : int
        Source of every choice.
    backend : str
        As the argument of :class:`omega_portfolio.Portfolio`.

    Returns
    -------
    Result
    """
    random = Random(seed)  # noqa: S311 - not cryptography.
    portfolio = Portfolio(10**12, leverage=100, backend=backend)
    counts = []
    time = 0
    for kind in KINDS:
        portfolio.register_instrument(
            Instrument(
                kind.name,
                price_decimals=kind.price_decimals,
                size_decimals=kind.size_decimals,
                contract_size=kind.contract_size,
            )
        )
        count = Count(kind.name)
        for _ in range(cycles):
            fills = draw_cycle(random, kind)
            cycle = _Cycle(portfolio, kind, time)
            cycle.book(fills, iter(lambda: random.randint(0, 999), None))
            time += len(fills)
            count.engine_missed += cycle.broken
            _compare_average(count, kind, fills)
        counts.append(count)
    portfolio.verify()
    return Result(portfolio.backend, counts)


def _compare_average(count: Count, kind: Kind, fills: list[Fill]) -> None:
    account = AveragePriceAccount(kind.contract_size)
    for fill in fills:
        account.fill(fill.size / 10**kind.size_decimals, fill.price / 10**kind.price_decimals)
    cents = cash_flow(kind, fills) // 10 ** (MONEY_DECIMALS - 2)
    exact = Decimal(decimal_text(cents, 2))
    count.cycles += 1
    count.fills += len(fills)
    count.float_missed += account.profit != float(exact)
    count.cents_missed += account.profit_cents != exact
    count.cents_worst = max(count.cents_worst, abs(account.profit_cents - exact))


def facts(result: Result) -> dict[str, object]:
    """Give the result as values for JSON.

    Parameters
    ----------
    result : Result
        What :func:`run` returned.

    Returns
    -------
    dict
    """
    counts = [
        {**asdict(count), "cents_worst": format(count.cents_worst, "f")} for count in result.counts
    ]
    return {"backend": result.backend, "exact": result.exact, "kinds": counts}


def report(result: Result) -> str:
    """Write the result for a person.

    Parameters
    ----------
    result : Result
        What :func:`run` returned.

    Returns
    -------
    str
    """
    lines = [
        f"backend: {result.backend}",
        "",
        "cycles that miss the exact cash flow",
        f"{'':<15}{'':>8}{'':>9}{'':>15}{'float average price, booked as':>33}",
        f"{'':<15}{'cycles':>8}{'fills':>9}{'this engine':>15}"
        f"{'floats':>11}{'cents':>9}{'worst cents':>13}",
    ]
    for count in result.counts:
        shares = [missed / count.cycles for missed in (count.float_missed, count.cents_missed)]
        lines.append(
            f"{count.name:<15}{count.cycles:>8,}{count.fills:>9,}{count.engine_missed:>15,}"
            f"{shares[0]:>11.1%}{shares[1]:>9.1%}{count.cents_worst:>13}"
        )
    verdict = "exact: parts add up to the whole, balance + unrealized_pnl == equity"
    return "\n".join([*lines, "", verdict if result.exact else "not exact"])


__all__ = [
    "KINDS",
    "Count",
    "Fill",
    "Kind",
    "Result",
    "cash_flow",
    "draw_cycle",
    "facts",
    "raw",
    "report",
    "run",
]
