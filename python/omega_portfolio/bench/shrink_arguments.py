"""Simpler forms of one call: fewer quotes or bars, fewer terms of an instrument."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from omega_portfolio.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omega_portfolio.bench.refusals import Operation


def simpler(operation: Operation) -> Iterator[Operation]:
    """Give forms of an operation that say one thing less.

    Parameters
    ----------
    operation : tuple
        A call.

    Yields
    ------
    tuple
        The same call with a smaller argument.
    """
    name, arguments, keywords = operation
    for number, argument in enumerate(arguments):
        for smaller in _smaller(argument):
            yield name, (*arguments[:number], smaller, *arguments[number + 1 :]), keywords
    targets = keywords.get("targets")
    if isinstance(targets, list) and len(targets) > 1:
        for number in range(len(targets)):
            fewer = [*targets[:number], *targets[number + 1 :]]
            yield name, arguments, {**keywords, "targets": fewer}


def _smaller(argument: Any) -> Iterator[object]:  # noqa: ANN401 - any argument of a call.
    if isinstance(argument, dict) and len(argument) > 1:
        for key in argument:
            yield {other: value for other, value in argument.items() if other != key}
    if isinstance(argument, Instrument):
        for field in fields(argument):
            if field.name != "symbol" and getattr(argument, field.name) != field.default:
                given: dict[str, Any] = {field.name: field.default}
                yield replace(argument, **given)


__all__ = ["simpler"]
