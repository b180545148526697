"""Holds what the engines gave against each other: the same inputs, trades and final equities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine import Floats

    Facts = dict[str, Any]

SAME: Final = 1e-9
"""Final equities are the same when they differ by less than this, relatively."""

REFERENCES: Final = ("omega", "numba-float")
"""The others are held against the first of these that did the work."""

KNOWN: Final = {
    ("raptorbt", "W2s"): "fills a take profit at its level where a bar opens beyond it",
    ("raptorbt", "W6"): "fills a take profit at its level where a bar opens beyond it",
    ("nautilus", "W2s"): "fills a stop or a take profit at its level where a bar opens beyond it",
    ("nautilus", "W6"): "fills a stop or a take profit at its level where a bar opens beyond it",
}
"""Engines that fill by another rule, which cannot be switched off, and which rule it is."""

KNOWN_LIMIT: Final = 1e-3
"""Such a rule explains a relative difference up to this, and no more."""


def check(rows: Sequence[Facts], finals: Mapping[tuple[str, str], Floats]) -> list[str]:
    """Compare all engines, and note in each row how far it is from the reference.

    Parameters
    ----------
    rows : sequence of dict
        What `measure` printed; ``against``, ``difference`` and ``rule`` are added.
    finals : mapping
        Final equities by work and engine, of the engines that did the work.

    Returns
    -------
    list of str
        What is wrong; empty when everything agrees.
    """
    wrong: list[str] = []
    for work in dict.fromkeys(row["work"] for row in rows):
        group = [row for row in rows if row["work"] == work and "unavailable" not in row]
        by_name = {row["engine"]: row for row in group}
        reference = next((by_name[name] for name in REFERENCES if name in by_name), None)
        if reference is None:
            if group:
                wrong.append(f"{work}: there is no result to compare with")
            continue
        for row in group:
            fault = compare(row, reference, finals)
            if fault:
                wrong.append(f"{work}, {row['engine']}: {fault}")
    return wrong


def compare(row: Facts, reference: Facts, finals: Mapping[tuple[str, str], Floats]) -> str:
    """Compare one engine with the reference, and say what is wrong; empty when nothing is."""
    mine, theirs = (finals[each["work"], each["engine"]] for each in (row, reference))
    if row["inputs"] != reference["inputs"]:
        return "it had other inputs"
    if len(mine) != row["runs"]:
        return f"{len(mine)} final equities of {row['runs']} runs"
    shared = min(len(mine), len(theirs))
    far = np.abs(mine[:shared] / theirs[:shared] - 1)
    # A nan compares as false, and would pass.
    far = np.where(np.isfinite(far), far, np.inf)
    row["against"], row["difference"] = reference["engine"], float(far.max())
    rule = KNOWN.get((row["engine"], row["work"]))
    row["rule"] = rule if rule is not None and row["difference"] > SAME else ""
    if row["difference"] > (KNOWN_LIMIT if rule is not None else SAME):
        place = int(far.argmax())
        return f"run {place} ends with {mine[place]!r}, not {theirs[place]!r}"
    if row["runs"] == reference["runs"] and row["closed"] != reference["closed"]:
        return f"{row['closed']} closed trades, not {reference['closed']}"
    return ""
