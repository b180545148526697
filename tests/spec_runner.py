"""Runs one case of ``tests/spec`` on a portfolio; ``spec/README.md`` is the format."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import omega_portfolio as op
from account_picture import MONEY, TABLES, assert_identity, picture
from spec_format import Case, Quote, Refusal, Statement
from spec_terms import EPOCH
from spec_words import ROW_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = {
    "instrument": "register_instrument",
    "open": "open_position",
    "close": "close_position",
    "close_by": "close_by",
    "modify": "modify_position",
    "order": "place_order",
    "cancel": "cancel_order",
    "mark": "mark",
    "update_equity": "update_equity",
    "quotes": "process_quotes",
    "bar": "process_bar",
    "fee": "charge_fee",
    "deposit": "deposit",
    "withdraw": "withdraw",
    "convert": "convert_cash",
    "charge_swap": "charge_swap",
    "rollover": "rollover",
    "dividend": "dividend",
    "split": "split",
    "margin": "calculate_margin",
}
# What the keyword of a quote is called in the calls that take quotes.
QUOTES = {"mark": "prices", "update_equity": "prices", "quotes": "quotes", "bar": "bars"}
NAMES_OF_BAR = ("open", "high", "low", "close", "spread")
TERMS = {"margin": "Margin", "commission": "Commission", "slippage": "Slippage", "swap": "Swap"}
TEXT_KEYS = {"symbol", "side", "tag", "reason", "oco", "from_currency", "to_currency"}
ALL_TABLES: dict[str, Callable[[op.Portfolio], op.Table]] = {
    **TABLES,
    "cash": lambda portfolio: portfolio.get_cash(exact=True),
    "cash_ledger": lambda portfolio: portfolio.get_cash_ledger(exact=True),
    "margin": lambda portfolio: portfolio.get_margin(exact=True),
    "orders": lambda portfolio: portfolio.get_orders(exact=True),
    "activity": lambda portfolio: portfolio.get_activity(exact=True),
    "fills": lambda portfolio: portfolio.get_fills(exact=True),
    "attribution": lambda portfolio: portfolio.attribution(exact=True),
}
# The tables whose numbers of rows a case may expect, and what the key is called.
COUNTS = {
    "positions": "positions",
    "trades": "trades",
    "ledger": "ledger",
    "equity_rows": "equity",
    "cash": "cash",
    "cash_ledger": "cash_ledger",
    "margin_rows": "margin",
    "orders": "orders",
    "activity": "activity",
    "fills": "fills",
}
SCALARS = {"ambiguous": "ambiguous_count", "rounded": "rounded_count", "residue": "residue"}
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
        before = None if self.portfolio is None else _everything(self.portfolio)
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
            assert _everything(self.portfolio) == before, "the refused call left a trace"

    def _call(self, statement: Statement) -> object:
        arguments = _arguments(statement)
        if statement.word == "account":
            self.portfolio = self.make_portfolio(arguments.pop("balance"), **arguments)
            return None
        if statement.word in QUOTES:
            arguments[QUOTES[statement.word]] = _quotes(statement.quotes)
        if statement.word == "instrument":
            for term, name in TERMS.items():
                if term in arguments:
                    arguments[term] = getattr(op, name)(**arguments[term])
            arguments = {"instrument": op.Instrument(**arguments)}
        return getattr(self.portfolio, METHODS[statement.word])(**arguments)


def _everything(portfolio: op.Portfolio) -> dict[str, object]:
    """Give the picture, with the tables and figures that it does not name."""
    lengths = {f"rows of {name}": len(read(portfolio)) for name, read in ALL_TABLES.items()}
    scalars = {name: getattr(portfolio, name) for name in SCALARS.values()}
    return {**picture(portfolio), **lengths, **scalars}


def _arguments(statement: Statement) -> dict[str, Any]:
    """Give the keyword arguments of a call; only those of `modify` can be None."""
    arguments: dict[str, Any] = {}
    for key, value in statement.values.items():
        if value is None and key in TEXT_KEYS:
            arguments[key] = ""
        elif value is not None or statement.word == "modify":
            arguments[key] = value
    return arguments


def _quotes(quotes: tuple[Quote, ...]) -> Any:
    """Give a mapping, or a frame for quotes that a mapping cannot hold."""
    symbols = [quote.symbol for quote in quotes]
    if len(set(symbols)) == len(symbols):
        return {
            quote.symbol: quote.numbers if len(quote.numbers) > 1 else quote.numbers[0]
            for quote in quotes
        }
    import pyarrow as pa

    of_bars = len(quotes[0].numbers) > 2
    names = NAMES_OF_BAR if of_bars else ("bid", "ask")
    columns: dict[str, Any] = {"symbol": pa.array(symbols, pa.string())}
    for place, name in enumerate(names):
        # What is left out of a bar is its spread, and of a quote an ask that is the bid.
        numbers = [
            (*quote.numbers, "0" if of_bars else quote.numbers[0])[place] for quote in quotes
        ]
        columns[name] = pa.array([Decimal(number) for number in numbers], pa.decimal128(38, 9))
    return pa.table(columns)


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


def _check_expect(portfolio: op.Portfolio, values: dict[str, Any]) -> None:
    state = portfolio.get_state()
    assert state.positions.columns == list(ROW_COLUMNS["positions"])
    for key, wanted in values.items():
        if key in COUNTS:
            _check_value(key, len(ALL_TABLES[COUNTS[key]](portfolio)), wanted)
        elif key in SCALARS:
            _check_value(key, getattr(portfolio, SCALARS[key]), wanted)
        elif key == "digest":
            assert portfolio.digest == wanted, f"digest is {portfolio.digest}, not {wanted}"
        else:
            _check_value(key, getattr(portfolio, key), wanted)
            assert getattr(state, key) == getattr(portfolio, key), f"the state differs in {key}"


def _check_row(portfolio: op.Portfolio, statement: Statement) -> None:
    table = ALL_TABLES[statement.table](portfolio)
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
        case "open" | "order":
            assert type(result) is int
            _check_value("id", result, statement.result["id"])
        case "quotes" | "bar":
            assert isinstance(result, list)
            _check_value("trades", len(result), statement.result["count"])
        case "close_by":
            assert isinstance(result, tuple)
            assert [trade.reason for trade in result] == ["close_by", "close_by"]
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
