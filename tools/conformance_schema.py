"""The JSON schema of ``conformance/cases.json``, made from the words that the cases have."""

from __future__ import annotations

from typing import Any, Final

NUMBER_TEXT: Final = {"type": "string"}
"""A number of a call is any text, since a case may show one that is refused."""

PATTERNS: Final = {
    "number": r"^-?[0-9]+(\.[0-9]+)?$",
    "whole": r"^-?[0-9]+$",
    "time": r"^-?[0-9]+$",
    "hash": r"^[0-9a-f]{64}$",
}
PAIR: Final = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
GROUPS: Final = {
    "type": "array",
    "items": {"type": "array", "items": {"type": ["string", "null"]}},
}
ARGUMENTS: Final[dict[str, dict[str, Any]]] = {
    "number": NUMBER_TEXT,
    "text": {"type": "string"},
    "whole": {"type": "string", "pattern": PATTERNS["whole"]},
    "time": {"type": "string", "pattern": PATTERNS["time"]},
    "flag": {"type": "boolean"},
    "pair": PAIR,
    "pairs": {"type": "array", "items": PAIR},
    "terms": {
        "type": "object",
        "additionalProperties": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                GROUPS,
            ]
        },
    },
}
OPTIONAL: Final = {"margin_level", "time"}


def schema(document: dict[str, Any]) -> dict[str, Any]:
    """Give the schema for what a document says of its calls, figures and tables."""
    calls = [_call(name, call) for name, call in document["calls"].items()]
    checks = [_check("account", document["account"])]
    checks += [_check(name, columns) for name, columns in document["tables"].items()]
    case = {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "file": {"type": "string"},
        "line": ARGUMENTS["whole"],
        "rules": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z][0-9]+$"}},
        "features": {"type": "array", "items": {"enum": sorted(document["features"])}},
        "statements": {"type": "array", "minItems": 1, "items": {"oneOf": [*calls, *checks]}},
    }
    source = {name: {"type": "string"} for name in ("file", "cases", "sha256")}
    body = {
        "format": {"const": document["format"]},
        "version": {"const": document["version"]},
        "licence": {"type": "string"},
        "rules": {"type": "string"},
        "rule_groups": {"type": "object", "additionalProperties": {"type": "string"}},
        "generated_from": {"type": "array", "items": _object(source)},
        "features": {"type": "object", "additionalProperties": {"type": "string"}},
        "calls": {"type": "object"},
        "account": {"type": "object"},
        "tables": {"type": "object"},
        "cases": {"type": "array", "items": _object(case)},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": document["format"],
        **_object(body),
    }


def _object(
    properties: dict[str, Any], required: list[str] | None = None, least: int = 0
) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties) if required is None else required,
        "additionalProperties": False,
        **({"minProperties": least} if least else {}),
    }


def _call(name: str, call: dict[str, Any]) -> dict[str, Any]:
    nullable = name == "modify"
    arguments = {}
    for key, kind in call["arguments"].items():
        found = ARGUMENTS[kind]
        keeps = not nullable or key in call["required"]
        arguments[key] = found if keeps else {"anyOf": [found, {"type": "null"}]}
    properties: dict[str, Any] = {
        "call": {"const": name},
        "arguments": _object(arguments, call["required"]),
        "refusal": _object({"code": ARGUMENTS["whole"], "argument": {"type": "string"}}),
    }
    required = ["call", "arguments"]
    if call["quotes"]:
        names = ("price", "bid", "ask", "open", "high", "low", "close", "spread")
        prices = dict.fromkeys(("symbol", *names), NUMBER_TEXT)
        properties["quotes"] = {"type": "array", "items": _object(prices, ["symbol"], 2)}
        required.append("quotes")
    if call["result"]:
        properties["result"] = _expected(call["result"])
    return _object(properties, required)


def _check(name: str, keys: dict[str, str]) -> dict[str, Any]:
    properties = {"check": {"const": name}, "expected": _expected(keys)}
    if name != "account":
        properties["row"] = {"type": "string", "pattern": "^[1-9][0-9]*$"}
    return _object(properties)


def _expected(keys: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, kind in keys.items():
        found: dict[str, Any] = {"type": "string"}
        if kind in PATTERNS:
            found["pattern"] = PATTERNS[kind]
        values[key] = {"anyOf": [found, {"type": "null"}]} if key in OPTIONAL else found
    return _object(values, [], 1)
