"""Omega Portfolio as an engine of the conformance cases: the example of an adapter.

``Rust`` and ``Python`` are its two backends. As a program it speaks JSON lines::

    python conformance/run.py --program "python conformance/adapters/omega.py rust"
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import omega_portfolio as op
from adapter import AbsentError, Json, RefusedError, Stepwise, serve

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
METHODS: Final = {
    "open": "open_position",
    "close": "close_position",
    "modify": "modify_position",
    "order": "place_order",
    "cancel": "cancel_order",
    "quotes": "process_quotes",
    "bar": "process_bar",
    "fee": "charge_fee",
    "convert": "convert_cash",
    "margin": "calculate_margin",
}
"""The calls that have another name; of all others the words are the names."""

PRICES: Final = {"mark": "prices", "update_equity": "prices", "quotes": "quotes", "bar": "bars"}
TERMS: Final = {
    "margin": "Margin",
    "commission": "Commission",
    "slippage": "Slippage",
    "swap": "Swap",
}
WHOLE: Final = {
    "position_id", "other_id", "order_id", "price_decimals", "size_decimals", "multiplier",
    "numerator", "denominator",
}  # fmt: skip
TIMES: Final = {"time", "exit_time", "expiry", "pay_time"}
COUNTS: Final = ("positions", "trades", "ledger", "cash", "cash_ledger", "orders", "activity")
RENAMED: Final = {"ambiguous": "ambiguous_count", "rounded": "rounded_count"}
LENGTHS: Final = {
    **{name: name for name in (*COUNTS, "fills")},
    "equity_rows": "equity",
    "margin_rows": "margin",
}


class Omega(Stepwise):
    """One of the backends."""

    backend = ""

    def hello(self) -> Json:
        """Say who answers."""
        name = f"omega-portfolio {self.backend}"
        return {"engine": name, "version": version("omega-portfolio"), "numbers": "exact"}

    def begin(self, case: Json) -> None:  # noqa: ARG002
        """Forget the account of the case before."""
        self._portfolio: Any = None

    def call(self, word: str, arguments: Json, quotes: list[Json], ask: list[str]) -> Json:
        """Make a call of the public interface."""
        given = {key: _value(key, value) for key, value in arguments.items()}
        if word in PRICES:
            given[PRICES[word]] = _prices(quotes)
        try:
            result = self._made(word, given)
        except op.OmegaPortfolioError as error:
            raise RefusedError(str(error.code), error.argument, str(error)) from error
        if word in ("open", "order"):
            return {"id": str(result)}
        if word in ("quotes", "bar"):
            return {"trades": str(len(result))}
        if word == "margin":
            return {"amount": _text(result)}
        return {key: _text(getattr(result, key)) for key in ask}

    def _made(self, word: str, given: Json) -> Any:
        if word == "account":
            balance = given.pop("balance")
            self._portfolio = op.Portfolio(balance, backend=self.backend, **given)
            return None
        if word == "instrument":
            for term, name in TERMS.items():
                if term in given:
                    given[term] = getattr(op, name)(**given[term])
            return self._portfolio.register_instrument(op.Instrument(**given))
        return getattr(self._portfolio, METHODS.get(word, word))(**given)

    def check(self, table: str, row: int, ask: list[str]) -> Json:
        """Read figures of the account, or a row of an exact table."""
        if table == "account":
            return {key: self._figure(key) for key in ask}
        found = _table(self._portfolio, table)
        if row > len(found):
            raise AbsentError(f"it has {len(found)} rows")
        cells = found.to_pyarrow().slice(row - 1, 1)
        return {key: _cell(key, cells.column(key)) for key in ask}

    def _figure(self, key: str) -> str | None:
        if key in LENGTHS:
            return str(len(_table(self._portfolio, LENGTHS[key])))
        value = getattr(self._portfolio, RENAMED.get(key, key))
        return None if value is None else _text(value)

    def after(self) -> Json:
        """Give what has to add up, and the digest."""
        if self._portfolio is None:
            return {}
        names = ("balance", "unrealized_pnl", "equity")
        figures = {name: _text(getattr(self._portfolio, name)) for name in names}
        more = (self._portfolio.margin_used, self._portfolio.time, self._portfolio.events)
        return figures | {"state": f"{self._portfolio.digest} {figures} {more}"}

    def end(self) -> None:
        """Let the account verify itself."""
        if self._portfolio is not None:
            self._portfolio.verify()


class Rust(Omega):
    """The compiled backend."""

    backend = "rust"


class Python(Omega):
    """The backend of plain Python integers."""

    backend = "python"


def _value(key: str, value: Any) -> Any:
    """Give an argument: whole numbers and times as integers, all other numbers as text."""
    if isinstance(value, dict):
        return {name: _part(name, each) for name, each in value.items()}
    if value is not None and key in WHOLE | TIMES:
        return int(value)
    return value


def _part(name: str, value: Any) -> Any:
    if name in {"seed", "day_count"}:
        return int(value)
    return tuple(int(each) for each in value) if name == "multipliers" else value


def _prices(quotes: list[Json]) -> Any:
    """Give a mapping of prices, or a frame when a symbol stands twice."""
    symbols = [quote["symbol"] for quote in quotes]
    numbers = [tuple(quote[key] for key in quote if key != "symbol") for quote in quotes]
    if len(set(symbols)) == len(symbols):
        pairs = zip(symbols, numbers, strict=True)
        return {symbol: found if len(found) > 1 else found[0] for symbol, found in pairs}
    import pyarrow as pa

    of_bars = "open" in quotes[0]
    names = ("open", "high", "low", "close", "spread") if of_bars else ("bid", "ask")
    columns = {"symbol": pa.array(symbols, pa.string())}
    for place, name in enumerate(names):
        # What is left out of a bar is its spread, and of a quote an ask that is the bid.
        full = [(*found, "0" if of_bars else found[0])[place] for found in numbers]
        columns[name] = pa.array([Decimal(each) for each in full], pa.decimal128(38, 9))
    return pa.table(columns)


def _table(portfolio: Any, name: str) -> Any:
    if name == "attribution":
        return portfolio.attribution(exact=True)
    method = "get_equity_curve" if name == "equity" else f"get_{name}"
    return getattr(portfolio, method)(exact=True)


def _cell(key: str, column: Any) -> str | None:
    """Give a cell: a time that is not there is nothing, a level or a fee that is not is 0."""
    if not key.endswith("time"):
        return _text(column[0].as_py())
    found = column.cast("int64")[0].as_py()
    return None if found is None else str(found)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        value = (value - EPOCH) // timedelta(microseconds=1)
    if isinstance(value, Decimal):
        return format(value, "f")
    return "0" if value is None else str(value)


if __name__ == "__main__":
    serve({"rust": Rust, "python": Python}[sys.argv[1]]())
