"""Copies, forks and earlier moments (SPEC J11, J12) on both backends."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest

import omega_portfolio as op
from bad_inputs import IDS, NUMBERS, TEXTS, TIMES, scene
from lives import Life, account, grown, picture

DAY = "2024-01-02"

OTHER = {"rust": "python", "python": "rust"}


def thawed(data: bytes) -> Any:
    """Unpickle what this test has made."""
    return pickle.loads(data)  # noqa: S301 - made here.


@pytest.mark.parametrize("seed", range(12))
def test_both_backends_write_the_same_image_and_read_each_others(seed: int) -> None:
    """Bytes are equal, and what is read is the portfolio."""
    images = {}
    for name in OTHER:
        portfolio = grown(seed, name)
        assert portfolio.events > 3
        images[name] = portfolio.to_bytes()
        for reader in OTHER:
            read = op.Portfolio.from_bytes(images[name], backend=reader)
            assert read.backend == reader
            assert picture(read) == {**picture(portfolio), "rounded": 0}
            read.verify()
            assert read.to_bytes() == images[name]
    assert images["rust"] == images["python"]


class Mine(op.PortfolioPython):
    """A class of a user, with another constructor and something of its own."""

    note: list[str]

    def __new__(cls, _note: list[str]) -> Mine:
        """Start with ten."""
        made = super().__new__(cls, 10)
        assert isinstance(made, Mine)
        return made

    def __init__(self, note: list[str]) -> None:
        self.note = note


class MineRust(op.PortfolioRust):
    """The same on the compiled engine."""

    note: list[str]

    def __new__(cls, _note: list[str]) -> MineRust:
        """Start with ten."""
        made = super().__new__(cls, 10)
        assert isinstance(made, MineRust)
        return made

    def __init__(self, note: list[str]) -> None:
        self.note = note


def test_copies_are_of_the_same_class_and_independent(backend: str) -> None:
    """Every way to a copy, of a class of a user."""
    mine: Any = (Mine if backend == "python" else MineRust)(["kept"])
    mine.deposit(1, "2024-01-02")
    ways = {
        "copy": copy.copy(mine),
        "deepcopy": copy.deepcopy([mine, mine])[0],
        "pickle": thawed(pickle.dumps(mine)),
        "fork": mine.fork(),
        "bytes": type(mine).from_bytes(mine.to_bytes()),
    }
    for way, made in ways.items():
        assert type(made) is type(mine), way
        assert made.digest == mine.digest, way
        made.deposit(2, "2024-01-03")
        assert (made.balance, mine.balance) == (13, 11), way
        assert made.journal is None, way
    assert ways["copy"].note is mine.note
    assert ways["deepcopy"].note == mine.note
    assert ways["deepcopy"].note is not mine.note
    assert ways["pickle"].note == ["kept"]
    assert not hasattr(ways["bytes"], "note")
    two = copy.deepcopy([mine, mine])
    assert two[0] is two[1]


def test_options_beside_the_configuration_go_along(backend: str) -> None:
    """What becomes of floats and of numbers off their grid is in an image."""
    portfolio = op.Portfolio(1000, floats="strict", off_grid="round", backend=backend)
    portfolio.register_instrument(op.Instrument("ACME", price_decimals=2))
    portfolio.open_position("ACME", "long", 1, "10.004", "2024-01-02")
    assert portfolio.rounded_count == 1
    for made in (portfolio.fork(), copy.copy(portfolio), thawed(pickle.dumps(portfolio))):
        with pytest.raises(op.InvalidNumber):
            made.open_position("BETA", "long", 1, 0.1 + 0.2, "2024-01-02")
        made.open_position("ACME", "long", 1, "10.004", "2024-01-02")
    assert portfolio.fork().rounded_count == 1
    assert type(portfolio).from_bytes(portfolio.to_bytes()).rounded_count == 0


@pytest.mark.parametrize("seed", range(6))
def test_forks_and_their_origins_do_not_see_each_other(seed: int, backend: str) -> None:
    """Each goes on by itself, whoever is asked first; tables handed out stay."""
    life = Life(seed, backend)
    forks = []
    for _ in range(4):
        life.step(25)
        held, before = life.portfolio.get_equity_curve(), picture(life.portfolio)
        shown = held.to_polars()
        fork = life.portfolio.fork()
        assert picture(fork) == before
        fork.deposit(7, fork.time or 0)
        after = picture(fork)
        assert picture(life.portfolio) == before
        life.step(10)
        assert picture(fork) == after
        assert held.to_polars().equals(shown)
        forks.append(fork)
    for portfolio in (life.portfolio, *forks):
        portfolio.verify()


@pytest.mark.parametrize("seed", range(6))
def test_every_moment_is_what_it_was(seed: int, backend: str) -> None:
    """States by number and by time, against those that were taken on the way."""
    life, random = Life(seed, backend), Random(seed)
    seen = {0: account(life.portfolio.get_state())}
    for _ in range(50):
        life.step(1)
        seen[life.portfolio.events] = account(life.portfolio.get_state())
    portfolio = life.portfolio
    before = portfolio.digest
    for seq in random.sample(sorted(seen), k=len(seen)):
        assert account(portfolio.state_at(seq=seq)) == seen[seq], seq
    states = [portfolio.state_at(seq=seq) for seq in range(portfolio.events + 1)]
    times = sorted({state.time for state in states if state.time is not None})
    asked = [time + timedelta(microseconds=step) for time in times for step in (-1, 0, 1)]
    random.shuffle(asked)
    rows = portfolio.asof_states(asked, exact=True).to_polars().rows(named=True)
    assert len(rows) == len(asked) > 3
    for time, row in zip(asked, rows, strict=True):
        wanted = [each for each in states if each.time is None or each.time <= time][-1]
        assert account(portfolio.state_at(time)) == account(wanted), time
        assert row["time"] == time
        assert row["seq"] == wanted.events
        assert (row["equity"], row["balance"]) == (wanted.equity, wanted.balance)
        assert row["open_positions"] == len(wanted.positions)
    assert portfolio.digest == before
    portfolio.verify()


def test_registrations_belong_to_the_event_before_them(backend: str) -> None:
    """An event without a time comes with the one before it; the first ones with any time."""
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.register_instrument(op.Instrument("FIRST"))
    portfolio.deposit(1, "2024-01-02")
    portfolio.register_instrument(op.Instrument("SECOND"))
    portfolio.deposit(1, "2024-01-04")
    frame = portfolio.asof_states(["2024-01-01", "2024-01-03", "2024-01-05"]).to_polars()
    assert frame.get_column("seq").to_list() == [1, 3, 4]
    assert portfolio.state_at("2023-01-01").events == 1
    assert portfolio.asof_states([]).to_polars().is_empty()
    assert frame.schema["time"] == pl.Datetime("us", "UTC")


def test_times_of_every_kind(backend: str) -> None:
    """Lists, columns and arrays, in whatever type a time may have."""
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.deposit(1, "2024-01-02")
    moment = datetime(2024, 1, 2, tzinfo=timezone.utc)
    for times in (
        [moment],
        (moment,),
        iter([moment]),
        pl.Series([moment]),
        np.array(["2024-01-02"], dtype="datetime64[us]"),
        ["2024-01-02"],
        [1_704_153_600_000_000],
    ):
        frame = portfolio.asof_states(times).to_polars()  # type: ignore[arg-type]
        assert frame.select("time", "seq").rows() == [(moment, 1)]


def test_both_backends_give_the_same_moments() -> None:
    """Schemas and cells, exact and not."""
    for exact in (True, False):
        frames = []
        for name in OTHER:
            portfolio = grown(2, name)
            times = portfolio.get_events().to_polars().get_column("time").drop_nulls().to_list()
            frames.append(portfolio.asof_states([*times, 0], exact=exact).to_polars())
        assert frames[0].height > 10
        assert frames[0].equals(frames[1])
        assert frames[0].schema == frames[1].schema


def test_bad_moments_are_refused(backend: str) -> None:
    """The argument and the rule, and nothing has changed."""
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.deposit(1, "2024-01-02")
    before, call = portfolio.digest, portfolio.state_at
    moments: Any = portfolio.asof_states
    bad: list[tuple[str, type[Exception], Any]] = [
        ("time", op.InvalidArgument, call),
        ("time", op.InvalidArgument, lambda: call("2024-01-02", seq=1)),
        ("time", op.InvalidTime, lambda: call("yesterday")),
        ("time", op.InvalidTime, lambda: call(10**20)),
        *[
            ("seq", op.InvalidArgument, lambda seq=seq: call(seq=seq))
            for seq in (2, -1, 2**64, 10**5000, True, 1.0, "1", object())
        ],
        *[
            ("times", op.InvalidArgument, lambda times=times: moments(times))
            for times in (None, 5, "2024", b"2024", bytearray(b"x"), object(), [None], [[]])
        ],
        ("times", op.InvalidTime, lambda: moments(["2024-01-02", "x"])),
        ("times", op.InvalidTime, lambda: moments([np.datetime64("NaT")])),
    ]
    for argument, kind, attempt in bad:
        with pytest.raises(kind) as caught:
            attempt()
        assert caught.value.argument == argument  # type: ignore[attr-defined]
    assert portfolio.digest == before
    assert len(bad) == 22


def test_the_catalogue_of_bad_inputs(backend: str) -> None:
    """Every time and number of the catalogue as a moment: the same answer on both backends."""
    portfolios = [scene(backend), scene(OTHER[backend])]
    before, tried, refused = picture(portfolios[0]), 0, 0
    calls: list[Any] = [
        lambda portfolio, value: portfolio.state_at(value).events,
        lambda portfolio, value: portfolio.state_at(seq=value).events,
        lambda portfolio, value: portfolio.asof_states([value]).to_polars().rows(),
        lambda portfolio, value: portfolio.asof_states(value).to_polars().rows(),
    ]
    for entry in (*TIMES, *NUMBERS, *TEXTS, *IDS):
        for call in calls:
            given = [answered(call, each, entry.make(each)) for each in portfolios]
            assert given[0] == given[1], (entry.label, given)
            tried += 1
            refused += given[0][0] == "refused"
    assert tried > 200
    assert tried // 2 < refused < tried
    assert picture(portfolios[0]) == before
    portfolios[0].verify()


def answered(call: Any, portfolio: op.Portfolio, value: Any) -> tuple[str, Any]:
    """Give what comes of a call: an answer, a refusal, or what the value itself raises."""
    try:
        return "answer", call(portfolio, value)
    except op.OmegaPortfolioError as error:
        return "refused", (error.code, error.argument)
    except RuntimeError as error:
        return "raised", str(error)


def test_an_iterator_of_times_may_raise_or_ask_the_portfolio(backend: str) -> None:
    """What a caller's own object raises comes through; the times are read before anything else."""
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.deposit(1, "2024-01-02")

    def times(*, fail: bool) -> Any:
        yield portfolio.time
        if fail:
            raise KeyError("mine")

    assert len(portfolio.asof_states(times(fail=False))) == 1
    with pytest.raises(KeyError, match="mine"):
        portfolio.asof_states(times(fail=True))
    portfolio.verify()


