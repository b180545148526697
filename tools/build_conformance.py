"""Publish the cases of ``tests/spec`` as data, for engines of any language.

Usage::

    python tools/build_conformance.py [--check]

It writes ``cases.json``, ``cases.arrow`` and ``schema.json`` into ``conformance/``; the page there
says how they are read. The same case files give the same documents. With ``--check`` nothing is
written, and exit code 1 says that the folder is not what the case files make.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))

import spec_words as words  # noqa: E402
from conformance_features import FEATURES, features_of  # noqa: E402
from conformance_schema import schema  # noqa: E402
from spec_format import SPEC_FOLDER as CASE_FOLDER  # noqa: E402
from spec_format import Case, Quote, Statement, load_cases  # noqa: E402

FOLDER: Final = ROOT / "conformance"
NAME: Final = "omega-portfolio conformance cases"
VERSION: Final = 1
LICENCE: Final = "Apache-2.0"

TEXT_KEYS: Final = {
    "symbol", "side", "tag", "reason", "oco", "from_currency", "to_currency", "currency", "mode",
    "floats", "rounding", "off_grid", "path", "pivot", "quote_currency", "base_currency", "type",
    "kind",
}  # fmt: skip
EMPTY_TEXTS: Final = {"symbol", "side", "tag", "reason", "oco", "from_currency", "to_currency"}
RULES: Final = re.compile(r"(?:[A-Z][0-9]+ )+")
HEADING: Final = re.compile(r"## [0-9]+ (.+)")
RULE: Final = re.compile(r"- \*\*([A-Z])[0-9]+\*\*")
NAMES_OF_BAR: Final = ("open", "high", "low", "close", "spread")


def kind_of(key: str) -> str:
    """Say what the value of an argument is."""
    if key in words.TERM_KEYS:
        return "terms"
    if key in words.WHOLE_KEYS:
        return words.WHOLE
    if key in words.TIME_KEYS:
        return words.TIME
    if key in TEXT_KEYS:
        return words.TEXT
    return {"inverse": "flag", "break_even": "pair", "targets": "pairs"}.get(key, words.NUMBER)


def plain(value: object) -> Any:
    """Write a value with texts for all numbers; null is nothing."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    raise TypeError(f"{value!r} has no form")


def arguments_of(statement: Statement) -> dict[str, Any]:
    """Give the arguments of a call: what is not given is left out, but in a modify."""
    found = {}
    for key, value in statement.values.items():
        if value is None and key in EMPTY_TEXTS:
            found[key] = ""
        elif value is not None or statement.word == "modify":
            found[key] = plain(value)
    return found


def quote_of(quote: Quote) -> dict[str, str]:
    """Give the prices of a symbol with their names."""
    numbers = quote.numbers
    names = {1: ("price",), 2: ("bid", "ask")}.get(len(numbers), NAMES_OF_BAR)
    return {"symbol": quote.symbol} | dict(zip(names, numbers, strict=False))


def statement_of(statement: Statement) -> dict[str, Any]:
    """Give a statement as an object."""
    if statement.word == "expect":
        return {"check": "account", "expected": plain(statement.values)}
    if statement.word == "row":
        row = str(statement.row)
        return {"check": statement.table, "row": row, "expected": plain(statement.values)}
    found: dict[str, Any] = {"call": statement.word, "arguments": arguments_of(statement)}
    if words.FORMS[statement.word].quotes is not None:
        found["quotes"] = [quote_of(quote) for quote in statement.quotes]
    if statement.refusal is not None:
        refusal = statement.refusal
        return found | {"refusal": {"code": str(refusal.code), "argument": refusal.argument}}
    names = {"count": "trades"}
    result = {names.get(key, key): value for key, value in statement.result.items()}
    return found | ({"result": result} if result else {})


def case_of(case: Case) -> dict[str, Any]:
    """Give a case as an object."""
    matched = RULES.match(case.name + " ")
    slug = re.sub(r"[^a-z0-9]+", "-", case.name.lower()).strip("-")
    return {
        "id": f"{case.file.removesuffix('.txt')}/{slug}",
        "name": case.name,
        "file": f"tests/spec/{case.file}",
        "line": str(case.line),
        "rules": matched[0].split() if matched else [],
        "features": features_of(case),
        "statements": [statement_of(statement) for statement in case.statements],
    }


def document() -> dict[str, Any]:
    """Make the whole document.

    Raises
    ------
    ValueError
        Two cases have one id.
    """
    files = load_cases()
    cases = [case_of(case) for found in files.values() for case in found]
    if len({case["id"] for case in cases}) != len(cases):
        raise ValueError("two cases have one id")
    sources = [
        {
            "file": f"tests/spec/{name}",
            "cases": str(len(found)),
            "sha256": hashlib.sha256((CASE_FOLDER / name).read_bytes()).hexdigest(),
        }
        for name, found in files.items()
    ]
    needed = {feature for case in cases for feature in case["features"]}
    return {
        "format": NAME,
        "version": str(VERSION),
        "licence": LICENCE,
        "rules": "SPEC.md",
        "rule_groups": rule_groups(),
        "generated_from": sources,
        "features": {name: text for name, text in FEATURES.items() if name in needed},
        "calls": {name: call_of(form) for name, form in words.FORMS.items()},
        "account": words.EXPECT_KEYS,
        "tables": words.ROW_COLUMNS,
        "cases": cases,
    }


