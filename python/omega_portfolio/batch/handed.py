"""Settings on their way to a worker, which does not know the classes of the caller's program.

What only looks like a class of its own, such as an ``IntEnum``, is handed over as the number or
the text that it is. Each setting is a pickle of its own, so that one that cannot be read is named.
"""

from __future__ import annotations

import pickle
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OURS: Final = "omega_portfolio."
_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    # Not by the methods of a subclass, which may say something else.
    int: int.__index__,
    float: float.__float__,
    str: str.__str__,
    Decimal: Decimal,
}
_REMEDY: Final = (
    "pass an int, a str, a Decimal or an object of this package as it is, or define the class in a "
    "module that workers can import"
)


def plain(value: Any) -> Any:  # noqa: ANN401 - a setting.
    """Give a value without the classes of anybody else, where that can be.

    Examples
    --------
    >>> from enum import IntEnum
    >>> from omega_portfolio.batch.handed import plain
    >>> class Money(IntEnum):
    ...     SOME = 5
    >>> plain((Money.SOME, True))
    (5, True)
    """
    kind = type(value)
    if kind is bool or kind in _PLAIN:
        return value
    for base, made in _PLAIN.items():
        if isinstance(value, base):
            return made(value)
    if isinstance(value, tuple | list):
        return (list if isinstance(value, list) else tuple)(plain(one) for one in value)
    if kind.__module__.startswith(_OURS) and is_dataclass(value):
        parts = {one.name: plain(getattr(value, one.name)) for one in fields(value)}
        return kind(**parts)
    return value


def packed(settings: Mapping[str, Any]) -> dict[str, bytes]:
    """Pickle settings one by one.

    Raises
    ------
    InvalidArgument
        One of them cannot be pickled.
    """
    return {name: _packed(name, value) for name, value in settings.items()}


def _packed(name: str, value: object) -> bytes:
    try:
        return pickle.dumps(plain(value))
    except Exception as error:
        rule = f"cannot be sent to a worker: {type(error).__name__}: {error}"
        raise InvalidArgument(name, describe(value), rule, _REMEDY) from error


def unpacked(settings: Mapping[str, bytes]) -> dict[str, Any]:
    """Read settings in a worker.

    Raises
    ------
    InvalidArgument
        This process cannot read one of them, because it lacks its class.
    """
    return {name: _unpacked(name, data) for name, data in settings.items()}


def _unpacked(name: str, data: bytes) -> object:
    try:
        return pickle.loads(data)  # noqa: S301 - of the caller.
    except Exception as error:  # noqa: BLE001 - the classes are those of anybody.
        rule = f"cannot be read by a worker: {type(error).__name__}: {error}"
        raise InvalidArgument(name, "a pickle of the caller", rule, _REMEDY) from None


__all__ = ["packed", "plain", "unpacked"]
