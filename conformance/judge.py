"""Compare the answers of an engine with what the cases say. Only the standard library is needed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

Json = dict[str, Any]

PASS: Final = "pass"  # noqa: S105
DIFFER: Final = "differ"
REFUSED: Final = "refused otherwise"
SKIPPED: Final = "not expressible"
VERDICTS: Final = (PASS, DIFFER, REFUSED, SKIPPED)

NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
NUMBER_KINDS: Final = {"number", "whole", "time"}
NINE_DIGITS: Final = Fraction(1, 10**9)


@dataclass
class Verdict:
    """What came of a case.

    Attributes
    ----------
    verdict : str
        One of ``VERDICTS``.
    reasons : list of str
        What differs, statement by statement; of a skip what the engine lacks.
    rounded : int
        Numbers that are equal to nine digits and not exactly; only for engines of doubles.
    unanswered : list of str
        Figures that the engine does not have; everything else of the case was compared.
    compared : int
        Figures and outcomes that were compared.
    """

    verdict: str = PASS
    reasons: list[str] = field(default_factory=list)
    rounded: int = 0
    unanswered: list[str] = field(default_factory=list)
    compared: int = 0


def question_of(case: Json) -> Json:
    """Give a case without what it expects: an engine sees what it is asked, and no figure."""
    statements = []
    for statement in case["statements"]:
        asked = {
            key: value
            for key, value in statement.items()
            if key not in {"expected", "result", "refusal"}
        }
        found = statement.get("expected", statement.get("result", {}))
        statements.append(asked | {"ask": list(found)})
    return {key: case[key] for key in ("id", "name", "features")} | {"statements": statements}


class Judge:
    """Judges the answers of one engine.

    Parameters
    ----------
    document : dict
        What ``cases.json`` holds: it says of which kind each value is.
    doubles : bool
        The engine computes in doubles, so that nine equal digits are enough.
    """

    def __init__(self, document: Json, *, doubles: bool) -> None:
        self._document = document
        self._doubles = doubles

    def judge(self, case: Json, response: Json) -> Verdict:
        """Compare the response to a case."""
        found = Verdict()
        if "not_expressible" in response:
            why = response["not_expressible"]
            text = f"{why['feature']}: {why['reason']}" if why.get("reason") else why["feature"]
            return Verdict(SKIPPED, [text])
        if "failed" in response:
            return Verdict(DIFFER, [f"failed: {response['failed']}"])
        if response.get("id", case["id"]) != case["id"]:
            return Verdict(DIFFER, [f"failed: it answered another case, {response['id']}"])
        answers = response["answers"]
        state: str | None = None
        for place, statement in enumerate(case["statements"], start=1):
            if place > len(answers):
                _differ(found, f"statement {place}: no answer")
                break
            answer = answers[place - 1]
            before, state = state, answer.get("after", {}).get("state", state)
            for text in self._of_answer(statement, answer, found):
                _differ(found, f"statement {place}: {text}")
            refused_well = "refusal" in statement and "refused" in answer
            if refused_well and before is not None and before != state:
                _differ(found, f"statement {place}: the refused call left a trace")
        if found.verdict == PASS and found.compared == 0:
            return Verdict(SKIPPED, ["figures: it has none of those that the case asks for"])
        return found

    def _of_answer(self, statement: Json, answer: Json, found: Verdict) -> list[str]:
        wrong = _identity(answer.get("after", {}))
        if "check" in statement:
            if "absent" in answer:
                found.compared += 1
                return [*wrong, f"{statement['check']}: {answer['absent']}"]
            table = statement["check"]
            kinds = self._document["account"]
            kinds = kinds if table == "account" else self._document["tables"][table]
            return wrong + self._of_values(statement["expected"], answer["values"], kinds, found)
        if "refusal" in statement:
            found.compared += 1
            return wrong + _of_refusal(statement["refusal"], answer, found)
        if "refused" in answer:
            found.compared += 1
            refused = answer["refused"]
            return [*wrong, f"{statement['call']} was refused: {_words(refused)}"]
        kinds = self._document["calls"][statement["call"]]["result"]
        expected = statement.get("result", {})
        return wrong + self._of_values(expected, answer.get("result", {}), kinds, found)

    def _of_values(
        self, expected: Json, values: Json, kinds: dict[str, str], found: Verdict
    ) -> list[str]:
        wrong = []
        for key, wanted in expected.items():
            if key not in values:
                found.unanswered.append(key)
                continue
            found.compared += 1
            if not self._equal(kinds[key], values[key], wanted, found):
                wrong.append(f"{key} is {values[key]}, not {wanted}")
        return wrong

    def _equal(self, kind: str, value: str | None, wanted: str | None, found: Verdict) -> bool:
        """Compare as the page says: numbers by their values, all others as they are."""
        if value == wanted or value is None or wanted is None or kind not in NUMBER_KINDS:
            return value == wanted
        if not NUMBER.fullmatch(value):
            return False
        one, other = Fraction(value), Fraction(wanted)
        if one == other:
            return True
        close = abs(one - other) <= NINE_DIGITS * max(abs(other), Fraction(1))
        if kind == "number" and self._doubles and close:
            found.rounded += 1
            return True
        return False


def _identity(after: Json) -> list[str]:
    names = ("balance", "unrealized_pnl", "equity")
    if not all(name in after for name in names):
        return []
    balance, unrealized, equity = (Fraction(after[name]) for name in names)
    return [] if balance + unrealized == equity else ["balance + unrealized_pnl is not equity"]


def _of_refusal(refusal: Json, answer: Json, found: Verdict) -> list[str]:
    if "refused" not in answer:
        return [f"was accepted, and should be refused with {_words(refusal)}"]
    refused = answer["refused"]
    if (refused["code"], refused["argument"]) != (refusal["code"], refusal["argument"]):
        if found.verdict == PASS:
            found.verdict = REFUSED
        found.reasons.append(f"refused with {_words(refused)}, not {_words(refusal)}")
    return []


def _words(refusal: Json) -> str:
    named = f"{refusal['code']} {refusal['argument']}".strip()
    return named or refusal.get("text") or "no code"


def _differ(found: Verdict, text: str) -> None:
    found.verdict = DIFFER
    found.reasons.append(text)
