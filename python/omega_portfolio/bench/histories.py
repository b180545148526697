"""The events of a portfolio as a frame: the same on both sides, and the same account again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omega_portfolio.bench.answers import Applied, Difference, answer, compare_answers
from omega_portfolio.bench.comparison import (
    Visited,
    compare_derived,
    compare_tables,
    compare_verifications,
    first_difference,
    read,
    table_or_refusal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omega_portfolio.bench.backends import Pair
    from omega_portfolio.bench.shapes import Setting
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import LotMethod

LOT_METHODS: Final[tuple[LotMethod, ...]] = ("fifo", "lifo", "hifo", "average", "specific")
"""The ways in which lots are matched, each a table of its own."""


def compare_proofs(
    pair: Pair,
    setting: Setting,
    sides: tuple[Portfolio, Portfolio],
    visited: Visited,
    methods: Sequence[LotMethod] = LOT_METHODS,
) -> Difference | None:
    """Compare what takes long: events, second lives, lots, and the replay of each side.

    Parameters
    ----------
    pair : Pair
        The two constructors.
    setting : Setting
        The configuration of the portfolios.
    sides : (Portfolio, Portfolio)
        The portfolios.
    visited : Visited
        Takes count of what was compared.
    methods : sequence of str, optional
        Ways in which lots are matched.

    Returns
    -------
    Difference or None
    """
    difference = compare_events(*sides, visited)
    difference = difference or compare_lots(*sides, methods, visited)
    difference = difference or compare_second_lives(pair, setting, *sides, visited)
    return difference or compare_verifications(*sides)


def compare_events(left: Portfolio, right: Portfolio, visited: Visited) -> Difference | None:
    """Compare the frames that two portfolios tell of their events, in both views.

    Parameters
    ----------
    left, right : Portfolio
        The portfolios.
    visited : Visited
        Takes count of what was compared.

    Returns
    -------
    Difference or None
    """
    return first_difference(_event_differences(left, right, visited))


def _lots_differences(
    left: Portfolio, right: Portfolio, methods: Sequence[LotMethod], visited: Visited
) -> Iterator[Difference]:
    for method in methods:
        # The float view is made of the exact one, by one code for both sides.
        tables = [table_or_refusal(side.get_lots, method, exact=True) for side in (left, right)]
        yield from compare_derived(f"exact table lots by {method}", tables, visited)


def _event_differences(left: Portfolio, right: Portfolio, visited: Visited) -> Iterator[Difference]:
    for exact in (True, False):
        label = f"{'exact' if exact else 'float'} table events"
        yield from compare_tables(
            label, left.get_events(exact=exact), right.get_events(exact=exact), visited
        )


def compare_lots(
    left: Portfolio, right: Portfolio, methods: Sequence[LotMethod], visited: Visited
) -> Difference | None:
    """Compare lots, which are made of events and fills.

    Parameters
    ----------
    left, right : Portfolio
        The portfolios.
    methods : sequence of str
        The ways in which they are matched.
    visited : Visited
        Takes count of what was compared.

    Returns
    -------
    Difference or None
    """
    return first_difference(_lots_differences(left, right, methods, visited))


def compare_second_lives(
    pair: Pair, setting: Setting, left: Portfolio, right: Portfolio, visited: Visited
) -> Difference | None:
    """Apply the events of each portfolio to a fresh one of the other side.

    Parameters
    ----------
    pair : Pair
        The two constructors.
    setting : Setting
        The configuration of the portfolios.
    left, right : Portfolio
        The portfolios.
    visited : Visited
        Takes count of what was compared.

    Returns
    -------
    Difference or None
        Every row must be accepted, with the same receipts, and the digests stay what they are.
    """
    return first_difference(_second_differences(pair, setting, (left, right), visited))


def _second_differences(
    pair: Pair, setting: Setting, sides: tuple[Portfolio, Portfolio], visited: Visited
) -> Iterator[Difference]:
    left, right = sides
    fresh = pair.build(setting)
    answers = [
        answer(one.apply, (other.get_events(),), {"exact": True})
        for one, other in zip(fresh, (right, left), strict=True)
    ]
    difference = compare_answers(*answers)
    if difference is not None:
        yield difference._replace(what=f"{difference.what} to the frame of all events")
    for found in answers:
        if not isinstance(found, Applied):
            yield Difference("the frame of all events is refused", *map(str, answers))
    digests = [str(read(one, "digest")) for one in (left, *fresh)]
    visited.digests += 2
    if len(set(digests)) > 1:
        yield Difference("the digest after the frame of all events", *digests[1:])


__all__ = ["compare_events", "compare_lots", "compare_proofs", "compare_second_lives"]
