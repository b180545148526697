"""Reads values of case files that hold several numbers: terms of instruments, groups, times.

``tests/spec/README.md`` describes how they are written. Numbers stay text, so that a case can
show one that is refused.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

NOTHING = "-"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
INTEGER = re.compile(r"-?[0-9]+")
CALENDAR = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?")

# The parts that may stand in each term, beside the kind that comes first.
PARTS = {
    "margin": {"leverage", "rate", "per_lot", "tiers", "base", "hedged", "currency"},
    "commission": {"maker", "min", "tiers", "on"},
    "slippage": {"seed"},
    "swap": {"long", "short", "rollover", "zone", "multipliers", "day_count"},
}
KEYWORDS = {"min": "minimum"}


class SpecFormatError(ValueError):
    """A case file breaks the format."""


def parse_time(word: str) -> int:
    """Give the microseconds of a time, an integer or a date with hours and minutes of UTC."""
    if INTEGER.fullmatch(word):
        return int(word)
    if not CALENDAR.fullmatch(word):
        raise SpecFormatError(f"{word} is no time")
    try:
        moment = datetime.fromisoformat(word).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise SpecFormatError(f"{word} is no time") from error
    return (moment - EPOCH) // timedelta(microseconds=1)


def parse_groups(word: str, count: int | None = None) -> tuple[tuple[str | None, ...], ...]:
    """Give the groups of ``A/B|C/D``; a lone ``-`` in a group is None."""
    groups = tuple(
        tuple(None if part == NOTHING else part for part in group.split("/"))
        for group in word.split("|")
    )
    if any(part == "" for group in groups for part in group):
        raise SpecFormatError(f"{word} has an empty number")
    if any(len(group) != count for group in groups if count):
        raise SpecFormatError(f"{word} is not of groups of {count} numbers")
    return groups


def parse_terms(term: str, word: str) -> dict[str, object]:
    """Give the keyword arguments of the class of a term, for ``kind:value,key:value,...``.

    A kind that the class does not know stays as it is, so that its refusal can be shown.
    """
    values: dict[str, object] = {}
    for place, part in enumerate(word.split(",")):
        key, colon, value = part.partition(":")
        if not key or (colon and not value) or (not colon and place):
            raise SpecFormatError(f"{part!r} is no part of {term}")
        if place == 0 and term != "margin":
            values["kind"] = key
            if colon and term == "swap":
                raise SpecFormatError("a swap has a long and a short value")
            if colon:
                values["taker" if term == "commission" else "value"] = value
            continue
        if key not in PARTS[term] or not colon:
            raise SpecFormatError(f"{term} has no {key!r}")
        keyword = KEYWORDS.get(key, key)
        if keyword in values:
            raise SpecFormatError(f"{key} is given twice")
        values[keyword] = _part(key, value)
    return values


def _part(key: str, value: str) -> object:
    if key == "tiers":
        return list(parse_groups(value))
    if key == "rollover":
        times = value.split("|")
        return times[0] if len(times) == 1 else times
    if key == "multipliers":
        return tuple(int(part) for part in value.split("|"))
    return int(value) if key in ("seed", "day_count") else value