def rule_groups() -> dict[str, str]:
    """Give the letters of the rules with the title of the section where each first stands."""
    found: dict[str, str] = {}
    title = ""
    for line in (ROOT / "SPEC.md").read_text(encoding="utf-8").splitlines():
        heading, rule = HEADING.match(line), RULE.match(line)
        title = heading[1] if heading else title
        if rule:
            found.setdefault(rule[1], title)
    return found


def call_of(form: words.Form) -> dict[str, Any]:
    """Say which arguments a call has, of which kind, and what it gives back."""
    keys = (*form.names, *form.required, *form.optional)
    needed = [*form.names, *form.required]
    if form.result == "amount":
        keys = ("symbol", *keys)
    results: dict[str, dict[str, str]] = {
        "id": {"id": words.WHOLE},
        "count": {"trades": words.WHOLE},
        "amount": {"amount": words.NUMBER},
        "trade": words.ROW_COLUMNS["trades"],
        "nothing": {},
    }
    return {
        "arguments": {key: kind_of(key) for key in keys},
        "required": needed,
        "quotes": form.quotes is not None,
        "result": results[form.result],
    }


def json_text(found: dict[str, Any]) -> str:
    """Write the document: what describes it line by line, then a case a line."""
    head = {key: value for key, value in found.items() if key != "cases"}
    lines = json.dumps(head, indent=1, ensure_ascii=True).removesuffix("\n}")
    cases = ",\n".join(json.dumps(case, ensure_ascii=True) for case in found["cases"])
    return f'{lines},\n "cases": [\n{cases}\n ]\n}}\n'


PAIRS: Final = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
STATEMENT: Final = pa.struct(
    [
        ("kind", pa.string()),
        ("word", pa.string()),
        ("row", pa.string()),
        ("arguments", PAIRS),
        ("quotes", pa.list_(PAIRS)),
        ("expected", PAIRS),
        ("refusal_code", pa.string()),
        ("refusal_argument", pa.string()),
    ]
)
ARROW_SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("file", pa.string()),
        ("line", pa.string()),
        ("rules", pa.list_(pa.string())),
        ("features", pa.list_(pa.string())),
        ("statements", pa.list_(STATEMENT)),
    ],
    metadata={"format": NAME, "version": str(VERSION), "licence": LICENCE},
)


def flat(value: Any, path: str = "") -> list[dict[str, Any]]:
    """Write nested values as names with dots: ``commission.tiers.0.1``."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [
            one for key, each in items for one in flat(each, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(value, bool):
        value = "true" if value else "false"
    return [{"name": path, "value": value}]


def arrow_table(found: dict[str, Any]) -> pa.Table:
    """Give a row for each case, with its statements as a list."""
    rows = [
        case | {"statements": [flat_statement(each) for each in case["statements"]]}
        for case in found["cases"]
    ]
    return pa.Table.from_pylist(rows, schema=ARROW_SCHEMA)


def flat_statement(statement: dict[str, Any]) -> dict[str, Any]:
    """Write a statement as the struct of the table."""
    kind = "call" if "call" in statement else "check"
    refusal = statement.get("refusal", {})
    return {
        "kind": kind,
        "word": statement[kind],
        "row": statement.get("row"),
        "arguments": flat(statement.get("arguments", {})),
        "quotes": [flat(quote) for quote in statement.get("quotes", [])],
        "expected": flat(statement.get("expected", statement.get("result", {}))),
        "refusal_code": refusal.get("code"),
        "refusal_argument": refusal.get("argument"),
    }


def arrow_bytes(found: dict[str, Any]) -> bytes:
    """Write the table as one batch of an Arrow file, without compression."""
    sink = pa.BufferOutputStream()
    table = arrow_table(found).combine_chunks()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def files() -> dict[str, bytes]:
    """Make all files of the folder that are made, by name."""
    found = document()
    text = json.dumps(schema(found), indent=1) + "\n"
    return {
        "cases.json": json_text(found).encode(),
        "cases.arrow": arrow_bytes(found),
        "schema.json": text.encode(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Publish the cases of tests/spec as data.")
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    options = parser.parse_args(arguments)
    made = files()
    if options.check:
        old = [name for name, data in made.items() if not _is_written(name, data)]
        print(
            f"out of date: {', '.join(old)}" if old else f"{len(made)} files are as they are made"
        )
        return 1 if old else 0
    FOLDER.mkdir(exist_ok=True)
    for name, data in made.items():
        (FOLDER / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")
    return 0


def _is_written(name: str, data: bytes) -> bool:
    path = FOLDER / name
    return path.exists() and path.read_bytes() == data


if __name__ == "__main__":
    sys.exit(main())
