"""Where two portfolios part: configuration, the first event that is another, figures.

It works between backends, portfolios and images. Equal events have equal bytes (SPEC section 9), so
the first other one is found by comparing bytes, and only that one is decoded.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from omega_portfolio.display import rows_html, value_text
from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omega_portfolio.portfolio import Portfolio

SHOWN_MAX: Final = 20
"""Differing figures that ``str()`` and a notebook show."""

_SCALARS: Final = (
    "currency",
    "events",
    "time",
    "balance",
    "equity",
    "unrealized_pnl",
    "realized_pnl",
    "margin_used",
    "residue",
    "ambiguous_count",
)
_TABLES: Final = ("equity_curve", "trades", "ledger", "positions", "orders", "activity")


class Changed(NamedTuple):
    """A figure that differs, with what each side has, in words."""

    name: str
    left: str
    right: str


class Divergence(NamedTuple):
    """The first event that is another one."""

    seq: int
    """Its number, from 1."""
    time: datetime | None
    """When it was; None of a registration. That of the left side, if it has one."""
    kind: str
    """Its action, as in ``get_events``; ``left/right`` when the actions differ."""
    left: str
    """What the left side has, in words; ``nothing`` after its last event."""
    right: str


@dataclass(frozen=True)
class Difference:
    """What :func:`omega_portfolio.diff` found; it is false when nothing differs.

    Attributes
    ----------
    configuration : tuple of Changed
        Settings of the constructors that differ.
    first : Divergence or None
        The first event that is another; None when both had the same ones.
    figures : tuple of Changed
        Scalars of the state, lengths of tables, open positions and cash that differ.
    """

    configuration: tuple[Changed, ...]
    first: Divergence | None
    figures: tuple[Changed, ...]

    def __bool__(self) -> bool:
        return bool(self.configuration or self.first or self.figures)

    def __str__(self) -> str:
        if not self:
            return "no difference"
        lines = [f"{what}: {left} | {right}" for what, left, right in self._rows()]
        hidden = len(self.figures) - SHOWN_MAX
        return "\n".join([*lines, *([f"and {hidden} figures more"] if hidden > 0 else [])])

    def _repr_html_(self) -> str:
        names = [("", ""), ("left", ""), ("right", "")]
        hidden = len(self.figures) - SHOWN_MAX
        more = f", {hidden} figures more" if hidden > 0 else ""
        caption = f"Difference{more}" if self else "Difference: none"
        return rows_html(caption, names, self._rows())

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        yield from self.configuration
        if self.first is not None:
            seq, time, kind, left, right = self.first
            when = "" if time is None else f" at {value_text(time)}"
            yield f"event {seq} ({kind}{when})", left, right
        yield from self.figures[:SHOWN_MAX]


def diff(a: Portfolio | bytes, b: Portfolio | bytes) -> Difference:
    """Compare two portfolios: what was set, the first event that is another, what came of it.

    Parameters
    ----------
    a, b : Portfolio or bytes
        Portfolios of either backend, or images of :meth:`Portfolio.to_bytes`.

    Returns
    -------
    Difference
        False when nothing differs; ``str()`` and a notebook show it in words.

    Raises
    ------
    InvalidArgument
        One is neither.
    InvalidImage
        Bytes are no image.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.Portfolio(1000)
    >>> position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
    >>> other = portfolio.fork()
    >>> bool(op.diff(portfolio, other)), print(op.diff(portfolio, other.to_bytes()))
    no difference
    (False, None)
    >>> trade = portfolio.close_position(position_id, 110, "2024-01-03")
    >>> trade = other.close_position(position_id, 90, "2024-01-03")
    >>> found = op.diff(portfolio, other)
    >>> found.first.seq, found.first.kind, found.first.left
    (3, 'close', 'close time=2024-01-03 00:00:00 size=2 price=110 position_id=1 fee=0')
    >>> found.figures[0]
    Changed(name='balance', left='1020', right='980')
    """
    left, right = _portfolio("a", a), _portfolio("b", b)
    ours, theirs = _parts(left), _parts(right)
    changed = (
        Changed(name, value, theirs.settings[name])
        for name, value in ours.settings.items()
        if value != theirs.settings[name]
    )
    return Difference(
        configuration=tuple(changed),
        first=_first((left, right), (ours.events, theirs.events)),
        figures=tuple(_figures(left, right)),
    )


def _portfolio(argument: str, value: object) -> Portfolio:
    from omega_portfolio.portfolio import Portfolio

    if isinstance(value, Portfolio):
        return value
    if isinstance(value, bytes):
        return Portfolio.from_bytes(value)
    raise InvalidArgument(
        argument, describe(value), "must be a portfolio or an image", "pass what to_bytes() gave"
    )


# Magic, version, 0, salt, floats, off_grid; lengths of configuration and events (SPEC J11).
_HEAD: Final = struct.Struct("<8sHH16sBBQQ")
_BODY: Final = 62


class _Parts(NamedTuple):
    """What an image says of how a portfolio was made."""

    settings: dict[str, str]
    events: bytes


def _parts(portfolio: Portfolio) -> _Parts:
    from omega_portfolio.oracle import codec
    from omega_portfolio.oracle.numbers import plain_decimal

    image = portfolio.to_bytes()
    *_, floats, off_grid, length, events = _HEAD.unpack_from(image)
    found = codec.Configuration.from_bytes(image[_BODY : _BODY + length])
    if found is None:
        raise AssertionError("an image that was just written has a configuration")

    def level(raw: int) -> str:
        return value_text(plain_decimal(raw, 9)) if raw else "none"

    settings = {
        "initial_balance": value_text(plain_decimal(found.initial_balance, 18)),
        "currency": found.currency,
        "leverage": value_text(plain_decimal(found.leverage, 9)),
        "mode": codec.MODES[found.mode],
        "floats": ("nearest", "strict")[floats],
        "rounding": codec.ROUNDINGS[found.rounding],
        "off_grid": ("refuse", "round")[off_grid],
        "margin_call": level(found.margin_call),
        "stop_out": level(found.stop_out),
        "path": codec.PATHS[found.path],
        "pivot": found.pivot,
    }
    return _Parts(settings, image[_BODY + length : _BODY + length + events])


def _first(sides: tuple[Portfolio, Portfolio], events: tuple[bytes, bytes]) -> Divergence | None:
    """Find the first event that is another: equal events have equal bytes."""
    place = _common(*events)
    if place is None:
        return None
    (left, left_row), (right, right_row) = (
        _event(portfolio._event_at(place).to_polars().rows(named=True)) for portfolio in sides
    )
    rows = [row for row in (left_row, right_row) if row is not None]
    kinds = dict.fromkeys(row["action"] for row in rows)
    return Divergence(rows[0]["event"], rows[0]["time"], "/".join(kinds), left, right)


def _common(left: bytes, right: bytes) -> int | None:
    """Give the number of equal bytes at the beginning; None when all are."""
    if left == right:
        return None
    low, high = 0, min(len(left), len(right))
    if left[:high] == right[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _event(rows: list[dict[str, Any]]) -> tuple[str, dict[str, Any] | None]:
    """Give an event in words, and its first row."""
    if not rows:
        return "nothing", None
    words = []
    for row in rows:
        cells = (
            f"{name}={value_text(value)}"
            for name, value in row.items()
            if name not in {"event", "action"} and value not in (None, "")
        )
        words.append(" ".join((row["action"], *cells)))
    return "; ".join(words), rows[0]


def _figures(left: Portfolio, right: Portfolio) -> Iterator[Changed]:
    for name in _SCALARS:
        ours, theirs = getattr(left, name), getattr(right, name)
        if ours != theirs:
            yield Changed(name, value_text(ours), value_text(theirs))
    for name in _TABLES:
        lengths = [len(getattr(each, f"get_{name}")()) for each in (left, right)]
        if lengths[0] != lengths[1]:
            yield Changed(f"rows of {name}", *map(str, lengths))
    yield from _keyed("position", "position_id", "get_positions", (left, right))
    yield from _keyed("cash", "currency", "get_cash", (left, right))


def _keyed(
    word: str, key: str, table: str, sides: tuple[Portfolio, Portfolio]
) -> Iterator[Changed]:
    """Compare tables of a row per key, whatever the order of their rows."""
    ours, theirs = (
        {row[key]: row for row in getattr(each, table)(exact=True).to_polars().rows(named=True)}
        for each in sides
    )
    for name in dict.fromkeys((*ours, *theirs)):
        one, two = ours.get(name), theirs.get(name)
        if one is None or two is None:
            kept = [_held(row, key) for row in (one, two)]
            yield Changed(f"{word} {name}", *kept)
            continue
        for column, value in one.items():
            if value != two[column]:
                yield Changed(f"{word} {name} {column}", value_text(value), value_text(two[column]))


def _held(row: dict[str, Any] | None, key: str) -> str:
    if row is None:
        return "none"
    names = [name for name in ("symbol", "side", "size", "amount") if name in row and name != key]
    return " ".join(value_text(row[name]) for name in names)


__all__ = ["Changed", "Difference", "Divergence", "diff"]
