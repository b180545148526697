"""Journals and images for the tests of the commands, and the ways to damage them."""

from __future__ import annotations

import struct
from pathlib import Path

import omega_portfolio as op
from omega_portfolio.oracle.crc32c import crc32c

HEADER = 32
"""Bytes of a header before its configuration: magic, version, mode, 0, length, salt."""


def trade(portfolio: op.Portfolio, times: int, first: int = 0) -> None:
    """Open, value and close; the last position stays open."""
    for number in range(first, first + times):
        price = 100 + number % 7
        held = portfolio.open_position("ACME", "long", 2, price, number, fee="0.35")
        portfolio.update_equity(number, {"ACME": price + 1})
        if number < first + times - 1:
            portfolio.close_position(held, price + 1, number)


def written(path: Path, backend: str, times: int = 10, *, closed: bool = True) -> op.Portfolio:
    """Write a journal; without `closed` it ends as if the process had gone away."""
    portfolio = op.Portfolio("10000", leverage=10, backend=backend, journal=path)
    trade(portfolio, times)
    if closed:
        portfolio.close()
        return portfolio
    # The bytes of a living journal are those that a dead process leaves: the mode is "os".
    data = path.read_bytes()
    portfolio.close()
    path.write_bytes(data)
    return portfolio


def frames_of(data: bytes) -> list[tuple[int, int]]:
    """Give begin and end of each frame of a sound journal."""
    (length,) = struct.unpack_from("<I", data, 12)
    place = HEADER + length + 4
    frames = []
    while place < len(data):
        (body,) = struct.unpack_from("<I", data, place + 4)
        frames.append((place, place + 16 + body))
        place = frames[-1][1]
    assert place == len(data)
    return frames


def flipped(data: bytes, place: int) -> bytes:
    """Turn one bit over."""
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


def newer_journal(data: bytes) -> bytes:
    """Give a header of version 2 whose checksum is right."""
    (length,) = struct.unpack_from("<I", data, 12)
    end = HEADER + length
    head = data[:8] + struct.pack("<H", 2) + data[10:end]
    return head + struct.pack("<I", crc32c(head)) + data[end + 4 :]


def newer_image(data: bytes) -> bytes:
    """Give an image of version 2 whose checksum is right."""
    head = data[:8] + struct.pack("<H", 2) + data[10:-4]
    return head + struct.pack("<I", crc32c(head))
