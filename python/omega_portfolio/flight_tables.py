"""What a live view reads: tickets, snapshots of the tables, and the state as texts.

Nothing here knows of a network; :mod:`omega_portfolio.flight_server` answers with what is read.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from omega_portfolio.errors import InvalidArgument, OmegaPortfolioError, describe
from omega_portfolio.scan import GETTERS

if TYPE_CHECKING:
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import Table

TABLES: Final = {**GETTERS, "lots": "get_lots"}
"""The tables that can be served, and the methods that take a snapshot of them."""

GROWING: Final = frozenset(
    {"equity", "trades", "ledger", "events", "cash_ledger", "activity", "fills"}
)
"""Tables whose rows never change once they are there: a reader can ask for the new ones."""

MADE: Final = frozenset({"events", "fills", "lots"})
"""Tables that are made of the whole history when they are asked for: nobody counts their rows."""

TICKET_BYTES_MAX: Final = 4096
BATCH_ROWS: Final = 65_536
"""Rows of a message, so that a reader who stops reading holds little and is noticed."""

FORK_WAIT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Request:
    """What a ticket asks for.

    Attributes
    ----------
    table : str
        Name of the table.
    exact : bool or None
        As the argument of the ``get_`` method; None stands for its default.
    start : int
        Number of the first row, from 0.
    """

    table: str
    exact: bool | None
    start: int

    def ticket(self) -> bytes:
        """Give the ticket of this request.

        Examples
        --------
        >>> from omega_portfolio.flight_tables import Request
        >>> Request("equity", None, 0).ticket(), Request("equity", True, 7).ticket()
        (b'equity', b'{"table": "equity", "exact": true, "from": 7}')
        """
        asked: dict[str, object] = {"table": self.table}
        if self.exact is not None:
            asked["exact"] = self.exact
        if self.start:
            asked["from"] = self.start
        return (self.table if len(asked) == 1 else json.dumps(asked)).encode()


class Gone(Exception):  # noqa: N818 - it is no error of a caller.
    """There is no portfolio any more, or its view was closed."""


class Refused(Exception):  # noqa: N818 - readers get an error of Flight with its text.
    """A reader has asked for what there is not; the text names it."""


class Gate:
    """Counts the threads that are inside of a portfolio, so that a fork waits until there is none.

    A fork in the middle of a call would leave its lock closed in the child, for ever.
    """

    __slots__ = ("_inside", "_turn")

    def __init__(self) -> None:
        self._turn = threading.Condition(threading.Lock())
        self._inside = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be inside; wait while a fork is under way."""
        with self._turn:
            self._inside += 1
        try:
            yield
        finally:
            with self._turn:
                self._inside -= 1
                self._turn.notify_all()

    def shut(self) -> None:
        """Wait until nobody is inside and let nobody in; after some seconds, fork all the same."""
        self._turn.acquire()
        self._turn.wait_for(lambda: self._inside == 0, FORK_WAIT_SECONDS)

    def open(self) -> None:
        """Let threads in again."""
        self._turn.release()