def test_forks_of_closed_and_journalled_portfolios_have_no_journal(
    backend: str, tmp_path: Any
) -> None:
    """SPEC J11, J12."""
    portfolio = op.Portfolio(1000, backend=backend, journal=tmp_path / "a.journal")
    portfolio.deposit(1, "2024-01-02")
    salt = portfolio.to_bytes()[12:28]
    assert salt != bytes(16)
    made = [portfolio.fork(), copy.copy(portfolio), thawed(pickle.dumps(portfolio))]
    portfolio.close()
    made.append(portfolio.fork())
    for each in made:
        assert each.journal is None
        assert not each.closed
        each.deposit(1, "2024-01-03")
        assert each.to_bytes()[12:28] == bytes(16)
    assert portfolio.events == 1


def test_forks_of_one_state_are_one_account_until_they_change(backend: str) -> None:
    portfolio = op.Portfolio(1000, backend=backend)
    portfolio.open_position("ACME", "long", 2, 100, DAY)
    first, second = portfolio.fork(), portfolio.fork()
    third = first.fork()
    assert len({each.digest for each in (portfolio, first, second, third)}) == 1
    before = portfolio.digest
    table = third.get_ledger()
    second.deposit(7, DAY)
    portfolio.close_position(1, 101, DAY)
    late = portfolio.fork()
    assert [each.balance for each in (first, second, third, late)] == [1000, 1007, 1000, 1002]
    assert (first.digest, third.digest, late.digest) == (before, before, portfolio.digest)
    with pytest.raises(op.InsufficientFunds):
        first.withdraw(10_000, DAY)
    first.close()
    with pytest.raises(op.PortfolioClosed):
        first.deposit(1, DAY)
    third.deposit(1, DAY)
    late.compact(10)
    assert len(table) == 0
    for each in (portfolio, first, second, third, late):
        each.verify()
    assert (len(third.get_ledger()), len(late.get_ledger())) == (1, 1)
