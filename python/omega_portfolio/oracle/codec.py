"""Canonical bytes of configuration and events, and the journal that keeps them (SPEC section 9).

An accepted event is written down as a *record*: a tuple of its operation number and the fields
of the table in section 9, in that order and already in the units of the table. The bytes are
made from the records when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeAlias

from omega_portfolio.errors import InvariantViolation
from omega_portfolio.oracle import order_codec, term_codec
from omega_portfolio.oracle.currency import CURRENCY_DIGITS
from omega_portfolio.oracle.numbers import LIMIT
from omega_portfolio.oracle.octets import (
    Octets,
    put_byte,
    put_optional,
    put_signed,
    put_text,
    put_unsigned,
)

MAGIC: Final = b"omega_portfolio\x02"
DIGEST_BYTES: Final = 32
STATE_MARKER: Final = b"\xff"
MODES: Final = ("hedging", "netting")
ROUNDINGS: Final = ("exact", "cents")
PATHS: Final = ("pessimistic", "optimistic", "ohlc", "olhc")
MODE_HEDGING, MODE_NETTING = range(2)
ROUNDING_EXACT, ROUNDING_CENTS = range(2)

REGISTER: Final = 1
OPEN: Final = 2
CLOSE: Final = 3
MODIFY: Final = 4
MARK: Final = 5
UPDATE_EQUITY: Final = 6
FEE: Final = 7
DEPOSIT: Final = 8
WITHDRAW: Final = 9
OPEN_PROTECTED: Final = order_codec.OPEN_PROTECTED
PLACE_ORDER: Final = order_codec.PLACE_ORDER
CLOSE_BY: Final = 11
CANCEL_ORDER: Final = order_codec.CANCEL_ORDER
BAR: Final = order_codec.BAR
QUOTES: Final = order_codec.QUOTES
CONVERT_CASH: Final = 16
CHARGE_SWAP: Final = 17
ROLLOVER: Final = 18
DIVIDEND: Final = 19
SPLIT: Final = 20

Record: TypeAlias = tuple[Any, ...]
"""Operation number, then one value for each field of :data:`FIELDS`."""

# u: unsigned; z: signed; b: one byte; str: text; optional: one byte, then z if it is 1; quotes:
# count, then index, bid and spread of each; terms: those of term_codec; the others are those of
# order_codec.
FIELDS: Final[dict[int, tuple[tuple[str, str], ...]]] = {
    REGISTER: (
        ("symbol", "str"),
        ("price_decimals", "u"),
        ("size_decimals", "u"),
        ("contract_size", "u"),
        ("quote_currency", "str"),
        ("leverage", "u"),
        ("terms", "terms"),
    ),
    OPEN: (
        ("dt", "z"),
        ("symbol", "u"),
        ("side", "b"),
        ("position_id", "u"),
        ("size", "u"),
        ("price", "u"),
        ("stop_loss", "u"),
        ("take_profit", "u"),
        ("fee", "z"),
        ("tag", "str"),
    ),
    CLOSE: (
        ("dt", "z"),
        ("position_id", "u"),
        ("size", "u"),
        ("price", "u"),
        ("fee", "z"),
        ("reason", "str"),
    ),
    MODIFY: (("dt", "z"), ("position_id", "u"), ("levels", "levels")),
    MARK: (("dt", "z"), ("quotes", "quotes")),
    UPDATE_EQUITY: (("dt", "z"), ("quotes", "quotes")),
    FEE: (("dt", "z"), ("amount", "z"), ("position_id", "u")),
    DEPOSIT: (("dt", "z"), ("amount", "u"), ("currency", "str")),
    WITHDRAW: (("dt", "z"), ("amount", "u"), ("currency", "str")),
    CLOSE_BY: (
        ("dt", "z"),
        ("position_id", "u"),
        ("other_id", "u"),
        ("size", "u"),
        ("fee", "z"),
    ),
    CONVERT_CASH: (
        ("dt", "z"),
        ("amount", "u"),
        ("from_currency", "str"),
        ("to_currency", "str"),
        ("rate", "u"),
    ),
    CHARGE_SWAP: (
        ("dt", "z"),
        ("symbol", "u"),
        ("kind", "b"),
        ("long", "z"),
        ("short", "z"),
        ("multiplier", "u"),
    ),
    ROLLOVER: (("dt", "z"), ("symbol", "u")),
    DIVIDEND: (("dt", "z"), ("symbol", "u"), ("amount", "u"), ("pay_time", "optional")),
    SPLIT: (("dt", "z"), ("symbol", "u"), ("numerator", "u"), ("denominator", "u")),
    **order_codec.ORDER_FIELDS,
}
FIELDS[OPEN_PROTECTED] = FIELDS[OPEN] + order_codec.PROTECTED


class Configuration(NamedTuple):
    """What a portfolio is created with (A1); numbers are raw, words indexes of their names.

    A level of 0 percent is none.
    """

    initial_balance: int
    currency: str
    leverage: int
    mode: int = MODE_HEDGING
    rounding: int = ROUNDING_EXACT
    margin_call: int = 0
    stop_out: int = 0
    path: int = 0
    pivot: str = "USD"

    def to_bytes(self) -> bytes:
        """Give the canonical bytes."""
        out = bytearray(MAGIC)
        put_signed(out, self.initial_balance)
        put_text(out, self.currency)
        put_unsigned(out, self.leverage)
        out.append(self.mode)
        out.append(self.rounding)
        put_unsigned(out, self.margin_call)
        put_unsigned(out, self.stop_out)
        out.append(self.path)
        put_text(out, self.pivot)
        return bytes(out)

    @classmethod
    def from_bytes(cls, data: bytes) -> Configuration | None:
        """Give the configuration of canonical bytes; None when they are not those of one."""
        if not data.startswith(MAGIC):
            return None
        octets = Octets(data[len(MAGIC) :])
        try:
            read = cls(
                initial_balance=octets.signed(),
                currency=octets.text(),
                leverage=octets.unsigned(),
                mode=octets.byte(),
                rounding=octets.byte(),
                margin_call=octets.unsigned(),
                stop_out=octets.unsigned(),
                path=octets.byte(),
                pivot=octets.text(),
            )
        except InvariantViolation:
            return None
        return read if read._is_valid() and read.to_bytes() == data else None

    def _is_valid(self) -> bool:
        """Tell whether the rules of A1 would take it."""
        words = ((self.mode, MODES), (self.rounding, ROUNDINGS), (self.path, PATHS))
        numbers = (self.initial_balance, self.leverage, self.margin_call, self.stop_out)
        return (
            all(index < len(names) for index, names in words)
            and {self.currency, self.pivot} <= CURRENCY_DIGITS.keys()
            and all(0 <= number < LIMIT for number in numbers)
            and self.leverage > 0
            and (self.margin_call == 0 or self.stop_out <= self.margin_call)
        )


def _put_quotes(out: bytearray, quotes: tuple[tuple[int, int, int], ...]) -> None:
    put_unsigned(out, len(quotes))
    for quote in quotes:
        for number in quote:
            put_unsigned(out, number)


_WRITERS: Final[dict[str, Callable[[bytearray, Any], None]]] = {
    "u": put_unsigned,
    "z": put_signed,
    "b": put_byte,
    "str": put_text,
    "optional": put_optional,
    "terms": term_codec.put_terms,
    "quotes": _put_quotes,
    "levels": order_codec.put_levels,
    "protection": order_codec.put_protection,
    "bars": order_codec.put_bars,
}

_RECORD_WRITERS: Final = {
    operation: tuple(_WRITERS[kind] for _, kind in fields) for operation, fields in FIELDS.items()
}


def put_record(out: bytearray, record: Record) -> None:
    """Write one event."""
    operation, *values = record
    out.append(operation)
    for write, value in zip(_RECORD_WRITERS[operation], values, strict=True):
        write(out, value)


class Reader:
    """Reads the canonical bytes of events from front to back."""

    __slots__ = ("_octets",)

    def __init__(self, data: bytes) -> None:
        self._octets = Octets(data)

    def records(self) -> Iterator[Record]:
        """Yield the events up to the end of the bytes.

        Raises
        ------
        InvariantViolation
            The bytes are not those of events.
        """
        octets = self._octets
        while not octets.is_at_end():
            operation = octets.byte()
            if operation not in FIELDS:
                raise octets.damaged(f"operation {operation}")
            yield (operation, *(_READERS[kind](octets) for _, kind in FIELDS[operation]))


def _read_quotes(octets: Octets) -> tuple[tuple[int, int, int], ...]:
    read = octets.unsigned
    return tuple((read(), read(), read()) for _ in range(read()))


_READERS: Final[dict[str, Callable[[Octets], Any]]] = {
    "u": Octets.unsigned,
    "z": Octets.signed,
    "b": Octets.byte,
    "str": Octets.text,
    "optional": Octets.optional,
    "terms": term_codec.read_terms,
    "quotes": _read_quotes,
    "levels": order_codec.read_levels,
    "protection": order_codec.read_protection,
    "bars": order_codec.read_bars,
}


class Journal:
    """The records of the accepted events and their bytes, each event encoded once."""

    __slots__ = ("_encoded", "_hash", "_pending", "tally")

    def __init__(self, configuration: Configuration) -> None:
        self._pending: list[Record] = []
        self._encoded = bytearray()
        self._hash = blake2b(configuration.to_bytes(), digest_size=DIGEST_BYTES)
        self.tally = Tally()

    def append(self, record: Record) -> None:
        """Add the record of an accepted event."""
        self._pending.append(record)

    def pending(self) -> int:
        """Give the number of records that have not been encoded."""
        return len(self._pending)

    def forget(self, pending: int) -> None:
        """Go back to the records that were pending before; none was encoded since."""
        del self._pending[pending:]

    def flush(self) -> None:
        """Encode, hash and count what came since the last time."""
        fresh = bytearray()
        for record in self._pending:
            put_record(fresh, record)
            self.tally.count(record)
        self._pending.clear()
        self._encoded += fresh
        self._hash.update(fresh)

    def to_bytes(self) -> bytes:
        """Give the bytes of all events."""
        self.flush()
        return bytes(self._encoded)

    def length(self) -> int:
        """Give the number of bytes of all events."""
        self.flush()
        return len(self._encoded)

    def since(self, length: int) -> bytes:
        """Give the bytes of the events that came when the journal had this length."""
        self.flush()
        return bytes(memoryview(self._encoded)[length:])

    def digest(self, state: bytes) -> str:
        """Give the digest of configuration, events and a state, as hexadecimal text."""
        self.flush()
        whole = self._hash.copy()
        whole.update(STATE_MARKER + state)
        return whole.hexdigest()


class Tally:
    """How many events there are, and how many rows of equity they must have made."""

    __slots__ = ("equity", "events")

    def __init__(self) -> None:
        self.events = 0
        self.equity = 0

    def count(self, record: Record) -> None:
        """Add the rows of one event."""
        self.events += 1
        self.equity += record[0] in (UPDATE_EQUITY, BAR, QUOTES)
