"""The Arrow Flight server behind a live view, and what ends it.

The threads of the server are those of gRPC. They hold the portfolio only while they take a
snapshot; what is sent afterwards is memory that no longer changes.
"""

from __future__ import annotations

import atexit
import hmac
import json
import os
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeVar

import pyarrow as pa
from pyarrow import flight

from omega_portfolio.errors import describe
from omega_portfolio.flight_tables import Gone, LiveTables, Refused, Request

CLOSE_SECONDS: Final = 5.0
"""How long an end waits for readers; one that has stopped reading is left behind."""

ACTIONS: Final = {
    "state": "The account at this moment: a JSON object of texts",
    "health": "Whether the portfolio can be read: a JSON object of texts",
}

Answer = TypeVar("Answer")


class Bearer(flight.ServerMiddlewareFactory):  # type: ignore[misc]
    """Refuses every call without the token, before anything else is looked at.

    Parameters
    ----------
    token : str
        What a call has to bring in its header ``authorization``, after ``Bearer``.
    """

    def __init__(self, token: str) -> None:
        super().__init__()
        self._wanted = f"Bearer {token}".encode()

    def start_call(self, _info: object, headers: dict[str, list[str | bytes]]) -> None:
        """Compare the header, in a time that does not depend on where it differs.

        Raises
        ------
        pyarrow.flight.FlightUnauthenticatedError
            There is none, more than one, or another one.
        """
        found = [
            value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
            for name, values in headers.items()
            if name.lower() == "authorization"
            for value in values
        ]
        given = found[0] if len(found) == 1 else b""
        if not hmac.compare_digest(given, self._wanted):
            raise flight.FlightUnauthenticatedError(
                "the token is missing or wrong: send the header `authorization: Bearer TOKEN`"
            )


