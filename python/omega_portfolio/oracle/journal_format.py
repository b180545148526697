"""The bytes of a journal: its header, its frames, and what stands in a frame (SPEC J1, J2).

Nothing here touches a file or an account.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from omega_portfolio.errors import InvariantViolation
from omega_portfolio.oracle.codec import DIGEST_BYTES, Configuration
from omega_portfolio.oracle.crc32c import crc32c
from omega_portfolio.oracle.octets import Octets, put_text, put_unsigned

MAGIC: Final = b"OMEGAJNL"
VERSION: Final = 1
SALT_BYTES: Final = 16
MARKER_BYTES: Final = 4
BODY_MAX: Final = 1 << 30

SYNC_MODES: Final = ("off", "os", "interval", "always")
OFF, OS, INTERVAL, ALWAYS = range(4)

EVENT, BATCH, DIGEST, SNAPSHOT, CLOSE, OPENED, SYNCED = range(1, 8)

_HEAD: Final = struct.Struct("<8sHBBI16s")
_VERSION: Final = struct.Struct("<8sH")
_CRC: Final = struct.Struct("<I")
_FRAME: Final = struct.Struct("<4sIII")
_LENGTHS: Final = struct.Struct("<II")
_PROOF: Final = struct.Struct(f"<BQ{DIGEST_BYTES}s")
_OPENED: Final = struct.Struct("<BBQ")
_SYNCED: Final = struct.Struct("<BQ")

BEGINNING: Final = "it is no more than the beginning of a header"
"""What a crash leaves of a journal that has not begun."""

DAMAGED_HEADER: Final = "its header is damaged, at offset 0, before event 1"
NO_JOURNAL: Final = "it does not start as a journal does"

CONFIGURATION_MAX: Final = 256
"""No configuration has so many bytes."""

FRAME_BYTES: Final = _FRAME.size
"""Bytes of a frame before its body."""

IN_VAIN: Final = 64
"""How many times the length of a file is read at most in a search for frames that are none."""


class UnreadableError(Exception):
    """Bytes that are not what they should be; the text says what was found."""


class SearchGivenUpError(Exception):
    """A search for frames has read too much in vain (SPEC J8)."""


class LaterVersionError(Exception):
    """The version of a format is above the one that is known."""

    def __init__(self, version: int) -> None:
        super().__init__(f"its version is {version}, and {VERSION} is the one that is known")
        self.version = version


class Header(NamedTuple):
    """What a journal begins with."""

    sync: int
    salt: bytes
    configuration: Configuration

    def to_bytes(self) -> bytes:
        """Give the bytes, with their checksum."""
        configuration = self.configuration.to_bytes()
        head = _HEAD.pack(MAGIC, VERSION, self.sync, 0, len(configuration), self.salt)
        return with_checksum(head + configuration)


def with_checksum(data: bytes) -> bytes:
    """Append the checksum of some bytes to them."""
    return data + _CRC.pack(crc32c(data))


def version_of(data: bytes) -> int:
    """Give the version that the bytes of a journal name; 0 when they name none."""
    if len(data) < _VERSION.size or not data.startswith(MAGIC):
        return 0
    version: int = _VERSION.unpack_from(data)[1]
    return version


def read_header(data: bytes) -> tuple[Header, int, int]:
    """Read the header of a journal.

    Returns
    -------
    (Header, int, int)
        The header, its length, and its checksum.

    Raises
    ------
    LaterVersionError
        The version is above 1.
    UnreadableError
        It is not right.
    """
    if not data.startswith(MAGIC):
        beginning = MAGIC.startswith(data)
        raise UnreadableError(BEGINNING if beginning else NO_JOURNAL)
    version = version_of(data)
    if version > VERSION:
        raise LaterVersionError(version)
    if len(data) < _HEAD.size:
        raise UnreadableError(BEGINNING)
    _, _, sync, zero, length, salt = _HEAD.unpack_from(data)
    end = _HEAD.size + length
    if len(data) < end + _CRC.size:
        # A damaged length must not make a journal look as if it had never begun.
        begun = length > CONFIGURATION_MAX or Frames(salt).any_in(data)
        raise UnreadableError(DAMAGED_HEADER if begun else BEGINNING)
    (crc,) = _CRC.unpack_from(data, end)
    if crc32c(data[:end]) != crc:
        raise UnreadableError(DAMAGED_HEADER)
    configuration = Configuration.from_bytes(data[_HEAD.size : end])
    if version != VERSION or sync >= len(SYNC_MODES) or zero or configuration is None:
        raise UnreadableError(DAMAGED_HEADER)
    return Header(sync, salt, configuration), end + _CRC.size, crc


def salt_of(data: bytes) -> bytes:
    """Give the bytes where the salt of a journal stands, whatever the rest of its header is."""
    return data[_HEAD.size - SALT_BYTES : _HEAD.size]


class Frame(NamedTuple):
    """A frame whose marker, length and checksum are right."""

    at: int
    end: int
    link: int
    crc: int
    body: bytes


class Frames:
    """The frames of one journal, which has its salt in each of them."""

    __slots__ = ("_seed", "marker")

    def __init__(self, salt: bytes) -> None:
        self.marker = salt[:MARKER_BYTES]
        self._seed = crc32c(salt)

    def seal(self, body: bytes, link: int) -> tuple[bytes, int]:
        """Give the bytes of a frame, and its checksum, which is the link of the next one."""
        crc = self._checksum(body, link)
        return _FRAME.pack(self.marker, len(body), link, crc) + body, crc

    def read(self, data: bytes, at: int) -> Frame | None:
        """Read the frame at a place, whatever its link; None when there is none."""
        found = self._candidate(data, at)
        return found if isinstance(found, Frame) else None

    def search(self, data: bytes, at: int) -> Iterator[Frame]:
        """Yield the frames at or behind a place, whatever their links.

        Raises
        ------
        SearchGivenUpError
            Too much was read in vain: a file that was made for it has a marker at every few bytes
            and no right checksum.
        """
        left = IN_VAIN * len(data)
        at = data.find(self.marker, at)
        while at >= 0:
            found = self._candidate(data, at)
            if isinstance(found, Frame):
                yield found
                at = found.end
            else:
                left -= found
                if left < 0:
                    raise SearchGivenUpError
                at += 1
            at = data.find(self.marker, at)

    def any_in(self, data: bytes) -> bool:
        """Tell whether a frame stands anywhere behind a header, as far as can be told."""
        try:
            return next(self.search(data, _HEAD.size), None) is not None
        except SearchGivenUpError:
            return True

    def _candidate(self, data: bytes, at: int) -> Frame | int:
        """Read the frame at a place; without one, how many bytes of a body were read for it."""
        if len(data) - at < FRAME_BYTES:
            return 0
        marker, length, link, crc = _FRAME.unpack_from(data, at)
        begin = at + FRAME_BYTES
        end = begin + length
        if marker != self.marker or not 1 <= length <= BODY_MAX or end > len(data):
            return 0
        body = data[begin:end]
        if self._checksum(body, link) != crc:
            return int(length)
        return Frame(at, end, link, crc, body)

    def _checksum(self, body: bytes, link: int) -> int:
        return crc32c(body, crc32c(_LENGTHS.pack(len(body), link), self._seed))


class Events(NamedTuple):
    """Kinds 1 and 2: so many events, as canonical bytes."""

    number: int
    octets: bytes

    def to_bytes(self) -> bytes:
        """Give the body: that of a single event, or of a batch."""
        return bytes([EVENT]) + self.octets if self.number == 1 else self.to_batch()

    def to_batch(self) -> bytes:
        """Give the body of a batch, of a single event as well."""
        out = bytearray([BATCH])
        put_unsigned(out, self.number)
        return bytes(out) + self.octets


class Proof(NamedTuple):
    """Kinds 3 and 5: how many events there are, and the digest after them."""

    kind: int
    events: int
    digest: bytes

    def to_bytes(self) -> bytes:
        """Give the body."""
        return _PROOF.pack(self.kind, self.events, self.digest)


class SnapshotTaken(NamedTuple):
    """Kind 4: a proof, and the file of the image with the checksum that it ends with."""

    events: int
    digest: bytes
    crc: int
    name: str

    def to_bytes(self) -> bytes:
        """Give the body."""
        out = bytearray(_PROOF.pack(SNAPSHOT, self.events, self.digest) + _CRC.pack(self.crc))
        put_text(out, self.name)
        return bytes(out)


class Opened(NamedTuple):
    """Kind 6: the mode of an opening, and how many events there were."""

    sync: int
    events: int

    def to_bytes(self) -> bytes:
        """Give the body."""
        return _OPENED.pack(OPENED, self.sync, self.events)


class Synced(NamedTuple):
    """Kind 7: up to which place the file was on the disk."""

    offset: int

    def to_bytes(self) -> bytes:
        """Give the body."""
        return _SYNCED.pack(SYNCED, self.offset)


Body: TypeAlias = Events | Proof | SnapshotTaken | Opened | Synced


def read_body(body: bytes) -> Body:
    """Read what stands in a frame; the bytes of events are not looked at.

    Raises
    ------
    UnreadableError
        It is none of the kinds.
    """
    kind = body[0]
    try:
        if kind == EVENT:
            return Events(1, body[1:])
        if kind == BATCH:
            return _read_batch(body)
        if kind in (DIGEST, CLOSE):
            return Proof(*_PROOF.unpack(body))
        if kind == SNAPSHOT:
            return _read_snapshot(body)
        if kind == OPENED:
            return _read_opened(body)
        if kind == SYNCED:
            return Synced(_SYNCED.unpack(body)[1])
    except (struct.error, InvariantViolation):
        raise UnreadableError(f"a frame of kind {kind} is not made as such frames are") from None
    raise UnreadableError(f"a frame is of kind {kind}, which there is not")


def _read_batch(body: bytes) -> Events:
    octets = Octets(body[1:])
    count = octets.unsigned()
    if count == 0:
        raise octets.damaged("count 0")
    return Events(count, octets.rest())


def _read_snapshot(body: bytes) -> SnapshotTaken:
    _, events, digest = _PROOF.unpack_from(body)
    (crc,) = _CRC.unpack_from(body, _PROOF.size)
    octets = Octets(body[_PROOF.size + _CRC.size :])
    name = octets.text()
    if not octets.is_at_end():
        raise octets.damaged("more")
    return SnapshotTaken(events, digest, crc, name)


def _read_opened(body: bytes) -> Opened:
    _, sync, events = _OPENED.unpack(body)
    if sync >= len(SYNC_MODES):
        raise UnreadableError(f"a frame of kind {OPENED} is not made as such frames are")
    return Opened(sync, events)
