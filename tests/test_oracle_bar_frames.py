"""Frames of bars, and bars and quotes that are refused by the Python backend (SPEC G1, G10)."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import omega_portfolio as op
from order_accounts import D, Make, bar, rows

# Frames


def frame(*bars: tuple[object, ...], **columns: Any) -> pa.Table:
    names = ("time", "symbol", "open", "high", "low", "close", "spread")
    cells = {name: [row[i] for row in bars] for i, name in enumerate(names)}
    return pa.table(cells | columns)


BARS = (
    (1, "A", 100.0, 101.0, 99.0, 100.5, 0.01),
    (1, "B", 50.0, 51.0, 49.0, 50.5, 0.01),
    (2, "A", 100.0, 106.0, 99.0, 105.5, 0.01),
    (3, "B", 50.0, 51.0, 44.0, 45.5, 0.01),
)


def strategy(pf: op.PortfolioPython) -> None:
    pf.open_position("A", "long", 1, 100, 0, stop_loss=95, take_profit=105)
    pf.open_position("B", "long", 1, 50, 0, stop_loss=45)


def test_a_frame_of_bars_is_its_bars_one_after_the_other(make_oracle: Make) -> None:
    one, other = make_oracle(), make_oracle()
    strategy(one)
    strategy(other)
    assert one.process_bars(frame(*BARS)) == 2
    for time in (1, 2, 3):
        bars = {row[1]: dict(zip(("open", "high", "low", "close", "spread"), row[2:], strict=True))
                for row in BARS if row[0] == time}  # fmt: skip
        other.process_bar(time, bars)
    assert one.digest == other.digest
    assert len(one.get_equity_curve()) == 3
    single = (
        frame(*BARS)
        .slice(3)
        .drop_columns("time")
        .set_column(0, "symbol", pa.array(["B"], pa.string_view()))
    )
    assert one.process_bar(4, single) == []


@pytest.mark.parametrize(
    ("row", "error", "place"),
    [
        ((4, "A", 100.0, 98.0, 99.0, 100.0, 0.0), op.InvalidBar, "row 4, column high: 98"),
        ((2, "A", 100.0, 101.0, 99.0, 100.0, 0.0), op.InvalidTime, "row 4, column time: "),
        ((3, "B", 100.0, 101.0, 99.0, 100.0, 0.0), op.InvalidArgument, "row 4, column symbol: "),
        ((4, "A", 100.001, 101.0, 99.0, 100.0, 0.0), op.InvalidPrice, "row 4, column open: "),
        ((4, "A", 100.0, 101.0, 99.0, float("nan"), 0.0), op.InvalidNumber, "column close, row 4"),
    ],
)
def test_a_frame_of_bars_is_all_or_nothing(
    make_oracle: Make,
    row: tuple[object, ...],
    error: type[op.OmegaPortfolioError],
    place: str,
) -> None:
    pf = make_oracle()
    strategy(pf)
    before = pf.digest
    with pytest.raises(error) as caught:
        pf.process_bars(frame(*BARS, row))
    assert caught.value.argument == "bars"
    assert caught.value.value.startswith(place)
    assert pf.digest == before


def test_frames_of_bars_have_their_columns(make_oracle: Make) -> None:
    pf = make_oracle()
    table = frame(*BARS)
    for wrong in (
        table.drop_columns("low"),
        table.append_column("volume", pa.array([1, 2, 3, 4])),
        table.set_column(2, "open", pa.array([1.0, None, 1.0, 1.0])),
        table.set_column(1, "symbol", pa.array([1, 2, 3, 4])),
    ):
        with pytest.raises(op.InvalidFrame) as caught:
            pf.process_bars(wrong)
        assert caught.value.argument == "bars"
    with pytest.raises(op.InvalidFrame):
        pf.process_bar(1, table)
    with pytest.raises(op.InvalidArgument):
        pf.process_bars({"A": (1, 1, 1, 1)})  # type: ignore[arg-type]
    assert pf.process_bars(table.slice(0, 0)) == 0
    assert pf.events == 2


# Bad bars


@pytest.mark.parametrize(
    ("bars", "error", "argument"),
    [
        ({"A": (100, 99, 101, 100)}, op.InvalidBar, "low"),
        ({"A": (100, 99, 97, 98)}, op.InvalidBar, "high"),
        ({"A": (100, 102, 101, 101)}, op.InvalidBar, "low"),
        ({"A": (100, 101, 99, 102)}, op.InvalidBar, "high"),
        ({"A": (100, 101, 99, "98.99")}, op.InvalidBar, "low"),
        ({"A": (0, 101, 99, 100)}, op.InvalidPrice, "open"),
        ({"A": (100, "101.001", 99, 100)}, op.InvalidPrice, "high"),
        ({"A": (100, 101, -1, 100)}, op.InvalidPrice, "low"),
        ({"A": (100, 101, 99, 0)}, op.InvalidPrice, "close"),
        ({"A": (100, 101, 99, 100, -1)}, op.InvalidPrice, "spread"),
        ({"A": (100, 101, 99, 100, "0.001")}, op.InvalidPrice, "spread"),
        ({"A": (100, 101, 99)}, op.InvalidArgument, "bars"),
        ({"A": 100}, op.InvalidArgument, "bars"),
        ({"A": {"open": 1, "high": 1, "low": 1}}, op.InvalidArgument, "bars"),
        ({"A": (100, 101, None, 100)}, op.InvalidArgument, "bars"),
        ({"A": (100, 101, "nan", 100)}, op.InvalidNumber, "bars"),
        ({" A": (100, 101, 99, 100)}, op.InvalidSymbol, "symbol"),
        ([], op.InvalidArgument, "bars"),
        # The good bar before the bad one has changed nothing.
        ({"B": (40, 41, 39, 40), "A": (100, 99, 97, 98)}, op.InvalidBar, "high"),
    ],
)
def test_bad_bars_change_nothing(
    make_oracle: Make, bars: Any, error: type[op.OmegaPortfolioError], argument: str
) -> None:
    pf = make_oracle()
    strategy(pf)
    before = pf.digest
    with pytest.raises(error) as caught:
        pf.process_bar(1, bars)
    assert caught.value.argument == argument
    assert pf.digest == before


def test_each_bar_of_a_symbol_is_later(make_oracle: Make) -> None:
    pf = make_oracle()
    bar(pf, 5, 100, 100, 100, 100)
    for time, argument in ((5, "time"), (4, "time")):
        with pytest.raises(op.InvalidTime) as caught:
            bar(pf, time, 100, 100, 100, 100)
        assert caught.value.argument == argument
    assert pf.process_bar(5, {"B": (50, 50, 50, 50)}) == []
    with pytest.raises(op.InvalidArgument) as refused:
        bar(pf, 6, 100, 100, 100, 100, path="sideways")
    assert refused.value.argument == "path"


def test_bad_quotes_change_nothing(make_oracle: Make) -> None:
    pf = make_oracle()
    strategy(pf)
    before = pf.digest
    for quotes, error in (
        ({"A": (101, 100)}, op.CrossedQuote),
        ({"A": "x"}, op.InvalidNumber),
        ({"A": (0, 100)}, op.InvalidPrice),
        (3, op.InvalidArgument),
    ):
        with pytest.raises(error) as caught:
            pf.process_quotes(1, quotes)  # type: ignore[arg-type]
        assert caught.value.argument == "quotes"
    assert pf.digest == before


def test_what_is_refused_in_the_middle_takes_everything_back(make_oracle: Make) -> None:
    pf = make_oracle()
    strategy(pf)
    pf.place_order("A", "buy", 10**27, 0, price=98)
    before, activity_before = pf.digest, len(pf.get_activity())
    with pytest.raises(op.NumberOutOfRange) as caught:
        pf.process_bar(1, {"B": (44, 45, 43, 44), "A": (100, 101, 97, 100), "C": (1, 1, 1, 1)})
    assert caught.value.argument == "bars"
    assert pf.digest == before
    assert (len(pf.get_activity()), len(pf.get_trades())) == (activity_before, 0)
    pf.cancel_order(1, 1)
    assert bar(pf, 1, 100, 101, 97, 100) == []


def test_the_first_bar_of_a_symbol_registers_it(make_oracle: Make) -> None:
    pf = make_oracle()
    events = pf.events
    pf.process_bar(1, {"C": ("1.000000001", 2, 1, "1.5")})
    pf.place_order("D", "buy", 1, 1, price=3)
    assert pf.events == events + 4
    assert rows(pf.get_activity(), "event") == [(events + 4,)]


def test_numbers_are_brought_to_the_grid(make_oracle: Make) -> None:
    pf = make_oracle(off_grid="round")
    pf.place_order(
        "A",
        "buy",
        "1.009",
        0,
        price="99.004",
        trailing="2.015",
        break_even=("3.001", 1),
        targets=[("105.006", "0.509")],
    )
    assert pf.rounded_count == 6
    bar(pf, 1, "100.001", 101, "98.999", 100, "0.004")
    assert pf.rounded_count == 9
    position = pf.positions[1]
    assert (position.size, position.entry_price) == (1, 99)
    # A tie goes to the even tick: 2.02.
    assert position.stop_loss == D("96.98")
    pf.process_quotes(2, {"A": ("105.006", "105.014")})
    assert rows(pf.get_trades(), "size", "exit_price") == [(0.5, 105.01)]
    assert pf.rounded_count == 11
