"""The Python backend alone: what it reads, books and refuses.

Figures are worked out by hand from SPEC.md. What both backends have in common is tested with
both of them elsewhere; the proof and the tables of this one are in test_oracle_proof.py.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import omega_portfolio as op
from omega_portfolio.errors import describe
from omega_portfolio.oracle import codec, numbers, rules, times
from omega_portfolio.oracle import portfolio as oracle_portfolio
from omega_portfolio.oracle.ledger import Ledger

DAY = 86_400_000_000


def account(balance: object = "1000", **options: object) -> op.PortfolioPython:
    return op.PortfolioPython(balance, **options)


def busy() -> op.PortfolioPython:
    """Make an account with every kind of event, two symbols and two open positions."""
    pf = account(leverage=10)
    pf.register_instrument(
        op.Instrument("A", price_decimals=2, size_decimals=1, contract_size=5, leverage=4)
    )
    pf.open_position("A", "long", 2, 10, 100, stop_loss="9.5", take_profit=12, fee="0.25", tag="x")
    pf.open_position("A", "short", 1, 10, 100, position_id=7)
    pf.open_position("B", "buy", 1, 3, 105)
    pf.mark({"A": ("10.1", "10.2")}, time=110)
    pf.modify_position(1, 110, stop_loss="9.9", take_profit=None)
    pf.close_position(1, "10.1", 120, size="0.5", fee="0.1", reason="y")
    pf.close_position(2, 4, 120)
    pf.charge_fee("0.4", 120, position_id=7)
    pf.deposit(3, 120)
    pf.withdraw(50, 121)
    pf.update_equity(121, {"A": "10.05", "B": 3})
    return pf


# Numbers


@pytest.mark.parametrize(
    ("value", "scale", "raw"),
    [
        (3, 9, 3 * 10**9),
        ("-1.5", 9, -15 * 10**8),
        ("+.5e1", 9, 5 * 10**9),
        ("5.", 0, 5),
        ("0e9999", 9, 0),
        ("1000e-0012", 9, 1),
        ("0" * 5000 + "1", 9, 10**9),
        (Decimal("1E+3"), 9, 10**12),
        (Decimal("-0.000"), 9, 0),
        (Decimal("0E+999999999"), 9, 0),
        (Decimal("1.0000000000000000000"), 9, 10**9),
        (0.1, 9, 10**8),
        (-0.0, 9, 0),
        (1e16, 9, 10**25),
        (1e-9, 9, 1),
        (0.1 + 0.2, 9, 3 * 10**8),
        (0.1 + 0.2, 18, 300000000000000040),
        (2.5e-9, 9, 2),  # a tie goes to the even neighbour
        (3.5e-9, 9, 4),
        (-2.5e-9, 9, -2),
        (np.float64(0.7), 9, 7 * 10**8),
        (10**29 - 1, 9, (10**29 - 1) * 10**9),
    ],
)
def test_numbers_are_read_exactly(value: object, scale: int, raw: int) -> None:
    assert numbers.read_number("n", value, scale, "nearest") == raw


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *((text, 4011) for text in ("", ".", "1_0", " 1", "1\n", "0x1", "nan", "1e", "1e00001")),
        *((text, 4011) for text in ("\uff11", "--1", "1.2.3", "1e-10", "0.0000000001")),
        *((Decimal(text), 4011) for text in ("NaN", "sNaN", "-Infinity", "1E-999999999")),
        *((value, 4011) for value in (math.nan, math.inf, 5e-324, 1e-10, 5e-10)),
        *((value, 4010) for value in (10**29, -(10**29), 10**5000, "1e400", 1.7e308)),
        (Decimal("1E+999999999"), 4010),
        ("1" + "0" * 40 + ".0000000001", 4011),  # digits beyond the scale before the range
        *((value, 4024) for value in (True, None, 1j, b"1", object(), np.int64(1))),
    ],
    # An address is another one in each process, and so would be the name of the test.
    ids=lambda value: describe(value).partition(" object at ")[0],
)
def test_numbers_are_refused(value: object, code: int) -> None:
    with pytest.raises(op.OmegaPortfolioError) as caught:
        numbers.read_number("n", value, 9, "nearest")
    assert (caught.value.code, caught.value.argument) == (code, "n")


def test_strict_floats_lose_nothing() -> None:
    assert numbers.read_number("n", 0.3, 9, "strict") == 3 * 10**8
    with pytest.raises(op.InvalidNumber):
        numbers.read_number("n", 0.1 + 0.2, 9, "strict")
    with pytest.raises(op.InvalidNumber):
        account(leverage=0.1 + 0.2, floats="strict")


def test_random_numbers_agree_with_fractions() -> None:
    source = random.Random(7)
    for _ in range(2000):
        raw = source.randint(-(10**38) + 1, 10**38 - 1) >> source.randrange(126)
        divisor = source.randint(1, 10 ** source.randint(1, 20))
        assert numbers.half_even(raw, divisor) == round(Fraction(raw, divisor))
        text = f"{raw}e-18"
        assert numbers.read_number("n", text, 18, "strict") == raw
        for scalar in (numbers.plain_decimal(raw, 18), numbers.money_decimal(raw, 2)):
            assert Fraction(scalar) == Fraction(raw, 10**18)
        double = numbers.nearest_double(raw, 18)
        assert double == float(Fraction(raw, 10**18))
        near = round(Fraction(repr(double)) * 10**9)
        if abs(near) < 10**38 and (near or not double):
            assert numbers.read_number("n", double, 9, "nearest") == near


def test_scalars_have_the_digits_of_their_kind() -> None:
    assert str(account("100000").balance) == "100000.00"
    assert str(account("0.125").balance) == "0.125"
    assert str(account(0, currency="JPY").balance) == "0"
    assert str(account(1, currency="BTC").balance) == "1.00000000"
    assert [str(numbers.plain_decimal(raw, 9)) for raw in (10**12, 15 * 10**8)] == ["1000", "1.5"]


# Times


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (-5, -5),
        ("1970-01-02", DAY),
        ("1970-01-01T00:01Z", 60_000_000),
        ("1970-01-01 00:00:01.5", 1_500_000),
        ("1970-01-01T02:00+02:00", 0),
        ("1969-12-31T23:59:59.999999", -1),
        ("0001-01-01", times.TIME_MIN),
        ("9999-12-31T23:59:59.999999", times.TIME_MAX),
        (date(1970, 1, 2), DAY),
        (datetime(1970, 1, 1, 0, 0, 1), 1_000_000),
        (datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=-5))), 5 * 3_600_000_000),
        (datetime(2001, 10, 28, 2, tzinfo=ZoneInfo("Europe/Berlin"), fold=0), 1004227200000000),
        (datetime(2001, 10, 28, 2, tzinfo=ZoneInfo("Europe/Berlin"), fold=1), 1004230800000000),
        (np.datetime64("1970-01-02"), DAY),
        (np.datetime64("1971", "Y"), 365 * DAY),
        (np.datetime64("1970-02", "M"), 31 * DAY),
        (np.datetime64(3, "25s"), 75_000_000),
        (np.datetime64(5_000, "ns"), 5),
    ],
)
def test_times_are_read(value: object, time: int) -> None:
    assert times.read_time("time", value) == time
    assert times.read_time("time", times.to_datetime(time)) == time


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *((value, 4024) for value in (None, True, 1.0, b"1970-01-01", np.int64(1))),
        *((text, 4006) for text in ("", "1970", "1970-1-1", "1970-01-01T24:00", "2023-02-29")),
        *((text, 4006) for text in ("1970-01-01T00:00:60", "1970-01-01T00:00:00.1234567")),
        *((text, 4006) for text in ("1970-01-01\n", "1970-01-01T00:00+24:00", "0000-01-01")),
        ("0001-01-01T00:00+00:01", 4006),
        *((value, 4006) for value in (times.TIME_MIN - 1, times.TIME_MAX + 1, 10**5000)),
        (np.datetime64("NaT"), 4006),
        (np.datetime64(1, "ns"), 4006),
        (np.datetime64("12000", "Y"), 4006),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), 4006),
    ],
    ids=describe,
)
def test_times_are_refused(value: object, code: int) -> None:
    with pytest.raises(op.OmegaPortfolioError) as caught:
        times.read_time("time", value)
    assert (caught.value.code, caught.value.argument) == (code, "time")


# Events


def test_a_life_worked_out_by_hand() -> None:
    pf = busy()
    # A: long 1.5 * 5 * (10.05 - 10) = 0.375, short 1 * 5 * (10 - 10.05) = -0.25;
    # margin (75 + 50) / 4; B was closed for 1. Cash: 1000 - 0.25 + 0.25 - 0.1 + 1 - 0.4 + 3 - 50
    figures = [pf.balance, pf.equity, pf.unrealized_pnl, pf.margin_used, pf.realized_pnl]
    assert figures == [Decimal(text) for text in ("953.5", "953.625", "0.125", "31.25", "1.25")]
    assert pf.free_margin == Decimal("922.375")
    assert pf.margin_level == Decimal("3051.6")
    assert (pf.events, pf.time) == (13, times.to_datetime(121))
    first, second = pf.positions.values()
    assert list(pf.positions) == [1, 7]
    assert (first.size, first.cost, first.entry_fee) == (Decimal("1.5"), 75, Decimal("0.1875"))
    assert (first.stop_loss, first.take_profit, first.margin) == (Decimal("9.9"), None, 18.75)
    assert (second.side, second.entry_fee) == ("short", Decimal("0.4"))
    assert (first.mark_price, second.mark_price) == (Decimal("10.05"), Decimal("10.05"))
    trade = pf.get_trades(exact=True).to_pyarrow().slice(0, 1).to_pylist()[0]
    assert (trade["gross_pnl"], trade["net_pnl"]) == (Decimal("0.25"), Decimal("0.0875"))
    assert (trade["stop_loss"], trade["take_profit"], trade["reason"]) == (Decimal("9.5"), 0, "y")
    # 0.5 * 5 * 10; the one mark, 10.1, is the exit as well
    assert (trade["cost"], trade["mae"], trade["mfe"]) == (25, 0, Decimal("0.25"))
    # 1.5 * 5 * 10.05 and 1 * 5 * 10.05
    curve = pf.get_equity_curve(exact=True).to_pyarrow().to_pylist()[0]
    assert (curve["gross_exposure"], curve["net_exposure"]) == (
        Decimal("125.625"),
        Decimal("25.125"),
    )
    amounts = pf.get_ledger().to_pyarrow()["amount"].to_pylist()
    assert amounts == [-0.25, 0.25, -0.1, 1.0, -0.4, 3.0, -50.0]
    pf.verify()


def test_open_refuses_in_the_order_of_the_rules_and_changes_nothing() -> None:
    pf = account()
    pf.open_position("B", "long", 1, 10, 10, position_id=5)
    before = (pf.digest, pf._event_bytes(), pf.events)
    good = {"symbol": "A", "size": 1, "price": 10, "time": 10, "position_id": None}
    good |= {"stop_loss": 9, "take_profit": 11}
    faults = {
        "time": (9, 4006),
        "symbol": ("", 4012),
        "size": (0, 4003),
        "price": (0, 4005),
        "stop_loss": (10, 4007),
        "take_profit": (10, 4008),
        "position_id": (5, 4004),
    }
    wrong = {name: value for name, (value, _) in faults.items()}
    for name, (_, code) in faults.items():
        with pytest.raises(op.OmegaPortfolioError) as caught:
            pf.open_position(side="long", **(good | wrong))
        assert (caught.value.code, caught.value.argument) == (code, name)
        del wrong[name]
    with pytest.raises(op.InsufficientMargin):
        pf.open_position(side="long", **(good | {"size": 100}))
    assert (pf.digest, pf._event_bytes(), pf.events) == before
    assert pf.open_position(side="long", **good) == 1


def test_a_closed_row_is_filled_by_the_last() -> None:
    pf = account()
    source, expected = random.Random(3), []
    for step in range(200):
        if source.random() < 0.55 or not expected:
            expected.append(pf.open_position("A", "long", 1, "0.01", step))
        else:
            gap = source.randrange(len(expected))
            pf.close_position(expected[gap], "0.01", step)
            last = expected.pop()
            if gap < len(expected):
                expected[gap] = last
        assert list(pf.positions) == expected
        assert [position.row for position in pf._ledger.positions.rows] == [*range(len(expected))]
    pf.verify()


def test_ids_step_over_those_that_were_given() -> None:
    pf = account()
    given = [None, 3, None, None, 6, 5, None, 2**64 - 1, None]
    got = [pf.open_position("A", "buy", 1, "0.01", 0, position_id=number) for number in given]
    assert got == [1, 3, 2, 4, 6, 5, 7, 2**64 - 1, 8]
    pf.close_position(3, 1, 0)
    for used in (3, 8, 2**64 - 1):
        with pytest.raises(op.DuplicatePositionId):
            pf.open_position("A", "buy", 1, "0.01", 0, position_id=used)
    pf.verify()


def test_there_is_an_end_to_positions_and_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "COUNT_MAX", 2)
    pf = account()
    for _ in range(2):
        pf.open_position("A", "long", 1, 1, 0)
    before = pf.digest
    for call in (
        lambda: pf.open_position("A", "long", 1, 1, 0),
        lambda: pf.mark({"B": 1, "C": 1}),
    ):
        with pytest.raises(op.TooManyPositions):
            call()
    assert pf.digest == before
    pf.mark({"B": 1})
    with pytest.raises(op.TooManyPositions):
        pf.register_instrument(op.Instrument("C"))


def test_margin_of_a_considered_open() -> None:
    pf = account(leverage=3)
    pf.open_position("A", "long", 1, 1, 0)
    assert pf.calculate_margin("A", size=1, price=1) == Decimal("0.333333333333333334")
    assert pf.calculate_margin("C") == 0
    for options in ({"size": 1}, {"price": 1}, {"symbol": "A", "size": 1}):
        with pytest.raises(op.InvalidArgument):
            pf.calculate_margin(**options)
    with pytest.raises(op.InvalidArgument):
        pf.calculate_margin(size=1, price=1)
    with pytest.raises(op.InvalidPositionSize):
        pf.calculate_margin("A", size=0, price=1)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"initial_balance": -1}, 4009),
        ({"currency": "usd"}, 4022),
        ({"currency": 1}, 4024),
        ({"leverage": 0}, 4020),
        ({"mode": "nets"}, 4020),
        ({"rounding": "cent"}, 4020),
        ({"off_grid": "cut"}, 4020),
        ({"margin_call": 0}, 4020),
        ({"stop_out": -1}, 4020),
        ({"margin_call": 50, "stop_out": 51}, 4020),
        ({"path": "hloc"}, 4020),
        ({"pivot": "usd"}, 4022),
        ({"rounding": "cent", "pivot": 1}, 4020),
        ({"floats": "round"}, 4020),
        ({"capacity": -1}, 4024),
        ({"capacity": True}, 4024),
        ({"floats": "round", "leverage": "x"}, 4020),
    ],
)
def test_configurations_are_refused(options: dict[str, object], code: int) -> None:
    with pytest.raises(op.OmegaPortfolioError) as caught:
        op.PortfolioPython(**({"initial_balance": 1} | options))
    assert caught.value.code == code


# The door, interrupted


def test_an_interrupt_before_the_change_leaves_all_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pf = busy()
    before = pf.digest
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_after", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            pf.deposit(1, 200)
    assert pf.digest == before
    pf.deposit(1, 200)
    pf.verify()


def test_an_interrupt_within_the_change_ends_the_use(monkeypatch: pytest.MonkeyPatch) -> None:
    pf = busy()
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "commit", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            pf.open_position("A", "long", 1, 10, 200)
    for use in (lambda: pf.balance, lambda: pf.mark({}), lambda: pf.digest, pf.verify):
        with pytest.raises(op.InvariantViolation, match="interrupted"):
            use()
    assert "unusable" in repr(pf)


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_the_oracle_knows_nothing_of_the_compiled_module() -> None:
    folder = Path(oracle_portfolio.__file__).parent
    sources = [path.read_text("utf-8") for path in sorted(folder.glob("*.py"))]
    assert len(sources) >= 20
    assert not [text for text in sources if re.search(r"_core\b|omega_portfolio\.rust", text)]
    assert sys.modules[codec.__name__].blake2b is hashlib.blake2b
