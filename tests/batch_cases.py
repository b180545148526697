"""Reads the case files of ``tests/spec/batch``; the ``README.md`` there is the format."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl

BATCH_FOLDER: Final = Path(__file__).parent / "spec" / "batch"
WORDS: Final = ("settings", "instrument", "bars", "orders", "params", "expect", "refused")
TABLES: Final = ("equity", "trades", "metrics", "final", "rejected")
DIGITS: Final = pl.Decimal(38, 9)
KINDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("time", "exit_time", "expiry"), pl.Int64),
    "run_id": pl.UInt32,
    "if_flat": pl.Boolean,
    **dict.fromkeys(("symbol", "action", "side", "size_rule", "type", "targets"), pl.String),
    **dict.fromkeys(("oco", "tag", "mode", "path", "fill", "label"), pl.String),
}
"""Types of the columns that are not numbers."""

WHOLE: Final = ("price_decimals", "size_decimals")


@dataclass(frozen=True)
class Block:
    """A line that is not indented, and the words of the lines below it."""

    line: int
    words: tuple[str, ...]
    rows: list[list[str]] = field(default_factory=list)

    def pairs(self, skip: int) -> dict[str, Any]:
        """Give ``key=value`` as arguments of a call."""
        found: dict[str, Any] = {}
        for word in self.words[skip:]:
            key, equals, value = word.partition("=")
            if not equals or key in found:
                raise ValueError(f"line {self.line}: {word}")
            found[key] = int(value) if key in WHOLE else value
        return found

    def frame(self) -> pl.DataFrame:
        """Give the rows as a frame."""
        names, *rows = self.rows
        columns = {}
        for place, name in enumerate(names):
            kind = KINDS.get(name, DIGITS)
            cells = [_cell(row[place], kind) for row in rows]
            columns[name] = pl.Series(name, cells, kind)
        return pl.DataFrame(columns)


@dataclass(frozen=True)
class Case:
    """One batch."""

    file: str
    line: int
    name: str
    blocks: list[Block] = field(default_factory=list)

    def all(self, word: str) -> list[Block]:
        """Give the blocks of a word."""
        return [block for block in self.blocks if block.words[0] == word]

    def frame(self, word: str) -> pl.DataFrame | None:
        """Give a frame, if the case has it."""
        found = self.all(word)
        return found[0].frame() if found else None


def _cell(word: str, kind: Any) -> Any:
    if word == "-":
        return None
    if kind is pl.Boolean:
        return {"true": True, "false": False}[word]
    if kind is pl.String:
        return word
    return Decimal(word) if kind == DIGITS else int(word)


def load_cases() -> dict[str, list[Case]]:
    """Read all files by name; names of cases are unique."""
    files = {
        path.name: parse_cases(path.read_text(encoding="utf-8"), path.name)
        for path in sorted(BATCH_FOLDER.glob("*.txt"))
    }
    names = [case.name for cases in files.values() for case in cases]
    if len(names) != len(set(names)):
        raise ValueError("a name is used twice")
    return files


def parse_cases(text: str, file: str) -> list[Case]:
    """Read the text of a file."""
    cases: list[Case] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = re.split(r"(?:^| )#", line)[0].split()
        if not words:
            continue
        if words[0] == "case:":
            cases.append(Case(file, number, " ".join(words[1:])))
        elif line.startswith(" "):
            cases[-1].blocks[-1].rows.append(words)
        elif words[0] in WORDS:
            cases[-1].blocks.append(Block(number, tuple(words)))
        else:
            raise ValueError(f"{file}:{number}: unknown block {words[0]}")
    return cases


def shown(table: pl.DataFrame, columns: list[str]) -> list[list[str]]:
    """Write a table as a case file does."""
    return [[_text(cell) for cell in row] for row in table.select(columns).rows()]


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    if cell == "" and isinstance(cell, str):
        return "''"
    if isinstance(cell, Decimal):
        # A context of Decimal rounds, a text does not.
        text = format(cell, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(cell, float):
        return repr(cell).removesuffix(".0")
    if isinstance(cell, datetime):
        return str((cell - datetime.fromtimestamp(0, cell.tzinfo)) // timedelta(microseconds=1))
    return str(cell)
