"""Canonical bytes of configuration and events, and the journal that keeps them (SPEC section 9).

An accepted event is written down as a *record*: a tuple of its operation number and the fields
of the table in section 9, in that order and already in the units of the table. The bytes are
made from the records when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeAlias

from omega_portfolio.errors import InvariantViolation, describe

MAGIC: Final = b"omega_portfolio\x01"
DIGEST_BYTES: Final = 32
STATE_MARKER: Final = b"\xff"
MODE_HEDGING: Final = 0

REGISTER: Final = 1
OPEN: Final = 2
CLOSE: Final = 3
MODIFY: Final = 4
MARK: Final = 5
UPDATE_EQUITY: Final = 6
FEE: Final = 7
DEPOSIT: Final = 8
WITHDRAW: Final = 9

Record: TypeAlias = tuple[Any, ...]
"""Operation number, then one value for each field of :data:`FIELDS`."""

# u: unsigned; z: signed; b: one byte; str: text; quotes: count, then index, bid and spread of
# each; levels: mask, then the given ones (a pair, None for what is not given).
FIELDS: Final[dict[int, tuple[tuple[str, str], ...]]] = {
    REGISTER: (
        ("symbol", "str"),
        ("price_decimals", "u"),
        ("size_decimals", "u"),
        ("contract_size", "u"),
        ("quote_currency", "str"),
        ("leverage", "u"),
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
    DEPOSIT: (("dt", "z"), ("amount", "u")),
    WITHDRAW: (("dt", "z"), ("amount", "u")),
}


class Configuration(NamedTuple):
    """What a portfolio is created with (A1); balance and leverage are raw."""

    initial_balance: int
    currency: str
    leverage: int

    def to_bytes(self) -> bytes:
        """Give the canonical bytes."""
        out = bytearray(MAGIC)
        put_signed(out, self.initial_balance)
        put_text(out, self.currency)
        put_unsigned(out, self.leverage)
        out.append(MODE_HEDGING)
        return bytes(out)


def put_unsigned(out: bytearray, number: int) -> None:
    """Write u(number): seven bits a byte, the lowest first."""
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def put_signed(out: bytearray, number: int) -> None:
    """Write z(number): u of 2n for n >= 0 and of -2n - 1 otherwise."""
    put_unsigned(out, 2 * number if number >= 0 else -2 * number - 1)


def put_text(out: bytearray, text: str) -> None:
    """Write u(byte length) and the UTF-8 bytes."""
    encoded = text.encode("utf-8")
    put_unsigned(out, len(encoded))
    out += encoded


def _put_byte(out: bytearray, number: int) -> None:
    out.append(number)


def _put_quotes(out: bytearray, quotes: tuple[tuple[int, int, int], ...]) -> None:
    put_unsigned(out, len(quotes))
    for quote in quotes:
        for number in quote:
            put_unsigned(out, number)


def _put_levels(out: bytearray, levels: tuple[int | None, int | None]) -> None:
    stop_loss, take_profit = levels
    out.append((stop_loss is not None) + 2 * (take_profit is not None))
    for level in levels:
        if level is not None:
            put_unsigned(out, level)


_WRITERS: Final[dict[str, Callable[[bytearray, Any], None]]] = {
    "u": put_unsigned,
    "z": put_signed,
    "b": _put_byte,
    "str": put_text,
    "quotes": _put_quotes,
    "levels": _put_levels,
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
    """Reads canonical bytes from front to back."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def records(self) -> Iterator[Record]:
        """Yield the events up to the end of the bytes.

        Raises
        ------
        InvariantViolation
            The bytes are not those of events.
        """
        readers: dict[str, Callable[[], Any]] = {
            "u": self._unsigned,
            "z": self._signed,
            "b": self._byte,
            "str": self._text,
            "quotes": self._quotes,
            "levels": self._levels,
        }
        while self._at < len(self._data):
            operation = self._byte()
            if operation not in FIELDS:
                raise self._damaged(f"operation {operation}")
            yield (operation, *(readers[kind]() for _, kind in FIELDS[operation]))

    def _byte(self) -> int:
        if self._at >= len(self._data):
            raise self._damaged("end")
        self._at += 1
        return self._data[self._at - 1]

    def _unsigned(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def _signed(self) -> int:
        number = self._unsigned()
        return -(number >> 1) - 1 if number & 1 else number >> 1

    def _text(self) -> str:
        length = self._unsigned()
        encoded = self._data[self._at : self._at + length]
        self._at += length
        try:
            text = encoded.decode("utf-8")
        except UnicodeDecodeError:
            raise self._damaged("text") from None
        if len(encoded) != length:
            raise self._damaged("end")
        return text

    def _quotes(self) -> tuple[tuple[int, int, int], ...]:
        count = self._unsigned()
        return tuple((self._unsigned(), self._unsigned(), self._unsigned()) for _ in range(count))

    def _levels(self) -> tuple[int | None, int | None]:
        mask = self._byte()
        stop_loss = self._unsigned() if mask & 1 else None
        return stop_loss, self._unsigned() if mask & 2 else None

    def _damaged(self, what: str) -> InvariantViolation:
        return InvariantViolation(
            "events",
            describe(f"{what} at byte {self._at}"),
            "the recorded events cannot be read",
            "discard this portfolio",
        )


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

    def digest(self, state: bytes) -> str:
        """Give the digest of configuration, events and a state, as hexadecimal text."""
        self.flush()
        whole = self._hash.copy()
        whole.update(STATE_MARKER + state)
        return whole.hexdigest()


class Tally:
    """How many events there are and how many rows they must have made (``rows_published``)."""

    __slots__ = ("equity", "events", "ledger", "trades")

    def __init__(self) -> None:
        self.events = 0
        self.equity = 0
        self.trades = 0
        self.ledger = 0

    def count(self, record: Record) -> None:
        """Add the rows of one event."""
        operation = record[0]
        self.events += 1
        if operation == UPDATE_EQUITY:
            self.equity += 1
        elif operation == OPEN:
            self.ledger += _value(record, "fee") != 0
        elif operation == CLOSE:
            self.trades += 1
            self.ledger += 1 + (_value(record, "fee") != 0)
        elif operation in (FEE, DEPOSIT, WITHDRAW):
            self.ledger += 1


def _value(record: Record, name: str) -> Any:  # noqa: ANN401 - a field may be of any kind.
    """Give a field of a record by its name."""
    names = [field for field, _ in FIELDS[record[0]]]
    return record[1 + names.index(name)]
