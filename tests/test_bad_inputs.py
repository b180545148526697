"""Tries every bad input on every argument that takes its kind, on both backends at once.

Wanted each time: a typed refusal with the code and the argument that SPEC names, the same on
each backend; the digest and all figures as before; no panic, no warning, no other exception.
The odd but valid inputs are accepted and mean the same everywhere.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

import omega_portfolio as op
from account_picture import picture
from bad_frames import (
    GOOD,
    MILLION,
    Capsule,
    Frame,
    bad_frames,
    good_frames,
    million_with_nan,
    quotes,
)
from bad_input_runs import Answer, Tally, try_slot
from bad_input_runs import answers as answers_on
from bad_input_slots import Slot, all_slots
from bad_inputs import LATER, scene
from bad_states import STATE
from interpreter import run_python

SLOTS = all_slots()
SLOTS_EXPECTED = 53
COMBINATIONS_MIN = 2000

# Position 2^32 - 1 is refused by rule (4021). No call of this version takes more than one
# position, so none can ask for as many at once, and no test holds 2^32 of them in memory.
NUMBERS_WITHOUT_TEST = {49}

CALLS = ("mark", "update_equity")
FRAMES = [*good_frames(), *bad_frames()]
THREAD_ROUNDS = 50

WRONG_PRICES: list[object] = [
    1,
    "A",
    b"A",
    [("A", 1)],
    ("A", 1),
    {"A"},
    {"A": None},
    {"A": ()},
    {"A": (1,)},
    {"A": (1, 2, 3)},
    {"A": (1, None)},
    {"A": {"bid": 1}},
    {"A": True},
    {"A": b"1"},
]


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Tally:
    counter = Tally("bad inputs")
    request.config.pluginmanager.register(counter, "bad-inputs-tally")
    return counter


def answers(act: Callable[[op.Portfolio], object]) -> Answer:
    """Make a call on each backend; they must agree."""
    return answers_on(scene, act)


@pytest.mark.parametrize("slot", SLOTS, ids=str)
def test_values(slot: Slot, tally: Tally) -> None:
    try_slot(scene, slot, tally)


@pytest.mark.parametrize(
    ("number", "act", "wanted"),
    [(n, a, w) for n, _, a, w in STATE],
    ids=[label for _, label, _, _ in STATE],
)
def test_states(
    number: int, act: Callable[[op.Portfolio], object], wanted: tuple[int, str], tally: Tally
) -> None:
    tally.add(number)
    assert answers(act).refused == wanted


def quote(portfolio: op.Portfolio, call: str, prices: object) -> None:
    if call == "mark":
        portfolio.mark(prices, time=LATER)
    else:
        portfolio.update_equity(LATER, prices)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("frame", FRAMES, ids=str)
def test_frames(frame: Frame, call: str, tally: Tally) -> None:
    tally.add(frame.number)
    found = answers(lambda portfolio: quote(portfolio, call, frame.make()))
    if frame.good is not None:
        assert found == answers(lambda portfolio: quote(portfolio, call, frame.good))
        assert found.refused is None
    else:
        assert found.refused is not None
        assert found.refused[0] in frame.codes


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("prices", WRONG_PRICES, ids=repr)
def test_prices_of_another_form(prices: object, call: str, tally: Tally) -> None:
    tally.add(33)
    assert answers(lambda portfolio: quote(portfolio, call, prices)).refused == (4024, "prices")


def test_no_prices(tally: Tally) -> None:
    tally.add(33)
    assert answers(lambda p: p.mark(None, time=LATER)).refused == (4024, "prices")
    tally.add(33)
    nothing = answers(lambda p: p.update_equity(LATER, None))
    assert nothing.refused is None
    assert nothing == answers(lambda p: p.update_equity(LATER, {}))
    assert nothing == answers(lambda p: p.update_equity(LATER))


def test_the_row_of_a_bad_price_is_named(tally: Tally) -> None:
    tally.add(65)
    frame = million_with_nan()

    def mark(portfolio: op.Portfolio) -> None:
        with pytest.raises(op.InvalidNumber, match=rf"row {MILLION - 1}\b") as caught:
            portfolio.mark(frame, time=LATER)
        raise caught.value

    assert answers(mark).refused == (4011, "prices")


def test_a_capsule_is_used_once(tally: Tally) -> None:
    tally.add(77)

    def twice(portfolio: op.Portfolio) -> None:
        frame = Capsule(quotes().__arrow_c_stream__())
        portfolio.mark(frame, time=LATER)
        first = picture(portfolio)
        with pytest.raises(op.InvalidFrame):
            portfolio.mark(frame, time=LATER)
        assert picture(portfolio) == first

    assert answers(twice) == answers(lambda portfolio: portfolio.mark(GOOD, time=LATER))


def test_a_naive_datetime_is_utc(tally: Tally) -> None:
    tally.add(50)
    naive = datetime(2001, 2, 3, 4, 5, 6, 7)
    aware = naive.replace(tzinfo=timezone.utc)
    assert answers(lambda p: p.deposit(1, naive)) == answers(lambda p: p.deposit(1, aware))


def test_the_two_hours_of_a_fold_are_two_times(tally: Tally) -> None:
    tally.add(55)
    local = datetime(2001, 10, 28, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    for fold, hour in ((0, 0), (1, 1)):
        utc = datetime(2001, 10, 28, hour, 30, tzinfo=timezone.utc)
        folded = local.replace(fold=fold)
        assert answers(lambda p, at=folded: p.deposit(1, at)) == answers(
            lambda p, at=utc: p.deposit(1, at)
        )


def test_the_first_and_the_last_datetime(backend: str, tally: Tally) -> None:
    tally.add(54)
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.update_equity(datetime.min)
    assert portfolio.time == datetime.min.replace(tzinfo=timezone.utc)
    portfolio.update_equity(datetime.max)
    assert portfolio.time == datetime.max.replace(tzinfo=timezone.utc)
    portfolio.verify()


def test_symbols_that_look_alike_are_two(backend: str, tally: Tally) -> None:
    tally.add(61)
    portfolio = scene(backend)
    events = portfolio.events
    portfolio.mark({"CAF\u00c9": 1, "CAFE\u0301": 2, "\u0410": 3, "A": 4}, time=LATER)
    assert portfolio.events == events + 4


def test_eight_threads_on_one_portfolio(backend: str, tally: Tally) -> None:
    tally.add(94)
    portfolio = scene(backend)
    before = picture(portfolio)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(THREAD_ROUNDS):
                position = portfolio.open_position(f"T{number}", "long", 1, 1, LATER, fee="0.01")
                portfolio.mark({f"T{number}": 2}, time=LATER)
                portfolio.update_equity(LATER)
                portfolio.get_positions().to_ipc()
                portfolio.close_position(position, 3, LATER)
                portfolio.deposit("0.01", LATER)
        except BaseException as error:  # noqa: BLE001 - a panic is no Exception.
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rounds = 8 * THREAD_ROUNDS
    assert portfolio.balance == before["balance"] + 2 * rounds
    assert len(portfolio.get_trades()) == before["rows of trades"] + rounds
    assert len(portfolio.get_equity_curve()) == before["rows of equity"] + rounds
    # open, mark, update, close, deposit; one registration for each thread
    assert portfolio.events == before["events"] + 5 * rounds + 8
    portfolio.verify()


class Calling(Mapping[str, object]):
    """Prices that change the portfolio while they are read."""

    def __init__(self, portfolio: op.Portfolio) -> None:
        self.portfolio = portfolio

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        self.portfolio.deposit(1, LATER)
        yield "A"

    def __getitem__(self, symbol: str) -> object:
        assert symbol == "A"
        return 100


def test_a_call_inside_the_reading_of_another_call(tally: Tally) -> None:
    tally.add(95)

    def nested(portfolio: op.Portfolio) -> None:
        balance = portfolio.balance
        portfolio.mark(Calling(portfolio), time=LATER)
        assert portfolio.balance == balance + 1

    def plain(portfolio: op.Portfolio) -> None:
        portfolio.deposit(1, LATER)
        portfolio.mark({"A": 100}, time=LATER)

    assert answers(nested) == answers(plain)


FORK = """
import os
import omega_portfolio as op
portfolio = op.Portfolio(1000, backend={backend!r})
position_id = portfolio.open_position("A", "long", 1, 100, 0)
child = os.fork()
if child == 0:
    portfolio.close_position(position_id, 110, 1)
    portfolio.verify()
    os._exit(0 if portfolio.balance == 1010 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
portfolio.close_position(position_id, 120, 1)
portfolio.verify()
print(portfolio.balance)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_parent_and_child_go_on_after_a_fork(backend: str, tally: Tally) -> None:
    tally.add(96)
    assert run_python(FORK.format(backend=backend)) == ["0", "1020.00"]


def test_every_entry_that_applies_was_tried() -> None:
    numbers = {entry.number for slot in SLOTS for entry in slot.entries}
    numbers |= {number for number, *_ in STATE} | {frame.number for frame in FRAMES}
    tried = numbers | {77, 94, 95, 96}
    assert set(range(1, 80)) - tried == NUMBERS_WITHOUT_TEST
    assert len(SLOTS) == SLOTS_EXPECTED
    combinations = sum(len(slot.entries) for slot in SLOTS) + len(STATE) + 2 * len(FRAMES)
    assert combinations >= COMBINATIONS_MIN
