"""The checksum of journals and images against published values and a division bit by bit."""

from __future__ import annotations

import random

import pytest

from omega_portfolio.oracle.crc32c import POLYNOMIAL, crc32c

# RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
PUBLISHED = {
    b"123456789": 0xE3069283,
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    bytes(range(31, -1, -1)): 0x113FDB5C,
}


def divided(data: bytes) -> int:
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = rest >> 1 ^ (POLYNOMIAL if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF


@pytest.mark.parametrize(("data", "checksum"), PUBLISHED.items())
def test_published_values(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum


def test_every_length_and_every_cut_gives_the_same() -> None:
    draw = random.Random(21)
    for length in range(70):
        data = draw.randbytes(length)
        whole = divided(data)
        assert crc32c(data) == crc32c(bytearray(data)) == crc32c(memoryview(data)) == whole
        for cut in range(length + 1):
            assert crc32c(data[cut:], crc32c(data[:cut])) == whole


def test_bytes_that_end_with_their_checksum_have_a_constant_one() -> None:
    # So a frame names an image by the checksum inside it, and not by one of the whole file.
    for data in (b"", b"a", bytes(100)):
        assert crc32c(data + crc32c(data).to_bytes(4, "little")) == 0x48674BC7


def test_more_than_a_block() -> None:
    data = random.Random(22).randbytes((1 << 18) + 7)
    single = crc32c(data[:5])
    for byte in range(5, len(data), 4099):
        single = crc32c(data[byte : byte + 4099], single)
    assert crc32c(data) == single == divided(data)
