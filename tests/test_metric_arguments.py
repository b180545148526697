"""Bad arguments of every call of the analysis: the same typed refusal on each backend.

Each value is tried on a portfolio and on a history. A refused call leaves digest and figures as
they were; a frame is refused with the column and the row of the fault.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import omega_portfolio as op
from account_picture import picture
from bad_inputs import NUMBERS, RATES, TEXTS, Entry, Hostile, entry, scene
from bad_metric_frames import (
    MetricFrame,
    bad_equity,
    bad_levels,
    bad_trades,
    good_equity,
    plain,
    some_trades,
)
from metric_values import differences, rows

TYPE, NUMBER, FRAME = op.InvalidArgument.code, op.InvalidNumber.code, op.InvalidFrame.code
Refusal = tuple[int, str] | None

# Values below 1 that are no confidence are refused as other numbers are.
SHARES = [
    *[one for one in RATES if one.number not in {11, 5, 20}],
    entry(5, "number", 0),
    entry(5, "number", "0.0"),
    entry(11, "number", 1),
    entry(11, "number", Decimal("1.0")),
    entry(11, "number", 2**63),
    entry(11, "good", 0.9999999999999999),
    entry(11, "good", "0.5"),
    entry(20, "number", Decimal("1E-999999999")),
    entry(20, "good", Decimal(1) / 3),
]
TRIALS = [
    entry(1, "number", [0.5, float("nan")]),
    entry(2, "number", [float("-inf")]),
    entry(14, "number", [10**5000], "10**5000"),
    entry(15, "type", [True]),
    entry(16, "number", (Decimal("NaN"),)),
    entry(26, "number", ["nan"]),
    entry(32, "type", [1j]),
    entry(33, "type", [None]),
    entry(32, "type", [[0.5, 1.0]]),
    entry(32, "type", 0.5),
    entry(32, "type", True),
    entry(32, "type", "0.5"),
    entry(63, "type", b"0.5"),
    entry(34, "type", [Hostile()], "hostile item"),
    entry(34, "type", Hostile(), "hostile"),
    entry(32, "type", np.array([[0.5], [1.0]]), "two dimensions"),
    entry(1, "number", np.array([0.5, np.nan]), "array with NaN"),
    entry(33, "good", None),
    entry(69, "good", []),
    entry(32, "good", np.array([0.5, 1.0]), "array"),
    entry(32, "good", (1, "0.5", Decimal(2))),
    entry(20, "good", [Decimal("1E-999999999"), Decimal(1) / 3]),
]
WORDS = [*TEXTS, *[entry(62, "bad", word) for word in ("1D", "1m", "D", "1h ", "None")]]
WINDOWS = [
    *[entry(5, "type", number) for number in (0, 1, -1, -(2**64))],
    *[entry(32, "type", value) for value in (2.0, "2", Decimal(2), 2j, None, True, [2])],
    entry(34, "type", Hostile(), "hostile"),
    *[entry(14, "good", number) for number in (2, 10**6, 2**63, 2**64, 10**100)],
]
TOPS = [
    *[entry(5, "type", number) for number in (0, -1, -(2**64))],
    *[entry(32, "type", value) for value in (1.0, "1", Decimal(1), True, False)],
    entry(34, "type", Hostile(), "hostile"),
    *[entry(14, "good", number) for number in (1, 2**63, 2**64, None)],
]
ROLLING_NAMES = [
    *[entry(57, "type", value) for value in ((), [], "volatility", b"volatility", None, 5, True)],
    *[entry(62, "type", [name]) for name in ("", "beta", "Volatility", "volatility ", "\ud800")],
    *[entry(63, "type", [name]) for name in (b"volatility", None, 1, ["volatility"])],
    entry(40, "type", ["volatility", "volatility"]),
    entry(62, "type", {"volatility": 1}),
    entry(34, "type", [Hostile()], "hostile item"),
    entry(32, "good", ("best_return",)),
    entry(32, "good", ["worst_return", "volatility"]),
]
FRAMES = [
    *[entry(63, "type", value) for value in (1, "A", b"A", True, [1.0], {"time": [1]}, ())],
    entry(34, "type", Hostile(), "hostile"),
]
GOOD_OPTIONS = {"good": None, "zero": None, "none": None}


def call(name: str, *first: object) -> Callable[[str], Callable[[Any, Any], object]]:
    """Make the calls of one method that set one argument."""
    return lambda argument: lambda source, value: getattr(source, name)(*first, **{argument: value})


CALLS = {
    "calculate_metrics": call("calculate_metrics"),
    "metric": call("metric", "sharpe_ratio"),
    "rolling_metrics": call("rolling_metrics", 2),
}
NUMERIC = {"periods_per_year": RATES, "risk_free_rate": RATES, "mar": RATES, "confidence": SHARES}
ONLY_WHOLE = {"confidence", "benchmark", "trials"}

SLOTS: dict[str, tuple[str, list[Entry], Callable[[Any, Any], object]]] = {
    f"{name}-{argument}": (argument, entries, make(argument))
    for name, make in CALLS.items()
    for argument, entries in {
        **NUMERIC, "resample": WORDS, "benchmark": FRAMES, "trials": TRIALS
    }.items()
    if name != "rolling_metrics" or argument not in ONLY_WHOLE
}  # fmt: skip
SLOTS |= {
    "metric-name": ("name", WORDS, lambda source, value: source.metric(value)),
    "rolling_metrics-window": ("window", WINDOWS, lambda s, v: s.rolling_metrics(v)),
    "rolling_metrics-names": ("names", ROLLING_NAMES, lambda s, v: s.rolling_metrics(2, v)),
    "drawdowns-top": ("top", TOPS, lambda source, value: source.drawdowns(value)),
    "drawdowns-resample": ("resample", WORDS, lambda s, v: s.drawdowns(resample=v)),
    "monthly_returns-resample": ("resample", WORDS, lambda s, v: s.monthly_returns(resample=v)),
    "yearly_returns-resample": ("resample", WORDS, lambda s, v: s.yearly_returns(resample=v)),
    "trade_analysis-by": ("by", WORDS, lambda source, value: source.trade_analysis(value)),
}


def wanted(argument: str, one: Entry) -> Refusal:
    """Say what an argument makes of a value."""
    if one.kind == "good":
        return None
    if argument == "mar" and one.number == 33:
        return None
    if one.kind == "none":
        return None if argument == "resample" else (TYPE, argument)
    if one.kind == "zero":
        return (NUMBER, argument) if argument == "periods_per_year" else None
    return (NUMBER if one.kind == "number" else TYPE, argument)


def sources(backend: str) -> dict[str, Any]:
    return {
        "portfolio": scene(backend),
        "history": op.History(plain(), some_trades(), backend=backend),
    }


def look(source: Any) -> object:
    """Give what a refused call may not change."""
    return picture(source) if isinstance(source, op.Portfolio) else rows(source.get_equity_curve())


def refusal(act: Callable[..., object], *arguments: Any, **keywords: Any) -> Refusal:
    try:
        act(*arguments, **keywords)
    except op.OmegaPortfolioError as error:
        refused = error
    else:
        return None
    assert type(refused) is op.errors.by_code[refused.code]
    assert refused.rule
    assert refused.remedy
    assert len(refused.value) <= 80
    assert str(refused).encode("utf-8")
    return refused.code, refused.argument


@pytest.mark.parametrize("slot", SLOTS)
def test_an_argument_is_refused_alike_everywhere(slot: str, backend: str) -> None:
    argument, entries, run = SLOTS[slot]
    assert len(entries) >= 8
    failures = []
    for label, source in sources(backend).items():
        before, figures = look(source), dict(source.calculate_metrics())
        for one in entries:
            value = one.make(scene(backend))
            try:
                found = refusal(run, source, value)
            except Exception as error:  # noqa: BLE001 - all failures are shown at once.
                failures.append(f"{label}: {one.label}: {type(error).__name__}: {error}")
                continue
            if found != wanted(argument, one):
                failures.append(f"{label}: {one.label}: {found} and not {wanted(argument, one)}")
        assert look(source) == before
        assert differences(source.calculate_metrics(), figures, 0) == {}
    assert not failures, "\n".join(["", *failures])


ORDER = {
    "periods_per_year": (0, 252, NUMBER),
    "risk_free_rate": (-1, 0, NUMBER),
    "mar": ("x", None, NUMBER),
    "benchmark": ("x", None, TYPE),
    "confidence": (1, 0.05, NUMBER),
    "resample": ("x", None, TYPE),
    "trials": ("x", None, TYPE),
}


def test_a_decimal_of_any_number_of_digits_is_its_nearest_double(backend: str) -> None:
    for source in sources(backend).values():
        for argument, exact in {
            "periods_per_year": Decimal(1000) / 3,
            "risk_free_rate": Decimal(1) / 30,
            "mar": Decimal("1E-999999999"),
            "confidence": Decimal(1) / 7,
        }.items():
            found = source.calculate_metrics(**{argument: exact})
            assert differences(found, source.calculate_metrics(**{argument: float(exact)}), 0) == {}
        found = source.calculate_metrics(trials=[Decimal(1) / 3, 1])
        assert differences(found, source.calculate_metrics(trials=[1 / 3, 1]), 0) == {}


def test_arguments_are_checked_in_their_order(backend: str) -> None:
    for source in sources(backend).values():
        options = {name: bad for name, (bad, _, _) in ORDER.items()}
        for name, (_, good, code) in ORDER.items():
            assert refusal(source.calculate_metrics, **options) == (code, name)
            options[name] = good
        assert refusal(source.calculate_metrics, **options) is None
        assert refusal(source.rolling_metrics, 1, "x") == (TYPE, "window")
        assert refusal(source.metric, "x", periods_per_year=0) == (TYPE, "name")


def test_options_are_keywords_and_unknown_ones_a_type_error(backend: str) -> None:
    for source in sources(backend).values():
        for act in (
            lambda s: s.calculate_metrics(252),
            lambda s: s.calculate_metrics(rf=0),
            lambda s: s.metric("beta", 252),
            lambda s: s.metric(),
            lambda s: s.rolling_metrics(2, ("volatility",), 252),
            lambda s: s.monthly_returns("1d"),
        ):
            with pytest.raises(TypeError):
                act(source)


def first(frames: list[MetricFrame]) -> list[MetricFrame]:
    assert len({str(frame) for frame in frames}) == len(frames) >= 20
    return frames


def assert_frame(frame: MetricFrame, argument: str, act: Callable[[object], object]) -> None:
    with pytest.raises(op.InvalidFrame) as caught:
        act(frame.make())
    assert caught.value.argument == argument
    for name in frame.names:
        assert name in str(caught.value), f"{caught.value}"


@pytest.mark.parametrize("frame", first(list(bad_equity())), ids=str)
def test_a_bad_equity_frame_is_refused(frame: MetricFrame, backend: str) -> None:
    assert_frame(frame, "equity", lambda table: op.History(table, backend=backend))
    assert_frame(frame, "equity", lambda table: op.metrics(table, backend=backend))


@pytest.mark.parametrize("frame", first(list(bad_trades())), ids=str)
def test_a_bad_frame_of_trades_is_refused(frame: MetricFrame, backend: str) -> None:
    assert_frame(frame, "trades", lambda table: op.History(plain(), table, backend=backend))


@pytest.mark.parametrize("frame", first(list(bad_levels())), ids=str)
def test_a_bad_benchmark_is_refused(frame: MetricFrame, backend: str) -> None:
    history = op.History(plain(), backend=backend)
    figures = dict(history.calculate_metrics())
    assert_frame(frame, "benchmark", lambda table: history.calculate_metrics(benchmark=table))
    assert_frame(frame, "benchmark", lambda table: history.metric("beta", benchmark=table))
    assert differences(history.calculate_metrics(), figures, 0) == {}


@pytest.mark.parametrize("frame", list(good_equity()), ids=str)
def test_an_odd_layout_means_the_same(frame: MetricFrame, backend: str) -> None:
    wanted = op.metrics(plain(), benchmark=plain(), backend=backend)
    found = op.metrics(frame.make(), benchmark=frame.make(), backend=backend)
    assert differences(found, dict(wanted), 0) == {}


@pytest.mark.parametrize("argument", ["equity", "trades"])
def test_what_is_no_frame_is_no_history(argument: str, backend: str) -> None:
    for one in FRAMES:
        value = one.make(scene(backend))
        tables = {"equity": plain(), "trades": some_trades(), argument: value}
        assert refusal(op.History, **tables, backend=backend) == (TYPE, argument)
        assert refusal(op.metrics, **tables, backend=backend) == (TYPE, argument)
    assert refusal(op.History, None, backend=backend) == (TYPE, "equity")


BALANCES = {
    "zero": None, "none": None, "strict": None, "huge": None, "negative": 4009,
    "number": 4011, "range": 4010, "type": TYPE,
}  # fmt: skip


@pytest.mark.parametrize("one", NUMBERS, ids=lambda one: f"{one.number}-{one.label}")
def test_an_initial_balance_is_read_as_that_of_a_portfolio(one: Entry, backend: str) -> None:
    value = "1.0000000000000000001" if one.kind == "digit" else one.make(scene(backend))
    code = NUMBER if one.kind == "digit" else BALANCES[one.kind]
    found = refusal(op.History, plain(), initial_balance=value, backend=backend)
    assert found == (None if code is None else (code, "initial_balance"))
    if one.number not in {33, 35}:
        assert found == refusal(op.Portfolio, value, backend=backend)


@pytest.mark.parametrize("one", TEXTS, ids=lambda one: f"{one.number}-{one.label[:12]}")
def test_a_currency_is_read_as_that_of_a_portfolio(one: Entry, backend: str) -> None:
    value = one.make(scene(backend))
    found = refusal(op.History, plain(), currency=value, backend=backend)
    assert found == refusal(op.Portfolio, 1, currency=value, backend=backend)
    assert found is not None


def test_a_key_of_a_missing_column_is_refused(backend: str) -> None:
    history = op.History(plain(), some_trades(), backend=backend)
    for key in ("symbol", "side", "tag", "reason"):
        assert refusal(history.trade_analysis, key) == (TYPE, "by")
        # Without any trade no column is missing.
        assert rows(op.History(plain(), backend=backend).trade_analysis(key)) == []
    for key in ("hour", "weekday", "month", "year"):
        for row in rows(history.trade_analysis(key)):
            assert row["fees"] is row["average_mae"] is row["average_mfe"] is None
            assert row["net_pnl"] is not None


def test_frames_of_other_libraries_are_benchmarks(backend: str) -> None:
    history = op.History(plain(), backend=backend)
    wanted = history.calculate_metrics(benchmark=plain())
    table = plain()
    for made in (
        pl.DataFrame(table),
        pd.DataFrame({"time": table["time"].to_pandas(), "close": table["equity"].to_pandas()}),
        table.to_reader(),
        table.append_column("note", [["a", "b", "c"]]),
    ):
        assert differences(history.calculate_metrics(benchmark=made), dict(wanted), 0) == {}