class LiveTables:
    """The tables of a portfolio that may be gone at any moment; nothing here holds it.

    Parameters
    ----------
    portfolio : Portfolio
        The portfolio.
    names : tuple of str
        The tables that are served.
    when_gone : callable
        Called with no argument, in any thread, when the portfolio is gone.
    """

    def __init__(
        self, portfolio: Portfolio, names: tuple[str, ...], when_gone: Callable[[], None]
    ) -> None:
        from omega_portfolio.backend import backend_class

        self._portfolio = weakref.ref(portfolio, lambda _reference: when_gone())
        # The schema of a table is the same for every portfolio of a backend, and an empty one
        # gives it at once.
        self._empty = backend_class(portfolio.backend)(0)
        self._schemas: dict[tuple[str, bool | None], pa.Schema] = {}
        self.backend = portfolio.backend
        self.names = names
        self.gate = Gate()
        self.closing = False

    @contextmanager
    def _live(self) -> Iterator[Portfolio]:
        with self.gate.inside():
            portfolio = self._portfolio()
            if portfolio is None or self.closing:
                raise Gone("the portfolio is not served any more")
            try:
                yield portfolio
            except OmegaPortfolioError as error:
                # The class of a refusal means nothing to a reader that has another library.
                raise Refused(f"{type(error).__name__} {error}") from error

    def request(self, octets: bytes) -> Request:
        """Read a ticket: the name of a table, or a JSON object.

        Raises
        ------
        Refused
            It is neither, or asks for what there is not.
        """
        asked = _ticket(octets)
        unknown = sorted(set(asked) - {"table", "exact", "from"})
        if unknown:
            raise _wrong("ticket", unknown[0], "has no such key; use table, exact and from")
        table, exact, start = asked.get("table"), asked.get("exact"), asked.get("from", 0)
        if not isinstance(table, str) or table not in self.names:
            raise _wrong("table", table, f"is not served here; ask for {', '.join(self.names)}")
        if not isinstance(exact, bool | None):
            raise _wrong("exact", exact, "must be true or false")
        if not isinstance(start, int) or isinstance(start, bool) or start < 0:
            raise _wrong("from", start, "must be the number of a row, from 0")
        if start and table not in GROWING:
            raise _wrong("from", start, f"cannot be used: the rows of {table} change; leave it out")
        return Request(table, exact, start)

    def schema(self, request: Request) -> pa.Schema:
        """Give the columns of a table."""
        key = request.table, request.exact
        if key not in self._schemas:
            self._schemas[key] = _taken(self._empty, request).schema
        return self._schemas[key]

    def rows(self, request: Request) -> int:
        """Count the rows that a request would get; -1 where counting is as much work as reading."""
        if request.table in MADE:
            return -1
        with self._live() as portfolio:
            rows = len(_taken(portfolio, request))
        return rows - _start(request, rows)

    def read(self, request: Request) -> pa.Table:
        """Take a snapshot.

        Raises
        ------
        Gone
            There is nothing to read any more.
        Refused
            The first row is behind the last one.
        """
        with self._live() as portfolio:
            snapshot = _taken(portfolio, request)
        table = snapshot.to_pyarrow()
        return table.slice(_start(request, table.num_rows))

    def batches(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        """Cut a snapshot into messages; end when the view is closed."""
        for batch in table.to_batches(max_chunksize=BATCH_ROWS):
            if self.closing:
                raise Gone("the view was closed")
            yield packed(batch)

    def state(self) -> dict[str, str | None]:
        """Give the account at this moment, each value as a text; None for what there is not."""
        with self._live() as portfolio:
            state, currency = portfolio.get_state(), portfolio.currency
        money = {name: getattr(state, name) for name in STATE_NUMBERS}
        return {
            "currency": currency,
            **{name: _number(value) for name, value in money.items()},
            "time": None if state.time is None else state.time.isoformat(),
            "events": str(state.events),
            "open_positions": str(len(state.positions)),
        }

    def health(self) -> dict[str, str | None]:
        """Say whether the portfolio can be read, and what is served."""
        from omega_portfolio import __version__

        with self._live() as portfolio:
            events, closed = portfolio.events, portfolio.closed
        return {
            "status": "ok",
            "version": __version__,
            "backend": self.backend,
            "events": str(events),
            "portfolio": "closed" if closed else "open",
            "tables": ",".join(self.names),
        }


STATE_NUMBERS: Final = (
    "balance",
    "equity",
    "unrealized_pnl",
    "realized_pnl",
    "margin_used",
    "free_margin",
    "margin_level",
)


def packed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Give rows whose texts bring no other memory along.

    Rows of long texts point into blocks that all rows of the table share, and a message would
    hold these blocks whole: two new trades among 20,000 would be 2.4 MB.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from omega_portfolio.flight_tables import packed
    >>> texts = pa.array([f"a text of more than twelve bytes: {n}" for n in range(100)])
    >>> batch = pa.record_batch({"text": texts.cast(pa.string_view())}).slice(98)
    >>> packed(batch).equals(batch)
    True
    >>> batch["text"].buffers()[2].size, packed(batch)["text"].buffers()[2].size
    (3590, 72)
    """
    columns = [
        column.cast(pa.large_string()).cast(column.type)
        if pa.types.is_string_view(column.type) and len(column.buffers()) > 2
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def table_names(tables: object) -> tuple[str, ...]:
    """Read which tables are to be served.

    Raises
    ------
    InvalidArgument
        They are not names of tables, each once.
    """
    if tables is None:
        return tuple(TABLES)
    remedy = f"pass a list of names out of {', '.join(TABLES)}"
    if not isinstance(tables, list | tuple) or not tables:
        raise InvalidArgument("tables", describe(tables), "must be a list of tables", remedy)
    for name in tables:
        if not isinstance(name, str) or name not in TABLES:
            rule = "is not a table of a portfolio"
            raise InvalidArgument("tables", describe(name), rule, remedy)
    if len(set(tables)) < len(tables):
        raise InvalidArgument("tables", describe(tables), "names a table twice", remedy)
    return tuple(tables)


def _taken(portfolio: Portfolio, request: Request) -> Table:
    getter: Callable[..., Table] = getattr(portfolio, TABLES[request.table])
    return getter() if request.exact is None else getter(exact=request.exact)


def _start(request: Request, rows: int) -> int:
    if request.start > rows:
        rule = (
            f"is behind the {rows} rows of {request.table}: this is another portfolio than the one"
            " that was read before; begin with 0"
        )
        raise _wrong("from", request.start, rule)
    return request.start


def _ticket(octets: bytes) -> dict[str, object]:
    """Give the keys of a ticket; a plain name is one with the key `table`."""
    how = 'pass the name of a table, or JSON such as {"table": "equity", "from": 10}'
    if len(octets) > TICKET_BYTES_MAX:
        raise _wrong("ticket", octets[:32], f"is longer than {TICKET_BYTES_MAX} bytes; {how}")
    try:
        text = octets.decode()
        if not text.lstrip().startswith("{"):
            return {"table": text}
        # A number of many digits is a ValueError, brackets in brackets a RecursionError.
        asked: dict[str, object] = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _wrong("ticket", octets, f"cannot be read ({error}); {how}") from None
    return asked


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        raise ValueError("a key stands twice")
    return keys


def _wrong(what: str, value: object, rule: str) -> Refused:
    return Refused(f"{what}={describe(value)}: {rule}")


def _number(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


__all__ = ["TABLES", "Gate", "Gone", "LiveTables", "Refused", "Request", "packed", "table_names"]
