"""Images of the Python backend (SPEC J11): round trips, and every damage that is named."""

from __future__ import annotations

import pytest

from event_frames import live_through
from omega_portfolio.errors import InvalidImage
from omega_portfolio.oracle.crc32c import crc32c
from omega_portfolio.oracle.digest import digest_of
from omega_portfolio.oracle.image import parts_of, read_image, write_image
from order_accounts import oracle_account

SALT = bytes(range(16))


@pytest.fixture
def image() -> bytes:
    portfolio = oracle_account("1000", leverage=10, off_grid="round")
    live_through(portfolio)
    return write_image(portfolio._ledger, SALT, 1)


def test_an_image_gives_the_same_account_again(image: bytes) -> None:
    ledger, salt, floats = read_image(image)
    assert (salt, floats, ledger.rounds_off_grid) == (SALT, 1, True)
    assert write_image(ledger, salt, floats) == image
    assert digest_of(ledger) == parts_of(image).digest.hex()


def test_every_cut_and_every_flipped_bit_is_seen(image: bytes) -> None:
    for end in range(len(image)):
        with pytest.raises(InvalidImage):
            parts_of(image[:end])
    for place in range(8 * len(image)):
        flipped = bytearray(image)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(InvalidImage):
            parts_of(bytes(flipped))


def test_what_is_forged_with_a_right_checksum_is_seen(image: bytes) -> None:
    # Behind the lengths: configuration, events, state, digest. Not all of it says something else
    # when it is changed, but none of it may be taken for what it is not.
    seen = set()
    for place in range(8, len(image) - 4):
        forged = bytearray(image[:-4])
        forged[place] ^= 1
        try:
            ledger, salt, floats = read_image(bytes(forged) + crc32c(forged).to_bytes(4, "little"))
        except InvalidImage as error:
            seen.add(error.value.split()[0])
            continue
        assert 12 <= place < 30
        assert write_image(ledger, salt, floats)[:-4] == bytes(forged)
    assert len(seen) >= 4
