"""Values of Python as values that JSON has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:  # noqa: ANN401 - anything may stand in metadata.
    """Give a value as one that ``json`` can write.

    Times become ISO texts, scalars and arrays of NumPy plain numbers and lists, keys texts, sets
    sorted lists, and what is none of these the text that it prints as.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    object
        Built of dict, list, str, int, float, bool and None.

    Examples
    --------
    >>> from datetime import date
    >>> from omega_portfolio.legacy.plain import plain
    >>> plain({"day": date(2024, 1, 2), 1: (0.5, {"a"})})
    {'day': '2024-01-02', '1': [0.5, ['a']]}
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(one) for one in value), key=str)
    for method in ("isoformat", "tolist"):
        if hasattr(value, method):
            return plain(getattr(value, method)())
    return str(value)


def rounded(value: float | None, digits: int) -> float | None:
    """Round a number that may be missing.

    Parameters
    ----------
    value : float or None
        The number.
    digits : int
        Decimals that are left.

    Returns
    -------
    float or None

    Examples
    --------
    >>> from omega_portfolio.legacy.plain import rounded
    >>> rounded(2.675, 2), rounded(None, 2)
    (2.67, None)
    """
    return None if value is None else round(value, digits)


__all__ = ["plain", "rounded"]
