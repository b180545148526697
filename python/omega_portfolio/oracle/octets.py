"""Numbers and texts as canonical bytes, and back (SPEC section 9)."""

from __future__ import annotations

from omega_portfolio.errors import InvariantViolation, describe


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


def put_byte(out: bytearray, number: int) -> None:
    """Write one byte."""
    out.append(number)


def put_optional(out: bytearray, number: int | None) -> None:
    """Write whether there is a number, and z of it if there is."""
    out.append(number is not None)
    if number is not None:
        put_signed(out, number)


class Octets:
    """Reads canonical bytes from front to back."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def is_at_end(self) -> bool:
        """Tell whether all bytes are read."""
        return self._at >= len(self._data)

    def rest(self) -> bytes:
        """Read all that is left."""
        rest = self._data[self._at :]
        self._at = len(self._data)
        return rest

    def byte(self) -> int:
        """Read one byte."""
        if self.is_at_end():
            raise self.damaged("end")
        self._at += 1
        return self._data[self._at - 1]

    def unsigned(self) -> int:
        """Read u."""
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def signed(self) -> int:
        """Read z."""
        number = self.unsigned()
        return -(number >> 1) - 1 if number & 1 else number >> 1

    def optional(self) -> int | None:
        """Read a number that may be absent."""
        return self.signed() if self.byte() else None

    def text(self) -> str:
        """Read str."""
        length = self.unsigned()
        encoded = self._data[self._at : self._at + length]
        self._at += length
        try:
            text = encoded.decode("utf-8")
        except UnicodeDecodeError:
            raise self.damaged("text") from None
        if len(encoded) != length:
            raise self.damaged("end")
        return text

    def damaged(self, what: str) -> InvariantViolation:
        """Make the error of bytes that are not those of events."""
        return InvariantViolation(
            "events",
            describe(f"{what} at byte {self._at}"),
            "the recorded events cannot be read",
            "discard this portfolio",
        )
