"""Reads the case files of ``tests/spec``; ``tests/spec/README.md`` describes the format.

It checks the form of every line and knows nothing of a portfolio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

SPEC_FOLDER = Path(__file__).parent / "spec"
NOTHING = "-"

DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
INTEGER = re.compile(r"-?[0-9]+")
DIGEST = re.compile(r"[0-9a-f]{64}")
ENCODED = re.compile(r"([^%*=/]|%[0-9A-F]{2})*")

# Kinds of a value. A "number" is text for a call and an exact decimal in an expectation.
NUMBER, WHOLE, TEXT, HASH = "number", "whole", "text", "hash"

ROW_COLUMNS: dict[str, dict[str, str]] = {
    "equity": {
        "time": WHOLE,
        "equity": NUMBER,
        "balance": NUMBER,
        "unrealized_pnl": NUMBER,
        "margin_used": NUMBER,
        "gross_exposure": NUMBER,
        "net_exposure": NUMBER,
    },
    "trades": {
        "trade_id": WHOLE,
        "position_id": WHOLE,
        "symbol": TEXT,
        "side": TEXT,
        "size": NUMBER,
        "entry_time": WHOLE,
        "entry_price": NUMBER,
        "exit_time": WHOLE,
        "exit_price": NUMBER,
        "gross_pnl": NUMBER,
        "entry_fee": NUMBER,
        "exit_fee": NUMBER,
        "net_pnl": NUMBER,
        "cost": NUMBER,
        "mae": NUMBER,
        "mfe": NUMBER,
        "stop_loss": NUMBER,
        "take_profit": NUMBER,
        "tag": TEXT,
        "reason": TEXT,
    },
    "ledger": {
        "event": WHOLE,
        "time": WHOLE,
        "kind": TEXT,
        "symbol": TEXT,
        "position_id": WHOLE,
        "amount": NUMBER,
        "balance": NUMBER,
    },
    "positions": {
        "position_id": WHOLE,
        "symbol": TEXT,
        "side": TEXT,
        "size": NUMBER,
        "entry_time": WHOLE,
        "entry_price": NUMBER,
        "stop_loss": NUMBER,
        "take_profit": NUMBER,
        "mark_price": NUMBER,
        "cost": NUMBER,
        "unrealized_pnl": NUMBER,
        "margin": NUMBER,
        "entry_fee": NUMBER,
        "tag": TEXT,
    },
}

EXPECT_KEYS: dict[str, str] = {
    "balance": NUMBER,
    "equity": NUMBER,
    "unrealized_pnl": NUMBER,
    "realized_pnl": NUMBER,
    "margin_used": NUMBER,
    "free_margin": NUMBER,
    "margin_level": NUMBER,
    "time": WHOLE,
    "events": WHOLE,
    "digest": HASH,
    "positions": WHOLE,
    "trades": WHOLE,
    "ledger": WHOLE,
    "equity_rows": WHOLE,
}

# The keys of an expectation whose value may be "-"; a text column may always be empty.
OPTIONAL_KEYS = {"margin_level", "time"}


@dataclass(frozen=True)
class Form:
    """What may stand on a line that starts with a given word."""

    names: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    quotes: bool = False
    result: str = "nothing"


FORMS: dict[str, Form] = {
    "account": Form(required=("balance",), optional=("currency", "leverage", "mode", "floats")),
    "instrument": Form(
        names=("symbol",),
        optional=(
            "price_decimals",
            "size_decimals",
            "contract_size",
            "quote_currency",
            "leverage",
        ),
    ),
    "open": Form(
        names=("symbol", "side"),
        required=("size", "price", "time"),
        optional=("stop_loss", "take_profit", "fee", "tag", "position_id"),
        result="id",
    ),
    "close": Form(
        names=("position_id",),
        required=("price", "time"),
        optional=("size", "fee", "reason"),
        result="trade",
    ),
    "modify": Form(
        names=("position_id",), required=("time",), optional=("stop_loss", "take_profit")
    ),
    "mark": Form(optional=("time",), quotes=True),
    "update_equity": Form(required=("time",), quotes=True),
    "fee": Form(names=("amount",), required=("time",), optional=("position_id",)),
    "deposit": Form(names=("amount",), required=("time",)),
    "withdraw": Form(names=("amount",), required=("time",)),
    "margin": Form(optional=("size", "price"), result="amount"),
}

WHOLE_KEYS = {"time", "position_id", "price_decimals", "size_decimals"}


class SpecFormatError(ValueError):
    """A case file breaks the format."""


@dataclass(frozen=True)
class Quote:
    """One ``SYMBOL=BID/ASK`` or ``SYMBOL=PRICE`` of a line; ``ask`` is None for one price."""

    symbol: str
    bid: str
    ask: str | None


@dataclass(frozen=True)
class Refusal:
    """What stands after ``-> error``."""

    code: int
    argument: str


@dataclass(frozen=True)
class Statement:
    """One line: ``values`` holds positional names and keys, decoded, None for ``-``."""

    line: int
    word: str
    values: dict[str, str | None]
    quotes: tuple[Quote, ...] = ()
    result: dict[str, str | None] = field(default_factory=dict)
    refusal: Refusal | None = None
    table: str = ""
    row: int = 0


@dataclass(frozen=True)
class Case:
    """One story: a name and its statements in order."""

    file: str
    line: int
    name: str
    statements: tuple[Statement, ...]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name}"


def decode(word: str) -> str | None:
    """Give the text that a value stands for; None for ``-``."""
    if not word:
        raise SpecFormatError("a value is not empty; - is nothing")
    if word == NOTHING:
        return None
    text, star, count = word.partition("*")
    if not ENCODED.fullmatch(text) or (star and not re.fullmatch(r"[1-9][0-9]*", count)):
        raise SpecFormatError(f"value {word!r} is not encoded as the format says")
    decoded = unquote(text, encoding="utf-8", errors="strict")
    return decoded * int(count) if star else decoded


def load_cases(folder: Path = SPEC_FOLDER) -> dict[str, list[Case]]:
    """Parse all case files; the keys are the file names, names of cases are unique."""
    files = {path.name: parse_file(path) for path in sorted(folder.glob("*.txt"))}
    seen: dict[str, Case] = {}
    for case in (case for cases in files.values() for case in cases):
        if case.name in seen:
            raise SpecFormatError(f"{case} and {seen[case.name]} have the same name")
        seen[case.name] = case
    return files


def parse_file(path: Path) -> list[Case]:
    """Parse one case file."""
    return parse_text(path.read_text(encoding="utf-8"), path.name)


def parse_text(text: str, file: str) -> list[Case]:
    """Parse the text of a case file; ``file`` is its name for messages."""
    cases: list[Case] = []
    for number, line in enumerate(text.split("\n"), start=1):
        words = _words(line)
        if not words:
            continue
        try:
            if words[0] == "case:":
                cases.append(Case(file, number, _case_name(words), ()))
            elif not cases:
                raise SpecFormatError("the first statement of a file is a case")
            else:
                cases[-1] = _append(cases[-1], _parse_line(words, number))
        except (SpecFormatError, UnicodeDecodeError) as error:
            raise SpecFormatError(f"{file}:{number}: {error}") from error
    for case in cases:
        if len(case.statements) < 2 and not _is_refused(case):
            raise SpecFormatError(f"{case}: a case does something")
    return cases


def _words(line: str) -> list[str]:
    words = [word for word in line.split(" ") if word]
    comment = next((i for i, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:comment]


def _case_name(words: list[str]) -> str:
    if len(words) == 1:
        raise SpecFormatError("a case has a name")
    return " ".join(words[1:])


def _is_refused(case: Case) -> bool:
    return any(statement.refusal for statement in case.statements)


def _append(case: Case, statement: Statement) -> Case:
    first = not case.statements
    if first != (statement.word == "account"):
        raise SpecFormatError("a case has one account, as its first statement")
    if len(case.statements) == 1 and _is_refused(case):
        raise SpecFormatError("nothing follows a refused account")
    return Case(case.file, case.line, case.name, (*case.statements, statement))


def _parse_line(words: list[str], number: int) -> Statement:
    call, outcome = _split_outcome(words)
    word = call[0]
    if word in ("expect", "row"):
        if outcome:
            raise SpecFormatError(f"{word} has no result")
        return _parse_expect(call, number) if word == "expect" else _parse_row(call, number)
    if word not in FORMS:
        raise SpecFormatError(f"unknown statement {word!r}")
    form = FORMS[word]
    positional = [item for item in call[1:] if "=" not in item]
    pairs = [item.partition("=")[::2] for item in call[1:] if "=" in item]
    if any("=" not in item for item in call[1 + len(positional) :]):
        raise SpecFormatError("names stand before the keys")
    names = ("symbol",) if word == "margin" and positional else form.names
    if len(positional) != len(names):
        raise SpecFormatError(f"{word} takes {len(names)} names, not {len(positional)}")
    values = dict(
        zip(
            names, [_call_value(*item) for item in zip(names, positional, strict=True)], strict=True
        )
    )
    quotes = _take_keys(values, pairs, form)
    if word == "margin" and "size" in values and "symbol" not in values:
        raise SpecFormatError("a margin of a size is of a symbol")
    if ("size" in values) != ("price" in values) and word == "margin":
        raise SpecFormatError("size and price stand together")
    result, refusal = _parse_outcome(outcome, form.result)
    return Statement(number, word, values, quotes, result, refusal)


def _take_keys(
    values: dict[str, str | None], pairs: list[tuple[str, str]], form: Form
) -> tuple[Quote, ...]:
    """Move the keys of a line into ``values`` and give the quotes."""
    quotes: list[Quote] = []
    known = form.required + form.optional
    for key, value in pairs:
        if key in known:
            if key in values:
                raise SpecFormatError(f"{key} is given twice")
            values[key] = _call_value(key, value)
        elif form.quotes:
            quotes.append(_parse_quote(key, value))
        else:
            raise SpecFormatError(f"unknown key {key!r}")
    missing = [key for key in form.required if values.get(key) is None]
    if missing:
        raise SpecFormatError(f"missing {', '.join(missing)}")
    return tuple(quotes)


def _call_value(key: str, word: str) -> str | None:
    if key in WHOLE_KEYS and word != NOTHING and not INTEGER.fullmatch(word):
        raise SpecFormatError(f"{key}={word} is no integer")
    return decode(word)


def _parse_quote(symbol: str, value: str) -> Quote:
    parts = [decode(part) or "" for part in value.split("/")]
    if len(parts) > 2:
        raise SpecFormatError(f"{value!r} is no price and no bid/ask")
    return Quote(decode(symbol) or "", parts[0], parts[1] if len(parts) == 2 else None)


def _split_outcome(words: list[str]) -> tuple[list[str], list[str]]:
    if "->" not in words:
        return words, []
    at = words.index("->")
    if at in (0, len(words) - 1):
        raise SpecFormatError("a result stands between a call and the end of its line")
    return words[:at], words[at + 1 :]


def _parse_outcome(words: list[str], result: str) -> tuple[dict[str, str | None], Refusal | None]:
    if words and words[0] == "error":
        if len(words) != 3 or not re.fullmatch(r"[0-9]{4}", words[1]):
            raise SpecFormatError("a refusal is: -> error CODE ARGUMENT")
        return {}, Refusal(int(words[1]), words[2])
    if result == "trade":
        return _expectations(words, ROW_COLUMNS["trades"]), None
    if result == "nothing":
        if words:
            raise SpecFormatError("this call gives nothing back")
        return {}, None
    pattern = INTEGER if result == "id" else DECIMAL
    if len(words) != 1 or not pattern.fullmatch(words[0]):
        raise SpecFormatError(f"the result is one {result}")
    return {result: words[0]}, None


def _parse_expect(words: list[str], number: int) -> Statement:
    values = _expectations(words[1:], EXPECT_KEYS)
    if not values:
        raise SpecFormatError("expect compares something")
    return Statement(number, "expect", values)


def _parse_row(words: list[str], number: int) -> Statement:
    if len(words) < 4 or words[1] not in ROW_COLUMNS or not re.fullmatch(r"[1-9]\d*", words[2]):
        raise SpecFormatError("a row is: row TABLE N key=value...")
    values = _expectations(words[3:], ROW_COLUMNS[words[1]])
    return Statement(number, "row", values, table=words[1], row=int(words[2]))


def _expectations(words: list[str], kinds: dict[str, str]) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for key, equals, value in (word.partition("=") for word in words):
        if not equals or key not in kinds:
            raise SpecFormatError(f"unknown key {key!r}")
        if key in values:
            raise SpecFormatError(f"{key} is given twice")
        if kinds[key] == TEXT:
            values[key] = decode(value) or ""
            continue
        pattern = {NUMBER: DECIMAL, WHOLE: INTEGER, HASH: DIGEST}[kinds[key]]
        absent = value == NOTHING and key in OPTIONAL_KEYS
        if not absent and not pattern.fullmatch(value):
            raise SpecFormatError(f"{key}={value} is no {kinds[key]}")
        values[key] = None if absent else value
    return values
