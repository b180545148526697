"""Lots: the fills of each symbol matched by a method, as a table (rule L7).

Everything is read from the public exact tables, in whole numbers; what the account itself matched
is not asked. Longs and shorts of a symbol are matched apart, because they are valued at different
prices. :mod:`omega_portfolio.lot_matching` has the matching.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, get_args

from omega_portfolio.arrow_table import ArrowTable, numbers, raw_numbers
from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.lot_matching import ONE, Lot, Pool, Taken, Terms, divide, parts_of
from omega_portfolio.types import LotMethod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import pyarrow as pa

    from omega_portfolio.account import Account

METHODS: Final[tuple[str, ...]] = get_args(LotMethod)
"""The names of the methods."""

_MONEY: Final = 18
_QUANTITY: Final = 9


class _Fill(NamedTuple):
    event: int
    time: int
    position_id: int
    symbol: str
    buys: bool
    size: int
    price: int


class _Split(NamedTuple):
    event: int
    time: int
    symbol: str
    numerator: int
    denominator: int


class _Row(NamedTuple):
    """A row of the table; times are microseconds, an open lot has no exit time."""

    position_id: int
    symbol: str
    side: str
    status: str
    size: int
    entry_time: int
    entry_price: int
    exit_time: int | None
    exit_price: int
    cost: int
    proceeds: int
    pnl: int


class _Held:
    """An open position as the account has it: a split pays out the rest of each position."""

    __slots__ = ("cost", "key", "size")

    def __init__(self, key: tuple[str, str]) -> None:
        self.key = key
        self.size = 0


class _Matching:
    """The lots so far, and the rows of those that were closed."""

    def __init__(self, method: str, terms: dict[str, Terms]) -> None:
        self.method = method
        self.terms = terms
        self.held: dict[int, _Held] = {}
        # The pools of a symbol and side: one, or one for each position.
        self.pools: dict[tuple[str, str], dict[int, Pool]] = {}
        self.rows: list[_Row] = []
        self.entries = 0

    def fill(self, fill: _Fill) -> None:
        """Take a fill: the first one of a position says its side, one against it closes."""
        position = self.held.get(fill.position_id)
        if position is None:
            position = _Held((fill.symbol, "long" if fill.buys else "short"))
            self.held[fill.position_id] = position
        if (position.key[1] == "long") == fill.buys:
            self._enter(position, fill)
        else:
            self._leave(position, fill)

    def _pool(self, key: tuple[str, str], position_id: int) -> Pool:
        pools = self.pools.setdefault(key, {})
        place = position_id if self.method == "specific" else 0
        if place not in pools:
            pools[place] = Pool(self.method, falling=key[1] == "long")
        return pools[place]

    def _enter(self, position: _Held, fill: _Fill) -> None:
        cost = self.terms[fill.symbol].value(fill.size, fill.price)
        lot = Lot(fill.position_id, fill.time, fill.price, fill.size, cost, self.entries)
        self.entries += 1
        position.size += fill.size
        self._pool(position.key, fill.position_id).add(lot)

    def _leave(self, position: _Held, fill: _Fill) -> None:
        terms = self.terms[fill.symbol]
        taken = self._pool(position.key, fill.position_id).take(fill.size, terms)
        proceeds = parts_of(
            terms.value(fill.size, fill.price), (part.size for part in taken), fill.size
        )
        for part, money in zip(taken, proceeds, strict=True):
            self._close(position.key, part, fill.time, fill.price, money)
        position.size -= fill.size
        if not position.size:
            del self.held[fill.position_id]

    def _close(
        self, key: tuple[str, str], part: Taken, time: int, price: int, proceeds: int
    ) -> None:
        lot, pnl = part.lot, self._gain(key, part.cost, proceeds)
        self.rows.append(
            _Row(
                lot.position_id, *key, "closed", part.size, lot.time, part.price, time, price,
                part.cost, proceeds, pnl,
            )
        )  # fmt: skip

    def _gain(self, key: tuple[str, str], cost: int, proceeds: int) -> int:
        """Give the result of a part (rule I11)."""
        rises = (key[1] == "long") != self.terms[key[0]].inverse
        return proceeds - cost if rises else cost - proceeds

    def split(self, split: _Split, marks: tuple[int, int]) -> None:
        """Split the lots of a symbol: what the account pays out leaves them, too (rule L3)."""
        terms, up, down = self.terms[split.symbol], split.numerator, split.denominator
        for key, pools in self.pools.items():
            if key[0] != split.symbol:
                continue
            mark = marks[0] if key[1] == "long" else marks[1]
            mark = divide(mark * down, up * terms.tick) * terms.tick
            after, cash = dict.fromkeys(pools, 0), dict.fromkeys(pools, 0)
            for position_id, position in self.held.items():
                if position.key == key:
                    place = position_id if self.method == "specific" else 0
                    exact = position.size * up
                    kept = exact // (down * terms.step) * terms.step
                    money = (exact - kept * down) * terms.contract * mark
                    cash[place] += divide(money, down * ONE)
                    after[place] += kept
                    position.size = kept
            for place, pool in pools.items():
                if pool.size:
                    self._pay_out(key, pool.split(after[place], up, down), split, cash[place], mark)

    def _pay_out(
        self, key: tuple[str, str], rests: list[Taken], split: _Split, cash: int, mark: int
    ) -> None:
        total = sum(part.cost for part in rests)
        weights = [part.cost for part in rests] if total else [1] * len(rests)
        for part, money in zip(rests, parts_of(cash, weights, sum(weights) or 1), strict=True):
            price = self.terms[key[0]].price(part.size, part.cost)
            self._close(key, part._replace(price=price), split.time, mark, money)

    def open_rows(self, marks: dict[tuple[str, str], int]) -> Iterator[_Row]:
        """Value what is open, at the mark of its side."""
        for key, pools in self.pools.items():
            lots = [(lot, pool) for pool in pools.values() for lot in pool.lots()]
            if not lots:
                continue
            lots.sort(key=lambda pair: pair[0].number)
            terms, mark = self.terms[key[0]], marks[key]
            sizes = [lot.size for lot, _ in lots]
            values = parts_of(terms.value(sum(sizes), mark), sizes, sum(sizes))
            for (lot, pool), value in zip(lots, values, strict=True):
                yield _Row(
                    lot.position_id, *key, "open", lot.size, lot.time,
                    pool.price(lot, lot.size, lot.cost, terms), None, mark, lot.cost, value,
                    self._gain(key, lot.cost, value),
                )  # fmt: skip


def lots_table(portfolio: Account, method: LotMethod, *, exact: bool) -> ArrowTable:
    """Match the fills of a portfolio; see :meth:`omega_portfolio.Portfolio.get_lots`.

    Parameters
    ----------
    portfolio : Account
        The portfolio.
    method : {"fifo", "lifo", "hifo", "average", "specific"}
        Which entry a closing fill takes.
    exact : bool
        Numbers as Decimal128 instead of Float64.

    Returns
    -------
    ArrowTable

    Raises
    ------
    InvalidArgument
        There is no such method.
    NumberOutOfRange
        A figure has more than 38 digits.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.lots import lots_table
    >>> len(lots_table(op.Portfolio(1000), "fifo", exact=True))
    0
    """
    if not isinstance(method, str) or method not in METHODS:
        raise InvalidArgument(
            "method", describe(method), "is no method", f"pass one of {', '.join(METHODS)}"
        )
    if not isinstance(exact, bool):
        raise InvalidArgument("exact", describe(exact), "must be a bool", "pass True or False")
    # Others may write between two of these: what came behind the state is left out.
    state = portfolio.get_state()
    fills = _read_fills(portfolio.get_fills(exact=True).to_pyarrow())
    fills = [fill for fill in fills if fill.event <= state.events]
    events = portfolio.get_events(exact=True).to_pyarrow()
    matching = _Matching(method, _read_terms(events))
    splits = [split for split in _read_splits(events) if split.event <= state.events]
    marks = _Marks(events, fills) if splits else None
    place = 0
    for split in splits:
        while place < len(fills) and fills[place].event <= split.event:
            matching.fill(fills[place])
            place += 1
        if marks is not None:
            matching.split(split, marks.before(split, matching.terms[split.symbol]))
    for fill in fills[place:]:
        matching.fill(fill)
    positions = state.positions_exact.to_pyarrow()
    keys = zip(positions["symbol"].to_pylist(), positions["side"].to_pylist(), strict=True)
    prices = dict(zip(keys, raw_numbers(positions["mark_price"]), strict=True))
    return _to_table([*matching.rows, *matching.open_rows(prices)], exact=exact)


def _times(column: pa.ChunkedArray) -> list[Any]:
    """Give times as microseconds."""
    import pyarrow as pa

    cells: list[Any] = column.cast(pa.int64()).to_pylist()
    return cells


def _read_fills(table: pa.Table) -> list[_Fill]:
    columns = (
        table["event"].to_pylist(),
        _times(table["time"]),
        table["position_id"].to_pylist(),
        table["symbol"].to_pylist(),
        [side == "buy" for side in table["side"].to_pylist()],
        raw_numbers(table["size"]),
        raw_numbers(table["price"]),
    )
    return [_Fill(*cells) for cells in zip(*columns, strict=True)]


def _rows(events: pa.Table, actions: set[str], names: list[str]) -> list[dict[str, Any]]:
    """Give some columns of the events of some actions, row by row; what is not there is None."""
    known = [name for name in names if name in events.column_names]
    wanted = [action in actions for action in events["action"].to_pylist()]
    rows: list[dict[str, Any]] = events.select(known).to_pylist() if any(wanted) else []
    return [row for row, take in zip(rows, wanted, strict=False) if take]


def _raw(value: Any) -> int:  # noqa: ANN401 - a Decimal or None.
    """Give a Decimal with 9 decimals as a raw integer; 0 of None."""
    return 0 if value is None else int(format(value, ".9f").replace(".", ""))


def _read_terms(events: pa.Table) -> dict[str, Terms]:
    names = ["symbol", "contract_size", "price_decimals", "size_decimals", "terms"]
    terms = {}
    for row in _rows(events, {"register"}, names):
        tick, step, inverse = _read_grids(bytes.fromhex(row.get("terms") or ""))
        terms[row["symbol"]] = Terms(
            _raw(row["contract_size"]),
            inverse,
            tick or 10 ** (_QUANTITY - row["price_decimals"]),
            step or 10 ** (_QUANTITY - row["size_decimals"]),
        )
    return terms


def _read_grids(octets: bytes) -> tuple[int, int, bool]:
    """Read tick size, lot step and inverse of the canonical bytes of terms (SPEC section 9)."""
    if not octets:
        return 0, 0, False
    place, found = 0, []
    # Tick size, lot step, least and greatest size, the length of the base currency: LEB128.
    for _ in range(5):
        value = shift = 0
        while octets[place] & 0x80:
            value |= (octets[place] & 0x7F) << shift
            place, shift = place + 1, shift + 7
        found.append(value | octets[place] << shift)
        place += 1
    return found[0], found[1], bool(octets[place + found[4]])


def _read_splits(events: pa.Table) -> list[_Split]:
    names = ["event", "time", "symbol", "numerator", "denominator"]
    rows = _rows(events, {"split"}, names)
    numbers_of = {row["event"]: row for row in rows}
    times = dict(zip(events["event"].to_pylist(), _times(events["time"]), strict=True))
    return [
        _Split(event, times[event], row["symbol"], row["numerator"], row["denominator"])
        for event, row in numbers_of.items()
    ]


class _Marks:
    """Bid and ask of symbols before a split: what a rest is paid out at."""

    def __init__(self, events: pa.Table, fills: list[_Fill]) -> None:
        names = ["event", "symbol", "bid", "ask", "close", "spread"]
        actions = {"mark", "update", "quotes", "bar"}
        first: dict[str, _Fill] = {}
        for fill in fills:
            first.setdefault(fill.symbol, fill)
        marks = [(fill.event, fill.symbol, fill.price, fill.price) for fill in first.values()]
        for row in _rows(events, actions, names):
            if row["symbol"] is not None:
                bid = _raw(row["bid"]) or _raw(row.get("close"))
                ask = _raw(row["ask"]) or bid + _raw(row.get("spread"))
                marks.append((row["event"], row["symbol"], bid, ask))
        # Sorting keeps the marks of an event after the first fill in it.
        self._marks = sorted(marks, key=lambda mark: mark[0])
        self._fills = {fill.event: fill.symbol for fill in first.values()}
        self._now: dict[str, tuple[int, int]] = {}
        self._place = 0

    def before(self, split: _Split, terms: Terms) -> tuple[int, int]:
        """Give bid and ask before a split, and go over to those after it."""
        while self._place < len(self._marks) and self._marks[self._place][0] < split.event:
            event, symbol, bid, ask = self._marks[self._place]
            self._place += 1
            # A fill says the mark of a symbol that has none.
            if symbol not in self._now or self._fills.get(event) != symbol:
                self._now[symbol] = (bid, ask)
        bid, ask = self._now.get(split.symbol, (0, 0))
        up, tick = split.numerator * terms.tick, terms.tick
        self._now[split.symbol] = (
            divide(bid * split.denominator, up) * tick,
            divide(ask * split.denominator, up) * tick,
        )
        return bid, ask


def _to_table(rows: list[_Row], *, exact: bool) -> ArrowTable:
    import pyarrow as pa

    time, text = pa.timestamp("us", "UTC"), pa.string_view()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_Row._fields)
    arrays, fields = [], []
    for name, cells in zip(_Row._fields, columns, strict=True):
        if name == "position_id":
            array = pa.array(cells, pa.uint64())
        elif name in ("symbol", "side", "status"):
            array = pa.array(cells, text)
        elif name.endswith("_time"):
            array = pa.array(cells, pa.int64()).cast(time)
        else:
            scale = _MONEY if name in ("cost", "proceeds", "pnl") else _QUANTITY
            array = numbers(name, cells, scale, exact=exact)
        arrays.append(array)
        fields.append(pa.field(name, array.type, nullable=name == "exit_time"))
    return ArrowTable(pa.Table.from_arrays(arrays, schema=pa.schema(fields)))


__all__ = ["METHODS", "lots_table"]
