"""Frames of bars of the catalogue (64 to 79), on both backends at once; threads and callbacks."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

import omega_portfolio as op
from bad_bar_frames import (
    BARS,
    CALLS,
    BarFrame,
    bad_frames,
    base,
    good_frames,
    put,
    two_faults,
    type_frames,
    with_empty_chunks,
)
from bad_frames import MILLION, Capsule
from bad_input_accounts import account
from bad_input_runs import Answer, Tally, answers, whole_picture
from bad_inputs import LATER

FRAMES = [(frame, call) for frame in (*good_frames(), *bad_frames()) for call in frame.calls]
READ_BY_PYARROW = (66, 73, 74, 75, 76, 78)
"""Entries of which pyarrow, which reads for the Python backend, has words of its own."""
ROUNDS = 25


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Tally:
    counter = Tally("bad frames of bars")
    request.config.pluginmanager.register(counter, "bad-bar-frames-tally")
    return counter


def scene(backend: str, floats: str) -> op.Portfolio:
    portfolio = account(backend, floats)
    portfolio.register_instrument(op.Instrument("FINE", tick_size=100))
    return portfolio


def taken(portfolio: op.Portfolio, call: str, frame: object) -> None:
    if call == "process_bars":
        portfolio.process_bars(frame)
    else:
        portfolio.process_bar(LATER, frame)


def called(portfolio: op.Portfolio, call: str) -> None:
    """Make the calls that the frame means."""
    for time, bars in BARS.items() if call == "process_bars" else [(LATER, BARS[LATER])]:
        portfolio.process_bar(time, bars)


def asked(call: str, frame: BarFrame, texts: list[str]) -> Answer:
    """Take a frame on each backend, and keep the values that the refusals show."""

    def act(portfolio: op.Portfolio) -> None:
        try:
            taken(portfolio, call, frame.change(base(call)))
        except op.OmegaPortfolioError as error:
            texts.append(error.value)
            raise

    return answers(scene, act)


@pytest.mark.parametrize(
    ("frame", "call"), FRAMES, ids=[f"{frame}-{call}" for frame, call in FRAMES]
)
def test_frames(frame: BarFrame, call: str, tally: Tally) -> None:
    tally.add(frame.number)
    texts: list[str] = []
    found = asked(call, frame, texts)
    if not frame.codes:
        assert found == answers(scene, lambda portfolio: called(portfolio, call))
        return
    assert found.refused is not None
    code, argument = found.refused
    assert code in frame.codes
    assert argument == "bars" or call == "process_bar"
    if frame.number not in READ_BY_PYARROW:
        places = {
            re.match("(row [0-9]+, )?(column [a-zA-Z]+(, row [0-9]+)?)?", text) for text in texts
        }
        assert len({place[0] for place in places}) == 1, f"the places differ: {texts}"
    if call == "process_bars":
        assert all(frame.place in text for text in texts), texts
        assert code in (4030, 4010, 4011) or all("row " in text for text in texts), texts


TWO_FAULTS = [(frame, call) for frame in two_faults() for call in frame.calls]


@pytest.mark.parametrize("batches", [False, True], ids=["whole", "row by row"])
@pytest.mark.parametrize(
    ("frame", "call"), TWO_FAULTS, ids=[f"{frame}-{call}" for frame, call in TWO_FAULTS]
)
def test_which_of_two_faults_is_named(
    frame: BarFrame, call: str, batches: bool, tally: Tally
) -> None:
    tally.add(frame.number)
    texts: list[str] = []
    cut = replace(frame, change=lambda t: with_empty_chunks(frame.change(t)))
    found = asked(call, cut if batches else frame, texts)
    assert found.refused == (frame.codes[0], "bars")
    assert all(frame.place in text for text in texts), texts


@pytest.mark.parametrize("batches", [False, True], ids=["whole", "row by row"])
@pytest.mark.parametrize("prices", [{"bid": 5.0, "ask": None}, {"bid": None, "ask": 5.0}], ids=str)
def test_a_null_of_quotes_comes_before_their_values(
    prices: dict[str, float | None], batches: bool, tally: Tally
) -> None:
    tally.add(64)
    bad = {name: [float("nan"), price] for name, price in prices.items()}
    frame = pa.table({"symbol": ["A", "B"], **bad})
    made = with_empty_chunks(frame) if batches else frame
    assert answers(scene, lambda p: p.mark(made, time=LATER)).refused == (4030, "prices")
    assert answers(scene, lambda p: p.process_quotes(LATER, made)).refused == (4030, "quotes")


EMPTY = [(frame, call) for frame in type_frames() for call in frame.calls]


@pytest.mark.parametrize(("frame", "call"), EMPTY, ids=[f"{frame}-{call}" for frame, call in EMPTY])
def test_a_frame_without_rows_has_types(frame: BarFrame, call: str, tally: Tally) -> None:
    tally.add(69)
    empty = replace(frame, change=lambda t: frame.change(t).slice(0, 0))
    assert asked(call, empty, []).refused == (4030, "bars")


@pytest.mark.parametrize("kinds", [(pa.null(), pa.float64()), (pa.string(), pa.string())], ids=str)
def test_quotes_without_rows_have_types(kinds: tuple[pa.DataType, ...], tally: Tally) -> None:
    tally.add(69)
    empty = pa.schema(zip(("symbol", "price"), kinds, strict=True)).empty_table()
    assert answers(scene, lambda p: p.mark(empty, time=LATER)).refused == (4030, "prices")
    assert answers(scene, lambda p: p.update_equity(LATER, empty)).refused == (4030, "prices")
    assert answers(scene, lambda p: p.process_quotes(LATER, empty)).refused == (4030, "quotes")


@pytest.mark.parametrize("call", CALLS)
def test_an_empty_frame_changes_nothing_but_the_clock(call: str, tally: Tally) -> None:
    tally.add(69)
    empty = base(call).slice(0, 0)
    found = answers(scene, lambda p: taken(p, call, empty))
    nothing = answers(scene, lambda p: p.process_bar(LATER, {}) if call == "process_bar" else None)
    assert found == nothing
    assert found.refused is None


@pytest.mark.parametrize("call", CALLS)
def test_a_capsule_is_used_once(call: str, tally: Tally) -> None:
    tally.add(77)

    def twice(portfolio: op.Portfolio) -> None:
        frame = Capsule(base(call).__arrow_c_stream__())
        taken(portfolio, call, frame)
        first = whole_picture(portfolio)
        with pytest.raises(op.InvalidFrame):
            taken(portfolio, call, frame)
        assert whole_picture(portfolio) == first

    assert answers(scene, twice) == answers(scene, lambda portfolio: called(portfolio, call))


@pytest.mark.parametrize("bars", [None, 1, "A", b"A", [], [("A", 1)], {"A"}, BARS[LATER]], ids=repr)
def test_bars_of_another_form(bars: object, tally: Tally) -> None:
    tally.add(33)
    assert answers(scene, lambda p: p.process_bars(bars)).refused == (4024, "bars")
    if not isinstance(bars, dict):
        assert answers(scene, lambda p: p.process_bar(LATER, bars)).refused == (4024, "bars")
        assert answers(scene, lambda p: p.process_quotes(LATER, bars)).refused == (4024, "quotes")


def test_the_row_of_a_bad_number_is_named(tally: Tally) -> None:
    tally.add(65)
    row = [1.0] * (MILLION - 1) + [float("nan")]
    good = pa.array([1.0] * MILLION)
    symbols = pa.array([f"S{number}" for number in range(MILLION)])
    frame = pa.table(
        {
            "time": pa.array([LATER] * MILLION),
            "symbol": symbols,
            **dict.fromkeys(("open", "high", "low"), good),
            "close": row,
        }
    )

    def act(portfolio: op.Portfolio) -> None:
        with pytest.raises(op.InvalidNumber, match=rf"row {MILLION - 1}\b") as caught:
            portfolio.process_bars(frame)
        raise caught.value

    assert answers(scene, act).refused == (4011, "bars")


def test_a_late_refusal_takes_all_back(tally: Tally) -> None:
    tally.add(65)
    bars = pa.concat_tables([base("process_bars")] * 2)
    times = pa.array([*base("process_bars")["time"].to_pylist(), *[LATER + 10**9] * 4])
    late = put(put(bars, "time", times), "symbol", pa.array([*"ABBA", *"ABAB"]))
    texts = []

    def act(portfolio: op.Portfolio) -> None:
        try:
            portfolio.process_bars(late)
        except op.InvalidArgument as error:
            texts.append(error.value[:-3])
            raise

    assert answers(scene, act).refused == (4024, "bars")
    assert set(texts) == {"row 6, column symbol: "}


# Calls at the same time, and within each other


def test_eight_threads_on_process_bars(backend: str, tally: Tally) -> None:
    tally.add(94)
    portfolio = account(backend)
    before = whole_picture(portfolio)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(ROUNDS):
                name = f"T{number}-{turn}"
                frame = put(
                    base("process_bars").slice(0, 2), "symbol", pa.array([name, name + "b"])
                )
                portfolio.place_order(name, "long", 1, LATER, type="market", targets=[(104, 1)])
                assert portfolio.process_bars(frame) == 0
                portfolio.process_quotes(LATER, {name: 104})
                portfolio.get_activity().to_ipc()
                portfolio.get_orders().to_ipc()
        except BaseException as error:  # noqa: BLE001 - a panic is no Exception.
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rounds = 8 * ROUNDS
    assert len(portfolio.get_trades()) == before["rows of trades"] + rounds
    assert len(portfolio.get_equity_curve()) == before["rows of equity"] + 2 * rounds
    assert portfolio.balance == before["balance"] + 4 * rounds
    # two registrations, order, bars and quotes
    assert portfolio.events == before["events"] + 5 * rounds
    portfolio.verify()


class Calling(Mapping[str, object]):
    """Bars or quotes that change the portfolio while they are read."""

    def __init__(self, portfolio: op.Portfolio, values: dict[str, object]) -> None:
        self.portfolio = portfolio
        self.values_by_symbol = values

    def __len__(self) -> int:
        return len(self.values_by_symbol)

    def __iter__(self) -> Iterator[str]:
        self.portfolio.deposit(1, LATER)
        return iter(self.values_by_symbol)

    def __getitem__(self, symbol: str) -> object:
        return self.values_by_symbol[symbol]


class Doubling(dict[str, object]):
    """A dict whose items are others than those it holds."""

    def items(self) -> Any:
        return [(symbol, (100, 200)) for symbol in self]


def test_a_dict_may_have_items_of_its_own(tally: Tally) -> None:
    tally.add(95)
    for call in (op.Portfolio.process_quotes, op.Portfolio.update_equity):
        found = answers(scene, lambda p, c=call: getattr(p, c.__name__)(LATER, Doubling(A=1)))
        wanted = answers(scene, lambda p, c=call: getattr(p, c.__name__)(LATER, {"A": (100, 200)}))
        assert found == wanted


def test_a_call_inside_the_reading_of_another_call(tally: Tally) -> None:
    bars, quotes = BARS[LATER], {"A": 100}

    def reader(portfolio: op.Portfolio) -> pa.RecordBatchReader:
        def batches() -> Iterator[pa.RecordBatch]:
            portfolio.deposit(1, LATER)
            yield from base("process_bars").to_batches()

        return pa.RecordBatchReader.from_batches(base("process_bars").schema, batches())

    nested: list[tuple[Callable[[op.Portfolio], object], Callable[[op.Portfolio], object]]] = [
        (
            lambda p: p.process_bar(LATER, Calling(p, bars)),
            lambda p: p.process_bar(LATER, bars),
        ),
        (
            lambda p: p.process_quotes(LATER, Calling(p, quotes)),
            lambda p: p.process_quotes(LATER, quotes),
        ),
        (lambda p: p.process_bars(reader(p)), lambda p: p.process_bars(base("process_bars"))),
    ]
    for inside, alone in nested:
        tally.add(95)

        def plain(portfolio: op.Portfolio, alone: Callable[..., object] = alone) -> None:
            portfolio.deposit(1, LATER)
            alone(portfolio)

        found = answers(scene, inside)
        assert found.refused is None
        assert found == answers(scene, plain)
