"""Which of several open positions an exit removes: what ``list.remove`` would."""

from __future__ import annotations

from unittest.mock import ANY

from legacy_samples import HOUR, T0, closed, long
from omega_portfolio.legacy import Portfolio, PortfolioPosition
from omega_portfolio.legacy.removal import remove_closed


class Equal:
    """Equal to everything, and open."""

    status = "open"

    def __eq__(self, other):
        return True

    __hash__ = None


class Unequal(PortfolioPosition):
    """Equal to nothing; a class of its own."""

    def __eq__(self, other):
        return False

    __hash__ = None


def removed(items: list, position: PortfolioPosition) -> int | None:
    """Give the place that a list gives up, which must be the one that ``remove`` gives up."""
    position.status = "closed"
    ours, theirs = list(items), list(items)
    remove_closed(ours, position)
    if position in theirs:
        theirs.remove(position)
    assert [id(item) for item in ours] == [id(item) for item in theirs]
    left = {id(item) for item in ours}
    return next((place for place, item in enumerate(items) if id(item) not in left), None)


def test_the_first_equal_position_is_removed():
    twins = [closed(status="closed") for _ in range(3)]
    assert removed([long(), *twins], twins[2]) == 1
    assert removed([long(), closed(), *twins], twins[2]) == 2
    assert removed([twins[2], *twins[:2]], twins[2]) == 0
    assert removed([long(), closed()], closed()) is None
    assert removed([], closed()) is None


def test_positions_that_differ_in_one_field_are_not_equal():
    position = closed(status="closed")
    others = [closed(status="closed", **{name: ANY}) for name in ("entry_fee", "metadata")]
    assert removed([*others, position], position) == 0  # ANY equals
    others = [closed(status="closed", entry_fee=1.0), closed(status="closed", metadata={"a": 1})]
    assert removed([*others, position], position) == 2


def test_other_objects_on_the_list_are_asked_themselves():
    position = closed()
    assert removed(["text", None, 5, position], position) == 3
    assert removed(["text", ANY, position], position) == 1
    assert removed([long(), Equal(), position], position) == 1
    unequal = Unequal(**vars(position))
    assert removed([unequal, position], position) == 1
    assert removed([unequal, long()], unequal) == 0
    assert removed([long(), Equal()], unequal) == 1
    same = type("Same", (PortfolioPosition,), {})(**vars(position))
    assert removed([same, position], position) == 1


def test_nan_is_found_by_identity_only():
    nan = float("nan")
    position = closed(entry_price=nan)
    assert removed([long(), position], position) == 1
    other = closed(entry_price=float("nan"), status="closed")
    other.result = position.result
    assert removed([other, position], position) == 1
    assert removed([other], position) is None


def test_positions_changed_after_their_entry_are_compared_as_they_are():
    portfolio = Portfolio()
    first, second = long(), long()
    for position in (first, second):
        portfolio.register_entry(position)
    second.close(T0 + HOUR, 110.0, "take_profit")
    vars(first).update(vars(second) | {"status": "closed"})
    portfolio.register_exit(second)
    assert portfolio.open_positions[0] is second


def test_the_list_may_be_replaced():
    portfolio, position = Portfolio(), closed()

    class Counted(list):
        pass

    for kind in (list, Counted):
        portfolio.open_positions = kind([long(), position])
        position.status = "open"
        portfolio.register_exit(position)
        assert portfolio.open_positions == [long()]
        assert type(portfolio.open_positions) is kind
