"""Bytes that are no image, and pickles that nobody has made: refused, and named."""

from __future__ import annotations

import pickle
from random import Random
from typing import Any

import pytest

import omega_portfolio as op
from lives import grown
from omega_portfolio.oracle.crc32c import crc32c
from omega_portfolio.time_travel import _restored

# One bit of so many is flipped; the Python backend sums its bytes one by one.
STRIDE = {"rust": 1, "python": 211}


def kind(backend: str) -> Any:
    """Give the class of a backend."""
    return op.PortfolioRust if backend == "rust" else op.PortfolioPython


def thawed(data: bytes) -> Any:
    """Unpickle what this test has made."""
    return pickle.loads(data)  # noqa: S301 - made here.


@pytest.fixture(scope="module")
def image() -> bytes:
    """Give the bytes of some hundred events."""
    portfolio = grown(5, "python", 220)
    assert portfolio.events > 100
    return portfolio.to_bytes()


def test_every_cut_is_refused(backend: str, image: bytes) -> None:
    """Each length but the right one."""
    read = kind(backend).from_bytes
    for length in range(len(image)):
        with pytest.raises(op.InvalidImage) as caught:
            read(image[:length])
        assert caught.value.argument == "data"
    with pytest.raises(op.InvalidImage):
        read(image + b"\0")
    assert read(image).to_bytes() == image


def test_every_flipped_bit_is_refused(backend: str, image: bytes) -> None:
    """Each bit, or one of many where that takes long."""
    read, flipped, seen = kind(backend).from_bytes, bytearray(image), 0
    for bit in range(0, 8 * len(image), STRIDE[backend]):
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(op.InvalidImage):
            read(flipped)
        flipped[bit // 8] ^= 1 << bit % 8
        seen += 1
    assert seen >= 8 * len(image) // STRIDE[backend]
    assert read(flipped).events > 100


def sealed(body: bytes | bytearray) -> bytes:
    """Give an image whose checksum is right, whatever it says."""
    return bytes(body) + crc32c(bytes(body)).to_bytes(4, "little")


def test_a_good_checksum_is_not_believed(image: bytes) -> None:
    """Bytes of the body, changed on purpose: both backends refuse them."""
    random, body = Random(3), image[:-4]
    assert sealed(body) == image
    for _ in range(120):
        place = random.randrange(8, len(body))
        changed = bytearray(body)
        changed[place] ^= 1 + random.randrange(255)
        if 12 <= place < 28:  # The salt stands for nothing but itself.
            continue
        for backend in STRIDE:
            with pytest.raises(op.InvalidImage) as caught:
                kind(backend).from_bytes(sealed(changed))
            assert caught.value.argument == "data", place


def test_the_header_is_named(backend: str, image: bytes) -> None:
    """What is wrong is in the value, in the same words on both backends."""
    cases = {
        (8, 2): "version 2, known is 1",
        (8, 0): "a version that cannot be",
        (10, 1): "a version that cannot be",
        (28, 2): "a floats that cannot be",
        (29, 2): "a off_grid that cannot be",
        (62, 0): "a configuration that cannot be",
        (46, image[46] ^ 1): "its events lead to another list of events",
        (len(image) - 36, image[-36] ^ 1): "its events lead to another digest",
    }
    for (place, byte), value in cases.items():
        changed = bytearray(image[:-4])
        changed[place] = byte
        with pytest.raises(op.InvalidImage) as caught:
            kind(backend).from_bytes(sealed(changed))
        assert caught.value.value == value
    for data, value in (
        (b"", "no image of a portfolio"),
        (b"OMEGAJNL" + image[8:], "no image of a portfolio"),
        (image[:9], "9 bytes, which are not all of it"),
        (image[:-1] + bytes([image[-1] ^ 1]), "the checksum is another"),
    ):
        with pytest.raises(op.InvalidImage) as caught:
            kind(backend).from_bytes(data)
        assert caught.value.value == value


def test_lengths_that_lie_are_refused(backend: str, image: bytes) -> None:
    """Of configuration, events and state: large ones do not ask for memory."""
    for place in (30, 38, 54):
        for length in (0, 2**31 - 1, 2**63, 2**64 - 1):
            changed = bytearray(image[:-4])
            changed[place : place + 8] = length.to_bytes(8, "little")
            with pytest.raises(op.InvalidImage):
                kind(backend).from_bytes(sealed(changed))


def test_random_bytes_are_refused(backend: str) -> None:
    """With and without the first bytes of an image."""
    random = Random(9)
    for _ in range(300):
        data = random.randbytes(random.randrange(400))
        for start in (b"", b"OMEGAIMG", b"OMEGAIMG\1\0\0\0"):
            with pytest.raises(op.InvalidImage):
                kind(backend).from_bytes(start + data)


def test_other_types_are_refused(backend: str, image: bytes) -> None:
    """Bytes, and what is a view of bytes, are taken."""
    read = kind(backend).from_bytes
    for data in (bytearray(image), memoryview(image), memoryview(image + image)[: len(image)]):
        assert read(data).to_bytes() == image
    released = memoryview(image)
    released.release()
    for wrong in (None, 5, "OMEGAIMG", [1, 2], object(), released):
        with pytest.raises(op.InvalidArgument) as caught:
            read(wrong)
        assert caught.value.argument == "data"
    with pytest.raises(op.InvalidArgument) as caught:
        read(image, backend="rust")
    assert caught.value.argument == "backend"
    assert op.Portfolio.from_bytes(image, backend=backend).backend == backend
    with pytest.raises(op.InvalidConfiguration):
        op.Portfolio.from_bytes(image, backend="fortran")


class Forged:
    """Pickles as a call of what restores a portfolio."""

    def __init__(self, *arguments: object) -> None:
        self._arguments = arguments

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        """Give what a portfolio would give, with other arguments."""
        return _restored, self._arguments


def test_forged_pickles_are_refused(backend: str, image: bytes) -> None:
    """Another class, no bytes, other bytes: named `pickle`."""
    own = kind(backend)
    whole = thawed(pickle.dumps(Forged(own, image)))
    assert whole.to_bytes() == image
    for arguments in (
        (int, image),
        ("omega_portfolio.Portfolio", image),
        (None, image),
        (own, None),
        (own, "text"),
        (own, image[:-1]),
        (own, b""),
        (own, b"\0" * 100),
        (own, sealed(bytearray(image[:-5]) + b"\0")),
    ):
        with pytest.raises(op.InvalidImage) as caught:
            thawed(pickle.dumps(Forged(*arguments)))
        assert caught.value.argument == "pickle"


def test_damaged_pickles_never_give_another_portfolio(backend: str) -> None:
    """A flipped bit in the image inside of a pickle is seen."""
    portfolio = grown(1, backend, 40)
    data = pickle.dumps(portfolio)
    start, random = data.index(b"OMEGAIMG"), Random(4)
    for _ in range(100):
        flipped = bytearray(data)
        place = start + random.randrange(len(portfolio.to_bytes()))
        flipped[place] ^= 1 << random.randrange(8)
        with pytest.raises(op.InvalidImage) as caught:
            thawed(bytes(flipped))
        assert caught.value.argument == "pickle"
