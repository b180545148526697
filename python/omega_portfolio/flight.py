"""The live view of a portfolio: its tables, read by another process while it goes on.

:meth:`omega_portfolio.Portfolio.serve_flight` begins one; ``docs/guide/live.md`` is the way
through it. :mod:`omega_portfolio.flight_server` is the server, :mod:`omega_portfolio.flight_tables`
what it reads.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from types import TracebackType

    from omega_portfolio.flight_server import Keeper
    from omega_portfolio.portfolio import Portfolio

TOKEN_LENGTH_MIN: Final = 16
TOKEN_LENGTH_MAX: Final = 4096
"""A header of gRPC has at most 8 KiB."""

HOST_LENGTH_MAX: Final = 253


@final
class FlightView:
    """A portfolio that is served; :meth:`close` ends it, as does a ``with`` statement.

    It does not hold the portfolio: when that is gone, the server ends.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.Portfolio(1000)
    >>> view = portfolio.serve_flight()
    >>> view.location == f"grpc://127.0.0.1:{view.port}", view.token, view.closed
    (True, None, False)
    >>> view.close()
    >>> view.closed
    True
    """

    __slots__ = ("_keeper", "_location", "_port", "_token")

    def __init__(self, keeper: Keeper, location: str, port: int, token: str | None) -> None:
        self._keeper = keeper
        self._location = location
        self._port = port
        self._token = token

    @property
    def location(self) -> str:
        """Where it listens, such as ``grpc://127.0.0.1:5005``, for ``flight.connect``."""
        return self._location

    @property
    def port(self) -> int:
        """The port; the one that the system gave when 0 was asked for."""
        return self._port

    @property
    def token(self) -> str | None:
        """What readers have to send; None when they need not."""
        return self._token

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are served."""
        return self._keeper.tables.names

    @property
    def closed(self) -> bool:
        """Whether it has ended: closed, the portfolio gone, or in a child of the process."""
        return self._keeper.ended

    def close(self) -> None:
        """End the server. A reader in the middle of a table gets an error; the port is free then.

        It waits for readers, but not longer than five seconds for one that has stopped reading.
        A second close does nothing, nor does one in a child of the process.
        """
        self._keeper.end()

    def __enter__(self) -> FlightView:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        facts = [
            ("location", self._location),
            ("token", "none" if self._token is None else "needed"),
            ("tables", str(len(self.tables))),
            ("closed", str(self.closed)),
        ]
        return "<FlightView  " + "  ".join(f"{name}={text}" for name, text in facts) + ">"


def serve(
    portfolio: Portfolio,
    host: object,
    port: object,
    *,
    token: object,
    tables: object,
    cert_chain: object,
    private_key: object,
    insecure: object,
) -> FlightView:
    """Begin to serve a portfolio; the arguments are those of the method, which documents them.

    Raises
    ------
    InvalidArgument
        One of them breaks a rule, the system refuses the address, or the package that makes a
        server is missing.
    """
    name, number = _host(host), _port(port)
    word = _token(token)
    pair = _certificates(cert_chain, private_key)
    _check_reach(name, word, encrypted=bool(pair), insecure=insecure)
    try:
        import pyarrow.flight  # noqa: F401 - some builds of pyarrow are without it.
        from pyarrow import ArrowException
    except ImportError:
        rule = "needs pyarrow.flight, which is not installed"
        remedy = "pip install 'omega-portfolio[flight]'"
        raise InvalidArgument("serve_flight", describe(name), rule, remedy) from None
    from omega_portfolio.flight_server import Keeper, TableServer, is_inherited
    from omega_portfolio.flight_tables import LiveTables, table_names

    if is_inherited():
        rule = "cannot begin in a process that was forked from one that has served"
        remedy = "serve in the parent, or begin the process with spawn"
        raise InvalidArgument("serve_flight", describe(name), rule, remedy)
    names = table_names(tables)
    scheme = "grpc+tls" if pair else "grpc"
    address = f"[{name}]" if ":" in name else name
    location = f"{scheme}://{address}:{number}"
    try:
        keeper = Keeper(
            lambda when_gone: TableServer(
                LiveTables(portfolio, names, when_gone), location, word, pair
            )
        )
    except (OSError, ArrowException) as error:
        raise _refused(name, number, error, encrypted=bool(pair)) from error
    bound: int = keeper.server.port
    return FlightView(keeper, f"{scheme}://{address}:{bound}", bound, word)


def _refused(host: str, port: int, error: Exception, *, encrypted: bool) -> InvalidArgument:
    rule = f"the system refuses it ({' '.join(str(error).split())})"
    remedy = "pass port=0 for a free one, and a host of this machine"
    if encrypted:
        remedy += "; cert_chain and private_key have to be PEM and belong together"
    return InvalidArgument("port", f"{host}:{port}", rule, remedy)


def _host(host: object) -> str:
    remedy = 'pass an address of this machine, such as "127.0.0.1"'
    if not isinstance(host, str):
        raise InvalidArgument("host", describe(host), "must be a str", remedy)
    plain = host.isascii() and host.isprintable() and not set(host) & set(" /[]@?#%")
    if not plain or not 0 < len(host) <= HOST_LENGTH_MAX:
        raise InvalidArgument("host", describe(host), "is no address and no name", remedy)
    return host


def _port(port: object) -> int:
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65_535:
        rule, remedy = "must be an int from 0 to 65535", "pass 0 for a free one"
        raise InvalidArgument("port", describe(port), rule, remedy)
    return port


def _token(token: object) -> str | None:
    """Read the token; a refusal does not show it."""
    if token is None:
        return None
    remedy = "pass secrets.token_urlsafe(32), or None"
    if not isinstance(token, str):
        raise InvalidArgument("token", f"<{type(token).__name__}>", "must be a str or None", remedy)
    if not TOKEN_LENGTH_MIN <= len(token) <= TOKEN_LENGTH_MAX:
        rule = f"must have {TOKEN_LENGTH_MIN} to {TOKEN_LENGTH_MAX} characters"
        raise InvalidArgument("token", f"<{len(token)} characters>", rule, remedy)
    if not (token.isascii() and token.isprintable() and " " not in token):
        rule = "must be printable ASCII without blanks"
        raise InvalidArgument("token", f"<{len(token)} characters>", rule, remedy)
    return token


def _certificates(cert_chain: object, private_key: object) -> list[tuple[bytes, bytes]]:
    given = {"cert_chain": cert_chain, "private_key": private_key}
    if cert_chain is None and private_key is None:
        return []
    for argument, value in given.items():
        if value is None:
            rule = "is needed with the other one of cert_chain and private_key"
            raise InvalidArgument(argument, "None", rule, "pass both, or neither")
    return [(_pem("cert_chain", cert_chain), _pem("private_key", private_key))]


def _pem(argument: str, value: object) -> bytes:
    """Read bytes or a file; a refusal shows no bytes of a key."""
    remedy = "pass PEM as bytes, or the path of a file with it"
    octets: bytes
    if isinstance(value, bytes):
        octets, shown = value, f"<{len(value)} bytes>"
    elif isinstance(value, str | os.PathLike):
        shown = describe(value)
        try:
            octets = Path(value).read_bytes()
        except (OSError, TypeError, ValueError) as error:
            rule = f"cannot be read ({type(error).__name__})"
            raise InvalidArgument(argument, shown, rule, remedy) from error
    else:
        shown = f"<{type(value).__name__}>"
        raise InvalidArgument(argument, shown, "must be bytes or a path", remedy)
    if b"-----BEGIN " not in octets:
        raise InvalidArgument(argument, shown, "is no PEM", remedy)
    return octets


def _check_reach(host: str, token: str | None, *, encrypted: bool, insecure: object) -> None:
    """Ask for a token and for encryption where other machines can read along."""
    if not isinstance(insecure, bool):
        rule = "must be a bool"
        raise InvalidArgument("insecure", describe(insecure), rule, "pass True or False")
    if _is_loopback(host):
        return
    if token is None:
        rule = f"is needed for host {host!r}, which other machines may reach"
        raise InvalidArgument("token", "None", rule, "pass secrets.token_urlsafe(32)")
    if not encrypted and not insecure:
        rule = f"token and tables would travel in clear to and from host {host!r}"
        remedy = "pass cert_chain and private_key, or insecure=True where the way is safe"
        raise InvalidArgument("insecure", "False", rule, remedy)


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address. A name may be anything, but for localhost."""
    if host.lower() == "localhost":
        try:
            found = socket.getaddrinfo(host, None)
        except OSError as error:
            rule = f"has no address here ({' '.join(str(error).split())})"
            remedy = 'pass an address of this machine, such as "127.0.0.1"'
            raise InvalidArgument("host", describe(host), rule, remedy) from error
        return all(ipaddress.ip_address(one[4][0]).is_loopback for one in found)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


__all__ = ["FlightView", "serve"]
