"""Symbols, free texts, sides and position ids (SPEC T4, T5, section 6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from omega_portfolio.errors import (
    InvalidArgument,
    InvalidCurrency,
    InvalidPositionId,
    InvalidSide,
    InvalidSymbol,
    InvalidText,
    OmegaPortfolioError,
    describe,
)

TEXT_BYTES_MAX: Final = 255
POSITION_ID_MAX: Final = 2**64 - 1

LONG: Final = 0
SHORT: Final = 1
SIDE_NAMES: Final = ("long", "short")
_SIDES: Final = {"long": LONG, "buy": LONG, "short": SHORT, "sell": SHORT}


def read_str(argument: str, value: object) -> str:
    """Take a ``str`` and nothing else; ``bytes`` are no text (T5).

    Raises
    ------
    InvalidArgument
        The value is of another type.
    """
    if isinstance(value, str):
        return str.__str__(value)
    raise InvalidArgument(argument, describe(value), "must be a str", "pass a str")


def read_flag(argument: str, value: object) -> bool:
    """Take ``True`` or ``False`` and nothing else.

    Raises
    ------
    InvalidArgument
        The value is of another type.
    """
    if isinstance(value, bool):
        return value
    raise InvalidArgument(argument, describe(value), "must be a bool", "pass True or False")


def read_word(
    argument: str,
    value: object,
    words: Iterable[str],
    error: type[OmegaPortfolioError] = InvalidArgument,
) -> str:
    """Take one of a few words.

    Raises
    ------
    InvalidArgument
        It is no ``str``.
    OmegaPortfolioError
        It is none of the words: the error that is asked for.
    """
    text = read_str(argument, value)
    known = tuple(words)
    if text in known:
        return text
    raise error(
        argument, describe(text), "is not one of the words", f"pass one of {', '.join(known)}"
    )


def read_symbol(argument: str, value: object) -> str:
    """Take a symbol that is valid Unicode; :func:`check_symbol` has the rest of T4.

    Raises
    ------
    InvalidArgument, InvalidSymbol
        It is no ``str``, or holds a lone surrogate.
    """
    symbol = read_str(argument, value)
    if not symbol.isascii():
        _utf8_length(argument, symbol, InvalidSymbol)
    return symbol


def read_code(argument: str, value: object) -> str:
    """Take the code of a currency that is valid Unicode; the rules know whether it is one.

    Raises
    ------
    InvalidArgument, InvalidCurrency
        It is no ``str``, or holds a lone surrogate.
    """
    code = read_str(argument, value)
    _utf8_length(argument, code, InvalidCurrency)
    return code


def check_symbol(argument: str, symbol: str) -> None:
    """Refuse what is no symbol (T4).

    Raises
    ------
    InvalidSymbol
        It is empty, too long, or has control characters or white space at an end.
    """
    length = _utf8_length(argument, symbol, InvalidSymbol)
    if not 1 <= length <= TEXT_BYTES_MAX:
        raise InvalidSymbol(
            argument,
            describe(symbol),
            f"has {length} UTF-8 bytes and must have 1 to {TEXT_BYTES_MAX}",
            "use a shorter name" if length else "name the symbol",
        )
    if any(character < " " or character == "\x7f" for character in symbol):
        raise InvalidSymbol(
            argument, describe(symbol), "has a control character", "remove control characters"
        )
    if symbol != symbol.strip():
        raise InvalidSymbol(
            argument, describe(symbol), "has white space at an end", "strip the symbol"
        )


def read_text(argument: str, value: object) -> str:
    """Take a tag or a reason (T5).

    Raises
    ------
    InvalidArgument
        The value is no ``str``.
    InvalidText
        It is too long, holds NUL or a lone surrogate.
    """
    text = read_str(argument, value)
    if not text:
        return text
    length = _utf8_length(argument, text, InvalidText)
    if length > TEXT_BYTES_MAX:
        raise InvalidText(
            argument,
            describe(text),
            f"has {length} UTF-8 bytes and must have at most {TEXT_BYTES_MAX}",
            "shorten the text",
        )
    if "\0" in text:
        raise InvalidText(argument, describe(text), "holds NUL", "remove the NUL character")
    return text


def read_side(argument: str, value: object) -> int:
    """Take a side: :data:`LONG` or :data:`SHORT`.

    Raises
    ------
    InvalidArgument, InvalidSide
        It is no ``str``, or none of the four words.
    """
    side = _SIDES.get(read_str(argument, value))
    if side is None:
        raise InvalidSide(
            argument,
            describe(value),
            "is not a side",
            "pass long or buy, or short or sell",
        )
    return side


def read_position_id(argument: str, value: object) -> int:
    """Take a position id.

    Raises
    ------
    InvalidArgument, InvalidPositionId
        It is no ``int`` (a ``bool`` is none), or outside 1 to 2^64 - 1.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidArgument(
            argument, describe(value), "must be an int", "pass the id that the open returned"
        )
    position_id = int.__index__(value)
    if 1 <= position_id <= POSITION_ID_MAX:
        return position_id
    raise InvalidPositionId(
        argument, describe(value), "is not from 1 to 2^64 - 1", "pass an id in this range"
    )


def _utf8_length(argument: str, text: str, refusal: type[OmegaPortfolioError]) -> int:
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise refusal(
            argument,
            describe(text),
            "is not valid Unicode",
            "remove lone surrogates, which come from a wrong decoding",
        ) from None
