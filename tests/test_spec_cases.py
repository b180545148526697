"""Runs the case files of ``tests/spec`` on each backend; ``spec/README.md`` is the format."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest

import omega_portfolio as op
from account_picture import MONEY, TABLES, assert_identity, picture
from conftest import _chosen_backends
from spec_format import (
    ROW_COLUMNS,
    SPEC_FOLDER,
    WHOLE_KEYS,
    Case,
    Quote,
    Refusal,
    SpecFormatError,
    Statement,
    load_cases,
    parse_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = load_cases()
CASES = [case for cases in FILES.values() for case in cases]

# What the folder is known to hold; a moved folder or a file that is not read fails here.
FILES_EXPECTED = 15
CASES_MIN = 255

# Codes that no line of text can bring about: 2^32 - 2 positions, no compiled module, a frame,
# no memory, a broken invariant.
CODES_WITHOUT_CASE = {4021, 4023, 4030, 4090, 5001}

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
METHODS = {
    "instrument": "register_instrument",
    "open": "open_position",
    "close": "close_position",
    "modify": "modify_position",
    "mark": "mark",
    "update_equity": "update_equity",
    "fee": "charge_fee",
    "deposit": "deposit",
    "withdraw": "withdraw",
    "margin": "calculate_margin",
}
TEXT_KEYS = {"symbol", "side", "tag", "reason"}
COUNTS = {"positions": "positions", "trades": "trades", "ledger": "ledger", "equity_rows": "equity"}
MONEY_DIGITS = {"JPY": 0, "KWD": 3, "CLF": 4, "BTC": 8, "ETH": 8, "USDT": 6, "USDC": 6}


class Runner:
    """Runs one case; ``portfolio`` is the account after its first statement."""

    def __init__(self, make_portfolio: Callable[..., op.Portfolio]) -> None:
        self.make_portfolio = make_portfolio
        self.portfolio: op.Portfolio | None = None

    def run(self, case: Case) -> list[str]:
        """Run all statements; gives the digest after each."""
        digests = []
        for statement in case.statements:
            try:
                self._step(statement)
            except (AssertionError, op.OmegaPortfolioError) as error:
                raise AssertionError(f"{case.file}:{statement.line}: {error}") from error
            if self.portfolio is not None:
                _check_account(self.portfolio)
                digests.append(self.portfolio.digest)
        if self.portfolio is not None:
            self.portfolio.verify()
        return digests

    def _step(self, statement: Statement) -> None:
        if statement.word == "expect":
            _check_expect(self.portfolio, statement.values)
        elif statement.word == "row":
            _check_row(self.portfolio, statement)
        elif statement.refusal is not None:
            self._check_refused(statement, statement.refusal)
        else:
            _check_result(self._call(statement), statement)

    def _check_refused(self, statement: Statement, refusal: Refusal) -> None:
        before = None if self.portfolio is None else picture(self.portfolio)
        try:
            result = self._call(statement)
        except op.OmegaPortfolioError as error:
            caught = error
        else:
            raise AssertionError(f"was accepted with {result!r}")
        assert type(caught) is op.errors.by_code[refusal.code], f"got {caught}"
        assert caught.code == refusal.code
        assert caught.argument == refusal.argument, f"got argument {caught.argument!r}: {caught}"
        if before is not None:
            assert self.portfolio is not None
            assert picture(self.portfolio) == before, "the refused call left a trace"

    def _call(self, statement: Statement) -> object:
        arguments = _arguments(statement)
        if statement.word == "account":
            self.portfolio = self.make_portfolio(arguments.pop("balance"), **arguments)
            return None
        if statement.word in ("mark", "update_equity"):
            arguments["prices"] = _prices(statement.quotes)
        if statement.word == "instrument":
            arguments = {"instrument": op.Instrument(**arguments)}
        return getattr(self.portfolio, METHODS[statement.word])(**arguments)


def _arguments(statement: Statement) -> dict[str, Any]:
    """Give the keyword arguments of a call; only a level of `modify` can be None."""
    arguments: dict[str, Any] = {}
    for key, value in statement.values.items():
        if value is None and key in TEXT_KEYS:
            arguments[key] = ""
        elif value is None and statement.word == "modify":
            arguments[key] = None
        elif value is not None:
            arguments[key] = int(value) if key in WHOLE_KEYS else value
    return arguments


def _prices(quotes: tuple[Quote, ...]) -> Any:
    """Give a mapping, or a frame for quotes that a mapping cannot hold."""
    symbols = [quote.symbol for quote in quotes]
    if len(set(symbols)) == len(symbols):
        return {
            quote.symbol: quote.bid if quote.ask is None else (quote.bid, quote.ask)
            for quote in quotes
        }
    import pyarrow as pa

    decimals = pa.decimal128(38, 9)
    asks = [quote.bid if quote.ask is None else quote.ask for quote in quotes]
    return pa.table(
        {
            "symbol": pa.array(symbols, pa.string()),
            "bid": pa.array([Decimal(quote.bid) for quote in quotes], decimals),
            "ask": pa.array([Decimal(ask) for ask in asks], decimals),
        }
    )


def _check_account(portfolio: op.Portfolio) -> None:
    """Check what holds after every statement: the identity, and how money is written (N7)."""
    assert_identity(portfolio)
    digits = MONEY_DIGITS.get(portfolio.currency, 2)
    for name in MONEY:
        value = getattr(portfolio, name)
        # No zeros are hidden in an exponent. Below 10^-6 Python itself writes one.
        assert value.as_tuple().exponent <= 0, f"{name} is written as {value}"
        text = format(value, "f")
        decimals = text.partition(".")[2]
        assert len(decimals) >= digits, f"{name} is written as {text}"
        assert len(decimals) == digits or not text.endswith("0"), f"{name} is written as {text}"


def _check_expect(portfolio: op.Portfolio, values: dict[str, str | None]) -> None:
    state = portfolio.get_state()
    assert state.positions.columns == list(ROW_COLUMNS["positions"])
    for key, wanted in values.items():
        if key in COUNTS:
            _check_value(key, len(TABLES[COUNTS[key]](portfolio)), wanted)
        elif key == "digest":
            assert portfolio.digest == wanted, f"digest is {portfolio.digest}, not {wanted}"
        else:
            _check_value(key, getattr(portfolio, key), wanted)
            assert getattr(state, key) == getattr(portfolio, key), f"the state differs in {key}"


def _check_row(portfolio: op.Portfolio, statement: Statement) -> None:
    table = TABLES[statement.table](portfolio)
    assert table.columns == list(ROW_COLUMNS[statement.table])
    assert statement.row <= len(table), f"{statement.table} has {len(table)} rows"
    row = table.to_pyarrow().slice(statement.row - 1, 1)
    for key, wanted in statement.values.items():
        column = row.column(key)
        if key.endswith("time"):
            column = column.cast("int64")
        _check_value(key, column[0].as_py(), wanted)


def _check_result(result: object, statement: Statement) -> None:
    match statement.word:
        case "open":
            assert type(result) is int
            _check_value("position_id", result, statement.result["id"])
        case "margin":
            assert isinstance(result, Decimal)
            _check_value("margin", result, statement.result["amount"])
        case "close":
            for key, wanted in statement.result.items():
                found = getattr(result, key)
                _check_value(key, 0 if found is None else found, wanted)
        case _:
            assert result is None


def _check_value(key: str, found: object, wanted: str | None) -> None:
    """Compare a figure of the account with the text of a case."""
    if isinstance(found, datetime):
        assert found.tzinfo is not None
        found = (found - EPOCH) // timedelta(microseconds=1)
    if wanted is None or isinstance(found, str):
        assert found == wanted, f"{key} is {found!r}, not {wanted!r}"
        return
    assert isinstance(found, int | Decimal), f"{key} is {found!r}, not {wanted}"
    assert found == Decimal(wanted), f"{key} is {found}, not {wanted}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.line}")
def test_case(case: Case, make_portfolio: Callable[..., op.Portfolio]) -> None:
    Runner(make_portfolio).run(case)


def test_backends_give_the_same_digests() -> None:
    backends = _chosen_backends()
    if len(backends) == 1:
        pytest.skip("the run is narrowed to one backend, which has nobody to agree with")
    compared = 0
    for case in CASES:
        runs = [
            Runner(lambda *args, name=name, **keys: op.Portfolio(*args, backend=name, **keys))
            for name in backends
        ]
        for step, digests in enumerate(zip_longest(*(runner.run(case) for runner in runs))):
            assert len(set(digests)) == 1, f"{case}, after statement {step + 1}: {digests}"
            compared += 1
    assert compared > 5 * CASES_MIN


def test_folder_was_read() -> None:
    assert len(FILES) == FILES_EXPECTED == len(list(SPEC_FOLDER.glob("*.txt")))
    assert all(FILES.values())
    assert len(CASES) >= CASES_MIN
    text = (SPEC_FOLDER / "refusals.txt").read_text(encoding="utf-8")
    assert len(FILES["refusals.txt"]) == len(re.findall(r"^case:", text, re.MULTILINE))


def test_each_refusal_has_a_case() -> None:
    shown = {
        statement.refusal.code
        for case in FILES["refusals.txt"]
        for statement in case.statements
        if statement.refusal
    }
    assert shown == set(op.errors.by_code) - CODES_WITHOUT_CASE


ACCOUNT = "case: x\naccount balance=100\n"
OPENED = ACCOUNT + "open A long size=1 price=10 time=0 -> 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "account balance=100",
        "case:\naccount balance=100",
        "case: x\naccount balance=100",
        "case: x\ndeposit 1 time=0",
        ACCOUNT + "account balance=100",
        "case: x\naccount balance=-1 -> error 4009 balance\ndeposit 1 time=0",
        "case: x\naccount currency=USD",
        ACCOUNT + "buy A size=1",
        ACCOUNT + "deposit 1 time=0 -> 1",
        ACCOUNT + "deposit 1",
        ACCOUNT + "deposit time=0",
        ACCOUNT + "deposit 1 2 time=0",
        ACCOUNT + "deposit time=0 1",
        ACCOUNT + "deposit 1 time=0 when=1",
        ACCOUNT + "deposit 1 time=0 time=0",
        ACCOUNT + "deposit 1 time=noon",
        ACCOUNT + "deposit 1 time=-",
        ACCOUNT + "open A long size=1 price=10 time=0",
        ACCOUNT + "open A long size=1 price=10 time=0 -> one",
        ACCOUNT + "open A long size= price=10 time=0 -> 1",
        ACCOUNT + "open A long size=1 price=10 time=0 -> error 4003",
        ACCOUNT + "open A long size=1 price=10 time=0 -> error size 4003",
        ACCOUNT + "open A long size=1 price=10 time=0 ->",
        ACCOUNT + "open A%2 long size=1 price=10 time=0 -> 1",
        ACCOUNT + "open A%FF long size=1 price=10 time=0 -> 1",
        ACCOUNT + "open A*0 long size=1 price=10 time=0 -> 1",
        ACCOUNT + "mark time=0 A",
        ACCOUNT + "mark time=0 A=1/2/3",
        ACCOUNT + "margin A size=1 -> 1",
        ACCOUNT + "margin size=1 price=1 -> 1",
        ACCOUNT + "margin A",
        ACCOUNT + "expect",
        ACCOUNT + "expect balance",
        ACCOUNT + "expect balance=",
        ACCOUNT + "expect balance=-",
        ACCOUNT + "expect balance=1e2",
        ACCOUNT + "expect money=100",
        ACCOUNT + "expect balance=100 balance=100",
        ACCOUNT + "expect balance=100 -> error 4001 balance",
        ACCOUNT + "expect digest=abc",
        OPENED + "row positions size=1",
        OPENED + "row positions 0 size=1",
        OPENED + "row orders 1 size=1",
        OPENED + "row positions 1",
        OPENED + "row positions 1 gross_pnl=1",
        OPENED + "close 1 price=10 time=1 -> profit=1",
    ],
)
def test_broken_files_are_refused(text: str) -> None:
    with pytest.raises(SpecFormatError):
        parse_text(text, "broken.txt")


@pytest.mark.parametrize(
    "line",
    [
        "expect balance=100.01",
        "expect margin_level=-",
        "expect time=-",
        "expect time=1",
        "expect positions=2",
        "expect events=3",
        f"expect digest={'0' * 64}",
        "row positions 1 size=2",
        "row positions 1 symbol=B",
        "row positions 1 entry_time=1",
        "row positions 2 size=1",
        "open A long size=1 price=10 time=0 -> 3",
        "open A long size=1 price=10 time=0 -> error 4003 size",
        "open A long size=0 price=10 time=0 -> 2",
        "open A long size=0 price=10 time=0 -> error 4005 size",
        "open A long size=0 price=10 time=0 -> error 4003 price",
        "close 1 price=10 time=0 -> gross_pnl=1",
        "close 1 price=10 time=0 -> stop_loss=1",
        "close 1 price=10 time=0 -> symbol=B",
        "margin A -> 11",
    ],
)
def test_wrong_figures_are_noticed(line: str, make_portfolio: Callable[..., op.Portfolio]) -> None:
    (case,) = parse_text(OPENED + line, "wrong.txt")
    with pytest.raises(AssertionError, match=r"^wrong\.txt:4:"):
        Runner(make_portfolio).run(case)
    (right,) = parse_text(OPENED + "expect balance=100.00 margin_used=10", "right.txt")
    Runner(make_portfolio).run(right)
