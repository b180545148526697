"""What all refusals have in common: a code, and four texts that can always be printed."""

from __future__ import annotations

import os
from os import PathLike
from typing import ClassVar

VALUE_LENGTH_MAX = 80
"""Longest ``value`` text of an error, in characters; what is longer ends in an ellipsis."""


class OmegaPortfolioError(Exception):
    """Base of all exceptions of this package; only its subclasses are raised.

    Parameters
    ----------
    argument : str
        Name of the argument that was refused, such as ``"size"``.
    value : str
        The refused value as a short text. More than 80 characters are cut to 79 and an
        ellipsis, which of a path stands before its end, and characters that cannot be
        encoded are escaped, so that the message can always be printed.
    rule : str
        The rule that the value breaks.
    remedy : str
        What to do instead.

    Attributes
    ----------
    code : int
        The stable number of the class (SPEC section 6).
    argument, value, rule, remedy : str
        As given to the constructor.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> try:
    ...     op.Portfolio(1000, leverage=0)
    ... except op.OmegaPortfolioError as error:
    ...     print(error.code, type(error).__name__, error.argument)
    4020 InvalidConfiguration leverage
    """

    code: ClassVar[int] = 0
    _value_is_path: ClassVar[bool] = False
    argument: str
    value: str
    rule: str
    remedy: str

    def __init__(self, argument: str, value: str, rule: str, remedy: str) -> None:
        self.argument = argument
        self.value = describe_path(value) if self._value_is_path else _printable(value)
        self.rule = rule
        self.remedy = remedy
        # All four are in `args`, so that the error can be copied and pickled.
        super().__init__(argument, self.value, rule, remedy)

    def __str__(self) -> str:
        return f"[{self.code}] {self.argument}={self.value}: {self.rule}; {self.remedy}"


def describe(value: object) -> str:
    """Give the short text of any refused object.

    Parameters
    ----------
    value : object
        Anything a caller may have passed.

    Returns
    -------
    str
        Its ``repr``, or the name of its type when the object has no usable ``repr``
        (an integer of more than 4,300 digits has none).

    Examples
    --------
    >>> from omega_portfolio.errors import describe
    >>> describe("sideways"), describe(10**5000)
    ("'sideways'", '<int without a text form>')
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a broken __repr__ must not hide the refusal.
        text = f"<{type(value).__name__} without a text form>"
    return _printable(text)


def describe_path(path: str | PathLike[str]) -> str:
    """Give the short text of a path: its end, which tells one file from another.

    Parameters
    ----------
    path : str or os.PathLike
        The path of a file or folder that is refused.

    Returns
    -------
    str
        The path; of more than 80 characters an ellipsis and the last 79.

    Examples
    --------
    >>> from omega_portfolio.errors import describe_path
    >>> describe_path("runs/today.journal")
    'runs/today.journal'
    >>> long = describe_path("runs/" * 30 + "today.journal")
    >>> len(long), long[0], long[-18:]
    (80, '…', 'runs/today.journal')
    """
    text = os.fspath(path)
    encodable = _encodable(text[-VALUE_LENGTH_MAX - 1 :])
    if len(encodable) <= VALUE_LENGTH_MAX:
        return encodable
    return "…" + encodable[1 - VALUE_LENGTH_MAX :]


def _printable(text: str) -> str:
    """Escape what UTF-8 cannot encode and cut the text to its longest length."""
    encodable = _encodable(text[: VALUE_LENGTH_MAX + 1])
    if len(encodable) <= VALUE_LENGTH_MAX:
        return encodable
    return encodable[: VALUE_LENGTH_MAX - 1] + "…"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


__all__ = ["VALUE_LENGTH_MAX", "OmegaPortfolioError", "describe", "describe_path"]