class TableServer(flight.FlightServerBase):  # type: ignore[misc]
    """Answers readers; it begins to listen when it is made.

    Parameters
    ----------
    tables : LiveTables
        What is read.
    location : str
        Where to listen.
    token : str or None
        What each call has to bring.
    certificates : list of tuple of bytes
        Pairs of a certificate chain and its private key; empty for none.
    """

    def __init__(
        self,
        tables: LiveTables,
        location: str,
        token: str | None,
        certificates: list[tuple[bytes, bytes]],
    ) -> None:
        # A reader may be there before the base has returned.
        self._tables = tables
        middleware = None if token is None else {"bearer": Bearer(token)}
        super().__init__(location, tls_certificates=certificates or None, middleware=middleware)
        # The base ends itself when Python does, and waits without an end: for a reader who has
        # stopped reading, and in a child of the process for threads that are not there.
        for reference in weakref.getweakrefs(self):
            finalizer = getattr(reference, "__callback__", None)
            if isinstance(finalizer, weakref.finalize):
                finalizer.atexit = False

    def list_flights(self, _context: object, criteria: bytes) -> Iterator[Any]:
        """Give each table that is served; with a criterion, the table of this name."""
        for name in self._tables.names:
            if criteria in (b"", name.encode()):
                descriptor = flight.FlightDescriptor.for_path(name)
                request = Request(name, None, 0)
                yield _answer(partial(self._info, descriptor, request))

    def get_flight_info(self, _context: object, descriptor: Any) -> Any:  # noqa: ANN401
        """Give the columns, the number of rows and the ticket of a table."""
        return _answer(lambda: self._info(descriptor, self._request(descriptor)))

    def get_schema(self, _context: object, descriptor: Any) -> Any:  # noqa: ANN401
        """Give the columns of a table."""
        return _answer(lambda: flight.SchemaResult(self._tables.schema(self._request(descriptor))))

    def do_get(self, _context: object, ticket: Any) -> Any:  # noqa: ANN401
        """Send a snapshot of a table."""
        table = _answer(lambda: self._tables.read(self._tables.request(ticket.ticket)))
        return flight.GeneratorStream(table.schema, self._sent(table))

    def list_actions(self, _context: object) -> list[tuple[str, str]]:
        """Give the names of the actions."""
        return list(ACTIONS.items())

    def do_action(self, _context: object, action: Any) -> Iterator[bytes]:  # noqa: ANN401
        """Answer an action with one JSON object."""
        yield json.dumps(_answer(lambda: self._act(action.type))).encode()

    def do_put(self, *_given: object) -> None:
        """Refuse rows."""
        _answer(_read_only)

    def do_exchange(self, *_given: object) -> None:
        """Refuse rows."""
        _answer(_read_only)

    def _act(self, name: str) -> dict[str, str | None]:
        if name == "state":
            return self._tables.state()
        if name == "health":
            return self._tables.health()
        raise Refused(f"action={describe(name)}: is no action; ask for {' or '.join(ACTIONS)}")

    def _request(self, descriptor: Any) -> Request:  # noqa: ANN401
        """Read what is described: by a path of one name, or by a command that is a ticket."""
        if descriptor.descriptor_type == flight.DescriptorType.CMD:
            return self._tables.request(descriptor.command)
        if len(descriptor.path) != 1:
            raise Refused(f"path={describe(descriptor.path)}: must be the name of a table")
        return self._tables.request(descriptor.path[0])

    def _info(self, descriptor: Any, request: Request) -> Any:  # noqa: ANN401
        # An endpoint without a location is this server, under whatever name it was reached.
        endpoint = flight.FlightEndpoint(request.ticket(), [])
        schema, rows = self._tables.schema(request), self._tables.rows(request)
        return flight.FlightInfo(schema, descriptor, [endpoint], rows, -1)

    def _sent(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        batches = self._tables.batches(table)
        while (batch := _answer(lambda: next(batches, None))) is not None:
            yield batch


def _answer(act: Callable[[], Answer]) -> Answer:
    """Make an answer; what is refused becomes an error of Flight, which tells no traceback."""
    try:
        return act()
    except Gone as error:
        raise flight.FlightUnavailableError(str(error)) from None
    except Refused as error:
        raise flight.FlightServerError(str(error)) from None


def _read_only() -> None:
    raise Refused("nothing can be written: a live view is there to be read")


class Keeper:
    """Runs a server until its portfolio is gone, somebody closes it, or the process ends.

    The server waits for its readers when it ends, so that it can neither end in one of its own
    threads, where the last reference to a portfolio may be dropped, nor in the middle of a garbage
    collection: a thread of its own does it.

    Parameters
    ----------
    make : callable
        Makes the server, given what is to be called when the portfolio is gone.
    """

    def __init__(self, make: Callable[[Callable[[], None]], TableServer]) -> None:
        # Of all queues and locks this one may be used by a finalizer.
        wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._wake = wake
        self._process = os.getpid()
        self._done = threading.Event()
        global _used  # noqa: PLW0603 - gRPC begins once in a process.
        _used = True
        self.server = make(lambda: wake.put(None))
        self.tables: LiveTables = self.server._tables
        self._thread = threading.Thread(
            target=self._run, name="omega-portfolio-flight", daemon=True
        )
        RUNNING.add(self)
        self._thread.start()

    def _run(self) -> None:
        self._wake.get()
        self.tables.closing = True
        self.server.shutdown()
        # Until then a thread of the server may be inside of the portfolio, and a fork has to wait.
        RUNNING.discard(self)
        self._done.set()

    @property
    def ended(self) -> bool:
        """Whether it serves no more, in this process."""
        return self.tables.closing or self._process != os.getpid()

    def end(self) -> None:
        """End the server and wait for its readers; in a child of the process do nothing."""
        if self._process != os.getpid():
            return
        self.tables.closing = True
        self._wake.put(None)
        self._done.wait(CLOSE_SECONDS)


RUNNING: Final[weakref.WeakSet[Keeper]] = weakref.WeakSet()
"""The servers of this process; the thread of each holds it."""

_INHERITED: Final[list[Keeper]] = []
"""The servers of the parent, whose threads are not here: they are never ended, and never freed."""

_SHUT: Final[list[Keeper]] = []
_used = False
_inherited = False


def is_inherited() -> bool:
    """Whether a parent of this process has served: then gRPC cannot begin here, and would hang."""
    return _inherited


_FORKING: Final = threading.Lock()


def _before_fork() -> None:
    _FORKING.acquire()
    for keeper in list(RUNNING):
        keeper.tables.gate.shut()
        _SHUT.append(keeper)


def _after_fork(*, child: bool) -> None:
    for keeper in _SHUT:
        keeper.tables.gate.open()
    if child:
        global _inherited  # noqa: PLW0603 - it is a fact of the process.
        _inherited = _inherited or _used
        _INHERITED.extend(_SHUT)
        RUNNING.clear()
    _SHUT.clear()
    _FORKING.release()


@atexit.register
def _end_all() -> None:
    """End before Python does: a reader must not call into what is taken down."""
    for keeper in list(RUNNING):
        keeper.end()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(child=False),
        after_in_child=lambda: _after_fork(child=True),
    )

__all__ = ["Keeper", "TableServer", "is_inherited"]
