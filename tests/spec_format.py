"""Reads the case files of ``tests/spec``; ``tests/spec/README.md`` describes the format.

It checks the form of every line and knows nothing of a portfolio.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from spec_terms import (
    INTEGER,
    NOTHING,
    SpecFormatError,
    parse_groups,
    parse_terms,
    parse_time,
)
from spec_words import (
    EXPECT_KEYS,
    FORMS,
    HASH,
    NUMBER,
    OPTIONAL_KEYS,
    ROW_COLUMNS,
    TERM_KEYS,
    TEXT,
    TIME,
    TIME_KEYS,
    WHOLE,
    WHOLE_KEYS,
    Form,
)

SPEC_FOLDER = Path(__file__).parent / "spec"

DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
DIGEST = re.compile(r"[0-9a-f]{64}")
ENCODED = re.compile(r"([^%*=/]|%[0-9A-F]{2})*")
FLAGS = {"yes": True, "no": False}

Value = object  # None for "-", text, int for ids and times, a tuple of groups, terms as a dict


@dataclass(frozen=True)
class Quote:
    """One ``SYMBOL=`` of a line: a price, bid and ask, or open, high, low, close and a spread."""

    symbol: str
    numbers: tuple[str, ...]


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
    values: dict[str, Value]
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
    values = {key: _call_value(key, item) for key, item in zip(names, positional, strict=True)}
    quotes = _take_keys(values, pairs, form)
    if word == "margin" and "size" in values and "symbol" not in values:
        raise SpecFormatError("a margin of a size is of a symbol")
    if ("size" in values) != ("price" in values) and word == "margin":
        raise SpecFormatError("size and price stand together")
    result, refusal = _parse_outcome(outcome, form.result)
    return Statement(number, word, values, quotes, result, refusal)


def _take_keys(
    values: dict[str, Value], pairs: list[tuple[str, str]], form: Form
) -> tuple[Quote, ...]:
    """Move the keys of a line into ``values`` and give the quotes."""
    quotes: list[Quote] = []
    known = form.required + form.optional
    for key, value in pairs:
        if key in known:
            if key in values:
                raise SpecFormatError(f"{key} is given twice")
            values[key] = _call_value(key, value)
        elif form.quotes is not None:
            quotes.append(_parse_quote(key, value, form.quotes))
        else:
            raise SpecFormatError(f"unknown key {key!r}")
    missing = [key for key in form.required if values.get(key) is None]
    if missing:
        raise SpecFormatError(f"missing {', '.join(missing)}")
    return tuple(quotes)


def _call_value(key: str, word: str) -> Value:
    if not word:
        raise SpecFormatError("a value is not empty; - is nothing")
    if word == NOTHING:
        return None
    reader = READERS.get(key)
    return decode(word) if reader is None else reader(key, word)


def _whole(key: str, word: str) -> Value:
    if not INTEGER.fullmatch(word):
        raise SpecFormatError(f"{key}={word} is no integer")
    return int(word)


def _flag(key: str, word: str) -> Value:
    if word not in FLAGS:
        raise SpecFormatError(f"{key}={word} is not yes and not no")
    return FLAGS[word]


def _pair(key: str, word: str) -> Value:
    groups = parse_groups(word, 2)
    if len(groups) > 1:
        raise SpecFormatError(f"{key} is one pair of numbers")
    return groups[0]


# How the value of a key is read; all others are texts and numbers, which are handed over as text.
READERS: dict[str, Callable[[str, str], Value]] = {
    **dict.fromkeys(WHOLE_KEYS, _whole),
    **dict.fromkeys(TIME_KEYS, lambda _, word: parse_time(word)),
    **dict.fromkeys(TERM_KEYS, parse_terms),
    "inverse": _flag,
    "break_even": _pair,
    "targets": lambda _, word: parse_groups(word, 2),
}


def _parse_quote(symbol: str, value: str, counts: tuple[int, int]) -> Quote:
    numbers = tuple(decode(part) or "" for part in value.split("/"))
    if not counts[0] <= len(numbers) <= counts[1]:
        raise SpecFormatError(f"{value!r} is not {counts[0]} or {counts[1]} prices")
    return Quote(decode(symbol) or "", numbers)


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
    if result == "count":
        if len(words) != 1 or not words[0].startswith("trades="):
            raise SpecFormatError("the result is trades=N")
        words = [words[0].removeprefix("trades=")]
    pattern = DECIMAL if result == "amount" else INTEGER
    if len(words) != 1 or not pattern.fullmatch(words[0]):
        raise SpecFormatError(f"the result is one {result}")
    return {result: words[0]}, None


def _parse_expect(words: list[str], number: int) -> Statement:
    values = _expectations(words[1:], EXPECT_KEYS)
    if not values:
        raise SpecFormatError("expect compares something")
    return Statement(number, "expect", dict(values))


def _parse_row(words: list[str], number: int) -> Statement:
    if len(words) < 4 or words[1] not in ROW_COLUMNS or not re.fullmatch(r"[1-9]\d*", words[2]):
        raise SpecFormatError("a row is: row TABLE N key=value...")
    values = _expectations(words[3:], ROW_COLUMNS[words[1]])
    return Statement(number, "row", dict(values), table=words[1], row=int(words[2]))


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
        absent = value == NOTHING and key in OPTIONAL_KEYS
        if kinds[key] == TIME and not absent:
            values[key] = str(parse_time(value))
            continue
        pattern = {NUMBER: DECIMAL, WHOLE: INTEGER, TIME: INTEGER, HASH: DIGEST}[kinds[key]]
        if not absent and not pattern.fullmatch(value):
            raise SpecFormatError(f"{key}={value} is no {kinds[key]}")
        values[key] = None if absent else value
    return values
