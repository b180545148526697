"""A portfolio as one block of bytes: for pickles, copies and snapshots (SPEC J11).

An image has the events and what they led to. Reading it is a replay that has to lead to the same
state and digest, so nothing in it is trusted.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from omega_portfolio.errors import InvalidImage, InvariantViolation, OmegaPortfolioError
from omega_portfolio.oracle import codec
from omega_portfolio.oracle.crc32c import crc32c
from omega_portfolio.oracle.digest import state_bytes
from omega_portfolio.oracle.ledger import Ledger
from omega_portfolio.oracle.replay import replay

MAGIC: Final = b"OMEGAIMG"
VERSION: Final = 1
NO_SALT: Final = bytes(16)

# Magic, version, 0, salt, floats, off_grid; lengths of configuration and events, number of the
# events, length of the state.
_HEAD: Final = struct.Struct("<8sHH16sBBQQQQ")
_VERSION: Final = struct.Struct("<8sH")
_CRC_BYTES: Final = 4


class Parts(NamedTuple):
    """What an image consists of, its lengths and its checksum being right."""

    salt: bytes
    floats: int
    off_grid: int
    number: int
    configuration: bytes
    events: bytes
    state: bytes
    digest: bytes


def write_image(ledger: Ledger, salt: bytes = NO_SALT, floats: int = 0) -> bytes:
    """Give a portfolio as bytes.

    Parameters
    ----------
    ledger : Ledger
        The account.
    salt : bytes, default zeros
        That of its journal.
    floats : int, default 0
        What becomes of floats: 0 nearest, 1 strict.
    """
    configuration, events = ledger.configuration.to_bytes(), ledger.journal.to_bytes()
    state = state_bytes(ledger)
    off_grid = int(ledger.rounds_off_grid)
    lengths = (len(configuration), len(events), ledger.events, len(state))
    head = _HEAD.pack(MAGIC, VERSION, 0, salt, floats, off_grid, *lengths)
    digest = bytes.fromhex(ledger.journal.digest(state))
    image = b"".join((head, configuration, events, state, digest))
    return image + crc32c(image).to_bytes(_CRC_BYTES, "little")


def read_image(data: bytes) -> tuple[Ledger, bytes, int]:
    """Give the account of an image, the salt of its journal, and what becomes of floats.

    Raises
    ------
    InvalidImage
        The bytes are not as they were written, or are of a later version.
    """
    parts = parts_of(data)
    configuration = codec.Configuration.from_bytes(parts.configuration)
    if configuration is None:
        raise invalid("a configuration that cannot be")
    try:
        ledger = replay(configuration, parts.events)
    except InvariantViolation as error:
        raise invalid(error.value) from error
    except OmegaPortfolioError as error:
        raise invalid(str(error)) from error
    except MemoryError:
        raise
    except Exception as error:
        # Bytes with a good checksum that nobody has written may be refused in any way.
        raise invalid(f"an event that cannot be ({type(error).__name__})") from error
    if ledger.events != parts.number or ledger.journal.to_bytes() != parts.events:
        raise invalid("its events lead to another list of events")
    state = state_bytes(ledger)
    if state != parts.state:
        raise invalid("its events lead to another state")
    if bytes.fromhex(ledger.journal.digest(state)) != parts.digest:
        raise invalid("its events lead to another digest")
    ledger.rounds_off_grid = parts.off_grid == 1
    return ledger, parts.salt, parts.floats


def parts_of(data: bytes) -> Parts:
    """Take an image apart, as far as that can be done without a replay.

    Raises
    ------
    InvalidImage
        A length or the checksum is not right, or it is of a later version.
    """
    if not data.startswith(MAGIC):
        raise invalid("no image of a portfolio")
    if len(data) >= _VERSION.size and _VERSION.unpack_from(data)[1] > VERSION:
        raise invalid(f"version {_VERSION.unpack_from(data)[1]}, known is {VERSION}")
    if len(data) < _HEAD.size:
        raise invalid(f"{len(data)} bytes, which are not all of it")
    _, version, zero, salt, floats, off_grid, *lengths = _HEAD.unpack_from(data)
    number = lengths.pop(2)
    begin = _HEAD.size
    ends = [begin := begin + length for length in (*lengths, codec.DIGEST_BYTES)]
    if len(data) != ends[-1] + _CRC_BYTES:
        raise invalid(f"{len(data)} bytes, which are not all of it")
    if crc32c(memoryview(data)[:-_CRC_BYTES]) != checksum_of(data):
        raise invalid("the checksum is another")
    for what, is_right in (
        ("version", version == VERSION and zero == 0),
        ("floats", floats <= 1),
        ("off_grid", off_grid <= 1),
    ):
        if not is_right:
            raise invalid(f"a {what} that cannot be")
    starts = [_HEAD.size, *ends[:-1]]
    configuration, events, state, digest = (
        data[start:end] for start, end in zip(starts, ends, strict=True)
    )
    return Parts(salt, floats, off_grid, number, configuration, events, state, digest)


def checksum_of(image: bytes) -> int:
    """Give the checksum that an image ends with.

    That of all its bytes would say nothing: bytes that end with their checksum all have the same.
    """
    return int.from_bytes(image[-_CRC_BYTES:], "little")


def invalid(what: str, argument: str = "data") -> InvalidImage:
    """Make the refusal of bytes that are no image."""
    return InvalidImage(
        argument, what, "is not what was written", "pass the bytes as to_bytes() gave them"
    )
